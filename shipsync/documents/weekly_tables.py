"""The weekly report for spreadsheets: one workbook of four sheets, and the products alone as CSV.

Figures are numbers and dates that can be reckoned with, not rounded; no text is taken for a formula or a link. What is
not known is empty in the CSV, an en dash in the workbook (empty among the weeks, or a chart would draw it as zero),
and a column says why.
"""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from shipsync.documents import weekly_texts
from shipsync.documents.csv import csv_bytes
from shipsync.documents.workbook import Column, Kind, Value, Workbook, local
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from shipsync.rules.weeks import week_ends, week_name

_CSV_PLACES = 6  # decimals of an average; more is noise of the machine

_GREY = "On the sheet Weeks an empty grey cell is a week that is not known."

PRODUCTS: tuple[Column[ReportLine], ...] = (
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

_MOVEMENTS: tuple[Column[ReportLine], ...] = (
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
    book = Workbook(f"{weekly_texts.TITLE}, {weekly_texts.period(report)}", report.made_at)
    _summary(book, report)
    book.table("Products", PRODUCTS, report.lines, is_one_page_wide=False)
    _weeks(book, report)
    book.table("Movements", _MOVEMENTS, report.lines, is_one_page_wide=True)
    return book.made()


def _summary(book: Workbook, report: WeeklyReport) -> None:
    zone = ZoneInfo(report.zone)
    sheet = book.add("Summary", is_one_page_wide=True)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 90)
    rows: list[tuple[str, Value, Kind, str]] = [
        ("Week", report.name, "text", ""),
        ("From", report.week_start, "date", ""),
        ("To", report.week_end, "date", ""),
        ("Version", report.version, "count", ""),
        ("Made at", local(report.made_at, zone), "instant", report.zone),
        ("Stock as of", local(report.as_of, zone), "instant", report.zone),
        ("Content hash", report.content_hash, "text", ""),
    ]
    rows += [(one.name, one.amount, "count", one.beside) for one in weekly_texts.summary(report)]
    sheet.write_string(0, 0, weekly_texts.TITLE, book.bold)
    at = 2
    for sentence in weekly_texts.statements(report):
        sheet.write_string(at, 0, sentence, book.bold)
        at += 1
    at += 1 if at > 2 else 0
    for name, value, kind, beside in rows:
        sheet.write_string(at, 0, name)
        book.write(sheet, at, 1, value, kind)
        sheet.write_string(at, 2, beside, book.indented)
        at += 1
    book.sentences(sheet, at + 1, "How to read the figures", (*weekly_texts.HOW_TO_READ, _GREY), through=2)


def _weeks(book: Workbook, report: WeeklyReport) -> None:
    """One row per week, one column per SKU. A week that is not known stays empty, on grey."""
    sheet = book.add("Weeks", is_one_page_wide=False)
    book.head(sheet, [("Week", False), ("From", False), ("To", False), *((line.sku, True) for line in report.lines)])
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 2, 17)
    sheet.set_column(3, 2 + max(1, len(report.lines)), 12)
    for row, monday in enumerate(report.weeks, start=1):
        book.write(sheet, row, 0, week_name(monday), "text")
        book.write(sheet, row, 1, monday, "date")
        book.write(sheet, row, 2, week_ends(monday), "date")
        for place, line in enumerate(report.lines, start=3):
            amount = line.weeks[row - 1]
            if amount is None:
                book.leave_unknown(sheet, row, place)
            else:
                book.write(sheet, row, place, amount, "count")
    sheet.freeze_panes(1, 3)


def _plain(value: Value) -> object:
    return round(Decimal(repr(value)), _CSV_PLACES).normalize() if isinstance(value, float) else value


def _origin(line: ReportLine) -> str | None:
    if line.reorder_point is None:
        return None
    return "given" if line.is_reorder_point_given else "computed"


def _if_known(line: ReportLine, amount: int) -> int | None:
    return amount if line.quantity is not None else None
