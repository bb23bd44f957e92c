"""100 changed orders among 1,000 to 1,000,000 known ones: requests, seconds and memory of one sync.

The known orders are written straight into the database, as a long history would have left them.

`python -m bench.known_orders [--known 1000 10000 100000 1000000] [--changed 100] [--runs 3]`
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measured import run, settings_for, steps_of
from shipsync.config import load_settings
from shipsync.runtime import prepare_database
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World
from shipsync.store.db import open_database


def main() -> None:
    """Measure and print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--known", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--changed", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    for known in chosen.known:
        print(measure(known, chosen.changed, chosen.runs), flush=True)


def measure(known: int, changed: int, runs: int) -> str:
    """One line: the median of some runs, each of which finds `changed` orders changed."""
    now = datetime.now(UTC)
    world = World(1, now - timedelta(days=29), orders_per_day=0)
    world.advance_to(now)
    orders = world.bulk_orders(changed, timedelta(hours=1), now - timedelta(hours=2))
    walls, peaks, asked, steps = [], [], 0, {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bench.duckdb"
        with Server(world, lambda: datetime.now(UTC)) as server:
            settings = settings_for(server.url, database)
            fill(database, settings, known - changed, now)
            run(["sync"], settings)  # takes the real ones in, so that they are known as well
        for number in range(runs):
            for order in orders:
                world.edit(order.order_id, fields={"customer_notes": f"Changed {number}"})
            with Server(world, lambda: datetime.now(UTC)) as server:
                settings = settings_for(server.url, database)
                done = run(["sync"], settings)
                asked = len(server.asked("orders"))
                steps = steps_of(database, done.answer["job_id"])
            if done.answer["counts"].get("updated") != changed:
                raise RuntimeError(f"{changed} orders changed, but: {done.answer}")
            walls.append(done.wall_s)
            peaks.append(done.peak_mb)
        size = database.stat().st_size / 1e6
    split = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in steps.items())
    return (
        f"{known:,} known, {changed} changed: {asked} order requests, {statistics.median(walls):.2f} s wall, "
        f"{statistics.median(peaks):.0f} MB peak (median of {runs}); file {size:.0f} MB; last run: {split}"
    )


def fill(database: Path, environment: dict[str, str], orders: int, now: datetime) -> None:
    """Write so many known orders with their lines and routings, the oldest first, as syncs would have."""
    settings = load_settings(environment, None)
    with open_database(database) as db:
        prepare_database(db, settings, now)
        with db.transaction() as con:
            con.execute(
                """
                INSERT INTO orders_inbox (order_key, order_number, source_system, status, shipstation_order_id,
                    shipstation_status, email, ship_name, ship_city, modified_at, content_hash, created_at, updated_at)
                SELECT 'shipstation:' || (7000000000 + n), CAST(10000000 + n AS VARCHAR), 'ShipStation Manual',
                    'shipped', 7000000000 + n, 'shipped', 'buyer' || n || '@example.com', 'Buyer ' || n, 'Duluth',
                    $first + n * INTERVAL 1 SECOND, md5(CAST(n AS VARCHAR)), $now, $now
                FROM range($orders) r(n)
                """,
                {"orders": orders, "first": now - timedelta(days=700), "now": now},
            )
            for sql in (
                """
                INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, sku_lot, base_sku,
                    lot, quantity)
                SELECT order_key, 1, order_number, source_system, '17612 - 250237', '17612 - 250237', '17612',
                    '250237', 1
                FROM orders_inbox
                """,
                """
                INSERT INTO shipstation_order_line_items (shipstation_order_id, line_no, order_item_id, sku, sku_lot,
                    base_sku, lot, quantity, is_adjustment)
                SELECT shipstation_order_id, 1, shipstation_order_id + 1000000000, '17612 - 250237', '17612 - 250237',
                    '17612', '250237', 1, false
                FROM orders_inbox
                """,
                """
                INSERT INTO routing_log (shipstation_order_id, modified_at, order_number, shipstation_status, route,
                    reason, content_hash, reading_id, page_no, run_id, seen_at)
                SELECT shipstation_order_id, modified_at, order_number, 'shipped', 'import', 'new_manual',
                    content_hash, 'filled', 1, 'filled', created_at
                FROM orders_inbox
                """,
                """
                INSERT INTO shipments (shipment_id, shipstation_order_id, order_number, created_at, ship_date,
                    shipment_cost, insurance_cost, carrier_code, service_code, tracking_number, is_return_label,
                    has_items, voided, content_hash, first_seen_at, updated_at)
                SELECT shipstation_order_id + 2000000000, shipstation_order_id, order_number, modified_at,
                    CAST(modified_at AS DATE), 9.10, 0, 'fedex', 'fedex_ground', 'T' || shipstation_order_id, false,
                    true, false, content_hash, created_at, created_at
                FROM orders_inbox
                """,
                """
                INSERT INTO shipped_orders (shipstation_order_id, order_key, order_number, source_system, ship_date,
                    last_ship_date, parcel_count, updated_at)
                SELECT shipstation_order_id, order_key, order_number, source_system, CAST(modified_at AS DATE),
                    CAST(modified_at AS DATE), 1, created_at
                FROM orders_inbox
                """,
            ):
                con.execute(sql)


if __name__ == "__main__":
    main()
