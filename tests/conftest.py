"""Fixtures of all rooms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.house import House, a_house

# A slow machine is no failure; and every run tries the same examples, so that a red one is red again.
settings.register_profile("shipsync", deadline=None, derandomize=True)
settings.load_profile("shipsync")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A warehouse in which nothing happens but what the test does."""
    with a_house(tmp_path) as house:
        yield house
