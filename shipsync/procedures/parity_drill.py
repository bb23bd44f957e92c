"""Rehearsing the cut-over and the way back: workflow `parity-drill`, nightly, and `parity drill` (DESIGN D19).

1. rehearse   the newest verified backup is restored beside the database, as after a loss of it, and opened as a
              database of its own. There the cut-over is made as if its gates were passed, and then the rollback, by the
              functions that make them in earnest; in reverse shadow the rollback alone. After each, all that production
              had has to be there, and what has to hold in the tables still holds. The copy is deleted, however it ends.

Production is not touched. While no two syncs run beside each other it does nothing, and says so. How long both took and
what was lost is kept with the run, where the gate of the cut-over reads it (rules/gates.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from shipsync.errors import Unusable
from shipsync.procedures import deployment
from shipsync.procedures.deployment import REHEARSAL
from shipsync.procedures.parity import BY_SCHEDULE, sides_now, sides_there
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.deployment import Change, State
from shipsync.rules.gates import BROKEN, DRILL, LOST, MAY_TAKE, TOOK, evidence_hash, took_words
from shipsync.store import backup, invariants
from shipsync.store import deployment as deployment_store
from shipsync.store import rehearsal as store
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database
from shipsync.store.deployment import Changed
from shipsync.store.migrations import migrate

WORKFLOW = DRILL

_BY = "the rehearsal"
_TOLD = 10  # losses that are logged


def rehearse(work: Work) -> Result:
    """Step 1. Returns how long each change took, and what was there before and after.

    Raises Unusable without a backup that holds both sides.
    """
    if sides_now(work.db.read()) is None:
        work.log("Nothing to rehearse: one side alone does the work.")
        return {"rehearsed": False, "sentence": "nothing to rehearse: one side alone does the work"}
    db = work.db
    if not isinstance(db, Database) or db.path is None:
        raise Unusable("A database in memory has no backup to rehearse with.")
    source = _newest_backup(db)
    folder = db.path.with_name(f".{db.path.stem}{REHEARSAL}")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    try:
        restored = backup.restore(source, folder / db.path.name)
        work.log(f"Restored {source.name} beside the database: {sum(restored.counts.values()):,} rows, verified.")
        work.check_cancel()
        with open_database(restored.path) as copy:
            migrate(copy, work.now())
            if work.requested_by == BY_SCHEDULE and sides_there(copy.read()) is None:
                # It comes as soon as shadow begins, before there is such a backup.
                work.log("Nothing to rehearse yet: the newest backup is from before both sides ran beside each other.")
                return {"rehearsed": False, "sentence": "nothing to rehearse until a backup holds both sides"}
            return {"rehearsed": True, "with": source.name} | _there_and_back(work, copy)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


PROCEDURE = Procedure(WORKFLOW, (Step("rehearse", rehearse),))


def _newest_backup(db: Database) -> Path:
    found = next((path for path in backup.made(db.read()) if path.is_file()), None)
    if found is None:
        raise Unusable("There is no verified backup to rehearse with. Make one, then rehearse.")
    return found


def _there_and_back(work: Work, copy: Database) -> dict[str, object]:
    """Make the changes in the copy, and look at it before and after."""
    con, zone = copy.read(), work.settings.zone
    state = deployment_store.state_of(con)
    if sides_there(con) is None:
        raise Unusable("The newest backup is from before both sides ran beside each other. Make one, then rehearse.")
    before = store.holdings(con, work.now())
    was_broken = set(invariants.broken(con))
    changes: Sequence[Change] = ("rollback",) if state == "reverse_shadow" else ("cutover", "rollback")
    with copy.transaction() as writing:
        store.remember(writing)
        if "cutover" in changes:
            _call_it_ready(writing, state, work.now())
    told: dict[str, object] = {}
    took_of: dict[str, timedelta] = {}
    gone: list[str] = []
    broken: set[str] = set()
    for change in changes:
        work.lease.beat()
        work.check_cancel()
        began_at = work.now()
        outcome = deployment.rehearse(copy, change, zone, began_at)
        took = took_of[change] = work.now() - began_at
        work.count(f"{change} {TOOK}", round(took / timedelta(milliseconds=1)))
        told |= {f"{change} s": took.total_seconds(), f"{change} rows": sum(outcome.carried.values())}
        work.log(f"{change}: {took.total_seconds():.1f} s, {sum(outcome.carried.values()):,} rows went over.")
        if took > MAY_TAKE:
            work.log(f"That is more than {MAY_TAKE.total_seconds():.0f} s.")
        gone += store.lost(con)
        broken |= set(invariants.broken(con)) - was_broken
    after = store.holdings(con, work.now())
    work.count("orders rehearsed", before.orders)
    work.count(LOST, len(gone))
    work.count(BROKEN, len(broken))
    for sentence in list(chain(gone, sorted(broken)))[:_TOLD]:
        work.log(sentence)
    work.log(
        f"Orders {before.orders:,} before, {after.orders:,} after; parcels {before.parcels:,}, {after.parcels:,}; "
        f"units in stock {before.units:,}, {after.units:,}. Lost: {len(gone):,}. Does not add up: {len(broken):,}."
    )
    return told | {
        "orders": [before.orders, after.orders],
        "parcels": [before.parcels, after.parcels],
        "units": [before.units, after.units],
        "lost": len(gone),
        "broken": len(broken),
        "sentence": _sentence(took_of, len(gone), len(broken)),
    }


def _sentence(took_of: Mapping[str, timedelta], lost: int, broken: int) -> str:
    """What it came to, for whoever has asked."""
    found = f"{lost:,} records lost, {broken:,} do not add up" if lost or broken else "nothing lost or doubled"
    return f"{took_words(took_of)} on a copy, {found}"


def _call_it_ready(con: Cursor, state: State, now: datetime) -> None:
    """What the gates would have to allow in earnest; only in the copy."""
    number = deployment_store.next_change_no(con)
    changed = Changed(number, now, _BY, state, "ready", "to rehearse", "[]", evidence_hash("[]"), "{}")
    deployment_store.put_change(con, changed, None)
