"""Which sync writes production (`parity_deployment`, `parity_changes`), and what a change of that rests on (D19)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shipsync.rules import deployment as rules
from shipsync.rules.deployment import BACKFILL, LEGACY, MAIN, SHADOW, SYNCS, UNIFIED, Change, State, state_named
from shipsync.rules.watermark import Mark
from shipsync.store import workflows
from shipsync.store.cursor import Cursor
from shipsync.store.lanes import lanes
from shipsync.store.settings import audit
from shipsync.store.workflows import Control

REFUSED = "cut-over refused"  # in the audit log

# A database that knows nothing of a migration has none before it.
_STATE = "coalesce((SELECT state FROM parity_deployment), 'done')"
_WRITERS = f"""
    SELECT unnest(CASE {_STATE}
                  {" ".join(f"WHEN '{state}' THEN {list(rules.writers(state))}" for state in rules.STATES)}
                  END) AS workflow_name
"""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the move to the unified sync stands. Instants UTC."""

    state: State
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of it."""

    change_no: int
    changed_at: datetime
    changed_by: str
    before: State
    after: State
    reason: str
    evidence: str  # JSON: the gates as they stood
    evidence_hash: str
    marks: str  # JSON: every mark as it was before the change


def lane_of(con: Cursor, workflow: str) -> str | None:
    """Where a workflow writes now: 'main' is production, else a lane (store/lanes.py); None where it does nothing."""
    return rules.lane(state_of(con), workflow) if workflow in (*SYNCS, BACKFILL) else MAIN


def put_beside_at(con: Cursor) -> datetime | None:
    """When the legacy workflows were put beside a migration that was done; None where a cut-over has put them there."""
    newest = con.row(
        "SELECT arg_max(before, change_no), max(changed_at) FROM parity_changes WHERE after = 'reverse_shadow'"
    )
    return newest[1] if newest is not None and newest[0] == "done" else None


def begun_at(con: Cursor) -> datetime | None:
    """When the newest migration began; None where none ever did."""
    at: datetime | None = con.value(
        "SELECT max(changed_at) FROM parity_changes WHERE before IN ('off', 'done') AND after <> 'off'"
    )
    return at


def state_of(con: Cursor) -> State:
    """Where the move to the unified sync stands."""
    return state_named(con.value(f"SELECT {_STATE}"))


def deployment_of(con: Cursor) -> Deployment | None:
    """The same with who brought it there and when; None in a database that was never told."""
    row = con.row("SELECT state, changed_at, changed_by FROM parity_deployment")
    return Deployment(state_named(row[0]), row[1], row[2]) if row is not None else None


def seed(con: Cursor, now: datetime) -> None:
    """A database without legacy systems before it has nothing to migrate: it is done. One that was told stays."""
    con.execute(
        """
        INSERT INTO parity_deployment (name, state, changed_at, changed_by)
        VALUES ('sync', 'done', $now, 'shipsync')
        ON CONFLICT (name) DO NOTHING
        """,
        {"now": now},
    )


def production_syncs(con: Cursor) -> tuple[str, ...]:
    """The workflows that bring ShipStation's news into production, in the order in which they are had done."""
    return rules.writers(state_of(con))


def production_mark(con: Cursor) -> Mark:
    """How far production has been read by whoever writes it: of two workflows as far as both have.

    Both instants are None where one of them has read nothing yet.
    """
    row = con.row(
        f"""
        WITH writers AS ({_WRITERS}),
        marks AS (
            SELECT CASE WHEN isfinite(last_sync_timestamp) THEN last_sync_timestamp END AS newest,
                   CASE WHEN isfinite(complete_through) THEN complete_through END AS through
            FROM writers
            LEFT JOIN sync_watermark USING (workflow_name)
        )
        SELECT CASE WHEN count(*) = count(through) THEN max(newest) END,
               CASE WHEN count(*) = count(through) THEN min(through) END
        FROM marks
        """  # noqa: S608 - our own words
    )
    return Mark(*row) if row is not None else Mark(None, None)


