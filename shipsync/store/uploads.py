"""Shop orders on their way up: which wait, who has claimed them, what ShipStation said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shipsync.rules.shipstation import Address
from shipsync.rules.uploads import Waiting, WaitingLine
from shipsync.store.cursor import Cursor
from shipsync.store.orders import ADDRESS_PARTS


@dataclass(frozen=True, slots=True)
class Unclear:
    """An order whose last sending had no known outcome: it may be at ShipStation."""

    order_key: str
    order_number: str
    sent_at: datetime


def is_anything_claimed(con: Cursor) -> bool:
    """Whether any order is claimed, or was sent without an answer."""
    return bool(
        con.value(
            """
            SELECT EXISTS (
                SELECT 1
                FROM orders_inbox
                WHERE claimed_by IS NOT NULL OR (claimed_at IS NOT NULL AND status = 'pending')
            )
            """
        )
    )


def is_anything_waiting(con: Cursor) -> bool:
    """Whether any shop order could be claimed, or is."""
    return bool(
        con.value("SELECT EXISTS (SELECT 1 FROM orders_inbox WHERE status = 'pending' OR claimed_by IS NOT NULL)")
    )


def give_back_claims(con: Cursor, run_id: str) -> int:
    """Free the orders that an earlier, dead run had claimed; they count as unclear. Returns how many.

    Called by the holder of the upload lock, so no other run can be sending.
    """
    rows = con.rows(
        """
        UPDATE orders_inbox
        SET claimed_by = NULL
        WHERE claimed_by IS NOT NULL AND claimed_by <> $run_id
        RETURNING order_key
        """,
        {"run_id": run_id},
    )
    return len(rows)


def unclear_orders(con: Cursor) -> list[Unclear]:
    """Pending orders that were sent before without an answer, oldest sending first."""
    rows = con.rows(
        """
        SELECT order_key, order_number, claimed_at
        FROM orders_inbox
        WHERE status = 'pending' AND source_system = 'X-Cart' AND claimed_by IS NULL AND claimed_at IS NOT NULL
        ORDER BY claimed_at, order_key
        """
    )
    return [Unclear(*row) for row in rows]


def is_clear_again(con: Cursor, order_keys: Sequence[str]) -> None:
    """Say that these orders are surely not at ShipStation, so that they may be sent."""
    con.execute(
        "UPDATE orders_inbox SET claimed_at = NULL WHERE order_key IN (SELECT unnest($keys))",
        {"keys": list(order_keys)},
    )


def claim(con: Cursor, run_id: str, limit: int, now: datetime) -> list[Waiting]:
    """Claim up to `limit` pending shop orders for this run and return them with their lines.

    The oldest come first, but after all that were never refused, so that refused ones hold up no others.

    Only shop orders, never manual ones (DESIGN D13), and never one whose last sending is unclear.
    """
    con.execute(
        """
        UPDATE orders_inbox
        SET claimed_by = $run_id, claimed_at = $now
        WHERE order_key IN (
            SELECT order_key
            FROM orders_inbox
            WHERE status = 'pending' AND source_system = 'X-Cart' AND shipstation_order_id IS NULL
              AND claimed_by IS NULL AND claimed_at IS NULL
            ORDER BY upload_attempts, ordered_at, order_key
            LIMIT $limit
        )
        """,
        {"run_id": run_id, "now": now, "limit": limit},
    )
    return claimed(con, run_id)


def claimed(con: Cursor, run_id: str) -> list[Waiting]:
    """The orders this run has claimed, with their lines."""
    lines: dict[str, list[WaitingLine]] = {}
    for order_key, *line in con.rows(
        """
        SELECT i.order_key, i.line_no, i.base_sku, coalesce(i.sku, ''), coalesce(i.name, ''), i.quantity,
               i.unit_price, p.active_lot
        FROM order_items_inbox i
        JOIN orders_inbox o USING (order_key)
        LEFT JOIN products p ON p.sku = i.base_sku
        WHERE o.claimed_by = $run_id
        ORDER BY i.order_key, i.line_no
        """,
        {"run_id": run_id},
    ):
        lines.setdefault(order_key, []).append(WaitingLine(*line))
    address = ", ".join(f"{side}_{part}" for side in ("ship", "bill") for part in ADDRESS_PARTS)
    rows = con.rows(
        f"""
        SELECT order_key, order_number, ordered_at, email, requested_service, coalesce(shipping_paid, 0), {address}
        FROM orders_inbox
        WHERE claimed_by = $run_id
        ORDER BY ordered_at, order_key
        """,  # noqa: S608 - names from our own schema
        {"run_id": run_id},
    )
    parts = len(ADDRESS_PARTS)
    return [
        Waiting(
            order_key=row[0],
            order_number=row[1],
            ordered_at=row[2],
            email=row[3],
            requested_service=row[4],
            shipping_paid=Decimal(row[5]),
            ship_to=Address(*row[6 : 6 + parts]),
            bill_to=Address(*row[6 + parts :]),
            lines=tuple(lines.get(row[0], ())),
        )
        for row in rows
    ]


def uploaded(con: Cursor, ids: Mapping[str, int], now: datetime) -> None:
    """Orders that are at ShipStation now: order key -> ShipStation id. An order the sync was quicker with stays."""
    con.execute(
        """
        UPDATE orders_inbox
        SET status = CASE WHEN status IN ('pending', 'failed') THEN 'uploaded' ELSE status END,
            shipstation_order_id = u.order_id,
            uploaded_at = coalesce(uploaded_at, $now),
            upload_error = NULL,
            claimed_by = NULL,
            claimed_at = NULL,
            updated_at = $now
        FROM (SELECT unnest($keys) AS order_key, unnest($ids) AS order_id) u
        WHERE orders_inbox.order_key = u.order_key
        """,
        {"keys": list(ids), "ids": list(ids.values()), "now": now},
    )


def refused(con: Cursor, messages: Mapping[str, str], tries_allowed: int, now: datetime) -> list[tuple[str, str]]:
    """Orders ShipStation refused: order key -> what it said. They wait for another try, or fail for good.

    Returns (order key, order number) of those that have failed for good: a person must mend them.
    """
    rows = con.rows(
        """
        UPDATE orders_inbox
        SET upload_attempts = upload_attempts + 1,
            upload_error = u.message,
            status = CASE WHEN upload_attempts + 1 >= $allowed THEN 'failed' ELSE 'pending' END,
            claimed_by = NULL,
            claimed_at = NULL,
            updated_at = $now
        FROM (SELECT unnest($keys) AS order_key, unnest($messages) AS message) u
        WHERE orders_inbox.order_key = u.order_key
        RETURNING orders_inbox.order_key, orders_inbox.order_number, orders_inbox.status
        """,
        {"keys": list(messages), "messages": list(messages.values()), "allowed": tries_allowed, "now": now},
    )
    return sorted((order_key, number) for order_key, number, status in rows if status == "failed")


def try_again(con: Cursor, order_keys: Sequence[str], now: datetime) -> int:
    """Give orders that have failed for good one more try, unless a person has taken them over. Returns how many."""
    rows = con.rows(
        """
        UPDATE orders_inbox
        SET status = 'pending', upload_attempts = upload_attempts - 1, updated_at = $now
        WHERE order_key IN (SELECT unnest($keys))
          AND status = 'failed'
          AND source_system = 'X-Cart'
          AND shipstation_order_id IS NULL
          AND order_key NOT IN (SELECT entity_id FROM quarantine_closings WHERE kind = 'upload')
        RETURNING order_key
        """,
        {"keys": list(order_keys), "now": now},
    )
    return len(rows)


def stays_here(con: Cursor, order_key: str, why: str, now: datetime) -> bool:
    """An order of the shop does not go up any more, even if it waits to. False if it is, or may be, up already."""
    return bool(
        con.rows(
            """
            UPDATE orders_inbox
            SET status = 'failed', upload_error = $why, updated_at = $now
            WHERE order_key = $order_key
              AND status IN ('pending', 'failed')
              AND shipstation_order_id IS NULL
              AND claimed_by IS NULL
              AND claimed_at IS NULL
            RETURNING order_key
            """,
            {"order_key": order_key, "why": why, "now": now},
        )
    )


def release(con: Cursor, run_id: str) -> None:
    """Give this run's claims back without an outcome: they count as unclear."""
    con.execute("UPDATE orders_inbox SET claimed_by = NULL WHERE claimed_by = $run_id", {"run_id": run_id})


def release_unsent(con: Cursor, run_id: str) -> None:
    """Give this run's claims back: nothing of them was sent."""
    con.execute(
        "UPDATE orders_inbox SET claimed_by = NULL, claimed_at = NULL WHERE claimed_by = $run_id", {"run_id": run_id}
    )


def count_pending(con: Cursor) -> int:
    """How many shop orders wait to go up."""
    return int(
        con.value("SELECT count(*) FROM orders_inbox WHERE status = 'pending' AND source_system = 'X-Cart'") or 0
    )
