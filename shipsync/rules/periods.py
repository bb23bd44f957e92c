"""Business dates, in one place (DESIGN D2): which day of the warehouse an instant belongs to."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LAST_INSTANT = timedelta(microseconds=1)  # as near as two instants come


def business_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day in the warehouse's zone at that instant."""
    return instant.astimezone(zone).date()


def day_starts(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a business day, in UTC. Midnight exists on every day in the zones we serve."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a business day, in UTC: the day is [starts, ends), 23, 24 or 25 hours long."""
    return day_starts(day + timedelta(days=1), zone)


def day_closes(day: date, zone: ZoneInfo) -> datetime:
    """The last instant of a business day, in UTC: what a database can tell from the first one after it."""
    return day_ends(day, zone) - LAST_INSTANT


def day_words(day: date) -> str:
    """'Fri 20 Nov 2026': how a date is written wherever a person reads it (UX.md)."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def first_whole_day(instant: datetime, zone: ZoneInfo) -> date:
    """The first business day that lies wholly behind an instant: the one that begins with it, or the next."""
    day = business_date(instant, zone)
    return day if day_starts(day, zone) == instant else day + timedelta(days=1)


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which clocks in the zone show a time, in UTC. `local` is naive.

    Raises ValueError with the end of a sentence where they never do, or do twice: when the clock is changed.
    """
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError("does not exist: the clock was set forward then")
    if first != second:
        raise ValueError("came twice: the clock was set back then")
    return first


def clock_goes_back_near(instant: datetime, zone: ZoneInfo, within: timedelta) -> bool:
    """Whether the zone repeats an hour within that distance of the instant (the autumn clock change)."""
    before = (instant - within).astimezone(zone).utcoffset()
    after = (instant + within).astimezone(zone).utcoffset()
    return before is not None and after is not None and after < before
