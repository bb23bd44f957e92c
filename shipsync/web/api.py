"""HTTP routes beside the pages (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shipsync import runtime


def healthz(_: Request) -> Response:
    """Whether the process works: 200 as soon as worker and schedule run."""
    app = runtime.app()
    return JSONResponse({"ok": app.is_working}, status_code=200 if app.is_working else 503)


ROUTES: Sequence[BaseRoute] = [Route("/healthz", healthz)]