def first_query_from(con: Cursor) -> datetime | None:
    """How far back the first query after a cut-over goes at the latest; None in general.

    A legacy mark that was behind the unified sync's own pulls it back so far, once (DESIGN D3).
    """
    at: datetime | None = con.value(
        """
        SELECT first_query_from
        FROM parity_deployment d
        WHERE first_query_from IS NOT NULL
          AND NOT EXISTS (
              SELECT 1
              FROM runs
              WHERE workflow_name = $sync AND status = 'succeeded' AND started_at > d.changed_at)
        """,
        {"sync": UNIFIED},
    )
    return at


# The switches


def controls_in_force(con: Cursor) -> list[Control]:
    """All workflows by name, enabled where they run: who takes part in the syncs is told by the state first."""
    state = state_of(con)
    return [
        replace(one, enabled=rules.takes_part(state, one.workflow, is_on=one.enabled))
        for one in workflows.all_controls(con)
    ]


def control_in_force(con: Cursor, workflow: str) -> Control | None:
    """One workflow likewise; None if it has no controls."""
    control = workflows.control_of(con, workflow)
    if control is None or workflow not in SYNCS:
        return control
    return replace(control, enabled=rules.takes_part(state_of(con), workflow, is_on=control.enabled))


@dataclass(frozen=True, slots=True)
class AskedBySwitches:
    """A change that the switches of the syncs ask for."""

    change: Change
    by: str  # who set the newest of them, as far as the table tells


def asked_by_switches(con: Cursor) -> AskedBySwitches | None:
    """What the switches ask for; None while they only say who rests."""
    rows = con.rows(
        f"""
        SELECT {_STATE}, workflow_name, enabled, updated_by
        FROM workflow_controls
        WHERE workflow_name IN (SELECT unnest($syncs))
        ORDER BY updated_at DESC, workflow_name
        """,  # noqa: S608 - our own words
        {"syncs": list(SYNCS)},
    )
    if len(rows) < len(SYNCS):
        return None
    change = rules.asked_by_switches(state_named(rows[0][0]), {name: enabled for _, name, enabled, _ in rows})
    return AskedBySwitches(change, rows[0][3]) if change is not None else None


def set_switches(con: Cursor, state: State, by: str, now: datetime) -> None:
    """Have the switches of the syncs stand as they do in a state; what stands so already is left alone."""
    for workflow, enabled in rules.switches(state).items():
        control = workflows.control_of(con, workflow)
        if control is not None and control.enabled != enabled:
            workflows.set_enabled(con, workflow, enabled, by, now)


def put_refusal(con: Cursor, by: str, why: str, now: datetime) -> None:
    """Keep that the switches asked for a cut-over that could not be made."""
    audit(con, by, REFUSED, "sync", None, why, now)


def newest_refusal(con: Cursor) -> tuple[datetime, str] | None:
    """When the switches asked in vain since the state last changed, and why in vain. Asked only while migrating."""
    row = con.row(
        """
        SELECT a.changed_at, a.after
        FROM audit_log a, parity_deployment d
        WHERE d.state <> 'done' AND a.action = $refused AND a.changed_at >= d.changed_at
        ORDER BY a.entry_no DESC
        LIMIT 1
        """,
        {"refused": REFUSED},
    )
    return (row[0], row[1]) if row is not None else None


# A change


def refuse_running_syncs(con: Cursor) -> None:
    """Free the locks of the syncs and raise their tokens: a run under way is refused at its next write (DESIGN D7)."""
    con.execute(
        """
        UPDATE sync_locks
        SET token = token + 1,
            run_id = NULL, owner = NULL, acquired_at = NULL, heartbeat_at = NULL, expires_at = NULL
        WHERE workflow_name IN (SELECT unnest($syncs))
        """,
        {"syncs": [*SYNCS, BACKFILL]},
    )


