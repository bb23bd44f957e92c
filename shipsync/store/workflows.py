"""Which workflows there are, whether they are on, and how often they come round (`workflow_controls`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from shipsync.rules.legacy import LEGACY
from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor
from shipsync.store.settings import audit

_COLUMNS = "workflow_name, enabled, interval_minutes, description, last_run_at, updated_at, updated_by"
_NEW = pa.schema([
    ("workflow", pa.string()),
    ("enabled", pa.bool_()),
    ("interval_minutes", pa.int32()),
    ("description", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class NewControl:
    """How a workflow starts out in a database that does not know it yet."""

    workflow: str
    enabled: bool
    interval_minutes: int | None  # None: nightly, or only when asked
    description: str  # one line for the screen


@dataclass(frozen=True)
class Control:
    """How a workflow is set."""

    workflow: str
    enabled: bool
    interval_minutes: int | None
    description: str
    last_run_at: datetime | None  # when its latest run ended, however it ended
    updated_at: datetime
    updated_by: str


def add_missing_controls(con: Cursor, controls: Iterable[NewControl], now: datetime) -> None:
    """Add the workflows that this database does not know; what a person has set is left alone."""
    with batch(con, "new_controls", [asdict(one) for one in controls], _NEW) as rows:
        con.execute(
            f"""
            INSERT INTO workflow_controls
                (workflow_name, enabled, interval_minutes, description, updated_at, updated_by)
            SELECT workflow, enabled, interval_minutes, description, $now, 'shipsync'
            FROM {rows}
            ON CONFLICT (workflow_name) DO NOTHING
            """,  # noqa: S608 - the name of our own batch
            {"now": now},
        )


def all_controls(con: Cursor) -> list[Control]:
    """All workflows by name; of the legacy ones those that are on, and all until the move away from them is done."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM workflow_controls
        WHERE enabled
           OR workflow_name NOT IN (SELECT unnest($legacy))
           OR EXISTS (SELECT 1 FROM parity_deployment WHERE state <> 'done')
        ORDER BY workflow_name
        """,  # noqa: S608 - our own names
        {"legacy": list(LEGACY)},
    )
    return [Control(*row) for row in rows]


def control_of(con: Cursor, workflow: str) -> Control | None:
    """One workflow, or None if it has no controls: then it is always on and never scheduled."""
    row = con.row(
        f"SELECT {_COLUMNS} FROM workflow_controls WHERE workflow_name = $workflow",  # noqa: S608
        {"workflow": workflow},
    )
    return Control(*row) if row is not None else None


def set_enabled(con: Cursor, workflow: str, enabled: bool, by: str, now: datetime) -> bool:
    """Switch a workflow on or off and say so in the audit log. False if there is no such workflow."""
    before = control_of(con, workflow)
    if before is None:
        return False
    con.execute(
        """
        UPDATE workflow_controls
        SET enabled = $enabled, updated_at = $now, updated_by = $by
        WHERE workflow_name = $workflow
        """,
        {"workflow": workflow, "enabled": enabled, "by": by, "now": now},
    )
    words = {True: "enabled", False: "disabled"}
    audit(con, by, "workflow switched", workflow, words[before.enabled], words[enabled], now)
    return True


def set_interval(con: Cursor, workflow: str, minutes: int, by: str, now: datetime) -> bool:
    """Say how often a workflow comes round, and note it in the audit log. False if there is no such workflow."""
    before = control_of(con, workflow)
    if before is None:
        return False
    con.execute(
        """
        UPDATE workflow_controls
        SET interval_minutes = $minutes, updated_at = $now, updated_by = $by
        WHERE workflow_name = $workflow
        """,
        {"workflow": workflow, "minutes": minutes, "by": by, "now": now},
    )
    audit(con, by, "workflow interval changed", workflow, str(before.interval_minutes), str(minutes), now)
    return True


def note_run(con: Cursor, workflow: str, now: datetime) -> None:
    """A run of this workflow has ended just now."""
    con.execute(
        "UPDATE workflow_controls SET last_run_at = $now WHERE workflow_name = $workflow",
        {"workflow": workflow, "now": now},
    )
