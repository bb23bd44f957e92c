"""The ShipStation account of the sandbox: stores, carriers, users, tags, and the people who order.

Everybody here is made up (example.com, 555 numbers). Names of carriers and services are as recorded or documented
(API.md section 5); the service codes are those of facts/domain.md section 1.6.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from shipsync.sandbox.objects import Customer

MANUAL_STORE = 311001  # the first manual store: where orders land that name no store
MARKET_STORE = 311207  # another shop of the account, whose orders arrive by themselves and are not ours
CLOSED_STORE = 310442

USER_ID = "00000000-0000-4000-8000-000000000001"
SECOND_USER_ID = "00000000-0000-4000-8000-000000000002"
WAREHOUSE_ID = 511543
SELLER_ID = 2335513


def _store(
    store_id: int, name: str, marketplace_id: int, marketplace: str, *, active: bool = True, auto: bool = False
) -> dict[str, Any]:
    return {
        "storeId": store_id,
        "storeName": name,
        "marketplaceId": marketplace_id,
        "marketplaceName": marketplace,
        "accountName": None,
        "email": None,
        "integrationUrl": "https://market.example.com/" if auto else None,
        "active": active,
        "companyName": "",
        "phone": "" if auto else None,
        "publicEmail": "" if auto else None,
        "website": "" if auto else None,
        "refreshDate": "2024-11-12T06:10:31.45" if auto else None,
        "lastRefreshAttempt": "2024-11-12T06:10:31.45" if auto else None,
        "createDate": "2021-01-23T05:23:13.067",
        "modifyDate": "2021-01-23T05:23:13.067",
        "autoRefresh": auto,
        "statusMappings": None,
    }


STORES: tuple[dict[str, Any], ...] = (
    _store(MANUAL_STORE, "Manual Orders", 0, "ShipStation"),
    _store(MARKET_STORE, "Side Market", 36, "WooCommerce", auto=True),
    _store(CLOSED_STORE, "Old Web Shop", 36, "WooCommerce", active=False),
)


def _carrier(
    name: str, code: str, number: str | None, nickname: str | None, provider_id: int, *, funded: bool, primary: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "code": code,
        "accountNumber": number,
        "requiresFundedAccount": funded,
        "balance": 24.14 if funded else 0,
        "nickname": nickname,
        "shippingProviderId": provider_id,
        "primary": primary,
    }


# Two FedEx accounts share one code: the key is shippingProviderId.
CARRIERS: tuple[dict[str, Any], ...] = (
    _carrier("FedEx", "fedex", "297900001", None, 150759, funded=False, primary=True),
    _carrier("FedEx", "fedex", "297900002", "Dealer account", 150911, funded=False, primary=False),
    _carrier("Stamps.com", "stamps_com", "SS123", "Free", 150760, funded=True, primary=True),
    _carrier("UPS", "ups", "ABCR80", None, 150765, funded=False, primary=True),
)

_SERVICES = (
    ("fedex", "fedex_ground", "FedEx Ground®", True, False),
    ("fedex", "fedex_home_delivery", "FedEx Home Delivery®", True, False),
    ("fedex", "fedex_2day", "FedEx 2Day®", True, False),
    ("fedex", "fedex_express_saver", "FedEx Express Saver®", True, False),
    ("fedex", "fedex_standard_overnight", "FedEx Standard Overnight®", True, False),
    ("fedex", "fedex_international_ground", "FedEx International Ground®", False, True),
    ("stamps_com", "usps_first_class_mail", "USPS First Class Mail", True, False),
    ("stamps_com", "usps_priority_mail", "USPS Priority Mail", True, False),
    ("stamps_com", "usps_priority_mail_international", "USPS Priority Mail Intl", False, True),
    ("ups", "ups_ground", "UPS® Ground", True, False),
    ("ups", "ups_2nd_day_air", "UPS 2nd Day Air®", True, False),
)
_PACKAGES = (
    ("fedex", "package", "Package", True, True),
    ("fedex", "fedex_envelope", "FedEx® Envelope", True, True),
    ("stamps_com", "package", "Package", True, True),
    ("stamps_com", "flat_rate_envelope", "Flat Rate Envelope", True, True),
    ("stamps_com", "large_package", 'Large Package (any side > 12")', True, True),
    ("ups", "package", "Package", True, True),
)


def _offer(row: tuple[str, str, str, bool, bool]) -> dict[str, Any]:
    carrier, code, name, domestic, international = row
    return {
        "carrierCode": carrier,
        "code": code,
        "name": name,
        "domestic": domestic,
        "international": international,
    }


SERVICES: tuple[dict[str, Any], ...] = tuple(_offer(row) for row in _SERVICES)
PACKAGES: tuple[dict[str, Any], ...] = tuple(_offer(row) for row in _PACKAGES)
# What a fulfillment calls a carrier: display text.
CARRIER_NAMES = {"fedex": "FedEx", "stamps_com": "USPS", "usps": "USPS", "ups": "UPS"}

TAGS: tuple[dict[str, Any], ...] = (
    {"tagId": 8362, "name": "Backorder", "color": "#800080"},
    {"tagId": 8324, "name": "Canada", "color": "#ff0000"},
    {"tagId": 8336, "name": "Fragile", "color": "#33CCCC"},
)
USERS: tuple[dict[str, Any], ...] = (
    {"userId": USER_ID, "userName": "shipper@example.com", "name": "Example Shipper"},
    {"userId": SECOND_USER_ID, "userName": "lead@example.com", "name": "Example Lead"},
)


def _own_address(residential: bool | None) -> dict[str, Any]:
    return {
        "name": "Example Warehouse",
        "company": "Example Warehouse Co.",
        "street1": "400 EXAMPLE DR",
        "street2": None,
        "street3": None,
        "city": "Madison",
        "state": "WI",
        "postalCode": "53703",
        "country": "US",
        "phone": "555-555-0102",
        "residential": residential,
        "addressVerified": None,
    }


WAREHOUSES: tuple[dict[str, Any], ...] = (
    {
        "warehouseId": WAREHOUSE_ID,
        "warehouseName": "Main warehouse",
        "originAddress": _own_address(residential=False),
        "returnAddress": _own_address(residential=None),
        "createDate": "2021-01-23T10:14:36.6600000",
        "isDefault": True,
        "sellerIntegrationId": None,
        "extInventoryIdentity": None,
        "registerFedexMeter": None,
    },
)


@dataclass(frozen=True, slots=True)
class _Place:
    city: str
    state: str
    postal_code: str
    country: str = "US"


_PLACES = (
    _Place("Duluth", "MN", "55802"),
    _Place("Austin", "TX", "78701"),
    _Place("Portland", "OR", "97205"),
    _Place("Albany", "NY", "12207"),
    _Place("Macon", "GA", "31201"),
    _Place("Boise", "ID", "83702"),
    _Place("Toledo", "OH", "43604"),
    _Place("Fresno", "CA", "93721"),
    _Place("Tampa", "FL", "33602"),
    _Place("Dover", "DE", "19901"),
    _Place("Honolulu", "HI", "96813"),
    _Place("Winnipeg", "MB", "R3C 0A1", "CA"),
)
_FIRST = ("Robin", "Sam", "Alex", "Kim", "Jo", "Pat", "Zoë", "Lee", "Chris", "Dana", "André", "Noor")
_LAST = ("Sample", "O'Test", "Muster", "Doe", "Placeholder", "Exemplo", "Specimen", "Müller", "Nobody", "Anyone")
_COMPANY = ("Family Clinic", "Practice", "& Sons", "Dental Group", "Smiles", "Health", "Associates", "Ortho")
_STREET = ("Example Way", "Sample Avenue", "Café Road", "Test Street", "Placeholder Lane")


def customers(seed: int, count: int = 400) -> tuple[Customer, ...]:
    """The people who order: the same for the same seed. A few live in Hawaii and Canada, a few have accents."""
    rng = random.Random(f"{seed}/customers")
    people = []
    for number in range(count):
        # The last two places are rare: one in twelve would be far too many islands.
        place = _PLACES[rng.randrange(len(_PLACES) - 2)] if rng.random() > 0.04 else rng.choice(_PLACES[-2:])
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        company = f"{rng.choice(_LAST)} {rng.choice(_COMPANY)}" if rng.random() < 0.85 else ""
        people.append(
            Customer(
                customer_id=90001 + number,
                code=f"{rng.choice('ABCDEFGH')}{1001 + number}",
                first_name=first,
                last_name=last,
                company=company,
                email=f"orders{number + 1}@clinic.example.com",
                street=f"{rng.randrange(1, 990)} {rng.choice(_STREET)}"
                + (f" Suite {rng.randrange(1, 30)}" if rng.random() < 0.3 else ""),
                city=place.city,
                state=place.state,
                postal_code=place.postal_code,
                country=place.country,
                phone=f"555-01{number % 100:02d}",
                residential=rng.random() < 0.15,
            )
        )
    return tuple(people)
