"""What the two legacy workflows read out of ShipStation's answers, and which orders each of them takes.

status-sync         orders that are here already, whatever they are: state, carrier, service, dates, lines
manual-order-sync   orders typed by hand at ShipStation that hold a key SKU and are not ours: all of them

They are the control that the unified sync is compared with, so nothing here is shared with the way the unified sync
reads: the text of a page goes in, plain records come out. Only how SKU texts are read (rules/lots.py), and by what key
an order that we uploaded is known, is one thing in the whole house.

Dates are naive US Pacific in the answers and aware UTC here (API.md section 2). null, "" and missing are one thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from shipsync.rules.identity import KEY_PREFIX
from shipsync.rules.lots import parse_sku_lot

STATUS_SYNC = "status-sync"
MANUAL_ORDER_SYNC = "manual-order-sync"
LEGACY = (STATUS_SYNC, MANUAL_ORDER_SYNC)

# What status-sync asks for, every time.
LOOKS_BACK = timedelta(days=7)
# Where manual-order-sync begins without a mark, and how far it goes back behind one.
SEED = timedelta(days=30)
OVERLAP = timedelta(minutes=10)
AUTUMN_OVERLAP = timedelta(minutes=75)  # around the hour that Pacific time repeats
_FIRST_MARK = datetime(2011, 1, 1, tzinfo=UTC)  # ShipStation is no older

_PACIFIC = ZoneInfo("America/Los_Angeles")
_WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d)?)?"
)
# Half a surrogate pair and NUL can stand in JSON, and in no database.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_64_BITS, _32_BITS = 2**63 - 1, 2**31 - 1
_MOST_USD = 10**10 - 1  # more does not fit a column of money
_CENT = Decimal("0.01")

Row = Mapping[str, Any]
T = TypeVar("T")


class Unreadable(Exception):
    """A row that is passed over; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order or of a label."""

    line_no: int  # its place, from 1, discounts counted
    order_item_id: int | None
    line_item_key: str | None
    sku: str | None  # as it came
    sku_lot: str | None  # "SKU - LOT" or "SKU"; None where the text cannot be read
    base_sku: str | None
    lot: str | None
    name: str | None
    quantity: int
    unit_price: Decimal | None
    is_adjustment: bool  # a discount: it moves no stock


@dataclass(frozen=True, slots=True)
class Version:
    """What both workflows take of an order as it was at one modifyDate."""

    order_id: int
    modified_at: datetime
    shipstation_status: str
    ship_date: date | None
    hold_until: date | None
    carrier_code: str | None
    billed_to: int | None  # the carrier account it names, if it names one
    service_code: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ManualOrder:
    """An order that manual-order-sync takes, whole."""

    version: Version
    order_number: str
    ordered_at: datetime | None
    email: str | None
    requested_service: str | None
    order_total: Decimal | None
    addresses: Mapping[str, str | None]  # by column: ship_name, ..., bill_phone


@dataclass(frozen=True, slots=True)
class Label:
    """A label bought at ShipStation, voided or not."""

    shipment_id: int
    order_id: int | None
    order_number: str | None
    created_at: datetime
    ship_date: date | None
    shipment_cost: Decimal
    insurance_cost: Decimal
    carrier_code: str | None
    service_code: str | None
    package_code: str | None
    tracking_number: str | None
    is_return_label: bool
    warehouse_id: int | None
    store_id: int | None
    batch_number: str | None
    voided: bool
    voided_at: datetime | None
    lines: tuple[Line, ...] | None  # None: it says nothing of what is in it


@dataclass(frozen=True, slots=True)
class ShippedMark:
    """An order that was marked as shipped."""

    fulfillment_id: int
    order_id: int | None
    order_number: str | None
    created_at: datetime
    ship_date: date | None
    tracking_number: str | None
    carrier_name: str | None
    fulfillment_fee: Decimal
    voided: bool
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """What a page gave."""

    rows: int  # how many stood on it
    taken: tuple[T, ...]
    unreadable: tuple[str, ...]  # a sentence each
    passed_over: Mapping[str, int]  # by reason; of orders only
    newest: datetime | None  # modifyDate of the newest order on it


@dataclass(frozen=True, slots=True)
class ManualTakes:
    """Which orders manual-order-sync takes: the plan's three filters."""

    prefix: str
    lowest: int | None
    highest: int | None
    key_skus: frozenset[str]  # key products, and bundles with one in them

    def is_manual(self, order_number: str) -> bool:
        """Whether a number is one that is typed by hand: digits from 0 to 9 that begin so, within the range."""
        number = order_number.strip()
        if not re.fullmatch(r"[0-9]+", number) or not number.startswith(self.prefix):
            return False
        return (self.lowest or 0) <= int(number) and (self.highest is None or int(number) <= self.highest)

    def holds_key(self, lines: Iterable[Line]) -> bool:
        """Whether a line names a key SKU, with or without a lot."""
        return any(line.base_sku in self.key_skus for line in lines if not line.is_adjustment)


