"""Shadow begins on a warehouse with a past: what one side has from before stands as no difference."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shipsync.procedures import parity
from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.store import deployment, parity_results
from shipsync.store.deployment import Changed
from shipsync.store.parity_results import Run
from tests.house import NOON, House, a_house, minutes
from tests.procedures.migrating import backed_up, both, go, ran

RINSE, PASTE = ("17612 - 250237", 3), ("18795", 1)


def begins(house: House) -> None:
    """Legacy writes production from now on, and the unified sync begins beside it, with nothing; compared live."""
    if deployment.state_of(house.app.db.read()) == "done":
        go(house, "rollback")
    ran(house, *LEGACY)
    go(house, "begin")
    both(house)
    with house.app.db.transaction() as con:
        number, now = deployment.next_change_no(con), house.clock.now()
        changed = Changed(number, now, "Ann", "shadow_replay", "shadow_live", "as planned", "[]", "0" * 64, "{}")
        deployment.put_change(con, changed, None)


def compared(house: House, mode: str = "live") -> Run:
    """A comparison now."""
    assert house.job(parity.WORKFLOW).status == "succeeded"
    run = parity_results.newest_run(house.app.db.read(), mode)
    assert run is not None
    return run


def passes(house: House) -> None:
    """Both come round, whatever there is."""
    house.wait(70)
    ran(house, *LEGACY)
    house.sync(everything=True)


def standing(house: House) -> list[tuple[str, str, str]]:
    """What the newest comparison found otherwise, but for what is meant: (verdict, entity, field)."""
    found = parity_results.differences(house.app.db.read(), ["live"])
    return [(one.verdict, one.entity, one.field) for one in found if one.verdict != "explained" and not one.gone_at]


def explained(house: House) -> set[tuple[int | None, str | None]]:
    """The orders that differ as is meant, and why."""
    found = parity_results.differences(house.app.db.read(), ["live"], verdicts=["explained"])
    return {(one.order_id, one.rule) for one in found}


@pytest.mark.sweep
@pytest.mark.parametrize("before", ["off", "done"])
def test_orders_that_were_gone_when_shadow_began_stand_as_no_difference(tmp_path: Path, before: str) -> None:
    with a_house(tmp_path) as house:
        if before == "off":
            go(house, "rollback")
        world, writers = house.world, LEGACY if before == "off" else (UNIFIED,)
        numbers = [world.place_shop_order((("17612", 2),)).number for _ in range(3)]
        house.import_shop()
        house.upload()
        ids = {order.number: order_id for order_id, order in world.books.orders.items()}
        for_shop = [ids[number] for number in numbers]
        typed = [world.place_manual_order(items=(RINSE, PASTE)).order_id for _ in range(3)]
        house.wait(10)
        ran(house, *writers)
        for deleted, merged, survivor in (for_shop, typed):
            world.delete(deleted)
            world.merge(survivor, merged)
        house.wait(26 * 60)
        begins(house)
        for _ in range(2):
            passes(house)
            assert compared(house).confirmed == 0
        assert standing(house) == []
        gone = {order_id for order_id, why in explained(house) if why in ("gone at ShipStation", "vanished")}
        assert gone >= {*typed[:2], *(for_shop[:2] if before == "off" else for_shop[1:2])}


@pytest.mark.sweep
def test_what_moves_on_an_order_from_before_both_began_is_not_compared(tmp_path: Path) -> None:
    """Its first parcels are older than the unified sync reads back to, so it never has all of it."""
    with a_house(tmp_path) as house:
        world = house.world
        parted, returned, voided, reshipped = (
            world.place_manual_order(items=(RINSE, PASTE)).order_id for _ in range(4)
        )
        world.buy_label(parted, (RINSE,))
        world.buy_label(returned)
        labels = [world.buy_label(voided, (one,)).shipment_id for one in (RINSE, PASTE)]
        world.buy_label(reshipped)
        house.sync()
        house.wait(35 * 24 * 60)
        begins(house)
        world.buy_label(parted, (PASTE,))
        world.buy_label(returned, is_return=True)
        world.void(labels[0])
        world.buy_label(reshipped)
        new = world.place_manual_order(items=(RINSE,)).order_id
        world.buy_label(new)
        for _ in range(2):
            passes(house)
            run = compared(house)
        assert standing(house) == []
        assert run.matched == run.compared >= 5  # the new one as a whole, and the newer labels of the others


@pytest.mark.sweep
@pytest.mark.parametrize(("before", "seed"), [("off", 3), ("done", 4)])
def test_a_lived_past_leaves_no_difference_standing(tmp_path: Path, before: str, seed: int) -> None:
    past = timedelta(days=9)  # longer than status-sync looks back
    with a_house(tmp_path, orders_per_day=60, seed=seed, start=NOON - minutes(10 * 60) - past) as house:
        if before == "off":
            go(house, "rollback")
        writers = LEGACY if before == "off" else (UNIFIED,)
        for quarter in range(round(past / minutes(15)) + 4 * 24):
            if quarter == round(past / minutes(15)):
                begins(house)
                writers = (UNIFIED,)
            house.wait(15)
            has_begun = quarter >= round(past / minutes(15))
            if quarter % (2 if has_begun else 12) == 0:
                house.import_shop()
                house.upload()
                ran(house, *writers)
            if has_begun and quarter % 4 == 1:
                ran(house, *LEGACY)
            if has_begun and quarter % 8 == 7:
                run = compared(house)
                assert (run.confirmed, run.overdue) == (0, 0), standing(house)
        assert run.compared > 500


def test_before_both_have_come_round_once_nothing_is_called_overdue(tmp_path: Path) -> None:
    with a_house(tmp_path, orders_per_day=40, seed=3, start=NOON - minutes(8 * 60)) as house:
        for _ in range(2):
            house.wait(4 * 60)
            house.import_shop()
            house.upload()
        house.sync()
        backed_up(house)
        go(house, "begin")
        ran(house, "status-sync")
        first = compared(house, "reverse")
        assert (first.pending > 50, first.overdue) == (True, 0)
        house.clock.sleep(10 * 3600)
        assert compared(house, "reverse").overdue > 0  # the other one of legacy stands still
