"""Changes of stock that wait for a second person: who asked for what and why, with Approve and Refuse."""

from __future__ import annotations

import streamlit as st

from shipsync import runtime
from shipsync.documents.count_result import reason_shown
from shipsync.documents.words import change
from shipsync.store import adjustments
from shipsync.store.adjustments import Request
from shipsync.web import inventory_press as press
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.entry_form import entry_form
from shipsync.web.inventory_words import of
from shipsync.web.roles import Role, may

_SHOWN = 10


def waiting_requests(sku: str | None = None) -> None:
    """The changes that wait, of one product or of all; nothing while none does."""
    waiting = [one for one in ask(adjustments.waiting_requests) if sku in (None, one.sku)]
    form = entry_form("inventory_requests")
    if not waiting:
        return
    decided: tuple[str, int] | None = None
    with st.form(form.key("form"), enter_to_submit=False):
        many = words.count(len(waiting), "change waits", "changes wait")
        st.markdown(f"**{words.state('warn').replace('warn', '')} {many} for a second person**")
        name = person.second_person_field(form.key("by")) if may(Role.OPERATOR) else ""
        for one in waiting[:_SHOWN]:
            line, buttons = st.columns([3, 2], vertical_alignment="center")
            line.markdown(_told(one))
            if not may(Role.OPERATOR):
                continue
            with buttons.container(horizontal=True, horizontal_alignment="right"):
                if st.form_submit_button("Approve", key=form.key(f"approve_{one.request_no}")):
                    decided = ("approve", one.request_no)
                if st.form_submit_button("Refuse", key=form.key(f"refuse_{one.request_no}")):
                    decided = ("refuse", one.request_no)
        if len(waiting) > _SHOWN:
            st.caption(f"And {len(waiting) - _SHOWN:,} more; they come up as these are decided.")
    if decided is not None:
        deed, number = decided
        form.enter(lambda: press.approve(number, name) if deed == "approve" else press.refuse(number, name))


def _told(one: Request) -> str:
    why = "repacked" if one.kind == "repack" else reason_shown(one.reason_code)
    note = f" “{words.plain(one.note)}”" if one.note else ""
    return (
        f"**{change(one.quantity)}** of {words.plain(of(one.sku, one.lot))} · {why}{note}  \n"
        f"asked by {words.plain(one.asked_by)} {words.ago(one.asked_at, runtime.app().now())}, for "
        f"{words.moment(one.moved_at)}"
    )
