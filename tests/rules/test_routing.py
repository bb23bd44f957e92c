"""Routing: every order gets one route and one reason, from the surest identity down (DESIGN D9, D10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.identity import MANUAL, SHOP, upload_key
from shipsync.rules.routing import REASONS, KeySkus, Known, KnownOrder, ManualRule, Route, Routing, route
from shipsync.rules.shipstation import RemoteOrder
from tests.rules.builders import NOON, a_line, an_order

KEYS = KeySkus(frozenset({"17612", "17904"}), frozenset({"18235"}))
RULE = ManualRule()


def routed(order: RemoteOrder, known: Known | None = None) -> tuple[Route, str]:
    answer = route(order, known or Known(), RULE, KEYS)
    return answer.route, answer.reason


def a_known(order_number: str = "700015", source: str = SHOP, **others: object) -> KnownOrder:
    values = {
        "order_key": upload_key(source, order_number),
        "order_number": order_number,
        "source_system": source,
        "status": "pending",
        "shipstation_order_id": None,
        "modified_at": None,
        "content_hash": None,
        "base_skus": frozenset({"17612"}),
    }
    return KnownOrder(**(values | others))  # type: ignore[arg-type]


def test_a_new_manual_order_with_a_key_sku_is_imported() -> None:
    assert routed(an_order("100123")) == (Route.IMPORT, "new_manual")


def test_a_manual_order_with_a_bundle_of_a_key_sku_is_imported() -> None:
    assert routed(an_order("100123", lines=[a_line("18235")])) == (Route.IMPORT, "new_manual")


def test_a_manual_order_without_key_sku_is_skipped_with_its_reason() -> None:
    assert routed(an_order("100123", lines=[a_line("18901")])) == (Route.SKIP, "no_key_sku")


def test_a_discount_is_no_product() -> None:
    order = an_order("100123", lines=[a_line("17612", adjustment=True), a_line("18901")])
    assert routed(order) == (Route.SKIP, "no_key_sku")


def test_a_manual_order_without_items_waits_for_its_items() -> None:
    assert routed(an_order("100123", lines=[])) == (Route.SKIP, "no_items_yet")


def test_a_manual_order_with_a_pack_of_a_key_sku_is_held_not_lost() -> None:
    assert routed(an_order("100123", lines=[a_line("17612-6")])) == (Route.QUARANTINE, "unreadable_sku")


@pytest.mark.parametrize("number", ["700015", "A100123", "10-0123", "", "SHOP-10", "１０００", "2010"])
def test_other_numbers_are_not_manual(number: str) -> None:
    assert routed(an_order(number)) == (Route.SKIP, "not_manual")


@pytest.mark.parametrize(("number", "fits"), [("99999", False), ("100000", True), ("109999", True), ("110000", False)])
def test_a_range_narrows_the_manual_numbers(number: str, fits: bool) -> None:
    assert ManualRule(prefix="1", lowest=100_000, highest=109_999).fits(number) is fits


def test_a_known_order_is_updated() -> None:
    known = a_known(shipstation_order_id=5_000_000_001, modified_at=NOON - timedelta(minutes=1))
    assert routed(an_order("700015"), Known(by_id=known)) == (Route.UPDATE, "known")


def test_the_same_version_again_changes_nothing() -> None:
    known = a_known(shipstation_order_id=5_000_000_001, modified_at=NOON, content_hash="h1")
    assert routed(an_order("700015"), Known(by_id=known)) == (Route.UPDATE, "unchanged")


def test_an_older_version_is_skipped() -> None:
    known = a_known(shipstation_order_id=5_000_000_001, modified_at=NOON + timedelta(seconds=1))
    assert routed(an_order("700015"), Known(by_id=known)) == (Route.SKIP, "older_version")


def test_our_own_upload_is_linked_by_its_key() -> None:
    known = a_known()
    order = an_order("700015", order_key=known.order_key)
    assert routed(order, Known(by_key=known)) == (Route.LINK, "own_key")


def test_our_own_upload_that_is_not_here_is_held_until_the_file_is_read() -> None:
    assert routed(an_order("700015", order_key="shipsync:X-Cart:700015")) == (Route.QUARANTINE, "ours_not_here")


def test_a_second_order_with_our_key_is_a_conflict() -> None:
    known = a_known(shipstation_order_id=77)
    order = an_order("700015", order_key=known.order_key)
    assert routed(order, Known(by_key=known)) == (Route.CONFLICT, "key_taken")


def test_a_split_child_of_a_known_order_is_imported_although_it_shares_our_key() -> None:
    parent = a_known(shipstation_order_id=77)
    order = an_order("700015", order_key=parent.order_key, parent_id=77)
    answer = route(order, Known(by_key=parent, parent=parent), RULE, KEYS)
    assert (answer.route, answer.reason, answer.known) == (Route.IMPORT, "split_child", parent)


def test_a_shop_order_somebody_else_uploaded_is_linked_by_number_and_product() -> None:
    assert routed(an_order("700015"), Known(same_number=(a_known(),))) == (Route.LINK, "same_number")


def test_the_same_number_with_other_products_is_a_conflict() -> None:
    order = an_order("700015", lines=[a_line("18901")])
    assert routed(order, Known(same_number=(a_known(),))) == (Route.CONFLICT, "number_taken")


def test_a_second_order_at_shipstation_with_a_linked_number_is_a_conflict() -> None:
    known = a_known(shipstation_order_id=77)
    assert routed(an_order("700015"), Known(same_number=(known,))) == (Route.CONFLICT, "number_taken")


def test_a_manual_order_never_takes_over_a_shop_order_of_its_number() -> None:
    known = a_known("100125")
    assert routed(an_order("100125"), Known(same_number=(known,))) == (Route.IMPORT, "new_manual_shared_number")


def test_a_part_of_our_order_waits_for_its_parent_and_never_takes_its_place() -> None:
    waiting = a_known("700015", SHOP, shipstation_order_id=None)
    part = an_order("700015", order_key="shipsync:X-Cart:700015", parent_id=77)
    assert routed(part, Known(by_key=waiting)) == (Route.QUARANTINE, "parent_not_here")
    assert routed(part, Known(by_key=waiting, parent=waiting)) == (Route.IMPORT, "split_child")


def test_an_order_of_another_shop_that_swallowed_one_of_ours_comes_in_its_place() -> None:
    ours = a_known("100123", MANUAL)
    survivor = an_order("W-77", merged_ids=(77,))
    assert routed(survivor) == (Route.SKIP, "not_manual")
    answer = route(survivor, Known(merged=(ours,)), RULE, KEYS)
    assert (answer.route, answer.reason, answer.known) == (Route.IMPORT, "merge_survivor", ours)


def test_a_cleaned_up_order_is_not_revived() -> None:
    assert routed(an_order("100123"), Known(is_cleaned_up=True)) == (Route.SKIP, "cleaned_up")


orders = st.builds(
    an_order,
    st.sampled_from(["100123", "700015", "1", "10", "X10", ""]),
    lines=st.lists(
        st.builds(a_line, st.sampled_from(["17612", "17612 - 250237", "17612-6", "18901", "x", None])), max_size=3
    ),
    order_key=st.sampled_from([None, "manual-1", "shipsync:X-Cart:700015"]),
    parent_id=st.sampled_from([None, 77]),
    status=st.sampled_from(["awaiting_shipment", "shipped", "brand_new_word"]),
)
known_orders = st.none() | st.builds(
    a_known,
    st.sampled_from(["700015", "100123"]),
    st.sampled_from([SHOP, MANUAL]),
    shipstation_order_id=st.sampled_from([None, 77, 5_000_000_001]),
    modified_at=st.sampled_from([None, NOON, NOON + timedelta(days=1)]),
)


@given(orders, known_orders, known_orders, known_orders, known_orders, st.booleans(), known_orders)
def test_every_order_gets_one_named_route_and_only_real_identities_are_touched(
    order: RemoteOrder,
    by_id: KnownOrder | None,
    by_key: KnownOrder | None,
    parent: KnownOrder | None,
    same: KnownOrder | None,
    cleaned: bool,
    merged: KnownOrder | None,
) -> None:
    known = Known(by_id, by_key, parent, (same,) if same else (), cleaned, (merged,) if merged else ())
    answer = route(order, known, RULE, KEYS)
    assert answer.reason in REASONS
    assert route(order, known, RULE, KEYS) == answer
    if answer.route is Route.LINK:
        assert answer.known is not None
        assert answer.known.shipstation_order_id is None
        assert answer.known.source_system == SHOP or answer.reason == "own_key"
        assert answer.reason == "same_number" or order.parent_id is None
    if answer.route is Route.UPDATE:
        assert answer.known == by_id
    if answer.route is Route.IMPORT:
        assert by_id is None
        assert not cleaned


@given(orders)
def test_routing_does_not_depend_on_the_status(order: RemoteOrder) -> None:
    assert routed(order) == routed(replace(order, status="cancelled"))


def test_a_routing_without_known_order_says_so() -> None:
    assert Routing(Route.SKIP, "not_manual").known is None
