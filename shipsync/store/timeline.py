"""Everything that is known of one order: as it stands, how it came to that, and the raw records that prove it.

An order that was cleaned up answers with what stays: its tombstone, what left the house, and every version that was
seen of it at ShipStation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shipsync.rules.search import read_query
from shipsync.rules.shop_text import clean
from shipsync.store.bodies import unpacked
from shipsync.store.cursor import Cursor
from shipsync.store.orders import ADDRESS_PARTS


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that a number may mean."""

    order_key: str
    order_number: str
    source_system: str
    status: str
    shipstation_order_id: int | None


@dataclass(frozen=True, slots=True)
class Address:
    """Where something goes, as it came. Text from outside."""

    name: str | None
    company: str | None
    street1: str | None
    street2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it stands. Of a cleaned-up one most is None."""

    order_key: str
    order_number: str
    source_system: str
    status: str
    status_reason: str | None
    shipstation_order_id: int | None
    shipstation_status: str | None
    parent_order_id: int | None
    ordered_at: datetime | None
    created_at: datetime | None  # when we took it in
    updated_at: datetime | None
    customer_ref: str | None
    email: str | None
    requested_service: str | None
    shipping_paid: Decimal | None
    order_total: Decimal | None
    carrier: str | None  # names, or codes where ShipStation has not told the names
    service: str | None
    hold_until: date | None
    claimed_by: str | None
    claimed_at: datetime | None
    uploaded_at: datetime | None
    upload_attempts: int
    upload_error: str | None
    ship_to: Address | None
    bill_to: Address | None
    removed_at: datetime | None  # when it was cleaned up; None: it is here


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order, as ordered or at ShipStation."""

    line_no: int
    sku: str | None  # as it came
    base_sku: str | None  # None where the text cannot be read
    lot: str | None
    name: str | None
    quantity: int
    unit_price: Decimal | None
    is_adjustment: bool


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of an order: a label, a mark as shipped, or the stand-in of an order that shows no parcel yet."""

    kind: str  # shipment, fulfillment, order
    parcel_id: int
    created_at: datetime | None
    ship_date: date | None
    carrier: str | None
    service: str | None
    tracking_number: str | None
    cost: Decimal | None  # without insurance; of a fulfillment its fee; USD
    insurance_cost: Decimal | None
    is_return_label: bool
    voided: bool
    voided_at: datetime | None
    items: str | None  # '2 × 17612 - 250237'; None: it carries none that we know of


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the order that was seen at ShipStation, and what became of it here."""

    modified_at: datetime
    shipstation_status: str
    route: str
    reason: str  # of rules/routing.py
    reading_id: str
    page_no: int
    run_id: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What of the order needed, or needs, a person."""

    kind: str
    entity_id: str
    reason: str
    detail: str
    is_held: bool  # False: the record is in, but odd
    has_raw: bool
    first_seen_at: datetime
    last_seen_at: datetime
    tries: int
    resolved_at: datetime | None
    resolution: str | None


@dataclass(frozen=True, slots=True)
class Relative:
    """An order that it was split from, that was split off it, or that was merged with it."""

    relation: str  # parent, part, merged_into, merged_from
    order_key: str | None  # None: not here, only its id is known
    order_number: str | None
    shipstation_order_id: int
    since: datetime | None  # when we first saw that; None: not told


@dataclass(frozen=True, slots=True)
class History:
    """The facts that a timeline is told from, each group oldest first."""

    import_files: tuple[str, ...]  # names of the files read when the order came in; empty: not from a file, or not kept
    import_run: str | None
    upload_run: str | None
    versions: tuple[Version, ...]
    parcels: tuple[Parcel, ...]
    held: tuple[Held, ...]
    relatives: tuple[Relative, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it came. `record` is its JSON text."""

    record: str
    answered_at: datetime | None  # by the server's own clock; None where that is not kept
    source: str  # 'page 3 of reading shipstation-sync.12.001.orders', or where else it lies
    run_id: str | None
    request: str | None  # the query that was answered, JSON


