"""The whole order loop against a made-up world on a virtual clock, and the comparison with that world's truth.

    simulate(days, seed)   import, upload and sync every few minutes of made-up time, over real HTTP, with or without
                           faults; working days are closed at half past one, on Fridays the week, and then all is
                           counted; on its last day the month, of which a label is voided later, so that the next
                           one restates it; after each tick the invariants are checked (invariants.py)
    differences(...)       what is lost, double or stale in our tables, told from the world itself

A closing of a day takes about as long as four syncs, and one that fails is tried again at every tick until it succeeds.

It wires rooms together, like runtime.py; the comparison uses none of the rules that it checks.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shipsync.config import load_settings
from shipsync.doors.mail import MailFolder
from shipsync.invariants import Invariants
from shipsync.procedures import counting
from shipsync.procedures.close_records import take_over
from shipsync.procedures.counting import Counted
from shipsync.rules.catalogue import DEFAULT_CATALOGUE
from shipsync.rules.counts import next_step
from shipsync.rules.identity import KEY_PREFIX
from shipsync.rules.months import month_ends, month_of
from shipsync.rules.periods import business_date
from shipsync.rules.preferences import WEEKLY_REPORT_RECIPIENTS
from shipsync.runtime import App, Clock, open_door, prepare_database
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.faults import Faults
from shipsync.sandbox.server import RecordedRequest, Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.truth import TrueOrder, Truth
from shipsync.sandbox.weather import LONGEST_LAG_S, Weather
from shipsync.sandbox.world import World
from shipsync.store import closings, comparison, counts, quarantine
from shipsync.store.approval import approval_above
from shipsync.store.cursor import Cursor
from shipsync.store.db import open_database
from shipsync.store.jobs import job as job_of
from shipsync.store.settings import set_setting

# A Monday; the autumn clock change is on its Sunday.
START = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)
LOOP = ("xml-import", "shipstation-upload", "shipstation-sync")
DAY: closings.Kind = "eod"
WEEK: closings.Kind = "eow"
MONTH: closings.Kind = "eom"
CLOSED_AT = time(13, 30)  # by the warehouse's clock
_FRIDAY = 4
_OPENING = 5_000  # units of each key product on the shelf at the start
_PALLET = 48  # units of each
_RATES = "rate,amount,effective_from\norder,2.5,2020-01-01\nunit,0.85,2020-01-01\npallet_day,0.55,2020-01-01\n"
_REASON = "It is a simulation."  # why a month is billed in spite of what its self-check warns of
_COUNTERS = ("Robin (shipper)", "Lee (lead)")

# How often everything is sent and read in the end, eleven minutes apart; then hourly while places that were taken for
# poison wait for being asked again.
SETTLE_LEAST, SETTLE_MOST = 3, 15

_MANUAL_PREFIX = "10"
_WORDS = {"pending_fulfillment": "awaiting_shipment", "rejected_fulfillment": "awaiting_shipment"}


@dataclass
class Outcome:
    """What a simulation came to."""

    days: float
    seed: int
    orders: int  # at ShipStation, in the end
    failed_jobs: list[str]  # while faults were on; allowed then, as long as what they left undone is made good
    failed_when_calm: list[str]
    broken: list[str]  # invariants that did not hold, by tick
    requests: list[RecordedRequest]
    differences: list[str]
    fetched_twice: int = 0  # order versions that were fetched more than once
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_right(self) -> bool:
        """Nothing lost, double or stale, every invariant held, and no job failed without a reason."""
        return not self.differences and not self.broken and not self.failed_when_calm

    def requests_per_hour(self) -> dict[datetime, int]:
        """Requests in each hour of made-up time."""
        hours = Counter(one.at.replace(minute=0, second=0, microsecond=0) for one in self.requests)
        return dict(sorted(hours.items()))

    def most_in_a_minute(self) -> int:
        """The most requests in one clock minute (the limit is 40)."""
        minutes = Counter(one.at.replace(second=0, microsecond=0) for one in self.requests)
        return max(minutes.values(), default=0)

    def lines(self) -> list[str]:
        """For a person."""
        hours = self.requests_per_hour().values()
        lines = [
            f"{self.days:g} days, seed {self.seed}: {self.orders:,} orders at ShipStation.",
            f"Requests: {len(self.requests):,}, at most {max(hours, default=0)} an hour and "
            f"{self.most_in_a_minute()} a minute, {min(hours, default=0)} in the quietest hour.",
            *(f"{what}: {amount:,}" for what, amount in sorted(self.counts.items())),
            *([f"Jobs that failed while faults were on: {len(self.failed_jobs):,}."] if self.failed_jobs else []),
            *(f"Failed: {job}" for job in self.failed_when_calm[:20]),
            *self.broken[:20],
            *self.differences[:50],
        ]
        verdict = "Right: 0 lost, 0 double, 0 stale, every invariant held after every tick."
        if not self.is_right:
            verdict = (
                f"WRONG: {len(self.differences)} differences, {len(self.broken)} broken invariants, "
                f"{len(self.failed_when_calm)} failed jobs."
            )
        return [*lines, verdict]

    def data(self) -> dict[str, Any]:
        """For a program."""
        return {
            "days": self.days,
            "seed": self.seed,
            "orders": self.orders,
            "requests": len(self.requests),
            "requests_per_hour": {f"{hour:%Y-%m-%dT%H:00Z}": n for hour, n in self.requests_per_hour().items()},
            "most_requests_in_a_minute": self.most_in_a_minute(),
            "counts": dict(self.counts),
            "failed_jobs": self.failed_jobs,
            "failed_when_calm": self.failed_when_calm,
            "broken_invariants": self.broken,
            "differences": self.differences,
        }


def simulate(
    *,
    days: float,
    seed: int,
    orders_per_day: float,
    every: timedelta = timedelta(minutes=5),
    start: datetime = START,
    switches: Switches | None = None,
    bad_weather: bool = False,
    import_every: timedelta | None = None,
    at_each_tick: Callable[[App, World], None] = lambda app, world: None,
    closes: bool = True,
) -> Outcome:
    """Live some days: import, upload and sync every few minutes, then calm, a last whole sync and the comparison.

    `bad_weather` lets faults come and go, by the seed. `import_every` reads the shop's file less often than the rest
    runs, because a rolling file of many thousand orders takes long to make. `at_each_tick` comes after the jobs of a
    tick. Without `closes` no day or week is closed. Nothing outlasts the call.
    """
    clock = VirtualClock(start)
    world = World(seed, start, orders_per_day=orders_per_day, switches=switches or Switches())
    faults = Faults(seed)
    weather = Weather(faults, seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(world, clock.now, faults=faults) as server,
        open_database(None, threads=1) as db,  # so small that a second thread is only in the way (measured: a sixth)
    ):
        settings = load_settings({}, None)
        prepare_database(db, settings, clock.now())
        feed = ShopFeed(world, Path(folder))
        door = open_door(server.url, "sandbox", "sandbox", clock_of(clock), jitter=random.Random(seed))
        doors = {"shipstation": door, "order_files": Path(folder), "mail": MailFolder(Path(folder) / "outbox")}
        app = App(settings, db, doors, clock_of(clock))
        shelf = _Shelf(app, Path(folder), seed) if closes else None
        invariants = Invariants(server, longest_lag=timedelta(seconds=LONGEST_LAG_S if bad_weather else 0))
        failed = shelf.begin() if shelf is not None else []
        in_the_file: set[str] = set()
        tick, end, next_import = start, start + timedelta(days=days), start
        while tick <= end:
            clock.advance_to(tick)
            world.advance_to(clock.now())
            if bad_weather:
                weather.turn()
            if tick >= next_import:
                feed.write()
                in_the_file = set(world.shop_orders)
                next_import = tick + (import_every or every)
            failed += _run(app, LOOP)
            failed += shelf.close_what_is_due(tick - every, tick) if shelf is not None else []
            invariants.check(app, world)
            at_each_tick(app, world)
            tick += every
        weather.clear_up()
        if shelf is not None:
            shelf.void_late(world)
        failed_when_calm = _settle(app, clock, invariants, world)
        if shelf is not None:
            failed_when_calm += _run(app, [WEEK]) + shelf.close_what_is_begun()
            invariants.check(app, world)
        closed = {f"closed, {kind}": versions for kind, versions in closings.closed_versions(db.read()).items()}
        fetched = db.read().value("SELECT sum(row_count) FROM api_pages WHERE feed = 'orders'") or 0
        routed = db.read().value("SELECT count(*) FROM routing_log") or 0
        outcome = Outcome(
            days=days,
            seed=seed,
            orders=len(world.books.orders),
            failed_jobs=failed if bad_weather else [],
            failed_when_calm=failed_when_calm + ([] if bad_weather else failed),
            broken=invariants.broken,
            requests=list(server.requests),
            differences=differences(_known_to_the_shop_file(world.truth(), in_the_file), db.read()),
            fetched_twice=fetched - routed,
        )
        door.close()
    outcome.counts.update({"order rows fetched": fetched, "order versions": routed} | closed)
    return outcome


def clock_of(clock: VirtualClock) -> Clock:
    """A virtual clock as applications go by it."""
    return Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())


class _Shelf:
    """What people do with stock in a simulation: open it, close days and weeks, count."""

    def __init__(self, app: App, folder: Path, seed: int) -> None:
        self._app = app
        self._folder = folder
        self._random = random.Random(f"shelf {seed}")
        self._owed: str | None = None  # the job of a closing that failed

    def begin(self) -> list[str]:
        """Load opening stock, pallets and rates, and say who gets the weekly report. Returns the jobs that failed."""
        app = self._app
        day = business_date(app.now(), app.settings.zone) - timedelta(days=1)
        products = [product for product in DEFAULT_CATALOGUE.products.values() if product.is_key]
        pallets = [f'{one.sku},"{one.name}",yes,{_PALLET},,' for one in products]
        stock = [f"{one.sku},250237,{_OPENING},{day}" for one in products]
        with app.db.transaction() as con:
            set_setting(con, WEEKLY_REPORT_RECIPIENTS, "lead@example.com", _COUNTERS[1], app.now())
        return [
            *self._load("products", "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point", *pallets),
            *self._load("opening-stock", "sku,lot,quantity,as_of", *stock),
            *self._load("rates", *_RATES.splitlines()),
        ]

    def _load(self, what: str, *lines: str) -> list[str]:
        path = self._folder / f"{what}.csv"
        path.write_text("\n".join([*lines, ""]))
        return _run(self._app, ["load"], {"what": what, "path": str(path), "by": _COUNTERS[1]})

    def close_what_is_due(self, since: datetime, until: datetime) -> list[str]:
        """Close the day, week or month whose hour lies between two ticks; try again what failed. The failed jobs."""
        app = self._app
        kind = closing_due(since, until, app.settings.zone)
        if kind is None and self._owed is None:
            return []
        if MONTH in (kind, str(self._owed).partition(".")[0]):
            self._settle_what_blocks()
        if self._owed is not None:
            job_id = self._owed
            app.retry(job_id, "simulation")
            while app.worker.run_next():
                pass
        else:
            job_id = app.run_now(str(kind), {"reason": _REASON} if kind == MONTH else {}, "simulation").job_id
        done = job_of(app.db.read(), job_id)
        if done is None or done.status != "succeeded":
            self._owed = job_id
            return [f"{job_id}: {done.error if done is not None else 'vanished'}"]
        self._owed = None
        if done.kind in (WEEK, MONTH):
            self._count()
        return []

    def void_late(self, world: World) -> None:
        """Void the newest label of a month that is closed."""
        closed = closings.newest_closed(self._app.db.read(), MONTH)
        if closed is None:
            return
        for one in sorted(world.books.shipments.values(), key=lambda one: -one.shipment_id):
            if one.is_active and not one.is_return and one.order_id and one.ship_date <= closed.period_end:
                world.void(one.shipment_id)
                return

    def close_what_is_begun(self) -> list[str]:
        """Close the month that has begun since one was closed, as far as it is. Returns the jobs that failed."""
        app = self._app
        today = business_date(app.now(), app.settings.zone)
        closed = closings.newest_closed(app.db.read(), MONTH)
        if closed is None or closed.period_start == month_of(today):
            return []
        self._settle_what_blocks()
        return _run(app, [MONTH], {"date": today.isoformat(), "reason": _REASON})

    def _settle_what_blocks(self) -> None:
        """What is held blocks a month: somebody takes over orders that cannot be read, and two under one number."""
        db, now = self._app.db, self._app.now()
        for one in quarantine.open_entries(db.read(), ["order", "conflict"]):
            if one.entry.held:
                take_over(db, one.entry.kind, one.entry.entity_id, "billed by hand", _COUNTERS[1], now)

    def _count(self) -> None:
        """Count all of the day that was closed last, a unit more or less here and there, and post it."""
        self._app.clock.sleep(60)  # what is counted is entered after the report that it differs from
        db, now, zone = self._app.db, self._app.now(), self._app.settings.zone
        closed = closings.newest_closed(db.read(), DAY)
        if closed is None:
            return
        count_id = counting.open_count(db, closed.period_start, None, _COUNTERS[0], now)
        limit = approval_above(db.read())
        for wanted in ("count", "recount"):
            lines = [one for one in counts.lines(db.read(), count_id) if next_step(one, limit) == wanted]
            found = [Counted(one.sku, one.lot, 0, max(0, one.expected + self._random.randint(-1, 1))) for one in lines]
            counting.enter(db, count_id, found, _COUNTERS[0], now)
        for one in counts.lines(db.read(), count_id):
            if next_step(one, limit) == "reason":
                counting.give_reason(db, count_id, one.sku, one.lot, "miscount", "", _COUNTERS[0], now)
        for one in counts.lines(db.read(), count_id):
            if next_step(one, limit) == "approval":
                counting.approve(db, count_id, one.sku, one.lot, _COUNTERS[1], now)
        counting.post(db, count_id, zone, _COUNTERS[0], now)


def closing_due(since: datetime, until: datetime, zone: ZoneInfo) -> str | None:
    """What is closed between two instants less than a day apart: a working day, on a Friday its week with it.

    On the last day of a month, whichever it is, the month with its week and day.
    """
    local = until.astimezone(zone)
    if not since < datetime.combine(local.date(), CLOSED_AT, tzinfo=zone) <= until:
        return None
    if local.date() == month_ends(local.date()):
        return MONTH
    if local.weekday() > _FRIDAY:
        return None
    return WEEK if local.weekday() == _FRIDAY else DAY


def _run(app: App, kinds: Sequence[str], arguments: dict[str, object] | None = None) -> list[str]:
    jobs = [app.run_now(kind, arguments or {}, "simulation") for kind in kinds]
    return [f"{job.job_id}: {job.error}" for job in jobs if job.status != "succeeded"]


def _settle(app: App, clock: VirtualClock, invariants: Invariants, world: World) -> list[str]:
    """Let everything become visible, be sent and be read: nothing changes any more. Returns the jobs that failed."""
    failed: list[str] = []
    for times in range(SETTLE_MOST):
        if times >= SETTLE_LEAST and not quarantine.open_entries(app.db.read(), ["poison"]):
            break
        clock.sleep(timedelta(minutes=11 if times < SETTLE_LEAST else 61).total_seconds())
        failed += _run(app, LOOP[:2]) if times < SETTLE_LEAST else []
        failed += _run(app, LOOP[2:], {"everything": True})
        invariants.check(app, world)
    return failed


def _known_to_the_shop_file(truth: Truth, numbers: set[str]) -> Truth:
    """The truth without the shop orders that were placed after the last import."""
    return replace(truth, shop={number: lines for number, lines in truth.shop.items() if number in numbers})


def differences(truth: Truth, con: Cursor) -> list[str]:
    """What our tables have otherwise than the world: one sentence each. Empty when all is right."""
    return [*_lost_or_stale_orders(truth, con), *_double_orders(truth, con), *_labels(truth, con), *_shop(truth, con)]


def _lost_or_stale_orders(truth: Truth, con: Cursor) -> Iterator[str]:
    tracked = {one.order_id: one for one in comparison.tracked_orders(con)}
    held = {one.entry.entity_id for one in quarantine.open_entries(con) if one.entry.held}
    held |= comparison.taken_over(con, ["order", "conflict", "poison"])
    lines, left = comparison.current_lines(con), comparison.left_the_house(con)
    for order in truth.orders.values():
        ours = tracked.get(order.order_id)
        if order.is_deleted or order.merged_into is not None:
            if ours is not None and ours.status not in ("cancelled", "shipped") and order.merged_into in tracked:
                yield f"stale: order {order.order_id} was merged away and is {ours.status} here"
            continue
        if ours is None:
            if _belongs_here(order, tracked) and str(order.order_id) not in held:
                yield f"lost: order {order.order_id} (number {order.number}, {order.status})"
            continue
        wanted = _WORDS.get(order.status, order.status)
        if ours.status != wanted:
            yield f"stale: order {order.order_id} ({order.number}) is {wanted} and stands as {ours.status}"
        if ours.tracking_number != _tracking(order):
            yield f"stale: order {order.order_id} has tracking {_tracking(order)}, here {ours.tracking_number}"
        if lines.get(order.order_id, []) != _lines_of(order):
            yield f"stale: order {order.order_id} has items {_lines_of(order)}, here {lines.get(order.order_id)}"
        yield from _left(order, left.get(order.order_id, []))


def _belongs_here(order: TrueOrder, tracked: dict[int, comparison.TrackedOrder]) -> bool:
    if order.key.startswith(KEY_PREFIX) or order.parent_id in tracked:
        return True
    keys = {product.sku for product in DEFAULT_CATALOGUE.products.values() if product.is_key}
    has_key = any(str(line.sku).split("-")[0].strip() in keys for line in order.lines if not line.adjustment)
    return order.number.isdigit() and order.number.startswith(_MANUAL_PREFIX) and has_key


def _tracking(order: TrueOrder) -> str | None:
    parcels: list[tuple[date, datetime, str | None, bool]] = [
        (one.ship_date, one.created_at, one.tracking, bool(one.lines)) for one in order.parcels
    ]
    if order.status != "shipped":
        parcels = [one for one in parcels if one[3]]
    marked = [(one.ship_date, one.created_at, one.tracking, True) for one in order.fulfillments if not one.voided_at]
    if order.status == "shipped":
        parcels += marked
    return min(parcels, key=lambda one: one[:2])[2] if parcels else None


def _lines_of(order: TrueOrder) -> list[tuple[str | None, int]]:
    return sorted(((line.sku, line.quantity) for line in order.lines if not line.adjustment), key=str)


def _left(order: TrueOrder, here: list[tuple[str, int, date, str | None, int]]) -> Iterator[str]:
    """Parcels that say what is in them must be here item by item; of others only the order's units can be told."""
    itemised = all(parcel.lines for parcel in order.parcels) and not order.fulfillments
    if itemised and (order.parcels or order.status != "shipped"):
        wanted = sorted(
            (
                ("shipment", parcel.shipment_id, parcel.ship_date, line.sku, line.quantity)
                for parcel in order.parcels
                for line in parcel.lines
                if not line.adjustment
            ),
            key=str,
        )
        if here != wanted:
            yield f"stale: of order {order.order_id} ({order.status}) has left {wanted}, here {here}"
    elif order.status == "shipped":
        wanted_units, units = _units_shipped(order), sum(row[4] for row in here)
        if wanted_units != units:
            yield f"stale: order {order.order_id} shipped {wanted_units} units, here {units}"


