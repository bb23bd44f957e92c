"""The world behind the embedded ShipStation: what happens by itself, and what people and programs do to it.

    advance_to(now)   everything due up to `now` happens, in order of time (DESIGN D21)
    deeds             place_manual_order, buy_label, void, upload, ...: done at one instant, kept in the journal

The same seed, start and sequence of deeds give the same world, however finely it is advanced; a world made again over
the same folder takes its journal up and is as it was. With `orders_per_day=0` nothing happens but deeds, holds that end
and the automation after an import.
"""

from __future__ import annotations

import functools
import heapq
import inspect
import logging
import random
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from zoneinfo import ZoneInfo

from shipsync.sandbox import account, writes
from shipsync.sandbox.books import Books
from shipsync.sandbox.journal import Journal, kept_world
from shipsync.sandbox.objects import (
    Address,
    Customer,
    Fulfillment,
    Line,
    Order,
    Shipment,
    ShopLine,
    ShopOrder,
    Webhook,
)
from shipsync.sandbox.order_book import Items, Refused, UploadRow
from shipsync.sandbox.pacific import PACIFIC, stamp, wall
from shipsync.sandbox.people import People
from shipsync.sandbox.shelf import product_name
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.truth import Truth, truth_of

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")

_FIRST_SHOP_NUMBER = 700015
_SHOP_STEP = 10
_FIRST_MANUAL_NUMBER = 100201


