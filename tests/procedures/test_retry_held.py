"""Trying held records again at a press: what each kind of trouble asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shipsync.errors import Unusable
from shipsync.jobs import queue
from shipsync.procedures.close_records import take_over
from shipsync.rules.quarantine import CASES, case_of, retry_of
from shipsync.sandbox import faults as f
from shipsync.store import jobs as jobs_store
from shipsync.store import quarantine, uploads
from tests.house import IMPORT, NOON, SYNC, UPLOAD, House


def pressed(house: House, kind: str, reason: str) -> None:
    """Press retry for all of one trouble, and let the job run."""
    ids = quarantine.open_ids(house.app.db.read(), kind, reason)
    again = retry_of(kind, ids)
    assert again is not None
    assert house.job(again.workflow, again.arguments).status == "succeeded"


def test_a_poison_place_is_asked_at_the_press_and_not_after_its_hour(house: House) -> None:
    orders = house.world.bulk_orders(60, timedelta(hours=2), NOON)
    bad = orders[30]
    house.faults.poison(bad.order_id)
    house.sync()
    for _ in range(4):
        house.wait(60)
        house.sync()
    house.faults.heal(bad.order_id)
    house.wait(1)
    house.sync()
    assert house.held() == [("poison", "always_500")]
    pressed(house, "poison", "always_500")
    assert house.held() == []
    assert house.order(bad.number)["status"] == "awaiting_shipment"


def test_a_poison_place_that_still_fails_counts_the_try(house: House) -> None:
    bad = house.world.bulk_orders(10, timedelta(hours=2), NOON - timedelta(hours=1))[5]
    house.faults.poison(bad.order_id)
    house.sync()
    before = quarantine.open_of(house.app.db.read(), "poison", "always_500")[0].tries
    pressed(house, "poison", "always_500")
    assert quarantine.open_of(house.app.db.read(), "poison", "always_500")[0].tries == before + 1


def test_an_order_with_an_unknown_bundle_comes_through_once_the_bundle_is_there(house: House) -> None:
    placed = house.world.place_shop_order([("18999", 1)])
    house.import_shop()
    assert house.held() == [("shop_order", "unknown_sku")]
    pressed(house, "shop_order", "unknown_sku")
    assert house.held() == [("shop_order", "unknown_sku")]
    with house.app.db.transaction() as con:
        con.execute(
            "INSERT INTO bundles (bundle_sku, component_sku, quantity, updated_at) VALUES ('18999', '17612', 6, $now)",
            {"now": house.clock.now()},
        )
    pressed(house, "shop_order", "unknown_sku")
    assert house.held() == []
    assert house.order(placed.number)["status"] == "pending"


def test_an_order_taken_over_by_hand_does_not_come_in_when_its_bundle_becomes_known(house: House) -> None:
    comes = [house.world.place_shop_order([("18999", 1)]).number]
    placed = house.world.place_shop_order([("18999", 2)])
    house.import_shop()
    take_over(house.app.db, "shop_order", placed.number, "typed into ShipStation", "Ann", house.clock.now())
    with house.app.db.transaction() as con:
        con.execute(
            "INSERT INTO bundles (bundle_sku, component_sku, quantity, updated_at) VALUES ('18999', '17612', 6, $now)",
            {"now": house.clock.now()},
        )
    for _ in range(2):  # its file is read again, because the catalogue changed; then because the file did
        house.import_shop()
        assert house.rows("SELECT order_number FROM orders_inbox ORDER BY ALL") == [(number,) for number in comes]
        assert house.held() == []
        comes.append(house.world.place_shop_order([("17612", 1)]).number)
        house.wait()


def test_a_refused_order_taken_over_by_hand_is_never_sent_again(house: House) -> None:
    placed = house.world.place_shop_order()
    house.import_shop()
    house.faults.add("createorders", f.refusal("the address is wrong"))
    for _ in range(3):
        house.upload()
    house.faults.clear()
    ((key,),) = house.rows("SELECT order_key FROM orders_inbox WHERE order_number = $number", number=placed.number)
    take_over(house.app.db, "upload", key, "typed into ShipStation", "Ann", house.clock.now())
    # Somebody else had its row on the screen still.
    assert house.job(UPLOAD, {"again": [key]}).status == "succeeded"
    assert house.order(placed.number)["status"] == "failed"


@pytest.mark.parametrize("is_claimed", [False, True])
def test_an_order_is_not_taken_over_while_it_may_go_up_all_the_same(house: House, is_claimed: bool) -> None:
    """A retry had set it on its way again, and the row stood on somebody's screen still."""
    placed = house.world.place_shop_order()
    house.import_shop()
    house.faults.add("createorders", f.refusal("the address is wrong"))
    for _ in range(3):
        house.upload()
    house.faults.clear()
    ((key,),) = house.rows("SELECT order_key FROM orders_inbox WHERE order_number = $number", number=placed.number)
    with house.app.db.transaction() as con:
        uploads.try_again(con, [key], house.clock.now())
        if is_claimed:
            uploads.claim(con, "dead run", 1, house.clock.now())
    if is_claimed:
        with pytest.raises(Unusable, match="on its way"):
            take_over(house.app.db, "upload", key, "typed into ShipStation", "Ann", house.clock.now())
        assert house.held() == [("upload", "upload_refused")]
    else:
        take_over(house.app.db, "upload", key, "typed into ShipStation", "Ann", house.clock.now())
        assert house.upload().get("uploaded", 0) == 0
        assert house.order(placed.number)["status"] == "failed"


