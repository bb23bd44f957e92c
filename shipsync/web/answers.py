"""Reads for pages: each question is asked once for one state of the database, however many tabs want to know.

    orders = ask(orders_store.count_by_status)
    found = ask(search.search, "700125", limit=50)

The key is the database's data version, which moves with every commit; so an answer is never older than the last one.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from shipsync import runtime
from shipsync.store.cursor import Cursor

P = ParamSpec("P")
T = TypeVar("T")

_KEPT = 200  # answers, over all pages; those of old versions fall out first


def ask(question: Callable[Concatenate[Cursor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a reading function of `store/` answers now. Arguments and answer are plain records that can be pickled.

    Do not pass the present time: it would be another question each time. Round it, or ask outside of this.
    """
    app = runtime.app()
    name = f"{question.__module__}.{question.__qualname__}"
    arguments = hashlib.sha256(pickle.dumps((args, sorted(kwargs.items())))).hexdigest()
    answer: T = _answer(
        app.owner, app.db.data_version, name, arguments, _question=lambda: question(app.db.read(), *args, **kwargs)
    )
    return answer


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _answer(owner: str, version: int, name: str, arguments: str, *, _question: Callable[[], Any]) -> Any:
    return _question()
