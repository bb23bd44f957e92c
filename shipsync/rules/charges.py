"""What the warehouse bills for a month: arithmetic from what is known of it (DESIGN D15 to D17, domain.md 1.10, 3).

Two kinds, never mixed in one figure:

    carrier cost   what labels cost, passed on: postage and insurance of the labels of a day, voids taken back, return
                   labels apart, and a markup where the rate card has one
    service fees   by the rate card: for each order, unit, pallet and day, receipt; and a minimum for the month

A line is one kind of charge on one calendar day (and carrier, service, warehouse, or SKU). Its amount is rounded once,
half up, to the cent; every total is a sum of lines. What counts for which day:

    a label        its ship date, whenever it was bought or is voided: a void takes back what its own day was charged
    an order       once, on the ship date of its first parcel, however many parcels it has
    a unit         the ship date of the parcel it left in
    a pallet       ceil(units at the end of the day / units per pallet) for each SKU, weekends too
    a receipt      the day the delivery came

Money is in the account's one currency, quantities are whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from shipsync.rules.periods import day_words

Charge = Literal[
    "postage", "insurance", "return", "void", "markup", "order", "unit", "pallet_day", "receipt", "minimum", "extra"
]
CARRIER_COST: tuple[Charge, ...] = ("postage", "insurance", "return", "void", "markup")
SERVICE_FEES: tuple[Charge, ...] = ("order", "unit", "pallet_day", "receipt", "minimum")
EXTRA: Charge = "extra"
CHARGES: tuple[Charge, ...] = get_args(Charge)

RateName = Literal["order", "unit", "pallet_day", "receipt", "minimum", "markup"]
RATE_NAMES: tuple[RateName, ...] = get_args(RateName)
# Without these nothing can be billed; a fee that is not taken has the rate 0. The others are charged where set.
NEEDED_RATES: tuple[RateName, ...] = ("order", "unit", "pallet_day")

LONGEST_REASON = 500  # characters of why a month is billed in spite of what its self-check warns of

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
_PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of the rate card."""

    rate: RateName
    amount: Decimal  # for one of them; of the minimum for a month, of the markup in percent
    effective_from: date


@dataclass(frozen=True)
class RateCard:
    """All rates with the days from which on they hold."""

    rates: Sequence[Rate]

    def at(self, rate: RateName, day: date) -> Rate | None:
        """What holds on a day: the newest that is effective by then. None: there is none yet."""
        found = [one for one in self.rates if one.rate == rate and one.effective_from <= day]
        return max(found, key=lambda one: one.effective_from) if found else None

    def used(self, first: date, through: date) -> list[Rate]:
        """The rows that hold on any of these days, by name and date."""
        days = days_between(first, through)
        found = {one for name in RATE_NAMES for day in days if (one := self.at(name, day)) is not None}
        return sorted(found, key=lambda one: (RATE_NAMES.index(one.rate), one.effective_from))


@dataclass(frozen=True, slots=True)
class LabelsOfDay:
    """Labels of one ship date, carrier, service and warehouse, summed: returns apart from what went out."""

    day: date
    carrier_code: str | None
    service_code: str | None
    warehouse_id: int | None
    is_return: bool
    labels: int  # voided ones too
    shipment_cost: Decimal
    insurance_cost: Decimal
    voided: int
    voided_cost: Decimal  # of them, postage and insurance


@dataclass(frozen=True, slots=True)
class Extra:
    """What a person has added to a month."""

    extra_no: int
    day: date
    reason: str
    amount: Decimal


@dataclass(frozen=True)
class Facts:
    """What is known of a month's days, from its first to the last that is billed."""

    first: date
    through: date
    month_end: date
    labels: Sequence[LabelsOfDay] = ()
    orders: Mapping[date, int] = field(default_factory=dict)  # by the day of their first parcel
    units: Mapping[tuple[date, str], int] = field(default_factory=dict)  # of key products
    stock: Mapping[tuple[date, str], int] = field(default_factory=dict)  # units at the end of each day
    pallet_sizes: Mapping[str, int | None] = field(default_factory=dict)  # units per pallet, by SKU
    receipts: Mapping[date, int] = field(default_factory=dict)
    extras: Sequence[Extra] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the whole month is billed."""
        return self.through == self.month_end

    def within(self, first: date, through: date, month_end: date) -> Facts:
        """Those of some of these days, of a month that ends then."""

        def lies(day: date) -> bool:
            return first <= day <= through

        return Facts(
            first=first,
            through=through,
            month_end=month_end,
            labels=[one for one in self.labels if lies(one.day)],
            orders={day: amount for day, amount in self.orders.items() if lies(day)},
            units={(day, sku): amount for (day, sku), amount in self.units.items() if lies(day)},
            stock={(day, sku): amount for (day, sku), amount in self.stock.items() if lies(day)},
            pallet_sizes=self.pallet_sizes,
            receipts={day: amount for day, amount in self.receipts.items() if lies(day)},
            extras=[one for one in self.extras if lies(one.day)],
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a month's charges."""

    charge: Charge
    day: date
    quantity: int  # labels, orders, units, pallets, receipts
    amount: Decimal  # to the cent; below zero: taken back
    rate: Decimal | None = None  # of one of them; None where each has an amount of its own
    sku: str | None = None
    carrier_code: str | None = None
    service_code: str | None = None
    warehouse_id: int | None = None
    extra_no: int | None = None
    text: str | None = None  # of what a person added

    @property
    def key(self) -> Key:
        """What makes it the same line in another computation."""
        return Key(
            self.day, self.charge, self.sku, self.carrier_code, self.service_code, self.warehouse_id, self.extra_no
        )


