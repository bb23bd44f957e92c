"""The way there and back is rehearsed on a copy: production stays as it is, and the gate reads what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipsync.errors import Unusable
from shipsync.procedures import parity_drill
from shipsync.procedures.deployment import rehearse
from shipsync.procedures.parity import BY_SCHEDULE
from shipsync.rules.deployment import UNIFIED
from shipsync.store import gates, rehearsal
from tests.house import House, a_house
from tests.procedures.closing_day import counted, shipped, waiting
from tests.procedures.migrating import go, off, ran, shadow, state


def everything(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """What every table of every schema comes to, but for what jobs say of themselves."""
    tables = house.rows("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL")
    of_jobs = {"jobs", "job_steps", "runs", "sync_locks", "workflow_controls"}
    return {
        f"{schema}.{name}": house.rows(f"SELECT count(*), sum(hash(t)) FROM {schema}.{name} t")  # noqa: S608
        for schema, name in tables
        if name not in of_jobs
    }


def test_there_is_nothing_to_rehearse_while_one_side_alone_works_nor_without_a_file(house: House) -> None:
    assert house.job(parity_drill.WORKFLOW).result == {
        "rehearsed": False, "sentence": "nothing to rehearse: one side alone does the work",
    }  # fmt: skip
    off(house)
    go(house, "begin")
    assert "has no backup to rehearse with" in str(house.job(parity_drill.WORKFLOW).error)
    told = gates.facts(house.app.db.read(), house.clock.now()).rehearsal
    assert told is not None
    assert "has no backup" in str(told.error)
    with pytest.raises(Unusable, match="in a copy of the database only"):
        rehearse(house.app.db, "cutover", house.app.settings.zone, house.clock.now())


def test_cut_over_and_rollback_are_rehearsed_on_a_copy_and_production_stays(tmp_path: Path) -> None:
    with a_house(tmp_path, database=tmp_path / "shipsync.duckdb") as house:
        counted(house, "17612", "250237", 1_000)
        shipped(house, 5)
        house.wait(5)
        assert house.job("backup", {"path": str(tmp_path / "kept" / "early.duckdb")}).status == "succeeded"
        shadow(house)
        by_schedule = house.app.run_now(parity_drill.WORKFLOW, {}, BY_SCHEDULE)
        assert (by_schedule.status, by_schedule.result) == (
            "succeeded", {"rehearsed": False, "sentence": "nothing to rehearse until a backup holds both sides"},
        )  # fmt: skip
        assert "from before both sides ran" in str(house.job(parity_drill.WORKFLOW).error)
        waiting(house, 2)
        house.wait(5)
        ran(house, UNIFIED)  # it knows one order more
        copied = house.job("backup", {"path": str(tmp_path / "kept" / "copy.duckdb")})
        assert copied.status == "succeeded", copied.error
        before = everything(house)
        done = house.job(parity_drill.WORKFLOW)
        assert done.status == "succeeded", done.error
        told = dict(done.result or {})
        assert "on a copy, nothing lost or doubled" in told["sentence"]
        assert (told["rehearsed"], told["with"], told["lost"], told["broken"]) == (True, "copy.duckdb", 0, 0)
        assert (told["orders"], told["parcels"], told["units"]) == ([1, 2], [0, 1], [995, 995])
        assert told["cutover rows"] > 0
        assert everything(house) == before
        assert state(house) == "shadow_replay"
        assert [one.name for one in tmp_path.iterdir() if "rehearsal" in one.name] == []
        kept = gates.facts(house.app.db.read(), house.clock.now()).rehearsal
        assert kept is not None
        assert (kept.error, set(kept.took), kept.lost) == (None, {"cutover", "rollback"}, 0)


def test_what_a_change_loses_in_the_copy_is_told(house: House) -> None:
    shipped(house, 5)
    house.wait(5)
    house.sync()
    with house.app.db.transaction() as con:
        rehearsal.remember(con)
        assert list(rehearsal.lost(con)) == []
        con.execute("DELETE FROM shipments")
        (label,) = rehearsal.lost(con)
    assert label.startswith("label ")
