"""A person's word on a record in quarantine: it is fine as it is, or it is done by hand. Audited (DESIGN I10).

A note is in the tables and may simply be closed. A held record is not, so it can only be taken over, with the reason:
what the tables lack then stands in its resolution. Neither is a job: one short transaction each, at the press.
"""

from __future__ import annotations

from datetime import datetime

from shipsync.errors import Unusable
from shipsync.store import quarantine, uploads
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.settings import audit

LONGEST_REASON = 500


def close_note(db: Database, kind: str, entity_id: str, by: str, now: datetime) -> None:
    """Close a record that is in, but odd. Raises Unusable if it is held, or not open any more."""
    with db.transaction() as con:
        if _open(con, kind, entity_id).held:
            raise Unusable("It is not in the tables, so it cannot just be closed. Take it over by hand, with a reason.")
        _close(con, kind, entity_id, f"Closed by {by}: it is fine as it is.", by, now)


def take_over(db: Database, kind: str, entity_id: str, why: str, by: str, now: datetime) -> None:
    """Close a held record, because a person does by hand what it stands for.

    Raises Unusable without a reason, and for an order that a retry or a correction has just set on its way up.
    """
    reason = " ".join(why.split())
    if not reason:
        raise Unusable("Say what is done by hand, and where: it is kept with the record.")
    if len(reason) > LONGEST_REASON:
        raise Unusable(f"The reason has {len(reason)} characters; at most {LONGEST_REASON} are kept.")
    with db.transaction() as con:
        _open(con, kind, entity_id)
        if kind == "upload" and not uploads.stays_here(con, entity_id, reason, now):
            raise Unusable("It is on its way to ShipStation, or there already. Look again after the next sync.")
        _close(con, kind, entity_id, f"Taken over by hand by {by}: {reason}", by, now)


def _open(con: Cursor, kind: str, entity_id: str) -> quarantine.Shown:
    found = quarantine.open_one(con, kind, entity_id)
    if found is None:
        raise Unusable("It is not open any more: it came through, or somebody closed it.")
    return found


def _close(con: Cursor, kind: str, entity_id: str, resolution: str, by: str, now: datetime) -> None:
    quarantine.close(con, kind, entity_id, resolution, by, now)
    audit(con, by, "record closed", f"{kind} {entity_id}", "open", resolution, now)
