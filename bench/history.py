"""A long history, written straight into a database as years of syncs would have left it.

Two years of orders, evenly in time: shop orders and every sixteenth typed by hand, nearly all shipped, some cancelled,
the newest open; with lines, labels, routings, jobs and runs, the stock they moved and a count of it. For benchmarks,
and for tests of pages on large databases.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shipsync.store.db import Database

YEARS = timedelta(days=730)
OPEN = 40  # the newest orders await shipment
JOBS_A_DAY = 288  # of each workflow: one every five minutes

_ORDERS = """
    INSERT INTO orders_inbox (order_key, order_number, source_system, status, shipstation_order_id, shipstation_status,
        ordered_at, customer_ref, email, shipping_carrier_code, shipping_service_code, shipping_service_name,
        tracking_number, ship_name, ship_company, ship_street1, ship_city, ship_state, ship_postal_code, ship_country,
        ship_date, modified_at, content_hash, uploaded_at, created_at, updated_at)
    SELECT CASE WHEN n % 16 = 0 THEN 'shipstation:' || (7000000000 + n) ELSE 'shop:' || (20000000 + n) END,
        CASE WHEN n % 16 = 0 THEN CAST(10000000 + n AS VARCHAR) ELSE CAST(20000000 + n AS VARCHAR) END,
        CASE WHEN n % 16 = 0 THEN 'ShipStation Manual' ELSE 'X-Cart' END,
        state, 7000000000 + n, state,
        came, 'C' || n % 5000, 'buyer' || n % 5000 || '@example.com', 'fedex', 'fedex_ground', 'FedEx Ground',
        CASE WHEN state = 'shipped' THEN 'T' || (900000000000 + n) END,
        'Buyer ' || n % 5000, CASE WHEN n % 3 = 0 THEN 'Practice ' || n % 700 END, n % 900 || ' Main Street', 'Duluth',
        'MN', '55802', 'US',
        CASE WHEN state = 'shipped' THEN CAST(came + INTERVAL 20 HOUR AS DATE) END,
        came + INTERVAL 20 HOUR, md5(CAST(n AS VARCHAR)), CASE WHEN n % 16 <> 0 THEN came + INTERVAL 5 MINUTE END,
        came + INTERVAL 3 MINUTE, came + INTERVAL 21 HOUR
    FROM (
        SELECT n, $now - to_milliseconds(CAST(($orders - n) * $apart_ms AS BIGINT)) AS came,
            CASE WHEN n >= $orders - $open THEN 'awaiting_shipment'
                 WHEN n % 50 = 7 THEN 'cancelled'
                 WHEN n % 5000 = 11 THEN 'on_hold'
                 ELSE 'shipped' END AS state
        FROM range($orders) r(n)
    )
"""

_FOLLOWING = (
    """
    INSERT INTO order_items_inbox (order_key, line_no, order_number, source_system, sku, sku_lot, base_sku, lot, name,
        quantity)
    SELECT order_key, 1, order_number, source_system, '17612 - 250237', '17612 - 250237', '17612', '250237',
        'Case of 17612', 1 + shipstation_order_id % 4
    FROM orders_inbox
    """,
    """
    INSERT INTO shipstation_order_line_items (shipstation_order_id, line_no, order_item_id, sku, sku_lot, base_sku, lot,
        quantity, is_adjustment)
    SELECT shipstation_order_id, 1, shipstation_order_id + 1000000000, '17612 - 250237', '17612 - 250237', '17612',
        '250237', 1 + shipstation_order_id % 4, false
    FROM orders_inbox
    """,
    """
    INSERT INTO routing_log (shipstation_order_id, modified_at, order_number, shipstation_status, route, reason,
        content_hash, reading_id, page_no, run_id, seen_at)
    SELECT shipstation_order_id, modified_at, order_number, shipstation_status,
        CASE WHEN source_system = 'X-Cart' THEN 'update' ELSE 'import' END,
        CASE WHEN source_system = 'X-Cart' THEN 'known' ELSE 'new_manual' END,
        content_hash, 'filled', 1, 'filled', updated_at
    FROM orders_inbox
    """,
    """
    INSERT INTO shipments (shipment_id, shipstation_order_id, order_number, created_at, ship_date, shipment_cost,
        insurance_cost, carrier_code, service_code, tracking_number, is_return_label, has_items, voided, voided_at,
        content_hash, first_seen_at, updated_at)
    SELECT shipstation_order_id + 2000000000, shipstation_order_id, order_number, modified_at, ship_date, 9.10, 0,
        'fedex', 'fedex_ground', tracking_number, false, true, false, NULL, content_hash, updated_at, updated_at
    FROM orders_inbox
    WHERE status = 'shipped'
    """,
    """
    INSERT INTO shipped_orders (shipstation_order_id, order_key, order_number, source_system, ship_date, last_ship_date,
        carrier_code, service_code, tracking_number, parcel_count, updated_at)
    SELECT shipstation_order_id, order_key, order_number, source_system, ship_date, ship_date, 'fedex', 'fedex_ground',
        tracking_number, 1, updated_at
    FROM orders_inbox
    WHERE status = 'shipped'
    """,
    """
    INSERT INTO shipped_items (parcel_kind, parcel_id, line_no, shipstation_order_id, order_number, source_system,
        ship_date, sku, base_sku, sku_lot, lot, quantity, shipment_id, tracking_number)
    SELECT 'shipment', shipstation_order_id + 2000000000, 1, shipstation_order_id, order_number, source_system,
        ship_date, '17612 - 250237', '17612', '17612 - 250237', '250237', 1 + shipstation_order_id % 4,
        shipstation_order_id + 2000000000, tracking_number
    FROM orders_inbox
    WHERE status = 'shipped'
    """,
    """
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by, parcel_kind, parcel_id, shipstation_order_id)
    SELECT row_number() OVER (ORDER BY parcel_id), 'ship', base_sku, lot, -quantity,
        CAST(ship_date AS TIMESTAMPTZ) + INTERVAL 19 HOUR, ship_date, CAST(ship_date AS TIMESTAMPTZ) + INTERVAL 20 HOUR,
        'ShipStation', parcel_kind, parcel_id, shipstation_order_id
    FROM shipped_items
    """,
)

_COUNT = """
    INSERT INTO inventory_transactions (entry_no, kind, sku, lot, quantity, moved_at, business_date, entered_at,
        entered_by)
    SELECT $orders + row_number() OVER (ORDER BY sku, lot), 'count', sku, lot, 100000, $counted_at,
        CAST($counted_at AS DATE), $counted_at, 'filled'
    FROM (SELECT DISTINCT sku, lot FROM inventory_transactions)
