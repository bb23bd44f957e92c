"""Loads of the catalogue: `load products FILE.csv` and `load bundles FILE.csv` (DESIGN section 5).

1. load   read the file, check every line, write all of it in ONE transaction with an audit entry for each product
          or bundle that is different now. A bad line leaves everything as it was, and every bad line is named.

What the file does not name stays as it is; a bundle that it names has exactly the parts the file gives it. Orders that
waited for what was loaded come through at the next import.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from shipsync.doors.load_files import read_text
from shipsync.errors import LoadError
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.loads import read_bundles, read_products
from shipsync.store import products as store
from shipsync.store.cursor import Cursor
from shipsync.store.settings import audit

WORKFLOW = "load"


def load(work: Work) -> Result:
    """Step 1. Arguments: `what` (products, bundles), `path`, `by` (who asked). Returns rows read and rows changed."""
    what, path, by = (str(work.arguments[name]) for name in ("what", "path", "by"))
    text = read_text(Path(path))
    with work.db.transaction() as con:
        work.lease.check(con)
        read, changed = load_text(con, what, text, path=path, by=by, now=work.now())
    work.log(f"{path}: {read} rows of {what} read, {changed} {what} changed.")
    work.count("rows read", read)
    work.count(f"{what} changed", changed)
    return {"read": read, "changed": changed}


PROCEDURE = Procedure(WORKFLOW, (Step("load", load),))


def load_text(con: Cursor, what: str, text: str, *, path: str, by: str, now: datetime) -> tuple[int, int]:
    """Load one CSV text in the caller's transaction. Returns how many rows it has and how many things changed.

    Raises LoadError naming every bad line; `what` is products or bundles.
    """
    known = store.catalogue(con)
    if what == "products":
        products = read_products(text, path=path, bundle_skus=known.bundles, known=known.products)
        changes = store.put_products(con, products, now)
        for change in changes:
            before = _text(asdict(change.before)) if change.before else None
            audit(con, by, "product loaded", change.after.sku, before, _text(asdict(change.after)), now)
        return len(products), len(changes)
    if what == "bundles":
        parts = read_bundles(text, path=path, product_skus=known.products, bundle_skus=known.bundles)
        changed = store.put_bundles(con, parts, now)
        for bundle in changed:
            before = _text([asdict(part) for part in bundle.before]) if bundle.before else None
            after = _text([asdict(part) for part in bundle.after])
            audit(con, by, "bundle loaded", bundle.after[0].bundle_sku, before, after, now)
        return len(parts), len(changed)
    raise LoadError(path, [f"There is nothing called '{what}' to load: products or bundles."])


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
