"""Calls the HTTP routes in this process, as a program or a browser at any address would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.types import Message

from shipsync.web import server

HERE = "127.0.0.1:8501"


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.text)


def call(
    method: str,
    target: str,
    body: object = None,
    *,
    host: str = HERE,
    client: str = "127.0.0.1",
    **headers: str,
) -> Reply:
    """Call once. A header `content_type="..."` is Content-Type; a body that is not text or bytes is sent as JSON."""
    given = {name.replace("_", "-").lower(): value for name, value in headers.items()} | {"host": host}
    if method == "POST":
        given.setdefault("content-type", "application/json")
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8501),
    }
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    # In a thread of its own: the browser tests leave an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, Starlette(routes=list(server.routes())), scope, receive, send).result()
    start, *pieces = answered
    return Reply(
        start["status"],
        b"".join(piece.get("body", b"") for piece in pieces).decode(),
        {name.decode(): value.decode() for name, value in start["headers"]},
    )


def get(target: str, **how: str) -> Reply:
    """GET."""
    return call("GET", target, **how)  # type: ignore[arg-type]


def post(target: str, body: object = None, **how: str) -> Reply:
    """POST."""
    return call("POST", target, body, **how)  # type: ignore[arg-type]
