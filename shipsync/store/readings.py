"""Readings of ShipStation's lists, page by page: the checkpoints of a fetch, and the raw proof afterwards."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from shipsync.rules.shipstation import Feed
from shipsync.store.bodies import packed, unpacked
from shipsync.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Reading:
    """One list over one closed window, UTC. The window is None for look-ups of single orders' parcels."""

    reading_id: str
    feed: Feed
    window_start: datetime | None
    window_end: datetime | None
    is_fetched: bool  # its last page is in
    pages: int
    resume: str | None  # how the door goes on after the newest page
    first_answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class AppliedRun:
    """A run that applied readings, for a replay."""

    run_id: str
    workflow: str
    applied_at: datetime
    reading_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One answer as it came, with the server's own time."""

    reading_id: str
    page_no: int
    feed: Feed
    body: str
    answered_at: datetime
    poison: str | None


def open_reading(
    con: Cursor,
    reading_id: str,
    workflow: str,
    feed: Feed,
    window: tuple[datetime, datetime] | None,
    run_id: str,
    now: datetime,
    *,
    is_fetched: bool = False,
) -> None:
    """Begin a reading. It stays open, and its pages count, until it is applied. `is_fetched`: it has one page only."""
    start, end = window or (None, None)
    con.execute(
        """
        INSERT INTO readings (reading_id, workflow_name, feed, window_start, window_end, run_id, started_at, fetched_at)
        VALUES ($reading_id, $workflow, $feed, $window_start, $window_end, $run_id, $now, $fetched_at)
        """,
        {
            "reading_id": reading_id,
            "workflow": workflow,
            "feed": feed,
            "window_start": start,
            "window_end": end,
            "run_id": run_id,
            "now": now,
            "fetched_at": now if is_fetched else None,
        },
    )


def add_page(
    con: Cursor,
    reading_id: str,
    page_no: int,
    *,
    feed: Feed,
    request: str,
    answered_at: datetime,
    row_count: int,
    body: str,
    poison: str | None,
    resume: str | None,
    run_id: str,
) -> None:
    """Keep one answer. This is the checkpoint: what is here is never asked for again by this reading."""
    con.execute(
        """
        INSERT INTO api_pages (reading_id, page_no, feed, request, answered_at, row_count, body, poison, resume, run_id)
        VALUES ($reading_id, $page_no, $feed, $request, $answered_at, $row_count, $body, $poison, $resume, $run_id)
        """,
        {
            "reading_id": reading_id,
            "page_no": page_no,
            "feed": feed,
            "request": request,
            "answered_at": answered_at,
            "row_count": row_count,
            "body": packed(body),
            "poison": poison,
            "resume": resume,
            "run_id": run_id,
        },
    )


def reading_is_fetched(con: Cursor, reading_id: str, now: datetime) -> None:
    """Say that the last page of a reading is in."""
    con.execute(
        "UPDATE readings SET fetched_at = $now WHERE reading_id = $reading_id", {"reading_id": reading_id, "now": now}
    )


def unapplied_readings(con: Cursor, workflow: str) -> list[Reading]:
    """The readings of a workflow that no transaction has applied yet, in the order they were begun."""
    rows = con.rows(
        """
        SELECT r.reading_id, r.feed, r.window_start, r.window_end, r.fetched_at IS NOT NULL,
               count(p.page_no), arg_max(p.resume, p.page_no), arg_min(p.answered_at, p.page_no)
        FROM readings r
        LEFT JOIN api_pages p USING (reading_id)
        WHERE r.workflow_name = $workflow AND r.applied_at IS NULL
        GROUP BY r.reading_id, r.feed, r.window_start, r.window_end, r.fetched_at, r.started_at
        ORDER BY r.started_at, r.reading_id
        """,
        {"workflow": workflow},
    )
    return [Reading(*row) for row in rows]


def page(con: Cursor, reading_id: str, page_no: int) -> StoredPage:
    """One page as it came."""
    row = con.row(
        """
        SELECT reading_id, page_no, feed, body, answered_at, poison
        FROM api_pages
        WHERE reading_id = $reading_id AND page_no = $page_no
        """,
        {"reading_id": reading_id, "page_no": page_no},
    )
    if row is None:
        raise LookupError(f"there is no page {page_no} of reading {reading_id}")
    reading_id, page_no, feed, body, answered_at, poison = row
    return StoredPage(reading_id, page_no, cast(Feed, feed), unpacked(body), answered_at, poison)


def pages_of(con: Cursor, reading_ids: Sequence[str], feed: Feed) -> list[tuple[str, int]]:
    """Of these readings those of one list, in the order they were begun: the id, and how many pages it has."""
    return con.rows(
        """
        SELECT r.reading_id, count(p.page_no)
        FROM readings r
        JOIN api_pages p USING (reading_id)
        WHERE r.reading_id IN (SELECT unnest($ids)) AND r.feed = $feed
        GROUP BY r.reading_id, r.started_at
        ORDER BY r.started_at, r.reading_id
        """,
        {"ids": list(reading_ids), "feed": feed},
    )


