"""Fixtures: a browser, a served warehouse, and a page that asks nobody else and raises no error."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.serving import Warehouse

# Without these Chromium asks Google for updates and the like, which the tests forbid themselves.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
PICTURES = Path(os.environ.get("SHIPSYNC_PICTURES_TO", ".pictures"))
DESK, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}

expect.set_options(timeout=60_000)  # a busy machine is no failure


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--all-looks`: every page in both colours and both widths."""
    parser.addoption("--all-looks", action="store_true", help="take pictures of every page in all four looks")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests. Skips where there is none, but never in CI."""
    path = chromium.find()
    if path is None:
        sentence = "NO CHROMIUM ON THIS MACHINE: the browser tests did not run. Install chromium, or set CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        warnings.warn(sentence, stacklevel=1)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A served shipsync with an account in which only the tests act. Shared: a test uses order numbers of its own."""
    one = Warehouse(tmp_path_factory.mktemp("warehouse"))
    one.served.start()
    one.served.wait_until_ready(60)  # the jobs of the start are over
    yield one
    one.stop()


def open_context(browser: Browser, url: str, *, dark: bool = False, phone: bool = False) -> BrowserContext:
    """A browser window of its own."""
    return browser.new_context(
        base_url=url,
        viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )


class Watched:
    """What a page must not do: ask another host, or raise an error in the browser."""

    def __init__(self, page: Page) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _asked(self, url: str) -> None:
        if url.startswith(("http:", "https:", "ws:", "wss:")) and "//127.0.0.1:" not in url:
            self.outside.append(url)

    def check(self) -> None:
        """Fail if it did."""
        assert not self.outside, f"the page asked another host: {self.outside}"
        assert not self.errors, self.errors


@pytest.fixture
def page(browser: Browser, warehouse: Warehouse) -> Iterator[Page]:
    """A tab at the warehouse."""
    context = open_context(browser, warehouse.url)
    tab = context.new_page()
    watched = Watched(tab)
    yield tab
    watched.check()
    context.close()


def settled(page: Page) -> None:
    """Wait until the script has run and the screen shows what it drew."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)


def visit(page: Page, path: str) -> None:
    """Open a page by its address, and wait until it stands."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
    settled(page)
