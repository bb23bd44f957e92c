"""Which period may be read again beside the live mark, and about what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shipsync.rules.periods import day_ends, day_starts
from shipsync.rules.watermark import OLDEST, Window

# The sync waits while a backfill runs, so one must end within minutes.
LONGEST_DAYS = 92
PAGE = 500
LISTS = 4  # orders, labels, voids, marks as shipped: each costs at least one request


@dataclass(frozen=True, slots=True)
class Period:
    """Whole business days of the warehouse, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def window(self, zone: ZoneInfo) -> Window:
        """The instants it covers, UTC; `zone` is the warehouse's."""
        return Window(day_starts(self.first, zone), day_ends(self.last, zone))


def problem(period: Period, today: date) -> str | None:
    """Why a period cannot be read, as a sentence; None when it can."""
    if period.last < period.first:
        return "The last day lies before the first one."
    if period.last > today:
        return "The last day has not come yet."
    if period.first < OLDEST.date():
        return f"ShipStation has nothing before {OLDEST.year}."
    if period.days > LONGEST_DAYS:
        return f"That is {period.days} days; at most {LONGEST_DAYS} can be read at once, because the sync waits."
    return None


def requests_needed(orders: int) -> int:
    """About how many requests a period with so many orders costs: a page holds 500, and most orders have one label."""
    pages = max(1, math.ceil(orders / PAGE))
    return pages * 2 + LISTS - 2


def share_of(period: Period, zone: ZoneInfo, start: datetime, end: datetime, orders: int) -> int:
    """How many orders the period has if [start, end) has `orders`, spread evenly; for periods we know nothing of."""
    seconds = max((end - start).total_seconds(), 1.0)
    window = period.window(zone)
    return round(orders * (window.end - window.start).total_seconds() / seconds)
