"""The queue's rows (DESIGN D8): jobs, and the steps of each with its progress and checkpoint.

Every change of state is an UPDATE that names the state it comes from, so that it happens once, whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shipsync.store.cursor import Cursor, Row
from shipsync.store.runs import End, counts_of

_JOB_COLUMNS = """job_id, kind, status, requested_by, requested_at, started_at, finished_at, run_id, attempts,
    cancel_requested, error, arguments, result"""


@dataclass(frozen=True)
class Job:
    """Something that was asked for."""

    job_id: str  # '<kind>.<n>'
    kind: str  # a workflow name
    status: str  # queued, running, succeeded, failed, cancelled, interrupted
    requested_by: str  # a person, 'schedule' or 'command line'
    requested_at: datetime
    started_at: datetime | None  # of the latest attempt
    finished_at: datetime | None
    run_id: str | None  # of the latest attempt; None before the first
    attempts: int
    cancel_requested: bool
    error: str | None  # a sentence, if it did not succeed
    arguments: Mapping[str, Any]
    result: Mapping[str, Any] | None  # what its last step answered


@dataclass(frozen=True)
class JobStep:
    """One step of a job."""

    step_no: int  # from 1
    name: str
    status: str  # waiting, running, succeeded, failed, cancelled, interrupted
    started_at: datetime | None
    finished_at: datetime | None
    done: int | None
    total: int | None  # None where nobody can know
    detail: str | None  # what it is at
    result: Mapping[str, Any] | None  # its checkpoint, once succeeded


@dataclass(frozen=True)
class JobView:
    """A job with all that a screen shows of it."""

    job: Job
    steps: Sequence[JobStep]  # empty before its first attempt
    ahead: Sequence[str]  # kinds of the open jobs that come before it, the running one first; empty once it runs
    counts: Mapping[str, int]  # what its latest run has counted


def add_job(con: Cursor, kind: str, arguments: Mapping[str, object], requested_by: str, now: datetime) -> str:
    """Queue a job and return its id. Whether one may be queued is the caller's question."""
    job_id: str = con.value(
        """
        INSERT INTO jobs (job_id, kind, arguments, status, requested_by, requested_at, attempts, cancel_requested)
        SELECT $kind || '.' || (coalesce(max(CAST(substr(job_id, length($kind) + 2) AS BIGINT)), 0) + 1),
               $kind, $arguments, 'queued', $requested_by, $now, 0, false
        FROM jobs
        WHERE kind = $kind
        RETURNING job_id
        """,
        {"kind": kind, "arguments": json.dumps(dict(arguments)), "requested_by": requested_by, "now": now},
    )
    return job_id


def widen_job(con: Cursor, job_id: str, arguments: Mapping[str, object]) -> bool:
    """Give a job other arguments. False if it has begun: its finished steps have done what they were told then."""
    return bool(
        con.rows(
            """
            UPDATE jobs
            SET arguments = $arguments
            WHERE job_id = $job_id
              AND status = 'queued'
              AND attempts = 0
            RETURNING job_id
            """,
            {"job_id": job_id, "arguments": json.dumps(dict(arguments))},
        )
    )


def job(con: Cursor, job_id: str) -> Job | None:
    """One job, or None if there is no such id."""
    row = con.row(f"SELECT {_JOB_COLUMNS} FROM jobs WHERE job_id = $job_id", {"job_id": job_id})  # noqa: S608
    return _job(row) if row is not None else None


def newest_view(con: Cursor, kind: str) -> JobView | None:
    """The job of a kind that was asked for last, or None."""
    newest = latest_jobs(con, kind, 1)
    return _view(con, newest[0]) if newest else None


def view(con: Cursor, job_id: str) -> JobView | None:
    """One job as a screen shows it, or None if there is no such id."""
    found = job(con, job_id)
    return _view(con, found) if found is not None else None


def _view(con: Cursor, found: Job) -> JobView:
    ahead: list[str] = []
    if found.status == "queued":
        others = [one for one in open_jobs(con) if one.job_id != found.job_id]
        ahead = [one.kind for one in others if one.status == "running"]
        mine = (found.requested_at, found.job_id)
        ahead += [one.kind for one in others if one.status == "queued" and (one.requested_at, one.job_id) < mine]
    counts = counts_of(con, found.run_id) if found.run_id is not None else {}
    return JobView(found, steps(con, found.job_id), ahead, counts)


def open_job(con: Cursor, kind: str) -> Job | None:
    """The queued or running job of a kind.

    There is at most one, but while a sandbox's past is lived through its jobs run past those that people queue: then
    the one that was asked for last.
    """
    row = con.row(
        f"""
        SELECT {_JOB_COLUMNS}
        FROM jobs
        WHERE kind = $kind
          AND status IN ('queued', 'running')
        ORDER BY requested_at DESC
        LIMIT 1
        """,  # noqa: S608
        {"kind": kind},
    )
    return _job(row) if row is not None else None


