"""What the page of the comparisons asks beyond what store/parity_results.py answers: groups, the course, one order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shipsync.rules.parity_verdicts import Mode
from shipsync.store import parity_results
from shipsync.store.cursor import Cursor
from shipsync.store.parity_results import Difference

_MOST_ORDERS = 1_000  # of a group, for telling what they have in common


@dataclass(frozen=True, slots=True)
class Group:
    """The differences of one field that are there now. Counts are records, not fields of them."""

    entity: str
    field: str  # '': the record as a whole
    confirmed: int
    suspect: int
    stale_input: int
    ignored: int
    explained: int
    order_ids: tuple[int, ...]  # of what is confirmed or suspect, else of all; the lowest thousand
    first_seen_at: datetime
    last_seen_at: datetime


def begun_at(con: Cursor) -> datetime | None:
    """When the newest migration began; None where none ever did."""
    at: datetime | None = con.value(
        "SELECT max(changed_at) FROM parity_changes WHERE before IN ('off', 'done') AND after <> 'off'"
    )
    return at


def edition(con: Cursor) -> tuple[object, ...]:
    """What moves with every change, comparison, ignore rule and backup: cheap, for knowing when to ask for more."""
    row = con.row(
        """
        SELECT (SELECT count(*) FROM parity_changes),
               (SELECT count(*) FROM parity_runs),
               (SELECT max(finished_at) FROM parity_runs),
               (SELECT count(*) + count(approver) + count(withdrawn_at) + sum(hits) FROM parity_ignore_rules),
               (SELECT max(finished_at) FROM runs WHERE workflow_name = 'backup')
        """
    )
    return tuple(row or ())


def groups(con: Cursor, mode: str, run_id: str | None = None) -> list[Group]:
    """What differs now, by entity and field: most confirmed first, then what may become so.

    With `run_id` only what that comparison saw: no replay says of another one's differences that they are gone.
    """
    rows = con.rows(
        f"""
        SELECT entity, field,
               count(*) FILTER (verdict = 'confirmed') AS confirmed,
               count(*) FILTER (verdict = 'suspect') AS suspect,
               count(*) FILTER (verdict = 'stale-input') AS stale_input,
               count(*) FILTER (verdict = 'ignored') AS ignored,
               count(*) FILTER (verdict = 'explained') AS explained,
               list_sort(list(DISTINCT order_id)
                         FILTER (order_id IS NOT NULL AND verdict IN ('confirmed', 'suspect')))[:{_MOST_ORDERS}],
               list_sort(list(DISTINCT order_id) FILTER (order_id IS NOT NULL))[:{_MOST_ORDERS}],
               min(first_seen_at), max(last_seen_at)
        FROM parity_differences
        WHERE mode = $mode AND gone_at IS NULL AND ($run_id IS NULL OR run_id = $run_id)
        GROUP BY entity, field
        ORDER BY confirmed DESC, suspect DESC, stale_input DESC, ignored DESC, entity, field
        """,  # noqa: S608 - our own number
        {"mode": mode, "run_id": run_id},
    )
    return [Group(*(*row[:7], tuple(row[7] or row[8] or ()), *row[9:])) for row in rows]


def records(
    con: Cursor,
    mode: Mode,
    run_id: str | None,
    *,
    entity: str | None = None,
    field_name: str | None = None,
    order_id: int | None = None,
    limit: int | None = None,
) -> list[Difference]:
    """What differs now of one group, or of one order; `run_id` as for `groups`. Those seen last come first."""
    found = parity_results.differences(
        con, [mode], entity=entity, field_name=field_name, order_id=order_id, is_there=True, limit=limit
    )
    return [one for one in found if run_id in (None, one.run_id)]


def order_named(con: Cursor, order_id: int) -> tuple[str, str] | None:
    """(key, number) of a ShipStation order in production; None where production has none."""
    row = con.row(
        """
        SELECT order_key, order_number
        FROM orders_inbox
        WHERE shipstation_order_id = $order_id
        ORDER BY order_key
        LIMIT 1
        """,
        {"order_id": order_id},
    )
    return (row[0], row[1]) if row is not None else None
