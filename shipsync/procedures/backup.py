"""Backup while running: workflow `backup`, nightly, and `backup FILE`.

1. copy and verify   a copy that proved equal to the database takes the target's place; a failure leaves no file.
2. let go            of the nightly ones those go that rules/backups.py does not keep; only files that this job made
                     itself, under the names it gives. A file that cannot be deleted stays, and is told.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.backups import kept
from shipsync.store.backup import backup, made_nightly
from shipsync.store.db import Database

WORKFLOW = "backup"
FOLDER = "backups"  # beside the database, for the nightly run


def copy_and_verify(work: Work) -> Result:
    """Step 1. Argument: `path`; without it one file per day in the backups folder. Returns what the copy holds."""
    named = work.arguments.get("path")
    if named is not None:
        made = backup(_database(work), Path(str(named)))
    else:
        made = backup(_database(work), _folder(work) / f"{_stem(work)}-{work.now():%Y-%m-%d}.duckdb", overwrite=True)
    rows = sum(made.counts.values())
    work.log(f"Backed up to {made.path}: {rows:,} rows in {len(made.counts)} tables, verified.")
    work.count("rows", rows)
    return {"path": str(made.path), "rows": rows}


def let_go(work: Work) -> Result:
    """Step 2. Returns what step 1 did, and how many old files were deleted."""
    done = work.results["copy and verify"]
    if work.arguments.get("path") is not None:
        return done
    name = re.compile(rf"{re.escape(_stem(work))}-(\d{{4}}-\d\d-\d\d)\.duckdb")
    there = {}
    for path in [Path(done["path"]), *made_nightly(work.db.read())]:
        named = name.fullmatch(path.name)
        if named is not None and path.parent == _folder(work) and path.is_file():
            there[date.fromisoformat(named[1])] = path
    gone = 0
    for day in sorted(there.keys() - kept(there)):
        try:
            there[day].unlink()
        except OSError as error:
            work.log(f"{there[day]} is not needed any more and could not be deleted: {error.strerror}.")
            continue
        gone += 1
        work.log(f"Deleted {there[day].name}: newer ones are kept.")
    return {**done, "let go": gone}


PROCEDURE = Procedure(WORKFLOW, (Step("copy and verify", copy_and_verify), Step("let go", let_go)))


def _database(work: Work) -> Database:
    if not isinstance(work.db, Database):
        raise TypeError("a lane has no file of its own to back up")
    return work.db


def _folder(work: Work) -> Path:
    database: Path = work.settings.database_path
    return (database.parent / FOLDER).resolve()


def _stem(work: Work) -> str:
    stem: str = work.settings.database_path.stem
    return stem
