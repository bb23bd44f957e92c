"""The unified sync in shadow mode writes its lane as it would write production, and leaves production alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from shipsync.rules.deployment import State
from shipsync.store.deployment import set_switches
from shipsync.store.lanes import OWN, SHADOW, lanes
from tests.house import NOON, SYNC, House, a_house, minutes

MORNING = NOON - minutes(8 * 60)

# What a run says of itself, whatever lane it writes.
_OF_RUNS = ("jobs", "job_steps", "runs", "sync_locks")


def goes_over_to(house: House, state: State) -> None:
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO parity_deployment (name, state, changed_at, changed_by)
            VALUES ('sync', $state, $now, 'test')
            ON CONFLICT (name) DO UPDATE SET state = excluded.state
            """,
            {"state": state, "now": house.clock.now()},
        )
        set_switches(con, state, "test", house.clock.now())


def production(house: House) -> str:
    """A statement that tells each table of production by a sum over its rows, but for what runs say of themselves."""
    tables = house.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY ALL")
    told = [name for (name,) in tables if name not in _OF_RUNS and not name.startswith("parity_")]
    without = {"workflow_controls": " EXCLUDE (last_run_at)"}
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*), sum(hash(t)) FROM (SELECT *{without.get(name, '')} FROM main.{name}) t"  # noqa: S608
        for name in told
    )


def told_apart(house: House, question: str) -> dict[str, tuple[Any, ...]]:
    return {name: rest for name, *rest in house.rows(question)}  # type: ignore[misc]


def in_lane(house: House, sql: str) -> list[tuple[Any, ...]]:
    return house.app.db.read(SHADOW).rows(sql)


def lives(house: House, runs: int, every: float, *, is_watched: bool) -> None:
    """Let people work; every sync is looked at by what production is before and after it."""
    question = production(house)
    for number in range(runs):
        house.wait(every)
        if number % 3 == 0:
            house.import_shop()
            house.upload()
        before = told_apart(house, question) if is_watched else {}
        assert "disabled" not in house.sync()
        if is_watched:
            assert told_apart(house, question) == before


@pytest.mark.parametrize(
    ("runs", "every"), [pytest.param(3, 150.0, id="3"), pytest.param(1000, 10.0, id="1000", marks=pytest.mark.sweep)]
)
def test_runs_in_shadow_leave_production_as_it_is(tmp_path: Path, runs: int, every: float) -> None:
    with a_house(tmp_path, orders_per_day=80, seed=11, start=MORNING) as house:
        lives(house, 2, 120, is_watched=False)
        assert house.rows("SELECT count(*) > 0 FROM shipped_items") == [(True,)]
        goes_over_to(house, "shadow_live")
        lives(house, runs, every, is_watched=True)
        assert in_lane(house, "SELECT count(DISTINCT source_system) FROM orders_inbox WHERE status = 'shipped'") == [
            (2,)
        ]
        assert in_lane(house, "SELECT count(*) > 0 FROM shipments WHERE voided") == [(True,)]
        assert in_lane(house, "SELECT count(*) > 0 FROM routing_log WHERE shipstation_status = 'on_hold'") == [(True,)]
        assert house.rows("SELECT max(applied_at) < $now FROM main.readings", now=house.clock.now()) == [(True,)]


@pytest.mark.parametrize(
    ("rounds", "every"), [pytest.param(2, 240.0, id="2"), pytest.param(60, 30.0, id="60", marks=pytest.mark.sweep)]
)
def test_a_lane_filled_from_nothing_holds_what_production_would(tmp_path: Path, rounds: int, every: float) -> None:
    """The same world twice: once the unified sync writes production, once its lane."""
    contents = []
    for state, schema in (("done", "main"), ("shadow_live", SHADOW)):
        folder = tmp_path / "life"
        with a_house(folder, orders_per_day=40, seed=12, start=MORNING) as house:
            goes_over_to(house, state)  # type: ignore[arg-type]
            for _ in range(rounds):
                house.wait(every)
                house.loop()
            assert lanes(house.app.db.read()) == ([] if schema == "main" else [SHADOW])
            question = "SELECT * FROM {0}.{1} {2} ORDER BY ALL"
            held = "WHERE kind NOT IN ('shop_order', 'shop_change', 'order_file', 'upload')"
            contents.append(
                {
                    name: house.rows(question.format(schema, name, held if name == "quarantine" else ""))
                    for name in OWN - {"migration_log"}  # counted on from what was done to production
                }
            )
        shutil.rmtree(folder)
    for name, rows in contents[0].items():
        assert contents[1][name] == rows, name
    assert all(contents[0][name] for name in ("orders_inbox", "shipped_items", "inventory_transactions", "stores"))


def test_a_sync_rests_or_writes_a_lane_until_it_is_cut_over(house: House) -> None:
    for state, where in (("off", None), ("shadow_replay", SHADOW), ("ready", SHADOW), ("reverse_shadow", "main")):
        goes_over_to(house, state)  # type: ignore[arg-type]
        house.wait()
        job = house.job(SYNC)
        assert job.status == "succeeded"
        assert bool((job.result or {}).get("disabled")) == (where is None)
        read = {
            schema: house.rows(f"SELECT max(complete_through) FROM {schema}.sync_watermark")[0][0]  # noqa: S608
            for schema in ("main", *lanes(house.app.db.read()))
        }
        now = house.clock.now()
        assert {schema for schema, through in read.items() if through == now} == ({where} if where else set())
