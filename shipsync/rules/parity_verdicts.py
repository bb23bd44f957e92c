"""What becomes of one compared key: from the first sight of a difference to a verdict (DESIGN D19).

    both sides have passed its newest version, and the overlap?  no  ->  pending: not compared yet
    equal                                                            ->  a match, after cleaning or as it stands
    different versions of ShipStation's record                       ->  stale-input, until both have read once more
    an intended change, or an ignore rule                            ->  explained, ignored: counted and shown
    otherwise                                                        ->  suspect, until both have read once more
    still there after that                                           ->  confirmed
    gone before that                                                 ->  transient

Confirmed stays confirmed while the difference lasts, and remains on record when it is gone. What an engine has read is
told by its marks, so an engine that stands still confirms nothing: its keys stay pending, and are shown as that.

Control is the side of the two legacy workflows and candidate that of the unified sync, whichever of them writes
production.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shipsync.rules.census import LABELS_AGAIN, TURNS
from shipsync.rules.watermark import OVERLAP, overlap

Kind = Literal["missing-control", "missing-candidate", "duplicate", "field-differs", "routed-differently"]
Verdict = Literal["pending", "suspect", "stale-input", "confirmed", "ignored", "explained", "transient"]
Mode = Literal["replay", "noise", "live", "reverse"]

# Of several fields of one key, the verdict of the key is the first of these that one has.
BY_WEIGHT: tuple[Verdict, ...] = ("confirmed", "suspect", "stale-input", "pending", "ignored", "explained", "transient")
IN_DOUBT: tuple[Verdict, ...] = ("suspect", "stale-input")  # it may be lag: the next passes tell
# Records whose versions are those of orders; all others need the lists of parcels to be read as well.
ON_ORDERS = frozenset({"order", "order_item"})
ON_ORDERS_ALONE = frozenset({"order_item"})
# What a carrier may correct without any trace in a date (rules/census.py); told when the labels were read again.
CORRECTED_LATER = frozenset({("shipment", "shipment_cost"), ("shipment", "insurance_cost")})

# Between two readings of the lists of parcels, which no change calls for.
LISTS_EVERY = timedelta(hours=max(TURNS[feed] for feed in ("shipments", "voids", "fulfillments")))

LEAST_CAP = timedelta(minutes=30)  # a key may be pending for so long, and for more where the engines are slower
MOST_CONFIRMED = 50  # in one run: beyond it something is broken as a whole, and comparing pauses
MOST_SHARE = 0.01
ENOUGH = 100  # records compared, before a share says anything


@dataclass(frozen=True, slots=True)
class Passed:
    """Up to which instant one engine has read everything, UTC; None where it has not yet."""

    orders: datetime | None
    parcels: datetime | None  # labels, voids and marks as shipped
    corrections: datetime | None = None  # of labels bought days before; None where each reading shows them

    @property
    def everything(self) -> datetime | None:
        """Up to where all of its lists are read."""
        return _earlier(self.orders, self.parcels)


@dataclass(frozen=True, slots=True)
class Passes:
    """How far both engines are."""

    control: Passed
    candidate: Passed
    # From when on both have read everything: what has not changed since is not compared. None: always.
    since: datetime | None = None

    def passed_again(self, entity: str, field: str = "") -> datetime | None:
        """Both engines have begun, at or after this instant, to read all that such a record is told from.

        An order's state and tracking number are told from its parcels, too, whose lists are read less often; and what
        may be corrected later is read once a day by one of the two.
        """
        if (entity, field) in CORRECTED_LATER:
            seen = [one for one in (self.control.corrections, self.candidate.corrections) if one is not None]
            return _earlier(self.whole, min(seen)) if seen else self.whole
        return self.orders if entity in ON_ORDERS_ALONE else self.whole

    def settled(self, entity: str) -> datetime | None:
        """Versions up to this instant are applied on both sides; None while one has read nothing.

        An overlap behind what was read: a change may become visible some minutes after its stamp.
        """
        through = self.orders if entity in ON_ORDERS else self.whole
        return through - overlap(through) if through is not None else None

    @property
    def orders(self) -> datetime | None:
        """Up to where both have read all orders."""
        return _earlier(self.control.orders, self.candidate.orders)

    @property
    def whole(self) -> datetime | None:
        """Up to where both have read all of their lists."""
        return _earlier(self.control.everything, self.candidate.everything)


@dataclass(frozen=True, slots=True)
class Found:
    """One difference as a comparison sees it now."""

    entity: str
    key: str
    field: str  # '' for the record as a whole
    kind: Kind
    order_id: int | None  # the ShipStation order it belongs to
    control: str | None
    candidate: str | None
    version_at: datetime | None  # the newer of both sides' versions
    is_settled: bool  # both engines have passed that version
    is_stale: bool  # the two sides hold different versions of ShipStation's record

    @property
    def identity(self) -> tuple[str, str, str]:
        """Entity, key and field."""
        return self.entity, self.key, self.field


@dataclass(frozen=True, slots=True)
class Kept:
    """What earlier comparisons have kept of a difference."""

    verdict: Verdict
    since_at: datetime  # since when it stands as it does: of this version
    version_at: datetime | None
    is_gone: bool  # it was not there the last time


@dataclass(frozen=True, slots=True)
class Decision:
    """An ignore rule, or an intended change, that accounts for a difference."""

    verdict: Literal["ignored", "explained"]
    rule: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a difference is now."""

    verdict: Verdict
    since_at: datetime
    rule: str | None = None  # what accounts for it


