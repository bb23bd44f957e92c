"""What stands of closings until the next one: what came of them, with their documents and mails.

Drawn outside of timers, so that a file is not made anew under the hand that takes it. A live part compares `standing`
with what was drawn, and has the whole page drawn again where it is another one.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from shipsync.store import closings
from shipsync.store.closings import Closing
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_documents import documents
from shipsync.web.closing_mail import mail_state
from shipsync.web.closing_panel import said_of, success_line
from shipsync.web.closing_state import ClosingKind, last_closed, last_job, today


def standing(kind: ClosingKind) -> list[Closing]:
    """What the last job has closed, where that is of an older period, and the newest period that is closed."""
    job, newest = last_job(kind), last_closed(kind)
    found = [newest] if newest is not None else []
    if job is not None and job.job.status == "succeeded":
        closed = ask(closings.closing_of, job.job.job_id)
        if closed is not None and closed.closed_at is not None and closed not in found:
            found.insert(0, closed)
    return found


def results(found: Sequence[Closing], *, key: str) -> None:
    """What came of each, with its files and its mail."""
    for closing in found:
        with st.container(border=True):
            st.markdown(f"{success_line(closing, today())}  \n**{words.plain(said_of(closing, today()))}**")
            files_and_mails(closing, key=key)


def files_and_mails(closing: Closing, *, key: str) -> None:
    """The files of one version, and how its mails stand."""
    documents(closing, key=f"{key}_{closing.job_id}")
    _mails(closing, key)


@st.fragment(run_every=2.0)
def _mails(closing: Closing, key: str) -> None:
    mail_state(closing, key=f"{key}_{closing.job_id}")
