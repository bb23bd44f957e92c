"""What people do at ShipStation and in the shop, by seed: many kinds of things in little time."""

from __future__ import annotations

import random
from datetime import timedelta

from shipsync.sandbox.order_book import NotThere, Refused
from shipsync.sandbox.world import World

_OPEN = ("awaiting_shipment", "awaiting_payment", "on_hold")
_WEIGHTS = {
    "shop": 6.0,
    "shop edit": 1.0,
    "manual": 3.0,
    "label": 5.0,
    "part": 1.0,
    "void": 1.5,
    "edit": 2.0,
    "mark": 1.0,
    "cancel": 1.0,
    "hold": 1.0,
    "merge": 0.5,
    "split": 1.0,
    "touch": 1.0,
    "delete": 0.3,
    "return": 0.3,
    "loose": 0.3,
}


class Deeds:
    """Does things in a world, one after the other, at the world's now."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._random = rng

    def act(self, deeds: int) -> None:
        """Do so many."""
        done = 0
        while done < deeds:
            try:
                self._do(self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0])
            except (Refused, NotThere, IndexError):
                continue  # there is no such order, or somebody was quicker
            done += 1

    def _do(self, what: str) -> None:
        rng, world = self._random, self._world
        quantity, lot = rng.randint(1, 9), rng.choice(["", " - 250237", "-250238"])
        if what == "shop":
            world.place_shop_order([("17612", quantity), ("17914", 1 + quantity % 3)][: rng.randint(1, 2)])
        elif what == "shop edit":
            world.edit_shop_order(rng.choice(list(world.shop_orders)[-10:]), [("17904", quantity)])
        elif what == "manual":
            world.place_manual_order(items=[(f"17612{lot}", quantity), ("17904 - 250240", 2)])
        elif what == "label":
            world.buy_label(self._open_order())
        elif what == "part":
            world.buy_label(self._open_order(), items=[("17612 - 250237", 1)])
        elif what == "void":
            standing = [one.shipment_id for one in world.books.shipments.values() if one.voided is None]
            world.void(rng.choice(standing[-20:]))
        elif what == "edit":
            world.edit(self._open_order(), items=[(f"18675{lot}", quantity)])
        elif what == "mark":
            world.mark_shipped(self._open_order())
        elif what == "cancel":
            world.cancel(self._open_order())
        elif what == "hold":
            world.hold(self._open_order(), (world.now + timedelta(days=rng.choice((1, 3)))).date())
        elif what == "merge":
            world.merge(self._open_order(), self._open_order())
        elif what == "split":
            world.split(self._open_order(), [("17612 - 250237", 1)])
        elif what == "touch":
            world.touch(rng.choice(self._orders(("shipped", *_OPEN))))
        elif what == "delete":
            world.delete(self._open_order())
        elif what == "return":
            world.buy_label(rng.choice(self._orders(("shipped",))), is_return=True)
        else:
            world.buy_label(None)

    def _open_order(self) -> int:
        return self._random.choice(self._orders(_OPEN))

    def _orders(self, statuses: tuple[str, ...]) -> list[int]:
        """The orders that a list would show; of very many the newest."""
        orders = self._world.books.orders.values()
        there = [one for one in orders if one.status in statuses and not one.is_deleted and one.merged_into is None]
        return [one.order_id for one in there[-60:]]
