"""What the gates before a change are told from: comparisons, runs, backups, ignore rules, and what was met (D19)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shipsync.rules import deployment as rules
from shipsync.rules.deployment import LEGACY, SHADOW, SYNCS, UNIFIED, State
from shipsync.rules.gates import (
    BROKEN,
    DRILL,
    LOST,
    NO_FAILURE_FOR,
    TOOK,
    Comparison,
    Facts,
    Failure,
    Met,
    Pace,
    Rehearsal,
    Rule,
)
from shipsync.rules.parity_verdicts import IN_DOUBT, Mode, may_be_in_doubt_for
from shipsync.rules.watermark import OVERLAP
from shipsync.store import deployment
from shipsync.store.cursor import Cursor
from shipsync.store.lanes import lanes

_PACE_OVER = timedelta(hours=48)


def facts(con: Cursor, now: datetime, *, by: str = "", reviewed_by: str = "") -> Facts:
    """Everything that the gates of the next change are told from."""
    known = deployment.deployment_of(con)
    state: State = known.state if known is not None else "done"
    since = known.changed_at if known is not None else now
    begun_at, live_since = _begun(con, since)
    writing = rules.writers(state)
    others = tuple(one for one in SYNCS if one not in writing)
    pace_since = max(now - _PACE_OVER, live_since or since)
    failures, runs = _ends(con, now - NO_FAILURE_FOR)
    return Facts(
        state=state,
        since=since,
        live_since=live_since if state in ("shadow_live", "ready") else None,
        by=by,
        reviewed_by=reviewed_by,
        comparisons=_comparisons(con, begun_at),
        in_doubt=_in_doubt(con, "reverse" if state == "reverse_shadow" else "live", now),
        control=_pace(con, writing, pace_since, now),
        candidate=_pace(con, others, pace_since, now),
        failures=failures,
        runs=runs,
        last_backup_at=con.value(
            "SELECT max(finished_at) FROM runs WHERE workflow_name = 'backup' AND status = 'succeeded'"
        ),
        rehearsal=_rehearsal(con),
        rules=_rules_in_force(con),
        met=_met(con, begun_at) if state in ("shadow_live", "ready") and SHADOW in lanes(con) else {},
    )


def _begun(con: Cursor, since: datetime) -> tuple[datetime, datetime | None]:
    """When the migration under way began, and when it went live."""
    live: datetime | None = con.value("SELECT max(changed_at) FROM parity_changes WHERE after = 'shadow_live'")
    return deployment.begun_at(con) or since, live


def _comparisons(con: Cursor, begun_at: datetime) -> list[Comparison]:
    rows = con.rows(
        """
        SELECT mode, finished_at, compared, matched, explained, ignored, pending, overdue, confirmed,
               period_start, period_end
        FROM parity_runs
        WHERE finished_at >= $begun_at
        ORDER BY finished_at, run_id
        """,
        {"begun_at": begun_at},
    )
    return [Comparison(*(*row[:9], (row[9], row[10]) if None not in row[9:] else None)) for row in rows]


def _in_doubt(con: Cursor, mode: Mode, now: datetime) -> int:
    """Records that differ and are neither confirmed nor gone, for longer than lag explains."""
    rows = con.rows(
        """
        SELECT entity, entity_key, field, since_at
        FROM parity_differences
        WHERE mode = $mode AND verdict IN (SELECT unnest($in_doubt)) AND gone_at IS NULL
        """,
        {"mode": mode, "in_doubt": list(IN_DOUBT)},
    )
    return len({(entity, key) for entity, key, field, at in rows if now - at > may_be_in_doubt_for(entity, field)})


def _pace(con: Cursor, side: Sequence[str], since: datetime, now: datetime) -> Pace | None:
    rows = con.rows(
        """
        SELECT count(*), sum(coalesce(requests, 0)), quantile_disc(age_s, 0.95)
        FROM (
            SELECT workflow_name, requests,
                   epoch(finished_at) - epoch(lag(started_at) OVER (PARTITION BY workflow_name ORDER BY token)) AS age_s
            FROM runs
            WHERE workflow_name IN (SELECT unnest($side)) AND status = 'succeeded' AND started_at >= $since
        )
        GROUP BY workflow_name
        """,
        {"side": list(side), "since": since},
    )
    if len(rows) < len(side):
        return None
    hours = max((now - since) / timedelta(hours=1), 1 / 60)
    ages = [age for _, _, age in rows]
    return Pace(
        passes=min(passes for passes, _, _ in rows),
        requests_a_pass=float(sum(requests / passes for passes, requests, _ in rows)),
        requests_an_hour=float(sum(requests for _, requests, _ in rows) / hours),
        age_p95=timedelta(seconds=max(ages)) if None not in ages else None,
    )


def _ends(con: Cursor, since: datetime) -> tuple[list[Failure], int]:
    rows = con.rows(
        """
        SELECT run_id, finished_at, coalesce(error, 'no reason was recorded'), status
        FROM runs
        WHERE workflow_name IN (SELECT unnest($syncs)) AND finished_at >= $since
          AND status IN ('failed', 'succeeded')
        ORDER BY finished_at DESC, run_id
        """,
        {"syncs": list(SYNCS), "since": since},
    )
    return [Failure(*row[:3]) for row in rows if row[3] == "failed"], len(rows)


def _rehearsal(con: Cursor) -> Rehearsal | None:
    """The newest one that rehearsed both ways, or failed. In reverse shadow it is the way back alone."""
    row = con.row(
        """
        SELECT finished_at, CASE WHEN status = 'failed' THEN coalesce(error, 'no reason was recorded') END, counts
        FROM runs
        WHERE workflow_name = $drill
          AND (status = 'failed' OR status = 'succeeded' AND json_extract(counts, $cutover) IS NOT NULL)
        ORDER BY finished_at DESC, token DESC
        LIMIT 1
        """,
        {"drill": DRILL, "cutover": f'$."cutover {TOOK}"'},
    )
    if row is None:
        return None
    counts: Mapping[str, int] = json.loads(row[2] or "{}")
    ends = f" {TOOK}"
    took = {
        name.removesuffix(ends): timedelta(milliseconds=amount)
        for name, amount in counts.items()
        if name.endswith(ends)
    }
    return Rehearsal(row[0], row[1], took, counts.get(LOST, 0), counts.get(BROKEN, 0))


def _rules_in_force(con: Cursor) -> list[Rule]:
    rows = con.rows(
        """
        SELECT rule_no, entity || '.' || field, expires_at, hits, most_hits
        FROM parity_ignore_rules
        WHERE approver IS NOT NULL AND withdrawn_at IS NULL
        ORDER BY rule_no
        """
    )
    return [Rule(*row) for row in rows]


def _met(con: Cursor, begun_at: datetime) -> dict[str, Met]:
    """How often each class was met in lane `shadow` among what both sides have passed."""
    through: datetime | None = con.value(
        """
        SELECT CASE WHEN count(complete_through) = 3 THEN min(complete_through) END
        FROM (SELECT complete_through FROM main.sync_watermark WHERE workflow_name IN (SELECT unnest($legacy))
              UNION ALL
              SELECT complete_through FROM shadow.sync_watermark WHERE workflow_name = $unified)
        """,
        {"legacy": list(LEGACY), "unified": UNIFIED},
    )
    if through is None:
        return {}
    settled = through - OVERLAP
    recorded = {
        name: int(con.value(sql, {"settled": settled} if "$settled" in sql else None)) for name, sql in _CLASSES.items()
    }
    made_up: Mapping[str, Any] = json.loads(
        con.value(
            """
            SELECT arg_max(json_extract(details, '$.made_up'), finished_at)
            FROM parity_runs
            WHERE mode = 'replay' AND finished_at >= $begun_at AND json_extract(details, '$.made_up') IS NOT NULL
            """,
            {"begun_at": begun_at},
        )
        or "{}"
    )
    return {name: Met(amount, int(made_up.get(name, 0))) for name, amount in recorded.items()}


_VERSIONS = """
    SELECT shipstation_status AS status,
           lag(shipstation_status) OVER (PARTITION BY shipstation_order_id ORDER BY modified_at) AS before
    FROM shadow.routing_log
    WHERE modified_at <= $settled
