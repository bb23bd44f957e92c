"""Recomputing stock and averages over a long history of shipped items: seconds for each part of it, and for the whole.

Two years and more of parcels, 50 products by lot, with the ledger's entry for each, the windows of three years of syncs
and a shelf that was counted, written straight into a database as years would have left them.

`python -m bench.inventory [--items 10000000] [--runs 5]`
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.history import fill as fill_orders
from shipsync.config import load_settings
from shipsync.procedures.eod import expected_lines
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.ledger import bring_ledger_in_step
from shipsync.procedures.weekly_report import make
from shipsync.rules.periods import business_date, day_starts
from shipsync.rules.weeks import week_of
from shipsync.runtime import prepare_database
from shipsync.store import day_census, inventory, ledger, weekly_history
from shipsync.store.db import Database, open_database

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
DAYS = 800
SKUS, LOTS = 50, 40  # lots of each, one after the other over the time
CHUNK = 1_000_000
ORDERS = 2_000  # in the inbox: the newest, as the nightly clean-up leaves them
SYNCS = 3 * 365 * 288

_SKU = f"CAST(20000 + n % {SKUS} AS VARCHAR)"
_LOT = f"CAST(240000 + n * {LOTS} // $items AS VARCHAR)"

_ITEMS = f"""
    INSERT INTO shipped_items (parcel_kind, parcel_id, line_no, shipstation_order_id, order_number, source_system,
        ship_date, sku, base_sku, sku_lot, lot, quantity, shipment_id, tracking_number)
    SELECT 'shipment', 5000000000 + n // 2, 1 + n % 2, 4000000000 + n // 2, CAST(30000000 + n // 2 AS VARCHAR),
        'X-Cart', CAST($first AS DATE) + CAST(n * {DAYS} // $items AS INTEGER), {_SKU} || ' - ' || {_LOT}, {_SKU},
        {_SKU} || ' - ' || {_LOT}, {_LOT}, 1 + n % 6, 5000000000 + n // 2, 'T' || n // 2
    FROM range($begin, $end) r(n)
"""  # noqa: S608 - our own expressions

_ENTRIES = """
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by, parcel_kind, parcel_id, shipstation_order_id)
    SELECT $begin + row_number() OVER (), 'ship', base_sku, lot, -quantity,
        CAST(ship_date AS TIMESTAMPTZ) + INTERVAL 19 HOUR, ship_date, CAST(ship_date AS TIMESTAMPTZ) + INTERVAL 20 HOUR,
        'ShipStation', parcel_kind, parcel_id, shipstation_order_id
    FROM shipped_items
    WHERE parcel_id >= 5000000000 + $begin // 2 AND parcel_id < 5000000000 + $end // 2
"""

# A count of every lot a fortnight ago: what stands is that, and what moved since.
_COUNTS = """
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by)
    SELECT $items + row_number() OVER (ORDER BY sku, lot), 'count', sku, lot, 5000, $at, CAST($at AS DATE), $at,
        'filled'
    FROM (SELECT DISTINCT sku, lot FROM inventory_transactions)
"""

_PRODUCTS = f"""
    INSERT INTO products (sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, updated_at)
    SELECT CAST(20000 + n AS VARCHAR), 'Product ' || n, true, 48, 14, NULL, $now FROM range({SKUS}) r(n)
"""  # noqa: S608 - our own number

_READINGS = """
    INSERT INTO readings (reading_id, workflow_name, feed, window_start, window_end, run_id, started_at, fetched_at,
        applied_at, applied_by)
    SELECT 'filled.' || n, 'shipstation-sync', 'orders', ended - INTERVAL 15 MINUTE, ended, 'filled', ended, ended,
        ended, 'filled'
    FROM (SELECT n, $now - to_minutes(CAST(($syncs - n) * 5 AS BIGINT)) AS ended FROM range($syncs) r(n))
"""

_PAGES = """
    INSERT INTO api_pages (reading_id, page_no, feed, request, answered_at, row_count, body, run_id)
    SELECT reading_id, 1, feed, '{}', window_end, 0, ''::BLOB, run_id FROM readings
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    settings = load_settings({}, None)
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "bench.duckdb") as db:
        prepare_database(db, settings, NOW)
        started = time.perf_counter()
        fill(db, chosen.items)
        print(f"{chosen.items:,} shipped items of {SKUS} products, filled in {time.perf_counter() - started:.0f} s")
        for what, act in parts(db).items():
            print(f"  {what:34} {told(act, chosen.runs)}", flush=True)


def fill(db: Database, items: int) -> None:
    """Write the history."""
    first = business_date(NOW, load_settings({}, None).zone) - timedelta(days=DAYS - 1)
    fill_orders(db, ORDERS, NOW, days_of_jobs=30)
    with db.transaction() as con:
        con.execute("DELETE FROM shipped_items")
        con.execute("DELETE FROM inventory_transactions")
        con.execute(_PRODUCTS, {"now": NOW})
        con.execute(_READINGS, {"now": NOW, "syncs": SYNCS})
        con.execute(_PAGES)
    for begin in range(0, items, CHUNK):
        span = {"begin": begin, "end": min(begin + CHUNK, items)}
        with db.transaction() as con:
            con.execute(_ITEMS, span | {"items": items, "first": first})
            con.execute(_ENTRIES, span)
    with db.transaction() as con:
        con.execute(_COUNTS, {"items": items, "at": NOW - timedelta(days=14)})
    db.checkpoint()


def parts(db: Database) -> dict[str, Callable[[], object]]:
    """What is measured, by its name."""
    zone = load_settings({}, None).zone
    monday = week_of(business_date(NOW, zone))
    sunday_before = day_starts(monday, zone) - timedelta(microseconds=1)

    def whole() -> object:
        with db.transaction() as con:
            return recalculate(con, zone, NOW, NOW)

    def weeks() -> object:
        with db.transaction() as con:
            return weekly_history.recount(con, weekly_history.covered_since(con, zone), NOW)

    con = db.read()
    return {
        "recalculate": whole,
        "weekly_history.covered_since": lambda: weekly_history.covered_since(con, zone),
        "weekly_history.recount": weeks,
        "ledger.balances": lambda: ledger.balances(con, NOW),
        "ledger.known_skus": lambda: ledger.known_skus(con, NOW),
        "inventory.awaiting": lambda: inventory.awaiting(con),
        "ledger.orders_out_of_step": lambda: bring_ledger_in_step(db, zone, NOW),
        "day_census.shipped_between": lambda: day_census.shipped_between(con, monday, monday),
        "expected_lines": lambda: expected_lines(con, NOW),
        "ledger.waterfalls of a week": lambda: ledger.waterfalls(con, sunday_before, NOW),
        "the weekly report": lambda: make(con, monday, NOW, 1, zone, NOW),
    }


def told(act: Callable[[], object], runs: int) -> str:
    """The median of some runs, and the first, which finds nothing in memory."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return f"{statistics.median(seconds):6.2f} s (the first {seconds[0]:.2f} s)"


if __name__ == "__main__":
    main()
