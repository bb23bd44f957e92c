"""Holds a day against ShipStation's own lists: orders that await shipment, and what was shipped on the day.

Of every order on either side one of three is true: both sides agree, there is a reason (it is not ours, it is held for
a person, it changed after the instant that is compared), or it is a difference with a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from shipsync.rules.shipstation import RemoteFulfillment, RemoteOrder, RemoteShipment

# What is known of a parcel: its order's number, and whether it was void at the instant that is compared.
Parcel = tuple[str | None, bool]


@dataclass(frozen=True, slots=True)
class Here:
    """What is here, as far as a day's census meets it."""

    awaiting: Mapping[int, str]  # order id -> number, of orders that await shipment here
    others: Mapping[int, tuple[str, str]]  # order id -> (number, status), of listed orders in another state here
    not_ours: Collection[int]  # order ids that were routed past us, with a reason
    held: Collection[int]  # order ids that are held for a person
    labels: Mapping[int, Parcel]  # by shipment id, of the day
    held_labels: Collection[int]
    marks: Mapping[int, Parcel]  # by fulfillment id, of the day
    held_marks: Collection[int]


@dataclass(frozen=True, slots=True)
class Compared:
    """One list, held against ours."""

    what: str  # 'orders awaiting shipment', 'labels', 'marks as shipped'
    there: int  # of ours at ShipStation
    here: int
    differences: tuple[str, ...]  # sentences
    not_ours: int = 0
    held: int = 0  # on either side, and held for a person


def awaiting(listed: Iterable[RemoteOrder], here: Here, as_of: datetime, *, broken: int = 0) -> Compared:
    """Orders that await shipment at ShipStation against those that do here.

    `broken` is the number of places in its list that it always answers with an error.
    """
    differences = _unread("orders awaiting shipment", broken)
    ids: set[int] = set()
    not_ours = held = there = 0
    for order in listed:
        if order.order_id in ids:
            continue
        ids.add(order.order_id)
        if order.order_id in here.awaiting:
            there += 1
        elif order.modified_at > as_of:
            continue
        elif order.order_id in here.held:
            held += 1
        elif order.order_id in here.others:
            there += 1
            number, status = here.others[order.order_id]
            differences.append(f"Order {number} awaits shipment at ShipStation and is {_spoken(status)} here.")
        elif order.order_id in here.not_ours:
            not_ours += 1
        else:
            there += 1
            differences.append(f"Order {order.order_number} awaits shipment at ShipStation and is not here.")
    for order_id, number in sorted(here.awaiting.items()):
        if order_id in ids:
            continue
        if order_id in here.held:
            held += 1
        else:
            differences.append(f"Order {number} awaits shipment here and {_not_there(broken)}.")
    return Compared("orders awaiting shipment", there, len(here.awaiting), tuple(differences), not_ours, held)


def labels(listed: Iterable[RemoteShipment], here: Here, day: date, as_of: datetime, *, broken: int = 0) -> Compared:
    """Labels with that ship date at ShipStation against those here, void or not; return labels are none of these."""
    there = {
        one.shipment_id: (one.order_number, _is_void(one.voided, one.voided_at, as_of))
        for one in listed
        if one.ship_date == day and not one.is_return_label and one.created_at <= as_of
    }
    return _compared("labels", "label", there, here.labels, here.held_labels, broken)


def marks(listed: Iterable[RemoteFulfillment], here: Here, day: date, as_of: datetime, *, broken: int = 0) -> Compared:
    """The same of orders marked as shipped elsewhere."""
    there = {
        one.fulfillment_id: (one.order_number, _is_void(one.voided, one.voided_at, as_of))
        for one in listed
        if one.ship_date == day and one.created_at <= as_of
    }
    return _compared("marks as shipped", "mark as shipped", there, here.marks, here.held_marks, broken)


def _is_void(voided: bool, voided_at: datetime | None, as_of: datetime) -> bool:
    return voided and (voided_at is None or voided_at <= as_of)


def _compared(
    what: str, one: str, there: Mapping[int, Parcel], here: Mapping[int, Parcel], held: Collection[int], broken: int
) -> Compared:
    differences = _unread(what, broken)
    held_back = 0
    for parcel_id in sorted(there.keys() | here.keys()):
        known_there, known_here = there.get(parcel_id), here.get(parcel_id)
        if known_there == known_here or (known_there and known_here and known_there[1] == known_here[1]):
            continue
        if parcel_id in held:
            held_back += 1
            continue
        number, _ = known_here or known_there or (None, False)
        of = f"The {one} {parcel_id} of {f'order {number}' if number else 'no order'}"
        if known_here is None:
            differences.append(f"{of} is at ShipStation and not here.")
        elif known_there is None:
            differences.append(f"{of} is here and {_not_there(broken)}.")
        else:
            states = ("voided", "valid") if known_there[1] else ("valid", "voided")
            differences.append(f"{of} is {states[0]} at ShipStation and {states[1]} here.")
    return Compared(what, _standing(there), _standing(here), tuple(differences), held=held_back)


def _unread(what: str, broken: int) -> list[str]:
    if not broken:
        return []
    places = "one place" if broken == 1 else f"{broken} places"
    return [f"ShipStation answers {places} in its list of {what} with an error; what stands there is not compared."]


def _not_there(broken: int) -> str:
    return "not in what could be read of ShipStation's list" if broken else "not at ShipStation"


def _standing(parcels: Mapping[int, Parcel]) -> int:
    return sum(1 for _, is_void in parcels.values() if not is_void)


def _spoken(status: str) -> str:
    return status.replace("_", " ")
