"""The rows behind a figure of a closed month: labels, orders, units, pallets, receipts or lines, as they were billed.

figure -> open_rows(query_of(closing, "labels", day=...)) -> this list -> the order, with its raw record
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NoReturn, cast, get_args

import streamlit as st

from shipsync import runtime
from shipsync.documents import charge_texts
from shipsync.documents import words as paper
from shipsync.documents.charge_texts import CHARGE_NAMES, rate_amount
from shipsync.procedures.eom import frozen
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import CARRIER_COST, Charge, Key, Line, pallets, total
from shipsync.rules.charges import CHARGES as ALL_CHARGES
from shipsync.rules.months import month_name, month_words
from shipsync.store import charge_rows, charges
from shipsync.store.charge_rows import Behind, BilledLabel
from shipsync.store.closings import Closing
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.opening import open_page
from shipsync.web.tables import Column, table

Rows = Literal["labels", "orders", "units", "pallets", "receipts", "lines"]
NAMES: Mapping[Rows, str] = {
    "labels": "Labels",
    "orders": "Orders",
    "units": "Units",
    "pallets": "Pallets",
    "receipts": "Receipts",
    "lines": "Lines",
}
# What a charge rests on.
ROWS_OF: Mapping[Charge, Rows] = {
    "postage": "labels",
    "insurance": "labels",
    "return": "labels",
    "void": "labels",
    "markup": "labels",
    "order": "orders",
    "unit": "units",
    "pallet_day": "pallets",
    "receipt": "receipts",
    "minimum": "lines",
    "extra": "lines",
}
SHOWN = 500
ALL = 10_000_000  # of the CSV

LABEL_COLUMNS = (
    Column("order_number", "Order"),
    Column("billed", "Billed", "money", help="What it adds to this figure."),
    Column("day", "Ship date", "date"),
    Column("state", "State", "state"),
    Column("shipment_cost", "Postage", "money"),
    Column("insurance_cost", "Insurance", "money"),
    Column("sent", "Carrier and service"),
    Column("tracking_number", "Tracking number"),
    Column("shipment_id", "ShipStation id"),
)
ORDER_COLUMNS = (
    Column("order_number", "Order"),
    Column("day", "First parcel left", "date"),
    Column("shipstation_order_id", "ShipStation id"),
)
UNIT_COLUMNS = (
    Column("order_number", "Order"),
    Column("sku", "SKU"),
    Column("quantity", "Units", "number"),
    Column("day", "Ship date", "date"),
    Column("parcel_kind", "Parcel", help="The kind of record it is known from, at ShipStation."),
    Column("parcel_id", "ShipStation id"),
)
PALLET_COLUMNS = (
    Column("sku", "SKU"),
    Column("day", "At the end of", "date"),
    Column("units", "Units", "number"),
    Column("pallet_size", "Units a pallet", "number"),
    Column("pallets", "Pallets", "number"),
    Column("rate", "At"),
    Column("amount", "Amount", "money"),
)
RECEIPT_COLUMNS = (
    Column("reference", "Delivery"),
    Column("day", "Came on", "date"),
    Column("units", "Units", "number"),
)
LINE_COLUMNS = (
    Column("what", "Line"),
    Column("day", "Day", "date"),
    Column("quantity", "Quantity", "number"),
    Column("rate", "At"),
    Column("amount", "Amount", "money"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows the address names."""

    rows: Rows
    behind: Behind


def query_of(
    closing: Closing,
    rows: Rows,
    *,
    day: date | None = None,
    charge: Charge | None = None,
    carrier: str | None = None,
    service: str | None = None,
    sku: str | None = None,
) -> dict[str, str]:
    """The address of rows behind a figure, on this page."""
    query = {"month": month_name(closing.period_start), "version": str(closing.version), "rows": rows}
    given = {
        "day": day.isoformat() if day else None,
        "charge": charge,
        "carrier": carrier,
        "service": service,
        "sku": sku,
    }
    return query | {name: value for name, value in given.items() if value is not None}


def rows_asked() -> Asked | None:
    """The rows that the address names; None: the report itself. What cannot be read in it is passed over."""
    given = st.query_params
    rows, charge = given.get("rows", ""), given.get("charge")
    if rows not in get_args(Rows):
        return None
    try:
        day = date.fromisoformat(given.get("day", ""))
    except ValueError:
        day = None
    known = next((one for one in ALL_CHARGES if one == charge), None)
    return Asked(cast(Rows, rows), Behind(day, known, given.get("carrier"), given.get("service"), given.get("sku")))


