"""What people do by themselves: order in the shop, type orders, buy labels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shipsync.sandbox.objects import Order

if TYPE_CHECKING:
    from shipsync.sandbox.world import World


class People:
    """Everybody around one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def begin(self) -> None:
        """Start the first day."""

    def expect_label(self, order: Order, at: datetime) -> None:
        """Let the warehouse get to an order some hours later."""
        self._world.later(at + timedelta(hours=3), self._label, order.order_id)

    def _label(self, at: datetime, order_id: int) -> None:
        order = self._world.books.orders[order_id]
        if order.is_listed and order.status == "awaiting_shipment":
            self._world.books.buy_label(at, order_id)
