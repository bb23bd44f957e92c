"""ShipStation's rate limit: so many requests in each clock minute, for one set of keys (API.md section 1)."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request was told."""

    allowed: bool
    limit: int
    remaining: int  # X-Rate-Limit-Remaining
    reset_s: int  # X-Rate-Limit-Reset: seconds until the next clock minute, 60..1


class RateWindow:
    """Counts requests per clock minute of the injected clock. The window is fixed: all 40 are there again at hh:mm:00.

    `others` requests of every minute are used up by other tools on the same keys before ours begin.
    """

    def __init__(self, per_minute: int, remaining: Literal["after", "before", "mixed"]) -> None:
        self.per_minute = per_minute
        self.others = 0
        self._remaining = remaining
        self._minute: datetime | None = None
        self._used = 0
        self._count = 0
        self._lock = threading.Lock()

    def ask(self, now: datetime) -> Allowance:
        """Count one request at `now`. A refused one uses nothing up: the window is empty as it is."""
        with self._lock:
            minute = now.replace(second=0, microsecond=0)
            if minute != self._minute:
                self._minute, self._used = minute, self.others
            self._count += 1
            reset_s = max(1, math.ceil(60 - now.second - now.microsecond / 1e6))
            if self._used >= self.per_minute:
                return Allowance(False, self.per_minute, 0, reset_s)
            self._used += 1
            left = self.per_minute - self._used
            # Recorded: 10 of 34 answers said 40 on the first call of a minute, the others 39.
            counts_before = self._remaining == "before" or (self._remaining == "mixed" and self._count % 10 < 3)
            return Allowance(True, self.per_minute, left + 1 if counts_before else left, reset_s)
