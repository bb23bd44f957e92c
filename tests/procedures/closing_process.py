"""A process that closes a week or a month, and is killed with SIGKILL where it is told: for proving that this is safe.

python -m tests.procedures.closing_process DATABASE SHIPSTATION_URL MAIL_URL

It reads lines 'NOW KIND POINT'. For each a child is forked that works at that instant and dies at that point; how it
ended is written as a line: minus the signal's number, or its exit code. Importing is done once for all.

A point is 'eod.census/begun' or 'eod.census/done': as its step begins, or when all of it is written but its checkpoint;
'-' is none. What an earlier child left is recovered, and its closing tried again; without one, a closing is begun.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from shipsync.config import load_settings
from shipsync.doors.mail import SendGrid
from shipsync.jobs import queue
from shipsync.jobs.worker import recover
from shipsync.procedures.work import Procedure, Work
from shipsync.runtime import PROCEDURES, App, Clock, open_door
from shipsync.sandbox.clock import VirtualClock
from shipsync.store import jobs
from shipsync.store.db import open_database
from tests.procedures.test_alerts_and_mail import MAIL

# In the order in which a closing passes them. The week has its day closed; the month finds both closed.
WEEK = (
    "eow.day/begun",
    *(f"eod.{name}/{moment}" for name in ("sync", "shipped", "census", "recalculate", "freeze")
      for moment in ("begun", "done")),
    "eow.day/done",
    *(f"eow.{name}/{moment}" for name in ("weeks", "stock", "report") for moment in ("begun", "done")),
    "eow.mail/begun",
    *(f"mail.{name}/{moment}" for name in ("settle", "send") for moment in ("begun", "done")),
    "eow.mail/done",
    *(f"eow.archive/{moment}" for moment in ("begun", "done")),
)  # fmt: skip
MONTH = tuple(
    f"eom.{name}/{moment}"
    for name in ("week", "check", "charges", "report", "mail", "archive")
    for moment in ("begun", "done")
)


def dying_at(point: str, procedures: Mapping[str, Procedure]) -> dict[str, Procedure]:
    """The same procedures, in which the process is killed at a point."""

    def watched(workflow: str, name: str, do: Callable[[Work], Any]) -> Callable[[Work], Any]:
        def step(work: Work) -> Any:
            die_at(f"{workflow}.{name}/begun")
            result = do(work)
            die_at(f"{workflow}.{name}/done")
            return result

        return step

    def die_at(here: str) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return {
        workflow: replace(
            one, steps=tuple(replace(step, do=watched(workflow, step.name, step.do)) for step in one.steps)
        )
        for workflow, one in procedures.items()
    }


def close(database: Path, shipstation: str, mail: str, now: datetime, kind: str, point: str) -> None:
    """Recover, and close the period that `now` lies in, or go on with it."""
    time = VirtualClock(now)
    clock = Clock(time.now, time.sleep, lambda: time.now().timestamp())
    with open_database(database, threads=1) as db:
        door = open_door(shipstation, "sandbox", "sandbox", clock)
        doors = {"shipstation": door, "mail": SendGrid(mail, "SG.key")}
        app = App(load_settings(MAIL, None), db, doors, clock, procedures=dying_at(point, PROCEDURES))
        recover(app)
        begun = jobs.latest_jobs(db.read(), kind, 1)
        if begun:
            queue.retry(db, begun[0].job_id, "test", clock.now())
        else:
            queue.enqueue(db, kind, {}, "test", clock.now())
        while app.worker.run_next():
            pass
        door.close()


def main(database: Path, shipstation: str, mail: str) -> None:
    """Fork a child for each line."""
    for line in sys.stdin:
        now, kind, point = line.split()
        child = os.fork()
        if not child:
            close(database, shipstation, mail, datetime.fromisoformat(now), kind, point)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