def month_rows(closing: Closing, asked: Asked) -> None:
    """The rows, with the way back to the report."""
    report = frozen(closing)
    # Buttons, because a link to the page that is open leaves the browser's address as it was (Streamlit 1.67).
    back = f"{month_words(report.month)}, version {report.version}"
    if st.button(back, key="end_of_month_back", icon=":material/arrow_back:", type="tertiary"):
        open_rows({"month": report.name, "version": str(report.version)})
    st.header(_title(asked))
    _ways(closing, asked)
    match asked.rows:
        case "labels":
            _labels(closing, report, asked.behind)
        case "orders":
            _orders(closing, report, asked.behind)
        case "units":
            _units(closing, report, asked.behind)
        case "pallets":
            _pallets(closing, report, asked.behind)
        case "receipts":
            _receipts(closing, report, asked.behind)
        case "lines":
            _lines(closing, report, asked.behind)


def open_rows(query: Mapping[str, str]) -> NoReturn:
    """Show another list, or another version, on this page: the address is that and nothing else."""
    st.query_params.from_dict(query)
    st.rerun(scope="app")


def open_order(asked: str | int | None) -> None:
    """Open an order by its number or its id at ShipStation; a label of no order says so instead."""
    if asked is not None:
        open_page("order", order=str(asked))
    st.toast("It belongs to no order.")


def _title(asked: Asked) -> str:
    behind = asked.behind
    of = [words.day(behind.day)] if behind.day else []
    if behind.charge is not None:
        of.append(CHARGE_NAMES[behind.charge].lower())
    if behind.service_code is not None:
        of.append(charge_texts.sent_with(behind.carrier_code or None, behind.service_code or None))
    if behind.sku:
        of.append(behind.sku)
    return f"{NAMES[asked.rows]}: {words.plain(', '.join(of))}" if of else NAMES[asked.rows]


def _ways(closing: Closing, asked: Asked) -> None:
    """What else of the same days there is."""
    with st.container(horizontal=True):
        for rows, name in NAMES.items():
            if rows != asked.rows and st.button(
                name, key=f"end_of_month_{rows}_too", icon=":material/chevron_right:", type="tertiary"
            ):
                open_rows(query_of(closing, rows, day=asked.behind.day))


def _labels(closing: Closing, report: ChargeReport, behind: Behind) -> None:
    job_id, month = closing.job_id, closing.period_start
    many, amount = ask(charge_rows.labels_sum, job_id, month, behind)
    found = ask(charge_rows.labels, job_id, month, behind, SHOWN)
    kinds = "Voided ones add nothing. " if behind.charge in (None, "markup") else ""
    _say(f"{words.count(many, 'label')}, {words.money(amount, report.parties.currency)} as billed. {kinds}", many)

    def row(one: BilledLabel) -> dict[str, object]:
        state = "voided" if one.voided else "return" if one.is_return_label else "shipped"
        given = {column.field: getattr(one, column.field, None) for column in LABEL_COLUMNS}
        return given | {"state": state, "sent": charge_texts.sent_with(one.carrier_code, one.service_code)}

    opened = table(
        [row(one) for one in found],
        LABEL_COLUMNS,
        key="end_of_month_labels",
        file=f"labels-{report.number}",
        empty="No label is behind this figure.",
        all_rows=lambda: map(row, charge_rows.labels(runtime.app().db.read(), job_id, month, behind, ALL)),
        opens=True,
    )
    if opened is not None:
        open_order(found[opened].shipstation_order_id)


def _orders(closing: Closing, report: ChargeReport, behind: Behind) -> None:
    job_id, month = closing.job_id, closing.period_start
    many = ask(charge_rows.orders_sum, job_id, month, behind)
    found = ask(charge_rows.orders, job_id, month, behind, SHOWN)
    _say(f"{words.count(many, 'order')}, {_amount(report, 'order', behind)} in order fees. ", many)
    opened = table(
        found,
        ORDER_COLUMNS,
        key="end_of_month_orders",
        file=f"orders-{report.number}",
        empty="No order is behind this figure.",
        all_rows=lambda: charge_rows.orders(runtime.app().db.read(), job_id, month, behind, ALL),
        opens=True,
    )
    if opened is not None:
        open_order(found[opened].shipstation_order_id)


