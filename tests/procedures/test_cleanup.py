"""Clean-up of the inbox: closed orders only, with a tombstone each, and nothing of the history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from shipsync.procedures.cleanup import KEEP, PROCEDURE
from shipsync.store.db import Database
from tests.procedures.shop_side import NOW, a_database, run, tables

OLD = NOW - KEEP - timedelta(seconds=1)


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def put(db: Database, number: str, status: str, **columns: object) -> None:
    row: dict[str, object] = {
        "order_key": f"shipsync:X-Cart:{number}",
        "order_number": number,
        "source_system": "X-Cart",
        "status": status,
        "created_at": OLD,
        "updated_at": OLD,
    } | columns
    with db.transaction() as con:
        names = ", ".join(row)
        con.execute(
            f"INSERT INTO orders_inbox ({names}) VALUES ({', '.join('$' + name for name in row)})",  # noqa: S608 - ours
            row,
        )
        con.execute(
            """
            INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, quantity)
            VALUES ($key, 1, $number, 'X-Cart', 1)
            """,
            {"key": row["order_key"], "number": number},
        )


def numbers(db: Database, table: str) -> set[str]:
    return {row[0] for row in db.read().rows(f"SELECT order_number FROM {table}")}  # noqa: S608 - names from the tests


def test_closed_orders_that_did_not_change_for_sixty_days_leave_a_tombstone(db: Database) -> None:
    put(db, "1", "shipped", shipstation_order_id=5_000_000_001)
    put(db, "2", "cancelled")
    work, _ = run(PROCEDURE, db)
    assert work.counts == {"removed": 2}
    assert numbers(db, "orders_inbox") == numbers(db, "order_items_inbox") == set()
    rows = db.read().rows(
        """
        SELECT order_key, source_system, order_number, shipstation_order_id, last_status, removed_at
        FROM tombstones
        ORDER BY order_key
        """
    )
    assert rows == [
        ("shipsync:X-Cart:1", "X-Cart", "1", 5_000_000_001, "shipped", NOW),
        ("shipsync:X-Cart:2", "X-Cart", "2", None, "cancelled", NOW),
    ]


@pytest.mark.parametrize(
    "status", ["pending", "uploaded", "awaiting_payment", "awaiting_shipment", "on_hold", "failed"]
)
def test_an_open_order_stays_however_old_it_is(db: Database, status: str) -> None:
    put(db, "1", status, updated_at=NOW - timedelta(days=4000))
    assert run(PROCEDURE, db)[0].counts == {"removed": 0}
    assert numbers(db, "orders_inbox") == {"1"}


def test_an_order_that_changed_within_sixty_days_stays(db: Database) -> None:
    put(db, "1", "shipped", updated_at=NOW - KEEP)
    put(db, "2", "shipped", modified_at=NOW - timedelta(days=1))
    assert run(PROCEDURE, db)[0].counts == {"removed": 0}


def test_an_order_with_an_open_part_stays_until_the_part_is_closed(db: Database) -> None:
    put(db, "1", "shipped", shipstation_order_id=7)
    put(db, "1", "awaiting_shipment", order_key="shipstation:8", parent_order_id=7)
    assert run(PROCEDURE, db)[0].counts == {"removed": 0}
    with db.transaction() as con:
        con.execute("UPDATE orders_inbox SET status = 'shipped' WHERE order_key = 'shipstation:8'")
    assert run(PROCEDURE, db)[0].counts == {"removed": 2}


def test_what_was_shipped_stays(db: Database) -> None:
    put(db, "1", "shipped", shipstation_order_id=7)
    with db.transaction() as con:
        con.execute(
            """
            INSERT INTO shipped_orders (shipstation_order_id, order_key, order_number, source_system, ship_date,
                last_ship_date, parcel_count, updated_at)
            VALUES (7, 'shipsync:X-Cart:1', '1', 'X-Cart', DATE '2025-12-01', DATE '2025-12-01', 1, $now)
            """,
            {"now": OLD},
        )
        con.execute(
            """
            INSERT INTO shipped_items (parcel_kind, parcel_id, line_no, shipstation_order_id, order_number,
                source_system, ship_date, quantity)
            VALUES ('shipment', 1, 1, 7, '1', 'X-Cart', DATE '2025-12-01', 2)
            """
        )
    run(PROCEDURE, db)
    assert numbers(db, "orders_inbox") == set()
    assert numbers(db, "shipped_orders") == numbers(db, "shipped_items") == {"1"}


def test_a_dry_run_lists_what_would_go_and_changes_nothing(db: Database) -> None:
    put(db, "1", "shipped")
    put(db, "2", "pending")
    before = tables(db)
    work, lines = run(PROCEDURE, db, dry_run=True)
    assert work.results["clean up"] == {"orders": [["X-Cart", "1", "shipped"]]}
    assert lines[0] == "Would go: 1 (X-Cart, shipped)."
    assert tables(db) == before


def test_a_second_clean_up_finds_nothing_to_do(db: Database) -> None:
    put(db, "1", "shipped")
    run(PROCEDURE, db)
    before = tables(db)
    assert run(PROCEDURE, db)[0].counts == {"removed": 0}
    assert tables(db) == before
