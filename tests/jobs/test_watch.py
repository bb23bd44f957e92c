"""The schedule looks for alerts each minute, and goes on when a look fails."""

from __future__ import annotations

import logging
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipsync.errors import StoreFull
from shipsync.jobs.schedule import Schedule

PACIFIC = ZoneInfo("America/Los_Angeles")


def test_a_look_is_planned_each_minute(app: Any) -> None:
    looks: list[int] = []
    schedule = Schedule(app.db, app.now, PACIFIC, watch=lambda: looks.append(1))
    schedule.start(paused=True)
    planned = schedule.scheduler.get_job("watch")
    schedule.stop()
    planned.func()
    assert planned.trigger.interval.total_seconds() == 60
    assert looks == [1]


def test_a_look_that_fails_does_not_end_the_looking(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise StoreFull("The disk is full.")

    with caplog.at_level(logging.WARNING):
        Schedule(app.db, app.now, PACIFIC, watch=fail).watch()
    assert "alerts were not looked at: The disk is full." in caplog.text
