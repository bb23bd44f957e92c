"""The stored answers are the whole truth: replayed into an empty database they give the same tables (I13, I14)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shipsync.config import load_settings
from shipsync.procedures.replay import replay
from shipsync.runtime import App, Clock, prepare_database
from shipsync.sandbox import faults as f
from shipsync.store import quarantine
from shipsync.store.db import Database, open_database
from tests.house import IMPORT, NOON, SYNC, House, a_house

# Before the first person comes to work.
MORNING = NOON - timedelta(hours=8)
APPLIED = ("orders_inbox", "order_items_inbox", "shipstation_order_line_items", "shipments", "shipment_items",
           "fulfillments", "shipped_orders", "shipped_items", "inventory_transactions", "routing_log",
           "sync_watermark")  # fmt: skip


@contextmanager
def an_empty_database() -> Iterator[Database]:
    """A new database with the first contents of every other."""
    with open_database(None) as db:
        prepare_database(db, load_settings({}, None), NOON)
        yield db


def contents(db: Database, names: tuple[str, ...] = APPLIED) -> dict[str, list[tuple[Any, ...]]]:
    return {name: db.read().rows(f"SELECT * FROM {name} ORDER BY ALL") for name in names}  # noqa: S608 - our tables


def held(db: Database) -> list[tuple[str, str, str]]:
    return sorted((one.entry.kind, one.entry.entity_id, one.entry.reason) for one in quarantine.open_entries(db.read()))


def lived(house: House, hours: float, every: float = 30) -> None:
    """Let people work, and sync now and then."""
    for _ in range(round(hours * 60 / every)):
        house.wait(every)
        assert house.job(SYNC).status in ("succeeded", "failed")


def test_all_pages_replayed_into_an_empty_database_give_the_same_tables(tmp_path: Path) -> None:
    with a_house(tmp_path, orders_per_day=300, seed=7, start=MORNING) as house, an_empty_database() as target:
        house.sync()
        lived(house, 4)
        house.faults.add("shipments", f.error(500), times=40)
        lived(house, 2)
        house.faults.clear()
        house.faults.add("orders", f.lost_answer(), share=0.2)
        house.faults.lag(200, share=0.3)
        lived(house, 3)
        assert len(house.rows("SELECT * FROM orders_inbox")) > 20
        assert house.rows("SELECT count(*) > 0 FROM shipped_items") == [(True,)]
        runs = replay(house.app.db, target, SYNC, settings=house.app.settings)
        assert runs > 10
        live, again = contents(house.app.db), contents(target)
        for name in APPLIED:
            assert again[name] == live[name], name
        assert held(target) == held(house.app.db)


@pytest.mark.sweep
def test_a_replay_meets_the_shop_orders_that_are_in_the_target(tmp_path: Path) -> None:
    """What the upload had told, the replayed orders tell by their key."""
    with a_house(tmp_path, orders_per_day=100, seed=8, start=MORNING) as house, an_empty_database() as target:
        for _ in range(8):
            house.wait(60)
            house.loop()
        copied = tmp_path / "again"
        shutil.copytree(tmp_path / "shop", copied)
        clock = Clock(house.clock.now, house.clock.sleep, lambda: 0.0)
        app = App(house.app.settings, target, {"order_files": copied}, clock)
        assert app.run_now(IMPORT, {}, "test").status == "succeeded"
        replay(house.app.db, target, SYNC, settings=house.app.settings)
        columns = """
            SELECT order_key, order_number, source_system, status, shipstation_order_id, shipping_carrier_code,
                   shipping_carrier_id, shipping_service_code, shipping_service_name, tracking_number, ship_name,
                   modified_at, content_hash
            FROM orders_inbox
            WHERE modified_at IS NOT NULL
            ORDER BY order_key
        """
        live = house.rows(columns)
        assert {row[2] for row in live} == {"X-Cart", "ShipStation Manual"}
        assert target.read().rows(columns) == live
        for name in ("shipments", "shipped_items", "shipstation_order_line_items"):
            assert contents(target, (name,)) == contents(house.app.db, (name,)), name


def test_a_replay_twice_over_gives_the_same_database(tmp_path: Path) -> None:
    with a_house(tmp_path, orders_per_day=100, seed=9, start=MORNING) as house:
        house.sync()
        lived(house, 3)
        twice = []
        for _ in range(2):
            with an_empty_database() as target:
                replay(house.app.db, target, SYNC, settings=house.app.settings)
                twice.append(contents(target))
        assert twice[0] == twice[1]


@pytest.mark.sweep
def test_the_same_seed_gives_the_same_content(tmp_path: Path) -> None:
    """Not only the sync's tables: whatever is stored, runs and pages included, but for what is random on purpose."""
    everything = (*APPLIED, "quarantine", "readings", "api_pages", "tombstones", "order_files", "feed_marks",
                  "migration_log")  # fmt: skip
    lives = []
    for _ in range(2):
        folder = tmp_path / "life"
        with a_house(folder, orders_per_day=100, seed=10, start=MORNING) as house:
            for _ in range(4):
                house.wait(60)
                house.loop()
            lives.append(contents(house.app.db, everything))
        shutil.rmtree(folder)
    for name in everything:
        assert lives[0][name] == lives[1][name], name
