"""What a month's charges rest on, as it stands now and as a closing froze it (DESIGN D16, D17).

The sources below are the only answer to "which labels, orders and units belong to these days": what is shown, what is
billed and what is compared later ask the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import pyarrow as pa

from shipsync.rules.charge_report import DayCounts
from shipsync.rules.charges import Facts, LabelsOfDay, Line, days_between, total
from shipsync.rules.day_stock import Counted, Moved, end_of_day_stock
from shipsync.rules.periods import day_closes, day_starts
from shipsync.store import ledger, rates
from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor

# A label's day, where ShipStation gave it no ship date: the day it was made, as ShipStation counts days.
_MADE_ON = "CAST(created_at AT TIME ZONE 'America/Los_Angeles' AS DATE)"
_LABEL = """shipment_id, shipstation_order_id, order_number, {day} AS day, carrier_code, service_code, warehouse_id,
           tracking_number, is_return_label, voided, shipment_cost, insurance_cost"""

# In two parts, so that of years of labels only those near these days are read.
LABELS = f"""
    SELECT {_LABEL.format(day="ship_date")}
    FROM shipments
    WHERE ship_date BETWEEN $first AND $through
    UNION ALL
    SELECT {_LABEL.format(day=_MADE_ON)}
    FROM shipments
    WHERE ship_date IS NULL AND {_MADE_ON} BETWEEN $first AND $through
"""  # noqa: S608 - our own text

ORDERS = """
    SELECT shipstation_order_id, order_number, ship_date AS day
    FROM shipped_orders
    WHERE ship_date BETWEEN $first AND $through
"""

_UNITS_FROM = """
    FROM shipped_items i
    WHERE i.base_sku IN (SELECT unnest($skus::VARCHAR[])) AND i.ship_date BETWEEN $first AND $through
"""
ITEMS = f"""
    SELECT i.parcel_kind, i.parcel_id, any_value(i.shipstation_order_id) AS shipstation_order_id,
           any_value(i.order_number) AS order_number, any_value(i.ship_date) AS day, i.base_sku AS sku,
           sum(i.quantity) AS quantity
    {_UNITS_FROM}
    GROUP BY i.parcel_kind, i.parcel_id, i.base_sku  -- a parcel is of one order and leaves on one day
"""
# The same without the parcels, where only their sums are asked for.
UNITS = f"""
    SELECT i.ship_date AS day, i.base_sku AS sku, sum(i.quantity) AS quantity
    {_UNITS_FROM}
    GROUP BY i.ship_date, i.base_sku
"""

# One delivery is one receipt, however many SKUs and lots came with it; one without a reference stands for itself.
RECEIPTS = """
    SELECT business_date AS day, coalesce(reference, 'entry ' || entry_no) AS reference, sum(quantity) AS units
    FROM inventory_transactions
    WHERE kind = 'receive' AND corrects IS NULL AND business_date BETWEEN $first AND $through
      AND entry_no NOT IN (SELECT corrects FROM inventory_transactions WHERE corrects IS NOT NULL)
    GROUP BY business_date, coalesce(reference, 'entry ' || entry_no)
