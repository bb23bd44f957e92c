"""How a month stands beside the one before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shipsync.web.charge_words import beside

OCTOBER, MORE, LESS = date(2026, 10, 1), Decimal("120.00"), Decimal("100.00")


def test_a_share_is_told_only_between_two_whole_months() -> None:
    assert beside(OCTOBER, MORE, LESS, are_whole=True) == "October 2026: 100.00, +20 %"
    assert beside(OCTOBER, MORE, LESS, are_whole=False) == "October 2026: 100.00; not both are whole months"


def test_a_month_that_came_to_nothing_has_no_share_and_one_not_billed_no_amount() -> None:
    assert beside(OCTOBER, MORE, Decimal(0), are_whole=True) == "October 2026: 0.00"
    assert beside(OCTOBER, MORE, None, are_whole=True) == "October 2026 was not billed here"