def readings_are_applied(con: Cursor, reading_ids: Sequence[str], run_id: str, now: datetime) -> None:
    """Close readings, in the transaction that applied them."""
    con.execute(
        "UPDATE readings SET applied_at = $now, applied_by = $run_id WHERE reading_id IN (SELECT unnest($ids))",
        {"ids": list(reading_ids), "run_id": run_id, "now": now},
    )


def applied_runs(
    con: Cursor, workflows: Sequence[str], since: datetime | None = None, until: datetime | None = None
) -> list[AppliedRun]:
    """The runs of these workflows that applied readings, in the order in which they did (DESIGN I14).

    `since`, `until`: only those that applied theirs then, both ends included; None: from the first, to the last.
    """
    rows = con.rows(
        """
        SELECT applied_by, workflow_name, applied_at, list(reading_id ORDER BY started_at, reading_id)
        FROM readings
        WHERE workflow_name IN (SELECT unnest($workflows))
          AND applied_at IS NOT NULL
          AND ($since IS NULL OR applied_at >= $since)
          AND ($until IS NULL OR applied_at <= $until)
        GROUP BY applied_by, workflow_name, applied_at
        ORDER BY applied_at, length(applied_by), applied_by
        """,
        {"workflows": list(workflows), "since": since, "until": until},
    )
    return [AppliedRun(run_id, name, applied_at, tuple(reading_ids)) for run_id, name, applied_at, reading_ids in rows]


def copy_reading(source: Cursor, target: Cursor, reading_id: str) -> None:
    """Put a reading with all its pages into another database, as not yet applied there."""
    columns = "reading_id, workflow_name, feed, window_start, window_end, run_id, started_at, fetched_at"
    pages = "reading_id, page_no, feed, request, answered_at, row_count, body, poison, resume, run_id"
    for table, names in (("readings", columns), ("api_pages", pages)):
        for row in source.rows(f"SELECT {names} FROM {table} WHERE reading_id = $id ORDER BY ALL", {"id": reading_id}):  # noqa: S608 - our names
            given = dict(zip(names.split(", "), row, strict=True))
            target.execute(
                f"INSERT INTO {table} ({names}) VALUES ({', '.join(f'${name}' for name in given)})",  # noqa: S608
                given,
            )


def copy_what_tells_of(source: Cursor, target: Cursor, reading_id: str, order_ids: Collection[int]) -> int:
    """Put of a reading only the records of these orders into another lane, as applied when it was. How many records."""
    said = [str(one) for one in order_ids]
    cut: list[tuple[tuple[Any, ...], str, int]] = []
    for feed, request, answered_at, body, run_id in source.rows(
        "SELECT feed, request, answered_at, body, run_id FROM api_pages WHERE reading_id = $id ORDER BY page_no",
        {"id": reading_id},
    ):
        text = unpacked(body)
        if not any(one in text for one in said):
            continue  # most pages: what is not in the text need not be read
        told = json.loads(text)
        name = "shipments" if feed == "voids" else feed
        told[name] = [one for one in told[name] if isinstance(one, dict) and one.get("orderId") in order_ids]
        if told[name]:
            cut.append(((feed, request, answered_at, run_id), json.dumps(told), len(told[name])))
    if not cut:
        return 0
    names = ("reading_id", "workflow_name", "feed", "window_start", "window_end", "run_id", "started_at", "fetched_at",
             "applied_at", "applied_by")  # fmt: skip
    kept = source.row(f"SELECT {', '.join(names)} FROM readings WHERE reading_id = $id", {"id": reading_id})  # noqa: S608
    given = dict(zip(names, kept or (), strict=True))
    target.execute(
        f"INSERT INTO readings ({', '.join(given)}) VALUES ({', '.join(f'${name}' for name in given)})",  # noqa: S608
        given,
    )
    for page_no, ((feed, request, answered_at, run_id), body, amount) in enumerate(cut, start=1):
        add_page(
            target,
            reading_id,
            page_no,
            feed=feed,
            request=request,
            answered_at=answered_at,
            row_count=amount,
            body=body,
            poison=None,
            resume=None,
            run_id=run_id,
        )
    return sum(amount for _, _, amount in cut)


def requests_of(con: Cursor, reading_ids: Sequence[str]) -> list[str]:
    """The queries of the pages of these readings, as JSON texts."""
    rows = con.rows(
        "SELECT request FROM api_pages WHERE reading_id IN (SELECT unnest($ids)) ORDER BY reading_id, page_no",
        {"ids": list(reading_ids)},
    )
    return [row[0] for row in rows]