@dataclass(frozen=True, slots=True)
class Key:
    """Which line it is."""

    day: date
    charge: Charge
    sku: str | None = None
    carrier_code: str | None = None
    service_code: str | None = None
    warehouse_id: int | None = None
    extra_no: int | None = None


def lines(facts: Facts, card: RateCard) -> list[Line]:
    """All lines of a month, in the order of the charges and then of the days.

    A day whose rate is missing, or a SKU whose pallets cannot be told, has no line: `gaps` names it, and a month with
    gaps is not billed. Where nothing is charged (no labels, no orders) there is no line either.
    """
    found = [*_carrier_lines(facts, card), *_fee_lines(facts, card)]
    found += [
        Line("extra", one.day, 1, to_cents(one.amount), extra_no=one.extra_no, text=one.reason) for one in facts.extras
    ]
    return sorted(found, key=_in_order)


def gaps(facts: Facts, card: RateCard) -> list[str]:
    """Why this month cannot be billed: each missing rate, pallet size, and stock below zero, a sentence each."""
    return [*_missing_rates(facts, card), *_pallet_gaps(facts, card)]


def total(some: Iterable[Line]) -> Decimal:
    """The sum of these lines' amounts."""
    return sum((one.amount for one in some), NOTHING)


def by_charge(some: Iterable[Line]) -> dict[Charge, Decimal]:
    """Sums by kind of charge, in their order; kinds without a line are left out."""
    found: dict[Charge, Decimal] = {}
    for one in sorted(some, key=lambda line: CHARGES.index(line.charge)):
        found[one.charge] = found.get(one.charge, NOTHING) + one.amount
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that is another one in a later computation."""

    key: Key
    billed_quantity: int
    billed: Decimal
    now_quantity: int
    now: Decimal

    @property
    def amount(self) -> Decimal:
        """What has to be billed besides; below zero: given back."""
        return self.now - self.billed


def differences(billed: Iterable[Line], now: Iterable[Line]) -> list[Difference]:
    """Which lines differ, by quantity or amount, in the order of the days.

    Their amounts add up to the difference of the totals. A line that is in only one of the two is zero in the other.
    """
    before = {one.key: one for one in billed}
    after = {one.key: one for one in now}
    found = []
    for key in sorted(before.keys() | after.keys(), key=_key_order):
        was, stands = before.get(key), after.get(key)
        one = Difference(
            key,
            was.quantity if was else 0,
            was.amount if was else NOTHING,
            stands.quantity if stands else 0,
            stands.amount if stands else NOTHING,
        )
        if one.amount or one.billed_quantity != one.now_quantity:
            found.append(one)
    return found


def pallets(units: int, pallet_size: int) -> int:
    """Pallets that so many units stand on: begun ones count. None for no units."""
    return -(-units // pallet_size) if units > 0 else 0


def to_cents(amount: Decimal) -> Decimal:
    """Rounded half up, away from zero below it. Nothing has no sign."""
    return amount.quantize(CENT, ROUND_HALF_UP) + NOTHING


def days_between(first: date, through: date) -> list[date]:
    """The calendar days from one to another, both included."""
    return [first + timedelta(days=number) for number in range((through - first).days + 1)]


# Carrier cost


def _carrier_lines(facts: Facts, card: RateCard) -> list[Line]:
    found: list[Line] = []
    for one in facts.labels:
        parts: list[tuple[Charge, int, Decimal]] = [("void", one.voided, -one.voided_cost)]
        if one.is_return:
            parts.append(("return", one.labels, one.shipment_cost + one.insurance_cost))
        else:
            parts += [("postage", one.labels, one.shipment_cost), ("insurance", one.labels, one.insurance_cost)]
        for charge, quantity, amount in parts:
            if amount or (quantity and charge != "insurance"):
                found.append(_carrier_line(charge, one, quantity, amount))
    met = _met(found)
    return [*met, *_markups(facts, card, met)]


def _carrier_line(charge: Charge, one: LabelsOfDay, quantity: int, amount: Decimal) -> Line:
    return Line(
        charge,
        one.day,
        quantity,
        to_cents(amount),
        carrier_code=one.carrier_code,
        service_code=one.service_code,
        warehouse_id=one.warehouse_id,
    )


def _met(some: Iterable[Line]) -> list[Line]:
    """One line of each key: voids of labels that went out and of returns are one."""
    found: dict[Key, Line] = {}
    for one in some:
        there = found.get(one.key)
        if there is None:
            found[one.key] = one
        else:
            found[one.key] = _carrier_again(there, there.quantity + one.quantity, there.amount + one.amount)
    return list(found.values())


def _carrier_again(one: Line, quantity: int, amount: Decimal) -> Line:
    return Line(
        one.charge,
        one.day,
        quantity,
        amount,
        carrier_code=one.carrier_code,
        service_code=one.service_code,
        warehouse_id=one.warehouse_id,
    )


def _markups(facts: Facts, card: RateCard, carrier: Sequence[Line]) -> list[Line]:
    """So many percent of what the day's labels cost in the end, voids taken back."""
    found = []
    for day in days_between(facts.first, facts.through):
        rate = card.at("markup", day)
        of_day = [one for one in carrier if one.day == day]
        cost = total(of_day)
        if rate is None or not rate.amount or not cost:
            continue
        labels = sum(-one.quantity if one.charge == "void" else one.quantity for one in of_day
                     if one.charge != "insurance")  # fmt: skip
        found.append(Line("markup", day, labels, to_cents(cost * rate.amount / _PERCENT), rate=rate.amount))
    return found


