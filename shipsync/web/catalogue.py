"""What a person does to the catalogue and to order files. Each asks for the role first and says what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipsync import runtime
from shipsync.doors.load_files import decoded
from shipsync.doors.order_files import FileContent, keep
from shipsync.errors import LoadError, OrderFileError, StoreError
from shipsync.procedures import edit_catalogue as edit
from shipsync.procedures.edit_catalogue import Saved
from shipsync.procedures.import_orders import WORKFLOW as IMPORT
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.load import LOADS, load_text
from shipsync.rules.catalogue import BundlePart
from shipsync.rules.catalogue_edits import (
    BUNDLES,
    PRODUCTS,
    Cells,
    ListedProduct,
    read_bundle_rows,
    read_product_rows,
)
from shipsync.store import products as store
from shipsync.store import workflows
from shipsync.store.cursor import Cursor
from shipsync.store.settings import audit
from shipsync.web import words, workflow_words
from shipsync.web.roles import Role, require


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a press."""

    said: str = ""  # what was done; empty where nothing was
    problems: tuple[str, ...] = ()  # why nothing was done
    question: str = ""  # what has to be confirmed first; nothing was done yet


def save_products(loaded: Mapping[str, ListedProduct], rows: Sequence[Cells], *, is_sure: bool = False) -> Answer:
    """Keep the products table of somebody who was shown `loaded`, all of it or nothing."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    try:
        with app.db.transaction() as con:
            bundles = {part.bundle_sku for part in store.bundle_parts(con)}
            wanted = read_product_rows(rows, bundle_skus=bundles)
            question = "" if is_sure else _in_use(con, loaded.keys() - wanted.keys())
            if question:
                return Answer(question=question)
            now = app.now()
            saved = edit.save_products(con, loaded, wanted, person.name, now)
            if not saved.is_nothing:
                recalculate(con, app.settings.zone, now, now)
    except (LoadError, StoreError) as error:
        return Answer(problems=_problems(error))
    return Answer(_said(saved, PRODUCTS, person.name))


def save_bundles(
    loaded: Mapping[str, tuple[BundlePart, ...]], rows: Sequence[Cells], *, is_sure: bool = False
) -> Answer:
    """Keep the bundles table of somebody who was shown `loaded`, all of it or nothing."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    try:
        with app.db.transaction() as con:
            skus = {product.sku for product in store.products(con)}
            wanted = read_bundle_rows(rows, product_skus=skus)
            question = "" if is_sure else _in_use(con, loaded.keys() - wanted.keys())
            if question:
                return Answer(question=question)
            saved = edit.save_bundles(con, loaded, wanted, person.name, app.now())
    except (LoadError, StoreError) as error:
        return Answer(problems=_problems(error))
    return Answer(_said(saved, BUNDLES, person.name))


def load_csv(what: str, name: str, data: bytes) -> Answer:
    """Load a CSV file of one kind, all of it or nothing (DESIGN section 5)."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    try:
        text = decoded(data, name)
        with app.db.transaction() as con:
            before = store.catalogue(con)
            done = load_text(con, what, text, path=name, by=person.name, zone=app.settings.zone, now=app.now())
            after = store.catalogue(con)
    except (LoadError, StoreError) as error:
        return Answer(problems=_problems(error))
    added = (after.products.keys() | after.bundles.keys()) - before.products.keys() - before.bundles.keys()
    figures = workflow_words.figures({LOADS[what].figure: done.changed, "rows left out": done.left_out})
    said = f"{name}: {words.count(done.rows, 'row')} read, {figures}."
    return Answer(said + _try_held(added, person.name))


def order_files_folder() -> Path | None:
    """Where order files that a person hands in are kept: beside the database. None for a database in memory."""
    database = runtime.app().db.path
    return database.parent / "imports" if database is not None else None


def take_order_file(content: FileContent, name: str) -> Answer:
    """Keep an order file and have it imported. Its import waits for nobody, but two at once cannot be."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    try:
        keep(content)
        asked = app.enqueue(IMPORT, {"path": str(content.path)}, person.name)
        if asked.created:
            with app.db.transaction() as con:
                audit(con, person.name, "order file handed in", name, None, content.path.name, app.now())
    except (OrderFileError, StoreError) as error:
        return Answer(problems=(str(error),))
    if not asked.is_same:
        return Answer(problems=(f"Another import, {asked.job_id}, is under way. Press again when it has ended.",))
    return Answer(f"{name} is being imported: {asked.job_id}.")


def _in_use(con: Cursor, skus: Collection[str]) -> str:
    used = store.open_orders_with(con, sorted(skus))
    if not used:
        return ""
    named = ", ".join(f"{sku} ({words.count(orders, 'open order')})" for sku, orders in used.items())
    return f"You delete what open orders still hold: {named}. They stay as they are; new orders with it will be held."


def _problems(error: LoadError | StoreError) -> tuple[str, ...]:
    return error.problems if isinstance(error, LoadError) else (str(error),)


def _said(saved: Saved, what: str, by: str) -> str:
    if saved.is_nothing:
        return "Nothing was different, so nothing was saved."
    parts = ((saved.added, "added"), (saved.changed, "changed"), (saved.removed, "deleted"))
    done = ", ".join(f"{words.count(len(skus), what[:-1])} {deed}" for skus, deed in parts if skus)
    return f"Saved: {done}." + _try_held(saved.added, by)


def _try_held(added: Collection[str], by: str) -> str:
    """Have the orders tried again that waited for these, and say so in a sentence; empty where none did."""
    app = runtime.app()
    waiting = edit.waiting_for(app.db.read(), added) if added else 0
    if not waiting:
        return ""
    waited = f" {words.count(waiting, 'order')} waited for {', '.join(sorted(added))}; "
    control = workflows.control_of(app.db.read(), IMPORT)
    if control is not None and not control.enabled:
        return waited + "the import is switched off, so they wait until it is on again."
    asked = app.enqueue(IMPORT, {}, by)
    return waited + ("trying them now." if asked.is_same else f"they are tried after {asked.job_id} has ended.")
