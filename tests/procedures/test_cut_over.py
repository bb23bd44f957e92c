"""Cut-over and rollback on a living world: nothing lost, nothing doubled, stock equal, and never two writers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipsync.errors import LockLost, NotPassed, Unusable
from shipsync.jobs.lease import take
from shipsync.procedures.deployment import follow_switches
from shipsync.rules.deployment import LEGACY, MAIN, SHADOW, UNIFIED
from shipsync.simulation import differences
from shipsync.store import deployment, invariants, ledger, parity_results, workflows
from shipsync.store.overview import facts
from tests.house import House, a_house, minutes
from tests.procedures.closing_day import counted, shipped, waiting
from tests.procedures.migrating import ASKED, backed_up, both, compared, go, off, ran, ready, shadow, state


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path) as made:
        counted(made, "17612", "250237", 1_000)
        yield made


def lane(house: House, schema: str, table: str, what: str = "*") -> list[tuple[Any, ...]]:
    return house.rows(f"SELECT {what} FROM {schema}.{table} ORDER BY ALL")  # noqa: S608 - our own names


def stock(house: House) -> int:
    """Units of the rinse on the shelf."""
    return sum(one.quantity for one in ledger.balances(house.app.db.read(), house.clock.now()) if one.sku == "17612")


def wrong(house: House) -> list[str]:
    """What production has otherwise than the world, and what does not hold in it."""
    con = house.app.db.read()
    found = [*differences(house.world.truth(), con), *invariants.broken(con)]
    return found + [f"order {one} is out of step" for one in ledger.orders_out_of_step(con)]


def standing(house: House) -> list[tuple[str, str]]:
    """What differs now by the comparisons, but for what is meant: (verdict, field)."""
    there = parity_results.differences(house.app.db.read(), ["live"], is_there=True)
    return sorted((one.verdict, one.field) for one in there if one.verdict != "explained")


def life(house: House) -> None:
    """An order ships, one waits, and what was shipped before loses its label."""
    gone = house.rows("SELECT shipment_id FROM shipments WHERE NOT voided ORDER BY shipment_id LIMIT 1")
    shipped(house, 3)
    waiting(house, 2)
    for (label,) in gone:
        house.world.void(label)
    house.wait(5)


def test_cut_over_and_back_loses_and_doubles_nothing(house: House) -> None:
    shipped(house, 5)
    house.wait(5)
    ready(house)
    late = waiting(house, 4)
    house.wait(5)
    both(house)
    life(house)
    ran(house, UNIFIED)  # legacy has not
    house.world.buy_label(late)
    house.wait(5)
    ran(house, *LEGACY)  # the unified sync has not, and what is newer stays
    before = stock(house)
    done = go(house, "cutover")
    assert (done.before, done.after, state(house)) == ("ready", "reverse_shadow", "reverse_shadow")
    assert done.orders_differing > 0
    assert stock(house) == before == 1_000 - 3 - 4
    assert house.rows("SELECT status FROM orders_inbox WHERE shipstation_order_id = $id", id=late) == [("shipped",)]
    assert wrong(house) == []
    # Each side keeps its own mark, where it writes.
    assert lane(house, MAIN, "sync_watermark", "workflow_name") == [(UNIFIED,)]
    assert lane(house, SHADOW, "sync_watermark", "workflow_name") == [(one,) for one in sorted(LEGACY)]
    assert lane(house, SHADOW, "orders_inbox", "count(*)") == [(4,)]  # what legacy had
    life(house)
    both(house)
    assert wrong(house) == []
    life(house)
    ran(house, UNIFIED)  # and now legacy is behind again
    at = stock(house)
    back = go(house, "rollback")
    assert (back.before, back.after) == ("reverse_shadow", "off")
    assert stock(house) == at
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(8,)]
    ran(house, *LEGACY)
    assert stock(house) == at
    assert wrong(house) == []


def test_a_run_under_way_is_refused_by_its_token_and_the_change_leaves_its_evidence(house: House) -> None:
    ready(house)
    with house.app.db.transaction() as con:
        leases = [take(con, house.app.db, one, "somebody", house.app.now) for one in (*LEGACY, UNIFIED)]
    go(house, "cutover")
    for lease in leases:
        with pytest.raises(LockLost), house.app.db.transaction() as con:
            lease.check(con)
    ran(house, UNIFIED, *LEGACY)
    newest, *_ = deployment.changes(house.app.db.read())
    told = (newest.before, newest.after, newest.changed_by, newest.reason)
    assert told == ("ready", "reverse_shadow", "Ann", "as planned")
    assert '"live parity"' in newest.evidence
    assert all(workflow in newest.marks for workflow in (UNIFIED, *LEGACY))
    assert house.rows("SELECT count(*) FROM migration_log WHERE action LIKE 'deployment: %'") == [(5,)]
    assert house.rows("SELECT after FROM audit_log WHERE action = 'deployment: cutover'") == [("reverse_shadow",)]


def test_a_dry_run_says_what_will_happen_and_changes_nothing(house: House) -> None:
    ready(house)
    life(house)
    ran(house, UNIFIED)
    tables = everything(house)
    foreseen = go(house, "cutover", replace(ASKED, dry_run=True))
    assert everything(house) == tables
    told = "\n".join(foreseen.lines())
    assert "Dry run, nothing is changed: the deployment goes from ready to reverse shadow." in told
    assert "rows of orders_inbox" in told
    assert "status-sync: writes beside production, to be compared." in told
    assert "shipstation-sync: writes production." in told
    assert "The first query goes back to" in told
    done = go(house, "cutover")
    assert (done.carried, done.marks_after, done.entries_posted, done.orders_differing) == (
        foreseen.carried,
        foreseen.marks_after,
        foreseen.entries_posted,
        foreseen.orders_differing,
    )


@pytest.mark.sweep
def test_the_first_query_goes_back_to_where_legacy_stood_once(house: House) -> None:
    ready(house)
    house.wait(30)
    ran(house, UNIFIED)
    done = go(house, "cutover")
    assert done.first_query_from is not None
    house.wait(5)

    def window() -> Any:
        return house.rows("SELECT window_start FROM readings WHERE feed = 'orders' ORDER BY started_at DESC LIMIT 1")

    ran(house, UNIFIED)
    assert window()[0][0] < done.first_query_from
    house.wait(5)
    ran(house, UNIFIED)
    assert window()[0][0] > done.first_query_from


def test_nothing_is_promoted_without_its_gates_nor_without_a_name(house: House) -> None:
    off(house)
    with pytest.raises(Unusable, match="name"):
        go(house, "begin", replace(ASKED, by=" "))
    with pytest.raises(Unusable, match="reason"):
        go(house, "begin", replace(ASKED, reason=""))
    with pytest.raises(NotPassed, match="Nobody has confirmed the review"):
        go(house, "begin", replace(ASKED, reviewed_by=""))
    go(house, "begin")
    with pytest.raises(NotPassed, match="Nothing has been replayed yet"):
        go(house, "promote")
    with pytest.raises(NotPassed, match="goes from ready"):
        go(house, "cutover")
    assert state(house) == "shadow_replay"


def test_nothing_is_cut_over_while_a_difference_is_in_doubt_for_longer_than_lag_explains(house: House) -> None:
    shipped(house, 5)
    house.wait(5)
    ready(house)
    house.sync(everything=True)
    one = house.rows("SELECT min(shipment_id) FROM shadow.shipments")[0][0]

    def becomes(what: str) -> None:
        with house.app.db.transaction() as con:
            con.execute(f"UPDATE shadow.shipments SET {what} WHERE shipment_id = $one", {"one": one})  # noqa: S608
        ran(house, "parity-check")

    def goes_by(hours: float) -> None:
        house.clock.sleep(3600 * hours)
        compared(house, "live")  # another one; none of the two syncs has come round

    becomes("shipment_cost = shipment_cost + 1")
    becomes("carrier_code = 'pigeon'")
    assert standing(house) == [("suspect", "carrier_code"), ("suspect", "shipment_cost")]
    assert go(house, "cutover", replace(ASKED, dry_run=True)).refused is None
    goes_by(4)  # it may be a void, and the lists come round every four hours
    assert go(house, "cutover", replace(ASKED, dry_run=True)).refused is None
    goes_by(4.5)
    with pytest.raises(NotPassed, match="1 record differs for longer than lag explains"):
        go(house, "cutover")
    becomes("carrier_code = (SELECT carrier_code FROM main.shipments AS was WHERE was.shipment_id = $one)")
    assert standing(house) == [("suspect", "shipment_cost")]  # what a carrier corrects is read anew once a day
    go(house, "cutover")
    assert state(house) == "reverse_shadow"


@pytest.mark.sweep
def test_after_a_day_it_is_done_and_legacy_may_still_come_back_from_its_own_mark(house: House) -> None:
    ready(house)
    go(house, "cutover")
    both(house)
    house.wait(25 * 60)
    both(house)
    backed_up(house)
    for hours in range(24, -1, -2):
        compared(house, "reverse", hours)
    marks = lane(house, SHADOW, "sync_watermark", "workflow_name, complete_through")
    go(house, "finish")
    assert house.rows("SELECT schema_name FROM duckdb_schemas() WHERE schema_name = 'shadow'") == []
    assert house.job("status-sync").result == {
        "disabled": True,
        "detail": "status-sync is disabled. Nothing was done.",
    }
    go(house, "rollback")
    kept = lane(house, MAIN, "sync_watermark", "workflow_name, complete_through")
    assert [one for one in kept if one[0] in LEGACY] == marks
    ran(house, *LEGACY)


def test_a_closing_and_the_freshness_go_by_who_writes_production(house: House) -> None:
    shadow(house)
    house.wait(30)
    ran(house, UNIFIED)  # which is not what production knows
    told = facts(house.app.db.read())
    assert house.clock.now() - (told.complete_through or house.clock.now()) == minutes(30)
    assert (told.sync_interval, told.is_sync_enabled, told.syncs) == (minutes(60), True, (LEGACY[1], LEGACY[0]))
    shipped(house, 3)
    house.world.place_manual_order(items=(("no key product", 1),))  # which legacy passes over without a word
    house.wait(5)
    closed = house.job("eod")
    assert closed.status == "succeeded", closed.error
    assert house.rows("SELECT kind FROM jobs WHERE requested_by = 'eod' ORDER BY 1") == [
        (one,) for one in sorted(LEGACY)
    ]
    assert (closed.result or {})["stated"] == []
    assert "1 order shipped today" in str((closed.result or {})["sentence"])
    with house.app.db.transaction() as con:
        workflows.set_enabled(con, LEGACY[0], False, "Ann", house.clock.now())
    assert not facts(house.app.db.read()).is_sync_enabled
    assert "is switched off" in str(house.job("eod").error)


def switched(house: House, sql: str) -> None:
    with house.app.db.transaction() as con:
        con.execute(sql)


CUT_OVER = "UPDATE workflow_controls SET enabled = false WHERE workflow_name IN ('status-sync', 'manual-order-sync')"
ROLL_BACK = "UPDATE workflow_controls SET enabled = true WHERE workflow_name IN ('status-sync', 'manual-order-sync')"


def test_one_statement_of_sql_cuts_over_and_one_rolls_back(house: House) -> None:
    ready(house)
    switched(house, CUT_OVER)
    ran(house, UNIFIED)
    assert state(house) == "reverse_shadow"
    ran(house, *LEGACY)  # off as the plan has it, and yet beside production
    switched(house, ROLL_BACK)
    ran(house, *LEGACY)
    assert state(house) == "off"
    assert house.job(UNIFIED).result == {
        "disabled": True,
        "detail": "shipstation-sync is disabled. Nothing was done.",
    }
    assert deployment.changes(house.app.db.read())[0].reason == "The switches of the workflows were set so."


def test_a_cut_over_by_sql_before_it_is_ready_is_refused_and_production_goes_on(house: House) -> None:
    shadow(house)
    switched(house, CUT_OVER)
    zone, now = house.app.settings.zone, house.clock.now()
    assert follow_switches(house.app.db, zone, now) is None
    assert state(house) == "shadow_replay"
    controls = {one.workflow: one.enabled for one in workflows.all_controls(house.app.db.read())}
    assert [controls[one] for one in LEGACY] == [True, True]
    refused = deployment.newest_refusal(house.app.db.read())
    assert refused is not None
    assert refused[0] == now
    assert "goes from ready" in refused[1]
    both(house)


def everything(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every schema."""
    tables = house.rows(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY ALL"
    )
    return {f"{schema}.{table}": lane(house, schema, table) for schema, table in tables}
