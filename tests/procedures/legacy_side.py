"""Two installations over one world: one kept by the legacy workflows, one by the unified sync."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shipsync.config import load_settings
from shipsync.doors.mail import MailFolder
from shipsync.doors.shipstation.rate import ALLOWED
from shipsync.rules.legacy import LEGACY
from shipsync.runtime import App, Clock, open_door, prepare_database
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from shipsync.store.cursor import Cursor
from shipsync.store.db import open_database
from tests.house import IMPORT, SYNC, UPLOAD

# A Monday, seven in the morning in the warehouse.
MONDAY = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)

# What both sides should have alike of an order, each row beginning with its id. Whole rows, but for what each side
# says of itself: when it saw and wrote something, and the hashes that only the unified sync keeps.
COMPARED: Mapping[str, str] = {
    "order": """
        SELECT shipstation_order_id, order_number, source_system, status, status_reason, shipstation_status,
               shipping_carrier_code, shipping_carrier_id, shipping_service_code, shipping_service_name,
               tracking_number, ship_date, hold_until, modified_at
        FROM orders_inbox
        WHERE shipstation_order_id IS NOT NULL
    """,
    "manual order": """
        SELECT shipstation_order_id, ordered_at, email, order_total, ship_name, ship_company, ship_street1,
               ship_street2, ship_city, ship_state, ship_postal_code, ship_country, ship_phone, bill_name, bill_street1
        FROM orders_inbox
        WHERE source_system = 'ShipStation Manual'
    """,
    "item": """
        SELECT o.shipstation_order_id, i.*
        FROM order_items_inbox i
        JOIN orders_inbox o USING (order_key)
        WHERE o.shipstation_order_id IS NOT NULL
    """,
    "line": "SELECT * FROM shipstation_order_line_items",
    "label": """
        SELECT shipstation_order_id, * EXCLUDE (shipstation_order_id, content_hash, first_seen_at, updated_at)
        FROM shipments
        WHERE shipstation_order_id IN (SELECT shipstation_order_id FROM orders_inbox)
    """,
    "label item": """
        SELECT s.shipstation_order_id, i.*
        FROM shipment_items i
        JOIN shipments s USING (shipment_id)
        WHERE s.shipstation_order_id IN (SELECT shipstation_order_id FROM orders_inbox)
    """,
    "mark": """
        SELECT shipstation_order_id, * EXCLUDE (shipstation_order_id, content_hash, first_seen_at, updated_at)
        FROM fulfillments
        WHERE shipstation_order_id IN (SELECT shipstation_order_id FROM orders_inbox)
    """,
    "shipped order": """
        SELECT shipstation_order_id, * EXCLUDE (shipstation_order_id, updated_at, parcels_asked_at)
        FROM shipped_orders
    """,
    "shipped item": "SELECT shipstation_order_id, * EXCLUDE (shipstation_order_id) FROM shipped_items",
    "stock": """
        SELECT shipstation_order_id, parcel_kind, parcel_id, sku, lot, sum(quantity)
        FROM inventory_transactions
        WHERE kind IN ('ship', 'void')
        GROUP BY ALL
        HAVING sum(quantity) <> 0
    """,
}


def be_before_the_move(app: App) -> None:
    """Make the legacy workflows those that write production, switched on."""
    with app.db.transaction() as con:
        con.execute("DELETE FROM parity_deployment")
        con.execute(
            """
            INSERT INTO parity_deployment (name, state, changed_at, changed_by)
            VALUES ('sync', 'off', $now, 'test')
            """,
            {"now": app.now()},
        )
        con.execute("UPDATE workflow_controls SET enabled = true")


@dataclass
class Sides:
    """Both installations, the world they look at, and the clock all go by."""

    clock: VirtualClock
    world: World
    feed: ShopFeed
    legacy: App  # it also sends the shop's orders up
    unified: App
    servers: Mapping[str, Server]  # by side: each counts its own requests

    def wait(self, minutes: float) -> None:
        """Let time pass."""
        self.clock.sleep(minutes * 60)
        self.world.advance_to(self.clock.now())

    def send_up(self) -> None:
        """Import and upload the shop's orders, and let the unified side know what the upload set."""
        self.feed.write()
        run(self.legacy, IMPORT)
        run(self.legacy, UPLOAD)
        bring_over(self.legacy, self.unified)

    def unify(self, *, everything: bool = False) -> None:
        """One unified sync."""
        run(self.unified, SYNC, {"everything": True} if everything else {})

    def run_legacy(self) -> None:
        """An hour of the legacy workflows."""
        for workflow in LEGACY:
            run(self.legacy, workflow)

    def settle(self) -> None:
        """Let both see all there is: what one of the legacy workflows brought in the other one completes."""
        for _ in range(2):
            self.wait(31)
            self.run_legacy()
            self.unify(everything=True)

    def differences(self) -> dict[int, list[tuple[str, str, tuple[Any, ...]]]]:
        """By ShipStation order: what only one side has, as (kind of row, side, row)."""
        found: dict[int, list[tuple[str, str, tuple[Any, ...]]]] = {}
        for kind, query in COMPARED.items():
            here, there = (set(app.db.read().rows(query)) for app in (self.legacy, self.unified))
            for side, rows in (("legacy", here - there), ("unified", there - here)):
                for row in rows:
                    found.setdefault(row[0], []).append((kind, side, row))
        return found


