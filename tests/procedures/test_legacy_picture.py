"""What has left of an order is told by two that share nothing: rule by rule in Python, and set by set in SQL."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from shipsync.procedures.shipped import refresh_shipped
from shipsync.procedures.take_in import guide
from shipsync.rules.orders import local_status
from shipsync.store import legacy
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database
from shipsync.store.legacy import Gathered
from shipsync.store.migrations import migrate

ORDERS = 200
NOW = datetime(2026, 9, 20, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
# Lots and spellings that meet by text, by SKU alone, or not at all.
TEXTS = ("17612 - 250237", "17612-250237", "17612", "17612 - 250300", "18795", "SAMPLE", "17612-6", None)
WORDS = (
    "awaiting_shipment",
    "shipped",
    "shipped",
    "shipped",
    "cancelled",
    "on_hold",
    "pending_fulfillment",
    "new_word",
)
CODES = (("fedex", "fedex_ground"), ("ups", "ups_ground"), ("ups", None), (None, None), ("fedex", "unnamed"))


class Rows:
    """Rows of some tables, put in at once: one by one they would take seconds."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, object]]] = {}

    def add(self, table: str, **row: object) -> None:
        self.tables.setdefault(table, []).append(row)

    def put(self, con: Cursor) -> None:
        for table, rows in self.tables.items():
            con.register("rows", pa.Table.from_pylist(rows))
            con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")  # noqa: S608 - our own names
            con.unregister("rows")


def some_orders(seed: int, orders: int) -> Rows:
    """Orders in every state with every mixture of parcels, written as rows."""
    rng, rows = random.Random(seed), Rows()
    for provider_id, code, is_primary in ((1, "fedex", True), (2, "ups", True), (3, "ups", False), (4, "dhl", False)):
        rows.add("carriers", provider_id=provider_id, code=code, name=code, is_primary=is_primary, updated_at=NOW)
    for code, service in (("fedex", "fedex_ground"), ("ups", "ups_ground")):
        rows.add("carrier_services", carrier_code=code, service_code=service, name=f"{service}®", updated_at=NOW)
    for order_id in range(1, orders + 1):
        one_order(rows, rng, order_id)
    return rows


def one_order(rows: Rows, rng: random.Random, order_id: int) -> None:
    modified_at = NOW - timedelta(hours=rng.randrange(1, 72))
    word = rng.choice(WORDS)
    carrier, service = rng.choice(CODES)
    status = rng.choice(("awaiting_shipment", "on_hold", "cancelled")) if word == "new_word" else "awaiting_shipment"
    status, reason = local_status(word, status)
    if word == "shipped" and rng.random() < 0.1:
        status = "cancelled"  # closed here: merged away, or deleted
    rows.add("orders_inbox", order_key=f"shipstation:{order_id}", order_number=f"10{order_id}",
        source_system="ShipStation Manual", status=status, status_reason=reason, shipstation_order_id=order_id,
        shipstation_status=word,
        shipping_carrier_code=carrier, shipping_carrier_id=7 if carrier else None, shipping_service_code=service,
        shipping_service_name="as it was" if service else None, modified_at=modified_at,
        ship_date=rng.choice((None, date(2026, 9, 18))), ship_city="Austin", email=None, created_at=modified_at,
        updated_at=modified_at)  # fmt: skip
    items = [(rng.choice((None, 100 * order_id + line_no)), rng.choice(TEXTS), rng.randrange(0, 4))
             for line_no in range(1, rng.randrange(1, 5))]  # fmt: skip
    for line_no, (item_id, sku, quantity) in enumerate(items, start=1):
        rows.add("shipstation_order_line_items", shipstation_order_id=order_id, line_no=line_no, order_item_id=item_id,
            sku=sku, quantity=quantity, is_adjustment=rng.random() < 0.1, **spelt(sku))  # fmt: skip
    for number in range(rng.randrange(0, 4)):
        created_at = NOW - timedelta(hours=rng.randrange(1, 72))
        one_label(rows, rng, 1000 * order_id + number, order_id, created_at, items)
    if rng.random() < 0.25:
        created_at = NOW - timedelta(hours=rng.randrange(1, 72))
        is_void = rng.random() < 0.3
        rows.add("fulfillments", fulfillment_id=1000 * order_id, shipstation_order_id=order_id, created_at=created_at,
            ship_date=rng.choice((None, created_at.date())), tracking_number=rng.choice((None, "T")),
            carrier_name="FedEx", fulfillment_fee=0, voided=is_void, voided_at=NOW if is_void else None,
            content_hash="", first_seen_at=NOW, updated_at=NOW)  # fmt: skip


