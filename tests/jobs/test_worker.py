"""The worker: steps in order, checkpoints, cancel, retry, and an end for every run (DESIGN D8, I12)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shipsync.errors import ShipStationDown, StoreFull
from shipsync.jobs.lease import take
from shipsync.jobs.queue import cancel, enqueue, retry
from shipsync.jobs.worker import Worker, beat, recover, run_next
from shipsync.procedures.work import Work
from shipsync.store import jobs as jobs_store
from shipsync.store import locks, runs, workflows
from shipsync.store.db import open_database
from shipsync.store.jobs import Job
from shipsync.store.migrations import migrate
from shipsync.store.runs import Run
from shipsync.store.workflows import NewControl, add_missing_controls, set_enabled


def ask(app: Any, kind: str = "sync", **arguments: object) -> str:
    return enqueue(app.db, kind, arguments, "Ann", app.now()).job_id


def job(app: Any, job_id: str = "sync.1") -> Job:
    found = jobs_store.job(app.db.read(), job_id)
    assert found is not None
    return found


def run(app: Any, run_id: str = "sync.1") -> Run:
    found = runs.run(app.db.read(), run_id)
    assert found is not None
    return found


def step_states(app: Any, job_id: str = "sync.1") -> list[tuple[str, str]]:
    return [(step.name, step.status) for step in jobs_store.steps(app.db.read(), job_id)]


def is_free(app: Any, workflow: str = "sync") -> bool:
    return locks.holder(app.db.read(), workflow) is None


def nothing_left_running(app: Any) -> bool:
    read = app.db.read()
    return not any(
        read.value(f"SELECT count(*) FROM {table} WHERE status = 'running'")  # noqa: S608
        for table in ("jobs", "job_steps", "runs")
    )


class Steps:
    """Two steps that note that they were done; the second fails as often as it is told to."""

    def __init__(self, *errors: BaseException) -> None:
        self.done: list[str] = []
        self.seen: list[Mapping[str, Any]] = []
        self._errors = list(errors)

    def fetch(self, work: Work) -> Mapping[str, Any]:
        self.done.append("fetch")
        work.count("fetched", 3)
        return {"pages": 3}

    def apply(self, work: Work) -> Mapping[str, Any]:
        self.seen.append(dict(work.results))
        if self._errors:
            raise self._errors.pop(0)
        self.done.append("apply")
        work.log("Applied.")
        return {"applied": work.results["fetch"]["pages"]}

    def put_into(self, app: Any) -> Steps:
        app.has("sync", self.fetch, self.apply)
        return self


def test_nothing_to_do_is_said_and_writes_nothing(app: Any) -> None:
    before = app.db.data_version
    assert run_next(app) is False
    assert app.db.data_version == before


def test_a_job_is_run_step_by_step_to_its_end(app: Any) -> None:
    steps = Steps().put_into(app)
    ask(app)
    assert run_next(app) is True
    assert steps.done == ["fetch", "apply"]
    assert step_states(app) == [("fetch", "succeeded"), ("apply", "succeeded")]
    done = job(app)
    assert (done.status, done.attempts, done.run_id) == ("succeeded", 1, "sync.1")
    assert done.result == {"applied": 3}
    kept = run(app)
    assert (kept.status, kept.job_id, kept.token) == ("succeeded", "sync.1", 1)
    assert kept.counts == {"fetched": 3}
    assert kept.log == ["2026-03-03 12:00:00 Applied."]
    assert is_free(app)
    assert run_next(app) is False


def test_the_job_that_waited_longest_comes_first(app: Any) -> None:
    order: list[str] = []
    for kind in ("sync", "upload", "eod"):
        app.has(kind, lambda work: order.append(work.lease.workflow))
    for kind in ("upload", "eod", "sync"):
        ask(app, kind)
        app.now.advance(seconds=1)
    while run_next(app):
        pass
    assert order == ["upload", "eod", "sync"]


def test_arguments_doors_and_clock_reach_the_steps(app: Any) -> None:
    seen: list[Any] = []
    app.doors = {"shipstation": "a door"}
    app.has("sync", lambda work: seen.append((work.arguments, work.doors, work.now(), work.run_id)))
    ask(app, everything=True)
    run_next(app)
    assert seen == [({"everything": True}, {"shipstation": "a door"}, app.now(), "sync.1")]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ShipStationDown("ShipStation does not answer."), "ShipStation does not answer."),
        (StoreFull("Too little space."), "Too little space."),
        (KeyError("modifyDate"), "An error in shipsync itself: KeyError: 'modifyDate'"),
    ],
)
def test_an_error_ends_the_run_as_failed_with_its_words(app: Any, error: Exception, said: str) -> None:
    Steps(error).put_into(app)
    ask(app)
    assert run_next(app) is True
    assert (job(app).status, job(app).error) == ("failed", said)
    assert (run(app).status, run(app).error) == ("failed", said)
    assert step_states(app) == [("fetch", "succeeded"), ("apply", "failed")]
    assert run(app).counts == {"fetched": 3}
    assert is_free(app)
    assert nothing_left_running(app)


def test_an_error_of_ours_leaves_its_traceback_in_the_log(app: Any) -> None:
    Steps(KeyError("modifyDate")).put_into(app)
    ask(app)
    run_next(app)
    assert any("in apply" in line for line in run(app).log)


def test_a_bug_in_one_procedure_does_not_stop_the_next_job(app: Any) -> None:
    Steps(KeyError("x")).put_into(app)
    done: list[str] = []
    app.has("upload", lambda work: done.append(work.run_id))
    ask(app)
    ask(app, "upload")
    while run_next(app):
        pass
    assert done == ["upload.1"]


def test_a_retry_goes_on_after_the_last_finished_step(app: Any) -> None:
    steps = Steps(ShipStationDown("No answer.")).put_into(app)
    ask(app)
    run_next(app)
    retry(app.db, "sync.1", "Bob", app.now())
    assert run_next(app) is True
    assert steps.done == ["fetch", "apply"]
    assert steps.seen == [{"fetch": {"pages": 3}}] * 2
    done = job(app)
    assert (done.status, done.attempts, done.run_id, done.error) == ("succeeded", 2, "sync.2", None)
    assert done.result == {"applied": 3}
    assert [(one.run_id, one.status) for one in runs.latest_runs(app.db.read(), "sync")] == [
        ("sync.2", "succeeded"),
        ("sync.1", "failed"),
    ]


def test_a_retry_of_a_procedure_that_was_changed_begins_where_it_differs(app: Any) -> None:
    steps = Steps(ShipStationDown("No answer.")).put_into(app)
    ask(app)
    run_next(app)

    def check(_: Work) -> None:
        steps.done.append("check")

    app.has("sync", check, steps.fetch, steps.apply)
    retry(app.db, "sync.1", "Bob", app.now())
    run_next(app)
    assert steps.done == ["fetch", "check", "fetch", "apply"]
    assert [name for name, _ in step_states(app)] == ["check", "fetch", "apply"]


def test_cancelling_is_honoured_between_two_steps(app: Any) -> None:
    steps = Steps()

    def fetch(work: Work) -> Mapping[str, Any]:
        cancel(app.db, "sync.1", "Bob", app.now())
        return steps.fetch(work)

    app.has("sync", fetch, steps.apply)
    ask(app)
    assert run_next(app) is True
    assert steps.done == ["fetch"]
    assert (job(app).status, run(app).status) == ("cancelled", "cancelled")
    assert step_states(app) == [("fetch", "succeeded"), ("apply", "waiting")]
    assert is_free(app)


def test_cancelling_is_honoured_where_a_step_asks(app: Any) -> None:
    pages: list[int] = []

    def fetch(work: Work) -> None:
        for page in range(10):
            work.check_cancel()
            pages.append(page)
            if page == 2:
                cancel(app.db, "sync.1", "Bob", app.now())

    app.has("sync", fetch)
    ask(app)
    run_next(app)
    assert pages == [0, 1, 2]
    assert job(app).status == "cancelled"
    assert step_states(app) == [("fetch", "cancelled")]


def test_a_cancelled_job_can_be_tried_again_and_is_not_cancelled_once_more(app: Any) -> None:
    test_cancelling_is_honoured_between_two_steps(app)
    retry(app.db, "sync.1", "Ann", app.now())
    run_next(app)
    assert job(app).status == "succeeded"


def test_a_disabled_workflow_says_so_and_does_nothing(app: Any) -> None:
    steps = Steps().put_into(app)
    with app.db.transaction() as con:
        add_missing_controls(con, [NewControl("sync", True, 5, "")], app.now())
        set_enabled(con, "sync", False, "Bob", app.now())
    ask(app)
    assert run_next(app) is True
    assert steps.done == []
    done = job(app)
    assert (done.status, done.run_id) == ("succeeded", None)
    assert done.result == {"disabled": True, "detail": "sync is disabled. Nothing was done."}
    with app.db.transaction() as con:
        set_enabled(con, "sync", True, "Bob", app.now())
    ask(app)
    run_next(app)
    assert steps.done == ["fetch", "apply"]
    control = workflows.control_of(app.db.read(), "sync")
    assert control is not None
    assert control.last_run_at == app.now()


def test_a_job_of_an_unknown_kind_fails_and_says_so(app: Any) -> None:
    ask(app, "dance")
    assert run_next(app) is True
    assert (job(app, "dance.1").status, job(app, "dance.1").error) == ("failed", "There is no workflow dance.")


def test_a_job_whose_lock_is_held_fails_as_busy(app: Any) -> None:
    steps = Steps().put_into(app)
    with app.db.transaction() as con:
        take(con, app.db, "sync", "somebody else", app.now)
    ask(app)
    assert run_next(app) is True
    assert steps.done == []
    assert job(app).status == "failed"
    assert "already running (run sync.1)" in str(job(app).error)


def test_a_run_that_lost_its_lock_stops_and_leaves_the_lock_to_its_successor(app: Any) -> None:
    def fetch(_: Work) -> None:
        app.now.advance(seconds=61)
        with app.db.transaction() as con:
            take(con, app.db, "sync", "somebody else", app.now)

    steps = Steps()
    app.has("sync", fetch, steps.apply)
    ask(app)
    run_next(app)
    assert steps.seen == []
    assert job(app).status == "failed"
    assert "lost its lock" in str(job(app).error)
    holder = locks.holder(app.db.read(), "sync")
    assert holder is not None
    assert holder.run_id == "sync.2"


def test_progress_is_kept_with_the_step_at_most_once_a_second(app: Any) -> None:
    kept: list[tuple[int | None, int | None, str | None]] = []

    def fetch(work: Work) -> None:
        for page in range(1, 7):
            work.progress(page, 6, f"page {page}")
            (step,) = jobs_store.steps(app.db.read(), "sync.1")
            kept.append((step.done, step.total, step.detail))
            app.now.advance(seconds=0.5)

    app.has("sync", fetch)
    ask(app)
    run_next(app)
    assert [done for done, _, _ in kept] == [None, None, 3, 3, 5, 6]
    assert kept[-1] == (6, 6, "page 6")


def test_progress_inside_a_transaction_is_harmless(app: Any) -> None:
    def apply(work: Work) -> None:
        with work.db.transaction():
            app.now.advance(seconds=30)
            work.progress(1, 2, "half")
            work.check_cancel()

    app.has("sync", apply)
    ask(app)
    run_next(app)
    assert job(app).status == "succeeded"


def test_a_step_that_shows_signs_of_life_keeps_its_lock(app: Any) -> None:
    def fetch(work: Work) -> None:
        for _ in range(12):
            app.now.advance(seconds=15)
            work.check_cancel()
        holder = locks.holder(app.db.read(), "sync")
        assert holder is not None
        assert holder.expires_at > app.now()

    app.has("sync", fetch)
    ask(app)
    run_next(app)
    assert job(app).status == "succeeded"


def test_the_mark_before_and_after_is_kept_with_the_run(app: Any) -> None:
    before = app.now()

    def set_mark(work: Work) -> None:
        with work.db.transaction() as con:
            con.execute(
                """
                INSERT INTO sync_watermark (workflow_name, complete_through) VALUES ('sync', $mark)
                ON CONFLICT (workflow_name) DO UPDATE SET complete_through = excluded.complete_through
                """,
                {"mark": work.now()},
            )

    app.has("sync", set_mark)
    ask(app)
    run_next(app)
    app.now.advance(minutes=5)
    ask(app)
    run_next(app)
    assert (run(app, "sync.1").mark_from, run(app, "sync.1").mark_to) == (None, before)
    assert (run(app, "sync.2").mark_from, run(app, "sync.2").mark_to) == (before, app.now())


def test_a_job_running_when_the_process_was_killed_is_found_interrupted_at_start(
    app: Any, tmp_path: Path, clock: Callable[[], Any]
) -> None:
    """A child runs a job, is killed in its second step, and the next process recovers and retries it."""
    path = tmp_path / "shipsync.duckdb"
    with open_database(path) as db:
        migrate(db, clock())
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED_IN_ITS_SECOND_STEP, str(path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "in the second step\n"
        child.kill()
    app.now.advance(seconds=5)  # its lock has not expired: it is freed because its owner is gone
    with open_database(path) as db:
        app.db = db
        steps = Steps().put_into(app)
        assert recover(app) == ["sync.1"]
        assert recover(app) == []
        assert (job(app).status, run(app).status) == ("interrupted", "interrupted")
        assert "Nothing half done was kept" in str(job(app).error)
        assert step_states(app) == [("fetch", "succeeded"), ("apply", "interrupted")]
        assert run(app).counts == {"fetched": 2}
        assert is_free(app)
        assert run_next(app) is False

        retry(db, "sync.1", "Ann", app.now())
        run_next(app)
        assert steps.done == ["apply"]
        assert job(app).result == {"applied": 2}


KILLED_IN_ITS_SECOND_STEP = """
import sys, threading
from datetime import datetime, UTC
from pathlib import Path
from types import SimpleNamespace
from shipsync.jobs.queue import enqueue
from shipsync.jobs.worker import run_next
from shipsync.procedures.work import Procedure, Step
from shipsync.store.db import open_database

