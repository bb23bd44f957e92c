"""A job that has another one done within its own: a closing its sync (DESIGN D8, D15)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shipsync.errors import NotClosed, ShipStationDown
from shipsync.jobs.lease import take
from shipsync.jobs.queue import cancel, enqueue, retry
from shipsync.jobs.worker import CANCELLED, STOPPED, Worker, recover, run_next
from shipsync.procedures.work import Work
from shipsync.store import jobs as jobs_store
from shipsync.store import locks, runs
from shipsync.store.db import open_database
from shipsync.store.jobs import Job
from shipsync.store.migrations import migrate
from shipsync.store.workflows import NewControl, add_missing_controls
from tests.jobs.test_worker import ask, is_free, job, nothing_left_running, run, step_states

SYNC = "shipstation-sync"  # the one kind that is widened


def has_one_within(app: Any, kind: str = "sync", arguments: dict[str, object] | None = None) -> list[Job]:
    """Give the application an `eod` of three steps, whose second has another job done. What that came to."""
    ended: list[Job] = []

    def before(_: Work) -> None:
        pass

    def within(work: Work) -> dict[str, Any]:
        ended.append(work.have_done(kind, arguments or {}))
        return {"done by": ended[-1].job_id}

    def after(work: Work) -> dict[str, Any]:
        return dict(work.results["within"])

    app.has("eod", before, within, after)
    return ended


def kinds_in_order(app: Any) -> list[str]:
    rows = app.db.read().rows("SELECT run_id FROM runs ORDER BY started_at, run_id")
    return [run_id for (run_id,) in rows]


def test_the_job_within_has_a_lock_a_run_and_steps_of_its_own(app: Any) -> None:
    held: list[bool] = []

    def fetch(work: Work) -> dict[str, Any]:
        held.append(not is_free(app, "sync") and not is_free(app, "eod"))
        assert (work.run_id, work.requested_by, work.arguments) == ("sync.1", "eod", {"everything": True})
        return {"pages": 2}

    app.has("sync", fetch)
    ended = has_one_within(app, "sync", {"everything": True})
    ask(app, "eod")
    assert run_next(app) is True
    assert held == [True]
    assert [(one.job_id, one.status, one.result) for one in ended] == [("sync.1", "succeeded", {"pages": 2})]
    assert (run(app, "sync.1").job_id, run(app, "sync.1").status) == ("sync.1", "succeeded")
    assert step_states(app, "sync.1") == [("fetch", "succeeded")]
    assert job(app, "eod.1").result == {"done by": "sync.1"}
    assert [state for _, state in step_states(app, "eod.1")] == ["succeeded"] * 3
    assert is_free(app, "sync")
    assert is_free(app, "eod")
    assert run_next(app) is False


def test_what_the_job_within_says_stays_in_its_own_run(app: Any) -> None:
    def fetch(work: Work) -> None:
        work.log("Fetched.")
        work.count("fetched", 3)

    app.has("sync", fetch)
    has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert (run(app, "sync.1").counts, run(app, "eod.1").counts) == ({"fetched": 3}, {})
    assert [line[20:] for line in run(app, "sync.1").log] == ["Fetched."]
    assert run(app, "eod.1").log == []


def test_one_that_waits_already_is_joined(app: Any) -> None:
    app.has("sync", lambda work: None)
    ended = has_one_within(app)
    ask(app, "eod")
    app.now.advance(seconds=1)
    ask(app, "sync")
    assert run_next(app) is True
    assert [one.job_id for one in ended] == ["sync.1"]
    assert job(app, "sync.1").requested_by == "Ann"
    assert run_next(app) is False
    assert len(jobs_store.latest_jobs(app.db.read(), "sync")) == 1


def test_a_sync_that_waits_is_widened_to_what_is_wanted(app: Any) -> None:
    seen: list[Any] = []
    app.has(SYNC, lambda work: seen.append(work.arguments))
    has_one_within(app, SYNC, {"everything": True})
    ask(app, "eod")
    app.now.advance(seconds=1)
    ask(app, SYNC)
    run_next(app)
    assert seen == [{"everything": True}]
    assert run_next(app) is False
    assert app.db.read().rows("SELECT changed_by, action FROM audit_log") == [("eod", "job widened")]


def test_one_that_waits_with_other_arguments_goes_first(app: Any) -> None:
    seen: list[Any] = []
    app.has("sync", lambda work: seen.append(work.arguments))
    ended = has_one_within(app, "sync", {"day": 2})
    ask(app, "eod")
    app.now.advance(seconds=1)
    ask(app, "sync", day=1)
    run_next(app)
    assert seen == [{"day": 1}, {"day": 2}]
    assert [one.job_id for one in ended] == ["sync.2"]
    assert nothing_left_running(app)


def test_a_sync_that_waits_to_go_on_is_not_widened_but_goes_first(app: Any) -> None:
    """Its finished steps have done what they were told then."""
    errors: list[Exception] = [ShipStationDown("No answer.")]
    seen: list[Any] = []

    def fetch(work: Work) -> None:
        seen.append(work.arguments)
        if errors:
            raise errors.pop()

    app.has(SYNC, fetch)
    ask(app, SYNC)
    run_next(app)
    retry(app.db, f"{SYNC}.1", "Ann", app.now())
    ended = has_one_within(app, SYNC, {"everything": True})
    app.now.advance(seconds=-1)
    ask(app, "eod")
    app.now.advance(seconds=1)
    run_next(app)
    assert seen == [{}, {}, {"everything": True}]
    assert [one.job_id for one in ended] == [f"{SYNC}.2"]
    assert run_next(app) is False


def test_nobody_else_runs_meanwhile(app: Any) -> None:
    app.has("upload", lambda work: None)
    app.has("sync", lambda work: None)
    has_one_within(app)
    ask(app, "eod")
    app.now.advance(seconds=1)
    ask(app, "upload")
    app.now.advance(seconds=1)
    ask(app, "sync")
    while run_next(app):
        app.now.advance(seconds=1)
    assert kinds_in_order(app) == ["eod.1", "sync.1", "upload.1"]


def test_what_is_switched_off_says_so_and_does_nothing(app: Any) -> None:
    app.has("sync", lambda work: None)
    with app.db.transaction() as con:
        add_missing_controls(con, [NewControl("sync", False, 5, "")], app.now())
    ended = has_one_within(app)
    ask(app, "eod")
    run_next(app)
    (one,) = ended
    assert (one.status, one.result) == (
        "succeeded",
        {"disabled": True, "detail": "sync is disabled. Nothing was done."},
    )
    assert job(app, "eod.1").status == "succeeded"


# Failing


def test_when_the_job_within_fails_the_outer_one_decides(app: Any) -> None:
    def fetch(_: Work) -> None:
        raise ShipStationDown("ShipStation does not answer.")

    app.has("sync", fetch)
    ended = has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert [(one.status, one.error) for one in ended] == [("failed", "ShipStation does not answer.")]
    assert step_states(app, "sync.1") == [("fetch", "failed")]
    assert job(app, "eod.1").status == "succeeded"
    assert nothing_left_running(app)


def test_a_bug_in_the_job_within_is_its_own(app: Any) -> None:
    def fetch(_: Work) -> None:
        raise KeyError("modifyDate")

    app.has("sync", fetch)
    ended = has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert "An error in shipsync itself: KeyError" in str(ended[0].error)
    assert (job(app, "eod.1").status, job(app, "eod.1").error) == ("succeeded", None)


def test_a_retry_of_the_outer_one_goes_on_after_its_last_finished_step(app: Any) -> None:
    done: list[str] = []
    errors: list[Exception] = [ShipStationDown("No answer.")]
    app.has("sync", lambda work: done.append("sync"))

    def first(work: Work) -> None:
        work.have_done("sync", {})
        done.append("first")

    def second(work: Work) -> None:
        work.have_done("sync", {})
        if errors:
            raise errors.pop()
        done.append("second")

    app.has("eod", first, second)
    ask(app, "eod")
    run_next(app)
    assert (job(app, "eod.1").status, done) == ("failed", ["sync", "first", "sync"])
    retry(app.db, "eod.1", "Ann", app.now())
    run_next(app)
    assert (job(app, "eod.1").status, done[3:]) == ("succeeded", ["sync", "second"])
    assert kinds_in_order(app) == ["eod.1", "eod.2", "sync.1", "sync.2", "sync.3"]


# Running already


def test_one_that_wants_its_own_kind_is_told_that_it_runs(app: Any) -> None:
    has_one_within(app, "eod")
    ask(app, "eod")
    run_next(app)
    assert (job(app, "eod.1").status, job(app, "eod.1").error) == (
        "failed",
        "eod is already running (run eod.1). Wait for it to end, then try again.",
    )
    assert nothing_left_running(app)


def test_one_that_wants_what_wants_it_is_told_that_it_runs(app: Any) -> None:
    ended = has_one_within(app, "sync", {"day": 2})
    app.has("sync", lambda work: work.have_done("eod", {"day": 3}))
    ask(app, "eod")
    run_next(app)
    assert [one.error for one in ended] == ["eod is already running (run eod.1). Wait for it to end, then try again."]
    assert nothing_left_running(app)


def leave_running(app: Any, kind: str, **arguments: object) -> None:
    """A job whose end could not be recorded: its rows say that it runs."""
    job_id = ask(app, kind, **arguments)
    with app.db.transaction() as con:
        lease = take(con, app.db, kind, app.owner, app.now)
        jobs_store.start_job(con, job_id, lease.run_id, app.now())
        runs.begin_run(con, lease.run_id, kind, job_id, lease.token, app.now())


def test_one_that_has_died_is_given_up_once_its_lock_has_expired_and_done_anew(app: Any) -> None:
    app.has("sync", lambda work: None)
    ended: list[Job] = []

    def within(work: Work) -> None:
        leave_running(app, "sync", day=1)
        app.now.advance(seconds=61)  # ours has expired as well, and nobody has taken it
        ended.append(work.have_done("sync", {"day": 2}))

    app.has("eod", within)
    ask(app, "eod")
    run_next(app)
    assert [(one.job_id, one.status) for one in ended] == [("sync.2", "succeeded")]
    assert job(app, "sync.1").status == "interrupted"
    assert job(app, "eod.1").status == "succeeded"


def test_one_that_may_still_live_is_not_waited_for(app: Any) -> None:
    app.has("sync", lambda work: None)
    leave_running(app, "sync", day=1)
    has_one_within(app, "sync", {"day": 2})
    ask(app, "eod")
    run_next(app)
    assert "sync is already running (run sync.1)" in str(job(app, "eod.1").error)
    assert job(app, "sync.1").status == "running"


# Cancelling and stopping


def test_cancelling_the_outer_one_stops_the_one_within(app: Any) -> None:
    pages: list[int] = []

    def fetch(work: Work) -> None:
        for page in range(10):
            work.check_cancel()
            pages.append(page)
            if page == 2:
                cancel(app.db, "eod.1", "Bob", app.now())

    app.has("sync", fetch)
    has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert pages == [0, 1, 2]
    assert [(job(app, one).status, job(app, one).error) for one in ("sync.1", "eod.1")] == [
        ("cancelled", CANCELLED)
    ] * 2
    assert step_states(app, "eod.1") == [("before", "succeeded"), ("within", "cancelled"), ("after", "waiting")]
    assert nothing_left_running(app)
    assert is_free(app, "sync")
    assert is_free(app, "eod")


def test_cancelling_the_outer_one_is_honoured_between_two_steps_of_the_one_within(app: Any) -> None:
    done: list[str] = []

    def fetch(_: Work) -> None:
        done.append("fetch")
        cancel(app.db, "eod.1", "Bob", app.now())

    def apply(_: Work) -> None:
        done.append("apply")

    app.has("sync", fetch, apply)
    has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert done == ["fetch"]
    assert step_states(app, "sync.1") == [("fetch", "succeeded"), ("apply", "waiting")]
    assert [job(app, one).status for one in ("sync.1", "eod.1")] == ["cancelled", "cancelled"]


def test_the_one_within_ends_well_and_the_outer_one_is_cancelled(app: Any) -> None:
    app.has("sync", lambda work: cancel(app.db, "eod.1", "Bob", app.now()) and None)
    ended = has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert ended == []
    assert [job(app, one).status for one in ("sync.1", "eod.1")] == ["succeeded", "cancelled"]


def test_cancelling_the_one_within_leaves_the_outer_one_to_decide(app: Any) -> None:
    def fetch(work: Work) -> None:
        cancel(app.db, "sync.1", "Bob", app.now())
        work.check_cancel()

    app.has("sync", fetch)
    ended = has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert [(one.status, one.error) for one in ended] == [("cancelled", CANCELLED)]
    assert job(app, "eod.1").status == "succeeded"


def test_a_cancelled_one_goes_on_with_what_was_not_finished(app: Any) -> None:
    test_cancelling_the_outer_one_stops_the_one_within(app)
    app.has("sync", lambda work: None)
    retry(app.db, "eod.1", "Ann", app.now())
    run_next(app)
    assert job(app, "eod.1").result == {"done by": "sync.2"}


def test_the_end_of_the_process_interrupts_both(app: Any) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def fetch(work: Work) -> None:
        inside.set()
        assert go_on.wait(30)
        work.check_cancel()
        raise AssertionError("it was not told to stop")

    app.has("sync", fetch)
    ended = has_one_within(app)
    ask(app, "eod")
    worker = Worker(app)
    worker.start()
    assert inside.wait(30)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    worker._stopping.wait(30)
    go_on.set()
    stopper.join(30)
    assert not stopper.is_alive()
    assert ended == []
    assert [(job(app, one).status, job(app, one).error) for one in ("sync.1", "eod.1")] == [
        ("interrupted", STOPPED)
    ] * 2
    assert is_free(app, "sync")
    assert is_free(app, "eod")


# Signs of life and requests


def test_the_outer_ones_lock_is_kept_while_the_one_within_takes_long(app: Any) -> None:
    def fetch(work: Work) -> None:
        for _ in range(12):
            app.now.advance(seconds=15)
            work.check_cancel()
        for workflow in ("sync", "eod"):
            holder = locks.holder(app.db.read(), workflow)
            assert holder is not None
            assert holder.expires_at > app.now()

    app.has("sync", fetch)
    has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert (job(app, "eod.1").status, job(app, "sync.1").status) == ("succeeded", "succeeded")


def test_the_outer_ones_lock_that_was_lost_meanwhile_stops_it(app: Any) -> None:
    def fetch(_: Work) -> None:
        app.now.advance(seconds=61)
        with app.db.transaction() as con:
            take(con, app.db, "eod", "somebody else", app.now)

    app.has("sync", fetch)
    has_one_within(app)
    ask(app, "eod")
    run_next(app)
    assert job(app, "sync.1").status == "succeeded"
    assert "lost its lock" in str(job(app, "eod.1").error)
    holder = locks.holder(app.db.read(), "eod")
    assert holder is not None
    assert holder.run_id == "eod.2"


def sending(app: Any, requests: int) -> Callable[[Work], None]:
    """A step that sends so many requests."""

    def send(_: Work) -> None:
        app.sent += requests

    return send


def test_every_request_is_counted_with_the_job_that_sent_it(app: Any) -> None:
    app.sent = 100
    app.requests_sent = lambda: app.sent
    app.has("sync", sending(app, 5))
    app.has("eod", sending(app, 1), lambda work: work.have_done("sync", {}) and None, sending(app, 2))
    app.has("eow", sending(app, 10), lambda work: work.have_done("eod", {}) and None, sending(app, 20))
    ask(app, "eow")
    run_next(app)
    assert {name: run(app, f"{name}.1").counts["requests"] for name in ("eow", "eod", "sync")} == {
        "eow": 30,
        "eod": 3,
        "sync": 5,
    }


# One within one within one


def test_a_job_within_a_job_within_a_job(app: Any) -> None:
    seen: list[tuple[str, str]] = []
    app.has("sync", lambda work: seen.append((work.run_id, work.requested_by)))

    def closes_the_day(work: Work) -> dict[str, Any]:
        return {"synced by": work.have_done("sync", {}).job_id}

    def closes_the_week(work: Work) -> dict[str, Any]:
        return {"closed by": work.have_done("eod", {}).job_id}

    app.has("eod", closes_the_day)
    app.has("eow", closes_the_week)
    ask(app, "eow")
    run_next(app)
    assert seen == [("sync.1", "eod")]
    assert job(app, "eod.1").result == {"synced by": "sync.1"}
    assert job(app, "eow.1").result == {"closed by": "eod.1"}
    assert nothing_left_running(app)


def test_the_reason_of_the_innermost_failure_comes_up_through_those_that_rest_on_it(app: Any) -> None:
    def fetch(_: Work) -> None:
        raise ShipStationDown("ShipStation does not answer.")

    def on(kind: str) -> Callable[[Work], None]:
        def rest(work: Work) -> None:
            if (done := work.have_done(kind, {})).status != "succeeded":
                raise NotClosed(f"{kind}: {done.error}")

        return rest

    app.has("sync", fetch)
    app.has("eod", on("sync"))
    app.has("eow", on("eod"))
    ask(app, "eow")
    run_next(app)
    assert job(app, "eow.1").error == "eod: sync: ShipStation does not answer."
    assert [job(app, f"{one}.1").status for one in ("eow", "eod", "sync")] == ["failed"] * 3


def test_a_kill_within_is_recovered_and_the_outer_one_goes_on(
    app: Any, tmp_path: Path, clock: Callable[[], Any]
) -> None:
    path = tmp_path / "shipsync.duckdb"
    with open_database(path) as db:
        migrate(db, clock())
    child = subprocess.Popen([sys.executable, "-c", KILLED_WITHIN, str(path)], stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "in the innermost\n"
        child.kill()
    app.now.advance(seconds=5)
    with open_database(path) as db:
        app.db = db
        done: list[str] = []
        app.has("sync", lambda work: done.append("sync"))
        app.has("eod", lambda work: work.have_done("sync", {}) and done.append("eod"))

        def begin(_: Work) -> None:
            done.append("begin")

        def day(work: Work) -> None:
            work.have_done("eod", {})
            done.append("day")

        app.has("eow", begin, day)
        assert recover(app) == ["eod.1", "eow.1", "sync.1"]
        assert nothing_left_running(app)
        assert all(is_free(app, workflow) for workflow in ("eow", "eod", "sync"))
        assert step_states(app, "eow.1") == [("begin", "succeeded"), ("day", "interrupted")]
        assert run_next(app) is False

        retry(db, "eow.1", "Ann", app.now())
        run_next(app)
        assert done == ["sync", "eod", "day"]
        assert job(app, "eow.1").status == "succeeded"
        assert enqueue(db, "eod", {}, "Ann", app.now()).created


KILLED_WITHIN = """
import sys, threading
from datetime import datetime, UTC
from pathlib import Path
from types import SimpleNamespace
from shipsync.jobs.queue import enqueue
from shipsync.jobs.worker import run_next
from shipsync.procedures.work import Procedure, Step
from shipsync.store.db import open_database

def wait(work):
    print("in the innermost", flush=True)
    threading.Event().wait()

def within(kind):
    return lambda work: {"by": work.have_done(kind, {}).job_id}

db = open_database(Path(sys.argv[1]))
now = lambda: datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
procedures = {
    "sync": Procedure("sync", (Step("fetch", wait),)),
    "eod": Procedure("eod", (Step("sync", within("sync")),)),
    "eow": Procedure("eow", (Step("begin", lambda work: None), Step("day", within("eod")))),
}
enqueue(db, "eow", {}, "Ann", now())
run_next(
    SimpleNamespace(
        db=db, procedures=procedures, now=now, owner="a child", doors={}, settings=None, requests_sent=int
    )
)
"""
