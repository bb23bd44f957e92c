"""The order loop's tables in the shape of a comparison: with a world's truth, or with another database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shipsync.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class TrackedOrder:
    """One order at ShipStation as we have it."""

    order_id: int
    order_number: str
    source_system: str
    status: str
    carrier_code: str | None
    service_code: str | None
    tracking_number: str | None
    modified_at: datetime
    hold_until: date | None


def tracked_orders(con: Cursor) -> list[TrackedOrder]:
    """Every order that has a ShipStation id. One id in two rows gives two records: the caller finds the double."""
    rows = con.rows(
        """
        SELECT shipstation_order_id, order_number, source_system, status, shipping_carrier_code,
               shipping_service_code, tracking_number, modified_at, hold_until
        FROM orders_inbox
        WHERE shipstation_order_id IS NOT NULL
        ORDER BY shipstation_order_id, order_key
        """
    )
    return [TrackedOrder(*row) for row in rows]


def shop_numbers(con: Cursor) -> dict[str, str]:
    """Every shop order here that is no split-off part: number -> status."""
    rows = con.rows(
        "SELECT order_number, status FROM orders_inbox WHERE source_system = 'X-Cart' AND parent_order_id IS NULL"
    )
    return dict(rows)


def taken_over(con: Cursor, kinds: Sequence[str]) -> set[str]:
    """Held records of these kinds that a person has closed, to do by hand what they stand for: ids, as they stand."""
    rows = con.rows(
        """
        SELECT entity_id
        FROM quarantine_closings
        JOIN quarantine USING (kind, entity_id)
        WHERE held
          AND kind IN (SELECT unnest($kinds))
        """,
        {"kinds": list(kinds)},
    )
    return {entity_id for (entity_id,) in rows}


def current_lines(con: Cursor) -> dict[int, list[tuple[str | None, int]]]:
    """Per ShipStation order: the SKU texts and quantities it has there, discounts left out, sorted."""
    lines: dict[int, list[tuple[str | None, int]]] = {}
    for order_id, sku, quantity in con.rows(
        "SELECT shipstation_order_id, sku, quantity FROM shipstation_order_line_items WHERE NOT is_adjustment"
    ):
        lines.setdefault(order_id, []).append((sku, quantity))
    return {order_id: sorted(rows, key=str) for order_id, rows in lines.items()}


def left_the_house(con: Cursor) -> dict[int, list[tuple[str, int, date, str | None, int]]]:
    """Per ShipStation order: (parcel kind, parcel id, ship date, SKU text, quantity) of all that left, sorted."""
    left: dict[int, list[tuple[str, int, date, str | None, int]]] = {}
    for order_id, *rest in con.rows(
        "SELECT shipstation_order_id, parcel_kind, parcel_id, ship_date, sku, quantity FROM shipped_items"
    ):
        left.setdefault(order_id, []).append((rest[0], rest[1], rest[2], rest[3], rest[4]))
    return {order_id: sorted(rows, key=str) for order_id, rows in left.items()}


def labels(con: Cursor) -> dict[int, tuple[int | None, Decimal, Decimal, bool]]:
    """Per shipment id: order id, cost, insurance, voided."""
    rows = con.rows("SELECT shipment_id, shipstation_order_id, shipment_cost, insurance_cost, voided FROM shipments")
    return {shipment_id: (order_id, cost, insurance, voided) for shipment_id, order_id, cost, insurance, voided in rows}
