"""Two lanes held against each other: every seeded defect is found and named, and equal lanes do not differ.

The candidate's lane is a copy of what a small warehouse's days have left in production. Each defect is undone after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipsync.rules.parity_fields import ENTITIES, RECORDS
from shipsync.rules.parity_verdicts import Passed, Passes
from shipsync.store import parity
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.lanes import OWN, SHADOW, make_lane
from tests.house import NOON, a_house, minutes
from tests.store.parity_defects import (
    DEFECTS,
    HERE,
    ITEM,
    LABEL,
    MANUAL,
    OPEN,
    ORDER,
    PARCEL,
    SHIPPED_ITEM,
    Defect,
    first,
    lost,
    update,
)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Production as two days left it, and the same in lane `shadow`."""
    folder: Path = tmp_path_factory.mktemp("parity")
    with a_house(folder, orders_per_day=100, seed=5, start=NOON - timedelta(days=2)) as house:
        for _ in range(5):
            house.wait(8 * 60)
            house.loop()
        waiting = house.rows("SELECT max(shipstation_order_id) FROM orders_inbox WHERE status = 'awaiting_shipment'")
        house.world.mark_shipped(waiting[0][0])
        house.wait(90)
        house.sync()
        db = house.app.db
        make_lane(db, SHADOW)
        with db.transaction() as con:
            for table in sorted(OWN):
                con.execute(f"INSERT INTO shadow.{table} SELECT * FROM main.{table}")  # noqa: S608 - our tables
        yield db


class _Undone(Exception):
    pass


@contextmanager
def defect(db: Database, *statements: str) -> Iterator[Cursor]:
    """The lanes with a defect in the candidate's, only while the block runs."""
    try:
        with db.transaction() as con:
            changed = sum(con.execute(sql).fetchall()[0][0] for sql in statements)
            assert changed > 0, "the defect touches nothing"
            yield con
            raise _Undone
    except _Undone:
        pass


def compared(con: Cursor, passes: Passes | None = None) -> parity.Comparison:
    return parity.compare(con, "main", SHADOW, passes)


def named(found: Sequence[parity.Found]) -> set[str]:
    return {f"{one.entity}.{one.field}" for one in found}


def test_equal_lanes_do_not_differ(lanes: Database) -> None:
    seen = compared(lanes.read())
    assert (seen.found, seen.cleaned) == ((), {})
    assert all(seen.counted[name].keys > 0 for name in RECORDS), seen.counted
    counted, sums = parity.aggregates(lanes.read(), "main", SHADOW, None)
    assert sums == ()
    assert counted.keys > 5
    assert parity.differing_orders(lanes.read(), "main", SHADOW) == []


@pytest.mark.parametrize("one", DEFECTS, ids=lambda one: one.name)
def test_a_defect_is_found_and_named(lanes: Database, one: Defect) -> None:
    with defect(lanes, one.sql) as con:
        seen = compared(con)
        assert named(seen.found) == one.wanted
        assert sum(counted.differing for counted in seen.counted.values()) >= 1
        ids = {found.order_id for found in seen.found if found.order_id is not None}
        assert ids <= set(parity.differing_orders(con, "main", SHADOW))


def test_there_are_enough_defects() -> None:
    assert len({one.name for one in DEFECTS}) == len(DEFECTS) >= 60


TEXT = {"VARCHAR": "'~'", "BIGINT": "-1", "INTEGER": "-1", "DATE": "DATE '1999-01-01'", "BOOLEAN": "NOT {name}"}
OTHER = {
    "source_system": "CASE source_system WHEN 'X-Cart' THEN 'ShipStation Manual' ELSE 'X-Cart' END",
    "status": "CASE status WHEN 'failed' THEN 'pending' ELSE 'failed' END",
}
TABLES = {
    "order": ("orders_inbox", "shipstation_order_id"),
    "order_item": ("order_items_inbox", "order_key"),
    "shipped_order": ("shipped_orders", "shipstation_order_id"),
    "shipped_item": ("shipped_items", "parcel_id"),
    "shipment": ("shipments", "shipment_id"),
    "fulfillment": ("fulfillments", "fulfillment_id"),
}
FIELDS = [(name, one.name) for name in RECORDS for one in ENTITIES[name].fields if one.name != "lines"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FIELDS), st.integers(0, 10_000), st.booleans())
def test_a_field_changed_on_one_side_is_always_found(
    lanes: Database, target: tuple[str, str], place: int, is_control: bool
) -> None:
    entity, name = target
    table, key = TABLES[entity]
    con = lanes.read()
    kind = con.value(
        """
        SELECT data_type FROM duckdb_columns()
        WHERE schema_name = 'main' AND table_name = $table AND column_name = $name
        """,
        {"table": table, "name": name},
    )
    whose = MANUAL if name == "order_total" else HERE if entity in ("shipment", "fulfillment") else f"{key} IS NOT NULL"
    keys = con.rows(f"SELECT DISTINCT {key} FROM main.{table} WHERE {whose} ORDER BY ALL")  # noqa: S608
    chosen = keys[place % len(keys)][0]
    value = OTHER.get(name) or TEXT.get(
        kind, "-1.23" if kind.startswith("DECIMAL") else "TIMESTAMPTZ '1999-01-01 00:00:00+00'"
    )
    lane = "main" if is_control else SHADOW
    changing = f"UPDATE {lane}.{table} SET {name} = {value.format(name=name)} WHERE {key} = '{chosen}'"  # noqa: S608
    with defect(lanes, changing) as writing:
        assert f"{entity}.{name}" in named(compared(writing).found)


