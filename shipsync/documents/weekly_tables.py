"""The weekly report for spreadsheets: one workbook of four sheets, and the products alone as CSV.

Figures are numbers and dates that can be reckoned with, not rounded; no text is taken for a formula or a link. What is
not known is empty in the CSV, an en dash in the workbook (empty among the weeks, or a chart would draw it as zero),
and a column says why.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import xlsxwriter

from shipsync.documents import weekly_texts, words
from shipsync.documents.csv import csv_bytes
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from shipsync.rules.weeks import week_ends, week_name

_CSV_PLACES = 6  # decimals of an average; more is noise of the machine

_GREY = "On the sheet Weeks an empty grey cell is a week that is not known."

Kind = Literal["text", "count", "average", "date", "instant"]
Value = str | int | float | date | None

_FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {},
    "count": {"num_format": "#,##0"},
    "average": {"num_format": "#,##0.0"},
    "date": {"num_format": "ddd d mmm yyyy", "align": "left"},
    "instant": {"num_format": "ddd d mmm yyyy hh:mm", "align": "left"},
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the products."""

    label: str
    value: Callable[[ReportLine], Value]
    kind: Kind = "count"
    width: int = 10  # characters


PRODUCTS: tuple[Column, ...] = (
    Column("SKU", lambda line: line.sku, "text", 12),
    Column("Product", lambda line: line.name, "text", 30),
    Column("Level", lambda line: line.level, "text", 10),
    Column("Why", lambda line: line.reason, "text", 52),
    Column("Shipped", lambda line: line.shipped),
    Column("Average a week", lambda line: line.weekly_average, "average", 15),
    Column("Weeks in the average", lambda line: line.weeks_counted, width=20),
    Column("13-week average", lambda line: line.weekly_average_13, "average", 16),
    Column("4-week average", lambda line: line.weekly_average_4, "average", 15),
    Column("Standard deviation a week", lambda line: line.weekly_deviation, "average", 25),
    Column("On the shelf", lambda line: line.quantity, width=12),
    Column("Awaiting shipment", lambda line: line.awaiting, width=18),
    Column("Quarantined", lambda line: line.quarantined, width=12),
    Column("Available", lambda line: line.available),
    Column("Days left", lambda line: line.days_left, "average"),
    Column("Runs out on", lambda line: line.runs_out_on, "date", 17),
    Column("Runs out at the earliest", lambda line: line.runs_out_earliest_on, "date", 22),
    Column("Runs out at the latest", lambda line: line.runs_out_latest_on, "date", 22),
    Column("Lead time in days", lambda line: line.lead_time_days, width=17),
    Column("Reorder point", lambda line: line.reorder_point, width=14),
    Column("Reorder point is", lambda line: _origin(line), "text", 16),
    Column("Units per pallet", lambda line: line.pallet_size, width=16),
    Column("Full pallets", lambda line: line.pallets[0] if line.pallets else None, width=12),
    Column("Loose units", lambda line: line.pallets[1] if line.pallets else None, width=12),
    Column("Not known, and why", weekly_texts.unknowns, "text", 60),
)

_MOVEMENTS: tuple[Column, ...] = (
    Column("SKU", lambda line: line.sku, "text", 12),
    Column("Product", lambda line: line.name, "text", 30),
    Column("On Monday", lambda line: _if_known(line, line.moved.opening), width=12),
    Column("Received", lambda line: line.moved.received),
    Column("Shipped", lambda line: -line.moved.shipped),
    Column("Came back", lambda line: line.moved.voided, width=11),
    Column("Adjusted", lambda line: line.moved.adjusted),
    Column("Repacked", lambda line: line.moved.repacked),
    Column("By counts", lambda line: line.moved.counted),
    Column("At the end", lambda line: _if_known(line, line.moved.expected), width=11),
)


def csv(report: WeeklyReport) -> bytes:
    """One row per product, each with the report it is of, so that files of several weeks can be put together."""
    of_report = ("Week", "From", "To", "Version", "Stock as of")
    rows = (
        [report.name, report.week_start, report.week_end, report.version, report.as_of]
        + [_plain(column.value(line)) for column in PRODUCTS]
        for line in report.lines
    )
    return csv_bytes([*of_report, *(column.label for column in PRODUCTS)], rows, zone=ZoneInfo(report.zone))


