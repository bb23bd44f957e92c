"""The past of a new sandbox: 60 days of its world, lived through by the real jobs before real life begins (D21).

    ticks(...)   the instants at which the schedule of that past comes round: coarse long ago, as always lately
    Past.live    at each: the world gets there, the shop writes its file, import, upload and sync run, on a clock of
                 their own; days, weeks and months are closed, and the stockroom lives along (stockroom.py)

It runs in a thread beside the pages. Stopped or killed midway it goes on where the database stands, because every job
in it is as safe against that as any other, and the world keeps what was uploaded to it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from shipsync.errors import ShipsyncError
from shipsync.jobs.schedule import NIGHTLY, REQUESTED_BY
from shipsync.jobs.worker import recover
from shipsync.procedures.close_records import close_note, take_over
from shipsync.sandbox.clock import RunningClock
from shipsync.sandbox.home import Sandbox
from shipsync.sandbox.shop import ShopFeed
from shipsync.stockroom import OFFICE, Stockroom
from shipsync.store import first_start, quarantine, runs
from shipsync.store.db import Database

if TYPE_CHECKING:
    from shipsync.runtime import App

log = logging.getLogger(__name__)

LOOP = ("xml-import", "shipstation-upload", "shipstation-sync")
CLEANUP = "orders-cleanup"

# Long ago: on working days before the warehouse packs, so that the orders of the afternoon are up, and when it is done.
_HOURS = (time(7, 0), time(13, 30))
# Of late, until the end: finer, so that a day's traffic by the hour is true.
_LATELY: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(hours=26), timedelta(hours=1)),
    (timedelta(hours=1), timedelta(minutes=5)),
)

# The shop's file of the past holds fewer days than the real one, because reading it is what takes longest.
_FILE_DAYS = 6

# Every working day but the last is closed when the packing is done: the last one is left to whoever tries it.
_CLOSED_AT = _HOURS[1]
DAY, WEEK = "eod", "eow"
_FRIDAY = 4

# What stood so long in quarantine was settled by somebody, or a list of two months would wait for the newcomer.
_SETTLED_AFTER = timedelta(days=5)
_BY_HAND = "put right at ShipStation, and counted on paper"

_SAID_TIMES = 10  # how often the log tells how far it is


@dataclass(frozen=True, slots=True, order=True)
class Tick:
    """One round of the schedule."""

    instant: datetime  # UTC
    kinds: tuple[str, ...]  # the jobs due then, in order


def ticks(after: datetime, until: datetime, zone: ZoneInfo) -> list[Tick]:
    """Every round after one instant and up to another, in order. `zone` is the warehouse's."""
    lately = until - _LATELY[0][0]
    rounds = {until}
    for back, every in _LATELY:
        rounds = {one for one in rounds if one <= until - back or one == until}
        rounds |= {until - n * every for n in range(1, back // every + 1)}
    nights = set()
    closings: dict[datetime, str] = {}
    day = after.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        hours = _HOURS if day.weekday() < 5 else ()
        instants = [datetime.combine(day, hour, tzinfo=zone).astimezone(UTC) for hour in hours]
        rounds |= {one for one in instants if one < lately}
        if hours and day < until.astimezone(zone).date():
            closings[instants[-1]] = WEEK if day.weekday() == _FRIDAY else DAY
        nights.add(datetime.combine(day, NIGHTLY[CLEANUP], tzinfo=zone).astimezone(UTC))
        day += timedelta(days=1)
    # A closing syncs by itself, and long ago the mornings leave it to that: there is one minute for all of this.
    all_ticks = [Tick(one, LOOP if one >= lately else LOOP[:2]) for one in rounds - closings.keys()]
    all_ticks += [Tick(one, (*LOOP[:2], kind)) for one, kind in closings.items()]
    all_ticks += [Tick(one, (CLEANUP,)) for one in nights]
    return sorted(one for one in all_ticks if after < one.instant <= until)


class Past:
    """One installation's past while it is lived through. `done` of `total` and `sentence` are for a progress bar.

    `app` works on the installation's database by `clock`, which the sandbox goes by until the past is over.
    """

    def __init__(self, app: App, sandbox: Sandbox, clock: RunningClock, until: Callable[[], datetime]) -> None:
        """`until` is the installation's own clock: the past ends when it catches up with that."""
        self._app = app
        self._sandbox = sandbox
        self._clock = clock
        self._until = until
        self._feed = ShopFeed(sandbox.world, sandbox.order_files, days=_FILE_DAYS)
        self._stockroom = Stockroom(app, sandbox)
        self._stopping = threading.Event()
        self._lived: tuple[int, int] = (0, 0)
        sandbox.go_by(clock.now)

    @property
    def done(self) -> int:
        """Rounds of the schedule lived through by this process."""
        return self._lived[0]

    @property
    def total(self) -> int:
        """Rounds of the schedule there are, 0 before it has begun."""
        return self._lived[1]

    @property
    def sentence(self) -> str:
        """What is going on, for a person."""
        at = self._clock.now().astimezone(self._app.settings.zone)
        orders = len(self._sandbox.world.books.orders)
        return (
            f"The last weeks of this made-up warehouse are being brought in: {at:%a} {at.day} {at:%b %Y}, "
            f"{orders:,} orders so far."
        )

    def live(self) -> bool:
        """Live through it, and let the world live on in real time. False if it was stopped before its end.

        Where the store fails (a full disk), real life begins without the rest, and the log says so.
        """
        app = self._app
        with app.db.transaction() as con:
            first_start.past_begins(con, self._clock.now())
        plan = ticks(self._clock.now(), self._until(), app.settings.zone)
        self._lived = (0, len(plan))
        try:
            with app.db.one_thread(), _quiet():
                self._stockroom.begin()
                for number, tick in enumerate(plan, 1):
                    if not self._live_through(tick):
                        return False
                    self._lived = (number, len(plan))
                    if number % (len(plan) // _SAID_TIMES + 1) == 0:
                        log.info("%s", self.sentence)
            with app.db.transaction() as con:
                first_start.past_is_over(con, self._clock.now())
        except ShipsyncError as error:
            log.error("the sandbox's past ends at %s: %s", self._clock.now(), error)
        self._sandbox.live()
        return True

    def finish(self) -> None:
        """Instead of `live`: live through the rest of what was begun; do without a past that was not."""
        if first_start.is_past_begun(self._app.db.read()):
            self.live()
        else:
            self._sandbox.live()

    def recover(self) -> list[str]:
        """At start: what an earlier process left running of this past is interrupted, in its time. The job ids."""
        return recover(self._app)

    def stop(self) -> None:
        """Stop after the step under way."""
        self._stopping.set()
        self._app.worker.stop()

    def _live_through(self, tick: Tick) -> bool:
        self._clock.advance_to(tick.instant)
        self._sandbox.world.advance_to(self._clock.now())
        if tick.kinds[0] == LOOP[0]:
            self._feed.write()
        if tick.instant.astimezone(self._app.settings.zone).time() == _HOURS[0]:
            self._settle_what_is_old()
            self._stockroom.morning()
        for kind in tick.kinds:
            if self._stopping.is_set():
                return False
            self._app.worker.perform(kind, {}, OFFICE if kind in (DAY, WEEK) else REQUESTED_BY)
        if tick.kinds[-1] in (DAY, WEEK):
            self._stockroom.afternoon()
        return not self._stopping.is_set()

    def _settle_what_is_old(self) -> None:
        """What an office does in the morning."""
        db, now = self._app.db, self._clock.now()
        for one in quarantine.open_entries(db.read()):
            if now - one.first_seen_at < _SETTLED_AFTER:
                break  # the oldest come first
            if one.entry.held:
                take_over(db, one.entry.kind, one.entry.entity_id, _BY_HAND, OFFICE, now)
            else:
                close_note(db, one.entry.kind, one.entry.entity_id, OFFICE, now)


@contextmanager
def _quiet() -> Iterator[None]:
    """The lines of some hundred jobs would bury what else the console has to say; each run keeps its own."""
    levels = {name: logging.getLogger(name).level for name in ("shipsync.jobs.worker", "shipsync.doors")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def is_due(db: Database, sandbox: Sandbox) -> bool:
    """Whether there is a past to live through: in a new sandbox with a new database, or where it was cut short."""
    con = db.read()
    if first_start.is_past_begun(con):
        return not first_start.is_past_over(con)
    return sandbox.world.is_untouched and first_start.is_unused(con)


def stands_at(db: Database, sandbox: Sandbox) -> datetime:
    """The instant up to which the past was lived."""
    newest = runs.newest_start(db.read())
    return max(sandbox.world.now, newest) if newest is not None else sandbox.world.now
