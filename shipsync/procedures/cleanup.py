"""Clean-up of the inbox: workflow `orders-cleanup`, nightly, and `cleanup [--dry-run]` (DESIGN D20).

1. clean up   closed orders that have not changed for 60 days leave the inbox, with a tombstone each, in ONE
              transaction. A failure leaves everything where it was. A dry run only lists what would go.

Shipped history stays; open orders stay however old they are.
"""

from __future__ import annotations

from datetime import timedelta

from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.store import cleanup as store

WORKFLOW = "orders-cleanup"
KEEP = timedelta(days=60)
_LINES_LOGGED = 20


def clean_up(work: Work) -> Result:
    """Step 1. Returns what went, or with the argument `dry_run` what would go, by order number."""
    now = work.now()
    if work.arguments.get("dry_run"):
        closed = store.closed_before(work.db.read(), now - KEEP)
        for order in closed[:_LINES_LOGGED]:
            work.log(f"Would go: {order.order_number} ({order.source_system}, {order.status}).")
        if len(closed) > _LINES_LOGGED:
            work.log(f"and {len(closed) - _LINES_LOGGED} more.")
    else:
        with work.db.transaction() as con:
            work.lease.check(con)
            closed = store.closed_before(con, now - KEEP)
            store.remove_from_inbox(con, [order.order_key for order in closed], now)
    verb = "would leave" if work.arguments.get("dry_run") else "left"
    work.log(f"{len(closed)} closed orders {verb} the inbox: unchanged since before {now - KEEP:%Y-%m-%d %H:%M} UTC.")
    work.count("would be removed" if work.arguments.get("dry_run") else "removed", len(closed))
    return {"orders": [[order.source_system, order.order_number, order.status] for order in closed]}


PROCEDURE = Procedure(WORKFLOW, (Step("clean up", clean_up),))