# Service fees


def _fee_lines(facts: Facts, card: RateCard) -> list[Line]:
    found = []
    for day, quantity in facts.orders.items():
        found += _fee("order", card, day, quantity)
    for (day, sku), quantity in facts.units.items():
        found += _fee("unit", card, day, quantity, sku)
    for (day, sku), units in facts.stock.items():
        size = facts.pallet_sizes.get(sku)
        if size:
            found += _fee("pallet_day", card, day, pallets(units, size), sku)
    for day, quantity in facts.receipts.items():
        found += _fee("receipt", card, day, quantity)
    return [*found, *_top_up(facts, card, total(found))]


def _fee(charge: Literal["order", "unit", "pallet_day", "receipt"], card: RateCard, day: date, quantity: int,
         sku: str | None = None) -> list[Line]:  # fmt: skip
    rate = card.at(charge, day)
    if rate is None or not quantity:
        return []
    return [Line(charge, day, quantity, to_cents(quantity * rate.amount), rate=rate.amount, sku=sku)]


def _top_up(facts: Facts, card: RateCard, fees: Decimal) -> list[Line]:
    """What a whole month's fees lack to the minimum that holds on its last day."""
    rate = card.at("minimum", facts.through)
    if not facts.is_complete or rate is None or fees >= rate.amount:
        return []
    return [Line("minimum", facts.through, 1, to_cents(rate.amount - fees), rate=rate.amount)]


# Gaps


def _missing_rates(facts: Facts, card: RateCard) -> list[str]:
    found = []
    for name in NEEDED_RATES:
        first = card.at(name, facts.first)
        if first is not None:
            continue
        starts = min((one.effective_from for one in card.rates if one.rate == name), default=None)
        if starts is None or starts > facts.through:
            found.append(f"The rate card has no rate '{name}' for any of these days. Load it; 0 where it is not taken.")
        else:
            found.append(
                f"The rate '{name}' holds only from {day_words(starts)} on, and the month begins on "
                f"{day_words(facts.first)}. Load what held before."
            )
    return found


def _pallet_gaps(facts: Facts, card: RateCard) -> list[str]:
    """Of days on which a pallet costs something."""
    charged = {
        day
        for day in days_between(facts.first, facts.through)
        if (rate := card.at("pallet_day", day)) is None or rate.amount
    }
    found = []
    for sku in sorted({sku for day, sku in facts.stock if day in charged}):
        if not facts.pallet_sizes.get(sku) and any(
            units for (day, one), units in facts.stock.items() if one == sku and day in charged
        ):
            found.append(f"{sku} has no units per pallet, so its pallets cannot be billed. Set them under Imports.")
    for sku in sorted({sku for _, sku in facts.stock}):
        below = sorted(day for (day, one), units in facts.stock.items() if one == sku and units < 0 and day in charged)
        if below:
            units = facts.stock[below[0], sku]
            found.append(
                f"Stock of {sku} stands at {units:,} at the end of {day_words(below[0])}"
                + (f" and on {len(below) - 1} more {'day' if len(below) == 2 else 'days'}" if len(below) > 1 else "")
                + ". Count it, or enter the receipt that is missing."
            )
    return found


def _in_order(one: Line) -> tuple[object, ...]:
    return (CHARGES.index(one.charge), *_key_order(one.key))


def _key_order(key: Key) -> tuple[object, ...]:
    """Nothing comes before the empty text and before nought, so that no two keys share a place."""
    rest = (key.sku, key.carrier_code, key.service_code, key.warehouse_id, key.extra_no)
    return (key.day, CHARGES.index(key.charge), *((True, one) if one is not None else (False,) for one in rest))
