"""Comparing as it comes: production with the lane beside it, from the first sight of a difference to its verdict."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipsync.procedures import parity
from shipsync.rules.deployment import LEGACY, SHADOW, State
from shipsync.rules.parity_ignores import NewIgnoreRule
from shipsync.sandbox.faults import error
from shipsync.store import parity_results, parity_rules
from shipsync.store.lanes import lanes
from shipsync.store.parity import MOST_KEYS
from shipsync.store.parity_results import Run
from tests.house import NOON, SYNC, House, a_house, minutes


def goes_over_to(house: House, state: State) -> None:
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO parity_deployment (name, state, changed_at, changed_by)
            VALUES ('sync', $state, $now, 'test')
            ON CONFLICT (name) DO UPDATE SET state = excluded.state
            """,
            {"state": state, "now": house.clock.now()},
        )
        con.execute("UPDATE workflow_controls SET enabled = true WHERE workflow_name LIKE '%-sync'")


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[House]:
    """Both sides have read what a morning's people did; nothing moves any more."""
    with a_house(tmp_path, orders_per_day=40, seed=3, start=NOON - minutes(8 * 60)) as house:
        for _ in range(2):
            house.wait(4 * 60)
            house.import_shop()
            house.upload()
        house.world.place_manual_order()
        goes_over_to(house, "shadow_live")
        passes(house)
        passes(house)  # status-sync takes labels of orders that are here, so those of orders just brought in come now
        yield house


def passes(house: House, *workflows: str) -> None:
    """Time goes by in which nobody does anything, and these workflows come round."""
    house.clock.sleep(70 * 60)
    for workflow in workflows or (*LEGACY, SYNC):
        job = house.job(workflow, {"everything": True} if workflow == SYNC else {})
        assert job.status == "succeeded", job.error


def checked(house: House) -> Run:
    job = house.job(parity.WORKFLOW)
    assert job.status == "succeeded", job.error
    run = parity_results.newest_run(house.app.db.read(), "live")
    assert run is not None
    return run


def writes(house: House, sql: str, **parameters: Any) -> None:
    with house.app.db.transaction() as con:
        con.execute(sql, parameters)


WRONG = "UPDATE shadow.orders_inbox SET shipping_service_name = 'Pigeon' WHERE tracking_number IS NOT NULL"
ONE = "UPDATE shadow.shipped_orders SET tracking_number = '?' WHERE shipstation_order_id = $id"


def an_order(house: House) -> int:
    order_id: int = house.rows("SELECT min(shipstation_order_id) FROM shipped_orders")[0][0]
    return order_id


def an_open_order(house: House) -> int:
    order_id: int = house.rows(
        "SELECT min(shipstation_order_id) FROM main.orders_inbox WHERE status = 'awaiting_shipment'"
    )[0][0]
    return order_id


def test_while_one_side_does_the_work_there_is_nothing_to_compare(house: House) -> None:
    job = house.job(parity.WORKFLOW)
    assert (job.status, job.result) == ("succeeded", {"compared": 0})
    assert house.rows("SELECT count(*) FROM parity_runs") == [(0,)]
    assert lanes(house.app.db.read()) == []
    goes_over_to(house, "shadow_live")
    assert house.job(parity.WORKFLOW).result == {"compared": 0}
    log = house.rows("SELECT log FROM runs WHERE workflow_name = $name ORDER BY token", name=parity.WORKFLOW)
    assert [sentence in text for sentence, (text,) in zip(("is done", "has not run"), log, strict=True)] == [True, True]


def test_two_syncs_that_have_read_the_same_match(beside: House) -> None:
    run = checked(beside)
    told = parity_results.differences(beside.app.db.read(), ["live"])
    assert [one for one in told if one.verdict != "explained"] == []
    assert (run.matched + run.explained, run.confirmed, run.suspect, run.paused) == (run.compared, 0, 0, None)
    assert run.compared > 50
    assert run.explained < 5


