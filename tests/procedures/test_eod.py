"""Closing a day: what it says, what it freezes, what it finds different, and that failing leaves the day open (D15)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipsync.jobs import queue
from shipsync.sandbox.faults import error
from shipsync.store import closings, invariants, jobs, ledger, workflows
from shipsync.store import inventory as inventory_store
from shipsync.store.jobs import Job
from tests.house import NOON, SYNC, House, a_house
from tests.procedures.closing_day import (
    DAY,
    RINSE,
    closed,
    content,
    counted,
    expected,
    failing_at,
    moved,
    once_at,
    shipped,
    states,
    step_result,
    try_again,
    versions,
    waiting,
)

EOD = "eod"
SUMMARY = """
    SELECT last_sync_timestamp, records_processed, status, details, last_attempt_at
    FROM sync_tracking
    WHERE sync_type = 'eod'
"""


def not_done(house: House, job: Job) -> str:
    """Assert that a job has closed nothing. Why."""
    assert job.status != "succeeded"
    assert closings.closed(house.app.db.read(), "eod", DAY) is None
    assert closings.closed_through(house.app.db.read(), DAY) is None
    assert house.rows("SELECT * FROM expected_stock") == []
    return str(job.error)


def differences(house: House, job: Job) -> list[str]:
    """What a closed day found different from ShipStation."""
    found: list[str] = content(closed(house, job))["census"]["differences"]
    return found


def lists(house: House, job: Job) -> dict[str, tuple[int, int, int, int]]:
    """(there, here, not ours, held) of each list that was compared."""
    return {
        one["what"]: (one["there"], one["here"], one["not ours"], one["held"])
        for one in content(closed(house, job))["census"]["lists"]
    }


# What it says and does


def test_a_day_is_closed_and_says_what_was_shipped(house: House) -> None:
    for _ in range(23):
        shipped(house)
    house.wait()
    one = closed(house, house.job(EOD))
    assert one.sentence == "Physical count ready: 23 orders shipped today, 5 SKUs updated"
    assert (one.period_start, one.period_end, one.version, one.records) == (DAY, DAY, 1, 23)
    assert (one.begun_by, one.closed_at, one.as_of) == ("test", house.clock.now(), house.clock.now())
    assert one.stated == ()


def test_one_order_is_not_told_as_several(house: House) -> None:
    shipped(house)
    house.wait()
    assert "1 order shipped today" in str(closed(house, house.job(EOD)).sentence)


def test_a_day_on_which_nothing_was_shipped_is_closed_like_any_other(house: House) -> None:
    one = closed(house, house.job(EOD))
    assert one.sentence == "Physical count ready: 0 orders shipped today, 5 SKUs updated"


def test_every_step_leaves_its_mark(house: House) -> None:
    counted(house, "17612", "250237", 100)
    counted(house, "17904", "", 7)
    shipped(house, 3)
    waiting(house, 2, "17904 - 250301")
    house.wait()
    house.sync()
    with house.app.db.transaction() as con:  # as in a database from before the ledger
        con.execute("DELETE FROM inventory_transactions WHERE kind = 'ship'")
    job = house.job(EOD)
    one = closed(house, job)

    synced = jobs.job(house.app.db.read(), step_result(house, job.job_id, "sync")["synced by"])
    assert synced is not None
    assert (synced.kind, synced.status, synced.requested_by, synced.arguments) == (
        SYNC,
        "succeeded",
        "eod",
        {"everything": True},
    )
    assert step_result(house, job.job_id, "sync")["known through"] == house.clock.now().isoformat()
    assert step_result(house, job.job_id, "shipped") == {"orders": 1, "parcels": 1, "units": 3}
    assert house.rows("SELECT kind, quantity FROM inventory_transactions WHERE kind = 'ship'") == [("ship", -3)]
    assert lists(house, job) == {
        "orders awaiting shipment": (1, 1, 0, 0),
        "labels": (1, 1, 0, 0),
        "marks as shipped": (0, 0, 0, 0),
    }
    stock = {row.current.sku: row.current for row in inventory_store.current(house.app.db.read())}
    assert (stock["17612"].current_quantity, stock["17612"].awaiting_quantity) == (97, 0)
    assert (stock["17904"].current_quantity, stock["17904"].available_quantity) == (7, 5)
    assert step_result(house, job.job_id, "recalculate") == {"skus": 5, "weeks changed": 0}
    assert expected(house) == {("17612", "250237"): 97, ("17904", ""): 7}
    assert content(one)["expected"] == [
        ["17612", "250237", 97],
        ["17904", "", 7],
        ["17914", "", 0],
        ["18675", "", 0],
        ["18795", "", 0],
    ]
    assert one.content is not None
    assert one.content_hash == hashlib.sha256(one.content.encode()).hexdigest()
    assert list(invariants.broken(house.app.db.read())) == []


def test_what_the_lists_answered_is_kept_as_proof_and_applied_to_nothing(house: House) -> None:
    waiting(house)
    house.wait()
    house.job(EOD)
    proof = house.rows("SELECT feed, applied_at IS NOT NULL FROM readings WHERE workflow_name = 'eod' ORDER BY feed")
    assert proof == [("fulfillments", True), ("orders", True), ("shipments", True)]
    assert house.rows("SELECT DISTINCT run_id FROM routing_log") == [(f"{SYNC}.1",)]


def test_the_run_keeps_its_figures_and_its_story(house: House) -> None:
    shipped(house, 4)
    house.wait()
    house.job(EOD)
    [(counts, log)] = house.rows("SELECT counts, log FROM runs WHERE run_id = 'eod.1'")
    assert '"orders shipped": 1' in counts
    assert '"differences with ShipStation": 0' in counts
    assert "Shipped on 2026-09-16: 1 order, 1 parcel, 4 units." in log
    assert "labels: 1 at ShipStation, 1 here." in log


# Dates


def test_a_day_of_the_past_is_closed_with_its_own_figures_and_says_so(house: House) -> None:
    counted(house, "17612", "250237", 100, NOON - timedelta(days=3))
    shipped(house, 3, at=NOON - timedelta(days=1), ship_date=DAY - timedelta(days=1))
    shipped(house, 2)
    house.wait()
    yesterday = DAY - timedelta(days=1)
    one = closed(house, house.job(EOD, {"date": yesterday.isoformat()}))
    assert one.sentence == "Physical count ready: 1 order shipped on Tue 15 Sep 2026, 5 SKUs updated"
    assert one.stated == ("Closed afterwards, on Wed 16 Sep 2026: the orders that waited then cannot be counted now.",)
    assert one.as_of == datetime(2026, 9, 16, 7, tzinfo=UTC) - timedelta(microseconds=1)
    assert expected(house, yesterday) == {("17612", "250237"): 97}
    # Stock itself is as of now.
    assert {row.current.sku: row.current.current_quantity for row in inventory_store.current(house.app.db.read())}[
        "17612"
    ] == 95
    assert "orders awaiting shipment" not in lists(house, house.job(EOD, {"date": yesterday.isoformat()}))
    assert closings.closed(house.app.db.read(), "eod", DAY) is None


def test_a_label_dated_back_into_a_day_of_the_past_is_compared_too(house: House) -> None:
    """It was made after the day was over: what leaves then, left with the day's last instant."""
    yesterday = DAY - timedelta(days=1)
    order = house.world.place_manual_order("W-55", (("OTHER-1", 1),))  # nobody looks for parcels of another shop
    house.world.buy_label(order.order_id, ship_date=yesterday)
    house.sync()
    house.wait(8 * 24 * 60)  # the labels of a week are read again each day
    house.sync(everything=True)
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM shipments")
    house.wait(60)
    (told,) = differences(house, house.job(EOD, {"date": yesterday.isoformat()}))
    assert "is at ShipStation and not here" in told


