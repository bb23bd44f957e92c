"""What parcels make of the stock ledger: what is posted, when it counts, what a later word changes (DESIGN D14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.ledger import (
    DEFAULT_APPROVAL_ABOVE,
    LARGE_RECEIPT,
    REASONS,
    Movement,
    ParcelNow,
    Posted,
    Waterfall,
    left_at,
    postings,
)
from shipsync.rules.periods import business_date, day_ends, day_starts
from tests.rules.builders import NOON

PACIFIC, CENTRAL = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Chicago")
DAY = date(2026, 11, 20)  # of NOON, a Friday
NEXT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)
LAST = timedelta(microseconds=1)
RINSE, OTHER_LOT, PASTE = ("17612", "250237"), ("17612", "250300"), ("18795", "")


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = PACIFIC) -> datetime:
    """An instant by the clock on the warehouse's wall."""
    return datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)


def a_parcel(units: Mapping[tuple[str, str], int] | None = None, **others: Any) -> ParcelNow:
    """A label bought at noon for the same day, with three units of one lot."""
    values: dict[str, Any] = {
        "kind": "shipment",
        "parcel_id": 1,
        "order_id": 500,
        "created_at": NOON,
        "ship_date": DAY,
        "voided_at": None,
    }
    return ParcelNow(units=units if units is not None else {RINSE: 3}, **(values | others))


def a_stand_in(units: Mapping[tuple[str, str], int] | None = None, **others: Any) -> ParcelNow:
    return a_parcel(units, **({"kind": "order", "parcel_id": 500} | others))


@dataclass
class Book:
    """A ledger as a list."""

    zone: ZoneInfo = PACIFIC
    entries: list[Movement] = field(default_factory=list)

    def post(self, *parcels: ParcelNow) -> list[Movement]:
        """Post what these parcels call for. Returns the new entries."""
        new = postings(parcels, self.posted(), self.zone)
        self.entries += new
        return new

    def posted(self) -> list[Posted]:
        """As the store sums it: by parcel, kind, SKU, lot and date, with the first instant."""
        sums: dict[tuple[Any, ...], list[Movement]] = {}
        for one in self.entries:
            key = (one.parcel_kind, one.parcel_id, one.shipstation_order_id, one.kind, one.sku, one.lot)
            sums.setdefault((*key, one.business_date), []).append(one)
        return [
            Posted(*key, min(one.moved_at for one in ones), sum(one.quantity for one in ones))
            for key, ones in sums.items()
        ]

    def net(self, instant: datetime | None = None) -> dict[tuple[str, str], int]:
        """What all entries up to an instant add to each lot; zeros left out."""
        return _summed(
            ((one.sku, one.lot), one.quantity) for one in self.entries if instant is None or one.moved_at <= instant
        )


def _summed(parts: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    sums: dict[Any, int] = {}
    for key, units in parts:
        sums[key] = sums.get(key, 0) + units
    return {key: units for key, units in sums.items() if units}


def told(entries: Sequence[Movement]) -> list[tuple[str, str, str, int, datetime, date]]:
    """What matters of entries."""
    return [(one.kind, one.sku, one.lot, one.quantity, one.moved_at, one.business_date) for one in entries]


# -- when units leave ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "leaves"),
    [
        (at(DAY, 12), at(DAY, 12)),
        (at(DAY, 0), at(DAY, 0)),
        (at(NEXT, 0) - LAST, at(NEXT, 0) - LAST),
        (at(DAY - timedelta(days=1), 18, 30), at(DAY, 0)),  # the evening before: with the first instant of its day
        (at(NEXT, 0), at(NEXT, 0) - LAST),  # dated back: with the last instant of its day
        (at(NEXT, 9), at(NEXT, 0) - LAST),
    ],
)
def test_units_leave_when_their_label_is_made_but_on_its_ship_date(made: datetime, leaves: datetime) -> None:
    assert left_at(made, DAY, PACIFIC) == leaves


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 3, 8), datetime(2026, 3, 8, 8, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),  # 23 hours
        (date(2026, 11, 1), datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),  # 25 hours
    ],
)
def test_a_day_of_the_clock_change_is_held_by_its_own_midnights(day: date, first: datetime, last: datetime) -> None:
    assert left_at(first - HOUR, day, PACIFIC) == first
    assert left_at(last + HOUR, day, PACIFIC) == last - LAST
    within = last - HOUR
    assert left_at(within, day, PACIFIC) == within


