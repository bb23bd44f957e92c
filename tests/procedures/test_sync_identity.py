"""Who is who when orders are split, merged, renumbered, clash or come back: the sync against the embedded server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shipsync.sandbox.pacific import wall, wall_ms
from shipsync.sandbox.world import World
from shipsync.simulation import differences
from shipsync.store import routing
from tests.house import House

RINSE = "17612 - 250237"
SHOP_KEY = "shipsync:X-Cart:700015"


def wrong(house: House) -> list[str]:
    return differences(house.world.truth(), house.app.db.read())


def orders(house: House) -> list[tuple[object, ...]]:
    """(number, source, status) of every order here."""
    return house.rows(
        "SELECT order_number, source_system, status FROM orders_inbox ORDER BY order_number, shipstation_order_id"
    )


def synced(house: House) -> None:
    house.wait()
    house.sync()


def a_manual_order(house: House) -> int:
    return house.world.place_manual_order("100521", ((RINSE, 3), ("18795", 2))).order_id


def an_uploaded_shop_order(house: House) -> int:
    house.world.place_shop_order((("17612", 3), ("18795", 2)))
    house.import_shop()
    house.upload()
    order_id = house.order("700015")["shipstation_order_id"]
    assert isinstance(order_id, int)
    return order_id


PLACED: list[Callable[[House], int]] = [a_manual_order, an_uploaded_shop_order]


# --- splits and merges


@pytest.mark.parametrize("placed", PLACED)
@pytest.mark.parametrize("seen_before", [True, False])
def test_the_parts_of_a_split_order_follow_and_ship_apart(
    house: House, placed: Callable[[House], int], seen_before: bool
) -> None:
    parent = placed(house)
    if seen_before:
        synced(house)
    house.wait(1)
    child = house.world.split(parent, (("18795", 2),))
    synced(house)
    number, source = (house.rows("SELECT order_number, source_system FROM orders_inbox LIMIT 1"))[0]
    assert orders(house) == [(number, source, "awaiting_shipment")] * 2
    assert house.rows(
        "SELECT parent_order_id FROM orders_inbox WHERE shipstation_order_id = $id", id=child.order_id
    ) == [(parent,)]
    house.world.buy_label(child.order_id)
    synced(house)
    assert [row[2:5] for row in house.left(number)] == [("18795", None, 2)]
    house.world.buy_label(parent)
    synced(house)
    assert sum(row[4] for row in house.left(number)) == 5
    assert wrong(house) == []


def test_the_items_of_a_split_shop_order_stay_as_they_were_ordered(house: House) -> None:
    parent = an_uploaded_shop_order(house)
    ordered = house.rows("SELECT order_key, base_sku, quantity FROM order_items_inbox ORDER BY ALL")
    synced(house)
    house.world.split(parent, (("18795", 2),))
    synced(house)
    assert house.rows("SELECT order_key, base_sku, quantity FROM order_items_inbox ORDER BY ALL") == ordered


def test_a_part_seen_before_its_unanswered_parent_waits_and_does_not_take_its_place(house: House) -> None:
    """The upload's answer was lost, the order was split, and the parent changed again out of the window's reach."""
    an_uploaded_shop_order(house)
    with house.app.db.transaction() as con:
        con.execute("UPDATE orders_inbox SET shipstation_order_id = NULL, status = 'pending', uploaded_at = NULL")
    parent = next(iter(house.world.books.orders))
    child = house.world.split(parent, (("18795", 2),))
    hidden = house.world.books.orders_by_modified
    house.world.books.orders_by_modified = type(hidden)()
    house.world.books.orders_by_modified.add(wall_ms(wall(child.modified)), child.order_id)
    house.sync()
    assert ("order", "parent_not_here") in house.held()
    assert house.order("700015")["shipstation_order_id"] is None
    house.world.books.orders_by_modified = hidden
    synced(house)
    synced(house)
    assert house.rows("SELECT shipstation_order_id, order_key FROM orders_inbox ORDER BY 1") == [
        (parent, SHOP_KEY),
        (child.order_id, f"shipstation:{child.order_id}"),
    ]
    assert house.held() == []


@pytest.mark.parametrize("placed", PLACED)
def test_an_order_merged_into_another_is_closed_and_its_items_ship_with_the_survivor(
    house: House, placed: Callable[[House], int]
) -> None:
    gone = placed(house)
    survivor = house.world.place_manual_order("100599", (("17904", 1),))
    synced(house)
    house.world.merge(survivor.order_id, gone)
    house.wait(1)
    house.world.buy_label(survivor.order_id)
    synced(house)
    (closed,) = house.rows("SELECT status, status_reason FROM orders_inbox WHERE shipstation_order_id = $id", id=gone)
    assert closed == ("cancelled", f"merged into ShipStation order {survivor.order_id}")
    assert sum(row[4] for row in house.left("100599")) == 6
    assert wrong(house) == []


def test_an_order_merged_into_one_of_another_shop_brings_that_one_in(house: House) -> None:
    """The other shop's order was none of ours until it swallowed one: what ships with it is ours."""
    gone = a_manual_order(house)
    other = house.world.place_manual_order("W-77", (("18901", 1),), store=311207)
    synced(house)
    assert orders(house) == [("100521", "ShipStation Manual", "awaiting_shipment")]
    house.world.merge(other.order_id, gone)
    house.wait(1)
    house.world.buy_label(other.order_id)
    synced(house)
    assert orders(house) == [
        ("100521", "ShipStation Manual", "cancelled"),
        ("W-77", "ShipStation Manual", "shipped"),
    ]
    assert sorted((row[2], row[4]) for row in house.left("W-77")) == [("17612", 3), ("18795", 2), ("18901", 1)]


