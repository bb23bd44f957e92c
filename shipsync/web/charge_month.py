"""A month's charges as their page asks for them: once for one state of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from shipsync.rules.charge_days import Charged, by_day, never_counted, summed
from shipsync.rules.charge_report import DayCounts, UnusedLabel
from shipsync.rules.charge_sums import LabelSum, label_sums
from shipsync.rules.charges import Facts, RateCard, days_between, gaps, lines
from shipsync.rules.forecast import WEEKS, Forecast, Known, forecast, known_of
from shipsync.rules.months import month_before, month_ends, month_of, months_between
from shipsync.rules.periods import day_closes
from shipsync.rules.weeks import WorkCalendar
from shipsync.store import charge_checks, charges, closings, parties, rates, traffic, weekly_history
from shipsync.store.charges import Billed
from shipsync.store.cursor import Cursor
from shipsync.store.rates import KeptExtra
from shipsync.store.working_days import work_calendar

Service = tuple[str | None, str | None]  # codes of carrier and service


@dataclass(frozen=True)
class MonthView:
    """What the page shows of a month."""

    month: date
    month_end: date
    through: date  # the last of its days that has begun
    currency: str
    gaps: Sequence[str]  # why it cannot be billed yet
    never_counted: Sequence[str]  # key products of which nobody has said what stands on the shelf
    facts: Facts
    card: RateCard
    days: Mapping[date, Charged]
    counts: Mapping[date, DayCounts]
    services: Mapping[Service, LabelSum]
    before: Charged | None  # the same days of the month before; None: they are not known
    before_whole: Charged | None
    forecast: Forecast | str | None  # a sentence where it cannot be told; None for a month that is over
    billed: Billed | None
    unused: Sequence[UnusedLabel]
    extras: Sequence[KeptExtra]
    days_off: Sequence[date]  # on which anybody would have worked

    @property
    def is_over(self) -> bool:
        """Whether all of its days have begun and the last is gone."""
        return self.forecast is None

    @property
    def so_far(self) -> Charged:
        """What all of its days come to."""
        return summed(self.days.values())

    @property
    def foreseen(self) -> Forecast | None:
        """The forecast, where there is one."""
        return self.forecast if isinstance(self.forecast, Forecast) else None


def months_offered(con: Cursor, today: date) -> list[date]:
    """The months that can be looked at, the newest first: since anything left, and what was billed or added."""
    first = traffic.first_shipped_on(con) or today
    return months_between(month_of(min(first, today)), today)[::-1]


def month_view(con: Cursor, month: date, today: date, zone: ZoneInfo) -> MonthView:
    """All of it. `today` is the business date, `zone` the warehouse's."""
    month_end = month_ends(month)
    through, is_running = min(today, month_end), today <= month_end
    before, card = month_before(month), rates.rate_card(con)
    is_closed = is_running and closings.closed(con, "eod", today) is not None
    over_through = through if is_closed or not is_running else through - timedelta(days=1)
    # One reading for the month, the one before it, and the weeks that the forecast looks back on.
    first = min(before, over_through - timedelta(weeks=WEEKS)) if is_running else before
    whole = charges.facts(con, first, through, month_end, day_closes(through, zone), zone, charges.key_products(con))
    facts = whole.within(month, through, month_end)
    found = lines(facts, card)
    missing = gaps(facts, card)
    calendar = _calendar(con)
    # An account in which nothing had left yet says nothing of what was, and of what will be.
    known_from = weekly_history.covered_since(con, zone)
    foreseen: Forecast | str | None = None
    if is_running:
        foreseen = _foreseen(known_of(facts, found, whole, card, over_through, known_from), missing, calendar)
    same_through = min(before + (through - month), month_ends(before))
    is_known = known_from is not None and known_from <= before
    return MonthView(
        month=month,
        month_end=month_end,
        through=through,
        currency=parties.parties(con).currency,
        gaps=missing,
        never_counted=never_counted(facts) if _takes_storage(facts, card) else [],
        facts=facts,
        card=card,
        days=by_day(facts, card, found),
        counts={one.day: one for one in charges.day_counts(con, month, through)},
        services=label_sums(found, lambda one: (one.carrier_code, one.service_code)),
        before=_charged(whole, card, before, same_through) if is_known else None,
        before_whole=_charged(whole, card, before, month_ends(before)) if is_known else None,
        forecast=foreseen,
        billed=charges.newest_billed(con, month),
        unused=charge_checks.unused_labels(con, month, through, today),
        extras=rates.kept_extras(con, month, month_end),
        days_off=[day for day in days_between(month, month_end) if _is_off(calendar, day)],
    )


def _charged(whole: Facts, card: RateCard, first: date, through: date) -> Charged:
    facts = whole.within(first, through, month_ends(first))
    return summed(by_day(facts, card, lines(facts, card)).values())


def _takes_storage(facts: Facts, card: RateCard) -> bool:
    """Whether a pallet costs something on some day, as far as anybody has said."""
    found = [card.at("pallet_day", day) for day in days_between(facts.first, facts.through)]
    return any(one is None or one.amount for one in found)


def _foreseen(known: Known, missing: Sequence[str], calendar: WorkCalendar | str) -> Forecast | str:
    if missing:
        return "It cannot be told while charges of this month cannot."
    if isinstance(calendar, str):
        return calendar
    return forecast(known, calendar)


def _calendar(con: Cursor) -> WorkCalendar | str:
    try:
        return work_calendar(con)
    except ValueError as error:
        return str(error)


def _is_off(calendar: WorkCalendar | str, day: date) -> bool:
    return isinstance(calendar, WorkCalendar) and day.weekday() in calendar.weekdays and day in calendar.days_off
