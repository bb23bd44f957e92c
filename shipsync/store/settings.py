"""Settings a person may change while the app runs, and the logs of what was done to this database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shipsync.store.cursor import Cursor


def setting(con: Cursor, name: str) -> str | None:
    """The value of a setting as text; None where it has never been set."""
    value: str | None = con.value("SELECT value FROM settings WHERE name = $name", {"name": name})
    return value


def all_settings(con: Cursor) -> dict[str, str]:
    """Every setting that was ever set, by name."""
    return dict(con.rows("SELECT name, value FROM settings"))


def set_setting(con: Cursor, name: str, value: str, by: str, now: datetime, *, before: str | None = None) -> None:
    """Change a setting and say so in the audit log (DESIGN I10).

    `before` is what held until now where the setting was never set: its default.
    """
    before = setting(con, name) or before
    con.execute(
        """
        INSERT INTO settings (name, value, updated_at, updated_by)
        VALUES ($name, $value, $now, $by)
        ON CONFLICT (name) DO UPDATE SET
            value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """,
        {"name": name, "value": value, "now": now, "by": by},
    )
    audit(con, by, "setting changed", name, before, value, now)


def audit(
    con: Cursor, by: str, action: str, subject: str, before: str | None, after: str | None, now: datetime
) -> None:
    """Note a change by a person."""
    con.execute(
        """
        INSERT INTO audit_log (entry_no, changed_at, changed_by, action, subject, before, after)
        SELECT coalesce(max(entry_no), 0) + 1, $now, $by, $action, $subject, $before, $after FROM audit_log
        """,
        {"now": now, "by": by, "action": action, "subject": subject, "before": before, "after": after},
    )


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change by a person."""

    entry_no: int
    changed_at: datetime
    changed_by: str
    action: str  # 'setting changed', 'product added', 'workflow switched'
    subject: str  # what was changed: a setting's name, a SKU, a workflow, a job
    before: str | None
    after: str | None


def audit_entries(con: Cursor, subject: str = "", limit: int | None = None) -> list[AuditEntry]:
    """Changes by persons, the newest first; those whose subject holds this text. All of them without a limit."""
    rows = con.rows(
        """
        SELECT entry_no, changed_at, changed_by, action, subject, before, after
        FROM audit_log
        WHERE contains(lower(subject), lower($subject))
        ORDER BY entry_no DESC
        LIMIT $limit
        """,
        {"subject": subject, "limit": limit},
    )
    return [AuditEntry(*row) for row in rows]


def count_audit_entries(con: Cursor, subject: str = "") -> int:
    """How many changes there are whose subject holds this text."""
    amount: int = con.value(
        "SELECT count(*) FROM audit_log WHERE contains(lower(subject), lower($subject))", {"subject": subject}
    )
    return amount


def log_once(con: Cursor, action: str, detail: str, now: datetime) -> None:
    """Note something done to this database: a seed, a reset, a repair."""
    con.execute(
        """
        INSERT INTO migration_log (entry_no, logged_at, action, detail)
        SELECT coalesce(max(entry_no), 0) + 1, $now, $action, $detail FROM migration_log
        """,
        {"now": now, "action": action, "detail": detail},
    )


def is_logged(con: Cursor, action: str) -> bool:
    """Whether something of that name was ever done to this database."""
    return bool(con.value("SELECT EXISTS (SELECT 1 FROM migration_log WHERE action = $action)", {"action": action}))
