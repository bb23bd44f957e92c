"""The rate card on Imports: what holds today, what comes, what is missing, and the form that loads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import streamlit as st

from shipsync.documents import charge_texts
from shipsync.rules.charges import NEEDED_RATES, RATE_NAMES, Rate, RateCard
from shipsync.rules.loads import RATE_COLUMNS
from shipsync.store import parties, products, rates
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_state import today
from shipsync.web.load_form import load_form
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

_SAID = "imports_rates_said"
_SKUS_NAMED = 8
_COLUMNS = (
    Column("rate", "Rate", help="As the file calls it."),
    Column("amount", "Amount"),
    Column("effective_from", "Holds from", "date"),
    Column("holds", "Today", help="Of each rate the newest row holds that has begun."),
    Column("meaning", "What for", width=330),
)


def rate_card() -> None:
    """What the warehouse takes, and since when."""
    if said := st.session_state.pop(_SAID, ""):
        st.success(words.plain(said))
    card, on = ask(rates.rate_card), today()
    for sentence in _missing(card, on):
        st.markdown(f":red[■] {words.plain(sentence)}")
    _pallet_sizes()
    currency = ask(parties.parties).currency
    table(
        [_row(one, card, on) for one in sorted(card.rates, key=_in_order)],
        _COLUMNS,
        key="imports_rates",
        file="rates",
        empty="There is no rate yet, so no month can be billed. Load the rate card below.",
        height="content",
    )
    st.caption(f"In {currency}; the markup in percent of carrier cost. The currency is set under Settings.")
    if not may(Role.OPERATOR):
        st.caption("Loading needs the role operator.")
        return
    names = ", ".join(f"`{name}` {charge_texts.RATE_NOTES[name]}" for name in RATE_NAMES)
    load_form(
        "rates",
        RATE_COLUMNS,
        f"A line per rate and the day from which on it holds: {names}. 0 where something is not charged. The same rate "
        "and day again replaces its amount; a month that was billed already is restated, never changed.",
        _keep,
    )


def _missing(card: RateCard, on: date) -> list[str]:
    """A sentence for each rate without which nothing can be billed."""
    found = []
    for name in NEEDED_RATES:
        if card.at(name, on) is None:
            note = charge_texts.RATE_NOTES[name]
            found.append(f"No rate '{name}' holds today, {note}. Load it; 0 where it is not charged.")
    return found


def _pallet_sizes() -> None:
    """Key products whose pallets cannot be told."""
    without = [one.sku for one in ask(products.products) if one.is_key and not one.units_per_pallet]
    if without:
        more = f" and {len(without) - _SKUS_NAMED:,} more" if len(without) > _SKUS_NAMED else ""
        st.markdown(
            f":orange[▲] Units per pallet are not known of {', '.join(without[:_SKUS_NAMED])}{more}: what stands on "
            "the shelf of them cannot be billed. Set them in the table of products."
        )


def _row(one: Rate, card: RateCard, on: date) -> Mapping[str, object]:
    held = card.at(one.rate, on)
    holds = "holds" if held == one else "to come" if one.effective_from > on else "held before"
    return {
        "rate": one.rate,
        "amount": charge_texts.rate_words(one),
        "effective_from": one.effective_from,
        "holds": holds,
        "meaning": charge_texts.RATE_NOTES[one.rate],
    }


def _in_order(one: Rate) -> tuple[int, int]:
    return RATE_NAMES.index(one.rate), -one.effective_from.toordinal()


def _keep(said: str) -> None:
    st.session_state[_SAID] = said
