"""What a press does. Each action asks for the role first, tells the application, and says what came of it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from shipsync import runtime
from shipsync.jobs import queue
from shipsync.store import workflows
from shipsync.web import workflow_words
from shipsync.web.roles import Role, require


def press(kind: str, arguments: Mapping[str, object] | None = None) -> str:
    """Ask for a job. Returns its id, or that of the one that is queued or running already."""
    person = require(Role.OPERATOR)
    asked = runtime.app().enqueue(kind, arguments or {}, person.name)
    if not asked.is_same:
        st.toast(f"{asked.job_id} is at something else. Press again when it has ended.")
    elif not asked.created:
        st.toast(f"{asked.job_id} is at it already; this press joined it.", icon=":material/merge:")
    return asked.job_id


def cancel(job_id: str) -> None:
    """Take a job back, or ask it to stop after its step."""
    person = require(Role.OPERATOR)
    app = runtime.app()
    job = queue.cancel(app.db, job_id, person.name, app.now())
    st.toast(f"{job_id}: {'stops after its step' if job.status == 'running' else job.status}.")


def retry(job_id: str) -> None:
    """Queue an ended job again; it goes on after its last finished step."""
    person = require(Role.OPERATOR)
    try:
        asked = runtime.app().retry(job_id, person.name)
    except (LookupError, ValueError) as error:
        st.toast(str(error))
        return
    st.toast(f"{asked.job_id} is queued again." if asked.created else f"{asked.job_id} is at it already.")


def switch(workflow: str, *, enabled: bool) -> None:
    """Switch a workflow on or off; the schedule follows at once."""
    person = require(Role.ADMIN)
    app = runtime.app()
    with app.db.transaction() as con:
        workflows.set_enabled(con, workflow, enabled, person.name, app.now())
    app.schedule.refresh()
    st.toast(f"{workflow_words.title(workflow)} is {'on' if enabled else 'off'}.")


def set_interval(workflow: str, minutes: int) -> None:
    """Say how often a workflow comes round; the schedule follows at once."""
    person = require(Role.ADMIN)
    app = runtime.app()
    with app.db.transaction() as con:
        workflows.set_interval(con, workflow, minutes, person.name, app.now())
    app.schedule.refresh()
    st.toast(f"{workflow_words.title(workflow)} comes every {minutes} min.")
