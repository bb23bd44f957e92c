"""Which workflows people are shown."""

from __future__ import annotations

from datetime import datetime

import pytest

from shipsync.jobs.schedule import default_controls
from shipsync.rules.legacy import LEGACY
from shipsync.store import workflows
from shipsync.store.db import Database


def shown(db: Database) -> set[str]:
    return {one.workflow for one in workflows.all_controls(db.read())} & set(LEGACY)


@pytest.fixture
def controlled(memory: Database, now: datetime) -> Database:
    with memory.transaction() as con:
        workflows.add_missing_controls(con, default_controls(sync_minutes=5, is_sandbox=False), now)
    return memory


def test_an_installation_without_a_legacy_system_does_not_show_its_workflows(controlled: Database) -> None:
    assert shown(controlled) == set()
    assert workflows.control_of(controlled.read(), "status-sync") is not None


def test_a_legacy_workflow_that_is_on_shows(controlled: Database, now: datetime) -> None:
    with controlled.transaction() as con:
        workflows.set_enabled(con, "status-sync", True, "Lee", now)
    assert shown(controlled) == {"status-sync"}


@pytest.mark.parametrize(("state", "shows"), [("off", True), ("reverse_shadow", True), ("done", False)])
def test_they_show_until_the_move_away_from_them_is_done(
    controlled: Database, now: datetime, state: str, shows: bool
) -> None:
    with controlled.transaction() as con:
        con.execute(
            """
            INSERT INTO parity_deployment (name, state, changed_at, changed_by)
            VALUES ('sync', $state, $now, 'Lee')
            """,
            {"state": state, "now": now},
        )
    assert shown(controlled) == (set(LEGACY) if shows else set())