def test_a_day_before_all_that_was_read_says_so(house: House) -> None:
    house.sync()
    one = closed(house, house.job(EOD, {"date": "2026-08-03"}))
    assert one.stated[-1] == (
        "ShipStation has been read from Tue 18 Aug 2026 on: what was shipped before may not be known."
    )
    assert len(closed(house, house.job(EOD, {"date": "2026-08-18"})).stated) == 1


def test_a_day_that_has_not_come_is_refused(house: House) -> None:
    job = house.job(EOD, {"date": "2026-09-17"})
    assert not_done(house, job) == "Thu 17 Sep 2026 has not come yet, so it cannot be closed."
    assert house.rows("SELECT count(*) FROM closings") == [(0,)]
    assert house.rows("SELECT count(*) FROM jobs WHERE kind = 'shipstation-sync'") == [(0,)]


def test_today_is_the_warehouses(tmp_path: Path) -> None:
    # 5:30 in the morning of the 17th in London, half past nine in the evening of the 16th in Los Angeles.
    with a_house(tmp_path, start=datetime(2026, 9, 17, 4, 30, tzinfo=UTC)) as house:
        assert closed(house, house.job(EOD)).period_start == DAY


@pytest.mark.parametrize(
    ("noon", "hours"),
    [(datetime(2026, 11, 1, 20, tzinfo=UTC), 25), (datetime(2027, 3, 14, 19, tzinfo=UTC), 23)],
    ids=["autumn", "spring"],
)
def test_a_day_of_a_clock_change_is_as_long_as_it_is(noon: datetime, hours: int, tmp_path: Path) -> None:
    with a_house(tmp_path, start=noon - timedelta(days=1)) as house:
        counted(house, "17612", "250237", 100)
        house.wait(24 * 60)
        shipped(house, 1)
        day = noon.date()
        house.wait(11 * 60)
        shipped(house, 2, ship_date=day)  # at 23:00 of the day
        house.wait(120)
        one = closed(house, house.job(EOD, {"date": day.isoformat()}))
        assert content(one)["shipped"] == {"orders": 2, "parcels": 2, "units": 3}
        assert expected(house, day) == {("17612", "250237"): 97}
        starts = [row for (row,) in house.rows("SELECT period_start FROM closings")]
        assert starts == [day]
        assert one.as_of is not None
        midnight = noon.replace(hour=7 if hours == 25 else 8)
        assert one.as_of - midnight == timedelta(hours=hours) - timedelta(microseconds=1)


