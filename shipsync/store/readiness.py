"""What stands against a clean closing, as far as nothing else asks for it (rules/readiness.py)."""

from __future__ import annotations

from datetime import date

from shipsync.rules.readiness import Unreadable, WithoutParcel
from shipsync.store.cursor import Cursor


def unreadable(con: Cursor) -> Unreadable:
    """Orders with a SKU text that cannot be read, and how many of those units have left."""
    orders = int(con.value("SELECT count(*) FROM quarantine WHERE kind = 'sku_text' AND resolved_at IS NULL"))
    if not orders:
        return Unreadable(0, 0)  # most of the time, and the next question looks at everything that ever left
    units = con.value(
        """
        SELECT coalesce(sum(quantity), 0)
        FROM shipped_items
        WHERE base_sku IS NULL
          AND shipstation_order_id IN (
              SELECT TRY_CAST(entity_id AS BIGINT)
              FROM quarantine
              WHERE kind = 'sku_text' AND resolved_at IS NULL)
        """
    )
    return Unreadable(orders, int(units))


def without_parcel(con: Cursor, since: date) -> WithoutParcel:
    """Orders that were shipped on a ship date or later, and show neither a label nor a mark as shipped."""
    orders, number, key = con.rows(
        """
        SELECT count(*), arg_max(order_number, (ship_date, shipstation_order_id)),
               arg_max(order_key, (ship_date, shipstation_order_id))
        FROM shipped_orders
        WHERE parcel_count = 0 AND ship_date >= $since
        """,
        {"since": since},
    )[0]
    return WithoutParcel(int(orders), number, key)


def uncounted_products(con: Cursor) -> list[str]:
    """The key products of which nobody has said what stood on the shelf, by SKU."""
    rows = con.rows(
        """
        SELECT p.sku
        FROM products p
        LEFT JOIN inventory_current i USING (sku)
        WHERE p.is_key AND i.current_quantity IS NULL
        ORDER BY p.sku
        """
    )
    return [sku for (sku,) in rows]
