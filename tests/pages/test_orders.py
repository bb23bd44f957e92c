"""The search page and the page of one order, on databases of every size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from shipsync.rules.search import read_query
from shipsync.store import search as store
from shipsync.store.search import Filters
from tests.house import House
from tests.site import Site, a_site

MANY = 100_000


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    with a_site(house) as site:
        yield site


def shipped(house: House, number: str = "700101") -> int:
    """A shop order that has gone the whole way. Returns its ShipStation id."""
    house.world.place_shop_order((("17612", 2),), number=number)
    house.loop()
    order_id: int = house.order(number)["shipstation_order_id"]
    house.world.buy_label(order_id)
    house.wait()
    house.sync()
    return order_id


def fill(house: House) -> None:
    """Many shipped orders with a line and a label each, by SQL."""
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO orders_inbox (order_key, order_number, source_system, status, shipstation_order_id,
                shipstation_status, ordered_at, ship_name, email, shipping_carrier_code, tracking_number, created_at,
                updated_at)
            SELECT 'shipsync:X-Cart:' || (700000 + i), 700000 + i, 'X-Cart', 'shipped', 500000000 + i, 'shipped',
                   $now - i * INTERVAL 1 MINUTE, 'Person ' || (i % 977), 'p' || i || '@example.com', 'ups',
                   '1Z999AA1' || lpad(i::VARCHAR, 10, '0'), $now, $now
            FROM range($many) numbers(i)
            """,
            {"now": house.app.now(), "many": MANY},
        )
        con.execute(
            """
            INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, base_sku, quantity)
            SELECT order_key, 1, order_number, source_system, '17612', '17612', 1 FROM orders_inbox
            """
        )
        con.execute(
            """
            INSERT INTO shipments (shipment_id, shipstation_order_id, order_number, created_at, ship_date,
                shipment_cost, insurance_cost, carrier_code, service_code, tracking_number, is_return_label, has_items,
                voided, content_hash, first_seen_at, updated_at)
            SELECT shipstation_order_id + 400000000, shipstation_order_id, order_number, $now, $now::DATE, 7.5, 0,
                   'ups', 'ups_ground', tracking_number, false, true, false, 'x', $now, $now
            FROM orders_inbox
            """,
            {"now": house.app.now()},
        )


def captions(test: AppTest) -> list[str]:
    return [one.value for one in test.caption]


def grid(test: AppTest) -> list[str]:
    """The order numbers in the list."""
    return list(test.dataframe[0].value["order_number"])


def test_an_empty_database_says_where_orders_come_from(site: Site) -> None:
    test = site.page("orders")

    assert "No order is here yet" in test.info[0].value
    assert not test.dataframe


def test_a_search_shows_what_matches_and_how_many(house: House, site: Site) -> None:
    shipped(house, "700101")
    shipped(house, "700102")

    test = site.page("orders", q="1")

    assert sorted(grid(test)) == ["700101", "700102"]
    assert "2 orders, newest first" in captions(test)


def test_a_tracking_number_finds_its_order(house: House, site: Site) -> None:
    shipped(house, "700101")
    shipped(house, "700102")
    tracking = house.order("700102")["tracking_number"]

    test = site.page("orders", q=f"  {tracking.lower()} ")

    assert grid(test) == ["700102"]
    assert any("exactly" in caption for caption in captions(test))
    test.toggle[0].set_value(True).run()
    assert not test.exception


def test_a_filter_comes_from_the_address_and_can_be_cleared(house: House, site: Site) -> None:
    shipped(house)

    test = site.page("orders", status="awaiting_shipment")

    assert test.selectbox(key="orders_status").value == "awaiting_shipment"
    assert "1 order does without them" in test.info[0].value
    test.button(key="orders_clear").click().run()
    assert grid(test) == ["700101"]
    assert test.selectbox(key="orders_status").value == "any"


def test_a_chosen_filter_goes_into_the_address(house: House, site: Site) -> None:
    shipped(house)
    test = site.page("orders")

    test.selectbox(key="orders_source").set_value("manual").run()

    assert test.query_params["source"] == "manual"
    assert not test.dataframe


@pytest.mark.parametrize(
    "query", [{"status": "nonsense"}, {"carrier": "x", "ordered": "?"}, {"q": "$w0 '\"; \\ [a](b)"}]
)
def test_an_address_with_nonsense_in_it_does_no_harm(house: House, site: Site, query: dict[str, str]) -> None:
    shipped(house)

    assert site.page("orders", **query).title[0].value == "Orders"


