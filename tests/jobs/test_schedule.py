"""The schedule only enqueues: at the interval people set, nightly by the warehouse's clock, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipsync.jobs.schedule import Planned, Schedule, default_controls, plan, was_missed
from shipsync.store import jobs as jobs_store
from shipsync.store import workflows

PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def controlled(app: Any) -> Any:
    """The application with the workflows a new database has."""
    with app.db.transaction() as con:
        workflows.add_missing_controls(con, default_controls(sync_minutes=7, is_sandbox=False), app.now())
    return app


@pytest.fixture
def schedule(controlled: Any) -> Iterator[Schedule]:
    """Started, but its clock does not run: only what it would do is looked at."""
    made = Schedule(controlled.db, controlled.now, PACIFIC)
    made.start(paused=True)
    yield made
    made.stop()


def queued(app: Any) -> list[tuple[str, str]]:
    return [(job.kind, job.requested_by) for job in jobs_store.latest_jobs(app.db.read())]


def planned(app: Any) -> dict[str, Planned]:
    return {one.workflow: one for one in plan(workflows.all_controls(app.db.read()))}


def switch(app: Any, workflow: str, enabled: bool) -> None:
    with app.db.transaction() as con:
        workflows.set_enabled(con, workflow, enabled, "Bob", app.now())


def test_a_new_database_syncs_at_once_and_uploads_only_when_switched_on(controlled: Any) -> None:
    due = planned(controlled)
    assert due["shipstation-sync"] == Planned("shipstation-sync", 7, None)
    assert due["xml-import"] == Planned("xml-import", 5, None)
    assert due["orders-cleanup"] == Planned("orders-cleanup", None, time(23, 59))
    assert "shipstation-upload" not in due


def test_in_the_sandbox_uploading_is_on() -> None:
    controls = {control.workflow: control for control in default_controls(sync_minutes=5, is_sandbox=True)}
    assert controls["shipstation-upload"].enabled


def test_what_a_person_has_set_outlives_a_restart(controlled: Any) -> None:
    switch(controlled, "xml-import", False)
    with controlled.db.transaction() as con:
        workflows.set_interval(con, "shipstation-sync", 20, "Bob", controlled.now())
        workflows.add_missing_controls(con, default_controls(sync_minutes=5, is_sandbox=False), controlled.now())
    due = planned(controlled)
    assert due["shipstation-sync"] == Planned("shipstation-sync", 20, None)
    assert "xml-import" not in due
    assert controlled.db.read().rows("SELECT subject, before, after FROM audit_log ORDER BY entry_no") == [
        ("xml-import", "enabled", "disabled"),
        ("shipstation-sync", "7", "20"),
    ]


def test_each_due_workflow_is_enqueued_once_however_often_it_is_due(controlled: Any, schedule: Schedule) -> None:
    for _ in range(3):
        schedule.press("shipstation-sync")
    assert queued(controlled) == [("shipstation-sync", "schedule")]


def test_a_workflow_switched_off_meanwhile_is_not_enqueued(controlled: Any, schedule: Schedule) -> None:
    switch(controlled, "shipstation-sync", False)
    schedule.press("shipstation-sync")
    assert queued(controlled) == []


def test_the_worker_is_woken_for_new_jobs_only(controlled: Any) -> None:
    woken: list[int] = []
    schedule = Schedule(controlled.db, controlled.now, PACIFIC, enqueued=lambda: woken.append(1))
    schedule.press("xml-import")
    schedule.press("xml-import")
    assert woken == [1]


def test_a_full_disk_does_not_stop_the_schedule(controlled: Any) -> None:
    schedule = Schedule(controlled.db, controlled.now, PACIFIC)
    controlled.db.close()
    schedule.press("shipstation-sync")
    schedule.refresh()


def test_every_time_is_single_and_late_times_are_joined(schedule: Schedule) -> None:
    for job in schedule.scheduler.get_jobs():
        assert job.max_instances == 1
        assert job.coalesce is True
        assert job.misfire_grace_time is None


def test_intervals_are_due_at_the_start(controlled: Any, schedule: Schedule) -> None:
    job = schedule.scheduler.get_job("shipstation-sync")
    assert job.next_run_time == controlled.now()
    assert job.trigger.interval.total_seconds() == 7 * 60


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 3, 20, 0, tzinfo=UTC), datetime(2026, 3, 4, 7, 59, tzinfo=UTC)),  # standard time
        (datetime(2026, 3, 8, 20, 0, tzinfo=UTC), datetime(2026, 3, 9, 6, 59, tzinfo=UTC)),  # the clock went forward
        (datetime(2026, 11, 1, 20, 0, tzinfo=UTC), datetime(2026, 11, 2, 7, 59, tzinfo=UTC)),  # and back
    ],
)
def test_cleaning_up_is_nightly_by_the_clock_of_the_warehouse(schedule: Schedule, now: datetime, due: datetime) -> None:
    trigger = schedule.scheduler.get_job("orders-cleanup").trigger
    assert trigger.get_next_fire_time(None, now) == due


def test_the_schedule_follows_what_people_set(controlled: Any, schedule: Schedule) -> None:
    switch(controlled, "xml-import", False)
    switch(controlled, "shipstation-upload", True)
    with controlled.db.transaction() as con:
        workflows.set_interval(con, "shipstation-sync", 30, "Bob", controlled.now())
    controlled.now.advance(minutes=1)
    schedule.refresh()
    jobs = {job.id: job for job in schedule.scheduler.get_jobs()}
    assert "xml-import" not in jobs
    assert "shipstation-upload" in jobs
    assert jobs["shipstation-sync"].trigger.interval.total_seconds() == 30 * 60


def test_beside_each_other_every_run_of_a_sync_is_followed_by_a_comparison(controlled: Any, schedule: Schedule) -> None:
    def ran(workflow: str) -> None:
        controlled.now.advance(minutes=1)
        with controlled.db.transaction() as con:
            workflows.note_run(con, workflow, controlled.now())

    def asked() -> int:
        schedule.refresh()
        return queued(controlled).count(("parity-check", "schedule"))

    ran("shipstation-sync")
    assert asked() == 0  # one sync alone does the work
    with controlled.db.transaction() as con:
        con.execute(
            """
            INSERT INTO parity_deployment (name, state, changed_at, changed_by)
            VALUES ('sync', 'shadow_live', $now, 'test')
            """,
            {"now": controlled.now()},
        )
    assert [asked(), asked()] == [1, 1]
    with controlled.db.transaction() as con:
        jobs_store.end_job(con, jobs_store.latest_jobs(con)[0].job_id, None, "succeeded", controlled.now())
    ran("parity-check")
    assert asked() == 1
    ran("status-sync")
    assert asked() == 2


def test_before_the_start_nothing_is_planned_whatever_people_set(controlled: Any) -> None:
    """As while a sandbox's past is lived through."""
    schedule = Schedule(controlled.db, controlled.now, PACIFIC)
    switch(controlled, "backup", False)
    schedule.refresh()
    switch(controlled, "backup", True)
    schedule.refresh()
    assert schedule.next_at("backup") is None
    schedule.start(paused=True)
    assert schedule.next_at("backup") is not None
    schedule.stop()


