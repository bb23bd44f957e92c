"""What has left the house, as labels come, go and come again: the sync against the embedded ShipStation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shipsync.sandbox.switches import Switches
from shipsync.simulation import differences
from shipsync.store import ledger
from tests.house import NOON, House, a_house

DAY = date(2026, 9, 16)
RINSE, PASTE = "17612 - 250237", "18795"


@pytest.fixture
def silent_voids(tmp_path: Path) -> Iterator[House]:
    """A house whose ShipStation does not move modifyDate when a label is voided (API.md section 10, number 6)."""
    with a_house(tmp_path, switches=Switches(void_moves_modify=False)) as house:
        yield house


def wrong(house: House) -> list[str]:
    return differences(house.world.truth(), house.app.db.read())


def units(house: House) -> list[tuple[object, ...]]:
    """(SKU text, units) of all that has left."""
    return house.rows("SELECT sku_lot, sum(quantity)::INTEGER FROM shipped_items GROUP BY sku_lot ORDER BY sku_lot")


def synced(house: House, after: float = 5) -> None:
    house.wait(after)
    house.sync()


def test_a_void_takes_items_and_status_back(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    label = house.world.buy_label(order.order_id)
    house.sync()
    assert units(house) == [(RINSE, 3)]
    house.wait()
    house.world.void(label.shipment_id)
    house.sync()
    assert house.order("100521")["status"] == "awaiting_shipment"
    assert house.order("100521")["tracking_number"] is None
    assert units(house) == []
    assert house.rows("SELECT * FROM shipped_orders") == []
    assert house.rows("SELECT voided, voided_at FROM shipments") == [(True, NOON + timedelta(minutes=5))]
    assert wrong(house) == []


@pytest.mark.parametrize("days", [0, 3])
def test_a_void_that_touches_no_order_is_found_within_hours(silent_voids: House, days: int) -> None:
    house = silent_voids
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    label = house.world.buy_label(order.order_id)
    house.sync()
    synced(house, 5 + days * 24 * 60)
    house.world.void(label.shipment_id)
    for _ in range(13):
        synced(house, 20)
    assert house.order("100521")["status"] == "awaiting_shipment"
    assert units(house) == []


def test_a_void_that_touches_no_order_is_found_on_a_busy_day(silent_voids: House) -> None:
    """Labels are bought all the time, so no hour is idle; the voids are asked for all the same."""
    house = silent_voids
    label = house.world.buy_label(house.world.place_manual_order("100521", ((RINSE, 3),)).order_id)
    house.sync()
    house.wait()
    house.world.void(label.shipment_id)
    for _ in range(13):
        house.world.buy_label(house.world.place_manual_order(items=((PASTE, 1),)).order_id)
        synced(house, 15)
    assert house.order("100521")["status"] == "awaiting_shipment"
    assert wrong(house) == []


def test_a_corrected_cost_that_moves_no_date_is_found_within_a_day_and_a_half(house: House) -> None:
    label = house.world.buy_label(house.world.place_manual_order("100521", ((RINSE, 3),)).order_id)
    house.sync()
    synced(house, 3 * 24 * 60)
    corrected = label.cost + Decimal("3.20")
    house.world.books.correct_cost(label.shipment_id, corrected)
    for _ in range(36):
        synced(house, 60)
    assert house.rows("SELECT shipment_cost FROM shipments") == [(corrected,)]


@pytest.mark.parametrize("synced_between", [True, False])
@pytest.mark.parametrize("silent", [True, False])
def test_a_label_voided_and_bought_again_counts_once(tmp_path: Path, silent: bool, synced_between: bool) -> None:
    with a_house(tmp_path, switches=Switches(void_moves_modify=not silent)) as house:
        order = house.world.place_manual_order("100521", ((RINSE, 3),))
        first = house.world.buy_label(order.order_id)
        house.sync()
        house.wait(30)
        house.world.void(first.shipment_id)
        if synced_between:
            house.sync()
        house.wait(1)
        second = house.world.buy_label(order.order_id, carrier="ups", service="ups_ground")
        synced(house)
        assert units(house) == [(RINSE, 3)]
        after = house.order("100521")
        assert (after["status"], after["tracking_number"]) == ("shipped", second.tracking)
        assert (after["shipping_carrier_code"], after["shipping_service_name"]) == ("ups", "UPS® Ground")
        assert wrong(house) == []


def test_a_part_shipped_days_ago_and_voided_now_comes_back_at_once(house: House) -> None:
    """The order is open all the time and its content does not change: that it had a parcel makes us ask for voids."""
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    part = house.world.buy_label(order.order_id, ((RINSE, 2),))
    house.sync()
    assert units(house) == [(RINSE, 2)]
    assert house.order("100521")["status"] == "awaiting_shipment"
    house.wait(3 * 24 * 60)
    house.sync()
    house.wait(5)
    house.world.void(part.shipment_id)
    house.sync()
    assert units(house) == []
    assert wrong(house) == []


def test_an_order_first_seen_when_a_part_of_it_has_left_counts_the_part(house: House) -> None:
    house.sync()
    house.wait()
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id, ((RINSE, 1),))
    house.sync()
    assert units(house) == [(RINSE, 1)]
    assert wrong(house) == []


def test_two_parcels_on_two_days_keep_their_days(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    first = house.world.buy_label(order.order_id, ((RINSE, 2),))
    synced(house)
    house.wait(24 * 60)
    second = house.world.buy_label(order.order_id, carrier="ups", service="ups_ground")
    house.sync()
    assert house.left("100521") == [
        (DAY, RINSE, "17612", "250237", 2, first.tracking),
        (DAY + timedelta(days=1), RINSE, "17612", "250237", 1, second.tracking),
        (DAY + timedelta(days=1), PASTE, "18795", None, 1, second.tracking),
    ]
    assert house.rows("SELECT ship_date, last_ship_date, parcel_count, carrier_code FROM shipped_orders") == [
        (DAY, DAY + timedelta(days=1), 2, "fedex")
    ]
    assert wrong(house) == []


def test_the_first_parcel_speaks_for_the_order_to_the_field(house: House) -> None:
    """The order itself names the carrier of its last label; carrier, id, service and name are the first parcel's."""
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    first = house.world.buy_label(order.order_id, ((RINSE, 1),), carrier="ups", service="ups_ground")
    house.sync()
    house.wait(24 * 60)
    house.world.buy_label(order.order_id, carrier="stamps_com", service="usps_priority_mail")
    for minutes in (0, 5):
        synced(house, minutes)
        after = house.order("100521")
        assert (after["tracking_number"], after["shipping_carrier_code"], after["shipping_carrier_id"]) == (
            first.tracking,
            "ups",
            150765,
        )
        assert (after["shipping_service_code"], after["shipping_service_name"]) == ("ups_ground", "UPS® Ground")


