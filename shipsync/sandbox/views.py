"""How ShipStation shows what it holds: orders, shipments and fulfillments as JSON documents.

Field names, their order, and which are null follow recorded responses (API.md sections 3 and 4; tests/reference).
An order shows no tracking number, no cost and no void: those are on its shipments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shipsync.sandbox.objects import Address, Fulfillment, Line, Order, Shipment
from shipsync.sandbox.pacific import long_text, short_text, wall


def to_json(document: Any) -> str:
    """JSON as ShipStation sends it: no spaces, text as UTF-8, money as plain numbers."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_number)


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here.")


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else long_text(wall(instant))


def _wall(wall_time: datetime | None) -> str | None:
    return None if wall_time is None else long_text(wall_time)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def address_view(address: Address) -> dict[str, Any]:
    """One address."""
    return {
        "name": address.name,
        "company": address.company,
        "street1": address.street1,
        "street2": address.street2,
        "street3": address.street3,
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
        "country": address.country,
        "phone": address.phone,
        "residential": address.residential,
        "addressVerified": address.verified,
    }


def line_view(line: Line) -> dict[str, Any]:
    """One item of an order."""
    return {
        "orderItemId": line.item_id,
        "lineItemKey": line.line_key,
        "sku": line.sku,
        "name": line.name,
        "imageUrl": line.image_url,
        "weight": line.weight,
        "quantity": line.quantity,
        "unitPrice": line.unit_price,
        "taxAmount": line.tax,
        "shippingAmount": line.shipping,
        "warehouseLocation": line.warehouse_location,
        "options": [{"name": name, "value": value} for name, value in line.options],
        "productId": line.product_id,
        "fulfillmentSku": line.fulfillment_sku,
        "adjustment": line.adjustment,
        "upc": line.upc,
        "createDate": short_text(wall(line.created)),
        "modifyDate": short_text(wall(line.modified)),
    }


def order_total(order: Order) -> Decimal | int:
    """Recorded: the items with their adjustments, plus the order's tax and shipping; item-level tax is not added."""
    return sum((line.quantity * line.unit_price for line in order.lines), start=order.tax + order.shipping_paid)


_NO_INSURANCE = {"provider": None, "insureShipment": False, "insuredValue": 0}
_NOT_INTERNATIONAL = {"contents": None, "customsItems": None, "nonDelivery": None}


def order_view(order: Order) -> dict[str, Any]:
    """One order, as GET /orders and createorder show it."""
    advanced = order.advanced
    return {
        "orderId": order.order_id,
        "orderNumber": order.number,
        "orderKey": order.key,
        "orderDate": _wall(order.ordered),
        "createDate": _instant(order.created),
        "modifyDate": _instant(order.modified),
        "paymentDate": _wall(order.paid),
        "shipByDate": _wall(order.ship_by),
        "orderStatus": order.status,
        "customerId": order.customer_id,
        "customerUsername": order.username,
        "customerEmail": order.email,
        "billTo": address_view(order.bill_to),
        "shipTo": address_view(order.ship_to),
        "items": [line_view(line) for line in order.lines],
        "orderTotal": order_total(order),
        "amountPaid": order.amount_paid,
        "taxAmount": order.tax,
        "shippingAmount": order.shipping_paid,
        "customerNotes": order.customer_notes,
        "internalNotes": order.internal_notes,
        "gift": order.gift,
        "giftMessage": order.gift_message,
        "paymentMethod": order.payment_method,
        "requestedShippingService": order.requested_service,
        "carrierCode": order.carrier_code,
        "serviceCode": order.service_code,
        "packageCode": order.package_code,
        "confirmation": order.confirmation,
        "shipDate": _day(order.ship_date),
        "holdUntilDate": _day(order.hold_until),
        "weight": order.weight or {"value": 0, "units": "ounces", "WeightUnits": 1},
        "dimensions": order.dimensions,
        "insuranceOptions": order.insurance or _NO_INSURANCE,
        "internationalOptions": order.international or _NOT_INTERNATIONAL,
        "advancedOptions": {
            "warehouseId": advanced.warehouse_id,
            "nonMachinable": advanced.non_machinable,
            "saturdayDelivery": advanced.saturday_delivery,
            "containsAlcohol": advanced.contains_alcohol,
            "mergedOrSplit": order.merged_or_split,
            "mergedIds": list(order.merged_ids),
            "parentId": order.parent_id,
            "storeId": order.store_id,
            "customField1": advanced.custom_field1,
            "customField2": advanced.custom_field2,
            "customField3": advanced.custom_field3,
            "source": advanced.source,
            "billToParty": advanced.bill_to_party,
            "billToAccount": advanced.bill_to_account,
            "billToPostalCode": advanced.bill_to_postal_code,
            "billToCountryCode": advanced.bill_to_country_code,
            "billToMyOtherAccount": advanced.bill_to_my_other_account,
        },
        "tagIds": list(order.tags) or None,
        "userId": order.user_id,
        "externallyFulfilled": order.externally_fulfilled,
        "externallyFulfilledBy": None,
        "externallyFulfilledById": None,
        "externallyFulfilledByName": None,
        "labelMessages": None,
    }


