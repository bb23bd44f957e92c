"""The catalogue as it is kept: products and bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from shipsync.rules.catalogue import BundlePart, Catalogue, Product
from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor

_PRODUCTS = pa.schema(
    [
        ("sku", pa.string()),
        ("name", pa.string()),
        ("is_key", pa.bool_()),
        ("units_per_pallet", pa.int32()),
        ("lead_time_days", pa.int32()),
        ("reorder_point", pa.int32()),
    ]
)
_BUNDLES = pa.schema([("bundle_sku", pa.string()), ("component_sku", pa.string()), ("quantity", pa.int32())])


@dataclass(frozen=True, slots=True)
class ProductChange:
    """A product that is different now."""

    before: Product | None  # None: it is new
    after: Product


@dataclass(frozen=True, slots=True)
class BundleChange:
    """A bundle whose parts are different now."""

    before: tuple[BundlePart, ...]  # empty: it is new
    after: tuple[BundlePart, ...]


def catalogue(con: Cursor) -> Catalogue:
    """Everything that is sold."""
    parts = con.rows("SELECT bundle_sku, component_sku, quantity FROM bundles")
    return Catalogue.of(products(con), (BundlePart(*row) for row in parts))


def products(con: Cursor) -> list[Product]:
    """All products, by SKU."""
    rows = con.rows(
        "SELECT sku, name, is_key, units_per_pallet, lead_time_days, reorder_point FROM products ORDER BY sku"
    )
    return [Product(*row) for row in rows]


def put_products(con: Cursor, incoming: Sequence[Product], now: datetime) -> list[ProductChange]:
    """Add or replace these products, one per SKU; the others stay, and so does each one's active lot.

    Returns what is different now; a product that was so already is not written.
    """
    known = {product.sku: product for product in products(con)}
    changes = [ProductChange(known.get(one.sku), one) for one in incoming if known.get(one.sku) != one]
    if not changes:
        return []
    with batch(con, "incoming_products", [asdict(change.after) for change in changes], _PRODUCTS) as rows:
        con.execute(
            f"""
            INSERT INTO products (sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, updated_at)
            SELECT sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, $now FROM {rows}
            ON CONFLICT (sku) DO UPDATE SET
                name = excluded.name,
                is_key = excluded.is_key,
                units_per_pallet = excluded.units_per_pallet,
                lead_time_days = excluded.lead_time_days,
                reorder_point = excluded.reorder_point,
                updated_at = excluded.updated_at
            """,  # noqa: S608 - the name of our own batch
            {"now": now},
        )
    return changes


def put_bundles(con: Cursor, incoming: Sequence[BundlePart], now: datetime) -> list[BundleChange]:
    """Make the parts of the bundles named here exactly these; other bundles stay. Returns what is different now."""
    known = catalogue(con).bundles
    told = Catalogue.of((), incoming).bundles
    changes = [BundleChange(known.get(sku, ()), parts) for sku, parts in told.items() if known.get(sku) != parts]
    if not changes:
        return []
    con.execute(
        "DELETE FROM bundles WHERE bundle_sku IN (SELECT unnest($skus))",
        {"skus": [change.after[0].bundle_sku for change in changes]},
    )
    parts = [asdict(part) for change in changes for part in change.after]
    with batch(con, "incoming_bundles", parts, _BUNDLES) as rows:
        con.execute(
            f"""
            INSERT INTO bundles (bundle_sku, component_sku, quantity, updated_at)
            SELECT bundle_sku, component_sku, quantity, $now FROM {rows}
            """,  # noqa: S608 - the name of our own batch
            {"now": now},
        )
    return changes


def seed(con: Cursor, incoming: Catalogue, now: datetime) -> bool:
    """Give a new database its first catalogue. Does nothing, and says so, once there is a product."""
    if con.value("SELECT count(*) FROM products"):
        return False
    put_products(con, list(incoming.products.values()), now)
    put_bundles(con, [part for parts in incoming.bundles.values() for part in parts], now)
    return True
