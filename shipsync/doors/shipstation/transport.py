"""Asking ShipStation once, however many tries that takes: the only retry layer (API.md section 1, gotchas 5 and 6).

    ask -> pace -> wire -> judge -> Answer
             ^                 |
             +---- Trouble ----+   only what is named in `_judge` and `_lost`, with full jitter and an end

What is tried again: a connection that failed or broke, a time-out, a body cut short, a 5xx, a 429 (after the seconds
it names), and an answer that is not JSON. A 401 gets one second look. On a write, a 500 that carries an
ExceptionMessage is ShipStation's way of refusing the order, and is final.
"""

from __future__ import annotations

import base64
import json
import logging
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import requests

from shipsync.doors.shipstation.rate import Pace, Rest
from shipsync.doors.shipstation.wire import Reply, TooLong, Wire
from shipsync.errors import (
    CredentialsRefused,
    ShipStationDown,
    ShipStationError,
    ShipStationGarbled,
    ShipStationRefused,
    ShipStationUnclear,
)

log = logging.getLogger(__name__)

BASE_S = 1.0
CAP_S = 60.0
MAX_THROTTLED = 10  # 429s in a row of one request: more than ten full minutes of other people's traffic

_THROTTLED = "too many requests"


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its exact text, what that text says, and the server's own time."""

    body: str
    data: Any
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was wrong with one try."""

    error: ShipStationError
    again: bool  # trying again may help
    server_error: bool = False  # a 5xx, which for a list may mean one broken row (API.md gotcha 4)
    not_found: bool = False
    throttled_s: float | None = None  # a 429 and the seconds it asks us to wait
    unclear: bool = False  # the request may have been carried out


class Transport:
    """All requests of one key pair go through one Transport, which paces, retries, counts and judges them."""

    def __init__(
        self,
        wire: Wire,
        pace: Pace,
        rest: Rest,
        *,
        now: Callable[[], datetime],
        jitter: random.Random,
        tries: int,
        secrets: tuple[str, str],
    ) -> None:
        self._wire = wire
        self._pace = pace
        self._rest = rest
        self._now = now
        self._jitter = jitter
        self._tries = tries
        self._secrets = _scrubbed_forms(*secrets)
        self.requests: Counter[str] = Counter()
        self.recent: deque[tuple[datetime, str]] = deque(maxlen=5_000)

    def get(
        self,
        kind: str,
        path: str,
        params: dict[str, str],
        *,
        tries: int | None = None,
        check: Callable[[Any], object] | None = None,
    ) -> Answer | Trouble:
        """Read. A Trouble is returned, not raised, so that the caller can divide a page or take a 404 for an answer.

        `check` raises ShipStationGarbled for JSON of the wrong shape, which is then asked for again.
        """
        return self._ask(kind, "GET", path, params, None, tries or self._tries, check)

    def post(self, kind: str, path: str, document: object, *, check: Callable[[Any], object]) -> Answer:
        """Write something that may safely be sent twice. Raises the error when it was not done for certain."""
        body = json.dumps(document, default=float).encode()
        outcome = self._ask(kind, "POST", path, {}, body, self._tries, check)
        if isinstance(outcome, Trouble):
            raise outcome.error
        return outcome

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _ask(
        self,
        kind: str,
        method: str,
        path: str,
        params: dict[str, str],
        body: bytes | None,
        tries: int,
        check: Callable[[Any], object] | None,
    ) -> Answer | Trouble:
        tried = throttled = 0
        second_look = maybe_done = False
        while True:
            outcome = self._once(kind, method, path, params, body, check)
            if isinstance(outcome, Answer):
                return outcome
            maybe_done = maybe_done or outcome.unclear
            if outcome.throttled_s is not None:
                throttled += 1
                if throttled == MAX_THROTTLED:
                    return self._final(outcome, maybe_done)
                log.warning("%s %s: 429, waiting %.0f s.", method, path, outcome.throttled_s)
                self._pace.hold(outcome.throttled_s)
                continue
            if isinstance(outcome.error, CredentialsRefused) and not second_look:
                second_look = True
            elif not outcome.again or isinstance(outcome.error, CredentialsRefused):
                return outcome
            else:
                tried += 1
                if tried >= tries:
                    return self._final(outcome, maybe_done)
            wait_s = self._jitter.uniform(0, min(CAP_S, BASE_S * 2 ** max(tried - 1, 0)))
            log.warning("%s %s: %s Trying again in %.1f s.", method, path, outcome.error, wait_s)
            self._rest.rest(wait_s, f"{outcome.error} Tries again")

    def _once(
        self,
        kind: str,
        method: str,
        path: str,
        params: dict[str, str],
        body: bytes | None,
        check: Callable[[Any], object] | None,
    ) -> Answer | Trouble:
        sent_at = self._pace.take()
        self.requests[kind] += 1
        self.recent.append((sent_at, kind))
        is_write = body is not None
        lost: tuple[str, bool]
        try:
            reply = self._wire.send(method, path, params, body)
        except requests.exceptions.ConnectTimeout:
            lost = ("no connection within the time allowed", False)
        except requests.exceptions.Timeout:
            lost = ("no answer within the time allowed", True)
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            # The text of a foreign error may hold a proxy's password; its kind is enough.
            lost = ("the connection failed or broke", not _never_connected(error))
        except requests.exceptions.ContentDecodingError:
            lost = ("the answer was cut short or damaged", True)
        except TooLong:
            lost = ("the answer is far longer than any page", True)
        else:
            self._heed(reply)
            return self._judge(reply, path, is_write, check)
        # Outside the except clause, so that no foreign error with our headers in it hangs on to ours.
        return Trouble(ShipStationDown(f"{path}: {lost[0]}."), again=True, unclear=is_write and lost[1])

    def _judge(
        self, reply: Reply, path: str, is_write: bool, check: Callable[[Any], object] | None
    ) -> Answer | Trouble:
        status = reply.status
        if status in (200, 201):
            return self._read(reply, path, is_write, check)
        said = self._said(reply)
        if status == 429:
            return self._throttled(reply, path)
        if status in (401, 403):
            error = CredentialsRefused(
                f"ShipStation refused the credentials ({status}{said}). Check the key and secret in the settings."
            )
            return Trouble(error, again=True)
        if status >= 500:
            if is_write and _exception_message(_loaded(reply)) is not None:
                return Trouble(ShipStationRefused(f"{path}: refused{said}."), again=False)
            return Trouble(
                ShipStationDown(f"{path}: ShipStation answered {status}{said}."),
                again=True,
                server_error=True,
                unclear=is_write,
            )
        if 300 <= status < 400:
            error_3xx = ShipStationRefused(f"{path}: sent elsewhere ({status}). Check the address in the settings.")
            return Trouble(error_3xx, again=False)
        if 400 <= status < 500:
            return Trouble(
                ShipStationRefused(f"{path}: refused ({status}{said})."), again=False, not_found=status == 404
            )
        strange = ShipStationGarbled(f"{path}: the answer has the undocumented status {status}.")
        return Trouble(strange, again=True, unclear=is_write)

    def _read(self, reply: Reply, path: str, is_write: bool, check: Callable[[Any], object] | None) -> Answer | Trouble:
        try:
            body, data = _json_of(reply)
            if isinstance(data, dict) and _THROTTLED in (_message(data) or "").lower():
                return self._throttled(reply, path)  # seen once with another status than 429
            if check is not None:
                check(data)
        except ShipStationGarbled as error:
            garbled = ShipStationGarbled(f"{path}: the answer cannot be used: {error}")
            return Trouble(garbled, again=True, unclear=is_write)
        return Answer(body=body, data=data, answered_at=self._answered_at(reply))

    def _throttled(self, reply: Reply, path: str) -> Trouble:
        reset_s = _number(reply.headers.get("X-Rate-Limit-Reset"))
        wait_s = float(reset_s) if reset_s is not None and 1 <= reset_s <= 60 else 60.0
        error = ShipStationDown(f"{path}: too many requests (429). Something else uses the same key heavily.")
        return Trouble(error, again=True, throttled_s=wait_s)

    def _heed(self, reply: Reply) -> None:
        reset_s = _number(reply.headers.get("X-Rate-Limit-Reset"))
        if reset_s is not None and not 0 <= reset_s <= 60:
            reset_s = 60
        self._pace.heed(_number(reply.headers.get("X-Rate-Limit-Remaining")), reset_s)

    def _answered_at(self, reply: Reply) -> datetime:
        try:
            told = parsedate_to_datetime(reply.headers.get("Date", ""))
        except ValueError:
            return self._now()
        return told.astimezone(UTC) if told.tzinfo is not None else told.replace(tzinfo=UTC)

    def _said(self, reply: Reply) -> str:
        """What the body of a refusal says, as `: text`, without our credentials should a server repeat them."""
        data = _loaded(reply)
        text = _exception_message(data) or _message(data)
        if not text:
            return ""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return f": {' '.join(text.split())[:300]}"

    def _final(self, trouble: Trouble, may_be_done: bool) -> Trouble:
        if not may_be_done:
            return trouble
        error = ShipStationUnclear(f"{trouble.error} Whether the orders arrived is not known: send them again.")
        return Trouble(error, again=False, unclear=True)


def _json_of(reply: Reply) -> tuple[str, Any]:
    """The body as text and as data. The content type is looked at first: an outage page is HTML with status 200."""
    kind = reply.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind not in ("application/json", "text/json"):
        raise ShipStationGarbled(f"It is {kind[:60] or 'of no stated type'}, not JSON.")
    try:
        body = reply.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ShipStationGarbled("It is not UTF-8.") from None
    return body, load_json(body)


def load_json(body: str) -> Any:
    """Read JSON strictly: Decimal numbers; a doubled key, NaN or anything cut raises ShipStationGarbled.

    Half surrogate pairs and NUL, which JSON can write but no database stores, become U+FFFD.
    """
    try:
        data = _DECODER.decode(body)
    except ShipStationGarbled:
        raise
    except (ValueError, RecursionError) as error:
        raise ShipStationGarbled(f"It is not whole JSON ({type(error).__name__}).") from None
    if "\\u0000" in body or "\\ud" in body or "\\uD" in body:
        return _cleaned(data)
    return data


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ShipStationGarbled("It names the same field twice.")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ShipStationGarbled(f"It holds {name}, which is not a number.")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once_each)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "�")
    if isinstance(value, list):
        return [_cleaned(element) for element in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(element) for name, element in value.items()}
    return value


def _loaded(reply: Reply) -> Any:
    try:
        return load_json(reply.body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ShipStationGarbled):
        return None


def _field(data: Any, name: str) -> str | None:
    """A text field of an error body, whatever its capitals: both families of API.md section 1."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key.lower() == name and isinstance(value, str) and value.strip():
                return value
    return None


def _message(data: Any) -> str | None:
    return _field(data, "message")


def _exception_message(data: Any) -> str | None:
    return _field(data, "exceptionmessage")


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _never_connected(error: BaseException) -> bool:
    """Whether a connection error happened before anything was sent: refused, or the name not found."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _scrubbed_forms(key: str, secret: str) -> tuple[str, ...]:
    """The forms in which a careless server or proxy could repeat the credentials; short ones are ordinary words."""
    token = base64.b64encode(f"{key}:{secret}".encode()).decode()
    return tuple(form for form in (token, secret, key) if len(form) >= 8)
