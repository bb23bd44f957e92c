"""Reading while the world moves: page drift, ties, clock changes, lag, broken rows, and what idleness costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shipsync.sandbox import faults as f
from shipsync.sandbox.faults import Fault
from shipsync.sandbox.server import RecordedRequest
from shipsync.sandbox.world import World
from shipsync.simulation import differences
from shipsync.store import quarantine
from tests.house import NOON, SYNC, House, a_house

# Pacific wall time repeats from 01:00 to 02:00 at 09:00 UTC; in spring it skips 02:00 to 03:00 at 10:00 UTC.
AUTUMN = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
SPRING = datetime(2027, 3, 14, 10, 0, tzinfo=UTC)


def wrong(house: House) -> list[str]:
    return differences(house.world.truth(), house.app.db.read())


def at_pages(change: Callable[[World, int], None]) -> Callable[[World, RecordedRequest], None]:
    """A drift hook: after the n-th page of /orders (1, 2, ...) the world changes."""
    pages = 0

    def hook(world: World, request: RecordedRequest) -> None:
        nonlocal pages
        if request.endpoint == "orders":
            pages += 1
            change(world, pages)

    return hook


# --- page drift


@pytest.mark.parametrize(
    ("moved", "after_page"),
    [
        (range(5), 1),
        (range(495, 505), 1),
        (range(499, 500), 1),
        (range(500, 501), 1),
        (range(700, 705), 1),
        (range(495, 505), 2),
        (range(995, 1_005), 2),
        (range(0, 1_200, 60), 2),
    ],
    ids=str,
)
def test_rows_that_move_while_pages_are_read_are_neither_lost_nor_double(
    house: House, moved: range, after_page: int
) -> None:
    ids = [order.order_id for order in house.world.bulk_orders(1_200, timedelta(hours=5), NOON)]

    def touch(world: World, page: int) -> None:
        if page == after_page:
            for place in moved:
                world.edit(ids[place], fields={"customer_notes": "moved"})

    house.faults.drift(at_pages(touch))
    house.sync()
    assert wrong(house) == []
    assert house.rows("SELECT count(*), count(DISTINCT shipstation_order_id) FROM orders_inbox") == [(1_200, 1_200)]
    house.faults.drift(None)
    house.wait()
    house.sync()
    current = {order.order_id: order.modified for order in house.world.books.orders.values()}
    ours = dict(house.rows("SELECT shipstation_order_id, modified_at FROM orders_inbox"))
    assert {order_id for order_id in current if abs(current[order_id] - ours[order_id]) > timedelta(seconds=1)} == set()


def test_orders_that_are_deleted_while_pages_are_read_hide_no_other(house: House) -> None:
    ids = [order.order_id for order in house.world.bulk_orders(1_200, timedelta(hours=5), NOON)]
    house.faults.drift(
        at_pages(lambda world, page: [world.delete(ids[n]) for n in range(10)] and None if page == 1 else None)
    )
    house.sync()
    kept = {row[0] for row in house.rows("SELECT shipstation_order_id FROM orders_inbox")}
    assert set(ids[10:]) <= kept


def test_six_hundred_orders_with_one_modify_date_all_come_in(house: House) -> None:
    house.world.bulk_orders(600, timedelta(), NOON - timedelta(hours=1))
    house.world.bulk_orders(20, timedelta(hours=3), NOON)
    house.sync()
    assert house.rows("SELECT count(DISTINCT shipstation_order_id) FROM orders_inbox") == [(620,)]
    assert wrong(house) == []


# --- clock changes


def a_change_every(house: House, minutes: int, hours: int, sync_every: int | None) -> None:
    """Change orders over and over across some hours, with syncs between, or none while the machine sleeps."""
    orders = [house.world.place_manual_order(items=(("17612", 1),)) for _ in range(4)]
    house.sync()
    for passed in range(minutes, hours * 60 + 1, minutes):
        house.wait(minutes)
        order = orders[passed // minutes % 3]
        house.world.edit(order.order_id, (("17612", 1 + passed),))
        if passed == 100:
            house.world.buy_label(orders[3].order_id)
        if sync_every is not None and passed % sync_every == 0:
            house.sync()
            assert wrong(house) == [], house.clock.now()
    house.wait(2)
    house.sync()


@pytest.mark.parametrize(
    ("change", "sync_every"),
    [(AUTUMN, 15), (AUTUMN, 35), (AUTUMN, None), (SPRING, 35), (SPRING, None)],
    ids=["autumn awake", "autumn slow", "autumn asleep", "spring awake", "spring asleep"],
)
def test_nothing_is_lost_or_stale_over_a_clock_change(tmp_path: Path, change: datetime, sync_every: int | None) -> None:
    with a_house(tmp_path, start=change - timedelta(hours=2)) as house:
        a_change_every(house, 5, 4, sync_every)
        assert wrong(house) == []
        through = house.mark()[1]
        assert through is not None
        assert house.clock.now() - through < timedelta(seconds=2)
        marks = [row[0] for row in house.rows("SELECT mark_to FROM runs ORDER BY token")]
        assert marks == sorted(marks)


def test_a_machine_asleep_between_the_two_passes_reads_the_second_as_the_later_one(tmp_path: Path) -> None:
    """Changed at 01:50 in the first pass, seen; changed at 01:10 in the second, slept over until noon."""
    with a_house(tmp_path, start=AUTUMN - timedelta(hours=1)) as house:
        order = house.world.place_manual_order("100521", (("17612", 1),))
        house.wait(50)
        house.world.edit(order.order_id, (("17612", 2),))
        house.wait(1)
        house.sync()
        house.wait(19)
        house.world.edit(order.order_id, (("17612", 3),))
        house.wait(3 * 60)
        house.sync()
        assert house.order("100521")["modified_at"] == AUTUMN + timedelta(minutes=10)
        assert wrong(house) == []


# --- lag


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_what_shows_some_minutes_after_its_stamp_is_not_missed(house: House, share: float) -> None:
    house.sync()
    house.faults.lag(9 * 60, share=share)
    for n in range(6):
        house.wait()
        order = house.world.place_manual_order(items=(("17612 - 250237", 1 + n),))
        if n % 2:
            house.world.buy_label(order.order_id)
        house.sync()
    for _ in range(3):
        house.wait()
        house.sync()
    assert wrong(house) == []


# --- poison and bad rows


def test_a_poison_order_stands_alone_in_quarantine_until_it_heals(house: House) -> None:
    orders = house.world.bulk_orders(60, timedelta(hours=2), NOON)
    bad = orders[30]
    house.faults.poison(bad.order_id)
    house.sync()
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(59,)]
    assert house.held() == [("poison", "always_500")]
    assert house.mark()[1] is not None
    house.wait(15)
    house.sync()
    assert house.held() == [("poison", "always_500")]
    house.faults.heal(bad.order_id)
    for _ in range(6):
        house.wait(10)
        house.sync()
    assert house.held() == []
    assert house.order(bad.number)["status"] == "awaiting_shipment"
    assert house.rows("SELECT resolution FROM quarantine WHERE kind = 'poison'") == [("ShipStation answers again",)]
    assert wrong(house) == []


def mangled(house: House, endpoint: str, change: Callable[[dict[str, Any]], None]) -> Fault:
    """The answer ShipStation would give now, with its first row changed."""
    books = house.world.books
    if endpoint == "orders":
        key, texts = "orders", [books.order_text(one) for one in books.orders]
    else:
        key, texts = "shipments", [books.shipment_text(one, with_items=True) for one in books.shipments]
    rows = [json.loads(text) for text in texts]
    change(rows[0])
    return f.garbage(json.dumps({key: rows, "total": len(rows), "page": 1, "pages": 1}))


def without_quantity(row: dict[str, Any]) -> None:
    row["items"][0]["quantity"] = None


def with_a_strange_date(row: dict[str, Any]) -> None:
    row["modifyDate"] = "yesterday"


def without_number(row: dict[str, Any]) -> None:
    row["orderNumber"] = None


@pytest.mark.parametrize("change", [without_quantity, with_a_strange_date, without_number])
def test_a_row_that_cannot_be_read_is_held_and_released_by_its_next_version(
    house: House, change: Callable[[dict[str, Any]], None]
) -> None:
    bad = house.world.place_manual_order("100521")
    house.world.place_manual_order("100522")
    house.faults.script("orders", [mangled(house, "orders", change)])
    house.sync()
    assert [row[0] for row in house.rows("SELECT order_number FROM orders_inbox")] == ["100522"]
    assert house.held() == [("order", "unreadable")]
    (entry,) = quarantine.open_entries(house.app.db.read())
    assert str(bad.order_id) in str(entry.entry.raw)
    house.wait()
    house.sync()  # the same version comes again in the overlap, whole this time
    assert house.held() == []
    assert wrong(house) == []


def test_a_bad_row_waits_in_quarantine_as_long_as_nothing_newer_comes(house: House) -> None:
    house.world.place_manual_order("100521")
    house.faults.script("orders", [mangled(house, "orders", without_quantity)])
    house.sync()
    for _ in range(4):
        house.wait(60)
        house.faults.script("orders", [f.garbage('{"orders": [], "total": 0, "page": 1, "pages": 0}')])
        house.sync()
    assert house.held() == [("order", "unreadable")]


def test_the_version_read_last_has_the_last_word_even_if_it_cannot_be_read(house: House) -> None:
    """A whole version on an earlier page, kept by a failed run, must not settle a later one that cannot be read."""
    house.world.place_manual_order("100521")
    house.faults.add("shipments", f.error(500))
    assert house.job(SYNC).status == "failed"
    house.faults.clear()
    house.faults.script("orders", [mangled(house, "orders", without_quantity)])
    house.wait(1)
    house.sync()
    assert house.order("100521")["status"] == "awaiting_shipment"
    assert house.held() == [("order", "unreadable")]


def test_a_label_that_cannot_be_read_is_held_and_released(house: House) -> None:
    order = house.world.place_manual_order("100521")
    house.world.buy_label(order.order_id)

    def without_quantity_in_label(row: dict[str, Any]) -> None:
        row["shipmentItems"][0]["quantity"] = None

    house.faults.script("shipments", [mangled(house, "shipments", without_quantity_in_label), None])
    house.sync()
    assert ("shipment", "unreadable") in house.held()
    assert house.rows("SELECT parcel_kind FROM shipped_items") == [("order",)]
    house.wait()
    house.sync()
    assert house.held() == []
    assert wrong(house) == []


def test_a_null_among_the_rows_harms_nobody(house: House) -> None:
    house.world.place_manual_order("100521")
    house.faults.add("orders", f.null_row(), times=1)
    house.sync()
    assert wrong(house) == []
    assert house.held() == []


# --- what idleness costs


def test_an_idle_cycle_is_one_request_and_an_idle_hour_at_most_thirteen(house: House) -> None:
    shipped = house.world.place_manual_order()
    house.world.buy_label(shipped.order_id)
    house.world.place_manual_order()
    house.sync()
    for _ in range(3):
        house.wait()
        house.sync()
    for _ in range(6):
        before = len(house.server.requests)
        cycles = []
        for _ in range(12):
            asked = len(house.server.requests)
            house.wait()
            house.sync()
            cycles.append(len(house.server.requests) - asked)
        assert len(house.server.requests) - before <= 13
        assert sorted(cycles)[:-1] == [1] * 11
    assert wrong(house) == []


def test_a_price_of_three_digits_is_kept_in_cents_and_stops_nobody(house: House) -> None:
    order = house.world.place_manual_order("100301")
    house.world.edit(order.order_id, fields={"lines": (replace(order.lines[0], unit_price=Decimal("19.985")),)})
    house.world.place_manual_order("100302")
    house.wait()
    house.sync()
    prices = house.rows("SELECT order_number, unit_price FROM order_items_inbox ORDER BY order_number")
    assert prices[0] == ("100301", Decimal("19.99"))
    assert prices[1][0] == "100302"