"""
_PARCELS = """
    SELECT shipstation_order_id, created_at, voided FROM shadow.shipments
    UNION ALL
    SELECT shipstation_order_id, created_at, voided FROM shadow.fulfillments
"""
_ROUTED = "SELECT count(*) FROM shadow.routing_log WHERE modified_at <= $settled AND reason IN "
_ORDERS = "SELECT count(*) FROM shadow.orders_inbox WHERE modified_at <= $settled AND "
_OFFSET = "epoch(({0} AT TIME ZONE 'America/Los_Angeles') - ({0} AT TIME ZONE 'UTC'))"
_CLASSES: Mapping[str, str] = {
    "new manual order": _ROUTED + "('new_manual', 'new_manual_shared_number')",
    "no key product": _ROUTED + "('no_key_sku')",
    "split": _ROUTED + "('split_child')",
    # Of two that were known already the one that is gone tells it.
    "merged": """
        SELECT (SELECT count(*)
                FROM shadow.routing_log
                WHERE modified_at <= $settled AND reason = 'merge_survivor')
               + (SELECT count(*)
                  FROM shadow.orders_inbox
                  WHERE modified_at <= $settled AND status_reason LIKE 'merged into %')
    """,
    "cancelled": _ORDERS + "status = 'cancelled'",
    "shipped": _ORDERS + "status = 'shipped'",
    "status change": f"SELECT count(*) FROM ({_VERSIONS}) WHERE status <> before",  # noqa: S608
    "held and released": f"SELECT count(*) FROM ({_VERSIONS}) WHERE before = 'on_hold' AND status <> 'on_hold'",  # noqa: S608
    "changed after it shipped": f"SELECT count(*) FROM ({_VERSIONS}) WHERE before = 'shipped' AND status = 'shipped'",  # noqa: S608
    "voided": f"SELECT count(*) FROM ({_PARCELS}) WHERE voided AND created_at <= $settled",  # noqa: S608
    "several parcels": f"""
        SELECT count(*)
        FROM (SELECT shipstation_order_id
              FROM ({_PARCELS})
              WHERE NOT voided AND shipstation_order_id IS NOT NULL AND created_at <= $settled
              GROUP BY ALL
              HAVING count(*) > 1)
    """,  # noqa: S608
    "label bought anew": f"""
        SELECT count(DISTINCT gone.shipstation_order_id)
        FROM ({_PARCELS}) gone
        JOIN ({_PARCELS}) anew USING (shipstation_order_id)
        WHERE gone.voided AND NOT anew.voided AND anew.created_at > gone.created_at AND anew.created_at <= $settled
    """,  # noqa: S608
    "number used twice": """
        SELECT count(*)
        FROM (SELECT order_number
              FROM shadow.orders_inbox
              WHERE modified_at <= $settled
              GROUP BY ALL
              HAVING count(*) > 1)
    """,
    "unknown lot": "SELECT count(*) FROM shadow.shipped_items WHERE base_sku IS NOT NULL AND lot IS NULL",
    "hour of a clock change": f"""
        SELECT count(*)
        FROM shadow.routing_log
        WHERE modified_at <= $settled
          AND {_OFFSET.format("(modified_at - INTERVAL 1 HOUR)")} <> {_OFFSET.format("(modified_at + INTERVAL 1 HOUR)")}
    """,  # noqa: S608
    "more than one page": """
        SELECT count(*)
        FROM (SELECT reading_id FROM shadow.api_pages WHERE feed = 'orders' GROUP BY ALL HAVING count(*) > 1)
    """,
    "over 500 orders in one window": """
        SELECT count(*)
        FROM (SELECT reading_id FROM shadow.api_pages WHERE feed = 'orders' GROUP BY ALL HAVING sum(row_count) > 500)
    """,
}
