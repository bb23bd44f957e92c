"""What the unified sync asks of ShipStation in a day, beside the two legacy workflows, over one made-up world.

Both look at the same seven days before, then a day is measured: at each side's own pace (legacy hourly, unified every
5 minutes), and at equal freshness (both every 5 minutes). At many orders a day the legacy workflows cannot be run
every 5 minutes within ShipStation's limit; then what that would take is worked out from their hourly passes, and the
line says so.

`python -m bench.efficiency [--orders-per-day 100 10000] [--seed 1]`
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.runtime import App
from tests.procedures.legacy_side import Sides, two_sides

DAYS_BEFORE = 7  # the window of status-sync
EVERY = 5  # minutes
LIMIT_AN_HOUR = 40 * 60
AN_HOUR, A_DAY = 60 // EVERY, 24 * 60 // EVERY  # in ticks


@dataclass
class Day:
    """What one side came to in a day."""

    passes: int
    requests: int
    orders: int  # fetched
    seconds: float  # of this machine

    def line(self, side: str, every: int) -> str:
        """As it is printed."""
        return (
            f"  {side:<8} every {every:>2} min: {self.requests:>7,} requests ({self.requests / 24:,.0f} an hour), "
            f"{self.orders:>10,} orders fetched, {self.seconds:,.0f} s"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-per-day", type=float, nargs="+", default=[100, 10_000])
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for orders_per_day in chosen.orders_per_day:
        with tempfile.TemporaryDirectory() as folder:
            report(Path(folder), orders_per_day, chosen.seed)


def report(folder: Path, orders_per_day: float, seed: int) -> None:
    """The days of one size."""
    with two_sides(folder, seed=seed, orders_per_day=orders_per_day) as sides:
        for _ in range(DAYS_BEFORE * 12):
            sides.wait(120)
            sides.send_up()
        sides.settle()
        print(f"{orders_per_day:,.0f} orders a day", flush=True)
        legacy, unified = a_day(sides, legacy_every=AN_HOUR)
        print(unified.line("unified", EVERY), flush=True)
        print(legacy.line("legacy", 60), flush=True)
        often = legacy.requests * AN_HOUR
        if often / 24 > LIMIT_AN_HOUR:
            print(
                f"  legacy   every {EVERY:>2} min: would take {often:,} requests ({often / 24:,.0f} an hour, where "
                f"{LIMIT_AN_HOUR:,} are allowed) and fetch {legacy.orders * AN_HOUR:,} orders; worked out",
                flush=True,
            )
            return
        legacy, unified = a_day(sides, legacy_every=1)
        print(unified.line("unified", EVERY), flush=True)
        print(legacy.line("legacy", EVERY), flush=True)


def a_day(sides: Sides, legacy_every: int) -> tuple[Day, Day]:
    """Live a day; the legacy workflows run every so many ticks. What each side came to."""
    legacy, unified = Day(0, 0, 0, 0.0), Day(0, 0, 0, 0.0)
    for tick in range(A_DAY):
        sides.wait(EVERY)
        if tick % 6 == 0:
            sides.send_up()
        one_pass(unified, sides.unified, (UNIFIED,), sides.unify)
        if tick % legacy_every == 0:
            one_pass(legacy, sides.legacy, LEGACY, sides.run_legacy)
    return legacy, unified


def one_pass(day: Day, app: App, workflows: tuple[str, ...], do: Callable[[], None]) -> None:
    """One pass of a side, added to its day."""
    sent, began = app.requests_sent(), time.perf_counter()
    do()
    day.passes += 1
    day.requests += app.requests_sent() - sent
    day.seconds += time.perf_counter() - began
    for workflow in workflows:
        fetched = app.db.read().value(
            """
            SELECT coalesce(json_extract(counts, '$.fetched')::BIGINT, 0)
            FROM runs
            WHERE workflow_name = $workflow
            ORDER BY token DESC
            LIMIT 1
            """,
            {"workflow": workflow},
        )
        day.orders += int(fetched)


if __name__ == "__main__":
    main()
