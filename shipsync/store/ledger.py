"""The stock ledger as it is kept: entries are added, never changed (DESIGN D14). Balances are asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

import pyarrow as pa

from shipsync.rules.ledger import Movement, ParcelNow, Posted, Waterfall
from shipsync.store.batches import INSTANT, batch
from shipsync.store.cursor import Cursor

_ENTRIES = pa.schema(
    [
        ("entry_no", pa.int64()),
        ("kind", pa.string()),
        ("sku", pa.string()),
        ("lot", pa.string()),
        ("quantity", pa.int32()),
        ("moved_at", INSTANT),
        ("business_date", pa.date32()),
        ("reason_code", pa.string()),
        ("note", pa.string()),
        ("reference", pa.string()),
        ("corrects", pa.int64()),
        ("parcel_kind", pa.string()),
        ("parcel_id", pa.int64()),
        ("shipstation_order_id", pa.int64()),
    ]
)

# The count that holds at $as_of for each lot. Of two at one instant the one that was entered last.
_ANCHORS = """
    SELECT sku, lot, moved_at AS anchor_at, quantity AS anchored
    FROM inventory_transactions
    WHERE kind = 'count' AND moved_at <= $as_of AND ($known_at IS NULL OR entered_at <= $known_at)
    QUALIFY row_number() OVER (PARTITION BY sku, lot ORDER BY moved_at DESC, entry_no DESC) = 1
"""

# What moved after it, and it.
_BALANCES = f"""
    WITH anchors AS ({_ANCHORS})
    SELECT sku, lot,
           coalesce(any_value(anchored), 0)
               + coalesce(sum(quantity) FILTER (
                   WHERE kind <> 'count' AND (anchor_at IS NULL OR moved_at > anchor_at)), 0) AS quantity
    FROM inventory_transactions
    LEFT JOIN anchors USING (sku, lot)
    WHERE moved_at <= $as_of AND ($known_at IS NULL OR entered_at <= $known_at)
    GROUP BY sku, lot
"""  # noqa: S608 - our own text

_STRETCH = "shipstation_order_id // 4096"
_OUT_OF_STEP = """
    SELECT DISTINCT shipstation_order_id
    FROM (
        SELECT shipstation_order_id
        FROM (
            SELECT shipstation_order_id, parcel_kind, parcel_id, base_sku AS sku, coalesce(lot, '') AS lot, quantity
            FROM shipped_items
            WHERE base_sku IS NOT NULL AND {where}
            UNION ALL
            SELECT shipstation_order_id, parcel_kind, parcel_id, sku, lot, quantity
            FROM inventory_transactions
            WHERE kind IN ('ship', 'void') AND {where}
        )
        GROUP BY shipstation_order_id, parcel_kind, parcel_id, sku, lot
        HAVING sum(quantity) <> 0
    )
    ORDER BY shipstation_order_id
"""

# Orders of which the ledger says otherwise than what has left of them: of each parcel, what it holds if it stands and
# what was posted of it make nought.
OUT_OF_STEP = _OUT_OF_STEP.format(where="true")
_OUT_OF_STEP_IN_STRETCHES = _OUT_OF_STEP.format(where=f"{_STRETCH} IN (SELECT unnest($stretches))")

# Stretches of order ids in which there are such orders. Each place of a parcel has a weight of its own, so that its
# units make nought with those posted of it alone; with others they do once in 2^32. Of ten million entries that takes a
# ninth of what the exact question takes, because a sum is kept for each stretch and not for each place (measured).
_STRETCHES_OUT_OF_STEP = f"""
    SELECT stretch
    FROM (
        SELECT {_STRETCH} AS stretch,
               sum(quantity * CAST(hash(parcel_kind, parcel_id, base_sku, coalesce(lot, '')) >> 32 AS BIGINT)) AS weight
        FROM shipped_items
        WHERE base_sku IS NOT NULL
        GROUP BY stretch
        UNION ALL
        SELECT {_STRETCH} AS stretch,
               sum(quantity * CAST(hash(parcel_kind, parcel_id, sku, lot) >> 32 AS BIGINT)) AS weight
        FROM inventory_transactions
        WHERE kind IN ('ship', 'void')
        GROUP BY stretch
    )
    GROUP BY stretch
    HAVING sum(weight) <> 0
