# ruff: noqa: DTZ001 - wall times have no zone on purpose
"""Pacific wall time and UTC instants: the two odd hours of the year, and windows that leave nothing out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipsync.doors.shipstation.dates import (
    PACIFIC,
    clear_after,
    clear_before,
    from_query_text,
    is_repeated_or_missing,
    sent_order_date,
    to_date,
    to_instant,
    wall_second,
    window,
)

LATER = datetime(2030, 1, 1, tzinfo=UTC)

instants = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
# Around the two changes of 2026, where the interesting cases are.
autumn = st.datetimes(datetime(2026, 11, 1, 6), datetime(2026, 11, 1, 12), timezones=st.just(UTC))
spring = st.datetimes(datetime(2026, 3, 8, 8), datetime(2026, 3, 8, 12), timezones=st.just(UTC))
any_instant = instants | autumn | spring
walls = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)) | st.datetimes(
    datetime(2026, 11, 1), datetime(2026, 11, 1, 4)
)


def as_shipstation_writes(instant: datetime, digits: int = 7) -> str:
    wall = instant.astimezone(PACIFIC)
    fraction = f"{wall.microsecond:06d}0"[:digits]
    return wall.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2021-01-23T09:19:48.6130000", datetime(2021, 1, 23, 17, 19, 48, 613000, tzinfo=UTC)),
        ("2021-01-23T09:09:08.32", datetime(2021, 1, 23, 17, 9, 8, 320000, tzinfo=UTC)),
        ("2021-07-23T09:09:08", datetime(2021, 7, 23, 16, 9, 8, tzinfo=UTC)),
        ("2021-07-23 09:09:08.3", datetime(2021, 7, 23, 16, 9, 8, 300000, tzinfo=UTC)),
        ("2015-07-02", datetime(2015, 7, 2, 7, tzinfo=UTC)),
        ("2016-06-07T00:00:00.0000000", datetime(2016, 6, 7, 7, tzinfo=UTC)),
        ("2019-08-24T14:15:22Z", datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)),
        ("2019-08-24T14:15:22-05:00", datetime(2019, 8, 24, 19, 15, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00", datetime(1, 1, 1, 7, 52, 58, tzinfo=UTC)),
    ],
)
def test_every_recorded_form_of_a_date_is_read_as_pacific(text: str, instant: datetime) -> None:
    assert to_instant(text, LATER) == instant


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2021-13-01T00:00:00", "20210123", "2021-01-23T25:00:00", "9999-12-31T23:59:59", "2021-W01"],
)
def test_what_is_no_date_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        to_instant(text, LATER)


def test_a_repeated_time_means_the_later_instant_once_that_has_passed() -> None:
    first = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    second = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    text = "2026-11-01T01:30:00.0000000"
    assert to_instant(text, answered_at=first + timedelta(minutes=5)) == first
    assert to_instant(text, answered_at=second - timedelta(seconds=1)) == first
    assert to_instant(text, answered_at=second) == second
    assert to_instant(text, answered_at=second + timedelta(days=3)) == second


def test_a_stamp_within_the_very_second_of_the_answer_is_not_after_it() -> None:
    answered_at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)  # HTTP dates have no fractions
    assert to_instant("2026-11-01T01:30:00.9970000", answered_at) == answered_at + timedelta(microseconds=997_000)


def test_a_time_in_the_spring_gap_is_taken_an_hour_forward() -> None:
    assert to_instant("2026-03-08T02:30:00.0000000", LATER) == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)
    assert to_instant("2026-03-08T03:30:00.0000000", LATER) == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)


def test_a_ship_date_is_a_day_and_not_an_instant() -> None:
    assert to_date("2015-07-02") == date(2015, 7, 2)
    assert to_date("2016-06-07T00:00:00.0000000") == date(2016, 6, 7)


@settings(deadline=None)
@given(any_instant, st.sampled_from([3, 7]))
def test_an_instant_survives_shipstations_way_of_writing_it(instant: datetime, digits: int) -> None:
    instant = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    read = to_instant(as_shipstation_writes(instant, digits), answered_at=instant)
    if is_repeated_or_missing(instant.astimezone(PACIFIC).replace(tzinfo=None)):
        # Read at once, the second of two hours may be told from the first, but not the other way round.
        assert read in (instant, instant - timedelta(hours=1))
    else:
        assert read == instant


@settings(deadline=None)
@given(any_instant, any_instant, st.floats(0, 1), st.sampled_from(["as text", "first", "second"]))
@example(datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, 10, tzinfo=UTC), 0.1, "as text")
@example(datetime(2026, 11, 1, 9, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, 50, tzinfo=UTC), 0.5, "first")
def test_a_window_covers_every_instant_within_it(
    one: datetime, other: datetime, share: float, shipstation_reads_bounds: str
) -> None:
    """However ShipStation compares: the texts, or instants that it takes a repeated bound for."""
    start, end = min(one, other), max(one, other)
    instant = start + (end - start) * share
    low, high = (from_query_text(text) for text in window(start, end))
    if shipstation_reads_bounds == "as text":
        assert low <= instant.astimezone(PACIFIC).replace(tzinfo=None) <= high
    else:
        fold = 0 if shipstation_reads_bounds == "first" else 1
        lowest, highest = (wall.replace(tzinfo=PACIFIC, fold=fold).astimezone(UTC) for wall in (low, high))
        assert lowest <= instant <= highest


@settings(deadline=None)
@given(any_instant, any_instant)
def test_a_window_is_at_most_an_hour_and_a_second_wider_on_either_side(one: datetime, other: datetime) -> None:
    start, end = min(one, other), max(one, other)
    low, high = (from_query_text(text) for text in window(start, end))
    assert to_instant(str(low), LATER) >= start - timedelta(hours=2, seconds=1)
    assert to_instant(str(high), LATER) <= end + timedelta(hours=2, seconds=1)


def test_a_window_outside_the_odd_hours_is_exact_to_the_second() -> None:
    start = datetime(2026, 11, 20, 17, 0, 0, 400_000, tzinfo=UTC)
    end = datetime(2026, 11, 20, 17, 5, 0, 1, tzinfo=UTC)
    assert window(start, end) == ("2026-11-20 09:00:00", "2026-11-20 09:05:01")


def test_an_end_that_rounds_up_into_the_gap_lands_behind_it() -> None:
    end = datetime(2026, 3, 8, 9, 59, 59, 500_000, tzinfo=UTC)
    assert window(end, end) == ("2026-03-08 01:59:59", "2026-03-08 03:00:00")


@settings(deadline=None)
@given(walls)
def test_clear_times_exist_once_and_enclose_the_given_one(wall: datetime) -> None:
    before, after = clear_before(wall), clear_after(wall)
    assert before <= wall <= after
    for clear in (before, after):
        assert not is_repeated_or_missing(clear)
        assert clear.microsecond == 0


@settings(deadline=None)
@given(any_instant)
def test_an_uploaded_order_date_comes_back_as_the_same_instant(instant: datetime) -> None:
    read = to_instant(sent_order_date(instant), LATER)
    assert abs(read - instant) in (timedelta(0), timedelta(hours=1))
    if not is_repeated_or_missing(instant.astimezone(PACIFIC).replace(tzinfo=None)):
        assert read == instant


def test_the_second_of_a_stamp_is_what_is_sent_back() -> None:
    assert wall_second("2021-01-23T09:19:48.6130000") == "2021-01-23 09:19:48"
    assert wall_second("2021-01-23") == "2021-01-23 00:00:00"
    assert wall_second("2021-01-23T17:19:48Z") == "2021-01-23 09:19:48"
