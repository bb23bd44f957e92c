"""/healthz and /readyz: whether the process works, and why its numbers should not be believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from pydantic import SecretStr

from shipsync.config import load_settings
from shipsync.runtime import App, Clock, prepare_database
from shipsync.sandbox.faults import unauthorized
from shipsync.store.db import open_database
from shipsync.web.health import not_ready
from tests.house import NOON, SYNC, House
from tests.web.calling import get


@contextmanager
def working(house: House) -> Iterator[None]:
    """Worker and schedule are alive, and nothing is due."""
    house.app.worker.start()
    house.app.schedule.start(paused=True)
    try:
        yield
    finally:
        house.app.stop()


def test_healthz_says_whether_worker_and_schedule_live(served: House) -> None:
    assert get("/healthz").status == 503
    with working(served):
        assert get("/healthz").status == 200
        assert get("/healthz").data == {"ok": True, "owner": served.app.owner}


def test_readyz_is_not_well_before_anything_was_read(served: House) -> None:
    with working(served):
        reply = get("/readyz")
        assert reply.status == 503
        assert reply.data == {"ready": False, "reasons": ["Nothing has been read from ShipStation yet."]}


def test_readyz_names_every_reason(served: House) -> None:
    served.sync()
    served.app.findings.append("orders_inbox: 2 rows are there twice.")
    reply = get("/readyz")
    assert reply.status == 503
    assert reply.data["reasons"] == [
        "orders_inbox: 2 rows are there twice.",
        "The background worker has ended. Restart shipsync.",
    ]


def test_readyz_tells_strangers_yes_or_no(served: House) -> None:
    assert get("/readyz", client="192.0.2.7").data == {"ready": False}
    served.app.settings = served.app.settings.model_copy(update={"api_token": SecretStr("t")})
    assert get("/readyz").data == {"ready": False}
    assert "reasons" in get("/readyz", authorization="Bearer t").data


def test_readyz_tells_when_the_sync_fell_behind(served: House) -> None:
    served.sync()
    with working(served):
        assert get("/readyz").data == {"ready": True, "reasons": []}
        served.wait(60)
        reply = get("/readyz")
        assert reply.status == 503
        assert reply.data["reasons"] == ["The last whole sync ended 60 min ago."]


def test_readyz_tells_of_refused_credentials_at_once(served: House) -> None:
    served.sync()
    served.faults.add("orders", unauthorized())
    assert served.job(SYNC).status == "failed"
    with working(served):
        [reason] = get("/readyz").data["reasons"]
    assert "refused the credentials (401" in reason


def test_a_full_disk_makes_numbers_unbelievable(tmp_path: Path) -> None:
    free, settings = 10**9, load_settings({}, None)
    with open_database(tmp_path / "x.duckdb", floor_bytes=2_000, free_bytes=lambda _: free) as db:
        prepare_database(db, settings, NOON)
        free = 1_000
        found = not_ready(App(settings, db, {}, Clock()))
    assert found[0].startswith(f"Writing to {tmp_path / 'x.duckdb'} has stopped")


def test_status_tells_that_the_worker_has_ended_but_misses_none_that_never_began(served: House) -> None:
    served.sync()
    ended = "Nothing runs in the background any more: the worker has ended. Restart shipsync."
    assert ended not in [one["text"] for one in get("/api/status").data["alerts"]]
    with working(served):
        assert ended not in [one["text"] for one in get("/api/status").data["alerts"]]
    assert ended in [one["text"] for one in get("/api/status").data["alerts"]]


def test_readyz_tells_that_the_sandboxs_past_is_still_being_made(served: House) -> None:
    served.app.past = SimpleNamespace(sentence="Tue 22 Sep 2026, 0 orders so far.")  # type: ignore[assignment]
    assert get("/readyz").data == {"ready": False, "reasons": ["Tue 22 Sep 2026, 0 orders so far."]}
