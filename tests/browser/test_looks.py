"""Every page, one light and wide, the next dark on a phone: pictures to look at, and what axe finds wrong with them.

`make pictures` takes all four looks of each. They go to `.pictures/`, or to the folder SHIPSYNC_PICTURES_TO names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from shipsync.rules.periods import business_date
from tests.browser.conftest import Watched, open_context, visit
from tests.browser.looking import look_at
from tests.browser.serving import Warehouse
from tests.browser.stocked import stock_up

PAGES = (
    "today",
    "orders",
    "order?order=100951",
    "end_of_day",
    "count",
    "end_of_week",
    "end_of_month",
    "inventory",
    "inventory?sku=17612",
    "inventory?sku=17612&show=Movements",
    "charges",
    "sync",
    "parity",
    "jobs",
    "imports",
    "settings",
)
PACIFIC = ZoneInfo("America/Los_Angeles")  # a warehouse's, where nothing else is set
LOOKS = {"light": (False, False), "phone-dark": (True, True), "dark": (True, False), "phone": (False, True)}
ALWAYS = ("light", "phone-dark")  # in turns: each colour and each width on half of the pages


@pytest.fixture(scope="module")
def lived_in(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The warehouse with something on every page: orders in all states, a held record, closed periods, a failed job."""
    world = warehouse.world
    warehouse.catch_up()
    shipped = world.place_manual_order("100951", [("17612 - 250237", 3), ("17904 - 250301", 1)])
    world.void(world.buy_label(shipped.order_id).shipment_id)
    world.buy_label(shipped.order_id)
    world.place_manual_order("100952")
    world.place_shop_order([("19015", 2)], number="700951")
    world.place_shop_order([("17612", 2)], number="700952")
    warehouse.feed.write()
    for kind in ("xml-import", "shipstation-sync"):
        warehouse.run(kind)
    folder = tmp_path_factory.mktemp("looks")
    stock_up(warehouse, folder, business_date(datetime.now(UTC), PACIFIC))
    assert warehouse.run("eow")["status"] == "succeeded"  # and with it the day
    rates = folder / "rates.csv"
    rates.write_text("rate,amount,effective_from\norder,5,2020-01-01\nunit,1,2020-01-01\npallet_day,0,2020-01-01\n")
    warehouse.run("load", what="rates", path=str(rates))
    today = business_date(datetime.now(UTC), PACIFIC)
    assert warehouse.run("eom", date=today.isoformat(), reason="It is looked at.")["status"] == "succeeded"
    warehouse.run("load", what="bundles", path=str(folder / "missing.csv"))
    return warehouse


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All looks with `--all-looks`, else one of those that are always taken."""
    if "look" in metafunc.fixturenames:
        is_all = metafunc.config.getoption("--all-looks", default=False)
        taken = [
            (look, address)
            for place, address in enumerate(PAGES)
            for look in (LOOKS if is_all else [ALWAYS[place % len(ALWAYS)]])
        ]
        metafunc.parametrize(("look", "address"), taken, indirect=["look"])


@pytest.fixture
def look(request: pytest.FixtureRequest, browser: Browser, lived_in: Warehouse) -> Iterator[tuple[str, Page]]:
    """A tab in one of the looks."""
    dark, phone = LOOKS[request.param]
    context = open_context(browser, lived_in.url, dark=dark, phone=phone)
    tab = context.new_page()
    watched = Watched(tab)
    yield request.param, tab
    watched.check()
    context.close()


def test_a_page_can_be_read_by_everybody(look: tuple[str, Page], address: str) -> None:
    name, page = look
    visit(page, f"/{address}")
    assert look_at(page, f"{re.sub(r'[^0-9a-z_]+', '-', address.lower())}-{name}") == []
