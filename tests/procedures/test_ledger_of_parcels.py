"""The stock ledger's story of what leaves and comes back: real syncs against the embedded ShipStation."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipsync.procedures.ledger import bring_ledger_in_step
from shipsync.rules.ledger import Movement, left_at
from shipsync.store import ledger
from shipsync.store.invariants import broken
from tests.deeds import Deeds
from tests.house import NOON, House, a_house

DAY = date(2026, 9, 16)  # of NOON
NEXT = DAY + timedelta(days=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LAST = timedelta(microseconds=1)
RINSE, OTHER_LOT, PASTE = "17612 - 250237", "17612 - 250300", "18795"
LOT, OTHER, NO_LOT = ("17612", "250237"), ("17612", "250300"), ("18795", "")
Told = tuple[str, str, str, int, datetime, date]


def story(house: House, since: int = 0) -> list[Told]:
    """The entries as they were posted: kind, SKU, lot, units, instant, business date."""
    return house.rows(
        """
        SELECT kind, sku, lot, quantity, moved_at, business_date
        FROM inventory_transactions
        WHERE entry_no > $since
        ORDER BY entry_no
        """,
        since=since,
    )


def stock(house: House, as_of: datetime | None = None) -> dict[tuple[str, str], int]:
    """Units of each lot, zeros left out."""
    found = ledger.balances(house.app.db.read(), as_of or house.clock.now())
    return {(one.sku, one.lot): one.quantity for one in found if one.quantity}


def synced(house: House, after: float = 5) -> list[Told]:
    """Wait, sync, and tell what was posted by that."""
    known = len(story(house))
    house.wait(after)
    house.sync()
    assert ledger.orders_out_of_step(house.app.db.read()) == []
    return story(house, known)


def a_label(house: House, *items: tuple[str, int], number: str = "100521", **label: Any) -> Any:
    """An order for these items, labelled at once."""
    order = house.world.place_manual_order(number, items or ((RINSE, 3),))
    return house.world.buy_label(order.order_id, **label)


def shipped(place: tuple[str, str], units: int, at: datetime = NOON, on: date = DAY) -> Told:
    return ("ship", *place, units, at, on)


def voided(place: tuple[str, str], units: int, at: datetime, on: date) -> Told:
    return ("void", *place, units, at, on)


# -- the story -------------------------------------------------------------------------------------------------------


def test_a_label_takes_its_units_off_the_shelf_when_it_is_bought_and_once(house: House) -> None:
    a_label(house, (RINSE, 3), (PASTE, 1))
    assert synced(house) == [shipped(LOT, -3), shipped(NO_LOT, -1)]
    assert stock(house, NOON - LAST) == {}
    assert stock(house) == {LOT: -3, NO_LOT: -1}
    for everything in (False, True):
        house.wait()
        house.sync(everything=everything)
    assert len(story(house)) == 2


def test_the_entries_name_their_order_and_who_says_so(house: House) -> None:
    label = a_label(house)
    synced(house)
    con = house.app.db.read()
    (entry,) = ledger.entries(con)
    assert (entry.order_number, entry.shipstation_order_id) == ("100521", label.order_id)
    assert (entry.parcel_kind, entry.parcel_id) == ("shipment", label.shipment_id)
    assert (entry.entered_by, entry.entered_at) == ("ShipStation", NOON + 5 * MINUTE)
    house.world.void(label.shipment_id)
    synced(house)
    assert [one.order_number for one in ledger.entries(con)] == ["100521"] * 2


def test_a_void_brings_the_units_back_on_its_own_day(house: House) -> None:
    label = a_label(house)
    synced(house)
    house.wait(26 * 60)
    at = house.clock.now()
    house.world.void(label.shipment_id)
    assert synced(house) == [voided(LOT, 3, at, NEXT)]
    assert stock(house, at - LAST) == {LOT: -3}
    assert stock(house) == {}


def test_a_label_voided_before_we_saw_it_never_left(house: House) -> None:
    house.sync()
    label = a_label(house)
    house.wait(1)
    house.world.void(label.shipment_id)
    assert synced(house, 1) == []


def test_a_label_voided_and_bought_again_leaves_once(house: House) -> None:
    label = a_label(house)
    synced(house)
    house.wait(30)
    house.world.void(label.shipment_id)
    house.wait(1)
    house.world.buy_label(label.order_id)
    again = NOON + 36 * MINUTE
    assert synced(house) == [voided(LOT, 3, again - MINUTE, DAY), shipped(LOT, -3, again)]
    assert stock(house) == {LOT: -3}


def test_a_label_made_for_tomorrow_leaves_tomorrow(house: House) -> None:
    label = a_label(house, ship_date=NEXT)
    midnight = datetime(2026, 9, 17, 7, tzinfo=UTC)
    assert synced(house) == [shipped(LOT, -3, midnight, NEXT)]
    assert stock(house) == {}
    house.world.void(label.shipment_id)
    assert synced(house) == [voided(LOT, 3, midnight, NEXT)]
    assert stock(house, midnight + HOUR) == {}


def test_an_order_in_two_parcels_on_two_days_leaves_on_both(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    house.world.buy_label(order.order_id, ((RINSE, 2),))
    assert synced(house) == [shipped(LOT, -2)]
    house.wait(24 * 60)
    at = house.clock.now()
    house.world.buy_label(order.order_id)
    assert synced(house) == [shipped(LOT, -1, at, NEXT), shipped(NO_LOT, -1, at, NEXT)]


def test_a_part_that_was_split_off_leaves_by_itself(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    house.sync()
    house.wait()
    child = house.world.split(order.order_id, ((RINSE, 1),))
    house.world.buy_label(child.order_id)
    at = house.clock.now()
    assert synced(house) == [shipped(LOT, -1, at)]
    house.world.buy_label(order.order_id)
    assert synced(house) == [shipped(LOT, -2, at + 5 * MINUTE), shipped(NO_LOT, -1, at + 5 * MINUTE)]


def test_the_lot_on_the_label_leaves_and_not_the_ordered_one(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id, ((OTHER_LOT, 3),))
    assert synced(house) == [shipped(OTHER, -3)]


def test_units_whose_sku_cannot_be_read_are_in_no_stock(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.world.buy_label(order.order_id, (("17612-6", 3),))
    assert synced(house) == []


def test_a_second_label_without_items_takes_nothing_and_a_void_of_the_first_brings_all_back(house: House) -> None:
    first = a_label(house)
    bare = house.world.buy_label(first.order_id)
    assert bare.lines is None
    assert synced(house) == [shipped(LOT, -3)]
    at = house.clock.now()
    house.world.void(first.shipment_id)
    assert synced(house) == [voided(LOT, 3, at, DAY)]
    assert stock(house) == {}


def test_an_order_marked_as_shipped_leaves_when_it_was_marked(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    house.sync()
    house.wait()
    house.world.mark_shipped(order.order_id)
    assert synced(house) == [shipped(LOT, -3, NOON + 5 * MINUTE)]
    assert house.rows("SELECT parcel_kind FROM inventory_transactions") == [("fulfillment",)]


def test_a_part_labelled_and_the_rest_marked_leave_each_at_its_time(house: House) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3), (PASTE, 1)))
    house.world.buy_label(order.order_id, ((RINSE, 2),))
    synced(house)
    house.wait()
    house.world.mark_shipped(order.order_id)
    marked = NOON + 10 * MINUTE
    assert synced(house) == [shipped(LOT, -1, marked), shipped(NO_LOT, -1, marked)]


def label_shown_late(house: House) -> None:
    """An order seen shipped while its label is in no list yet, as ShipStation does for some minutes."""
    house.sync()
    house.wait()
    a_label(house)
    house.wait(2)
    hidden = house.world.books.shipments_by_created
    house.world.books.shipments_by_created = type(hidden)()
    house.world.touch(next(iter(house.world.books.orders)))
    house.sync()
    house.world.books.shipments_by_created = hidden


def test_a_label_that_shows_late_takes_the_place_of_its_stand_in(house: House) -> None:
    label_shown_late(house)
    bought, seen = NOON + 5 * MINUTE, NOON + 7 * MINUTE
    assert story(house) == [shipped(LOT, -3, seen)]
    assert synced(house, 6) == [shipped(LOT, 3, seen), shipped(LOT, -3, bought)]
    kinds = house.rows("SELECT parcel_kind, sum(quantity)::INTEGER FROM inventory_transactions GROUP BY 1 ORDER BY 1")
    assert kinds == [("order", 0), ("shipment", -3)]
    assert stock(house, bought) == stock(house) == {LOT: -3}


def count(house: House, units: int, at: datetime) -> None:
    entry = Movement("count", *LOT, units, at, DAY)
    with house.app.db.transaction() as con:
        ledger.post(con, [entry], "Ann", house.clock.now())


def test_a_label_of_before_a_count_does_not_move_it_however_late_it_shows(house: House) -> None:
    """Bought at 12:05, counted at 12:06, seen in the order at 12:07: the count had it, the stand-in did not know."""
    label_shown_late(house)
    count(house, 97, NOON + 6 * MINUTE)
    assert stock(house) == {LOT: 94}
    synced(house, 6)
    assert stock(house) == {LOT: 97}


def test_a_void_after_a_count_comes_on_top_of_it(house: House) -> None:
    label = a_label(house)
    synced(house)
    count(house, 97, house.clock.now())
    house.wait()
    house.world.void(label.shipment_id)
    synced(house)
    assert stock(house) == {LOT: 100}


# -- orders that go --------------------------------------------------------------------------------------------------


def hourly(house: House, hours: int) -> None:
    for _ in range(hours):
        house.wait(60)
        house.sync()


@pytest.mark.parametrize("how", ["deleted", "merged"])
def test_what_left_of_an_order_that_is_then_gone_stays_left(house: House, how: str) -> None:
    order = house.world.place_manual_order("100521", ((RINSE, 3),))
    part = house.world.buy_label(order.order_id, ((RINSE, 1),))
    other = house.world.place_manual_order("100531", ((PASTE, 1),))
    synced(house)
    if how == "deleted":
        house.world.delete(order.order_id)
    else:
        house.world.merge(other.order_id, order.order_id)
    hourly(house, 36 if how == "deleted" else 1)  # by then every state has been counted
    assert house.order("100521")["status"] == "cancelled"
    # Its label is voided when nobody looks at the order any more: what was shipped of it stays told as shipped.
    house.world.void(part.shipment_id)
    hourly(house, 8)
    assert house.rows("SELECT voided FROM shipments") == [(True,)]
    assert story(house) == [shipped(LOT, -1)]
    assert rebuilt(house) == {LOT: -1}


def test_a_stand_in_whose_order_left_the_inbox_is_still_told(house: House) -> None:
    label_shown_late(house)
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM orders_inbox")
    assert rebuilt(house) == {LOT: -3}


def test_a_database_with_many_orders_is_brought_in_step_whole(house: House) -> None:
    """More than go into one transaction."""
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO shipments (shipment_id, shipstation_order_id, created_at, ship_date, shipment_cost,
                insurance_cost, is_return_label, has_items, voided, content_hash, first_seen_at, updated_at)
            SELECT n, n, $noon, $day, 1, 0, false, true, false, 'h', $noon, $noon FROM range(5001) orders(n)
            """,
            {"noon": NOON, "day": DAY},
        )
        con.execute(
            """
            INSERT INTO shipped_items (parcel_kind, parcel_id, line_no, shipstation_order_id, order_number,
                source_system, ship_date, base_sku, lot, quantity)
            SELECT 'shipment', n, 1, n, n::VARCHAR, 'X-Cart', $day, '17612', '250237', 2 FROM range(5001) orders(n)
            """,
            {"day": DAY},
        )
    assert rebuilt(house) == {LOT: -10_002}


