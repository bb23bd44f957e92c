"""Business dates in the warehouse's zone, over clock changes and year ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.periods import (
    business_date,
    clock_goes_back_near,
    day_ends,
    day_starts,
    first_whole_day,
    instant_of,
)

PACIFIC = ZoneInfo("America/Los_Angeles")
zones = st.sampled_from([ZoneInfo(name) for name in ("America/Los_Angeles", "America/Chicago", "UTC", "Asia/Kolkata")])


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 21, 7, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 21, 8, 0, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2027, 1, 1, 5, 0, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_midnight_is_the_warehouses_own(instant: datetime, day: date) -> None:
    assert business_date(instant, PACIFIC) == day


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 20), 24)])
def test_a_day_is_as_long_as_its_clock_says(day: date, hours: int) -> None:
    assert day_ends(day, PACIFIC) - day_starts(day, PACIFIC) == timedelta(hours=hours)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)), zones)  # noqa: DTZ001 - zoned by hypothesis
def test_every_instant_lies_in_exactly_its_day(instant: datetime, zone: ZoneInfo) -> None:
    day = business_date(instant, zone)
    assert day_starts(day, zone) <= instant < day_ends(day, zone)
    assert day_ends(day, zone) == day_starts(day + timedelta(days=1), zone)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)), zones)  # noqa: DTZ001 - zoned by hypothesis
def test_the_first_whole_day_is_the_first_that_begins_behind_an_instant(instant: datetime, zone: ZoneInfo) -> None:
    day = first_whole_day(instant, zone)
    assert day_starts(day - timedelta(days=1), zone) < instant <= day_starts(day, zone)


def test_a_day_that_begins_with_an_instant_lies_wholly_behind_it() -> None:
    midnight = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert first_whole_day(midnight, PACIFIC) == date(2026, 11, 21)
    assert first_whole_day(midnight + timedelta(microseconds=1), PACIFIC) == date(2026, 11, 22)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)), zones)  # noqa: DTZ001 - zoned by hypothesis
def test_a_time_on_the_wall_is_the_instant_that_shows_it(instant: datetime, zone: ZoneInfo) -> None:
    shown = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    try:
        assert instant_of(shown, zone) == instant
    except ValueError as error:
        assert str(error).startswith("came twice")  # noqa: PT017 - most instants raise nothing
        assert clock_goes_back_near(instant, zone, timedelta(hours=1))


@pytest.mark.parametrize(
    ("local", "what"),
    [
        (datetime(2026, 3, 8, 2, 30), "does not exist: the clock was set forward then"),  # noqa: DTZ001 - as on the wall
        (datetime(2026, 11, 1, 1, 30), "came twice: the clock was set back then"),  # noqa: DTZ001
    ],
)
def test_a_time_that_never_was_or_came_twice_is_no_instant(local: datetime, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        instant_of(local, PACIFIC)


def test_only_the_autumn_change_repeats_an_hour() -> None:
    near = timedelta(minutes=75)
    assert clock_goes_back_near(datetime(2026, 11, 1, 9, 0, tzinfo=UTC), PACIFIC, near)
    assert not clock_goes_back_near(datetime(2026, 3, 8, 10, 0, tzinfo=UTC), PACIFIC, near)
    assert not clock_goes_back_near(datetime(2026, 7, 1, 9, 0, tzinfo=UTC), PACIFIC, near)
