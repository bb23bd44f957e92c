"""The catalogue as it is kept: products and bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from shipsync.rules.catalogue import BundlePart, Catalogue, Product
from shipsync.rules.catalogue_edits import ListedProduct
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
        ("count_tolerance", pa.int32()),
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
        """
        SELECT sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, count_tolerance
        FROM products
        ORDER BY sku
        """
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
            INSERT INTO products (sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, count_tolerance,
                updated_at)
            SELECT sku, name, is_key, units_per_pallet, lead_time_days, reorder_point, count_tolerance, $now
            FROM {rows}
            ON CONFLICT (sku) DO UPDATE SET
                name = excluded.name,
                is_key = excluded.is_key,
                units_per_pallet = excluded.units_per_pallet,
                lead_time_days = excluded.lead_time_days,
                reorder_point = excluded.reorder_point,
                count_tolerance = excluded.count_tolerance,
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


def listed_products(con: Cursor) -> list[ListedProduct]:
    """All products with their active lots, by SKU."""
    lots: dict[str, str | None] = dict(con.rows("SELECT sku, active_lot FROM products"))
    return [ListedProduct(product, lots[product.sku]) for product in products(con)]


def bundle_parts(con: Cursor) -> list[BundlePart]:
    """All bundle parts, by bundle and component."""
    rows = con.rows("SELECT bundle_sku, component_sku, quantity FROM bundles ORDER BY bundle_sku, component_sku")
    return [BundlePart(*row) for row in rows]


def set_active_lots(con: Cursor, lots: Mapping[str, str | None], now: datetime) -> None:
    """Say which lot goes up with each of these products; None: none."""
    for sku, lot in lots.items():
        con.execute(
            """
            UPDATE products
            SET active_lot = $lot, updated_at = $now
            WHERE sku = $sku AND active_lot IS DISTINCT FROM $lot
            """,
            {"sku": sku, "lot": lot, "now": now},
        )


def remove_products(con: Cursor, skus: Sequence[str]) -> None:
    """Take these products out of the catalogue. What was ordered and shipped of them stays."""
    con.execute("DELETE FROM products WHERE sku IN (SELECT unnest($skus))", {"skus": list(skus)})


def remove_bundles(con: Cursor, skus: Sequence[str]) -> None:
    """Take these bundles out of the catalogue. Orders that were taken apart by them stay as they are."""
    con.execute("DELETE FROM bundles WHERE bundle_sku IN (SELECT unnest($skus))", {"skus": list(skus)})


def open_orders_with(con: Cursor, skus: Sequence[str]) -> dict[str, int]:
    """How many orders that are neither shipped nor cancelled hold each of these SKUs; those of none are left out."""
    rows = con.rows(
        """
        SELECT i.base_sku, count(DISTINCT i.order_key)
        FROM order_items_inbox i
        JOIN orders_inbox o USING (order_key)
        WHERE i.base_sku IN (SELECT unnest($skus))
          AND o.status NOT IN ('shipped', 'cancelled')
        GROUP BY i.base_sku
        ORDER BY i.base_sku
        """,
        {"skus": list(skus)},
    )
    return dict(rows)


def seed(con: Cursor, incoming: Catalogue, now: datetime) -> bool:
    """Give a new database its first catalogue. Does nothing, and says so, once there is a product."""
    if con.value("SELECT count(*) FROM products"):
        return False
    put_products(con, list(incoming.products.values()), now)
    put_bundles(con, [part for parts in incoming.bundles.values() for part in parts], now)
    return True
