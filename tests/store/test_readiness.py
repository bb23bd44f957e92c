"""What stands against a clean closing, asked of the tables."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from shipsync.rules.catalogue import Product
from shipsync.rules.readiness import Unreadable, WithoutParcel
from shipsync.store import inventory, products, quarantine, readiness
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.inventory import Current
from tests.store.conftest import NOW

TODAY = date(2026, 3, 3)


def an_order_left(con: Cursor, order_id: int, on: date = TODAY, *, parcels: int = 1, sku: str | None = "17612") -> None:
    """A shipped order of one line of three units; `sku` None: its text cannot be read."""
    con.execute(
        """
        INSERT INTO shipped_orders (shipstation_order_id, order_key, order_number, source_system, ship_date,
            last_ship_date, parcel_count, updated_at)
        VALUES ($id, 'shipstation:' || $id, 'no ' || $id, 'ShipStation Manual', $on, $on, $parcels, $now)
        """,
        {"id": order_id, "on": on, "parcels": parcels, "now": NOW},
    )
    con.execute(
        """
        INSERT INTO shipped_items (parcel_kind, parcel_id, line_no, shipstation_order_id, order_number, source_system,
            ship_date, sku, base_sku, quantity)
        VALUES ('shipment', $id, 1, $id, 'no ' || $id, 'ShipStation Manual', $on, coalesce($sku, '17612-6'), $sku, 3)
        """,
        {"id": order_id, "on": on, "sku": sku},
    )


def a_note(order_id: int) -> quarantine.Entry:
    return quarantine.Entry("sku_text", str(order_id), None, "unreadable_sku", "The text is odd.", None, held=False)


def test_units_that_cannot_be_read_are_counted_until_a_person_closes_their_note(memory: Database) -> None:
    assert readiness.unreadable(memory.read()) == Unreadable(0, 0)
    with memory.transaction() as con:
        an_order_left(con, 1)
        an_order_left(con, 2, sku=None)
        an_order_left(con, 3, sku=None)
        quarantine.put(con, [a_note(2), a_note(3), a_note(4)], NOW)  # the third still awaits shipment
    assert readiness.unreadable(memory.read()) == Unreadable(3, 6)
    with memory.transaction() as con:
        quarantine.close(con, "sku_text", "3", "it is fine", "Kim", NOW)
    assert readiness.unreadable(memory.read()) == Unreadable(2, 3)


def test_shipped_orders_without_a_parcel_are_counted_from_a_day_on(memory: Database) -> None:
    with memory.transaction() as con:
        an_order_left(con, 1, parcels=0, on=date(2026, 2, 1))
        an_order_left(con, 2, parcels=0, on=date(2026, 3, 1))
        an_order_left(con, 3, parcels=0)
        an_order_left(con, 4)
    assert readiness.without_parcel(memory.read(), date(2026, 2, 24)) == WithoutParcel(2, "no 3", "shipstation:3")
    assert readiness.without_parcel(memory.read(), date(2026, 3, 4)) == WithoutParcel(0, None, None)


def test_a_key_product_is_uncounted_until_its_stock_is_known(memory: Database) -> None:
    with memory.transaction() as con:
        for sku, is_key in (("20001", True), ("20002", True), ("20003", False), ("20004", True)):
            products.put_products(con, [Product(sku, "Soap", is_key)], NOW)
        inventory.replace_current(con, [a_stock("20001", 0), a_stock("20004", None)], NOW, NOW)
    assert readiness.uncounted_products(memory.read()) == ["20002", "20004"]


def a_stock(sku: str, quantity: int | None) -> Current:
    values: dict[str, Any] = dict.fromkeys(field.name for field in fields(Current))
    known = {"sku": sku, "current_quantity": quantity, "available_quantity": quantity, "awaiting_quantity": 0,
             "quarantined_quantity": 0, "weeks_counted": 0, "is_reorder_point_given": False,
             "alert_level": "unknown", "alert_reason": ""}  # fmt: skip
    return Current(**(values | known))
