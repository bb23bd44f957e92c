"""Closing a week: what it rests on, which week it is, its report, its mail and its documents (D15, D16, D18)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event

import pytest

from shipsync.config import load_settings
from shipsync.doors.mail import SendGrid
from shipsync.jobs import queue
from shipsync.procedures import eow, mail
from shipsync.procedures.weekly_report import restated
from shipsync.rules.letterhead import FIRM
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from shipsync.rules.weeks import DAYS_OFF, WeekUnits
from shipsync.sandbox.faults import error
from shipsync.store import closing_documents, closings, invariants, jobs, outbox, weekly_history
from shipsync.store.closings import Closing
from shipsync.store.jobs import Job
from shipsync.store.settings import set_setting
from tests.doors.mail_service import MailService, a_mail_service
from tests.house import House, a_house
from tests.procedures.closing_day import (
    RINSE,
    closed,
    counted,
    failing_at,
    moved,
    once_at,
    shipped,
    states,
    step_result,
    try_again,
    versions,
)
from tests.procedures.test_alerts_and_mail import MAIL, with_mail

EOD, EOW, SYNC = "eod", "eow", "shipstation-sync"
FRIDAY = datetime(2026, 9, 18, 20, 0, tzinfo=UTC)  # one in the afternoon in the warehouse
MONDAY = date(2026, 9, 14)
KEY = "weekly-report/2026-W38/v1"
DOCUMENTS = [f"shipsync-weekly-report-2026-W38-v1.{ending}" for ending in ("csv", "pdf", "xlsx")]


@contextmanager
def at(folder: Path, year: int, month: int, day: int, hour: int = 20) -> Iterator[House]:
    """A house at an hour UTC, by default around noon, that has shipped for some weeks, if little."""
    start = datetime(year, month, day, hour, tzinfo=UTC)
    with a_house(folder, start=start) as house:
        before = start - timedelta(days=25)
        first = house.world.place_manual_order("100001", (("18795", 1),), at=before)
        house.world.buy_label(first.order_id, at=before, ship_date=before.date())
        house.sync()
        yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A warehouse on a Friday at one."""
    with at(tmp_path, 2026, 9, 18) as house:
        yield house


def report_of(house: House, job: Job) -> WeeklyReport:
    """The report that a job issued."""
    return eow.frozen(closed(house, job))


def line(report: WeeklyReport, sku: str = "17612") -> ReportLine:
    """One product of a report."""
    (found,) = [one for one in report.lines if one.sku == sku]
    return found


def days_off(house: House, text: str) -> None:
    with house.app.db.transaction() as con:
        set_setting(con, DAYS_OFF, text, "Bob", house.clock.now())


def until(house: House, instant: datetime) -> None:
    """Let time pass up to an instant."""
    house.wait((instant - house.clock.now()).total_seconds() / 60)


def closed_days(house: House) -> list[date]:
    rows = house.rows("SELECT period_start FROM closings WHERE kind = 'eod' AND closed_at IS NOT NULL ORDER BY 1")
    return [day for (day,) in rows]


def kept(house: House, monday: date = MONDAY, version: int = 1) -> dict[str, bytes]:
    """The documents of a version by name."""
    con = house.app.db.read()
    found = {}
    for head in closing_documents.documents_of(con, "eow", monday, version):
        document = closing_documents.document(con, "eow", monday, version, head.name)
        assert document is not None
        assert hashlib.sha256(document.content).hexdigest() == head.sha256
        found[head.name] = document.content
    return found


# What it does


