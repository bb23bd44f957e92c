"""Before a workflow works in a lane: the lane is made, and has what the shop and the upload have done (DESIGN D19).

1. lane     made where it is not there, brought in step with main's tables after a migration. What it holds stays.
2. orders   ONE transaction: shop orders that are new or changed come over, those that were cleaned up leave, and a new
            lane gets the names of carriers and services to begin with. Where nothing has changed it writes nothing.

Doing either again is harmless. Then the workflow's own steps run, which know of no lane.
"""

from __future__ import annotations

from shipsync.procedures.work import Work
from shipsync.rules.deployment import LEGACY
from shipsync.rules.legacy import LOOKS_BACK
from shipsync.rules.watermark import SEED
from shipsync.store import shadow as store
from shipsync.store.db import Database
from shipsync.store.lanes import make_lane


def prepare_lane(db: Database, lane: str, work: Work) -> None:
    """Make a lane ready for a run, whose `work` this is; its lock is checked before a row is written."""
    if make_lane(db, lane):
        work.log(f"The lane {lane} has been made, or brought in step with production's tables.")
    # How far back it reads when it begins: what was closed before, it would never see.
    closed_before = work.now() - (LOOKS_BACK if work.lease.workflow in LEGACY else SEED)
    read = db.read()
    coming = store.orders_to_bring(read, lane, closed_before)
    leaving = store.orders_to_remove(read, lane)
    lacks_names = store.lacks_names(read, lane)
    if not (coming or leaving or lacks_names):
        return
    with db.transaction() as con:
        work.lease.check(con)
        if coming:
            store.bring_orders(con, lane, coming, closed_before)
        if leaving:
            store.remove_orders(con, lane, leaving)
        if lacks_names:
            store.copy_names(con, lane)
    work.log(f"Into lane {lane}: {len(coming):,} shop orders brought over, {len(leaving):,} orders cleaned up.")
