"""Our answers have the shape of recorded and documented ones, field by field (tests/reference/README.md).

Every document is flattened to paths ("orders[].shipTo.name") with the kinds of value seen at each: null, bool, number,
text, object, list, and three forms of dates. All references to one resource are taken together; then
    - each of their paths is in ours, and each of ours in theirs;
    - at each path ours has no kind of value, and no form of date, that theirs have not.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from shipsync.sandbox import account
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World

REFERENCE = Path(__file__).parents[1] / "reference"
START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)

_DATES = {
    "date of 7 digits": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}"),
    "date of 0 to 3 digits": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?"),
    "day": re.compile(r"\d{4}-\d\d-\d\d"),
}
Kinds = dict[str, set[str]]

# Null in ours where no reference happens to have it; API.md sections 3 to 5 mark each with "?".
NULLABLE = {
    *("paymentDate", "shipByDate", "customerUsername", "weight", "customerNotes", "internalNotes"),
    *("requestedShippingService", "carrierCode", "serviceCode", "packageCode", "confirmation", "shipDate"),
    *("dimensions", "customField1", "customField2", "externallyFulfilledById", "externallyFulfilledByName"),
    *("orderId", "orderKey", "customerEmail", "orderNumber", "batchNumber"),  # a label without an order has none
    *("storeId", "trackingNumber", "nickname"),
}
# In no reference, but documented: mergedIds are order ids (API.md section 3, ADV).
DOCUMENTED_ELSEWHERE = {"orders[].advancedOptions.mergedIds[]"}


def kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "list"
    for name, form in _DATES.items():
        if form.fullmatch(str(value)):
            return name
    return "text"


def kinds_of(documents: Iterable[object]) -> Kinds:
    kinds: defaultdict[str, set[str]] = defaultdict(set)

    def walk(value: object, path: str) -> None:
        kinds[path].add(kind_of(value))
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, f"{path}[]")

    for document in documents:
        walk(document, "")
    return dict(kinds)


def recorded(name: str) -> list[Any]:
    """The bodies of the real server's answers under that name in the recording."""
    collection = json.loads((REFERENCE / "postman-v1-recorded-2021.postman_collection.json").read_text())

    def bodies(items: list[Any]) -> Iterator[Any]:
        for item in items:
            if "item" in item:
                yield from bodies(item["item"])
            elif item["name"] == name:
                yield from (json.loads(one["body"]) for one in item["response"] if one.get("body"))

    return list(bodies(collection["item"]))


def recorded_request(name: str) -> Any:
    collection = json.loads((REFERENCE / "postman-v1-recorded-2021.postman_collection.json").read_text())
    [item] = [item for folder in collection["item"] for item in folder.get("item", ()) if item["name"] == name]
    return json.loads(item["response"][0]["originalRequest"]["body"]["raw"])


def documented(name: str) -> list[Any]:
    return [json.loads((REFERENCE / "fixtures-compwright" / f"{name}.json").read_text())]


