"""The tables in which products and bundles are edited.

A table shows the rows as they were when it was loaded, also while the database moves on: the edits of a form stay in
the browser until it is saved, and would land on other rows if the rows below them changed. Saving merges (see
rules/catalogue_edits.py); what was typed stays on the screen until it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from shipsync.documents.csv import csv_bytes
from shipsync.rules.catalogue import BundlePart
from shipsync.rules.catalogue_edits import (
    BUNDLE_FIELDS,
    BUNDLES,
    LABELS,
    PRODUCT_FIELDS,
    PRODUCTS,
    Cells,
    ListedProduct,
    by_bundle,
)
from shipsync.rules.loads import PRODUCT_COLUMNS, UNSAID
from shipsync.store import products as store
from shipsync.web import catalogue, words
from shipsync.web.answers import ask
from shipsync.web.catalogue import Answer
from shipsync.web.load_form import load_form, problems
from shipsync.web.roles import Role, may
from shipsync.web.tables import file_name

_ROWS_SHOWN = 15  # of a table before it scrolls
_HEIGHT_PX = 560
_WHOLE_NUMBERS = (*UNSAID, "quantity")
_UNSAID = "Leave empty what nobody has said yet."


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One of the two tables."""

    what: str  # PRODUCTS or BUNDLES
    fields: tuple[str, ...]
    load: Callable[[], Mapping[str, Any]]  # what is there now, by SKU
    rows: Callable[[Mapping[str, Any]], list[dict[str, object]]]
    save: Callable[..., Answer]
    columns: Callable[[], dict[str, Any]]  # drawn as
    blank: Mapping[str, object]  # what a new row says by itself


def products_editor(*, new_sku: str = "") -> None:
    """Draw the products; with `new_sku` a new row for it stands ready."""
    _editor(_PRODUCTS, new_sku)


def bundles_editor(*, new_sku: str = "") -> None:
    """Draw the bundles; with `new_sku` a new row for it stands ready."""
    _editor(_BUNDLES, new_sku)


def edited(rows: Sequence[Cells], edits: Mapping[str, Any], blank: Mapping[str, object]) -> list[dict[str, object]]:
    """The rows of a table as they stand after the edits that `st.data_editor` keeps in the session state."""
    gone = {int(place) for place in edits.get("deleted_rows", ())}
    changed = {int(place): cells for place, cells in edits.get("edited_rows", {}).items()}
    kept = [{**row, **changed.get(place, {})} for place, row in enumerate(rows) if place not in gone]
    return kept + [{**blank, **_said(added)} for added in edits.get("added_rows", ())]


def _said(cells: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in cells.items() if value is not None and not name.startswith("_")}


