"""The ledger's balances, in whatever order its entries come: against two recomputations that share no line with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shipsync.rules.ledger import Movement, ParcelNow, Posted, Waterfall
from shipsync.store import ledger
from shipsync.store.db import Database, open_database
from shipsync.store.ledger import Balance, Entry
from shipsync.store.migrations import migrate
from tests.store.conftest import NOW
from tests.store.order_rows import NOON, an_order, put

DAY = date(2026, 11, 18)  # of NOON
HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)
SKUS, LOTS = ("17612", "18795"), ("", "250237", "250300")
KINDS = ("receive", "ship", "void", "adjust_up", "adjust_down", "repack", "count")
# Each kind's usual sign; a correction of one has the other.
SIGNS = {"ship": -1, "adjust_down": -1}


def a_movement(kind: str, quantity: int, hour: float = 0, lot: str = "", sku: str = "17612", **others: Any) -> Movement:
    """So many hours after noon."""
    return Movement(kind, sku, lot, quantity, NOON + hour * HOUR, DAY, **others)  # type: ignore[arg-type]


def enter(db: Database, movements: Sequence[Movement], by: str = "Ann", now: datetime = NOW) -> list[int]:
    with db.transaction() as con:
        return ledger.post(con, movements, by, now)


def balances(db: Database, as_of: datetime) -> dict[tuple[str, str], int]:
    return {(one.sku, one.lot): one.quantity for one in ledger.balances(db.read(), as_of)}


# -- laws ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages() -> Iterator[Database]:
    """One database for all examples of a law, which begin with an empty ledger each."""
    with open_database(None) as db:
        migrate(db, NOW)
        yield db


def emptied(db: Database) -> Database:
    with db.transaction() as con:
        con.execute("DELETE FROM inventory_transactions")
    return db


@st.composite
def _movements(draw: st.DrawFn) -> Movement:
    """On a few places at a few instants, so that ties, duplicates and back-dated entries are the rule."""
    kind = draw(st.sampled_from(KINDS))
    if kind == "count":
        quantity = draw(st.integers(0, 9))
    else:
        quantity = SIGNS.get(kind, 1) * draw(st.integers(1, 9)) * draw(st.sampled_from([1, 1, 1, -1]))
    return a_movement(kind, quantity, draw(st.integers(0, 5)), draw(st.sampled_from(LOTS)), draw(st.sampled_from(SKUS)))


_histories = st.lists(_movements(), max_size=14)
_hours = st.integers(-1, 6)
LAW = settings(max_examples=60)


def replayed(movements: Sequence[Movement], as_of: datetime) -> dict[tuple[str, str], int]:
    """Stock by going through the day: what moves adds, what is counted replaces; of one instant counts come last."""
    stock: dict[tuple[str, str], int] = {}
    order = sorted(range(len(movements)), key=lambda n: (movements[n].moved_at, movements[n].kind == "count", n))
    for one in (movements[number] for number in order):
        if one.moved_at <= as_of:
            before = 0 if one.kind == "count" else stock.get((one.sku, one.lot), 0)
            stock[one.sku, one.lot] = before + one.quantity
    return stock


def by_pandas(db: Database, as_of: datetime) -> dict[tuple[str, str], int]:
    """The same over the raw rows: of each lot the sum from its last count on."""
    table = db.read().table("SELECT entry_no, kind, sku, lot, quantity, moved_at FROM inventory_transactions")
    rows = table.to_pandas()
    rows = rows[rows["moved_at"] <= as_of]
    rows = rows.assign(is_count=rows["kind"] == "count").sort_values(["moved_at", "is_count", "entry_no"])
    rows = rows.assign(counts=rows.groupby(["sku", "lot"])["is_count"].cumsum())
    newest = rows.groupby(["sku", "lot"])["counts"].transform("max")
    sums = rows[rows["counts"] == newest].groupby(["sku", "lot"])["quantity"].sum()
    return {place: int(units) for place, units in sums.items()}


@LAW
@given(history=_histories, hour=_hours)
def test_stock_is_the_last_count_and_what_moved_since_however_it_was_entered(
    pages: Database, history: list[Movement], hour: int
) -> None:
    """I3: balances are the movements' sum, by two other ways of summing; per SKU they are the sum over the lots."""
    as_of = NOON + hour * HOUR
    enter(emptied(pages), history)
    found = balances(pages, as_of)
    assert found == replayed(history, as_of) == by_pandas(pages, as_of)
    closing = {sku: one.expected for sku, one in ledger.waterfalls(pages.read(), NOON - 9 * HOUR, as_of).items()}
    for sku in SKUS:
        of_sku = {one.lot: one.quantity for one in ledger.balances_of(pages.read(), sku, as_of)}
        assert of_sku == {lot: units for (known, lot), units in found.items() if known == sku}
        assert closing.get(sku, 0) == sum(of_sku.values())  # the line without a lot among them


