# ruff: noqa: DTZ001 - ShipStation's own times have no zone
"""Reading lists whose rows move: nothing is skipped, nothing is asked twice without need, broken rows stand aside."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipsync.doors.shipstation import Page
from shipsync.doors.shipstation.client import _ORDERS
from shipsync.doors.shipstation.dates import PACIFIC
from shipsync.doors.shipstation.reading import ListReader
from shipsync.errors import ShipStationDown, ShipStationGarbled
from tests.doors.fake_list import FakeList, FakeRow
from tests.doors.handler import Asked, Desk, FakeClock, Reply, desk

NINE = datetime(2026, 11, 20, 9, 0)  # Pacific; the windows below begin here
START = NINE.replace(tzinfo=PACIFIC).astimezone(UTC)
END = START + timedelta(hours=4)
SECOND = timedelta(seconds=1)
NOW = datetime(2026, 11, 20, 13, 30)  # what is modified while we read gets a stamp behind the window
SMALL = (10, 5, 1)  # page sizes for tests about pages rather than about 500


def spread(count: int, seconds_apart: float) -> list[FakeRow]:
    return [FakeRow(1000 + n, NINE + timedelta(seconds=1 + n * seconds_apart)) for n in range(count)]


def ids(pages: list[Page[Any]]) -> list[int]:
    return [row.order_id for page in pages for row in page.rows]


def read_small(fake: FakeList, resume: str | None = None, clock: FakeClock | None = None) -> Iterator[Page[Any]]:
    """Read orders with pages of 10 rather than 500."""
    door = desk(fake, clock=clock, tries=3).door
    return ListReader(door._transport, _ORDERS, SMALL).read(START, END, resume)


# --- requests


@pytest.mark.parametrize(("count", "at_most"), [(0, 1), (1, 1), (499, 1), (500, 1), (501, 2), (5_000, 11), (9_750, 21)])
def test_n_orders_cost_about_n_over_500_requests(count: int, at_most: int) -> None:
    at = desk(FakeList(spread(count, seconds_apart=1.4)))
    pages = list(at.door.orders_modified(START, END))
    assert set(ids(pages)) == {1000 + n for n in range(count)}
    assert at.door.requests["orders"] <= at_most
    assert [page.page_no for page in pages] == list(range(1, len(pages) + 1))
    assert pages[-1].resume is None
    assert all(page.resume is not None for page in pages[:-1])


def test_a_page_tells_what_was_asked_and_what_came() -> None:
    at = desk(FakeList(spread(2, 1)))
    (page,) = at.door.orders_modified(START, END)
    assert page.request == {
        "sortBy": "ModifyDate",
        "sortDir": "ASC",
        "modifyDateStart": "2026-11-20 09:00:00",
        "modifyDateEnd": "2026-11-20 13:00:00",
        "page": "1",
        "pageSize": "500",
    }
    assert at.asked[0].query == page.request
    assert page.answered_at == at.clock.now()
    assert '"total": 2' in page.body


def test_shipments_and_fulfillments_are_walked_by_creation() -> None:
    at = desk(FakeList(spread(700, 3)))
    for pages in (at.door.shipments_created(START, END), at.door.fulfillments_created(START, END)):
        assert len({row for page in pages for row in page.rows}) == 700
    assert {asked.query["sortBy"] for asked in at.asked} == {"CreateDate"}
    assert {asked.query.get("includeShipmentItems") for asked in at.asked if asked.path == "/shipments"} == {"true"}
    assert len(at.asked) == 4


# --- what the envelope says is not believed


def test_a_short_page_is_not_the_end_while_total_says_more() -> None:
    fake = FakeList(spread(40, 60), max_page_size=7)
    assert set(ids(list(desk(fake).door.orders_modified(START, END)))) == {1000 + n for n in range(40)}


def test_null_rows_are_passed_over_and_still_counted() -> None:
    fake = FakeList(spread(30, 60))
    for row in fake.rows[3::4]:
        row.is_null = True
    pages = list(read_small(fake))
    assert set(ids(pages)) == {row.row_id for row in fake.rows if not row.is_null}
    assert [page.bad for page in pages] == [[]] * len(pages)


def test_a_page_of_unreadable_dates_is_read_by_number() -> None:
    good = [{"orderId": n, "orderNumber": str(n), "orderStatus": "shipped", "modifyDate": "soon"} for n in range(25)]

    def answer(asked: Asked) -> Reply:
        page = int(asked.query["page"])
        return Reply({"orders": good[(page - 1) * 10 : page * 10], "total": 25, "page": page, "pages": 3})

    pages = list(read_small(answer))  # type: ignore[arg-type]
    assert {bad.entity_id for page in pages for bad in page.bad} == {str(n) for n in range(25)}


def test_a_list_that_is_not_sorted_as_asked_is_read_by_number() -> None:
    fake = FakeList(spread(35, 60))

    def backwards(asked: Asked) -> Reply:
        page, size = int(asked.query["page"]), int(asked.query["pageSize"])
        found = fake._found(asked.query)[::-1]
        rows = [{**BARE, "orderId": row.row_id, "modifyDate": row.stamp.isoformat()} for row in found]
        return Reply({"orders": rows[(page - 1) * size : page * size], "total": len(rows), "page": page, "pages": 1})

    assert set(ids(list(read_small(backwards)))) == {row.row_id for row in fake.rows}  # type: ignore[arg-type]


BARE = {"orderNumber": "1", "orderStatus": "shipped"}


def test_an_empty_page_that_claims_rows_is_asked_again_and_then_an_error() -> None:
    at = desk(lambda asked: Reply({"orders": [], "total": 3, "page": 1, "pages": 1}), tries=3)
    with pytest.raises(ShipStationGarbled, match="says that there are 3 rows"):
        list(at.door.orders_modified(START, END))
    assert len(at.asked) == 3


# --- one second with more rows than a page


@pytest.mark.parametrize("before", [0, 1, 499, 500, 501])
def test_600_orders_of_one_instant_are_all_read(before: int) -> None:
    instant = NINE + timedelta(hours=1, microseconds=613_000)
    tied = [FakeRow(5000 + n, instant) for n in range(600)]
    fake = FakeList([*spread(before, 5), *tied, FakeRow(9000, instant + timedelta(seconds=1.2))])
    at = desk(fake)
    pages = list(at.door.orders_modified(START, END))
    assert set(ids(pages)) == {row.row_id for row in fake.rows}
    assert len(at.asked) <= len(fake.rows) / 500 + 4


def test_ties_that_every_answer_orders_differently_are_read_until_all_were_seen() -> None:
    shuffle = random.Random(3)
    tied = [FakeRow(5000 + n, NINE + timedelta(hours=1)) for n in range(600)]
    fake = FakeList(tied, order_of_ties=lambda row: shuffle.random())
    assert set(ids(list(desk(fake).door.orders_modified(START, END)))) == {row.row_id for row in tied}


def test_a_tie_that_changed_once_is_read_again_and_the_rest_after_it() -> None:
    instant = NINE + timedelta(hours=1)
    tied = [FakeRow(5000 + n, instant) for n in range(1_100)]
    later = [FakeRow(9000 + n, instant + timedelta(seconds=10 + n)) for n in range(700)]
    answers = 0

    def leave(fake: FakeList) -> None:
        nonlocal answers
        answers += 1
        if answers == 3:  # between two pages of the tie
            moved(fake, tied[0])

    pages = list(desk(FakeList([*tied, *later], between=leave)).door.orders_modified(START, END))
    assert set(ids(pages)) >= {row.row_id for row in [*tied[1:], *later]}


def test_a_tie_at_the_end_of_the_window_asks_for_nothing_behind_it() -> None:
    fake = FakeList([FakeRow(5000 + n, NINE + timedelta(hours=4)) for n in range(600)])
    assert set(ids(list(desk(fake).door.orders_modified(START, END)))) == {row.row_id for row in fake.rows}
    assert {end for _, end in fake.windows} == {"2026-11-20 13:00:00"}


def test_a_tie_that_never_stands_still_is_an_error_that_names_the_window() -> None:
    tied = [FakeRow(5000 + n, NINE + timedelta(hours=1)) for n in range(3_000)]
    fake = FakeList(tied, between=lambda fake: fake.rows.pop(0))
    with pytest.raises(ShipStationGarbled, match="from 2026-11-20 09:59:59 to 2026-11-20 10:00:02 Pacific"):
        list(desk(FakeList([*spread(3, 1), *tied], between=fake.between)).door.orders_modified(START, END))


# --- rows that move while we read


def moved(fake: FakeList, row: FakeRow) -> None:
    row.stamp = NOW + timedelta(seconds=len(fake.windows))


@settings(max_examples=150, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.003, 0.9, 1.0, 1.0, 30.0]), max_size=60),
    seed=st.integers(0, 10_000),
    changes=st.integers(0, 3),
    inclusive=st.tuples(st.booleans(), st.booleans()),
    fractions=st.booleans(),
    breaks_off=st.booleans(),
)
@example(gaps=[0.0] * 60, seed=1, changes=1, inclusive=(False, False), fractions=False, breaks_off=True)
@example(gaps=[1.0] * 60, seed=2, changes=3, inclusive=(False, False), fractions=False, breaks_off=False)
def test_every_row_that_stands_still_is_read_whatever_the_others_do(
    gaps: list[float], seed: int, changes: int, inclusive: tuple[bool, bool], fractions: bool, breaks_off: bool
) -> None:
    """The law of D4. `breaks_off`: the process is killed after every page and another one goes on from `resume`."""
    chance = random.Random(seed)
    stamps = [NINE + timedelta(minutes=1)]
    for gap in gaps:
        stamps.append(stamps[-1] + timedelta(seconds=gap))
    rows = [FakeRow(1000 + n, stamp) for n, stamp in enumerate(stamps)]
    touched: set[int] = set()

    def change(fake: FakeList) -> None:
        if chance.random() < 0.4 and len(touched) < 12:
            for row in chance.sample(fake.rows, min(changes, len(fake.rows))):
                touched.add(row.row_id)
                if chance.random() < 0.2:
                    fake.rows.remove(row)
                else:
                    moved(fake, row)

    fake = FakeList(
        list(rows),
        between=change,
        has_inclusive_start=inclusive[0],
        has_inclusive_end=inclusive[1],
        compares_fractions=fractions,
    )
    pages: list[Page[Any]] = []
    reading = read_small(fake)
    try:
        while (page := next(reading, None)) is not None:
            pages.append(page)
            if breaks_off and page.resume is not None:
                reading = read_small(fake, page.resume)
    except ShipStationGarbled:
        # Allowed: a part that changed during every pass is not taken for complete.
        assert len(touched) > 3
        return
    assert {row.row_id for row in rows} - touched <= set(ids(pages))


@pytest.mark.parametrize("boundary", range(1, 12))
def test_a_row_that_leaves_before_any_page_takes_no_other_row_along(boundary: int) -> None:
    fake = FakeList(spread(100, 7))
    asked = 0

    def leave(fake: FakeList) -> None:
        nonlocal asked
        asked += 1
        if asked == boundary:
            moved(fake, fake.rows[2])

    fake.between = leave
    assert set(ids(list(read_small(fake)))) == {1000 + n for n in range(100)}


def test_a_reading_resumed_after_any_page_asks_nothing_twice() -> None:
    whole = list(read_small(FakeList(spread(60, 7))))
    for page in whole[:-1]:
        rest = list(read_small(FakeList(spread(60, 7)), page.resume))
        assert [later.body for later in rest] == [later.body for later in whole[page.page_no :]]
        assert [later.page_no for later in rest] == [later.page_no for later in whole[page.page_no :]]


@pytest.mark.parametrize("resume", ["", "{}", "[]", "not json", '{"feed": "voids"}', '{"feed": "orders", "lo": 3}'])
def test_a_resume_that_cannot_be_used_reads_from_the_start(resume: str) -> None:
    assert len(ids(list(read_small(FakeList(spread(5, 7)), resume)))) == 5


# --- the repeated hour


def autumn_rows() -> Iterator[FakeRow]:
    for n in range(120):  # 00:00 to 03:55 Pacific on the night of the change, five hours long
        instant = datetime(2026, 11, 1, 7, 0, tzinfo=UTC) + timedelta(minutes=2.5 * n)
        yield FakeRow(1000 + n, instant.astimezone(PACIFIC).replace(tzinfo=None, fold=0))


@pytest.mark.parametrize("sorts_by", ["wall time", "instant"])
@pytest.mark.parametrize(("hours", "count"), [((7, 12), 120), ((8, 9), 24), ((9, 10), 24), ((8.5, 9.5), 24)])
def test_the_repeated_hour_is_read_whole(sorts_by: str, hours: tuple[float, float], count: int) -> None:
    midnight = datetime(2026, 11, 1, tzinfo=UTC)
    start, end = (midnight + timedelta(hours=hour) for hour in hours)
    wanted = [
        row.row_id
        for n, row in enumerate(autumn_rows())
        if start <= datetime(2026, 11, 1, 7, 0, tzinfo=UTC) + timedelta(minutes=2.5 * n) < end
    ]
    assert len(wanted) == count
    fake = FakeList(list(autumn_rows()))
    if sorts_by == "instant":
        fake = SortsByInstant(fake.rows)
    door = desk(fake).door
    pages = list(ListReader(door._transport, _ORDERS, SMALL).read(start, end))
    assert set(wanted) <= set(ids(pages))


class SortsByInstant(FakeList):
    """Keeps UTC and writes Pacific: in the repeated hour the stamps of a sorted list step back."""

    def __call__(self, asked: Asked) -> Reply:
        page, size = int(asked.query["page"]), int(asked.query["pageSize"])
        found = sorted(self._found(asked.query), key=lambda row: row.row_id)
        chosen = found[(page - 1) * size : page * size]
        rows = [{**BARE, "orderId": row.row_id, "modifyDate": row.stamp.isoformat()} for row in chosen]
        return Reply({"orders": rows, "total": len(found), "page": page, "pages": 1})


def test_reading_across_the_spring_gap_asks_for_no_time_within_it() -> None:
    begin = datetime(2026, 3, 8, 9, 59, tzinfo=UTC)
    rows = [
        FakeRow(1000 + n, (begin + timedelta(seconds=n * 0.5)).astimezone(PACIFIC).replace(tzinfo=None))
        for n in range(240)
    ]
    fake = FakeList(rows)
    pages = list(ListReader(desk(fake).door._transport, _ORDERS, SMALL).read(begin, begin + timedelta(minutes=5)))
    assert set(ids(pages)) == {row.row_id for row in rows}
    assert not [text for window in fake.windows for text in window if " 02:" in text]


# --- voids: a list that cannot be sorted by its window


def voided_labels(count: int) -> list[FakeRow]:
    return [
        FakeRow(1000 + n, NINE - timedelta(days=n % 7), voided=NINE + timedelta(minutes=1, seconds=n))
        for n in range(count)
    ]


def test_voids_are_read_by_number_until_all_were_seen() -> None:
    at = desk(FakeList(voided_labels(1_200)))
    pages = list(at.door.shipments_voided(START, END))
    assert len({row.shipment_id for page in pages for row in page.rows}) == 1_200
    assert [asked.query["page"] for asked in at.asked] == ["1", "2", "3"]


def test_voids_that_change_while_read_are_read_again() -> None:
    labels = voided_labels(1_200)
    late = FakeRow(9999, NINE - timedelta(days=9), voided=NINE + timedelta(minutes=2))

    def appear(fake: FakeList) -> None:
        if late not in fake.rows:
            fake.rows.append(late)  # sorts first, so that every other row moves on by one

    pages = list(desk(FakeList(labels, between=appear)).door.shipments_voided(START, END))
    assert {row.shipment_id for page in pages for row in page.rows} == {row.row_id for row in [*labels, late]}


def test_a_null_that_total_does_not_count_stands_for_no_row() -> None:
    """A null too many on the first page and a row missing on the second must not look like all rows."""
    fake = FakeList(voided_labels(501))
    at = desk(fake)

    def odd(asked: Asked) -> Reply:
        reply = fake(asked)
        if len(at.asked) == 1:
            reply.document["shipments"].insert(1, None)
        if len(at.asked) == 2:
            reply.document["shipments"].clear()
        return reply

    at.adapter.handler = odd
    pages = list(at.door.shipments_voided(START, END))
    assert {row.shipment_id for page in pages for row in page.rows} == {row.row_id for row in fake.rows}


# --- a row that makes every page fail


@pytest.mark.parametrize("where", [0, 1, 2, 5, 99, 249, 250, 251, 498, 499, 500, 501, 749, 750, 998, 999])
def test_a_poison_order_stands_alone_and_all_others_are_read(where: int) -> None:
    fake = FakeList(spread(1_000, 5))
    fake.rows[where].poisoned = True
    at = desk(fake)
    pages = list(at.door.orders_modified(START, END))
    assert set(ids(pages)) == {row.row_id for row in fake.rows if not row.poisoned}
    (poison,) = {row.entity_id: row for page in pages for row in page.poison}.values()
    broken_at = fake.rows[where].stamp.replace(tzinfo=PACIFIC)
    assert poison.after <= broken_at <= poison.before
    if 0 < where < 999:
        assert poison.before - poison.after == timedelta(seconds=10)
    assert poison.feed == "orders"
    assert "fails" in poison.reason
    assert len(at.asked) < 60


def test_the_only_order_there_is_may_be_the_poison() -> None:
    fake = FakeList([FakeRow(1, NINE + timedelta(hours=1), poisoned=True)])
    pages = list(desk(fake).door.orders_modified(START, END))
    ((poison,),) = [page.poison for page in pages if page.poison]
    assert (poison.after, poison.before) == (START, END)
    assert ids(pages) == []


def test_the_same_poison_order_is_called_the_same_next_time() -> None:
    def names(count: int) -> set[str]:
        fake = FakeList(spread(count, 5))
        fake.rows[30].poisoned = True
        return {row.entity_id for page in desk(fake).door.orders_modified(START, END) for row in page.poison}

    assert names(60) == names(900)
    assert len(names(60)) == 1


def test_several_poison_orders_are_told_apart() -> None:
    fake = FakeList(spread(600, 5))
    for where in (40, 41, 42, 43, 300, 599):
        fake.rows[where].poisoned = True
    pages = list(desk(fake).door.orders_modified(START, END))
    assert set(ids(pages)) == {row.row_id for row in fake.rows if not row.poisoned}
    assert len({row.entity_id for page in pages for row in page.poison}) == 6


def test_poison_orders_at_the_very_start_do_not_stop_the_reading() -> None:
    fake = FakeList(spread(60, 5))
    for row in fake.rows[:7]:
        row.poisoned = True
    pages = list(desk(fake).door.orders_modified(START, END))
    assert set(ids(pages)) == {row.row_id for row in fake.rows[7:]}
    assert len({row.entity_id for page in pages for row in page.poison}) == 7


def test_poison_orders_at_the_very_end_do_not_stop_the_reading() -> None:
    fake = FakeList(spread(60, 5))
    for row in fake.rows[-7:]:
        row.poisoned = True
    pages = list(desk(fake).door.orders_modified(START, END))
    assert set(ids(pages)) == {row.row_id for row in fake.rows[:-7]}
    assert len({row.entity_id for page in pages for row in page.poison}) == 7


def test_poison_among_600_orders_of_one_instant_is_found_too() -> None:
    fake = FakeList([FakeRow(5000 + n, NINE + timedelta(hours=1)) for n in range(600)])
    fake.rows[321].poisoned = True
    pages = list(desk(fake).door.orders_modified(START, END))
    assert set(ids(pages)) == {row.row_id for row in fake.rows if not row.poisoned}
    assert len({row.entity_id for page in pages for row in page.poison}) == 1


def test_a_poison_label_among_the_voids_lies_within_the_voided_window() -> None:
    fake = FakeList(voided_labels(40))
    fake.rows[7].poisoned = True
    pages = list(desk(fake).door.shipments_voided(START, END))
    assert {row.shipment_id for page in pages for row in page.rows} == {
        row.row_id for row in fake.rows if not row.poisoned
    }
    assert {(row.after, row.before) for page in pages for row in page.poison} == {(START, END)}


def test_a_reading_killed_while_dividing_goes_on_and_still_finds_the_poison() -> None:
    fake = FakeList(spread(60, 7))
    fake.rows[33].poisoned = True
    whole = list(read_small(fake))
    for page in whole[:-1]:
        pages = whole[: page.page_no] + list(read_small(fake, page.resume))
        assert set(ids(pages)) == {row.row_id for row in fake.rows if not row.poisoned}
        assert len({row.entity_id for page in pages for row in page.poison}) == 1


def test_a_poison_place_tried_again_after_it_was_mended_gives_the_order() -> None:
    fake = FakeList(spread(60, 5))
    fake.rows[33].poisoned = True
    at = desk(fake)
    (poison,) = [row for page in at.door.orders_modified(START, END) for row in page.poison]
    again = list(at.door.orders_modified(poison.after - SECOND, poison.before + SECOND))
    assert [row.entity_id for page in again for row in page.poison]
    fake.rows[33].poisoned = False
    mended = list(at.door.orders_modified(poison.after - SECOND, poison.before + SECOND))
    assert 1033 in ids(mended)
    assert not any(page.poison for page in mended)


def test_a_poison_place_within_one_second_is_found_again_whatever_the_bounds_mean() -> None:
    fake = FakeList(
        [FakeRow(n, NINE + timedelta(hours=1), poisoned=n == 2) for n in (1, 2, 3)],
        has_inclusive_start=False,
        has_inclusive_end=False,
    )
    at = desk(fake)
    (poison,) = [row for page in at.door.orders_modified(START, END) for row in page.poison]
    assert poison.after == poison.before
    fake.rows[1].poisoned = False
    assert ids(list(at.door.orders_modified(poison.after - SECOND, poison.before + SECOND))) == [1, 2, 3]


def failing_from(request_no: int, fake: FakeList) -> Callable[[Asked], Reply]:
    count = 0

    def answer(asked: Asked) -> Reply:
        nonlocal count
        count += 1
        return fake(asked) if count < request_no else Reply({"message": "An internal error occurred"}, status=500)

    return answer


@pytest.mark.parametrize("request_no", [1, 2, 3])
def test_when_everything_fails_it_is_an_outage_and_not_poison(request_no: int) -> None:
    at: Desk = desk(failing_from(request_no, FakeList(spread(2_000, 5))))
    pages: list[Page[Any]] = []
    with pytest.raises(ShipStationDown, match="500"):
        pages.extend(at.door.orders_modified(START, END))
    assert len(pages) == request_no - 1
    assert not any(page.poison for page in pages)
    assert len(at.asked) < request_no + 12


def test_when_only_the_first_rows_fail_one_by_one_it_is_an_outage() -> None:
    """Pages behind the end still answer, but no row does."""
    fake = FakeList(spread(40, 5))
    for row in fake.rows:
        row.poisoned = True
    at = desk(fake)
    with pytest.raises(ShipStationDown):
        list(at.door.orders_modified(START, END))
    assert len(at.asked) < 40
