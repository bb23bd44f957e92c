"""The plan's twelve cases by number (plan, Phase 4), live against the embedded ShipStation and from recordings.

Cases 8 to 10 that no fixed conversation can hold (outages, kills, parallel runs) are in test_plan_failures.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shipsync.rules.identity import MANUAL, SHOP
from shipsync.store import routing
from shipsync.store import runs as runs_store
from tests.doors.cassettes.make import FIRST
from tests.house import SYNC
from tests.procedures.stages import Stage, a_live_stage, a_recorded_stage

DAY = date(2021, 1, 23)  # of the recordings, in ShipStation's calendar
RINSE = (("17612 - 250237", 2),)
POST = {"carrier": "stamps_com", "service": "usps_priority_mail"}

Open = Callable[[str], Stage]


@pytest.fixture(params=["embedded", "recorded"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the stage of a case: the embedded ShipStation, or the cassette of that name."""
    with ExitStack() as stack:

        def open_stage(cassette: str) -> Stage:
            if request.param == "embedded":
                return stack.enter_context(a_live_stage(tmp_path))
            return stack.enter_context(a_recorded_stage(tmp_path, cassette))

        yield open_stage


def items_of(at: Stage, number: str) -> list[tuple[object, ...]]:
    """(SKU text, base SKU, lot, quantity) of what was ordered."""
    return at.rows(
        "SELECT sku_lot, base_sku, lot, quantity FROM order_items_inbox WHERE order_number = $n ORDER BY line_no",
        n=number,
    )


def ids_of(at: Stage) -> list[object]:
    return [row[0] for row in at.rows("SELECT shipstation_order_id FROM orders_inbox ORDER BY 1")]


# --- 1 new manual order


def test_01_new_manual_order_appears_as_one_of_shipstation(stage: Open) -> None:
    at = stage("plan01_new_manual_order")
    at.happens(lambda world: world.place_manual_order("100521", RINSE))
    counts = at.sync()
    order = at.order("100521")
    assert (order["source_system"], order["status"]) == (MANUAL, "awaiting_shipment")
    assert order["order_key"] == f"shipstation:{order['shipstation_order_id']}"
    assert (order["tracking_number"], order["shipping_carrier_id"]) == (
        None,
        at.carrier_id if order["shipping_carrier_code"] else None,
    )
    assert items_of(at, "100521") == [("17612 - 250237", "17612", "250237", 2)]
    assert (counts["fetched"], counts["imported"]) == (1, 1)
    assert at.left("100521") == []


# --- 2 existing manual order updated


def test_02_existing_manual_order_is_updated_in_place(stage: Open) -> None:
    at = stage("plan02_existing_manual_order")
    at.happens(lambda world: world.place_manual_order("100521", RINSE, key="typed-by-hand"))
    at.sync()
    before = at.order("100521")
    at.wait(5)
    at.happens(
        lambda world: world.edit(
            before["shipstation_order_id"], (("17612 - 250237", 3),), {"ship_to": {"street2": "EAST WING"}}
        )
    )
    counts = at.sync()
    after = at.order("100521")
    assert after["ship_street2"] == "EAST WING"
    assert items_of(at, "100521") == [("17612 - 250237", "17612", "250237", 3)]
    assert counts["updated"] == 1
    assert after["modified_at"] > before["modified_at"]
    same = ("order_key", "shipstation_order_id", "source_system", "status", "created_at", "ordered_at", "ship_name")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


# --- 3 status update of a known order


