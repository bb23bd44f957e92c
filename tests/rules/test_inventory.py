"""Demand, run-out, reorder point and level: against files worked by hand (tests/golden/inventory), and their laws."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shipsync.rules.inventory import (
    FARTHEST,
    WEEKS_IN_AVERAGE,
    AlertLevel,
    Demand,
    Policy,
    RunOut,
    Stand,
    Stock,
    demand,
    drifts,
    reorder_point,
    run_out,
    stand,
)
from shipsync.rules.weeks import WorkCalendar, known_weeks, last_complete_week, week_name

GOLDEN = Path(__file__).parent.parent / "golden" / "inventory"
WEEK = timedelta(weeks=1)
TODAY = date(2026, 11, 20)  # a Friday
MAIN = Demand(average=491.0, weeks=52, average_13=None, average_4=None, deviation=151.0)  # facts/domain.md section 5


def a_demand(average: float | None = 70.0, deviation: float | None = 0.0, weeks: int = 52) -> Demand:
    """70 units a week, always: ten a day."""
    return Demand(average, weeks, None, None, deviation)


def weekly(amounts: Sequence[int], last: date = date(2026, 11, 16)) -> tuple[dict[date, int], list[date]]:
    """Units by Monday, and the weeks themselves, up to the last."""
    weeks = [last - (len(amounts) - 1 - number) * WEEK for number in range(len(amounts))]
    return dict(zip(weeks, amounts, strict=True)), weeks


def a_stand(
    quantity: int | None = 700,
    needed: Demand | None = None,
    *,
    awaiting: int = 0,
    quarantined: int = 0,
    lead: int | None = 14,
    given: int | None = None,
) -> Stand:
    return stand(Stock(quantity, awaiting, quarantined), needed or a_demand(), Policy(lead, given), TODAY)


# -- worked by hand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.toml")), ids=lambda path: path.stem)
def test_what_was_worked_by_hand(path: Path) -> None:
    case = tomllib.loads(path.read_text())
    expected = {name: _as_shown(value) for name, value in case["expected"].items()}
    assert _worked(case["given"]) == expected, case["title"]


def _worked(given: Mapping[str, Any]) -> dict[str, str]:
    """The case through the rules, one after the other: weeks, demand, stand."""
    calendar = WorkCalendar(frozenset(range(5)), frozenset(given.get("days_off", ())))
    last = last_complete_week(given["through"], calendar)
    weeks = known_weeks(given.get("loaded_weeks", ()), given["covered_since"], last, at_most=WEEKS_IN_AVERAGE)
    units = {date.fromisoformat(monday): amount for monday, amount in given.get("units", {}).items()}
    for run in given.get("runs", ()):
        units |= {run["from"] + number * WEEK: run["units"] for number in range(run["weeks"])}
    needed = demand(units, weeks)
    stock = Stock(given.get("on_shelf"), given.get("awaiting", 0), given.get("quarantined", 0))
    policy = Policy(given.get("lead_time_days"), given.get("reorder_point"))
    stands = stand(stock, needed, policy, given["through"])
    out = stands.run_out
    found = {
        "last_week": week_name(last),
        "weeks": needed.weeks,
        "average": needed.average,
        "average_13": needed.average_13,
        "average_4": needed.average_4,
        "deviation": needed.deviation,
        "available": stock.available,
        "days_left": stands.days_left,
        "runs_out_on": out.on if out is not None else None,
        "earliest_on": out.earliest_on if out is not None else None,
        "latest_on": out.latest_on if out is not None else None,
        "reorder_point": stands.reorder_point,
        "level": stands.level,
        "reason": stands.reason,
    }
    return {name: _as_shown(value) for name, value in found.items()}


def _as_shown(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


# -- demand ----------------------------------------------------------------------------------------------------------


def test_a_product_that_was_never_sold_has_no_demand() -> None:
    _, weeks = weekly([0] * 20)
    assert demand({}, weeks) == Demand(None, 0, None, None, None)
    assert demand(dict.fromkeys(weeks, 0), weeks) == Demand(None, 0, None, None, None)


def test_weeks_before_the_first_sale_do_not_count() -> None:
    units, weeks = weekly([0, 0, 0, 0, 0, 8, 0, 0, 4])
    needed = demand(units, weeks)
    assert (needed.weeks, needed.average) == (4, 3.0)


def test_what_left_in_weeks_that_are_not_known_is_in_no_average() -> None:
    units, weeks = weekly([7, 7, 7, 7, 7])
    units[weeks[-1] + WEEK] = 1_000
    units[weeks[2]] = 9_000
    assert demand(units, weeks[:2] + weeks[3:]).average == 7.0


@pytest.mark.parametrize(
    ("amounts", "average", "deviation"), [([5], None, None), ([5, 5, 5], None, None), ([5, 5, 5, 6], 5.25, 0.5)]
)
def test_fewer_than_four_weeks_are_no_average(
    amounts: list[int], average: float | None, deviation: float | None
) -> None:
    needed = demand(*weekly(amounts))
    assert (needed.weeks, needed.average, needed.average_4) == (len(amounts), average, average)
    assert needed.deviation == (None if deviation is None else pytest.approx(deviation))


def test_an_average_says_over_how_many_weeks_it_goes_or_why_there_is_none() -> None:
    assert demand(*weekly([2] * 60)).basis == "60-week average"  # of as many weeks as are given
    assert demand(*weekly([2] * 7)).basis == "7-week average"
    assert demand(*weekly([2] * 3)).basis == "3 complete weeks known, 4 are needed"
    assert demand(*weekly([2])).basis == "1 complete week known, 4 are needed"
    assert demand({}, []).basis == "0 complete weeks known, 4 are needed"


def test_the_shorter_averages_are_of_as_many_calendar_weeks_as_their_names_say() -> None:
    units, weeks = weekly(list(range(1, 21)))
    needed = demand(units, weeks)
    assert needed.average_13 == sum(range(8, 21)) / 13
    assert needed.average_4 == (17 + 18 + 19 + 20) / 4
    assert demand(units, weeks[7:]).average_13 == needed.average_13
    assert demand(units, weeks[8:]).average_13 is None  # twelve weeks
    without_one = demand(units, [*weeks[:-2], weeks[-1]])
    assert (without_one.average_13, without_one.average_4) == (None, None)
    assert without_one.average == pytest.approx((210 - 19) / 19)


def test_drift_is_how_far_the_last_four_weeks_lie_from_the_long_average() -> None:
    assert demand(*weekly([10, 10, 10, 10, 20, 20, 20, 20])).drift == pytest.approx(20 / 15 - 1)
    assert demand(*weekly([10, 10, 10, 10, 5, 5, 5, 5])).drift == pytest.approx(5 / 7.5 - 1)
    assert demand(*weekly([10, 10, 10, 10])).drift is None  # they are the same weeks
    assert demand(*weekly([10, 10, 10, 10, 10])).drift == 0
    assert demand(*weekly([10, 10, 10])).drift is None
    assert Demand(0.0, 52, 0.0, 0.0, 0.0).drift is None
    units, weeks = weekly([10] * 8)
    assert demand(units, [*weeks[:-2], weeks[-1]]).drift is None


@pytest.mark.parametrize(
    ("needed", "found"),
    [
        (Demand(100.0, 52, 131.0, 65.0, 0.0), [(13, 0.31), (4, -0.35)]),
        (Demand(100.0, 52, 130.0, 70.0, 0.0), []),  # 30 % is not more than 30 %
        (Demand(100.0, 52, None, 140.0, 0.0), [(4, 0.4)]),
        (Demand(100.0, 13, 140.0, 140.0, 0.0), [(4, 0.4)]),  # 13 of 13 weeks are the same weeks
        (Demand(100.0, 4, None, 140.0, 0.0), []),
        (Demand(0.0, 52, 10.0, 10.0, 0.0), []),
        (Demand(None, 3, None, None, None), []),
    ],
)
def test_shorter_averages_that_lie_over_30_percent_off_are_named(
    needed: Demand, found: list[tuple[int, float]]
) -> None:
    assert [(weeks, pytest.approx(share)) for weeks, share in drifts(needed)] == found


# -- reorder point ---------------------------------------------------------------------------------------------------


def test_the_documented_example() -> None:
    """facts/domain.md section 4: 491 a week, deviation 151, two weeks: safety 352, together 1,334.3, so 1,335 units."""
    assert reorder_point(MAIN, 14) == 1335
    assert reorder_point(Demand(491.0, 52, None, None, 0.0), 14) == 982
    safety = 1.65 * 151 * 2**0.5
    assert round(safety) == 352
    assert 982 + safety == pytest.approx(1334.35, abs=0.01)


@pytest.mark.parametrize(
    ("needed", "lead", "point"),
    [
        (a_demand(70.0, 0.0), 7, 70),
        (a_demand(70.0, 0.0), 8, 80),  # and not 81 for a last digit
        (a_demand(70.0, 0.0), 1, 10),
        (a_demand(0.3, 0.0), 7, 1),
        (a_demand(70.0, 20.0), 0, 0),
        (a_demand(0.0, 0.0), 14, 0),
        (a_demand(70.0, 0.0), None, None),
        (a_demand(None, None), 14, None),
    ],
)
def test_a_reorder_point_is_demand_over_the_lead_time_rounded_up(
    needed: Demand, lead: int | None, point: int | None
) -> None:
    assert reorder_point(needed, lead) == point


# -- run-out ---------------------------------------------------------------------------------------------------------


def test_without_swings_the_band_is_one_day() -> None:
    day = TODAY + timedelta(days=10)
    assert run_out(100, a_demand(), TODAY) == RunOut(10.0, day, day, day)
    assert run_out(109, a_demand(), TODAY) == RunOut(pytest.approx(10.9), day, day, day)
    assert run_out(1, a_demand(0.7), TODAY) == RunOut(pytest.approx(10), day, day, day)


@pytest.mark.parametrize("available", [0, -1, -500])
def test_nothing_left_is_out_today(available: int) -> None:
    assert run_out(available, MAIN, TODAY) == RunOut(0.0, TODAY, TODAY, TODAY)


def test_without_a_demand_nothing_runs_out() -> None:
    assert run_out(100, a_demand(None, None), TODAY) is None
    assert run_out(100, a_demand(0.0, 0.0), TODAY) is None
    assert run_out(0, a_demand(0.0, 0.0), TODAY) is None


def test_a_date_more_than_ten_years_ahead_says_nothing() -> None:
    assert run_out(36_500, a_demand(), TODAY) == RunOut(3650.0, *[TODAY + FARTHEST] * 3)
    assert run_out(36_501, a_demand(), TODAY) is None
    assert run_out(2_000_000_000, a_demand(1 / 52, 0.1), TODAY) is None


def test_a_band_ends_after_ten_years_at_the_latest() -> None:
    out = run_out(100, a_demand(0.2, 0.5), TODAY)
    assert out is not None
    assert out.on < out.latest_on == TODAY + FARTHEST


def test_the_band_is_as_wide_as_what_the_weeks_until_then_may_swing() -> None:
    out = run_out(491 * 9, MAIN, TODAY)
    assert out is not None
    # After nine weeks 9 x 491 have left, give or take 1.2816 x 151 x 3 = 581 units: 8.3 days of demand each way.
    assert out.days == pytest.approx(63)
    assert 7 < (out.on - out.earliest_on).days <= 9
    assert 7 < (out.latest_on - out.on).days <= 10


averages = st.floats(0.01, 5_000)
deviations = st.floats(0, 5_000)
stocks = st.integers(-100, 50_000)


@given(stocks, averages, deviations)
def test_the_run_out_lies_within_its_band(available: int, average: float, deviation: float) -> None:
    out = run_out(available, a_demand(average, deviation), TODAY)
    assume(out is not None)
    assert out is not None
    assert TODAY <= out.earliest_on <= out.on <= out.latest_on <= TODAY + FARTHEST


@given(stocks, st.integers(1, 10_000), averages, deviations)
def test_more_stock_never_runs_out_earlier(available: int, more: int, average: float, deviation: float) -> None:
    needed = a_demand(average, deviation)
    less, out = run_out(available, needed, TODAY), run_out(available + more, needed, TODAY)
    if less is None:
        assert out is None
    elif out is not None:
        assert out.days > less.days or out.days == less.days == 0
        assert (out.on, out.earliest_on, out.latest_on) >= (less.on, less.earliest_on, less.latest_on)
        assert out.earliest_on >= less.earliest_on
        assert out.latest_on >= less.latest_on


@given(st.integers(1, 50_000), averages, deviations, st.floats(1, 1_000))
def test_wider_swings_widen_the_band_and_leave_its_middle(
    available: int, average: float, deviation: float, more: float
) -> None:
    calm, wild = (run_out(available, a_demand(average, one), TODAY) for one in (deviation, deviation + more))
    assert (calm is None) == (wild is None)
    if calm is not None and wild is not None:
        assert wild.on == calm.on
        assert wild.earliest_on <= calm.earliest_on
        assert wild.latest_on >= calm.latest_on


@given(averages, deviations, st.integers(0, 400), st.integers(1, 100))
def test_the_reorder_point_grows_with_the_lead_time(average: float, deviation: float, lead: int, more: int) -> None:
    needed = a_demand(average, deviation)
    sooner, later = reorder_point(needed, lead), reorder_point(needed, lead + more)
    assert sooner is not None
    assert later is not None
    assert later >= sooner
    assert later >= average * (lead + more) / 7 - 1e-5


@given(st.lists(st.integers(0, 100), min_size=1, max_size=70))
def test_an_average_times_its_weeks_is_what_left_in_them(amounts: list[int]) -> None:
    units, weeks = weekly(amounts)
    needed = demand(units, weeks[-52:])
    counted = amounts[-52:]
    if needed.average is not None:
        assert needed.average * needed.weeks == pytest.approx(sum(counted))
        assert needed.weeks <= 52
    assert (needed.average is None) == (needed.weeks < 4)
    only_those = {monday: amount for monday, amount in units.items() if amount}
    assert demand(only_those, weeks[-52:]) == needed  # weeks without any need no entry


# -- level -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "level"),
    [
        (None, "unknown"),
        (-1, "critical"),
        (0, "critical"),
        (1, "critical"),
        (139, "critical"),  # 13.9 days, and a delivery takes 14
        (140, "low"),  # 14 days; the reorder point is 140
        (141, "normal"),
    ],
)
def test_the_level_at_each_edge(quantity: int | None, level: AlertLevel) -> None:
    assert a_stand(quantity).level == level


@pytest.mark.parametrize(
    ("quantity", "given", "level"),
    [(140, 139, "normal"), (140, 140, "low"), (139, 0, "critical"), (140, 0, "normal"), (0, 0, "critical")],
)
def test_a_given_reorder_point_goes_before_the_computed_one(quantity: int, given: int, level: AlertLevel) -> None:
    stands = a_stand(quantity, given=given)
    assert stands.level == level
    assert (stands.reorder_point, stands.is_reorder_point_given) == (given, True)


def test_what_awaits_shipment_or_is_quarantined_is_not_available() -> None:
    stands = a_stand(200, awaiting=30, quarantined=25)
    assert stands.stock.available == 145
    assert stands.days_left == pytest.approx(14.5)
    assert stands.level == "normal"
    assert a_stand(200, awaiting=30, quarantined=31).level == "critical"
    assert a_stand(30, awaiting=30).level == a_stand(30, quarantined=31).level == "critical"
    assert a_stand(None, awaiting=30).stock.available is None


@pytest.mark.parametrize(
    ("stands", "reason"),
    [
        (a_stand(None), "Nobody has said what stood on the shelf. Count it once, or load the opening stock."),
        (a_stand(-5), "The ledger is 5 below zero: a receipt is missing, or a count."),
        (a_stand(0), "Nothing is left on the shelf."),
        (a_stand(0, awaiting=9), "Nothing is left on the shelf."),
        (
            a_stand(8, awaiting=8),
            "Nothing is available: what is on the shelf awaits shipment or is quarantined.",
        ),
        (
            a_stand(8, quarantined=9),
            "Nothing is available: what is on the shelf awaits shipment or is quarantined.",
        ),
        (a_stand(139), "It lasts 13 days, and a delivery takes 14 days."),
        (a_stand(9), "It lasts less than a day, and a delivery takes 14 days."),
        (a_stand(10), "It lasts 1 day, and a delivery takes 14 days."),
        (a_stand(9, lead=1), "It lasts less than a day, and a delivery takes 1 day."),
        (a_stand(140), "140 are available, at or below the computed reorder point of 140."),
        (a_stand(1_500), "1,500 are available, above the computed reorder point of 140."),
        (a_stand(1_500, given=1_500), "1,500 are available, at or below the given reorder point of 1,500."),
        (
            a_stand(5, a_demand(None, None, 0)),
            "No average yet: 0 complete weeks known, 4 are needed. Give a reorder point under Imports.",
        ),
        (a_stand(5, lead=None), "Nobody has said how long a delivery takes. Give a lead time under Imports."),
        (a_stand(5, lead=None, given=4), "5 are available, above the given reorder point of 4."),
    ],
)
def test_every_level_says_why(stands: Stand, reason: str) -> None:
    assert stands.reason == reason


def test_days_left_are_told_as_far_as_they_are_known() -> None:
    assert a_stand(105).days_left == pytest.approx(10.5)
    assert a_stand(1).days_left == pytest.approx(0.1)
    assert a_stand(0).days_left == 0
    assert a_stand(-3, a_demand(None, None)).days_left == 0  # it is out, whatever is asked for
    assert a_stand(105, a_demand(None, None)).days_left is None
    assert a_stand(105, a_demand(0.0, 0.0)).days_left is None
    assert a_stand(None).days_left is None
    eternal = a_stand(50_000)
    assert (eternal.days_left, eternal.run_out) == (5_000.0, None)


def test_a_lead_time_of_nothing_is_never_too_long() -> None:
    assert a_stand(1, lead=0).level == "normal"


def test_a_stand_carries_what_it_was_told_from() -> None:
    stands = a_stand(140)
    assert (stands.lead_time_days, stands.needed, stands.stock) == (14, a_demand(), Stock(140, 0, 0))
    assert stands.run_out == run_out(140, a_demand(), TODAY)
    assert not stands.is_reorder_point_given


@given(stocks, averages, deviations, st.integers(0, 90))
def test_more_stock_is_never_a_worse_level(available: int, average: float, deviation: float, lead: int) -> None:
    worst_first = ("critical", "low", "normal")
    levels = [
        a_stand(quantity, a_demand(average, deviation), lead=lead).level for quantity in (available, available + 1)
    ]
    assert worst_first.index(levels[0]) <= worst_first.index(levels[1])
