"""The one object through which shipsync speaks with ShipStation V1 (API.md; DESIGN D2, D4, D6, D13, I11)."""

from __future__ import annotations

import logging
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

from shipsync.doors.shipstation.rate import Pace, Rest
from shipsync.doors.shipstation.reading import ListQuery, ListReader, Page
from shipsync.doors.shipstation.records import read_carriers, read_rows, read_services, read_stores
from shipsync.doors.shipstation.transport import Answer, Transport, Trouble
from shipsync.doors.shipstation.wire import DeadlineAdapter, Limits, Wire
from shipsync.doors.shipstation.writing import MAX_BATCH, check_results, orders_document, read_results
from shipsync.errors import ConfigurationError, ShipStationGarbled
from shipsync.rules.shipstation import (
    Carrier,
    Feed,
    NewOrder,
    RemoteFulfillment,
    RemoteOrder,
    RemoteShipment,
    Service,
    Store,
    UploadResult,
)

log = logging.getLogger(__name__)

_LIMITS = Limits()

# Before any order: ShipStation was founded in 2011.
_LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)

_ORDERS = ListQuery(
    feed="orders",
    path="/orders",
    fixed={"sortBy": "ModifyDate", "sortDir": "ASC"},
    start_name="modifyDateStart",
    end_name="modifyDateEnd",
    date_name="modifyDate",
)
_SHIPMENTS = ListQuery(
    feed="shipments",
    path="/shipments",
    fixed={"includeShipmentItems": "true", "sortBy": "CreateDate", "sortDir": "ASC"},
    start_name="createDateStart",
    end_name="createDateEnd",
    date_name="createDate",
)
_VOIDS = ListQuery(
    feed="voids",
    path="/shipments",
    fixed={"includeShipmentItems": "true", "sortBy": "CreateDate", "sortDir": "ASC"},
    start_name="voidDateStart",
    end_name="voidDateEnd",
    date_name="createDate",
    walks=False,
)
_FULFILLMENTS = ListQuery(
    feed="fulfillments",
    path="/fulfillments",
    fixed={"sortBy": "CreateDate", "sortDir": "ASC"},
    start_name="createDateStart",
    end_name="createDateEnd",
    date_name="createDate",
)


