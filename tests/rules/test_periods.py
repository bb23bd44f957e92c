"""Business dates in the warehouse's zone, over clock changes and year ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.periods import business_date, clock_goes_back_near, day_ends, day_starts

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


def test_only_the_autumn_change_repeats_an_hour() -> None:
    near = timedelta(minutes=75)
    assert clock_goes_back_near(datetime(2026, 11, 1, 9, 0, tzinfo=UTC), PACIFIC, near)
    assert not clock_goes_back_near(datetime(2026, 3, 8, 10, 0, tzinfo=UTC), PACIFIC, near)
    assert not clock_goes_back_near(datetime(2026, 7, 1, 9, 0, tzinfo=UTC), PACIFIC, near)
