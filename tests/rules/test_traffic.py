"""Which days and hours are compared, and what is usual."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules import traffic

PACIFIC = ZoneInfo("America/Los_Angeles")
KOLKATA = ZoneInfo("Asia/Kolkata")
LONG_AGO = date(2020, 1, 1)
instants = st.integers(0, 3 * 365 * 86400).map(
    lambda second: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)
zones = st.sampled_from([PACIFIC, KOLKATA, ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")])


def test_days_are_compared_up_to_the_same_wall_clock_time() -> None:
    # Wednesday 4 November 2026, three days after the end of summer time.
    until = traffic.up_to(datetime(2026, 11, 4, 20, 7, tzinfo=UTC), PACIFIC)
    compared = traffic.compared_days(until, LONG_AGO)
    assert f"{until:%H:%M}" == "12:00"
    assert list(compared) == [date(2026, 11, 4) - timedelta(weeks=back) for back in range(1, 9)]
    assert compared[date(2026, 10, 28)] == datetime(2026, 10, 28, 19, 0, tzinfo=UTC)


def test_days_before_anything_was_shipped_are_not_compared() -> None:
    until = traffic.up_to(datetime(2026, 11, 18, 20, 0, tzinfo=UTC), PACIFIC)
    assert list(traffic.compared_days(until, date(2026, 11, 4))) == [date(2026, 11, 11), date(2026, 11, 4)]
    assert traffic.compared_days(until, None) == {}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([], "no usual yet: 0 earlier Wednesdays known"),
        ([5], "no usual yet: 1 earlier Wednesday known"),
        ([20, 30], "no usual yet: 2 earlier Wednesdays known"),
        ([0, 27, 30], "usual by 12:00 on a Wednesday: 27 (median of 3)"),
        ([1000, 2000, 3000, 4000], "usual by 12:00 on a Wednesday: 2,500 (median of 4)"),
    ],
)
def test_what_is_usual_says_its_basis(counts: list[int], words: str) -> None:
    until = traffic.up_to(datetime(2026, 11, 18, 20, 14, tzinfo=UTC), PACIFIC)
    assert traffic.usual(counts, until).words == words


@given(instants, zones)
def test_compared_days_are_earlier_same_weekdays(now: datetime, zone: ZoneInfo) -> None:
    until = traffic.up_to(now, zone)
    assert timedelta(0) <= now - until.astimezone(UTC) < timedelta(minutes=15)
    for day, instant in traffic.compared_days(until, LONG_AGO).items():
        assert day.weekday() == until.weekday()
        assert instant.astimezone(zone).date() == day
        assert instant < now


@given(instants, zones)
def test_the_hours_follow_each_other_without_a_gap_up_to_now(now: datetime, zone: ZoneInfo) -> None:
    hours = traffic.hours(now.astimezone(zone))
    assert len(hours) == traffic.HOURS_SHOWN
    assert all(later - earlier == timedelta(hours=1) for earlier, later in pairwise(hours))
    assert hours[-1] <= now < hours[-1] + timedelta(hours=1)
    assert all(hour.astimezone(zone).minute == 0 for hour in hours)


def test_the_hour_that_autumn_repeats_is_there_twice() -> None:
    # Sunday 1 November 2026, 06:30 in the warehouse.
    hours = traffic.hours(datetime(2026, 11, 1, 14, 30, tzinfo=UTC).astimezone(PACIFIC))
    names = [f"{hour.astimezone(PACIFIC):%H:%M %Z}" for hour in hours[-7:]]
    assert names == ["01:00 PDT", "01:00 PST", "02:00 PST", "03:00 PST", "04:00 PST", "05:00 PST", "06:00 PST"]


def test_counts_are_filled_with_zeros() -> None:
    days = traffic.last_days(date(2026, 3, 2), 3)
    assert days == [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]
    assert traffic.per_day(days, {date(2026, 3, 1): 7}) == [0, 7, 0]
    hours = traffic.hours(datetime(2026, 3, 2, 12, 5, tzinfo=UTC), 3)
    assert traffic.per_hour(hours, {2: 4}) == [0, 0, 4]
