"""The desk of an application in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from shipsync.desk import records
from shipsync.desk.parity import efficiency, next_gates
from shipsync.errors import Busy, Unknown
from shipsync.jobs import queue
from shipsync.procedures.alerts import facts_now
from shipsync.procedures.deployment import Asked, will_do
from shipsync.procedures.deployment import change as change_deployment
from shipsync.rules.alerts import Alert, Facts, alerts, sync_error
from shipsync.rules.deployment import NAMES, SYNCS, Change, writers
from shipsync.rules.freshness import SyncState
from shipsync.runtime import App
from shipsync.store import deployment as store
from shipsync.store import jobs, orders, runs, selfcheck, workflows

SYNC = "shipstation-sync"


class Here:
    """Answers from an application; what is changed is noted as done by `by`. See `records.Desk` for the methods."""

    url = None

    def __init__(self, app: App, by: str) -> None:
        self._app = app
        self._by = by

    def status(self) -> records.Status:
        """How things stand."""
        con, now = self._app.db.read(), self._app.now()
        facts = facts_now(con, self._app.settings, self._app.machine(), now)
        if not self._app.worker.has_begun:
            # A command that opened the database itself: no worker runs, and none is missed.
            facts = replace(facts, machine=None)
        return records.Status(
            sandbox=self._app.settings.is_sandbox,
            zone=self._app.settings.timezone,
            complete_through=facts.complete_through,
            orders=orders.count_by_status(con),
            alerts=[records.AlertLine.model_validate(one) for one in self._alerts(facts, now)],
        )

    def _alerts(self, facts: Facts, now: datetime) -> list[Alert]:
        past = self._app.past
        if past is None:
            return alerts(facts, now)
        # What stands in the database is weeks old, and that is as it should be.
        text = past.sentence if self._app.is_working else "Its last weeks are brought in once shipsync is started."
        return [Alert("warn", text, "past", "pending")]

    def jobs(self, limit: int) -> list[records.JobLine]:
        """The newest jobs first."""
        newest = jobs.latest_jobs(self._app.db.read(), limit=limit)
        return [records.JobLine.model_validate(one) for one in newest]

    def job(self, job_id: str) -> records.Job:
        """One job with its steps and its latest run."""
        con = self._app.db.read()
        job = jobs.job(con, job_id)
        if job is None:
            raise Unknown(f"There is no job {job_id}.")
        run = runs.run(con, job.run_id) if job.run_id is not None else None
        return records.Job(
            **records.JobLine.model_validate(job).model_dump(),
            cancel_requested=job.cancel_requested,
            arguments=job.arguments,
            result=job.result,
            steps=[records.Step.model_validate(step) for step in jobs.steps(con, job_id)],
            run=records.Run.model_validate(run) if run is not None else None,
            sandbox=self._app.settings.is_sandbox,
        )

    def ask(self, kind: str, arguments: Mapping[str, object]) -> records.Asked:
        """Ask for a job; joins the one of its kind that is queued or running."""
        asked = self._app.enqueue(kind, self._checked(kind, arguments), self._by)
        return records.Asked.model_validate(asked)

    def ask_sync(self, arguments: Mapping[str, object]) -> records.Asked:
        """Ask for what brings ShipStation's news into production; of two workflows the answer is the last one's."""
        syncs = store.production_syncs(self._app.db.read())
        asked = [self.ask(one, arguments if one == SYNC else {}) for one in syncs]
        return asked[-1]

    def have_done(self, kind: str, arguments: Mapping[str, object], told: Callable[[records.Job], None]) -> records.Job:
        """Run one job to its end, in this thread. Not for a process whose worker runs."""
        job = self.job(self._app.run_now(kind, self._checked(kind, arguments), self._by).job_id)
        told(job)
        return job

    def cancel(self, job_id: str) -> records.Job:
        """Take a job back, or ask it to stop after its step. One that has ended stays as it is."""
        try:
            queue.cancel(self._app.db, job_id, self._by, self._app.now())
        except LookupError as error:
            raise Unknown(str(error.args[0])) from error
        return self.job(job_id)

    def retry(self, job_id: str) -> records.Asked:
        """Queue an ended job again; it goes on after its last finished step. Raises Busy if there is nothing to do."""
        try:
            asked = self._app.retry(job_id, self._by)
        except LookupError as error:
            raise Unknown(str(error.args[0])) from error
        except ValueError as error:
            raise Busy(str(error)) from error
        return records.Asked.model_validate(asked)

    def workflows(self) -> list[records.Workflow]:
        """All workflows by name."""
        return [
            records.Workflow(
                workflow=one.workflow,
                enabled=one.enabled,
                interval_minutes=one.interval_minutes,
                description=one.description,
                last_run_at=one.last_run_at,
                next_at=self._app.schedule.next_at(one.workflow),
            )
            for one in workflows.all_controls(self._app.db.read())
        ]

    def switch(self, workflow: str, *, enabled: bool) -> None:
        """Switch a workflow on or off; the schedule follows at once."""
        with self._app.db.transaction() as con:
            known = workflows.set_enabled(con, workflow, enabled, self._by, self._app.now())
        if not known:
            names = ", ".join(one.workflow for one in workflows.all_controls(self._app.db.read()))
            raise Unknown(f"There is no workflow {workflow}. There are: {names}.")
        self._app.schedule.refresh()

    def deployment(self) -> records.Deployment:
        """Which sync writes production, and what stands before the next change."""
        con, now = self._app.db.read(), self._app.now()
        known, state = store.deployment_of(con), store.state_of(con)
        following, gates = next_gates(con, now)
        told = efficiency(con, now)
        return records.Deployment(
            state=state,
            name=NAMES[state],
            since=known.changed_at if known is not None else None,
            by=known.changed_by if known is not None else None,
            writers=writers(state),
            workflows=[records.Does(workflow=one, does=will_do(state, one)) for one in SYNCS],
            next_change=following,
            gates=[records.Gate.model_validate(one) for one in gates],
            claims=told.claims if told is not None else (),
        )

    def deploy(self, change: Change, *, by: str, reason: str, reviewed_by: str, dry_run: bool) -> records.Deployed:
        """Change which sync writes production; the schedule follows at once."""
        asked = Asked(by, reason, reviewed_by=reviewed_by, dry_run=dry_run)
        done = change_deployment(self._app.db, change, asked, self._app.settings.zone, self._app.now())
        self._app.schedule.refresh()
        return records.Deployed(
            change=done.change,
            before=done.before,
            after=done.after,
            dry_run=done.is_dry_run,
            refused=done.refused,
            gates=[records.Gate.model_validate(one) for one in done.gates],
            carried=done.carried,
            orders_differing=done.orders_differing,
            entries_posted=done.entries_posted,
            marks_before=done.marks_before,
            marks_after=done.marks_after,
            first_query_from=done.first_query_from,
            lines=done.lines(),
        )

    def examine(self) -> records.Examination:
        """Check everything in the database, however long that takes."""
        found = selfcheck.findings(self._app.db, self._app.now(), thorough=True)
        return records.Examination(
            database=str(self._app.settings.database_path), notices=list(self._app.db.notices), findings=found
        )

    def _checked(self, kind: str, arguments: Mapping[str, object]) -> dict[str, object]:
        wanted = records.checked(kind, arguments)
        if kind == "load":
            wanted["by"] = self._by  # who stands in the audit log beside each product
        return wanted


def sync_state(app: App, facts: Facts) -> SyncState:
    """What the sync's freshness is told from, at this moment."""
    return SyncState(
        complete_through=facts.complete_through,
        is_enabled=facts.is_sync_enabled,
        interval=facts.sync_interval,
        last_error=sync_error(facts),
        next_at=min((at for one in facts.syncs if (at := app.schedule.next_at(one))), default=None),
        is_working=app.is_working,
    )
