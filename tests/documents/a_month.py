"""Months to make invoices of: the world of facts/domain.md section 5, one with next to nothing in it, and rude ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shipsync.rules.charge_report import ChargeReport, DayCounts, Parties, StockOfMonth, UnusedLabel
from shipsync.rules.charges import (
    Extra,
    Facts,
    LabelsOfDay,
    Line,
    Rate,
    RateCard,
    days_between,
    differences,
    lines,
    pallets,
    total,
)
from shipsync.rules.restatement import (
    Changes,
    Entered,
    LabelChange,
    LabelThen,
    OrderChange,
    Restatement,
    StockChange,
    explained,
)

ZONE = "America/Los_Angeles"
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
AS_OF = datetime(2026, 12, 1, 1, 2, tzinfo=UTC)
MADE_AT = datetime(2026, 12, 1, 1, 4, 30, tzinfo=UTC)

PARTIES = Parties(
    firm="Example Fulfilment Ltd",
    firm_address="12 Example Way\nDuluth, MN 55802",
    client="Sample Brands Inc",
    client_address="Accounts payable\n400 Sample Street, Suite 4\nPortland, OR 97201",
    currency="USD",
    payment_days=30,
)
NOBODY = Parties("", "", "", "", "USD", 30)

CARD = RateCard(
    [
        Rate("order", Decimal("2.7500"), date(2026, 1, 1)),
        Rate("order", Decimal("2.9500"), date(2026, 11, 16)),
        Rate("unit", Decimal("0.4375"), date(2026, 1, 1)),
        Rate("pallet_day", Decimal("0.5000"), date(2026, 1, 1)),
        Rate("receipt", Decimal("35.0000"), date(2026, 1, 1)),
        Rate("minimum", Decimal("1500.0000"), date(2026, 1, 1)),
        Rate("markup", Decimal("2.5000"), date(2026, 1, 1)),
    ]
)
# Name, share of the units, opening stock, units per pallet.
_SHELF = {
    "17612": ("Rinse, case", 0.90, 1930, 48),
    "17904": ("Rinse, travel size, case", 0.03, 140, 80),
    "17914": ("Rinse, family size, case", 0.05, 322, 80),
    "18675": ("Ortho kit, case", 0.01, 96, 81),
    "18795": ("Paste, case", 0.01, 154, 88),
}
_SERVICES = (
    ("fedex", "fedex_ground", "9.40"),
    ("fedex", "fedex_home_delivery", "10.15"),
    ("fedex", "fedex_2day", "31.80"),
    ("stamps_com", "usps_priority_mail", "12.05"),
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label as a closing freezes it."""

    shipment_id: int
    order_number: str | None
    day: date
    carrier_code: str | None
    service_code: str | None
    warehouse_id: int | None
    tracking_number: str | None
    is_return_label: bool
    voided: bool
    shipment_cost: Decimal
    insurance_cost: Decimal

    @property
    def cost(self) -> Decimal:
        """What it is charged with in the end."""
        return Decimal("0.00") if self.voided else self.shipment_cost + self.insurance_cost


def a_label(number: int, day: date, **others: Any) -> Label:
    """One by FedEx Ground."""
    values: dict[str, Any] = {
        "shipment_id": number,
        "order_number": f"{700000 + number}",
        "day": day,
        "carrier_code": "fedex",
        "service_code": "fedex_ground",
        "warehouse_id": 4410,
        "tracking_number": f"{770000000000 + number}",
        "is_return_label": False,
        "voided": False,
        "shipment_cost": Decimal("9.40"),
        "insurance_cost": Decimal("0.00"),
    }
    return Label(**(values | others))


def labels_of(first: date = FIRST, through: date = LAST) -> list[Label]:
    """Some thirty on each working day: four services, some insured, some voided, some returns."""
    rng = random.Random(11)
    found = []
    for day in days_between(first, through):
        for _ in range(rng.randrange(26, 36) if day.weekday() < 5 else 0):
            carrier, service, cost = rng.choices(_SERVICES, weights=(60, 25, 5, 10))[0]
            is_return = rng.random() < 0.01
            found.append(
                a_label(
                    50001 + len(found),
                    day,
                    carrier_code=carrier,
                    service_code=service,
                    is_return_label=is_return,
                    voided=rng.random() < 0.02,
                    shipment_cost=Decimal(cost) + Decimal(rng.randrange(-150, 600)) / 100,
                    insurance_cost=Decimal("1.10") if rng.random() < 0.05 else Decimal("0.00"),
                )
            )
    return found


