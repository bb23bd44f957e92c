"""What each side asked of ShipStation while both worked, against what the plan claims of the unified sync.

    calls       half of them ("API calls/hour: 50% reduction")
    orders      a tenth of those fetched ("Orders fetched/hour: 90% reduction")
    time        half of it ("Processing time: 50% faster"): one pass beside one pass, as the plan counts it
    freshness   every 5 minutes instead of every 60

The unified sync comes twelve times as often, so calls and orders an hour compare two freshnesses. Beside them stands
what the legacy workflows would take if they came as often: worked out from what one of their passes takes, which does
not become less by coming again sooner, for status-sync asks for seven days each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shipsync.rules.freshness import in_words

Told = Literal["held", "not held", "not known"]

EVERY = timedelta(minutes=5)  # the freshness that the plan claims
ALLOWED_A_MINUTE = 40  # requests, of all tools on one set of keys (API.md section 1)
# A job waits for the one before it, so two passes may begin so much further apart than the schedule says.
GRACE = timedelta(minutes=1)
# Some lists are asked every four hours, and the open orders counted once a day: less than that tells too little.
WANTED = timedelta(days=1)

PASSES_AN_HOUR = timedelta(hours=1) / EVERY
ALLOWED_AN_HOUR = ALLOWED_A_MINUTE * 60


@dataclass(frozen=True, slots=True)
class Effort:
    """What one side did in a span. One pass is one run of each of its workflows."""

    span: timedelta  # of the clock
    passes: int  # whole ones
    requests: int  # of runs that failed, too
    orders_fetched: int
    orders_changed: int  # that a run brought in or wrote anew
    seconds: float  # its runs took, waiting for ShipStation's limit included
    every: timedelta | None = None  # from the beginning of a pass to that of the next: the median
    longest: timedelta | None = None  # and at most; a side that stands still counts until the end of the span

    @property
    def requests_an_hour(self) -> float:
        """Requests of an hour of the clock."""
        return self.requests / self._hours

    @property
    def orders_an_hour(self) -> float:
        """Orders fetched in an hour of the clock."""
        return self.orders_fetched / self._hours

    @property
    def requests_a_pass(self) -> float | None:
        """Requests of one pass; None before the first."""
        return self.requests / self.passes if self.passes else None

    @property
    def orders_a_pass(self) -> float | None:
        """Orders fetched by one pass; None before the first."""
        return self.orders_fetched / self.passes if self.passes else None

    @property
    def seconds_a_pass(self) -> float | None:
        """How long one pass takes; None before the first."""
        return self.seconds / self.passes if self.passes else None

    @property
    def requests_as_fresh(self) -> float | None:
        """Requests of an hour, if it came every 5 minutes and each pass took what its passes take."""
        a_pass = self.requests_a_pass
        return a_pass * PASSES_AN_HOUR if a_pass is not None else None

    @property
    def orders_as_fresh(self) -> float | None:
        """Orders fetched in an hour likewise."""
        a_pass = self.orders_a_pass
        return a_pass * PASSES_AN_HOUR if a_pass is not None else None

    @property
    def every_s(self) -> float | None:
        """`every` in seconds."""
        return self.every.total_seconds() if self.every is not None else None

    @property
    def longest_s(self) -> float | None:
        """`longest` in seconds."""
        return self.longest.total_seconds() if self.longest is not None else None

    @property
    def _hours(self) -> float:
        return max(self.span / timedelta(hours=1), 1 / 60)


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Both sides in the span in which both worked. Instants UTC."""

    since: datetime  # when each workflow had made its first pass beside the others
    until: datetime  # now, or when one side was done
    legacy: Effort
    unified: Effort


@dataclass(frozen=True, slots=True)
class Claim:
    """What the plan says of the unified sync, and what came of it."""

    name: str
    result: Told
    words: str  # the figures, as sentences
    figures: Mapping[str, float | None]  # the same in numbers


def claims(told: Efficiency) -> tuple[Claim, ...]:
    """What came of the plan's claims. Not known before both have worked side by side for a day."""
    found = (_calls(told), _orders(told), _time(told), _freshness(told), _as_often(told))
    span = told.until - told.since
    if span >= WANTED and min(told.legacy.passes, told.unified.passes) > 1:
        return found
    short = f" So far of {in_words(span)}; a day is wanted."
    return tuple(Claim(one.name, "not known", one.words + short, one.figures) for one in found)