def _deed(method: Callable[Concatenate[World, _P], _R]) -> Callable[Concatenate[World, _P], _R]:
    """Make a method a deed: done under the lock, at its instant, and kept in the journal once it has succeeded."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def done(world: World, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with world.lock:
            arguments = signature.bind(world, *args, **kwargs).arguments
            arguments.pop("self")
            at = arguments.get("at")
            if isinstance(at, datetime) and at > world.now:
                world.advance_to(at)
            result = method(world, *args, **kwargs)
            world.keep(method.__name__, arguments)
            return result

    return done


class World:
    """One account of ShipStation, its warehouse and its shop.

    Every instant is aware UTC. A deed's `at` is now unless given; a later one advances the world first, an earlier
    one stamps what it makes with the past. `lock` guards everything; a reader that holds it sees one state.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        *,
        orders_per_day: float = 30,
        state_dir: Path | None = None,
        switches: Switches = Switches(),  # noqa: B008  frozen
        timezone: str = "America/Chicago",
    ) -> None:
        if start.tzinfo is None:
            raise ValueError("A world starts at an aware instant.")
        self.seed = seed
        self.start = start.astimezone(UTC)
        self.now = self.start
        self.orders_per_day = orders_per_day
        self.switches = switches
        self.zone = ZoneInfo(timezone)  # of the shop and the warehouse
        self.lock = threading.RLock()
        self.books = Books(switches)
        self.shop_orders: dict[str, ShopOrder] = {}
        self.customers = account.customers(seed)
        self._next_shop_number = _FIRST_SHOP_NUMBER
        self._next_manual_number = _FIRST_MANUAL_NUMBER
        self._due: list[tuple[datetime, int, Callable[..., None], tuple[Any, ...]]] = []
        self._due_count = 0
        self._people = People(self) if orders_per_day > 0 else None
        if self._people is not None:
            self._people.begin()
        self._journal: Journal | None = None
        if state_dir is not None:
            journal = Journal(
                state_dir, seed=seed, start=self.start, orders_per_day=float(orders_per_day), timezone=timezone
            )
            for now, deed, arguments in journal.deeds():
                self.advance_to(now)
                self._redo(deed, arguments)
            self._journal = journal

    @classmethod
    def kept(cls, seed: int, new_start: datetime, state_dir: Path | None, **options: Any) -> Self:
        """The world kept in a folder as its last deed left it; when there is none, a new one from `new_start` on.

        `options` are those of World; the time zone of a kept world stays as it was. Raises ConfigurationError when the
        folder keeps the world of another seed.
        """
        there = kept_world(state_dir) if state_dir is not None else None
        if there is not None and "timezone" in there:
            options["timezone"] = there["timezone"]
        return cls(seed, there["start"] if there is not None else new_start, state_dir=state_dir, **options)

    @classmethod
    def resumed(
        cls,
        seed: int,
        now: datetime,
        state_dir: Path | None,
        *,
        history: timedelta = timedelta(0),
        **options: Any,
    ) -> Self:
        """The world kept in a folder (see `kept`), advanced to now; a new one began `history` ago."""
        world = cls.kept(seed, now - history, state_dir, **options)
        world.advance_to(now)
        return world

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has happened in it yet."""
        return self.now == self.start

    def advance_to(self, now: datetime) -> None:
        """Make everything that happens up to `now` happen. An earlier instant changes nothing."""
        with self.lock:
            while self._due and self._due[0][0] <= now:
                at, _, action, arguments = heapq.heappop(self._due)
                self.now = max(self.now, at)
                action(self.now, *arguments)
            self.now = max(self.now, now.astimezone(UTC))

    def close(self) -> None:
        """Let go of the journal's file."""
        if self._journal is not None:
            self._journal.close()

    def truth(self) -> Truth:
        """Everything as it is, as plain records, for a comparison at the end."""
        with self.lock:
            return truth_of(self.books, self.shop_orders)

    # -- deeds: orders -------------------------------------------------------------------------------------------

    @_deed
    def place_manual_order(
        self,
        number: str | None = None,
        items: Items = (("17612 - 250237", 1),),
        at: datetime | None = None,
        store: int = account.MANUAL_STORE,
        key: str | None = None,
        status: str = "awaiting_shipment",
        fields: Mapping[str, Any] | None = None,
    ) -> Order:
        """Somebody types an order into ShipStation. Without items it is a ghost order.

        `fields` are fields of Order; of an address those that differ: {"ship_to": {"state": "HI"}}.
        """
        order = self.type_order(self._at(at), number, items, store=store, key=key, status=status, fields=fields)
        self._arrived(order, self._at(at), imported=False)
        return order

    @_deed
    def upload(self, documents: Sequence[Any], at: datetime | None = None) -> list[UploadRow]:
        """What createorders does: create or update each, one result per document, in their order."""
        rows = []
        for document in documents:
            row = writes.upload(self.books, self._at(at), document)
            rows.append(row)
            if row.is_new and row.order_id is not None:
                self._arrived(self.books.orders[row.order_id], self._at(at), imported=True)
        return rows

    @_deed
    def edit(
        self,
        order_id: int,
        items: Items | None = None,
        fields: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> Order:
        """Change an order's items, or other fields of Order such as customer_notes."""
        order = self.books.order(order_id)
        given = _with_addresses(fields or {}, {"ship_to": order.ship_to, "bill_to": order.bill_to})
        return self.books.edit(self._at(at), order_id, items=items, **given)

    @_deed
    def touch(self, order_id: int, at: datetime | None = None) -> Order:
        """Move modifyDate and nothing else."""
        return self.books.touch(self._at(at), order_id)

    @_deed
    def cancel(self, order_id: int, at: datetime | None = None) -> Order:
        """Cancel an order."""
        return self.books.cancel(self._at(at), order_id)

    @_deed
    def hold(self, order_id: int, until: date, at: datetime | None = None) -> Order:
        """Put an order on hold; on that date, at midnight Pacific, it comes back by itself."""
        order = self.books.hold(self._at(at), order_id, until)
        self.watch_hold(order)
        return order

    @_deed
    def release(self, order_id: int, at: datetime | None = None) -> Order:
        """Take an order off hold before its date."""
        order = self.books.release(self._at(at), order_id)
        self.expect_label(order, self._at(at))
        return order

    @_deed
    def delete(self, order_id: int, at: datetime | None = None) -> Order:
        """Delete an order: inactive, missing from every list."""
        return self.books.delete(self._at(at), order_id)

    @_deed
    def tag(self, order_id: int, tag_id: int, add: bool = True, at: datetime | None = None) -> Order:
        """Add or remove a tag."""
        return self.books.tag(self._at(at), order_id, tag_id, add=add)

    @_deed
    def assign(self, order_ids: Sequence[int], user_id: str | None, at: datetime | None = None) -> list[Order]:
        """Assign orders to a user, all or none."""
        return self.books.assign(self._at(at), order_ids, user_id)

    @_deed
    def split(self, order_id: int, items: Items, at: datetime | None = None) -> Order:
        """Split items off into a child, which is returned."""
        child = self.books.split(self._at(at), order_id, items)
        self.expect_label(child, self._at(at))
        return child

    @_deed
    def merge(self, survivor_id: int, secondary_id: int, at: datetime | None = None) -> Order:
        """Merge the second order into the first, which is returned."""
        return self.books.merge(self._at(at), survivor_id, secondary_id)

    # -- deeds: labels -------------------------------------------------------------------------------------------

    @_deed
    def buy_label(
        self,
        order_id: int | None,
        items: Items | None = None,
        cost: Decimal | None = None,
        insurance_cost: Decimal = Decimal(0),
        carrier: str = "fedex",
        service: str = "fedex_ground",
        package: str = "package",
        confirmation: str = "none",
        ship_date: date | None = None,
        is_return: bool = False,
        at: datetime | None = None,
    ) -> Shipment:
        """Buy a label for what is not shipped yet, or for some items; without an order a label that stands alone."""
        return self.books.buy_label(
            self._at(at),
            order_id,
            items=items,
            cost=cost,
            insurance_cost=insurance_cost,
            carrier=carrier,
            service=service,
            package=package,
            confirmation=confirmation,
            ship_date=ship_date,
            is_return=is_return,
        )

    @_deed
    def void(self, shipment_id: int, at: datetime | None = None) -> Shipment:
        """Void a label."""
        return self.books.void(self._at(at), shipment_id)

    @_deed
    def correct_cost(self, shipment_id: int, cost: Decimal, at: datetime | None = None) -> Shipment:
        """The carrier corrects the cost of a label; no date moves."""
        self._at(at)
        return self.books.correct_cost(shipment_id, cost)

    @_deed
    def mark_shipped(
        self,
        order_id: int,
        carrier: str = "fedex",
        tracking: str | None = None,
        ship_date: date | None = None,
        at: datetime | None = None,
    ) -> Fulfillment:
        """Mark an order as shipped elsewhere."""
        return self.books.mark_shipped(self._at(at), order_id, carrier=carrier, tracking=tracking, ship_date=ship_date)

    # -- deeds: shop, webhooks, bulk -----------------------------------------------------------------------------

    @_deed
    def place_shop_order(
        self,
        lines: Sequence[tuple[str, int | None]] = (("17612", 1),),
        number: str | None = None,
        customer_no: int = 0,
        at: datetime | None = None,
    ) -> ShopOrder:
        """Somebody orders in the shop: lines of product or bundle id and amount (None: left out)."""
        return self.place_in_shop(self._at(at), _shop_lines(lines), self.customers[customer_no], number)

    @_deed
    def edit_shop_order(
        self, number: str, lines: Sequence[tuple[str, int | None]], at: datetime | None = None
    ) -> ShopOrder:
        """The shop saves an order again with other lines; its dump shows both versions."""
        self._at(at)
        order = self.shop_orders[number]
        order.versions.append(_shop_lines(lines))
        return order

    @_deed
    def subscribe(
        self, url: str, event: str, name: str | None = None, store_id: int | None = None, at: datetime | None = None
    ) -> Webhook:
        """Subscribe a webhook; nothing is delivered."""
        self._at(at)
        return self.books.subscribe(url, event, name, store_id)

    @_deed
    def unsubscribe(self, webhook_id: int, at: datetime | None = None) -> None:
        """End a webhook subscription."""
        self._at(at)
        self.books.unsubscribe(webhook_id)

    @_deed
    def bulk_orders(self, n: int, spread: timedelta, ending: datetime, shipped_share: float = 0.0) -> list[Order]:
        """Put n manual orders in at once, modified evenly over `spread` up to `ending`; nobody touches them by himself.

        `shipped_share` of them have a label. Numbers run on from 1000001 past those used before, so that they are not
        mistaken for the six-digit manual orders.
        """
        step = spread / n if n else timedelta()
        first_number = 1_000_001 + len(self.books.orders)
        addresses = [(writes.verified(_ship_to(one)), _bill_to(one)) for one in self.customers]
        orders = []
        for place in range(n):
            at = stamp(ending - step * (n - 1 - place))
            customer = self.customers[place % len(self.customers)]
            ship_to, bill_to = addresses[place % len(addresses)]
            orders.append(
                Order(
                    order_id=self.books.take_order_id(),
                    number=str(first_number + place),
                    key=f"manual-{zlib.crc32(str(first_number + place).encode()):08x}{place:08x}",
                    store_id=account.MANUAL_STORE,
                    status="awaiting_shipment",
                    created=at,
                    modified=at,
                    ordered=wall(at).replace(microsecond=0),
                    ship_to=ship_to,
                    bill_to=bill_to,
                    lines=(self.books.new_line(at, "17612 - 250237", "Case of 17612", 1 + place % 6),),
                    email=customer.email,
                    customer_id=customer.customer_id,
                )
            )
        shipped = round(n * shipped_share)
        self.books.add_shipped_orders(orders[:shipped])
        self.books.add_orders(orders[shipped:])
        return orders

    # -- for people (this package only) ---------------------------------------------------------------------------

    def keep(self, deed: str, arguments: Mapping[str, Any]) -> None:
        """Write a deed into the journal, if there is one."""
        if self._journal is not None:
            self._journal.add(self.now, deed, dict(arguments))

    def later(self, at: datetime, action: Callable[..., None], *arguments: Any) -> None:
        """Have `action(at, *arguments)` happen at that instant."""
        self._due_count += 1
        heapq.heappush(self._due, (at, self._due_count, action, arguments))

    def random(self, *about: object) -> random.Random:
        """Random numbers that depend on the seed and on what they are about, and on nothing that happened before."""
        return random.Random(zlib.crc32("/".join(map(str, about)).encode()) ^ (self.seed << 32))

    def type_order(
        self,
        at: datetime,
        number: str | None,
        items: Items,
        *,
        store: int = account.MANUAL_STORE,
        key: str | None = None,
        status: str = "awaiting_shipment",
        fields: Mapping[str, Any] | None = None,
    ) -> Order:
        """Put a typed or imported order into the books, for one of the customers."""
        if number is None:
            number = str(self._next_manual_number)
            self._next_manual_number += 1
        rng = self.random("typed", number, len(self.books.orders))
        customer = rng.choice(self.customers)
        at = stamp(at)
        given: dict[str, Any] = {
            "ordered": wall(at).replace(microsecond=0),
            "ship_to": writes.verified(_ship_to(customer)),
            "bill_to": _bill_to(customer),
            "email": customer.email,
            "customer_id": self.books.customer_id(customer.email),
        }
        return self.books.add_order(
            at,
            number=number,
            key=key or f"manual-{rng.getrandbits(128):032x}",
            store_id=store,
            status=status,
            lines=tuple(self._typed_line(at, sku, quantity) for sku, quantity in items),
            **(given | _with_addresses(fields or {}, given)),
        )

    def place_in_shop(
        self, at: datetime, lines: tuple[ShopLine, ...], customer: Customer, number: str | None = None
    ) -> ShopOrder:
        """Put an order into the shop; it is not in ShipStation until somebody uploads it."""
        if number is None:
            number = str(self._next_shop_number)
            self._next_shop_number += _SHOP_STEP
        order = ShopOrder(
            number=number,
            placed=at.replace(microsecond=0),
            customer=customer,
            shipping_method="Standard Flat Rate Ground",
            shipping_cost=Decimal("34.50") if customer.country != "US" else Decimal("19.95"),
            versions=[lines],
        )
        self.shop_orders[number] = order
        return order

    def arrived(self, order: Order, at: datetime) -> None:
        """An order of another store was imported by ShipStation."""
        self._arrived(order, at, imported=True)

    def expect_label(self, order: Order, at: datetime) -> None:
        """Let people buy a label for the order when they get to it."""
        if self._people is not None and order.status == "awaiting_shipment":
            self._people.expect_label(order, at)

    def watch_hold(self, order: Order) -> None:
        """End the order's hold on its date, at midnight Pacific."""
        if order.hold_until is not None:
            midnight = datetime.combine(order.hold_until, time(), tzinfo=PACIFIC).astimezone(UTC)
            self.later(max(midnight, self.now), self._end_hold, order.order_id, order.hold_until)

    # -- inside ------------------------------------------------------------------------------------------------

    def _redo(self, deed: str, arguments: dict[str, Any]) -> None:
        """Do a deed of the journal again. One that no longer fits, in another version, is left out with a word."""
        try:
            getattr(self, deed)(**arguments)
        except (AttributeError, TypeError, LookupError, Refused) as trouble:
            log.warning("The sandbox leaves out what was done at %s (%s): %s", self.now, deed, trouble)

    def _at(self, at: datetime | None) -> datetime:
        return self.now if at is None else at.astimezone(UTC)

    def _typed_line(self, at: datetime, sku: str, quantity: int) -> Line:
        return self.books.new_line(at, sku, product_name(sku), quantity)

    def _arrived(self, order: Order, at: datetime, *, imported: bool) -> None:
        seconds = self.switches.automation_after_s
        if imported and seconds is not None:
            # Recorded: 18.46, 18.54 and 18.57 s after creation.
            jitter = zlib.crc32(order.key.encode()) % 120 / 1000
            self.later(at + timedelta(seconds=seconds + jitter), self.books.automate, order.order_id)
        self.expect_label(order, at)

    def _end_hold(self, at: datetime, order_id: int, until: date) -> None:
        order = self.books.orders[order_id]
        if order.is_listed and order.status == "on_hold" and order.hold_until == until:
            self.books.release(at, order_id, by_date=True)
            self.expect_label(order, at)


def _with_addresses(fields: Mapping[str, Any], addresses: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with each address completed from the one that is there."""
    return {
        name: replace(addresses[name], **value)
        if name in ("ship_to", "bill_to") and isinstance(value, Mapping)
        else value
        for name, value in fields.items()
    }


def _shop_lines(lines: Sequence[tuple[str, int | None]]) -> tuple[ShopLine, ...]:
    return tuple(ShopLine(sku, product_name(sku), amount) for sku, amount in lines)


def _ship_to(customer: Customer) -> Address:
    return Address(
        name=f"{customer.first_name} {customer.last_name}",
        company=customer.company or None,
        street1=customer.street,
        street2="",
        city=customer.city,
        state=customer.state,
        postal_code=customer.postal_code,
        country=customer.country,
        phone=customer.phone,
        residential=customer.residential,
    )


def _bill_to(customer: Customer) -> Address:
    # billTo often holds nothing but the name.
    return Address(name=f"{customer.first_name} {customer.last_name}", company=customer.company or None)
