"""What people add to a month's charges by hand: a special project, a credit; and taking such a line back.

None is a job: each is one short transaction at the press, with its line in the audit log. A line is never changed or
deleted. Of a month that is open it changes the charges; of one that was billed it becomes a restatement, which is
billed with the next month. Where a later month has settled it by then, a line would be billed out of its time, so it is
refused. Each of them raises Refused with a sentence, and changes nothing, for what cannot be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from shipsync.errors import Refused
from shipsync.rules.charges import Extra, to_cents
from shipsync.rules.months import month_of, month_words
from shipsync.rules.periods import business_date, day_words
from shipsync.rules.shop_text import clean
from shipsync.store import charges, rates
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.rates import KeptExtra
from shipsync.store.settings import audit

LONGEST_REASON = 120  # characters: one line of the invoice
MOST = Decimal(1_000_000)  # of one line; more is a slip of the finger


@dataclass(frozen=True, slots=True)
class NewExtra:
    """A line to be added."""

    day: date | None  # the day it is billed on, which says its month; None: none was typed
    reason: str  # as it stands on the invoice
    amount: Decimal | None  # below zero: a credit; None: none was typed


@dataclass(frozen=True, slots=True)
class Changed:
    """What a press came to."""

    extra: Extra
    billed: str = ""  # the invoice that stands of its month, '2026-10-v1', so the change is a restatement; else ''


def add(db: Database, one: NewExtra, zone: ZoneInfo, by: str, now: datetime) -> Changed:
    """Add a line to the month of its day. `zone` is the warehouse's."""
    _check_name(by)
    if one.day is None:
        raise Refused("Say on which day it is billed: that says its month, too.")
    if one.day > business_date(now, zone):
        raise Refused(f"{day_words(one.day)} lies in the future. Add the line when the day has come.")
    reason = clean(one.reason)
    if not reason:
        raise Refused("Say what it is for: that stands on the invoice.")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"{len(reason)} characters are more than the {LONGEST_REASON} that a line of an invoice holds.")
    if not one.amount:
        raise Refused("Enter the amount; below zero it is a credit.")
    if one.amount != to_cents(one.amount):
        raise Refused(f"{one.amount} has parts of a cent. Enter it to the cent.")
    if abs(one.amount) > MOST:
        raise Refused(f"{one.amount:,.2f} is too much to be one line. Check the amount.")
    with db.transaction() as con:
        billed = _standing(con, month_of(one.day))
        number = rates.add_extra(con, one.day, reason, one.amount, by, now)
        audit(con, by, "charge added", f"line {number}", None, _text(one.day, one.amount, reason), now)
        return Changed(Extra(number, one.day, reason, one.amount), billed)


def take_back(db: Database, extra_no: int, by: str, now: datetime) -> Changed:
    """A line counts no more. It stays, with who took it back."""
    _check_name(by)
    with db.transaction() as con:
        kept = rates.kept_extra(con, extra_no)
        if kept is None:
            raise Refused(f"There is no line {extra_no}.")
        _check_stands(kept)
        extra = kept.extra
        billed = _standing(con, month_of(extra.day))
        rates.withdraw_extra(con, extra_no, by, now)
        audit(con, by, "charge taken back", f"line {extra_no}", _text(extra.day, extra.amount, extra.reason), None, now)
        return Changed(extra, billed)


def _standing(con: Cursor, month: date) -> str:
    """The invoice of a month, or ''. Raises Refused where a later month was billed after it."""
    newest = charges.newest_billed(con, month)
    if newest is None:
        return ""
    later = [one for one in charges.billed_months(con) if one > month]
    if later:
        raise Refused(
            f"{month_words(month)} is settled: {month_words(later[-1])} was billed after it. Add a line, or its "
            "opposite, to a day of a month that is open."
        )
    return f"{newest.period_start:%Y-%m}-v{newest.version}"


def _check_stands(kept: KeptExtra) -> None:
    if kept.withdrawn_at is not None:
        raise Refused(f"Line {kept.extra.extra_no} was taken back already, by {kept.withdrawn_by}.")


def _check_name(by: str) -> None:
    if not by.strip():
        raise Refused("Say who you are: every line has a name.")


def _text(day: date, amount: Decimal, reason: str) -> str:
    return f"{day}: {amount:,.2f}, {reason}"
