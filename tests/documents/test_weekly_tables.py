"""The weekly report for spreadsheets: real figures, the same everywhere, and nothing that a program would run."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from shipsync.documents import weekly_report
from shipsync.rules.ledger import Waterfall
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from tests.documents.reports import MADE_AT, WEEK_47, a_line, a_report, many, padded, the_five, troubled

SHELVES = pytest.mark.parametrize(
    "lines", [the_five(), padded(troubled()), many(60)], ids=["five", "troubled", "many"]
)  # fmt: skip
# What a product's columns show, by their headings.
FIGURES = {
    "Shipped": "shipped",
    "Average a week": "weekly_average",
    "Weeks in the average": "weeks_counted",
    "13-week average": "weekly_average_13",
    "4-week average": "weekly_average_4",
    "Standard deviation a week": "weekly_deviation",
    "On the shelf": "quantity",
    "Awaiting shipment": "awaiting",
    "Quarantined": "quarantined",
    "Available": "available",
    "Days left": "days_left",
    "Lead time in days": "lead_time_days",
    "Reorder point": "reorder_point",
    "Units per pallet": "pallet_size",
}
DATES = {
    "Runs out on": "runs_out_on",
    "Runs out at the earliest": "runs_out_earliest_on",
    "Runs out at the latest": "runs_out_latest_on",
}


def book(report: WeeklyReport) -> Workbook:
    """The workbook as others read it."""
    return load_workbook(io.BytesIO(weekly_report.xlsx(report)))


def rows(sheet: Any) -> list[dict[str, Any]]:
    """Its rows by the headings of the first."""
    head, *others = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in others]


def csv_rows(report: WeeklyReport) -> list[dict[str, str]]:
    """The CSV's rows."""
    return list(csv.DictReader(io.StringIO(weekly_report.csv(report).decode("utf-8-sig"), newline="")))


def midnight(on: date) -> datetime:
    """How a workbook gives back a date."""
    return datetime.combine(on, time.min)


@SHELVES
def test_the_workbook_has_the_reports_figures(lines: list[ReportLine]) -> None:
    report = a_report(lines)

    products = rows(book(report)["Products"])

    assert [row["SKU"] for row in products] == [line.sku for line in report.lines]
    for row, line in zip(products, report.lines, strict=True):
        assert (row["Product"], row["Level"], row["Why"]) == (line.name, line.level, line.reason)
        for heading, field in FIGURES.items():
            amount = getattr(line, field)
            assert row[heading] == ("–" if amount is None else pytest.approx(amount, rel=1e-12)), (line.sku, heading)
        for heading, field in DATES.items():
            on = getattr(line, field)
            assert row[heading] == ("–" if on is None else midnight(on)), (line.sku, heading)
        assert (row["Full pallets"], row["Loose units"]) == (line.pallets or ("–", "–"))


@SHELVES
def test_the_csv_has_the_reports_figures(lines: list[ReportLine]) -> None:
    report = a_report(lines)

    for row, line in zip(csv_rows(report), report.lines, strict=True):
        assert (row["SKU"], row["Product"], row["Level"], row["Why"]) == (line.sku, line.name, line.level, line.reason)
        for heading, field in FIGURES.items():
            amount = getattr(line, field)
            told = float(row[heading]) if row[heading] else None
            assert told == (None if amount is None else pytest.approx(amount, abs=1e-6)), (line.sku, heading)
        for heading, field in DATES.items():
            on = getattr(line, field)
            assert row[heading] == ("" if on is None else on.isoformat())


def test_a_row_of_the_csv_says_which_report_it_is_of() -> None:
    row = csv_rows(a_report([a_line()], version=3))[0]

    assert list(row)[:6] == ["Week", "From", "To", "Version", "Stock as of", "SKU"]
    assert list(row.values())[:5] == ["2026-W47", "2026-11-16", "2026-11-22", "3", "2026-11-20T12:48:00-08:00"]


def test_averages_in_the_csv_are_plain_decimals() -> None:
    row = csv_rows(a_report([a_line(weeks=[490] * 60)]))[0]

    assert (row["Average a week"], row["Standard deviation a week"]) == ("490", "0")


def test_what_is_not_known_says_why() -> None:
    line = a_line(quantity=None, weeks=[1, 2], lead_time_days=None, pallet_size=None)

    told = rows(book(a_report([line]))["Products"])[0]["Not known, and why"]

    assert told == (
        "Average: 2 complete weeks known, 4 are needed; On the shelf: not counted yet; Days left: not counted yet; "
        "Runs out: not counted yet; Reorder point: no average yet; Pallets: not counted yet"
    )
    assert csv_rows(a_report([line]))[0]["Not known, and why"] == told


