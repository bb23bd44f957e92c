"""The chart of the comparisons: how much of what both sides had passed was equal, over time, with its table."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import streamlit as st

from shipsync.rules.parity_verdicts import Mode
from shipsync.store import parity_page, parity_results
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.parity_words import MODES, share
from shipsync.web.tables import Column, table

MOST_POINTS = 1_000
_PART_SHOWN = 0.002  # of the axis at least, so that noise of one record in a million is not drawn as a cliff
_COLUMNS = (
    Column("finished_at", "When", "instant"),
    Column("rate", "Equal"),
    Column("compared", "Compared", "number"),
    Column("confirmed", "Confirmed", "number"),
    Column("pending", "Pending", "number"),
)


def match_rate_chart(mode: Mode) -> None:
    """The course of this migration's comparisons of one mode, and the same as a table."""
    newest = ask(parity_results.runs, [mode], ask(parity_page.begun_at), limit=MOST_POINTS)
    told = [one for one in reversed(newest) if one.compared]
    st.subheader(f"How much was equal, {MODES[mode]}?")
    if not told:
        st.caption(
            "No comparison has found a record that both sides had passed. The first two that do begin the chart."
        )
        return
    if len(told) == 1:
        only = told[0]
        st.caption(
            f"One comparison so far, {words.moment(only.finished_at)}: {share(only.matched / only.compared)} of "
            f"{words.count(only.compared, 'record')} were equal. The next one begins the chart."
        )
        return
    least = min(told, key=lambda one: one.matched / one.compared)
    st.plotly_chart(
        _figure(
            tuple(one.finished_at.astimezone(words.zone()) for one in told),
            tuple(one.matched / one.compared for one in told),
            tuple((one.compared, one.matched, one.confirmed, one.pending) for one in told),
        ),
        key="parity_match_rate",
        config={"displayModeBar": False},
        alt=f"Line: the share of equal records in {words.count(len(told), 'comparison')}; the least was "
        f"{share(least.matched / least.compared)}, {words.moment(least.finished_at)}. The table has the same.",
    )
    with st.expander("As a table", key="parity_match_rate_twin", on_change="rerun") as twin:
        if twin.open:
            rows = [
                {
                    "finished_at": one.finished_at,
                    "rate": share(one.matched / one.compared),
                    "compared": one.compared,
                    "confirmed": one.confirmed,
                    "pending": one.pending,
                }
                for one in reversed(told)
            ]
            table(rows, _COLUMNS, key="parity_match_rate_table", file="match-rate", empty="")


@st.cache_data(max_entries=8, show_spinner=False)
def _figure(
    at: tuple[datetime, ...], rates: tuple[float, ...], counts: tuple[tuple[int, int, int, int], ...]
) -> go.Figure:
    figure = go.Figure(
        go.Scatter(
            x=at,
            y=rates,
            customdata=counts,
            mode="lines+markers",
            line={"shape": "hv"},
            marker={"size": 5},
            hovertemplate="%{x|%a %d %b %H:%M}<br>%{y:.4%}: %{customdata[1]:,} of %{customdata[0]:,} records equal<br>"
            "%{customdata[2]:,} confirmed to differ, %{customdata[3]:,} pending<extra></extra>",
        )
    )
    below = max(1 - min(rates), _PART_SHOWN)
    figure.update_layout(
        yaxis={"title": "equal", "tickformat": ".2%", "range": [1 - below * 1.15, 1 + below * 0.1]},
        xaxis={"nticks": 8},
        height=280,
        margin={"l": 10, "r": 10, "t": 15, "b": 10},
        uirevision="parity_match_rate",
    )
    return figure
