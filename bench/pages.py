"""How long the script of each page takes, on an empty database and among 1,000,000 orders.

Each run is a whole script as a visit runs it, by Streamlit's own test runner in this process. Every second one comes
right after a commit, so that nothing it reads is in the cache.

`python -m bench.pages [--orders 0 1000000] [--runs 40]`
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

from bench.history import fill
from shipsync import runtime
from shipsync.config import load_settings
from shipsync.runtime import App, Clock, prepare_database
from shipsync.store.db import open_database
from shipsync.store.settings import set_setting
from shipsync.web.server import PAGE_SCRIPT

ROOT = Path(__file__).parent.parent
# Each page, and what stands in its address.
VISITS: tuple[tuple[str, dict[str, str]], ...] = (
    ("today", {}),
    ("orders", {}),
    ("orders", {"q": "20000007"}),
    ("orders", {"q": "buyer 4711 duluth"}),
    ("orders", {"q": "250237", "status": "shipped"}),
    ("order", {"order": "shop:20000007"}),
    ("sync", {}),
    ("jobs", {}),
    ("end_of_day", {}),
    ("end_of_week", {}),
    ("end_of_month", {}),
    ("inventory", {}),
    ("inventory", {"sku": "17612"}),
    ("charges", {}),
    ("count", {}),
    ("imports", {}),
    ("settings", {}),
)


def main() -> None:
    """Measure and print one line for each size and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[0, 1_000_000])
    parser.add_argument("--runs", type=int, default=40)
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit warns of each thread that no visit started
    for orders in chosen.orders:
        with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "bench.duckdb") as db:
            settings, now = load_settings({}, None), datetime.now(UTC)
            prepare_database(db, settings, now)
            if orders:
                fill(db, orders, now)
            app = App(settings, db, {}, Clock())
            with runtime.published(app):
                for name, query in VISITS:
                    print(f"{orders:>9,} orders  {measure(app, name, query, chosen.runs)}", flush=True)


def measure(app: App, name: str, query: dict[str, str], runs: int) -> str:
    """One line: median and 95th percentile of runs right after a commit, and of others."""
    page = AppTest.from_file(str(PAGE_SCRIPT), default_timeout=60).run()
    for key, value in query.items():
        page.query_params[key] = value
    page.switch_page(f"../../pages/{name}.py").run()
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * runs):
        is_new = number % 2 == 0
        if is_new:
            with app.db.transaction() as con:
                set_setting(con, "bench", str(number), "bench", app.now())
        began = time.perf_counter()
        page.run()
        took[is_new].append((time.perf_counter() - began) * 1000)
        if page.exception:
            raise RuntimeError(f"{name}: {page.exception[0].value}")
    said = ", ".join(
        f"{words} {statistics.median(took[is_new]):.0f} ms (p95 {statistics.quantiles(took[is_new], n=20)[-1]:.0f})"
        for is_new, words in ((True, "after a commit"), (False, "cached"))
    )
    return f"{name + ' ' + ' '.join(query.values()):<26} {said}"


if __name__ == "__main__":
    main()
