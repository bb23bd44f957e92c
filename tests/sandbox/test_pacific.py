"""ShipStation's wall time: stamps, texts, and reading dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.sandbox.index import Index
from shipsync.sandbox.pacific import long_text, read_date, short_text, stamp, wall


@given(st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_stamps_end_in_0_3_or_7_and_stay_when_stamped_again(instant: datetime) -> None:
    stamped = stamp(instant)
    assert stamped.microsecond % 10_000 in {0, 3_000, 7_000}
    assert stamp(stamped) == stamped
    assert timedelta(milliseconds=-1) <= instant - stamped < timedelta(milliseconds=4)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2021, 1, 23, 17, 19, 48, 613_000, UTC), "2021-01-23T09:19:48.6130000"),  # recorded
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "2026-11-01T01:30:00.0000000"),
        (datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "2026-11-01T01:30:00.0000000"),
        (datetime(2026, 3, 8, 10, 0, tzinfo=UTC), "2026-03-08T03:00:00.0000000"),
    ],
)
def test_instants_are_shown_as_pacific_wall_time(instant: datetime, text: str) -> None:
    assert long_text(wall(instant)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2021-01-23 09:09:08.32", "2021-01-23T09:09:08.32"),
        ("2021-01-23T09:09:08.3200000", "2021-01-23T09:09:08.32"),
        ("2021-01-23 09:09:08", "2021-01-23T09:09:08"),
        ("2021-01-23", "2021-01-23T00:00:00"),
        ("2021-01-23T17:09:08Z", "2021-01-23T09:09:08"),
        ("2021-01-23T12:09:08-05:00", "2021-01-23T09:09:08"),
    ],
)
def test_dates_are_read_as_wall_time(text: str, shown: str) -> None:
    assert short_text(read_date(text)) == shown


@pytest.mark.parametrize("text", ["", "yesterday", "2021-13-01", "01/23/2021", "2021-01-23 25:00:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_date(text)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 1000)), unique_by=lambda pair: pair[1]), st.integers(0, 50)
)
def test_an_index_is_always_sorted_and_finds_what_lies_between(pairs: list[tuple[int, int]], edge: int) -> None:
    index = Index()
    for ms, entity_id in pairs:
        index.add(ms, entity_id)
    assert index.ids() == [entity_id for _, entity_id in sorted(pairs)]
    assert index.ids(*index.between(edge, None)) == [one for ms, one in sorted(pairs) if ms >= edge]
    assert index.ids(*index.between(None, edge)) == [one for ms, one in sorted(pairs) if ms <= edge]
    for ms, entity_id in pairs:
        index.remove(ms, entity_id)
    assert len(index) == 0
