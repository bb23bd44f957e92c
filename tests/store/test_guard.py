"""Opening after an unclean stop: killed processes, stale and damaged files, and the copies that are kept."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from shipsync.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreTooNew
from shipsync.store import guard
from shipsync.store.db import Database, open_database

# Each transaction adds row n, moves the counter to n and keeps the sum of all rows; n is printed once it is committed.
WRITER = """
import sys
from pathlib import Path
from shipsync.store.db import open_database
db = open_database(Path(sys.argv[1]), checkpoint_beyond_bytes=int(sys.argv[2]))
with db.transaction() as con:
    con.execute("CREATE TABLE IF NOT EXISTS rows (id BIGINT PRIMARY KEY, v VARCHAR)")
    con.execute("CREATE TABLE IF NOT EXISTS counter (name VARCHAR PRIMARY KEY, n BIGINT, total BIGINT)")
    con.execute("INSERT INTO counter VALUES ('c', 0, 0) ON CONFLICT DO NOTHING")
n = db.read().value("SELECT n FROM counter")
while True:
    n += 1
    with db.transaction() as con:
        con.execute("UPDATE counter SET n = $n, total = total + $n", {"n": n})
        for key in (n, n // 2):
            con.execute(
                "INSERT INTO rows VALUES ($key, repeat('x', 2000)) ON CONFLICT (id) DO UPDATE SET v = excluded.v",
                {"key": key},
            )
    print(n, flush=True)
"""


def killed_after(path: Path, acknowledgements: int, checkpoint_beyond_bytes: int) -> int:
    """Let a child write until it has acknowledged so many transactions, kill it, return the last one acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(checkpoint_beyond_bytes)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        for _ in range(acknowledgements):
            assert child.stdout.readline()
        child.kill()
        rest = child.stdout.read().splitlines()
    complete = [line for line in rest if line.isdigit()]
    return int(complete[-1]) if complete else -1


def filled(path: Path, rows: int) -> None:
    with open_database(path) as db, db.transaction() as con:
        con.execute("CREATE TABLE t AS SELECT range AS id, md5(range::VARCHAR) AS v FROM range($n)", {"n": rows})


def left_unclean(path: Path, rows: int = 1000) -> None:
    """A file with a .wal beside it, as a killed process leaves them."""
    living = path.with_name("living.duckdb")
    db = open_database(living)
    with db.transaction() as con:
        con.execute("CREATE TABLE t AS SELECT range AS id, md5(range::VARCHAR) AS v FROM range($n)", {"n": rows})
    for end in ("", ".wal"):
        subprocess.run(["cp", f"{living}{end}", f"{path}{end}"], check=True)
    db.close()
    living.unlink()


def count(db: Database) -> int:
    answer: int = db.read().value("SELECT count(*) FROM t")
    return answer


@pytest.mark.sweep
@pytest.mark.parametrize("checkpoint_beyond_bytes", [10_000_000, 5_000])
def test_killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_is_half_there(
    path: Path, checkpoint_beyond_bytes: int
) -> None:
    """Six kills on one file, without checkpoints and with one every third transaction."""
    chance = random.Random(checkpoint_beyond_bytes)
    for _ in range(6):
        acknowledged = killed_after(path, chance.randint(1, 40), checkpoint_beyond_bytes)
        with open_database(path) as db:
            read = db.read()
            n, total = read.row("SELECT n, total FROM counter") or (0, 0)
            assert n >= acknowledged
            assert total == n * (n + 1) // 2
            assert read.rows("SELECT id FROM rows WHERE id > 0 ORDER BY id") == [(i,) for i in range(1, n + 1)]
            for key in (1, n // 2, n):
                assert len(read.rows("SELECT v FROM rows WHERE id = $id", {"id": key})) == 1


def test_after_an_unclean_stop_the_files_are_copied_aside_and_the_wal_is_taken_in(path: Path) -> None:
    left_unclean(path)
    with open_database(path) as db:
        assert count(db) == 1000
        assert guard.wal_bytes(path) == 0
        (notice,) = db.notices
    copies = path.parent / "guard" / "unclean-0001"
    assert str(copies) in notice
    assert {file.name for file in copies.iterdir()} == {path.name, f"{path.name}.wal"}
    with duckdb.connect(str(copies / path.name)) as raw:
        assert raw.execute("SELECT count(*) FROM t").fetchall() == [(1000,)]


def test_the_last_three_copies_are_kept(path: Path) -> None:
    for _ in range(5):
        left_unclean(path)
        open_database(path).close()
    assert sorted(folder.name for folder in (path.parent / "guard").iterdir()) == [
        "unclean-0003",
        "unclean-0004",
        "unclean-0005",
    ]


def test_without_room_for_the_copies_nothing_is_opened(path: Path) -> None:
    left_unclean(path)
    before = path.read_bytes()
    with pytest.raises(StoreFull, match="Free some space"):
        open_database(path, free_bytes=lambda _: 1000)
    assert path.read_bytes() == before
    with open_database(path) as db:
        assert count(db) == 1000


def test_a_stale_wal_is_put_aside_and_said_so(path: Path) -> None:
    """The .wal of before a checkpoint beside the file of after it, in the words of DuckDB 2.0, which notices it."""
    filled(path, 1000)
    wal = path.with_name(path.name + ".wal")
    wal.write_bytes(b"what an earlier checkpoint had taken in")

    def connect() -> duckdb.DuckDBPyConnection:
        if wal.exists():
            raise duckdb.IOException(
                "IO Error: [Failure while replaying WAL file ...] This WAL was created for this database file, but the "
                "WAL checkpoint iteration does not match the database file. That means the WAL was created for an "
                "older version of this database. File checkpoint iteration: 35, WAL checkpoint iteration: 34"
            )
        return duckdb.connect(str(path))

    raw, notices = guard.open_guarded(path, connect, lambda _: 10**9)
    assert raw.execute("SELECT count(*) FROM t").fetchall() == [(1000,)]
    raw.close()
    assert path.with_name(path.name + ".wal.stale-1").read_bytes() == b"what an earlier checkpoint had taken in"
    assert "put aside as shipsync.duckdb.wal.stale-1" in notices[1]


def test_a_wal_of_another_day_is_refused_and_never_read_twice(path: Path) -> None:
    """Somebody brought the file back without its .wal, or the other way round; in our storage version DuckDB cannot
    tell by number, and fails while replaying."""
    left_unclean(path)
    wal = path.with_name(path.name + ".wal")
    old_wal = wal.read_bytes()
    open_database(path).close()
    wal.write_bytes(old_wal)
    with pytest.raises(StoreDamaged, match=r"guard/unclean-0002.*shipsync restore FILE"):
        open_database(path)
    assert wal.read_bytes() == old_wal


def test_a_wal_newer_than_its_file_is_never_put_aside(path: Path) -> None:
    filled(path, 10)
    wal = path.with_name(path.name + ".wal")
    wal.write_bytes(b"ahead of the file")

    def connect() -> duckdb.DuckDBPyConnection:
        raise duckdb.IOException(
            "WAL checkpoint iteration does not match the database file. File checkpoint iteration: 3, WAL checkpoint "
            "iteration: 4"
        )

    with pytest.raises(StoreDamaged):
        guard.open_guarded(path, connect, lambda _: 10**9)
    assert wal.read_bytes() == b"ahead of the file"


@pytest.mark.parametrize("damage", ["bytes changed", "not a database"])
def test_a_damaged_file_is_refused_with_the_way_out(path: Path, damage: str) -> None:
    filled(path, 100_000)
    content = bytearray(path.read_bytes())
    if damage == "bytes changed":
        content[4096:12288] = bytes(8192)
    else:
        content = bytearray(b"orders.xml" * 1000)
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=r"does not open.*python -m shipsync restore FILE"):
        open_database(path)
    assert path.read_bytes() == content


def test_a_file_cut_short_is_an_error_when_it_is_read(path: Path) -> None:
    """DuckDB opens it: the size it records may honestly be more than the file's, so that is no proof."""
    filled(path, 100_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with open_database(path) as db, pytest.raises(StoreDamaged, match=r"is damaged.*python -m shipsync restore FILE"):
        db.read().rows("SELECT bit_xor(hash(t)) FROM t")


def test_a_damaged_block_is_an_error_when_it_is_read_and_never_a_wrong_answer(path: Path) -> None:
    filled(path, 100_000)
    sound = path.read_bytes()
    with open_database(path) as db:
        truth = db.read().rows("SELECT count(*), bit_xor(hash(t)) FROM t")
    chance = random.Random(7)
    refused = 0
    for _ in range(40):
        content = bytearray(sound)
        content[chance.randrange(len(content))] ^= 0xFF
        path.write_bytes(content)
        try:
            with open_database(path) as db:
                assert db.read().rows("SELECT count(*), bit_xor(hash(t)) FROM t") == truth
        except StoreDamaged:
            refused += 1
    assert refused > 20


def test_a_file_of_a_newer_duckdb_is_refused_as_such(path: Path) -> None:
    """The words of DuckDB 1.5.6 about a file made by 2.0 with its own storage version."""

    def connect() -> duckdb.DuckDBPyConnection:
        raise duckdb.IOException(
            "IO Error: Trying to read a database file with version number 69, but we can only read versions between 64 "
            "and 68.\nThe database file was created with a newer version of DuckDB."
        )

    with pytest.raises(StoreTooNew, match="newer DuckDB"):
        guard.open_guarded(path, connect, lambda _: 10**9)


def test_a_new_file_is_one_that_every_duckdb_from_1_5_on_reads(path: Path) -> None:
    filled(path, 10)
    assert int.from_bytes(path.read_bytes()[12:20], "little") == 64  # of DuckDB 1.0 and later


@pytest.mark.parametrize("place", ["a folder", "below a file"])
def test_a_place_where_no_file_can_be_is_named_and_not_called_damaged(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" if place == "a folder" else tmp_path / "file" / "shipsync.duckdb"
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be opened") as raised:
            open_database(path)
        assert not isinstance(raised.value, StoreDamaged)


def test_a_wal_without_its_file_is_refused(path: Path) -> None:
    left_unclean(path)
    path.unlink()
    with pytest.raises(StoreDamaged, match="is gone"):
        open_database(path)
    assert not path.exists()


def test_the_copies_are_not_made_while_another_process_holds_the_file(path: Path) -> None:
    left_unclean(path)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()",
            path,
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
            open_database(path)
        holder.stdin.close()
    assert not (path.parent / "guard").exists()


def test_copying_aside_keeps_the_lock_until_it_is_done(path: Path) -> None:
    """POSIX drops a lock when any descriptor of the file is closed; the copy must not open it a second time."""
    filled(path, 10)
    with guard.held(path):
        tried = subprocess.run(
            [sys.executable, "-c", "import sys, duckdb; duckdb.connect(sys.argv[1])", path],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Conflicting lock" in tried.stderr
    shutil.rmtree(path.parent / "guard", ignore_errors=True)
