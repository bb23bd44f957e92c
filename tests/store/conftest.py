"""What the tests of the store share: a clock that stands still and databases to work on."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def memory() -> Iterator[Database]:
    """A database in memory with the real schema."""
    with open_database(None) as db:
        migrate(db, NOW)
        yield db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database file may be made."""
    return tmp_path / "shipsync.duckdb"


@pytest.fixture
def files_limited_to() -> Callable[[int], AbstractContextManager[None]]:
    """`with files_limited_to(n):` the kernel lets no file of this process or its children grow beyond n bytes."""

    @contextmanager
    def limited(size_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
