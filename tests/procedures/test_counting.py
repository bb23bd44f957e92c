"""Counting the shelf: against which version, what a line needs, what the count does to stock, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipsync.errors import Refused
from shipsync.procedures import counting, movements
from shipsync.procedures.counting import NOT_ON_THE_SHEET, Counted, Explained
from shipsync.procedures.movements import Receipt
from shipsync.rules.catalogue import Product
from shipsync.rules.counts import CountLine
from shipsync.store import counts, ledger, products
from shipsync.store.counts import Count
from shipsync.store.db import Database
from tests.house import House

SKU, LOT, OTHER = "17612", "250237", "250300"
TODAY = date(2026, 9, 16)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Clerk:
    """Somebody who counts in a house whose only stock is 300 units of one lot, received yesterday."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.db: Database = house.app.db
        self.zone: ZoneInfo = house.app.settings.zone
        with self.db.transaction() as con:
            products.put_products(con, [Product(SKU, "Rinse, case", is_key=True, units_per_pallet=48)], self.now)
        self.receive(300, moved_at=self.now - DAY)

    @property
    def now(self) -> datetime:
        return self.house.app.now()

    def receive(self, units: int, **others: Any) -> None:
        values: dict[str, Any] = {"sku": SKU, "lot": LOT, "moved_at": self.now, "units": units}
        movements.receive(self.db, Receipt(**(values | others)), self.zone, "Kim", self.now)

    def ship(self, units: int, number: str, at: datetime | None = None, lot: str = LOT) -> None:
        """A label that the next sync sees."""
        world = self.house.world
        order = world.place_manual_order(number, [(f"{SKU} - {lot}", units)])
        world.buy_label(order.order_id, at=at)

    def close_day(self) -> int:
        """EOD. Returns its version."""
        self.house.wait(5)
        job = self.house.job("eod")
        assert job.status == "succeeded", job.error
        assert job.result is not None
        return int(job.result["version"])

    def open(self, *skus: str, by: str = "Kim") -> str:
        return counting.open_count(self.db, TODAY, skus or None, by, self.now)

    def enter(self, count_id: str, *found: Counted, by: str = "Kim") -> int:
        return counting.enter(self.db, count_id, found, by, self.now)

    def count_empty_ones(self, count_id: str) -> None:
        """Say of the products that nobody ever had that there is none."""
        none = [Counted(one.sku, one.lot, 0, 0) for one in self.lines(count_id) if one.sku != SKU]
        self.enter(count_id, *none)

    def explain_line(self, count_id: str, reason: str = "missing", by: str = "Kim", lot: str = LOT) -> None:
        counting.give_reason(self.db, count_id, SKU, lot, reason, "", by, self.now)

    def approve(self, count_id: str, by: str = "Pat", lot: str = LOT) -> None:
        counting.approve(self.db, count_id, SKU, lot, by, self.now)

    def post(self, count_id: str, by: str = "Kim") -> int:
        return counting.post(self.db, count_id, self.zone, by, self.now)

    def lines(self, count_id: str) -> list[CountLine]:
        return counts.lines(self.db.read(), count_id)

    def line(self, count_id: str, lot: str = LOT) -> CountLine:
        return next(one for one in self.lines(count_id) if (one.sku, one.lot) == (SKU, lot))

    def count(self, count_id: str) -> Count:
        found = counts.count(self.db.read(), count_id)
        assert found is not None
        return found

    def explained(self, count_id: str, lot: str = LOT) -> Explained:
        return counting.explain(self.db.read(), self.count(count_id), self.line(count_id, lot))

    def stock(self, sku: str = SKU, at: datetime | None = None) -> dict[str, int]:
        return {one.lot: one.quantity for one in ledger.balances_of(self.db.read(), sku, at or self.now)}

    def counted(self, count_id: str, loose: int, lot: str = LOT) -> None:
        """A line counted twice by two people with one result, explained and approved."""
        self.enter(count_id, Counted(SKU, lot, 0, loose), by="Kim")
        self.enter(count_id, Counted(SKU, lot, 0, loose), by="Lee")
        self.explain_line(count_id, lot=lot)
        self.approve(count_id, lot=lot)


