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

from bench.history import fill
from bench.measured import run, settings_for, steps_of
from shipsync.config import load_settings
from shipsync.procedures import sync
from shipsync.rules.census import TURNS
from shipsync.runtime import prepare_database
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World
from shipsync.store.db import open_database
from shipsync.store.marks import set_feed_mark


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
            fill_known(database, settings, known - changed, now)
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


def fill_known(database: Path, environment: dict[str, str], orders: int, now: datetime) -> None:
    """Make a database that has known so many orders for two years."""
    with open_database(database) as db:
        prepare_database(db, load_settings(environment, None), now)
        fill(db, orders, now - timedelta(days=1))
        with db.transaction() as con:
            # All lists have had their turn: what is written here is not at ShipStation, and would be looked for there.
            for name in TURNS:
                set_feed_mark(con, sync.WORKFLOW, name, now - timedelta(minutes=5), now)


if __name__ == "__main__":
    main()
