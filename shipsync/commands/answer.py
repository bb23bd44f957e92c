"""What a command has to say, and how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DONE, FAILED, USAGE, BUSY = 0, 1, 2, 3
STOPPED = 130  # by Ctrl-C, as shells have it

SANDBOX = "Sandbox: no ShipStation credentials are set, so this is a made-up world."


@dataclass(frozen=True)
class Answer:
    """Lines for a person, data for a program, and the exit code."""

    lines: Sequence[str]
    data: Mapping[str, Any]
    code: int = DONE
