"""Lists over HTTP: envelope, windows in Pacific wall time, sorting, paging, prefix search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import requests

from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.lists import Query, list_orders
from shipsync.sandbox.objects import Order
from shipsync.sandbox.pacific import read_date, wall
from shipsync.sandbox.server import Server
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World

START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)  # a Monday, 07:00 Pacific


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def world() -> World:
    return World(1, START, orders_per_day=0)


@pytest.fixture
def server(world: World, clock: VirtualClock) -> Iterator[Server]:
    with Server(world, clock.now, requests_per_minute=10_000) as server:
        yield server


def get(server: Server, path: str, **query: object) -> requests.Response:
    with requests.Session() as session:
        session.auth = ("sandbox", "sandbox")
        return session.get(server.url + path, params=query, timeout=10)


def test_an_order_shows_pacific_wall_time_with_seven_digits(world: World, server: Server) -> None:
    world.place_manual_order("100205", at=START + timedelta(milliseconds=614))
    [order] = get(server, "/orders").json()["orders"]
    assert order["createDate"] == order["modifyDate"] == "2026-11-16T07:00:00.6130000"
    assert order["orderNumber"] == "100205"
    assert order["orderId"] > 2**31 - 1_000


def test_a_modify_window_is_read_as_pacific_time_and_sorted(world: World, server: Server) -> None:
    orders = [world.place_manual_order(at=START + timedelta(minutes=minute)) for minute in range(4)]
    world.touch(orders[0].order_id, at=START + timedelta(minutes=9))
    answer = get(
        server,
        "/orders",
        modifyDateStart="2026-11-16 07:02:00",
        modifyDateEnd="2026-11-16 07:30:00",
        sortBy="ModifyDate",
        sortDir="ASC",
    ).json()
    assert [row["orderId"] for row in answer["orders"]] == [
        orders[2].order_id,
        orders[3].order_id,
        orders[0].order_id,
    ]
    assert (answer["total"], answer["page"], answer["pages"]) == (3, 1, 1)


def test_pages_follow_each_other_and_the_one_beyond_the_end_is_empty(world: World, server: Server) -> None:
    placed = world.bulk_orders(1200, spread=timedelta(hours=5), ending=START)
    seen: list[int] = []
    sizes = []
    for page in range(1, 5):
        rows = get(server, "/orders", sortBy="ModifyDate", page=page, pageSize=500).json()["orders"]
        sizes.append(len(rows))
        seen += [row["orderId"] for row in rows]
    assert sizes == [500, 500, 200, 0]
    assert seen == [order.order_id for order in placed]


def test_order_numbers_are_searched_by_prefix_on_orders_and_exactly_on_shipments(world: World, server: Server) -> None:
    short, long = world.place_manual_order("10020"), world.place_manual_order("100201")
    world.buy_label(short.order_id)
    world.buy_label(long.order_id)
    assert get(server, "/orders", orderNumber="10020").json()["total"] == 2
    assert get(server, "/shipments", orderNumber="10020").json()["total"] == 1


def test_shipments_are_found_by_creation_and_voids_by_the_day_they_were_voided(world: World, server: Server) -> None:
    order = world.place_manual_order()
    shipment = world.buy_label(order.order_id, at=START + timedelta(hours=1))
    world.void(shipment.shipment_id, at=START + timedelta(days=3))
    created = {"createDateStart": "2026-11-16 07:30:00", "createDateEnd": "2026-11-16 08:30:00"}
    voided = {"voidDateStart": "2026-11-19 00:00:00"}
    assert get(server, "/shipments", **created).json()["total"] == 1
    [row] = get(server, "/shipments", **voided).json()["shipments"]
    assert row["voidDate"] == "2026-11-19T07:00:00.0000000"
    assert row["shipmentItems"] is None
    assert get(server, "/shipments", **(created | {"voidDateStart": "2026-11-20"})).json()["total"] == 0


def test_one_page_lists_but_orders_say_pages_zero(world: World, server: Server) -> None:
    order = world.place_manual_order()
    world.buy_label(order.order_id)
    assert get(server, "/orders").json()["pages"] == 1
    assert get(server, "/shipments").json()["pages"] == 0


def test_the_repeated_autumn_hour_is_one_hour_to_the_lists(server: Server) -> None:
    world = World(1, datetime(2026, 10, 31, tzinfo=UTC), orders_per_day=0)
    first = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)  # 01:30 PDT
    second = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)  # 01:30 PST
    early, late = world.place_manual_order(at=first), world.place_manual_order(at=second)
    with Server(world, lambda: second) as server:
        rows = get(
            server,
            "/orders",
            modifyDateStart="2026-11-01 01:30:00",
            modifyDateEnd="2026-11-01 01:30:00",
            sortBy="ModifyDate",
        ).json()["orders"]
    assert [row["orderId"] for row in rows] == [early.order_id, late.order_id]
    assert rows[0]["modifyDate"] == rows[1]["modifyDate"] == "2026-11-01T01:30:00.0000000"


@pytest.mark.parametrize(("switches", "total"), [(Switches(), 1), (Switches(start_inclusive=False), 0)])
def test_the_edge_of_a_window_belongs_to_it_or_not_by_switch(switches: Switches, total: int) -> None:
    world = World(1, START, orders_per_day=0, switches=switches)
    world.place_manual_order(at=START)
    with Server(world, lambda: START) as server:
        assert get(server, "/orders", modifyDateStart="2026-11-16 07:00:00").json()["total"] == total


@pytest.fixture(scope="module")
def lived() -> World:
    """A fortnight of orders, without the shop's: they are not uploaded."""
    world = World(11, START, orders_per_day=400)
    world.advance_to(START + timedelta(days=14))
    return world


