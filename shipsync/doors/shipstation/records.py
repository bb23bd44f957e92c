"""From a row of an answer to a record of `rules.shipstation` (API.md sections 3 and 4).

Tolerant where ShipStation is known to vary: unknown fields and words, null, "" and missing alike, null elements in
lists. Strict where a guess would put a wrong number into the books: ids, dates and quantities of another kind than
documented make the row a BadRow with a reason, and the rest of the page goes on.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, Protocol, TypeVar, overload

from shipsync.doors.shipstation.dates import to_date, to_instant
from shipsync.doors.shipstation.transport import load_json
from shipsync.errors import ShipStationGarbled
from shipsync.rules.shipstation import (
    Address,
    BadRow,
    Carrier,
    Feed,
    RemoteFulfillment,
    RemoteLine,
    RemoteOrder,
    RemoteShipment,
    Service,
    Store,
)

log = logging.getLogger(__name__)

RemoteRow = RemoteOrder | RemoteShipment | RemoteFulfillment
Row = dict[str, Any]
T = TypeVar("T")

_NOWHERE = Address()
_MAX_ID = 2**63 - 1
_MAX_QUANTITY = 2**31 - 1
_MAX_USD = 10**10  # so much or more is no amount, and no column holds it
_MAX_DIGITS = 30  # behind the point; a number of doubtful arithmetic has up to 17
_CENT = Decimal("0.01")

# One text for equal content: sorted names, no spaces, numbers as floats (12.50 and 12.5 are the same).
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=float, check_circular=False)


class _Unreadable(Exception):
    """A row that must go to quarantine; the text is the reason."""


class _Decode(Protocol):
    def __call__(self, row: Row, answered_at: datetime) -> RemoteRow: ...


@dataclass(frozen=True, slots=True)
class ListShape:
    """Where a feed's rows stand in an answer, and what identifies them."""

    rows: str  # name of the list in the envelope
    entity_id: str


SHAPES: dict[Feed, ListShape] = {
    "orders": ListShape("orders", "orderId"),
    "shipments": ListShape("shipments", "shipmentId"),
    "voids": ListShape("shipments", "shipmentId"),
    "fulfillments": ListShape("fulfillments", "fulfillmentId"),
}


@overload
def read_page(feed: Literal["orders"], body: str, answered_at: datetime) -> tuple[list[RemoteOrder], list[BadRow]]: ...
@overload
def read_page(
    feed: Literal["shipments", "voids"], body: str, answered_at: datetime
) -> tuple[list[RemoteShipment], list[BadRow]]: ...
@overload
def read_page(
    feed: Literal["fulfillments"], body: str, answered_at: datetime
) -> tuple[list[RemoteFulfillment], list[BadRow]]: ...
@overload
def read_page(feed: Feed, body: str, answered_at: datetime) -> tuple[list[Any], list[BadRow]]: ...
def read_page(feed: Feed, body: str, answered_at: datetime) -> tuple[list[Any], list[BadRow]]:
    """Read the exact text of a stored page again. Raises ShipStationGarbled when it is no page of that feed."""
    rows, _ = envelope(feed, load_json(body))
    return read_rows(feed, rows, answered_at)


def envelope(feed: Feed, data: object) -> tuple[list[object], int]:
    """The rows of a list answer and its `total`. `pages` is not looked at: it is known to be wrong (API.md fact 6)."""
    name = SHAPES[feed].rows
    rows = data.get(name) if isinstance(data, dict) else None
    total = data.get("total") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ShipStationGarbled(f"The answer has no list named {name}.")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise ShipStationGarbled(f"The list of {name} does not say its total.")
    return rows, total


def read_rows(feed: Feed, rows: list[object], answered_at: datetime) -> tuple[list[Any], list[BadRow]]:
    """Read every row there is, in order: the records, and what could not be read. Null rows are passed over.

    The rows are used up: reading takes their modification dates out.
    """
    good: list[RemoteRow] = []
    bad: list[BadRow] = []
    decode = _DECODERS[feed]
    for row in rows:
        if row is None:
            continue
        if not isinstance(row, dict):
            bad.append(_bad(feed, row, "It is not an object with fields."))
            continue
        try:
            good.append(decode(row, answered_at))
        except _Unreadable as reason:
            bad.append(_bad(feed, row, str(reason)))
    return good, bad


def row_id(feed: Feed, row: object) -> str:
    """What identifies a row: its id, or a hash of its text where it has none."""
    if isinstance(row, dict):
        value = row.get(SHAPES[feed].entity_id)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return _hash_of(row)


def read_carriers(data: object) -> list[Carrier]:
    """The answer of GET /carriers: one record per carrier account."""
    return _each("carriers", data, _carrier)


def read_services(data: object) -> list[Service]:
    """The answer of GET /carriers/listservices."""
    return _each("services", data, _service)


def read_stores(data: object) -> list[Store]:
    """The answer of GET /stores."""
    return _each("stores", data, _store)


