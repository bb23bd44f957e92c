"""Fixtures of all rooms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.house import House, a_house

# What their tests share takes seconds to make, so one worker has all tests of such a module; of all others each test
# goes to whoever is free. The marks for that are not seen with this pytest (pytest-xdist issue 1386).
TOGETHER = frozenset({
    "tests/documents/test_charge_report.py",
    "tests/procedures/test_parity_replay.py",
    "tests/sandbox/test_lists.py",
    "tests/store/test_parity.py",
    "tests/store/test_search.py",
    "tests/store/test_weekly_history.py",
    "tests/test_beside_a_server.py",
})  # fmt: skip

# A slow machine is no failure; and every run tries the same examples, so that a red one is red again.
settings.register_profile("shipsync", deadline=None, derandomize=True, max_examples=20)
settings.load_profile("shipsync")


def pytest_configure(config: pytest.Config) -> None:
    """Each of several workers keeps to one processor.

    DuckDB starts a thread for each that it sees, and two workers' threads on two processors cost a seventh more
    (measured). A browser and its server need them all.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or not hasattr(os, "sched_setaffinity") or any("browser" in one for one in config.args):
        return
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})


class Together(LoadScopeScheduling):
    """Hands out tests one by one, but for those that share something."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """How tests are dealt out where the command leaves that to us (`--dist loadgroup`)."""
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A warehouse in which nothing happens but what the test does."""
    with a_house(tmp_path) as house:
        yield house
