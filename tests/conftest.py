"""Fixtures of all rooms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import House, a_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A warehouse in which nothing happens but what the test does."""
    with a_house(tmp_path) as house:
        yield house
