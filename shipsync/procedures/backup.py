"""Backup while running: workflow `backup`, nightly, and `backup FILE`.

1. copy and verify   a copy that proved equal to the database takes the target's place; a failure leaves no file.
"""

from __future__ import annotations

from pathlib import Path

from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.store.backup import backup

WORKFLOW = "backup"
FOLDER = "backups"  # beside the database, for the nightly run


def copy_and_verify(work: Work) -> Result:
    """Step 1. Argument: `path`; without it one file per day in the backups folder. Returns what the copy holds."""
    named = work.arguments.get("path")
    if named is not None:
        made = backup(work.db, Path(str(named)))
    else:
        folder = work.settings.database_path.parent / FOLDER
        target = folder / f"{work.settings.database_path.stem}-{work.now():%Y-%m-%d}.duckdb"
        made = backup(work.db, target, overwrite=True)
    rows = sum(made.counts.values())
    work.log(f"Backed up to {made.path}: {rows:,} rows in {len(made.counts)} tables, verified.")
    work.count("rows", rows)
    return {"path": str(made.path), "rows": rows}


PROCEDURE = Procedure(WORKFLOW, (Step("copy and verify", copy_and_verify),))
