"""The formats of order files: the record the door makes of them, and where each format keeps what.

X-Cart dump: facts/domain.md section 1.3. ShipStation Custom Store: section 2.2. A third format is a third `Layout`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from shipsync.rules.shipstation import Address
from shipsync.rules.shop_text import clean, whole_number

FileFormat = Literal["x-cart", "custom-store"]


@dataclass(frozen=True, slots=True)
class RawShopOrder:
    """One order as an order file had it: element texts, trimmed, nothing decided.

    Keys are element paths below the order ("s_city", "Customer/ShipTo/City") or below the line ("productid", "SKU").
    """

    format: FileFormat
    position: int  # 1 for the first order of its file
    fields: Mapping[str, str]
    lines: tuple[Mapping[str, str], ...]

    @property
    def layout(self) -> Layout:
        """Where this record keeps what."""
        return LAYOUTS[self.format]

    @property
    def order_number(self) -> str | None:
        """The shop's number of the order; None where the record has none."""
        paths = self.layout.order_number
        return next((self.fields[path] for path in paths if self.fields.get(path)), None)

    def text(self, paths: tuple[str, ...]) -> str | None:
        """The first of these elements that holds text, made fit to keep; None when none does."""
        return next(filter(None, (clean(self.fields.get(path)) for path in paths)), None)

    def address(self, parts: AddressPaths) -> Address | None:
        """An address of the record, country US when missing; None when every part of it is empty."""
        name = " ".join(filter(None, (self.text((path,)) for path in parts.name))) or None
        company, street1, street2, city, state, postal_code, country, phone = (
            self.text((path,)) if path else None
            for path in (
                parts.company,
                parts.street1,
                parts.street2,
                parts.city,
                parts.state,
                parts.postal_code,
                parts.country,
                parts.phone,
            )
        )
        if not any((name, company, street1, street2, city, state, postal_code, country, phone)):
            return None
        return Address(name, company, street1, street2, city, state, postal_code, country or "US", phone)

    def to_json(self) -> str:
        """The record as text, for quarantine."""
        record = {
            "format": self.format,
            "position": self.position,
            "fields": dict(self.fields),
            "lines": [dict(line) for line in self.lines],
        }
        return json.dumps(record, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RawShopOrder:
        """The record that `to_json` wrote. Raises ValueError for any other text."""
        try:
            record = json.loads(text)
            return cls(record["format"], record["position"], record["fields"], tuple(record["lines"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"This is no order of the shop as we keep it: {text[:80]}") from error


@dataclass(frozen=True, slots=True)
class AddressPaths:
    """Where a layout keeps the parts of an address. The name may be in several elements, joined with a space."""

    name: tuple[str, ...]
    company: str
    street1: str
    street2: str | None
    city: str
    state: str
    postal_code: str
    country: str
    phone: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a format keeps what. Several paths mean: the first that holds text."""

    order_number: tuple[str, ...]
    date: str
    date_wanted: str  # how a date looks, for a person
    read_date: Callable[[str], datetime | None]  # None: the text is no date
    shipping_paid: str
    email: tuple[str, ...]
    company: tuple[str, ...]
    customer_reference: tuple[str, ...]
    requested_service: tuple[str, ...]
    status: str | None  # None: the format has no status, whatever it holds is to be shipped
    ship_to: AddressPaths
    bill_to: AddressPaths
    sku: str  # of a line, like all that follow
    quantity: str
    name: str
    unit_price: str | None  # None: the format has no prices
    line_order_number: str | None  # the order's number, said again
    adjustment: str | None  # "true": a discount, it moves no stock


def read_unix_seconds(text: str) -> datetime | None:
    """An instant written as seconds since 1970, from the year 2000 to 2100. X-Cart writes 0 for "never"."""
    seconds = whole_number(text)
    if seconds is None or not 946_684_800 <= seconds < 4_102_444_800:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def read_custom_store_date(text: str) -> datetime | None:
    """An instant as the Custom Store writes it, UTC, with or without seconds."""
    for shape in ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _xcart_address(prefix: str) -> AddressPaths:
    return AddressPaths(
        name=(f"{prefix}firstname", f"{prefix}lastname"),
        company=f"{prefix}company",
        street1=f"{prefix}address",  # one line, whatever it holds
        street2=None,
        city=f"{prefix}city",
        state=f"{prefix}state",
        postal_code=f"{prefix}zipcode",
        country=f"{prefix}country",
        phone=f"{prefix}phone",
    )


def _custom_store_address(party: str) -> AddressPaths:
    path = f"Customer/{party}"
    return AddressPaths(
        name=(f"{path}/Name",),
        company=f"{path}/Company",
        street1=f"{path}/Address1",
        street2=f"{path}/Address2",
        city=f"{path}/City",
        state=f"{path}/State",
        postal_code=f"{path}/PostalCode",
        country=f"{path}/Country",
        phone=f"{path}/Phone",
    )


LAYOUTS: Mapping[FileFormat, Layout] = {
    "x-cart": Layout(
        order_number=("orderid",),
        date="date",  # `date2` is the shop's local time without a zone: kept in the raw record, never read
        date_wanted="seconds since 1970",
        read_date=read_unix_seconds,
        shipping_paid="shipping_cost",
        email=("email",),
        company=("company", "b_company", "s_company"),
        customer_reference=("dentistcode", "customerid"),  # the shop's own code first, X-Cart's key second
        requested_service=("shipping",),
        status=None,
        ship_to=_xcart_address("s_"),
        bill_to=_xcart_address("b_"),
        sku="productid",
        quantity="amount",
        name="product",
        unit_price=None,
        line_order_number="orderid",
        adjustment=None,
    ),
    "custom-store": Layout(
        order_number=("OrderNumber", "OrderID"),
        date="OrderDate",
        date_wanted="MM/dd/yyyy HH:mm in UTC",
        read_date=read_custom_store_date,
        shipping_paid="ShippingAmount",
        email=("Customer/BillTo/Email", "Customer/ShipTo/Email"),
        company=("Customer/BillTo/Company", "Customer/ShipTo/Company"),
        customer_reference=("Customer/CustomerCode",),
        requested_service=("ShippingMethod",),
        status="OrderStatus",
        ship_to=_custom_store_address("ShipTo"),
        bill_to=_custom_store_address("BillTo"),
        sku="SKU",
        quantity="Quantity",
        name="Name",
        unit_price="UnitPrice",
        line_order_number=None,
        adjustment="Adjustment",
    ),
}
