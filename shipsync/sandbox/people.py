"""What people do by themselves: order in the shop, type orders, buy labels, and all that goes otherwise.

Every local midnight the new day is planned: so many shop orders (facts/domain.md section 5), and so many of each
incident below. Incidents are owed rather than thrown by dice: each day adds its share, and a whole one that is owed
happens. So every kind occurs within some weeks, at any seed, and twice as often with twice the orders. One that finds
no fitting order waits for the next working day.

Random numbers depend on the seed and on what they are about, never on what came before; so the shop's orders are the
same whether or not anybody uploads them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from shipsync.sandbox import account, shelf
from shipsync.sandbox.index import Index
from shipsync.sandbox.objects import Order, Shipment, ShopLine
from shipsync.sandbox.order_book import Items, Refused, base_sku
from shipsync.sandbox.pacific import wall

if TYPE_CHECKING:
    from shipsync.sandbox.world import World

# Monday to Friday, relative to an average working day: Wednesday is the strong one. Nobody works at weekends.
_WEEKDAYS = (0.96, 0.95, 1.22, 0.95, 0.92, 0.0, 0.0)

# The warehouse packs in the morning and is done around 1 pm (local time).
_PACKING_FROM, _PACKING_TO = time(7, 30), time(13, 15)

# How often each happens, in 1,000 orders of shop and phone together. Together the manual orders are 60 (6 %).
INCIDENTS: dict[str, float] = {
    # orders that come by other ways than the shop
    "manual": 36,
    "odd_text": 5,  # a manual order whose SKU text is bare or odd
    "ghost": 5,  # typed without items, which come later
    "no_key_sku": 6,  # typed, and none of our products in it
    "unpaid": 5,  # typed as awaiting_payment, paid later
    "number_of_shop": 3,  # a manual order typed under a shop order's number
    "number_twice": 3,  # a manual order typed under another manual order's number
    "other_store": 25,  # another shop's order, imported by ShipStation itself
    "rejected": 3,  # another shop's order that a provider was to fulfil and refuses
    # what happens to open orders
    "hold": 12,
    "restore": 5,
    "cancel": 8,
    "split": 8,
    "merge": 6,
    "mark_shipped": 8,
    "edit_items": 8,
    "edit_address": 5,
    "tag": 8,
    "repost": 5,  # modifyDate moves, nothing else
    "delete": 3,
    "other_lot": 20,  # labelled with another lot than the order says
    "bare_label": 8,  # labelled without a lot
    "two_days": 10,  # two parcels on two days
    "partial": 5,  # a part is shipped; the rest much later or never
    # what happens after shipping
    "note": 10,
    "void_today": 10,
    "void_later": 6,
    "relabel_first": 4,  # the second label is bought before the first is voided, and carries no items
    "return_label": 6,
    "loose_label": 4,  # a label without an order
    "cost_correction": 5,  # only with the switch
    # in the shop
    "shop_edit": 8,
}

# The shop's oddities, by its own count of orders: one in so many.
_MISSING_AMOUNT, _UNKNOWN_BUNDLE, _MIXED_KIT = 97, 211, 53
UNKNOWN_BUNDLE = "19015"

_TRIES = 40  # orders looked at before an incident gives up for the day


class People:
    """Everybody around one world: shoppers, the office, the warehouse, other tools."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._books = world.books
        owing = world.random("owed")
        self._owed = {kind: owing.random() for kind in INCIDENTS}
        self._not_before: dict[int, datetime] = {}  # orders whose rest waits for another day
        self._recent_shop: list[str] = []

    def begin(self) -> None:
        """Start with what is left of the first day."""
        self._world.later(self._world.start, self._plan_day)

    def expect_label(self, order: Order, at: datetime) -> None:
        """Let the warehouse get to an order: in the next packing hours, now and then a day later."""
        if order.lines:
            rng = self._world.random("label", order.key, order.order_id, at)
            self._world.later(self._packing_time(at, rng), self._label, order.order_id)

    # -- the day -------------------------------------------------------------------------------------------------

    def _plan_day(self, at: datetime) -> None:
        day = at.astimezone(self._world.zone).date()
        self._world.later(self._instant(day + timedelta(days=1), time()), self._plan_day)
        orders = self._world.orders_per_day * _WEEKDAYS[day.weekday()]
        if not orders:
            return
        rng = self._world.random("day", day)
        mean = orders * 0.94
        for _ in range(max(0, round(rng.gauss(mean, mean**0.5)))):
            self._in_day(day, timedelta(hours=rng.triangular(5, 20, 11)), self._shop_order)
        for kind, rate in INCIDENTS.items():
            self._owed[kind] += rate / 1000 * orders
            while self._owed[kind] >= 1:
                self._owed[kind] -= 1
                self._in_day(day, timedelta(hours=rng.uniform(8, 15)), self._incident, kind)

    def _in_day(self, day: date, offset: timedelta, action: Callable[..., None], *arguments: object) -> None:
        at = self._instant(day, time()) + offset
        if at >= self._world.now:
            self._world.later(at, action, *arguments)

    def _incident(self, at: datetime, kind: str) -> None:
        rng = self._world.random(kind, at)
        try:
            happened = getattr(self, f"_{kind}")(at, rng)
        except Refused:
            happened = False
        if not happened:
            self._owed[kind] += 1

    # -- orders come in ------------------------------------------------------------------------------------------

    def _shop_order(self, at: datetime) -> None:
        count = len(self._world.shop_orders)
        rng = self._world.random("shop", count)
        lines = _shop_lines(rng, count + self._world.seed)
        order = self._world.place_in_shop(at, lines, rng.choice(self._world.customers))
        self._recent_shop.append(order.number)
        del self._recent_shop[:-500]
        if any(line.amount is None or line.product_id == UNKNOWN_BUNDLE for line in lines):
            self._world.later(self._packing_time(at + timedelta(days=1), rng), self._shop_corrects, order.number)

    def _shop_corrects(self, at: datetime, number: str) -> None:
        """The shop mends an order that could not be taken as it was, on the next working day."""
        if self._books.numbered(number):
            return  # somebody was quicker, and it is up
        order = self._world.shop_orders[number]
        lines = [replace(line, amount=line.amount or 1) for line in order.lines if line.product_id != UNKNOWN_BUNDLE]
        order.versions.append(tuple(lines))

    def _shop_edit(self, at: datetime, rng: random.Random) -> bool:
        if not self._recent_shop:
            return False
        order = self._world.shop_orders[rng.choice(self._recent_shop[-60:])]
        first, *rest = order.lines
        order.versions.append((replace(first, amount=(first.amount or 1) + 1), *rest))
        return True

    def _manual(self, at: datetime, rng: random.Random) -> bool:
        self._typed(at, self._with_lots(at, rng))
        return True

    def _odd_text(self, at: datetime, rng: random.Random) -> bool:
        day = self._day(at)
        [(sku, units), *rest] = shelf.basket(rng)
        texts = [(shelf.odd_text(sku, day, rng), units), *((other, count) for other, count in rest)]
        self._typed(at, texts)
        return True

    def _ghost(self, at: datetime, rng: random.Random) -> bool:
        order = self._typed(at, ())
        items = self._with_lots(at, rng)
        self._world.later(at + timedelta(minutes=rng.uniform(20, 90)), self._fill, order.order_id, items)
        return True

    def _fill(self, at: datetime, order_id: int, items: Items) -> None:
        if self._books.orders[order_id].is_listed:
            self._world.expect_label(self._books.edit(at, order_id, items=items), at)

    def _no_key_sku(self, at: datetime, rng: random.Random) -> bool:
        self._typed(at, [(rng.choice((*shelf.NON_KEY_SKUS, "SAMPLE-KIT", "BROCHURE")), rng.randrange(1, 20))])
        return True

    def _unpaid(self, at: datetime, rng: random.Random) -> bool:
        order = self._typed(at, self._with_lots(at, rng), status="awaiting_payment")
        self._world.later(at + timedelta(hours=rng.uniform(1, 30)), self._paid, order.order_id)
        return True

    def _paid(self, at: datetime, order_id: int) -> None:
        order = self._books.orders[order_id]
        if order.is_listed and order.status == "awaiting_payment":
            self._world.expect_label(self._books.edit(at, order_id, status="awaiting_shipment"), at)

    def _number_of_shop(self, at: datetime, rng: random.Random) -> bool:
        if not self._recent_shop:
            return False
        self._typed(at, self._with_lots(at, rng), number=rng.choice(self._recent_shop))
        return True

    def _number_twice(self, at: datetime, rng: random.Random) -> bool:
        known = self._pick(None, rng, _is_manual)
        if known is None:
            return False
        self._typed(at, self._with_lots(at, rng), number=known.number)
        return True

    def _other_store(self, at: datetime, rng: random.Random) -> bool:
        self._market_order(at, rng, "awaiting_shipment")
        return True

    def _rejected(self, at: datetime, rng: random.Random) -> bool:
        order = self._market_order(at, rng, "pending_fulfillment")
        self._world.later(at + timedelta(hours=rng.uniform(1, 30)), self._reject, order.order_id)
        return True

    def _reject(self, at: datetime, order_id: int) -> None:
        if self._books.orders[order_id].status == "pending_fulfillment":
            self._books.edit(at, order_id, status="rejected_fulfillment")

    def _market_order(self, at: datetime, rng: random.Random, status: str) -> Order:
        serial = rng.randrange(1000, 99_999)
        # Some numbers of other shops look much like manual ones: too short, too long, or with letters.
        number = rng.choice((f"SM-{serial}", f"10{serial % 1000:03d}", f"1000{serial:06d}", str(500_000 + serial)))
        items = [(rng.choice(("SM-MUG", "SM-SHIRT", "17612", "SM-BRUSH")), rng.randrange(1, 4))]
        # Imported some time after it was placed in its shop: createDate is not orderDate (API.md gotcha 19).
        ordered = wall(at - timedelta(minutes=rng.uniform(5, 180))).replace(microsecond=0)
        order = self._world.type_order(
            at,
            number,
            items,
            store=account.MARKET_STORE,
            key=f"{serial}-{rng.getrandbits(64):016x}",
            status=status,
            fields={"ordered": ordered, "paid": ordered},
        )
        self._world.arrived(order, at)
        return order

    # -- open orders ---------------------------------------------------------------------------------------------

    def _hold(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng)
        if order is None:
            return False
        self._books.hold(at, order.order_id, self._day(at) + timedelta(days=rng.randrange(1, 7)))
        self._world.watch_hold(order)
        return True

    def _restore(self, at: datetime, rng: random.Random) -> bool:
        order = self._pick("on_hold", rng)
        if order is None:
            return False
        self._world.expect_label(self._books.release(at, order.order_id), at)
        return True

    def _cancel(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng)
        return order is not None and bool(self._books.cancel(at, order.order_id))

    def _split(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng, self._can_be_parted)
        if order is None:
            return False
        child = self._books.split(at, order.order_id, _part(order))
        self._world.expect_label(child, at)
        return True

    def _merge(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng, self._has_no_label)
        if order is None:
            return False
        other = self._open(
            rng, lambda one: one is not order and one.store_id == order.store_id and self._has_no_label(one)
        )
        return other is not None and bool(self._books.merge(at, order.order_id, other.order_id))

    def _mark_shipped(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng)
        if order is None:
            return False
        carrier = rng.choice(("fedex", "fedex", "usps", "ups", "Freight"))
        tracking = None if carrier == "Freight" else f"78{rng.randrange(10**10):010d}"
        self._books.mark_shipped(at, order.order_id, carrier=carrier, tracking=tracking)
        return True

    def _edit_items(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng, lambda one: _is_manual(one) and self._has_no_label(one) and bool(one.lines))
        if order is None:
            return False
        items = [(line.sku or "", line.quantity) for line in order.lines]
        if rng.random() < 0.5:
            items[0] = (items[0][0], items[0][1] + rng.randrange(1, 4))
        else:
            items.append((shelf.with_lot("17914", self._day(at)), rng.randrange(1, 3)))
        self._books.edit(at, order.order_id, items=items)
        return True

    def _edit_address(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng)
        if order is None:
            return False
        street = f"{rng.randrange(1, 990)} CORRECTED ROAD"
        self._books.edit(at, order.order_id, ship_to=replace(order.ship_to, street1=street))
        return True

    def _tag(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng)
        tag_id = rng.choice(account.TAGS)["tagId"]
        return order is not None and bool(self._books.tag(at, order.order_id, tag_id, add=True))

    def _repost(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng)
        return order is not None and bool(self._books.touch(at, order.order_id))

    def _delete(self, at: datetime, rng: random.Random) -> bool:
        order = self._open(rng, self._has_no_label)
        return order is not None and bool(self._books.delete(at, order.order_id))

    # -- labels --------------------------------------------------------------------------------------------------

    def _label(self, at: datetime, order_id: int) -> None:
        order = self._books.orders[order_id]
        if not order.is_listed or order.status != "awaiting_shipment" or not self._books.unshipped(order):
            return
        if at >= self._not_before.get(order_id, at):
            self._buy(at, order)

    def _buy(self, at: datetime, order: Order, items: Items | None = None) -> Shipment:
        rng = self._world.random("bought", order.order_id, at)
        left = sum(self._books.unshipped(order).values())
        terms = label_terms(order, sum(count for _, count in items) if items is not None else left, rng)
        return self._books.buy_label(
            at,
            order.order_id,
            items=items,
            cost=terms.cost,
            insurance_cost=terms.insurance_cost,
            carrier=terms.carrier,
            service=terms.service,
        )

    def _other_lot(self, at: datetime, rng: random.Random) -> bool:
        return self._labelled_as(at, rng, lambda sku, day: f"{sku} - {shelf.older_lot(sku, day)}")

    def _bare_label(self, at: datetime, rng: random.Random) -> bool:
        return self._labelled_as(at, rng, lambda sku, day: sku)

    def _labelled_as(self, at: datetime, rng: random.Random, text: Callable[[str, date], str]) -> bool:
        """Buy a label on which the SKU texts are others than on the order; now and then the order is changed, too."""
        order = self._open(rng, lambda one: _is_ours_to_pick(one) and self._has_no_label(one))
        if order is None:
            return False
        day = self._day(at)
        items = [(text(base_sku(line.sku or ""), day), line.quantity) for line in order.lines if not line.adjustment]
        if rng.random() < 0.5:
            texts = {line.item_id: text(base_sku(line.sku or ""), day) for line in order.lines if not line.adjustment}
            lines = tuple(replace(line, sku=texts.get(line.item_id, line.sku)) for line in order.lines)
            self._books.edit(at, order.order_id, lines=lines)
        self._buy(at, order, items)
        return True

    def _two_days(self, at: datetime, rng: random.Random) -> bool:
        return self._in_two_parts(at, rng, days=1)

    def _partial(self, at: datetime, rng: random.Random) -> bool:
        return self._in_two_parts(at, rng, days=rng.randrange(5, 9), never=rng.random() < 0.3)

    def _in_two_parts(self, at: datetime, rng: random.Random, *, days: int, never: bool = False) -> bool:
        order = self._open(rng, self._can_be_parted)
        if order is None:
            return False
        day = self._day(at) + timedelta(days=days)
        while not _WEEKDAYS[day.weekday()]:
            day += timedelta(days=1)
        later = self._instant(day, time(9)) + timedelta(hours=rng.uniform(0, 4))
        self._not_before[order.order_id] = later
        self._buy(at, order, _part(order))
        self._world.later(later, self._give_up if never else self._rest, order.order_id)
        return True

    def _rest(self, at: datetime, order_id: int) -> None:
        self._not_before.pop(order_id, None)
        order = self._books.orders[order_id]
        if order.is_listed and order.status in ("awaiting_shipment", "shipped") and self._books.unshipped(order):
            self._buy(at, order)

    def _give_up(self, at: datetime, order_id: int) -> None:
        self._not_before.pop(order_id, None)
        order = self._books.orders[order_id]
        if order.is_listed and order.status == "awaiting_shipment":
            self._books.cancel(at, order_id)

    def _void_today(self, at: datetime, rng: random.Random) -> bool:
        return self._void(at, rng, self._label_of(at, rng, timedelta(0), timedelta(hours=8)))

    def _void_later(self, at: datetime, rng: random.Random) -> bool:
        return self._void(at, rng, self._label_of(at, rng, timedelta(days=2), timedelta(days=7)))

    def _void(self, at: datetime, rng: random.Random, shipment: Shipment | None) -> bool:
        if shipment is None or shipment.order_id is None:
            return False
        self._books.void(at, shipment.shipment_id)
        soon = at + timedelta(minutes=rng.uniform(10, 60))
        fate = rng.random()
        if fate < 0.55:
            self._world.later(soon, self._rest, shipment.order_id)
        elif fate < 0.8:
            self._world.expect_label(self._books.orders[shipment.order_id], at + timedelta(days=1))
        else:
            self._world.later(soon, self._give_up, shipment.order_id)
        return True

    def _relabel_first(self, at: datetime, rng: random.Random) -> bool:
        shipment = self._label_of(at, rng, timedelta(0), timedelta(hours=8))
        if shipment is None or shipment.order_id is None:
            return False
        order = self._books.orders[shipment.order_id]
        if order.status != "shipped" or self._books.unshipped(order):
            return False
        self._buy(at, order)
        self._world.later(at + timedelta(minutes=10), self._void_first, shipment.shipment_id)
        return True

    def _void_first(self, at: datetime, shipment_id: int) -> None:
        if self._books.shipments[shipment_id].is_active:
            self._books.void(at, shipment_id)

    def _return_label(self, at: datetime, rng: random.Random) -> bool:
        shipment = self._label_of(at, rng, timedelta(days=1), timedelta(days=12))
        if shipment is None:
            return False
        self._books.buy_label(at, shipment.order_id, is_return=True, cost=Decimal("11.40"))
        return True

    def _loose_label(self, at: datetime, rng: random.Random) -> bool:
        return bool(self._books.buy_label(at, None, cost=Decimal("12.75")))

    def _note(self, at: datetime, rng: random.Random) -> bool:
        order = self._pick("shipped", rng)
        if order is None:
            return False
        self._books.edit(at, order.order_id, internal_notes=f"Customer called, case {rng.randrange(1000, 9999)}")
        return True

    def _cost_correction(self, at: datetime, rng: random.Random) -> bool:
        if not self._world.switches.cost_corrections:
            return True
        shipment = self._label_of(at, rng, timedelta(days=1), timedelta(days=12))
        if shipment is None:
            return False
        self._books.correct_cost(shipment.shipment_id, shipment.cost + Decimal("3.20"))
        return True

    # -- finding -------------------------------------------------------------------------------------------------

    def _open(self, rng: random.Random, fits: Callable[[Order], bool] = lambda order: True) -> Order | None:
        """A recent order that awaits shipment, and is not waiting for the rest of its parcels."""
        return self._pick(
            "awaiting_shipment", rng, lambda order: order.order_id not in self._not_before and fits(order)
        )

    def _pick(
        self, status: str | None, rng: random.Random, fits: Callable[[Order], bool] = lambda order: True
    ) -> Order | None:
        """One of the younger orders with that status (None: any); None when some tries found none that fits."""
        ids = self._books.orders_by_id if status is None else self._books.orders_by_status[status]
        for place in self._places(ids, rng):
            order = self._books.orders[ids.at(place)]
            if fits(order):
                return order
        return None

    def _places(self, ids: Index, rng: random.Random) -> list[int]:
        """Places near the end of a list to look at, the same for the same random numbers."""
        length = len(ids)
        first = max(0, length - max(200, int(self._world.orders_per_day * 3)))
        return [rng.randrange(first, length) for _ in range(_TRIES)] if length else []

    def _label_of(self, at: datetime, rng: random.Random, youngest: timedelta, oldest: timedelta) -> Shipment | None:
        """An active outbound label of that age, of an order that is still listed."""
        labels = self._books.shipments_by_created
        low, high = labels.between_instants(at - oldest, at - youngest)
        for _ in range(_TRIES if high > low else 0):
            shipment = self._books.shipments[labels.at(rng.randrange(low, high))]
            if shipment.order_id is None or not shipment.is_active or shipment.is_return:
                continue
            if self._books.orders[shipment.order_id].is_listed:
                return shipment
        return None

    def _has_no_label(self, order: Order) -> bool:
        return not self._books.shipments_of.get(order.order_id)

    def _can_be_parted(self, order: Order) -> bool:
        return sum(line.quantity for line in order.lines) > 1 and self._has_no_label(order)

    # -- small things --------------------------------------------------------------------------------------------

    def _typed(
        self, at: datetime, items: Items, *, number: str | None = None, status: str = "awaiting_shipment"
    ) -> Order:
        order = self._world.type_order(at, number, items, status=status)
        self._world.expect_label(order, at)
        return order

    def _with_lots(self, at: datetime, rng: random.Random) -> list[tuple[str, int]]:
        day = self._day(at)
        return [(shelf.with_lot(sku, day), units) for sku, units in shelf.basket(rng)]

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._world.zone).date()

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self._world.zone).astimezone(UTC)

    def _packing_time(self, at: datetime, rng: random.Random) -> datetime:
        """When the warehouse gets to something that is ready at `at`."""
        ready = (at + timedelta(hours=rng.uniform(0.5, 3))).astimezone(self._world.zone)
        day = ready.date()
        if rng.random() < 0.12:
            day += timedelta(days=1)
        is_today = day == ready.date() and _WEEKDAYS[day.weekday()] and ready.time() <= _PACKING_TO
        if is_today and ready.time() >= _PACKING_FROM:
            return ready.astimezone(UTC)
        if not is_today and day == ready.date():
            day += timedelta(days=1)
        while not _WEEKDAYS[day.weekday()]:
            day += timedelta(days=1)
        return max(at, self._instant(day, _PACKING_FROM) + timedelta(hours=rng.uniform(0, 5.7)))


