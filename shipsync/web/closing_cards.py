"""The cards of the closings on Today: what was closed last, what stands against the next, the press, its steps.

Drawn inside the page's timer fragment; the dialogs of closing_press.py and month_press.py are called outside of it.
"""

from __future__ import annotations

import streamlit as st

from shipsync import runtime
from shipsync.rules.months import month_of
from shipsync.rules.readiness import Point, Standing
from shipsync.rules.weeks import week_of
from shipsync.store import day_census
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
    MONTH,
    WEEK,
    ClosingKind,
    billed_through,
    day_points,
    is_open,
    last_closed,
    last_job,
    month_points,
    standing_now,
    today,
    week_points,
)
from shipsync.web.links import link
from shipsync.web.month_press import month_button
from shipsync.web.month_state import months_meant, so_far
from shipsync.web.roles import Role, may

_PAGES = {
    DAY: ("end_of_day", "End of day"),
    WEEK: ("end_of_week", "End of week"),
    MONTH: ("end_of_month", "End of month"),
}
_NEVER = {
    DAY: "No day has been closed yet.",
    WEEK: "No week has been closed yet.",
    MONTH: "No month has been closed yet.",
}


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
        if standing is not None:
            st.caption(words.plain(so_far(month_of(today()))))
        _card(MONTH, standing)


def _week_so_far() -> str:
    monday = week_of(today())
    # As the report counts them, beside whose sum it stands: without those whose SKU text cannot be read.
    units = sum(ask(day_census.units_between, monday, today()).values())
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
    points = _points(kind, standing)
    if points:
        with st.expander(points_label(points)):
            points_list(points, narrow=True)
    else:
        st.markdown(points_label(points))
    if not may(Role.OPERATOR):
        return
    if kind == DAY:
        day_button(points, key="today_close_day")
    elif kind == WEEK:
        week_button(points, key="today_close_week", kind="secondary")
    else:
        month_button(points, key="today_close_month", kind="secondary")


def _points(kind: ClosingKind, standing: Standing) -> list[Point]:
    if kind == DAY:
        return day_points(standing)
    if kind == WEEK:
        return week_points(standing)
    month = months_meant()[0]
    return month_points(standing, month, billed_through(month))
