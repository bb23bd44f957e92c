"""A thousand days of two engines beside each other, through faults, kills and pauses: what of it was called different.

Nothing may be confirmed: the candidate is the legacy workflows once more, or the unified sync, and both read one
world, each at its own moments (tests/procedures/pair.py). Twenty days at a time, each with a world of its own; two
thirds of them go over a clock change.

`python -m bench.beside [--days 1000] [--seed 1] [--candidate legacy] [--processes 1]`; the exit code is 1 if anything
was confirmed.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.store import parity_results
from tests.procedures.pair import a_pair

DAYS = 20
CANDIDATES = {"legacy": LEGACY, "unified": (UNIFIED,)}
# Mondays; the second and the third have a clock change after them.
STARTS = tuple(datetime(2026, month, day, 12, 0, tzinfo=UTC) for month, day in ((9, 14), (10, 26), (3, 2)))


@dataclass(frozen=True)
class Lived:
    """What twenty days came to."""

    seed: int
    days: float
    counts: Counter[str]
    confirmed: list[str]  # a sentence each


def main() -> int:
    """Live, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--candidate", choices=sorted(CANDIDATES), default="legacy")
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    worlds = [(chosen.candidate, seed) for seed in range(chosen.seed, chosen.seed + chosen.days // DAYS)]
    started, days, counts, confirmed = time.perf_counter(), 0.0, Counter[str](), list[str]()
    with multiprocessing.get_context("spawn").Pool(chosen.processes, maxtasksperchild=5) as pool:
        for one in pool.imap_unordered(live, worlds):
            days, counts = days + one.days, counts + one.counts
            confirmed += one.confirmed
            print(
                f"{days:,.0f} days, {time.perf_counter() - started:,.0f} s: seed {one.seed}", *one.confirmed, sep="\n  "
            )
            sys.stdout.flush()
    print(f"{days:,.0f} days of legacy beside {chosen.candidate}: {len(confirmed):,} confirmed")
    for what, amount in sorted(counts.items()):
        print(f"  {what}: {amount:,}")
    return 1 if confirmed else 0


def live(world: tuple[str, int]) -> Lived:
    """Twenty days of one seed, and calm after them."""
    candidate, seed = world
    logging.disable(logging.WARNING)
    with (
        tempfile.TemporaryDirectory() as folder,
        a_pair(
            Path(folder),
            candidate=CANDIDATES[candidate],
            apart=(20, 240),
            seed=seed,
            start=STARTS[seed % len(STARTS)] - timedelta(days=seed % 5),
        ) as pair,
    ):
        began = pair.house.clock.now()
        pair.live(DAYS)
        run = pair.settle()
        told = parity_results.differences(pair.house.app.db.read(), ["live"])
        for one in told:
            pair.counts[f"differences: {one.verdict}, {'gone' if one.gone_at else 'there'}"] += 1
        pair.counts["keys compared in the end"] += run.compared
        pair.counts["overdue in the end"] += run.overdue
        return Lived(
            seed,
            (pair.house.clock.now() - began) / timedelta(days=1),
            pair.counts,
            [
                f"{one.entity} {one.key} {one.field}: {one.control} | {one.candidate}, confirmed {one.confirmed_at}, "
                f"version {one.version_at}, gone {one.gone_at}, now {one.verdict}"
                for one in pair.confirmed()
            ],
        )


if __name__ == "__main__":
    sys.exit(main())
