"""Runs: one row for each time a workflow did something, from the taking of its lock to how it ended (DESIGN I12)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shipsync.store.cursor import Cursor, Row

End = Literal["succeeded", "failed", "cancelled", "interrupted"]

_COLUMNS = """run_id, workflow_name, job_id, token, status, started_at, finished_at, requests, mark_from, mark_to,
    error, counts, log"""


@dataclass(frozen=True)
class Run:
    """One run."""

    run_id: str  # '<workflow>.<token>'
    workflow: str
    job_id: str | None
    token: int
    status: str  # running, succeeded, failed, cancelled, interrupted
    started_at: datetime
    finished_at: datetime | None
    requests: int | None  # sent to ShipStation; None for workflows that ask nothing
    mark_from: datetime | None  # complete_through of the workflow's mark when the run began ...
    mark_to: datetime | None  # ... and when it ended; both None for workflows without a mark
    error: str | None  # a sentence, if it did not succeed
    counts: Mapping[str, int]  # what it did
    log: Sequence[str]  # its log lines


def begin_run(con: Cursor, run_id: str, workflow: str, job_id: str | None, token: int, now: datetime) -> None:
    """Record that a run began, in the transaction that took its lock."""
    con.execute(
        """
        INSERT INTO runs (run_id, workflow_name, job_id, token, status, started_at, mark_from, counts, log)
        VALUES ($run_id, $workflow, $job_id, $token, 'running', $now,
            (SELECT CASE WHEN isfinite(complete_through) THEN complete_through END
             FROM sync_watermark
             WHERE workflow_name = $workflow),
            '{}', '')
        """,
        {"run_id": run_id, "workflow": workflow, "job_id": job_id, "token": token, "now": now},
    )


def keep_run(con: Cursor, run_id: str, counts: Mapping[str, int], log: Sequence[str]) -> None:
    """Keep what a running run has done and said so far, so that a kill does not lose it."""
    con.execute(
        "UPDATE runs SET counts = $counts, log = $log WHERE run_id = $run_id AND status = 'running'",
        {"run_id": run_id, "counts": json.dumps(dict(counts)), "log": "\n".join(log)},
    )


def end_run(
    con: Cursor,
    run_id: str,
    status: End,
    now: datetime,
    *,
    counts: Mapping[str, int],
    log: Sequence[str],
    error: str | None = None,
) -> bool:
    """Record how a run ended. False if that was recorded already; then nothing is changed."""
    return bool(
        con.rows(
            """
            UPDATE runs
            SET status = $status,
                finished_at = $now,
                requests = $requests,
                mark_to = (SELECT CASE WHEN isfinite(complete_through) THEN complete_through END
                           FROM sync_watermark
                           WHERE sync_watermark.workflow_name = runs.workflow_name),
                counts = $counts,
                error = $error,
                log = $log
            WHERE run_id = $run_id
              AND status = 'running'
            RETURNING run_id
            """,
            {
                "run_id": run_id,
                "status": status,
                "now": now,
                "requests": counts.get("requests"),
                "counts": json.dumps(dict(counts)),
                "error": error,
                "log": "\n".join(log),
            },
        )
    )


def interrupt_runs(con: Cursor, now: datetime, reason: str) -> list[str]:
    """End every running run whose lock is no longer its own or has expired. Their ids; counts and log stay."""
    rows = con.rows(
        """
        UPDATE runs
        SET status = 'interrupted', finished_at = $now, error = $reason
        WHERE status = 'running'
          AND NOT EXISTS (SELECT 1 FROM sync_locks l WHERE l.run_id = runs.run_id AND l.expires_at > $now)
        RETURNING run_id
        """,
        {"now": now, "reason": reason},
    )
    return sorted(run_id for (run_id,) in rows)


def run(con: Cursor, run_id: str) -> Run | None:
    """One run."""
    row = con.row(f"SELECT {_COLUMNS} FROM runs WHERE run_id = $run_id", {"run_id": run_id})  # noqa: S608
    return _run(row) if row is not None else None


def counts_of(con: Cursor, run_id: str) -> Mapping[str, int]:
    """What a run has counted so far; nothing if there is no such run."""
    counts: str | None = con.value("SELECT counts FROM runs WHERE run_id = $run_id", {"run_id": run_id})
    return json.loads(counts) if counts else {}


def newest_start(con: Cursor) -> datetime | None:
    """When the newest run of any workflow began; None before the first."""
    started_at: datetime | None = con.value("SELECT max(started_at) FROM runs")
    return started_at


def latest_runs(con: Cursor, workflow: str | None = None, limit: int = 50) -> list[Run]:
    """The newest runs first, of one workflow or of all."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM runs
        WHERE $workflow IS NULL OR workflow_name = $workflow
        ORDER BY started_at DESC, run_id DESC
        LIMIT $limit
        """,  # noqa: S608
        {"workflow": workflow, "limit": limit},
    )
    return [_run(row) for row in rows]


@dataclass(frozen=True)
class RunLine:
    """A run as a list shows it: everything but its log."""

    run_id: str
    workflow: str
    job_id: str | None
    status: str
    started_at: datetime
    finished_at: datetime | None
    requests: int | None
    error: str | None
    counts: Mapping[str, int]

    @property
    def took(self) -> timedelta | None:
        """How long it ran; None while it runs."""
        return self.finished_at - self.started_at if self.finished_at else None


_LINE = "run_id, workflow_name, job_id, status, started_at, finished_at, requests, error, counts"


def latest_lines(
    con: Cursor, workflow: str | None = None, status: str | None = None, limit: int | None = None
) -> list[RunLine]:
    """The newest runs first, of one workflow and one state, or of all."""
    rows = con.rows(
        f"""
        SELECT {_LINE}
        FROM runs
        WHERE ($workflow IS NULL OR workflow_name = $workflow)
          AND ($status IS NULL OR status = $status)
        ORDER BY started_at DESC, run_id DESC
        LIMIT $limit
        """,  # noqa: S608 - our own columns
        {"workflow": workflow, "status": status, "limit": limit},
    )
    return [_line(row) for row in rows]


def newest_of_each(con: Cursor) -> dict[str, RunLine]:
    """The newest run of each workflow that has ever run."""
    newest = con.rows("SELECT arg_max(run_id, started_at) FROM runs GROUP BY workflow_name")
    rows = con.rows(
        f"SELECT {_LINE} FROM runs WHERE run_id IN (SELECT unnest($ids))",  # noqa: S608 - our own columns
        {"ids": [row[0] for row in newest]},
    )
    return {line.workflow: line for line in map(_line, rows)}


def runs_of_job(con: Cursor, job_id: str) -> list[Run]:
    """Every attempt of a job, the newest first."""
    rows = con.rows(
        f"SELECT {_COLUMNS} FROM runs WHERE job_id = $job_id ORDER BY token DESC",  # noqa: S608 - our own columns
        {"job_id": job_id},
    )
    return [_run(row) for row in rows]


def requests_by_hour(con: Cursor, since: datetime) -> dict[datetime, int]:
    """Requests sent to ShipStation since that instant, by hours counted from it. A run counts where it began."""
    rows = con.rows(
        """
        SELECT time_bucket(INTERVAL 1 HOUR, started_at, CAST($since AS TIMESTAMPTZ)), sum(requests)::BIGINT
        FROM runs
        WHERE started_at >= $since
          AND requests > 0
        GROUP BY 1
        ORDER BY 1
        """,
        {"since": since},
    )
    return dict(rows)


def _line(row: Row) -> RunLine:
    return RunLine(*(*row[:-1], json.loads(row[-1]) if row[-1] else {}))


def _run(row: Row) -> Run:
    *_, counts, log = row
    fields = (*row[:-2], json.loads(counts) if counts else {}, log.splitlines() if log else [])
    return Run(*fields)
