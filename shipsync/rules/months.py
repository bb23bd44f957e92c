"""Calendar months, as they are billed. A month is named by its first day, '2026-11' in addresses and files."""

from __future__ import annotations

import re
from datetime import date, timedelta

# In the first days of a month a press may mean the one that is just over, so it has to say which (DESIGN D15).
ASKS_THROUGH_DAY = 7

_NAME = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def month_of(day: date) -> date:
    """The first day of the month it lies in."""
    return day.replace(day=1)


def month_ends(first: date) -> date:
    """The last day of a month."""
    return next_month(first) - timedelta(days=1)


def next_month(first: date) -> date:
    """The first day of the month after it."""
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_before(first: date) -> date:
    """The first day of the month before it."""
    return (first.replace(day=1) - timedelta(days=1)).replace(day=1)


def months_between(first: date, last: date) -> list[date]:
    """The months from one to another, both included."""
    found = []
    month = month_of(first)
    while month <= last:
        found.append(month)
        month = next_month(month)
    return found


def month_name(first: date) -> str:
    """'2026-11'."""
    return f"{first:%Y-%m}"


def month_named(name: str) -> date:
    """The month of such a name. Raises ValueError with a sentence."""
    found = _NAME.fullmatch(name)
    if found is None or not 1 < int(found[1]) < 9999:  # the month before and the one after have names, too
        raise ValueError(f"'{name}' is no month: write it like 2026-11.")
    return date(int(found[1]), int(found[2]), 1)


def month_words(first: date) -> str:
    """'November 2026'."""
    return f"{first:%B %Y}"


def must_say_which(today: date) -> bool:
    """Whether a press on this day has to say which month it means."""
    return today.day <= ASKS_THROUGH_DAY
