"""What differing orders have in common, told from two lanes."""

from __future__ import annotations

import pytest

from shipsync.rules.parity_causes import causes
from shipsync.store.db import Database
from shipsync.store.lanes import SHADOW, make_lane
from shipsync.store.parity_causes import attributes_everywhere, attributes_of

ORDER = """
    INSERT INTO {lane}.orders_inbox (order_key, order_number, source_system, status, shipstation_order_id,
        shipping_carrier_code, modified_at, created_at, updated_at)
    SELECT 'shop:' || n, n, 'X-Cart', 'shipped', n, CASE WHEN n < 10 THEN 'ups' ELSE 'fedex' END,
           TIMESTAMPTZ '2026-09-16 14:10:00+00' + to_hours(CASE WHEN n < 12 THEN 0 ELSE 3 END), $now, $now
    FROM range($begin, $end) r(n)
"""
ITEM = """
    INSERT INTO {lane}.order_items_inbox (order_key, line_no, order_number, source_system, base_sku, quantity)
    SELECT order_key, line_no, order_number, source_system, '17612', 1
    FROM {lane}.orders_inbox, (SELECT unnest([1, 2]) AS line_no)
    WHERE shipstation_order_id < 20
"""
ROUTED = """
    INSERT INTO shadow.routing_log (shipstation_order_id, modified_at, order_number, shipstation_status, route, reason,
        content_hash, reading_id, page_no, run_id, seen_at)
    SELECT shipstation_order_id, modified_at, order_number, 'shipped', 'update', 'known', '', 'r', 3, 'r', $now
    FROM shadow.orders_inbox
"""


def test_attributes_are_told_from_whichever_lane_has_the_order(memory: Database, now: object) -> None:
    make_lane(memory, SHADOW)
    with memory.transaction() as con:
        con.execute(ORDER.format(lane="main"), {"now": now, "begin": 2, "end": 100})
        con.execute(ORDER.format(lane=SHADOW), {"now": now, "begin": 0, "end": 98})
        con.execute(ITEM.format(lane="main"))
        con.execute(ROUTED, {"now": now})
    read = memory.read()
    (known,) = attributes_of(read, "main", SHADOW, [0]).values()
    assert known == {
        "carrier": {"ups"}, "status": {"shipped"}, "source": {"X-Cart"}, "hour": {"14"}, "route": {"update: known"},
        "page": {"3"},
    }  # fmt: skip
    assert attributes_of(read, "main", SHADOW, [2])[2]["SKU"] == {"17612"}
    everywhere, orders = attributes_everywhere(read, "main", SHADOW)
    assert orders == 100
    assert (everywhere["carrier", "ups"], everywhere["SKU", "17612"], everywhere["page", "3"]) == (10, 18, 98)
    differing = attributes_of(read, "main", SHADOW, list(range(10)))
    first = causes(differing.values(), everywhere, orders)[0]
    assert first.sentence == "10 of 10 differing orders (100%) go by ups, 10.0 times their share of all orders (10.0%)."


def test_a_lane_has_a_plain_name(memory: Database) -> None:
    with pytest.raises(ValueError, match="no name of a lane"):
        attributes_of(memory.read(), "main", "shadow x", [1])
