"""What the unified sync asks of ShipStation in a day, beside the two legacy workflows, over one made-up world.

A week of shipped orders lies behind, a day is lived so that open orders are there, and the day after it is measured.
The unified sync makes all its passes, every 5 minutes. Those of the legacy workflows are counted, hourly and every 5
minutes: from the account's lists as they stand at that instant, the way the door reads a list. Some of them are made as
well, by the code of the two workflows, and each has to come to what was counted. (At 10,000 orders a day one takes a
minute, for it reads a week: all 288 would take hours.)

Neither side waits for ShipStation's limit of 40 requests a minute, so that both see the same instants; how long the
longest pass takes under it is said.

`python -m bench.efficiency [--orders-per-day 100 10000] [--seed 1] [--made 4]`
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from shipsync.doors.shipstation.dates import from_query_text, window
from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.rules.efficiency import ALLOWED_A_MINUTE
from shipsync.rules.legacy import LOOKS_BACK, manual_window
from shipsync.runtime import App
from shipsync.sandbox.books import Books
from shipsync.sandbox.index import Index
from shipsync.sandbox.pacific import wall, wall_ms
from shipsync.sandbox.shop import ShopFeed
from tests.procedures.legacy_side import Sides, two_sides

WORKING_DAYS = 5  # of a week: `orders_per_day` is an average working day's
EVERY = 5  # minutes
AN_HOUR, A_DAY = 60 // EVERY, 24 * 60 // EVERY  # in ticks
SENT_UP_EVERY = 3  # ticks: what goes up at once is of one second, and has to fit a page
IN_FILE = timedelta(hours=1)  # what the shop's file holds: more is only parsed once more
PAGE = 500
LISTS = ("/orders", "/shipments", "/fulfillments")
SECOND = timedelta(seconds=1)


@dataclass
class Day:
    """What one side came to in a day."""

    passes: list[tuple[int, int]] = field(default_factory=list)  # requests, orders fetched

    def line(self, side: str, every: int) -> str:
        """As it is printed."""
        requests, orders = (sum(column) for column in zip(*self.passes, strict=True))
        most = max(requests for requests, _ in self.passes)
        return (
            f"  {side:<8} every {every:>2} min: {requests:>7,} requests, {requests / 24:,.0f} an hour; {orders:>10,} "
            f"orders fetched; at most {most:,} requests a pass: {most / ALLOWED_A_MINUTE:.1f} min at the limit"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-per-day", type=float, nargs="+", default=[100, 10_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--made", type=int, default=4, help="passes of legacy in the day that are made as well")
    chosen = parser.parse_args()
    for orders_per_day in chosen.orders_per_day:
        with (
            tempfile.TemporaryDirectory() as folder,
            two_sides(
                Path(folder), seed=chosen.seed, orders_per_day=orders_per_day, requests_per_minute=1_000_000
            ) as sides,
        ):
            sides.feed = ShopFeed(sides.world, Path(folder) / "shop", days=IN_FILE / timedelta(days=1))
            report(sides, orders_per_day, chosen.made)


def report(sides: Sides, orders_per_day: float, made: int) -> None:
    """The days of one size."""
    began = time.perf_counter()
    live_before(sides, orders_per_day)
    print(
        f"{orders_per_day:,.0f} orders a day, what lies before made in {time.perf_counter() - began:,.0f} s", flush=True
    )
    day = a_day(sides, A_DAY // made)
    print(day.unified.line("unified", EVERY))
    print(day.hourly.line("legacy", 60))
    print(day.often.line("legacy", EVERY))
    verdict = "each to the same" if day.made == day.counted else f"WRONG: made {day.made}, counted {day.counted}"
    print(f"  passes of legacy made and counted: {len(day.made.passes)}, {verdict}", flush=True)


def live_before(sides: Sides, orders_per_day: float) -> None:
    """Live a day, then put a week of shipped orders behind it: the unified sync is past it, status-sync reads it."""
    for _ in range(A_DAY // SENT_UP_EVERY):
        sides.wait(EVERY * SENT_UP_EVERY)
        sides.send_up()
    sides.unify()
    sides.run_legacy()
    week = round(WORKING_DAYS * orders_per_day)
    sides.world.bulk_orders(week, LOOKS_BACK, sides.world.start, shipped_share=1.0)


@dataclass
class Counting:
    """Legacy's passes every so many ticks, counted."""

    every: int
    last_at: datetime
    day: Day = field(default_factory=Day)

    def at(self, tick: int, now: datetime, books: Books) -> None:
        """Count the pass of this tick, if there is one."""
        if tick % self.every == 0:
            self.day.passes.append(legacy_pass(books, self.last_at, now))
            self.last_at = now