"""

_LINES = pa.schema(
    [
        ("line_no", pa.int32()),
        ("charge", pa.string()),
        ("day", pa.date32()),
        ("sku", pa.string()),
        ("carrier_code", pa.string()),
        ("service_code", pa.string()),
        ("warehouse_id", pa.int64()),
        ("extra_no", pa.int64()),
        ("quantity", pa.int32()),
        ("rate", pa.decimal128(12, 4)),
        ("amount", pa.decimal128(14, 2)),
        ("text", pa.string()),
    ]
)
_PRODUCTS = pa.schema([("sku", pa.string()), ("pallet_size", pa.int32())])
_STOCK = pa.schema([("day", pa.date32()), ("sku", pa.string()), ("units", pa.int32()), ("pallet_size", pa.int32())])
_DAYS = pa.schema([("day", pa.date32()), ("starts_at", pa.timestamp("us", tz="UTC"))])


@dataclass(frozen=True, slots=True)
class Billed:
    """What a closing billed of a month."""

    job_id: str
    month: date
    billed_through: date
    as_of: datetime
    total: Decimal
    made_at: datetime
    period_start: date  # the month of the closing itself
    version: int


def key_products(con: Cursor) -> dict[str, int | None]:
    """The products that are billed now, with the units that stand on a pallet."""
    return dict(con.rows("SELECT sku, units_per_pallet FROM products WHERE is_key ORDER BY sku"))


def frozen_products(con: Cursor, job_id: str, month: date) -> dict[str, int | None]:
    """The products that a closing billed, with the units that stood on a pallet then."""
    return dict(
        con.rows(
            """
            SELECT sku, pallet_size
            FROM charge_report_products
            WHERE job_id = $job_id AND month = $month
            ORDER BY sku
            """,
            {"job_id": job_id, "month": month},
        )
    )


def facts(
    con: Cursor,
    first: date,
    through: date,
    month_end: date,
    as_of: datetime,
    zone: ZoneInfo,
    products: Mapping[str, int | None],
) -> Facts:
    """What is known of these days now. `as_of` holds the last day's stock back; `zone` is the warehouse's.

    `products` are those that are billed, with the units that stand on a pallet.
    """
    span: dict[str, object] = {"first": first, "through": through}
    labels = con.rows(
        f"""
        SELECT day, carrier_code, service_code, warehouse_id, is_return_label, count(*), sum(shipment_cost),
               sum(insurance_cost), count(*) FILTER (WHERE voided),
               coalesce(sum(shipment_cost + insurance_cost) FILTER (WHERE voided), 0)
        FROM ({LABELS})
        GROUP BY day, carrier_code, service_code, warehouse_id, is_return_label
        """,  # noqa: S608 - our own text
        span,
    )
    orders = con.rows(f"SELECT day, count(*) FROM ({ORDERS}) GROUP BY day", span)  # noqa: S608
    units = con.rows(UNITS, span | {"skus": sorted(products)})
    receipts = con.rows(f"SELECT day, count(*) FROM ({RECEIPTS}) GROUP BY day", span)  # noqa: S608
    known = ledger.known_skus(con, min(as_of, day_closes(through, zone))).keys()
    stock = stock_by_day(con, first, through, as_of, zone)
    return Facts(
        first=first,
        through=through,
        month_end=month_end,
        labels=[LabelsOfDay(*row) for row in labels],
        orders={day: int(amount) for day, amount in orders},
        units={(day, sku): int(amount) for day, sku, amount in units},
        stock={(day, sku): amount for (day, sku), amount in stock.items() if sku in products and sku in known},
        pallet_sizes=products,
        receipts={day: int(amount) for day, amount in receipts},
        extras=rates.extras(con, first, through),
    )


def stock_by_day(
    con: Cursor, first: date, through: date, as_of: datetime, zone: ZoneInfo
) -> dict[tuple[date, str], int]:
    """Units of each SKU at the end of each of these days, at most at `as_of`."""
    days = days_between(first, through)
    before, last = day_starts(first, zone), min(as_of, day_closes(through, zone))
    span = {"before": before, "last": last}
    opening = {(one.sku, one.lot): one.quantity for one in ledger.balances(con, day_closes(_day_before(first), zone))}
    rows = [{"day": day, "starts_at": day_starts(day, zone)} for day in days]
    with batch(con, "days_of_month", rows, _DAYS) as named:
        counts = con.rows(
            f"""
            SELECT sku, lot, row_number() OVER (PARTITION BY sku, lot ORDER BY moved_at), day, quantity
            FROM (
                SELECT *
                FROM inventory_transactions
                WHERE kind = 'count' AND moved_at >= $before AND moved_at <= $last
                QUALIFY row_number() OVER (PARTITION BY sku, lot, moved_at ORDER BY entry_no DESC) = 1
            ) c
            ASOF JOIN {named} d ON c.moved_at >= d.starts_at
            """,  # noqa: S608 - the name of our own batch
            span,
        )
        moved = con.rows(
            f"""
            WITH counts AS (
                SELECT sku, lot, moved_at AS counted_at, row_number() OVER (PARTITION BY sku, lot ORDER BY moved_at)
                           AS n
                FROM (
                    SELECT DISTINCT sku, lot, moved_at
                    FROM inventory_transactions
                    WHERE kind = 'count' AND moved_at >= $before AND moved_at <= $last
                )
            ),
            moves AS (
                SELECT sku, lot, moved_at, sum(quantity) AS quantity
                FROM inventory_transactions
                WHERE kind <> 'count' AND moved_at >= $before AND moved_at <= $last
                GROUP BY sku, lot, moved_at
            )
            SELECT m.sku, m.lot, coalesce(c.n, 0), d.day, sum(m.quantity)
            FROM moves m
            ASOF JOIN {named} d ON m.moved_at >= d.starts_at
            ASOF LEFT JOIN counts c ON m.sku = c.sku AND m.lot = c.lot AND m.moved_at > c.counted_at
            GROUP BY m.sku, m.lot, coalesce(c.n, 0), d.day
            """,  # noqa: S608 - the name of our own batch
            span,
        )
    return end_of_day_stock(
        opening,
        [Counted(sku, lot, int(number), day, int(quantity)) for sku, lot, number, day, quantity in counts],
        [Moved(sku, lot, int(number), day, int(quantity)) for sku, lot, number, day, quantity in moved],
        days,
    )


def day_counts(con: Cursor, first: date, through: date) -> list[DayCounts]:
    """What left on each of these days; days on which nothing did are left out."""
    span: dict[str, object] = {"first": first, "through": through, "skus": sorted(key_products(con))}
    rows = con.rows(
        f"""
        SELECT day, sum(orders), sum(shipments), sum(packages), sum(units), sum(voided), sum(returned)
        FROM (
            SELECT day, 1 AS orders, 0 AS shipments, 0 AS packages, 0 AS units, 0 AS voided, 0 AS returned
            FROM ({ORDERS})
            UNION ALL
            SELECT day, 0, CASE WHEN voided OR is_return_label THEN 0 ELSE 1 END, 0, 0,
                   CASE WHEN voided THEN 1 ELSE 0 END, CASE WHEN is_return_label AND NOT voided THEN 1 ELSE 0 END
            FROM ({LABELS})
            UNION ALL
            SELECT ship_date, 0, 0, count(DISTINCT (parcel_kind, parcel_id)), 0, 0, 0
            FROM shipped_items
            WHERE ship_date BETWEEN $first AND $through
            GROUP BY ship_date
            UNION ALL
            SELECT day, 0, 0, 0, quantity, 0, 0 FROM ({UNITS})
        )
        GROUP BY day
        ORDER BY day
        """,  # noqa: S608 - our own text
        span,
    )
    return [DayCounts(day, *(int(one) for one in counts)) for day, *counts in rows]


def freeze(
    con: Cursor, job_id: str, month: date, facts: Facts, lines: Sequence[Line], as_of: datetime, now: datetime
) -> None:
    """Keep what a closing bills of a month, and all it rests on. Once for each closing and month."""
    span: dict[str, object] = {
        "job_id": job_id,
        "month": month,
        "first": facts.first,
        "through": facts.through,
    }
    con.execute(
        """
        INSERT INTO charge_report (job_id, month, billed_through, as_of, total, made_at)
        VALUES ($job_id, $month, $through, $as_of, $total, $now)
        """,
        {
            "job_id": job_id,
            "month": month,
            "through": facts.through,
            "as_of": as_of,
            "total": total(lines),
            "now": now,
        },
    )
    billed = {"skus": sorted(facts.pallet_sizes)}
    for table, source, columns, more in (
        (
            "charge_report_labels",
            LABELS,
            "shipment_id, shipstation_order_id, order_number, day, carrier_code, service_code, warehouse_id, "
            "tracking_number, is_return_label, voided, shipment_cost, insurance_cost",
            {},
        ),
        ("charge_report_orders", ORDERS, "shipstation_order_id, order_number, day", {}),
        (
            "charge_report_items",
            ITEMS,
            "parcel_kind, parcel_id, shipstation_order_id, order_number, day, sku, quantity",
            billed,
        ),
        ("charge_report_receipts", RECEIPTS, "day, reference, units", {}),
    ):
        con.execute(
            f"INSERT INTO {table} (job_id, month, {columns}) SELECT $job_id, $month, {columns} FROM ({source})",  # noqa: S608
            span | more,
        )
    named = {"job_id": job_id, "month": month}
    products = [{"sku": sku, "pallet_size": size} for sku, size in sorted(facts.pallet_sizes.items())]
    with batch(con, "incoming_products", products, _PRODUCTS) as incoming:
        con.execute(
            f"""
            INSERT INTO charge_report_products (job_id, month, sku, pallet_size)
            SELECT $job_id, $month, sku, pallet_size FROM {incoming}
            """,  # noqa: S608 - the name of our own batch
            named,
        )
    stock = [
        {"day": day, "sku": sku, "units": units, "pallet_size": facts.pallet_sizes.get(sku)}
        for (day, sku), units in sorted(facts.stock.items())
    ]
    with batch(con, "incoming_stock", stock, _STOCK) as incoming:
        con.execute(
            f"""
            INSERT INTO charge_report_stock (job_id, month, day, sku, units, pallet_size)
            SELECT $job_id, $month, day, sku, units, pallet_size FROM {incoming}
            """,  # noqa: S608 - the name of our own batch
            named,
        )
    columns = ", ".join(_LINES.names)
    rows = [{name: getattr(one, name, None) for name in _LINES.names} | {"line_no": no} for no, one in enumerate(lines)]
    with batch(con, "incoming_lines", rows, _LINES) as incoming:
        con.execute(
            f"""
            INSERT INTO charge_report_lines (job_id, month, {columns})
            SELECT $job_id, $month, {columns} FROM {incoming}
            """,  # noqa: S608 - names from our own schema
            named,
        )


def frozen_lines(con: Cursor, job_id: str, month: date) -> list[Line]:
    """What a closing billed of a month, line by line, in its order."""
    rows = con.rows(
        """
        SELECT charge, day, quantity, amount, rate, sku, carrier_code, service_code, warehouse_id, extra_no, text
        FROM charge_report_lines
        WHERE job_id = $job_id AND month = $month
        ORDER BY line_no
        """,
        {"job_id": job_id, "month": month},
    )
    return [Line(*row) for row in rows]


def newest_billed(con: Cursor, month: date, before: date | None = None) -> Billed | None:
    """What was billed of a month last: by its own closing, or by that of a later month which restated it.

    `before` leaves out the closings of that month and later ones: what they bill is told from what was before them.
    """
    rows = con.rows(
        """
        SELECT r.job_id, r.month, r.billed_through, r.as_of, r.total, r.made_at, c.period_start, c.version
        FROM charge_report r
        JOIN closings c USING (job_id)
        WHERE r.month = $month AND c.closed_at IS NOT NULL AND ($before IS NULL OR c.period_start < $before)
          -- Of a later month, its newest version alone holds.
          AND c.version = (SELECT max(v.version) FROM closings v
                           WHERE v.kind = c.kind AND v.period_start = c.period_start AND v.closed_at IS NOT NULL)
        ORDER BY c.period_start DESC
        LIMIT 1
        """,
        {"month": month, "before": before},
    )
    return Billed(*rows[0]) if rows else None


def billed_months(con: Cursor, before: date | None = None) -> list[date]:
    """The months that were closed, the oldest first."""
    rows = con.rows(
        """
        SELECT DISTINCT period_start
        FROM closings
        WHERE kind = 'eom' AND closed_at IS NOT NULL AND ($before IS NULL OR period_start < $before)
        ORDER BY period_start
        """,
        {"before": before},
    )
    return [month for (month,) in rows]


def labels_digest(con: Cursor, job_id: str, month: date) -> str:
    """A sha256 over what was frozen of a month's labels, so that the report's own hash covers them."""
    return str(
        con.value(
            """
            SELECT sha256(coalesce(string_agg(concat_ws('|', shipment_id, day, coalesce(carrier_code, ''),
                       coalesce(service_code, ''), voided, shipment_cost, insurance_cost), chr(10)
                       ORDER BY shipment_id), ''))
            FROM charge_report_labels
            WHERE job_id = $job_id AND month = $month
            """,
            {"job_id": job_id, "month": month},
        )
    )


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label as it is listed behind a figure."""

    shipment_id: int
    shipstation_order_id: int | None
    order_number: str | None
    day: date
    carrier_code: str | None
    service_code: str | None
    warehouse_id: int | None
    tracking_number: str | None
    is_return_label: bool
    voided: bool
    shipment_cost: Decimal
    insurance_cost: Decimal

    @property
    def cost(self) -> Decimal:
        """What it is charged with in the end."""
        return Decimal("0.00") if self.voided else self.shipment_cost + self.insurance_cost


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as it is listed behind a figure."""

    shipstation_order_id: int
    order_number: str
    day: date


@dataclass(frozen=True, slots=True)
class ItemRow:
    """Units of one SKU in one parcel, as they are listed behind a figure."""

    parcel_kind: Literal["shipment", "fulfillment", "order"]
    parcel_id: int
    shipstation_order_id: int
    order_number: str
    day: date
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A delivery as it is listed behind a figure."""

    day: date
    reference: str  # of the delivery, or of its entry in the ledger
    units: int


