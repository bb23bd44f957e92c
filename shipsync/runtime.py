"""Wires the rooms together: opens the database, the door and the worker, and closes them again.

with open_app(settings) as app:
    app.run_now("shipstation-sync", {}, "command line")   one job, to its end
    app.start() ... app.stop()                            worker and schedule, until stopped

Inside the server there is one application for the process: `published` makes it known, `app()` is how pages and
routes get it.
"""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shipsync.config import Settings
from shipsync.doors.shipstation import ShipStation
from shipsync.errors import ConfigurationError
from shipsync.jobs import queue
from shipsync.jobs.queue import Enqueued
from shipsync.jobs.schedule import REQUESTED_BY, Schedule, default_controls
from shipsync.jobs.worker import Worker, recover
from shipsync.past import Past, is_due, stands_at
from shipsync.procedures import (
    backfill,
    backup,
    cleanup,
    eod,
    eom,
    eow,
    import_orders,
    load,
    mail,
    manual_order_sync,
    parity,
    parity_drill,
    parity_replay,
    status_sync,
    sync,
    upload,
)
from shipsync.procedures.alerts import watch
from shipsync.procedures.ledger import bring_ledger_in_step
from shipsync.procedures.work import Procedure
from shipsync.rules.alerts import Machine
from shipsync.rules.catalogue import DEFAULT_CATALOGUE, KEY_CATALOGUE
from shipsync.sandbox.clock import RunningClock
from shipsync.sandbox.home import PAST, Sandbox
from shipsync.sandbox.journal import kept_world
from shipsync.store import first_start, selfcheck
from shipsync.store import jobs as jobs_store
from shipsync.store.db import Database, open_database
from shipsync.store.jobs import Job
from shipsync.store.migrations import migrate
from shipsync.store.settings import setting

log = logging.getLogger(__name__)

# A module without a file is never evicted by Streamlit's hot reload, which would make a second worker (measured).
_REGISTRY = "_shipsync_process"

PROCEDURES: Mapping[str, Procedure] = {
    one.workflow: one
    for one in (
        sync.PROCEDURE,
        status_sync.PROCEDURE,
        manual_order_sync.PROCEDURE,
        parity.PROCEDURE,
        parity_replay.PROCEDURE,
        parity_drill.PROCEDURE,
        backfill.PROCEDURE,
        upload.PROCEDURE,
        import_orders.PROCEDURE,
        cleanup.PROCEDURE,
        load.PROCEDURE,
        backup.PROCEDURE,
        mail.PROCEDURE,
        eod.PROCEDURE,
        eow.PROCEDURE,
        eom.PROCEDURE,
    )
}

# Of ShipStation's 40 a minute; the rest is left to other tools on the same key (DESIGN I11). The setting
# `requests_per_minute` of the database changes it from the next start on.
REQUESTS_PER_MINUTE = 35
STOP_TIMEOUT_S = 30.0


