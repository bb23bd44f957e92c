"""A lane has tables of its own for what an engine writes, can only read the rest, and reaches nothing of main's."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from shipsync.errors import StoreError
from shipsync.jobs.lease import take
from shipsync.store.backup import backup, restore
from shipsync.store.db import Database, Tables, open_database
from shipsync.store.lanes import OWN, SHADOW, drop_lane, lanes, make_lane
from shipsync.store.migrations import migrate
from shipsync.store.selfcheck import findings


@pytest.fixture(params=["in memory", "in a file"])
def db(request: pytest.FixtureRequest, path: Path, now: datetime) -> Iterator[Database]:
    with open_database(path if request.param == "in a file" else None) as database:
        migrate(database, now)
        make_lane(database, SHADOW)
        yield database


def put(tables: Tables, workflow: str) -> None:
    with tables.transaction() as con:
        con.execute("INSERT INTO sync_watermark (workflow_name) VALUES ($workflow)", {"workflow": workflow})


def marks(tables: Tables) -> list[str]:
    return [row[0] for row in tables.read().rows("SELECT workflow_name FROM sync_watermark ORDER BY ALL")]


def of_schema(db: Database, schema: str) -> tuple[set[str], set[str]]:
    """The names of its tables, and of its views."""
    found = []
    for kind in ("table", "view"):
        rows = db.read().rows(
            f"SELECT {kind}_name FROM duckdb_{kind}s() WHERE schema_name = $schema AND NOT internal",  # noqa: S608
            {"schema": schema},
        )
        found.append({row[0] for row in rows})
    return found[0], found[1]


def test_a_lane_lacks_nothing_of_main_but_the_locks(memory: Database) -> None:
    make_lane(memory, SHADOW)
    tables, views = of_schema(memory, "main")
    own, read_only = of_schema(memory, SHADOW)
    assert own == OWN
    assert own <= tables
    assert read_only == (tables | views) - OWN - {"sync_locks"}


def test_what_a_lane_has_to_read_alone_cannot_be_written_there(memory: Database) -> None:
    make_lane(memory, SHADOW)
    _, read_only = of_schema(memory, SHADOW)
    for name in sorted(read_only):
        with pytest.raises(duckdb.Error), memory.lane(SHADOW).transaction() as con:
            con.execute(f"DELETE FROM {name}")  # noqa: S608


def test_a_lane_and_main_do_not_see_each_others_rows(db: Database, now: datetime) -> None:
    lane = db.lane(SHADOW)
    put(db, "legacy")
    put(lane, "candidate")
    assert (marks(db), marks(lane), marks(db)) == (["legacy"], ["candidate"], ["legacy"])
    with lane.transaction() as con:
        con.execute("DELETE FROM sync_watermark")
        assert db.in_transaction
        assert lane.in_transaction
        assert marks(db) == ["legacy"]
    assert (marks(db), marks(lane)) == (["legacy"], [])
    with db.transaction() as con:
        con.execute(
            "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ('a', 'b', $now, 'test')", {"now": now}
        )
    assert lane.read().value("SELECT value FROM settings WHERE name = 'a'") == "b"
    assert lane.data_version == db.data_version


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM main.orders_inbox",
        'DELETE FROM "MAIN" . "orders_inbox"',
        "INSERT INTO memory.main.orders_inbox DEFAULT VALUES",
        "SET search_path = 'main'",
        "USE main",
        "SET SCHEMA main",
    ],
)
def test_sql_that_leaves_the_lane_is_refused(memory: Database, sql: str) -> None:
    make_lane(memory, SHADOW)
    with pytest.raises(RuntimeError, match="cannot name production's tables"):
        memory.lane(SHADOW).read().rows(sql)
    with memory.lane(SHADOW).transaction() as con:
        for run in (con.execute, con.table, con.df):
            with pytest.raises(RuntimeError, match="cannot name production's tables"):
                run(sql)


def test_a_lock_is_the_same_in_every_lane(memory: Database, now: datetime) -> None:
    make_lane(memory, SHADOW)
    with memory.transaction() as con:
        lease = take(con, memory, "shipstation-sync", "this process", lambda: now)
    with memory.lane(SHADOW).transaction() as con:
        lease.check(con)
        assert lease.release(con)
    assert memory.read().value("SELECT count(*) FROM sync_locks WHERE run_id IS NOT NULL") == 0


def test_nobody_reads_or_writes_main_by_the_name_of_a_lane_that_is_gone(memory: Database) -> None:
    make_lane(memory, SHADOW)
    lane, cursor = memory.lane(SHADOW), memory.lane(SHADOW).read()
    put(memory, "legacy")
    assert cursor.rows("SELECT 1 FROM sync_watermark") == []
    assert lanes(memory.read()) == [SHADOW]
    assert drop_lane(memory, SHADOW)
    assert not drop_lane(memory, SHADOW)
    assert lanes(memory.read()) == []
    with pytest.raises(StoreError, match="no lane 'shadow'"):
        cursor.rows("SELECT 1 FROM sync_watermark")
    with pytest.raises(StoreError, match="no lane 'shadow'"):
        put(lane, "candidate")
    assert marks(memory) == ["legacy"]
    assert make_lane(memory, SHADOW)
    assert cursor.rows("SELECT 1 FROM sync_watermark") == []


def test_each_thread_reads_in_its_own_lane(memory: Database) -> None:
    names = ["replay_again", "replay_candidate", "replay_control", SHADOW]
    for name in names:
        make_lane(memory, name)
        put(memory.lane(name), name)
    wrong: list[object] = []

    def look(name: str) -> None:
        cursor = memory.lane(name).read()
        for _ in range(50):
            wrong.extend(row for row in cursor.rows("SELECT workflow_name FROM sync_watermark") if row != (name,))
            wrong.extend(memory.read().rows("SELECT workflow_name FROM sync_watermark"))

    threads = [threading.Thread(target=look, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("name", ["main", "temp", "pg_catalog", "Shadow", "a.b", "a'b", ""])
def test_a_lane_has_a_plain_name(memory: Database, name: str) -> None:
    with pytest.raises(ValueError, match="no name for a lane"):
        make_lane(memory, name)


def test_a_later_migration_reaches_a_lane_and_its_rows_stay(memory: Database) -> None:
    assert make_lane(memory, SHADOW)
    assert not make_lane(memory, SHADOW)
    put(memory.lane(SHADOW), "candidate")
    with memory.transaction() as con:
        con.execute("ALTER TABLE sync_watermark ADD COLUMN note VARCHAR DEFAULT 'none'")
        con.execute("ALTER TABLE settings ADD COLUMN unit VARCHAR")
        con.execute("CREATE TABLE later (id BIGINT PRIMARY KEY)")
        con.execute("DROP VIEW sync_tracking")
    assert make_lane(memory, SHADOW)
    assert not make_lane(memory, SHADOW)
    read = memory.lane(SHADOW).read()
    assert read.rows("SELECT workflow_name, note FROM sync_watermark") == [("candidate", "none")]
    assert read.rows("SELECT unit FROM settings") == []
    with pytest.raises(duckdb.Error), memory.lane(SHADOW).transaction() as con:
        con.execute("INSERT INTO later VALUES (1)")


def test_a_lane_is_there_again_after_the_database_was_opened_again(path: Path, now: datetime, tmp_path: Path) -> None:
    """Closed and opened, opened after a failure, after an unclean stop, and put back from a backup."""
    saved, living = tmp_path / "backups" / "saved.duckdb", tmp_path / "living.duckdb"
    with open_database(living) as db:
        migrate(db, now)
        make_lane(db, SHADOW)
    with open_database(living) as db:
        put(db, "legacy")
        put(db.lane(SHADOW), "candidate")
        for end in ("", ".wal"):
            subprocess.run(["cp", f"{living}{end}", f"{path}{end}"], check=True)
        assert backup(db, saved).counts[f"{SHADOW}.sync_watermark"] == 1
        lane, cursor = db.lane(SHADOW), db.lane(SHADOW).read()
        assert cursor.rows("SELECT workflow_name FROM sync_watermark") == [("candidate",)]
        db._mark_broken()
        assert cursor.rows("SELECT workflow_name FROM sync_watermark") == [("candidate",)]
        db._mark_broken()
        put(lane, "one more")
        assert (marks(db), marks(lane)) == (["legacy"], ["candidate", "one more"])
    with open_database(path) as db:
        assert "was not closed properly" in db.notices[0]
        assert (marks(db), marks(db.lane(SHADOW))) == (["legacy"], ["candidate"])
        assert not make_lane(db, SHADOW)
        assert findings(db, now, thorough=True) == []
    path.unlink()
    restore(saved, path)
    with open_database(path) as db:
        assert (marks(db), marks(db.lane(SHADOW))) == (["legacy"], ["candidate"])
    shutil.rmtree(saved.parent)
