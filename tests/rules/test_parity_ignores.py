"""Ignore rules: narrow, for a while, by two persons, and never of what counts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules import parity_ignores
from shipsync.rules.parity_fields import ENTITIES
from shipsync.rules.parity_ignores import IgnoreRule, NewIgnoreRule, problems, state

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
ASKED = NewIgnoreRule(
    entity="order",
    field="shipping_service_name",
    control="FedEx Ground®",
    candidate="FedEx Ground",
    reason="The name was changed at ShipStation; only new readings have it.",
    ticket="OPS-12",
    author="Bob",
    expires_at=NOW + timedelta(days=7),
    most_hits=20,
)
KEPT = IgnoreRule(1, ASKED, "Ann", NOW - timedelta(days=1), 0, None, None)


def test_a_narrow_rule_is_taken() -> None:
    assert problems(ASKED, NOW) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"entity": "orders"}, "There is no entity"),
        ({"entity": "*"}, "There is no entity"),
        ({"field": "*"}, "is there or not cannot be ignored"),
        ({"field": ""}, "is there or not cannot be ignored"),
        ({"field": "colour"}, "no compared field"),
        ({"entity": "aggregate", "field": "units"}, "second net"),
        ({"control": None, "candidate": None}, "Say which value"),
        ({"control": "a", "candidate": "a"}, "no difference to ignore"),
        ({"reason": " "}, "A reason is needed"),
        ({"ticket": ""}, "A ticket is needed"),
        ({"author": ""}, "An author is needed"),
        ({"expires_at": NOW}, "expired already"),
        ({"expires_at": NOW + timedelta(days=14, seconds=1)}, "14 days at most"),
        ({"most_hits": 0}, "from 1 to 1,000"),
        ({"most_hits": 1_001}, "from 1 to 1,000"),
    ],
)
def test_a_rule_that_hides_too_much_is_refused_with_a_sentence(change: dict[str, object], sentence: str) -> None:
    found = problems(replace(ASKED, **change), NOW)  # type: ignore[arg-type]
    assert [one for one in found if sentence in one], found


PROTECTED = [
    (entity.name, one.name)
    for entity in ENTITIES.values()
    for one in entity.fields
    if one.role in ("key", "money", "version")
]
# What people, programs and mischief put around and into a name.
AROUND = ("", " ", "\t", '"', "`", "'", "(", "​", "t.", "main.orders_inbox.", "shadow.shipments.", "　")


@given(
    st.sampled_from(PROTECTED),
    st.sampled_from(AROUND),
    st.sampled_from(AROUND[:8]),
    st.sampled_from(["{}", "{u}", "{t}", "{w}", "{s}", "{d}"]),
    st.sampled_from(["{}", "{u}", "{w}"]),
)
def test_no_spelling_gets_a_key_an_amount_or_a_version_ignored(
    target: tuple[str, str], before: str, behind: str, form: str, entity_form: str
) -> None:
    def spelled(name: str, form: str) -> str:
        wide = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" and one != "_" else one for one in name)
        forms = {
            "u": name.upper(),
            "t": name.title(),
            "w": wide,
            "s": name.replace("_", " "),
            "d": name.replace("_", "-"),
        }
        return form.format(name, **forms)

    field = before + spelled(target[1], form) + behind
    assert problems(replace(ASKED, entity=spelled(target[0], entity_form), field=field), NOW)


@pytest.mark.parametrize(
    "pattern", ["order_total|status", "%", ".*", "order_*", "status, order_total", "status OR 1=1"]
)
def test_a_pattern_is_no_field(pattern: str) -> None:
    assert problems(replace(ASKED, field=pattern), NOW)


def test_a_second_person_has_to_approve_it() -> None:
    waiting = replace(KEPT, approver=None)
    assert state(waiting, NOW) == "waiting"
    assert "Another person" in str(parity_ignores.approval_problem(waiting, " bob", NOW))
    assert "approver is needed" in str(parity_ignores.approval_problem(waiting, "", NOW))
    assert parity_ignores.approval_problem(waiting, "Ann", NOW) is None
    assert "already" in str(parity_ignores.approval_problem(KEPT, "Cid", NOW))


@pytest.mark.parametrize(
    ("change", "at", "told", "is_red"),
    [
        ({}, NOW, "in force", False),
        ({}, NOW + timedelta(days=7), "expired", True),
        ({"hits": 20}, NOW, "used up", True),
        ({"withdrawn_at": NOW}, NOW + timedelta(days=7), "withdrawn", False),
        ({"approver": None}, NOW + timedelta(days=7), "waiting", False),
    ],
)
def test_a_rule_that_has_run_out_turns_the_gate_red(
    change: dict[str, object], at: datetime, told: str, is_red: bool
) -> None:
    rule = replace(KEPT, **change)  # type: ignore[arg-type]
    assert (state(rule, at), parity_ignores.turns_the_gate_red(rule, at)) == (told, is_red)


def test_a_rule_that_hides_nothing_for_a_week_may_go() -> None:
    rule = replace(KEPT, asked=replace(ASKED, expires_at=NOW + timedelta(days=14)))
    assert not parity_ignores.is_idle(rule, NOW + timedelta(days=5))
    assert parity_ignores.is_idle(rule, NOW + timedelta(days=6))
    assert not parity_ignores.is_idle(replace(rule, last_hit_at=NOW), NOW + timedelta(days=6))


@pytest.mark.parametrize(
    ("rule", "values", "is_hit"),
    [
        (ASKED, ("FedEx Ground®", "FedEx Ground"), True),
        (ASKED, ("FedEx Ground®", None), False),
        (replace(ASKED, candidate=None), ("FedEx Ground®", "anything"), True),
        (replace(ASKED, candidate=""), ("FedEx Ground®", None), True),  # where the candidate has none
        (replace(ASKED, candidate=""), ("FedEx Ground®", "FedEx"), False),
        (replace(ASKED, field="Service Name"), ("FedEx Ground®", "FedEx Ground"), True),
    ],
)
def test_a_rule_is_about_its_values_alone(
    rule: NewIgnoreRule, values: tuple[str | None, str | None], is_hit: bool
) -> None:
    assert parity_ignores.matches(rule, "order", "shipping_service_name", *values) == is_hit
    assert not parity_ignores.matches(rule, "shipped_order", "service_name", *values)
    assert not parity_ignores.matches(rule, "order", "shipping_service_code", *values)


def test_every_refusal_of_a_protected_field_says_why() -> None:
    for entity, field in PROTECTED:
        (sentence,) = problems(replace(ASKED, entity=entity, field=field), NOW)
        assert re.search(r"can never be ignored|cannot be ignored", sentence)
