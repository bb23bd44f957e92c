"""Rows of orders and parcels for tests of questions; each states only what matters to it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from shipsync.store.db import Database

NOON = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)  # Wednesday 12:00 in the warehouse
_ids = count(1)


def put(db: Database, table: str, **values: Any) -> None:
    """One row."""
    with db.transaction() as con:
        names = ", ".join(values)
        marks = ", ".join(f"${name}" for name in values)
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)  # noqa: S608 - names of our own schema


def an_order(db: Database, number: str, status: str = "awaiting_shipment", **others: Any) -> int:
    """An order that came in at NOON. Returns its id at ShipStation."""
    order_id = 5_000_000_000 + next(_ids)
    values: dict[str, Any] = {
        "order_key": f"key:{number}",
        "order_number": number,
        "source_system": "X-Cart",
        "status": status,
        "shipstation_order_id": order_id,
        "ordered_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
    }
    put(db, "orders_inbox", **(values | others))
    return order_id


def a_shipped_order(db: Database, number: str, on: date, *, parcels: int = 1, units: int = 2, **label: Any) -> int:
    """An order that left on a date, in so many labels of so many units; `label` says more of each label."""
    order_id = an_order(db, number, "shipped")
    head = {"order_key": f"key:{number}", "order_number": number, "source_system": "X-Cart", "updated_at": NOON}
    put(
        db,
        "shipped_orders",
        shipstation_order_id=order_id,
        ship_date=on,
        last_ship_date=on,
        parcel_count=parcels,
        **head,
    )
    for _ in range(parcels):
        shipment_id = 9_000_000_000 + next(_ids)
        values: dict[str, Any] = {
            "shipment_id": shipment_id,
            "shipstation_order_id": order_id,
            "created_at": NOON,
            "shipment_cost": 1,
            "insurance_cost": 0,
            "is_return_label": False,
            "has_items": True,
            "voided": False,
            "content_hash": "h",
            "first_seen_at": NOON,
            "updated_at": NOON,
        }
        put(db, "shipments", **(values | label))
        put(
            db,
            "shipped_items",
            parcel_kind="shipment",
            parcel_id=shipment_id,
            line_no=1,
            shipstation_order_id=order_id,
            order_number=number,
            source_system="X-Cart",
            ship_date=on,
            quantity=units,
        )
    return order_id
