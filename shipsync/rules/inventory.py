"""What stock means: demand, cover, reorder point, run-out and alert level (facts/domain.md sections 1.11 and 4).

    demand(...)   units a week, over the weeks that are known and complete; nothing from fewer than four
    stand(...)    one product's stock as a person reads it, with the sentence that says why it is so

Averages keep their decimals, and every one says over how many weeks it goes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, stdev
from typing import Literal

WEEKS_IN_AVERAGE = 52
FEWEST_WEEKS = 4
SHORTER_AVERAGES = (13, 4)  # shown beside it: 52 weeks smooth the season and lag behind a change
_WEEK = timedelta(weeks=1)
DRIFT = 0.30  # so far apart, the 4- or 13-week average says something else than the 52-week one
SERVICE_Z = 1.65  # 95 of 100 lead times end without running out
BAND_Z = 1.2816  # four times of five the run-out lies within the band

AlertLevel = Literal["critical", "low", "normal", "unknown"]


@dataclass(frozen=True, slots=True)
class Demand:
    """How much of a SKU leaves in a week. Averages are None where fewer than four complete weeks are known."""

    average: float | None  # over `weeks`
    weeks: int  # complete and known ones since the first sale, at most 52
    average_13: float | None  # over the newest 13 calendar weeks; None unless each of them is among `weeks`
    average_4: float | None  # likewise
    deviation: float | None  # sample standard deviation of the same weeks

    @property
    def basis(self) -> str:
        """'52-week average', or why there is none."""
        if self.average is None:
            return f"{self.weeks} complete {'week' if self.weeks == 1 else 'weeks'} known, {FEWEST_WEEKS} are needed"
        return f"{self.weeks}-week average"

    @property
    def drift(self) -> float | None:
        """How far the 4-week average lies from the long one, as a share of it; None where that says nothing."""
        if not self.average or self.average_4 is None or self.weeks <= FEWEST_WEEKS:
            return None
        return self.average_4 / self.average - 1


def drifts(needed: Demand) -> list[tuple[int, float]]:
    """The shorter averages that say something else than the long one: (weeks, how far off as a share), longest first.

    52 weeks smooth the season and lag behind a change, so a gap of more than 30 % is worth a look.
    """
    if not needed.average:
        return []
    longer, shorter = SHORTER_AVERAGES
    found = []
    for weeks, average in ((longer, needed.average_13), (shorter, needed.average_4)):
        if average is not None and needed.weeks > weeks:
            share = round(average / needed.average - 1, 6)  # 1.30 is not more than 30 % above 1
            if abs(share) > DRIFT:
                found.append((weeks, share))
    return found


def demand(units: Mapping[date, int], weeks: Sequence[date]) -> Demand:
    """The demand for one SKU. `weeks` are the known, complete ones, oldest first, at most 52 calendar weeks back.

    `units` by Monday: weeks without any may be missing, but weeks older than `weeks` are needed as well, because none
    before the first sale counts.
    """
    first_sale = min((monday for monday, amount in units.items() if amount > 0), default=None)
    counted = [] if first_sale is None else [monday for monday in weeks if monday >= first_sale]
    amounts = [units.get(monday, 0) for monday in counted]
    longer, shorter = SHORTER_AVERAGES
    return Demand(
        average=_mean(amounts),
        weeks=len(amounts),
        average_13=_newest(counted, amounts, longer),
        average_4=_newest(counted, amounts, shorter),
        deviation=stdev(amounts) if len(amounts) >= FEWEST_WEEKS else None,
    )


def _mean(amounts: Sequence[int]) -> float | None:
    return fmean(amounts) if len(amounts) >= FEWEST_WEEKS else None


def _newest(mondays: Sequence[date], amounts: Sequence[int], weeks: int) -> float | None:
    """The average over the newest so many calendar weeks, so that it is what its name says."""
    if len(mondays) < weeks or mondays[-weeks] != mondays[-1] - (weeks - 1) * _WEEK:
        return None
    return fmean(amounts[-weeks:])


def reorder_point(needed: Demand, lead_time_days: int | None) -> int | None:
    """Units at which to order again: demand over the lead time and a safety stock for its swings, rounded up.

        weekly average x L + 1.65 x weekly deviation x sqrt(L),   L = lead time in weeks

    Example: 491 a week, deviation 151, two weeks: 982 + 352.3 -> 1,335. None where demand or lead time is not known.
    """
    if needed.average is None or needed.deviation is None or lead_time_days is None:
        return None
    weeks = lead_time_days / 7
    return math.ceil(round(needed.average * weeks + SERVICE_Z * needed.deviation * math.sqrt(weeks), 6))


@dataclass(frozen=True, slots=True)
class RunOut:
    """When stock is used up if demand goes on. Days from the instant the stock stands at."""

    days: float
    on: date
    earliest_on: date  # four times of five it lies between these two
    latest_on: date


# Beyond this a date says nothing: the shelf outlasts the product.
FARTHEST = timedelta(days=3650)


def run_out(available: int, needed: Demand, today: date) -> RunOut | None:
    """When `available` units are used up. None without a demand, or where that lies more than ten years ahead.

    Weekly demand swings by its deviation and weeks are taken as independent, so t weeks use up t x average give or take
    z x deviation x sqrt(t); the band is where that meets the stock.
    """
    if not needed.average or needed.deviation is None:
        return None
    if available <= 0:
        return RunOut(0.0, today, today, today)
    days = available / needed.average * 7
    if days > FARTHEST.days:
        return None
    swing = BAND_Z * needed.deviation
    root = math.sqrt(swing**2 + 4 * needed.average * available)
    early = ((root - swing) / (2 * needed.average)) ** 2 * 7
    late = min(((root + swing) / (2 * needed.average)) ** 2 * 7, FARTHEST.days)
    # Rounded first: without swings all three are one number, and may differ in its last digit.
    on, earliest_on, latest_on = (today + timedelta(days=math.floor(round(one, 6))) for one in (days, early, late))
    return RunOut(days, on, earliest_on, latest_on)


@dataclass(frozen=True, slots=True)
class Stock:
    """How much of a SKU there is. Units."""

    quantity: int | None  # None: nobody has ever said what stood on the shelf
    awaiting: int  # in orders that still have to be shipped
    quarantined: int  # in lots that must not be shipped

    @property
    def available(self) -> int | None:
        """What may still be promised."""
        return None if self.quantity is None else self.quantity - self.awaiting - self.quarantined


@dataclass(frozen=True, slots=True)
class Policy:
    """What people have said of a SKU's supply; None: nothing."""

    lead_time_days: int | None
    reorder_point: int | None