def summed(some: Sequence[Label]) -> list[LabelsOfDay]:
    """As the store sums them."""
    found: dict[tuple[Any, ...], list[Label]] = {}
    for one in some:
        found.setdefault(
            (one.day, one.carrier_code, one.service_code, one.warehouse_id, one.is_return_label), []
        ).append(one)
    return [
        LabelsOfDay(
            *key,
            labels=len(group),
            shipment_cost=sum((one.shipment_cost for one in group), Decimal(0)),
            insurance_cost=sum((one.insurance_cost for one in group), Decimal(0)),
            voided=sum(one.voided for one in group),
            voided_cost=sum((one.shipment_cost + one.insurance_cost for one in group if one.voided), Decimal(0)),
        )
        for key, group in found.items()
    ]


def a_report(
    facts: Facts,
    days: Sequence[DayCounts] = (),
    stock: Sequence[StockOfMonth] = (),
    card: RateCard = CARD,
    **others: Any,
) -> ChargeReport:
    """The report of these facts, issued on the last day of November."""
    values: dict[str, Any] = {
        "month": facts.first,
        "month_end": facts.month_end,
        "billed_through": facts.through,
        "version": 1,
        "zone": ZONE,
        "made_at": MADE_AT,
        "as_of": AS_OF,
        "issued_on": LAST,
        "due_on": LAST + timedelta(days=30),
        "replaces": None,
        "parties": PARTIES,
        "stated": (),
        "warnings": (),
        "reason": "",
        "reviewed_by": "kim",
        "rates": tuple(card.used(facts.first, facts.through)),
        "lines": tuple(lines(facts, card)),
        "days": tuple(days),
        "stock": tuple(stock),
        "restatements": (),
        "unused": (),
        "labels_digest": "0" * 64,
    }
    return ChargeReport(**(values | others))


