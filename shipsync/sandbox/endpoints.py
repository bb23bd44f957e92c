"""What each address of the embedded ShipStation answers: status, and the body as text (API.md sections 3 to 6).

    (method, path) -> endpoint name -> handler(Call) -> Answer

A handler runs under the world's lock. Business refusals are HTTP 500 with an ExceptionMessage, as at ShipStation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shipsync.sandbox import account, views
from shipsync.sandbox.lists import (
    BadQuery,
    ListAnswer,
    Query,
    Shows,
    list_fulfillments,
    list_orders,
    list_shipments,
)
from shipsync.sandbox.order_book import NotThere, Refused
from shipsync.sandbox.pacific import read_date
from shipsync.sandbox.world import World

MAX_BATCH = 100

# A one-page PDF's beginning; labels of the sandbox are not for printing.
_LABEL_DATA = "JVBERi0xLjQK"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the body as it goes out. `ids` are those of a list's rows, `rows` their texts."""

    status: int
    body: str = ""
    page: ListAnswer | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request that has come through the gate."""

    world: World
    query: Query
    path_id: str | None
    body: bytes
    now: datetime
    shows: Shows | None
    request_no: int
    document: Any = field(default=None)


Handler = Callable[[Call], Answer]


def refused(message: str, controller: str = "OrdersController") -> Answer:
    """The ASP.NET family: a business error as HTTP 500 (API.md section 1)."""
    return Answer(
        500,
        views.to_json(
            {
                "Message": "An error has occurred.",
                "ExceptionMessage": message,
                "ExceptionType": "System.Exception",
                "StackTrace": f"   at SS.OpenApi.Controllers.{controller}._Do()",
            }
        ),
    )


def message(status: int, text: str, family: str = "documented") -> Answer:
    """An error with a message, in either family of bodies, or with no body at all."""
    if family == "empty":
        return Answer(status)
    return Answer(status, views.to_json({"Message" if family == "aspnet" else "message": text}))


def _json(document: Any, status: int = 200) -> Answer:
    return Answer(status, views.to_json(document))


def _done(text: str) -> Answer:
    return _json({"success": True, "message": text})


def _page(found: ListAnswer) -> Answer:
    return Answer(200, views.envelope(found.key, found.texts, found.total, found.page, found.pages), found)


# -- reading --------------------------------------------------------------------------------------------------------


def _orders(call: Call) -> Answer:
    return _page(list_orders(call.world.books, call.query, now=call.now, shows=call.shows, request_no=call.request_no))


def _order(call: Call) -> Answer:
    order_id = int(call.path_id or 0)
    books = call.world.books
    if books.switches.deleted_by_id == "shown" and order_id in books.orders and books.orders[order_id].is_deleted:
        return Answer(200, books.order_text(order_id))
    books.order(order_id)
    return Answer(200, books.order_text(order_id))


def _orders_by_tag(call: Call) -> Answer:
    tag_id = call.query.number("tagId")
    page, size = call.query.paging()
    status = (call.query.text("orderStatus") or "").lower()
    ids = [
        order_id
        for order_id in call.world.books.orders_by_status[status].ids()
        if tag_id in call.world.books.orders[order_id].tags
    ]
    part = ids[(page - 1) * size : page * size]
    texts = [call.world.books.order_text(order_id) for order_id in part]
    return _page(ListAnswer("orders", part, texts, len(ids), page, -(-len(ids) // size)))


def _shipments(call: Call) -> Answer:
    return _page(list_shipments(call.world.books, call.query, shows=call.shows))


def _fulfillments(call: Call) -> Answer:
    return _page(list_fulfillments(call.world.books, call.query, shows=call.shows))


def _carriers(call: Call) -> Answer:
    return _json(account.CARRIERS)


def _carrier(call: Call) -> Answer:
    code = call.query.text("carrierCode")
    for carrier in account.CARRIERS:
        if carrier["code"] == code:
            return _json(carrier)
    raise NotThere("There is no such carrier.")


def _offers(rows: tuple[dict[str, Any], ...]) -> Handler:
    def handler(call: Call) -> Answer:
        code = call.query.text("carrierCode")
        if code is None:
            raise BadQuery(400, "Invalid request parameters")
        return _json([row for row in rows if row["carrierCode"] == code])

    return handler


def _stores(call: Call) -> Answer:
    marketplace_id, inactive = call.query.number("marketplaceId"), call.query.yes("showInactive")
    return _json(
        [
            store
            for store in account.STORES
            if (inactive or store["active"]) and marketplace_id in (None, store["marketplaceId"])
        ]
    )


def _store(call: Call) -> Answer:
    for store in account.STORES:
        if store["storeId"] == int(call.path_id or 0):
            return _json(store)
    raise NotThere("There is no such store.")


def _fixed(rows: tuple[dict[str, Any], ...]) -> Handler:
    return lambda call: _json(rows)


def _webhooks(call: Call) -> Answer:
    hooks: list[dict[str, Any]] = [
        {
            "IsLabelAPIHook": False,
            "WebHookID": hook.webhook_id,
            "SellerID": account.SELLER_ID,
            "StoreID": hook.store_id,
            "HookType": hook.event,
            "MessageFormat": "Json",
            "Url": hook.url,
            "Name": hook.name,
            "BulkCopyBatchID": None,
            "BulkCopyRecordID": None,
            "Active": True,
            "WebhookLogs": [],
            "Seller": None,
            "Store": None,
        }
        for hook in call.world.books.webhooks.values()
    ]
    return _json({"webhooks": hooks})


# -- writing --------------------------------------------------------------------------------------------------------


def _create_orders(call: Call) -> Answer:
    documents = call.document
    if not isinstance(documents, list):
        raise BadQuery(400, "Invalid request parameters")
    if len(documents) > MAX_BATCH:
        if call.world.switches.oversized_batch == "400":
            raise BadQuery(400, "Invalid request parameters")
        raise Refused("No more than 100 orders may be sent at once.")
    rows = call.world.upload(documents)
    results = [
        {
            "orderId": row.order_id,
            "orderNumber": row.number,
            "orderKey": row.key,
            "success": row.success,
            "errorMessage": row.message,
        }
        for row in rows
    ]
    if call.world.switches.results_shuffled:
        call.world.random("results", call.request_no).shuffle(results)
    return _json({"hasErrors": not all(row.success for row in rows), "results": results})


def _create_order(call: Call) -> Answer:
    if not isinstance(call.document, dict):
        raise BadQuery(400, "Invalid request parameters")
    [row] = call.world.upload([call.document])
    if not row.success or row.order_id is None:
        raise Refused(row.message or "The order was not taken.")
    return Answer(200, call.world.books.order_text(row.order_id))


def _mark_shipped(call: Call) -> Answer:
    order = call.world.books.order(_whole(call, "orderId"))
    call.world.mark_shipped(
        order.order_id,
        carrier=_required(call, "carrierCode"),
        tracking=_optional(call, "trackingNumber"),
        ship_date=_day(call, "shipDate"),
    )
    return _json({"orderId": order.order_id, "orderNumber": order.number})


def _hold(call: Call) -> Answer:
    until = _day(call, "holdUntilDate")
    if until is None:
        raise BadQuery(400, "Invalid request parameters")
    call.world.hold(_whole(call, "orderId"), until)
    return _done("Order held successfully.")


def _restore(call: Call) -> Answer:
    call.world.release(_whole(call, "orderId"))
    return _done("The requested order has been restored")


def _add_tag(call: Call) -> Answer:
    call.world.tag(_whole(call, "orderId"), _whole(call, "tagId"), add=True)
    return _done("Tag added successfully.")


def _remove_tag(call: Call) -> Answer:
    call.world.tag(_whole(call, "orderId"), _whole(call, "tagId"), add=False)
    return _done("Tag removed successfully.")


def _assign(call: Call) -> Answer:
    call.world.assign(_ids(call), _required(call, "userId"))
    return _done("User assigned successfully.")


def _unassign(call: Call) -> Answer:
    call.world.assign(_ids(call), None)
    return _done("User unassigned successfully.")


def _delete(call: Call) -> Answer:
    call.world.delete(int(call.path_id or 0))
    return _done("The requested order has been deleted.")


def _void(call: Call) -> Answer:
    shipment_id = _whole(call, "shipmentId")
    try:
        call.world.void(shipment_id)
    except Refused as refusal:
        return _json({"approved": False, "message": str(refusal)})
    return _json({"approved": True, "message": "Label voided successfully"})


def _label(call: Call) -> Answer:
    package = _optional(call, "packageCode") or "package"
    carrier = _required(call, "carrierCode")
    if package not in {row["code"] for row in account.PACKAGES if row["carrierCode"] == carrier}:
        raise Refused("Invalid packageCode")
    shipment = call.world.buy_label(
        _whole(call, "orderId"),
        carrier=carrier,
        service=_required(call, "serviceCode"),
        package=package,
        confirmation=_optional(call, "confirmation") or "none",
        ship_date=_day(call, "shipDate"),
    )
    return _json(
        {
            "shipmentId": shipment.shipment_id,
            "shipmentCost": shipment.cost,
            "insuranceCost": shipment.insurance_cost,
            "trackingNumber": shipment.tracking,
            "labelData": _LABEL_DATA,
            "formData": None,
        }
    )


def _subscribe(call: Call) -> Answer:
    store_id = call.document.get("store_id")
    hook = call.world.subscribe(
        _required(call, "target_url"),
        _required(call, "event"),
        _optional(call, "friendly_name"),
        store_id if isinstance(store_id, int) else None,
    )
    return _json({"id": hook.webhook_id}, status=201)


def _unsubscribe(call: Call) -> Answer:
    call.world.unsubscribe(int(call.path_id or 0))
    return Answer(200)


def _whole(call: Call, name: str) -> int:
    value = call.document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdigit():
        raise BadQuery(400, "Invalid request parameters")
    return int(value)


def _ids(call: Call) -> list[int]:
    values = call.document.get("orderIds")
    if not isinstance(values, list) or not all(isinstance(value, int) for value in values):
        raise BadQuery(400, "Invalid request parameters")
    return values


def _required(call: Call, name: str) -> str:
    value = _optional(call, name)
    if not value:
        raise BadQuery(400, "Invalid request parameters")
    return value


def _optional(call: Call, name: str) -> str | None:
    value = call.document.get(name)
    return None if value is None else str(value)


def _day(call: Call, name: str) -> date | None:
    value = _optional(call, name)
    if value is None:
        return None
    try:
        return read_date(value, honour_offsets=False).date()
    except ValueError:
        raise BadQuery(400, "Invalid request parameters") from None


# -- the table ------------------------------------------------------------------------------------------------------

# Endpoint name (what faults and the request log speak of): method, path, handler. "{id}" is a whole number.
_TABLE: tuple[tuple[str, str, str, Handler], ...] = (
    ("orders", "GET", "/orders", _orders),
    ("order", "GET", "/orders/{id}", _order),
    ("listbytag", "GET", "/orders/listbytag", _orders_by_tag),
    ("shipments", "GET", "/shipments", _shipments),
    ("fulfillments", "GET", "/fulfillments", _fulfillments),
    ("carriers", "GET", "/carriers", _carriers),
    ("carrier", "GET", "/carriers/getcarrier", _carrier),
    ("services", "GET", "/carriers/listservices", _offers(account.SERVICES)),
    ("packages", "GET", "/carriers/listpackages", _offers(account.PACKAGES)),
    ("stores", "GET", "/stores", _stores),
    ("store", "GET", "/stores/{id}", _store),
    ("tags", "GET", "/accounts/listtags", _fixed(account.TAGS)),
    ("warehouses", "GET", "/warehouses", _fixed(account.WAREHOUSES)),
    ("users", "GET", "/users", _fixed(account.USERS)),
    ("webhooks", "GET", "/webhooks", _webhooks),
    ("createorder", "POST", "/orders/createorder", _create_order),
    ("createorders", "POST", "/orders/createorders", _create_orders),
    ("markasshipped", "POST", "/orders/markasshipped", _mark_shipped),
    ("holduntil", "POST", "/orders/holduntil", _hold),
    ("restorefromhold", "POST", "/orders/restorefromhold", _restore),
    ("addtag", "POST", "/orders/addtag", _add_tag),
    ("removetag", "POST", "/orders/removetag", _remove_tag),
    ("assignuser", "POST", "/orders/assignuser", _assign),
    ("unassignuser", "POST", "/orders/unassignuser", _unassign),
    ("createlabelfororder", "POST", "/orders/createlabelfororder", _label),
    ("voidlabel", "POST", "/shipments/voidlabel", _void),
    ("subscribe", "POST", "/webhooks/subscribe", _subscribe),
    ("deleteorder", "DELETE", "/orders/{id}", _delete),
    ("unsubscribe", "DELETE", "/webhooks/{id}", _unsubscribe),
)
ENDPOINTS: Mapping[str, Handler] = {name: handler for name, _, _, handler in _TABLE}
_ROUTES = {(method, path): name for name, method, path, _ in _TABLE}
_PATHS = {path for _, _, path, _ in _TABLE}
_ID = re.compile(r"(.*)/(\d+)")


def find(method: str, path: str) -> tuple[str | None, str | None, bool]:
    """The endpoint of a request, the id in its path, and whether the path exists under any method.

    A doubled slash was accepted by the real server (recorded), and the case of a path does not count.
    """
    path = re.sub("/+", "/", path).rstrip("/").lower()
    match = _ID.fullmatch(path)
    path_id = match[2] if match else None
    pattern = f"{match[1]}/{{id}}" if match else path
    return _ROUTES.get((method, pattern)), path_id, pattern in _PATHS


def answer(name: str, call: Call) -> Answer:
    """Run a handler and put what it raises into ShipStation's words."""
    try:
        if name in _WITH_BODY:
            call = _with_document(call, name)
        return ENDPOINTS[name](call)
    except BadQuery as bad:
        return message(bad.status, str(bad))
    except NotThere:
        return message(404, "The requested resource was not found.", call.world.switches.not_found_body)
    except Refused as refusal:
        return refused(str(refusal), "ShipmentsController" if name == "voidlabel" else "OrdersController")


_WITH_BODY = {name for name, method, _, _ in _TABLE if method == "POST"}


def _with_document(call: Call, name: str) -> Call:
    try:
        document = json.loads(call.body, parse_float=Decimal)
    except ValueError:
        raise BadQuery(400, "Invalid request parameters") from None
    if not isinstance(document, list if name == "createorders" else dict):
        raise BadQuery(400, "Invalid request parameters")
    return Call(call.world, call.query, call.path_id, call.body, call.now, call.shows, call.request_no, document)
