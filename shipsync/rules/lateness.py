"""When an order is late: it still waits, and the hour by which it had to go out has passed.

Every working day has one cut-off. What came in before it leaves that day; what comes in later leaves by the cut-off
of the next working day. Hours are those of the warehouse's wall clock, also on the days when the clocks change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Names of `settings`, what they hold, and what is taken while nobody has set them.
CUT_OFF = "cut_off"  # 'HH:MM'
WORKING_DAYS = "working_days"  # 'Mon,Tue,Wed,Thu,Fri'
DEFAULT_CUT_OFF = "13:00"
DEFAULT_WORKING_DAYS = "Mon,Tue,Wed,Thu,Fri"

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS_LOOKED_AT = 8  # a week and one day always holds a working day, if there is one


@dataclass(frozen=True, slots=True)
class CutOff:
    """By when orders have to go out, in the warehouse's zone."""

    by: time
    on: frozenset[int]  # weekdays, Monday 0; never empty
    zone: ZoneInfo

    @property
    def words(self) -> str:
        """'13:00'."""
        return f"{self.by:%H:%M}"

    def is_working(self, day: date) -> bool:
        """Whether anybody works on that day."""
        return day.weekday() in self.on

    def at(self, day: date) -> datetime:
        """The cut-off of one day, aware. An hour that the spring change leaves out counts as the one after it."""
        return datetime.combine(day, self.by, tzinfo=self.zone)

    def last_before(self, now: datetime) -> datetime:
        """The newest cut-off that has passed: what came in before it and still waits is late."""
        today = now.astimezone(self.zone).date()
        days = (today - timedelta(days=back) for back in range(_DAYS_LOOKED_AT))
        # Compared as instants: aware times of one zone would be compared by the wall clock.
        return max(at for day in days if self.is_working(day) and (at := _utc(self.at(day))) <= now)

    def due(self, came_in: datetime) -> datetime:
        """The cut-off by which an order that came in then has to go out."""
        first = came_in.astimezone(self.zone).date()
        days = (first + timedelta(days=ahead) for ahead in range(_DAYS_LOOKED_AT))
        return min(at for day in days if self.is_working(day) and (at := _utc(self.at(day))) > came_in)


def cut_off(by: str | None, working_days: str | None, zone: ZoneInfo) -> CutOff:
    """Read the two settings; None for one that nobody has set. Raises ValueError with a sentence."""
    return CutOff(hour(by or DEFAULT_CUT_OFF), weekdays(working_days or DEFAULT_WORKING_DAYS), zone)


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


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
