"""What the self-check of a month asks (rules/charge_checks.py), as far as nothing else answers it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from shipsync.rules.charge_checks import Odd, WeekStock
from shipsync.rules.charge_report import UnusedLabel
from shipsync.store import ledger
from shipsync.store.charges import LABELS
from shipsync.store.cursor import Cursor


def held_kinds(con: Cursor, through: datetime) -> list[tuple[str, int]]:
    """Open held records that came by an instant, by kind."""
    rows = con.rows(
        """
        SELECT kind, count(*)
        FROM quarantine
        WHERE resolved_at IS NULL AND held AND first_seen_at <= $through
        GROUP BY kind
        ORDER BY kind
        """,
        {"through": through},
    )
    return [(kind, int(amount)) for kind, amount in rows]


def unreadable_units(con: Cursor, first: date, through: date) -> Odd:
    """Units that left in these days with a SKU text that cannot be read."""
    return _odd(
        con,
        """
        SELECT coalesce(sum(i.quantity), 0), arg_max(i.order_number, i.ship_date), arg_max(s.order_key, i.ship_date), 0
        FROM shipped_items i
        LEFT JOIN shipped_orders s USING (shipstation_order_id)
        WHERE i.base_sku IS NULL AND i.ship_date BETWEEN $first AND $through
        """,
        first,
        through,
    )


def labels_without_cost(con: Cursor, first: date, through: date) -> Odd:
    """Labels that went out, stand, and cost nothing."""
    return _odd(
        con,
        f"""
        SELECT count(*), arg_max(l.order_number, l.day), arg_max(s.order_key, l.day), 0
        FROM ({LABELS}) l
        LEFT JOIN shipped_orders s USING (shipstation_order_id)
        WHERE NOT l.voided AND NOT l.is_return_label AND l.shipment_cost + l.insurance_cost = 0
        """,  # noqa: S608 - our own text
        first,
        through,
    )


def marked_as_shipped(con: Cursor, first: date, through: date) -> Odd:
    """Marks as shipped that stand: parcels without a label."""
    return _odd(
        con,
        """
        SELECT count(*), arg_max(f.order_number, f.ship_date), arg_max(s.order_key, f.ship_date), 0
        FROM fulfillments f
        LEFT JOIN shipped_orders s USING (shipstation_order_id)
        WHERE NOT f.voided AND f.ship_date BETWEEN $first AND $through
        """,
        first,
        through,
    )


def orders_without_parcel(con: Cursor, first: date, through: date) -> Odd:
    """Orders that are shipped and show neither a label nor a mark."""
    return _odd(
        con,
        """
        SELECT count(*), arg_max(order_number, ship_date), arg_max(order_key, ship_date), 0
        FROM shipped_orders
        WHERE parcel_count = 0 AND ship_date BETWEEN $first AND $through
        """,
        first,
        through,
    )


def labels_of_no_order(con: Cursor, first: date, through: date) -> Odd:
    """Labels that went out, stand, and belong to no order that shipsync knows as shipped, with what they cost."""
    return _odd(
        con,
        f"""
        SELECT count(*), any_value(l.order_number), NULL, coalesce(sum(l.shipment_cost + l.insurance_cost), 0)
        FROM ({LABELS}) l
        WHERE NOT l.voided AND NOT l.is_return_label
          AND NOT EXISTS (SELECT 1 FROM shipped_orders s WHERE s.shipstation_order_id = l.shipstation_order_id)
        """,  # noqa: S608 - our own text
        first,
        through,
    )


def census_differences(con: Cursor, first: date, through: date) -> list[tuple[date, int]]:
    """Days whose newest closing still differed from ShipStation, and by how many differences."""
    rows = con.rows(
        """
        SELECT period_start, arg_max(content, version)
        FROM closings
        WHERE kind = 'eod' AND closed_at IS NOT NULL AND period_start BETWEEN $first AND $through
        GROUP BY period_start
        ORDER BY period_start
        """,
        {"first": first, "through": through},
    )
    found = []
    for day, content in rows:
        census = json.loads(content or "{}").get("census", {})
        amount = len(census.get("differences", [])) + int(census.get("more differences", 0))
        if amount:
            found.append((day, amount))
    return found


def closed_days(con: Cursor, first: date, through: date) -> set[date]:
    """Days of these that were closed."""
    rows = con.rows(
        """
        SELECT DISTINCT period_start
        FROM closings
        WHERE kind = 'eod' AND closed_at IS NOT NULL AND period_start BETWEEN $first AND $through
        """,
        {"first": first, "through": through},
    )
    return {day for (day,) in rows}


def first_closed_day(con: Cursor) -> date | None:
    """The oldest day that was ever closed."""
    day: date | None = con.value("SELECT min(period_start) FROM closings WHERE kind = 'eod' AND closed_at IS NOT NULL")
    return day


def weekly_stock(con: Cursor, after: datetime, through: datetime) -> list[WeekStock]:
    """Stock as the weekly reports of a span say it, with what the ledger says now for the same instants."""
    rows = con.rows(
        """
        SELECT period_start, arg_max(content, version)
        FROM closings
        WHERE kind = 'eow' AND closed_at IS NOT NULL AND as_of > $after AND as_of <= $through
        GROUP BY period_start
        ORDER BY period_start
        """,
        {"after": after, "through": through},
    )
    found = []
    for monday, content in rows:
        report = json.loads(content)
        as_of, made_at = (datetime.fromisoformat(report[name]) for name in ("as_of", "made_at"))
        counted = _counted_since(con, made_at, as_of)
        now, then = _by_sku(ledger.balances(con, as_of)), _by_sku(ledger.balances(con, as_of, made_at))
        found += [
            WeekStock(
                monday,
                line["sku"],
                line["quantity"],
                now.get(line["sku"], 0),
                then.get(line["sku"], 0),
                is_counted=line["sku"] in counted,
            )
            for line in report["lines"]
            if line["quantity"] is not None
        ]
    return found


def unused_labels(con: Cursor, first: date, through: date, today: date) -> list[UnusedLabel]:
    """Labels of these days that stand, cost something, and seem to have gone nowhere, the dearest first.

    ShipStation does not say whether a label was scanned. What it says: its order is cancelled or waits again; another
    label of the same order carries everything; there is no order at all.
    """
    # Orders are read by the labels' own, so that of years of them only those of these days are joined.
    rows = con.rows(
        f"""
        WITH l AS MATERIALIZED (
            SELECT shipment_id, shipstation_order_id, order_number, day, shipment_cost + insurance_cost AS cost
            FROM ({LABELS})
            WHERE NOT voided AND NOT is_return_label AND shipment_cost + insurance_cost > 0
        ),
        o AS (
            SELECT shipstation_order_id, status
            FROM orders_inbox
            WHERE shipstation_order_id IN (SELECT shipstation_order_id FROM l)
        ),
        s AS (
            SELECT shipstation_order_id, parcel_count
            FROM shipped_orders
            WHERE shipstation_order_id IN (SELECT shipstation_order_id FROM l)
        ),
        i AS (
            SELECT DISTINCT parcel_id
            FROM shipped_items
            WHERE parcel_kind = 'shipment' AND ship_date BETWEEN $first AND $through
        )
        SELECT l.shipment_id, l.order_number, l.day, l.cost,
               CASE WHEN l.shipstation_order_id IS NULL THEN 'It belongs to no order.'
                    WHEN o.status = 'cancelled' THEN 'Its order is cancelled.'
                    WHEN o.status IN ('awaiting_shipment', 'awaiting_payment', 'on_hold') THEN 'Its order waits again.'
                    WHEN i.parcel_id IS NULL AND s.parcel_count > 1 THEN 'Other labels of its order carry everything.'
               END AS why
        FROM l
        LEFT JOIN o USING (shipstation_order_id)
        LEFT JOIN s USING (shipstation_order_id)
        LEFT JOIN i ON i.parcel_id = l.shipment_id
        WHERE why IS NOT NULL
        ORDER BY l.cost DESC, l.shipment_id
        """,  # noqa: S608 - our own text
        {"first": first, "through": through},
    )
    return [UnusedLabel(number, order, day, cost, (today - day).days, why) for number, order, day, cost, why in rows]


def _odd(con: Cursor, sql: str, first: date, through: date) -> Odd:
    amount, number, key, cost = con.rows(sql, {"first": first, "through": through})[0]
    return Odd(int(amount), number, key, Decimal(cost))


def _counted_since(con: Cursor, made_at: datetime, as_of: datetime) -> set[str]:
    """SKUs of which a count for an instant up to `as_of` was posted after a report was made."""
    rows = con.rows(
        """
        SELECT DISTINCT sku
        FROM inventory_transactions
        WHERE kind = 'count' AND entered_at > $made_at AND moved_at <= $as_of
        """,
        {"made_at": made_at, "as_of": as_of},
    )
    return {sku for (sku,) in rows}


def _by_sku(lots: Sequence[ledger.Balance]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in lots:
        found[one.sku] = found.get(one.sku, 0) + one.quantity
    return found
