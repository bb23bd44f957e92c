"""Counts ShipStation's open orders against ours, one state a day (API.md section 0 fact 7, gotchas 7 and 9).

A sync by modifyDate never sees an order disappear. So all orders of one open state are read: what we lack comes in like
any other order, and what we have and ShipStation does not list is looked for by number. It is there in another state:
it comes in as it is now. It is nowhere: it was deleted, or merged into an order we do not know, and is closed here.
"""

from __future__ import annotations

from datetime import timedelta

from shipsync.procedures.reading import Reader
from shipsync.procedures.work import Work
from shipsync.rules.shipstation import RemoteOrder
from shipsync.store import orders as orders_store

# An order that changed lately may be on its way from one state to another while the list is read.
SETTLED_AFTER = timedelta(minutes=30)
LOOK_UPS_A_RUN = 20


def reconcile(work: Work, reader: Reader, status: str) -> list[int]:
    """Read all orders of one open state and keep the pages for applying. Returns the ids that have vanished."""
    # What has just been fetched is about to be applied: it is known how those stand.
    fetched = _ids(reader, *(one.reading_id for one in reader.unapplied() if one.feed == "orders"))
    listed = _ids(reader, reader.look_up("orders", work.shipstation.orders_with_status(status)))
    ours = orders_store.open_remote_orders(work.db.read(), status, work.now() - SETTLED_AFTER)
    vanished: list[int] = []
    for order_id, number in sorted(ours.items()):
        if order_id in listed or order_id in fetched:
            continue
        if len(vanished) == LOOK_UPS_A_RUN:
            break
        found = _ids(reader, reader.look_up("orders", work.shipstation.orders_numbered_pages(number)))
        if order_id not in found and work.shipstation.order(order_id) is None:
            vanished.append(order_id)
    if vanished:
        work.log(f"{len(vanished)} orders are no longer at ShipStation: deleted, or merged into others.")
    return vanished


def _ids(reader: Reader, *reading_ids: str) -> set[int]:
    return {row.order_id for page in reader.decoded(reading_ids) for row in page.rows if isinstance(row, RemoteOrder)}
