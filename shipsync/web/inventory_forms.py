"""The forms of Inventory: what came in, what is changed by hand, what stands on a shelf that was never counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from shipsync.documents.count_sheet import lot_shown
from shipsync.procedures.movements import LONGEST_NOTE, MOST_UNITS, Adjustment, Opening, Receipt
from shipsync.rules.ledger import LARGE_RECEIPT, NO_LOT, REASONS
from shipsync.rules.lots import typed_lot
from shipsync.store import inventory, ledger, products
from shipsync.store.approval import approval_above
from shipsync.web import inventory_press as press
from shipsync.web import inventory_words, person, words
from shipsync.web.answers import ask
from shipsync.web.catalogue_editor import edited
from shipsync.web.entry_form import EntryForm, entry_form
from shipsync.web.inventory_words import this_minute

_ENTRIES_LOOKED_AT = 200  # for the lots that left lately
_LOTS_OFFERED = 6
UP, DOWN = "Add to the shelf", "Take off the shelf"


def product_choice(key: str) -> str | None:
    """Which product a form is about, where the page is not about one. Outside of the form, which follows it."""
    offered = {one.sku: f"{one.sku} · {one.name}" for one in ask(products.products) if one.is_key}
    return st.selectbox(
        "Product", list(offered), index=None, format_func=offered.__getitem__, key=key, placeholder="Choose the product"
    )


def receive_form(sku: str) -> None:
    """Goods that came in."""
    form = entry_form(f"inventory_receive_{sku}")
    size = _pallet_size(sku)
    _never_counted(sku)
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        left, right = st.columns(2)
        lot = left.text_input(
            "Lot",
            key=form.key("lot"),
            placeholder="for example 250237",
            help=f"Type it, or scan the label. Empty: no lot; {LARGE_RECEIPT} units or more need one.",
        )
        reference = right.text_input("Delivery note", key=form.key("reference"))
        pallets, loose = _amount(form, size)
        when = _when(form, "When it came in")
        left, right = st.columns(2)
        received_on = left.date_input(
            "Received on", None, key=form.key("received"), format="YYYY-MM-DD", help="Of the lot. Empty: that day."
        )
        expires_on = right.date_input(
            "Expires on", None, key=form.key("expires"), format="YYYY-MM-DD",
            help="The last day on which it may be shipped. Empty: nobody has said.",
        )  # fmt: skip
        note = _note(form)
        pressed = st.form_submit_button("Receive the goods", type="primary", key=form.key("save"))
    if pressed:
        form.enter(
            lambda: press.receive(
                Receipt(
                    sku,
                    typed_lot(sku, lot),
                    press.units_of(pallets, loose, size),
                    press.when(when),
                    reference,
                    note,
                    received_on,
                    expires_on,
                ),
                by,
            ),
            by,
        )


def adjust_form(sku: str) -> None:
    """Units that are added or taken off by hand, with the reason."""
    form = entry_form(f"inventory_adjust_{sku}")
    if _never_counted(sku):
        return
    size = _pallet_size(sku)
    limit = ask(approval_above)
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        way = st.radio("What", (DOWN, UP), horizontal=True, key=form.key("way"), label_visibility="collapsed")
        left, right = st.columns(2)
        with left:
            lot = _lot(form, sku)
        reason = right.selectbox(
            "Why", list(REASONS), index=None, format_func=REASONS.__getitem__, key=form.key("reason"),
            placeholder="Choose the reason",
        )  # fmt: skip
        pallets, loose = _amount(form, size)
        when = _when(form, "When it happened")
        note = _note(form)
        st.caption(_limit(limit))
        pressed = st.form_submit_button("Enter the change", type="primary", key=form.key("save"))
    if pressed:
        sign = 1 if way == UP else -1
        form.enter(
            lambda: press.adjust(
                Adjustment(
                    sku,
                    press.chosen_lot(sku, lot),
                    sign * press.units_of(pallets, loose, size),
                    press.when(when),
                    reason,
                    note,
                ),
                by,
            ),
            by,
        )


def repack_form(sku: str) -> None:
    """Goods that were packed anew and go back to the shelf."""
    form = entry_form(f"inventory_repack_{sku}")
    if _never_counted(sku):
        return
    size = _pallet_size(sku)
    limit = ask(approval_above)
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        lot = _lot(form, sku)
        pallets, loose = _amount(form, size)
        when = _when(form, "When it was packed")
        note = _note(form)
        st.caption(f"Returned or opened goods that were made whole again: they are added to the shelf. {_limit(limit)}")
        pressed = st.form_submit_button("Add what was repacked", type="primary", key=form.key("save"))
    if pressed:
        form.enter(
            lambda: press.adjust(
                Adjustment(
                    sku,
                    press.chosen_lot(sku, lot),
                    press.units_of(pallets, loose, size),
                    press.when(when),
                    None,
                    note,
                    kind="repack",
                ),
                by,
            ),
            by,
        )


def opening_form(sku: str) -> None:
    """What stands on the shelf of a product that was never counted: its first count, of now."""
    form = entry_form(f"inventory_opening_{sku}")
    size = _pallet_size(sku)
    offered = form.keep(_lots_that_left(sku))
    rows: list[Mapping[str, object]] = [{"lot": lot, "pallets": None, "loose": None} for lot in offered or [NO_LOT]]
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        st.markdown(
            "**Say what stands on the shelf now**, one line for each lot; a line without a lot is for units whose lot "
            "nobody can read. What is packed for shipping and has its label does not stand there any more."
        )
        columns = {
            "lot": st.column_config.TextColumn("Lot", help="Empty: no lot."),
            "pallets": _amount_column(f"Full pallets of {size}" if size else "Full pallets"),
            "loose": _amount_column("Loose units" if size else "Units"),
        }
        st.data_editor(
            pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype="object" if name == "lot" else "Int64")
                          for name in columns}),
            key=form.key("lots"),
            num_rows="dynamic",
            hide_index=True,
            column_config=columns,
            column_order=list(columns) if size else ["lot", "loose"],
            placeholder="",
            alt="What stands on the shelf, to enter",
        )  # fmt: skip
        note = _note(form)
        pressed = st.form_submit_button("This stands on the shelf", type="primary", key=form.key("save"))
    if pressed:
        typed = edited(rows, st.session_state.get(form.key("lots"), {}), {})
        form.enter(lambda: press.say_opening(Opening(sku, press.lots_of(typed, size), note), by), by)


def lot_form(sku: str, lot: str) -> None:
    """What people say of one lot."""
    known = next((one for one in ask(inventory.lots, sku) if one.lot == lot), None)
    form = entry_form(f"inventory_lot_{sku}_{lot}")
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        is_quarantined = st.toggle(
            "Quarantine: it must not be shipped", known is not None and known.is_quarantined, key=form.key("quarantine")
        )
        reason = st.text_input(
            "Why it is quarantined", (known.reason if known else None) or "", key=form.key("reason"),
            max_chars=LONGEST_NOTE, placeholder="Leaks",
        )  # fmt: skip
        left, right = st.columns(2)
        received_on = left.date_input(
            "Received on", known.received_on if known else None, key=form.key("received"), format="YYYY-MM-DD"
        )
        expires_on = right.date_input(
            "Expires on", known.expires_on if known else None, key=form.key("expires"), format="YYYY-MM-DD",
            help="The last day on which it may be shipped.",
        )  # fmt: skip
        pressed = st.form_submit_button("Keep this of the lot", key=form.key("save"))
    if known is not None:
        st.caption(f"Said last by {words.plain(known.updated_by)} on {words.moment(known.updated_at)}.")
    if pressed:
        form.enter(
            lambda: press.say_of_lot(
                sku,
                lot,
                is_quarantined=is_quarantined,
                reason=reason if is_quarantined else "",
                received_on=received_on,
                expires_on=expires_on,
                by=by,
            ),
            by,
        )


def take_back_form(entry: ledger.Entry) -> None:
    """A way to take back an entry that was wrong."""
    form = entry_form(f"inventory_take_back_{entry.entry_no}")
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        note = st.text_input(
            "What was wrong with it", key=form.key("note"), max_chars=LONGEST_NOTE, placeholder="Typed twice"
        )
        st.caption("Another entry takes it back, at the same instant. Both stand in the ledger from then on.")
        pressed = st.form_submit_button(f"Take entry {entry.entry_no} back", key=form.key("save"))
    if pressed:
        form.enter(lambda: press.take_back(entry, note, by), by)


def _pallet_size(sku: str) -> int | None:
    return next((one.units_per_pallet for one in ask(products.products) if one.sku == sku), None)


def _never_counted(sku: str) -> bool:
    """Say so where nobody has said what stands on the shelf. Whether that is so."""
    if sku in ask(ledger.known_skus, this_minute()):
        return False
    st.info(
        f"Nobody has said yet what stands on the shelf of {words.plain(inventory_words.named(sku))}. Say that first: "
        "open the product, and enter it there once."
    )
    return True


def _amount(form: EntryForm, size: int | None) -> tuple[int | None, int | None]:
    """Pallets and loose units; units alone where the product has no pallet size."""
    if size is None:
        return None, _number(form, "Units", "loose")
    left, right = st.columns(2)
    with left:
        pallets = _number(form, f"Full pallets of {size:,}", "pallets")
    with right:
        loose = _number(form, "Loose units", "loose")
    return pallets, loose


def _number(form: EntryForm, label: str, field: str) -> int | None:
    typed = st.number_input(label, min_value=0, max_value=MOST_UNITS, value=None, step=1, key=form.key(field))
    return None if typed is None else int(typed)


def _amount_column(label: str) -> ColumnConfig:
    return st.column_config.NumberColumn(label, min_value=0, max_value=MOST_UNITS, step=1)


def _when(form: EntryForm, label: str) -> datetime | None:
    return st.datetime_input(
        f"{label} (empty: now)",
        None,
        key=form.key("when"),
        step=300,
        format="YYYY-MM-DD",
        help=f"By the warehouse's clock, {words.zone().key}.",
    )


def _note(form: EntryForm) -> str:
    return st.text_input("Note", key=form.key("note"), max_chars=LONGEST_NOTE)


def _lot(form: EntryForm, sku: str) -> str | None:
    """A lot that is known, or another that is typed or scanned."""
    there = [one.lot for one in ask(ledger.balances_of, sku, this_minute()) if one.quantity]
    options = sorted({*there, NO_LOT}, reverse=True)
    return st.selectbox(
        "Lot",
        options,
        index=None,
        format_func=lot_shown,
        key=form.key("lot"),
        accept_new_options=True,
        placeholder="Choose or type the lot",
    )


def _lots_that_left(sku: str) -> list[str]:
    """Lots that a shelf of which nobody knows anything probably holds: those that left it last, newest first."""
    found = dict.fromkeys(one.lot for one in ask(ledger.entries, sku, None, _ENTRIES_LOOKED_AT) if one.lot != NO_LOT)
    return list(found)[:_LOTS_OFFERED]


def _limit(limit: int) -> str:
    if not limit:
        return "Every change waits for a second person."
    return f"More than {words.count(limit, 'unit')} wait for a second person."
