"""Makes tests/cassettes from tests/reference: `python -m tests.doors.cassettes.make`. Same input, same files.

Bodies named "as recorded" or "as documented" are untouched. A plan case takes the recorded order object (and the
hand-made page of shipments, as no shipment was ever recorded) and puts into it only what the case is about: numbers,
keys, statuses, SKUs, dates. tests/README.md says which cassette has what.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import yaml

from tests.doors.cassettes.play import CASSETTES, MAIL_URL, URL

REFERENCE = Path(__file__).parents[2] / "reference"

# When the recorded list of orders was answered; its orders were modified half an hour before. A second sync comes five
# minutes later. Pacific dates below are of the evening of January 23.
FIRST = datetime(2021, 1, 24, 1, 49, 1, tzinfo=UTC)
SECOND = FIRST + timedelta(minutes=5)

Row = dict[str, Any]
Interaction = dict[str, Any]


# --- the reference material


def recorded() -> dict[str, Any]:
    """The recorded answers by name: the body as text, and the headers."""

    def answers(item: Row) -> Iterator[tuple[str, Row]]:
        for inner in item.get("item", []):
            yield from answers(inner)
        for response in item.get("response", []):
            yield response["name"], response

    text = (REFERENCE / "postman-v1-recorded-2021.postman_collection.json").read_text()
    return dict(answers(json.loads(text)))


RECORDED = recorded()
HEADERS = {
    header["key"]: header["value"]
    for header in RECORDED["List Orders"]["header"]
    if header["key"].lower() not in ("content-length", "connection", "date")
}
RECORDED_ORDERS: list[Row] = json.loads(RECORDED["List Orders"]["body"])["orders"]
SHIPMENT: Row = json.loads((REFERENCE / "synthetic-shipments-page.json").read_text())["shipments"][1]


MAIL_ANSWERS: dict[str, Row] = json.loads((REFERENCE / "sendgrid-mail-send-documented.json").read_text())


def documented(name: str) -> str:
    """The body of an example of the documentation, as the mock of the documentation gave it."""
    cassette = json.loads((REFERENCE / "cassettes-johnhamelink-apiary-mock" / f"{name}.json").read_text())
    body: str = cassette[0]["response"]["body"]
    return body


# --- interactions


def answer(
    path: str, body: str, *, at: datetime = FIRST, status: int = 200, method: str = "GET", **headers: str
) -> Interaction:
    """One request and its answer. Of the query only what tells one list from another is kept."""
    told = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    told["Date"] = format_datetime(at, usegmt=True)
    return {
        "request": {"body": None, "headers": {}, "method": method, "uri": URL + path},
        "response": {
            "body": {"string": body},
            "headers": {name: [value] for name, value in sorted(told.items())},
            "status": {"code": status, "message": "OK" if status == 200 else "Error"},
        },
    }


def page(name: str, rows: list[Row], *, total: int | None = None) -> str:
    """A list's envelope."""
    return json.dumps({name: rows, "total": len(rows) if total is None else total, "page": 1, "pages": 1})


def orders(*rows: Row, at: datetime = FIRST, total: int | None = None) -> Interaction:
    """GET /orders by modification date."""
    return answer("/orders?modifyDateStart=&modifyDateEnd=", page("orders", list(rows), total=total), at=at)


def labels(*rows: Row, at: datetime = FIRST) -> Interaction:
    """GET /shipments by creation date."""
    return answer("/shipments?createDateStart=&createDateEnd=", page("shipments", list(rows)), at=at)


def rest() -> list[Interaction]:
    """What a sync may ask besides: no voids, no fulfillments, and the carriers, services and stores as recorded."""
    return [
        answer("/shipments?voidDateStart=&voidDateEnd=", page("shipments", [])),
        answer("/fulfillments?createDateStart=&createDateEnd=", page("fulfillments", [])),
        answer("/carriers", RECORDED["List Carriers"]["body"]),
        answer("/carriers/listservices?carrierCode=stamps_com", RECORDED["List Services"]["body"]),
        answer("/stores?showInactive=true", RECORDED["List Stores"]["body"]),
    ]


def sent_mail(name: str) -> Interaction:
    """POST /v3/mail/send and the documented answer of that name."""
    told = MAIL_ANSWERS[name]
    return {
        "request": {"body": None, "headers": {}, "method": "POST", "uri": f"{MAIL_URL}/v3/mail/send"},
        "response": {
            "body": {"string": json.dumps(told["body"]) if told["body"] is not None else ""},
            "headers": {header: [value] for header, value in sorted(told["headers"].items())},
            "status": {"code": told["status"], "message": told["message"]},
        },
    }


# --- rows


