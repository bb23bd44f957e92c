"""The legacy manual-order-sync: orders typed by hand at ShipStation, brought in whole.

1. sync   read /orders from its own mark to now, page by page, keeping of each page the orders that it takes; then ONE
          transaction: those orders with addresses, items, state, carrier and service, what has left of them, the mark.
          A failure or a kill leaves all as it was.

It is one of the two workflows that the unified sync replaces, kept as the control to compare it with (DESIGN D19), with
its limitations: an order that no longer has a manual number or a key SKU is not followed any more, a part split off or
an order merged away is one like any other to it, and it asks for no parcels, so that of an order that came in shipped
nothing is known but its lines until status-sync has read its label.
"""

from __future__ import annotations

from functools import partial

from shipsync.procedures.status_sync import bring_in_step, ended, never_back, pages_read
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules import legacy
from shipsync.rules.watermark import Mark
from shipsync.store import legacy as store
from shipsync.store import marks
from shipsync.store.legacy import Gathered

WORKFLOW = legacy.MANUAL_ORDER_SYNC


def sync(work: Work) -> Result:
    """Step 1. Returns the run's figures."""
    db, gathered = work.db.read(), Gathered()
    start, end, is_anew = legacy.manual_window(marks.mark_of(db, WORKFLOW).complete_through, work.now())
    if is_anew:
        work.log(f"Starting {legacy.SEED.days} days back: there is no mark that can be used.")
    takes = store.manual_takes(db)
    through = newest = None
    read_page = partial(legacy.manual_orders_on, takes=takes)
    for page, read in pages_read(work, work.shipstation.orders_modified(start, end), read_page):
        through = through or min(end, page.answered_at)
        newest = max((one for one in (newest, read.newest) if one is not None), default=None)
        work.count("fetched", read.rows)
        for reason, orders in read.passed_over.items():
            work.count(f"skipped: {reason}", orders)
        gathered.add_manual(read.taken)
    with work.db.transaction() as con:
        work.lease.check(con)
        now = work.now()
        new, changed = store.import_manual(con, gathered, now)
        work.count("imported", len(new))
        is_changed = bring_in_step(con, work, gathered, set(), now, new=new)
        before = Mark(None, None) if is_anew else marks.mark_of(con, WORKFLOW)
        after = Mark(
            max((one for one in (before.last_sync_timestamp, newest) if one is not None), default=None),
            never_back(before.complete_through, through or end, now),
        )
        marks.set_mark(con, WORKFLOW, after, work.run_id, now)
    return ended(work, is_changed=is_changed or bool(new or changed))


PROCEDURE = Procedure(WORKFLOW, (Step("sync", sync),))
