"""Opening, reading beside the writer, transactions, and what happens when the disk or DuckDB gives up."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from shipsync.errors import StoreBusy, StoreError, StoreFull
from shipsync.store.db import Database, open_database, refuse_old_duckdb

FileLimit = Callable[[int], AbstractContextManager[None]]

HOLDER = """
import sys
from pathlib import Path
from shipsync.store.db import open_database
with open_database(Path(sys.argv[1])) as db:
    with db.transaction() as con:
        con.execute("CREATE TABLE t (id BIGINT PRIMARY KEY)")
    print("open", flush=True)
    sys.stdin.read()
"""


def make_table(db: Database) -> None:
    with db.transaction() as con:
        con.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v VARCHAR)")


def insert(db: Database, *rows: str, then: Callable[[], object] = lambda: None) -> None:
    """Insert each row by a statement of its own, then do something, all in one transaction."""
    with db.transaction() as con:
        for row in rows:
            con.execute(f"INSERT INTO t VALUES {row}")  # noqa: S608
        then()


def ids(db: Database) -> list[int]:
    return [row[0] for row in db.read().rows("SELECT id FROM t ORDER BY id")]


@contextmanager
def held_by_another_process(path: Path) -> Iterator[int]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        yield holder.pid
        holder.stdin.close()


@pytest.fixture(params=["in memory", "in a file"])
def db(request: pytest.FixtureRequest, path: Path) -> Iterator[Database]:
    with open_database(path if request.param == "in a file" else None) as database:
        make_table(database)
        yield database


def test_a_transaction_is_kept_whole(db: Database) -> None:
    with db.transaction() as con:
        con.execute("INSERT INTO t VALUES (1, 'a')")
        con.execute("INSERT INTO t VALUES ($id, $v)", {"id": 2, "v": "b"})
    assert ids(db) == [1, 2]


def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        insert(db, "(1, 'a')", then=lambda: 1 // 0)
    assert ids(db) == []


def test_a_broken_constraint_is_raised_as_it_is_and_leaves_nothing(db: Database) -> None:
    with pytest.raises(duckdb.ConstraintException):
        insert(db, "(1, 'a')", "(1, 'b')")
    assert ids(db) == []
    insert(db, "(1, 'c')")
    assert ids(db) == [1]


def test_a_transaction_inside_another_is_refused(db: Database) -> None:
    with db.transaction() as con:
        con.execute("INSERT INTO t VALUES (1, 'a')")
        with pytest.raises(RuntimeError, match="inside another"), db.transaction():
            pass
    assert ids(db) == [1]


def test_a_cursor_kept_after_its_transaction_is_refused(db: Database) -> None:
    with db.transaction() as con:
        pass
    with pytest.raises(RuntimeError, match="after its end"):
        con.execute("INSERT INTO t VALUES (1, 'a')")


def test_reading_sees_the_last_commit_and_not_the_running_transaction(db: Database) -> None:
    reader = db.read()
    with db.transaction() as con:
        con.execute("INSERT INTO t VALUES (1, 'a')")
        assert con.value("SELECT count(*) FROM t") == 1
        assert reader.value("SELECT count(*) FROM t") == 0
    assert reader.value("SELECT count(*) FROM t") == 1


def test_the_data_version_moves_with_each_commit_only(db: Database) -> None:
    before = db.data_version
    with pytest.raises(ZeroDivisionError), db.transaction():
        raise ZeroDivisionError
    assert db.data_version == before
    with db.transaction() as con:
        con.execute("INSERT INTO t VALUES (1, 'a')")
    assert db.data_version == before + 1


def test_readers_beside_a_writer_see_whole_transactions_only(db: Database) -> None:
    """Two rows always change together; four readers must never see them differ, nor wait for the writer."""
    with db.transaction() as con:
        con.execute("INSERT INTO t VALUES (1, '0'), (2, '0')")
    done = threading.Event()
    seen: list[tuple[str, str]] = []
    shared = db.read()

    def read_on() -> None:
        while not done.is_set():
            (one,), (two,) = shared.rows("SELECT v FROM t ORDER BY id")
            seen.append((one, two))

    readers = [threading.Thread(target=read_on) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        with db.transaction() as con:
            con.execute("UPDATE t SET v = $v WHERE id = 1", {"v": str(number)})
            con.execute("UPDATE t SET v = $v WHERE id = 2", {"v": str(number)})
    done.set()
    for reader in readers:
        reader.join()
    assert len(seen) > 4
    assert all(one == two for one, two in seen)


def test_writers_wait_for_each_other(db: Database) -> None:
    """Read, add one, write: no addition is lost between 8 threads."""
    with db.transaction() as con:
        con.execute("INSERT INTO t VALUES (1, '0')")

    def add() -> None:
        for _ in range(10):
            with db.transaction() as con:
                number = int(con.value("SELECT v FROM t WHERE id = 1"))
                con.execute("UPDATE t SET v = $v WHERE id = 1", {"v": str(number + 1)})

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.read().value("SELECT v FROM t WHERE id = 1") == "80"


def test_instants_and_money_come_back_as_they_went_in(db: Database, now: datetime) -> None:
    row = db.read().row("SELECT $at::TIMESTAMPTZ, $cost::DECIMAL(12, 2)", {"at": now, "cost": Decimal("4.10")})
    assert row == (now, Decimal("4.10"))
    assert row[0].utcoffset().total_seconds() == 0


def test_the_session_is_in_utc_whatever_the_machine_says(db: Database) -> None:
    assert db.read().value("SELECT TIMESTAMPTZ '2026-11-01 08:30:00+00' = TIMESTAMPTZ '2026-11-01 08:30:00'")
    with db.transaction() as con:
        assert con.value("SELECT current_setting('TimeZone')") == "UTC"


def test_more_than_one_row_where_one_was_expected_is_a_mistake(db: Database) -> None:
    assert db.read().row("SELECT 1 WHERE false") is None
    assert db.read().value("SELECT 1 WHERE false") is None
    with pytest.raises(ValueError, match="2 rows"):
        db.read().row("SELECT * FROM range(2)")


def test_an_answer_can_be_had_as_an_arrow_table(db: Database) -> None:
    table = db.read().table("SELECT $cost::DECIMAL(12, 2) AS cost", {"cost": Decimal("1.05")})
    assert table.to_pylist() == [{"cost": Decimal("1.05")}]


def test_closing_leaves_no_wal_and_everything_in_the_file(path: Path) -> None:
    with open_database(path) as db:
        make_table(db)
    assert os.listdir(path.parent) == [path.name]
    with open_database(path) as db:
        assert ids(db) == []
        assert db.notices == []


def test_a_closed_database_says_so(path: Path) -> None:
    db = open_database(path)
    reader = db.read()
    db.close()
    db.close()
    with pytest.raises(StoreError, match="closed"):
        reader.rows("SELECT 1")
    with pytest.raises(StoreError, match="closed"), db.transaction():
        pass
    with pytest.raises(StoreError, match="closed"):
        db.checkpoint()


def test_a_wal_that_grew_large_is_taken_in_by_the_writer(path: Path) -> None:
    with open_database(path, checkpoint_beyond_bytes=100_000) as db:
        make_table(db)
        wal = path.with_name(path.name + ".wal")
        with db.transaction() as con:
            con.execute("INSERT INTO t VALUES (1, 'a')")
        assert 0 < wal.stat().st_size < 100_000
        with db.transaction() as con:
            con.execute("INSERT INTO t SELECT 2 + range, md5(range::VARCHAR) FROM range(20000)")
        assert not wal.exists() or wal.stat().st_size == 0
        assert len(ids(db)) == 20_001


def test_a_failed_commit_is_an_error_and_the_database_is_opened_again(path: Path) -> None:
    with open_database(path) as db:
        make_table(db)
        with db.transaction() as con:
            con.execute("INSERT INTO t VALUES (1, 'a')")
        rival = db._require_root().cursor()
        with pytest.raises(StoreError, match="could not be committed") as raised:
            insert(db, "(7, 'mine')", then=lambda: rival.execute("INSERT INTO t VALUES (7, 'theirs')"))
        assert isinstance(raised.value.__cause__, duckdb.Error)
        assert db.read().rows("SELECT id, v FROM t ORDER BY id") == [(1, "a"), (7, "theirs")]
        with pytest.raises(duckdb.ConnectionException):
            rival.execute("SELECT 1")  # it belonged to the connection that was dropped
        with db.transaction() as con:
            con.execute("INSERT INTO t VALUES (8, 'b')")
        assert ids(db) == [1, 7, 8]


def test_readers_get_over_the_database_being_opened_again(path: Path) -> None:
    """Twenty failed commits under four busy readers: every read is answered, from whole transactions."""
    with open_database(path) as db:
        make_table(db)
        insert(db, "(0, 'a')")
        done = threading.Event()
        counts: list[int] = []
        failures: list[BaseException] = []

        def read_on() -> None:
            while not done.is_set():
                try:
                    counts.append(db.read().value("SELECT count(*) FROM t"))
                except Exception as error:
                    failures.append(error)
                    raise

        readers = [threading.Thread(target=read_on) for _ in range(4)]
        for reader in readers:
            reader.start()
        for number in range(1, 21):
            with db.transaction():
                rival = db._require_root().cursor()

            def clash(rival: duckdb.DuckDBPyConnection = rival, number: int = number) -> None:
                rival.execute("INSERT INTO t VALUES ($id, 'theirs')", {"id": number})

            with pytest.raises(StoreError):
                insert(db, f"({number}, 'mine')", then=clash)
        done.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert set(counts) <= set(range(1, 22))
        assert len(ids(db)) == 21


def test_a_write_the_disk_refuses_is_an_error_and_nothing_acknowledged_is_lost(
    path: Path, files_limited_to: FileLimit
) -> None:
    with open_database(path) as db:
        make_table(db)
        kept: list[int] = []

        def fill() -> None:
            for start in range(0, 1_000_000, 5000):
                with db.transaction() as con:
                    con.execute(
                        "INSERT INTO t SELECT $start + range, md5(range::VARCHAR) FROM range(5000)", {"start": start}
                    )
                kept.append(start)

        with files_limited_to(400_000), pytest.raises(StoreError):
            fill()
        assert kept
        assert len(ids(db)) == 5000 * len(kept)
        with db.transaction() as con:
            con.execute("INSERT INTO t VALUES (-1, 'room again')")
        assert ids(db)[0] == -1
    with open_database(path) as db:
        assert len(ids(db)) == 5000 * len(kept) + 1


def test_a_checkpoint_that_fails_after_a_commit_does_not_deny_the_commit(
    path: Path, files_limited_to: FileLimit
) -> None:
    with open_database(path, checkpoint_beyond_bytes=1000) as db:
        make_table(db)
        db.checkpoint()
        # The .wal of 2,000 rows is smaller than the file; the checkpoint's new blocks come after its end.
        size = path.stat().st_size
        with files_limited_to(size + 1), db.transaction() as con:
            con.execute("INSERT INTO t SELECT range, md5(range::VARCHAR) FROM range(2000)")
        assert len(ids(db)) == 2000
        assert any("could not take in" in notice for notice in db.notices)


def test_too_little_free_space_stops_writing_and_not_reading(path: Path) -> None:
    free = 10_000_000_000
    with open_database(path, floor_bytes=1_000_000, free_bytes=lambda _: free) as db:
        make_table(db)
        free = 999_999
        with pytest.raises(StoreFull, match=r"1 MB are free.*1 MB are needed.*reading still works"), db.transaction():
            pass
        assert ids(db) == []
        free = 1_000_000
        with db.transaction() as con:
            con.execute("INSERT INTO t SELECT range, md5(range::VARCHAR) FROM range(100000)")
        with pytest.raises(StoreFull), db.transaction():
            pass  # the file and its .wal have outgrown the floor: a checkpoint might need as much again
        assert len(ids(db)) == 100_000


def test_a_second_process_is_refused_with_the_number_of_the_first(path: Path) -> None:
    with (
        held_by_another_process(path) as pid,
        pytest.raises(StoreBusy, match=rf"process {pid}\b.*use the running shipsync"),
    ):
        open_database(path)
    with open_database(path) as db:
        assert ids(db) == []


def test_a_second_opening_in_one_process_is_refused_and_harmless(path: Path) -> None:
    with open_database(path) as db:
        make_table(db)
        with pytest.raises(StoreBusy, match="already open in this process"):
            open_database(path)
        assert ids(db) == []
    with open_database(path) as db:
        assert ids(db) == []


@pytest.mark.parametrize("version", ["1.4.4", "1.3.2", "0.10.0"])
def test_an_old_duckdb_is_refused(version: str) -> None:
    with pytest.raises(StoreError, match="too old"):
        refuse_old_duckdb(version)


@pytest.mark.parametrize("version", ["1.5.6", "2.0.0", "2.1.0.dev3"])
def test_a_duckdb_from_1_5_on_is_taken(version: str) -> None:
    refuse_old_duckdb(version)


def test_a_reader_in_another_zone_gets_the_same_instant(path: Path) -> None:
    at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    with open_database(path) as db:
        with db.transaction() as con:
            con.execute("CREATE TABLE m (read_at TIMESTAMPTZ)")
            con.execute("INSERT INTO m VALUES ($at)", {"at": at})
        answers: list[datetime] = []
        thread = threading.Thread(target=lambda: answers.append(db.read().value("SELECT read_at FROM m")))
        thread.start()
        thread.join()
    assert answers == [at]
