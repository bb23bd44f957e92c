"""Sync: the button, how far everything is, the switches, what is held, and reading a period again."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from shipsync.store import jobs as store
from shipsync.store import quarantine, workflows
from shipsync.store.quarantine import Entry
from tests.house import IMPORT, NOON, SYNC, House
from tests.site import Site, a_site

VIEWS = ("Workflows", "Quarantine", "Routing", "Runs", "Backfill")


def control(house: House, workflow: str) -> workflows.Control:
    found = workflows.control_of(house.app.db.read(), workflow)
    assert found is not None
    return found


def jobs(house: House) -> list[tuple[str, str, dict[str, object]]]:
    return [(one.kind, one.requested_by, dict(one.arguments)) for one in store.latest_jobs(house.app.db.read())]


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def put(house: House, *entries: Entry) -> None:
    with house.app.db.transaction() as con:
        quarantine.put(con, entries, house.clock.now())


def without_address(number: str) -> Entry:
    return Entry("shop_order", number, number, "no_ship_to", f"Order {number} is held back.", '{"a": 1}')


def note(number: str) -> Entry:
    return Entry("sku_text", number, number, "unreadable_sku", f"Order {number}: the text is odd.", None, held=False)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_on_an_empty_database(house: House, view: str) -> None:
    with a_site(house) as site:
        assert "No sync has run yet" in site.text(site.page("sync", view=view))


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_on_a_busy_one(house: House, view: str) -> None:
    house.world.place_shop_order()
    house.world.place_shop_order([("18999", 1)])
    house.world.place_manual_order()
    house.loop()
    with a_site(house) as site:
        test = site.page("sync", view=view)
        said = site.text(test)
        ways = [one.label for one in test.button if one.key == "sync_see"]
    assert "**Sync with ShipStation**: 1 order imported, 1 order updated" in said
    assert ways == ([] if view == "Quarantine" else [":orange[▲ 1 record held back]: see Quarantine"])


def test_what_is_held_is_one_press_away(house: House) -> None:
    put(house, without_address("700015"))
    with a_site(house) as site:
        test = site.page("sync")
        test.button(key="sync_see").click().run()
        assert test.radio(key="view").value == "Quarantine"
        assert "Order without an address" in test.expander[0].label


def test_pressing_twice_makes_one_sync(house: House) -> None:
    with a_site(house) as site:
        test = site.page("sync")
        test.button(key="sync_now").click().run()
        assert "next in line · asked by local admin" in site.text(test)
        test.button(key="sync_now").click().run()
        assert "is at it already" in test.toast[0].value
    assert jobs(house) == [(SYNC, "local admin", {})]


def test_the_marks_are_told_for_the_orders_and_each_list(house: House) -> None:
    house.world.place_manual_order()
    house.wait()
    house.sync()
    with a_site(house) as site:
        rows = site.page("sync").dataframe[1].value
    assert list(rows["what"])[:4] == ["Orders", "Labels", "Voided labels", "Marks as shipped"]
    assert all(rows["through"][:4] == house.clock.now())


def test_a_switch_goes_on_at_once_and_off_only_when_confirmed(house: House) -> None:
    with a_site(house) as site:
        test = site.page("sync")
        test.toggle(key=f"workflows_on_{IMPORT}_True_0").set_value(False).run()
        assert control(house, IMPORT).enabled
        assert "New orders of the shop stay in their files until it is on again" in site.text(test)
        test.button(key="workflows_off").click().run()
        assert not control(house, IMPORT).enabled
        test.toggle(key=f"workflows_on_{IMPORT}_False_0").set_value(True).run()
        assert control(house, IMPORT).enabled
    said = house.rows("SELECT changed_by, subject, before, after FROM audit_log ORDER BY entry_no")
    assert said == [
        ("local admin", IMPORT, "enabled", "disabled"),
        ("local admin", IMPORT, "disabled", "enabled"),
    ]


def test_a_switch_that_is_kept_on_stands_on_again(house: House) -> None:
    with a_site(house) as site:
        test = site.page("sync")
        test.toggle(key=f"workflows_on_{IMPORT}_True_0").set_value(False).run()
        test.button(key="workflows_keep").click().run()
        assert test.toggle(key=f"workflows_on_{IMPORT}_True_1").value
    assert control(house, IMPORT).enabled
    assert house.rows("SELECT count(*) FROM audit_log") == [(0,)]


def test_an_interval_is_set(house: House) -> None:
    with a_site(house) as site:
        test = site.page("sync")
        test.number_input(key=f"workflows_every_{SYNC}").set_value(15).run()
        assert control(house, SYNC).interval_minutes == 15
        test.run()
    assert house.rows("SELECT before, after FROM audit_log") == [("5", "15")]


def test_only_an_admin_may_switch(house: House) -> None:
    with a_site(house) as site:
        site.groups = ["shipsync-operator"]
        test = site.page("sync")
        assert all(toggle.disabled for toggle in test.toggle)
        assert test.number_input[0].disabled
        assert "Sync now" in labels(test)


def test_a_viewer_sees_everything_and_may_press_nothing(house: House) -> None:
    put(house, without_address("700015"), note("100123"))
    with a_site(house) as site:
        site.groups = ["shipsync-viewer"]
        test = site.page("sync", view="Quarantine")
        assert "Order 700015 is held back" in site.text(test)
        assert labels(test) == ["Raw record"]


# --- quarantine


def held(site: Site) -> AppTest:
    return site.page("sync", view="Quarantine")


def test_held_records_are_grouped_with_why_and_what_next(house: House) -> None:
    put(house, without_address("700015"), without_address("700025"), note("100123"))
    with a_site(house) as site:
        test = held(site)
        headings = [one.label for one in test.expander]
        said = site.text(test)
    assert "**Order without an address** · 2 · oldest just now" in headings[0]
    assert "**SKU text that cannot be read** · 1" in headings[1]
    assert "**Why** It cannot be shipped anywhere" in said


def test_all_of_one_trouble_are_retried_by_one_job(house: House) -> None:
    put(house, without_address("700015"), without_address("700025"))
    with a_site(house) as site:
        test = held(site)
        test.button(key="quarantine_shop_order_no_ship_to_all").click().run()
        test.run()
        assert "Import of shop orders**, next in line" in site.text(test)
    assert jobs(house) == [(IMPORT, "local admin", {})]


def test_a_poison_place_is_retried_by_a_sync_that_asks_it_now(house: House) -> None:
    bad = house.world.bulk_orders(10, timedelta(hours=2), NOON - timedelta(hours=1))[5]
    house.faults.poison(bad.order_id)
    house.sync()
    house.faults.heal(bad.order_id)
    (entry,) = quarantine.open_of(house.app.db.read(), "poison", "always_500")
    with a_site(house) as site:
        test = held(site)
        test.button(key=f"quarantine_poison_{entry.entity_id}_retry").click().run()
        assert (SYNC, "local admin", {"everything": True, "poison": [entry.entity_id]}) in jobs(house)
        house.app.worker.run_next()
        assert "Nothing is held, and nothing looks odd" in "".join(one.value for one in held(site).success)
    assert house.order(bad.number)["status"] == "awaiting_shipment"


def test_the_raw_record_shows_on_demand(house: House) -> None:
    put(house, without_address("700015"))
    with a_site(house) as site:
        test = held(site)
        assert [one.value for one in test.code] == []
        test.button(key="quarantine_shop_order_700015_raw").click().run()
        assert [one.value for one in test.code] == ['{\n  "a": 1\n}']


def test_a_note_is_closed_at_a_press(house: House) -> None:
    put(house, note("100123"))
    with a_site(house) as site:
        test = held(site)
        test.button(key="quarantine_sku_text_100123_close").click().run()
        assert "Nothing is held" in "".join(one.value for one in held(site).success)
    assert house.rows("SELECT changed_by, action FROM audit_log") == [("local admin", "record closed")]


def test_a_held_record_offers_no_closing_but_a_taking_over_with_a_reason(house: House) -> None:
    put(house, without_address("700015"))
    with a_site(house) as site:
        test = held(site)
        assert "It is fine, close it" not in labels(test)
        test.button(key="quarantine_shop_order_700015_take").click().run()
        assert [one.label for one in test.text_area] == ["What is done by hand, and where"]
    assert house.held() == [("shop_order", "no_ship_to")]


def test_many_held_records_show_the_first_ten(house: House) -> None:
    put(house, *(without_address(str(number)) for number in range(700_000, 701_000)))
    with a_site(house) as site:
        test = held(site)
        assert labels(test).count("Retry") == 10
        assert "Retry all 1,000" in labels(test)
        test.button(key="quarantine_shop_order_no_ship_to_more").click().run()
        assert labels(test).count("Retry") == 30


# --- routing, runs, backfill


def test_reasons_are_told_in_plain_words(house: House) -> None:
    house.world.place_manual_order()
    house.world.place_manual_order(items=(("99999", 1),))
    house.wait()
    house.sync()
    with a_site(house) as site:
        test = site.page("sync", view="Routing")
        assert sorted(test.dataframe[0].value["reason"]) == [
            "A manual order with a key product.",
            "A manual order without a key product.",
        ]
        assert len(test.get("plotly_chart")) == 1


def test_a_run_shows_its_log(house: House) -> None:
    house.sync()
    with a_site(house) as site:
        test = site.page("sync", view="Runs", run=f"{SYNC}.1")
        assert any("Fetched 0 orders since" in one.value for one in test.code)


def test_a_comparison_and_a_rehearsal_of_nothing_are_not_told_as_a_search_for_news(house: House) -> None:
    for kind in ("parity-check", "parity-drill", "backup"):
        house.job(kind)
    with a_site(house) as site:
        for view in ("Workflows", "Runs"):
            did = site.page("sync", view=view).dataframe[0].value["did"]
            assert {one for one in did if one and "nothing" in str(one)} == {"nothing compared", "nothing rehearsed"}


def test_a_period_is_read_after_saying_what_it_asks(house: House) -> None:
    house.sync()
    with a_site(house) as site:
        test = site.page("sync", view="Backfill")
        assert "Wed 9 Sep 2026 to Tue 15 Sep 2026, 7 days" in site.text(test)
        assert "**about 4 requests**" in site.text(test)
        test.button(key="backfill_press").click().run()
        assert ("backfill", "local admin", {"from": "2026-09-09", "to": "2026-09-15"}) in jobs(house)
        house.app.worker.run_next()
        assert "**Backfill of a period**: nothing new" in site.text(site.page("sync", view="Backfill"))


def test_a_period_that_cannot_be_read_cannot_be_pressed(house: House) -> None:
    with a_site(house) as site:
        test = site.page("sync", view="Backfill")
        test.date_input(key="backfill_first").set_value(NOON.date() + timedelta(days=3)).run()
        assert "The last day lies before the first one" in site.text(test)
        assert test.button(key="backfill_press").disabled


def test_a_run_that_is_under_way_is_not_told_as_one_that_found_nothing(house: House) -> None:
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO runs (run_id, workflow_name, token, status, started_at, counts)
            VALUES ('shipstation-sync.1', 'shipstation-sync', 1, 'running', $now, '{}')
            """,
            {"now": house.app.now()},
        )
    with a_site(house) as site:
        for view in ("Workflows", "Runs"):
            row = site.page("sync", view=view).dataframe[0].value.iloc[0]
            assert row["did"] == "under way"
            assert pd.isna(row["records"])