def judge(
    found: Found,
    kept: Kept | None,
    passes: Passes | None,
    decision: Decision | None,
    now: datetime,
    *,
    waits_for_answer: bool = False,
) -> Judged:
    """The verdict on a difference that is there now.

    `passes` None: both sides have read the same answers to their end, so nothing settles any more (a replay).
    `waits_for_answer`: ShipStation's answer could still account for it, and was not had since both have read again.
    """
    since = now if kept is None or kept.is_gone or kept.version_at != found.version_at else kept.since_at
    if passes is not None and not found.is_settled:
        return Judged("pending", since)
    again = passes.passed_again(found.entity, found.field) if passes is not None else None
    have_passed_again = passes is None or (again is not None and again > since)
    if found.is_stale and not have_passed_again:
        return Judged(_lasting(kept) or "stale-input", since)
    if decision is not None:
        return Judged(decision.verdict, since, decision.rule)
    if have_passed_again and not waits_for_answer:
        return Judged("confirmed", since)
    return Judged(_lasting(kept) or ("stale-input" if found.is_stale else "suspect"), since)


def _lasting(kept: Kept | None) -> Verdict | None:
    """Once confirmed, a difference stays so while it lasts, whatever versions come."""
    return "confirmed" if kept is not None and kept.verdict == "confirmed" and not kept.is_gone else None


def when_gone(verdict: Verdict) -> Verdict:
    """The verdict on a kept difference that is there no more: one that was not confirmed was only lag."""
    return "transient" if verdict in IN_DOUBT else verdict


def weightiest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a key with several differing fields. Raises ValueError without any."""
    return min(verdicts, key=BY_WEIGHT.index)


def may_be_pending_for(longest_interval: timedelta) -> timedelta:
    """How long a key may be pending before somebody has to look: twice the time between two readings, and an overlap.

    Longer, it says that an engine stands still; it is no difference, and never a match.
    """
    return max(LEAST_CAP, 2 * longest_interval) + OVERLAP


def may_be_in_doubt_for(entity: str, field: str) -> timedelta:
    """How long a settled difference may be neither confirmed nor gone: until both have read all that tells it, twice.

    Longer, no lag explains it: an answer does not come that it waits for, or a list is not read.
    """
    is_corrected_later = (entity, field) in CORRECTED_LATER
    return may_be_pending_for(timedelta(hours=TURNS[LABELS_AGAIN]) if is_corrected_later else LISTS_EVERY)


def trips(confirmed: int, compared: int) -> str | None:
    """Why comparing pauses after a run with so many confirmed keys; None while it goes on (P26)."""
    if confirmed > MOST_CONFIRMED:
        return f"{confirmed:,} records are confirmed to differ, more than {MOST_CONFIRMED} in one comparison"
    if compared >= ENOUGH and confirmed > compared * MOST_SHARE:
        return f"{confirmed:,} of {compared:,} records are confirmed to differ, more than {MOST_SHARE:.0%}"
    return None


def upper_bound(compared: int, differing: int = 0) -> float:
    """The share of differing keys that is not exceeded with 95 % certainty, by what was compared (P24).

    None among n: 3/n. Else the upper limit of a Poisson count, by Wilson and Hilferty's approximation.
    """
    if compared <= 0:
        return 1.0
    if differing == 0:
        return min(1.0, 3 / compared)
    n = differing + 1
    limit: float = n * (1 - 1 / (9 * n) + 1.645 / (3 * n**0.5)) ** 3
    return min(1.0, limit / compared)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return None
    return min(one, other)
