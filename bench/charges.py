"""Charges of a month of 300,000 shipments, at 10,000,000 shipments of history: seconds for each part of them.

Three years of labels by four carriers from three warehouses, some of them voided, insured or returns; orders of one and
two parcels, 50 products by lot, the ledger's entry for each parcel, receipts, and a count of every lot each quarter;
written straight into a database as years would have left them.

`python -m bench.charges [--shipments 10000000] [--runs 5]`
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from shipsync.config import load_settings
from shipsync.procedures import charges as procedure
from shipsync.rules.charges import Rate, RateName
from shipsync.rules.months import month_before, month_ends
from shipsync.rules.periods import day_closes
from shipsync.runtime import prepare_database
from shipsync.store import charge_checks, charges, closings, rates
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database

MONTH = date(2026, 11, 1)  # the one that is billed, the newest there is
NOW = datetime(2026, 12, 1, 20, 0, tzinfo=UTC)
A_MONTH = 300_000
SKUS, LOTS = 50, 40  # lots of each, one after the other over the time
CHUNK = 1_000_000
RATES: dict[RateName, str] = {"order": "5", "unit": "1", "pallet_day": "0.5", "receipt": "12.5", "markup": "3"}

# So many shipments a day, the last on the last day of the month.
_DAY = f"CAST($end AS DATE) - CAST(($shipments - 1 - n) * 30 // {A_MONTH} AS INTEGER)"
_SKU = f"CAST(20000 + n % {SKUS} AS VARCHAR)"
_LOT = f"CAST(240000 + n * {LOTS} // $shipments AS VARCHAR)"
_ORDER = "4000000000 + n // 2 * 2 + CASE WHEN n % 10 < 2 THEN 0 ELSE n % 2 END"  # every fifth has two parcels

_SHIPMENTS = f"""
    INSERT INTO shipments (shipment_id, shipstation_order_id, order_number, created_at, ship_date, shipment_cost,
        insurance_cost, carrier_code, service_code, tracking_number, is_return_label, warehouse_id, has_items, voided,
        voided_at, content_hash, first_seen_at, updated_at)
    SELECT 5000000000 + n, {_ORDER}, CAST({_ORDER} AS VARCHAR), day + INTERVAL 19 HOUR,
        CASE WHEN n % 1000 <> 7 THEN day END, 5 + n % 900 / 100, CASE WHEN n % 20 = 0 THEN 1.35 ELSE 0 END,
        ['fedex', 'ups', 'stamps_com', 'dhl'][1 + n % 4], ['ground', '2day', 'priority'][1 + n % 3], 'T' || n,
        n % 97 = 0, 1 + n % 3, true, n % 50 = 3, CASE WHEN n % 50 = 3 THEN day + INTERVAL 21 HOUR END,
        md5(CAST(n AS VARCHAR)), day + INTERVAL 20 HOUR, day + INTERVAL 21 HOUR
    FROM (SELECT n, CAST({_DAY} AS TIMESTAMPTZ) AS day FROM range($begin, $until) r(n))
"""  # noqa: S608 - our own expressions

_ITEMS = f"""
    INSERT INTO shipped_items (parcel_kind, parcel_id, line_no, shipstation_order_id, order_number, source_system,
        ship_date, sku, base_sku, sku_lot, lot, quantity, shipment_id, tracking_number)
    SELECT 'shipment', 5000000000 + n, 1, {_ORDER}, CAST({_ORDER} AS VARCHAR), 'X-Cart', {_DAY},
        {_SKU} || ' - ' || {_LOT}, {_SKU}, {_SKU} || ' - ' || {_LOT}, {_LOT}, 1 + n % 6, 5000000000 + n, 'T' || n
    FROM range($begin, $until) r(n)
    WHERE n % 50 <> 3 AND n % 97 <> 0
"""  # noqa: S608 - our own expressions

_ORDERS = """
    INSERT INTO shipped_orders (shipstation_order_id, order_key, order_number, source_system, ship_date, last_ship_date,
        carrier_code, service_code, parcel_count, updated_at)
    SELECT shipstation_order_id, 'shop:' || shipstation_order_id, any_value(order_number), 'X-Cart', min(ship_date),
        max(ship_date), 'fedex', 'ground', count(*), $now
    FROM shipped_items
    WHERE parcel_id >= 5000000000 + $begin AND parcel_id < 5000000000 + $until
    GROUP BY shipstation_order_id
"""

_ENTRIES = """
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by, parcel_kind, parcel_id, shipstation_order_id)
    SELECT $begin + row_number() OVER (), 'ship', base_sku, lot, -quantity,
        CAST(ship_date AS TIMESTAMPTZ) + INTERVAL 19 HOUR, ship_date, CAST(ship_date AS TIMESTAMPTZ) + INTERVAL 20 HOUR,
        'ShipStation', parcel_kind, parcel_id, shipstation_order_id
    FROM shipped_items
    WHERE parcel_id >= 5000000000 + $begin AND parcel_id < 5000000000 + $until
