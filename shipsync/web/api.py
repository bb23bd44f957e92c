"""HTTP routes beside the pages (DESIGN section 5): for programs, for monitoring, and for the command line.

Each answer is JSON, but for documents; what goes wrong is {"error": sentence} with HTTP's status. Who may call is in
callers.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shipsync import runtime
from shipsync.desk import records
from shipsync.desk.here import Here
from shipsync.desk.parity import parity_summary
from shipsync.errors import Busy, NotPassed, ShipsyncError, Unknown, Unusable
from shipsync.rules.months import month_named
from shipsync.rules.weeks import week_named
from shipsync.store import closing_documents
from shipsync.store.closings import Kind
from shipsync.web import health
from shipsync.web.callers import RefusedError, caller, refuse_foreign
from shipsync.web.metrics import exposition
from shipsync.web.roles import Person, Role

log = logging.getLogger(__name__)

# POST /api/sync/{name}: what a press on the button of that name starts.
STARTABLE: Mapping[str, str] = {"sync": "shipstation-sync", "eod": "eod", "eow": "eow", "eom": "eom"}

REPORT_FORMS = ("pdf", "xlsx", "csv")

MAX_BODY_BYTES = 64_000
JOBS_LISTED = range(1, 501)

Handler = Callable[[Request, Here, Mapping[str, Any]], Response]


class JobRequest(BaseModel):
    """The body of POST /api/jobs."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    arguments: dict[str, Any] = {}


class SwitchRequest(BaseModel):
    """The body of POST /api/workflows/{name}."""

    model_config = ConfigDict(extra="forbid")

    enabled: StrictBool


class ChangeRequest(BaseModel):
    """The body of POST /api/parity/{change}. A person and a reason have to be named."""

    model_config = ConfigDict(extra="forbid")

    by: str
    reason: str
    reviewed_by: str = ""
    dry_run: StrictBool = False


# What a route answers. All run in a thread of their own: they wait for the database.


def start(request: Request, desk: Here, body: Mapping[str, Any]) -> Response:
    """POST /api/sync/{name}: 202 with the new job's id, or 409 with that of the one that is queued or running."""
    name = request.path_params["name"]
    if name not in STARTABLE:
        raise Unknown(f"There is no {name} to start. There are: {', '.join(STARTABLE)}.")
    return _asked(desk.ask_sync(body) if name == "sync" else desk.ask(STARTABLE[name], body))


def add_job(_: Request, desk: Here, body: Mapping[str, Any]) -> Response:
    """POST /api/jobs: the same for any kind of job that may be asked for from outside."""
    wanted = JobRequest.model_validate(body)
    return _asked(desk.ask(wanted.kind, wanted.arguments))


def list_jobs(request: Request, desk: Here, _: Mapping[str, Any]) -> Response:
    """GET /api/jobs?limit=: the newest first."""
    limit = request.query_params.get("limit", "20")
    if not limit.isdecimal() or len(limit) > 3 or int(limit) not in JOBS_LISTED:
        raise Unusable(f"limit: a number from {JOBS_LISTED[0]} to {JOBS_LISTED[-1]}.")
    return _json({"jobs": [one.model_dump(mode="json") for one in desk.jobs(int(limit))]})


def show_job(request: Request, desk: Here, _: Mapping[str, Any]) -> Response:
    """GET /api/jobs/{id}: with its steps, its latest run's counts and log."""
    return _json(desk.job(request.path_params["job_id"]).model_dump(mode="json"))


def cancel_job(request: Request, desk: Here, _: Mapping[str, Any]) -> Response:
    """POST /api/jobs/{id}/cancel: the job as it is then; one that runs stops after its step."""
    return _json(desk.cancel(request.path_params["job_id"]).model_dump(mode="json"))


def retry_job(request: Request, desk: Here, _: Mapping[str, Any]) -> Response:
    """POST /api/jobs/{id}/retry: 202 if it is queued again, 409 if there is nothing to try again, or another runs."""
    return _asked(desk.retry(request.path_params["job_id"]))


def list_workflows(_: Request, desk: Here, __: Mapping[str, Any]) -> Response:
    """GET /api/workflows."""
    return _json({"workflows": [one.model_dump(mode="json") for one in desk.workflows()]})


def switch_workflow(request: Request, desk: Here, body: Mapping[str, Any]) -> Response:
    """POST /api/workflows/{name}: switch it on or off."""
    desk.switch(request.path_params["name"], enabled=SwitchRequest.model_validate(body).enabled)
    return list_workflows(request, desk, {})


def show_deployment(_: Request, desk: Here, __: Mapping[str, Any]) -> Response:
    """GET /api/parity: which sync writes production, and the gates of the next change."""
    return _json(desk.deployment().model_dump(mode="json"))


def change_deployment(request: Request, desk: Here, body: Mapping[str, Any]) -> Response:
    """POST /api/parity/{change}: make it, or say in a dry run what it would come to; 422 where it may not be made."""
    name = request.path_params["change"]
    if name not in records.CHANGES:
        raise Unknown(f"There is no {name}. There are: {', '.join(records.CHANGES)}.")
    asked = ChangeRequest.model_validate(body)
    done = desk.deploy(
        records.CHANGES[name],
        by=asked.by,
        reason=asked.reason,
        reviewed_by=asked.reviewed_by,
        dry_run=asked.dry_run,
    )
    return _json(done.model_dump(mode="json"))


def show_status(_: Request, desk: Here, __: Mapping[str, Any]) -> Response:
    """GET /api/status: complete through when, orders by status, what needs a person."""
    return _json(desk.status().model_dump(mode="json"))


def show_parity(_: Request, __: Here, ___: Mapping[str, Any]) -> Response:
    """GET /api/parity/summary: which sync writes production, the gates, and the numbers of the page Parity."""
    app = runtime.app()
    return _json(parity_summary(app.db.read(), app.now()).model_dump(mode="json"))