def _units(closing: Closing, report: ChargeReport, behind: Behind) -> None:
    job_id, month = closing.job_id, closing.period_start
    many, units = ask(charge_rows.items_sum, job_id, month, behind)
    found = ask(charge_rows.items, job_id, month, behind, SHOWN)
    _say(f"{words.count(units, 'unit')}, {_amount(report, 'unit', behind)} in unit fees. ", many)
    opened = table(
        found,
        UNIT_COLUMNS,
        key="end_of_month_units",
        file=f"units-{report.number}",
        empty="No unit is behind this figure.",
        all_rows=lambda: charge_rows.items(runtime.app().db.read(), job_id, month, behind, ALL),
        opens=True,
    )
    if opened is not None:
        open_order(found[opened].shipstation_order_id)


def _pallets(closing: Closing, report: ChargeReport, behind: Behind) -> None:
    stock = ask(charges.frozen_stock, closing.job_id, closing.period_start)
    lines = {(one.day, one.sku): one for one in report.lines if one.charge == "pallet_day"}
    rows: list[dict[str, object]] = []
    for (day, sku), (units, size) in stock.items():
        if (behind.day and day != behind.day) or (behind.sku and sku != behind.sku):
            continue
        line = lines.get((day, sku))
        rows.append(
            {
                "sku": sku,
                "day": day,
                "units": units,
                "pallet_size": size,
                "pallets": pallets(units, size) if size else None,
                "rate": rate_amount(line.rate) if line is not None and line.rate is not None else None,
                "amount": line.amount if line is not None else None,
            }
        )
    _say(f"Pallets at the end of each day, begun ones counted: {_amount(report, 'pallet_day', behind)}. ", 0)
    opened = table(
        rows,
        PALLET_COLUMNS,
        key="end_of_month_pallets",
        file=f"pallets-{report.number}",
        empty="No stock was billed.",
        opens=True,
    )
    if opened is not None:
        open_page("inventory", sku=str(rows[opened]["sku"]), show="Movements")


def _receipts(closing: Closing, report: ChargeReport, behind: Behind) -> None:
    found = ask(charge_rows.receipts, closing.job_id, closing.period_start, behind)
    _say(
        f"{words.count(len(found), 'delivery', 'deliveries')}, {_amount(report, 'receipt', behind)} in receipt fees. ",
        0,
    )
    table(
        found,
        RECEIPT_COLUMNS,
        key="end_of_month_receipts",
        file=f"receipts-{report.number}",
        empty="No delivery came in these days.",
    )


def _lines(closing: Closing, report: ChargeReport, behind: Behind) -> None:
    found = [one for one in report.lines if _is_behind(one, behind)]
    restated = "" if behind.charge or behind.day or not report.restated else (
        f" With {paper.money(report.restated)} restated of earlier months it is {paper.money(report.total)}."
    )  # fmt: skip
    _say(f"{words.count(len(found), 'line')}, {words.money(total(found), report.parties.currency)}.{restated} ", 0)
    opened = table(
        [
            {
                "what": one.text or charge_texts.what(one.key),
                "day": one.day,
                "quantity": one.quantity,
                "rate": rate_amount(one.rate) if one.rate is not None else None,
                "amount": one.amount,
            }
            for one in found
        ],
        LINE_COLUMNS,
        key="end_of_month_lines",
        file=f"lines-{report.number}",
        empty="Nothing was charged.",
        opens=True,
    )
    if opened is not None and ROWS_OF[found[opened].charge] != "lines":
        open_rows(line_query(closing, found[opened].key))


def line_query(closing: Closing, line: Key) -> dict[str, str]:
    """The address of what a line rests on, among the rows of a version."""
    of_labels = line.charge in CARRIER_COST and line.charge != "markup"
    return query_of(
        closing,
        ROWS_OF[line.charge],
        day=line.day,
        charge=line.charge,
        carrier=(line.carrier_code or "") if of_labels else None,
        service=(line.service_code or "") if of_labels else None,
        sku=line.sku,
    )


def _say(text: str, many: int) -> None:
    st.caption(text + (f"Shown are the first {SHOWN}; the CSV has all." if many > SHOWN else ""))


def _amount(report: ChargeReport, charge: Charge, behind: Behind) -> str:
    lines = [one for one in report.lines if one.charge == charge and _is_behind(one, behind)]
    return words.money(total(lines), report.parties.currency)


def _is_behind(line: Line, behind: Behind) -> bool:
    return (
        (behind.day is None or line.day == behind.day)
        and (behind.charge is None or line.charge == behind.charge)
        and (behind.carrier_code is None or (line.carrier_code or "") == behind.carrier_code)
        and (behind.service_code is None or (line.service_code or "") == behind.service_code)
        and (behind.sku is None or line.sku == behind.sku)
    )