"""  # noqa: S608 - our own text

# Entries as they are shown. What came back wholly is in no shipped_orders any more, and the inbox is cleared (D20).
_SHOWN = """
    SELECT t.entry_no, t.kind, t.sku, t.lot, t.quantity, t.moved_at, t.business_date, t.entered_at, t.entered_by,
           t.reason_code, t.note, t.reference, t.corrects, t.parcel_kind, t.parcel_id, t.shipstation_order_id,
           coalesce(s.order_number, o.order_number)
    FROM inventory_transactions t
    LEFT JOIN shipped_orders s ON s.shipstation_order_id = t.shipstation_order_id
    LEFT JOIN orders_inbox o ON o.shipstation_order_id = t.shipstation_order_id
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """Units of one lot of a SKU. The lot '' is the line of units without one."""

    sku: str
    lot: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is shown."""

    entry_no: int
    kind: str
    sku: str
    lot: str
    quantity: int
    moved_at: datetime
    business_date: date
    entered_at: datetime
    entered_by: str
    reason_code: str | None
    note: str | None
    reference: str | None
    corrects: int | None
    parcel_kind: str | None
    parcel_id: int | None
    shipstation_order_id: int | None
    order_number: str | None  # of the order that a parcel belongs to


def post(con: Cursor, movements: Sequence[Movement], by: str, now: datetime) -> list[int]:
    """Add these entries, in their order. Returns their numbers. Doing it twice adds them twice: the caller knows."""
    if not movements:
        return []
    first = int(con.value("SELECT coalesce(max(entry_no), 0) + 1 FROM inventory_transactions"))
    rows = [asdict(one) | {"entry_no": number} for number, one in enumerate(movements, first)]
    columns = ", ".join(_ENTRIES.names)
    with batch(con, "incoming_entries", rows, _ENTRIES) as incoming:
        con.execute(
            f"""
            INSERT INTO inventory_transactions ({columns}, entered_at, entered_by)
            SELECT {columns}, $now, $by FROM {incoming}
            """,  # noqa: S608 - names from our own schema
            {"now": now, "by": by},
        )
    return list(range(first, first + len(movements)))


def posted_of(con: Cursor, order_ids: Iterable[int]) -> list[Posted]:
    """What the ledger has of these orders' parcels, summed as `rules.ledger.postings` wants it."""
    rows = con.rows(
        """
        SELECT parcel_kind, parcel_id, shipstation_order_id, kind, sku, lot, business_date, min(moved_at), sum(quantity)
        FROM inventory_transactions
        WHERE kind IN ('ship', 'void') AND shipstation_order_id IN (SELECT unnest($ids))
        GROUP BY parcel_kind, parcel_id, shipstation_order_id, kind, sku, lot, business_date
        """,
        {"ids": sorted(set(order_ids))},
    )
    return [Posted(*(*row, int(quantity))) for *row, quantity in rows]


def parcels_now(con: Cursor, order_ids: Iterable[int]) -> list[ParcelNow]:
    """The parcels of these orders with what `shipped_items` says left in each, voided ones with their instant.

    `shipped_items` has the last word: a label voided after its order was merged away still counts as left there.
    """
    wanted = {"ids": sorted(set(order_ids))}
    units: dict[tuple[str, int], dict[tuple[str, str], int]] = {}
    ship_dates: dict[tuple[str, int], date] = {}
    for kind, parcel_id, sku, lot, ship_date, quantity in con.rows(
        """
        SELECT parcel_kind, parcel_id, base_sku, coalesce(lot, ''), any_value(ship_date), sum(quantity)
        FROM shipped_items
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND base_sku IS NOT NULL
        GROUP BY parcel_kind, parcel_id, base_sku, coalesce(lot, '')
        """,
        wanted,
    ):
        units.setdefault((kind, parcel_id), {})[sku, lot] = int(quantity)
        ship_dates[kind, parcel_id] = ship_date
    rows = con.rows(
        """
        SELECT 'shipment', shipment_id, shipstation_order_id, created_at,
               coalesce(ship_date, CAST(created_at AT TIME ZONE 'America/Los_Angeles' AS DATE)),
               CASE WHEN voided THEN coalesce(voided_at, created_at) END
        FROM shipments
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND NOT is_return_label
        UNION ALL
        SELECT 'fulfillment', fulfillment_id, shipstation_order_id, created_at,
               coalesce(ship_date, CAST(created_at AT TIME ZONE 'America/Los_Angeles' AS DATE)),
               CASE WHEN voided THEN coalesce(voided_at, created_at) END
        FROM fulfillments
        WHERE shipstation_order_id IN (SELECT unnest($ids))
        UNION ALL
        -- A stand-in leaves at its order's last change; of an order that was cleaned up only shipped_orders is here.
        SELECT 'order', i.parcel_id, i.shipstation_order_id, any_value(coalesce(o.modified_at, s.updated_at)),
               any_value(i.ship_date), NULL
        FROM shipped_items i
        JOIN shipped_orders s USING (shipstation_order_id)
        LEFT JOIN orders_inbox o USING (shipstation_order_id)
        WHERE i.shipstation_order_id IN (SELECT unnest($ids)) AND i.parcel_kind = 'order'
        GROUP BY i.parcel_id, i.shipstation_order_id
        """,
        wanted,
    )
    return [
        ParcelNow(kind, parcel_id, order_id, created_at, ship_dates[kind, parcel_id], None, units[kind, parcel_id])
        if (kind, parcel_id) in units
        else ParcelNow(kind, parcel_id, order_id, created_at, ship_date, voided_at, {})
        for kind, parcel_id, order_id, created_at, ship_date, voided_at in rows
    ]


