"""Today: what needs a person comes first, every figure says what it is compared with, and nothing is made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bench.history import fill
from shipsync.doors.mail import Outcome
from shipsync.procedures import mail
from shipsync.rules.mail import MailFile
from shipsync.sandbox.faults import unauthorized
from shipsync.store import outbox, quarantine
from shipsync.store.settings import set_setting
from tests.house import House
from tests.pages.closing_site import an_attended_site, buttons, do_next, stopped_at_step, told
from tests.procedures.closing_day import shipped
from tests.site import Site, a_site


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    """Its worker runs, so that this is no alert; nothing waits for it."""
    house.app.worker.start()
    house.app.schedule.start(paused=True)
    st.cache_data.clear()
    with a_site(house) as site:
        yield site
    house.app.schedule.stop()
    house.app.worker.stop()


def figures(test: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in test.get("metric")}


def links(test: AppTest) -> dict[str, str]:
    """Label -> where it leads, of everything that can be opened."""
    return {
        one.proto.label.removeprefix(":primary[").removesuffix("]"): f"{one.proto.page}?{one.proto.query_string}"
        for one in test.get("page_link")
    }


def waits(house: House, number: str, hours: float, status: str = "awaiting_shipment") -> None:
    """An order that came in so long ago and still has to be shipped."""
    came_in = house.app.now() - timedelta(hours=hours)
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO orders_inbox (order_key, order_number, source_system, status, ordered_at, ship_name,
                created_at, updated_at)
            VALUES ($key, $number, 'X-Cart', $status, $came_in, 'Robin Sample', $came_in, $came_in)
            """,
            {"key": f"key:{number}", "number": number, "status": status, "came_in": came_in},
        )


class Halfway:
    """A past that is being lived through."""

    done, total, sentence = 1, 2, "The last weeks are being brought in."


def hold(house: House, *entries: quarantine.Entry, hours: float = 1) -> None:
    with house.app.db.transaction() as con:
        quarantine.put(con, list(entries), house.app.now() - timedelta(hours=hours))


def an_unknown_bundle(number: str, sku: str) -> quarantine.Entry:
    line = {"productid": sku, "amount": "1"}
    raw = {"format": "x-cart", "position": 1, "fields": {"orderid": number}, "lines": [line]}
    return quarantine.Entry(
        "shop_order", number, number, "unknown_sku", f"Order {number} is held back.", json.dumps(raw)
    )


def test_an_empty_database_says_what_comes_next(site: Site) -> None:
    test = site.page("today")
    assert test.info[0].value.startswith("No order has come in yet.")
    assert figures(test) == {"Shipped today": "0", "Awaiting": "0", "Late past cut-off": "0", "Units out today": "0"}
    assert "Needs a person" not in site.text(test)
    assert not test.get("plotly_chart")


def test_a_day_of_orders_is_shown_beside_what_is_usual(site: Site) -> None:
    house = site.house
    house.import_shop()
    house.upload()
    house.wait()
    house.sync()
    waits(house, "700901", 0.05)  # three minutes ago, two after the cut-off of 13:00
    waits(house, "700902", 30)
    test = site.page("today")
    assert figures(test)["Awaiting"] == "2"
    assert figures(test)["Late past cut-off"] == "1"
    text = site.text(test)
    assert "no usual yet: 0 earlier Wednesdays known" in text
    assert "the oldest came 1 day ago" in text
    assert "in before 13:00 PDT on Wed 16 Sep 2026; listed below" in text
    assert "Late orders (1)" in text
    assert len(test.get("plotly_chart")) == 1


def test_each_figure_opens_into_what_it_counts(site: Site) -> None:
    house = site.house
    numbers = ("700101", "700102", "700103", "700104")
    for number in numbers:
        house.world.place_shop_order((("17612", 2),), number=number)
    house.loop()
    left = [house.order(number)["shipstation_order_id"] for number in numbers[:2]]
    for order_id in left:
        house.world.buy_label(order_id)
    house.wait()
    house.sync()
    waits(house, "700905", 0.05, "pending")
    waits(house, "700906", 0.05, "uploaded")
    waits(house, "700907", 0.05, "on_hold")
    test = site.page("today")
    shown = figures(test)
    assert shown == {"Awaiting": "4", "Late past cut-off": "0", "Shipped today": "2", "Units out today": "4"}
    for name, orders in (("Awaiting orders", 4), ("Shipped today", 2), ("Orders they were in", 2)):
        query = dict(parse_qsl(links(test)[name].partition("?")[2]))
        found = site.page("orders", **query)
        assert f"{orders} orders, newest first" in [one.value for one in found.caption]
    house.wait(24 * 60)
    assert "No order matches" in site.text(site.page("orders", shipped="today"))


