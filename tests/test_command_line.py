"""The command line: what each command prints, and honest exit codes (DESIGN section 5)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shipsync.__main__ import main
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World
from shipsync.store.db import open_database

ROOT = Path(__file__).parent.parent


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of an installation without any other setting: the sandbox."""
    path = tmp_path / "shipsync.duckdb"
    monkeypatch.setenv("SHIPSYNC_DATABASE", str(path))
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


def answered(capsys: pytest.CaptureFixture[str]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_sync_without_settings_runs_against_the_sandbox_and_says_what_it_did(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync"]) == 0
    text = said(capsys)
    assert "made-up world" in text
    assert "Starting 30 days back" in text
    assert "imported: " in text
    assert "skipped: not_manual: " in text
    assert "Mark: not set -> 20" in text
    assert "shipstation-sync succeeded in " in text


def test_a_second_sync_goes_on_from_the_mark(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync"]) == 0
    assert main(["sync"]) == 0
    assert "Started. The mark is 20" in said(capsys)


def test_the_loop_from_file_to_shipstation_and_back(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = ROOT / "tests" / "samples" / "xcart_orders_example.xml"
    assert main(["import", str(sample), "--json"]) == 0
    assert answered(capsys)["counts"]["new"] == 3
    assert main(["upload", "--json"]) == 0
    assert answered(capsys)["counts"]["uploaded"] == 3
    assert main(["sync", "--json"]) == 0
    assert answered(capsys)["counts"]["updated"] == 3
    assert main(["status", "--json"]) == 0
    assert answered(capsys)["orders"]["awaiting_shipment"] >= 3


def test_with_settings_it_runs_against_that_server(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    world = World(3, now, orders_per_day=0)
    world.place_manual_order("100777", [("17612 - 250237", 2)])
    with Server(world, lambda: datetime.now(UTC), key="k", secret="s") as server:
        monkeypatch.setenv("SHIPSYNC_SHIPSTATION_URL", server.url)
        monkeypatch.setenv("SHIPSYNC_SHIPSTATION_KEY", "k")
        monkeypatch.setenv("SHIPSYNC_SHIPSTATION_SECRET", "s")
        assert main(["sync", "--json"]) == 0
        assert answered(capsys)["counts"]["imported"] == 1
        assert main(["upload"]) == 0
        assert "shipstation-upload is disabled and did nothing" in said(capsys)


def test_a_refused_key_fails_with_1_and_never_shows_the_secret(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    with Server(World(3, now, orders_per_day=0), lambda: datetime.now(UTC), key="k", secret="right") as server:
        monkeypatch.setenv("SHIPSYNC_SHIPSTATION_URL", server.url)
        monkeypatch.setenv("SHIPSYNC_SHIPSTATION_KEY", "k")
        monkeypatch.setenv("SHIPSYNC_SHIPSTATION_SECRET", "canary-secret")
        assert main(["sync"]) == 1
    text = said(capsys)
    assert "401" in text
    assert "canary" not in text
    with open_database(database) as db:
        assert "canary" not in str(db.read().rows("SELECT * FROM runs")) + str(db.read().rows("SELECT * FROM jobs"))


def test_wrong_settings_end_with_2_and_every_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIPSYNC_PORT", "0")
    monkeypatch.setenv("SHIPSYNC_DATABSE", "x")
    assert main(["sync"]) == 2
    text = said(capsys)
    assert "SHIPSYNC_PORT" in text
    assert "Did you mean SHIPSYNC_DATABASE?" in text


def test_a_sandbox_database_is_refused_for_a_real_account(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync"]) == 0
    monkeypatch.setenv("SHIPSYNC_SHIPSTATION_KEY", "k")
    monkeypatch.setenv("SHIPSYNC_SHIPSTATION_SECRET", "s")
    assert main(["sync"]) == 2
    assert "This database belongs to sandbox" in said(capsys)


def test_a_database_that_another_process_holds_ends_with_3(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = (
        "import sys; from pathlib import Path; from shipsync.store.db import open_database;"
        f"db = open_database(Path({str(database)!r})); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert main(["sync", "--json"]) == 3
        assert str(holder.pid) in answered(capsys)["error"]
        holder.communicate()


def test_a_disabled_workflow_says_so_and_does_nothing(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflow", "disable", "shipstation-sync"]) == 0
    assert main(["sync", "--json"]) == 0
    assert answered_last(capsys)["result"]["disabled"] is True
    with open_database(database) as db:
        assert db.read().rows("SELECT count(*) FROM api_pages") == [(0,)]


def answered_last(capsys: pytest.CaptureFixture[str]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def test_an_unknown_workflow_is_wrong_usage(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflow", "enable", "shipstation-snyc"]) == 2
    assert "There are: " in said(capsys)


def test_a_missing_file_fails_with_1_and_says_which(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(database.parent / "none.xml")]) == 1
    assert "none.xml" in said(capsys)


def test_a_backup_is_restored_and_the_sync_goes_on_from_its_mark(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = database.parent / "kept.duckdb"
    assert main(["sync"]) == 0
    assert main(["backup", str(kept)]) == 0
    database.unlink()
    assert main(["restore", str(kept)]) == 0
    with open_database(database) as db:
        assert db.read().rows("SELECT changed_by, action, subject, after FROM audit_log") == [
            ("command line", "database restored", database.name, str(kept))
        ]
    assert main(["doctor"]) == 0
    capsys.readouterr()
    assert main(["sync"]) == 0
    assert "Started. The mark is 20" in said(capsys)


def test_loading_a_bad_file_names_each_line_and_keeps_nothing(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = database.parent / "products.csv"
    file.write_text(
        "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n20001,Soap,yes,,,\n,Nothing,maybe,x,,\n"
    )
    assert main(["load", "products", str(file)]) == 1
    assert "line 3" in said(capsys).lower()
    with open_database(database) as db:
        assert db.read().rows("SELECT * FROM products WHERE sku = '20001'") == []


def test_opening_stock_and_weekly_history_are_loaded(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stock, weeks = database.parent / "stock.csv", database.parent / "weeks.csv"
    stock.write_text("sku,lot,quantity,as_of\n17612,250237,1200,2025-12-31\n17612,,40,2025-12-31 13:30\n")
    weeks.write_text("start_date,end_date,sku,quantity_shipped\n2024-12-30,2025-01-05,17612,480\n")
    assert main(["load", "opening-stock", str(stock), "--json"]) == 0
    assert answered(capsys)["counts"] == {"rows read": 2, "counts entered": 2}
    assert main(["load", "weekly-history", str(weeks)]) == 0
    assert "1 rows of weekly-history read, 1 weekly figures changed." in said(capsys)
    assert main(["load", "opening-stock", str(stock)]) == 1
    assert "line 2: sku: 17612 - 250237 was loaded already" in said(capsys)
    with open_database(database) as db:
        assert db.read().rows("SELECT current_quantity FROM inventory_current WHERE sku = '17612'") == [(1240,)]


def test_a_day_is_closed_and_one_that_has_not_come_is_not(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eod", "--json"]) == 0
    closed = answered(capsys)
    assert closed["result"]["sentence"].startswith("Physical count ready: ")
    assert main(["eod", "--date", "2999-12-31"]) == 1
    assert "has not come yet, so it cannot be closed." in said(capsys)
    with pytest.raises(SystemExit) as ended:
        main(["eod", "--date", "20 Nov"])
    assert ended.value.code == 2
    assert "20 Nov: must be a day like 2026-11-20" in said(capsys)


def test_rates_are_loaded_and_a_month_that_has_not_come_is_not_closed(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = database.parent / "rates.csv"
    card.write_text("rate,amount,effective_from\norder,2.5,2026-01-01\nunit,0.85,2026-01-01\n")
    assert main(["load", "rates", str(card), "--json"]) == 0
    assert answered(capsys)["counts"] == {"rows read": 2, "rates changed": 2}
    card.write_text("rate,amount,effective_from\norder,2.75,2026-01-01\npick,1,2026-01-01\n")
    assert main(["load", "rates", str(card)]) == 1
    assert "line 3" in said(capsys).lower()
    with open_database(database) as db:
        assert db.read().rows("SELECT amount FROM rates WHERE rate = 'order'") == [(Decimal("2.5"),)]
    assert main(["eom", "--date", "2999-12-31", "--reason", "It is a test."]) == 1
    assert "has not come yet, so it cannot be closed." in said(capsys)


def test_cleanup_has_a_dry_run(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "--dry-run"]) == 0
    assert "would leave the inbox" in said(capsys)


def test_the_newest_jobs_are_listed(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upload"]) == 0
    assert main(["jobs"]) == 0
    assert "shipstation-upload.1" in said(capsys)


@pytest.mark.parametrize(
    "command",
    ["sync", "import", "upload", "eod", "eow", "eom", "cleanup", "status", "jobs", "workflow", "backup", "restore",
     "load", "simulate", "doctor"],
)  # fmt: skip
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["shipsync.__main__", "shipsync.desk.there"])
def test_help_and_a_command_beside_a_server_need_nothing_heavy(what: str) -> None:
    heavy = {"streamlit", "duckdb", "pandas", "pyarrow", "apscheduler", "starlette"}
    script = f"import sys, {what}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_deployment_is_told_and_changed_with_a_name_a_reason_and_honest_codes(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parity", "status"]) == 0
    assert "shipstation-sync: writes production." in said(capsys)
    assert main(["parity", "cutover"]) == 2
    assert "--by and --reason" in said(capsys)
    named = ["--by", "Ann", "--reason", "as planned"]
    assert main(["parity", "cutover", *named]) == 1
    assert "goes from ready; the deployment is done." in said(capsys)
    assert main(["parity", "rollback", *named, "--dry-run"]) == 0
    assert "nothing is changed: the deployment goes from done to off." in said(capsys)
    assert main(["parity", "rollback", *named, "--json"]) == 0
    assert answered(capsys)["after"] == "off"
    assert main(["parity", "status", "--json"]) == 0
    told = answered(capsys)
    assert (told["state"], told["writers"], told["by"]) == ("off", ["manual-order-sync", "status-sync"], "Ann")
    # What brings ShipStation's news in is whoever writes production.
    assert main(["sync", "--json"]) == 0
    assert [job["job_id"] for job in answered(capsys)["jobs"]] == ["manual-order-sync.1", "status-sync.1"]
