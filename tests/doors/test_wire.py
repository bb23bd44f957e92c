"""The real network stack against a socket that misbehaves: time-outs, a dripping answer, connections cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest

from shipsync.doors.shipstation import Limits, ShipStation
from shipsync.errors import ShipStationDown

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
BODY = b'[{"shippingProviderId": 1, "code": "ups", "name": "UPS"}]'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)


@contextmanager
def server(*scripts: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one connection after the other, each as its script says, and the last one for good."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []
    open_ones: list[socket.socket] = []

    def serve() -> None:
        number = 0
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            script = scripts[min(number, len(scripts) - 1)]
            number += 1
            open_ones.append(connection)
            with connection:
                try:
                    while request := read_request(connection):
                        heard.append(request)
                        script(connection)
                except OSError:
                    continue  # the client has gone, or the script hung up

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()


def read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        received += piece
    return received


def well(connection: socket.socket) -> None:
    connection.sendall(HEAD + BODY)


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def cut(connection: socket.socket) -> None:
    connection.sendall(HEAD + BODY[:20])
    hang_up(connection)


def drip(connection: socket.socket, text: bytes = HEAD + BODY) -> None:
    for byte in text:
        connection.sendall(bytes([byte]))


def silence(connection: socket.socket) -> None:
    connection.recv(1)  # until the client gives up


def door(url: str, limits: Limits | None = None, monotonic: Callable[[], float] = lambda: 0.0) -> ShipStation:
    return ShipStation(
        url,
        "key",
        "secret",
        now=lambda: NOW,
        sleep=lambda seconds: None,
        monotonic=monotonic,
        limits=limits or Limits(),
        tries=2,
    )


class RunningOut:
    """Monotonic seconds that pass by 50 with every look at them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 50
        return self.seconds


@pytest.mark.parametrize("trouble", [hang_up, cut], ids=["hung up", "cut in the body"])
def test_a_connection_that_breaks_is_made_again(trouble: Callable[[socket.socket], None]) -> None:
    with server(trouble, well) as (url, heard):
        assert [carrier.code for carrier in door(url).carriers()] == ["ups"]
        assert len(heard) == 2


def test_one_connection_serves_many_requests() -> None:
    """The second script would hang up on a second connection."""
    with server(well, hang_up) as (url, heard):
        at = door(url)
        for _ in range(3):
            at.carriers()
        assert len(heard) == 3


def test_an_answer_that_drips_is_read_while_there_is_time() -> None:
    with server(drip) as (url, _):
        at = door(url)
        assert [carrier.code for carrier in at.carriers()] == ["ups"]


@pytest.mark.parametrize("dripping", [HEAD[:40], HEAD + BODY[:30]], ids=["headers", "body"])
def test_an_answer_that_drips_longer_than_allowed_is_given_up(dripping: bytes) -> None:
    def drip_and_wait(connection: socket.socket) -> None:
        drip(connection, dripping)
        silence(connection)

    with server(drip_and_wait) as (url, _):
        at = door(url, monotonic=RunningOut())
        with pytest.raises(ShipStationDown, match=r"within the time allowed|failed or broke"):
            at.carriers()


def test_silence_is_given_up_after_the_read_time_out() -> None:
    with server(silence) as (url, _):
        at = door(url, Limits(read_s=0.05))
        with pytest.raises(ShipStationDown, match="within the time allowed"):
            at.carriers()


def test_nobody_listening_is_an_outage() -> None:
    with server(well) as (url, _):
        pass
    with pytest.raises(ShipStationDown, match="failed or broke"):
        door(url).carriers()


def test_a_chunked_answer_is_read_whole() -> None:
    def chunked(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (BODY[:7], BODY[7:]):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")

    with server(chunked) as (url, _):
        at = door(url)
        assert [carrier.code for carrier in at.carriers()] == ["ups"]