def rebuilt(house: House) -> Mapping[tuple[str, str], int]:
    """Stock as a database has it that comes from before the ledger."""
    with house.app.db.transaction() as con:
        con.execute("DELETE FROM inventory_transactions")
    zone, now = house.app.settings.zone, house.clock.now()
    orders = bring_ledger_in_step(house.app.db, zone, now)
    assert ledger.orders_out_of_step(house.app.db.read()) == []
    assert bring_ledger_in_step(house.app.db, zone, now) == 0
    assert orders == house.rows("SELECT count(DISTINCT shipstation_order_id) FROM inventory_transactions")[0][0]
    return stock(house, now + timedelta(days=3650))


# -- zones, midnights, clock changes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "bought", "left", "on"),
    [
        # 23:59:59 and 00:00 in a warehouse on ShipStation's own clock.
        ("America/Los_Angeles", datetime(2026, 9, 17, 6, 59, 59, tzinfo=UTC), None, DAY),
        ("America/Los_Angeles", datetime(2026, 9, 17, 7, 0, tzinfo=UTC), None, NEXT),
        # A warehouse in Chicago, two hours ahead: at its noon nothing is odd.
        ("America/Chicago", datetime(2026, 9, 16, 17, 0, tzinfo=UTC), None, DAY),
        # Half past midnight there is half past ten at ShipStation, and the ship date is still yesterday's.
        ("America/Chicago", datetime(2026, 9, 17, 5, 30, tzinfo=UTC), datetime(2026, 9, 17, 5, tzinfo=UTC) - LAST, DAY),
        ("America/Chicago", datetime(2026, 9, 17, 4, 59, 59, tzinfo=UTC), None, DAY),
        ("America/Chicago", datetime(2026, 9, 17, 7, 0, tzinfo=UTC), None, NEXT),
        # West of ShipStation its day begins before the warehouse's does.
        ("Pacific/Honolulu", datetime(2026, 9, 17, 8, 0, tzinfo=UTC), datetime(2026, 9, 17, 10, tzinfo=UTC), NEXT),
    ],
)
def test_units_count_for_the_ship_date_in_the_warehouses_zone(
    tmp_path: Path, zone: str, bought: datetime, left: datetime | None, on: date
) -> None:
    with a_house(tmp_path, start=bought, zone=zone) as house:
        a_label(house)
        assert synced(house) == [shipped(LOT, -3, left or bought, on)]


