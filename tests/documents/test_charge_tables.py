"""A month's charges for spreadsheets: real amounts and days, sums that meet, nothing that a program would run."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from shipsync.documents import charge_report
from shipsync.documents.charge_tables import CSV_COLUMNS
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import total
from tests.documents.a_month import (
    FIRST,
    MADE_AT,
    Label,
    a_full_month,
    a_label,
    a_month,
    a_rude_month,
    a_small_month,
    an_empty_month,
    labels_of,
)

SHEETS = ["Summary", "Lines", "Days", "Carriers", "Labels", "Stock", "Restatements", "Rates"]


def book(made: ChargeReport, labels: Sequence[Label] = ()) -> Workbook:
    """The workbook as others read it."""
    return load_workbook(io.BytesIO(charge_report.xlsx(made, labels)))


def rows(sheet: Any) -> list[dict[str, Any]]:
    """Its rows by the headings of the first, the sums below them last."""
    head, *others = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in others]


def cents(value: object) -> Decimal:
    """An amount as a spreadsheet shows it."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def csv_rows(made: ChargeReport) -> list[dict[str, str]]:
    """The CSV's rows."""
    return list(csv.DictReader(io.StringIO(charge_report.csv(made).decode("utf-8-sig"), newline="")))


def told(made: ChargeReport) -> dict[str, tuple[Any, Any]]:
    """What the summary says, by name."""
    return {row[0]: row[1:3] for row in book(made)["Summary"].iter_rows(values_only=True) if row[0]}


def test_the_workbooks_sums_are_the_reports() -> None:
    made = a_full_month()
    sheets = book(made, labels_of())

    assert sheets.sheetnames == SHEETS
    *lines, sums = rows(sheets["Lines"])
    assert [cents(row["Amount"]) for row in lines] == [one.amount for one in made.lines]
    assert [row["Day"].date() for row in lines] == [one.day for one in made.lines]
    assert cents(sums["Amount"]) == made.charges
    *days, sums = rows(sheets["Days"])
    assert len(days) == 30
    assert sum(cents(row["Total"]) for row in days) == cents(sums["Total"]) == made.charges
    assert cents(sums["Carrier cost"]) == made.carrier_cost
    assert sums["Orders"] == sum(one.orders for one in made.days)
    assert sums["Units of 17612"] == sum(
        one.quantity for one in made.lines if (one.charge, one.sku) == ("unit", "17612")
    )
    markup = total(one for one in made.lines if one.charge == "markup")
    for name, column in (("Carriers", "Cost"), ("Labels", "Charged")):
        assert cents(rows(sheets[name])[-1][column]) == made.carrier_cost - markup, name
    *stock, sums = rows(sheets["Stock"])
    assert sums["Pallet-days"] == sum(one.quantity for one in made.lines if one.charge == "pallet_day")
    for row in stock:
        assert sum(list(row.values())[2:9]) == row["Closing"], row["SKU"]
    assert cents(rows(sheets["Restatements"])[-1]["Difference"]) == made.restated
    assert [(row["Rate"], row["Effective from"].date()) for row in rows(sheets["Rates"])][:2] == [
        ("Order", date(2026, 1, 1)),
        ("Order", date(2026, 11, 16)),
    ]


def test_the_summary_has_the_head_and_the_sums_of_the_invoice() -> None:
    made = a_full_month()
    said = told(made)

    assert said["Invoice number"][0] == "2026-11-v2"
    assert said["Version"] == (2, "replaces version 1")
    assert said["Due on"][0] == datetime.combine(made.due_on, time.min)
    assert said["Bill to"] == ("Sample Brands Inc", "Accounts payable, 400 Sample Street, Suite 4, Portland, OR 97201")
    assert [
        cents(said[name][0]) for name in ("Carrier cost", "Service fees", "Added lines", "Earlier months", "Total")
    ] == [
        made.carrier_cost,
        made.service_fees,
        made.extras,
        made.restated,
        made.total,
    ]
    assert said["Orders, Mon 16 Nov – Mon 30 Nov"] == (861.4, "292 × 2.95")
    assert said["Content hash"][0] == made.content_hash
    assert "It replaces version 1, which said 13,480.11 USD." in said
    assert "kim issued it all the same. The reason given: Both were sent with a prepaid label of the carrier." in said


