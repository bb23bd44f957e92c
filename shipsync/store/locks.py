"""The lock rows (DESIGN D7): one per workflow, made once, then only updated.

An INSERT as a lock would fail only at COMMIT in DuckDB; an UPDATE of an existing row is decided at once. The token
grows with each taking and is never given twice, so a writer that was thought dead is known by its old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shipsync.store.cursor import Cursor


@dataclass(frozen=True)
class Taken:
    """A lock that was just taken."""

    token: int  # higher than any before it of this workflow
    run_id: str  # '<workflow>.<token>'


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    run_id: str
    owner: str  # the process instance
    expires_at: datetime


def add_missing_locks(con: Cursor, workflows: Iterable[str]) -> None:
    """Make the rows of workflows that have none; free, token 0."""
    for workflow in workflows:
        con.execute(
            """
            INSERT INTO sync_locks (workflow_name, token)
            VALUES ($workflow, 0)
            ON CONFLICT (workflow_name) DO NOTHING
            """,
            {"workflow": workflow},
        )


def take(con: Cursor, workflow: str, owner: str, now: datetime, expires_at: datetime) -> Taken | None:
    """Take the lock if it is free or its holder has let it expire; None if somebody holds it."""
    row = con.row(
        """
        UPDATE sync_locks
        SET token = token + 1,
            run_id = workflow_name || '.' || (token + 1),
            owner = $owner,
            acquired_at = $now,
            heartbeat_at = $now,
            expires_at = $expires_at
        WHERE workflow_name = $workflow
          AND (run_id IS NULL OR expires_at <= $now)
        RETURNING token, run_id
        """,
        {"workflow": workflow, "owner": owner, "now": now, "expires_at": expires_at},
    )
    return Taken(*row) if row is not None else None


def expiry(con: Cursor, workflow: str, token: int, run_id: str) -> datetime | None:
    """When a lock that this run still holds expires; None if it holds it no more."""
    expires_at: datetime | None = con.value(
        """
        SELECT expires_at
        FROM sync_locks
        WHERE workflow_name = $workflow
          AND token = $token
          AND run_id = $run_id
        """,
        {"workflow": workflow, "token": token, "run_id": run_id},
    )
    return expires_at


def prolong(con: Cursor, workflow: str, token: int, run_id: str, now: datetime, expires_at: datetime) -> bool:
    """Move the expiry of a lock that this run still holds. False if it holds it no more."""
    return bool(
        con.rows(
            """
            UPDATE sync_locks
            SET heartbeat_at = $now, expires_at = $expires_at
            WHERE workflow_name = $workflow
              AND token = $token
              AND run_id = $run_id
            RETURNING token
            """,
            {"workflow": workflow, "token": token, "run_id": run_id, "now": now, "expires_at": expires_at},
        )
    )


def release(con: Cursor, workflow: str, token: int, run_id: str) -> bool:
    """Free a lock that this run still holds. False if it holds it no more; then nothing is changed."""
    return bool(
        con.rows(
            """
            UPDATE sync_locks
            SET run_id = NULL, owner = NULL, acquired_at = NULL, heartbeat_at = NULL, expires_at = NULL
            WHERE workflow_name = $workflow
              AND token = $token
              AND run_id = $run_id
            RETURNING token
            """,
            {"workflow": workflow, "token": token, "run_id": run_id},
        )
    )


def free_locks_of_others(con: Cursor, owner: str) -> list[str]:
    """Free what earlier processes left locked: one process holds the file, so they are gone. Their run ids."""
    rows = con.rows(
        "SELECT run_id FROM sync_locks WHERE run_id IS NOT NULL AND owner <> $owner ORDER BY run_id", {"owner": owner}
    )
    con.execute(
        """
        UPDATE sync_locks
        SET run_id = NULL, owner = NULL, acquired_at = NULL, heartbeat_at = NULL, expires_at = NULL
        WHERE run_id IS NOT NULL
          AND owner <> $owner
        """,
        {"owner": owner},
    )
    return [run_id for (run_id,) in rows]


def holder(con: Cursor, workflow: str) -> Holder | None:
    """Who holds the workflow's lock, whether expired or not; None if it is free."""
    row = con.row(
        """
        SELECT run_id, owner, expires_at
        FROM sync_locks
        WHERE workflow_name = $workflow
          AND run_id IS NOT NULL
        """,
        {"workflow": workflow},
    )
    return Holder(*row) if row is not None else None
