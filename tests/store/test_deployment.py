"""Who writes production, as the tables tell it."""

from __future__ import annotations

import json
from datetime import timedelta

from shipsync.jobs.schedule import default_controls
from shipsync.rules.deployment import LEGACY, UNIFIED, State
from shipsync.rules.watermark import Mark
from shipsync.store import deployment, marks, workflows
from shipsync.store.db import Database
from tests.store.conftest import NOW


def in_state(db: Database, state: State) -> None:
    with db.transaction() as con:
        number = deployment.next_change_no(con)
        kept = json.dumps(deployment.marks_now(con))
        changed = deployment.Changed(number, NOW, "Ann", "done", state, "a test", "[]", "0", kept)
        deployment.put_change(con, changed, None)


def read_to(db: Database, workflow: str, minutes_ago: float) -> None:
    at = NOW - timedelta(minutes=minutes_ago)
    with db.transaction() as con:
        marks.set_mark(con, workflow, Mark(at, at), "r", NOW)


def test_a_database_that_was_never_told_is_done_and_one_that_was_stays(memory: Database) -> None:
    assert deployment.state_of(memory.read()) == "done"
    assert deployment.production_syncs(memory.read()) == (UNIFIED,)
    with memory.transaction() as con:
        deployment.seed(con, NOW)
    in_state(memory, "ready")
    with memory.transaction() as con:
        deployment.seed(con, NOW)
    assert deployment.state_of(memory.read()) == "ready"


def test_production_is_read_as_far_as_all_who_write_it_have(memory: Database) -> None:
    read_to(memory, UNIFIED, 2)
    assert deployment.production_mark(memory.read()).complete_through == NOW - timedelta(minutes=2)
    in_state(memory, "off")
    assert deployment.production_mark(memory.read()) == Mark(None, None)
    read_to(memory, LEGACY[0], 40)
    assert deployment.production_mark(memory.read()) == Mark(None, None)
    read_to(memory, LEGACY[1], 20)
    at = [NOW - timedelta(minutes=minutes) for minutes in (20, 40)]
    assert deployment.production_mark(memory.read()) == Mark(*at)
    in_state(memory, "reverse_shadow")
    assert deployment.production_mark(memory.read()).complete_through == NOW - timedelta(minutes=2)


def test_who_takes_part_is_told_by_the_state_before_the_switches(memory: Database) -> None:
    with memory.transaction() as con:
        workflows.add_missing_controls(con, default_controls(sync_minutes=5, is_sandbox=True), NOW)

    def on() -> set[str]:
        return {one.workflow for one in deployment.controls_in_force(memory.read()) if one.enabled}

    others = {"xml-import", "shipstation-upload", "orders-cleanup", "backup"}
    assert on() & {UNIFIED, *LEGACY, *others} == {UNIFIED, *others}
    in_state(memory, "reverse_shadow")
    assert {UNIFIED, *LEGACY} <= on()
    in_state(memory, "off")
    assert not {UNIFIED, *LEGACY} & on()  # the switches of legacy are off still
    with memory.transaction() as con:
        deployment.set_switches(con, "off", "Ann", NOW)
    assert {UNIFIED, *LEGACY} & on() == set(LEGACY)


def test_the_watermark_backup_gives_legacy_its_marks_back(memory: Database) -> None:
    assert deployment.legacy_marks_kept(memory.read()) == {}
    read_to(memory, LEGACY[1], 20)
    in_state(memory, "done")
    with memory.transaction() as con:
        marks.reset_marks(con, LEGACY[1])
    in_state(memory, "off")
    at = NOW - timedelta(minutes=20)
    assert deployment.legacy_marks_kept(memory.read()) == {LEGACY[1]: Mark(at, at)}


def test_a_lock_that_is_refused_keeps_no_holder_and_a_higher_token(memory: Database) -> None:
    with memory.transaction() as con:
        con.execute(
            "INSERT INTO sync_locks (workflow_name, run_id, owner, token, expires_at) "
            "VALUES ('status-sync', 'status-sync.4', 'me', 4, $at), ('backup', 'backup.2', 'me', 2, $at)",
            {"at": NOW},
        )
        deployment.refuse_running_syncs(con)
    assert memory.read().rows("SELECT workflow_name, run_id, token FROM sync_locks ORDER BY 1") == [
        ("backup", "backup.2", 2),
        ("status-sync", None, 5),
    ]
