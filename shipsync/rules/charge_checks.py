"""The self-check of a month before it is billed: what blocks, and what wants a written reason (facts/domain.md 1.7).

error     the charges would be wrong, or cannot be told: nothing is issued
warning   something may be missing or odd; it is issued when somebody writes why
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shipsync.rules.alerts import IMPORTS, Place
from shipsync.rules.months import month_words
from shipsync.rules.periods import day_words
from shipsync.rules.weeks import week_name

Severity = Literal["error", "warning"]

# Held records that may hold a label, or an order that left: what they cost is in no figure.
# What may cost something while it is held: one of it, several.
_COSTLY = {
    "order": ("order", "orders"),
    "shipment": ("label", "labels"),
    "fulfillment": ("mark as shipped", "marks as shipped"),
    "poison": ("place of a list that ShipStation cannot show", "places of lists that ShipStation cannot show"),
    "conflict": ("order with another's number", "orders with another's number"),
}
_NAMED = 5

_HELD = Place("sync", "Look at them", (("view", "Quarantine"),))
_RATES = Place(IMPORTS.page, "Load rates")
_INVENTORY = Place("inventory", "Inventory")
_DAYS = Place("end_of_day", "End of day")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the self-check found."""

    severity: Severity
    text: str
    place: Place | None = None  # where it is mended


@dataclass(frozen=True, slots=True)
class Odd:
    """Some records of one kind, with one of their orders."""

    count: int
    number: str | None = None  # an order's
    key: str | None = None
    amount: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class WeekStock:
    """Stock of one SKU as a weekly report says it, and as it is known now for the same instant."""

    monday: date
    sku: str
    reported: int
    now: int
    as_known_then: int  # now, without what has been entered since the report
    is_counted: bool = False  # a count of it was posted since: that is what a count is for


@dataclass(frozen=True)
class Found:
    """What the self-check is told from."""

    month: date
    gaps: Sequence[str] = ()  # rules/charges.py
    stock_unknown: Sequence[str] = ()  # key products of which nobody has said what stood on the shelf
    held: Sequence[tuple[str, int]] = ()  # open held records by kind
    unreadable: Odd = Odd(0)  # units whose SKU text cannot be read; `count` are units
    without_cost: Odd = Odd(0)  # labels that went out, stand, and cost nothing
    marked: Odd = Odd(0)  # orders marked as shipped: they have no label, and so no cost
    without_parcel: Odd = Odd(0)  # orders that are shipped and show no parcel
    foreign: Odd = Odd(0)  # labels of no order of ours
    census: Sequence[tuple[date, int]] = ()  # days whose closing differed from ShipStation, and by how much
    not_closed: Sequence[date] = ()  # working days
    known_from: date | None = None  # the first day that the sync has read whole; None: it has read no shipment
    weeks: Sequence[WeekStock] = ()
    unfinished: Sequence[tuple[date, date]] = ()  # earlier months that are billed only through a day
    left_out: Sequence[date] = ()  # months between billed ones that were never billed
    settled: Sequence[tuple[date, date]] = ()  # this month or earlier ones, each with the later one that restated it


def checks(found: Found) -> list[Check]:
    """What the self-check says, errors first."""
    return sorted([*_errors(found), *_warnings(found)], key=lambda one: one.severity != "error")


def errors(some: Sequence[Check]) -> list[Check]:
    """Those that block."""
    return [one for one in some if one.severity == "error"]


def warnings(some: Sequence[Check]) -> list[Check]:
    """Those that want a reason."""
    return [one for one in some if one.severity == "warning"]


