"""Starts shipsync as app.py does, on the clock that SHARED_CLOCK names; its schedule rests until the test lives on.

POST /live {"minutes": 60, "every": 30}   time passes in steps of so many minutes; after each, what is due is done
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial, partialmethod
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import anyio.to_thread
import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shipsync import runtime
from shipsync.jobs.schedule import REQUESTED_BY, Schedule, plan, was_missed
from shipsync.procedures import parity
from shipsync.store import deployment
from shipsync.store import jobs as jobs_store
from shipsync.web import server, trouble
from tests.browser.virtual_time import SharedClock

CLOCK = SharedClock(Path(os.environ["SHARED_CLOCK"]))


def due(app: runtime.App) -> list[str]:
    """The workflows that the schedule would have done by now, as it plans them."""
    controls = {one.workflow: one for one in deployment.controls_in_force(app.db.read())}
    found = []
    for one in plan(controls.values()):
        if one.workflow == parity.WORKFLOW:
            continue  # it follows the runs
        last = controls[one.workflow].last_run_at
        if one.daily_at is not None:
            if was_missed(last or controls[one.workflow].updated_at, one.daily_at, app.settings.zone, app.now()):
                found.append(one.workflow)
        elif last is None or (app.now() - last).total_seconds() >= 60 * (one.every_minutes or 0):
            found.append(one.workflow)
    return found


def live(minutes: float, every: float) -> None:
    """Let time pass. It moves while nothing is done: a job that it jumps over would be taken for dead."""
    app = runtime.app()
    for _ in range(round(minutes / every)):
        CLOCK.sleep(every * 60)
        for workflow in due(app):
            app.enqueue(workflow, {}, REQUESTED_BY)
        wait(app)
        app.schedule.refresh()  # as it does each minute: a comparison follows the runs
        wait(app)


def wait(app: runtime.App) -> None:
    """Until the queue is empty."""
    while jobs_store.is_any_open(app.db.read()):
        time.sleep(0.02)


async def lived(request: Request) -> JSONResponse:
    """Answers when all of it has passed."""
    asked = await request.json()
    await anyio.to_thread.run_sync(live, asked["minutes"], asked["every"])
    return JSONResponse({"now": CLOCK.now().isoformat()})


runtime.open_app = partial(  # type: ignore[assignment]
    runtime.open_app, clock=runtime.Clock(CLOCK.now, CLOCK.sleep, lambda: CLOCK.now().timestamp())
)
Schedule.start = partialmethod(Schedule.start, paused=True)  # type: ignore[method-assign,assignment]
Schedule.next_at = lambda self, workflow: None  # type: ignore[method-assign] - it would tell it by the other clock
app = st.App(
    server.PAGE_SCRIPT,
    lifespan=server.lifespan,
    routes=[*server.routes(), Route("/live", lived, methods=["POST"])],
    on_script_error=trouble.show,
)

if __name__ == "__main__":
    server.run(app)
