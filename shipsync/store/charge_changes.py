"""What is otherwise now than a closing billed of a month: the events behind a restatement (rules/restatement.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from shipsync.rules.charges import Facts
from shipsync.rules.periods import business_date, day_closes
from shipsync.rules.restatement import (
    Changes,
    Entered,
    LabelChange,
    LabelThen,
    OrderChange,
    StockChange,
    UnitChange,
)
from shipsync.store.charges import ITEMS, LABELS, ORDERS, Billed, frozen_stock
from shipsync.store.cursor import Cursor, Row

_THEN = "day, carrier_code, service_code, warehouse_id, is_return_label, voided, shipment_cost, insurance_cost"
_THEN_PLACES = 8


def changes(con: Cursor, billed: Billed, now: Facts, zone: ZoneInfo) -> Changes:
    """What differs between what was billed of a month and what is known of the same days now.

    `now` are the facts of those days, `zone` is the warehouse's.
    """
    span: dict[str, object] = {
        "job_id": billed.job_id,
        "month": billed.month,
        "first": now.first,
        "through": now.through,
    }
    return Changes(
        labels=_labels(con, span | {"made_at": billed.made_at}, zone),
        orders=_orders(con, span),
        units=_units(con, span | {"skus": sorted(now.pallet_sizes)}),
        stock=_stock(con, billed, now),
        entered=_entered(con, billed, day_closes(now.through, zone), zone),
    )


def _labels(con: Cursor, span: dict[str, object], zone: ZoneInfo) -> list[LabelChange]:
    before = ", ".join(f"b.{name.strip()}" for name in _THEN.split(","))
    after = ", ".join(f"n.{name.strip()}" for name in _THEN.split(","))
    rows = con.rows(
        f"""
        WITH b AS (
            SELECT * FROM charge_report_labels WHERE job_id = $job_id AND month = $month
        ),
        n AS (
            -- One that went over to a day of another month is shown with that day.
            SELECT shipment_id, order_number, coalesce(ship_date, CAST(created_at AT TIME ZONE 'America/Los_Angeles'
                       AS DATE)) AS day, carrier_code, service_code, warehouse_id, is_return_label, voided,
                   shipment_cost, insurance_cost, voided_at, first_seen_at
            FROM shipments
            WHERE shipment_id IN (SELECT shipment_id FROM b UNION SELECT shipment_id FROM ({LABELS}))
        )
        SELECT coalesce(n.shipment_id, b.shipment_id), coalesce(n.order_number, b.order_number), b.shipment_id IS NULL,
               {before}, n.shipment_id IS NULL, {after}, CASE WHEN n.voided THEN n.voided_at END,
               n.first_seen_at <= $made_at
        FROM b
        FULL OUTER JOIN n USING (shipment_id)
        WHERE ({before}) IS DISTINCT FROM ({after})
        ORDER BY 1
        """,  # noqa: S608 - our own names
        span,
    )
    return [_label_change(row, zone) for row in rows]


def _label_change(row: Row, zone: ZoneInfo) -> LabelChange:
    shipment_id, order_number, is_new, *rest = row
    before, is_gone, now = rest[:_THEN_PLACES], rest[_THEN_PLACES], rest[_THEN_PLACES + 1 : -2]
    voided_at, was_known = rest[-2:]
    return LabelChange(
        shipment_id,
        order_number,
        None if is_new else LabelThen(*before),
        None if is_gone else LabelThen(*now),
        business_date(voided_at, zone) if voided_at is not None else None,
        bool(was_known),
    )


def _orders(con: Cursor, span: dict[str, object]) -> list[OrderChange]:
    rows = con.rows(
        f"""
        WITH b AS (
            SELECT * FROM charge_report_orders WHERE job_id = $job_id AND month = $month
        ),
        n AS (
            SELECT shipstation_order_id, order_number, ship_date AS day
            FROM shipped_orders
            WHERE shipstation_order_id IN (
                SELECT shipstation_order_id FROM b UNION SELECT shipstation_order_id FROM ({ORDERS})
            )
        )
        SELECT coalesce(n.order_number, b.order_number) AS number, b.day, n.day
        FROM b
        FULL OUTER JOIN n USING (shipstation_order_id)
        WHERE b.day IS DISTINCT FROM n.day
        ORDER BY number
        """,  # noqa: S608 - our own text
        span,
    )
    return [OrderChange(*row) for row in rows]


def _units(con: Cursor, span: dict[str, object]) -> list[UnitChange]:
    rows = con.rows(
        f"""
        WITH b AS (
            SELECT parcel_kind, parcel_id, day, sku, any_value(order_number) AS order_number, sum(quantity) AS quantity
            FROM charge_report_items
            WHERE job_id = $job_id AND month = $month
            GROUP BY parcel_kind, parcel_id, day, sku
        ),
        n AS (
            SELECT parcel_kind, parcel_id, day, sku, any_value(order_number) AS order_number, sum(quantity) AS quantity
            FROM ({ITEMS})
            GROUP BY parcel_kind, parcel_id, day, sku
        )
        SELECT coalesce(n.order_number, b.order_number) AS number, day, sku, coalesce(b.quantity, 0),
               coalesce(n.quantity, 0)
        FROM b
        FULL OUTER JOIN n USING (parcel_kind, parcel_id, day, sku)
        WHERE b.quantity IS DISTINCT FROM n.quantity
        ORDER BY number, day, sku
        """,  # noqa: S608 - our own text
        span,
    )
    return [UnitChange(number, day, sku, int(before), int(now)) for number, day, sku, before, now in rows]


def _stock(con: Cursor, billed: Billed, now: Facts) -> Sequence[StockChange]:
    before = {place: units for place, (units, _) in frozen_stock(con, billed.job_id, billed.month).items()}
    return [
        StockChange(*place, before.get(place), now.stock.get(place))
        for place in sorted(before.keys() | now.stock.keys())
        if before.get(place) != now.stock.get(place)
    ]


def _entered(con: Cursor, billed: Billed, through: datetime, zone: ZoneInfo) -> list[Entered]:
    """Movements of those days, or of earlier ones, that were entered after the month was billed.

    What moved after the instant up to which it was known is among them, whenever it was entered.
    """
    rows = con.rows(
        """
        SELECT t.entry_no, t.kind, t.sku, t.quantity, t.moved_at, t.entered_at,
               coalesce(s.order_number, o.order_number)
        FROM inventory_transactions t
        LEFT JOIN shipped_orders s ON s.shipstation_order_id = t.shipstation_order_id
        LEFT JOIN orders_inbox o ON o.shipstation_order_id = t.shipstation_order_id
        WHERE (t.entered_at > $made_at OR t.moved_at > $as_of) AND t.moved_at <= $through
        ORDER BY t.entry_no
        """,
        {"made_at": billed.made_at, "as_of": billed.as_of, "through": through},
    )
    return [
        Entered(no, kind, sku, quantity, business_date(moved, zone), business_date(entered, zone), number)
        for no, kind, sku, quantity, moved, entered, number in rows
    ]
