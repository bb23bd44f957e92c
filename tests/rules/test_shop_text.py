"""Texts as shops write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.shop_text import clean, money, quoted, whole_number


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Case(s) of Sample&trade; Rinse", "Case(s) of Sample™ Rinse"),
        ("Caf&amp;eacute;", "Café"),
        ("500 Café Road", "500 Café Road"),
        ("R&D", "R&D"),
        ("Lock&notes; &co", "Lock&notes; &co"),
        ("a\x00b\x07c\x85d", "abc d"),
        ("two\r\nlines\tand   spaces ", "two lines and spaces"),
        ("&#8482;&#x2122;", "™™"),
        ("&#0;&#xD800;", "��"),
        ("Ren\u0065\u0301e", "Ren\u0065\u0301e"),
        ("مرحبا 12", "مرحبا 12"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("👩‍⚕️ clinic 🦷", "👩‍⚕️ clinic 🦷"),
        (None, ""),
    ],
)
def test_a_text_is_made_fit_to_keep_and_loses_nothing_a_person_wrote(written: str | None, kept: str) -> None:
    assert clean(written) == kept


@given(st.text())
def test_a_cleaned_text_has_one_line_and_no_outer_spaces(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == " ".join(cleaned.split())
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in cleaned)


@given(st.text(alphabet="abc é;#&"))
def test_a_text_without_entities_keeps_every_ampersand(text: str) -> None:
    assert clean(text).count("&") == text.count("&")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19.95", "19.95"),
        ("0", "0.00"),
        ("-10.005", "-10.01"),
        *((text, None) for text in ("19,95", "$5", "1e3", "NaN", "", "٣", "9" * 10)),
    ],
)
def test_money_is_plain_digits_with_a_point(text: str, amount: str | None) -> None:
    assert money(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("02", 2), ("2.00", 2), ("2.5", None), ("-1", None), ("two", None), ("٣", None), ("9" * 5000, None)],
)
def test_a_whole_number_is_read_or_refused(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_quoted_text_stays_short_enough_to_read() -> None:
    assert quoted("x" * 500) == f"'{'x' * 57}...'"
    assert quoted(None) == "(missing)"
