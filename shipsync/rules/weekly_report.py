"""The weekly inventory report as figures: what the screen, the PDF, the workbook, the CSV and the mail all show.

It is frozen with its closing (DESIGN D16): `as_json` is what is kept and hashed, `from_json` reads it again. Money has
no place in it. All quantities are units, all dates business dates of the warehouse.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Self

from shipsync.rules.inventory import AlertLevel
from shipsync.rules.ledger import Waterfall
from shipsync.rules.weeks import week_name

# What needs somebody first.
_LEVELS: tuple[AlertLevel, ...] = ("critical", "low", "unknown", "normal")


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One product in the report."""

    sku: str
    name: str
    shipped: int  # in the report's week
    weeks: tuple[int | None, ...]  # shipped per week, by `WeeklyReport.weeks`; None: that week is not known
    weekly_average: float | None
    weeks_counted: int  # the average's basis
    weekly_average_13: float | None
    weekly_average_4: float | None
    weekly_deviation: float | None
    quantity: int | None  # on the shelf at `as_of`; None: nobody has said what stood there
    awaiting: int
    quarantined: int
    available: int | None
    days_left: float | None
    runs_out_on: date | None
    runs_out_earliest_on: date | None
    runs_out_latest_on: date | None
    lead_time_days: int | None
    reorder_point: int | None
    is_reorder_point_given: bool
    level: AlertLevel
    reason: str
    pallet_size: int | None  # units per pallet
    moved: Waterfall  # how the week's end came about from its beginning

    @property
    def pallets(self) -> tuple[int, int] | None:
        """Full pallets and loose units; None without a pallet size or a stock."""
        if self.pallet_size is None or self.quantity is None or self.quantity < 0:
            return None
        return divmod(self.quantity, self.pallet_size)


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """One week's report."""

    week_start: date  # its Monday
    week_end: date  # its Sunday
    version: int
    zone: str  # of all dates and times in it
    made_at: datetime
    as_of: datetime  # the instant stock stands at
    is_complete: bool  # whether the week's last working day was closed; else its figures are those so far
    stated: tuple[str, ...]  # sentences about what is unusual: a holiday, an early press, an unknown week
    orders_shipped: int
    parcels: int
    weeks: tuple[date, ...]  # the Mondays of the series, oldest first; the last is the report's week
    lines: tuple[ReportLine, ...]  # the worst level first, then by units

    @property
    def name(self) -> str:
        """'2026-W47'."""
        return week_name(self.week_start)

    @property
    def units_shipped(self) -> int:
        """Units of all products in the report."""
        return sum(line.shipped for line in self.lines)

    @property
    def subject(self) -> str:
        """What the mail is headed with: 'Week 47: 481 units, 2 SKUs low'."""
        number = self.week_start.isocalendar().week
        parts = [f"{self.units_shipped:,} {'unit' if self.units_shipped == 1 else 'units'}"]
        for level in ("critical", "low", "unknown"):
            count = sum(1 for line in self.lines if line.level == level)
            if count:
                parts.append(f"{count} {'SKU' if count == 1 else 'SKUs'} {level}")
        return f"Week {number}: {', '.join(parts if len(parts) > 1 else [*parts, 'all SKUs normal'])}"

    def as_json(self) -> str:
        """The report as text, always the same for the same figures."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=_text, separators=(",", ":"))

    @property
    def content_hash(self) -> str:
        """Of its text: two reports with the same hash say the same."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `as_json` wrote."""
        data = json.loads(text)
        return cls(
            **{
                **data,
                "week_start": date.fromisoformat(data["week_start"]),
                "week_end": date.fromisoformat(data["week_end"]),
                "made_at": datetime.fromisoformat(data["made_at"]),
                "as_of": datetime.fromisoformat(data["as_of"]),
                "stated": tuple(data["stated"]),
                "weeks": tuple(date.fromisoformat(one) for one in data["weeks"]),
                "lines": tuple(_line(one) for one in data["lines"]),
            }
        )


def in_order(lines: Sequence[ReportLine]) -> tuple[ReportLine, ...]:
    """The worst level first, then the most shipped, then by SKU."""
    return tuple(sorted(lines, key=lambda one: (_LEVELS.index(one.level), -one.shipped, one.sku)))


def _line(data: Mapping[str, Any]) -> ReportLine:
    given = dict(data)
    for name in ("runs_out_on", "runs_out_earliest_on", "runs_out_latest_on"):
        given[name] = None if given[name] is None else date.fromisoformat(given[name])
    moved = {one.name: given["moved"][one.name] for one in fields(Waterfall)}
    return ReportLine(**{**given, "weeks": tuple(given["weeks"]), "moved": Waterfall(**moved)})


def _text(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a report.")
