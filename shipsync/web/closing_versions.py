"""Every attempt to close a period, as a table: what was closed is a version, what was not says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from shipsync import runtime
from shipsync.store import closings
from shipsync.store.closings import Closing
from shipsync.web import workflow_words
from shipsync.web.answers import ask
from shipsync.web.closing_panel import said_of
from shipsync.web.closing_state import ClosingKind, period_name, today
from shipsync.web.opening import open_here, open_page
from shipsync.web.tables import Column, table

SHOWN = 30
ALL = 100_000  # of the CSV
COLUMNS = (
    Column("closing", "Closing"),
    Column("state", "State", "state"),
    Column("said", "What came of it", width=400),
    Column("closed_at", "Closed at", "instant"),
    Column("as_of", "Figures as of", "instant"),
    Column("begun_by", "Asked by"),
    Column("begun_at", "Begun at", "instant"),
    Column("content_hash", "Content hash", width=140, help="Two versions with the same hash say the same."),
)


def versions_table(kind: ClosingKind, query_of: Callable[[date], Mapping[str, str]], *, key: str) -> None:
    """The newest periods first. A version opens on this page, another attempt opens its job.

    `query_of` gives the address of a period on this page, by its first day.
    """
    attempts = ask(closings.attempts, kind, SHOWN)
    opened = table(
        [_row(one) for one in attempts],
        COLUMNS,
        key=key,
        file="closings",
        empty="Nothing has been closed yet.",
        all_rows=lambda: map(_row, closings.attempts(runtime.app().db.read(), kind, ALL)),
        opens=True,
    )
    if opened is None:
        return
    one = attempts[opened]
    if one.version is None:
        open_page("jobs", job=one.job_id)
    open_here(**query_of(one.period_start), version=str(one.version))


def _row(one: Closing) -> dict[str, object]:
    period = period_name(one.kind, one.period_start)
    return {
        "closing": f"{period}, {one.job_id}" if one.version is None else f"{period}, version {one.version}",
        "state": "closed" if one.closed_at is not None else one.job_status or "not closed",
        "said": one.job_error if one.closed_at is None else said_of(one, today()),
        "closed_at": one.closed_at,
        "as_of": one.as_of,
        "begun_by": workflow_words.asked_by(one.begun_by),
        "begun_at": one.begun_at,
        "content_hash": one.content_hash,
    }
