"""What came in and what left, by day and by hour; which orders are late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shipsync.rules import traffic as rules
from shipsync.rules.alerts import Late
from shipsync.store import lateness, traffic
from shipsync.store.db import Database
from shipsync.store.lateness import Awaiting
from shipsync.store.settings import set_setting
from shipsync.store.traffic import ShippedDay
from tests.store.order_rows import NOON, a_shipped_order, an_order

PACIFIC = ZoneInfo("America/Los_Angeles")
TODAY = date(2026, 11, 18)
HOURS = rules.hours(NOON)


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


def test_a_day_counts_orders_parcels_and_units_apart(memory: Database) -> None:
    a_shipped_order(memory, "700001", TODAY, parcels=2, units=3)
    a_shipped_order(memory, "700002", TODAY)
    a_shipped_order(memory, "700003", TODAY - timedelta(days=2))
    a_shipped_order(memory, "700004", TODAY - timedelta(days=9))
    con = memory.read()
    assert traffic.first_shipped_on(con) == TODAY - timedelta(days=9)
    assert traffic.shipped_days(con, TODAY - timedelta(days=7), TODAY) == [
        ShippedDay(TODAY - timedelta(days=2), 1, 1, 2),
        ShippedDay(TODAY, 2, 3, 8),
    ]


def test_nothing_shipped_is_told_as_nothing(memory: Database) -> None:
    con = memory.read()
    assert traffic.first_shipped_on(con) is None
    assert traffic.shipped_days(con, TODAY, TODAY) == []
    assert traffic.shipped_until(con, {TODAY: NOON}) == {TODAY: 0}
    assert traffic.shipped_until(con, {}) == {}
    assert traffic.came_in_by_hour(con, HOURS) == {}
    assert traffic.shipped_by_hour(con, HOURS, TODAY) == {}


def test_an_order_counts_from_its_first_parcel_that_stands(memory: Database) -> None:
    a_shipped_order(memory, "700001", TODAY, created_at=NOON - hours(1))
    a_shipped_order(memory, "700002", TODAY, created_at=NOON + hours(1))
    a_shipped_order(memory, "700003", TODAY, created_at=NOON - hours(1), voided=True)  # its parcel is not known
    a_shipped_order(memory, "700004", TODAY - timedelta(days=7), created_at=NOON - timedelta(days=7))
    a_shipped_order(memory, "700005", TODAY, parcels=0)
    until = {TODAY: NOON, TODAY - timedelta(days=7): NOON - timedelta(days=7), TODAY - timedelta(days=14): NOON}
    assert traffic.shipped_until(memory.read(), until) == {
        TODAY: 3,
        TODAY - timedelta(days=7): 1,
        TODAY - timedelta(days=14): 0,
    }


def test_hours_hold_what_happened_in_them(memory: Database) -> None:
    an_order(memory, "700001", ordered_at=NOON - hours(1), created_at=NOON)
    an_order(memory, "700002", ordered_at=None, created_at=NOON)
    an_order(memory, "700003", ordered_at=NOON - hours(24), created_at=NOON)  # before the first of them
    a_shipped_order(memory, "700004", TODAY, parcels=2, created_at=NOON - hours(3))
    con = memory.read()
    assert traffic.came_in_by_hour(con, HOURS) == {22: 1, 23: 2}
    assert traffic.shipped_by_hour(con, HOURS, TODAY - timedelta(days=1)) == {20: 1}


def test_late_are_those_that_wait_and_came_in_before_the_cut_off(memory: Database) -> None:
    before = NOON
    an_order(memory, "700001", ordered_at=NOON - hours(26))
    an_order(memory, "700002", "pending", ordered_at=NOON - hours(2))
    an_order(memory, "700003", "uploaded", ordered_at=NOON)  # at the cut-off itself: it is for the next
    an_order(memory, "700004", "shipped", ordered_at=NOON - hours(26))
    an_order(memory, "700005", "on_hold", ordered_at=NOON - hours(26))
    con = memory.read()
    assert [one.order_number for one in lateness.late_orders(con, before, 10)] == ["700001", "700002"]
    assert [one.order_number for one in lateness.late_orders(con, before, 1)] == ["700001"]
    assert len(lateness.late_orders(con, before)) == 2
    assert lateness.late(con, before) == Late(2, NOON - hours(26), "700001", "key:700001")
    assert lateness.awaiting(con) == Awaiting(3, NOON - hours(26))


def test_without_orders_nothing_is_late_and_nothing_waits(memory: Database) -> None:
    assert lateness.late(memory.read(), NOON) == Late(0, None, None, None)
    assert lateness.awaiting(memory.read()) == Awaiting(0, None)


def test_the_cut_off_is_what_people_have_set(memory: Database) -> None:
    assert lateness.cut_off(memory.read(), PACIFIC).words == "13:00"
    with memory.transaction() as con:
        set_setting(con, "cut_off", "15:30", "Bob", NOON)
        set_setting(con, "working_days", "Mon,Wed", "Bob", NOON)
    set_now = lateness.cut_off(memory.read(), PACIFIC)
    assert set_now.last_before(NOON) == datetime(2026, 11, 16, 23, 30, tzinfo=UTC)
    with memory.transaction() as con:
        set_setting(con, "days_off", "2026-11-16, 2026-11-11", "Bob", NOON)
    assert lateness.cut_off(memory.read(), PACIFIC).last_before(NOON) == datetime(2026, 11, 9, 23, 30, tzinfo=UTC)
    with memory.transaction() as con:
        set_setting(con, "cut_off", "late", "Bob", NOON)
    with pytest.raises(ValueError, match="'late' is no hour of the day"):
        lateness.cut_off(memory.read(), PACIFIC)