"""

_JOBS = """
    INSERT INTO jobs (job_id, kind, arguments, status, requested_by, requested_at, started_at, finished_at, run_id,
        attempts, cancel_requested, error, result)
    SELECT kind || '.' || (n + 1), kind, '{}', CASE WHEN n % 97 = 0 THEN 'failed' ELSE 'succeeded' END, 'schedule',
        asked, asked, asked + INTERVAL 1 SECOND, kind || '.' || (n + 1), 1, false,
        CASE WHEN n % 97 = 0 THEN 'ShipStation did not answer within 30 s.' END, '{}'
    FROM (
        SELECT kind, n, $now - to_minutes(CAST(($jobs - n) * 5 AS BIGINT)) AS asked
        FROM range($jobs) r(n), (SELECT unnest($kinds) AS kind)
    )
"""

_RUNS = """
    INSERT INTO runs (run_id, workflow_name, job_id, token, status, started_at, finished_at, requests, mark_from,
        mark_to, counts, error, log)
    SELECT run_id, kind, job_id, CAST(regexp_extract(job_id, '[0-9]+$') AS BIGINT), status, started_at, finished_at, 2,
        started_at - INTERVAL 5 MINUTE, started_at, '{"requests": 2, "updated": 1}', error,
        strftime(started_at, '%Y-%m-%d %H:%M:%S') || ' Fetched 1 orders.'
    FROM jobs
"""

# The next run's token, and with it its id, comes after those of the history.
_LOCKS = """
    INSERT INTO sync_locks (workflow_name, token)
    SELECT workflow_name, max(token) FROM runs GROUP BY workflow_name
    ON CONFLICT (workflow_name) DO UPDATE SET token = excluded.token
"""


def fill(db: Database, orders: int, now: datetime, *, days_of_jobs: int = 365) -> None:
    """Write so many orders into a prepared, empty database, and a year of jobs with their runs."""
    kinds = ["xml-import", "shipstation-upload", "shipstation-sync"]
    with db.transaction() as con:
        apart_ms = YEARS.total_seconds() * 1000 / orders
        con.execute(_ORDERS, {"orders": orders, "now": now, "apart_ms": apart_ms, "open": OPEN})
        for sql in _FOLLOWING:
            con.execute(sql)
        con.execute(_COUNT, {"orders": orders, "counted_at": now - timedelta(days=14)})
        con.execute(_JOBS, {"jobs": days_of_jobs * JOBS_A_DAY, "now": now, "kinds": kinds})
        con.execute(_RUNS)
        con.execute(_LOCKS)
        con.execute(
            """
            INSERT INTO sync_watermark (workflow_name, last_sync_timestamp, complete_through, updated_at, run_id)
            VALUES ('shipstation-sync', $now, $now, $now, 'filled')
            """,
            {"now": now},
        )
