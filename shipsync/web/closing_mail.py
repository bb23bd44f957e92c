"""The mails of one closing: how each stands, and sending it once more, which asks once."""

from __future__ import annotations

import streamlit as st

from shipsync import runtime
from shipsync.procedures import mail
from shipsync.procedures.mail import Addresses
from shipsync.store import outbox
from shipsync.store.closings import Closing
from shipsync.store.outbox import Kept
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_panel import when_words
from shipsync.web.closing_state import MAILED, period_name, report_addresses, today
from shipsync.web.links import link
from shipsync.web.roles import Role, may, require

# Under this name a session remembers which mail it is asked to send again.
_ASKED = "closing_mail_asked"
_FLASH = "closing_mail_flash"
_UNSURE = ("failed", "unknown")


def mail_state(closing: Closing, *, key: str) -> None:
    """Each sending of one version, the newest first, with the way to send it again."""
    period = period_name(closing.kind, closing.period_start)
    sendings = [
        one for one in ask(outbox.of_period, MAILED[closing.kind], period) if one.version == (closing.version or 0)
    ]
    if not sendings:
        st.markdown("It was mailed to nobody: no recipients were named when it was closed.")
        link("settings", "Name them")
        return
    for one in sendings:
        to = words.plain(", ".join(one.recipients))
        at = when_words(one.ended_at or one.queued_at, today())
        said = f": {words.plain(one.said)}" if one.said else ""
        st.markdown(f"{words.state(one.status)} · to {to} · {at}{said}")
    newest = sendings[0]
    if newest.status in ("queued", "sending") or not may(Role.OPERATOR):
        return
    people = words.count(len(_to(newest).recipients), "person", "people")
    if st.button(f"Send again to {people}", key=f"{key}_again", icon=":material/forward_to_inbox:"):
        st.session_state[_ASKED] = newest.mail_key
        st.rerun()


def mail_dialog() -> None:
    """Ask, if somebody has pressed to send a mail again. Called by the page's script itself, outside of every timer."""
    if flash := st.session_state.pop(_FLASH, None):
        st.toast(flash)
    asked = st.session_state.pop(_ASKED, None)
    kept = ask(outbox.mail, asked) if asked is not None else None
    if kept is not None:
        _ask_to_send(kept)


@st.dialog("Send it again?", on_dismiss="ignore")
def _ask_to_send(kept: Kept) -> None:
    to = _to(kept).recipients
    files = ", ".join(ask(outbox.file_names, kept.mail_key))
    st.markdown(f"**{words.plain(kept.subject)}** goes to {words.plain(', '.join(to))}, with {words.plain(files)}.")
    if to != kept.recipients:
        st.markdown(f"Before, it went to {words.plain(', '.join(kept.recipients))}.")
    if kept.status == "sent":
        st.markdown("It was sent already: who is named both times gets it twice.")
    elif kept.status == "unknown":
        st.markdown("Nobody knows whether it arrived the first time. If it did, they get it twice.")
    if st.button(f"Send to {words.count(len(to), 'person', 'people')}", type="primary", key="closing_mail_send"):
        st.session_state[_FLASH] = send(kept)
        st.rerun()


def send(kept: Kept) -> str:
    """Queue it once more. Returns what to say."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    to = _to(kept)
    if kept.status in _UNSURE and to.recipients == kept.recipients:
        queued = mail.decide(app.db, kept.mail_key, send_again=True, by=person.name, now=app.now())
    else:
        queued = mail.resend(app.db, kept.mail_key, person.name, app.now(), to=to) is not None
        if queued and kept.status in _UNSURE:
            # It goes to others instead, so nobody has to decide about this one any more.
            mail.decide(app.db, kept.mail_key, send_again=False, by=person.name, now=app.now())
    if queued:
        app.enqueue(mail.KIND, {}, person.name)
    return "It is queued." if queued else "It is on its way already."


def _to(kept: Kept) -> Addresses:
    """Those named now for such reports; where nobody is, those it went to."""
    return report_addresses(kept.kind) or Addresses(kept.sender, kept.recipients)