@LAW
@given(history=_histories, order=st.randoms(use_true_random=False), hour=_hours)
def test_the_order_of_entering_says_nothing_but_for_two_counts_at_one_instant(
    pages: Database, history: list[Movement], order: Any, hour: int
) -> None:
    counts = [(one.sku, one.lot, one.moved_at) for one in history if one.kind == "count"]
    assume(len(counts) == len(set(counts)))
    enter(emptied(pages), history)
    as_entered = balances(pages, NOON + hour * HOUR)
    emptied(pages)
    for one in order.sample(history, len(history)):
        enter(pages, [one])
    assert balances(pages, NOON + hour * HOUR) == as_entered


@LAW
@given(
    history=_histories,
    counted=st.integers(0, 9),
    hour=st.integers(1, 4),
    late=st.lists(_movements(), min_size=1, max_size=6),
)
def test_what_becomes_known_later_of_the_time_before_a_count_does_not_move_it(
    pages: Database, history: list[Movement], counted: int, hour: int, late: list[Movement]
) -> None:
    """I4: from the count's instant on, the balance of its lot changes by what moved after that instant alone."""
    count_at = NOON + hour * HOUR
    instants = [count_at + number * HOUR for number in range(4)]
    enter(emptied(pages), [*history, a_movement("count", counted, hour, "250237")])
    before = [balances(pages, instant)["17612", "250237"] for instant in instants]
    here = [replace(one, sku="17612", lot="250237") for one in late]
    # Movements at the very instant of the count are before it; a count there would take its place.
    earlier = [one for one in here if one.moved_at < count_at or (one.moved_at == count_at and one.kind != "count")]
    enter(pages, earlier)
    assert [balances(pages, instant)["17612", "250237"] for instant in instants] == before
    later = [one for one in here if one.moved_at > count_at and one.kind != "count"]
    enter(pages, later)
    counts_since = [
        one.moved_at for one in history if one.kind == "count" and (one.sku, one.lot) == ("17612", "250237")
    ]
    for instant, was in zip(instants, before, strict=True):
        anchor = max([one for one in counts_since if one <= instant] + [count_at])
        moved = sum(one.quantity for one in later if anchor < one.moved_at <= instant)
        assert balances(pages, instant)["17612", "250237"] == was + moved


@LAW
@given(history=_histories, one=_movements(), hour=_hours)
def test_an_entry_moves_its_own_lot_only(pages: Database, history: list[Movement], one: Movement, hour: int) -> None:
    enter(emptied(pages), history)
    before = balances(pages, NOON + hour * HOUR)
    enter(pages, [one])
    after = balances(pages, NOON + hour * HOUR)
    place = (one.sku, one.lot)
    assert {key: units for key, units in after.items() if key != place} == {
        key: units for key, units in before.items() if key != place
    }


def counted_by_replay(movements: Sequence[Movement], sku: str, after: datetime, through: datetime) -> int:
    """What the counts in between have added or taken, each against the stock of its lot just before it."""
    added = 0
    for number, one in enumerate(movements):
        if one.kind == "count" and one.sku == sku and after < one.moved_at <= through:
            before = [
                other
                for n, other in enumerate(movements)
                if (other.moved_at, other.kind == "count", n) < (one.moved_at, True, number)
            ]
            added += one.quantity - replayed(before, through).get((sku, one.lot), 0)
    return added