def test_03_status_update_brings_carrier_service_and_tracking_of_a_shop_order(stage: Open) -> None:
    at = stage("plan03_status_update")
    at.shop_order()
    assert (at.order("700015")["status"], at.order("700015")["shipstation_status"]) == ("uploaded", None)
    at.sync()
    assert at.order("700015")["status"] == "awaiting_shipment"
    at.wait(5)
    label = at.happens(lambda world: world.buy_label(at.order("700015")["shipstation_order_id"], **POST))
    at.sync()
    order = at.order("700015")
    tracking = label.tracking if label else "9400100000000000000015"
    assert (order["source_system"], order["status"], order["tracking_number"]) == (SHOP, "shipped", tracking)
    assert (order["shipping_carrier_code"], order["shipping_carrier_id"]) == ("stamps_com", at.carrier_id)
    assert (order["shipping_service_code"], order["shipping_service_name"]) == (
        "usps_priority_mail",
        "USPS Priority Mail",
    )
    assert at.left("700015") == [(DAY, "17612 - 250237", "17612", "250237", 3, tracking)]


def test_03_status_update_keeps_what_the_shop_said(stage: Open) -> None:
    at = stage("plan03_status_update")
    at.shop_order()
    kept = ("order_number", "source_system", "ship_street1", "ship_city", "ship_postal_code", "email", "ordered_at",
            "requested_service", "customer_ref", "shipping_paid", "source_hash", "uploaded_at")  # fmt: skip
    before, ordered = at.order("700015"), items_of(at, "700015")
    at.sync()
    at.wait(5)
    at.happens(lambda world: world.buy_label(at.order("700015")["shipstation_order_id"], **POST))
    at.sync()
    after = at.order("700015")
    assert {name: after[name] for name in kept if name != "email"} == {
        name: before[name] for name in kept if name != "email"
    }
    assert items_of(at, "700015") == ordered
    assert ordered == [("17612", "17612", None, 3)]


# --- 4 shipped manual order


def a_shipped_manual_order(at: Stage) -> str:
    """100522 with two lots is typed and shipped at once. Returns its tracking number."""

    def deed(world: object) -> str:
        order = at.world.place_manual_order("100522", (("17612 - 250237", 1), ("17904-250240", 4)))
        return at.world.buy_label(order.order_id, **POST).tracking

    return at.happens(deed) or "9400100000000000000522"


def test_04_shipped_manual_order_enters_shipped_orders_and_items(stage: Open) -> None:
    at = stage("plan04_shipped_manual_order")
    tracking = a_shipped_manual_order(at)
    at.sync()
    order_id = at.order("100522")["shipstation_order_id"]
    assert at.rows(
        """
        SELECT shipstation_order_id, order_number, source_system, ship_date, last_ship_date, carrier_code,
               service_code, service_name, tracking_number, parcel_count
        FROM shipped_orders
        """
    ) == [
        (
            order_id,
            "100522",
            MANUAL,
            DAY,
            DAY,
            "stamps_com",
            "usps_priority_mail",
            "USPS Priority Mail",
            tracking,
            1,
        )
    ]
    assert at.left("100522") == [
        (DAY, "17612 - 250237", "17612", "250237", 1, tracking),
        (DAY, "17904 - 250240", "17904", "250240", 4, tracking),
    ]


# --- 5 watermark progression


def test_05_watermark_progresses_to_the_newest_modify_date(stage: Open) -> None:
    at = stage("plan05_watermark_progression")
    at.happens(lambda world: world.place_manual_order("100521", RINSE, at=FIRST - timedelta(minutes=40)))
    at.happens(lambda world: world.place_manual_order("100525", (("18795", 2),), at=FIRST - timedelta(minutes=19)))
    assert at.mark() == (None, None)
    at.sync()
    newest, through = at.mark()
    assert newest == max(row[0] for row in at.rows("SELECT modified_at FROM orders_inbox"))
    assert newest is not None
    assert newest < FIRST
    assert through == FIRST
    at.wait(5)
    at.happens(lambda world: world.edit(at.order("100521")["shipstation_order_id"], (("17612 - 250237", 3),)))
    at.sync()
    later, later_through = at.mark()
    assert later == at.order("100521")["modified_at"] > newest
    assert later_through == FIRST + timedelta(minutes=5)
    run = runs_store.latest_runs(at.app.db.read(), SYNC, 1)[0]
    assert (run.mark_from, run.mark_to) == (FIRST, FIRST + timedelta(minutes=5))


# --- 6 the same order twice


