"""One order's story, from what real imports, uploads and syncs left in the database."""

from __future__ import annotations

import json
from datetime import date

import pytest

from shipsync.store import timeline as store
from shipsync.store.timeline import Raw
from shipsync.web.order_story import Event, Whole, whole
from tests.house import House
from tests.site import a_site


def told(house: House, number: str) -> Whole:
    """The whole order with that number, the only one."""
    (one,) = store.candidates(house.app.db.read(), number)
    return told_by_key(house, one.order_key)


def told_by_key(house: House, order_key: str) -> Whole:
    with a_site(house):
        answer = whole(house.app.db.read(), order_key)
    assert answer is not None
    return answer


def titles(one: Whole) -> list[str]:
    """The titles of the events, oldest first, without the backslashes that keep Markdown out."""
    return [event.title.replace("\\", "") for event in reversed(one.events)]


def event(one: Whole, begins: str) -> Event:
    """The only event whose title begins so."""
    (found,) = [event for event in one.events if event.title.replace("\\", "").startswith(begins)]
    return found


def raw(house: House, one: Whole, of: Event) -> dict[str, object]:
    """The record behind an event."""
    assert of.raw is not None
    con = house.app.db.read()
    answer: Raw | None
    if of.raw.question == "version":
        reading_id, page_no = of.raw.arguments
        answer = store.raw_version(con, str(reading_id), int(page_no), one.order.shipstation_order_id or 0)
    elif of.raw.question == "parcel":
        kind, parcel_id = of.raw.arguments
        answer = store.raw_parcel(con, str(kind), int(parcel_id))
    else:
        kind, entity_id = of.raw.arguments
        answer = store.raw_held(con, str(kind), str(entity_id))
    assert answer is not None
    record: dict[str, object] = json.loads(answer.record)
    return record


def a_shop_order(house: House, number: str = "700101") -> int:
    """Imported, uploaded and seen; returns its ShipStation id."""
    house.world.place_shop_order((("17612", 2),), number=number)
    house.loop()
    order_id: int = house.order(number)["shipstation_order_id"]
    return order_id


def go_on(house: House) -> None:
    house.wait()
    house.sync()


def test_a_shop_order_tells_its_way_from_the_file_to_the_label(house: House) -> None:
    order_id = a_shop_order(house)
    label = house.world.buy_label(order_id)
    go_on(house)

    one = told(house, "700101")

    assert titles(one)[0].startswith("Imported from the shop's file ")
    assert "Uploaded to ShipStation" in titles(one)
    assert f"Label bought: {label.tracking}" in titles(one)
    assert any(title.startswith("ShipStation: awaiting shipment → shipped") for title in titles(one))
    assert "Run xml-import.1." in event(one, "Imported").details
    assert "Run shipstation-upload.1." in event(one, "Uploaded").details
    assert [event.happened_at for event in one.events] == sorted((e.happened_at for e in one.events), reverse=True)
    assert len({event.key for event in one.events}) == len(one.events)


def test_every_version_and_parcel_opens_the_record_it_came_from(house: House) -> None:
    order_id = a_shop_order(house)
    label = house.world.buy_label(order_id)
    go_on(house)

    one = told(house, "700101")

    shipped = raw(house, one, event(one, "ShipStation: awaiting shipment → shipped"))
    assert (shipped["orderId"], shipped["orderStatus"]) == (order_id, "shipped")
    assert raw(house, one, event(one, "Label bought"))["shipmentId"] == label.shipment_id


def test_a_record_of_another_order_on_the_same_page_is_not_taken_for_it(house: House) -> None:
    a_shop_order(house, "700101")
    order_id = a_shop_order(house, "700102")
    go_on(house)
    version = next(row for row in store.history(house.app.db.read(), told(house, "700102").order).versions)

    found = store.raw_version(house.app.db.read(), version.reading_id, version.page_no, order_id)

    assert found is not None
    assert json.loads(found.record)["orderNumber"] == "700102"
    assert store.raw_version(house.app.db.read(), version.reading_id, version.page_no, 1) is None
    assert store.raw_version(house.app.db.read(), "no such reading", 1, order_id) is None


