"""How each alert stands, and when it fired and ended (`alerts`, `alert_events`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shipsync.rules.alerts import Change, Kept
from shipsync.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Event:
    """One change of an alert's state."""

    key: str
    changed_at: datetime
    state: str  # normal, pending, firing, cannot tell
    level: str  # warn, bad
    text: str  # as it was told then


def kept(con: Cursor) -> list[Kept]:
    """Every alert that ever was not normal, as it stands."""
    return [Kept(*row) for row in con.rows("SELECT alert_key, state, began_at FROM alerts ORDER BY alert_key")]


def keep(con: Cursor, changes: Sequence[tuple[Change, str | None]], now: datetime) -> None:
    """Write changes of state, each with the key of its mail, if one was queued."""
    for change, mail_key in changes:
        alert = change.alert
        con.execute(
            """
            INSERT INTO alerts (alert_key, state, level, text, began_at, changed_at, fired_at, mail_key)
            VALUES ($key, $state, $level, $text, $began_at, $now, CASE WHEN $begins THEN $now END, $mail_key)
            ON CONFLICT (alert_key) DO UPDATE SET
                state = excluded.state,
                level = excluded.level,
                text = excluded.text,
                began_at = excluded.began_at,
                changed_at = excluded.changed_at,
                fired_at = coalesce(excluded.fired_at, alerts.fired_at),
                ended_at = CASE WHEN $ends THEN $now WHEN $begins THEN NULL ELSE alerts.ended_at END,
                mail_key = CASE WHEN $begins THEN excluded.mail_key ELSE alerts.mail_key END
            """,
            {
                "key": alert.key,
                "state": alert.state,
                "level": alert.level,
                "text": alert.text,
                "began_at": change.began_at,
                "now": now,
                "begins": change.begins_to_fire,
                "ends": change.ends,
                "mail_key": mail_key,
            },
        )
        con.execute(
            """
            INSERT INTO alert_events (alert_key, changed_at, state, level, text)
            VALUES ($key, $now, $state, $level, $text)
            ON CONFLICT (alert_key, changed_at) DO UPDATE SET
                state = excluded.state, level = excluded.level, text = excluded.text
            """,
            {"key": alert.key, "now": now, "state": alert.state, "level": alert.level, "text": alert.text},
        )


def events(con: Cursor, limit: int = 100) -> list[Event]:
    """The newest changes of state first."""
    rows = con.rows(
        """
        SELECT alert_key, changed_at, state, level, text
        FROM alert_events
        ORDER BY changed_at DESC, alert_key
        LIMIT $limit
        """,
        {"limit": limit},
    )
    return [Event(*row) for row in rows]
