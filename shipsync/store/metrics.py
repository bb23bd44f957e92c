"""Counts for /metrics: what is there at this moment, grouped in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shipsync.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the newest ended run of a workflow went."""

    workflow: str
    ended_at: datetime
    took: timedelta
    succeeded_at: datetime | None  # the end of its newest run that succeeded


def jobs_by_kind_and_status(con: Cursor) -> list[tuple[str, str, int]]:
    """(kind, status, how many) of all jobs there are."""
    rows: list[tuple[str, str, int]] = con.rows(
        """
        SELECT kind, status, count(*)
        FROM jobs
        GROUP BY kind, status
        ORDER BY kind, status
        """
    )
    return rows


def open_quarantine_by_kind(con: Cursor) -> list[tuple[str, bool, int]]:
    """(kind, whether the record is held back, how many) of what stands open in quarantine."""
    rows: list[tuple[str, bool, int]] = con.rows(
        """
        SELECT kind, held, count(*)
        FROM quarantine
        WHERE resolved_at IS NULL
        GROUP BY kind, held
        ORDER BY kind, held
        """
    )
    return rows


def last_runs(con: Cursor) -> list[LastRun]:
    """The newest ended run of each workflow."""
    rows = con.rows(
        """
        SELECT workflow_name,
               arg_max(finished_at, token),
               arg_max(finished_at - started_at, token),
               max(finished_at) FILTER (status = 'succeeded')
        FROM runs
        WHERE finished_at IS NOT NULL
        GROUP BY workflow_name
        ORDER BY workflow_name
        """
    )
    return [LastRun(*row) for row in rows]