def test_a_label_of_ship_stations_late_evening_leaves_within_the_warehouses_day() -> None:
    """23:00 Pacific on the ship date is the next day in Chicago already; the units count for the ship date."""
    assert left_at(at(DAY, 23), DAY, CENTRAL) == at(NEXT, 0, zone=CENTRAL) - LAST
    assert left_at(at(DAY, 21, 59), DAY, CENTRAL) == at(DAY, 21, 59)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zoned by hypothesis
    st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.sampled_from([PACIFIC, CENTRAL, ZoneInfo("UTC")]),
)
def test_units_leave_on_their_ship_date_and_at_no_other_time_than_the_labels_if_that_lies_in_it(
    made: datetime, day: date, zone: ZoneInfo
) -> None:
    leaves = left_at(made, day, zone)
    assert business_date(leaves, zone) == day
    assert (leaves == made) == (day_starts(day, zone) <= made < day_ends(day, zone))


# -- what is posted --------------------------------------------------------------------------------------------------


def test_a_parcel_is_posted_once() -> None:
    book = Book()
    assert book.post(a_parcel({RINSE: 3, PASTE: 1})) == [
        Movement("ship", *RINSE, -3, NOON, DAY, parcel_kind="shipment", parcel_id=1, shipstation_order_id=500),
        Movement("ship", *PASTE, -1, NOON, DAY, parcel_kind="shipment", parcel_id=1, shipstation_order_id=500),
    ]
    assert book.post(a_parcel({RINSE: 3, PASTE: 1})) == []


def test_a_parcel_of_nothing_is_not_posted() -> None:
    book = Book()
    assert book.post(a_parcel({}), a_parcel({RINSE: 0}, parcel_id=2)) == []


def test_several_parcels_of_an_order_are_posted_each_at_its_own_time() -> None:
    book = Book()
    first = a_parcel({RINSE: 2})
    second = a_parcel({RINSE: 1, PASTE: 1}, parcel_id=2, created_at=NOON + 24 * HOUR, ship_date=NEXT)
    bare = a_parcel({}, parcel_id=3, kind="fulfillment")
    assert told(book.post(second, bare, first)) == [
        ("ship", *RINSE, -2, NOON, DAY),
        ("ship", *RINSE, -1, NOON + 24 * HOUR, NEXT),
        ("ship", *PASTE, -1, NOON + 24 * HOUR, NEXT),
    ]
    assert book.post(first, second, bare) == []


def test_parcels_of_two_kinds_with_one_id_are_two_parcels() -> None:
    book = Book()
    assert len(book.post(a_parcel(), a_parcel(kind="fulfillment"))) == 2
    assert book.net() == {RINSE: -6}
    book.post(a_parcel())
    assert book.net() == {RINSE: -3}


def test_a_label_takes_the_place_of_its_stand_in() -> None:
    book = Book()
    seen = NOON + 5 * timedelta(minutes=1)
    book.post(a_stand_in(created_at=seen))
    label = a_parcel()
    assert told(book.post(label)) == [("ship", *RINSE, 3, seen, DAY), ("ship", *RINSE, -3, NOON, DAY)]
    assert book.net() == {RINSE: -3}
    assert book.net(NOON - LAST) == {}
    assert book.net(NOON) == book.net(seen) == {RINSE: -3}
    assert book.post(label) == []


def test_a_stand_in_of_another_day_moves_to_the_labels_day() -> None:
    book = Book()
    book.post(a_stand_in(created_at=NOON + 24 * HOUR, ship_date=NEXT))
    book.post(a_parcel())
    assert book.net(NOON) == {RINSE: -3}
    assert _summed((one.business_date, one.quantity) for one in book.entries) == {DAY: -3}


def test_a_stand_in_that_stands_again_is_posted_at_the_instant_it_was_first() -> None:
    """So that whatever is taken back later takes back exactly what was posted."""
    book = Book()
    book.post(a_stand_in())
    book.post()
    assert told(book.post(a_stand_in(created_at=NOON + HOUR))) == [("ship", *RINSE, -3, NOON, DAY)]


