"""Orders and their lines: what is known, and taking in what ShipStation says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from shipsync.rules.routing import KnownOrder
from shipsync.store.batches import INSTANT, MONEY, batch
from shipsync.store.cursor import Cursor

ADDRESS_PARTS = ("name", "company", "street1", "street2", "city", "state", "postal_code", "country", "phone")


# One row per order version that is taken in. `follows` says that ShipStation's addresses replace ours.
INCOMING = pa.schema(
    [
        ("order_key", pa.string()),
        ("order_number", pa.string()),
        ("source_system", pa.string()),
        ("status", pa.string()),
        ("status_reason", pa.string()),
        ("shipstation_order_id", pa.int64()),
        ("parent_order_id", pa.int64()),
        ("shipstation_status", pa.string()),
        ("ordered_at", INSTANT),
        ("email", pa.string()),
        ("requested_service", pa.string()),
        ("order_total", MONEY),
        ("shipping_carrier_code", pa.string()),
        ("shipping_carrier_id", pa.int64()),
        ("shipping_service_code", pa.string()),
        ("shipping_service_name", pa.string()),
        *((f"ship_{part}", pa.string()) for part in ADDRESS_PARTS),
        *((f"bill_{part}", pa.string()) for part in ADDRESS_PARTS),
        ("hold_until", pa.date32()),
        ("ship_date", pa.date32()),
        ("modified_at", INSTANT),
        ("content_hash", pa.string()),
        ("seen_at", INSTANT),
    ]
)

# One row per line, for both line tables; each takes the columns it has.
LINES = pa.schema(
    [
        ("order_key", pa.string()),
        ("shipstation_order_id", pa.int64()),
        ("order_number", pa.string()),
        ("source_system", pa.string()),
        ("line_no", pa.int32()),
        ("order_item_id", pa.int64()),
        ("line_item_key", pa.string()),
        ("sku", pa.string()),
        ("sku_lot", pa.string()),
        ("base_sku", pa.string()),
        ("lot", pa.string()),
        ("name", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("is_adjustment", pa.bool_()),
    ]
)

Row = Mapping[str, Any]


def known_orders(con: Cursor, ids: Sequence[int], keys: Sequence[str], numbers: Sequence[str]) -> list[KnownOrder]:
    """The orders here that have one of these ShipStation ids, order keys or order numbers."""
    rows = con.execute(
        """
        WITH candidates AS (
            SELECT order_key FROM orders_inbox WHERE shipstation_order_id IN (SELECT unnest($ids))
            UNION
            SELECT order_key FROM orders_inbox WHERE order_key IN (SELECT unnest($keys))
            UNION
            SELECT order_key FROM orders_inbox WHERE order_number IN (SELECT unnest($numbers))
        ),
        skus AS (
            SELECT order_key, list(DISTINCT base_sku) AS base_skus
            FROM order_items_inbox
            WHERE base_sku IS NOT NULL AND order_key IN (SELECT order_key FROM candidates)
            GROUP BY order_key
        )
        SELECT o.order_key, o.order_number, o.source_system, o.status, o.shipstation_order_id,
               o.modified_at, o.content_hash, coalesce(s.base_skus, [])
        FROM orders_inbox o
        JOIN candidates USING (order_key)
        LEFT JOIN skus s USING (order_key)
        ORDER BY o.order_key
        """,
        {"ids": list(ids), "keys": list(keys), "numbers": list(numbers)},
    ).fetchall()
    return [KnownOrder(*(*row[:7], frozenset(row[7]))) for row in rows]


def cleaned_up_ids(con: Cursor, ids: Sequence[int], keys: Sequence[str]) -> set[int | str]:
    """Which of these ShipStation ids and order keys belong to orders that were cleaned up."""
    rows = con.execute(
        """
        SELECT shipstation_order_id, order_key
        FROM tombstones
        WHERE shipstation_order_id IN (SELECT unnest($ids)) OR order_key IN (SELECT unnest($keys))
        """,
        {"ids": list(ids), "keys": list(keys)},
    ).fetchall()
    return {value for row in rows for value in row if value is not None}


def take_in(con: Cursor, rows: Sequence[Row]) -> None:
    """Insert or update orders as ShipStation has them; `rows` fit INCOMING, one per order_key.

    A shop order keeps the shop's addresses, because ShipStation rewrites them (API.md section 3); carrier and service
    follow ShipStation, null included. A link sets the ShipStation id of an order that had none.
    """
    if not rows:
        return
    addresses = ",\n                ".join(
        f"{side}_{part} = CASE WHEN orders_inbox.source_system = 'X-Cart' "
        f"THEN orders_inbox.{side}_{part} ELSE excluded.{side}_{part} END"
        for side in ("ship", "bill")
        for part in ADDRESS_PARTS
    )
    columns = ", ".join(name for name in INCOMING.names if name != "seen_at")
    with batch(con, "incoming_orders", rows, INCOMING) as incoming:
        con.execute(
            f"""
            INSERT INTO orders_inbox ({columns}, created_at, updated_at)
            SELECT {columns}, seen_at, seen_at FROM {incoming}
            ON CONFLICT (order_key) DO UPDATE SET
                order_number = excluded.order_number,
                status = excluded.status,
                status_reason = excluded.status_reason,
                shipstation_order_id = excluded.shipstation_order_id,
                parent_order_id = excluded.parent_order_id,
                shipstation_status = excluded.shipstation_status,
                ordered_at = coalesce(orders_inbox.ordered_at, excluded.ordered_at),
                email = coalesce(excluded.email, orders_inbox.email),
                order_total = CASE WHEN orders_inbox.source_system = 'X-Cart'
                    THEN coalesce(orders_inbox.order_total, excluded.order_total) ELSE excluded.order_total END,
                shipping_carrier_code = excluded.shipping_carrier_code,
                shipping_carrier_id = excluded.shipping_carrier_id,
                shipping_service_code = excluded.shipping_service_code,
                shipping_service_name = excluded.shipping_service_name,
                {addresses},
                hold_until = excluded.hold_until,
                ship_date = excluded.ship_date,
                modified_at = excluded.modified_at,
                content_hash = excluded.content_hash,
                claimed_by = NULL,
                claimed_at = NULL,
                uploaded_at = CASE WHEN orders_inbox.source_system = 'X-Cart'
                    THEN coalesce(orders_inbox.uploaded_at, excluded.updated_at) END,
                updated_at = excluded.updated_at
            """  # noqa: S608 - names from our own schema
        )


def replace_remote_lines(con: Cursor, order_ids: Sequence[int], rows: Sequence[Row]) -> None:
    """Make the ShipStation lines of these orders exactly `rows` (LINES); an order without rows has none."""
    con.execute(
        "DELETE FROM shipstation_order_line_items WHERE shipstation_order_id IN (SELECT unnest($ids))",
        {"ids": list(order_ids)},
    )
    if not rows:
        return
    with batch(con, "incoming_lines", rows, LINES) as incoming:
        con.execute(
            f"""
            INSERT INTO shipstation_order_line_items (shipstation_order_id, line_no, order_item_id, line_item_key, sku,
                sku_lot, base_sku, lot, name, quantity, unit_price, is_adjustment)
            SELECT shipstation_order_id, line_no, order_item_id, line_item_key, sku,
                sku_lot, base_sku, lot, name, quantity, unit_price, is_adjustment
            FROM {incoming}
            """  # noqa: S608 - the name of our own batch
        )


def replace_items(con: Cursor, order_keys: Sequence[str], rows: Sequence[Row]) -> None:
    """Make what was ordered in these orders exactly `rows` (LINES). Never called for an uploaded shop order."""
    con.execute("DELETE FROM order_items_inbox WHERE order_key IN (SELECT unnest($keys))", {"keys": list(order_keys)})
    if not rows:
        return
    with batch(con, "incoming_items", rows, LINES) as incoming:
        con.execute(
            f"""
            INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, sku_lot, base_sku,
                lot, name, quantity, unit_price)
            SELECT order_key, line_no, order_number, source_system, sku, sku_lot, base_sku,
                lot, name, quantity, unit_price
            FROM {incoming}
            """  # noqa: S608 - the name of our own batch
        )


def mark_merged(con: Cursor, survivors: Mapping[int, int], now: datetime) -> int:
    """Close orders that were merged into another one; `survivors` maps the vanished id to the surviving one.

    ShipStation drops a merged order from every list (API.md gotcha 7), so only the survivor can tell. Its lines now
    stand in the survivor's, so they leave here. Returns how many orders were closed.
    """
    if not survivors:
        return 0
    gone = con.execute(
        """
        UPDATE orders_inbox
        SET status = 'cancelled', status_reason = 'merged into ShipStation order ' || m.survivor, updated_at = $now
        FROM (SELECT unnest($gone) AS gone, unnest($survivors) AS survivor) m
        WHERE shipstation_order_id = m.gone AND status NOT IN ('cancelled', 'shipped')
        RETURNING shipstation_order_id
        """,
        {"gone": list(survivors), "survivors": list(survivors.values()), "now": now},
    ).fetchall()
    ids = [row[0] for row in gone]
    con.execute(
        "DELETE FROM shipstation_order_line_items WHERE shipstation_order_id IN (SELECT unnest($ids))", {"ids": ids}
    )
    return len(ids)


def open_remote_orders(con: Cursor, shipstation_status: str, settled_before: datetime) -> dict[int, str]:
    """Orders that ShipStation should still list in an open state: id -> order number.

    One that was sent up awaits shipment there, even if no sync has ever seen it.
    """
    rows = con.rows(
        """
        SELECT shipstation_order_id, order_number
        FROM orders_inbox
        WHERE shipstation_order_id IS NOT NULL
          AND (shipstation_status = $status
                   AND status IN ('awaiting_payment', 'awaiting_shipment', 'on_hold')
                   AND modified_at < $settled_before
               OR $status = 'awaiting_shipment' AND status = 'uploaded' AND uploaded_at < $settled_before)
        """,
        {"status": shipstation_status, "settled_before": settled_before},
    )
    return dict(rows)


def split_with(con: Cursor, order_id: int) -> list[int]:
    """ShipStation's ids of the order that one was split from, and of those that were split from it."""
    rows = con.rows(
        """
        SELECT parent_order_id FROM orders_inbox WHERE shipstation_order_id = $id AND parent_order_id IS NOT NULL
        UNION
        SELECT shipstation_order_id
        FROM orders_inbox
        WHERE parent_order_id = $id AND shipstation_order_id IS NOT NULL
        ORDER BY 1
        """,
        {"id": order_id},
    )
    return [other for (other,) in rows]