def test_refreshing_without_a_change_puts_nothing_off(controlled: Any, schedule: Schedule) -> None:
    before = {job.id: job.next_run_time for job in schedule.scheduler.get_jobs()}
    controlled.now.advance(minutes=1)
    schedule.refresh()
    assert {job.id: job.next_run_time for job in schedule.scheduler.get_jobs()} == before


@pytest.mark.parametrize(
    ("since", "now", "missed"),
    [
        ("2026-03-03T08:00+00:00", "2026-03-03T20:00+00:00", False),  # ran at 00:00 Pacific, now noon
        ("2026-03-02T20:00+00:00", "2026-03-03T07:00+00:00", False),  # set up at noon, now 23:00
        ("2026-03-02T20:00+00:00", "2026-03-03T16:00+00:00", True),  # set up at noon, off at night, now 8:00
        ("2026-02-20T08:00+00:00", "2026-03-03T16:00+00:00", True),
    ],
)
def test_a_night_with_the_computer_off_is_made_up_for(since: str, now: str, missed: bool) -> None:
    assert was_missed(datetime.fromisoformat(since), time(23, 59), PACIFIC, datetime.fromisoformat(now)) is missed


def test_a_missed_night_makes_the_clean_up_due_at_the_start(controlled: Any) -> None:
    controlled.now.advance(days=2)
    schedule = Schedule(controlled.db, controlled.now, PACIFIC)
    schedule.start(paused=True)
    assert schedule.scheduler.get_job("orders-cleanup").next_run_time == controlled.now()
    schedule.stop()
