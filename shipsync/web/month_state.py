"""How a month stands that can be closed now: what it comes to, what its self-check says, what is billed with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import streamlit as st

from shipsync import runtime
from shipsync.procedures import charges as procedure
from shipsync.procedures.charges import Month
from shipsync.procedures.eom import frozen
from shipsync.rules.charge_checks import Check
from shipsync.rules.charges import gaps, total
from shipsync.rules.months import month_before, month_ends, month_of, month_words, must_say_which
from shipsync.rules.periods import day_closes, day_starts
from shipsync.rules.readiness import Point
from shipsync.store import closings, deployment, parties
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.closing_state import MONTH, billed_through, month_rests_on, today
from shipsync.web.inventory_words import this_minute


@dataclass(frozen=True, slots=True)
class Earlier:
    """What has changed of a month that was billed before."""

    month: date
    amount: Decimal  # to be billed besides; below zero: to be given back


@dataclass(frozen=True, slots=True)
class MonthNow:
    """A month as a press would bill it now."""

    month: date
    through: date  # the last day that would be billed
    rests_on: date  # the day that is closed first, unless it is
    currency: str
    total: Decimal  # of its own lines
    earlier: tuple[Earlier, ...]
    checks: tuple[Check, ...]  # errors first
    replaces: tuple[int, Decimal] | None  # of its newest version, number and total; None: there is none yet

    @property
    def to_pay(self) -> Decimal:
        """What the invoice would come to."""
        return self.total + sum((one.amount for one in self.earlier), Decimal("0.00"))


def months_meant() -> tuple[date, ...]:
    """Which months a press may mean now, the likeliest first: in the first days of a month the one just over."""
    this = month_of(today())
    return (month_before(this), this) if must_say_which(today()) else (this,)


def month_now(month: date) -> MonthNow:
    """A month as a press would bill it now. Asked once for each state of the database."""
    through = billed_through(month)
    return ask(_month_now, month, through, month_rests_on(through), words.zone())


def so_far(month: date) -> str:
    """What a month comes to so far, in a few words; at most a minute old."""
    app = runtime.app()
    amount = _so_far(app.owner, month, billed_through(month), this_minute())
    name = f"{month_words(month)} so far"
    if amount is None:
        return f"{name}: {words.UNKNOWN}, because something it is reckoned by is missing. End of month says what."
    return f"{name}: {words.money(amount, ask(parties.parties).currency)}"


def check_points(now: MonthNow) -> list[Point]:
    """What the self-check says, as it is listed: errors block."""
    return [Point(one.text, one.place, blocks=one.severity == "error") for one in now.checks]


def month_span(month: date) -> str:
    """'November 2026, billed through Thu 26 Nov 2026'; of one that is over its name alone."""
    through = billed_through(month)
    return month_words(month) if through == month_ends(month) else f"{month_words(month)}, through {words.day(through)}"


def _month_now(con: Cursor, month: date, through: date, rests_on: date, zone: ZoneInfo) -> MonthNow:
    found = _computed(con, month, through, zone)
    before = closings.closed(con, MONTH, month)
    return MonthNow(
        month=month,
        through=through,
        rests_on=rests_on,
        currency=parties.parties(con).currency,
        total=total(found.lines),
        earlier=tuple(Earlier(one.month, one.amount) for one in procedure.restatements(con, month, zone)),
        checks=tuple(procedure.self_check(con, found, zone, closes_first=rests_on)),
        replaces=_said_before(before) if before is not None else None,
    )


def _said_before(closing: Closing) -> tuple[int, Decimal]:
    was = frozen(closing)
    return was.version, was.total


# By the minute and not by commits: it takes some 80 ms among 1,000,000 orders, and Today is drawn every second.
@st.cache_data(max_entries=8, show_spinner=False)
def _so_far(owner: str, month: date, through: date, minute: datetime) -> Decimal | None:
    found = _computed(runtime.app().db.read(), month, through, words.zone())
    return None if gaps(found.facts, found.card) else total(found.lines)


def _computed(con: Cursor, month: date, through: date, zone: ZoneInfo) -> Month:
    """As the job would compute it, had it synced just now: known as far as the sync has read."""
    read_through = deployment.production_mark(con).complete_through or day_starts(month, zone)
    return procedure.compute(con, month, through, min(read_through, day_closes(through, zone)), zone)
