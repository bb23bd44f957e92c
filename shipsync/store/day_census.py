"""What is here of a day, for its census against ShipStation's lists (rules/day_census.py)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from shipsync.rules.day_census import Here
from shipsync.store.cursor import Cursor


def here(con: Cursor, day: date, listed: Collection[int], as_of: datetime) -> Here:
    """What there is of a day at an instant. `listed` are the orders that ShipStation says await shipment."""
    waiting: dict[int, str] = dict(
        con.rows(
            """
            SELECT shipstation_order_id, order_number
            FROM orders_inbox
            WHERE shipstation_order_id IS NOT NULL
              -- One that a provider fulfils awaits shipment here as well, and is in another list there.
              AND (status = 'awaiting_shipment' AND shipstation_status = 'awaiting_shipment' AND modified_at <= $as_of
                   -- It was sent up, and no sync has seen it yet.
                   OR status = 'uploaded' AND uploaded_at <= $as_of)
            """,
            {"as_of": as_of},
        )
    )
    ids = {"ids": sorted(listed)}
    others = con.rows(
        """
        SELECT shipstation_order_id, order_number, status
        FROM orders_inbox
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND status NOT IN ('awaiting_shipment', 'uploaded')
        """,
        ids,
    )
    passed = con.rows(
        """
        SELECT DISTINCT shipstation_order_id
        FROM routing_log
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND route = 'skip'
        """,
        ids,
    )
    labels = con.rows(
        """
        SELECT shipment_id, order_number, voided AND coalesce(voided_at <= $as_of, true)
        FROM shipments
        WHERE ship_date = $day AND NOT is_return_label AND created_at <= $as_of
        """,
        {"day": day, "as_of": as_of},
    )
    marks = con.rows(
        """
        SELECT fulfillment_id, order_number, voided AND coalesce(voided_at <= $as_of, true)
        FROM fulfillments
        WHERE ship_date = $day AND created_at <= $as_of
        """,
        {"day": day, "as_of": as_of},
    )
    return Here(
        awaiting=waiting,
        others={order_id: (number, status) for order_id, number, status in others},
        not_ours={order_id for (order_id,) in passed},
        held=_held(con, "order", "conflict"),
        labels={shipment_id: (number, is_void) for shipment_id, number, is_void in labels},
        held_labels=_held(con, "shipment"),
        marks={fulfillment_id: (number, is_void) for fulfillment_id, number, is_void in marks},
        held_marks=_held(con, "fulfillment"),
    )


def _held(con: Cursor, *kinds: str) -> set[int]:
    """The ids of the records of these kinds that are held for a person, or that one has taken over by hand."""
    rows = con.rows(
        """
        SELECT TRY_CAST(entity_id AS BIGINT)
        FROM quarantine
        WHERE kind IN (SELECT unnest($kinds)) AND held AND TRY_CAST(entity_id AS BIGINT) IS NOT NULL
          AND (resolved_at IS NULL OR (kind, entity_id) IN (SELECT (kind, entity_id) FROM quarantine_closings))
        """,
        {"kinds": list(kinds)},
    )
    return {entity_id for (entity_id,) in rows}


def shipped_between(con: Cursor, first: date, last: date) -> tuple[int, int, int]:
    """Orders whose first parcel has its ship date in a span, ends included; parcels of the span, and units in them."""
    span = {"first": first, "last": last}
    orders = con.value("SELECT count(*) FROM shipped_orders WHERE ship_date BETWEEN $first AND $last", span)
    parcels, units = con.rows(
        """
        SELECT count(DISTINCT (parcel_kind, parcel_id)), coalesce(sum(quantity), 0)
        FROM shipped_items
        WHERE ship_date BETWEEN $first AND $last
        """,
        span,
    )[0]
    return int(orders), int(parcels), int(units)


def units_between(con: Cursor, first: date, last: date) -> dict[str, int]:
    """Units of each SKU in the parcels of a span of ship dates, ends included."""
    rows = con.rows(
        """
        SELECT base_sku, sum(quantity)
        FROM shipped_items
        WHERE ship_date BETWEEN $first AND $last AND base_sku IS NOT NULL
        GROUP BY base_sku
        """,
        {"first": first, "last": last},
    )
    return {sku: int(units) for sku, units in rows}
