"""What has left the house, told from the order and its parcels (DESIGN D11)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.shipped import Line, OrderState, Parcel, ParcelUnits, Picture, picture, uncovered
from tests.rules.builders import NOON

RINSE = Line(1, "17612 - 250237", 3)
PASTE = Line(2, "18795", 1)
DAY = date(2026, 11, 20)


def an_order(status: str = "shipped", lines: tuple[Line, ...] = (RINSE, PASTE), **others: Any) -> OrderState:
    values: dict[str, Any] = {"order_id": 500, "modified_at": NOON, "ship_date": DAY}
    return OrderState(status=status, lines=lines, **(values | others))


def a_parcel(lines: tuple[Line, ...] | None = (RINSE, PASTE), **others: Any) -> Parcel:
    values: dict[str, Any] = {
        "kind": "shipment",
        "parcel_id": 1,
        "created_at": NOON,
        "ship_date": DAY,
        "tracking_number": "T1",
        "carrier_code": "fedex",
        "service_code": "fedex_ground",
        "voided_at": None,
    }
    return Parcel(lines=lines, **(values | others))


def units(pic: Picture) -> dict[tuple[str, int], list[tuple[str | None, int]]]:
    return {
        (left.parcel.kind, left.parcel.parcel_id): [(line.sku, line.quantity) for line in left.lines]
        for left in pic.left
    }


def test_a_shipped_order_ships_what_its_parcel_holds() -> None:
    pic = picture(an_order(), [a_parcel()])
    assert pic.status == "shipped"
    assert units(pic) == {("shipment", 1): [("17612 - 250237", 3), ("18795", 1)]}
    assert pic.first is not None
    assert pic.first.tracking_number == "T1"


def test_two_parcels_on_two_days_are_kept_apart() -> None:
    first = a_parcel((Line(1, "17612 - 250237", 2),))
    second = a_parcel((Line(1, "17612 - 250300", 1), PASTE), parcel_id=2, ship_date=DAY + timedelta(days=1))
    pic = picture(an_order(), [second, first])
    assert units(pic) == {
        ("shipment", 1): [("17612 - 250237", 2)],
        ("shipment", 2): [("17612 - 250300", 1), ("18795", 1)],
    }
    assert [left.parcel.ship_date for left in pic.left] == [DAY, DAY + timedelta(days=1)]


def test_an_order_that_shows_no_parcel_yet_stands_in_for_it() -> None:
    pic = picture(an_order(), [])
    assert pic.status == "shipped"
    assert pic.parcel_count == 0
    assert units(pic) == {("order", 500): [("17612 - 250237", 3), ("18795", 1)]}


def test_a_fulfillment_takes_all_lines_of_the_order() -> None:
    pic = picture(an_order(), [a_parcel(None, kind="fulfillment", parcel_id=9)])
    assert units(pic) == {("fulfillment", 9): [("17612 - 250237", 3), ("18795", 1)]}


def test_a_label_without_items_takes_what_the_others_left_over() -> None:
    some = a_parcel((Line(1, "17612 - 250237", 2),))
    bare = a_parcel(None, parcel_id=2)
    assert units(picture(an_order(), [some, bare])) == {
        ("shipment", 1): [("17612 - 250237", 2)],
        ("shipment", 2): [("17612 - 250237", 1), ("18795", 1)],
    }


@pytest.mark.parametrize(
    "label_line",
    [
        Line(None, "17612 - 250237", 2),  # a label without item ids
        Line(77, "17612-250237", 2),  # an id the order no longer has, and the lot spelled otherwise
        Line(None, "17612 - 250300", 2),  # another lot than the order names
    ],
)
def test_what_a_label_holds_is_found_in_the_order_without_its_item_id(label_line: Line) -> None:
    bare = a_parcel(None, parcel_id=2)
    assert units(picture(an_order(), [a_parcel((label_line,)), bare])) == {
        ("shipment", 1): [(label_line.sku, 2)],
        ("shipment", 2): [("17612 - 250237", 1), ("18795", 1)],
    }


def test_a_void_after_the_orders_version_takes_it_back_to_awaiting() -> None:
    pic = picture(an_order(), [a_parcel(voided_at=NOON + timedelta(days=3))])
    assert (pic.status, pic.status_reason) == ("awaiting_shipment", "its label was voided")
    assert pic.left == ()


def test_a_void_before_the_orders_version_does_not_reopen_an_order_shipped_again() -> None:
    pic = picture(an_order(), [a_parcel(voided_at=NOON - timedelta(minutes=5))])
    assert pic.status == "shipped"
    assert units(pic) == {("order", 500): [("17612 - 250237", 3), ("18795", 1)]}


def test_a_void_and_a_new_label_leave_one_parcel() -> None:
    old = a_parcel(voided_at=NOON - timedelta(minutes=5))
    new = a_parcel(parcel_id=2, tracking_number="T2")
    pic = picture(an_order(), [old, new])
    assert list(units(pic)) == [("shipment", 2)]
    assert pic.first is not None
    assert pic.first.tracking_number == "T2"


def test_one_of_two_parcels_voided_leaves_the_other_and_reopens_the_order() -> None:
    voided = a_parcel((Line(1, "17612 - 250237", 2),), voided_at=NOON + timedelta(hours=1))
    stands = a_parcel((Line(1, "17612 - 250237", 1), PASTE), parcel_id=2)
    pic = picture(an_order(), [voided, stands])
    assert pic.status == "awaiting_shipment"
    assert list(units(pic)) == [("shipment", 2)]


def test_a_part_shipped_of_an_open_order_counts() -> None:
    pic = picture(an_order("awaiting_shipment"), [a_parcel((Line(1, "17612 - 250237", 1),))])
    assert pic.status == "awaiting_shipment"
    assert units(pic) == {("shipment", 1): [("17612 - 250237", 1)]}


ordered_lines = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(
    lambda units: tuple(Line(no, f"{17612 + no % 2} - 250{no:03d}", n) for no, n in enumerate(units))
)


@given(ordered_lines, st.data())
def test_a_shipped_order_ships_what_was_ordered_however_it_was_divided(
    ordered: tuple[Line, ...], data: st.DataObject
) -> None:
    labelled = tuple(
        Line(
            line.order_item_id if data.draw(st.booleans()) else None, line.sku, data.draw(st.integers(0, line.quantity))
        )
        for line in ordered
    )
    pic = picture(an_order(lines=ordered), [a_parcel(labelled), a_parcel(None, parcel_id=2)])
    left: dict[str | None, int] = {}
    for parcel in pic.left:
        for line in parcel.lines:
            left[line.sku] = left.get(line.sku, 0) + line.quantity
    assert {sku: n for sku, n in left.items() if n} == {line.sku: line.quantity for line in ordered}


lines = st.lists(
    st.builds(Line, st.sampled_from([None, 1, 2]), st.sampled_from(["17612", "18795", None]), st.integers(0, 5)),
    max_size=3,
).map(tuple)
parcels = st.lists(
    st.builds(
        a_parcel,
        st.none() | lines,
        parcel_id=st.integers(1, 50),
        voided_at=st.sampled_from([None, NOON - timedelta(hours=1), NOON, NOON + timedelta(hours=1)]),
        ship_date=st.sampled_from([DAY, DAY + timedelta(days=1)]),
    ),
    max_size=4,
    unique_by=lambda parcel: parcel.parcel_id,
)


@given(st.sampled_from(["shipped", "awaiting_shipment", "cancelled", "on_hold"]), lines, parcels)
def test_a_voided_parcel_never_counts_and_the_order_of_parcels_does_not_matter(
    status: str, ordered: tuple[Line, ...], given_parcels: list[Parcel]
) -> None:
    order = an_order(status, ordered)
    pic = picture(order, given_parcels)
    voided = {parcel.parcel_id for parcel in given_parcels if parcel.voided_at is not None}
    assert not {left.parcel.parcel_id for left in pic.left if left.parcel.kind == "shipment"} & voided
    assert picture(order, list(reversed(given_parcels))) == pic
    if status != "shipped":
        assert pic.status == status


def of(order_id: int | None, units: int | None, parcel_id: int = 1, *, stands: bool = True) -> ParcelUnits:
    return ParcelUnits("shipment", parcel_id, order_id, units, stands)


def test_an_order_is_covered_when_its_standing_parcels_hold_all_or_do_not_say() -> None:
    ordered = {500: 4}
    assert uncovered(ordered, []) == {500}
    assert uncovered(ordered, [of(500, 4)]) == set()
    assert uncovered(ordered, [of(500, None)]) == set()
    assert uncovered(ordered, [of(500, 3), of(500, 1, parcel_id=2)]) == set()
    assert uncovered(ordered, [of(500, 3)]) == {500}
    assert uncovered(ordered, [of(500, 4, stands=False)]) == {500}
    assert uncovered(ordered, [of(None, 4), of(501, 4)]) == {500}


def test_of_a_label_and_a_mark_of_one_instant_the_label_speaks_for_the_order() -> None:
    label = a_parcel((RINSE,), parcel_id=7)
    mark = a_parcel(None, kind="fulfillment", parcel_id=3, tracking_number=None)
    first = picture(an_order(), [mark, label]).first
    assert first is not None
    assert first.tracking_number == "T1"