def _calls(told: Efficiency) -> Claim:
    legacy, unified = told.legacy, told.unified
    text = (
        f"The unified sync sends {unified.requests_an_hour:,.1f} requests an hour, the legacy workflows "
        f"{legacy.requests_an_hour:,.1f}. One pass of it sends {_said(unified.requests_a_pass)}, one of theirs "
        f"{_said(legacy.requests_a_pass)}; it made {unified.passes:,} passes, they {legacy.passes:,}."
    )
    figures = {"legacy an hour": legacy.requests_an_hour, "unified an hour": unified.requests_an_hour}
    return Claim("half the calls", _is_part(unified.requests, legacy.requests, 2), text, figures)


def _orders(told: Efficiency) -> Claim:
    legacy, unified = told.legacy, told.unified
    text = (
        f"The unified sync fetches {unified.orders_an_hour:,.1f} orders an hour, the legacy workflows "
        f"{legacy.orders_an_hour:,.1f}."
    )
    figures = {"legacy an hour": legacy.orders_an_hour, "unified an hour": unified.orders_an_hour}
    return Claim("a tenth of the orders", _is_part(unified.orders_fetched, legacy.orders_fetched, 10), text, figures)


def _time(told: Efficiency) -> Claim:
    one, other = told.unified.seconds_a_pass, told.legacy.seconds_a_pass
    text = f"A pass of the unified sync takes {_said(one)} s, one of both legacy workflows {_said(other)} s."
    figures = {"legacy s": other, "unified s": one}
    return Claim("half the time", _is_part(one, other, 2), text, figures)


def _freshness(told: Efficiency) -> Claim:
    legacy, unified = told.legacy, told.unified
    figures = {"legacy s": legacy.every_s, "unified s": unified.every_s}
    if unified.every is None or unified.longest is None or legacy.every is None or legacy.longest is None:
        text = "Too few passes of both sides to tell how far apart they are."
        return Claim("5 minutes instead of 60", "not known", text, figures)
    text = (
        f"The unified sync begins every {in_words(unified.every)} (median; at most {in_words(unified.longest)} apart), "
        f"the legacy workflows every {in_words(legacy.every)} (at most {in_words(legacy.longest)})."
    )
    is_held = unified.every <= EVERY + GRACE
    return Claim("5 minutes instead of 60", "held" if is_held else "not held", text, figures)


def _as_often(told: Efficiency) -> Claim:
    """Both as fresh as each other: what the legacy workflows would take every 5 minutes."""
    name = "as fresh as each other"
    legacy, unified = told.legacy, told.unified
    requests, orders = legacy.requests_as_fresh, legacy.orders_as_fresh
    ours, our_orders = unified.requests_as_fresh, unified.orders_as_fresh
    if requests is None or orders is None or ours is None or our_orders is None:
        return Claim(name, "not known", "Not both sides have made a whole pass yet.", {})
    text = (
        f"Every 5 minutes the legacy workflows would send {requests:,.0f} requests an hour and fetch {orders:,.0f} "
        f"orders, worked out from their passes; the unified sync {ours:,.0f} and {our_orders:,.0f}."
    )
    if requests > ALLOWED_AN_HOUR:
        takes = timedelta(minutes=requests / PASSES_AN_HOUR / ALLOWED_A_MINUTE)
        text += (
            f" ShipStation allows {ALLOWED_AN_HOUR:,} an hour to all tools together: one of their passes takes "
            f"{in_words(takes)} at least, so they could not come every 5 minutes."
        )
    else:
        text += f" ShipStation allows {ALLOWED_AN_HOUR:,} requests an hour to all tools together."
    both = {_is_part(ours, requests, 2), _is_part(our_orders, orders, 10)}
    result: Told = "not known" if "not known" in both else "not held" if "not held" in both else "held"
    figures = {"legacy an hour": requests, "unified an hour": ours,
               "legacy orders an hour": orders, "unified orders an hour": our_orders}  # fmt: skip
    return Claim(name, result, text, figures)


def _is_part(ours: float | None, theirs: float | None, parts: int) -> Told:
    """Whether the one is at most such a part of the other; of nothing that cannot be told."""
    if not theirs or ours is None:
        return "not known"
    return "held" if ours * parts <= theirs else "not held"


def _said(amount: float | None) -> str:
    return "nothing yet" if amount is None else f"{amount:,.1f}"