def test_nothing_found_says_why_an_order_is_not_kept(house: House, site: Site) -> None:
    house.world.place_manual_order("100999", items=(("90001", 1),))
    house.wait()
    house.sync()

    test = site.page("orders", q="100999")

    assert "No order matches 100999" in test.info[0].value
    assert "A manual order without a key product" in site.text(test)


def test_the_way_back_from_an_order_keeps_the_search(house: House, site: Site) -> None:
    shipped(house, "700101")
    shipped(house, "700102")
    test = site.page("orders", q="700102")

    # Streamlit brings the address of this page with the query of the one that was left.
    del test.query_params["q"]
    test.query_params["order"] = "shipsync:X-Cart:700102"
    test.run()

    assert test.text_input[0].value == "700102"
    assert grid(test) == ["700102"]


def test_many_orders_are_shown_piece_by_piece(house: House, site: Site) -> None:
    fill(house)

    test = site.page("orders")
    assert len(grid(test)) == 50
    assert f"50 of {MANY:,} shown, newest first" in captions(test)

    test.button(key="orders_more").click().run()
    assert len(grid(test)) == 250


def test_one_of_many_orders_is_found(house: House, site: Site) -> None:
    fill(house)

    assert grid(site.page("orders", q="1Z 999 AA1 00 0007 7777")) == ["777777"]
    assert grid(site.page("orders", q="p4321@example.com 17612")) == ["704321"]
    assert site.page("order", order="777777").title[0].value == "Order 777777"


def test_a_file_of_many_orders_holds_all_of_them(house: House) -> None:
    fill(house)

    found = store.all_matches(house.app.db.read(), read_query(""), Filters())

    assert len({one.order_key for one in found if one.items == "1 × 17612"}) == MANY


def test_one_order_shows_its_parts(house: House, site: Site) -> None:
    order_id = shipped(house)

    test = site.page("order", order="shipsync:X-Cart:700101")

    text = site.text(test)
    assert test.title[0].value == "Order 700101"
    assert "shipped" in text
    assert {"Items", "Parcels", "What happened"} <= {one.value for one in test.subheader}
    assert any(f"ShipStation id: {order_id}" in one.value for one in test.text)
    assert any(one.label.startswith("Imported from the shop") for one in test.expander)


def test_one_order_answers_to_its_number(house: House, site: Site) -> None:
    shipped(house)

    assert site.page("order", order=" 700101").title[0].value == "Order 700101"


def test_a_number_that_several_orders_share_asks_which(house: House, site: Site) -> None:
    house.world.place_shop_order((("17612", 2), ("18795", 2)), number="700101")
    house.loop()
    house.world.split(house.order("700101")["shipstation_order_id"], (("18795", 2),))
    house.wait()
    house.sync()

    test = site.page("order", order="700101")

    assert test.title[0].value == "Orders 700101"
    assert "2 orders have 700101 as their number" in site.text(test)


@pytest.mark.parametrize("query", [{}, {"order": "123"}, {"order": "[x](http://example.com)"}, {"order": "$1$"}])
def test_an_unknown_order_leads_to_the_search(site: Site, query: dict[str, str]) -> None:
    test = site.page("order", **query)

    assert "Search for" in test.info[0].value


def test_an_order_that_was_cleaned_up_says_so(house: House, site: Site) -> None:
    shipped(house)
    house.wait(60 * 24 * 70)
    assert house.job("orders-cleanup").status == "succeeded"

    test = site.page("order", order="700101")

    assert "This order was cleaned up on" in test.info[0].value
    assert any(one.label.startswith("Cleaned up") for one in test.expander)


def test_texts_of_an_address_are_not_markdown(house: House, site: Site) -> None:
    shipped(house)
    with house.app.db.transaction() as con:
        con.execute("UPDATE orders_inbox SET ship_name = '[x](http://example.com) <b>', ship_street1 = ':red[y]'")

    test = site.page("order", order="700101")

    assert any("[x](http://example.com) <b>\n" in one.value for one in test.text)
    assert all("[x](http" not in one.value for one in test.markdown)


def test_the_numbers_of_an_order_stand_there_as_text_to_copy(site: Site) -> None:
    order_id = shipped(site.house)
    [(tracking,)] = site.house.rows("SELECT tracking_number FROM shipments")
    test = site.page("order", order="700101")
    told = "\n".join(one.value for one in test.text)
    assert test.title[0].value == "Order 700101"
    assert f"Tracking: {tracking}" in told
    assert f"ShipStation id: {order_id}" in told