def run(app: App, kind: str, arguments: Mapping[str, object] | None = None) -> None:
    """Run one job that succeeds."""
    job = app.run_now(kind, arguments or {}, "test")
    assert job.status == "succeeded", (kind, job.error)


def bring_over(control: App, candidate: App) -> None:
    """Copy the shop's orders that went up at one side to the other, as they were when they had gone up."""
    tables = {name: control.db.read().table(f"SELECT * FROM {name} WHERE source_system = 'X-Cart'")  # noqa: S608
              for name in ("orders_inbox", "order_items_inbox")}  # fmt: skip
    with candidate.db.transaction() as con:
        known = "SELECT order_key FROM orders_inbox WHERE shipstation_order_id IS NOT NULL"
        con.execute(f"CREATE TEMP TABLE known AS {known}")
        for name, table in tables.items():
            _replace_unknown(con, name, table)


def _replace_unknown(con: Cursor, name: str, table: Any) -> None:
    con.register("theirs", table)
    con.execute(f"DELETE FROM {name} WHERE order_key NOT IN (SELECT order_key FROM known) AND source_system = 'X-Cart'")  # noqa: S608
    con.execute(
        f"INSERT INTO {name} BY NAME SELECT * FROM theirs WHERE order_key NOT IN (SELECT order_key FROM known)"  # noqa: S608
    )
    con.unregister("theirs")


@contextmanager
def two_sides(
    folder: Path,
    *,
    seed: int = 1,
    orders_per_day: float = 0,
    switches: Switches | None = None,
    start: datetime = MONDAY,
    requests_per_minute: int = 40,
) -> Iterator[Sides]:
    """Build both over one world; with `orders_per_day` its people live, else only the test acts.

    Beyond ShipStation's own limit of requests nobody waits, and time stands still while a side works.
    """
    clock = VirtualClock(start)
    waits = requests_per_minute <= ALLOWED
    time = Clock(clock.now, clock.sleep if waits else lambda seconds: None, lambda: clock.now().timestamp())
    world = World(seed, start, orders_per_day=orders_per_day, switches=switches or Switches())
    settings = load_settings({"SHIPSYNC_TIMEZONE": "America/Los_Angeles"}, None)
    apps, servers = {}, {}
    with ExitStack() as stack:
        for side in ("legacy", "unified"):
            server = stack.enter_context(Server(world, clock.now, requests_per_minute=requests_per_minute))
            db = stack.enter_context(open_database(None, threads=1))
            prepare_database(db, settings, start)
            door = open_door(server.url, "sandbox", "sandbox", time, jitter=random.Random(seed))
            stack.callback(door.close)
            doors = {"shipstation": door, "order_files": folder / "shop", "mail": MailFolder(folder / side)}
            apps[side], servers[side] = App(settings, db, doors, time), server
        be_before_the_move(apps["legacy"])
        yield Sides(clock, world, ShopFeed(world, folder / "shop"), apps["legacy"], apps["unified"], servers)
