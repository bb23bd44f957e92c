"""What createorder and createorders take, and what ShipStation makes of it (API.md sections 3 and 5).

Recorded: the ship-to address is rewritten in capitals with ZIP+4, customerId and productId become ShipStation's own,
unknown tags are dropped, warehouse 0 is none, an identical re-post moves modifyDate and keeps orderItemIds.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shipsync.sandbox import account
from shipsync.sandbox.books import Books
from shipsync.sandbox.objects import OPEN_STATUSES, STATUSES, Address, Advanced, Line, Order
from shipsync.sandbox.order_book import Refused, UploadRow
from shipsync.sandbox.pacific import read_date, stamp

_MAX_NUMBER = 50

Document = Mapping[str, Any]


def upload(books: Books, at: datetime, document: Any) -> UploadRow:
    """Create or update one order. A refused order is a row with a message; the others of its batch are not touched."""
    document = document if isinstance(document, Mapping) else {}
    number, key = _text(document, "orderNumber"), _text(document, "orderKey")
    try:
        order, is_new = _upsert(books, stamp(at), document)
    except Refused as refusal:
        failed_id = 0 if books.switches.failed_row_order_id == "zero" else None
        return UploadRow(failed_id, number, key, success=False, message=str(refusal))
    return UploadRow(order.order_id, order.number, order.key, success=True, message=None, is_new=is_new)


def _upsert(books: Books, at: datetime, document: Document) -> tuple[Order, bool]:
    known = _known(books, document)
    fields = _read(books, document)
    if known is None:
        lines = tuple(_line(books, at, item, None) for item in fields.pop("items"))
        return books.add_order(at, **fields, key=_text(document, "orderKey"), lines=lines), True
    if known.status not in OPEN_STATUSES or known.merged_into is not None:
        if books.switches.locked_order == "unchanged":
            return known, False
        state = known.status if known.merged_into is None else "merged into another"
        raise Refused(f"The order is {state} and cannot be updated.")
    items = fields.pop("items")
    fields.pop("store_id")  # only settable at creation
    if books.switches.omitted_fields == "kept":
        named = {field for name, field in _FIELD_OF.items() if name in document}
        fields = {name: value for name, value in fields.items() if name in named}
    lines = _matched(books, at, known, items)
    with books.changing(known, at):
        if "items" in document or books.switches.omitted_fields == "lost":
            known.lines = lines
        for name, value in fields.items():
            setattr(known, name, value)
    return known, False


def _known(books: Books, document: Document) -> Order | None:
    """The order that a document means: by orderId and key (needed for splits), or by key."""
    key = _text(document, "orderKey")
    order_id = document.get("orderId")
    order = books.orders.get(order_id) if isinstance(order_id, int) and order_id else None
    if order is None and key is not None and key in books.by_key:
        order = books.orders[books.by_key[key]]
    if order is not None and order.is_deleted:
        if books.switches.repost_deleted == "error":
            raise Refused("The order is inactive and cannot be updated.")
        books.by_key.pop(order.key, None)
        return None
    return order


# Which field of an order each name of a document fills, where they may be left out.
_FIELD_OF = {
    "orderNumber": "number",
    "orderStatus": "status",
    "orderDate": "ordered",
    "shipTo": "ship_to",
    "billTo": "bill_to",
    "paymentDate": "paid",
    "shipByDate": "ship_by",
    "customerEmail": "email",
    "customerUsername": "username",
    "amountPaid": "amount_paid",
    "taxAmount": "tax",
    "shippingAmount": "shipping_paid",
    "customerNotes": "customer_notes",
    "internalNotes": "internal_notes",
    "gift": "gift",
    "giftMessage": "gift_message",
    "paymentMethod": "payment_method",
    "requestedShippingService": "requested_service",
    "carrierCode": "carrier_code",
    "serviceCode": "service_code",
    "packageCode": "package_code",
    "confirmation": "confirmation",
    "shipDate": "ship_date",
    "weight": "weight",
    "dimensions": "dimensions",
    "insuranceOptions": "insurance",
    "internationalOptions": "international",
    "advancedOptions": "advanced",
    "tagIds": "tags",
}


def _read(books: Books, document: Document) -> dict[str, Any]:
    """The fields of an Order that a document holds. Raises Refused with what is wrong first."""
    number, status = _text(document, "orderNumber"), _text(document, "orderStatus")
    if not number:
        raise Refused("Order Number must be provided.")
    if len(number) > _MAX_NUMBER:
        raise Refused("Order Number must not be longer than 50 characters.")
    if status not in STATUSES:
        raise Refused("Invalid orderStatus.")
    ordered = _date(document, "orderDate")
    if ordered is None:
        raise Refused("Order Date must be provided.")
    ship_to = _object(document, "shipTo")
    bill_to = _object(document, "billTo")
    if not ship_to:
        raise Refused("Ship To must be provided.")
    if not _text(ship_to, "postalCode"):
        raise Refused("Ship To: Postal Code must be provided.")
    if not _text(bill_to, "name"):
        raise Refused("Bill To: Name must be provided.")
    advanced = _object(document, "advancedOptions")
    known_stores = {store["storeId"] for store in account.STORES}
    store_id = advanced.get("storeId") or account.MANUAL_STORE
    if store_id not in known_stores:
        raise Refused("Invalid storeId.")
    tag_ids = {tag["tagId"] for tag in account.TAGS}
    email = _text(document, "customerEmail")
    ship_date = _date(document, "shipDate")
    return {
        "number": number,
        "status": status,
        "store_id": store_id,
        "ordered": ordered,
        "paid": _date(document, "paymentDate"),
        "ship_by": _date(document, "shipByDate"),
        "email": email,
        "username": _text(document, "customerUsername"),
        "customer_id": books.customer_id(email),
        "bill_to": _address(bill_to),
        "ship_to": verified(_address(ship_to)),
        "items": _items(document),
        "amount_paid": _money(document, "amountPaid"),
        "tax": _money(document, "taxAmount"),
        "shipping_paid": _money(document, "shippingAmount"),
        "customer_notes": _text(document, "customerNotes"),
        "internal_notes": _text(document, "internalNotes"),
        "gift": bool(document.get("gift")),
        "gift_message": _text(document, "giftMessage"),
        "payment_method": _text(document, "paymentMethod"),
        "requested_service": _text(document, "requestedShippingService"),
        "carrier_code": _text(document, "carrierCode"),
        "service_code": _text(document, "serviceCode"),
        "package_code": _text(document, "packageCode"),
        "confirmation": _text(document, "confirmation"),
        "ship_date": ship_date.date() if ship_date else None,
        "weight": _weight(document.get("weight")),
        "dimensions": _object(document, "dimensions") or None,
        "insurance": _object(document, "insuranceOptions") or None,
        "international": {"contents": None, "customsItems": None, "nonDelivery": None}
        | _object(document, "internationalOptions"),
        "advanced": _advanced(advanced),
        "tags": tuple(tag for tag in document.get("tagIds") or () if tag in tag_ids),
    }


def verified(address: Address) -> Address:
    """The address as ShipStation's check rewrites it: capitals, ZIP+4, residential by its own judgement (recorded)."""
    postal_code = (address.postal_code or "").upper()
    is_american = (address.country or "US").upper() == "US"
    if is_american and len(postal_code) == 5 and postal_code.isdigit():
        postal_code += f"-{zlib.crc32((address.street1 or '').upper().encode()) % 10_000:04d}"
    return replace(
        address,
        company=_upper(address.company),
        street1=_upper(address.street1),
        street2=_upper(address.street2),
        street3=_upper(address.street3),
        city=_upper(address.city),
        state=_upper(address.state),
        postal_code=postal_code,
        residential=not address.company,
        verified="Address validated successfully" if is_american else "Address not yet validated",
    )


