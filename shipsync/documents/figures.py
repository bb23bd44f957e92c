"""Figures as they are read in documents and mails, each with what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass

from shipsync.documents import words
from shipsync.rules.ledger import Waterfall

NOT_COUNTED = "not counted yet"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as it is read."""

    text: str
    beside: str = ""  # its basis, what it is compared with, or why it is not known


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the figures that come first."""

    name: str
    amount: int
    beside: str

    @property
    def text(self) -> str:
        """As it is read."""
        return words.number(self.amount)


@dataclass(frozen=True, slots=True)
class Moved:
    """How one product's stock came about, as it is read."""

    start: Figure
    received: str
    shipped: str
    voided: str
    adjusted: str
    repacked: str
    counted: str
    end: Figure


def moved(waterfall: Waterfall, *, is_known: bool = True) -> Moved:
    """A waterfall; without a known stock its movements alone."""
    unknown = Figure(words.UNKNOWN, NOT_COUNTED)
    return Moved(
        start=Figure(words.number(waterfall.opening)) if is_known else unknown,
        received=words.change(waterfall.received),
        shipped=words.change(-waterfall.shipped),
        voided=words.change(waterfall.voided),
        adjusted=words.change(waterfall.adjusted),
        repacked=words.change(waterfall.repacked),
        counted=words.change(waterfall.counted),
        end=Figure(words.number(waterfall.expected)) if is_known else unknown,
    )
