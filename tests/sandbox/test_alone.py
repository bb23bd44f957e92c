"""`python -m shipsync.sandbox` serves until it is told to stop, and keeps what was done."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import requests

from tests.sandbox.calling import a_document

ROOT = Path(__file__).parents[2]


def test_it_serves_until_it_is_told_to_stop_and_keeps_what_was_uploaded(tmp_path: Path) -> None:
    totals = []
    for _ in range(2):
        command = [sys.executable, "-m", "shipsync.sandbox", "--port", "0", "--orders-per-day", "0"]
        with subprocess.Popen(
            [*command, "--state", str(tmp_path), "--shop-folder", str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            [url] = re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            with requests.Session() as session:
                session.auth = ("sandbox", "sandbox")
                session.post(f"{url}/orders/createorders", json=[a_document(), a_document("700025")], timeout=10)
                totals.append(session.get(f"{url}/orders", timeout=10).json()["total"])
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
    assert totals == [2, 2]
    assert (tmp_path / "orders.xml").exists()