def test_a_closing_begun_before_midnight_stays_with_its_day(house: House) -> None:
    house.faults.add("orders", error(503))
    counted(house, "17612", "250237", 10)
    house.wait(10 * 60 + 55)  # 23:55
    assert house.job(EOD).status == "failed"
    house.faults.clear()
    house.wait(60)
    one = closed(house, try_again(house, "eod.1"))
    assert one.period_start == DAY
    assert one.sentence == "Physical count ready: 0 orders shipped on Wed 16 Sep 2026, 5 SKUs updated"
    assert expected(house) == {("17612", "250237"): 10}


# What it rests on


def test_with_the_sync_switched_off_the_day_is_not_closed(house: House) -> None:
    with house.app.db.transaction() as con:
        workflows.set_enabled(con, SYNC, False, "Bob", house.clock.now())
    said = "Sync with ShipStation is switched off, and this rests on it. Switch it on under Sync, and try again."
    assert not_done(house, house.job(EOD)) == said
    with house.app.db.transaction() as con:
        workflows.set_enabled(con, SYNC, True, "Bob", house.clock.now())
    assert closed(house, try_again(house, "eod.1")).version == 1


def test_when_the_sync_fails_the_day_is_not_closed_and_a_retry_goes_on(house: House) -> None:
    shipped(house, 2)
    house.faults.add("orders", error(503))
    said = not_done(house, house.job(EOD))
    assert said.startswith("Sync with ShipStation did not succeed, and this rests on it: ")
    assert "ShipStation" in said.removeprefix("Sync with ShipStation")
    assert states(house, "eod.1")["sync"] == "failed"
    house.faults.clear()
    house.wait()
    one = closed(house, try_again(house, "eod.1"))
    assert (one.version, one.records) == (1, 1)