def test_a_void_counts_for_the_day_it_is_in_the_warehouse(tmp_path: Path) -> None:
    """23:30 in Chicago and 00:30 there are two days, and one at ShipStation."""
    evening = datetime(2026, 9, 17, 4, 30, tzinfo=UTC)
    with a_house(tmp_path, start=evening, zone="America/Chicago") as house:
        labels = [a_label(house, number=number) for number in ("100521", "100531")]
        house.sync()
        house.wait(10)
        house.world.void(labels[0].shipment_id)
        assert synced(house) == [voided(LOT, 3, evening + 10 * MINUTE, DAY)]
        house.wait(45)
        house.world.void(labels[1].shipment_id)
        assert synced(house) == [voided(LOT, 3, evening + 60 * MINUTE, NEXT)]


SUNDAY = date(2026, 11, 1)  # 25 hours long


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/Chicago"])
def test_on_the_sunday_of_25_hours_everything_counts_for_it(tmp_path: Path, zone: str) -> None:
    """A label in the hour that comes twice may be read an hour off, because ShipStation's clock says no more."""
    start = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)  # 00:30 PDT
    with a_house(tmp_path, start=start, zone=zone) as house:
        bought = []
        for number in range(25):
            bought.append(house.clock.now())
            a_label(house, (RINSE, 1), number=f"1005{number:02d}")
            house.wait(60)
        house.sync()
        synced(house, 90)
        entries = sorted(story(house), key=lambda one: one[4])
        # The last one is of 23:30 PST, which is Monday in Chicago; it is held within its ship date.
        assert [one[5] for one in entries] == [SUNDAY] * 25
        for (*_, moved_at, day), at in zip(entries, bought, strict=True):
            assert abs(moved_at - left_at(at, day, house.app.settings.zone)) in (timedelta(0), HOUR)
        assert sum(1 for one, at in zip(entries, bought, strict=True) if abs(one[4] - at) == HOUR) <= 1 + (
            zone == "America/Chicago"
        )
        assert stock(house) == {LOT: -25}


