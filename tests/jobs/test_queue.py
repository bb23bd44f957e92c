"""Asking for work: joined, taken back, asked again."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from shipsync.jobs.queue import Enqueued, cancel, enqueue, retry
from shipsync.store import jobs as store
from shipsync.store.db import Database


@pytest.fixture
def db(app: Any) -> Database:
    database: Database = app.db
    return database


@pytest.fixture
def now(app: Any) -> datetime:
    instant: datetime = app.now()
    return instant


def ended(db: Database, kind: str, status: Any, now: datetime) -> str:
    """A job that has run and ended like this."""
    job_id = enqueue(db, kind, {}, "Ann", now).job_id
    with db.transaction() as con:
        store.start_job(con, job_id, f"{kind}.1", now)
        store.end_job(con, job_id, f"{kind}.1", status, now, error="It did not work.")
    return job_id


def audit(db: Database) -> list[tuple[Any, ...]]:
    return db.read().rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


def test_a_press_becomes_a_queued_job(db: Database, now: datetime) -> None:
    assert enqueue(db, "sync", {"everything": True}, "Ann", now) == Enqueued("sync.1", created=True)
    job = store.job(db.read(), "sync.1")
    assert job is not None
    assert (job.kind, job.status, job.requested_by, job.requested_at) == ("sync", "queued", "Ann", now)
    assert job.arguments == {"everything": True}
    assert job.attempts == 0


def test_a_second_press_joins_the_first(db: Database, now: datetime) -> None:
    enqueue(db, "sync", {}, "Ann", now)
    assert enqueue(db, "sync", {}, "Bob", now) == Enqueued("sync.1", created=False)
    with db.transaction() as con:
        store.start_job(con, "sync.1", "sync.1", now)
    assert enqueue(db, "sync", {}, "Bob", now) == Enqueued("sync.1", created=False)


def test_kinds_do_not_wait_for_each_other_and_each_is_counted(db: Database, now: datetime) -> None:
    assert enqueue(db, "sync", {}, "Ann", now).job_id == "sync.1"
    assert enqueue(db, "upload", {}, "Ann", now) == Enqueued("upload.1", created=True)
    cancel(db, "sync.1", "Ann", now)
    assert enqueue(db, "sync", {}, "Ann", now) == Enqueued("sync.2", created=True)


def test_jobs_are_numbered_past_nine(db: Database, now: datetime) -> None:
    for number in range(1, 13):
        job_id = enqueue(db, "sync", {}, "Ann", now).job_id
        assert job_id == f"sync.{number}"
        cancel(db, job_id, "Ann", now)


def test_fifty_threads_press_at_once_and_make_one_job(db: Database, now: datetime) -> None:
    barrier = threading.Barrier(50)
    answers: list[Enqueued] = []

    def press() -> None:
        barrier.wait()
        answers.append(enqueue(db, "eod", {}, "Ann", now))

    threads = [threading.Thread(target=press) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.job_id for answer in answers] == ["eod.1"] * 50
    assert [answer.created for answer in answers].count(True) == 1
    assert [job.job_id for job in store.latest_jobs(db.read())] == ["eod.1"]


def test_a_waiting_job_is_cancelled_at_once(db: Database, now: datetime) -> None:
    enqueue(db, "sync", {}, "Ann", now)
    job = cancel(db, "sync.1", "Bob", now)
    assert (job.status, job.finished_at, job.error) == ("cancelled", now, "Cancelled by Bob before it began.")
    assert audit(db) == [("Bob", "job cancelled", "sync.1", "queued", "cancelled")]


def test_a_running_job_is_asked_to_stop_once(db: Database, now: datetime) -> None:
    enqueue(db, "sync", {}, "Ann", now)
    with db.transaction() as con:
        store.start_job(con, "sync.1", "sync.1", now)
    for _ in range(2):
        job = cancel(db, "sync.1", "Bob", now)
        assert (job.status, job.cancel_requested) == ("running", True)
    assert audit(db) == [("Bob", "job cancelled", "sync.1", "running", "asked to stop")]


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "interrupted"])
def test_cancelling_a_job_that_has_ended_changes_nothing(db: Database, now: datetime, status: str) -> None:
    job_id = ended(db, "sync", status, now)
    assert cancel(db, job_id, "Bob", now).status == status
    assert audit(db) == []


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
def test_a_job_that_did_not_succeed_can_be_tried_again(db: Database, now: datetime, status: str) -> None:
    job_id = ended(db, "sync", status, now)
    assert retry(db, job_id, "Bob", now) == Enqueued(job_id, created=True)
    job = store.job(db.read(), job_id)
    assert job is not None
    assert (job.status, job.attempts, job.cancel_requested) == ("queued", 1, False)
    assert audit(db) == [("Bob", "job tried again", job_id, status, "queued")]


def test_a_retry_joins_a_newer_job_of_its_kind(db: Database, now: datetime) -> None:
    job_id = ended(db, "sync", "failed", now)
    enqueue(db, "sync", {}, "schedule", now)
    assert retry(db, job_id, "Bob", now) == Enqueued("sync.2", created=False)
    job = store.job(db.read(), job_id)
    assert job is not None
    assert job.status == "failed"


def test_a_job_that_succeeded_is_not_tried_again(db: Database, now: datetime) -> None:
    job_id = ended(db, "sync", "succeeded", now)
    with pytest.raises(ValueError, match="nothing to try again"):
        retry(db, job_id, "Bob", now)


@pytest.mark.parametrize("ask", [cancel, retry])
def test_a_job_that_does_not_exist_is_an_error(db: Database, now: datetime, ask: Any) -> None:
    with pytest.raises(LookupError, match=r"no job sync\.9"):
        ask(db, "sync.9", "Bob", now)


def test_a_press_that_asks_for_something_else_of_a_kind_is_told_that_nothing_was_queued_for_it(
    db: Database, now: datetime
) -> None:
    first = enqueue(db, "xml-import", {"path": "a.xml"}, "Ann", now)
    assert enqueue(db, "xml-import", {"path": "a.xml"}, "Bob", now) == Enqueued(first.job_id, created=False)
    assert enqueue(db, "xml-import", {"path": "b.xml"}, "Bob", now) == Enqueued(
        first.job_id, created=False, is_same=False
    )
    assert enqueue(db, "xml-import", {}, "schedule", now) == Enqueued(first.job_id, created=False, is_same=False)
    assert [one.arguments for one in store.open_jobs(db.read())] == [{"path": "a.xml"}]
