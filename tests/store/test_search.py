"""The search, against what a real import, upload and sync left in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from shipsync.rules.search import read_query
from shipsync.store import search as store
from shipsync.store.search import Filters, Results
from tests.house import NOON, House, a_house


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A shop order with a voided and a standing label, and a manual order with a lot that waits. Only read."""
    with a_house(tmp_path_factory.mktemp("lived")) as house:
        yield live(house)


@pytest.fixture
def living(house: House) -> House:
    """The same, for a test in which more happens."""
    return live(house)


def live(house: House) -> House:
    house.world.place_shop_order((("17612", 2),), number="700101", customer_no=1)
    house.world.place_shop_order((("17904", 1),), number="700102", customer_no=2)
    house.loop()
    order_id = house.order("700101")["shipstation_order_id"]
    house.world.void(house.world.buy_label(order_id).shipment_id)
    house.world.buy_label(order_id)
    house.world.place_manual_order("100201", items=(("18795 - 250237", 4),))
    house.wait()
    house.sync()
    return house


def found(house: House, text: str, filters: Filters | None = None, *, everything: bool = False) -> Results:
    return store.search(house.app.db.read(), read_query(text), filters or Filters(), 50, everything=everything)


def numbers(results: Results) -> list[str]:
    return [one.order_number for one in results.orders]


def test_without_a_text_all_orders_come_newest_first(lived: House) -> None:
    results = found(lived, "")

    assert results.total == 3
    assert sorted(numbers(results)) == ["100201", "700101", "700102"]
    ages = [one.ordered_at for one in results.orders if one.ordered_at is not None]
    assert ages == sorted(ages, reverse=True)


