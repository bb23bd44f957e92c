"""A list of ShipStation in memory: offset pages over rows that may change between two requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shipsync.doors.shipstation.dates import from_query_text, query_text
from tests.doors.handler import Asked, Reply


@dataclass
class FakeRow:
    """One order or label with the wall time that it is sorted by."""

    row_id: int
    stamp: datetime  # naive Pacific, as ShipStation keeps it
    voided: datetime | None = None
    poisoned: bool = False
    is_null: bool = False


@dataclass
class FakeList:
    """Answers GET /orders, /shipments and /fulfillments from `rows`; `between` is called after every answer."""

    rows: list[FakeRow]
    between: Callable[[FakeList], None] = lambda fake: None
    has_inclusive_start: bool = True
    has_inclusive_end: bool = True
    compares_fractions: bool = True
    order_of_ties: Callable[[FakeRow], Any] = lambda row: row.row_id
    max_page_size: int = 500
    windows: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request, then let the world change."""
        query = asked.query
        page, size = int(query["page"]), min(int(query["pageSize"]), self.max_page_size)
        found = sorted(self._found(query), key=lambda row: (row.stamp, self.order_of_ties(row)))
        chosen = found[(page - 1) * size : page * size]
        if any(row.poisoned for row in chosen):
            reply = Reply({"Message": "An error has occurred.", "ExceptionMessage": "Object reference"}, status=500)
        else:
            rows = [None if row.is_null else _document(asked.path, row) for row in chosen]
            name = asked.path.strip("/")
            reply = Reply({name: rows, "total": len(found), "page": page, "pages": 0})
        self.between(self)
        return reply

    def _found(self, query: dict[str, str]) -> list[FakeRow]:
        for name, date_of in _DATES.items():
            if f"{name}DateStart" in query:
                start, end = query[f"{name}DateStart"], query[f"{name}DateEnd"]
                self.windows.append((start, end))
                low, high = from_query_text(start), from_query_text(end)
                return [row for row in self.rows if self._is_within(date_of(row), low, high)]
        return list(self.rows)

    def _is_within(self, stamp: datetime | None, low: datetime, high: datetime) -> bool:
        if stamp is None:
            return False
        if not self.compares_fractions:
            stamp = stamp.replace(microsecond=0)
        return (low < stamp or (self.has_inclusive_start and low == stamp)) and (
            stamp < high or (self.has_inclusive_end and stamp == high)
        )


_DATES: dict[str, Callable[[FakeRow], datetime | None]] = {
    "modify": lambda row: row.stamp,
    "create": lambda row: row.stamp,
    "void": lambda row: row.voided,
}


def stamp_text(stamp: datetime) -> str:
    """A wall time as ShipStation writes it."""
    return f"{query_text(stamp).replace(' ', 'T')}.{stamp.microsecond:06d}0"


def _document(path: str, row: FakeRow) -> dict[str, Any]:
    text = stamp_text(row.stamp)
    if path == "/orders":
        return {
            "orderId": row.row_id,
            "orderNumber": str(row.row_id),
            "orderStatus": "awaiting_shipment",
            "createDate": text,
            "modifyDate": text,
        }
    name = "shipmentId" if path == "/shipments" else "fulfillmentId"
    return {
        name: row.row_id,
        "orderId": row.row_id,
        "createDate": text,
        "voided": row.voided is not None,
        "voidDate": None if row.voided is None else stamp_text(row.voided),
    }
