"""End of month: the press always asks, the invoice stands as it was issued, and what changed since is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shipsync.procedures import charges as procedure
from shipsync.procedures import eom
from shipsync.procedures.charges import Issue
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import CARRIER_COST, by_charge
from shipsync.rules.months import month_ends
from shipsync.rules.parties import CLIENT
from shipsync.rules.preferences import CHARGE_REPORT_RECIPIENTS
from shipsync.store import charge_rows, closings, parties
from shipsync.store.charge_rows import Behind
from shipsync.store.settings import set_setting
from shipsync.web.actions import cancel
from shipsync.web.month_press import close_month
from tests.documents.a_month import a_full_month
from tests.house import House
from tests.pages.closing_site import an_attended_site, asked, buttons, downloads, stopped_at_step, told, ways
from tests.procedures.closing_day import closed, shipped
from tests.procedures.month import AUGUST, FRIDAY, JULY, go_to, in_july
from tests.site import Site, a_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A warehouse with a rate card on the last day of July, a Friday, at one."""
    with in_july(tmp_path) as house:
        go_to(house, FRIDAY)
        with an_attended_site(house) as site:
            yield site


def set_(house: House, name: str, value: str) -> None:
    with house.app.db.transaction() as con:
        set_setting(con, name, value, "Kim", house.clock.now())


def newest_label(house: House) -> int:
    return max(house.world.books.shipments)


def billed(house: House, month: date) -> ChargeReport:
    """A month that is billed as its job bills it, without its week, its papers and its mail."""
    zone, now, job_id = house.app.settings.zone, house.clock.now(), f"eom.{month}"
    through = min(month_ends(month), now.astimezone(zone).date())
    with house.app.db.transaction() as con:
        closings.begin(con, "eom", month, month_ends(month), job_id, "Kim", now)
        closings.stand_at(con, job_id, now)
        stands = procedure.compute(con, month, through, now, zone)
        restated = procedure.restatements(con, month, zone)
        procedure.freeze(con, job_id, stands, restated, zone, now)
        issue = Issue(1, None, parties.parties(con), (), (), "", "Kim")
        made = procedure.report(con, job_id, stands, restated, issue, zone, now)
        closings.freeze(con, job_id, made.as_json(), made.content_hash)
        closings.close(con, job_id, 1, records=0, sentence=made.subject, stated=(), now=now)
    return made


def issued(house: House, report: ChargeReport) -> None:
    """A closed month with this report, as if its job had made it."""
    now, job_id = house.clock.now(), f"eom.{report.number}"
    with house.app.db.transaction() as con:
        closings.begin(con, "eom", report.month, report.month_end, job_id, "Kim", now)
        closings.stand_at(con, job_id, report.as_of)
        closings.freeze(con, job_id, report.as_json(), report.content_hash)
        closings.close(con, job_id, report.version, records=1, sentence=report.subject, stated=report.stated, now=now)


def test_without_rates_the_page_says_what_to_load_and_cannot_be_pressed(house: House) -> None:
    with an_attended_site(house) as site:
        test = site.page("end_of_month")
        text = told(test)
        assert "The self-check found 4 errors: it cannot be billed until they are mended." in text
        assert (
            ":red[■] The rate card has no rate 'order' for any of these days. Load it; 0 where it is not taken." in text
        )
        assert "Nobody has said who pays, so the invoice names no client." in text
        assert ways(test)["Load rates"].startswith("imports")
        assert test.button(key="end_of_month_close").disabled
        assert "No month has been closed yet." in text
        assert "September 2026 so far: –" in told(site.page("today"))


def test_the_press_asks_and_says_what_it_would_bill(site: Site) -> None:
    house = site.house
    set_(house, CHARGE_REPORT_RECIPIENTS, "kim@example.com, lee@example.com")
    set_(house, CLIENT, "Sample Brands Inc")
    shipped(house, 3, cost=Decimal("10.00"))
    house.wait(1)
    house.sync()
    test = site.page("end_of_month")
    text = told(test)
    assert "**July 2026** · :orange[▲] 1 thing open" in text
    assert "Week 2026-W31 is not closed yet, so closing the month closes it first." in text
    # 10.00 and 5.00 and 3.00, 155.00 for ten pallets on 31 days, and what is lacking to 260.
    assert "It would come to **270.00 USD** now. :green[✓] The self-check found nothing against it." in text
    test.button(key="end_of_month_close").click().run()
    assert asked(house, "eom") == []
    text = told(test)
    assert "**July 2026** becomes version 1: the days Wed 1 Jul 2026 to Fri 31 Jul 2026 are billed, and" in text
    assert "As things stand it comes to **270.00 USD**." in text
    assert "Week 2026-W31 and today are closed first." in text
    assert "The invoice goes as PDF and workbook to kim@example.com, lee@example.com." in text
    assert buttons(test)["closing_month_send"] == "Close the month and send the invoice to 2 people"
    assert not test.text_area


