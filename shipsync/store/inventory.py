"""Stock as people read it: `inventory_current`, and what it is recomputed from besides ledger and weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa

from shipsync.rules.alerts import ShortSku
from shipsync.store.batches import INSTANT, batch
from shipsync.store.cursor import Cursor

_CURRENT = pa.schema(
    [
        ("sku", pa.string()),
        ("current_quantity", pa.int32()),
        ("awaiting_quantity", pa.int32()),
        ("quarantined_quantity", pa.int32()),
        ("available_quantity", pa.int32()),
        ("weekly_average", pa.float64()),
        ("weeks_counted", pa.int32()),
        ("weekly_average_13", pa.float64()),
        ("weekly_average_4", pa.float64()),
        ("weekly_deviation", pa.float64()),
        ("days_left", pa.float64()),
        ("runs_out_on", pa.date32()),
        ("runs_out_earliest_on", pa.date32()),
        ("runs_out_latest_on", pa.date32()),
        ("lead_time_days", pa.int32()),
        ("reorder_point", pa.int32()),
        ("is_reorder_point_given", pa.bool_()),
        ("alert_level", pa.string()),
        ("alert_reason", pa.string()),
        ("last_counted_at", INSTANT),
    ]
)


@dataclass(frozen=True, slots=True)
class Current:
    """One product's stock as it was recomputed last. Units; averages are units a week."""

    sku: str
    current_quantity: int | None  # None: nobody has said what stood on the shelf
    awaiting_quantity: int
    quarantined_quantity: int
    available_quantity: int | None
    weekly_average: float | None  # over `weeks_counted`
    weeks_counted: int
    weekly_average_13: float | None
    weekly_average_4: float | None
    weekly_deviation: float | None
    days_left: float | None
    runs_out_on: date | None
    runs_out_earliest_on: date | None
    runs_out_latest_on: date | None
    lead_time_days: int | None
    reorder_point: int | None
    is_reorder_point_given: bool
    alert_level: str  # critical, low, normal, unknown
    alert_reason: str
    last_counted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The same with its product's name and pallet size, and the instants it stands at and was recomputed at."""

    current: Current
    name: str | None  # None: no product (any more)
    pallet_size: int | None
    as_of: datetime
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class Lot:
    """What people have said of a lot."""

    sku: str
    lot: str
    is_quarantined: bool
    reason: str | None
    received_on: date | None
    expires_on: date | None
    updated_at: datetime
    updated_by: str


def replace_current(con: Cursor, rows: Sequence[Current], as_of: datetime, now: datetime) -> None:
    """Make `inventory_current` exactly these rows."""
    con.execute("DELETE FROM inventory_current WHERE sku NOT IN (SELECT unnest($skus))",
                {"skus": [one.sku for one in rows] or [""]})  # fmt: skip
    if not rows:
        return
    columns = ", ".join(_CURRENT.names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in _CURRENT.names if name != "sku")
    with batch(con, "incoming_stock", [asdict(one) for one in rows], _CURRENT) as incoming:
        con.execute(
            f"""
            INSERT INTO inventory_current ({columns}, as_of, computed_at)
            SELECT {columns}, $as_of, $now FROM {incoming}
            ON CONFLICT (sku) DO UPDATE SET {sets}, as_of = excluded.as_of, computed_at = excluded.computed_at
            """,  # noqa: S608 - names from our own schema
            {"as_of": as_of, "now": now},
        )


def current(con: Cursor) -> list[Listed]:
    """All products' stock, the worst level first."""
    columns = ", ".join(f"i.{name}" for name in _CURRENT.names)
    rows = con.rows(
        f"""
        SELECT {columns}, p.name, p.units_per_pallet, i.as_of, i.computed_at
        FROM inventory_current i
        LEFT JOIN products p USING (sku)
        ORDER BY CASE i.alert_level WHEN 'critical' THEN 0 WHEN 'low' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END,
                 i.days_left NULLS LAST, i.sku
        """  # noqa: S608 - names from our own schema
    )
    width = len(_CURRENT.names)
    return [Listed(Current(*row[:width]), *row[width:]) for row in rows]


def critical(con: Cursor) -> list[ShortSku]:
    """Products whose stock is critical, the shortest first."""
    rows = con.rows(
        """
        SELECT sku, alert_reason
        FROM inventory_current
        WHERE alert_level = 'critical'
        ORDER BY days_left NULLS LAST, sku
        """
    )
    return [ShortSku(*row) for row in rows]


