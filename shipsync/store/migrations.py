"""Brings the schema up to date: numbered SQL files, each committed together with the row that records it.

A file `store/migrations/NNNN_name.sql` is never edited once it has landed. A database that records a migration this
code does not have was written by a newer shipsync and is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shipsync.errors import StoreError, StoreTooNew
from shipsync.store.backup import backup
from shipsync.store.db import Database

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Migration:
    """One numbered SQL file."""

    number: int  # 1, 2, 3, ... without gaps
    name: str  # what follows the number in the file's name
    path: Path


def migrate(db: Database, now: datetime, *, folder: Path = FOLDER) -> list[Migration]:
    """Apply what is missing, in order, and return it. A checkpoint follows each, so no DDL waits in the .wal.

    Before a file that was used already is changed, a proved copy of it is kept as `guard/before-NNNN.duckdb`.

    A migration that fails leaves the database as the one before left it, and its error is raised.
    Raises StoreTooNew if the database knows more than `folder`, StoreError if the files are not numbered 1, 2, 3, ...
    """
    known = migrations_in(folder)
    with db.transaction() as con:
        con.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number INTEGER PRIMARY KEY,
                name VARCHAR NOT NULL,
                applied_at TIMESTAMPTZ NOT NULL
            )
            """
        )
        applied = {number for (number,) in con.rows("SELECT number FROM schema_migrations")}
    too_new = applied - {migration.number for migration in known}
    if too_new:
        raise StoreTooNew(
            f"{db.path or 'The database'} was written by a newer shipsync (it has migration {max(too_new)}, this one "
            f"knows {len(known)}). Start the newer shipsync again, or restore a backup made before."
        )
    missing = [migration for migration in known if migration.number not in applied]
    if missing and applied and db.path is not None:
        backup(db, db.path.parent / "guard" / f"before-{missing[0].number:04d}.duckdb", overwrite=True)
    for migration in missing:
        with db.transaction() as con:
            con.execute(migration.path.read_text(encoding="utf-8"))
            con.execute(
                "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($number, $name, $applied_at)",
                {"number": migration.number, "name": migration.name, "applied_at": now},
            )
        db.checkpoint()
    return missing


def migrations_in(folder: Path) -> list[Migration]:
    """The migrations of a folder, by number. Raises StoreError for a bad name, a gap or a number used twice."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
        if match is None:
            raise StoreError(f"{path}: a migration is named NNNN_name.sql")
        found.append(Migration(number=int(match[1]), name=match[2], path=path))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise StoreError(f"{folder}: migrations are numbered 0001, 0002, ... without gaps or repeats")
    return found
