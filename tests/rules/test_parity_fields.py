"""What is compared, and when two spellings of a value mean the same."""

from __future__ import annotations

import pytest

from shipsync.rules import parity_fields
from shipsync.rules.parity_fields import CLEANING, ENTITIES, Cleaned, Differing, cleaning_rule


def field(entity: str, name: str) -> parity_fields.Field:
    found = ENTITIES[entity].field(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entity", "name", "control", "candidate", "rule"),
    [
        ("order", "ship_company", None, "", "empty"),
        ("order", "ship_company", None, "  ", "empty"),  # its ends first, then nothing is left
        ("order", "ship_name", "Ann Lee ", "Ann Lee", "ends"),
        ("order", "order_total", "4.50", "4.5", "scale"),
        ("order", "order_total", "-0.00", "0", "scale"),
        ("order", "shipping_carrier_id", "17", "17.0", "type"),
        ("shipment", "voided", "True", "true", "type"),
        ("order_item", "lines", "2, 3", "3, 2", "order"),
        ("order_item", "unit_price", "4.50, 1.00", "4.5, 1", "scale"),
        ("order_item", "unit_price", "4.50, 1.00", "1.00, 4.50", None),  # another line has the price
        # A code is not typed by people: nothing about it is cleaned.
        ("order", "shipping_carrier_code", None, "", None),
        ("order", "shipping_carrier_code", "fedex", "FedEx", None),
        ("order", "tracking_number", "T1", "T1 ", None),
        ("order", "ship_name", "Ann Lee", "ann lee", None),
        ("order", "order_total", "4.50", "4.51", None),
        ("order_item", "lines", "2, 3", "5", None),
        ("order", "shipping_carrier_id", "17", "17.5", None),
    ],
)
def test_a_named_rule_says_whether_two_spellings_are_one_value(
    entity: str, name: str, control: str | None, candidate: str | None, rule: str | None
) -> None:
    assert cleaning_rule(field(entity, name), control, candidate) == rule
    assert cleaning_rule(field(entity, name), candidate, control) == rule


def test_both_values_are_shown_as_they_stand() -> None:
    fulfillment = ENTITIES["fulfillment"]
    control: list[str | None] = ["1", "10", None, None, "T1", "UPS", "1.50", "false", None]
    candidate: list[str | None] = ["1", "10", None, None, " T1", "UPS ", "1.5", "false", None]
    assert parity_fields.differing(fulfillment, control, candidate) == (
        [Differing("tracking_number", "T1", " T1")],
        [Cleaned("carrier_name", "ends"), Cleaned("fulfillment_fee", "scale")],
    )


def test_every_field_names_cleaning_rules_that_there_are() -> None:
    for entity in ENTITIES.values():
        names = [one.name for one in entity.fields]
        assert len(set(names)) == len(names)
        for one in entity.fields:
            assert set(one.cleaned_by) <= CLEANING.keys(), (entity.name, one.name)
            assert parity_fields.label(entity.name, one.name) == one.label


def test_no_key_or_version_is_cleaned() -> None:
    assert not [
        (entity.name, one.name)
        for entity in ENTITIES.values()
        for one in entity.fields
        if one.role in ("key", "version") and one.cleaned_by
    ]
