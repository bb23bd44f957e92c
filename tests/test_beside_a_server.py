"""The command line beside a running server: it finds it, has it do the work, and does without it when it is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from shipsync.__main__ import main
from shipsync.doors.server import address_file
from shipsync.sandbox.faults import too_many
from tests.browser.serving import ROOT, Served, Warehouse, free_port

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A server that is not stopped by a test. It asks for a token."""
    warehouse = Warehouse(tmp_path_factory.mktemp("beside"))
    warehouse.environment["SHIPSYNC_API_TOKEN"] = TOKEN
    warehouse.served = Served(warehouse.served.folder, warehouse.environment)
    warehouse.served.start()
    yield warehouse
    warehouse.stop()


@pytest.fixture
def beside(shared: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The same, with this process's settings set to its."""
    set_as(shared, monkeypatch)
    return shared


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """A server for one test, which may end it."""
    warehouse = Warehouse(tmp_path)
    set_as(warehouse, monkeypatch)
    warehouse.served.start()
    yield warehouse
    warehouse.stop()


def settings_of(warehouse: Warehouse) -> dict[str, str]:
    """What a command needs to work on the same installation."""
    return {"SHIPSYNC_DATABASE": str(warehouse.served.database), **warehouse.environment}


def set_as(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_of(warehouse).items():
        monkeypatch.setenv(name, value)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


def answered(capsys: pytest.CaptureFixture[str]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def asked(warehouse: Warehouse, path: str) -> Any:
    return requests.get(warehouse.url + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).json()


def test_a_sync_is_done_by_the_server(beside: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    beside.world.place_manual_order("100901")
    assert main(["sync"]) == 0
    text = said(capsys)
    assert "imported: " in text
    assert "shipstation-sync succeeded in " in text
    newest = next(one for one in asked(beside, "/api/jobs")["jobs"] if one["kind"] == "shipstation-sync")
    assert newest["status"] == "succeeded"


def test_a_sync_of_everything_waits_for_a_plain_one(beside: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    requests.post(beside.url + "/api/sync/sync", json={}, headers=headers, timeout=10)
    assert main(["sync", "--everything", "--json"]) == 0
    job_id = answered(capsys)["job_id"]
    assert asked(beside, f"/api/jobs/{job_id}")["arguments"] == {"everything": True}


def test_every_job_command_prints_what_it_prints_without_a_server(
    beside: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(ROOT / "tests" / "samples" / "xcart_orders_example.xml"), "--json"]) == 0
    # The third waits for a bundle that only the sandbox's catalogue knows.
    assert answered(capsys)["counts"]["new"] == 2
    assert main(["upload"]) == 0
    assert "shipstation-upload is disabled and did nothing" in said(capsys)
    assert main(["cleanup", "--dry-run"]) == 0
    assert "would leave the inbox" in said(capsys)
    assert main(["backup", str(tmp_path / "kept.duckdb")]) == 0
    assert (tmp_path / "kept.duckdb").exists()
    bad = tmp_path / "products.csv"
    bad.write_text("sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n,Nothing,maybe,x,,\n")
    assert main(["load", "products", str(bad)]) == 1
    assert "line 2" in said(capsys).lower()
    assert main(["import", str(tmp_path / "none.xml")]) == 1
    assert "none.xml" in said(capsys)


def test_questions_are_answered_by_the_server(beside: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert f"shipsync runs at {beside.url}." in said(capsys)
    assert main(["jobs", "--limit", "1"]) == 0
    assert len(said(capsys).splitlines()) == 1
    assert main(["doctor"]) == 0
    assert "Nothing wrong was found." in said(capsys)
    assert main(["workflow", "disable", "orders-cleanup"]) == 0
    assert "off  orders-cleanup" in said(capsys)
    assert main(["workflow", "enable", "orders-cleanup"]) == 0
    assert "on   orders-cleanup" in said(capsys)
    assert main(["workflow", "enable", "orders-cleanpu"]) == 2
    assert "There are: " in said(capsys)
    assert main(["parity", "status"]) == 0
    assert "shipstation-sync: writes production." in said(capsys)
    named = ["--by", "Ann", "--reason", "as planned"]
    assert main(["parity", "cutover", *named]) == 1
    assert "goes from ready; the deployment is done." in said(capsys)
    assert main(["parity", "rollback", *named, "--dry-run"]) == 0
    assert "nothing is changed: the deployment goes from done to off." in said(capsys)


def test_another_token_than_the_servers_is_wrong_usage(
    beside: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIPSYNC_API_TOKEN", "another")
    assert main(["sync"]) == 2
    assert "SHIPSYNC_API_TOKEN" in said(capsys)


def test_nothing_is_restored_under_a_running_server(
    beside: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", str(tmp_path / "kept.duckdb")]) == 3
    assert f"shipsync runs at {beside.url}" in said(capsys)


def test_prometheus_is_answered_with_the_token_only(beside: Warehouse) -> None:
    assert requests.get(beside.url + "/metrics", timeout=10).status_code == 401
    answer = requests.get(beside.url + "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert answer.status_code == 200
    assert "shipsync_working 1.0" in answer.text


def test_a_second_server_on_the_same_file_ends_with_one_sentence(beside: Warehouse) -> None:
    second = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"SHIPSYNC_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 3
    assert "is in use by process" in second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    assert beside.served.is_well()


@pytest.mark.sweep
def test_ctrl_c_leaves_the_job_running_and_sigterm_ends_it_well(
    own: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    own.wait_for("the first sync", lambda: main(["jobs"]) == 0 and "sync.1       succeeded" in said(capsys))
    own.faults.add("orders", too_many(reset_s=60))
    command = [sys.executable, "-m", "shipsync", "sync"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell that runs tests in the background has them ignore Ctrl-C, and what they start would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as sync:
        job = "/api/jobs/shipstation-sync.2"
        # It waits for the minute that ShipStation asked for.
        own.wait_for("the wait", lambda: "429" in own.served.log())
        sync.send_signal(signal.SIGINT)
        output, _ = sync.communicate()
    assert sync.returncode == 130, output
    assert f"goes on in the server at {own.url}" in output
    assert own.served.get(job)["status"] == "running"

    assert own.served.stop(signal.SIGTERM) in (0, -signal.SIGTERM)

    assert "Traceback" not in own.served.log()
    assert not address_file(own.served.database).exists()
    assert not own.served.database.with_name(own.served.database.name + ".wal").exists()
    assert main(["jobs", "--json"]) == 0
    assert answered(capsys)["jobs"][0]["status"] == "interrupted"
    own.faults.clear()
    assert main(["sync"]) == 0


def test_after_a_kill_the_command_line_does_without_the_server_and_the_next_one_is_found(
    own: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    own.served.stop(signal.SIGKILL)
    assert address_file(own.served.database).exists()
    assert main(["sync"]) == 0
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["server"] is None

    own.served.start()

    assert main(["status", "--json"]) == 0
    assert answered(capsys)["server"] == own.url
