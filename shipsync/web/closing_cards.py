"""The cards of the closings on Today: what was closed last, what stands against the next, the press, its steps.

Drawn inside the page's timer fragment; `closing_press.week_dialog` is called outside of it.
"""

from __future__ import annotations

import streamlit as st

from shipsync import runtime
from shipsync.rules.readiness import Standing
from shipsync.rules.traffic import last_days
from shipsync.rules.weeks import week_of
from shipsync.store import traffic
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_panel import (
    attempt_line,
    points_label,
    points_list,
    said_of,
    short_progress,
    success_line,
)
from shipsync.web.closing_press import day_button, week_button
from shipsync.web.closing_state import (
    DAY,
    WEEK,
    ClosingKind,
    day_points,
    is_open,
    last_closed,
    last_job,
    standing_now,
    today,
    week_points,
)
from shipsync.web.links import link
from shipsync.web.roles import Role, may

_PAGES = {DAY: ("end_of_day", "End of day"), WEEK: ("end_of_week", "End of week")}
_NEVER = {DAY: "No day has been closed yet.", WEEK: "No week has been closed yet."}


def cards() -> None:
    """One card for each of the three periods."""
    standing = standing_now() if runtime.app().past is None else None
    grid = st.grid(3, min_column_width=250, border=True)
    with grid.cell():
        st.markdown("**End of day**")
        _card(DAY, standing)
    with grid.cell():
        st.markdown("**End of week**")
        st.caption(_week_so_far())
        _card(WEEK, standing)
    with grid.cell():
        st.markdown("**End of month**")
        st.caption("Not available yet: a later version brings the month's charges and the invoice.")


def _week_so_far() -> str:
    monday = week_of(today())
    # The same days as Today's bars, so that it is one question.
    days = ask(traffic.shipped_days, last_days(today())[0], today())
    units = sum(one.units for one in days if one.day >= monday)
    return f"week {monday.isocalendar().week} so far: {words.count(units, 'unit')} shipped"


def _card(kind: ClosingKind, standing: Standing | None) -> None:
    """One period; without a `standing` nothing can be closed yet."""
    day, closed, job = today(), last_closed(kind), last_job(kind)
    if closed is None:
        st.caption(_NEVER[kind])
    else:
        st.markdown(f"{success_line(closed, day)}  \n{words.plain(said_of(closed, day))}")
    failed = attempt_line(job, day)
    if failed is not None:
        st.markdown(failed)
    if job is not None and is_open(job):
        short_progress(job)
    elif standing is not None:
        _press(kind, standing)
    link(*_PAGES[kind])


def _press(kind: ClosingKind, standing: Standing) -> None:
    """What stands against a closing, and its button."""
    points = day_points(standing) if kind == DAY else week_points(standing)
    if points:
        with st.expander(points_label(points)):
            points_list(points, narrow=True)
    else:
        st.markdown(points_label(points))
    if not may(Role.OPERATOR):
        return
    if kind == DAY:
        day_button(points, key="today_close_day")
    else:
        week_button(points, key="today_close_week", kind="secondary")
