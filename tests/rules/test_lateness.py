"""When an order is late: by the warehouse's wall clock, on its working days, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.lateness import CutOff, cut_off
from shipsync.rules.weeks import WorkCalendar

PACIFIC = ZoneInfo("America/Los_Angeles")
USUAL = cut_off(None, None, PACIFIC)


def at(day: str, hour: str, zone: ZoneInfo = PACIFIC) -> datetime:
    """A wall-clock hour as an instant."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (at("2026-11-18", "13:00"), at("2026-11-18", "13:00")),  # a Wednesday, at the hour itself
        (at("2026-11-18", "12:59"), at("2026-11-17", "13:00")),
        (at("2026-11-21", "18:00"), at("2026-11-20", "13:00")),  # a Saturday: Friday's
        (at("2026-11-23", "12:00"), at("2026-11-20", "13:00")),  # a Monday before it: still Friday's
        (at("2026-11-23", "13:01"), at("2026-11-23", "13:00")),
    ],
)
def test_the_last_cut_off_is_that_of_a_working_day(now: datetime, last: datetime) -> None:
    assert USUAL.last_before(now) == last


@pytest.mark.parametrize(
    ("came_in", "due"),
    [
        (at("2026-11-18", "12:59"), at("2026-11-18", "13:00")),
        (at("2026-11-18", "13:00"), at("2026-11-19", "13:00")),
        (at("2026-11-20", "15:00"), at("2026-11-23", "13:00")),  # Friday afternoon leaves on Monday
    ],
)
def test_an_order_is_due_at_the_next_cut_off(came_in: datetime, due: datetime) -> None:
    assert USUAL.due(came_in) == due


def test_the_cut_off_stays_at_its_wall_clock_hour_when_the_clocks_change() -> None:
    # Summer time begins on Sunday 8 March 2026 and ends on Sunday 1 November 2026.
    assert USUAL.last_before(at("2026-03-06", "14:00")) == datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
    assert USUAL.last_before(at("2026-03-09", "14:00")) == datetime(2026, 3, 9, 20, 0, tzinfo=UTC)
    assert USUAL.last_before(at("2026-10-30", "14:00")) == datetime(2026, 10, 30, 20, 0, tzinfo=UTC)
    assert USUAL.last_before(at("2026-11-02", "14:00")) == datetime(2026, 11, 2, 21, 0, tzinfo=UTC)


def test_a_cut_off_in_the_hour_that_spring_leaves_out_still_comes_once() -> None:
    every_day = cut_off("02:30", "Sun", PACIFIC)
    passed = every_day.last_before(at("2026-03-08", "12:00"))
    assert passed == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)  # 03:30 by the new time
    assert every_day.due(passed - timedelta(seconds=1)) == passed


def test_a_cut_off_in_the_hour_that_autumn_repeats_is_the_first_of_the_two() -> None:
    every_day = cut_off("01:30", "Sun", PACIFIC)
    assert every_day.last_before(at("2026-11-01", "12:00")) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def test_one_working_day_a_week_is_found() -> None:
    mondays = cut_off("09:00", "Mon", PACIFIC)
    assert mondays.last_before(at("2026-11-23", "08:59")) == at("2026-11-16", "09:00")
    assert mondays.due(at("2026-11-23", "09:00")) == at("2026-11-30", "09:00")


def test_a_day_off_has_no_cut_off() -> None:
    # Thanksgiving and the day after it are off: what comes in on Wednesday afternoon leaves on Monday.
    by = cut_off(None, None, PACIFIC, "2026-11-26, 2026-11-27")
    for came_in in (at("2026-11-25", "13:00"), at("2026-11-26", "09:00"), at("2026-11-29", "23:00")):
        assert by.due(came_in) == at("2026-11-30", "13:00")
    for now in (at("2026-11-26", "14:00"), at("2026-11-27", "14:00"), at("2026-11-30", "12:59")):
        assert by.last_before(now) == at("2026-11-25", "13:00")
    assert by.due(at("2026-11-25", "12:00")) == at("2026-11-25", "13:00")


def test_a_day_off_on_a_weekend_changes_nothing() -> None:
    by = cut_off(None, None, PACIFIC, "2026-11-21, 2026-11-22")
    assert by.due(at("2026-11-20", "15:00")) == at("2026-11-23", "13:00")


def test_a_long_holiday_is_looked_past_in_both_directions() -> None:
    # Closed from 1 to 31 December, where only Mondays are worked.
    closed = ",".join(f"2026-12-{day:02d}" for day in range(1, 32))
    by = cut_off(None, "Mon", PACIFIC, closed)
    assert by.due(at("2026-12-01", "09:00")) == at("2027-01-04", "13:00")
    assert by.last_before(at("2027-01-03", "09:00")) == at("2026-11-30", "13:00")


def test_a_day_off_that_is_no_date_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"The day off 'Friday' is no date\. Write days off like 2026-11-26"):
        cut_off(None, None, PACIFIC, "Friday")


@pytest.mark.parametrize("text", ["25:00", "1 pm", "13", "13:60"])
def test_an_hour_that_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no hour of the day\. Write it like 13:00\."):
        cut_off(text, None, PACIFIC)


@pytest.mark.parametrize("text", ["Monday", "Mon;Tue", ","])
def test_working_days_that_are_none_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="are not a list of weekdays"):
        cut_off(None, text, PACIFIC)


days = st.dates(date(2024, 12, 1), date(2028, 1, 31))
cut_offs = st.builds(
    CutOff,
    by=st.times().map(lambda one: one.replace(second=0, microsecond=0, tzinfo=None)),
    calendar=st.builds(
        WorkCalendar,
        weekdays=st.frozensets(st.integers(0, 6), min_size=1),
        # Single days and one long holiday, in the years of the instants below.
        days_off=st.builds(
            lambda single, first, length: frozenset({*single, *(first + timedelta(days=day) for day in range(length))}),
            single=st.frozensets(days, max_size=20),
            first=days,
            length=st.integers(0, 60),
        ),
    ),
    zone=st.sampled_from([PACIFIC, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]),
)
instants = st.integers(0, 3 * 365 * 86400).map(
    lambda second: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)


@given(cut_offs, instants)
def test_no_cut_off_lies_between_the_last_one_and_the_next(by: CutOff, now: datetime) -> None:
    last, following = by.last_before(now), by.due(now)
    assert last <= now < following
    assert all(by.calendar.is_working(one.astimezone(by.zone).date()) for one in (last, following))
    assert by.due(last) == following
    assert by.last_before(following - timedelta(microseconds=1)) == last


@given(cut_offs, instants, instants)
def test_an_order_is_late_exactly_when_it_is_past_its_due(by: CutOff, came_in: datetime, now: datetime) -> None:
    assert (came_in < by.last_before(now)) == (by.due(came_in) <= now)
