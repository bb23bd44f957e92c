"""Every fault does what it says, as often as it was told to, and lets the server stop at once."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from shipsync.sandbox import faults as fault
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from tests.sandbox.calling import a_document, call, get, post

START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
CREDENTIALS = base64.b64encode(b"sandbox:sandbox").decode()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def server(clock: VirtualClock) -> Iterator[Server]:
    world = World(1, START, orders_per_day=0, switches=Switches(automation_after_s=None))
    with Server(world, clock.now, requests_per_minute=10_000) as server:
        yield server


def statuses(server: Server, count: int, path: str = "/orders") -> list[int]:
    return [call(server, "GET", path).status_code for _ in range(count)]


def test_an_error_strikes_so_often_and_only_where_it_was_told(server: Server) -> None:
    server.faults.add("orders", fault.error(503), times=2)
    assert statuses(server, 1, "/stores") == [200]
    assert statuses(server, 3) == [503, 503, 200]


def test_an_error_waits_for_so_many_good_answers_and_stays_until_cleared(server: Server) -> None:
    server.faults.add("*", fault.error(500, family="aspnet"), after=1)
    assert statuses(server, 3) == [200, 500, 500]
    server.faults.clear()
    assert statuses(server, 1) == [200]


def test_a_script_says_what_happens_to_each_request(server: Server) -> None:
    server.faults.script("orders", [None, fault.error(502), fault.unauthorized(), None])
    assert statuses(server, 5) == [200, 502, 401, 200, 200]


def test_a_share_of_requests_fails_the_same_way_for_the_same_seed() -> None:
    def run() -> list[int]:
        faults = fault.Faults(seed=5)
        faults.add("orders", fault.error(), share=0.3)
        with Server(World(1, START, orders_per_day=0), lambda: START, faults=faults) as server:
            return statuses(server, 30)

    first = run()
    assert first == run()
    assert set(first) == {200, 500}


def test_a_429_comes_with_and_without_its_headers(server: Server) -> None:
    server.faults.script("orders", [fault.too_many(), fault.too_many(headers=False), fault.too_many(reset_s=-5)])
    with_headers, without, odd = (call(server, "GET", "/orders") for _ in range(3))
    assert [answer.status_code for answer in (with_headers, without, odd)] == [429] * 3
    assert "X-Rate-Limit-Reset" in with_headers.headers
    assert "X-Rate-Limit-Reset" not in without.headers
    assert odd.headers["X-Rate-Limit-Reset"] == "-5"


def test_answers_that_are_no_json(server: Server) -> None:
    server.world.place_manual_order()
    server.faults.script("orders", [fault.html(), fault.empty(), fault.cut_json()])
    html, empty, cut = (call(server, "GET", "/orders") for _ in range(3))
    assert (html.status_code, html.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (empty.status_code, empty.content) == (200, b"")
    assert cut.status_code == 200
    assert int(cut.headers["Content-Length"]) == len(cut.content)
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.text)


@pytest.mark.parametrize(
    "broken", [fault.reset(), fault.drop_mid_body(), fault.drop_mid_body(reset=False), fault.hang(0.1)]
)
def test_a_connection_that_breaks_is_an_error_at_the_client(server: Server, broken: fault.Fault) -> None:
    server.world.bulk_orders(50, spread=timedelta(hours=1), ending=START)
    server.faults.add("orders", broken, times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        call(server, "GET", "/orders")
    assert statuses(server, 1) == [200]


def test_a_hanging_answer_runs_into_the_clients_time_out(server: Server) -> None:
    server.faults.add("orders", fault.hang(60), times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.get(server.url + "/orders", auth=("sandbox", "sandbox"), timeout=0.2)
    assert statuses(server, 1) == [200]


def test_a_dripping_answer_is_whole_in_the_end(server: Server) -> None:
    server.world.place_manual_order()
    server.faults.add("orders", fault.drip(0.2), times=1)
    assert get(server, "/orders")["total"] == 1


def test_a_hanging_and_a_dripping_answer_do_not_hold_up_the_stop(server: Server) -> None:
    server.world.place_manual_order()
    server.faults.script("orders", [fault.hang(600), fault.drip(600)])
    request = f"GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {CREDENTIALS}\r\n\r\n".encode()
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with (
        socket.create_connection(address, timeout=30) as hanging,
        socket.create_connection(address, timeout=30) as slow,
    ):
        hanging.sendall(request)
        while server.faults.pending("orders") > 1:
            continue  # until the first has struck
        slow.sendall(request)
        assert slow.recv(10)  # the second drips
        server.stop()
        assert _rest_of(hanging) == b""
        assert not _rest_of(slow).endswith(b"}")


def _rest_of(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        return received
    return received


def test_a_lost_answer_leaves_the_orders_made(server: Server) -> None:
    server.faults.add("createorders", fault.lost_answer(), times=1)
    with pytest.raises(requests.ConnectionError):
        post(server, "/orders/createorders", [a_document()])
    assert get(server, "/orders")["total"] == 1
    assert server.asked("createorders")[0].status is None
    answer = post(server, "/orders/createorders", [a_document()]).json()
    assert answer["results"][0]["success"] is True
    assert get(server, "/orders")["total"] == 1


def test_a_reset_leaves_nothing_done(server: Server) -> None:
    server.faults.add("createorders", fault.reset(), times=1)
    with pytest.raises(requests.ConnectionError):
        post(server, "/orders/createorders", [a_document()])
    assert get(server, "/orders")["total"] == 0


def test_a_poisoned_order_spoils_every_page_that_holds_it_and_no_other(server: Server) -> None:
    orders = server.world.bulk_orders(6, spread=timedelta(hours=1), ending=START)
    server.faults.poison(orders[3].order_id)

    def page(number: int, size: int) -> int:
        return call(server, "GET", "/orders", sortBy="ModifyDate", page=number, pageSize=size).status_code

    assert [page(1, 500), page(1, 3), page(2, 3), page(4, 1), page(5, 1)] == [500, 200, 500, 500, 200]
    server.faults.heal(orders[3].order_id)
    assert page(1, 500) == 200


def test_a_null_stands_among_the_rows(server: Server) -> None:
    server.world.bulk_orders(3, spread=timedelta(hours=1), ending=START)
    server.faults.add("orders", fault.null_row(), times=1)
    rows = get(server, "/orders")["orders"]
    assert [row is None for row in rows] == [False, True, False, False]


def test_rows_drift_between_pages(server: Server, clock: VirtualClock) -> None:
    orders = server.world.bulk_orders(6, spread=timedelta(hours=1), ending=START)
    clock.sleep(10)
    server.faults.drift(fault.touching([orders[0].order_id]))
    seen = [
        row["orderId"]
        for number in (1, 2)
        for row in get(server, "/orders", sortBy="ModifyDate", page=number, pageSize=3)["orders"]
    ]
    ids = [order.order_id for order in orders]
    # The touched row went to the end, all others moved up one place: the fourth fell through between the pages.
    assert seen == [*ids[:3], *ids[4:], ids[0]]


def test_a_change_shows_in_lists_only_after_the_lag_and_by_id_at_once(server: Server, clock: VirtualClock) -> None:
    order = server.world.place_manual_order()
    server.faults.lag(120)
    assert get(server, "/orders", sortBy="ModifyDate")["total"] == 0
    assert get(server, f"/orders/{order.order_id}")["orderId"] == order.order_id
    clock.sleep(121)
    assert get(server, "/orders", sortBy="ModifyDate")["total"] == 1


def test_a_lag_may_concern_a_share_of_the_changes_only(server: Server) -> None:
    server.world.bulk_orders(200, spread=timedelta(seconds=60), ending=START)
    server.faults.lag(3600, share=0.5)
    assert 50 < get(server, "/orders", pageSize=500)["total"] < 150


def test_the_log_says_what_was_made_to_go_wrong(server: Server) -> None:
    server.faults.script("orders", [fault.error(503), fault.reset()])
    call(server, "GET", "/orders")
    with pytest.raises(requests.ConnectionError):
        call(server, "GET", "/orders")
    assert [(one.status, one.fault) for one in server.asked("orders")] == [(503, "answer 503"), (None, "reset")]
