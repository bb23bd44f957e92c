"""The count sheet: what whoever counts needs, and nothing of what is expected."""

from __future__ import annotations

from dataclasses import fields

import pytest

from shipsync.documents import count_sheet
from shipsync.documents.count_sheet import LINES_FOR_FINDS, SheetLine
from shipsync.documents.typesetting import Paper
from tests.documents.counts import a_sheet
from tests.documents.paper import pages, read, text


def test_the_sheet_says_which_count_it_is_and_for_which_instant() -> None:
    words = text(count_sheet.pdf(a_sheet(), firm="Example Fulfilment Ltd"))

    assert words.startswith("Example Fulfilment Ltd Physical count Fri 20 Nov 2026 · count 2026-11-20.1 Stock as of")
    assert "Stock as of Fri 20 Nov 2026 12:48 PST · 5 lines to count" in words
    assert "Counted by, date and time Recounted by, date and time Entered in shipsync by, date and time" in words


def test_a_line_shows_nothing_but_what_it_is() -> None:
    words = text(count_sheet.pdf(a_sheet(5)))

    assert (
        "17612 Rinse, case 250237 48 17612 Rinse, case 250300 48 17612 Rinse, case no lot 48 "
        "17904 Rinse, travel size, case 250011 80 20103 Counted loose, it has no pallet size no lot – no pallet size "
        "Found besides"
    ) in words


def test_a_line_has_no_room_for_what_is_expected() -> None:
    assert {field.name for field in fields(SheetLine)} == {"sku", "name", "lot", "pallet_size"}


def test_many_lines_go_over_pages_that_each_name_the_count_and_the_columns() -> None:
    found = pages(count_sheet.pdf(a_sheet(60)))

    assert len(found) == 3
    for number, words in enumerate(found, start=1):
        assert "Count Recount, if asked for SKU Product Lot Units per pallet Pallets Loose Counted by" in words
        assert words.endswith(f"Count 2026-11-20.1 Page {number} of 3")
    assert sum(words.count("no lot") for words in found) == 24 + 1  # the lines, and the sentence about them
    assert LINES_FOR_FINDS == 6


@pytest.mark.parametrize(("paper", "size"), [("us-letter", (612, 792)), ("a4", (595, 842))])
def test_it_is_made_for_letter_and_for_a4(paper: Paper, size: tuple[int, int]) -> None:
    box = read(count_sheet.pdf(a_sheet(), paper=paper)).pages[0].mediabox

    assert (round(box.width), round(box.height)) == size


def test_the_same_count_gives_the_same_sheet() -> None:
    assert count_sheet.pdf(a_sheet()) == count_sheet.pdf(a_sheet())
    assert count_sheet.pdf(a_sheet()) != count_sheet.pdf(a_sheet(count_id="2026-11-20.2"))


def test_a_sheet_without_lines_still_has_room_for_finds() -> None:
    assert "Found besides" in text(count_sheet.pdf(a_sheet(0)))
