"""The charts of Inventory and Count. Each answers one question, which is its title, and has a table as its twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import plotly.graph_objects as go
import streamlit as st

from shipsync.documents.words import average, change, number, range_of_dates
from shipsync.rules.colours import sku_colours
from shipsync.rules.ledger import Waterfall
from shipsync.store import inventory
from shipsync.web import words
from shipsync.web.answers import ask

_NO_BAR = {"displayModeBar": False}
_GREYS = ("#9faba8", "#66736f")  # of totals, on light and on dark
_INKS = ("#0c1312", "#e8eeec")  # of lines over bars: the pages' own letters

Step = tuple[str, int, bool]  # what, units, and whether it is a total rather than a change


@dataclass(frozen=True, slots=True)
class RunsOut:
    """When one product will probably run out."""

    sku: str
    on: date
    earliest: date
    latest: date


def colour_of(sku: str) -> str:
    """The one colour of a product, in all charts and documents."""
    listed = {one.current.sku for one in ask(inventory.current)} | {sku}
    return sku_colours(listed, is_dark=is_dark())[sku]


def is_dark() -> bool:
    """Whether whoever looks sees the page on a dark ground."""
    return st.context.theme.type == "dark"


def weeks_chart(
    sku: str, mondays: Sequence[date], units: Sequence[int], mean: float | None, mean_4: float | None, basis: str
) -> None:
    """Units shipped in each week that is known, with the average over them."""
    st.subheader("How many units were shipped per week?")
    st.plotly_chart(
        _weeks(tuple(mondays), tuple(units), mean, mean_4, basis, colour_of(sku), is_dark()),
        key="inventory_weeks_chart",
        config=_NO_BAR,
        alt=f"Bars: units of {sku} shipped in each of {len(mondays)} weeks, the last {units[-1] if units else 0:,}; "
        f"the {basis} is {average(mean)} a week.",
    )


def waterfall_chart(steps: Sequence[Step], title: str, *, key: str) -> None:
    """How one amount of stock became another, step by step. `title` is the question that it answers."""
    st.plotly_chart(
        _waterfall(tuple(steps), is_dark()),
        key=key,
        config=_NO_BAR,
        alt=f"{title} " + ", ".join(f"{what}: {number(units) if is_total else change(units)}"
                                    for what, units, is_total in steps),
    )  # fmt: skip


def waterfall_steps(waterfall: Waterfall, first: str, last: str) -> list[Step]:
    """The steps of a waterfall from what was there to what is there; steps of nothing are left out."""
    moved = (
        ("received", waterfall.received),
        ("shipped", -waterfall.shipped),
        ("labels voided", waterfall.voided),
        ("adjusted", waterfall.adjusted),
        ("repacked", waterfall.repacked),
        ("counted in between", waterfall.counted),
    )
    changes = [(what, units, False) for what, units in moved if units]
    return [(first, waterfall.opening, True), *changes, (last, waterfall.expected, True)]


def run_out_chart(dated: Sequence[RunsOut], today: date) -> None:
    """When each product runs out: the likely day as a dot, and the days between which it lies four times of five."""
    colours = sku_colours((one.current.sku for one in ask(inventory.current)), is_dark=is_dark())
    first = dated[0]
    st.subheader("When does each product run out?")
    st.plotly_chart(
        _run_out(tuple((one, colours[one.sku]) for one in reversed(dated)), today, is_dark()),
        key="inventory_run_out_chart",
        config=_NO_BAR,
        alt=f"Days on which {words.count(len(dated), 'product')} will probably run out; {first.sku} first, on "
        f"{words.day(first.on)}.",
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _weeks(
    mondays: tuple[date, ...],
    units: tuple[int, ...],
    mean: float | None,
    mean_4: float | None,
    basis: str,
    colour: str,
    dark: bool,
) -> go.Figure:
    ink = _INKS[dark]
    figure = go.Figure(
        go.Bar(
            x=mondays,
            y=units,
            marker_color=colour,
            opacity=0.7,
            customdata=[range_of_dates(monday, monday + timedelta(days=6)) for monday in mondays],
            hovertemplate="%{customdata}: %{y:,} units<extra></extra>",
        )
    )
    told = []
    if mean is not None:
        figure.add_hline(y=mean, line={"dash": "dash", "width": 2, "color": ink})
        told.append(f"dashed: {basis} {average(mean)}")
    if mean_4 is not None and mondays:
        half = timedelta(days=3, hours=12)
        figure.add_scatter(
            x=[mondays[-1] - timedelta(weeks=3) - half, mondays[-1] + half],
            y=[mean_4, mean_4],
            mode="lines",
            line={"width": 4, "color": ink},
            hovertemplate=f"newest 4 weeks: {average(mean_4)} a week<extra></extra>",
        )
        told.append(f"short line: newest 4 weeks {average(mean_4)}")
    if told:
        figure.add_annotation(
            text=", ".join(told), x=0, xref="paper", xanchor="left", y=1, yref="paper", yanchor="bottom",
            showarrow=False,
        )  # fmt: skip
    figure.update_layout(
        xaxis={"title": "week, by its Monday", "fixedrange": True},
        yaxis={"title": "units", "rangemode": "tozero", "tickformat": ",d", "fixedrange": True},
        height=280,
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        uirevision="inventory_weeks",
    )
    return figure


@st.cache_data(max_entries=16, show_spinner=False)
def _waterfall(steps: tuple[Step, ...], dark: bool) -> go.Figure:
    grey = _GREYS[dark]
    # Orange and blue of the safe colours: up and down, told by sign and place as well.
    up, down = ("#56b4e9", "#e69f00") if dark else ("#0072b2", "#b35900")
    figure = go.Figure(
        go.Waterfall(
            x=[what for what, _, _ in steps],
            y=[units for _, units, _ in steps],
            measure=["absolute" if place == 0 else "total" if is_total else "relative"
                     for place, (_, _, is_total) in enumerate(steps)],
            text=[number(units) if is_total else change(units) for _, units, is_total in steps],
            textposition="outside",
            cliponaxis=False,
            connector={"line": {"width": 1, "color": grey}},
            increasing={"marker": {"color": up}},
            decreasing={"marker": {"color": down}},
            totals={"marker": {"color": grey}},
            hovertemplate="%{x}: %{text} units<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        xaxis={"fixedrange": True, "automargin": True},
        yaxis={"title": "units", "rangemode": "tozero", "tickformat": ",d", "fixedrange": True},
        height=280,
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        uirevision="inventory_waterfall",
    )
    return figure


@st.cache_data(max_entries=8, show_spinner=False)
def _run_out(rows: tuple[tuple[RunsOut, str], ...], today: date, dark: bool) -> go.Figure:
    figure = go.Figure()
    for one, colour in rows:
        told = f"{one.sku}: {words.day(one.on)}, four times of five {range_of_dates(one.earliest, one.latest)}"
        figure.add_scatter(
            x=[one.earliest, one.latest],
            y=[one.sku, one.sku],
            mode="lines",
            line={"color": colour, "width": 9},
            opacity=0.45,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=[one.on],
            y=[one.sku],
            mode="markers+text",
            text=[f"{one.on.day} {one.on:%b}"],
            textposition="top center",
            marker={"color": colour, "size": 12},
            hovertemplate=f"{told}<extra></extra>",
        )
    figure.add_vline(x=today, line={"width": 1, "color": _INKS[dark]})
    figure.add_annotation(text="today", x=today, y=1, yref="paper", yanchor="bottom", showarrow=False)
    figure.update_layout(
        xaxis={"title": "day; the bar is where it lies four times of five", "fixedrange": True},
        yaxis={"type": "category", "title": "SKU", "fixedrange": True},
        height=150 + 44 * len(rows),
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
        uirevision="inventory_run_out",
    )
    return figure
