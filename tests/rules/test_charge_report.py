"""The frozen report: its figures add up, its text is always the same, and it is read again as it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from shipsync.rules.charge_report import ChargeReport, DayCounts, Parties, StockOfMonth, UnusedLabel
from shipsync.rules.charges import Extra, Facts, RateCard, differences, lines, total
from shipsync.rules.restatement import Changes, OrderChange, Restatement, explained
from tests.rules.charge_cases import DAY, FIRST, LAST, NEXT, a_card, some_facts, some_labels
from tests.rules.test_charges import facts_of_months, rate_cards

D = Decimal
NOW = datetime(2026, 12, 1, 17, 30, 0, 250, tzinfo=UTC)
FACTS = some_facts(
    labels=[some_labels(insurance_cost="1.00", voided=1, voided_cost="9.10")],
    orders={DAY: 2},
    units={(DAY, "17612"): 3},
    stock={(DAY, "17612"): 51},
    pallet_sizes={"17612": 50},
    extras=[Extra(1, NEXT, "Relabelling, “gently”", D("-4.00"))],
)


def a_restatement() -> Restatement:
    before, now = some_facts(orders={DAY: 2}), some_facts(orders={DAY: 1})
    found = differences(lines(before, a_card()), lines(now, a_card()))
    return Restatement(
        date(2026, 10, 1), "2026-10-v2", D("10.00"), D("5.00"),
        explained(found, Changes(orders=[OrderChange("700015", DAY, None)])),
    )  # fmt: skip


def a_report(facts: Facts = FACTS, card: RateCard | None = None, **others: Any) -> ChargeReport:
    card = card or a_card()
    values: dict[str, Any] = {
        "month": FIRST, "month_end": LAST, "billed_through": facts.through, "version": 2, "zone": "America/Los_Angeles",
        "made_at": NOW, "as_of": NOW, "issued_on": date(2026, 12, 1), "due_on": date(2026, 12, 31), "replaces": 1,
        "parties": Parties("Warehouse", "1 Dock Road\nDuluth", "Client", "2 Main Street", "USD", 30),
        "stated": ("It replaces version 1.",), "warnings": ("1 label cost nothing.",), "reason": "a sample",
        "reviewed_by": "Ann", "rates": tuple(card.used(FIRST, facts.through)), "lines": tuple(lines(facts, card)),
        "days": (DayCounts(DAY, 2, 1, 2, 3, 1, 0), DayCounts(NEXT, 1, 1, 1, 1, 0, 1)),
        "stock": (StockOfMonth("17612", "Rinse", 50, 100, 0, 49, 0, 0, 0, 0, 51, 2),
                  StockOfMonth("18795", "Paste", None, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        "restatements": (a_restatement(),),
        "unused": (UnusedLabel(7, None, DAY, D("9.10"), 11, "It belongs to no order."),), "labels_digest": "ab12",
    }  # fmt: skip
    return ChargeReport(**(values | others))


def test_what_is_to_be_paid_is_the_sum_of_its_parts() -> None:
    one = a_report()
    assert one.carrier_cost == D("10.10")  # 18.20 + 1.00 - 9.10
    assert one.service_fees == D("14.00")  # 10.00 + 3.00 + 1.00
    assert one.extras == D("-4.00")
    assert one.charges == D("20.10")
    assert one.restated == D("-5.00")
    assert one.total == D("15.10")


def test_it_is_named_by_its_month_and_version() -> None:
    assert (a_report().name, a_report().number) == ("2026-11", "2026-11-v2")
    assert a_report().is_complete
    assert not a_report(billed_through=DAY).is_complete


@pytest.mark.parametrize(
    ("others", "subject"),
    [
        ({}, "November 2026: 15.10 USD, 3 orders"),
        ({"billed_through": DAY}, "November 2026: 15.10 USD, 3 orders so far"),
        ({"days": (DayCounts(DAY, 1, 1, 1, 1, 0, 0),)}, "November 2026: 15.10 USD, 1 order"),
        ({"days": (), "restatements": ()}, "November 2026: 20.10 USD, 0 orders"),
    ],
)
def test_the_subject_says_what_it_comes_to(others: dict[str, Any], subject: str) -> None:
    assert a_report(**others).subject == subject


def test_it_is_read_again_as_it_was_written() -> None:
    one = a_report()
    again = ChargeReport.from_json(one.as_json())
    assert again == one
    assert again.as_json() == one.as_json()
    assert again.content_hash == one.content_hash
    assert (again.total, again.subject) == (one.total, one.subject)
    nothing = a_report(
        some_facts(), RateCard([]), lines=(), rates=(), days=(), stock=(), restatements=(), unused=(), stated=(),
        warnings=(), replaces=None,
    )  # fmt: skip
    assert ChargeReport.from_json(nothing.as_json()) == nothing


def test_money_stands_in_its_text_as_it_is_read() -> None:
    data = json.loads(a_report().as_json())
    assert data["lines"][0]["amount"] == "18.20"
    assert data["restatements"][0]["lines"][0]["difference"]["now"] == "5.00"
    assert "“gently”" in a_report().as_json()


def test_the_hash_is_of_all_it_says() -> None:
    one = a_report()
    assert one.content_hash == a_report().content_hash
    assert len(one.content_hash) == 64
    others = [
        replace(one, reason="another"),
        replace(one, labels_digest="ab13"),
        replace(one, lines=one.lines[1:]),
        replace(one, lines=(replace(one.lines[0], amount=D("18.21")), *one.lines[1:])),
        replace(one, restatements=()),
        replace(one, version=3),
    ]
    assert len({one.content_hash, *(other.content_hash for other in others)}) == len(others) + 1


def test_what_has_no_place_in_a_report_is_refused() -> None:
    with pytest.raises(TypeError, match="set has no place in a report"):
        a_report(stated=({1},)).as_json()


@settings(max_examples=25)
@given(facts_of_months(), rate_cards())
def test_any_report_adds_up_and_is_read_again(facts: Facts, card: RateCard) -> None:
    one = a_report(facts, card)
    assert one.carrier_cost + one.service_fees + one.extras == one.charges == total(one.lines)
    assert one.total == one.charges + one.restated
    again = ChargeReport.from_json(one.as_json())
    assert again == one
    assert again.content_hash == one.content_hash
