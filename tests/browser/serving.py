"""A real server in a process of its own, against an embedded ShipStation that the test holds in its hand."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from shipsync.sandbox.faults import Faults
from shipsync.sandbox.server import Server as ShipStation
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Served:
    """shipsync as `python app.py` starts it. Its log is kept; it is ended by its process id."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        launcher: Sequence[str] = ("app.py",),
        sources: Path = ROOT,
    ) -> None:
        self.folder = folder
        self.log_path = folder / "server.log"
        self.database = folder / "shipsync.duckdb"
        self.sources = sources
        self._launcher = launcher
        self._environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Start it and wait until it is well. Returns the seconds that took."""
        began = time.monotonic()
        self.process = self.launch()
        while not self.is_well():
            if self.process.poll() is not None or time.monotonic() - began > START_TIMEOUT_S:
                self.stop(signal.SIGKILL)
                raise RuntimeError(self.log())
            time.sleep(0.05)
        return time.monotonic() - began

    def launch(self) -> subprocess.Popen[bytes]:
        """Another process on the same database and port."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
        given |= {"SHIPSYNC_DATABASE": str(self.database), "SHIPSYNC_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        given |= {"STREAMLIT_SERVER_PORT": str(self.port)}  # for `streamlit run`, which does not read ours
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *self._launcher],
                cwd=self.sources,
                env=given | self._environment,
                stdout=log,
                stderr=log,
            )

    def is_well(self) -> bool:
        """Whether /healthz says so."""
        try:
            return requests.get(self.url + "/healthz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait until /readyz has no reason left: a new sandbox lives its past first."""
        end = time.monotonic() + timeout_s
        while requests.get(self.url + "/readyz", timeout=10).status_code != 200:
            if time.monotonic() > end:
                raise AssertionError(f"not ready: {self.get('/readyz')}")
            time.sleep(0.1)

    def get(self, path: str) -> Any:
        """What a route answers, as JSON, whatever its status."""
        return requests.get(self.url + path, timeout=10).json()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, if it still runs. Returns its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(40)

    def log(self) -> str:
        """All it has said so far."""
        return self.log_path.read_text()


class Warehouse:
    """A served shipsync with a ShipStation and a shop in which only the test acts, on the real clock or another."""

    def __init__(
        self,
        folder: Path,
        launcher: Sequence[str] = ("app.py",),
        sources: Path = ROOT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        **others: str,
    ) -> None:
        """`others` are more of the environment."""
        folder.mkdir(parents=True, exist_ok=True)
        self.now = now
        self.world = World(1, now(), orders_per_day=0)
        self.faults = Faults()
        self.shipstation = ShipStation(self.world, now, faults=self.faults)
        self.feed = ShopFeed(self.world, folder / "shop")
        self.feed.write()
        self.shipstation.start()
        self.environment = {
            "SHIPSYNC_SHIPSTATION_URL": self.shipstation.url,
            "SHIPSYNC_SHIPSTATION_KEY": "sandbox",
            "SHIPSYNC_SHIPSTATION_SECRET": "sandbox",
            "SHIPSYNC_ORDER_FILES": str(folder / "shop"),
            **others,
        }
        self.served = Served(folder, self.environment, launcher, sources)

    @property
    def url(self) -> str:
        """Where shipsync answers."""
        return self.served.url

    def catch_up(self) -> None:
        """Bring the world's time to now: deeds happen at the world's."""
        self.world.advance_to(self.now())

    def run(self, kind: str, **arguments: object) -> dict[str, Any]:
        """Have a job done that begins after this call, as a program would ask for it. Returns it as it ended."""
        while True:
            asked = requests.post(f"{self.url}/api/jobs", json={"kind": kind, "arguments": arguments}, timeout=10)
            assert asked.status_code in (202, 409), asked.text
            path = f"/api/jobs/{asked.json()['job_id']}"
            self.wait_for(f"the end of {path}", lambda: self.served.get(path)["status"] not in ("queued", "running"))  # noqa: B023
            if asked.status_code == 202:
                job: dict[str, Any] = self.served.get(path)
                return job

    def stop(self) -> None:
        """End both."""
        self.served.stop()
        self.shipstation.stop()

    def wait_for(self, what: str, is_so: Any, timeout_s: float = 20.0) -> None:
        """Wait until something is so. Fails with the server's log."""
        end = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come about:\n{self.served.log()[-3000:]}")
            time.sleep(0.05)
