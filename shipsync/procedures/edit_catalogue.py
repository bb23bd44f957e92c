"""What a person edits in the catalogue, in one transaction of the caller's (DESIGN I10).

read     what the catalogue is now
decide   what this person changed, whether somebody else changed the same meanwhile, whether all of it fits together
write    the changes, an audit entry for each; or LoadError with every problem, and nothing was written
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart
from shipsync.rules.catalogue_edits import (
    BUNDLES,
    PRODUCTS,
    Change,
    ListedProduct,
    Merged,
    after,
    bundle_in_words,
    by_bundle,
    clashes,
    merge,
)
from shipsync.rules.order_formats import RawShopOrder
from shipsync.rules.shop_lines import named_skus, unknown_skus
from shipsync.store import products as store
from shipsync.store import quarantine
from shipsync.store.cursor import Cursor
from shipsync.store.settings import audit
from shipsync.store.shop_orders import orders_of_unknown_skus

HELD_ORDER = "shop_order"  # the import's kind in quarantine
_LOOKED_AT = 1000  # held orders; a page asks after each commit, and reading one takes 20 us

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did, by SKU."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether everything was so already."""
        return not (self.added or self.changed or self.removed)


def save_products(
    con: Cursor,
    loaded: Mapping[str, ListedProduct],
    wanted: Mapping[str, ListedProduct],
    by: str,
    now: datetime,
) -> Saved:
    """Make the products what a person wants who was shown `loaded`. Raises LoadError; then nothing was written."""
    there = {one.sku: one for one in store.listed_products(con)}
    merged = merge(loaded, wanted, there)
    problems = _conflicts(merged, there, ListedProduct.in_words)
    bundles = by_bundle(store.bundle_parts(con))
    problems += clashes(after(there, merged.changes).keys(), bundles)
    if problems:
        raise LoadError(PRODUCTS, problems)
    kept = [change.after for change in merged.changes if change.after is not None]
    store.put_products(con, [one.product for one in kept], now)
    store.set_active_lots(con, {one.sku: one.active_lot for one in kept}, now)
    store.remove_products(con, [change.key for change in merged.changes if change.after is None])
    return _note(con, "product", merged, ListedProduct.in_words, by, now)


def save_bundles(
    con: Cursor,
    loaded: Mapping[str, tuple[BundlePart, ...]],
    wanted: Mapping[str, tuple[BundlePart, ...]],
    by: str,
    now: datetime,
) -> Saved:
    """Make the bundles what a person wants who was shown `loaded`. Raises LoadError; then nothing was written."""
    there = by_bundle(store.bundle_parts(con))
    merged = merge(loaded, wanted, there)
    problems = _conflicts(merged, there, bundle_in_words)
    skus = {product.sku for product in store.products(con)}
    bundles = after(there, merged.changes)
    problems += clashes(skus, bundles)
    if problems:
        raise LoadError(BUNDLES, problems)
    store.put_bundles(con, [part for change in merged.changes for part in change.after or ()], now)
    store.remove_bundles(con, [change.key for change in merged.changes if change.after is None])
    return _note(con, "bundle", merged, bundle_in_words, by, now)


def set_key_products(con: Cursor, loaded: Collection[str], wanted: Collection[str], by: str, now: datetime) -> Saved:
    """Mark exactly these products as key, of those known. `loaded`: which the person was shown as marked.

    Raises LoadError where somebody else changed such a product's mark, or took it away, meanwhile.
    """
    there = {one.sku: one for one in store.listed_products(con)}
    mine = set(loaded) ^ set(wanted)
    problems = [f"{sku} is no product any more. Load the page again." for sku in sorted(mine - there.keys())]
    if problems:
        raise LoadError(PRODUCTS, problems)
    before = {sku: one for sku, one in there.items() if sku in mine}
    shown = {sku: _marked(one, sku in loaded) for sku, one in before.items()}
    merged = merge(shown, {sku: _marked(one, sku in wanted) for sku, one in before.items()}, before)
    kept = [change.after.product for change in merged.changes if change.after is not None]
    store.put_products(con, kept, now)
    return _note(con, "product", merged, ListedProduct.in_words, by, now)


def waiting_for(con: Cursor, skus: Collection[str]) -> int:
    """How many orders of the shop are held back and name one of these SKUs."""
    waiting = 0
    for one in quarantine.open_entries(con, [HELD_ORDER]):
        if one.entry.raw is not None and not named_skus(RawShopOrder.from_json(one.entry.raw)).isdisjoint(skus):
            waiting += 1
    return waiting


@dataclass(frozen=True, slots=True)
class Missing:
    """The SKUs that orders wait for."""

    orders: Mapping[str, int]  # held orders by SKU, the SKU of most orders first
    is_all: bool  # False: there are so many that only the newest were looked at


def missing_skus(con: Cursor) -> Missing:
    """Which SKUs nobody knows, and how many orders of the shop are held back for each."""
    catalogue = store.catalogue(con)
    raws = orders_of_unknown_skus(con, _LOOKED_AT)
    orders: Counter[str] = Counter()
    for raw in raws:
        orders.update(unknown_skus(RawShopOrder.from_json(raw), catalogue))
    return Missing(dict(sorted(orders.items(), key=lambda item: (-item[1], item[0]))), len(raws) < _LOOKED_AT)


def _marked(one: ListedProduct, is_key: bool) -> ListedProduct:
    return replace(one, product=replace(one.product, is_key=is_key))


def _conflicts(merged: Merged[T], there: Mapping[str, T], in_words: Callable[[T], str]) -> list[str]:
    return [
        f"{key} was changed by somebody else since this table was loaded: {in_words(there[key])}. Load the table again."
        if key in there
        else f"{key} was deleted by somebody else since this table was loaded. Load the table again."
        for key in merged.conflicts
    ]


def _note(con: Cursor, what: str, merged: Merged[T], in_words: Callable[[T], str], by: str, now: datetime) -> Saved:
    done: dict[str, list[str]] = {"added": [], "changed": [], "deleted": []}
    for change in merged.changes:
        deed = _deed(change)
        done[deed].append(change.key)
        before, after_it = (None if one is None else in_words(one) for one in (change.before, change.after))
        audit(con, by, f"{what} {deed}", change.key, before, after_it, now)
    return Saved(tuple(done["added"]), tuple(done["changed"]), tuple(done["deleted"]))


def _deed(change: Change[T]) -> str:
    if change.before is None:
        return "added"
    return "deleted" if change.after is None else "changed"
