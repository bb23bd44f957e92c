"""/healthz and /readyz: does the process work, and can its numbers be believed."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shipsync import runtime
from shipsync.desk.here import sync_state
from shipsync.errors import ShipsyncError, StoreFull
from shipsync.rules.freshness import freshness
from shipsync.store import overview
from shipsync.web.callers import is_known


async def healthz(_: Request) -> Response:
    """Whether worker and schedule are alive. `owner` lets the command line know this process from another."""
    app = runtime.app()
    return JSONResponse({"ok": app.is_working, "owner": app.owner}, status_code=200 if app.is_working else 503)


async def readyz(request: Request) -> Response:
    """Whether the numbers can be believed; if not, why, for those who may know."""
    reasons = await anyio.to_thread.run_sync(not_ready, runtime.app())
    told: dict[str, object] = {"ready": not reasons}
    if is_known(request):
        told["reasons"] = reasons
    return JSONResponse(told, status_code=503 if reasons else 200)


def not_ready(app: runtime.App) -> list[str]:
    """Why the numbers cannot be believed at this moment, a sentence each; empty if they can."""
    reasons = list(app.findings)
    try:
        app.db.check_space()
    except StoreFull as error:
        reasons.append(str(error))
    if app.past is not None:
        return [*reasons, app.past.sentence]
    try:
        sync = sync_state(app, overview.facts(app.db.read()))
    except ShipsyncError as error:
        return [*reasons, str(error)]
    told = freshness(sync, app.now())
    if told.state != "fresh":
        reasons.append(told.cause)
    return reasons


ROUTES: list[BaseRoute] = [Route("/healthz", healthz), Route("/readyz", readyz)]