@LAW
@given(history=_histories, hours=st.tuples(_hours, _hours).map(sorted))
def test_a_waterfall_tells_every_unit_between_two_stocks(
    pages: Database, history: list[Movement], hours: list[int]
) -> None:
    after, through = (NOON + hour * HOUR for hour in hours)
    enter(emptied(pages), history)
    told = ledger.waterfalls(pages.read(), after, through)
    opening, closing = balances(pages, after), balances(pages, through)
    assert told.keys() == {sku for sku, _ in closing}
    for sku, one in told.items():
        between = [m for m in history if m.sku == sku and after < m.moved_at <= through]
        sums = {kind: sum(m.quantity for m in between if m.kind == kind) for kind in KINDS}
        assert one == Waterfall(
            opening=sum(units for (known, _), units in opening.items() if known == sku),
            received=sums["receive"],
            shipped=-sums["ship"],
            voided=sums["void"],
            adjusted=sums["adjust_up"] + sums["adjust_down"],
            repacked=sums["repack"],
            counted=counted_by_replay(history, sku, after, through),
        )
        assert one.expected == sum(units for (known, _), units in closing.items() if known == sku)


@LAW
@given(history=_histories, hour=_hours)
def test_what_a_count_is_held_against_comes_from_the_count_before_it(
    pages: Database, history: list[Movement], hour: int
) -> None:
    """For a count at an instant: the counts at that very instant are not among what it is held against."""
    as_of = NOON + hour * HOUR
    enter(emptied(pages), history)
    con = pages.read()
    others = [one for one in history if not (one.kind == "count" and one.moved_at == as_of)]
    expected = replayed(others, as_of)
    for sku in SKUS:
        for lot in LOTS:
            last = ledger.last_count_before(con, sku, lot, as_of)
            counts = [
                m.moved_at for m in others if (m.kind, m.sku, m.lot) == ("count", sku, lot) and m.moved_at < as_of
            ]
            assert last == max(counts, default=None)
            assert ledger.moved_between(con, sku, lot, last, as_of).expected == expected.get((sku, lot), 0)


# -- examples --------------------------------------------------------------------------------------------------------


def test_identical_movements_on_one_day_both_stand(memory: Database) -> None:
    twin = a_movement("receive", 480)
    assert enter(memory, [twin, twin]) == [1, 2]
    assert enter(memory, [twin]) == [3]
    assert balances(memory, NOON) == {("17612", ""): 1_440}


def test_nothing_to_post_posts_nothing(memory: Database) -> None:
    assert enter(memory, []) == []
    assert enter(memory, [a_movement("receive", 1)]) == [1]
    assert enter(memory, []) == []
    assert enter(memory, [a_movement("receive", 1)]) == [2]


def test_what_moved_at_the_instant_of_a_count_is_in_it(memory: Database) -> None:
    enter(memory, [a_movement("count", 10), a_movement("receive", 5), a_movement("ship", -2, 0.001)])
    assert balances(memory, NOON) == {("17612", ""): 10}
    assert balances(memory, NOON + HOUR) == {("17612", ""): 8}
    assert balances(memory, NOON - INSTANT) == {}


def test_what_a_count_is_held_against_has_what_moved_since_the_one_before_and_no_more(memory: Database) -> None:
    enter(
        memory,
        [a_movement("receive", 5), a_movement("count", 10), a_movement("ship", -2, 1), a_movement("count", 7, 1)],
    )
    con = memory.read()
    assert ledger.last_count_before(con, "17612", "", NOON + HOUR) == NOON
    expected = ledger.moved_between(con, "17612", "", NOON, NOON + HOUR)
    assert (expected.opening, expected.received, expected.shipped, expected.expected) == (10, 0, 2, 8)
    assert ledger.moved_between(con, "17612", "", None, NOON).expected == 5
    assert ledger.moved_between(con, "17612", "250237", None, NOON).expected == 0


def test_of_two_counts_at_one_instant_the_one_entered_last_holds(memory: Database) -> None:
    enter(memory, [a_movement("count", 10)])
    enter(memory, [a_movement("count", 7)])
    assert balances(memory, NOON) == {("17612", ""): 7}


def test_a_count_of_one_lot_says_nothing_of_another(memory: Database) -> None:
    enter(
        memory,
        [
            a_movement("receive", 5, 0, "250237"),
            a_movement("ship", -2, 0, ""),
            a_movement("count", 0, 1, "250237"),
            a_movement("receive", 5, 0, "250237"),
        ],
    )
    assert ledger.balances(memory.read(), NOON + 2 * HOUR) == [Balance("17612", "", -2), Balance("17612", "250237", 0)]


