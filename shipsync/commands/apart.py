"""Commands that no running application takes part in: restore, simulate."""

from __future__ import annotations

import argparse
import logging
from datetime import UTC, datetime
from pathlib import Path

from shipsync.commands.answer import DONE, FAILED, Answer
from shipsync.commands.opening import running_server
from shipsync.config import Settings
from shipsync.errors import Busy, StoreError


def restore(settings: Settings, options: argparse.Namespace) -> Answer:
    """`restore FILE`. Raises Busy while a server runs: it would go on with the old file."""
    server = running_server(settings)
    if server is not None:
        raise Busy(
            f"shipsync runs at {server.address.url} on {settings.database_path}. "
            f"Stop it first (process {server.address.pid}), then restore."
        )
    from shipsync.store.backup import restore as put_back

    done = put_back(options.path, settings.database_path)
    lines = [f"Restored {done.path}: {sum(done.counts.values()):,} rows in {len(done.counts)} tables."]
    if done.replaced is not None:
        lines.append(f"What was there before is kept in {done.replaced}.")
    try:
        _note_restored(done.path, options.path)
    except StoreError as error:
        lines.append(f"The audit log could not be told of it: {error}")
    lines.append("The next sync reads on from the backup's own mark.")
    return Answer(lines, {"path": str(done.path), "replaced": str(done.replaced) if done.replaced else None})


def _note_restored(database: Path, source: Path) -> None:
    """Say in the audit log of what is in place now that a person put it there (DESIGN I10)."""
    from shipsync.doors.server import COMMAND_LINE
    from shipsync.store.db import open_database
    from shipsync.store.settings import audit

    with open_database(database) as db, db.transaction() as con:
        audit(con, COMMAND_LINE, "database restored", database.name, None, str(source), datetime.now(UTC))


def simulate(_: Settings, options: argparse.Namespace) -> Answer:
    """`simulate --days N --seed S`."""
    from shipsync.simulation import simulate as play

    # Every fault is meant; what becomes of it is in the answer.
    logging.getLogger("shipsync").setLevel(logging.ERROR)
    outcome = play(
        days=options.days, seed=options.seed, orders_per_day=options.orders_per_day, bad_weather=options.faults
    )
    return Answer(outcome.lines(), outcome.data(), DONE if outcome.is_right else FAILED)
