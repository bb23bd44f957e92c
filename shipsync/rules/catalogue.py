"""What is sold: products, and bundles that are made of them (facts/domain.md sections 1.3 and 1.4).

A bundle is a SKU of its own in the shop and a number of products on the shelf: 18235 "Buy 12 Get 3" is 15 x 17612.
A bundle never holds a bundle. A product with `is_key` off is known, and shipped by somebody else or not at all: it is
left out of our orders. The default catalogue is what a new database starts with and what the sandbox's shop sells;
pallet sizes, lead times and reorder points are the warehouse's own, so it has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Product:
    """One product. The last four are None until somebody has said them: never guessed."""

    sku: str
    name: str
    is_key: bool  # counted, billed and shipped by us; others are known and left out
    units_per_pallet: int | None = None
    lead_time_days: int | None = None
    reorder_point: int | None = None  # units
    count_tolerance: int | None = None  # units a count may be off before it is made again


@dataclass(frozen=True, slots=True)
class BundlePart:
    """One line of a bundle: so many units of one product."""

    bundle_sku: str
    component_sku: str
    quantity: int  # units in one bundle, above 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products by SKU, and the parts of each bundle by its SKU."""

    products: Mapping[str, Product]
    bundles: Mapping[str, tuple[BundlePart, ...]]

    @classmethod
    def of(cls, products: Iterable[Product], parts: Iterable[BundlePart]) -> Self:
        """The catalogue of these products and bundle parts, whatever their order."""
        bundles: dict[str, tuple[BundlePart, ...]] = {}
        for part in sorted(parts, key=lambda part: (part.bundle_sku, part.component_sku)):
            bundles[part.bundle_sku] = (*bundles.get(part.bundle_sku, ()), part)
        return cls({product.sku: product for product in products}, bundles)

    @property
    def fingerprint(self) -> str:
        """Changes when an order file would be read differently: a SKU, a key mark or a bundle has changed."""
        facts = [f"{sku}={int(product.is_key)}" for sku, product in sorted(self.products.items())]
        for sku, parts in sorted(self.bundles.items()):
            facts += [f"{sku}={part.quantity}x{part.component_sku}" for part in parts]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


DEFAULT_PRODUCTS: tuple[Product, ...] = (
    Product("17612", "Rinse, case", is_key=True),
    Product("17904", "Rinse, travel size, case", is_key=True),
    Product("17914", "Rinse, family size, case", is_key=True),
    Product("18675", "Ortho kit, case", is_key=True),
    Product("18795", "Paste, case", is_key=True),
    Product("18395", "Free; Travel", is_key=False),
    Product("18901", "Printed leaflets", is_key=False),
)

DEFAULT_BUNDLES: tuple[BundlePart, ...] = (
    BundlePart("17613", "17612", 1),  # promotion SKU: base SKU + 1
    BundlePart("18225", "17612", 40),  # Buy 30 Get 10
    BundlePart("18235", "17612", 15),  # Buy 12 Get 3
    BundlePart("18245", "17612", 6),  # Buy 5 Get 1
    BundlePart("18255", "17612", 1),  # Autoship
    BundlePart("18265", "17612", 3),  # Starter
    BundlePart("18275", "17612", 4),  # Mixed kit
    BundlePart("18275", "17904", 1),
    BundlePart("18275", "17914", 1),
)

DEFAULT_CATALOGUE = Catalogue.of(DEFAULT_PRODUCTS, DEFAULT_BUNDLES)

# What is known of a real shop before anybody has loaded its lists: the plan's five key SKUs. An order with anything
# else waits in quarantine until its product or bundle is loaded.
KEY_CATALOGUE = Catalogue.of([product for product in DEFAULT_PRODUCTS if product.is_key], [])
