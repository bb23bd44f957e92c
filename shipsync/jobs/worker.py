"""The one worker: takes the job that has waited longest and runs its procedure step by step (DESIGN D8).

    claim      one transaction: job running, lock taken, run begun, steps laid out, the first one begun
    each step  do -> one transaction: checkpoint, what the run has said and counted; the next step begun, unless
               somebody asked to stop
    end        one transaction: checkpoint of the last step; job and run ended, lock freed

A step may have another job done within its own (a closing its sync): that one has a lock, a run and checkpoints of its
own, and nobody else runs meanwhile.

A sync that does not write production runs in a lane (DESIGN D19): where it writes is read with the claim, and its steps
do not know of it. Jobs, runs and locks are production's.

A kill between two of these leaves a job that says `running` and a lock that nobody prolongs; `recover` at the next
start, or the next look for work once the lock has expired, calls it interrupted. A retry goes on after the last
checkpoint. Business data is written by this thread only.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Protocol

from shipsync.errors import Cancelled, LockBusy, LockLost, ShipsyncError
from shipsync.jobs.lease import BEAT_EVERY, RunLease, take
from shipsync.jobs.queue import enqueue
from shipsync.procedures.deployment import follow_switches
from shipsync.procedures.shadow import prepare_lane
from shipsync.procedures.work import Procedure, Step, Work
from shipsync.rules.deployment import MAIN
from shipsync.store import deployment, locks, runs, workflows
from shipsync.store import jobs as jobs_store
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.jobs import Job
from shipsync.store.runs import End

logger = logging.getLogger(__name__)

LOG_LINES_KEPT = 2000
PROGRESS_EVERY = timedelta(seconds=1)
LOOK_FOR_WORK_EVERY_S = 1.0

# A sync that waits can ask for more than it was asked to; then one does for both.
WIDENED = frozenset({"shipstation-sync"})

PROCESS_ENDED = "shipsync was stopped or killed while this ran. Nothing half done was kept; try it again."
LOCK_EXPIRED = "It gave no sign of life for a minute and was given up. Nothing half done was kept; try it again."
CANCELLED = "Cancelled by a person; what was finished before stays."
STOPPED = "shipsync was stopped while this ran. Nothing half done was kept; try it again."


class App(Protocol):
    """What the worker needs of the running application."""

    @property
    def db(self) -> Database:
        """The open database."""

    @property
    def procedures(self) -> Mapping[str, Procedure]:
        """What can be done, by workflow name."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock: aware UTC."""

    @property
    def owner(self) -> str:
        """A name of this process instance that no other has."""

    @property
    def doors(self) -> Mapping[str, Any]:
        """What speaks outward, by name."""

    @property
    def settings(self) -> Any:
        """The settings, passed on to procedures."""

    def requests_sent(self) -> int:
        """How many requests all doors have sent so far; the worker keeps each run's share of them."""


@dataclass
class _Claim:
    """A job that is ours to run."""

    job: Job
    procedure: Procedure
    lease: RunLease
    lane: str  # where its steps write; 'main' is production
    results: dict[str, Mapping[str, Any]]  # checkpoints of steps that succeeded in an earlier attempt
    requests_before: int  # sent by this process until now, or by jobs this one had done since
    log: list[str] = field(default_factory=list)
    kept: tuple[int, dict[str, int]] = (0, {})  # log lines and counts as they stand in the run's row

    @property
    def steps(self) -> Sequence[Step]:
        """What is left to do."""
        return self.procedure.steps[len(self.results) :]


def recover(app: App) -> list[str]:
    """At start: what earlier processes left running is interrupted and their locks are freed. The job ids.

    What their runs had claimed is given back by the procedures, at their next run.
    """
    with app.db.transaction() as con:
        locks.add_missing_locks(con, app.procedures)
        locks.free_locks_of_others(con, app.owner)
        return _interrupt_dead(con, app.now(), PROCESS_ENDED)


def run_next(app: App) -> bool:
    """Run the job that has waited longest, to its end. Whether there was one. Raises only if the store fails."""
    return Worker(app).run_next()