def test_warnings_ask_for_a_reason_on_the_page_and_on_today(site: Site) -> None:
    house = site.house
    shipped(house, 3, cost=Decimal(0))
    house.wait(1)
    house.sync()
    assert ":orange[▲] 1 label cost nothing in ShipStation" in told(site.page("end_of_month"))
    today = site.page("today")
    assert "July 2026 so far: 260.00 USD" in told(today)
    today.button(key="today_close_month").click().run()
    assert today.text_area[0].label == "Why it is issued all the same. It stands on the invoice, with your name."
    assert "1 label cost nothing in ShipStation" in told(today)


def test_in_the_first_days_of_a_month_it_asks_which_one(site: Site) -> None:
    house = site.house
    shipped(house, 3)
    go_to(house, date(2026, 8, 3))
    house.sync()
    test = site.page("end_of_month")
    text = told(test)
    assert "**July 2026** · " in text
    assert "The press asks which month: July 2026 or August 2026 so far." in text
    test.button(key="end_of_month_close").click().run()
    which = test.radio(key="closing_month_which")
    assert which.options == ["July 2026, which is just over", "August 2026 so far, through Mon 3 Aug 2026"]
    assert "**July 2026** becomes version 1" in told(test)


def test_the_job_is_told_the_month_only_where_it_is_not_this_one(site: Site) -> None:
    house = site.house

    def pressed(month: date, reason: str = "") -> dict[str, object]:
        job_id = close_month(month, reason)
        cancel(job_id)
        return next(arguments for one, _, _, arguments in asked(house, "eom") if one == job_id)

    assert pressed(JULY) == {}
    assert pressed(JULY, "Sent all the same.") == {"reason": "Sent all the same."}
    go_to(house, date(2026, 8, 3))
    assert pressed(AUGUST) == {"date": "2026-08-03"}
    assert pressed(JULY) == {"date": "2026-07-31"}


def test_a_job_under_way_stands_where_the_button_was_and_a_failed_one_beside_the_last_success(site: Site) -> None:
    house = site.house
    with stopped_at_step(house, "eom", 3):
        test = site.page("end_of_month")
        assert ":blue[►] Freeze the charges" in told(test)
        assert buttons(test) == {"end_of_month_job_cancel": "Cancel"}
    billed(house, JULY)
    assert house.job("eom", {"date": "2026-10-01"}).status == "failed"
    text = told(site.page("end_of_month"))
    assert "**The last attempt, for October 2026**. A month stays as open as it was until one succeeds." in text
    assert "Thu 1 Oct 2026 has not come yet, so it cannot be closed." in text
    assert ":green[✓ closed]: July 2026 at " in text


def test_a_closed_month_opens_from_its_figures_down_to_the_order(site: Site) -> None:
    house = site.house
    set_(house, CHARGE_REPORT_RECIPIENTS, "kim@example.com")
    shipped(house, 3, cost=Decimal("10.00"))
    shipped(house, 2, cost=Decimal("12.00"))
    house.wait(1)
    house.world.void(newest_label(house))
    house.wait(1)
    job = house.job("eom")
    assert job.status == "succeeded", job.error
    report = eom.frozen(closed(house, job))
    for charge, amount in by_charge(report.lines).items():
        if charge in CARRIER_COST:
            behind = charge_rows.labels_sum(house.app.db.read(), job.job_id, JULY, Behind(charge=charge))
            assert behind[1] == amount, charge
    test = site.page("end_of_month")
    text = told(test)
    assert "July 2026, version 1" in text
    assert "Nothing of what it bills has changed since it was issued." in text
    assert downloads(test)[:3] == ["PDF", "XLSX", "CSV"]
    assert "kept as charge-report-2026-07-v1.eml" in text
    assert [one.value for one in test.metric] == ["270.00", "10.00", "260.00", "0.00"]
    summary = next(one.value for one in test.dataframe if "part" in one.value)
    assert dict(zip(summary["charge"], summary["amount"], strict=True)) == {
        "Postage": 22, "Voids taken back": -12, "Orders": 5, "Units": 3, "Pallet-days": 155,
        "Top-up to the minimum": 97, "Amount due": 270,
    }  # fmt: skip
    days = next(one.value for one in test.dataframe if "carrier_cost" in one.value)
    assert (len(days), days["total"].sum()) == (31, 270)

    test = site.page("end_of_month", month="2026-07", version="1", rows="labels", day="2026-07-31", charge="void")
    assert "Labels: Fri 31 Jul 2026, voids taken back" in told(test)
    assert "1 label, −12.00 USD as billed." in told(test)
    test.button(key="end_of_month_orders_too").click().run()
    assert "Orders: Fri 31 Jul 2026" in told(test)
    test.button(key="end_of_month_back").click().run()
    assert "July 2026, version 1" in told(test)
    for rows, sentence in (
        ("labels", "2 labels, 10.00 USD as billed. Voided ones add nothing."),
        ("orders", "1 order, 5.00 USD in order fees."),
        ("units", "3 units, 3.00 USD in unit fees."),
        ("pallets", "Pallets at the end of each day, begun ones counted: 155.00 USD."),
        ("receipts", "0 deliveries, 0.00 USD in receipt fees."),
        ("lines", f"{len(report.lines)} lines, 270.00 USD."),
    ):
        assert sentence in told(site.page("end_of_month", month="2026-07", version="1", rows=rows)), rows


