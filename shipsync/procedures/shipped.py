"""Brings what has left the house in step with the parcels (DESIGN D11): per order, as a whole, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shipsync.procedures.ledger import post_parcels
from shipsync.procedures.take_in import Guide
from shipsync.rules.lots import parse_sku_lot
from shipsync.rules.orders import carrier_account_id, local_status
from shipsync.rules.periods import business_date
from shipsync.rules.shipped import OrderState, Picture, picture
from shipsync.store import parcels as store
from shipsync.store.cursor import Cursor

# ShipStation's own business day: ship dates there are Pacific, whatever the warehouse's zone.
_SHIPSTATION_ZONE = ZoneInfo("America/Los_Angeles")


def refresh_shipped(con: Cursor, order_ids: Iterable[int], with_guide: Guide, zone: ZoneInfo, now: datetime) -> int:
    """Tell anew what has left of these orders, and write it. Returns how many of them now count as shipped.

    The stock ledger follows in the same transaction; `zone` is the warehouse's, whose days stock is told by.

    Orders that were closed here (merged away, deleted) keep what they had shipped.
    """
    candidates = [
        one
        for one in store.orders_to_picture(con, order_ids)
        if not (one.status == "cancelled" and one.shipstation_status != "cancelled")
    ]
    ids = [one.order_id for one in candidates]
    if not ids:
        return 0
    parcels = store.parcels_of(con, ids)
    orders: list[Mapping[str, Any]] = []
    items: list[Mapping[str, Any]] = []
    states: list[Mapping[str, Any]] = []
    for one in candidates:
        status, reason = local_status(one.shipstation_status or one.status, one.status)
        state = OrderState(
            order_id=one.order_id,
            status=status,
            modified_at=one.modified_at,
            ship_date=one.ship_date or business_date(one.modified_at, _SHIPSTATION_ZONE),
            lines=one.lines,
        )
        pic = picture(state, parcels.get(one.order_id, ()))
        states.append(_state_row(one, pic, reason, with_guide))
        if pic.left:
            orders.append(_order_row(one, pic, now))
            items.extend(_item_rows(one, pic))
    store.replace_shipped(con, ids, orders, items)
    store.set_shipped_state(con, states, now)
    post_parcels(con, ids, zone, now)
    return sum(1 for row in states if row["status"] == "shipped")


def _state_row(one: store.Shippable, pic: Picture, reason: str | None, with_guide: Guide) -> dict[str, Any]:
    first = pic.first
    carrier, service = (first.carrier_code, first.service_code) if first else (None, None)
    return {
        "shipstation_order_id": one.order_id,
        "status": pic.status,
        "status_reason": pic.status_reason or reason,
        "carrier_code": carrier,
        "carrier_id": carrier_account_id(carrier, None, with_guide.accounts),
        "service_code": service,
        "service_name": with_guide.services.get((carrier or "", service or "")),
        "tracking_number": first.tracking_number if first else None,
    }


def _order_row(one: store.Shippable, pic: Picture, now: datetime) -> dict[str, Any]:
    first = pic.left[0].parcel
    return {
        "shipstation_order_id": one.order_id,
        "order_key": one.order_key,
        "order_number": one.order_number,
        "source_system": one.source_system,
        "ship_date": first.ship_date,
        "last_ship_date": pic.left[-1].parcel.ship_date,
        "carrier_code": first.carrier_code,
        "service_code": first.service_code,
        "tracking_number": first.tracking_number,
        "parcel_count": pic.parcel_count,
        "updated_at": now,
    }


def _item_rows(one: store.Shippable, pic: Picture) -> list[dict[str, Any]]:
    rows = []
    for left in pic.left:
        for line_no, line in enumerate(left.lines, start=1):
            found = parse_sku_lot(line.sku)
            rows.append(
                {
                    "parcel_kind": left.parcel.kind,
                    "parcel_id": left.parcel.parcel_id,
                    "line_no": line_no,
                    "shipstation_order_id": one.order_id,
                    "order_number": one.order_number,
                    "source_system": one.source_system,
                    "ship_date": left.parcel.ship_date,
                    "sku": line.sku,
                    "base_sku": found.base_sku if found else None,
                    "sku_lot": found.text if found else None,
                    "lot": found.lot if found else None,
                    "quantity": line.quantity,
                    "shipment_id": left.parcel.parcel_id if left.parcel.kind == "shipment" else None,
                    "tracking_number": left.parcel.tracking_number,
                }
            )
    return rows
