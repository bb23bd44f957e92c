"""The self-check of a month: what blocks it, what wants a reason, in which words, and where it is mended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shipsync.rules.charge_checks import Check, Found, Odd, WeekStock, checks, errors, warnings

NOV, DAY = date(2026, 11, 1), date(2026, 11, 20)
MONDAY = date(2026, 11, 16)  # of week 47


def found(**others: Any) -> list[Check]:
    """What it says of a month that is known from its beginning on."""
    return checks(Found(**({"month": NOV, "known_from": NOV} | others)))


def said(**others: Any) -> tuple[str, str, str | None]:
    """The only thing it says: severity, text, and where it leads."""
    [one] = found(**others)
    return one.severity, one.text, one.place.page if one.place else None


def test_a_month_without_anything_odd_is_billed_without_a_word() -> None:
    assert found() == []


# -- what blocks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "page"),
    [("The rate card has no rate 'unit'.", "imports"), ("Stock of A stands at -3.", "inventory")],
)
def test_what_cannot_be_told_blocks_and_leads_to_where_it_is_mended(gap: str, page: str) -> None:
    assert said(gaps=[gap]) == ("error", gap, page)


@pytest.mark.parametrize(
    ("skus", "named"),
    [(["A"], "A"), (list("ABCDE"), "A, B, C, D, E"), (list("ABCDEFG"), "A, B, C, D, E and 2 more")],
)
def test_products_whose_stock_nobody_has_said_block(skus: list[str], named: str) -> None:
    severity, text, page = said(stock_unknown=skus)
    assert (severity, page) == ("error", "imports")
    assert text == (
        f"Nobody has said what stands on the shelf of {named}, so its storage cannot be billed. Count it, or load the "
        "opening stock."
    )


@pytest.mark.parametrize(
    ("kind", "word", "several"),
    [
        ("order", "order", "2 orders are"),
        ("shipment", "label", "2 labels are"),
        ("fulfillment", "mark as shipped", "2 marks as shipped are"),
        (
            "poison",
            "place of a list that ShipStation cannot show",
            "2 places of lists that ShipStation cannot show are",
        ),
        ("conflict", "order with another's number", "2 orders with another's number are"),
    ],
)
def test_held_records_that_may_cost_something_block(kind: str, word: str, several: str) -> None:
    assert said(held=[(kind, 1)]) == (
        "error",
        f"1 {word} is held, and what it may cost is in no figure. Mend or close it under Sync.",
        "sync",
    )
    text = said(held=[(kind, 2)])[1]
    assert text.startswith(f"{several} held, and what they may cost")
    assert text.endswith("close them under Sync.")


def test_other_held_records_want_a_reason() -> None:
    assert said(held=[("shop_order", 1)]) == ("warning", "1 record of kind shop_order is held.", "sync")
    assert said(held=[("shop_order", 3)])[1] == "3 records of kind shop_order are held."


def test_stock_other_than_in_the_weekly_report_blocks_where_nothing_entered_since_explains_it() -> None:
    assert said(weeks=[WeekStock(MONDAY, "A", reported=1_100, now=1_000, as_known_then=1_000)]) == (
        "error",
        "The weekly report 2026-W47 says 1,100 of A were on the shelf, the ledger 1,000 for the same instant, and "
        "nothing entered since explains it.",
        "inventory",
    )
    assert found(weeks=[WeekStock(MONDAY, "A", 7, 7, 7)]) == []
    # Friday's count is posted after the report, as the day has it: nobody has to say why each month.
    assert found(weeks=[WeekStock(MONDAY, "A", 7, 5, 7, is_counted=True)]) == []
    assert len(found(weeks=[WeekStock(MONDAY, "A", 7, 5, 6, is_counted=True)])) == 1


def test_stock_other_than_in_the_weekly_report_wants_a_reason_where_something_was_entered_since() -> None:
    assert said(weeks=[WeekStock(MONDAY, "A", reported=1_100, now=1_000, as_known_then=1_100)]) == (
        "warning",
        "Stock of A in the weekly report 2026-W47 was 1,100; with what has been entered since it is 1,000, and that is "
        "billed.",
        "inventory",
    )


def test_a_month_before_that_is_not_billed_to_its_end_blocks() -> None:
    [one] = found(unfinished=[(date(2026, 10, 1), date(2026, 10, 20))])
    assert (one.severity, one.text) == (
        "error", "October 2026 is billed only through Tue 20 Oct 2026. Close it first.",
    )  # fmt: skip
    assert one.place is not None
    assert (one.place.page, one.place.query) == ("end_of_month", (("month", "2026-10"),))


# -- what wants a reason ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (None, ": none was ever read."),
        (date(2026, 11, 2), ": only from Mon 2 Nov 2026 on."),
        (NOV, None),
        (date(2026, 10, 9), None),
    ],
)
def test_a_month_that_was_not_read_from_its_beginning_on_wants_a_reason(since: date | None, words: str | None) -> None:
    [*warned] = found(known_from=since)
    assert [one.text for one in warned] == (
        [f"Shipments are not known for all of the month{words} What left before is not billed."] if words else []
    )


@pytest.mark.parametrize(
    ("name", "one", "many"),
    [
        (
            "unreadable",
            "1 unit left with a SKU text that cannot be read, and is not billed, such as those of order 700015.",
            "2 units left with a SKU text that cannot be read, and are not billed, such as those of order 700015.",
        ),
        (
            "without_cost",
            "1 label cost nothing in ShipStation, such as that of order 700015.",
            "2 labels cost nothing in ShipStation, such as that of order 700015.",
        ),
        (
            "marked",
            "1 order was marked as shipped without a label, so no carrier cost is known, such as of order 700015.",
            "2 orders were marked as shipped without a label, so no carrier cost is known, such as of order 700015.",
        ),
        (
            "without_parcel",
            "1 order is shipped and shows no label, such as order 700015.",
            "2 orders are shipped and show no label, such as order 700015.",
        ),
    ],
)
def test_odd_records_want_a_reason_and_lead_to_one_of_their_orders(name: str, one: str, many: str) -> None:
    assert said(**{name: Odd(1, "700015", "shop:700015")}) == ("warning", one, "order")
    assert said(**{name: Odd(2, "700015", "shop:700015")}) == ("warning", many, "order")
    assert said(**{name: Odd(2, "700015", None)})[2] is None


def test_labels_of_no_order_are_told_with_what_they_cost() -> None:
    assert said(foreign=Odd(1, amount=Decimal("9.10"))) == (
        "warning", "1 label belongs to no order of ours and is billed with 9.10.", "charges",
    )  # fmt: skip
    assert said(foreign=Odd(2, amount=Decimal("1234.5")))[1] == (
        "2 labels belong to no order of ours and are billed with 1,234.50."
    )


def days(many: int) -> list[date]:
    return [date(2026, 11, 2 + number) for number in range(many)]


def test_differences_with_ship_station_want_a_reason() -> None:
    assert said(census=[(DAY, 1)]) == (
        "warning", "1 difference with ShipStation stood when days were closed: Fri 20 Nov 2026.", "end_of_day",
    )  # fmt: skip
    assert said(census=[(day, 2) for day in days(7)])[1] == (
        "14 differences with ShipStation stood when days were closed: Mon 2 Nov 2026, Tue 3 Nov 2026, Wed 4 Nov 2026, "
        "Thu 5 Nov 2026, Fri 6 Nov 2026 and 2 more."
    )


def test_working_days_that_were_not_closed_want_a_reason() -> None:
    assert said(not_closed=[DAY]) == ("warning", "1 working day was not closed: Fri 20 Nov 2026.", "end_of_day")
    assert said(not_closed=days(6))[1] == (
        "6 working days were not closed: Mon 2 Nov 2026, Tue 3 Nov 2026, Wed 4 Nov 2026, Thu 5 Nov 2026, Fri 6 Nov "
        "2026 and 1 more."
    )


def test_months_that_were_left_out_want_a_reason() -> None:
    assert said(left_out=[date(2026, 9, 1)])[1] == "September 2026 was never billed."
    assert said(left_out=[date(2026, 9, 1), date(2026, 10, 1)])[1] == "September 2026, October 2026 were never billed."


def test_errors_come_first_and_each_keeps_its_place_among_its_own() -> None:
    some = found(held=[("shop_order", 1), ("order", 1)], gaps=["No rate.", "No other."], left_out=[date(2026, 9, 1)])
    assert [one.severity for one in some] == ["error", "error", "error", "warning", "warning"]
    assert [one.text for one in errors(some)][:2] == ["No rate.", "No other."]
    assert errors(some) + warnings(some) == some


def test_what_a_later_month_has_restated_is_not_billed_again() -> None:
    assert said(settled=[(date(2026, 10, 1), date(2026, 12, 1))]) == (
        "error",
        "What has changed of October 2026 was billed with December 2026 already, so a new version of November 2026 "
        "would bill it twice. What changes from now on is billed with the next month.",
        None,
    )