# --- clashes


def test_one_number_in_two_sources_keeps_both_and_stays_shown(house: House) -> None:
    house.world.place_shop_order((("17612", 1),), number="100700")
    house.import_shop()
    house.upload()
    house.world.place_manual_order("100700", ((RINSE, 4),))
    synced(house)
    assert orders(house) == [
        ("100700", "X-Cart", "awaiting_shipment"),
        ("100700", "ShipStation Manual", "awaiting_shipment"),
    ]
    for _ in range(3):
        synced(house)
        assert house.held() == [("conflict", "new_manual_shared_number")]
    assert wrong(house) == []


def test_a_second_order_under_our_shop_orders_number_is_a_conflict_and_changes_nothing(house: House) -> None:
    an_uploaded_shop_order(house)
    synced(house)
    before = house.order("700015")
    second = house.world.place_manual_order("700015", (("17612", 9),))
    synced(house)
    assert house.held() == [("conflict", "number_taken")]
    assert house.order("700015") == before
    assert house.rows("SELECT detail FROM quarantine") == [
        (
            "Order 700015: Another ShipStation order already has this shop order's number. The one here: X-Cart "
            f"order 700015, ShipStation id {before['shipstation_order_id']}. The other one: "
            f"ShipStation id {second.order_id}.",
        )
    ]


def test_a_shop_order_that_somebody_else_uploaded_is_linked_by_number_and_products(house: House) -> None:
    house.world.place_shop_order((("17612", 3),))
    house.import_shop()
    typed = house.world.place_manual_order("700015", ((RINSE, 3),), key="typed-by-the-other-tool")
    synced(house)
    order = house.order("700015")
    assert (order["shipstation_order_id"], order["status"], order["source_system"]) == (
        typed.order_id,
        "awaiting_shipment",
        "X-Cart",
    )
    house.upload()
    assert house.asked("/orders/createorders") == 0


def test_an_order_that_stays_held_keeps_its_record_without_its_page(house: House) -> None:
    an_uploaded_shop_order(house)
    synced(house)
    house.world.place_manual_order("700015", (("17612", 9),))
    for _ in range(4):  # until it is out of the overlap
        synced(house)
    held = "SELECT entity_id, raw, tries FROM quarantine WHERE reason = 'number_taken' AND resolved_at IS NULL"
    ((entity_id, raw, tries),) = house.rows(held)
    with house.app.db.transaction() as con:
        con.execute("UPDATE api_pages SET body = 'gone'")
    synced(house)
    assert house.rows(held) == [(entity_id, raw, tries + 1)]


# --- odd orders


def test_an_unknown_status_word_leaves_the_order_as_it_is_and_is_shown_until_it_is_known(house: House) -> None:
    order = house.world.place_manual_order("100521", status="awaiting_payment")
    synced(house)
    house.world.edit(order.order_id, fields={"status": "quantum_shipped"})
    synced(house)
    after = house.order("100521")
    assert (after["status"], after["shipstation_status"]) == ("awaiting_payment", "quantum_shipped")
    assert "quantum_shipped" in after["status_reason"]
    assert house.held() == [("status_word", "unknown_status")]
    house.world.edit(order.order_id, fields={"status": "awaiting_shipment"})
    synced(house)
    assert house.order("100521")["status"] == "awaiting_shipment"
    assert house.held() == []


