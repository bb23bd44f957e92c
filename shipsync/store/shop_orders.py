"""Orders as the shop told them: what is known of them, and writing them while they are pending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

import pyarrow as pa

from shipsync.rules.shipstation import Address
from shipsync.rules.shop_orders import KnownShopOrder, ShopOrder
from shipsync.store.batches import INSTANT, MONEY, batch
from shipsync.store.cursor import Cursor

_ADDRESS_PARTS = [part.name for part in fields(Address)]
_ADDRESS_COLUMNS = [f"{side}_{part}" for side in ("ship", "bill") for part in _ADDRESS_PARTS]

# What the shop says of an order's head; everything else in orders_inbox is ours or ShipStation's.
_SHOP_SAYS = pa.schema(
    [
        ("order_key", pa.string()),
        ("order_number", pa.string()),
        ("source_system", pa.string()),
        ("ordered_at", INSTANT),
        ("customer_ref", pa.string()),
        ("email", pa.string()),
        ("requested_service", pa.string()),
        ("shipping_paid", MONEY),
        *((column, pa.string()) for column in _ADDRESS_COLUMNS),
        ("source_hash", pa.string()),
    ]
)

_LINES = pa.schema(
    [
        ("order_key", pa.string()),
        ("line_no", pa.int32()),
        ("order_number", pa.string()),
        ("source_system", pa.string()),
        ("sku", pa.string()),
        ("base_sku", pa.string()),
        ("name", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
    ]
)


def known_shop_orders(con: Cursor, order_keys: Sequence[str]) -> dict[str, KnownShopOrder]:
    """What is held of the orders with these keys, by key; those that are not here are left out."""
    rows = con.rows(
        """
        SELECT order_key, status, claimed_by IS NOT NULL OR claimed_at IS NOT NULL, source_hash
        FROM orders_inbox
        WHERE order_key IN (SELECT unnest($keys))
        """,
        {"keys": list(order_keys)},
    )
    return {key: KnownShopOrder(*rest) for key, *rest in rows}


def tombstoned(con: Cursor, order_keys: Sequence[str]) -> set[str]:
    """Which of these orders were cleaned up (DESIGN D20)."""
    rows = con.rows(
        "SELECT order_key FROM tombstones WHERE order_key IN (SELECT unnest($keys))", {"keys": list(order_keys)}
    )
    return {row[0] for row in rows}


def orders_of_unknown_skus(con: Cursor, limit: int) -> list[str]:
    """The newest orders that are held back because nobody knows a SKU of theirs: each as it came, JSON."""
    rows = con.rows(
        """
        SELECT raw
        FROM quarantine
        WHERE kind = 'shop_order' AND reason = 'unknown_sku' AND resolved_at IS NULL AND raw IS NOT NULL
        ORDER BY first_seen_at DESC, entity_id
        LIMIT $limit
        """,
        {"limit": limit},
    )
    return [row[0] for row in rows]


def numbers_of_other_sources(con: Cursor, source_system: str, order_numbers: Sequence[str]) -> dict[str, str]:
    """Which of these numbers an order of another source has too: number -> that order's key (DESIGN D10)."""
    rows = con.rows(
        """
        SELECT order_number, min(order_key)
        FROM orders_inbox
        WHERE order_number IN (SELECT unnest($numbers)) AND source_system <> $source
        GROUP BY order_number
        ORDER BY order_number
        """,
        {"numbers": list(order_numbers), "source": source_system},
    )
    return dict(rows)


