"""Parcels (labels and fulfillments), and what has left the house."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from shipsync.rules.shipped import Line, Parcel
from shipsync.rules.shipstation import RemoteFulfillment, RemoteShipment
from shipsync.store.batches import INSTANT, MONEY, batch
from shipsync.store.cursor import Cursor

_SHIPMENTS = pa.schema(
    [
        ("shipment_id", pa.int64()),
        ("shipstation_order_id", pa.int64()),
        ("order_number", pa.string()),
        ("created_at", INSTANT),
        ("ship_date", pa.date32()),
        ("shipment_cost", MONEY),
        ("insurance_cost", MONEY),
        ("carrier_code", pa.string()),
        ("service_code", pa.string()),
        ("package_code", pa.string()),
        ("tracking_number", pa.string()),
        ("is_return_label", pa.bool_()),
        ("warehouse_id", pa.int64()),
        ("store_id", pa.int64()),
        ("batch_number", pa.string()),
        ("has_items", pa.bool_()),
        ("voided", pa.bool_()),
        ("voided_at", INSTANT),
        ("content_hash", pa.string()),
    ]
)
_SHIPMENT_ITEMS = pa.schema(
    [
        ("shipment_id", pa.int64()),
        ("line_no", pa.int32()),
        ("order_item_id", pa.int64()),
        ("sku", pa.string()),
        ("name", pa.string()),
        ("quantity", pa.int32()),
        ("is_adjustment", pa.bool_()),
    ]
)
_FULFILLMENTS = pa.schema(
    [
        ("fulfillment_id", pa.int64()),
        ("shipstation_order_id", pa.int64()),
        ("order_number", pa.string()),
        ("created_at", INSTANT),
        ("ship_date", pa.date32()),
        ("tracking_number", pa.string()),
        ("carrier_name", pa.string()),
        ("fulfillment_fee", MONEY),
        ("voided", pa.bool_()),
        ("voided_at", INSTANT),
        ("content_hash", pa.string()),
    ]
)
SHIPPED_ORDERS = pa.schema(
    [
        ("shipstation_order_id", pa.int64()),
        ("order_key", pa.string()),
        ("order_number", pa.string()),
        ("source_system", pa.string()),
        ("ship_date", pa.date32()),
        ("last_ship_date", pa.date32()),
        ("carrier_code", pa.string()),
        ("service_code", pa.string()),
        ("tracking_number", pa.string()),
        ("parcel_count", pa.int32()),
        ("updated_at", INSTANT),
    ]
)
# With whom an order went: kept here, because the inbox is cleared.
_CONSIGNEE = ("ship_name", "ship_company", "ship_street1", "ship_city", "ship_state", "ship_postal_code",
              "ship_country", "ship_phone", "email")  # fmt: skip
SHIPPED_ITEMS = pa.schema(
    [
        ("parcel_kind", pa.string()),
        ("parcel_id", pa.int64()),
        ("line_no", pa.int32()),
        ("shipstation_order_id", pa.int64()),
        ("order_number", pa.string()),
        ("source_system", pa.string()),
        ("ship_date", pa.date32()),
        ("sku", pa.string()),
        ("base_sku", pa.string()),
        ("sku_lot", pa.string()),
        ("lot", pa.string()),
        ("quantity", pa.int32()),
        ("shipment_id", pa.int64()),
        ("tracking_number", pa.string()),
    ]
)
_STATES = pa.schema(
    [
        ("shipstation_order_id", pa.int64()),
        ("status", pa.string()),
        ("status_reason", pa.string()),
        ("carrier_code", pa.string()),
        ("carrier_id", pa.int64()),
        ("service_code", pa.string()),
        ("service_name", pa.string()),
        ("tracking_number", pa.string()),
    ]
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shippable:
    """An order as needed to tell what of it has left; `lines` are its lines at ShipStation without discounts."""

    order_id: int
    order_key: str
    order_number: str
    source_system: str
    status: str
    shipstation_status: str | None
    status_reason: str | None
    ship_date: date | None
    modified_at: datetime
    lines: tuple[Line, ...]


def take_in_shipments(con: Cursor, shipments: Sequence[RemoteShipment], now: datetime) -> set[int]:
    """Insert or update labels with their items; one record per shipment id. Returns the ids of changed orders.

    A label seen again as it was changes nothing, so a repeated page is harmless. One that goes over to another order
    changes both: else its items would stand with the one when they come to the other.
    """
    before: dict[int, int | None] = dict(
        con.rows(
            "SELECT shipment_id, shipstation_order_id FROM shipments WHERE shipment_id IN (SELECT unnest($ids))",
            {"ids": [one.shipment_id for one in shipments]},
        )
    )
    rows = [{name: getattr(one, name) for name in _SHIPMENTS.names if hasattr(one, name)} for one in shipments]
    for row, one in zip(rows, shipments, strict=True):
        row["shipstation_order_id"] = one.order_id
        row["has_items"] = one.lines is not None
    columns = ", ".join(_SHIPMENTS.names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in _SHIPMENTS.names if name != "shipment_id")
    with batch(con, "incoming_shipments", rows, _SHIPMENTS) as incoming:
        changed = con.execute(
            f"""
            INSERT INTO shipments ({columns}, first_seen_at, updated_at)
            SELECT {columns}, $now, $now FROM {incoming}
            ON CONFLICT (shipment_id) DO UPDATE SET {sets}, updated_at = excluded.updated_at
            WHERE shipments.content_hash IS DISTINCT FROM excluded.content_hash
            RETURNING shipment_id, shipstation_order_id
            """,  # noqa: S608 - names from our own schema
            {"now": now},
        ).fetchall()
    _replace_shipment_items(con, [row[0] for row in changed], shipments)
    orders = {before.get(shipment_id) for shipment_id, _ in changed} | {order_id for _, order_id in changed}
    return {order_id for order_id in orders if order_id is not None}


def _replace_shipment_items(con: Cursor, shipment_ids: Iterable[int], shipments: Sequence[RemoteShipment]) -> None:
    wanted = set(shipment_ids)
    con.execute("DELETE FROM shipment_items WHERE shipment_id IN (SELECT unnest($ids))", {"ids": sorted(wanted)})
    rows = [
        {
            "shipment_id": one.shipment_id,
            "line_no": line_no,
            "order_item_id": line.order_item_id,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "is_adjustment": line.adjustment,
        }
        for one in shipments
        if one.shipment_id in wanted
        for line_no, line in enumerate(one.lines or (), start=1)
    ]
    if not rows:
        return
    columns = ", ".join(_SHIPMENT_ITEMS.names)
    with batch(con, "incoming_shipment_items", rows, _SHIPMENT_ITEMS) as incoming:
        con.execute(
            f"INSERT INTO shipment_items ({columns}) SELECT {columns} FROM {incoming}"  # noqa: S608 - our own names
        )


def take_in_fulfillments(con: Cursor, fulfillments: Sequence[RemoteFulfillment], now: datetime) -> set[int]:
    """Insert or update fulfillments; one record per id. Returns the ids of changed orders."""
    rows = [
        {name: getattr(one, name) for name in _FULFILLMENTS.names if hasattr(one, name)}
        | {"shipstation_order_id": one.order_id}
        for one in fulfillments
    ]
    columns = ", ".join(_FULFILLMENTS.names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in _FULFILLMENTS.names if name != "fulfillment_id")
    with batch(con, "incoming_fulfillments", rows, _FULFILLMENTS) as incoming:
        changed = con.execute(
            f"""
            INSERT INTO fulfillments ({columns}, first_seen_at, updated_at)
            SELECT {columns}, $now, $now FROM {incoming}
            ON CONFLICT (fulfillment_id) DO UPDATE SET {sets}, updated_at = excluded.updated_at
            WHERE fulfillments.content_hash IS DISTINCT FROM excluded.content_hash
            RETURNING shipstation_order_id
            """,  # noqa: S608 - names from our own schema
            {"now": now},
        ).fetchall()
    return {row[0] for row in changed if row[0] is not None}


def shipments_changed_since(con: Cursor, shipment_ids: Sequence[int], since: datetime) -> set[int]:
    """Which of these labels were written here after that instant."""
    rows = con.rows(
        "SELECT shipment_id FROM shipments WHERE updated_at > $since AND shipment_id IN (SELECT unnest($ids))",
        {"ids": list(shipment_ids), "since": since},
    )
    return {row[0] for row in rows}


def fulfillments_changed_since(con: Cursor, fulfillment_ids: Sequence[int], since: datetime) -> set[int]:
    """Which of these marks as shipped were written here after that instant."""
    rows = con.rows(
        "SELECT fulfillment_id FROM fulfillments WHERE updated_at > $since AND fulfillment_id IN (SELECT unnest($ids))",
        {"ids": list(fulfillment_ids), "since": since},
    )
    return {row[0] for row in rows}


def orders_to_picture(con: Cursor, order_ids: Iterable[int]) -> list[Shippable]:
    """Of these orders, those that are shipped, have a parcel, or had left before: all others have nothing to show."""
    wanted = {"ids": sorted(set(order_ids))}
    orders = con.execute(
        """
        SELECT shipstation_order_id, order_key, order_number, source_system, status, shipstation_status,
               status_reason, ship_date, modified_at
        FROM orders_inbox
        WHERE shipstation_order_id IN (SELECT unnest($ids))
          AND modified_at IS NOT NULL
          AND (shipstation_status = 'shipped'
               OR shipstation_order_id IN (SELECT shipstation_order_id FROM shipments)
               OR shipstation_order_id IN (SELECT shipstation_order_id FROM fulfillments)
               OR shipstation_order_id IN (SELECT shipstation_order_id FROM shipped_orders))
        ORDER BY shipstation_order_id
        """,
        wanted,
    ).fetchall()
    lines: dict[int, list[Line]] = {}
    for order_id, item_id, sku, quantity in con.execute(
        """
        SELECT shipstation_order_id, order_item_id, sku, quantity
        FROM shipstation_order_line_items
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND NOT is_adjustment
        ORDER BY shipstation_order_id, line_no
        """,
        wanted,
    ).fetchall():
        lines.setdefault(order_id, []).append(Line(item_id, sku, quantity))
    return [Shippable(*(*row, tuple(lines.get(row[0], ())))) for row in orders]


def parcels_of(con: Cursor, order_ids: Iterable[int]) -> dict[int, list[Parcel]]:
    """The parcels of these orders, voided ones included, return labels left out."""
    wanted = {"ids": sorted(set(order_ids))}
    items: dict[int, list[Line]] = {}
    for shipment_id, item_id, sku, quantity in con.execute(
        """
        SELECT i.shipment_id, i.order_item_id, i.sku, i.quantity
        FROM shipment_items i
        JOIN shipments s USING (shipment_id)
        WHERE s.shipstation_order_id IN (SELECT unnest($ids)) AND NOT i.is_adjustment
        ORDER BY i.shipment_id, i.line_no
        """,
        wanted,
    ).fetchall():
        items.setdefault(shipment_id, []).append(Line(item_id, sku, quantity))
    parcels: dict[int, list[Parcel]] = {}
    for row in con.execute(
        """
        SELECT shipstation_order_id, 'shipment', shipment_id, created_at,
               coalesce(ship_date, (created_at AT TIME ZONE 'America/Los_Angeles')::DATE),
               tracking_number, carrier_code, service_code,
               CASE WHEN voided THEN coalesce(voided_at, created_at) END, has_items
        FROM shipments
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND NOT is_return_label
        UNION ALL
        SELECT shipstation_order_id, 'fulfillment', fulfillment_id, created_at,
               coalesce(ship_date, (created_at AT TIME ZONE 'America/Los_Angeles')::DATE),
               tracking_number, NULL, NULL,
               CASE WHEN voided THEN coalesce(voided_at, created_at) END, false
        FROM fulfillments
        WHERE shipstation_order_id IN (SELECT unnest($ids))
        """,
        wanted,
    ).fetchall():
        order_id, kind, parcel_id, *rest, has_items = row
        lines = tuple(items.get(parcel_id, ())) if has_items else None
        parcels.setdefault(order_id, []).append(Parcel(*(kind, parcel_id, *rest, lines)))
    return parcels


def with_standing_parcel(con: Cursor, order_ids: Collection[int]) -> set[int]:
    """Which of these orders have a label or a fulfillment that is not voided: a change of theirs may be a void."""
    if not order_ids:
        return set()
    rows = con.rows(
        """
        SELECT shipstation_order_id FROM shipments
        WHERE NOT voided AND NOT is_return_label AND shipstation_order_id IN (SELECT unnest($ids))
        UNION
        SELECT shipstation_order_id FROM fulfillments
        WHERE NOT voided AND shipstation_order_id IN (SELECT unnest($ids))
        """,
        {"ids": sorted(set(order_ids))},
    )
    return {row[0] for row in rows}


def replace_shipped(con: Cursor, order_ids: Sequence[int], orders: Sequence[Row], items: Sequence[Row]) -> None:
    """Make what has left of these orders exactly `orders` (SHIPPED_ORDERS) and `items` (SHIPPED_ITEMS)."""
    ids = {"ids": list(order_ids)}
    con.execute("DELETE FROM shipped_items WHERE shipstation_order_id IN (SELECT unnest($ids))", ids)
    con.execute(
        """
        DELETE FROM shipped_orders
        WHERE shipstation_order_id IN (SELECT unnest($ids)) AND shipstation_order_id NOT IN (SELECT unnest($kept))
        """,
        ids | {"kept": [row["shipstation_order_id"] for row in orders]},
    )
    if orders:
        columns = ", ".join(SHIPPED_ORDERS.names)
        consignee = ", ".join(_CONSIGNEE)
        changing = [*SHIPPED_ORDERS.names, *_CONSIGNEE, "service_name"]
        sets = ", ".join(f"{name} = excluded.{name}" for name in changing if name != "shipstation_order_id")
        with batch(con, "incoming_shipped_orders", orders, SHIPPED_ORDERS) as incoming:
            con.execute(
                f"""
                INSERT INTO shipped_orders ({columns}, service_name, {consignee})
                SELECT {columns}, s.name, {consignee}
                FROM {incoming} i
                LEFT JOIN (SELECT order_key AS of_order, {consignee} FROM orders_inbox) o ON o.of_order = i.order_key
                LEFT JOIN (SELECT carrier_code AS of_carrier, service_code AS of_service, name FROM carrier_services) s
                    ON s.of_carrier = i.carrier_code AND s.of_service = i.service_code
                ON CONFLICT (shipstation_order_id) DO UPDATE SET {sets}
                """  # noqa: S608 - names from our own schema
            )
    if items:
        columns = ", ".join(SHIPPED_ITEMS.names)
        with batch(con, "incoming_shipped_items", items, SHIPPED_ITEMS) as incoming:
            con.execute(
                f"INSERT INTO shipped_items ({columns}) SELECT {columns} FROM {incoming}"  # noqa: S608 - our own names
            )


def set_shipped_state(con: Cursor, rows: Sequence[Row], now: datetime) -> None:
    """Write what the parcels say onto the orders: status, tracking number, carrier and service.

    Where carrier and service are the order's own, their id and name stay: the order may name the account it bills.
    """
    if not rows:
        return
    with batch(con, "incoming_states", rows, _STATES) as incoming:
        con.execute(
            f"""
            UPDATE orders_inbox
            SET status = i.status,
                status_reason = i.status_reason,
                tracking_number = i.tracking_number,
                shipping_carrier_code = coalesce(i.carrier_code, shipping_carrier_code),
                shipping_carrier_id = CASE
                    WHEN i.carrier_code IS NULL OR i.carrier_code = shipping_carrier_code THEN shipping_carrier_id
                    ELSE i.carrier_id END,
                shipping_service_code = coalesce(i.service_code, shipping_service_code),
                shipping_service_name = CASE
                    WHEN i.service_code IS NULL OR (i.service_code = shipping_service_code
                        AND i.carrier_code IS NOT DISTINCT FROM shipping_carrier_code) THEN shipping_service_name
                    ELSE i.service_name END,
                updated_at = $now
            FROM {incoming} i
            WHERE orders_inbox.shipstation_order_id = i.shipstation_order_id
              AND (orders_inbox.status IS DISTINCT FROM i.status
                   OR orders_inbox.status_reason IS DISTINCT FROM i.status_reason
                   OR orders_inbox.tracking_number IS DISTINCT FROM i.tracking_number
                   OR orders_inbox.shipping_carrier_code IS DISTINCT FROM
                      coalesce(i.carrier_code, shipping_carrier_code)
                   OR orders_inbox.shipping_service_code IS DISTINCT FROM
                      coalesce(i.service_code, shipping_service_code))
            """,  # noqa: S608 - the name of our own batch
            {"now": now},
        )


def shipped_without_parcel(con: Cursor) -> list[tuple[int, datetime, datetime | None]]:
    """Orders that ShipStation calls shipped and that have shown no parcel: id, last change, when asked by id."""
    return [
        tuple(row)
        for row in con.execute(
            """
            SELECT s.shipstation_order_id, o.modified_at, s.parcels_asked_at
            FROM shipped_orders s
            JOIN orders_inbox o USING (shipstation_order_id)
            WHERE s.parcel_count = 0
            ORDER BY o.modified_at DESC
            """
        ).fetchall()
    ]


def parcels_were_asked(con: Cursor, order_ids: Sequence[int], now: datetime) -> None:
    """Remember that these orders' parcels were asked for by id, so that they are not asked again each run."""
    if not order_ids:
        return
    con.execute(
        "UPDATE shipped_orders SET parcels_asked_at = $now WHERE shipstation_order_id IN (SELECT unnest($ids))",
        {"ids": list(order_ids), "now": now},
    )