def test_when_somebody_cancels_the_sync_the_day_is_not_closed(house: House) -> None:
    house.world.bulk_orders(600, timedelta(hours=1), NOON)

    def cancel() -> None:
        queue.cancel(house.app.db, f"{SYNC}.1", "Bob", house.clock.now())

    with once_at(house, "orders", cancel):
        job = house.job(EOD)
    assert not_done(house, job) == (
        "Sync with ShipStation did not succeed, and this rests on it: Cancelled by a person; what was finished before "
        "stays."
    )
    assert (job.status, jobs_of(house, SYNC)) == ("failed", [(f"{SYNC}.1", "cancelled")])


def test_when_somebody_cancels_it_the_day_is_not_closed(house: House) -> None:
    house.world.bulk_orders(600, timedelta(hours=1), NOON)

    def cancel() -> None:
        queue.cancel(house.app.db, "eod.1", "Bob", house.clock.now())

    with once_at(house, "orders", cancel):
        job = house.job(EOD)
    assert not_done(house, job) == "Cancelled by a person; what was finished before stays."
    assert (job.status, jobs_of(house, SYNC)) == ("cancelled", [(f"{SYNC}.1", "cancelled")])
    assert closed(house, try_again(house, "eod.1")).version == 1


def jobs_of(house: House, kind: str) -> list[tuple[str, str]]:
    return [(one.job_id, one.status) for one in reversed(jobs.latest_jobs(house.app.db.read(), kind))]


def test_when_the_census_cannot_be_read_the_day_is_not_closed(house: House) -> None:
    with once_at(house, "fulfillments", lambda: house.faults.add("orders", error(503))):
        job = house.job(EOD)
    assert "did not succeed" not in not_done(house, job)
    assert states(house, "eod.1") == {
        "sync": "succeeded",
        "shipped": "succeeded",
        "census": "failed",
        "recalculate": "waiting",
        "freeze": "waiting",
    }
    house.faults.clear()
    house.wait()
    one = closed(house, try_again(house, "eod.1"))
    assert one.as_of == NOON  # as the finished step has it
    assert len(jobs_of(house, SYNC)) == 1


def test_a_failed_closing_is_not_done_and_last_attempt_and_last_success_stand_apart(house: House) -> None:
    shipped(house, 2)
    house.wait()
    first = closed(house, house.job(EOD))
    house.wait(60)
    house.faults.add("orders", error(503))
    failed = house.job(EOD)
    assert failed.status == "failed"
    [(last, records, status, details, attempt)] = house.rows(SUMMARY)
    assert (last, records, status, details) == (first.closed_at, 1, "failed", failed.error)
    assert attempt > last
    newest = closings.newest_attempt(house.app.db.read(), "eod")
    assert newest is not None
    assert (newest.job_id, newest.closed_at, newest.version, newest.job_status) == ("eod.2", None, None, "failed")
    assert versions(house, "eod") == [1]


def test_while_one_runs_the_summary_tells_of_it_and_not_of_the_one_before(house: House) -> None:
    house.faults.add("orders", error(503))
    house.job(EOD)
    house.faults.clear()
    house.wait()
    seen: list[Any] = []
    with once_at(house, "orders", lambda: seen.extend(house.rows(SUMMARY))):
        closed(house, house.job(EOD))
    [(last, records, status, details, attempt)] = seen
    assert (last, records, status, details, attempt) == (None, 0, "running", "", house.clock.now())


def test_an_attempt_tried_again_later_is_the_last_attempt(house: House) -> None:
    house.faults.add("orders", error(503))
    failed = house.job(EOD)
    house.faults.clear()
    house.wait()
    closed(house, house.job(EOD))
    house.wait()
    house.faults.add("orders", error(503))
    again = try_again(house, failed.job_id)
    [(_, _, status, details, attempt)] = house.rows(SUMMARY)
    assert (status, details, attempt) == ("failed", again.error, again.started_at)


