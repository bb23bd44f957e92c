"""The two charts of a weekly report: what left of a SKU week by week, and how long what is there lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import streamlit as st

from shipsync.documents import weekly_texts
from shipsync.documents import words as paper
from shipsync.rules.colours import sku_colours
from shipsync.rules.projection import Projected, projection
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from shipsync.rules.weeks import WorkCalendar, week_ends, week_name
from shipsync.web import words
from shipsync.web.tables import Column, table

WEEK_COLUMNS = (
    Column("week", "Week"),
    Column("first", "From", "date"),
    Column("units", "Units", "number", help="– : nobody has said what was shipped in that week."),
    Column("remark", "Remark"),
)
LEFT_COLUMNS = (
    Column("on", "On", "date"),
    Column("low", "At least", "number", help="Four times of five no less than this is left."),
    Column("expected", "Expected", "number"),
    Column("high", "At most", "number", help="Four times of five no more than this is left."),
)
_GREY = "rgba(127, 127, 127, 0.18)"
_INKS = {False: "#0c1312", True: "#e8eeec"}  # .streamlit/config.toml textColor
_LAYOUT: Mapping[str, Any] = {
    "height": 300,
    "margin": {"l": 0, "r": 8, "t": 28, "b": 0},
    "showlegend": False,
    "uirevision": "end_of_week",
}


def colours_of(report: WeeklyReport, sku: str) -> tuple[str, str]:
    """A SKU's colour in the theme that is shown, and that of the lines it is held against."""
    is_dark = st.context.theme.type == "dark"
    return sku_colours((line.sku for line in report.lines), is_dark=is_dark)[sku], _INKS[is_dark]


def shipped_chart(report: WeeklyReport, line: ReportLine, calendar: WorkCalendar | str) -> None:
    """Units per week as bars with their average dashed over the weeks it is taken from; the same as a table."""
    st.subheader(_shipped_title(line))
    remarks = tuple(_remark(report, line, place, calendar) for place in range(len(report.weeks)))
    known = [amount for amount in line.weeks if amount is not None]
    st.plotly_chart(
        _shipped_figure(
            report.weeks,
            line.weeks,
            remarks,
            line.weekly_average,
            weekly_texts.average_from(line, report),
            report.is_complete,
            *colours_of(report, line.sku),
        ),
        key="end_of_week_shipped",
        config={"displayModeBar": False},
        alt=f"Bars: units of {line.sku} shipped in each of {len(report.weeks)} weeks up to {report.name}, "
        f"{_between(known)}; {line.shipped:,} in the last. {_average_words(line)}",
    )
    with st.expander("As a table", key="end_of_week_shipped_twin", on_change="rerun") as twin:
        if twin.open:
            rows = [
                {"week": week_name(monday), "first": monday, "units": amount, "remark": remark}
                for monday, amount, remark in zip(report.weeks, line.weeks, remarks, strict=True)
            ]
            table(rows[::-1], WEEK_COLUMNS, key="end_of_week_weeks", file=f"weeks-{line.sku}", empty="")


def projection_chart(report: WeeklyReport, line: ReportLine) -> None:
    """How what is available goes down to nothing, and where it lies four times of five; the same as a table."""
    st.subheader(f"How long does what is there of {line.sku} last?")
    points = _points(report, line)
    if not points:
        st.caption(f"No date can be told: {_why_none(line)}.")
        return
    arrives_on = None if line.lead_time_days is None else points[0].on + timedelta(days=line.lead_time_days)
    st.plotly_chart(
        _left_figure(
            tuple((one.on, one.low, one.expected, one.high) for one in points),
            line.reorder_point,
            arrives_on,
            *colours_of(report, line.sku),
        ),
        key="end_of_week_left",
        config={"displayModeBar": False},
        alt=f"Line: {line.available or 0:,} available units of {line.sku} going down to nothing. {_runs_out(line)}",
    )
    st.caption(f"{_runs_out(line)} On the shelf less what open orders need; no delivery is in it.")
    with st.expander("As a table", key="end_of_week_left_twin", on_change="rerun") as twin:
        if twin.open:
            rows = [
                {"on": one.on, "low": round(one.low), "expected": round(one.expected), "high": round(one.high)}
                for one in points
            ]
            table(rows, LEFT_COLUMNS, key="end_of_week_left_table", file=f"projection-{line.sku}", empty="")


def _shipped_title(line: ReportLine) -> str:
    if line.weekly_average is None:
        return f"Units of {line.sku} shipped per week"
    return f"Units of {line.sku} shipped per week, {line.weeks_counted}-week average dashed"


def _average_words(line: ReportLine) -> str:
    if line.weekly_average is None:
        return "There is no average yet."
    return f"The average of {line.weeks_counted} weeks is {paper.average(line.weekly_average)}."


def _between(known: Sequence[int]) -> str:
    return f"between {min(known):,} and {max(known):,}" if known else "none of them known"


def _remark(report: WeeklyReport, line: ReportLine, place: int, calendar: WorkCalendar | str) -> str | None:
    """What has to be known of one week."""
    if line.weeks[place] is None:
        return "not known"
    said = []
    if place == len(report.weeks) - 1 and not report.is_complete:
        said.append("so far")
    off = [] if isinstance(calendar, str) else calendar.days_off_in(report.weeks[place])
    if off:
        said.append(f"day off: {', '.join(words.day(one) for one in off)}")
    return "; ".join(said) or None


