"""A clock that two processes go by: it stands still until one of them moves it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path


class SharedClock:
    """The instant that a file tells. What sleeps by it moves it, at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The current instant, aware UTC."""
        return datetime.fromisoformat(self._path.read_text())

    def sleep(self, seconds: float) -> None:
        """Move it forward by that many seconds."""
        self.set(self.now() + timedelta(seconds=max(0.0, seconds)))

    def set(self, instant: datetime) -> None:
        """Have it tell that instant."""
        new = self._path.with_suffix(".new")
        new.write_text(instant.isoformat())
        os.replace(new, self._path)