def test_a_week_is_closed_with_its_day_its_report_and_its_documents(house: House) -> None:
    counted(house, "17612", "250237", 100, FRIDAY - timedelta(days=10))
    shipped(house, 3)
    shipped(house, 4)
    house.wait()
    one = closed(house, house.job(EOW))
    assert (one.period_start, one.period_end, one.version, one.records) == (MONDAY, date(2026, 9, 20), 1, 7)
    assert one.sentence == "Week 38: 7 units, 5 SKUs unknown"
    assert one.as_of == house.clock.now()
    made = eow.frozen(one)
    assert made.content_hash == one.content_hash
    assert one.content_hash == hashlib.sha256(str(one.content).encode()).hexdigest()
    assert (made.orders_shipped, made.parcels, made.units_shipped, made.is_complete) == (2, 2, 7, True)
    rinse = line(made)
    assert (rinse.shipped, rinse.quantity, rinse.moved.opening, rinse.moved.shipped) == (7, 93, 100, 7)
    assert sorted(kept(house)) == DOCUMENTS
    assert list(invariants.broken(house.app.db.read())) == []


def test_every_step_leaves_its_mark(house: House) -> None:
    shipped(house, 3)
    house.wait()
    job = house.job(EOW)
    assert states(house, job.job_id) == dict.fromkeys(
        ["day", "weeks", "stock", "report", "mail", "archive"], "succeeded"
    )
    assert step_result(house, job.job_id, "day") == {
        "week": "2026-09-14",
        "rests on": "2026-09-18",
        "closed by": "eod.1",
    }
    assert step_result(house, job.job_id, "stock") == {"skus": 5}
    made = report_of(house, job)
    assert step_result(house, job.job_id, "report") == {
        "week": "2026-W38",
        "version": 1,
        "subject": made.subject,
        "hash": made.content_hash,
    }
    assert step_result(house, job.job_id, "mail") == {"recipients": 0, "status": "nobody"}
    assert job.result == {
        "week": "2026-W38",
        "version": 1,
        "sentence": made.subject,
        "stated": list(made.stated),
    }


# The day it rests on


def test_a_day_that_is_open_is_closed_first(house: House) -> None:
    house.job(EOW)
    day = closings.closed(house.app.db.read(), "eod", FRIDAY.date())
    assert day is not None
    assert (day.job_id, day.begun_by, day.version) == ("eod.1", "eow", 1)
    runs = house.rows("SELECT run_id FROM runs ORDER BY token, run_id")
    assert runs == [("eod.1",), ("eow.1",), (f"{SYNC}.1",), (f"{SYNC}.2",)]


def test_a_day_that_is_closed_is_not_closed_again(house: House) -> None:
    first = closed(house, house.job(EOD))
    house.wait(60)
    one = closed(house, house.job(EOW))
    assert versions(house, "eod", FRIDAY.date()) == [1]
    assert one.as_of == first.as_of  # nothing has been read since
    assert step_result(house, "eow.1", "day")["closed by"] == "eod.1"
    assert house.rows("SELECT count(*) FROM runs WHERE workflow_name = 'shipstation-sync'") == [(2,)]


def test_what_was_shipped_after_the_day_was_closed_is_in_stock_and_units_alike(house: House) -> None:
    counted(house, "17612", "250237", 100)
    shipped(house, 3)
    house.wait()
    house.job(EOD)
    house.wait(60)
    shipped(house, 4)
    house.wait()
    house.sync()
    one = closed(house, house.job(EOW))
    assert one.as_of == house.clock.now()
    rinse = line(eow.frozen(one))
    assert (rinse.shipped, rinse.moved.shipped, rinse.quantity) == (7, 7, 93)


def test_yesterdays_closing_is_not_todays(house: House) -> None:
    house.job(EOD, {"date": "2026-09-17"})
    house.job(EOW)
    assert closed_days(house) == [date(2026, 9, 17), date(2026, 9, 18)]


def test_when_the_day_cannot_be_closed_the_week_is_not(house: House) -> None:
    house.faults.add("orders", error(503))
    job = house.job(EOW)
    assert job.status == "failed"
    assert str(job.error).startswith(
        "End of day did not succeed, and this rests on it: Sync with ShipStation did not succeed, and this rests on it:"
    )
    assert closings.closed(house.app.db.read(), "eow", MONDAY) is None
    assert closed_days(house) == []
    # A failed closing of the day is not done: the retry closes it.
    house.faults.clear()
    house.wait()
    one = closed(house, try_again(house, "eow.1"))
    assert one.version == 1
    assert step_result(house, "eow.1", "day")["closed by"] == "eod.2"


