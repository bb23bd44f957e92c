"""End of week: the press that mails asks once, the report stands as it was issued, and what changed since is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from shipsync.rules.weekly_report import WeeklyReport
from shipsync.rules.weeks import week_ends
from shipsync.sandbox.faults import unauthorized
from shipsync.store import closings, outbox
from shipsync.store.settings import set_setting
from shipsync.web import closing_mail
from tests.documents.reports import a_line, a_report
from tests.house import House
from tests.pages.closing_site import an_attended_site, asked, buttons, do_next, downloads, stopped_at_step, told
from tests.procedures.closing_day import RINSE, failing_at, shipped
from tests.site import Site

THIS_WEEK, LAST_WEEK = date(2026, 9, 14), date(2026, 9, 7)  # tests/house.py NOON is a Wednesday


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    with an_attended_site(house) as site:
        yield site


def name_recipients(house: House, addresses: str = "kim@example.com, lee@example.com") -> None:
    with house.app.db.transaction() as con:
        set_setting(con, "weekly_report_recipients", addresses, "Kim", house.clock.now())


def close(house: House, **arguments: str) -> None:
    job = house.job("eow", arguments)
    assert job.status == "succeeded", job.error


def issued(house: House, report: WeeklyReport) -> None:
    """A closed week with this report, as if its job had made it."""
    now = house.clock.now()
    job_id = f"eow.{report.name}.{report.version}"
    with house.app.db.transaction() as con:
        closings.begin(con, "eow", report.week_start, week_ends(report.week_start), job_id, "Kim", now)
        closings.stand_at(con, job_id, report.as_of)
        closings.freeze(con, job_id, report.as_json(), report.content_hash)
        closings.close(
            con, job_id, report.version, records=report.units_shipped, sentence=report.subject, stated=report.stated,
            now=now,
        )  # fmt: skip


def charts(test: AppTest) -> list[dict[str, Any]]:
    return [json.loads(one.proto.spec) for one in test.get("plotly_chart")]


def figures(test: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in test.get("metric")}


def mails(house: House) -> list[tuple[str, str, tuple[str, ...]]]:
    found = outbox.latest(house.app.db.read())
    return sorted((one.mail_key, one.status, one.recipients) for one in found)


def test_before_the_first_closing_the_page_says_what_stands_against_it(site: Site) -> None:
    test = site.page("end_of_week")
    text = told(test)
    assert "**Week 38, Mon 14 Sep 2026 to Sun 20 Sep 2026** · :orange[▲] 5 things open" in text
    assert "Today is not closed yet, so closing the week closes it first. 2 things stand against that." in text
    assert "Nobody is named to get the report by mail." in text
    assert "No week has been closed yet." in text
    assert buttons(test) == {"end_of_week_close": "Close the week"}


def test_a_week_that_nobody_gets_by_mail_is_closed_at_once(site: Site) -> None:
    house = site.house
    shipped(house)
    house.wait(5)
    test = site.page("end_of_week")
    test.button(key="end_of_week_close").click().run()
    assert asked(house, "eow") == [("eow.1", "queued", "local admin", {})]
    assert buttons(test) == {"end_of_week_job_cancel": "Cancel"}
    do_next(house)
    text = told(test.run())
    assert ":green[✓ closed]: week 38 at 13:05 PDT, version 1" in text
    assert "It was mailed to nobody: no recipients were named when it was closed." in text
    assert downloads(test)[:3] == ["PDF", "XLSX", "CSV"]
    assert [one[:3] for one in asked(house, "eod")] == [("eod.1", "succeeded", "eow")]
    assert "asked by the end of the week" in told(site.page("jobs", job="eod.1")).lower()


def test_a_week_that_is_mailed_asks_once_and_says_to_whom(site: Site) -> None:
    house = site.house
    name_recipients(house)
    test = site.page("end_of_week")
    assert buttons(test) == {"end_of_week_close": "Close the week and send the report to 2 people"}
    test.button(key="end_of_week_close").click().run()
    assert asked(house, "eow") == []
    text = told(test)
    assert "**Week 38, Mon 14 Sep 2026 to Sun 20 Sep 2026** becomes version 1" in text
    assert "Today is closed first." in text
    assert "The report goes as PDF, workbook and CSV to kim@example.com, lee@example.com." in text
    assert "closing_week_send" in buttons(test)


def test_the_card_on_today_asks_as_well(site: Site) -> None:
    name_recipients(site.house)
    test = site.page("today")
    test.button(key="today_close_week").click().run()
    assert asked(site.house, "eow") == []
    assert "becomes version 1" in told(test)


def test_a_job_under_way_stands_where_the_button_was_with_its_steps(site: Site) -> None:
    with stopped_at_step(site.house, "eow", 5):
        test = site.page("end_of_week")
        assert ":green[✓] Freeze the report" in told(test)
        assert ":blue[►] Send the report" in told(test)
        assert buttons(test) == {"end_of_week_job_cancel": "Cancel"}


def test_a_failed_attempt_is_shown_beside_the_last_success(site: Site) -> None:
    house = site.house
    shipped(house)
    house.wait(5)
    close(house)
    house.wait(24 * 60)
    house.faults.add("shipments", unauthorized())
    assert house.job("eow").status == "failed"
    text = told(site.page("end_of_week"))
    assert "**The last attempt**. A week stays as open as it was until one succeeds." in text
    assert "End of day did not succeed, and this rests on it" in text
    assert ":green[✓ closed]: week 38 on Wed 16 Sep 2026 13:05 PDT, version 1" in text


def test_a_retry_does_not_close_the_day_again(site: Site) -> None:
    house = site.house
    shipped(house)
    house.wait(5)
    with failing_at(house, "eow", "stock"):
        assert house.job("eow").status == "failed"
    test = site.page("end_of_week")
    test.button(key="end_of_week_failed_retry").click().run()
    do_next(house)
    assert ":green[✓ closed]: week 38" in told(test.run())
    assert len(asked(house, "eod")) == 1


def test_a_week_of_the_past_is_closed_afterwards(site: Site) -> None:
    house = site.house
    shipped(house)
    house.wait(5)
    house.sync()
    house.wait(7 * 24 * 60)
    test = site.page("end_of_week")
    assert test.selectbox(key="end_of_week_monday").options == ["Week 38, Mon 14 Sep 2026 to Sun 20 Sep 2026"]
    test.button(key="end_of_week_afterwards").click().run()
    assert asked(house, "eow") == [("eow.1", "queued", "local admin", {"date": "2026-09-14"})]
    do_next(house)
    assert ":green[✓ closed]: week 38" in told(test.run())


def test_a_report_shows_its_frozen_figures(site: Site) -> None:
    issued(site.house, a_report())
    test = site.page("end_of_week", week="2026-W47")
    text = told(test)
    report = a_report()
    assert figures(test)["Units shipped"] == f"{report.units_shipped:,}"
    assert figures(test)["Orders shipped"] == f"{report.orders_shipped:,}"
    assert set(figures(test)) == {"Units shipped", "Orders shipped", "SKUs critical or low", "Runs out first"}
    assert report.content_hash in [one.value for one in test.code]
    products = test.dataframe[0].value
    assert products["sku"].tolist() == [line.sku for line in report.lines]
    assert "Version 1, made" in text


def test_the_charts_follow_the_sku_in_the_address(site: Site) -> None:
    report = a_report()
    issued(site.house, report)
    test = site.page("end_of_week", week="2026-W47")
    test.selectbox(key="sku").set_value("17914").run()
    line = next(one for one in report.lines if one.sku == "17914")
    shipped_chart, left_chart = charts(test)
    bars = shipped_chart["data"][0]
    assert len(bars["y"]) == len(report.weeks)
    assert bars["customdata"][-1].startswith("Week 47, Mon 16 Nov 2026 to Sun 22 Nov 2026: ")
    average = shipped_chart["data"][-1]
    assert average["line"]["dash"] == "dash"
    assert average["y"] == [line.weekly_average] * 2
    band, expected = left_chart["data"]
    assert band["fill"] == "toself"
    assert expected["y"][0] == line.available
    assert expected["y"][-1] == 0
    alts = [one.proto.alt for one in test.get("plotly_chart")]
    assert "units of 17914 shipped" in alts[0]
    assert "Used up about" in alts[1]


def test_weeks_that_are_not_known_are_no_bars(site: Site) -> None:
    line = a_line(weeks=[None, None, 480, 510, 470, 500])
    issued(site.house, a_report(lines=[line]))
    spec, _ = charts(site.page("end_of_week"))
    assert spec["data"][0]["y"][:3] == [None, None, 480]
    assert spec["layout"]["annotations"][0]["text"] == "not known"
    test = site.page("end_of_week")
    test.session_state["end_of_week_shipped_twin"] = True
    rows = test.run().dataframe[0].value
    assert rows["remark"].tolist()[-2:] == ["not known", "not known"]


def test_a_product_without_stock_or_average_has_no_projection_and_says_why(site: Site) -> None:
    issued(site.house, a_report(lines=[a_line(quantity=None)]))
    test = site.page("end_of_week")
    assert "No date can be told: not counted yet." in told(test)
    assert len(charts(test)) == 1


def test_a_week_in_the_address_that_was_not_closed_is_said(site: Site) -> None:
    close(site.house)
    assert "Week 2026-W37 has not been closed." in told(site.page("end_of_week", week="2026-W37"))
    assert "Version 7 of week 2026-W38 has not been closed." in told(
        site.page("end_of_week", week="2026-W38", version="7")
    )
    assert "'soon' is no week like 2026-W47. Choose a week below." in told(site.page("end_of_week", week="soon"))


def test_an_older_version_has_its_own_documents_and_mails(site: Site) -> None:
    house = site.house
    name_recipients(house)
    shipped(house)
    house.wait(5)
    close(house)
    close(house)
    test = site.page("end_of_week", week="2026-W38", version="1")
    text = told(test)
    assert "Week 38, version 1" in text
    assert text.count("kept as weekly-report-2026-W38-v1.eml") == 1
    assert text.count("kept as weekly-report-2026-W38-v2.eml") == 1
    assert downloads(test)[:6] == ["PDF", "XLSX", "CSV"] * 2


def test_what_changed_since_is_shown_beside_what_was_issued(site: Site) -> None:
    house = site.house
    house.wait(4 * 7 * 24 * 60)  # the week is read from its beginning on
    shipped(house)
    house.wait(7 * 24 * 60)
    order = house.world.place_manual_order(items=((RINSE, 3),))
    label = house.world.buy_label(order.order_id)
    house.wait(5)
    close(house)
    test = site.page("end_of_week")
    assert "Nothing of what it says was shipped has changed." in told(test)
    issued_units = figures(test)["Units shipped"]
    house.world.void(label.shipment_id)
    house.wait(5)
    house.sync(everything=True)
    test = site.page("end_of_week")
    assert figures(test)["Units shipped"] == issued_units == "3"
    rows = next(one.value for one in test.dataframe if "change" in one.value).to_dict("records")
    assert [(row["sku"], row["issued"], row["now"], row["change"]) for row in rows] == [("17612", 3, 0, -3)]


def test_a_mail_is_sent_again_to_those_who_are_named_now(site: Site) -> None:
    house = site.house
    name_recipients(house)
    close(house)
    name_recipients(house, "pat@example.com")
    test = site.page("end_of_week")
    test.button(key="end_of_week_eow.1_again").click().run()
    text = told(test)
    assert "goes to pat@example.com, with shipsync-weekly-report-2026-W38-v1.pdf" in text
    assert "Before, it went to kim@example.com, lee@example.com." in text
    assert "It was sent already" in text
    kept = outbox.mail(house.app.db.read(), "weekly-report/2026-W38/v1")
    assert kept is not None
    assert closing_mail.send(kept) == "It is queued."
    assert closing_mail.send(kept) == "It is on its way already."
    do_next(house)
    assert mails(house) == [
        ("weekly-report/2026-W38/v1", "sent", ("kim@example.com", "lee@example.com")),
        ("weekly-report/2026-W38/v1/again-2", "sent", ("pat@example.com",)),
    ]


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_a_mail_that_did_not_go_out_is_queued_again_under_its_own_key(site: Site, status: outbox.Ended) -> None:
    house = site.house
    name_recipients(house)
    kept = a_mail_that_ended(house, status)
    test = site.page("end_of_week")
    assert f"{status}]" in told(test)
    test.button(key="end_of_week_eow.1_again").click().run()
    assert ("Nobody knows whether it arrived" in told(test)) is (status == "unknown")
    assert closing_mail.send(kept) == "It is queued."
    assert mails(house) == [(kept.mail_key, "queued", ("kim@example.com", "lee@example.com"))]


def test_a_mail_that_goes_to_others_instead_needs_no_decision_any_more(site: Site) -> None:
    house = site.house
    name_recipients(house)
    kept = a_mail_that_ended(house, "failed")
    name_recipients(house, "pat@example.com")
    assert closing_mail.send(kept) == "It is queued."
    assert outbox.undecided(house.app.db.read()) == []
    assert ("weekly-report/2026-W38/v1/again-2", "queued", ("pat@example.com",)) in mails(house)


def a_mail_that_ended(house: House, status: outbox.Ended) -> outbox.Kept:
    """The mail of a closed week, whose sending ended otherwise than well."""
    close(house)
    with house.app.db.transaction() as con:
        con.execute("UPDATE outbox SET status = $status, said = 'It was not so.'", {"status": status})
    kept = outbox.mail(house.app.db.read(), "weekly-report/2026-W38/v1")
    assert kept is not None
    return kept


def test_a_viewer_sees_everything_and_sends_nothing(site: Site) -> None:
    name_recipients(site.house)
    close(site.house)
    site.groups = ["shipsync-viewer"]
    test = site.page("end_of_week")
    assert not test.button
    assert downloads(test)[:3] == ["PDF", "XLSX", "CSV"]