def test_the_csvs_amounts_add_up_to_the_total_with_what_was_restated() -> None:
    made = a_full_month()
    found = csv_rows(made)

    assert sum(Decimal(row["Amount"]) for row in found) == made.total
    *_, restated = found
    assert list(restated) == list(CSV_COLUMNS)
    assert (restated["Month"], restated["Part"], restated["Billed with"]) == ("2026-10", "Earlier months", "2026-10-v1")
    assert Decimal(restated["Amount now"]) - Decimal(restated["Billed amount"]) == Decimal(restated["Amount"])
    assert "Entry 8120 (receive +30 on Sat 31 Oct 2026) was entered on Wed 4 Nov 2026." in restated["Why"]
    first = found[0]
    assert (first["Invoice"], first["Month"], first["Charge"], first["Day"], first["Service"]) == (
        "2026-11-v2",
        "2026-11",
        "Postage",
        "2026-11-02",
        "fedex_2day",
    )
    order = next(row for row in found if row["Charge"] == "Orders")
    assert (order["Rate"], order["Billed with"], order["Why"]) == ("2.7500", "", "")


def test_labels_are_listed_with_what_they_are_charged_with_and_which_were_never_used() -> None:
    labels = [a_label(50210, FIRST), a_label(2, FIRST, voided=True, tracking_number=None, warehouse_id=None)]
    used, voided, _ = rows(book(a_full_month(), labels)["Labels"])

    assert (used["Label"], used["Charged"], used["Apparently never used"]) == ("50210", 9.4, "Its order is cancelled.")
    assert (voided["Voided"], voided["Postage"], voided["Charged"]) == ("yes", 9.4, 0)


def test_more_labels_than_a_sheet_holds_go_on_on_the_next() -> None:
    labels = [a_label(number, FIRST) for number in range(1, 8)]
    found = load_workbook(io.BytesIO(charge_report.xlsx(a_full_month(), labels, labels_a_sheet=3)))
    listed = {
        name: [row["Label"] for row in rows(found[name])][:-1] for name in found.sheetnames if name.startswith("Labels")
    }
    assert listed == {"Labels": ["1", "2", "3"], "Labels 2": ["4", "5", "6"], "Labels 3": ["7"]}


def test_amounts_have_cents_and_heads_stay_in_view() -> None:
    sheets = book(a_full_month(), labels_of())

    heads = {name: [cell.value for cell in sheets[name][1]] for name in SHEETS[1:]}
    assert sheets["Lines"].cell(2, heads["Lines"].index("Amount") + 1).number_format == "#,##0.00"
    assert sheets["Lines"].cell(2, heads["Lines"].index("Day") + 1).number_format == "ddd d mmm yyyy"
    assert sheets["Rates"].cell(2, 2).number_format == "#,##0.00##"
    assert [sheets[name].freeze_panes for name in SHEETS[1:]] == ["C2", "B2", "C2", "C2", "C2", "C2", "B2"]
    for name in SHEETS[1:]:
        assert sheets[name].print_title_rows == "$1:$1"


@pytest.mark.parametrize("made", [a_small_month(), an_empty_month()], ids=["small", "empty"])
def test_a_month_of_next_to_nothing_has_its_sheets_all_the_same(made: ChargeReport) -> None:
    assert book(made).sheetnames == SHEETS
    assert cents(told(made)["Total"][0]) == made.total
    assert sum((Decimal(row["Amount"]) for row in csv_rows(made)), Decimal(0)) == made.total


def test_no_text_becomes_a_formula_a_link_or_a_number() -> None:
    made = a_rude_month()
    labels = [a_label(1, FIRST, order_number="=1+1", tracking_number="123456789012345678", service_code="+x")]

    content = charge_report.xlsx(made, labels)

    cells = [cell for sheet in load_workbook(io.BytesIO(content)) for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert all(cell.hyperlink is None for cell in cells)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for part in parts.namelist():
            assert b"<f>" not in parts.read(part)
            assert b"<f " not in parts.read(part)
    for row in csv_rows(made):
        for name in ("What for", "Why", "SKU", "Service"):
            assert not row[name].startswith(("=", "+", "-", "@")), row


def test_the_same_report_gives_the_same_bytes_also_after_it_was_kept() -> None:
    made, labels = a_full_month(), labels_of()
    kept = ChargeReport.from_json(made.as_json())

    assert charge_report.xlsx(kept, labels) == charge_report.xlsx(made, labels)
    assert charge_report.csv(kept) == charge_report.csv(made)
    assert book(made).properties.created == MADE_AT.replace(tzinfo=None)


def test_a_part_of_a_month_has_its_days_alone() -> None:
    made = a_month(date(2026, 11, 12))

    assert len(rows(book(made)["Days"])) == 12 + 1
    assert told(made)["Billed through"] == (datetime.combine(date(2026, 11, 12), time.min), "the month is not over")
