"""One simulated day at 100 and at 10,000 orders a day, a sync every 5 minutes: requests, and orders fetched again.

Without closings: theirs are measured by themselves (bench/closings.py).

`python -m bench.one_day [--orders-per-day 100 10000] [--seed 1]`
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta
from statistics import median

from shipsync.simulation import Outcome, simulate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-per-day", type=float, nargs="+", default=[100, 10_000])
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for orders_per_day in chosen.orders_per_day:
        started = time.perf_counter()
        # The shop's rolling file of a busy day is long; it is made and read every half hour, the rest every 5 minutes.
        import_every = timedelta(minutes=30) if orders_per_day > 1_000 else None
        outcome = simulate(
            days=1, seed=chosen.seed, orders_per_day=orders_per_day, import_every=import_every, closes=False
        )
        print("\n".join(report(orders_per_day, outcome, time.perf_counter() - started)), flush=True)


def report(orders_per_day: float, outcome: Outcome, seconds: float) -> list[str]:
    """The figures of one day."""
    by_path: dict[str, int] = {}
    for one in outcome.requests:
        by_path[one.path] = by_path.get(one.path, 0) + 1
    hours = list(outcome.requests_per_hour().values())
    fetched, versions = outcome.counts["order rows fetched"], outcome.counts["order versions"]
    paths = ", ".join(f"{path} {count:,}" for path, count in sorted(by_path.items()))
    return [
        f"{orders_per_day:,.0f} orders a day: {len(outcome.requests):,} requests ({paths})",
        f"  an hour: {min(hours)} at least, {median(hours):.0f} median, {max(hours)} at most; "
        f"at most {outcome.most_in_a_minute()} in one minute",
        f"  {fetched:,} order rows fetched for {versions:,} versions: {fetched / max(1, versions):.1f} times each",
        f"  {'right' if outcome.is_right else 'WRONG: ' + str(outcome.differences[:5])}; simulated in {seconds:.0f} s",
    ]


if __name__ == "__main__":
    main()
