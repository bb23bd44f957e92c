"""End of week: what stands against it, the press, what came of it, and every version with its report."""

from datetime import timedelta

import streamlit as st

from shipsync import runtime
from shipsync.rules.weeks import week_name, week_named, week_of, weeks_between
from shipsync.store import closings, traffic
from shipsync.store.closings import Closing
from shipsync.store.jobs import JobView
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_mail import mail_dialog
from shipsync.web.closing_panel import (
    points_label,
    points_list,
    week_words,
)
from shipsync.web.closing_press import press_week, week_button, week_dialog, week_label
from shipsync.web.closing_results import files_and_mails, results, standing
from shipsync.web.closing_state import (
    WEEK,
    has_failed,
    is_open,
    last_closed,
    last_job,
    period_asked,
    recipients,
    standing_now,
    today,
    week_points,
)
from shipsync.web.closing_versions import versions_table
from shipsync.web.job_panel import draw_job
from shipsync.web.roles import Role, may, require
from shipsync.web.week_report import restated, week_version

MOST_WEEKS = 60  # that can be closed afterwards
_DRAWN = "end_of_week_drawn"  # the results that stood there when the page was drawn as a whole

require(Role.VIEWER)
st.title("End of week")


@st.fragment(run_every=1.0, key="end_of_week_live")
def _live() -> None:
    """The press or the job in its place."""
    if runtime.app().past is not None:
        st.info("This day begins once its past is in.")
        st.session_state[_DRAWN] = None  # then all of the page is drawn
        return
    job = last_job(WEEK)
    if job is not None and is_open(job):
        draw_job(job, key="end_of_week_job")
    else:
        _press()
    if job is not None and has_failed(job):
        st.markdown(_attempt_heading(job))
        draw_job(job, key="end_of_week_failed")
    if [one.job_id for one in standing(WEEK)] != st.session_state.get(_DRAWN):
        st.rerun()  # what stands below is of another version by now


def _press() -> None:
    """What stands against closing this week, and the button."""
    points = week_points(standing_now())
    with st.container(border=True):
        st.markdown(f"**{week_words(week_of(today()))}** · {points_label(points)}")
        points_list(points)
        if may(Role.OPERATOR):
            week_button(points, key="end_of_week_close")
        else:
            st.caption("Closing needs the role operator.")


def _attempt_heading(job: JobView) -> str:
    asked = period_asked(job)
    of = "" if asked is None else f", for week {week_name(week_of(asked))}"
    return f"**The last attempt{of}**. A week stays as open as it was until one succeeds."


@st.fragment(run_every=5.0, key="end_of_week_since")
def _since(closing: Closing) -> None:
    restated(closing)


@st.fragment(run_every=2.0, key="end_of_week_versions")
def _versions() -> None:
    st.header("Every closing")
    versions_table(WEEK, lambda monday: {"week": week_name(monday)}, key="end_of_week_closings")


def _another() -> None:
    """Closing a week of the past, afterwards."""
    oldest, newest = ask(traffic.first_shipped_on), week_of(today()) - timedelta(weeks=1)
    with st.expander("Close another week"):
        if oldest is None or week_of(oldest) > newest:
            st.caption("Nothing was shipped before this week, so there is no other week to close.")
            return
        st.markdown(
            "A week of the past is closed afterwards, and its report says so: what was shipped is that week's, the "
            "stock is told as it stood at its end, and the orders that wait are those of today."
        )
        weeks = weeks_between(max(week_of(oldest), newest - timedelta(weeks=MOST_WEEKS - 1)), newest)[::-1]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            monday = st.selectbox("Week", weeks, format_func=week_words, key="end_of_week_monday", width=360)
            if st.button(week_label(recipients(WEEK)), key="end_of_week_afterwards"):
                press_week(monday)


def _shown() -> Closing | None:
    """The version that the address names, else the newest; None where that was not closed, which is said."""
    name, version = st.query_params.get("week"), st.query_params.get("version", "")
    if name is None:
        return last_closed(WEEK)
    try:
        monday = week_named(name)
    except ValueError as error:
        st.info(f"{words.plain(str(error))}. Choose a week below.")
        return None
    found = ask(closings.closed, WEEK, monday, int(version) if version.isdecimal() else None)
    if found is None:
        which = f"Version {version} of week {name}" if version else f"Week {name}"
        st.info(f"{words.plain(which)} has not been closed. What was closed is listed below.")
    return found


def _report(closing: Closing) -> None:
    """The report of one version; the documents and mails of those that stand above are there already."""
    st.header(f"Week {closing.period_start.isocalendar().week}, version {closing.version}")
    if closing not in standing(WEEK):
        files_and_mails(closing, key="end_of_week")
    week_version(closing)
    _since(closing)


week_dialog()
mail_dialog()
closed = standing(WEEK)
st.session_state[_DRAWN] = [one.job_id for one in closed]
_live()
results(closed, key="end_of_week")
if not closed:
    st.caption("No week has been closed yet. The first closing makes the weekly inventory report.")
if may(Role.OPERATOR) and runtime.app().past is None:
    _another()
closing = _shown()
if closing is not None:
    _report(closing)
_versions()