@dataclass
class Lived:
    """A day of both sides."""

    unified: Day
    hourly: Day  # legacy, counted
    often: Day  # legacy every 5 minutes, counted
    made: Day  # legacy's passes that were made ...
    counted: Day  # ... and what had been counted of each before


def a_day(sides: Sides, made_every: int) -> Lived:
    """Live a day; a pass of legacy is made every so many ticks."""
    unified, made = Day(), Day()
    begun = sides.clock.now()
    hourly, often, counted = (Counting(every, begun) for every in (AN_HOUR, 1, made_every))
    for tick in range(1, A_DAY + 1):
        sides.wait(EVERY)
        if tick % SENT_UP_EVERY == 0:
            sides.send_up()
        unified.passes.append(one_pass(sides.unified, (UNIFIED,), sides.unify))
        for one in (hourly, often, counted):
            one.at(tick, sides.clock.now(), sides.world.books)
        if tick % made_every == 0:
            before = len(sides.servers["legacy"].requests)
            _, orders = one_pass(sides.legacy, LEGACY, sides.run_legacy)
            asked = sides.servers["legacy"].requests[before:]
            made.passes.append((sum(1 for one in asked if one.path in LISTS), orders))
    return Lived(unified, hourly.day, often.day, made, counted.day)


def one_pass(app: App, workflows: Sequence[str], do: Callable[[], None]) -> tuple[int, int]:
    """Make one pass of a side. Its requests, and the orders it fetched."""
    sent = app.requests_sent()
    do()
    fetched = app.db.read().value(
        """
        SELECT sum(fetched)
        FROM (SELECT arg_max(coalesce(json_extract(counts, '$.fetched')::BIGINT, 0), token) AS fetched
              FROM runs
              WHERE workflow_name IN (SELECT unnest($workflows))
              GROUP BY workflow_name)
        """,
        {"workflows": list(workflows)},
    )
    return app.requests_sent() - sent, int(fetched)


# Counting


def legacy_pass(books: Books, last_at: datetime, now: datetime) -> tuple[int, int]:
    """Requests for lists, and orders fetched, of a pass of both legacy workflows after one at `last_at`.

    Names of carriers and services are left out: once a day at most, five requests.
    """
    start, end, _ = manual_window(last_at, now)
    since = now - LOOKS_BACK
    typed, known = (
        walked(books.orders_by_modified, lambda one: books.orders[one].modified, *span)
        for span in ((start, end), (since, now))
    )
    labels = walked(books.shipments_by_created, lambda one: books.shipments[one].created, since, now)
    marks = walked(books.fulfillments_by_created, lambda one: books.fulfillments[one].created, since, now)
    low, high = books.shipments_by_voided.between(*bounds(since, now))
    voids = max(1, -(-(high - low) // PAGE))  # these are read by page number
    return typed[0] + known[0] + labels[0] + marks[0] + voids, typed[1] + known[1]


def walked(index: Index, stamp_of: Callable[[int], datetime], start: datetime, end: datetime) -> tuple[int, int]:
    """Requests and rows of a list: each page begins a second before the last row of the one before."""
    first, last = bounds(start, end)
    requests = rows = 0
    while True:
        low, high = index.between(first, last)
        requests, rows = requests + 1, rows + min(PAGE, high - low)
        if high - low <= PAGE:
            return requests, rows
        before, first = first, wall_ms(wall(stamp_of(index.at(low + PAGE - 1))).replace(microsecond=0) - SECOND)
        if first <= before:
            raise ValueError("More rows in two seconds than a page holds: the door reads those by page number.")


def bounds(start: datetime, end: datetime) -> tuple[int, int]:
    """A window as the lists have it: milliseconds of wall time."""
    first, last = window(start, end)
    return wall_ms(from_query_text(first)), wall_ms(from_query_text(last))


if __name__ == "__main__":
    main()