def balances(con: Cursor, as_of: datetime, known_at: datetime | None = None) -> list[Balance]:
    """Units of every lot at an instant, by SKU and lot; lots that stand at zero included.

    With `known_at` as it was known at that later instant: without what has been entered since.
    """
    rows = con.rows(f"{_BALANCES} ORDER BY sku, lot", {"as_of": as_of, "known_at": known_at})
    return [Balance(sku, lot, int(quantity)) for sku, lot, quantity in rows]


def balances_of(con: Cursor, sku: str, as_of: datetime) -> list[Balance]:
    """The same for one SKU."""
    rows = con.rows(
        f"SELECT * FROM ({_BALANCES}) WHERE sku = $sku ORDER BY lot",  # noqa: S608 - our own text
        {"as_of": as_of, "known_at": None, "sku": sku},
    )
    return [Balance(sku, lot, int(quantity)) for sku, lot, quantity in rows]


def known_skus(con: Cursor, as_of: datetime) -> dict[str, datetime | None]:
    """SKUs of which somebody has said what stood on the shelf, by a count or a receipt, and when they were counted."""
    rows = con.rows(
        """
        SELECT sku, max(moved_at) FILTER (WHERE kind = 'count')
        FROM inventory_transactions
        WHERE kind IN ('count', 'receive') AND moved_at <= $as_of
        GROUP BY sku
        """,
        {"as_of": as_of},
    )
    return dict(rows)


def waterfalls(con: Cursor, after: datetime, through: datetime) -> dict[str, Waterfall]:
    """How each SKU's stock at one instant came about from that at an earlier one. By SKU.

    Counts in between show as what they added or took; so `expected` is the stock at `through` in every case.
    """
    opening = _by_sku(balances(con, after))
    closing = _by_sku(balances(con, through))
    moved = {
        sku: parts
        for sku, *parts in con.rows(
            """
            SELECT sku,
                   coalesce(sum(quantity) FILTER (WHERE kind = 'receive'), 0),
                   coalesce(-sum(quantity) FILTER (WHERE kind = 'ship'), 0),
                   coalesce(sum(quantity) FILTER (WHERE kind = 'void'), 0),
                   coalesce(sum(quantity) FILTER (WHERE kind IN ('adjust_up', 'adjust_down')), 0),
                   coalesce(sum(quantity) FILTER (WHERE kind = 'repack'), 0)
            FROM inventory_transactions
            WHERE moved_at > $after AND moved_at <= $through
            GROUP BY sku
            """,
            {"after": after, "through": through},
        )
    }
    none_moved = (0, 0, 0, 0, 0)
    return {
        sku: _closed_by_counts(opening.get(sku, 0), moved.get(sku, none_moved), closing.get(sku, 0))
        for sku in sorted(opening.keys() | closing.keys())
    }


