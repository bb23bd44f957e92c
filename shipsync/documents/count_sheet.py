"""The sheet for a physical count, on paper: blind, so that nobody counts what is expected (facts/domain.md 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shipsync.documents import words
from shipsync.documents.typesetting import Paper, typeset
from shipsync.rules.ledger import NO_LOT

TITLE = "Physical count"
LINES_FOR_FINDS = 6

HOW_TO_FILL_IN = (
    "Count what stands on the shelf, as if nothing had moved since the time above: leave out what came in after it, "
    "and count what was packed after it as if it still stood there.",
    "Write full pallets and loose units apart; on grey write nothing. Write 0 for a shelf that is empty: an empty box "
    "means not counted.",
    "Each lot has its line. Units whose lot nobody can read go on the line 'no lot', and lots that stand on no line on "
    "the empty ones at the end.",
    "The recount boxes are for a second person, and only for lines that shipsync asks to have counted again.",
    "Do not correct a figure: strike it through, write the new one beside it, and sign it. Enter the sheet under "
    "Count, and keep it.",
)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One SKU's lot to be counted. It knows nothing of what is expected."""

    sku: str
    name: str
    lot: str  # '': units without a lot
    pallet_size: int | None  # units per pallet; None: counted loose


@dataclass(frozen=True, slots=True)
class CountSheet:
    """One count."""

    count_id: str
    business_date: date
    as_of: datetime  # the instant it counts for
    zone: ZoneInfo
    lines: tuple[SheetLine, ...]  # in the order they are walked by


def pdf(sheet: CountSheet, *, firm: str | None = None, paper: Paper = "us-letter") -> bytes:
    """The sheet to print. The same sheet gives the same bytes. Raises TemplateError for a template changed badly."""
    data = {
        "paper": paper,
        "firm": firm,
        "title": TITLE,
        "period": f"{words.day(sheet.business_date)} · count {sheet.count_id}",
        "made": f"Stock as of {words.moment(sheet.as_of, sheet.zone)} · "
        f"{words.count(len(sheet.lines), 'line')} to count",
        "mark": f"Count {sheet.count_id}",
        "lines": _shown(sheet.lines),
        "lines_for_finds": LINES_FOR_FINDS,
        "how_to_fill_in": HOW_TO_FILL_IN,
    }
    return typeset("count_sheet.typ", data, sheet.as_of)


def lot_shown(lot: str) -> str:
    """The lot as it is read: the line without one is named, too."""
    return "no lot" if lot == NO_LOT else lot


def _shown(lines: Sequence[SheetLine]) -> list[dict[str, object]]:
    return [
        {
            "sku": line.sku,
            "name": line.name,
            "lot": lot_shown(line.lot),
            "pallet_size": words.number(line.pallet_size),
            "is_loose": line.pallet_size is None,
        }
        for line in lines
    ]
