"""A backup is proved before it has its name, and restoring never loses what was there."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import pytest

from shipsync.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from shipsync.store.backup import backup, look_through, restore
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate


def orders(db: Database) -> int:
    count: int = db.read().value("SELECT count(*) FROM settings")
    return count


def add(db: Database, name: str, now: datetime) -> None:
    with db.transaction() as con:
        con.execute(
            "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ($name, 'x', $now, 'test')",
            {"name": name, "now": now},
        )


@pytest.fixture
def database(path: Path, now: datetime) -> Path:
    """A closed database with one row."""
    with open_database(path) as db:
        migrate(db, now)
        add(db, "before", now)
    return path


def test_the_drill_back_up_lose_restore(database: Path, now: datetime, tmp_path: Path) -> None:
    saved = tmp_path / "backups" / "monday.duckdb"
    with open_database(database) as db:
        rows = orders(db)
        made = backup(db, saved)
        assert made.path == saved
        assert made.counts["main.settings"] == rows
        add(db, "after the backup", now)
    database.write_bytes(b"lightning")

    put_back = restore(saved, database)
    assert put_back.counts == made.counts
    assert put_back.replaced is not None
    assert (put_back.replaced / database.name).read_bytes() == b"lightning"
    with open_database(database) as db:
        assert orders(db) == rows
        add(db, "life goes on", now)
    assert saved.exists()
    assert sorted(file.name for file in saved.parent.iterdir()) == ["monday.duckdb"]


def test_writers_and_readers_go_on_around_a_backup(database: Path, now: datetime, tmp_path: Path) -> None:
    """Every backup taken beside a busy writer is whole: both rows of each transaction or none."""
    with open_database(database) as db:
        with db.transaction() as con:
            con.execute("CREATE TABLE pairs (id BIGINT PRIMARY KEY)")
        done = threading.Event()

        def write_on() -> None:
            number = 0
            while not done.is_set():
                number += 2
                with db.transaction() as con:
                    con.execute("INSERT INTO pairs VALUES ($a), ($b)", {"a": number, "b": number + 1})

        writer = threading.Thread(target=write_on)
        writer.start()
        counts = [backup(db, tmp_path / f"{n}.duckdb").counts["main.pairs"] for n in range(3)]
        done.set()
        writer.join()
        assert all(count % 2 == 0 for count in counts)
        assert counts == sorted(counts)


def test_the_database_is_still_held_after_a_backup(database: Path, tmp_path: Path) -> None:
    """A copy by this very process would have dropped DuckDB's lock, and a second process could write the file."""
    with open_database(database) as db:
        backup(db, tmp_path / "copy.duckdb")
        tried = subprocess.run(
            [sys.executable, "-c", "import sys, duckdb; duckdb.connect(sys.argv[1])", database],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Conflicting lock" in tried.stderr


def test_an_existing_file_is_not_overwritten_silently(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.duckdb"
    target.write_text("something dear")
    with open_database(database) as db:
        with pytest.raises(StoreError, match="exists already"):
            backup(db, target)
        assert target.read_text() == "something dear"
        backup(db, target, overwrite=True)
    assert "main.settings" in look_through(target)


def test_a_backup_onto_the_database_itself_or_of_one_in_memory_is_refused(database: Path, memory: Database) -> None:
    with open_database(database) as db, pytest.raises(StoreError, match="is the database itself"):
        backup(db, database, overwrite=True)
    with pytest.raises(StoreError, match="in memory"):
        backup(memory, database.with_name("x.duckdb"))


def test_a_backup_that_cannot_be_written_leaves_nothing(
    database: Path, tmp_path: Path, files_limited_to: Callable[[int], AbstractContextManager[None]]
) -> None:
    with open_database(database) as db:
        with (
            files_limited_to(database.stat().st_size // 2),
            pytest.raises(StoreError, match=r"could not be copied.*File too large"),
        ):
            backup(db, tmp_path / "full" / "copy.duckdb")
        assert orders(db) >= 1
    assert list((tmp_path / "full").iterdir()) == []


def test_restoring_is_refused_while_this_process_has_the_file_open(database: Path, tmp_path: Path) -> None:
    with open_database(database) as db:
        backup(db, tmp_path / "copy.duckdb")
        with pytest.raises(StoreBusy, match="open in this process"):
            restore(tmp_path / "copy.duckdb", database)
        assert orders(db) >= 1


def test_restoring_is_refused_while_another_process_holds_the_file(database: Path, tmp_path: Path) -> None:
    with open_database(database) as db:
        backup(db, tmp_path / "copy.duckdb")
    before = database.read_bytes()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()",
            database,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreBusy, match=f"process {holder.pid}"):
            restore(tmp_path / "copy.duckdb", database)
        holder.stdin.close()
    assert database.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database" * 500])
def test_what_is_no_backup_is_not_restored(database: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy.duckdb").write_bytes(content)
    before = database.read_bytes()
    with pytest.raises(StoreDamaged):
        restore(tmp_path / "copy.duckdb", database)
    assert database.read_bytes() == before


def test_a_backup_with_a_damaged_block_is_not_restored(database: Path, tmp_path: Path) -> None:
    with open_database(database) as db:
        with db.transaction() as con:
            con.execute("CREATE TABLE t AS SELECT range AS id, md5(range::VARCHAR) AS v FROM range(50000)")
        backup(db, tmp_path / "copy.duckdb")
    content = bytearray((tmp_path / "copy.duckdb").read_bytes())
    for block in range(12288, len(content), 262_144):
        content[block + 100_000] ^= 0xFF
    (tmp_path / "copy.duckdb").write_bytes(content)
    before = database.read_bytes()
    with pytest.raises(StoreDamaged, match="damaged"):
        restore(tmp_path / "copy.duckdb", database)
    assert database.read_bytes() == before


def test_a_database_of_somebody_else_is_not_restored(database: Path, tmp_path: Path) -> None:
    with open_database(tmp_path / "other.duckdb") as other, other.transaction() as con:
        con.execute("CREATE TABLE t (id BIGINT)")
    with pytest.raises(StoreDamaged, match="none of shipsync's"):
        restore(tmp_path / "other.duckdb", database)


def test_restoring_where_nothing_was_and_with_an_old_wal_in_the_way(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "shipsync.duckdb"
    target.parent.mkdir()
    (target.parent / "shipsync.duckdb.wal").write_bytes(b"of a file that is gone")
    put_back = restore(database, target)
    assert put_back.replaced is None
    with open_database(target) as db:
        assert orders(db) >= 1
        assert db.notices == []
    assert (target.parent / "shipsync.duckdb.wal.stale-1").read_bytes() == b"of a file that is gone"


def test_restoring_without_room_for_the_copies_changes_nothing(database: Path, tmp_path: Path) -> None:
    with open_database(database) as db:
        backup(db, tmp_path / "copy.duckdb")
    before = database.read_bytes()
    with pytest.raises(StoreFull):
        restore(tmp_path / "copy.duckdb", database, free_bytes=lambda _: 10)
    assert database.read_bytes() == before


def test_a_backup_in_use_is_not_restored(database: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.duckdb").write_bytes(database.read_bytes())
    (tmp_path / "copy.duckdb.wal").write_bytes(b"more")
    with pytest.raises(StoreError, match="beside it"):
        restore(tmp_path / "copy.duckdb", database)
