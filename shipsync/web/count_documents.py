"""A count on paper: the blind sheet while it is open, the result once it is posted."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from shipsync import runtime
from shipsync.documents import count_result, count_sheet
from shipsync.documents.count_result import CountResult, ResultLine
from shipsync.documents.count_sheet import CountSheet, SheetLine
from shipsync.procedures.counting import explain
from shipsync.store import counts, products
from shipsync.store.counts import Count
from shipsync.store.letterhead import letterhead
from shipsync.web import words


def sheet_button(count: Count) -> None:
    """The sheet to print, made on the click."""
    _button("Count sheet (PDF)", "count-sheet", count, sheet_pdf)


def result_button(count: Count) -> None:
    """The result to print, made on the click."""
    _button("Result (PDF)", "count-result", count, result_pdf)


def sheet_pdf(count_id: str) -> bytes:
    """The blind sheet of a count: its lines without those that nobody can look for."""
    con = runtime.app().db.read()
    count = _existing(count_id)
    names = {one.sku: one.name for one in products.products(con)}
    lines = tuple(
        SheetLine(line.sku, names.get(line.sku, ""), line.lot, line.pallet_size)
        for line in counts.lines(con, count_id)
        if line.expected >= 0
    )
    sheet = CountSheet(count.count_id, count.business_date, count.as_of, words.zone(), lines)
    head = letterhead(con)
    return count_sheet.pdf(sheet, firm=head.firm, paper=head.paper)


def result_pdf(count_id: str) -> bytes:
    """What a posted count came to. Raises LookupError for one that is not posted."""
    con = runtime.app().db.read()
    count = _existing(count_id)
    if count.ended_at is None or count.ended_by is None:
        raise LookupError(f"count {count_id} is not posted")
    names = {one.sku: one.name for one in products.products(con)}
    lines = tuple(
        ResultLine(
            names.get(line.sku, ""), line, explain(con, count, line).waterfall if line.variance else None
        )
        for line in counts.lines(con, count_id)
    )  # fmt: skip
    result = CountResult(
        count.count_id,
        count.business_date,
        count.as_of,
        words.zone(),
        count.opened_by,
        count.ended_at,
        count.ended_by,
        lines,
        since="the count before of each line",
    )
    head = letterhead(con)
    return count_result.pdf(result, firm=head.firm, paper=head.paper)


def _button(label: str, name: str, count: Count, make: Callable[[str], bytes]) -> None:
    st.download_button(
        label,
        lambda: make(count.count_id),
        f"shipsync-{name}-{count.count_id}.pdf",
        "application/pdf",
        key=f"count_{name}",
        on_click="ignore",
        icon=":material/download:",
    )


def _existing(count_id: str) -> Count:
    count = counts.count(runtime.app().db.read(), count_id)
    if count is None:
        raise LookupError(f"there is no count {count_id}")
    return count