def mark_vanished(con: Cursor, order_ids: Sequence[int], now: datetime) -> None:
    """Close orders that ShipStation no longer has (API.md gotchas 7 and 9); their lines leave with them."""
    ids = {"ids": list(order_ids)}
    con.execute(
        """
        UPDATE orders_inbox
        SET status = 'cancelled', status_reason = 'no longer at ShipStation: deleted, or merged into another order',
            updated_at = $now
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND status <> 'shipped'
        """,
        ids | {"now": now},
    )
    con.execute("DELETE FROM shipstation_order_line_items WHERE shipstation_order_id IN (SELECT unnest($ids))", ids)


def versions_known_since(con: Cursor, order_ids: Sequence[int], since: datetime) -> dict[int, datetime]:
    """Of these ShipStation orders, those written here after that instant: id -> modifyDate of the version here."""
    rows = con.rows(
        """
        SELECT shipstation_order_id, modified_at
        FROM orders_inbox
        WHERE updated_at > $since
          AND modified_at IS NOT NULL
          AND shipstation_order_id IN (SELECT unnest($ids))
        """,
        {"ids": list(order_ids), "since": since},
    )
    return dict(rows)


def count_by_status(con: Cursor) -> dict[str, int]:
    """How many orders stand in each of our states."""
    rows = con.execute("SELECT status, count(*) FROM orders_inbox GROUP BY status ORDER BY status").fetchall()
    return dict(rows)


def count_missing_carrier(con: Cursor, order_ids: Sequence[int]) -> int:
    """How many of these orders are shipped although ShipStation gave no carrier for them."""
    rows = con.execute(
        """
        SELECT count(*)
        FROM orders_inbox
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND status = 'shipped' AND shipping_carrier_code IS NULL
        """,
        {"ids": list(order_ids)},
    ).fetchall()
    return int(rows[0][0])