def order(
    order_id: int,
    number: str,
    modified: str,
    *items: tuple[str, int],
    key: str | None = None,
    status: str = "awaiting_shipment",
    **changes: Any,
) -> Row:
    """The recorded order with another identity; `modified` is the Pacific time of day. Its discount line stays."""
    row = deepcopy(RECORDED_ORDERS[0])
    product, discount = row["items"]
    row |= {
        "orderId": order_id,
        "orderNumber": number,
        "orderKey": key or f"manual-{order_id:032x}",
        "modifyDate": f"2021-01-23T{modified}0000",
        "orderStatus": status,
        "items": [
            product | {"orderItemId": order_id * 10 + n, "lineItemKey": str(n), "sku": sku, "quantity": quantity}
            for n, (sku, quantity) in enumerate(items, 1)
        ],
        # The recorded carrier was not among the recorded carriers: a service that is.
        "carrierCode": "stamps_com",
        "serviceCode": "usps_priority_mail",
    }
    row["items"].append(discount | {"orderItemId": order_id * 10})
    if status == "shipped":
        row["shipDate"] = "2021-01-23"
    return row | changes


def label(shipment_id: int, of: Row, tracking: str, *, created: str, **changes: Any) -> Row:
    """The hand-made shipment as the label of an order, with all its items."""
    return (
        SHIPMENT
        | {
            "shipmentId": shipment_id,
            "orderId": of["orderId"],
            "orderKey": of["orderKey"],
            "orderNumber": of["orderNumber"],
            "customerEmail": of["customerEmail"],
            "createDate": f"2021-01-23T{created}0000",
            "shipDate": "2021-01-23",
            "trackingNumber": tracking,
            "carrierCode": of["carrierCode"],
            "serviceCode": of["serviceCode"],
            "voided": False,
            "voidDate": None,
            "shipTo": of["shipTo"],
            "shipmentItems": [
                SHIPMENT["shipmentItems"][0]
                | {name: item[name] for name in ("orderItemId", "lineItemKey", "sku", "name", "quantity", "unitPrice")}
                for item in of["items"]
                if not item["adjustment"]
            ],
        }
        | changes
    )


UPLOADED_KEY = "shipsync:X-Cart:700015"

NEW_MANUAL = order(500000521, "100521", "17:12:52.197", ("17612 - 250237", 2))
EDITED_MANUAL = order(
    500000521, "100521", "17:52:10.330", ("17612 - 250237", 3), shipTo=NEW_MANUAL["shipTo"] | {"street2": "EAST WING"}
)
SHIPPED_MANUAL = order(
    500000522, "100522", "17:46:12.453", ("17612 - 250237", 1), ("17904-250240", 4), status="shipped"
)
FROM_SHOP = order(500000015, "700015", "17:15:20.117", ("17612 - 250237", 3), key=UPLOADED_KEY)
FROM_SHOP_SHIPPED = order(
    500000015, "700015", "17:51:40.003", ("17612 - 250237", 3), key=UPLOADED_KEY, status="shipped"
)
WITHOUT_KEY_SKU = order(500000523, "100523", "17:20:00.127", ("ABC123", 2))
OF_ANOTHER_NUMBER = order(500000900, "900900", "17:21:00.127", ("17612", 1))
OF_OURS = order(500000524, "100524", "17:22:00.127", ("17612", 1), key="shipsync:X-Cart:100524")
OTHER_MANUAL = order(500000525, "100525", "17:30:00.507", ("18795", 2))

SERVER_ERROR = json.dumps({"message": "An internal error occurred"})
TOO_MANY = json.dumps({"message": "Too Many Requests"})


def first_orders(body: str, status: int = 200, **headers: str) -> Interaction:
    """A first answer to GET /orders that is not a page."""
    return answer("/orders?modifyDateStart=&modifyDateEnd=", body, status=status, **headers)