# The census


@contextmanager
def losing(house: House, *order_ids: int) -> Iterator[None]:
    """Within the block orders are lost here whenever the lists have been read, as nothing should be."""

    def lose(world: object, request: Any) -> None:
        if request.endpoint == "fulfillments":
            with house.app.db.transaction() as con:
                for table in ("orders_inbox", "routing_log"):
                    con.execute(
                        f"DELETE FROM {table} WHERE shipstation_order_id IN (SELECT unnest($ids))",  # noqa: S608
                        {"ids": list(order_ids)},
                    )

    house.faults.drift(lose)
    yield
    house.faults.drift(None)


def number_of(house: House, order_id: int) -> str:
    number: str = house.world.books.orders[order_id].number
    return number


def test_an_order_that_awaits_there_and_is_not_here_is_named(house: House) -> None:
    order_id = waiting(house)
    house.wait()
    with losing(house, order_id):
        job = house.job(EOD)
    number = number_of(house, order_id)
    assert differences(house, job) == [f"Order {number} awaits shipment at ShipStation and is not here."]
    assert lists(house, job)["orders awaiting shipment"] == (1, 0, 0, 0)
    assert closed(house, job).stated == tuple(differences(house, job))


def test_an_order_that_awaits_here_and_not_there_is_named(house: House) -> None:
    order_id = waiting(house)
    house.sync()
    house.wait(5)
    house.world.delete(order_id)  # so soon after it changed, a list may only be behind
    number = number_of(house, order_id)
    assert differences(house, house.job(EOD)) == [f"Order {number} awaits shipment here and not at ShipStation."]


def test_an_order_that_was_sent_up_and_never_seen_again_is_named(house: House) -> None:
    house.world.place_shop_order()
    house.import_shop()
    house.upload()
    (order_id,) = house.world.books.orders
    house.world.delete(order_id)
    house.wait(5)
    job = house.job(EOD)
    assert differences(house, job) == ["Order 700015 awaits shipment here and not at ShipStation."]
    house.wait(30)
    assert differences(house, house.job(EOD)) == []
    assert house.order("700015")["status"] == "cancelled"


def test_an_order_that_was_deleted_some_time_after_it_changed_is_found_by_the_sync(house: House) -> None:
    order_id = waiting(house)
    house.sync()
    house.wait(60)
    house.world.delete(order_id)
    assert differences(house, house.job(EOD)) == []
    assert house.order(number_of(house, order_id))["status"] == "cancelled"


def test_an_order_in_another_state_here_is_named(house: House) -> None:
    order_id = waiting(house)
    house.sync()
    house.wait(60)
    house.sync()
    with house.app.db.transaction() as con:
        con.execute("UPDATE orders_inbox SET status = 'on_hold'")
    number = number_of(house, order_id)
    assert differences(house, house.job(EOD)) == [f"Order {number} awaits shipment at ShipStation and is on hold here."]


def test_a_label_that_is_void_there_alone_is_named(house: House) -> None:
    order_id = shipped(house)
    house.sync()
    shipment_id = next(iter(house.world.books.shipments))
    house.world.void(shipment_id)
    house.wait(60)
    house.sync(everything=True)
    house.wait(60)
    with house.app.db.transaction() as con:
        con.execute("UPDATE shipments SET voided = false, voided_at = NULL")
    number = number_of(house, order_id)
    assert differences(house, house.job(EOD)) == [
        f"The label {shipment_id} of order {number} is voided at ShipStation and valid here."
    ]


def test_a_mark_as_shipped_that_is_there_alone_is_named(house: House) -> None:
    order = house.world.place_manual_order("W-55", (("OTHER-1", 1),))
    house.world.mark_shipped(order.order_id)
    house.sync()
    house.wait(60)
    house.sync(everything=True)
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM fulfillments")
    (told,) = differences(house, house.job(EOD))
    assert told.endswith("is at ShipStation and not here.")
    assert told.startswith("The mark as shipped ")


