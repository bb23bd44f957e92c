"""What a person says of a record in quarantine, and what becomes of it when the record comes again."""

from __future__ import annotations

import pytest

from shipsync.errors import Unusable
from shipsync.procedures.close_records import close_note, take_over
from shipsync.store import comparison, quarantine
from shipsync.store.quarantine import Entry
from tests.house import House


def put(house: House, *, held: bool, detail: str = "It is odd.", reason: str = "unreadable_sku") -> None:
    entry = Entry("order" if held else "sku_text", "1", "100123", reason, detail, None, held)
    with house.app.db.transaction() as con:
        quarantine.put(con, [entry], house.clock.now())


def closed(house: House) -> list[tuple[str, str]]:
    return [(one.entity_id, one.resolution) for one in quarantine.lately_closed(house.app.db.read())]


def audited(house: House) -> list[tuple[str, str, str, str]]:
    return house.rows("SELECT changed_by, action, subject, after FROM audit_log ORDER BY entry_no")


def test_a_note_is_closed_with_who_and_when(house: House) -> None:
    put(house, held=False)
    close_note(house.app.db, "sku_text", "1", "Ann", house.clock.now())
    assert house.held() == []
    assert closed(house) == [("1", "Closed by Ann: it is fine as it is.")]
    assert audited(house)[-1] == ("Ann", "record closed", "sku_text 1", "Closed by Ann: it is fine as it is.")


def test_a_held_record_is_not_closed_without_a_reason(house: House) -> None:
    put(house, held=True)
    with pytest.raises(Unusable, match="Take it over by hand"):
        close_note(house.app.db, "order", "1", "Ann", house.clock.now())
    with pytest.raises(Unusable, match="Say what is done by hand"):
        take_over(house.app.db, "order", "1", "  ", "Ann", house.clock.now())
    with pytest.raises(Unusable, match="at most 500"):
        take_over(house.app.db, "order", "1", "x" * 501, "Ann", house.clock.now())
    assert house.held() == [("order", "unreadable_sku")]
    assert audited(house) == []


def test_a_held_record_is_taken_over_with_the_reason(house: House) -> None:
    put(house, held=True)
    take_over(house.app.db, "order", "1", "shipped from the other\n store", "Ann", house.clock.now())
    assert house.held() == []
    assert closed(house) == [("1", "Taken over by hand by Ann: shipped from the other store")]
    assert audited(house)[-1][3] == "Taken over by hand by Ann: shipped from the other store"


def test_only_a_held_record_that_was_taken_over_explains_what_is_missing(house: House) -> None:
    put(house, held=False)
    close_note(house.app.db, "sku_text", "1", "Ann", house.clock.now())
    put(house, held=True)
    assert comparison.taken_over(house.app.db.read(), ["order", "sku_text"]) == set()
    take_over(house.app.db, "order", "1", "by hand", "Ann", house.clock.now())
    assert comparison.taken_over(house.app.db.read(), ["order", "sku_text"]) == {"1"}
    assert comparison.taken_over(house.app.db.read(), ["shop_order"]) == set()


def test_what_was_closed_cannot_be_closed_twice(house: House) -> None:
    put(house, held=False)
    close_note(house.app.db, "sku_text", "1", "Ann", house.clock.now())
    with pytest.raises(Unusable, match="not open any more"):
        close_note(house.app.db, "sku_text", "1", "Bob", house.clock.now())


@pytest.mark.parametrize("held", [True, False])
def test_the_same_trouble_does_not_open_it_again(house: House, held: bool) -> None:
    put(house, held=held)
    take_over(house.app.db, "order" if held else "sku_text", "1", "by hand", "Ann", house.clock.now())
    house.wait()
    put(house, held=held)
    assert house.held() == []


def test_another_trouble_opens_it_again(house: House) -> None:
    put(house, held=False)
    close_note(house.app.db, "sku_text", "1", "Ann", house.clock.now())
    put(house, held=False, detail="It is odd in another way.")
    assert house.held() == [("sku_text", "unreadable_sku")]


def test_trouble_that_comes_back_after_the_record_was_well_is_shown(house: House) -> None:
    put(house, held=False)
    close_note(house.app.db, "sku_text", "1", "Ann", house.clock.now())
    with house.app.db.transaction() as con:
        quarantine.resolve(con, "sku_text", ["1"], "corrected at ShipStation", house.clock.now())
    put(house, held=False)
    assert house.held() == [("sku_text", "unreadable_sku")]


def test_a_number_that_two_orders_share_stays_closed_when_one_of_them_changes(house: House) -> None:
    """A later version of an order says nothing about its number."""
    with house.app.db.transaction() as con:
        entry = Entry("conflict", "1", "100123", "new_manual_shared_number", "Two orders.", None, held=False)
        quarantine.put(con, [entry], house.clock.now())
    close_note(house.app.db, "conflict", "1", "Ann", house.clock.now())
    with house.app.db.transaction() as con:
        quarantine.resolve(con, "conflict", ["1"], "a later version was routed", house.clock.now(), held_only=True)
        quarantine.put(con, [entry], house.clock.now())
    assert house.held() == []


def test_an_order_taken_over_by_hand_stays_away_from_the_list_through_syncs(house: House) -> None:
    house.sync()
    order = house.world.place_manual_order(items=(("17612-6", 1),))
    house.wait()
    house.sync()
    assert house.held() == [("order", "unreadable_sku")]
    take_over(house.app.db, "order", str(order.order_id), "shipped by the office", "Ann", house.clock.now())
    house.world.touch(order.order_id)
    house.wait()
    house.sync()
    assert house.held() == []
    house.world.edit(order.order_id, items=(("17612", 1),))
    house.wait()
    house.sync()
    assert house.order(order.number)["status"] == "awaiting_shipment"