def test_an_order_refused_for_good_is_sent_once_more(house: House) -> None:
    placed = house.world.place_shop_order()
    house.import_shop()
    house.faults.add("createorders", f.refusal("the address is wrong"))
    for _ in range(3):
        house.upload()
    assert house.held() == [("upload", "upload_refused")]
    assert house.order(placed.number)["status"] == "failed"
    pressed(house, "upload", "upload_refused")
    assert house.order(placed.number)["status"] == "failed"
    house.faults.clear()
    pressed(house, "upload", "upload_refused")
    assert house.held() == []
    assert house.order(placed.number)["status"] == "uploaded"


def test_a_press_widens_a_sync_that_has_not_begun(house: House) -> None:
    db, now = house.app.db, house.clock.now()
    waiting = queue.enqueue(db, SYNC, {}, "schedule", now)
    joined = queue.enqueue(db, SYNC, {"everything": True, "poison": ["b"]}, "Ann", now, widens=True)
    assert (joined.job_id, joined.created, joined.is_same) == (waiting.job_id, False, True)
    queue.enqueue(db, SYNC, {"everything": True, "poison": ["a"]}, "Ann", now, widens=True)
    job = jobs_store.job(db.read(), waiting.job_id)
    assert job is not None
    assert job.arguments == {"everything": True, "poison": ["a", "b"]}
    assert house.rows("SELECT changed_by, action, subject, after FROM audit_log ORDER BY entry_no") == [
        ("Ann", "job widened", waiting.job_id, '{"everything": true, "poison": ["b"]}'),
        ("Ann", "job widened", waiting.job_id, '{"everything": true, "poison": ["a", "b"]}'),
    ]


def test_a_press_does_not_widen_a_sync_that_runs(house: House) -> None:
    db, now = house.app.db, house.clock.now()
    running = queue.enqueue(db, SYNC, {}, "schedule", now)
    with db.transaction() as con:
        assert jobs_store.start_job(con, running.job_id, f"{SYNC}.1", now)
    assert not queue.enqueue(db, SYNC, {"everything": True}, "Ann", now, widens=True).is_same
    assert queue.enqueue(db, SYNC, {}, "Ann", now, widens=True).is_same


def test_a_press_does_not_widen_a_sync_that_is_tried_again(house: House) -> None:
    """Its finished steps are not done once more, so they would not ask for what the press wants."""
    house.faults.add("orders", f.error(500), times=20)
    failed = house.job(SYNC)
    assert failed.status == "failed"
    queue.retry(house.app.db, failed.job_id, "Bob", house.clock.now())
    asked = queue.enqueue(house.app.db, SYNC, {"everything": True}, "Ann", house.clock.now(), widens=True)
    assert (asked.job_id, asked.is_same) == (failed.job_id, False)


@pytest.mark.parametrize(
    ("kind", "workflow"),
    [("shop_order", IMPORT), ("order_file", IMPORT), ("upload", UPLOAD), ("order", SYNC), ("poison", SYNC)],
)
def test_each_kind_is_tried_again_by_its_workflow(kind: str, workflow: str) -> None:
    again = retry_of(kind, ["b", "a"])
    assert again is not None
    assert again.workflow == workflow


@pytest.mark.parametrize("kind", ["sku_text", "status_word", "shop_change"])
def test_a_note_is_not_tried_again(kind: str) -> None:
    assert retry_of(kind, ["1"]) is None


def test_every_trouble_has_words_and_an_unknown_one_too() -> None:
    for case in CASES.values():
        assert all((case.title, case.why.endswith("."), case.next.endswith(".")))
    assert case_of("order", "brand_new").title == "order: brand new"
