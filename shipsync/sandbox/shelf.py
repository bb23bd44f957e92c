"""What stands on the shelf: names, lots, and what an order holds, by the shares of facts/domain.md section 5."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from shipsync.rules.catalogue import DEFAULT_CATALOGUE

MAIN_SKU = "17612"
# The other key products, by how often they are ordered.
_OTHER_SKUS = ("17914", "17914", "17914", "17914", "17904", "17904", "18675", "18795")
NON_KEY_SKUS = tuple(sku for sku, product in DEFAULT_CATALOGUE.products.items() if not product.is_key)

# Units per line, in percent (facts/domain.md section 5).
_UNITS = (1, 6, 2, 3, 15, 5, 4, 40)
_UNIT_WEIGHTS = (42, 21, 18, 6, 4, 4, 3, 2)
# Units that the shop sells as a bundle more often than as single cases.
BUNDLE_OF = {6: "18245", 15: "18235", 40: "18225", 3: "18265"}
BUNDLE_NAMES = {
    "17613": "Case(s) of Sample&trade; Rinse (promotion)",
    "18225": "Buy 30 Get 10 Free",
    "18235": "Buy 12 Get 3 Free",
    "18245": "Buy 5 Get 1 Free",
    "18255": "Autoship &amp; Save",
    "18265": "Starter",
    "18275": "Mixed Kit",
}

# A new lot of the main product about every four weeks, of the others rarely. The day of the change is the key.
_LOT_WEEKS = {MAIN_SKU: 4, "17914": 16, "17904": 20, "18675": 40, "18795": 40}
LOTTED_SKUS = frozenset(_LOT_WEEKS)
# Two of the slow products still carry five-digit lots.
_SHORT_LOTS = {"18675", "18795"}


def product_name(sku_text: str) -> str:
    """The name a shop or a person gives to a SKU."""
    sku = sku_text.partition("-")[0].strip()
    product = DEFAULT_CATALOGUE.products.get(sku)
    if sku == MAIN_SKU:
        return "Case(s) of Sample&trade; Rinse"
    return product.name if product else BUNDLE_NAMES.get(sku, f"Item {sku}")


def active_lot(sku: str, day: date) -> str:
    """The lot that is picked on a day: two digits of the year and a sequence, or five digits."""
    weeks = _LOT_WEEKS.get(sku, 52)
    number = (day.toordinal() // 7 + int(sku) % 7) // weeks
    first_day = date.fromordinal(max(1, (number * weeks - int(sku) % 7) * 7))
    if sku in _SHORT_LOTS:
        return f"{24_000 + (number * 37) % 9_000:05d}"
    return f"{first_day.year % 100:02d}{(first_day.timetuple().tm_yday * 9 + int(sku)) % 9_000 + 100:04d}"


def with_lot(sku: str, day: date) -> str:
    """The SKU text as it should be: "17612 - 250237"."""
    return f"{sku} - {active_lot(sku, day)}"


def odd_text(sku: str, day: date, rng: random.Random) -> str:
    """The SKU text as it is typed in 1 to 2 % of the cases: bare, with other spaces, or not readable at all."""
    lot = active_lot(sku, day)
    return rng.choice((sku, f"{sku}-{lot}", f"{sku}  -  {lot}", f"{sku} / {lot}", f"{sku}-6", f"{sku} - lot {lot}"))


def older_lot(sku: str, day: date) -> str:
    """The lot before the active one: picked now and then at a change-over."""
    ordinal = day.toordinal()
    now = active_lot(sku, day)
    while ordinal > 7 and active_lot(sku, date.fromordinal(ordinal)) == now:
        ordinal -= 7
    return active_lot(sku, date.fromordinal(ordinal))


def basket(rng: random.Random) -> list[tuple[str, int]]:
    """Key SKUs and units of one order: 91 % have one line, most of them the main product."""
    lines = [(MAIN_SKU, rng.choices(_UNITS, _UNIT_WEIGHTS)[0])]
    if rng.random() < 0.05:
        lines = []
    if not lines or rng.random() < 0.085:
        lines.append((rng.choice(_OTHER_SKUS), rng.choice((1, 1, 1, 2, 2, 4))))
    return lines


def label_cost(units: int, service: str, rng: random.Random) -> Decimal:
    """What a label costs: a base, so much per case, more for the fast services, and some cents that differ."""
    factor = {"fedex_2day": 3, "fedex_international_ground": 2, "fedex_standard_overnight": 5}.get(service, 1)
    return (Decimal("8.20") + Decimal("3.85") * units) * factor + Decimal(rng.randrange(100)) / 100