def versions_on(body: str, answered_at: datetime) -> Read[Version]:
    """Every order of a page of /orders, as far as status-sync wants it."""
    taken: list[Version] = []
    unreadable: list[str] = []
    rows = list(_rows(body, "orders"))
    for row in rows:
        try:
            taken.append(_version(_object(row), answered_at))
        except Unreadable as reason:
            unreadable.append(_said("Order", row, "orderId", reason))
    return Read(len(rows), tuple(taken), tuple(unreadable), {}, max((one.modified_at for one in taken), default=None))


def manual_orders_on(body: str, answered_at: datetime, takes: ManualTakes) -> Read[ManualOrder]:
    """The orders of a page of /orders that manual-order-sync takes."""
    taken: list[ManualOrder] = []
    unreadable: list[str] = []
    passed_over: dict[str, int] = {}
    newest: datetime | None = None
    rows = list(_rows(body, "orders"))
    for row in rows:
        try:
            found = _object(row)
            modified_at = _instant(found, "modifyDate", answered_at)
            newest = modified_at if newest is None else max(newest, modified_at)
            why_not = _why_not_by_identity(found, takes)
            if why_not is None:
                order = _manual_order(found, answered_at)
                why_not = None if takes.holds_key(order.version.lines) else "no_key_sku"
            if why_not is None:
                taken.append(order)
            else:
                passed_over[why_not] = passed_over.get(why_not, 0) + 1
        except Unreadable as reason:
            unreadable.append(_said("Order", row, "orderId", reason))
    return Read(len(rows), tuple(taken), tuple(unreadable), passed_over, newest)


def labels_on(body: str, answered_at: datetime) -> Read[Label]:
    """The labels of a page of /shipments."""
    return _all_on(body, "shipments", "Label", "shipmentId", lambda row: _label(row, answered_at))


def shipped_marks_on(body: str, answered_at: datetime) -> Read[ShippedMark]:
    """The marks as shipped of a page of /fulfillments."""
    return _all_on(body, "fulfillments", "Mark as shipped", "fulfillmentId", lambda row: _mark(row, answered_at))


def manual_window(through: datetime | None, now: datetime) -> tuple[datetime, datetime, bool]:
    """Start and end of what manual-order-sync asks for, and whether it begins anew because no mark can be used."""
    if through is None or through > now + OVERLAP or through < _FIRST_MARK:
        return now - SEED, now, True
    start = min(through, now)
    return start - (AUTUMN_OVERLAP if _is_near_repeated_hour(start) else OVERLAP), max(now, through), False


def _is_near_repeated_hour(instant: datetime) -> bool:
    """Whether Pacific clocks are set back within the wider overlap of an instant."""
    offsets = [(instant + by).astimezone(_PACIFIC).utcoffset() for by in (-AUTUMN_OVERLAP, AUTUMN_OVERLAP)]
    return offsets[1] < offsets[0]  # type: ignore[operator]  # a zone has an offset at every instant


# --- rows


def _rows(body: str, name: str) -> Iterator[object]:
    return (row for row in json.loads(body, parse_float=Decimal)[name] if row is not None)