def test_marked_as_shipped_has_items_but_no_label(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.sync()
    house.wait()
    house.world.mark_shipped(order.order_id, tracking="T-1")
    house.sync()
    assert house.order("100521")["tracking_number"] == "T-1"
    assert house.rows("SELECT parcel_kind, shipment_id, quantity FROM shipped_items") == [("fulfillment", None, 3)]
    assert wrong(house) == []


def test_a_part_labelled_and_the_rest_marked_as_shipped_is_whole_at_once(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    house.world.buy_label(order.order_id, ((RINSE, 2),))
    synced(house)
    house.wait()
    house.world.mark_shipped(order.order_id)
    house.sync()
    assert units(house) == [(RINSE, 3), (PASTE, 1)]
    kinds = house.rows("SELECT parcel_kind, sum(quantity)::INTEGER FROM shipped_items GROUP BY 1 ORDER BY 1")
    assert kinds == [("fulfillment", 2), ("shipment", 2)]
    assert wrong(house) == []


def test_a_second_label_without_items_counts_nothing_and_a_first_one_voided_reopens(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    first = house.world.buy_label(order.order_id)
    second = house.world.buy_label(order.order_id)
    assert second.lines is None
    house.sync()
    assert units(house) == [(RINSE, 3)]
    assert house.rows("SELECT parcel_count FROM shipped_orders") == [(2,)]
    house.wait()
    house.world.void(first.shipment_id)
    house.sync()
    assert house.order("100521")["status"] == "awaiting_shipment"
    assert units(house) == []
    assert wrong(house) == []


def test_a_return_label_ships_nothing(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id, is_return=True, cost=Decimal("8.00"))
    house.sync()
    assert units(house) == []
    house.wait()
    house.world.buy_label(order.order_id)
    house.sync()
    assert units(house) == [(RINSE, 3)]
    assert wrong(house) == []


def test_a_label_may_name_another_lot_than_the_order(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id, (("17612 - 250300", 3),))
    house.sync()
    assert units(house) == [("17612 - 250300", 3)]
    assert wrong(house) == []


def test_an_order_that_shows_before_its_label_stands_in_and_gives_way(house: House) -> None:
    house.sync()
    house.wait()
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    label = house.world.buy_label(order.order_id)
    # For six minutes the label is in no list, while the order is.
    hidden = house.world.books.shipments_by_created
    house.world.books.shipments_by_created = type(hidden)()
    house.sync()
    assert house.rows("SELECT parcel_kind, quantity FROM shipped_items") == [("order", 3)]
    assert house.rows("SELECT parcel_count FROM shipped_orders") == [(0,)]
    house.world.books.shipments_by_created = hidden
    synced(house, 6)
    assert house.rows("SELECT parcel_kind, quantity FROM shipped_items") == [("shipment", 3)]
    assert house.order("100521")["tracking_number"] == label.tracking
    assert wrong(house) == []


def test_an_order_shipped_before_our_time_is_looked_up_by_id(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    label = house.world.buy_label(order.order_id)
    house.wait(35 * 24 * 60)
    house.world.touch(order.order_id)
    house.sync()
    assert house.rows("SELECT parcel_kind FROM shipped_items") == [("order",)]
    for _ in range(8):
        synced(house)
    assert house.rows("SELECT parcel_kind, tracking_number FROM shipped_items") == [("shipment", label.tracking)]
    assert wrong(house) == []


def cancelled(house: House, order_id: int) -> None:
    house.world.cancel(order_id)


def put_on_hold(house: House, order_id: int) -> None:
    house.world.hold(order_id, DAY + timedelta(days=30))


@pytest.mark.parametrize(("then", "status"), [(cancelled, "cancelled"), (put_on_hold, "on_hold")])
def test_what_left_of_an_order_that_is_then_stopped_stays_left(
    house: House, then: Callable[[House, int], None], status: str
) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    part = house.world.buy_label(order.order_id, ((RINSE, 1),))
    synced(house)
    then(house, order.order_id)
    synced(house)
    assert house.order("100521")["status"] == status
    assert units(house) == [(RINSE, 1)]
    assert wrong(house) == []
    house.world.void(part.shipment_id)
    synced(house)
    assert units(house) == []
    assert house.order("100521")["status"] == status
    assert wrong(house) == []


def test_an_order_edited_after_it_was_shipped_ships_what_its_label_says(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id)
    synced(house)
    house.world.edit(order.order_id, ((RINSE, 5),))
    synced(house)
    assert units(house) == [(RINSE, 3)]
    assert house.order("100521")["status"] == "shipped"
    assert wrong(house) == []


def test_a_label_that_goes_over_to_another_order_counts_for_that_one(house: House) -> None:
    """Nobody knows whether ShipStation does that; if it did, no later sync could have been applied."""
    first = house.world.place_manual_order("100521", ((RINSE, 3),))
    second = house.world.place_manual_order("100522", ((RINSE, 3),))
    label = house.world.buy_label(first.order_id)
    house.sync()
    label.order_id, label.number = second.order_id, second.number
    house.world.correct_cost(label.shipment_id, Decimal("9.90"))  # so that its row is made anew
    house.wait()
    house.sync(everything=True)
    assert house.rows("SELECT shipstation_order_id, parcel_kind FROM shipped_items ORDER BY shipstation_order_id") == [
        (first.order_id, "order"),
        (second.order_id, "shipment"),
    ]
    assert ledger.orders_out_of_step(house.app.db.read()) == []
