"""A process that changes the deployment, and is killed with SIGKILL where it is told: for proving that this is safe.

python -m tests.procedures.deployment_process DATABASE

It reads lines 'NOW CHANGE AT'. For each a child is forked that makes the change at that instant and dies before its
AT-th statement, counted over everything it runs once the database is open; 0 is none, and then it ends with 0.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shipsync.procedures.deployment import Asked, change
from shipsync.rules.deployment import CHANGES
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database

ZONE = ZoneInfo("America/Los_Angeles")


def die_before(statement: int) -> None:
    """From now on count what any cursor and any transaction does, and die before one of them."""
    count = 0

    def watched(does: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            return does(*args, **kwargs)

        return step

    Cursor.execute = watched(Cursor.execute)  # type: ignore[method-assign]
    # The last moment at which nothing is committed, the first at which all is, and the room given back after it.
    for name in ("_commit", "_checkpoint_if_large", "checkpoint"):
        setattr(Database, name, watched(getattr(Database, name)))


def main(database: Path) -> None:
    """Fork a child for each line."""
    for line in sys.stdin:
        now, name, at = line.split()
        (wanted,) = [one for one in CHANGES if one == name]
        child = os.fork()
        if not child:
            with open_database(database, threads=1) as db:
                die_before(int(at))
                change(db, wanted, Asked("Ann", "as planned", reviewed_by="Bob"), ZONE, datetime.fromisoformat(now))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
