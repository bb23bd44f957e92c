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


@dataclass(frozen=True, slots=True)
class Group:
    """Open records with the same trouble."""

    kind: str
    reason: str
    held: bool
    count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """An open record as a list shows it, without the raw text."""

    kind: str
    entity_id: str
    order_number: str | None
    reason: str
    detail: str
    held: bool
    has_raw: bool
    first_seen_at: datetime
    last_seen_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A record that is not open any more, and how that came."""

    kind: str
    entity_id: str
    order_number: str | None
    reason: str
    first_seen_at: datetime
    resolved_at: datetime
    resolution: str


def put(con: Cursor, entries: Sequence[Entry], now: datetime) -> None:
    """Put records here, or say that they are still here: the first time stays, tries are counted, closed ones reopen.

    One that is met several times at one instant, because a run reads several lists that hold it, was tried once.
    One that a person closed stays closed as long as its trouble is the same. The last of several with one identity
    wins.
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
                tries = quarantine.tries + CASE WHEN quarantine.last_seen_at < excluded.last_seen_at THEN 1 ELSE 0 END,
                resolved_at = NULL,
                resolution = NULL
            """,  # noqa: S608 - the name of our own batch
            {"now": now},
        )
        if _has_closings(con):
            con.execute(
                f"""
                UPDATE quarantine
                SET resolved_at = c.closed_at, resolution = c.resolution
                FROM quarantine_closings c
                WHERE quarantine.kind = c.kind
                  AND quarantine.entity_id = c.entity_id
                  AND quarantine.reason = c.reason
                  AND quarantine.detail = c.detail
                  AND (quarantine.kind, quarantine.entity_id) IN (SELECT (kind, entity_id) FROM {incoming})
                """  # noqa: S608 - the name of our own batch
            )


def _has_closings(con: Cursor) -> bool:
    return bool(con.value("SELECT EXISTS (SELECT 1 FROM quarantine_closings)"))


def taken_over(con: Cursor, kind: str, entity_ids: Sequence[str]) -> set[str]:
    """Which of these records a person has closed, and nothing has shown them well since."""
    if not _has_closings(con):
        return set()
    rows = con.rows(
        "SELECT entity_id FROM quarantine_closings WHERE kind = $kind AND entity_id IN (SELECT unnest($ids))",
        {"kind": kind, "ids": list(entity_ids)},
    )
    return {row[0] for row in rows}


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
    """Close these, if they are open, and say how; with `held_only` what is in but odd stays. Returns how many were.

    They are well now, so what a person said of their trouble is over, too.
    """
    if not entity_ids:
        return 0
    if _has_closings(con):
        con.execute(
            """
            DELETE FROM quarantine_closings
            WHERE kind = $kind AND entity_id IN (SELECT unnest($ids))
              AND (NOT $held_only
                   OR entity_id IN (SELECT entity_id FROM quarantine WHERE kind = $kind AND held))
            """,
            {"ids": list(entity_ids), "kind": kind, "held_only": held_only},
        )
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


_SHOWN = """kind, entity_id, order_number, reason, detail, held, raw IS NOT NULL, first_seen_at, last_seen_at, tries"""


def open_groups(con: Cursor) -> list[Group]:
    """What is open by kind and reason: held records before notes, the oldest trouble first."""
    rows = con.rows(
        """
        SELECT kind, reason, held, count(*), min(first_seen_at)
        FROM quarantine
        WHERE resolved_at IS NULL
        GROUP BY kind, reason, held
        ORDER BY held DESC, min(first_seen_at), kind, reason
        """
    )
    return [Group(*row) for row in rows]


def open_of(con: Cursor, kind: str, reason: str, *, limit: int = 20, offset: int = 0) -> list[Shown]:
    """Open records of one trouble, the oldest first."""
    rows = con.rows(
        f"""
        SELECT {_SHOWN}
        FROM quarantine
        WHERE kind = $kind AND reason = $reason AND resolved_at IS NULL
        ORDER BY first_seen_at, entity_id
        LIMIT $limit
        OFFSET $offset
        """,  # noqa: S608 - our own columns
        {"kind": kind, "reason": reason, "limit": limit, "offset": offset},
    )
    return [Shown(*row) for row in rows]


def open_ids(con: Cursor, kind: str, reason: str) -> list[str]:
    """The identities of all open records of one trouble."""
    rows = con.rows(
        """
        SELECT entity_id
        FROM quarantine
        WHERE kind = $kind AND reason = $reason AND resolved_at IS NULL
        ORDER BY entity_id
        """,
        {"kind": kind, "reason": reason},
    )
    return [row[0] for row in rows]


def open_one(con: Cursor, kind: str, entity_id: str) -> Shown | None:
    """One open record; None if there is none, or it was closed."""
    row = con.row(
        f"""
        SELECT {_SHOWN}
        FROM quarantine
        WHERE kind = $kind AND entity_id = $entity_id AND resolved_at IS NULL
        """,  # noqa: S608 - our own columns
        {"kind": kind, "entity_id": entity_id},
    )
    return Shown(*row) if row is not None else None


def raw_of(con: Cursor, kind: str, entity_id: str) -> str | None:
    """The record as it came, where it was kept."""
    raw: str | None = con.value(
        "SELECT raw FROM quarantine WHERE kind = $kind AND entity_id = $entity_id",
        {"kind": kind, "entity_id": entity_id},
    )
    return raw


def lately_closed(con: Cursor, limit: int = 20) -> list[Closed]:
    """What was closed last, by itself or by a person."""
    rows = con.rows(
        """
        SELECT kind, entity_id, order_number, reason, first_seen_at, resolved_at, coalesce(resolution, '')
        FROM quarantine
        WHERE resolved_at IS NOT NULL
        ORDER BY resolved_at DESC, kind, entity_id
        LIMIT $limit
        """,
        {"limit": limit},
    )
    return [Closed(*row) for row in rows]


def close(con: Cursor, kind: str, entity_id: str, resolution: str, by: str, now: datetime) -> bool:
    """Close an open record on a person's word, so that the same trouble does not open it again. False if not open."""
    row = con.row(
        """
        UPDATE quarantine
        SET resolved_at = $now, resolution = $resolution
        WHERE kind = $kind AND entity_id = $entity_id AND resolved_at IS NULL
        RETURNING reason, detail
        """,
        {"kind": kind, "entity_id": entity_id, "resolution": resolution, "now": now},
    )
    if row is None:
        return False
    con.execute(
        """
        INSERT INTO quarantine_closings (kind, entity_id, reason, detail, resolution, closed_at, closed_by)
        VALUES ($kind, $entity_id, $reason, $detail, $resolution, $now, $by)
        ON CONFLICT (kind, entity_id) DO UPDATE SET
            reason = excluded.reason,
            detail = excluded.detail,
            resolution = excluded.resolution,
            closed_at = excluded.closed_at,
            closed_by = excluded.closed_by
        """,
        {
            "kind": kind,
            "entity_id": entity_id,
            "reason": row[0],
            "detail": row[1],
            "resolution": resolution,
            "by": by,
            "now": now,
        },
    )
    return True
