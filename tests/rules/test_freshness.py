"""One word for how far the numbers can be believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shipsync.rules.freshness import REFUSED_CREDENTIALS, SyncState, freshness, in_words

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
WELL = SyncState(
    complete_through=NOW - timedelta(minutes=4),
    is_enabled=True,
    interval=timedelta(minutes=5),
    last_error=None,
    next_at=NOW + timedelta(minutes=1),
    is_working=True,
)
LONG_AGO = NOW - timedelta(minutes=40)
REFUSED = "ShipStation refuses the key."


@pytest.mark.parametrize(
    ("sync", "state", "cause"),
    [
        (WELL, "fresh", ""),
        (replace(WELL, last_error=REFUSED), "fresh", ""),  # one failed run changes nothing yet
        (
            replace(WELL, last_error=f"{REFUSED_CREDENTIALS} (401)."),
            "stopped",
            REFUSED_CREDENTIALS,
        ),  # at once
        (replace(WELL, complete_through=LONG_AGO), "late", "40 min ago"),
        (replace(WELL, complete_through=LONG_AGO, last_error=REFUSED), "stopped", REFUSED),
        (replace(WELL, is_enabled=False), "stopped", "switched off"),
        (replace(WELL, is_working=False), "stopped", "Restart shipsync"),
        (replace(WELL, complete_through=None), "cannot tell", "Nothing has been read"),
        (replace(WELL, complete_through=None, last_error=REFUSED), "stopped", REFUSED),
        (replace(WELL, complete_through=NOW + timedelta(hours=1)), "cannot tell", "clock"),
    ],
)
def test_the_state_and_its_cause(sync: SyncState, state: str, cause: str) -> None:
    told = freshness(sync, NOW)
    assert told.state == state
    assert cause in told.cause


def test_an_hourly_sync_is_not_late_after_an_hour() -> None:
    hourly = replace(WELL, interval=timedelta(hours=1), complete_through=NOW - timedelta(minutes=75))
    assert freshness(hourly, NOW).state == "fresh"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=89), "89 s"),
        (timedelta(minutes=12, seconds=20), "12 min"),
        (timedelta(minutes=89), "89 min"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(hours=4), "4 h"),
        (timedelta(days=1, hours=2), "1 day"),
        (timedelta(days=9), "9 days"),
    ],
)
def test_spans_are_said_as_a_person_says_them(span: timedelta, words: str) -> None:
    assert in_words(span) == words
