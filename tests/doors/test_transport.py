"""What is tried again, how often, and how it ends; what is refused at once; what never shows: the credentials."""

from __future__ import annotations

import base64
import logging
import random
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
import urllib3

from shipsync.doors.shipstation import Limits, ShipStation
from shipsync.doors.shipstation.transport import load_json
from shipsync.errors import (
    ConfigurationError,
    CredentialsRefused,
    ShipStationDown,
    ShipStationError,
    ShipStationGarbled,
    ShipStationRefused,
    ShipStationUnclear,
)
from shipsync.rules.shipstation import Address, NewLine, NewOrder
from tests.doors.handler import KEY, SECRET, START, Asked, Desk, Reply, desk

GOOD = Reply([])
DOCUMENTED_500 = Reply({"message": "An internal error occurred"}, status=500)
ASPNET_500 = Reply({"Message": "An error has occurred."}, status=500)
REFUSAL = Reply(
    {"Message": "An error has occurred.", "ExceptionMessage": "Ship To: Postal Code must be provided."}, status=500
)
HTML = Reply(text="<html>We'll be right back</html>", headers={"Content-Type": "text/html"})
CONNECTION_REFUSED = requests.ConnectionError(
    urllib3.exceptions.MaxRetryError(
        None,  # type: ignore[arg-type]
        "/orders",
        urllib3.exceptions.NewConnectionError(None, "refused"),  # type: ignore[arg-type]
    )
)

TRANSIENT: dict[str, Reply | Exception] = {
    "500": DOCUMENTED_500,
    "500 of the other family": ASPNET_500,
    "502 with HTML": replace(HTML, status=502),
    "503 without a body": Reply(text="", status=503),
    "504": Reply({}, status=504),
    "connection refused": CONNECTION_REFUSED,
    "connection cut": requests.ConnectionError("Connection aborted."),
    "cut while reading the body": requests.exceptions.ChunkedEncodingError("IncompleteRead"),
    "damaged body": requests.exceptions.ContentDecodingError("gzip"),
    "time-out while connecting": requests.ConnectTimeout(),
    "time-out while reading": requests.ReadTimeout(),
    "HTML with 200": HTML,
    "no content type": Reply([], headers={"Content-Type": ""}),
    "cut JSON": Reply(text='{"orders": [{"orderId": 1, '),
    "empty body": Reply(text=""),
    "not UTF-8": Reply(text=b'["\xff\xfe"]'),
    "NaN": Reply(text="[NaN]"),
    "Infinity": Reply(text="[-Infinity]"),
    "a field twice": Reply(text='[{"code": "ups", "code": "fedex"}]'),
    "nested without end": Reply(text="[" * 200_000),
    "a number without end": Reply(text="[" + "9" * 5_000 + "]"),
    "another shape": Reply({"carriers": []}),
    "204": Reply(status=204, text=""),
}


def several(*replies: Reply | Exception) -> Callable[[Asked], Reply | Exception]:
    """Answer with each reply in turn, and with the last one for good."""
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def an_order(number: str = "1001") -> NewOrder:
    address = Address(name="Ada", street1="1 Main St", city="Austin", state="TX", postal_code="78701", country="US")
    return NewOrder(
        order_key=f"shipsync:X-Cart:{number}",
        order_number=number,
        ordered_at=START,
        email="ada@example.com",
        ship_to=address,
        bill_to=address,
        requested_service=None,
        shipping_paid=Decimal("4.95"),
        lines=(NewLine("1", "17612 - 250237", "Tea", 2, Decimal("19.99")),),
    )


# --- reads


@pytest.mark.parametrize("trouble", TRANSIENT.values(), ids=TRANSIENT)
@pytest.mark.parametrize("times", [1, 5])
def test_a_transient_trouble_is_tried_again_until_it_is_over(trouble: Reply | Exception, times: int) -> None:
    at = desk(several(*[trouble] * times, GOOD))
    assert at.door.carriers() == []
    assert len(at.asked) == times + 1
    assert 0 < at.clock.slept_s <= 1 + 2 + 4 + 8 + 16


