# ruff: noqa: DTZ001 - wall times have no zone on purpose
"""What the legacy workflows read and take: held against the door's own reading, which shares nothing with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.doors.shipstation import read_page
from shipsync.doors.shipstation.dates import PACIFIC, to_instant
from shipsync.rules.legacy import (
    AUTUMN_OVERLAP,
    OVERLAP,
    SEED,
    Label,
    ManualOrder,
    ManualTakes,
    ShippedMark,
    Version,
    labels_on,
    manual_orders_on,
    manual_window,
    shipped_marks_on,
    versions_on,
)
from shipsync.rules.shipstation import RemoteFulfillment, RemoteLine, RemoteOrder, RemoteShipment
from tests.doors.test_records import ANSWERED_AT, DISCOUNT, FULFILLMENT, ITEM, ORDER, SHIPMENT, json_values

REFERENCE = Path(__file__).parents[1] / "reference"
TAKES = ManualTakes("10", None, None, frozenset({"17612", "18235"}))
EVERYTHING = replace(TAKES, prefix="", key_skus=frozenset({"17612"}))


def page(name: str, *rows: object) -> str:
    return json.dumps({name: rows, "total": len(rows)})


def read_version(**changes: Any) -> Version:
    (version,) = versions_on(page("orders", ORDER | changes), ANSWERED_AT).taken
    return version


def taken(takes: ManualTakes = TAKES, **changes: Any) -> ManualOrder | str:
    """The order as it is taken, or why it is not."""
    found = manual_orders_on(page("orders", ORDER | changes), ANSWERED_AT, takes)
    return found.taken[0] if found.taken else next(iter(found.passed_over), *found.unreadable)


# --- as the door reads


def told_of_order(order: RemoteOrder) -> tuple[object, ...]:
    return (
        order.order_id,
        order.modified_at,
        order.status,
        order.ship_date,
        order.hold_until,
        order.carrier_code,
        order.bill_to_account_id,
        order.service_code,
        [told_of_line(line) for line in order.lines],
    )


def told_of_line(line: RemoteLine) -> tuple[object, ...]:
    price = line.unit_price
    return (line.order_item_id, line.line_item_key, line.sku, line.name, line.quantity, price, line.adjustment)


def told_of_version(one: Version) -> tuple[object, ...]:
    values = [getattr(one, name) for name in Version.__slots__ if name != "lines"]
    return (*values, told_of_lines(one.lines))


def told_of_lines(lines: Any) -> list[tuple[object, ...]] | None:
    if lines is None:
        return None
    assert [line.line_no for line in lines] == list(range(1, len(lines) + 1))
    names = ("order_item_id", "line_item_key", "sku", "name", "quantity", "unit_price", "is_adjustment")
    return [tuple(getattr(line, name) for name in names) for line in lines]


def told_of_parcel(one: Label | ShippedMark | RemoteShipment | RemoteFulfillment, names: list[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names if name != "lines"}


def answers() -> Iterator[tuple[str, str]]:
    """Every recorded or documented page of a list, as (list, text)."""
    for path in sorted(REFERENCE.rglob("*.json")):
        yield from lists_in(json.loads(path.read_text(), parse_float=Decimal))


def lists_in(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            yield from lists_in(json.loads(value, parse_float=Decimal))
        except ValueError:
            return
    elif isinstance(value, list):
        for one in value:
            yield from lists_in(one)
    elif isinstance(value, dict):
        for name in ("orders", "shipments", "fulfillments"):
            if isinstance(value.get(name), list) and isinstance(value.get("total"), int):
                yield name, json.dumps(value, default=float)
        for one in value.values():
            yield from lists_in(one)


def test_every_recorded_and_documented_page_is_read_as_the_door_reads_it() -> None:
    seen = dict.fromkeys(("orders", "shipments", "fulfillments"), 0)
    for name, body in answers():
        remote, bad = read_page(name, body, ANSWERED_AT)  # type: ignore[call-overload]
        seen[name] += len(remote)
        if name == "orders":
            versions = versions_on(body, ANSWERED_AT)
            assert [told_of_version(one) for one in versions.taken] == [told_of_order(one) for one in remote]
            assert (len(versions.unreadable), versions.rows) == (len(bad), len(remote) + len(bad))
        else:
            read, record = (labels_on, Label) if name == "shipments" else (shipped_marks_on, ShippedMark)
            parcels = read(body, ANSWERED_AT)
            assert len(parcels.unreadable) == len(bad)
            names = list(record.__slots__)
            assert [told_of_parcel(one, names) for one in parcels.taken] == [
                told_of_parcel(one, names) for one in remote
            ]
    assert min(seen.values()) > 0, seen


def test_a_label_and_its_items_arrive_to_the_field() -> None:
    (label,) = labels_on(page("shipments", SHIPMENT), ANSWERED_AT).taken
    ((remote,), _) = read_page("shipments", page("shipments", SHIPMENT), ANSWERED_AT)
    assert told_of_parcel(label, list(Label.__slots__)) == told_of_parcel(remote, list(Label.__slots__))
    assert told_of_lines(label.lines) == [told_of_line(line) for line in remote.lines or ()]


def test_an_order_arrives_with_addresses_total_and_date() -> None:
    order = taken()
    assert isinstance(order, ManualOrder)
    assert (order.order_number, order.email, order.order_total) == ("100521", "ada@example.com", Decimal("34.98"))
    assert order.ordered_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (order.addresses["ship_postal_code"], order.addresses["bill_street1"]) == ("78701", None)
    assert [(line.base_sku, line.lot, line.is_adjustment) for line in order.version.lines] == [
        ("17612", "250237", False),
        (None, None, True),
    ]


ROWS: dict[str, dict[str, Any]] = {"orders": ORDER, "shipments": SHIPMENT, "fulfillments": FULFILLMENT}
READ: dict[str, Any] = {"orders": versions_on, "shipments": labels_on, "fulfillments": shipped_marks_on}


@settings(deadline=None)
@given(st.sampled_from(sorted(ROWS)), st.data())
def test_no_value_in_any_field_stops_a_page(name: str, data: st.DataObject) -> None:
    row = ROWS[name]
    odd = row | {data.draw(st.sampled_from(sorted(row))): data.draw(json_values)}
    found = READ[name](page(name, None, row, odd, row, "text"), ANSWERED_AT)
    assert len(found.taken) + len(found.unreadable) == found.rows == 4
    assert len(found.taken) >= 2


@settings(deadline=None)
@given(st.sampled_from(("orderId", "orderStatus", "shipDate", "carrierCode", "items", "advancedOptions")), st.data())
def test_what_the_door_can_read_is_read_alike(name: str, data: st.DataObject) -> None:
    body = page("orders", ORDER | {name: data.draw(json_values)})
    remote, _ = read_page("orders", body, ANSWERED_AT)
    found = versions_on(body, ANSWERED_AT).taken
    if remote:
        assert [told_of_version(one) for one in found] == [told_of_order(one) for one in remote]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"items": [ITEM | {"quantity": None}]}, "it has no quantity"),
        ({"items": [ITEM | {"quantity": 2**31}]}, "quantity is 2147483648"),
        ({"items": [ITEM | {"quantity": 1.5}]}, "quantity is no whole number"),
        ({"items": "none"}, "items is no list"),
        ({"orderId": 2**63}, "orderId is no whole number of 64 bits"),
        ({"modifyDate": "soon"}, "modifyDate is no date"),
        ({"modifyDate": "9999-12-31T23:59:59"}, "modifyDate is no date of our calendar"),
        ({"modifyDate": None}, "it has no modifyDate"),
        ({"orderStatus": " "}, "it has no orderStatus"),
        ({"advancedOptions": 7}, "7 has no fields"),
    ],
)
def test_a_row_that_would_falsify_the_books_is_passed_over_with_a_reason(change: dict[str, Any], reason: str) -> None:
    found = versions_on(page("orders", ORDER | change, ORDER), ANSWERED_AT)
    assert len(found.taken) == 1
    assert reason in found.unreadable[0]


@pytest.mark.parametrize("number", ["1e400", "1e99999999999", "-1e99999999999", "1e-99999999999"])
def test_an_absurd_number_is_passed_over_at_once(number: str) -> None:
    for row in (ORDER | {"orderId": "HERE"}, ORDER | {"items": [ITEM | {"quantity": "HERE"}]}):
        body = page("orders", row).replace('"HERE"', number)
        assert len(versions_on(body, ANSWERED_AT).unreadable) == 1


def test_null_and_half_a_surrogate_pair_do_not_reach_the_database() -> None:
    assert read_version(items=[ITEM | {"name": "a\ud83d\x00b"}]).lines[0].name == "a��b"


def test_a_price_of_more_digits_than_cents_is_rounded() -> None:
    assert read_version(items=[ITEM | {"unitPrice": 19.985}]).lines[0].unit_price == Decimal("19.99")


# --- dates


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-23T09:09:08.3200000", datetime(2026, 7, 23, 16, 9, 8, 320_000, tzinfo=UTC)),
        ("2026-01-23 09:09:08", datetime(2026, 1, 23, 17, 9, 8, tzinfo=UTC)),
        ("2026-01-23", datetime(2026, 1, 23, 8, tzinfo=UTC)),
        ("2026-08-24T14:15:22Z", datetime(2026, 8, 24, 14, 15, 22, tzinfo=UTC)),
        ("2026-08-24T14:15:22-05:00", datetime(2026, 8, 24, 19, 15, 22, tzinfo=UTC)),
    ],
)
def test_a_date_is_pacific_unless_it_says_otherwise(text: str, instant: datetime) -> None:
    assert read_version(modifyDate=text).modified_at == instant


odd_hours = st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 1, 4)) | st.datetimes(
    datetime(2026, 3, 8), datetime(2026, 3, 8, 5)
)


@given(odd_hours | st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)), st.integers(-90, 90))
def test_the_two_odd_hours_of_the_year_are_read_as_the_door_reads_them(wall: datetime, minutes: int) -> None:
    text = wall.isoformat()
    answered_at = wall.replace(tzinfo=PACIFIC).astimezone(UTC) + timedelta(minutes=minutes)
    (version,) = versions_on(page("orders", ORDER | {"modifyDate": text}), answered_at).taken
    assert version.modified_at == to_instant(text, answered_at)


def test_a_day_is_the_one_that_is_written() -> None:
    assert read_version(shipDate="2026-11-21T23:59:59").ship_date == date(2026, 11, 21)


# --- what manual-order-sync takes


@pytest.mark.parametrize(
    ("change", "why_not"),
    [
        ({"orderNumber": "700015"}, "not_manual"),
        ({"orderNumber": "10052A"}, "not_manual"),
        ({"orderNumber": "١٠٠٥٢١"}, "not_manual"),
        ({"orderKey": "shipsync:X-Cart:100521"}, "ours"),
        ({"items": []}, "no_key_sku"),
        ({"items": [ITEM | {"sku": "99999"}]}, "no_key_sku"),
        ({"items": [ITEM | {"sku": "17612-6"}]}, "no_key_sku"),
        ({"items": [DISCOUNT | {"sku": "17612"}]}, "no_key_sku"),
    ],
)
def test_an_order_that_misses_one_of_the_three_filters_is_not_taken(change: dict[str, Any], why_not: str) -> None:
    assert taken(**change) == why_not


@pytest.mark.parametrize("number", ["100521", " 100521 ", 100521])
@pytest.mark.parametrize("sku", ["17612", "17612-250237", "18235 - 25023"])
def test_a_manual_number_with_a_key_product_or_a_bundle_of_one_is_taken(number: object, sku: str) -> None:
    assert isinstance(taken(orderNumber=number, items=[ITEM | {"sku": sku}]), ManualOrder)


def test_the_range_of_the_settings_bounds_manual_numbers() -> None:
    narrow = replace(TAKES, lowest=100_000, highest=100_520)
    assert taken(narrow) == "not_manual"
    assert isinstance(taken(narrow, orderNumber="100520"), ManualOrder)
    assert taken(narrow, orderNumber="10001") == "not_manual"


def test_the_mark_goes_by_every_order_of_a_page() -> None:
    other = ORDER | {"orderNumber": "SM-1", "modifyDate": "2026-11-20T08:31:00"}
    found = manual_orders_on(page("orders", ORDER, other), ANSWERED_AT, TAKES)
    assert (found.newest, len(found.taken), found.passed_over) == (
        datetime(2026, 11, 20, 16, 31, tzinfo=UTC),
        1,
        {"not_manual": 1},
    )


@pytest.mark.parametrize(
    ("through", "start", "is_anew"),
    [
        (None, ANSWERED_AT - SEED, True),
        (ANSWERED_AT + timedelta(hours=1), ANSWERED_AT - SEED, True),
        (datetime(2000, 1, 1, tzinfo=UTC), ANSWERED_AT - SEED, True),
        (ANSWERED_AT - timedelta(hours=1), ANSWERED_AT - timedelta(hours=1) - OVERLAP, False),
        (ANSWERED_AT + timedelta(minutes=5), ANSWERED_AT - OVERLAP, False),
    ],
)
def test_manual_orders_are_asked_for_from_a_little_behind_the_mark(
    through: datetime | None, start: datetime, is_anew: bool
) -> None:
    end = ANSWERED_AT if is_anew or through is None else max(ANSWERED_AT, through)
    assert manual_window(through, ANSWERED_AT) == (start, end, is_anew)


@pytest.mark.parametrize(
    ("through", "back"),
    [
        (datetime(2026, 11, 1, 9, tzinfo=UTC), AUTUMN_OVERLAP),
        (datetime(2026, 11, 1, 12, tzinfo=UTC), OVERLAP),
        (datetime(2026, 3, 8, 10, tzinfo=UTC), OVERLAP),
    ],
)
def test_it_goes_back_further_where_clocks_were_set_back(through: datetime, back: timedelta) -> None:
    assert manual_window(through, through + timedelta(hours=1))[0] == through - back