def cassettes() -> dict[str, list[Interaction]]:
    """Every cassette by name."""
    created = {"hasErrors": False, "results": []}
    created["results"] = [
        {"orderId": 500000015, "orderNumber": "700015", "orderKey": UPLOADED_KEY, "success": True, "errorMessage": None}
    ]
    shop_label = label(101000015, FROM_SHOP_SHIPPED, "9400100000000000000015", created="17:51:39.583")
    manual_label = label(101000522, SHIPPED_MANUAL, "9400100000000000000522", created="17:46:11.583")
    edited_soon = EDITED_MANUAL | {"modifyDate": "2021-01-23T17:40:10.3300000"}
    return {
        "recorded": [
            answer("/orders?modifyDateStart=&modifyDateEnd=", RECORDED["List Orders"]["body"]),
            answer("/orders/21533895", RECORDED["Get Order"]["body"]),
            answer("/orders/createorders", RECORDED["Create/Update Multiple Orders"]["body"], method="POST"),
            *rest()[2:],
        ],
        "documented": [
            answer("/orders?modifyDateStart=&modifyDateEnd=", documented("list_orders_without_parameters")),
            answer("/shipments?createDateStart=&createDateEnd=", documented("list_all_shipments")),
            answer("/fulfillments?createDateStart=&createDateEnd=", documented("fulfillments_list")),
            answer(
                "/orders/createorders",
                (REFERENCE / "fixtures-compwright" / "Api-Order-CreateOrdersResponse.json").read_text(),
                method="POST",
            ),
            answer("/carriers", (REFERENCE / "fixtures-compwright" / "Api-Carrier-ListAllResponse.json").read_text()),
            answer("/stores?showInactive=true", documented("list_stores")),
        ],
        "shipments_by_hand": [
            answer(
                "/shipments?createDateStart=&createDateEnd=", (REFERENCE / "synthetic-shipments-page.json").read_text()
            ),
        ],
        "mail_accepted": [sent_mail("accepted")],
        "mail_refused": [sent_mail("key refused")],
        "mail_too_large": [sent_mail("too large")],
        "mail_busy_then_accepted": [sent_mail("too many"), sent_mail("accepted")],
        "plan01_new_manual_order": [orders(NEW_MANUAL), labels(), *rest()],
        "plan02_existing_manual_order": [
            orders(NEW_MANUAL),
            orders(EDITED_MANUAL, at=SECOND),
            labels(),
            *rest(),
        ],
        "plan03_status_update": [
            answer("/orders/createorders", json.dumps(created), method="POST"),
            orders(FROM_SHOP),
            orders(FROM_SHOP_SHIPPED, at=SECOND),
            labels(),
            labels(shop_label, at=SECOND),
            *rest(),
        ],
        "plan04_shipped_manual_order": [orders(SHIPPED_MANUAL), labels(manual_label), *rest()],
        "plan05_watermark_progression": [
            orders(NEW_MANUAL, OTHER_MANUAL),
            orders(OTHER_MANUAL, EDITED_MANUAL, at=SECOND),
            labels(),
            *rest(),
        ],
        "plan06_same_order_twice": [orders(NEW_MANUAL), orders(NEW_MANUAL, at=SECOND), labels(), *rest()],
        "plan07_three_filters": [
            orders(NEW_MANUAL, WITHOUT_KEY_SKU, OF_ANOTHER_NUMBER, OF_OURS),
            labels(),
            *rest(),
        ],
        "plan08_server_error_then_well": [
            first_orders(SERVER_ERROR, 500),
            orders(NEW_MANUAL),
            labels(),
            *rest(),
        ],
        "plan08_server_error_for_good": [first_orders(SERVER_ERROR, 500), labels(), *rest()],
        "plan08_throttled_then_well": [
            first_orders(TOO_MANY, 429, **{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "20"}),
            orders(NEW_MANUAL),
            labels(),
            *rest(),
        ],
        "plan08_answer_cut_then_well": [
            first_orders(page("orders", [NEW_MANUAL])[:700]),
            orders(NEW_MANUAL),
            labels(),
            *rest(),
        ],
        "plan09_watermark_integrity": [
            orders(NEW_MANUAL, OTHER_MANUAL, total=3),
            orders(OTHER_MANUAL, SHIPPED_MANUAL),
            labels(manual_label),
            *rest(),
        ],
        "plan10_duplicates": [
            orders(NEW_MANUAL, OTHER_MANUAL, edited_soon, total=4),
            orders(edited_soon, SHIPPED_MANUAL),
            labels(manual_label),
            *rest(),
        ],
        "plan11_field_level": [
            answer("/orders/createorders", json.dumps(created), method="POST"),
            orders(FROM_SHOP_SHIPPED, at=SECOND),
            labels(shop_label, at=SECOND),
            *rest(),
        ],
        "plan12_shipped_migration": [orders(SHIPPED_MANUAL), labels(manual_label), *rest()],
    }


def text_of(interactions: list[Interaction]) -> str:
    """A cassette as vcrpy reads it."""
    return yaml.safe_dump({"interactions": interactions, "version": 1}, allow_unicode=True, width=120)


def main() -> None:
    """Write every cassette, and remove those that are none any more."""
    CASSETTES.mkdir(exist_ok=True)
    texts = {f"{name}.yaml": text_of(interactions) for name, interactions in cassettes().items()}
    for old in CASSETTES.glob("*.yaml"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (CASSETTES / name).write_text(text)


if __name__ == "__main__":
    main()