def _points(report: WeeklyReport, line: ReportLine) -> list[Projected]:
    available, average, deviation = line.available, line.weekly_average, line.weekly_deviation
    if not available or available < 0 or not average or deviation is None or line.runs_out_latest_on is None:
        return []
    starts_on = report.as_of.astimezone(ZoneInfo(report.zone)).date()
    return projection(available, average, deviation, starts_on, line.runs_out_latest_on + timedelta(days=1))


def _why_none(line: ReportLine) -> str:
    if line.available is not None and line.available <= 0:
        return "nothing is available"
    return weekly_texts.product(line).runs_out.beside


def _runs_out(line: ReportLine) -> str:
    """'Used up about Thu 3 Dec 2026, four times of five between 27 Nov and 12 Dec 2026.'"""
    text = weekly_texts.product(line).runs_out
    band = f", four times of five {text.beside}" if text.beside else ""
    return f"Used up about {text.text}{band}."


@st.cache_data(max_entries=32, show_spinner=False)
def _shipped_figure(
    weeks: tuple[date, ...],
    amounts: tuple[int | None, ...],
    remarks: tuple[str | None, ...],
    average: float | None,
    average_from: int | None,
    is_complete: bool,
    colour: str,
    ink: str,
) -> go.Figure:
    half = timedelta(days=3.5)
    middles = [monday + half for monday in map(_midnight, weeks)]
    told = [
        f"Week {monday.isocalendar().week}, {words.day(monday)} to {words.day(week_ends(monday))}: "
        f"{words.number(amount)} units{f' ({remark})' if remark else ''}"
        for monday, amount, remark in zip(weeks, amounts, remarks, strict=True)
    ]
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=amounts,
            customdata=told,
            hovertemplate="%{customdata}<extra></extra>",
            marker={
                "color": colour,
                "pattern": {"shape": ["/" if remark and "so far" in remark else "" for remark in remarks]},
            },
            width=timedelta(days=5.6).total_seconds() * 1000,
        )
    )
    for first, last in _runs_of_unknown(amounts):
        figure.add_vrect(x0=middles[first] - half, x1=middles[last] + half, fillcolor=_GREY, line_width=0)
        figure.add_annotation(x=middles[(first + last) // 2], y=0.5, yref="paper", text="not known", showarrow=False)
    off = [place for place, remark in enumerate(remarks) if remark and "day off" in remark]
    if off:
        figure.add_scatter(
            x=[middles[place] for place in off],
            y=[amounts[place] for place in off],
            mode="text",
            text=["◇"] * len(off),
            textposition="top center",
            hoverinfo="skip",
        )
    if average is not None and average_from is not None:
        last = len(weeks) - (1 if is_complete else 2)
        figure.add_scatter(
            x=[middles[average_from] - half, middles[last] + half],
            y=[average, average],
            mode="lines",
            line={"dash": "dash", "color": ink, "width": 2},
            hovertemplate=f"average {paper.average(average)}<extra></extra>",
        )
        figure.add_annotation(
            x=1,
            xref="paper",
            y=average,
            text=paper.average(average),
            showarrow=False,
            xanchor="left",
            font={"color": ink},
        )
    figure.update_layout(
        xaxis={"tickformat": "%b %Y", "nticks": 6, "fixedrange": True, "title": "week"},
        yaxis={"title": "units", "rangemode": "tozero", "tickformat": ",d", "fixedrange": True},
        **{**_LAYOUT, "margin": {"l": 0, "r": 44, "t": 28, "b": 0}},
    )
    return figure


@st.cache_data(max_entries=32, show_spinner=False)
def _left_figure(
    points: tuple[tuple[date, float, float, float], ...],
    reorder_point: int | None,
    arrives_on: date | None,
    colour: str,
    ink: str,
) -> go.Figure:
    on, low, expected, high = zip(*points, strict=True)
    figure = go.Figure(
        go.Scatter(
            x=[*on, *reversed(on)],
            y=[*high, *reversed(low)],
            fill="toself",
            fillcolor=_faint(colour),
            line={"width": 0},
            hoverinfo="skip",
        )
    )
    figure.add_scatter(
        x=on,
        y=expected,
        mode="lines",
        line={"color": colour, "width": 3},
        customdata=[
            f"{words.day(one)}: about {left:,.0f} left, {least:,.0f} to {most:,.0f}"
            for one, least, left, most in points
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    if reorder_point is not None:
        figure.add_hline(
            y=reorder_point,
            line={"dash": "dot", "color": ink},
            annotation_text=f"reorder point {reorder_point:,}",
            annotation_position="bottom right",
        )
    if arrives_on is not None and arrives_on <= on[-1]:
        figure.add_vline(x=arrives_on, line={"dash": "dot", "color": ink})
        figure.add_annotation(
            x=arrives_on, y=1, yref="paper", yanchor="bottom", text="ordered now, it arrives here", showarrow=False
        )
    figure.update_layout(
        xaxis={"tickformat": "%d %b %Y", "nticks": 6, "fixedrange": True, "title": "day"},
        yaxis={"title": "units left", "rangemode": "tozero", "tickformat": ",d", "fixedrange": True},
        **_LAYOUT,
    )
    return figure


def _midnight(day: date) -> datetime:
    """Where a date is drawn: a bar stands half a week later, in the middle of its week."""
    return datetime.combine(day, time.min)


def _runs_of_unknown(amounts: Sequence[int | None]) -> list[tuple[int, int]]:
    """First and last place of each stretch without a figure."""
    found: list[tuple[int, int]] = []
    for place, amount in enumerate(amounts):
        if amount is not None:
            continue
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.22)"
