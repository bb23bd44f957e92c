"""Closing a day of 100 orders, and one with 500 new ones, as a whole process over HTTP, in real time; then its week
and its month.

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
from zoneinfo import ZoneInfo

from bench.measured import Run, run, settings_for, steps_of
from shipsync.rules.catalogue import DEFAULT_CATALOGUE
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World


def main() -> None:
    """Measure and print some lines for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    for orders in chosen.orders:
        days, weeks, months, requests, steps = zip(*(measure(orders) for _ in range(chosen.runs)), strict=True)
        print(f"{orders:,} orders, of which half came since the last sync and nearly all were shipped:")
        print(f"  eod: {told(days)}, {max(requests)} requests; of it {in_steps(steps)}")
        print(f"  eow, its day being closed: {told(weeks)}")
        print(f"  eom, its week being closed: {told(months)}", flush=True)


def measure(orders: int) -> tuple[Run, Run, Run, int, dict[str, float]]:
    """One day: its closing, its week's, its month's, the requests of the first, and the seconds of its steps."""
    now = datetime.now(UTC)
    world = World(1, now - timedelta(days=29), orders_per_day=0)
    world.advance_to(now - timedelta(hours=1))
    with tempfile.TemporaryDirectory() as folder, Server(world, lambda: datetime.now(UTC)) as server:
        database = Path(folder) / "bench.duckdb"
        settings = settings_for(server.url, database)
        first = world.bulk_orders(orders // 2, timedelta(hours=3), world.now)
        run(["sync"], settings)
        for what, lines in office_lists(now).items():
            (Path(folder) / f"{what}.csv").write_text("\n".join([*lines, ""]))
            run(["load", what, str(Path(folder) / f"{what}.csv")], settings)
        world.advance_to(datetime.now(UTC))
        second = world.bulk_orders(orders - orders // 2, timedelta(minutes=30), world.now)
        for order in [*first, *second][: orders - orders // 20]:
            world.buy_label(order.order_id)
        before = len(server.requests)
        day = run(["eod"], settings)
        requests = len(server.requests) - before
        week = run(["eow"], settings)
        today = datetime.now(ZoneInfo("America/Los_Angeles")).date()
        month = run(["eom", "--date", today.isoformat(), "--reason", "It is a bench."], settings)
        return day, week, month, requests, steps_of(database, day.answer["job_id"])


def office_lists(now: datetime) -> dict[str, list[str]]:
    """What a month cannot be billed without: rates, pallets, and what stood on the shelf."""
    products = [one for one in DEFAULT_CATALOGUE.products.values() if one.is_key]
    since = (now - timedelta(days=40)).date()
    return {
        "products": [
            "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point",
            *(f'{one.sku},"{one.name}",yes,48,,' for one in products),
        ],
        "opening-stock": ["sku,lot,quantity,as_of", *(f"{one.sku},250237,9000,{since}" for one in products)],
        "rates": ["rate,amount,effective_from", "order,2.5,2020-01-01", "unit,0.85,2020-01-01",
                  "pallet_day,0.55,2020-01-01"],
    }  # fmt: skip


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
