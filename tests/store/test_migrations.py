"""The schema comes up to date whole and once, and a newer database is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from shipsync.errors import StoreError, StoreTooNew
from shipsync.store import guard
from shipsync.store.backup import look_through
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate, migrations_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations, the second of two statements."""
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_orders.sql").write_text("CREATE TABLE orders (id BIGINT PRIMARY KEY);")
    (made / "0002_items.sql").write_text("CREATE TABLE items (id BIGINT PRIMARY KEY); INSERT INTO orders VALUES (1);")
    return made


def tables(db: Database) -> list[str]:
    return [name for (name,) in db.read().rows("SELECT table_name FROM duckdb_tables() ORDER BY table_name")]


def recorded(db: Database) -> list[tuple[object, ...]]:
    return db.read().rows("SELECT number, name, applied_at FROM schema_migrations ORDER BY number")


def test_all_are_applied_in_order_and_recorded(path: Path, folder: Path, now: datetime) -> None:
    with open_database(path) as db:
        assert [migration.name for migration in migrate(db, now, folder=folder)] == ["orders", "items"]
        assert tables(db) == ["items", "orders", "schema_migrations"]
        assert recorded(db) == [(1, "orders", now), (2, "items", now)]
        assert guard.wal_bytes(path) == 0


def test_a_second_start_applies_only_what_is_new(path: Path, folder: Path, now: datetime) -> None:
    with open_database(path) as db:
        migrate(db, now, folder=folder)
        assert migrate(db, now, folder=folder) == []
    (folder / "0003_lots.sql").write_text("CREATE TABLE lots (id BIGINT PRIMARY KEY);")
    with open_database(path) as db:
        assert [migration.number for migration in migrate(db, now + timedelta(days=1), folder=folder)] == [3]
        assert recorded(db)[2] == (3, "lots", now + timedelta(days=1))


def test_a_used_database_is_copied_before_it_is_changed(path: Path, folder: Path, now: datetime) -> None:
    with open_database(path) as db:
        migrate(db, now, folder=folder)
        assert not (path.parent / "guard").exists()
        (folder / "0003_loss.sql").write_text("DROP TABLE orders;")
        migrate(db, now, folder=folder)
    assert look_through(path.parent / "guard" / "before-0003.duckdb")["main.orders"] == 1


def test_one_that_fails_leaves_the_database_as_the_one_before_left_it(path: Path, folder: Path, now: datetime) -> None:
    (folder / "0003_bad.sql").write_text("CREATE TABLE lots (id BIGINT); INSERT INTO orders VALUES (1);")
    with open_database(path) as db:
        with pytest.raises(duckdb.ConstraintException):
            migrate(db, now, folder=folder)
        assert tables(db) == ["items", "orders", "schema_migrations"]
        assert [number for number, _, _ in recorded(db)] == [1, 2]
        (folder / "0003_bad.sql").write_text("CREATE TABLE lots (id BIGINT);")
        migrate(db, now, folder=folder)
        assert "lots" in tables(db)


def test_a_database_of_a_newer_shipsync_is_refused_unchanged(path: Path, folder: Path, now: datetime) -> None:
    with open_database(path) as db:
        migrate(db, now, folder=folder)
    (folder / "0002_items.sql").unlink()
    with open_database(path) as db:
        with pytest.raises(StoreTooNew, match="migration 2, this one knows 1"):
            migrate(db, now, folder=folder)
        assert len(recorded(db)) == 2


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_again.sql", "3_short.sql", "0003-dash.sql"])
def test_badly_numbered_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(StoreError, match=r"numbered|named"):
        migrations_in(folder)


def test_the_real_migrations_apply(memory: Database) -> None:
    assert len(recorded(memory)) == len(migrations_in(Path(migrate.__code__.co_filename).parent / "migrations"))


def test_the_real_schema_has_nothing_but_inline_keys(memory: Database) -> None:
    """DESIGN D22: a secondary index is what goes wrong after a crash."""
    read = memory.read()
    assert read.rows("SELECT index_name FROM duckdb_indexes()") == []
    assert read.rows("SELECT sequence_name FROM duckdb_sequences()") == []
    assert read.rows("SELECT table_name FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'") == []
    without_key = read.rows(
        """
        SELECT table_name FROM duckdb_tables()
        ANTI JOIN (SELECT table_name FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY') USING (table_name)
        """
    )
    assert without_key == []
