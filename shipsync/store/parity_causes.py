"""What is known of orders that differ, and of all orders, for telling what they have in common (P31)."""

from __future__ import annotations

from collections.abc import Sequence

from shipsync.rules.parity_causes import Attributes
from shipsync.store.cursor import Cursor
from shipsync.store.parity import checked

# One row per order, attribute and value. Where an order is in one lane only, that lane tells.
_TOLD = """
    WITH orders AS (
        SELECT shipstation_order_id, order_key, shipping_carrier_code, status, source_system, modified_at
        FROM {control}.orders_inbox
        WHERE shipstation_order_id IS NOT NULL
        UNION ALL
        SELECT shipstation_order_id, order_key, shipping_carrier_code, status, source_system, modified_at
        FROM {candidate}.orders_inbox
        WHERE shipstation_order_id NOT IN (
            SELECT shipstation_order_id FROM {control}.orders_inbox WHERE shipstation_order_id IS NOT NULL)
    ),
    routed AS (
        SELECT shipstation_order_id, route || ': ' || reason AS route, page_no
        FROM {candidate}.routing_log
        QUALIFY row_number() OVER (PARTITION BY shipstation_order_id ORDER BY modified_at DESC) = 1
    ),
    told AS (
        SELECT shipstation_order_id AS order_id, 'carrier' AS attribute, shipping_carrier_code AS value FROM orders
        UNION ALL
        SELECT shipstation_order_id, 'status', status FROM orders
        UNION ALL
        SELECT shipstation_order_id, 'source', source_system FROM orders
        UNION ALL
        SELECT shipstation_order_id, 'hour', strftime(modified_at, '%H') FROM orders
        UNION ALL
        SELECT DISTINCT o.shipstation_order_id, 'SKU', i.base_sku
        FROM orders o
        JOIN (SELECT order_key, base_sku FROM {control}.order_items_inbox
              UNION
              SELECT order_key, base_sku FROM {candidate}.order_items_inbox) i USING (order_key)
        UNION ALL
        SELECT shipstation_order_id, 'route', route FROM routed JOIN orders USING (shipstation_order_id)
        UNION ALL
        SELECT shipstation_order_id, 'page', CAST(page_no AS VARCHAR)
        FROM routed
        JOIN orders USING (shipstation_order_id)
    )
"""


def attributes_of(con: Cursor, control: str, candidate: str, order_ids: Sequence[int]) -> dict[int, Attributes]:
    """What is known of these orders: carrier, status, source, hour of the last change, SKUs, route, page."""
    rows = con.rows(
        f"""
        {_TOLD.format(control=checked(control), candidate=checked(candidate))}
        SELECT order_id, attribute, list(DISTINCT value)
        FROM told
        WHERE value IS NOT NULL AND order_id IN (SELECT unnest($ids))
        GROUP BY order_id, attribute
        """,  # noqa: S608 - checked names of lanes
        {"ids": list(order_ids)},
    )
    found: dict[int, dict[str, frozenset[str]]] = {order_id: {} for order_id in order_ids}
    for order_id, attribute, values in rows:
        found[order_id][attribute] = frozenset(values)
    return dict(found)


def attributes_everywhere(con: Cursor, control: str, candidate: str) -> tuple[dict[tuple[str, str], int], int]:
    """How many of all orders have each value of each attribute, and how many there are in both lanes together."""
    told = _TOLD.format(control=checked(control), candidate=checked(candidate))
    rows = con.rows(
        f"""
        {told}
        SELECT attribute, value, count(*)
        FROM told
        WHERE value IS NOT NULL
        GROUP BY attribute, value
        """  # noqa: S608 - checked names of lanes
    )
    orders: int = con.value(f"{told} SELECT count(*) FROM orders")  # noqa: S608 - checked names of lanes
    return {(attribute, value): amount for attribute, value, amount in rows}, orders