def _units_shipped(order: TrueOrder) -> int:
    """What its labels say, and what they left over if something else took it: a mark, or a label without items."""
    gone = Counter[int]()
    for parcel in order.parcels:
        for line in parcel.lines:
            gone[line.item_id] += 0 if line.adjustment else line.quantity
    is_rest_gone = not order.parcels or not all(parcel.lines for parcel in order.parcels)
    is_rest_gone = is_rest_gone or any(one.voided_at is None for one in order.fulfillments)
    rest = sum(max(0, line.quantity - gone[line.item_id]) for line in order.lines if not line.adjustment)
    return gone.total() + (rest if is_rest_gone else 0)


def _double_orders(truth: Truth, con: Cursor) -> Iterator[str]:
    keys = Counter(
        order.key
        for order in truth.orders.values()
        # One that a person deleted while its answer was lost shows nowhere, so it is sent again.
        if order.key.startswith(KEY_PREFIX) and order.parent_id is None and not order.is_deleted
    )
    for key, times in keys.items():
        if times > 1:
            yield f"double: {key} was uploaded {times} times"
    ids = Counter(one.order_id for one in comparison.tracked_orders(con))
    for order_id, times in ids.items():
        if times > 1:
            yield f"double: ShipStation order {order_id} stands {times} times in orders_inbox"


def _labels(truth: Truth, con: Cursor) -> Iterator[str]:
    here = comparison.labels(con)
    for one in truth.shipments.values():
        wanted = (one.order_id, one.cost, one.insurance_cost, one.voided_at is not None)
        if here.get(one.shipment_id) != wanted:
            yield f"stale: label {one.shipment_id} is {wanted}, here {here.get(one.shipment_id)}"


def _shop(truth: Truth, con: Cursor) -> Iterator[str]:
    here = comparison.shop_numbers(con)
    held = {one.entry.order_number for one in quarantine.open_entries(con, ["shop_order"])}
    held |= comparison.taken_over(con, ["shop_order"])
    keys = {product.sku for product in DEFAULT_CATALOGUE.products.values() if product.is_key}
    for number, lines in truth.shop.items():
        parts = {part.component_sku for sku, _ in lines for part in DEFAULT_CATALOGUE.bundles.get(sku.strip(), ())} | {
            sku.strip() for sku, _ in lines
        }
        if number not in here and number not in held and parts & keys:
            yield f"lost: shop order {number}"
