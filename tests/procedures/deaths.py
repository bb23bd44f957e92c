"""A database whose process dies: from one transaction on, nothing is written any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from shipsync.store.cursor import Cursor
from shipsync.store.db import Database

Moment = Literal["before", "within"]


class Killed(BaseException):
    """The process died here. No handler of shipsync's may catch it and go on."""


class Dying:
    """Stands in for a Database and dies at its `at`-th transaction: before it begins, or at its end without a COMMIT.

    `at` may also be a condition: it dies at the first transaction that finds it true. Every later transaction dies
    too, because a dead process writes nothing more. `died` says whether it came to that.
    """

    def __init__(self, db: Database, at: int | Callable[[], bool], moment: Moment) -> None:
        self._db = db
        self._is_time = at if callable(at) else None
        self._left = 1 if callable(at) else at
        self._moment = moment
        self.died = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """A transaction like the database's, unless the process dies."""
        if self._is_time is None or self.died or self._is_time():
            self._left -= 1
        self.died = self.died or self._left <= 0
        if self.died and (self._moment == "before" or self._left < 0):
            raise Killed
        with self._db.transaction() as con:
            yield con
            if self.died:
                raise Killed
