"""Cut-over and rollback killed with SIGKILL before every statement: the state is exactly as before, or as after."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from itertools import chain, count
from pathlib import Path
from typing import Any

import pytest

from shipsync.rules.deployment import LEGACY, UNIFIED, Change, State
from shipsync.store import deployment
from shipsync.store.db import open_database
from tests.house import House, a_house
from tests.procedures.closing_day import counted, shipped, waiting
from tests.procedures.migrating import both, go, ran, ready

ROOT = Path(__file__).parents[2]


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every schema of a database that nobody has open."""
    with open_database(path, threads=1) as db:
        con = db.read()
        tables = con.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY ALL"
        )
        return {
            f"{schema}.{table}": con.rows(f"SELECT * FROM {schema}.{table} ORDER BY ALL")  # noqa: S608 - our own names
            for schema, table in tables
        }


def with_both_sides_behind(house: House) -> None:
    """Each side has read what the other has not."""
    shipped(house, 3)
    house.wait(5)
    ran(house, *LEGACY)
    waiting(house, 2)
    house.wait(5)
    ran(house, UNIFIED)


@pytest.fixture(params=["cutover", pytest.param("rollback", marks=pytest.mark.sweep)])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Change, str]:
    """A database before the change, the change, and its instant."""
    change: Change = request.param
    path = tmp_path / "before.duckdb"
    with a_house(tmp_path, database=path) as house:
        counted(house, "17612", "250237", 1_000)
        shipped(house, 5)
        house.wait(5)
        ready(house)
        if change == "rollback":
            go(house, "cutover")
            both(house)
        with_both_sides_behind(house)
        now = house.clock.now().isoformat()
    return path, change, now


# One statement of so many always, each of them in the sweep.
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.sweep), 240])
def test_killed_before_any_statement_it_is_exactly_as_before_or_as_after(
    every: int, before: tuple[Path, Change, str], tmp_path: Path
) -> None:
    path, change, now = before
    was = contents(path)
    states: dict[Change, tuple[State, State]] = {
        "cutover": ("ready", "reverse_shadow"),
        "rollback": ("reverse_shadow", "off"),
    }
    target = tmp_path / "killed.duckdb"
    command = [sys.executable, "-m", "tests.procedures.deployment_process", str(target)]
    is_now: dict[str, list[tuple[Any, ...]]] = {}
    killed = {"before": 0, "after": 0}
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for at in chain([0], count(1, every)):
            for one in tmp_path.glob("killed.duckdb*"):
                one.unlink()
            shutil.copy(path, target)
            process.stdin.write(f"{now} {change} {at}\n")
            process.stdin.flush()
            ended = int(process.stdout.readline())
            found = contents(target)
            if at == 0:
                is_now = found
                assert ended == 0
                assert is_now != was
            elif ended == 0:
                break
            else:
                assert ended == -signal.SIGKILL, at
                assert found in (was, is_now), at
                killed["after" if found == is_now else "before"] += 1
                with open_database(target, threads=1) as db:
                    assert deployment.state_of(db.read()) == states[change][found == is_now]
        process.stdin.close()
    assert killed["before"] >= 100 // every + 1
    assert every > 1 or killed["after"] > 0
