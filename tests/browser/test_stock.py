"""A shelf in a real browser: what a fast finger enters, and a count on a phone from its start to the stock it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from shipsync.rules.periods import business_date
from tests.browser.conftest import Watched, open_context, settled, visit
from tests.browser.looking import look_at
from tests.browser.serving import Warehouse
from tests.browser.stocked import LOT, stock_up

PACIFIC = ZoneInfo("America/Los_Angeles")  # a warehouse's, where nothing else is set
RECEIPTS = 5  # pressed twice each: only some of them come close enough to be entered twice
INPUTS = '[data-testid="stNumberInput"] input:visible'


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse of its own with a year behind it and a few units that left today."""
    one = Warehouse(tmp_path_factory.mktemp("shelf"))
    one.served.start()
    one.served.wait_until_ready(60)
    stock_up(one, tmp_path_factory.mktemp("files"), business_date(datetime.now(UTC), PACIFIC))
    one.catch_up()
    for number, sku, lot in (("100971", "17612", LOT), ("100972", "17904", "250301")):
        order = one.world.place_manual_order(number, [(f"{sku} - {lot}", 2)])
        one.world.buy_label(order.order_id)
    one.run("shipstation-sync")
    yield one
    one.stop()


@pytest.fixture
def tabs(browser: Browser, shelf: Warehouse, request: pytest.FixtureRequest) -> Iterator[list[Page]]:
    """Tabs of different people; how many, and whether on phones, the test says."""
    how_many, phone = request.param
    contexts = [open_context(browser, shelf.url, phone=phone) for _ in range(how_many)]
    pages = [context.new_page() for context in contexts]
    watched = [Watched(page) for page in pages]
    yield pages
    for one in watched:
        one.check()
    for context in contexts:
        context.close()


def movements(shelf: Warehouse, browser: Browser, sku: str) -> int:
    """How many entries the ledger has of a product, as its file says."""
    context = open_context(browser, shelf.url)
    page = context.new_page()
    visit(page, f"/inventory?sku={sku}&show=Movements")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = download.value.path().read_text(encoding="utf-8-sig").strip().splitlines()
    context.close()
    return len(lines) - 1


def saved(page: Page, button: str | re.Pattern[str]) -> None:
    """Press a button of a form and wait for what came of it."""
    page.get_by_role("button", name=button).first.click()
    page.wait_for_timeout(500)
    settled(page)


def fill(page: Page, *amounts: int | None) -> None:
    """Type amounts into the number fields in view, in their order."""
    fields = page.locator(INPUTS)
    for place, amount in enumerate(amounts):
        if amount is not None:
            fields.nth(place).fill(str(amount))


@pytest.mark.parametrize("tabs", [(1, False)], indirect=True)
def test_a_receipt_pressed_twice_comes_in_once(tabs: list[Page], shelf: Warehouse, browser: Browser) -> None:
    [page] = tabs
    before = movements(shelf, browser, "17914")
    visit(page, "/inventory?sku=17914&show=Receive")
    page.get_by_label("Your name").fill("Kim")
    assert look_at(page, "inventory-receive-light") == []
    for place in range(RECEIPTS):
        page.get_by_label("Lot", exact=True).fill("17914 - 250400")
        page.get_by_label("Loose units").fill(str(place + 1))
        page.get_by_role("button", name="Receive the goods").dblclick()
        expect(page.get_by_text(re.compile(f"^{place + 1} units? of 17914 - 250400 came in"))).to_be_visible()
        settled(page)
    assert movements(shelf, browser, "17914") == before + RECEIPTS
    visit(page, "/inventory?sku=17914&lot=250400")
    expect(page.get_by_text(re.compile("Lot 250400"))).to_be_visible()
    assert look_at(page, "inventory-lot-light") == []