@pytest.fixture
def clerk(house: House) -> Clerk:
    return Clerk(house)


# -- opening ---------------------------------------------------------------------------------------------------------


def test_a_count_is_held_against_the_newest_closing_of_its_day(clerk: Clerk) -> None:
    clerk.close_day()
    clerk.ship(3, "100901")
    assert clerk.close_day() == 2
    count_id = clerk.open()
    count = clerk.count(count_id)
    assert (count_id, count.business_date, count.eod_version, count.status) == ("2026-09-16.1", TODAY, 2, "open")
    assert (clerk.line(count_id).expected, clerk.line(count_id).tolerance, clerk.line(count_id).pallet_size) == (
        297, 2, 48,
    )  # fmt: skip
    # Products that nobody has said anything of are on the sheet, too.
    assert [one.sku for one in clerk.lines(count_id)] == ["17612", "17904", "17914", "18675", "18795"]


def test_two_counts_go_on_at_once_where_they_share_no_product(clerk: Clerk) -> None:
    clerk.close_day()
    first = clerk.open("17612", "17904")
    second = clerk.open("18795")
    assert (first, second) == ("2026-09-16.1", "2026-09-16.2")
    with pytest.raises(Refused, match=r"^Count 2026-09-16\.1 is open and counts 17904\. Go on with it\.$"):
        clerk.open("17904", "17914")


# -- counting --------------------------------------------------------------------------------------------------------


