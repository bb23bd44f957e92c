"""The list queries of ShipStation: filter, sort, page (API.md sections 3 and 4).

A query is read as wall time, answered from sorted lists, and returned as texts ready to be joined. With a modifyDate
window sorted by ModifyDate, and nothing else, a page costs two bisections and a slice, at any size of the world.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl

from shipsync.sandbox.books import Books
from shipsync.sandbox.index import Index
from shipsync.sandbox.objects import Address, Fulfillment, Order, Shipment
from shipsync.sandbox.pacific import read_date, wall, wall_ms

MAX_PAGE = 500

_Thing = TypeVar("_Thing")


class BadQuery(ValueError):
    """A parameter that ShipStation does not take. `status` is the answer's status code."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """One page: the resource's name, its rows as JSON texts with their ids, and the numbers of the envelope."""

    key: str
    ids: list[int]
    texts: list[str]
    total: int
    page: int
    pages: int


class Query:
    """The parameters of one request; names count in any case, as at ShipStation."""

    def __init__(self, text: str, books: Books) -> None:
        self.given = dict(parse_qsl(text, keep_blank_values=True))
        self._values = {name.lower(): value.strip() for name, value in self.given.items() if value.strip()}
        self._switches = books.switches

    @property
    def filters(self) -> set[str]:
        """The names that were given a value, in small letters, without those that only sort and page."""
        return self._values.keys() - {"page", "pagesize", "sortby", "sortdir"}

    def text(self, name: str) -> str | None:
        """A parameter as text; None when missing or empty."""
        return self._values.get(name.lower())

    def number(self, name: str) -> int | None:
        """A parameter as a whole number. Raises BadQuery."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise BadQuery(400, "Invalid request parameters") from None

    def yes(self, name: str) -> bool:
        """A parameter as yes or no."""
        return (self.text(name) or "").lower() in {"true", "1"}

    def wall(self, name: str) -> datetime | None:
        """A date parameter as Pacific wall time. Raises BadQuery, as the switch says."""
        value = self.text(name)
        if value is None:
            return None
        try:
            read = read_date(value, honour_offsets=self._switches.query_offsets == "honoured")
        except ValueError:
            if self._switches.bad_date == "ignored":
                return None
            raise BadQuery(int(self._switches.bad_date), "Invalid request parameters") from None
        return read if self._switches.subsecond_queries else read.replace(microsecond=0)

    def window(self, name: str) -> tuple[int | None, int | None] | None:
        """The milliseconds [first, last] of `<name>Start` and `<name>End`; None when neither is given."""
        start, end = self.wall(f"{name}Start"), self.wall(f"{name}End")
        if start is None and end is None:
            return None
        first = None if start is None else wall_ms(start) + (0 if self._switches.start_inclusive else 1)
        last = None if end is None else wall_ms(end) - (0 if self._switches.end_inclusive else 1)
        return first, last

    def paging(self) -> tuple[int, int]:
        """Page number (1..) and page size. Raises BadQuery, as the switches say."""
        size = self.number("pageSize")
        page = self.number("page")
        if size is None or size < 1:
            size = self._switches.default_page_size
        if size > MAX_PAGE:
            if self._switches.oversized_page == "400":
                raise BadQuery(400, "Invalid request parameters")
            size = MAX_PAGE
        if page is not None and page < 1:
            if self._switches.page_zero == "400":
                raise BadQuery(400, "Invalid request parameters")
            page = 1
        return page or 1, size

    def descending(self) -> bool:
        """Whether sortDir asks for DESC."""
        return (self.text("sortDir") or "").upper() == "DESC"


# Whether a list shows an object whose last stamp is this; None: it shows all.
Shows = Callable[[int, datetime], bool]


