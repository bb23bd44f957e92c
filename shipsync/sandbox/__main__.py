"""Run the embedded ShipStation alone: `python -m shipsync.sandbox --port 8899 --seed 7 --state DIR`."""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import timedelta
from pathlib import Path

from shipsync.sandbox.clock import RealClock
from shipsync.sandbox.server import Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World

_SHOP_EVERY_S = 60.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m shipsync.sandbox", description="An embedded ShipStation on 127.0.0.1, on the real clock."
    )
    parser.add_argument("--port", type=int, default=8899, help="port to listen on; 0 takes a free one (default 8899)")
    parser.add_argument("--seed", type=int, default=1, help="which world (default 1)")
    parser.add_argument("--state", type=Path, help="folder in which deeds and uploads survive a restart")
    parser.add_argument("--orders-per-day", type=float, default=30, help="0: nothing happens by itself (default 30)")
    parser.add_argument("--history-days", type=float, default=3, help="a new world began so long ago (default 3)")
    parser.add_argument("--shop-folder", type=Path, help="write the shop's orders.xml here every minute")
    parser.add_argument("--requests-per-minute", type=int, default=40, help="rate limit (default 40)")
    parser.add_argument("--key", default="sandbox", help="API key (default sandbox)")
    parser.add_argument("--secret", default="sandbox", help="API secret (default sandbox)")
    return parser.parse_args()


def main() -> None:
    """Serve until interrupted."""
    chosen = _arguments()
    clock = RealClock()
    world = World.resumed(
        chosen.seed,
        clock.now(),
        chosen.state,
        history=timedelta(days=chosen.history_days),
        orders_per_day=chosen.orders_per_day,
    )
    feed = ShopFeed(world, chosen.shop_folder) if chosen.shop_folder else None
    over = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: over.set())
    with Server(
        world,
        clock.now,
        port=chosen.port,
        key=chosen.key,
        secret=chosen.secret,
        requests_per_minute=chosen.requests_per_minute,
    ) as server:
        print(
            f"ShipStation (embedded) at {server.url}, seed {chosen.seed}, {len(world.books.orders)} orders.", flush=True
        )
        while True:
            world.advance_to(clock.now())
            if feed is not None:
                feed.write()
            if over.wait(_SHOP_EVERY_S):
                break
    world.close()


if __name__ == "__main__":
    main()