def labels(con: Cursor, first: date, through: date, limit: int | None = None) -> list[LabelRow]:
    """The labels of these days as they stand now, the newest day first. All of them without a limit."""
    rows = con.rows(
        f"{LABELS} ORDER BY day DESC, shipment_id DESC LIMIT $limit",
        {"first": first, "through": through, "limit": limit},
    )
    return [LabelRow(*row) for row in rows]


def orders(con: Cursor, first: date, through: date, limit: int | None = None) -> list[OrderRow]:
    """The orders of these days as they stand now, the newest day first. All of them without a limit."""
    rows = con.rows(
        f"{ORDERS} ORDER BY day DESC, order_number DESC LIMIT $limit",
        {"first": first, "through": through, "limit": limit},
    )
    return [OrderRow(*row) for row in rows]


def items(con: Cursor, first: date, through: date, limit: int | None = None) -> list[ItemRow]:
    """The units of these days as they stand now, the newest day first. All of them without a limit."""
    rows = con.rows(
        f"{ITEMS} ORDER BY day DESC, order_number DESC, sku LIMIT $limit",
        {"first": first, "through": through, "limit": limit, "skus": sorted(key_products(con))},
    )
    return [ItemRow(*row) for row in rows]


def receipts(con: Cursor, first: date, through: date) -> list[ReceiptRow]:
    """The deliveries of these days as they stand now, the newest day first."""
    rows = con.rows(f"{RECEIPTS} ORDER BY day DESC, reference", {"first": first, "through": through})
    return [ReceiptRow(day, reference, int(units)) for day, reference, units in rows]


def frozen_labels(con: Cursor, job_id: str, month: date) -> list[LabelRow]:
    """The labels a closing billed, by day."""
    rows = con.rows(
        """
        SELECT shipment_id, shipstation_order_id, order_number, day, carrier_code, service_code, warehouse_id,
               tracking_number, is_return_label, voided, shipment_cost, insurance_cost
        FROM charge_report_labels
        WHERE job_id = $job_id AND month = $month
        ORDER BY day, shipment_id
        """,
        {"job_id": job_id, "month": month},
    )
    return [LabelRow(*row) for row in rows]


def frozen_stock(con: Cursor, job_id: str, month: date) -> dict[tuple[date, str], tuple[int, int | None]]:
    """Units at the end of each day as a closing billed them, with the units per pallet, by day and SKU."""
    rows = con.rows(
        """
        SELECT day, sku, units, pallet_size
        FROM charge_report_stock
        WHERE job_id = $job_id AND month = $month
        ORDER BY day, sku
        """,
        {"job_id": job_id, "month": month},
    )
    return {(day, sku): (units, size) for day, sku, units, size in rows}


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
