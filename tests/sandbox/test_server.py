"""The server's manners: credentials, rate window, headers, unknown addresses, errors in both families."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from tests.sandbox.calling import call, get

START = datetime(2026, 11, 16, 15, 0, 20, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def server(clock: VirtualClock) -> Iterator[Server]:
    world = World(1, START, orders_per_day=0, switches=Switches(remaining="after"))
    with Server(world, clock.now) as server:
        yield server


def limits(response: requests.Response) -> tuple[str, str, str]:
    return tuple(response.headers[f"X-Rate-Limit-{name}"] for name in ("Limit", "Remaining", "Reset"))  # type: ignore[return-value]


def test_the_window_is_the_clock_minute_and_empties_at_its_end(server: Server, clock: VirtualClock) -> None:
    answers = [call(server, "GET", "/stores") for _ in range(41)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert limits(answers[0]) == ("40", "39", "40")
    assert limits(answers[39]) == ("40", "0", "40")
    assert limits(answers[40]) == ("40", "0", "40")
    assert answers[40].json() == {"message": "Too Many Requests"}
    assert "Retry-After" not in answers[40].headers
    clock.sleep(39)
    assert call(server, "GET", "/stores").status_code == 429
    clock.sleep(1)
    fresh = call(server, "GET", "/stores")
    assert (fresh.status_code, limits(fresh)) == (200, ("40", "39", "60"))


def test_other_tools_on_the_same_key_use_up_a_part_of_every_minute(server: Server, clock: VirtualClock) -> None:
    server.window.others = 38
    clock.sleep(60)
    assert [call(server, "GET", "/stores").status_code for _ in range(3)] == [200, 200, 429]


def test_remaining_is_now_counted_before_and_now_after_the_call() -> None:
    with Server(World(1, START, orders_per_day=0), lambda: START) as server:
        remaining = [int(limits(call(server, "GET", "/stores"))[1]) for _ in range(12)]
    assert set(map(int.__sub__, remaining, range(39, 27, -1))) == {0, 1}


def test_the_date_header_goes_by_the_injected_clock(server: Server) -> None:
    assert call(server, "GET", "/stores").headers["Date"] == "Mon, 16 Nov 2026 15:00:20 GMT"


def test_wrong_credentials_are_a_401_without_limit_headers(server: Server) -> None:
    for credentials in (None, ("sandbox", "wrong"), ("", "")):
        answer = requests.get(server.url + "/orders", auth=credentials, timeout=5)
        assert answer.status_code == 401
        assert answer.json() == {"message": "Invalid API credentials"}
        assert "X-Rate-Limit-Limit" not in answer.headers


def test_unknown_addresses_ids_and_methods_are_told_apart(server: Server) -> None:
    assert call(server, "GET", "/nothing").status_code == 404
    assert call(server, "GET", "/orders/99").status_code == 404
    assert call(server, "PUT", "/orders").status_code == 405
    assert call(server, "GET", "//orders").status_code == 200  # recorded: a doubled slash is taken
    assert call(server, "GET", "/Orders").status_code == 200


def test_a_date_that_cannot_be_read_is_a_400_in_the_documented_words(server: Server) -> None:
    answer = call(server, "GET", "/orders", modifyDateStart="yesterday")
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request parameters"})


@pytest.mark.parametrize(
    ("switches", "query", "status"),
    [
        (Switches(bad_date="500"), {"modifyDateStart": "yesterday"}, 500),
        (Switches(bad_date="ignored"), {"modifyDateStart": "yesterday"}, 200),
        (Switches(oversized_page="400"), {"pageSize": 501}, 400),
        (Switches(oversized_page="clamped"), {"pageSize": 501}, 200),
        (Switches(page_zero="400"), {"page": 0}, 400),
        (Switches(page_zero="first"), {"page": 0}, 200),
    ],
)
def test_what_is_not_known_of_bad_queries_is_a_switch(
    switches: Switches, query: dict[str, object], status: int
) -> None:
    with Server(World(1, START, orders_per_day=0, switches=switches), lambda: START) as server:
        assert call(server, "GET", "/orders", **query).status_code == status


@pytest.mark.parametrize(("honoured", "total"), [("honoured", 1), ("ignored", 0)])
def test_an_offset_in_a_query_is_honoured_or_ignored_by_switch(honoured: str, total: int) -> None:
    world = World(1, START, orders_per_day=0, switches=Switches(query_offsets=honoured))  # type: ignore[arg-type]
    world.place_manual_order()
    with Server(world, lambda: START) as server:
        assert get(server, "/orders", modifyDateStart="2026-11-16T14:00:00Z")["total"] == total


def test_a_deleted_and_a_merged_order_are_404_by_id_and_in_no_list(server: Server) -> None:
    world = server.world
    kept, merged, deleted = (world.place_manual_order() for _ in range(3))
    world.merge(kept.order_id, merged.order_id)
    world.delete(deleted.order_id)
    assert [row["orderId"] for row in get(server, "/orders")["orders"]] == [kept.order_id]
    for gone in (merged, deleted):
        assert call(server, "GET", f"/orders/{gone.order_id}").status_code == 404
    [survivor] = get(server, "/orders")["orders"]
    assert survivor["advancedOptions"]["mergedIds"] == [merged.order_id]
    assert survivor["advancedOptions"]["mergedOrSplit"] is True


def test_a_connection_is_kept_for_many_requests(server: Server) -> None:
    with requests.Session() as session:
        session.auth = ("sandbox", "sandbox")
        for _ in range(3):
            assert session.get(server.url + "/stores", timeout=5).ok
        [pool] = session.adapters["http://"].poolmanager.pools._container.values()  # type: ignore[attr-defined]
        assert pool.num_connections == 1


def test_the_log_tells_what_was_asked_and_never_the_credentials(server: Server) -> None:
    server.world.place_manual_order()
    call(server, "GET", "/orders", orderStatus="awaiting_shipment", page=1)
    [request] = server.asked("orders")
    assert (request.method, request.path, request.status, request.rows) == ("GET", "/orders", 200, 1)
    assert request.query == {"orderStatus": "awaiting_shipment", "page": "1"}
    assert request.at == START
    assert "sandbox" not in repr(request)


def test_a_list_read_while_orders_are_placed_never_shows_a_torn_page() -> None:
    world = World(1, START, orders_per_day=0)
    over = threading.Event()

    def place() -> None:
        while not over.is_set():
            order = world.place_manual_order()
            world.buy_label(order.order_id)

    with Server(world, lambda: START, requests_per_minute=10_000) as server:
        thread = threading.Thread(target=place)
        thread.start()
        try:
            for _ in range(12):
                page = get(server, "/orders", sortBy="ModifyDate", sortDir="DESC", pageSize=500)
                assert len(page["orders"]) == min(500, page["total"])
                assert len({row["orderId"] for row in page["orders"]}) == len(page["orders"])
        finally:
            over.set()
            thread.join()


def test_a_stopped_server_refuses_and_takes_its_port_again(server: Server) -> None:
    url = server.url
    server.stop()
    with pytest.raises(requests.ConnectionError):
        call(server, "GET", "/stores")
    server.start()
    assert server.url == url
    assert call(server, "GET", "/stores").ok


def test_partly_shipped_orders_have_the_status_of_the_switch() -> None:
    for status in ("awaiting_shipment", "shipped"):
        world = World(1, START, orders_per_day=0, switches=Switches(partly_shipped_status=status))  # type: ignore[arg-type]
        order = world.place_manual_order(items=[("17612 - 250237", 3)])
        world.buy_label(order.order_id, items=[("17612 - 250237", 1)])
        assert order.status == status
        world.buy_label(order.order_id, at=START + timedelta(days=1))
        assert order.status == "shipped"
