"""A month day by day: what cannot be told is no zero, and so is no sum of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shipsync.rules.charge_days import Charged, by_day, never_counted, summed
from shipsync.rules.charges import Facts, LabelsOfDay, Rate, RateCard, RateName, lines, total

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def card(**rates: str) -> RateCard:
    names: dict[str, RateName] = {"order": "order", "unit": "unit", "pallet_day": "pallet_day"}
    return RateCard([Rate(names[name], Decimal(amount), FIRST) for name, amount in rates.items()])


def facts(**others: object) -> Facts:
    values: dict[str, object] = {
        "first": FIRST,
        "through": SECOND,
        "month_end": date(2026, 11, 30),
        "labels": [
            LabelsOfDay(SECOND, "ups", "ups_ground", None, False, 3, Decimal("30.00"), Decimal(1), 1, Decimal(9))
        ],
        "orders": {SECOND: 10},
        "units": {(SECOND, "A"): 25},
        "stock": {(day, sku): units for day in (FIRST, SECOND) for sku, units in (("A", 101), ("B", 100))},
        "pallet_sizes": {"A": 50, "B": 50},
    }
    return Facts(**(values | others))  # type: ignore[arg-type]


def days(one: Facts, by: RateCard) -> list[Charged]:
    return list(by_day(one, by, lines(one, by)).values())


def test_every_day_adds_up_to_its_lines() -> None:
    by = card(order="5.00", unit="1.00", pallet_day="0.50")
    first, second = days(facts(), by)
    assert (first.total, first.storage, first.orders) == (Decimal("2.50"), Decimal("2.50"), 0)
    # The composed check of facts/domain.md 1.10, and labels of 31.00 of which 9.00 came back.
    assert (second.orders, second.units, second.storage) == (50, 25, Decimal("2.50"))
    assert (second.carrier, second.handling, second.fees) == (22, 75, Decimal("77.50"))
    assert summed([first, second]).total == total(lines(facts(), by)) == Decimal("102.00")


def test_what_has_no_rate_is_not_known_where_there_is_any_of_it() -> None:
    first, second = days(facts(stock={}, pallet_sizes={}), card(unit="1.00"))
    assert (first.orders, first.total) == (0, 0)  # no order left, whatever one costs
    assert (second.orders, second.units, second.fees, second.total) == (None, 25, None, None)
    assert (second.known, second.carrier) == (47, 22)
    assert (summed([first, second]).total, summed([first, second]).carrier) == (None, 22)


def test_storage_is_not_known_of_what_was_never_counted_or_stands_below_zero_or_has_no_pallet_size() -> None:
    by = card(order="5.00", unit="1.00", pallet_day="0.50")
    silent = facts(pallet_sizes={"A": 50, "B": 50, "C": None})
    assert never_counted(silent) == ["C"]
    below = facts(stock={(FIRST, "A"): 101, (SECOND, "A"): -1, (FIRST, "B"): 0, (SECOND, "B"): 0})
    unsized = facts(pallet_sizes={"A": None, "B": 50}, stock={(FIRST, "A"): 0, (SECOND, "A"): 1, (SECOND, "B"): 1})
    assert [[one.storage for one in days(some, by)] for some in (silent, below, unsized)] == [
        [None, None], [Decimal("1.50"), None], [0, None],
    ]  # fmt: skip
    free = card(order="5.00", unit="1.00", pallet_day="0")
    assert [one.storage for one in days(silent, free)] == [0, 0]
