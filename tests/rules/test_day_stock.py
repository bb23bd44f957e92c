"""Stock at the end of each day: counts that take its place, movements before and after them, several lots."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.rules.day_stock import Counted, Moved, end_of_day_stock

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(5)]


def ends(
    opening: int, counted: list[tuple[int, int, int]] | None = None, moved: list[tuple[int, int, int]] | None = None
) -> list[int]:
    """Of one lot over five days. Counts are (number, day, units), movements (counts before, day, units)."""
    counts = [Counted("A", "", number, DAYS[day], units) for number, day, units in counted or []]
    moves = [Moved("A", "", number, DAYS[day], units) for number, day, units in moved or []]
    found = end_of_day_stock({("A", ""): opening}, counts, moves, DAYS)
    assert found.keys() == {(day, "A") for day in DAYS}
    return [found[day, "A"] for day in DAYS]


def test_what_does_not_move_stands_every_day() -> None:
    assert ends(7) == [7, 7, 7, 7, 7]


def test_what_moves_is_there_from_its_day_on() -> None:
    assert ends(7, moved=[(0, 1, -2), (0, 1, 10), (0, 4, -1)]) == [7, 15, 15, 15, 14]


def test_a_count_takes_the_place_of_what_stood() -> None:
    assert ends(7, [(1, 2, 50)]) == [7, 7, 50, 50, 50]


def test_what_moved_before_a_count_is_in_it_and_what_moved_after_comes_on_top() -> None:
    """On the day of the count too."""
    assert ends(7, [(1, 2, 50)], [(0, 1, -2), (0, 2, -3), (1, 2, -4), (1, 3, 9)]) == [7, 5, 46, 55, 55]


def test_of_two_counts_on_a_day_the_later_one_holds() -> None:
    assert ends(7, [(1, 1, 50), (2, 1, 40)], [(1, 1, -5), (2, 1, -1), (2, 3, -1)]) == [7, 39, 39, 38, 38]
    assert ends(7, [(2, 1, 40), (1, 1, 50)]) == [7, 40, 40, 40, 40]


def test_counts_on_several_days_hold_each_until_the_next() -> None:
    assert ends(0, [(1, 0, 10), (2, 3, 20)], [(1, 2, -1), (2, 3, 5), (2, 4, -2)]) == [10, 10, 9, 25, 23]


def test_lots_are_told_each_by_itself_and_added_up() -> None:
    found = end_of_day_stock(
        {("A", "1"): 10, ("B", "1"): 100},
        [Counted("A", "2", 1, DAYS[1], 5)],
        [Moved("A", "1", 0, DAYS[2], -4), Moved("A", "3", 0, DAYS[3], 1), Moved("B", "1", 0, DAYS[0], 1)],
        DAYS,
    )
    assert [found[day, "A"] for day in DAYS] == [10, 15, 11, 12, 12]
    assert [found[day, "B"] for day in DAYS] == [101] * 5


def test_where_nobody_knows_anything_there_is_no_stock() -> None:
    assert end_of_day_stock({}, [], [], DAYS) == {}


_moves = st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9), st.booleans()), max_size=12)


@settings(max_examples=150)
@given(st.integers(0, 50), _moves)
def test_it_is_what_going_through_the_events_one_after_the_other_gives(
    opening: int, events: list[tuple[int, int, bool]]
) -> None:
    """Events come in the order of their days; one is a count, or a movement."""
    events = sorted(events, key=lambda one: one[0])
    counted: list[tuple[int, int, int]] = []
    moved: list[tuple[int, int, int]] = []
    stands, at_end = opening, {}
    for day, units, is_count in events:
        if is_count:
            counted.append((len(counted) + 1, day, abs(units)))
            stands = abs(units)
        else:
            moved.append((len(counted), day, units))
            stands += units
        at_end[day] = stands
    expected, last = [], opening
    for day in range(5):
        last = at_end.get(day, last)
        expected.append(last)
    assert ends(opening, counted, moved) == expected