def mocked(*names: str) -> list[Any]:
    """The bodies of cassettes: the documentation's examples of 2017."""
    calls = [
        call
        for name in names
        for call in json.loads((REFERENCE / "cassettes-johnhamelink-apiary-mock" / f"{name}.json").read_text())
    ]
    return [json.loads(call["response"]["body"]) for call in calls if call["response"]["body"].strip()]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An account in which everything has happened once."""
    clock = VirtualClock(START)
    world = World(1, START, orders_per_day=0)
    document = {**recorded_request("Create/Update Order"), "tagIds": [account.TAGS[0]["tagId"]]}
    document["advancedOptions"] = {**document["advancedOptions"], "storeId": account.MANUAL_STORE}
    for number in range(3):
        world.upload([{**document, "orderKey": f"key-{number}", "orderNumber": f"TEST-{number}"}])
    world.upload([{**document, "orderKey": "bare", "tagIds": None, "dimensions": None, "weight": None}])
    clock.sleep(60)
    world.advance_to(clock.now())
    first, second, third = (world.books.numbered(f"TEST-{number}")[0].order_id for number in range(3))
    manual = world.place_manual_order(items=[("17612 - 250237", 4), ("17914 - 250300", 1)])
    world.hold(world.place_manual_order().order_id, until=(START + timedelta(days=3)).date())
    child = world.split(manual.order_id, [("17914 - 250300", 1)])
    world.merge(first, world.place_manual_order().order_id)
    world.assign([child.order_id], account.USER_ID)
    world.buy_label(second)
    shipment = world.buy_label(manual.order_id, cost=Decimal("12.30"))
    clock.sleep(600)
    world.void(shipment.shipment_id, at=clock.now())
    world.buy_label(None)
    world.mark_shipped(third, carrier="fedex", tracking="783408231234")
    world.mark_shipped(child.order_id, carrier="usps", tracking=None)
    world.subscribe("https://example.com/hook", "ORDER_NOTIFY", "My Webhook")
    with Server(world, clock.now, requests_per_minute=10_000) as server:
        yield server


def ask(server: Server, method: str, path: str, document: object = None) -> Any:
    with requests.Session() as session:
        session.auth = ("sandbox", "sandbox")
        response = session.request(method, server.url + path, json=document, timeout=10)
    assert response.status_code in (200, 201), response.text
    return response.json() if response.text else None


ORDERS = [
    order
    for page in (
        *recorded("List Orders"),
        *documented("Api-Order-ListOrdersResponse"),
        *documented("Api-Order-ListByTagResponse"),
        *mocked("list_orders_with_parameters", "list_orders_without_parameters", "list_orders_by_tag"),
    )
    for order in page["orders"]
] + [
    *recorded("Get Order"),
    *recorded("Create/Update Order"),
    *documented("Api-Order-GetOrderResponse"),
    *documented("Api-Order-CreateOrderResponse"),
    *mocked("get_order", "create_order", "update_order"),
]
SHIPMENTS = [
    json.loads((REFERENCE / "synthetic-shipments-page.json").read_text()),
    *mocked("list_all_shipments", "list_matching_shipments"),
]

# What is asked of us, and the references to hold it against.
READS: dict[str, tuple[str, list[Any]]] = {
    "orders": ("/orders", [{"orders": ORDERS, "total": 3, "page": 1, "pages": 1}]),
    "orders by tag": (
        f"/orders/listbytag?orderStatus=awaiting_shipment&tagId={account.TAGS[0]['tagId']}",
        [{"orders": ORDERS, "total": 3, "page": 1, "pages": 1}],
    ),
    "shipments": ("/shipments?includeShipmentItems=true", SHIPMENTS),
    "shipments without items": ("/shipments", SHIPMENTS),
    "fulfillments": ("/fulfillments", mocked("fulfillments_list", "fulfillments_list_with_params")),
    "carriers": ("/carriers", [*recorded("List Carriers"), *mocked("list_carriers")]),
    "carrier": ("/carriers/getcarrier?carrierCode=stamps_com", recorded("Get Carrier By Code")),
    "services": ("/carriers/listservices?carrierCode=fedex", [*recorded("List Services"), *mocked("list_services")]),
    "packages": ("/carriers/listpackages?carrierCode=fedex", [*recorded("List Packages"), *mocked("list_packages")]),
    "stores": ("/stores?showInactive=true", [*recorded("List Stores"), *mocked("list_stores")]),
    "store": (f"/stores/{account.MARKET_STORE}", [*recorded("Get Store"), *mocked("store_get")]),
    "tags": ("/accounts/listtags", [*documented("Api-Tag-ListTagsResponse"), *mocked("list_tags")]),
    "warehouses": ("/warehouses", recorded("List Warehouses")),
    "users": ("/users", recorded("List Users")),
    "webhooks": ("/webhooks", [*recorded("List Webhooks"), *mocked("webhook_list")]),
}


@pytest.mark.parametrize("name", READS)
def test_what_is_read_has_the_shape_of_the_references(server: Server, name: str) -> None:
    path, references = READS[name]
    assert_same_shape(kinds_of([ask(server, "GET", path)]), kinds_of(references))


def assert_same_shape(ours: Kinds, theirs: Kinds) -> None:
    # Below a value that is null, or a list that is empty, in all of ours nothing can be seen.
    unseen = tuple(path for path, kinds in ours.items() if kinds <= {"null", "list"} and f"{path}[]" not in ours)
    missing = {path for path in theirs.keys() - ours.keys() if not path.startswith(unseen)}
    assert not missing
    assert ours.keys() - theirs.keys() <= DOCUMENTED_ELSEWHERE
    for path in ours.keys() & theirs.keys():
        strange = ours[path] - theirs[path]
        if path.rpartition(".")[2] in NULLABLE:
            strange -= {"null"}
        # A reference that is always null says nothing of the other kinds.
        assert not strange or theirs[path] == {"null"}, f"{path}: ours {ours[path]}, theirs {theirs[path]}"


def an_open_order(server: Server) -> int:
    return server.world.place_manual_order(items=[("17612 - 250237", 1)]).order_id


# What is done to an order of ours, and the references to hold the answer against.
WRITES: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    "hold": (
        "/orders/holduntil",
        {"holdUntilDate": "2026-12-01"},
        [*recorded("Hold Order Until"), *documented("Api-Order-HoldUntilResponse"), *mocked("hold_order_until")],
    ),
    "mark as shipped": (
        "/orders/markasshipped",
        {"carrierCode": "usps", "shipDate": "2026-11-16", "trackingNumber": "913492493294329421"},
        [*recorded("Mark an Order as Shipped"), *mocked("mark_order_as_shipped")],
    ),
    "add a tag": (
        "/orders/addtag",
        {"tagId": account.TAGS[0]["tagId"]},
        [*recorded("Add Tag To Order"), *documented("Api-Order-AddTagResponse"), *mocked("add_tag_to_order")],
    ),
    "remove a tag": (
        "/orders/removetag",
        {"tagId": account.TAGS[0]["tagId"]},
        [*recorded("Remove Tag from Order"), *documented("Api-Order-RemoveTagResponse")],
    ),
    "buy a label": (
        "/orders/createlabelfororder",
        {"carrierCode": "fedex", "serviceCode": "fedex_2day", "packageCode": "package", "shipDate": "2026-11-16"},
        [*documented("Api-Order-CreateLabelForOrderResponse"), *mocked("create_label_for_order")],
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_is_done_to_an_order_is_answered_like_the_references(server: Server, name: str) -> None:
    path, document, references = WRITES[name]
    answer = ask(server, "POST", path, {"orderId": an_open_order(server), **document})
    assert_same_shape(kinds_of([answer]), kinds_of(references))
    if "message" in answer:
        assert answer in references


def test_a_hold_is_restored_and_an_order_deleted_in_the_recorded_words(server: Server) -> None:
    held = server.world.hold(an_open_order(server), until=(START + timedelta(days=9)).date())
    restored = ask(server, "POST", "/orders/restorefromhold", {"orderId": held.order_id})
    assert restored in recorded("Restore Order from On Hold")
    assert ask(server, "DELETE", f"/orders/{held.order_id}") in recorded("Delete Order")


def test_users_are_assigned_and_labels_voided_in_the_documented_words(server: Server) -> None:
    order_id = an_open_order(server)
    assigned = ask(server, "POST", "/orders/assignuser", {"orderIds": [order_id], "userId": account.USER_ID})
    unassigned = ask(server, "POST", "/orders/unassignuser", {"orderIds": [order_id], "userId": account.USER_ID})
    shipment = server.world.buy_label(order_id)
    voided = ask(server, "POST", "/shipments/voidlabel", {"shipmentId": shipment.shipment_id})
    assert assigned in mocked("assign_user_to_order")
    assert unassigned in mocked("unassign_user_to_order")
    assert voided in mocked("void_shipment_label")


def test_webhooks_are_subscribed_to_and_given_up_as_recorded(server: Server) -> None:
    answer = ask(server, "POST", "/webhooks/subscribe", recorded_request("Subscribe to Webhook"))
    assert_same_shape(kinds_of([answer]), kinds_of(recorded("Subscribe to Webhook")))
    assert ask(server, "DELETE", f"/webhooks/{answer['id']}") is None


def test_a_batch_is_answered_in_the_recorded_shape(server: Server) -> None:
    references = [
        *recorded("Create/Update Multiple Orders"),
        *documented("Api-Order-CreateOrdersResponse"),
        *mocked("create_orders"),
    ]
    answer = ask(server, "POST", "/orders/createorders", [own_order("batch-1"), own_order("batch-2")])
    assert_same_shape(kinds_of([answer]), kinds_of(references))


def own_order(key: str) -> dict[str, Any]:
    """The recorded request, for a store of ours."""
    document: dict[str, Any] = recorded_request("Create/Update Order")
    advanced = {**document["advancedOptions"], "storeId": account.MANUAL_STORE}
    return {**document, "orderKey": key, "advancedOptions": advanced}


# What differs between the recorded answer and ours to the same request: numbers and stamps, and what only a real
# address check knows.
_OWN = {"orderId", "orderKey", "orderItemId", "productId", "customerId", "createDate", "modifyDate", "storeId"}
_OF_THE_ADDRESS_CHECK = {"street1": "1600 PENNSYLVANIA AVE", "postalCode": "20500-"}


def test_the_recorded_createorder_is_answered_with_the_recorded_values(server: Server) -> None:
    answer = ask(server, "POST", "/orders/createorder", own_order("by-value"))
    [reference] = recorded("Create/Update Order")

    def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
        if isinstance(theirs, dict):
            for name in theirs:
                if name not in _OWN:
                    yield from differences(ours[name], theirs[name], f"{path}.{name}")
        elif isinstance(theirs, list):
            assert len(ours) == len(theirs), path
            for place, inner in enumerate(theirs):
                yield from differences(ours[place], inner, f"{path}[{place}]")
        elif ours != theirs:
            yield path

    assert set(differences(answer, reference)) == {".shipTo.street1", ".shipTo.postalCode"}
    for name, beginning in _OF_THE_ADDRESS_CHECK.items():
        assert answer["shipTo"][name].startswith(beginning)


def test_answers_carry_the_recorded_headers(server: Server) -> None:
    collection = json.loads((REFERENCE / "postman-v1-recorded-2021.postman_collection.json").read_text())
    [orders] = [folder for folder in collection["item"] if folder["name"] == "Orders"]
    [listing] = [item for item in orders["item"] if item["name"] == "List Orders"]
    theirs = {header["key"].lower(): header["value"] for header in listing["response"][0]["header"]}
    with requests.Session() as session:
        session.auth = ("sandbox", "sandbox")
        ours = session.get(server.url + "/orders", timeout=10).headers
    only_sometimes = {"ss-api-server", "connection"}
    assert {name.lower() for name in ours} == theirs.keys() - only_sometimes
    changing = {"date", "content-length", "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"}
    for name in theirs.keys() - only_sometimes - changing:
        assert ours[name] == theirs[name]
