"""Differences that are meant: each is accounted for, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shipsync.rules.parity_intended import INTENDED, Circumstances, explanation, may_be_gone
from shipsync.rules.parity_verdicts import Found

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
GONE = "no longer at ShipStation: deleted, or merged into another order"


def only_here(entity: str = "order") -> Found:
    return Found(entity, "7", "", "missing-control", 7, None, "there", NOW, True, False)


def differs(entity: str, field: str, control: str | None, candidate: str | None) -> Found:
    return Found(entity, "7", field, "field-differs", 7, control, candidate, NOW, True, False)


def name_of(found: Found, about: Circumstances) -> str | None:
    decision = explanation(found, about)
    return decision.rule if decision is not None else None


@pytest.mark.parametrize("reason", ["own_key", "same_number"])
def test_an_order_linked_by_its_key_is_meant_to_differ(reason: str) -> None:
    about = Circumstances(None, "shipped", reasons=frozenset({reason, "known"}))
    for entity in ("order", "order_item", "shipped_order", "shipped_item"):
        assert name_of(only_here(entity), about) == "linked"
    assert name_of(only_here(), replace(about, reasons=frozenset({"new_manual"}))) is None
    assert name_of(only_here("shipped_item"), replace(about, control_status="shipped")) is None


def test_a_split_child_is_meant_to_differ() -> None:
    about = Circumstances(None, "shipped", candidate_parent=5, reasons=frozenset({"split_child"}))
    assert name_of(only_here(), about) == "split child"
    taken_as_its_own = replace(about, control_status="shipped")
    assert name_of(differs("order", "parent_order_id", None, "5"), taken_as_its_own) == "split child"
    assert name_of(differs("order", "tracking_number", None, "T"), taken_as_its_own) is None


def test_a_merge_survivor_is_meant_to_differ() -> None:
    about = Circumstances(None, "awaiting_shipment", reasons=frozenset({"merge_survivor"}))
    assert name_of(only_here(), about) == "merge survivor"


def test_an_order_that_shipstation_has_no_more_is_meant_to_be_at_one_side() -> None:
    about = Circumstances("awaiting_shipment", is_gone=True)
    missing = replace(only_here(), kind="missing-candidate", control="there", candidate=None)
    for entity in ("order", "order_item"):
        assert name_of(replace(missing, entity=entity), about) == "gone at ShipStation"
    routed = replace(missing, kind="routed-differently", candidate="skip: no_items_yet")
    assert name_of(routed, about) == "gone at ShipStation"
    assert name_of(replace(missing, kind="duplicate", candidate="2 times"), about) is None
    assert name_of(replace(missing, entity="shipment"), about) is None
    assert name_of(missing, replace(about, is_gone=False)) is None
    assert name_of(missing, replace(about, control_status="shipped")) is None
    assert name_of(only_here(), Circumstances(None, "cancelled", is_gone=True)) == "gone at ShipStation"
    of_the_shop = replace(about, candidate_status="uploaded")
    last_version = replace(differs("order", "modified_at", "19:15:00", None), is_stale=True)
    assert name_of(last_version, of_the_shop) == "gone at ShipStation"
    assert name_of(replace(last_version, is_stale=False), of_the_shop) is None
    assert name_of(replace(last_version, field="order_total"), of_the_shop) is None


def test_only_where_it_could_account_for_a_difference_shipstation_has_to_be_asked() -> None:
    missing = replace(only_here(), kind="missing-candidate", control="there", candidate=None)
    assert may_be_gone(missing, Circumstances("awaiting_shipment"))
    assert not may_be_gone(missing, Circumstances("shipped"))  # what has shipped stays there
    assert not may_be_gone(missing, Circumstances("awaiting_shipment", is_gone=True))  # it was asked
    assert not may_be_gone(differs("order", "tracking_number", "T", None), Circumstances("awaiting_shipment"))


@pytest.mark.parametrize("reason", [GONE, "merged into ShipStation order 9"])
def test_an_order_that_vanished_is_meant_to_differ(reason: str) -> None:
    about = Circumstances("awaiting_shipment", "cancelled", reason)
    assert name_of(differs("order", "status", "awaiting_shipment", "cancelled"), about) == "vanished"
    uploaded, shipped = replace(about, control_status="uploaded"), replace(about, control_status="shipped")
    assert name_of(differs("order", "status", "uploaded", "cancelled"), uploaded) == "vanished"
    assert name_of(differs("order", "status", "shipped", "cancelled"), shipped) is None
    assert name_of(differs("order", "tracking_number", "T", None), about) is None
    last_version = replace(differs("order", "modified_at", "19:15:00", "19:15:18"), is_stale=True)
    assert name_of(last_version, about) == "vanished"
    assert name_of(replace(last_version, field="ship_name"), about) == "vanished"
    assert name_of(replace(last_version, field="order_total"), about) is None
    assert name_of(last_version, shipped) is None
    cancelled_there = replace(about, candidate_status_reason=None)
    assert name_of(differs("order", "status", "awaiting_shipment", "cancelled"), cancelled_there) is None


def test_each_intended_change_names_the_test_that_proves_it() -> None:
    assert {one.proof for one in INTENDED.values()} <= globals().keys()