def candidates(con: Cursor, text: str) -> list[Candidate]:
    """The orders that have exactly this order key, number or ShipStation id; those that are here first."""
    query = read_query(text)
    rows = con.rows(
        """
        SELECT order_key, order_number, source_system, status, shipstation_order_id, 0 AS place
        FROM orders_inbox
        WHERE order_key = $text OR lower(order_number) = $lower OR shipstation_order_id = $id
        UNION ALL
        SELECT order_key, order_number, source_system, last_status, shipstation_order_id, 1
        FROM tombstones
        WHERE (order_key = $text OR lower(order_number) = $lower OR shipstation_order_id = $id)
          AND NOT EXISTS (SELECT 1 FROM orders_inbox o WHERE o.order_key = tombstones.order_key)
        ORDER BY place, order_number, order_key
        LIMIT 50
        """,
        {"text": text, "lower": query.compact.lower(), "id": query.number},
    )
    return [Candidate(*row[:5]) for row in rows]


def order(con: Cursor, order_key: str) -> Order | None:
    """One order as it stands; None if it never was here."""
    return _order_here(con, order_key) or _order_gone(con, order_key)


def _order_here(con: Cursor, order_key: str) -> Order | None:
    address = ", ".join(f"o.{side}_{part}" for side in ("ship", "bill") for part in ADDRESS_PARTS)
    row = con.row(
        f"""
        SELECT o.order_key, o.order_number, o.source_system, o.status, o.status_reason, o.shipstation_order_id,
               o.shipstation_status, o.parent_order_id, o.ordered_at, o.created_at, o.updated_at, o.customer_ref,
               o.email, o.requested_service, o.shipping_paid, o.order_total,
               coalesce((SELECT arg_max(name, is_primary) FROM carriers WHERE code = o.shipping_carrier_code),
                        o.shipping_carrier_code),
               coalesce(o.shipping_service_name, o.shipping_service_code),
               o.hold_until, o.claimed_by, o.claimed_at, o.uploaded_at, o.upload_attempts, o.upload_error, {address}
        FROM orders_inbox o
        WHERE o.order_key = $key
        """,  # noqa: S608 - names from our own schema
        {"key": order_key},
    )
    if row is None:
        return None
    parts = len(ADDRESS_PARTS)
    ship_to, bill_to = row[-2 * parts : -parts], row[-parts:]
    return Order(*(*row[: -2 * parts], Address(*ship_to), Address(*bill_to), None))


def _order_gone(con: Cursor, order_key: str) -> Order | None:
    row = con.row(
        """
        SELECT t.order_number, t.source_system, t.last_status, t.shipstation_order_id, t.removed_at,
               coalesce((SELECT arg_max(name, is_primary) FROM carriers WHERE code = s.carrier_code), s.carrier_code),
               coalesce(s.service_name, s.service_code)
        FROM tombstones t
        LEFT JOIN shipped_orders s ON s.shipstation_order_id = t.shipstation_order_id
        WHERE t.order_key = $key
        """,
        {"key": order_key},
    )
    if row is None:
        return None
    number, source, status, order_id, removed_at, carrier, service = row
    return Order(
        order_key=order_key,
        order_number=number,
        source_system=source,
        status=status,
        status_reason=None,
        shipstation_order_id=order_id,
        shipstation_status=None,
        parent_order_id=None,
        ordered_at=None,
        created_at=None,
        updated_at=None,
        customer_ref=None,
        email=None,
        requested_service=None,
        shipping_paid=None,
        order_total=None,
        carrier=carrier,
        service=service,
        hold_until=None,
        claimed_by=None,
        claimed_at=None,
        uploaded_at=None,
        upload_attempts=0,
        upload_error=None,
        ship_to=None,
        bill_to=None,
        removed_at=removed_at,
    )