def test_weeks_are_a_series_in_which_the_unknown_is_no_zero() -> None:
    report = a_report(padded(troubled()))

    series = rows(book(report)["Weeks"])

    assert [row["From"].date() for row in series] == list(report.weeks)
    assert (series[-1]["Week"], series[-1]["To"]) == ("2026-W47", midnight(date(2026, 11, 22)))
    for line in report.lines:
        assert tuple(row[line.sku] for row in series) == line.weeks


def test_movements_add_up() -> None:
    moved = Waterfall(opening=1139, received=480, shipped=417, voided=4, adjusted=-2, repacked=6, counted=-6)
    row = rows(book(a_report([a_line(quantity=1204, moved=moved)]))["Movements"])[0]

    assert list(row.values()) == ["17612", "Rinse, case", 1139, 480, -417, 4, -2, 6, -6, 1204]
    assert sum(list(row.values())[2:-1]) == row["At the end"]

    unknown = rows(book(a_report([a_line(quantity=None)]))["Movements"])[0]
    assert (unknown["On Monday"], unknown["Shipped"], unknown["At the end"]) == ("–", -495, "–")


def test_the_summary_says_what_the_report_is_and_what_is_unusual() -> None:
    report = a_report(padded(troubled()), stated=("Thu 19 Nov 2026 is a day off.",))

    sheet = book(report)["Summary"]

    told = {row[0]: row[1:3] for row in sheet.iter_rows(values_only=True) if row[0]}
    assert "Thu 19 Nov 2026 is a day off." in told
    assert told["Week"][0] == "2026-W47"
    assert told["From"][0] == midnight(WEEK_47)
    assert told["Stock as of"] == (datetime.fromisoformat("2026-11-20T12:48"), "America/Los_Angeles")
    assert told["Content hash"][0] == report.content_hash
    assert told["Units shipped"][0] == 896
    assert told["SKUs critical"] == (1, "20102")
    assert told["SKUs unknown"] == (2, "20101, 20104")


def test_figures_have_formats_and_heads_stay_in_view() -> None:
    made = book(a_report(the_five()))

    assert made.sheetnames == ["Summary", "Products", "Weeks", "Movements"]
    products = made["Products"]
    heads = [cell.value for cell in products[1]]
    formats = {head: cell.number_format for head, cell in zip(heads, products[2], strict=True)}
    assert formats["Shipped"] == "#,##0"
    assert formats["Average a week"] == "#,##0.0"
    assert formats["Runs out on"] == "ddd d mmm yyyy"
    assert [made[name].freeze_panes for name in ("Products", "Weeks", "Movements")] == ["C2", "D2", "C2"]
    assert all(products.column_dimensions[letter].width > 8 for letter in "ABCDEF")
    assert products.print_title_rows == "$1:$1"


@pytest.mark.parametrize("name", ["=1+1", "=HYPERLINK(\"http://example.com\")", "+1", "-1", "@x", "{=1}", "http://example.com",
                                  "0012", "123456789012345678", "_x0041_", "a\x00b", "\tx"])  # fmt: skip
def test_no_text_becomes_a_formula_a_link_or_a_number(name: str) -> None:
    report = a_report([a_line("=1+1", name=name, reason=name)], stated=(name,))

    made = book(report)
    cells = [cell for sheet in made for row in sheet.iter_rows() for cell in row]

    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert all(cell.hyperlink is None for cell in cells)
    named = made["Products"]["B2"]
    assert named.data_type == "s"
    with zipfile.ZipFile(io.BytesIO(weekly_report.xlsx(report))) as parts:
        for part in parts.namelist():
            assert b"<f>" not in parts.read(part)
            assert b"<f " not in parts.read(part)

    row = csv_rows(report)[0]
    assert row["SKU"] == "'=1+1"
    assert not row["Product"].startswith(("=", "+", "-", "@", "\t"))


def test_the_same_report_gives_the_same_bytes_also_after_it_was_kept() -> None:
    report = a_report(padded(troubled()))
    kept = WeeklyReport.from_json(report.as_json())

    assert weekly_report.xlsx(kept) == weekly_report.xlsx(report)
    assert weekly_report.csv(kept) == weekly_report.csv(report)
    assert book(report).properties.created == MADE_AT.replace(tzinfo=None)


def test_a_report_of_nothing_has_its_sheets_all_the_same() -> None:
    report = a_report([])

    assert [sheet.max_row for sheet in book(report)][1:] == [1, 2, 1]
    assert csv_rows(report) == []
    assert rows(book(report)["Weeks"])[0]["From"] == midnight(WEEK_47)