def list_orders(
    books: Books, query: Query, *, now: datetime, shows: Shows | None = None, request_no: int = 0
) -> ListAnswer:
    """GET /orders."""
    page, size = query.paging()
    modified, created = query.window("modifyDate"), query.window("createDate")
    tests = _order_tests(query, created)
    if shows is not None:
        tests.append(lambda order: shows(order.order_id, order.modified))
    recent = books.switches.recent_days
    if recent is not None and not query.filters:
        created = (wall_ms(wall(now - timedelta(days=recent))), None)
        tests.append(_order_tests(query, created)[0])
    sort = (query.text("sortBy") or "").lower()
    unstable = books.switches.ties == "unstable"
    index = _ready_index(books, query, sort) if shows is None and recent is None and not unstable else None
    if index is not None:
        low, high = index.between(*(created or modified or (None, None)))
        return _sliced(books, "orders", index, low, high, page, size, query.descending(), books.order_text)
    ids = _order_candidates(books, query, modified, created)
    orders = _matching(books.orders, ids, tests)
    if modified is not None and (query.text("orderNumber") or query.text("orderStatus")):
        orders = [order for order in orders if _within(order.modified, modified)]
    keys: dict[str, Callable[[Order], tuple[int, int]]] = {
        "modifydate": lambda order: (wall_ms(wall(order.modified)), order.order_id),
        "createdate": lambda order: (wall_ms(wall(order.created)), order.order_id),
        "orderdate": lambda order: (wall_ms(order.ordered), order.order_id),
    }
    key = keys.get(sort, lambda order: (0, order.order_id))
    if unstable:
        key = _shuffled_ties(key, request_no)
    orders.sort(key=key, reverse=query.descending())
    return _paged(books, "orders", [order.order_id for order in orders], page, size, books.order_text)


def list_shipments(books: Books, query: Query, *, shows: Shows | None = None) -> ListAnswer:
    """GET /shipments: labels bought in ShipStation. Filters given together all have to match."""
    page, size = query.paging()
    tests = _shipment_tests(books, query)
    if shows is not None:
        tests.append(lambda one: shows(one.shipment_id, one.voided or one.created))
    with_items = query.yes("includeShipmentItems")

    def text(shipment_id: int) -> str:
        return books.shipment_text(shipment_id, with_items=with_items)

    created, voided = query.window("createDate"), query.window("voidDate")
    by_ship_date = (query.text("sortBy") or "").lower() == "shipdate"
    if not tests and voided is None and not by_ship_date:
        low, high = books.shipments_by_created.between(*(created or (None, None)))
        return _sliced(books, "shipments", books.shipments_by_created, low, high, page, size, query.descending(), text)
    order_id = query.number("orderId")
    if order_id is not None:
        ids = list(books.shipments_of.get(order_id, ()))
    elif voided is not None:
        ids = _between(books.shipments_by_voided, voided)
    else:
        ids = _between(books.shipments_by_created, created)
    found = _matching(books.shipments, ids, tests)
    if voided is not None:
        found = [one for one in found if one.voided is not None and _within(one.voided, voided)]
    if created is not None:
        found = [one for one in found if _within(one.created, created)]
    if by_ship_date:
        found.sort(key=lambda one: (one.ship_date, one.shipment_id), reverse=query.descending())
    else:
        found.sort(key=lambda one: (wall(one.created), one.shipment_id), reverse=query.descending())
    return _paged(books, "shipments", [one.shipment_id for one in found], page, size, text)


