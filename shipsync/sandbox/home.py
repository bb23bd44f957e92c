"""The sandbox of one installation: its world, its ShipStation and its shop, in one folder (DESIGN D21)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from shipsync.sandbox.faults import Faults
from shipsync.sandbox.panel import Panel
from shipsync.sandbox.server import Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World

SEED = 1
# A new world began so long ago. What happened since is lived through with the installation (past.py).
PAST = timedelta(days=60)
SHOP_WRITES_EVERY_S = 60.0


class Sandbox:
    """A running sandbox. `with Sandbox(folder, now) as sandbox: ... sandbox.url`.

    It stands still at the last thing that was done in it until `live` is called, or `go_by` another clock. What people
    did and what was uploaded is kept in the folder and survives a restart; faults that were switched on do not.
    """

    key = "sandbox"
    secret = "sandbox"  # noqa: S105 - made up, like the account behind it

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime],
        timezone: str = "America/Los_Angeles",
        *,
        past: timedelta = PAST,
    ) -> None:
        """`now` is the installation's clock, `timezone` where a new world lies; a kept one stays where it was."""
        folder.mkdir(parents=True, exist_ok=True)
        self.order_files = folder / "shop"  # its own: a folder that somebody watches may hold a real shop's file
        self.office_files = folder / "office"  # the lists that its office loads
        self.world = World.kept(SEED, now() - past, folder, timezone=timezone)
        self.feed = ShopFeed(self.world, self.order_files)
        self.faults = Faults()
        self._real_now = self._now = now
        self.server = Server(self.world, self.now, key=self.key, secret=self.secret, faults=self.faults)
        self.panel = Panel(self.world, self.faults, self.feed, self.now)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where its ShipStation answers."""
        return self.server.url

    def now(self) -> datetime:
        """The instant the world lives at."""
        return self._now()

    def go_by(self, now: Callable[[], datetime]) -> None:
        """Let the world live by another clock, until `live`."""
        self._now = now

    def live(self) -> None:
        """Live by the installation's clock from here on: catch up, and let the shop write its file each minute."""
        self._now = self._real_now
        self._shop_writes()
        self._thread = threading.Thread(target=self._live_on, name="sandbox-shop", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self.server.stop()
        self.world.close()

    def _live_on(self) -> None:
        while not self._stopping.wait(SHOP_WRITES_EVERY_S):
            self._shop_writes()

    def _shop_writes(self) -> None:
        self.world.advance_to(self.now())
        self.feed.write()
