"""The wiring: what an open application does that no room does alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shipsync.config import load_settings
from shipsync.jobs import queue
from shipsync.runtime import App, Clock, open_app, open_door, prepare_database
from shipsync.sandbox.clock import VirtualClock
from shipsync.sandbox.faults import Faults, too_many
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World
from shipsync.store import jobs as jobs_store
from shipsync.store.db import Database, open_database
from shipsync.store.settings import set_setting
from tests.house import NOON, SYNC, House


def test_a_cancel_ends_a_wait_for_shipstation(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    faults = Faults()
    faults.add("orders", too_many(reset_s=60))
    world = World(1, NOON, orders_per_day=0)
    with Server(world, clock.now, faults=faults) as server, open_database(None) as db:
        settings = load_settings({}, None)
        prepare_database(db, settings, NOON)
        asked = queue.enqueue(db, SYNC, {}, "test", NOON)

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            queue.cancel(db, asked.job_id, "somebody", clock.now())

        time = Clock(clock.now, sleep, lambda: clock.now().timestamp())
        app = App(settings, db, {"shipstation": open_door(server.url, "sandbox", "sandbox", time)}, time)
        job = app.run_now(SYNC, {}, "test")
        assert job.status == "cancelled"
        assert len(server.asked("orders")) == 1
        assert clock.now() - NOON < (NOON.replace(minute=1) - NOON)


def test_the_share_of_the_limit_is_a_setting(tmp_path: Path) -> None:
    settings = load_settings({"SHIPSYNC_DATABASE": str(tmp_path / "x.duckdb")}, None)
    clock = VirtualClock(datetime.now(UTC))
    time = Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())
    with open_app(settings, time) as app, app.db.transaction() as con:
        set_setting(con, "requests_per_minute", "3", "test", clock.now())
    with open_app(settings, time) as app:
        before = clock.now()
        assert app.run_now(SYNC, {}, "test").status == "succeeded"
        door = app.doors["shipstation"]
        # At least six requests at three a minute: the clock was made to wait.
        assert door.requests.total() >= 6
        assert (clock.now() - before).total_seconds() > 30


def test_a_run_keeps_what_it_did_and_how_far_it_read(house: House) -> None:
    house.world.place_manual_order("100521")
    house.sync()
    [(run_id, status, mark_from, mark_to, requests)] = house.rows(
        "SELECT run_id, status, mark_from, mark_to, requests FROM runs WHERE workflow_name = 'shipstation-sync'"
    )
    assert (run_id, status, mark_from) == ("shipstation-sync.1", "succeeded", None)
    assert mark_to == house.mark()[1]
    assert requests == len(house.server.requests)


def test_the_sandboxs_shop_never_writes_into_a_watched_folder(tmp_path: Path) -> None:
    watched = tmp_path / "real"
    watched.mkdir()
    (watched / "orders.xml").write_text("<orders/>")
    environment = {"SHIPSYNC_DATABASE": str(tmp_path / "x.duckdb"), "SHIPSYNC_ORDER_FILES": str(watched)}
    with open_app(load_settings(environment, None)) as app:
        assert app.doors["order_files"] == watched
        assert app.run_now("xml-import", {}, "test").status == "succeeded"
    assert (watched / "orders.xml").read_text() == "<orders/>"


def test_the_nightly_backup_makes_one_verified_file_a_day(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    time = Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())
    with open_app(load_settings({"SHIPSYNC_DATABASE": str(tmp_path / "x.duckdb")}, None), time) as app:
        for _ in range(2):
            job = app.run_now("backup", {}, "test")
            assert job.status == "succeeded", job.error
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["x-2026-09-16.duckdb"]


def test_of_the_nightly_backups_only_its_own_old_ones_go(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    time = Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())
    folder = tmp_path / "backups"
    folder.mkdir()

    def made(db: Database, name: str, arguments: Mapping[str, object]) -> None:
        (folder / name).write_bytes(b"a copy")
        with db.transaction() as con:
            job_id = jobs_store.add_job(con, "backup", arguments, "test", NOON)
            result = {"path": str(folder / name), "rows": 1}
            jobs_store.end_job(con, job_id, None, "succeeded", NOON, result=result)

    with open_app(load_settings({"SHIPSYNC_DATABASE": str(tmp_path / "x.duckdb")}, None), time) as app:
        nights = [f"x-{NOON - timedelta(days=back):%Y-%m-%d}.duckdb" for back in range(1, 100)]
        for name in nights:
            made(app.db, name, {})
        made(app.db, "x-2026-01-02.duckdb", {"path": str(folder / "x-2026-01-02.duckdb")})
        (folder / "x-2026-01-01.duckdb").write_bytes(b"somebody's own")
        named = tmp_path / "named.duckdb"
        assert app.run_now("backup", {"path": str(named)}, "test").status == "succeeded"
        assert len(list(folder.iterdir())) == 101
        job = app.run_now("backup", {}, "test")
        assert job.status == "succeeded", job.error
        assert job.result is not None
        assert (job.result["path"], job.result["let go"]) == (str(folder / "x-2026-09-16.duckdb"), 100 - 14 - 5)
        assert app.run_now("backup", {}, "test").status == "succeeded"
    there = {path.name for path in folder.iterdir()}
    assert there >= {"x-2026-09-16.duckdb", *nights[:13], "x-2026-01-01.duckdb", "x-2026-01-02.duckdb"}
    assert len(there) == 14 + 5 + 2
    assert named.exists()


def test_a_command_is_carried_out_though_a_job_of_its_kind_waits_with_other_arguments(house: House) -> None:
    waiting = queue.enqueue(house.app.db, SYNC, {}, "schedule", NOON)
    job = house.job(SYNC, {"everything": True})
    assert job.job_id != waiting.job_id
    assert (job.status, job.arguments) == ("succeeded", {"everything": True})
    assert house.rows("SELECT count(*) FROM jobs WHERE status = 'succeeded'") == [(2,)]
