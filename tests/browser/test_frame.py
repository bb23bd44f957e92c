"""The frame in a real browser: deep links, roles, what the page asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched, open_context, settled, visit
from tests.browser.serving import Warehouse

PAGES = ("today", "orders", "order", "count", "inventory", "sync", "jobs", "imports", "settings")


@pytest.mark.parametrize("name", PAGES)
def test_a_deep_link_opens_its_page_within_the_frame(page: Page, name: str) -> None:
    visit(page, f"/{name}")
    expect(page.get_by_test_id("stSidebarNav")).to_contain_text("Imports")
    expect(page.get_by_text(re.compile("Complete through"))).to_be_visible()


@pytest.fixture(scope="module")
def for_viewers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A fresh server at which nobody may do anything: whoever comes belongs to no group."""
    one = Warehouse(tmp_path_factory.mktemp("strangers"), launcher=[str(Path(__file__).with_name("as_stranger.py"))])
    one.served.start()
    yield one
    one.stop()


@pytest.mark.parametrize("name", ["settings", "sync", "order"])
def test_a_first_deep_link_at_a_fresh_server_does_not_get_round_the_roles(
    browser: Browser, for_viewers: Warehouse, name: str
) -> None:
    # Each name in a session of its own; the first of them is the very first visit that this server sees.
    context = open_context(browser, for_viewers.url)
    tab = context.new_page()
    watched = Watched(tab)
    tab.goto(f"/{name}")
    expect(tab.get_by_text(re.compile("This needs the role viewer"))).to_be_visible()
    settled(tab)
    expect(tab.get_by_role("heading", level=1)).to_have_count(0)
    watched.check()
    context.close()


def test_another_site_s_name_for_this_machine_gets_no_session(warehouse: Warehouse) -> None:
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}

    def answer(host: str) -> int:
        # Only the status line is read: a session that was accepted would go on talking.
        with requests.get(
            warehouse.url + "/_stcore/stream", headers=asked | key | {"Host": host}, timeout=10, stream=True
        ) as one:
            return one.status_code

    assert answer(f"127.0.0.1:{warehouse.served.port}") == 101
    assert answer("shop.example.com") == 403
