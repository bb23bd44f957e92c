"""Applies the stored answers of one database to another one, through the very code that a sync applies them with.

    for each run that applied readings, in their order: copy its pages -> apply them, at the instant it did

So the same pages give the same tables (DESIGN I14), and a candidate's rules can be tried on what ShipStation really
said. What pages cannot tell is not replayed: uploads, order files, names of services (they are copied as they are
now), and that an order has vanished from ShipStation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shipsync.config import Settings
from shipsync.procedures import backfill
from shipsync.procedures.applying import apply_beside_the_mark, apply_readings
from shipsync.procedures.reading import Reader
from shipsync.procedures.work import Work
from shipsync.store import readings, reference
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database


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


def replay(source: Database, target: Database, *workflows: str, settings: Settings) -> int:
    """Apply everything that these workflows applied in `source` to `target`. Returns how many runs that were.

    `target` has the schema and the catalogue, and shop orders if they are to be met; a run is one transaction in it.
    `settings` name the warehouse's zone, by whose days stock is told.
    Raises what applying raises; the runs before stay applied.
    """
    runs = readings.applied_runs(source.read(), workflows)
    with target.transaction() as con:
        reference.copy_reference(source.read(), con)
    for run in runs:
        with target.transaction() as con:
            for reading_id in run.reading_ids:
                readings.copy_reading(source.read(), con, reading_id)
        work = _work(target, settings, _Lease(run.workflow, run.run_id), run.applied_at)
        work.memory["asked by id"] = _asked_by_id(target, run.reading_ids)
        if run.workflow == backfill.WORKFLOW:
            apply_beside_the_mark(work, Reader(work))
        else:
            apply_readings(work, Reader(work))
    return len(runs)


def _work(db: Database, settings: Settings, lease: _Lease, at: datetime) -> Work:
    return Work(
        db=db,
        lease=lease,
        arguments={},
        now=lambda: at,
        doors={},
        settings=settings,
        log=lambda line: None,
        progress=lambda done, total, detail: None,
        check_cancel=lambda: None,
    )


def _asked_by_id(db: Database, reading_ids: Sequence[str]) -> list[int]:
    """The orders whose parcels were asked for by id."""
    asked = [json.loads(request).get("orderId") for request in readings.requests_of(db.read(), reading_ids)]
    return sorted({int(order_id) for order_id in asked if order_id is not None})
