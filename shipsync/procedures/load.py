"""Loads of CSV files: `load {products,bundles,rates,opening-stock,weekly-history} FILE.csv` (DESIGN section 5).

1. load   read the file, check every line, write all of it in ONE transaction. A bad line leaves everything as it was,
          and every bad line is named.

products, bundles  What the file does not name stays as it is; a bundle that it names has exactly the parts the file
                   gives it. Orders that waited for what was loaded come through at the next import. An audit entry for
                   each product or bundle that is different now.
rates              Each line is kept, or replaced by its rate and day. An audit entry for each that is different now; a
                   month that was billed is restated, never changed.
opening-stock      Each line becomes a count in the ledger, at its own instant. The same count twice is an error.
weekly-history     Each line is kept or replaced by its week and SKU, but for weeks that shipsync counts itself.

Stock is recomputed with it, so that what a person loaded shows at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePath
from zoneinfo import ZoneInfo

from shipsync.doors.load_files import read_text
from shipsync.errors import LoadError
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.loads import read_bundles, read_opening_stock, read_products, read_rates, read_weekly_history
from shipsync.rules.periods import business_date
from shipsync.store import ledger, weekly_history
from shipsync.store import products as store
from shipsync.store import rates as rate_store
from shipsync.store.cursor import Cursor
from shipsync.store.settings import audit

WORKFLOW = "load"


@dataclass(frozen=True, slots=True)
class _File:
    """A CSV text that a person handed in."""

    text: str
    path: str
    by: str
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file."""

    rows: int  # it has
    changed: int  # things that are different now
    left_out: int = 0  # rows that were not used, because shipsync counts their weeks itself


def load(work: Work) -> Result:
    """Step 1. Arguments: `what` (see LOADS), `path`, `by` (who asked). Returns rows read, used and left out."""
    what, path, by = (str(work.arguments[name]) for name in ("what", "path", "by"))
    text = read_text(Path(path))
    with work.db.transaction() as con:
        work.lease.check(con)
        done = load_text(con, what, text, path=path, by=by, zone=work.settings.zone, now=work.now())
    figure = LOADS[what].figure
    work.log(f"{path}: {done.rows} rows of {what} read, {done.changed} {figure}.")
    work.count("rows read", done.rows)
    work.count(figure, done.changed)
    if done.left_out:
        work.log(f"{done.left_out} rows lie in weeks that shipsync counts itself; they were not used.")
        work.count("rows left out", done.left_out)
    return {"read": done.rows, "changed": done.changed, "left out": done.left_out}


PROCEDURE = Procedure(WORKFLOW, (Step("load", load),))


def load_text(con: Cursor, what: str, text: str, *, path: str, by: str, zone: ZoneInfo, now: datetime) -> Loaded:
    """Load one CSV text in the caller's transaction; `what` is one of LOADS, `zone` the warehouse's.

    Raises LoadError naming every bad line.
    """
    if what not in LOADS:
        raise LoadError(path, [f"There is nothing called '{what}' to load. There are: {', '.join(LOADS)}."])
    done = LOADS[what].do(con, _File(text, path, by, zone, now))
    if done.changed and LOADS[what].moves_stock:
        recalculate(con, zone, now, now)
    return done


def _products(con: Cursor, file: _File) -> Loaded:
    known = store.catalogue(con)
    products = read_products(file.text, path=file.path, bundle_skus=known.bundles, known=known.products)
    changes = store.put_products(con, products, file.now)
    for change in changes:
        before = _text(asdict(change.before)) if change.before else None
        audit(con, file.by, "product loaded", change.after.sku, before, _text(asdict(change.after)), file.now)
    return Loaded(len(products), len(changes))


def _bundles(con: Cursor, file: _File) -> Loaded:
    known = store.catalogue(con)
    parts = read_bundles(file.text, path=file.path, product_skus=known.products, bundle_skus=known.bundles)
    changed = store.put_bundles(con, parts, file.now)
    for bundle in changed:
        before = _text([asdict(part) for part in bundle.before]) if bundle.before else None
        after = _text([asdict(part) for part in bundle.after])
        audit(con, file.by, "bundle loaded", bundle.after[0].bundle_sku, before, after, file.now)
    return Loaded(len(parts), len(changed))


def _rates(con: Cursor, file: _File) -> Loaded:
    rates = read_rates(file.text, path=file.path)
    changed = rate_store.put_rates(con, rates, file.now)
    for one in changed:
        name = f"{one.after.rate} from {one.after.effective_from}"
        audit(con, file.by, "rate loaded", name, str(one.before) if one.before is not None else None,
              str(one.after.amount), file.now)  # fmt: skip
    return Loaded(len(rates), len(changed))


def _opening_stock(con: Cursor, file: _File) -> Loaded:
    counts = read_opening_stock(
        file.text,
        path=file.path,
        product_skus=store.catalogue(con).products,
        counted=ledger.counts_there(con),
        zone=file.zone,
        now=file.now,
    )
    ledger.post(con, counts, file.by, file.now)
    _note(con, file, "opening stock loaded", f"counts entered: {len(counts):,}")
    return Loaded(len(counts), len(counts))


def _weekly_history(con: Cursor, file: _File) -> Loaded:
    history = read_weekly_history(
        file.text,
        path=file.path,
        product_skus=store.catalogue(con).products,
        covered_since=weekly_history.covered_since(con, file.zone),
        today=business_date(file.now, file.zone),
    )
    changed = weekly_history.put_loaded(con, history.weeks, file.now)
    if changed:
        _note(con, file, "weekly history loaded", f"weekly figures changed: {changed:,}")
    return Loaded(len(history.weeks) + history.covered, changed, history.covered)


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of file."""

    do: Callable[[Cursor, _File], Loaded]
    figure: str  # what the run counts as changed
    moves_stock: bool  # or what stock means


LOADS: Mapping[str, Load] = {
    "products": Load(_products, "products changed", moves_stock=True),
    "bundles": Load(_bundles, "bundles changed", moves_stock=False),
    "rates": Load(_rates, "rates changed", moves_stock=False),
    "opening-stock": Load(_opening_stock, "counts entered", moves_stock=True),
    "weekly-history": Load(_weekly_history, "weekly figures changed", moves_stock=True),
}


def _note(con: Cursor, file: _File, action: str, what: str) -> None:
    audit(con, file.by, action, PurePath(file.path).name, None, what, file.now)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
