"""The running server, as the command line finds and asks it (DESIGN D1).

    server:        announced(database, address): a small file beside the database, while it serves
    command line:  find(database): read that file -> ask /healthz whether its owner still answers there -> Server

A file that a killed server left behind names an owner that nobody answers for, and is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

from shipsync.errors import ServerSilent

COMMAND_LINE = "command line"
CALLER_HEADER = "Shipsync-Caller"  # who asks, for the audit log; whether they may is another header's business
_HEALTH_TIMEOUT_S = 5.0
_TIMEOUT_S = 60.0  # a write may wait for the one before it


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    url: str
    pid: int
    owner: str  # a name of that process that no other has


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    data: Mapping[str, Any]  # empty where it was no JSON object


def address_file(database: Path) -> Path:
    """Where the server of a database says where it is."""
    path = database.resolve()
    return path.with_name(path.name + ".server.json")


@contextmanager
def announced(database: Path, address: Address) -> Iterator[None]:
    """Say where the server of this database is, as long as the block lasts."""
    path = address_file(database)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(json.dumps(asdict(address)))
    os.replace(unfinished, path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(database: Path, token: str | None) -> Server | None:
    """The server that holds this database; None if there is none. `token` is the one both were given, if any."""
    try:
        address = Address(**json.loads(address_file(database).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    server = Server(address, token)
    return server if server.is_there() else None


class Server:
    """One running server. Its methods raise ServerSilent if it does not answer."""

    def __init__(self, address: Address, token: str | None) -> None:
        self.address = address
        self._session = requests.Session()
        # A proxy of the environment must not come between two programs of one machine.
        self._session.trust_env = False
        self._headers = {CALLER_HEADER: COMMAND_LINE}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def is_there(self) -> bool:
        """Whether the one that wrote the address still answers at it."""
        with suppress(ServerSilent):
            # Without the token: another program may have the port by now.
            reply = self._send("GET", "/healthz", {}, None, _HEALTH_TIMEOUT_S)
            return reply.data.get("owner") == self.address.owner
        return False

    def get(self, path: str, timeout_s: float = _TIMEOUT_S) -> Reply:
        """Ask a question."""
        return self._send("GET", path, self._headers, None, timeout_s)

    def post(self, path: str, body: Mapping[str, object]) -> Reply:
        """Ask for something to be done."""
        return self._send("POST", path, self._headers, body, _TIMEOUT_S)

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, object] | None,
        timeout_s: float,
    ) -> Reply:
        url = self.address.url + path
        try:
            answer = self._session.request(
                method, url, headers=headers, json=body, timeout=timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ServerSilent(
                f"The server at {self.address.url} does not answer any more. What it had begun it finishes, or calls "
                "interrupted at its next start. See then: python -m shipsync jobs"
            ) from error
        try:
            data = answer.json()
        except ValueError:
            data = None
        return Reply(answer.status_code, data if isinstance(data, dict) else {})
