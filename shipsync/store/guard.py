"""Opens a database file so that an unclean stop before never costs data.

A `.wal` beside the file means that the last process did not close it. Then, before DuckDB touches anything:

    nobody else holds it?  ->  copy file and .wal aside  ->  open (replays the .wal)  ->  FORCE CHECKPOINT

The copies are the way back if the replay goes wrong. One failure is known and harmless: DuckDB 2.0 killed at the end
of a checkpoint leaves a .wal whose content is already in the file and then refuses to open; that .wal is put aside,
never deleted. Any other failure stops here and names the copies.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from shipsync.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreTooNew

COPIES_KEPT = 3
COPY_CHUNK_BYTES = 1 << 20

HELD_BY = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
ITERATIONS = re.compile(
    r"checkpoint iteration does not match.*"
    r"File checkpoint iteration: (?P<file>\d+), WAL checkpoint iteration: (?P<wal>\d+)",
    re.DOTALL,
)


def open_guarded(
    path: Path,
    connect: Callable[[], duckdb.DuckDBPyConnection],
    free_bytes: Callable[[Path], int],
) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """Open with `connect`, after the precautions above. Returns the connection and what the operator should know.

    Only for a file that this process does not hold: the probe for other holders would drop our own lock.
    Raises StoreBusy naming the process that holds the file, StoreFull without room for the copies, StoreDamaged.
    """
    if wal_bytes(path) == 0:
        return _connect(path, connect, copies=None), []
    if not path.exists():
        raise StoreDamaged(
            f"{path} is gone, but a .wal of it is still there. Bring the file back, or put a backup in its place with "
            "`python -m shipsync restore FILE`."
        )

    copies = keep_copies(path, free_bytes, label="unclean")
    for old in _numbered_folders(copies.parent, "unclean")[:-COPIES_KEPT]:
        shutil.rmtree(old)
    notices = [f"{path} was not closed properly the last time. Its files were copied to {copies} before opening."]
    try:
        raw = _connect(path, connect, copies)
    except StoreDamaged as error:
        stale = _put_stale_wal_aside(path, str(error.__cause__))
        if stale is None:
            raise
        raw = _connect(path, connect, copies)
        notices.append(
            f"The .wal of {path} was older than the file and was put aside as {stale.name}; what it held was already "
            "in the file. Compare the last sync and the last jobs with what you expect."
        )
    # Serving straight from a replayed .wal met stale indexes in DuckDB 1.5.6; this alone avoids them.
    raw.execute("FORCE CHECKPOINT").fetchall()
    return raw, notices


def file_bytes(path: Path) -> int:
    """Size of the file, 0 if there is none. Asked of the file system: the file itself is never opened."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def wal_bytes(path: Path) -> int:
    """Size of everything the database file has not taken in yet."""
    return sum(file_bytes(wal) for wal in wal_files(path))


def wal_files(path: Path) -> list[Path]:
    """The .wal beside a database file, and those DuckDB has in use during a checkpoint or a recovery."""
    candidates = [path.with_name(path.name + end) for end in (".wal", ".wal.checkpoint", ".wal.recovery")]
    return [candidate for candidate in candidates if candidate.exists()]


def keep_copies(path: Path, free_bytes: Callable[[Path], int], *, label: str) -> Path:
    """Copy the file and its .wal into a new folder `guard/<label>-NNNN` beside the file, and return that.

    Only for a file that this process does not hold. Raises StoreBusy if a process holds it, StoreFull without room.
    """
    needed = file_bytes(path) + wal_bytes(path)
    free = free_bytes(path.parent)
    if free < needed:
        raise StoreFull(
            f"{needed / 1e6:,.0f} MB are needed to copy {path} aside first, and {free / 1e6:,.0f} MB are free. "
            "Nothing was changed. Free some space and try again."
        )
    with held(path) as descriptor:
        folder = _new_numbered_folder(path.parent / "guard", label)
        _copy(descriptor, folder / path.name)
        for wal in wal_files(path):
            with wal.open("rb") as source:
                _copy(source.fileno(), folder / wal.name)
    return folder


def put_aside(wal: Path) -> Path:
    """Rename a .wal so that DuckDB no longer sees it; a .wal is never deleted."""
    number = 1
    while (aside := wal.with_name(f"{wal.name}.stale-{number}")).exists():
        number += 1
    wal.rename(aside)
    return aside


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold the lock that DuckDB takes on its file, without DuckDB; yields a descriptor open for reading.

    Only for a file that this process has not opened with DuckDB. Raises StoreBusy if another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreBusy(_busy_sentence(path, _holder(path))) from error
        yield descriptor
    finally:
        os.close(descriptor)


def _new_numbered_folder(root: Path, label: str) -> Path:
    present = _numbered_folders(root, label)
    number = int(present[-1].name[-4:]) + 1 if present else 1
    folder = root / f"{label}-{number:04d}"
    folder.mkdir(parents=True)
    return folder


def _numbered_folders(root: Path, label: str) -> list[Path]:
    return sorted(folder for folder in root.glob(f"{label}-[0-9][0-9][0-9][0-9]") if folder.is_dir())


def _copy(descriptor: int, target: Path) -> None:
    # By descriptor: opening the database file a second time and closing it would give up the lock we hold on it.
    offset = 0
    with target.open("wb") as out:
        while chunk := os.pread(descriptor, COPY_CHUNK_BYTES, offset):
            out.write(chunk)
            offset += len(chunk)
        out.flush()
        os.fsync(out.fileno())


def _connect(
    path: Path, connect: Callable[[], duckdb.DuckDBPyConnection], copies: Path | None
) -> duckdb.DuckDBPyConnection:
    try:
        return connect()
    except duckdb.Error as error:
        message = str(error)
        held_by = HELD_BY.search(message)
        if held_by or "Could not set lock" in message:
            raise StoreBusy(_busy_sentence(path, f"process {held_by['pid']}" if held_by else None)) from error
        if "newer version of DuckDB" in message:
            raise StoreTooNew(f"{path} was written by a newer DuckDB than this one, {duckdb.__version__}.") from error
        if "Cannot open file" in message or "Is a directory" in message:
            raise StoreError(f"{path} cannot be opened. Check the folder and its permissions. {message}") from error
        raise StoreDamaged(_damaged_sentence(path, copies, message)) from error


def _holder(path: Path) -> str | None:
    """Ask DuckDB, whose refusal names the process; it only fails, so nothing is touched."""
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        held_by = HELD_BY.search(str(error))
        return f"process {held_by['pid']}" if held_by else None
    return None


def _damaged_sentence(path: Path, copies: Path | None, reason: str) -> str:
    where = f" Its files were copied to {copies} before." if copies else ""
    return (
        f"{path} does not open.{where} Nothing was deleted. Put a backup in its place with "
        f"`python -m shipsync restore FILE`. The reason: {reason}"
    )


def _busy_sentence(path: Path, holder: str | None) -> str:
    return (
        f"{path} is in use by {holder or 'another process'}. One process at a time can have it: use the running "
        "shipsync, or stop it first."
    )


def _put_stale_wal_aside(path: Path, message: str) -> Path | None:
    match = ITERATIONS.search(message)
    if match is None or int(match["file"]) <= int(match["wal"]):
        return None
    return put_aside(path.with_name(path.name + ".wal"))