def test_orders_and_labels_of_another_shop_are_none(house: House) -> None:
    for items in ((("OTHER-1", 1),), (("OTHER-2", 3),)):
        house.world.place_manual_order("W-55", items)
    sold = house.world.place_manual_order("W-56", (("OTHER-1", 1),))
    house.world.buy_label(sold.order_id)
    house.wait()
    job = house.job(EOD)
    assert differences(house, job) == []
    assert lists(house, job)["orders awaiting shipment"] == (0, 0, 2, 0)
    assert lists(house, job)["labels"] == (1, 1, 0, 0)


def test_an_order_that_is_held_for_a_person_is_none(house: House) -> None:
    house.world.place_shop_order((("17612", 1),), number="700015")
    house.import_shop()
    house.upload()
    house.world.place_manual_order("700015", (("17612", 9),))
    house.wait()
    job = house.job(EOD)
    assert house.held() == [("conflict", "number_taken")]
    assert differences(house, job) == []
    assert lists(house, job)["orders awaiting shipment"] == (1, 1, 0, 1)


def test_an_order_that_a_provider_fulfils_is_none(house: House) -> None:
    """It awaits shipment here as well, and is in another list there."""
    house.world.place_manual_order(items=((RINSE, 2),), status="pending_fulfillment")
    house.wait()
    job = house.job(EOD)
    assert house.rows("SELECT status, shipstation_status FROM orders_inbox") == [
        ("awaiting_shipment", "pending_fulfillment")
    ]
    assert differences(house, job) == []


def test_a_place_at_which_shipstation_always_fails_is_named_and_the_day_is_closed(house: House) -> None:
    waiting(house)
    order_id = waiting(house)
    house.sync()
    house.wait(60)
    house.faults.poison(order_id)
    number = number_of(house, order_id)
    assert differences(house, house.job(EOD)) == [
        "ShipStation answers one place in its list of orders awaiting shipment with an error; what stands there is not "
        "compared.",
        f"Order {number} awaits shipment here and not in what could be read of ShipStation's list.",
    ]


def test_an_order_that_changes_while_the_lists_are_read_is_excused(house: House) -> None:
    first, second = waiting(house), waiting(house)
    house.wait()
    house.sync()

    def in_between() -> None:
        house.wait(1)
        house.world.buy_label(first)
        waiting(house)
        house.world.hold(second, DAY + timedelta(days=2))

    with once_at(house, "fulfillments", in_between):  # after the sync's last list
        job = house.job(EOD)
    assert differences(house, job) == []
    assert len(jobs_of(house, SYNC)) == 3  # one more, because what waits here was missing there


def test_what_comes_late_is_mended_by_one_more_sync(house: House) -> None:
    """Labels and orders show in the lists only two minutes after they were made."""
    house.sync()
    house.wait(30)
    house.sync()
    house.faults.lag(120)
    counted(house, "17612", "250237", 100)
    shipped(house, 4)
    waiting(house)
    house.wait(1)
    with once_at(house, "fulfillments", lambda: house.wait(2)):
        job = house.job(EOD)
    assert differences(house, job) == []
    assert [state for _, state in jobs_of(house, SYNC)] == ["succeeded"] * 4
    one = closed(house, job)
    assert one.sentence == "Physical count ready: 1 order shipped today, 5 SKUs updated"
    assert content(one)["shipped"]["units"] == 4
    assert expected(house) == {("17612", "250237"): 96}


def test_differences_are_kept_with_the_closing_up_to_a_number_and_the_rest_is_counted(house: House) -> None:
    ids = [waiting(house) for _ in range(25)]
    house.wait()
    with losing(house, *ids):
        job = house.job(EOD)
    one = closed(house, job)
    assert len(differences(house, job)) == 20
    assert content(one)["census"]["more differences"] == 5
    assert one.stated[-1] == "And 5 more differences with ShipStation; the job's log has all."
    [(log,)] = house.rows("SELECT log FROM runs WHERE run_id = 'eod.1'")
    assert sum(line.endswith("is not here.") and "At first" not in line for line in log.splitlines()) == 25