def test_a_void_shows_with_the_label_that_follows_it(house: House) -> None:
    order_id = a_shop_order(house)
    first = house.world.buy_label(order_id)
    go_on(house)
    house.world.void(first.shipment_id)
    second = house.world.buy_label(order_id)
    go_on(house)

    one = told(house, "700101")

    assert f"Voided: {first.tracking}" in titles(one)
    assert [(parcel.parcel_id, parcel.voided) for parcel in one.parcels] == [
        (first.shipment_id, True),
        (second.shipment_id, False),
    ]
    assert one.parcels[1].items == "2 × 17612"
    assert one.parcels[1].carrier == "FedEx"
    assert raw(house, one, event(one, "Voided"))["voidDate"] is not None


def test_a_mark_as_shipped_is_a_parcel_without_a_label(house: House) -> None:
    order_id = a_shop_order(house)
    house.world.mark_shipped(order_id, tracking="1Z999AA10123456784")
    go_on(house)

    one = told(house, "700101")

    assert [(parcel.kind, parcel.tracking_number) for parcel in one.parcels] == [("fulfillment", "1Z999AA10123456784")]
    assert raw(house, one, event(one, "Marked as shipped"))["trackingNumber"] == "1Z999AA10123456784"


def test_a_manual_order_begins_with_the_version_that_brought_it_in(house: House) -> None:
    house.world.place_manual_order("100201")
    go_on(house)

    one = told(house, "100201")

    assert titles(one) == ["ShipStation: awaiting shipment, taken in"]
    assert one.events[0].details[0] == "A manual order with a key product."


def test_product_names_are_told_as_people_read_them(house: House) -> None:
    order = house.world.place_manual_order("100201")
    go_on(house)
    with house.app.db.transaction() as con:
        con.execute("UPDATE shipstation_order_line_items SET name = 'Case(s) of Sample&trade; Rinse'")

    lines = store.shipstation_lines(house.app.db.read(), order.order_id)

    assert [line.name for line in lines] == ["Case(s) of Sample™ Rinse"]


def test_a_hold_and_a_cancellation_show_as_they_were_seen(house: House) -> None:
    order_id = a_shop_order(house)
    house.world.hold(order_id, date(2026, 10, 1))
    go_on(house)
    house.world.cancel(order_id)
    go_on(house)

    one = told(house, "700101")

    assert one.order.status == "cancelled"
    assert titles(one)[-2:] == [
        "ShipStation: awaiting shipment → on hold",
        "ShipStation: on hold → cancelled",
    ]


def test_the_parts_of_a_split_order_know_each_other(house: House) -> None:
    house.world.place_shop_order((("17612", 2), ("18795", 2)), number="700101")
    house.loop()
    parent_id = house.order("700101")["shipstation_order_id"]
    child = house.world.split(parent_id, (("18795", 2),))
    go_on(house)

    found = store.candidates(house.app.db.read(), "700101")
    parent, part = told_by_key(house, "shipsync:X-Cart:700101"), told_by_key(house, f"shipstation:{child.order_id}")

    assert len(found) == 2
    assert [(one.relation, one.order_key) for one in parent.relatives] == [("part", f"shipstation:{child.order_id}")]
    assert [(one.relation, one.order_key) for one in part.relatives] == [("parent", "shipsync:X-Cart:700101")]
    assert any(title.startswith("Split: a part went into 700101") for title in titles(parent))
    assert event(part, "ShipStation").details[0] == "A part split off an order we know."


def test_merged_orders_know_each_other(house: House) -> None:
    gone = a_shop_order(house, "700101")
    survivor = a_shop_order(house, "700102")
    house.world.merge(survivor, gone)
    go_on(house)

    merged, other = told(house, "700101"), told(house, "700102")

    assert [(one.relation, one.order_number) for one in merged.relatives] == [("merged_into", "700102")]
    assert [(one.relation, one.order_number) for one in other.relatives] == [("merged_from", "700101")]
    assert titles(merged)[-1] == f"Merged into 700102 (id {survivor})"
    assert "700101 was merged into this order" in titles(other)
    assert not [title for title in titles(merged) if title.startswith("Cancelled here")]


