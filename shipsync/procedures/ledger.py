"""Keeps the stock ledger in step with the parcels, in the transaction that writes what has left (DESIGN D11, D14)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from shipsync.rules.ledger import postings
from shipsync.store import ledger as store
from shipsync.store.cursor import Cursor
from shipsync.store.db import Tables

BY = "ShipStation"  # who a parcel's movements are entered by

_CHUNK = 5_000  # orders posted in one transaction


def post_parcels(con: Cursor, order_ids: Collection[int], zone: ZoneInfo, now: datetime) -> int:
    """Post what the ledger lacks of these orders' parcels. Returns how many entries that were; none the second time.

    `zone` is the warehouse's. Units whose SKU text cannot be read are in no product's stock; they are in quarantine.
    """
    if not order_ids:
        return 0
    movements = postings(store.parcels_now(con, order_ids), store.posted_of(con, order_ids), zone)
    store.post(con, movements, BY, now)
    return len(movements)


def bring_ledger_in_step(db: Tables, zone: ZoneInfo, now: datetime) -> int:
    """Post what the ledger lacks of any order. Returns how many orders that were.

    Looks at everything that was ever shipped: for a database that comes from before the ledger, and for a closing,
    which rests on it. In transactions of some thousand orders; one that is cut short is made good the next time.
    """
    orders = store.orders_out_of_step(db.read())
    for first in range(0, len(orders), _CHUNK):
        with db.transaction() as con:
            post_parcels(con, orders[first : first + _CHUNK], zone, now)
    return len(orders)
