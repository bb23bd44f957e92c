"""What stood on the shelf at the end of each day of a span: what storage is billed by (facts/domain.md 1.9, 1.10).

the end of a day = the last count by then, or the opening where there was none, and what moved after it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Counted:
    """A count of a lot within the span."""

    sku: str
    lot: str
    number: int  # 1 for the first of that lot in the span
    day: date
    quantity: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved of a lot on one day after so many of its counts."""

    sku: str
    lot: str
    counts_before: int
    day: date
    quantity: int


def end_of_day_stock(
    opening: Mapping[tuple[str, str], int], counted: Iterable[Counted], moved: Iterable[Moved], days: Sequence[date]
) -> dict[tuple[date, str], int]:
    """Units of each SKU at the end of each day, by day and SKU. `opening` are units by SKU and lot before the first."""
    counts: dict[tuple[str, str], list[Counted]] = {}
    for count in counted:
        counts.setdefault((count.sku, count.lot), []).append(count)
    moves: dict[tuple[str, str], list[Moved]] = {}
    for move in moved:
        moves.setdefault((move.sku, move.lot), []).append(move)
    found: dict[tuple[date, str], int] = {}
    for place in opening.keys() | counts.keys() | moves.keys():
        stands = _ends(opening.get(place, 0), counts.get(place, []), moves.get(place, []), days)
        for day, units in zip(days, stands, strict=True):
            found[day, place[0]] = found.get((day, place[0]), 0) + units
    return found


def _ends(opening: int, counted: Sequence[Counted], moved: Sequence[Moved], days: Sequence[date]) -> list[int]:
    """One lot's units at the end of each day."""
    bases = {0: opening} | {one.number: one.quantity for one in counted}
    counted_on: dict[date, int] = {}
    for one in counted:
        counted_on[one.day] = max(one.number, counted_on.get(one.day, 0))
    since: dict[int, int] = {}  # what moved so far, by the count it came after
    moved_on: dict[date, list[Moved]] = {}
    for move in moved:
        moved_on.setdefault(move.day, []).append(move)
    number, found = 0, []
    for day in days:
        number = counted_on.get(day, number)
        for move in moved_on.get(day, []):
            since[move.counts_before] = since.get(move.counts_before, 0) + move.quantity
        found.append(bases[number] + since.get(number, 0))
    return found
