"""The cards of the closings on Today: what was closed last, what stands against the next, the press, its steps.

Drawn inside the page's timer fragment; `closing_press.week_dialog` is called outside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from shipsync import runtime
from shipsync.rules.readiness import Point
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
    today,
    week_points,
)
from shipsync.web.links import link
from shipsync.web.roles import Role, may

_PAGES = {DAY: ("end_of_day", "End of day"), WEEK: ("end_of_week", "End of week")}


def day_card() -> None:
    """The end of the day."""
    st.markdown("**End of day**")
    _card(DAY, "No day has been closed yet.", day_points, lambda points: day_button(points, key="today_close_day"))


def week_card() -> None:
    """The end of the week, with what left in it so far."""
    st.markdown("**End of week**")
    monday = week_of(today())
    units = sum(one.units for one in ask(traffic.shipped_days, monday, today()))
    st.caption(f"week {monday.isocalendar().week} so far: {words.count(units, 'unit')} shipped")
    _card(
        WEEK,
        "No week has been closed yet.",
        week_points,
        lambda points: week_button(points, key="today_close_week", kind="secondary"),
    )


def month_card() -> None:
    """The end of the month, which cannot be closed yet."""
    st.markdown("**End of month**")
    st.caption("Not available yet: a later version brings the month's charges and the invoice.")


def _card(
    kind: ClosingKind, never: str, points_of: Callable[[], list[Point]], button: Callable[[Sequence[Point]], None]
) -> None:
    day, closed, job = today(), last_closed(kind), last_job(kind)
    if closed is None:
        st.caption(never)
    else:
        st.markdown(f"{success_line(closed, day)}  \n{words.plain(said_of(closed, day))}")
    failed = attempt_line(job, day)
    if failed is not None:
        st.markdown(failed)
    if job is not None and is_open(job):
        short_progress(job)
    elif runtime.app().past is None:
        points = points_of()
        if points:
            with st.expander(points_label(points)):
                points_list(points, narrow=True)
        else:
            st.markdown(points_label(points))
        if may(Role.OPERATOR):
            button(points)
    link(*_PAGES[kind])