def test_a_day_whose_closing_has_failed_is_not_done(house: House) -> None:
    house.faults.add("orders", error(503))
    assert house.job(EOD).status == "failed"
    house.faults.clear()
    house.wait()
    house.job(EOW)
    assert step_result(house, "eow.1", "day")["closed by"] == "eod.2"


def test_a_press_of_the_day_that_waits_already_is_joined(house: House) -> None:
    house.app.enqueue(EOW, {}, "Ann")
    house.wait(1)
    house.app.enqueue(EOD, {}, "Bob")
    while house.app.worker.run_next():
        pass
    assert [(one.job_id, one.requested_by) for one in jobs.latest_jobs(house.app.db.read(), EOD)] == [("eod.1", "Bob")]
    assert versions(house, "eod", FRIDAY.date()) == [1]
    assert versions(house, "eow", MONDAY) == [1]


def test_pressed_twice_it_is_one_job(house: House) -> None:
    asked = [house.app.enqueue(EOW, {}, by).job_id for by in ("Ann", "Ann", "HTTP", "schedule")]
    assert asked == ["eow.1"] * 4
    while house.app.worker.run_next():
        pass
    assert versions(house, "eow", MONDAY) == [1]


def test_cancelled_in_the_sync_within_its_day_nothing_is_closed(house: House) -> None:
    house.world.bulk_orders(600, timedelta(hours=1), FRIDAY)
    with once_at(house, "orders", lambda: queue.cancel(house.app.db, "eow.1", "Bob", house.clock.now())):
        job = house.job(EOW)
    cancelled = house.rows("SELECT job_id FROM jobs WHERE status = 'cancelled' ORDER BY job_id")
    assert cancelled == [("eod.1",), ("eow.1",), (f"{SYNC}.2",)]
    assert job.error == "Cancelled by a person; what was finished before stays."
    assert house.rows("SELECT count(*) FROM closings WHERE closed_at IS NOT NULL") == [(0,)]
    assert closed(house, try_again(house, "eow.1")).version == 1


# Which week, and what is stated of it


def test_pressed_on_thursday_it_says_so_and_is_in_no_average(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 9, 17) as house:
        shipped(house, 3)
        house.wait()
        made = report_of(house, house.job(EOW))
        assert made.stated == (
            "Made on Thu 17 Sep 2026, before the week's last working day, Fri 18 Sep 2026, was closed: its figures are "
            "those so far, and it is in no average.",
        )
        assert (made.is_complete, line(made).shipped, line(made).weeks_counted) == (False, 3, 0)
        # On Friday it is closed again, as another version.
        until(house, FRIDAY)
        shipped(house, 4)
        house.wait()
        second = report_of(house, house.job(EOW))
        assert (second.version, second.stated, second.is_complete, line(second).shipped) == (2, (), True, 7)
        assert (line(second).weeks_counted, line(second).weeks[-1]) == (1, 7)


def test_a_friday_that_is_off_makes_thursday_the_weeks_last_day(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 9, 17) as house:
        days_off(house, "2026-09-18")
        made = report_of(house, house.job(EOW))
        assert (made.is_complete, made.stated) == (True, ("Days off in this week: Fri 18 Sep 2026.",))


def test_in_the_week_of_thanksgiving_wednesday_is_the_last_day(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 11, 25) as house:
        days_off(house, "2026-11-26, 2026-11-27")
        made = report_of(house, house.job(EOW))
        assert (made.name, made.is_complete) == ("2026-W48", True)
        assert made.stated == ("Days off in this week: Thu 26 Nov 2026, Fri 27 Nov 2026.",)


