"""Builders of ShipStation's records: a test states only what matters to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shipsync.rules.shipstation import Address, RemoteLine, RemoteOrder

NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def a_line(sku: str | None = "17612 - 250237", quantity: int = 1, **others: Any) -> RemoteLine:
    """One line of an order."""
    values: dict[str, Any] = {
        "order_item_id": 9_000_000_001,
        "line_item_key": None,
        "sku": sku,
        "name": "Sample Rinse, case",
        "quantity": quantity,
        "unit_price": Decimal("10.00"),
        "adjustment": False,
    }
    return RemoteLine(**(values | others))


def an_order(order_number: str = "100123", *, lines: Sequence[RemoteLine] | None = None, **others: Any) -> RemoteOrder:
    """One order at ShipStation: a manual one with one case of 17612, awaiting shipment."""
    values: dict[str, Any] = {
        "order_id": 5_000_000_001,
        "order_number": order_number,
        "order_key": "manual-0011aa",
        "status": "awaiting_shipment",
        "ordered_at": NOON,
        "created_at": NOON,
        "modified_at": NOON,
        "ship_date": None,
        "hold_until": None,
        "store_id": 1,
        "email": "buyer@example.com",
        "ship_to": Address(name="Robin Sample", city="Duluth"),
        "bill_to": Address(name="Robin Sample"),
        "carrier_code": None,
        "service_code": None,
        "package_code": None,
        "requested_service": None,
        "bill_to_account_id": None,
        "externally_fulfilled": False,
        "merged_ids": (),
        "parent_id": None,
        "order_total": Decimal("10.00"),
        "content_hash": "h1",
    }
    return RemoteOrder(lines=tuple(lines) if lines is not None else (a_line(),), **(values | others))
