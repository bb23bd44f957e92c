"""The chart of a closed month: what each of its days was billed, part by part. The table of the days is its twin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import plotly.graph_objects as go
import streamlit as st

from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charge_sums import DaySum
from shipsync.rules.charges import EXTRA, NOTHING
from shipsync.rules.colours import ADDED, CARRIER_COST, SERVICE_FEES, STORAGE, charge_colours
from shipsync.web import words

# How many presses there were: after each the chart is a new one, else coming back to it would be a press, too.
_PRESSES = "end_of_month_days_presses"


def days_chart(report: ChargeReport, days: Sequence[DaySum]) -> date | None:
    """Charges per day as stacked bars. Returns the day whose bar was just pressed."""
    currency = report.parties.currency
    st.subheader(f"What did each day come to, in {words.plain(currency)}?")
    if not report.lines:
        st.caption("Nothing was charged on any day.")
        return None
    storage = [one.amounts.get("pallet_day", NOTHING) for one in days]
    parts = {
        CARRIER_COST: [one.carrier_cost for one in days],
        SERVICE_FEES: [one.service_fees - stored for one, stored in zip(days, storage, strict=True)],
        STORAGE: storage,
        ADDED: [one.amounts.get(EXTRA, NOTHING) for one in days],
    }
    shown = tuple((name, tuple(amounts)) for name, amounts in parts.items() if any(amounts))
    dearest = max(days, key=lambda one: one.total)
    event = st.plotly_chart(
        _figure(tuple(one.day for one in days), shown, currency, st.context.theme.type == "dark"),
        key=f"end_of_month_days_chart_{st.session_state.setdefault(_PRESSES, 0)}",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Bars: what each of {len(days)} days was billed, by {', '.join(name.lower() for name, _ in shown)}; the "
        f"most on {words.day(dearest.day)}, {words.money(dearest.total, currency)}.",
    )
    points = event.selection.points
    if not points:
        return None
    st.session_state[_PRESSES] += 1
    return date.fromisoformat(str(points[0]["x"])[:10])


@st.cache_data(max_entries=16, show_spinner=False)
def _figure(
    days: tuple[date, ...], parts: tuple[tuple[str, tuple[Decimal, ...]], ...], currency: str, is_dark: bool
) -> go.Figure:
    colours = charge_colours(is_dark=is_dark)
    figure = go.Figure()
    for name, amounts in parts:
        figure.add_bar(
            x=days,
            y=[float(one) for one in amounts],
            name=name,
            marker_color=colours[name],
            customdata=[
                f"{words.day(day)}: {name.lower()} {words.money(one, currency)}"
                for day, one in zip(days, amounts, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_layout(
        barmode="relative",
        bargap=0.2,
        xaxis={"tickformat": "%-d %b", "nticks": 10, "fixedrange": True, "title": "ship date, or day of storage"},
        yaxis={"title": currency, "rangemode": "tozero", "tickformat": ",.0f", "fixedrange": True},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        height=320,
        margin={"l": 0, "r": 8, "t": 28, "b": 0},
        uirevision="end_of_month",
    )
    return figure