def test_pressed_on_sunday_the_week_rests_on_that_sunday(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 9, 20) as house:
        made = report_of(house, house.job(EOW))
        assert (made.name, made.is_complete, closed_days(house)) == ("2026-W38", True, [date(2026, 9, 20)])


@pytest.mark.parametrize(
    "working", ["Mon-Fri", *(pytest.param(one, marks=pytest.mark.sweep) for one in ("Mon-Sun", "all off"))]
)
def test_a_week_that_is_over_rests_on_its_last_working_day(working: str, tmp_path: Path) -> None:
    rests_on = {"Mon-Fri": date(2026, 9, 18), "Mon-Sun": date(2026, 9, 20), "all off": date(2026, 9, 20)}[working]
    with at(tmp_path, 2026, 9, 16) as house:
        if working == "Mon-Sun":
            with house.app.db.transaction() as con:
                set_setting(con, "working_days", "mon,tue,wed,thu,fri,sat,sun", "Bob", house.clock.now())
        if working == "all off":
            days_off(house, ",".join(f"2026-09-{day}" for day in range(14, 19)))
        counted(house, "17612", "250237", 100)
        shipped(house, 3)
        until(house, datetime(2026, 9, 21, 5, 0, tzinfo=UTC))  # Sunday night, at ten
        shipped(house, 2)
        until(house, datetime(2026, 9, 23, 20, 0, tzinfo=UTC))  # the Wednesday after
        shipped(house, 50)
        house.wait()
        house.job(EOD)
        made = report_of(house, house.job(EOW, {"date": "2026-09-17"}))
        assert closed_days(house) == [rests_on, date(2026, 9, 23)]
        assert (made.name, made.is_complete, made.as_of) == (
            "2026-W38",
            True,
            datetime(2026, 9, 21, 7, tzinfo=UTC) - timedelta(microseconds=1),
        )
        rinse = line(made)
        assert (rinse.shipped, rinse.quantity, rinse.moved.opening, rinse.moved.shipped) == (5, 95, 0, 5)
        assert made.stated[-1] == ("Made afterwards, on Wed 23 Sep 2026: the orders that wait are those of that day.")


def test_a_week_may_be_asked_for_by_any_of_its_days(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 9, 16) as house:
        for day in ("2026-09-14", "2026-09-18", "2026-09-20"):
            assert closed(house, house.job(EOW, {"date": day})).period_start == MONDAY
        assert versions(house, "eow", MONDAY) == [3, 2, 1]
        assert closed_days(house) == [date(2026, 9, 16)]


def test_a_week_that_has_not_come_is_refused(house: House) -> None:
    job = house.job(EOW, {"date": "2026-09-23"})
    assert (job.status, job.error) == ("failed", "Mon 21 Sep 2026 has not come yet, so it cannot be closed.")
    assert house.rows("SELECT count(*) FROM closings") == [(0,)]


def test_week_53_and_the_turn_of_the_year(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 12, 31) as house:
        days_off(house, "2026-12-25, 2027-01-01")
        shipped(house, 3)
        until(house, datetime(2027, 1, 1, 4, 0, tzinfo=UTC))  # the evening of the 31st
        one = closed(house, house.job(EOW))
        assert (one.period_start, one.period_end, one.sentence) == (
            date(2026, 12, 28),
            date(2027, 1, 3),
            "Week 53: 3 units, 5 SKUs unknown",
        )
        assert (eow.frozen(one).name, eow.frozen(one).is_complete) == ("2026-W53", True)
        assert eow.frozen(one).stated == ("Days off in this week: Fri 1 Jan 2027.",)
        until(house, datetime(2027, 1, 8, 21, 0, tzinfo=UTC))
        after = report_of(house, house.job(EOW))
        assert (after.name, after.weeks[-2:]) == ("2027-W01", (date(2026, 12, 28), date(2027, 1, 4)))
        assert line(after).weeks[-2:] == (3, 0)


