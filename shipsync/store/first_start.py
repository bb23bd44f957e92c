"""What a new database knows before anything has happened (DESIGN section 4), and which world it belongs to (D21)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shipsync.errors import StoreMismatch
from shipsync.rules.catalogue import Catalogue
from shipsync.store import deployment, products
from shipsync.store.cursor import Cursor
from shipsync.store.settings import is_logged, log_once, setting
from shipsync.store.workflows import NewControl, add_missing_controls

_WORLD = "world"
_PAST_BEGINS, _PAST_OVER = "sandbox past begun", "sandbox past lived"


def prepare(con: Cursor, controls: Iterable[NewControl], catalogue: Catalogue, world: str, now: datetime) -> None:
    """Give a new database its workflows and its first catalogue; an older one gets the workflows it lacks.

    `world` is 'sandbox' or the address of the ShipStation account. Raises StoreMismatch for a file of the other kind,
    because made-up orders among real ones are found only on the invoice.
    """
    _belongs_to(con, world, now)
    add_missing_controls(con, controls, now)
    products.seed(con, catalogue, now)
    deployment.seed(con, now)


def _belongs_to(con: Cursor, world: str, now: datetime) -> None:
    known = setting(con, _WORLD)
    if known is None:
        con.execute(
            "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ($name, $world, $now, 'shipsync')",
            {"name": _WORLD, "world": world, "now": now},
        )
        log_once(con, "database made", f"for {world}", now)
    elif known != world and "sandbox" in (known, world):
        raise StoreMismatch(
            f"This database belongs to {known}, but shipsync was started for {world}. Set SHIPSYNC_DATABASE to another "
            "file, or correct the ShipStation settings."
        )


def is_unused(con: Cursor) -> bool:
    """Whether nobody has asked anything of this database yet."""
    return not con.value("SELECT EXISTS (SELECT 1 FROM jobs)")


def past_begins(con: Cursor, now: datetime) -> None:
    """Note that the sandbox's past is lived through into this database (past.py), unless it is noted already."""
    if not is_past_begun(con):
        log_once(con, _PAST_BEGINS, "its orders come in by the real jobs", now)


def past_is_over(con: Cursor, now: datetime) -> None:
    """Note that this is done."""
    log_once(con, _PAST_OVER, "real time from here on", now)


def is_past_begun(con: Cursor) -> bool:
    """Whether the sandbox's past was begun in this database."""
    return is_logged(con, _PAST_BEGINS)


def is_past_over(con: Cursor) -> bool:
    """Whether it was lived through to its end."""
    return is_logged(con, _PAST_OVER)
