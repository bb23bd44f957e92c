"""Weeks of the warehouse: Monday to Sunday, by ship date, and when one is over (facts/domain.md section 1.11).

A week is named by its Monday. It is complete once its last working day is closed, or once that day is over: what is
known of a week before that is a part of it, and a part never enters an average.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DAYS_OFF = "days_off"  # name of the setting: 'YYYY-MM-DD,YYYY-MM-DD'
_WEEK = timedelta(weeks=1)
_NAME = re.compile(r"(?P<year>[0-9]{4})-W(?P<number>[0-9]{2})")


@dataclass(frozen=True, slots=True)
class WeekUnits:
    """How much of a SKU was shipped in a week."""

    monday: date
    sku: str
    units: int


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """On which days the warehouse ships."""

    weekdays: frozenset[int]  # Monday 0; never empty
    days_off: frozenset[date] = frozenset()  # holidays and the like

    def is_working(self, day: date) -> bool:
        """Whether anybody works on that day."""
        return day.weekday() in self.weekdays and day not in self.days_off

    def working_days(self, monday: date) -> list[date]:
        """The days of a week on which anybody works; none in a week that is all holiday."""
        days = (monday + timedelta(days=number) for number in range(7))
        return [day for day in days if self.is_working(day)]

    def closing_day(self, monday: date) -> date:
        """The day on which a week is closed: its last working day; its Sunday where nobody works at all."""
        return max(self.working_days(monday), default=monday + timedelta(days=6))

    def days_off_in(self, monday: date) -> list[date]:
        """Days of a week on which anybody would have worked, if they were not off."""
        days = (monday + timedelta(days=number) for number in range(7))
        return [day for day in days if day.weekday() in self.weekdays and day in self.days_off]


def week_of(day: date) -> date:
    """The Monday of the week that a day lies in."""
    return day - timedelta(days=day.weekday())


def week_ends(monday: date) -> date:
    """The Sunday of a week."""
    return monday + timedelta(days=6)


def week_name(monday: date) -> str:
    """'2026-W47', by ISO 8601: the year is that of the week's Thursday, so there may be a week 53."""
    year, number, _ = monday.isocalendar()
    return f"{year}-W{number:02d}"


def week_named(name: str) -> date:
    """The Monday of a week like '2026-W47'. Raises ValueError for another text, and for a week 53 that a year lacks."""
    match = _NAME.fullmatch(name)
    try:
        if match is not None:
            return date.fromisocalendar(int(match["year"]), int(match["number"]), 1)
    except ValueError:
        pass
    raise ValueError(f"'{name}' is no week like 2026-W47")


def first_whole_week(since: date) -> date:
    """The first week that lies wholly behind the beginning of a day, by its Monday."""
    monday = week_of(since)
    return monday if monday == since else monday + _WEEK


def weeks_between(first: date, last: date) -> list[date]:
    """The Mondays from one week to another, both included; none where the first comes after the last."""
    return [first + number * _WEEK for number in range((last - first).days // 7 + 1)]


def last_complete_week(through: date, calendar: WorkCalendar) -> date:
    """The newest week that is complete when everything through a business date is known, that day included."""
    monday = week_of(through)
    return monday if calendar.closing_day(monday) <= through else monday - _WEEK


def known_weeks(
    loaded: Iterable[date], covered_since: date | None, last: date, *, at_most: int | None = None
) -> list[date]:
    """The weeks up to `last` whose units are known, oldest first; of more than `at_most` calendar weeks the newest.

    `loaded` are weeks that a person loaded; `covered_since` is the day from which shipsync has read everything itself
    (None: nothing yet). A week that neither covers is unknown: to take it for zero would make averages too small.
    """
    known = {monday for monday in loaded if monday <= last}
    if covered_since is not None:
        known |= set(weeks_between(first_whole_week(covered_since), last))
    oldest = last - (at_most - 1) * _WEEK if at_most is not None else None
    return sorted(monday for monday in known if oldest is None or monday >= oldest)


def days_off(text: str | None) -> frozenset[date]:
    """Read the setting. Raises ValueError with a sentence."""
    found = set()
    for part in (text or "").replace("\n", ",").split(","):
        if not (word := part.strip()):
            continue
        try:
            found.add(date.fromisoformat(word))
        except ValueError:
            raise ValueError(f"The day off '{word}' is no date. Write days off like 2026-11-26, 2026-12-25.") from None
    return frozenset(found)


def days_off_text(days: Collection[date]) -> str:
    """The one spelling of the setting."""
    return ", ".join(day.isoformat() for day in sorted(days))
