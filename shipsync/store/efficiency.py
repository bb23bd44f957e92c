"""What the runs of each side took while both worked; rules/efficiency.py tells what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shipsync.rules.deployment import LEGACY, SYNCS, UNIFIED
from shipsync.rules.efficiency import Efficiency, Effort
from shipsync.store.cursor import Cursor


def efficiency(con: Cursor, now: datetime) -> Efficiency | None:
    """Both sides in the newest migration, or since legacy was put beside; None before each has made a pass in it.

    The first pass of each is left out: the unified sync reads thirty days then.
    """
    period = side_by_side(con, now)
    if period is None:
        return None
    since = _first_passes_at(con, *period)
    if since is None:
        return None
    until = period[1]
    return Efficiency(since, until, effort(con, LEGACY, since, until), effort(con, (UNIFIED,), since, until))


def side_by_side(con: Cursor, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when both worked, the last time; until now where they still do. None where they never did."""
    row = con.row(
        """
        WITH begun AS (
            SELECT change_no, changed_at
            FROM parity_changes
            WHERE before IN ('off', 'done') AND after NOT IN ('off', 'done')
            ORDER BY change_no DESC
            LIMIT 1
        )
        SELECT begun.changed_at,
               coalesce((SELECT min(changed_at)
                         FROM parity_changes c
                         WHERE c.change_no > begun.change_no AND c.after IN ('off', 'done')), $now)
        FROM begun
        """,
        {"now": now},
    )
    return (row[0], row[1]) if row is not None else None


def _first_passes_at(con: Cursor, since: datetime, until: datetime) -> datetime | None:
    """When each workflow had ended its first whole run of a span; None where one of them has not."""
    at: datetime | None = con.value(
        """
        SELECT CASE WHEN count(*) = len($syncs) THEN max(first_at) END
        FROM (
            SELECT min(finished_at) AS first_at
            FROM runs
            WHERE workflow_name IN (SELECT unnest($syncs))
              AND status = 'succeeded'
              AND started_at >= $since
              AND finished_at <= $until
            GROUP BY workflow_name
        )
        """,
        {"syncs": list(SYNCS), "since": since, "until": until},
    )
    return at


def effort(con: Cursor, side: Sequence[str], since: datetime, until: datetime) -> Effort:
    """What the runs of a side's workflows took that began in a span and have ended.

    A side is as fresh as the workflow that comes most seldom. A run that was killed counts what it had kept of itself.
    """
    requests, fetched, changed, seconds = con.rows(
        """
        SELECT coalesce(sum(coalesce(requests, json_extract(counts, '$.requests')::BIGINT)), 0)::BIGINT,
               coalesce(sum(json_extract(counts, '$.fetched')::BIGINT), 0)::BIGINT,
               coalesce(sum(coalesce(json_extract(counts, '$.imported')::BIGINT, 0)
                            + coalesce(json_extract(counts, '$.linked')::BIGINT, 0)
                            + coalesce(json_extract(counts, '$.updated')::BIGINT, 0)), 0)::BIGINT,
               coalesce(sum(epoch(finished_at) - epoch(started_at)), 0)
        FROM runs
        WHERE workflow_name IN (SELECT unnest($side))
          AND started_at >= $since
          AND started_at < $until
          AND finished_at IS NOT NULL
        """,
        {"side": list(side), "since": since, "until": until},
    )[0]
    paces = con.rows(
        """
        SELECT count(*), quantile_disc(gap_s, 0.5), greatest(max(gap_s), epoch($until) - epoch(max(started_at)))
        FROM (
            SELECT workflow_name, started_at,
                   epoch(started_at) - epoch(lag(started_at) OVER (PARTITION BY workflow_name ORDER BY token)) AS gap_s
            FROM runs
            WHERE workflow_name IN (SELECT unnest($side))
              AND status = 'succeeded'
              AND started_at < $until
        )
        WHERE started_at >= $since
        GROUP BY workflow_name
        """,
        {"side": list(side), "since": since, "until": until},
    )
    is_whole = len(paces) == len(side)
    return Effort(
        span=until - since,
        passes=min(passes for passes, _, _ in paces) if is_whole else 0,
        requests=requests,
        orders_fetched=fetched,
        orders_changed=changed,
        seconds=seconds,
        every=_longest([every for _, every, _ in paces]) if is_whole else None,
        longest=_longest([longest for _, _, longest in paces]) if is_whole else None,
    )


def _longest(seconds: Sequence[float | None]) -> timedelta | None:
    known = [one for one in seconds if one is not None]
    return timedelta(seconds=max(known)) if len(known) == len(seconds) else None
