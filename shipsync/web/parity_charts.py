"""The charts of the comparisons over time, with their table: how much was equal, what was not, and how far behind."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from shipsync.rules.freshness import in_words
from shipsync.rules.parity_verdicts import Mode
from shipsync.store import deployment, parity_results
from shipsync.store.parity_results import Run
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
    Column("suspect", "Suspect", "number"),
    Column("transient", "Transient", "number"),
    Column("pending", "Pending", "number"),
    Column("control_lag", "Legacy behind", help="The age of what the legacy workflows had read all up to."),
    Column("candidate_lag", "Unified behind", help="The age of what the unified sync had read all up to."),
)
# What is drawn of each comparison below its share: the name, the run's figure, its dash. Told by more than colour.
_COUNTS = (
    ("confirmed", "confirmed", "solid"),
    ("suspect", "suspect", "dash"),
    ("transient", "transient", "dot"),
    ("pending", "pending", "dashdot"),
)
_SIDES = (("legacy", "control_at", "dash"), ("unified", "candidate_at", "solid"))


def course_charts(mode: Mode) -> None:
    """The course of this migration's comparisons of one mode: its two charts, and the same as a table."""
    newest = ask(parity_results.runs, [mode], ask(deployment.begun_at), limit=MOST_POINTS)
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
    if told[0].control_at is not None:  # both sides of a replay have read all there is
        st.subheader("What differed, and how far behind were both?")
        st.plotly_chart(
            _differing_and_lag(tuple(told)),
            key="parity_course",
            config={"displayModeBar": False},
            alt=f"Lines: records confirmed, suspect, transient and pending in each comparison, at most "
            f"{words.number(max(one.confirmed for one in told))}, {words.number(max(one.suspect for one in told))}, "
            f"{words.number(max(one.transient for one in told))} and "
            f"{words.number(max(one.pending for one in told))}; below them how far behind legacy and the unified sync "
            "were. The table has the same.",
        )
        st.caption(
            "Behind is the age of whichever list a side has read longest ago. The unified sync reads orders each time, "
            "and labels, voids and marks as shipped when an order calls for them, else in turns: a quiet list is "
            "hours old while all orders are minutes old."
        )
    with st.expander("As a table", key="parity_match_rate_twin", on_change="rerun") as twin:
        if twin.open:
            rows = [
                {
                    "finished_at": one.finished_at,
                    "rate": share(one.matched / one.compared),
                    "compared": one.compared,
                    "confirmed": one.confirmed,
                    "suspect": one.suspect,
                    "transient": one.transient,
                    "pending": one.pending,
                    "control_lag": _lag(one, one.control_at),
                    "candidate_lag": _lag(one, one.candidate_at),
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


def _lag(run: Run, through: datetime | None) -> str:
    return words.UNKNOWN if through is None else in_words(run.finished_at - through)


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Run: lambda run: run.run_id})
def _differing_and_lag(told: tuple[Run, ...]) -> go.Figure:
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12, row_heights=[0.55, 0.45])
    at = [one.finished_at.astimezone(words.zone()) for one in told]
    for name, figure_of, dash in _COUNTS:
        counts = [getattr(one, figure_of) for one in told]
        line = {"shape": "hv", "dash": dash}
        hover = f"%{{y:,}} {name}<extra></extra>"
        figure.add_scatter(x=at, y=counts, name=name, mode="lines", line=line, hovertemplate=hover, row=1, col=1)
    for name, mark, dash in _SIDES:
        through = [getattr(one, mark) for one in told]
        minutes = [
            (one.finished_at - to).total_seconds() / 60 if to is not None else None
            for one, to in zip(told, through, strict=True)
        ]
        line = {"shape": "hv", "dash": dash}
        hover = f"{name} %{{y:,.0f}} min behind<extra></extra>"
        figure.add_scatter(x=at, y=minutes, name=name, mode="lines", line=line, hovertemplate=hover, row=2, col=1)
    figure.update_yaxes(title="records", rangemode="tozero", tickformat=",d", row=1, col=1)
    figure.update_yaxes(title="oldest list, min", rangemode="tozero", tickformat=",d", row=2, col=1)
    figure.update_xaxes(nticks=8)
    figure.update_layout(
        height=380,
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        uirevision="parity_course",
    )
    return figure
