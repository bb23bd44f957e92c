"""Inventory: the worst comes first, unknown is no zero, and what is entered there moves stock once, under a name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from shipsync.procedures import counting, movements
from shipsync.procedures.counting import Counted
from shipsync.procedures.movements import Adjustment
from shipsync.rules.catalogue import Product
from shipsync.store import adjustments, inventory, products
from tests.house import House
from tests.pages.stock_site import (
    LOT,
    OTHER,
    SKU,
    Hand,
    at,
    close_day,
    compute,
    entries,
    lots,
    open_count,
    receive,
    ship,
    stock_up,
    told,
    view,
)
from tests.site import Site, a_site


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    st.cache_data.clear()
    with a_site(house) as site:
        yield site


def figures(test: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in test.get("metric")}


def grid(test: AppTest, place: int = 0) -> list[dict[str, object]]:
    """The rows of a table of the page."""
    return [dict(row) for row in test.dataframe[place].value.to_dict("records")]


# -- the levels ------------------------------------------------------------------------------------------------------


def test_a_new_house_is_told_how_stock_begins(site: Site) -> None:
    test = site.page("inventory")
    assert "No stock has been said and nothing was computed yet." in told(test)
    assert figures(test)["Units on the shelf"] == "–"
    with site.house.app.db.transaction() as con:
        products.remove_products(con, [one.sku for one in products.products(con)])
    assert "There is no key product, so there is no stock." in told(site.page("inventory"))


def test_the_worst_level_stands_on_top_with_what_it_rests_on(site: Site) -> None:
    stock_up(site.house, units=250)
    with site.house.app.db.transaction() as con:
        products.put_products(con, [Product("17904", "Travel", True, None, 14, 20)], site.house.app.now())
    receive(site.house, 30, "250301", "17904")
    test = site.page("inventory")
    rows = grid(test)
    assert [(row["sku"], list(row["level"])) for row in rows] == [  # type: ignore[call-overload]
        ("17612", ["▲ low"]), ("17914", ["? unknown"]), ("18675", ["? unknown"]), ("18795", ["? unknown"]),
        ("17904", ["✓ normal"]),
    ]  # fmt: skip
    worst = rows[0]
    assert (worst["on_shelf"], worst["available"], worst["average"], worst["basis"]) == (250, 250, 110.4, 20)
    assert (worst["average_13"], worst["average_4"], worst["drift"]) == (115.7, 150.0, "▲ 4 weeks +36 %")
    assert (worst["days_left"], worst["reorder_how"], worst["pallets"]) == (15, "computed", "5 + 10")
    assert list(worst["weeks"])[-5:] == [100, 150, 150, 150, 150]  # type: ignore[call-overload]
    assert rows[-1]["reorder_how"] == "given"


def test_what_nobody_has_said_is_no_zero(site: Site) -> None:
    compute(site.house)
    test = site.page("inventory")
    assert figures(test) == {"Units on the shelf": "–", "Critical": "0", "Low": "0", "Runs out first": "–"}
    assert {row["on_shelf"] for row in grid(test)} == {None}
    assert "Never counted, so nobody knows how long they last: 17612, 17904, 17914, 18675, 18795." in told(test)


def test_what_needs_somebody_stands_first(site: Site) -> None:
    house = site.house
    stock_up(house, units=12)
    receive(house, 5, "250301", expires_on=date(2026, 9, 10), received_on=date(2026, 1, 2))
    ship(house, 3, "100901", lot=OTHER)
    text = told(site.page("inventory"))
    assert "Needs a person" in text
    assert ":red[■] 17612 · Rinse, case is critical. It lasts less than a day, and a delivery takes 14 days." in text
    assert ":orange[▲] Lot 250301 of 17612 expired on Thu 10 Sep 2026 with 5 units left. Quarantine it" in text
    assert ":orange[▲] 17612 - 250300 is 3 below zero: a receipt is missing, or a label names the wrong lot." in text


def test_what_has_run_out_has_no_band(site: Site) -> None:
    stock_up(site.house, units=3)
    ship(site.house, 3, "100901")
    test = site.page("inventory")
    [row] = [row for row in grid(test) if row["sku"] == SKU]
    assert (row["runs_out_on"], row["between"], row["days_left"]) == (date(2026, 9, 16), None, 0)
    assert "17612, Wed 16 Sep 2026" in told(test)
    assert "nothing is available any more" in told(site.page("inventory", sku=SKU))


def test_the_run_out_calendar_has_every_product_with_a_date(site: Site) -> None:
    test = site.page("inventory")
    view(test, "Run-out calendar", key="view")
    assert "No product that is on the shelf has an average yet" in told(test)
    stock_up(site.house)
    test = view(site.page("inventory"), "Run-out calendar", key="view")
    [row] = grid(test)
    assert (row["sku"], row["week"], row["runs_out_on"], row["lead_time_days"]) == (
        SKU, "2026-W41", date(2026, 10, 5), 14,
    )  # fmt: skip
    assert len(test.get("plotly_chart")) == 1
    assert "4 products without a date" in told(test)


def test_a_product_that_is_not_there_is_said(site: Site) -> None:
    assert "There is no product 99999." in told(site.page("inventory", sku="99999"))


# -- one product -----------------------------------------------------------------------------------------------------


def test_the_lots_of_a_product_make_its_stock(site: Site) -> None:
    house = site.house
    stock_up(house)
    receive(house, 96, OTHER, received_on=date(2026, 9, 1))
    receive(house, 4, "")
    test = site.page("inventory", sku=SKU)
    assert figures(test)["On the shelf"] == "400"
    rows = grid(test)
    assert [(row["lot"], list(row["state"]), row["units"], row["pick_no"]) for row in rows[:2]] == [  # type: ignore[call-overload]
        ("250237", ["● active"], 300, 1), ("250300", ["● active"], 96, 2),
    ]  # fmt: skip
    assert (rows[2]["lot"], rows[2]["units"]) == ("no lot", 4)
    assert "Together **400 units**: the stock. The lot that came first (FIFO) is picked first." in told(test)
    assert "What has moved since the count of Wed 16 Sep 2026 13:00 PDT?" in told(test)
    assert len(test.get("plotly_chart")) == 2


def test_a_movement_is_seen_at_once_whatever_was_computed_before(site: Site) -> None:
    stock_up(site.house)
    test = site.page("inventory", sku=SKU)
    assert figures(test)["On the shelf"] == "300"
    receive(site.house, 48)
    assert figures(test.run())["On the shelf"] == "348"


def test_a_lot_tells_where_it_went(site: Site) -> None:
    house = site.house
    stock_up(house)
    ship(house, 3, "100901")
    ship(house, 2, "100902")
    void_me = house.world.place_manual_order("100903", [(f"{SKU} - {LOT}", 9)])
    label = house.world.buy_label(void_me.order_id)
    house.wait(5)
    house.world.void(label.shipment_id)
    house.wait(5)
    house.sync()
    test = site.page("inventory", sku=SKU, lot=LOT)
    went = grid(test, 1)
    assert [(row["order_number"], row["quantity"]) for row in went] == [("100901", 3), ("100902", 2)]
    assert all(row["ship_name"] for row in went)
    assert "5 units to" in told(test)


def test_every_movement_stands_there_with_who_and_why(site: Site) -> None:
    house = site.house
    stock_up(house)
    ship(house, 3, "100901")
    movements.adjust(
        house.app.db, Adjustment(SKU, LOT, -2, house.app.now(), "damaged", "Dropped"), house.app.settings.zone, "Lee",
        house.app.now(),
    )  # fmt: skip
    test = view(site.page("inventory", sku=SKU), "Movements")
    rows = grid(test)
    assert [(row["what"], row["entered_by"]) for row in rows] == [
        ("adjusted down", "Lee"), ("shipped", "ShipStation"), ("counted", "Kim"),
    ]  # fmt: skip
    assert (rows[0]["units"], rows[0]["reason"], rows[0]["note"]) == (-2, "Damaged", "Dropped")
    assert rows[1]["order_number"] == "100901"
    assert (rows[2]["counted"], rows[2]["reason"]) == (300, "Opening stock")


def test_an_entry_leads_to_the_order_or_the_count_that_made_it(site: Site) -> None:
    house = site.house
    stock_up(house)
    ship(house, 3, "100901")
    close_day(house)
    count_id = open_count(house, SKU)
    counting.enter(house.app.db, count_id, [Counted(SKU, LOT, 0, 297)], "Kim", house.app.now())
    counting.post(house.app.db, count_id, house.app.settings.zone, "Kim", house.app.now())

    def ways(entry: int) -> set[str]:
        test = view(site.page("inventory", sku=SKU, entry=str(entry)), "Movements")
        return {one.proto.label for one in test.get("page_link")} & {"Order 100901", "Count 2026\\-09\\-16\\.1"}

    assert [ways(entry.entry_no) for entry in entries(house)] == [
        set(), {"Order 100901"}, {"Count 2026\\-09\\-16\\.1"},
    ]  # fmt: skip


# -- entering --------------------------------------------------------------------------------------------------------


def test_what_stands_on_a_shelf_that_was_never_counted_is_said_once(site: Site) -> None:
    ship(site.house, 3, "100901")
    test = site.page("inventory", sku=SKU)
    hand = Hand(test, f"inventory_opening_{SKU}")
    hand.type(by="Kim", note="Walked with Lee")
    test.session_state[hand.key("lots")] = {
        "edited_rows": {0: {"loose": 583}}, "added_rows": [{"loose": 7}, {"lot": OTHER}], "deleted_rows": [],
    }  # fmt: skip
    hand.press()
    assert "This is the first count of 17612. On the shelf now: 590." not in told(test)  # its form is gone
    assert lots(site.house) == {"": 7, LOT: 583}
    assert figures(test)["On the shelf"] == "590"
    assert "Everything is entered as **Kim**." in told(test)
    assert not any(one.key == hand.key("by") for one in test.text_input)


def test_goods_come_in_by_pallets_and_loose_units(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Receive")
    hand = Hand(test, f"inventory_receive_{SKU}")
    hand.type(by="Kim", lot="17612 - 250300", reference="DN 4711", pallets=10, loose=7, expires=date(2027, 6, 1))
    hand.press()
    assert "487 units of 17612 - 250300 came in: entry 2. On the shelf now: 787." in told(test)
    assert lots(site.house) == {LOT: 300, OTHER: 487}
    entry = entries(site.house)[-1]
    assert (entry.entered_by, entry.reference) == ("Kim", "DN 4711")
    # The form starts anew, and does not ask for the name again.
    anew = Hand(test, hand.form, 1)
    assert (anew.value("lot"), anew.value("pallets"), anew.has("by")) == ("", None, False)


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Receive")
    hand = Hand(test, f"inventory_receive_{SKU}")
    steps = [
        ({"lot": "12"}, "Enter how many units."),
        ({"pallets": 5}, "Say who you are: every change of stock has a name."),
        ({"by": "Kim"}, "'12' is no lot: five or six digits, or nothing."),
        ({"lot": ""}, "A receipt of 200 units or more needs the supplier's lot."),
        ({"lot": LOT, "when": at(site.house, hours=-2)}, "That lies in the future."),
    ]
    for typed, sentence in steps:
        hand.type(**typed).press()
        assert sentence in told(test)
    assert (hand.value("pallets"), hand.value("by"), hand.value("lot")) == (5, "Kim", LOT)
    assert lots(site.house) == {LOT: 300}
    hand.type(when=None).press()
    assert lots(site.house) == {LOT: 540}


def test_an_entry_from_before_a_count_says_that_it_changes_nothing_now(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Receive")
    Hand(test, f"inventory_receive_{SKU}").type(by="Kim", lot=LOT, loose=48, when=at(site.house, hours=2)).press()
    assert "A count of Wed 16 Sep 2026 13:00 PDT came after it, so stock now stays as counted." in told(test)
    assert lots(site.house) == {LOT: 300}


def test_an_hour_that_came_twice_is_asked_about(site: Site) -> None:
    house = site.house
    house.wait((date(2026, 11, 2) - date(2026, 9, 16)).days * 24 * 60)
    stock_up(house)
    test = view(site.page("inventory", sku=SKU), "Receive")
    twice = at(house).replace(month=11, day=1, hour=1, minute=30)
    Hand(test, f"inventory_receive_{SKU}").type(by="Kim", lot=LOT, loose=1, when=twice).press()
    assert "When it happened: 01:30 of that day came twice: the clock was set back then." in told(test)


def test_the_products_form_is_reached_without_opening_the_product(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory"), "Receive", key="view")
    test.selectbox(key="inventory_product").set_value(SKU).run()
    Hand(test, f"inventory_receive_{SKU}").type(by="Kim", lot=LOT, loose=1).press()
    assert lots(site.house) == {LOT: 301}


def test_stock_that_nobody_has_said_is_not_adjusted(site: Site) -> None:
    test = view(site.page("inventory", sku="17904"), "Adjust")
    assert "Nobody has said yet what stands on the shelf of 17904" in told(test)
    assert not Hand(test, "inventory_adjust_17904").has("save")


def test_a_large_change_waits_on_top_until_another_person_approves_it(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Adjust")
    hand = Hand(test, f"inventory_adjust_{SKU}")
    hand.type(by="Kim", lot=LOT, loose=9).press()
    assert "Say why: an adjustment needs a reason." in told(test)
    hand.type(reason="damaged", note="Fork lift").press()
    text = told(test)
    assert "−9 units of 17612 - 250237 waits for a second person: nothing has moved yet." in text
    assert "1 change waits for a second person" in text
    assert "**−9** of 17612 - 250237 · Damaged “Fork lift”" in text
    assert lots(site.house) == {LOT: 300}

    waiting = Hand(test, "inventory_requests")
    waiting.press("approve_1")
    assert "Say who you are" in told(test)
    waiting.type(by=" KIM").press("approve_1")
    assert "Kim asked for this change, so somebody else has to approve it." in told(test)
    waiting.type(by="Lee").press("approve_1")
    assert "The change is made: entry 2." in told(test)
    assert lots(site.house) == {LOT: 291}
    assert "waits for a second person" not in told(site.page("inventory"))
    # The second person does not become the first by it.
    assert "Everything is entered as **Kim**." in told(test)


def test_a_change_that_waits_is_refused_from_the_list_of_all(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Repack")
    Hand(test, f"inventory_repack_{SKU}").type(by="Kim", lot=LOT, pallets=1).press()
    assert "+48 units of 17612 - 250237 waits for a second person" in told(test)
    everything = site.page("inventory")
    assert "**+48** of 17612 - 250237 · repacked" in told(everything)
    Hand(everything, "inventory_requests").type(by="Kim").press("refuse_1")
    assert "The change is not made." in told(everything)
    assert adjustments.waiting_requests(site.house.app.db.read()) == []
    assert lots(site.house) == {LOT: 300}


def test_small_changes_go_up_and_down_at_once(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Adjust")
    Hand(test, f"inventory_adjust_{SKU}").type(by="Kim", lot=LOT, loose=2, reason="sample").press()
    assert "−2 units of 17612 - 250237: entry 2. On the shelf now: 298." in told(test)
    again = Hand(test, f"inventory_adjust_{SKU}", 1)
    again.type(way="Add to the shelf", lot=LOT, loose=1, reason="found").press()
    assert lots(site.house) == {LOT: 299}


def test_a_lot_is_quarantined_with_a_reason(site: Site) -> None:
    stock_up(site.house)
    test = site.page("inventory", sku=SKU, lot=LOT)
    hand = Hand(test, f"inventory_lot_{SKU}_{LOT}")
    hand.type(by="Kim", quarantine=True).press()
    assert "Say why the lot is quarantined." in told(test)
    hand.type(reason="Leaks", received=date(2026, 9, 1)).press()
    assert "17612 - 250237 is kept so: it must not be shipped." in told(test)
    assert figures(test)["Available"] == "0"
    [lot] = inventory.lots(site.house.app.db.read(), SKU)
    assert (lot.is_quarantined, lot.reason, lot.received_on, lot.updated_by) == (True, "Leaks", date(2026, 9, 1), "Kim")
    assert list(grid(test)[0]["state"]) == ["‖ quarantine"]  # type: ignore[call-overload]


def test_a_wrong_entry_is_taken_back_where_it_stands(site: Site) -> None:
    stock_up(site.house)
    receive(site.house, 48)
    test = view(site.page("inventory", sku=SKU, entry="2"), "Movements")
    hand = Hand(test, "inventory_take_back_2")
    hand.type(by="Lee").press()
    assert "Say in the note what was wrong with it." in told(test)
    hand.type(note="Typed twice").press()
    assert "Entry 2 is taken back by entry 3. On the shelf now: 300." in told(test)
    assert lots(site.house) == {LOT: 300}


@pytest.mark.parametrize("entry", ["1", "99"])
def test_what_cannot_be_taken_back_offers_no_way(site: Site, entry: str) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU, entry=entry), "Movements")
    assert ("There is no entry 99 of 17612." in told(test)) == (entry == "99")
    assert not [one for one in test.button if (one.key or "").startswith("inventory_take_back")]


# -- who -------------------------------------------------------------------------------------------------------------


def test_a_name_is_said_once_and_may_be_another_one_later(site: Site) -> None:
    stock_up(site.house)
    test = view(site.page("inventory", sku=SKU), "Receive")
    Hand(test, f"inventory_receive_{SKU}").type(by="Kim", lot=LOT, loose=1).press()
    test.button(key="inventory_somebody_else").click().run()
    Hand(test, f"inventory_receive_{SKU}", 1).type(by="Lee", lot=LOT, loose=1).press()
    assert [one.entered_by for one in entries(site.house)] == ["Kim", "Kim", "Lee"]


def test_who_is_signed_in_is_not_asked_for_a_name(site: Site) -> None:
    stock_up(site.house)
    site.groups = ["shipsync-operator"]
    test = view(site.page("inventory", sku=SKU), "Receive")
    hand = Hand(test, f"inventory_receive_{SKU}")
    assert not hand.has("by")
    hand.type(lot=LOT, loose=1).press()
    assert entries(site.house)[-1].entered_by == "someone@example.com"
    test = view(site.page("inventory", sku=SKU), "Adjust")
    Hand(test, f"inventory_adjust_{SKU}").type(lot=LOT, loose=9, reason="damaged").press()
    Hand(test, "inventory_requests").press("approve_1")
    assert "someone@example.com asked for this change, so somebody else has to approve it." in told(test)


def test_a_viewer_sees_everything_and_enters_nothing(site: Site) -> None:
    stock_up(site.house)
    house = site.house
    movements.adjust(
        house.app.db, Adjustment(SKU, LOT, -9, house.app.now(), "damaged"), house.app.settings.zone, "Kim",
        house.app.now(),
    )  # fmt: skip
    site.groups = ["shipsync-viewer"]
    test = site.page("inventory", sku=SKU, lot=LOT)
    assert test.radio(key="show").options == ["Stock and lots", "Movements"]
    assert "1 change waits for a second person" in told(test)
    assert {one.key for one in test.button} <= {"inventory_all", "inventory_lot_close"}
    assert not test.text_input
