"""The one door to the database file: opens it, hands out cursors, runs the transactions of the one writer.

    open_database(path) -> Database
        db.read()                  a cursor for reading, last committed state
        with db.transaction() as con:   the one writer: BEGIN .. COMMIT, or ROLLBACK on any exception
        db.lane(name) -> Lane      the same two on the tables of a lane (store/lanes.py)

What is set here and why (DESIGN D1, D22): one process and one root connection; every session in UTC, or an aware time
would be stored in the machine's zone; no automatic checkpoints, because a kill inside one is what damaged files, so
the writer checkpoints between transactions; after a failed COMMIT or a fatal error the whole database is closed and
opened again, because DuckDB 1.4 went on answering wrongly and later versions refuse everything.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import duckdb

from shipsync.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from shipsync.store import guard
from shipsync.store.cursor import Cursor, LaneCursor

log = logging.getLogger(__name__)

OLDEST_DUCKDB = (
    1,
    5,
)  # 1.4 lost committed rows when the disk filled up at a checkpoint (spiceai issue 13985; measured)
CHECKPOINT_BEYOND_BYTES = 16_000_000  # size of the .wal; replaying that much takes about half a second at start
FLOOR_BYTES = 200_000_000

# After these DuckDB answers every further statement of the process with an error.
FATAL_ERRORS = (duckdb.FatalException, duckdb.InternalException)

# In DuckDB 2.0 these come without a class of their own.
DAMAGED = ("Corrupt database file", "Could not read enough bytes")

_open_paths: set[Path] = set()
_open_paths_lock = threading.Lock()


def free_bytes_of(folder: Path) -> int:
    """Free bytes on the disk of a folder."""
    return shutil.disk_usage(folder).free


def open_database(
    path: Path | None,
    *,
    floor_bytes: int = FLOOR_BYTES,
    memory_limit: str = "2GB",
    threads: int | None = None,
    checkpoint_beyond_bytes: int = CHECKPOINT_BEYOND_BYTES,
    free_bytes: Callable[[Path], int] = free_bytes_of,
) -> Database:
    """Open the file (made if missing, with its folder), or a database in memory for None.

    Writing stops below `floor_bytes` of free space in the file's folder, asked by `free_bytes(folder)`.
    Raises StoreBusy if another process (or this one) holds the file, StoreDamaged if it does not open, StoreTooNew if
    a newer DuckDB wrote it, StoreFull if there is no room to keep a copy after an unclean stop, and StoreError for a
    folder that cannot be used or a DuckDB that is too old.
    """
    return Database(
        path,
        floor_bytes=floor_bytes,
        memory_limit=memory_limit,
        threads=threads,
        checkpoint_beyond_bytes=checkpoint_beyond_bytes,
        free_bytes=free_bytes,
    )


class Tables(Protocol):
    """Tables to read and write: production's, which a `Database` gives, or a lane's."""

    @property
    def data_version(self) -> int:
        """See `Database.data_version`."""

    @property
    def in_transaction(self) -> bool:
        """See `Database.in_transaction`."""

    def read(self) -> Cursor:
        """See `Database.read`."""

    def transaction(self) -> AbstractContextManager[Cursor]:
        """See `Database.transaction`."""

    def check_space(self) -> None:
        """See `Database.check_space`."""


class Database:
    """One open database. Made by `open_database`; safe to share between threads; a context manager that closes."""

    def __init__(
        self,
        path: Path | None,
        *,
        floor_bytes: int,
        memory_limit: str,
        threads: int | None,
        checkpoint_beyond_bytes: int,
        free_bytes: Callable[[Path], int],
    ) -> None:
        refuse_old_duckdb(duckdb.__version__)
        self.path = path.resolve() if path is not None else None
        self.notices: list[str] = []  # sentences for the operator: what was found and done at opening
        self._floor_bytes = floor_bytes
        self._memory_limit = memory_limit
        self._threads = threads
        self._checkpoint_beyond_bytes = checkpoint_beyond_bytes
        self._free_bytes = free_bytes

        self._writer = threading.RLock()  # held by the one writer, and by whoever opens, closes or checkpoints
        self._writing: int | None = None  # the thread inside a transaction
        self._commits = 0
        self._idle = threading.Condition()  # guards _statements
        self._statements = 0  # running now on any connection; closing under a running statement would crash
        self._generation = 0  # counts the openings; a connection of an earlier one is dead
        self._mine = threading.local()  # this thread's reading connections, by lane, and their generation
        self._broken = False
        self._closed = False
        self._root: duckdb.DuckDBPyConnection | None = None

        if self.path is not None:
            _claim_in_this_process(self.path)
        try:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            _forget_in_this_process(self.path)
            raise StoreError(f"{self.path} cannot be opened: {error}") from error
        except BaseException:
            _forget_in_this_process(self.path)
            raise

    @property
    def data_version(self) -> int:
        """Counts the commits since opening: what was read at the same number is still true."""
        return self._commits

    @property
    def in_transaction(self) -> bool:
        """Whether the thread that asks is inside a transaction of its own."""
        return self._writing == threading.get_ident()

    def lane(self, name: str) -> Lane:
        """The tables of a lane, which has to be there once they are read or written (`lanes.make_lane`)."""
        return Lane(self, name)

    def read(self, lane: str | None = None) -> Cursor:
        """A cursor that sees the last committed state, also while a transaction is writing, also in its thread.

        With a lane its names are looked up there; reading raises StoreError where there is no such lane (any more).
        """
        if lane is None:
            return Cursor(self._borrow_for_reading)
        return LaneCursor(partial(self._borrow_for_reading, lane))

    @contextmanager
    def transaction(self, lane: str | None = None) -> Iterator[Cursor]:
        """The one writer: everything run on the yielded cursor is committed together, or not at all.

        Waits for the writer before. Raises StoreFull before anything is written if space is short. Whatever the block
        raises is raised again after ROLLBACK. A COMMIT that fails raises StoreError, and the database is closed and
        opened again before its next use: read again what is there before repeating anything. With a lane all of it is
        written there; raises StoreError where there is no such lane.
        """
        with self._writer:
            if self.in_transaction:
                raise RuntimeError("a transaction was begun inside another one of the same thread; pass `con` instead")
            self._make_ready()
            self.check_space()
            self._writing = threading.get_ident()
            try:
                yield from self._one_transaction(lane)
            finally:
                self._writing = None
            self._commits += 1
            self._checkpoint_if_large()

    def room(self) -> tuple[int, int] | None:
        """Bytes free on the disk, and bytes needed to write safely; None for a database in memory."""
        if self.path is None:
            return None
        used = guard.file_bytes(self.path) + guard.wal_bytes(self.path)
        return self._free_bytes(self.path.parent), max(self._floor_bytes, used)

    def check_space(self) -> None:
        """Raise StoreFull, with a sentence, while there is too little room on the disk to write safely."""
        free, needed = self.room() or (0, 0)
        if free < needed:
            raise StoreFull(
                f"Writing to {self.path} has stopped: {free / 1e6:,.0f} MB are free on its disk and "
                f"{needed / 1e6:,.0f} MB are needed to write safely. Nothing was changed and reading still works. "
                "Free some space."
            )

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """DuckDB works with one thread inside this block: many small statements in a row are a third quicker so.

        For everybody, also those who read meanwhile.
        """
        self._set("SET threads = 1")
        try:
            yield
        finally:
            if not self._closed:
                self._set("RESET threads" if self._threads is None else f"SET threads = {self._threads}")

    def _set(self, statement: str) -> None:
        with self._guarded(self._require_root()) as raw:
            raw.execute(statement).fetchall()

    def checkpoint(self) -> None:
        """Put everything committed into the database file itself. Waits for the writer. Raises StoreError."""
        with self._writer:
            self._make_ready()
            with self._guarded(self._require_root()) as raw:
                # Plain CHECKPOINT fails as soon as there are readers (measured: 0 to 2 of 16 times).
                raw.execute("FORCE CHECKPOINT").fetchall()

    @contextmanager
    def writing_paused(self) -> Iterator[None]:
        """Nobody writes inside this block, and the file holds everything: it may be copied by a child process.

        Never open the file in this process, not even to read: closing it would drop DuckDB's lock (a POSIX lock).
        """
        with self._writer:
            if self.in_transaction:
                raise RuntimeError("writing cannot be paused inside a transaction of the same thread")
            self.checkpoint()
            yield

    def close(self) -> None:
        """Checkpoint and close. Waits for the writer and for running statements. A second call does nothing.

        If the last changes could not be moved into the file they are still safe in the .wal beside it; that is logged
        and added to `notices`.
        """
        with self._writer:
            if self._closed:
                return
            self._closed = True
            self._drop()
            _forget_in_this_process(self.path)
            if self.path is not None and guard.wal_bytes(self.path) > 0:
                self._notice(
                    f"{self.path} was closed, but its last changes are still in the .wal beside it. Nothing is lost: "
                    "the next start takes them in. Check the free space of the disk first."
                )

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        if self.path is None:
            self._root = self._connect()
        else:
            self._root, notices = guard.open_guarded(self.path, self._connect, self._free_bytes)
            for notice in notices:
                self._notice(notice)
        self._generation += 1
        self._broken = False

    def _connect(self) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "wal_autocheckpoint": "1TB",
            # What DuckDB 1.5 writes anyway: a file made by 2.0 can still go back to 1.5 (D22).
            "storage_compatibility_version": "v1.0.0",
            "memory_limit": self._memory_limit,
            "autoinstall_known_extensions": False,  # nothing is fetched from the network; the wheel has all we use
        }
        if self._threads is not None:
            config["threads"] = self._threads
        raw = duckdb.connect(":memory:" if self.path is None else str(self.path), config=config)
        raw.execute("SET GLOBAL TimeZone = 'UTC'")
        raw.execute("SET enable_progress_bar = false")
        return raw

    def _drop(self) -> None:
        """Close the root, which closes every connection made from it, once no statement runs."""
        with self._idle:
            self._idle.wait_for(lambda: self._statements == 0)
            root, self._root = self._root, None
            if root is not None:
                try:
                    root.close()
                except duckdb.Error as error:
                    log.warning("closing the database: %s", error)

    def _make_ready(self) -> None:
        """Open again if a fatal error or a failed COMMIT made that necessary."""
        if self._closed:
            raise StoreError("The database is closed.")
        if self._broken:
            with self._writer:
                if self._broken and not self._closed:
                    log.warning("the database is closed and opened again after an error")
                    self._drop()
                    self._open()

    def _require_root(self) -> duckdb.DuckDBPyConnection:
        if self._root is None:
            raise StoreError("The database is closed.")
        return self._root

    @contextmanager
    def _borrow_for_reading(self, lane: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        while True:
            self._make_ready()
            with self._statement():
                if self._root is None:
                    continue  # dropped by another thread since; making ready again waits for it, or says it is closed
                if getattr(self._mine, "generation", None) != self._generation:
                    self._mine.raws = {}
                    self._mine.generation = self._generation
                if lane not in self._mine.raws:
                    self._mine.raws[lane] = self._root.cursor()
                raw = self._mine.raws[lane]
                with self._translated():
                    if lane is not None:
                        # Each time: of a lane that was dropped since, production's tables would answer.
                        _look_in(raw, lane)
                    yield raw
                return

    @contextmanager
    def _guarded(self, raw: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._statement(), self._translated():
            yield raw

    @contextmanager
    def _statement(self) -> Iterator[None]:
        with self._idle:
            self._statements += 1
        try:
            yield
        finally:
            with self._idle:
                self._statements -= 1
                if self._statements == 0:
                    self._idle.notify_all()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FATAL_ERRORS as error:
            self._mark_broken()
            if "No space left" in str(error):
                raise StoreFull(
                    f"The disk of {self.path} is full; the last change was not written. Free some space."
                ) from error
            raise StoreError(
                f"The database stopped working and is opened again at its next use. The last change was not written. "
                f"DuckDB says: {error}"
            ) from error
        except duckdb.Error as error:
            if any(words in str(error) for words in DAMAGED):
                raise StoreDamaged(
                    f"{self.path} is damaged. Put a backup in its place with `python -m shipsync restore FILE`. "
                    f"DuckDB says: {error}"
                ) from error
            if isinstance(error, duckdb.ConnectionException):
                raise StoreError(
                    "The database was closed or opened again in between. Nothing of this was written."
                ) from error
            if isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)):
                raise StoreError(f"The database could not do that: {error}") from error
            raise

    def _mark_broken(self) -> None:
        # In memory there is nothing to open again: closing would lose everything.
        self._broken = self.path is not None

    def _one_transaction(self, lane: str | None) -> Iterator[Cursor]:
        # A connection for each transaction: whatever it registered or made temporary ends with it.
        raw = self._require_root().cursor()
        owner = threading.get_ident()
        ended = False

        @contextmanager
        def borrow() -> Iterator[duckdb.DuckDBPyConnection]:
            if ended or threading.get_ident() != owner:
                raise RuntimeError("the cursor of a transaction was used after its end or in another thread")
            with self._guarded(raw):
                yield raw

        try:
            with self._guarded(raw):
                raw.execute("BEGIN TRANSACTION").fetchall()
                if lane is not None:
                    _look_in(raw, lane)
            try:
                yield Cursor(borrow) if lane is None else LaneCursor(borrow)
            except BaseException:
                self._roll_back(raw)
                raise
            self._commit(raw)
        finally:
            ended = True
            with self._statement():
                raw.close()

    def _roll_back(self, raw: duckdb.DuckDBPyConnection) -> None:
        try:
            with self._statement():
                raw.execute("ROLLBACK").fetchall()
        except duckdb.Error as error:
            # What was begun may be half alive: nothing of it may ever be seen.
            log.warning("ROLLBACK failed: %s", error)
            self._mark_broken()

    def _commit(self, raw: duckdb.DuckDBPyConnection) -> None:
        try:
            with self._guarded(raw):
                raw.execute("COMMIT").fetchall()
        except (duckdb.Error, StoreError) as error:
            self._mark_broken()
            if isinstance(error, StoreFull):
                raise
            raise StoreError(
                "The last change could not be committed and was not written. The database is opened again at its next "
                f"use. DuckDB says: {error}"
            ) from error

    def _checkpoint_if_large(self) -> None:
        if self.path is None or guard.wal_bytes(self.path) <= self._checkpoint_beyond_bytes:
            return
        try:
            self.checkpoint()
        except StoreError as error:
            # The transaction is committed, so its caller must not be told that it failed.
            self._notice(f"The database file could not take in its .wal: {error}")

    def _notice(self, sentence: str) -> None:
        log.warning(sentence)
        self.notices.append(sentence)


class Lane:
    """The tables of one lane: read and written as a `Database` is, by the same one writer."""

    def __init__(self, db: Database, name: str) -> None:
        self.name = name
        self._db = db

    @property
    def data_version(self) -> int:
        """See `Database.data_version`: a lane's commits count among all others."""
        return self._db.data_version

    @property
    def in_transaction(self) -> bool:
        """Whether the thread that asks is inside a transaction of its own, in whatever lane."""
        return self._db.in_transaction

    def read(self) -> Cursor:
        """See `Database.read`."""
        return self._db.read(self.name)

    def transaction(self) -> AbstractContextManager[Cursor]:
        """See `Database.transaction`."""
        return self._db.transaction(self.name)

    def check_space(self) -> None:
        """See `Database.check_space`."""
        self._db.check_space()


def _look_in(raw: duckdb.DuckDBPyConnection, lane: str) -> None:
    """Have this connection look names up in a lane first. Raises StoreError where there is none of that name."""
    try:
        raw.execute(f"SET search_path = '{lane}'").fetchall()
    except duckdb.CatalogException as error:
        raise StoreError(f"There is no lane '{lane}' in this database.") from error


def is_open_here(path: Path) -> bool:
    """Whether this process has the file open, so that nobody may touch it by `open()`."""
    with _open_paths_lock:
        return path.resolve() in _open_paths


def refuse_old_duckdb(version: str) -> None:
    """Raise StoreError for a DuckDB older than 1.5, which loses committed rows when the disk is full."""
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < OLDEST_DUCKDB:
        raise StoreError(f"DuckDB {version} is too old: it can lose committed data. Install duckdb 1.5.6.")


def _claim_in_this_process(path: Path) -> None:
    # DuckDB would share the instance; and the guard's own file handle would drop its lock.
    with _open_paths_lock:
        if path in _open_paths:
            raise StoreBusy(f"{path} is already open in this process.")
        _open_paths.add(path)


def _forget_in_this_process(path: Path | None) -> None:
    if path is not None:
        with _open_paths_lock:
            _open_paths.discard(path)
