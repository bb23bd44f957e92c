"""The files of one closing, as they were handed out."""

from __future__ import annotations

from functools import partial
from typing import cast

import streamlit as st

from shipsync import runtime
from shipsync.store import closing_documents
from shipsync.store.closing_documents import DocumentHead
from shipsync.store.closings import Closing, Kind
from shipsync.web.answers import ask

_ENDINGS = ("pdf", "xlsx", "csv")


def documents(closing: Closing, *, key: str) -> None:
    """One button for each file, read on its click."""
    heads = ask(closing_documents.documents_of, _kind(closing), closing.period_start, closing.version or 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        for head in sorted(heads, key=_in_order):
            ending = head.name.rpartition(".")[2]
            st.download_button(
                ending.upper(),
                partial(_content, closing, head.name),
                head.name,
                head.media_type,
                key=f"{key}_{ending}",
                on_click="ignore",
                icon=":material/download:",
            )


def _in_order(head: DocumentHead) -> int:
    """The one that is read first, then those that are reckoned with."""
    ending = head.name.rpartition(".")[2]
    return _ENDINGS.index(ending) if ending in _ENDINGS else len(_ENDINGS)


def _content(closing: Closing, name: str) -> bytes:
    con = runtime.app().db.read()
    found = closing_documents.document(con, _kind(closing), closing.period_start, closing.version or 0, name)
    if found is None:
        raise LookupError(f"there is no document {name}")
    return found.content


def _kind(closing: Closing) -> Kind:
    return cast(Kind, closing.kind)
