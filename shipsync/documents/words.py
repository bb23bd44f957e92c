"""How dates, numbers and levels are written in documents and mails: as on the pages (UX.md), in a given zone."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from shipsync.rules.periods import day_words

UNKNOWN = "–"

# A level is never told by its colour alone.
LEVEL_SIGNS = {"critical": "■", "low": "▲", "normal": "✓", "unknown": "?"}

_SMALLEST_SHOWN = 0.05  # of an average; less would be written as none at all


def day(on: date | None) -> str:
    """'Fri 20 Nov 2026', or '–'."""
    return UNKNOWN if on is None else day_words(on)


def span(first: date, last: date) -> str:
    """'Thu 3 Dec – Sat 12 Dec 2026'; the year twice only where it differs."""
    if first == last:
        return day(first)
    start = f"{first:%a} {first.day} {first:%b}" if first.year == last.year else day(first)
    return f"{start} – {day(last)}"


def range_of_dates(first: date, last: date) -> str:
    """'3 Dec – 12 Dec 2026', where a day more or less does not matter."""
    start = f"{first.day} {first:%b}" if first.year == last.year else f"{first.day} {first:%b %Y}"
    return f"{start} – {last.day} {last:%b %Y}"


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """'Fri 20 Nov 2026 12:48 PST'."""
    local = instant.astimezone(zone)
    return f"{day(local.date())} {local:%H:%M %Z}"


def number(amount: int | None) -> str:
    """'1,284', '−12', or '–'."""
    return UNKNOWN if amount is None else _minus(f"{amount:,}")


def money(amount: Decimal) -> str:
    """'1,284.50', '−12.00'."""
    return _minus(f"{amount:,.2f}")


def change(amount: int) -> str:
    """'+12', '−12', '0'."""
    return _minus(f"{amount:+,}") if amount else "0"


def average(amount: float | None) -> str:
    """'491.0', '< 0.1' where it is not quite nothing, or '–'."""
    if amount is None:
        return UNKNOWN
    return "< 0.1" if 0 < amount < _SMALLEST_SHOWN else f"{amount:,.1f}"


def whole_days(amount: float | None) -> str:
    """Full days, or '–': what lasts 13.6 days does not last 14."""
    return UNKNOWN if amount is None else f"{math.floor(amount):,}"


def share(amount: float) -> str:
    """'98.7 %'."""
    return f"{amount:.1%}".replace("%", " %")


def percent_change(amount: float) -> str:
    """'+38 %', '−3 %', '0 %'."""
    text = _minus(f"{amount:+.0%}").replace("%", " %")
    return "0 %" if text in ("+0 %", "−0 %") else text


def level(name: str) -> str:
    """'■ critical'."""
    return f"{LEVEL_SIGNS[name]} {name}"


def count(amount: int, one: str, many: str | None = None) -> str:
    """'1 order', '1,284 orders'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def _minus(text: str) -> str:
    return text.replace("-", "−")
