"""CSV files that a person loads, read strictly (DESIGN section 5): the whole file, or nothing and every bad line named.

products       `sku,name,is_key,units_per_pallet,lead_time_days,reorder_point,count_tolerance` (the last four may be
               empty)
bundles        `bundle_sku,component_sku,quantity`, one line per component
opening-stock  `sku,lot,quantity,as_of`, one line per lot (empty: without one), counted at the close of a day
               `YYYY-MM-DD`, or at `YYYY-MM-DD HH:MM` on the warehouse's clock
rates          `rate,amount,effective_from`, one line per rate and the day from which on it holds
weekly-history `start_date,end_date,sku,quantity_shipped`, what was shipped from a Monday to its Sunday

Columns may stand in any order. Line numbers are those an editor shows; the header is line 1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import PurePath
from typing import TypeVar
from zoneinfo import ZoneInfo

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.charges import RATE_NAMES, Rate, RateName
from shipsync.rules.ledger import NO_LOT, OPENING, Movement
from shipsync.rules.lots import SkuLot, parse_sku_lot, sku_lot_text
from shipsync.rules.periods import business_date, day_closes, instant_of
from shipsync.rules.shop_text import clean, quoted
from shipsync.rules.weeks import WeekUnits, week_ends

UNSAID = ("units_per_pallet", "lead_time_days", "reorder_point", "count_tolerance")  # what a product may leave open
PRODUCT_COLUMNS = ("sku", "name", "is_key", *UNSAID)
BUNDLE_COLUMNS = ("bundle_sku", "component_sku", "quantity")
STOCK_COLUMNS = ("sku", "lot", "quantity", "as_of")
RATE_COLUMNS = ("rate", "amount", "effective_from")
HISTORY_COLUMNS = ("start_date", "end_date", "sku", "quantity_shipped")

MAX_PROBLEMS = 50  # named one by one; the rest is counted

_WHOLE = re.compile(r"[0-9]{1,9}")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,49}")  # ShipStation takes 50 characters
_AMOUNT = re.compile(r"[0-9]{1,7}(\.[0-9]{1,4})?")
_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")
_OLDEST = date(2000, 1, 1)  # whoever writes an older one means another century

T = TypeVar("T")


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


def read_opening_stock(
    text: str,
    *,
    path: str,
    product_skus: Collection[str],
    counted: Collection[tuple[str, str, datetime]],
    zone: ZoneInfo,
    now: datetime,
) -> list[Movement]:
    """The opening stock of a file as counts, in its order; `path` becomes their reference by its last part.

    `counted` are the counts there are already, by SKU, lot and instant: the same one twice is an error. `zone` is the
    warehouse's. Raises LoadError naming every bad line.
    """
    sheet = _Sheet(text, path, STOCK_COLUMNS)
    reference = PurePath(path).name
    found: dict[tuple[str, str, datetime], Movement] = {}
    for row in sheet.rows():
        sku = row.product("sku", product_skus)
        lot = row.lot("lot", sku)
        quantity = row.whole("quantity", lowest=0)
        at = row.moment("as_of", zone, now)
        if not sku or at is None or (lot is None and row.text("lot")):
            continue
        lot = lot or NO_LOT
        key = (sku, lot, at)
        if key in found:
            row.bad("sku", f"{_spoken(sku, lot)} at this instant is there twice.")
        elif key in counted:
            row.bad("sku", f"{_spoken(sku, lot)} was loaded already: there is a count of it at this instant.")
        found[key] = Movement(
            "count", sku, lot, quantity or 0, at, business_date(at, zone), reason_code=OPENING, reference=reference
        )
    sheet.finish()
    return list(found.values())


@dataclass(frozen=True, slots=True)
class History:
    """What a file of weeks comes to."""

    weeks: tuple[WeekUnits, ...]  # to be kept
    covered: int  # rows of weeks that shipsync counts itself: not used


def read_weekly_history(
    text: str, *, path: str, product_skus: Collection[str], covered_since: date | None, today: date
) -> History:
    """The weeks of a file, in its order. Those that lie wholly behind `covered_since` are counted, not loaded.

    `today` is a business date. A week that is not over is refused: a part must not stand for the whole. Raises
    LoadError naming every bad line.
    """
    sheet = _Sheet(text, path, HISTORY_COLUMNS)
    found: dict[tuple[date, str], WeekUnits] = {}
    covered = 0
    for row in sheet.rows():
        sku = row.product("sku", product_skus)
        units = row.whole("quantity_shipped", lowest=0)
        monday = row.week("start_date", "end_date")
        if not sku or monday is None:
            continue
        if (monday, sku) in found:
            row.bad("sku", f"{sku} in the week of {monday} is there twice.")
        found[monday, sku] = WeekUnits(monday, sku, units or 0)
        if monday > today:
            row.bad("start_date", f"{monday} lies in the future.")
        elif covered_since is not None and monday >= covered_since:
            covered += 1
        elif week_ends(monday) >= today:
            row.bad("end_date", f"{week_ends(monday)} is not over: a part of a week says nothing of the whole.")
    sheet.finish()
    return History(tuple(one for one in found.values() if covered_since is None or one.monday < covered_since), covered)


def read_rates(text: str, *, path: str) -> list[Rate]:
    """The rates of a file, in its order. Raises LoadError naming every bad line."""
    sheet = _Sheet(text, path, RATE_COLUMNS)
    found: dict[tuple[str, date], Rate] = {}
    for row in sheet.rows():
        name, amount, since = row.rate("rate"), row.amount("amount"), row.day("effective_from")
        if name is None or amount is None or since is None:
            continue
        if (name, since) in found:
            row.bad("rate", f"{name} from {since} on is there twice.")
        found[name, since] = Rate(name, amount, since)
    sheet.finish()
    return list(found.values())


def _spoken(sku: str, lot: str) -> str:
    return sku_lot_text(sku, lot) + ("" if lot else " without a lot")


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

    def product(self, column: str, product_skus: Collection[str]) -> str:
        """A cell that has to be the SKU of a product; empty after it was reported."""
        sku = self.sku(column)
        if sku and sku not in product_skus:
            self.bad(column, f"{sku} is not a product. Add the product first.")
            return ""
        return sku

    def day(self, column: str) -> date | None:
        """A cell that has to be a date; None after it was reported."""
        text = self.text(column)
        day = _parsed(date.fromisoformat, text) if _DAY.fullmatch(text) else None
        if day is None:
            what = f"{quoted(text)} is not" if text else "is empty, not"
            self.bad(column, f"{what} a date like 2026-11-20.")
        elif day < _OLDEST:
            self.bad(column, f"{day} lies before {_OLDEST.year}.")
            return None
        return day

    def rate(self, column: str) -> RateName | None:
        """A cell that has to name a rate; None after it was reported."""
        text = self.text(column).lower()
        named = next((one for one in RATE_NAMES if one == text), None)
        if named is None:
            what = f"{quoted(text)} is no rate" if text else "is empty"
            self.bad(column, f"{what}: one of {', '.join(RATE_NAMES)}.")
        return named

    def amount(self, column: str) -> Decimal | None:
        """A cell that has to be an amount of money from 0 up, with at most four places; None after it was reported."""
        text = self.text(column)
        if not _AMOUNT.fullmatch(text):
            what = f"{quoted(text)} is not" if text else "is empty, not"
            self.bad(column, f"{what} an amount like 0.85, with at most four places.")
            return None
        return Decimal(text)

    def week(self, first: str, last: str) -> date | None:
        """Two cells that have to be a Monday and its Sunday: the Monday; None after one was reported."""
        monday, sunday = self.day(first), self.day(last)
        if monday is None or sunday is None:
            return None
        if monday.weekday() != 0:
            self.bad(first, f"{monday} is a {monday:%A}, not a Monday.")
            return None
        if sunday != week_ends(monday):
            self.bad(last, f"{sunday} is not the Sunday of that week, {week_ends(monday)}.")
            return None
        return monday

    def moment(self, column: str, zone: ZoneInfo, now: datetime) -> datetime | None:
        """A cell that has to be a day, for its close, or a time on the zone's clock, and past; else None, reported."""
        text = self.text(column)
        is_day = _DAY.fullmatch(text) is not None
        local = _parsed(datetime.fromisoformat, text) if is_day or _TIME.fullmatch(text) else None
        if local is None:
            what = f"{quoted(text)} is not" if text else "is empty, not"
            self.bad(column, f"{what} a day like 2026-11-20, for its close, or a time like 2026-11-20 13:30.")
            return None
        if local.date() < _OLDEST:
            self.bad(column, f"{text} lies before {_OLDEST.year}.")
            return None
        if local.date() > business_date(now, zone):
            self.bad(column, f"{text} lies in the future.")
            return None
        try:
            at = day_closes(local.date(), zone) if is_day else instant_of(local, zone)
        except ValueError as error:
            self.bad(column, f"{text} {error}. Name another time.")
            return None
        if at > now:
            is_today = f"is not over yet. Name the time of the count, like {text} 13:30."
            self.bad(column, f"{text} {is_today if is_day else 'lies in the future.'}")
            return None
        return at

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


def _parsed(read: Callable[[str], T], text: str) -> T | None:
    try:
        return read(text)
    except ValueError:
        return None


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