def _each(what: str, data: object, decode: Callable[[Row], T]) -> list[T]:
    if not isinstance(data, list):
        raise ShipStationGarbled(f"The answer for {what} is not a list.")
    read: list[T] = []
    for row in data:
        if not isinstance(row, dict):
            continue
        try:
            read.append(decode(row))
        except _Unreadable as reason:
            log.warning("A row of %s was passed over: %s", what, reason)
    return read


def _order(row: Row, answered_at: datetime) -> RemoteOrder:
    options = _part(row, "advancedOptions")
    return RemoteOrder(
        order_id=_id(row, "orderId"),
        order_number=_needed_text(row, "orderNumber"),
        order_key=_text(row, "orderKey"),
        status=_needed_text(row, "orderStatus"),
        ordered_at=_instant(row, "orderDate", answered_at),
        created_at=_instant(row, "createDate", answered_at),
        modified_at=_needed_instant(row, "modifyDate", answered_at),
        ship_date=_date(row, "shipDate"),
        hold_until=_date(row, "holdUntilDate"),
        store_id=_whole(options, "storeId"),
        email=_text(row, "customerEmail"),
        ship_to=_address(row, "shipTo"),
        bill_to=_address(row, "billTo"),
        carrier_code=_text(row, "carrierCode"),
        service_code=_text(row, "serviceCode"),
        package_code=_text(row, "packageCode"),
        requested_service=_text(row, "requestedShippingService"),
        bill_to_account_id=_whole(options, "billToMyOtherAccount"),
        externally_fulfilled=_flag(row, "externallyFulfilled"),
        merged_ids=_ids(options, "mergedIds"),
        parent_id=_whole(options, "parentId"),
        order_total=_money(row, "orderTotal"),
        lines=_lines(row, "items") or (),
        content_hash=_content_hash(row),
    )


def _shipment(row: Row, answered_at: datetime) -> RemoteShipment:
    return RemoteShipment(
        shipment_id=_id(row, "shipmentId"),
        order_id=_whole(row, "orderId"),
        order_number=_text(row, "orderNumber"),
        order_key=_text(row, "orderKey"),
        created_at=_needed_instant(row, "createDate", answered_at),
        ship_date=_date(row, "shipDate"),
        shipment_cost=_money(row, "shipmentCost") or Decimal(0),
        insurance_cost=_money(row, "insuranceCost") or Decimal(0),
        tracking_number=_text(row, "trackingNumber"),
        is_return_label=_flag(row, "isReturnLabel"),
        carrier_code=_text(row, "carrierCode"),
        service_code=_text(row, "serviceCode"),
        package_code=_text(row, "packageCode"),
        warehouse_id=_whole(row, "warehouseId"),
        store_id=_whole(_part(row, "advancedOptions"), "storeId"),
        batch_number=_text(row, "batchNumber"),
        voided=_flag(row, "voided"),
        voided_at=_instant(row, "voidDate", answered_at),
        lines=_lines(row, "shipmentItems"),
        content_hash=_hash_of(row),
    )


def _fulfillment(row: Row, answered_at: datetime) -> RemoteFulfillment:
    return RemoteFulfillment(
        fulfillment_id=_id(row, "fulfillmentId"),
        order_id=_whole(row, "orderId"),
        order_number=_text(row, "orderNumber"),
        created_at=_needed_instant(row, "createDate", answered_at),
        ship_date=_date(row, "shipDate"),
        tracking_number=_text(row, "trackingNumber"),
        carrier_name=_text(row, "carrierCode"),
        fulfillment_fee=_money(row, "fulfillmentFee") or Decimal(0),
        voided=_flag(row, "voided"),
        voided_at=_instant(row, "voidDate", answered_at),
        content_hash=_hash_of(row),
    )


_DECODERS: dict[Feed, _Decode] = {
    "orders": _order,
    "shipments": _shipment,
    "voids": _shipment,
    "fulfillments": _fulfillment,
}


def _carrier(row: Row) -> Carrier:
    return Carrier(
        provider_id=_id(row, "shippingProviderId"),
        code=_needed_text(row, "code"),
        name=_text(row, "name") or _needed_text(row, "code"),
        account_number=_text(row, "accountNumber"),
        is_primary=_flag(row, "primary"),
    )


def _service(row: Row) -> Service:
    return Service(
        carrier_code=_needed_text(row, "carrierCode"),
        code=_needed_text(row, "code"),
        name=_text(row, "name") or _needed_text(row, "code"),
    )


def _store(row: Row) -> Store:
    store_id = _id(row, "storeId")
    return Store(
        store_id=store_id,
        name=_text(row, "storeName") or str(store_id),
        marketplace=_text(row, "marketplaceName"),
        is_active=_flag(row, "active"),
    )


