"""How stock, its lots and its movements are told on Inventory and Count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from shipsync import runtime
from shipsync.documents.count_sheet import lot_shown
from shipsync.rules.ledger import NO_LOT
from shipsync.store import products
from shipsync.web import words
from shipsync.web.answers import ask

KINDS: Mapping[str, str] = {
    "receive": "received",
    "ship": "shipped",
    "void": "label voided",
    "adjust_up": "adjusted up",
    "adjust_down": "adjusted down",
    "repack": "repacked",
    "count": "counted",
}


def of(sku: str, lot: str) -> str:
    """'17612 - 250237', or '17612, no lot'."""
    return f"{sku}, {lot_shown(lot)}" if lot == NO_LOT else f"{sku} - {lot}"


def names() -> Mapping[str, str]:
    """The product names by SKU."""
    return {one.sku: one.name for one in ask(products.products)}


def naming() -> Callable[[str], str]:
    """How products are called, for many of them: '17612 · Rinse, case'."""
    known = names()
    return lambda sku: f"{sku} · {known[sku]}" if known.get(sku) else sku


def named(sku: str) -> str:
    """The same for one."""
    return naming()(sku)


def in_pallets(units: int | None, pallet_size: int | None) -> str | None:
    """'12 + 7': full pallets and loose units; None where there is no pallet size, or no stock to lay on pallets."""
    if units is None or units < 0 or not pallet_size:
        return None
    return f"{units // pallet_size:,} + {units % pallet_size:,}"


def pallets_in_words(units: int, pallet_size: int | None) -> str | None:
    """'24 pallets of 48 and 43 loose'; None where `in_pallets` says nothing."""
    if in_pallets(units, pallet_size) is None or pallet_size is None:
        return None
    return f"{words.count(units // pallet_size, 'pallet')} of {pallet_size:,} and {units % pallet_size:,} loose"


def this_minute() -> datetime:
    """The end of the minute that runs: up to it everything has happened, and an answer can be kept until then."""
    now = runtime.app().now()
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