def _errors(found: Found) -> Iterator[Check]:
    for gap in found.gaps:
        yield Check("error", gap, _INVENTORY if gap.startswith("Stock of") else _RATES)
    if found.stock_unknown:
        yield Check(
            "error",
            f"Nobody has said what stands on the shelf of {_named(found.stock_unknown)}, so its storage cannot be "
            "billed. Count it, or load the opening stock.",
            _RATES,
        )
    for kind, amount in found.held:
        if kind in _COSTLY:
            yield Check(
                "error",
                f"{_say(amount, *_COSTLY[kind])} {_is(amount)} held, and what {_it(amount)} cost "
                f"is in no figure. Mend or close {'it' if amount == 1 else 'them'} under Sync.",
                _HELD,
            )
    for one in found.weeks:
        if one.as_known_then != one.reported:
            yield Check(
                "error",
                f"The weekly report {week_name(one.monday)} says {one.reported:,} of {one.sku} were on the shelf, the "
                f"ledger {one.as_known_then:,} for the same instant, and nothing entered since explains it.",
                _INVENTORY,
            )
    for month, through in found.unfinished:
        yield Check(
            "error",
            f"{month_words(month)} is billed only through {day_words(through)}. Close it first.",
            Place("end_of_month", "Close it", (("month", f"{month:%Y-%m}"),)),
        )
    for month, later in found.settled:
        yield Check(
            "error",
            f"What has changed of {month_words(month)} was billed with {month_words(later)} already, so a new "
            f"version of {month_words(found.month)} would bill it twice. What changes from now on is billed with the "
            "next month.",
        )


def _warnings(found: Found) -> Iterator[Check]:
    if found.known_from is None or found.known_from > found.month:
        yield Check(
            "warning",
            "Shipments are not known for all of the month"
            + (f": only from {day_words(found.known_from)} on." if found.known_from else ": none was ever read.")
            + " What left before is not billed.",
        )
    for kind, amount in found.held:
        if kind not in _COSTLY:
            yield Check("warning", f"{_say(amount, 'record', 'records')} of kind {kind} {_is(amount)} held.", _HELD)
    odd = found.unreadable
    if odd.count:
        text = f"{_say(odd.count, 'unit', 'units')} left with a SKU text that cannot be read, and {_is(odd.count)} not"
        yield Check("warning", f"{text} billed, such as those of order {odd.number}.", _order(odd))
    odd = found.without_cost
    if odd.count:
        text = f"{_say(odd.count, 'label', 'labels')} cost nothing in ShipStation"
        yield Check("warning", f"{text}, such as that of order {odd.number}.", _order(odd))
    odd = found.marked
    if odd.count:
        text = f"{_say(odd.count, 'order was', 'orders were')} marked as shipped without a label, so no carrier cost is"
        yield Check("warning", f"{text} known, such as of order {odd.number}.", _order(odd))
    odd = found.without_parcel
    if odd.count:
        text = (
            f"{_say(odd.count, 'order is', 'orders are')} shipped and {'shows' if odd.count == 1 else 'show'} no label"
        )
        yield Check("warning", f"{text}, such as order {odd.number}.", _order(odd))
    odd = found.foreign
    if odd.count:
        yield Check(
            "warning",
            f"{_say(odd.count, 'label belongs', 'labels belong')} to no order of ours and {_is(odd.count)} billed with "
            f"{odd.amount:,.2f}.",
            Place("charges", "See them", (("rows", "Labels"),)),
        )
    if found.census:
        many = sum(amount for _, amount in found.census)
        yield Check(
            "warning",
            f"{_say(many, 'difference', 'differences')} with ShipStation stood when days were closed: "
            f"{_named([day_words(day) for day, _ in found.census])}.",
            _DAYS,
        )
    if found.not_closed:
        days = _named([day_words(day) for day in found.not_closed])
        yield Check(
            "warning",
            f"{_say(len(found.not_closed), 'working day was', 'working days were')} not closed: {days}.",
            _DAYS,
        )
    for one in found.weeks:
        if one.as_known_then == one.reported and one.now != one.reported and not one.is_counted:
            yield Check(
                "warning",
                f"Stock of {one.sku} in the weekly report {week_name(one.monday)} was {one.reported:,}; with what has "
                f"been entered since it is {one.now:,}, and that is billed.",
                _INVENTORY,
            )
    if found.left_out:
        named = ", ".join(month_words(month) for month in found.left_out)
        yield Check("warning", f"{named} {'was' if len(found.left_out) == 1 else 'were'} never billed.")


def _order(odd: Odd) -> Place | None:
    return Place("order", "Open it", (("order", odd.key),)) if odd.key else None


def _say(amount: int, one: str, many: str) -> str:
    return f"1 {one}" if amount == 1 else f"{amount:,} {many}"


def _is(amount: int) -> str:
    return "is" if amount == 1 else "are"


def _it(amount: int) -> str:
    return "it may" if amount == 1 else "they may"


def _named(some: Sequence[str]) -> str:
    more = len(some) - _NAMED
    return ", ".join(some[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