@dataclass
class Clock:
    """The time everything in one application goes by; all three move together."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


@dataclass
class App:
    """One running application: what jobs, pages and commands are handed."""

    settings: Settings
    db: Database
    doors: Mapping[str, Any]
    clock: Clock
    findings: list[str] = field(default_factory=list)  # what the self-check at start found wrong
    procedures: Mapping[str, Procedure] = field(default_factory=lambda: PROCEDURES)
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    sandbox: Sandbox | None = None  # what the panel acts on; None with a real account
    past: Past | None = None  # a new sandbox's past while it is still to be lived through
    _living: threading.Thread | None = None  # lives through it

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()
        self.worker = Worker(self)
        self.schedule = Schedule(self.db, self.clock.now, self.settings.zone, self.worker.wake, self.watch)
        door = self.doors.get("shipstation")
        if isinstance(door, ShipStation):
            # A wait for the next minute's requests must not hold up a cancel or the end of the process.
            door.should_stop = self.worker.should_stop

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock: aware UTC."""
        return self.clock.now

    def requests_sent(self) -> int:
        """How many requests went to ShipStation so far."""
        door = self.doors.get("shipstation")
        return door.requests.total() if isinstance(door, ShipStation) else 0

    def waits_for(self) -> str | None:
        """What the job under way waits for at ShipStation; None while it does not."""
        door = self.doors.get("shipstation")
        return door.waits_for if isinstance(door, ShipStation) else None

    def run_now(self, kind: str, arguments: Mapping[str, object], requested_by: str) -> Job:
        """Queue a job and run the queue until it has ended. Returns it as it ended.

        Instead of `start`: a past that was cut short is lived to its end first, one that has not begun never begins.

        A job of its kind with other arguments that waits already is run first.
        """
        self._be_done_with_the_past()
        asked = queue.enqueue(self.db, kind, arguments, requested_by, self.now())
        while True:
            did_something = self.worker.run_next()
            job = jobs_store.job(self.db.read(), asked.job_id)
            if job is None:
                raise LookupError(f"job {asked.job_id} vanished")
            if job.status in ("queued", "running") and did_something:
                continue
            if asked.is_same or not did_something:
                return job
            asked = queue.enqueue(self.db, kind, arguments, requested_by, self.now())

    def enqueue(self, kind: str, arguments: Mapping[str, object], requested_by: str) -> Enqueued:
        """Ask for a job, and have the worker look at once. A second press joins the first."""
        asked = queue.enqueue(self.db, kind, arguments, requested_by, self.now())
        self.worker.wake()
        return asked

    def retry(self, job_id: str, by: str) -> Enqueued:
        """Queue an ended job again, and have the worker look at once (see `queue.retry` for what it raises)."""
        asked = queue.retry(self.db, job_id, by, self.now())
        self.worker.wake()
        return asked

    def machine(self) -> Machine:
        """How this process and its disk are: what alerts are told from besides the database."""
        room, disk_error = None, None
        try:
            room = self.db.room()
        except OSError as error:
            disk_error = str(error)
        free_bytes, needed_bytes = room or (None, None)
        return Machine(
            started_at=self.started_at,
            is_working=self.is_working,
            free_bytes=free_bytes,
            needed_bytes=needed_bytes,
            disk_error=disk_error,
            findings=tuple(self.findings),
            notices=tuple(self.db.notices),
        )

    def watch(self) -> None:
        """Look which alerts began or ended, and have the worker send the mails there are about them."""
        if watch(self.db, self.settings, self.machine(), self.now()).has_mail:
            self.enqueue(mail.KIND, {}, REQUESTED_BY)

    @property
    def is_working(self) -> bool:
        """Whether the worker's threads and the schedule are alive, or the past is being lived through before them."""
        is_living = self._living is not None and self._living.is_alive()
        return is_living or (self.worker.is_alive and self.schedule.is_running)

    def start(self) -> None:
        """Start the worker and the schedule; where there is a past, in a thread of its own once that is lived."""
        if self.past is None:
            self._begin()
            return
        self._living = threading.Thread(target=self._live_past, args=[self.past], name="past", daemon=True)
        self._living.start()

    def stop(self) -> bool:
        """Let the step under way finish, stop both. Whether everything ended in time."""
        if self._living is not None:
            past = self.past
            if past is not None:
                past.stop()
            self._living.join(STOP_TIMEOUT_S)
            if self._living.is_alive():
                return False
        if self.schedule.is_running:
            self.schedule.stop()
        return self.worker.stop(STOP_TIMEOUT_S)

    def _be_done_with_the_past(self) -> None:
        if self.past is not None and self._living is None:
            self.past.finish()
            self.past = None

    def _begin(self) -> None:
        self.worker.start()
        self.schedule.start()

    def _live_past(self, past: Past) -> None:
        if past.live():
            self.past = None
            self._begin()


def app() -> App:
    """The application of this process. Raises LookupError where none was published: outside the server."""
    running: App | None = getattr(sys.modules.get(_REGISTRY), "app", None)
    if running is None:
        raise LookupError("shipsync is not running in this process; start it with `make run`.")
    return running


@contextmanager
def published(running: App) -> Iterator[App]:
    """Make this the application of the process, for pages and routes."""
    registry = sys.modules.setdefault(_REGISTRY, types.ModuleType(_REGISTRY))
    if getattr(registry, "app", None) is not None:
        raise RuntimeError("an application is published in this process already")
    registry.app = running  # type: ignore[attr-defined]
    try:
        yield running
    finally:
        registry.app = None  # type: ignore[attr-defined]


