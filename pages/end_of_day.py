"""End of day: what stands against it, the press, what came of it, and every version with what it froze."""

from datetime import date, timedelta

import streamlit as st

from shipsync import runtime
from shipsync.store import closings, traffic
from shipsync.store.closings import Closing
from shipsync.store.jobs import JobView
from shipsync.web import actions, words
from shipsync.web.answers import ask
from shipsync.web.closing_day import day_version, sheet_button
from shipsync.web.closing_panel import points_label, points_list, said_of, success_line
from shipsync.web.closing_press import day_button
from shipsync.web.closing_results import standing
from shipsync.web.closing_state import (
    DAY,
    day_points,
    has_failed,
    is_open,
    last_closed,
    last_job,
    period_asked,
    standing_now,
    today,
)
from shipsync.web.closing_versions import versions_table
from shipsync.web.job_panel import draw_job
from shipsync.web.links import link
from shipsync.web.roles import Role, may, require

_DRAWN = "end_of_day_drawn"  # the results that stood there when the page was drawn as a whole

require(Role.VIEWER)
st.title("End of day")


@st.fragment(run_every=1.0, key="end_of_day_live")
def _live() -> None:
    """The press or the job in its place."""
    if runtime.app().past is not None:
        st.info("This day begins once its past is in.")
        st.session_state[_DRAWN] = None  # then all of the page is drawn
        return
    job = last_job(DAY)
    if job is not None and is_open(job):
        draw_job(job, key="end_of_day_job")
    else:
        _press()
    if job is not None and has_failed(job):
        st.markdown(_attempt_heading(job))
        draw_job(job, key="end_of_day_failed")
    if [one.job_id for one in standing(DAY)] != st.session_state.get(_DRAWN):
        st.rerun()  # what stands below is of another version by now


def _press() -> None:
    """What stands against closing today, and the button."""
    points = day_points(standing_now())
    with st.container(border=True):
        st.markdown(f"**{words.day(today())}** · {points_label(points)}")
        points_list(points)
        if may(Role.OPERATOR):
            day_button(points, key="end_of_day_close")
        else:
            st.caption("Closing needs the role operator.")


def _attempt_heading(job: JobView) -> str:
    asked = period_asked(job)
    of = "" if asked is None or asked == today() else f", for {words.day(asked)}"
    return f"**The last attempt{of}**. A day stays as open as it was until one succeeds."


def _result(closing: Closing) -> None:
    """What came of a closing, with its sheet; it stands until the next one.

    Outside of timers: a button that a tick draws anew makes nothing of a click on the one before it.
    """
    with st.container(border=True):
        st.markdown(f"{success_line(closing, today())}  \n**{words.plain(said_of(closing, today()))}**")
        if closing.stated:
            st.markdown(f":orange[▲] {words.count(len(closing.stated), 'remark')}, below.")
        with st.container(horizontal=True, vertical_alignment="center"):
            sheet_button(closing, key=f"end_of_day_{closing.job_id}_sheet")
            link("count", "Count the shelf")
            link("inventory", "Inventory")


@st.fragment(run_every=2.0, key="end_of_day_version")
def _version(day: date | None, version: int | None) -> None:
    """What one version found and froze: that of the address, else the newest."""
    closing = last_closed(DAY) if day is None else ask(closings.closed, DAY, day, version)
    if closing is None:
        if day is not None:
            which = words.day(day) if version is None else f"{words.day(day)}, version {version},"
            st.info(f"{which} has not been closed. What was closed is listed below.")
        return
    st.header(f"{words.day(closing.period_start)}, version {closing.version}")
    day_version(closing)


@st.fragment(run_every=2.0, key="end_of_day_versions")
def _versions() -> None:
    st.header("Every closing")
    versions_table(DAY, lambda day: {"day": day.isoformat()}, key="end_of_day_closings")


def _another() -> None:
    """Closing a day of the past, afterwards."""
    oldest, newest = ask(traffic.first_shipped_on), today() - timedelta(days=1)
    with st.expander("Close another day"):
        if oldest is None or oldest > newest:
            st.caption("Nothing was shipped before today, so there is no other day to close.")
            return
        st.markdown(
            "A day of the past is closed afterwards, and says so: what was shipped is that day's, and what stood on "
            "the shelf is told as it stood at its end. The orders that waited then cannot be counted any more."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.date_input("Day", newest, min_value=oldest, max_value=newest, key="end_of_day_date", width=190)
            st.button(
                "Close this day afterwards",
                key="end_of_day_afterwards",
                on_click=_press_afterwards,
                disabled=not isinstance(chosen, date),
            )


def _press_afterwards() -> None:
    actions.press(DAY, {"date": st.session_state["end_of_day_date"].isoformat()})


def _asked_for() -> tuple[date | None, int | None]:
    """The version that the address names."""
    day, version = st.query_params.get("day", ""), st.query_params.get("version", "")
    try:
        return date.fromisoformat(day), int(version) if version.isdecimal() else None
    except ValueError:
        return None, None


drawn = standing(DAY)
st.session_state[_DRAWN] = [one.job_id for one in drawn]
_live()
for closing in drawn:
    _result(closing)
if not drawn:
    st.caption("No day has been closed yet. The first closing says what to expect on the shelf, and is counted.")
if may(Role.OPERATOR) and runtime.app().past is None:
    _another()
_version(*_asked_for())
_versions()