def list_fulfillments(books: Books, query: Query, *, shows: Shows | None = None) -> ListAnswer:
    """GET /fulfillments: orders marked as shipped."""
    page, size = query.paging()
    tests: list[Callable[[Fulfillment], bool]] = []
    fulfillment_id, order_id = query.number("fulfillmentId"), query.number("orderId")
    if fulfillment_id is not None:
        tests.append(lambda one: one.fulfillment_id == fulfillment_id)
    if order_id is not None:
        tests.append(lambda one: one.order_id == order_id)
    number = query.text("orderNumber")
    if number is not None:
        prefix = books.switches.shipments_number == "prefix"
        tests.append(lambda one: one.number.startswith(number) if prefix else one.number == number)
    tracking = query.text("trackingNumber")
    if tracking is not None:
        tests.append(lambda one: one.tracking == tracking)
    name = query.text("recipientName")
    if name is not None:
        tests.append(lambda one: _names(one.ship_to, name))
    first, last = query.wall("shipDateStart"), query.wall("shipDateEnd")
    if first is not None:
        tests.append(lambda one: one.ship_date >= first.date())
    if last is not None:
        tests.append(lambda one: one.ship_date <= last.date())
    if shows is not None:
        tests.append(lambda one: shows(one.fulfillment_id, one.voided or one.created))
    ids = _between(books.fulfillments_by_created, query.window("createDate"))
    found = _matching(books.fulfillments, ids, tests)
    if (query.text("sortBy") or "").lower() == "shipdate":
        found.sort(key=lambda one: (one.ship_date, one.fulfillment_id))
    if query.descending():
        found.reverse()
    return _paged(books, "fulfillments", [one.fulfillment_id for one in found], page, size, books.fulfillment_text)


def _order_tests(query: Query, created: tuple[int | None, int | None] | None) -> list[Callable[[Order], bool]]:
    tests: list[Callable[[Order], bool]] = []
    if created is not None:
        tests.append(lambda order: _within(order.created, created))
    ordered, paid = query.window("orderDate"), query.window("paymentDate")
    if ordered is not None:
        tests.append(lambda order: _wall_within(order.ordered, ordered))
    if paid is not None:
        tests.append(lambda order: order.paid is not None and _wall_within(order.paid, paid))
    number = query.text("orderNumber")
    if number is not None:
        tests.append(lambda order: order.number.startswith(number))  # documented: "starts with"
    status = query.text("orderStatus")
    if status is not None:
        tests.append(lambda order: order.status == status.lower())
    store_id = query.number("storeId")
    if store_id is not None:
        tests.append(lambda order: order.store_id == store_id)
    name = query.text("customerName")
    if name is not None:
        tests.append(lambda order: _names(order.ship_to, name) or _names(order.bill_to, name))
    keyword = query.text("itemKeyword")
    if keyword is not None:
        word = keyword.lower()
        tests.append(
            lambda order: any(
                word in " ".join((line.sku or "", line.name, *(value for _, value in line.options))).lower()
                for line in order.lines
            )
        )
    return tests


def _ready_index(books: Books, query: Query, sort: str) -> Index | None:
    """The sorted list of which the answer is a slice, if there is one."""
    if sort == "modifydate" and query.filters <= {"modifydatestart", "modifydateend"}:
        return books.orders_by_modified
    if sort == "createdate" and query.filters <= {"orderstatus", "createdatestart", "createdateend"}:
        status = query.text("orderStatus")
        return books.orders_by_status[status.lower()] if status else None
    if not sort and not query.filters:
        return books.orders_by_id
    return None


def _order_candidates(
    books: Books,
    query: Query,
    modified: tuple[int | None, int | None] | None,
    created: tuple[int | None, int | None] | None,
) -> Iterable[int]:
    """The ids of the narrowest sorted list that holds every match."""
    number, status = query.text("orderNumber"), query.text("orderStatus")
    if number is not None:
        return [
            order_id
            for known in books.numbers_starting(number)
            for order_id in books.by_number[known]
            if books.orders[order_id].is_listed
        ]
    if status is not None:
        return books.orders_by_status[status.lower()].ids() if status.lower() in books.orders_by_status else []
    if modified is not None:
        return _between(books.orders_by_modified, modified)
    if created is not None:
        return [one for one in _between(books.orders_by_created, created) if books.orders[one].is_listed]
    return books.orders_by_id.ids()


