"""What of a billed month is otherwise by now, line by line with its causes, and when it is settled."""

from __future__ import annotations

import streamlit as st

from shipsync.documents import charge_texts
from shipsync.procedures import charges as procedure
from shipsync.procedures.eom import frozen
from shipsync.rules.months import month_name, month_words
from shipsync.rules.restatement import RestatedLine, Restatement
from shipsync.store import charges
from shipsync.store.charges import Billed
from shipsync.store.closings import Closing
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.month_rows import line_query, open_rows
from shipsync.web.tables import Column, table

RESTATED_COLUMNS = (
    Column("what", "Line"),
    Column("amount", "Difference", "money"),
    Column("why", "Why", width=420),
    Column("day", "Day", "date"),
    Column("billed_quantity", "Quantity billed", "number"),
    Column("now_quantity", "now", "number"),
    Column("billed", "Billed", "money"),
    Column("now", "Would be", "money"),
)


def changed_since(closing: Closing) -> None:
    """What of this version would be billed otherwise now; of one that is no longer the newest, where that stands."""
    billed = ask(charges.newest_billed, closing.period_start)
    if billed is None:
        return
    if billed.period_start > closing.period_start:
        name, later = month_words(closing.period_start), month_words(billed.period_start)
        st.caption(f"What has changed of {name} since was billed with {later}.")
    elif billed.job_id != closing.job_id:
        st.caption(f"Version {billed.version} has taken the place of this one. What has changed since stands there.")
    else:
        _changed(closing, billed)


def restated_row(one: RestatedLine) -> dict[str, object]:
    """A line that differs, as it is listed."""
    difference = one.difference
    return {
        "what": charge_texts.what(difference.key),
        "amount": one.amount,
        "why": " ".join(one.causes) or None,
        "day": difference.key.day,
        "billed_quantity": difference.billed_quantity,
        "now_quantity": difference.now_quantity,
        "billed": difference.billed,
        "now": difference.now,
    }


def _changed(closing: Closing, billed: Billed) -> None:
    found = ask(procedure.restatement, billed, words.zone())
    if found is None:
        st.caption("Nothing of what it bills has changed since it was issued.")
        return
    st.subheader("Changed since it was issued")
    st.markdown(_settled_how(closing, found))
    opened = table(
        [restated_row(one) for one in found.lines],
        RESTATED_COLUMNS,
        key="end_of_month_changed",
        file=f"changed-{month_name(closing.period_start)}",
        empty="",
        opens=True,
    )
    if opened is not None:
        open_rows(line_query(closing, found.lines[opened].difference.key))


def _settled_how(closing: Closing, found: Restatement) -> str:
    """What it comes to, and with what it is settled."""
    report = frozen(closing)
    amount = words.money(abs(found.amount), report.parties.currency)
    if not found.amount:
        text = "What differs comes to the same amount"
    else:
        text = f"**{amount}** to be {'billed besides' if found.amount > 0 else 'given back'}"
    when = "with the next month that is closed" if report.is_complete else "when the month is closed again"
    return f":orange[▲] {text}, {when}. What was issued stays as it is."
