"""The result of a count: each line's figures, and how what was expected came about."""

from __future__ import annotations

import pytest

from shipsync.documents import count_result
from shipsync.rules.ledger import OPENING, Waterfall
from tests.documents.counts import a_result, a_result_line
from tests.documents.paper import pages, text


def a_page(*lines: count_result.ResultLine) -> str:
    """The words of a result with these lines."""
    return text(count_result.pdf(a_result(lines)))


def test_the_head_says_whose_count_it_is() -> None:
    words = text(count_result.pdf(a_result(), firm="Example Fulfilment Ltd"))

    assert words.startswith(
        "Example Fulfilment Ltd Result of the physical count Fri 20 Nov 2026 · count 2026-11-20.1 "
        "Stock as of Fri 20 Nov 2026 12:48 PST · opened by Robin Sample, "
        "posted Fri 20 Nov 2026 14:15 PST by Robin Sample"
    )


def test_the_summary_comes_first() -> None:
    words = text(count_result.pdf(a_result()))

    # 96 + 1108 + 36 + 0 of the four lines counted; 3 over, 3 and 8 short.
    assert (
        "Accuracy 50.0 % 2 of 4 lines within tolerance Units expected 1,240 on the lines that were counted "
        "Units counted 1,232 4 lines, 1 not counted Net variance −8 +3 over, −11 short "
        "Lines recounted 2 3 lines with a variance"
    ) in words


@pytest.mark.parametrize(
    "row",
    [
        "17612 Rinse, case lot 250237 96 96 2 + 0 0 ± 1 ✓ exact counted by Robin Sample",
        "17612 Rinse, case lot 250300 1,108 1,105 23 + 1 −3 ± 11 ✓ within Damaged Water on the lowest layer of pallet "
        "23 counted by Robin Sample, reason by Robin Sample",
        "17904 Rinse, travel size, case lot 250011 36 28 0 + 28 −8 ± 1 ▲ beyond recounted, first 24 Missing, not "
        "explained Looked twice, also on the upper rack counted by Robin Sample, recounted by Kim Example, reason by "
        "Kim Example, approved by Alex Example",
        "18795 Paste, case no lot 0 3 +3 ± 1 ▲ beyond recounted, first 3 Found Behind the packing table",
        "18675 Ortho kit, case lot 250102 88 – not counted – ± 1 ? not counted",
    ],
)
def test_a_line_says_what_was_expected_and_counted_by_whom_and_why(row: str) -> None:
    assert row in text(count_result.pdf(a_result()))


def test_a_variance_is_explained_from_the_opening_on() -> None:
    words = text(count_result.pdf(a_result()))

    # 1047 + 480 - 417 + 4 - 6 = 1108
    assert "From Fri 13 Nov 2026 12:50 PST on." in words
    assert "17612 lot 250300 1,047 +480 −417 +4 −6 0 0 0 1,108 1,105 −3" in words


def test_what_became_known_later_is_told_from_what_is_missing() -> None:
    # 57 - 22 + 1 - 2 = 34 by now; 36 were expected, because a parcel of two was not known yet.
    assert "17904 lot 250011 57 0 −22 +1 −2 0 0 +2 36 28 −8" in text(count_result.pdf(a_result()))

    known = a_page(a_result_line("17612", "1", "Rinse", 10, (0, 8), reason_code="found",
                                 waterfall=Waterfall(10, 0, 0, 0, 0, 0)))  # fmt: skip
    assert "By counts Expected Counted Variance" in known


def test_a_count_without_variance_has_nothing_to_explain() -> None:
    words = a_page(a_result_line("17612", "1", "Rinse", 96, (2, 0), waterfall=Waterfall(96, 0, 0, 0, 0, 0)))

    assert "had come about" not in words
    assert "100.0 % 1 of 1 line within tolerance" in words


def test_the_first_count_says_that_it_is_the_opening_stock() -> None:
    assert "Opening stock" in a_page(a_result_line("17612", "", "Rinse", 0, (2, 0), reason_code=OPENING))


def test_nothing_counted_is_no_accuracy_of_zero() -> None:
    words = a_page(a_result_line("17612", "1", "Rinse", 96))

    assert "Accuracy – no line was counted" in words


def test_many_lines_repeat_their_heads() -> None:
    note = "A long note. " * 20
    lines = tuple(
        a_result_line(f"{20000 + place}", "250001", "Rinse, case", 48, (1, 1), reason_code="found", note=note,
                      waterfall=Waterfall(48, 0, 0, 0, 0, 0))
        for place in range(40)
    )  # fmt: skip
    found = pages(count_result.pdf(a_result(lines)))

    assert len(found) > 2
    assert all("Variance" in words for words in found[:-1])
    assert found[1].startswith("Result of the physical count · Fri 20 Nov 2026 · count 2026-11-20.1")


def test_the_same_result_gives_the_same_bytes() -> None:
    assert count_result.pdf(a_result()) == count_result.pdf(a_result())
