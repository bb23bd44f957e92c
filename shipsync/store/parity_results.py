"""What comparisons came to: each run (`parity_runs`), and each difference with its history (`parity_differences`)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from shipsync.rules.parity_verdicts import IN_DOUBT, Found, Judged, Kept, Mode, Passes
from shipsync.store.batches import INSTANT, batch
from shipsync.store.cursor import Cursor

_SEEN = pa.schema(
    [
        ("entity", pa.string()),
        ("entity_key", pa.string()),
        ("field", pa.string()),
        ("order_id", pa.int64()),
        ("kind", pa.string()),
        ("control", pa.string()),
        ("candidate", pa.string()),
        ("verdict", pa.string()),
        ("rule", pa.string()),
        ("version_at", INSTANT),
        ("since_at", INSTANT),
    ]
)
_IDENTITY = pa.schema([("entity", pa.string()), ("entity_key", pa.string()), ("field", pa.string())])

Identity = tuple[str, str, str]  # entity, key, field


@dataclass(frozen=True, slots=True)
class Run:
    """One comparison of two lanes. Counts are keys; `transient` is of those that were there before."""

    run_id: str
    mode: Mode
    started_at: datetime
    finished_at: datetime
    period_start: datetime | None  # of a replay: which answers were fed
    period_end: datetime | None
    control_at: datetime | None  # how far each side had read; None: not yet, or of a replay
    candidate_at: datetime | None
    compared: int
    matched: int
    pending: int
    overdue: int  # of the pending: for longer than the cap
    suspect: int
    transient: int
    stale_input: int
    ignored: int
    explained: int
    confirmed: int
    paused: str | None = None  # why comparing pauses after it
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference on record."""

    mode: Mode
    entity: str
    key: str
    field: str  # '': the record as a whole
    order_id: int | None
    kind: str
    control: str | None
    candidate: str | None
    verdict: str
    rule: str | None  # what accounts for it
    version_at: datetime | None
    first_seen_at: datetime
    since_at: datetime
    last_seen_at: datetime
    confirmed_at: datetime | None
    gone_at: datetime | None
    seen: int  # comparisons that saw it
    run_id: str  # the last of them


@dataclass(frozen=True, slots=True)
class KeptDifference:
    """What the next comparison needs of one."""

    kept: Kept
    rule: str | None
    last_seen_at: datetime


_RUN = """run_id, mode, started_at, finished_at, period_start, period_end, control_at, candidate_at, compared, matched,
    pending, overdue, suspect, transient, stale_input, ignored, explained, confirmed, paused, details"""
_DIFFERENCE = """mode, entity, entity_key, field, order_id, kind, control, candidate, verdict, rule, version_at,
    first_seen_at, since_at, last_seen_at, confirmed_at, gone_at, seen, run_id"""


def keep_run(con: Cursor, run: Run) -> None:
    """Keep what a comparison came to. One kept again under its id replaces itself: a retried job compares anew."""
    names = [name.strip() for name in _RUN.split(",")]
    values = {name: getattr(run, name) for name in names}
    con.execute(
        f"""
        INSERT OR REPLACE INTO parity_runs ({_RUN})
        VALUES ({", ".join(f"${name}" for name in names)})
        """,  # noqa: S608 - our own columns
        values | {"details": json.dumps(run.details, sort_keys=True)},
    )


def newest_run(con: Cursor, mode: Mode) -> Run | None:
    """The latest comparison of a mode; None before the first."""
    found = runs(con, [mode], limit=1)
    return found[0] if found else None


def runs(con: Cursor, modes: Sequence[Mode], since: datetime | None = None, *, limit: int | None = None) -> list[Run]:
    """Comparisons of these modes that ended since an instant, the newest first."""
    rows = con.rows(
        f"""
        SELECT {_RUN}
        FROM parity_runs
        WHERE mode IN (SELECT unnest($modes)) AND ($since IS NULL OR finished_at >= $since)
        ORDER BY finished_at DESC, run_id DESC
        LIMIT $limit
        """,  # noqa: S608 - our own columns
        {"modes": list(modes), "since": since, "limit": limit},
    )
    return [Run(*(*row[:-1], json.loads(row[-1]))) for row in rows]


def kept_differences(con: Cursor, mode: Mode) -> dict[Identity, KeptDifference]:
    """Every difference on record of a mode, as the next comparison needs it."""
    rows = con.rows(
        """
        SELECT entity, entity_key, field, verdict, since_at, version_at, gone_at IS NOT NULL, rule, last_seen_at
        FROM parity_differences
        WHERE mode = $mode
        """,
        {"mode": mode},
    )
    return {(row[0], row[1], row[2]): KeptDifference(Kept(*row[3:7]), row[7], row[8]) for row in rows}