def put_change(con: Cursor, change: Changed, first_query_from: datetime | None) -> None:
    """Write the state and the change that led to it."""
    con.execute(
        """
        INSERT INTO parity_deployment (name, state, changed_at, changed_by, first_query_from)
        VALUES ('sync', $state, $now, $by, $first_query_from)
        ON CONFLICT (name) DO UPDATE SET
            state = excluded.state,
            changed_at = excluded.changed_at,
            changed_by = excluded.changed_by,
            first_query_from = excluded.first_query_from
        """,
        {
            "state": change.after,
            "now": change.changed_at,
            "by": change.changed_by,
            "first_query_from": first_query_from,
        },
    )
    con.execute(
        """
        INSERT INTO parity_changes (change_no, changed_at, changed_by, before, after, reason, evidence, evidence_hash,
            marks)
        VALUES ($change_no, $changed_at, $changed_by, $before, $after, $reason, $evidence, $evidence_hash, $marks)
        """,
        {
            "change_no": change.change_no,
            "changed_at": change.changed_at,
            "changed_by": change.changed_by,
            "before": change.before,
            "after": change.after,
            "reason": change.reason,
            "evidence": change.evidence,
            "evidence_hash": change.evidence_hash,
            "marks": change.marks,
        },
    )


def next_change_no(con: Cursor) -> int:
    """The number of the next change."""
    number: int = con.value("SELECT coalesce(max(change_no), 0) + 1 FROM parity_changes")
    return number


def changes(con: Cursor) -> list[Changed]:
    """Every change, the newest first."""
    rows = con.rows(
        """
        SELECT change_no, changed_at, changed_by, before, after, reason, evidence, evidence_hash, marks
        FROM parity_changes
        ORDER BY change_no DESC
        """
    )
    return [Changed(*(*row[:3], state_named(row[3]), state_named(row[4]), *row[5:])) for row in rows]


# The watermark backup


def marks_now(con: Cursor) -> dict[str, dict[str, dict[str, dict[str, str | None]]]]:
    """Every mark of the syncs: schema -> workflow -> '' or a list's name -> column -> instant, as JSON has them."""
    told: dict[str, dict[str, dict[str, dict[str, str | None]]]] = {}
    for schema in (MAIN, SHADOW):
        if schema != MAIN and schema not in lanes(con):
            continue
        of_schema = told.setdefault(schema, {})
        for workflow, newest, through in con.rows(
            f"""
            SELECT workflow_name, last_sync_timestamp, complete_through
            FROM {schema}.sync_watermark
            WHERE workflow_name IN (SELECT unnest($syncs))
            ORDER BY workflow_name
            """,  # noqa: S608 - our own words
            {"syncs": list(SYNCS)},
        ):
            of_schema.setdefault(workflow, {})[""] = {
                "last_sync_timestamp": _written(newest),
                "complete_through": _written(through),
            }
        for workflow, feed, through, asked_at in con.rows(
            f"""
            SELECT workflow_name, feed, complete_through, asked_at
            FROM {schema}.feed_marks
            WHERE workflow_name IN (SELECT unnest($syncs))
            ORDER BY workflow_name, feed
            """,  # noqa: S608 - our own words
            {"syncs": list(SYNCS)},
        ):
            of_schema.setdefault(workflow, {})[feed] = {
                "complete_through": _written(through),
                "asked_at": _written(asked_at),
            }
    return told


def legacy_marks_kept(con: Cursor) -> dict[str, Mark]:
    """The legacy workflows' marks as the newest backup has them; empty where no backup has any."""
    for one in changes(con):
        for of_schema in json.loads(one.marks).values():
            found = {
                workflow: Mark(_read(of_schema[workflow][""], "last_sync_timestamp"),
                               _read(of_schema[workflow][""], "complete_through"))
                for workflow in LEGACY
                if "" in of_schema.get(workflow, {})
            }  # fmt: skip
            if found:
                return found
    return {}


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant is not None else None


def _read(columns: Mapping[str, str | None], name: str) -> datetime | None:
    text = columns.get(name)
    return datetime.fromisoformat(text) if text is not None else None
