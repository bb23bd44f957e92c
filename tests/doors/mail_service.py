"""A stand-in for the mail service on this machine: answers as it is told and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECE_BYTES = 256 * 1024


@dataclass
class MailService:
    """What it answers, and what came. `on_mail` is called when a mail is in, before the answer.

    `on_piece` is called for each piece of a mail but the last one, while the rest is still on its way.
    """

    status: int = 202
    body: bytes = b""
    hangs_up: bool = False  # breaks the connection instead of answering
    on_mail: Callable[[], None] = lambda: None
    on_piece: Callable[[], None] = lambda: None
    url: str = ""
    mails: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)  # path and what stood under Authorization


@contextmanager
def a_mail_service(**told: Any) -> Iterator[MailService]:
    """One that runs as long as the block."""
    service = MailService(**told)

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """A mail is handed in."""
            sent = self._all_of_it()
            if sent is None:
                self.close_connection = True
                return
            service.requests.append((self.path, self.headers["Authorization"]))
            service.mails.append(json.loads(sent))
            service.on_mail()
            if service.hangs_up:
                self.close_connection = True
                return
            # Whoever asked may be gone by now: killed, or out of patience.
            with suppress(ConnectionError):
                self.send_response(service.status)
                self.send_header("X-Message-Id", "m-1")
                self.send_header("Content-Length", str(len(service.body)))
                self.end_headers()
                self.wfile.write(service.body)

        def _all_of_it(self) -> bytes | None:
            """What was sent; None where whoever sent it was gone before its end."""
            length = int(self.headers["Content-Length"])
            sent = b""
            while len(sent) < length:
                if sent:
                    service.on_piece()
                piece = self.rfile.read(min(PIECE_BYTES, length - len(sent)))
                if not piece:
                    return None
                sent += piece
            return sent

        def log_message(self, format: str, *args: object) -> None:
            """Tests say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
