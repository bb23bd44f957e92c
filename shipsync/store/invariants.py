"""What has to hold in the tables between two jobs, whatever happened before (DESIGN section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from shipsync.store.cursor import Cursor
from shipsync.store.ledger import OUT_OF_STEP

# Each SELECT gives the rows that must not be there.
_NEVER = {
    "I2: a ShipStation order stands twice in orders_inbox": """
        SELECT shipstation_order_id
        FROM orders_inbox
        WHERE shipstation_order_id IS NOT NULL
        GROUP BY shipstation_order_id
        HAVING count(*) > 1
        """,
    "I2: an order counts as left both by its parcels and by its stand-in": """
        SELECT shipstation_order_id
        FROM shipped_items
        GROUP BY shipstation_order_id
        HAVING bool_or(parcel_kind = 'order') AND bool_or(parcel_kind <> 'order')
        """,
    "I2: a voided label still counts as left": """
        SELECT i.parcel_id
        FROM shipped_items i
        JOIN shipments s ON s.shipment_id = i.parcel_id
        JOIN orders_inbox o ON o.shipstation_order_id = i.shipstation_order_id
        WHERE i.parcel_kind = 'shipment' AND s.voided AND o.status <> 'cancelled'
        """,
    "I2: items have left of an order that is not in shipped_orders, or the other way round": """
        SELECT coalesce(i.shipstation_order_id, o.shipstation_order_id)
        FROM (SELECT DISTINCT shipstation_order_id FROM shipped_items) i
        FULL JOIN (SELECT shipstation_order_id FROM shipped_orders) o USING (shipstation_order_id)
        LEFT JOIN shipstation_order_line_items l
               ON l.shipstation_order_id = o.shipstation_order_id AND NOT l.is_adjustment
        WHERE (i.shipstation_order_id IS NULL AND l.line_no IS NOT NULL) OR o.shipstation_order_id IS NULL
        """,
    "I3: the ledger says otherwise than what has left of an order": OUT_OF_STEP,
    "I2: an entry of the ledger is a count below zero, or moves nothing": """
        SELECT entry_no
        FROM inventory_transactions
        WHERE quantity < 0 AND kind IN ('count', 'adjust_up') OR quantity = 0 AND kind <> 'count'
        """,
    "I3: stock as it is shown is not what the ledger's lots come to": """
        WITH standing AS (SELECT max(as_of) AS as_of, max(computed_at) AS computed_at FROM inventory_current),
        entries AS (
            SELECT t.sku, t.lot, t.kind, t.quantity, t.moved_at, t.entry_no
            FROM inventory_transactions t, standing
            WHERE t.moved_at <= standing.as_of AND t.entered_at <= standing.computed_at
        ),
        counted AS (
            SELECT sku, lot, quantity, moved_at
            FROM entries
            WHERE kind = 'count'
            QUALIFY row_number() OVER (PARTITION BY sku, lot ORDER BY moved_at DESC, entry_no DESC) = 1
        ),
        lots AS (
            SELECT sku, quantity FROM counted
            UNION ALL
            SELECT e.sku, e.quantity
            FROM entries e
            LEFT JOIN counted c USING (sku, lot)
            WHERE e.kind <> 'count' AND (c.moved_at IS NULL OR e.moved_at > c.moved_at)
        )
        SELECT i.sku, i.current_quantity, sum(l.quantity)
        FROM inventory_current i
        LEFT JOIN lots l USING (sku)
        WHERE i.current_quantity IS NOT NULL
        GROUP BY i.sku, i.current_quantity
        HAVING i.current_quantity <> coalesce(sum(l.quantity), 0)
        """,
    "I8: what was frozen at a closing has another hash now": """
        SELECT job_id
        FROM closings
        WHERE content_hash IS DISTINCT FROM CASE WHEN content IS NOT NULL THEN sha256(content) END
        """,
    "I8: a document of a closing has another hash now": """
        SELECT kind, period_start, version, name
        FROM closing_documents
        WHERE sha256 <> sha256(content)
        """,
    "I8: what a day's closing expects is not what it froze": """
        SELECT period_start, version, sku, lot, frozen.units, kept.expected
        FROM (
            SELECT period_start, version, line ->> 0 AS sku, line ->> 1 AS lot, CAST(line ->> 2 AS INTEGER) AS units
            FROM (
                SELECT period_start, version, unnest(CAST(json_extract(content, '$.expected') AS JSON[])) AS line
                FROM closings
                WHERE kind = 'eod' AND closed_at IS NOT NULL
            )
        ) frozen
        FULL JOIN expected_stock kept USING (period_start, version, sku, lot)
        WHERE frozen.units IS DISTINCT FROM kept.expected
        """,
    "I8: what a month's closing billed is not what its report says": """
        SELECT said.job_id, said.month, said.amount, r.total
        FROM (
            SELECT job_id, period_start AS month, coalesce(list_sum(CAST(
                       json_extract_string(content, '$.lines[*].amount') AS DECIMAL(14, 2)[])), 0) AS amount
            FROM closings
            WHERE kind = 'eom' AND content IS NOT NULL
            UNION ALL
            SELECT job_id, CAST(unnest(json_extract_string(content, '$.restatements[*].month')) AS DATE),
                   CAST(unnest(json_extract_string(content, '$.restatements[*].now')) AS DECIMAL(14, 2))
            FROM closings
            WHERE kind = 'eom' AND content IS NOT NULL
        ) said
        FULL JOIN charge_report r USING (job_id, month)
        WHERE said.amount IS DISTINCT FROM r.total
        """,
    "I8: a month's closing rests on other labels than its report says": """
        SELECT c.job_id
        FROM closings c
        LEFT JOIN (
            SELECT job_id, month, string_agg(concat_ws('|', shipment_id, day, coalesce(carrier_code, ''),
                       coalesce(service_code, ''), voided, shipment_cost, insurance_cost), chr(10)
                       ORDER BY shipment_id) AS labels
            FROM charge_report_labels
            GROUP BY job_id, month
        ) l ON l.job_id = c.job_id AND l.month = c.period_start
        WHERE c.kind = 'eom' AND c.content IS NOT NULL
          AND sha256(coalesce(l.labels, '')) <> json_extract_string(c.content, '$.labels_digest')
        """,
    "I9: what is billed of a month is not the sum of its lines": """
        SELECT r.job_id, r.month, r.total, sum(l.amount)
        FROM charge_report r
        LEFT JOIN charge_report_lines l USING (job_id, month)
        GROUP BY r.job_id, r.month, r.total
        HAVING r.total <> coalesce(sum(l.amount), 0)
        """,
    "I9: carrier cost of a day is not what its labels cost, without those that were voided": """
        SELECT job_id, month, day, lines.amount, labels.amount
        FROM (
            SELECT job_id, month, day, sum(amount) AS amount
            FROM charge_report_lines
            WHERE charge IN ('postage', 'insurance', 'return', 'void')
            GROUP BY job_id, month, day
        ) lines
        FULL JOIN (
            SELECT job_id, month, day, sum(CASE WHEN voided THEN 0 ELSE shipment_cost + insurance_cost END) AS amount
            FROM charge_report_labels
            GROUP BY job_id, month, day
        ) labels USING (job_id, month, day)
        WHERE coalesce(lines.amount, 0) <> coalesce(labels.amount, 0)
        """,
    "I9: a fee is for other orders, units or pallets than left, or stood there": """
        SELECT job_id, month, charge, day, sku, billed.quantity, rests.quantity
        FROM (
            SELECT job_id, month, charge, day, coalesce(sku, '') AS sku, sum(quantity) AS quantity
            FROM charge_report_lines
            WHERE charge IN ('order', 'unit', 'pallet_day')
            GROUP BY ALL
        ) billed
        FULL JOIN (
            SELECT job_id, month, 'order' AS charge, day, '' AS sku, count(*) AS quantity
            FROM charge_report_orders
            GROUP BY ALL
            UNION ALL
            SELECT job_id, month, 'unit', day, sku, sum(quantity)
            FROM charge_report_items
            GROUP BY ALL
            HAVING sum(quantity) <> 0
            UNION ALL
            SELECT job_id, month, 'pallet_day', day, sku, (units + pallet_size - 1) // pallet_size
            FROM charge_report_stock
            WHERE units > 0 AND pallet_size IS NOT NULL
        ) rests USING (job_id, month, charge, day, sku)
        WHERE billed.quantity IS DISTINCT FROM rests.quantity
        """,
    "I9: a fee is not its quantity times its rate, to the cent": """
        SELECT job_id, month, charge, day, quantity, rate, amount
        FROM charge_report_lines
        WHERE charge IN ('order', 'unit', 'pallet_day', 'receipt') AND amount <> round(quantity * rate, 2)
        """,
    "D15: a closing is closed and lacks its version, its instant or its figures": """
        SELECT job_id
        FROM closings
        WHERE closed_at IS NOT NULL AND (version IS NULL OR as_of IS NULL OR content IS NULL OR sentence IS NULL)
        """,
    "D15: two closings are one version of a period": """
        SELECT kind, period_start, version
        FROM closings
        WHERE version IS NOT NULL
        GROUP BY kind, period_start, version
        HAVING count(*) > 1
        """,
    "D11: an order is shipped and has not left": """
        SELECT o.order_key
        FROM orders_inbox o
        ANTI JOIN shipped_orders s ON s.shipstation_order_id = o.shipstation_order_id
        WHERE o.status = 'shipped'
        """,
    "I5: a mark is ahead of all that was read whole and applied": """
        SELECT m.workflow_name, m.complete_through
        FROM sync_watermark m
        WHERE m.complete_through > (
            SELECT max(r.window_end)
            FROM readings r
            WHERE r.workflow_name = m.workflow_name AND r.feed = 'orders' AND r.fetched_at IS NOT NULL
              AND r.applied_at IS NOT NULL)
        """,
    "I5: a mark is newer than every version applied": """
        SELECT workflow_name, last_sync_timestamp
        FROM sync_watermark
        WHERE last_sync_timestamp > coalesce((SELECT max(modified_at) FROM routing_log), '-infinity'::TIMESTAMPTZ)
          AND workflow_name = 'shipstation-sync'  -- the legacy workflows keep no routes
        """,
    "I6: two runs of a workflow had one token, or overlapped": """
        SELECT run_id
        FROM runs
        WINDOW earlier AS (PARTITION BY workflow_name ORDER BY token)
        QUALIFY token = lag(token) OVER earlier OR started_at < lag(finished_at) OVER earlier
        """,
    "I6: a lock is not free, or its token fell behind": """
        SELECT l.workflow_name
        FROM sync_locks l
        WHERE l.run_id IS NOT NULL
           OR l.token < (SELECT max(r.token) FROM runs r WHERE r.workflow_name = l.workflow_name)
        """,
    "I12: a run has no end": "SELECT run_id FROM runs WHERE status = 'running' OR finished_at IS NULL",
    "I12: a job has no end": "SELECT job_id FROM jobs WHERE status IN ('queued', 'running') OR finished_at IS NULL",
    "I12: a step runs in no job": "SELECT job_id, name FROM job_steps WHERE status = 'running'",
    "D13: a claim was left behind": "SELECT order_key FROM orders_inbox WHERE claimed_by IS NOT NULL",
    "D13: a manual order was sent up": """
        SELECT order_key
        FROM orders_inbox
        WHERE source_system <> 'X-Cart' AND (uploaded_at IS NOT NULL OR claimed_at IS NOT NULL)
        """,
}


def broken(con: Cursor) -> Iterator[str]:
    """One sentence for each row that breaks an invariant. To be asked while no job is under way."""
    for sentence, sql in _NEVER.items():
        for row in con.rows(sql):
            yield f"{sentence}: {', '.join(str(value) for value in row)}"


def versions_routed_since(con: Cursor, since: datetime) -> list[tuple[int, datetime]]:
    """(order id, modifyDate) of the versions routed at that instant or later, the oldest first."""
    rows = con.rows(
        """
        SELECT shipstation_order_id, modified_at
        FROM routing_log
        WHERE seen_at >= $since
        ORDER BY seen_at, modified_at
        """,
        {"since": since},
    )
    return [(order_id, modified_at) for order_id, modified_at in rows]


def documents(con: Cursor) -> set[tuple[object, ...]]:
    """(kind, period, version, name, hash) of every document that a closing has kept."""
    return set(con.rows("SELECT kind, period_start, version, name, sha256 FROM closing_documents"))


def billed_rows(con: Cursor) -> set[tuple[object, ...]]:
    """(table, closing, month, rows, hash of all of them) of what closings of months that are closed rest on."""
    tables = ("charge_report", *(f"charge_report_{what}" for what in ("lines", "labels", "orders", "items", "stock",
                                                                       "receipts")))  # fmt: skip
    selects = (
        f"SELECT '{table}', job_id, month, count(*), bit_xor(hash(t)) "  # noqa: S608 - our own names
        f"FROM {table} t WHERE job_id IN (SELECT job_id FROM closings WHERE closed_at IS NOT NULL) GROUP BY ALL"
        for table in tables
    )
    return set(con.rows(" UNION ALL ".join(selects)))


def billed_carrier_cost(con: Cursor) -> list[tuple[date, date, Decimal, Decimal]]:
    """(month, last day that is billed, carrier cost as it was billed last, what the labels of those days cost now)."""
    rows = con.rows(
        """
        WITH billed AS (
            SELECT r.job_id, r.month, r.billed_through
            FROM charge_report r
            JOIN closings c USING (job_id)
            WHERE c.closed_at IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY r.month ORDER BY c.closed_at DESC) = 1
        ),
        carrier AS (
            SELECT job_id, month, sum(amount) AS amount
            FROM charge_report_lines
            WHERE charge IN ('postage', 'insurance', 'return', 'void')
            GROUP BY job_id, month
        )
        SELECT b.month, b.billed_through, coalesce(any_value(l.amount), 0),
               coalesce(sum(s.shipment_cost + s.insurance_cost) FILTER (WHERE NOT s.voided), 0)
        FROM billed b
        LEFT JOIN carrier l USING (job_id, month)
        LEFT JOIN shipments s ON s.ship_date BETWEEN b.month AND b.billed_through
        GROUP BY b.month, b.billed_through
        ORDER BY b.month
        """
    )
    return [(month, through, Decimal(billed), Decimal(now)) for month, through, billed, now in rows]
