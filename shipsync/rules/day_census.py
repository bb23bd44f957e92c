"""Holds a day against ShipStation's own lists: orders that await shipment, and what was shipped on the day.

Of every order on either side one of three is true: both sides agree, there is a reason (it is not ours, it is held for
a person, it changed after the instant that is compared), or it is a difference with a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from shipsync.rules.shipstation import RemoteFulfillment, RemoteOrder, RemoteShipment


@dataclass(frozen=True, slots=True)
class Here:
    """What is here, as far as a day's census meets it."""

    awaiting: Mapping[int, str]  # order id -> number, of orders that await shipment here
    others: Mapping[int, tuple[str, str]]  # order id -> (number, status), of listed orders in another state here
    not_ours: Collection[int]  # order ids that were routed past us, with a reason
    held: Collection[int]  # order ids that are held for a person
    labels: Mapping[int, tuple[str | None, bool]]  # shipment id -> (order number, voided), of the day
    marks: Mapping[int, tuple[str | None, bool]]  # fulfillment id -> the same


@dataclass(frozen=True, slots=True)
class Compared:
    """One list, held against ours."""

    what: str  # 'orders awaiting shipment', 'labels', 'marks as shipped'
    there: int  # of ours at ShipStation
    here: int
    differences: tuple[str, ...]  # sentences
    not_ours: int = 0
    held: int = 0


def awaiting(listed: Iterable[RemoteOrder], here: Here, as_of: datetime) -> Compared:
    """Orders that await shipment at ShipStation against those that do here."""
    differences: list[str] = []
    ids: set[int] = set()
    not_ours = held = both = 0
    for order in listed:
        if order.order_id in ids:
            continue
        ids.add(order.order_id)
        if order.order_id in here.awaiting:
            both += 1
        elif order.modified_at > as_of:
            continue
        elif order.order_id in here.others:
            number, status = here.others[order.order_id]
            differences.append(f"Order {number} awaits shipment at ShipStation and is {_spoken(status)} here.")
        elif order.order_id in here.held:
            held += 1
        elif order.order_id in here.not_ours:
            not_ours += 1
        else:
            differences.append(f"Order {order.order_number} awaits shipment at ShipStation and is not here.")
    missing = [number for order_id, number in sorted(here.awaiting.items()) if order_id not in ids]
    differences += [f"Order {number} awaits shipment here and not at ShipStation." for number in missing]
    return Compared(
        "orders awaiting shipment", both + len(differences) - len(missing), len(here.awaiting), tuple(differences),
        not_ours, held,
    )  # fmt: skip


def labels(listed: Iterable[RemoteShipment], here: Here, day: date, as_of: datetime) -> Compared:
    """Labels with that ship date at ShipStation against those here, voided or not; return labels are none of these."""
    there = {
        one.shipment_id: (one.order_number, one.voided)
        for one in listed
        if one.ship_date == day and not one.is_return_label and not _is_later(one.created_at, one.voided_at, as_of)
    }
    return _compared("labels", "label", there, here.labels)


def marks(listed: Iterable[RemoteFulfillment], here: Here, day: date, as_of: datetime) -> Compared:
    """Marks as shipped with that ship date, the same way."""
    there = {
        one.fulfillment_id: (one.order_number, one.voided)
        for one in listed
        if one.ship_date == day and not _is_later(one.created_at, one.voided_at, as_of)
    }
    return _compared("marks as shipped", "mark as shipped", there, here.marks)


def _is_later(created_at: datetime, voided_at: datetime | None, as_of: datetime) -> bool:
    return created_at > as_of or (voided_at is not None and voided_at > as_of)


def _compared(
    what: str, one: str, there: Mapping[int, tuple[str | None, bool]], here: Mapping[int, tuple[str | None, bool]]
) -> Compared:
    differences = []
    for parcel_id, (number, voided) in sorted(there.items()):
        of = f"The {one} {parcel_id} of order {number or '(none)'}"
        if parcel_id not in here:
            differences.append(f"{of} is at ShipStation and not here.")
        elif here[parcel_id][1] != voided:
            states = ("voided", "valid") if voided else ("valid", "voided")
            differences.append(f"{of} is {states[0]} at ShipStation and {states[1]} here.")
    for parcel_id, (number, _) in sorted(here.items()):
        if parcel_id not in there:
            differences.append(f"The {one} {parcel_id} of order {number or '(none)'} is here and not at ShipStation.")
    return Compared(what, _standing(there), _standing(here), tuple(differences))


def _standing(parcels: Mapping[int, tuple[str | None, bool]]) -> int:
    return sum(1 for _, voided in parcels.values() if not voided)


def _spoken(status: str) -> str:
    return status.replace("_", " ")
