"""Reading a chosen period again: the period, what it will ask, the press, and the job where the press was."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from shipsync import runtime
from shipsync.procedures.backfill import WORKFLOW
from shipsync.rules import backfill as rules
from shipsync.rules.backfill import Period
from shipsync.rules.periods import business_date
from shipsync.store import routing
from shipsync.web import actions, words
from shipsync.web.answers import ask
from shipsync.web.job_panel import job_panel
from shipsync.web.roles import Role, may


def backfill_form() -> None:
    """The period with what it costs, and the press."""
    st.markdown(
        "Reads a period from ShipStation once more, for example after a rule was changed or an order was missed. The "
        "live mark does not move, and what is newer here stays as it is. A period that is in already changes nothing."
    )
    today = business_date(runtime.app().now(), words.zone())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.date_input("First day", today - timedelta(days=7), key="backfill_first", width=170)
        last = st.date_input("Last day", today - timedelta(days=1), key="backfill_last", width=170)
    wrong = "Choose both days." if not isinstance(first, date) or not isinstance(last, date) else None
    period = Period(first, last) if isinstance(first, date) and isinstance(last, date) else Period(today, today)
    wrong = wrong or rules.problem(period, today)
    if wrong is not None:
        st.warning(wrong)
    else:
        st.markdown(_dry(period))
    if may(Role.OPERATOR):
        st.button(
            "Read this period",
            key="backfill_press",
            disabled=wrong is not None,
            on_click=_press,
            args=(period,),
        )
    _live()


def _press(period: Period) -> None:
    actions.press(WORKFLOW, {"from": period.first.isoformat(), "to": period.last.isoformat()})


@st.fragment(run_every=1.0, key="backfill_live")
def _live() -> None:
    job_panel(WORKFLOW, key="backfill_job", idle="No period has been read again yet.")


def _dry(period: Period) -> str:
    """What the press would ask, before it is pressed."""
    requests = rules.requests_needed(_orders_about(period))
    whole = words.day(period.first)
    if period.days > 1:
        whole += f" to {words.day(period.last)}, {period.days} days"
    return (
        f"This asks for the orders last changed on {whole}, and for the labels, voids and marks as shipped of that "
        f"time: **about {words.count(requests, 'request')}**. The sync waits until it has ended."
    )


def _orders_about(period: Period) -> int:
    """How many orders the period has: those we know of, or where we know none, as many as is usual."""
    zone = words.zone()
    window = period.window(zone)
    here = ask(routing.versions_between, window.start, window.end)
    known = ask(routing.versions_known)
    return here or (rules.share_of(period, zone, *known) if known is not None else 0)
