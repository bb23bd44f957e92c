"""Orders of the shop: what a record means, and what it does to what we know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.catalogue import (
    DEFAULT_BUNDLES,
    DEFAULT_CATALOGUE,
    DEFAULT_PRODUCTS,
    BundlePart,
    Catalogue,
    Product,
)
from shipsync.rules.order_formats import RawShopOrder
from shipsync.rules.shipstation import Address
from shipsync.rules.shop_lines import MAX_UNITS
from shipsync.rules.shop_orders import (
    KnownShopOrder,
    Rejected,
    ShopOrder,
    Skipped,
    decide_import,
    last_wins,
    read_shop_order,
)

FIELDS = {
    "orderid": "700015",
    "date": "1763650800",
    "date2": "2025-11-20 09:00:00",
    "dentistcode": "A1001",
    "shipping": "Standard Flat Rate Ground",
    "company": "Harbor Family Clinic",
    "email": "orders@harbor.example.com",
    "s_firstname": "Robin",
    "s_lastname": "Sample",
    "s_address": "12 Example Way Suite 4",
    "s_city": "Duluth",
    "s_state": "MN",
    "s_zipcode": "55802",
    "s_country": "US",
    "shipping_cost": "19.95",
}
CUSTOM_STORE_FIELDS = {
    "OrderNumber": "700015",
    "OrderDate": "11/20/2025 15:00",
    "OrderStatus": "paid",
    "ShippingAmount": "19.95",
    "Customer/ShipTo/Name": "Robin Sample",
    "Customer/ShipTo/Address1": "12 Example Way",
}


def a_line(sku: str | None = "17612", amount: str | None = "2", product: str = "Rinse", **more: str) -> dict[str, str]:
    given_parts = {"productid": sku, "amount": amount, "product": product} | more
    return {name: text for name, text in given_parts.items() if text is not None}


def a_record(*lines: Mapping[str, str], position: int = 1, **fields: str | None) -> RawShopOrder:
    kept = {name: text for name, text in (FIELDS | fields).items() if text is not None}
    return RawShopOrder("x-cart", position, kept, lines)


def a_custom_store_record(*lines: Mapping[str, str], **fields: str) -> RawShopOrder:
    return RawShopOrder("custom-store", 1, CUSTOM_STORE_FIELDS | fields, lines)


def taken(raw: RawShopOrder, catalogue: Catalogue = DEFAULT_CATALOGUE) -> ShopOrder:
    order = read_shop_order(raw, catalogue)
    assert isinstance(order, ShopOrder), order
    return order


def rejected(raw: RawShopOrder, catalogue: Catalogue = DEFAULT_CATALOGUE) -> Rejected:
    order = read_shop_order(raw, catalogue)
    assert isinstance(order, Rejected), order
    return order


def skipped(raw: RawShopOrder) -> Skipped:
    order = read_shop_order(raw, DEFAULT_CATALOGUE)
    assert isinstance(order, Skipped), order
    return order


def units(order: ShopOrder) -> dict[str, int]:
    return {line.sku: line.quantity for line in order.lines}


def test_an_order_is_read_to_the_field() -> None:
    order = taken(a_record(a_line(), s_company="Lakeside &amp; Sons", b_firstname="Kim", b_city="Austin"))
    assert order == ShopOrder(
        order_number="700015",
        source_system="X-Cart",
        ordered_at=datetime(2025, 11, 20, 15, tzinfo=UTC),
        email="orders@harbor.example.com",
        company="Harbor Family Clinic",
        customer_reference="A1001",
        ship_to=Address(
            name="Robin Sample",
            company="Lakeside & Sons",
            street1="12 Example Way Suite 4",
            city="Duluth",
            state="MN",
            postal_code="55802",
            country="US",
        ),
        bill_to=Address(name="Kim", city="Austin", country="US"),
        requested_service="Standard Flat Rate Ground",
        shipping_paid=Decimal("19.95"),
        lines=order.lines,
    )
    assert order.order_key == "shipsync:X-Cart:700015"


def test_the_instant_is_that_of_date_whatever_the_local_text_says() -> None:
    order = taken(a_record(a_line(), date="1763650800", date2="1999-01-01 00:00:00"))
    assert order.ordered_at == datetime(2025, 11, 20, 15, tzinfo=UTC)


def test_an_empty_billing_address_is_the_shipping_address() -> None:
    order = taken(a_record(a_line(), b_firstname="", b_city=""))
    assert order.bill_to == order.ship_to


def test_a_missing_country_is_the_us_and_another_one_stays() -> None:
    assert taken(a_record(a_line(), s_country=None)).ship_to.country == "US"
    assert taken(a_record(a_line(), s_country="")).ship_to.country == "US"
    assert taken(a_record(a_line(), s_country="CA")).ship_to.country == "CA"


def test_names_are_unescaped_and_keep_their_accents() -> None:
    order = taken(a_record(a_line(product="Sample&trade; Rinse"), s_address="500 Caf\u00e9 Road\x07"))
    assert order.lines[0].name == "Sample™ Rinse"
    assert order.ship_to.street1 == "500 Café Road"


@pytest.mark.parametrize("amount", [None, ""])
def test_a_missing_amount_counts_as_one_and_is_noted(amount: str | None) -> None:
    order = taken(a_record(a_line(amount=amount)))
    assert units(order) == {"17612": 1}
    assert "names no quantity" in order.notes[0]


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "two", "1e3", "٣"])
def test_an_amount_that_is_no_positive_whole_number_holds_the_order_and_names_the_line(amount: str) -> None:
    bad = rejected(a_record(a_line(), a_line("17904", amount, "Travel size")))
    assert bad.reason == "bad_line"
    assert "Line 2 ('17904 Travel size')" in bad.sentence
    assert f"'{amount}'" in bad.sentence


def test_spaces_round_a_sku_make_no_difference() -> None:
    assert units(taken(a_record(a_line("  18795\t", "4")))) == {"18795": 4}


def test_a_lot_behind_a_sku_is_taken_off() -> None:
    order = taken(a_record(a_line("17612 - 250300")))
    assert [(line.sku, line.base_sku, line.lot) for line in order.lines] == [("17612", "17612", None)]


def test_a_pack_size_behind_a_sku_is_not_a_lot_and_not_guessed() -> None:
    assert rejected(a_record(a_line("17612-6"))).reason == "unknown_sku"


def test_bundles_are_taken_apart_and_summed_with_lines_of_the_same_sku() -> None:
    order = taken(a_record(a_line("18235", "1", "Buy 12 Get 3 Free"), a_line("17612", "1", "Single case")))
    assert units(order) == {"17612": 16}
    assert order.lines[0].name == "Single case"


def test_a_mixed_kit_becomes_its_products_with_their_own_names() -> None:
    order = taken(a_record(a_line("18275", "2", "Mixed kit")))
    assert units(order) == {"17612": 8, "17904": 2, "17914": 2}
    assert [line.name for line in order.lines] == [
        "Rinse, case",
        "Rinse, travel size, case",
        "Rinse, family size, case",
    ]


@pytest.mark.parametrize("part", DEFAULT_BUNDLES, ids=lambda part: f"{part.bundle_sku}-{part.component_sku}")
def test_every_bundle_of_the_default_catalogue_explodes(part: BundlePart) -> None:
    assert units(taken(a_record(a_line(part.bundle_sku, "3"))))[part.component_sku] == 3 * part.quantity


def test_a_known_product_that_is_not_key_is_left_out_and_named() -> None:
    order = taken(a_record(a_line(), a_line("18901", "10", "Printed leaflets")))
    assert units(order) == {"17612": 2}
    assert order.notes == ("Left out line 2 ('18901 Printed leaflets'): 10 of a product that is not a key product.",)


def test_a_promotion_line_of_none_of_a_product_that_is_not_key_is_left_out() -> None:
    assert units(taken(a_record(a_line(), a_line("18395", "0", "Free; Travel")))) == {"17612": 2}


def test_a_bundle_part_that_is_not_key_is_left_out_and_the_rest_kept() -> None:
    catalogue = Catalogue.of(DEFAULT_PRODUCTS, (BundlePart("18300", "17612", 2), BundlePart("18300", "18901", 5)))
    order = taken(a_record(a_line("18300", "3")), catalogue)
    assert units(order) == {"17612": 6}
    assert "15 of 18901" in order.notes[0]


def test_one_unknown_sku_holds_the_whole_order_and_each_is_named() -> None:
    bad = rejected(a_record(a_line(), a_line("99999", "1", "Summer special"), a_line("88888", "1", "Winter special")))
    assert bad.reason == "unknown_sku"
    assert "99999 ('Summer special'), 88888 ('Winter special')" in bad.sentence
    assert bad.raw.lines[1]["productid"] == "99999"


def test_a_bundle_of_an_unknown_product_holds_the_order() -> None:
    catalogue = Catalogue.of(DEFAULT_PRODUCTS, (BundlePart("18300", "77777", 2),))
    assert "77777 ('in bundle 18300')" in rejected(a_record(a_line("18300")), catalogue).sentence


def test_an_order_of_an_unknown_bundle_is_taken_once_the_bundle_is_known() -> None:
    raw = a_record(a_line("18300"))
    assert rejected(raw).reason == "unknown_sku"
    catalogue = Catalogue.of(DEFAULT_PRODUCTS, (*DEFAULT_BUNDLES, BundlePart("18300", "17612", 12)))
    assert units(taken(raw, catalogue)) == {"17612": 24}


def test_an_order_without_a_key_product_is_skipped_and_says_what_it_holds() -> None:
    order = skipped(a_record(a_line("18901", "10", "Printed leaflets")))
    assert (order.order_number, order.reason) == ("700015", "no_key_sku")
    assert "18901" in order.sentence


def test_an_order_without_lines_is_skipped() -> None:
    assert skipped(a_record()).reason == "no_lines"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"orderid": None}, "no_order_number"),
        ({"orderid": ""}, "no_order_number"),
        ({"orderid": "7" * 51}, "bad_order_number"),
        ({"orderid": "70\x0015"}, "bad_order_number"),
        ({"date": None}, "bad_date"),
        ({"date": "0"}, "bad_date"),
        ({"date": "2025-11-20"}, "bad_date"),
        ({"date": "1763650800000"}, "bad_date"),
        ({"shipping_cost": "19,95"}, "bad_shipping_cost"),
        ({name: None for name in FIELDS if name.startswith("s_")}, "no_ship_to"),
    ],
)
def test_an_order_that_cannot_be_understood_is_held_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    assert rejected(a_record(a_line(), **fields)).reason == reason


def test_all_problems_of_an_order_are_named_at_once() -> None:
    bad = rejected(a_record(a_line("99999"), a_line(amount="x"), a_line(sku=None), date="soon", shipping_cost="free"))
    assert bad.reason == "bad_date"
    for what in ("'soon'", "'free'", "99999", "'x'", "has no SKU"):
        assert what in bad.sentence


def test_a_line_of_another_order_holds_the_order() -> None:
    assert rejected(a_record(a_line(orderid="700025"))).reason == "bad_line"
    assert units(taken(a_record(a_line(orderid="700015")))) == {"17612": 2}


def test_more_units_than_a_line_may_have_hold_the_order() -> None:
    assert units(taken(a_record(a_line(amount=str(MAX_UNITS))))) == {"17612": MAX_UNITS}
    assert rejected(a_record(a_line("18225", "9999"))).reason == "too_many_units"


def test_a_thousand_lines_are_one_order() -> None:
    skus = [product.sku for product in DEFAULT_PRODUCTS if product.is_key]
    order = taken(a_record(*(a_line(skus[place % 5], "1") for place in range(1000))))
    assert units(order) == dict.fromkeys(skus, 200)


ANY_FIELDS = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text())
ANY_LINES = st.lists(
    st.dictionaries(
        st.sampled_from(["productid", "amount", "product", "orderid"]),
        st.text() | st.sampled_from(["17612", "18235", "3"]),
    )
)


@given(ANY_FIELDS, ANY_LINES)
def test_any_text_in_any_field_is_taken_held_or_skipped_and_never_lost(
    fields: dict[str, str], lines: list[dict[str, str]]
) -> None:
    raw = a_record(*lines, **fields)
    order = read_shop_order(raw, DEFAULT_CATALOGUE)
    assert order.order_number == raw.order_number
    if isinstance(order, ShopOrder):
        assert order.lines
        assert all(line.quantity > 0 for line in order.lines)
    else:
        assert order.sentence
        assert RawShopOrder.from_json(order.raw.to_json()) == raw


def test_a_custom_store_order_keeps_its_prices_and_leaves_discounts_out() -> None:
    order = taken(
        a_custom_store_record(
            {"SKU": "17612", "Name": "Rinse", "Quantity": "2", "UnitPrice": "105.00"},
            {"SKU": "", "Name": "Coupon", "Quantity": "1", "UnitPrice": "-10.00", "Adjustment": "true"},
        )
    )
    assert [(line.sku, line.quantity, line.unit_price) for line in order.lines] == [("17612", 2, Decimal("105.00"))]
    assert order.notes == ("Left out line 2 ('Coupon'): a discount.",)
    assert order.ordered_at == datetime(2025, 11, 20, 15, tzinfo=UTC)


def test_summed_lines_keep_a_price_only_when_they_have_one() -> None:
    def price(*prices: str) -> Decimal | None:
        lines = ({"SKU": "17612", "Quantity": "1", "UnitPrice": text} for text in prices)
        return taken(a_custom_store_record(*lines)).lines[0].unit_price

    assert price("105.00", "105.0") == Decimal("105.00")
    assert price("105.00", "0.00") is None


@pytest.mark.parametrize(("status", "kind"), [("Cancelled", Skipped), ("shipped", Skipped), ("On Hold", Skipped)])
def test_a_custom_store_order_that_is_not_to_ship_is_skipped_even_when_odd(status: str, kind: type) -> None:
    order = read_shop_order(a_custom_store_record({"SKU": "?"}, OrderStatus=status), DEFAULT_CATALOGUE)
    assert isinstance(order, kind)
    assert order.reason == "not_to_ship"


def test_a_status_word_nobody_has_mapped_holds_the_order() -> None:
    assert rejected(a_custom_store_record({"SKU": "17612"}, OrderStatus="mystery")).reason == "unknown_status"


def test_the_last_record_of_a_number_wins_and_the_others_are_noted() -> None:
    first, other, last = a_record(position=1), a_record(position=2, orderid="700025"), a_record(position=3)
    kept, superseded = last_wins([first, other, last])
    assert kept == [other, last]
    assert [(one.order_number, one.position, one.by_position) for one in superseded] == [("700015", 1, 3)]


def test_records_without_a_number_are_never_taken_for_duplicates() -> None:
    nameless = [a_record(position=place, orderid=None) for place in (1, 2)]
    assert last_wins(nameless) == (nameless, [])


def test_the_hash_of_an_order_sees_what_we_keep_and_nothing_else() -> None:
    order = taken(a_record(a_line(), a_line("18901")))
    assert order.content_hash == taken(a_record(a_line(), position=9, customerid="1")).content_hash
    assert order.content_hash != taken(a_record(a_line(amount="3"))).content_hash
    assert order.content_hash != replace(order, ship_to=replace(order.ship_to, city="Austin")).content_hash


HELD = taken(a_record(a_line()))
CHANGED = taken(a_record(a_line(amount="3")))


@pytest.mark.parametrize(
    ("order", "known", "tombstoned", "action"),
    [
        (HELD, None, False, "new"),
        (HELD, None, True, "tombstoned"),
        (HELD, KnownShopOrder("pending", False, HELD.content_hash), False, "unchanged"),
        (CHANGED, KnownShopOrder("pending", False, HELD.content_hash), False, "update"),
        (CHANGED, KnownShopOrder("pending", False, None), False, "update"),
        (CHANGED, KnownShopOrder("failed", False, HELD.content_hash), False, "update"),
        (CHANGED, KnownShopOrder("pending", True, HELD.content_hash), False, "later"),
        (HELD, KnownShopOrder("pending", True, HELD.content_hash), False, "unchanged"),
        (HELD, KnownShopOrder("shipped", False, HELD.content_hash), False, "unchanged"),
        *(
            (CHANGED, KnownShopOrder(status, claimed, HELD.content_hash), tombstoned, "frozen")
            for status in ("uploaded", "awaiting_payment", "awaiting_shipment", "on_hold", "shipped", "cancelled")
            for claimed in (False, True)
            for tombstoned in (False, True)
        ),
    ],
)
def test_only_an_order_that_surely_is_not_at_shipstation_is_rewritten(
    order: ShopOrder, known: KnownShopOrder | None, tombstoned: bool, action: str
) -> None:
    assert decide_import(order, known, tombstoned=tombstoned).action == action


@pytest.mark.parametrize(
    ("order", "known", "action"),
    [
        (HELD, None, "taken_over"),
        (CHANGED, KnownShopOrder("failed", False, HELD.content_hash), "taken_over"),
        (HELD, KnownShopOrder("failed", False, HELD.content_hash), "unchanged"),
        (CHANGED, KnownShopOrder("pending", False, HELD.content_hash), "update"),
    ],
)
def test_an_order_that_a_person_does_by_hand_does_not_go_up(
    order: ShopOrder, known: KnownShopOrder | None, action: str
) -> None:
    assert decide_import(order, known, tombstoned=False, taken_over=True).action == action


def test_the_fingerprint_of_a_catalogue_changes_with_what_decides_and_not_with_names() -> None:
    renamed = (replace(DEFAULT_PRODUCTS[0], name="Another name", count_tolerance=6), *DEFAULT_PRODUCTS[1:])
    more = (*DEFAULT_PRODUCTS, Product("20000", "New", is_key=False))
    assert Catalogue.of(reversed(renamed), DEFAULT_BUNDLES).fingerprint == DEFAULT_CATALOGUE.fingerprint
    assert Catalogue.of(more, DEFAULT_BUNDLES).fingerprint != DEFAULT_CATALOGUE.fingerprint
    assert Catalogue.of(DEFAULT_PRODUCTS, DEFAULT_BUNDLES[1:]).fingerprint != DEFAULT_CATALOGUE.fingerprint


def test_the_default_bundles_hold_products_only() -> None:
    products, bundles = DEFAULT_CATALOGUE.products, DEFAULT_CATALOGUE.bundles
    assert not products.keys() & bundles.keys()
    assert all(part.component_sku in products for part in DEFAULT_BUNDLES)
