"""The presses that close a day or a week. A week that is mailed asks once (UX.md); everything else acts at once.

    in a live part: week_button(...) -> the whole script runs again -> week_dialog() opens, outside of every timer

A dialog that is opened by a timer's part dies with its next tick (Streamlit #17011).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NoReturn

import streamlit as st

from shipsync.rules.readiness import Point, is_blocked
from shipsync.rules.weeks import week_of
from shipsync.store import closings
from shipsync.web import actions, words
from shipsync.web.answers import ask
from shipsync.web.closing_panel import week_words
from shipsync.web.closing_state import DAY, WEEK, recipients, today

# Under this name a session remembers which week it is asked to close, by its Monday.
_ASKED = "closing_week_asked"
_BLOCKED = "First mend what is marked in red: until then it could only fail."

Kind = Literal["primary", "secondary"]


def day_button(points: Sequence[Point], *, key: str, kind: Kind = "primary") -> None:
    """The button that closes today."""
    if closing_button("Close the day", points, key=key, kind=kind):
        actions.press(DAY)
        st.rerun()  # the job stands in the button's place at once


def week_button(points: Sequence[Point], *, key: str, kind: Kind = "primary") -> None:
    """The button that closes this week; with recipients the dialog comes first."""
    if closing_button(week_label(recipients(WEEK)), points, key=key, kind=kind):
        press_week(week_of(today()))


def week_label(to: Sequence[str]) -> str:
    """What the press does."""
    people = words.count(len(to), "person", "people")
    return f"Close the week and send the report to {people}" if to else "Close the week"


def press_week(monday: date) -> NoReturn:
    """Close a week at once, or ask first where that mails."""
    if recipients(WEEK):
        st.session_state[_ASKED] = monday
    else:
        _close(monday)
    st.rerun()


def week_dialog() -> None:
    """Ask, if somebody has pressed to close a week that is mailed. Called by the page's script itself."""
    asked = st.session_state.pop(_ASKED, None)
    if asked is not None:
        _ask_to_close(asked)


@st.dialog("Close the week and send the report?", on_dismiss="ignore")
def _ask_to_close(monday: date) -> None:
    to = recipients(WEEK)
    version = ask(closings.next_version, WEEK, monday)
    st.markdown(f"**{week_words(monday)}** becomes version {version}: its figures are frozen and stay as they are.")
    if week_of(today()) == monday and ask(closings.closed, DAY, today()) is None:
        st.markdown("Today is closed first.")
    st.markdown(f"The report goes as PDF, workbook and CSV to {words.plain(', '.join(to))}.")
    if st.button(week_label(to), type="primary", key="closing_week_send"):
        _close(monday)
        st.rerun()


def _close(monday: date) -> None:
    # Without a date it is this week's, like the press of anybody else, and joins that.
    actions.press(WEEK, {} if monday == week_of(today()) else {"date": monday.isoformat()})


def closing_button(label: str, points: Sequence[Point], *, key: str, kind: Kind) -> bool:
    """A button that closes something. Returns whether it was pressed; it cannot be while something blocks it."""
    blocked = is_blocked(points)
    return st.button(label, type=kind, key=key, disabled=blocked, help=_BLOCKED if blocked else None)
