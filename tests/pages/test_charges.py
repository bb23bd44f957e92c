"""Charges: the month so far, each figure down to its rows, what cannot be billed, and lines added by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from shipsync.rules.charges import total
from shipsync.store import rates, settings
from shipsync.web.charge_month import MonthView, month_view
from tests.house import House
from tests.pages.closing_site import ways
from tests.pages.stock_site import Hand, told
from tests.procedures.closing_day import shipped
from tests.procedures.month import FRIDAY, JULY, go_to, in_july, on_pallets
from tests.procedures.test_charge_extras import a_billed_month
from tests.site import Site, a_site

HALF_OF_JULY = date(2026, 7, 15)  # a Wednesday


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A warehouse with a rate card in the middle of July, which ships since the last of June.

    Two orders left on the 14th, and one label was voided.
    """
    st.cache_data.clear()
    with in_july(tmp_path) as house:
        shipped(house, 1)
        go_to(house, date(2026, 7, 14))
        shipped(house, 3)
        shipped(house, 2)
        house.wait(5)
        house.world.void(max(house.world.books.shipments))
        go_to(house, HALF_OF_JULY)
        house.sync()
        with a_site(house) as site:
            yield site


def view(house: House, of: date = JULY, today: date = HALF_OF_JULY) -> MonthView:
    return month_view(house.app.db.read(), of, today, house.app.settings.zone)


def figures(test: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in test.get("metric")}


def grid(test: AppTest, *columns: str) -> list[dict[str, Any]]:
    """The rows of the table of the page that has these columns."""
    for one in test.dataframe:
        if set(columns) <= set(one.value.columns):
            return [dict(row) for row in one.value.to_dict("records")]
    raise LookupError(columns)


def test_a_new_house_is_told_what_is_missing_and_no_figure_is_a_zero(house: House) -> None:
    st.cache_data.clear()
    with a_site(house) as site:
        test = site.page("charges")
        text = told(test)
        assert ":red[■] The rate card has no rate 'order' for any of these days." in text
        assert "Nobody has said what stands on the shelf of 17612, 17904, 17914, 18675, 18795" in text
        shown = figures(test)
        assert (shown["Charges so far, USD"], shown["Service fees, USD"]) == ("–", "–")
        assert shown["Forecast for 30 Sep, USD"] == "–"
        assert grid(test, "storage", "total")[1]["storage"] is None


def test_every_day_of_the_month_adds_up_to_its_lines(site: Site) -> None:
    test = site.page("charges")
    now = view(site.house)
    rows = grid(test, "storage", "total")
    assert [row["day"] for row in (rows[0], rows[1], rows[-1])] == ["Together", "Wed 1 Jul 2026", "Wed 15 Jul 2026"]
    assert len(rows) == 16
    of_14th = rows[14]
    # Both orders left: the void took one label's cost back, and what was in it.
    assert (of_14th["orders"], of_14th["shipments"], of_14th["units"]) == (1, 1, 3)
    assert (of_14th["order_fees"], of_14th["unit_fees"]) == (Decimal("5.00"), Decimal("3.00"))
    # Each of five products stands on two pallets of 50.
    assert (of_14th["storage"], rows[1]["storage"]) == (Decimal("5.00"), Decimal("5.00"))
    assert rows[0]["total"] == sum(row["total"] for row in rows[1:]) == now.so_far.total
    assert figures(test)["Charges so far, USD"] == f"{now.so_far.total:,.2f}"
    assert "June is not known whole" in told(test)
    assert len(test.get("plotly_chart")) == 2


def test_the_month_is_foreseen_once_four_weeks_are_known(site: Site) -> None:
    house, today = site.house, date(2026, 8, 11)
    text = told(site.page("charges"))
    assert "Of what was shipped 2 whole weeks are known; a forecast needs 4." in text
    go_to(house, today)
    house.sync()
    foreseen = view(house, date(2026, 8, 1), today).foreseen
    assert foreseen is not None
    test = site.page("charges")
    assert figures(test)["Forecast for 31 Aug, USD"] == f"{foreseen.expected:,.2f}"
    # Nothing but storage is to come for sure: five products on two pallets each, for 30 days; then the minimum.
    assert foreseen.points[-2].low == 150
    assert 260 < foreseen.expected < foreseen.high
    assert f"four times of five {foreseen.low:,.2f} to {foreseen.high:,.2f}; from 6 weeks" in told(test)


def test_a_day_opens_its_labels_orders_units_and_pallets(site: Site) -> None:
    test = site.page("charges", day="2026-07-14")
    assert "Behind Tue 14 Jul 2026" in told(test)
    labels = grid(test, "tracking_number", "state")
    assert sorted(next(iter(row["state"])) for row in labels) == ["voided", "✓ shipped"]
    charged = view(site.house).days[date(2026, 7, 14)].carrier
    assert sum(row["cost"] for row in labels) == charged
    assert f"Together {charged:,.2f} USD: postage" in told(test)
    for kind, column, rows in (("Orders", "fee", 1), ("Units", "sku", 1), ("Pallets", "pallets", 5)):
        test.radio(key="charges_rows").set_value(kind).run()
        assert not test.exception
        assert len(grid(test, column, "day")) == rows, kind
    assert sum(row["fee"] for row in grid(test, "pallets")) == Decimal("5.00")
    test.radio(key="charges_rows").set_value("Receipts").run()
    assert "No delivery came in these days." in told(test)
    test.button(key="charges_close_rows").click().run()
    assert "Behind" not in told(test)


