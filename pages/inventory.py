"""Inventory: what is on the shelf and how long it lasts, product by product; what came in, what is changed by hand."""

import streamlit as st

from shipsync.web import person, words
from shipsync.web.inventory_forms import adjust_form, product_choice, receive_form, repack_form
from shipsync.web.inventory_levels import levels_table, run_out_calendar, stock_figures, stock_needs
from shipsync.web.inventory_requests import waiting_requests
from shipsync.web.inventory_story import (
    is_counted,
    level_line,
    listed_of,
    movements_view,
    stock_view,
    story_figures,
)
from shipsync.web.inventory_words import named, names
from shipsync.web.roles import Role, may, require

LEVELS, RUN_OUT, STOCK, MOVEMENTS = "Levels", "Run-out calendar", "Stock and lots", "Movements"
RECEIVE, ADJUST, REPACK = "Receive", "Adjust", "Repack"
FORMS = (RECEIVE, ADJUST, REPACK)

require(Role.VIEWER)


@st.fragment(run_every=2.0, key="inventory_live")
def _levels() -> None:
    stock_needs()
    stock_figures()
    levels_table()


@st.fragment(run_every=2.0, key="inventory_level")
def _level(sku: str) -> None:
    level_line(listed_of(sku))


@st.fragment(run_every=2.0, key="inventory_figures")
def _figures(sku: str) -> None:
    story_figures(sku, listed_of(sku))


def _views(*offered: str, key: str) -> str:
    """What to look at, in the address. Forms are offered to who may use them."""
    forms = FORMS if may(Role.OPERATOR) else ()
    # No segmented control: its chosen one is too faint in the dark for any accent that also carries white letters.
    chosen: str = st.radio(
        "View", (*offered, *forms), horizontal=True, key=key, bind="query-params", label_visibility="collapsed"
    )
    return chosen


def _form(view: str, sku: str) -> None:
    match view:
        case "Receive":
            receive_form(sku)
        case "Adjust":
            adjust_form(sku)
        case "Repack":
            repack_form(sku)


def _all_products() -> None:
    st.title("Inventory")
    if may(Role.OPERATOR):
        person.name_line("inventory")
    waiting_requests()
    view = _views(LEVELS, RUN_OUT, key="view")
    if view == LEVELS:
        _levels()
    elif view == RUN_OUT:
        run_out_calendar()
    else:  # whoever enters something has the form before him, and nothing else
        sku = product_choice("inventory_product")
        if sku is not None:
            _form(view, sku)


def _one_product(sku: str) -> None:
    # No link: one to the page itself leaves the product in its address, for the next reload.
    if st.button("All products", key="inventory_all", type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    if sku not in names() and not is_counted(sku):
        st.title("Inventory")
        st.info(f"There is no product {words.plain(sku)}. Add it under Imports.")
        return
    st.title(words.plain(named(sku)))
    if may(Role.OPERATOR):
        person.name_line("inventory")
    waiting_requests(sku)
    _level(sku)
    view = _views(STOCK, MOVEMENTS, key="show")
    if view == STOCK:
        _figures(sku)
        stock_view(sku, listed_of(sku), st.query_params.get("lot"))
    elif view == MOVEMENTS:
        movements_view(sku, st.query_params.get("entry"))
    else:
        _form(view, sku)


asked = st.query_params.get("sku", "").strip()
if asked:
    _one_product(asked)
else:
    _all_products()
