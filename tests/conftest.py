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
    """One thread for each database of one of several workers.

    DuckDB starts one for each processor, or as many as this variable says that it has. On tables as small as these
    several do nothing but cost a fifth more of the processor (measured). A browser's server has them all.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and not any("browser" in one for one in config.args):
        os.environ["SLURM_CPUS_ON_NODE"] = "1"


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
