"""One version of a closed day: what ShipStation's own lists said, what was frozen for the count, and its sheet."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import streamlit as st

from shipsync import runtime
from shipsync.documents import count_sheet
from shipsync.documents.count_sheet import CountSheet, SheetLine, lot_shown
from shipsync.store import closings, counts, products
from shipsync.store.closings import Closing
from shipsync.store.letterhead import letterhead
from shipsync.web import count_documents, words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.tables import Column, table

CENSUS_COLUMNS = (
    Column("what", "List"),
    Column("there", "At ShipStation", "number"),
    Column("here", "Here", "number"),
    Column("held", "Held for a person", "number"),
    Column("not ours", "Not ours", "number", help="Listed there, and routed past us with a reason."),
)
EXPECTED_COLUMNS = (
    Column("sku", "SKU"),
    Column("name", "Product"),
    Column("lot", "Lot"),
    Column("expected", "Expected", "number", help="Units on the shelf at the instant of the closing."),
    Column("pallets", "Pallets + loose"),
)


def day_version(closing: Closing) -> None:
    """Everything that one closing found and froze."""
    content = json.loads(closing.content or "")
    left = ", ".join(words.count(int(content["shipped"][f"{one}s"]), one) for one in ("order", "parcel", "unit"))
    st.markdown(
        f"Shipped: {left}. Closed {words.moment(closing.closed_at)}, asked by "
        f"{words.plain(workflow_words.asked_by(closing.begun_by))}; known up to {words.moment(closing.as_of)}."
    )
    _census(content["census"], closing)
    _expected(closing)
    st.caption("Content hash: two versions with the same one say the same.")
    st.code(closing.content_hash or words.UNKNOWN, language=None, wrap_lines=True)


def sheet_button(closing: Closing, *, key: str) -> None:
    """The sheet to count by, made on the click."""
    day, version = closing.period_start, closing.version or 0
    st.download_button(
        "Count sheet (PDF)",
        lambda: sheet_pdf(day, version),
        f"shipsync-count-sheet-{day.isoformat()}-v{version}.pdf",
        "application/pdf",
        key=key,
        on_click="ignore",
        icon=":material/download:",
    )


def sheet_pdf(day: date, version: int) -> bytes:
    """The blind sheet of one version: its open count's, or the version's own before there is one."""
    con = runtime.app().db.read()
    closing = closings.closed(con, "eod", day, version)
    if closing is None or closing.as_of is None:
        raise LookupError(f"{day} has no version {version}")
    for count in counts.open_counts(con):
        if (count.business_date, count.eod_version) == (day, version):
            return count_documents.sheet_pdf(count.count_id)
    catalogue = {one.sku: one for one in products.products(con)}
    lines = []
    for one in closings.expected(con, day, version):
        if one.quantity < 0:
            continue  # nobody can look for less than none
        product = catalogue.get(one.sku)
        name, size = (product.name, product.units_per_pallet) if product is not None else ("", None)
        lines.append(SheetLine(one.sku, name, one.lot, size))
    sheet = CountSheet(f"of version {version}", day, closing.as_of, words.zone(), tuple(lines))
    head = letterhead(con)
    return count_sheet.pdf(sheet, firm=head.firm, paper=head.paper)


def _census(census: dict[str, Any], closing: Closing) -> None:
    st.subheader("Held against ShipStation's own lists")
    differences = {str(one) for one in census["differences"]}
    for sentence in closing.stated:
        st.markdown(f":orange[▲] {words.plain(sentence)}")
    if not differences:
        st.markdown(":green[✓ no difference]: every order and label on either side is accounted for.")
    table(
        census["lists"],
        CENSUS_COLUMNS,
        key="end_of_day_census",
        file="census",
        empty="Nothing was compared.",
        height="content",
    )


def _expected(closing: Closing) -> None:
    st.subheader("Frozen for the count")
    # The count is blind: whoever counts should not have read it before.
    with st.expander(
        "What is expected on the shelf. Count first.", key="end_of_day_frozen", on_change="rerun"
    ) as shell:
        if not shell.open:
            return
        catalogue = {one.sku: one for one in ask(products.products)}
        rows = []
        for one in ask(closings.expected, closing.period_start, closing.version or 0):
            product = catalogue.get(one.sku)
            size = product.units_per_pallet if product is not None else None
            rows.append(
                {
                    "sku": one.sku,
                    "name": product.name if product is not None else None,
                    "lot": lot_shown(one.lot),
                    "expected": one.quantity,
                    "pallets": _pallets(one.quantity, size),
                }
            )
        table(
            rows,
            EXPECTED_COLUMNS,
            key="end_of_day_expected",
            file=f"expected-{closing.period_start.isoformat()}-v{closing.version}",
            empty="No product is a key product, so nothing was expected.",
            height="content",
        )


def _pallets(units: int, size: int | None) -> str:
    if size is None or units < 0:
        return words.UNKNOWN
    full, loose = divmod(units, size)
    return f"{full:,} + {loose:,}"
