"""Which nightly backups are kept."""

from __future__ import annotations

from datetime import date, timedelta

from shipsync.rules.backups import kept

SUNDAY = date(2026, 9, 20)


def nights(count: int, last: date = SUNDAY) -> list[date]:
    return [last - timedelta(days=back) for back in range(count)]


def test_two_weeks_are_kept_whole() -> None:
    assert kept(nights(14)) == set(nights(14))


def test_before_them_one_of_each_week_is_kept_its_newest() -> None:
    sundays = {SUNDAY - timedelta(weeks=back) for back in range(8)}
    assert kept(nights(365)) == {*nights(14), *sundays}


def test_night_by_night_it_comes_to_the_same() -> None:
    there: set[date] = set()
    for night in reversed(nights(200)):
        there = kept(there | {night})
        assert night in there
    assert there == kept(nights(200))
    assert len(there) == 20


def test_after_a_long_pause_the_old_ones_stay() -> None:
    old = nights(14, SUNDAY - timedelta(days=400))
    assert kept([*old, SUNDAY]) >= {*old[:13], SUNDAY}


def test_there_is_nothing_to_keep_of_nothing() -> None:
    assert kept([]) == set()
