"""In a copy of the database in which a change is rehearsed: what was there before it, and what of that is gone after.

Written into a schema of its own, so that production's tables and lanes stay as the change finds and leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shipsync.store import ledger
from shipsync.store.cursor import Cursor

_THERE = """
    SELECT 'order' AS kind, order_key AS id FROM orders_inbox
    UNION ALL
    SELECT 'order at ShipStation', CAST(shipstation_order_id AS VARCHAR)
    FROM orders_inbox
    WHERE shipstation_order_id IS NOT NULL
    UNION ALL
    SELECT 'label', CAST(shipment_id AS VARCHAR) FROM shipments
    UNION ALL
    SELECT 'mark as shipped', CAST(fulfillment_id AS VARCHAR) FROM fulfillments
    UNION ALL
    SELECT 'entry in the stock ledger', CAST(entry_no AS VARCHAR) FROM inventory_transactions
"""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What production holds."""

    orders: int
    parcels: int  # labels and marks as shipped, voided ones too
    units: int  # in stock, over all lots


def holdings(con: Cursor, now: datetime) -> Holdings:
    """What production holds now."""
    row = con.row(
        """
        SELECT (SELECT count(*) FROM orders_inbox),
               (SELECT count(*) FROM shipments) + (SELECT count(*) FROM fulfillments)
        """
    )
    orders, parcels = row or (0, 0)
    return Holdings(orders, parcels, sum(one.quantity for one in ledger.balances(con, now)))


def remember(con: Cursor) -> None:
    """Keep what production has, to be looked for after each change."""
    con.execute("CREATE SCHEMA IF NOT EXISTS rehearsal")
    con.execute(f"CREATE OR REPLACE TABLE rehearsal.there AS {_THERE}")


def lost(con: Cursor) -> Iterator[str]:
    """What production had when it was remembered and has no more, a sentence each."""
    for kind, identity in con.rows(
        f"""
        SELECT kind, id
        FROM rehearsal.there
        ANTI JOIN ({_THERE}) USING (kind, id)
        ORDER BY kind, id
        """  # noqa: S608 - our own names
    ):
        yield f"{kind} {identity} is gone"
