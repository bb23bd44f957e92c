"""The rows behind a figure of a closed month, as they were frozen with it: the first of them, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shipsync.rules.charges import Charge
from shipsync.store.charges import ItemRow, OrderRow
from shipsync.store.cursor import Cursor

# Which labels a charge rests on, and what each of them adds to it.
_OF_CHARGE: Mapping[Charge | None, tuple[str, str]] = {
    "postage": ("NOT is_return_label", "shipment_cost"),
    "insurance": ("NOT is_return_label AND insurance_cost <> 0", "insurance_cost"),
    "return": ("is_return_label", "shipment_cost + insurance_cost"),
    "void": ("voided", "-(shipment_cost + insurance_cost)"),
}
_OF_ANY = ("true", "CASE WHEN voided THEN 0 ELSE shipment_cost + insurance_cost END")


@dataclass(frozen=True, slots=True)
class Behind:
    """Which rows are asked for. None: of all."""

    day: date | None = None
    charge: Charge | None = None
    carrier_code: str | None = None  # '' for labels without one
    service_code: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class BilledLabel:
    """A label as it was billed."""

    shipment_id: int
    shipstation_order_id: int | None
    order_number: str | None
    day: date
    carrier_code: str | None
    service_code: str | None
    tracking_number: str | None
    is_return_label: bool
    voided: bool
    shipment_cost: Decimal
    insurance_cost: Decimal
    billed: Decimal  # what it adds to the figure


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery as it was billed."""

    day: date
    reference: str  # of the delivery, or of its entry in the ledger
    units: int


def labels(con: Cursor, job_id: str, month: date, behind: Behind, limit: int) -> list[BilledLabel]:
    """The labels that a closing billed of a month, by day."""
    where, billed = _OF_CHARGE.get(behind.charge, _OF_ANY)
    rows = con.rows(
        f"""
        SELECT shipment_id, shipstation_order_id, order_number, day, carrier_code, service_code, tracking_number,
               is_return_label, voided, shipment_cost, insurance_cost, {billed}
        FROM charge_report_labels
        WHERE job_id = $job_id AND month = $month AND {where}
          AND ($day IS NULL OR day = $day)
          AND ($carrier IS NULL OR coalesce(carrier_code, '') = $carrier)
          AND ($service IS NULL OR coalesce(service_code, '') = $service)
        ORDER BY day, shipment_id
        LIMIT $limit
        """,  # noqa: S608 - our own text
        _span(job_id, month, behind) | _carrier(behind) | {"limit": limit},
    )
    return [BilledLabel(*row) for row in rows]


def labels_sum(con: Cursor, job_id: str, month: date, behind: Behind) -> tuple[int, Decimal]:
    """How many such labels there are, and what they add up to."""
    where, billed = _OF_CHARGE.get(behind.charge, _OF_ANY)
    ((amount, cost),) = con.rows(
        f"""
        SELECT count(*), coalesce(sum({billed}), 0)
        FROM charge_report_labels
        WHERE job_id = $job_id AND month = $month AND {where}
          AND ($day IS NULL OR day = $day)
          AND ($carrier IS NULL OR coalesce(carrier_code, '') = $carrier)
          AND ($service IS NULL OR coalesce(service_code, '') = $service)
        """,  # noqa: S608 - our own text
        _span(job_id, month, behind) | _carrier(behind),
    )
    return int(amount), Decimal(cost)


def orders(con: Cursor, job_id: str, month: date, behind: Behind, limit: int) -> list[OrderRow]:
    """The orders that a closing billed of a month, by day."""
    rows = con.rows(
        """
        SELECT shipstation_order_id, order_number, day
        FROM charge_report_orders
        WHERE job_id = $job_id AND month = $month AND ($day IS NULL OR day = $day)
        ORDER BY day, order_number
        LIMIT $limit
        """,
        _span(job_id, month, behind) | {"limit": limit},
    )
    return [OrderRow(*row) for row in rows]


def orders_sum(con: Cursor, job_id: str, month: date, behind: Behind) -> int:
    """How many such orders there are."""
    return int(
        con.value(
            """
            SELECT count(*)
            FROM charge_report_orders
            WHERE job_id = $job_id AND month = $month AND ($day IS NULL OR day = $day)
            """,
            _span(job_id, month, behind),
        )
    )


def items(con: Cursor, job_id: str, month: date, behind: Behind, limit: int) -> list[ItemRow]:
    """The units that a closing billed of a month, by day."""
    rows = con.rows(
        """
        SELECT parcel_kind, parcel_id, shipstation_order_id, order_number, day, sku, quantity
        FROM charge_report_items
        WHERE job_id = $job_id AND month = $month AND ($day IS NULL OR day = $day) AND ($sku IS NULL OR sku = $sku)
        ORDER BY day, order_number, sku
        LIMIT $limit
        """,
        _span(job_id, month, behind) | {"sku": behind.sku, "limit": limit},
    )
    return [ItemRow(*row) for row in rows]


def items_sum(con: Cursor, job_id: str, month: date, behind: Behind) -> tuple[int, int]:
    """How many such rows there are, and how many units."""
    ((rows, units),) = con.rows(
        """
        SELECT count(*), coalesce(sum(quantity), 0)
        FROM charge_report_items
        WHERE job_id = $job_id AND month = $month AND ($day IS NULL OR day = $day) AND ($sku IS NULL OR sku = $sku)
        """,
        _span(job_id, month, behind) | {"sku": behind.sku},
    )
    return int(rows), int(units)


def receipts(con: Cursor, job_id: str, month: date, behind: Behind) -> Sequence[Receipt]:
    """The deliveries that a closing billed of a month, by day."""
    rows = con.rows(
        """
        SELECT day, reference, units
        FROM charge_report_receipts
        WHERE job_id = $job_id AND month = $month AND ($day IS NULL OR day = $day)
        ORDER BY day, reference
        """,
        _span(job_id, month, behind),
    )
    return [Receipt(*row) for row in rows]


def _span(job_id: str, month: date, behind: Behind) -> dict[str, object]:
    return {"job_id": job_id, "month": month, "day": behind.day}


def _carrier(behind: Behind) -> dict[str, object]:
    return {"carrier": behind.carrier_code, "service": behind.service_code}
