"""Calendar months: their edges, names, and when a press has to say which one it means."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.months import (
    month_before,
    month_ends,
    month_name,
    month_named,
    month_of,
    month_words,
    months_between,
    must_say_which,
    next_month,
)

months = st.dates(date(2000, 1, 1), date(2100, 1, 1)).map(month_of)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2028, 2, 1), date(2028, 2, 29)),  # a leap year
        (date(2100, 2, 1), date(2100, 2, 28)),  # none, though four divides it
        (date(2026, 4, 1), date(2026, 4, 30)),
        (date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_month_ends_where_the_calendar_says(first: date, last: date) -> None:
    assert month_ends(first) == last
    assert month_of(last) == month_of(first) == first
    assert next_month(first) == last + timedelta(days=1)


@given(months)
def test_the_month_before_the_next_is_the_month_itself(month: date) -> None:
    assert month_before(next_month(month)) == next_month(month_before(month)) == month
    assert month_of(month_ends(month)) == month
    assert month_named(month_name(month)) == month
    assert months_between(month, month_ends(month)) == [month]
    assert months_between(month_before(month), next_month(month)) == [month_before(month), month, next_month(month)]


def test_months_between_are_counted_from_within_the_first_to_within_the_last() -> None:
    assert months_between(date(2026, 11, 30), date(2027, 1, 1)) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]
    assert months_between(date(2026, 11, 1), date(2026, 10, 31)) == []


def test_a_month_has_a_name_for_addresses_and_one_for_people() -> None:
    assert month_name(date(2026, 3, 1)) == "2026-03"
    assert month_words(date(2026, 3, 1)) == "March 2026"


@pytest.mark.parametrize(
    "name",
    ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "2026-11-01", "0000-01", "0001-01", "9999-12", "2026-１１"],
)
def test_what_is_no_name_of_a_month_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ValueError, match="is no month: write it like 2026-11"):
        month_named(name)


def test_up_to_the_seventh_a_press_has_to_say_which_month() -> None:
    assert [must_say_which(date(2026, 12, day)) for day in (1, 7, 8, 31)] == [True, True, False, False]