def xlsx(report: WeeklyReport) -> bytes:
    """The workbook: Summary, Products, Weeks and Movements. The same report gives the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    title = f"{weekly_texts.TITLE}, {weekly_texts.period(report)}"
    book.set_properties({"title": title, "created": report.made_at.astimezone(UTC).replace(tzinfo=None)})
    sheets = _Sheets(book)
    _summary(sheets, report)
    _table(sheets, "Products", PRODUCTS, report)
    _weeks(sheets, report)
    _table(sheets, "Movements", _MOVEMENTS, report)
    book.close()
    return out.getvalue()


class _Sheets:
    """A workbook with the few formats that all sheets share."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats = {kind: book.add_format(given) for kind, given in _FORMATS.items()}
        self.bold = book.add_format({"bold": True})
        self.heading = book.add_format({"bold": True, "bottom": 1})
        self.heading_right = book.add_format({"bold": True, "bottom": 1, "align": "right"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.indented = book.add_format({"indent": 1})
        self._unknown = book.add_format({"align": "right"})
        self._unknown_ground = book.add_format({"bg_color": "#eef1f0"})

    def add(self, name: str, *, is_one_page_wide: bool) -> Any:
        """A sheet for paper across; of a wide one, a page's width would be too small to read."""
        sheet = self._book.add_worksheet(name)
        sheet.set_landscape()
        if is_one_page_wide:
            sheet.fit_to_pages(1, 0)
        return sheet

    def head(self, sheet: Any, labels: list[tuple[str, bool]]) -> None:
        """Row 1, which stays in view and is printed on each page: (label, whether its column is of figures)."""
        for place, (label, is_right) in enumerate(labels):
            sheet.write_string(0, place, label, self.heading_right if is_right else self.heading)
        sheet.repeat_rows(0)

    def write(self, sheet: Any, row: int, column: int, value: Value, kind: Kind) -> None:
        """One cell, by the kind of its column: nothing in a text makes it anything else."""
        if value is None:
            sheet.write_string(row, column, words.UNKNOWN, self._unknown)
        elif isinstance(value, str):
            sheet.write_string(row, column, value, self._formats[kind])
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, self._formats[kind])
        else:
            sheet.write_number(row, column, value, self._formats[kind])

    def leave_unknown(self, sheet: Any, row: int, column: int) -> None:
        """An empty cell that is seen to be empty."""
        sheet.write_blank(row, column, None, self._unknown_ground)


def _summary(sheets: _Sheets, report: WeeklyReport) -> None:
    zone = ZoneInfo(report.zone)
    sheet = sheets.add("Summary", is_one_page_wide=True)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 90)
    rows: list[tuple[str, Value, Kind, str]] = [
        ("Week", report.name, "text", ""),
        ("From", report.week_start, "date", ""),
        ("To", report.week_end, "date", ""),
        ("Version", report.version, "count", ""),
        ("Made at", _local(report.made_at, zone), "instant", report.zone),
        ("Stock as of", _local(report.as_of, zone), "instant", report.zone),
        ("Content hash", report.content_hash, "text", ""),
    ]
    rows += [(one.name, one.amount, "count", one.beside) for one in weekly_texts.summary(report)]
    sheet.write_string(0, 0, weekly_texts.TITLE, sheets.bold)
    at = 2
    for sentence in weekly_texts.statements(report):
        sheet.write_string(at, 0, sentence, sheets.bold)
        at += 1
    at += 1 if at > 2 else 0
    for name, value, kind, beside in rows:
        sheet.write_string(at, 0, name)
        sheets.write(sheet, at, 1, value, kind)
        sheet.write_string(at, 2, beside, sheets.indented)
        at += 1
    sheet.write_string(at + 1, 0, "How to read the figures", sheets.bold)
    for place, sentence in enumerate((*weekly_texts.HOW_TO_READ, _GREY)):
        sheet.merge_range(at + 2 + place, 0, at + 2 + place, 2, sentence, sheets.wrapped)
        sheet.set_row(at + 2 + place, 32)


def _table(sheets: _Sheets, name: str, columns: tuple[Column, ...], report: WeeklyReport) -> None:
    sheet = sheets.add(name, is_one_page_wide=columns is _MOVEMENTS)
    sheets.head(sheet, [(column.label, column.kind in ("count", "average")) for column in columns])
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        for row, line in enumerate(report.lines, start=1):
            sheets.write(sheet, row, place, column.value(line), column.kind)
    sheet.freeze_panes(1, 2)


def _weeks(sheets: _Sheets, report: WeeklyReport) -> None:
    """One row per week, one column per SKU. A week that is not known stays empty, on grey."""
    sheet = sheets.add("Weeks", is_one_page_wide=False)
    sheets.head(sheet, [("Week", False), ("From", False), ("To", False), *((line.sku, True) for line in report.lines)])
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 2, 17)
    sheet.set_column(3, 2 + max(1, len(report.lines)), 12)
    for row, monday in enumerate(report.weeks, start=1):
        sheets.write(sheet, row, 0, week_name(monday), "text")
        sheets.write(sheet, row, 1, monday, "date")
        sheets.write(sheet, row, 2, week_ends(monday), "date")
        for place, line in enumerate(report.lines, start=3):
            amount = line.weeks[row - 1]
            if amount is None:
                sheets.leave_unknown(sheet, row, place)
            else:
                sheets.write(sheet, row, place, amount, "count")
    sheet.freeze_panes(1, 3)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """As the zone's clocks show it: a workbook's times know no zone."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _plain(value: Value) -> object:
    return round(Decimal(repr(value)), _CSV_PLACES).normalize() if isinstance(value, float) else value


def _origin(line: ReportLine) -> str | None:
    if line.reorder_point is None:
        return None
    return "given" if line.is_reorder_point_given else "computed"


def _if_known(line: ReportLine, amount: int) -> int | None:
    return amount if line.quantity is not None else None