def a_month(through: date = LAST, **others: Any) -> ChargeReport:
    """November 2026: five SKUs, two carriers, a rate that changes on the 16th, two receipts, an added line."""
    some = labels_of(FIRST, through)
    went = [one for one in some if not one.is_return_label]
    days = days_between(FIRST, through)
    orders = {day: number for day in days if (number := sum(one.day == day for one in went) * 9 // 10)}
    units = {
        (day, sku): amount
        for day in orders
        for sku, (_, share, _, _) in _SHELF.items()
        if (amount := round(sum(one.day == day for one in went) * 4 * share))
    }
    receipts = {day: 1 for day in (date(2026, 11, 5), date(2026, 11, 19)) if day <= through}
    stock: dict[tuple[date, str], int] = {}
    for sku, (_, _, opening, _) in _SHELF.items():
        there = opening
        for day in days:
            there += 960 * receipts.get(day, 0) if sku == "17612" else 0
            there -= units.get((day, sku), 0)
            stock[day, sku] = there
    facts = Facts(
        FIRST,
        through,
        LAST,
        labels=summed(some),
        orders=orders,
        units=units,
        stock=stock,
        pallet_sizes={sku: size for sku, (_, _, _, size) in _SHELF.items()},
        receipts=receipts,
        extras=[Extra(3, date(2026, 11, 12), "Relabelled 40 cases for the trade fair", Decimal("85.00"))],
    )
    counts = [
        DayCounts(
            day,
            orders.get(day, 0),
            sum(one.day == day and not one.voided for one in went),
            sum(one.day == day and not one.voided for one in went) + (day.day == 10),  # one marked as shipped
            sum(amount for (on, _), amount in units.items() if on == day),
            sum(one.day == day and one.voided for one in some),
            sum(one.day == day and one.is_return_label and not one.voided for one in some),
        )
        for day in days
        if day in orders
    ]
    moved = [
        StockOfMonth(
            sku,
            name,
            size,
            opening,
            960 * len(receipts) if sku == "17612" else 0,
            sum(amount for (_, one), amount in units.items() if one == sku),
            0,
            0,
            0,
            0,
            stock[through, sku],
            sum(pallets(stock[day, sku], size) for day in days),
        )
        for sku, (name, _, opening, size) in _SHELF.items()
    ]
    return a_report(facts, counts, moved, **others)


def october() -> Restatement:
    """A label voided late, one that costs more, an order that moved, a receipt entered later: a credit."""
    first, through = date(2026, 10, 1), date(2026, 10, 31)
    there = [a_label(40001, date(2026, 10, 30), shipment_cost=Decimal("31.80"), service_code="fedex_2day"),
             a_label(40002, date(2026, 10, 30)), a_label(40003, date(2026, 10, 30))]  # fmt: skip
    changed = [replace(there[0], voided=True), replace(there[1], shipment_cost=Decimal("11.05")), there[2]]
    facts = Facts(
        first,
        through,
        through,
        labels=summed(there),
        orders={date(2026, 10, 30): 3},
        units={(date(2026, 10, 30), "17612"): 7},
        stock={(day, "17612"): 1900 for day in days_between(first, through)},
        pallet_sizes={"17612": 48},
    )
    now = replace(
        facts,
        labels=summed(changed),
        orders={date(2026, 10, 30): 2},
        stock=dict(facts.stock) | {(date(2026, 10, 31), "17612"): 1930},
    )
    card = replace(CARD, rates=[one for one in CARD.rates if one.rate != "minimum"])
    billed, stands = lines(facts, card), lines(now, card)
    changes = Changes(
        labels=[
            LabelChange(before.shipment_id, before.order_number, _then(before), _then(after), date(2026, 11, 3))
            for before, after in zip(there, changed, strict=True)
            if before != after
        ],
        orders=[OrderChange("740003", date(2026, 10, 30), date(2026, 11, 2))],
        stock=[StockChange(date(2026, 10, 31), "17612", 1900, 1930)],
        entered=[Entered(8120, "receive", "17612", 30, date(2026, 10, 31), date(2026, 11, 4), None)],
    )
    return Restatement(
        first, "2026-10-v1", total(billed), total(stands), explained(differences(billed, stands), changes)
    )


def _then(one: Label) -> LabelThen:
    return LabelThen(one.day, one.carrier_code, one.service_code, one.warehouse_id, one.is_return_label, one.voided,
                     one.shipment_cost, one.insurance_cost)  # fmt: skip


def a_full_month(**others: Any) -> ChargeReport:
    """All that an invoice can have on it."""
    values: dict[str, Any] = {
        "version": 2,
        "replaces": 1,
        "stated": ("It replaces version 1, which said 13,480.11 USD.",),
        "warnings": ("2 labels cost nothing in ShipStation, such as that of order 700212.",),
        "reason": "Both were sent with a prepaid label of the carrier.",
        "restatements": (october(),),
        "unused": (
            UnusedLabel(50210, "750210", date(2026, 11, 11), Decimal("34.12"), 19, "Its order is cancelled."),
            UnusedLabel(50377, None, date(2026, 11, 18), Decimal("9.77"), 12, "It belongs to no order."),
        ),
    }
    return a_month(**(values | others))


def a_small_month(**others: Any) -> ChargeReport:
    """One label, one order, and nobody has said who bills whom."""
    day = date(2026, 11, 3)
    facts = Facts(
        FIRST, LAST, LAST, labels=summed([a_label(1, day)]), orders={day: 1}, units={(day, "17612"): 1},
        stock={(on, "17612"): 47 for on in days_between(FIRST, LAST)}, pallet_sizes={"17612": 48},
    )  # fmt: skip
    card = RateCard([one for one in CARD.rates if one.rate in ("order", "unit", "pallet_day")])
    stock = [StockOfMonth("17612", "Rinse, case", 48, 48, 0, 1, 0, 0, 0, 0, 47, 30)]
    values: dict[str, Any] = {"parties": NOBODY}
    return a_report(facts, [DayCounts(day, 1, 1, 1, 1, 0, 0)], stock, card, **(values | others))


def an_empty_month(**others: Any) -> ChargeReport:
    """Nothing at all."""
    return a_report(Facts(FIRST, LAST, LAST), card=RateCard([]), **others)


RUDE = (
    "=1+1 #strong[x] *b* _i_ $a$ `c` @ref <label> // no comment",
    '<b onclick="x">&amp;</b><script>alert(1)</script>',
    "-2+3",
    "@SUM(A1)",
)


def a_rude_month() -> ChargeReport:
    """Signs of Typst, HTML and formulas wherever people write."""
    made = a_full_month(
        parties=Parties(RUDE[0], f"{RUDE[1]}\n{RUDE[2]}", RUDE[1], f"{RUDE[3]}\n{RUDE[0]}", "USD", 0),
        stated=(RUDE[0], RUDE[1]),
        warnings=RUDE,
        reason=RUDE[0],
        reviewed_by=RUDE[1],
        unused=(UnusedLabel(1, RUDE[3], FIRST, Decimal("1.00"), 3, RUDE[1]),),
    )
    added = [Line("extra", FIRST, 1, Decimal("1.00"), extra_no=no, text=text) for no, text in enumerate(RUDE, start=10)]
    stock = [replace(one, name=RUDE[no % len(RUDE)], sku=f"={one.sku}") for no, one in enumerate(made.stock)]
    return replace(made, lines=(*made.lines, *added), stock=tuple(stock))
