"""How instants, numbers and states are written on every screen (UX.md)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from shipsync import runtime
from shipsync.documents import words as paper
from shipsync.rules.freshness import in_words
from shipsync.rules.periods import day_words

UNKNOWN = "–"

# A state is never told by its colour alone: each has a sign and a word, and a colour that both themes know.
SIGNS: dict[str, tuple[str, str]] = {
    "fresh": ("●", "green"),
    "late": ("▲", "orange"),
    "stopped": ("■", "red"),
    "cannot tell": ("?", "gray"),
    "queued": ("○", "gray"),
    "waiting": ("○", "gray"),
    "running": ("►", "blue"),
    "succeeded": ("✓", "green"),
    "failed": ("✕", "red"),
    "cancelled": ("–", "gray"),
    "interrupted": ("▲", "orange"),
    "warn": ("▲", "orange"),
    "bad": ("■", "red"),
    # Orders (DESIGN section 4).
    "pending": ("○", "gray"),
    "uploaded": ("↑", "blue"),
    "awaiting_payment": ("○", "orange"),
    "awaiting_shipment": ("►", "blue"),
    "on_hold": ("‖", "orange"),
    "shipped": ("✓", "green"),
    # Closings.
    "ready": ("✓", "green"),
    "closed": ("✓", "green"),
    "not closed": ("○", "gray"),
    # Stock, its lots, and counts of it.
    "critical": ("■", "red"),
    "low": ("▲", "orange"),
    "active": ("●", "green"),
    "quarantine": ("‖", "orange"),
    "depleted": ("○", "gray"),
    "below_zero": ("■", "red"),
    "open": ("►", "blue"),
    "posted": ("✓", "green"),
    "exact": ("✓", "green"),
    "within": ("✓", "green"),
    "beyond": ("▲", "orange"),
    # Alerts and mails.
    "normal": ("✓", "green"),
    "firing": ("■", "red"),
    "sending": ("►", "blue"),
    "sent": ("✓", "green"),
    "unknown": ("?", "orange"),
    # Gates, the plan's claims, differences of two lanes, and rules that ignore some of them.
    "pass": ("✓", "green"),
    "fail": ("■", "red"),
    "inconclusive": ("▲", "orange"),
    "held": ("✓", "green"),
    "not held": ("■", "red"),
    "not known": ("▲", "orange"),
    "confirmed": ("■", "red"),
    "suspect": ("▲", "orange"),
    "stale-input": ("▲", "orange"),
    "transient": ("✓", "gray"),
    "ignored": ("–", "gray"),
    "explained": ("✓", "blue"),
    "in force": ("●", "green"),
    "expired": ("■", "red"),
    "used up": ("■", "red"),
    "withdrawn": ("○", "gray"),
}


def zone() -> ZoneInfo:
    """The warehouse's zone."""
    return runtime.app().settings.zone


def state(word: str) -> str:
    """A state as Markdown: sign and word, in its colour."""
    return f":{colour(word)}[{signed(word)}]"


def signed(word: str) -> str:
    """A state as plain text: '► awaiting shipment'."""
    sign, _ = SIGNS.get(word, ("", ""))
    return f"{sign} {word.replace('_', ' ')}".strip()


def colour(word: str) -> str:
    """The colour of a state, by Streamlit's name for it."""
    return SIGNS.get(word, ("", "gray"))[1]


def clock(instant: datetime | None) -> str:
    """'13:02 PST', or '–'."""
    return UNKNOWN if instant is None else f"{instant.astimezone(zone()):%H:%M %Z}"


def moment(instant: datetime | None) -> str:
    """'Fri 21 Nov 2026 13:02 PST', or '–'."""
    return UNKNOWN if instant is None else f"{day(instant.astimezone(zone()).date())} {clock(instant)}"


def day(on: date | None) -> str:
    """'Fri 21 Nov 2026', or '–'."""
    return UNKNOWN if on is None else day_words(on)


def ago(instant: datetime | None, now: datetime) -> str:
    """'4 min ago', 'just now', or '–'."""
    if instant is None:
        return UNKNOWN
    return "just now" if (now - instant).total_seconds() < 2 else f"{in_words(now - instant)} ago"


def until(instant: datetime | None, now: datetime) -> str:
    """'in 3 min', 'now', or '–'."""
    if instant is None:
        return UNKNOWN
    return f"in {in_words(instant - now)}" if instant > now else "now"


def number(amount: int | None) -> str:
    """'1,284', or '–'."""
    return UNKNOWN if amount is None else f"{amount:,}"


def count(amount: int, one: str, many: str | None = None) -> str:
    """'1 order', '1,284 orders'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def money(amount: Decimal, currency: str) -> str:
    """'4,812.20 USD', '−12.00 USD'."""
    return f"{paper.money(amount)} {currency}"


def plain(text: str) -> str:
    """Text from outside, so that Markdown shows it as it is: an order's note must not draw a link or a colour."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()<>#+-.!|$:~" else sign for sign in text)