def latest_jobs(con: Cursor, kind: str | None = None, limit: int = 50) -> list[Job]:
    """The newest first, of one kind or of all."""
    rows = con.rows(
        f"""
        SELECT {_JOB_COLUMNS}
        FROM jobs
        WHERE $kind IS NULL OR kind = $kind
        ORDER BY requested_at DESC, job_id DESC
        LIMIT $limit
        """,  # noqa: S608
        {"kind": kind, "limit": limit},
    )
    return [_job(row) for row in rows]


def open_jobs(con: Cursor) -> list[Job]:
    """All jobs that are queued or running, the one that has waited longest first. At most one of each kind."""
    rows = con.rows(
        f"""
        SELECT {_JOB_COLUMNS}
        FROM jobs
        WHERE status IN ('queued', 'running')
        ORDER BY requested_at, job_id
        """  # noqa: S608
    )
    return [_job(row) for row in rows]


def is_any_open(con: Cursor) -> bool:
    """Whether any job is queued or running. Asked each second: a fifth of what `open_jobs` takes among 300,000 jobs."""
    return bool(con.value("SELECT EXISTS (SELECT 1 FROM jobs WHERE status IN ('queued', 'running'))"))


@dataclass(frozen=True)
class JobLine:
    """An ended job as the history lists it."""

    job_id: str
    kind: str
    status: str
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    error: str | None

    @property
    def took(self) -> timedelta | None:
        """How long its latest attempt ran."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None


def history(con: Cursor, kind: str | None = None, status: str | None = None, limit: int | None = None) -> list[JobLine]:
    """Ended jobs, the one asked for last first; of one kind and one state, or of all."""
    rows = con.rows(
        """
        SELECT job_id, kind, status, requested_by, requested_at, started_at, finished_at, attempts, error
        FROM jobs
        WHERE status NOT IN ('queued', 'running')
          AND ($kind IS NULL OR kind = $kind)
          AND ($status IS NULL OR status = $status)
        ORDER BY requested_at DESC, job_id DESC
        LIMIT $limit
        """,
        {"kind": kind, "status": status, "limit": limit},
    )
    return [JobLine(*row) for row in rows]


def count_ended(con: Cursor, kind: str | None = None, status: str | None = None) -> int:
    """How many ended jobs there are, of one kind and one state, or of all."""
    return int(
        con.value(
            """
            SELECT count(*)
            FROM jobs
            WHERE status NOT IN ('queued', 'running')
              AND ($kind IS NULL OR kind = $kind)
              AND ($status IS NULL OR status = $status)
            """,
            {"kind": kind, "status": status},
        )
        or 0
    )


def newest_ended(con: Cursor) -> JobView | None:
    """The job that ended last, or None."""
    job_id: str | None = con.value("SELECT arg_max(job_id, finished_at) FROM jobs WHERE finished_at IS NOT NULL")
    return view(con, job_id) if job_id is not None else None


def start_job(con: Cursor, job_id: str, run_id: str, now: datetime) -> bool:
    """A queued job is running now, as this run. False if it is not queued (any more)."""
    return bool(
        con.rows(
            """
            UPDATE jobs
            SET status = 'running',
                run_id = $run_id,
                started_at = $now,
                finished_at = NULL,
                attempts = attempts + 1,
                error = NULL,
                result = NULL
            WHERE job_id = $job_id
              AND status = 'queued'
            RETURNING job_id
            """,
            {"job_id": job_id, "run_id": run_id, "now": now},
        )
    )


def end_job(
    con: Cursor,
    job_id: str,
    run_id: str | None,
    status: End,
    now: datetime,
    *,
    error: str | None = None,
    result: Mapping[str, object] | None = None,
) -> bool:
    """A job has ended, and its running step with it, unless it succeeded. `run_id` None: straight from the queue.

    False if it was not in that state, for example because a newer run has it; then nothing is changed.
    """
    ended = con.rows(
        """
        UPDATE jobs
        SET status = $status, finished_at = $now, error = $error, result = $result
        WHERE job_id = $job_id
          AND CASE WHEN $run_id IS NULL THEN status = 'queued' ELSE status = 'running' AND run_id = $run_id END
        RETURNING job_id
        """,
        {
            "job_id": job_id,
            "run_id": run_id,
            "status": status,
            "now": now,
            "error": error,
            "result": None if result is None else json.dumps(dict(result)),
        },
    )
    if ended and status != "succeeded":
        con.execute(
            """
            UPDATE job_steps
            SET status = $status, finished_at = $now
            WHERE job_id = $job_id
              AND status = 'running'
            """,
            {"job_id": job_id, "status": status, "now": now},
        )
    return bool(ended)


def queue_again(con: Cursor, job_id: str, now: datetime) -> bool:
    """An ended job waits again, keeping the checkpoints of its finished steps. False if it succeeded or is open."""
    return bool(
        con.rows(
            """
            UPDATE jobs
            SET status = 'queued', requested_at = $now, finished_at = NULL, cancel_requested = false
            WHERE job_id = $job_id
              AND status IN ('failed', 'cancelled', 'interrupted')
            RETURNING job_id
            """,
            {"job_id": job_id, "now": now},
        )
    )


def ask_to_cancel(con: Cursor, job_id: str) -> bool:
    """Tell a running job to stop at its next chance. False if it is not running."""
    return bool(
        con.rows(
            "UPDATE jobs SET cancel_requested = true WHERE job_id = $job_id AND status = 'running' RETURNING job_id",
            {"job_id": job_id},
        )
    )


def is_cancel_requested(con: Cursor, run_id: str) -> bool:
    """Whether somebody asked the job that runs as this run to stop."""
    return bool(con.rows("SELECT 1 FROM jobs WHERE run_id = $run_id AND cancel_requested", {"run_id": run_id}))


def interrupt_jobs(con: Cursor, now: datetime, reason: str) -> list[str]:
    """End every running job whose run does not run any more (see `runs.interrupt_runs`). Their ids."""
    rows = con.rows(
        """
        SELECT job_id, run_id
        FROM jobs
        WHERE status = 'running'
          AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.run_id = jobs.run_id AND r.status = 'running')
        ORDER BY job_id
        """
    )
    for job_id, run_id in rows:
        end_job(con, job_id, run_id, "interrupted", now, error=reason)
    return [job_id for job_id, _ in rows]


def put_steps(
    con: Cursor, job_id: str, names: Sequence[str], now: datetime, *, is_first_attempt: bool
) -> dict[str, Mapping[str, Any]]:
    """Lay out the steps of a job, begin the first that is to do, and return the checkpoints of those before it.

    Steps that have succeeded in an earlier attempt stay, as long as they are the procedure's first ones in its order;
    from the first other one on all begin anew (also when the procedure was changed in between).
    """
    kept: dict[str, Mapping[str, Any]] = {}
    if not is_first_attempt:
        for step, name in zip(steps(con, job_id), names, strict=False):
            if step.name != name or step.status != "succeeded":
                break
            kept[name] = step.result or {}
        con.execute(
            "DELETE FROM job_steps WHERE job_id = $job_id AND step_no > $kept", {"job_id": job_id, "kept": len(kept)}
        )
    if len(kept) < len(names):
        con.execute(
            """
            INSERT INTO job_steps (job_id, step_no, name, status, started_at)
            SELECT $job_id, step_no, name,
                   CASE WHEN step_no = $first THEN 'running' ELSE 'waiting' END,
                   CASE WHEN step_no = $first THEN $now END
            FROM (SELECT unnest($names) AS name, generate_subscripts($names, 1) AS step_no)
            WHERE step_no >= $first
            """,
            {"job_id": job_id, "names": list(names), "first": len(kept) + 1, "now": now},
        )
    return kept


def steps(con: Cursor, job_id: str) -> list[JobStep]:
    """The steps of a job in order; empty before its first attempt."""
    rows = con.rows(
        """
        SELECT step_no, name, status, started_at, finished_at, done, total, detail, result
        FROM job_steps
        WHERE job_id = $job_id
        ORDER BY step_no
        """,
        {"job_id": job_id},
    )
    return [_step(row) for row in rows]


def next_step(
    con: Cursor, job_id: str, done: str, result: Mapping[str, object], following: str | None, now: datetime
) -> bool:
    """A step has succeeded, with `result` as its checkpoint, and the following one begins.

    False if there is none to begin, or if somebody asked the job to stop: then it stays waiting.
    """
    changed = con.rows(
        """
        UPDATE job_steps
        SET status = CASE WHEN name = $done THEN 'succeeded' ELSE 'running' END,
            started_at = CASE WHEN name = $done THEN started_at ELSE $now END,
            finished_at = CASE WHEN name = $done THEN $now END,
            result = CASE WHEN name = $done THEN $result END
        WHERE job_id = $job_id
          AND (name = $done
               OR name = $following
                  AND NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = $job_id AND cancel_requested))
        RETURNING name
        """,
        {"job_id": job_id, "done": done, "result": json.dumps(dict(result)), "following": following, "now": now},
    )
    return (following,) in changed


def running_step_progress(con: Cursor, job_id: str, done: int, total: int | None, detail: str) -> None:
    """How far the running step of a job is."""
    con.execute(
        """
        UPDATE job_steps
        SET done = $done, total = $total, detail = $detail
        WHERE job_id = $job_id
          AND status = 'running'
        """,
        {"job_id": job_id, "done": done, "total": total, "detail": detail},
    )


def end_step(con: Cursor, job_id: str, name: str, result: Mapping[str, object], now: datetime) -> None:
    """A step has succeeded; `result` is its checkpoint."""
    con.execute(
        """
        UPDATE job_steps
        SET status = 'succeeded', finished_at = $now, result = $result
        WHERE job_id = $job_id
          AND name = $name
        """,
        {"job_id": job_id, "name": name, "now": now, "result": json.dumps(dict(result))},
    )


def _job(row: Row) -> Job:
    *_, arguments, result = row
    fields = (*row[:-2], json.loads(arguments), json.loads(result) if result else None)
    return Job(*fields)


def _step(row: Row) -> JobStep:
    fields = (*row[:-1], json.loads(row[-1]) if row[-1] else None)
    return JobStep(*fields)
