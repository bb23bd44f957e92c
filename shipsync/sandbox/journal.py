"""What people did and what was uploaded, kept so that a world survives a restart (DESIGN D21).

One JSON line per deed, written through to the disk before the deed is answered: a deed that was answered is there
after a kill, a deed that was not may be missing. The first line names the world. A last line cut off by a kill is
taken away when the file is opened again. What happens by itself is not kept: the seed makes it happen again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from shipsync.errors import ConfigurationError

_NAME = "world.jsonl"


def _encode(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    raise TypeError(f"{type(value).__name__} cannot be kept in the journal.")


def _decode(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        if "$decimal" in value:
            return Decimal(value["$decimal"])
        if "$instant" in value:
            return datetime.fromisoformat(value["$instant"])
        if "$day" in value:
            return date.fromisoformat(value["$day"])
    return value


def kept_world(folder: Path) -> dict[str, Any] | None:
    """Which world is kept in this folder: its seed, its start and whatever else makes it another. None: none is."""
    try:
        with (folder / _NAME).open("rb") as file:
            first = file.readline()
    except FileNotFoundError:
        return None
    if not first.endswith(b"\n"):
        return None
    world: dict[str, Any] = json.loads(first, object_hook=_decode)
    return world


class Journal:
    """The deeds of one world, oldest first.

    `world` says which world that is: seed, start, and whatever else makes it another. Raises ConfigurationError when
    the folder keeps another one.
    """

    def __init__(self, folder: Path, **world: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / _NAME
        self._world = world
        self._file: BinaryIO | None = None

    def deeds(self) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """Every deed that was kept: when, which, and with what. Afterwards the journal takes new ones."""
        if not self._path.exists() or kept_world(self._path.parent) is None:
            self._path.write_bytes(b"")
            self._file = self._path.open("ab")
            self._write(self._world)
            return
        length = 0
        with self._path.open("rb") as file:
            head = json.loads(file.readline(), object_hook=_decode)
            if self._world | head != self._world:
                kept = ", ".join(f"{name} {value}" for name, value in head.items())
                raise ConfigurationError(
                    [f"{self._path} keeps another world ({kept}): ask for that one, or use another folder."]
                )
            length = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    break
                length += len(line)
                entry = json.loads(line, object_hook=_decode)
                yield entry["now"], entry["deed"], entry["with"]
        os.truncate(self._path, length)
        self._file = self._path.open("ab")

    def add(self, now: datetime, deed: str, arguments: dict[str, Any]) -> None:
        """Keep one deed, through to the disk."""
        self._write({"now": now, "deed": deed, "with": arguments})

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            raise ValueError("The journal is closed.")
        self._file.write(json.dumps(entry, default=_encode, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
