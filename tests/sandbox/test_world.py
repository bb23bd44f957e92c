"""The world: the same for the same seed, kept over a restart, and full of what happens in a warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shipsync.errors import ConfigurationError
from shipsync.sandbox import account
from shipsync.sandbox.objects import ShopOrder
from shipsync.sandbox.people import INCIDENTS, UNKNOWN_BUNDLE
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.truth import Truth
from shipsync.sandbox.world import World
from tests.sandbox.calling import a_document

START = datetime(2026, 10, 19, 5, 0, tzinfo=UTC)  # Monday midnight in Chicago; four weeks hold the autumn clock change


def upload_new(world: World, known: set[str]) -> None:
    """Upload what the shop has taken in since, as the client under test would."""
    fresh = [order for number, order in world.shop_orders.items() if number not in known]
    known.update(order.number for order in fresh)
    if fresh:
        world.upload([_document(order) for order in fresh])


def _document(order: ShopOrder) -> dict[str, object]:
    items = [
        {"sku": "17612 - 250237", "name": line.name, "quantity": line.amount or 1, "unitPrice": 0}
        for line in order.lines
    ]
    return a_document(order.number, items=items)


def lived(seed: int, *, days: int, step: timedelta, uploads: bool = True, switches: Switches | None = None) -> World:
    """A world that somebody uploads to every hour, advanced in steps of that size."""
    world = World(seed, START, orders_per_day=30, switches=switches or Switches())
    known: set[str] = set()
    now = START
    while now < START + timedelta(days=days):
        hour = now + timedelta(hours=1)
        while now < hour:
            now = min(hour, now + step)
            world.advance_to(now)
        if uploads:
            upload_new(world, known)
    return world


@pytest.fixture(scope="module")
def month() -> World:
    return lived(7, days=30, step=timedelta(hours=1), switches=Switches(cost_corrections=True))


def test_the_same_seed_gives_the_same_world_however_finely_it_is_advanced() -> None:
    coarse = lived(3, days=4, step=timedelta(hours=1)).truth()
    fine = lived(3, days=4, step=timedelta(minutes=7)).truth()
    assert coarse == fine
    assert lived(4, days=4, step=timedelta(hours=1)).truth() != coarse


def test_the_shops_orders_are_the_same_whether_or_not_they_are_uploaded() -> None:
    def placed(world: World) -> list[tuple[str, datetime, str]]:
        return [(one.number, one.placed, one.customer.code) for one in world.shop_orders.values()]

    hour = timedelta(hours=1)
    assert placed(lived(3, days=3, step=hour)) == placed(lived(3, days=3, step=hour, uploads=False))


def test_orders_come_on_working_days_in_the_expected_number(month: World) -> None:
    placed = Counter(order.placed.astimezone(month.zone).date() for order in month.shop_orders.values())
    working_days = [START.date() + timedelta(days=day) for day in range(30)]
    working_days = [day for day in working_days if day.weekday() < 5]
    assert placed.keys() <= set(working_days)
    assert 24 < sum(placed.values()) / len(working_days) < 33
    wednesdays = [placed[day] for day in working_days if day.weekday() == 2]
    fridays = [placed[day] for day in working_days if day.weekday() == 4]
    assert sum(wednesdays) / len(wednesdays) > sum(fridays) / len(fridays)


def test_shop_numbers_step_by_ten_and_manual_ones_have_six_digits(month: World) -> None:
    assert list(month.shop_orders) == [str(700015 + 10 * place) for place in range(len(month.shop_orders))]
    manual = [order for order in month.books.orders.values() if order.key.startswith("manual-")]
    typed_under_another = [order for order in manual if order.number.startswith("7")]
    assert typed_under_another
    assert all(100000 <= int(order.number) <= 109999 for order in manual if order not in typed_under_another)
    assert 0.03 < len(manual) / (len(manual) + len(month.shop_orders)) < 0.10


def test_every_kind_of_incident_occurs_within_thirty_days(month: World) -> None:
    owed = month._people._owed if month._people else {}
    assert {kind for kind, debt in owed.items() if debt >= 2} == set()
    truth = month.truth()
    missing = [name for name, occurs in OCCURRENCES.items() if not occurs(truth)]
    assert missing == []


def _orders(test: Callable[..., bool]) -> Callable[[Truth], bool]:
    return lambda truth: any(test(order) for order in truth.orders.values())


def _shipments(test: Callable[..., bool]) -> Callable[[Truth], bool]:
    return lambda truth: any(test(one) for one in truth.shipments.values())


def _later_void(days: int) -> Callable[..., bool]:
    return lambda one: one.voided_at is not None and one.voided_at - one.created_at > timedelta(days=days)


def _lots_differ(truth: Truth) -> bool:
    return any(
        line.sku not in {known.sku for known in truth.orders[one.order_id].lines}
        for one in truth.shipments.values()
        if one.order_id is not None
        for line in one.lines
    )


def _numbers_shared(truth: Truth) -> bool:
    ids = Counter(order.number for order in truth.orders.values() if order.parent_id is None)
    return max(ids.values()) > 1


# What a month of thirty orders a day must have shown at least once.
OCCURRENCES: dict[str, Callable[[Truth], bool]] = {
    "shipped": _orders(lambda one: one.status == "shipped"),
    "cancelled": _orders(lambda one: one.status == "cancelled"),
    "rejected": _orders(lambda one: one.status == "rejected_fulfillment"),
    "deleted": _orders(lambda one: one.is_deleted),
    "merged away": _orders(lambda one: one.merged_into is not None),
    "survivor of a merge": _orders(lambda one: bool(one.merged_ids)),
    "child of a split": _orders(lambda one: one.parent_id is not None),
    "another store's": _orders(lambda one: one.store_id == account.MARKET_STORE),
    "two parcels on two days": _orders(lambda one: len({parcel.ship_date for parcel in one.parcels}) > 1),
    "no key product": _orders(lambda one: one.key.startswith("manual-") and one.lines[0].sku[:2] not in ("17", "18")),
    "number shared": _numbers_shared,
    "marked as shipped": lambda truth: bool(truth.fulfillments),
    "label without an order": _shipments(lambda one: one.order_id is None),
    "return label": _shipments(lambda one: one.is_return),
    "label without items": _shipments(lambda one: one.order_id is not None and not one.lines),
    "voided the same day": _shipments(
        lambda one: one.voided_at is not None and one.voided_at - one.created_at < timedelta(hours=12)
    ),
    "voided days later": _shipments(_later_void(1)),
    "insured": _shipments(lambda one: one.insurance_cost > 0),
    "by another carrier": _shipments(lambda one: one.carrier_code == "stamps_com"),
    "another lot than ordered": _lots_differ,
    "labelled without a lot": _shipments(lambda one: any(line.sku == "17612" for line in one.lines)),
    "unknown bundle in the shop": lambda truth: any(
        product == UNKNOWN_BUNDLE for lines in truth.shop.values() for product, _ in lines
    ),
    "amount missing in the shop": lambda truth: any(
        amount is None for lines in truth.shop.values() for _, amount in lines
    ),
}


def test_nobody_is_owed_an_incident_that_cannot_happen(month: World) -> None:
    assert all(hasattr(month._people, f"_{kind}") for kind in INCIDENTS)


def test_a_world_made_again_over_its_folder_is_as_it_was(tmp_path: Path) -> None:
    first = World(5, START, orders_per_day=30, state_dir=tmp_path)
    first.advance_to(START + timedelta(hours=12))
    first.upload([a_document("700015"), a_document("700025")])
    order = first.place_manual_order("100777", items=[("17612 - 250237", 2)], fields={"ship_to": {"state": "HI"}})
    shipment = first.buy_label(order.order_id, cost=Decimal("12.34"), ship_date=date(2026, 10, 20))
    first.hold(first.place_manual_order().order_id, until=date(2026, 10, 22), at=START + timedelta(hours=13))
    first.void(shipment.shipment_id, at=START + timedelta(hours=20))
    first.advance_to(START + timedelta(days=5))
    first.close()
    again = World(5, START, orders_per_day=30, state_dir=tmp_path)
    again.advance_to(START + timedelta(days=5))
    assert again.truth() == first.truth()
    assert again.books.orders[order.order_id].ship_to.state == "HI"
    again.close()


def test_a_line_cut_off_by_a_kill_is_forgotten_and_the_next_one_stands(tmp_path: Path) -> None:
    world = World(5, START, orders_per_day=0, state_dir=tmp_path)
    world.place_manual_order("100001")
    world.close()
    journal = tmp_path / "world.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"now":{"$inst')
    again = World(5, START, orders_per_day=0, state_dir=tmp_path)
    again.place_manual_order("100002")
    again.close()
    third = World(5, START, orders_per_day=0, state_dir=tmp_path)
    assert [order.number for order in third.books.orders.values()] == ["100001", "100002"]
    third.close()


def test_a_folder_that_keeps_another_world_is_refused(tmp_path: Path) -> None:
    World(5, START, orders_per_day=0, state_dir=tmp_path).close()
    with pytest.raises(ConfigurationError, match="seed 5"):
        World(6, START, orders_per_day=0, state_dir=tmp_path)
    with pytest.raises(ConfigurationError, match=r"orders_per_day 0\.0"):
        World(5, START, orders_per_day=30, state_dir=tmp_path)


def test_a_deed_that_no_longer_fits_is_left_out_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(5, START, orders_per_day=0, state_dir=tmp_path)
    order = world.place_manual_order("100001")
    world.buy_label(order.order_id)
    world.place_manual_order("100002")
    world.close()
    journal = tmp_path / "world.jsonl"
    journal.write_text(journal.read_text().replace(f'"order_id":{order.order_id}', '"order_id":77'))
    again = World(5, START, orders_per_day=0, state_dir=tmp_path)
    assert [one.number for one in again.books.orders.values()] == ["100001", "100002"]
    assert "buy_label" in caplog.text
    again.close()


def test_a_resumed_world_began_when_it_began(tmp_path: Path) -> None:
    later = START + timedelta(days=9)
    World.resumed(5, START, tmp_path, history=timedelta(days=1), orders_per_day=0).close()
    world = World.resumed(5, later, tmp_path, orders_per_day=0)
    assert (world.start, world.now) == (START - timedelta(days=1), later)
    world.close()


def test_a_hold_ends_at_midnight_pacific_by_itself() -> None:
    world = World(1, START, orders_per_day=0)
    order = world.place_manual_order()
    world.hold(order.order_id, until=date(2026, 10, 21))
    midnight = datetime(2026, 10, 21, 7, 0, tzinfo=UTC)
    world.advance_to(midnight - timedelta(seconds=1))
    assert order.status == "on_hold"
    world.advance_to(midnight)
    assert (order.status, order.hold_until, order.modified) == ("awaiting_shipment", None, midnight)


@pytest.mark.parametrize(("switch", "moves"), [(True, True), (False, False)])
def test_a_void_takes_the_order_back_and_moves_modify_date_by_switch(switch: bool, moves: bool) -> None:
    world = World(1, START, orders_per_day=0, switches=Switches(void_moves_modify=switch))
    order = world.place_manual_order()
    shipment = world.buy_label(order.order_id, at=START + timedelta(hours=1))
    shipped_at = order.modified
    world.void(shipment.shipment_id, at=START + timedelta(hours=2))
    assert (order.status, order.ship_date) == ("awaiting_shipment", None)
    assert (order.modified > shipped_at) is moves


def test_a_second_label_bought_before_the_void_carries_no_items_and_leaves_the_order_unshipped() -> None:
    world = World(1, START, orders_per_day=0)
    order = world.place_manual_order(items=[("17612 - 250237", 3)])
    first = world.buy_label(order.order_id)
    second = world.buy_label(order.order_id)
    assert second.lines is None
    world.void(first.shipment_id)
    assert order.status == "awaiting_shipment"
    [true_order] = world.truth().orders.values()
    assert [parcel.shipment_id for parcel in true_order.parcels] == [second.shipment_id]


def test_a_label_may_name_another_lot_than_the_order() -> None:
    world = World(1, START, orders_per_day=0)
    order = world.place_manual_order(items=[("17612 - 250237", 3)])
    shipment = world.buy_label(order.order_id, items=[("17612 - 250300", 3)])
    assert order.status == "shipped"
    assert [(line.sku, line.quantity) for line in shipment.lines or ()] == [("17612 - 250300", 3)]


def test_a_fulfilled_order_stays_shipped_when_its_label_is_voided() -> None:
    world = World(1, START, orders_per_day=0)
    order = world.place_manual_order()
    shipment = world.buy_label(order.order_id)
    world.mark_shipped(order.order_id, tracking="1")
    world.void(shipment.shipment_id)
    assert order.status == "shipped"


def test_a_split_child_has_the_number_and_an_id_of_its_own() -> None:
    world = World(1, START, orders_per_day=0)
    parent = world.place_manual_order("100300", items=[("17612 - 250237", 5)])
    child = world.split(parent.order_id, [("17612 - 250237", 2)])
    assert (child.number, child.parent_id) == ("100300", parent.order_id)
    assert ([line.quantity for line in parent.lines], [line.quantity for line in child.lines]) == ([3], [2])
    assert parent.merged_or_split
    assert child.merged_or_split


def test_a_world_without_people_does_nothing_by_itself() -> None:
    world = World(1, START, orders_per_day=0)
    order = world.place_manual_order()
    before = world.truth()
    world.advance_to(START + timedelta(days=30))
    assert world.truth() == before
    assert order.status == "awaiting_shipment"


def test_bulk_orders_are_spread_evenly_and_partly_shipped() -> None:
    world = World(1, START, orders_per_day=0)
    orders = world.bulk_orders(100, spread=timedelta(hours=10), ending=START, shipped_share=0.25)
    assert [order.status for order in orders] == ["shipped"] * 25 + ["awaiting_shipment"] * 75
    assert orders[-1].modified == START
    assert len({order.modified for order in orders}) == 100
    tied = world.bulk_orders(600, spread=timedelta(0), ending=START)
    assert {order.modified for order in tied} == {START}
