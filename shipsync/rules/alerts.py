"""What needs a person, told from the state of things (DESIGN section 1; the words follow UX.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

# The plan's own limits: alert when the mark has not moved for two hours, warn when a sync takes over a minute.
STALE_AFTER = timedelta(hours=2)
SLOW_AFTER = timedelta(seconds=60)
HELD_TOO_LONG = timedelta(hours=24)

Level = Literal["warn", "bad"]


@dataclass(frozen=True, slots=True)
class Held:
    """Open quarantine entries of one reason."""

    reason: str
    count: int
    oldest_at: datetime
    example: str  # the sentence of one of them


@dataclass(frozen=True, slots=True)
class Alert:
    """One sentence that needs a person: state, cause, next step."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What alerts are told from. Instants UTC."""

    complete_through: datetime | None
    is_sync_enabled: bool
    last_sync_took: timedelta | None
    last_failures: Mapping[str, str]  # workflow -> the error of its newest run, where that failed
    held: Sequence[Held]
    waiting_uploads: int
    is_upload_enabled: bool


def alerts(facts: Facts, now: datetime) -> list[Alert]:
    """The alerts of this moment, worst first."""
    found = [*_freshness(facts, now), *_failures(facts), *_held(facts, now), *_uploads(facts)]
    return sorted(found, key=lambda one: one.level != "bad")


def _freshness(facts: Facts, now: datetime) -> list[Alert]:
    if not facts.is_sync_enabled:
        return [Alert("bad", "The sync is switched off. Switch it on with: workflow enable shipstation-sync")]
    if facts.complete_through is None:
        return [Alert("warn", "Nothing has been read from ShipStation yet. The first sync reads 30 days back.")]
    age = now - facts.complete_through
    found = []
    if age > STALE_AFTER:
        found.append(Alert("bad", f"Orders are complete only through {facts.complete_through:%Y-%m-%d %H:%M} UTC."))
    if facts.last_sync_took is not None and facts.last_sync_took > SLOW_AFTER:
        found.append(Alert("warn", f"The last sync took {facts.last_sync_took.total_seconds():.0f} s."))
    return found


def _failures(facts: Facts) -> list[Alert]:
    return [Alert("bad", f"{workflow} failed: {error}") for workflow, error in sorted(facts.last_failures.items())]


def _held(facts: Facts, now: datetime) -> list[Alert]:
    found = []
    for one in facts.held:
        level: Level = "bad" if now - one.oldest_at > HELD_TOO_LONG else "warn"
        more = f" (and {one.count - 1:,} more)" if one.count > 1 else ""
        found.append(Alert(level, f"{one.example}{more}"))
    return found


def _uploads(facts: Facts) -> list[Alert]:
    if facts.waiting_uploads and not facts.is_upload_enabled:
        text = (
            f"{facts.waiting_uploads:,} shop orders wait, and uploading is switched off. Switch it on with: "
            "workflow enable shipstation-upload"
        )
        return [Alert("warn", text)]
    return []
