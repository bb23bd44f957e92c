"""Time for the sandbox: the real clock, or one that only moves when somebody moves it.

Both give the two callables that everything in shipsync takes: `now() -> datetime` (aware UTC) and
`sleep(seconds) -> None`. A virtual clock makes a simulated month pass in seconds, with every retry and every rate
limit in it.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, aware UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        time.sleep(max(0.0, seconds))


class VirtualClock:
    """A clock that stands still until it is moved; sleeping moves it. Thread safe.

    It never goes back: moving it to an earlier instant changes nothing.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("A virtual clock starts at an aware instant.")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The current instant, aware UTC."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by that many seconds, at once."""
        with self._lock:
            self._now += timedelta(seconds=max(0.0, seconds))

    def advance_to(self, instant: datetime) -> None:
        """Move the clock forward to that instant."""
        with self._lock:
            self._now = max(self._now, instant.astimezone(UTC))
