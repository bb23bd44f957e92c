"""Physical counts as they are kept: sheets, lines, and every counting of a line (rules/counts.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import pyarrow as pa

from shipsync.rules.counts import CountLine, Entry
from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor, Row

Status = Literal["open", "posted", "cancelled"]

_COUNT_COLUMNS = "count_id, business_date, eod_version, as_of, status, opened_at, opened_by, ended_at, ended_by"
_LINES = pa.schema(
    [
        ("sku", pa.string()),
        ("lot", pa.string()),
        ("expected", pa.int32()),
        ("tolerance", pa.int32()),
        ("pallet_size", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True)
class Count:
    """One count."""

    count_id: str  # '2026-11-20.1'
    business_date: date  # of the day's closing it is made against ...
    eod_version: int  # ... and its version
    as_of: datetime  # the instant it counts for
    status: str  # open, posted, cancelled
    opened_at: datetime
    opened_by: str
    ended_at: datetime | None
    ended_by: str | None


def open_count(
    con: Cursor, day: date, eod_version: int, as_of: datetime, lines: Sequence[CountLine], by: str, now: datetime
) -> str:
    """Begin a count with these lines. Returns its id."""
    count_id: str = con.value(
        "SELECT strftime($day, '%Y-%m-%d') || '.' || (count(*) + 1) FROM counts WHERE business_date = $day",
        {"day": day},
    )
    con.execute(
        """
        INSERT INTO counts (count_id, business_date, eod_version, as_of, status, opened_at, opened_by)
        VALUES ($count_id, $day, $eod_version, $as_of, 'open', $now, $by)
        """,
        {"count_id": count_id, "day": day, "eod_version": eod_version, "as_of": as_of, "now": now, "by": by},
    )
    add_lines(con, count_id, lines)
    return count_id


def add_lines(con: Cursor, count_id: str, lines: Sequence[CountLine]) -> None:
    """Put these lines on a count's sheet; those that stand there already stay as they are."""
    if not lines:
        return
    rows = [{name: getattr(line, name) for name in _LINES.names} for line in lines]
    with batch(con, "incoming_lines", rows, _LINES) as incoming:
        con.execute(
            f"""
            INSERT INTO count_lines (count_id, sku, lot, expected, tolerance, pallet_size)
            SELECT $count_id, sku, lot, expected, tolerance, pallet_size FROM {incoming}
            ON CONFLICT (count_id, sku, lot) DO NOTHING
            """,  # noqa: S608 - the name of our own batch
            {"count_id": count_id},
        )


def add_entry(con: Cursor, count_id: str, sku: str, lot: str, entry: Entry) -> None:
    """Keep one counting of a line. A round that was counted already is counted anew under the next number."""
    con.execute(
        """
        INSERT INTO count_entries (count_id, sku, lot, round, pallets, loose, units, counted_at, counted_by)
        VALUES ($count_id, $sku, $lot, $round, $pallets, $loose, $units, $counted_at, $counted_by)
        """,
        {
            "count_id": count_id,
            "sku": sku,
            "lot": lot,
            "round": entry.round,
            "pallets": entry.pallets,
            "loose": entry.loose,
            "units": entry.units,
            "counted_at": entry.counted_at,
            "counted_by": entry.counted_by,
        },
    )


def give_reason(
    con: Cursor, count_id: str, sku: str, lot: str, reason_code: str, note: str | None, by: str, now: datetime
) -> None:
    """Say why a line differs. An approval that was given for another reason falls away."""
    con.execute(
        """
        UPDATE count_lines
        SET reason_code = $reason_code, note = $note, decided_by = $by, decided_at = $now, approved_by = NULL,
            approved_at = NULL
        WHERE count_id = $count_id AND sku = $sku AND lot = $lot
        """,
        {
            "count_id": count_id,
            "sku": sku,
            "lot": lot,
            "reason_code": reason_code,
            "note": note,
            "by": by,
            "now": now,
        },
    )


def forget_reason(con: Cursor, count_id: str, sku: str, lot: str) -> None:
    """A line was counted anew: what was said of its difference speaks of another one."""
    con.execute(
        """
        UPDATE count_lines
        SET reason_code = NULL, note = NULL, decided_by = NULL, decided_at = NULL, approved_by = NULL,
            approved_at = NULL
        WHERE count_id = $count_id AND sku = $sku AND lot = $lot
        """,
        {"count_id": count_id, "sku": sku, "lot": lot},
    )


