"""What a month will come to, told from what it has come to so far.

    forecast = what is charged so far
             + for each working day to come, the mean of its weekday over the newest 8 weeks (what follows shipping:
               labels, orders, units)
             + for each day to come, the newest day's pallets
             + what the service fees then lack to the month's minimum

Days on which nobody works count as none, to come and gone by: a holiday says nothing of an ordinary Thursday. All is
priced by the rates that hold on the newest day. Receipts and what a person adds are not foreseen.

Four times of five the month ends within the interval, if days swing about their mean as they did, each by itself:

    variance of n days to come of one weekday = n * s2 + n * n * s2 / k      s2: of the k days of that weekday
    interval = forecast -+ t * sqrt(the sum of these variances)

The second term is what the mean itself may be off by. t leaves 10 % on each side of Student's distribution, with
the degrees of freedom of Welch and Satterthwaite, by the expansion 26.7.5 of Abramowitz and Stegun, "Handbook of
Mathematical Functions": from few weeks the interval is wider. What is charged already is not taken back, so the
interval begins there at the lowest. Where the minimum tops the fees up, it is wider than need be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from statistics import mean, variance

from shipsync.rules.charges import (
    CARRIER_COST,
    NOTHING,
    RATE_NAMES,
    SERVICE_FEES,
    Facts,
    Line,
    Rate,
    RateCard,
    days_between,
    lines,
    to_cents,
    total,
)
from shipsync.rules.weeks import WorkCalendar

WEEKS = 8  # looked back
FEWEST_WEEKS = 4
_Z = Decimal("1.2816")  # leaves 10 % on each side of a normal distribution
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shipped:
    """What followed shipping on one day."""

    amount: Decimal
    fees: Decimal = NOTHING  # of it, service fees


@dataclass(frozen=True)
class Known:
    """What a month has come to, and what days before say of those to come."""

    charged: Decimal  # by the month's lines so far
    fees: Decimal  # of it, service fees
    through: date  # the day up to which it is charged: storage follows from the next one on
    over_through: date  # the last day on which nothing more will leave: this one, or the day before
    month_end: date
    known_from: date | None  # the first day of which everything that left is known; None: there is none
    shipped: Mapping[date, Shipped] = field(default_factory=dict)  # days without an entry had none
    storage_a_day: Decimal = NOTHING
    minimum: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Point:
    """What the month has come to at the end of a day to come."""

    day: date
    expected: Decimal
    low: Decimal  # four times of five it lies between these two
    high: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a month will come to."""

    expected: Decimal
    low: Decimal  # four times of five it lies between these two
    high: Decimal
    weeks: int  # whole weeks that it is told from
    points: tuple[Point, ...] = ()  # none once the month is over


def forecast(known: Known, calendar: WorkCalendar) -> Forecast | str:
    """What the month will come to; a sentence where that cannot be told."""
    looked_at = _days_looked_at(known)
    weeks = len(looked_at) // 7
    to_come = days_between(known.over_through + _DAY, known.month_end)
    if not to_come:
        return Forecast(known.charged, known.charged, known.charged, weeks)
    if weeks < FEWEST_WEEKS:
        whole = "no whole week" if not weeks else "1 whole week" if weeks == 1 else f"{weeks} whole weeks"
        return f"Of what was shipped {whole} {'is' if weeks < 2 else 'are'} known; a forecast needs {FEWEST_WEEKS}."
    usual = _usual(known, looked_at, calendar)
    # What left on the day that is under way counts towards its mean.
    begun = known.shipped.get(known.through, Shipped(NOTHING)) if known.through > known.over_through else None
    expected, sure, fees = known.charged, known.charged, known.fees
    ahead: dict[int, int] = {}  # working days to come so far, by weekday
    points = []
    for day in to_come:
        if day > known.through:
            expected, sure, fees = (one + known.storage_a_day for one in (expected, sure, fees))
        if calendar.is_working(day):
            so_far = begun if begun is not None and day == known.through else Shipped(NOTHING)
            expected += max(usual[day.weekday()].mean - so_far.amount, NOTHING)
            fees += max(usual[day.weekday()].mean_fees - so_far.fees, NOTHING)
            ahead[day.weekday()] = ahead.get(day.weekday(), 0) + 1
        lacking = max(known.minimum - fees, NOTHING) if day == known.month_end else NOTHING
        points.append(_point(day, expected + lacking, sure + lacking, _half(usual, ahead)))
    last = points[-1]
    return Forecast(last.expected, last.low, last.high, weeks, tuple(points))