def _all_on(body: str, name: str, what: str, identity: str, read: Callable[[Row], T]) -> Read[T]:
    taken: list[T] = []
    unreadable: list[str] = []
    rows = list(_rows(body, name))
    for row in rows:
        try:
            taken.append(read(_object(row)))
        except Unreadable as reason:
            unreadable.append(_said(what, row, identity, reason))
    return Read(len(rows), tuple(taken), tuple(unreadable), {}, None)


def _said(what: str, row: object, identity: str, reason: Unreadable) -> str:
    name = row.get(identity) if isinstance(row, Mapping) else None
    return f"{what} {str(name)[:40]} was passed over: {reason}"


def _why_not_by_identity(row: Row, takes: ManualTakes) -> str | None:
    if not takes.is_manual(_needed(_text, row, "orderNumber")):
        return "not_manual"
    return "ours" if (_text(row, "orderKey") or "").startswith(KEY_PREFIX) else None


def _version(row: Row, answered_at: datetime) -> Version:
    return Version(
        order_id=_needed(_whole, row, "orderId"),
        modified_at=_instant(row, "modifyDate", answered_at),
        shipstation_status=_needed(_text, row, "orderStatus"),
        ship_date=_day(row, "shipDate"),
        hold_until=_day(row, "holdUntilDate"),
        carrier_code=_text(row, "carrierCode"),
        billed_to=_whole(_within(row, "advancedOptions"), "billToMyOtherAccount"),
        service_code=_text(row, "serviceCode"),
        lines=_lines(row, "items") or (),
    )


def _manual_order(row: Row, answered_at: datetime) -> ManualOrder:
    return ManualOrder(
        version=_version(row, answered_at),
        order_number=_needed(_text, row, "orderNumber"),
        ordered_at=_instant_or_none(row, "orderDate", answered_at),
        email=_text(row, "customerEmail"),
        requested_service=_text(row, "requestedShippingService"),
        order_total=_money(row, "orderTotal"),
        addresses=_address(row, "shipTo", "ship") | _address(row, "billTo", "bill"),
    )


def _label(row: Row, answered_at: datetime) -> Label:
    return Label(
        shipment_id=_needed(_whole, row, "shipmentId"),
        order_id=_whole(row, "orderId"),
        order_number=_text(row, "orderNumber"),
        created_at=_instant(row, "createDate", answered_at),
        ship_date=_day(row, "shipDate"),
        shipment_cost=_money(row, "shipmentCost") or Decimal(0),
        insurance_cost=_money(row, "insuranceCost") or Decimal(0),
        carrier_code=_text(row, "carrierCode"),
        service_code=_text(row, "serviceCode"),
        package_code=_text(row, "packageCode"),
        tracking_number=_text(row, "trackingNumber"),
        is_return_label=_flag(row, "isReturnLabel"),
        warehouse_id=_whole(row, "warehouseId"),
        store_id=_whole(_within(row, "advancedOptions"), "storeId"),
        batch_number=_text(row, "batchNumber"),
        voided=_flag(row, "voided"),
        voided_at=_instant_or_none(row, "voidDate", answered_at),
        lines=_lines(row, "shipmentItems"),
    )


def _mark(row: Row, answered_at: datetime) -> ShippedMark:
    return ShippedMark(
        fulfillment_id=_needed(_whole, row, "fulfillmentId"),
        order_id=_whole(row, "orderId"),
        order_number=_text(row, "orderNumber"),
        created_at=_instant(row, "createDate", answered_at),
        ship_date=_day(row, "shipDate"),
        tracking_number=_text(row, "trackingNumber"),
        carrier_name=_text(row, "carrierCode"),
        fulfillment_fee=_money(row, "fulfillmentFee") or Decimal(0),
        voided=_flag(row, "voided"),
        voided_at=_instant_or_none(row, "voidDate", answered_at),
    )


_ADDRESS_PARTS = {
    "name": "name",
    "company": "company",
    "street1": "street1",
    "street2": "street2",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "country": "country",
    "phone": "phone",
}


def _address(row: Row, name: str, side: str) -> dict[str, str | None]:
    address = _within(row, name)
    return {f"{side}_{ours}": _text(address, theirs) for ours, theirs in _ADDRESS_PARTS.items()}


