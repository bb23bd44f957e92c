"""CSV files that a person loads, read strictly (DESIGN section 5): the whole file, or nothing and every bad line named.

products `sku,name,is_key,units_per_pallet,lead_time_days,reorder_point,count_tolerance` (the last four may be empty)
bundles  `bundle_sku,component_sku,quantity`, one line per component

Columns may stand in any order. Line numbers are those an editor shows; the header is line 1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.lots import SkuLot, parse_sku_lot
from shipsync.rules.shop_text import clean, quoted

UNSAID = ("units_per_pallet", "lead_time_days", "reorder_point", "count_tolerance")  # what a product may leave open
PRODUCT_COLUMNS = ("sku", "name", "is_key", *UNSAID)
BUNDLE_COLUMNS = ("bundle_sku", "component_sku", "quantity")

MAX_PROBLEMS = 50  # named one by one; the rest is counted

_WHOLE = re.compile(r"[0-9]{1,9}")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,49}")  # ShipStation takes 50 characters
_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0"})


def read_products(
    text: str, *, path: str, bundle_skus: Collection[str] = (), known: Mapping[str, Product] | None = None
) -> list[Product]:
    """The products of a file, in its order. `bundle_skus` are the bundles that are known: no product may be one.

    A column that the file does not have leaves what is `known` of a product as it is; an empty cell says that nobody
    knows. Raises LoadError naming every bad line.
    """
    sheet = _Sheet(text, path, PRODUCT_COLUMNS, optional=UNSAID)
    products = check_products(sheet.rows(), bundle_skus=bundle_skus)
    sheet.finish()
    left_out = [name for name in UNSAID if name not in sheet.names]
    return [_with_what_is_known(product, (known or {}).get(product.sku), left_out) for product in products]


def _with_what_is_known(product: Product, known: Product | None, columns: Iterable[str]) -> Product:
    return product if known is None else replace(product, **{name: getattr(known, name) for name in columns})


def read_bundles(
    text: str, *, path: str, product_skus: Collection[str], bundle_skus: Collection[str] = ()
) -> list[BundlePart]:
    """The bundle parts of a file, in its order.

    Every component has to be one of `product_skus`; a bundle, of this file or of the known `bundle_skus`, is none.
    Raises LoadError naming every bad line.
    """
    sheet = _Sheet(text, path, BUNDLE_COLUMNS)
    parts = check_bundles(sheet.rows(), product_skus=product_skus, bundle_skus=bundle_skus)
    sheet.finish()
    return parts


def check_products(rows: Iterable[Row], *, bundle_skus: Collection[str] = ()) -> list[Product]:
    """The products of these rows; whatever is wrong is reported by its row, and then the answer is of no use."""
    products: dict[str, Product] = {}
    for row in rows:
        sku = row.sku("sku")
        if sku in products:
            row.bad("sku", f"{sku} is there twice.")
        elif sku in bundle_skus:
            row.bad("sku", f"{sku} is a bundle; a SKU cannot be both.")
        name = clean(row.text("name"))
        if not name:
            row.bad("name", "is empty.")
        products[sku or f"line {row.line}"] = Product(
            sku,
            name,
            row.yes_or_no("is_key"),
            row.whole("units_per_pallet", lowest=1, optional=True),
            row.whole("lead_time_days", lowest=0, optional=True),
            row.whole("reorder_point", lowest=0, optional=True),
            row.whole("count_tolerance", lowest=0, optional=True),
        )
    return list(products.values())


def check_bundles(
    rows: Iterable[Row], *, product_skus: Collection[str], bundle_skus: Collection[str] = ()
) -> list[BundlePart]:
    """The bundle parts of these rows, as `check_products` does it."""
    rows = list(rows)
    bundles = {row.text("bundle_sku") for row in rows} | set(bundle_skus)
    parts: dict[tuple[str, str], BundlePart] = {}
    for row in rows:
        bundle, component = row.sku("bundle_sku"), row.sku("component_sku")
        quantity = row.whole("quantity", lowest=1)
        if bundle and bundle in product_skus:
            row.bad("bundle_sku", f"{bundle} is a product; a SKU cannot be both.")
        if component and component in bundles:
            row.bad("component_sku", f"{component} is a bundle; a bundle holds products only.")
        elif component and component not in product_skus:
            row.bad("component_sku", f"{component} is not a product. Add the product first.")
        if bundle and component and (bundle, component) in parts:
            row.bad("component_sku", f"{component} stands in bundle {bundle} twice.")
        parts[bundle or f"line {row.line}", component] = BundlePart(bundle, component, quantity or 0)
    return list(parts.values())


@dataclass(slots=True)
class Row:
    """One row of a sheet as texts by column; what is wrong with it goes to `report`."""

    line: int  # what it is called by: the line of a file, the place in a table
    cells: Mapping[str, str]
    report: Callable[[int, str], None]
    labels: Mapping[str, str] = field(default_factory=dict)  # columns that a person knows by another name

    def bad(self, column: str, what: str) -> None:
        """Report a cell."""
        self.report(self.line, f"{self.labels.get(column, column)}: {what}")

    def text(self, column: str) -> str:
        """A cell, trimmed."""
        return self.cells.get(column, "").strip()

    def sku(self, column: str) -> str:
        """A cell that has to be a SKU; empty after it was reported."""
        text = self.text(column)
        if not text:
            self.bad(column, "is empty.")
            return ""
        if not _SKU.fullmatch(text):
            self.bad(column, f"{quoted(text)} is not a SKU (letters, digits, . _ / -, at most 50).")
            return ""
        return text

    def whole(self, column: str, *, lowest: int, optional: bool = False) -> int | None:
        """A cell that has to be a whole number; None where it is empty and may be, or after it was reported."""
        text = self.text(column)
        if optional and not text:
            return None
        if not _WHOLE.fullmatch(text) or int(text) < lowest:
            what = f"{quoted(text)} is not" if text else "is empty, not"
            self.bad(column, f"{what} a whole number from {lowest} up.")
            return None
        return int(text)

    def lot(self, column: str, sku: str) -> str | None:
        """A cell that may be a lot of this SKU; None where it is empty, or after it was reported.

        People also paste it with its SKU before it, as it stands on the carton.
        """
        text = self.text(column)
        if not sku or not text:
            return None
        named = parse_sku_lot(text)
        lot = named.lot if named is not None and named.lot is not None and named.base_sku == sku else text
        written = parse_sku_lot(SkuLot(sku, lot).text)
        if written is None or written.lot is None:
            self.bad(column, f"{quoted(text)} is not a lot: five or six digits, and its SKU has digits only.")
            return None
        return lot

    def yes_or_no(self, column: str) -> bool:
        """A cell that has to be a yes or a no."""
        text = self.text(column).lower()
        if text not in _YES | _NO:
            self.bad(column, f"{quoted(text)} is neither yes nor no (yes, true, 1, no, false, 0).")
        return text in _YES


class _Sheet:
    """A CSV text with a header: comma separated, quoted with ", a byte order mark and any line ends allowed."""

    def __init__(self, text: str, path: str, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        self.path = path
        self.columns = columns
        self.optional = optional
        self.names: list[str] = []  # of the columns that are there, once the header was read
        self.problems: list[tuple[int, str]] = []
        self.reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)

    def rows(self) -> Iterator[Row]:
        """The lines that hold something. A header that does not fit raises at once: no line could be understood."""
        header: list[str] | None = None
        count = 0
        line = 1  # where the record starts: a quoted text may go over several lines
        try:
            for cells in self.reader:
                at, line = line, self.reader.line_num + 1
                if not any(cell.strip() for cell in cells):
                    continue
                if header is None:
                    header = self._header(at, cells)
                    continue
                count += 1
                if len(cells) != len(header):
                    self._report(at, f"has {len(cells)} cells instead of {len(header)}.")
                else:
                    yield Row(at, dict(zip(header, cells, strict=True)), self._report)
        except csv.Error as error:
            self._report(line, f"cannot be read: {error}.")
        if not count:
            self._report(1, "the file holds no rows." if header else f"the header is missing: {self._wanted()}.")

    def finish(self) -> None:
        """Raise LoadError if anything was wrong."""
        if self.problems:
            sentences = [f"line {line}: {what}" for line, what in sorted(self.problems)]
            more = len(sentences) - MAX_PROBLEMS
            raise LoadError(self.path, sentences[:MAX_PROBLEMS] + ([f"and {more} more."] if more > 0 else []))

    def _header(self, line: int, cells: list[str]) -> list[str]:
        names = [cell.strip().lower() for cell in cells]
        for name in names:
            if name not in self.columns:
                close = get_close_matches(name, self.columns, n=1)
                hint = f"did you mean {close[0]}?" if close else f"{self._wanted()}."
                self._report(line, f"there is no column {quoted(name)}; {hint}")
        self.problems += [(line, f"column {name} is there twice.") for name in set(names) if names.count(name) > 1]
        missing = [name for name in self.columns if name not in names and name not in self.optional]
        self.problems += [(line, f"column {name} is missing.") for name in missing]
        self.finish()
        self.names = names
        return names

    def _wanted(self) -> str:
        return f"the columns are {','.join(self.columns)}"

    def _report(self, line: int, what: str) -> None:
        self.problems.append((line, what))
