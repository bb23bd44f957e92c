"""The requests session: one HTTP exchange, with limits on time and size (API.md section 1, gotcha 6).

A read time-out counts the silence between two bytes, so a server that drips one byte a minute would hold us for ever.
Therefore every read from the socket also asks how much of the whole answer's time is left, headers included.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one answer may be."""

    connect_s: float = 10.0
    read_s: float = 60.0  # silence between two bytes; pages of 500 have taken production clients minutes
    answer_s: float = 120.0  # the whole answer, from the request to its last byte
    body_bytes: int = 64 * 1024 * 1024  # 500 orders are about 2.5 MB


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole HTTP answer as it came."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes


class TooLong(Exception):
    """The answer has more bytes than allowed."""


class DeadlineAdapter(HTTPAdapter):
    """The ordinary adapter; its connections stop reading when the whole answer has taken too long."""

    def __init__(self, monotonic: Callable[[], float], answer_s: float) -> None:
        self._monotonic = monotonic
        self._answer_s = answer_s
        super().__init__(max_retries=0)  # one retry layer, and it is transport.py

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool as requests does, then let it open our connections."""
        super().init_poolmanager(*args, **kwargs)
        adapter = self

        class Plain(HTTPConnectionPool):
            def _new_conn(self) -> Any:
                return adapter._watched(super()._new_conn())

        class Secure(HTTPSConnectionPool):
            def _new_conn(self) -> Any:
                return adapter._watched(super()._new_conn())

        self.poolmanager.pool_classes_by_scheme = {"http": Plain, "https": Secure}

    def _watched(self, connection: Any) -> Any:
        monotonic, answer_s = self._monotonic, self._answer_s

        class WatchedResponse(http.client.HTTPResponse):
            def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
                super().__init__(sock, *args, **kwargs)
                self.fp.close()
                raw = _WatchedSocket(sock, deadline=monotonic() + answer_s, monotonic=monotonic)
                self.fp = io.BufferedReader(raw)

        connection.response_class = WatchedResponse
        return connection


class _WatchedSocket(io.RawIOBase):
    """A socket to read from until a deadline; each read waits no longer than what is left, nor than its time-out."""

    def __init__(self, sock: socket.socket, *, deadline: float, monotonic: Callable[[], float]) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._silence_s = sock.gettimeout()
        self._deadline = deadline
        self._monotonic = monotonic

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - self._monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        self._sock.settimeout(left if self._silence_s is None else min(left, self._silence_s))
        return self._file.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class Wire:
    """One session with one server. Sends Basic auth with every request: waiting for a 401 would cost another one."""

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        *,
        limits: Limits,
        adapter: HTTPAdapter,
    ) -> None:
        self._url = url.rstrip("/")
        self._limits = limits
        self._session = requests.Session()
        self._session.auth = requests.auth.HTTPBasicAuth(key.encode(), secret.encode())
        self._session.headers.update({"Accept": "application/json", "User-Agent": "shipsync/0.1"})
        self._session.trust_env = not _is_loopback(url)  # a proxy set for the machine does not reach the sandbox
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def send(self, method: str, path: str, params: dict[str, str], body: bytes | None) -> Reply:
        """One exchange. Raises requests' own exceptions, and TooLong; redirects are not followed."""
        headers = {"Content-Type": "application/json; charset=utf-8"} if body is not None else None
        response = self._session.request(
            method,
            self._url + path,
            params=params,
            data=body,
            headers=headers,
            timeout=(self._limits.connect_s, self._limits.read_s),
            allow_redirects=False,
            stream=True,
        )
        try:
            pieces: list[bytes] = []
            size = 0
            for piece in response.iter_content(CHUNK_BYTES):
                size += len(piece)
                if size > self._limits.body_bytes:
                    raise TooLong
                pieces.append(piece)
        finally:
            response.close()
        return Reply(response.status_code, response.headers, b"".join(pieces))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