def awaiting(con: Cursor) -> Mapping[str, int]:
    """Units of each SKU in orders that still have to be shipped, on hold or not; what left of them already is not in.

    An order at ShipStation counts by its lines there, one on its way up by what was ordered.
    """
    rows = con.rows(
        """
        WITH waiting AS (
            SELECT order_key, shipstation_order_id
            FROM orders_inbox
            WHERE status IN ('awaiting_shipment', 'pending', 'uploaded', 'on_hold', 'awaiting_payment')
        ),
        lines AS (
            SELECT w.order_key, l.base_sku AS sku, sum(l.quantity) AS units
            FROM waiting w
            JOIN shipstation_order_line_items l USING (shipstation_order_id)
            WHERE NOT l.is_adjustment AND l.base_sku IS NOT NULL
            GROUP BY w.order_key, l.base_sku
            UNION ALL
            SELECT w.order_key, l.base_sku, sum(l.quantity)
            FROM waiting w
            JOIN order_items_inbox l USING (order_key)
            WHERE l.base_sku IS NOT NULL
              AND NOT EXISTS (
                  SELECT 1
                  FROM shipstation_order_line_items s
                  WHERE s.shipstation_order_id = w.shipstation_order_id)
            GROUP BY w.order_key, l.base_sku
        ),
        gone AS (
            SELECT w.order_key, i.base_sku AS sku, sum(i.quantity) AS units
            FROM waiting w
            JOIN shipped_items i USING (shipstation_order_id)
            WHERE i.base_sku IS NOT NULL
            GROUP BY w.order_key, i.base_sku
        )
        SELECT lines.sku, sum(greatest(lines.units - coalesce(gone.units, 0), 0))
        FROM lines
        LEFT JOIN gone USING (order_key, sku)
        GROUP BY lines.sku
        """
    )
    return {sku: int(units) for sku, units in rows}


def lots(con: Cursor, sku: str | None = None) -> list[Lot]:
    """What was said of lots, of one SKU or of all."""
    rows = con.rows(
        """
        SELECT sku, lot, is_quarantined, reason, received_on, expires_on, updated_at, updated_by
        FROM lots
        WHERE $sku IS NULL OR sku = $sku
        ORDER BY sku, lot
        """,
        {"sku": sku},
    )
    return [Lot(*row) for row in rows]


def put_lot(con: Cursor, lot: Lot) -> None:
    """Say this of a lot from now on."""
    con.execute(
        """
        INSERT INTO lots (sku, lot, is_quarantined, reason, received_on, expires_on, updated_at, updated_by)
        VALUES ($sku, $lot, $is_quarantined, $reason, $received_on, $expires_on, $updated_at, $updated_by)
        ON CONFLICT (sku, lot) DO UPDATE SET
            is_quarantined = excluded.is_quarantined,
            reason = excluded.reason,
            received_on = excluded.received_on,
            expires_on = excluded.expires_on,
            updated_at = excluded.updated_at,
            updated_by = excluded.updated_by
        """,
        asdict(lot),
    )


@dataclass(frozen=True, slots=True)
class Recalled:
    """One parcel that a lot went out in."""

    sku: str
    lot: str
    quantity: int
    ship_date: date
    order_number: str
    order_key: str
    tracking_number: str | None
    ship_name: str | None
    ship_company: str | None
    ship_street1: str | None
    ship_city: str | None
    ship_state: str | None
    ship_postal_code: str | None
    ship_country: str | None
    ship_phone: str | None
    email: str | None


def recall(con: Cursor, sku: str, lot: str) -> list[Recalled]:
    """Where a lot went: every parcel that stands, with whom it went to (facts/domain.md section 4)."""
    rows = con.rows(
        """
        SELECT i.base_sku, coalesce(i.lot, ''), i.quantity, i.ship_date, i.order_number, s.order_key,
               i.tracking_number, s.ship_name, s.ship_company, s.ship_street1, s.ship_city, s.ship_state,
               s.ship_postal_code, s.ship_country, s.ship_phone, s.email
        FROM shipped_items i
        JOIN shipped_orders s USING (shipstation_order_id)
        WHERE i.base_sku = $sku AND coalesce(i.lot, '') = $lot
        ORDER BY i.ship_date, i.order_number, i.parcel_id, i.line_no
        """,
        {"sku": sku, "lot": lot},
    )
    return [Recalled(*row) for row in rows]