def test_a_day_is_not_told_while_its_past_is_coming_in(site: Site) -> None:
    house = site.house
    house.sync()
    waits(house, "700125", 30)
    house.app.past = Halfway()  # type: ignore[assignment]
    test = site.page("today")
    assert "This day begins once its past is in." in site.text(test)
    assert not figures(test)
    assert "Late orders" not in site.text(test)
    house.app.past = None
    assert figures(test.run())["Late past cut-off"] == "1"


def test_what_needs_a_person_stands_first_with_one_link_each(site: Site) -> None:
    house = site.house
    house.sync()
    hold(house, an_unknown_bundle("700001", "18855"), an_unknown_bundle("700002", "18855"))
    refused = quarantine.Entry("upload", "k", "700003", "upload_refused", "Order 700003 was refused 3 times.", None)
    hold(house, refused, hours=30)
    waits(house, "700125", 30)
    test = site.page("today")
    lines = [one.value for one in test.markdown if one.value.startswith((":red[■]", ":orange[▲]"))]
    assert "**Needs a person (3)**" in [one.value for one in test.markdown]
    assert lines[:3] == [
        ":red[■] Order 700125 still waits past the cut\\-off of 13\\:00, for 1 day\\. Ship it, or put it on hold\\.",
        ":red[■] Order 700003 was refused 3 times\\.",
        ":orange[▲] 2 orders are held back\\: nobody knows the SKU 18855\\.",
    ]
    opens = links(test)
    assert "bundle=18855" in opens["Add the bundle"]
    assert opens["Look at it"].startswith("sync")
    assert "order=key%3A700125" in opens["Open it"]


def test_what_may_mend_itself_is_only_watched(site: Site) -> None:
    site.house.sync()
    site.house.wait(30)
    test = site.page("today")
    assert "Needs a person" not in site.text(test)
    assert "○ Watched: Orders are complete only up to 30 min ago" in site.text(test).replace("\\", "")


def test_a_cut_off_that_cannot_be_read_is_said_and_not_taken_for_none(site: Site) -> None:
    house = site.house
    house.sync()
    with house.app.db.transaction() as con:
        set_setting(con, "cut_off", "soon", "Bob", house.app.now())
    waits(house, "700125", 30)
    test = site.page("today")
    assert figures(test)["Late past cut-off"] == "–"
    assert "It cannot be told which orders are late" in site.text(test).replace("\\", "")


def test_a_result_is_seen_at_the_next_tick(site: Site) -> None:
    house = site.house
    house.sync()
    test = site.page("today")
    waits(house, "700901", 1)
    assert figures(test.run())["Awaiting"] == "1"


def test_the_frame_says_how_many_things_need_a_person_on_every_page(site: Site) -> None:
    site.house.sync()
    assert not [label for label in links(site.page("orders")) if "person" in label]
    waits(site.house, "700125", 30)
    assert ":red[■] **1 thing needs a person** · Order 700125" in " ".join(links(site.page("orders")))


def test_when_alerts_fired_and_ended_can_be_looked_up(site: Site) -> None:
    house = site.house
    house.sync()
    waits(house, "700125", 30)
    house.app.watch()
    test = site.page("today")
    assert "When alerts fired and ended" in [one.label for one in test.expander]
    assert "700125" in " ".join(str(one.value.to_dict()) for one in test.dataframe)


def test_the_closings_say_what_stands_against_them_and_what_the_month_comes_to(site: Site) -> None:
    site.house.sync()
    test = site.page("today")
    text = told(test)
    assert "No day has been closed yet." in text
    assert "week 38 so far: 0 units shipped" in text
    assert "No week has been closed yet." in text
    assert "No month has been closed yet." in text
    assert "September 2026 so far: –, because something it is reckoned by is missing. End of month says what." in text
    assert [one.label for one in test.expander if "open" in one.label] == [
        ":orange[▲] 1 thing open",
        ":orange[▲] 5 things open",
        ":orange[▲] 4 things open",
    ]
    assert buttons(test) == {
        "today_close_day": "Close the day",
        "today_close_week": "Close the week",
        "today_close_month": "Close the month",
    }


