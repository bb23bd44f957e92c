"""Closings of days, weeks and months as they are kept (DESIGN D15, D16), and what a day's closing froze.

A row stands for one job: made when it begins, closed when it is through. One that is not closed is not done, whatever
became of its job; a version is given only to what was closed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import pyarrow as pa

from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor, Row
from shipsync.store.ledger import Balance

Kind = Literal["eod", "eow", "eom"]

_COLUMNS = """c.job_id, c.kind, c.period_start, c.period_end, c.begun_at, c.begun_by, c.as_of, c.closed_at, c.version,
    c.records, c.sentence, c.content, c.content_hash, j.status, j.error, c.stated"""
_FROM = "closings c LEFT JOIN jobs j USING (job_id)"
_EXPECTED = pa.schema([("sku", pa.string()), ("lot", pa.string()), ("quantity", pa.int32())])


@dataclass(frozen=True, slots=True)
class Closing:
    """One attempt to close a period."""

    job_id: str
    kind: str
    period_start: date
    period_end: date
    begun_at: datetime
    begun_by: str
    as_of: datetime | None  # the instant its figures stand at
    closed_at: datetime | None  # None: not closed
    version: int | None  # of its period; None: not closed
    records: int
    sentence: str | None  # what came of it
    content: str | None  # JSON: the frozen figures
    content_hash: str | None
    job_status: str | None
    job_error: str | None
    stated: tuple[str, ...]  # sentences about what was unusual


def begin(
    con: Cursor, kind: Kind, period_start: date, period_end: date, job_id: str, by: str, now: datetime
) -> Closing:
    """The closing of a job: made the first time, found again on a retry."""
    con.execute(
        """
        INSERT INTO closings (job_id, kind, period_start, period_end, begun_at, begun_by)
        VALUES ($job_id, $kind, $period_start, $period_end, $now, $by)
        ON CONFLICT (job_id) DO NOTHING
        """,
        {
            "job_id": job_id,
            "kind": kind,
            "period_start": period_start,
            "period_end": period_end,
            "by": by,
            "now": now,
        },
    )
    return _existing(con, job_id)


def stand_at(con: Cursor, job_id: str, as_of: datetime) -> None:
    """Say at which instant the figures of this closing stand."""
    con.execute("UPDATE closings SET as_of = $as_of WHERE job_id = $job_id", {"job_id": job_id, "as_of": as_of})


def freeze(con: Cursor, job_id: str, content: str, content_hash: str) -> None:
    """Keep the figures of a closing; from then on they are what was issued."""
    con.execute(
        "UPDATE closings SET content = $content, content_hash = $content_hash WHERE job_id = $job_id",
        {"job_id": job_id, "content": content, "content_hash": content_hash},
    )


def close(
    con: Cursor, job_id: str, version: int, *, records: int, sentence: str, stated: Sequence[str], now: datetime
) -> None:
    """The closing is through: it is a version of its period from now on."""
    con.execute(
        """
        UPDATE closings
        SET closed_at = $now, version = $version, records = $records, sentence = $sentence, stated = $stated
        WHERE job_id = $job_id
        """,
        {
            "job_id": job_id,
            "version": version,
            "records": records,
            "sentence": sentence,
            "stated": json.dumps(list(stated), ensure_ascii=False),
            "now": now,
        },
    )


def next_version(con: Cursor, kind: Kind, period_start: date) -> int:
    """The version that the next closing of a period gets.

    One that has frozen its figures keeps its number, closed or not: it may have been mailed, and may be gone on with.
    """
    return int(
        con.value(
            """
            SELECT coalesce(max(coalesce(version, CAST(json_extract_string(content, '$.version') AS INTEGER))), 0) + 1
            FROM closings
            WHERE kind = $kind AND period_start = $period_start
            """,
            {"kind": kind, "period_start": period_start},
        )
    )


def closing_of(con: Cursor, job_id: str) -> Closing | None:
    """The closing of a job."""
    row = con.row(f"SELECT {_COLUMNS} FROM {_FROM} WHERE c.job_id = $job_id", {"job_id": job_id})  # noqa: S608
    return _closing(row) if row is not None else None


def closed(con: Cursor, kind: Kind, period_start: date, version: int | None = None) -> Closing | None:
    """One version of a closed period, the newest by default; None where it is not closed."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM {_FROM}
        WHERE c.kind = $kind AND c.period_start = $period_start AND c.closed_at IS NOT NULL
          AND ($version IS NULL OR c.version = $version)
        ORDER BY c.version DESC
        LIMIT 1
        """,  # noqa: S608 - our own columns
        {"kind": kind, "period_start": period_start, "version": version},
    )
    return _closing(rows[0]) if rows else None


def newest_closed(con: Cursor, kind: Kind) -> Closing | None:
    """The newest version of the newest period that was closed."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM {_FROM}
        WHERE c.kind = $kind AND c.closed_at IS NOT NULL
        ORDER BY c.period_start DESC, c.version DESC
        LIMIT 1
        """,  # noqa: S608 - our own columns
        {"kind": kind},
    )
    return _closing(rows[0]) if rows else None


def newest_attempt(con: Cursor, kind: Kind) -> Closing | None:
    """The closing that was tried last, whatever came of it."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM {_FROM}
        WHERE c.kind = $kind
        ORDER BY greatest(c.begun_at, coalesce(j.started_at, c.begun_at)) DESC, c.begun_at DESC, c.job_id DESC
        LIMIT 1
        """,  # noqa: S608 - our own columns
        {"kind": kind},
    )
    return _closing(rows[0]) if rows else None


def attempts(con: Cursor, kind: Kind, limit: int = 50) -> list[Closing]:
    """Attempts of all periods, the newest period first and in it the newest attempt."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM {_FROM}
        WHERE c.kind = $kind
        ORDER BY c.period_start DESC, c.begun_at DESC, c.job_id DESC
        LIMIT $limit
        """,  # noqa: S608 - our own columns
        {"kind": kind, "limit": limit},
    )
    return [_closing(row) for row in rows]


def closed_through(con: Cursor, through: date) -> date | None:
    """The newest business date up to one whose day was closed; None while none was."""
    day: date | None = con.value(
        """
        SELECT max(period_start)
        FROM closings
        WHERE kind = 'eod' AND closed_at IS NOT NULL AND period_start <= $through
        """,
        {"through": through},
    )
    return day


def closed_versions(con: Cursor) -> dict[str, int]:
    """How many versions of each kind were closed."""
    return dict(con.rows("SELECT kind, count(*) FROM closings WHERE closed_at IS NOT NULL GROUP BY kind ORDER BY kind"))


def put_expected(con: Cursor, day: date, version: int, lines: Sequence[Balance]) -> None:
    """Freeze what is expected on the shelf, by SKU and lot."""
    rows = [{"sku": one.sku, "lot": one.lot, "quantity": one.quantity} for one in lines]
    with batch(con, "incoming_expected", rows, _EXPECTED) as incoming:
        con.execute(
            f"""
            INSERT INTO expected_stock (period_start, version, sku, lot, expected)
            SELECT $day, $version, sku, lot, quantity FROM {incoming}
            """,  # noqa: S608 - the name of our own batch
            {"day": day, "version": version},
        )


def expected(con: Cursor, day: date, version: int) -> list[Balance]:
    """What a day's closing froze, by SKU and lot."""
    rows = con.rows(
        """
        SELECT sku, lot, expected
        FROM expected_stock
        WHERE period_start = $day AND version = $version
        ORDER BY sku, lot
        """,
        {"day": day, "version": version},
    )
    return [Balance(*row) for row in rows]


def _existing(con: Cursor, job_id: str) -> Closing:
    found = closing_of(con, job_id)
    if found is None:
        raise LookupError(f"there is no closing of job {job_id}")
    return found


def _closing(row: Row) -> Closing:
    fields = (*row[:-1], tuple(json.loads(row[-1])))
    return Closing(*fields)
