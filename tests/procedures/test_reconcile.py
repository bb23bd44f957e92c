"""The daily count of open orders: what disappeared, and what was missed (API.md section 0 fact 7)."""

from __future__ import annotations

from tests.house import House


def a_day_later(house: House) -> None:
    """A day and a half of hourly syncs: every state has been counted once."""
    for _ in range(36):
        house.wait(60)
        house.sync()


def test_an_order_deleted_at_shipstation_is_closed_here(house: House) -> None:
    order = house.world.place_manual_order("100521")
    stays = house.world.place_manual_order("100522")
    house.sync()
    house.wait()
    house.world.delete(order.order_id)
    a_day_later(house)
    assert house.order("100521")["status"] == "cancelled"
    assert "no longer at ShipStation" in house.order("100521")["status_reason"]
    assert house.order("100522")["status"] == "awaiting_shipment"
    assert house.order("100522")["shipstation_order_id"] == stays.order_id


def test_an_open_order_older_than_the_first_load_comes_in(house: House) -> None:
    house.world.place_manual_order("100521", status="on_hold")
    house.wait(60 * 24 * 40)
    house.sync()
    assert house.rows("SELECT * FROM orders_inbox") == []
    a_day_later(house)
    assert house.order("100521")["status"] == "on_hold"


def test_the_count_of_an_unchanged_world_changes_nothing(house: House) -> None:
    for number in ("100521", "100522", "100523"):
        house.world.place_manual_order(number)
    house.sync()
    house.wait()
    house.sync()
    before = house.tables()
    a_day_later(house)
    after = house.tables()
    before.pop("sync_watermark")
    after.pop("sync_watermark")
    assert after == before


def test_a_sync_of_everything_counts_the_open_orders_at_once(house: House) -> None:
    order = house.world.place_manual_order("100521")
    house.sync()
    house.wait(40)
    house.world.delete(order.order_id)
    house.sync(everything=True)
    assert house.order("100521")["status"] == "cancelled"


def test_orders_that_have_just_been_fetched_are_not_looked_for(house: House) -> None:
    orders = [house.world.place_manual_order(str(number)) for number in range(100521, 100531)]
    house.sync()
    house.wait(40)
    for order in orders:
        house.world.buy_label(order.order_id)
    before = house.asked("/orders")
    house.sync(everything=True)
    assert house.asked("/orders") - before == 4  # what changed, and the three open states
    assert {house.order(order.number)["status"] for order in orders} == {"shipped"}


def test_an_order_that_was_deleted_before_any_sync_saw_it_is_closed_here(house: House) -> None:
    house.world.place_shop_order()
    house.import_shop()
    house.upload()
    (order_id,) = house.world.books.orders
    house.world.delete(order_id)
    house.wait(20)
    house.sync(everything=True)
    assert house.order("700015")["status"] == "uploaded"  # so soon after, a list may only be behind
    house.wait(20)
    house.sync(everything=True)
    assert house.order("700015")["status"] == "cancelled"


def test_an_order_that_was_merged_away_before_any_sync_saw_it_is_closed_here(house: House) -> None:
    typed = house.world.place_manual_order("100521")
    house.world.place_shop_order()
    house.import_shop()
    house.upload()
    (uploaded,) = [order_id for order_id in house.world.books.orders if order_id != typed.order_id]
    house.world.merge(typed.order_id, uploaded)
    house.sync()
    house.wait(40)
    house.sync(everything=True)
    assert house.order("700015")["status"] == "cancelled"