def test_an_unreadable_sku_beside_a_key_sku_comes_in_and_is_shown(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 1), ("17612-6", 2)))
    house.world.buy_label(order.order_id)
    synced(house)
    assert [row[1:5] for row in house.left("100521")] == [(RINSE, "17612", "250237", 1), (None, None, None, 2)]
    assert house.held() == [("sku_text", "unreadable_sku")]


def test_an_order_whose_only_key_sku_is_unreadable_is_held_until_it_is_corrected(house: House) -> None:
    order = house.world.place_manual_order("100521", (("17612-6", 2),))
    synced(house)
    assert house.held() == [("order", "unreadable_sku")]
    assert orders(house) == []
    house.world.edit(order.order_id, (("17612", 12),))
    synced(house)
    assert house.held() == []
    assert orders(house) == [("100521", "ShipStation Manual", "awaiting_shipment")]


def test_an_order_held_for_our_shop_file_comes_in_when_the_file_is_read(house: House) -> None:
    """A database made anew meets an order that an earlier one had uploaded."""
    house.world.place_shop_order((("17612", 3),))
    remote = house.world.place_manual_order("700015", ((RINSE, 3),), key=SHOP_KEY)
    synced(house)
    assert house.held() == [("order", "ours_not_here")]
    house.wait(30)
    house.import_shop()
    synced(house)
    assert house.held() == []
    assert house.order("700015")["shipstation_order_id"] == remote.order_id
    house.upload()
    assert house.asked("/orders/createorders") == 0


def test_missing_carrier_data_is_null_and_counted(house: House) -> None:
    house.world.place_manual_order("100521", status="shipped")
    house.wait()
    counts = house.sync()
    order = house.order("100521")
    assert (order["status"], order["shipping_carrier_code"], order["shipping_service_name"]) == ("shipped", None, None)
    assert counts["shipped without carrier"] == 1


def test_a_ghost_order_comes_in_when_it_gets_items(house: House) -> None:
    order = house.world.place_manual_order("100521", ())
    synced(house)
    assert routing.count_by_reason(house.app.db.read()) == {"no_items_yet": 1}
    house.world.edit(order.order_id, ((RINSE, 2),))
    synced(house)
    assert orders(house) == [("100521", "ShipStation Manual", "awaiting_shipment")]
    assert wrong(house) == []


def test_a_manual_order_that_gets_another_number_has_it_everywhere(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 2),))
    synced(house)
    house.world.edit(order.order_id, fields={"number": "100777"})
    house.world.buy_label(order.order_id)
    synced(house)
    assert orders(house) == [("100777", "ShipStation Manual", "shipped")]
    assert house.rows("SELECT DISTINCT order_number FROM order_items_inbox") == [("100777",)]
    assert [row[4] for row in house.left("100777")] == [2]


def test_a_cleaned_up_order_seen_again_is_not_revived(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 2),))
    house.world.buy_label(order.order_id)
    synced(house)
    house.wait(61 * 24 * 60)
    assert house.job("orders-cleanup").status == "succeeded"
    assert orders(house) == []
    house.world.touch(order.order_id)
    synced(house)
    assert orders(house) == []
    assert routing.count_by_reason(house.app.db.read())["cleaned_up"] == 1
    assert [row[4] for row in house.left("100521")] == [2]


def test_every_order_fetched_is_counted_once(house: House) -> None:
    world: World = house.world
    an_uploaded_shop_order(house)
    world.place_manual_order("100521")
    world.place_manual_order("100522", ())
    world.place_manual_order("100523", (("ABC", 1),))
    world.place_manual_order("100524", (("17612-6", 1),))
    world.place_manual_order("W-1", ((RINSE, 1),))
    world.place_manual_order("700015", (("17612", 9),))
    for _ in range(3):
        house.wait()
        counts = dict(house.sync())
        tried_again = counts.get("held, tried again", 0)
        outcomes = {"imported", "updated", "linked", "unchanged", "conflicts", "quarantined", "seen twice in this run"}
        told = sum(n for name, n in counts.items() if name in outcomes or name.startswith("skipped: "))
        assert told == counts["fetched"] + tried_again
    logged = {row[0] for row in house.rows("SELECT shipstation_order_id FROM routing_log")}
    assert logged == set(world.books.orders)
