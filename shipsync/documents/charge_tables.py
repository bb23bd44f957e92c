"""A month's charges for spreadsheets: one workbook of eight sheets, and the lines alone as CSV.

Amounts are numbers and days dates that can be reckoned with; no text is taken for a formula or a link. Every total is
the sum of the column above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from shipsync.documents import charge_texts
from shipsync.documents.csv import csv_bytes
from shipsync.documents.workbook import Column, Kind, Value, Workbook, local
from shipsync.rules.charge_report import ChargeReport, StockOfMonth
from shipsync.rules.charge_sums import DaySum, LabelSum, day_sums, label_sums
from shipsync.rules.charges import NOTHING, Charge, Line, Rate
from shipsync.rules.months import month_name
from shipsync.rules.restatement import RestatedLine, Restatement

R = TypeVar("R")

# A spreadsheet holds 1,048,576 rows; what is beyond them it would leave out without a word.
LABELS_A_SHEET = 1_000_000

CSV_COLUMNS = (
    "Invoice",
    "Month",
    "Part",
    "Charge",
    "Day",
    "SKU",
    "Carrier",
    "Service",
    "Warehouse",
    "Quantity",
    "Rate",
    "Amount",
    "Currency",
    "What for",
    "Billed with",
    "Billed quantity",
    "Billed amount",
    "Quantity now",
    "Amount now",
    "Why",
)


class Label(Protocol):
    """A label as a closing froze it."""

    @property
    def shipment_id(self) -> int: ...
    @property
    def order_number(self) -> str | None: ...
    @property
    def day(self) -> date: ...
    @property
    def carrier_code(self) -> str | None: ...
    @property
    def service_code(self) -> str | None: ...
    @property
    def warehouse_id(self) -> int | None: ...
    @property
    def tracking_number(self) -> str | None: ...
    @property
    def is_return_label(self) -> bool: ...
    @property
    def voided(self) -> bool: ...
    @property
    def shipment_cost(self) -> Decimal: ...
    @property
    def insurance_cost(self) -> Decimal: ...
    @property
    def cost(self) -> Decimal:
        """What it is charged with in the end."""
        ...


@dataclass(frozen=True, slots=True)
class _Sent:
    """One carrier and service."""

    carrier: str
    service: str
    sum: LabelSum


@dataclass(frozen=True, slots=True)
class _Restated:
    """One line of one restated month."""

    of: Restatement
    line: RestatedLine


def csv(made: ChargeReport) -> bytes:
    """One row for each line, and one for each that restates a month before. The amounts add up to the total.

    Carriers and services are ShipStation's codes. The last six columns are those of restatements: quantity and amount
    of such a row are the difference.
    """
    rows: list[Line | _Restated] = [*made.lines, *_restated(made)]
    return csv_bytes(CSV_COLUMNS, (_csv_row(made, row) for row in rows), zone=ZoneInfo(made.zone))


def xlsx(made: ChargeReport, labels: Sequence[Label], *, labels_a_sheet: int = LABELS_A_SHEET) -> bytes:
    """The workbook; `labels` are those the report rests on. The same report and labels give the same bytes."""
    book = Workbook(f"{charge_texts.TITLE} {made.number}, {charge_texts.period(made)}", made.made_at, is_large=True)
    _summary(book, made)
    _listed(book, "Lines", _LINES, made.lines)
    days = day_sums(made.lines, made.days, made.month, made.billed_through)
    _listed(book, "Days", _day_columns(made), days, is_one_page_wide=True, frozen=1)
    _carriers(book, made)
    unused = {one.shipment_id: one.why for one in made.unused}
    for number, first in enumerate(range(0, max(len(labels), 1), labels_a_sheet), start=1):
        part = labels[first : first + labels_a_sheet]
        _listed(book, "Labels" if number == 1 else f"Labels {number}", _label_columns(unused), part)
    _listed(book, "Stock", _STOCK, made.stock, is_one_page_wide=True)
    _listed(book, "Restatements", _RESTATED, list(_restated(made)))
    _listed(book, "Rates", _RATES, made.rates, is_one_page_wide=True, frozen=1)
    return book.made()


# Rows of the CSV


def _csv_row(made: ChargeReport, row: Line | _Restated) -> list[object]:
    if isinstance(row, Line):
        return [
            made.number,
            made.name,
            charge_texts.part_name(row.charge),
            charge_texts.CHARGE_NAMES[row.charge],
            row.day,
            row.sku,
            row.carrier_code,
            row.service_code,
            row.warehouse_id,
            row.quantity,
            row.rate,
            row.amount,
            made.parties.currency,
            row.text,
            *([None] * 6),
        ]
    one, key = row.line.difference, row.line.difference.key
    return [
        made.number,
        month_name(row.of.month),
        charge_texts.EARLIER_NAME,
        charge_texts.CHARGE_NAMES[key.charge],
        key.day,
        key.sku,
        key.carrier_code,
        key.service_code,
        key.warehouse_id,
        one.now_quantity - one.billed_quantity,
        None,
        one.amount,
        made.parties.currency,
        None,
        row.of.billed_by,
        one.billed_quantity,
        one.billed,
        one.now_quantity,
        one.now,
        " ".join(row.line.causes),
    ]


def _restated(made: ChargeReport) -> Iterator[_Restated]:
    return (_Restated(of, line) for of in made.restatements for line in of.lines)


# Sheets


def _summary(book: Workbook, made: ChargeReport) -> None:
    zone = ZoneInfo(made.zone)
    sheet = book.add("Summary", is_one_page_wide=True)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 90)
    biller, payer = charge_texts.parties(made.parties)
    head: list[tuple[str, Value, Kind, str]] = [
        ("Invoice number", made.number, "text", ""),
        ("Version", made.version, "count", f"replaces version {made.replaces}" if made.replaces else ""),
        ("Issued on", made.issued_on, "date", ""),
        ("Due on", made.due_on, "date", ""),
        ("Billed from", made.month, "date", ""),
        ("Billed through", made.billed_through, "date", "" if made.is_complete else "the month is not over"),
        ("From", biller.name or None, "text", biller.in_line),
        ("Bill to", payer.name or None, "text", payer.in_line),
        ("Currency", made.parties.currency, "text", ""),
        ("Made at", local(made.made_at, zone), "instant", made.zone),
        ("As known at", local(made.as_of, zone), "instant", made.zone),
        ("Reviewed by", made.reviewed_by or None, "text", ""),
        ("Content hash", made.content_hash, "text", ""),
        ("Digest of the labels", made.labels_digest, "text", "over what is billed of each; the content hash covers it"),
    ]
    sheet.write_string(0, 0, f"{charge_texts.TITLE} {made.number}", book.bold)
    sheet.write_string(1, 0, charge_texts.period(made), book.bold)
    at = 3
    for sentence in charge_texts.statements(made):
        sheet.write_string(at, 0, sentence, book.bold)
        at += 1
    at = _pairs(book, sheet, at + (1 if at > 3 else 0), head)
    at += 1
    for part in charge_texts.summary(made):
        sheet.write_string(at, 0, part.name, book.bold)
        book.write(sheet, at, 1, part.amount, "money", is_bold=True)
        lines: list[tuple[str, Value, Kind, str]] = [
            (one.name, one.amount, "money", " · ".join(text for text in (one.basis, one.note) if text))
            for one in part.lines
        ]
        at = _pairs(book, sheet, at + 1, lines) + 1
    sheet.write_string(at, 0, "Total", book.bold)
    book.write(sheet, at, 1, made.total, "money", is_bold=True)
    sheet.write_string(at, 2, made.parties.currency, book.indented)
    counted: list[tuple[str, Value, Kind, str]] = [
        (one.name, one.amount, "count", one.beside) for one in charge_texts.counts(made)
    ]
    at = _pairs(book, sheet, at + 2, counted)
    if made.warnings:
        warned = (*made.warnings, charge_texts.issued_all_the_same(made))
        book.sentences(sheet, at + 1, "What the self-check warned of", warned, through=2)
        at += 1 + len(warned)
    book.sentences(sheet, at + 1, "How to read the figures", charge_texts.how_to_read(made), through=2)


def _pairs(book: Workbook, sheet: Any, at: int, rows: Iterable[tuple[str, Value, Kind, str]]) -> int:
    """Names, values and what stands beside them. Returns the next row."""
    for name, value, kind, beside in rows:
        sheet.write_string(at, 0, name)
        book.write(sheet, at, 1, value, kind)
        sheet.write_string(at, 2, beside, book.indented)
        at += 1
    return at


def _listed(
    book: Workbook,
    name: str,
    columns: Sequence[Column[R]],
    rows: Sequence[R],
    *,
    is_one_page_wide: bool = False,
    frozen: int = 2,
) -> None:
    """A sheet of rows, and where a sum says something its sums below them."""
    sheet, at = book.table(name, columns, rows, is_one_page_wide=is_one_page_wide, frozen=frozen)
    summed = [place for place, column in enumerate(columns) if column.is_summed]
    if not summed or not rows:
        return
    sheet.write_string(at, 0, "Total", book.bold)
    for place in summed:
        amounts = [value for row in rows if isinstance(value := columns[place].value(row), (int, Decimal))]
        book.write(sheet, at, place, sum(amounts), columns[place].kind, is_bold=True)


def _carriers(book: Workbook, made: ChargeReport) -> None:
    found = label_sums(made.lines, lambda one: (one.carrier_code, one.service_code))
    rows = [
        _Sent(charge_texts.carrier_name(carrier), charge_texts.service_name(service), amounts)
        for (carrier, service), amounts in found.items()
    ]
    _listed(
        book, "Carriers", _CARRIERS, sorted(rows, key=lambda one: (one.carrier, one.service)), is_one_page_wide=True
    )


def _money_of(charge: Charge) -> Callable[[DaySum], Value]:
    return lambda one: one.amounts.get(charge, NOTHING)


def _quantity_of(charge: Charge) -> Callable[[DaySum], Value]:
    return lambda one: one.quantities.get(charge, 0)


def _units_of(lines: Sequence[Line], sku: str) -> Callable[[DaySum], Value]:
    of_day: dict[date, int] = {}
    for one in lines:
        if one.charge == "unit" and one.sku == sku:
            of_day[one.day] = of_day.get(one.day, 0) + one.quantity
    return lambda one: of_day.get(one.day, 0)


def _day_columns(made: ChargeReport) -> list[Column[DaySum]]:
    """Every charge that the month has, and the units of each SKU."""
    skus = sorted({one.sku for one in made.lines if one.charge == "unit" and one.sku is not None})
    return [
        Column("Day", lambda one: one.day, "date", 17),
        Column("Orders", lambda one: one.counts.orders, is_summed=True),
        Column("Shipments", lambda one: one.counts.shipments, is_summed=True),
        Column("Packages", lambda one: one.counts.packages, is_summed=True),
        Column("Units", lambda one: one.counts.units, is_summed=True),
        Column("Voided", lambda one: one.counts.voided, is_summed=True),
        Column("Return labels", lambda one: one.counts.returns, width=13, is_summed=True),
        Column("Pallets", _quantity_of("pallet_day"), is_summed=True),
        Column(charge_texts.CARRIER_COST_NAME, lambda one: one.carrier_cost, "money", 12, is_summed=True),
        *(
            Column(charge_texts.DAY_NAMES[charge], _money_of(charge), "money", 13, is_summed=True)
            for charge in charge_texts.day_charges(made)
        ),
        Column("Total", lambda one: one.total, "money", 12, is_summed=True),
        *(Column(f"Units of {sku}", _units_of(made.lines, sku), width=15, is_summed=True) for sku in skus),
    ]


_LINES: tuple[Column[Line], ...] = (
    Column("Charge", lambda one: charge_texts.CHARGE_NAMES[one.charge], "text", 22),
    Column("Day", lambda one: one.day, "date", 17),
    Column("Part", lambda one: charge_texts.part_name(one.charge), "text", 14),
    Column("SKU", lambda one: one.sku or "", "text", 12),
    Column("Carrier", lambda one: _if_told(charge_texts.carrier_name, one.carrier_code), "text", 14),
    Column("Service", lambda one: _if_told(charge_texts.service_name, one.service_code), "text", 28),
    Column("Warehouse", lambda one: _number(one.warehouse_id), "text", 12),
    Column("Quantity", lambda one: one.quantity),
    Column("Rate (markup: %)", lambda one: one.rate if one.rate is not None else "", "rate", 16),
    Column("Amount", lambda one: one.amount, "money", 12, is_summed=True),
    Column("What for", lambda one: one.text or "", "text", 40),
)

_CARRIERS: tuple[Column[_Sent], ...] = (
    Column("Carrier", lambda one: one.carrier, "text", 18),
    Column("Service", lambda one: one.service, "text", 32),
    Column("Labels", lambda one: one.sum.labels, is_summed=True),
    Column("Return labels", lambda one: one.sum.returns, width=13, is_summed=True),
    Column("Voided", lambda one: one.sum.voided, is_summed=True),
    Column("Postage", lambda one: one.sum.postage, "money", 12, is_summed=True),
    Column("Insurance", lambda one: one.sum.insurance, "money", 12, is_summed=True),
    Column("Cost of returns", lambda one: one.sum.returned, "money", 15, is_summed=True),
    Column("Voids taken back", lambda one: one.sum.voids, "money", 16, is_summed=True),
    Column("Cost", lambda one: one.sum.total, "money", 12, is_summed=True),
)


def _label_columns(unused: dict[int, str]) -> tuple[Column[Label], ...]:
    return (
        Column("Label", lambda one: str(one.shipment_id), "text", 14),
        Column("Order", lambda one: one.order_number or "", "text", 14),
        Column("Day", lambda one: one.day, "date", 17),
        Column("Carrier", lambda one: _if_told(charge_texts.carrier_name, one.carrier_code), "text", 14),
        Column("Service", lambda one: _if_told(charge_texts.service_name, one.service_code), "text", 28),
        Column("Warehouse", lambda one: _number(one.warehouse_id), "text", 12),
        Column("Tracking", lambda one: one.tracking_number or "", "text", 24),
        Column("Return", lambda one: "yes" if one.is_return_label else "", "text"),
        Column("Voided", lambda one: "yes" if one.voided else "", "text"),
        Column("Postage", lambda one: one.shipment_cost, "money", 12, is_summed=True),
        Column("Insurance", lambda one: one.insurance_cost, "money", 12, is_summed=True),
        Column("Charged", lambda one: one.cost, "money", 12, is_summed=True),
        Column("Apparently never used", lambda one: unused.get(one.shipment_id, ""), "text", 40),
    )


_STOCK: tuple[Column[StockOfMonth], ...] = (
    Column("SKU", lambda one: one.sku, "text", 12),
    Column("Product", lambda one: one.name, "text", 30),
    Column("Opening", lambda one: one.opening, is_summed=True),
    Column("Received", lambda one: one.received, is_summed=True),
    Column("Shipped", lambda one: -one.shipped, is_summed=True),
    Column("Came back", lambda one: one.voided, width=11, is_summed=True),
    Column("Adjusted", lambda one: one.adjusted, is_summed=True),
    Column("Repacked", lambda one: one.repacked, is_summed=True),
    Column("By counts", lambda one: one.counted, is_summed=True),
    Column("Closing", lambda one: one.closing, is_summed=True),
    Column("Units per pallet", lambda one: one.pallet_size, width=15),
    Column("Pallet-days", lambda one: one.pallet_days, width=12, is_summed=True),
)

_RESTATED: tuple[Column[_Restated], ...] = (
    Column("Month", lambda one: month_name(one.of.month), "text", 10),
    Column("Day", lambda one: one.line.difference.key.day, "date", 17),
    Column("Charge", lambda one: charge_texts.what(one.line.difference.key), "text", 36),
    Column("Billed with", lambda one: one.of.billed_by, "text", 14),
    Column("Billed quantity", lambda one: one.line.difference.billed_quantity, width=15),
    Column("Quantity now", lambda one: one.line.difference.now_quantity, width=13),
    Column("Billed", lambda one: one.line.difference.billed, "money", 12),
    Column("Now", lambda one: one.line.difference.now, "money", 12),
    Column("Difference", lambda one: one.line.amount, "money", 12, is_summed=True),
    Column("Why", lambda one: " ".join(one.line.causes), "text", 90),
)

_RATES: tuple[Column[Rate], ...] = (
    Column("Rate", lambda one: charge_texts.RATE_NAMES[one.rate], "text", 16),
    Column("Amount", lambda one: one.amount, "rate", 12),
    Column("Of what", lambda one: charge_texts.rate_note(one), "text", 52),
    Column("Effective from", lambda one: one.effective_from, "date", 17),
)


def _if_told(name: Callable[[str | None], str], code: str | None) -> str:
    return "" if code is None else name(code)


def _number(warehouse_id: int | None) -> str:
    return "" if warehouse_id is None else str(warehouse_id)
