"""What a count found beside what was expected: figures, lines, how each came about, reasons, approval, and the posting.

Shown only once nothing is left to count, so that the count stays blind to the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from shipsync.documents.count_result import reason_shown
from shipsync.documents.count_sheet import lot_shown
from shipsync.documents.words import change, number, share
from shipsync.procedures.counting import LONGEST_NOTE, NOT_ON_THE_SHEET, Explained, explain
from shipsync.rules.counts import CountLine, accuracy
from shipsync.rules.ledger import REASONS
from shipsync.store.approval import approval_above
from shipsync.store.counts import Count
from shipsync.web import count_press as press
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.entry_form import entry_form
from shipsync.web.inventory_charts import Step, waterfall_chart, waterfall_steps
from shipsync.web.inventory_words import names, of
from shipsync.web.tables import Column, table

_REASONS_ON_A_SCREEN = 10
_APPROVALS_ON_A_SCREEN = 15
LINE_COLUMNS = (
    Column("sku", "SKU"),
    Column("lot", "Lot"),
    Column("expected", "Expected", "number", help="What the ledger said at the count's instant, frozen before it."),
    Column("counted", "Counted", "number", help="The newest counting."),
    Column("variance", "Variance", "number", help="Counted less expected."),
    Column("tolerance", "Tolerance", "number", help="Units it may be off before it is counted again."),
    Column("verdict", "Verdict", "state"),
    Column("name", "Product", width=170),
    Column("countings", "Countings"),
    Column("counted_by", "Counted by"),
    Column("reason", "Reason"),
    Column("note", "Note", width=200),
    Column("decided_by", "Reason by"),
    Column("approved_by", "Approved by"),
)
STEP_COLUMNS = (Column("what", "Step"), Column("units", "Units"))


def result_figures(lines: Sequence[CountLine]) -> None:
    """How good the book was, and what was found."""
    told = accuracy(lines)
    counted = [line for line in lines if line.counted is not None]
    over = sum(line.variance or 0 for line in counted if (line.variance or 0) > 0)
    short = sum(line.variance or 0 for line in counted if (line.variance or 0) < 0)
    differing = sum(1 for line in counted if line.variance)
    grid = st.grid(4, min_column_width=150, border=True)
    with grid.cell():
        st.metric("Accuracy", words.UNKNOWN if told.rate is None else share(told.rate))
        st.caption(f"{told.within:,} of {words.count(told.counted, 'line')} within tolerance")
    with grid.cell():
        st.metric("Units counted", words.number(sum(line.counted or 0 for line in counted)))
        st.caption(f"expected {sum(line.expected for line in counted):,}")
    with grid.cell():
        st.metric("Net variance", change(over + short))
        st.caption(f"{change(over)} over, {change(short)} short")
    with grid.cell():
        st.metric("Lines that differ", words.number(differing))
        st.caption(f"{sum(1 for line in counted if len(line.entries) > 1):,} counted more than once")


def lines_table(count: Count, lines: Sequence[CountLine]) -> None:
    """Every line, the largest difference first."""
    ordered = sorted(lines, key=lambda line: (-abs(line.variance or 0), line.sku, line.lot))
    known = names()
    table(
        [_row(line, known.get(line.sku)) for line in ordered],
        LINE_COLUMNS,
        key="count_lines",
        file=f"count-{count.count_id}",
        empty="",
    )
    below = [line for line in lines if line.expected < 0]
    if below:
        named = ", ".join(f"{words.plain(of(line.sku, line.lot))} at {number(line.expected)}" for line in below)
        st.caption(
            f"The ledger had less than none of {named}. Nobody can look for that, so it is counted as none, and only a "
            "reason is asked for."
        )


def how_it_came_about(count: Count, lines: Sequence[CountLine]) -> None:
    """The waterfall of one line: from the count before to what was expected, and to what was counted."""
    differing = sorted((line for line in lines if line.variance), key=lambda line: -abs(line.variance or 0))
    if not differing:
        return
    st.subheader("How did a difference come about?")
    places = range(len(differing))
    chosen = st.selectbox(
        "Line",
        places,
        format_func=lambda place: (
            f"{of(differing[place].sku, differing[place].lot)}: {change(differing[place].variance or 0)}"
        ),
        key=f"count_line_{count.count_id}",
    )
    line = differing[chosen if chosen is not None and chosen < len(differing) else 0]
    explained = ask(explain, count, line)
    before = (
        f"From the count of {words.moment(explained.since)} on."
        if explained.since is not None
        else "It was never counted before."
    )
    later = (
        f" {change(explained.known_later)} became known only after the day was closed; that part of the difference is "
        "no loss."
        if explained.known_later
        else ""
    )
    st.caption(before + later)
    steps = steps_of(line, explained)
    waterfall_chart(steps, f"How did {of(line.sku, line.lot)} come about?", key="count_waterfall_chart")
    with st.expander("As a table"):
        rows = [{"what": what, "units": number(units) if total else change(units)} for what, units, total in steps]
        table(rows, STEP_COLUMNS, key="count_waterfall_table", file=f"count-{count.count_id}-steps", empty="")


def steps_of(line: CountLine, explained: Explained) -> list[Step]:
    """The steps from the count before to this one: what moved, what was known too late, and what nobody knows."""
    steps = waterfall_steps(explained.waterfall, "before", "expected")[:-1]
    if explained.known_later:
        steps.append(("known later", -explained.known_later, False))
    return [
        *steps,
        ("expected", line.expected, True),
        ("variance", line.variance or 0, False),
        ("counted", line.counted or 0, True),
    ]


def reasons_form(count_id: str, lines: Sequence[CountLine]) -> None:
    """Why each line differs: a reason is compulsory, a note is welcome."""
    form = entry_form(f"count_reasons_{count_id}")
    if not lines:
        return
    st.subheader(f"Why do they differ? ({len(lines):,})")
    shown = form.keep(list(lines[:_REASONS_ON_A_SCREEN]))
    typed: dict[tuple[str, str], tuple[str | None, str]] = {}
    with st.form(form.key("form"), border=False, enter_to_submit=False):
        by = person.name_field(form.key("by"))
        for line in shown:
            field = f"{line.sku}_{line.lot}"
            with st.container(border=True, gap="small"):
                st.markdown(_difference(line))
                code = st.selectbox(
                    "Reason", list(REASONS), index=None, format_func=REASONS.__getitem__,
                    key=form.key(f"reason_{field}"), placeholder="Choose the reason",
                )  # fmt: skip
                note = st.text_input("Note", key=form.key(f"note_{field}"), max_chars=LONGEST_NOTE)
                typed[line.sku, line.lot] = (code, note)
        label = "Keep the reason" if len(shown) == 1 else "Keep the reasons"
        pressed = st.form_submit_button(label, type="primary", key=form.key("save"))
    if pressed:
        given = {place: (code, note) for place, (code, note) in typed.items() if code is not None}
        form.enter(lambda: press.give_reasons(count_id, given, by), by)


def change_reason(count_id: str, lines: Sequence[CountLine]) -> None:
    """Another reason for a line that has one. An approval that was given for the old one falls away."""
    given = [line for line in lines if line.variance and line.reason_code is not None]
    if not given:
        return
    with st.expander("Change a reason"):
        form = entry_form(f"count_change_reason_{count_id}")
        with st.form(form.key("form"), border=False, enter_to_submit=False):
            by = person.name_field(form.key("by"))
            place = st.selectbox(
                "Line", range(len(given)), index=None, key=form.key("line"), placeholder="Choose the line",
                format_func=lambda place: f"{of(given[place].sku, given[place].lot)}: "
                f"{reason_shown(given[place].reason_code)}",
            )  # fmt: skip
            code = st.selectbox(
                "Reason", list(REASONS), index=None, format_func=REASONS.__getitem__, key=form.key("reason"),
                placeholder="Choose the reason",
            )  # fmt: skip
            note = st.text_input("Note", key=form.key("note"), max_chars=LONGEST_NOTE)
            pressed = st.form_submit_button("Change it", key=form.key("save"))
        if pressed:
            line = given[place] if place is not None else None
            chosen = {(line.sku, line.lot): (code, note)} if line is not None and code is not None else {}
            form.enter(lambda: press.give_reasons(count_id, chosen, by), by)


def approvals_form(count_id: str, lines: Sequence[CountLine]) -> None:
    """Differences above the limit, for another person to agree to."""
    form = entry_form(f"count_approvals_{count_id}")
    if not lines:
        return
    limit = ask(approval_above)
    st.subheader(f"To be approved by a second person ({len(lines):,})")
    st.caption(f"They differ by more than {words.count(limit, 'unit')}. Nobody approves what he counted or explained.")
    shown = form.keep(list(lines[:_APPROVALS_ON_A_SCREEN]))
    agreed: list[CountLine] = []
    with st.form(form.key("form"), border=False, enter_to_submit=False):
        name = person.second_person_field(form.key("by"))
        for line in shown:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"{_difference(line)}  \n{reason_shown(line.reason_code)}"
                    + (f", “{words.plain(line.note)}”" if line.note else "")
                    + f" · reason by {words.plain(line.decided_by or words.UNKNOWN)}, {words.plain(_counters(line))}"
                )
                if len(shown) > 1 and st.form_submit_button("Approve", key=form.key(f"one_{line.sku}_{line.lot}")):
                    agreed = [line]
        label = "Approve" if len(shown) == 1 else f"Approve all {len(shown)}"
        if st.form_submit_button(label, type="primary", key=form.key("all")):
            agreed = list(shown)
    if agreed:
        form.enter(lambda: press.approve(count_id, agreed, name))


def post_form(count: Count, lines: Sequence[CountLine]) -> None:
    """The last press: the count becomes the stock."""
    form = entry_form(f"count_post_{count.count_id}")
    with st.form(form.key("form"), enter_to_submit=False):
        st.markdown(
            f"**Everything is counted and explained.** Stock becomes what was counted, as of "
            f"{words.moment(count.as_of)}; what has moved since stays on top. "
            f"{words.count(sum(1 for line in lines if line.variance), 'line')} of {len(lines):,} "
            f"change{'s' if sum(1 for line in lines if line.variance) == 1 else ''} the book."
        )
        by = person.name_field(form.key("by"))
        pressed = st.form_submit_button("Post the count", type="primary", key=form.key("save"))
    if pressed:
        form.enter(lambda: press.post(count.count_id, by), by)


def _difference(line: CountLine) -> str:
    name = names().get(line.sku)
    return (
        f"**{words.plain(of(line.sku, line.lot))}**{f' {words.plain(name)}' if name else ''}: expected "
        f"{number(line.expected)}, counted {number(line.counted)}, **{change(line.variance or 0)}**"
    )


def _row(line: CountLine, name: str | None) -> dict[str, object]:
    return {
        "sku": line.sku,
        "lot": lot_shown(line.lot),
        "expected": line.expected,
        "counted": line.counted,
        "variance": line.variance,
        "tolerance": line.tolerance,
        "verdict": _verdict(line),
        "name": name,
        "countings": ", then ".join(
            f"{entry.units:,}" for entry in line.entries if entry.counted_by != NOT_ON_THE_SHEET
        ) or None,
        "counted_by": _counters(line).removeprefix("counted by ") or None,
        "reason": reason_shown(line.reason_code) or None,
        "note": line.note,
        "decided_by": line.decided_by,
        "approved_by": line.approved_by,
    }  # fmt: skip


def _counters(line: CountLine) -> str:
    """'counted by Kim, Lee'; 'counted as none' where nobody could look for it."""
    people = dict.fromkeys(entry.counted_by for entry in line.entries if entry.counted_by != NOT_ON_THE_SHEET)
    if people:
        return f"counted by {', '.join(people)}"
    return "counted as none" if line.entries else ""


def _verdict(line: CountLine) -> str | None:
    if line.variance is None:
        return None
    if not line.variance:
        return "exact"
    return "within" if line.is_within_tolerance else "beyond"