def keep_differences(con: Cursor, mode: Mode, seen: Sequence[tuple[Found, Judged]], run_id: str, now: datetime) -> None:
    """Keep differences that are there: the first sight stays, sights are counted, and one that was gone is back."""
    if not seen:
        return
    rows = [
        {
            "entity": found.entity,
            "entity_key": found.key,
            "field": found.field,
            "order_id": found.order_id,
            "kind": found.kind,
            "control": found.control,
            "candidate": found.candidate,
            "verdict": judged.verdict,
            "rule": judged.rule,
            "version_at": found.version_at,
            "since_at": judged.since_at,
        }
        for found, judged in seen
    ]
    columns = ", ".join(_SEEN.names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in _SEEN.names if name not in _IDENTITY.names)
    with batch(con, "incoming_differences", rows, _SEEN) as incoming:
        con.execute(
            f"""
            INSERT INTO parity_differences (mode, {columns}, first_seen_at, last_seen_at, confirmed_at, seen, run_id)
            SELECT $mode, {columns}, $now, $now, CASE WHEN verdict = 'confirmed' THEN $now END, 1, $run_id
            FROM {incoming}
            ON CONFLICT (mode, entity, entity_key, field) DO UPDATE SET
                {sets},
                last_seen_at = excluded.last_seen_at,
                confirmed_at = CASE
                    WHEN excluded.verdict = 'confirmed'
                        AND (parity_differences.verdict <> 'confirmed' OR parity_differences.gone_at IS NOT NULL)
                    THEN excluded.last_seen_at
                    ELSE parity_differences.confirmed_at END,
                gone_at = NULL,
                seen = parity_differences.seen + 1,
                run_id = excluded.run_id
            """,  # noqa: S608 - names from our own schema
            {"mode": mode, "now": now, "run_id": run_id},
        )


def differences_are_gone(con: Cursor, mode: Mode, gone: Collection[Identity], now: datetime) -> int:
    """Say of these differences that they are there no more. How many keys were only lag: never confirmed."""
    if not gone:
        return 0
    rows = [{"entity": entity, "entity_key": key, "field": name} for entity, key, name in sorted(gone)]
    with batch(con, "gone_differences", rows, _IDENTITY) as incoming:
        changed = con.rows(
            f"""
            UPDATE parity_differences
            SET gone_at = $now,
                verdict = CASE WHEN verdict IN ('suspect', 'stale-input') THEN 'transient' ELSE verdict END
            FROM {incoming} i
            WHERE parity_differences.mode = $mode
              AND parity_differences.entity = i.entity
              AND parity_differences.entity_key = i.entity_key
              AND parity_differences.field = i.field
              AND parity_differences.gone_at IS NULL
            RETURNING parity_differences.entity, parity_differences.entity_key, parity_differences.verdict
            """,  # noqa: S608 - the name of our own batch
            {"mode": mode, "now": now},
        )
    return len({(entity, key) for entity, key, verdict in changed if verdict == "transient"})


def forget(con: Cursor, before: datetime) -> int:
    """Drop differences that are gone since before an instant and were never confirmed; runs keep the counts (P33)."""
    rows = con.rows(
        "DELETE FROM parity_differences WHERE confirmed_at IS NULL AND gone_at < $before RETURNING 1",
        {"before": before},
    )
    return len(rows)


def thin_runs(con: Cursor, before: datetime) -> int:
    """Of live comparisons from before an instant, drop all but the last of each hour, and those that found something.

    Kept are those with a confirmed key or an overdue one, which a gate is told by. How many were dropped.
    """
    rows = con.rows(
        """
        DELETE FROM parity_runs
        WHERE mode IN ('live', 'reverse')
          AND finished_at < $before
          AND confirmed = 0
          AND overdue = 0
          AND run_id NOT IN (
            SELECT arg_max(run_id, finished_at)
            FROM parity_runs
            WHERE finished_at < $before
            GROUP BY mode, date_trunc('hour', finished_at)
          )
        RETURNING 1
        """,
        {"before": before},
    )
    return len(rows)


