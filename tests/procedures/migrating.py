"""What the tests of the migration share: a house that goes from legacy to the unified sync, and its evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shipsync.procedures.deployment import Asked, Outcome, change
from shipsync.rules.deployment import LEGACY, UNIFIED, Change, State
from shipsync.rules.gates import CLASSES
from shipsync.store import deployment, locks, runs
from tests.house import House

ASKED = Asked("Ann", "as planned", reviewed_by="Bob")


def state(house: House) -> State:
    """Where the deployment stands."""
    return deployment.state_of(house.app.db.read())


def go(house: House, what: Change, asked: Asked = ASKED) -> Outcome:
    """Make one change now."""
    return change(house.app.db, what, asked, house.app.settings.zone, house.clock.now())


def ran(house: House, *workflows: str) -> None:
    """Run these to their end; each has to succeed, and to do something."""
    for workflow in workflows:
        job = house.job(workflow)
        assert job.status == "succeeded", job.error
        assert not (job.result or {}).get("disabled"), workflow


def both(house: House) -> None:
    """One pass of either side."""
    ran(house, *LEGACY, UNIFIED)


def compared(house: House, mode: str, hours_ago: float = 0, **others: Any) -> None:
    """A comparison of so many hours ago, as the comparing keeps it. Nothing differed unless told."""
    at = house.clock.now() - timedelta(hours=hours_ago)
    values = {"compared": 4_000, "matched": 4_000, "pending": 0, "overdue": 0, "suspect": 0, "transient": 0,
              "stale_input": 0, "ignored": 0, "explained": 0, "confirmed": 0} | others  # fmt: skip
    row = {"run_id": f"{mode}.{at.isoformat()}", "mode": mode, "started_at": at, "finished_at": at,
           "period_start": at - timedelta(days=31), "period_end": at,
           "details": json.dumps({"made_up": dict(CLASSES)}), **values}  # fmt: skip
    with house.app.db.transaction() as con:
        con.execute(
            f"INSERT INTO parity_runs ({', '.join(row)}) VALUES ({', '.join(f'${one}' for one in row)})",  # noqa: S608
            row,
        )


def backed_up(house: House) -> None:
    """A backup was made just now; a database in memory has no file for a real one."""
    _run(house, "backup", house.clock.now())


def rehearsed(house: House) -> None:
    """Cut-over and rollback were rehearsed just now, for the same reason."""
    told = {"cutover ms": 800, "rollback ms": 600, "lost": 0, "broken": 0}
    _run(house, "parity-drill", house.clock.now(), told)


def off(house: House) -> None:
    """Legacy writes production, and has read everything so far."""
    go(house, "rollback")
    ran(house, *LEGACY)


def shadow(house: House) -> None:
    """The unified sync works beside it, and has read everything so far, too."""
    off(house)
    go(house, "begin")
    ran(house, UNIFIED)


def ready(house: House) -> None:
    """All gates are passed, and it is called ready."""
    live(house)
    go(house, "promote")


def live(house: House) -> None:
    """Two days of comparing live are over, and nothing differed."""
    shadow(house)
    backed_up(house)
    compared(house, "noise")
    compared(house, "replay")
    go(house, "promote")
    live_for_two_days(house)


def live_for_two_days(house: House) -> None:
    """Nothing differs for 49 hours, and both sides come round as they do; the last pass is a moment ago."""
    house.wait(49 * 60)
    for hours in range(48, 0, -2):
        compared(house, "live", hours)
    now = house.clock.now()
    for workflow, every, requests in (*((one, 60, 4) for one in LEGACY), (UNIFIED, 5, 1)):
        for number in range(3, 0, -1):
            _run(house, workflow, now - timedelta(minutes=every * number), {"requests": requests})
    both(house)
    backed_up(house)
    rehearsed(house)
    compared(house, "live")


def _run(house: House, workflow: str, at: datetime, counts: Mapping[str, int] | None = None) -> None:
    """A run that succeeded at once, and did nothing."""
    with house.app.db.transaction() as con:
        locks.add_missing_locks(con, [workflow])
        taken = locks.take(con, workflow, "test", at, at)
        assert taken is not None
        runs.begin_run(con, taken.run_id, workflow, None, taken.token, at)
        runs.end_run(con, taken.run_id, "succeeded", at, counts=counts or {}, log=[])
        locks.release(con, workflow, taken.token, taken.run_id)
