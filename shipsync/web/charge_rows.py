"""What is behind a day's charges, or a month's: labels, orders, units, pallets, receipts. Rows lead to their proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NoReturn

import streamlit as st

from shipsync import runtime
from shipsync.documents import charge_texts
from shipsync.rules.charges import CARRIER_COST, Charge, RateName, by_charge, lines, pallets, to_cents, total
from shipsync.store import charges
from shipsync.store.charges import ItemRow, LabelRow, OrderRow
from shipsync.web.answers import ask
from shipsync.web.charge_month import MonthView
from shipsync.web.charge_words import amount, days_of
from shipsync.web.opening import open_page
from shipsync.web.tables import Column, table

LABELS, ORDERS, UNITS, PALLETS, RECEIPTS = "Labels", "Orders", "Units", "Pallets", "Receipts"
KINDS = (LABELS, ORDERS, UNITS, PALLETS, RECEIPTS)
_SHOWN = 200
_KIND = "charges_rows"  # the chosen kind in the session; 'rows' in the address
_FLASH = "charges_rows_flash"

_ORDER = Column("order_number", "Order", help="Press to open it.")
_DAY = Column("day", "Day", "date")
_LABELS = (
    _ORDER,
    Column("state", "State", "state"),
    Column("cost", "Charged", "money", help="Postage and insurance; nothing of a label that was voided."),
    Column("sent", "Carrier and service"),
    Column("tracking_number", "Tracking number"),
    Column("postage", "Postage", "money"),
    Column("insurance", "Insurance", "money"),
    Column("kind", "Label"),
    _DAY,
    Column("shipment_id", "ShipStation id"),
)
_ORDERS = (_ORDER, Column("fee", "Charged", "money"), Column("day", "First parcel left", "date"))
_UNITS = (
    _ORDER,
    Column("sku", "SKU"),
    Column("units", "Units", "number"),
    Column("fee", "Charged", "money", help="Units by their rate. The line of a day and SKU is rounded once."),
    _DAY,
)
_PALLETS = (
    Column("sku", "SKU", help="Press to see its stock and what moved."),
    Column("units", "Units at the end of the day", "number"),
    Column("size", "Units per pallet", "number"),
    Column("pallets", "Pallets", "number", help="Begun ones count."),
    Column("fee", "Charged", "money"),
    _DAY,
)
_RECEIPTS = (
    Column("reference", "Delivery"),
    Column("units", "Units", "number"),
    Column("fee", "Charged", "money"),
    _DAY,
)


def rows_behind(view: MonthView) -> None:
    """The rows behind the day or the kind of charge that was pressed; before that, how to get to them."""
    if said := st.session_state.pop(_FLASH, None):
        st.toast(said)
    day, kind = _asked_day(view), st.query_params.get("rows")
    if day is None and kind is None:
        st.caption("Press a day, a bar or a figure to see the labels, orders, units and pallets behind it.")
        return
    st.subheader(f"Behind {days_of(view, day)}")
    st.session_state.setdefault(_KIND, kind if kind in KINDS else LABELS)
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.radio(
            "Rows",
            KINDS,
            horizontal=True,
            key=_KIND,
            label_visibility="collapsed",
            on_change=_remember,
            width="content",
        )
        if day is not None:
            st.button("All days", key="charges_all_days", type="tertiary", on_click=show_rows, args=(chosen, None))
        st.button("Close", key="charges_close_rows", type="tertiary", icon=":material/close:", on_click=_close)
    first, through = (day, day) if day is not None else (view.month, view.through)
    _DRAWN[chosen](view, first, through)


def show_rows(kind: str, day: date | None) -> None:
    """Show these rows from the next run on: what a button calls."""
    st.session_state[_KIND] = kind
    st.query_params["rows"] = kind
    if day is None:
        st.query_params.pop("day", None)
    else:
        st.query_params["day"] = day.isoformat()


def open_rows(day: date | None) -> NoReturn:
    """Show what is behind a day, or behind all of them, at once."""
    show_rows(st.session_state.get(_KIND, LABELS), day)
    st.rerun(scope="app")


def open_order(asked: str | int | None) -> None:
    """Open an order by its number or ShipStation id; say so where there is none."""
    if asked is not None:
        open_page("order", order=str(asked))
    st.session_state[_FLASH] = "It belongs to no order."
    st.rerun(scope="app")


def _labels(view: MonthView, first: date, through: date) -> None:
    _sums(view, first, through, CARRIER_COST)
    found = ask(charges.labels, first, through, _SHOWN)

    def row(one: LabelRow) -> Mapping[str, object]:
        return {
            "order_number": one.order_number,
            "state": "voided" if one.voided else "shipped",
            "cost": one.cost,
            "sent": charge_texts.sent_with(one.carrier_code, one.service_code),
            "tracking_number": one.tracking_number,
            "postage": one.shipment_cost,
            "insurance": one.insurance_cost,
            "kind": "return" if one.is_return_label else "sent out",
            "day": one.day,
            "shipment_id": str(one.shipment_id),
        }

    opened = _table(LABELS, _LABELS, [row(one) for one in found],
                    lambda: [row(one) for one in charges.labels(runtime.app().db.read(), first, through)],
                    "No label has a ship date in these days.", first, through)  # fmt: skip
    if opened is not None:
        open_order(found[opened].shipstation_order_id or found[opened].order_number)


def _orders(view: MonthView, first: date, through: date) -> None:
    _sums(view, first, through, ("order",))
    found = ask(charges.orders, first, through, _SHOWN)

    def row(one: OrderRow) -> Mapping[str, object]:
        return {"order_number": one.order_number, "fee": _fee(view, "order", one.day, 1), "day": one.day}

    opened = _table(ORDERS, _ORDERS, [row(one) for one in found],
                    lambda: [row(one) for one in charges.orders(runtime.app().db.read(), first, through)],
                    "No order left in these days.", first, through)  # fmt: skip
    if opened is not None:
        open_order(found[opened].shipstation_order_id)


def _units(view: MonthView, first: date, through: date) -> None:
    _sums(view, first, through, ("unit",))
    found = ask(charges.items, first, through, _SHOWN)

    def row(one: ItemRow) -> Mapping[str, object]:
        fee = _fee(view, "unit", one.day, one.quantity)
        return {
            "order_number": one.order_number, "sku": one.sku, "units": one.quantity, "fee": fee, "day": one.day
        }  # fmt: skip

    opened = _table(UNITS, _UNITS, [row(one) for one in found],
                    lambda: [row(one) for one in charges.items(runtime.app().db.read(), first, through)],
                    "No unit of a key product left in these days.", first, through)  # fmt: skip
    if opened is not None:
        open_order(found[opened].shipstation_order_id)


def _pallets(view: MonthView, first: date, through: date) -> None:
    _sums(view, first, through, ("pallet_day",))
    rows = []
    for (day, sku), units in sorted(view.facts.stock.items(), key=lambda item: (-item[0][0].toordinal(), item[0][1])):
        if not first <= day <= through:
            continue
        size = view.facts.pallet_sizes.get(sku)
        number = pallets(units, size) if size else None
        fee = None if number is None or units < 0 else _fee(view, "pallet_day", day, number)
        rows.append({"sku": sku, "units": units, "size": size, "pallets": number, "fee": fee, "day": day})
    opened = _table(PALLETS, _PALLETS, rows, lambda: rows, "Nobody has said what stands on the shelf.", first, through)
    if opened is not None:
        open_page("inventory", sku=str(rows[opened]["sku"]), show="Movements")


def _receipts(view: MonthView, first: date, through: date) -> None:
    _sums(view, first, through, ("receipt",))
    rows = [
        {"reference": one.reference, "units": one.units, "fee": _fee(view, "receipt", one.day, 1), "day": one.day}
        for one in ask(charges.receipts, first, through)
    ]
    _table(RECEIPTS, _RECEIPTS, rows, lambda: rows, "No delivery came in these days.", first, through, opens=False)
    if rows:
        st.caption("Each stands in the movements of its products, on the page Inventory.")


_DRAWN: Mapping[str, Callable[[MonthView, date, date], None]] = {
    LABELS: _labels,
    ORDERS: _orders,
    UNITS: _units,
    PALLETS: _pallets,
    RECEIPTS: _receipts,
}


def _table(
    kind: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, object]],
    all_rows: Callable[[], Sequence[Mapping[str, object]]],
    empty: str,
    first: date,
    through: date,
    *,
    opens: bool = True,
) -> int | None:
    name = first.isoformat() if first == through else f"{first:%Y-%m}"
    opened = table(
        rows,
        columns,
        key=f"charges_rows_{kind}",
        file=f"{kind.lower()}-of-{name}",
        empty=empty,
        all_rows=all_rows,
        opens=opens,
    )
    if kind in (LABELS, ORDERS, UNITS) and len(rows) == _SHOWN:
        st.caption(f"The newest {_SHOWN}; the CSV has all.")
    return opened


def _sums(view: MonthView, first: date, through: date, kinds: Sequence[Charge]) -> None:
    """What the lines of these rows come to, which is what the tables above say."""
    # As of a month that is not over, so that no minimum is topped up within these days.
    part = view.facts.within(first, through, through + timedelta(days=1))
    found = [one for one in lines(part, view.card) if one.charge in kinds]
    told = ", ".join(
        f"{charge_texts.CHARGE_NAMES[charge].lower()} {amount(of)}" for charge, of in by_charge(found).items()
    )
    if told:
        st.caption(f"Together {amount(total(found))} {view.currency}: {told}.")


def _fee(view: MonthView, rate: RateName, day: date, quantity: int) -> Decimal | None:
    """What so many of them are charged with; None where nobody has said it."""
    held = view.card.at(rate, day)
    if held is None:
        return to_cents(Decimal(0)) if rate == "receipt" else None
    return to_cents(held.amount * quantity)


def _asked_day(view: MonthView) -> date | None:
    """The day that the address names, if it is one of this month."""
    try:
        day = date.fromisoformat(st.query_params.get("day", ""))
    except ValueError:
        return None
    return day if day in view.days else None


def _remember() -> None:
    st.query_params["rows"] = st.session_state[_KIND]


def _close() -> None:
    for name in ("day", "rows"):
        st.query_params.pop(name, None)
