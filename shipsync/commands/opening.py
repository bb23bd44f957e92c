"""Whom a command asks: the server that holds the database, or the database itself where no server does (DESIGN D1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shipsync.config import Settings
from shipsync.desk.records import Desk

if TYPE_CHECKING:
    from shipsync.doors.server import Server


def running_server(settings: Settings) -> Server | None:
    """The server that holds this database; None if there is none."""
    from shipsync.doors.server import find

    return find(settings.database_path, settings.api_token.get_secret_value() if settings.api_token else None)


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """The desk to ask. Raises StoreBusy when a process that does not answer holds the database."""
    server = running_server(settings)
    if server is not None:
        from shipsync.desk.there import There

        yield There(server)
        return
    from shipsync.desk.here import Here
    from shipsync.doors.server import COMMAND_LINE
    from shipsync.runtime import open_app

    with open_app(settings) as app:
        yield Here(app, COMMAND_LINE)
