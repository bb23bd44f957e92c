"""Which order files have been read, so that an unchanged one is not read twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shipsync.store.cursor import Cursor, Row


@dataclass(frozen=True, slots=True)
class FileTaken:
    """One content of an order file that was taken in."""

    content_hash: str
    path: str
    format: str
    size: int  # bytes
    orders: int
    counts: Mapping[str, Any]  # what became of its orders; under 'catalogue' the fingerprint it was read with


def is_taken(con: Cursor, path: str, content_hash: str, catalogue_fingerprint: str) -> bool:
    """Whether this content was taken with this catalogue, and nothing else from this path since.

    A copy under another name counts as taken. A content that comes back after another one does not: orders have
    changed in between.
    """
    counts = con.value(
        """
        SELECT f.counts
        FROM order_files f
        WHERE f.content_hash = $hash
          AND NOT EXISTS (
              SELECT 1
              FROM order_files other
              WHERE other.path = $path AND other.content_hash <> $hash AND other.first_read_at >= f.first_read_at
          )
        """,
        {"hash": content_hash, "path": path},
    )
    return counts is not None and json.loads(counts).get("catalogue") == catalogue_fingerprint


@dataclass(frozen=True, slots=True)
class SeenFile:
    """An order file as the list of files shows it."""

    content_hash: str
    path: str
    format: str
    size: int  # bytes
    orders: int
    counts: Mapping[str, Any]  # see FileTaken
    run_id: str
    job_id: str | None  # of that run; None for one that was made without a job
    read_at: datetime  # the first reading of this content, or the latest one that found it worth reading again


_SEEN = """
    SELECT f.content_hash, f.path, f.format, f.size_bytes, f.orders, f.counts, f.run_id, r.job_id, f.first_read_at
    FROM order_files f
    LEFT JOIN runs r ON r.run_id = f.run_id
"""


def file_of(con: Cursor, content_hash: str) -> SeenFile | None:
    """The file with this content, if it was ever taken."""
    row = con.row(f"{_SEEN} WHERE f.content_hash = $hash", {"hash": content_hash})
    return _seen(row) if row is not None else None


def files_seen(con: Cursor, limit: int | None = None) -> list[SeenFile]:
    """The files that were taken, the latest first; all of them without a limit."""
    rows = con.rows(f"{_SEEN} ORDER BY f.first_read_at DESC, f.path LIMIT $limit", {"limit": limit})
    return [_seen(row) for row in rows]


def count_files(con: Cursor) -> int:
    """How many different contents were taken."""
    amount: int = con.value("SELECT count(*) FROM order_files")
    return amount


def _seen(row: Row) -> SeenFile:
    content_hash, path, file_format, size, orders, counts, run_id, job_id, read_at = row
    return SeenFile(content_hash, path, file_format, size, orders, json.loads(counts), run_id, job_id, read_at)


def put_order_file(con: Cursor, file: FileTaken, run_id: str, now: datetime) -> None:
    """Note that a content was taken, now; one that was taken before is noted anew."""
    con.execute(
        """
        INSERT INTO order_files (content_hash, path, format, size_bytes, orders, counts, run_id, first_read_at)
        VALUES ($hash, $path, $format, $size, $orders, $counts, $run_id, $now)
        ON CONFLICT (content_hash) DO UPDATE SET
            path = excluded.path,
            counts = excluded.counts,
            run_id = excluded.run_id,
            first_read_at = excluded.first_read_at
        """,
        {
            "hash": file.content_hash,
            "path": file.path,
            "format": file.format,
            "size": file.size,
            "orders": file.orders,
            "counts": json.dumps(file.counts, ensure_ascii=False, sort_keys=True),
            "run_id": run_id,
            "now": now,
        },
    )
