"""What came in and what left: by day and by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shipsync.store.cursor import Cursor

# When an order came in: by the shop's or ShipStation's own date, which is older than our first sight of it.
CAME_IN = "least(ordered_at, created_at)"

# When the first parcel of each order was made that stands. Return labels are no parcels.
_FIRST_PARCELS = """
    SELECT shipstation_order_id, min(created_at) AS first_at
    FROM (
        SELECT shipstation_order_id, created_at
        FROM shipments
        WHERE NOT voided AND NOT is_return_label
        UNION ALL
        SELECT shipstation_order_id, created_at
        FROM fulfillments
        WHERE NOT voided
    )
    WHERE shipstation_order_id IN (SELECT shipstation_order_id FROM lately)
    GROUP BY shipstation_order_id
"""


@dataclass(frozen=True, slots=True)
class ShippedDay:
    """What left on one business date."""

    day: date
    orders: int  # an order counts on the day of its first parcel
    parcels: int  # labels and marks as shipped, and orders that have shown no parcel yet
    units: int


def first_shipped_on(con: Cursor) -> date | None:
    """The oldest business date on which anything left; None while nothing has."""
    first: date | None = con.value("SELECT min(ship_date) FROM shipped_orders")
    return first


def shipped_days(con: Cursor, first: date, last: date) -> list[ShippedDay]:
    """What left on each business date of a span, ends included; days without anything are left out."""
    rows = con.rows(
        """
        SELECT ship_date, coalesce(orders, 0), coalesce(parcels, 0), coalesce(units, 0)
        FROM (
            SELECT ship_date, count(*) AS orders
            FROM shipped_orders
            WHERE ship_date BETWEEN $first AND $last
            GROUP BY ship_date
        )
        FULL JOIN (
            SELECT ship_date,
                   count(DISTINCT (parcel_kind, parcel_id)) AS parcels,
                   CAST(sum(quantity) AS BIGINT) AS units
            FROM shipped_items
            WHERE ship_date BETWEEN $first AND $last
            GROUP BY ship_date
        ) USING (ship_date)
        ORDER BY ship_date
        """,
        {"first": first, "last": last},
    )
    return [ShippedDay(*row) for row in rows]


def shipped_until(con: Cursor, until: Mapping[date, datetime]) -> dict[date, int]:
    """Orders that had left by an instant of each of these business dates; days without any are there with 0.

    An order that has shown no parcel counts from the beginning of its day: nobody knows its hour.
    """
    if not until:
        return {}
    rows = con.rows(
        f"""
        WITH days AS (
            SELECT unnest($days) AS ship_date, unnest($instants) AS until
        ),
        lately AS (
            SELECT shipstation_order_id, ship_date
            FROM shipped_orders
            WHERE ship_date IN (SELECT ship_date FROM days)
        ),
        parcels AS ({_FIRST_PARCELS})
        SELECT days.ship_date, count(lately.shipstation_order_id)
        FILTER (WHERE parcels.first_at IS NULL OR parcels.first_at <= days.until)
        FROM days
        LEFT JOIN lately ON lately.ship_date = days.ship_date
        LEFT JOIN parcels ON parcels.shipstation_order_id = lately.shipstation_order_id
        GROUP BY days.ship_date
        """,  # noqa: S608 - our own text
        {"days": list(until), "instants": list(until.values())},
    )
    return dict(rows)


def came_in_by_hour(con: Cursor, hours: Sequence[datetime]) -> dict[int, int]:
    """Orders that came in during each of these hours, which follow each other, by its place from 0."""
    rows = con.rows(
        f"""
        SELECT CAST(floor((epoch({CAME_IN}) - epoch($start)) / 3600) AS INTEGER) AS place, count(*)
        FROM orders_inbox
        WHERE {CAME_IN} >= $start AND {CAME_IN} < $start + to_hours($count)
        GROUP BY place
        """,  # noqa: S608 - our own text
        {"start": hours[0], "count": len(hours)},
    )
    return dict(rows)


def shipped_by_hour(con: Cursor, hours: Sequence[datetime], first_day: date) -> dict[int, int]:
    """Orders whose first parcel was made during each of these hours, by its place from 0.

    `first_day` is the business date on which the first of these hours lies: older orders are not looked at.
    """
    rows = con.rows(
        f"""
        WITH lately AS (
            SELECT shipstation_order_id
            FROM shipped_orders
            WHERE ship_date >= $first_day
        ),
        parcels AS ({_FIRST_PARCELS})
        SELECT CAST(floor((epoch(first_at) - epoch($start)) / 3600) AS INTEGER) AS place, count(*)
        FROM parcels
        WHERE first_at >= $start AND first_at < $start + to_hours($count)
        GROUP BY place
        """,  # noqa: S608 - our own text
        {"start": hours[0], "count": len(hours), "first_day": first_day},
    )
    return dict(rows)
