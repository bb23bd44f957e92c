"""The plan's cases played twice: live against the embedded ShipStation, and as a recorded conversation.

A case says what people do at ShipStation (`happens`) and what must stand here afterwards. On the live stage people do
it; a recorded conversation holds it already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shipsync.config import load_settings
from shipsync.runtime import App, Clock, open_door, prepare_database
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.world import World
from shipsync.store.db import open_database
from tests.doors.cassettes.make import FIRST
from tests.doors.cassettes.play import URL, playing
from tests.house import IMPORT, House, a_house

T = TypeVar("T")

SHOP_FILE = Path(__file__).parents[1] / "samples" / "xcart_orders_example.xml"
# The day on which the recorded conversations take place, in ShipStation's own calendar.
LOT = "250237"


class Stage(House):
    """A house in which a plan case is played, at the instant of the recordings."""

    carrier_id: int  # of the account's stamps_com

    def happens(self, deed: Callable[[World], T]) -> T | None:
        """Let people do something at ShipStation; None where the recording holds it already."""
        raise NotImplementedError

    def shop_order(self) -> None:
        """Shop order 700015 arrives and is uploaded; lot 250237 of 17612 is active."""
        with self.app.db.transaction() as con:
            con.execute("UPDATE products SET active_lot = $lot WHERE sku = '17612'", {"lot": LOT})
        self.bring_shop_order()
        self.upload()

    def bring_shop_order(self) -> None:
        """Import the shop's file, which holds 700015."""
        raise NotImplementedError


class Live(Stage):
    """Played against the embedded ShipStation, over HTTP."""

    carrier_id = 150760

    def happens(self, deed: Callable[[World], T]) -> T | None:
        """Let people do it, now."""
        return deed(self.world)

    def bring_shop_order(self) -> None:
        """Somebody orders in the shop, and the shop writes its file."""
        self.world.place_shop_order((("17612", 3),), number="700015")
        self.import_shop()


class Recorded(Stage):
    """Played from a cassette; there is no world, and time alone passes."""

    carrier_id = 150759

    def __init__(self, app: App, clock: VirtualClock, folder: Path, cassette: Any) -> None:
        self.app = app
        self.clock = clock
        self.folder = folder
        self.cassette = cassette

    def happens(self, deed: Callable[[World], T]) -> T | None:
        """It is in the recording."""
        return None

    def wait(self, minutes: float = 5) -> None:
        """Let time pass."""
        self.clock.sleep(minutes * 60)

    def bring_shop_order(self) -> None:
        """Import the sample file's order 700015 alone."""
        text = SHOP_FILE.read_text()
        end = text.index("</order>") + len("</order>")
        self.folder.mkdir(exist_ok=True)
        (self.folder / "orders.xml").write_text(text[:end].replace("<amount>2<", "<amount>3<") + "\n</orders>\n")
        job = self.job(IMPORT)
        assert job.status == "succeeded", job.error

    def asked(self, path: str) -> int:
        """How many answers of a path were played."""
        return sum(
            self.cassette.play_counts[index]
            for index, (request, _) in enumerate(self.cassette.data)
            if request.path == path
        )


@contextmanager
def a_live_stage(folder: Path) -> Iterator[Stage]:
    """The embedded ShipStation at the instant of the recordings."""
    with a_house(folder, start=FIRST) as house:
        yield Live(house.app, house.clock, house.world, house.server, house.feed)


@contextmanager
def a_recorded_stage(folder: Path, name: str) -> Iterator[Stage]:
    """One cassette of tests/cassettes as the ShipStation of a house."""
    clock = VirtualClock(FIRST)
    time = Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())
    settings = load_settings({}, None)
    with playing(name) as cassette, open_database(None) as db:
        prepare_database(db, settings, FIRST)
        door = open_door(URL, "sandbox", "sandbox", time)
        app = App(settings, db, {"shipstation": door, "order_files": folder / "shop"}, time)
        yield Recorded(app, clock, folder / "shop", cassette)
        door.close()