@pytest.mark.parametrize(
    ("corrected", "entries"),
    [
        ({RINSE: 5}, [("ship", *RINSE, -2, NOON, DAY)]),
        ({RINSE: 1}, [("ship", *RINSE, 2, NOON, DAY)]),
        ({OTHER_LOT: 3}, [("ship", *RINSE, 3, NOON, DAY), ("ship", *OTHER_LOT, -3, NOON, DAY)]),
        ({RINSE: 3, PASTE: 2}, [("ship", *PASTE, -2, NOON, DAY)]),
        ({}, [("ship", *RINSE, 3, NOON, DAY)]),
    ],
)
def test_other_contents_are_posted_as_the_difference_at_the_instant_of_the_parcel(
    corrected: Mapping[tuple[str, str], int], entries: list[Any]
) -> None:
    book = Book()
    book.post(a_parcel())
    assert told(book.post(a_parcel(corrected))) == entries
    assert book.post(a_parcel(corrected)) == []


def test_another_ship_date_takes_the_units_from_the_one_day_to_the_other() -> None:
    book = Book()
    book.post(a_parcel())
    assert told(book.post(a_parcel(ship_date=NEXT))) == [
        ("ship", *RINSE, 3, NOON, DAY),
        ("ship", *RINSE, -3, at(NEXT, 0), NEXT),
    ]
    # And back again, to the instant at which it left at first.
    assert told(book.post(a_parcel())) == [("ship", *RINSE, -3, NOON, DAY), ("ship", *RINSE, 3, at(NEXT, 0), NEXT)]
    assert book.net() == {RINSE: -3}


def test_an_order_of_which_nothing_stands_any_more_takes_everything_back() -> None:
    book = Book()
    book.post(a_parcel(), a_parcel(parcel_id=2))
    assert told(book.post()) == [("ship", *RINSE, 3, NOON, DAY)] * 2
    assert book.net(NOON) == {}


def test_a_parcel_that_belongs_to_another_order_now_is_taken_from_the_one_and_given_to_the_other() -> None:
    book = Book()
    book.post(a_parcel())
    moved = a_parcel(order_id=501)
    entries = book.post(moved)
    assert [(one.shipstation_order_id, one.quantity) for one in entries] == [(500, 3), (501, -3)]
    assert book.post(moved) == []


# -- voids -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voided_at", "day"),
    [(NOON + HOUR, DAY), (NOON + 30 * HOUR, NEXT), (at(NEXT, 0) - LAST, DAY), (at(NEXT, 0), NEXT)],
)
def test_a_void_brings_the_units_back_when_it_happened(voided_at: datetime, day: date) -> None:
    book = Book()
    book.post(a_parcel({RINSE: 3, PASTE: 1}))
    voided = a_parcel({}, voided_at=voided_at)
    assert told(book.post(voided)) == [("void", *RINSE, 3, voided_at, day), ("void", *PASTE, 1, voided_at, day)]
    assert book.net(voided_at - LAST) == {RINSE: -3, PASTE: -1}
    assert book.net() == {}
    assert book.post(voided) == []


def test_a_void_before_the_ship_date_brings_nothing_back_before_it_left() -> None:
    book = Book()
    book.post(a_parcel(ship_date=NEXT))
    assert told(book.post(a_parcel({}, ship_date=NEXT, voided_at=NOON + HOUR))) == [
        ("void", *RINSE, 3, at(NEXT, 0), NEXT)
    ]
    assert book.net(at(NEXT, 0)) == {}


def test_a_void_told_with_another_instant_is_moved_to_its_day() -> None:
    book = Book()
    book.post(a_parcel())
    book.post(a_parcel({}, voided_at=NOON + HOUR))
    assert told(book.post(a_parcel({}, voided_at=NOON + 24 * HOUR))) == [
        ("void", *RINSE, -3, NOON + HOUR, DAY),
        ("void", *RINSE, 3, NOON + 24 * HOUR, NEXT),
    ]


def test_a_label_that_stands_again_after_a_void_takes_the_void_back() -> None:
    book = Book()
    book.post(a_parcel())
    book.post(a_parcel({}, voided_at=NOON + HOUR))
    assert told(book.post(a_parcel())) == [("void", *RINSE, -3, NOON + HOUR, DAY)]
    assert book.net(NOON) == book.net() == {RINSE: -3}


