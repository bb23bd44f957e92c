"""What a count line still needs, who may approve it, and how good the book was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.counts import (
    Accuracy,
    CountLine,
    Entry,
    Step,
    accuracy,
    may_approve,
    needs_approval,
    next_step,
    tolerance,
    units,
)
from tests.rules.builders import NOON

LIMIT = 4  # units that need no second person


def a_line(*counted: int, **others: Any) -> CountLine:
    """A line of 100 expected units, give or take 2, counted with these results."""
    entries = tuple(
        Entry(number, 0, amount, amount, NOON + timedelta(minutes=number), "Ann")
        for number, amount in enumerate(counted, start=1)
    )
    values: dict[str, Any] = {
        "sku": "17612",
        "lot": "250237",
        "expected": 100,
        "tolerance": 2,
        "pallet_size": 48,
        "entries": entries,
    }
    return CountLine(**(values | others))


@pytest.mark.parametrize(
    ("expected", "own", "allowed"),
    [
        (0, None, 1),
        (1, None, 1),
        (100, None, 1),
        (199, None, 1),
        (200, None, 2),
        (1_234, None, 12),
        (-300, None, 3),  # the book may be below zero
        (1_234, 5, 5),
        (1_234, 0, 0),  # not one unit may be off
    ],
)
def test_a_count_may_be_off_by_one_percent_or_by_what_the_sku_says(
    expected: int, own: int | None, allowed: int
) -> None:
    assert tolerance(expected, own) == allowed


@pytest.mark.parametrize(("pallets", "loose", "size", "together"), [(12, 7, 48, 583), (0, 7, None, 7), (3, 0, 50, 150)])
def test_pallets_and_loose_units_make_units(pallets: int, loose: int, size: int | None, together: int) -> None:
    assert units(pallets, loose, size) == together


def test_pallets_of_a_product_without_a_pallet_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^This product has no pallet size, so count it loose, or say the size"):
        units(1, 0, None)


@pytest.mark.parametrize(
    ("counted", "others", "step"),
    [
        ((), {}, "count"),
        ((), {"reason_code": "miscount"}, "count"),
        ((100,), {}, "ready"),
        # Within tolerance it is not counted again, but says why.
        ((98,), {}, "reason"),
        ((102,), {}, "reason"),
        ((98,), {"reason_code": "missing"}, "ready"),
        # Beyond it, it is counted again, whatever was said of it before.
        ((97,), {}, "recount"),
        ((103,), {}, "recount"),
        ((97,), {"reason_code": "missing", "approved_by": "Bob"}, "recount"),
        # The second counting settles it.
        ((97, 100), {}, "ready"),
        ((97, 99), {}, "reason"),
        ((97, 97), {}, "reason"),
        ((97, 60), {}, "reason"),
        ((97, 97), {"reason_code": "missing"}, "ready"),
        ((97, 96), {"reason_code": "missing"}, "ready"),
        # More than the limit needs a second person, up or down.
        ((95, 95), {"reason_code": "missing"}, "approval"),
        ((105, 105), {"reason_code": "found"}, "approval"),
        ((95, 95), {"reason_code": "missing", "approved_by": "Bob"}, "ready"),
        ((95, 95), {"approved_by": "Bob"}, "reason"),
        # A third counting, because somebody wished it, counts as the newest.
        ((95, 95, 100), {}, "ready"),
        ((95, 95, 80), {"reason_code": "missing"}, "approval"),
        # A generous tolerance does not spare the second person.
        ((90,), {"tolerance": 20}, "reason"),
        ((90,), {"tolerance": 20, "reason_code": "missing"}, "approval"),
        # What was found besides: nothing was expected.
        ((3,), {"expected": 0, "tolerance": 1}, "recount"),
        ((3, 3), {"expected": 0, "tolerance": 1}, "reason"),
        # The book below zero, and an empty place.
        ((0,), {"expected": -3, "tolerance": 1}, "recount"),
        ((0,), {"expected": 0, "tolerance": 1}, "ready"),
        ((99,), {"tolerance": 0}, "recount"),
    ],
)
def test_what_a_line_still_needs(counted: tuple[int, ...], others: dict[str, Any], step: Step) -> None:
    assert next_step(a_line(*counted, **others), LIMIT) == step


def test_the_newest_counting_is_what_counts() -> None:
    line = a_line(97, 99)
    assert (line.counted, line.variance, line.is_within_tolerance) == (99, -1, True)
    uncounted = a_line()
    assert (uncounted.counted, uncounted.variance, uncounted.is_within_tolerance) == (None, None, False)


@pytest.mark.parametrize(("quantity", "needed"), [(0, False), (4, False), (-4, False), (5, True), (-5, True)])
def test_a_change_above_the_limit_needs_a_second_person(quantity: int, needed: bool) -> None:
    assert needs_approval(quantity, LIMIT) is needed


@pytest.mark.parametrize(
    "spelling",
    [
        "ann@example.com",
        "  ann@example.com ",
        "Ann@Example.COM",
        "ann\u200b@example.com",  # a space that does not show
        "\uff41nn@example.com",  # a letter of another width
    ],
)
def test_nobody_approves_his_own_whatever_the_spelling(spelling: str) -> None:
    assert not may_approve(spelling, "ann@example.com")
    assert not may_approve("ann@example.com", spelling)
    assert not may_approve(spelling, "bob@example.com", None, "ann@example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann  Sample", "ann sample"),
        ("Ann\u00a0Sample", "Ann Sample"),
        ("Andr\u00e9", "Andre\u0301"),  # one letter, or a letter and its accent
        ("ANDR\u00c9", "andre\u0301"),
        ("Stra\u00dfe", "STRASSE"),
    ],
)
def test_two_spellings_of_a_name_are_one_person(one: str, other: str) -> None:
    assert not may_approve(one, other)
    assert not may_approve(other, one)


def test_another_person_may_approve() -> None:
    assert may_approve("Bob", "Ann", None, "Cleo")
    assert may_approve("Bob")
    assert may_approve("Bob", None, "")
    assert may_approve("Anna", "Ann")


@pytest.mark.parametrize("nobody", ["", "   ", "\u200b"])
def test_nobody_by_no_name_may_approve(nobody: str) -> None:
    assert not may_approve(nobody, "Ann")


def test_accuracy_is_the_lines_within_tolerance_of_the_lines_counted() -> None:
    lines = [a_line(100), a_line(98), a_line(90, 99), a_line(90, 90), a_line(100, 90), a_line()]
    assert accuracy(lines) == Accuracy(within=3, counted=5)
    assert accuracy(lines).rate == pytest.approx(0.6)


def test_accuracy_says_nothing_before_anything_was_counted() -> None:
    assert accuracy([a_line()]).rate is None
    assert accuracy([]) == Accuracy(0, 0)


@given(
    st.lists(st.integers(-5, 120), max_size=4),
    st.integers(-20, 120),
    st.integers(0, 30),
    st.integers(0, 10),
    st.booleans(),
    st.booleans(),
)
def test_a_line_that_is_ready_was_counted_and_differs_only_with_a_reason_and_within_what_one_person_may(
    counted: list[int], expected: int, allowed: int, limit: int, has_reason: bool, is_approved: bool
) -> None:
    line = a_line(
        *counted,
        expected=expected,
        tolerance=allowed,
        reason_code="found" if has_reason else None,
        approved_by="Bob" if is_approved else None,
    )
    is_settled = len(counted) > 1 or (len(counted) == 1 and abs(counted[0] - expected) <= allowed)
    is_explained = bool(counted) and (
        counted[-1] == expected or (has_reason and (is_approved or abs(counted[-1] - expected) <= limit))
    )
    assert (next_step(line, limit) == "ready") == (is_settled and is_explained)
