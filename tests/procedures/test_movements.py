"""What people enter into the ledger: what it does to stock, who has to agree, and every way it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipsync.errors import Refused
from shipsync.procedures import movements
from shipsync.procedures.movements import Adjustment, Entered, Opening, Receipt
from shipsync.rules.ledger import APPROVAL_ABOVE
from shipsync.store import adjustments, inventory, ledger
from shipsync.store.db import Database
from shipsync.store.settings import set_setting
from tests.house import House

SKU, LOT, OTHER = "17612", "250237", "250300"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Desk:
    """Somebody at the ledger of a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.db: Database = house.app.db
        self.zone: ZoneInfo = house.app.settings.zone

    @property
    def now(self) -> datetime:
        return self.house.app.now()

    def receive(self, units: int = 300, *, by: str = "Kim", **others: Any) -> Entered:
        values: dict[str, Any] = {"sku": SKU, "lot": LOT, "units": units, "moved_at": self.now}
        return movements.receive(self.db, Receipt(**(values | others)), self.zone, by, self.now)

    def adjust(self, quantity: int, *, by: str = "Kim", **others: Any) -> Entered:
        values: dict[str, Any] = {
            "sku": SKU, "lot": LOT, "quantity": quantity, "moved_at": self.now, "reason_code": "damaged",
        }  # fmt: skip
        return movements.adjust(self.db, Adjustment(**(values | others)), self.zone, by, self.now)

    def approve(self, request_no: int, by: str = "Lee") -> Entered:
        return movements.approve(self.db, request_no, self.zone, by, self.now)

    def say_opening(self, lots: dict[str, int], *, sku: str = SKU, note: str = "", by: str = "Kim") -> int:
        return movements.say_opening(self.db, Opening(sku, lots, note), self.zone, by, self.now)

    def take_back(self, entry_no: int | None, note: str = "Typed twice", by: str = "Kim") -> Entered:
        assert entry_no is not None
        return movements.take_back(self.db, entry_no, self.zone, note, by, self.now)

    def say_of_lot(self, *, sku: str = SKU, lot: str = LOT, by: str = "Kim", **said: Any) -> None:
        values: dict[str, Any] = {"is_quarantined": False, "reason": "", "received_on": None, "expires_on": None}
        movements.say_of_lot(self.db, sku, lot, **(values | said), zone=self.zone, by=by, now=self.now)

    def stock(self, sku: str = SKU) -> dict[str, int]:
        """Units by lot, by the ledger."""
        return {one.lot: one.quantity for one in ledger.balances_of(self.db.read(), sku, self.now)}

    def shown(self, sku: str = SKU) -> inventory.Current:
        """As it was recomputed last."""
        return next(one.current for one in inventory.current(self.db.read()) if one.current.sku == sku)

    def last_entry(self) -> ledger.Entry:
        return max(ledger.entries(self.db.read()), key=lambda one: one.entry_no)

    def audited(self) -> list[tuple[str, str, str]]:
        """(what, of what, by whom), the oldest first."""
        return self.house.rows(
            "SELECT action, subject, changed_by FROM audit_log WHERE action LIKE '%stock%' OR action = 'lot changed' "
            "ORDER BY entry_no"
        )


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


# -- receipts --------------------------------------------------------------------------------------------------------


def test_goods_that_came_in_are_stock_at_once(desk: Desk) -> None:
    entered = desk.receive(480, reference=" DN 4711 ", note="Two pallets were wet", expires_on=date(2027, 6, 1))
    assert entered == Entered(1)
    assert desk.stock() == {LOT: 480}
    assert (desk.shown().current_quantity, desk.shown().available_quantity) == (480, 480)
    entry = desk.last_entry()
    assert (entry.kind, entry.quantity, entry.entered_by, entry.reference, entry.note) == (
        "receive", 480, "Kim", "DN 4711", "Two pallets were wet",
    )  # fmt: skip
    [lot] = inventory.lots(desk.db.read(), SKU)
    assert (lot.received_on, lot.expires_on, lot.is_quarantined) == (date(2026, 9, 16), date(2027, 6, 1), False)
    assert desk.audited() == [("stock moved", "17612 - 250237", "Kim"), ("lot changed", "17612 - 250237", "Kim")]


