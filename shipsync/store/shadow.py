"""The shop's orders in a lane (DESIGN D19): what import and upload wrote in main, without what an engine wrote there.

They come in by `xml-import` and go up by `shipstation-upload`, which no lane has. An order is brought over as those two
left it, and again while they change it; from the moment the lane's own engine has taken it in, it is that engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shipsync.rules.identity import KEY_PREFIX
from shipsync.store.cursor import Cursor
from shipsync.store.orders import ADDRESS_PARTS

# What is brought over as it stands; of an order the rest is ShipStation's, for the engine to find.
_COPIED = (
    "order_key",
    "order_number",
    "source_system",
    "shipstation_order_id",
    "ordered_at",
    "customer_ref",
    "email",
    "requested_service",
    "shipping_paid",
    *(f"{side}_{part}" for side in ("ship", "bill") for part in ADDRESS_PARTS),
    "source_hash",
    "claimed_by",
    "claimed_at",
    "uploaded_at",
    "upload_attempts",
    "upload_error",
    "created_at",
)
_ITEMS = "order_key, line_no, order_number, source_system, sku, sku_lot, base_sku, lot, name, quantity, unit_price"

# Shop orders as import and upload left them; a part that was split off is none, ShipStation made it. What has been
# closed for longer than an engine reads back when it starts, it cannot find any more: how that ended is brought along.
_LEFT = f"""
    SELECT {", ".join(_COPIED)},
           CASE WHEN status IN ('pending', 'failed', 'uploaded') THEN status ELSE 'uploaded' END AS status,
           CASE WHEN status IN ('shipped', 'cancelled') AND modified_at < $closed_before THEN status END AS closed_as,
           CASE WHEN status IN ('pending', 'failed', 'uploaded') AND modified_at IS NULL THEN updated_at
                ELSE coalesce(uploaded_at, created_at) END AS updated_at
    FROM main.orders_inbox
    WHERE starts_with(order_key, '{KEY_PREFIX}')
"""  # noqa: S608 - our own names

# An order of a lane that its engine has not touched yet.
_UNTOUCHED = "here.modified_at IS NULL AND here.status IN ('pending', 'failed', 'uploaded')"


def orders_to_bring(con: Cursor, lane: str, closed_before: datetime) -> list[str]:
    """The keys of the shop orders that the lane lacks, or has otherwise than import and upload left them in main.

    `closed_before`: see `bring_orders`.
    """
    rows = con.rows(
        f"""
        SELECT order_key
        FROM main.orders_inbox
        ANTI JOIN {lane}.orders_inbox USING (order_key)
        WHERE starts_with(order_key, '{KEY_PREFIX}')
        UNION ALL
        SELECT o.order_key
        FROM {lane}.orders_inbox here
        JOIN ({_LEFT}) o USING (order_key)
        WHERE {_UNTOUCHED}
          AND (here.status <> o.status
               OR here.updated_at <> o.updated_at
               OR here.shipstation_order_id IS DISTINCT FROM o.shipstation_order_id
               OR here.source_hash IS DISTINCT FROM o.source_hash
               OR here.claimed_by IS DISTINCT FROM o.claimed_by
               OR here.claimed_at IS DISTINCT FROM o.claimed_at)
        ORDER BY order_key
        """,  # noqa: S608 - our own names
        {"closed_before": closed_before},
    )
    return [order_key for (order_key,) in rows]


def bring_orders(con: Cursor, lane: str, order_keys: Sequence[str], closed_before: datetime) -> None:
    """Make these shop orders in the lane what import and upload left of them in main, with what was ordered.

    One that the lane's engine has taken in stays as it is. One that is new to the lane, and last changed at ShipStation
    before that instant when it was closed, comes as closed. In a transaction of main's.
    """
    keys = {"keys": list(order_keys)}
    columns = ", ".join(_COPIED)
    sets = ", ".join(f"{name} = excluded.{name}" for name in (*_COPIED[1:], "updated_at"))
    con.execute(
        f"""
        INSERT INTO {lane}.orders_inbox AS here ({columns}, status, updated_at)
        SELECT {columns}, coalesce(closed_as, status), updated_at
        FROM ({_LEFT})
        WHERE order_key IN (SELECT unnest($keys))
        ON CONFLICT (order_key) DO UPDATE SET
            {sets},
            status = CASE WHEN excluded.status IN ('shipped', 'cancelled') THEN 'uploaded' ELSE excluded.status END
        WHERE {_UNTOUCHED}
        """,  # noqa: S608 - our own names
        keys | {"closed_before": closed_before},
    )
    con.execute(f"DELETE FROM {lane}.order_items_inbox WHERE order_key IN (SELECT unnest($keys))", keys)  # noqa: S608
    con.execute(
        f"""
        INSERT INTO {lane}.order_items_inbox ({_ITEMS})
        SELECT {_ITEMS}
        FROM main.order_items_inbox
        WHERE order_key IN (SELECT unnest($keys))
        """,  # noqa: S608 - our own names
        keys,
    )


def orders_to_remove(con: Cursor, lane: str) -> list[str]:
    """The keys of the lane's orders, of whatever source, that were cleaned up in main."""
    rows = con.rows(
        f"""
        SELECT order_key
        FROM {lane}.orders_inbox
        WHERE order_key NOT IN (SELECT order_key FROM main.orders_inbox)
          AND order_key IN (SELECT order_key FROM main.tombstones)
        ORDER BY order_key
        """  # noqa: S608 - our own names
    )
    return [order_key for (order_key,) in rows]


def remove_orders(con: Cursor, lane: str, order_keys: Sequence[str]) -> None:
    """Take these orders out of the lane's inbox with what was ordered; what has left the house stays."""
    for table in ("order_items_inbox", "orders_inbox"):
        con.execute(
            f"DELETE FROM {lane}.{table} WHERE order_key IN (SELECT unnest($keys))",  # noqa: S608 - our own names
            {"keys": list(order_keys)},
        )


def lacks_names(con: Cursor, lane: str) -> bool:
    """Whether the lane knows no names of carriers yet, and main does."""
    return bool(
        con.value(
            f"""
            SELECT NOT EXISTS (SELECT 1 FROM {lane}.carriers)
               AND EXISTS (SELECT 1 FROM main.carriers)
            """  # noqa: S608 - our own names
        )
    )


def copy_names(con: Cursor, lane: str) -> None:
    """Give a lane the names of carriers, services and stores that main knows, to begin with."""
    for table, columns in (
        ("carriers", "provider_id, code, name, account_number, is_primary, updated_at"),
        ("carrier_services", "carrier_code, service_code, name, updated_at"),
        ("stores", "store_id, name, marketplace, is_active, updated_at"),
    ):
        con.execute(
            f"INSERT INTO {lane}.{table} ({columns}) SELECT {columns} FROM main.{table} ON CONFLICT DO NOTHING"  # noqa: S608 - our own names
        )