def test_a_label_seen_first_when_voided_is_never_posted() -> None:
    book = Book()
    assert book.post(a_parcel({RINSE: 3}, voided_at=NOON + HOUR)) == []
    assert book.post(a_parcel({}, voided_at=NOON + HOUR)) == []


def test_a_void_brings_back_what_was_posted_last_and_not_what_was_corrected_before() -> None:
    book = Book()
    book.post(a_parcel())
    book.post(a_parcel({OTHER_LOT: 2}))
    book.post(a_parcel({OTHER_LOT: 2}, ship_date=NEXT))
    assert told(book.post(a_parcel({}, ship_date=NEXT, voided_at=NOON + 30 * HOUR))) == [
        ("void", *OTHER_LOT, 2, NOON + 30 * HOUR, NEXT)
    ]


def test_a_day_that_was_taken_back_says_nothing_of_when_a_void_came() -> None:
    """The label was dated back later on. Its void may seem to come before it, in the hour that comes twice."""
    book = Book()
    book.post(a_parcel())
    book.post(a_parcel(ship_date=DAY - timedelta(days=1)))
    voided_at = NOON - timedelta(minutes=10)
    for posted in (book.posted(), book.posted()[::-1]):
        voided = a_parcel({}, voided_at=voided_at)
        assert told(postings([voided], posted, PACIFIC)) == [("void", *RINSE, 3, voided_at, DAY)]


def test_two_voids_on_two_days_bring_back_each_its_own() -> None:
    book = Book()
    second = a_parcel({RINSE: 1}, parcel_id=2)
    book.post(a_parcel(), second)
    first_void = a_parcel({}, voided_at=NOON + HOUR)
    book.post(first_void, second)
    assert book.net() == {RINSE: -1}
    book.post(first_void, a_parcel({}, parcel_id=2, voided_at=NOON + 24 * HOUR))
    assert book.net() == {}
    assert _summed((one.business_date, one.quantity) for one in book.entries if one.kind == "void") == {DAY: 3, NEXT: 1}


def test_a_label_voided_and_bought_again_leaves_once() -> None:
    book = Book()
    book.post(a_parcel())
    voided = a_parcel({}, voided_at=NOON + HOUR)
    again = a_parcel(parcel_id=2, created_at=NOON + 2 * HOUR)
    book.post(voided, again)
    assert book.net(NOON + HOUR) == {}
    assert book.net() == {RINSE: -3}
    assert book.post(again, voided) == []


# -- laws ------------------------------------------------------------------------------------------------------------

_units = st.dictionaries(st.sampled_from([RINSE, OTHER_LOT, PASTE]), st.integers(0, 4), max_size=3)
_days = st.sampled_from([DAY - timedelta(days=1), DAY, NEXT])
_instants = st.integers(-40 * 60, 60 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
# Absent, voided, or standing with some contents on some day.
_states = st.one_of(st.none(), st.just("voided"), st.tuples(_days, _units))


@st.composite
def _lives(draw: st.DrawFn) -> tuple[list[ParcelNow], list[list[Any]]]:
    """Some parcels of two orders, and what is known of each of them at one sync after the other."""
    parcels = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(["shipment", "fulfillment", "order"]), max_size=4))):
        created_at = draw(_instants)
        voided_at = created_at + timedelta(minutes=draw(st.integers(0, 3_000)))
        parcels.append(
            a_parcel({}, kind=kind, parcel_id=number, order_id=number % 2, created_at=created_at, voided_at=voided_at)
        )
    return parcels, draw(st.lists(st.lists(_states, min_size=len(parcels), max_size=len(parcels)), max_size=6))


def _as_known(parcel: ParcelNow, state: Any) -> ParcelNow | None:
    if state is None or state == "voided":
        return parcel if state == "voided" else None
    day, units = state
    return replace(parcel, ship_date=day, units=units, voided_at=None)


