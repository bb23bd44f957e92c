"""On which days anybody works, as people have set it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from shipsync.rules.weeks import WorkCalendar
from shipsync.store.db import Database
from shipsync.store.settings import set_setting
from shipsync.store.working_days import work_calendar


def test_working_days_are_monday_to_friday_until_somebody_says_otherwise(memory: Database, now: datetime) -> None:
    assert work_calendar(memory.read()) == WorkCalendar(frozenset(range(5)))
    with memory.transaction() as con:
        set_setting(con, "working_days", "Mon,Sat", "Bob", now)
        set_setting(con, "days_off", "2026-12-26, 2026-12-28", "Bob", now)
    off = frozenset({date(2026, 12, 26), date(2026, 12, 28)})
    assert work_calendar(memory.read()) == WorkCalendar(frozenset({0, 5}), off)


@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [("working_days", "Funday", "are not a list of weekdays"), ("days_off", "Christmas", "is no date")],
)
def test_a_setting_that_cannot_be_read_is_told(
    memory: Database, now: datetime, name: str, wrong: str, sentence: str
) -> None:
    with memory.transaction() as con:
        set_setting(con, name, wrong, "Bob", now)
    with pytest.raises(ValueError, match=sentence):
        work_calendar(memory.read())
