"""A month's charges day by day, as its page shows them: what cannot be told is None, and so is every sum of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shipsync.rules.charges import CARRIER_COST, NOTHING, Charge, Facts, Line, RateCard, days_between


@dataclass(frozen=True, slots=True)
class Charged:
    """What some days come to, by kind. Carrier cost, receipts, minimum and what was added by hand are always known."""

    carrier: Decimal = NOTHING
    orders: Decimal | None = NOTHING
    units: Decimal | None = NOTHING
    storage: Decimal | None = NOTHING
    receipts: Decimal = NOTHING
    minimum: Decimal = NOTHING
    extra: Decimal = NOTHING

    @property
    def handling(self) -> Decimal | None:
        """Service fees but for storage."""
        return _sum((self.orders, self.units, self.receipts, self.minimum))

    @property
    def fees(self) -> Decimal | None:
        """Service fees."""
        return _sum((self.handling, self.storage))

    @property
    def total(self) -> Decimal | None:
        """All of it."""
        return _sum((self.carrier, self.fees, self.extra))

    @property
    def known(self) -> Decimal:
        """All of it that can be told."""
        parts = (self.carrier, self.orders, self.units, self.storage, self.receipts, self.minimum, self.extra)
        return sum((one for one in parts if one is not None), NOTHING)


def by_day(facts: Facts, card: RateCard, found: Iterable[Line]) -> dict[date, Charged]:
    """Every calendar day with what its lines come to."""
    sums: dict[tuple[date, Charge], Decimal] = {}
    for one in found:
        sums[one.day, one.charge] = sums.get((one.day, one.charge), NOTHING) + one.amount
    silent = never_counted(facts)
    with_units = {day for (day, _), amount in facts.units.items() if amount}
    stock: dict[date, list[tuple[str, int]]] = {}
    for (day, sku), units in facts.stock.items():
        stock.setdefault(day, []).append((sku, units))
    days = {}
    for day in days_between(facts.first, facts.through):
        of = {charge: amount for (on, charge), amount in sums.items() if on == day}
        has_order_rate, has_unit_rate = card.at("order", day) is not None, card.at("unit", day) is not None
        is_storage_known = _storage_known(facts, card, day, stock.get(day, []), silent)
        days[day] = Charged(
            carrier=sum((of.get(charge, NOTHING) for charge in CARRIER_COST), NOTHING),
            orders=of.get("order", NOTHING) if has_order_rate or not facts.orders.get(day) else None,
            units=of.get("unit", NOTHING) if has_unit_rate or day not in with_units else None,
            storage=of.get("pallet_day", NOTHING) if is_storage_known else None,
            receipts=of.get("receipt", NOTHING),
            minimum=of.get("minimum", NOTHING),
            extra=of.get("extra", NOTHING),
        )
    return days


def summed(some: Iterable[Charged]) -> Charged:
    """What all of them come to."""
    days = list(some)
    return Charged(
        carrier=sum((one.carrier for one in days), NOTHING),
        orders=_sum(one.orders for one in days),
        units=_sum(one.units for one in days),
        storage=_sum(one.storage for one in days),
        receipts=sum((one.receipts for one in days), NOTHING),
        minimum=sum((one.minimum for one in days), NOTHING),
        extra=sum((one.extra for one in days), NOTHING),
    )


def never_counted(facts: Facts) -> list[str]:
    """Key products of which nobody has said what stands on the shelf."""
    return sorted(facts.pallet_sizes.keys() - {sku for _, sku in facts.stock})


def _storage_known(
    facts: Facts, card: RateCard, day: date, stock: Sequence[tuple[str, int]], silent: Sequence[str]
) -> bool:
    rate = card.at("pallet_day", day)
    if rate is not None and not rate.amount:
        return True
    if silent or any(units < 0 for _, units in stock):
        return False
    standing = [sku for sku, units in stock if units > 0]
    return not standing or (rate is not None and all(facts.pallet_sizes.get(sku) for sku in standing))


def _sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    """None where one of them is."""
    known = NOTHING
    for one in parts:
        if one is None:
            return None
        known += one
    return known
