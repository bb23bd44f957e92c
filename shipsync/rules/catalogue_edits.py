"""Products and bundles as a person edits them in a table: the rows checked, and merged with what others did meanwhile.

    rows of the table -> read_product_rows | read_bundle_rows -> what is wanted
    what was loaded + what is wanted + what is there now -> merge -> changes | conflicts

The rules of a row are those of a file (rules/loads.py), so that no way in is stricter than another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.loads import BUNDLE_COLUMNS, PRODUCT_COLUMNS, Row, check_bundles, check_products
from shipsync.rules.shop_text import quoted

PRODUCTS, BUNDLES = "products", "bundles"

# What the tables' columns are called on screen.
LABELS: Mapping[str, str] = {
    "sku": "SKU",
    "name": "Name",
    "is_key": "Key product",
    "units_per_pallet": "Units per pallet",
    "lead_time_days": "Lead time in days",
    "reorder_point": "Reorder point",
    "count_tolerance": "Count tolerance",
    "active_lot": "Active lot",
    "bundle_sku": "Bundle",
    "component_sku": "Product",
    "quantity": "Units",
}
PRODUCT_FIELDS = (*PRODUCT_COLUMNS, "active_lot")
BUNDLE_FIELDS = BUNDLE_COLUMNS

Cells = Mapping[str, object]  # one row of a table by column; None where a cell is empty
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product with the lot that is put on upload now."""

    product: Product
    active_lot: str | None  # five or six digits; None: the SKU goes up without a lot

    @property
    def sku(self) -> str:
        """What it is known by."""
        return self.product.sku

    def cells(self) -> dict[str, object]:
        """The product as a row of the table."""
        values = {name: getattr(self.product, name) for name in PRODUCT_COLUMNS}
        return {**values, "active_lot": self.active_lot}

    def in_words(self) -> str:
        """The product as the audit log tells it: what nobody has said is left out."""
        return ", ".join(f"{LABELS[name]} {_text(value)}" for name, value in self.cells().items() if value is not None)


def bundle_in_words(parts: Iterable[BundlePart]) -> str:
    """A bundle as the audit log tells it: '4 x 17612, 1 x 17904'."""
    return ", ".join(f"{part.quantity} x {part.component_sku}" for part in parts)


def read_product_rows(rows: Sequence[Cells], *, bundle_skus: Collection[str]) -> dict[str, ListedProduct]:
    """The products that a table says, by SKU. Raises LoadError naming every problem with its row."""
    problems: list[tuple[int, str]] = []
    checked = _rows(rows, "sku", problems)
    products = check_products(checked, bundle_skus=bundle_skus)
    lots = {row.text("sku"): row.lot("active_lot", row.text("sku")) for row in checked}
    _raise(PRODUCTS, problems)
    return {product.sku: ListedProduct(product, lots[product.sku]) for product in products}


def read_bundle_rows(rows: Sequence[Cells], *, product_skus: Collection[str]) -> dict[str, tuple[BundlePart, ...]]:
    """The bundles that a table says, by SKU, parts in the order of theirs. Raises LoadError as above."""
    problems: list[tuple[int, str]] = []
    parts = check_bundles(_rows(rows, "bundle_sku", problems), product_skus=product_skus)
    _raise(BUNDLES, problems)
    return by_bundle(parts)


def by_bundle(parts: Iterable[BundlePart]) -> dict[str, tuple[BundlePart, ...]]:
    """Parts by their bundle, in the order of bundle and component."""
    bundles: dict[str, tuple[BundlePart, ...]] = {}
    for part in sorted(parts, key=lambda part: (part.bundle_sku, part.component_sku)):
        bundles[part.bundle_sku] = (*bundles.get(part.bundle_sku, ()), part)
    return bundles


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One entry that a person made different. None: it is not there."""

    key: str
    before: T | None
    after: T | None


@dataclass(frozen=True, slots=True)
class Merged(Generic[T]):
    """What a save comes to."""

    changes: tuple[Change[T], ...]  # by key
    conflicts: tuple[str, ...]  # keys that this person changed, and somebody else too since the table was loaded


def merge(loaded: Mapping[str, T], wanted: Mapping[str, T], now: Mapping[str, T]) -> Merged[T]:
    """What a person changed, put upon what is there now. What somebody else changed meanwhile stays as they left it.

    The same change made by both is none any more; different ones of one entry are a conflict.
    """
    mine = sorted(key for key in {*loaded, *wanted} if loaded.get(key) != wanted.get(key))
    open_changes = [key for key in mine if now.get(key) != wanted.get(key)]
    return Merged(
        tuple(Change(key, now.get(key), wanted.get(key)) for key in open_changes),
        tuple(key for key in open_changes if now.get(key) != loaded.get(key)),
    )


def after(now: Mapping[str, T], changes: Iterable[Change[T]]) -> dict[str, T]:
    """What is there once these changes are made."""
    there = dict(now)
    for change in changes:
        if change.after is None:
            there.pop(change.key, None)
        else:
            there[change.key] = change.after
    return there


def clashes(product_skus: Collection[str], bundles: Mapping[str, Sequence[BundlePart]]) -> list[str]:
    """What does not fit between products and bundles, one sentence each."""
    found = [f"{sku} would be a product and a bundle; a SKU cannot be both." for sku in bundles if sku in product_skus]
    for sku, parts in bundles.items():
        for part in parts:
            if part.component_sku in bundles:
                found.append(f"Bundle {sku} would hold {part.component_sku}, a bundle; a bundle holds products only.")
            elif part.component_sku not in product_skus:
                found.append(f"Bundle {sku} holds {part.component_sku}, which is no product. Change the bundle first.")
    return found


def _rows(rows: Sequence[Cells], key: str, problems: list[tuple[int, str]]) -> list[Row]:
    def report(place: int, what: str) -> None:
        name = _text(rows[place - 1].get(key))
        problems.append((place, f"Row {place}{f' ({quoted(name)})' if name else ''}: {what}"))

    return [
        Row(place, {column: _text(value) for column, value in cells.items()}, report, LABELS)
        for place, cells in enumerate(rows, 1)
        if any(cells.values())  # a key pressed below the last row makes an empty one
    ]


def _raise(what: str, problems: list[tuple[int, str]]) -> None:
    if problems:
        raise LoadError(what, [sentence for _, sentence in sorted(problems, key=lambda one: one[0])])


def _text(value: object) -> str:
    """A cell as the rules read it. A number that came as 48.0 means 48."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