# Versions, and what was frozen


def test_after_more_was_shipped_the_day_is_closed_again_as_another_version(house: House) -> None:
    counted(house, "17612", "250237", 100)
    shipped(house, 3)
    house.wait()
    first = closed(house, house.job(EOD))
    shipped(house, 5)
    house.wait(30)
    second = closed(house, house.job(EOD))
    assert (first.version, second.version) == (1, 2)
    assert (first.records, second.records) == (1, 2)
    assert [expected(house, version=one) for one in (1, 2)] == [{("17612", "250237"): 97}, {("17612", "250237"): 92}]
    newest = closings.closed(house.app.db.read(), "eod", DAY)
    assert newest is not None
    assert newest.job_id == "eod.2"
    assert closings.closed(house.app.db.read(), "eod", DAY, version=1) == closed(house, job_of(house, "eod.1"))


def job_of(house: House, job_id: str) -> Job:
    found = jobs.job(house.app.db.read(), job_id)
    assert found is not None
    return found


def ship_more(house: House) -> None:
    shipped(house, 7)


def a_late_label_dated_before(house: House) -> None:
    shipped(house, 7, ship_date=DAY - timedelta(days=1))


def a_void(house: House) -> None:
    house.world.void(next(iter(house.world.books.shipments)))


def a_backdated_receipt(house: House) -> None:
    moved(house, "receive", "17612", "250237", 50, NOON - timedelta(hours=2))


def a_count_at_an_earlier_instant(house: House) -> None:
    counted(house, "17612", "250237", 1, NOON - timedelta(minutes=1))


def a_contents_correction(house: House) -> None:
    with house.app.db.transaction() as con:
        con.execute("UPDATE shipped_items SET quantity = 9, lot = '250301'")


@pytest.mark.parametrize(
    "later",
    [
        ship_more,
        a_late_label_dated_before,
        a_void,
        a_backdated_receipt,
        a_count_at_an_earlier_instant,
        a_contents_correction,
    ],
)
def test_nothing_that_comes_later_changes_what_was_frozen(later: Callable[[House], None], house: House) -> None:
    """I8."""
    counted(house, "17612", "250237", 100)
    shipped(house, 3)
    house.wait()
    before = closed(house, house.job(EOD))
    frozen = house.rows("SELECT * FROM expected_stock ORDER BY ALL")
    house.wait(1)
    later(house)
    house.wait(60)
    house.sync(everything=True)
    house.job(EOD)
    assert closed(house, job_of(house, "eod.1")) == before
    assert house.rows("SELECT * FROM expected_stock WHERE version = 1 ORDER BY ALL") == frozen
    assert list(invariants.broken(house.app.db.read())) == []


def test_a_later_movement_is_in_the_next_version(house: House) -> None:
    counted(house, "17612", "250237", 100)
    house.job(EOD)
    house.wait(1)
    a_backdated_receipt(house)
    moved(house, "adjust_down", "17612", "250237", -2, house.clock.now())
    house.wait(1)
    house.job(EOD)
    assert [expected(house, version=one) for one in (1, 2)] == [{("17612", "250237"): 100}, {("17612", "250237"): 98}]


def test_every_lot_that_stands_is_expected_and_every_key_product_has_a_line(house: House) -> None:
    counted(house, "17612", "250237", 100)
    counted(house, "17612", "250300", 40)
    counted(house, "17612", "", 2)
    counted(house, "17904", "250301", 5)
    shipped(house, 5, "17904 - 250301")  # the last of it
    shipped(house, 3, "17914 - 250240")  # nobody has said what stood there
    with house.app.db.transaction() as con:
        con.execute("UPDATE products SET active_lot = '250302' WHERE sku IN ('17904', '18675')")
    house.wait()
    closed(house, house.job(EOD))
    lines = [(one.sku, one.lot, one.quantity) for one in closings.expected(house.app.db.read(), DAY, 1)]
    assert lines == [
        ("17612", "", 2),
        ("17612", "250237", 100),
        ("17612", "250300", 40),
        ("17904", "250302", 0),
        ("17914", "", 0),
        ("17914", "250240", -3),
        ("18675", "250302", 0),
        ("18795", "", 0),
    ]


