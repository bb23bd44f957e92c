"""The tables of a month's charges: day by day, by carrier and service, and labels that seem unused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import streamlit as st

from shipsync.documents import charge_texts
from shipsync.documents import words as paper
from shipsync.rules.charge_days import Charged
from shipsync.rules.charge_report import DayCounts
from shipsync.rules.charges import NOTHING, to_cents
from shipsync.rules.months import month_name
from shipsync.web import words
from shipsync.web.charge_month import MonthView, Service
from shipsync.web.charge_rows import open_order, open_rows
from shipsync.web.charge_words import amount, days_of
from shipsync.web.tables import Column, table

_ALL = "Together"

_COUNTS = (
    Column("orders", "Orders", "number", help=f"{charge_texts.ORDERS_ARE.capitalize()}."),
    Column("shipments", "Shipments", "number", help=f"{charge_texts.SHIPMENTS_ARE.capitalize()}."),
    Column("packages", "Packages", "number", help=f"{charge_texts.PACKAGES_ARE.capitalize()}."),
    Column("units", "Units", "number", help=f"{charge_texts.UNITS_ARE.capitalize()}."),
)
# Columns that stand there only where anything is in them.
_SELDOM = ("receipts", "minimum", "extra")
_AMOUNTS = (
    Column("carrier", "Carrier cost", "money", help="What labels cost by ship date, voids taken back, with a markup."),
    Column("order_fees", "For orders", "money"),
    Column("unit_fees", "For units", "money"),
    Column("storage", "Storage", "money", help="Pallets at the end of the day, weekends too; begun ones count."),
    Column("receipts", "Receipts", "money"),
    Column("minimum", "Top-up", "money", help="What the month's service fees lacked to the minimum."),
    Column("extra", "Added", "money", help="Lines added by hand."),
    Column("total", "Together", "money", help="– : something of it cannot be told; what, is said on top."),
)
_SERVICES = (
    Column("carrier", "Carrier"),
    Column("service", "Service"),
    Column("labels", "Labels", "number", help="That went out or came back, and stand."),
    Column("voided", "Voided", "number"),
    Column("returns", "Returns", "number", help="Of the labels: for goods that come back."),
    Column("cost", "Cost", "money", help="Postage and insurance, voids taken back; a markup is not in it."),
    Column("average", "For one", "money"),
    Column("share", "Share", help="Of the cost of all labels."),
)
_UNUSED = (
    Column("order_number", "Order", help="Press to open it."),
    Column("cost", "Cost", "money"),
    Column("age_days", "Days ago", "number", help="Since its ship date."),
    Column("day", "Ship date", "date"),
    Column("why", "Why it seems unused", width=330),
    Column("shipment_id", "ShipStation id"),
)


def day_table(view: MonthView) -> None:
    """Every calendar day and all of them together. A press on one shows what is behind it."""
    st.subheader("Day by day")
    columns = _columns(view.so_far)
    days = list(view.days)
    opened = table(
        [_row(_ALL, view.counts.values(), view.so_far), *(_day(view, day, words.day(day)) for day in days)],
        (Column("day", "Day", help="Press to see what is behind it.", width=150), *columns),
        key="charges_days",
        file=f"charges-{month_name(view.month)}",
        empty="",
        all_rows=lambda: [*(_day(view, day, day) for day in days), _row(_ALL, view.counts.values(), view.so_far)],
        opens=True,
        height="content",
    )
    st.caption(charge_texts.WHY_THEY_DIFFER)
    if opened is not None:
        open_rows(days[opened - 1] if opened else None)


def service_table(view: MonthView) -> None:
    """What labels cost by carrier and service, the dearest first. A press on the figure above shows the labels."""
    st.subheader("Which carriers and services cost how much?")
    cost = sum((one.total for one in view.services.values()), NOTHING)
    by_cost = sorted(view.services.items(), key=lambda item: (-item[1].total, str(item[0])))
    table(
        [_service(service, view, float(one.total / cost) if cost > 0 else None) for service, one in by_cost],
        _SERVICES,
        key="charges_services",
        file=f"carriers-{month_name(view.month)}",
        empty="No label has a ship date in these days.",
        height="content",
    )
    if by_cost:
        carrier = view.so_far.carrier
        more = f"; with the markup the carrier cost of {amount(carrier)}" if carrier != cost else ""
        st.caption(f"Together {amount(cost)} {view.currency}{more}.")


def unused_table(view: MonthView) -> None:
    """Labels that were bought, stand, and seem to have gone nowhere, the dearest first."""
    st.subheader("Labels bought and not used")
    if view.unused:
        st.caption(charge_texts.UNUSED_LABELS)
    opened = table(
        view.unused,
        _UNUSED,
        key="charges_unused",
        file=f"unused-labels-{month_name(view.month)}",
        empty=f"No label of {days_of(view, None)} seems unused: none is without an order, of one that was "
        "cancelled or waits again, or beside others that carry all of its order.",
        opens=True,
        height="content" if len(view.unused) <= 15 else "auto",
    )
    if opened is not None:
        open_order(view.unused[opened].order_number)


def _columns(so_far: Charged) -> tuple[Column, ...]:
    there = {"receipts": so_far.receipts, "minimum": so_far.minimum, "extra": so_far.extra}
    return (*_COUNTS, *(one for one in _AMOUNTS if one.field not in _SELDOM or there[one.field]))


def _day(view: MonthView, day: date, name: object) -> Mapping[str, object]:
    counts = view.counts.get(day)
    return _row(name, [counts] if counts is not None else [], view.days[day])


def _row(name: object, counts: Iterable[DayCounts], charged: Charged) -> Mapping[str, object]:
    some = list(counts)
    return {
        "day": name,
        "orders": sum(one.orders for one in some),
        "shipments": sum(one.shipments for one in some),
        "packages": sum(one.packages for one in some),
        "units": sum(one.units for one in some),
        "carrier": charged.carrier,
        "order_fees": charged.orders,
        "unit_fees": charged.units,
        "storage": charged.storage,
        "receipts": charged.receipts,
        "minimum": charged.minimum,
        "extra": charged.extra,
        "total": charged.total,
    }


def _service(service: Service, view: MonthView, share: float | None) -> Mapping[str, object]:
    one = view.services[service]
    stand = one.labels + one.returns - one.voided
    return {
        "carrier": charge_texts.carrier_name(service[0]),
        "service": charge_texts.service_name(service[1]),
        "labels": stand,
        "voided": one.voided,
        "returns": one.returns,
        "cost": one.total,
        "average": to_cents(one.total / stand) if stand else None,
        "share": None if share is None else paper.share(share),
    }
