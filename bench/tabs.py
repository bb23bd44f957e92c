"""20 open tabs for 10 minutes while syncs run: errors, memory of the server minute by minute, clicks.

The tabs stand on all pages. Each minute orders change at ShipStation and a sync is asked for; each tab goes to
another page once a minute. Memory is the resident set of the server process.

`python -m bench.tabs [--tabs 20] [--minutes 10] [--orders 100000]`
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.history import fill
from bench.measured import memory_mb
from shipsync.config import load_settings
from shipsync.runtime import prepare_database
from shipsync.store.db import open_database
from tests.browser import chromium
from tests.browser.conftest import FLAGS, Watched, settled
from tests.browser.serving import Warehouse

PAGES = {
    "Today": "",
    "Orders": "orders",
    "Inventory": "inventory",
    "Count": "count",
    "End of day": "end_of_day",
    "End of week": "end_of_week",
    "Sync": "sync",
    "Jobs": "jobs",
    "Imports": "imports",
    "Settings": "settings",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tabs", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--orders", type=int, default=100_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        with open_database(warehouse.served.database) as db:
            prepare_database(db, load_settings(warehouse.environment, None), datetime.now(UTC))
            if chosen.orders:
                fill(db, chosen.orders, datetime.now(UTC))
        print(f"well after {warehouse.served.start():.1f} s", flush=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
            try:
                live(warehouse, browser, chosen.tabs, chosen.minutes)
            finally:
                browser.close()
                warehouse.stop()
        # What a traceback ends with stands at the line's start, as its beginning does.
        trouble = Counter(re.findall(r"^(\w+(?:\.\w+)*(?:Error|Exception)\b.*)", warehouse.served.log(), re.MULTILINE))
        print("errors in the server's log:", *([f"{n} x {line}" for line, n in trouble.items()] or ["none"]), sep="\n")


def live(warehouse: Warehouse, browser: Browser, tabs: int, minutes: float) -> None:
    """Open the tabs, let them stand and click, and print a line each minute."""
    context = browser.new_context(base_url=warehouse.url, viewport={"width": 1280, "height": 900})
    pages: list[tuple[Page, Watched]] = []
    for number in range(tabs):
        page = context.new_page()
        watched = Watched(page)
        page.goto("/" + list(PAGES.values())[number % len(PAGES)])
        settled(page)
        pages.append((page, watched))
    print(f"{tabs} tabs open: {_megabytes(warehouse):.0f} MB", flush=True)
    clicks: list[float] = []
    for minute in range(1, round(minutes) + 1):
        end = time.monotonic() + 60
        warehouse.world.advance_to(datetime.now(UTC))
        for _ in range(20):
            warehouse.world.place_manual_order()
        requests.post(warehouse.url + "/api/sync/sync", json={}, timeout=10)
        for number, (page, _) in enumerate(pages):
            title = list(PAGES)[(number + minute) % len(PAGES)]
            began = time.monotonic()
            page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
            expect(page.get_by_role("heading", level=1, name=re.compile(title))).to_be_visible()
            clicks.append(time.monotonic() - began)
            page.wait_for_timeout(max(0.0, (end - time.monotonic()) / (tabs - number) * 900))
        page.wait_for_timeout(max(0.0, (end - time.monotonic()) * 1000))
        for _, watched in pages:
            watched.check()
        print(f"minute {minute}: {_megabytes(warehouse):.0f} MB", flush=True)
    said = f"median {statistics.median(clicks):.2f} s, p95 {statistics.quantiles(clicks, n=20)[-1]:.2f} s"
    print(f"click to another page, {tabs} tabs open: {said} of {len(clicks)}", flush=True)
    context.close()


def _megabytes(warehouse: Warehouse) -> float:
    """The resident memory of the server process."""
    process = warehouse.served.process
    if process is None:
        raise RuntimeError("the server does not run")
    resident = memory_mb(process.pid, "VmRSS")
    if resident is None:
        raise RuntimeError("the server has ended")
    return resident


if __name__ == "__main__":
    main()