def test_two_equal_receipts_on_one_day_both_stand(desk: Desk) -> None:
    desk.receive(480)
    desk.receive(480)
    assert desk.stock() == {LOT: 960}


def test_a_second_receipt_leaves_what_was_said_of_its_lot(desk: Desk) -> None:
    desk.receive(10, received_on=date(2026, 9, 1), expires_on=date(2027, 6, 1))
    desk.say_of_lot(is_quarantined=True, reason="Leaks", received_on=date(2026, 9, 1), expires_on=date(2027, 6, 1))
    desk.receive(10)
    [lot] = inventory.lots(desk.db.read(), SKU)
    assert (lot.received_on, lot.expires_on, lot.reason) == (date(2026, 9, 1), date(2027, 6, 1), "Leaks")
    assert desk.shown().quarantined_quantity == 20


def test_a_receipt_of_yesterday_counts_for_yesterday(desk: Desk) -> None:
    desk.receive(48, moved_at=desk.now - DAY)
    entry = desk.last_entry()
    assert (entry.business_date, entry.entered_at - entry.moved_at) == (date(2026, 9, 15), DAY)


def test_an_entry_from_before_a_count_says_that_stock_stays_as_counted(desk: Desk) -> None:
    desk.say_opening({LOT: 100})
    counted_at = desk.now
    desk.house.wait(60)
    assert desk.receive(48, moved_at=counted_at - HOUR) == Entered(2, counted_at=counted_at)
    assert desk.receive(48, moved_at=counted_at) == Entered(3, counted_at=counted_at)  # the count has seen it
    assert desk.receive(48, moved_at=counted_at - HOUR, lot=OTHER) == Entered(4)
    assert desk.stock() == {LOT: 100, OTHER: 48}
    assert desk.adjust(-3, moved_at=counted_at - HOUR).counted_at == counted_at
    assert desk.take_back(2).counted_at == counted_at
    assert desk.stock() == {LOT: 100, OTHER: 48}


# -- adjustments and who agrees --------------------------------------------------------------------------------------


def test_a_small_change_is_made_at_once(desk: Desk) -> None:
    desk.receive(300)
    desk.adjust(-4, note="Dropped")
    entry = desk.last_entry()
    assert (entry.kind, entry.quantity, entry.reason_code, entry.note) == ("adjust_down", -4, "damaged", "Dropped")
    desk.adjust(4, reason_code="found")
    assert desk.last_entry().kind == "adjust_up"
    assert desk.stock() == {LOT: 300}


def test_a_change_above_the_limit_moves_nothing_until_another_person_agrees(desk: Desk) -> None:
    desk.receive(300)
    asked_at = desk.now
    assert desk.adjust(-5) == Entered(None, request_no=1)
    assert desk.stock() == {LOT: 300}
    desk.house.wait(60)
    assert desk.approve(1) == Entered(2)
    assert desk.stock() == {LOT: 295}
    entry = desk.last_entry()
    assert (entry.moved_at, entry.entered_by) == (asked_at, "Kim")
    kept = adjustments.request(desk.db.read(), 1)
    assert kept is not None
    assert (kept.asked_by, kept.decided_by, kept.entry_no) == ("Kim", "Lee", 2)
    assert [(what, by) for what, _, by in desk.audited()] == [
        ("stock moved", "Kim"), ("lot changed", "Kim"),
        ("stock change asked for", "Kim"), ("stock moved", "Kim"), ("stock change approved", "Lee"),
    ]  # fmt: skip


def test_repacked_goods_need_no_reason_and_stay_repacked_when_they_wait(desk: Desk) -> None:
    desk.receive(300)
    desk.adjust(3, kind="repack", reason_code=None)
    assert (desk.last_entry().kind, desk.last_entry().reason_code) == ("repack", None)
    waiting = desk.adjust(12, kind="repack", reason_code=None)
    assert waiting.request_no is not None
    desk.approve(waiting.request_no)
    assert (desk.last_entry().kind, desk.last_entry().quantity) == ("repack", 12)


