"""Time for the sandbox: the real clock, one that only moves when somebody moves it, or one that can be set forward.

All give the two callables that everything in shipsync takes: `now() -> datetime` (aware UTC) and
`sleep(seconds) -> None`. A virtual clock makes a simulated month pass in seconds, with every retry and every rate
limit in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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


class RunningClock(VirtualClock):
    """A clock that runs like any other, from whatever instant it was last moved to; sleeping moves it at once.

    What takes a second by the machine takes a second by it, so that a past lived in a hurry has true durations.
    """

    def __init__(self, start: datetime, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(start)
        self._monotonic = monotonic
        self._moved_at = monotonic()

    def now(self) -> datetime:
        """The current instant, aware UTC."""
        with self._lock:
            return self._run_on()

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by that many seconds, at once."""
        with self._lock:
            self._now = self._run_on() + timedelta(seconds=max(0.0, seconds))

    def advance_to(self, instant: datetime) -> None:
        """Move the clock forward to that instant."""
        with self._lock:
            self._now = max(self._run_on(), instant.astimezone(UTC))

    def _run_on(self) -> datetime:
        at = self._monotonic()
        self._now += timedelta(seconds=at - self._moved_at)
        self._moved_at = at
        return self._now
