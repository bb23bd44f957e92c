"""Mails: those a person has to decide about, and how the last ones ended."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from shipsync import runtime
from shipsync.jobs.queue import enqueue
from shipsync.procedures import mail
from shipsync.store import outbox
from shipsync.store.outbox import Kept
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.roles import Role, may, require
from shipsync.web.tables import Column, table

SHOWN = 20
_FLASH = "today_mail_flash"
# Kinds of mails as they are told; one that is missing here is shown as it is.
_KINDS: Mapping[str, str] = {
    mail.ALERT: "alert",
    mail.WEEKLY_REPORT: "weekly report",
    mail.CHARGE_REPORT: "invoice",
    mail.TEST: "test",
}
_COLUMNS = (
    Column("subject", "Mail"),
    Column("kind", "Kind"),
    Column("status", "State", "state"),
    Column("recipients", "To"),
    Column("queued_at", "Asked for", "instant"),
    Column("said", "What came of it"),
)


def outbox_list() -> None:
    """Mails that failed or are unknown with what can be done about them, and the last ones. Nothing without any."""
    if flash := st.session_state.pop(_FLASH, None):
        st.toast(flash)
    for kept in ask(outbox.undecided):
        _undecided(kept)
    last = ask(outbox.latest, SHOWN)
    if last:
        with st.expander(f"The last {words.count(len(last), 'mail')}" if len(last) > 1 else "The last mail"):
            table(
                [
                    {
                        "subject": one.subject,
                        "kind": _KINDS.get(one.kind, one.kind),
                        "status": one.status,
                        "recipients": ", ".join(one.recipients),
                        "queued_at": one.queued_at,
                        "said": one.said,
                    }
                    for one in last
                ],
                _COLUMNS,
                key="today_mails",
                file="mails",
                empty="",
            )


def _undecided(kept: Kept) -> None:
    """One mail that did not go out, or of which nobody knows."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        to = ", ".join(kept.recipients)
        st.markdown(
            f"{words.state(kept.status)} · mail **{words.plain(kept.subject)}** to {words.plain(to)}: "
            f"{words.plain(kept.said or '')}",
            width="stretch",
        )
        if not may(Role.OPERATOR):
            return
        if st.button("It need not be sent", key=f"today_let_be_{kept.mail_key}", type="tertiary"):
            _decide(kept, send_again=False)
        if st.button(f"Send to {words.count(len(kept.recipients), 'person', 'people')} again",
                     key=f"today_again_{kept.mail_key}"):  # fmt: skip
            _ask_to_send(kept)


@st.dialog("Send this mail again?", on_dismiss="ignore")
def _ask_to_send(kept: Kept) -> None:
    files = ask(outbox.file_names, kept.mail_key)
    with_files = f", with {words.plain(', '.join(files))}" if files else ""
    st.write(f"**{words.plain(kept.subject)}** goes to {words.plain(', '.join(kept.recipients))}{with_files}.")
    if kept.status == "unknown":
        st.write("Nobody knows whether it arrived the first time. If it did, they get it twice.")
    if st.button("Send it", type="primary", key="today_send_again"):
        _decide(kept, send_again=True)


def _decide(kept: Kept, *, send_again: bool) -> None:
    person = require(Role.OPERATOR)
    app = runtime.app()
    done = mail.decide(app.db, kept.mail_key, send_again=send_again, by=person.name, now=app.now())
    if done and send_again:
        enqueue(app.db, mail.KIND, {}, person.name, app.now())
        app.worker.wake()
    said = "It is queued." if send_again else "It stays as it is."
    st.session_state[_FLASH] = said if done else "Somebody else decided about it already."
    st.rerun()
