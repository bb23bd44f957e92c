"""The press that closes a month. It bills, so it always asks (UX.md): for which month, and why in spite of what the
self-check warns of.

    in a live part: month_button(...) -> the whole script runs again -> month_dialog() opens, outside of every timer
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NoReturn

import streamlit as st

from shipsync.documents import words as paper
from shipsync.rules.charge_checks import warnings
from shipsync.rules.charges import LONGEST_REASON
from shipsync.rules.months import month_ends, month_of, month_words, must_say_which
from shipsync.rules.readiness import Point, is_blocked
from shipsync.rules.weeks import week_name, week_of
from shipsync.store import closings
from shipsync.web import actions, words
from shipsync.web.answers import ask
from shipsync.web.closing_panel import points_list
from shipsync.web.closing_press import Kind, closing_button
from shipsync.web.closing_state import DAY, MONTH, WEEK, recipients, today
from shipsync.web.month_state import MonthNow, check_points, month_now, months_meant

# Under this name a session remembers which months it is asked to close one of.
_ASKED = "closing_months_asked"
_NO_REASON = "Write why it is issued all the same."


def month_button(points: Sequence[Point], *, key: str, kind: Kind = "primary") -> None:
    """The button that closes the month; the dialog comes first."""
    if closing_button(month_label(recipients(MONTH)), points, key=key, kind=kind):
        press_month(months_meant())


def month_label(to: Sequence[str]) -> str:
    """What the press does."""
    people = words.count(len(to), "person", "people")
    return f"Close the month and send the invoice to {people}" if to else "Close the month"


def press_month(months: Sequence[date]) -> NoReturn:
    """Ask before closing one of these months."""
    st.session_state[_ASKED] = tuple(months)
    st.rerun()


def month_dialog() -> None:
    """Ask, if somebody has pressed to close a month. Called by the page's script itself."""
    asked = st.session_state.pop(_ASKED, None)
    if asked is not None:
        _ask_to_close(asked)


def close_month(month: date, reason: str) -> str:
    """Ask for the job. Returns its id."""
    # Without a date it is this month's, like the press of anybody else, and joins that.
    arguments: dict[str, object] = {}
    if month != month_of(today()) or must_say_which(today()):
        arguments["date"] = min(month_ends(month), today()).isoformat()
    if reason:
        arguments["reason"] = reason
    return actions.press(MONTH, arguments)


@st.dialog("Close the month?", on_dismiss="ignore", width="medium")
def _ask_to_close(months: tuple[date, ...]) -> None:
    month = months[0]
    if len(months) > 1:
        month = st.radio("Which month?", months, format_func=_meant, key="closing_month_which")
    now = month_now(month)
    points = check_points(now)
    if is_blocked(points):
        st.markdown(f"**{month_words(month)}** cannot be closed until what is marked in red is mended.")
    else:
        st.markdown("  \n".join(_effect(now)))
    if points:
        points_list(points, narrow=True)
    with st.form("closing_month_form", border=False, enter_to_submit=False):
        reason = ""
        if warnings(now.checks) and not is_blocked(points):
            reason = st.text_area(
                "Why it is issued all the same. It stands on the invoice, with your name.",
                max_chars=LONGEST_REASON,
                key=f"closing_month_reason_{month.isoformat()}",
                height=90,
            ).strip()
        slot = st.empty()
        if not st.form_submit_button(
            month_label(recipients(MONTH)), type="primary", key="closing_month_send", disabled=is_blocked(points)
        ):
            return
    if warnings(now.checks) and not reason:
        slot.error(_NO_REASON)
        return
    close_month(month, reason)
    st.rerun()


def _effect(now: MonthNow) -> Iterator[str]:
    """What the press does, a sentence a line."""
    version = ask(closings.next_version, MONTH, now.month)
    span = f"{words.day(now.month)} to {words.day(now.through)}"
    yield f"**{month_words(now.month)}** becomes version {version}: the days {span} are billed, and stay as billed."
    if now.through < month_ends(now.month):
        yield f"The month is not over: what comes after {words.day(now.through)} is billed with another version of it."
    if now.replaces is not None:
        was, amount = now.replaces
        yield f"It takes the place of version {was}, which said {words.money(amount, now.currency)}."
    yield f"As things stand it comes to **{words.money(now.to_pay, now.currency)}**{_made_of(now)}."
    first = list(_closed_first(now))
    if first:
        yield f"{' and '.join(first)} {'is' if len(first) == 1 else 'are'} closed first."
    to = recipients(MONTH)
    if to:
        yield f"The invoice goes as PDF and workbook to {words.plain(', '.join(to))}."
    else:
        yield "Nobody is named to get the invoice by mail: it is kept here."


def _made_of(now: MonthNow) -> str:
    """What earlier months add to it."""
    if not now.earlier:
        return ""
    parts = [f"{paper.money(one.amount)} restated of {month_words(one.month)}" for one in now.earlier]
    return f": {paper.money(now.total)} of its own, {', '.join(parts)}"


def _closed_first(now: MonthNow) -> Iterator[str]:
    if ask(closings.closed, WEEK, week_of(now.through)) is None:
        yield f"Week {week_name(week_of(now.through))}"
    if ask(closings.closed, DAY, now.rests_on) is None:
        yield "today" if now.rests_on == today() else words.day(now.rests_on)


def _meant(month: date) -> str:
    if month == month_of(today()):
        return f"{month_words(month)} so far, through {words.day(today())}"
    return f"{month_words(month)}, which is just over"
