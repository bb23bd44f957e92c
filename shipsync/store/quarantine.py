"""Records that need a person: held ones, and ones that are in but odd (DESIGN D6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor

_ENTRIES = pa.schema(
    [
        ("kind", pa.string()),
        ("entity_id", pa.string()),
        ("order_number", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.string()),
        ("held", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record that needs a person."""

    kind: str  # shop_order, order, shipment, fulfillment, poison, conflict, sku_text
    entity_id: str
    order_number: str | None
    reason: str  # a code, counted
    detail: str  # a sentence: what is wrong with what, and what to do
    raw: str | None  # the record as it came
    held: bool = True  # False: the record is in, but something about it is odd


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """One that is not resolved yet, with its age."""

    entry: Entry
    first_seen_at: datetime
    last_seen_at: datetime
    tries: int


def put(con: Cursor, entries: Sequence[Entry], now: datetime) -> None:
    """Put records here, or say that they are still here: the first time stays, tries are counted, closed ones reopen.

    The last of several with one identity wins.
    """
    newest = {(entry.kind, entry.entity_id): entry for entry in entries}
    if not newest:
        return
    rows = [{name: getattr(entry, name) for name in _ENTRIES.names} for entry in newest.values()]
    with batch(con, "incoming_quarantine", rows, _ENTRIES) as incoming:
        con.execute(
            f"""
            INSERT INTO quarantine (kind, entity_id, order_number, reason, detail, raw, held,
                first_seen_at, last_seen_at, tries)
            SELECT kind, entity_id, order_number, reason, detail, raw, held, $now, $now, 1 FROM {incoming}
            ON CONFLICT (kind, entity_id) DO UPDATE SET
                order_number = excluded.order_number,
                reason = excluded.reason,
                detail = excluded.detail,
                raw = excluded.raw,
                held = excluded.held,
                last_seen_at = excluded.last_seen_at,
                tries = quarantine.tries + 1,
                resolved_at = NULL,
                resolution = NULL
            """,  # noqa: S608 - the name of our own batch
            {"now": now},
        )


def open_entries(con: Cursor, kinds: Sequence[str] = ()) -> list[OpenEntry]:
    """What is not resolved, oldest first; of these kinds, or of all when none is named."""
    of_kind = f"AND kind IN ({', '.join('?' for _ in kinds)})" if kinds else ""
    rows = con.rows(
        f"""
        SELECT kind, entity_id, order_number, reason, detail, raw, held, first_seen_at, last_seen_at, tries
        FROM quarantine
        WHERE resolved_at IS NULL {of_kind}
        ORDER BY first_seen_at, kind, entity_id
        """,  # noqa: S608 - placeholders only
        list(kinds) or None,
    )
    return [OpenEntry(Entry(*row[:7]), *row[7:]) for row in rows]


def resolve(
    con: Cursor, kind: str, entity_ids: Sequence[str], resolution: str, now: datetime, *, held_only: bool = False
) -> int:
    """Close these, if they are open, and say how; with `held_only` what is in but odd stays. Returns how many were."""
    if not entity_ids:
        return 0
    rows = con.rows(
        """
        UPDATE quarantine
        SET resolved_at = $now, resolution = $resolution
        WHERE kind = $kind AND entity_id IN (SELECT unnest($ids)) AND resolved_at IS NULL
          AND (held OR NOT $held_only)
        RETURNING entity_id
        """,
        {"ids": list(entity_ids), "kind": kind, "resolution": resolution, "now": now, "held_only": held_only},
    )
    return len(rows)
