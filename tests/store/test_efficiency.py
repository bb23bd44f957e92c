"""What each side took while both worked, as the runs tell it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise

from shipsync.rules.deployment import LEGACY, UNIFIED, State
from shipsync.store import deployment, efficiency
from shipsync.store.db import Database
from shipsync.store.deployment import Changed
from tests.store.conftest import NOW

HOUR = timedelta(hours=1)


def came(db: Database, *states: State, at: datetime) -> None:
    """The deployment goes through these states at one instant."""
    with db.transaction() as con:
        for before, after in pairwise(states):
            number = deployment.next_change_no(con)
            changed = Changed(number, at, "Ann", before, after, "a test", "[]", "0", "{}")
            deployment.put_change(con, changed, None)


def ran(
    db: Database, workflow: str, at: datetime, *, requests: int | None, status: str = "succeeded", **counts: int
) -> None:
    """A run that took ten seconds."""
    with db.transaction() as con:
        token = con.value("SELECT count(*) + 1 FROM runs WHERE workflow_name = $name", {"name": workflow})
        con.execute(
            """
            INSERT INTO runs (run_id, workflow_name, token, status, started_at, finished_at, requests, counts)
            VALUES ($run_id, $name, $token, $status, $at, $at + INTERVAL 10 SECOND, $requests, $counts)
            """,
            {"run_id": f"{workflow}.{token}", "name": workflow, "token": token, "status": status, "at": at,
             "requests": requests, "counts": json.dumps(counts)},
        )  # fmt: skip


def hours_side_by_side(db: Database, begun: datetime, hours: int) -> None:
    """Legacy hourly, the unified sync every half hour, each with a large first pass."""
    for number in range(2 * hours):
        at, is_first = begun + number * HOUR / 2, number == 0
        ran(db, UNIFIED, at, requests=30 if is_first else 2, fetched=9_000 if is_first else 10, updated=3, linked=1)
        if number % 2 == 0:
            ran(db, LEGACY[0], at, requests=7, fetched=900, updated=5)
            ran(db, LEGACY[1], at, requests=1, fetched=50, imported=2)


def test_each_side_is_told_from_its_first_pass_on(memory: Database) -> None:
    begun = NOW - 10 * HOUR
    ran(memory, UNIFIED, begun - 30 * HOUR, requests=99, fetched=99)  # of an earlier migration
    assert efficiency.efficiency(memory.read(), NOW) is None
    came(memory, "done", "off", "shadow_replay", "shadow_live", at=begun)
    assert efficiency.efficiency(memory.read(), NOW) is None
    hours_side_by_side(memory, begun, 10)
    ran(memory, UNIFIED, NOW - HOUR / 4, requests=4, status="failed", fetched=6)
    ran(memory, UNIFIED, NOW - HOUR / 5, requests=None, status="interrupted", fetched=1)
    told = efficiency.efficiency(memory.read(), NOW)
    assert told is not None
    assert (told.since, told.until) == (begun + timedelta(seconds=10), NOW)
    unified, legacy = told.unified, told.legacy
    assert (unified.passes, unified.requests, unified.orders_fetched) == (19, 19 * 2 + 4, 19 * 10 + 6 + 1)
    assert (legacy.passes, legacy.requests, legacy.orders_fetched) == (9, 9 * 8, 9 * 950)
    assert (unified.orders_changed, legacy.orders_changed) == (19 * 4, 9 * 7)
    assert (unified.seconds, legacy.seconds) == (21 * 10, 18 * 10)
    assert (unified.every, legacy.every) == (HOUR / 2, HOUR)
    assert (unified.longest, legacy.longest) == (HOUR / 2, HOUR)


def test_a_side_that_stands_still_is_not_fresh(memory: Database) -> None:
    begun = NOW - 10 * HOUR
    came(memory, "off", "shadow_replay", at=begun)
    hours_side_by_side(memory, begun, 6)
    told = efficiency.efficiency(memory.read(), NOW)
    assert told is not None
    assert (told.unified.every, told.unified.longest) == (HOUR / 2, 4.5 * HOUR)
    assert (told.legacy.every, told.legacy.longest) == (HOUR, 5 * HOUR)


def test_what_came_after_one_side_was_done_does_not_count(memory: Database) -> None:
    begun = NOW - 10 * HOUR
    came(memory, "done", "reverse_shadow", at=begun)
    hours_side_by_side(memory, begun, 5)
    came(memory, "reverse_shadow", "done", at=NOW - 5 * HOUR)
    before = efficiency.efficiency(memory.read(), NOW)
    ran(memory, UNIFIED, NOW - HOUR, requests=50)
    assert efficiency.efficiency(memory.read(), NOW) == before
    assert before is not None
    assert before.until == NOW - 5 * HOUR
