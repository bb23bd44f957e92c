"""How a month's charges are told on their page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shipsync.documents import words as paper
from shipsync.rules.months import month_before, month_words
from shipsync.web import words
from shipsync.web.charge_month import MonthView


def amount(one: Decimal | None) -> str:
    """'1,284.50', '−12.00', or '–'."""
    return words.UNKNOWN if one is None else paper.money(one)


def change(now: Decimal | None, before: Decimal | None) -> str:
    """'+12 %' of what it was before; '' where that says nothing."""
    if now is None or not before or before < 0:
        return ""
    return paper.percent_change(float(now / before) - 1)


def month_of_before(view: MonthView) -> str:
    """'October 2026'."""
    return month_words(month_before(view.month))


def days_of(view: MonthView, day: date | None) -> str:
    """'Thu 12 Nov 2026', or 'November 2026 so far' where no day was chosen."""
    if day is not None:
        return words.day(day)
    return month_words(view.month) + ("" if view.is_over else " so far")


def beside(month: date, now: Decimal, was: Decimal | None, *, are_whole: bool) -> str:
    """'October 2026: 4,611.00, +4 %': what another month was; how much more only if both are known whole."""
    if was is None:
        return f"{month_words(month)} was not billed here"
    text = f"{month_words(month)}: {amount(was)}"
    if not are_whole:
        return f"{text}; not both are whole months"
    return ", ".join(part for part in (text, change(now, was)) if part)
