"""Applies stored answers to other tables than theirs, through the very code that a sync applies them with.

    for each run that applied readings, in their order: copy its pages -> apply them, at the instant it did

So the same pages give the same tables (DESIGN I14), and a candidate's rules can be tried on what ShipStation really
said. What pages cannot tell is not replayed: uploads, order files, names of services (they are copied as they are
now), and that an order has vanished from ShipStation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shipsync.config import Settings
from shipsync.procedures import backfill
from shipsync.procedures.applying import apply_beside_the_mark, apply_readings
from shipsync.procedures.reading import Reader
from shipsync.procedures.work import Work
from shipsync.store import readings, reference
from shipsync.store.cursor import Cursor
from shipsync.store.db import Tables


@dataclass(frozen=True)
class _Lease:
    """A replayed run holds no lock: nobody else writes into the database it fills."""

    workflow: str
    run_id: str
    token: int = 0

    def check(self, con: Cursor) -> None:
        """It cannot be lost."""

    def beat(self) -> None:
        """It does not expire."""


def replay(
    source: Tables,
    target: Tables,
    *workflows: str,
    settings: Settings,
    since: datetime | None = None,
    until: datetime | None = None,
    done: Callable[[int, int], None] = lambda runs, of: None,
) -> int:
    """Apply everything that these workflows applied in `source` to `target`. Returns how many runs that were.

    `target` has the schema and the catalogue, and shop orders if they are to be met; a run is one transaction in it.
    `settings` name the warehouse's zone, by whose days stock is told. `since` and `until`: only what was applied then,
    both ends included. `done` hears after each run how many of how many are in.
    Raises what applying raises, and what `done` raises; the runs before stay applied.
    """
    runs = readings.applied_runs(source.read(), workflows, since, until)
    with target.transaction() as con:
        reference.copy_reference(source.read(), con)
    for number, run in enumerate(runs, start=1):
        with target.transaction() as con:
            for reading_id in run.reading_ids:
                readings.copy_reading(source.read(), con, reading_id)
        work = work_at(target, settings, run.workflow, run.run_id, run.applied_at)
        work.memory["asked by id"] = _asked_by_id(target, run.reading_ids)
        if run.workflow == backfill.WORKFLOW:
            apply_beside_the_mark(work, Reader(work))
        else:
            apply_readings(work, Reader(work))
        done(number, len(runs))
    return len(runs)


def work_at(db: Tables, settings: Settings, workflow: str, run_id: str, at: datetime) -> Work:
    """What a replayed run is handed: its time stands still, it has no door, and nobody is told of it."""
    return Work(
        db=db,
        lease=_Lease(workflow, run_id),
        arguments={},
        now=lambda: at,
        doors={},
        settings=settings,
        log=lambda line: None,
        progress=lambda done, total, detail: None,
        check_cancel=lambda: None,
    )


def _asked_by_id(db: Tables, reading_ids: Sequence[str]) -> list[int]:
    """The orders whose parcels were asked for by id."""
    asked = [json.loads(request).get("orderId") for request in readings.requests_of(db.read(), reading_ids)]
    return sorted({int(order_id) for order_id in asked if order_id is not None})
