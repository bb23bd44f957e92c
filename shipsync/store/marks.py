"""How far each workflow has read (`sync_watermark`), and each list beside /orders (`feed_marks`)."""

from __future__ import annotations

from datetime import datetime

from shipsync.rules.watermark import Mark
from shipsync.store.cursor import Cursor


def mark_of(con: Cursor, workflow: str) -> Mark:
    """The workflow's mark. Both instants are None where nothing was read yet or the row holds no real time."""
    row = con.row(
        """
        SELECT CASE WHEN isfinite(last_sync_timestamp) THEN last_sync_timestamp END,
               CASE WHEN isfinite(complete_through) THEN complete_through END
        FROM sync_watermark
        WHERE workflow_name = $workflow
        """,
        {"workflow": workflow},
    )
    return Mark(*row) if row is not None else Mark(None, None)


def set_mark(con: Cursor, workflow: str, mark: Mark, run_id: str, now: datetime) -> None:
    """Write the mark, in the transaction that applied the rows it speaks of."""
    con.execute(
        """
        INSERT INTO sync_watermark (workflow_name, last_sync_timestamp, complete_through, updated_at, run_id)
        VALUES ($workflow, $last_sync_timestamp, $complete_through, $now, $run_id)
        ON CONFLICT (workflow_name) DO UPDATE SET
            last_sync_timestamp = excluded.last_sync_timestamp,
            complete_through = excluded.complete_through,
            updated_at = excluded.updated_at,
            run_id = excluded.run_id
        """,
        {
            "workflow": workflow,
            "last_sync_timestamp": mark.last_sync_timestamp,
            "complete_through": mark.complete_through,
            "run_id": run_id,
            "now": now,
        },
    )


def all_marks(con: Cursor) -> dict[str, Mark]:
    """The mark of every workflow that has one."""
    rows = con.rows("SELECT workflow_name FROM sync_watermark ORDER BY workflow_name")
    return {workflow: mark_of(con, workflow) for (workflow,) in rows}


def feed_marks(con: Cursor, workflow: str) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Per list: how far it was read whole, and when it was last asked."""
    rows = con.rows(
        """
        SELECT feed,
               CASE WHEN isfinite(complete_through) THEN complete_through END,
               CASE WHEN isfinite(asked_at) THEN asked_at END
        FROM feed_marks
        WHERE workflow_name = $workflow
        """,
        {"workflow": workflow},
    )
    return {feed: (through, asked) for feed, through, asked in rows}


def set_feed_mark(con: Cursor, workflow: str, feed: str, through: datetime | None, asked_at: datetime) -> None:
    """Write how far a list is complete (None: it must be read from the start), and when it was asked."""
    con.execute(
        """
        INSERT INTO feed_marks (workflow_name, feed, complete_through, asked_at)
        VALUES ($workflow, $feed, $through, $asked_at)
        ON CONFLICT (workflow_name, feed) DO UPDATE SET
            complete_through = excluded.complete_through,
            asked_at = excluded.asked_at
        """,
        {"workflow": workflow, "feed": feed, "through": through, "asked_at": asked_at},
    )


def reset_marks(con: Cursor, workflow: str) -> None:
    """Forget marks that cannot be used, so that what is written next starts anew."""
    con.execute("DELETE FROM sync_watermark WHERE workflow_name = $workflow", {"workflow": workflow})
    con.execute("DELETE FROM feed_marks WHERE workflow_name = $workflow", {"workflow": workflow})
