"""Labels that seem unused: why each does, and which do not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from shipsync.store.charge_checks import unused_labels
from shipsync.store.db import Database
from tests.store.order_rows import a_shipped_order, put

FIRST, DAY, LAST, TODAY = date(2026, 11, 1), date(2026, 11, 18), date(2026, 11, 30), date(2026, 12, 2)


def change(db: Database, sql: str, **parameters: Any) -> None:
    with db.transaction() as con:
        con.execute(sql, parameters)


def unused(db: Database) -> list[tuple[str | None, Decimal, str]]:
    found = unused_labels(db.read(), FIRST, LAST, TODAY)
    assert {one.age_days for one in found} <= {14}
    return [(one.order_number, one.cost, one.why) for one in found]


def test_a_label_without_an_order_of_an_order_that_waits_or_beside_a_full_one_seems_unused(memory: Database) -> None:
    db = memory
    label: dict[str, Any] = {"ship_date": DAY, "order_number": None}
    for number, status in (("1", "cancelled"), ("2", "awaiting_shipment"), ("3", "shipped")):
        a_shipped_order(db, number, DAY, **label | {"order_number": number, "shipment_cost": number})
        change(
            db, "UPDATE orders_inbox SET status = $status WHERE order_number = $number", status=status, number=number
        )
    for number, place in (("4", DAY), ("5", date(2026, 12, 1))):
        beside = {"ship_date": place, "order_number": number, "shipment_cost": 4, "insurance_cost": 1}
        a_shipped_order(db, number, place, parcels=2, **beside)
        change(db, "DELETE FROM shipped_items WHERE parcel_id = (SELECT max(parcel_id) FROM shipped_items)")
    alone = {"shipment_id": 7, "created_at": TODAY, "shipment_cost": 9, "insurance_cost": 0, "has_items": False,
             "content_hash": "h", "first_seen_at": TODAY, "updated_at": TODAY}  # fmt: skip
    put(db, "shipments", **alone | label, is_return_label=False, voided=False)
    put(db, "shipments", **alone | label | {"shipment_id": 8}, is_return_label=True, voided=False)
    put(db, "shipments", **alone | label | {"shipment_id": 9}, is_return_label=False, voided=True)
    put(db, "shipments", **alone | label | {"shipment_id": 10, "shipment_cost": 0}, is_return_label=False, voided=False)
    assert unused(db) == [
        (None, 9, "It belongs to no order."),
        ("4", 5, "Other labels of its order carry everything."),
        ("2", 2, "Its order waits again."),
        ("1", 1, "Its order is cancelled."),
    ]