"""

# A delivery of every SKU every third day of the month, and a count of every lot that is there each quarter.
_RECEIPTS = f"""
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by, reference)
    SELECT $first_no + row_number() OVER (), 'receive', CAST(20000 + s.n AS VARCHAR),
        CAST(240000 + {LOTS} - 1 AS VARCHAR), 5000,
        d.day + INTERVAL 16 HOUR, CAST(d.day AS DATE), d.day + INTERVAL 17 HOUR, 'filled', 'D-' || d.n
    FROM range({SKUS}) s(n),
         (SELECT n, CAST($month AS TIMESTAMPTZ) + to_days(CAST(3 * n AS INTEGER)) AS day FROM range(10) r(n)) d
"""  # noqa: S608 - our own numbers

_COUNTS = """
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by)
    SELECT $first_no + row_number() OVER (ORDER BY sku, lot), 'count', sku, lot, 60000, $at, CAST($at AS DATE), $at,
        'filled'
    FROM (SELECT DISTINCT sku, lot FROM inventory_transactions WHERE moved_at < $at)
"""

_PRODUCTS = f"""
    INSERT INTO products (sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, updated_at)
    SELECT CAST(20000 + n AS VARCHAR), 'Product ' || n, true, 48, 14, NULL, $now FROM range({SKUS}) r(n)
"""  # noqa: S608 - our own number

# What happens to the month before after it was billed: one label in a thousand is voided.
_LATE_VOIDS = """
    UPDATE shipments
    SET voided = true, voided_at = $now
    WHERE shipment_id IN (SELECT shipment_id FROM shipments
                          WHERE ship_date BETWEEN $first AND $last AND shipment_id % 1000 = 1)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shipments", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "bench.duckdb") as db:
        prepare_database(db, load_settings({}, None), NOW)
        started = time.perf_counter()
        fill(db, chosen.shipments)
        print(f"{chosen.shipments:,} shipments, {A_MONTH:,} a month, filled in {time.perf_counter() - started:.0f} s")
        for what, act in parts(db).items():
            print(f"  {what:42} {told(act, chosen.runs)}", flush=True)


def fill(db: Database, shipments: int) -> None:
    """Write the history."""
    with db.transaction() as con:
        con.execute("DELETE FROM products")
        con.execute(_PRODUCTS, {"now": NOW})
        rates.put_rates(con, [Rate(name, Decimal(amount), date(2020, 1, 1)) for name, amount in RATES.items()], NOW)
    of_all = {"shipments": shipments, "end": month_ends(MONTH)}
    for begin in range(0, shipments, CHUNK):
        span = {"begin": begin, "until": min(begin + CHUNK, shipments)}
        with db.transaction() as con:
            con.execute(_SHIPMENTS, span | of_all)
            con.execute(_ITEMS, span | of_all)
            con.execute(_ORDERS, span | {"now": NOW})
            con.execute(_ENTRIES, span)
    with db.transaction() as con:
        con.execute(_RECEIPTS, {"first_no": shipments, "month": MONTH})
        for number in range(12):
            at = NOW - timedelta(days=20 + 91 * number)
            con.execute(_COUNTS, {"first_no": shipments + 100_000 * (number + 1), "at": at})
    db.checkpoint()


def parts(db: Database) -> dict[str, Callable[[], object]]:
    """What is measured, by its name."""
    zone, con = load_settings({}, None).zone, db.read()
    before, through = month_before(MONTH), month_ends(MONTH)
    numbers = iter(range(1_000_000))

    def whole(reading: Cursor, month: date, last: date) -> procedure.Month:
        return procedure.compute(reading, month, last, day_closes(last, zone), zone)

    found = whole(con, MONTH, through)

    def bill(month: date) -> None:
        """Freeze a month as its closing does."""
        job_id = f"bench-{next(numbers)}"
        with db.transaction() as writing:
            closings.begin(writing, "eom", month, month_ends(month), job_id, "bench", NOW)
            now = whole(writing, month, month_ends(month))
            procedure.freeze(writing, job_id, now, [], zone, NOW)
            closings.close(writing, job_id, 1, records=0, sentence="", stated=(), now=NOW)

    bill(before)
    with db.transaction() as writing:
        writing.execute(_LATE_VOIDS, {"now": NOW, "first": before, "last": month_ends(before)})
    billed = charges.newest_billed(con, before)
    if billed is None:
        raise LookupError("the month before was not billed")

    def frozen() -> None:
        with db.transaction() as writing:
            procedure.freeze(writing, f"bench-{next(numbers)}", found, [], zone, NOW)

    return {
        "compute": lambda: whole(con, MONTH, through),
        "compute, of the month's first half": lambda: whole(con, MONTH, date(2026, 11, 15)),
        "of it stock at the end of each day": lambda: charges.stock_by_day(con, MONTH, through, NOW, zone),
        "self-check": lambda: procedure.self_check(con, found, zone),
        "restatement of the month before": lambda: procedure.restatement(con, billed, zone),
        "freeze": frozen,
        "orders, parcels and units of each day": lambda: charges.day_counts(con, MONTH, through),
        "labels never used": lambda: charge_checks.unused_labels(con, MONTH, through, MONTH),
        "how stock went through the month": lambda: procedure.stock_of_month(con, found, zone),
    }


def told(act: Callable[[], object], runs: int) -> str:
    """The median of some runs, the best, and the first, which finds nothing in memory."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return f"{statistics.median(seconds):6.2f} s (the best {min(seconds):.2f} s, the first {seconds[0]:.2f} s)"


if __name__ == "__main__":
    main()