def test_a_sku_is_known_once_it_was_counted_or_received(memory: Database) -> None:
    enter(
        memory,
        [
            a_movement("ship", -1, 0, sku="A"),
            a_movement("receive", 1, 2, sku="B"),
            a_movement("count", 1, 1, sku="C"),
            a_movement("count", 1, 3, "250237", sku="C"),
            a_movement("adjust_up", 1, 0, sku="D"),
        ],
    )
    assert ledger.known_skus(memory.read(), NOON) == {}
    assert ledger.known_skus(memory.read(), NOON + 2 * HOUR) == {"B": None, "C": NOON + HOUR}
    assert ledger.known_skus(memory.read(), NOON + 3 * HOUR) == {"B": None, "C": NOON + 3 * HOUR}


def test_entries_are_shown_the_one_that_moved_last_first(memory: Database) -> None:
    enter(memory, [a_movement("receive", 5, 2), a_movement("receive", 6, 1, "250237"), a_movement("count", 7, 2)])
    enter(memory, [a_movement("receive", 8, 0, sku="18795")])
    con = memory.read()

    def shown(*arguments: Any, **limits: Any) -> list[int]:
        return [one.entry_no for one in ledger.entries(con, *arguments, **limits)]

    assert shown() == [3, 1, 2, 4]
    assert shown(limit=2) == [3, 1]
    assert shown("17612") == [3, 1, 2]
    assert shown("17612", "250237") == [2]
    assert shown("17612", "") == [3, 1]


def test_an_entry_keeps_who_when_and_why(memory: Database) -> None:
    given = a_movement(
        "adjust_down", -2, 1, "250237", reason_code="damaged", note="fell off", reference="R-1", corrects=None
    )
    enter(memory, [given], "Bob", NOW + HOUR)
    enter(memory, [a_movement("adjust_up", 2, 1, "250237", reason_code="system", corrects=1)])
    con = memory.read()
    kept = ledger.entry(con, 1)
    assert kept == Entry(
        1, "adjust_down", "17612", "250237", -2, NOON + HOUR, DAY, NOW + HOUR, "Bob", "damaged", "fell off", "R-1",
        None, None, None, None, None,
    )  # fmt: skip
    assert ledger.entries(con)[1] == kept
    assert (ledger.is_corrected(con, 1), ledger.is_corrected(con, 2)) == (True, False)
    assert ledger.entry(con, 3) is None


# -- in step with the parcels ------------------------------------------------------------------------------------------


def left(
    db: Database, order_id: int, parcel_id: int, units: int, lot: str | None = "250237", *, kind: str = "shipment",
    sku: str | None = "17612", on: date = DAY, line: int = 1,
) -> None:  # fmt: skip
    """One line of what has left of an order."""
    put(
        db, "shipped_items", parcel_kind=kind, parcel_id=parcel_id, line_no=line, shipstation_order_id=order_id,
        order_number="700015", source_system="X-Cart", ship_date=on, base_sku=sku, lot=lot, quantity=units,
    )  # fmt: skip


def a_shipped_order(db: Database, order_id: int, **others: Any) -> None:
    values: dict[str, Any] = {
        "shipstation_order_id": order_id, "order_key": f"key:{order_id}", "order_number": f"n{order_id}",
        "source_system": "X-Cart", "ship_date": DAY, "last_ship_date": DAY, "parcel_count": 0, "updated_at": NOON,
    }  # fmt: skip
    put(db, "shipped_orders", **(values | others))


