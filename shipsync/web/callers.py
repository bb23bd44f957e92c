"""Which programs may call the HTTP routes, and as whom.

With SHIPSYNC_API_TOKEN set: whoever brings it. Without: only programs on this machine, and only if they speak to it by
its own name and no proxy stands between, or a browser here could be made to call for a stranger's page.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from shipsync import runtime
from shipsync.doors.server import CALLER_HEADER, COMMAND_LINE
from shipsync.web.roles import Person, Role

API = "api"
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")  # a proxy adds one of them


class RefusedError(Exception):
    """A call that is not answered. `status` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


def caller(request: Request) -> Person:
    """Who calls. Raises RefusedError (401, 403) for whoever may not."""
    token = runtime.app().settings.api_token
    if token is not None:
        if not _brings(request, token.get_secret_value()):
            raise RefusedError(401, "This needs the header Authorization: Bearer with the server's SHIPSYNC_API_TOKEN.")
    elif any(name in request.headers for name in FORWARDED):
        raise RefusedError(403, "Calls through a proxy need a token. Set SHIPSYNC_API_TOKEN and restart shipsync.")
    elif not _is_local(request):
        raise RefusedError(403, "Without SHIPSYNC_API_TOKEN only programs on this machine are answered.")
    # Whoever gets so far may do everything; the name only tells the audit log where a change came from.
    is_command_line = request.headers.get(CALLER_HEADER) == COMMAND_LINE
    return Person(COMMAND_LINE if is_command_line else API, Role.ADMIN)


def is_known(request: Request) -> bool:
    """Whether the caller may be told more than yes or no."""
    try:
        caller(request)
    except RefusedError:
        return False
    return True


def refuse_foreign(request: Request) -> None:
    """Raise RefusedError for a write that a page of another site made the browser send."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise RefusedError(403, f"Pages of {origin} may not do that.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A form of another site can send other types without the browser asking us first.
        raise RefusedError(415, "Send JSON, with the header Content-Type: application/json.")


def _brings(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _is_local(request: Request) -> bool:
    """From this machine, to a name that only this machine means: a foreign one may have been made to point here."""
    called = urlsplit(f"//{request.headers.get('host', '')}").hostname
    return request.client is not None and _is_loopback(request.client.host) and _is_loopback(called or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
