"""Lines that a person adds to a month by hand: the form, and what was added, with the way to take it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import streamlit as st

from shipsync import runtime
from shipsync.procedures import charge_extras as procedure
from shipsync.procedures.charge_extras import LONGEST_REASON, Changed, NewExtra
from shipsync.rules.months import month_name, month_of, month_words
from shipsync.store.rates import KeptExtra
from shipsync.web import person, words
from shipsync.web.charge_month import MonthView
from shipsync.web.charge_words import amount
from shipsync.web.entry_form import Said, entry_form
from shipsync.web.roles import Role, may, require
from shipsync.web.tables import Column, table

_COLUMNS = (
    Column("day", "Billed on", "date"),
    Column("reason", "What for", width=330),
    Column("amount", "Amount", "money", help="Below zero: a credit."),
    Column("state", "State"),
    Column("entered_by", "Added by"),
    Column("entered_at", "Added", "instant"),
    Column("line", "Line", "number"),
)


def added_lines(view: MonthView) -> None:
    """What was added to the month, with its form for who may."""
    st.subheader("Lines added by hand")
    table(
        [_row(one) for one in view.extras],
        _COLUMNS,
        key="charges_extras",
        file=f"added-lines-{month_name(view.month)}",
        empty="Nothing was added: a project, a correction or a credit would stand here.",
        height="content",
    )
    if not may(Role.OPERATOR):
        return
    _take_back(view)
    with st.expander("Add a line", key="charges_extra_open", on_change="rerun") as shell:
        if shell.open:
            _form(view)


def add(one: NewExtra, by: str) -> Said:
    """A line is added."""
    require(Role.OPERATOR)
    app = runtime.app()
    done = procedure.add(app.db, one, app.settings.zone, by, app.now())
    extra = done.extra
    return Said(f"Line {extra.extra_no} is added: {amount(extra.amount)} for {extra.reason}.", _restated(done))


def take_back(extra_no: int, by: str) -> Said:
    """A line counts no more."""
    require(Role.OPERATOR)
    app = runtime.app()
    done = procedure.take_back(app.db, extra_no, by, app.now())
    return Said(f"Line {extra_no} of {amount(done.extra.amount)} is taken back.", _restated(done))


def _form(view: MonthView) -> None:
    form = entry_form("charges_extra")
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.name_field(form.key("by"))
        left, right = st.columns(2)
        day = left.date_input("Billed on", view.through, key=form.key("day"), format="YYYY-MM-DD")
        typed = right.number_input(
            f"Amount, {view.currency}", value=None, step=0.01, format="%.2f", key=form.key("amount"),
            help="Below zero: a credit.",
        )  # fmt: skip
        reason = st.text_input(
            "What for", key=form.key("reason"), max_chars=LONGEST_REASON, placeholder="Relabelling, 3 hours",
            help="As it stands on the invoice.",
        )  # fmt: skip
        pressed = st.form_submit_button("Add the line", type="primary", key=form.key("save"))
    if pressed:
        # By way of its text: what a person types has an end, its nearest float has not.
        money = None if typed is None else Decimal(str(typed))
        form.enter(lambda: add(NewExtra(day if isinstance(day, date) else None, reason, money), by), by)


def _take_back(view: MonthView) -> None:
    """A button for each line that counts."""
    counting = [one.extra for one in view.extras if one.withdrawn_at is None]
    form = entry_form("charges_take_back")
    if not counting:
        return
    chosen: int | None = None
    with st.form(form.key("form"), border=False, enter_to_submit=False):
        by = person.name_field(form.key("by"))
        with st.container(horizontal=True):
            for one in counting:
                label = f"Take line {one.extra_no} back ({amount(one.amount)})"
                if st.form_submit_button(label, key=form.key(f"line_{one.extra_no}")):
                    chosen = one.extra_no
    if chosen is not None:
        number = chosen
        form.enter(lambda: take_back(number, by), by)


def _restated(done: Changed) -> str:
    if not done.billed:
        return ""
    month = month_words(month_of(done.extra.day))
    return (
        f"{month} was billed with invoice {done.billed}, which stays as it is: the difference is billed with the next "
        "month, or with a new version of that one."
    )


def _row(one: KeptExtra) -> Mapping[str, object]:
    taken = one.withdrawn_at is not None
    return {
        "day": one.extra.day,
        "reason": one.extra.reason,
        "amount": one.extra.amount,
        "state": f"taken back by {one.withdrawn_by}, {words.moment(one.withdrawn_at)}" if taken else "counts",
        "entered_by": one.entered_by,
        "entered_at": one.entered_at,
        "line": one.extra.extra_no,
    }
