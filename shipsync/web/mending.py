"""What a press on a held record does. Each asks for the role first, and says what came of it (actions.py)."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from shipsync import runtime
from shipsync.errors import Unusable
from shipsync.jobs import queue
from shipsync.procedures import close_records
from shipsync.rules.quarantine import retry_of
from shipsync.store import quarantine
from shipsync.web import words, workflow_words
from shipsync.web.roles import Role, require

# Under this name a session remembers which workflow it set to work last, so that a page shows its panel.
RETRIED = "mending_retried"


def retry_held(kind: str, entity_ids: Sequence[str]) -> None:
    """Try held records of one kind again, now. A job of that workflow that still waits does this too."""
    person = require(Role.OPERATOR)
    again = retry_of(kind, entity_ids)
    if again is None:
        return
    app = runtime.app()
    asked = queue.enqueue(app.db, again.workflow, again.arguments, person.name, app.now(), widens=True)
    app.worker.wake()
    st.session_state[RETRIED] = again.workflow
    if not asked.is_same:
        title = workflow_words.title(again.workflow)
        st.toast(f"{title} is under way and ends first. Retry again then.", icon=":material/hourglass_top:")


def retry_all(kind: str, reason: str) -> None:
    """Try every held record with one trouble again, now."""
    require(Role.OPERATOR)
    retry_held(kind, quarantine.open_ids(runtime.app().db.read(), kind, reason))


def close_note(kind: str, entity_id: str) -> None:
    """Close a record that is in, but odd."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    try:
        close_records.close_note(app.db, kind, entity_id, person.name, app.now())
    except Unusable as error:
        st.toast(words.plain(str(error)))


def take_over(kind: str, entity_id: str, why: str) -> str | None:
    """Close a held record because a person does it by hand. Returns what is wrong with the reason, if anything is."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    try:
        close_records.take_over(app.db, kind, entity_id, why, person.name, app.now())
    except Unusable as error:
        return str(error)
    return None