def test_a_week_that_ends_with_the_autumn_change_is_an_hour_longer(tmp_path: Path) -> None:
    with at(tmp_path, 2026, 10, 25) as house:
        house.sync()
        until(house, datetime(2026, 11, 2, 7, 30, tzinfo=UTC))  # half past eleven at night on Sunday
        shipped(house, 3, ship_date=date(2026, 11, 1))
        until(house, datetime(2026, 11, 2, 8, 30, tzinfo=UTC))  # half past midnight
        shipped(house, 4, ship_date=date(2026, 11, 2))
        house.wait()
        made = report_of(house, house.job(EOW, {"date": "2026-10-30"}))
        assert (made.name, line(made).shipped) == ("2026-W44", 3)
        assert made.as_of == datetime(2026, 11, 2, 8, tzinfo=UTC) - timedelta(microseconds=1)
        assert (line(made).moved.shipped, line(made).weeks_counted) == (3, 1)


def load(house: House, *mondays: date, units: int = 10) -> None:
    """Somebody has loaded these weeks of 17612."""
    with house.app.db.transaction() as con:
        rows = [WeekUnits(monday, "17612", units) for monday in mondays]
        weekly_history.put_loaded(con, rows, house.clock.now())


def test_weeks_that_are_not_known_are_stated(house: House) -> None:
    load(house, *(date(2026, 7, 13) + timedelta(weeks=number) for number in range(4)))
    made = report_of(house, house.job(EOW))
    assert made.stated == (
        "2 weeks are not known, from Mon 10 Aug 2026 on: averages leave them out. Load them as weekly history.",
    )
    assert line(made).weeks[-11:] == (None, 10, 10, 10, 10, None, None, 0, 0, 0, 0)
    assert (line(made).weekly_average, line(made).weeks_counted) == (40 / 8, 8)


def test_a_week_in_which_shipping_began_says_from_when_on_it_is_known(tmp_path: Path) -> None:
    with a_house(tmp_path, start=FRIDAY) as house:
        shipped(house, 3)
        house.wait()
        made = report_of(house, house.job(EOW))
        assert (made.units_shipped, line(made).weeks[-1], line(made).weeks_counted) == (3, 3, 0)
        assert made.stated == (
            "Shipments are known from Fri 18 Sep 2026 on: what left earlier in this week is not in it.",
        )
        # The next week it is no week to reckon with.
        until(house, datetime(2026, 9, 25, 20, 0, tzinfo=UTC))
        assert line(report_of(house, house.job(EOW))).weeks[-2:] == (None, 0)


def test_a_week_before_all_that_was_read_is_not_taken_for_empty(house: House) -> None:
    made = report_of(house, house.job(EOW, {"date": "2026-08-14"}))
    assert made.stated[-1] == (
        "Nothing is known of what left in this week: it lies before all that was read. Load it as weekly history."
    )
    assert (line(made).shipped, line(made).weeks[-1]) == (0, None)
    load(house, date(2026, 8, 10))
    made = report_of(house, house.job(EOW, {"date": "2026-08-14"}))
    assert (line(made).shipped, line(made).weeks[-1], made.version) == (10, 10, 2)
    assert not any("Nothing is known" in sentence for sentence in made.stated)


def test_in_an_account_in_which_nothing_has_left_a_week_is_empty(tmp_path: Path) -> None:
    with a_house(tmp_path, start=FRIDAY) as house:
        made = report_of(house, house.job(EOW))
        assert (made.units_shipped, line(made).weeks[-1], made.stated) == (0, 0, ())


# What changes later


def two_weeks(house: House) -> tuple[Closing, int]:
    """A week that was closed with 7 units, two labels in it, and the next one. The closing and a label's id."""
    counted(house, "17612", "250237", 100)
    until(house, datetime(2026, 9, 24, 20, 0, tzinfo=UTC))
    shipped(house, 3)
    first = max(house.world.books.shipments)
    shipped(house, 4)
    until(house, datetime(2026, 9, 25, 20, 0, tzinfo=UTC))
    one = closed(house, house.job(EOW))
    until(house, datetime(2026, 9, 30, 20, 0, tzinfo=UTC))
    return one, first


