"""Weeks as they are kept: from when on we know them ourselves, counted anew, loaded, and asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.rules.weeks import WeekUnits, week_of
from shipsync.store import weekly_history as store
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate
from shipsync.store.readings import add_page, open_reading, readings_are_applied
from tests.store.conftest import NOW
from tests.store.order_rows import put

PACIFIC = ZoneInfo("America/Los_Angeles")
SYNC, BACKFILL = "shipstation-sync", "backfill"
WEEK = timedelta(weeks=1)
MONDAY = date(2026, 11, 9)
MIDNIGHT = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)  # in the warehouse, the first instant of MONDAY
_ids = count(1)


def a_reading(
    db: Database,
    start: datetime,
    end: datetime,
    *,
    workflow: str = SYNC,
    feed: str = "orders",
    answered_at: datetime | None = None,
    is_applied: bool = True,
) -> None:
    """A list read over a window in two pages; the first was answered when the window ended, or as said."""
    reading_id = f"{workflow}.{next(_ids)}"
    first = answered_at or end
    with db.transaction() as con:
        open_reading(con, reading_id, workflow, feed, (start, end), "r", NOW, is_fetched=True)  # type: ignore[arg-type]
        for page_no, at in ((1, first), (2, first + timedelta(minutes=1))):
            add_page(con, reading_id, page_no, feed=feed, request="{}", answered_at=at, row_count=0, body="",  # type: ignore[arg-type]
                     poison=None, resume=None, run_id="r")  # fmt: skip
        if is_applied:
            readings_are_applied(con, [reading_id], "r", NOW)


@pytest.fixture(scope="module")
def emptied() -> Iterator[Database]:
    """One database for all examples of a property; each begins with `empty`."""
    with open_database(None) as db:
        migrate(db, NOW)
        yield db


def empty(db: Database) -> None:
    with db.transaction() as con:
        for table in ("readings", "api_pages", "shipped_items", "weekly_shipped_history"):
            con.execute(f"DELETE FROM {table}")  # noqa: S608 - our tables


def covered(db: Database) -> date | None:
    return store.read_since(db.read(), PACIFIC)


def left(db: Database, on: date, units: int, sku: str | None = "17612") -> None:
    """Units of a SKU in a parcel of their own."""
    number = next(_ids)
    put(db, "shipped_items", parcel_kind="shipment", parcel_id=number, line_no=1, shipstation_order_id=number,
        order_number=str(number), source_system="X-Cart", ship_date=on, base_sku=sku, quantity=units)  # fmt: skip


def recount(db: Database, since: date | None = MONDAY, now: datetime = NOW) -> list[tuple[date, str]]:
    with db.transaction() as con:
        return store.recount(con, since, now)


def load(db: Database, *rows: tuple[date, str, int], now: datetime = NOW) -> int:
    with db.transaction() as con:
        return store.put_loaded(con, [WeekUnits(*row) for row in rows], now)


def kept(db: Database) -> list[tuple[object, ...]]:
    return db.read().rows(
        "SELECT start_date, sku, quantity_shipped, source FROM weekly_shipped_history ORDER BY start_date, sku"
    )


def test_nothing_is_covered_before_the_first_sync(memory: Database) -> None:
    assert covered(memory) is None


def test_what_is_covered_begins_with_the_first_whole_day(memory: Database) -> None:
    a_reading(memory, MIDNIGHT, MIDNIGHT + timedelta(days=5))
    assert covered(memory) == MONDAY
    a_reading(memory, MIDNIGHT - timedelta(seconds=1), MIDNIGHT + timedelta(days=1))
    assert covered(memory) == MONDAY
    a_reading(memory, MIDNIGHT - timedelta(days=1), MIDNIGHT)
    assert covered(memory) == MONDAY - timedelta(days=1)


def test_a_gap_ends_what_is_covered_until_a_backfill_closes_it(memory: Database) -> None:
    a_reading(memory, MIDNIGHT - timedelta(days=30), MIDNIGHT - timedelta(days=2))
    a_reading(memory, MIDNIGHT, MIDNIGHT + timedelta(days=3))
    assert covered(memory) == MONDAY
    a_reading(memory, MIDNIGHT - timedelta(days=2), MIDNIGHT, workflow=BACKFILL)
    assert covered(memory) == MONDAY - timedelta(days=30) + timedelta(days=1)  # the clock was set back in between


def test_a_window_reaches_no_further_than_the_servers_clock(memory: Database) -> None:
    early = MIDNIGHT - timedelta(days=3)
    a_reading(memory, early, MIDNIGHT, answered_at=MIDNIGHT - timedelta(minutes=1))
    a_reading(memory, MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert covered(memory) == MONDAY


@pytest.mark.parametrize(
    "other",
    [{"workflow": "status-sync"}, {"feed": "shipments"}, {"is_applied": False}],
)
def test_only_orders_that_were_read_for_us_and_applied_count(memory: Database, other: dict[str, object]) -> None:
    a_reading(memory, MIDNIGHT, MIDNIGHT + timedelta(days=1))
    a_reading(memory, MIDNIGHT - timedelta(days=9), MIDNIGHT + timedelta(hours=1), **other)  # type: ignore[arg-type]
    assert covered(memory) == MONDAY


def by_hand(windows: Iterable[tuple[int, int]]) -> int:
    """Hours as a set: where the unbroken row of read ones that ends with the newest begins."""
    read = {hour for start, end in windows for hour in range(start, end)}
    hour = max(read)
    while hour - 1 in read:
        hour -= 1
    return hour


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=6))
def test_windows_in_any_order_are_joined_as_counting_their_hours_does(
    emptied: Database, spans: list[tuple[int, int]]
) -> None:
    empty(emptied)
    windows = [(start, start + length) for start, length in spans]
    for start, end in windows:
        a_reading(emptied, MIDNIGHT + timedelta(hours=start), MIDNIGHT + timedelta(hours=end))
    days, within = divmod(by_hand(windows), 24)
    assert covered(emptied) == MONDAY + timedelta(days=days + (1 if within else 0))


def test_whole_covered_weeks_are_counted_by_ship_date(memory: Database) -> None:
    left(memory, MONDAY - timedelta(days=1), 7)  # before what is covered
    left(memory, MONDAY, 2)
    left(memory, MONDAY + timedelta(days=6), 3)
    left(memory, MONDAY + WEEK, 5, "17904")
    left(memory, MONDAY, 9, sku=None)  # a SKU text that cannot be read is no product's
    assert recount(memory) == [(MONDAY, "17612"), (MONDAY + WEEK, "17904")]
    assert kept(memory) == [(MONDAY, "17612", 5, "counted"), (MONDAY + WEEK, "17904", 5, "counted")]
    assert memory.read().rows("SELECT DISTINCT end_date - start_date FROM weekly_shipped_history") == [(6,)]


def test_a_week_whose_beginning_was_not_read_is_not_counted(memory: Database) -> None:
    left(memory, MONDAY + timedelta(days=1), 2)
    left(memory, MONDAY + WEEK, 3)
    assert recount(memory, MONDAY + timedelta(days=1)) == [(MONDAY + WEEK, "17612")]
    assert recount(memory, None) == []


def test_a_late_change_of_an_old_week_is_told_and_nothing_else_written(memory: Database) -> None:
    for week in range(4):
        left(memory, MONDAY + week * WEEK, 10)
    recount(memory)
    assert recount(memory, now=NOW + timedelta(hours=1)) == []
    left(memory, MONDAY + timedelta(days=4), 6)
    assert recount(memory, now=NOW + timedelta(hours=2)) == [(MONDAY, "17612")]
    touched = memory.read().rows(
        "SELECT start_date, quantity_shipped FROM weekly_shipped_history WHERE updated_at > $now", {"now": NOW}
    )
    assert touched == [(MONDAY, 16)]


def test_what_was_voided_leaves_its_week(memory: Database) -> None:
    left(memory, MONDAY, 10)
    recount(memory)
    with memory.transaction() as con:
        con.execute("DELETE FROM shipped_items")
    assert recount(memory) == [(MONDAY, "17612")]
    assert kept(memory) == []


def test_loaded_weeks_are_kept_and_replaced_by_their_key(memory: Database) -> None:
    old = MONDAY - 10 * WEEK
    assert load(memory, (old, "17612", 480), (old, "17904", 0), (old + WEEK, "17612", 510)) == 3
    assert load(memory, (old, "17612", 480), (old, "17904", 12)) == 1
    assert load(memory) == 0
    assert store.loaded_weeks(memory.read()) == {old, old + WEEK}
    assert store.units_by_week(memory.read(), old, old + WEEK) == {
        "17612": {old: 480, old + WEEK: 510},
        "17904": {old: 12},
    }
    assert store.units_by_week(memory.read(), old + WEEK, MONDAY) == {"17612": {old + WEEK: 510}}


def test_loaded_weeks_that_come_to_be_covered_give_way_to_what_was_counted(memory: Database) -> None:
    before, after, same = MONDAY - WEEK, MONDAY, MONDAY + WEEK
    load(memory, (before, "17612", 1), (same, "17612", 4))
    load(memory, (after, "17612", 2), (after, "17904", 3), (after, "18675", 0))
    left(memory, after, 20)
    left(memory, same, 4)
    # One is gone, one is another; the loaded zero and the one that was right already are no change.
    assert recount(memory) == [(after, "17612"), (after, "17904")]
    assert kept(memory) == [
        (before, "17612", 1, "loaded"),
        (after, "17612", 20, "counted"),
        (same, "17612", 4, "counted"),
    ]
    assert store.loaded_weeks(memory.read()) == {before}


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-20, 40), st.sampled_from(["17612", "17904"]), st.integers(0, 9), st.booleans()),
        max_size=12,
    )
)
def test_counting_in_steps_ends_where_counting_at_once_does(
    emptied: Database, parcels: list[tuple[int, str, int, bool]]
) -> None:
    empty(emptied)
    expected: dict[tuple[date, str], int] = {}
    for day, sku, units, counts_now in parcels:
        on = MONDAY + timedelta(days=day)
        left(emptied, on, units, sku)
        if day >= 0 and units:
            expected[week_of(on), sku] = expected.get((week_of(on), sku), 0) + units
        if counts_now:
            recount(emptied)
    recount(emptied)
    assert kept(emptied) == [(*key, units, "counted") for key, units in sorted(expected.items())]


def test_weeks_are_counted_from_the_first_parcel_on(memory: Database) -> None:
    a_reading(memory, MIDNIGHT - 4 * WEEK, MIDNIGHT + WEEK)
    assert store.covered_since(memory.read(), PACIFIC) is None
    left(memory, date(2026, 10, 27), 3)
    assert store.covered_since(memory.read(), PACIFIC) == date(2026, 10, 27)


def test_what_was_shipped_before_the_first_reading_covers_nothing(memory: Database) -> None:
    a_reading(memory, MIDNIGHT, MIDNIGHT + WEEK)
    left(memory, date(2026, 10, 27), 3)
    assert store.covered_since(memory.read(), PACIFIC) == MONDAY
