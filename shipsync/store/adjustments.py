"""Changes of stock that wait for a second person, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shipsync.store.cursor import Cursor

RequestKind = Literal["adjust", "repack"]


@dataclass(frozen=True, slots=True)
class Request:
    """A change of stock above the limit."""

    request_no: int
    kind: RequestKind
    sku: str
    lot: str
    quantity: int  # what it would add
    moved_at: datetime
    reason_code: str | None  # None: repacked goods
    note: str
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str | None
    entry_no: int | None  # the movement it became; None: it waits, or was refused


_REQUEST_COLUMNS = """request_no, kind, sku, lot, quantity, moved_at, reason_code, note, asked_at, asked_by, decided_at,
    decided_by, entry_no"""


def ask_for(
    con: Cursor,
    sku: str,
    lot: str,
    quantity: int,
    *,
    kind: RequestKind,
    moved_at: datetime,
    reason_code: str | None,
    note: str,
    by: str,
    now: datetime,
) -> int:
    """Let a change of stock wait for a second person. Returns its number."""
    request_no: int = con.value(
        """
        INSERT INTO adjustment_requests (request_no, kind, sku, lot, quantity, moved_at, reason_code, note, asked_at,
            asked_by)
        SELECT coalesce(max(request_no), 0) + 1, $kind, $sku, $lot, $quantity, $moved_at, $reason_code, $note, $now,
               $by
        FROM adjustment_requests
        RETURNING request_no
        """,
        {
            "kind": kind,
            "sku": sku,
            "lot": lot,
            "quantity": quantity,
            "moved_at": moved_at,
            "reason_code": reason_code,
            "note": note,
            "now": now,
            "by": by,
        },
    )
    return request_no


def decide_request(con: Cursor, request_no: int, entry_no: int | None, by: str, now: datetime) -> bool:
    """What came of a request. False if that was decided already."""
    return bool(
        con.rows(
            """
            UPDATE adjustment_requests
            SET decided_at = $now, decided_by = $by, entry_no = $entry_no
            WHERE request_no = $request_no AND decided_at IS NULL
            RETURNING request_no
            """,
            {"request_no": request_no, "entry_no": entry_no, "by": by, "now": now},
        )
    )


def request(con: Cursor, request_no: int) -> Request | None:
    """One request."""
    row = con.row(
        f"SELECT {_REQUEST_COLUMNS} FROM adjustment_requests WHERE request_no = $request_no",  # noqa: S608
        {"request_no": request_no},
    )
    return Request(*row) if row is not None else None


def waiting_requests(con: Cursor) -> list[Request]:
    """Changes that wait for a second person, the oldest first."""
    rows = con.rows(
        f"SELECT {_REQUEST_COLUMNS} FROM adjustment_requests WHERE decided_at IS NULL ORDER BY request_no"  # noqa: S608
    )
    return [Request(*row) for row in rows]
