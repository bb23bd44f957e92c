"""Why a billed month is another one now: each line that differs names what happened, and nothing that did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.rules.charges import Extra, LabelsOfDay, differences, lines
from shipsync.rules.restatement import (
    Changes,
    Entered,
    LabelChange,
    LabelThen,
    OrderChange,
    Restatement,
    StockChange,
    UnitChange,
    by_charge,
    explained,
)
from tests.rules.charge_cases import DAY, FIRST, LAST, NEXT, a_card, some_facts, then

D = Decimal
LATER = date(2026, 12, 3)  # a Thursday
CARD = a_card()


def a_label(**others: Any) -> LabelThen:
    """One that cost 9.10 and went out."""
    values: dict[str, Any] = {
        "day": DAY, "carrier_code": "fedex", "service_code": "fedex_ground", "warehouse_id": 1, "is_return": False,
        "voided": False, "shipment_cost": "9.10", "insurance_cost": "0.00",
    } | others  # fmt: skip
    for name in ("shipment_cost", "insurance_cost"):
        values[name] = D(values[name])
    return LabelThen(**values)


def summed(labels: list[LabelThen]) -> list[LabelsOfDay]:
    """As the store sums them."""
    found: dict[tuple[Any, ...], list[LabelThen]] = {}
    for one in labels:
        found.setdefault((one.day, one.carrier_code, one.service_code, one.warehouse_id, one.is_return), []).append(one)
    nothing = D("0.00")
    return [
        LabelsOfDay(
            *key,
            len(ones),
            sum((one.shipment_cost for one in ones), nothing),
            sum((one.insurance_cost for one in ones), nothing),
            sum(one.voided for one in ones),
            sum((one.shipment_cost + one.insurance_cost for one in ones if one.voided), nothing),
        )
        for key, ones in found.items()
    ]


def why(
    before: list[LabelThen], now: list[LabelThen], changes: list[LabelChange], card: Any = CARD, later: Any = None
) -> list[tuple[str, ...]]:
    """The charges that differ between two sets of labels, each with its amount and causes."""
    found = differences(
        lines(some_facts(labels=summed(before)), card), lines(some_facts(labels=summed(now)), later or card)
    )
    return [
        (one.difference.key.charge, str(one.amount), *one.causes) for one in explained(found, Changes(labels=changes))
    ]


def changed(
    before: LabelThen | None, now: LabelThen | None, number: int = 7, voided_on: date | None = None
) -> LabelChange:
    return LabelChange(number, "700015", before, now, voided_on)


# -- labels ----------------------------------------------------------------------------------------------------------


def test_a_late_void_says_when_it_was() -> None:
    now = replace(a_label(), voided=True)
    assert why([a_label()], [now], [changed(a_label(), now, voided_on=LATER)]) == [
        ("void", "-9.10", "Label 7 of order 700015 was voided on Thu 3 Dec 2026.")
    ]
    assert why([a_label()], [now], [changed(a_label(), now)])[0][2] == "Label 7 of order 700015 was voided."


def test_a_void_that_was_taken_back_is_charged_again() -> None:
    then_ = replace(a_label(), voided=True)
    assert why([then_], [a_label()], [changed(then_, a_label())]) == [
        ("void", "9.10", "Label 7 of order 700015 is no longer voided.")
    ]


def test_a_label_that_stays_voided_is_not_told_as_voided_anew() -> None:
    then_ = replace(a_label(), voided=True)
    now = replace(then_, shipment_cost=D("9.50"))
    sentence = "Label 7 of order 700015 costs 9.50 instead of 9.10."
    assert why([then_], [now], [changed(then_, now, voided_on=LATER)]) == [
        ("postage", "0.40", sentence),
        ("void", "-0.40", sentence),
    ]


def test_a_label_that_became_known_later_is_charged() -> None:
    assert why([], [a_label()], [LabelChange(7, None, None, a_label(), None)]) == [
        ("postage", "9.10", "Label 7 became known later.")
    ]
    moved_here = LabelChange(7, None, None, a_label(), None, was_known=True)
    assert why([], [a_label()], [moved_here])[0][2] == "Label 7 is dated Fri 20 Nov 2026 now, and was not before."
    voided = replace(a_label(), voided=True)
    assert why([], [voided], [changed(None, voided, voided_on=LATER)]) == [
        ("postage", "9.10", "Label 7 of order 700015 became known later, voided on Thu 3 Dec 2026."),
        ("void", "-9.10", "Label 7 of order 700015 became known later, voided on Thu 3 Dec 2026."),
    ]
    assert why([], [voided], [changed(None, voided)])[0][2] == "Label 7 of order 700015 became known later, voided."


def test_a_label_that_is_no_more_is_given_back() -> None:
    assert why([a_label()], [], [changed(a_label(), None)]) == [
        ("postage", "-9.10", "Label 7 of order 700015 is gone.")
    ]


def test_another_cost_names_both() -> None:
    now = replace(a_label(), shipment_cost=D("1009.40"), insurance_cost=D("1.00"))
    sentence = "Label 7 of order 700015 costs 1,010.40 instead of 9.10."
    assert why([a_label()], [now], [changed(a_label(), now)]) == [
        ("postage", "1000.30", sentence),
        ("insurance", "1.00", sentence),
    ]
    back = a_label(is_return=True)
    now = replace(back, shipment_cost=D("10.10"), insurance_cost=D("1.00"))
    assert why([back], [now], [changed(back, now)]) == [
        ("return", "2.00", "Label 7 of order 700015 costs 11.10 instead of 9.10.")
    ]


def test_another_date_moves_the_charge() -> None:
    now = replace(a_label(), day=NEXT)
    sentence = "Label 7 of order 700015 is dated Sat 21 Nov 2026 instead of Fri 20 Nov 2026."
    assert why([a_label()], [now], [changed(a_label(), now)]) == [
        ("postage", "-9.10", sentence),
        ("postage", "9.10", sentence),
    ]


@pytest.mark.parametrize(
    "other", [{"carrier_code": "ups"}, {"service_code": "2day"}, {"warehouse_id": 2}, {"is_return": True}]
)
def test_another_carrier_service_warehouse_or_kind_moves_the_charge(other: dict[str, Any]) -> None:
    now = replace(a_label(), **other)
    found = why([a_label()], [now], [changed(a_label(), now)])
    assert sorted(one[1] for one in found) == ["-9.10", "9.10"]
    assert {one[2] for one in found} == {"Label 7 of order 700015 is of another carrier, service, warehouse or kind."}


def test_all_that_happened_to_a_label_is_one_sentence() -> None:
    now = replace(a_label(), voided=True, shipment_cost=D("9.00"), day=NEXT, carrier_code="ups")
    assert why([a_label()], [now], [changed(a_label(), now, voided_on=LATER)])[0][2] == (
        "Label 7 of order 700015 was voided on Thu 3 Dec 2026 and costs 9.00 instead of 9.10 and is dated "
        "Sat 21 Nov 2026 instead of Fri 20 Nov 2026 and is of another carrier, service, warehouse or kind."
    )


def test_a_line_names_the_labels_that_moved_it_and_no_other_of_its_group() -> None:
    voided, dearer = replace(a_label(), voided=True), replace(a_label(), shipment_cost=D("9.50"))
    changes = [changed(a_label(), voided, 1), changed(a_label(), dearer, 2)]
    assert why([a_label(), a_label()], [voided, dearer], changes) == [
        ("postage", "0.40", "Label 2 of order 700015 costs 9.50 instead of 9.10."),
        ("void", "-9.10", "Label 1 of order 700015 was voided."),
    ]


def test_a_line_that_lost_the_one_label_and_won_another_names_both() -> None:
    away, dearer = replace(a_label(), day=NEXT), replace(a_label(), shipment_cost=D("18.20"))
    found = why([a_label(), a_label()], [away, dearer], [changed(a_label(), away, 1), changed(a_label(), dearer, 2)])
    assert found[0] == (
        "postage", "0.00", "Label 1 of order 700015 is dated Sat 21 Nov 2026 instead of Fri 20 Nov 2026.",
        "Label 2 of order 700015 costs 18.20 instead of 9.10.",
    )  # fmt: skip


def test_the_markup_follows_the_labels_of_its_own_day() -> None:
    elsewhere = a_label(day=NEXT)
    dearer, dearer_elsewhere = (replace(one, shipment_cost=D("19.10")) for one in (a_label(), elsewhere))
    changes = [changed(a_label(), dearer), changed(elsewhere, dearer_elsewhere, 8)]
    found = why([a_label(), elsewhere], [dearer, dearer_elsewhere], changes, a_card(markup="10"))
    assert [one for one in found if one[0] == "markup"] == [
        ("markup", "1.00", "Label 7 of order 700015 costs 19.10 instead of 9.10."),
        ("markup", "1.00", "Label 8 of order 700015 costs 19.10 instead of 9.10."),
    ]


def test_the_markup_names_its_rate_where_no_label_moved_it() -> None:
    card = a_card(markup="10")
    found = why([a_label()], [a_label()], [], card, then(card, "markup", "20", FIRST))
    assert found == [("markup", "0.91", "The rate is another one.")]


# -- fees ------------------------------------------------------------------------------------------------------------


def causes(before: Any, now: Any, card: Any = CARD, later: Any = None, **changes: Any) -> list[tuple[str, ...]]:
    found = differences(lines(some_facts(**before), card), lines(some_facts(**now), later or card))
    return [(one.difference.key.charge, str(one.amount), *one.causes) for one in explained(found, Changes(**changes))]


def test_orders_say_where_they_count_now() -> None:
    found = causes(
        {"orders": {DAY: 3, NEXT: 1}},
        {"orders": {DAY: 2, NEXT: 2, LAST: 1}},
        orders=[
            OrderChange("1", DAY, None),
            OrderChange("2", DAY, NEXT),
            OrderChange("3", None, LAST),
            OrderChange("4", date(2026, 10, 31), date(2026, 12, 1)),
        ],
    )
    moved = "Order 2 counts for Sat 21 Nov 2026 instead of Fri 20 Nov 2026."
    assert found == [
        ("order", "-5.00", "Order 1 is no longer shipped.", moved),
        ("order", "5.00", moved),
        ("order", "5.00", "Order 3 counts for Mon 30 Nov 2026 now, and did not before."),
    ]


def test_units_say_how_many_left_with_which_order() -> None:
    found = causes(
        {"units": {(DAY, "A"): 3, (DAY, "B"): 1}},
        {"units": {(DAY, "A"): 5, (DAY, "B"): 1}},
        units=[UnitChange("1", DAY, "A", 3, 5), UnitChange("2", DAY, "B", 1, 1), UnitChange("3", NEXT, "A", 1, 2)],
    )
    assert found == [("unit", "2.00", "5 instead of 3 units left with order 1.")]


def test_pallets_say_what_stood_and_which_entry_did_it() -> None:
    before = {"stock": {(DAY, "A"): 100}, "pallet_sizes": {"A": 50}}
    now = {"stock": {(DAY, "A"): 1_101}, "pallet_sizes": {"A": 50}}
    entered = [
        Entered(9, "receive", "A", 1_001, DAY, LATER, None),
        Entered(10, "adjust_down", "A", -1, FIRST, LATER, "700015"),
        Entered(11, "receive", "A", 5, NEXT, LATER, None),
        Entered(12, "receive", "B", 5, DAY, LATER, None),
    ]
    assert causes(before, now, stock=[StockChange(DAY, "A", 100, 1_101)], entered=entered) == [
        (
            "pallet_day", "10.50", "1,101 instead of 100 units stood at the end of the day.",
            "Entry 9 (receive +1,001 on Fri 20 Nov 2026) was entered on Thu 3 Dec 2026.",
            "Entry 10 (adjust down -1 on Sun 1 Nov 2026, order 700015) was entered on Thu 3 Dec 2026.",
        )
    ]  # fmt: skip


def test_stock_that_nobody_knew_is_called_so() -> None:
    now = {"stock": {(DAY, "A"): 10}, "pallet_sizes": {"A": 50}}
    entered = [Entered(9, "count", "A", 10, DAY, LATER, None)]
    assert causes({}, now, stock=[StockChange(DAY, "A", None, 10)], entered=entered)[0][2:] == (
        "It became known later that 10 units stood at the end of the day.",
        "Entry 9 (count +10 on Fri 20 Nov 2026) was entered on Thu 3 Dec 2026.",
    )
    assert causes(now, {}, stock=[StockChange(DAY, "A", 10, None)])[0][2:] == ("Stock of A is billed no more.",)


def test_receipts_name_their_entry() -> None:
    entered = [
        Entered(9, "receive", "A", 480, DAY, LATER, None),
        Entered(10, "adjust_up", "A", 4, DAY, LATER, None),
        Entered(11, "receive", "A", 480, NEXT, LATER, None),
    ]
    card = a_card(receipt="10")
    assert causes({}, {"receipts": {DAY: 1}}, card, entered=entered) == [
        ("receipt", "10.00", "Entry 9 (+480 of A) was entered on Thu 3 Dec 2026.")
    ]


def test_a_minimum_follows_the_fees_or_is_another_one() -> None:
    card = a_card(minimum="100")
    found = causes({"orders": {DAY: 1}}, {"orders": {DAY: 2}}, card)
    assert found[1] == ("minimum", "-5.00", "The fees that it tops up are others, or the minimum is.")
    assert causes({}, {}, card, then(card, "minimum", "120", FIRST)) == [
        ("minimum", "20.00", "The fees that it tops up are others, or the minimum is.")
    ]


def test_what_people_add_says_whether_it_was_added_or_taken_back() -> None:
    extra = {"extras": [Extra(1, DAY, "a project", D("120.00"))]}
    assert causes({}, extra) == [("extra", "120.00", "It was added after the month was billed.")]
    assert causes(extra, {}) == [("extra", "-120.00", "It was taken back after the month was billed.")]


@pytest.mark.parametrize(
    ("charge", "facts"),
    [
        ("order", {"orders": {DAY: 3}}),
        ("unit", {"units": {(DAY, "A"): 3}}),
        ("pallet_day", {"stock": {(DAY, "A"): 140}, "pallet_sizes": {"A": 50}}),
        ("receipt", {"receipts": {DAY: 3}}),
    ],
)
def test_a_rate_that_became_another_one_is_named_by_itself(charge: Any, facts: Any) -> None:
    card = a_card(receipt="1.00")
    dearer = then(card, charge, "7.35", FIRST)
    [found] = causes(facts, facts, card, dearer)
    assert found[0] == charge
    assert found[2:] == ("The rate is another one.",)


def test_a_rate_that_became_another_one_is_named_beside_another_quantity() -> None:
    orders = [OrderChange("3", None, DAY)]
    found = causes({"orders": {DAY: 2}}, {"orders": {DAY: 3}}, CARD, then(CARD, "order", "6", FIRST), orders=orders)
    came = "Order 3 counts for Fri 20 Nov 2026 now, and did not before."
    assert found == [("order", "8.00", came, "The rate is another one.")]


def test_a_rate_that_is_a_cent_higher_is_another_one() -> None:
    one = {"orders": {DAY: 1}}
    assert causes(one, one, CARD, then(CARD, "order", "5.01", FIRST)) == [("order", "0.01", "The rate is another one.")]


def test_rounding_is_no_other_rate() -> None:
    """3 at 0.335 is 1.01, 4 is 1.34: 0.3367 and 0.335 each."""
    card = a_card(order="0.335")
    found = causes({"orders": {DAY: 3}}, {"orders": {DAY: 4}}, card, orders=[OrderChange("1", None, DAY)])
    assert found == [("order", "0.33", "Order 1 counts for Fri 20 Nov 2026 now, and did not before.")]
    found = causes({"orders": {DAY: 1}}, {"orders": {DAY: 2}}, a_card(order="0.005"))
    assert found == [("order", "0.00")]


def test_of_many_events_the_first_five_are_named_and_the_rest_is_counted() -> None:
    def found(many: int) -> tuple[str, ...]:
        orders = [OrderChange(str(number), None, DAY) for number in range(many)]
        return causes({}, {"orders": {DAY: many}}, orders=[*orders, *orders])[0][2:]

    assert found(5) == tuple(
        f"Order {number} counts for Fri 20 Nov 2026 now, and did not before." for number in range(5)
    )
    assert found(6)[5:] == ("And 1 more event.",)
    assert found(1_007) == (*found(5), "And 1,002 more events.")


def test_a_restatement_adds_up_by_charge() -> None:
    found = differences(
        lines(some_facts(orders={DAY: 2}), CARD), lines(some_facts(orders={NEXT: 1}, units={(DAY, "A"): 3}), CARD)
    )
    told = Restatement(FIRST, "2026-11-v1", D("10.00"), D("8.00"), explained(found, Changes()))
    assert by_charge(told.lines) == {"order": D("-5.00"), "unit": D("3.00")}
    assert told.amount == D("-2.00") == sum((one.amount for one in told.lines), D(0))


# -- a law -----------------------------------------------------------------------------------------------------------

_states = st.none() | st.builds(
    a_label,
    day=st.sampled_from([DAY, NEXT]),
    carrier_code=st.sampled_from(["fedex", "ups"]),
    is_return=st.booleans(),
    voided=st.booleans(),
    shipment_cost=st.sampled_from(["0.00", "9.10", "12.00"]),
    insurance_cost=st.sampled_from(["0.00", "0.00", "1.20"]),
)


@settings(max_examples=100)
@given(st.lists(st.tuples(_states, _states), min_size=1, max_size=4))
def test_whatever_happens_to_labels_each_line_that_moves_has_a_cause_and_a_cause_moves_a_line(
    lives: list[tuple[LabelThen | None, LabelThen | None]],
) -> None:
    changes = [
        LabelChange(number, None, before, now, None) for number, (before, now) in enumerate(lives) if before != now
    ]
    before, now = [one for one, _ in lives if one], [one for _, one in lives if one]
    found = why(before, now, changes, a_card(markup="10"))
    assert all(len(one) > 2 for one in found)
    named = {cause.split()[1].rstrip(".") for one in found for cause in one[2:]}
    # Two changes may make nought of a line together; alone, every one is named.
    if len(changes) == 1:
        assert named == {str(changes[0].shipment_id)}
    assert named <= {str(one.shipment_id) for one in changes}
