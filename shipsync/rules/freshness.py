"""How fresh the numbers are: one word, one sentence, and where to look (UX.md, the frame).

fresh         complete through a moment ago, and the next sync will come
late          behind what the interval promises, but going on
stopped       nothing will change until a person does something
cannot tell   nothing has been read yet, or what there is makes no sense
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["fresh", "late", "stopped", "cannot tell"]

# How the door's sentence begins when ShipStation answers 401 or 403 (a test holds the two together): waiting does not
# help then.
REFUSED_CREDENTIALS = "ShipStation refused the credentials"
# How far behind an interval may be: a run itself takes a while, and waits behind other jobs.
GRACE = timedelta(minutes=3)
# Clocks of two machines differ; a mark beyond that is not believed.
AHEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the sync's freshness is told from. Instants UTC."""

    complete_through: datetime | None
    is_enabled: bool
    interval: timedelta | None  # None: it comes only when asked
    last_error: str | None  # of its newest ended run, where that failed
    next_at: datetime | None
    is_working: bool  # the worker and the schedule of this process are alive


@dataclass(frozen=True, slots=True)
class Freshness:
    """One state with its cause; the sentence is empty while all is well."""

    state: State
    cause: str = ""


def freshness(sync: SyncState, now: datetime) -> Freshness:
    """How far the numbers can be believed at this moment."""
    through = sync.complete_through
    if not sync.is_working:
        return Freshness("stopped", "The background worker has ended. Restart shipsync.")
    if not sync.is_enabled:
        return Freshness("stopped", "The sync is switched off. Switch it on under Sync.")
    if through is None:
        if sync.last_error:
            return Freshness("stopped", f"Nothing has been read yet: {sync.last_error}")
        return Freshness("cannot tell", "Nothing has been read from ShipStation yet.")
    if through > now + AHEAD:
        return Freshness("cannot tell", "The mark lies in the future. Check this machine's clock.")
    if sync.last_error and REFUSED_CREDENTIALS in sync.last_error:
        return Freshness("stopped", sync.last_error)
    behind = now - through
    promised = (sync.interval or timedelta(days=1)) * 2 + GRACE
    if behind <= promised:
        return Freshness("fresh")
    if sync.last_error:
        return Freshness("stopped", sync.last_error)
    return Freshness("late", f"The last whole sync ended {in_words(behind)} ago.")


def in_words(span: timedelta) -> str:
    """A span as a person says it: '40 s', '12 min', '3 h 5 min', '2 days'."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days = round(minutes / 1440)
    return f"{days} days" if days != 1 else "1 day"
