"""An order that waits to go up and that the shop changes into something that cannot is not sent as it was."""

from __future__ import annotations

from shipsync.procedures.load import load_text
from tests.house import House


def load_bundle(house: House, sku: str) -> None:
    text = f"bundle_sku,component_sku,quantity\n{sku},17612,2\n"
    zone, now = house.app.settings.zone, house.app.now()
    with house.app.db.transaction() as con:
        load_text(con, "bundles", text, path="bundles.csv", by="test", zone=zone, now=now)


def test_a_waiting_order_whose_new_version_cannot_be_read_is_not_sent_as_it_was(house: House) -> None:
    number = house.world.place_shop_order([("17612", 2)]).number
    house.import_shop()
    assert house.order(number)["status"] == "pending"
    house.world.edit_shop_order(number, [("19999", 1)])
    assert house.import_shop()["tried"] == 0
    assert house.order(number)["status"] == "failed"
    assert "19999" in house.order(number)["upload_error"]
    assert ("shop_order", "unknown_sku") in house.held()
    house.upload()
    assert house.asked("/orders/createorders") == 0

    load_bundle(house, "19999")
    house.import_shop()
    assert house.order(number)["status"] == "pending"
    house.upload()
    assert house.order(number)["status"] == "uploaded"
    assert [
        line.quantity for line in house.world.truth().orders[house.order(number)["shipstation_order_id"]].lines
    ] == [2]


def test_a_waiting_order_that_the_shop_empties_of_our_products_is_not_sent(house: House) -> None:
    number = house.world.place_shop_order([("17612", 2)]).number
    house.import_shop()
    house.world.edit_shop_order(number, [("18901", 5)])
    house.import_shop()
    assert house.order(number)["status"] == "failed"
    house.world.edit_shop_order(number, [("17612", 2)])
    house.import_shop()
    assert house.order(number)["status"] == "pending"


def test_an_order_that_is_at_shipstation_already_stays_as_it_is(house: House) -> None:
    number = house.world.place_shop_order([("17612", 2)]).number
    house.import_shop()
    house.upload()
    house.world.edit_shop_order(number, [("19999", 1)])
    house.import_shop()
    assert house.order(number)["status"] == "uploaded"