def one_label(
    rows: Rows, rng: random.Random, shipment_id: int, order_id: int, created_at: datetime, items: list[Any]
) -> None:
    is_void, is_bare = rng.random() < 0.3, rng.random() < 0.3
    carrier, service = rng.choice(CODES)
    voided_at = created_at + timedelta(hours=rng.randrange(0, 40)) if is_void and rng.random() < 0.9 else None
    rows.add("shipments", shipment_id=shipment_id, shipstation_order_id=order_id, created_at=created_at,
        ship_date=rng.choice((None, created_at.date(), date(2026, 9, 19))), shipment_cost=1, insurance_cost=0,
        carrier_code=carrier, service_code=service, tracking_number=f"T{shipment_id}",
        is_return_label=rng.random() < 0.1, has_items=not is_bare, voided=is_void, voided_at=voided_at,
        content_hash="", first_seen_at=NOW, updated_at=NOW)  # fmt: skip
    for line_no, (item_id, sku, quantity) in enumerate(items if not is_bare else [], start=1):
        if rng.random() < 0.7:
            text = sku if rng.random() < 0.7 else rng.choice(TEXTS)
            rows.add("shipment_items", shipment_id=shipment_id, line_no=line_no, sku=text,
                order_item_id=item_id if rng.random() < 0.6 else None, quantity=rng.randrange(0, quantity + 2),
                is_adjustment=rng.random() < 0.05)  # fmt: skip


def spelt(sku: str | None) -> Mapping[str, str | None]:
    known = {
        "17612 - 250237": ("17612 - 250237", "17612", "250237"),
        "17612-250237": ("17612 - 250237", "17612", "250237"),
        "17612": ("17612", "17612", None),
        "17612 - 250300": ("17612 - 250300", "17612", "250300"),
        "18795": ("18795", "18795", None),
    }
    return dict(zip(("sku_lot", "base_sku", "lot"), known.get(sku or "", (None, None, None)), strict=True))


def told(db: Database) -> dict[str, list[Any]]:
    queries = {
        "orders": """
            SELECT shipstation_order_id, status, status_reason, tracking_number, shipping_carrier_code,
                   shipping_carrier_id, shipping_service_code, shipping_service_name
            FROM orders_inbox ORDER BY ALL
        """,
        "shipped_orders": "SELECT * EXCLUDE (updated_at) FROM shipped_orders ORDER BY ALL",
        "shipped_items": "SELECT * FROM shipped_items ORDER BY ALL",
    }
    return {name: db.read().rows(query) for name, query in queries.items()}


SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(2, 31))]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_tell_the_same_of_every_mixture_of_parcels(seed: int) -> None:
    ids = list(range(1, ORDERS + 1))
    with open_database(None, threads=1) as one, open_database(None, threads=1) as other:
        for db in (one, other):
            migrate(db, NOW)
            with db.transaction() as con:
                some_orders(seed, ORDERS).put(con)
        with one.transaction() as con:
            refresh_shipped(con, ids, guide(con), ZONE, NOW)
        with other.transaction() as con:
            legacy.bring_in_step(con, Gathered(), ids, NOW)
        expected, found = told(one), told(other)
        for name, rows in expected.items():
            assert found[name] == rows, name
        assert len(expected["shipped_items"]) > 100
        assert any(row[2] == "its label was voided" for row in expected["orders"])
        with other.transaction() as con:
            assert legacy.bring_in_step(con, Gathered(), ids, NOW).updated == set()