def _shipment_tests(books: Books, query: Query) -> list[Callable[[Shipment], bool]]:
    tests: list[Callable[[Shipment], bool]] = []
    name = query.text("recipientName")
    if name is not None:
        tests.append(lambda one: _names(one.ship_to, name))
    country = query.text("recipientCountryCode")
    if country is not None:
        tests.append(lambda one: one.ship_to.country == country.upper())
    number = query.text("orderNumber")
    if number is not None:
        prefix = books.switches.shipments_number == "prefix"
        tests.append(lambda one: (one.number or "").startswith(number) if prefix else one.number == number)
    order_id = query.number("orderId")
    if order_id is not None:
        tests.append(lambda one: one.order_id == order_id)
    for parameter, field in (
        ("carrierCode", "carrier_code"),
        ("serviceCode", "service_code"),
        ("trackingNumber", "tracking"),
    ):
        value = query.text(parameter)
        if value is not None:
            tests.append(lambda one, field=field, value=value: getattr(one, field) == value)  # type: ignore[misc]
    first, last = query.wall("shipDateStart"), query.wall("shipDateEnd")
    if first is not None:
        tests.append(lambda one: one.ship_date >= first.date())
    if last is not None:
        tests.append(lambda one: one.ship_date <= last.date())
    store_id = query.number("storeId")
    if store_id is not None:
        tests.append(lambda one: one.store_id == store_id)
    return tests


def _shuffled_ties(key: Callable[[Order], tuple[int, int]], request_no: int) -> Callable[[Order], tuple[int, int]]:
    """The same order but for ties, which fall differently on every request."""

    def shuffled(order: Order) -> tuple[int, int]:
        return key(order)[0], zlib.crc32(f"{request_no}/{order.order_id}".encode())

    return shuffled


def _matching(things: Mapping[int, _Thing], ids: Iterable[int], tests: list[Callable[[_Thing], bool]]) -> list[_Thing]:
    """The things behind these ids that pass every test, in the order of the ids."""
    candidates = (things[entity_id] for entity_id in ids)
    return [thing for thing in candidates if all(test(thing) for test in tests)]


def _names(address: Address, name: str) -> bool:
    return name.lower() in f"{address.name or ''} {address.company or ''}".lower()


def _within(instant: datetime, window: tuple[int | None, int | None]) -> bool:
    return _wall_within(wall(instant), window)


def _wall_within(wall_time: datetime, window: tuple[int | None, int | None]) -> bool:
    ms = wall_ms(wall_time)
    return (window[0] is None or ms >= window[0]) and (window[1] is None or ms <= window[1])


def _between(index: Index, window: tuple[int | None, int | None] | None) -> list[int]:
    return index.ids(*index.between(*(window or (None, None))))


def _sliced(
    books: Books,
    key: str,
    index: Index,
    low: int,
    high: int,
    page: int,
    size: int,
    descending: bool,
    text: Callable[[int], str],
) -> ListAnswer:
    """A page straight out of a sorted list."""
    total = high - low
    skipped = (page - 1) * size
    if descending:
        ids = index.ids(max(low, high - skipped - size), max(low, high - skipped))[::-1]
    else:
        ids = index.ids(min(high, low + skipped), min(high, low + skipped + size))
    return _answer(books, key, ids, total, page, size, text)


def _paged(books: Books, key: str, ids: list[int], page: int, size: int, text: Callable[[int], str]) -> ListAnswer:
    return _answer(books, key, ids[(page - 1) * size : page * size], len(ids), page, size, text)


def _answer(
    books: Books, key: str, ids: list[int], total: int, page: int, size: int, text: Callable[[int], str]
) -> ListAnswer:
    pages = -(-total // size)
    switch = books.switches.pages
    # Recorded: /orders counts right, a one-page /products said 0; documented: so do /shipments and /fulfillments.
    if switch == "zero" or (switch == "as_recorded" and key != "orders" and pages == 1):
        pages = 0
    return ListAnswer(key, ids, [text(entity_id) for entity_id in ids], total, page, pages)
