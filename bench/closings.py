"""Closing a day of 100 orders, and one with 500 new ones, as a whole process over HTTP, in real time; then its week.

ShipStation's limit of 40 requests a minute holds, and our share of it. Before the press everything but the day's last
orders was synced, as it is every five minutes.

`python -m bench.closings [--orders 100 500] [--runs 3]`
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measured import Run, run, settings_for, steps_of
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World


def main() -> None:
    """Measure and print some lines for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    for orders in chosen.orders:
        days, weeks, requests, steps = zip(*(measure(orders) for _ in range(chosen.runs)), strict=True)
        print(f"{orders:,} orders, of which half came since the last sync and nearly all were shipped:")
        print(f"  eod: {told(days)}, {max(requests)} requests; of it {in_steps(steps)}")
        print(f"  eow, its day being closed: {told(weeks)}", flush=True)


def measure(orders: int) -> tuple[Run, Run, int, dict[str, float]]:
    """One day: its closing, its week's, the requests of the first, and the seconds of its steps."""
    now = datetime.now(UTC)
    world = World(1, now - timedelta(days=29), orders_per_day=0)
    world.advance_to(now - timedelta(hours=1))
    with tempfile.TemporaryDirectory() as folder, Server(world, lambda: datetime.now(UTC)) as server:
        database = Path(folder) / "bench.duckdb"
        settings = settings_for(server.url, database)
        first = world.bulk_orders(orders // 2, timedelta(hours=3), world.now)
        run(["sync"], settings)
        world.advance_to(datetime.now(UTC))
        second = world.bulk_orders(orders - orders // 2, timedelta(minutes=30), world.now)
        for order in [*first, *second][: orders - orders // 20]:
            world.buy_label(order.order_id)
        before = len(server.requests)
        day = run(["eod"], settings)
        requests = len(server.requests) - before
        week = run(["eow"], settings)
        return day, week, requests, steps_of(database, day.answer["job_id"])


def told(runs: Sequence[Run]) -> str:
    """Medians of some commands."""
    wall = statistics.median(one.wall_s for one in runs)
    cpu = statistics.median(one.cpu_s for one in runs)
    return f"{wall:.1f} s ({cpu:.1f} s of the processor), {max(one.peak_mb for one in runs):.0f} MB"


def in_steps(runs: Sequence[dict[str, float]]) -> str:
    """The median seconds of each step."""
    return ", ".join(f"{name} {statistics.median(one[name] for one in runs):.1f} s" for name in runs[0])


if __name__ == "__main__":
    main()