def test_a_failed_upload_comes_first(living: House) -> None:
    with living.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO orders_inbox (order_key, order_number, source_system, status, ordered_at, created_at,
                updated_at)
            VALUES ('shipsync:X-Cart:1', '1', 'X-Cart', 'failed', $at, $at, $at)
            """,
            {"at": NOON - timedelta(days=30)},
        )

    assert numbers(found(living, ""))[0] == "1"


@pytest.mark.parametrize("text", ["700101", " 700101 ", "#700101", "70 01 01"])
def test_an_order_is_found_by_its_number(lived: House, text: str) -> None:
    results = found(lived, text)

    assert (numbers(results), results.is_exact) == (["700101"], True)


def test_an_order_is_found_by_its_id_and_the_ids_of_its_labels(lived: House) -> None:
    order = lived.order("700101")
    labels = [row[0] for row in lived.rows("SELECT shipment_id FROM shipments")]

    assert len(labels) == 2
    for number in (order["shipstation_order_id"], *labels):
        assert numbers(found(lived, str(number))) == ["700101"]


def test_an_order_is_found_by_the_tracking_number_of_any_label_even_a_voided_one(lived: House) -> None:
    tracking = lived.rows("SELECT tracking_number, voided FROM shipments ORDER BY voided")

    assert [voided for _, voided in tracking] == [False, True]
    for number, _ in tracking:
        in_groups = "  " + " ".join(number[start : start + 3] for start in range(0, len(number), 3)).lower()
        assert numbers(found(lived, number)) == ["700101"]
        assert numbers(found(lived, in_groups)) == ["700101"]


def test_an_order_is_found_by_what_is_known_of_its_customer(lived: House) -> None:
    order = lived.order("700102")
    name, mail = order["ship_name"], order["email"]

    assert "700102" in numbers(found(lived, name.upper()))
    assert "700102" in numbers(found(lived, " ".join(reversed(name.split()))))
    assert "700102" in numbers(found(lived, mail))
    assert "700102" in numbers(found(lived, order["customer_ref"].lower(), everything=True))


def test_every_word_has_to_occur(lived: House) -> None:
    order = lived.order("700102")

    assert numbers(found(lived, f"{order['email']} 17904")) == ["700102"]
    assert numbers(found(lived, f"{order['email']} 18795")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17612", ["700101"]),
        ("18795", ["100201"]),
        ("250237", ["100201"]),
        ("18795 - 250237", ["100201"]),
        ("18795-250237", ["100201"]),
        ("17612 - 250237", []),
    ],
)
def test_orders_are_found_by_sku_and_lot(lived: House, text: str, expected: list[str]) -> None:
    assert numbers(found(lived, text)) == expected


def test_of_two_products_an_order_must_hold_both_at_shipstation_or_as_it_was_ordered(living: House) -> None:
    living.world.place_manual_order("100202", items=(("17612", 1), ("17904 - 250300", 1)))
    living.wait()
    living.sync()
    living.world.place_shop_order((("17612", 1), ("17904", 3)), number="700103", customer_no=3)
    living.import_shop()  # which no ShipStation has seen yet

    assert sorted(numbers(found(living, "17612 17904"))) == ["100202", "700103"]
    assert numbers(found(living, "17612 250300")) == ["100202"]
    assert numbers(found(living, "17612 17904", Filters(states=("pending",)))) == ["700103"]
    assert numbers(found(living, "17612 17904", Filters(states=("awaiting_shipment", "on_hold")))) == ["100202"]


def test_what_only_contains_a_number_is_found_when_nothing_has_it_whole_or_when_asked(lived: House) -> None:
    assert sorted(numbers(found(lived, "7001"))) == ["700101", "700102"]
    assert numbers(found(lived, "700101", everything=True)) == ["700101"]


@pytest.mark.parametrize("text", ["zzzz", "700101%", "'; DROP TABLE orders_inbox; --", "$w0", "{0}", "_00101"])
def test_a_text_that_no_order_has_finds_none(lived: House, text: str) -> None:
    assert found(lived, text).total == 0


def test_filters_narrow_what_is_found_and_what_is_counted(lived: House) -> None:
    by_state = found(lived, "", Filters(states=("shipped",)))
    by_source = found(lived, "", Filters(source_system="ShipStation Manual"))
    by_carrier = found(lived, "", Filters(carrier_code="fedex"))
    later = found(lived, "", Filters(ordered_from=lived.clock.now() + timedelta(days=1)))
    before = found(lived, "", Filters(ordered_before=NOON - timedelta(days=365)))

    assert (numbers(by_state), by_state.total) == (["700101"], 1)
    assert numbers(by_source) == ["100201"]
    assert "700101" in numbers(by_carrier)
    assert (later.total, before.total) == (0, 0)
    assert found(lived, "700102", Filters(states=("shipped",))).total == 0


def test_a_list_shows_items_carrier_and_shipping(lived: House) -> None:
    (one,) = found(lived, "700101").orders

    assert one.items == "2 × 17612"
    assert one.carrier == "FedEx"
    assert one.ship_date is not None
    assert one.status == "shipped"
    assert one.customer is not None


def test_the_limit_cuts_the_list_and_not_the_count(lived: House) -> None:
    results = store.search(lived.app.db.read(), read_query(""), Filters(), 2)

    assert (len(results.orders), results.total) == (2, 3)


@pytest.mark.parametrize("text", ["", "700101", "1", "17612"])
def test_a_file_of_all_matches_has_what_the_list_has_in_its_order(lived: House, text: str) -> None:
    results = found(lived, text)

    assert list(store.all_matches(lived.app.db.read(), read_query(text), Filters())) == list(results.orders)


def test_an_order_that_was_cleaned_up_still_answers(living: House) -> None:
    order = living.order("700101")
    tracking = living.rows("SELECT tracking_number FROM shipments WHERE NOT voided")[0][0]
    living.wait(60 * 24 * 70)
    assert living.job("orders-cleanup").status == "succeeded"

    for text in ("700101", str(order["shipstation_order_id"]), tracking, "17612"):
        (one,) = found(living, text).orders
        assert (one.order_number, one.status, one.is_cleaned_up) == ("700101", "shipped", True)
        assert (one.tracking_number, one.items, one.customer) == (tracking, "2 × 17612", None)


def test_an_order_that_is_not_kept_is_explained(house: House) -> None:
    order = house.world.place_manual_order("100999", items=(("90001", 1),))
    label = house.world.buy_label(order.order_id)
    house.wait()
    house.sync()

    assert found(house, "100999").total == 0
    for text in ("100999", str(order.order_id), label.tracking):
        told = store.not_kept(house.app.db.read(), read_query(text))
        assert [(one.shipstation_order_id, one.reason) for one in told] == [(order.order_id, "no_key_sku")]
    assert store.not_kept(house.app.db.read(), read_query("nothing")) == []


def test_carriers_are_those_that_orders_ship_with(lived: House) -> None:
    assert "fedex" in [one.code for one in store.carriers(lived.app.db.read())]
