"""What the embedded ShipStation holds: orders, labels (shipments), fulfillments, and the shop's orders.

State only. What can be done to it is in `world`, how ShipStation shows it is in `views`. Instants are aware UTC and
stamped to ShipStation's resolution, money is Decimal USD.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

# The statuses in which createorder may still change an order (API.md section 5).
OPEN_STATUSES = frozenset({"awaiting_payment", "awaiting_shipment", "on_hold", "pending_fulfillment"})
STATUSES = OPEN_STATUSES | {"shipped", "cancelled", "rejected_fulfillment"}


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as ShipStation holds it."""

    name: str | None = None
    company: str | None = None
    street1: str | None = None
    street2: str | None = None
    street3: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone: str | None = None
    residential: bool | None = None
    verified: str | None = None  # addressVerified, one of four sentences or None


@dataclass(frozen=True, slots=True)
class Line:
    """One item of an order, or of a label."""

    item_id: int  # orderItemId: kept when the order is re-posted
    sku: str | None
    name: str
    quantity: int
    unit_price: Decimal | int
    created: datetime
    modified: datetime
    line_key: str | None = None
    weight: dict[str, Any] | None = None
    product_id: int | None = None
    adjustment: bool = False
    tax: Decimal | int | None = None
    shipping: Decimal | int | None = None
    options: tuple[tuple[str, str], ...] = ()
    image_url: str | None = None
    warehouse_location: str | None = None
    fulfillment_sku: str | None = None
    upc: str | None = None


@dataclass(frozen=True, slots=True)
class Advanced:
    """advancedOptions, without what the order itself says (store, merges, parent)."""

    warehouse_id: int | None = None
    non_machinable: bool = False
    saturday_delivery: bool = False
    contains_alcohol: bool = False
    custom_field1: str | None = None
    custom_field2: str | None = None
    custom_field3: str | None = None
    source: str | None = None
    bill_to_party: str | None = None
    bill_to_account: str | None = None
    bill_to_postal_code: str | None = None
    bill_to_country_code: str | None = None
    bill_to_my_other_account: int | None = None


@dataclass(slots=True)
class Order:
    """One order in ShipStation."""

    order_id: int
    number: str
    key: str
    store_id: int
    status: str
    created: datetime
    modified: datetime
    ordered: datetime  # naive wall time: stored exactly as it was sent
    ship_to: Address
    bill_to: Address
    lines: tuple[Line, ...] = ()
    paid: datetime | None = None  # naive, like `ordered`
    ship_by: datetime | None = None  # naive, like `ordered`
    email: str | None = None
    username: str | None = None
    customer_id: int | None = None
    amount_paid: Decimal | int = 0
    tax: Decimal | int = 0
    shipping_paid: Decimal | int = 0
    customer_notes: str | None = None
    internal_notes: str | None = None
    gift: bool = False
    gift_message: str | None = None
    payment_method: str | None = None
    requested_service: str | None = None
    carrier_code: str | None = None
    service_code: str | None = None
    package_code: str | None = None
    confirmation: str | None = None
    ship_date: date | None = None
    hold_until: date | None = None
    weight: dict[str, Any] | None = None
    dimensions: dict[str, Any] | None = None
    insurance: dict[str, Any] | None = None
    international: dict[str, Any] | None = None
    advanced: Advanced = Advanced()
    tags: tuple[int, ...] = ()
    user_id: str | None = None
    externally_fulfilled: bool = False
    merged_or_split: bool = False
    merged_ids: tuple[int, ...] = ()
    parent_id: int | None = None
    # Not shown by the API: why the order is missing from every list.
    is_deleted: bool = False
    merged_into: int | None = None

    @property
    def is_listed(self) -> bool:
        """Whether lists still show the order."""
        return not self.is_deleted and self.merged_into is None


@dataclass(slots=True)
class Shipment:
    """One label bought in ShipStation. It stays when voided; a new label is a new shipment."""

    shipment_id: int
    order_id: int | None
    number: str | None
    key: str | None
    created: datetime
    ship_date: date
    cost: Decimal
    insurance_cost: Decimal
    tracking: str
    carrier_code: str
    service_code: str
    package_code: str
    confirmation: str
    store_id: int | None
    ship_to: Address
    lines: tuple[Line, ...] | None
    is_return: bool = False
    batch: str | None = None
    user_id: str | None = None
    email: str | None = None
    warehouse_id: int | None = None
    voided: datetime | None = None
    notified: bool = False
    notify_error: str | None = None
    weight: dict[str, Any] | None = None
    dimensions: dict[str, Any] | None = None

    @property
    def is_active(self) -> bool:
        """Whether the label still stands."""
        return self.voided is None


@dataclass(slots=True)
class Fulfillment:
    """One order marked as shipped without a label of ShipStation's."""

    fulfillment_id: int
    order_id: int
    number: str
    created: datetime
    ship_date: date
    tracking: str | None
    carrier_name: str  # display text such as "FedEx", not a carrier code
    ship_to: Address
    user_id: str | None = None
    email: str | None = None
    fee: Decimal = Decimal(0)
    voided: datetime | None = None
    notified: bool = True


@dataclass(slots=True)
class Webhook:
    """One subscription; the embedded ShipStation keeps it and delivers nothing."""

    webhook_id: int
    url: str
    event: str
    name: str | None
    store_id: int | None


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who orders, as the shop knows them."""

    customer_id: int
    code: str
    first_name: str
    last_name: str
    company: str
    email: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str
    residential: bool


@dataclass(frozen=True, slots=True)
class ShopLine:
    """One order_detail of the shop: a product or a bundle, by the shop's product id."""

    product_id: str
    name: str  # with HTML entities in it, as the shop keeps it
    amount: int | None  # now and then the shop leaves it out


@dataclass(slots=True)
class ShopOrder:
    """One order of the X-Cart shop. It reaches ShipStation only when somebody uploads it."""

    number: str
    placed: datetime
    customer: Customer
    shipping_method: str
    shipping_cost: Decimal
    # Every version the shop has saved; the dump shows them all, the last one counts.
    versions: list[tuple[ShopLine, ...]] = field(default_factory=list)

    @property
    def lines(self) -> tuple[ShopLine, ...]:
        """The lines as they stand now."""
        return self.versions[-1]
