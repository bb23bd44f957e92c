"""One version of a week's report on screen, from its frozen figures, and what has changed of it since."""

from __future__ import annotations

import math

import streamlit as st

from shipsync.documents import weekly_texts
from shipsync.procedures import weekly_report as procedure
from shipsync.procedures.eow import frozen
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from shipsync.store.closings import Closing
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_state import work_calendar_now
from shipsync.web.tables import Column, table
from shipsync.web.week_charts import projection_chart, shipped_chart

PRODUCT_COLUMNS = (
    Column("sku", "SKU"),
    Column("level", "Level", "state"),
    Column("name", "Product", width=160),
    Column("shipped", "Shipped", "number"),
    Column("average", "Average a week", "decimal", help="Over the complete weeks known, at most 52."),
    Column("weeks", "of weeks", "number", help="How many weeks the average goes over."),
    Column("average_13", "13 weeks", "decimal", help="The average over the newest 13 weeks."),
    Column("average_4", "4 weeks", "decimal", help="The average over the newest 4 weeks."),
    Column("quantity", "On the shelf", "number"),
    Column(
        "available", "Available", "number", help="On the shelf, less what open orders need and what is quarantined."
    ),
    Column("days_left", "Days left", "number", help="Available by the average."),
    Column("runs_out_on", "Runs out", "date"),
    Column("between", "Four times of five", width=190),
    Column("reorder_point", "Reorder point", "number"),
    Column("origin", "is", help="Given for the product, or computed from average, swings and lead time."),
    Column("pallets", "Pallets + loose"),
    Column("reason", "Why", width=330),
    Column("unknown", "Not known, and why", width=330),
)
MOVED_COLUMNS = (
    Column("sku", "SKU"),
    Column("opening", "On Monday", "number"),
    Column("received", "Received", "number"),
    Column("shipped", "Shipped", "number"),
    Column("voided", "Came back", "number"),
    Column("adjusted", "Adjusted", "number"),
    Column("repacked", "Repacked", "number"),
    Column("counted", "By counts", "number"),
    Column("expected", "At the end", "number"),
)
RESTATED_COLUMNS = (
    Column("sku", "SKU"),
    Column("issued", "As issued", "number"),
    Column("now", "Now", "number"),
    Column("change", "Change", "number"),
)


def week_version(closing: Closing) -> None:
    """The report of one version: what is unusual, its figures, its charts, its tables."""
    report = frozen(closing)
    st.caption(f"{weekly_texts.period(report)}. {weekly_texts.made(report)}.")
    for sentence in weekly_texts.statements(report):
        st.markdown(f":orange[▲] {words.plain(sentence)}")
    _figures(report)
    _charts(report)
    st.subheader("Products")
    table(
        [_product(line) for line in report.lines],
        PRODUCT_COLUMNS,
        key="end_of_week_products",
        file=f"week-{report.name}",
        empty="No product is a key product, so there is nothing to report.",
        height="content",
    )
    with st.expander("How stock moved in the week", key="end_of_week_moved", on_change="rerun") as shell:
        if shell.open:
            table(
                [_moved(line) for line in report.lines],
                MOVED_COLUMNS,
                key="end_of_week_moved_table",
                file=f"movements-{report.name}",
                empty="Nothing is reported.",
                height="content",
            )
    st.caption("Content hash: two versions with the same one say the same.")
    st.code(closing.content_hash or words.UNKNOWN, language=None, wrap_lines=True)


def restated(closing: Closing) -> None:
    """What was shipped in the week and is counted otherwise by now: a void, a late label, a correction."""
    found = ask(procedure.restated, closing)
    st.subheader("Changed since it was issued")
    table(
        found,
        RESTATED_COLUMNS,
        key="end_of_week_restated",
        file=f"restated-{closing.period_start.isoformat()}",
        empty="Nothing of what it says was shipped has changed. What was issued stays as it is in any case.",
        height="content",
    )


def _figures(report: WeeklyReport) -> None:
    """Four figures, each with what it is compared with."""
    shown = {one.name: one for one in weekly_texts.summary(report)}
    units, orders = shown["Units shipped"], shown["Orders shipped"]
    critical, low = shown["SKUs critical"], shown["SKUs low"]
    with st.grid(4, min_column_width=165, border=True) as grid:
        with grid.cell():
            st.metric("Units shipped", units.text)
            st.caption(units.beside)
        with grid.cell():
            st.metric("Orders shipped", orders.text)
            st.caption(f"in {words.count(report.parcels, 'parcel')}")
        with grid.cell():
            st.metric("SKUs critical or low", words.number(critical.amount + low.amount))
            st.caption(", ".join(one.beside for one in (critical, low) if one.beside) or _rest(report))
        with grid.cell():
            on, beside = _first_out(report)
            st.metric("Runs out first", on)
            st.caption(beside)


def _first_out(report: WeeklyReport) -> tuple[str, str]:
    """When the first product is used up, and which that is; without the year, so that it fits on a phone."""
    dated = [line for line in report.lines if line.runs_out_on is not None]
    if not dated:
        return words.UNKNOWN, "no run-out can be told"
    first = min(dated, key=_runs_out)
    if first.available is not None and first.available <= 0:
        return "now", f"{first.sku}: nothing is available"
    beside = weekly_texts.product(first).runs_out.beside or words.day(first.runs_out_on)
    return f"{first.runs_out_on:%-d %b}", f"{first.sku}, {beside}"


def _rest(report: WeeklyReport) -> str:
    unknown = sum(1 for line in report.lines if line.level == "unknown")
    return f"of {words.count(unknown, 'SKU')} it cannot be told" if unknown else "all are normal"


def _charts(report: WeeklyReport) -> None:
    skus = [line.sku for line in report.lines]
    if not skus:
        return
    chosen = st.selectbox("SKU", skus, key="sku", bind="query-params", width=220)
    line = next((one for one in report.lines if one.sku == chosen), report.lines[0])
    left, right = st.columns(2, gap="large")
    with left:
        shipped_chart(report, line, work_calendar_now())
    with right:
        projection_chart(report, line)


def _runs_out(line: ReportLine) -> tuple[object, str]:
    return line.runs_out_on, line.sku


def _product(line: ReportLine) -> dict[str, object]:
    texts = weekly_texts.product(line)
    return {
        "sku": line.sku,
        "level": line.level,
        "name": line.name,
        "shipped": line.shipped,
        "average": line.weekly_average,
        "weeks": line.weeks_counted if line.weekly_average is not None else None,
        "average_13": line.weekly_average_13,
        "average_4": line.weekly_average_4,
        "quantity": line.quantity,
        "available": line.available,
        "days_left": math.floor(line.days_left) if line.days_left is not None else None,
        "runs_out_on": line.runs_out_on,
        "between": texts.runs_out.beside if line.runs_out_on is not None else None,
        "reorder_point": line.reorder_point,
        "origin": texts.reorder_point.beside if line.reorder_point is not None else None,
        "pallets": texts.pallets.text,
        "reason": line.reason,
        "unknown": weekly_texts.unknowns(line) or None,
    }


def _moved(line: ReportLine) -> dict[str, object]:
    moved, is_known = line.moved, line.quantity is not None
    return {
        "sku": line.sku,
        "opening": moved.opening if is_known else None,
        "received": moved.received,
        "shipped": -moved.shipped,
        "voided": moved.voided,
        "adjusted": moved.adjusted,
        "repacked": moved.repacked,
        "counted": moved.counted,
        "expected": moved.expected if is_known else None,
    }
