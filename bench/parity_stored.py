"""What shadow mode keeps in 30 days of 10,000 orders a day: the comparisons, the lane, and the recorded answers.

    comparisons   runs and differences: every two hours, and once more for a day with one after each run of a sync
    lane          what the unified sync has written beside production of those orders
    recorded      every answer it was given, compressed, for replays: as long as on the second of two lived days

The days' orders are written straight into the file, the comparisons are kept by the very functions that keep them. Of
the keys, five in a hundred differ as is meant and stay (of lived worlds it was less), one in a hundred is only lag.

`python -m bench.parity_stored [--orders-per-day 10000] [--days 30] [--seed 1]`
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from bench.parity import fill_both
from shipsync.procedures.parity import GONE_KEPT_FOR, RUNS_KEPT_FOR
from shipsync.rules.parity_fields import ENTITIES, RECORDS
from shipsync.rules.parity_verdicts import Found, Judged, Verdict
from shipsync.runtime import App
from shipsync.sandbox.world import World
from shipsync.simulation import START, simulate
from shipsync.store import parity_results
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database
from shipsync.store.lanes import SHADOW, drop_lane
from shipsync.store.parity import MOST_KEYS
from shipsync.store.parity_results import Run

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
MEANT, LAG = 0.05, 0.01  # of the keys
KEYS_AN_ORDER = 5  # an order has a line, a label, a row of what was shipped and one of its items
EVERY_TWO_HOURS, AFTER_EACH_RUN = 12, 312  # comparisons a day: 288 runs of the unified sync and 24 of the legacy pair


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-per-day", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    pages = a_lived_day(chosen.orders_per_day, chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.duckdb"
        fill_both(path, chosen.orders_per_day * chosen.days)
        with open_database(path) as db:
            with_lane = size_mb(db, path)
            keeping = Keeping(db, chosen.orders_per_day)
            spent = keeping.days(chosen.days, EVERY_TWO_HOURS)
            with_runs = size_mb(db, path)
            print(f"{chosen.days} days of {chosen.orders_per_day:,} orders, {EVERY_TWO_HOURS} comparisons a day:")
            print(
                f"  comparisons: {with_runs - with_lane:,.1f} MB ({keeping.told()}); keeping one {spent * 1000:,.0f} ms"
            )
            spent = keeping.days(1, AFTER_EACH_RUN)
            a_day = size_mb(db, path) - with_runs
            print(
                f"  one day more with {AFTER_EACH_RUN}: {a_day:,.1f} MB ({keeping.told()}); {spent * 1000:,.0f} ms each"
            )
            before = size_mb(db, path)
            record(db, pages, chosen.days)
            recorded = size_mb(db, path) - before
            drop_lane(db, SHADOW)
            without = size_mb(db, path)
            lane = before + recorded - without
            print(f"  lane: {lane:,.0f} MB, of it the recorded answers {recorded:,.0f} MB")
            print(f"  recorded a day: {sum(len(one) for one in pages.values()):,} pages, "
                  f"{sum(sum(one) for one in pages.values()) / 1e6:,.1f} MB compressed")  # fmt: skip


def a_lived_day(orders_per_day: int, seed: int) -> dict[str, list[int]]:
    """How long each recorded page of a day was, compressed, by list; a day on which yesterday's orders go out."""
    seen: dict[str, list[int]] = {}

    def look(app: App, world: World) -> None:
        if world.now < START + timedelta(days=2):
            return
        rows = app.db.read().rows(
            """
            SELECT feed, list(octet_length(body))
            FROM api_pages
            WHERE answered_at >= $since
            GROUP BY feed
            ORDER BY feed
            """,
            {"since": START + timedelta(days=1)},
        )
        seen.update(rows)

    simulate(
        days=2,
        seed=seed,
        orders_per_day=orders_per_day,
        import_every=timedelta(minutes=30) if orders_per_day > 1_000 else None,
        closes=False,
        at_each_tick=look,
    )
    return seen


def record(db: Database, pages: dict[str, list[int]], days: int) -> None:
    """Put so many days of such pages into the lane; what is compressed does not compress again."""
    for day in range(days):
        for feed, lengths in pages.items():
            bodies = pa.table({"page": range(len(lengths)), "body": [os.urandom(length) for length in lengths]})
            with db.transaction() as con:
                con.register("bodies", bodies)
                con.execute(
                    f"""
                    INSERT INTO {SHADOW}.api_pages (reading_id, page_no, feed, request, answered_at, row_count, body,
                        run_id)
                    SELECT 'shipstation-sync.' || $day || '.' || page, 1, $feed, '{{"modifyDateStart": "2026-11-20"}}',
                        $at::TIMESTAMPTZ + to_minutes(page), 100, body, 'shipstation-sync.' || $day || '.' || page
                    FROM bodies
                    """,  # noqa: S608 - our own schema
                    {"day": f"{feed}.{day}", "feed": feed, "at": NOW - timedelta(days=days - day)},
                )
                con.unregister("bodies")


