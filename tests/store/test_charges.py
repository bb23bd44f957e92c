"""What a month's charges rest on: stock at each day's end against the ledger, and rows that are easily miscounted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.rules.charges import Facts, days_between
from shipsync.rules.ledger import Movement
from shipsync.rules.periods import business_date, day_closes, day_starts
from shipsync.store import charges, ledger
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate
from tests.store.conftest import NOW
from tests.store.order_rows import put

ZONE = ZoneInfo("America/Los_Angeles")
FIRST, THROUGH = date(2026, 11, 1), date(2026, 11, 4)  # the first day has 25 hours
START = day_starts(FIRST, ZONE)
KINDS = ("receive", "ship", "void", "adjust_up", "adjust_down", "repack", "count", "count")


@pytest.fixture(scope="module")
def pages() -> Iterator[Database]:
    """One database for all examples of a law, which begin with an empty ledger each."""
    with open_database(None) as db:
        migrate(db, NOW)
        yield db


@st.composite
def _movements(draw: st.DrawFn) -> Movement:
    """From two days before to two days after, often at midnight and often together with another one."""
    kind: Any = draw(st.sampled_from(KINDS))
    units = draw(st.integers(0, 60)) if kind == "count" else draw(st.integers(-30, 30))
    at = START + draw(
        st.sampled_from(
            [timedelta(0), timedelta(microseconds=-1), timedelta(hours=25), timedelta(hours=24, minutes=30)]
        )
        | st.integers(-48, 140).map(lambda hours: timedelta(hours=hours))
    )
    return Movement(
        kind, draw(st.sampled_from(["17612", "18795"])), draw(st.sampled_from(["", "250237"])), units, at,
        business_date(at, ZONE),
    )  # fmt: skip


@settings(max_examples=25)
@given(st.lists(_movements(), max_size=14), st.randoms(use_true_random=False), st.integers(1, 110))
def test_stock_at_the_end_of_a_day_is_what_the_ledger_says_of_that_instant(
    pages: Database, history: list[Movement], order: Any, hours: int
) -> None:
    """For any counts, lots and back-dated entries, entered in any order, over the day of the clock change."""
    with pages.transaction() as con:
        con.execute("DELETE FROM inventory_transactions")
        ledger.post(con, order.sample(history, len(history)), "Ann", NOW)
    for as_of in (day_closes(THROUGH, ZONE), START + timedelta(hours=hours), START + timedelta(days=9)):
        found = charges.stock_by_day(pages.read(), FIRST, THROUGH, as_of, ZONE)
        for day in days_between(FIRST, THROUGH):
            sums: dict[str, int] = {}
            for one in ledger.balances(pages.read(), min(as_of, day_closes(day, ZONE))):
                sums[one.sku] = sums.get(one.sku, 0) + one.quantity
            on_day = {sku: units for (of_day, sku), units in found.items() if of_day == day}
            assert {sku: units for sku, units in on_day.items() if units or sku in sums} == sums


def facts_of(db: Database) -> Facts:
    return charges.facts(
        db.read(), FIRST, THROUGH, THROUGH, day_closes(THROUGH, ZONE), ZONE, charges.key_products(db.read())
    )


def entry(db: Database, kind: Any, units: int, day: int, **others: Any) -> int:
    at = START + timedelta(days=day - 1, hours=12)
    one = Movement(
        kind, others.pop("sku", "17612"), others.pop("lot", ""), units, at, business_date(at, ZONE), **others
    )
    with db.transaction() as con:
        return ledger.post(con, [one], "Ann", NOW)[0]


def test_one_delivery_is_one_receipt_unless_all_of_it_was_taken_back(memory: Database) -> None:
    first = entry(memory, "receive", 10, 2, reference="D-1")
    entry(memory, "receive", 5, 2, reference="D-1", lot="250237")
    entry(memory, "receive", 5, 3, reference="D-1")  # the rest of it, a day later
    second = entry(memory, "receive", 5, 4)
    entry(memory, "receive", 5, 4)
    entry(memory, "receive", 5, 5)  # after the span

    def receipts() -> dict[date, int]:
        return dict(facts_of(memory).receipts)

    assert receipts() == {date(2026, 11, 2): 1, date(2026, 11, 3): 1, date(2026, 11, 4): 2}
    entry(memory, "receive", -10, 2, corrects=first)
    entry(memory, "receive", -5, 4, corrects=second)
    assert receipts() == {date(2026, 11, 2): 1, date(2026, 11, 3): 1, date(2026, 11, 4): 1}


def test_only_key_products_are_billed_and_their_stock_once_somebody_has_said_something_of_it(memory: Database) -> None:
    for sku, is_key in (("A", True), ("B", True), ("C", False)):
        put(memory, "products", sku=sku, name=sku, is_key=is_key, units_per_pallet=10, updated_at=NOW)
    entry(memory, "count", 5, 2, sku="A")
    entry(memory, "ship", -5, 2, sku="B")  # nobody has said what stood there
    entry(memory, "count", 5, 2, sku="C")
    entry(memory, "count", 5, 2, sku="D")  # no product at all
    facts = facts_of(memory)
    assert {sku for _, sku in facts.stock} == {"A"}
    assert [facts.stock[day, "A"] for day in days_between(FIRST, THROUGH)] == [0, 5, 5, 5]
    for line_no, sku in enumerate("AC", 1):
        put(
            memory, "shipped_items", parcel_kind="shipment", parcel_id=1, line_no=line_no, shipstation_order_id=1,
            order_number="1", source_system="X-Cart", ship_date=THROUGH, base_sku=sku, quantity=3,
        )  # fmt: skip
    assert dict(facts_of(memory).units) == {(THROUGH, "A"): 3}
    # What becomes known after the last day is not known on it.
    entry(memory, "count", 5, 5, sku="B")
    facts = charges.facts(
        memory.read(), FIRST, THROUGH, THROUGH, NOW + timedelta(days=999), ZONE, charges.key_products(memory.read())
    )
    assert {sku for _, sku in facts.stock} == {"A"}


def test_of_two_counts_at_one_instant_the_one_entered_last_holds(memory: Database) -> None:
    for units in (10, 40, 25):
        entry(memory, "count", units, 2)
    found = charges.stock_by_day(memory.read(), FIRST, THROUGH, day_closes(THROUGH, ZONE), ZONE)
    assert [found[day, "17612"] for day in days_between(FIRST, THROUGH)] == [0, 25, 25, 25]


def test_a_day_is_known_up_to_the_instant_that_is_asked_for(memory: Database) -> None:
    entry(memory, "receive", 5, 4)
    noon = datetime(2026, 11, 4, 20, 0, tzinfo=UTC)
    assert charges.stock_by_day(memory.read(), FIRST, THROUGH, noon - timedelta(hours=2), ZONE) == {}
    assert charges.stock_by_day(memory.read(), FIRST, THROUGH, noon, ZONE)[THROUGH, "17612"] == 5
