"""Ignore rules as they are kept (`parity_ignore_rules`), and what one would hide of all that was ever found.

What may be ignored at all is told by rules/parity_ignores.py; it is asked here again before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shipsync.errors import Refused, Unknown
from shipsync.rules.parity_ignores import IgnoreRule, NewIgnoreRule, approval_problem, matches, problems, spelled
from shipsync.store.cursor import Cursor
from shipsync.store.settings import audit

_COLUMNS = """rule_no, entity, field, control, candidate, reason, ticket, author, expires_at, most_hits, approver,
    created_at, hits, last_hit_at, withdrawn_at"""


@dataclass(frozen=True, slots=True)
class WouldHide:
    """A difference on record that a rule is about."""

    mode: str
    entity: str
    key: str
    field: str
    control: str | None
    candidate: str | None
    verdict: str
    last_seen_at: datetime
    is_gone: bool


def add_rule(con: Cursor, rule: NewIgnoreRule, now: datetime) -> int:
    """Keep a rule that waits for its approval, and say so in the audit log. Its number.

    Raises Refused with a sentence for each thing that is wrong with it.
    """
    found = problems(rule, now)
    entity, field = spelled(rule.entity, rule.field)
    if found or entity is None or field is None:
        raise Refused(" ".join(found))
    rule_no: int = con.value("SELECT coalesce(max(rule_no), 0) + 1 FROM parity_ignore_rules")
    con.execute(
        """
        INSERT INTO parity_ignore_rules (rule_no, entity, field, control, candidate, reason, ticket, author, created_at,
            expires_at, most_hits, hits)
        VALUES ($rule_no, $entity, $field, $control, $candidate, $reason, $ticket, $author, $now, $expires_at,
            $most_hits, 0)
        """,
        {
            "rule_no": rule_no,
            "entity": entity.name,
            "field": field.name,
            "control": rule.control,
            "candidate": rule.candidate,
            "reason": rule.reason.strip(),
            "ticket": rule.ticket.strip(),
            "author": rule.author.strip(),
            "now": now,
            "expires_at": rule.expires_at,
            "most_hits": rule.most_hits,
        },
    )
    audit(con, rule.author.strip(), "ignore rule added", f"{entity.name}.{field.name}", None, f"rule {rule_no}", now)
    return rule_no


def approve_rule(con: Cursor, rule_no: int, approver: str, now: datetime) -> None:
    """Put a rule in force on a second person's word. Raises Unknown, or Refused with the reason."""
    rule = _rule(con, rule_no)
    problem = approval_problem(rule, approver, now)
    if problem is not None:
        raise Refused(f"Rule {rule_no} cannot be approved. {problem}")
    con.execute(
        "UPDATE parity_ignore_rules SET approver = $approver WHERE rule_no = $rule_no",
        {"approver": approver.strip(), "rule_no": rule_no},
    )
    audit(con, approver.strip(), "ignore rule approved", f"rule {rule_no}", "waiting", "in force", now)


def withdraw_rule(con: Cursor, rule_no: int, by: str, now: datetime) -> bool:
    """End a rule; what it hid counts again from the next comparison on. False if it had ended. Raises Unknown."""
    rule = _rule(con, rule_no)
    if rule.withdrawn_at is not None:
        return False
    con.execute(
        "UPDATE parity_ignore_rules SET withdrawn_at = $now WHERE rule_no = $rule_no",
        {"now": now, "rule_no": rule_no},
    )
    audit(con, by, "ignore rule withdrawn", f"rule {rule_no}", f"{rule.hits} hidden", None, now)
    return True


def all_rules(con: Cursor) -> list[IgnoreRule]:
    """Every rule there ever was, the newest first."""
    rows = con.rows(f"SELECT {_COLUMNS} FROM parity_ignore_rules ORDER BY rule_no DESC")  # noqa: S608 - our own columns
    return [IgnoreRule(row[0], NewIgnoreRule(*row[1:10]), *row[10:]) for row in rows]


def _rule(con: Cursor, rule_no: int) -> IgnoreRule:
    for rule in all_rules(con):
        if rule.rule_no == rule_no:
            return rule
    raise Unknown(f"There is no ignore rule {rule_no}.")


def count_hits(con: Cursor, hits: Mapping[int, int], now: datetime) -> None:
    """Add to what each rule has hidden: differences that it did not hide before."""
    for rule_no, amount in sorted(hits.items()):
        con.execute(
            "UPDATE parity_ignore_rules SET hits = hits + $amount, last_hit_at = $now WHERE rule_no = $rule_no",
            {"amount": amount, "now": now, "rule_no": rule_no},
        )


def back_test(con: Cursor, rule: NewIgnoreRule) -> list[WouldHide]:
    """All differences on record that a rule is about, the newest first: what it would hide besides what it is for."""
    entity, field = spelled(rule.entity, rule.field)
    if entity is None or field is None:
        return []
    rows = con.rows(
        """
        SELECT mode, entity, entity_key, field, control, candidate, verdict, last_seen_at, gone_at IS NOT NULL
        FROM parity_differences
        WHERE entity = $entity AND field = $field
        ORDER BY last_seen_at DESC, mode, entity_key
        """,
        {"entity": entity.name, "field": field.name},
    )
    known = [WouldHide(*row) for row in rows]
    return [one for one in known if matches(rule, one.entity, one.field, one.control, one.candidate)]