def _editor(sheet: _Sheet, new_sku: str) -> None:
    if not may(Role.OPERATOR):
        st.caption("Editing needs the role operator.")
        st.dataframe(_frame(sheet, sheet.rows(sheet.load())), hide_index=True, column_config=sheet.columns())
        _download(sheet)
        return
    shown = _shown(sheet, new_sku)
    _flash(sheet)
    above = st.container()
    key = _key(sheet, shown.edition)
    with st.form(f"imports_{sheet.what}_form", border=False):
        st.data_editor(
            _frame(sheet, shown.rows),
            key=key,
            num_rows="dynamic",
            hide_index=True,
            height="content" if len(shown.rows) <= _ROWS_SHOWN else _HEIGHT_PX,
            column_config=sheet.columns(),
            column_order=sheet.fields,
            placeholder="",
            alt=f"The {sheet.what}, to edit",
        )
        pressed = st.form_submit_button(f"Save {sheet.what}", type="primary", key=f"imports_{sheet.what}_save")
    with above:
        if shown.new_sku and shown.new_sku not in shown.loaded:
            st.info(f"{words.plain(shown.new_sku)} is new. Its row stands ready at the end: fill it in and save.")
        is_sure = st.session_state.pop(f"imports_{sheet.what}_is_sure", False)
        if pressed or is_sure:
            edits = st.session_state.get(key, {})
            wanted = edited(shown.rows, edits, sheet.blank)
            _tell(sheet, sheet.save(shown.loaded, wanted, is_sure=is_sure))
        elif shown.loaded != sheet.load():
            st.warning(f"The {sheet.what} have changed since this table was loaded. Saving keeps both, row by row.")
            st.button("Load again", key=f"imports_{sheet.what}_again", on_click=_forget, args=(sheet,))
    _download(sheet)
    _upload(sheet)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a table was loaded with."""

    edition: int  # counts the loadings: a new one has forgotten the edits of the one before
    loaded: Mapping[str, Any]
    rows: list[dict[str, object]]  # those of `loaded`, and the new row that stands ready
    new_sku: str


def _shown(sheet: _Sheet, new_sku: str) -> _Shown:
    """What the table shows: as loaded before, while its edits are there to be kept."""
    name = f"imports_{sheet.what}_shown"
    shown: _Shown | None = st.session_state.get(name)
    if shown is not None and shown.new_sku != new_sku:
        _forget(sheet)
    edition = st.session_state.get(_edition(sheet), 0)
    if shown is None or shown.edition != edition or _key(sheet, edition) not in st.session_state:
        loaded = sheet.load()
        rows = sheet.rows(loaded)
        if new_sku and new_sku not in loaded:
            rows.append({**dict.fromkeys(sheet.fields), **sheet.blank, sheet.fields[0]: new_sku})
        shown = _Shown(edition, loaded, rows, new_sku)
        st.session_state[name] = shown
    return shown


def _key(sheet: _Sheet, edition: int) -> str:
    return f"imports_{sheet.what}_{edition}"


def _edition(sheet: _Sheet) -> str:
    return f"imports_{sheet.what}_edition"


def _forget(sheet: _Sheet) -> None:
    """Load the table again, without edits."""
    st.session_state[_edition(sheet)] = st.session_state.get(_edition(sheet), 0) + 1


def _be_sure(sheet: _Sheet) -> None:
    st.session_state[f"imports_{sheet.what}_is_sure"] = True


def _tell(sheet: _Sheet, answer: Answer) -> None:
    if answer.question:
        st.warning(words.plain(answer.question))
        st.button("Delete and save", key=f"imports_{sheet.what}_sure", on_click=_be_sure, args=(sheet,))
    elif answer.problems:
        problems("Nothing was saved; what you typed is still here.", answer.problems)
    else:
        st.session_state[f"imports_{sheet.what}_said"] = answer.said
        _forget(sheet)
        for name in ("bundle", "product"):
            st.query_params.pop(name, None)
        st.rerun()


def _flash(sheet: _Sheet) -> None:
    said = st.session_state.pop(f"imports_{sheet.what}_said", "")
    if said:
        st.success(words.plain(said))


def _download(sheet: _Sheet) -> None:
    columns = PRODUCT_COLUMNS if sheet.what == PRODUCTS else BUNDLE_FIELDS
    st.download_button(
        "CSV",
        lambda: csv_bytes(columns, [[row[name] for name in columns] for row in sheet.rows(sheet.load())],
                          zone=words.zone()),
        file_name(sheet.what),
        "text/csv",
        key=f"imports_{sheet.what}_csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )  # fmt: skip


def _upload(sheet: _Sheet) -> None:
    def keep(said: str) -> None:
        st.session_state[f"imports_{sheet.what}_said"] = said
        _forget(sheet)

    with st.expander(f"Load {sheet.what} from a CSV file"):
        load_form(
            sheet.what,
            PRODUCT_COLUMNS if sheet.what == PRODUCTS else BUNDLE_FIELDS,
            "What the file does not name stays as it is"
            + ("." if sheet.what == PRODUCTS else "; a bundle that it names gets exactly the parts it gives."),
            keep,
        )


def _frame(sheet: _Sheet, rows: Sequence[Cells]) -> pd.DataFrame:
    """The rows with types that hold also for an empty table."""
    kinds = {name: "Int64" if name in _WHOLE_NUMBERS else "object" for name in sheet.fields} | {"is_key": "boolean"}
    return pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=kinds[name]) for name in sheet.fields})


def _product_columns() -> dict[str, Any]:
    make = st.column_config
    return {
        "sku": make.TextColumn(LABELS["sku"], width="small"),
        "name": make.TextColumn(LABELS["name"], width=150),
        "is_key": make.CheckboxColumn(
            LABELS["is_key"],
            width=105,
            default=False,
            help="Counted, billed and shipped by us. Others are known and left out.",
        ),
        "units_per_pallet": make.NumberColumn(LABELS["units_per_pallet"], step=1, help=_UNSAID),
        "lead_time_days": make.NumberColumn(LABELS["lead_time_days"], step=1, help=_UNSAID),
        "reorder_point": make.NumberColumn(LABELS["reorder_point"], step=1, help=f"Units. {_UNSAID}"),
        "count_tolerance": make.NumberColumn(
            LABELS["count_tolerance"],
            step=1,
            help="Units a count may be off before it is made again. Empty: 1 % of what is expected, at least 1.",
        ),
        "active_lot": make.TextColumn(
            LABELS["active_lot"], help="Goes up to ShipStation with the SKU. Empty: the SKU goes up without a lot."
        ),
    }


def _bundle_columns() -> dict[str, Any]:
    make = st.column_config
    names = {product.sku: f"{product.sku} · {product.name}" for product in ask(store.products)}
    return {
        "bundle_sku": make.TextColumn(LABELS["bundle_sku"], help="The SKU that the shop sells.", width="small"),
        "component_sku": make.SelectboxColumn(
            LABELS["component_sku"],
            help="What is on the shelf. A bundle of several products has a row for each.",
            options=list(names),
            format_func=lambda sku: names.get(str(sku), str(sku)),
            width="large",
        ),
        "quantity": make.NumberColumn(LABELS["quantity"], step=1, help="Units in one bundle."),
    }


def _listed() -> dict[str, ListedProduct]:
    return {one.sku: one for one in ask(store.listed_products)}


def _bundled() -> dict[str, tuple[BundlePart, ...]]:
    return by_bundle(ask(store.bundle_parts))


_PRODUCTS = _Sheet(
    PRODUCTS,
    PRODUCT_FIELDS,
    _listed,
    lambda loaded: [one.cells() for one in loaded.values()],
    catalogue.save_products,
    _product_columns,
    {"is_key": False},
)
_BUNDLES = _Sheet(
    BUNDLES,
    BUNDLE_FIELDS,
    _bundled,
    lambda loaded: [
        {"bundle_sku": part.bundle_sku, "component_sku": part.component_sku, "quantity": part.quantity}
        for parts in loaded.values()
        for part in parts
    ],
    catalogue.save_bundles,
    _bundle_columns,
    {},
)