def test_a_difference_that_lasts_is_confirmed_and_one_that_heals_was_only_lag(beside: House) -> None:
    lasting, healing = (
        order_id for (order_id,) in beside.rows("SELECT shipstation_order_id FROM shipped_orders LIMIT 2")
    )
    right = beside.rows("SELECT tracking_number FROM shipped_orders WHERE shipstation_order_id = $id", id=healing)[0][0]
    writes(beside, ONE, id=lasting)
    writes(beside, ONE, id=healing)
    assert (checked(beside).suspect, checked(beside).confirmed) == (2, 0)
    passes(beside, *LEGACY)
    writes(beside, ONE.replace("'?'", "$right"), id=healing, right=right)
    run = checked(beside)
    assert (run.suspect, run.transient, run.confirmed) == (1, 1, 0)  # the candidate has not come round yet
    passes(beside, SYNC)
    run = checked(beside)
    assert (run.suspect, run.confirmed, run.matched + run.explained) == (0, 1, run.compared - 1)
    assert run.details["fields"]["shipped_order.tracking_number"] == {"confirmed": 1}
    told = {one.order_id: one for one in parity_results.differences(beside.app.db.read(), ["live"])}
    assert (told[lasting].candidate, told[lasting].verdict, told[lasting].seen) == ("?", "confirmed", 4)
    assert (told[healing].verdict, told[healing].confirmed_at) == ("transient", None)


@pytest.mark.parametrize("lane", ["main", SHADOW])
def test_what_neither_sync_has_written_shows_whichever_side_it_is_on(beside: House, lane: str) -> None:
    changed = an_order(beside)
    writes(beside, ONE.replace("shadow.", f"{lane}."), id=changed)
    assert checked(beside).suspect == 1
    (found,) = (one for one in parity_results.differences(beside.app.db.read(), ["live"]) if one.verdict == "suspect")
    assert (found.order_id, "?" in (found.control, found.candidate)) == (changed, True)


def test_what_one_side_has_not_read_yet_is_pending(beside: House) -> None:
    beside.world.touch(an_order(beside))
    passes(beside, SYNC)
    run = checked(beside)
    assert (run.suspect, run.confirmed) == (0, 0)
    assert run.pending >= 1
    assert run.overdue == 0
    beside.clock.sleep(3 * 3600)
    assert checked(beside).overdue >= 1  # the legacy side stands still
    passes(beside)
    assert (checked(beside).pending, checked(beside).overdue) == (0, 0)


def test_an_order_that_one_side_lacks_is_asked_for_before_it_is_confirmed(beside: House) -> None:
    stays, goes = (beside.world.place_manual_order().order_id for _ in range(2))
    passes(beside, *LEGACY)
    beside.world.delete(goes)

    def told(order_id: int) -> str:
        found = parity_results.differences(beside.app.db.read(), ["live"], order_id=order_id, field_name="")
        return {one.entity: one.verdict for one in found}["order"]

    def asked() -> int:
        return sum(1 for one in beside.server.requests if one.path in (f"/orders/{stays}", f"/orders/{goes}"))

    def one_side_loses_it() -> None:
        passes(beside, SYNC)
        writes(beside, "DELETE FROM shadow.orders_inbox WHERE shipstation_order_id = $id", id=stays)

    one_side_loses_it()
    checked(beside)
    checked(beside)
    assert (told(stays), told(goes), asked()) == ("suspect", "suspect", 0)  # one side may still bring it
    passes(beside, *LEGACY)
    one_side_loses_it()
    assert checked(beside).confirmed == 2  # the order and its item
    assert (told(stays), told(goes), asked()) == ("confirmed", "explained", 2)
    checked(beside)
    assert asked() == 2
    assert beside.rows("SELECT order_id, is_gone FROM parity_asked ORDER BY is_gone") == [(stays, False), (goes, True)]
    beside.clock.sleep(25 * 3600)
    checked(beside)
    assert asked() == 4


