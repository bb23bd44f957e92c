"""From nothing to a running warehouse: the first start without any settings, as somebody who tries shipsync sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

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


@pytest.fixture
def page(sandbox: Served, browser: Browser) -> Iterator[Page]:
    """A tab of whoever came first: told what goes on, and answered by other pages meanwhile."""
    context = open_context(browser, sandbox.url)
    tab = context.new_page()
    watched = Watched(tab)
    visit(tab, "/")
    expect(tab.get_by_text(re.compile("made-up warehouse are being brought in"))).to_be_visible()
    visit(tab, "/orders")
    yield tab
    watched.check()
    context.close()


def test_the_first_start_says_what_goes_on_and_pages_answer_meanwhile(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Orders")).to_be_visible()


@pytest.mark.sweep
def test_a_new_sandbox_brings_in_its_past_and_then_lives(sandbox: Served, page: Page) -> None:
    expect(page.get_by_text(re.compile("● fresh"))).to_be_visible(timeout=PAST_TIMEOUT_MS)

    assert int(sandbox.get("/api/status")["orders"]["shipped"]) > 1_000
    for name in ("orders", "sync", "jobs", "imports", "settings"):
        visit(page, f"/{name}")
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible()

    visit(page, "/sandbox")
    page.get_by_role("button", name=re.compile(r"Type \d+ orders into ShipStation")).click()
    said = page.get_by_text(re.compile("orders were typed into ShipStation: "))
    expect(said).to_be_visible()  # leaving a page before it has answered takes the press back
    number = said.inner_text().split(": ")[1].split(",")[0]
    visit(page, "/sync")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text(re.compile("✓ succeeded · Sync with ShipStation.*asked by local admin"))).to_be_visible()
    visit(page, f"/orders?q={number}")
    expect(page.get_by_text(re.compile("^1 order"))).to_be_visible()
