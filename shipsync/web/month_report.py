"""One version of a month's charges on screen, from its frozen figures. Every row opens into what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import streamlit as st

from shipsync.documents import charge_texts
from shipsync.documents import words as paper
from shipsync.documents.charge_texts import CHARGE_NAMES, CHARGE_NOTES, part_name, rate_amount, with_currency
from shipsync.procedures.eom import frozen
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charge_sums import ChargeSum, DaySum, charge_sums, day_sums, label_sums
from shipsync.rules.charges import NOTHING, RateCard, total
from shipsync.rules.months import month_before, month_name, month_words
from shipsync.store import closings, weekly_history
from shipsync.store.closings import Closing
from shipsync.web import charge_words, words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.closing_state import MONTH
from shipsync.web.month_changes import RESTATED_COLUMNS, restated_row
from shipsync.web.month_chart import days_chart
from shipsync.web.month_rows import ROWS_OF, open_order, open_rows, query_of
from shipsync.web.tables import Column, table

SUMMARY_COLUMNS = (
    Column("charge", "Charge"),
    Column("amount", "Amount", "money"),
    Column("quantity", "Quantity", "number"),
    Column("rate", "At"),
    Column("part", "Part"),
    Column("note", "What is counted", width=360),
)
DAY_COLUMNS = (
    Column("day", "Day", "date"),
    Column("total", "Total", "money", help="With what was added by hand."),
    Column("carrier_cost", "Carrier cost", "money"),
    Column("service_fees", "Service fees", "money", help="With storage."),
    Column("orders", "Orders", "number", help=f"They count {charge_texts.ORDERS_ARE}."),
    Column("shipments", "Shipments", "number", help=f"They are {charge_texts.SHIPMENTS_ARE}."),
    Column("packages", "Packages", "number", help=f"They are {charge_texts.PACKAGES_ARE}."),
    Column("units", "Units", "number", help=f"They count {charge_texts.UNITS_ARE}."),
    Column("voided", "Voided", "number", help="Labels of that day that were voided: their cost is taken back."),
    Column("returns", "Returns", "number", help="Return labels of that day that stand."),
)
SERVICE_COLUMNS = (
    Column("sent", "Carrier and service"),
    Column("total", "Carrier cost", "money", help="Without a markup, which is taken on a whole day."),
    Column("each", "A label", "money", help="Carrier cost by the labels that were not voided, returns too."),
    Column("labels", "Labels", "number", help="That went out, those voided later too."),
    Column("returns", "Returns", "number"),
    Column("voided", "Voided", "number"),
    Column("postage", "Postage", "money"),
    Column("insurance", "Insurance", "money"),
    Column("returned", "Return labels", "money"),
    Column("voids", "Taken back", "money"),
)
STOCK_COLUMNS = (
    Column("sku", "SKU"),
    Column("name", "Product", width=170),
    Column("amount", "Storage", "money"),
    Column(
        "pallet_days", "Pallet-days", "number", help="Pallets at the end of each day, begun ones counted, added up."
    ),
    Column("pallet_size", "Units a pallet", "number"),
    Column("opening", "At the start", "number", help="The computed stock at the end of the day before."),
    Column("received", "Received", "number"),
    Column("shipped", "Shipped", "number"),
    Column("voided", "Came back", "number"),
    Column("adjusted", "Adjusted", "number"),
    Column("repacked", "Repacked", "number"),
    Column("counted", "By counts", "number"),
    Column("closing", "At the end", "number"),
)
UNUSED_COLUMNS = (
    Column("order_number", "Order"),
    Column("cost", "Cost", "money"),
    Column("why", "Why it seems unused", width=300),
    Column("age_days", "Days old", "number", help="When the invoice was made."),
    Column("day", "Ship date", "date"),
    Column("shipment_id", "ShipStation id"),
)
RATE_COLUMNS = (
    Column("rate", "Rate"),
    Column("amount", "Amount"),
    Column("of", "What it is of"),
    Column("effective_from", "From", "date"),
)
COUNT_COLUMNS = (
    Column("name", "Word"),
    Column("amount", "In this month", "number"),
    Column("beside", "What is counted", width=420),
)


def month_version(closing: Closing) -> None:
    """The head of one version: on which grounds it stands, and its figures beside those of the month before."""
    report = frozen(closing)
    st.caption(_grounds(report))
    for sentence in charge_texts.statements(report):
        st.markdown(f":orange[▲] {words.plain(sentence)}")
    if report.warnings:
        _warnings(report)
    _figures(report)


def month_tables(closing: Closing) -> None:
    """What a version is made of: by day, charge, service and product, and what it rests on."""
    report = frozen(closing)
    days = day_sums(report.lines, report.days, report.month, report.billed_through)
    pressed = days_chart(report, days)
    if pressed is not None:
        open_rows(query_of(closing, "labels", day=pressed))
    st.caption(
        f"All amounts are {words.plain(report.parties.currency)}. The first cell of a row opens what it rests on, "
        "down to the order and its record at ShipStation."
    )
    _summary(closing, report)
    _days(closing, report, days)
    _services(closing, report)
    _stock(closing, report)
    _restated(report)
    _unused(report)
    _basis(report)
    st.caption("Content hash: two versions with the same one say the same.")
    st.code(closing.content_hash or words.UNKNOWN, language=None, wrap_lines=True)


def _grounds(report: ChargeReport) -> str:
    client = f" to {report.parties.client}" if report.parties.client else ""
    return words.plain(
        f"{charge_texts.billed_days(report)}. Invoice {report.number}{client}, issued {words.day(report.issued_on)}, "
        f"due {words.day(report.due_on)}. As known {words.moment(report.as_of)}."
    )


def _warnings(report: ChargeReport) -> None:
    by = workflow_words.asked_by(report.reviewed_by)
    many = words.count(len(report.warnings), "warning")
    st.markdown(f":orange[▲] {words.plain(f'Issued in spite of {many} by {by}, who wrote: {report.reason}')}")
    with st.expander("What the self-check warned of"):
        for sentence in report.warnings:
            st.markdown(f":orange[▲] {words.plain(sentence)}")


# Four figures


def _figures(report: ChargeReport) -> None:
    """Each beside what it was the month before."""
    closing = ask(closings.closed, MONTH, month_before(report.month))
    before = frozen(closing) if closing is not None else None
    known_from = ask(weekly_history.covered_since, words.zone())
    # Of two wholes a share can be told; what was billed of a month that began before our time is none.
    are_whole = before is not None and report.is_complete and before.is_complete
    are_whole = are_whole and known_from is not None and known_from <= month_before(report.month)
    currency = report.parties.currency

    def beside(amount: Decimal, of: Callable[[ChargeReport], Decimal]) -> str:
        was = of(before) if before is not None else None
        return charge_words.beside(month_before(report.month), amount, was, are_whole=are_whole)

    with st.grid(4, min_column_width=190, border=True) as grid:
        with grid.cell():
            st.metric(f"{charge_texts.due_name(report)}, {currency}", paper.money(report.total))
            st.caption(beside(report.total, lambda one: one.total))
        with grid.cell():
            st.metric(f"Carrier cost, {currency}", paper.money(report.carrier_cost))
            st.caption(beside(report.carrier_cost, lambda one: one.carrier_cost))
        with grid.cell():
            st.metric(f"Service fees, {currency}", paper.money(report.service_fees))
            st.caption(beside(report.service_fees, lambda one: one.service_fees))
        with grid.cell():
            st.metric(f"Earlier months, {currency}", paper.money(report.restated))
            st.caption(_earlier(report))


def _earlier(report: ChargeReport) -> str:
    added = f"; added lines {paper.money(report.extras)}" if report.extras else ""
    if not report.restatements:
        return f"nothing of them had changed{added}"
    return f"changed since: {', '.join(month_words(one.month) for one in report.restatements)}{added}"


# Tables


def _summary(closing: Closing, report: ChargeReport) -> None:
    st.subheader("By charge")
    rows: list[tuple[dict[str, object], Mapping[str, str]]] = []
    for one in charge_sums(report.lines, RateCard(report.rates), report.month, report.billed_through):
        rows.append((_summed(one), query_of(closing, ROWS_OF[one.charge], charge=one.charge)))
    for month in report.restatements:
        row = _plain_row(f"{month_words(month.month)}, changed since", month.amount, charge_texts.EARLIER_NAME)
        rows.append((row, {"month": month_name(month.month)}))
    rows.append((_plain_row(charge_texts.due_name(report), report.total, None), query_of(closing, "lines")))
    opened = table(
        [row for row, _ in rows],
        SUMMARY_COLUMNS,
        key="end_of_month_summary",
        file=f"charges-{report.number}",
        empty="",
        opens=True,
        height="content",
    )
    if opened is not None:
        open_rows(rows[opened][1])


def _summed(one: ChargeSum) -> dict[str, object]:
    """A line of the summary; the rate where all of its quantity has the same."""
    row = _plain_row(CHARGE_NAMES[one.charge], one.amount, part_name(one.charge)) | {"note": CHARGE_NOTES[one.charge]}
    if one.line is not None:
        return row | {"charge": one.line.text or row["charge"], "note": f"for {words.day(one.line.day)}"}
    if one.span is not None:
        row["charge"] = f"{row['charge']}, {charge_texts.days(one.span)}"
    if one.charge == "markup":
        return row | {"rate": charge_texts.percent(one.rate)}
    if one.charge not in ("insurance", "minimum"):
        row["quantity"] = one.quantity
    return row | {"rate": rate_amount(one.rate) if one.rate is not None else None}


def _plain_row(charge: str, amount: Decimal, part: str | None) -> dict[str, object]:
    return {"charge": charge, "amount": amount, "part": part, "quantity": None, "rate": None, "note": None}


def _days(closing: Closing, report: ChargeReport, days: Sequence[DaySum]) -> None:
    st.subheader("By day")
    names = ("orders", "shipments", "packages", "units", "voided", "returns")
    opened = table(
        [
            {"day": one.day, "total": one.total, "carrier_cost": one.carrier_cost, "service_fees": one.service_fees}
            | {name: getattr(one.counts, name) for name in names}
            for one in days
        ],
        DAY_COLUMNS,
        key="end_of_month_days",
        file=f"days-{report.number}",
        empty="",
        opens=True,
    )
    if opened is not None:
        open_rows(query_of(closing, "labels", day=days[opened].day))


def _services(closing: Closing, report: ChargeReport) -> None:
    st.subheader("By carrier and service")
    found = label_sums(report.lines, lambda one: (one.carrier_code, one.service_code))
    places = sorted(found, key=lambda one: -found[one].total)
    rows = []
    for place in places:
        sums = found[place]
        stand = sums.labels + sums.returns - sums.voided
        row: dict[str, object] = {column.field: getattr(sums, column.field, None) for column in SERVICE_COLUMNS}
        rows.append(row | {"sent": charge_texts.sent_with(*place), "each": sums.total / stand if stand else None})
    opened = table(
        rows,
        SERVICE_COLUMNS,
        key="end_of_month_services",
        file=f"services-{report.number}",
        empty=charge_texts.NO_CARRIER_COST,
        opens=True,
        height="content",
    )
    if opened is not None:
        carrier, service = places[opened]
        open_rows(query_of(closing, "labels", carrier=carrier or "", service=service or ""))


def _stock(closing: Closing, report: ChargeReport) -> None:
    st.subheader("Stock and storage")
    rows = [
        {column.field: getattr(one, column.field, None) for column in STOCK_COLUMNS}
        | {
            "shipped": -one.shipped,
            "amount": total(line for line in report.lines if (line.charge, line.sku) == ("pallet_day", one.sku)),
        }
        for one in report.stock
    ]
    opened = table(
        rows,
        STOCK_COLUMNS,
        key="end_of_month_stock",
        file=f"stock-{report.number}",
        empty="No product with a known stock was billed.",
        opens=True,
        height="content",
    )
    if opened is not None:
        open_rows(query_of(closing, "pallets", sku=report.stock[opened].sku))


def _restated(report: ChargeReport) -> None:
    for one in report.restatements:
        name = month_words(one.month)
        st.subheader(f"{name}, changed since it was billed")
        was, now = paper.money(one.billed), paper.money(one.now)
        billed = f"Billed with invoice {one.billed_by}: {was}. With this one: {now}"
        st.markdown(words.plain(f"{billed}, so {with_currency(one.amount, report)} is in it."))
        table(
            [restated_row(line) for line in one.lines],
            RESTATED_COLUMNS,
            key=f"end_of_month_restated_{month_name(one.month)}",
            file=f"restated-{month_name(one.month)}",
            empty="",
        )


def _unused(report: ChargeReport) -> None:
    if not report.unused:
        return
    cost = sum((one.cost for one in report.unused), NOTHING)
    st.subheader("Labels bought and, it seems, never used")
    many = words.count(len(report.unused), "label")
    st.markdown(f":orange[▲] {words.plain(f'{many}, {with_currency(cost, report)}. {charge_texts.UNUSED_LABELS}')}")
    opened = table(
        report.unused,
        UNUSED_COLUMNS,
        key="end_of_month_unused_table",
        file=f"unused-labels-{report.number}",
        empty="",
        opens=True,
    )
    if opened is not None:
        open_order(report.unused[opened].order_number)


def _basis(report: ChargeReport) -> None:
    with st.expander("What was counted, and by which rates", key="end_of_month_basis", on_change="rerun") as shell:
        if not shell.open:
            return
        table(
            charge_texts.counts(report),
            COUNT_COLUMNS,
            key="end_of_month_counts",
            file=f"counts-{report.number}",
            empty="",
            height="content",
        )
        st.markdown(f"{charge_texts.WHY_THEY_DIFFER} {charge_texts.besides(report)}")
        table(
            [
                {
                    "rate": charge_texts.RATE_NAMES[one.rate],
                    "amount": charge_texts.rate_words(one),
                    "of": charge_texts.rate_note(one),
                    "effective_from": one.effective_from,
                }
                for one in report.rates
            ],
            RATE_COLUMNS,
            key="end_of_month_rates",
            file=f"rates-{report.number}",
            empty="No rate held on any of these days.",
            height="content",
        )
        for sentence in charge_texts.how_to_read(report):
            st.caption(words.plain(sentence))