def test_a_label_voided_in_the_hour_that_comes_twice_is_not_back_before_it_left(tmp_path: Path) -> None:
    start = datetime(2026, 11, 1, 8, 50, tzinfo=UTC)  # 01:50 PDT; 20 minutes later it is 01:10 PST
    with a_house(tmp_path, start=start) as house:
        label = a_label(house)
        house.sync()
        house.wait(20)
        house.world.void(label.shipment_id)
        synced(house, 90)
        (_, _, _, _, left, _), (_, _, _, back, came_back, on) = story(house)
        assert (back, on) == (3, SUNDAY)
        assert came_back >= left
        assert stock(house) == {}


def test_the_sunday_of_23_hours_ends_at_its_own_midnight(tmp_path: Path) -> None:
    start = datetime(2026, 3, 9, 6, 59, tzinfo=UTC)  # 23:59 PDT on Sunday 8 March
    with a_house(tmp_path, start=start) as house:
        a_label(house)
        assert synced(house) == [shipped(LOT, -3, start, date(2026, 3, 8))]
        a_label(house, number="100531")
        assert synced(house) == [shipped(LOT, -3, start + 5 * MINUTE, date(2026, 3, 9))]


# -- anything at all -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "zone"),
    [
        (1, "America/Los_Angeles"),
        *(pytest.param(*one, marks=pytest.mark.sweep) for one in ((2, "America/Chicago"), (3, "America/New_York"))),
    ],
)
def test_whatever_people_do_the_ledger_tells_each_parcel_at_its_time(tmp_path: Path, seed: int, zone: str) -> None:
    with a_house(tmp_path, seed=seed, zone=zone) as house:
        rng = random.Random(seed)
        deeds = Deeds(house.world, rng)
        house.sync()
        for _ in range(16):
            deeds.act(rng.randint(1, 8))
            house.wait(rng.choice([1, 5, 30, 7 * 60]))
            house.import_shop()
            house.upload()
            synced(house, rng.choice([1, 5]))
        assert list(broken(house.app.db.read())) == []
        assert_told_as_they_are(house)
        far = house.clock.now() + timedelta(days=3650)
        known = stock(house, far)
        assert len(story(house)) > 20
        assert rebuilt(house) == known


