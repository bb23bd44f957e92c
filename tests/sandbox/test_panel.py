"""What a person may do to the sandbox, told from its world and from what the engine makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shipsync.sandbox.home import Sandbox
from shipsync.sandbox.panel import TROUBLES, Panel
from shipsync.sandbox.people import UNKNOWN_BUNDLE
from tests.house import NOON, House


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house.world, house.faults, house.feed, house.clock.now)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", lambda: NOON, past=timedelta(hours=2)) as running:
        running.live()
        yield running


def test_orders_sold_in_the_shop_come_in_with_the_next_round(house: House, panel: Panel) -> None:
    assert "3 orders came into the shop" in panel.sell(3)
    house.job("xml-import")
    house.upload()
    house.sync()
    assert panel.standing().orders == 3
    assert house.rows("SELECT count(*) FROM orders_inbox WHERE status = 'awaiting_shipment'") == [(3,)]


def test_an_unknown_bundle_is_held_back(house: House, panel: Panel) -> None:
    assert UNKNOWN_BUNDLE in panel.sell_unknown_bundle()
    house.job("xml-import")
    assert [kind for kind, _ in house.held()] == ["shop_order"]


def test_packing_ships_everything_that_waits_and_voiding_brings_one_back(house: House, panel: Panel) -> None:
    panel.type_orders(2)
    assert panel.standing().awaiting == 2
    assert "2 orders were packed" in panel.pack_all()
    assert (panel.standing().awaiting, panel.standing().labels_today) == (0, 2)
    assert "awaits shipment again" in panel.void_newest()
    assert panel.standing().awaiting == 1


def test_an_order_is_put_on_hold_until_tomorrow(house: House, panel: Panel) -> None:
    panel.type_orders(1)
    assert "until Thu 17 Sep" in panel.hold_one()
    assert panel.standing().on_hold == 1


def test_with_nothing_there_a_deed_says_so(house: House, panel: Panel) -> None:
    assert panel.pack_all() == "Nothing awaits shipment: there was nothing to pack."
    assert panel.hold_one() == "Nothing awaits shipment: there was nothing to hold."
    assert panel.void_newest() == "There is no label to void."


@pytest.mark.parametrize("trouble", ["down", "key"])
def test_a_sync_fails_while_it_is_broken_and_succeeds_when_mended(house: House, panel: Panel, trouble: str) -> None:
    panel.type_orders(1)
    panel.switch(trouble, on=True)
    assert panel.broken == {trouble}
    assert panel.standing().broken[0].startswith(TROUBLES[trouble].label)
    assert house.job("shipstation-sync").status == "failed"
    panel.mend()
    assert panel.broken == frozenset()
    house.sync()
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(1,)]


def test_an_upload_whose_answer_is_lost_makes_no_second_order(house: House, panel: Panel) -> None:
    panel.sell(2)
    house.job("xml-import")
    panel.switch("lost", on=True)
    house.job("shipstation-upload")
    panel.switch("lost", on=False)
    house.upload()
    house.wait()
    house.sync()
    assert panel.standing().orders == 2


def test_one_poisoned_order_stands_alone_in_quarantine(house: House, panel: Panel) -> None:
    panel.type_orders(3)
    panel.switch("poison", on=True)
    assert "order 100203" in panel.standing().broken[0]
    house.sync()
    assert [kind for kind, _ in house.held()] == ["poison"]
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(2,)]


def test_orders_that_move_while_they_are_read_all_come_in(house: House, panel: Panel) -> None:
    panel.type_orders(4)
    panel.switch("drift", on=True)
    house.sync()
    house.wait()
    house.sync()
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(4,)]


def test_troubles_are_switched_off_one_by_one(house: House, panel: Panel) -> None:
    panel.switch("down", on=True)
    panel.switch("drift", on=True)
    panel.switch("down", on=False)
    assert panel.broken == {"drift"}
    house.sync()
    with pytest.raises(KeyError):
        panel.switch("rain", on=True)


def test_what_was_done_by_the_panel_survives_a_restart(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.panel.sell(2)
    sandbox.panel.type_orders(1)
    sandbox.panel.pack_all()
    before = sandbox.world.truth()
    with Sandbox(tmp_path / "sandbox", lambda: NOON) as again:
        assert again.world.truth() == before
    assert len(before.shop) >= 2
