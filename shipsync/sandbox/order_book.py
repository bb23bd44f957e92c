"""The orders of the embedded ShipStation, and what may be done to them.

Each method does one thing at one instant and keeps the sorted lists and the rendered texts right. Nothing here knows
what time it is, draws a random number or writes a file: `world` says when, `people` say what.

    awaiting_payment -> awaiting_shipment <-> on_hold
                              |  ^
                    buy_label |  | void (the label stays, voided; the order needs another)
                              v  |
                           shipped          cancelled, merged away and deleted are ends
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shipsync.sandbox import account, views
from shipsync.sandbox.index import Index
from shipsync.sandbox.objects import OPEN_STATUSES, Line, Order
from shipsync.sandbox.pacific import stamp, wall, wall_ms
from shipsync.sandbox.switches import Switches

Items = Sequence[tuple[str, int]]  # (SKU text, units)


class Refused(ValueError):
    """ShipStation would not do it; the text is its ExceptionMessage."""


class NotThere(LookupError):
    """No such order, label or fulfillment, or one that ShipStation no longer shows."""


@dataclass(frozen=True, slots=True)
class UploadRow:
    """What createorders answers for one order."""

    order_id: int | None
    number: str | None
    key: str | None
    success: bool
    message: str | None
    is_new: bool = False


def base_sku(text: str) -> str:
    """The SKU of a "SKU - LOT" text: what stands before the first hyphen."""
    return text.partition("-")[0].strip()


class Ids:
    """Numbers that grow in uneven steps, as those of a server with many accounts do."""

    def __init__(self, first: int) -> None:
        self._next = first

    def take(self) -> int:
        taken = self._next
        self._next += 1 + taken % 7
        return taken


class OrderBook:
    """All orders. Those that are deleted or merged away stay in `orders` and leave every list."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.orders: dict[int, Order] = {}
        self.by_key: dict[str, int] = {}
        self.by_number: dict[str, list[int]] = {}
        self.orders_by_id = Index()
        self.orders_by_modified = Index()
        self.orders_by_created = Index()
        self.orders_by_status: defaultdict[str, Index] = defaultdict(Index)  # each by creation
        self._numbers: list[str] = []  # every order number once, sorted, for the prefix search
        self._order_texts = views.Texts()
        # Order ids cross 2^31 within the first days; the others are past it from the start (API.md gotcha 15).
        self._order_ids = Ids(2_147_483_000)
        self._item_ids = Ids(3_220_885_000)
        self._product_ids: dict[str, int] = {}
        self._customer_ids: dict[str, int] = {}

    def order(self, order_id: int) -> Order:
        """One order that lists still show. Raises NotThere."""
        order = self.orders.get(order_id)
        if order is None or not order.is_listed:
            raise NotThere(f"There is no order {order_id}.")
        return order

    def numbered(self, number: str) -> list[Order]:
        """The listed orders with exactly this number, oldest first."""
        return [order for order_id in self.by_number.get(number, ()) if (order := self.orders[order_id]).is_listed]

    def numbers_starting(self, prefix: str) -> Iterator[str]:
        """Every order number that starts so, in order."""
        place = bisect_left(self._numbers, prefix)
        while place < len(self._numbers) and self._numbers[place].startswith(prefix):
            yield self._numbers[place]
            place += 1

    def order_text(self, order_id: int) -> str:
        """The order as JSON text."""
        text = self._order_texts.get(order_id)
        if text is None:
            text = self._order_texts.keep(order_id, views.to_json(views.order_view(self.orders[order_id])))
        return text

    def new_line(self, at: datetime, sku: str | None, name: str, quantity: int, unit_price: Decimal | int = 0) -> Line:
        """One item of an order that is being made. Recorded: items are stamped some 80 ms before their order."""
        made = at - timedelta(milliseconds=80)
        return Line(
            item_id=self._item_ids.take(),
            sku=sku,
            name=name,
            quantity=quantity,
            unit_price=unit_price,
            created=made,
            modified=made,
            product_id=self.product_id(sku),
        )

    def product_id(self, sku: str | None) -> int | None:
        """The product ShipStation found or made for a SKU; an id in a request is ignored."""
        if not sku:
            return None
        return self._product_ids.setdefault(sku, 3_691_668 + 13 * len(self._product_ids))

    def customer_id(self, email: str | None) -> int | None:
        """ShipStation's own customer id; an id in a request is ignored."""
        if not email:
            return None
        return self._customer_ids.setdefault(email, 12_934_379 + 17 * len(self._customer_ids))

    def add_order(self, at: datetime, **fields: Any) -> Order:
        """Make an order; `fields` are those of Order. A missing key becomes a GUID, as ShipStation does."""
        at = stamp(at)
        order_id = self._order_ids.take()
        fields["key"] = fields.get("key") or _guid(f"order {order_id}")
        fields.setdefault("store_id", account.MANUAL_STORE)
        order = Order(order_id=order_id, created=at, modified=at, **fields)
        self.orders[order_id] = order
        self.by_key.setdefault(order.key, order_id)
        self._number(order)
        self.orders_by_created.add(wall_ms(wall(at)), order_id)
        self._list(order)
        return order

    def add_orders(self, orders: list[Order]) -> None:
        """Take in many new orders at once (ids from `take_order_id`), as fast as Python can."""
        created, modified, ids = [], [], []
        statuses: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        numbers = []
        for order in orders:
            order_id = order.order_id
            self.orders[order_id] = order
            self.by_key.setdefault(order.key, order_id)
            if order.number not in self.by_number:
                numbers.append(order.number)
            self.by_number.setdefault(order.number, []).append(order_id)
            created.append((wall_ms(wall(order.created)), order_id))
            is_untouched = order.modified is order.created
            modified.append(created[-1] if is_untouched else (wall_ms(wall(order.modified)), order_id))
            ids.append((0, order_id))
            statuses[order.status].append(created[-1])
        self._numbers.extend(numbers)
        self._numbers.sort()
        self.orders_by_created.add_many(created)
        self.orders_by_modified.add_many(modified)
        self.orders_by_id.add_many(ids)
        for status, entries in statuses.items():
            self.orders_by_status[status].add_many(entries)

    def take_order_id(self) -> int:
        """An id for an order of `add_orders`."""
        return self._order_ids.take()

    @contextmanager
    def changing(self, order: Order, at: datetime, *, moves: bool = True) -> Iterator[None]:
        """Change an order inside: lists and text follow, and modifyDate becomes `at` if `moves`."""
        self._unlist(order)
        number = order.number
        try:
            yield
        finally:
            if moves:
                order.modified = stamp(at)
            if order.number != number:
                self.by_number[number].remove(order.order_id)
                self._number(order)
            self._order_texts.forget(order.order_id)
            self._list(order)

    def edit(self, at: datetime, order_id: int, *, items: Items | None = None, **fields: Any) -> Order:
        """Change what a person can change. `items` replaces all items; lines of the same SKU text keep their id."""
        order = self.order(order_id)
        notes_only = items is None and set(fields) <= {"customer_notes", "internal_notes"}
        lines = None if items is None else self._relined(at, order, items)
        with self.changing(order, at, moves=self.switches.note_moves_modify or not notes_only):
            if lines is not None:
                order.lines = lines
            for name, value in fields.items():
                if not hasattr(order, name):
                    raise AttributeError(f"An order has no {name}.")
                setattr(order, name, value)
        return order

    def touch(self, at: datetime, order_id: int) -> Order:
        """Move modifyDate and nothing else, as an identical re-post does."""
        order = self.order(order_id)
        with self.changing(order, at):
            pass
        return order

    def cancel(self, at: datetime, order_id: int) -> Order:
        """Cancel an order that is not shipped."""
        order = self.order(order_id)
        if order.status == "shipped":
            raise Refused("Shipped orders cannot be cancelled.")
        with self.changing(order, at):
            order.status = "cancelled"
        return order

    def hold(self, at: datetime, order_id: int, until: date) -> Order:
        """Put an open order on hold until a date, on which it comes back by itself."""
        order = self.order(order_id)
        if order.status not in OPEN_STATUSES:
            raise Refused("Only open orders can be put on hold.")
        with self.changing(order, at):
            order.status = "on_hold"
            order.hold_until = until
        return order

    def release(self, at: datetime, order_id: int, *, by_date: bool = False) -> Order:
        """End a hold, by a person or because its date has come."""
        order = self.order(order_id)
        if order.status != "on_hold":
            raise Refused("The order is not on hold.")
        moves = self.switches.hold_end_moves_modify if by_date else self.switches.restore_moves_modify
        with self.changing(order, at, moves=moves):
            order.status = "awaiting_shipment"
            order.hold_until = None
        return order

    def delete(self, at: datetime, order_id: int) -> Order:
        """Set an order inactive: it is gone from every list. Shipped orders cannot be deleted."""
        order = self.order(order_id)
        if order.status == "shipped":
            raise Refused("Shipped orders cannot be deleted.")
        with self.changing(order, at):
            order.is_deleted = True
        return order

    def tag(self, at: datetime, order_id: int, tag_id: int, *, add: bool) -> Order:
        """Add or remove a tag of the account."""
        if tag_id not in {tag["tagId"] for tag in account.TAGS}:
            raise Refused("The tag does not exist.")
        order = self.order(order_id)
        with self.changing(order, at, moves=self.switches.tag_moves_modify):
            rest = tuple(known for known in order.tags if known != tag_id)
            order.tags = (*rest, tag_id) if add else rest
        return order

    def assign(self, at: datetime, order_ids: Iterable[int], user_id: str | None) -> list[Order]:
        """Assign orders to a user, or to nobody. All or nothing: one unknown order refuses all."""
        if user_id is not None and user_id not in {user["userId"] for user in account.USERS}:
            raise Refused("The user does not exist.")
        orders = [self.order(order_id) for order_id in order_ids]
        for order in orders:
            with self.changing(order, at):
                order.user_id = user_id
        return orders

    def split(self, at: datetime, order_id: int, items: Items) -> Order:
        """Split these items off into a child with the same number and its own orderId. Returns the child."""
        order = self.order(order_id)
        if order.status not in OPEN_STATUSES:
            raise Refused("Only open orders can be split.")
        moved = self.picked(order, items, {line.item_id: line.quantity for line in order.lines})
        taken = {line.item_id: line.quantity for line in moved}
        rest = tuple(
            line if line.item_id not in taken else replace(line, quantity=line.quantity - taken[line.item_id])
            for line in order.lines
            if line.quantity > taken.get(line.item_id, 0)
        )
        if not moved or not rest:
            raise Refused("Both parts of a split need items.")
        with self.changing(order, at):
            order.lines = rest
            order.merged_or_split = True
        child = self.add_order(
            at,
            number=order.number,
            key=order.key if self.switches.split_child_key == "same" else None,
            store_id=order.store_id,
            status=order.status,
            ordered=order.ordered,
            ship_to=order.ship_to,
            bill_to=order.bill_to,
            lines=tuple(replace(line, item_id=self._item_ids.take()) for line in moved),
            paid=order.paid,
            email=order.email,
            customer_id=order.customer_id,
            requested_service=order.requested_service,
            hold_until=order.hold_until,
            advanced=order.advanced,
        )
        with self.changing(child, at):
            child.merged_or_split = True
            child.parent_id = order.order_id
        return child

    def merge(self, at: datetime, survivor_id: int, secondary_id: int) -> Order:
        """Merge the second order into the first: the second is gone from lists and by id. Returns the first."""
        survivor, secondary = self.order(survivor_id), self.order(secondary_id)
        if survivor is secondary or not {survivor.status, secondary.status} <= OPEN_STATUSES:
            raise Refused("Only two open orders can be merged.")
        with self.changing(survivor, at):
            survivor.lines += tuple(replace(line, item_id=self._item_ids.take()) for line in secondary.lines)
            survivor.merged_or_split = True
            survivor.merged_ids += (secondary_id, *secondary.merged_ids)
        with self.changing(secondary, at):
            secondary.merged_into = survivor_id
        return survivor

    def automate(self, at: datetime, order_id: int) -> None:
        """What the account's own rules do some seconds after an import (recorded): modifyDate moves by itself.

        The weight is added up from the items, confirmation reset to none, the default warehouse filled in.
        """
        order = self.orders[order_id]
        if not order.is_listed or order.status not in OPEN_STATUSES:
            return
        with self.changing(order, at):
            ounces = sum((line.weight["value"] * line.quantity for line in order.lines if line.weight), start=0)
            order.weight = {"value": ounces, "units": "ounces", "WeightUnits": 1}
            order.confirmation = "none"
            order.advanced = replace(order.advanced, warehouse_id=order.advanced.warehouse_id or account.WAREHOUSE_ID)

    # -- inside ------------------------------------------------------------------------------------------------

    def _number(self, order: Order) -> None:
        if order.number not in self.by_number:
            insort(self._numbers, order.number)
            self.by_number[order.number] = []
        self.by_number[order.number].append(order.order_id)

    def _list(self, order: Order) -> None:
        if order.is_listed:
            self.orders_by_id.add(0, order.order_id)
            self.orders_by_status[order.status].add(wall_ms(wall(order.created)), order.order_id)
            self.orders_by_modified.add(wall_ms(wall(order.modified)), order.order_id)

    def _unlist(self, order: Order) -> None:
        if order.is_listed:
            self.orders_by_id.remove(0, order.order_id)
            self.orders_by_status[order.status].remove(wall_ms(wall(order.created)), order.order_id)
            self.orders_by_modified.remove(wall_ms(wall(order.modified)), order.order_id)

    def _relined(self, at: datetime, order: Order, items: Items) -> tuple[Line, ...]:
        known = {line.sku: line for line in order.lines}
        lines = []
        for sku, quantity in items:
            line = known.pop(sku, None)
            if line is None:
                lines.append(self.new_line(at, sku, f"Case of {base_sku(sku)}", quantity))
            elif line.quantity == quantity:
                lines.append(line)
            else:
                lines.append(replace(line, quantity=quantity, modified=at))
        return tuple(lines)

    def picked(self, order: Order, items: Items, left: dict[int, int]) -> tuple[Line, ...]:
        """The lines of the order that these items mean, with the SKU text as given."""
        left = dict(left)
        picked = []
        for sku, quantity in items:
            line = next((line for line in order.lines if line.sku == sku and left.get(line.item_id)), None) or next(
                (line for line in order.lines if base_sku(line.sku or "") == base_sku(sku) and left.get(line.item_id)),
                None,
            )
            if line is None or left[line.item_id] < quantity:
                raise Refused(f"The order has no {quantity} units of {sku} left.")
            left[line.item_id] -= quantity
            picked.append(replace(line, sku=sku, quantity=quantity))
        return tuple(picked)


def _guid(text: str) -> str:
    digits = f"{zlib.crc32(text.encode()):08x}{zlib.crc32(text[::-1].encode()):08x}{zlib.adler32(text.encode()):08x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[4:16]}"
