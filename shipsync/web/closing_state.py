"""How the closings stand at this moment, as pages ask for it. Cheap enough for every tick."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from shipsync import runtime
from shipsync.desk.here import sync_state
from shipsync.procedures import charges, mail
from shipsync.procedures.mail import Addresses
from shipsync.rules import readiness as rules
from shipsync.rules.months import month_ends, month_name
from shipsync.rules.periods import business_date, day_words
from shipsync.rules.readiness import PARCELS_SHOW_WITHIN, Point, Standing
from shipsync.rules.weeks import WorkCalendar, week_name, week_of
from shipsync.store import adjustments, closings, counts, jobs, parties, products, quarantine, readiness
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.store.jobs import JobView
from shipsync.store.working_days import work_calendar
from shipsync.web import words
from shipsync.web.alert_list import facts_now
from shipsync.web.answers import ask

ClosingKind = Literal["eod", "eow", "eom"]

DAY: ClosingKind = "eod"
WEEK: ClosingKind = "eow"
MONTH: ClosingKind = "eom"
# What goes out by mail when one is closed.
MAILED: Mapping[str, str] = {WEEK: mail.WEEKLY_REPORT, MONTH: mail.CHARGE_REPORT}
_OPEN = ("queued", "running")


def today() -> date:
    """The business date now."""
    return business_date(runtime.app().now(), words.zone())


def standing_now() -> Standing:
    """What readiness is told from, for all closings."""
    app = runtime.app()
    now = app.now()
    facts = facts_now(now)
    return Standing(
        facts=facts,
        sync=sync_state(app, facts),
        held=sum(group.count for group in ask(quarantine.open_groups) if group.held),
        unreadable=ask(readiness.unreadable),
        without_parcel=ask(readiness.without_parcel, business_date(now - PARCELS_SHOW_WITHIN, words.zone())),
        uncounted=ask(readiness.uncounted_products),
        open_counts=[one.count_id for one in ask(counts.open_counts)],
        waiting_changes=len(ask(adjustments.waiting_requests)),
        calendar=work_calendar_now(),
    )


def day_points(standing: Standing) -> list[Point]:
    """What stands against closing today."""
    return rules.of_day(standing, today(), runtime.app().now())


def week_points(standing: Standing) -> list[Point]:
    """What stands against closing this week."""
    day = last_closed(DAY)
    return rules.of_week(
        standing,
        today(),
        runtime.app().now(),
        is_day_closed=day is not None and day.period_start == today(),  # no later day can be closed
        recipients=len(recipients(WEEK)),
        without_lead_time=[
            one.sku
            for one in ask(products.products)
            if one.is_key and one.lead_time_days is None and one.reorder_point is None
        ],
    )


def month_points(standing: Standing, month: date, through: date) -> list[Point]:
    """What stands against closing a month and billing it through a day."""
    rests_on = month_rests_on(through)
    return rules.of_month(
        standing,
        month,
        through,
        runtime.app().now(),
        rests_on=rests_on,
        is_week_closed=ask(closings.closed, WEEK, week_of(through)) is not None,
        is_day_closed=ask(closings.closed, DAY, rests_on) is not None,
        recipients=len(recipients(MONTH)),
        names_client=bool(ask(parties.parties).client),
    )


def month_rests_on(through: date) -> date:
    """The day that is closed before a month is billed through a day."""
    return ask(charges.rests_on, through, today())


def billed_through(month: date) -> date:
    """The last day that closing a month now would bill: whole days up to today, never the future."""
    return min(month_ends(month), today())


def recipients(kind: ClosingKind) -> tuple[str, ...]:
    """To whom the report of a closing would go now."""
    addresses = report_addresses(MAILED[kind])
    return addresses.recipients if addresses is not None else ()


def report_addresses(mail_kind: str) -> Addresses | None:
    """From whom and to whom reports of this kind would go now; None: to nobody."""
    return ask(_report_addresses, mail_kind)


def work_calendar_now() -> WorkCalendar | str:
    """The warehouse's days as people have set them; a sentence where that cannot be read."""
    return ask(_calendar)


def last_closed(kind: ClosingKind) -> Closing | None:
    """The last success: the newest version of the newest period that was closed."""
    return ask(closings.newest_closed, kind)


def last_job(kind: str) -> JobView | None:
    """The last attempt, whatever came of it or comes of it."""
    return ask(jobs.newest_view, kind)


def period_name(kind: str, start: date) -> str:
    """A period as addresses, mails and tables name it: a day in words, '2026-W47', '2026-11'."""
    if kind == WEEK:
        return week_name(start)
    return month_name(start) if kind == MONTH else day_words(start)


def is_open(found: JobView | None) -> bool:
    """Whether it waits or runs."""
    return found is not None and found.job.status in _OPEN


def has_failed(found: JobView | None) -> bool:
    """Whether it ended otherwise than by closing."""
    return found is not None and found.job.status not in (*_OPEN, "succeeded")


def period_asked(found: JobView) -> date | None:
    """The day that a job was asked to close; None: that of its press."""
    text = found.job.arguments.get("date")
    return date.fromisoformat(str(text)) if text is not None else None


def _calendar(con: Cursor) -> WorkCalendar | str:
    try:
        return work_calendar(con)
    except ValueError as error:
        return str(error)


def _report_addresses(con: Cursor, mail_kind: str) -> Addresses | None:
    return mail.report_addresses(con, runtime.app().settings, mail_kind)
