"""Finding the running server, and not taking another for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shipsync.doors.server import Address, Server, address_file, announced, find
from shipsync.errors import ServerSilent

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


class Answering(BaseHTTPRequestHandler):
    """Says the same to everybody, and remembers what it was brought."""

    body = b""
    brought: list[str | None]

    def do_GET(self) -> None:
        self.brought.append(self.headers.get("Authorization"))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def somebody(body: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """A program that answers everything with one body. Yields its address and the authorizations it saw."""
    brought: list[str | None] = []
    handler = type("Handler", (Answering,), {"body": body, "brought": brought})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", brought
        server.shutdown()
        thread.join()


def test_a_server_is_found_by_the_file_beside_the_database(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with somebody(b'{"ok": true, "owner": "me"}') as (url, _), announced(database, Address(url, 7, "me")):
        found = find(database, None)
        assert found is not None
        assert found.address == Address(url, 7, "me")
    assert not address_file(database).exists()
    assert find(database, None) is None


def test_a_file_that_a_killed_server_left_is_passed_over(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with announced(database, Address(NOBODY, 7, "me")):
        assert find(database, None) is None


@pytest.mark.parametrize("body", [b'{"ok": true, "owner": "another"}', b"<html>", b"[]", b""])
def test_another_program_at_that_port_is_no_server_and_gets_no_token(tmp_path: Path, body: bytes) -> None:
    database = tmp_path / "a.duckdb"
    with somebody(body) as (url, brought), announced(database, Address(url, 7, "me")):
        assert find(database, "secret") is None
        assert brought == [None]


def test_the_server_itself_gets_the_token(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with somebody(b'{"owner": "me"}') as (url, brought), announced(database, Address(url, 7, "me")):
        found = find(database, "secret")
        assert found is not None
        found.get("/api/status")
        assert brought == [None, "Bearer secret"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", json.dumps({"url": "x"}), json.dumps({"url": 1, "more": 2})])
def test_a_file_that_says_nothing_useful_is_passed_over(tmp_path: Path, text: str) -> None:
    database = tmp_path / "a.duckdb"
    address_file(database).write_text(text)
    assert find(database, None) is None


def test_a_server_that_is_gone_is_named_in_the_error() -> None:
    with pytest.raises(ServerSilent, match=NOBODY):
        Server(Address(NOBODY, 7, "me"), None).get("/api/status")
