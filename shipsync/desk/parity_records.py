"""How the two sides compare, as the page shows it and `GET /api/parity/summary` answers it. Instants are aware UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shipsync.desk.records import Claim, Gate, Record
from shipsync.rules.deployment import Change, State
from shipsync.rules.parity_verdicts import Mode


class Compared(Record):
    """The newest comparison of one mode. Counts are keys."""

    mode: Mode
    finished_at: datetime
    period_start: datetime | None  # of a replay: which answers were fed
    period_end: datetime | None
    control_at: datetime | None  # how far each side had read; None of a replay
    candidate_at: datetime | None
    compared: int  # passed by both sides
    matched: int
    match_rate: float | None  # of what was compared; None where nothing was
    upper_bound: float | None  # at most this share of all keys differs, 95 % sure; None where nothing was compared
    pending: int
    overdue: int  # of the pending: for longer than the cap
    oldest_pending_at: datetime | None  # the version that waits longest
    suspect: int
    stale_input: int
    transient: int
    ignored: int
    explained: int
    confirmed: int
    paused: str | None  # why comparing pauses after it


class Effort(Record):
    """What one side took while both worked. One pass is one run of each of its workflows."""

    passes: int
    requests: int
    requests_an_hour: float
    requests_a_pass: float | None  # None before the first pass, as what follows from it
    requests_as_fresh: float | None  # of an hour, if it came every 5 minutes: worked out from a pass
    orders_fetched: int
    orders_an_hour: float
    orders_a_pass: float | None
    orders_as_fresh: float | None
    orders_changed: int
    seconds_a_pass: float | None
    every_s: float | None  # from one pass to the next: the median
    longest_s: float | None  # and at most


class Efficiency(Record):
    """What both sides took in the span in which both worked."""

    since: datetime  # when each workflow had made its first pass beside the others
    until: datetime
    legacy: Effort
    unified: Effort
    claims: Sequence[Claim]


class ParitySummary(Record):
    """How the two sides compare, and what stands before the next change."""

    state: State
    since: datetime | None
    by: str | None
    has_migrated: bool  # whether the deployment was ever changed
    writes_production: Sequence[str]  # workflows
    works_beside: Sequence[str]  # workflows that write the other lane, to be compared
    next_change: Change
    gates: Sequence[Gate]  # of that
    is_passed: bool  # all of them
    may_pass_at: datetime | None  # the earliest instant at which all may, where only time is missing
    mode: Mode  # of the comparisons that count in this state
    newest: Sequence[Compared]  # of this migration, the mode that counts first; noise is legacy against itself
    noise: int | None  # what differs there; None before the first
    efficiency: Efficiency | None  # of the newest migration; None before each workflow has made a pass in it

    @property
    def counts(self) -> Compared | None:
        """The newest comparison of the mode that counts in this state; None before the first."""
        return next((one for one in self.newest if one.mode == self.mode), None)
