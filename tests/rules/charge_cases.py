"""Builders of a month's facts and rates: a test states only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from shipsync.rules.charges import Facts, LabelsOfDay, Line, Rate, RateCard, RateName

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)  # a Friday and a Saturday
USUAL: Mapping[RateName, str] = {"order": "5.00", "unit": "1.00", "pallet_day": "0.50"}  # facts/domain.md 1.10


def a_card(since: date = date(2026, 1, 1), **rates: str) -> RateCard:
    """Rates that hold since long ago: the usual ones, and what is said besides or in their place."""
    return RateCard([Rate(name, Decimal(amount), since) for name, amount in {**USUAL, **rates}.items()])  # type: ignore[arg-type]


def then(card: RateCard, rate: RateName, amount: str, since: date) -> RateCard:
    """The same card with one more row."""
    return RateCard([*card.rates, Rate(rate, Decimal(amount), since)])


def some_labels(day: date = DAY, **others: Any) -> LabelsOfDay:
    """Two labels by one carrier for 18.20."""
    values: dict[str, Any] = {
        "day": day,
        "carrier_code": "fedex",
        "service_code": "fedex_ground",
        "warehouse_id": 1,
        "is_return": False,
        "labels": 2,
        "shipment_cost": "18.20",
        "insurance_cost": "0.00",
        "voided": 0,
        "voided_cost": "0.00",
    }
    values |= others
    for name in ("shipment_cost", "insurance_cost", "voided_cost"):
        values[name] = Decimal(values[name])
    return LabelsOfDay(**values)


def some_facts(through: date = LAST, **others: Any) -> Facts:
    """A whole month in which nothing happened but what is said."""
    return Facts(first=FIRST, through=through, month_end=LAST, **others)


def told(line: Line) -> str:
    """A line in one row of text: 'Fri 20 Nov order 10 x 5 = 50.00'."""
    by = "/".join(str(part) for part in (line.carrier_code, line.service_code, line.warehouse_id) if part is not None)
    parts = [
        line.charge,
        line.sku or "",
        by,
        str(line.quantity),
        f"x {plain(line.rate)}" if line.rate is not None else "",
    ]
    return f"{line.day.isoformat()} {' '.join(part for part in parts if part)} = {line.amount}"


def plain(amount: Decimal) -> str:
    """Without the noughts in the end."""
    return f"{amount.normalize():f}"
