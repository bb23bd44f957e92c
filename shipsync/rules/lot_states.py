"""The lots of one product as they stand, and in which order they are picked (facts/domain.md section 4).

FEFO, first expired first out, where every lot that may be picked says when it expires; otherwise FIFO, first in first
out, by the day it came. A lot of which nobody has said when it came was there before the others. Quarantined and
expired lots are not picked, and neither are units without a lot: nobody knows how old they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shipsync.rules.ledger import NO_LOT

LotState = Literal["active", "quarantine", "depleted", "below_zero"]
Picking = Literal["FEFO", "FIFO"]


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What is known of a lot: its units by the ledger, and what people have said of it."""

    lot: str  # '': units without a lot
    units: int
    is_quarantined: bool = False
    reason: str | None = None  # why it is quarantined
    received_on: date | None = None
    expires_on: date | None = None  # the last day on which it may be shipped


@dataclass(frozen=True, slots=True)
class LotStand:
    """A lot as a person reads it."""

    facts: LotFacts
    state: LotState
    is_expired: bool
    pick_no: int | None  # 1 is picked first; None: not picked


@dataclass(frozen=True, slots=True)
class Lots:
    """All lots of one product: those to be picked in their order, then units without a lot, then the others."""

    picking: Picking
    lines: tuple[LotStand, ...]

    @property
    def units(self) -> int:
        """The stock of the product: the sum of its lots."""
        return sum(one.facts.units for one in self.lines)


def lots_as_they_stand(lots: Iterable[LotFacts], today: date) -> Lots:
    """Tell how the lots of a product stand on a business date."""
    found = sorted(lots, key=lambda one: one.lot)
    picked = [one for one in found if _may_be_picked(one, today)]
    is_fefo = bool(picked) and all(one.expires_on is not None for one in picked)
    picked.sort(key=lambda one: (one.expires_on if is_fefo else one.received_on) or date.min)
    places = {one.lot: number for number, one in enumerate(picked, start=1)}
    lines = [
        LotStand(one, lot_state(one.units, is_quarantined=one.is_quarantined), _is_expired(one, today),
                 places.get(one.lot))
        for one in found
    ]  # fmt: skip
    return Lots("FEFO" if is_fefo else "FIFO", tuple(sorted(lines, key=_place)))


def lot_state(units: int, *, is_quarantined: bool) -> LotState:
    """What is said of a lot first: that it must not be shipped, else whether anything is left of it.

    below_zero: more left of it than ever came; a receipt is missing, or parcels named the wrong lot.
    """
    if is_quarantined:
        return "quarantine"
    if units < 0:
        return "below_zero"
    return "active" if units else "depleted"


def _may_be_picked(one: LotFacts, today: date) -> bool:
    return one.units > 0 and one.lot != NO_LOT and not one.is_quarantined and not _is_expired(one, today)


def _is_expired(one: LotFacts, today: date) -> bool:
    return one.expires_on is not None and one.expires_on < today


def _place(line: LotStand) -> tuple[int, int]:
    """Where a line stands; lots of one place stay in the order of their numbers."""
    if line.pick_no is not None:
        return 0, line.pick_no
    if line.facts.lot == NO_LOT:
        return 1, 0
    return (3 if line.state == "depleted" else 2), 0
