"""Where an order seen at ShipStation goes, and why (DESIGN D9, D10).

Every order gets exactly one route and one reason; both are stored and counted, so none is dropped silently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shipsync.rules.identity import SHOP, is_ours
from shipsync.rules.lots import parse_sku_lot
from shipsync.rules.shipstation import RemoteOrder


class Route(StrEnum):
    """What becomes of one version of one order."""

    IMPORT = "import"  # not known here: take it in
    UPDATE = "update"  # known: follow ShipStation
    LINK = "link"  # known, but its ShipStation id was not: join the two, then follow
    SKIP = "skip"  # not ours to keep; the reason says why
    CONFLICT = "conflict"  # two orders claim one identity: nothing is overwritten, a person decides
    QUARANTINE = "quarantine"  # ours to keep, but not usable yet; tried again each run


# What each reason means to a person. The keys are the only reasons there are.
REASONS = {
    "known": "An order we know changed at ShipStation.",
    "unchanged": "An order we know was seen again as it is.",
    "older_version": "A newer version of this order is already in.",
    "own_key": "An order we uploaded was found by its key.",
    "same_number": "An order of the shop was already at ShipStation under its number, with the same products.",
    "split_child": "A part split off an order we know.",
    "merge_survivor": "An order into which one that we know was merged.",
    "parent_not_here": "A part split off an order of ours that has not been seen at ShipStation yet.",
    "new_manual": "A manual order with a key product.",
    "new_manual_shared_number": "A manual order whose number a shop order also has; both are kept.",
    "not_manual": "Not a manual order and not one of ours.",
    "no_items_yet": "A manual order without items; it comes back when items are added.",
    "no_key_sku": "A manual order without a key product.",
    "cleaned_up": "An order that was closed and cleaned up here.",
    "unreadable_sku": "A manual order whose SKU text cannot be read.",
    "ours_not_here": "Uploaded by us, but the order is not in this database; read the order file again.",
    "number_taken": "Another ShipStation order already has this shop order's number.",
    "key_taken": "Another ShipStation order already has this order's key.",
}


@dataclass(frozen=True, slots=True)
class ManualRule:
    """Which order numbers are typed by hand in ShipStation: digits that start so, within the range if one is set."""

    prefix: str = "10"
    lowest: int | None = None
    highest: int | None = None

    def fits(self, order_number: str) -> bool:
        """Whether the number is a manual one. Leading and trailing spaces do not count."""
        number = order_number.strip()
        if not (number.isascii() and number.isdigit() and number.startswith(self.prefix)):
            return False
        value = int(number)
        return (self.lowest is None or value >= self.lowest) and (self.highest is None or value <= self.highest)


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """What routing needs of an order that is already here."""

    order_key: str
    order_number: str
    source_system: str
    status: str
    shipstation_order_id: int | None
    modified_at: datetime | None
    content_hash: str | None
    base_skus: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything here that could be the order in question."""

    by_id: KnownOrder | None = None
    by_key: KnownOrder | None = None
    parent: KnownOrder | None = None
    same_number: tuple[KnownOrder, ...] = ()
    is_cleaned_up: bool = False
    merged: tuple[KnownOrder, ...] = ()  # orders that were merged into it


@dataclass(frozen=True, slots=True)
class Routing:
    """The answer: where to, why, and which order here is meant (None where none is)."""

    route: Route
    reason: str
    known: KnownOrder | None = None


@dataclass(frozen=True, slots=True)
class KeySkus:
    """The SKUs that decide: key products, and bundles with a key product in them."""

    key_skus: frozenset[str]
    key_bundles: frozenset[str] = frozenset()

    def has_key(self, base_skus: Iterable[str]) -> bool:
        """Whether one of these SKUs makes an order ours to keep."""
        return any(sku in self.key_skus or sku in self.key_bundles for sku in base_skus)


def base_skus(order: RemoteOrder) -> frozenset[str]:
    """The SKUs of an order's lines without their lots; discounts and unreadable texts left out."""
    parsed = (parse_sku_lot(line.sku) for line in order.lines if not line.adjustment)
    return frozenset(found.base_sku for found in parsed if found is not None)


def route(order: RemoteOrder, known: Known, rule: ManualRule, keys: KeySkus) -> Routing:
    """Say where one version of an order goes. The first rule that fits wins, from the surest identity down."""
    if known.by_id is not None:
        return _route_known(order, known.by_id)
    if known.is_cleaned_up:
        return Routing(Route.SKIP, "cleaned_up")
    if order.parent_id is not None and known.parent is not None:
        return Routing(Route.IMPORT, "split_child", known.parent)
    if is_ours(order.order_key):
        # A part may carry its parent's key; it must not take the parent's place.
        return _route_ours(known.by_key) if order.parent_id is None else Routing(Route.QUARANTINE, "parent_not_here")
    shop_orders = [other for other in known.same_number if other.source_system == SHOP]
    if not rule.fits(order.order_number):
        found = _route_by_number(order, shop_orders)
    else:
        found = _route_manual(order, keys, shares_number=bool(shop_orders))
    if found.route is Route.SKIP and known.merged:
        return Routing(Route.IMPORT, "merge_survivor", known.merged[0])
    return found


def _route_known(order: RemoteOrder, known: KnownOrder) -> Routing:
    if known.modified_at is not None and order.modified_at < known.modified_at:
        return Routing(Route.SKIP, "older_version", known)
    unchanged = known.content_hash == order.content_hash and known.modified_at == order.modified_at
    return Routing(Route.UPDATE, "unchanged" if unchanged else "known", known)


def _route_ours(by_key: KnownOrder | None) -> Routing:
    if by_key is None:
        return Routing(Route.QUARANTINE, "ours_not_here")
    if by_key.shipstation_order_id is None:
        return Routing(Route.LINK, "own_key", by_key)
    return Routing(Route.CONFLICT, "key_taken", by_key)


def _route_by_number(order: RemoteOrder, shop_orders: Collection[KnownOrder]) -> Routing:
    """An order that is neither ours by key nor manual: it may still be a shop order that somebody else uploaded."""
    skus = base_skus(order)
    for other in shop_orders:
        if other.shipstation_order_id is None and other.base_skus & skus:
            return Routing(Route.LINK, "same_number", other)
    for other in shop_orders:
        return Routing(Route.CONFLICT, "number_taken", other)
    return Routing(Route.SKIP, "not_manual")


def _route_manual(order: RemoteOrder, keys: KeySkus, *, shares_number: bool) -> Routing:
    lines = [line for line in order.lines if not line.adjustment]
    if not lines:
        return Routing(Route.SKIP, "no_items_yet")
    if keys.has_key(base_skus(order)):
        return Routing(Route.IMPORT, "new_manual_shared_number" if shares_number else "new_manual")
    if any(_hides_a_key_sku(line.sku, keys) for line in lines):
        return Routing(Route.QUARANTINE, "unreadable_sku")
    return Routing(Route.SKIP, "no_key_sku")


def _hides_a_key_sku(text: str | None, keys: KeySkus) -> bool:
    """Whether an unreadable SKU text begins with a key SKU, such as the pack "17612-6"."""
    return text is not None and parse_sku_lot(text) is None and text.strip().startswith(tuple(keys.key_skus))
