"""The desk of the server that holds the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from shipsync.desk import records
from shipsync.doors.server import Reply, Server
from shipsync.errors import Busy, ConfigurationError, NotPassed, ServerSilent, ShipsyncError, Unknown, Unusable
from shipsync.rules.deployment import Change

LOOK_EVERY_S = 0.3
EXAMINE_TIMEOUT_S = 3600.0

T = TypeVar("T")


class There:
    """Asks the running server. See `records.Desk` for the methods."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._server.address.url

    def status(self) -> records.Status:
        """How things stand."""
        return self._get("/api/status", records.Status)

    def jobs(self, limit: int) -> list[records.JobLine]:
        """The newest jobs first."""
        return self._get(f"/api/jobs?limit={limit}", list[records.JobLine], "jobs")

    def job(self, job_id: str) -> records.Job:
        """One job."""
        return self._get(f"/api/jobs/{quote(job_id, safe='')}", records.Job)

    def have_done(self, kind: str, arguments: Mapping[str, object], told: Callable[[records.Job], None]) -> records.Job:
        """Ask for a job, and ask after it until it has ended."""
        while True:
            asked = self._ask(kind, arguments)
            told(job := self.job(asked.job_id))
            while job.is_open:
                time.sleep(LOOK_EVERY_S)
                told(job := self.job(asked.job_id))
            if asked.is_same:
                return job
            # One that does something else was there first; ours can be asked for now.

    def workflows(self) -> list[records.Workflow]:
        """All workflows by name."""
        return self._get("/api/workflows", list[records.Workflow], "workflows")

    def switch(self, workflow: str, *, enabled: bool) -> None:
        """Switch a workflow on or off."""
        _check(self._server.post(f"/api/workflows/{quote(workflow, safe='')}", {"enabled": enabled}))

    def deployment(self) -> records.Deployment:
        """Which sync writes production, and what stands before the next change."""
        return self._get("/api/parity", records.Deployment)

    def deploy(self, change: Change, *, by: str, reason: str, reviewed_by: str, dry_run: bool) -> records.Deployed:
        """Change which sync writes production."""
        body = {"by": by, "reason": reason, "reviewed_by": reviewed_by, "dry_run": dry_run}
        reply = self._server.post(f"/api/parity/{change}", body)
        _check(reply)
        return _read(reply.data, records.Deployed)

    def examine(self) -> records.Examination:
        """Check everything in the database, however long that takes."""
        reply = self._server.get("/api/doctor", timeout_s=EXAMINE_TIMEOUT_S)
        _check(reply)
        return _read(reply.data, records.Examination)

    def _ask(self, kind: str, arguments: Mapping[str, object]) -> records.Asked:
        reply = self._server.post("/api/jobs", {"kind": kind, "arguments": dict(arguments)})
        if reply.status != 409:
            _check(reply)
        return _read(reply.data, records.Asked)

    def _get(self, path: str, kind: type[T], key: str | None = None) -> T:
        reply = self._server.get(path)
        _check(reply)
        return _read(reply.data if key is None else reply.data.get(key), kind)


def _read(data: Any, kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise ServerSilent(
            "The running server answers in another way than this shipsync expects. Restart it after an upgrade."
        ) from error


def _check(reply: Reply) -> None:
    """Raise what the same question would have raised here."""
    if reply.status < 400:
        return
    said = str(reply.data.get("error") or f"The running server answered {reply.status}. Its log says why.")
    errors: Mapping[int, type[ShipsyncError]] = {400: Unusable, 404: Unknown, 409: Busy, 422: NotPassed}
    if reply.status in (401, 403):
        raise ConfigurationError([said])
    raise errors.get(reply.status, ServerSilent)(said)
