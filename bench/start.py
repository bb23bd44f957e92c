"""Seconds from starting the server until /healthz says that worker and schedule run.

Of a new sandbox, of one that has lived already, and of an account with 1,000,000 orders.

`python -m bench.start [--runs 5] [--orders 1000000]`
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.history import fill
from shipsync.config import load_settings
from shipsync.runtime import prepare_database
from shipsync.store.db import open_database
from tests.browser.serving import Served, Warehouse


def main() -> None:
    """Measure and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--orders", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        print(_line("a new sandbox", chosen.runs, lambda n: Served(_made(root / f"new{n}"), {})), flush=True)
        lived = Served(_made(root / "lived"), {})
        lived.start()
        lived.wait_until_ready(120)
        lived.stop()
        print(_line("a sandbox with its past", chosen.runs, lambda _: lived), flush=True)
        warehouse = Warehouse(root / "large")
        settings = load_settings(warehouse.environment, None)
        with open_database(warehouse.served.database) as db:
            prepare_database(db, settings, datetime.now(UTC))
            fill(db, chosen.orders, datetime.now(UTC))
        print(_line(f"an account with {chosen.orders:,} orders", chosen.runs, lambda _: warehouse.served), flush=True)
        warehouse.stop()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _line(what: str, runs: int, served: Callable[[int], Served]) -> str:
    took = []
    for number in range(runs):
        one = served(number)
        took.append(one.start())
        one.stop()
    return f"{what}: median {statistics.median(took):.1f} s, at most {max(took):.1f} s ({runs} starts)"


if __name__ == "__main__":
    main()
