"""The two charts of Sync: requests against ShipStation's limit, and where every order version went."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import datetime, timedelta

import plotly.graph_objects as go
import streamlit as st

from shipsync import runtime
from shipsync.doors.shipstation import ShipStation
from shipsync.rules.routing import REASONS
from shipsync.store import routing as routing_store
from shipsync.store import runs as runs_store
from shipsync.store.settings import setting
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.tables import Column, table

HOURS = 24
PERIODS: Mapping[str, timedelta | None] = {
    "last 24 hours": timedelta(hours=24),
    "last 7 days": timedelta(days=7),
    "all": None,
}
HOUR_COLUMNS = (Column("hour", "Hour", "instant"), Column("requests", "Requests", "number"))
REASON_COLUMNS = (Column("reason", "Where it went, and why"), Column("versions", "Order versions", "number"))


@st.fragment(run_every=10.0, key="sync_requests")
def requests_chart() -> None:
    """Requests per hour of the last 24, with the limit as a line, and how many there were in the last minute."""
    now = runtime.app().now()
    hour = _hour_of(now)
    by_hour = ask(runs_store.requests_by_hour, hour - timedelta(hours=HOURS - 1))
    hours = {hour - timedelta(hours=back): 0 for back in reversed(range(HOURS))} | by_hour
    a_minute = int(ask(setting, "requests_per_minute") or runtime.REQUESTS_PER_MINUTE)
    st.subheader("Requests to ShipStation")
    st.markdown(f"**{_last_minute(now):,}** in the last minute; at most {a_minute} are sent in one.")
    if not by_hour:
        st.caption("No request was sent in the last 24 hours.")
        return
    labels = tuple(f"{one.astimezone(words.zone()):%a %H:00}" for one in hours)
    figure = _requests_figure(labels, tuple(hours.values()), a_minute * 60)
    st.plotly_chart(
        figure,
        key="sync_requests_chart",
        config={"displayModeBar": False},
        alt=f"Bars: requests to ShipStation in each of the last {HOURS} hours, beside the limit of {a_minute * 60:,}.",
    )
    with st.expander("As a table", key="sync_requests_twin", on_change="rerun") as twin:
        if twin.open:
            rows = [{"hour": one, "requests": many} for one, many in reversed(hours.items())]
            table(rows, HOUR_COLUMNS, key="sync_requests_table", file="requests", empty="")


@st.fragment(run_every=10.0, key="sync_reasons")
def reasons_chart(period: str) -> None:
    """How many order versions went each way, in plain words, with the same as a table."""
    back = PERIODS[period]
    since = None if back is None else _hour_of(runtime.app().now()) - back
    counted = ask(routing_store.count_by_reason, since)
    if not counted:
        st.info("No order was seen at ShipStation in this time. A sync brings in what changed there.")
        return
    rows = sorted(counted.items(), key=lambda one: one[1])
    said = tuple(REASONS.get(reason, reason) for reason, _ in rows)
    st.plotly_chart(
        _reasons_figure(said, tuple(many for _, many in rows)),
        key="sync_reasons_chart",
        config={"displayModeBar": False},
        alt=f"Bars: order versions seen at ShipStation, {period}, by what became of them. The table has the same.",
    )
    twin = [{"reason": words_, "versions": many} for words_, (_, many) in zip(said, rows, strict=True)]
    table(twin[::-1], REASON_COLUMNS, key="sync_reasons_table", file="routing", empty="", height="content")


@st.cache_data(max_entries=8, show_spinner=False)
def _requests_figure(labels: tuple[str, ...], counts: tuple[int, ...], limit: int) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            x=labels,
            y=counts,
            text=[f"{many:,}" if many else "" for many in counts],
            textposition="outside",
            hovertemplate="%{x}: %{y:,} requests<extra></extra>",
        )
    )
    figure.add_hline(
        y=limit, line_dash="dash", annotation_text=f"our limit: {limit:,} an hour", annotation_position="bottom right"
    )
    figure.update_layout(
        title="Requests per hour against our limit",
        yaxis={"title": "requests", "rangemode": "tozero", "range": [0, max(limit, *counts) * 1.12]},
        xaxis={"type": "category", "nticks": 8},
        height=300,
        margin={"l": 10, "r": 10, "t": 45, "b": 10},
        uirevision="sync_requests",
    )
    return figure


@st.cache_data(max_entries=8, show_spinner=False)
def _reasons_figure(said: tuple[str, ...], counts: tuple[int, ...]) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            x=counts,
            y=["<br>".join(textwrap.wrap(one.rstrip("."), 42)) for one in said],
            orientation="h",
            text=[f"{many:,}" for many in counts],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x:,} order versions<extra></extra>",
        )
    )
    figure.update_layout(
        title="Where the order versions seen at ShipStation went",
        xaxis={"title": "order versions", "rangemode": "tozero"},
        yaxis={"automargin": True},
        height=110 + 46 * len(counts),
        margin={"l": 10, "r": 50, "t": 45, "b": 10},
        uirevision="sync_reasons",
    )
    return figure


def _hour_of(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _last_minute(now: datetime) -> int:
    door = runtime.app().doors.get("shipstation")
    if not isinstance(door, ShipStation):
        return 0
    return sum(1 for sent_at, _ in door.recent_requests.copy() if now - sent_at <= timedelta(minutes=1))