def size_mb(db: Database, path: Path) -> float:
    """The file after a checkpoint, without blocks that are free."""
    db.checkpoint()
    used: int = db.read().value("SELECT used_blocks * block_size FROM pragma_database_size()")
    return used / 1e6


class Keeping:
    """Comparisons one after the other, each kept as `parity-check` keeps its own."""

    def __init__(self, db: Database, orders_per_day: int) -> None:
        self._db = db
        self._keys_a_day = orders_per_day * KEYS_AN_ORDER
        self._at = NOW - timedelta(days=40)
        self._number = 0
        self._keys = 0.0
        self._standing: dict[str, list[Found]] = {name: [] for name in RECORDS}

    def days(self, days: int, a_day: int) -> float:
        """Live so many days. Seconds that keeping a comparison took at their end, in the mean of the last ten."""
        took = []
        for _ in range(days * a_day):
            self._at += timedelta(days=1) / a_day
            started = time.perf_counter()
            self._compare(self._keys_a_day / a_day)
            took.append(time.perf_counter() - started)
        return sum(took[-10:]) / 10

    def told(self) -> str:
        """What is on record."""
        con = self._db.read()
        runs, differences = con.rows(
            "SELECT (SELECT count(*) FROM parity_runs), (SELECT count(*) FROM parity_differences)"
        )[0]
        return f"{runs:,} runs, {differences:,} differences"

    def _compare(self, new_keys: float) -> None:
        self._number += 1
        run_id = f"parity-check.{self._number}"
        lag: list[Found] = []
        self._keys += new_keys
        for place, name in enumerate(RECORDS):
            meant = int(self._keys * MEANT / len(RECORDS)) - len(self._standing[name])
            self._standing[name] += [self._found(name, number) for number in range(meant)]
            lag += [
                self._found(name, number + 1_000_000 * (place + 1)) for number in range(int(new_keys * LAG / 6) + 1)
            ]
        # Of each kind so many are read: what is new, and others each time of what is known as meant.
        read = [one for found in self._standing.values() for one in self._in_turn(found)]
        with self._db.transaction() as con:
            self._keep(con, run_id, read, "explained")
            self._keep(con, run_id, lag, "suspect")
            parity_results.differences_are_gone(con, "live", [one.identity for one in lag], self._at)
            parity_results.forget(con, self._at - GONE_KEPT_FOR)
            parity_results.thin_runs(con, self._at - RUNS_KEPT_FOR)
            parity_results.keep_run(con, self._run(run_id, len(read), len(lag)))

    def _in_turn(self, found: list[Found]) -> list[Found]:
        first = self._number * MOST_KEYS % max(1, len(found))
        return list(dict.fromkeys([*found[-100:], *found[first : first + MOST_KEYS - 100]]))

    def _keep(self, con: Cursor, run_id: str, found: list[Found], verdict: Verdict) -> None:
        judged = [(one, Judged(verdict, self._at, "linked" if verdict == "explained" else None)) for one in found]
        parity_results.keep_differences(con, "live", judged, run_id, self._at)

    def _found(self, entity: str, number: int) -> Found:
        order_id = 7_000_000_000 + self._number * 10_000 + number
        field = ENTITIES[entity].fields[number % len(ENTITIES[entity].fields)].name
        key = f"{order_id} · 17612 - 250237" if entity.endswith("item") else str(order_id)
        value = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
        return Found(entity, key, field, "field-differs", order_id, value, None, self._at, True, False)

    def _run(self, run_id: str, explained: int, transient: int) -> Run:
        keys = int(self._keys)
        counts = {"keys": keys, "pending": 40, "differing": explained, "is_cut": False}
        fields = [f"{name}.{one.name}" for name in RECORDS for one in ENTITIES[name].fields][:30]
        details = {
            "entities": dict.fromkeys((*RECORDS, "aggregate"), counts),
            "fields": {name: {"explained": explained // 30, "suspect": 1} for name in fields},
            "cleaned": {f"{name}: ends": 17 for name in fields[:6]},
            "causes": ["7 of 10 differing orders go by FedEx Ground, of all 4 of 10."],
            "overdue": 0,
            "oldest_pending_at": self._at.isoformat(),
        }
        run = Run(run_id, "live", self._at, self._at, None, None, self._at, self._at, keys, keys - explained, 240, 0,
                  0, transient, 0, 0, explained, 0)  # fmt: skip
        return replace(run, details=details)


if __name__ == "__main__":
    main()
