"""What both sides take of ShipStation, against what the plan claims of the unified sync."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import streamlit as st

from shipsync import runtime
from shipsync.desk.parity_records import Effort, ParitySummary
from shipsync.rules.freshness import in_words
from shipsync.web import words
from shipsync.web.tables import Column, table

_COLUMNS = (
    Column("side", "Side", width=170, help="Legacy is both of its workflows together."),
    Column("every", "Comes every", help="From one pass to the next, the median. A pass is one run of each workflow."),
    Column("longest", "At most apart", help="A side that stands still counts until now."),
    Column("passes", "Passes", "number"),
    Column("requests", "Requests", "number", help="Sent to ShipStation, by runs that failed as well."),
    Column("requests_an_hour", "An hour", "decimal", help="Requests of an hour of the clock."),
    Column("requests_a_pass", "A pass", "decimal", help="Requests of one pass."),
    Column("orders_fetched", "Orders fetched", "number", help="Versions of orders that ShipStation has answered."),
    Column("orders_an_hour", "Orders an hour", "decimal"),
    Column("orders_changed", "Orders changed", "number", help="Of those: brought in, or written anew."),
    Column("seconds_a_pass", "Seconds a pass", "decimal", help="Waiting for ShipStation's limit included."),
)

_A_MOMENT = timedelta(minutes=2)  # the summary is of this minute


def efficiency(told: ParitySummary) -> None:
    """Both sides in one table, below them legacy, were it as fresh; then each claim of the plan with its figures."""
    found = told.efficiency
    if found is None:
        st.caption("Nothing to tell yet: each of the three workflows has to make its first pass beside the others.")
        return
    st.subheader("What does each side take?")
    is_over = found.until < runtime.app().now() - _A_MOMENT
    st.caption(
        f"From {words.moment(found.since)}, when both had made their first pass side by side, until "
        f"{words.moment(found.until) if is_over else 'now'}."
    )
    table(
        [
            _row("Legacy", found.legacy),
            _row("Unified sync", found.unified),
            _as_often("Legacy, were it as fresh", found.legacy),
        ],
        _COLUMNS,
        key="parity_efforts",
        file="efficiency",
        empty="",
        height="content",
    )
    st.subheader("What became of the plan's claims?")
    with st.container(border=True, gap="xsmall"):
        for one in found.claims:
            st.markdown(f"{words.state(one.result)} · **{one.name}**: {words.plain(one.words)}")


def _row(side: str, one: Effort) -> Mapping[str, object]:
    return one.model_dump() | {"side": side, "every": _span(one.every_s), "longest": _span(one.longest_s)}


def _as_often(side: str, one: Effort) -> Mapping[str, object]:
    """One side, if it came every five minutes and each pass took what its passes take."""
    nothing: dict[str, object] = {column.field: None for column in _COLUMNS}
    return nothing | {
        "side": side,
        "every": "5 min",
        "requests_an_hour": one.requests_as_fresh,
        "requests_a_pass": one.requests_a_pass,
        "orders_an_hour": one.orders_as_fresh,
        "seconds_a_pass": one.seconds_a_pass,
    }


def _span(seconds: float | None) -> str:
    return words.UNKNOWN if seconds is None else in_words(timedelta(seconds=seconds))