def test_a_late_void_of_an_older_week_is_told_as_a_restatement_and_changes_nothing_issued(house: House) -> None:
    """I8."""
    issued, shipment_id = two_weeks(house)
    before = kept(house, issued.period_start)
    assert restated(house.app.db.read(), issued) == []
    house.world.void(shipment_id)
    until(house, datetime(2026, 10, 2, 20, 0, tzinfo=UTC))
    house.sync(everything=True)
    changes = restated(house.app.db.read(), issued)
    assert [(one.sku, one.issued, one.now, one.change) for one in changes] == [("17612", 7, 4, -3)]
    following = report_of(house, house.job(EOW))
    assert line(following).weeks[-2:] == (4, 0)
    assert (line(following).moved.voided, line(following).quantity) == (3, 96)
    again = closings.closed(house.app.db.read(), "eow", issued.period_start)
    assert again == issued
    assert kept(house, issued.period_start) == before
    # Made again it is another version, with what is known now.
    second = report_of(house, house.job(EOW, {"date": "2026-09-25"}))
    assert (second.version, line(second).shipped) == (2, 4)
    assert restated(house.app.db.read(), closed(house, jobs_job(house, "eow.3"))) == []
    assert closings.closed(house.app.db.read(), "eow", issued.period_start, version=1) == issued


def jobs_job(house: House, job_id: str) -> Job:
    found = jobs.job(house.app.db.read(), job_id)
    assert found is not None
    return found


def test_all_of_a_week_that_was_voided_is_told_as_none(house: House) -> None:
    issued, _ = two_weeks(house)
    for shipment_id in sorted(house.world.books.shipments)[1:]:
        house.world.void(shipment_id)
    house.wait()
    house.sync(everything=True)
    changes = restated(house.app.db.read(), issued)
    assert [(one.sku, one.issued, one.now) for one in changes] == [("17612", 7, 0)]


def test_a_late_label_dated_into_an_older_week_is_picked_up(house: House) -> None:
    issued, _ = two_weeks(house)
    shipped(house, 5, ship_date=date(2026, 9, 25))
    until(house, datetime(2026, 10, 2, 20, 0, tzinfo=UTC))
    with house.app.db.transaction() as con:  # as in a database whose weeks were counted before
        con.execute("UPDATE weekly_shipped_history SET quantity_shipped = 7 WHERE sku = '17612'")
    job = house.job(EOW)
    assert line(report_of(house, job)).weeks[-2:] == (12, 0)
    assert [(one.issued, one.now) for one in restated(house.app.db.read(), issued)] == [(7, 12)]


# Once issued


def test_tried_again_after_a_failed_step_nothing_is_computed_again(house: House) -> None:
    shipped(house, 3)
    house.wait()
    with failing_at(house, EOW, "mail"):
        assert house.job(EOW).error == "Too little space."
    begun = closings.closing_of(house.app.db.read(), "eow.1")
    assert begun is not None
    assert (begun.closed_at, begun.version) == (None, None)
    assert closings.closed(house.app.db.read(), "eow", MONDAY) is None
    # Much changes meanwhile.
    shipped(house, 40)
    counted(house, "17612", "250237", 1, house.clock.now())
    house.wait(60)
    house.sync()
    one = closed(house, try_again(house, "eow.1"))
    assert (one.version, one.content, one.content_hash) == (1, begun.content, begun.content_hash)
    assert sorted(kept(house)) == DOCUMENTS


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.sweep) for name in ("day", "weeks", "stock", "report", "archive")), "mail"],
)
def test_a_step_that_is_done_twice_does_no_harm(name: str, house: House) -> None:
    door = with_mail(house)
    counted(house, "17612", "250237", 100)
    shipped(house, 3)
    house.wait()
    with failing_at(house, EOW, name):
        assert house.job(EOW).error == "Too little space."
    frozen = closings.closing_of(house.app.db.read(), "eow.1")
    house.wait(10)
    one = closed(house, try_again(house, "eow.1"))
    assert frozen is not None
    assert frozen.content in (None, one.content)
    assert (one.version, line(eow.frozen(one)).quantity) == (1, 97)
    assert sorted(kept(house)) == DOCUMENTS
    assert [sent.mail_key for sent in door.mails] == [KEY]
    assert list(invariants.broken(house.app.db.read())) == []


