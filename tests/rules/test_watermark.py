"""The mark: where the next window starts, and that it never goes back (DESIGN D3, I5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules import watermark
from shipsync.rules.watermark import Mark, Window

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)

instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned by hypothesis


def test_without_a_mark_the_window_starts_30_days_back_and_says_why() -> None:
    window = watermark.next_window(Mark(None, None), NOW)
    assert window == Window(NOW - timedelta(days=30), NOW, "there is no mark yet")


def test_the_window_goes_back_ten_minutes_behind_the_mark() -> None:
    mark = Mark(NOW - timedelta(hours=2), NOW - timedelta(minutes=5))
    assert watermark.next_window(mark, NOW) == Window(NOW - timedelta(minutes=15), NOW)


@pytest.mark.parametrize(
    ("through", "words"),
    [(NOW + timedelta(minutes=11), "in the future"), (datetime(1970, 1, 1, tzinfo=UTC), "older than ShipStation")],
)
def test_a_corrupt_mark_falls_back_to_30_days_with_the_reason(through: datetime, words: str) -> None:
    window = watermark.next_window(Mark(None, through), NOW)
    assert window.start == NOW - timedelta(days=30)
    assert words in str(window.seeded_because)


def test_a_clock_set_back_a_little_does_not_turn_the_window_inside_out() -> None:
    mark = Mark(NOW, NOW)
    window = watermark.next_window(mark, NOW - timedelta(minutes=8))
    assert window == Window(NOW - timedelta(minutes=18), NOW)


@pytest.mark.parametrize(
    ("instant", "minutes"),
    [
        (
            datetime(2026, 11, 1, 7, 40, tzinfo=UTC),
            10,
        ),  # 00:40 Pacific, more than 75 minutes before the clock goes back
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), 75),  # the first 01:30
        (datetime(2026, 11, 1, 9, 30, tzinfo=UTC), 75),  # the second 01:30
        (datetime(2026, 11, 1, 10, 10, tzinfo=UTC), 75),  # 02:10, rows of the repeated hour may still come
        (datetime(2026, 11, 1, 10, 20, tzinfo=UTC), 10),
        (datetime(2026, 3, 8, 10, 0, tzinfo=UTC), 10),  # the spring gap repeats nothing
    ],
)
def test_around_the_autumn_clock_change_it_goes_back_75_minutes(instant: datetime, minutes: int) -> None:
    assert watermark.overlap(instant) == timedelta(minutes=minutes)


def test_a_window_is_complete_no_further_than_the_servers_clock() -> None:
    window = Window(NOW - timedelta(hours=1), NOW)
    assert watermark.complete_through(window, NOW - timedelta(minutes=20)) == NOW - timedelta(minutes=20)
    assert watermark.complete_through(window, NOW + timedelta(minutes=20)) == NOW


@given(st.none() | instants, st.none() | instants, st.none() | instants, instants)
def test_the_mark_never_goes_back(
    last: datetime | None, through: datetime | None, newest: datetime | None, end: datetime
) -> None:
    before = Mark(last, through)
    after = watermark.advanced(before, newest, end)
    assert after.complete_through is not None
    assert through is None or after.complete_through >= through
    assert last is None or (after.last_sync_timestamp is not None and after.last_sync_timestamp >= last)
    assert watermark.advanced(after, newest, end) == after


@given(instants, st.timedeltas(timedelta(minutes=-90), timedelta(days=3)))
def test_two_windows_in_a_row_leave_no_gap(first_now: datetime, later: timedelta) -> None:
    mark = watermark.advanced(Mark(None, None), None, first_now)
    window = watermark.next_window(mark, first_now + later)
    assert window.start <= first_now - watermark.OVERLAP
    assert window.end >= first_now or window.seeded_because is not None
    assert window.start < window.end


days = st.integers(0, 80).map(lambda n: NOW + timedelta(days=n))
windows = st.lists(st.tuples(days, days).map(sorted).map(lambda two: Window(two[0], two[1])), max_size=6)


@given(st.none() | days, windows)
def test_the_reach_of_windows_leaves_no_instant_unread_behind_it(through: datetime | None, read: list[Window]) -> None:
    reached = watermark.reach(through, [(window, window.end) for window in read])
    assert watermark.reach(through, [(window, window.end) for window in reversed(read)]) == reached
    if through is not None:
        assert reached is not None
        assert reached >= through
    if reached is None:
        assert all(window.end - window.start < watermark.SEED for window in read)
        return
    started = through or min(w.start for w in read if w.end - w.start >= watermark.SEED)
    covered = [Window(NOW - watermark.SEED, through)] if through else []
    for day in range((reached - started).days):
        middle = started + timedelta(days=day, hours=12)
        assert any(window.start <= middle <= window.end for window in [*covered, *read])


def test_a_window_that_does_not_reach_back_to_the_mark_does_not_move_it() -> None:
    late = Window(NOW - timedelta(hours=1), NOW)
    assert watermark.reach(NOW - timedelta(hours=2), [(late, NOW)]) == NOW - timedelta(hours=2)
    assert watermark.reach(None, [(late, NOW)]) is None
