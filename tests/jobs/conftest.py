"""What the tests of the jobs share: an application with a clock that is moved by hand and procedures made to order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shipsync.procedures.work import Procedure, Step, Work
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class FakeApp:
    """An application of one database, with a procedure 'sync' unless told otherwise."""

    db: Database
    now: Clock
    owner: str = "this process"
    procedures: dict[str, Procedure] = field(default_factory=dict)
    doors: Mapping[str, Any] = field(default_factory=dict)
    settings: Any = None

    def requests_sent(self) -> int:
        return 0

    def has(self, workflow: str, *steps: Callable[[Work], Mapping[str, Any] | None]) -> None:
        """Give it a procedure whose steps are functions, named after them."""
        made = tuple(Step(step.__name__, step) for step in steps)
        self.procedures[workflow] = Procedure(workflow, made)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def app(clock: Clock) -> Iterator[FakeApp]:
    with open_database(None) as db:
        migrate(db, clock())
        yield FakeApp(db, clock)
