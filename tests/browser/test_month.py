"""A month is closed by hand with a reason, its invoice is taken along, and a label voided too late is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from shipsync.rules.months import month_name, month_words
from shipsync.rules.periods import business_date
from tests.browser.conftest import Watched, open_context, visit
from tests.browser.serving import Warehouse
from tests.browser.stocked import stock_up
from tests.browser.test_closings import taken
from tests.documents import paper

PACIFIC = ZoneInfo("America/Los_Angeles")  # a warehouse's, where nothing else is set
PRESS = "Close the month and send the invoice to 2 people"
RATES = "rate,amount,effective_from\norder,5,2020-01-01\nunit,1,2020-01-01\npallet_day,0,2020-01-01\n"


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with stock and rates, two orders that left today, one at no cost, and two recipients."""
    one = Warehouse(tmp_path, SHIPSYNC_MAIL_TO="kim@example.com,lee@example.com")
    one.served.start()
    one.served.wait_until_ready(60)
    stock_up(one, tmp_path, business_date(datetime.now(UTC), PACIFIC))
    rates = tmp_path / "rates.csv"
    rates.write_text(RATES)
    assert one.run("load", what="rates", path=str(rates))["status"] == "succeeded"
    one.catch_up()
    one.world.buy_label(one.world.place_manual_order("100981", [("17612 - 250237", 3)]).order_id, cost=Decimal("9.40"))
    one.world.buy_label(one.world.place_manual_order("100982", [("17612 - 250237", 1)]).order_id, cost=Decimal(0))
    assert one.run("eow")["status"] == "succeeded"
    yield one
    one.stop()


@pytest.fixture
def tab(browser: Browser, billing: Warehouse) -> Iterator[Page]:
    context = open_context(browser, billing.url)
    page = context.new_page()
    watched = Watched(page)
    yield page
    watched.check()
    context.close()


def test_a_month_is_closed_its_invoice_taken_along_and_a_late_void_restated(
    tab: Page, billing: Warehouse, tmp_path: Path
) -> None:
    month = business_date(datetime.now(UTC), PACIFIC).replace(day=1)
    visit(tab, "/end_of_month")
    tab.get_by_role("button", name=PRESS).click()
    dialog = tab.get_by_role("dialog")
    so_far = dialog.get_by_text(f"{month_words(month)} so far")
    expect(dialog).to_contain_text("kim@example.com, lee@example.com")
    if so_far.count():  # in the first days of a month
        so_far.click()
    expect(dialog).to_contain_text(f"{month_words(month)} becomes version 1")
    dialog.get_by_role("button", name=PRESS).click()
    expect(dialog).to_contain_text("Write why it is issued all the same")
    dialog.get_by_role("textbox").fill("The client sent its own label.")
    tab.wait_for_timeout(1500)  # a tick of the timer passes under the open dialog
    dialog.get_by_role("button", name=PRESS).click()
    expect(tab.get_by_role("heading", name=f"{month_words(month)}, version 1")).to_be_visible()
    expect(tab.get_by_text(f"kept as charge-report-{month_name(month)}-v1.eml")).to_be_visible()
    expect(tab.get_by_text("who wrote: The client sent its own label.")).to_be_visible()
    invoice = taken(tab, tab.get_by_role("button", name="PDF"), tmp_path)
    assert invoice.startswith(b"%PDF")
    assert "Invoice" in paper.text(invoice)

    billing.world.void(min(billing.world.books.shipments))
    assert billing.run("shipstation-sync", everything=True)["status"] == "succeeded"
    expect(tab.get_by_role("heading", name="Changed since it was issued")).to_be_visible()
    expect(tab.get_by_text(re.compile("to be given back"))).to_be_visible()
    visit(tab, f"/end_of_month?month={month_name(month)}&version=1&rows=labels")
    expect(tab.get_by_text("2 labels, 9.40 USD as billed. Voided ones add nothing.")).to_be_visible()