class Worker:
    """Runs jobs one after the other, in a thread of its own once started."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._claims: list[_Claim] = []  # of the run under way, and before it of the one that has it done
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start working, and a second thread that says so while a step waits for an answer."""
        self._threads = [
            threading.Thread(target=self._work_on, name="worker", daemon=True),
            threading.Thread(target=self._beat_on, name="worker-heartbeat", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is a new job: look now, not within the second."""
        self._wake.set()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Stop after the step under way, or where it asks; its job ends as interrupted. Whether the threads ended."""
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def has_begun(self) -> bool:
        """Whether it was ever started: one that was and is not alive has ended."""
        return bool(self._threads)

    @property
    def is_alive(self) -> bool:
        """Whether it has been started, and both threads still run."""
        return self.has_begun and all(thread.is_alive() for thread in self._threads)

    def should_stop(self) -> bool:
        """Whether the run under way shall end: the process stops, or a person cancelled the job."""
        if self._stopping.is_set():
            return True
        read = self._app.db.read()
        return any(jobs_store.is_cancel_requested(read, one.lease.run_id) for one in tuple(self._claims))

    def run_next(self) -> bool:
        """See the module's `run_next`."""
        app, db = self._app, self._app.db.read()
        open_jobs = jobs_store.open_jobs(db) if jobs_store.is_any_open(db) else []
        job = next((one for one in open_jobs if one.status == "queued"), None)
        claim = None
        if open_jobs:
            self._follow_switches()
            with app.db.transaction() as con:
                if any(one.status == "running" for one in open_jobs):
                    _interrupt_dead(con, app.now(), LOCK_EXPIRED)
                claim = self._claim(con, job) if job is not None else None
        if claim is not None:
            self._run(claim)
        return job is not None

    def perform(self, kind: str, arguments: Mapping[str, object], requested_by: str) -> str:
        """Run a job at once and to its end, past whatever is queued; queued and claimed in one transaction. Its id."""
        app = self._app
        with app.db.transaction() as con:
            job_id = jobs_store.add_job(con, kind, arguments, requested_by, app.now())
            job = jobs_store.job(con, job_id)
            claim = self._claim(con, job) if job is not None else None
        if claim is not None:
            self._run(claim)
        return job_id

    def have_done(self, kind: str, arguments: Mapping[str, object]) -> Job:
        """Within a job: have another one done now, to its end, whatever is queued. Returns it as it ended.

        One of its kind that waits is joined if it does the same or can be widened to it; else it goes first. Raises
        Cancelled if somebody asked the job that wants this to stop meanwhile, LockBusy if one of its kind runs.
        """
        app, wanting = self._app, self._claims[-1]
        while True:
            self._leave_none_running(kind)
            self._follow_switches()
            asked = enqueue(app.db, kind, arguments, wanting.job.kind, app.now(), widens=kind in WIDENED)
            with app.db.transaction() as con:
                job = jobs_store.job(con, asked.job_id)
                claim = self._claim(con, job) if job is not None else None
            if claim is not None:
                sent_before = app.requests_sent()
                self._run(claim)
                wanting.requests_before += app.requests_sent() - sent_before
            if self.should_stop():
                raise Cancelled(CANCELLED)
            if asked.created or asked.is_same:
                break
        ended = jobs_store.job(app.db.read(), asked.job_id)
        if ended is None:
            raise LookupError(f"job {asked.job_id} vanished")
        return ended

    def _follow_switches(self) -> None:
        """Before a claim: who takes part may be about to change (DESIGN D19)."""
        app = self._app
        if deployment.asked_by_switches(app.db.read()) is not None:
            follow_switches(app.db, app.settings.zone, app.now())

    def _leave_none_running(self, kind: str) -> None:
        """Nobody else works here: a job of that kind that says `running` has died, or it is one that wants this."""
        app = self._app
        there = jobs_store.open_job(app.db.read(), kind)
        if there is None or there.status != "running":
            return
        with app.db.transaction() as con:
            for one in self._claims:
                one.lease.check(con)  # ours must not count as dead
            _interrupt_dead(con, app.now(), LOCK_EXPIRED)
        there = jobs_store.open_job(app.db.read(), kind)
        if there is not None and there.status == "running":
            raise LockBusy(kind, str(there.run_id))

    def _claim(self, con: Cursor, job: Job) -> _Claim | None:
        """Make the job ours, or end it here if there is nothing to run."""
        app, now = self._app, self._app.now()
        control = deployment.control_in_force(con, job.kind)
        lane = deployment.lane_of(con, job.kind)
        if lane is None or (control is not None and not control.enabled):
            logger.info("%s is disabled; job %s does nothing", job.kind, job.job_id)
            detail = f"{job.kind} is disabled. Nothing was done."
            jobs_store.end_job(con, job.job_id, None, "succeeded", now, result={"disabled": True, "detail": detail})
            return None
        procedure = app.procedures.get(job.kind)
        if procedure is None:
            jobs_store.end_job(con, job.job_id, None, "failed", now, error=f"There is no workflow {job.kind}.")
            return None
        try:
            lease = take(con, app.db, job.kind, app.owner, app.now)
        except LockBusy as error:
            jobs_store.end_job(con, job.job_id, None, "failed", now, error=str(error))
            return None
        if not jobs_store.start_job(con, job.job_id, lease.run_id, now):
            lease.release(con)  # it was taken back, or another worker has it
            return None
        runs.begin_run(con, lease.run_id, job.kind, job.job_id, lease.token, now)
        names = [step.name for step in procedure.steps]
        done = jobs_store.put_steps(con, job.job_id, names, now, is_first_attempt=job.attempts == 0)
        return _Claim(job, procedure, lease, lane, dict(done), app.requests_sent())

    def _run(self, claim: _Claim) -> None:
        self._claims.append(claim)
        work = self._work_for(claim)
        try:
            if claim.lane != MAIN:
                prepare_lane(self._app.db, claim.lane, work)
            self._do_steps(claim, work)
            self._succeed(claim, work)
        except Cancelled as error:
            # A door that waits asks `should_stop`, and cannot tell a person's wish from the end of the process.
            if self._stopping.is_set():
                self._end(claim, work, "interrupted", STOPPED)
            else:
                self._end(claim, work, "cancelled", str(error) or "Cancelled.")
        except LockLost as error:
            # Nothing is written but that: the rows of a run that lost its lock belong to whoever took it.
            work.log(str(error))
            self._end(claim, work, "failed", str(error))
        except ShipsyncError as error:
            work.log(f"Failed: {error}")
            self._end(claim, work, "failed", str(error))
        except Exception as error:
            # A bug in one procedure must not stop all the others.
            work.log(traceback.format_exc())
            logger.exception("run %s", claim.lease.run_id)
            self._end(claim, work, "failed", f"An error in shipsync itself: {type(error).__name__}: {error}")
        except BaseException:
            self._end(claim, work, "interrupted", STOPPED)
            raise
        finally:
            self._claims.pop()

    def _do_steps(self, claim: _Claim, work: Work) -> None:
        """Do what is left. The last step's checkpoint is written by `_succeed`, with the end of all."""
        for name in claim.results:
            work.log(f"{name}: done in an earlier attempt.")
        for step, following in zip_longest(claim.steps, claim.steps[1:]):
            work.results[step.name] = dict(step.do(work) or {})
            if following is not None:
                self._go_on(claim, work, step.name, following.name)

    def _go_on(self, claim: _Claim, work: Work, done: str, following: str) -> None:
        """Write one step's checkpoint and begin the next. Raises Cancelled if somebody asked to stop."""
        app, job_id = self._app, claim.job.job_id
        with app.db.transaction() as con:
            claim.lease.check(con)
            said = (len(claim.log), dict(work.counts))
            if said != claim.kept:
                runs.keep_run(con, claim.lease.run_id, work.counts, claim.log)
                claim.kept = said
            wanted = not any(jobs_store.is_cancel_requested(con, one.lease.run_id) for one in self._claims[:-1])
            next_step = following if wanted and not self._stopping.is_set() else None
            goes_on = jobs_store.next_step(con, job_id, done, work.results[done], next_step, app.now())
        if not goes_on:
            raise Cancelled(CANCELLED)

    def _succeed(self, claim: _Claim, work: Work) -> None:
        app, job_id, run_id, now = self._app, claim.job.job_id, claim.lease.run_id, self._app.now()
        last = claim.procedure.steps[-1].name if claim.procedure.steps else ""
        result = work.results.get(last, {})
        with app.db.transaction() as con:
            if not claim.lease.release(con):
                raise LockLost(claim.lease.workflow, run_id)
            if claim.steps:
                jobs_store.end_step(con, job_id, last, result, now)
            jobs_store.end_job(con, job_id, run_id, "succeeded", now, result=result)
            runs.end_run(con, run_id, "succeeded", now, counts=self._figures(claim, work), log=claim.log)
            workflows.note_run(con, claim.job.kind, now)
        logger.info("%s: succeeded", run_id)

    def _work_for(self, claim: _Claim) -> Work:
        app, job, lease = self._app, claim.job, claim.lease
        last_beat = last_progress = app.now()

        def log(line: str) -> None:
            logger.info("%s: %s", lease.run_id, line)
            claim.log.append(f"{app.now():%Y-%m-%d %H:%M:%S} {line}")
            del claim.log[:-LOG_LINES_KEPT]

        def beat_if_due() -> None:
            nonlocal last_beat
            if app.now() - last_beat >= BEAT_EVERY and not app.db.in_transaction:
                for one in self._claims:
                    one.lease.beat()
                last_beat = app.now()

        def check_cancel() -> None:
            if self.should_stop():
                raise Cancelled(CANCELLED)
            beat_if_due()

        def progress(done: int, total: int | None, detail: str) -> None:
            nonlocal last_progress
            beat_if_due()
            finished = total is not None and done >= total
            if app.db.in_transaction or not (finished or app.now() - last_progress >= PROGRESS_EVERY):
                return
            with app.db.transaction() as con:
                jobs_store.running_step_progress(con, job.job_id, done, total, detail)
            last_progress = app.now()

        return Work(
            db=app.db if claim.lane == MAIN else app.db.lane(claim.lane),
            lease=lease,
            arguments=job.arguments,
            now=app.now,
            doors=app.doors,
            settings=app.settings,
            log=log,
            progress=progress,
            check_cancel=check_cancel,
            job_id=job.job_id,
            requested_by=job.requested_by,
            have_done=self.have_done,
            results=dict(claim.results),
        )

    def _end(self, claim: _Claim, work: Work, status: End, error: str) -> None:
        """Record how a run ended that did not succeed."""
        app, run_id = self._app, claim.lease.run_id
        logger.info("%s: %s: %s", run_id, status, error)
        now = app.now()
        with app.db.transaction() as con:
            jobs_store.end_job(con, claim.job.job_id, run_id, status, now, error=error)
            runs.end_run(con, run_id, status, now, counts=self._figures(claim, work), log=claim.log, error=error)
            workflows.note_run(con, claim.job.kind, now)
            claim.lease.release(con)

    def _figures(self, claim: _Claim, work: Work) -> dict[str, int]:
        """What the run counted, and how many requests it sent, if it sent any."""
        sent = self._app.requests_sent() - claim.requests_before
        return work.counts | ({"requests": sent} if sent else {})

    def _work_on(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.run_next():
                    continue
            except Exception:
                # The store failed, so nothing could be recorded; the run is called interrupted once its lock expires.
                logger.exception("the worker could not go on and tries again")
            self._wake.wait(LOOK_FOR_WORK_EVERY_S)
            self._wake.clear()

    def _beat_on(self) -> None:
        while not self._stopping.wait(BEAT_EVERY.total_seconds()):
            for claim in tuple(self._claims):
                beat(claim.lease)


def beat(lease: RunLease) -> None:
    """Say that a run is alive, beside it. Raises nothing of ours."""
    try:
        lease.beat()
    except LockLost:
        # Either the run has ended in this moment and freed its lock, or it finds out itself, at its next check.
        return
    except ShipsyncError as error:
        logger.warning("no sign of life from %s could be written: %s", lease.run_id, error)


def _interrupt_dead(con: Cursor, now: datetime, reason: str) -> list[str]:
    runs.interrupt_runs(con, now, reason)
    return jobs_store.interrupt_jobs(con, now, reason)
