"""The lines of a shop order: bundles taken apart, equal SKUs summed, nothing dropped unsaid.

Rules from facts/domain.md sections 1.3 and 1.4. A line is one of: a key product (kept), a bundle (taken apart), a
known product that is not ours to ship (left out, noted), or a problem that holds the whole order back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shipsync.rules.catalogue import Catalogue
from shipsync.rules.lots import parse_sku_lot
from shipsync.rules.order_formats import RawShopOrder
from shipsync.rules.shop_text import clean, money, quoted, whole_number

MAX_UNITS = 99_999  # of one SKU in one order: ShipStation takes no more in a line (facts/domain.md section 2.2)

# Why an order is held back; when there are several problems the one listed first is the reason.
RejectReason = Literal[
    "no_order_number",  # nothing to know it by
    "bad_order_number",  # longer than ShipStation takes, or with characters that cannot be shown
    "unknown_status",  # a status word that nobody has mapped
    "bad_date",  # no instant at which it was ordered
    "bad_shipping_cost",  # not an amount of money
    "no_ship_to",  # every part of the address is empty
    "unknown_sku",  # neither a product nor a bundle
    "bad_line",  # a line without a SKU, with an unreadable quantity or price, or of another order
    "too_many_units",  # more than MAX_UNITS of one SKU
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that holds an order back."""

    reason: RejectReason
    sentence: str


@dataclass(frozen=True, slots=True)
class ShopLine:
    """One SKU of an order."""

    sku: str
    base_sku: str
    lot: None  # the shop knows no lots: the upload puts the active one (facts/domain.md section 1.4)
    name: str  # the shop's where it named the SKU itself, else the catalogue's
    quantity: int  # units
    unit_price: Decimal | None  # USD; None: the file names none, or the summed lines name several


@dataclass(frozen=True, slots=True)
class ReadLines:
    """What the lines of one order come to. With problems the order is not to be taken."""

    lines: tuple[ShopLine, ...]  # in the order in which their SKUs first appear
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def read_lines(raw: RawShopOrder, catalogue: Catalogue) -> ReadLines:
    """Read every line of a record, going on after a bad one, so that all problems are named at once."""
    reader = _Reader(raw, catalogue)
    for place, line in enumerate(raw.lines, 1):
        reader.take(place, line)
    return reader.result()


def named_skus(raw: RawShopOrder) -> set[str]:
    """The SKUs that a record's lines name, as they stand there and without a lot behind them."""
    texts = {clean(line.get(raw.layout.sku)) for line in raw.lines} - {""}
    return texts | {named.base_sku for named in map(parse_sku_lot, texts) if named is not None}


def unknown_skus(raw: RawShopOrder, catalogue: Catalogue) -> set[str]:
    """The SKUs of a record's lines that are neither product nor bundle, lot taken off."""
    texts = {clean(line.get(raw.layout.sku)) for line in raw.lines} - {""}
    return {sku for text in texts if not _is_sold(sku := known_sku(text, catalogue), catalogue)}


def known_sku(sku_text: str, catalogue: Catalogue) -> str:
    """The SKU that a text names: itself, or the base SKU where a lot is written behind it."""
    if _is_sold(sku_text, catalogue):
        return sku_text
    sku_lot = parse_sku_lot(sku_text)
    return sku_lot.base_sku if sku_lot else sku_text


def _is_sold(sku: str, catalogue: Catalogue) -> bool:
    return sku in catalogue.products or sku in catalogue.bundles


@dataclass(slots=True)
class _Units:
    """The units of one SKU, while they are summed."""

    name: str | None
    quantity: int
    prices: set[Decimal | None]


