"""Words of documents: one way to write each kind of figure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shipsync.documents import words

PACIFIC = ZoneInfo("America/Los_Angeles")


def test_dates_say_their_weekday_and_instants_their_zone() -> None:
    assert words.day(date(2026, 11, 6)) == "Fri 6 Nov 2026"
    assert words.day(None) == "–"
    assert words.moment(datetime(2026, 11, 20, 20, 48, tzinfo=UTC), PACIFIC) == "Fri 20 Nov 2026 12:48 PST"
    assert words.moment(datetime(2026, 7, 1, 5, 0, tzinfo=UTC), PACIFIC) == "Tue 30 Jun 2026 22:00 PDT"


def test_a_span_names_its_year_once() -> None:
    assert words.span(date(2026, 12, 3), date(2026, 12, 12)) == "Thu 3 Dec – Sat 12 Dec 2026"
    assert words.span(date(2026, 12, 28), date(2027, 1, 3)) == "Mon 28 Dec 2026 – Sun 3 Jan 2027"
    assert words.span(date(2026, 12, 3), date(2026, 12, 3)) == "Thu 3 Dec 2026"
    assert words.range_of_dates(date(2026, 12, 3), date(2026, 12, 12)) == "3 Dec – 12 Dec 2026"
    assert words.range_of_dates(date(2026, 12, 31), date(2027, 1, 24)) == "31 Dec 2026 – 24 Jan 2027"


@pytest.mark.parametrize(("amount", "text"), [(0, "0"), (1284, "1,284"), (-1284, "−1,284"), (None, "–")])
def test_numbers_have_thousands_and_a_true_minus(amount: int | None, text: str) -> None:
    assert words.number(amount) == text


@pytest.mark.parametrize(("amount", "text"), [(0, "0"), (12, "+12"), (-1284, "−1,284")])
def test_changes_have_their_sign(amount: int, text: str) -> None:
    assert words.change(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.0, "0.0"), (0.019, "< 0.1"), (0.05, "0.1"), (491.04, "491.0"), (1234.5, "1,234.5"), (None, "–")],
)
def test_a_slow_product_is_not_one_that_never_sells(amount: float | None, text: str) -> None:
    assert words.average(amount) == text


def test_money_has_cents_and_a_true_minus() -> None:
    assert [words.money(Decimal(one)) for one in ("1284.5", "-12", "0")] == ["1,284.50", "−12.00", "0.00"]


def test_days_are_full_days() -> None:
    assert [words.whole_days(one) for one in (13.6, 0.0, 1500.2, None)] == ["13", "0", "1,500", "–"]


def test_shares_and_changes_in_percent() -> None:
    assert words.share(18 / 19) == "94.7 %"
    assert [words.percent_change(one) for one in (0.384, -0.03, 0.001, -0.001)] == ["+38 %", "−3 %", "0 %", "0 %"]


def test_a_level_has_sign_and_word() -> None:
    assert [words.level(one) for one in ("critical", "low", "normal", "unknown")] == [
        "■ critical", "▲ low", "✓ normal", "? unknown",
    ]  # fmt: skip


def test_one_is_not_many() -> None:
    assert words.count(1, "SKU") == "1 SKU"
    assert words.count(1284, "box", "boxes") == "1,284 boxes"
