"""What has left the house of one order, told from its state and its parcels (DESIGN D11).

An order has no tracking number, no cost and no void; its parcels have. A parcel is a label bought in ShipStation or a
fulfillment (marked as shipped). Parcels that carry items count for these; one that carries none (a fulfillment, or a
label bought before the first was voided, API.md section 4) takes what the others left over, once the order is shipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from shipsync.rules.lots import parse_sku_lot

ParcelKind = Literal["shipment", "fulfillment", "order"]

# Of parcels of one instant the label speaks for the order first: it has a tracking number, a mark may have none.
_KINDS: tuple[ParcelKind, ...] = ("shipment", "fulfillment", "order")


@dataclass(frozen=True, slots=True)
class Line:
    """A SKU text and a quantity: of an order, or in a parcel."""

    order_item_id: int | None
    sku: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderState:
    """The newest version of an order that we know."""

    order_id: int
    status: str  # ours
    modified_at: datetime
    ship_date: date  # what the order itself says, else the business date of its last change
    lines: tuple[Line, ...]  # discounts left out


@dataclass(frozen=True, slots=True)
class Parcel:
    """One label or one fulfillment. Return labels are no parcels."""

    kind: ParcelKind
    parcel_id: int
    created_at: datetime
    ship_date: date
    tracking_number: str | None
    carrier_code: str | None
    service_code: str | None
    voided_at: datetime | None  # None: it stands
    lines: tuple[Line, ...] | None  # None: it carries no items


@dataclass(frozen=True, slots=True)
class Left:
    """What left in one parcel."""

    parcel: Parcel
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The order as its parcels show it. `left` is empty when nothing has left."""

    status: str
    status_reason: str | None
    left: tuple[Left, ...]
    parcel_count: int  # parcels that stand; 0 with `left` filled means the stand-in of a shipped order

    @property
    def first(self) -> Parcel | None:
        """The parcel whose date, carrier and tracking number speak for the order."""
        return self.left[0].parcel if self.left else None


@dataclass(frozen=True, slots=True)
class ParcelUnits:
    """One parcel as far as it tells whether an order is all accounted for."""

    kind: ParcelKind
    parcel_id: int
    order_id: int | None
    units: int | None  # None: it does not say what is in it
    stands: bool  # neither voided nor a return


def uncovered(ordered: Mapping[int, int], parcels: Iterable[ParcelUnits]) -> set[int]:
    """Of these orders (id -> units), those whose standing parcels do not hold all; one that does not say holds all."""
    held: dict[int, int] = {}
    whole: set[int] = set()
    for parcel in parcels:
        if not parcel.stands or parcel.order_id is None:
            continue
        if parcel.units is None:
            whole.add(parcel.order_id)
        else:
            held[parcel.order_id] = held.get(parcel.order_id, 0) + parcel.units
    return {
        order_id
        for order_id, units in ordered.items()
        if order_id not in whole and (order_id not in held or held[order_id] < units)
    }


def picture(order: OrderState, parcels: Sequence[Parcel]) -> Picture:
    """Say what of the order has left, in which parcel, and whether a void has put it back to awaiting.

    A void that is newer than the order's version takes the order back to awaiting shipment, because ShipStation
    does so (API.md section 4) and may not move modifyDate when it does (section 10, unknown 6).
    """
    standing = sorted((p for p in parcels if p.voided_at is None), key=_order_of_parcels)
    voids = [p.voided_at for p in parcels if p.voided_at is not None]
    left = _what_left(order, standing)
    if order.status != "shipped":
        return Picture(order.status, None, left, len(standing))
    is_voided_since = bool(voids) and max(voids) >= order.modified_at
    shipped_units = _units(line for one in left for line in one.lines)
    if is_voided_since and (not standing or shipped_units < _units(order.lines)):
        # The itemless parcels stay out as well: an order that is not shipped has shipped only what is labelled.
        left = _what_left(_reopened(order), standing)
        return Picture("awaiting_shipment", "its label was voided", left, len(standing))
    if not standing:
        stand_in = Parcel(
            "order", order.order_id, order.modified_at, order.ship_date, None, None, None, None, order.lines
        )
        return Picture("shipped", None, (Left(stand_in, order.lines),), 0)
    return Picture("shipped", None, left, len(standing))


def _what_left(order: OrderState, standing: Sequence[Parcel]) -> tuple[Left, ...]:
    itemised = [Left(p, p.lines) for p in standing if p.lines is not None]
    bare = [p for p in standing if p.lines is None]
    if order.status != "shipped" or not bare:
        return tuple(itemised)
    rest = _rest(order.lines, [line for one in itemised for line in one.lines])
    taken = [Left(bare[0], tuple(rest)), *(Left(p, ()) for p in bare[1:])]
    return tuple(sorted([*itemised, *taken], key=lambda one: _order_of_parcels(one.parcel)))


def _rest(ordered: Sequence[Line], shipped: Sequence[Line]) -> list[Line]:
    """What was ordered and is in no parcel yet.

    Lines meet by item id; what does not (some labels carry no ids, and a split, a merge or an edit gives new ones)
    meets by SKU text, and then by SKU whatever the lot, because a label may name another lot.
    """
    left = [line.quantity for line in ordered]
    gone = [line.quantity for line in shipped]
    for identity in (_item_id, _sku_text, _base_sku):
        for no, line in enumerate(ordered):
            for other_no, other in enumerate(shipped):
                if identity(line) is not None and identity(line) == identity(other):
                    met = min(left[no], gone[other_no])
                    left[no] -= met
                    gone[other_no] -= met
    return [replace(line, quantity=units) for line, units in zip(ordered, left, strict=True) if units > 0]


def _item_id(line: Line) -> int | None:
    return line.order_item_id


def _sku_text(line: Line) -> str | None:
    found = parse_sku_lot(line.sku)
    return found.text if found is not None else line.sku


def _base_sku(line: Line) -> str | None:
    found = parse_sku_lot(line.sku)
    return found.base_sku if found is not None else None


def _units(lines: Iterable[Line]) -> int:
    return sum(line.quantity for line in lines)


def _reopened(order: OrderState) -> OrderState:
    return OrderState(order.order_id, "awaiting_shipment", order.modified_at, order.ship_date, order.lines)


def _order_of_parcels(parcel: Parcel) -> tuple[date, datetime, int, int]:
    return (parcel.ship_date, parcel.created_at, _KINDS.index(parcel.kind), parcel.parcel_id)