WINDOWS = [
    {},
    {"modifyDateStart": "2026-11-18 10:00:00", "modifyDateEnd": "2026-11-24 12:00:00"},
    {"createDateStart": "2026-11-20", "createDateEnd": "2026-11-25"},
    {"modifyDateStart": "2026-11-20", "createDateEnd": "2026-11-24 09:00:00"},
]
FILTERS = [{}, {"orderStatus": "shipped"}, {"orderNumber": "1002"}, {"storeId": "311207"}, {"itemKeyword": "17914"}]
SORTS = ["", "ModifyDate", "CreateDate", "OrderDate"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("chosen", FILTERS)
def test_every_way_of_asking_finds_what_looking_at_each_order_finds(
    lived: World, chosen: dict[str, str], window: dict[str, str], sort: str, direction: str
) -> None:
    asked = chosen | window | {"sortBy": sort, "sortDir": direction, "pageSize": "500"}
    books = lived.books

    def fits(order: Order) -> bool:
        for name, value in chosen.items():
            if name == "orderStatus" and order.status != value:
                return False
            if name == "orderNumber" and not order.number.startswith(value):
                return False
            if name == "storeId" and str(order.store_id) != value:
                return False
            if name == "itemKeyword" and not any(value in f"{line.sku} {line.name}" for line in order.lines):
                return False
        for name, value in window.items():
            stamped = wall(order.modified if name.startswith("modify") else order.created)
            if (stamped < read_date(value)) if name.endswith("Start") else (stamped > read_date(value)):
                return False
        return order.is_listed

    keys = {
        "": lambda order: (0, order.order_id),
        "ModifyDate": lambda order: (wall(order.modified), order.order_id),
        "CreateDate": lambda order: (wall(order.created), order.order_id),
        "OrderDate": lambda order: (order.ordered, order.order_id),
    }
    expected = sorted(filter(fits, books.orders.values()), key=keys[sort], reverse=direction == "DESC")
    found: list[int] = []
    for page in range(1, 12):
        found += list_orders(books, Query(urlencode(asked | {"page": page}), books), now=lived.now).ids
    assert found == [order.order_id for order in expected]


def test_tied_rows_fall_differently_on_every_request_by_switch() -> None:
    world = World(1, START, orders_per_day=0, switches=Switches(ties="unstable"))
    world.bulk_orders(20, spread=timedelta(0), ending=START)
    with Server(world, lambda: START) as server:
        first, second = (get(server, "/orders", sortBy="ModifyDate").json()["orders"] for _ in range(2))
    assert first != second
    assert sorted(row["orderId"] for row in first) == sorted(row["orderId"] for row in second)


def test_without_filters_only_recent_orders_are_shown_by_switch() -> None:
    world = World(1, START - timedelta(days=40), orders_per_day=0, switches=Switches(recent_days=30))
    world.place_manual_order()
    recent = world.place_manual_order(at=START)
    with Server(world, lambda: START) as server:
        assert [row["orderId"] for row in get(server, "/orders").json()["orders"]] == [recent.order_id]
        assert get(server, "/orders", orderStatus="awaiting_shipment").json()["total"] == 2
