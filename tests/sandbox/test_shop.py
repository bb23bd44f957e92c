"""The shop's orders.xml: a rolling dump in X-Cart's layout, whole or half-written."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from defusedxml import ElementTree

from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World

START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parents[1] / "samples" / "xcart_orders_example.xml"


@pytest.fixture
def world() -> World:
    return World(1, START, orders_per_day=0)


def test_the_dump_has_the_fields_of_the_sample_in_its_order(world: World, tmp_path: Path) -> None:
    world.place_shop_order([("17612", 2), ("18901", 1)], customer_no=1)
    ours = ElementTree.parse(ShopFeed(world, tmp_path).write()).getroot()
    theirs = ElementTree.parse(SAMPLE).getroot()

    def tags(root: object) -> list[str]:
        tags: list[str] = []
        for element in root[0]:  # type: ignore[index]
            tags += [element.tag, *(f"{element.tag}/{inner.tag}" for inner in element)]
        return tags

    assert tags(ours) == tags(theirs)


def test_values_are_the_shops_own(world: World, tmp_path: Path) -> None:
    order = world.place_shop_order([("17612", 2), ("18235", None)])
    [element] = ElementTree.parse(ShopFeed(world, tmp_path).write()).getroot()
    assert element.findtext("orderid") == order.number == "700015"
    assert element.findtext("date") == str(int(START.timestamp()))
    assert element.findtext("date2") == "2026-11-16 09:00:00"
    first, second = element.findall("order_detail")
    assert (first.findtext("amount"), first.findtext("productid")) == ("2", "17612")
    assert second.find("amount") is None
    name = first.findtext("product")
    assert name == "Case(s) of Sample&trade; Rinse"  # still escaped once after decoding
    assert html.unescape(name) == "Case(s) of Sample™ Rinse"


def test_an_edited_order_stands_twice_the_later_version_last(world: World, tmp_path: Path) -> None:
    edited = world.place_shop_order([("17612", 2)])
    other = world.place_shop_order([("17904", 1)])
    world.edit_shop_order(edited.number, [("17612", 3)])
    root = ElementTree.parse(ShopFeed(world, tmp_path).write()).getroot()
    found = [(element.findtext("orderid"), element.findtext("order_detail/amount")) for element in root]
    assert found == [(edited.number, "2"), (other.number, "1"), (edited.number, "3")]


def test_the_dump_rolls_on(world: World, tmp_path: Path) -> None:
    world.place_shop_order()
    world.place_shop_order(at=START + timedelta(days=10))
    world.advance_to(START + timedelta(days=15))
    root = ElementTree.parse(ShopFeed(world, tmp_path, days=14).write()).getroot()
    assert [element.findtext("orderid") for element in root] == ["700025"]


def test_a_half_written_dump_is_no_xml_and_the_next_one_is_whole(world: World, tmp_path: Path) -> None:
    world.place_shop_order()
    feed = ShopFeed(world, tmp_path)
    with pytest.raises(ElementTree.ParseError):
        ElementTree.parse(feed.write(half=True))
    assert len(ElementTree.parse(feed.write()).getroot()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["orders.xml"]
