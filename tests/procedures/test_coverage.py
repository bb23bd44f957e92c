"""What has to be met before a cut-over, counted on a world in which each of it happened once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.rules.gates import CLASSES
from shipsync.store import gates
from tests.house import House, a_house
from tests.procedures.migrating import compared, ran, shadow

# Clocks go back in the night to 1 November.
BEFORE_THE_CHANGE = datetime(2026, 10, 30, 20, 0, tzinfo=UTC)
RINSE = (("17612 - 250237", 2),)


def each_once(house: House) -> None:
    """An order for each kind; whatever takes two versions of an order is read in between."""
    world = house.world
    held, cancelled, several, anew, shipped = (world.place_manual_order(items=RINSE).order_id for _ in range(5))
    parent = world.place_manual_order(items=(("17612 - 250237", 2), ("17904", 1)))
    survivor, merged = (world.place_manual_order(items=RINSE).order_id for _ in range(2))
    world.place_manual_order(items=(("99999", 1),))
    no_lot = world.place_manual_order(items=(("17904", 1),)).order_id
    world.hold(held, until=date(2026, 12, 1))
    first = world.buy_label(anew).shipment_id
    for order_id in (shipped, no_lot):
        world.buy_label(order_id)
    house.wait(5)
    ran(house, UNIFIED)
    house.wait(5)
    world.release(held)
    world.cancel(cancelled)
    world.void(first)
    house.wait(1)
    world.buy_label(anew)
    world.mark_shipped(several)
    world.buy_label(several)
    world.touch(shipped)
    world.split(parent.order_id, (("17904", 1),))
    world.merge(survivor, merged)
    house.wait(5)


def test_each_kind_is_counted_once_both_sides_have_passed_it(tmp_path: Path) -> None:
    with a_house(tmp_path, start=BEFORE_THE_CHANGE) as house:
        shadow(house)
        compared(house, "noise")
        compared(house, "replay")
        each_once(house)
        ran(house, UNIFIED)
        house.wait(37 * 60)  # to the hours in which one comes twice
        house.world.place_manual_order(items=RINSE)
        house.wait(30)
        with house.app.db.transaction() as con:
            con.execute("UPDATE parity_deployment SET state = 'shadow_live'")
        before = gates.facts(house.app.db.read(), house.clock.now()).met
        assert before["new manual order"].recorded == 0  # legacy has passed nothing yet
        house.wait(30)
        ran(house, *LEGACY)
        house.sync(everything=True)
        met = gates.facts(house.app.db.read(), house.clock.now()).met
        assert set(met) == set(CLASSES)
        lacking = {name for name, one in met.items() if not one.recorded}
        # Those two take more than one page.
        assert lacking == {"more than one page", "over 500 orders in one window"}
        assert all(one.made_up == CLASSES[name] for name, one in met.items())
