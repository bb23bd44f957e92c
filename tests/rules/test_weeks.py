"""Weeks of the warehouse: their names and edges, when one is over, and which of them are known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.weeks import (
    WorkCalendar,
    days_off,
    days_off_text,
    first_whole_week,
    known_weeks,
    last_complete_week,
    week_ends,
    week_name,
    week_named,
    week_of,
    weeks_between,
)

MONDAY = date(2026, 11, 16)
WEEK = timedelta(weeks=1)
WORKDAYS = frozenset(range(5))
USUAL = WorkCalendar(WORKDAYS)
CHRISTMAS = WorkCalendar(WORKDAYS, frozenset({date(2026, 12, 25)}))
VETERANS = WorkCalendar(WORKDAYS, frozenset({date(2026, 11, 11)}))
THANKSGIVING = WorkCalendar(WORKDAYS, frozenset({date(2026, 11, 26), date(2026, 11, 27)}))
SHUTDOWN = WorkCalendar(WORKDAYS, frozenset(date(2026, 12, 28) + timedelta(days=number) for number in range(5)))

mondays = st.dates(date(2000, 1, 1), date(2100, 1, 1)).map(week_of)
calendars = st.builds(
    WorkCalendar,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(st.dates(MONDAY - 2 * WEEK, MONDAY + 2 * WEEK), max_size=12),
)


@pytest.mark.parametrize(
    ("day", "monday", "name"),
    [
        (date(2026, 11, 16), date(2026, 11, 16), "2026-W47"),
        (date(2026, 11, 22), date(2026, 11, 16), "2026-W47"),
        (date(2026, 1, 4), date(2025, 12, 29), "2026-W01"),  # a week that begins in the old year
        (date(2026, 12, 31), date(2026, 12, 28), "2026-W53"),  # 2026 has 53 weeks
        (date(2027, 1, 3), date(2026, 12, 28), "2026-W53"),  # and its last Sunday lies in the new year
        (date(2027, 1, 4), date(2027, 1, 4), "2027-W01"),
        (date(2020, 12, 28), date(2020, 12, 28), "2020-W53"),
        (date(2024, 12, 31), date(2024, 12, 30), "2025-W01"),
    ],
)
def test_a_week_is_named_by_the_year_of_its_thursday(day: date, monday: date, name: str) -> None:
    assert week_of(day) == monday
    assert week_name(monday) == name


@given(mondays)
def test_a_week_goes_from_its_monday_to_its_sunday(monday: date) -> None:
    assert monday.weekday() == 0
    assert week_ends(monday).weekday() == 6
    assert [week_of(monday + timedelta(days=number)) for number in (-1, 0, 6, 7)] == [
        monday - WEEK,
        monday,
        monday,
        monday + WEEK,
    ]
    assert week_name(monday) < week_name(monday + WEEK)


@pytest.mark.parametrize(
    ("last", "weeks"), [(MONDAY, 1), (MONDAY + WEEK, 2), (MONDAY - WEEK, 0), (MONDAY - 5 * WEEK, 0)]
)
def test_the_weeks_between_two_have_both_in_them(last: date, weeks: int) -> None:
    assert weeks_between(MONDAY, last) == [MONDAY + number * WEEK for number in range(weeks)]


@given(mondays)
def test_a_week_is_found_by_its_name(monday: date) -> None:
    assert week_named(week_name(monday)) == monday


@pytest.mark.parametrize(
    "name", ["2026-W54", "2025-W53", "2026-W00", "2026-W7", "2026-47", "2026-09-07", "0000-W01", ""]
)
def test_what_names_no_week_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no week like 2026-W47"):
        week_named(name)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_first_whole_week_behind_a_day_begins_with_it_or_within_the_next_six(day: date) -> None:
    monday = first_whole_week(day)
    assert monday == week_of(monday)
    assert timedelta() <= monday - day < WEEK


def test_fifty_three_weeks_lie_between_the_first_and_the_last_week_of_2026() -> None:
    weeks = weeks_between(date(2025, 12, 29), date(2026, 12, 28))
    assert (len(weeks), week_name(weeks[0]), week_name(weeks[-1])) == (53, "2026-W01", "2026-W53")


# -- when a week is over ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calendar", "monday", "closes", "off"),
    [
        (USUAL, MONDAY, date(2026, 11, 20), []),
        # Friday is off: Thursday closes the week.
        (CHRISTMAS, date(2026, 12, 21), date(2026, 12, 24), [date(2026, 12, 25)]),
        # Thanksgiving: Wednesday does.
        (THANKSGIVING, date(2026, 11, 23), date(2026, 11, 25), [date(2026, 11, 26), date(2026, 11, 27)]),
        # A holiday in the middle moves nothing.
        (VETERANS, date(2026, 11, 9), date(2026, 11, 13), [date(2026, 11, 11)]),
        # Nobody works at all: the week ends by itself.
        (SHUTDOWN, date(2026, 12, 28), date(2027, 1, 3), [date(2026, 12, 28) + timedelta(days=n) for n in range(5)]),
        # Who ships on Saturdays closes on Saturday, and a Sunday off is no holiday.
        (WorkCalendar(frozenset(range(6)), frozenset({date(2026, 11, 22)})), MONDAY, date(2026, 11, 21), []),
        (WorkCalendar(frozenset({1})), MONDAY, date(2026, 11, 17), []),
    ],
)  # fmt: skip
def test_a_week_closes_on_its_last_working_day(
    calendar: WorkCalendar, monday: date, closes: date, off: list[date]
) -> None:
    assert calendar.closing_day(monday) == closes
    assert calendar.days_off_in(monday) == off
    assert calendar.closing_day(monday + WEEK) > closes


def test_a_holiday_belongs_to_its_own_week() -> None:
    calendar = WorkCalendar(WORKDAYS, frozenset({MONDAY}))
    assert [calendar.days_off_in(MONDAY + number * WEEK) for number in (-1, 0, 1)] == [[], [MONDAY], []]


def test_the_working_days_of_a_week_are_told_in_order() -> None:
    assert THANKSGIVING.working_days(date(2026, 11, 23)) == [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)]
    assert SHUTDOWN.working_days(date(2026, 12, 28)) == []


@pytest.mark.parametrize(
    ("day", "complete"),
    [(day, MONDAY - WEEK) for day in range(4)] + [(day, MONDAY) for day in range(4, 11)] + [(11, MONDAY + WEEK)],
)
def test_the_last_complete_week_of_every_weekday(day: int, complete: date) -> None:
    """Monday to Thursday it is the week before; once Friday is known whole, it is this one."""
    assert last_complete_week(MONDAY + timedelta(days=day), USUAL) == complete


@pytest.mark.parametrize(("day", "complete"), [(24, MONDAY), (25, date(2026, 11, 23)), (26, date(2026, 11, 23))])
def test_thanksgiving_week_is_complete_on_wednesday(day: int, complete: date) -> None:
    assert last_complete_week(date(2026, 11, day), THANKSGIVING) == complete


def test_a_week_that_is_all_off_is_complete_on_its_sunday() -> None:
    assert last_complete_week(date(2027, 1, 2), SHUTDOWN) == date(2026, 12, 21)
    assert last_complete_week(date(2027, 1, 3), SHUTDOWN) == date(2026, 12, 28)


@given(st.dates(MONDAY - WEEK, MONDAY + WEEK), calendars)
def test_of_the_complete_week_all_working_days_are_known_and_of_the_next_not(
    through: date, calendar: WorkCalendar
) -> None:
    monday = last_complete_week(through, calendar)
    assert monday.weekday() == 0
    assert all(day <= through for day in calendar.working_days(monday))
    after = calendar.working_days(monday + WEEK)
    assert any(day > through for day in after) or (not after and week_ends(monday + WEEK) > through)
    assert last_complete_week(through + timedelta(days=1), calendar) in (monday, monday + WEEK)


# -- which weeks are known -------------------------------------------------------------------------------------------


def test_weeks_are_known_from_the_first_that_was_read_from_its_beginning() -> None:
    last = MONDAY
    assert known_weeks([], last - 2 * WEEK, last) == [last - 2 * WEEK, last - WEEK, last]
    tuesday = last - 2 * WEEK + timedelta(days=1)
    assert known_weeks([], tuesday, last) == [last - WEEK, last]
    sunday = last - timedelta(days=1)
    assert known_weeks([], sunday, last) == [last]


def test_weeks_are_known_from_what_was_loaded_alone() -> None:
    assert known_weeks([MONDAY, MONDAY - 3 * WEEK], None, MONDAY) == [MONDAY - 3 * WEEK, MONDAY]


def test_nothing_is_known_before_anything_was_read_or_loaded() -> None:
    assert known_weeks([], None, MONDAY) == []
    assert known_weeks([], MONDAY + timedelta(days=1), MONDAY) == []
    assert known_weeks([], MONDAY + 5 * WEEK, MONDAY) == []


def test_a_gap_between_what_was_loaded_and_what_was_read_stays_a_gap() -> None:
    loaded = [MONDAY - 9 * WEEK, MONDAY - 8 * WEEK]
    assert known_weeks(loaded, MONDAY - WEEK, MONDAY) == [*loaded, MONDAY - WEEK, MONDAY]


def test_a_week_both_loaded_and_read_is_one_and_one_to_come_is_none() -> None:
    assert known_weeks([MONDAY, MONDAY + WEEK], MONDAY, MONDAY) == [MONDAY]


def test_of_more_weeks_than_wanted_the_newest_calendar_weeks_are_taken() -> None:
    long_ago = MONDAY - 200 * WEEK
    weeks = known_weeks([], long_ago, MONDAY, at_most=52)
    assert (len(weeks), weeks[0], weeks[-1]) == (52, MONDAY - 51 * WEEK, MONDAY)
    # Calendar weeks: a gap is not filled up with what lies before them.
    loaded = [MONDAY - number * WEEK for number in range(60, 40, -1)]
    assert known_weeks(loaded, MONDAY - WEEK, MONDAY, at_most=52) == [*loaded[9:], MONDAY - WEEK, MONDAY]
    assert loaded[9] == MONDAY - 51 * WEEK


# -- the setting -----------------------------------------------------------------------------------------------------


def test_days_off_are_read_and_written_in_one_spelling() -> None:
    read = days_off(" 2026-12-25,2026-11-26\n2026-11-26, ")
    assert read == {date(2026, 11, 26), date(2026, 12, 25)}
    assert days_off_text(read) == "2026-11-26, 2026-12-25"
    assert days_off_text([date(2026, 12, 25), date(2026, 11, 26)]) == "2026-11-26, 2026-12-25"
    assert days_off(days_off_text(read)) == read


@pytest.mark.parametrize("nothing", [None, "", " , \n"])
def test_no_days_off_are_none(nothing: str | None) -> None:
    assert days_off(nothing) == frozenset()
    assert days_off_text([]) == ""


@pytest.mark.parametrize("word", ["Christmas", "12/25/2026", "2026-02-30"])
def test_a_day_off_that_is_no_date_is_named(word: str) -> None:
    with pytest.raises(ValueError, match=rf"^The day off '{word}' is no date\. Write days off like 2026-11-26"):
        days_off(f"2026-11-26, {word}")