def differences(
    con: Cursor,
    modes: Sequence[Mode],
    *,
    verdicts: Sequence[str] = (),
    entity: str | None = None,
    field_name: str | None = None,
    order_id: int | None = None,
    is_there: bool | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Difference]:
    """Differences on record, those seen last first. `is_there`: only what is there still, or only what is gone."""
    rows = con.rows(
        f"""
        SELECT {_DIFFERENCE}
        FROM parity_differences
        WHERE mode IN (SELECT unnest($modes))
          AND ($any_verdict OR verdict IN (SELECT unnest($verdicts)))
          AND ($entity IS NULL OR entity = $entity)
          AND ($field IS NULL OR field = $field)
          AND ($order_id IS NULL OR order_id = $order_id)
          AND ($is_there IS NULL OR (gone_at IS NULL) = $is_there)
        ORDER BY last_seen_at DESC, entity, entity_key, field
        LIMIT $limit
        OFFSET $offset
        """,  # noqa: S608 - our own columns
        {
            "modes": list(modes),
            "any_verdict": not verdicts,
            "verdicts": list(verdicts) or [""],
            "entity": entity,
            "field": field_name,
            "order_id": order_id,
            "is_there": is_there,
            "limit": limit,
            "offset": offset,
        },
    )
    return [Difference(*row) for row in rows]


def to_be_asked_for(
    con: Cursor, mode: Mode, explained_by: str, passes: Passes, asked_before: datetime, *, most: int
) -> list[int]:
    """ShipStation orders that one side lacks, or has another version of, whose answer is due; doubts come first.

    A difference in doubt waits for it once both have read all orders again, and once more when they have read all of
    their lists. One that stands, or that `explained_by` accounts for, may be so no more: where it was not asked for
    since `asked_before`.
    """
    rows = con.rows(
        """
        WITH differing AS (
            SELECT d.order_id, d.since_at, a.asked_at,
                   d.verdict IN (SELECT unnest($in_doubt)) AS is_in_doubt,
                   d.verdict = 'confirmed' OR coalesce(d.rule = $explained_by, false) AS stands
            FROM parity_differences d
            LEFT JOIN parity_asked a USING (order_id)
            WHERE d.mode = $mode
              AND d.gone_at IS NULL
              AND d.entity = 'order'
              AND d.field IN ('', 'modified_at')
              AND d.kind <> 'duplicate'
        )
        SELECT order_id
        FROM differing
        WHERE CASE WHEN is_in_doubt
                   THEN since_at < $whole::TIMESTAMPTZ
                        OR since_at < $orders::TIMESTAMPTZ AND coalesce(asked_at <= since_at, true)
                   ELSE stands AND coalesce(asked_at <= $asked_before, true)
              END
        GROUP BY order_id
        ORDER BY bool_or(is_in_doubt) DESC, any_value(asked_at) NULLS FIRST, order_id
        LIMIT $most
        """,
        {
            "mode": mode,
            "in_doubt": list(IN_DOUBT),
            "explained_by": explained_by,
            "whole": passes.whole,
            "orders": passes.orders,
            "asked_before": asked_before,
            "most": most,
        },
    )
    return [order_id for (order_id,) in rows]


def answered_in(con: Cursor, run_id: str) -> frozenset[int]:
    """The orders that ShipStation was asked for in one comparison, and answered."""
    rows = con.rows("SELECT order_id FROM parity_asked WHERE run_id = $run_id", {"run_id": run_id})
    return frozenset(order_id for (order_id,) in rows)


def keep_asked(con: Cursor, answers: Mapping[int, bool], run_id: str, now: datetime) -> None:
    """Keep of orders that ShipStation was asked for whether it has them no more."""
    for order_id, is_gone in answers.items():
        con.execute(
            """
            INSERT OR REPLACE INTO parity_asked (order_id, is_gone, asked_at, run_id)
            VALUES ($order_id, $is_gone, $now, $run_id)
            """,
            {"order_id": order_id, "is_gone": is_gone, "now": now, "run_id": run_id},
        )


def asked_for(con: Cursor, order_id: int) -> tuple[datetime, bool] | None:
    """When ShipStation was asked for an order, and whether it had it no more; None if it never was."""
    row = con.row("SELECT asked_at, is_gone FROM parity_asked WHERE order_id = $order_id", {"order_id": order_id})
    return (row[0], row[1]) if row is not None else None


def count_by_verdict(con: Cursor, mode: Mode) -> dict[str, int]:
    """How many differences of a mode are there, by verdict."""
    rows = con.rows(
        "SELECT verdict, count(*) FROM parity_differences WHERE mode = $mode AND gone_at IS NULL GROUP BY verdict",
        {"mode": mode},
    )
    return dict(rows)


def confirmed_since(con: Cursor, mode: Mode, since: datetime) -> int:
    """How many differences of a mode were seen, or there, as confirmed ones since an instant."""
    amount: int = con.value(
        """
        SELECT count(*)
        FROM parity_differences
        WHERE mode = $mode
          AND confirmed_at IS NOT NULL
          AND (gone_at >= $since OR gone_at IS NULL AND verdict = 'confirmed')
        """,
        {"mode": mode, "since": since},
    )
    return amount
