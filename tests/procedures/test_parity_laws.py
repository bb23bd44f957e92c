"""Laws of comparing live: what both do alike is never confirmed to differ, and what one does wrong is, and is named.

Two engines run over one world, however far apart, through faults, kills and pauses (pair.py). A thousand days of it:
`python -m bench.beside`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipsync.rules.deployment import LEGACY, UNIFIED
from shipsync.store import parity_results
from tests.procedures.pair import Pair, a_pair

MORNING = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)  # a Tuesday, seven in the warehouse
BEFORE_THE_CLOCK_CHANGE = datetime(2026, 10, 28, 12, 0, tzinfo=UTC)
SYNC = (UNIFIED,)

# What a candidate may do wrong to one order, and the fields that have to be named. No true value is one of these.
DEFECTS = {
    "stale tracking": ("UPDATE shadow.shipped_orders SET tracking_number = '?'", {"shipped_order.tracking_number"}),
    "carrier dropped": (
        "UPDATE shadow.orders_inbox SET shipping_carrier_code = NULL",
        {"order.shipping_carrier_code"},
    ),
    "wrong status": ("UPDATE shadow.orders_inbox SET status = 'failed'", {"order.status"}),
    "order lost": ("DELETE FROM shadow.orders_inbox", {"order.", "order_item."}),
    "swapped lot": ("UPDATE shadow.shipped_items SET lot = '999999'", {"shipped_item.lot"}),
    "wrong day": ("UPDATE shadow.shipped_items SET ship_date = DATE '2020-01-01'", {"shipped_item.ship_date"}),
    "label without its number": ("UPDATE shadow.shipments SET tracking_number = '?'", {"shipment.tracking_number"}),
    "shipped item lost": ("DELETE FROM shadow.shipped_items", {"shipped_item."}),
}


def goes_wrong(pair: Pair, defect: str, rng: random.Random) -> tuple[int, set[str]]:
    """From now on the candidate does this to one shipped order. Returns which, and what has to be named."""
    sql, wanted = DEFECTS[defect]
    left = pair.house.rows(
        """
        SELECT shipstation_order_id
        FROM main.shipped_orders
        JOIN shadow.shipped_orders USING (shipstation_order_id)
        JOIN main.orders_inbox o USING (shipstation_order_id)
        JOIN (SELECT DISTINCT shipstation_order_id FROM main.shipped_items WHERE parcel_kind = 'shipment')
            USING (shipstation_order_id)
        WHERE o.shipping_carrier_code IS NOT NULL AND o.status = 'shipped'
        ORDER BY ALL
        """
    )
    order_id = rng.choice(left)[0]
    pair.defect, pair.aimed_at = f"{sql} WHERE shipstation_order_id = $order_id", {"order_id": order_id}
    return order_id, wanted


def named(pair: Pair) -> set[tuple[int | None, str]]:
    return {(one.order_id, f"{one.entity}.{one.field}") for one in pair.confirmed()}


def test_legacy_beside_itself_confirms_nothing_but_what_is_wrong(tmp_path: Path) -> None:
    with a_pair(
        tmp_path, candidate=LEGACY, apart=(20, 60), seed=2, start=MORNING, orders_per_day=0, bad_weather=False
    ) as pair:
        ids = [pair.house.world.place_manual_order().order_id for _ in range(4)]
        for order_id in ids[:2]:
            pair.house.world.buy_label(order_id)
        pair.live(1.2 / 24)
        pair.house.world.cancel(ids[2])
        assert pair.confirmed() == []
        order_id, wanted = goes_wrong(pair, "stale tracking", pair.rng)
        run = pair.settle(2)
        assert named(pair) == {(order_id, name) for name in wanted}
        assert run.matched == run.compared - 1 > 10


@pytest.mark.sweep
@pytest.mark.parametrize("candidate", [LEGACY, SYNC], ids=["legacy", "unified"])
@pytest.mark.parametrize(("seed", "start"), [(1, MORNING), (2, BEFORE_THE_CLOCK_CHANGE)])
def test_twenty_days_beside_each_other_confirm_nothing(
    tmp_path: Path, candidate: Sequence[str], seed: int, start: datetime
) -> None:
    with a_pair(tmp_path, candidate=candidate, apart=(20, 240), seed=seed, start=start) as pair:
        pair.live(20)
        run = pair.settle()
        assert (pair.confirmed(), run.suspect, run.overdue, run.paused) == ([], 0, 0, None)
        assert run.compared > 1_000
        assert pair.counts["failed"] > 2  # the weather over HTTP decides: 5 were seen, and 24
        assert pair.counts["killed"] > 2


@pytest.mark.sweep
@pytest.mark.parametrize("candidate", [LEGACY, SYNC], ids=["legacy", "unified"])
@pytest.mark.parametrize("defect", DEFECTS)
def test_what_goes_wrong_is_confirmed_and_named_however_far_apart_they_are(
    tmp_path: Path, candidate: Sequence[str], defect: str
) -> None:
    rng = random.Random(defect)
    with a_pair(tmp_path, candidate=candidate, apart=(1, 90), seed=rng.randrange(1000), start=MORNING) as pair:
        pair.live(1.2)
        assert pair.confirmed() == []
        order_id, wanted = goes_wrong(pair, defect, rng)
        pair.live(0.8)
        pair.settle()
        assert named(pair) == {(order_id, name) for name in wanted}
        assert {one.verdict for one in parity_results.differences(pair.house.app.db.read(), ["live"], order_id=order_id)
                if one.gone_at is None} == {"confirmed"}  # fmt: skip
