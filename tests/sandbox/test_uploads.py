"""createorder and createorders: upsert by key, rewriting, refusals, and what nobody knows for sure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from tests.sandbox.calling import a_document, get, post

START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def server(clock: VirtualClock) -> Iterator[Server]:
    with Server(World(1, START, orders_per_day=0), clock.now, requests_per_minute=10_000) as server:
        yield server


def serving(switches: Switches) -> Server:
    return Server(World(1, START, orders_per_day=0, switches=switches), lambda: START, requests_per_minute=10_000)


def test_a_batch_is_answered_row_by_row_in_its_order(server: Server) -> None:
    bad = a_document("700025")
    bad["shipTo"] = {**bad["shipTo"], "postalCode": None}
    answer = post(server, "/orders/createorders", [a_document("700015"), bad, a_document("700035")]).json()
    assert answer["hasErrors"] is True
    assert [row["orderNumber"] for row in answer["results"]] == ["700015", "700025", "700035"]
    assert [row["success"] for row in answer["results"]] == [True, False, True]
    assert answer["results"][1]["errorMessage"] == "Ship To: Postal Code must be provided."
    assert answer["results"][1]["orderId"] == 0
    assert get(server, "/orders")["total"] == 2


def test_the_same_key_updates_and_keeps_the_ids_of_order_and_items(server: Server, clock: VirtualClock) -> None:
    post(server, "/orders/createorders", [a_document()])
    [before] = get(server, "/orders")["orders"]
    clock.sleep(300)
    post(server, "/orders/createorders", [a_document()])
    [after] = get(server, "/orders")["orders"]
    assert after["orderId"] == before["orderId"]
    assert after["items"] == before["items"]
    assert after["modifyDate"] > before["modifyDate"]


def test_without_a_key_the_same_order_is_made_twice(server: Server) -> None:
    for _ in range(2):
        post(server, "/orders/createorders", [a_document(orderKey=None)])
    assert get(server, "/orders")["total"] == 2


def test_fields_left_out_of_an_update_are_lost(server: Server) -> None:
    post(server, "/orders/createorders", [a_document(customerNotes="Ring twice")])
    post(server, "/orders/createorders", [a_document()])
    assert get(server, "/orders")["orders"][0]["customerNotes"] is None


def test_fields_left_out_of_an_update_are_kept_by_switch() -> None:
    with serving(Switches(omitted_fields="kept")) as server:
        post(server, "/orders/createorders", [a_document(customerNotes="Ring twice")])
        post(server, "/orders/createorders", [a_document()])
        assert get(server, "/orders")["orders"][0]["customerNotes"] == "Ring twice"


def test_the_address_comes_back_as_the_check_rewrites_it(server: Server) -> None:
    order = post(server, "/orders/createorder", a_document()).json()
    assert order["shipTo"]["street1"] == "12 EXAMPLE WAY"
    assert order["shipTo"]["postalCode"].startswith("55802-")
    assert order["shipTo"]["addressVerified"] == "Address validated successfully"
    assert order["orderDate"] == "2026-11-16T09:00:00.0000000"  # as it was sent, whatever zone was meant


def test_the_automation_moves_modify_date_some_seconds_after_an_import(server: Server, clock: VirtualClock) -> None:
    document = a_document(confirmation="delivery")
    document["items"][0]["weight"] = {"value": 24, "units": "ounces"}
    before = post(server, "/orders/createorder", document).json()
    clock.sleep(18)
    assert get(server, "/orders")["orders"][0] == before
    clock.sleep(1)
    [after] = get(server, "/orders")["orders"]
    assert after["modifyDate"] > before["modifyDate"]
    assert (after["weight"]["value"], after["confirmation"]) == (48, "none")


@pytest.mark.parametrize(("switch", "status", "words"), [("error", 500, "cannot be updated"), ("unchanged", 200, "")])
def test_a_shipped_order_is_locked(switch: str, status: int, words: str) -> None:
    with serving(Switches(locked_order=switch)) as server:  # type: ignore[arg-type]
        order = post(server, "/orders/createorder", a_document()).json()
        server.world.buy_label(order["orderId"])
        changed = a_document()
        changed["items"][0]["quantity"] = 9
        answer = post(server, "/orders/createorder", changed)
        assert answer.status_code == status
        assert words in answer.text
        assert get(server, f"/orders/{order['orderId']}")["items"][0]["quantity"] == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"orderNumber": None}, "Order Number"),
        ({"orderNumber": "1" * 51}, "50 characters"),
        ({"orderDate": "last Tuesday"}, "orderDate"),
        ({"orderStatus": "on_its_way"}, "orderStatus"),
        ({"shipTo": None}, "Ship To"),
        ({"billTo": {}}, "Bill To"),
        ({"items": [{"sku": "17612", "quantity": "many"}]}, "quantity"),
    ],
)
def test_a_single_order_that_is_refused_is_a_500_with_the_reason(
    server: Server, change: dict[str, object], words: str
) -> None:
    answer = post(server, "/orders/createorder", a_document(**change))
    assert answer.status_code == 500
    assert words in answer.json()["ExceptionMessage"]
    assert get(server, "/orders")["total"] == 0


def test_a_hundred_orders_are_taken_and_one_more_is_not(server: Server) -> None:
    documents = [a_document(str(700015 + 10 * place)) for place in range(101)]
    assert post(server, "/orders/createorders", documents).status_code == 400
    assert get(server, "/orders")["total"] == 0
    assert post(server, "/orders/createorders", documents[:100]).json()["hasErrors"] is False


def test_results_come_in_another_order_by_switch() -> None:
    documents = [a_document(str(700015 + 10 * place)) for place in range(20)]
    with serving(Switches(results_shuffled=True)) as server:
        results = post(server, "/orders/createorders", documents).json()["results"]
    assert [row["orderNumber"] for row in results] != [one["orderNumber"] for one in documents]
    assert sorted(row["orderNumber"] for row in results) == [one["orderNumber"] for one in documents]


def test_a_deleted_order_is_made_anew_under_its_key(server: Server) -> None:
    first = post(server, "/orders/createorder", a_document()).json()["orderId"]
    server.world.delete(first)
    second = post(server, "/orders/createorder", a_document()).json()["orderId"]
    assert second != first
    assert [row["orderId"] for row in get(server, "/orders")["orders"]] == [second]


def test_ids_pass_the_32_bit_limit_within_the_first_days() -> None:
    world = World(1, START, orders_per_day=0)
    ids = [order.order_id for order in world.bulk_orders(400, spread=timedelta(days=1), ending=START)]
    assert min(ids) < 2**31 < max(ids)