def ordered_lines(con: Cursor, order_key: str) -> list[Line]:
    """What was ordered. Nothing for a part split off a shop order (its parent's lines say it) and a cleaned-up one."""
    rows = con.rows(
        """
        SELECT line_no, sku, base_sku, lot, name, quantity, unit_price, false
        FROM order_items_inbox
        WHERE order_key = $key
        ORDER BY line_no
        """,
        {"key": order_key},
    )
    return [_as_read(Line(*row)) for row in rows]


def shipstation_lines(con: Cursor, shipstation_order_id: int) -> list[Line]:
    """What the order holds at ShipStation, discounts included."""
    rows = con.rows(
        """
        SELECT line_no, sku, base_sku, lot, name, quantity, unit_price, is_adjustment
        FROM shipstation_order_line_items
        WHERE shipstation_order_id = $id
        ORDER BY line_no
        """,
        {"id": shipstation_order_id},
    )
    return [_as_read(Line(*row)) for row in rows]


def _as_read(line: Line) -> Line:
    """A line as people read it: shops write names with HTML entities, and ShipStation keeps them so."""
    return replace(line, name=clean(line.name) or None)


def parcels(con: Cursor, shipstation_order_id: int) -> list[Parcel]:
    """The parcels of an order, oldest first; the stand-in of one that shows none comes last."""
    rows = con.rows(
        """
        WITH left_house AS (
            SELECT parcel_kind, parcel_id,
                   string_agg(quantity || ' × ' || coalesce(sku_lot, sku, 'no SKU'), ', ' ORDER BY line_no) AS items,
                   min(ship_date) AS ship_date, min(tracking_number) AS tracking_number
            FROM shipped_items
            WHERE shipstation_order_id = $id
            GROUP BY parcel_kind, parcel_id
        ),
        inside AS (
            SELECT shipment_id,
                   string_agg(quantity || ' × ' || coalesce(sku, name, 'no SKU'), ', ' ORDER BY line_no) AS items
            FROM shipment_items
            WHERE NOT is_adjustment
              AND shipment_id IN (SELECT shipment_id FROM shipments WHERE shipstation_order_id = $id)
            GROUP BY shipment_id
        ),
        carrier_names AS (SELECT code, arg_max(name, is_primary) AS name FROM carriers GROUP BY code)
        SELECT 'shipment' AS kind, s.shipment_id, s.created_at, s.ship_date, coalesce(c.name, s.carrier_code),
               coalesce(v.name, s.service_code), s.tracking_number, s.shipment_cost, s.insurance_cost,
               s.is_return_label, s.voided, s.voided_at, coalesce(l.items, i.items)
        FROM shipments s
        LEFT JOIN carrier_names c ON c.code = s.carrier_code
        LEFT JOIN carrier_services v ON v.carrier_code = s.carrier_code AND v.service_code = s.service_code
        LEFT JOIN left_house l ON l.parcel_kind = 'shipment' AND l.parcel_id = s.shipment_id
        LEFT JOIN inside i ON i.shipment_id = s.shipment_id
        WHERE s.shipstation_order_id = $id
        UNION ALL
        SELECT 'fulfillment', f.fulfillment_id, f.created_at, f.ship_date, f.carrier_name, NULL, f.tracking_number,
               f.fulfillment_fee, NULL, false, f.voided, f.voided_at, l.items
        FROM fulfillments f
        LEFT JOIN left_house l ON l.parcel_kind = 'fulfillment' AND l.parcel_id = f.fulfillment_id
        WHERE f.shipstation_order_id = $id
        UNION ALL
        SELECT 'order', l.parcel_id, NULL, l.ship_date, NULL, NULL, l.tracking_number, NULL, NULL, false, false, NULL,
               l.items
        FROM left_house l
        WHERE l.parcel_kind = 'order'
        ORDER BY 3 NULLS LAST, 1, 2
        """,
        {"id": shipstation_order_id},
    )
    return [Parcel(*row) for row in rows]


