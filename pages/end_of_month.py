"""End of month: what stands against it, what it would bill, the press, and every version with what it rests on."""

from datetime import date

import streamlit as st

from shipsync import runtime
from shipsync.rules.months import month_before, month_name, month_named, month_of, month_words, months_between
from shipsync.store import closings, traffic
from shipsync.store.closings import Closing
from shipsync.store.jobs import JobView
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_mail import mail_dialog
from shipsync.web.closing_panel import points_label, points_list
from shipsync.web.closing_results import files_and_mails, results, standing
from shipsync.web.closing_state import (
    MONTH,
    has_failed,
    is_open,
    last_closed,
    last_job,
    month_points,
    period_asked,
    recipients,
    standing_now,
    today,
)
from shipsync.web.closing_versions import versions_table
from shipsync.web.job_panel import draw_job
from shipsync.web.links import link
from shipsync.web.month_changes import changed_since
from shipsync.web.month_press import month_button, month_dialog, month_label, press_month
from shipsync.web.month_report import month_tables, month_version
from shipsync.web.month_rows import month_rows, rows_asked
from shipsync.web.month_state import MonthNow, check_points, month_now, month_span, months_meant
from shipsync.web.roles import Role, may, require

MOST_MONTHS = 36  # that can be closed afterwards
_DRAWN = "end_of_month_drawn"  # the results that stood there when the page was drawn as a whole

require(Role.VIEWER)
st.title("End of month")


@st.fragment(run_every=1.0, key="end_of_month_live")
def _live() -> None:
    """The press or the job in its place."""
    if runtime.app().past is not None:
        st.info("This day begins once its past is in.")
        st.session_state[_DRAWN] = None  # then all of the page is drawn
        return
    job = last_job(MONTH)
    if job is not None and is_open(job):
        draw_job(job, key="end_of_month_job")
    else:
        _press()
    if job is not None and has_failed(job):
        st.markdown(_attempt_heading(job))
        draw_job(job, key="end_of_month_failed")
    if [one.job_id for one in standing(MONTH)] != st.session_state.get(_DRAWN):
        st.rerun()  # what stands below is of another version by now


def _press() -> None:
    """What stands against closing the month, what its self-check says, and the button."""
    months = months_meant()
    now = month_now(months[0])
    points, checks = month_points(standing_now(), now.month, now.through), check_points(now)
    with st.container(border=True):
        st.markdown(f"**{month_span(now.month)}** · {points_label([*checks, *points])}")
        if len(months) > 1:
            st.caption(f"The press asks which month: {' or '.join(map(month_words, months))} so far.")
        st.markdown(_checked(now))
        points_list(checks)
        points_list(points)
        if may(Role.OPERATOR):
            month_button(checks + points, key="end_of_month_close")
        else:
            st.caption("Closing needs the role operator.")
        link("charges", "The month to date, day by day")


def _checked(now: MonthNow) -> str:
    """What the month comes to, and how its self-check went."""
    amount = f"It would come to **{words.money(now.to_pay, now.currency)}** now"
    errors = sum(1 for one in now.checks if one.severity == "error")
    if errors:
        return (
            f":red[■] The self-check found {words.count(errors, 'error')}: it cannot be billed until they are mended."
        )
    if now.checks:
        wants = "wants" if len(now.checks) == 1 else "want"
        return (
            f"{amount}. The self-check found {words.count(len(now.checks), 'warning')}, which {wants} a written reason:"
        )
    return f"{amount}. :green[✓] The self-check found nothing against it."


def _attempt_heading(job: JobView) -> str:
    asked = period_asked(job)
    of = "" if asked is None else f", for {month_words(month_of(asked))}"
    return f"**The last attempt{of}**. A month stays as open as it was until one succeeds."


@st.fragment(run_every=5.0, key="end_of_month_since")
def _since(closing: Closing) -> None:
    changed_since(closing)


@st.fragment(run_every=2.0, key="end_of_month_versions")
def _versions() -> None:
    st.header("Every closing")
    versions_table(MONTH, lambda month: {"month": month_name(month)}, key="end_of_month_closings")


def _another() -> None:
    """Closing a month of the past, afterwards."""
    oldest, newest = ask(traffic.first_shipped_on), month_before(today())
    with st.expander("Close another month"):
        if oldest is None or month_of(oldest) > newest:
            st.caption("Nothing was shipped before this month, so there is no other month to close.")
            return
        st.markdown(
            "A month of the past is billed as it is known now. One whose changes were billed with a later month is "
            "settled, and cannot be closed again."
        )
        months = months_between(oldest, newest)[-MOST_MONTHS:][::-1]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            named = _named_month()
            month = st.selectbox(
                "Month",
                months,
                index=months.index(named) if named in months else 0,
                format_func=month_words,
                key="end_of_month_month",
                width=260,
            )
            if st.button(month_label(recipients(MONTH)), key="end_of_month_afterwards"):
                press_month([month])


def _named_month() -> date | None:
    try:
        return month_named(st.query_params.get("month", ""))
    except ValueError:
        return None


def _shown() -> Closing | str | None:
    """The version that the address names, else the newest; a sentence where that was not closed."""
    name, version = st.query_params.get("month"), st.query_params.get("version", "")
    if name is None:
        return last_closed(MONTH)
    month = _named_month()
    if month is None:
        return f"{words.plain(name)} is no month like 2026-11. Choose one below."
    found = ask(closings.closed, MONTH, month, int(version) if version.isdecimal() else None)
    if found is not None:
        return found
    which = f"Version {words.plain(version)} of {month_words(month)}" if version else month_words(month)
    return f"{which} has not been closed. What was closed is listed below."


def _report(closing: Closing) -> None:
    """One version; the documents and mails of those that stand above are there already."""
    st.header(f"{month_words(closing.period_start)}, version {closing.version}")
    if closing not in standing(MONTH):
        files_and_mails(closing, key="end_of_month")
    month_version(closing)
    _since(closing)
    month_tables(closing)


month_dialog()
mail_dialog()
shown, asked = _shown(), rows_asked()
if asked is not None and isinstance(shown, Closing):
    month_rows(shown, asked)
else:
    closed = standing(MONTH)
    st.session_state[_DRAWN] = [one.job_id for one in closed]
    _live()
    results(closed, key="end_of_month")
    if not closed:
        st.caption("No month has been closed yet. The first closing makes the invoice of a month's charges.")
    if may(Role.OPERATOR) and runtime.app().past is None:
        _another()
    if isinstance(shown, Closing):
        _report(shown)
    elif shown is not None:
        st.info(shown)
    _versions()
