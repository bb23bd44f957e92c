"""Sums of a month's lines: whichever way they are added up, they meet in the same total."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shipsync.rules.charge_report import DayCounts
from shipsync.rules.charge_sums import Span, charge_sums, day_sums, label_sums, spans
from shipsync.rules.charges import CARRIER_COST, Line, Rate, RateCard, total
from tests.documents.a_month import FIRST, LAST, a_full_month

MID = date(2026, 11, 16)


def a_card(*amounts: tuple[str, date]) -> RateCard:
    """Of orders."""
    return RateCard([Rate("order", Decimal(amount), since) for amount, since in amounts])


def test_all_sums_of_a_month_meet_in_its_total() -> None:
    made = a_full_month()

    by_charge = charge_sums(made.lines, RateCard(made.rates), FIRST, LAST)
    by_day = day_sums(made.lines, made.days, FIRST, LAST)
    by_carrier = label_sums(made.lines, lambda one: one.carrier_code)
    markup = total(one for one in made.lines if one.charge == "markup")

    assert sum(one.amount for one in by_charge) == made.charges
    assert sum(one.total for one in by_day) == made.charges
    assert sum(one.carrier_cost for one in by_day) == made.carrier_cost
    assert sum(one.service_fees for one in by_day) == made.service_fees
    assert sum(one.total for one in by_carrier.values()) + markup == made.carrier_cost


def test_a_rate_that_changes_in_the_month_splits_its_charge() -> None:
    made = a_full_month()

    orders = [one for one in charge_sums(made.lines, RateCard(made.rates), FIRST, LAST) if one.charge == "order"]

    assert [one.span for one in orders] == [
        Span(FIRST, date(2026, 11, 15), Decimal("2.7500")),
        Span(MID, LAST, Decimal("2.9500")),
    ]
    for one in orders:
        assert one.amount == one.quantity * (one.rate or 0)  # a whole number of orders at whole cents and halves


def test_a_rate_that_is_set_again_to_the_same_splits_nothing() -> None:
    card = a_card(("2.75", date(2026, 1, 1)), ("2.7500", MID))

    assert spans(card, "order", FIRST, LAST) == [Span(FIRST, LAST, Decimal("2.75"))]
    found = charge_sums([Line("order", MID, 3, Decimal("8.25"), Decimal("2.75"))], card, FIRST, LAST)
    assert [(one.quantity, one.span) for one in found] == [(3, None)]


def test_days_before_the_first_rate_have_none() -> None:
    assert [one.rate for one in spans(a_card(("1.00", MID)), "order", FIRST, LAST)] == [None, Decimal("1.00")]


def test_every_calendar_day_is_there_and_those_without_anything_are_zero() -> None:
    found = day_sums(
        [Line("order", MID, 3, Decimal("8.25")), Line("void", MID, 1, Decimal("-9.40"))],
        [DayCounts(MID, 3, 4, 4, 12, 1, 0)],
        FIRST,
        LAST,
    )

    assert [one.day.day for one in found] == list(range(1, 31))
    assert (found[15].counts.shipments, found[15].carrier_cost, found[15].total) == (
        4,
        Decimal("-9.40"),
        Decimal("-1.15"),
    )
    assert {(one.counts.orders, one.total) for one in found if one.day != MID} == {(0, Decimal("0.00"))}


def test_labels_are_summed_without_the_markup_which_is_of_no_carrier() -> None:
    lines = [
        Line("postage", MID, 3, Decimal("30.00"), carrier_code="fedex"),
        Line("insurance", MID, 3, Decimal("1.10"), carrier_code="fedex"),
        Line("return", MID, 1, Decimal("8.00"), carrier_code="fedex"),
        Line("void", MID, 2, Decimal("-18.00"), carrier_code="fedex"),
        Line("markup", MID, 2, Decimal("0.53")),
        Line("order", MID, 2, Decimal("5.50")),
    ]

    found = label_sums(lines, lambda one: one.carrier_code)

    assert set(found) == {"fedex"}
    assert (found["fedex"].labels, found["fedex"].returns, found["fedex"].voided) == (3, 1, 2)
    assert found["fedex"].total == total(one for one in lines if one.charge in CARRIER_COST) - Decimal("0.53")
