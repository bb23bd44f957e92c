"""Business dates, in one place (DESIGN D2): which day of the warehouse an instant belongs to."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def business_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day in the warehouse's zone at that instant."""
    return instant.astimezone(zone).date()


def day_starts(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a business day, in UTC. Midnight exists on every day in the zones we serve."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a business day, in UTC: the day is [starts, ends), 23, 24 or 25 hours long."""
    return day_starts(day + timedelta(days=1), zone)


def clock_goes_back_near(instant: datetime, zone: ZoneInfo, within: timedelta) -> bool:
    """Whether the zone repeats an hour within that distance of the instant (the autumn clock change)."""
    before = (instant - within).astimezone(zone).utcoffset()
    after = (instant + within).astimezone(zone).utcoffset()
    return before is not None and after is not None and after < before