def test_a_late_void_is_shown_with_its_cause_beside_what_was_issued(site: Site) -> None:
    house = site.house
    shipped(house, 4, cost=Decimal("7.00"))
    shipped(house, 3, cost=Decimal("10.00"))
    house.wait(1)
    house.sync()
    billed(house, JULY)
    go_to(house, date(2026, 8, 5))
    house.world.void(newest_label(house))
    house.wait(1)
    house.sync(everything=True)
    test = site.page("end_of_month")
    text = told(test)
    assert ":orange[▲] **10.00 USD** to be given back, with the next month that is closed." in text
    changed = next(one.value for one in test.dataframe if "now_quantity" in one.value)
    (why,) = changed[changed["amount"] == -10]["why"]
    assert why.endswith("was voided on Wed 5 Aug 2026.")
    go_to(house, date(2026, 8, 31))
    house.sync()
    test.run()
    test.button(key="end_of_month_close").click().run()
    assert "10.00 restated of July 2026" in told(test)
    billed(house, AUGUST)
    text = told(site.page("end_of_month", month="2026-07"))
    assert "What has changed of July 2026 since was billed with August 2026." in text
    test = site.page("end_of_month")
    assert "July 2026, changed since it was billed" in told(test)
    # July is settled: another press would bill it twice.
    test.selectbox(key="end_of_month_month").set_value(JULY).run()
    test.button(key="end_of_month_afterwards").click().run()
    assert "was billed with August 2026 already, so a new version of July 2026 would bill it twice." in told(test)
    assert test.button(key="closing_month_send").disabled


def test_a_report_shows_all_that_it_says(house: House) -> None:
    report = a_full_month()
    issued(house, report)
    with a_site(house) as site:
        test = site.page("end_of_month", month="2026-11", version="2")
        text = told(test)
        assert "Invoice 2026-11-v2 to Sample Brands Inc, issued Mon 30 Nov 2026, due Wed 30 Dec 2026." in text
        assert "It replaces version 1, which said 13,480.11 USD." in text
        assert "Issued in spite of 1 warning by kim, who wrote: Both were sent with a prepaid label" in text
        assert "2 labels, 43.89 USD." in text
        assert "Order 740003 counts for Mon 2 Nov 2026 instead of Fri 30 Oct 2026." in "\n".join(
            why for one in test.dataframe if "why" in one.value for why in one.value["why"]
        )
        assert report.content_hash in [one.value for one in test.code]
        (chart,) = [json.loads(one.proto.spec) for one in test.get("plotly_chart")]
        assert [one["name"] for one in chart["data"]] == ["Carrier cost", "Service fees", "Storage", "Added lines"]
        assert sum(sum(one["y"]) for one in chart["data"]) == pytest.approx(float(report.charges))
        test.session_state["end_of_month_basis"] = True
        counts = next(one.value for one in test.run().dataframe if "beside" in one.value)
        assert counts["name"].tolist() == ["Orders", "Shipments", "Packages", "Units"]


def test_a_month_in_the_address_that_was_not_closed_is_said(site: Site) -> None:
    assert "July 2026 has not been closed." in told(site.page("end_of_month", month="2026-07", rows="labels"))
    billed(site.house, JULY)
    assert "Version 7 of July 2026 has not been closed." in told(
        site.page("end_of_month", month="2026-07", version="7")
    )
    assert "soon is no month like 2026-11." in told(site.page("end_of_month", month="soon"))


def test_a_viewer_sees_everything_and_closes_nothing(site: Site) -> None:
    billed(site.house, JULY)
    site.groups = ["shipsync-viewer"]
    test = site.page("end_of_month")
    assert not test.button
    assert "Closing needs the role operator." in told(test)
    assert "July 2026, version 1" in told(test)
