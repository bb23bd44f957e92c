"""How far a workflow has read, and what it reads next (DESIGN D3).

A mark holds two instants: the newest modifyDate applied, and the end of the last window read whole. The next window
starts at the second, minus an overlap, because a row may become visible some minutes after its stamp and because
ShipStation's filters are whole seconds of unknown inclusiveness (API.md section 7, gotchas 2, 3 and 18). Starting at
`complete_through` rather than at the newest modifyDate keeps an idle cycle after a burst as cheap as any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shipsync.rules.periods import clock_goes_back_near

OVERLAP = timedelta(minutes=10)
# Pacific wall time repeats an hour in autumn; a row stamped 01:30 may be 60 minutes older than it looks.
AUTUMN_OVERLAP = timedelta(minutes=75)
SEED = timedelta(days=30)
# A mark is never later than the server's clock was, so one ahead of ours by more is no mark: what lies before it would
# not be read again. Less may be our clock, set back a little; the window then starts behind our clock instead.
FUTURE_TOLERANCE = OVERLAP
# ShipStation did not exist before; an older mark is garbage.
OLDEST = datetime(2011, 1, 1, tzinfo=UTC)
PACIFIC = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class Mark:
    """Both instants of `sync_watermark`, UTC; None where nothing has been read yet."""

    last_sync_timestamp: datetime | None
    complete_through: datetime | None


@dataclass(frozen=True, slots=True)
class Window:
    """The closed window to read next, UTC. `seeded_because` is set when it starts from nothing, 30 days back."""

    start: datetime
    end: datetime
    seeded_because: str | None = None


def overlap(instant: datetime) -> timedelta:
    """How far to go back behind a mark at that instant."""
    return AUTUMN_OVERLAP if clock_goes_back_near(instant, PACIFIC, AUTUMN_OVERLAP) else OVERLAP


def problem(mark: Mark, now: datetime) -> str | None:
    """Why a mark cannot be used, as a phrase; None when it can."""
    through = mark.complete_through
    if through is None:
        return "there is no mark yet"
    if through > now + FUTURE_TOLERANCE:
        return f"the mark lies in the future ({through:%Y-%m-%d %H:%M} UTC)"
    if through < OLDEST:
        return f"the mark is older than ShipStation ({through:%Y-%m-%d} UTC)"
    return None


def next_window(mark: Mark, now: datetime) -> Window:
    """The window that continues from the mark; 30 days back when there is none that can be used."""
    because = problem(mark, now)
    if because is not None or mark.complete_through is None:
        return Window(now - SEED, now, because)
    through = mark.complete_through
    start = min(through, now)
    # A clock that was set back must not turn the window inside out.
    return Window(start - overlap(start), max(now, through))


def pulled_back(window: Window, to: datetime | None) -> Window:
    """The same window, begun earlier where `to` and its overlap lie before it, at most as far as a first one goes."""
    if to is None:
        return window
    start = max(to - overlap(to), window.end - SEED)
    return replace(window, start=min(window.start, start))


def complete_through(window: Window, first_answered_at: datetime) -> datetime:
    """To which instant a window, once read whole, is complete: never beyond the server's own clock at the start."""
    return min(window.end, first_answered_at)


def reach(through: datetime | None, read: Iterable[tuple[Window, datetime]]) -> datetime | None:
    """How far a list is complete once these windows are applied too; each comes with the instant it is complete to.

    A window counts only where it leaves no gap: it begins at or before what is complete already, or, where nothing
    is, it goes back as far as a first reading does. None: it must be read from the start.
    """
    for window, to in sorted(read, key=lambda one: one[0].start):
        if through is None:
            through = to if window.end - window.start >= SEED else None
        elif window.start <= through:
            through = max(through, to)
    return through


def advanced(mark: Mark, newest_modified: datetime | None, through: datetime) -> Mark:
    """The mark after a window was applied. It never goes back (DESIGN I5)."""
    return Mark(
        last_sync_timestamp=_later(mark.last_sync_timestamp, newest_modified),
        complete_through=_later(mark.complete_through, through),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def spoken(instant: datetime | None) -> str:
    """A mark as logs and answers tell it."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant is not None else "not set"
