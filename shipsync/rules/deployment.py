"""Which sync writes production, and what has to be shown before another one may (DESIGN D19; plan, "Shadow mode").

    off -> shadow_replay -> shadow_live -> ready -> reverse_shadow -> done
     '<----------------- rollback, from any of them ---------------------'

    off              the two legacy workflows write production, the unified sync does nothing
    shadow_replay    the same, and the unified sync writes a schema of its own; recorded answers are replayed
    shadow_live      the same; what both have read is compared as it comes
    ready            the same; all gates were passed
    reverse_shadow   the unified sync writes production, the legacy workflows write the other schema
    done             the unified sync writes production, the legacy workflows do nothing

A lane tells where a workflow writes, so two writers of production cannot be said in these words: in each state one
side has the lane `main`. Who takes part is told by the state alone; the switches of `workflow_controls` can only ask
for another state, or for rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from shipsync.errors import NotPassed

State = Literal["off", "shadow_replay", "shadow_live", "ready", "reverse_shadow", "done"]
Change = Literal["begin", "promote", "cutover", "rollback", "finish"]
STATES: tuple[State, ...] = get_args(State)
CHANGES: tuple[Change, ...] = get_args(Change)

UNIFIED = "shipstation-sync"
LEGACY = ("status-sync", "manual-order-sync")
SYNCS = (UNIFIED, *LEGACY)
# A person's reading of past days by the unified sync's code: it works where that works.
BACKFILL = "backfill"
# Orders first: the other one takes in the labels of orders that are here.
_LEGACY_IN_ORDER = ("manual-order-sync", "status-sync")
MAIN, SHADOW = "main", "shadow"

_UNIFIED_WRITES: tuple[State, ...] = ("reverse_shadow", "done")
# Of the states in which a side does nothing: which.
_UNIFIED_RESTS: tuple[State, ...] = ("off",)
_LEGACY_RESTS: tuple[State, ...] = ("done",)

_NEXT: Mapping[Change, Mapping[State, State]] = {
    # From done there is nothing to cut over to: the legacy workflows are put beside the sync that writes, so that
    # whatever a new version of it does otherwise shows.
    "begin": {"off": "shadow_replay", "done": "reverse_shadow"},
    "promote": {"shadow_replay": "shadow_live", "shadow_live": "ready"},
    "cutover": {"ready": "reverse_shadow"},
    "finish": {"reverse_shadow": "done"},
    "rollback": dict.fromkeys(STATES, "off"),
}
NAMES: Mapping[State, str] = {
    "off": "off",
    "shadow_replay": "shadow (replay)",
    "shadow_live": "shadow (live)",
    "ready": "ready",
    "reverse_shadow": "reverse shadow",
    "done": "done",
}
_ASKED: Mapping[Change, str] = {
    "begin": "Shadow mode",
    "promote": "A promotion",
    "cutover": "The cut-over",
    "rollback": "The rollback",
    "finish": "The end of the migration",
}


def state_named(text: str) -> State:
    """A state as it stands in the database. Raises ValueError for anything else."""
    if text not in STATES:
        raise ValueError(f"{text} is no state of the deployment")
    return text


def lane(state: State, workflow: str) -> str | None:
    """Where a workflow writes in this state; None where it does nothing. All others write production."""
    if workflow in (UNIFIED, BACKFILL):
        return None if state in _UNIFIED_RESTS else MAIN if state in _UNIFIED_WRITES else SHADOW
    if workflow in LEGACY:
        return None if state in _LEGACY_RESTS else SHADOW if state in _UNIFIED_WRITES else MAIN
    return MAIN


def writers(state: State) -> tuple[str, ...]:
    """The workflows that bring ShipStation's news into production, in the order in which they are had done."""
    return (UNIFIED,) if state in _UNIFIED_WRITES else _LEGACY_IN_ORDER


def after(change: Change, state: State) -> State:
    """The state that a change leads to. Raises NotPassed where it makes no sense from this one."""
    found = _NEXT[change].get(state)
    if found is not None:
        return found
    if change == "begin":
        text = f"Shadow mode has begun already: the deployment is {NAMES[state]}."
    elif change == "promote" and state == "ready":
        text = "The deployment is ready. What follows is the cut-over."
    else:
        wanted = " or ".join(NAMES[one] for one in _NEXT[change])
        text = f"{_ASKED[change]} goes from {wanted}; the deployment is {NAMES[state]}."
    raise NotPassed(text)


# The switches


def switches(state: State) -> dict[str, bool]:
    """How the switches of the syncs stand in a state: on are who writes production, and in shadow both sides.

    In reverse shadow the legacy workflows are off as the plan has it, and run nevertheless, in the other schema.
    """
    unified = state not in _UNIFIED_RESTS
    legacy = state not in _UNIFIED_WRITES
    return {workflow: unified if workflow == UNIFIED else legacy for workflow in SYNCS}


def takes_part(state: State, workflow: str, *, is_on: bool) -> bool:
    """Whether a workflow runs whose switch stands so."""
    where = lane(state, workflow)
    if where is None:
        return False
    return is_on or (state == "reverse_shadow" and workflow in LEGACY)


def asked_by_switches(state: State, is_on: Mapping[str, bool]) -> Change | None:
    """What a person asks for by the switches alone (plan, steps 3.3 and 3.4); None where they only say who rests.

    Both legacy workflows off and the unified one on is the cut-over. Both on is the rollback; of a migration that is
    done only with the unified one off, for there nobody expects it.
    """
    legacy = [is_on.get(workflow, False) for workflow in LEGACY]
    unified = is_on.get(UNIFIED, False)
    if state not in _UNIFIED_WRITES:
        return "cutover" if unified and not any(legacy) else None
    return "rollback" if all(legacy) and (state == "reverse_shadow" or not unified) else None