def _lines(row: Row, name: str) -> tuple[Line, ...] | None:
    items = row.get(name)
    if items is None:
        return None
    if not isinstance(items, list):
        raise Unreadable(f"{name} is no list.")
    there = [_object(item) for item in items if item is not None]
    return tuple(_line(place, item) for place, item in enumerate(there, start=1))


def _line(line_no: int, item: Row) -> Line:
    sku = _text(item, "sku")
    read = parse_sku_lot(sku)
    quantity = _needed(_whole, item, "quantity")
    if abs(quantity) > _32_BITS:
        raise Unreadable(f"quantity is {quantity}.")
    return Line(
        line_no=line_no,
        order_item_id=_whole(item, "orderItemId"),
        line_item_key=_text(item, "lineItemKey"),
        sku=sku,
        sku_lot=read.text if read else None,
        base_sku=read.base_sku if read else None,
        lot=read.lot if read else None,
        name=_text(item, "name"),
        quantity=quantity,
        unit_price=_money(item, "unitPrice"),
        is_adjustment=_flag(item, "adjustment"),
    )


# --- fields


def _object(value: object) -> Row:
    if not isinstance(value, Mapping):
        raise Unreadable(f"{str(value)[:40]} has no fields.")
    return value


def _within(row: Row, name: str) -> Row:
    value = row.get(name)
    return {} if value is None else _object(value)


def _needed(read: Callable[[Row, str], T | None], row: Row, name: str) -> T:
    value = read(row, name)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Unreadable(f"it has no {name}.")
    return value


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return _UNSTORABLE.sub("�", value) if value else None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Unreadable(f"{name} is no text.")
    return str(value)


def _number(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Unreadable(f"{name} is no number.")
    return Decimal(value)


def _whole(row: Row, name: str) -> int | None:
    number = _number(row, name)
    if number is None:
        return None
    # The size first, and without arithmetic: to make a number of 1e99999999999 fails, or takes for ever.
    if not -_64_BITS <= number <= _64_BITS or number != int(number):
        raise Unreadable(f"{name} is no whole number of 64 bits.")
    return int(number)


def _money(row: Row, name: str) -> Decimal | None:
    number = _number(row, name)
    if number is None:
        return None
    if not -_MOST_USD < number < _MOST_USD:
        raise Unreadable(f"{name} is no amount.")
    return number.quantize(_CENT, ROUND_HALF_UP)


def _flag(row: Row, name: str) -> bool:
    value = row.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return value is True
    raise Unreadable(f"{name} is neither true nor false.")


def _day(row: Row, name: str) -> date | None:
    written = _written(row, name)
    if written is None:
        return None
    try:
        return date.fromisoformat(written["day"])
    except ValueError:
        raise Unreadable(f"{name} is no day of our calendar.") from None


def _instant(row: Row, name: str, answered_at: datetime) -> datetime:
    instant = _instant_or_none(row, name, answered_at)
    if instant is None:
        raise Unreadable(f"it has no {name}.")
    return instant


def _instant_or_none(row: Row, name: str, answered_at: datetime) -> datetime | None:
    written = _written(row, name)
    if written is None:
        return None
    try:
        wall = datetime.fromisoformat(f"{written['day']}T{written['time'] or '00:00:00'}")
        wall = wall.replace(microsecond=int((written["fraction"] or "").ljust(6, "0")[:6]))
        if written["zone"] is not None:
            return datetime.fromisoformat(f"{wall.isoformat()}{written['zone']}").astimezone(UTC)
        return _of_pacific(wall, answered_at)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is no date of our calendar.") from None


def _written(row: Row, name: str) -> re.Match[str] | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    match = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unreadable(f"{name} is no date.")
    return match


def _of_pacific(wall: datetime, answered_at: datetime) -> datetime:
    """The instant of a Pacific wall time.

    Of the two that a time of the repeated autumn hour can mean it is the later one, if that had come when the answer
    was given (a whole second, by the server). A time of the hour that is left out in spring is one hour later.
    """
    earlier, later = (wall.replace(tzinfo=_PACIFIC, fold=fold).astimezone(UTC) for fold in (0, 1))
    if later <= earlier:  # in the hour left out, fold 1 reads the time an hour before fold 0
        return earlier
    return later if later < answered_at + timedelta(seconds=1) else earlier
