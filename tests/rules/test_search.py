"""What a person means by what they paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.search import LARGEST_ID, MAX_WORDS, read_query


@pytest.mark.parametrize(
    ("text", "compact", "words"),
    [
        ("700125", "700125", ["700125"]),
        ("  700125\n", "700125", ["700125"]),
        ("#700125,", "700125", ["700125"]),
        ("'9400111899223197428497", "9400111899223197428497", ["9400111899223197428497"]),
        (" 1Z 999 AA1 01 2345 6784 ", "1Z999AA10123456784", ["1z", "999", "aa1", "01", "2345", "6784"]),
        ("Anna  KELLER", "AnnaKELLER", ["anna", "keller"]),
        ("anna@example.com", "anna@example.com", ["anna@example.com"]),
        ("17612 - 250237", "17612-250237", ["17612-250237"]),
        ("Keller 17612-250237", "Keller17612-250237", ["keller", "17612-250237"]),
        ("", "", []),
        (" - , ", "", []),
        ("Zoë\u00a0Müller", "ZoëMüller", ["zoë", "müller"]),
    ],
)
def test_blanks_case_and_signs_at_the_edges_do_not_count(text: str, compact: str, words: list[str]) -> None:
    query = read_query(text)

    assert query.compact == compact
    assert [word.text for word in query.words] == words


def test_a_sku_and_its_lot_are_one_word() -> None:
    (word,) = read_query("17612 - 250237").words

    assert (word.base_sku, word.lot) == ("17612", "250237")


@pytest.mark.parametrize(("text", "number"), [("2147484271", 2147484271), ("21474 84271", 2147484271), ("1Z9", None)])
def test_digits_alone_can_be_an_id(text: str, number: int | None) -> None:
    assert read_query(text).number == number


def test_a_number_too_large_for_an_id_is_none() -> None:
    assert read_query(str(LARGEST_ID + 1)).number is None
    assert read_query("²").number is None


@given(st.text())
def test_any_text_can_be_searched_for(text: str) -> None:
    query = read_query(text)

    assert len(query.words) <= MAX_WORDS
    assert all(word.text and word.text == word.text.lower() and " " not in word.text for word in query.words)
    assert bool(query.words) == bool(query.compact)
