"""Says when: puts jobs into the queue at their interval or their hour, and does nothing else (DESIGN D8)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from shipsync.errors import ShipsyncError
from shipsync.jobs.queue import enqueue
from shipsync.procedures import parity
from shipsync.procedures.deployment import follow_switches
from shipsync.rules.deployment import SYNCS
from shipsync.store import deployment
from shipsync.store.db import Database
from shipsync.store.workflows import Control, NewControl

logger = logging.getLogger(__name__)

REQUESTED_BY = "schedule"
READ_CONTROLS_EVERY_MINUTES = 1
WATCH_EVERY_MINUTES = 1
# The scheduler's own jobs; no workflow has these names.
_READ_CONTROLS, _WATCH = "read-controls", "watch"

# By the clock of the warehouse.
NIGHTLY = {"orders-cleanup": time(23, 59), "backup": time(0, 30), "parity-drill": time(1, 0)}


@dataclass(frozen=True)
class Planned:
    """When a workflow is due: every so many minutes, or once a day."""

    workflow: str
    every_minutes: int | None
    daily_at: time | None  # in the warehouse's zone; set where every_minutes is not


def default_controls(*, sync_minutes: int, is_sandbox: bool) -> list[NewControl]:
    """How the workflows start out in a new database. Uploading waits for a person to switch it on (DESIGN D13)."""
    return [
        NewControl("xml-import", True, 5, "Takes new orders from the shop's order files"),
        NewControl("shipstation-upload", is_sandbox, 5, "Sends the shop's orders up to ShipStation"),
        NewControl("shipstation-sync", True, sync_minutes, "Brings in what changed at ShipStation"),
        # A new installation has no legacy system to be compared with; where there is one a person switches them on.
        NewControl("status-sync", False, 60, "Legacy: states of the last seven days, for the orders that are here"),
        NewControl("manual-order-sync", False, 60, "Legacy: brings in orders typed by hand at ShipStation"),
        NewControl("parity-check", True, 120, "Compares both syncs while two of them run beside each other"),
        NewControl("orders-cleanup", True, None, "Clears old closed orders from the inbox, nightly at 23:59"),
        NewControl("backup", True, None, "Makes a verified copy of the database, nightly at 00:30"),
        NewControl("parity-drill", True, None, "Rehearses cut-over and rollback on a copy, nightly at 01:00"),
    ]


def plan(controls: Iterable[Control]) -> list[Planned]:
    """What is due when. Workflows that are off, or come only when asked, are not in it."""
    planned = []
    for control in controls:
        if not control.enabled:
            continue
        if control.interval_minutes is not None:
            planned.append(Planned(control.workflow, control.interval_minutes, None))
        elif control.workflow in NIGHTLY:
            planned.append(Planned(control.workflow, None, NIGHTLY[control.workflow]))
    return planned


def was_missed(since: datetime, at: time, zone: ZoneInfo, now: datetime) -> bool:
    """Whether the daily hour has passed after `since`: a computer that is off at night must not skip it for good."""
    today = now.astimezone(zone).date()
    latest = datetime.combine(today, at, tzinfo=zone)
    if latest > now:
        latest = datetime.combine(today - timedelta(days=1), at, tzinfo=zone)
    return since < latest


def is_behind(controls: Mapping[str, Control]) -> bool:
    """Whether a sync has run since the last comparison: each of their runs is followed by one (DESIGN D19)."""
    runs = [one.last_run_at for name in SYNCS if (one := controls.get(name)) is not None and one.last_run_at]
    compared = controls[parity.WORKFLOW].last_run_at if parity.WORKFLOW in controls else None
    return bool(runs) and (compared is None or compared < max(runs))


class Schedule:
    """Enqueues what is due while the application runs. Follows `workflow_controls` within a minute."""

    def __init__(
        self,
        db: Database,
        now: Callable[[], datetime],
        zone: ZoneInfo,
        enqueued: Callable[[], None] = lambda: None,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """`zone` is the warehouse's; `enqueued` is called after each new job, for the worker to look at once.

        `watch` is called each minute: what looks for alerts is too small to be a job.
        """
        self._db = db
        self._now = now
        self._zone = zone
        self._enqueued = enqueued
        self._watch = watch
        self._planned: dict[str, Planned] = {}
        self._following = threading.Lock()  # a press and the minute may follow at once
        # A late or missed time counts once, and none runs beside itself.
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self.scheduler = BackgroundScheduler(timezone=zone, job_defaults=defaults)

    def start(self, *, paused: bool = False) -> None:
        """Begin. Whatever has an interval is due at once, so that a restart does not put it off."""
        self.scheduler.add_job(self.refresh, IntervalTrigger(minutes=READ_CONTROLS_EVERY_MINUTES), id=_READ_CONTROLS)
        self.scheduler.add_job(self.watch, IntervalTrigger(minutes=WATCH_EVERY_MINUTES), id=_WATCH)
        self._follow()
        self.scheduler.start(paused=paused)

    def stop(self) -> None:
        """Stop, and wait for an enqueueing under way. Before the database is closed."""
        self.scheduler.shutdown(wait=True)

    @property
    def is_running(self) -> bool:
        """Whether it enqueues what is due."""
        return bool(self.scheduler.running)

    def next_at(self, workflow: str) -> datetime | None:
        """When a workflow is enqueued next, aware; None if it is off or comes only when asked."""
        planned = self.scheduler.get_job(workflow)
        return planned.next_run_time if planned is not None else None

    def refresh(self) -> None:
        """Bring the plan in line with what people have set since. Before the start there is none to bring in line."""
        with self._following:
            if self.is_running:
                self._follow()

    def _follow(self) -> None:
        try:
            follow_switches(self._db, self._zone, self._now())
            controls = {control.workflow: control for control in deployment.controls_in_force(self._db.read())}
        except ShipsyncError as error:
            logger.warning("the schedule stays as it is: %s", error)
            return
        wanted = {one.workflow: one for one in plan(controls.values())}
        for workflow in self._planned.keys() - wanted.keys():
            self.scheduler.remove_job(workflow)
        for workflow, one in wanted.items():
            if self._planned.get(workflow) == one:
                continue
            self.scheduler.add_job(
                self.press,
                self._trigger(one),
                args=[workflow],
                id=workflow,
                replace_existing=True,
                **({"next_run_time": self._now()} if self._is_due_now(one, controls[workflow]) else {}),
            )
        self._planned = wanted
        if is_behind(controls) and parity.sides_now(self._db.read()) is not None:
            self.press(parity.WORKFLOW)

    def watch(self) -> None:
        """Look once for alerts."""
        try:
            self._watch()
        except ShipsyncError as error:
            # The pages tell it too, from what they see themselves; the next look tries again.
            logger.warning("alerts were not looked at: %s", error)

    def _trigger(self, one: Planned) -> IntervalTrigger | CronTrigger:
        if one.daily_at is not None:
            return CronTrigger(hour=one.daily_at.hour, minute=one.daily_at.minute, timezone=self._zone)
        return IntervalTrigger(minutes=one.every_minutes, timezone=self._zone)

    def _is_due_now(self, one: Planned, control: Control) -> bool:
        if one.daily_at is None:
            return True
        return was_missed(control.last_run_at or control.updated_at, one.daily_at, self._zone, self._now())

    def press(self, workflow: str) -> None:
        """Put one job of this workflow into the queue, unless one is there or it was switched off meanwhile."""
        try:
            control = deployment.control_in_force(self._db.read(), workflow)
            if control is None or not control.enabled:
                return
            if enqueue(self._db, workflow, {}, REQUESTED_BY, self._now()).created:
                self._enqueued()
        except ShipsyncError as error:
            # A full disk, for example: the next time may find it mended.
            logger.warning("%s was not enqueued: %s", workflow, error)
