"""An order file that a person hands in: first what would become of it, then the press that takes it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from shipsync import runtime
from shipsync.doors.order_files import MAX_BYTES, FileContent, content_of
from shipsync.errors import OrderFileError
from shipsync.procedures.import_orders import Fate, FilePreview, OrderPreview, preview
from shipsync.web import catalogue, words
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

FORMATS = {"x-cart": "X-Cart dump", "custom-store": "ShipStation Custom Store file"}

_ROWS_SHOWN = 200

# What would become of an order: in a list, and counted in a sentence. What needs a person comes first.
_FATES: dict[Fate, tuple[str, str]] = {
    "held": ("held for a person", "would be held for a person"),
    "kept": ("kept as sent", "changed in the shop after they were sent: ours stay, a person is told"),
    "later": ("decided later", "may be on their way to ShipStation just now: decided on at the next import"),
    "new": ("taken in", "new"),
    "updated": ("replaced", "changed in the shop, not sent yet: ours are replaced"),
    "unchanged": ("unchanged", "here already, unchanged"),
    "closed": ("closed already", "closed already: left alone"),
    "skipped": ("not for us", "not for us"),
    "superseded": ("passed over", "older records of orders that the file holds again"),
}
_COLUMNS = (
    Column("order_number", "Order", help="The shop's number"),
    Column("fate", "Would be"),
    Column("why", "Why", width=380),
    Column("lines", "Units", help="Bundles taken apart, key products only"),
    Column("ship_to", "Ship to"),
    Column("ordered_at", "Ordered", "instant"),
    Column("position", "Place", "number", help="In the file"),
)


def order_file_upload() -> None:
    """Draw the uploader; with a file in it also its dry run and the press that takes it."""
    folder = catalogue.order_files_folder()
    if folder is None:
        st.caption("This database is in memory only, so there is no folder to keep a file in.")
        return
    file = st.file_uploader(
        "Order file (XML)",
        type=["xml"],
        key="imports_file",
        max_upload_size=-(-MAX_BYTES // 1_000_000),
        help="An X-Cart dump or a ShipStation Custom Store file. Nothing is taken before you press.",
    )
    if file is None:
        st.session_state.pop("imports_seen", None)
        return
    try:
        content, seen = _look(folder, file.file_id, file.name, file.getvalue())
    except OrderFileError as error:
        why = (
            "ends too early: it was only half written or copied. Export it again." if error.incomplete else error.reason
        )
        st.error(f"{words.plain(file.name)} {words.plain(why)} Nothing was taken.")
        return
    _draw(content, seen, file.name)


def _look(folder: Path, file_id: str, name: str, data: bytes) -> tuple[FileContent, FilePreview]:
    """The preview by what is known now; asked again only for another file or after a change of the database."""
    app = runtime.app()
    key = (file_id, app.db.data_version)
    kept = st.session_state.get("imports_seen")
    if kept is not None and kept[0] == key:
        return kept[1], kept[2]
    content = content_of(folder, name, data)
    seen = preview(app.db.read(), content)
    st.session_state["imports_seen"] = (key, content, seen)
    return content, seen


def _draw(content: FileContent, seen: FilePreview, name: str) -> None:
    st.markdown(
        f"**{words.plain(name)}** · {FORMATS[seen.format]} · {words.count(len(seen.orders), 'order record')} · "
        f"{-(-seen.size // 1000):,} kB"
    )
    if seen.taken is not None:
        taken = f"This file was taken already, {words.moment(seen.taken.read_at)}"
        if seen.is_taken:
            st.info(f"{taken}, and nothing that it depends on has changed since. Taking it again would do nothing.")
        else:
            st.info(f"{taken}. The catalogue or a newer file has changed since, so it can be taken again.")
    elif not seen.orders:
        st.info("There is no order in this file.")
    amounts = {fate: seen.count(fate) for fate in _FATES}
    lines = [f"- **{amount:,}** {_FATES[fate][1]}" for fate, amount in amounts.items() if amount]
    if seen.withdrawn:
        numbers = ", ".join(seen.withdrawn[:5])
        lines.append(f"- **{len(seen.withdrawn):,}** that wait to go up would not any more: {words.plain(numbers)}")
    if lines:
        st.markdown("\n".join(lines))
    rows = sorted(seen.orders, key=lambda one: list(_FATES).index(one.fate))
    table(
        [_row(one) for one in rows[:_ROWS_SHOWN]],
        _COLUMNS,
        key="imports_preview",
        file="order-file-preview",
        empty="",
        all_rows=lambda: [_row(one) for one in rows],
    )
    if len(rows) > _ROWS_SHOWN:
        st.caption(f"The first {_ROWS_SHOWN} of {len(rows):,}; the CSV has all.")
    if not seen.is_taken:
        _press(content, name, amounts)


def _press(content: FileContent, name: str, amounts: dict[Fate, int]) -> None:
    taken = amounts["new"] + amounts["updated"]
    told = amounts["held"] + amounts["kept"] + amounts["later"]
    if not taken and not told:
        if sum(amounts.values()):
            st.info("There is nothing to take in this file.")
        return
    if not may(Role.OPERATOR):
        st.caption("Taking it needs the role operator.")
        return
    label = f"Take {words.count(taken, 'order')}" if taken else f"Hand {words.count(told, 'order')} to a person"
    if st.button(label, type="primary", key="imports_take"):
        answer = catalogue.take_order_file(content, name)
        if answer.problems:
            st.warning(words.plain(" ".join(answer.problems)))
        else:
            st.success(words.plain(answer.said))


def _row(one: OrderPreview) -> dict[str, object]:
    row: dict[str, object] = {column.field: getattr(one, column.field) for column in _COLUMNS}
    why = f"{one.why} {one.notes}".strip().removeprefix(f"Order {one.order_number} is held back. ")
    return {**row, "fate": _FATES[one.fate][0], "why": why, "lines": one.lines or None}