@pytest.mark.parametrize("approver", ["Kim", " kim ", "KIM"])
def test_nobody_approves_what_he_has_asked_for(desk: Desk, approver: str) -> None:
    desk.receive(300)
    desk.adjust(-9)
    with pytest.raises(Refused, match=r"^Kim asked for this change, so somebody else has to approve it\.$"):
        desk.approve(1, by=approver)
    assert [one.request_no for one in adjustments.waiting_requests(desk.db.read())] == [1]


def test_a_refused_change_is_never_made(desk: Desk) -> None:
    desk.receive(300)
    desk.adjust(-9)
    movements.refuse(desk.db, 1, "Kim", desk.now)  # whoever asked may take it back
    assert adjustments.waiting_requests(desk.db.read()) == []
    assert desk.stock() == {LOT: 300}
    assert ("stock change refused", "17612 - 250237", "Kim") in desk.audited()


def test_a_change_is_decided_once(desk: Desk) -> None:
    desk.receive(300)
    desk.adjust(-9)
    desk.approve(1)
    decided = r"^Somebody else has decided about this change already\.$"
    with pytest.raises(Refused, match=decided):
        desk.approve(1, by="Pat")
    with pytest.raises(Refused, match=decided):
        movements.refuse(desk.db, 1, "Pat", desk.now)
    with pytest.raises(Refused, match=decided):
        desk.approve(99)
    assert desk.stock() == {LOT: 291}


def test_the_limit_is_the_one_that_people_set(desk: Desk) -> None:
    desk.receive(300)
    with desk.db.transaction() as con:
        set_setting(con, APPROVAL_ABOVE, "0", "Pat", desk.now)
    assert desk.adjust(-1).request_no == 1


def test_what_was_asked_for_is_held_against_the_shelf_again_when_it_is_approved(desk: Desk) -> None:
    desk.receive(10)
    desk.adjust(-10)
    desk.adjust(-3)
    with pytest.raises(Refused, match="The ledger has 7 units of 17612 - 250237, so 10 cannot be taken off"):
        desk.approve(1)
    assert desk.stock() == {LOT: 7}


def test_before_a_count_more_may_be_taken_than_there_is_now(desk: Desk) -> None:
    desk.receive(10)
    before = desk.now
    desk.house.wait(5)
    desk.say_opening({LOT: 2})
    desk.house.wait(5)
    assert desk.adjust(-4, moved_at=before).entry_no is not None
    assert desk.stock() == {LOT: 2}


# -- opening ---------------------------------------------------------------------------------------------------------


def test_the_first_stock_is_said_as_a_count_of_now(desk: Desk) -> None:
    assert desk.say_opening({LOT: 583, "": 7}, note="Walked with Lee") == 2
    assert desk.stock() == {"": 7, LOT: 583}
    entries = ledger.entries(desk.db.read(), SKU)
    assert {(one.kind, one.reason_code, one.moved_at, one.note) for one in entries} == {
        ("count", "opening", desk.now, "Walked with Lee")
    }
    assert (desk.shown().current_quantity, desk.shown().last_counted_at) == (590, desk.now)
    assert desk.audited() == [("opening stock said", SKU, "Kim")]


def test_an_empty_shelf_can_be_said(desk: Desk) -> None:
    desk.say_opening({"": 0})
    assert desk.shown().current_quantity == 0
    assert desk.shown().alert_reason == "Nothing is left on the shelf."


def test_a_lot_that_left_and_was_not_found_is_counted_as_none(desk: Desk) -> None:
    order = desk.house.world.place_manual_order("100901", [("17612 - 250237", 3)])
    desk.house.world.buy_label(order.order_id)
    desk.house.wait()
    desk.house.sync()
    assert desk.stock() == {LOT: -3}
    assert desk.say_opening({OTHER: 40}) == 2
    assert desk.stock() == {LOT: 0, OTHER: 40}


