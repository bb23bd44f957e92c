"""How a shop order looks when it goes up to ShipStation (DESIGN D13, facts/domain.md section 1.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shipsync.rules.lots import SkuLot
from shipsync.rules.shipstation import Address, NewLine, NewOrder

# createorders takes at most so many, and counts as one request (API.md section 5).
BATCH = 100
# A refusal may pass (an address that is being corrected); after so many it needs a person.
TRIES = 3


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """One line of a shop order that waits; bundles are exploded already."""

    line_no: int
    base_sku: str | None
    sku: str  # as the shop had it, for a line whose SKU cannot be read
    name: str
    quantity: int
    unit_price: Decimal | None
    active_lot: str | None  # the product's lot of now; None where lots are not used


@dataclass(frozen=True, slots=True)
class Waiting:
    """A shop order that waits to go up."""

    order_key: str
    order_number: str
    ordered_at: datetime
    email: str | None
    requested_service: str | None
    shipping_paid: Decimal
    ship_to: Address
    bill_to: Address
    lines: tuple[WaitingLine, ...]


def new_order(order: Waiting) -> NewOrder:
    """The order as ShipStation shall have it: each SKU with the lot that is active now."""
    return NewOrder(
        order_key=order.order_key,
        order_number=order.order_number,
        ordered_at=order.ordered_at,
        email=order.email,
        ship_to=order.ship_to,
        bill_to=order.bill_to,
        requested_service=order.requested_service,
        shipping_paid=order.shipping_paid,
        lines=tuple(
            NewLine(
                line_key=f"{order.order_number}-{line.line_no}",
                sku=SkuLot(line.base_sku, line.active_lot).text if line.base_sku else line.sku,
                name=line.name,
                quantity=line.quantity,
                unit_price=line.unit_price if line.unit_price is not None else Decimal(0),
            )
            for line in order.lines
        ),
    )


def halves(orders: list[NewOrder]) -> tuple[list[NewOrder], list[NewOrder]]:
    """A batch cut in two, to find the one order that makes ShipStation refuse all of it."""
    middle = (len(orders) + 1) // 2
    return orders[:middle], orders[middle:]