def history(con: Cursor, of: Order) -> History:
    """What happened to an order, as far as it is kept."""
    here = of.removed_at is None
    from_file = here and of.order_key.startswith("shipsync:") and of.created_at is not None
    order_id = of.shipstation_order_id
    own_parcels = tuple(parcels(con, order_id)) if order_id is not None else ()
    return History(
        import_files=_files_read_at(con, of.created_at) if from_file and of.created_at is not None else (),
        import_run=_run_at(con, "xml-import", of.created_at) if from_file else None,
        upload_run=_run_at(con, "shipstation-upload", of.uploaded_at),
        versions=tuple(versions(con, order_id)) if order_id is not None else (),
        parcels=own_parcels,
        held=tuple(_held(con, of, [one.parcel_id for one in own_parcels])),
        relatives=tuple(_relatives(con, of)),
    )


def versions(con: Cursor, shipstation_order_id: int) -> list[Version]:
    """Every version of an order that was seen at ShipStation, the oldest first."""
    rows = con.rows(
        """
        SELECT modified_at, shipstation_status, route, reason, reading_id, page_no, run_id, seen_at
        FROM routing_log
        WHERE shipstation_order_id = $id
        ORDER BY modified_at
        """,
        {"id": shipstation_order_id},
    )
    return [Version(*row) for row in rows]


def _files_read_at(con: Cursor, instant: datetime) -> tuple[str, ...]:
    """A file and the orders in it are written in one transaction, at one instant."""
    rows = con.rows(
        "SELECT DISTINCT parse_filename(path) AS name FROM order_files WHERE first_read_at = $instant ORDER BY name",
        {"instant": instant},
    )
    return tuple(row[0] for row in rows)


def _run_at(con: Cursor, workflow: str, instant: datetime | None) -> str | None:
    """Which run of a workflow was at work at an instant: there is one at a time (DESIGN D7)."""
    if instant is None:
        return None
    rows = con.rows(
        """
        SELECT run_id
        FROM runs
        WHERE workflow_name = $workflow AND started_at <= $instant AND coalesce(finished_at, $instant) >= $instant
        ORDER BY token DESC
        LIMIT 1
        """,
        {"workflow": workflow, "instant": instant},
    )
    return rows[0][0] if rows else None


def _held(con: Cursor, of: Order, parcel_ids: Sequence[int]) -> list[Held]:
    """Entries of the quarantine about the order, its number or its parcels."""
    rows = con.rows(
        """
        SELECT kind, entity_id, reason, detail, held, raw IS NOT NULL, first_seen_at, last_seen_at, tries,
               resolved_at, resolution
        FROM quarantine
        WHERE (kind IN ('order', 'conflict', 'sku_text', 'status_word') AND entity_id = $id)
           OR (kind IN ('upload', 'conflict') AND entity_id = $key)
           OR (kind IN ('shop_order', 'shop_change') AND entity_id = $number AND $is_of_shop)
           OR (kind IN ('conflict', 'shipment', 'fulfillment') AND order_number = $number)
           OR (kind IN ('shipment', 'fulfillment') AND entity_id IN (SELECT unnest($parcels::VARCHAR[])))
        ORDER BY first_seen_at, kind, entity_id
        """,
        {
            "id": str(of.shipstation_order_id),
            "key": of.order_key,
            "number": of.order_number,
            "is_of_shop": of.order_key.startswith("shipsync:"),
            "parcels": [str(one) for one in parcel_ids],
        },
    )
    return [Held(*row) for row in rows]


def _relatives(con: Cursor, of: Order) -> list[Relative]:
    """Parent, parts, and what it was merged with. A merge is told by the reason of the order that vanished."""
    rows = con.rows(
        """
        WITH related AS (
            SELECT 'parent' AS relation, $parent::BIGINT AS other_id, NULL::TIMESTAMPTZ AS since
            WHERE $parent IS NOT NULL
            UNION ALL
            SELECT 'merged_into', regexp_extract($why, '[0-9]+$')::BIGINT, $updated_at
            WHERE regexp_matches($why, '^merged into ShipStation order [0-9]+$')
            UNION ALL
            SELECT 'part', shipstation_order_id, created_at
            FROM orders_inbox
            WHERE parent_order_id = $id
            UNION ALL
            SELECT 'merged_from', shipstation_order_id, updated_at
            FROM orders_inbox
            WHERE status_reason = 'merged into ShipStation order ' || $id
        )
        SELECT r.relation, coalesce(o.order_key, t.order_key), coalesce(o.order_number, t.order_number), r.other_id,
               r.since
        FROM related r
        LEFT JOIN orders_inbox o ON o.shipstation_order_id = r.other_id
        LEFT JOIN tombstones t ON t.shipstation_order_id = r.other_id
        ORDER BY r.since NULLS FIRST, r.other_id
        """,
        {
            "parent": of.parent_order_id,
            "id": of.shipstation_order_id,
            "why": of.status_reason or "",
            "updated_at": of.updated_at,
        },
    )
    return [Relative(*row) for row in rows]


