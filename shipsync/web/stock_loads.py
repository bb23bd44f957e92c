"""Where a person loads what was before shipsync: the stock to begin with, and the weeks to average over."""

from __future__ import annotations

import streamlit as st

from shipsync.rules.loads import HISTORY_COLUMNS, STOCK_COLUMNS
from shipsync.rules.weeks import first_whole_week, week_name
from shipsync.store import inventory, weekly_history
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.load_form import load_form
from shipsync.web.roles import Role, may

_SAID = "imports_stock_said"


def stock_loads() -> None:
    """Draw both forms, with what is known already above each."""
    said = st.session_state.pop(_SAID, "")
    if said:
        st.success(words.plain(said))
    st.subheader("Opening stock")
    st.markdown(_stock_known())
    _form(
        "opening-stock",
        STOCK_COLUMNS,
        "A line per lot; leave the lot empty for units without one. `as_of` is a day like 2026-11-20, for its close, "
        "or a time like 2026-11-20 13:30. What left or came in later is counted on top.",
    )
    st.subheader("Weekly history")
    st.markdown(_weeks_known())
    _form(
        "weekly-history",
        HISTORY_COLUMNS,
        "A line per product and week, from a Monday to its Sunday. A product without a line in a week that the file "
        "names had none. Weeks that shipsync counts itself are left as they are.",
    )


def _stock_known() -> str:
    stock = ask(inventory.current)
    unknown = [one.current.sku for one in stock if one.current.current_quantity is None]
    if len(unknown) == len(stock):
        return "Nobody has said yet what stands on the shelf."
    if not unknown:
        return f"What stood on the shelf is known of all {words.count(len(stock), 'product')}."
    return f"Of {len(unknown)} of {words.count(len(stock), 'product')} nobody has said it yet: {', '.join(unknown)}."


def _weeks_known() -> str:
    loaded = ask(weekly_history.loaded_weeks)
    covered = ask(weekly_history.covered_since, words.zone())
    told = "No week was loaded yet."
    if loaded:
        span = f"{week_name(min(loaded))} to {week_name(max(loaded))}"
        told = f"Loaded: {words.count(len(loaded), 'week')}, {span}."
    if covered is None:
        return f"{told} shipsync counts weeks itself once it has read what was shipped in one."
    return f"{told} From {week_name(first_whole_week(covered))} on shipsync counts weeks itself."


def _form(what: str, columns: tuple[str, ...], caption: str) -> None:
    if not may(Role.OPERATOR):
        st.caption("Loading needs the role operator.")
        return
    load_form(what, columns, caption, _keep)


def _keep(said: str) -> None:
    st.session_state[_SAID] = said
