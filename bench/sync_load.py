"""The first load of 10,000 orders: requests, seconds, memory, and the split of fetching and applying.

`python -m bench.sync_load [--orders 10000] [--shipped 0.0] [--runs 5]`
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measured import run, settings_for, steps_of
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--shipped", type=float, default=0.0, help="share of the orders that has shipped")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    now = datetime.now(UTC)
    world = World(1, now - timedelta(days=29), orders_per_day=0)
    world.advance_to(now)
    world.bulk_orders(chosen.orders, timedelta(days=20), now - timedelta(hours=1), chosen.shipped)
    walls, peaks, cpus = [], [], []
    for number in range(chosen.runs):
        # A server for each run: its rate window starts empty.
        with Server(world, lambda: datetime.now(UTC)) as server, tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "bench.duckdb"
            done = run(["sync"], settings_for(server.url, database))
            steps = steps_of(database, done.answer["job_id"])
            asked = len(server.asked("orders"))
            walls.append(done.wall_s)
            peaks.append(done.peak_mb)
            cpus.append(done.cpu_s)
            split = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in steps.items())
            print(
                f"run {number + 1}: {asked} order requests of {len(server.requests)}, {done.wall_s:.2f} s wall, "
                f"{done.cpu_s:.2f} s cpu, {done.peak_mb:.0f} MB; {split}; {done.answer['counts']}"
            )
    print(
        f"median of {chosen.runs}: {statistics.median(walls):.2f} s wall, {statistics.median(cpus):.2f} s cpu, "
        f"{statistics.median(peaks):.0f} MB peak"
    )


if __name__ == "__main__":
    main()
