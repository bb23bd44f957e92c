"""What a month will come to: worked by hand, and its laws."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.charges import Facts, LabelsOfDay, Rate, RateCard, lines, total
from shipsync.rules.forecast import Forecast, Known, Shipped, forecast, known_of
from shipsync.rules.weeks import WorkCalendar

FRIDAY = date(2026, 11, 20)
END = date(2026, 11, 30)  # a Monday: six working days later
SINCE = date(2026, 1, 1)
WORKDAYS = WorkCalendar(frozenset(range(5)))
MONEY = st.decimals(min_value=0, max_value=5000, places=2)


def every_workday(amount: str = "100.00", *, fees: str = "40.00", back: int = 70) -> dict[date, Shipped]:
    """The same on each working day up to the Friday."""
    days = (FRIDAY - timedelta(days=number) for number in range(back))
    return {day: Shipped(Decimal(amount), Decimal(fees)) for day in days if day.weekday() < 5}


def known(**others: object) -> Known:
    values: dict[str, object] = {
        "charged": Decimal("2000.00"),
        "fees": Decimal("800.00"),
        "through": FRIDAY,
        "over_through": FRIDAY,
        "month_end": END,
        "known_from": SINCE,
        "shipped": every_workday(),
    }
    return Known(**(values | others))  # type: ignore[arg-type]


def told(one: Known, calendar: WorkCalendar = WORKDAYS) -> Forecast:
    found = forecast(one, calendar)
    assert isinstance(found, Forecast), found
    return found


def test_days_that_never_swing_are_added_as_they_are() -> None:
    found = told(known())
    assert (found.low, found.expected, found.high, found.weeks) == (2600, 2600, 2600, 8)
    assert [(point.day.day, point.expected) for point in found.points] == [
        (21, 2000), (22, 2000), (23, 2100), (24, 2200), (25, 2300), (26, 2400), (27, 2500), (28, 2500), (29, 2500),
        (30, 2600),
    ]  # fmt: skip


def test_days_off_are_none_to_come_and_say_nothing_of_those_before() -> None:
    thanksgiving, labour_day = date(2026, 11, 26), date(2026, 11, 9)
    shipped = every_workday() | {labour_day: Shipped(Decimal(0))}
    calendar = WorkCalendar(frozenset(range(5)), frozenset({thanksgiving, labour_day}))
    found = told(known(shipped=shipped), calendar)
    assert (found.expected, found.high) == (2500, 2500)


def test_storage_follows_on_every_day() -> None:
    assert told(known(storage_a_day=Decimal("2.50"))).expected == Decimal("2625.00")


def test_what_left_on_the_day_under_way_counts_towards_its_mean() -> None:
    for begun, expected in (("0.00", "2600.00"), ("30.00", "2570.00"), ("160.00", "2500.00")):
        shipped = every_workday() | {FRIDAY: Shipped(Decimal(begun))}
        found = told(known(shipped=shipped, over_through=FRIDAY - timedelta(days=1), charged=Decimal("1900.00")))
        # Of 600 to come on six days and the Friday, what has left on it is in the 1,900 already.
        assert found.expected == Decimal(expected)


def test_the_minimum_tops_the_fees_up() -> None:
    assert told(known(minimum=Decimal(1000))).expected == 2600  # 800 + 6 * 40 are more than that
    found = told(known(minimum=Decimal(1100)))
    assert (found.expected, found.points[-2].expected) == (2660, 2500)


def test_the_interval_is_students_of_what_the_days_swung() -> None:
    # Mondays 60 and 140 in turn, others 100: of two Mondays to come s2 = 8 * 40^2 / 7, times 2 + 4/8, t of 7 is 1.4149.
    shipped = every_workday()
    mondays = sorted(day for day in shipped if day.weekday() == 0)[-8:]
    for place, monday in enumerate(mondays):
        shipped[monday] = Shipped(Decimal(60 if place % 2 else 140))
    found = told(known(shipped=shipped))
    half = Decimal(8 * 1600) / 7 * Decimal("2.5")
    assert found.expected == 2600
    assert float(found.high - found.expected) == pytest.approx(float(half) ** 0.5 * 1.4149, rel=0.002)
    assert found.expected - found.low == found.high - found.expected


@pytest.mark.parametrize(
    ("known_from", "reason"),
    [
        (None, "Of what was shipped no whole week is known; a forecast needs 4."),
        (FRIDAY - timedelta(days=8), "Of what was shipped 1 whole week is known; a forecast needs 4."),
        (FRIDAY - timedelta(days=26), "Of what was shipped 3 whole weeks are known; a forecast needs 4."),
    ],
)
def test_few_weeks_tell_nothing(known_from: date | None, reason: str) -> None:
    assert forecast(known(known_from=known_from), WORKDAYS) == reason
    assert told(known(known_from=FRIDAY - timedelta(days=27))).weeks == 4


def test_four_times_of_five_the_month_ends_within_the_interval() -> None:
    chance, within, rounds = random.Random(11), 0, 400
    for _ in range(rounds):
        shipped = {day: Shipped(Decimal(round(chance.gauss(500, 120)))) for day in every_workday()}
        found = told(known(shipped=shipped))
        comes_to = 2000 + sum(round(chance.gauss(500, 120)) for _ in range(6))
        within += found.low <= comes_to <= found.high
    assert 0.75 < within / rounds < 0.86


@given(charged=MONEY, known_from=st.none() | st.dates(SINCE, END))
def test_on_the_last_day_the_forecast_is_what_is_charged(charged: Decimal, known_from: date | None) -> None:
    found = told(known(charged=charged, through=END, over_through=END, known_from=known_from))
    assert (found.low, found.expected, found.high, found.points) == (charged, charged, charged, ())


@given(amounts=st.lists(MONEY, min_size=40, max_size=40), swing=st.decimals(min_value=1, max_value=3, places=1))
def test_the_interval_holds_the_forecast_and_grows_with_what_days_swing(amounts: list[Decimal], swing: Decimal) -> None:
    days = sorted(every_workday(back=56))
    found = told(known(shipped=dict(zip(days, map(Shipped, amounts), strict=True))))
    for point in found.points:
        assert known().charged <= point.low <= point.expected <= point.high
    highs = [point.high for point in found.points]
    assert highs == sorted(highs)
    # The same means, with every day as many times as far from its weekday's.
    means = {weekday: _mean(days, amounts, weekday) for weekday in range(5)}
    wider = [
        means[day.weekday()] + swing * (one - means[day.weekday()]) for day, one in zip(days, amounts, strict=True)
    ]
    again = told(known(shipped=dict(zip(days, map(Shipped, wider), strict=True))))
    assert abs(again.expected - found.expected) <= Decimal("0.01")
    assert again.high >= found.high - Decimal("0.01")


def _mean(days: list[date], amounts: list[Decimal], weekday: int) -> Decimal:
    of_it = [one for day, one in zip(days, amounts, strict=True) if day.weekday() == weekday]
    return sum(of_it, Decimal(0)) / len(of_it)


def test_what_is_known_of_a_month_is_priced_as_it_will_be() -> None:
    card = RateCard(
        [
            Rate("order", Decimal(1), SINCE),
            Rate("order", Decimal(5), date(2026, 11, 10)),
            Rate("unit", Decimal(1), SINCE),
            Rate("pallet_day", Decimal("0.50"), SINCE),
            Rate("minimum", Decimal(900), SINCE),
        ]
    )
    days = [FRIDAY, FRIDAY - timedelta(weeks=3)]
    whole = Facts(
        first=date(2026, 9, 25),
        through=FRIDAY,
        month_end=END,
        labels=[
            LabelsOfDay(day, "ups", None, None, False, 2, Decimal("9.10"), Decimal(0), 1, Decimal(4)) for day in days
        ],
        orders=dict.fromkeys(days, 2),
        units=dict.fromkeys(((day, "A") for day in days), 3),
        stock={(FRIDAY, "A"): 101, (FRIDAY - timedelta(days=1), "A"): 500},
        pallet_sizes={"A": 50},
        receipts={FRIDAY: 1},
    )
    month = whole.within(date(2026, 11, 1), FRIDAY, END)
    found = lines(month, card)
    one = known_of(month, found, whole, card, FRIDAY, SINCE)
    assert (one.charged, one.fees) == (total(found), total(found) - Decimal("5.10"))
    assert (one.storage_a_day, one.minimum) == (Decimal("1.50"), 900)
    # 9.10 less 4 of a void, 2 orders of 5, though one was 1 then, and 3 units of 1: no pallets, receipt or top-up.
    assert one.shipped == dict.fromkeys(days, Shipped(Decimal("18.10"), Decimal(13)))
