"""The state of things at one glance: what `status` shows and alerts are told from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shipsync.rules.alerts import Facts, Held
from shipsync.store import marks, uploads, workflows
from shipsync.store.cursor import Cursor

_SYNC, _UPLOAD = "shipstation-sync", "shipstation-upload"


def facts(con: Cursor) -> Facts:
    """What alerts are told from."""
    return Facts(
        complete_through=marks.mark_of(con, _SYNC).complete_through,
        is_sync_enabled=_is_enabled(con, _SYNC),
        last_sync_took=_last_duration(con, _SYNC),
        last_failures=last_failures(con),
        held=held(con),
        waiting_uploads=uploads.count_pending(con),
        is_upload_enabled=_is_enabled(con, _UPLOAD),
    )


def last_failures(con: Cursor) -> dict[str, str]:
    """Per workflow that comes round by itself and whose newest ended run failed: its error."""
    rows = con.rows(
        """
        SELECT workflow_name, coalesce(error, 'no reason was recorded')
        FROM runs
        WHERE finished_at IS NOT NULL
          AND workflow_name IN (SELECT workflow_name FROM workflow_controls WHERE enabled)
        QUALIFY row_number() OVER (PARTITION BY workflow_name ORDER BY token DESC) = 1 AND status = 'failed'
        """
    )
    return dict(rows)


def held(con: Cursor) -> list[Held]:
    """Open quarantine entries by reason, the oldest reason first."""
    rows = con.rows(
        """
        SELECT reason, count(*), min(first_seen_at), arg_min(detail, first_seen_at)
        FROM quarantine
        WHERE resolved_at IS NULL
        GROUP BY reason
        ORDER BY min(first_seen_at), reason
        """
    )
    return [Held(*row) for row in rows]


def _is_enabled(con: Cursor, workflow: str) -> bool:
    control = workflows.control_of(con, workflow)
    return control is None or control.enabled


def _last_duration(con: Cursor, workflow: str) -> timedelta | None:
    took: timedelta | None = con.value(
        """
        SELECT arg_max(finished_at - started_at, token)
        FROM runs
        WHERE workflow_name = $workflow AND status = 'succeeded'
        """,
        {"workflow": workflow},
    )
    return took


@dataclass(frozen=True, slots=True)
class OrderCensus:
    """How many orders belong here."""

    here: int  # in the tables
    seen: int  # those, and the ones that are held for a person


def order_census(con: Cursor) -> OrderCensus:
    """How many orders are in, of all that belong here."""
    here, waiting = con.rows(
        """
        SELECT (SELECT count(*) FROM orders_inbox),
               (SELECT count(*) FROM quarantine WHERE held AND resolved_at IS NULL AND kind IN ('order', 'shop_order'))
        """
    )[0]
    return OrderCensus(here, here + waiting)


def interval_minutes(con: Cursor, workflow: str) -> int | None:
    """How often a workflow comes round; None where it does not, or is not known."""
    control = workflows.control_of(con, workflow)
    return control.interval_minutes if control is not None else None
