"""End of day: what stands against it, one job for every press, the result that stays, and what each version froze."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from shipsync.jobs.schedule import NewControl
from shipsync.procedures import counting
from shipsync.sandbox.faults import unauthorized
from shipsync.store import closings, quarantine
from shipsync.store.settings import set_setting
from shipsync.store.workflows import add_missing_controls, set_enabled
from shipsync.web.closing_day import sheet_pdf
from tests.documents import paper
from tests.house import SYNC, House
from tests.pages.closing_site import an_attended_site, asked, buttons, do_next, downloads, stopped_at_step, told, ways
from tests.procedures.closing_day import DAY, counted, failing_at, shipped, waiting
from tests.site import Site
from tests.web.calling import post


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    with an_attended_site(house) as site:
        yield site


def close(house: House, **arguments: str) -> None:
    job = house.job("eod", arguments)
    assert job.status == "succeeded", job.error


def test_before_the_first_closing_the_page_says_what_stands_against_it(site: Site) -> None:
    test = site.page("end_of_day")
    text = told(test)
    assert "**Wed 16 Sep 2026** · :orange[▲] 2 things open" in text
    assert "Nothing has been read from ShipStation yet. Closing syncs first." in text
    assert "Nobody has said what stands on the shelf of 17612, 17904, 17914, 18675, 18795." in text
    assert "No day has been closed yet." in text
    assert buttons(test) == {"end_of_day_close": "Close the day"}


def test_a_day_against_which_nothing_stands_is_ready(site: Site) -> None:
    house = site.house
    for sku in ("17612", "17904", "17914", "18675", "18795"):
        counted(house, sku, "250237", 100)
    close(house)
    text = told(site.page("end_of_day"))
    assert "**Wed 16 Sep 2026** · :green[✓ ready]" in text
    assert ":orange[▲]" not in text


def test_a_press_closes_the_day_and_its_result_stands(site: Site) -> None:
    house = site.house
    shipped(house, 3)
    waiting(house)
    house.wait(5)
    test = site.page("end_of_day")
    test.button(key="end_of_day_close").click().run()
    assert "**End of day**, next in line · asked by local admin" in told(test)
    assert buttons(test) == {"end_of_day_job_cancel": "Cancel"}
    do_next(house)
    house.wait(30)
    test.run()
    text = told(test)
    assert ":green[✓ closed]: today at 13:05 PDT, version 1" in text
    assert "**Physical count ready: 1 order shipped today, 5 SKUs updated**" in text
    assert "Shipped: 1 order, 1 parcel, 3 units." in text
    assert "no difference" in text
    assert downloads(test)[0] == "Count sheet (PDF)"
    assert buttons(test) == {"end_of_day_close": "Close the day"}
    census = test.dataframe[0].value.to_dict("records")
    assert [(row["what"], row["there"], row["here"]) for row in census] == [
        ("orders awaiting shipment", 1, 1),
        ("labels", 1, 1),
        ("marks as shipped", 0, 0),
    ]


def test_a_result_is_read_on_the_next_day_without_saying_today(site: Site) -> None:
    shipped(site.house)
    site.house.wait(5)
    close(site.house)
    site.house.wait(24 * 60)
    text = told(site.page("end_of_day"))
    assert "closed]: Wed 16 Sep 2026 at 13:05 PDT, version 1" in text
    assert "1 order shipped on Wed 16 Sep 2026, 5 SKUs updated" in text


def test_two_tabs_a_program_and_the_schedule_make_one_job(site: Site) -> None:
    house = site.house
    with house.app.db.transaction() as con:
        add_missing_controls(con, [NewControl("eod", True, 1440, "Closes the day")], house.clock.now())
    one, other = site.page("end_of_day"), site.page("today")
    one.button(key="end_of_day_close").click().run()
    other.button(key="today_close_day").click().run()  # drawn before the first press
    assert "step" not in told(other)
    assert ":gray[○ queued]" in told(other)
    reply = post("/api/sync/eod")
    assert (reply.status, reply.data["job_id"], reply.data["is_same"]) == (409, "eod.1", True)
    house.app.schedule.press("eod")
    assert asked(house, "eod") == [("eod.1", "queued", "local admin", {})]
    do_next(house)
    assert asked(house, "eod") == [("eod.1", "succeeded", "local admin", {})]
    assert len(closings.attempts(house.app.db.read(), "eod")) == 1


def test_a_job_under_way_stands_where_the_button_was_with_its_steps(site: Site) -> None:
    with stopped_at_step(site.house, "eod", 3):
        test = site.page("end_of_day")
        text = told(test)
        assert ":green[✓] Read everything from ShipStation" in text
        assert ":blue[►] Compare the day with ShipStation's own lists" in text
        assert ":gray[○] Freeze what to expect on the shelf" in text
        assert buttons(test) == {"end_of_day_job_cancel": "Cancel"}


def test_a_sync_that_is_off_blocks_the_press(site: Site) -> None:
    house = site.house
    house.sync()
    with house.app.db.transaction() as con:
        set_enabled(con, SYNC, False, "Kim", house.clock.now())
    test = site.page("end_of_day")
    assert "**Wed 16 Sep 2026** · :red[■] cannot be closed · 2 things open" in told(test)
    assert ":red[■] The sync is switched off. Switch it on under Sync." in told(test)
    assert test.button(key="end_of_day_close").disabled


def test_a_failed_attempt_is_shown_beside_the_last_success(site: Site) -> None:
    house = site.house
    shipped(house)
    house.wait(5)
    close(house)
    house.wait(30)
    house.faults.add("shipments", unauthorized())
    assert house.job("eod").status == "failed"
    test = site.page("end_of_day")
    text = told(test)
    assert "**The last attempt**. A day stays as open as it was until one succeeds." in text
    assert ":red[✕ failed] · **End of day** · just now (13:35 PDT)" in text
    assert "ShipStation refused the credentials" in text
    assert ":green[✓ closed]: today at 13:05 PDT, version 1" in text
    assert buttons(test)["end_of_day_failed_retry"] == "Retry"
    states = test.dataframe[1].value["state"].tolist()
    assert states == [["✕ failed"], ["✓ closed"]]


def test_a_retry_goes_on_and_its_result_takes_the_place(site: Site) -> None:
    house = site.house
    house.sync()
    with failing_at(house, "eod", "recalculate"):
        assert house.job("eod").status == "failed"
    test = site.page("end_of_day")
    test.button(key="end_of_day_failed_retry").click().run()
    do_next(house)
    text = told(test.run())
    assert "The last attempt" not in text
    assert ":green[✓ closed]: today" in text


def test_what_shipstation_says_otherwise_is_named(site: Site) -> None:
    house = site.house
    waiting(house)
    house.wait(5)
    house.sync()
    number = house.rows("SELECT order_number FROM orders_inbox")[0][0]
    with house.app.db.transaction() as con:
        con.execute("UPDATE orders_inbox SET status = 'on_hold'")
    close(house)
    text = told(site.page("end_of_day"))
    assert ":orange[▲] 1 remark, below." in text
    assert f":orange[▲] Order {number} awaits shipment at ShipStation and is on hold here." in text
    assert "no difference" not in text


def test_a_day_of_the_past_is_closed_afterwards_and_says_so(site: Site) -> None:
    house = site.house
    shipped(house)
    house.wait(5)
    close(house)
    house.wait(2 * 24 * 60)
    close(house)
    test = site.page("end_of_day")
    test.date_input(key="end_of_day_date").set_value(date(2026, 9, 17)).run()
    test.button(key="end_of_day_afterwards").click().run()
    assert asked(house, "eod")[0] == ("eod.3", "queued", "local admin", {"date": "2026-09-17"})
    do_next(house)
    text = told(test.run())
    assert "closed]: Thu 17 Sep 2026 afterwards, at 13:05 PDT, version 1" in text
    assert "Physical count ready: 0 orders shipped on Thu 17 Sep 2026" in text
    assert "closed]: today at 13:05 PDT, version 1" in text  # the newest day's result stands as well
    opened = told(site.page("end_of_day", day="2026-09-17"))
    assert "Closed afterwards, on Fri 18 Sep 2026" in opened


def test_each_version_opens_what_it_froze(site: Site) -> None:
    house = site.house
    with house.app.db.transaction() as con:
        con.execute("UPDATE products SET units_per_pallet = 48 WHERE sku = '17612'")
    counted(house, "17612", "250237", 100)
    shipped(house, 3)
    house.wait(5)
    close(house)
    shipped(house, 4)
    house.wait(5)
    close(house)
    for version, left in ((1, 97), (2, 93)):
        test = site.page("end_of_day", day="2026-09-16", version=str(version))
        assert f"Wed 16 Sep 2026, version {version}" in told(test)
        test.session_state["end_of_day_frozen"] = True
        test.run()
        rows = test.dataframe[1].value.to_dict("records")
        line = next(row for row in rows if row["sku"] == "17612" and row["lot"] == "250237")
        assert (line["expected"], line["name"], line["pallets"]) == (left, "Rinse, case", f"{left // 48} + {left % 48}")
    assert told(test).count("Content hash") == 1
    versions = test.dataframe[2].value["closing"].tolist()
    assert versions == ["Wed 16 Sep 2026, version 2", "Wed 16 Sep 2026, version 1"]


def test_a_day_in_the_address_that_was_not_closed_is_said(site: Site) -> None:
    close(site.house)
    assert "Tue 15 Sep 2026 has not been closed." in told(site.page("end_of_day", day="2026-09-15"))
    assert "Wed 16 Sep 2026, version 7, has not been closed." in told(
        site.page("end_of_day", day="2026-09-16", version="7")
    )
    assert "Wed 16 Sep 2026, version 1" in told(site.page("end_of_day", day="soon"))


def test_the_sheet_is_blind_and_carries_its_count(house: House, site: Site) -> None:
    counted(house, "17612", "250237", 100)
    counted(house, "17612", "", 0)
    shipped(house, 3, "17612")
    house.wait(5)
    close(house)
    text = paper.text(sheet_pdf(DAY, 1))
    assert "Count of version 1" in text
    assert "250237" in text
    assert "100" not in text
    assert "-3" not in text
    count_id = counting.open_count(house.app.db, DAY, None, "Kim", house.clock.now())
    assert f"Count {count_id}" in paper.text(sheet_pdf(DAY, 1))


def test_what_clouds_a_day_leads_to_where_it_is_mended(site: Site) -> None:
    house = site.house
    house.sync()
    close(house)
    counting.open_count(house.app.db, DAY, None, "Kim", house.clock.now())
    held = quarantine.Entry("shop_order", "700001", "700001", "no_ship_to", "It is held.", "{}")
    with house.app.db.transaction() as con:
        quarantine.put(con, [held], house.clock.now() - timedelta(hours=1))
        set_setting(con, "days_off", "2026-09-16", "Kim", house.clock.now())
    test = site.page("end_of_day")
    text = told(test)
    assert "1 record is held for a person" in text
    assert "Count 2026-09-16.1 is open" in text
    assert "Today, Wed 16 Sep 2026, is a day off." in text
    way = ways(test)
    assert way["Look at them"] == "sync?view=Quarantine"
    assert way["Working days"] == "settings?"
    assert way["Go on counting"] == "count?"
    assert way["Inventory"] == "inventory?"


def test_a_viewer_sees_everything_and_closes_nothing(site: Site) -> None:
    close(site.house)
    site.groups = ["shipsync-viewer"]
    test = site.page("end_of_day")
    assert not test.button
    assert "Closing needs the role operator." in told(test)
    assert "Physical count ready" in told(test)
    assert "Close another day" not in [one.label for one in test.expander]
