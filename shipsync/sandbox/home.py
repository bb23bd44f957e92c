"""The sandbox of one installation: its world, its ShipStation and its shop, in one folder (DESIGN D21)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from shipsync.sandbox.server import Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World

log = logging.getLogger(__name__)

SEED = 1
# A new world has lived so long already, so that nothing on a screen is empty.
PAST = timedelta(days=60)
SHOP_WRITES_EVERY_S = 60.0


class Sandbox:
    """A running sandbox. `with Sandbox(folder, now) as sandbox: ... sandbox.url`; it lives on while it is open.

    What people did and what was uploaded is kept in the folder and survives a restart.
    """

    key = "sandbox"
    secret = "sandbox"  # noqa: S105 - made up, like the account behind it

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.order_files = folder / "shop"  # its own: a folder that somebody watches may hold a real shop's file
        self._now = now
        self.world = World.resumed(SEED, now(), folder, history=PAST)
        self.feed = ShopFeed(self.world, self.order_files)
        self.server = Server(self.world, now, key=self.key, secret=self.secret)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="sandbox-shop", daemon=True)

    @property
    def url(self) -> str:
        """Where its ShipStation answers."""
        return self.server.url

    def __enter__(self) -> Self:
        self.feed.write()
        self.server.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self.server.stop()
        self.world.close()

    def _live(self) -> None:
        """Let the shop write its file anew each minute, as the real one does."""
        while not self._stopping.wait(SHOP_WRITES_EVERY_S):
            self.world.advance_to(self._now())
            self.feed.write()
