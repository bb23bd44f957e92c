"""Runs one shipsync command as a whole process, and says what it took."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Run:
    """One command, start to end."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    answer: Mapping[str, Any]  # what it printed with --json


def run(arguments: Sequence[str], settings: Mapping[str, str]) -> Run:
    """Run `python -m shipsync ...` in a child. Raises RuntimeError if it does not end well."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
    started = time.perf_counter()
    peak = [0.0]
    child = subprocess.Popen(
        [sys.executable, "-m", "shipsync", *arguments, "--json"],
        cwd=ROOT,
        env=environment | dict(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    watch = threading.Thread(target=_watch_memory, args=(child.pid, peak))
    watch.start()
    output, _ = child.communicate() if child.stdout is None else (child.stdout.read(), None)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    watch.join()
    if child.returncode != 0:
        raise RuntimeError(f"{arguments} ended with {child.returncode}: {output}")
    return Run(wall, usage.ru_utime + usage.ru_stime, peak[0], json.loads(output))


def _watch_memory(pid: int, peak: list[float]) -> None:
    """Write the peak so far, in MB, until the process ends.

    The system's own figure at the end (ru_maxrss) is at least what this process held when it started the child: having
    written a million orders, that was all it told.
    """
    while (told := memory_mb(pid, "VmHWM")) is not None:
        peak[0] = told
        time.sleep(0.005)


def memory_mb(pid: int, figure: Literal["VmRSS", "VmHWM"]) -> float | None:
    """What a process holds now (VmRSS), or has held at most (VmHWM); None once it has ended."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = re.search(rf"^{figure}:\s+(\d+) kB", told, re.MULTILINE)
    return int(found[1]) / 1024 if found is not None else None


def settings_for(url: str, database: Path) -> dict[str, str]:
    """The environment of a command that speaks with the server of this process."""
    return {
        "SHIPSYNC_SHIPSTATION_URL": url,
        "SHIPSYNC_SHIPSTATION_KEY": "sandbox",
        "SHIPSYNC_SHIPSTATION_SECRET": "sandbox",
        "SHIPSYNC_DATABASE": str(database),
    }


def steps_of(database: Path, job_id: str) -> dict[str, float]:
    """Seconds per step of a job, from its own rows."""
    from shipsync.store.db import open_database

    with open_database(database) as db:
        rows = db.read().rows(
            "SELECT name, epoch(finished_at) - epoch(started_at) FROM job_steps WHERE job_id = $job ORDER BY step_no",
            {"job": job_id},
        )
    return dict(rows)