def settled_at(con: Cursor, moment: str) -> Passes:
    """Both engines have passed an instant, and the overlap."""
    through = con.value(f"SELECT {moment}") + minutes(10)
    return Passes(Passed(through, through), Passed(through, through))


def test_what_an_engine_has_not_passed_yet_is_pending_and_no_match(lanes: Database) -> None:
    con = lanes.read()
    before_all = compared(con, settled_at(con, "TIMESTAMPTZ '2020-01-01'")).counted
    assert all(one.keys == one.pending for one in before_all.values())
    assert before_all["order"].oldest_pending_at == con.value(
        "SELECT min(coalesce(modified_at, uploaded_at, created_at)) FROM orders_inbox WHERE shipstation_order_id > 0"
    )
    nothing = Passed(None, None)
    assert all(one.keys == one.pending for one in compared(con, Passes(nothing, nothing)).counted.values())
    newest = "(SELECT max(modified_at) FROM main.orders_inbox)"
    assert not any(one.pending for one in compared(con, settled_at(con, f"{newest} + INTERVAL 1 DAY")).counted.values())
    late = settled_at(con, f"{newest} - INTERVAL 1 MICROSECOND")
    wrong = f"UPDATE shadow.orders_inbox SET tracking_number = '?' WHERE modified_at = {newest}"  # noqa: S608
    with defect(lanes, wrong) as writing:
        seen = compared(writing, late)
        assert seen.counted["order"].pending == 1
        assert seen.counted["order"].differing == 0
        assert {one.is_settled for one in seen.found} == {False}
        # Its items, and what has left of it, move with it.
        assert seen.counted["order_item"].pending >= 1


def test_what_has_not_changed_since_both_began_to_read_is_not_compared(lanes: Database) -> None:
    con = lanes.read()
    through = con.value("SELECT max(modified_at) FROM main.orders_inbox") + timedelta(days=1)
    middle = con.value("SELECT quantile_disc(modified_at, 0.5) FROM main.orders_inbox WHERE shipstation_order_id > 0")
    passed = Passed(through, through)
    from_the_middle = Passes(passed, passed, since=middle)
    whole, rest = (compared(con, one).counted for one in (Passes(passed, passed), from_the_middle))
    assert 0 < rest["order"].keys < whole["order"].keys
    assert 0 < rest["shipped_item"].keys < whole["shipped_item"].keys
    assert 0 < rest["shipment"].keys < whole["shipment"].keys
    gone = "DELETE FROM shadow.orders_inbox WHERE shipstation_order_id = {0}"
    orders = "SELECT min(shipstation_order_id) FROM main.orders_inbox WHERE modified_at"
    parcels = "SELECT shipstation_order_id FROM main.shipments WHERE greatest(created_at, voided_at) > $middle"
    at = {"middle": middle}
    before = con.value(f"{orders} < $middle AND shipstation_order_id NOT IN ({parcels})", at)
    after = con.value(f"{orders} > $middle", at)
    with defect(lanes, gone.format(before)) as writing:
        assert named(compared(writing, from_the_middle).found) == set()
        assert parity.aggregates(writing, "main", SHADOW, from_the_middle)[1] == ()
    with defect(lanes, gone.format(after)) as writing:
        assert "order." in named(compared(writing, from_the_middle).found)


def test_two_versions_of_one_order_are_told_from_a_mistake(lanes: Database) -> None:
    order = first(("shipped_orders", "shipstation_order_id"), "true")
    older = f"UPDATE shadow.orders_inbox SET modified_at = modified_at - INTERVAL 1 HOUR WHERE {order}"  # noqa: S608
    with defect(lanes, older, f"UPDATE shadow.shipped_orders SET tracking_number = '?' WHERE {order}") as con:  # noqa: S608
        found = compared(con).found
        assert named(found) == {"order.modified_at", "shipped_order.tracking_number"}
        assert all(one.is_stale for one in found)
        assert {one.version_at for one in found} == {
            con.value(f"SELECT modified_at FROM main.orders_inbox WHERE {order}")  # noqa: S608
        }