def approve(con: Cursor, count_id: str, sku: str, lot: str, by: str, now: datetime) -> None:
    """Another person agrees to a line's difference."""
    con.execute(
        """
        UPDATE count_lines
        SET approved_by = $by, approved_at = $now
        WHERE count_id = $count_id AND sku = $sku AND lot = $lot
        """,
        {"count_id": count_id, "sku": sku, "lot": lot, "by": by, "now": now},
    )


def end(con: Cursor, count_id: str, status: Status, by: str, now: datetime) -> bool:
    """A count is posted or cancelled. False if it is not open (any more)."""
    return bool(
        con.rows(
            """
            UPDATE counts
            SET status = $status, ended_at = $now, ended_by = $by
            WHERE count_id = $count_id AND status = 'open'
            RETURNING count_id
            """,
            {"count_id": count_id, "status": status, "by": by, "now": now},
        )
    )


def count(con: Cursor, count_id: str) -> Count | None:
    """One count."""
    row = con.row(f"SELECT {_COUNT_COLUMNS} FROM counts WHERE count_id = $count_id", {"count_id": count_id})  # noqa: S608
    return Count(*row) if row is not None else None


def open_counts(con: Cursor) -> list[Count]:
    """The counts under way, the oldest first."""
    rows = con.rows(f"SELECT {_COUNT_COLUMNS} FROM counts WHERE status = 'open' ORDER BY opened_at, count_id")  # noqa: S608
    return [Count(*row) for row in rows]


def latest(con: Cursor, limit: int = 50) -> list[Count]:
    """The newest counts first, whatever came of them."""
    rows = con.rows(
        f"SELECT {_COUNT_COLUMNS} FROM counts ORDER BY opened_at DESC, count_id DESC LIMIT $limit",  # noqa: S608
        {"limit": limit},
    )
    return [Count(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One count with what it came to so far, by the newest counting of each line."""

    count: Count
    lines: int  # on its sheet
    counted: int
    within: int  # of those counted, within tolerance
    differing: int
    net: int  # units counted less units expected, of the lines that were counted


def outcomes(con: Cursor, limit: int | None = None) -> list[Outcome]:
    """The newest counts first, whatever came of them, each with its figures."""
    rows = con.rows(
        f"""
        WITH wanted AS (
            SELECT {_COUNT_COLUMNS}
            FROM counts
            ORDER BY opened_at DESC, count_id DESC
            LIMIT $limit
        ),
        newest AS (
            SELECT count_id, sku, lot, units
            FROM count_entries
            WHERE count_id IN (SELECT count_id FROM wanted)
            QUALIFY row_number() OVER (PARTITION BY count_id, sku, lot ORDER BY round DESC) = 1
        )
        SELECT {_COUNT_COLUMNS}, count(sku), count(units), count(*) FILTER (WHERE abs(units - expected) <= tolerance),
               count(*) FILTER (WHERE units <> expected), coalesce(sum(units - expected), 0)
        FROM wanted
        LEFT JOIN count_lines USING (count_id)
        LEFT JOIN newest USING (count_id, sku, lot)
        GROUP BY ALL
        ORDER BY opened_at DESC, count_id DESC
        """,  # noqa: S608 - our own columns
        {"limit": limit},
    )
    return [Outcome(Count(*row[:9]), *(int(figure) for figure in row[9:])) for row in rows]


def lines(con: Cursor, count_id: str) -> list[CountLine]:
    """The lines of a count with all their countings, by SKU and lot."""
    counted: dict[tuple[str, str], list[Entry]] = {}
    for sku, lot, *entry in con.rows(
        """
        SELECT sku, lot, round, pallets, loose, units, counted_at, counted_by
        FROM count_entries
        WHERE count_id = $count_id
        ORDER BY sku, lot, round
        """,
        {"count_id": count_id},
    ):
        counted.setdefault((sku, lot), []).append(Entry(*entry))
    rows = con.rows(
        """
        SELECT sku, lot, expected, tolerance, pallet_size, reason_code, note, decided_by, approved_by
        FROM count_lines
        WHERE count_id = $count_id
        ORDER BY sku, lot
        """,
        {"count_id": count_id},
    )
    return [_line(row, tuple(counted.get((row[0], row[1]), ()))) for row in rows]


def _line(row: Row, entries: tuple[Entry, ...]) -> CountLine:
    sku, lot, expected, tolerance, pallet_size, *said = row
    return CountLine(sku, lot, expected, tolerance, pallet_size, entries, *said)