class ShipStation:
    """One account of ShipStation. Keep one object per process: it counts the requests of its key pair.

    `now` gives aware UTC, `sleep` and `monotonic` are in seconds; on a virtual clock all three must move together.
    `requests_per_minute` is our share of the 40 that all tools on the key have together. `should_stop` is asked before
    each request and twice a second while waiting; it may be replaced between jobs, and makes every method raise
    Cancelled. `adapter` replaces the network in tests.

    Every method raises errors of the ShipStationError branch, and nothing else but Cancelled. Lists read by window take
    aware UTC instants and yield pages oldest first; a page's `resume` continues a reading that was cut off after it.
    """

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        requests_per_minute: int = 35,
        tries: int = 6,
        limits: Limits = _LIMITS,
        jitter: random.Random | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        adapter: HTTPAdapter | None = None,
    ) -> None:
        self._host = _checked_host(url)
        self._now = now
        self._rest = Rest(sleep, should_stop)
        self._transport = Transport(
            Wire(url, key, secret, limits=limits, adapter=adapter or DeadlineAdapter(monotonic, limits.answer_s)),
            Pace(requests_per_minute, now=now, rest=self._rest),
            self._rest,
            now=now,
            jitter=jitter or random.Random(),
            tries=tries,
            secrets=(key, secret),
        )

    def __repr__(self) -> str:
        return f"ShipStation({self._host})"

    @property
    def should_stop(self) -> Callable[[], bool]:
        """Asked whether the job that uses this door was cancelled."""
        return self._rest.should_stop

    @should_stop.setter
    def should_stop(self, should_stop: Callable[[], bool]) -> None:
        self._rest.should_stop = should_stop

    @property
    def waits_for(self) -> str | None:
        """What a request under way waits for, as a person may read it; None while nothing waits."""
        return self._rest.waits_for

    @property
    def requests(self) -> Counter[str]:
        """How many requests were sent so far, by what they asked for; every try counts."""
        return self._transport.requests

    @property
    def recent_requests(self) -> deque[tuple[datetime, str]]:
        """The last 5,000 requests: when, and for what."""
        return self._transport.recent

    def close(self) -> None:
        """Close the connections. The object may be used again, and opens new ones."""
        self._transport.close()

    # --- lists by window

    def orders_modified(
        self, start: datetime, end: datetime, *, resume: str | None = None
    ) -> Iterator[Page[RemoteOrder]]:
        """Orders whose modifyDate lies in the window. n orders cost about n/500 requests."""
        return ListReader(self._transport, _ORDERS).read(start, end, resume)

    def shipments_created(
        self, start: datetime, end: datetime, *, resume: str | None = None
    ) -> Iterator[Page[RemoteShipment]]:
        """Labels bought in the window, with their items. Orders marked as shipped are not among them."""
        return ListReader(self._transport, _SHIPMENTS).read(start, end, resume)

    def shipments_voided(
        self, start: datetime, end: datetime, *, resume: str | None = None
    ) -> Iterator[Page[RemoteShipment]]:
        """Labels voided in the window, whenever they were bought. There is no other way to hear of a void."""
        return ListReader(self._transport, _VOIDS).read(start, end, resume)

    def fulfillments_created(
        self, start: datetime, end: datetime, *, resume: str | None = None
    ) -> Iterator[Page[RemoteFulfillment]]:
        """Orders marked as shipped, or shipped by a provider, in the window."""
        return ListReader(self._transport, _FULFILLMENTS).read(start, end, resume)

    def orders_with_status(self, status: str) -> Iterator[Page[RemoteOrder]]:
        """All orders that have a status now, oldest first: to find those that vanished (API.md fact 7)."""
        query = ListQuery(
            feed="orders",
            path="/orders",
            fixed={"orderStatus": status, "sortBy": "CreateDate", "sortDir": "ASC"},
            start_name="createDateStart",
            end_name="createDateEnd",
            date_name="createDate",
        )
        return ListReader(self._transport, query).read(_LONG_AGO, self._now())

    def shipments_on(self, day: date) -> Iterator[Page[RemoteShipment]]:
        """All labels around a ship date, whenever they were bought, voided ones too; the caller picks the day.

        A day more is asked for, because nobody knows whether the end of a window of dates is in it (API.md section 10).
        """
        return ListReader(self._transport, _whole_list("shipments", "/shipments", _around(day))).read(
            _LONG_AGO, self._now()
        )

    def fulfillments_on(self, day: date) -> Iterator[Page[RemoteFulfillment]]:
        """All marks as shipped around a ship date; the caller picks the day."""
        return ListReader(self._transport, _whole_list("fulfillments", "/fulfillments", _around(day))).read(
            _LONG_AGO, self._now()
        )

    # --- single things

    def order(self, order_id: int) -> RemoteOrder | None:
        """One order by id. None when ShipStation has none: deleted, or merged into another one."""
        outcome = self._transport.get("order", f"/orders/{order_id:d}", {}, check=_check_object)
        if isinstance(outcome, Trouble):
            if outcome.not_found:
                return None
            raise outcome.error
        good, bad = read_rows("orders", [outcome.data], outcome.answered_at)
        if bad:
            raise ShipStationGarbled(f"Order {order_id} cannot be read: {bad[0].reason}")
        order: RemoteOrder = good[0]
        return order

    def orders_numbered(self, order_number: str) -> list[RemoteOrder]:
        """The orders with exactly that number: none, one, or several (splits, other stores).

        ShipStation's filter is a prefix search, so "100" reads all that begin with it.
        """
        query = _whole_list("orders", "/orders", {"orderNumber": order_number})
        found: dict[int, RemoteOrder] = {}
        for page in ListReader(self._transport, query).read(_LONG_AGO, self._now()):
            found |= {order.order_id: order for order in page.rows if order.order_number == order_number}
            for bad in page.bad:
                log.warning("Order %s was passed over: %s", bad.entity_id, bad.reason)
        return list(found.values())

    def orders_numbered_pages(self, order_number: str) -> Iterator[Page[RemoteOrder]]:
        """The orders whose number begins so, as pages to be kept; the caller picks by id."""
        query = _whole_list("orders", "/orders", {"orderNumber": order_number})
        return ListReader(self._transport, query).read(_LONG_AGO, self._now())

    def shipments_of(self, order_id: int) -> Iterator[Page[RemoteShipment]]:
        """All labels of one order, voided ones and return labels included."""
        fixed = {"orderId": str(order_id), "includeShipmentItems": "true"}
        return ListReader(self._transport, _whole_list("shipments", "/shipments", fixed)).read(_LONG_AGO, self._now())

    def fulfillments_of(self, order_id: int) -> Iterator[Page[RemoteFulfillment]]:
        """All fulfillments of one order, voided ones included."""
        query = _whole_list("fulfillments", "/fulfillments", {"orderId": str(order_id)})
        return ListReader(self._transport, query).read(_LONG_AGO, self._now())

    def carriers(self) -> list[Carrier]:
        """The carrier accounts that are connected."""
        return read_carriers(self._get("carriers", "/carriers", {}).data)

    def services(self, carrier_code: str) -> list[Service]:
        """The services of one carrier, for their names."""
        return read_services(self._get("services", "/carriers/listservices", {"carrierCode": carrier_code}).data)

    def stores(self) -> list[Store]:
        """The selling channels, inactive ones too: old orders still name them."""
        return read_stores(self._get("stores", "/stores", {"showInactive": "true"}).data)

    # --- writing

    def create_orders(self, orders: Sequence[NewOrder]) -> list[UploadResult]:
        """Create or replace up to 100 orders in one request; one result per order, in the same order.

        Repeating it is safe, as the orderKey is the order's identity there. Raises ShipStationRefused when the batch
        was refused as a whole, ShipStationUnclear when the answers were lost and nobody knows, ShipStationDown when
        for certain nothing was done. ValueError for more than 100 orders, or one key twice.
        """
        if not orders:
            return []
        if len(orders) > MAX_BATCH:
            raise ValueError(f"createorders takes at most {MAX_BATCH} orders.")
        if len({order.order_key for order in orders}) < len(orders):
            raise ValueError("Two orders of one batch have the same orderKey.")
        answer = self._transport.post(
            "createorders", "/orders/createorders", orders_document(orders), check=check_results
        )
        return read_results(orders, answer.data)

    def _get(self, kind: str, path: str, params: dict[str, str]) -> Answer:
        outcome = self._transport.get(kind, path, params, check=_check_array)
        if isinstance(outcome, Trouble):
            raise outcome.error
        return outcome


def _whole_list(feed: Feed, path: str, fixed: dict[str, str]) -> ListQuery:
    return ListQuery(
        feed=feed,
        path=path,
        fixed=fixed | {"sortBy": "CreateDate", "sortDir": "ASC"},
        start_name=None,
        end_name=None,
        date_name="createDate",
        walks=False,
    )


def _around(day: date) -> dict[str, str]:
    return {"shipDateStart": day.isoformat(), "shipDateEnd": (day + timedelta(days=1)).isoformat()}


def _check_object(data: object) -> None:
    if not isinstance(data, dict):
        raise ShipStationGarbled("It is not an object.")


def _check_array(data: object) -> None:
    if not isinstance(data, list):
        raise ShipStationGarbled("It is not a list.")


def _checked_host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(["The address of ShipStation must begin with https:// and name a host."])
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            ["The address of ShipStation must not contain a user or password: use key and secret."]
        )
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