def _address(row: Row, name: str) -> Address:
    value = row.get(name)
    if value is None:
        return _NOWHERE
    if not isinstance(value, dict):
        raise _Unreadable(f"{name} is not an address.")
    return Address(
        name=_text(value, "name"),
        company=_text(value, "company"),
        street1=_text(value, "street1"),
        street2=_text(value, "street2"),
        city=_text(value, "city"),
        state=_text(value, "state"),
        postal_code=_text(value, "postalCode"),
        country=_text(value, "country"),
        phone=_text(value, "phone"),
    )


def _lines(row: Row, name: str) -> tuple[RemoteLine, ...] | None:
    items = row.get(name)
    if items is None:
        return None
    if not isinstance(items, list):
        raise _Unreadable(f"{name} is not a list.")
    return tuple([_line(item, name) for item in items if item is not None])


def _line(item: object, name: str) -> RemoteLine:
    if not isinstance(item, dict):
        raise _Unreadable(f"An element of {name} is not an item.")
    quantity = _whole(item, "quantity")
    if quantity is None:
        raise _Unreadable(f"An item of {name} has no quantity (sku {_text(item, 'sku')}).")
    if abs(quantity) > _MAX_QUANTITY:
        raise _Unreadable(f"An item of {name} has a quantity that is none: {quantity} (sku {_text(item, 'sku')}).")
    return RemoteLine(
        order_item_id=_whole(item, "orderItemId"),
        line_item_key=_text(item, "lineItemKey"),
        sku=_text(item, "sku"),
        name=_text(item, "name"),
        quantity=quantity,
        unit_price=_money(item, "unitPrice"),
        adjustment=_flag(item, "adjustment"),
    )


def _part(row: Row, name: str) -> Row:
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Unreadable(f"{name} is not an object with fields.")
    return value


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    raise _Unreadable(f"{name} is not a text.")


def _needed_text(row: Row, name: str) -> str:
    value = _text(row, name)
    if value is None or not value.strip():
        raise _Unreadable(f"It has no {name}.")
    return value


def _whole(row: Row, name: str) -> int | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, Decimal) and -_MAX_ID <= value <= _MAX_ID and value == value.to_integral_value():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Unreadable(f"{name} is not a whole number: {str(value)[:40]!r}.")
    if not -_MAX_ID <= value <= _MAX_ID:
        raise _Unreadable(f"{name} has more than 64 bits.")
    return value


def _id(row: Row, name: str) -> int:
    value = _whole(row, name)
    if value is None:
        raise _Unreadable(f"It has no {name}.")
    return value


def _ids(row: Row, name: str) -> tuple[int, ...]:
    values = row.get(name)
    if not values:
        return ()
    if not isinstance(values, list):
        raise _Unreadable(f"{name} is not a list.")
    return tuple([_id({name: value}, name) for value in values if value is not None])


def _money(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal) and -_MAX_USD < value < _MAX_USD:
        digits = _digits_after_point(value)
        # More than cents is rounded here, once (DESIGN D17): a price of three digits, or doubtful arithmetic.
        cents = value if digits <= 2 else value.quantize(_CENT, ROUND_HALF_UP) if digits <= _MAX_DIGITS else None
        if cents is not None and abs(cents) < _MAX_USD:
            return cents
    raise _Unreadable(f"{name} is not an amount: {str(value)[:40]!r}.")


def _digits_after_point(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _flag(row: Row, name: str) -> bool:
    value = row.get(name)
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        return value
    raise _Unreadable(f"{name} is neither true nor false.")


def _instant(row: Row, name: str, answered_at: datetime) -> datetime | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        return to_instant(value, answered_at)
    except (ValueError, TypeError):
        raise _Unreadable(f"{name} is not a date: {str(value)[:40]!r}.") from None


def _needed_instant(row: Row, name: str, answered_at: datetime) -> datetime:
    value = _instant(row, name, answered_at)
    if value is None:
        raise _Unreadable(f"It has no {name}.")
    return value


def _date(row: Row, name: str) -> date | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        return to_date(value)
    except (ValueError, TypeError):
        raise _Unreadable(f"{name} is not a date: {str(value)[:40]!r}.") from None


def _content_hash(row: Row) -> str:
    """Hash of an order without its modification dates; takes them out of `row`, which nobody needs afterwards.

    The items' own dates go too: they move when an identical order is posted again (API.md gotcha 1).
    """
    row.pop("modifyDate", None)
    for item in row.get("items") or ():
        if item is not None:
            item.pop("modifyDate", None)
    return _hash_of(row)


def _hash_of(row: object) -> str:
    return hashlib.sha256(_CANONICAL.encode(row).encode()).hexdigest()[:32]


def _bad(feed: Feed, row: object, reason: str) -> BadRow:
    number = row.get("orderNumber") if isinstance(row, dict) else None
    return BadRow(
        feed=feed,
        entity_id=row_id(feed, row),
        order_number=str(number) if isinstance(number, (str, int)) and number != "" else None,
        reason=reason,
        raw=json.dumps(row, ensure_ascii=False, default=float),
    )