def test_one_that_was_mailed_and_not_closed_keeps_its_version(house: House) -> None:
    """Somebody presses anew instead of trying again: two reports must not be known by one name."""
    door = with_mail(house)
    shipped(house, 3)
    house.wait()
    with failing_at(house, EOW, "mail"):
        house.job(EOW)
    shipped(house, 4)
    house.wait()
    house.sync()
    second = closed(house, house.job(EOW))
    assert (second.version, second.job_id, second.records) == (2, "eow.2", 7)
    first = closed(house, try_again(house, "eow.1"))
    assert (first.version, first.records) == (1, 3)
    assert [sent.mail_key for sent in door.mails] == [KEY, KEY.replace("v1", "v2")]
    newest = closings.closed(house.app.db.read(), "eow", MONDAY)
    assert newest is not None
    assert newest.job_id == "eow.2"
    assert [len(kept(house, version=version)) for version in (1, 2)] == [3, 3]


def test_the_documents_are_those_that_were_mailed(house: House) -> None:
    door = with_mail(house)
    with failing_at(house, EOW, "mail"):
        house.job(EOW)
    with house.app.db.transaction() as con:
        set_setting(con, FIRM, "Another Firm", "Bob", house.clock.now())
    closed(house, try_again(house, "eow.1"))
    (sent,) = door.mails
    assert {file.name: file.content for file in sent.files} == kept(house)


def test_the_documents_of_one_report_are_always_the_same(house: House) -> None:
    shipped(house, 3)
    house.wait()
    one = closed(house, house.job(EOW))
    house.wait(60 * 24)
    made = {file.name: file.content for file in eow.documents(eow.frozen(one), eow.letterhead(house.app.db.read()))}
    assert made == kept(house)


# The mail


def with_service(house: House, service: MailService, *, patience_s: float = 30.0) -> None:
    house.app.settings = load_settings(MAIL, None)
    house.app.doors["mail"] = SendGrid(service.url, "SG.key", answer_timeout_s=patience_s)  # type: ignore[index]


def test_the_report_goes_to_its_recipients_with_its_documents(house: House) -> None:
    with house.app.db.transaction() as con:
        set_setting(con, "weekly_report_recipients", "brand@example.com, lead@example.com", "Bob", house.clock.now())
    door = with_mail(house)
    shipped(house, 3)
    house.wait()
    job = house.job(EOW)
    (sent,) = door.mails
    assert (sent.mail_key, sent.sender) == (KEY, "warehouse@example.com")
    assert sent.recipients == ("brand@example.com", "lead@example.com")
    assert sent.subject == "[sandbox] Week 38: 3 units, 5 SKUs unknown"
    assert sorted(file.name for file in sent.files) == DOCUMENTS
    assert "/end_of_week?week=2026-W38" in sent.text
    assert step_result(house, job.job_id, "mail") == {"recipients": 2, "status": "sent", "mail": KEY}


def test_without_recipients_the_week_is_closed_and_nobody_gets_it(house: House) -> None:
    job = house.job(EOW)
    assert closed(house, job).version == 1
    assert step_result(house, job.job_id, "mail")["status"] == "nobody"
    assert outbox.latest(house.app.db.read()) == []