@pytest.mark.parametrize("tabs", [(1, False)], indirect=True)
def test_a_press_on_a_product_opens_it_and_the_way_back_closes_it(tabs: list[Page]) -> None:
    [page] = tabs
    visit(page, "/inventory")
    grid = page.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert grid is not None
    page.mouse.click(grid["x"] + 28, grid["y"] + 35 + 16)  # the grid is one canvas: its first button
    expect(page).to_have_url(re.compile("sku=1"))
    expect(page.get_by_text("All products")).to_be_visible()
    page.get_by_role("button", name="All products").click()
    expect(page.get_by_role("heading", level=1, name="Inventory")).to_be_visible()
    expect(page).not_to_have_url(re.compile("sku="))


@pytest.mark.parametrize("tabs", [(2, True)], indirect=True)
def test_a_count_on_two_phones_from_its_start_to_the_stock(
    tabs: list[Page], shelf: Warehouse, browser: Browser
) -> None:
    kim, lee = tabs
    assert shelf.run("eod")["status"] == "succeeded"
    visit(kim, "/count")
    assert look_at(kim, "count-start-phone") == []
    kim.get_by_label("Your name").fill("Kim")
    saved(kim, "Start counting")
    expect(kim.get_by_text(re.compile(r"^To count \(\d+\)"))).to_be_visible()
    assert look_at(kim, "count-sheet-phone") == []
    assert "xpected" not in kim.inner_text("body")

    visit(lee, kim.url.removeprefix(shelf.url))
    lee.get_by_label("Your name").locator("visible=true").first.fill("Lee")
    fill(lee, 0, 12)
    saved(lee, re.compile("Save what is counted"))
    expect(kim.get_by_text(re.compile("^Lee 1"))).to_be_visible()  # without a press

    # Kim counts everything that is left: pallets and loose units of each line, nothing of the last.
    while (fields := kim.locator(INPUTS).count()) and kim.get_by_text(re.compile(r"^To count \(")).count():
        fill(kim, *[0] * fields)
        saved(kim, re.compile("^Save (what|this)"))
    expect(kim.get_by_text(re.compile(r"^To count again \(\d+\)"))).to_be_visible()
    assert "xpected" not in kim.inner_text("body")
    lee.reload()
    expect(lee.get_by_text(re.compile(r"^To count again \(\d+\)"))).to_be_visible(timeout=30_000)
    settled(lee)
    assert look_at(lee, "count-again-phone") == []
    lee.get_by_label("Your name").locator("visible=true").first.fill("Lee")
    fill(lee, *[1] * lee.locator(INPUTS).count())
    saved(lee, re.compile("^Save (what|this)"))

    expect(lee.get_by_text(re.compile("^Why do they differ"))).to_be_visible()
    assert look_at(lee, "count-differences-phone") == []
    while lee.get_by_text(re.compile("^Why do they differ")).count():
        reasons = lee.get_by_test_id("stSelectbox").filter(has_text="Reason").locator("input:visible")
        for place in range(reasons.count()):
            reasons.nth(place).click()
            reasons.nth(place).fill("Miscounted")
            reasons.nth(place).press("Enter")
        saved(lee, re.compile("^Keep the reason"))
    lee.get_by_label("Name of the second person").fill("kim")
    lee.get_by_role("button", name=re.compile("^Approve( all.*)?$")).last.click()
    expect(lee.get_by_text(re.compile("^Somebody else has to approve this"))).to_be_visible()
    lee.get_by_label("Name of the second person").fill("Pat")
    lee.get_by_role("button", name=re.compile("^Approve( all.*)?$")).last.click()
    expect(lee.get_by_role("button", name="Post the count")).to_be_visible()
    saved(lee, "Post the count")
    expect(lee.get_by_text(re.compile("is posted"))).to_be_visible()
    assert look_at(lee, "count-result-phone") == []
    with lee.expect_download() as download:
        lee.get_by_role("button", name="Result (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")

    dark = open_context(browser, shelf.url, dark=True)
    page = dark.new_page()
    visit(page, lee.url.removeprefix(shelf.url))
    assert look_at(page, "count-result-dark") == []
    dark.close()
