"""Differences that a person has asked not to count: for a while, up to a number, and never of keys, money or versions.

A rule names one field of one entity and the values it is about, says why, and is in force once a second person has
approved it (P16, P17, P19). What it hides stays counted and shown. One that has expired or is used up turns the gate
red until somebody withdraws it, so that nobody forgets it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shipsync.rules.parity_fields import AGGREGATE, ENTITIES, PRESENCE, RECORDS, Entity, Field

LONGEST = timedelta(days=14)
MOST_HITS = 1_000
IDLE_AFTER = timedelta(days=7)
ANY: None = None  # in place of a value: whatever it is
NOTHING = ""  # in place of a value: none

State = Literal["waiting", "in force", "expired", "used up", "withdrawn"]
_PROTECTED = {
    "key": "says which record it is",
    "money": "is paid or billed by",
    "version": "says which version of ShipStation's record it is",
}


@dataclass(frozen=True, slots=True)
class NewIgnoreRule:
    """An ignore rule as a person asks for it."""

    entity: str
    field: str
    control: str | None  # only where the control has this value; '': none; None: any
    candidate: str | None
    reason: str
    ticket: str
    author: str
    expires_at: datetime
    most_hits: int  # differences that it may hide in all


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """An ignore rule as it is kept."""

    rule_no: int
    asked: NewIgnoreRule
    approver: str | None  # another person; None: it is not in force yet
    created_at: datetime
    hits: int  # differences that it has hidden
    last_hit_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def name(self) -> str:
        """As it stands beside what it hides."""
        return f"ignore {self.rule_no}"


def spelled(entity: str, field: str) -> tuple[Entity | None, Field | None]:
    """The entity and field that a person means, however they wrote them; None for what there is none of."""
    known = ENTITIES.get(_plain(entity))
    if known is None:
        return None, None
    wanted = _plain(field.rpartition(".")[2])
    return known, next((one for one in known.fields if wanted in (one.name, _plain(one.label))), None)


def problems(rule: NewIgnoreRule, now: datetime) -> list[str]:
    """Why a rule cannot be taken, one sentence each; empty where it can."""
    found = [*_of_the_field(rule)]
    if rule.control is ANY and rule.candidate is ANY:
        found.append("Say which value it is about, on at least one side: a rule for every value would hide the field.")
    if (rule.control, rule.candidate) != (ANY, ANY) and rule.control == rule.candidate:
        found.append("Both values are the same, so there would be no difference to ignore.")
    needed = ((rule.reason, "A reason"), (rule.ticket, "A ticket"), (rule.author, "An author"))
    found += [f"{what} is needed." for text, what in needed if not text.strip()]
    if rule.expires_at <= now:
        found.append("It would have expired already.")
    if rule.expires_at > now + LONGEST:
        found.append(f"It may last {LONGEST.days} days at most.")
    if not 1 <= rule.most_hits <= MOST_HITS:
        found.append(f"It may hide from 1 to {MOST_HITS:,} differences.")
    return found


def _of_the_field(rule: NewIgnoreRule) -> Iterable[str]:
    entity, field = spelled(rule.entity, rule.field)
    if _plain(rule.entity) == AGGREGATE:
        yield "Sums cannot be ignored: they are the second net, and hold units and cost."
    elif entity is None:
        yield f"There is no entity '{rule.entity}'. There are: {', '.join(RECORDS)}."
    elif _plain(rule.field) == PRESENCE:
        yield f"That {entity.one} is there or not cannot be ignored: its keys and amounts would be hidden too."
    elif field is None:
        yield f"{entity.one.capitalize()} has no compared field '{rule.field}'."
    elif field.role in _PROTECTED:
        yield f"The {field.label} of {entity.one} {_PROTECTED[field.role]}; its differences can never be ignored."


def approval_problem(rule: IgnoreRule, approver: str, now: datetime) -> str | None:
    """Why this person cannot approve a rule, as a sentence; None where they can."""
    if rule.withdrawn_at is not None:
        return "It was withdrawn."
    if rule.approver is not None:
        return f"{rule.approver} has approved it already."
    if not approver.strip():
        return "An approver is needed."
    if _plain(approver) == _plain(rule.asked.author):
        return "Another person than its author has to approve it."
    if rule.asked.expires_at <= now:
        return "It has expired meanwhile."
    return None


def state(rule: IgnoreRule, now: datetime) -> State:
    """How a rule stands."""
    if rule.withdrawn_at is not None:
        return "withdrawn"
    if rule.approver is None:
        return "waiting"
    if rule.asked.expires_at <= now:
        return "expired"
    if rule.hits >= rule.asked.most_hits:
        return "used up"
    return "in force"


def turns_the_gate_red(rule: IgnoreRule, now: datetime) -> bool:
    """Whether somebody has to look at it: it has run out and was not withdrawn."""
    return state(rule, now) in ("expired", "used up")


def is_idle(rule: IgnoreRule, now: datetime) -> bool:
    """Whether it has hidden nothing for a week, so that it may as well go."""
    return state(rule, now) == "in force" and now - (rule.last_hit_at or rule.created_at) >= IDLE_AFTER


def matches(rule: NewIgnoreRule, entity: str, field: str, control: str | None, candidate: str | None) -> bool:
    """Whether a difference is what a rule is about. Values are compared as they stand."""
    wanted_entity, wanted_field = spelled(rule.entity, rule.field)
    if wanted_entity is None or wanted_field is None or (wanted_entity.name, wanted_field.name) != (entity, field):
        return False
    return _is_value(rule.control, control) and _is_value(rule.candidate, candidate)


def _is_value(wanted: str | None, value: str | None) -> bool:
    return wanted is ANY or wanted == (value or NOTHING)


def _plain(text: str) -> str:
    """A name without what people and programs put around it: case, quotes, spaces, other forms of a letter."""
    letters = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
