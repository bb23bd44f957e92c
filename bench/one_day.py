"""One simulated day at 100 and at 10,000 orders a day, a sync every 5 minutes: requests, and orders fetched again.

Without closings: theirs are measured by themselves (bench/closings.py). What the simulation reads once the day is over,
to compare everything with the world's truth, is not counted.

`python -m bench.one_day [--orders-per-day 100 10000] [--seed 1]`
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from statistics import median

from shipsync.runtime import App
from shipsync.sandbox.world import World
from shipsync.simulation import START, Outcome, simulate

DAY = timedelta(days=1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-per-day", type=float, nargs="+", default=[100, 10_000])
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for orders_per_day in chosen.orders_per_day:
        print("\n".join(measure(orders_per_day, chosen.seed)), flush=True)


def measure(orders_per_day: float, seed: int) -> list[str]:
    """Live one day, and tell its figures."""
    rows: dict[str, int] = {}

    def look(app: App, world: World) -> None:
        if world.now >= START + DAY:
            rows.update(rows_of(app))

    began = time.perf_counter()
    outcome = simulate(
        days=1,
        seed=seed,
        orders_per_day=orders_per_day,
        # The shop's rolling file of a busy day is long; it is made and read every half hour, the rest every 5 minutes.
        import_every=timedelta(minutes=30) if orders_per_day > 1_000 else None,
        at_each_tick=look,
        closes=False,
    )
    return report(orders_per_day, outcome, rows, time.perf_counter() - began)


def rows_of(app: App) -> dict[str, int]:
    """How many rows of orders were fetched so far, and how many versions of orders they hold."""
    [(fetched, versions)] = app.db.read().rows(
        "SELECT (SELECT sum(row_count) FROM api_pages WHERE feed = 'orders'), (SELECT count(*) FROM routing_log)"
    )
    return {"fetched": fetched, "versions": versions}


def report(orders_per_day: float, outcome: Outcome, rows: dict[str, int], seconds: float) -> list[str]:
    """The figures of one day."""
    day = replace(outcome, requests=[one for one in outcome.requests if one.at < START + DAY])
    by_path = Counter("one order" if one.path.removeprefix("/orders/").isdigit() else one.path for one in day.requests)
    hours = list(day.requests_per_hour().values())
    return [
        f"{orders_per_day:,.0f} orders a day: {len(day.requests):,} requests "
        f"({', '.join(f'{path} {count:,}' for path, count in sorted(by_path.items()))})",
        f"  an hour: {min(hours)} at least, {median(hours):.0f} median, {max(hours)} at most; "
        f"at most {day.most_in_a_minute()} in one minute",
        f"  {rows['fetched']:,} order rows fetched for {rows['versions']:,} versions: "
        f"{rows['fetched'] / max(1, rows['versions']):.1f} times each",
        f"  {'right' if outcome.is_right else 'WRONG: ' + str(outcome.differences[:5])}; simulated in {seconds:.0f} s",
    ]


if __name__ == "__main__":
    main()
