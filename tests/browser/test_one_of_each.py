"""One worker and one schedule, however many tabs, file edits and cache clears; and a tab that outlives its server."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_context, visit
from tests.browser.serving import ROOT, Warehouse

STREAMLIT = ["-m", "streamlit", "run"]
FRAME = "shipsync/web/frame.py"
EDITED = ("pages/jobs.py", "shipsync/web/words.py", "shipsync/runtime.py", "shipsync/jobs/worker.py")


@pytest.fixture
def developed(tmp_path: Path) -> Iterator[Warehouse]:
    """A server that watches a copy of the sources, as a developer's does."""
    copy = tmp_path / "sources"
    copy.mkdir()
    shutil.copy(ROOT / "app.py", copy)
    for folder in ("pages", "shipsync", ".streamlit"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--server.fileWatcherType", "poll", "--client.toolbarMode", "developer", "--server.runOnSave", "true"]
    one = Warehouse(tmp_path / "warehouse", launcher=[*STREAMLIT, "app.py", *options], sources=copy)
    one.served.start()
    yield one
    one.stop()


def save_frame(path: Path, marker: str, tab: Page) -> None:
    """Edit the frame until the tab shows it: with it every module of ours is loaded anew.

    A save while modules are being loaded is missed by Streamlit's watcher; a person would save again, too.
    """
    text = path.read_text()
    edited = re.sub(r'"Work[^"]*": \[', f'"{marker}": [', text)
    assert edited != text
    for times in range(6):
        path.write_text(edited + "\n" * times)
        try:
            expect(tab.get_by_test_id("stSidebarNav")).to_contain_text(marker, timeout=30_000)
        except AssertionError:
            continue
        return
    pytest.fail(f"the tab never showed {marker!r}")


@pytest.mark.sweep
def test_tabs_edits_and_cache_clears_leave_one_application(developed: Warehouse, browser: Browser) -> None:
    owner = developed.served.get("/healthz")["owner"]
    sources = developed.served.sources
    contexts = [open_context(browser, developed.url) for _ in range(3)]
    tabs = [context.new_page() for context in contexts]
    for tab in tabs:
        visit(tab, "/jobs")
    for number, name in enumerate(EDITED):
        text = (sources / name).read_text()
        (sources / name).write_text(text + "\n# edited\n")
        save_frame(sources / FRAME, f"Work {number}", tabs[0])
    tabs[1].keyboard.press("c")
    tabs[1].get_by_role("button", name="Clear caches").click()
    for tab in tabs:
        visit(tab, "/sync")
        expect(tab.get_by_text(re.compile("· Complete through"))).to_be_visible()
    assert developed.served.get("/healthz") == {"ok": True, "owner": owner}
    assert developed.served.log().count("shipsync.web.server: running on") == 1
    for context in contexts:
        context.close()


def test_a_tab_comes_back_after_the_server_was_killed(warehouse: Warehouse, page: Page) -> None:
    visit(page, "/jobs?status=failed")
    warehouse.served.stop(signal.SIGKILL)
    warehouse.served.start()
    expect(page.get_by_text(re.compile("Complete through"))).to_be_visible(timeout=60_000)
    page.get_by_test_id("stSidebarNav").get_by_text("Settings", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible(timeout=60_000)