def examine(_: Request, desk: Here, __: Mapping[str, Any]) -> Response:
    """GET /api/doctor: everything in the database is checked."""
    return _json(desk.examine().model_dump(mode="json"))


def show_metrics(request: Request, _: Here, __: Mapping[str, Any]) -> Response:
    """GET /metrics: Prometheus text."""
    text, content_type = exposition(runtime.app(), request.headers.get("accept", ""))
    return Response(text, headers={"content-type": content_type})


def weekly_report(request: Request, _: Here, __: Mapping[str, Any]) -> Response:
    """GET /api/download/weekly-report?week=2026-W47&format=pdf|xlsx|csv: as it was issued last, of the newest week."""
    return _issued(request, "eow", "week", week_named, "2026-W47", "weekly report")


def invoice(request: Request, _: Here, __: Mapping[str, Any]) -> Response:
    """GET /api/download/invoice?month=2026-11&format=pdf|xlsx|csv: as it was issued last, of the newest month."""
    return _issued(request, "eom", "month", month_named, "2026-11", "invoice")


def _issued(
    request: Request, kind: Kind, period: str, named: Callable[[str], date], example: str, called: str
) -> Response:
    """The newest document of a kind of closing, of the period that the query names or of the newest that has one."""
    form, name = request.query_params.get("format", "pdf"), request.query_params.get(period)
    if form not in REPORT_FORMS:
        raise Unusable(f"format: one of {', '.join(REPORT_FORMS)}.")
    try:
        first = named(name) if name is not None else None
    except ValueError:
        raise Unusable(f"{period}: a {period} like {example}.") from None
    found = closing_documents.newest(runtime.app().db.read(), kind, first, f".{form}")
    if found is None:
        raise Unknown(f"There is no {called}{f' of {name}' if name else ''} yet. Close the {period} first.")
    return Response(
        found.content,
        media_type=found.head.media_type,
        headers={"cache-control": "no-store", "content-disposition": _attachment(found.head.name)},
    )


def _attachment(name: str) -> str:
    quoted = quote(name)
    return f'attachment; filename="{name}"' if quoted == name else f"attachment; filename*=utf-8''{quoted}"


def _asked(asked: records.Asked) -> Response:
    told: dict[str, Any] = asked.model_dump() | {"status_url": f"/api/jobs/{asked.job_id}"}
    if not asked.created:
        told["error"] = (
            f"{asked.job_id} is queued or running already{'' if asked.is_same else ', and at something else'}."
        )
    return _json(told, 202 if asked.created else 409)


def _json(told: Mapping[str, Any], status: int = 200) -> Response:
    # Numbers of the warehouse are nobody else's: no browser or proxy keeps them.
    return JSONResponse(told, status, headers={"cache-control": "no-store"})


# How a route is called.


def _route(path: str, method: str, role: Role, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            person = _permitted(request, role)
            body = await _body(request) if method == "POST" else {}
            return await anyio.to_thread.run_sync(handler, request, Here(runtime.app(), person.name), body)
        except RefusedError as error:
            return _json({"error": str(error)}, error.status)
        except ValidationError as error:
            return _json({"error": " ".join(records.sentences(error))}, 400)
        except ShipsyncError as error:
            return _json({"error": str(error)}, _status_of(error))

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


def _permitted(request: Request, role: Role) -> Person:
    person = caller(request)
    if person.role < role:
        raise RefusedError(403, f"This needs the role {role.name.lower()}.")
    return person


async def _body(request: Request) -> Mapping[str, Any]:
    refuse_foreign(request)
    text = b""
    async for piece in request.stream():
        text += piece
        if len(text) > MAX_BODY_BYTES:
            raise RefusedError(413, f"A request has at most {MAX_BODY_BYTES:,} bytes.")
    try:
        body = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        raise Unusable("The request is not JSON.") from None
    if not isinstance(body, dict):
        raise Unusable("The request is not a JSON object.")
    return body


def _status_of(error: ShipsyncError) -> int:
    for kind, status in ((Unknown, 404), (Unusable, 400), (Busy, 409), (NotPassed, 422)):
        if isinstance(error, kind):
            return status
    # The database cannot do it at this moment; the sentence says why.
    log.warning("a request failed: %s", error)
    return 503


ROUTES: Sequence[BaseRoute] = [
    *health.ROUTES,
    _route("/metrics", "GET", Role.VIEWER, show_metrics),
    _route("/api/status", "GET", Role.VIEWER, show_status),
    _route("/api/parity/summary", "GET", Role.VIEWER, show_parity),
    _route("/api/doctor", "GET", Role.VIEWER, examine),
    _route("/api/sync/{name}", "POST", Role.OPERATOR, start),
    _route("/api/download/weekly-report", "GET", Role.VIEWER, weekly_report),
    _route("/api/download/invoice", "GET", Role.VIEWER, invoice),
    _route("/api/jobs", "GET", Role.VIEWER, list_jobs),
    _route("/api/jobs", "POST", Role.OPERATOR, add_job),
    _route("/api/jobs/{job_id}", "GET", Role.VIEWER, show_job),
    _route("/api/jobs/{job_id}/cancel", "POST", Role.OPERATOR, cancel_job),
    _route("/api/jobs/{job_id}/retry", "POST", Role.OPERATOR, retry_job),
    _route("/api/workflows", "GET", Role.VIEWER, list_workflows),
    _route("/api/workflows/{name}", "POST", Role.ADMIN, switch_workflow),
    _route("/api/parity", "GET", Role.VIEWER, show_deployment),
    _route("/api/parity/{change}", "POST", Role.ADMIN, change_deployment),
]