def a_label(db: Database, order_id: int, shipment_id: int, **others: Any) -> None:
    values: dict[str, Any] = {
        "shipment_id": shipment_id, "shipstation_order_id": order_id, "created_at": NOON, "ship_date": DAY,
        "shipment_cost": 1, "insurance_cost": 0, "is_return_label": False, "has_items": True, "voided": False,
        "content_hash": "h", "first_seen_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    put(db, "shipments", **(values | others))


def posted(quantity: int, order_id: int, parcel_id: int, lot: str = "250237", **others: Any) -> Movement:
    return a_movement(
        "ship", quantity, 0, lot, parcel_kind="shipment", parcel_id=parcel_id, shipstation_order_id=order_id, **others
    )


def in_step(db: Database) -> None:
    """Three orders with what the ledger has of them: two parcels, a line without a lot, one that cannot be read."""
    left(db, 1, 11, 3)
    left(db, 1, 12, 2)
    left(db, 2, 21, 1, None)
    left(db, 2, 21, 4, sku=None, line=2)
    left(db, 2, 21, 2, line=3)
    left(db, 2, 21, 2, line=4)
    enter(db, [posted(-3, 1, 11), posted(-2, 1, 12), posted(-1, 2, 21, ""), posted(-4, 2, 21)])
    # The third was voided: nothing of it has left, and its entries make nought.
    enter(db, [posted(-5, 3, 31), replace(posted(5, 3, 31), kind="void")])
    # And what people enter is no parcel's.
    enter(
        db, [a_movement("receive", 100), a_movement("count", 7), a_movement("adjust_down", -3, shipstation_order_id=1)]
    )


def test_a_ledger_in_step_has_no_order_out_of_step(memory: Database) -> None:
    assert ledger.orders_out_of_step(memory.read()) == []
    in_step(memory)
    assert ledger.orders_out_of_step(memory.read()) == []


@pytest.mark.parametrize(
    ("wrong", "order_id"),
    [
        ("DELETE FROM inventory_transactions WHERE entry_no = 2", 1),
        ("UPDATE inventory_transactions SET quantity = -4 WHERE entry_no = 1", 1),
        ("UPDATE inventory_transactions SET lot = '' WHERE entry_no = 2", 1),
        ("UPDATE inventory_transactions SET lot = '250300' WHERE entry_no = 3", 2),
        ("UPDATE inventory_transactions SET sku = '18795' WHERE entry_no = 4", 2),
        # The order as a whole would be right.
        ("UPDATE inventory_transactions SET parcel_id = 11 WHERE entry_no = 2", 1),
        ("UPDATE inventory_transactions SET parcel_kind = 'fulfillment' WHERE entry_no = 4", 2),
        ("UPDATE inventory_transactions SET quantity = 4 WHERE entry_no = 6", 3),
        ("DELETE FROM inventory_transactions WHERE entry_no = 5", 3),
        ("DELETE FROM shipped_items WHERE parcel_id = 12", 1),
        ("UPDATE shipped_items SET quantity = 3 WHERE line_no = 4", 2),
        ("UPDATE shipped_items SET lot = '250237' WHERE line_no = 1 AND parcel_id = 21", 2),
    ],
)
def test_one_wrong_row_is_found(memory: Database, wrong: str, order_id: int) -> None:
    in_step(memory)
    with memory.transaction() as con:
        con.execute(wrong)
    assert ledger.orders_out_of_step(memory.read()) == [order_id]


def test_what_was_posted_of_an_order_is_told_by_parcel_lot_and_day(memory: Database) -> None:
    in_step(memory)
    enter(
        memory,
        [replace(posted(1, 1, 11), moved_at=NOON - HOUR), replace(posted(-9, 1, 11), business_date=date(2026, 11, 19))],
    )
    found = sorted(
        ledger.posted_of(memory.read(), [1, 3, 3]), key=lambda one: (one.parcel_id, one.kind, one.business_date)
    )
    assert found == [
        Posted("shipment", 11, 1, "ship", "17612", "250237", DAY, NOON - HOUR, -2),
        Posted("shipment", 11, 1, "ship", "17612", "250237", date(2026, 11, 19), NOON, -9),
        Posted("shipment", 12, 1, "ship", "17612", "250237", DAY, NOON, -2),
        Posted("shipment", 31, 3, "ship", "17612", "250237", DAY, NOON, -5),
        Posted("shipment", 31, 3, "void", "17612", "250237", DAY, NOON, 5),
    ]  # fmt: skip
    assert ledger.posted_of(memory.read(), []) == []


def test_parcels_are_told_with_what_left_in_each(memory: Database) -> None:
    a_label(memory, 1, 11)
    a_label(memory, 1, 12, voided=True, voided_at=NOON + HOUR)
    a_label(memory, 1, 13, voided=True)  # nobody has said when
    a_label(memory, 1, 14, is_return_label=True)
    a_label(memory, 1, 15, ship_date=None, created_at=datetime(2026, 11, 19, 7, 30, tzinfo=UTC))  # 23:30 Pacific
    a_label(memory, 2, 21)
    put(
        memory, "fulfillments", fulfillment_id=11, shipstation_order_id=1, created_at=NOON, ship_date=DAY,
        fulfillment_fee=0, voided=False, content_hash="h", first_seen_at=NOON, updated_at=NOON,
    )  # fmt: skip
    left(memory, 1, 11, 3)
    left(memory, 1, 11, 2, line=2)
    left(memory, 1, 11, 1, None, line=3)
    left(memory, 1, 11, 9, sku=None, line=4)
    left(memory, 1, 11, 4, kind="fulfillment")
    found = {(one.kind, one.parcel_id): one for one in ledger.parcels_now(memory.read(), [1])}
    assert found == {
        ("shipment", 11): ParcelNow(
            "shipment", 11, 1, NOON, DAY, None, {("17612", "250237"): 5, ("17612", ""): 1}
        ),
        ("shipment", 12): ParcelNow("shipment", 12, 1, NOON, DAY, NOON + HOUR, {}),
        ("shipment", 13): ParcelNow("shipment", 13, 1, NOON, DAY, NOON, {}),
        ("shipment", 15): ParcelNow("shipment", 15, 1, datetime(2026, 11, 19, 7, 30, tzinfo=UTC), DAY, None, {}),
        ("fulfillment", 11): ParcelNow("fulfillment", 11, 1, NOON, DAY, None, {("17612", "250237"): 4}),
    }  # fmt: skip


def test_what_has_left_has_the_last_word_over_the_label(memory: Database) -> None:
    """An order that was merged away keeps what it had shipped, whatever becomes of its label."""
    a_label(memory, 1, 11, voided=True, voided_at=NOON + HOUR, ship_date=date(2026, 11, 20))
    left(memory, 1, 11, 3)
    assert ledger.parcels_now(memory.read(), [1]) == [
        ParcelNow("shipment", 11, 1, NOON, DAY, None, {("17612", "250237"): 3})
    ]


def test_a_stand_in_leaves_at_its_orders_last_change_and_outlives_the_inbox(memory: Database) -> None:
    order_id = an_order(memory, "700015", "shipped", modified_at=NOON - HOUR)
    for one in (order_id, 2):
        a_shipped_order(memory, one)
        left(memory, one, one, 3, kind="order")
    assert {one.order_id: one for one in ledger.parcels_now(memory.read(), [order_id, 2])} == {
        order_id: ParcelNow("order", order_id, order_id, NOON - HOUR, DAY, None, {("17612", "250237"): 3}),
        2: ParcelNow("order", 2, 2, NOON, DAY, None, {("17612", "250237"): 3}),
    }


def test_entries_name_their_order_also_when_all_of_it_came_back(memory: Database) -> None:
    open_again = an_order(memory, "700025")
    a_shipped_order(memory, 2)
    enter(memory, [posted(-1, open_again, 11), posted(-1, 2, 21), a_movement("receive", 5)])
    assert [one.order_number for one in ledger.entries(memory.read())] == [None, "n2", "700025"]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 20_000), st.sampled_from(LOTS), st.integers(1, 9)), max_size=30),
    st.lists(st.tuples(st.integers(1, 20_000), st.sampled_from(LOTS), st.integers(-9, -1)), max_size=4),
    st.data(),
)
def test_orders_out_of_step_are_found_wherever_their_ids_lie(
    pages: Database, parcels: list[tuple[int, str, int]], besides: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    """Against the exact question over everything."""
    db = emptied(pages)
    with db.transaction() as con:
        con.execute("DELETE FROM shipped_items")
    lines = dict(enumerate(parcels, 1))
    for number, (order_id, lot, units) in lines.items():
        left(db, order_id, order_id, units, lot=lot, line=number)
    kept = data.draw(st.lists(st.sampled_from(sorted(lines)), unique=True)) if lines else []
    movements = [posted(-lines[number][2], lines[number][0], lines[number][0], lines[number][1]) for number in kept]
    movements += [posted(units, order_id, order_id, lot) for order_id, lot, units in besides]
    enter(db, movements)
    exact = [order_id for (order_id,) in db.read().rows(ledger.OUT_OF_STEP)]
    assert ledger.orders_out_of_step(db.read()) == exact
