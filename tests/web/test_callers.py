"""Who may call the HTTP routes (web/callers.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from shipsync import runtime
from shipsync.web.server import routes
from tests.house import House
from tests.web.calling import call, get, post

TOKEN = "a-token-of-the-tests"
OPEN = {"/healthz", "/readyz"}
GUARDED = [
    (method, route.path.replace("{name}", "sync").replace("{job_id}", "x.1"))  # type: ignore[attr-defined]
    for route in routes()
    for method in sorted(route.methods - {"HEAD"})  # type: ignore[attr-defined]
    if route.path not in OPEN  # type: ignore[attr-defined]
]


@pytest.fixture
def guarded(house: House) -> Iterator[House]:
    """A house whose settings have a token."""
    house.app.settings = house.app.settings.model_copy(update={"api_token": SecretStr(TOKEN)})
    with runtime.published(house.app):
        yield house


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_with_a_token_every_route_needs_it(guarded: House, method: str, path: str) -> None:
    for given in (None, "Bearer wrong", "Bearer ", "Bearer ä", TOKEN, f"Basic {TOKEN}"):
        reply = call(method, path, **({} if given is None else {"authorization": given}))
        assert reply.status == 401
        assert "SHIPSYNC_API_TOKEN" in reply.data["error"]
    assert guarded.rows("SELECT count(*) FROM jobs") == [(0,)]
    assert call(method, path, authorization=f"Bearer {TOKEN}").status != 401


def test_with_a_token_a_program_elsewhere_is_answered_through_a_proxy(guarded: House) -> None:
    how = {"host": "warehouse.example.com", "client": "192.0.2.7", "x_forwarded_for": "192.0.2.7"}
    assert get("/api/status", authorization=f"Bearer {TOKEN}", **how).status == 200


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_token_only_this_machine_is_answered(served: House, method: str, path: str) -> None:
    assert call(method, path, client="192.0.2.7").status == 403
    assert call(method, path, host="shipsync.attacker.example:8501").status == 403
    for header in ("forwarded", "x_forwarded_for", "x_real_ip"):
        behind = call(method, path, **{header: "127.0.0.1"})
        assert behind.status == 403
        assert "SHIPSYNC_API_TOKEN" in behind.data["error"]
    assert served.rows("SELECT count(*) FROM jobs") == [(0,)]


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501", "127.0.0.1"])
def test_this_machine_goes_by_its_own_names(served: House, host: str) -> None:
    assert get("/api/status", host=host).status == 200
    assert get("/api/status", host=host, client="::1").status == 200


@pytest.mark.parametrize("origin", ["https://attacker.example", "null", "http://127.0.0.1:9000", ""])
def test_a_page_of_another_site_starts_nothing(served: House, origin: str) -> None:
    assert post("/api/sync/sync", origin=origin).status == 403
    assert served.rows("SELECT count(*) FROM jobs") == [(0,)]


def test_a_page_of_our_own_may(served: House) -> None:
    assert post("/api/sync/sync", origin="http://127.0.0.1:8501").status == 202


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_starts_nothing(served: House, kind: str) -> None:
    assert post("/api/sync/sync", content_type=kind).status == 415
    assert served.rows("SELECT count(*) FROM jobs") == [(0,)]


def test_json_with_a_charset_is_json(served: House) -> None:
    assert post("/api/sync/sync", content_type="application/json; charset=utf-8").status == 202
