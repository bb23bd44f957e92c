"""Closed orders leave the inbox, and a tombstone says that they were here (DESIGN D20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shipsync.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class ClosedOrder:
    """A closed order that has not changed for long."""

    order_key: str
    order_number: str
    source_system: str
    status: str  # shipped or cancelled
    last_change_at: datetime


def closed_before(con: Cursor, before: datetime) -> list[ClosedOrder]:
    """Shipped and cancelled orders that last changed before an instant, here or at ShipStation; oldest first.

    An order of which a split-off part is still open stays: what was ordered in that part stands in its lines.
    """
    rows = con.rows(
        """
        SELECT order_key, order_number, source_system, status, greatest(updated_at, modified_at) AS last_change_at
        FROM orders_inbox o
        WHERE status IN ('shipped', 'cancelled')
          AND greatest(updated_at, modified_at) < $before
          AND NOT EXISTS (
              SELECT 1
              FROM orders_inbox part
              WHERE part.parent_order_id = o.shipstation_order_id AND part.status NOT IN ('shipped', 'cancelled')
          )
        ORDER BY last_change_at, order_key
        """,
        {"before": before},
    )
    return [ClosedOrder(*row) for row in rows]


def remove_from_inbox(con: Cursor, order_keys: Sequence[str], now: datetime) -> None:
    """Take these orders and their ordered lines out of the inbox and leave a tombstone for each.

    What was shipped, and what ShipStation said of them, stays where it is.
    """
    leaving = {"keys": list(order_keys)}
    con.execute(
        """
        INSERT INTO tombstones (source_system, order_number, order_key, shipstation_order_id, last_status,
            removed_at)
        SELECT source_system, order_number, order_key, shipstation_order_id, status, $now
        FROM orders_inbox
        WHERE order_key IN (SELECT unnest($keys))
        ON CONFLICT (order_key) DO UPDATE SET
            shipstation_order_id = excluded.shipstation_order_id,
            last_status = excluded.last_status,
            removed_at = excluded.removed_at
        """,
        leaving | {"now": now},
    )
    for table in ("order_items_inbox", "orders_inbox"):
        con.execute(f"DELETE FROM {table} WHERE order_key IN (SELECT unnest($keys))", leaving)  # noqa: S608 - ours