def assert_told_as_they_are(house: House) -> None:
    """Each parcel's entries, against ShipStation's own books and what has left: units, dates, instants."""
    zone = house.app.settings.zone
    items = house.rows(
        """
        SELECT parcel_kind, parcel_id, base_sku, coalesce(lot, ''), any_value(ship_date), sum(quantity)::INTEGER
        FROM shipped_items
        WHERE base_sku IS NOT NULL
        GROUP BY ALL
        """
    )
    standing = {row[:4]: row[4:] for row in items}
    by_parcel: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for *key, kind, units, at, on in house.rows(
        """
        SELECT parcel_kind, parcel_id, sku, lot, kind, quantity, moved_at, business_date
        FROM inventory_transactions
        ORDER BY entry_no
        """
    ):
        by_parcel.setdefault(tuple(key), []).append((kind, units, at, on))
    assert by_parcel.keys() >= standing.keys()
    books = house.world.books
    for key, entries in by_parcel.items():
        parcel_kind, parcel_id, *_ = key
        dates = summed([(on, units) for kind, units, _, on in entries if kind == "ship"])
        back = [(at, on, units) for kind, units, at, on in entries if kind == "void"]
        if key in standing:
            ship_date, units = standing[key]
            assert (dates, summed([(on, units) for _, on, units in back])) == ({ship_date: -units}, {})
        else:
            assert sum(dates.values()) + sum(units for *_, units in back) == 0
        if parcel_kind == "order":
            assert not back
            continue
        truth = books.shipments[parcel_id] if parcel_kind == "shipment" else books.fulfillments[parcel_id]
        assert {at for kind, _, at, on in entries if kind == "ship"} == {
            left_at(truth.created, on, zone) for kind, _, _, on in entries if kind == "ship"
        }
        for at, on, _ in back:
            assert truth.voided is not None
            assert at == max(truth.voided, *(one[2] for one in entries if one[0] == "ship" and one[1] < 0))
            assert on == at.astimezone(zone).date()


def summed(parts: list[tuple[date, int]]) -> dict[date, int]:
    sums: dict[date, int] = {}
    for on, units in parts:
        sums[on] = sums.get(on, 0) + units
    return {on: units for on, units in sums.items() if units}
