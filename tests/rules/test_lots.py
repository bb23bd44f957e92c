"""SKU and lot text: one parser, one answer (facts/domain.md section 1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.lots import SkuLot, parse_sku_lot, typed_lot

DIGITS = "0123456789"
SKUS = st.text(alphabet=DIGITS, min_size=4, max_size=10)
LOTS = st.text(alphabet=DIGITS, min_size=5, max_size=6)
SPACES = st.text(alphabet=" \t\u00a0\u2003", max_size=4)


@given(SKUS, LOTS, SPACES, SPACES, SPACES, SPACES)
def test_any_spaces_round_the_hyphen_make_no_difference(
    sku: str, lot: str, before: str, left: str, right: str, after: str
) -> None:
    assert parse_sku_lot(f"{before}{sku}{left}-{right}{lot}{after}") == SkuLot(sku, lot)


@given(SKUS, st.none() | LOTS)
def test_the_canonical_spelling_reads_back_as_itself(sku: str, lot: str | None) -> None:
    assert parse_sku_lot(SkuLot(sku, lot).text) == SkuLot(sku, lot)


@given(SKUS, st.text(alphabet=DIGITS, max_size=8).filter(lambda lot: len(lot) not in (5, 6)))
def test_a_number_that_is_not_as_long_as_a_lot_is_none(sku: str, number: str) -> None:
    assert parse_sku_lot(f"{sku} - {number}") is None


@given(st.text())
def test_any_text_is_read_or_refused_and_what_is_read_has_only_plain_digits(text: str) -> None:
    found = parse_sku_lot(text)
    if found is not None:
        assert set(found.base_sku + (found.lot or "")) <= set(DIGITS)
        assert text.strip().startswith(found.base_sku)


@pytest.mark.parametrize(
    "text",
    [
        "17612-6",
        "17612-15",
        "17612-40",
        "17612 -",
        "- 250237",
        "17612 – 250237",
        "17612 250237",
        "17612/250237",
        "17612 - 250237 - 1",
        "17612 - 25O237",
        "17612 - 2502371",
        "RINSE",
        "17612a",
        "١٧٦١٢",
        "",
        None,
    ],
)
def test_anything_else_is_neither_a_sku_nor_a_lot(text: str | None) -> None:
    assert parse_sku_lot(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("17612 - 250237", SkuLot("17612", "250237")),
        ("17612-250237", SkuLot("17612", "250237")),
        ("17612  -  250237", SkuLot("17612", "250237")),
        ("17612 - 25237", SkuLot("17612", "25237")),
        (" 18795 ", SkuLot("18795", None)),
    ],
)
def test_the_texts_seen_in_practice_are_read(text: str, found: SkuLot) -> None:
    assert parse_sku_lot(text) == found


@pytest.mark.parametrize(
    ("text", "lot"),
    [
        ("250237", "250237"),
        (" 250237 ", "250237"),
        ("17612 - 250237", "250237"),  # the label was scanned
        ("17612-250237", "250237"),
        ("17904 - 250301", "17904 - 250301"),  # another product's label: no lot of this one
        ("17612", "17612"),
        ("", ""),
    ],
)
def test_a_lot_is_typed_alone_or_scanned_with_its_sku(text: str, lot: str) -> None:
    assert typed_lot("17612", text) == lot