def test_an_order_that_vanished_says_that_it_was_closed_here(house: House) -> None:
    house.world.place_manual_order("100201")
    go_on(house)
    with house.app.db.transaction() as con:
        con.execute(
            "UPDATE orders_inbox SET status = 'cancelled', status_reason = 'no longer there', updated_at = $now",
            {"now": house.app.now()},
        )

    one = told(house, "100201")

    assert event(one, "Cancelled here").details == ("Why: no longer there.",)


def test_what_was_held_and_what_settled_it_stand_in_the_story(house: House) -> None:
    house.world.place_shop_order((("99999", 1),), number="700101")
    house.import_shop()
    house.wait()
    house.world.edit_shop_order("700101", (("17612", 1),))
    house.import_shop()

    one = told(house, "700101")
    held, settled = event(one, "Held for a person: unknown sku"), event(one, "Settled: unknown sku")

    assert held.happened_at < settled.happened_at
    assert "99999" in held.details[0]
    assert raw(house, one, held)


def test_a_conflict_shows_in_the_story_of_both_orders_with_the_number(house: House) -> None:
    a_shop_order(house, "100777")
    other = house.world.place_manual_order("100777")
    go_on(house)

    found = store.candidates(house.app.db.read(), "100777")

    assert len(found) == 2
    for one in found:
        story = told_by_key(house, one.order_key)
        assert any("Shown to a person: new manual shared number" in title for title in titles(story))
    assert f"shipstation:{other.order_id}" in {one.order_key for one in found}


def test_a_refused_upload_says_what_shipstation_said(house: House) -> None:
    house.world.place_shop_order(number="700101")
    house.import_shop()
    with house.app.db.transaction() as con:
        con.execute("UPDATE orders_inbox SET upload_attempts = 2, upload_error = 'the [street](x) is too long'")

    refused = event(told(house, "700101"), "ShipStation refused it, 2 times so far")

    assert refused.details == (r"It said: the \[street\]\(x\) is too long",)


def test_an_order_that_was_cleaned_up_keeps_its_story(house: House) -> None:
    order_id = a_shop_order(house)
    label = house.world.buy_label(order_id)
    go_on(house)
    house.wait(60 * 24 * 70)
    assert house.job("orders-cleanup").status == "succeeded"

    one = told(house, "700101")

    assert one.order.removed_at is not None
    assert one.order.ship_to is None
    assert titles(one)[-1] == "Cleaned up: it left the inbox"
    assert f"Label bought: {label.tracking}" in titles(one)
    assert raw(house, one, event(one, "ShipStation: awaiting shipment → shipped"))["orderId"] == order_id
    assert [parcel.items for parcel in one.parcels] == ["2 × 17612"]
    assert store.ordered_lines(house.app.db.read(), one.order.order_key) == []


def test_an_order_answers_to_its_key_its_number_and_its_id(house: House) -> None:
    order_id = a_shop_order(house)
    con = house.app.db.read()

    for text in ("shipsync:X-Cart:700101", "700101", " 700101 ", str(order_id)):
        assert [one.order_key for one in store.candidates(con, text)] == ["shipsync:X-Cart:700101"]
    assert store.candidates(con, "700") == []
    assert store.candidates(con, "") == []
    assert whole(con, "no such key") is None


@pytest.mark.parametrize("text", ["<b>x</b>", "[x](http://example.com)", ":red[x]", "$x$"])
def test_no_text_from_outside_is_markdown(house: House, text: str) -> None:
    order_id = a_shop_order(house)
    house.world.mark_shipped(order_id, tracking=text)
    go_on(house)

    shown = event(told(house, "700101"), "Marked as shipped").title

    assert text not in shown
    assert text in shown.replace("\\", "")