def test_a_product_whose_only_lot_is_below_zero_can_still_be_counted(house: House) -> None:
    shipped(house, 3, "18795 - 31754")
    with house.app.db.transaction() as con:
        con.execute("UPDATE products SET active_lot = '31754' WHERE sku = '18795'")
    house.wait()
    closed(house, house.job(EOD))
    lines = [(one.lot, one.quantity) for one in closings.expected(house.app.db.read(), DAY, 1) if one.sku == "18795"]
    assert lines == [("", 0), ("31754", -3)]


def test_a_product_that_was_counted_and_is_no_key_product_is_expected_too(house: House) -> None:
    counted(house, "19001", "", 12)
    house.job(EOD)
    assert expected(house) == {("19001", ""): 12}


def test_what_is_shipped_of_what_nobody_counts_is_not_expected(house: House) -> None:
    order = house.world.place_manual_order(items=((RINSE, 1), ("18901", 2)))
    house.world.buy_label(order.order_id)
    house.wait()
    house.job(EOD)
    assert "18901" not in {one.sku for one in closings.expected(house.app.db.read(), DAY, 1)}


# Once


def test_pressed_twice_and_by_schedule_at_once_it_is_one_job(house: House) -> None:
    asked = [house.app.enqueue(EOD, {}, by) for by in ("Ann", "Ann", "HTTP", "schedule")]
    assert [(one.job_id, one.created, one.is_same) for one in asked] == [
        ("eod.1", True, True),
        ("eod.1", False, True),
        ("eod.1", False, True),
        ("eod.1", False, True),
    ]
    while house.app.worker.run_next():
        pass
    assert versions(house, "eod") == [1]


def test_pressed_while_it_runs_it_is_the_same_job(house: House) -> None:
    asked: list[str] = []
    with once_at(house, "orders", lambda: asked.append(house.app.enqueue(EOD, {}, "Ann").job_id)):
        house.job(EOD)
    assert asked == ["eod.1"]
    assert versions(house, "eod") == [1]


def test_pressed_after_it_has_ended_it_runs_again(house: House) -> None:
    house.job(EOD)
    house.job(EOD)
    assert versions(house, "eod") == [2, 1]


def test_a_sync_that_waits_is_joined_and_asks_every_list(house: House) -> None:
    house.app.enqueue(EOD, {}, "Ann")
    house.wait(1)
    house.app.enqueue(SYNC, {}, "schedule")
    while house.app.worker.run_next():
        pass
    (synced,) = jobs.latest_jobs(house.app.db.read(), SYNC)
    assert (synced.requested_by, synced.arguments) == ("schedule", {"everything": True})


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.sweep) for name in ("sync", "shipped", "census", "recalculate")), "freeze"],
)
def test_a_step_that_is_done_twice_does_no_harm(name: str, house: House) -> None:
    counted(house, "17612", "250237", 100)
    shipped(house, 3)
    waiting(house)
    house.wait()
    with failing_at(house, EOD, name):
        assert house.job(EOD).error == "Too little space."
    one = closed(house, try_again(house, "eod.1"))
    assert one.sentence == "Physical count ready: 1 order shipped today, 5 SKUs updated"
    assert (one.version, expected(house)) == (1, {("17612", "250237"): 97})
    assert house.rows("SELECT count(*) FROM inventory_transactions WHERE kind = 'ship'") == [(1,)]
    assert ledger.orders_out_of_step(house.app.db.read()) == []
    assert list(invariants.broken(house.app.db.read())) == []
