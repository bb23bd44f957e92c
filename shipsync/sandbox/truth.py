"""The truth of a world as plain records, to compare a client's tables with at the end of a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shipsync.sandbox.books import Books
from shipsync.sandbox.objects import Line, Order, Shipment, ShopOrder


@dataclass(frozen=True, slots=True)
class TrueLine:
    """One item: the SKU text as ShipStation holds it, and its units."""

    item_id: int
    sku: str | None
    quantity: int
    adjustment: bool


@dataclass(frozen=True, slots=True)
class TrueShipment:
    """One label, voided or not."""

    shipment_id: int
    order_id: int | None
    number: str | None
    created_at: datetime
    ship_date: date
    cost: Decimal
    insurance_cost: Decimal
    tracking: str
    carrier_code: str
    service_code: str
    is_return: bool
    voided_at: datetime | None
    lines: tuple[TrueLine, ...]  # empty: the label carries no items


@dataclass(frozen=True, slots=True)
class TrueFulfillment:
    """One order marked as shipped."""

    fulfillment_id: int
    order_id: int
    number: str
    created_at: datetime
    ship_date: date
    tracking: str | None
    carrier_name: str
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrueOrder:
    """One order as it stands now. `parcels` are its active outbound labels, oldest first."""

    order_id: int
    number: str
    key: str
    store_id: int
    status: str
    created_at: datetime
    modified_at: datetime
    hold_until: date | None
    ship_date: date | None
    carrier_code: str | None
    service_code: str | None
    lines: tuple[TrueLine, ...]
    parcels: tuple[TrueShipment, ...]
    fulfillments: tuple[TrueFulfillment, ...]
    merged_ids: tuple[int, ...]
    parent_id: int | None
    is_deleted: bool  # missing from every list
    merged_into: int | None  # missing from every list


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything: by id, and the shop's orders by number. Nothing in it changes later."""

    orders: dict[int, TrueOrder]
    shipments: dict[int, TrueShipment]
    fulfillments: dict[int, TrueFulfillment]
    shop: dict[str, tuple[tuple[str, int | None], ...]]  # shop number: its last version, product id and amount


def truth_of(books: Books, shop_orders: dict[str, ShopOrder]) -> Truth:
    """Copy everything out of the books."""
    shipments = {shipment_id: _shipment(shipment) for shipment_id, shipment in books.shipments.items()}
    fulfillments = {
        fulfillment_id: TrueFulfillment(
            fulfillment_id=fulfillment_id,
            order_id=one.order_id,
            number=one.number,
            created_at=one.created,
            ship_date=one.ship_date,
            tracking=one.tracking,
            carrier_name=one.carrier_name,
            voided_at=one.voided,
        )
        for fulfillment_id, one in books.fulfillments.items()
    }
    return Truth(
        orders={
            order_id: _order(
                order,
                tuple(
                    shipments[shipment_id]
                    for shipment_id in books.shipments_of.get(order_id, ())
                    if shipments[shipment_id].voided_at is None and not shipments[shipment_id].is_return
                ),
                tuple(fulfillments[one] for one in books.fulfillments_of.get(order_id, ())),
            )
            for order_id, order in books.orders.items()
        },
        shipments=shipments,
        fulfillments=fulfillments,
        shop={
            number: tuple((line.product_id, line.amount) for line in order.lines)
            for number, order in shop_orders.items()
        },
    )


def _lines(lines: tuple[Line, ...] | None) -> tuple[TrueLine, ...]:
    return tuple(TrueLine(line.item_id, line.sku, line.quantity, line.adjustment) for line in lines or ())


def _shipment(shipment: Shipment) -> TrueShipment:
    return TrueShipment(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        number=shipment.number,
        created_at=shipment.created,
        ship_date=shipment.ship_date,
        cost=shipment.cost,
        insurance_cost=shipment.insurance_cost,
        tracking=shipment.tracking,
        carrier_code=shipment.carrier_code,
        service_code=shipment.service_code,
        is_return=shipment.is_return,
        voided_at=shipment.voided,
        lines=_lines(shipment.lines),
    )


def _order(order: Order, parcels: tuple[TrueShipment, ...], fulfillments: tuple[TrueFulfillment, ...]) -> TrueOrder:
    return TrueOrder(
        order_id=order.order_id,
        number=order.number,
        key=order.key,
        store_id=order.store_id,
        status=order.status,
        created_at=order.created,
        modified_at=order.modified,
        hold_until=order.hold_until,
        ship_date=order.ship_date,
        carrier_code=order.carrier_code,
        service_code=order.service_code,
        lines=_lines(order.lines),
        parcels=parcels,
        fulfillments=fulfillments,
        merged_ids=order.merged_ids,
        parent_id=order.parent_id,
        is_deleted=order.is_deleted,
        merged_into=order.merged_into,
    )
