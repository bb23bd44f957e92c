"""Comparing two lanes of 1,000,000 orders with items, labels and what was shipped: rows, seconds and memory.

One value of one row is wrong, in a place that is told by chance; it has to be found. Two years of orders are written
straight into production, and the same into the lane beside it. Live, what has not changed since both began to read is
left out; here that is nothing, which takes longest.

`python -m bench.parity [--orders 1000000] [--runs 3] [--threads 2]`
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.history import fill
from shipsync.config import load_settings
from shipsync.procedures.parity import Sides, compare_and_keep
from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.rules.parity_verdicts import Mode, Passed, Passes
from shipsync.runtime import prepare_database
from shipsync.store import parity
from shipsync.store.db import Database, open_database
from shipsync.store.lanes import OWN, SHADOW, make_lane

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
BOTH = Passed(NOW - timedelta(minutes=5), NOW - timedelta(minutes=5))
BEFORE_ALL = NOW - timedelta(days=800)
LIVE = Passes(BOTH, BOTH, since=BEFORE_ALL)
LATELY = replace(LIVE, since=NOW - timedelta(days=30))
COMPARED = ("orders_inbox", "order_items_inbox", "shipped_orders", "shipped_items", "shipments")
MARKS = """
    INSERT INTO {lane}.sync_watermark (workflow_name, complete_through, updated_at)
    SELECT unnest($workflows), $through, $through
    ON CONFLICT (workflow_name) DO UPDATE SET complete_through = excluded.complete_through
"""
READ = """
    INSERT INTO shadow.readings (reading_id, workflow_name, feed, window_start, window_end, run_id, started_at)
    VALUES ('first', $unified, 'orders', $since, $through, 'bench', $through)
"""
WRONG = "UPDATE shadow.shipped_items SET lot = '999999' WHERE shipstation_order_id = $order_id"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.duckdb"
        # In a process of its own, whose memory is none of the comparing's.
        filling = multiprocessing.get_context("spawn").Process(target=fill_both, args=(path, chosen.orders))
        filling.start()
        filling.join()
        with open_database(path, threads=chosen.threads) as db:
            have_read(db)
            wrong = make_one_wrong(db)
            rows = sum(db.read().value(f"SELECT count(*) FROM {name}") for name in COMPARED)  # noqa: S608 - our tables
            size_mb = path.stat().st_size / 1e6
            print(f"{chosen.orders:,} orders, {rows:,} rows on each side, one of them wrong; file {size_mb:,.0f} MB")
            for what, act in parts(db, wrong).items():
                print(f"  {what:40} {told(act, chosen.runs)}", flush=True)
        print(f"Peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def fill_both(path: Path, orders: int) -> None:
    """Write the same into production and into the lane beside it."""
    with open_database(path) as db:
        prepare_database(db, load_settings({}, None), NOW)
        fill(db, orders, NOW - timedelta(days=1), days_of_jobs=1)
        make_lane(db, SHADOW)
        for name in sorted(OWN):
            with db.transaction() as con:
                con.execute(f"INSERT INTO shadow.{name} SELECT * FROM main.{name}")  # noqa: S608 - our tables


def have_read(db: Database) -> None:
    """Let both engines have read everything."""
    through = NOW - timedelta(minutes=5)
    with db.transaction() as con:
        for lane, workflows in (("main", LEGACY), (SHADOW, (UNIFIED,))):
            con.execute(MARKS.format(lane=lane), {"workflows": list(workflows), "through": through})
        con.execute(READ, {"unified": UNIFIED, "since": BEFORE_ALL, "through": through})


def make_one_wrong(db: Database) -> int:
    """Put a wrong lot into the lane. Returns the order it belongs to."""
    shipped = db.read().rows("SELECT shipstation_order_id FROM shipped_orders ORDER BY shipstation_order_id")
    wrong: int = random.Random(1).choice(shipped)[0]
    with db.transaction() as con:
        con.execute(WRONG, {"order_id": wrong})
    db.checkpoint()
    return wrong


def parts(db: Database, wrong: int) -> dict[str, Callable[[], object]]:
    """What is measured, by its name; each has to find the wrong row."""
    con = db.read()

    def compare(passes: Passes | None) -> None:
        seen = parity.compare(con, "main", SHADOW, passes)
        found = [(one.order_id, one.entity, one.field) for one in seen.found]
        if found != [(wrong, "shipped_item", "lot")]:
            raise RuntimeError(f"order {wrong} has a wrong lot, but found was {found[:5]}")

    def orders() -> None:
        if parity.differing_orders(con, "main", SHADOW) != [wrong]:
            raise RuntimeError(f"order {wrong} differs, and was not named alone")

    def whole(mode: Mode) -> None:
        run = compare_and_keep(db, Sides(mode, "main", SHADOW), f"bench.{mode}", NOW)
        if run.confirmed + run.suspect != 1:
            raise RuntimeError(f"one key differs, but {run.confirmed} are confirmed and {run.suspect} suspect")

    return {
        "parity.compare, of a replay": lambda: compare(None),
        "parity.compare, live": lambda: compare(LIVE),
        "parity.compare, of the last 30 days": lambda: parity.compare(con, "main", SHADOW, LATELY),
        "parity.aggregates, of a replay": lambda: parity.aggregates(con, "main", SHADOW, None, leaving_out=[wrong]),
        "parity.aggregates, live": lambda: parity.aggregates(con, "main", SHADOW, LIVE, leaving_out=[wrong]),
        "parity.aggregates, of the last 30 days": lambda: parity.aggregates(con, "main", SHADOW, LATELY),
        "parity.differing_orders": orders,
        "compare, judge and keep all of a replay": lambda: whole("replay"),
        "compare, judge and keep it all live": lambda: whole("live"),
    }


def told(act: Callable[[], object], runs: int) -> str:
    """The median of some runs, and the first, which finds nothing in memory."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return f"{statistics.median(seconds):6.2f} s (the first {seconds[0]:.2f} s)"


if __name__ == "__main__":
    main()
