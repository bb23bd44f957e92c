"""The blind sheet on the screen, made for one thumb: what to count, what to count again, and what was found besides.

Nothing that is expected is shown here, and no figure of a line that is to be counted again: whoever counts must not
know what to find (facts/domain.md section 4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from shipsync import runtime
from shipsync.documents.count_sheet import lot_shown
from shipsync.procedures.counting import MOST_UNITS, NOT_ON_THE_SHEET, Counted
from shipsync.rules.counts import CountLine, next_step
from shipsync.store import counts
from shipsync.store.approval import approval_above
from shipsync.web import count_press as press
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.entry_form import EntryForm, entry_form
from shipsync.web.inventory_words import names, naming
from shipsync.web.tables import Column, table

SCREENS = (10, 25, 50, 100)  # lines on one: few for a thumb, many for whoever types in a sheet of paper
_AMOUNT_PX = 150  # two of them side by side on a phone
_ENTRY_COLUMNS = (
    Column("sku", "SKU"),
    Column("lot", "Lot"),
    Column("counting", "Counting"),
    Column("units", "Units", "number", help="Not shown while the line is to be counted again."),
    Column("counted_by", "By"),
    Column("counted_at", "When", "instant"),
)


def lines_by_step(count_id: str) -> dict[str, list[CountLine]]:
    """The lines of a count by what each still needs."""
    limit = ask(approval_above)
    found: dict[str, list[CountLine]] = {
        "count": [], "recount": [], "reason": [], "approval": [], "ready": [],
    }  # fmt: skip
    for line in ask(counts.lines, count_id):
        found[next_step(line, limit)].append(line)
    return found


def progress(count_id: str) -> None:
    """How far the count is, and who has counted how many lines."""
    steps = lines_by_step(count_id)
    lines = [line for step in steps.values() for line in step if not _is_not_looked_for(line)]
    to_count, again = len(steps["count"]), len(steps["recount"])
    done = len(lines) - to_count - again
    text = f"{done:,} of {words.count(len(lines), 'line')} counted"
    if again:
        text += f", {again:,} to be counted again"
    st.progress(done / len(lines) if lines else 0.0, text=text)
    people = Counter(entry.counted_by for line in lines for entry in line.entries)
    if people:
        st.caption(", ".join(f"{words.plain(name)} {many:,}" for name, many in people.most_common()))


def to_count(count_id: str, lines: Sequence[CountLine]) -> None:
    """The lines that nobody has counted yet, a screen at a time."""
    st.subheader(f"To count ({len(lines):,})")
    _sheet(count_id, lines, name="first")


def to_count_again(count_id: str, lines: Sequence[CountLine]) -> None:
    """The lines that lie farther off than they may. By how much is not told."""
    st.subheader(f"To count again ({len(lines):,})")
    st.caption("Somebody else should count these: they lie farther off than they may. By how much is told afterwards.")
    _sheet(count_id, lines, name="again")


def another_line(count_id: str, lines: Sequence[CountLine]) -> None:
    """A lot that is not on the sheet, or a line that somebody wants to count once more."""
    with st.expander("Found a lot that is not here, or count one once more"):
        form = entry_form(f"count_other_{count_id}")
        by_sku = {line.sku: line.pallet_size for line in lines}
        with st.form(form.key("form"), border=False, enter_to_submit=False):
            by = person.name_field(form.key("by"))
            sku = st.selectbox(
                "Product", sorted(by_sku), index=None, format_func=naming(), key=form.key("sku"),
                placeholder="Choose the product",
            )  # fmt: skip
            lot = st.text_input("Lot (empty: no lot)", key=form.key("lot"), placeholder="for example 250237")
            pallets, loose = _amounts(form, "other", 0 if any(by_sku.values()) else None)
            pressed = st.form_submit_button("Save this line", key=form.key("save"))
        if pressed:
            form.enter(lambda: press.enter_one(count_id, sku, lot, (pallets, loose), by_sku, by), by)


def counted_so_far(lines: Sequence[CountLine]) -> None:
    """Who has counted what; the units of a line that is counted again stay hidden."""
    limit = ask(approval_above)
    rows = [
        {
            "sku": line.sku,
            "lot": lot_shown(line.lot),
            "counting": "first" if entry.round == 1 else f"number {entry.round}",
            "units": None if next_step(line, limit) == "recount" else entry.units,
            "counted_by": entry.counted_by,
            "counted_at": entry.counted_at,
        }
        for line in lines
        for entry in line.entries
        if entry.counted_by != NOT_ON_THE_SHEET
    ]
    with st.expander(f"Counted so far ({len(rows):,})"):
        newest_first = sorted(rows, key=lambda row: str(row["counted_at"]), reverse=True)
        table(newest_first, _ENTRY_COLUMNS, key="count_entries", file="counted", empty="Nothing has been counted yet.")


def _sheet(count_id: str, lines: Sequence[CountLine], *, name: str) -> None:
    find, size = "", SCREENS[0]
    if len(lines) > size:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            find = st.text_input(
                "Find", key=f"count_find_{name}", type="search", live=True, placeholder="SKU, lot or product",
                icon=":material/search:", width=220,
            ).strip()  # fmt: skip
            size = st.selectbox("Lines at once", SCREENS, key=f"count_size_{name}", width=110)
    known = names()
    matching = [line for line in lines if _matches(line, known.get(line.sku, ""), find)]
    screens = -(-len(matching) // size)
    screen = 1
    if screens > 1:
        screen = st.pagination(screens, key=f"count_screen_{name}_{screens}")
    form = entry_form(f"count_{name}_{count_id}")
    on_screen = matching[(screen - 1) * size : screen * size]
    shown = form.keep(on_screen, (find, screen, size), joined=_joined(size))
    if not shown:
        st.caption(f"No line that is to be counted matches {words.plain(find)}." if find else "All are counted.")
        return
    typed: dict[tuple[str, str], tuple[int | None, int | None]] = {}
    with st.form(form.key("form"), border=False, enter_to_submit=False):
        by = person.name_field(form.key("by"))
        for line in shown:
            with st.container(border=True, gap="small"):
                _heading(line, known.get(line.sku))
                typed[line.sku, line.lot] = _amounts(form, f"{line.sku}_{line.lot}", line.pallet_size)
        label = "Save this line" if len(shown) == 1 else f"Save what is counted of these {len(shown)}"
        pressed = st.form_submit_button(label, type="primary", key=form.key("save"), width="stretch")
    if pressed:
        found = [
            Counted(sku, lot, pallets or 0, loose or 0)
            for (sku, lot), (pallets, loose) in typed.items()
            if pallets is not None or loose is not None
        ]
        sizes = {(line.sku, line.lot): line.pallet_size for line in shown}
        form.enter(lambda: press.enter(count_id, found, sizes, by), by)


def _is_not_looked_for(line: CountLine) -> bool:
    """Whether it was counted as none from the start, because there cannot be less."""
    return bool(line.entries) and all(entry.counted_by == NOT_ON_THE_SHEET for entry in line.entries)


def _heading(line: CountLine, name: str | None) -> None:
    told = f"**{words.plain(line.sku)}**" + (f" {words.plain(name)}" if name else "")
    lot = f"lot **{words.plain(line.lot)}**" if line.lot else "**no lot**"
    st.markdown(f"{told}  \n{lot}")
    if line.entries:
        first = line.entries[-1]
        now = runtime.app().now()
        st.caption(f"counted by {words.plain(first.counted_by)} {words.ago(first.counted_at, now)}")


def _amounts(form: EntryForm, field: str, size: int | None) -> tuple[int | None, int | None]:
    """Pallets and loose units side by side, on a phone as well; units alone without a pallet size."""
    with st.container(horizontal=True, gap="small"):
        pallets = None
        if size is not None:
            label = f"Full pallets of {size:,}" if size else "Full pallets"
            pallets = _number(form, label, f"pallets_{field}")
        loose = _number(form, "Loose units" if size is not None else "Units", f"loose_{field}")
    return pallets, loose


def _number(form: EntryForm, label: str, field: str) -> int | None:
    typed = st.number_input(
        label, min_value=0, max_value=MOST_UNITS, value=None, step=1, key=form.key(field), width=_AMOUNT_PX
    )
    return None if typed is None else int(typed)


def _joined(size: int) -> Callable[[list[CountLine], list[CountLine]], list[CountLine]]:
    """The lines that are drawn stay, also one that somebody else has counted meanwhile; new ones come behind them."""

    def joined(drawn: list[CountLine], now: list[CountLine]) -> list[CountLine]:
        newest = {(line.sku, line.lot): line for line in now}
        kept = [newest.pop((line.sku, line.lot), line) for line in drawn]
        return kept + list(newest.values())[: max(0, size - len(kept))]

    return joined


def _matches(line: CountLine, name: str, find: str) -> bool:
    text = f"{line.sku} - {line.lot} {name}".casefold()
    return all(word in text for word in find.casefold().split())