def test_a_figure_opens_the_rows_of_the_whole_month(site: Site) -> None:
    test = site.page("charges")
    assert test.button(key="charges_open_Orders").label == "1 order"
    test.button(key="charges_open_Labels").click().run()
    assert "Behind July 2026 so far" in told(test)
    assert len(grid(test, "tracking_number", "state")) == 2


def test_labels_are_told_by_carrier_and_service(site: Site) -> None:
    [row] = grid(site.page("charges"), "carrier", "share")
    assert (row["labels"], row["voided"], row["share"]) == (1, 1, "100.0 %")
    assert row["average"] == row["cost"] == view(site.house).so_far.carrier


def test_a_label_that_went_nowhere_stands_on_top_with_what_it_costs(site: Site) -> None:
    house = site.house
    house.world.buy_label(None, cost=Decimal("7.35"))
    house.wait(5)
    house.sync(everything=True)
    [unused] = view(house).unused
    test = site.page("charges")
    assert "1 label worth 7.35 USD seems to have gone nowhere" in told(test)
    [row] = grid(test, "age_days", "why")
    assert (row["cost"], row["age_days"], row["why"]) == (unused.cost, 0, "It belongs to no order.")


def test_what_cannot_be_billed_leaves_the_rest_known(site: Site) -> None:
    on_pallets(site.house, None)
    test = site.page("charges")
    text, now = told(test), view(site.house)
    assert "17612 has no units per pallet, so its pallets cannot be billed." in text
    assert figures(test)["Charges so far, USD"] == "–"
    assert figures(test)["Carrier cost, USD"] == f"{now.so_far.carrier:,.2f}"
    assert f"known of it: {now.so_far.known:,.2f}" in text
    assert "It cannot be told while charges of this month cannot." in text


def test_a_line_is_added_and_taken_back_by_hand(site: Site) -> None:
    house = site.house
    before = view(house).so_far.total
    assert before is not None
    test = site.page("charges")
    assert "Nothing was added" in told(test)
    test.session_state["charges_extra_open"] = True
    hand = Hand(test.run(), "charges_extra")
    hand.type(by="Kim", amount=-12.5, reason="Broken carton").press()
    assert "Line 1 is added: −12.50 for Broken carton." in told(test)
    assert figures(test)["Charges so far, USD"] == f"{before - Decimal('12.50'):,.2f}"
    assert grid(test, "extra", "total")[0]["extra"] == Decimal("-12.50")
    [row] = grid(test, "reason", "entered_by")
    assert (row["state"], row["entered_by"]) == ("counts", "Kim")
    Hand(test, "charges_take_back").press("line_1")
    assert "Line 1 of −12.50 is taken back." in told(test)
    assert view(house).so_far.total == before
    assert rates.extras(house.app.db.read(), JULY, FRIDAY) == []


def test_a_viewer_adds_no_line(site: Site) -> None:
    site.groups = ["shipsync-viewer"]
    test = site.page("charges")
    assert "Add a line" not in {one.label for one in test.get("expander")}
    assert figures(test)["Charges so far, USD"] != "–"


def test_a_month_that_is_over_has_no_forecast_and_says_what_was_billed(site: Site) -> None:
    house = site.house
    today = date(2026, 8, 3)
    go_to(house, today)
    house.sync()
    of_july = view(house, today=today)
    assert (of_july.forecast, of_july.through, len(of_july.days)) == (None, FRIDAY, 31)
    # Topped up to the minimum of 260 on its last day.
    assert of_july.so_far.fees == 260
    assert of_july.days[FRIDAY].minimum > 0
    of_august = view(house, date(2026, 8, 1), today)
    assert of_august.before is not None
    assert of_august.before_whole is not None
    assert (of_august.before.total, of_august.before_whole.total) == (
        total([]) + sum((of_july.days[date(2026, 7, day)].total or 0) for day in (1, 2, 3)), of_july.so_far.total,
    )  # fmt: skip
    test = site.page("charges", month="2026-07")
    assert figures(test)["Billed, USD"] == "–"
    assert "it was never billed" in told(test)
    a_billed_month(house.app.db, JULY)
    test = site.page("charges", month="2026-07")
    assert figures(test)["Billed, USD"] == "10.00"
    assert ways(test)["Invoice 2026-07-v1"].endswith("end_of_month?month=2026-07&version=1")


def test_amounts_are_in_the_currency_that_was_set(site: Site) -> None:
    with site.house.app.db.transaction() as con:
        settings.set_setting(con, "currency", "EUR", "Kim", site.house.clock.now())
    assert "Charges so far, EUR" in figures(site.page("charges"))
