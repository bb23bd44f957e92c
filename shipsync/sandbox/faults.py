"""Faults of the embedded ShipStation: what goes wrong, where, and how often. Settable at any time, from any thread.

    faults = Faults()
    faults.add("orders", error(503), times=2)              twice, then well again
    faults.add("*", drop_mid_body(), after=3)              from the fourth request on, until cleared
    faults.script("createorders", [None, lost_answer()])   the first goes well, the second loses its answer
    faults.poison(order_id); faults.lag(120); faults.drift(hook); faults.clear()

Endpoints are the names in `server.ENDPOINTS`; "*" is any. Times are real seconds where somebody waits for the network
(hang, slow, drip), because a client's time-out is real, too.
"""

from __future__ import annotations

import json
import random
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shipsync.sandbox.server import RecordedRequest
    from shipsync.sandbox.world import World

Kind = Literal[
    "answer",  # another answer instead of the right one; nothing is done
    "hang",  # no answer until the client gives up
    "reset",  # the connection is cut before anything is done
    "lost_answer",  # done, and the connection is cut instead of an answer
    "drop_mid_body",  # done, and the connection is cut within the body
    "cut_json",  # done, and the body ends early, with a length that fits
    "drip",  # done, and the body comes bit by bit
    "slow",  # done after a while
    "null_row",  # a null among the rows of a list
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a request goes wrong."""

    kind: Kind
    status: int = 200
    body: str = ""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    has_limit_headers: bool = True
    seconds: float = 0.0
    share: float = 0.5  # of the body that is sent
    is_reset: bool = True  # how a connection ends early: with a reset, or in good order

    @property
    def name(self) -> str:
        """For the log of requests: the kind, with the status of an answer."""
        return f"{self.kind} {self.status}" if self.kind == "answer" else self.kind


def error(status: int = 500, *, family: Literal["documented", "aspnet"] = "documented", message: str = "") -> Fault:
    """An error answer, in either family of bodies (API.md section 1). Without an ExceptionMessage: not a refusal."""
    if family == "documented":
        return Fault("answer", status, json.dumps({"message": message or "An internal error occurred"}))
    return Fault("answer", status, json.dumps({"Message": message or "An error has occurred."}))


def refusal(message: str) -> Fault:
    """A business error: HTTP 500 with an ExceptionMessage. Trying again is useless."""
    return Fault(
        "answer",
        500,
        json.dumps(
            {
                "Message": "An error has occurred.",
                "ExceptionMessage": message,
                "ExceptionType": "System.Exception",
                "StackTrace": "   at SS.OpenApi.Controllers.OrdersController._CreateOrder()",
            }
        ),
    )


def too_many(*, headers: bool = True, reset_s: int | None = None, retry_after_s: int | None = None) -> Fault:
    """A 429, with or without the limit headers; `reset_s` is what X-Rate-Limit-Reset says (0, negative, huge)."""
    extra: dict[str, str] = {}
    if reset_s is not None:
        extra |= {"X-Rate-Limit-Limit": "40", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(reset_s)}
    if retry_after_s is not None:
        extra["Retry-After"] = str(retry_after_s)
    return Fault(
        "answer",
        429,
        '{"message":"Too Many Requests"}',
        headers=extra,
        has_limit_headers=headers and reset_s is None,
    )


def unauthorized() -> Fault:
    """A 401 on a valid call, which happens at random (API.md gotcha 5)."""
    return Fault("answer", 401, '{"message":"Invalid API credentials"}')


def html(status: int = 200) -> Fault:
    """A page of HTML instead of JSON."""
    page = "<!DOCTYPE html><html><head><title>ShipStation</title></head><body>We'll be right back.</body></html>"
    return Fault("answer", status, page, content_type="text/html; charset=utf-8")


def empty(status: int = 200) -> Fault:
    """A right status and no body at all."""
    return Fault("answer", status)


def garbage(body: str, *, content_type: str = "application/json; charset=utf-8") -> Fault:
    """Any body with status 200."""
    return Fault("answer", 200, body, content_type)


def hang(seconds: float = 30.0) -> Fault:
    """Nothing comes until the client gives up, at most this long; then the connection is cut."""
    return Fault("hang", seconds=seconds)


def reset() -> Fault:
    """The connection is cut before an answer; nothing was done."""
    return Fault("reset")


def lost_answer() -> Fault:
    """The server does the work, and the answer never arrives."""
    return Fault("lost_answer")


def drop_mid_body(share: float = 0.5, *, reset: bool = True) -> Fault:
    """The connection ends after this share of the body, with a reset or in good order."""
    return Fault("drop_mid_body", share=share, is_reset=reset)


def cut_json(share: float = 0.5) -> Fault:
    """The body ends after this share, and Content-Length says that this is all."""
    return Fault("cut_json", share=share)


def drip(seconds: float) -> Fault:
    """The body comes in small pieces over that many seconds."""
    return Fault("drip", seconds=seconds)


def slow(seconds: float) -> Fault:
    """The right answer, after a while."""
    return Fault("slow", seconds=seconds)


def null_row() -> Fault:
    """A literal null among the rows of a list (API.md gotcha 16)."""
    return Fault("null_row")


def touching(order_ids: Iterable[int], *, per_page: int = 1) -> Callable[[World, RecordedRequest], None]:
    """A hook for `Faults.drift`: after each page of /orders it touches the next so many of these orders."""
    waiting = list(order_ids)

    def drift(world: World, request: RecordedRequest) -> None:
        if request.endpoint == "orders":
            for order_id in waiting[:per_page]:
                world.touch(order_id)
            del waiting[:per_page]

    return drift


@dataclass(slots=True)
class _Rule:
    endpoint: str
    fault: Fault
    left: int | None  # how often it still strikes; None: until cleared
    skip: int  # matching requests that go well before
    share: float


class Faults:
    """What is to go wrong. An empty one is a healthy server."""

    def __init__(self, seed: int = 0) -> None:
        self._rules: list[_Rule] = []
        self._scripts: dict[str, list[Fault | None]] = {}
        self._poison: set[int] = set()
        self._lag: tuple[float, float] | None = None
        self._drift: Callable[[World, RecordedRequest], None] | None = None
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def add(self, endpoint: str, fault: Fault, *, times: int | None = None, after: int = 0, share: float = 1.0) -> None:
        """Let requests to an endpoint go wrong: `times` of them (None: until cleared), after `after` that go well.

        `share` below 1 strikes that share of them at random, from the seed.
        """
        with self._lock:
            self._rules.append(_Rule(endpoint, fault, times, after, share))

    def script(self, endpoint: str, faults: Iterable[Fault | None]) -> None:
        """Say what happens to each of the next requests to an endpoint, None being well; then all is well again."""
        with self._lock:
            self._scripts.setdefault(endpoint, []).extend(faults)

    def poison(self, order_id: int) -> None:
        """Every answer of /orders that would show this order is a 500 (API.md gotcha 4)."""
        with self._lock:
            self._poison.add(order_id)

    def heal(self, order_id: int) -> None:
        """Take the poison out of an order."""
        with self._lock:
            self._poison.discard(order_id)

    def lag(self, seconds: float, *, share: float = 1.0) -> None:
        """Objects show in lists only so long after their stamp; `share` of the stamps only, chosen by id and stamp."""
        with self._lock:
            self._lag = (seconds, share) if seconds > 0 else None

    def drift(self, hook: Callable[[World, RecordedRequest], None] | None) -> None:
        """Call this after every page of a list was made, before the next: it may touch the world."""
        with self._lock:
            self._drift = hook

    def clear(self, endpoint: str | None = None) -> None:
        """Forget the faults of one endpoint, or everything, poison, lag and drift included."""
        with self._lock:
            if endpoint is not None:
                self._rules = [rule for rule in self._rules if rule.endpoint != endpoint]
                self._scripts.pop(endpoint, None)
                return
            self._rules.clear()
            self._scripts.clear()
            self._poison.clear()
            self._lag = None
            self._drift = None

    def pending(self, endpoint: str) -> int:
        """How many requests to an endpoint the script still speaks of."""
        with self._lock:
            return len(self._scripts.get(endpoint, ()))

    # -- for the server ------------------------------------------------------------------------------------------

    def next(self, endpoint: str) -> Fault | None:
        """What happens to this request; a script goes before rules, an older rule before a younger."""
        with self._lock:
            for name in (endpoint, "*"):
                if self._scripts.get(name):
                    return self._scripts[name].pop(0)
            for rule in self._rules:
                if rule.endpoint not in (endpoint, "*") or rule.left == 0:
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                if rule.share < 1.0 and self._random.random() >= rule.share:
                    continue
                if rule.left is not None:
                    rule.left -= 1
                return rule.fault
            return None

    def is_poisoned(self, ids: Iterable[int]) -> bool:
        """Whether one of these orders is poisoned."""
        with self._lock:
            return bool(self._poison) and not self._poison.isdisjoint(ids)

    def shows(self, now: datetime, default_lag_s: float) -> Callable[[int, datetime], bool] | None:
        """The test of what lists show at `now`; None when they show everything."""
        with self._lock:
            seconds, share = self._lag or (default_lag_s, 1.0)
        if seconds <= 0:
            return None
        newest = now - timedelta(seconds=seconds)

        def shown(entity_id: int, changed_at: datetime) -> bool:
            if changed_at <= newest:
                return True
            return share < 1.0 and zlib.crc32(f"{entity_id}/{changed_at}".encode()) % 1000 >= share * 1000

        return shown

    def after_page(self, world: World, request: RecordedRequest) -> None:
        """Run the drift hook, if there is one."""
        with self._lock:
            hook = self._drift
        if hook is not None:
            hook(world, request)