def known_of(
    month: Facts, found: Sequence[Line], before: Facts, card: RateCard, over_through: date, known_from: date | None
) -> Known:
    """What is known of a month with its lines. `before` are the facts of the newest 8 weeks, up to the same day."""
    fees = total(one for one in found if one.charge in SERVICE_FEES)
    minimum = card.at("minimum", month.through)
    return Known(
        charged=total(found),
        fees=fees,
        through=month.through,
        over_through=over_through,
        month_end=month.month_end,
        known_from=known_from,
        shipped=_shipped(before, _as_on(card, month.through, before.first)),
        storage_a_day=total(one for one in found if one.charge == "pallet_day" and one.day == month.through),
        minimum=minimum.amount if minimum is not None else NOTHING,
    )


@dataclass(frozen=True, slots=True)
class _Usual:
    """What days of one weekday come to."""

    mean: Decimal
    mean_fees: Decimal
    variance: Decimal
    days: int


def _days_looked_at(known: Known) -> list[date]:
    if known.known_from is None:
        return []
    first = max(known.known_from, known.over_through - WEEKS * 7 * _DAY + _DAY)
    return days_between(first, known.over_through)


def _usual(known: Known, looked_at: Sequence[date], calendar: WorkCalendar) -> dict[int, _Usual]:
    """By weekday. One that was worked on too seldom is taken to be as all working days are."""
    worked = [day for day in looked_at if calendar.is_working(day)]
    found = {}
    for weekday in range(7):
        days = [day for day in worked if day.weekday() == weekday]
        if len(days) < FEWEST_WEEKS:
            days = worked
        found[weekday] = _usual_of([known.shipped.get(day, Shipped(NOTHING)) for day in days])
    return found


def _usual_of(days: Sequence[Shipped]) -> _Usual:
    amounts = [one.amount for one in days]
    if len(days) < 2:
        return _Usual(sum(amounts, NOTHING), sum((one.fees for one in days), NOTHING), NOTHING, len(days))
    return _Usual(mean(amounts), mean([one.fees for one in days]), variance(amounts), len(days))


def _half(usual: Mapping[int, _Usual], ahead: Mapping[int, int]) -> Decimal:
    """Half of the interval's width."""
    of_weekdays = [
        (number * usual[weekday].variance * (1 + Decimal(number) / usual[weekday].days), usual[weekday].days - 1)
        for weekday, number in ahead.items()
        if usual[weekday].variance
    ]
    whole = sum((amount for amount, _ in of_weekdays), NOTHING)
    if not whole:
        return NOTHING
    freedom = whole * whole / sum((amount * amount / free for amount, free in of_weekdays), NOTHING)
    return _student(freedom) * whole.sqrt()


def _student(freedom: Decimal) -> Decimal:
    """What leaves 10 % on each side of Student's distribution."""
    first = (_Z**3 + _Z) / (4 * freedom)
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom * freedom)
    return _Z + first + second


def _point(day: date, expected: Decimal, sure: Decimal, half: Decimal) -> Point:
    low = min(expected, max(sure, expected - half))
    return Point(day, to_cents(expected), to_cents(low), to_cents(expected + half))


def _shipped(before: Facts, card: RateCard) -> dict[date, Shipped]:
    """What followed shipping on each of these days."""
    # As of a month that is not over: no minimum is in it.
    bare = replace(before, stock={}, receipts={}, extras=(), month_end=before.through + _DAY)
    amounts: dict[date, list[Line]] = {}
    for one in lines(bare, card):
        amounts.setdefault(one.day, []).append(one)
    return {day: Shipped(total(some), _fees(some)) for day, some in amounts.items()}


def _fees(some: Iterable[Line]) -> Decimal:
    return total(one for one in some if one.charge not in CARRIER_COST)


def _as_on(card: RateCard, day: date, first: date) -> RateCard:
    """The rates of a day, as if they had held since another one."""
    held = [card.at(name, day) for name in RATE_NAMES]
    return RateCard([Rate(one.rate, one.amount, first) for one in held if one is not None])