def _upper(text: str | None) -> str | None:
    return None if text is None else text.upper()


def _items(document: Document) -> list[Document]:
    items = document.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise Refused("Invalid items.")
    return items


def _matched(books: Books, at: datetime, order: Order, items: list[Document]) -> tuple[Line, ...]:
    """The lines of a re-post: one with a known line key, or else a known SKU, keeps its orderItemId."""
    left = list(order.lines)
    lines = []
    for item in items:
        key, sku = _text(item, "lineItemKey"), _text(item, "sku")
        old = next(
            (line for line in left if (key is not None and line.line_key == key) or (key is None and line.sku == sku)),
            None,
        )
        if old is not None:
            left.remove(old)
        lines.append(_line(books, at, item, old))
    return tuple(lines)


def _line(books: Books, at: datetime, item: Document, old: Line | None) -> Line:
    sku = _text(item, "sku")
    quantity = item.get("quantity")
    if quantity is None:
        quantity = 1
    if not isinstance(quantity, int) or isinstance(quantity, bool):
        raise Refused("Invalid item quantity.")
    name = _text(item, "name") or ""
    price = _money(item, "unitPrice")
    line = old or books.new_line(at, sku, name, quantity, price)
    changed = replace(
        line,
        line_key=_text(item, "lineItemKey"),
        sku=sku,
        name=name,
        quantity=quantity,
        unit_price=price,
        image_url=_text(item, "imageUrl"),
        weight=_weight(item.get("weight")),
        tax=_optional_money(item, "taxAmount"),
        shipping=_optional_money(item, "shippingAmount"),
        warehouse_location=_text(item, "warehouseLocation"),
        options=tuple(
            (str(option.get("name")), str(option.get("value")))
            for option in item.get("options") or ()
            if isinstance(option, Mapping)
        ),
        product_id=None if item.get("adjustment") else books.product_id(sku),
        fulfillment_sku=_text(item, "fulfillmentSku"),
        adjustment=bool(item.get("adjustment")),
        upc=_text(item, "upc"),
    )
    return changed if old is None or changed == old else replace(changed, modified=at)