@dataclass(frozen=True, slots=True)
class Stand:
    """One product's stock with all that it means."""

    stock: Stock
    needed: Demand
    run_out: RunOut | None
    days_left: float | None
    lead_time_days: int | None
    reorder_point: int | None
    is_reorder_point_given: bool
    level: AlertLevel
    reason: str  # a sentence


def stand(stock: Stock, needed: Demand, policy: Policy, today: date) -> Stand:
    """Tell how a product stands. `today` is the business date the stock stands at.

    critical: nothing is available, or it runs out before a delivery could come; low: at or below the reorder point;
    unknown: nobody has said what stood on the shelf, or nothing tells how much is enough.
    """
    available = stock.available
    out = None if available is None else run_out(available, needed, today)
    days_left = available / needed.average * 7 if available is not None and available > 0 and needed.average else None
    if available is not None and available <= 0:
        days_left = 0.0
    given = policy.reorder_point is not None
    point = policy.reorder_point if given else reorder_point(needed, policy.lead_time_days)
    level, reason = _level(stock, needed, policy, days_left, point)
    return Stand(stock, needed, out, days_left, policy.lead_time_days, point, given, level, reason)


def _level(
    stock: Stock, needed: Demand, policy: Policy, days_left: float | None, point: int | None
) -> tuple[AlertLevel, str]:
    available = stock.available
    if available is None:
        return "unknown", "Nobody has said what stood on the shelf. Count it once, or load the opening stock."
    if available <= 0:
        if stock.quantity is not None and stock.quantity < 0:
            return "critical", f"The ledger is {-stock.quantity:,} below zero: a receipt is missing, or a count."
        if not stock.quantity:
            return "critical", "Nothing is left on the shelf."
        return "critical", "Nothing is available: what is on the shelf awaits shipment or is quarantined."
    lead = policy.lead_time_days
    if days_left is not None and lead is not None and days_left < lead:
        return "critical", f"It lasts {_whole_days(days_left)}, and a delivery takes {_whole_days(lead)}."
    if point is not None:
        how = "given" if policy.reorder_point is not None else "computed"
        if available <= point:
            return "low", f"{available:,} are available, at or below the {how} reorder point of {point:,}."
        return "normal", f"{available:,} are available, above the {how} reorder point of {point:,}."
    if needed.average is None:
        return "unknown", f"No average yet: {needed.basis}. Give a reorder point under Imports."
    if lead is None:
        return "unknown", "Nobody has said how long a delivery takes. Give a lead time under Imports."
    raise AssertionError("a known demand and a lead time give a reorder point")


def _whole_days(days: float) -> str:
    """Rounded down, or 13.6 days would read as long as the delivery's 14."""
    whole = math.floor(days)
    if not whole:
        return "less than a day"
    return f"{whole:,} {'day' if whole == 1 else 'days'}"
