"""Why a month that was billed is another one by now: each line that differs, with the events behind it (DESIGN D16).

What was issued stays as it was. A difference is billed, or given back, with a later month; until then it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shipsync.rules.charges import CARRIER_COST, CENT, NOTHING, Difference, Key
from shipsync.rules.periods import day_words

_NAMED = 5  # events named of one line; the rest is counted


@dataclass(frozen=True, slots=True)
class LabelThen:
    """A label as it was billed, or as it stands now."""

    day: date
    carrier_code: str | None
    service_code: str | None
    warehouse_id: int | None
    is_return: bool
    voided: bool
    shipment_cost: Decimal
    insurance_cost: Decimal


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A label that differs from what was billed of it. `before` None: it was not billed; `now` None: it is no more."""

    shipment_id: int
    order_number: str | None
    before: LabelThen | None
    now: LabelThen | None
    voided_on: date | None  # when it was voided
    was_known: bool = False  # though it was not billed with these days: it was dated otherwise then


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order that counts for another day, or for none."""

    order_number: str
    before: date | None
    now: date | None


@dataclass(frozen=True, slots=True)
class UnitChange:
    """Units of one SKU in one parcel of an order that differ."""

    order_number: str
    day: date
    sku: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class StockChange:
    """Stock at the end of a day that differs. None: it was not known, or is not."""

    day: date
    sku: str
    before: int | None
    now: int | None


@dataclass(frozen=True, slots=True)
class Entered:
    """A movement that was entered after the month was billed, and moved what had been billed."""

    entry_no: int
    kind: str
    sku: str
    quantity: int
    day: date  # it counts for
    entered_on: date
    order_number: str | None


@dataclass(frozen=True)
class Changes:
    """All that is known to be otherwise."""

    labels: Sequence[LabelChange] = ()
    orders: Sequence[OrderChange] = ()
    units: Sequence[UnitChange] = ()
    stock: Sequence[StockChange] = ()
    entered: Sequence[Entered] = ()


@dataclass(frozen=True, slots=True)
class RestatedLine:
    """A line that differs, and why."""

    difference: Difference
    causes: tuple[str, ...]  # sentences

    @property
    def amount(self) -> Decimal:
        """What is billed besides; below zero: given back."""
        return self.difference.amount


@dataclass(frozen=True, slots=True)
class Restatement:
    """What has changed of one billed month."""

    month: date
    billed_by: str  # '2026-10-v2': the invoice it stood on last
    billed: Decimal
    now: Decimal
    lines: tuple[RestatedLine, ...] = field(default=())

    @property
    def amount(self) -> Decimal:
        """What is billed besides; below zero: given back."""
        return self.now - self.billed


def explained(found: Sequence[Difference], changes: Changes) -> tuple[RestatedLine, ...]:
    """Each difference with its causes, in the order of the differences."""
    return tuple(RestatedLine(one, _few(list(_causes(one, changes)))) for one in found)


def _causes(one: Difference, changes: Changes) -> Iterator[str]:
    key = one.key
    if key.charge in CARRIER_COST:
        yield from _of_labels(key, changes.labels)
    elif key.charge == "order":
        yield from _of_orders(key, changes.orders)
    elif key.charge == "unit":
        yield from _of_units(key, changes.units)
    elif key.charge == "pallet_day":
        yield from _of_stock(key, changes)
    elif key.charge == "receipt":
        yield from _of_receipts(key, changes.entered)
    elif key.charge == "minimum":
        yield "The fees that it tops up are others, or the minimum is."
    elif one.now_quantity > one.billed_quantity:
        yield "It was added after the month was billed."
    else:
        yield "It was taken back after the month was billed."
    if _has_another_rate(one, changes):
        yield "The rate is another one."


def _has_another_rate(one: Difference, changes: Changes) -> bool:
    """Whether no rate at all makes both amounts of their quantities, rounded to the cent as they are."""
    charge = one.key.charge
    if charge == "markup":  # a percentage of what the day's labels cost
        return not any(_of_labels(one.key, changes.labels))
    if charge not in ("order", "unit", "pallet_day", "receipt"):
        return False
    apart = abs(one.billed * one.now_quantity - one.now * one.billed_quantity)
    return apart >= CENT / 2 * (one.billed_quantity + one.now_quantity)


def _of_labels(key: Key, labels: Sequence[LabelChange]) -> Iterator[str]:
    for one in labels:
        if _part(key, one.before) != _part(key, one.now):
            yield _label_sentence(one)


def _part(key: Key, label: LabelThen | None) -> tuple[int, Decimal]:
    """What a label adds to a line: labels, and cost."""
    nothing = 0, NOTHING
    if label is None or label.day != key.day:
        return nothing
    cost = label.shipment_cost + label.insurance_cost
    if key.charge == "markup":
        return nothing if label.voided else (1, cost)
    if _line_of(label) != (key.day, key.carrier_code, key.service_code, key.warehouse_id):
        return nothing
    if key.charge == "void":
        return (1, -cost) if label.voided else nothing
    if (key.charge == "return") != label.is_return:
        return nothing
    return 1, {"postage": label.shipment_cost, "insurance": label.insurance_cost}.get(key.charge, cost)


def _line_of(one: LabelThen) -> tuple[object, ...]:
    return one.day, one.carrier_code, one.service_code, one.warehouse_id


def _label_sentence(one: LabelChange) -> str:
    name = f"Label {one.shipment_id}" + (f" of order {one.order_number}" if one.order_number else "")
    before, now = one.before, one.now
    if now is None:
        return f"{name} is gone."
    if before is None:
        came = f"is dated {day_words(now.day)} now, and was not before" if one.was_known else "became known later"
        return f"{name} {came}{_voided(one) if now.voided else ''}."
    parts = []
    if now.voided and not before.voided:
        parts.append(f"was voided{f' on {day_words(one.voided_on)}' if one.voided_on else ''}")
    if before.voided and not now.voided:
        parts.append("is no longer voided")
    if (before.shipment_cost, before.insurance_cost) != (now.shipment_cost, now.insurance_cost):
        was, stands = (side.shipment_cost + side.insurance_cost for side in (before, now))
        parts.append(f"costs {stands:,.2f} instead of {was:,.2f}")
    if before.day != now.day:
        parts.append(f"is dated {day_words(now.day)} instead of {day_words(before.day)}")
    if _line_of(before)[1:] != _line_of(now)[1:] or before.is_return != now.is_return:
        parts.append("is of another carrier, service, warehouse or kind")
    return f"{name} {' and '.join(parts)}."


def _voided(one: LabelChange) -> str:
    return f", voided on {day_words(one.voided_on)}" if one.voided_on else ", voided"


def _of_orders(key: Key, orders: Sequence[OrderChange]) -> Iterator[str]:
    for one in orders:
        if key.day not in (one.before, one.now):
            continue
        if one.now is None:
            yield f"Order {one.order_number} is no longer shipped."
        elif one.before is None:
            yield f"Order {one.order_number} counts for {day_words(one.now)} now, and did not before."
        else:
            yield f"Order {one.order_number} counts for {day_words(one.now)} instead of {day_words(one.before)}."


def _of_units(key: Key, units: Sequence[UnitChange]) -> Iterator[str]:
    for one in units:
        if (one.day, one.sku) == (key.day, key.sku):
            yield f"{one.now} instead of {one.before} units left with order {one.order_number}."


def _of_stock(key: Key, changes: Changes) -> Iterator[str]:
    for one in changes.stock:
        if (one.day, one.sku) != (key.day, key.sku):
            continue
        if one.before is None:
            yield f"It became known later that {one.now:,} units stood at the end of the day."
            yield from _of_entries(key, changes.entered)
            continue
        if one.now is None:
            yield f"Stock of {one.sku} is billed no more."
            continue
        yield f"{one.now:,} instead of {one.before:,} units stood at the end of the day."
        yield from _of_entries(key, changes.entered)


def _of_entries(key: Key, entered: Sequence[Entered]) -> Iterator[str]:
    for one in entered:
        if one.sku == key.sku and one.day <= key.day:
            of = f", order {one.order_number}" if one.order_number else ""
            yield (
                f"Entry {one.entry_no} ({one.kind.replace('_', ' ')} {one.quantity:+,} on {day_words(one.day)}{of}) "
                f"was entered on {day_words(one.entered_on)}."
            )


def _of_receipts(key: Key, entered: Sequence[Entered]) -> Iterator[str]:
    for one in entered:
        if one.kind == "receive" and one.day == key.day:
            yield f"Entry {one.entry_no} ({one.quantity:+,} of {one.sku}) was entered on {day_words(one.entered_on)}."


def _few(sentences: list[str]) -> tuple[str, ...]:
    once = list(dict.fromkeys(sentences))
    more = len(once) - _NAMED
    return tuple(once if more <= 0 else [*once[:_NAMED], f"And {more:,} more {'event' if more == 1 else 'events'}."])


def by_charge(lines: Sequence[RestatedLine]) -> Mapping[str, Decimal]:
    """Differences by kind of charge."""
    found: dict[str, Decimal] = {}
    for one in lines:
        found[one.difference.key.charge] = found.get(one.difference.key.charge, Decimal("0.00")) + one.amount
    return found
