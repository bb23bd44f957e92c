"""On which days the warehouse ships."""

from __future__ import annotations

from shipsync.rules import lateness
from shipsync.rules.weeks import DAYS_OFF, WorkCalendar
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting


def work_calendar(con: Cursor) -> WorkCalendar:
    """Working days and days off as people have set them. Raises ValueError with a sentence, as `cut_off` does."""
    return lateness.work_calendar(setting(con, lateness.WORKING_DAYS), setting(con, DAYS_OFF))
