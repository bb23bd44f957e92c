"""How stock goes down until it is used up, day by day, with how far it may swing (rules/inventory.py `run_out`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from shipsync.rules.inventory import BAND_Z

MOST_POINTS = 60


@dataclass(frozen=True, slots=True)
class Projected:
    """Units that are expected to be left at the end of a day."""

    on: date
    expected: float
    low: float  # four times of five it lies between these two
    high: float


def projection(
    available: int, weekly_average: float, weekly_deviation: float, starts_on: date, ends_on: date
) -> list[Projected]:
    """The stock from one date to another, both included, at most MOST_POINTS of them evenly apart; never below zero.

    After t weeks t x average are used up, give or take z x deviation x sqrt(t), as `run_out` takes it: so the lines
    meet zero on its three dates.
    """
    days = max(0, (ends_on - starts_on).days)
    apart = max(1, math.ceil(days / (MOST_POINTS - 1)))
    after = sorted({*range(0, days, apart), days})
    found = []
    for number in after:
        weeks = number / 7
        left = available - weeks * weekly_average
        swing = BAND_Z * weekly_deviation * math.sqrt(weeks)
        low, expected, high = (max(0.0, one) for one in (left - swing, left, left + swing))
        found.append(Projected(starts_on + timedelta(days=number), expected, low, high))
    return found
