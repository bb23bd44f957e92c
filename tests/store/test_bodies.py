"""A kept answer is the exact text that came."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from shipsync.store.bodies import packed, unpacked


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_answer_comes_back_as_it_came(text: str) -> None:
    assert unpacked(packed(text)) == text


def test_a_long_answer_comes_back_whole_and_is_kept_short() -> None:
    text = str([{"orderId": number, "orderNumber": f"{number:06d}"} for number in range(20_000)])
    assert unpacked(packed(text)) == text
    assert len(packed(text)) < len(text) / 5


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9))
def test_an_answer_that_an_earlier_shipsync_kept_can_be_read(text: str, level: int) -> None:
    assert unpacked(zlib.compress(text.encode(), level)) == text
