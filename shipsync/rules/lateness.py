"""When an order is late: it still waits, and the hour by which it had to go out has passed.

Every working day has one cut-off; a day off has none. What came in before it leaves that day; what comes in later
leaves by the cut-off of the next working day. Hours are those of the warehouse's wall clock, also on the days when the
clocks change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from shipsync.rules.weeks import WorkCalendar, days_off

# Names of `settings`, what they hold, and what is taken while nobody has set them.
CUT_OFF = "cut_off"  # 'HH:MM'
WORKING_DAYS = "working_days"  # 'Mon,Tue,Wed,Thu,Fri'
DEFAULT_CUT_OFF = "13:00"
DEFAULT_WORKING_DAYS = "Mon,Tue,Wed,Thu,Fri"

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class CutOff:
    """By when orders have to go out, in the warehouse's zone."""

    by: time
    calendar: WorkCalendar
    zone: ZoneInfo

    @property
    def words(self) -> str:
        """'13:00'."""
        return f"{self.by:%H:%M}"

    def at(self, day: date) -> datetime:
        """The cut-off of one day, aware. An hour that the spring change leaves out counts as the one after it."""
        return datetime.combine(day, self.by, tzinfo=self.zone)

    def last_before(self, now: datetime) -> datetime:
        """The newest cut-off that has passed: what came in before it and still waits is late."""
        return next(at for at in self._from(now, back=True) if at <= now)

    def due(self, came_in: datetime) -> datetime:
        """The cut-off by which an order that came in then has to go out."""
        return next(at for at in self._from(came_in, back=False) if at > came_in)

    def _from(self, instant: datetime, *, back: bool) -> Iterator[datetime]:
        """The cut-offs from the day of an instant on, one after the other without an end.

        However long the warehouse is closed, one comes: each week has a working day, and days off are a few by name.
        They are in UTC: aware times of one zone would be compared by the wall clock, not as instants.
        """
        first = instant.astimezone(self.zone).date()
        days = (first + timedelta(days=-number if back else number) for number in count())
        return (self.at(day).astimezone(UTC) for day in days if self.calendar.is_working(day))


def work_calendar(working_days: str | None, off: str | None) -> WorkCalendar:
    """Read the two settings; None for one that nobody has set. Raises ValueError with a sentence."""
    return WorkCalendar(weekdays(working_days or DEFAULT_WORKING_DAYS), days_off(off))


def cut_off(by: str | None, working_days: str | None, zone: ZoneInfo, off: str | None = None) -> CutOff:
    """Read the settings; None for one that nobody has set. Raises ValueError with a sentence."""
    return CutOff(hour(by or DEFAULT_CUT_OFF), work_calendar(working_days, off), zone)


def hour(text: str) -> time:
    """'13:00' as a time of day. Raises ValueError with a sentence."""
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()  # noqa: DTZ007 - a wall-clock hour has no zone
    except ValueError:
        raise ValueError(f"The cut-off '{text}' is no hour of the day. Write it like 13:00.") from None


def weekdays(text: str) -> frozenset[int]:
    """'Mon,Tue' as weekdays, Monday 0. Raises ValueError with a sentence."""
    names = [part.strip().capitalize() for part in text.split(",") if part.strip()]
    unknown = [name for name in names if name not in DAYS]
    if unknown or not names:
        raise ValueError(f"The working days '{text}' are not a list of weekdays. Write them like Mon,Tue,Wed,Thu,Fri.")
    return frozenset(DAYS.index(name) for name in names)
