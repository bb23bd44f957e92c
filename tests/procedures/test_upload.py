"""Shop orders go up to ShipStation once, whatever happens to the answers (DESIGN D13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pytest

from shipsync.jobs.worker import recover
from shipsync.runtime import App
from shipsync.sandbox import faults as f
from shipsync.sandbox.objects import Order
from shipsync.sandbox.switches import Switches
from shipsync.simulation import differences
from shipsync.store import quarantine, workflows
from tests.house import UPLOAD, House, a_house
from tests.procedures.deaths import Dying, Killed

KEY = "shipsync:X-Cart:"


def wrong(house: House) -> list[str]:
    return differences(house.world.truth(), house.app.db.read())


def placed(house: House, count: int = 3, **fields: Any) -> list[str]:
    """So many shop orders, imported. Returns their numbers."""
    numbers = [house.world.place_shop_order((("17612", 2),), **fields).number for _ in range(count)]
    house.import_shop()
    return numbers


def statuses(house: House) -> dict[str, str]:
    return dict(house.rows("SELECT order_number, status FROM orders_inbox ORDER BY order_number"))


def at_shipstation(house: House) -> list[Order]:
    return list(house.world.books.orders.values())


def the_only(house: House) -> Order:
    (order,) = at_shipstation(house)
    return order


def without_postal_code(house: House, number: str) -> None:
    """Take the postal code out of an order that waits: ShipStation refuses it."""
    with house.app.db.transaction() as con:
        con.execute(
            "UPDATE orders_inbox SET ship_postal_code = NULL WHERE order_number = $number AND status = 'pending'",
            {"number": number},
        )


def test_a_partial_failure_tells_each_order_its_own(house: House) -> None:
    good, bad, other = placed(house)
    without_postal_code(house, bad)
    counts = house.upload()
    assert (counts["uploaded"], counts["refused"]) == (2, 1)
    assert statuses(house) == {good: "uploaded", bad: "pending", other: "uploaded"}
    assert "Postal Code" in house.order(bad)["upload_error"]
    assert {order.number for order in at_shipstation(house)} == {good, other}
    assert all(order.key == KEY + order.number for order in at_shipstation(house))


def test_an_order_refused_three_times_needs_a_person_and_blocks_nobody(house: House) -> None:
    bad, *_ = placed(house, 1)
    without_postal_code(house, bad)
    for _ in range(3):
        house.upload()
    assert statuses(house) == {bad: "failed"}
    assert house.held() == [("upload", "upload_refused")]
    house.upload()
    (after,) = placed(house, 1)
    house.upload()
    assert statuses(house)[after] == "uploaded"


def test_an_order_that_failed_and_was_typed_by_hand_is_linked_and_its_entry_closed(house: House) -> None:
    (bad,) = placed(house, 1)
    without_postal_code(house, bad)
    for _ in range(3):
        house.upload()
    house.world.place_manual_order(bad, (("17612", 2),))
    house.wait()
    house.sync()
    assert statuses(house) == {bad: "awaiting_shipment"}
    assert house.held() == []


def test_more_refused_orders_than_a_batch_holds_do_not_hold_up_the_others(house: House) -> None:
    numbers = placed(house, 130)
    for number in numbers[:120]:
        without_postal_code(house, number)
    counts = house.upload()
    assert (counts["uploaded"], counts["refused"]) == (10, 120)


def test_a_batch_refused_as_a_whole_is_halved_to_the_order_that_causes_it(house: House) -> None:
    numbers = placed(house, 5)
    bad = numbers[2]
    door = cast(Any, house.app.doors["shipstation"])
    real = door.create_orders
    refusals = []

    def create_orders(orders: Any) -> Any:
        if any(order.order_number == bad for order in orders):
            refusals.append(len(orders))
            house.faults.add("createorders", f.refusal("The batch cannot be processed."), times=1)
        return real(orders)

    door.create_orders = create_orders
    counts = house.upload()
    assert (counts["uploaded"], counts["refused"]) == (4, 1)
    assert refusals[-1] == 1
    assert statuses(house)[bad] == "pending"
    assert sorted(order.number for order in at_shipstation(house)) == sorted(set(numbers) - {bad})


@pytest.mark.parametrize("lost", [1, 3])
def test_an_answer_lost_after_the_server_accepted_makes_no_second_order(house: House, lost: int) -> None:
    numbers = placed(house)
    house.faults.add("createorders", f.lost_answer(), times=lost)
    house.upload()
    assert [order.number for order in at_shipstation(house)] == numbers
    assert set(statuses(house).values()) == {"uploaded"}
    house.wait()
    house.sync()
    assert wrong(house) == []


def all_answers_lost(house: House) -> None:
    house.faults.add("createorders", f.lost_answer())
    assert house.job(UPLOAD).status == "failed"
    house.faults.clear()


@pytest.mark.parametrize("synced_between", [True, False])
def test_when_all_answers_were_lost_the_next_run_sends_nothing_twice(house: House, synced_between: bool) -> None:
    numbers = placed(house)
    all_answers_lost(house)
    assert set(statuses(house).values()) == {"pending"}
    posts = house.asked("/orders/createorders")
    house.wait(1)
    if synced_between:
        house.sync()
    house.upload()
    assert [order.number for order in at_shipstation(house)] == numbers
    assert house.asked("/orders/createorders") == posts
    house.wait()
    house.sync()
    assert wrong(house) == []


def edited(house: House, order: Order) -> None:
    house.world.edit(order.order_id, (("17612", 7),), {"ship_to": {"street1": "1 Other Street"}})


def held(house: House, order: Order) -> None:
    house.world.hold(order.order_id, date(2026, 10, 30))


def shipped(house: House, order: Order) -> None:
    house.world.buy_label(order.order_id)


@pytest.mark.parametrize("synced_between", [True, False])
@pytest.mark.parametrize("change", [edited, held, shipped])
def test_what_a_person_did_between_the_lost_answer_and_the_retry_is_not_written_over(
    house: House, change: Callable[[House, Order], None], synced_between: bool
) -> None:
    placed(house, 1)
    all_answers_lost(house)
    house.wait(1)
    change(house, the_only(house))
    before = house.world.truth().orders
    if synced_between:
        house.sync()
    house.upload()
    after = house.world.truth().orders
    assert after == before
    house.wait()
    house.sync()
    assert wrong(house) == []


@pytest.mark.parametrize("reply", ["error", "unchanged"])
def test_a_locked_order_is_not_sent_again(tmp_path: Any, reply: Any) -> None:
    with a_house(tmp_path, switches=Switches(locked_order=reply)) as house:
        (number,) = placed(house, 1)
        all_answers_lost(house)
        house.world.buy_label(the_only(house).order_id)
        house.wait(1)
        house.upload()
        house.wait()
        house.sync()
        assert statuses(house) == {number: "shipped"}
        assert wrong(house) == []


@pytest.mark.parametrize("moment", ["before", "within"])
def test_killed_at_every_transaction_each_order_goes_up_once(house: House, moment: Any) -> None:
    died, at = True, 0
    while died:
        at += 1
        placed(house, 2)
        dying = Dying(house.app.db, at, moment)
        app = App(house.app.settings, cast(Any, dying), house.app.doors, house.app.clock)
        try:
            app.run_now(UPLOAD, {}, "test")
        except Killed:
            recover(house.app)
        died = dying.died
        house.wait(1)
        house.upload()
        keys = [order.key for order in at_shipstation(house)]
        assert len(keys) == len(set(keys)) == 2 * at
        assert set(statuses(house).values()) == {"uploaded"}
    assert at > 6
    assert house.rows("SELECT count(*) FROM orders_inbox WHERE claimed_by IS NOT NULL OR claimed_at IS NOT NULL") == [
        (0,)
    ]


@pytest.mark.parametrize("leaves", ["merge", "delete"])
def test_a_part_split_off_does_not_take_the_place_of_its_parent(house: House, leaves: str) -> None:
    """The answer is lost; then a part is split off, and the rest goes. The part has the parent's key and number."""
    (number,) = placed(house, 1)
    house.faults.add("createorders", f.lost_answer())
    assert house.job(UPLOAD).status == "failed"
    house.faults.clear()
    parent = the_only(house)
    part = house.world.split(parent.order_id, [("17612 - 250237", 1)])
    if leaves == "merge":
        house.world.merge(house.world.place_manual_order().order_id, parent.order_id)
    else:
        house.world.delete(parent.order_id)
    house.upload()
    house.wait()
    house.sync()
    ids = house.rows("SELECT order_key, shipstation_order_id, parent_order_id FROM orders_inbox WHERE order_number = "
                     "$number ORDER BY 2", number=number)  # fmt: skip
    assert ids == [
        (f"{KEY}{number}", parent.order_id, None),
        (f"shipstation:{part.order_id}", part.order_id, parent.order_id),
    ]
    assert wrong(house) == []


