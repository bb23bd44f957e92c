"""The two legacy workflows: what they bring in, each limitation as a sentence, and that a run is whole or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from shipsync.doors.shipstation import Page
from shipsync.jobs.worker import recover
from shipsync.runtime import App
from shipsync.sandbox import faults as f
from shipsync.sandbox.switches import Switches
from shipsync.store import legacy as store
from shipsync.store import marks
from tests.house import NOON, House, a_house, minutes
from tests.procedures.deaths import Dying, Killed
from tests.procedures.legacy_side import be_before_the_move

STATUS, MANUAL = "status-sync", "manual-order-sync"
RINSE, PASTE = "17612 - 250237", "18795"
WRITTEN = ("orders_inbox", "order_items_inbox", "shipstation_order_line_items", "shipments", "shipment_items",
           "fulfillments", "shipped_orders", "shipped_items", "sync_watermark", "inventory_transactions", "carriers",
           "inventory_current")  # fmt: skip


@pytest.fixture
def house(house: House) -> House:
    """A warehouse that still goes by the legacy workflows."""
    be_before_the_move(house.app)
    return house


@pytest.fixture
def silent_voids(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path, switches=Switches(void_moves_modify=False)) as house:
        be_before_the_move(house.app)
        yield house


def ran(house: House, workflow: str) -> dict[str, Any]:
    """The figures of one run that succeeds."""
    job = house.job(workflow)
    assert job.status == "succeeded", job.error
    return dict(job.result or {})


def an_hour(house: House) -> None:
    """Both, as they come each hour."""
    house.wait(60)
    ran(house, MANUAL)
    ran(house, STATUS)


def written(house: House) -> dict[str, list[tuple[Any, ...]]]:
    return {name: house.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in WRITTEN}  # noqa: S608 - our tables


def a_shop_order(house: House) -> int:
    """One that has gone up: its id there."""
    number = house.world.place_shop_order((("17612", 2),)).number
    house.import_shop()
    house.upload()
    return int(house.order(number)["shipstation_order_id"])


def order_of(house: House, order_id: int) -> dict[str, Any]:
    ((number,),) = house.rows("SELECT order_number FROM orders_inbox WHERE shipstation_order_id = $id", id=order_id)
    return house.order(number)


# --- status-sync


def test_an_order_that_is_here_follows_shipstation_to_the_field(house: House) -> None:
    order_id = a_shop_order(house)
    house.wait(30)
    label = house.world.buy_label(order_id, carrier="ups", service="ups_ground")
    house.wait(30)
    assert ran(house, STATUS)["updated"] == 1
    order = order_of(house, order_id)
    assert (order["status"], order["shipstation_status"], order["ship_date"]) == (
        "shipped",
        "shipped",
        date(2026, 9, 16),
    )
    assert (order["shipping_carrier_code"], order["shipping_carrier_id"]) == ("ups", 150765)
    assert (order["shipping_service_code"], order["shipping_service_name"]) == ("ups_ground", "UPS® Ground")
    assert (order["tracking_number"], order["modified_at"]) == (label.tracking, NOON + minutes(30))
    assert house.rows("SELECT parcel_kind, parcel_id, base_sku, quantity FROM shipped_items") == [
        ("shipment", label.shipment_id, "17612", 2)
    ]
    assert house.rows("SELECT sku, quantity FROM inventory_transactions WHERE kind = 'ship'") == [("17612", -2)]
    assert house.rows("SELECT current_quantity FROM inventory_current WHERE sku = '17612'") != []


def test_a_hold_shows_until_it_ends_and_a_cancelled_order_closes(house: House) -> None:
    held, cancelled = a_shop_order(house), a_shop_order(house)
    house.world.hold(held, date(2026, 9, 18))
    house.world.cancel(cancelled)
    an_hour(house)
    assert (order_of(house, held)["status"], order_of(house, held)["hold_until"]) == ("on_hold", date(2026, 9, 18))
    assert order_of(house, cancelled)["status"] == "cancelled"
    house.world.release(held)
    an_hour(house)
    assert (order_of(house, held)["status"], order_of(house, held)["hold_until"]) == ("awaiting_shipment", None)


@pytest.mark.parametrize("relabelled", [False, True])
def test_a_void_takes_the_order_back_and_a_new_label_ships_it_once(house: House, relabelled: bool) -> None:
    order_id = a_shop_order(house)
    label = house.world.buy_label(order_id)
    an_hour(house)
    house.world.void(label.shipment_id)
    second = house.world.buy_label(order_id) if relabelled else None
    an_hour(house)
    expected = [("shipment", second.shipment_id, 2)] if second else []
    assert house.rows("SELECT parcel_kind, parcel_id, quantity FROM shipped_items") == expected
    order = order_of(house, order_id)
    assert (order["status"], order["tracking_number"]) == (
        ("shipped", second.tracking) if second else ("awaiting_shipment", None)
    )


def test_a_void_that_moves_no_order_takes_it_back_too(silent_voids: House) -> None:
    house = silent_voids
    order_id = a_shop_order(house)
    label = house.world.buy_label(order_id)
    an_hour(house)
    house.wait(24 * 60 * 9)
    house.world.void(label.shipment_id)
    an_hour(house)
    assert order_of(house, order_id)["status"] == "awaiting_shipment"
    assert house.rows("SELECT * FROM shipped_orders") == []


def test_marked_as_shipped_takes_the_rest(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    house.world.buy_label(order.order_id, ((RINSE, 2),))
    house.world.mark_shipped(order.order_id, tracking="T-1")
    an_hour(house)
    kinds = house.rows("SELECT parcel_kind, sum(quantity)::INTEGER FROM shipped_items GROUP BY 1 ORDER BY 1")
    assert kinds == [("fulfillment", 2), ("shipment", 2)]


def test_the_same_week_read_again_changes_no_row(house: House) -> None:
    house.world.buy_label(house.world.place_manual_order("100521", ((RINSE, 3),)).order_id)
    house.world.buy_label(a_shop_order(house), carrier="ups", service="ups_ground")
    an_hour(house)
    before = written(house)
    an_hour(house)
    after = written(house)
    assert before.pop("sync_watermark") != after.pop("sync_watermark")
    assert after == before


def test_it_asks_for_seven_days_each_time_and_says_how_far_it_has_looked(house: House) -> None:
    an_hour(house)
    an_hour(house)
    asked = [one.query["modifyDateStart"] for one in house.server.asked("orders")]
    assert [start for start in asked if start.startswith("2026-09-09")] == [
        "2026-09-09 14:00:00",
        "2026-09-09 15:00:00",
    ]
    mark = marks.mark_of(house.app.db.read(), STATUS)
    assert (mark.last_sync_timestamp, mark.complete_through) == (None, NOON + minutes(120))


def test_an_order_that_is_not_here_stays_unknown(house: House) -> None:
    house.world.buy_label(house.world.place_manual_order("100521", ((RINSE, 3),)).order_id)
    figures = ran(house, STATUS)
    assert (figures["fetched"], figures["parcels fetched"], figures["updated"]) == (1, 1, 0)
    assert house.rows("SELECT * FROM orders_inbox") == house.rows("SELECT * FROM shipments") == []


def test_a_change_more_than_seven_days_ago_is_not_seen(house: House) -> None:
    order_id = a_shop_order(house)
    an_hour(house)
    house.world.cancel(order_id)
    house.wait(24 * 60 * 8)
    ran(house, STATUS)
    assert order_of(house, order_id)["status"] == "awaiting_shipment"


def test_an_order_deleted_or_merged_away_stays_as_it_was_last_seen(house: House) -> None:
    deleted, merged, survivor = (a_shop_order(house) for _ in range(3))
    an_hour(house)
    house.world.delete(deleted)
    house.world.merge(survivor, merged)
    an_hour(house)
    assert order_of(house, deleted)["status"] == order_of(house, merged)["status"] == "awaiting_shipment"


# --- manual-order-sync


def test_a_manual_order_comes_in_whole(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    figures = ran(house, MANUAL)
    assert (figures["imported"], figures["updated"]) == (1, 0)
    row = house.order("100521")
    assert (row["order_key"], row["source_system"]) == (f"shipstation:{order.order_id}", "ShipStation Manual")
    assert (row["status"], row["email"], row["ship_city"]) == ("awaiting_shipment", order.email, order.ship_to.city)
    assert house.rows("SELECT base_sku, lot, quantity FROM order_items_inbox ORDER BY line_no") == [
        ("17612", "250237", 3),
        ("18795", None, 1),
    ]


def test_it_follows_a_change_of_items_and_address(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    an_hour(house)
    house.world.edit(order.order_id, ((RINSE, 1), (PASTE, 2)), {"ship_to": {"city": "Reno"}})
    an_hour(house)
    assert house.order("100521")["ship_city"] == "Reno"
    assert house.rows("SELECT sku, quantity FROM order_items_inbox ORDER BY line_no") == [(RINSE, 1), (PASTE, 2)]


def test_one_that_comes_in_shipped_stands_in_until_its_label_is_read(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    label = house.world.buy_label(order.order_id)
    ran(house, MANUAL)
    assert house.rows("SELECT parcel_kind, quantity FROM shipped_items") == [("order", 3)]
    ran(house, STATUS)
    assert house.rows("SELECT parcel_kind, quantity FROM shipped_items") == [("shipment", 3)]
    assert house.order("100521")["tracking_number"] == label.tracking
    assert house.rows("SELECT sum(quantity)::INTEGER FROM inventory_transactions") == [(-3,)]


def test_a_label_bought_more_than_seven_days_before_its_order_comes_in_is_never_read(house: House) -> None:
    house.world.buy_label(house.world.place_manual_order("100521", ((RINSE, 3),)).order_id)
    house.wait(24 * 60 * 8)
    an_hour(house)
    assert house.rows("SELECT parcel_kind, quantity FROM shipped_items") == [("order", 3)]
    assert house.order("100521")["tracking_number"] is None


def test_only_manual_orders_with_a_key_product_that_are_not_ours_come_in(house: House) -> None:
    a_shop_order(house)
    house.world.place_manual_order("SM-17", ((RINSE, 1),))
    house.world.place_manual_order("100522", (("BROCHURE", 1),))
    house.world.place_manual_order("100523", ())
    house.world.place_manual_order("100524", ((PASTE, 1),))
    figures = ran(house, MANUAL)
    assert (figures["imported"], figures["skipped: not_manual"], figures["skipped: no_key_sku"]) == (1, 2, 2)
    assert house.rows("SELECT order_number FROM orders_inbox WHERE source_system <> 'X-Cart'") == [("100524",)]


def test_an_order_that_loses_its_key_product_is_not_followed_any_more(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    an_hour(house)
    house.world.edit(order.order_id, (("BROCHURE", 1),))
    an_hour(house)
    assert house.rows("SELECT sku FROM order_items_inbox") == [(RINSE,)]


def test_an_order_that_was_cleaned_up_does_not_come_back(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.cancel(order.order_id)
    an_hour(house)
    house.wait(24 * 60 * 61)
    assert house.job("orders-cleanup").status == "succeeded"
    assert house.rows("SELECT * FROM orders_inbox") == []
    house.world.touch(order.order_id)
    an_hour(house)
    assert house.rows("SELECT * FROM orders_inbox") == []


def test_its_mark_is_the_newest_change_and_the_end_of_what_it_read(house: House) -> None:
    house.world.place_manual_order("100521", ((RINSE, 3),))
    house.wait(20)
    ran(house, MANUAL)
    first = marks.mark_of(house.app.db.read(), MANUAL)
    assert (first.last_sync_timestamp, first.complete_through) == (NOON, NOON + minutes(20))
    house.wait(60)
    ran(house, MANUAL)
    asked = [one.query["modifyDateStart"] for one in house.server.asked("orders")]
    assert asked == ["2026-08-17 13:20:00", "2026-09-16 13:10:00"]
    assert marks.mark_of(house.app.db.read(), MANUAL).complete_through == NOON + minutes(80)


# --- whole or nothing


@pytest.mark.parametrize("workflow", [STATUS, MANUAL])
@pytest.mark.parametrize("endpoint", ["orders", "shipments", "fulfillments"])
def test_a_run_that_fails_leaves_all_as_it_was(house: House, workflow: str, endpoint: str) -> None:
    a_little_of_everything(house)
    before = written(house)
    house.faults.add(endpoint, f.error(401))
    job = house.job(workflow)
    assert job.status == ("succeeded" if workflow == MANUAL and endpoint != "orders" else "failed")
    assert (written(house) == before) == (job.status == "failed")
    house.faults.clear()
    ran(house, workflow)


@pytest.mark.parametrize("workflow", [STATUS, MANUAL])
def test_a_run_that_is_killed_leaves_all_as_it_was_or_is_whole(house: House, workflow: str) -> None:
    a_little_of_everything(house)
    at, was_whole = 0, False
    while not was_whole:
        at += 1
        before = written(house)
        dying = Dying(house.app.db, at, "within")
        app = App(house.app.settings, cast(Any, dying), house.app.doors, house.app.clock)
        with suppress(Killed):
            app.run_now(workflow, {}, "test")
        after = written(house)
        was_whole = after["sync_watermark"] != before["sync_watermark"]
        assert was_whole or after == before, at
        recover(house.app)
    assert at > 2
    whole = written(house)
    ran(house, workflow)
    again = written(house)
    assert {name: rows for name, rows in again.items() if name not in ("sync_watermark", "inventory_current")} == {
        name: rows for name, rows in whole.items() if name not in ("sync_watermark", "inventory_current")
    }


def a_little_of_everything(house: House) -> None:
    house.world.buy_label(a_shop_order(house))
    house.world.mark_shipped(a_shop_order(house))
    house.world.buy_label(house.world.place_manual_order("100521", ((RINSE, 3),)).order_id)


@pytest.mark.parametrize("workflow", [STATUS, MANUAL])
def test_a_run_that_lost_its_lock_writes_nothing(house: House, workflow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a_little_of_everything(house)
    before = written(house)
    door = house.app.doors["shipstation"]
    ask = door.orders_modified

    def asked_while_another_takes_over(*window: Any) -> Iterator[Page[Any]]:
        yield from ask(*window)
        with house.app.db.transaction() as con:
            con.execute("UPDATE sync_locks SET token = token + 1 WHERE workflow_name = $name", {"name": workflow})

    monkeypatch.setattr(door, "orders_modified", asked_while_another_takes_over)
    assert house.job(workflow).status == "failed"
    assert written(house) == before


@pytest.mark.parametrize("workflow", [STATUS, MANUAL])
def test_one_bad_record_is_counted_and_logged_and_the_others_come_in(
    house: House, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = a_shop_order(house)
    broken = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.place_manual_order("100522", ((RINSE, 1),))
    house.world.cancel(order_id)
    house.wait()
    door = house.app.doors["shipstation"]
    ask = door.orders_modified

    def spoilt(*window: Any) -> Iterator[Page[Any]]:
        for page in ask(*window):
            data = json.loads(page.body)
            for row in data["orders"]:
                if row["orderId"] == broken.order_id:
                    row["items"] = [{"sku": RINSE, "quantity": "some"}]
            yield replace(page, body=json.dumps(data))

    monkeypatch.setattr(door, "orders_modified", spoilt)
    assert ran(house, workflow)["unreadable"] == 1
    [(log,)] = house.rows("SELECT log FROM runs WHERE workflow_name = $name", name=workflow)
    assert f"Order {broken.order_id} was passed over: quantity is no number." in log
    if workflow == STATUS:
        assert order_of(house, order_id)["status"] == "cancelled"
    else:
        assert house.order("100522")["status"] == "awaiting_shipment"


def test_no_raw_page_is_kept(house: House) -> None:
    a_little_of_everything(house)
    an_hour(house)
    assert house.rows("SELECT (SELECT count(*) FROM api_pages), (SELECT count(*) FROM readings)") == [(0, 0)]


def test_a_week_of_orders_takes_some_hundred_bytes_each(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are let go as they are read: what stays is packed."""
    house.world.bulk_orders(1_500, timedelta(days=6), NOON, shipped_share=1)
    kept: list[int] = []
    bring_in_step = store.bring_in_step

    def measured(con: Any, gathered: store.Gathered, *others: Any) -> store.InStep:
        kept.append(gathered.size_bytes)
        return bring_in_step(con, gathered, *others)

    monkeypatch.setattr(store, "bring_in_step", measured)
    ran(house, STATUS)
    assert kept[0] / 1_500 < 800


def test_after_the_cut_over_they_write_beside_production(house: House) -> None:
    with house.app.db.transaction() as con:
        con.execute("UPDATE parity_deployment SET state = 'reverse_shadow'")
        # On they would ask for the way back.
        con.execute("UPDATE workflow_controls SET enabled = workflow_name NOT IN ('status-sync', 'manual-order-sync')")
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id)
    before = written(house)
    an_hour(house)
    assert written(house) == before
    shadow = house.app.db.lane("shadow").read()
    assert shadow.rows("SELECT status, shipping_service_name FROM orders_inbox") == [("shipped", "FedEx Ground®")]
    assert shadow.rows("SELECT parcel_kind, quantity FROM shipped_items") == [("shipment", 3)]
    assert marks.mark_of(shadow, MANUAL).complete_through == NOON + minutes(60)
