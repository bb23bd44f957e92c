"""The real client over real HTTP against the embedded ShipStation, with its clock, its rate window and its faults."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shipsync.doors.shipstation import Limits, Page, ShipStation
from shipsync.errors import (
    CredentialsRefused,
    ShipStationDown,
    ShipStationGarbled,
    ShipStationRefused,
)
from shipsync.rules.shipstation import RemoteOrder
from shipsync.sandbox import faults as fault
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from tests.doors.test_writing import ORDER

MONDAY = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
LONG_BEFORE = timedelta(days=60)
SECOND = timedelta(seconds=1)


@dataclass
class Site:
    """An embedded ShipStation and a door to it, on one virtual clock."""

    world: World
    clock: VirtualClock
    server: Server
    door: ShipStation

    def window(self) -> tuple[datetime, datetime]:
        """From before everything until now."""
        return self.world.start - LONG_BEFORE, self.clock.now()

    def orders(self) -> list[RemoteOrder]:
        """Every order that the list shows, newest version of each."""
        return newest(self.door.orders_modified(*self.window()))


def newest(pages: Iterator[Page[Any]]) -> list[Any]:
    found: dict[int, Any] = {}
    for page in pages:
        assert page.bad == []
        for row in page.rows:
            found[getattr(row, row.__slots__[0])] = row
    return list(found.values())


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    """Opens sites; `days` lets people work before the test begins."""
    servers: list[Server] = []

    def open_site(
        *, start: datetime = MONDAY, days: float = 0, switches: Switches | None = None, limits: Limits | None = None
    ) -> Site:
        clock = VirtualClock(start + timedelta(days=days))
        world = World(5, start, orders_per_day=40 if days else 0, switches=switches or Switches())
        world.advance_to(clock.now())
        server = Server(world, clock.now).start()
        servers.append(server)
        door = ShipStation(
            server.url,
            "sandbox",
            "sandbox",
            now=clock.now,
            sleep=clock.sleep,
            monotonic=lambda: clock.now().timestamp(),
            jitter=random.Random(2),
            limits=limits or Limits(),
        )
        return Site(world, clock, server, door)

    yield open_site
    for server in servers:
        server.stop()


# --- reading


def test_all_that_happened_in_five_days_is_read_to_the_field(site: Callable[..., Site]) -> None:
    at = site(days=5)
    truth = at.world.truth()
    shown = {
        order.order_id: order for order in truth.orders.values() if not order.is_deleted and order.merged_into is None
    }
    read = {order.order_id: order for order in at.orders()}
    assert read.keys() == shown.keys()
    for order_id, order in read.items():
        true = shown[order_id]
        assert (order.order_number, order.order_key, order.status) == (true.number, true.key, true.status)
        assert (order.created_at, order.modified_at) == (true.created_at, true.modified_at)
        assert (order.carrier_code, order.service_code) == (true.carrier_code, true.service_code)
        assert (order.ship_date, order.hold_until, order.store_id) == (true.ship_date, true.hold_until, true.store_id)
        assert (order.merged_ids, order.parent_id) == (true.merged_ids, true.parent_id)
        assert [(line.sku or "", line.quantity, line.adjustment) for line in order.lines] == [
            (line.sku or "", line.quantity, line.adjustment) for line in true.lines
        ]


def test_all_labels_voids_and_fulfillments_of_five_days_are_read_to_the_field(site: Callable[..., Site]) -> None:
    at = site(days=5)
    truth = at.world.truth()
    labels = {label.shipment_id: label for label in newest(at.door.shipments_created(*at.window()))}
    assert labels.keys() == {label.shipment_id for label in truth.shipments.values()}
    for true in truth.shipments.values():
        label = labels[true.shipment_id]
        assert (label.order_id, label.order_number, label.created_at) == (true.order_id, true.number, true.created_at)
        assert (label.shipment_cost, label.insurance_cost) == (true.cost, true.insurance_cost)
        assert (label.tracking_number, label.carrier_code, label.service_code) == (
            true.tracking,
            true.carrier_code,
            true.service_code,
        )
        assert (label.is_return_label, label.voided_at, label.voided) == (
            true.is_return,
            true.voided_at,
            true.voided_at is not None,
        )
        assert [line.quantity for line in label.lines or ()] == [line.quantity for line in true.lines]
    voids = {label.shipment_id for label in newest(at.door.shipments_voided(*at.window()))}
    assert voids == {label.shipment_id for label in truth.shipments.values() if label.voided_at is not None}
    assert voids
    parcels = {parcel.fulfillment_id: parcel for parcel in newest(at.door.fulfillments_created(*at.window()))}
    assert parcels.keys() == {parcel.fulfillment_id for parcel in truth.fulfillments.values()}
    for fulfilled in truth.fulfillments.values():
        parcel = parcels[fulfilled.fulfillment_id]
        assert (parcel.order_id, parcel.tracking_number, parcel.carrier_name) == (
            fulfilled.order_id,
            fulfilled.tracking,
            fulfilled.carrier_name,
        )


def test_single_questions_agree_with_the_lists(site: Callable[..., Site]) -> None:
    at = site(days=3)
    orders = at.orders()
    some = orders[:: len(orders) // 5]
    for order in some:
        assert at.door.order(order.order_id) == order
        assert order in at.door.orders_numbered(order.order_number)
    with_label = next(label for label in at.world.truth().shipments.values() if label.order_id is not None)
    assert with_label.order_id is not None
    found = newest(at.door.shipments_of(with_label.order_id))
    assert with_label.shipment_id in {label.shipment_id for label in found}
    assert {label.order_id for label in found} == {with_label.order_id}
    assert at.door.order(1) is None
    assert at.door.orders_numbered("no such number") == []


def test_open_orders_by_status_are_those_of_the_world(site: Callable[..., Site]) -> None:
    at = site(days=3)
    for status in ("awaiting_shipment", "on_hold", "cancelled"):
        read = {order.order_id for order in newest(at.door.orders_with_status(status))}
        assert read == {
            order.order_id
            for order in at.world.truth().orders.values()
            if order.status == status and not order.is_deleted and order.merged_into is None
        }


def test_carriers_services_and_stores_are_named(site: Callable[..., Site]) -> None:
    at = site()
    carriers = at.door.carriers()
    assert len({carrier.provider_id for carrier in carriers}) == len(carriers) > 1
    assert all(at.door.services(carrier.code) for carrier in carriers)
    assert len(at.door.stores()) > 1


UNKNOWNS = [
    Switches(),
    Switches(start_inclusive=False, end_inclusive=False, subsecond_queries=False, pages="zero"),
    Switches(start_inclusive=False, end_inclusive=True, subsecond_queries=False, ties="unstable"),
    Switches(end_inclusive=False, remaining="before", ties="unstable", itemless_label="empty", pages="right"),
    Switches(query_offsets="ignored", unauthorized_body="empty", not_found_body="empty", remaining="after"),
]


@pytest.mark.parametrize("switches", UNKNOWNS)
def test_1_300_orders_are_read_whichever_way_the_unknowns_are(site: Callable[..., Site], switches: Switches) -> None:
    at = site(switches=switches)
    placed = at.world.bulk_orders(1_300, spread=timedelta(minutes=30), ending=MONDAY - timedelta(minutes=1))
    assert {order.order_id for order in at.orders()} == {order.order_id for order in placed}
    assert at.door.requests["orders"] <= 4


@pytest.mark.parametrize("switches", UNKNOWNS)
def test_600_orders_of_one_instant_are_read_whichever_way_the_unknowns_are(
    site: Callable[..., Site], switches: Switches
) -> None:
    at = site(switches=switches)
    before = at.world.bulk_orders(30, spread=timedelta(minutes=5), ending=MONDAY - timedelta(minutes=10))
    tied = at.world.bulk_orders(600, spread=timedelta(0), ending=MONDAY - timedelta(minutes=5))
    assert {order.order_id for order in at.orders()} == {order.order_id for order in [*before, *tied]}


@pytest.mark.parametrize("switches", [Switches(), Switches(start_inclusive=False, subsecond_queries=False)])
@pytest.mark.parametrize("after_page", [1, 2, 3])
def test_orders_touched_between_pages_take_no_other_along(
    site: Callable[..., Site], switches: Switches, after_page: int
) -> None:
    at = site(switches=switches)
    placed = at.world.bulk_orders(1_600, spread=timedelta(minutes=30), ending=MONDAY - timedelta(minutes=1))
    pages = 0

    def touch(world: World, request: Any) -> None:
        nonlocal pages
        pages += 1
        if pages == after_page:
            for order in placed[:20]:
                world.touch(order.order_id)

    at.server.faults.drift(touch)
    read = {row.order_id for page in at.door.orders_modified(*at.window()) for row in page.rows}
    assert read >= {order.order_id for order in placed[20:]}


def test_the_repeated_autumn_hour_is_read_whole(site: Callable[..., Site]) -> None:
    before = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    at = site(start=before)
    placed = [at.world.place_manual_order(at=before + timedelta(minutes=10 * n)) for n in range(18)]
    at.clock.advance_to(before + timedelta(hours=3))
    for first, last in [(0, 18), (3, 8), (5, 11), (9, 14)]:
        start, end = (before + timedelta(minutes=10 * n - 1) for n in (first, last))
        read = {row.order_id for page in at.door.orders_modified(start, end) for row in page.rows}
        assert read >= {order.order_id for order in placed[first:last]}


def test_our_requests_stay_within_our_share_and_meet_no_429(site: Callable[..., Site]) -> None:
    at = site(days=1)
    for _ in range(100):
        at.door.carriers()
        at.clock.sleep(0.3)
    assert {request.status for request in at.server.requests} == {200}
    minutes = Counter(request.at.replace(second=0, microsecond=0) for request in at.server.requests)
    assert max(minutes.values()) <= 35


# --- faults

PASSING = {
    "500": fault.error(500),
    "500 of the other family": fault.error(500, family="aspnet"),
    "502 with HTML": fault.html(502),
    "HTML with 200": fault.html(),
    "nothing at all": fault.empty(),
    "cut JSON": fault.cut_json(),
    "cut connection": fault.drop_mid_body(),
    "reset": fault.reset(),
    "lost answer": fault.lost_answer(),
    "429": fault.too_many(),
    "429 without headers": fault.too_many(headers=False),
    "429 with a reset in the past": fault.too_many(reset_s=-9),
    "429 with a huge reset": fault.too_many(reset_s=10**6),
    "401": fault.unauthorized(),
    "not a number": fault.garbage('{"orders": [{"orderTotal": NaN}], "total": 1}'),
    "another envelope": fault.garbage('{"shipments": [], "total": 0}'),
    "null among the rows": fault.null_row(),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_a_fault_that_passes_leaves_no_trace(site: Callable[..., Site], trouble: fault.Fault) -> None:
    at = site()
    placed = at.world.bulk_orders(1_100, spread=timedelta(minutes=30), ending=MONDAY - timedelta(minutes=1))
    at.server.faults.script("orders", [None, trouble, None])
    assert {order.order_id for order in at.orders()} == {order.order_id for order in placed}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (fault.error(503), ShipStationDown),
        (fault.html(), ShipStationGarbled),
        (fault.reset(), ShipStationDown),
        (fault.too_many(), ShipStationDown),
        (fault.unauthorized(), CredentialsRefused),
        (fault.error(400), ShipStationRefused),
    ],
)
def test_a_fault_that_stays_ends_the_reading_after_the_pages_before(
    site: Callable[..., Site], trouble: fault.Fault, error: type[Exception]
) -> None:
    at = site()
    placed = at.world.bulk_orders(1_100, spread=timedelta(minutes=30), ending=MONDAY - timedelta(minutes=1))
    at.server.faults.add("orders", trouble, after=2)
    start, end = at.window()
    pages: list[Page[RemoteOrder]] = []
    with pytest.raises(error):
        pages.extend(at.door.orders_modified(start, end))
    assert len(pages) == 2
    at.server.faults.clear()
    asked = at.door.requests["orders"]
    rest = list(at.door.orders_modified(start, end, resume=pages[-1].resume))
    assert {row.order_id for page in pages + rest for row in page.rows} == {order.order_id for order in placed}
    assert at.door.requests["orders"] == asked + 1


def test_a_server_that_says_nothing_is_given_up_and_asked_again(site: Callable[..., Site]) -> None:
    at = site(limits=Limits(read_s=0.1))
    at.world.bulk_orders(3, spread=timedelta(minutes=30), ending=MONDAY - timedelta(minutes=1))
    at.server.faults.script("orders", [fault.hang(5)])
    assert len(at.orders()) == 3


def test_a_poison_order_is_found_named_and_read_once_it_is_mended(site: Callable[..., Site]) -> None:
    at = site()
    placed = at.world.bulk_orders(900, spread=timedelta(hours=4), ending=MONDAY - timedelta(minutes=1))
    poisoned = placed[640]
    at.server.faults.poison(poisoned.order_id)
    pages = list(at.door.orders_modified(*at.window()))
    read = {row.order_id for page in pages for row in page.rows}
    assert read == {order.order_id for order in placed} - {poisoned.order_id}
    (poison,) = [row for page in pages for row in page.poison]
    assert poison.after < poisoned.modified < poison.before
    at.server.faults.heal(poisoned.order_id)
    again = list(at.door.orders_modified(poison.after - SECOND, poison.before + SECOND))
    assert poisoned.order_id in {row.order_id for page in again for row in page.rows}
    assert not any(page.poison for page in again)


def test_wrong_credentials_are_refused(site: Callable[..., Site]) -> None:
    at = site()
    wrong = ShipStation(
        at.server.url, "sandbox", "wrong", now=at.clock.now, sleep=at.clock.sleep, monotonic=lambda: 0.0
    )
    with pytest.raises(CredentialsRefused):
        wrong.carriers()


# --- uploading


def batch(count: int) -> list[Any]:
    return [
        replace(ORDER, order_number=str(n), order_key=f"shipsync:X-Cart:{n}") for n in range(700_001, 700_001 + count)
    ]


def test_uploaded_orders_come_back_as_they_were_sent(site: Callable[..., Site]) -> None:
    at = site()
    results = at.door.create_orders(batch(100))
    assert all(result.success for result in results)
    at.clock.advance_to(MONDAY + timedelta(minutes=5))
    read = {order.order_key: order for order in at.orders()}
    assert read.keys() == {result.order_key for result in results}
    for result in results:
        order = read[result.order_key]
        assert order.order_id == result.order_id
        assert order.ordered_at == ORDER.ordered_at
        assert [(line.sku, line.quantity, line.unit_price) for line in order.lines] == [
            ("17612 - 250237", 2, Decimal("19.99"))
        ]
        assert order.requested_service == "Ground"


@pytest.mark.parametrize(
    "trouble", [fault.lost_answer(), fault.drop_mid_body(), fault.error(502), fault.html(), fault.too_many()]
)
def test_an_upload_repeated_after_a_lost_answer_makes_no_second_order(
    site: Callable[..., Site], trouble: fault.Fault
) -> None:
    at = site()
    at.server.faults.script("createorders", [trouble, trouble])
    results = at.door.create_orders(batch(20))
    assert [result.success for result in results] == [True] * 20
    assert len(at.world.truth().orders) == 20


@pytest.mark.parametrize("switches", [Switches(), Switches(results_shuffled=True, failed_row_order_id="null")])
def test_one_bad_order_fails_alone(site: Callable[..., Site], switches: Switches) -> None:
    at = site(switches=switches)
    orders = batch(5)
    orders[2] = replace(orders[2], ship_to=replace(ORDER.ship_to, postal_code=None))
    results = at.door.create_orders(orders)
    assert [result.success for result in results] == [True, True, False, True, True]
    assert results[2].order_id is None
    assert "Postal Code" in str(results[2].message)
    assert [result.order_key for result in results] == [order.order_key for order in orders]


def test_a_batch_refused_as_a_whole_is_not_sent_again(site: Callable[..., Site]) -> None:
    at = site()
    at.server.faults.add("createorders", fault.refusal("Object reference not set to an instance of an object."))
    with pytest.raises(ShipStationRefused, match="Object reference"):
        at.door.create_orders(batch(2))
    assert at.door.requests["createorders"] == 1
