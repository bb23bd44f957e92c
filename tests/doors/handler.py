"""The network of the door's tests: the real client runs, a handler function answers (like httpx's MockTransport)."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from shipsync.doors.shipstation import ShipStation

KEY = "canary-key-5f0c1d"
SECRET = "canary-secret-9b7e42"
START = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


class FakeClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, start: datetime = START) -> None:
        self.instant = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.instant

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.instant += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return self.instant.timestamp()

    @property
    def slept_s(self) -> float:
        return sum(self.slept)


@dataclass(frozen=True)
class Asked:
    """One request as it reached the server."""

    method: str
    path: str
    query: dict[str, str]
    document: Any
    authorization: str


@dataclass(frozen=True)
class Reply:
    """What a handler answers. `document` is sent as JSON unless `text` is given."""

    document: Any = None
    status: int = 200
    text: str | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class HandlerAdapter(HTTPAdapter):
    """Hands each request to `handler`; an exception that it returns is raised as the network would."""

    def __init__(self, handler: Callable[[Asked], Reply | Exception], clock: FakeClock) -> None:
        super().__init__()
        self.handler = handler
        self.clock = clock
        self.asked: list[Asked] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        asked = Asked(
            method=str(request.method),
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            document=json.loads(request.body) if request.body else None,
            authorization=str(request.headers.get("Authorization")),
        )
        self.asked.append(asked)
        reply = self.handler(asked)
        if isinstance(reply, Exception):
            raise reply
        text = json.dumps(reply.document) if reply.text is None else reply.text
        body = text if isinstance(text, bytes) else text.encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Date": format_datetime(self.clock.now(), usegmt=True),
        } | reply.headers
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), status=reply.status, headers=headers, preload_content=False, decode_content=False
        )
        return self.build_response(request, raw)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Desk:
    """A door with its network and its clock."""

    door: ShipStation
    adapter: HandlerAdapter
    clock: FakeClock

    @property
    def asked(self) -> list[Asked]:
        return self.adapter.asked


def desk(handler: Callable[[Asked], Reply | Exception], *, clock: FakeClock | None = None, **settings: Any) -> Desk:
    """A door whose every request is answered by `handler`."""
    clock = clock or FakeClock()
    adapter = HandlerAdapter(handler, clock)
    door = ShipStation(
        "https://ssapi.shipstation.example",
        KEY,
        SECRET,
        now=clock.now,
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        adapter=adapter,
        **{"jitter": random.Random(7)} | settings,
    )
    return Desk(door, adapter, clock)
