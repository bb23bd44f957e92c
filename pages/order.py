"""One order: how it stands, what of it left the house, and everything that happened to it, each with its proof."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from shipsync import runtime
from shipsync.store import timeline as store
from shipsync.store.timeline import Address, Candidate, Line, Order, Parcel, Raw, Relative
from shipsync.web import order_story, words
from shipsync.web.answers import ask
from shipsync.web.links import PAGES
from shipsync.web.order_story import Event, RawOf
from shipsync.web.raw_record import raw_record
from shipsync.web.roles import Role, require
from shipsync.web.tables import Column, table

LINES = [
    Column("sku", "SKU", help="As it came."),
    Column("name", "Product"),
    Column("lot", "Lot"),
    Column("quantity", "Units", "number"),
    Column("unit_price", "Unit price, USD", "money"),
]
PARCELS = [
    Column("kind", "Parcel"),
    Column("state", "State", "state"),
    Column("tracking_number", "Tracking number"),
    Column("items", "Items"),
    Column("carrier", "Carrier"),
    Column("service", "Service"),
    Column("ship_date", "Shipped on", "date"),
    Column("cost", "Cost, USD", "money", help="Of the label, without insurance."),
    Column("insurance_cost", "Insurance, USD", "money"),
    Column("parcel_id", "ShipStation id"),
    Column("voided_at", "Voided", "instant"),
]
PARCEL_KINDS = {"shipment": "label", "fulfillment": "marked as shipped", "order": "none shown yet"}
RELATIONS = {
    "parent": "It was split off",
    "part": "Split off it",
    "merged_into": "It was merged into",
    "merged_from": "Merged into it",
}
QUESTIONS: dict[str, Callable[..., Raw | None]] = {
    "version": store.raw_version,
    "parcel": store.raw_parcel,
    "held": store.raw_held,
}

require(Role.VIEWER)


@st.fragment(run_every=timedelta(seconds=2), key="order_live")
def _live(order_key: str) -> None:
    whole = ask(order_story.whole, order_key)
    if whole is None:
        return
    _head(whole.order)
    _addresses(whole.order, whole.parcels)
    _lines(whole.order)
    _parcels(whole.parcels, whole.order)
    _relatives(whole.relatives)
    st.subheader("What happened", help="Newest first. Open a step to see why, who did it, and the record it came from.")
    for event in whole.events:
        _event(event, whole.order)


def _head(order: Order) -> None:
    now = runtime.app().now()
    parts = [words.state(order.status), order.source_system]
    if order.ordered_at is not None:
        parts.append(f"ordered {words.ago(order.ordered_at, now)}, {words.moment(order.ordered_at)}")
    if order.ship_to is not None and (order.ship_to.name or order.ship_to.company):
        parts.append(words.plain(order.ship_to.name or order.ship_to.company or ""))
    st.markdown(" · ".join(parts))
    if order.status_reason:
        st.caption(f"{words.plain(order.status_reason)}.")
    if order.removed_at is not None:
        st.info(
            f"This order was cleaned up on {words.day(order.removed_at.astimezone(words.zone()).date())}. "
            "What left the house and what was seen of it at ShipStation is still here."
        )


def _addresses(order: Order, parcels: tuple[Parcel, ...]) -> None:
    """Where it goes, and its numbers as text: a grid cannot be copied from."""
    if order.ship_to is None:
        return
    to, by, facts = st.columns([2, 2, 3])
    with to:
        st.markdown("**Ship to**")
        st.text(_address(order.ship_to))
    with by:
        st.markdown("**Bill to**")
        st.text("The same" if order.bill_to in (None, order.ship_to) else _address(order.bill_to))
    with facts:
        st.markdown("**Details**")
        told = {
            "Customer reference": order.customer_ref,
            "Mail": order.email,
            "Service asked for": order.requested_service,
            "Shipping paid": None if order.shipping_paid is None else f"{order.shipping_paid:,.2f} USD",
            "Total": None if order.order_total is None else f"{order.order_total:,.2f} USD",
            "Ships with": order_story.sent_with(order.carrier, order.service),
            "Tracking": ", ".join(one.tracking_number for one in parcels if one.tracking_number and not one.voided),
            "Hold until": None if order.hold_until is None else words.day(order.hold_until),
            "ShipStation id": None if order.shipstation_order_id is None else str(order.shipstation_order_id),
        }
        st.text("\n".join(f"{name}: {value}" for name, value in told.items() if value) or words.UNKNOWN)


def _address(address: Address | None) -> str:
    if address is None:
        return words.UNKNOWN
    place = " ".join(one for one in (address.city, address.state, address.postal_code) if one)
    lines = (address.name, address.company, address.street1, address.street2, place, address.country, address.phone)
    return "\n".join(line for line in lines if line) or words.UNKNOWN


def _lines(order: Order) -> None:
    """What was ordered beside what ShipStation has; once where both say the same, with the lots of ShipStation."""
    ordered = ask(store.ordered_lines, order.order_key)
    remote = ask(store.shipstation_lines, order.shipstation_order_id) if order.shipstation_order_id else []
    name = f"order-{order.order_number}"
    agree = _units(ordered) == _units(remote)
    if not agree and ordered:
        st.subheader("Ordered")
        table(ordered, LINES, key="order_ordered", file=f"{name}-ordered", empty="")
    st.subheader("Items" if agree or not ordered else "At ShipStation now")
    empty = "ShipStation has none of it: it has not been there yet, or has left it."
    table(remote, LINES, key="order_remote", file=f"{name}-items", empty=empty)


def _units(lines: list[Line]) -> list[tuple[str, int]]:
    return sorted((line.base_sku or line.sku or "", line.quantity) for line in lines if not line.is_adjustment)


def _parcels(parcels: tuple[Parcel, ...], order: Order) -> None:
    st.subheader("Parcels")
    rows = [
        {name: getattr(one, name, None) for name in (column.field for column in PARCELS)}
        | {"kind": PARCEL_KINDS[one.kind], "state": "voided" if one.voided else "shipped"}
        for one in parcels
    ]
    table(rows, PARCELS, key="order_parcels", file=f"order-{order.order_number}-parcels", empty="Nothing has left yet.")


def _relatives(relatives: tuple[Relative, ...]) -> None:
    if not relatives:
        return
    st.subheader("Related orders")
    for one in relatives:
        name = one.order_number or "an order that is not here"
        label = f"{RELATIONS[one.relation]}: {words.plain(name)} (ShipStation id {one.shipstation_order_id})"
        if one.order_key is None:
            st.markdown(label)
        else:
            st.page_link(PAGES / "order.py", label=label, query_params={"order": one.order_key})


def _event(event: Event, order: Order) -> None:
    step = st.expander(
        f"{event.title} · {words.moment(event.happened_at)}",
        key=f"order_{order.order_key}_{event.key}",
        icon=f":material/{event.icon}:",
        type="step",
        on_change="rerun",
    )
    for detail in event.details:
        step.markdown(detail)
    # The raw record is asked for only where somebody looks.
    if step.open and event.raw is not None:
        with step:
            _raw(event.raw, order)


def _raw(of: RawOf, order: Order) -> None:
    arguments = of.arguments
    if of.question == "version":
        arguments = (*arguments, order.shipstation_order_id or 0)
    raw_record(ask(QUESTIONS[of.question], *arguments))


def _choose(found: list[Candidate], asked: str) -> None:
    st.markdown(f"{len(found)} orders have {words.plain(asked)} as their number. Which one is meant?")
    for one in found:
        label = f"{words.plain(one.order_number)} · {words.signed(one.status)} · {one.source_system}"
        if one.shipstation_order_id is not None:
            label += f" · ShipStation id {one.shipstation_order_id}"
        st.page_link(PAGES / "order.py", label=label, query_params={"order": one.order_key})


asked = st.query_params.get("order", "").strip()
st.page_link(
    PAGES / "orders.py",
    label="All orders",
    icon=":material/arrow_back:",
    # Back to what was searched for, if this came from there.
    query_params=st.session_state.get("orders_asked", {}),
)
found = ask(store.candidates, asked) if asked else []
# An order's own key means it alone; a number may be shared by the parts of a split order.
found = [one for one in found if one.order_key == asked] or found
if len(found) == 1:
    st.title(f"Order {words.plain(found[0].order_number)}")
    _live(found[0].order_key)
elif found:
    st.title(f"Orders {words.plain(asked)}")
    _choose(found, asked)
else:
    st.title("Order")
    st.info(
        f"No order here has the number or key {words.plain(asked)}. Search for anything else that is known of it."
        if asked
        else "No order was named. Search for one by anything that is known of it."
    )
    st.page_link(
        PAGES / "orders.py", label="Search", icon=":material/search:", query_params={"q": asked} if asked else {}
    )
