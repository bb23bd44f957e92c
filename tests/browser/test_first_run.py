"""From nothing to a running warehouse: the first start without any settings, as somebody who tries shipsync sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Watched, open_context, visit
from tests.browser.serving import Served

# A minute on two quiet cores, several beside other work.
PAST_TIMEOUT_MS = 600_000


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Served]:
    """shipsync as it starts with nothing set and nothing there."""
    one = Served(tmp_path, {})
    one.start()
    yield one
    one.stop()


def test_a_new_sandbox_brings_in_its_past_and_then_lives(sandbox: Served, browser: Browser) -> None:
    context = open_context(browser, sandbox.url)
    page = context.new_page()
    watched = Watched(page)
    visit(page, "/")
    expect(page.get_by_text(re.compile("made-up warehouse are being brought in"))).to_be_visible()
    visit(page, "/orders")  # pages answer meanwhile
    expect(page.get_by_text(re.compile("● fresh"))).to_be_visible(timeout=PAST_TIMEOUT_MS)

    visit(page, "/")
    awaiting = page.get_by_test_id("stMetric").filter(has_text="Awaiting").get_by_test_id("stMetricValue")
    before = int(awaiting.inner_text())
    assert int(sandbox.get("/api/status")["orders"]["shipped"]) > 1_000
    for name in ("orders", "sync", "jobs", "imports", "settings"):
        visit(page, f"/{name}")
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible()

    visit(page, "/sandbox")
    page.get_by_role("button", name=re.compile(r"Type \d+ orders into ShipStation")).click()
    visit(page, "/sync")
    page.get_by_role("button", name="Sync now").click()
    visit(page, "/")
    expect(awaiting).to_have_text(re.compile(rf"^{before + 5}$"))
    watched.check()
    context.close()
