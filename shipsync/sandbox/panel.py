"""What a person at the screen may do to the sandbox: hurry it, break it, mend it.

    hurry   deeds like those of the world's own people, done now; kept in the journal, so that they survive a restart
    break   troubles switched on, one by one; each holds until it is switched off, or the process ends
    mend    all of them off

Everything works on one world from any thread. A deed returns a sentence that says what was done.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shipsync.sandbox import faults as f
from shipsync.sandbox import people, shelf
from shipsync.sandbox.faults import Faults
from shipsync.sandbox.objects import Order, ShopOrder
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World

if TYPE_CHECKING:
    from shipsync.sandbox.server import RecordedRequest

SLOW_S = 15.0  # per answer: a sync then takes more than the minute after which it is called slow
_DRIFTED_A_PAGE = 2
_NAMED = 3  # numbers that a sentence names


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can be broken."""

    label: str  # on its switch
    follows: str  # what a person sees happen


TROUBLES: Mapping[str, Trouble] = {
    "down": Trouble(
        "ShipStation is down (503)",
        "The next sync and upload fail after some tries. Orders wait here, and the next good run brings all of it.",
    ),
    "too many": Trouble(
        "ShipStation answers 'too many requests' (429)",
        "Each run waits for the next minute, gives up after some of them and is tried again at the next interval.",
    ),
    "key": Trouble(
        "ShipStation refuses the key (401)",
        "Sync and upload fail and say so on every page until the key is taken again.",
    ),
    "slow": Trouble(
        f"Each answer takes {SLOW_S:.0f} seconds",
        "A sync takes more than a minute; Jobs shows it at work, and it can be cancelled.",
    ),
    "lost": Trouble(
        "Answers to uploads are lost",
        "Orders go up, but nobody hears of it. They are looked for before they are sent again, so none is there twice.",
    ),
    "poison": Trouble(
        "One order makes its page fail (500)",
        "All other orders come in. The one that causes it stands in quarantine and is asked for again by itself.",
    ),
    "drift": Trouble(
        "Orders move while the list is read",
        "Somebody saves orders between two pages. None is missed, and none is taken twice.",
    ),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The world at a glance."""

    instant: datetime  # it lives at, UTC
    orders: int  # that lists show
    awaiting: int
    on_hold: int
    came_in_today: int  # orders made at ShipStation on this day of the world's zone
    labels_today: int  # bought on this day, voided or not
    broken: tuple[str, ...]  # what is, a sentence each with what follows from it


class Panel:
    """The switches and deeds of one sandbox."""

    def __init__(self, world: World, faults: Faults, feed: ShopFeed, now: Callable[[], datetime]) -> None:
        """`now` is the instant the world lives at."""
        self._world = world
        self._faults = faults
        self._feed = feed
        self._now = now
        self._on: dict[str, int | None] = {}  # with the poisoned order's id, where it is that

    # -- hurry ---------------------------------------------------------------------------------------------------

    def sell(self, orders: int) -> str:
        """Orders come into the shop now; its file is written anew."""
        return self._sold([self._place(people.shop_basket) for _ in range(orders)])

    def sell_unknown_bundle(self) -> str:
        """An order comes into the shop with a bundle that nobody has told us the parts of."""
        placed = self._place(lambda rng: [*people.shop_basket(rng), (people.UNKNOWN_BUNDLE, 1)])
        self._feed.write()
        return (
            f"Shop order {placed.number} came in with the unknown bundle {people.UNKNOWN_BUNDLE}. "
            "The next import holds it back until somebody adds that bundle."
        )

    def type_orders(self, orders: int) -> str:
        """Orders are typed into ShipStation now."""
        typed = [self._type_one().number for _ in range(orders)]
        return f"{_counted(typed, 'order was', 'orders were')} typed into ShipStation: {_named(typed)}."

    def pack_all(self) -> str:
        """The warehouse buys a label for everything that awaits shipment."""
        with self._world.lock:
            self._world.advance_to(self._now())
            waiting = self._listed("awaiting_shipment")
            packed = [order.number for order in waiting if self._packed(order)]
        if not packed:
            return "Nothing awaits shipment: there was nothing to pack."
        return f"{_counted(packed, 'order was', 'orders were')} packed and labelled: {_named(packed)}."

    def void_newest(self) -> str:
        """The newest label that stands is voided; its order awaits shipment again."""
        with self._world.lock:
            self._world.advance_to(self._now())
            books = self._world.books
            for shipment_id in reversed(books.shipments_by_created.ids()):
                label = books.shipments[shipment_id]
                if label.order_id is None or label.is_return or not label.is_active:
                    continue
                order = books.orders[label.order_id]
                if order.is_listed and order.status == "shipped":
                    self._world.void(shipment_id)
                    return f"The label of order {order.number} was voided. The order awaits shipment again."
        return "There is no label to void."

    def hold_one(self) -> str:
        """The newest order that awaits shipment is put on hold until tomorrow."""
        with self._world.lock:
            self._world.advance_to(self._now())
            waiting = self._listed("awaiting_shipment")
            if not waiting:
                return "Nothing awaits shipment: there was nothing to hold."
            until = self._world.now.astimezone(self._world.zone).date() + timedelta(days=1)
            order = self._world.hold(waiting[-1].order_id, until)
        return f"Order {order.number} is on hold until {until:%a} {until.day} {until:%b}."

    def standing(self) -> Standing:
        """How the world stands now. It is advanced to now for it, unless its past is still lived through."""
        world = self._world
        with world.lock:
            now = self._now()
            world.advance_to(now)
            books = world.books
            midnight = now.astimezone(world.zone).replace(hour=0, minute=0, second=0, microsecond=0)
            first, last = books.shipments_by_created.between_instants(midnight, now)
            newest = (
                books.orders[books.orders_by_id.at(place)] for place in range(len(books.orders_by_id) - 1, -1, -1)
            )
            came_in = sum(1 for _ in itertools.takewhile(lambda order: order.created >= midnight, newest))
            return Standing(
                instant=now,
                orders=len(books.orders_by_id),
                awaiting=len(books.orders_by_status["awaiting_shipment"]),
                on_hold=len(books.orders_by_status["on_hold"]),
                came_in_today=came_in,
                labels_today=last - first,
                broken=tuple(self._spoken(name) for name in TROUBLES if name in self._on),
            )

    # -- break and mend ------------------------------------------------------------------------------------------

    @property
    def broken(self) -> frozenset[str]:
        """The troubles that are on, by name."""
        return frozenset(self._on)

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """Everything that can be broken, by name."""
        return TROUBLES

    def switch(self, trouble: str, *, on: bool) -> None:
        """Break one thing, or mend it. KeyError for one that is not in TROUBLES."""
        if trouble not in TROUBLES:
            raise KeyError(trouble)
        with self._world.lock:
            if on:
                self._on.setdefault(trouble, self._newest_order() if trouble == "poison" else None)
            else:
                self._on.pop(trouble, None)
            self._make_it_so()

    def mend(self) -> None:
        """All is well again."""
        with self._world.lock:
            self._on.clear()
            self._make_it_so()

    def _spoken(self, trouble: str) -> str:
        order_id = self._on.get(trouble)
        one = TROUBLES[trouble]
        which = f": order {self._world.books.orders[order_id].number}" if order_id is not None else ""
        return f"{one.label}{which}. {one.follows}"

    def _make_it_so(self) -> None:
        self._faults.clear()
        rules: dict[str, tuple[str, f.Fault]] = {
            "down": ("*", f.error(503)),
            "too many": ("*", f.too_many()),
            "key": ("*", f.unauthorized()),
            "slow": ("*", f.slow(SLOW_S)),
            "lost": ("createorders", f.lost_answer()),
        }
        # A lost answer says something of uploads only, so it goes before what says something of everything.
        for name in sorted(self._on.keys() & rules.keys(), key=lambda one: rules[one][0] == "*"):
            self._faults.add(*rules[name])
        poisoned = self._on.get("poison")
        if poisoned is not None:
            self._faults.poison(poisoned)
        if "drift" in self._on:
            self._faults.drift(self._touch_some)

    def _touch_some(self, world: World, request: RecordedRequest) -> None:
        if request.endpoint == "orders":
            with world.lock:
                for order in self._listed("awaiting_shipment")[-_DRIFTED_A_PAGE:]:
                    world.touch(order.order_id)

    # -- inside --------------------------------------------------------------------------------------------------

    def _place(self, basket: Callable[[random.Random], Sequence[tuple[str, int]]]) -> ShopOrder:
        world = self._world
        with world.lock:
            world.advance_to(self._now())
            rng = world.random("panel", "shop", len(world.shop_orders))
            return world.place_shop_order(basket(rng), customer_no=rng.randrange(len(world.customers)))

    def _sold(self, placed: Sequence[ShopOrder]) -> str:
        self._feed.write()
        numbers = [one.number for one in placed]
        return f"{_counted(numbers, 'order', 'orders')} came into the shop: {_named(numbers)}."

    def _type_one(self) -> Order:
        world = self._world
        with world.lock:
            world.advance_to(self._now())
            rng = world.random("panel", "typed", len(world.books.orders))
            day = world.now.astimezone(world.zone).date()
            return world.place_manual_order(items=[(shelf.with_lot(sku, day), n) for sku, n in shelf.basket(rng)])

    def _packed(self, order: Order) -> bool:
        left = sum(self._world.books.unshipped(order).values())
        if left:
            rng = self._world.random("panel", "label", order.order_id, self._world.now)
            terms = people.label_terms(order, left, rng)
            self._world.buy_label(
                order.order_id,
                cost=terms.cost,
                insurance_cost=terms.insurance_cost,
                carrier=terms.carrier,
                service=terms.service,
            )
        return bool(left)

    def _listed(self, status: str) -> list[Order]:
        books = self._world.books
        return [books.orders[order_id] for order_id in books.orders_by_status[status].ids()]

    def _newest_order(self) -> int | None:
        open_orders = self._listed("awaiting_shipment")
        if open_orders:
            return open_orders[-1].order_id
        ids = self._world.books.orders_by_id.ids()
        return ids[-1] if ids else None


def _counted(numbers: Sequence[str], one: str, many: str) -> str:
    return f"{len(numbers)} {one if len(numbers) == 1 else many}"


def _named(numbers: Sequence[str]) -> str:
    rest = len(numbers) - _NAMED
    return ", ".join(numbers[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