def test_while_shipstation_does_not_answer_nothing_is_confirmed_that_it_could_explain(beside: House) -> None:
    """Seed 35 of bench.beside: both had read again, and the comparison fell into an outage."""
    goes = beside.world.place_manual_order().order_id
    passes(beside, *LEGACY)
    beside.world.delete(goes)

    def told() -> set[str]:
        found = parity_results.differences(beside.app.db.read(), ["live"], order_id=goes, is_there=True)
        return {one.verdict for one in found}

    passes(beside, SYNC)
    checked(beside)
    passes(beside)
    beside.faults.add("order", error(503))
    assert (checked(beside).confirmed, told()) == (0, {"suspect"})
    beside.faults.clear()
    beside.clock.sleep(10 * 60)
    assert (checked(beside).confirmed, told()) == (0, {"explained"})


def test_an_order_whose_last_version_only_one_side_could_see_is_asked_for_and_explained(beside: House) -> None:
    goes = an_open_order(beside)
    beside.world.touch(goes)
    passes(beside, SYNC)
    beside.world.delete(goes)
    passes(beside, *LEGACY)

    def told() -> str:
        found = parity_results.differences(beside.app.db.read(), ["live"], order_id=goes, field_name="modified_at")
        return found[0].verdict

    checked(beside)
    assert told() == "stale-input"
    passes(beside)
    assert (checked(beside).confirmed, told()) == (0, "explained")
    assert beside.rows("SELECT order_id, is_gone FROM parity_asked") == [(goes, True)]


def test_an_order_that_one_side_passed_over_before_it_had_items_is_asked_for_as_well(beside: House) -> None:
    """Seed 104 of bench.beside: it was gone before the unified sync came round to the version with items."""
    goes = beside.world.place_manual_order(items=()).order_id
    passes(beside)
    beside.world.edit(goes, items=(("17612 - 250237", 1),))
    passes(beside, *LEGACY)
    beside.world.delete(goes)
    passes(beside, SYNC)
    checked(beside)

    def told() -> dict[str, tuple[str, str]]:
        found = parity_results.differences(beside.app.db.read(), ["live"], order_id=goes, is_there=True)
        return {one.entity: (one.kind, one.verdict) for one in found}

    assert told()["order"] == ("routed-differently", "suspect")
    passes(beside)
    assert checked(beside).confirmed == 0
    assert {verdict for _, verdict in told().values()} == {"explained"}


def test_an_ignore_rule_hides_what_it_is_about_up_to_its_cap(beside: House) -> None:
    orders = beside.rows("SELECT count(*) FROM shadow.orders_inbox WHERE tracking_number IS NOT NULL")[0][0]
    assert orders > 3
    writes(beside, WRONG)
    now = beside.clock.now()
    rule = NewIgnoreRule(
        "order", "shipping_service_name", None, "Pigeon", "A bird.", "OPS-1", "Bob", now + minutes(60), 3
    )
    with beside.app.db.transaction() as con:
        parity_rules.add_rule(con, rule, now)
    assert checked(beside).ignored == 0  # nobody has approved it
    with beside.app.db.transaction() as con:
        parity_rules.approve_rule(con, 1, "Ann", now)
    for _ in range(2):
        run = checked(beside)
        assert (run.ignored, run.suspect) == (3, orders - 3)
    (kept,) = parity_rules.all_rules(beside.app.db.read())
    assert kept.hits == 3
    passes(beside)
    run = checked(beside)
    assert (run.ignored, run.confirmed >= orders - 3) == (0, True)  # it has expired


MEANT = (
    """
    INSERT INTO shadow.orders_inbox (order_key, order_number, source_system, status, shipstation_order_id, modified_at,
        created_at, updated_at)
    SELECT 'shop:' || n, CAST(n AS VARCHAR), 'X-Cart', 'awaiting_shipment', n, $at, $at, $at FROM range(1, $more) r(n)
    """,
    """
    INSERT INTO shadow.routing_log (shipstation_order_id, modified_at, order_number, shipstation_status, route, reason,
        content_hash, reading_id, page_no, run_id, seen_at)
    SELECT n, $at, CAST(n AS VARCHAR), 'awaiting_shipment', 'link', 'own_key', '', '', 1, '', $at
    FROM range(1, $more) r(n)
    """,
)


