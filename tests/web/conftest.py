"""A house whose application is published, as the server does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shipsync import runtime
from tests.house import House


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """Its routes answer. Worker and schedule stand still: `served.app.worker.run_next()` runs a job."""
    with runtime.published(house.app):
        yield house
