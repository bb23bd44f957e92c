"""A day held against ShipStation's lists: both agree, there is a reason, or it is a difference with a name."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shipsync.rules.day_census import Compared, Here, awaiting, labels, marks
from shipsync.rules.shipstation import RemoteFulfillment, RemoteShipment
from tests.rules.builders import NOON, an_order

DAY = date(2026, 11, 20)
MINUTE = timedelta(minutes=1)


def here(**known: Any) -> Here:
    """What is here: nothing, but what a test says."""
    values: dict[str, Any] = {
        "awaiting": {},
        "others": {},
        "not_ours": set(),
        "held": set(),
        "labels": {},
        "held_labels": set(),
        "marks": {},
        "held_marks": set(),
    }
    return Here(**(values | known))


def a_label(shipment_id: int = 7, **others: Any) -> RemoteShipment:
    values: dict[str, Any] = {
        "shipment_id": shipment_id,
        "order_id": 5,
        "order_number": "100123",
        "order_key": None,
        "created_at": NOON,
        "ship_date": DAY,
        "shipment_cost": Decimal("9.10"),
        "insurance_cost": Decimal(0),
        "tracking_number": None,
        "is_return_label": False,
        "carrier_code": None,
        "service_code": None,
        "package_code": None,
        "warehouse_id": None,
        "store_id": None,
        "batch_number": None,
        "voided": False,
        "voided_at": None,
        "lines": None,
        "content_hash": "h",
    }
    return RemoteShipment(**(values | others))


def a_mark(fulfillment_id: int = 3, **others: Any) -> RemoteFulfillment:
    values: dict[str, Any] = {
        "fulfillment_id": fulfillment_id,
        "order_id": 5,
        "order_number": "100123",
        "created_at": NOON,
        "ship_date": DAY,
        "tracking_number": None,
        "carrier_name": None,
        "fulfillment_fee": Decimal(0),
        "voided": False,
        "voided_at": None,
        "content_hash": "h",
    }
    return RemoteFulfillment(**(values | others))


def figures(one: Compared) -> tuple[int, int, int, int]:
    return one.there, one.here, one.not_ours, one.held


# Orders that await shipment


def test_orders_that_await_shipment_on_both_sides_agree() -> None:
    listed = [an_order("1", order_id=1), an_order("2", order_id=2), an_order("1", order_id=1)]
    compared = awaiting(listed, here(awaiting={1: "1", 2: "2"}), NOON)
    assert (figures(compared), compared.differences) == ((2, 2, 0, 0), ())


def test_an_order_that_is_there_alone_is_a_difference() -> None:
    compared = awaiting([an_order("1", order_id=1)], here(), NOON)
    assert compared.differences == ("Order 1 awaits shipment at ShipStation and is not here.",)
    assert figures(compared) == (1, 0, 0, 0)


def test_an_order_that_is_here_alone_is_a_difference() -> None:
    compared = awaiting([], here(awaiting={1: "1"}), NOON)
    assert compared.differences == ("Order 1 awaits shipment here and not at ShipStation.",)
    assert figures(compared) == (0, 1, 0, 0)


def test_an_order_in_another_state_here_is_a_difference() -> None:
    compared = awaiting([an_order("1", order_id=1)], here(others={1: ("1", "on_hold")}), NOON)
    assert compared.differences == ("Order 1 awaits shipment at ShipStation and is on hold here.",)
    assert figures(compared) == (1, 0, 0, 0)


def test_what_changed_after_the_instant_is_none() -> None:
    late = an_order("1", order_id=1, modified_at=NOON + MINUTE)
    for known in (here(), here(others={1: ("1", "shipped")})):
        compared = awaiting([late], known, NOON)
        assert (figures(compared), compared.differences) == ((0, 0, 0, 0), ())
    # One that is in step all the same is counted on both sides.
    assert figures(awaiting([late], here(awaiting={1: "1"}), NOON)) == (1, 1, 0, 0)


def test_an_order_of_another_shop_is_none() -> None:
    compared = awaiting([an_order("1", order_id=1)], here(not_ours={1}), NOON)
    assert (figures(compared), compared.differences) == ((0, 0, 1, 0), ())


def test_an_order_that_is_held_for_a_person_is_none_on_either_side() -> None:
    compared = awaiting([an_order("1", order_id=1)], here(held={1, 2}, awaiting={2: "2"}), NOON)
    assert (figures(compared), compared.differences) == ((0, 1, 0, 2), ())


def test_a_place_that_always_fails_is_named_and_nothing_is_said_of_what_may_stand_there() -> None:
    compared = awaiting([an_order("1", order_id=1)], here(awaiting={1: "1", 2: "2"}), NOON, broken=1)
    assert compared.differences == (
        "ShipStation answers one place in its list of orders awaiting shipment with an error; what stands there is not "
        "compared.",
        "Order 2 awaits shipment here and not in what could be read of ShipStation's list.",
    )
    assert awaiting([], here(), NOON, broken=2).differences[0].startswith("ShipStation answers 2 places in its list")


# What was shipped


def test_labels_of_the_day_agree() -> None:
    listed = [a_label(1), a_label(2, voided=True, voided_at=NOON)]
    compared = labels(listed, here(labels={1: ("100123", False), 2: ("100123", True)}), DAY, NOON)
    assert (figures(compared), compared.differences) == ((1, 1, 0, 0), ())


def test_labels_of_other_days_return_labels_and_later_ones_are_none() -> None:
    listed = [
        a_label(1, ship_date=DAY - timedelta(days=1)),
        a_label(2, ship_date=None),
        a_label(3, is_return_label=True),
        a_label(4, created_at=NOON + MINUTE),
    ]
    assert labels(listed, here(), DAY, NOON) == Compared("labels", 0, 0, ())


def test_a_label_on_one_side_is_a_difference() -> None:
    assert labels([a_label(1)], here(), DAY, NOON).differences == (
        "The label 1 of order 100123 is at ShipStation and not here.",
    )
    assert labels([a_label(1, order_number=None)], here(), DAY, NOON).differences == (
        "The label 1 of no order is at ShipStation and not here.",
    )
    assert labels([], here(labels={1: ("100123", False)}), DAY, NOON).differences == (
        "The label 1 of order 100123 is here and not at ShipStation.",
    )


def test_a_label_that_is_void_on_one_side_is_a_difference() -> None:
    void, valid = a_label(1, voided=True, voided_at=NOON), a_label(1)
    assert labels([void], here(labels={1: ("100123", False)}), DAY, NOON).differences == (
        "The label 1 of order 100123 is voided at ShipStation and valid here.",
    )
    assert labels([valid], here(labels={1: ("100123", True)}), DAY, NOON).differences == (
        "The label 1 of order 100123 is valid at ShipStation and voided here.",
    )


def test_a_void_after_the_instant_is_none() -> None:
    later = a_label(1, voided=True, voided_at=NOON + MINUTE)
    compared = labels([later], here(labels={1: ("100123", False)}), DAY, NOON)
    assert (figures(compared), compared.differences) == ((1, 1, 0, 0), ())


def test_a_void_of_which_nobody_knows_the_instant_counts_from_the_beginning() -> None:
    compared = labels([a_label(1, voided=True)], here(labels={1: ("100123", True)}), DAY, NOON)
    assert figures(compared) == (0, 0, 0, 0)


def test_an_order_number_that_changed_is_none() -> None:
    assert labels([a_label(1, order_number="A")], here(labels={1: ("B", False)}), DAY, NOON).differences == ()


def test_a_label_that_is_held_for_a_person_is_none() -> None:
    known = here(held_labels={1, 2}, labels={2: ("100123", False)})
    compared = labels([a_label(1)], known, DAY, NOON)
    assert (figures(compared), compared.differences) == ((1, 1, 0, 2), ())


def test_a_place_that_always_fails_is_named_for_labels_too() -> None:
    assert labels([], here(labels={1: ("100123", False)}), DAY, NOON, broken=1).differences == (
        "ShipStation answers one place in its list of labels with an error; what stands there is not compared.",
        "The label 1 of order 100123 is here and not in what could be read of ShipStation's list.",
    )


def test_marks_as_shipped_are_compared_like_labels() -> None:
    later: datetime = NOON + MINUTE
    listed = [a_mark(1), a_mark(2), a_mark(3, created_at=later), a_mark(4, voided=True, voided_at=later)]
    known = here(marks={1: ("100123", False), 4: ("100123", False), 5: ("9", False)}, held_marks=set())
    compared = marks(listed, known, DAY, NOON)
    assert compared.differences == (
        "The mark as shipped 2 of order 100123 is at ShipStation and not here.",
        "The mark as shipped 5 of order 9 is here and not at ShipStation.",
    )
    assert figures(compared) == (3, 3, 0, 0)
