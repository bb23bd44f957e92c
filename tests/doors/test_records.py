"""Reading rows: everything documented arrives, what varies is tolerated, what would falsify the books is set aside."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.doors.shipstation import read_page
from shipsync.errors import ShipStationGarbled
from shipsync.rules.shipstation import Address, Feed, RemoteLine, RemoteOrder
from tests.doors.handler import Reply, desk

ANSWERED_AT = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)

ITEM: dict[str, Any] = {
    "orderItemId": 32318921,
    "lineItemKey": "1",
    "sku": "17612 - 250237",
    "name": "Tea",
    "quantity": 2,
    "unitPrice": 19.99,
    "adjustment": False,
    "createDate": "2026-11-20T08:00:00.11",
    "modifyDate": "2026-11-20T08:00:00.11",
}
DISCOUNT: dict[str, Any] = ITEM | {
    "orderItemId": 32318922,
    "sku": "CODE",
    "unitPrice": -5,
    "quantity": 1,
    "adjustment": True,
}

ORDER: dict[str, Any] = {
    "orderId": 2**40,
    "orderNumber": "100521",
    "orderKey": "manual-0c1d",
    "orderDate": "2026-11-20T00:00:00.0000000",
    "createDate": "2026-11-20T08:00:00.1130000",
    "modifyDate": "2026-11-20T08:30:00.2970000",
    "orderStatus": "awaiting_shipment",
    "customerEmail": "ada@example.com",
    "billTo": {"name": "Ada", "company": None, "street1": ""},
    "shipTo": {
        "name": "Ada",
        "company": "Engines",
        "street1": "1 Main St",
        "street2": "Floor 2",
        "city": "Austin",
        "state": "TX",
        "postalCode": "78701",
        "country": "US",
        "phone": "555-0100",
    },
    "items": [ITEM, DISCOUNT],
    "orderTotal": 34.98,
    "requestedShippingService": "Ground",
    "carrierCode": "fedex",
    "serviceCode": "fedex_ground",
    "packageCode": "package",
    "shipDate": "2026-11-21",
    "holdUntilDate": None,
    "externallyFulfilled": False,
    "advancedOptions": {"storeId": 179188, "mergedIds": [7, 8], "parentId": 6, "billToMyOtherAccount": 150759},
}
SHIPMENT: dict[str, Any] = {
    "shipmentId": 2**41,
    "orderId": 2**40,
    "orderKey": "manual-0c1d",
    "orderNumber": "100521",
    "createDate": "2026-11-20T09:00:00.5830000",
    "shipDate": "2026-11-20",
    "shipmentCost": 7.35,
    "insuranceCost": 0,
    "trackingNumber": "794600000001",
    "isReturnLabel": False,
    "batchNumber": "100002",
    "carrierCode": "fedex",
    "serviceCode": "fedex_ground",
    "packageCode": "package",
    "warehouseId": 37675,
    "voided": True,
    "voidDate": "2026-11-20T10:00:00.9930000",
    "advancedOptions": {"storeId": 179188},
    "shipmentItems": [ITEM],
}
FULFILLMENT: dict[str, Any] = {
    "fulfillmentId": 33974374,
    "orderId": 2**40,
    "orderNumber": "100521",
    "createDate": "2026-11-20T09:00:00.0000000",
    "shipDate": "2026-11-20T00:00:00.0000000",
    "trackingNumber": "9400",
    "carrierCode": "USPS",
    "fulfillmentFee": 1.25,
    "voided": False,
    "voidDate": None,
}
ROWS: dict[Feed, dict[str, Any]] = {
    "orders": ORDER,
    "shipments": SHIPMENT,
    "voids": SHIPMENT,
    "fulfillments": FULFILLMENT,
}
LIST_OF: dict[Feed, str] = {
    "orders": "orders",
    "shipments": "shipments",
    "voids": "shipments",
    "fulfillments": "fulfillments",
}
FEEDS = list(ROWS)


def read(feed: Feed, *rows: Any) -> tuple[list[Any], list[Any]]:
    body = json.dumps({LIST_OF[feed]: rows, "total": len(rows), "page": 1, "pages": 0})
    return read_page(feed, body, ANSWERED_AT)


def read_order(**changes: Any) -> RemoteOrder:
    ((order,), bad) = read("orders", ORDER | changes)
    assert bad == []
    return order  # type: ignore[no-any-return]


def test_every_field_of_an_order_arrives() -> None:
    order = read_order()
    assert order == RemoteOrder(
        order_id=2**40,
        order_number="100521",
        order_key="manual-0c1d",
        status="awaiting_shipment",
        ordered_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        created_at=datetime(2026, 11, 20, 16, 0, 0, 113_000, tzinfo=UTC),
        modified_at=datetime(2026, 11, 20, 16, 30, 0, 297_000, tzinfo=UTC),
        ship_date=date(2026, 11, 21),
        hold_until=None,
        store_id=179188,
        email="ada@example.com",
        ship_to=Address("Ada", "Engines", "1 Main St", "Floor 2", "Austin", "TX", "78701", "US", "555-0100"),
        bill_to=Address("Ada"),
        carrier_code="fedex",
        service_code="fedex_ground",
        package_code="package",
        requested_service="Ground",
        bill_to_account_id=150759,
        externally_fulfilled=False,
        merged_ids=(7, 8),
        parent_id=6,
        order_total=Decimal("34.98"),
        lines=(
            RemoteLine(32318921, "1", "17612 - 250237", "Tea", 2, Decimal("19.99")),
            RemoteLine(32318922, "1", "CODE", "Tea", 1, Decimal(-5), adjustment=True),
        ),
        content_hash=order.content_hash,
    )
    assert len(order.content_hash) == 32


@pytest.mark.parametrize("feed", ["shipments", "voids"])
def test_every_field_of_a_shipment_arrives(feed: Feed) -> None:
    ((label,), bad) = read(feed, SHIPMENT)
    assert bad == []
    assert (label.shipment_id, label.order_id, label.order_number, label.order_key) == (
        2**41,
        2**40,
        "100521",
        "manual-0c1d",
    )
    assert label.created_at == datetime(2026, 11, 20, 17, 0, 0, 583_000, tzinfo=UTC)
    assert label.ship_date == date(2026, 11, 20)
    assert (label.shipment_cost, label.insurance_cost) == (Decimal("7.35"), Decimal(0))
    assert (label.carrier_code, label.service_code, label.package_code) == ("fedex", "fedex_ground", "package")
    assert (label.tracking_number, label.is_return_label, label.batch_number) == ("794600000001", False, "100002")
    assert (label.warehouse_id, label.store_id) == (37675, 179188)
    assert (label.voided, label.voided_at) == (True, datetime(2026, 11, 20, 18, 0, 0, 993_000, tzinfo=UTC))
    assert [(line.sku, line.quantity) for line in label.lines] == [("17612 - 250237", 2)]


def test_every_field_of_a_fulfillment_arrives() -> None:
    ((parcel,), bad) = read("fulfillments", FULFILLMENT)
    assert bad == []
    assert (parcel.fulfillment_id, parcel.order_id, parcel.order_number) == (33974374, 2**40, "100521")
    assert parcel.created_at == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert parcel.ship_date == date(2026, 11, 20)
    assert (parcel.tracking_number, parcel.carrier_name) == ("9400", "USPS")
    assert (parcel.fulfillment_fee, parcel.voided, parcel.voided_at) == (Decimal("1.25"), False, None)


# --- tolerated

NEEDED: dict[Feed, set[str]] = {
    "orders": {"orderId", "orderNumber", "orderStatus", "modifyDate"},
    "shipments": {"shipmentId", "createDate"},
    "voids": {"shipmentId", "createDate"},
    "fulfillments": {"fulfillmentId", "createDate"},
}
OPTIONAL = [(feed, name) for feed in FEEDS for name in ROWS[feed] if name not in NEEDED[feed]]
CONTENT = [(feed, name) for feed in FEEDS for name in ROWS[feed] if name != "modifyDate"]
REQUIRED = [(feed, name) for feed in FEEDS for name in sorted(NEEDED[feed])]


@pytest.mark.parametrize(("feed", "name"), OPTIONAL)
def test_any_other_field_may_be_null_or_missing(feed: Feed, name: str) -> None:
    without = {key: value for key, value in ROWS[feed].items() if key != name}
    good, bad = read(feed, without, ROWS[feed] | {name: None})
    assert (len(good), bad) == (2, [])


@pytest.mark.parametrize(
    "name", ["orderKey", "customerEmail", "carrierCode", "serviceCode", "shipDate", "holdUntilDate", "orderDate"]
)
def test_an_empty_text_is_the_same_as_null(name: str) -> None:
    empty, null = (read_order(**{name: value}) for value in ("", None))
    assert {**as_dict(empty), "content_hash": ""} == {**as_dict(null), "content_hash": ""}


def as_dict(order: RemoteOrder) -> dict[str, Any]:
    return {name: getattr(order, name) for name in order.__slots__}


def test_unknown_fields_and_words_are_kept_out_of_the_way() -> None:
    order = read_order(orderStatus="rejected_fulfillment", somethingNew={"deep": [1]}, carrierCode="ox_cart")
    assert (order.status, order.carrier_code) == ("rejected_fulfillment", "ox_cart")


def test_null_elements_are_passed_over() -> None:
    good, bad = read("orders", None, ORDER | {"items": [None, ITEM, None]}, None)
    assert bad == []
    assert [len(order.lines) for order in good] == [1]


def test_no_items_and_items_not_told_are_two_things_on_a_label() -> None:
    good, _ = read("shipments", SHIPMENT | {"shipmentItems": None}, SHIPMENT | {"shipmentItems": []})
    assert [label.lines for label in good] == [None, ()]
    assert read_order(items=None).lines == ()


def test_a_number_where_a_text_belongs_is_its_text() -> None:
    assert read_order(orderNumber=100521).order_number == "100521"


def test_a_quantity_with_an_empty_fraction_is_whole() -> None:
    assert read_order(items=[ITEM | {"quantity": 2.0}]).lines[0].quantity == 2


# --- set aside


@pytest.mark.parametrize(("feed", "name"), REQUIRED)
@pytest.mark.parametrize("value", [None, "", {}, True])
def test_a_row_without_what_it_needs_is_set_aside_and_the_others_go_on(feed: Feed, name: str, value: Any) -> None:
    good, (bad,) = read(feed, ROWS[feed], ROWS[feed] | {name: value}, ROWS[feed])
    assert len(good) == 2
    assert bad.feed == feed
    assert name in bad.reason
    assert json.loads(bad.raw).keys() == ROWS[feed].keys()
    if not name.endswith("Id"):
        assert bad.entity_id == str(ROWS[feed][SHAPE_ID[feed]])


SHAPE_ID: dict[Feed, str] = {
    "orders": "orderId",
    "shipments": "shipmentId",
    "voids": "shipmentId",
    "fulfillments": "fulfillmentId",
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"items": [ITEM | {"quantity": "two"}]}, "quantity is not a whole number: 'two'."),
        ({"items": [ITEM | {"quantity": None}]}, "An item of items has no quantity (sku 17612 - 250237)."),
        ({"items": [ITEM | {"quantity": 1.5}]}, "quantity is not a whole number: '1.5'."),
        ({"items": "none"}, "items is not a list."),
        ({"items": ["tea"]}, "An element of items is not an item."),
        ({"orderId": 2**63}, "orderId has more than 64 bits."),
        ({"orderId": "12"}, "orderId is not a whole number: '12'."),
        ({"modifyDate": "soon"}, "modifyDate is not a date: 'soon'."),
        ({"modifyDate": 5}, "modifyDate is not a date: '5'."),
        ({"modifyDate": "9999-12-31T23:59:59"}, "modifyDate is not a date: '9999-12-31T23:59:59'."),
        ({"shipDate": "tomorrow"}, "shipDate is not a date: 'tomorrow'."),
        ({"shipTo": "Austin"}, "shipTo is not an address."),
        ({"advancedOptions": 7}, "advancedOptions is not an object with fields."),
        ({"orderTotal": "34.98"}, "orderTotal is not an amount: '34.98'."),
        ({"orderTotal": 10**10}, "orderTotal is not an amount: '10000000000'."),
        ({"orderTotal": 9999999999.996}, "orderTotal is not an amount: '9999999999.996'."),
        (
            {"items": [ITEM | {"quantity": 2**31}]},
            "An item of items has a quantity that is none: 2147483648 (sku 17612 - 250237).",
        ),
        ({"externallyFulfilled": "no"}, "externallyFulfilled is neither true nor false."),
        ({"orderKey": ["a"]}, "orderKey is not a text."),
    ],
)
def test_a_row_of_another_kind_is_set_aside_with_a_plain_reason(change: dict[str, Any], reason: str) -> None:
    good, (bad,) = read("orders", ORDER | change, ORDER)
    assert len(good) == 1
    assert bad.reason == reason
    assert bad.order_number == "100521"


@pytest.mark.parametrize(
    ("number", "cents"), [("19.985", "19.99"), ("-19.985", "-19.99"), ("7.350000000000001", "7.35"), ("7", "7")]
)
def test_an_amount_is_rounded_to_cents_once(number: str, cents: str) -> None:
    body = json.dumps({"orders": [ORDER | {"items": [ITEM | {"unitPrice": "HERE"}]}], "total": 1})
    (order,), bad = read_page("orders", body.replace('"HERE"', number), ANSWERED_AT)
    assert not bad
    assert isinstance(order, RemoteOrder)
    assert order.lines[0].unit_price == Decimal(cents)


@pytest.mark.parametrize(
    "number", ["1e400", "1e99999999999", "-1e99999999999", "1e-99999999999", "123456789012345678901234567890"]
)
def test_an_absurd_number_sets_its_row_aside_at_once(number: str) -> None:
    for name in ("orderTotal", "orderId"):
        body = json.dumps({"orders": [ORDER | {name: "HERE"}], "total": 1}).replace('"HERE"', number)
        good, bad = read_page("orders", body, ANSWERED_AT)
        assert (good, len(bad)) == ([], 1)


@pytest.mark.parametrize("row", ["text", 7, [], True])
def test_an_element_that_is_no_row_is_set_aside(row: Any) -> None:
    good, (bad,) = read("orders", ORDER, row)
    assert len(good) == 1
    assert json.loads(bad.raw) == row
    assert len(bad.entity_id) == 32


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("body", ["[]", "{}", '{"orders": {}}', "null", '{"total": 1}', "{"])
def test_what_is_no_page_of_the_feed_is_garbled(feed: Feed, body: str) -> None:
    with pytest.raises(ShipStationGarbled):
        read_page(feed, body, ANSWERED_AT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(FEEDS), st.data())
def test_no_value_in_any_field_stops_a_page(feed: Feed, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ROWS[feed])))
    odd = ROWS[feed] | {name: data.draw(json_values)}
    good, bad = read(feed, ROWS[feed], odd, ROWS[feed])
    assert len(good) + len(bad) == 3
    assert len(good) >= 2


# --- content hash


def test_only_a_modification_date_leaves_the_content_as_it_was() -> None:
    later = ORDER | {
        "modifyDate": "2026-11-20T09:00:00.0000000",
        "items": [ITEM | {"modifyDate": "2026-11-20T09:00:00"}, DISCOUNT],
    }
    ((one, other), _) = read("orders", ORDER, later)
    assert one.content_hash == other.content_hash
    assert one.modified_at < other.modified_at


@pytest.mark.parametrize(
    ("feed", "name"), [(feed, name) for feed in FEEDS for name in ROWS[feed] if name != "modifyDate"]
)
def test_any_other_difference_is_another_content(feed: Feed, name: str) -> None:
    without = {key: value for key, value in ROWS[feed].items() if key != name}
    if name in NEEDED[feed]:
        without[name] = "2026-11-20T09:09:09" if "Date" in name else 4711
    ((one, other), _) = read(feed, ROWS[feed], without)
    assert one.content_hash != other.content_hash


def test_content_does_not_depend_on_how_it_was_written() -> None:
    turned = dict(reversed(ORDER.items()))
    body = json.dumps({"orders": [turned], "total": 1}, indent=3).replace("34.98", "34.980")
    ((turned_order,), _) = read_page("orders", body, ANSWERED_AT)
    assert turned_order.content_hash == read_order().content_hash


# --- small lists


def test_several_accounts_of_one_carrier_are_kept_apart() -> None:
    rows = [
        {"shippingProviderId": 1, "code": "ups", "name": "UPS", "accountNumber": "A1", "primary": True},
        {"shippingProviderId": 2, "code": "ups", "name": None, "accountNumber": "", "primary": False},
        {"code": "ups", "name": "without an id"},
        None,
    ]
    first, second = desk(lambda asked: Reply(rows)).door.carriers()
    assert (first.provider_id, first.code, first.name, first.account_number, first.is_primary) == (
        1,
        "ups",
        "UPS",
        "A1",
        True,
    )
    assert (second.provider_id, second.name, second.account_number, second.is_primary) == (2, "ups", None, False)


def test_an_order_asked_by_id_that_cannot_be_read_is_garbled() -> None:
    with pytest.raises(ShipStationGarbled, match=r"Order 5 cannot be read: It has no orderStatus\."):
        desk(lambda asked: Reply(ORDER | {"orderStatus": None})).door.order(5)


def test_orders_by_number_are_exactly_those_of_that_number() -> None:
    rows = [ORDER | {"orderId": n, "orderNumber": number} for n, number in enumerate(["100", "1001", "100", "10"], 1)]
    at = desk(lambda asked: Reply({"orders": rows, "total": 4, "page": 1, "pages": 1}))
    assert [order.order_id for order in at.door.orders_numbered("100")] == [1, 3]
    assert at.asked[0].query["orderNumber"] == "100"


def test_parcels_of_an_order_are_asked_for_by_its_id() -> None:
    at = desk(
        lambda asked: Reply(
            {"shipments": [SHIPMENT], "total": 1}
            if asked.path == "/shipments"
            else {"fulfillments": [FULFILLMENT], "total": 1}
        )
    )
    assert [label.shipment_id for page in at.door.shipments_of(2**40) for label in page.rows] == [2**41]
    assert [parcel.fulfillment_id for page in at.door.fulfillments_of(2**40) for parcel in page.rows] == [33974374]
    assert [asked.query["orderId"] for asked in at.asked] == [str(2**40)] * 2
    assert at.asked[0].query["includeShipmentItems"] == "true"


def test_orders_of_a_status_are_walked_by_creation() -> None:
    at = desk(lambda asked: Reply({"orders": [ORDER], "total": 1, "page": 1, "pages": 1}))
    assert [order.order_id for page in at.door.orders_with_status("on_hold") for order in page.rows] == [2**40]
    assert at.asked[0].query["orderStatus"] == "on_hold"
    assert at.asked[0].query["createDateEnd"] == "2026-11-20 09:00:00"
