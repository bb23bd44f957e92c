"""The states of the move to the unified sync: whatever happens in whatever order, one side writes production."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shipsync.errors import NotPassed
from shipsync.rules.deployment import (
    BACKFILL,
    CHANGES,
    LEGACY,
    MAIN,
    SHADOW,
    STATES,
    SYNCS,
    UNIFIED,
    Change,
    State,
    after,
    asked_by_switches,
    lane,
    switches,
    takes_part,
    writers,
)

SWITCHES = st.fixed_dictionaries({workflow: st.booleans() for workflow in SYNCS})


class Migration(RuleBasedStateMachine):
    """A person asks for any change, or sets the switches anyhow; `passed` are the changes whose gates were passed."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = "done"
        self.is_on = switches("done")

    @rule(change=st.sampled_from(CHANGES), passed=st.booleans())
    def ask(self, change: Change, passed: bool) -> None:
        before = self.state
        try:
            to = after(change, before)
        except NotPassed:
            return
        if passed or change == "rollback":
            self.state, self.is_on = to, switches(to)
        if change == "rollback":
            assert set(writers(self.state)) == set(LEGACY)

    @rule(is_on=SWITCHES, passed=st.booleans())
    def switch(self, is_on: dict[str, bool], passed: bool) -> None:
        self.is_on = is_on
        change = asked_by_switches(self.state, is_on)
        if change is None:
            return
        assert change in ("cutover", "rollback")
        before = self.state
        self.ask(change, passed)
        if self.state == before:  # refused
            self.is_on = switches(before)
        if before != "ready" and change == "cutover":
            assert self.state == before

    @invariant()
    def one_side_writes_production(self) -> None:
        assert set(writers(self.state)) in ({UNIFIED}, set(LEGACY))
        assert all((lane(self.state, one) == MAIN) == (one in writers(self.state)) for one in SYNCS)
        running = [one for one in SYNCS if takes_part(self.state, one, is_on=self.is_on[one])]
        lanes = {one: lane(self.state, one) for one in running}
        beside = {lanes[one] for one in running if one in LEGACY}
        assert UNIFIED not in lanes or lanes[UNIFIED] not in beside
        assert {one for one, where in lanes.items() if where == MAIN} <= set(writers(self.state))

    @invariant()
    def the_switches_of_a_state_ask_for_no_other(self) -> None:
        assert asked_by_switches(self.state, switches(self.state)) is None


TestMigration = Migration.TestCase


@pytest.mark.parametrize("state", STATES)
def test_a_rollback_leads_to_legacy_in_production_from_every_state(state: State) -> None:
    assert after("rollback", state) == "off"
    assert set(writers("off")) == set(LEGACY)


def test_only_what_is_ready_is_cut_over() -> None:
    for state in STATES:
        if state != "ready":
            with pytest.raises(NotPassed, match="goes from ready"):
                after("cutover", state)
    assert after("cutover", "ready") == "reverse_shadow"


def test_what_makes_no_sense_is_refused_with_a_sentence() -> None:
    for change, state in (("begin", "ready"), ("promote", "ready"), ("promote", "off"), ("finish", "done")):
        with pytest.raises(NotPassed, match=r"deployment is|has begun"):
            after(change, state)  # type: ignore[arg-type]


def test_from_done_legacy_is_put_beside_the_sync_that_goes_on_writing() -> None:
    assert after("begin", "done") == "reverse_shadow"
    assert (lane("reverse_shadow", UNIFIED), lane("reverse_shadow", LEGACY[0])) == (MAIN, SHADOW)


def test_one_statement_of_the_plan_is_enough_each_way() -> None:
    shadow = switches("ready")
    assert asked_by_switches("ready", shadow | dict.fromkeys(LEGACY, False)) == "cutover"
    assert asked_by_switches("ready", shadow | {LEGACY[0]: False}) is None
    reverse = switches("reverse_shadow")
    assert asked_by_switches("reverse_shadow", reverse | dict.fromkeys(LEGACY, True)) == "rollback"
    # Of a migration that is done nobody expects it, so both have to be said.
    assert asked_by_switches("done", reverse | dict.fromkeys(LEGACY, True)) is None
    assert asked_by_switches("done", dict.fromkeys(LEGACY, True) | {UNIFIED: False}) == "rollback"


@given(state=st.sampled_from(STATES), is_on=SWITCHES)
def test_a_legacy_workflow_runs_switched_off_only_beside_production(state: State, is_on: dict[str, bool]) -> None:
    for workflow in SYNCS:
        runs = takes_part(state, workflow, is_on=is_on[workflow])
        if runs and not is_on[workflow]:
            assert (state, lane(state, workflow)) == ("reverse_shadow", SHADOW)
        if lane(state, workflow) is None:
            assert not runs


@pytest.mark.parametrize("state", STATES)
def test_a_backfill_works_where_the_unified_sync_does(state: State) -> None:
    assert lane(state, BACKFILL) == lane(state, UNIFIED)


def test_all_other_workflows_write_production_whatever_the_state() -> None:
    assert {lane(state, "xml-import") for state in STATES} == {MAIN}
