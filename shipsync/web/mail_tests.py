"""Small mails that show whether reports would arrive, and at whom: asked for under Settings."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from shipsync import runtime
from shipsync.procedures import mail
from shipsync.procedures.mail import Addresses
from shipsync.store.cursor import Cursor
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.roles import Role, may, require

REPORTS: Mapping[str, str] = {mail.WEEKLY_REPORT: "weekly report", mail.CHARGE_REPORT: "invoice"}
_SAID = "settings_test_mail_said"


def mail_tests() -> None:
    """A button for each report that would go to anybody, with what came of the last press."""
    if said := st.session_state.pop(_SAID, ""):
        st.success(words.plain(said))
    if not may(Role.ADMIN):
        return
    with st.container(horizontal=True):
        for kind, what in REPORTS.items():
            addresses = ask(_addresses, kind)
            if addresses is None:
                continue
            people = words.count(len(addresses.recipients), "person", "people")
            if st.button(f"Test: {what} to {people}", key=f"settings_test_{kind}", icon=":material/forward_to_inbox:"):
                _ask_to_send(kind, addresses)


def send(kind: str) -> str:
    """Queue one. Returns what to say."""
    person = require(Role.ADMIN)
    app = runtime.app()
    key = mail.send_test(app.db, app.settings, kind, REPORTS[kind], person.name, app.now())
    if key is None:
        return f"Nobody is named who would get the {REPORTS[kind]}."
    app.enqueue(mail.KIND, {}, person.name)
    return "The test mail is on its way. What comes of it stands on Today, among the last mails."


@st.dialog("Send a test mail?", on_dismiss="ignore")
def _ask_to_send(kind: str, addresses: Addresses) -> None:
    st.markdown(
        f"A few lines that say they are a test go to {words.plain(', '.join(addresses.recipients))}, who would get the "
        f"{REPORTS[kind]}."
    )
    people = words.count(len(addresses.recipients), "person", "people")
    if st.button(f"Send to {people}", type="primary", key="settings_test_send"):
        st.session_state[_SAID] = send(kind)
        st.rerun()


def _addresses(con: Cursor, kind: str) -> Addresses | None:
    return mail.report_addresses(con, runtime.app().settings, kind)
