"""A month's lines added up as they are read: by kind and rate, by day, by carrier (DESIGN D17).

Each is a sum of lines that are shown elsewhere, so all of them meet in the same total.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Literal, TypeVar

from shipsync.rules.charge_report import DayCounts
from shipsync.rules.charges import (
    CARRIER_COST,
    CHARGES,
    EXTRA,
    NOTHING,
    SERVICE_FEES,
    Charge,
    Line,
    RateCard,
    RateName,
    days_between,
    total,
)

K = TypeVar("K", bound=Hashable)

_BY_DAY: tuple[Literal["order", "unit", "pallet_day", "receipt", "markup"], ...] = (
    "order", "unit", "pallet_day", "receipt", "markup",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which one rate held. `rate` None: there was none."""

    first: date
    through: date
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class ChargeSum:
    """All lines of one kind of charge while one rate held, or one line that a person added."""

    charge: Charge
    quantity: int
    amount: Decimal
    rate: Decimal | None = None
    span: Span | None = None  # where the rate changed within the days; else None
    line: Line | None = None  # what a person added


@dataclass(frozen=True)
class DaySum:
    """One calendar day."""

    day: date
    counts: DayCounts
    quantities: Mapping[Charge, int]
    amounts: Mapping[Charge, Decimal]

    @property
    def carrier_cost(self) -> Decimal:
        """What its labels cost, voids taken back, with the markup."""
        return sum((self.amounts.get(one, NOTHING) for one in CARRIER_COST), NOTHING)

    @property
    def service_fees(self) -> Decimal:
        """What the warehouse takes for it."""
        return sum((self.amounts.get(one, NOTHING) for one in SERVICE_FEES), NOTHING)

    @property
    def total(self) -> Decimal:
        """All its lines."""
        return sum(self.amounts.values(), NOTHING)


@dataclass(frozen=True, slots=True)
class LabelSum:
    """Labels of some carrier, service or warehouse, without a markup: that is taken on days."""

    labels: int  # that went out, those voided later too
    returns: int
    voided: int  # of both
    postage: Decimal
    insurance: Decimal
    returned: Decimal  # what return labels cost
    voids: Decimal  # taken back: below zero

    @property
    def total(self) -> Decimal:
        """What they are charged with in the end."""
        return self.postage + self.insurance + self.returned + self.voids


def spans(card: RateCard, name: RateName, first: date, through: date) -> list[Span]:
    """The stretches of these days on which one amount held."""
    found = []
    for rate, days in groupby(days_between(first, through), key=lambda day: _amount(card, name, day)):
        of_rate = list(days)
        found.append(Span(of_rate[0], of_rate[-1], rate))
    return found


def charge_sums(lines: Iterable[Line], card: RateCard, first: date, through: date) -> list[ChargeSum]:
    """Lines by kind, split where a rate changed within these days; what people added stands alone."""
    of_kind: dict[Charge, list[Line]] = {}
    for one in lines:
        of_kind.setdefault(one.charge, []).append(one)
    found: list[ChargeSum] = []
    for charge in sorted(of_kind, key=CHARGES.index):
        some = of_kind[charge]
        if charge == EXTRA:
            found += [ChargeSum(EXTRA, one.quantity, one.amount, line=one) for one in some]
        elif charge in _BY_DAY:
            charged = [
                (span, within)
                for span in spans(card, charge, first, through)
                if (within := [one for one in some if span.first <= one.day <= span.through])
            ]
            is_split = len(charged) > 1
            found += [_sum(charge, within, span.rate, span if is_split else None) for span, within in charged]
        else:
            found.append(_sum(charge, some, some[0].rate if charge == "minimum" else None, None))
    return found


def day_sums(lines: Iterable[Line], counts: Sequence[DayCounts], first: date, through: date) -> list[DaySum]:
    """Every calendar day of these, those on which nothing happened too."""
    of_day: dict[date, list[Line]] = {day: [] for day in days_between(first, through)}
    for one in lines:
        of_day[one.day].append(one)
    counted = {one.day: one for one in counts}
    return [
        DaySum(
            day,
            counted.get(day) or DayCounts(day, 0, 0, 0, 0, 0, 0),
            _by_charge(some, lambda one: one.quantity, 0),
            _by_charge(some, lambda one: one.amount, NOTHING),
        )
        for day, some in of_day.items()
    ]


def label_sums(lines: Iterable[Line], of: Callable[[Line], K]) -> dict[K, LabelSum]:
    """Carrier cost by what `of` says of a line, in no order; the markup is left out."""
    found: dict[K, list[Line]] = {}
    for one in lines:
        if one.charge in CARRIER_COST and one.charge != "markup":
            found.setdefault(of(one), []).append(one)
    return {name: _label_sum(some) for name, some in found.items()}


def _label_sum(some: Sequence[Line]) -> LabelSum:
    quantities = _by_charge(some, lambda one: one.quantity, 0)
    amounts = _by_charge(some, lambda one: one.amount, NOTHING)
    return LabelSum(
        quantities.get("postage", 0),
        quantities.get("return", 0),
        quantities.get("void", 0),
        amounts.get("postage", NOTHING),
        amounts.get("insurance", NOTHING),
        amounts.get("return", NOTHING),
        amounts.get("void", NOTHING),
    )


def _amount(card: RateCard, name: RateName, day: date) -> Decimal | None:
    rate = card.at(name, day)
    return None if rate is None else rate.amount


def _sum(charge: Charge, some: Sequence[Line], rate: Decimal | None, span: Span | None) -> ChargeSum:
    return ChargeSum(charge, sum(one.quantity for one in some), total(some), rate, span)


N = TypeVar("N", int, Decimal)


def _by_charge(some: Iterable[Line], of: Callable[[Line], N], nothing: N) -> dict[Charge, N]:
    found: dict[Charge, N] = {}
    for one in some:
        found[one.charge] = found.get(one.charge, nothing) + of(one)
    return found
