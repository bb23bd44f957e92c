"""What a procedure is handed, and what it is made of.

A procedure is a sequence of steps. The worker runs them in order, keeps each step's result as its checkpoint, and
on a retry goes on after the last finished one; so a step must be harmless when it is run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from shipsync.doors.shipstation import ShipStation
from shipsync.store.cursor import Cursor
from shipsync.store.db import Tables
from shipsync.store.jobs import Job

Result = Mapping[str, Any]  # JSON-able: it is stored as the step's checkpoint


class Lease(Protocol):
    """The lock a run holds on its workflow (DESIGN D7)."""

    @property
    def workflow(self) -> str:
        """The workflow it locks."""

    @property
    def run_id(self) -> str:
        """The run that holds it, '<workflow>.<token>'."""

    @property
    def token(self) -> int:
        """Grows with each taking; an older one is refused."""

    def check(self, con: Cursor) -> None:
        """Raise LockLost unless this run still holds the lock. Called inside every applying transaction."""

    def beat(self) -> None:
        """Say that the run is alive, so that its lock does not expire."""


def _nobody(kind: str, arguments: Mapping[str, object]) -> Job:
    raise RuntimeError(f"{kind} was asked for where no worker runs")


@dataclass
class Work:
    """One run of one procedure: what it may use and whom it tells."""

    db: Tables  # production's tables, or those of a lane (store/lanes.py)
    lease: Lease
    arguments: Mapping[str, Any]  # what the press or the command line asked for
    now: Callable[[], datetime]  # aware UTC
    doors: Mapping[str, Any]  # by name: "shipstation", "order_files"
    settings: Any  # shipsync.config.Settings
    log: Callable[[str], None]  # one line of the run's log
    progress: Callable[[int, int | None, str], None]  # done, total if known, what
    check_cancel: Callable[[], None]  # raises Cancelled when a person asked to stop
    job_id: str = ""  # the job this run belongs to
    requested_by: str = ""  # who asked for it
    have_done: Callable[[str, Mapping[str, object]], Job] = _nobody  # see `Worker.have_done`
    results: dict[str, Result] = field(default_factory=dict)  # of the steps done so far, by step name
    counts: dict[str, int] = field(default_factory=dict)  # what the run did, shown and kept with it
    memory: dict[str, Any] = field(default_factory=dict)  # what steps of one run share; a retry starts without it

    @property
    def run_id(self) -> str:
        """The id of this run, '<workflow>.<token>'."""
        return self.lease.run_id

    @property
    def shipstation(self) -> ShipStation:
        """The door to ShipStation."""
        return cast(ShipStation, self.doors["shipstation"])

    def count(self, what: str, amount: int = 1) -> None:
        """Add to one of the run's figures."""
        self.counts[what] = self.counts.get(what, 0) + amount


@dataclass(frozen=True)
class Step:
    """One named piece of a procedure. What it returns is its checkpoint."""

    name: str
    do: Callable[[Work], Result | None]


@dataclass(frozen=True)
class Procedure:
    """A workflow's steps in order. `workflow` is also the kind of its jobs and the name of its lock."""

    workflow: str
    steps: tuple[Step, ...]