def test_a_closing_under_way_shows_its_step_and_then_its_result(house: House) -> None:
    with an_attended_site(house) as attended:
        shipped(house, 4)
        house.wait(5)
        with stopped_at_step(house, "eod", 3):
            test = attended.page("today")
            assert ":blue[► running]: step 3 of 5" in told(test)
            progress = [(one.proto.value, one.proto.text) for one in test.get("progress")]
            assert progress == [(40, "Compare the day with ShipStation's own lists")]
            assert "today_close_day" not in buttons(test)
        house.wait(5)
        test = attended.page("today")
        test.button(key="today_close_day").click().run()
        assert ":gray[○ queued]" in told(test)
        do_next(house)
        text = told(test.run())
        assert ":green[✓ closed]: today at 13:10 PDT, version 1" in text
        assert "Physical count ready: 1 order shipped today, 5 SKUs updated" in text
        assert "week 38 so far: 4 units shipped" in text


def test_a_failed_closing_is_shown_beside_the_last_success(house: House) -> None:
    with an_attended_site(house) as attended:
        house.job("eod")
        house.wait(30)
        house.faults.add("shipments", unauthorized())
        house.job("eod")
        text = told(attended.page("today"))
        assert ":green[✓ closed]: today at 13:00 PDT, version 1" in text
        assert ":red[✕ failed]: the last attempt, at 13:30 PDT. Sync with ShipStation did not succeed" in text


def test_a_mail_that_nobody_knows_of_waits_for_a_decision(site: Site) -> None:
    house = site.house
    house.sync()

    class Unsure:
        """A mail door that never knows."""

        def send(self, one: Any, now: Any) -> Outcome:
            """Nobody knows."""
            return Outcome("unknown", "The connection broke before it answered.")

    house.app.doors["mail"] = Unsure()  # type: ignore[index]
    new = outbox.NewMail("alert", "one", "warehouse@example.com", ("lead@example.com",), "It is so", "It is so.")
    with house.app.db.transaction() as con:
        outbox.put(con, new, house.app.now())
    house.job(mail.KIND)
    test = site.page("today")
    assert "of 1 mail nobody knows whether it arrived" in site.text(test).replace("\\", "").lower()
    test.button(key=f"today_let_be_{new.mail_key}").click().run()
    assert not test.exception
    kept = outbox.mail(house.app.db.read(), new.mail_key)
    assert kept is not None
    assert kept.status == "sent"
    assert "let\\_be" not in site.text(test)


def test_a_person_is_told_what_a_mail_carries_before_it_is_sent_again(site: Site) -> None:
    house = site.house
    report = outbox.NewMail(
        "weekly-report", "2026-W38", "warehouse@example.com", ("lead@example.com", "kim@example.com"), "Week 38", "481",
        files=(MailFile("week-38.pdf", "application/pdf", b"%PDF"), MailFile("week-38.csv", "text/csv", b"sku")),
    )  # fmt: skip
    with house.app.db.transaction() as con:
        outbox.put(con, report, house.app.now())
        outbox.claim(con, "mail.1", house.app.now())
        outbox.end(con, report.mail_key, "mail.1", "failed", "no", house.app.now())
    test = site.page("today")
    test.button(key=f"today_again_{report.mail_key}").click().run()
    told = site.text(test).replace("\\", "")
    assert "goes to lead@example.com, kim@example.com, with week-38.pdf, week-38.csv." in told


def test_a_viewer_sees_everything_and_decides_nothing(site: Site) -> None:
    new = outbox.NewMail("alert", "one", "warehouse@example.com", ("lead@example.com",), "It is so", "It is so.")
    with site.house.app.db.transaction() as con:
        outbox.put(con, new, site.house.app.now())
        outbox.claim(con, "mail.1", site.house.app.now())
        outbox.end(con, new.mail_key, "mail.1", "failed", "no", site.house.app.now())
    site.groups = ["shipsync-viewer"]
    test = site.page("today")
    assert not test.button
    assert "It is so" in site.text(test)


def test_a_long_history_is_shown(site: Site) -> None:
    house = site.house
    fill(house.app.db, 20_000, house.app.now(), days_of_jobs=30)
    test = site.page("today")
    shown = figures(test)
    assert int(shown["Shipped today"].replace(",", "")) > 0
    assert shown["Awaiting"] == "40"
    assert "(median of 8)" in site.text(test)
