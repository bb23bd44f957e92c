"""Fixtures of all rooms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.house import House, a_house

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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A warehouse in which nothing happens but what the test does."""
    with a_house(tmp_path) as house:
        yield house