@contextmanager
def open_app(settings: Settings, clock: Clock | None = None, *, past: timedelta = PAST) -> Iterator[App]:
    """Open everything, recover what a killed process left, and close it all at the end.

    Without credentials the embedded ShipStation is started and used (DESIGN D21); the world of a new one began `past`
    ago. Raises StoreBusy when another
    process holds the database, and the errors of opening, migrating and matching a database.
    """
    clock = clock or Clock()
    with ExitStack() as stack:
        # The file first: whoever holds it also owns the sandbox's folder beside it.
        db = stack.enter_context(open_database(settings.database_path))
        folder = settings.database_path.parent / "sandbox"
        is_new_world = settings.is_sandbox and kept_world(folder) is None
        prepare_database(db, settings, clock.now() - past if is_new_world else clock.now())
        sandbox: Sandbox | None = None
        if settings.is_sandbox:
            sandbox = stack.enter_context(Sandbox(folder, clock.now, settings.timezone, past=past))
            door = open_door(sandbox.url, sandbox.key, sandbox.secret, clock, share=_share(db))
            watched: Path | None = settings.order_files or sandbox.order_files
        else:
            door = open_door(str(settings.shipstation_url), *_credentials(settings), clock, share=_share(db))
            watched = settings.order_files
        stack.callback(door.close)
        doors = {"shipstation": door, "order_files": watched, "mail": mail.open_mail_door(settings)}
        app = App(settings, db, doors, clock, sandbox=sandbox)
        if sandbox is not None and is_due(db, sandbox):
            app.past = stack.enter_context(_past_of(app, sandbox))
        elif sandbox is not None:
            sandbox.live()
        app.findings = selfcheck.findings(db, clock.now())
        for finding in app.findings:
            log.error("self-check: %s", finding)
        for job_id in app.past.recover() if app.past is not None else recover(app):
            log.warning("job %s was cut off by the end of an earlier process", job_id)
        yield app


@contextmanager
def _past_of(app: App, sandbox: Sandbox) -> Iterator[Past]:
    """The sandbox's past with what it needs: a clock of its own, and a door and a worker that go by it."""
    running = RunningClock(stands_at(app.db, sandbox))
    clock = Clock(running.now, running.sleep, lambda: running.now().timestamp())
    door = open_door(sandbox.url, sandbox.key, sandbox.secret, clock)
    doors = {"shipstation": door, "order_files": sandbox.order_files, "mail": app.doors["mail"]}
    inner = App(app.settings, app.db, doors, clock)
    try:
        yield Past(inner, sandbox, running, app.now)
    finally:
        door.close()


def prepare_database(db: Database, settings: Settings, now: datetime) -> None:
    """Bring the schema up to date and give a new database its first contents."""
    if migrate(db, now):
        bring_ledger_in_step(db, settings.zone, now)  # a database from before the ledger has shipped already
    controls = default_controls(sync_minutes=settings.sync_minutes, is_sandbox=settings.is_sandbox)
    world = "sandbox" if settings.is_sandbox else str(settings.shipstation_url)
    with db.transaction() as con:
        catalogue = DEFAULT_CATALOGUE if settings.is_sandbox else KEY_CATALOGUE
        first_start.prepare(con, controls, catalogue, world, now)


def open_door(
    url: str,
    key: str,
    secret: str,
    clock: Clock,
    *,
    share: int = REQUESTS_PER_MINUTE,
    jitter: random.Random | None = None,
) -> ShipStation:
    """The door to one ShipStation account, at our share of its limit. `jitter` makes its waiting repeatable."""
    return ShipStation(
        url,
        key,
        secret,
        now=clock.now,
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        requests_per_minute=share,
        jitter=jitter,
    )


def _share(db: Database) -> int:
    value = setting(db.read(), "requests_per_minute")
    return int(value) if value is not None else REQUESTS_PER_MINUTE


def _credentials(settings: Settings) -> tuple[str, str]:
    if settings.shipstation_key is None or settings.shipstation_secret is None:
        raise ConfigurationError(["SHIPSYNC_SHIPSTATION_KEY and SHIPSYNC_SHIPSTATION_SECRET are not set."])
    return settings.shipstation_key.get_secret_value(), settings.shipstation_secret.get_secret_value()
