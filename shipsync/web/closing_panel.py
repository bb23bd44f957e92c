"""What the pages of the closings and their cards on Today share: readiness, the last success, the attempt after it.

Drawn inside a caller's timer fragment: a few elements, cached reads, nothing that reruns the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import streamlit as st

from shipsync.rules.months import month_of, month_words
from shipsync.rules.readiness import Point, is_blocked
from shipsync.rules.weeks import week_ends
from shipsync.store.closings import Closing
from shipsync.store.jobs import JobView
from shipsync.web import words, workflow_words
from shipsync.web.closing_state import DAY, MONTH, WEEK, has_failed, period_asked
from shipsync.web.links import link

_BLOCKS, _OPEN = ":red[■]", ":orange[▲]"


def period_words(kind: str, start: date, today: date) -> str:
    """'Fri 20 Nov 2026', 'today', 'week 47', 'week 47 of 2025', or 'November 2026'."""
    if kind == MONTH:
        return month_words(start)
    if kind == WEEK:
        year, number, _ = start.isocalendar()
        return f"week {number}" if year == today.isocalendar().year else f"week {number} of {year}"
    return "today" if start == today else words.day(start)


def when_words(instant: datetime | None, today: date) -> str:
    """'at 12:48 PST' of today, 'on Fri 20 Nov 2026 13:05 PST' of other days."""
    if instant is not None and instant.astimezone(words.zone()).date() == today:
        return f"at {words.clock(instant)}"
    return f"on {words.moment(instant)}"


def success_line(closing: Closing, today: date) -> str:
    """Which period was closed last, and when: '✓ closed: today at 12:48 PST, version 2'."""
    period = period_words(closing.kind, closing.period_start, today)
    at = when_words(closing.closed_at, today)
    if closing.kind == DAY and closing.closed_at is not None:
        closed_on = closing.closed_at.astimezone(words.zone()).date()
        at = f"at {words.clock(closing.closed_at)}" if closed_on == closing.period_start else f"afterwards, {at}"
    return f"{words.state('closed')}: {period} {at}, version {closing.version}"


def said_of(closing: Closing, today: date) -> str:
    """What came of a closing. A day's own sentence says 'today', and is read on later days as well."""
    text = closing.sentence or ""
    if closing.period_start != today:
        text = text.replace(" shipped today", f" shipped on {words.day(closing.period_start)}")
    return text


def attempt_line(found: JobView | None, today: date) -> str | None:
    """The last attempt, where it did not close anything; None where it did, or goes on."""
    if found is None or not has_failed(found):
        return None
    job, day = found.job, period_asked(found)
    of = f" for {_asked_words(job.kind, day)}" if day is not None and day != today else ""
    at = when_words(job.finished_at, today)
    return f"{words.state(job.status)}: the last attempt{of}, {at}. {words.plain(job.error or '')}"


def points_label(points: Sequence[Point]) -> str:
    """'✓ ready', '▲ 2 things open', '■ cannot be closed: 2 things open'."""
    if not points:
        return words.state("ready")
    things = words.count(len(points), "thing") + " open"
    return f"{_BLOCKS} cannot be closed · {things}" if is_blocked(points) else f"{_OPEN} {things}"


def points_list(points: Sequence[Point], *, narrow: bool = False) -> None:
    """Each sentence with the way to where it is mended; `narrow`: the way below its sentence."""
    for point in points:
        sign = _BLOCKS if point.blocks else _OPEN
        line, way = (st.container(), st.container()) if narrow else st.columns([4, 1], vertical_alignment="center")
        line.markdown(f"{sign} {words.plain(point.text)}")
        if point.place is not None:
            with way:
                link(point.place.page, point.place.label, **dict(point.place.query))


def short_progress(found: JobView) -> None:
    """A job under way in two lines: which step of how many, and what it is at."""
    job = found.job
    steps = found.steps
    running = next((one for one in steps if one.status == "running"), None)
    if running is None:
        behind = f", behind {', '.join(workflow_words.title(kind) for kind in found.ahead)}" if found.ahead else ""
        st.markdown(f"{words.state(job.status)}{behind}")
        return
    name = workflow_words.step(job.kind, running.name)
    st.markdown(f"{words.state('running')}: step {running.step_no} of {len(steps)}")
    st.progress((running.step_no - 1) / len(steps), text=name)


def week_words(monday: date) -> str:
    """'Week 47, Mon 16 Nov 2026 to Sun 22 Nov 2026'."""
    return f"Week {monday.isocalendar().week}, {words.day(monday)} to {words.day(week_ends(monday))}"


def _asked_words(kind: str, day: date) -> str:
    return month_words(month_of(day)) if kind == MONTH else words.day(day)