def _shipped_line_view(line: Line) -> dict[str, Any]:
    return {
        **line_view(line),
        "weight": None,
        "taxAmount": None,
        "shippingAmount": None,
        "options": None,
        "createDate": None,
        "modifyDate": None,
    }


def shipment_view(shipment: Shipment, *, with_items: bool, itemless: str = "null") -> dict[str, Any]:
    """One label. `shipmentItems` is null unless asked for, and for a label that carries no items as the switch says."""
    items: list[dict[str, Any]] | None = None
    if with_items:
        if shipment.lines is not None:
            items = [_shipped_line_view(line) for line in shipment.lines]
        elif itemless == "empty":
            items = []
    return {
        "shipmentId": shipment.shipment_id,
        "orderId": shipment.order_id,
        "orderKey": shipment.key,
        "userId": shipment.user_id,
        "customerEmail": shipment.email,
        "orderNumber": shipment.number,
        "createDate": _instant(shipment.created),
        "shipDate": _day(shipment.ship_date),
        "shipmentCost": shipment.cost,
        "insuranceCost": shipment.insurance_cost,
        "trackingNumber": shipment.tracking,
        "isReturnLabel": shipment.is_return,
        "batchNumber": shipment.batch,
        "carrierCode": shipment.carrier_code,
        "serviceCode": shipment.service_code,
        "packageCode": shipment.package_code,
        "confirmation": shipment.confirmation,
        "warehouseId": shipment.warehouse_id,
        "voided": not shipment.is_active,
        "voidDate": _instant(shipment.voided),
        "marketplaceNotified": shipment.notified,
        "notifyErrorMessage": shipment.notify_error,
        "shipTo": address_view(shipment.ship_to),
        "weight": shipment.weight or {"value": 0, "units": "ounces", "WeightUnits": 1},
        "dimensions": shipment.dimensions,
        "insuranceOptions": _NO_INSURANCE,
        "advancedOptions": {
            "billToParty": None,
            "billToAccount": None,
            "billToPostalCode": None,
            "billToCountryCode": None,
            "storeId": shipment.store_id,
        },
        "shipmentItems": items,
        "labelData": None,
        "formData": None,
    }


def fulfillment_view(fulfillment: Fulfillment) -> dict[str, Any]:
    """One order marked as shipped. `carrierCode` is display text, `shipDate` a midnight timestamp."""
    midnight = datetime.combine(fulfillment.ship_date, datetime.min.time())
    return {
        "fulfillmentId": fulfillment.fulfillment_id,
        "orderId": fulfillment.order_id,
        "orderNumber": fulfillment.number,
        "userId": fulfillment.user_id,
        "customerEmail": fulfillment.email,
        "trackingNumber": fulfillment.tracking,
        "createDate": _instant(fulfillment.created),
        "shipDate": long_text(midnight),
        "voidDate": _instant(fulfillment.voided),
        "deliveryDate": None,
        "carrierCode": fulfillment.carrier_name,
        "fulfillmentProviderCode": None,
        "fulfillmentServiceCode": None,
        "fulfillmentFee": fulfillment.fee,
        "voidRequested": fulfillment.voided is not None,
        "voided": fulfillment.voided is not None,
        "marketplaceNotified": fulfillment.notified,
        "notifyErrorMessage": None,
        "shipTo": address_view(fulfillment.ship_to),
    }


class Texts:
    """Rendered texts by id, kept until the object changes, so that a page is a join and not a rendering.

    At most `limit` texts are kept (2 kB each); past that the cache starts anew.
    """

    def __init__(self, limit: int = 250_000) -> None:
        self._limit = limit
        self._texts: dict[int, str] = {}

    def get(self, entity_id: int) -> str | None:
        """The text, if the object has not changed since it was kept."""
        return self._texts.get(entity_id)

    def keep(self, entity_id: int, text: str) -> str:
        """Keep a text, and return it."""
        if len(self._texts) >= self._limit:
            self._texts.clear()
        self._texts[entity_id] = text
        return text

    def forget(self, entity_id: int) -> None:
        """The object changed: render it anew when it is next asked for."""
        self._texts.pop(entity_id, None)


def envelope(key: str, rows: Iterable[str], total: int, page: int, pages: int) -> str:
    """A list answer around rows that are texts already."""
    return f'{{"{key}":[{",".join(rows)}],"total":{total},"page":{page},"pages":{pages}}}'