def test_pallets_and_loose_units_are_kept_as_they_were_counted(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open()
    assert clerk.enter(count_id, Counted(SKU, LOT, 6, 12), by=" Kim ") == 1
    [entry] = clerk.line(count_id).entries
    assert (entry.round, entry.pallets, entry.loose, entry.units, entry.counted_by) == (1, 6, 12, 300, "Kim")


def test_what_several_people_count_is_appended_and_the_newest_counts(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open()
    clerk.enter(count_id, Counted(SKU, LOT, 0, 280), by="Kim")
    clerk.enter(count_id, Counted(SKU, LOT, 0, 300), by="Lee")
    line = clerk.line(count_id)
    assert [(one.round, one.units, one.counted_by) for one in line.entries] == [(1, 280, "Kim"), (2, 300, "Lee")]
    assert line.variance == 0


def test_a_line_counted_again_has_to_be_explained_again(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open()
    clerk.counted(count_id, 290)
    assert clerk.line(count_id).approved_by == "Pat"
    clerk.enter(count_id, Counted(SKU, LOT, 0, 291))
    line = clerk.line(count_id)
    assert (line.variance, line.reason_code, line.decided_by, line.approved_by) == (-9, None, None, None)


def test_another_reason_needs_another_approval(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open()
    clerk.counted(count_id, 290)
    clerk.explain_line(count_id, "damaged", by="Lee")
    line = clerk.line(count_id)
    assert (line.reason_code, line.decided_by, line.approved_by) == ("damaged", "Lee", None)


def test_a_lot_that_is_not_on_the_sheet_is_added_with_nothing_expected(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open()
    clerk.enter(count_id, Counted(SKU, OTHER, 1, 2))
    line = clerk.line(count_id, OTHER)
    assert (line.expected, line.counted, line.tolerance) == (0, 50, 1)


def test_all_of_a_screen_is_kept_or_nothing(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open()
    with pytest.raises(Refused):
        clerk.enter(count_id, Counted(SKU, LOT, 6, 12), Counted("17904", "", 1, 0))
    assert clerk.line(count_id).entries == ()


def test_a_lot_below_zero_is_counted_as_none_and_asks_for_a_reason_only(clerk: Clerk) -> None:
    clerk.ship(4, "100901", lot=OTHER)
    clerk.close_day()
    count_id = clerk.open()
    line = clerk.line(count_id, OTHER)
    assert (line.expected, line.counted, {one.counted_by for one in line.entries}) == (-4, 0, {NOT_ON_THE_SHEET})
    clerk.enter(count_id, Counted(SKU, LOT, 0, 300))
    clerk.count_empty_ones(count_id)
    clerk.explain_line(count_id, "wrong_item", lot=OTHER)
    clerk.post(count_id)
    assert clerk.stock() == {LOT: 300, OTHER: 0}


# -- posting ---------------------------------------------------------------------------------------------------------


def test_a_count_becomes_the_stock_at_its_instant_and_what_moved_since_stays_on_top(clerk: Clerk) -> None:
    clerk.close_day()
    clerk.house.wait(1)
    clerk.ship(7, "100902")
    clerk.house.wait()
    clerk.house.sync()
    count_id = clerk.open(SKU)
    as_of = clerk.count(count_id).as_of
    clerk.counted(count_id, 290)
    assert clerk.post(count_id, by="Lee") == 1
    assert clerk.stock(at=as_of) == {LOT: 290}
    assert clerk.stock() == {LOT: 283}
    anchor = ledger.entries(clerk.db.read(), SKU, LOT)[1]
    assert (anchor.kind, anchor.quantity, anchor.moved_at, anchor.reason_code, anchor.reference) == (
        "count", 290, as_of, "missing", count_id,
    )  # fmt: skip
    count = clerk.count(count_id)
    assert (count.status, count.ended_by) == ("posted", "Lee")


def test_a_count_against_the_first_version_goes_on_while_the_day_is_closed_again(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    clerk.house.wait(1)
    clerk.ship(7, "100902")
    assert clerk.close_day() == 2
    clerk.receive(48)
    clerk.counted(count_id, 290)
    clerk.post(count_id)
    assert (clerk.count(count_id).eod_version, clerk.line(count_id).expected) == (1, 300)
    assert clerk.stock() == {LOT: 290 - 7 + 48}
    assert clerk.explained(count_id).known_later == 0


def test_of_two_counts_of_one_instant_the_one_posted_last_holds(clerk: Clerk) -> None:
    clerk.close_day()
    for loose in (290, 295):
        count_id = clerk.open(SKU)
        clerk.counted(count_id, loose)
        clerk.post(count_id)
    assert clerk.stock() == {LOT: 295}
    # What was expected at that instant was expected before anybody counted.
    assert clerk.explained(count_id).waterfall.expected == 300


def test_the_next_days_count_starts_from_the_one_before(clerk: Clerk) -> None:
    clerk.close_day()
    first = clerk.open(SKU)
    clerk.counted(first, 290)
    clerk.post(first)
    clerk.house.wait(24 * 60)
    clerk.receive(48)
    job = clerk.house.job("eod")
    assert job.status == "succeeded", job.error
    second = counting.open_count(clerk.db, TODAY + DAY, [SKU], "Kim", clerk.now)
    explained = clerk.explained(second)
    assert (explained.since, explained.waterfall.opening, explained.waterfall.received) == (
        clerk.count(first).as_of, 290, 48,
    )  # fmt: skip
    assert clerk.line(second).expected == 338


def test_a_label_that_came_late_shows_as_known_later(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    as_of = clerk.count(count_id).as_of
    clerk.ship(6, "100903", at=as_of - 2 * MINUTE)
    clerk.house.wait()
    clerk.house.sync()
    clerk.receive(48, moved_at=as_of - MINUTE)
    assert clerk.line(count_id).expected == 300  # frozen
    explained = clerk.explained(count_id)
    assert (explained.waterfall.shipped, explained.waterfall.received, explained.known_later) == (6, 348, 42)
    clerk.counted(count_id, 342)
    clerk.post(count_id)
    assert clerk.stock() == {LOT: 342}
    assert clerk.explained(count_id).known_later == 42


def test_a_lot_that_became_known_after_the_sheet_was_printed_is_counted_as_none(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    clerk.receive(20, lot=OTHER, moved_at=clerk.count(count_id).as_of - MINUTE)
    clerk.enter(count_id, Counted(SKU, LOT, 0, 300))
    clerk.post(count_id)
    assert clerk.stock() == {LOT: 300, OTHER: 0}


def test_a_first_count_is_opening_stock(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open("17904")
    for by in ("Kim", "Lee"):
        clerk.enter(count_id, Counted("17904", "", 0, 24), by=by)
    counting.give_reason(clerk.db, count_id, "17904", "", "found", "", "Kim", clerk.now)
    counting.approve(clerk.db, count_id, "17904", "", "Pat", clerk.now)
    clerk.post(count_id)
    [entry] = ledger.entries(clerk.db.read(), "17904")
    assert (entry.kind, entry.quantity, entry.reason_code) == ("count", 24, "opening")


def test_a_cancelled_count_changes_nothing_and_keeps_what_was_counted(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    clerk.enter(count_id, Counted(SKU, LOT, 0, 12))
    counting.cancel(clerk.db, count_id, "Kim", clerk.now)
    assert clerk.stock() == {LOT: 300}
    assert clerk.line(count_id).counted == 12
    assert clerk.count(count_id).status == "cancelled"
    clerk.open(SKU)  # its products may be counted again


def test_every_deed_of_a_person_is_in_the_audit_log(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    clerk.counted(count_id, 290)
    clerk.post(count_id)
    counting.cancel(clerk.db, clerk.open(SKU), "Lee", clerk.now)
    told = clerk.house.rows(
        "SELECT action, subject, changed_by FROM audit_log WHERE action LIKE 'count%' ORDER BY entry_no"
    )
    assert told == [
        ("count opened", count_id, "Kim"),
        ("count line approved", f"{count_id} 17612 - 250237", "Pat"),
        ("count posted", count_id, "Kim"),
        ("count opened", "2026-09-16.2", "Kim"),
        ("count cancelled", "2026-09-16.2", "Lee"),
    ]
    # What was counted and why it differs is kept with its own names.
    line = clerk.line(count_id)
    assert ([one.counted_by for one in line.entries], line.decided_by) == (["Kim", "Lee"], "Kim")


# -- refusals --------------------------------------------------------------------------------------------------------

NOBODY = "Say who you are: a count has names."
REFUSALS: dict[str, tuple[Callable[[Clerk, str], object], str]] = {
    "nobody opens": (lambda clerk, _: clerk.open(by=" "), NOBODY),
    "nobody counts": (lambda clerk, count: clerk.enter(count, Counted(SKU, LOT, 0, 1), by=""), NOBODY),
    "nobody explains": (lambda clerk, count: clerk.explain_line(count, by=""), NOBODY),
    "nobody approves": (lambda clerk, count: clerk.approve(count, by=""), NOBODY),
    "nobody posts": (lambda clerk, count: clerk.post(count, by=""), NOBODY),
    "nobody cancels": (lambda clerk, count: counting.cancel(clerk.db, count, "", clerk.now), NOBODY),
    "a day that is not closed": (
        lambda clerk, _: counting.open_count(clerk.db, TODAY + DAY, None, "Kim", clerk.now),
        "Thu 17 Sep 2026 is not closed yet, so nothing says what to expect. Close it.",
    ),
    "no such product": (lambda clerk, _: clerk.open("99999"), "There is nothing to count"),
    "open already": (lambda clerk, count: clerk.open(SKU), "Count 2026-09-16.1 is open and counts 17612"),
    "no such count": (lambda clerk, _: clerk.post("2026-09-16.9"), "There is no count 2026-09-16.9."),
    "less than none": (
        lambda clerk, count: clerk.enter(count, Counted(SKU, LOT, 0, -1)),
        "17612 - 250237: a count is never below zero.",
    ),
    "more than a shelf holds": (
        lambda clerk, count: clerk.enter(count, Counted(SKU, LOT, 99_999, 0)),
        "17612 - 250237: 4,799,952 units cannot stand on a shelf. Check pallets and loose units.",
    ),
    "pallets without a size": (
        lambda clerk, count: clerk.enter(count, Counted("17904", "", 1, 0)),
        "17904: This product has no pallet size, so count it loose, or say the size under Imports.",
    ),
    "another count's product": (
        lambda clerk, count: clerk.enter(count, Counted("18395", "", 0, 1)),
        "18395 is not counted here. Open another count for it.",
    ),
    "a found pack size": (
        lambda clerk, count: clerk.enter(count, Counted(SKU, "12", 0, 1)),
        "'12' is no lot: five or six digits, or nothing.",
    ),
    "no reason": (lambda clerk, count: clerk.explain_line(count, ""), "Choose a reason: a difference needs one."),
    "a reason of no count": (lambda clerk, count: clerk.explain_line(count, "opening"), "Choose a reason"),
    "a novel": (
        lambda clerk, count: counting.give_reason(
            clerk.db, count, SKU, LOT, "found", "x" * 501, "Kim", clerk.now
        ),
        "A note has at most 500 characters.",
    ),
    "a line that is not there": (
        lambda clerk, count: clerk.explain_line(count, lot=OTHER),
        "17612 - 250300 is not on count 2026-09-16.1.",
    ),
    "nothing to approve": (lambda clerk, count: clerk.approve(count), "This line does not wait for an approval."),
    "not ready": (
        lambda clerk, count: clerk.post(count),
        "5 lines are not ready, the first 17612 - 250237: it needs its count.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(clerk: Clerk, case: str) -> None:
    clerk.close_day()
    count_id = clerk.open()
    before = clerk.house.rows("SELECT count(*) FROM audit_log"), clerk.lines(count_id), clerk.stock()
    act, sentence = REFUSALS[case]
    with pytest.raises(Refused) as refused:
        act(clerk, count_id)
    assert sentence in str(refused.value)
    assert (clerk.house.rows("SELECT count(*) FROM audit_log"), clerk.lines(count_id), clerk.stock()) == before


@pytest.mark.parametrize("approver", ["Kim", " lee ", "LEE"])
def test_nobody_approves_what_he_counted_or_explained(clerk: Clerk, approver: str) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    for by in ("Kim", "Lee"):
        clerk.enter(count_id, Counted(SKU, LOT, 0, 290), by=by)
    clerk.explain_line(count_id, by="Kim")
    with pytest.raises(Refused, match=r"^Somebody else has to approve this: not whoever counted it or gave the reason"):
        clerk.approve(count_id, by=approver)


def test_each_step_that_is_missing_is_named(clerk: Clerk) -> None:
    clerk.close_day()
    count_id = clerk.open(SKU)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("count", lambda: clerk.enter(count_id, Counted(SKU, LOT, 0, 290), by="Kim")),
        ("recount", lambda: clerk.enter(count_id, Counted(SKU, LOT, 0, 290), by="Lee")),
        ("reason", lambda: clerk.explain_line(count_id)),
        ("approval", lambda: clerk.approve(count_id)),
    ]
    for missing, act in steps:
        with pytest.raises(Refused, match=f"1 line is not ready, the first 17612 - 250237: it needs its {missing}"):
            clerk.post(count_id)
        act()
    clerk.post(count_id)
    for act in (
        lambda: clerk.post(count_id),
        lambda: clerk.enter(count_id, Counted(SKU, LOT, 0, 1)),
        lambda: clerk.explain_line(count_id),
        lambda: counting.cancel(clerk.db, count_id, "Kim", clerk.now),
    ):
        with pytest.raises(Refused, match=r"^Count 2026-09-16\.1 was posted by Kim already\.$"):
            act()
