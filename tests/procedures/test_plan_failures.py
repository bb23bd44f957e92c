"""The plan's cases 8 to 10 where only a live server can play them: outages, deaths, corrupt marks, parallel runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import pytest

from shipsync.doors.shipstation import ShipStation
from shipsync.doors.shipstation.wire import Limits
from shipsync.jobs import queue
from shipsync.jobs.worker import recover
from shipsync.runtime import App
from shipsync.sandbox import faults as f
from shipsync.sandbox.faults import Fault
from shipsync.simulation import differences
from shipsync.store import marks
from shipsync.store import runs as runs_store
from shipsync.store.jobs import Job
from tests.house import NOON, SYNC, House, minutes
from tests.procedures.deaths import Dying, Killed, Moment

MONTH = timedelta(days=30)


def wrong(house: House) -> list[str]:
    """What our tables have otherwise than the world."""
    return differences(house.world.truth(), house.app.db.read())


def a_busy_morning(house: House) -> None:
    """Three orders, one of them shipped, one with an itemless label and a void."""
    world = house.world
    first = world.place_manual_order(items=(("17612 - 250237", 2),))
    world.place_manual_order(items=(("18795", 1),))
    voided = world.place_manual_order(items=(("17904 - 250240", 3),))
    world.buy_label(first.order_id)
    world.void(world.buy_label(voided.order_id).shipment_id)


def with_short_patience(house: House) -> None:
    """Let the door give up on a silent server after a fifth of a second of real time."""
    clock = house.app.clock
    door = ShipStation(
        house.server.url,
        "sandbox",
        "sandbox",
        now=clock.now,
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        limits=Limits(connect_s=0.2, read_s=0.2, answer_s=5),
        tries=2,
    )
    cast(dict[str, Any], house.app.doors)["shipstation"] = door


def is_read_to_now(house: House) -> bool:
    """Whether the mark has come to now; the server tells its time in whole seconds."""
    through = house.mark()[1]
    return through is not None and timedelta() <= house.clock.now() - through < timedelta(seconds=1)


def fails(house: House) -> Job:
    job = house.job(SYNC)
    assert job.status == "failed", job.result
    assert job.error
    return job


# --- 8 API failures


PASSING = [
    *(("orders", fault) for fault in (f.error(500), f.error(503), f.too_many(), f.drop_mid_body(), f.cut_json(),
                                      f.html(), f.reset(), f.unauthorized())),
    *((endpoint, fault) for endpoint in ("shipments", "fulfillments") for fault in (f.error(500), f.cut_json())),
]  # fmt: skip
LASTING = [
    *(("orders", fault) for fault in (f.error(500), f.too_many(), f.drop_mid_body(), f.drop_mid_body(reset=False),
                                      f.cut_json(), f.html(), f.reset(), f.unauthorized())),
    *((endpoint, fault) for endpoint in ("shipments", "fulfillments") for fault in (f.error(500), f.reset())),
]  # fmt: skip


def said(value: object) -> str:
    """A case by name."""
    return f"{value.name}{'' if value.is_reset else ' in good order'}" if isinstance(value, Fault) else str(value)


@pytest.mark.parametrize(("endpoint", "fault"), PASSING, ids=said)
def test_08_a_failure_that_passes_is_retried_and_nothing_is_missing(house: House, endpoint: str, fault: Fault) -> None:
    a_busy_morning(house)
    house.faults.add(endpoint, fault, times=1 if fault.status == 401 else 2)
    started = house.clock.now()
    house.sync()
    assert wrong(house) == []
    assert house.mark()[1] == started


@pytest.mark.parametrize(("endpoint", "fault"), LASTING, ids=said)
def test_08_a_failure_for_good_moves_nothing_and_the_next_run_is_complete(
    house: House, endpoint: str, fault: Fault
) -> None:
    house.world.place_manual_order(items=(("17612", 1),))
    house.sync()
    house.wait(90)  # so that a census is due
    a_busy_morning(house)
    before = house.tables()
    house.faults.add(endpoint, fault)
    if endpoint == "fulfillments":
        house.world.mark_shipped(house.world.place_manual_order().order_id)
    fails(house)
    assert house.tables() == before
    house.faults.clear()
    house.wait(5)
    house.sync()
    assert wrong(house) == []
    assert is_read_to_now(house)


def test_08_a_server_that_never_answers_fails_the_run_and_changes_nothing(house: House) -> None:
    with_short_patience(house)
    a_busy_morning(house)
    before = house.tables()
    house.faults.add("shipments", f.hang(3))
    fails(house)
    assert house.tables() == before
    house.faults.clear()
    house.sync()
    assert wrong(house) == []


def test_08_a_throttled_run_waits_for_the_reset_it_was_told(house: House) -> None:
    a_busy_morning(house)
    house.faults.add("orders", f.too_many(reset_s=47), times=1)
    started = house.clock.now()
    house.sync()
    assert timedelta(seconds=47) <= house.clock.now() - started < timedelta(seconds=60)
    assert wrong(house) == []


def test_08_a_page_that_fails_after_others_came_costs_no_page_twice(house: House) -> None:
    house.world.bulk_orders(1_200, timedelta(hours=5), NOON)
    house.faults.add("orders", f.error(500), after=2)
    before = house.tables()
    fails(house)
    assert house.tables() == before
    house.faults.clear()
    rows_before = sum(one.rows or 0 for one in house.server.asked("orders") if one.status == 200)
    house.wait(5)
    counts = house.sync()
    rows_after = sum(one.rows or 0 for one in house.server.asked("orders") if one.status == 200) - rows_before
    assert counts["imported"] == 1_200
    assert rows_after < 300
    assert wrong(house) == []


def test_08_names_that_cannot_be_had_do_not_hold_up_the_orders(house: House) -> None:
    a_busy_morning(house)
    house.faults.add("services", f.error(500))
    house.sync()
    assert wrong(house) == []
    assert house.rows("SELECT count(*) FROM shipped_orders WHERE service_name IS NOT NULL") == [(0,)]
    house.faults.clear()
    house.wait(65)
    house.sync()
    assert house.rows("SELECT service_name FROM shipped_orders") == [("FedEx Ground®",)]
    assert house.rows("SELECT shipping_service_name FROM orders_inbox WHERE status = 'shipped'") == [("FedEx Ground®",)]


# --- 9 watermark integrity


@pytest.mark.parametrize("moment", [pytest.param("before", marks=pytest.mark.sweep), "within"])
def test_09_killed_at_every_transaction_the_mark_and_the_tables_are_from_before_or_after(
    house: House, moment: Moment
) -> None:
    """One house, killed at its first transaction, then at its second, ...; each time the next process completes it."""
    house.sync()
    died = True
    at = 0
    while died:
        at += 1
        house.wait(5)
        a_busy_morning(house)
        if at % 4 == 0:
            house.world.mark_shipped(house.world.place_manual_order().order_id)
        before = house.tables()
        dying = Dying(house.app.db, at, moment)
        app = App(house.app.settings, cast(Any, dying), house.app.doors, house.app.clock)
        with suppress(Killed):
            app.run_now(SYNC, {}, "test")
        after = house.tables()
        died = dying.died
        if after["sync_watermark"] == before["sync_watermark"]:
            assert after == before, at
        else:
            assert wrong(house) == [], at
        recover(house.app)
        house.wait(1)
        house.sync()
        assert wrong(house) == [], at
    assert at > 9
    runs = house.rows("SELECT DISTINCT status FROM runs ORDER BY status")
    assert runs == [("interrupted",), ("succeeded",)]


def test_09_killed_between_pages_the_next_run_goes_on_after_the_last_page(house: House) -> None:
    house.world.bulk_orders(1_200, timedelta(hours=5), NOON)
    kept = 0
    for at in range(4, 8):
        app = App(house.app.settings, cast(Any, Dying(house.app.db, at, "before")), house.app.doors, house.app.clock)
        with pytest.raises(Killed):
            app.run_now(SYNC, {}, "test")
        assert house.mark() == (None, None)
        assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
        recover(house.app)
        pages = house.rows("SELECT count(*) FROM api_pages WHERE feed = 'orders'")[0][0]
        assert pages >= kept
        kept = pages
    assert kept >= 2
    counts = house.sync()
    assert counts["imported"] == 1_200
    # Twice at most what one page and the overlap hold, however often it was killed.
    assert sum(one.rows or 0 for one in house.server.asked("orders")) < 1_200 + 2 * 500
    assert wrong(house) == []


def test_09_two_at_once_are_one_run(house: House) -> None:
    a_busy_morning(house)
    ended: list[Job] = []
    both = threading.Barrier(2)

    def press() -> None:
        both.wait()
        ended.append(house.job(SYNC))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = runs_store.latest_runs(house.app.db.read(), SYNC)
    # The second press joins the first one's job; or, when that had ended already, it is a run of its own afterwards.
    assert len(runs) == len({job.job_id for job in ended})
    assert {run.status for run in runs} == {"succeeded"}
    if len(runs) == 2:
        assert runs[1].finished_at is not None
        assert runs[1].finished_at <= runs[0].started_at
    assert wrong(house) == []


def test_09_a_second_process_is_told_who_holds_the_lock(house: House) -> None:
    a_busy_morning(house)
    other = App(house.app.settings, house.app.db, house.app.doors, house.app.clock)
    with house.app.db.transaction() as con:
        con.execute(
            """
            UPDATE sync_locks
            SET run_id = 'shipstation-sync.99', owner = 'another', token = 99, expires_at = $until
            WHERE workflow_name = 'shipstation-sync'
            """,
            {"until": NOON + minutes(1)},
        )
        con.execute(
            """
            INSERT INTO sync_locks (workflow_name, run_id, owner, token, expires_at)
            VALUES ('shipstation-sync', 'shipstation-sync.99', 'another', 99, $until)
            ON CONFLICT (workflow_name) DO NOTHING
            """,
            {"until": NOON + minutes(1)},
        )
    before = house.tables()
    job = other.run_now(SYNC, {}, "test")
    assert job.status == "failed"
    assert "shipstation-sync.99" in str(job.error)
    assert house.tables() == before
    assert house.asked("/orders") == 0
    house.wait(2)  # the holder has died: its lock expires
    house.sync()
    assert wrong(house) == []


CORRUPTIONS: dict[str, str] = {
    "null": "UPDATE sync_watermark SET last_sync_timestamp = NULL, complete_through = NULL",
    "far future": "UPDATE sync_watermark SET complete_through = '2099-01-01 00:00:00+00'",
    "tomorrow": "UPDATE sync_watermark SET complete_through = complete_through + INTERVAL 20 HOUR",
    "1970": "UPDATE sync_watermark SET complete_through = '1970-01-01 00:00:00+00'",
    "infinity": "UPDATE sync_watermark SET last_sync_timestamp = 'infinity', complete_through = 'infinity'",
    "missing": "DELETE FROM sync_watermark",
}


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_09_a_corrupt_mark_is_replaced_by_30_days_with_a_warning(house: House, corruption: str) -> None:
    world = house.world
    world.place_manual_order(at=NOON - timedelta(days=29))
    house.sync()
    house.wait(60)
    a_busy_morning(house)
    house.wait(60)
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM migration_log WHERE action = 'sync seeded'")
        con.execute("DELETE FROM orders_inbox")
        con.execute("DELETE FROM routing_log")
        con.execute(CORRUPTIONS[corruption])
    house.sync()
    run = runs_store.latest_runs(house.app.db.read(), SYNC, 1)[0]
    warnings = [line for line in run.log if "30 days back" in line]
    assert len(warnings) == 1
    logged = house.rows("SELECT detail FROM migration_log WHERE action = 'sync seeded'")
    assert len(logged) == 1
    assert "30 days back" in logged[0][0]
    newest, _ = house.mark()
    assert is_read_to_now(house)
    assert newest == max(row[0] for row in house.rows("SELECT modified_at FROM orders_inbox"))
    assert wrong(house) == []
    house.wait(5)
    counts = house.sync()
    assert counts["fetched"] == 0  # the mark has healed, it is not seeded again


@pytest.mark.parametrize("corruption", ["null", "far future", "1970", "infinity"])
def test_09_a_corrupt_mark_of_a_list_beside_orders_heals(house: House, corruption: str) -> None:
    a_busy_morning(house)
    house.sync()
    with house.app.db.transaction() as con:
        sql = CORRUPTIONS[corruption].replace("sync_watermark", "feed_marks").split(" SET ")[1]
        assignment = sql.replace("last_sync_timestamp = NULL, ", "").replace("last_sync_timestamp = 'infinity', ", "")
        con.execute(f"UPDATE feed_marks SET {assignment}")  # noqa: S608 - from the table above
    house.wait(60)
    order = house.world.place_manual_order()
    house.world.buy_label(order.order_id)
    house.sync(everything=True)
    known = marks.feed_marks(house.app.db.read(), SYNC)
    for feed in ("shipments", "voids", "fulfillments"):
        assert known[feed][0] == house.clock.now()
    assert wrong(house) == []


def test_09_a_leftover_reading_does_not_stand_in_for_the_30_days(house: House) -> None:
    """A run dies after fetching, then the mark is lost: what the dead run fetched does not reach back far enough."""
    house.sync()
    house.wait(5)
    old = house.world.place_manual_order(at=house.clock.now() - timedelta(days=3))
    house.faults.add("shipments", f.error(500))
    house.world.buy_label(house.world.place_manual_order().order_id)
    fails(house)
    house.faults.clear()
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM sync_watermark")
    house.wait(5)
    house.sync()
    assert house.order(old.number)["status"] == "awaiting_shipment"
    assert wrong(house) == []


def test_09_a_retried_apply_does_not_make_a_mark_out_of_a_window_that_does_not_reach_it(house: House) -> None:
    """Fetching is done and applying fails; before its retry the mark is lost. The next run goes 30 days back."""
    house.sync()
    house.wait(5)
    house.world.place_manual_order()

    def is_applying() -> bool:
        return house.rows("SELECT count(*) FROM job_steps WHERE name = 'apply' AND status = 'running'") == [(1,)]

    dying = Dying(house.app.db, is_applying, "within")
    breaking = App(house.app.settings, cast(Any, dying), house.app.doors, house.app.clock)
    with pytest.raises(Killed):
        breaking.run_now(SYNC, {}, "test")
    steps = house.rows("SELECT name, status FROM job_steps WHERE job_id = 'shipstation-sync.2' ORDER BY step_no")
    assert steps[-1] == ("apply", "running")
    recover(house.app)
    old = house.world.place_manual_order(at=house.clock.now() - timedelta(days=3))
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM sync_watermark")
    queue.retry(house.app.db, "shipstation-sync.2", "test", house.clock.now())
    house.app.worker.run_next()
    house.wait(5)
    house.sync()
    assert house.order(old.number)["status"] == "awaiting_shipment"


# --- 10 duplicates


def in_one_batch(house: House) -> None:
    """The same version twice in one run: a page kept by a failed run, and the same row in the next reading."""
    house.faults.add("shipments", f.error(500))
    fails(house)
    house.faults.clear()


def across_pages(house: House) -> None:
    """A later version of an order on a later page of the same reading."""
    ids = [order.order_id for order in house.world.bulk_orders(700, timedelta(hours=1), NOON)]
    house.faults.drift(f.touching(ids[:3], per_page=3))


@pytest.mark.parametrize("how", [in_one_batch, across_pages])
def test_10_an_order_that_comes_twice_is_there_once_in_its_latest_form(
    house: House, how: Callable[[House], None]
) -> None:
    a_busy_morning(house)
    how(house)
    house.wait(5)
    counts = house.sync()
    assert wrong(house) == []
    assert house.rows("SELECT count(*) - count(DISTINCT shipstation_order_id) FROM orders_inbox") == [(0,)]
    outcomes = ("imported", "updated", "unchanged", "linked", "seen twice in this run", "conflicts", "quarantined")
    added = sum(counts.get(name, 0) for name in outcomes) + sum(
        n for name, n in counts.items() if name.startswith("skipped")
    )
    assert counts["fetched"] == added


def test_10_parallel_syncs_from_eight_threads_leave_no_double(house: House) -> None:
    a_busy_morning(house)
    ended: list[Job] = []
    threads = [threading.Thread(target=lambda: ended.append(house.job(SYNC))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {job.status for job in ended} <= {"succeeded", "running", "queued"}
    assert wrong(house) == []