def _address(document: Document) -> Address:
    residential = document.get("residential")
    return Address(
        name=_text(document, "name"),
        company=_text(document, "company"),
        street1=_text(document, "street1"),
        street2=_text(document, "street2"),
        street3=_text(document, "street3"),
        city=_text(document, "city"),
        state=_text(document, "state"),
        postal_code=_text(document, "postalCode"),
        country=_text(document, "country"),
        phone=_text(document, "phone"),
        residential=residential if isinstance(residential, bool) else None,
    )


def _advanced(document: Document) -> Advanced:
    return Advanced(
        warehouse_id=document.get("warehouseId") or None,
        non_machinable=bool(document.get("nonMachinable")),
        saturday_delivery=bool(document.get("saturdayDelivery")),
        contains_alcohol=bool(document.get("containsAlcohol")),
        custom_field1=_text(document, "customField1"),
        custom_field2=_text(document, "customField2"),
        custom_field3=_text(document, "customField3"),
        source=_text(document, "source"),
        bill_to_party=_text(document, "billToParty"),
        bill_to_account=_text(document, "billToAccount"),
        bill_to_postal_code=_text(document, "billToPostalCode"),
        bill_to_country_code=_text(document, "billToCountryCode"),
        bill_to_my_other_account=document.get("billToMyOtherAccount") or None,
    )


def _weight(document: Any) -> dict[str, Any] | None:
    if not isinstance(document, Mapping):
        return None
    return {"value": document.get("value") or 0, "units": document.get("units") or "ounces", "WeightUnits": 1}


def _object(document: Document, name: str) -> dict[str, Any]:
    value = document.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise Refused(f"Invalid {name}.")
    return dict(value or {})


def _text(document: Document, name: str) -> str | None:
    value = document.get(name)
    return None if value is None else str(value)


def _money(document: Document, name: str) -> Decimal | int:
    return _optional_money(document, name) or 0


def _optional_money(document: Document, name: str) -> Decimal | int | None:
    value = document.get(name)
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        return Decimal(str(value))
    raise Refused(f"Invalid {name}.")


def _date(document: Document, name: str) -> datetime | None:
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, date):
        raise Refused(f"Invalid {name}.")
    try:
        # What is sent is stored as it is; an offset is not counted in (recorded: dates come back as sent).
        return read_date(str(value), honour_offsets=False)
    except ValueError:
        raise Refused(f"Invalid {name}.") from None