def raw_version(con: Cursor, reading_id: str, page_no: int, shipstation_order_id: int) -> Raw | None:
    """The record of one version of an order, from the page it stood on; None if that page is not kept."""
    return next(raw_on(con, [(reading_id, page_no)], "orders", "orderId", shipstation_order_id), None)


def raw_parcel(con: Cursor, kind: str, parcel_id: int) -> Raw | None:
    """The newest record of a label or a mark as shipped; None if its page is not kept.

    A parcel names no page. It was written by the run that applied its page, in that transaction, at one instant.
    """
    feeds, id_name, changed_at = {
        "shipment": (["shipments", "voids"], "shipmentId", "SELECT updated_at FROM shipments WHERE shipment_id = $id"),
        "fulfillment": (
            ["fulfillments"],
            "fulfillmentId",
            "SELECT updated_at FROM fulfillments WHERE fulfillment_id = $id",
        ),
    }[kind]
    pages = con.rows(
        f"""
        SELECT p.reading_id, p.page_no
        FROM readings r
        JOIN api_pages p USING (reading_id)
        WHERE r.applied_at = ({changed_at}) AND r.feed IN (SELECT unnest($feeds))
        ORDER BY p.answered_at DESC, p.reading_id DESC, p.page_no DESC
        """,  # noqa: S608 - one of the two statements above
        {"id": parcel_id, "feeds": feeds},
    )
    list_name = "fulfillments" if kind == "fulfillment" else "shipments"
    return next(raw_on(con, pages, list_name, id_name, parcel_id), None)


def raw_held(con: Cursor, kind: str, entity_id: str) -> Raw | None:
    """The record that quarantine keeps for an entry, without what we put around it; None if it keeps none."""
    row = con.row("SELECT raw FROM quarantine WHERE kind = $kind AND entity_id = $id", {"kind": kind, "id": entity_id})
    if row is None or row[0] is None:
        return None
    kept = json.loads(row[0])
    if not isinstance(kept, dict) or "row" not in kept:
        return Raw(_formatted(kept), None, "kept with the record in quarantine", None, None)
    reading_id, page_no = kept["page"]
    answered_at = datetime.fromisoformat(kept["answered_at"])
    return Raw(_formatted(kept["row"]), answered_at, _place(reading_id, page_no), None, None)


def raw_on(con: Cursor, pages: Iterable[tuple[str, int]], list_name: str, id_name: str, wanted: int) -> Iterator[Raw]:
    """The records with an id on these pages, page after page, each page read only when it is its turn."""
    for reading_id, page_no in pages:
        row = con.row(
            """
            SELECT body, answered_at, run_id, request
            FROM api_pages
            WHERE reading_id = $reading_id AND page_no = $page_no
            """,
            {"reading_id": reading_id, "page_no": page_no},
        )
        if row is None:
            continue
        body, answered_at, run_id, request = row
        for record in json.loads(unpacked(body)).get(list_name) or ():
            if isinstance(record, dict) and record.get(id_name) == wanted:
                yield Raw(_formatted(record), answered_at, _place(reading_id, page_no), run_id, request)


def _place(reading_id: str, page_no: int) -> str:
    return f"page {page_no} of reading {reading_id}"


def _formatted(record: Any) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False)