def test_without_a_key_the_mail_is_a_file_with_the_documents(house: House, tmp_path: Path) -> None:
    house.app.settings = load_settings({"SHIPSYNC_MAIL_TO": "lead@example.com"}, None)
    job = house.job(EOW)
    assert closed(house, job).version == 1
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name == "weekly-report-2026-W38-v1.eml"
    read = message_from_bytes(path.read_bytes(), policy=policy.default)
    attached = {str(one.get_filename()): one.get_payload(decode=True) for one in read.walk() if one.get_filename()}
    assert attached == kept(house)


def test_a_mail_that_is_refused_waits_for_a_person_and_the_week_is_closed(house: House) -> None:
    with a_mail_service(status=401, body=b'{"errors": [{"message": "Maximum credits exceeded"}]}') as service:
        with_service(house, service)
        job = house.job(EOW)
        assert closed(house, job).version == 1
        assert step_result(house, job.job_id, "mail")["status"] == "failed"
        for _ in range(3):
            house.wait(60)
            house.job(mail.KIND)
        assert len(service.mails) == 1
        service.status = 202
        assert mail.decide(house.app.db, KEY, send_again=True, by="Bob", now=house.clock.now())
        house.job(mail.KIND)
        assert len(service.mails) == 2
    assert versions(house, "eow", MONDAY) == [1]


def test_a_mail_service_that_is_busy_is_asked_again_without_the_closing(house: House) -> None:
    with a_mail_service(status=503) as service:
        with_service(house, service)
        job = house.job(EOW)
        assert step_result(house, job.job_id, "mail")["status"] == "queued"
        before = closed(house, job)
        service.status = 202
        house.wait(5)
        house.job(mail.KIND)
        assert len(service.mails) == 2
    sent = outbox.mail(house.app.db.read(), KEY)
    assert sent is not None
    assert sent.status == "sent"
    assert closed(house, job) == before


def lost(service: MailService) -> None:
    service.hangs_up = True


def slow(service: MailService) -> None:
    asked_enough = Event()
    service.on_mail = lambda: asked_enough.wait(0.5) and None


@pytest.mark.parametrize("how", [lost, slow])
def test_a_mail_of_which_nobody_knows_is_never_sent_twice(how: Callable[[MailService], None], house: House) -> None:
    """I7."""
    with a_mail_service() as service:
        how(service)
        with_service(house, service, patience_s=0.1)
        job = house.job(EOW)
        assert closed(house, job).version == 1
        assert step_result(house, job.job_id, "mail")["status"] == "unknown"
        for _ in range(3):
            house.wait(60)
            house.job(mail.KIND)
        assert len(service.mails) == 1
    unknown = outbox.mail(house.app.db.read(), KEY)
    assert unknown is not None
    assert (unknown.status, unknown.said) == ("unknown", "The connection to the mail service broke before it answered.")


def test_a_second_version_is_a_mail_of_its_own(house: House) -> None:
    door = with_mail(house)
    house.job(EOW)
    moved(house, "receive", "17612", "250237", 5, house.clock.now())
    house.wait()
    house.job(EOW)
    assert [sent.mail_key for sent in door.mails] == [KEY, KEY.replace("v1", "v2")]


def test_the_summary_tells_of_the_week_too(house: House) -> None:
    one = closed(house, house.job(EOW))
    house.wait(60)
    with failing_at(house, EOW, "stock"):
        failed = house.job(EOW)
    [(last, status, details)] = house.rows(
        "SELECT last_sync_timestamp, status, details FROM sync_tracking WHERE sync_type = 'eow'"
    )
    assert (last, status, details) == (one.closed_at, "failed", failed.error)


def test_items_without_a_key_product_are_in_no_line_of_the_report(house: House) -> None:
    order = house.world.place_manual_order(items=((RINSE, 1), ("18901", 2)))
    house.world.buy_label(order.order_id)
    house.wait()
    made = report_of(house, house.job(EOW))
    assert {one.sku for one in made.lines} == {"17612", "17904", "17914", "18675", "18795"}
    assert (made.units_shipped, made.parcels) == (1, 1)