def fetch(work):
    work.count("fetched", 2)
    return {"pages": 2}

def apply(work):
    print("in the second step", flush=True)
    threading.Event().wait()

db = open_database(Path(sys.argv[1]))
now = lambda: datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
sync = Procedure("sync", (Step("fetch", fetch), Step("apply", apply)))
enqueue(db, "sync", {}, "Ann", now())
run_next(
    SimpleNamespace(
        db=db, procedures={"sync": sync}, now=now, owner="a child", doors={}, settings=None, requests_sent=int
    )
)
"""


def test_a_run_whose_end_could_not_be_recorded_is_given_up_when_its_lock_expires(app: Any) -> None:
    """The disk is full at the very moment the run ends: its rows still say running, and nobody prolongs its lock."""
    Steps().put_into(app)
    ask(app)
    with app.db.transaction() as con:
        lease = take(con, app.db, "sync", app.owner, app.now)
        jobs_store.start_job(con, "sync.1", lease.run_id, app.now())
        runs.begin_run(con, lease.run_id, "sync", "sync.1", lease.token, app.now())
    app.now.advance(seconds=59)
    assert run_next(app) is False
    assert job(app).status == "running"
    app.now.advance(seconds=2)
    assert run_next(app) is False
    assert (job(app).status, run(app).status) == ("interrupted", "interrupted")
    assert ask(app) == "sync.2"
    assert run_next(app) is True
    assert job(app, "sync.2").status == "succeeded"


def test_an_interrupt_from_outside_is_recorded_and_goes_on_up(app: Any) -> None:
    Steps(KeyboardInterrupt()).put_into(app)
    ask(app)
    with pytest.raises(KeyboardInterrupt):
        run_next(app)
    assert (job(app).status, run(app).status) == ("interrupted", "interrupted")
    assert is_free(app)


def test_two_workers_never_run_one_job_twice(app: Any) -> None:
    """They are not meant to exist; if they do, the claim decides."""
    started: list[str] = []
    for number in range(10):
        app.has(f"kind{number}", lambda work: started.append(work.lease.workflow))
        ask(app, f"kind{number}")
    barrier = threading.Barrier(4)

    def work_all() -> None:
        barrier.wait()
        while run_next(app):
            pass

    threads = [threading.Thread(target=work_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == sorted(f"kind{number}" for number in range(10))
    assert nothing_left_running(app)


def test_a_sign_of_life_that_meets_the_end_of_its_run_says_nothing(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    with app.db.transaction() as con:
        lease = take(con, app.db, "sync", app.owner, app.now)
        assert lease.release(con)
    beat(lease)
    assert caplog.text == ""


def test_a_sign_of_life_that_cannot_be_written_is_told(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    with app.db.transaction() as con:
        lease = take(con, app.db, "sync", app.owner, app.now)
    app.db.close()
    beat(lease)
    assert "no sign of life from sync.1 could be written: The database is closed." in caplog.text


def test_the_thread_works_what_is_there_and_stops(app: Any) -> None:
    finished = threading.Event()
    app.has("sync", lambda work: None)
    app.has("last", lambda work: finished.set())
    ask(app)
    app.now.advance(seconds=1)
    ask(app, "last")
    worker = Worker(app)
    worker.start()
    assert finished.wait(30)
    assert worker.stop(30)
    assert job(app).status == "succeeded"
    assert nothing_left_running(app)


def test_a_press_wakes_the_worker(app: Any) -> None:
    finished = threading.Event()
    app.has("sync", lambda work: finished.set())
    worker = Worker(app)
    worker.start()
    ask(app)
    worker.wake()
    assert finished.wait(30)
    assert worker.stop(30)


def test_a_job_under_way_when_the_process_stops_ends_as_interrupted(app: Any) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def fetch(work: Work) -> None:
        inside.set()
        assert go_on.wait(30)
        work.check_cancel()
        raise AssertionError("it was not told to stop")

    app.has("sync", fetch)
    ask(app)
    worker = Worker(app)
    worker.start()
    assert inside.wait(30)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    worker._stopping.wait(30)
    go_on.set()
    stopper.join(30)
    assert not stopper.is_alive()
    assert (job(app).status, run(app).status) == ("interrupted", "interrupted")
    assert is_free(app)