def test_06_same_order_twice_leaves_one(stage: Open) -> None:
    at = stage("plan06_same_order_twice")
    at.happens(lambda world: world.place_manual_order("100521", RINSE))
    at.sync()
    before = at.tables()
    at.wait(5)
    counts = at.sync()
    after = at.tables()
    assert counts["fetched"] == counts["unchanged"] == 1
    for name in before.keys() - {"sync_watermark"}:
        assert after[name] == before[name], name
    assert len(ids_of(at)) == 1


# --- 7 the three filters


def test_07_three_filters_let_only_the_manual_key_order_in(stage: Open) -> None:
    at = stage("plan07_three_filters")

    def deed(world: object) -> None:
        at.world.place_manual_order("100521", RINSE)
        at.world.place_manual_order("100523", (("ABC123", 2),))
        at.world.place_manual_order("900900", (("17612", 1),))
        at.world.place_manual_order("100524", (("17612", 1),), key="shipsync:X-Cart:100524")

    at.happens(deed)
    counts = at.sync()
    assert [row[0] for row in at.rows("SELECT order_number FROM orders_inbox")] == ["100521"]
    assert counts["imported"] == counts["skipped: no_key_sku"] == counts["skipped: not_manual"] == 1
    assert at.held() == [("order", "ours_not_here")]
    assert routing.count_by_reason(at.app.db.read()) == {
        "new_manual": 1,
        "no_key_sku": 1,
        "not_manual": 1,
        "ours_not_here": 1,
    }


def test_07_three_filters_account_for_every_order_fetched(stage: Open) -> None:
    at = stage("plan07_three_filters")
    numbers = ["100521", "100523", "900900", "100524"]
    for number, sku in zip(numbers, ["17612", "ABC123", "17612", "17612"], strict=True):
        key = f"shipsync:X-Cart:{number}" if number == "100524" else None
        at.happens(lambda world, n=number, s=sku, k=key: world.place_manual_order(n, ((s, 1),), key=k))
    at.sync()
    logged = at.rows("SELECT order_number FROM routing_log ORDER BY order_number")
    assert [row[0] for row in logged] == sorted(numbers)


def test_07_an_order_of_the_shop_takes_the_update_path_and_is_not_imported(stage: Open) -> None:
    at = stage("plan03_status_update")
    at.shop_order()
    at.sync()
    at.wait(5)
    at.happens(lambda world: world.buy_label(at.order("700015")["shipstation_order_id"], **POST))
    at.sync()
    reasons = routing.count_by_reason(at.app.db.read())
    assert set(reasons) == {"known"}
    assert len(ids_of(at)) == 1


# --- 8 API failures that a recording holds


@pytest.mark.parametrize(
    "cassette", ["plan08_server_error_then_well", "plan08_throttled_then_well", "plan08_answer_cut_then_well"]
)
def test_08_api_failure_that_passes_is_retried_within_the_run(cassette: str, tmp_path: Path) -> None:
    with a_recorded_stage(tmp_path, cassette) as at:
        counts = at.sync()
        assert counts["imported"] == 1
        assert at.asked("/orders") == 2
        assert at.mark()[1] == FIRST


def test_08_api_failure_for_good_leaves_everything_as_it_was(tmp_path: Path) -> None:
    with a_recorded_stage(tmp_path, "plan08_server_error_for_good") as at:
        before = at.tables()
        job = at.job(SYNC)
        assert job.status == "failed"
        assert "500" in str(job.error)
        assert at.tables() == before
        assert at.mark() == (None, None)


# --- 9 watermark integrity across the pages of a recording


def test_09_watermark_integrity_over_two_pages(tmp_path: Path) -> None:
    with a_recorded_stage(tmp_path, "plan09_watermark_integrity") as at:
        at.sync()
        newest = max(row[0] for row in at.rows("SELECT modified_at FROM orders_inbox"))
        assert at.mark() == (newest, FIRST)
        assert len(ids_of(at)) == 3


# --- 10 duplicates inside one batch and across pages


