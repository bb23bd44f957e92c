"""Uploading orders: what is sent, and how ShipStation's results are matched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shipsync.rules.shipstation import Address, NewLine, NewOrder, UploadResult
from tests.doors.handler import Reply, desk

ADA = Address(
    name="Ada",
    company="Engines",
    street1="1 Main St",
    street2=None,
    city="Austin",
    state="TX",
    postal_code="78701",
    country="US",
    phone="555-0100",
)
ORDER = NewOrder(
    order_key="shipsync:X-Cart:1001",
    order_number="1001",
    ordered_at=datetime(2026, 11, 20, 17, 30, tzinfo=UTC),
    email="ada@example.com",
    ship_to=ADA,
    bill_to=Address(),
    requested_service="Ground",
    shipping_paid=Decimal("4.95"),
    lines=(NewLine("1", "17612 - 250237", "Tea", 2, Decimal("19.99")),),
)


def another(number: str) -> NewOrder:
    return replace(ORDER, order_number=number, order_key=f"shipsync:X-Cart:{number}")


def result(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "orderId": 500_000 + int(number),
        "orderNumber": number,
        "orderKey": f"shipsync:X-Cart:{number}",
        "success": True,
        "errorMessage": None,
    } | changes


def upload(orders: list[NewOrder], *results: Any) -> list[UploadResult]:
    return desk(lambda asked: Reply({"hasErrors": True, "results": results})).door.create_orders(orders)


def test_an_order_is_sent_whole_with_its_key_and_its_pacific_date() -> None:
    at = desk(lambda asked: Reply({"hasErrors": False, "results": [result("1001")]}))
    at.door.create_orders([ORDER])
    (asked,) = at.asked
    assert (asked.method, asked.path) == ("POST", "/orders/createorders")
    assert asked.document == [
        {
            "orderNumber": "1001",
            "orderKey": "shipsync:X-Cart:1001",
            "orderDate": "2026-11-20T09:30:00.0000000",
            "orderStatus": "awaiting_shipment",
            "customerEmail": "ada@example.com",
            "billTo": {
                "name": "Ada",  # required by ShipStation, so the recipient's stands in
                "company": None,
                "street1": None,
                "street2": None,
                "city": None,
                "state": None,
                "postalCode": None,
                "country": None,
                "phone": None,
            },
            "shipTo": {
                "name": "Ada",
                "company": "Engines",
                "street1": "1 Main St",
                "street2": None,
                "city": "Austin",
                "state": "TX",
                "postalCode": "78701",
                "country": "US",
                "phone": "555-0100",
            },
            "items": [{"lineItemKey": "1", "sku": "17612 - 250237", "name": "Tea", "quantity": 2, "unitPrice": 19.99}],
            "shippingAmount": 4.95,
            "requestedShippingService": "Ground",
        }
    ]


def test_results_are_matched_by_key_in_any_order() -> None:
    orders = [another("1"), another("2"), another("3")]
    failed = result("2", success=False, orderId=0, errorMessage="Ship To: Postal Code must be provided.")
    assert upload(orders, result("3"), failed, result("1")) == [
        UploadResult("shipsync:X-Cart:1", 500_001, True, None),
        UploadResult("shipsync:X-Cart:2", None, False, "Ship To: Postal Code must be provided."),
        UploadResult("shipsync:X-Cart:3", 500_003, True, None),
    ]


@pytest.mark.parametrize("order_id", [0, None, "", "17"])
def test_a_failed_result_has_no_id(order_id: object) -> None:
    ((one),) = upload([another("1")], result("1", success=False, orderId=order_id))
    assert (one.order_id, one.success) == (None, False)


def test_a_result_without_a_key_is_matched_by_its_number_if_that_is_clear() -> None:
    one, two = upload([another("1"), another("2")], result("1", orderKey=None), result("2", orderKey=""))
    assert (one.order_id, two.order_id) == (500_001, 500_002)
    (unclear,) = upload([another("1")], result("1", orderKey=None), result("1", orderKey=None, orderId=9))
    assert not unclear.success


def test_an_order_that_the_answer_does_not_name_counts_as_failed() -> None:
    one, two = upload([another("1"), another("2")], result("2"), None)
    assert (one.success, one.order_id) == (False, None)
    assert "again is safe" in str(one.message)
    assert two.success


def test_nothing_to_upload_asks_nothing() -> None:
    at = desk(lambda asked: Reply({}))
    assert at.door.create_orders([]) == []
    assert at.asked == []


def test_a_batch_takes_100_orders_and_each_key_once() -> None:
    at = desk(lambda asked: Reply({"hasErrors": False, "results": []}))
    assert len(at.door.create_orders([another(str(n)) for n in range(100)])) == 100
    with pytest.raises(ValueError, match="at most 100"):
        at.door.create_orders([another(str(n)) for n in range(101)])
    with pytest.raises(ValueError, match="same orderKey"):
        at.door.create_orders([ORDER, ORDER])
    assert len(at.asked) == 1
