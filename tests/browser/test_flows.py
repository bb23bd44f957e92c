"""What people do all day, from the press to what they see of it, in a real browser. Nothing is reloaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, Page, expect

from shipsync.sandbox.server import RecordedRequest
from shipsync.sandbox.world import World
from tests.browser.conftest import open_context, visit
from tests.browser.serving import Warehouse

SYNC = "shipstation-sync"


@pytest.fixture(autouse=True)
def well(warehouse: Warehouse) -> Iterator[None]:
    """Each test begins with a healthy ShipStation whose time is now, and leaves it so."""
    warehouse.catch_up()
    yield
    warehouse.faults.clear()


@contextmanager
def held(warehouse: Warehouse) -> Iterator[None]:
    """ShipStation answers for orders only after this block: a sync lasts until its screen was looked at."""
    looked = Event()

    def wait(world: World, request: RecordedRequest) -> None:
        looked.wait(20)

    warehouse.faults.drift(wait)
    try:
        yield
    finally:
        looked.set()


def search(page: Page, text: str) -> None:
    """Type into the search of Orders."""
    box = page.get_by_placeholder(re.compile("tracking"))
    box.fill(text)
    box.press("Enter")


def jobs_of(warehouse: Warehouse, kind: str) -> list[str]:
    """The ids of all jobs of a kind so far."""
    return [one["job_id"] for one in warehouse.served.get("/api/jobs?limit=500")["jobs"] if one["kind"] == kind]


def test_a_sync_is_started_by_its_button_and_followed_to_its_end(warehouse: Warehouse, page: Page) -> None:
    warehouse.world.place_manual_order("100901")
    visit(page, "/sync")
    with held(warehouse):
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text(re.compile("► running · Sync with ShipStation.*asked by local admin"))).to_be_visible()
    expect(page.get_by_text(re.compile("✓ succeeded · Sync with ShipStation.*asked by local admin"))).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_text("Orders", exact=True).click()
    search(page, "100901")
    expect(page.get_by_text(re.compile("^1 order"))).to_be_visible()


def test_what_a_sync_brings_shows_on_an_open_page_by_itself(warehouse: Warehouse, page: Page) -> None:
    visit(page, "/today")
    before = int(
        page.get_by_test_id("stMetric").filter(has_text="Awaiting").get_by_test_id("stMetricValue").inner_text()
    )
    warehouse.world.place_manual_order("100905")
    warehouse.run(SYNC)
    after = page.get_by_test_id("stMetric").filter(has_text="Awaiting").get_by_test_id("stMetricValue")
    expect(after).to_have_text(str(before + 1))


def test_a_disabled_workflow_does_nothing_and_every_page_says_so(warehouse: Warehouse, page: Page) -> None:
    visit(page, "/sync")
    switch = page.get_by_test_id("stCheckbox").filter(has_text="Sync with ShipStation").locator("label")
    switch.click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text(re.compile("■ stopped"))).to_be_visible()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text(re.compile("it is switched off, so nothing was done"))).to_be_visible()
    switch.click()
    expect(page.get_by_text(re.compile("● fresh"))).to_be_visible()


def test_an_order_is_looked_up_by_its_tracking_number(warehouse: Warehouse, page: Page) -> None:
    order = warehouse.world.place_manual_order("100902", [("17612 - 250237", 3)])
    label = warehouse.world.buy_label(order.order_id)
    warehouse.run(SYNC)
    visit(page, "/orders")
    search(page, f"  {label.tracking} ")
    expect(page.get_by_text(re.compile("^1 order"))).to_be_visible()
    expect(page).to_have_url(re.compile(f"q=.*{label.tracking}"))
    cell = page.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert cell is not None
    page.mouse.click(cell["x"] + 40, cell["y"] + 35 + 16)  # the grid is one canvas: its first button
    expect(page.get_by_role("heading", level=1)).to_contain_text("100902")
    expect(page.get_by_text(re.compile(str(label.tracking))).first).to_be_attached()
    expect(page.get_by_text(re.compile("✓ shipped")).first).to_be_visible()


def test_a_figure_of_the_charges_leads_to_the_record_it_came_from(warehouse: Warehouse, page: Page) -> None:
    order = warehouse.world.place_manual_order("100906", [("17612 - 250237", 3)])
    visit(page, "/charges")
    label = warehouse.world.buy_label(order.order_id)
    warehouse.run(SYNC)
    labels = page.get_by_role("button", name=re.compile(r"^[0-9]+ labels?$"))
    expect(labels).to_be_visible()  # by itself, once the sync has brought it
    labels.click()
    expect(page.get_by_text(re.compile("^Behind .* so far$"))).to_be_visible()
    rows = page.get_by_test_id("stDataFrame").nth(1).locator("canvas").first
    rows.scroll_into_view_if_needed()
    cell = rows.bounding_box()
    assert cell is not None
    page.mouse.click(cell["x"] + 30, cell["y"] + 35 + 16)  # the newest label
    expect(page.get_by_role("heading", level=1)).to_contain_text("100906")
    page.get_by_text(re.compile("^Label bought")).first.click()
    expect(page.get_by_test_id("stCode").first).to_contain_text(str(label.shipment_id))


def test_a_quarantined_record_is_mended_and_tried_again(warehouse: Warehouse, page: Page, tmp_path: Path) -> None:
    warehouse.world.place_shop_order([("19015", 2)], number="700901")
    warehouse.feed.write()
    warehouse.run("xml-import")
    bundles = tmp_path / "bundles.csv"
    visit(page, "/sync?view=Quarantine")
    expect(page.get_by_text(re.compile("700901")).first).to_be_visible()
    bundles.write_text("bundle_sku,component_sku,quantity\n19015,17612,4\n")
    warehouse.run("load", what="bundles", path=str(bundles))
    page.get_by_role("button", name="Retry", exact=True).first.click()
    expect(page.get_by_text("Nothing is held, and nothing looks odd.")).to_be_visible()
    visit(page, "/order?order=700901")
    expect(page.get_by_text(re.compile("pending · X-Cart"))).to_be_visible()


def test_a_table_comes_as_a_file(warehouse: Warehouse, page: Page) -> None:
    warehouse.world.place_manual_order("100903")
    warehouse.run(SYNC)
    visit(page, "/orders?q=100903")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert re.fullmatch(r"shipsync-orders-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.count("100903") == 1


def test_two_tabs_pressing_at_once_make_one_job(warehouse: Warehouse, browser: Browser) -> None:
    contexts = [open_context(browser, warehouse.url) for _ in range(2)]
    tabs = [context.new_page() for context in contexts]
    for tab in tabs:
        visit(tab, "/sync")
    before = jobs_of(warehouse, SYNC)
    with held(warehouse):
        for tab in tabs:
            tab.get_by_role("button", name="Sync now").click()
        for tab in tabs:
            expect(tab.get_by_text(re.compile("► running · Sync with ShipStation"))).to_be_visible()
    for tab in tabs:
        expect(tab.get_by_text(re.compile("✓ succeeded · Sync with ShipStation"))).to_be_visible()
    assert len(jobs_of(warehouse, SYNC)) == len(before) + 1
    for context in contexts:
        context.close()
