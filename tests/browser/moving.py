"""A served warehouse that moves from the legacy workflows to the unified sync, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import requests

from shipsync.config import load_settings
from shipsync.rules.deployment import LEGACY
from shipsync.runtime import App, Clock, open_door, prepare_database
from shipsync.store.db import open_database
from tests.browser.serving import Warehouse
from tests.browser.virtual_time import SharedClock
from tests.house import House
from tests.procedures.migrating import live

# A Friday noon in the warehouse. Clocks go back in the night to Sunday, at nine in the morning UTC.
FRIDAY = datetime(2026, 10, 30, 19, 0, tzinfo=UTC)
CLOCKS_GO_BACK = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
BEHIND, EVERY = timedelta(days=24), timedelta(days=6)  # what legacy has lived through, and how often it came round
ORDERS = 160  # in each of those spans: with their items and parcels some 3,000 records in all
# The schedule comes round no more often, so that two days pass in some seconds; gates allow a pause of five hours.
STEP_MINUTES = 240
RINSE, PASTE, NO_KEY = ("17612 - 250237", 2), ("17904", 1), ("99999", 1)


class Moving(Warehouse):
    """A warehouse that goes over. `begin` has it live through what lies behind, `begin_lived` makes that up."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = SharedClock(folder / "now")
        self.clock.set(FRIDAY - BEHIND)
        launcher = ("tests/browser/on_virtual_time.py",)
        super().__init__(folder, launcher, now=self.clock.now, SHARED_CLOCK=str(folder / "now"))

    def begin_lived(self) -> None:
        """Start it where two days of comparing are over: a few orders are real, the comparisons are written down."""
        settings = load_settings(self.environment, None)
        time = Clock(self.clock.now, self.clock.sleep, lambda: self.clock.now().timestamp())
        with open_database(self.served.database) as db:
            prepare_database(db, settings, self.now())
            door = open_door(self.shipstation.url, "sandbox", "sandbox", time)
            house = House(
                App(settings, db, {"shipstation": door}, time), self.clock, self.world, self.shipstation, self.feed
            )
            self.world.bulk_orders(20, timedelta(days=1), self.now(), shipped_share=0.5)
            live(house)
            door.close()
        self.served.start()

    def begin(self) -> None:
        """Start it where legacy writes production, and four weeks of that are lived through."""
        self.served.start()
        asked = {"by": "Ann", "reason": "before the move"}
        answer = requests.post(f"{self.url}/api/parity/rollback", json=asked, timeout=60)
        assert answer.status_code == 200, answer.text
        for _ in range(BEHIND // EVERY):
            self.clock.sleep(EVERY.total_seconds())
            self.catch_up()
            self.world.bulk_orders(ORDERS, EVERY, self.clock.now(), shipped_share=0.9)
            for workflow in LEGACY[::-1]:
                assert self.run(workflow)["status"] == "succeeded"
        assert self.run("backup")["status"] == "succeeded"

    def live(self, hours: float) -> None:
        """Let time pass, in which the schedule has done what is due."""
        minutes = {"minutes": hours * 60, "every": min(hours * 60, STEP_MINUTES)}
        answer = requests.post(f"{self.url}/live", json=minutes, timeout=600)
        assert answer.status_code == 200, answer.text
        self.catch_up()

    def live_two_days(self) -> None:
        """Of each kind of orders and events so many happen as the gate wants to have met."""
        for _ in self._happens():
            self.live(12)
        self.live((CLOCKS_GO_BACK - self.now()) / timedelta(hours=1))
        self.world.place_manual_order(items=(RINSE,))
        self.live(12)

    def orders(self) -> int:
        """How many orders production has."""
        count: int = sum(self.served.get("/api/status")["orders"].values())
        return count

    def _happens(self) -> Iterator[None]:
        """In three parts: an order takes part in a kind only if it was read before and after."""
        world = self.world
        three = ([world.place_manual_order(items=(RINSE, PASTE)).order_id for _ in range(3)] for _ in range(8))
        held, cancelled, several, anew, parents, survivors, merged, no_lot = three
        shipped = [world.place_manual_order(items=(RINSE,)).order_id for _ in range(20)]
        for _ in range(20):
            world.place_manual_order(items=(NO_KEY,))
        for number in ("100777", "100777", "101777", "101777", "102777", "102777"):
            world.place_manual_order(number, items=(RINSE,))
        for order_id in held:
            world.hold(order_id, until=date(2026, 12, 1))
        first = [world.buy_label(order_id).shipment_id for order_id in anew]
        yield
        for order_id in (*shipped, *no_lot):
            world.buy_label(order_id)
        for order_id in several:
            world.buy_label(order_id, (RINSE,))
            world.buy_label(order_id, (PASTE,))
        for order_id in held:
            world.release(order_id)
        for order_id in cancelled:
            world.cancel(order_id)
        for label in first:
            world.void(label)
        for order_id in parents:
            world.split(order_id, (PASTE,))
        for survivor, gone in zip(survivors, merged, strict=True):
            world.merge(survivor, gone)
        yield
        for order_id in anew:
            world.buy_label(order_id)
        for order_id in shipped[:3]:
            world.touch(order_id)
        yield