def _is_manual(order: Order) -> bool:
    return order.key.startswith("manual-") and order.store_id == account.MANUAL_STORE


def _is_ours_to_pick(order: Order) -> bool:
    return bool(order.lines) and all(base_sku(line.sku or "") in shelf.LOTTED_SKUS for line in order.lines)


def _part(order: Order) -> list[tuple[str, int]]:
    """About half of an order: all lines but the last, or half the units of the only one."""
    lines = [line for line in order.lines if not line.adjustment]
    if len(lines) > 1:
        return [(line.sku or "", line.quantity) for line in lines[:-1]]
    return [(lines[0].sku or "", lines[0].quantity // 2)]


@dataclass(frozen=True, slots=True)
class LabelTerms:
    """How a parcel goes, and for how much."""

    carrier: str
    service: str
    cost: Decimal  # USD
    insurance_cost: Decimal


def label_terms(order: Order, units: int, rng: random.Random) -> LabelTerms:
    """The terms of a label for so many units of an order."""
    service = _service(order, rng)
    return LabelTerms(
        carrier="stamps_com" if service.startswith("usps") else "fedex",
        service=service,
        cost=shelf.label_cost(max(1, units), service, rng),
        insurance_cost=Decimal("1.85") if rng.random() < 0.05 else Decimal(0),
    )


def _service(order: Order, rng: random.Random) -> str:
    """Mostly FedEx; where an island or another country wants another service, that one (facts/domain.md 1.6)."""
    if order.ship_to.country == "CA":
        return "fedex_international_ground"
    if order.ship_to.state == "HI":
        return "fedex_2day"
    if order.ship_to.residential:
        return "fedex_home_delivery"
    return rng.choices(
        ("fedex_ground", "fedex_express_saver", "fedex_2day", "fedex_standard_overnight", "usps_priority_mail"),
        (90, 3, 3, 1, 3),
    )[0]


def _shop_lines(rng: random.Random, count: int) -> tuple[ShopLine, ...]:
    """What somebody orders, now and then with an oddity of the shop."""
    lines: list[tuple[str, int | None]] = [*shop_basket(rng)]
    if count % _MISSING_AMOUNT == 20:
        lines[0] = (lines[0][0], None)
    if count % _UNKNOWN_BUNDLE == 60:
        lines.append((UNKNOWN_BUNDLE, 1))
    if count % _MIXED_KIT == 10:
        lines.append(("18275", 1))
    return tuple(ShopLine(sku, shelf.product_name(sku), amount) for sku, amount in lines)


def shop_basket(rng: random.Random) -> list[tuple[str, int]]:
    """What somebody puts into the shop's basket: product or the shop's own bundle, and how many."""
    lines: list[tuple[str, int]] = []
    for sku, units in shelf.basket(rng):
        if sku == shelf.MAIN_SKU and units in shelf.BUNDLE_OF and rng.random() < 0.6:
            lines.append((shelf.BUNDLE_OF[units], 1))
        elif sku == shelf.MAIN_SKU and units == 1 and rng.random() < 0.2:
            lines.append((rng.choice(("17613", "18255")), 1))
        else:
            lines.append((sku, units))
    if rng.random() < 0.2:
        lines.append((rng.choice(shelf.NON_KEY_SKUS), rng.randrange(1, 6)))
    return lines