def _story(parcel: ParcelNow, states: Sequence[Any], zone: ZoneInfo) -> list[tuple[datetime, Mapping[Any, int]]]:
    """What a parcel with this life does to the shelf, said without any ledger: (instant, units it adds)."""
    stood: tuple[date, Mapping[Any, int]] | None = None  # as it stood last, unless it was gone since
    for state in states:
        if state != "voided":
            stood = state
    if stood is None:
        return []
    day, units = stood
    left = left_at(parcel.created_at, day, zone)
    gone = (left, {place: -amount for place, amount in units.items()})
    if states[-1] != "voided":
        return [gone]
    assert parcel.voided_at is not None
    return [gone, (max(parcel.voided_at, left), units)]


@given(_lives(), st.sampled_from([PACIFIC, CENTRAL]))
def test_the_ledger_says_at_every_instant_what_the_parcels_say_now_however_it_came_there(
    lives: tuple[list[ParcelNow], list[list[Any]]], zone: ZoneInfo
) -> None:
    """After each posting: (1) the net of a parcel, SKU and lot is what it holds if it stands, else nothing; (2) posting
    again gives nothing; (3) what the shelf has lost up to any instant is what the parcels' present state tells of it:
    from its leaving on, and until its void. So a correction changes no instant before what it corrects, and after it
    by no more than the difference.
    """
    parcels, syncs = lives
    book = Book(zone)
    for number in range(len(syncs)):
        now = [one for parcel, state in zip(parcels, syncs[number], strict=True) if (one := _as_known(parcel, state))]
        book.post(*now)
        assert book.post(*reversed(now)) == []
        assert all(one.quantity for one in book.entries)
        assert _summed(((one.parcel_id, one.sku, one.lot), one.quantity) for one in book.entries) == _summed(
            ((one.parcel_id, *place), -amount)
            for one in now
            if one.voided_at is None
            for place, amount in one.units.items()
        )
        story = [
            part
            for place, parcel in enumerate(parcels)
            for part in _story(parcel, [known[place] for known in syncs[: number + 1]], zone)
        ]
        instants = {one.moved_at for one in book.entries} | {instant for instant, _ in story}
        for instant in instants | {one - LAST for one in instants}:
            assert book.net(instant) == _summed(
                (place, amount) for moved_at, units in story if moved_at <= instant for place, amount in units.items()
            )


@given(_lives(), st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_in_which_parcels_and_entries_come(
    lives: tuple[list[ParcelNow], list[list[Any]]], rng: Any
) -> None:
    parcels, syncs = lives
    book = Book()
    for states in syncs:
        now = [one for parcel, state in zip(parcels, states, strict=True) if (one := _as_known(parcel, state))]
        shuffled = rng.sample(now, len(now))
        posted = rng.sample(book.posted(), len(book.posted()))
        assert postings(shuffled, posted, PACIFIC) == postings(now, book.posted(), PACIFIC)
        book.post(*now)


@given(_instants, _instants, _units)
def test_a_label_for_its_stand_in_changes_the_stock_only_between_their_two_instants(
    seen_at: datetime, made_at: datetime, units: Mapping[tuple[str, str], int]
) -> None:
    book = Book()
    book.post(a_stand_in(units, created_at=seen_at, ship_date=business_date(seen_at, PACIFIC)))
    before = Book(entries=list(book.entries))
    label = a_parcel(units, created_at=made_at, ship_date=business_date(made_at, PACIFIC))
    book.post(label)
    first, last = sorted([seen_at, made_at])
    for instant in (first - LAST, last, last + HOUR):
        assert book.net(instant) == before.net(instant)


# -- words and sums --------------------------------------------------------------------------------------------------


def test_a_waterfall_adds_up() -> None:
    assert Waterfall(100, received=48, shipped=30, voided=3, adjusted=-2, repacked=4, counted=-1).expected == 122
    assert Waterfall(100, received=0, shipped=0, voided=0, adjusted=0, repacked=0).expected == 100


def test_the_limits_are_those_of_the_trade() -> None:
    """facts/domain.md: more than four units need a second person (1.8), 200 received the supplier's lot (1.4)."""
    assert (DEFAULT_APPROVAL_ABOVE, LARGE_RECEIPT) == (4, 200)


def test_every_reason_has_its_words() -> None:
    assert all(words[0].isupper() and not words.endswith(".") for words in REASONS.values())
    assert len(set(REASONS.values())) == len(REASONS)
