"""How much comes in and leaves: which days and hours are compared, and what is usual.

The usual of a day is the median of the same weekday in the eight weeks before, each counted up to the same time of
day: at ten in the morning a whole day would be no measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

WEEKS_COMPARED = 8
FEWEST_COMPARED = 3  # a median of less says nothing
TICK = timedelta(minutes=15)  # the time of day is compared in steps of this
DAYS_SHOWN = 14
HOURS_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for a weekday up to a time of day."""

    orders: float | None  # the median; None where too few such days are known
    days: int  # how many days it is taken from
    until: datetime  # today's time of day it goes up to, in the warehouse's zone

    @property
    def words(self) -> str:
        """'usual by 13:00 on a Wednesday: 27 (median of 8)', or why there is none."""
        if self.orders is None:
            return f"no usual yet: {self.days} earlier {self.until:%A}{'' if self.days == 1 else 's'} known"
        return f"usual by {self.until:%H:%M} on a {self.until:%A}: {self.orders:,.0f} (median of {self.days})"


def up_to(now: datetime, zone: ZoneInfo) -> datetime:
    """The time of day up to which days are compared: now, rounded down to the quarter of an hour, in the zone."""
    local = now.astimezone(zone)
    return local.replace(minute=local.minute - local.minute % 15, second=0, microsecond=0)


def compared_days(until: datetime, known_since: date | None) -> dict[date, datetime]:
    """The same weekdays before today that are known, each with the instant (UTC) up to which it counts.

    `until` is today's time of day in the warehouse's zone; a day of another clock change has the same wall-clock time.
    """
    if known_since is None:
        return {}
    days = (until.date() - timedelta(weeks=back) for back in range(1, WEEKS_COMPARED + 1))
    return {
        day: datetime.combine(day, until.timetz().replace(fold=0)).astimezone(UTC) for day in days if day >= known_since
    }


def usual(counts: Sequence[int], until: datetime) -> Usual:
    """What is usual, told from the counts of the days compared (days on which nothing left count as 0)."""
    return Usual(float(median(counts)) if len(counts) >= FEWEST_COMPARED else None, len(counts), until)


def last_days(today: date, count: int = DAYS_SHOWN) -> list[date]:
    """The last days up to today, oldest first."""
    return [today - timedelta(days=back) for back in reversed(range(count))]


def per_day(days: Sequence[date], counts: Mapping[date, int]) -> list[int]:
    """A count for each day, 0 where there is none."""
    return [counts.get(day, 0) for day in days]


def hours(now: datetime, count: int = HOURS_SHOWN) -> list[datetime]:
    """The first instants (UTC) of the last hours, oldest first; the last one is the hour that is still going on.

    Real hours: around a clock change one hour of the wall clock is there twice, or missing. `now` in a zone whose
    hours begin at another minute than UTC's keeps these.
    """
    begun = now.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [begun - timedelta(hours=back) for back in reversed(range(count))]


def per_hour(starts: Sequence[datetime], counts: Mapping[int, int]) -> list[int]:
    """A count for each hour of `hours`, from counts by its place (0 the oldest), 0 where there is none."""
    return [counts.get(place, 0) for place in range(len(starts))]