def test_a_receipt_without_a_count_before_it_may_still_be_followed_by_the_opening(desk: Desk) -> None:
    desk.receive(48)
    desk.house.wait()
    desk.say_opening({LOT: 140})
    assert desk.stock() == {LOT: 140}
    with pytest.raises(Refused, match=r"^17612 was counted on Wed 16 Sep 2026 already\. Adjust it, or count it again"):
        desk.say_opening({LOT: 140})


@pytest.mark.parametrize(
    ("lots", "sentence"),
    [
        ({}, "Enter what stands on the shelf"),
        ({LOT: -1}, "17612 - 250237: -1 units cannot stand on a shelf"),
        ({LOT: 2_000_000}, "2,000,000 units cannot stand on a shelf"),
        ({"12": 4}, "'12' is no lot"),
    ],
)
def test_an_opening_that_cannot_be_is_refused(desk: Desk, lots: dict[str, int], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        desk.say_opening(lots)
    assert desk.stock() == {}


# -- taking back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["receive", "adjust", "repack"])
def test_an_entry_is_taken_back_by_another_at_its_own_instant(desk: Desk, kind: str) -> None:
    desk.receive(300, lot=OTHER)
    at = desk.now
    match kind:
        case "receive":
            wrong = desk.receive(48)
        case "adjust":
            wrong = desk.adjust(4)
        case _:
            wrong = desk.adjust(4, kind="repack", reason_code=None)
    desk.house.wait(60)
    desk.take_back(wrong.entry_no, note=" Another lot ")
    back = desk.last_entry()
    assert (back.corrects, back.moved_at, back.note) == (wrong.entry_no, at, "Another lot")
    assert (back.kind, back.reason_code) == (kind if kind != "adjust" else "adjust_down", "system")
    assert desk.stock() == {LOT: 0, OTHER: 300}
    with pytest.raises(Refused, match=f"^Entry {wrong.entry_no} was taken back already"):
        desk.take_back(wrong.entry_no)
    with pytest.raises(Refused, match=f"^Entry {back.entry_no} was taken back already, or takes one back itself"):
        desk.take_back(back.entry_no)


def test_what_left_and_what_was_counted_is_not_taken_back(desk: Desk) -> None:
    order = desk.house.world.place_manual_order("100901", [("17612 - 250237", 3)])
    desk.house.world.buy_label(order.order_id)
    desk.house.wait()
    desk.house.sync()
    with pytest.raises(Refused, match=r"^What left follows ShipStation: void the label there"):
        desk.take_back(desk.last_entry().entry_no)
    desk.say_opening({LOT: 3})
    with pytest.raises(Refused, match=r"^A count is mended by another count\.$"):
        desk.take_back(desk.last_entry().entry_no)
    with pytest.raises(Refused, match=r"^There is no entry 99\.$"):
        desk.take_back(99)


def test_whoever_takes_back_says_why(desk: Desk) -> None:
    entered = desk.receive(48)
    with pytest.raises(Refused, match="Say in the note what was wrong"):
        desk.take_back(entered.entry_no, note="  ")


# -- lots ------------------------------------------------------------------------------------------------------------


def test_a_quarantined_lot_is_not_available_until_it_is_released(desk: Desk) -> None:
    desk.receive(300)
    desk.receive(100, lot=OTHER)
    desk.say_of_lot(is_quarantined=True, reason="Recall of the maker")
    assert (desk.shown().quarantined_quantity, desk.shown().available_quantity) == (300, 100)
    desk.say_of_lot(received_on=date(2026, 9, 1), expires_on=date(2027, 9, 1))
    assert (desk.shown().quarantined_quantity, desk.shown().available_quantity) == (0, 400)
    changes = [
        (before and json.loads(before)["is_quarantined"], json.loads(after)["is_quarantined"])
        for before, after in desk.house.rows(
            "SELECT before, after FROM audit_log WHERE action = 'lot changed' ORDER BY entry_no"
        )
    ]
    assert changes == [(None, False), (None, False), (False, True), (True, False)]


# -- refusals --------------------------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[Callable[[Desk], object], str]] = {
    "nobody": (lambda desk: desk.receive(by="  "), "Say who you are"),
    "nobody adjusts": (lambda desk: desk.adjust(1, by=""), "Say who you are"),
    "nobody approves": (lambda desk: desk.approve(1, by=""), "Say who you are"),
    "nobody refuses": (lambda desk: movements.refuse(desk.db, 1, "", desk.now), "Say who you are"),
    "nobody takes back": (lambda desk: desk.take_back(1, by=""), "Say who you are"),
    "nobody opens": (lambda desk: desk.say_opening({LOT: 1}, by=""), "Say who you are"),
    "nobody quarantines": (lambda desk: desk.say_of_lot(by=""), "Say who you are"),
    "a stranger": (lambda desk: desk.receive(sku="99999"), "99999 is no product. Add it under Imports first."),
    "a stranger's lot": (lambda desk: desk.say_of_lot(sku="99999"), "99999 is no product"),
    "a pack size": (lambda desk: desk.receive(lot="12"), "'12' is no lot: five or six digits, or nothing."),
    "the future": (lambda desk: desk.receive(moved_at=desk.now + HOUR), "That lies in the future"),
    "a novel": (lambda desk: desk.receive(note="x" * 501), "A note has at most 500 characters."),
    "a long number": (lambda desk: desk.receive(reference="x" * 501), "A delivery note's number has at most 500"),
    "nothing came": (lambda desk: desk.receive(0), "A receipt of 0 units is none"),
    "less than nothing came": (lambda desk: desk.receive(-3), "A receipt of -3 units is none"),
    "too much came": (lambda desk: desk.receive(1_000_001), "A receipt of 1,000,001 units is too large"),
    "much without a lot": (lambda desk: desk.receive(200, lot=""), "of 200 units or more needs the supplier's lot"),
    "dates of no lot": (
        lambda desk: desk.receive(20, lot="", expires_on=date(2027, 1, 1)), "Dates are those of a lot",
    ),
    "no change": (lambda desk: desk.adjust(0), "A change of 0 units is none"),
    "too large a change": (lambda desk: desk.adjust(-1_000_001), "A change of -1,000,001 units is too large"),
    "no reason": (lambda desk: desk.adjust(-1, reason_code=None), "Say why: an adjustment needs a reason."),
    "another reason": (lambda desk: desk.adjust(-1, reason_code="opening"), "Say why"),
    "repacked away": (lambda desk: desk.adjust(-1, kind="repack"), "Repacking adds what was packed anew"),
    "unknown stock": (lambda desk: desk.adjust(1), "Nobody has said what stands on the shelf of 17612"),
    "no lot to say of": (lambda desk: desk.say_of_lot(lot=""), "Units without a lot cannot be quarantined"),
    "no reason for quarantine": (lambda desk: desk.say_of_lot(is_quarantined=True), "Say why the lot is quarantined"),
    "expired before it came": (
        lambda desk: desk.say_of_lot(received_on=date(2026, 9, 1), expires_on=date(2026, 9, 1)),
        "A lot cannot expire before it came",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(desk: Desk, case: str) -> None:
    act, sentence = REFUSALS[case]
    with pytest.raises(Refused) as refused:
        act(desk)
    assert sentence in str(refused.value)
    assert desk.house.rows("SELECT count(*) FROM inventory_transactions") == [(0,)]
    assert desk.house.rows("SELECT count(*) FROM lots") == [(0,)]
    assert desk.audited() == []


def test_a_lot_gives_no_more_than_it_has(desk: Desk) -> None:
    desk.receive(3)
    with pytest.raises(Refused, match=r"^The ledger has 3 units of 17612 - 250237, so 4 cannot be taken off\. Check"):
        desk.adjust(-4)
    with pytest.raises(Refused, match=r"^The ledger has 0 units of 17612 without a lot"):
        desk.adjust(-1, lot="")
