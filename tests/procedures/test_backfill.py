"""A chosen period, read beside the live mark: it brings in what is missing and disturbs nothing that is here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipsync.config import load_settings
from shipsync.procedures.replay import replay
from shipsync.rules.freshness import SyncState, freshness
from shipsync.runtime import prepare_database
from shipsync.sandbox import faults as f
from shipsync.store import marks, overview
from shipsync.store.db import Database, open_database
from shipsync.store.jobs import Job
from tests.house import NOON, SYNC, House, a_house

BACKFILL = "backfill"
MORNING = NOON - timedelta(hours=8)
# Longer ago than a first sync reads.
LONG_AGO = NOON - timedelta(days=40)


def backfill(house: House, first: date, last: date | None = None) -> Job:
    """Read a period and wait for the end of it."""
    return house.job(BACKFILL, {"from": first.isoformat(), "to": (last or first).isoformat()})


def all_marks(house: House) -> object:
    """The live mark, and how far each list is complete and when it was asked."""
    db = house.app.db.read()
    return marks.mark_of(db, SYNC), marks.feed_marks(db, SYNC), house.rows("SELECT * FROM sync_watermark")


def light(house: House) -> str:
    """What the freshness line says, as if the worker lived."""
    facts = overview.facts(house.app.db.read())
    told = SyncState(
        facts.complete_through, facts.is_sync_enabled, timedelta(minutes=5), facts.last_failures.get(SYNC), None, True
    )
    return freshness(told, house.clock.now()).state


@contextmanager
def an_old_house(folder: Path) -> Iterator[House]:
    """A house whose first sync came too late to see a hundred shipped orders."""
    with a_house(folder, start=LONG_AGO) as house:
        house.world.bulk_orders(100, timedelta(hours=3), LONG_AGO, shipped_share=0.9)
        house.wait((NOON - LONG_AGO).total_seconds() / 60)
        house.sync()
        yield house


@pytest.mark.sweep
def test_a_period_that_was_read_already_changes_nothing(tmp_path: Path) -> None:
    with a_house(tmp_path, orders_per_day=300, seed=3, start=MORNING) as house:
        house.sync()
        for _ in range(30):
            house.wait(60)
            house.sync()
        before, marked, held = house.tables(), all_marks(house), house.held()
        assert len(before["shipped_items"]) > 20
        job = backfill(house, date(2026, 9, 15), date(2026, 9, 17))
        assert job.status == "succeeded", job.error
        assert (job.result or {})["fetched"] > 20
        assert house.tables() == before
        assert (all_marks(house), house.held()) == (marked, held)


def test_a_period_before_the_first_sync_comes_in_whole(tmp_path: Path) -> None:
    with an_old_house(tmp_path) as house:
        marked = all_marks(house)
        assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
        day = LONG_AGO.date()
        job = backfill(house, day - timedelta(days=1), day)
        assert job.status == "succeeded", job.error
        assert house.rows("SELECT count(*) FROM orders_inbox") == [(100,)]
        assert house.rows("SELECT count(*) FROM shipped_orders")[0][0] > 50
        assert house.rows("SELECT count(*) FROM orders_inbox WHERE status = 'shipped' AND tracking_number IS NULL") == [
            (0,)
        ]
        assert all_marks(house) == marked


def test_a_sync_after_a_backfill_goes_on_where_it_was(tmp_path: Path) -> None:
    with an_old_house(tmp_path) as house:
        backfill(house, LONG_AGO.date() - timedelta(days=1), LONG_AGO.date())
        here = house.tables()
        house.wait()
        new = house.world.place_manual_order()
        house.wait()
        house.sync()
        assert house.order(new.number)["status"] == "awaiting_shipment"
        after = house.tables()
        assert set(here["shipments"]) <= set(after["shipments"])
        assert len(after["orders_inbox"]) == len(here["orders_inbox"]) + 1


@pytest.mark.parametrize("breaks", [True, False])
def test_a_backfill_turns_no_light_green(house: House, breaks: bool) -> None:
    house.sync()
    assert light(house) == "fresh"
    house.wait(180)
    if breaks:
        house.faults.add("orders", f.error(500), times=20)
        assert house.job(SYNC).status == "failed"
        house.faults.clear()
    before = light(house)
    assert before == ("stopped" if breaks else "late")
    assert backfill(house, NOON.date()).status == "succeeded"
    assert light(house) == before


def test_a_backfill_cut_short_goes_on_after_its_last_page(tmp_path: Path) -> None:
    with a_house(tmp_path, start=LONG_AGO) as house:
        house.world.bulk_orders(1_200, timedelta(hours=2), LONG_AGO)
        house.wait((NOON - LONG_AGO).total_seconds() / 60)
        house.sync()
        house.faults.add("orders", f.error(500), after=2)
        day = LONG_AGO.date()
        failed = backfill(house, day)
        assert failed.status == "failed"
        assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
        kept = house.rows("SELECT count(*) FROM api_pages WHERE reading_id LIKE 'backfill%'")[0][0]
        assert kept == 2
        house.faults.clear()
        house.app.retry(failed.job_id, "test")
        again = backfill(house, day)
        assert (again.job_id, again.status) == (failed.job_id, "succeeded")
        steps = house.rows("SELECT result FROM job_steps WHERE job_id = $id AND step_no = 1", id=again.job_id)
        assert '"resumed pages": 1' in steps[0][0]
        assert house.rows("SELECT count(*) FROM orders_inbox") == [(1_200,)]


def test_a_retry_asks_no_list_a_second_time(house: House) -> None:
    house.sync()
    house.faults.add("fulfillments", f.error(500), times=20)
    failed = backfill(house, NOON.date())
    assert failed.status == "failed"
    house.faults.clear()
    asked = house.asked("/orders"), house.asked("/shipments")
    house.app.retry(failed.job_id, "test")
    assert backfill(house, NOON.date()).status == "succeeded"
    assert (house.asked("/orders"), house.asked("/shipments")) == asked


def test_a_late_retry_puts_nothing_back_that_a_sync_has_learned_since(house: House) -> None:
    house.sync()
    order = house.world.place_manual_order()
    label = house.world.buy_label(order.order_id)
    house.wait()
    house.sync()
    assert house.order(order.number)["status"] == "shipped"
    house.faults.add("fulfillments", f.error(500), times=20)
    failed = backfill(house, NOON.date())
    assert failed.status == "failed"
    house.faults.clear()
    house.wait()
    house.world.void(label.shipment_id)
    house.wait()
    house.sync(everything=True)
    assert house.order(order.number)["status"] == "awaiting_shipment"
    before = house.tables()
    house.app.retry(failed.job_id, "test")
    assert backfill(house, NOON.date()).status == "succeeded"
    assert house.tables() == before
    assert house.rows("SELECT voided FROM shipments") == [(True,)]


def test_an_order_that_was_cleaned_up_stays_away(house: House) -> None:
    order = house.world.place_manual_order()
    house.world.buy_label(order.order_id)
    house.wait()
    house.sync()
    house.wait(61 * 24 * 60)
    assert house.job("orders-cleanup").status == "succeeded"
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
    left = house.left(order.number)
    assert left
    assert backfill(house, NOON.date()).status == "succeeded"
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
    assert house.left(order.number) == left


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "needs its first and its last day"),
        ({"from": "yesterday", "to": "today"}, "needs its first and its last day"),
        ({"from": "2026-09-10", "to": "2026-09-01"}, "before the first"),
        ({"from": "2026-09-10", "to": "2026-09-17"}, "has not come yet"),
        ({"from": "2026-01-01", "to": "2026-09-16"}, "at most 92"),
        ({"from": "2009-01-01", "to": "2009-01-02"}, "nothing before 2011"),
    ],
)
def test_a_period_that_cannot_be_read_says_why(house: House, arguments: dict[str, Any], says: str) -> None:
    job = house.job(BACKFILL, arguments)
    assert job.status == "failed"
    assert says in (job.error or "")
    assert house.asked("/orders") == 0


@contextmanager
def an_empty_database() -> Iterator[Database]:
    with open_database(None) as db:
        prepare_database(db, load_settings({}, None), NOON)
        yield db


def test_a_replay_of_syncs_and_backfills_gives_the_same_tables(tmp_path: Path) -> None:
    names = ("orders_inbox", "order_items_inbox", "shipstation_order_line_items", "shipments", "shipment_items",
             "fulfillments", "shipped_orders", "shipped_items", "routing_log", "sync_watermark")  # fmt: skip
    with a_house(tmp_path, start=LONG_AGO) as house, an_empty_database() as target:
        house.world.bulk_orders(100, timedelta(hours=3), LONG_AGO, shipped_share=0.9)
        house.wait((NOON - LONG_AGO).total_seconds() / 60)
        house.sync()
        order = house.world.place_manual_order()
        label = house.world.buy_label(order.order_id)
        house.wait()
        house.sync()
        backfill(house, LONG_AGO.date() - timedelta(days=1), LONG_AGO.date())
        # One that is cut short, and applied after a sync has learned better.
        house.faults.add("fulfillments", f.error(500), times=20)
        failed = backfill(house, NOON.date())
        house.faults.clear()
        house.world.void(label.shipment_id)
        house.wait()
        house.sync(everything=True)
        house.app.retry(failed.job_id, "test")
        assert backfill(house, NOON.date()).status == "succeeded"
        house.wait()
        house.sync()
        assert replay(house.app.db, target, SYNC, BACKFILL, settings=house.app.settings) == 6
        for name in names:
            sql = f"SELECT * FROM {name} ORDER BY ALL"  # noqa: S608 - our tables
            assert target.read().rows(sql) == house.rows(sql), name
