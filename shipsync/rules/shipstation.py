"""What ShipStation says, as records. The door makes them, everybody else reads them.

All instants are aware UTC datetimes (the door has converted ShipStation's naive Pacific time), money is Decimal in
USD, ids are 64 bit. A field is None where ShipStation sent null, nothing, or an empty string. Unknown fields of an
answer are ignored; unknown status words are kept as they came (API.md sections 3 and 4, gotchas 14 to 16).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

# Which list a page was read from. One name per list query, because each has its own window and its own mark.
Feed = Literal["orders", "shipments", "voids", "fulfillments"]


@dataclass(frozen=True, slots=True)
class Address:
    """One postal address; every part may be unknown."""

    name: str | None = None
    company: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteLine:
    """One item of an order or of a shipment. A discount is a line with `adjustment` set; it moves no stock."""

    order_item_id: int | None  # stays the same when an order is re-posted; None in some shipment items
    line_item_key: str | None
    sku: str | None  # as typed: may hold "SKU - LOT"
    name: str | None
    quantity: int
    unit_price: Decimal | None
    adjustment: bool = False


@dataclass(frozen=True, slots=True)
class RemoteOrder:
    """One order as GET /orders gave it. It has no tracking number, no cost and no void: those are on shipments."""

    order_id: int
    order_number: str
    order_key: str | None  # ours starts with `rules.identity.KEY_PREFIX`
    status: str  # ShipStation's word, e.g. awaiting_shipment; unknown words are kept
    ordered_at: datetime | None
    created_at: datetime | None
    modified_at: datetime
    ship_date: date | None
    hold_until: date | None
    store_id: int | None
    email: str | None
    ship_to: Address
    bill_to: Address
    carrier_code: str | None
    service_code: str | None
    package_code: str | None
    requested_service: str | None
    bill_to_account_id: int | None  # advancedOptions.billToMyOtherAccount
    externally_fulfilled: bool
    merged_ids: tuple[int, ...]  # orders merged into this one; they vanish from every list
    parent_id: int | None  # the order this one was split from
    order_total: Decimal | None
    lines: tuple[RemoteLine, ...]
    content_hash: str  # of everything but modifyDate: equal hashes mean nothing a person cares about changed


@dataclass(frozen=True, slots=True)
class RemoteShipment:
    """One label bought in ShipStation. It stays when voided; a new label is a new shipment."""

    shipment_id: int
    order_id: int | None  # None for labels made without an order
    order_number: str | None
    order_key: str | None
    created_at: datetime
    ship_date: date | None
    shipment_cost: Decimal
    insurance_cost: Decimal
    tracking_number: str | None
    is_return_label: bool
    carrier_code: str | None
    service_code: str | None
    package_code: str | None
    warehouse_id: int | None
    store_id: int | None
    batch_number: str | None
    voided: bool
    voided_at: datetime | None
    lines: tuple[RemoteLine, ...] | None  # None: the label carries no items (bought before the first was voided)
    content_hash: str


@dataclass(frozen=True, slots=True)
class RemoteFulfillment:
    """One order marked as shipped outside, or shipped by a provider. It has no items and no label cost."""

    fulfillment_id: int
    order_id: int | None
    order_number: str | None
    created_at: datetime
    ship_date: date | None
    tracking_number: str | None
    carrier_name: str | None  # display text such as "FedEx", not a carrier code
    fulfillment_fee: Decimal
    voided: bool
    voided_at: datetime | None
    content_hash: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of an answer that could not be read. It goes to quarantine and never stops the batch (DESIGN D6)."""

    feed: Feed
    entity_id: str  # its id where it has one, else a hash of the raw text
    order_number: str | None
    reason: str  # one sentence for a person
    raw: str  # the row as JSON text


@dataclass(frozen=True, slots=True)
class PoisonRow:
    """A place in a list at which ShipStation answers 500 whatever the page size (API.md gotcha 4)."""

    feed: Feed
    entity_id: str  # stable for the same place: made of the neighbours
    after: datetime  # the row's own date lies in [after, before]
    before: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier account. Several accounts may share a code."""

    provider_id: int  # shippingProviderId
    code: str
    name: str
    account_number: str | None
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a carrier, e.g. fedex_ground: FedEx Ground."""

    carrier_code: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Store:
    """One selling channel in ShipStation."""

    store_id: int
    name: str
    marketplace: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of an order we upload. `sku` is what ShipStation shall show, "SKU - LOT" where a lot is active."""

    line_key: str  # lineItemKey, unique within the order
    sku: str
    name: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order to upload. `order_key` makes the upload repeatable (DESIGN D13, API.md section 5)."""

    order_key: str
    order_number: str
    ordered_at: datetime
    email: str | None
    ship_to: Address
    bill_to: Address
    requested_service: str | None
    shipping_paid: Decimal
    lines: tuple[NewLine, ...]


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What ShipStation said of one uploaded order, matched by order key."""

    order_key: str
    order_id: int | None
    success: bool
    message: str | None
