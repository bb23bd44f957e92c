"""Click to new content in a real browser, one tab, an account with a long history.

`python -m bench.clicks [--orders 1000000] [--rounds 10]`
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from bench.history import fill
from bench.tabs import PAGES
from shipsync.config import load_settings
from shipsync.runtime import prepare_database
from shipsync.store.db import open_database
from tests.browser import chromium
from tests.browser.conftest import FLAGS, settled
from tests.browser.serving import Warehouse


def main() -> None:
    """Measure and print one line for each page: to its title, and until its script has ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args()
    to_title, to_end = defaultdict(list), defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        with open_database(warehouse.served.database) as db:
            prepare_database(db, load_settings(warehouse.environment, None), datetime.now(UTC))
            fill(db, chosen.orders, datetime.now(UTC))
        warehouse.served.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
            page = browser.new_page(base_url=warehouse.url, viewport={"width": 1280, "height": 900})
            page.goto("/")
            settled(page)
            for _ in range(chosen.rounds):
                for title in [*list(PAGES)[1:], "Today"]:
                    began = time.monotonic()
                    page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
                    expect(page.get_by_role("heading", level=1, name=re.compile(title))).to_be_visible()
                    to_title[title].append(time.monotonic() - began)
                    settled(page)
                    to_end[title].append(time.monotonic() - began)
            browser.close()
        warehouse.stop()
    for title in PAGES:
        print(
            f"{title}: title after {statistics.median(to_title[title]):.2f} s (at most {max(to_title[title]):.2f}), "
            f"whole after {statistics.median(to_end[title]):.2f} s (at most {max(to_end[title]):.2f})"
        )


if __name__ == "__main__":
    main()
