"""A whole small installation for tests: the real engine over real HTTP against an embedded ShipStation.

Time stands still unless a test moves it. The database is in memory, or a file where a test needs one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shipsync.config import load_settings
from shipsync.doors.mail import MailFolder
from shipsync.runtime import App, Clock, open_door, prepare_database
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.faults import Faults
from shipsync.sandbox.server import Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from shipsync.store import marks, quarantine
from shipsync.store.db import open_database
from shipsync.store.jobs import Job

# A Wednesday noon in the warehouse, far from any clock change.
NOON = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
SYNC, UPLOAD, IMPORT = "shipstation-sync", "shipstation-upload", "xml-import"


class House:
    """The warehouse of one test: its clock, its ShipStation, its shop and its database."""

    def __init__(self, app: App, clock: VirtualClock, world: World, server: Server, feed: ShopFeed) -> None:
        self.app = app
        self.clock = clock
        self.world = world
        self.server = server
        self.faults = server.faults
        self.feed = feed

    def wait(self, minutes: float = 5) -> None:
        """Let time pass, here and at ShipStation."""
        self.clock.sleep(minutes * 60)
        self.world.advance_to(self.clock.now())

    def job(self, kind: str, arguments: Mapping[str, object] | None = None) -> Job:
        """Run one job to its end, however it ends."""
        return self.app.run_now(kind, arguments or {}, "test")

    def sync(self, *, everything: bool = False) -> Mapping[str, Any]:
        """Run one sync that succeeds. Returns its figures."""
        job = self.job(SYNC, {"everything": True} if everything else {})
        assert job.status == "succeeded", job.error
        return job.result or {}

    def import_shop(self) -> Mapping[str, Any]:
        """Let the shop write its file, and import it."""
        self.feed.write()
        job = self.job(IMPORT)
        assert job.status == "succeeded", job.error
        return job.result or {}

    def upload(self) -> Mapping[str, Any]:
        """Run one upload that succeeds."""
        job = self.job(UPLOAD)
        assert job.status == "succeeded", job.error
        return job.result or {}

    def loop(self) -> None:
        """One round: import, upload, and five minutes later a sync."""
        self.import_shop()
        self.upload()
        self.wait()
        self.sync()

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """What a query says now."""
        return self.app.db.read().rows(sql, parameters)

    def order(self, order_number: str) -> dict[str, Any]:
        """The only order here with that number, by column."""
        table = self.app.db.read().table(
            "SELECT * FROM orders_inbox WHERE order_number = $number", {"number": order_number}
        )
        rows: list[dict[str, Any]] = table.to_pylist()
        assert len(rows) == 1, f"{len(rows)} orders numbered {order_number}"
        return rows[0]

    def mark(self) -> tuple[datetime | None, datetime | None]:
        """(newest modifyDate applied, complete through) of the sync."""
        mark = marks.mark_of(self.app.db.read(), SYNC)
        return mark.last_sync_timestamp, mark.complete_through

    def held(self) -> list[tuple[str, str]]:
        """(kind, reason) of what stands open in quarantine."""
        return [(one.entry.kind, one.entry.reason) for one in quarantine.open_entries(self.app.db.read())]

    def left(self, order_number: str) -> list[tuple[Any, ...]]:
        """(ship date, SKU text, base SKU, lot, quantity, tracking number) of what left of an order, in order."""
        return self.rows(
            """
            SELECT ship_date, sku_lot, base_sku, lot, quantity, tracking_number
            FROM shipped_items
            WHERE order_number = $number
            ORDER BY ship_date, parcel_id, line_no
            """,
            number=order_number,
        )

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """The contents of the tables that a sync applies, to compare before and after."""
        names = ("orders_inbox", "order_items_inbox", "shipstation_order_line_items", "shipments", "shipment_items",
                 "fulfillments", "shipped_orders", "shipped_items", "routing_log", "sync_watermark")  # fmt: skip
        return {name: self.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in names}  # noqa: S608 - our tables

    def asked(self, path: str) -> int:
        """How many requests went to a path so far."""
        return sum(1 for one in self.server.requests if one.path == path)


@contextmanager
def a_house(
    folder: Path,
    *,
    start: datetime = NOON,
    orders_per_day: float = 0,
    seed: int = 1,
    switches: Switches | None = None,
    database: Path | None = None,
    zone: str = "America/Los_Angeles",
) -> Iterator[House]:
    """Build a house in a time zone; with `orders_per_day` its people live, else only the test acts."""
    clock = VirtualClock(start)
    time = Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())
    world = World(seed, start, orders_per_day=orders_per_day, switches=switches or Switches())
    settings = load_settings({"SHIPSYNC_TIMEZONE": zone}, None)
    with Server(world, clock.now, faults=Faults()) as server, open_database(database) as db:
        prepare_database(db, settings, start)
        door = open_door(server.url, "sandbox", "sandbox", time)
        doors = {"shipstation": door, "order_files": folder / "shop", "mail": MailFolder(folder / "outbox")}
        app = App(settings, db, doors, time)
        yield House(app, clock, world, server, ShopFeed(world, folder / "shop"))
        door.close()


def minutes(amount: float) -> timedelta:
    """A duration."""
    return timedelta(minutes=amount)