def moved_between(con: Cursor, sku: str, lot: str, after: datetime | None, through: datetime) -> Waterfall:
    """How one lot's expectation at an instant comes about from a count before it, or from nothing (None).

    A count at `through` itself is no part of it: it is what the expectation is held against.
    """
    moved = con.rows(
        """
        SELECT coalesce(sum(quantity) FILTER (WHERE kind = 'receive'), 0),
               coalesce(-sum(quantity) FILTER (WHERE kind = 'ship'), 0),
               coalesce(sum(quantity) FILTER (WHERE kind = 'void'), 0),
               coalesce(sum(quantity) FILTER (WHERE kind IN ('adjust_up', 'adjust_down')), 0),
               coalesce(sum(quantity) FILTER (WHERE kind = 'repack'), 0)
        FROM inventory_transactions
        WHERE sku = $sku AND lot = $lot AND ($after IS NULL OR moved_at > $after) AND moved_at <= $through
        """,
        {"sku": sku, "lot": lot, "after": after, "through": through},
    )[0]
    there = [] if after is None else [one.quantity for one in balances_of(con, sku, after) if one.lot == lot]
    return Waterfall(sum(there), *(int(one) for one in moved))


def last_count_before(con: Cursor, sku: str, lot: str, before: datetime) -> datetime | None:
    """When a lot was counted the last time before an instant; None: never."""
    at: datetime | None = con.value(
        """
        SELECT max(moved_at)
        FROM inventory_transactions
        WHERE sku = $sku AND lot = $lot AND kind = 'count' AND moved_at < $before
        """,
        {"sku": sku, "lot": lot, "before": before},
    )
    return at


def counted_from(con: Cursor, sku: str, lot: str, since: datetime) -> datetime | None:
    """When a lot was counted the first time at an instant or after it; None: never. Such a count settles what moved."""
    at: datetime | None = con.value(
        """
        SELECT min(moved_at)
        FROM inventory_transactions
        WHERE sku = $sku AND lot = $lot AND kind = 'count' AND moved_at >= $since
        """,
        {"sku": sku, "lot": lot, "since": since},
    )
    return at


def counts_there(con: Cursor) -> set[tuple[str, str, datetime]]:
    """The counts that were ever entered, by SKU, lot and instant."""
    return set(con.rows("SELECT sku, lot, moved_at FROM inventory_transactions WHERE kind = 'count'"))


def entries(con: Cursor, sku: str | None = None, lot: str | None = None, limit: int | None = None) -> list[Entry]:
    """Entries, the one that moved last first; of one SKU, one lot of it, or all."""
    rows = con.rows(
        f"""
        {_SHOWN}
        WHERE ($sku IS NULL OR t.sku = $sku) AND ($lot IS NULL OR t.lot = $lot)
        ORDER BY t.moved_at DESC, t.entry_no DESC
        LIMIT $limit
        """,
        {"sku": sku, "lot": lot, "limit": limit},
    )
    return [Entry(*row) for row in rows]


def entry(con: Cursor, entry_no: int) -> Entry | None:
    """One entry."""
    rows = con.rows(f"{_SHOWN} WHERE t.entry_no = $entry_no", {"entry_no": entry_no})
    return Entry(*rows[0]) if rows else None


def is_corrected(con: Cursor, entry_no: int) -> bool:
    """Whether an entry was taken back already."""
    return bool(con.rows("SELECT 1 FROM inventory_transactions WHERE corrects = $entry_no", {"entry_no": entry_no}))


def orders_out_of_step(con: Cursor) -> list[int]:
    """The ids of the orders of which the ledger says otherwise than what has left of them. None while all is well."""
    stretches = [stretch for (stretch,) in con.rows(_STRETCHES_OUT_OF_STEP)]
    if not stretches:
        return []
    rows = con.rows(_OUT_OF_STEP_IN_STRETCHES, {"stretches": stretches})
    return [order_id for (order_id,) in rows]


def _by_sku(lots: Iterable[Balance]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in lots:
        found[one.sku] = found.get(one.sku, 0) + one.quantity
    return found


def _closed_by_counts(opening: int, moved: Sequence[int], closing: int) -> Waterfall:
    """What lies between two stocks: what moved, and for the rest the counts."""
    received, shipped, voided, adjusted, repacked = (int(one) for one in moved)
    without = Waterfall(opening, received, shipped, voided, adjusted, repacked)
    return replace(without, counted=closing - without.expected)
