"""Counting the shelf: what is counted again, what needs a reason, and what needs a second person.

Blind: whoever counts does not see what is expected (facts/domain.md section 4). A line whose count lies farther from it
than its tolerance is counted again, once; what differs after that needs a reason, and above a limit another person's
approval. The count then becomes the stock at the instant its expectation was frozen at.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TOLERANCE_SHARE = 0.01  # of what is expected, for SKUs that have no tolerance of their own
SMALLEST_TOLERANCE = 1  # units

Step = Literal["count", "recount", "reason", "approval", "ready"]


def tolerance(expected: int, own: int | None) -> int:
    """Units a count may be off before it is made again: the SKU's own, else 1 % of what is expected, at least one."""
    return own if own is not None else max(SMALLEST_TOLERANCE, math.floor(abs(expected) * TOLERANCE_SHARE))


def units(pallets: int, loose: int, pallet_size: int | None) -> int:
    """Units of full pallets and loose ones. Raises ValueError for pallets of a product without a pallet size."""
    if pallets and pallet_size is None:
        raise ValueError("This product has no pallet size, so count it loose, or say the size under Imports.")
    return pallets * (pallet_size or 0) + loose


@dataclass(frozen=True, slots=True)
class Entry:
    """One counting of one line."""

    round: int  # 1: the first, 2: the recount
    pallets: int
    loose: int
    units: int
    counted_at: datetime
    counted_by: str


@dataclass(frozen=True, slots=True)
class CountLine:
    """One SKU's lot on the sheet, with all that was said of it."""

    sku: str
    lot: str
    expected: int
    tolerance: int
    pallet_size: int | None
    entries: tuple[Entry, ...] = ()  # oldest first
    reason_code: str | None = None
    note: str | None = None
    decided_by: str | None = None
    approved_by: str | None = None

    @property
    def counted(self) -> int | None:
        """What the newest counting says."""
        return self.entries[-1].units if self.entries else None

    @property
    def variance(self) -> int | None:
        """Counted less expected."""
        return None if self.counted is None else self.counted - self.expected

    @property
    def is_within_tolerance(self) -> bool:
        """Whether it was counted, and near enough."""
        return self.variance is not None and abs(self.variance) <= self.tolerance


def next_step(line: CountLine, approval_above: int) -> Step:
    """What a line still needs. A second counting settles it, whatever it says."""
    if line.variance is None:
        return "count"
    if not line.is_within_tolerance and len(line.entries) < 2:
        return "recount"
    if line.variance == 0:
        return "ready"
    if line.reason_code is None:
        return "reason"
    if needs_approval(line.variance, approval_above) and line.approved_by is None:
        return "approval"
    return "ready"


def needs_approval(quantity: int, approval_above: int) -> bool:
    """Whether a change of so many units needs a second person."""
    return abs(quantity) > approval_above


def may_approve(approver: str, *others: str | None) -> bool:
    """Whether somebody may approve: nobody approves what he has counted, asked for or given the reason of himself."""
    return bool(_plain(approver)) and all(_plain(approver) != _plain(other) for other in others if other)


def _plain(name: str) -> str:
    """The one spelling of a name: capitals, spaces, composed letters and what does not show make no other person."""
    shown = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", " ".join(shown.split()).casefold())


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How good the book was: lines within tolerance, of lines counted (facts/domain.md section 4)."""

    within: int
    counted: int

    @property
    def rate(self) -> float | None:
        """As a share; None before anything was counted."""
        return self.within / self.counted if self.counted else None


def accuracy(lines: Sequence[CountLine]) -> Accuracy:
    """By the last counting of each line: a recount that meets the book shows that the book was right."""
    counted = [line for line in lines if line.entries]
    return Accuracy(sum(1 for line in counted if line.is_within_tolerance), len(counted))