def test_a_difference_is_found_among_more_that_are_meant_than_are_read_at_once(beside: House) -> None:
    for sql in MEANT:
        writes(beside, sql, at=beside.clock.now() - minutes(600), more=MOST_KEYS + 101)
    assert checked(beside).suspect >= 100  # not read yet
    before = checked(beside)
    assert (before.suspect, before.confirmed) == (0, 0)
    assert before.explained > MOST_KEYS
    writes(beside, ONE, id=an_order(beside))
    assert (checked(beside).suspect, checked(beside).suspect) == (1, 1)
    writes(beside, "DELETE FROM shadow.orders_inbox WHERE shipstation_order_id = 1")
    passes(beside)
    run = checked(beside)
    assert (run.confirmed, run.suspect, run.explained) == (1, 0, before.explained - 1)
    told = {one.key: one for one in parity_results.differences(beside.app.db.read(), ["live"], entity="order")}
    assert (told["1"].gone_at, told[str(MOST_KEYS + 100)].verdict) == (beside.clock.now(), "explained")


def test_after_too_much_the_schedule_pauses_until_somebody_asks(beside: House) -> None:
    writes(beside, "UPDATE shadow.orders_inbox SET email = 'x' || shipstation_order_id")
    checked(beside)
    passes(beside)
    run = checked(beside)
    assert run.paused is not None
    assert run.details["causes"] == [] or "differing orders" in run.details["causes"][0]
    scheduled = beside.app.run_now(parity.WORKFLOW, {}, parity.BY_SCHEDULE)
    assert (scheduled.result or {})["paused"] == run.paused
    writes(
        beside,
        "UPDATE shadow.orders_inbox s SET email = o.email FROM main.orders_inbox o WHERE o.order_key = s.order_key",
    )
    assert checked(beside).paused is None
    scheduled = beside.app.run_now(parity.WORKFLOW, {}, parity.BY_SCHEDULE)
    assert (scheduled.result or {})["compared"] > 0


def test_after_the_cut_over_control_is_still_the_side_of_the_legacy_workflows(house: House) -> None:
    goes_over_to(house, "shadow_replay")
    assert parity.sides_now(house.app.db.read()) == parity.Sides("live", "main", SHADOW)
    goes_over_to(house, "reverse_shadow")
    assert parity.sides_now(house.app.db.read()) == parity.Sides("reverse", SHADOW, "main")


@pytest.mark.sweep
@pytest.mark.parametrize("seed", [3, 4])
def test_days_of_both_engines_each_at_its_own_pace_confirm_nothing(tmp_path: Path, seed: int) -> None:
    paces = random.Random(seed)
    with a_house(tmp_path, orders_per_day=150, seed=seed, start=NOON - minutes(10 * 60)) as house:
        goes_over_to(house, "shadow_live")
        compared = 0
        for quarter in range(4 * 30):
            house.wait(15)
            if quarter % 2 == 0:
                house.import_shop()
                house.upload()
            due = [workflow for number, workflow in enumerate(LEGACY) if (quarter + 2 * number) % 4 == 0]
            due += [SYNC] if paces.random() < 0.8 else []
            paces.shuffle(due)
            for workflow in due:
                assert house.job(workflow).status == "succeeded"
            if quarter % 8 == 7:
                run = checked(house)
                assert (run.confirmed, run.overdue, run.paused) == (0, 0, None)
                compared = run.compared
        assert compared > 400
        writes(house, ONE, id=an_order(house))
        checked(house)
        passes(house)
        assert checked(house).confirmed == 1
        (told,) = parity_results.differences(house.app.db.read(), ["live"], verdicts=["confirmed"])
        assert (told.order_id, told.field) == (an_order(house), "tracking_number")