def test_what_means_the_same_is_a_match_after_cleaning_and_counted(lanes: Database) -> None:
    spaced = update(ORDER, "ship_name = ship_name || ' '", "ship_name IS NOT NULL")
    turned = update(ITEM, "line_no = 100 - line_no", "true")
    emptied = "UPDATE shadow.orders_inbox SET ship_company = '' WHERE ship_company IS NULL"
    with defect(lanes, spaced, turned, emptied) as con:
        seen = compared(con)
        assert seen.found == ()
        assert seen.cleaned["order", "ship_name", "ends"] == 1
        assert seen.cleaned["order", "ship_company", "empty"] >= 1
        # The place of a line is no part of it, so turned lines are equal without any rule.
        assert {entity for entity, _, _ in seen.cleaned} == {"order"}


def test_an_order_that_a_side_has_left_out_on_purpose_was_routed_and_not_lost(lanes: Database) -> None:
    which = "(SELECT max(shipstation_order_id) FROM main.routing_log WHERE route = 'update')"
    skipping = "UPDATE shadow.routing_log SET route = 'skip', reason = 'no_key_sku'"
    left_out = f"{skipping} WHERE shipstation_order_id = {which}"
    gone = f"DELETE FROM shadow.orders_inbox WHERE shipstation_order_id = {which}"  # noqa: S608
    with defect(lanes, left_out, gone) as con:
        (order,) = (one for one in compared(con).found if one.entity == "order")
        assert (order.kind, order.control, order.candidate) == ("routed-differently", "there", "skip: no_key_sku")
    with defect(lanes, gone) as con:
        (order,) = (one for one in compared(con).found if one.entity == "order")
        assert (order.kind, order.control, order.candidate) == ("missing-candidate", "there", None)


@pytest.mark.parametrize(
    "sql",
    [
        lost("", SHIPPED_ITEM, PARCEL).sql,
        update(SHIPPED_ITEM, "quantity = quantity + 1", PARCEL),
        update(LABEL, "shipment_cost = shipment_cost + 0.01", "NOT voided"),
        update(LABEL, "voided = true", "NOT voided"),
        update(ORDER, "status = 'cancelled'", OPEN),
        update(SHIPPED_ITEM, "base_sku = 'x'", PARCEL),
        update(SHIPPED_ITEM, "ship_date = ship_date + 1", PARCEL),
        "DELETE FROM shadow.orders_inbox WHERE shipstation_order_id % 50 = 0",
    ],
)
def test_the_second_net_catches_it_by_sums_and_leaves_out_what_is_known(lanes: Database, sql: str) -> None:
    with defect(lanes, sql) as con:
        counted, sums = parity.aggregates(con, "main", SHADOW, None)
        assert counted.differing > 0
        assert {one.entity for one in sums} == {"aggregate"}
        ids = parity.differing_orders(con, "main", SHADOW)
        _, left = parity.aggregates(con, "main", SHADOW, None, leaving_out=ids)
        assert left == ()


def test_of_many_differing_keys_all_are_counted_and_some_are_read(lanes: Database) -> None:
    with defect(lanes, "UPDATE shadow.orders_inbox SET tracking_number = '?'") as con:
        seen = parity.compare(con, "main", SHADOW, None, most_keys=3)
        assert len(seen.found) == 3
        assert seen.counted["order"].is_cut
        assert seen.counted["order"].differing == seen.counted["order"].keys
        assert len(parity.differing_orders(con, "main", SHADOW)) == seen.counted["order"].keys


@pytest.mark.parametrize("name", ["", "Main", "shadow; DROP TABLE jobs", "a b", '"main"', "9", "main.orders_inbox"])
def test_a_lane_has_a_plain_name(lanes: Database, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a lane"):
        parity.compare(lanes.read(), "main", name, None)
    with pytest.raises(ValueError, match="no name of a lane"):
        parity.differing_orders(lanes.read(), name, "main")
    with pytest.raises(ValueError, match="no name of a lane"):
        parity.passed(lanes.read(), name, ["shipstation-sync"])


def test_an_engine_of_several_workflows_has_passed_what_the_slowest_has(lanes: Database) -> None:
    sync = parity.passed(lanes.read(), SHADOW, ["shipstation-sync"])
    assert sync.orders is not None
    assert sync.parcels is not None
    mark = "INSERT INTO shadow.sync_watermark (workflow_name, complete_through) VALUES ('{}', '{}')"
    first, second = mark.format("status-sync", NOON), mark.format("manual-order-sync", NOON - minutes(50))
    with defect(lanes, first) as con:
        assert parity.passed(con, SHADOW, ["status-sync", "manual-order-sync"]) == Passed(None, None)
    with defect(lanes, first, second) as con:
        both = parity.passed(con, SHADOW, ["status-sync", "manual-order-sync"])
        assert both == Passed(NOON - minutes(50), NOON - minutes(50))
