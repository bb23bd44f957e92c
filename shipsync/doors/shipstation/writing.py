"""From our orders to POST /orders/createorders, and from its results back (DESIGN D13, API.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shipsync.doors.shipstation.dates import sent_order_date
from shipsync.errors import ShipStationGarbled
from shipsync.rules.shipstation import Address, NewLine, NewOrder, UploadResult

MAX_BATCH = 100  # documented; what 101 give is unknown

_UNNAMED = "ShipStation's answer does not name this order. Sending it again is safe."


def orders_document(orders: Sequence[NewOrder]) -> list[dict[str, Any]]:
    """The request body: whole orders, as there is no partial update, each with its orderKey."""
    return [_order(order) for order in orders]


def check_results(data: Any) -> None:
    """Raise ShipStationGarbled unless the answer has the documented shape."""
    if not isinstance(data, dict) or not isinstance(data.get("results"), list):
        raise ShipStationGarbled("It has no list named results.")


def read_results(orders: Sequence[NewOrder], data: Any) -> list[UploadResult]:
    """One result per order, in the order of `orders`, matched by orderKey and else by a number that occurs once.

    An order that the answer does not name counts as failed: its upload is repeated, which the key makes harmless.
    """
    named = [result for result in data["results"] if isinstance(result, dict)]
    by_key = {result["orderKey"]: result for result in named if result.get("orderKey")}
    keyless = [result for result in named if not result.get("orderKey")]
    return [_result(order, by_key.get(order.order_key) or _by_number(order, keyless)) for order in orders]


def _by_number(order: NewOrder, keyless: list[dict[str, Any]]) -> dict[str, Any] | None:
    matching = [result for result in keyless if result.get("orderNumber") == order.order_number]
    return matching[0] if len(matching) == 1 else None


def _result(order: NewOrder, result: dict[str, Any] | None) -> UploadResult:
    if result is None:
        return UploadResult(order_key=order.order_key, order_id=None, success=False, message=_UNNAMED)
    order_id = result.get("orderId")
    has_id = isinstance(order_id, int) and not isinstance(order_id, bool) and order_id > 0
    message = result.get("errorMessage")
    return UploadResult(
        order_key=order.order_key,
        order_id=order_id if has_id else None,
        success=result.get("success") is True,
        message=str(message) if message else None,
    )


def _order(order: NewOrder) -> dict[str, Any]:
    return {
        "orderNumber": order.order_number,
        "orderKey": order.order_key,
        "orderDate": sent_order_date(order.ordered_at),
        "orderStatus": "awaiting_shipment",
        "customerEmail": order.email,
        "billTo": _address(order.bill_to, name=order.bill_to.name or order.ship_to.name),
        "shipTo": _address(order.ship_to, name=order.ship_to.name),
        "items": [_line(line) for line in order.lines],
        "shippingAmount": order.shipping_paid,
        "requestedShippingService": order.requested_service,
    }


def _address(address: Address, name: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "company": address.company,
        "street1": address.street1,
        "street2": address.street2,
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
        "country": address.country,
        "phone": address.phone,
    }


def _line(line: NewLine) -> dict[str, Any]:
    return {
        "lineItemKey": line.line_key,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unitPrice": line.unit_price,
    }
