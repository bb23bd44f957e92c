"""The embedded ShipStation over real HTTP/1.1, on 127.0.0.1 (API.md section 1).

    request -> log -> credentials -> rate window -> fault? -> world.advance_to(now), handler, under one lock -> bytes

Each answer is one send, so no reader waits for a delayed acknowledgement. Connections are kept open between requests.
The `Date` header and the rate window go by the injected clock.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import select
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import urlsplit

from shipsync.sandbox import endpoints, views
from shipsync.sandbox.endpoints import Answer, Call
from shipsync.sandbox.faults import Fault, Faults
from shipsync.sandbox.limits import Allowance, RateWindow
from shipsync.sandbox.lists import Query
from shipsync.sandbox.world import World

_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request in the log, without credentials."""

    endpoint: str | None  # a name of `endpoints.ENDPOINTS`; None: no such address
    method: str
    path: str
    query: Mapping[str, str]
    status: int | None  # None: the client got no status line
    at: datetime  # by the injected clock
    fault: str | None = None  # what was made to go wrong
    rows: int | None = None  # of a list


class Server:
    """Serves one world. `with Server(world, clock.now) as server: ... server.url`.

    `requests` is the log, oldest first. Stopping ends every connection at once; starting again takes the same port,
    so that a stopped server is a refused connection.
    """

    def __init__(
        self,
        world: World,
        now: Callable[[], datetime],
        *,
        port: int = 0,
        key: str = "sandbox",
        secret: str = "sandbox",  # noqa: S107  made up, like the account behind it
        faults: Faults | None = None,
        requests_per_minute: int = 40,
    ) -> None:
        self.world = world
        self.now = now
        self.faults = faults or Faults()
        self.window = RateWindow(requests_per_minute, world.switches.remaining)
        self.requests: list[RecordedRequest] = []
        self.crashes: list[BaseException] = []  # faults of this program itself: leaving `with` raises the first
        self.stopping = threading.Event()
        self._credentials = f"{key}:{secret}".encode()
        self._port = port
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Listen, in a thread of its own."""
        self.stopping.clear()
        self._listener = _Listener(("127.0.0.1", self._port), self)
        self._port = self._listener.server_address[1]
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox-server", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut every connection and stop listening. A hanging or dripping answer does not hold it up."""
        listener, thread = self._listener, self._thread
        if listener is None or thread is None:
            return
        self.stopping.set()
        listener.shutdown()
        listener.server_close()
        thread.join()
        listener.cut_connections()
        self._listener = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()
        if self.crashes and exception[0] is None:
            raise self.crashes[0]

    def asked(self, endpoint: str) -> list[RecordedRequest]:
        """The requests to one endpoint, oldest first."""
        return [request for request in self.requests if request.endpoint == endpoint]

    def is_known(self, authorization: str | None) -> bool:
        """Whether a request's Authorization header holds our key and secret."""
        scheme, _, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self._credentials)


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        self._connections: set[socket.socket] = set()
        self._workers: list[threading.Thread] = []
        self._guard = threading.Lock()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._guard:
            self._connections.add(request)
            self._workers = [known for known in self._workers if known.is_alive()]
            self._workers.append(worker)
        worker.start()

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to report; anything else is a fault of ours."""
        crash = sys.exc_info()[1]
        if crash is not None and not isinstance(crash, OSError):
            self.owner.crashes.append(crash)
            super().handle_error(request, client_address)

    def cut_connections(self) -> None:
        with self._guard:
            connections, workers = list(self._connections), self._workers
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was faster
        for worker in workers:
            worker.join(timeout=5)


class _Connection(BaseHTTPRequestHandler):
    """One client's connection: reads requests one after the other and answers each with one send."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the console: the log is `Server.requests`."""

    # -- one request ---------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        owner = self.server.owner
        body = self._read_body()
        url = urlsplit(self.path)
        name, path_id, is_path = endpoints.find(self.command, url.path)
        query = Query(url.query, owner.world.books)
        now = owner.now()
        request_no = len(owner.requests)

        def record(status: int | None, fault: Fault | None = None, rows: int | None = None) -> RecordedRequest:
            request = RecordedRequest(
                name, self.command, url.path, query.given, status, now, fault.name if fault else None, rows
            )
            owner.requests.append(request)
            return request

        if not owner.is_known(self.headers.get("Authorization")):
            record(401)
            family = owner.world.switches.unauthorized_body
            self._send(endpoints.message(401, "Invalid API credentials", family), now, None)
            return
        allowance = owner.window.ask(now)
        if not allowance.allowed:
            record(429)
            extra = {"Retry-After": str(allowance.reset_s)} if owner.world.switches.retry_after_on_429 else {}
            self._send(endpoints.message(429, "Too Many Requests"), now, allowance, extra=extra)
            return
        fault = owner.faults.next(name or "")
        if fault is not None and fault.kind in ("answer", "reset", "hang"):
            # Whoever is answered may ask again at once, and the log goes by the order of the requests.
            record(fault.status if fault.kind == "answer" else None, fault)
            self._go_wrong(fault, now, allowance)
            return
        if fault is not None and fault.kind == "slow" and self._wait(fault.seconds):
            record(None, fault)
            self._cut()
            return
        if name is None:
            record(405 if is_path else 404, fault)
            missing = endpoints.message(405 if is_path else 404, "Not Found", owner.world.switches.not_found_body)
            self._send(missing, now, allowance)
            return
        with owner.world.lock:
            owner.world.advance_to(now)
            shows = owner.faults.shows(now, owner.world.switches.visibility_lag_s)
            call = Call(owner.world, query, path_id, body, now, shows, request_no)
            answer = endpoints.answer(name, call)
        if name == "orders" and answer.page is not None and owner.faults.is_poisoned(answer.page.ids):
            answer = endpoints.message(500, "An error has occurred.", "aspnet")
        if fault is not None and fault.kind == "null_row" and answer.page is not None:
            found = answer.page
            rows = [*found.texts[:1], "null", *found.texts[1:]]
            answer = Answer(200, views.envelope(found.key, rows, found.total, found.page, found.pages), found)
        is_unheard = fault is not None and fault.kind == "lost_answer"
        request = record(
            None if is_unheard else answer.status, fault, len(answer.page.ids) if answer.page is not None else None
        )
        if answer.page is not None:
            owner.faults.after_page(owner.world, request)
        self._send(answer, now, allowance, fault=fault)

    def _read_body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length) if length else b""

    def _go_wrong(self, fault: Fault, now: datetime, allowance: Allowance) -> None:
        """Play a fault that strikes before anything is done."""
        if fault.kind == "answer":
            answer = Answer(fault.status, fault.body)
            self._send(
                answer,
                now,
                allowance if fault.has_limit_headers else None,
                content_type=fault.content_type,
                extra=fault.headers,
            )
            return
        if fault.kind == "hang":
            self._wait(fault.seconds)
        self._cut()

    # -- sending -------------------------------------------------------------------------------------------------

    def _send(
        self,
        answer: Answer,
        now: datetime,
        allowance: Allowance | None,
        *,
        fault: Fault | None = None,
        content_type: str = _JSON,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        body = answer.body.encode()
        if fault is not None and fault.kind == "cut_json":
            body = body[: int(len(body) * fault.share)]
        head = self._head(answer.status, len(body), now, allowance, content_type if body else None, extra or {})
        if self.command == "HEAD":
            body = b""
        kind = fault.kind if fault is not None else None
        if kind == "lost_answer":
            self._cut()
        elif kind == "drop_mid_body" and fault is not None:
            self.connection.sendall(head + body[: int(len(body) * fault.share)])
            self._cut(reset=fault.is_reset)
        elif kind == "drip" and fault is not None:
            self._drip(head + body, fault.seconds)
        else:
            self.connection.sendall(head + body)

    def _head(
        self,
        status: int,
        length: int,
        now: datetime,
        allowance: Allowance | None,
        content_type: str | None,
        extra: Mapping[str, str],
    ) -> bytes:
        """The headers as recorded from the real server."""
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            "Cache-Control: no-cache",
            "Pragma: no-cache",
            *([f"Content-Type: {content_type}"] if content_type else []),
            "Expires: -1",
            "Server: Microsoft-IIS/8.0",
            "X-AspNet-Version: 4.0.30319",
            "X-Powered-By: ASP.NET",
            f"Date: {format_datetime(now.astimezone(UTC), usegmt=True)}",
            f"Content-Length: {length}",
        ]
        if allowance is not None:
            lines += [
                f"X-Rate-Limit-Limit: {allowance.limit}",
                f"X-Rate-Limit-Remaining: {allowance.remaining}",
                f"X-Rate-Limit-Reset: {allowance.reset_s}",
            ]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _drip(self, message: bytes, seconds: float) -> None:
        pieces = max(1, min(len(message), int(seconds * 20)))
        size = -(-len(message) // pieces)
        for place in range(0, len(message), size):
            self.connection.sendall(message[place : place + size])
            if self.server.owner.stopping.wait(seconds / pieces):
                self._cut()
                return

    def _wait(self, seconds: float) -> bool:
        """Wait for real; whether the client went away or the server is being stopped before that."""
        owner = self.server.owner
        for _ in range(max(1, int(seconds / 0.05))):
            if owner.stopping.wait(0.05):
                return True
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return True
        return False

    def _cut(self, *, reset: bool = True) -> None:
        """End the connection with a reset, as a broken network does, or in good order, as a broken server does."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_WR)
        self.connection.close()