def test_10_duplicates_in_one_page_and_across_pages_leave_the_newest(tmp_path: Path) -> None:
    with a_recorded_stage(tmp_path, "plan10_duplicates") as at:
        counts = at.sync()
        assert len(ids_of(at)) == len(set(ids_of(at))) == 3
        order = at.order("100521")
        assert order["ship_street2"] == "EAST WING"
        assert order["modified_at"] == datetime(2021, 1, 24, 1, 40, 10, 330_000, tzinfo=UTC)
        assert items_of(at, "100521") == [("17612 - 250237", "17612", "250237", 3)]
        assert counts["imported"] == 3
        assert counts["fetched"] == 3 + counts["seen twice in this run"]


def test_10_order_imported_and_shipped_in_one_batch_is_one_shipped_order(stage: Open) -> None:
    at = stage("plan04_shipped_manual_order")
    a_shipped_manual_order(at)
    at.sync()
    assert len(ids_of(at)) == 1
    assert at.order("100522")["status"] == "shipped"
    assert at.rows("SELECT count(*) FROM shipped_orders") == [(1,)]
    assert at.rows("SELECT count(*), sum(quantity) FROM shipped_items") == [(2, 5)]


# --- 11 field-level


def test_11_field_level_a_shop_order_shipped_before_we_looked(stage: Open) -> None:
    at = stage("plan11_field_level")
    at.shop_order()
    at.wait(5)
    order_id = at.order("700015")["shipstation_order_id"]
    label = at.happens(lambda world: world.buy_label(order_id, **POST))
    at.sync()
    tracking = label.tracking if label else "9400100000000000000015"
    order = at.order("700015")
    assert {name: order[name] for name in (
        "source_system", "status", "status_reason", "shipstation_status", "shipping_carrier_code",
        "shipping_carrier_id", "shipping_service_code", "shipping_service_name", "tracking_number", "ship_date",
    )} == {
        "source_system": SHOP,
        "status": "shipped",
        "status_reason": None,
        "shipstation_status": "shipped",
        "shipping_carrier_code": "stamps_com",
        "shipping_carrier_id": at.carrier_id,
        "shipping_service_code": "usps_priority_mail",
        "shipping_service_name": "USPS Priority Mail",
        "tracking_number": tracking,
        "ship_date": DAY,
    }  # fmt: skip
    assert at.rows("SELECT shipstation_order_id, order_number, ship_date FROM shipped_orders") == [
        (order_id, "700015", DAY)
    ]
    shipped = at.rows(
        """
        SELECT ship_date, order_number, source_system, sku, base_sku, sku_lot, lot, quantity, parcel_kind,
               shipment_id = parcel_id, tracking_number
        FROM shipped_items
        """
    )
    assert shipped == [
        (DAY, "700015", SHOP, "17612 - 250237", "17612", "17612 - 250237", "250237", 3, "shipment", True, tracking)
    ]


# --- 12 shipped migration


def test_12_shipped_migration_keeps_the_lots(stage: Open) -> None:
    at = stage("plan12_shipped_migration")
    tracking = a_shipped_manual_order(at)
    at.sync()
    order = at.order("100522")
    assert (order["status"], order["source_system"]) == ("shipped", MANUAL)
    assert (order["shipping_carrier_code"], order["shipping_service_name"]) == ("stamps_com", "USPS Priority Mail")
    assert at.rows("SELECT ship_date FROM shipped_orders") == [(DAY,)]
    assert [row[1:4] for row in at.left("100522")] == [
        ("17612 - 250237", "17612", "250237"),
        ("17904 - 250240", "17904", "250240"),
    ]
    assert {row[5] for row in at.left("100522")} == {tracking}
    assert items_of(at, "100522") == [
        ("17612 - 250237", "17612", "250237", 1),
        ("17904 - 250240", "17904", "250240", 4),
    ]
    assert at.rows("SELECT action FROM migration_log WHERE action = 'sync seeded'") == [("sync seeded",)]
