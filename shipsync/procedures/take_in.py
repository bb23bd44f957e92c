"""Takes in what ShipStation says of orders: routes every version, then writes what the routes ask for.

    versions -> newest of each order -> routed, one by one -> orders, lines, merges, quarantine, routing log

Runs inside the caller's transaction. The newest version wins (DESIGN D4); a version seen before changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from shipsync.rules import routing
from shipsync.rules.identity import MANUAL, SHOP
from shipsync.rules.lots import parse_sku_lot
from shipsync.rules.orders import CarrierAccount, carrier_account_id, is_known_status, local_status
from shipsync.rules.routing import Known, KnownOrder, Route, Routing
from shipsync.rules.shipstation import Address, RemoteOrder
from shipsync.store import orders as orders_store
from shipsync.store import quarantine
from shipsync.store import reference as reference_store
from shipsync.store import routing as routing_store
from shipsync.store.cursor import Cursor

# Routes that bring the order, as it now is, into our tables.
_TAKES = (Route.IMPORT, Route.LINK, Route.UPDATE)


@dataclass(frozen=True)
class Seen:
    """One order version and the page it stands on. `raw` is kept so that a held one can be tried again."""

    order: RemoteOrder
    reading_id: str
    page_no: int


@dataclass(frozen=True)
class Guide:
    """What decisions rest on besides the order itself; read once per run."""

    manual: routing.ManualRule
    keys: routing.KeySkus
    accounts: list[CarrierAccount]
    services: Mapping[tuple[str, str], str]


def guide(con: Cursor) -> Guide:
    """Read the rules and names that routing and writing need."""
    return Guide(
        manual=routing_store.manual_rule(con),
        keys=routing_store.key_skus(con),
        accounts=reference_store.carrier_accounts(con),
        services=reference_store.service_names(con),
    )


@dataclass
class _Here:
    """The orders that are here, as far as the batch can meet them; kept up to date while the batch is routed."""

    by_id: dict[int, KnownOrder] = field(default_factory=dict)
    by_key: dict[str, KnownOrder] = field(default_factory=dict)
    by_number: dict[str, list[KnownOrder]] = field(default_factory=dict)
    cleaned_up: set[int | str] = field(default_factory=set)

    def add(self, known: KnownOrder) -> None:
        former = self.by_key.get(known.order_key)
        if former is not None:
            self.by_number[former.order_number].remove(former)
        if known.shipstation_order_id is not None:
            self.by_id[known.shipstation_order_id] = known
        self.by_key[known.order_key] = known
        self.by_number.setdefault(known.order_number, []).append(known)

    def about(self, order: RemoteOrder) -> Known:
        return Known(
            by_id=self.by_id.get(order.order_id),
            by_key=self.by_key.get(order.order_key) if order.order_key else None,
            parent=self.by_id.get(order.parent_id) if order.parent_id is not None else None,
            merged=tuple(self.by_id[gone] for gone in order.merged_ids if gone in self.by_id),
            same_number=tuple(self.by_number.get(order.order_number, ())),
            is_cleaned_up=order.order_id in self.cleaned_up or order.order_key in self.cleaned_up,
        )


def newest_versions(seen: Iterable[Seen]) -> list[Seen]:
    """One version per order: the newest, and of equals the one read last. Parts split off come after all others."""
    newest: dict[int, Seen] = {}
    for one in seen:
        other = newest.get(one.order.order_id)
        if other is None or one.order.modified_at >= other.order.modified_at:
            newest[one.order.order_id] = one
    return sorted(newest.values(), key=lambda s: (s.order.parent_id is not None, s.order.modified_at, s.order.order_id))


def take_in_orders(
    con: Cursor,
    seen: Sequence[Seen],
    with_guide: Guide,
    *,
    run_id: str,
    now: datetime,
    count: Callable[[str, int], None],
    raw_of: Callable[[Seen], str | None],
) -> set[int]:
    """Route every version and write what follows. Returns the ids of the orders that are here and were touched.

    `count` hears 'imported', 'updated', 'linked', 'unchanged', 'conflicts', 'quarantined', 'skipped: <reason>' and
    'seen twice in this run'; together they are all of `seen`, so nothing is dropped silently (DESIGN D9).
    """
    newest = newest_versions(seen)
    if len(seen) > len(newest):
        count("seen twice in this run", len(seen) - len(newest))
    here = _what_is_here(con, newest)
    taken: list[tuple[Seen, Routing, str]] = []
    log: list[Mapping[str, Any]] = []
    held: list[quarantine.Entry] = []
    for one in newest:
        routed = routing.route(one.order, here.about(one.order), with_guide.manual, with_guide.keys)
        log.append(_log_row(one, routed, run_id, now))
        count(_figure(routed), 1)
        if routed.route in (Route.QUARANTINE, Route.CONFLICT):
            held.append(_held(one, routed, raw_of(one)))
        elif routed.reason == "new_manual_shared_number":
            held.append(_shared_number(one))
        if routed.route in _TAKES and routed.reason != "unchanged":
            key = _order_key(one.order, routed)
            taken.append((one, routed, key))
            here.add(_as_known(one.order, routed, key))
    _write(con, taken, with_guide, now, count)
    routing_store.log_routings(con, log)
    quarantine.put(con, held, now)
    still_held = {(entry.kind, entry.entity_id) for entry in held}
    for kind in ("order", "conflict"):
        mended = [str(o.order.order_id) for o in newest if (kind, str(o.order.order_id)) not in still_held]
        # A number that two orders share stays shown: a later version says nothing about it.
        quarantine.resolve(con, kind, mended, "a later version is in order", now, held_only=True)
    linked = [key for _, routed, key in taken if routed.route is Route.LINK]
    quarantine.resolve(con, "upload", linked, "it is at ShipStation", now)
    return {one.order.order_id for one, _, _ in taken}


def _what_is_here(con: Cursor, newest: Sequence[Seen]) -> _Here:
    ids = [one.order.order_id for one in newest]
    parents = [one.order.parent_id for one in newest if one.order.parent_id is not None]
    parents += [gone for one in newest for gone in one.order.merged_ids]
    keys = [one.order.order_key for one in newest if one.order.order_key]
    numbers = [one.order.order_number for one in newest]
    here = _Here(cleaned_up=orders_store.cleaned_up_ids(con, ids, keys))
    for known in orders_store.known_orders(con, [*ids, *parents], keys, numbers):
        here.add(known)
    return here


def _order_key(order: RemoteOrder, routed: Routing) -> str:
    if routed.route in (Route.UPDATE, Route.LINK) and routed.known is not None:
        return routed.known.order_key
    return f"shipstation:{order.order_id}"


def _source(routed: Routing) -> str:
    return routed.known.source_system if routed.known is not None else MANUAL


def _as_known(order: RemoteOrder, routed: Routing, key: str) -> KnownOrder:
    if routed.route in (Route.UPDATE, Route.LINK) and routed.known is not None:
        return replace(
            routed.known,
            shipstation_order_id=order.order_id,
            modified_at=order.modified_at,
            content_hash=order.content_hash,
        )
    return KnownOrder(
        order_key=key,
        order_number=order.order_number,
        source_system=_source(routed),
        status="awaiting_shipment",
        shipstation_order_id=order.order_id,
        modified_at=order.modified_at,
        content_hash=order.content_hash,
        base_skus=routing.base_skus(order),
    )


def _figure(routed: Routing) -> str:
    if routed.route is Route.SKIP:
        return f"skipped: {routed.reason}"
    if routed.reason == "unchanged":
        return "unchanged"
    return {
        Route.IMPORT: "imported",
        Route.UPDATE: "updated",
        Route.LINK: "linked",
        Route.CONFLICT: "conflicts",
        Route.QUARANTINE: "quarantined",
    }[routed.route]


def _write(
    con: Cursor,
    taken: Sequence[tuple[Seen, Routing, str]],
    with_guide: Guide,
    now: datetime,
    count: Callable[[str, int], None],
) -> None:
    orders_store.take_in(con, [_order_row(one.order, routed, key, with_guide, now) for one, routed, key in taken])
    lines = {one.order.order_id: _line_rows(one.order, routed, key) for one, routed, key in taken}
    orders_store.replace_remote_lines(con, list(lines), [row for rows in lines.values() for row in rows])
    # A shop order keeps what the shop said was ordered; its split-off parts are in its parent's lines already.
    followers = [(one.order.order_id, key) for one, routed, key in taken if _source(routed) == MANUAL]
    orders_store.replace_items(
        con,
        [key for _, key in followers],
        [row for order_id, _ in followers for row in lines[order_id] if not row["is_adjustment"]],
    )
    survivors = {gone: one.order.order_id for one, _, _ in taken for gone in one.order.merged_ids}
    merged = orders_store.mark_merged(con, survivors, now)
    if merged:
        count("merged away", merged)
    _note_odd_ones(con, taken, now, count)


def _order_row(order: RemoteOrder, routed: Routing, key: str, with_guide: Guide, now: datetime) -> dict[str, Any]:
    known = routed.known if routed.route in (Route.UPDATE, Route.LINK) else None
    status, reason = local_status(order.status, known.status if known else None)
    carrier, service = order.carrier_code, order.service_code
    return {
        "order_key": key,
        "order_number": known.order_number if known and known.source_system == SHOP else order.order_number,
        "source_system": _source(routed),
        "status": status,
        "status_reason": reason,
        "shipstation_order_id": order.order_id,
        "parent_order_id": order.parent_id,
        "shipstation_status": order.status,
        "ordered_at": order.ordered_at,
        "email": order.email,
        "requested_service": order.requested_service,
        "order_total": order.order_total,
        "shipping_carrier_code": carrier,
        "shipping_carrier_id": carrier_account_id(carrier, order.bill_to_account_id, with_guide.accounts),
        "shipping_service_code": service,
        "shipping_service_name": with_guide.services.get((carrier or "", service or "")),
        **_address_row("ship", order.ship_to),
        **_address_row("bill", order.bill_to),
        "hold_until": order.hold_until,
        "ship_date": order.ship_date,
        "modified_at": order.modified_at,
        "content_hash": order.content_hash,
        "seen_at": now,
    }


def _address_row(side: str, address: Address) -> dict[str, str | None]:
    return {f"{side}_{part.name}": getattr(address, part.name) for part in fields(address)}


def _line_rows(order: RemoteOrder, routed: Routing, key: str) -> list[dict[str, Any]]:
    rows = []
    for line_no, line in enumerate(order.lines, start=1):
        found = parse_sku_lot(line.sku)
        rows.append(
            {
                "order_key": key,
                "shipstation_order_id": order.order_id,
                "order_number": order.order_number,
                "source_system": _source(routed),
                "line_no": line_no,
                "order_item_id": line.order_item_id,
                "line_item_key": line.line_item_key,
                "sku": line.sku,
                "sku_lot": found.text if found else None,
                "base_sku": found.base_sku if found else None,
                "lot": found.lot if found else None,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "is_adjustment": line.adjustment,
            }
        )
    return rows


def _log_row(one: Seen, routed: Routing, run_id: str, now: datetime) -> dict[str, Any]:
    return {
        "shipstation_order_id": one.order.order_id,
        "modified_at": one.order.modified_at,
        "order_number": one.order.order_number,
        "shipstation_status": one.order.status,
        "route": routed.route.value,
        "reason": routed.reason,
        "content_hash": one.order.content_hash,
        "reading_id": one.reading_id,
        "page_no": one.page_no,
        "run_id": run_id,
        "seen_at": now,
    }


def _held(one: Seen, routed: Routing, raw: str | None) -> quarantine.Entry:
    order = one.order
    sentence = routing.REASONS[routed.reason]
    if routed.known is not None:
        here = routed.known
        known_as = f", ShipStation id {here.shipstation_order_id}" if here.shipstation_order_id is not None else ""
        sentence += f" The one here: {here.source_system} order {here.order_number}{known_as}."
        sentence += f" The other one: ShipStation id {order.order_id}."
    return quarantine.Entry(
        kind="order" if routed.route is Route.QUARANTINE else "conflict",
        entity_id=str(order.order_id),
        order_number=order.order_number,
        reason=routed.reason,
        detail=f"Order {order.order_number}: {sentence}",
        raw=raw,
    )


def _shared_number(one: Seen) -> quarantine.Entry:
    return quarantine.Entry(
        kind="conflict",
        entity_id=str(one.order.order_id),
        order_number=one.order.order_number,
        reason="new_manual_shared_number",
        detail=(
            f"Order number {one.order.order_number} belongs to a {SHOP} order and to ShipStation order "
            f"{one.order.order_id}. Both are kept; check that they are two orders."
        ),
        raw=None,
        held=False,
    )


def _note_odd_ones(
    con: Cursor, taken: Sequence[tuple[Seen, Routing, str]], now: datetime, count: Callable[[str, int], None]
) -> None:
    """Say which of the orders taken in have a status word or a SKU text that we cannot read."""
    odd: list[quarantine.Entry] = []
    fine: list[str] = []
    understood: list[str] = []
    for one, _, _ in taken:
        order = one.order
        unreadable = [ln.sku or "(none)" for ln in order.lines if not ln.adjustment and parse_sku_lot(ln.sku) is None]
        identity = str(order.order_id)
        if unreadable:
            texts = ", ".join(unreadable)
            odd.append(
                quarantine.Entry(
                    "sku_text",
                    identity,
                    order.order_number,
                    "unreadable_sku",
                    f"Order {order.order_number}: the SKU text {texts} is neither 'SKU' nor 'SKU - LOT'. Its units "
                    "count for no product until it is corrected at ShipStation.",
                    None,
                    held=False,
                )
            )
        else:
            fine.append(identity)
        if is_known_status(order.status):
            understood.append(identity)
        else:
            odd.append(
                quarantine.Entry(
                    "status_word",
                    identity,
                    order.order_number,
                    "unknown_status",
                    f"Order {order.order_number}: ShipStation says '{order.status}', a status we do not know. "
                    "The order stays in the state it had.",
                    None,
                    held=False,
                )
            )
    if odd:
        count("odd, but taken in", len(odd))
    quarantine.put(con, odd, now)
    quarantine.resolve(con, "sku_text", fine, "corrected at ShipStation", now)
    quarantine.resolve(con, "status_word", understood, "it has a status we know", now)
