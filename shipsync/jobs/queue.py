"""Asks for work, takes the asking back, asks again. Buttons, the schedule and the command line do nothing else.

    enqueue -> queued -> running -> succeeded
                  |         |----> failed        |
                  |         |----> cancelled     | retry: queued again
                  |         '----> interrupted   |
                  '-> cancelled                  |

A retry is the same job once more, not a new one: its finished steps are its checkpoints and are not repeated, and
every attempt leaves a run of its own behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shipsync.store import jobs as store
from shipsync.store.db import Database
from shipsync.store.settings import audit


@dataclass(frozen=True)
class Enqueued:
    """What a press came to."""

    job_id: str
    created: bool  # False: a job of this kind was queued or running already, and this is its id
    is_same: bool = True  # False: that job was asked for with other arguments, so it does not do what this press asks


def enqueue(
    db: Database,
    kind: str,
    arguments: Mapping[str, object],
    requested_by: str,
    now: datetime,
    *,
    widens: bool = False,
) -> Enqueued:
    """Ask for a job. At most one of a kind is queued or running: a second press joins the first.

    A press with other arguments than the job's cannot join it: nothing is queued for it, and `is_same` says so. With
    `widens` it can as long as the job has not begun: the job then does what both asked for.
    """
    with db.transaction() as con:
        there = store.open_job(con, kind)
        if there is None:
            return Enqueued(store.add_job(con, kind, arguments, requested_by, now), created=True)
        asked = json.loads(json.dumps(dict(arguments)))  # as the job's own came back from its row
        if not widens:
            return Enqueued(there.job_id, created=False, is_same=there.arguments == asked)
        both = _both(there.arguments, asked)
        if there.arguments == both:
            return Enqueued(there.job_id, created=False)
        is_wider = store.widen_job(con, there.job_id, both)
        if is_wider:  # the job's own row keeps who asked for it first
            audit(con, requested_by, "job widened", there.job_id, json.dumps(there.arguments), json.dumps(both), now)
        return Enqueued(there.job_id, created=False, is_same=is_wider)


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What both ask for: lists together, of anything else the later word."""
    lists = {name for name in one.keys() & other.keys() if isinstance(one[name], list)}
    return {**one, **other, **{name: sorted({*one[name], *other[name]}) for name in lists}}


def cancel(db: Database, job_id: str, by: str, now: datetime) -> store.Job:
    """Take a job back: at once if it still waits, at its next chance if it runs. One that has ended stays as it is.

    Returns the job as it is now. Raises LookupError if there is no such job.
    """
    with db.transaction() as con:
        before = _existing(store.job(con, job_id), job_id)
        if store.end_job(con, job_id, None, "cancelled", now, error=f"Cancelled by {by} before it began."):
            audit(con, by, "job cancelled", job_id, before.status, "cancelled", now)
        elif not before.cancel_requested and store.ask_to_cancel(con, job_id):
            audit(con, by, "job cancelled", job_id, before.status, "asked to stop", now)
        return _existing(store.job(con, job_id), job_id)


def retry(db: Database, job_id: str, by: str, now: datetime) -> Enqueued:
    """Queue an ended job again; it goes on after its last finished step.

    If a job of its kind is queued or running by now, that one is returned instead. Raises LookupError if there is no
    such job, ValueError if it succeeded.
    """
    with db.transaction() as con:
        before = _existing(store.job(con, job_id), job_id)
        there = store.open_job(con, before.kind)
        if there is not None:
            return Enqueued(there.job_id, created=False, is_same=there.arguments == before.arguments)
        if not store.queue_again(con, job_id, now):
            raise ValueError(f"Job {job_id} has succeeded; there is nothing to try again.")
        audit(con, by, "job tried again", job_id, before.status, "queued", now)
        return Enqueued(job_id, created=True)


def _existing(job: store.Job | None, job_id: str) -> store.Job:
    if job is None:
        raise LookupError(f"There is no job {job_id}.")
    return job
