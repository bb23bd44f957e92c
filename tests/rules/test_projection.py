"""The way down to nothing: it begins with the stock, and meets zero where the run-out says."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.inventory import FARTHEST, Demand, run_out
from shipsync.rules.projection import MOST_POINTS, Projected, projection

TODAY = date(2026, 11, 20)


def test_a_stock_goes_down_by_its_average_with_a_band_that_grows() -> None:
    now, week, two_weeks = projection(1000, 400.0, 100.0, TODAY, TODAY + timedelta(days=14))[::7]
    assert (now.on, now.expected, now.low, now.high) == (TODAY, 1000.0, 1000.0, 1000.0)
    assert (week.expected, round(week.low, 2), round(week.high, 2)) == (600.0, 471.84, 728.16)
    assert (two_weeks.expected, round(two_weeks.low, 2), round(two_weeks.high, 2)) == (200.0, 18.75, 381.25)


@given(
    available=st.integers(1, 5_000),
    average=st.floats(1, 1_000),
    deviation=st.floats(0, 400),
)
def test_its_three_lines_meet_zero_on_the_dates_of_the_run_out(
    available: int, average: float, deviation: float
) -> None:
    out = run_out(available, Demand(average, 52, average, average, deviation), TODAY)
    if out is None:
        return

    def left(on: date) -> Projected:
        last = projection(available, average, deviation, TODAY, max(TODAY, on))[-1]
        assert last.on == max(TODAY, on)
        return last

    day = timedelta(days=1)
    assert left(out.earliest_on - day).low > 0
    assert left(out.earliest_on + day).low == 0
    assert left(out.on - day).expected > 0
    assert left(out.on + day).expected == 0
    assert left(out.latest_on - day).high > 0
    assert left(out.latest_on + day).high == 0 or out.latest_on - TODAY == FARTHEST


def test_a_long_way_has_few_points_and_both_ends() -> None:
    points = projection(5_000, 3.0, 4.0, TODAY, TODAY + timedelta(days=3_000))
    assert len(points) <= MOST_POINTS + 1
    assert (points[0].on, points[-1].on) == (TODAY, TODAY + timedelta(days=3_000))


def test_nothing_stays_nothing() -> None:
    assert [(one.low, one.expected, one.high) for one in projection(0, 10.0, 0.0, TODAY, TODAY)] == [(0.0, 0.0, 0.0)]
