"""The replay: the same recorded answers to both engines, so that a difference is one of rules (DESIGN D19)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shipsync.procedures import applying
from shipsync.procedures.parity_replay import ANSWERS, LANES, WORKFLOW
from shipsync.store import parity_page, parity_results
from shipsync.store.lanes import lanes
from tests.house import NOON, House, a_house

MORNING = NOON - timedelta(hours=8)
MIDNIGHT = NOON - timedelta(hours=13)  # in the warehouse


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A day of people at work, with shop and manual orders, labels, voids and holds, recorded as it went."""
    with a_house(tmp_path_factory.mktemp("lived"), orders_per_day=150, seed=11, start=MORNING) as house:
        for _ in range(5):
            house.loop()
            house.wait(115)
        yield house


def confirmed(house: House) -> list[tuple[str, str, str | None, str | None]]:
    found = parity_results.differences(house.app.db.read(), ["replay"], verdicts=["confirmed"], is_there=True)
    return [(one.entity, one.field, one.control, one.candidate) for one in found]


def test_on_the_same_answers_both_engines_come_to_the_same(lived: House) -> None:
    before = lived.tables()
    job = lived.job(WORKFLOW)
    assert job.status == "succeeded", job.error
    assert confirmed(lived) == []
    noise = parity_results.newest_run(lived.app.db.read(), "noise")
    seen = parity_results.newest_run(lived.app.db.read(), "replay")
    assert noise is not None
    assert seen is not None
    assert noise.compared == noise.matched > 80
    assert seen.compared == seen.matched + seen.explained > 80
    assert lived.tables() == before
    assert not set(LANES) & set(lanes(lived.app.db.read()))


def test_a_candidate_that_loses_a_field_is_found_with_the_field_named(
    lived: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh = applying.refresh_shipped

    def forgetful(con: Any, *rest: Any) -> int:
        left = refresh(con, *rest)
        con.execute("UPDATE shipped_items SET lot = NULL")
        return left

    monkeypatch.setattr(applying, "refresh_shipped", forgetful)
    job = lived.job(WORKFLOW, {"first": "2026-09-16", "last": "2026-09-16"})
    assert job.status == "succeeded", job.error
    assert {(entity, field) for entity, field, _, _ in confirmed(lived)} == {("shipped_item", "lot")}
    seen = parity_results.newest_run(lived.app.db.read(), "replay")
    assert seen is not None
    assert (seen.period_start, seen.period_end) == (MIDNIGHT, lived.app.now())


def test_one_order_is_replayed_alone_and_what_still_differs_is_told(
    lived: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = lived.rows("SELECT count(*) FROM parity_runs")
    (order_id,) = next(iter(lived.rows("SELECT min(shipstation_order_id) FROM shipped_items")))
    calm = lived.job(WORKFLOW, {"order_id": order_id})
    assert calm.result == {"order_id": order_id, "differs": [], "noise": 0}, calm.error
    refresh = applying.refresh_shipped

    def forgetful(con: Any, *rest: Any) -> int:
        left = refresh(con, *rest)
        assert con.value("SELECT count(DISTINCT shipstation_order_id) FROM shipped_items") <= 2
        con.execute("UPDATE shipped_items SET lot = NULL")
        return left

    monkeypatch.setattr(applying, "refresh_shipped", forgetful)
    told = lived.job(WORKFLOW, {"order_id": order_id})
    assert told.result is not None
    assert {(entity, field) for entity, field, _, _ in told.result["differs"]} == {("shipped_item", "lot")}
    found = parity_page.replayed_order(lived.app.db.read(), order_id)
    assert found is not None
    assert [list(one) for one in found.differs] == told.result["differs"]
    assert lived.rows("SELECT count(*) FROM parity_runs") == runs  # no gate is told from it
    assert not {*LANES, ANSWERS} & set(lanes(lived.app.db.read()))


def test_a_period_of_which_nothing_is_kept_is_refused_with_a_sentence(lived: House) -> None:
    job = lived.job(WORKFLOW, {"first": "2026-09-01", "last": "2026-09-02"})
    assert job.status == "failed"
    assert "Choose a period in which the sync has run" in str(job.error)
    job = lived.job(WORKFLOW, {"first": "2026-09-02", "last": "2026-09-01"})
    assert "Give the earlier day first" in str(job.error)
