"""The two charts of a month's charges: what came day by day, and where the month goes. Tables are their twins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import plotly.graph_objects as go
import streamlit as st

from shipsync.rules.charges import NOTHING
from shipsync.rules.colours import ADDED, CARRIER_COST, SERVICE_FEES, STORAGE, charge_colours
from shipsync.rules.forecast import Point
from shipsync.web import words
from shipsync.web.charge_month import MonthView
from shipsync.web.charge_words import amount
from shipsync.web.tables import Column, table

FORECAST_COLUMNS = (
    Column("day", "By the end of", "date"),
    Column("low", "At least", "money", help="Four times of five it is no less than this."),
    Column("expected", "Expected", "money"),
    Column("high", "At most", "money", help="Four times of five it is no more than this."),
)
_CHART = "charges_days_chart"
_INKS = {False: "#0c1312", True: "#e8eeec"}  # .streamlit/config.toml textColor


def day_chart(view: MonthView) -> None:
    """Charges per day by part; a press on a bar shows what is behind the day."""
    st.subheader(f"What did each day cost, in {view.currency}?")
    days = list(view.days)
    if not any(one.known for one in view.days.values()):
        st.caption("Nothing that can be told was charged in these days.")
        return
    is_dark = st.context.theme.type == "dark"
    parts: dict[str, list[Decimal | None]] = {
        CARRIER_COST: [*(one.carrier for one in view.days.values())],
        SERVICE_FEES: [one.handling for one in view.days.values()],
        STORAGE: [one.storage for one in view.days.values()],
        ADDED: [*(one.extra for one in view.days.values())],
    }
    shown = tuple((name, tuple(amounts)) for name, amounts in parts.items() if any(amounts))
    highest = max(days, key=lambda day: view.days[day].known)
    st.plotly_chart(
        _days(tuple(days), view.month_end, shown, tuple(view.days_off), is_dark, view.currency),
        key=_CHART,
        config={"displayModeBar": False},
        on_select=_chosen,
        selection_mode="points",
        alt=f"Bars: what each of {len(days)} days cost, by {', '.join(name.lower() for name, _ in shown)}; the most on "
        f"{words.day(highest)}, {amount(view.days[highest].known)}.",
    )


def course_chart(view: MonthView) -> None:
    """What the month has come to by each day, and where it goes; the rest of it as a table."""
    st.subheader("What has the month come to, and where does it go?" if not view.is_over else "How did the month grow?")
    sums = _sums([one.total for one in view.days.values()])
    if not sums:
        st.caption("It cannot be told while charges of this month cannot.")
        return
    foreseen = view.foreseen
    points = foreseen.points if foreseen is not None else ()
    goes_to = f"; it will come to about {amount(foreseen.expected)}" if foreseen is not None else ""
    st.plotly_chart(
        _course(tuple(view.days), tuple(sums), points, st.context.theme.type == "dark", view.currency),
        key="charges_course_chart",
        config={"displayModeBar": False},
        alt=f"Line: charges added up day by day to {amount(sums[-1])} on {words.day(view.through)}{goes_to}.",
    )
    if isinstance(view.forecast, str):
        st.caption(f"No forecast: {words.plain(view.forecast)}")
    if points:
        st.caption("Dashed: the forecast. Four times of five the month stays within the band.")
        with st.expander("As a table", key="charges_course_twin", on_change="rerun") as twin:
            if twin.open:
                table(points, FORECAST_COLUMNS, key="charges_course_table", file="charges-forecast", empty="")


def _chosen() -> None:
    """A bar was pressed."""
    points = st.session_state[_CHART].selection.points
    if points:
        st.query_params["day"] = str(points[0]["x"])[:10]


def _sums(amounts: Sequence[Decimal | None]) -> list[Decimal]:
    """Added up day by day; nothing where a day cannot be told."""
    found, sum_of = [], NOTHING
    for one in amounts:
        if one is None:
            return []
        sum_of += one
        found.append(sum_of)
    return found


@st.cache_data(max_entries=16, show_spinner=False)
def _days(
    days: tuple[date, ...],
    month_end: date,
    parts: tuple[tuple[str, tuple[Decimal | None, ...]], ...],
    days_off: tuple[date, ...],
    dark: bool,
    currency: str,
) -> go.Figure:
    colours = charge_colours(is_dark=dark)
    figure = go.Figure()
    for name, amounts in parts:
        figure.add_bar(
            x=days,
            y=[None if one is None else float(one) for one in amounts],
            name=name,
            marker_color=colours[name],
            customdata=[
                f"{words.day(day)}: {name.lower()} {amount(one)}" for day, one in zip(days, amounts, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    for off in days_off:
        figure.add_annotation(
            x=off, y=0, yanchor="bottom", text="◇", showarrow=False, hovertext=f"{words.day(off)}: day off"
        )
    half = timedelta(hours=12)
    figure.update_layout(
        barmode="relative",
        xaxis={
            "title": "day; ◇ day off" if days_off else "day", "tickformat": "%d %b", "nticks": 6, "fixedrange": True,
            "range": [_midnight(days[0]) - half, _midnight(month_end) + half],
        },
        yaxis={"title": currency, "rangemode": "tozero", "tickformat": ",d", "fixedrange": True},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        height=320,
        margin={"l": 0, "r": 8, "t": 28, "b": 0},
        uirevision="charges_days",
    )  # fmt: skip
    return figure


@st.cache_data(max_entries=16, show_spinner=False)
def _course(
    days: tuple[date, ...], sums: tuple[Decimal, ...], points: tuple[Point, ...], dark: bool, currency: str
) -> go.Figure:
    ink, colour = _INKS[dark], charge_colours(is_dark=dark)[CARRIER_COST]
    figure = go.Figure()
    if points:
        band = [*_begins(days, sums, points[0].day), *points]
        on = [one.day for one in band]
        figure.add_scatter(
            x=[*on, *reversed(on)],
            y=[*(float(one.high) for one in band), *(float(one.low) for one in reversed(band))],
            mode="lines",
            fill="toself",
            fillcolor=_faint(colour),
            line={"width": 0},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=on,
            y=[float(one.expected) for one in band],
            mode="lines",
            line={"color": colour, "width": 2, "dash": "dash"},
            customdata=[
                f"{words.day(one.day)}: about {amount(one.expected)}, {amount(one.low)} to {amount(one.high)}"
                for one in band
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
        figure.add_annotation(
            x=on[-1],
            y=float(points[-1].high),
            text=f"about {amount(points[-1].expected)}",
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            font={"color": ink},
        )
    figure.add_scatter(
        x=days,
        y=[float(one) for one in sums],
        mode="lines" if len(days) > 1 else "markers",
        line={"color": colour, "width": 3},
        customdata=[f"{words.day(day)}: {amount(one)} so far" for day, one in zip(days, sums, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_layout(
        xaxis={
            "title": "day",
            "tickformat": "%d %b",
            "nticks": 6,
            "fixedrange": True,
        },
        yaxis={"title": currency, "rangemode": "tozero", "tickformat": ",d", "fixedrange": True},
        height=320,
        showlegend=False,
        margin={"l": 0, "r": 8, "t": 28, "b": 0},
        uirevision="charges_course",
    )
    return figure


def _begins(days: Sequence[date], sums: Sequence[Decimal], first_to_come: date) -> list[Point]:
    """Where the band begins: at the last day that is over."""
    over = [(day, so_far) for day, so_far in zip(days, sums, strict=True) if day < first_to_come]
    return [Point(over[-1][0], *[over[-1][1]] * 3)] if over else []


def _midnight(day: date) -> datetime:
    """Where a day's bar stands, between half a day before and half a day after."""
    return datetime.combine(day, time.min)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.22)"
