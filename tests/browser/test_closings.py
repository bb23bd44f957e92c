"""A day and a week are closed by hand, and their documents are taken along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from shipsync.rules.periods import business_date
from shipsync.rules.weeks import week_name, week_of
from tests.browser.conftest import Watched, open_context, visit
from tests.browser.serving import Warehouse
from tests.browser.stocked import stock_up
from tests.documents import paper

PACIFIC = ZoneInfo("America/Los_Angeles")  # a warehouse's, where nothing else is set


@pytest.fixture
def stocked(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with a year behind it, two orders on their way, and two people who get the report."""
    one = Warehouse(tmp_path, SHIPSYNC_MAIL_TO="kim@example.com,lee@example.com")
    one.served.start()
    one.served.wait_until_ready(60)
    stock_up(one, tmp_path, business_date(datetime.now(UTC), PACIFIC))
    one.catch_up()
    for number in ("100971", "100972"):
        one.world.buy_label(one.world.place_manual_order(number, [("17612 - 250237", 3)]).order_id)
    yield one
    one.stop()


@pytest.fixture
def tab(browser: Browser, stocked: Warehouse) -> Iterator[Page]:
    context = open_context(browser, stocked.url)
    page = context.new_page()
    watched = Watched(page)
    yield page
    watched.check()
    context.close()


def taken(tab: Page, button: Locator, folder: Path) -> bytes:
    """The file behind a button."""
    with tab.expect_download() as download:
        button.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file.read_bytes()


def test_a_day_and_a_week_are_closed_with_their_documents_in_hand(
    tab: Page, stocked: Warehouse, tmp_path: Path
) -> None:
    visit(tab, "/today")
    tab.get_by_role("button", name="Close the day", exact=True).click()
    expect(tab.get_by_text("Physical count ready: 2 orders shipped today, 5 SKUs updated")).to_be_visible()
    tab.get_by_role("link", name="End of day").last.click()
    expect(tab.get_by_role("heading", name="End of day", level=1)).to_be_visible()
    sheet = taken(tab, tab.get_by_role("button", name="Count sheet (PDF)"), tmp_path)
    assert "Physical count" in paper.text(sheet)

    visit(tab, "/end_of_week")
    press = "Close the week and send the report to 2 people"
    tab.get_by_role("button", name=press).click()
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("kim@example.com, lee@example.com")
    tab.wait_for_timeout(2500)  # two ticks of the timer pass under the open dialog
    dialog.get_by_role("button", name=press).click()
    week = week_name(week_of(business_date(datetime.now(UTC), PACIFIC)))
    expect(tab.get_by_role("heading", name=re.compile(r"^Week \d+, version 1$"))).to_be_visible()
    expect(tab.get_by_text(f"kept as weekly-report-{week}-v1.eml")).to_be_visible()
    assert "Weekly inventory report" in paper.text(taken(tab, tab.get_by_role("button", name="PDF"), tmp_path))
    assert taken(tab, tab.get_by_role("button", name="XLSX"), tmp_path).startswith(b"PK")
    assert b"17612" in taken(tab, tab.get_by_role("button", name="CSV", exact=True).first, tmp_path)
    expect(tab.locator(".js-plotly-plot")).to_have_count(2)

    tab.get_by_role("button", name="Send again to 2 people").click()
    tab.get_by_role("dialog").get_by_role("button", name="Send to 2 people").click()
    expect(tab.get_by_text(f"kept as weekly-report-{week}-v1-again-2.eml")).to_be_visible()
    kinds = [job["kind"] for job in stocked.served.get("/api/jobs")["jobs"]]
    assert (kinds.count("eod"), kinds.count("eow")) == (1, 1)


def test_a_link_of_a_mail_opens_its_week_and_the_sku_stays_in_the_address(tab: Page, stocked: Warehouse) -> None:
    stocked.run("eow")
    week = week_name(week_of(business_date(datetime.now(UTC), PACIFIC)))
    visit(tab, f"/end_of_week?week={week}&sku=17914")
    expect(tab.get_by_text("Units of 17914 shipped per week")).to_be_visible()
    tab.get_by_role("combobox", name=re.compile("SKU")).click()
    tab.get_by_role("option", name="17904").click()
    expect(tab.get_by_text("Units of 17904 shipped per week")).to_be_visible()
    expect(tab).to_have_url(re.compile(rf"week={week}&sku=17904|sku=17904&week={week}"))
