"""Counts to make documents of: an exact line, one within tolerance, one recounted, one found, one left."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shipsync.documents.count_result import CountResult, ResultLine
from shipsync.documents.count_sheet import CountSheet, SheetLine
from shipsync.rules.counts import CountLine, Entry
from shipsync.rules.ledger import Waterfall

PACIFIC = ZoneInfo("America/Los_Angeles")
AS_OF = datetime(2026, 11, 20, 20, 48, tzinfo=UTC)
POSTED_AT = datetime(2026, 11, 20, 22, 15, tzinfo=UTC)


def an_entry(round_: int, pallets: int, loose: int, pallet_size: int | None, by: str) -> Entry:
    """One counting."""
    counted_at = AS_OF + timedelta(minutes=20 * round_)
    return Entry(round_, pallets, loose, pallets * (pallet_size or 0) + loose, counted_at, by)


def a_result_line(
    sku: str, lot: str, name: str, expected: int, *counts: tuple[int, int], tolerance: int = 1,
    pallet_size: int | None = 48, waterfall: Waterfall | None = None, **others: Any,
) -> ResultLine:  # fmt: skip
    """A line counted as often as `counts` say: (pallets, loose)."""
    entries = tuple(
        an_entry(round_, pallets, loose, pallet_size, "Robin Sample" if round_ == 1 else "Kim Example")
        for round_, (pallets, loose) in enumerate(counts, start=1)
    )
    line = CountLine(sku, lot, expected, tolerance, pallet_size, entries, **others)
    return ResultLine(name, line, waterfall)


def a_result(lines: tuple[ResultLine, ...] | None = None, **others: Any) -> CountResult:
    """The count of Fri 20 Nov 2026."""
    values: dict[str, Any] = {
        "count_id": "2026-11-20.1",
        "business_date": date(2026, 11, 20),
        "as_of": AS_OF,
        "zone": PACIFIC,
        "opened_by": "Robin Sample",
        "posted_at": POSTED_AT,
        "posted_by": "Robin Sample",
        "lines": the_lines() if lines is None else lines,
        "since": "Fri 13 Nov 2026 12:50 PST",
    }
    return CountResult(**(values | others))


def the_lines() -> tuple[ResultLine, ...]:
    """One line of each end."""
    return (
        a_result_line("17612", "250237", "Rinse, case", 96, (2, 0)),
        a_result_line("17612", "250300", "Rinse, case", 1108, (23, 1), tolerance=11, reason_code="damaged",
                      note="Water on the lowest layer of pallet 23", decided_by="Robin Sample",
                      waterfall=Waterfall(1047, 480, 417, 4, -6, 0)),
        a_result_line("17904", "250011", "Rinse, travel size, case", 36, (0, 24), (0, 28), pallet_size=80,
                      reason_code="missing", note="Looked twice, also on the upper rack", decided_by="Kim Example",
                      approved_by="Alex Example", waterfall=Waterfall(57, 0, 22, 1, -2, 0)),
        a_result_line("18795", "", "Paste, case", 0, (0, 3), (0, 3), pallet_size=None, reason_code="found",
                      note="Behind the packing table", decided_by="Robin Sample",
                      waterfall=Waterfall(0, 0, 0, 0, 0, 0)),
        a_result_line("18675", "250102", "Ortho kit, case", 88, pallet_size=81),
    )  # fmt: skip


def a_sheet(number_of_lines: int = 5, **others: Any) -> CountSheet:
    """The sheet for it."""
    kinds = (
        SheetLine("17612", "Rinse, case", "250237", 48),
        SheetLine("17612", "Rinse, case", "250300", 48),
        SheetLine("17612", "Rinse, case", "", 48),
        SheetLine("17904", "Rinse, travel size, case", "250011", 80),
        SheetLine("20103", "Counted loose, it has no pallet size", "", None),
    )
    lines = tuple(kinds[place % len(kinds)] for place in range(number_of_lines))
    values: dict[str, Any] = {
        "count_id": "2026-11-20.1",
        "business_date": date(2026, 11, 20),
        "as_of": AS_OF,
        "zone": PACIFIC,
        "lines": lines,
    }
    return CountSheet(**(values | others))
