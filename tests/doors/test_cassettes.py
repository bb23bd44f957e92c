"""The real client, through the real HTTP library, reads recorded and documented answers of ShipStation."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from shipsync.doors.shipstation import ShipStation
from shipsync.errors import ShipStationDown
from shipsync.rules.shipstation import RemoteLine, UploadResult
from tests.doors.cassettes.make import FIRST, SECOND, cassettes, text_of
from tests.doors.cassettes.play import CASSETTES, URL, playing
from tests.doors.handler import FakeClock
from tests.doors.test_writing import ORDER

START = FIRST - timedelta(days=30)
PLANNED = sorted(name for name in cassettes() if name.startswith("plan"))


def door(clock: FakeClock | None = None) -> ShipStation:
    clock = clock or FakeClock(FIRST)
    return ShipStation(
        URL,
        "key",
        "secret",
        now=clock.now,
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        jitter=random.Random(1),
    )


def rows(pages: Any) -> list[Any]:
    read = list(pages)
    assert [page.bad for page in read] == [[]] * len(read)
    return [row for page in read for row in page.rows]


@pytest.mark.parametrize("name", cassettes())
def test_a_cassette_is_what_the_reference_material_makes_of_it(name: str) -> None:
    assert (CASSETTES / f"{name}.yaml").read_text() == text_of(cassettes()[name])


def test_no_cassette_is_left_over() -> None:
    assert sorted(path.stem for path in CASSETTES.glob("*.yaml")) == sorted(cassettes())


def test_recorded_orders_are_read_to_the_field() -> None:
    with playing("recorded"):
        pages = list(door().orders_modified(START, FIRST))
    assert pages[0].answered_at == FIRST
    read = rows(pages)
    assert [order.order_id for order in read] == [21533276, 21533759, 21533895]
    first = read[0]
    assert first.modified_at == datetime(2021, 1, 24, 1, 12, 52, 197_000, tzinfo=UTC)
    assert first.order_key == "0d6bec18-3e89-4881-83aa-f392d84f4c74"
    assert (first.carrier_code, first.service_code, first.ship_date) == ("fedex", "fedex_2day", date(2015, 7, 2))
    assert (first.order_total, first.store_id) == (Decimal("194.43"), 179188)
    assert (first.ship_to.city, first.ship_to.postal_code) == ("WASHINGTON", "20500-0005")
    assert first.lines == (
        RemoteLine(32318261, "vd08-MSLbtx", "ABC123", "Test item #1", 2, Decimal("99.99")),
        RemoteLine(32318262, None, "DISCOUNT CODE", "10% OFF", 1, Decimal("-20.55"), adjustment=True),
    )


def test_a_recorded_order_by_id_is_the_one_in_the_list() -> None:
    with playing("recorded"):
        at = door()
        listed = {order.order_id: order for order in rows(at.orders_modified(START, FIRST))}
        alone = at.order(21533895)
    assert alone is not None
    assert listed[21533895].order_number == alone.order_number
    assert listed[21533895].lines == alone.lines


def test_recorded_names_are_read() -> None:
    with playing("recorded"):
        at = door()
        (carrier,) = at.carriers()
        services = at.services("stamps_com")
        stores = at.stores()
    assert (carrier.provider_id, carrier.code, carrier.is_primary) == (150759, "stamps_com", True)
    assert len(services) == 8
    assert {service.code: service.name for service in services}["usps_priority_mail"] == "USPS Priority Mail"
    assert [(store.store_id, store.name) for store in stores] == [(179188, "Manual Orders"), (179331, "MyDemoStore")]


def test_the_recorded_result_of_an_upload_is_matched() -> None:
    key = "0f6bec18-3e89-4881-83aa-f392d84f4c74"
    with playing("recorded"):
        results = door().create_orders([replace(ORDER, order_key=key)])
    assert results == [UploadResult(key, 21466104, True, None)]


def test_documented_examples_are_read() -> None:
    with playing("documented"):
        at = door()
        orders = rows(at.orders_modified(START, FIRST))
        shipments = rows(at.shipments_created(START, FIRST))
        fulfillments = rows(at.fulfillments_created(START, FIRST))
        stores = at.stores()
        carriers = at.carriers()
    assert [order.order_id for order in orders] == [987654321, 123456789]
    assert [(label.shipment_id, label.shipment_cost) for label in shipments] == [
        (33974374, Decimal("1.93")),
        (33974373, Decimal("1.93")),
    ]
    assert shipments[0].lines == (RemoteLine(56568665, None, "SQ3785739", "Potato Kitten -", 1, Decimal(1)),)
    assert [(parcel.fulfillment_id, parcel.carrier_name) for parcel in fulfillments] == [
        (33974374, "USPS"),
        (246310, "FedEx"),
    ]
    assert len(stores) == 2
    assert {carrier.code for carrier in carriers} >= {"stamps_com", "fedex", "endicia"}


def test_the_page_of_shipments_made_by_hand_is_read() -> None:
    with playing("shipments_by_hand"):
        first, second = rows(door().shipments_created(START, FIRST))
    assert (first.lines, first.voided) == (None, False)
    assert (second.voided, second.voided_at) == (True, datetime(2024, 6, 28, 23, 40, 0, 993_000, tzinfo=UTC))
    assert [(line.sku, line.quantity) for line in second.lines] == [("ABC123", 1)]


@pytest.mark.parametrize("name", [name for name in PLANNED if name != "plan08_server_error_for_good"])
def test_everything_a_sync_may_ask_is_in_a_plan_case(name: str) -> None:
    with playing(name):
        at = door()
        orders = rows(at.orders_modified(START, FIRST))
        labels = rows(at.shipments_created(START, FIRST)) + rows(at.shipments_created(START, SECOND))
        assert rows(at.shipments_voided(START, FIRST)) == []
        assert rows(at.fulfillments_created(START, FIRST)) == []
        services = {(carrier.code, service.code) for carrier in at.carriers() for service in at.services(carrier.code)}
        assert at.stores()
    assert orders
    for order in orders:
        assert (order.carrier_code, order.service_code) in services
        assert order.modified_at < SECOND
    if any(order.status == "shipped" for order in orders):
        assert labels


def test_a_conversation_goes_on_with_the_second_sync() -> None:
    with playing("plan02_existing_manual_order"):
        at = door()
        (first,) = rows(at.orders_modified(START, FIRST))
        pages = list(at.orders_modified(FIRST, SECOND))
    (second,) = rows(pages)
    assert pages[0].answered_at == SECOND
    assert first.order_id == second.order_id
    assert first.modified_at < FIRST < second.modified_at < SECOND
    assert [line.quantity for line in first.lines] == [2, 1]
    assert [line.quantity for line in second.lines] == [3, 1]


def test_recorded_failures_are_tried_again() -> None:
    for name, least_s, most_s in [
        ("plan08_server_error_then_well", 0, 1),
        ("plan08_answer_cut_then_well", 0, 1),
        ("plan08_throttled_then_well", 20, 21),
    ]:
        clock = FakeClock(FIRST)
        with playing(name):
            assert len(rows(door(clock).orders_modified(START, FIRST))) == 1
        assert least_s < clock.slept_s < most_s


def test_a_recorded_failure_that_stays_is_an_outage() -> None:
    with playing("plan08_server_error_for_good"), pytest.raises(ShipStationDown):
        list(door().orders_modified(START, FIRST))


def test_a_question_that_was_not_recorded_reaches_no_network() -> None:
    with playing("shipments_by_hand"), pytest.raises(CannotOverwriteExistingCassetteException):
        door().carriers()
