"""The self-check finds what does not add up, and nothing in a healthy database."""

from __future__ import annotations

from datetime import datetime, timedelta

from shipsync.store.db import Database
from shipsync.store.selfcheck import findings


def test_a_healthy_database_has_no_findings(memory: Database, now: datetime) -> None:
    with memory.transaction() as con:
        con.execute("CREATE TABLE pairs (a BIGINT, b VARCHAR, PRIMARY KEY (a, b))")
        con.execute("INSERT INTO pairs SELECT range % 100, range::VARCHAR FROM range(10000)")
    assert findings(memory, now) == []
    assert findings(memory, now, thorough=True) == []


def test_items_without_their_order_are_found(memory: Database, now: datetime) -> None:
    with memory.transaction() as con:
        con.execute(
            """
            INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, quantity)
            VALUES ('gone', 1, '100', 'X-Cart', '17612', 1), ('gone', 2, '100', 'X-Cart', '17612', 1)
            """
        )
    assert findings(memory, now) == ["order_items_inbox: 2 rows belong to no row of orders_inbox."]


def test_a_mark_in_the_future_is_found(memory: Database, now: datetime) -> None:
    with memory.transaction() as con:
        con.execute(
            """
            INSERT INTO sync_watermark (workflow_name, last_sync_timestamp, complete_through)
            VALUES ('shipstation-sync', $mark, NULL)
            ON CONFLICT (workflow_name) DO UPDATE SET last_sync_timestamp = excluded.last_sync_timestamp
            """,
            {"mark": now + timedelta(days=2)},
        )
    (finding,) = findings(memory, now)
    assert finding.startswith("shipstation-sync: its mark 2026-03-05 12:00 UTC lies in the future")
    assert findings(memory, now + timedelta(days=2)) == []
