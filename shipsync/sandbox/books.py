"""The books of the embedded ShipStation: its orders, and with them labels, fulfillments and webhooks.

A label makes its order shipped once everything is on one; voiding it takes that back. An order marked as shipped has a
fulfillment and no label.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shipsync.sandbox import account, views
from shipsync.sandbox.index import Index
from shipsync.sandbox.objects import Address, Fulfillment, Line, Order, Shipment, Webhook
from shipsync.sandbox.order_book import Ids, Items, NotThere, OrderBook, Refused
from shipsync.sandbox.pacific import stamp, wall, wall_ms
from shipsync.sandbox.switches import Switches


class Books(OrderBook):
    """All state of one account."""

    def __init__(self, switches: Switches) -> None:
        super().__init__(switches)
        self.shipments: dict[int, Shipment] = {}
        self.fulfillments: dict[int, Fulfillment] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.shipments_of: defaultdict[int, list[int]] = defaultdict(list)
        self.fulfillments_of: defaultdict[int, list[int]] = defaultdict(list)
        self.shipments_by_created = Index()
        self.shipments_by_voided = Index()
        self.fulfillments_by_created = Index()
        self._shipment_texts = views.Texts()
        self._shipment_texts_with_items = views.Texts()
        self._fulfillment_texts = views.Texts()
        self._shipment_ids = Ids(2_501_000_001)
        self._fulfillment_ids = Ids(2_339_743_740)
        self._webhook_ids = Ids(3189)

    # -- labels and fulfillments -------------------------------------------------------------------------------

    def shipment(self, shipment_id: int) -> Shipment:
        """One label, voided or not. Raises NotThere."""
        if shipment_id not in self.shipments:
            raise NotThere(f"There is no shipment {shipment_id}.")
        return self.shipments[shipment_id]

    def shipment_text(self, shipment_id: int, *, with_items: bool) -> str:
        """The label as JSON text, with or without its items."""
        texts = self._shipment_texts_with_items if with_items else self._shipment_texts
        text = texts.get(shipment_id)
        if text is None:
            view = views.shipment_view(
                self.shipments[shipment_id], with_items=with_items, itemless=self.switches.itemless_label
            )
            text = texts.keep(shipment_id, views.to_json(view))
        return text

    def fulfillment_text(self, fulfillment_id: int) -> str:
        """The fulfillment as JSON text."""
        text = self._fulfillment_texts.get(fulfillment_id)
        if text is None:
            view = views.fulfillment_view(self.fulfillments[fulfillment_id])
            text = self._fulfillment_texts.keep(fulfillment_id, views.to_json(view))
        return text

    def unshipped(self, order: Order) -> dict[int, int]:
        """Units of each line that are on no active outbound label, by orderItemId."""
        left = {line.item_id: line.quantity for line in order.lines if not line.adjustment}
        for shipment_id in self.shipments_of.get(order.order_id, ()):
            shipment = self.shipments[shipment_id]
            if shipment.is_active and not shipment.is_return:
                for line in shipment.lines or ():
                    if line.item_id in left:
                        left[line.item_id] -= line.quantity
        return {item_id: units for item_id, units in left.items() if units > 0}

    def buy_label(
        self,
        at: datetime,
        order_id: int | None,
        *,
        items: Items | None = None,
        cost: Decimal | None = None,
        insurance_cost: Decimal = Decimal(0),
        carrier: str = "fedex",
        service: str = "fedex_ground",
        package: str = "package",
        confirmation: str = "none",
        ship_date: date | None = None,
        is_return: bool = False,
        weight: dict[str, Any] | None = None,
    ) -> Shipment:
        """Buy a label: for all units not on a label yet, or for `items` (with another lot if the SKU text says so).

        When everything is on active labels already, the label carries no items (API.md section 4). Without an order
        the label stands alone. The order becomes shipped when nothing is left.
        """
        at = stamp(at)
        order = None if order_id is None else self.order(order_id)
        lines: tuple[Line, ...] | None = None
        if order is not None:
            if order.status not in {"awaiting_shipment", "shipped", "pending_fulfillment"} and not is_return:
                raise Refused(f"An order that is {order.status} takes no label.")
            lines = self._labelled(order, items, is_return=is_return)
        shipment = self._make_label(
            at,
            order,
            lines,
            cost=cost,
            insurance_cost=insurance_cost,
            carrier_code=carrier,
            service_code=service,
            package_code=package,
            confirmation=confirmation,
            ship_date=ship_date,
            is_return=is_return,
            weight=weight,
        )
        self.shipments_by_created.add(wall_ms(wall(at)), shipment.shipment_id)
        if order is not None and not is_return:
            with self.changing(order, at):
                self._follow_label(order, shipment)
        return shipment

    def add_shipped_orders(self, orders: list[Order]) -> None:
        """Take in many new orders at once, each with a label for everything, bought when it was last modified."""
        created = []
        for order in orders:
            shipment = self._make_label(order.modified, order, order.lines)
            self._follow_label(order, shipment)
            created.append((wall_ms(wall(order.modified)), shipment.shipment_id))
        self.shipments_by_created.add_many(created)
        self.add_orders(orders)

    def _make_label(
        self,
        at: datetime,
        order: Order | None,
        lines: tuple[Line, ...] | None,
        *,
        cost: Decimal | None = None,
        insurance_cost: Decimal = Decimal(0),
        carrier_code: str = "fedex",
        service_code: str = "fedex_ground",
        package_code: str = "package",
        confirmation: str = "none",
        ship_date: date | None = None,
        is_return: bool = False,
        weight: dict[str, Any] | None = None,
    ) -> Shipment:
        units = sum(line.quantity for line in lines or ())
        shipment_id = self._shipment_ids.take()
        shipment = Shipment(
            shipment_id=shipment_id,
            order_id=order.order_id if order else None,
            number=order.number if order else None,
            key=order.key if order else None,
            created=at,
            ship_date=ship_date or wall(at).date(),
            cost=cost if cost is not None else Decimal("9.35") + Decimal("4.15") * max(1, units),
            insurance_cost=insurance_cost,
            tracking=_tracking(carrier_code, shipment_id),
            carrier_code=carrier_code,
            service_code=service_code,
            package_code=package_code,
            confirmation=confirmation,
            store_id=order.store_id if order else None,
            ship_to=replace(order.ship_to, residential=None, verified=None) if order else _LOOSE_ADDRESS,
            lines=lines,
            is_return=is_return,
            batch=str(100_000 + wall(at).toordinal() % 1000) if order else None,
            user_id=account.USER_ID,
            email=order.email if order else None,
            warehouse_id=account.WAREHOUSE_ID,
            notified=order is not None and not is_return,
            weight=weight or {"value": 16 * max(1, units), "units": "ounces", "WeightUnits": 1},
        )
        self.shipments[shipment_id] = shipment
        if order is not None:
            self.shipments_of[order.order_id].append(shipment_id)
        return shipment

    def void(self, at: datetime, shipment_id: int) -> Shipment:
        """Void a label: it stays in the lists, its units are unshipped, the order awaits shipment again."""
        at = stamp(at)
        shipment = self.shipment(shipment_id)
        if not shipment.is_active:
            raise Refused("The label was voided before.")
        shipment.voided = at
        self.shipments_by_voided.add(wall_ms(wall(at)), shipment_id)
        self._forget_shipment(shipment_id)
        order = self.orders.get(shipment.order_id or 0)
        if order is None or shipment.is_return or not order.is_listed:
            return shipment
        fulfilled = any(self.fulfillments[fid].voided is None for fid in self.fulfillments_of.get(order.order_id, ()))
        with self.changing(order, at, moves=self.switches.void_moves_modify):
            if order.status == "shipped" and not fulfilled and not self._is_shipped(order):
                order.status = "awaiting_shipment"
                order.ship_date = None
        return shipment

    def correct_cost(self, shipment_id: int, cost: Decimal) -> Shipment:
        """The carrier corrects a label's cost; no date of the shipment moves (API.md section 10, number 18)."""
        shipment = self.shipment(shipment_id)
        shipment.cost = cost
        self._forget_shipment(shipment_id)
        return shipment

    def mark_shipped(
        self,
        at: datetime,
        order_id: int,
        *,
        carrier: str = "fedex",
        tracking: str | None = None,
        ship_date: date | None = None,
    ) -> Fulfillment:
        """Mark an order as shipped elsewhere: a fulfillment, no shipment."""
        at = stamp(at)
        order = self.order(order_id)
        if order.status == "cancelled" or (order.status == "shipped" and self.switches.mark_shipped_twice == "error"):
            raise Refused(f"An order that is {order.status} cannot be marked as shipped.")
        day = ship_date or wall(at).date()
        fulfillment = Fulfillment(
            fulfillment_id=self._fulfillment_ids.take(),
            order_id=order_id,
            number=order.number,
            created=at,
            ship_date=day,
            tracking=tracking,
            carrier_name=account.CARRIER_NAMES.get(carrier, carrier),
            ship_to=replace(order.ship_to, residential=None, verified=None),
            user_id=account.USER_ID,
            email=order.email,
        )
        self.fulfillments[fulfillment.fulfillment_id] = fulfillment
        self.fulfillments_by_created.add(wall_ms(wall(at)), fulfillment.fulfillment_id)
        self.fulfillments_of[order_id].append(fulfillment.fulfillment_id)
        with self.changing(order, at):
            order.status = "shipped"
            order.carrier_code = carrier
            order.ship_date = day
        return fulfillment

    # -- webhooks ----------------------------------------------------------------------------------------------

    def subscribe(self, url: str, event: str, name: str | None, store_id: int | None) -> Webhook:
        """Keep a webhook subscription."""
        hook = Webhook(self._webhook_ids.take(), url, event, name, store_id)
        self.webhooks[hook.webhook_id] = hook
        return hook

    def unsubscribe(self, webhook_id: int) -> None:
        """Drop a webhook subscription. Raises NotThere."""
        if self.webhooks.pop(webhook_id, None) is None:
            raise NotThere(f"There is no webhook {webhook_id}.")

    # -- inside ------------------------------------------------------------------------------------------------

    def _forget_shipment(self, shipment_id: int) -> None:
        self._shipment_texts.forget(shipment_id)
        self._shipment_texts_with_items.forget(shipment_id)

    def _labelled(self, order: Order, items: Items | None, *, is_return: bool) -> tuple[Line, ...] | None:
        if is_return:
            return order.lines if self.switches.return_label_items else None
        left = self.unshipped(order)
        if items is not None:
            return self.picked(order, items, left)
        lines = tuple(replace(line, quantity=left[line.item_id]) for line in order.lines if line.item_id in left)
        return lines or None

    def _is_shipped(self, order: Order) -> bool:
        """Whether active outbound labels carry everything; an order without items needs one such label."""
        labels = [
            shipment
            for shipment_id in self.shipments_of.get(order.order_id, ())
            if (shipment := self.shipments[shipment_id]).is_active and not shipment.is_return
        ]
        return bool(labels) and not self.unshipped(order)

    def _follow_label(self, order: Order, shipment: Shipment) -> None:
        """Put what a new outbound label means into its order."""
        order.carrier_code = shipment.carrier_code
        order.service_code = shipment.service_code
        order.package_code = shipment.package_code
        order.confirmation = shipment.confirmation
        order.ship_date = shipment.ship_date
        if order.status != "shipped":
            order.status = "shipped" if self._is_shipped(order) else self.switches.partly_shipped_status


_LOOSE_ADDRESS = Address(
    name="Example Receiver",
    company=None,
    street1="12 EXAMPLE WAY",
    street2="",
    city="DULUTH",
    state="MN",
    postal_code="55802-0001",
    country="US",
)


def _tracking(carrier: str, shipment_id: int) -> str:
    if carrier == "stamps_com":
        return f"94001118995{shipment_id % 10**11:011d}"
    if carrier == "ups":
        return f"1Z0000000{shipment_id % 10**9:09d}"
    return f"79{shipment_id % 10**10:010d}"