@pytest.mark.parametrize("trouble", TRANSIENT.values(), ids=TRANSIENT)
def test_a_trouble_that_stays_is_an_error_after_six_tries(trouble: Reply | Exception) -> None:
    at = desk(several(trouble))
    with pytest.raises((ShipStationDown, ShipStationGarbled)) as error:
        at.door.carriers()
    assert len(at.asked) == 6
    assert error.value.transient
    assert "/carriers" in str(error.value)


class Longest(random.Random):
    """The unluckiest jitter."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_waits_double_up_to_a_minute() -> None:
    at = desk(several(DOCUMENTED_500), tries=9, jitter=Longest())
    with pytest.raises(ShipStationDown):
        at.door.carriers()
    assert at.clock.slept_s == pytest.approx(1 + 2 + 4 + 8 + 16 + 32 + 60 + 60)


def test_waits_are_spread_by_jitter() -> None:
    at = desk(several(DOCUMENTED_500), tries=12)
    with pytest.raises(ShipStationDown):
        at.door.carriers()
    assert at.clock.slept_s <= 1 + 2 + 4 + 8 + 16 + 32 + 5 * 60
    other = desk(several(DOCUMENTED_500), tries=12)
    with pytest.raises(ShipStationDown):
        other.door.carriers()
    assert other.clock.slept == at.clock.slept  # the jitter is injected


@pytest.mark.parametrize(
    ("headers", "waited_s"),
    [
        ({"X-Rate-Limit-Reset": "20"}, 20),
        ({}, 60),
        ({"X-Rate-Limit-Reset": "0"}, 60),
        ({"X-Rate-Limit-Reset": "-3"}, 60),
        ({"X-Rate-Limit-Reset": "86400"}, 60),
        ({"X-Rate-Limit-Reset": "soon"}, 60),
        ({"X-Rate-Limit-Reset": "60"}, 60),
        ({"X-Rate-Limit-Reset": "1"}, 1),
    ],
)
def test_a_429_waits_the_told_seconds_and_then_goes_on(headers: dict[str, str], waited_s: int) -> None:
    at = desk(several(Reply({"message": "Too Many Requests"}, status=429, headers=headers), GOOD))
    assert at.door.carriers() == []
    assert waited_s <= at.clock.slept_s < waited_s + 1


def test_a_429_hidden_in_a_200_is_one_all_the_same() -> None:
    at = desk(several(Reply({"message": "Too Many Requests"}, headers={"X-Rate-Limit-Reset": "9"}), GOOD))
    at.door.carriers()
    assert 9 <= at.clock.slept_s < 10


def test_many_429s_use_up_no_tries_but_come_to_an_end() -> None:
    too_many = Reply({"message": "Too Many Requests"}, status=429, headers={"X-Rate-Limit-Reset": "30"})
    at = desk(several(*[too_many] * 9, GOOD), tries=2)
    assert at.door.carriers() == []
    at = desk(several(too_many))
    with pytest.raises(ShipStationDown, match="same key"):
        at.door.carriers()
    assert len(at.asked) == 10


def test_a_single_401_is_looked_at_again() -> None:
    at = desk(several(Reply({"message": "Invalid API credentials"}, status=401), GOOD))
    assert at.door.carriers() == []


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("tries", [1, 6])
def test_refused_credentials_are_asked_about_twice_and_no_more(status: int, tries: int) -> None:
    at = desk(several(Reply(status=status, text="")), tries=tries)
    with pytest.raises(CredentialsRefused, match="Check the key and secret"):
        at.door.carriers()
    assert len(at.asked) == 2


@pytest.mark.parametrize(
    "document",
    [
        {"message": "Invalid request parameters"},
        {"Message": "Invalid request parameters"},
        {"MESSAGE": "Invalid request parameters"},
    ],
)
@pytest.mark.parametrize("status", [400, 404, 405, 418])
def test_a_4xx_is_final_and_says_what_shipstation_said(document: Any, status: int) -> None:
    at = desk(several(Reply(document, status=status)))
    with pytest.raises(ShipStationRefused, match=f"{status}: Invalid request parameters"):
        at.door.carriers()
    assert len(at.asked) == 1


def test_a_redirect_is_not_followed() -> None:
    at = desk(several(Reply(status=302, text="", headers={"Location": "https://elsewhere.example/"})))
    with pytest.raises(ShipStationRefused, match="sent elsewhere"):
        at.door.carriers()
    assert len(at.asked) == 1


def test_an_answer_that_never_ends_is_cut_off() -> None:
    at = desk(several(Reply(text="[" + " " * 5_000 + "]")), limits=Limits(body_bytes=4_000), tries=2)
    with pytest.raises(ShipStationDown, match="far longer"):
        at.door.carriers()


def test_the_servers_date_is_the_time_of_the_answer() -> None:
    page = {"orders": [], "total": 0, "page": 1, "pages": 0}
    told = "Sat, 23 Jan 2021 17:19:48 GMT"
    for headers, answered_at in [
        ({"Date": told}, datetime(2021, 1, 23, 17, 19, 48, tzinfo=UTC)),
        ({"Date": "yesterday"}, START),
        ({"Date": ""}, START),
    ]:
        at = desk(several(Reply(page, headers=headers)))
        (read,) = at.door.orders_modified(START - timedelta(hours=1), START)
        assert read.answered_at == answered_at


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert desk(several(Reply(text=b"\xef\xbb\xbf[]"))).door.carriers() == []


def test_a_missing_order_is_none_and_not_an_error() -> None:
    assert desk(several(Reply({"Message": "Not found"}, status=404))).door.order(7) is None
    with pytest.raises(ShipStationRefused):
        desk(several(Reply({"Message": "Bad"}, status=400))).door.order(7)


# --- JSON


def test_numbers_are_decimal_and_whole_ones_have_any_size() -> None:
    assert load_json('{"cost": 2.350, "id": 9007199254740993}') == {"cost": Decimal("2.350"), "id": 9007199254740993}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r'"half \ud83d pair"', "half � pair"),
        (r'"whole 😀 pair"', "whole 😀 pair"),
        (r'"null \u0000 byte"', "null � byte"),
        (r'"not one \\u0000"', r"not one \u0000"),
    ],
)
def test_characters_that_no_database_stores_are_replaced(text: str, read: str) -> None:
    assert load_json(text) == read
    assert load_json(f'{{"list": [{text}]}}') == {"list": [read]}


# --- writes


def uploaded(number: str = "1001") -> Reply:
    result = {
        "orderId": 2**40,
        "orderNumber": number,
        "orderKey": f"shipsync:X-Cart:{number}",
        "success": True,
        "errorMessage": None,
    }
    return Reply({"hasErrors": False, "results": [result]})


@pytest.mark.parametrize("lost", TRANSIENT.values(), ids=TRANSIENT)
def test_an_upload_whose_answer_was_lost_is_sent_again_with_the_same_key(lost: Reply | Exception) -> None:
    at = desk(several(lost, uploaded()))
    (result,) = at.door.create_orders([an_order()])
    assert (result.success, result.order_id) == (True, 2**40)
    assert [asked.document for asked in at.asked] == [at.asked[0].document] * 2
    assert at.asked[0].document[0]["orderKey"] == "shipsync:X-Cart:1001"


def test_a_500_with_an_exception_message_refuses_the_upload_at_once() -> None:
    at = desk(several(REFUSAL))
    with pytest.raises(ShipStationRefused, match="Ship To: Postal Code must be provided"):
        at.door.create_orders([an_order()])
    assert len(at.asked) == 1


@pytest.mark.parametrize(
    "name", [name for name in TRANSIENT if name not in ("connection refused", "time-out while connecting")]
)
def test_an_upload_that_nobody_answers_is_unclear(name: str) -> None:
    with pytest.raises(ShipStationUnclear, match="is not known"):
        desk(several(TRANSIENT[name])).door.create_orders([an_order()])


@pytest.mark.parametrize("name", ["connection refused", "time-out while connecting"])
def test_an_upload_that_was_never_sent_is_certainly_not_done(name: str) -> None:
    with pytest.raises(ShipStationDown):
        desk(several(TRANSIENT[name])).door.create_orders([an_order()])


def test_one_lost_answer_makes_the_whole_upload_unclear() -> None:
    with pytest.raises(ShipStationUnclear):
        desk(several(requests.ReadTimeout(), CONNECTION_REFUSED)).door.create_orders([an_order()])


def test_a_throttled_upload_is_certainly_not_done() -> None:
    with pytest.raises(ShipStationDown):
        desk(several(Reply({"message": "Too Many Requests"}, status=429))).door.create_orders([an_order()])


# --- credentials


def test_credentials_go_with_the_first_request() -> None:
    at = desk(several(GOOD))
    at.door.carriers()
    assert at.asked[0].authorization == "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    "trouble",
    [
        *TRANSIENT.values(),
        REFUSAL,
        Reply(status=401, text=""),
        Reply({"message": f"Unknown key {KEY} with {SECRET}"}, status=401),
        Reply({"Message": f"Basic {base64.b64encode(f'{KEY}:{SECRET}'.encode()).decode()}"}, status=400),
        Reply({"ExceptionMessage": f"{KEY}\n{SECRET}"}, status=500),
        Reply({"message": SECRET}, status=500),
        Reply(status=302, text="", headers={"Location": f"https://{KEY}:{SECRET}@elsewhere.example/"}),
        requests.ConnectionError(f"proxy http://{KEY}:{SECRET}@proxy.example refused"),
        Reply({"message": "Too Many Requests"}, status=429),
    ],
)
def test_credentials_show_nowhere(trouble: Reply | Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    at: Desk = desk(several(trouble))
    window = (START - timedelta(hours=1), START)
    texts = [repr(at.door), str(at.door)]
    calls: list[Callable[[], object]] = [
        at.door.carriers,
        lambda: list(at.door.orders_modified(*window)),
        lambda: list(at.door.shipments_voided(*window)),
        lambda: at.door.create_orders([an_order()]),
        lambda: at.door.order(5),
    ]
    for call in calls:
        with pytest.raises(ShipStationError) as error:
            call()
        texts.extend(traceback.format_exception(error.value))
        texts.append(repr(error.value.__dict__))
    texts.append(caplog.text)
    for text in texts:
        for secret in (KEY, SECRET, base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()):
            assert secret not in text


@pytest.mark.parametrize(
    "url", ["ssapi.example", "ftp://ssapi.example", "", "https://", f"https://{KEY}:{SECRET}@ssapi.example"]
)
def test_an_address_that_cannot_be_used_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        ShipStation(url, KEY, SECRET, now=lambda: START, sleep=lambda s: None, monotonic=lambda: 0.0)
    assert SECRET not in str(error.value)


def test_every_wait_is_one_line_that_says_how_long(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shipsync")
    at = desk(several(DOCUMENTED_500, Reply({}, status=429, headers={"X-Rate-Limit-Reset": "7"}), GOOD))
    at.door.carriers()
    assert [record.getMessage().split(" in ")[0] for record in caplog.records] == [
        "GET /carriers: /carriers: ShipStation answered 500: An internal error occurred. Trying again",
        "GET /carriers: 429, waiting 7 s.",
        "Waiting 7.0 s for ShipStation's next rate window.",
    ]
