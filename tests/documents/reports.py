"""Weekly reports to make documents of: the world of facts/domain.md section 5, and shelves with trouble."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shipsync.rules.inventory import Policy, Stock, demand, stand
from shipsync.rules.ledger import Waterfall
from shipsync.rules.weekly_report import ReportLine, WeeklyReport, in_order

ZONE = "America/Los_Angeles"
WEEK_47 = date(2026, 11, 16)
AS_OF = datetime(2026, 11, 20, 20, 48, tzinfo=UTC)
MADE_AT = datetime(2026, 11, 20, 23, 4, 30, tzinfo=UTC)

# Mean and standard deviation of weekly units (facts/domain.md section 5), stock, units per pallet, lead time.
_SHELF: Mapping[str, tuple[str, float, float, int, int | None, int | None]] = {
    "17612": ("Rinse, case", 491, 151, 1204, 48, 14),
    "17914": ("Rinse, family size, case", 28, 14, 212, 80, 14),
    "17904": ("Rinse, travel size, case", 13, 7.5, 36, 80, 21),
    "18675": ("Ortho kit, case", 3.6, 4.9, 88, 81, 21),
    "18795": ("Paste, case", 3.0, 5.0, 140, 88, None),
}


def mondays(number: int, last: date = WEEK_47) -> tuple[date, ...]:
    """So many weeks up to one."""
    return tuple(last - timedelta(weeks=back) for back in reversed(range(number)))


def a_line(
    sku: str = "17612",
    *,
    weeks: Sequence[int | None] = (480, 510, 470, 500, 495),
    quantity: int | None = 1204,
    awaiting: int = 14,
    quarantined: int = 0,
    lead_time_days: int | None = 14,
    reorder_point: int | None = None,
    pallet_size: int | None = 48,
    name: str = "Rinse, case",
    moved: Waterfall | None = None,
    **others: Any,
) -> ReportLine:
    """One product as the rules would report it. `weeks` end with week 47; None: not known."""
    starts = mondays(len(weeks))
    known = {monday: amount for monday, amount in zip(starts, weeks, strict=True) if amount is not None}
    needed = demand(known, sorted(known)[-52:])
    stands = stand(Stock(quantity, awaiting, quarantined), needed, Policy(lead_time_days, reorder_point), AS_OF.date())
    out = stands.run_out
    shipped = weeks[-1] or 0
    if moved is None:
        moved = Waterfall((quantity or 0) + shipped, 0, shipped, 0, 0, 0) if quantity is not None else Waterfall(
            0, 0, shipped, 0, 0, 0
        )  # fmt: skip
    values: dict[str, Any] = {
        "sku": sku,
        "name": name,
        "shipped": shipped,
        "weeks": tuple(weeks),
        "weekly_average": needed.average,
        "weeks_counted": needed.weeks,
        "weekly_average_13": needed.average_13,
        "weekly_average_4": needed.average_4,
        "weekly_deviation": needed.deviation,
        "quantity": quantity,
        "awaiting": awaiting,
        "quarantined": quarantined,
        "available": stands.stock.available,
        "days_left": stands.days_left,
        "runs_out_on": out.on if out else None,
        "runs_out_earliest_on": out.earliest_on if out else None,
        "runs_out_latest_on": out.latest_on if out else None,
        "lead_time_days": lead_time_days,
        "reorder_point": stands.reorder_point,
        "is_reorder_point_given": stands.is_reorder_point_given,
        "level": stands.level,
        "reason": stands.reason,
        "pallet_size": pallet_size,
        "moved": moved,
    }
    return ReportLine(**(values | others))


def a_report(lines: Sequence[ReportLine] | None = None, **others: Any) -> WeeklyReport:
    """Week 47 of 2026."""
    lines = the_five() if lines is None else lines
    values: dict[str, Any] = {
        "week_start": WEEK_47,
        "week_end": WEEK_47 + timedelta(days=6),
        "version": 1,
        "zone": ZONE,
        "made_at": MADE_AT,
        "as_of": AS_OF,
        "is_complete": True,
        "stated": (),
        "orders_shipped": 142,
        "parcels": 150,
        "weeks": mondays(max((len(line.weeks) for line in lines), default=1)),
        "lines": in_order(lines),
    }
    return WeeklyReport(**(values | others))


def the_five(number_of_weeks: int = 60) -> list[ReportLine]:
    """Sixty weeks of the five key SKUs: one low, one critical, one slow, one without a lead time."""
    rng = random.Random(47)
    lines = []
    for sku, (name, mean, deviation, quantity, pallet_size, lead_time) in _SHELF.items():
        weeks = [max(0, round(rng.gauss(mean, deviation))) for _ in range(number_of_weeks)]
        received = 480 if sku == "17612" else 0
        moved = Waterfall(quantity + weeks[-1] - received - 4 + 2, received, weeks[-1], 4, -2, 0)
        lines.append(
            a_line(sku, name=name, weeks=weeks, quantity=quantity, awaiting=round(mean / 30), pallet_size=pallet_size,
                   lead_time_days=lead_time, moved=moved)
        )  # fmt: skip
    return lines


def troubled() -> list[ReportLine]:
    """Never counted, below zero, no pallet size, too new for an average, hardly sold, part of a series gone."""
    return [
        a_line("20101", name="Never counted", quantity=None),
        a_line("20102", name="Below zero", weeks=[20] * 60, quantity=-7,
               moved=Waterfall(13, 0, 20, 0, 0, 0)),
        a_line("20103", name="Counted loose, it has no pallet size", weeks=[3, 0, 9, 4, 2, 2, 1, 12], quantity=95,
               pallet_size=None, quarantined=6),
        a_line("20104", name="New this month", weeks=[None, 0, 0, 12, 9], quantity=300),
        a_line("20105", name="Not sold for a year", weeks=[5] + [0] * 59, quantity=40, reorder_point=0),
        a_line("20106", name="With a hole in its history", weeks=[40] * 30 + [None] * 10 + [60] * 20, quantity=900,
               reorder_point=200),
        a_line("20107", name="One a year", weeks=[1] + [0] * 30 + [1] + [0] * 28, quantity=700, reorder_point=5),
        a_line("20108-X", name="A product whose name goes on and on, with <angle> & \"quoted\" #words in *it*, "
               "a$dollar, an_underscore and Supercalifragilisticexpialidocious-Extraordinaire",
               weeks=[120] * 56 + [300] * 4, quantity=12345, moved=Waterfall(2345, 10300, 300, 0, 0, 0)),
    ]  # fmt: skip


def padded(lines: Sequence[ReportLine], number_of_weeks: int = 60) -> list[ReportLine]:
    """The same lines with series of one length: what came before is not known."""
    return [_padded(line, number_of_weeks) for line in lines]


def _padded(line: ReportLine, number_of_weeks: int) -> ReportLine:
    values = {name: getattr(line, name) for name in ReportLine.__slots__}
    before: tuple[int | None, ...] = (None,) * (number_of_weeks - len(line.weeks))
    return ReportLine(**(values | {"weeks": before + line.weeks}))


def many(number: int = 60) -> list[ReportLine]:
    """A long shelf."""
    rng = random.Random(60)
    lines = []
    for place in range(number):
        mean = rng.choice([0.5, 3, 12, 40, 150, 500])
        weeks = [max(0, round(rng.gauss(mean, mean / 2 + 1))) for _ in range(60)]
        lines.append(
            a_line(f"{30000 + place * 7}", name=f"Product number {place + 1}, case of {rng.choice([6, 12, 24])}",
                   weeks=weeks, quantity=round(mean * rng.choice([0.5, 2, 3, 6, 20])), awaiting=rng.randrange(9),
                   pallet_size=rng.choice([48, 80, None]), lead_time_days=rng.choice([7, 14, 21]))
        )  # fmt: skip
    return lines
