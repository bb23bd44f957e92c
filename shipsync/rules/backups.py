"""Which nightly backups are kept: every one of the last days, then one a week, so that they never fill a disk."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

DAYS_KEPT = 14
WEEKS_KEPT = 8


def kept(made: Collection[date]) -> set[date]:
    """Of the days on which a backup was made, those whose backup stays.

    The newest DAYS_KEPT, and the newest of each of the WEEKS_KEPT newest weeks that have one. Counted by backups, not
    by the calendar: a computer that was off for a year keeps what it has.
    """
    newest_first = sorted(made, reverse=True)
    weekly: dict[tuple[int, int], date] = {}
    for day in newest_first:
        weekly.setdefault(day.isocalendar()[:2], day)
    return {*newest_first[:DAYS_KEPT], *list(weekly.values())[:WEEKS_KEPT]}