def test_claims_of_a_crashed_run_are_given_back_and_its_orders_sent(house: House) -> None:
    """It died between claiming and sending: the orders are looked for, are not there, and go up."""
    numbers = placed(house)
    with house.app.db.transaction() as con:
        con.execute(
            "UPDATE orders_inbox SET claimed_by = 'shipstation-upload.77', claimed_at = $now",
            {"now": house.clock.now()},
        )
    house.wait(1)
    counts = house.upload()
    assert counts["uploaded"] == 3
    assert [order.number for order in at_shipstation(house)] == numbers


def test_results_in_another_order_than_sent_are_matched_by_key(tmp_path: Any) -> None:
    with a_house(tmp_path, switches=Switches(results_shuffled=True, failed_row_order_id="null")) as house:
        numbers = placed(house, 7)
        without_postal_code(house, numbers[3])
        house.upload()
        ids = {order.number: order.order_id for order in at_shipstation(house)}
        ours = dict(house.rows("SELECT order_number, shipstation_order_id FROM orders_inbox"))
        assert ours == {number: ids.get(number) for number in numbers}


def test_a_disabled_workflow_says_so_and_sends_nothing(house: House) -> None:
    placed(house)
    with house.app.db.transaction() as con:
        workflows.set_enabled(con, UPLOAD, False, "test", house.clock.now())
    job = house.job(UPLOAD)
    assert job.status == "succeeded"
    assert (job.result or {})["disabled"] is True
    assert at_shipstation(house) == []
    assert set(statuses(house).values()) == {"pending"}


def test_manual_orders_are_never_uploaded(house: House) -> None:
    house.world.place_manual_order("100521")
    house.sync()
    house.upload()
    assert house.asked("/orders/createorders") == 0


def test_an_outage_leaves_the_orders_waiting_and_the_next_run_sends_them(house: House) -> None:
    placed(house)
    house.faults.add("createorders", f.error(503))
    assert house.job(UPLOAD).status == "failed"
    house.faults.clear()
    house.wait(5)
    house.upload()
    assert set(statuses(house).values()) == {"uploaded"}
    assert quarantine.open_entries(house.app.db.read()) == []
