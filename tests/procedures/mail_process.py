"""A process of its own that sends what waits in a database's outbox: for being killed while it does.

python -m tests.procedures.mail_process DATABASE URL
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from shipsync.config import load_settings
from shipsync.doors.mail import SendGrid
from shipsync.procedures import mail
from shipsync.runtime import App, Clock
from shipsync.store.db import open_database

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)


def main(database: Path, url: str) -> None:
    """Run one mail job."""
    with open_database(database) as db:
        app = App(load_settings({}, None), db, {"mail": SendGrid(url, "key")}, Clock(now=lambda: NOW))
        app.run_now(mail.KIND, {}, "test")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