class _Reader:
    """Goes through the lines of one order."""

    def __init__(self, raw: RawShopOrder, catalogue: Catalogue) -> None:
        self.raw = raw
        self.layout = raw.layout
        self.catalogue = catalogue
        self.units: dict[str, _Units] = {}
        self.unknown: dict[str, str] = {}  # SKU: the name its line gives it
        self.bad: list[Problem] = []
        self.notes: list[str] = []

    def take(self, place: int, line: Mapping[str, str]) -> None:
        """Read one line."""
        layout = self.layout
        sku_text, name = clean(line.get(layout.sku)), clean(line.get(layout.name))
        label = f"line {place} ({quoted(' '.join(filter(None, (sku_text, name))))})"
        if layout.adjustment and line.get(layout.adjustment, "").lower() == "true":
            self.notes.append(f"Left out {label}: a discount.")
            return
        number = line.get(layout.line_order_number, "") if layout.line_order_number else ""
        if number and number != self.raw.order_number:
            self._bad(f"{label} belongs to order {quoted(number)}.")
            return
        if not sku_text:
            self._bad(f"{label} has no SKU.")
            return

        quantity_text = line.get(layout.quantity, "")
        quantity = whole_number(quantity_text) if quantity_text else 1
        price_text = line.get(layout.unit_price, "") if layout.unit_price else ""
        price = money(price_text) if price_text else None
        if quantity is None:
            self._bad(f"{label} has the quantity {quoted(quantity_text)}, not a positive whole number.")
        elif price_text and price is None:
            self._bad(f"{label} has the price {quoted(price_text)}, not an amount.")
        else:
            if not quantity_text:
                self.notes.append(f"Counted {label} as 1: it names no quantity.")
            self._count(known_sku(sku_text, self.catalogue), name, quantity, price, label)

    def result(self) -> ReadLines:
        """What the lines came to."""
        problems = list(self.bad)
        if self.unknown:
            skus = ", ".join(f"{sku} ({quoted(name)})" for sku, name in self.unknown.items())
            problems.append(
                Problem(
                    "unknown_sku",
                    f"Neither a product nor a bundle: {skus}. Load the product or the bundle; the order is then"
                    " taken by itself.",
                )
            )
        lines = []
        for sku, units in self.units.items():
            if units.quantity > MAX_UNITS:
                problems.append(
                    Problem("too_many_units", f"{units.quantity} units of {sku} are more than {MAX_UNITS}.")
                )
            name = units.name or self.catalogue.products[sku].name
            price = next(iter(units.prices)) if len(units.prices) == 1 else None
            lines.append(ShopLine(sku, sku, None, name, units.quantity, price))
        return ReadLines(tuple(lines), tuple(problems), tuple(self.notes))

    def _count(self, sku: str, name: str, quantity: int, price: Decimal | None, label: str) -> None:
        product = self.catalogue.products.get(sku)
        if product is None and sku not in self.catalogue.bundles:
            self.unknown.setdefault(sku, name)
        elif product is not None and not product.is_key:
            self.notes.append(f"Left out {label}: {quantity} of a product that is not a key product.")
        elif quantity == 0:  # nothing of a leaflet is nothing; nothing of what we ship is a mistake
            self._bad(f"{label} has the quantity '0', not a positive whole number.")
        elif product is not None:
            self._add(sku, name or None, quantity, price)
        else:
            self._take_apart(sku, quantity, label)

    def _take_apart(self, bundle_sku: str, quantity: int, label: str) -> None:
        for part in self.catalogue.bundles[bundle_sku]:
            product = self.catalogue.products.get(part.component_sku)
            units = quantity * part.quantity
            if product is None:
                self.unknown.setdefault(part.component_sku, f"in bundle {bundle_sku}")
            elif product.is_key:
                self._add(part.component_sku, None, units, None)
            else:
                self.notes.append(f"Left out of {label}: {units} of {part.component_sku}, which is not a key product.")

    def _add(self, sku: str, name: str | None, quantity: int, price: Decimal | None) -> None:
        units = self.units.setdefault(sku, _Units(None, 0, set()))
        units.name = units.name or name
        units.quantity += quantity
        units.prices.add(price)

    def _bad(self, sentence: str) -> None:
        self.bad.append(Problem("bad_line", sentence[0].upper() + sentence[1:]))
