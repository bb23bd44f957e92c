"""Counts as they are kept, and what each came to by the newest counting of its lines."""

from __future__ import annotations

from datetime import date, timedelta

from shipsync.rules.counts import CountLine, Entry
from shipsync.store import counts
from shipsync.store.db import Database
from tests.store.conftest import NOW

DAY = date(2026, 11, 18)


def a_count(db: Database, *lines: tuple[str, int, tuple[int, ...]]) -> str:
    """A count of these lots of 17612: (lot, expected, what each counting said), give or take two."""
    with db.transaction() as con:
        sheet = [CountLine("17612", lot, expected, 2, None) for lot, expected, _ in lines]
        count_id = counts.open_count(con, DAY, 1, NOW, sheet, "Ann", NOW)
        for lot, _, countings in lines:
            for number, units in enumerate(countings, start=1):
                at = NOW + timedelta(minutes=number)
                counts.add_entry(con, count_id, "17612", lot, Entry(number, 0, units, units, at, "Ann"))
    return count_id


def test_a_count_is_told_by_the_newest_counting_of_each_line(memory: Database) -> None:
    count_id = a_count(memory, ("", 10, (9,)), ("250237", 100, (90, 103)), ("250300", 40, (40,)), ("250301", 7, ()))
    [told] = counts.outcomes(memory.read())
    assert (told.count.count_id, told.lines, told.counted, told.within, told.differing, told.net) == (
        count_id, 4, 3, 2, 2, 2,
    )  # fmt: skip


def test_counts_are_told_newest_first_and_one_without_an_entry_has_no_figures(memory: Database) -> None:
    first = a_count(memory, ("", 10, (10,)))
    with memory.transaction() as con:
        counts.end(con, first, "posted", "Bob", NOW)
    second = a_count(memory, ("", 10, ()))
    assert [one.count.count_id for one in counts.outcomes(memory.read())] == [second, first]
    [newest] = counts.outcomes(memory.read(), 1)
    assert (newest.count.status, newest.lines, newest.counted, newest.within, newest.net) == ("open", 1, 0, 0, 0)


def test_a_database_without_a_count_tells_none(memory: Database) -> None:
    assert counts.outcomes(memory.read()) == []
