"""What a month costs: each kind of charge on its day, rounding, rates over time, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.rules.charges import (
    CARRIER_COST,
    CHARGES,
    EXTRA,
    SERVICE_FEES,
    Extra,
    Facts,
    LabelsOfDay,
    Line,
    Rate,
    RateCard,
    by_charge,
    days_between,
    differences,
    gaps,
    lines,
    pallets,
    to_cents,
    total,
)
from tests.rules.charge_cases import DAY, FIRST, LAST, NEXT, a_card, some_facts, some_labels, then, told

D = Decimal
ONE_DAY = timedelta(days=1)


def billed(facts: Facts, card: RateCard | None = None) -> list[str]:
    return [told(one) for one in lines(facts, card or a_card())]


# -- the fees of the warehouse ---------------------------------------------------------------------------------------


def test_the_composed_check_of_the_trade() -> None:
    """facts/domain.md 1.10: 10 orders, 25 units, 101 and 100 units at 50 a pallet make 77.50."""
    facts = some_facts(
        orders={DAY: 10},
        units={(DAY, "A"): 25},
        stock={(DAY, "A"): 101, (DAY, "B"): 100},
        pallet_sizes={"A": 50, "B": 50},
    )
    assert billed(facts) == [
        "2026-11-20 order 10 x 5 = 50.00",
        "2026-11-20 unit A 25 x 1 = 25.00",
        "2026-11-20 pallet_day A 3 x 0.5 = 1.50",
        "2026-11-20 pallet_day B 2 x 0.5 = 1.00",
    ]
    assert total(lines(facts, a_card())) == D("77.50")
    assert gaps(facts, a_card()) == []


@pytest.mark.parametrize(
    ("units", "size", "stand_on"),
    [(0, 50, 0), (1, 50, 1), (49, 50, 1), (50, 50, 1), (51, 50, 2), (7, 1, 7), (-3, 50, 0)],
)
def test_a_begun_pallet_is_one(units: int, size: int, stand_on: int) -> None:
    assert pallets(units, size) == stand_on


def test_storage_is_charged_on_weekends_and_days_on_which_nothing_else_happens() -> None:
    days = days_between(FIRST, LAST)
    facts = some_facts(stock={(day, "A"): 120 for day in days}, pallet_sizes={"A": 50})
    found = lines(facts, a_card())
    assert [one.day for one in found] == days
    assert {(one.charge, one.quantity, one.amount) for one in found} == {("pallet_day", 3, D("1.50"))}


def test_where_nothing_is_there_is_no_line() -> None:
    facts = some_facts(
        orders={DAY: 0}, units={(DAY, "A"): 0}, stock={(DAY, "A"): 0}, pallet_sizes={"A": None}, receipts={DAY: 0}
    )
    assert billed(facts, a_card(markup="10")) == []
    assert gaps(facts, a_card()) == []


def test_receipts_cost_something_where_the_card_says_so() -> None:
    facts = some_facts(receipts={DAY: 2})
    assert billed(facts) == []
    assert billed(facts, a_card(receipt="12.50")) == ["2026-11-20 receipt 2 x 12.5 = 25.00"]


def test_a_fee_of_nothing_is_shown_as_such() -> None:
    assert billed(some_facts(orders={DAY: 3}), a_card(order="0")) == ["2026-11-20 order 3 x 0 = 0.00"]


# -- rates over time -------------------------------------------------------------------------------------------------


def test_a_new_rate_holds_from_its_day_on() -> None:
    card = then(then(a_card(), "order", "6.00", NEXT), "order", "4.00", date(2025, 1, 1))
    facts = some_facts(orders={DAY: 2, NEXT: 2, LAST: 1})
    assert billed(facts, card) == [
        "2026-11-20 order 2 x 5 = 10.00",
        "2026-11-21 order 2 x 6 = 12.00",
        "2026-11-30 order 1 x 6 = 6.00",
    ]


def test_every_rate_changes_on_its_own_day() -> None:
    card = then(then(then(a_card(markup="10"), "unit", "2", NEXT), "pallet_day", "0.6", NEXT), "markup", "20", NEXT)
    facts = some_facts(
        labels=[some_labels(), some_labels(NEXT)],
        units={(DAY, "A"): 1, (NEXT, "A"): 1},
        stock={(DAY, "A"): 1, (NEXT, "A"): 1},
        pallet_sizes={"A": 50},
    )
    assert [one for one in billed(facts, card) if "postage" not in one] == [
        "2026-11-20 markup 2 x 10 = 1.82",
        "2026-11-21 markup 2 x 20 = 3.64",
        "2026-11-20 unit A 1 x 1 = 1.00",
        "2026-11-21 unit A 1 x 2 = 2.00",
        "2026-11-20 pallet_day A 1 x 0.5 = 0.50",
        "2026-11-21 pallet_day A 1 x 0.6 = 0.60",
    ]


def test_the_rows_of_the_card_that_a_month_used_are_told() -> None:
    card = then(then(then(a_card(), "order", "6", NEXT), "order", "7", LAST + ONE_DAY), "unit", "9", date(2025, 1, 1))
    assert [(one.rate, one.amount, one.effective_from) for one in card.used(FIRST, LAST)] == [
        ("order", D("5.00"), date(2026, 1, 1)),
        ("order", D("6"), NEXT),
        ("unit", D("1.00"), date(2026, 1, 1)),
        ("pallet_day", D("0.50"), date(2026, 1, 1)),
    ]
    assert [one.amount for one in card.used(FIRST, DAY) if one.rate == "order"] == [D("5.00")]


# -- the minimum -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orders", "topped_up"),
    [(1, "2026-11-30 minimum 1 x 100 = 95.00"), (19, "2026-11-30 minimum 1 x 100 = 5.00"), (20, None), (21, None)],
)
def test_fees_are_topped_up_to_the_minimum(orders: int, topped_up: str | None) -> None:
    found = billed(some_facts(orders={DAY: orders}), a_card(minimum="100"))
    assert found[1:] == ([topped_up] if topped_up else [])


def test_a_month_that_is_not_over_is_not_topped_up() -> None:
    facts = some_facts(through=LAST - ONE_DAY, orders={DAY: 1})
    assert billed(facts, a_card(minimum="100")) == ["2026-11-20 order 1 x 5 = 5.00"]


def test_an_empty_month_costs_the_minimum() -> None:
    assert billed(some_facts(), a_card(minimum="100")) == ["2026-11-30 minimum 1 x 100 = 100.00"]


def test_carrier_cost_and_what_people_add_do_not_count_for_the_minimum() -> None:
    facts = some_facts(labels=[some_labels()], extras=[Extra(1, DAY, "a project", D("500"))])
    assert "2026-11-30 minimum 1 x 100 = 100.00" in billed(facts, a_card(minimum="100"))


def test_the_minimum_is_the_one_of_the_last_day() -> None:
    card = then(a_card(minimum="100"), "minimum", "120", LAST)
    assert billed(some_facts(), card) == ["2026-11-30 minimum 1 x 120 = 120.00"]
    assert billed(some_facts(), then(a_card(minimum="100"), "minimum", "120", LAST + ONE_DAY)) == [
        "2026-11-30 minimum 1 x 100 = 100.00"
    ]


# -- carrier cost ----------------------------------------------------------------------------------------------------


def test_labels_are_passed_on_by_day_carrier_service_and_warehouse() -> None:
    facts = some_facts(
        labels=[
            some_labels(),
            some_labels(service_code="fedex_2day", labels=1, shipment_cost="22.00"),
            some_labels(warehouse_id=2, labels=1, shipment_cost="7.00"),
            some_labels(carrier_code="ups", service_code="ups_ground", labels=1, shipment_cost="8.00"),
            some_labels(NEXT, labels=1, shipment_cost="9.10"),
        ]
    )
    assert billed(facts) == [
        "2026-11-20 postage fedex/fedex_2day/1 1 = 22.00",
        "2026-11-20 postage fedex/fedex_ground/1 2 = 18.20",
        "2026-11-20 postage fedex/fedex_ground/2 1 = 7.00",
        "2026-11-20 postage ups/ups_ground/1 1 = 8.00",
        "2026-11-21 postage fedex/fedex_ground/1 1 = 9.10",
    ]


def test_insurance_has_a_line_of_its_own_where_there_is_any() -> None:
    facts = some_facts(labels=[some_labels(insurance_cost="1.35")])
    assert billed(facts) == [
        "2026-11-20 postage fedex/fedex_ground/1 2 = 18.20",
        "2026-11-20 insurance fedex/fedex_ground/1 2 = 1.35",
    ]


def test_a_void_takes_back_what_its_own_day_was_charged() -> None:
    facts = some_facts(labels=[some_labels(insurance_cost="2.00", voided=1, voided_cost="10.10")])
    assert billed(facts) == [
        "2026-11-20 postage fedex/fedex_ground/1 2 = 18.20",
        "2026-11-20 insurance fedex/fedex_ground/1 2 = 2.00",
        "2026-11-20 void fedex/fedex_ground/1 1 = -10.10",
    ]
    assert total(lines(facts, a_card())) == D("10.10")


def test_a_label_without_cost_is_a_line_of_nothing_and_so_is_its_void() -> None:
    facts = some_facts(labels=[some_labels(shipment_cost="0.00", voided=1)])
    assert billed(facts) == [
        "2026-11-20 postage fedex/fedex_ground/1 2 = 0.00",
        "2026-11-20 void fedex/fedex_ground/1 1 = 0.00",
    ]


def test_returns_stand_apart_with_their_insurance_and_all_voids_of_a_day_are_one_line() -> None:
    facts = some_facts(
        labels=[
            some_labels(voided=1, voided_cost="9.10"),
            some_labels(is_return=True, shipment_cost="11.00", insurance_cost="0.50", voided=1, voided_cost="5.75"),
        ]
    )
    assert billed(facts) == [
        "2026-11-20 postage fedex/fedex_ground/1 2 = 18.20",
        "2026-11-20 return fedex/fedex_ground/1 2 = 11.50",
        "2026-11-20 void fedex/fedex_ground/1 2 = -14.85",
    ]


def test_the_markup_is_on_what_labels_cost_in_the_end() -> None:
    """Postage 18.20, insurance 1.80, a return 10.00, one label of 9.10 voided: 10 % of 20.90, of two labels."""
    facts = some_facts(
        labels=[
            some_labels(insurance_cost="1.80", voided=1, voided_cost="9.10"),
            some_labels(is_return=True, labels=1, shipment_cost="10.00"),
            some_labels(NEXT, carrier_code="ups", labels=1, shipment_cost="3.00"),
        ]
    )
    assert [one for one in billed(facts, a_card(markup="10")) if "markup" in one] == [
        "2026-11-20 markup 2 x 10 = 2.09",
        "2026-11-21 markup 1 x 10 = 0.30",
    ]
    assert not [one for one in billed(facts, a_card(markup="0")) if "markup" in one]
    assert not [one for one in billed(facts) if "markup" in one]


def test_nothing_is_raised_where_every_label_was_voided() -> None:
    facts = some_facts(labels=[some_labels(voided=2, voided_cost="18.20")])
    assert not [one for one in billed(facts, a_card(markup="10")) if "markup" in one]
    # Nor where what stands was free.
    facts = some_facts(labels=[some_labels(voided=1, voided_cost="18.20")])
    assert not [one for one in billed(facts, a_card(markup="10")) if "markup" in one]


# -- what people add -------------------------------------------------------------------------------------------------


def test_what_people_add_stands_with_its_reason() -> None:
    facts = some_facts(extras=[Extra(7, DAY, "Relabelling", D("120.00")), Extra(8, DAY, "Goodwill", D("-20.00"))])
    found = lines(facts, a_card())
    assert [(one.extra_no, one.text, one.quantity, one.amount) for one in found] == [
        (7, "Relabelling", 1, D("120.00")),
        (8, "Goodwill", 1, D("-20.00")),
    ]
    assert total(found) == D("100.00")


# -- rounding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.005", "0.01"),
        ("0.0049", "0.00"),
        ("1.115", "1.12"),
        ("1.125", "1.13"),
        ("-0.005", "-0.01"),
        ("-0.004", "0.00"),
    ],
)
def test_amounts_are_rounded_half_up(amount: str, shown: str) -> None:
    assert str(to_cents(D(amount))) == shown


def test_a_line_is_rounded_once_and_the_total_is_the_sum_of_what_is_shown() -> None:
    """Three days of 3 units at 0.335: 1.005 each is 1.01 a day and 3.03 in all, not 3.02."""
    facts = some_facts(units={(DAY + number * ONE_DAY, "A"): 3 for number in range(3)})
    found = lines(facts, a_card(unit="0.335"))
    assert [str(one.amount) for one in found] == ["1.01", "1.01", "1.01"]
    assert total(found) == D("3.03")


# -- what cannot be told ---------------------------------------------------------------------------------------------


def test_a_rate_that_nobody_has_loaded_is_named() -> None:
    card = RateCard([one for one in a_card().rates if one.rate != "unit"])
    assert gaps(some_facts(), card) == [
        "The rate card has no rate 'unit' for any of these days. Load it; 0 where it is not taken."
    ]
    card = then(card, "unit", "1", LAST + ONE_DAY)
    assert gaps(some_facts(), card) == [
        "The rate card has no rate 'unit' for any of these days. Load it; 0 where it is not taken."
    ]


@pytest.mark.parametrize("since", [FIRST + ONE_DAY, LAST])
def test_a_rate_that_begins_within_the_month_is_named(since: date) -> None:
    card = then(RateCard([one for one in a_card().rates if one.rate != "order"]), "order", "5", since)
    [gap] = gaps(some_facts(), card)
    assert gap == (
        f"The rate 'order' holds only from {since:%a} {since.day} Nov 2026 on, and the month begins on Sun 1 Nov 2026. "
        "Load what held before."
    )
    assert gaps(some_facts(), then(card, "order", "6", LAST + ONE_DAY)) == [gap]
    assert gaps(some_facts(), then(card, "order", "4", FIRST)) == []


def test_receipts_minimum_and_markup_need_no_rate() -> None:
    facts = some_facts(receipts={DAY: 1}, labels=[some_labels()])
    assert gaps(facts, a_card()) == []


def test_a_product_without_units_per_pallet_is_named_once() -> None:
    stock = {(DAY, "A"): 5, (NEXT, "A"): 5, (LAST, "A"): 0, (DAY, "B"): 0}
    facts = some_facts(stock=stock, pallet_sizes={"A": None, "B": None})
    assert gaps(facts, a_card()) == [
        "A has no units per pallet, so its pallets cannot be billed. Set them under Imports."
    ]
    assert billed(facts) == []


def test_stock_below_nothing_is_named_with_its_first_day() -> None:
    facts = some_facts(
        stock={(DAY, "A"): 5, (NEXT, "A"): -3, (LAST, "A"): -1_204, (NEXT, "B"): -1}, pallet_sizes={"A": 50, "B": 50}
    )
    assert gaps(facts, a_card()) == [
        "Stock of A stands at -3 at the end of Sat 21 Nov 2026 and on 1 more day. Count it, or enter the receipt that "
        "is missing.",
        "Stock of B stands at -1 at the end of Sat 21 Nov 2026. Count it, or enter the receipt that is missing.",
    ]


def test_where_storage_costs_nothing_nobody_has_to_know_the_pallets() -> None:
    facts = some_facts(stock={(DAY, "A"): 5, (NEXT, "A"): -3}, pallet_sizes={"A": None})
    assert gaps(facts, a_card(pallet_day="0")) == []
    # On the first day only.
    card = then(a_card(pallet_day="0"), "pallet_day", "0.50", NEXT)
    assert [one.split(" ")[0] for one in gaps(facts, card)] == ["A", "Stock"]
    assert gaps(some_facts(stock={(DAY, "A"): -5, (NEXT, "A"): 0}, pallet_sizes={"A": None}), card) == []


# -- differences -----------------------------------------------------------------------------------------------------


def a_line(charge: Any = "order", quantity: int = 1, amount: str = "5.00", day: date = DAY, **others: Any) -> Line:
    return Line(charge, day, quantity, D(amount), **others)


def test_what_is_the_same_differs_in_nothing() -> None:
    some = [a_line(), a_line("postage", 2, "18.20", carrier_code="fedex")]
    assert differences(some, some) == differences([], []) == []
    assert differences(some, some[::-1]) == []


def test_a_line_that_is_in_one_of_both_only_is_nothing_in_the_other() -> None:
    [gone, came] = differences([a_line()], [a_line("unit", 3, "3.00", sku="A")])
    assert (gone.key.charge, gone.billed_quantity, gone.billed, gone.now_quantity, gone.now) == (
        "order", 1, D("5.00"), 0, D("0.00"),
    )  # fmt: skip
    assert (gone.amount, came.amount) == (D("-5.00"), D("3.00"))


def test_another_quantity_for_the_same_amount_is_a_difference() -> None:
    [one] = differences([a_line("unit", 1, "0.00")], [a_line("unit", 2, "0.00")])
    assert (one.billed_quantity, one.now_quantity, one.amount) == (1, 2, D("0.00"))


def test_lines_meet_by_all_that_makes_them_one() -> None:
    """Two carriers, services, warehouses, SKUs, extras or days are two lines."""
    one = {"carrier_code": "fedex", "service_code": "ground", "warehouse_id": 1, "sku": "A", "extra_no": 1}
    others = {"carrier_code": "ups", "service_code": "2day", "warehouse_id": 2, "sku": "B", "extra_no": 2}
    for name, value in others.items():
        assert len(differences([a_line(**one)], [a_line(**(one | {name: value}))])) == 2  # type: ignore[arg-type]
    assert len(differences([a_line(day=DAY)], [a_line(day=NEXT)])) == 2
    assert len(differences([a_line(rate=D(5))], [a_line(rate=D(6), text="other")])) == 0


# -- laws ------------------------------------------------------------------------------------------------------------

_money = st.integers(0, 4_000).map(lambda cents: D(cents) / 100)
_days = st.sampled_from([FIRST, DAY, NEXT, LAST])
_skus = st.sampled_from(["A", "B"])


@st.composite
def _labels(draw: st.DrawFn) -> LabelsOfDay:
    labels = draw(st.integers(1, 4))
    postage, insurance = draw(_money), draw(_money)
    voided = draw(st.integers(0, labels))
    share = postage + insurance if voided == labels else ((postage + insurance) / 2).quantize(D("0.01"))
    return LabelsOfDay(
        draw(_days), draw(st.sampled_from([None, "", "fedex", "ups"])), draw(st.sampled_from([None, "ground"])),
        draw(st.sampled_from([None, 1, 2])), draw(st.booleans()), labels, postage, insurance, voided,
        share if voided else D(0),
    )  # fmt: skip


@st.composite
def facts_of_months(draw: st.DrawFn) -> Facts:
    labels = {
        (one.day, one.carrier_code, one.service_code, one.warehouse_id, one.is_return): one
        for one in draw(st.lists(_labels(), max_size=6))
    }
    places = st.tuples(_days, _skus)
    return some_facts(
        through=draw(st.sampled_from([DAY, LAST])),
        labels=list(labels.values()),
        orders=draw(st.dictionaries(_days, st.integers(0, 9), max_size=3)),
        units=draw(st.dictionaries(places, st.integers(0, 30), max_size=4)),
        stock=draw(st.dictionaries(places, st.integers(-5, 130), max_size=6)),
        pallet_sizes={"A": draw(st.sampled_from([None, 1, 50])), "B": 48},
        receipts=draw(st.dictionaries(_days, st.integers(0, 2), max_size=2)),
        extras=[Extra(no, DAY, "why", amount - 20) for no, amount in enumerate(draw(st.lists(_money, max_size=2)))],
    )


@st.composite
def rate_cards(draw: st.DrawFn) -> RateCard:
    amounts = st.integers(0, 60_000).map(lambda parts: D(parts) / 10_000)
    names = st.sampled_from(["order", "unit", "pallet_day", "receipt", "minimum", "markup"])
    since = st.sampled_from([date(2026, 1, 1), FIRST, DAY, NEXT, LAST])
    rows = draw(st.dictionaries(st.tuples(names, since), amounts, max_size=8))
    return RateCard([Rate(name, amount, day) for (name, day), amount in rows.items()])  # type: ignore[arg-type]


@settings(max_examples=80)
@given(facts_of_months(), rate_cards())
def test_the_total_is_shipments_less_voids_and_fees_and_what_was_added(facts: Facts, card: RateCard) -> None:
    found = lines(facts, card)
    labels = sum((one.shipment_cost + one.insurance_cost for one in facts.labels), D(0))
    voids = sum((one.voided_cost for one in facts.labels), D(0))
    of = {charge: total(one for one in found if one.charge == charge) for charge in CHARGES}
    assert of["postage"] + of["insurance"] + of["return"] == labels
    assert of["void"] == -voids
    assert of["extra"] == sum((one.amount for one in facts.extras), D(0))
    fees = total(one for one in found if one.charge in SERVICE_FEES)
    assert total(found) == labels - voids + of["markup"] + fees + of["extra"]
    assert sum(by_charge(found).values(), D(0)) == total(found)
    assert list(by_charge(found)) == [charge for charge in CHARGES if any(one.charge == charge for one in found)]
    assert all(one.amount == to_cents(one.amount) for one in found)
    assert {*CARRIER_COST, *SERVICE_FEES, EXTRA} == set(CHARGES)


@settings(max_examples=50)
@given(facts_of_months(), rate_cards(), st.randoms(use_true_random=False))
def test_each_line_is_there_once_and_in_the_same_place_however_the_facts_come(
    facts: Facts, card: RateCard, rng: Any
) -> None:
    found = lines(facts, card)
    assert len({one.key for one in found}) == len(found)
    shuffled = some_facts(
        through=facts.through,
        labels=rng.sample(list(facts.labels), len(facts.labels)),
        orders=dict(reversed(facts.orders.items())),
        units=dict(reversed(facts.units.items())),
        stock=dict(reversed(facts.stock.items())),
        pallet_sizes=facts.pallet_sizes,
        receipts=dict(reversed(facts.receipts.items())),
        extras=facts.extras,
    )
    assert lines(shuffled, RateCard(rng.sample(list(card.rates), len(card.rates)))) == found


@settings(max_examples=50)
@given(facts_of_months(), rate_cards(), facts_of_months(), rate_cards())
def test_differences_add_up_and_applied_to_the_one_give_the_other(
    facts: Facts, card: RateCard, later: Facts, other: RateCard
) -> None:
    before, after = lines(facts, card), lines(later, other)
    found = differences(before, after)
    assert sum((one.amount for one in found), D(0)) == total(after) - total(before)
    assert differences(before, before) == []
    applied = {one.key: (one.quantity, one.amount) for one in before}
    for one in found:
        assert applied.get(one.key, (0, D(0))) == (one.billed_quantity, one.billed)
        applied[one.key] = (one.now_quantity, one.now)
    stands = {one.key: (one.quantity, one.amount) for one in after}
    assert {key: what for key, what in applied.items() if what != (0, 0)} == {
        key: what for key, what in stands.items() if what != (0, 0)
    }
    assert [one.key.day for one in found] == sorted(one.key.day for one in found)


@settings(max_examples=40)
@given(facts_of_months(), rate_cards())
def test_two_parts_of_a_month_make_the_whole(facts: Facts, card: RateCard) -> None:
    parts = facts.within(FIRST, DAY, LAST), facts.within(NEXT, LAST, LAST)
    found = [one for part in parts for one in lines(part, card) if one.charge != "minimum"]
    whole = [one for one in lines(replace(facts, through=LAST), card) if one.charge != "minimum"]
    assert sorted(found, key=whole.index) == whole


@settings(max_examples=40)
@given(facts_of_months(), rate_cards(), rate_cards())
def test_a_day_is_priced_by_its_own_rates_alone(facts: Facts, card: RateCard, later: RateCard) -> None:
    """What begins to hold later changes no day before, but for the minimum, which is the month's."""
    since = RateCard([*card.rates, *(one for one in later.rates if one.effective_from > DAY
                                     and (one.rate, one.effective_from) not in {(o.rate, o.effective_from)
                                                                                for o in card.rates})])  # fmt: skip
    upto = [one for one in lines(facts, card) if one.day <= DAY and one.charge != "minimum"]
    assert [one for one in lines(facts, since) if one.day <= DAY and one.charge != "minimum"] == upto
