"""How fast we may ask: our share of ShipStation's 40 requests a minute (DESIGN I11, API.md section 1).

ShipStation counts per key and clock minute, by its own clock, and every tool on the account shares the key. So:

- at most `requests_per_minute` of ours within any 60 seconds, hence also within any clock minute, whatever the
  difference between the two clocks; a first burst up to the share is not slowed;
- when an answer says that no more remain than 40 minus our share, none before its window ends: those are the
  others', and may be all gone.

Wall time comes in through `now`, waiting goes out through `sleep`, in slices, so that a job can be cancelled meanwhile.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from shipsync.errors import Cancelled

log = logging.getLogger(__name__)

ALLOWED = 40  # requests a minute for all tools on the key
SLICE_S = 0.5
WINDOW = timedelta(seconds=60)

# Timers and clocks round: a request this much later is surely in another window.
_MARGIN = timedelta(seconds=0.05)


class Rest:
    """Waiting that can be cancelled. `should_stop` is asked before every slice and before every request.

    `waits_for` says, while it waits, what for; None otherwise. Any thread may look.
    """

    def __init__(self, sleep: Callable[[float], None], should_stop: Callable[[], bool]) -> None:
        self._sleep = sleep
        self.should_stop = should_stop
        self.waits_for: str | None = None

    def check(self) -> None:
        """Raise Cancelled when the job was asked to stop."""
        if self.should_stop():
            raise Cancelled("Stopped while asking ShipStation; what was stored so far is kept.")

    def rest(self, seconds: float, reason: str) -> None:
        """Wait about `seconds`, or raise Cancelled within half a second of being asked to stop."""
        left = seconds
        self.waits_for = reason
        try:
            while left > 0:
                self.check()
                self._sleep(min(left, SLICE_S))
                left -= SLICE_S
        finally:
            self.waits_for = None


class Pace:
    """Keeps the requests of one key pair within the share. One object per process and key."""

    def __init__(self, requests_per_minute: int, *, now: Callable[[], datetime], rest: Rest) -> None:
        if not 1 <= requests_per_minute <= ALLOWED:
            raise ValueError("requests_per_minute must be from 1 to 40: ShipStation allows 40 for all tools together.")
        self._share = requests_per_minute
        self._now = now
        self._rest = rest
        self._sent: deque[datetime] = deque()
        self._held_until: datetime | None = None

    def take(self) -> datetime:
        """Wait until one more request is allowed and count it; return the instant it is sent at."""
        self._rest.check()
        now = self._now()
        if self._sent and now < self._sent[-1]:
            # The wall clock was set back: keep the counts, as if the requests had been sent just now.
            self._sent = deque([now] * len(self._sent))
        self._wait_out_hold(now)
        self._wait_out_share(self._now())
        sent_at = self._now()
        self._sent.append(sent_at)
        return sent_at

    def hold(self, seconds: float) -> None:
        """Send nothing for that many seconds from now (a 429, or nothing remains)."""
        until = self._now() + timedelta(seconds=seconds)
        if self._held_until is None or until > self._held_until:
            self._held_until = until

    def heed(self, remaining: int | None, reset_s: float | None) -> None:
        """Obey the X-Rate-Limit-* headers of an answer; None where a header was missing or senseless."""
        if remaining is not None and reset_s is not None and remaining <= ALLOWED - self._share:
            # Alone on the key we have used up our share by now, and would wait as long anyway.
            self.hold(reset_s)

    def _wait_out_hold(self, now: datetime) -> None:
        if self._held_until is None:
            return
        wait_s = min((self._held_until - now).total_seconds(), WINDOW.total_seconds())
        self._held_until = None
        if wait_s > 0:
            log.info("Waiting %.1f s for ShipStation's next rate window.", wait_s)
            self._rest.rest(wait_s + _MARGIN.total_seconds(), "waits for ShipStation's next minute of requests")

    def _wait_out_share(self, now: datetime) -> None:
        while self._sent and self._sent[0] + WINDOW + _MARGIN <= now:
            self._sent.popleft()
        if len(self._sent) < self._share:
            return
        oldest = self._sent.popleft()
        wait_s = (oldest + WINDOW + _MARGIN - now).total_seconds()
        log.info("Waiting %.1f s: our share is %d requests a minute.", wait_s, self._share)
        self._rest.rest(wait_s, "waits for our next minute of requests")
