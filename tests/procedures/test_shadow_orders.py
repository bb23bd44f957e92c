"""A lane has the shop's orders as import and upload left them, and nothing that an engine wrote in production."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shipsync.errors import LockLost
from shipsync.procedures.shadow import prepare_lane
from shipsync.procedures.work import Procedure, Step
from shipsync.rules.legacy import LOOKS_BACK
from shipsync.rules.watermark import SEED
from shipsync.store.cleanup import remove_from_inbox
from shipsync.store.db import Database, Tables
from shipsync.store.lanes import SHADOW
from shipsync.store.shop_orders import withdraw
from shipsync.store.uploads import claim, release, uploaded
from tests.procedures.shop_side import NOW, a_database, run

BEFORE = NOW - timedelta(days=1)


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def bring(
    db: Database, *, now: datetime = NOW, checks: int | None = None, workflow: str = "shipstation-sync"
) -> list[str]:
    """What a run does before its steps. Returns what it logged."""
    step = Step("prepare", lambda work: prepare_lane(db, SHADOW, work))
    return run(Procedure(workflow, (step,)), db, now=now, checks=checks)[1]


def put(tables: Tables, number: str, status: str = "pending", **columns: object) -> str:
    """An order with one line. Returns its key."""
    row: dict[str, object] = {
        "order_key": f"shipsync:X-Cart:{number}",
        "order_number": number,
        "source_system": "X-Cart",
        "status": status,
        "source_hash": f"hash of {number}",
        "created_at": BEFORE,
        "updated_at": BEFORE,
    } | columns
    with tables.transaction() as con:
        con.execute(
            f"INSERT INTO orders_inbox ({', '.join(row)}) VALUES ({', '.join('$' + name for name in row)})",  # noqa: S608
            row,
        )
        con.execute(
            """
            INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, quantity, unit_price)
            VALUES ($key, 1, $number, 'X-Cart', '17612', 2, 9.50)
            """,
            {"key": row["order_key"], "number": number},
        )
    return str(row["order_key"])


def change(tables: Tables, number: str, **columns: object) -> None:
    with tables.transaction() as con:
        sets = ", ".join(f"{name} = ${name}" for name in columns)
        con.execute(f"UPDATE orders_inbox SET {sets} WHERE order_number = $number", columns | {"number": number})  # noqa: S608


def orders(tables: Tables) -> dict[str, dict[str, Any]]:
    """By number: every column that is not empty."""
    rows = tables.read().table("SELECT * FROM orders_inbox ORDER BY order_key").to_pylist()
    return {row["order_number"]: {name: value for name, value in row.items() if value is not None} for row in rows}


def states(db: Database) -> dict[str, str]:
    return {number: row["status"] for number, row in orders(db.lane(SHADOW)).items()}


def items(tables: Tables) -> list[tuple[Any, ...]]:
    return tables.read().rows("SELECT order_number, line_no, sku, quantity, unit_price FROM order_items_inbox")


def test_what_an_engine_wrote_in_production_does_not_come_along(db: Database) -> None:
    put(
        db,
        "1",
        "shipped",
        shipstation_order_id=5_000_000_001,
        ship_name="Ann",
        bill_city="Reno",
        shipping_paid=Decimal("4.10"),
        uploaded_at=BEFORE,
        status_reason="why",
        shipstation_status="shipped",
        shipping_carrier_code="ups",
        shipping_carrier_id=7,
        shipping_service_code="ground",
        shipping_service_name="Ground",
        tracking_number="1Z",
        order_total=Decimal("19.00"),
        hold_until=NOW.date(),
        ship_date=NOW.date(),
        modified_at=BEFORE,
        content_hash="abc",
    )
    change(db, "1", updated_at=NOW)
    bring(db)
    assert orders(db.lane(SHADOW)) == {
        "1": {
            "order_key": "shipsync:X-Cart:1",
            "order_number": "1",
            "source_system": "X-Cart",
            "status": "uploaded",
            "shipstation_order_id": 5_000_000_001,
            "ship_name": "Ann",
            "bill_city": "Reno",
            "shipping_paid": Decimal("4.10"),
            "source_hash": "hash of 1",
            "uploaded_at": BEFORE,
            "upload_attempts": 0,
            "created_at": BEFORE,
            "updated_at": BEFORE,
        }
    }
    assert items(db.lane(SHADOW)) == [("1", 1, "17612", 2, Decimal("9.50"))]


def test_what_shipstation_made_is_for_the_engine_to_find(db: Database) -> None:
    put(db, "100001", source_system="ShipStation Manual", order_key="shipstation:5000000001")
    put(db, "1", order_key="shipstation:5000000002", parent_order_id=5_000_000_009)
    bring(db)
    assert orders(db.lane(SHADOW)) == {}


def test_where_nothing_has_changed_nothing_is_written(db: Database) -> None:
    for number, status in enumerate(("pending", "failed", "uploaded", "awaiting_shipment", "shipped", "cancelled")):
        put(db, str(number), status, modified_at=None if number < 3 else NOW - SEED * (number - 3))
    assert len(bring(db)) == 2
    before = (orders(db.lane(SHADOW)), items(db.lane(SHADOW)), db.data_version)
    assert bring(db) == []
    assert (orders(db.lane(SHADOW)), items(db.lane(SHADOW)), db.data_version) == before


def test_an_order_follows_import_and_upload_until_the_engine_takes_it_in(db: Database) -> None:
    lane = db.lane(SHADOW)
    key = put(db, "1")
    bring(db)
    assert states(db) == {"1": "pending"}

    with db.transaction() as con:
        con.execute("UPDATE order_items_inbox SET quantity = 3")
    change(db, "1", source_hash="another", ship_name="Bo", updated_at=NOW)
    bring(db)
    assert orders(lane) == orders(db)
    assert items(lane) == items(db)

    with db.transaction() as con:
        claim(con, "shipstation-upload.1", 10, NOW)
    bring(db)
    assert orders(lane)["1"]["claimed_by"] == "shipstation-upload.1"
    with db.transaction() as con:
        release(con, "shipstation-upload.1")
    bring(db)
    assert orders(lane) == orders(db)
    with db.transaction() as con:
        uploaded(con, {key: 5_000_000_001}, NOW)
    bring(db)
    assert orders(lane) == orders(db)
    assert states(db) == {"1": "uploaded"}

    change(lane, "1", status="on_hold", modified_at=NOW, claimed_at=None)
    change(db, "1", updated_at=NOW + timedelta(hours=1))
    assert bring(db) == []
    assert states(db) == {"1": "on_hold"}


def test_an_order_that_the_shop_took_back_is_taken_back_in_the_lane(db: Database) -> None:
    key = put(db, "1")
    bring(db)
    with db.transaction() as con:
        assert withdraw(con, {key: "no lines"}, NOW) == ["1"]
    bring(db)
    assert states(db) == {"1": "failed"}


@pytest.mark.parametrize("columns", [{"modified_at": NOW}, {"status": "cancelled"}])
def test_what_the_engine_said_of_an_order_stays(db: Database, columns: dict[str, object]) -> None:
    """It may have found one at ShipStation before the upload heard of it, or closed one that had vanished there."""
    put(db, "1", "uploaded", shipstation_order_id=5_000_000_001)
    bring(db)
    change(db.lane(SHADOW), "1", **columns)
    before = orders(db.lane(SHADOW))
    change(db, "1", status="shipped", updated_at=NOW, tracking_number="1Z")
    assert bring(db) == []
    assert orders(db.lane(SHADOW)) == before


@pytest.mark.parametrize(("workflow", "reach"), [("shipstation-sync", SEED), ("status-sync", LOOKS_BACK)])
def test_what_was_closed_before_the_engine_began_comes_as_closed(db: Database, workflow: str, reach: timedelta) -> None:
    """The unified sync would look for each of them by its number, and the legacy ones never."""
    put(db, "old", "shipped", modified_at=NOW - reach - timedelta(seconds=1))
    put(db, "young", "shipped", modified_at=NOW - reach)
    put(db, "open", "awaiting_shipment", modified_at=NOW - SEED * 2)
    bring(db, workflow=workflow)
    assert states(db) == {"old": "shipped", "young": "uploaded", "open": "uploaded"}


def test_what_the_engine_has_missed_is_not_made_good(db: Database) -> None:
    put(db, "1", "shipped", modified_at=NOW)
    bring(db)
    assert bring(db, now=NOW + SEED * 2) == []
    assert states(db) == {"1": "uploaded"}


def test_what_was_cleaned_up_leaves_the_lane_too(db: Database) -> None:
    gone = put(db, "1", "shipped", modified_at=BEFORE)
    manual = put(db, "100001", "shipped", source_system="ShipStation Manual", order_key="shipstation:5000000001")
    put(db, "2")
    bring(db)
    put(db.lane(SHADOW), "100001", "shipped", source_system="ShipStation Manual", order_key=manual)
    put(db.lane(SHADOW), "100002", "shipped", source_system="ShipStation Manual", order_key="shipstation:5000000002")
    with db.transaction() as con:
        remove_from_inbox(con, [gone, manual], NOW)
    assert bring(db) == [f"Into lane {SHADOW}: 0 shop orders brought over, 2 orders cleaned up."]
    assert sorted(states(db)) == ["100002", "2"]
    assert sorted(row[0] for row in items(db.lane(SHADOW))) == ["100002", "2"]
    assert bring(db) == []


def test_a_new_lane_knows_the_names_that_production_knows(db: Database) -> None:
    lane = db.lane(SHADOW)
    bring(db)
    names = "SELECT provider_id, name, updated_at FROM carriers"
    assert lane.read().rows(names) == []
    with db.transaction() as con:
        con.execute("INSERT INTO carriers VALUES (7, 'ups', 'UPS', NULL, true, $at)", {"at": BEFORE})
        con.execute("INSERT INTO carrier_services VALUES ('ups', 'ground', 'Ground', $at)", {"at": BEFORE})
        con.execute("INSERT INTO stores VALUES (1, 'Shop', NULL, true, $at)", {"at": BEFORE})
    bring(db)
    assert lane.read().rows(names) == [(7, "UPS", BEFORE)]
    for table in ("carrier_services", "stores"):
        assert lane.read().rows(f"SELECT * FROM {table}") == db.read().rows(f"SELECT * FROM {table}")  # noqa: S608
    with lane.transaction() as con:
        con.execute("UPDATE carriers SET name = 'Brown'")
    assert bring(db) == []
    assert lane.read().rows(names) == [(7, "Brown", BEFORE)]


def test_a_run_that_has_lost_its_lock_brings_nothing(db: Database) -> None:
    put(db, "1")
    with pytest.raises(LockLost):
        bring(db, checks=0)
    assert states(db) == {}
