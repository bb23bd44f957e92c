"""What stands against billing a month, and its four figures, each against the month before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import streamlit as st

from shipsync.rules.charge_days import Charged
from shipsync.rules.charges import NOTHING
from shipsync.rules.months import month_name
from shipsync.web import words
from shipsync.web.charge_month import MonthView
from shipsync.web.charge_rows import LABELS, ORDERS, show_rows
from shipsync.web.charge_words import amount, change, month_of_before
from shipsync.web.links import link

_SKUS_NAMED = 8


def month_needs(view: MonthView) -> None:
    """What cannot be billed yet with the way to mend it, and labels that seem unused; nothing where all is well."""
    against = list(_against(view))
    if not against and not view.unused:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Needs a person**")
        for sentence, page, label in against:
            line, way = st.columns([4, 1], vertical_alignment="center")
            line.markdown(f":red[■] {words.plain(sentence)}")
            with way:
                link(page, label)
        if view.unused:
            worth = sum((one.cost for one in view.unused), NOTHING)
            one = len(view.unused) == 1
            st.markdown(
                f":orange[▲] {words.count(len(view.unused), 'label')} worth {amount(worth)} {view.currency} "
                f"{'seems' if one else 'seem'} to have gone nowhere and {'is' if one else 'are'} charged. "
                f"{'It is' if one else 'They are'} listed below; void what went nowhere while the carrier allows it."
            )


def month_figures(view: MonthView) -> None:
    """Charges, carrier cost, service fees, and what the month will come to; of one that is over, what was billed."""
    so_far = view.so_far
    grid = st.grid(4, min_column_width=190, border=True)
    with grid.cell():
        st.metric(f"{'Charges' if view.is_over else 'Charges so far'}, {view.currency}", amount(so_far.total))
        if so_far.total is None:
            st.caption(f"Cannot be told, see above; known of it: {amount(so_far.known)}.")
        else:
            added = f"; {amount(so_far.extra)} of it added by hand" if so_far.extra else ""
            st.caption(_against_before(view, lambda one: one.total) + added)
    with grid.cell():
        st.metric(f"Carrier cost, {view.currency}", amount(so_far.carrier), help="What labels cost, voids taken back.")
        st.caption(_against_before(view, lambda one: one.carrier))
        _rows_button(LABELS, sum(one.labels + one.returns for one in view.services.values()), "label")
    with grid.cell():
        st.metric(f"Service fees, {view.currency}", amount(so_far.fees), help="By the rate card, with storage.")
        if so_far.fees is None:
            st.caption("Cannot be told, see above.")
        else:
            st.caption(_against_before(view, lambda one: one.fees))
        _rows_button(ORDERS, sum(view.facts.orders.values()), "order")
    with grid.cell():
        if view.is_over:
            _billed(view)
        else:
            _forecast(view)


def _rows_button(kind: str, rows: int, what: str) -> None:
    """The way from a figure to its rows."""
    if rows:
        st.button(
            words.count(rows, what),
            key=f"charges_open_{kind}",
            type="tertiary",
            icon=":material/chevron_right:",
            on_click=show_rows,
            args=(kind, None),
        )


def _forecast(view: MonthView) -> None:
    foreseen, on = view.foreseen, f"{view.month_end.day} {view.month_end:%b}"
    st.metric(
        f"Forecast for {on}, {view.currency}",
        words.UNKNOWN if foreseen is None else amount(foreseen.expected),
        help="Charged so far, the mean of the same weekdays over 8 weeks for the working days to come, and storage as "
        "it stands. Receipts and lines added by hand are not foreseen.",
    )
    if foreseen is None:
        st.caption(words.plain(str(view.forecast)))
        return
    st.caption(
        f"four times of five {amount(foreseen.low)} to {amount(foreseen.high)}; from "
        f"{words.count(foreseen.weeks, 'week')}"
    )


def _billed(view: MonthView) -> None:
    billed = view.billed
    st.metric(f"Billed, {view.currency}", words.UNKNOWN if billed is None else amount(billed.total))
    if billed is None:
        st.caption("it was never billed")
        return
    through = "" if billed.billed_through == view.month_end else f", through {words.day(billed.billed_through)}"
    number = f"{month_name(billed.period_start)}-v{billed.version}"
    st.caption(f"of its own charges{through}")
    link("end_of_month", f"Invoice {number}", month=month_name(billed.period_start), version=str(billed.version))


def _against_before(view: MonthView, of: Callable[[Charged], Decimal | None]) -> str:
    """'+12 % on the same days of October, 4,310.00; all of October 6,120.00'."""
    name = month_of_before(view).split()[0]
    if view.before is None or view.before_whole is None:
        return f"{name} is not known whole"
    same_days, whole = of(view.before), of(view.before_whole)
    if same_days is None or whole is None:
        return f"what {name} came to cannot be told"
    moved = change(of(view.so_far), whole if view.is_over else same_days)
    if view.is_over:
        return f"{moved} on {name}, {amount(whole)}" if moved else f"{name}: {amount(whole)}"
    on = f"{moved} on the" if moved else "the"
    return f"{on} same days of {name}, {amount(same_days)}; all of {name} {amount(whole)}"


def _against(view: MonthView) -> Iterator[tuple[str, str, str]]:
    """Sentence, page and label of each thing that keeps the month from being billed."""
    for gap in view.gaps:
        if gap.startswith("Stock of"):
            yield gap, "inventory", "Inventory"
        else:
            yield gap, "imports", "Imports"
    if view.never_counted:
        skus = ", ".join(view.never_counted[:_SKUS_NAMED])
        more = f" and {len(view.never_counted) - _SKUS_NAMED:,} more" if len(view.never_counted) > _SKUS_NAMED else ""
        yield (
            f"Nobody has said what stands on the shelf of {skus}{more}, so storage cannot be billed. Count "
            f"{'it' if len(view.never_counted) == 1 else 'them'}, or load the opening stock under Imports.",
            "inventory",
            "Inventory",
        )