def put_shop_orders(con: Cursor, orders: Sequence[ShopOrder], now: datetime) -> None:
    """Write these orders as pending: new ones are added, those not yet at ShipStation replaced with their lines.

    An order that is, or may be, at ShipStation is left as it is, lines included (DESIGN D12), even where the caller
    decided otherwise on older knowledge. One that ShipStation refused gets its tries anew.
    """
    if not orders:
        return
    columns = ", ".join(_SHOP_SAYS.names)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in _SHOP_SAYS.names if name != "order_key")
    with batch(con, "incoming_shop_orders", [_head(order) for order in orders], _SHOP_SAYS) as incoming:
        written = con.rows(
            f"""
            INSERT INTO orders_inbox ({columns}, status, created_at, updated_at)
            SELECT {columns}, 'pending', $now, $now FROM {incoming}
            ON CONFLICT (order_key) DO UPDATE SET
                {replaced},
                status = 'pending',
                upload_attempts = 0,
                upload_error = NULL,
                updated_at = excluded.updated_at
            WHERE orders_inbox.status IN ('pending', 'failed') AND orders_inbox.shipstation_order_id IS NULL
              AND orders_inbox.claimed_by IS NULL AND orders_inbox.claimed_at IS NULL
            RETURNING order_key
            """,  # noqa: S608 - names from our own schema
            {"now": now},
        )
    keys = {row[0] for row in written}
    _replace_lines(con, [order for order in orders if order.order_key in keys])


def withdraw(con: Cursor, reasons: Mapping[str, str], now: datetime) -> list[str]:
    """Stop orders that wait to go up and that the shop has changed into something that cannot: order key -> why.

    They stand as failed until the shop says something usable again. Those that are, or may be, at ShipStation are left
    as they are. Returns the order numbers of the stopped ones.
    """
    rows = con.rows(
        """
        UPDATE orders_inbox
        SET status = 'failed', upload_error = r.reason, source_hash = NULL, updated_at = $now
        FROM (SELECT unnest($keys) AS order_key, unnest($reasons) AS reason) r
        WHERE orders_inbox.order_key = r.order_key
          AND orders_inbox.status = 'pending'
          AND orders_inbox.shipstation_order_id IS NULL
          AND orders_inbox.claimed_by IS NULL
          AND orders_inbox.claimed_at IS NULL
        RETURNING orders_inbox.order_number
        """,
        {"keys": list(reasons), "reasons": list(reasons.values()), "now": now},
    )
    return sorted(row[0] for row in rows)


def withdrawable(con: Cursor, order_keys: Sequence[str]) -> list[str]:
    """The numbers of those of these orders that `withdraw` would stop now."""
    rows = con.rows(
        """
        SELECT order_number
        FROM orders_inbox
        WHERE order_key IN (SELECT unnest($keys))
          AND status = 'pending'
          AND shipstation_order_id IS NULL
          AND claimed_by IS NULL
          AND claimed_at IS NULL
        ORDER BY order_number
        """,
        {"keys": list(order_keys)},
    )
    return [row[0] for row in rows]


def _replace_lines(con: Cursor, orders: Sequence[ShopOrder]) -> None:
    con.execute(
        "DELETE FROM order_items_inbox WHERE order_key IN (SELECT unnest($keys))",
        {"keys": [order.order_key for order in orders]},
    )
    rows = [row for order in orders for row in _line_rows(order)]
    with batch(con, "incoming_shop_lines", rows, _LINES) as incoming:
        con.execute(
            f"""
            INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, sku_lot, base_sku,
                lot, name, quantity, unit_price)
            SELECT order_key, line_no, order_number, source_system, sku, base_sku, base_sku,
                NULL, name, quantity, unit_price
            FROM {incoming}
            """  # noqa: S608 - the name of our own batch
        )


def _head(order: ShopOrder) -> Mapping[str, object]:
    addresses = {"ship": order.ship_to, "bill": order.bill_to}
    return {
        "order_key": order.order_key,
        "order_number": order.order_number,
        "source_system": order.source_system,
        "ordered_at": order.ordered_at,
        "customer_ref": order.customer_reference,
        "email": order.email,
        "requested_service": order.requested_service,
        "shipping_paid": order.shipping_paid,
        "source_hash": order.content_hash,
        **{f"{side}_{part}": getattr(address, part) for side, address in addresses.items() for part in _ADDRESS_PARTS},
    }


def _line_rows(order: ShopOrder) -> Iterable[Mapping[str, object]]:
    for line_no, line in enumerate(order.lines, start=1):
        yield {
            "order_key": order.order_key,
            "line_no": line_no,
            "order_number": order.order_number,
            "source_system": order.source_system,
            "sku": line.sku,
            "base_sku": line.base_sku,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
        }
