"""How the two sides compare now: the one answer behind the page, the command and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shipsync.desk.parity_records import Compared, Efficiency, Effort, ParitySummary
from shipsync.desk.records import Claim
from shipsync.desk.records import Gate as GateTold
from shipsync.rules import deployment as rules
from shipsync.rules import efficiency as efficiency_rules
from shipsync.rules import gates as gate_rules
from shipsync.rules.deployment import SHADOW, SYNCS, Change, State
from shipsync.rules.gates import Gate
from shipsync.rules.parity_verdicts import Mode, upper_bound
from shipsync.store import deployment, parity_results
from shipsync.store import efficiency as efficiency_store
from shipsync.store import gates as gate_store
from shipsync.store.cursor import Cursor
from shipsync.store.parity_results import Run

# Whose figures count in a state: those of the comparisons that are made in it.
_MODES: Mapping[State, Mode] = {
    "off": "replay",
    "shadow_replay": "replay",
    "shadow_live": "live",
    "ready": "live",
    "reverse_shadow": "reverse",
    "done": "reverse",
}
_ALL: Sequence[Mode] = ("live", "reverse", "replay", "noise")


def parity_summary(con: Cursor, now: datetime) -> ParitySummary:
    """How the two sides compare, with the gates of the next change as they stand."""
    known = deployment.deployment_of(con)
    state: State = known.state if known is not None else "done"
    change, gates = next_gates(con, now)
    begun_at, mode = deployment.begun_at(con), _MODES[state]
    newest = {one: _since(parity_results.newest_run(con, one), begun_at) for one in _ALL}
    if newest[mode] is None and state == "done":  # nothing stood beside it, but answers may have been replayed
        mode = "replay"
    noise = newest["noise"]
    return ParitySummary(
        state=state,
        since=known.changed_at if known is not None else None,
        by=known.changed_by if known is not None else None,
        has_migrated=bool(deployment.changes(con)),
        writes_production=rules.writers(state),
        works_beside=[one for one in SYNCS if rules.lane(state, one) == SHADOW],
        next_change=change,
        gates=[GateTold.model_validate(one) for one in gates],
        is_passed=gate_rules.refusal(gates) is None,
        may_pass_at=_may_pass_at(gates),
        mode=mode,
        newest=[
            _compared(run) for name in sorted(_ALL, key=lambda one: one != mode) if (run := newest[name]) is not None
        ],
        noise=noise.confirmed if noise is not None else None,
        efficiency=efficiency(con, now),
    )


def efficiency(con: Cursor, now: datetime) -> Efficiency | None:
    """What both sides took while both worked, against the plan's claims; None before each has made a pass."""
    told = efficiency_store.efficiency(con, now)
    if told is None:
        return None
    return Efficiency(
        since=told.since,
        until=told.until,
        legacy=Effort.model_validate(told.legacy),
        unified=Effort.model_validate(told.unified),
        claims=[Claim.model_validate(one) for one in efficiency_rules.claims(told)],
    )


def next_gates(con: Cursor, now: datetime) -> tuple[Change, Sequence[Gate]]:
    """The change that comes next, and the gates before it as they stand."""
    facts = gate_store.facts(con, now)
    change = gate_rules.next_change(facts.state)
    return change, gate_rules.gates(change, facts, now)


def _since(run: Run | None, begun_at: datetime | None) -> Run | None:
    """Comparisons of an earlier migration say nothing of this one."""
    return run if run is not None and (begun_at is None or run.finished_at >= begun_at) else None


def _compared(run: Run) -> Compared:
    oldest = run.details.get("oldest_pending_at")
    has_compared = run.compared > 0
    return Compared(
        mode=run.mode,
        finished_at=run.finished_at,
        period_start=run.period_start,
        period_end=run.period_end,
        control_at=run.control_at,
        candidate_at=run.candidate_at,
        compared=run.compared,
        matched=run.matched,
        match_rate=run.matched / run.compared if has_compared else None,
        upper_bound=upper_bound(run.compared, run.confirmed) if has_compared else None,
        pending=run.pending,
        overdue=run.overdue,
        oldest_pending_at=datetime.fromisoformat(oldest) if oldest is not None else None,
        suspect=run.suspect,
        stale_input=run.stale_input,
        transient=run.transient,
        ignored=run.ignored,
        explained=run.explained,
        confirmed=run.confirmed,
        paused=run.paused,
    )


def _may_pass_at(gates: Sequence[Gate]) -> datetime | None:
    """When the last of the gates may pass; None where all have, or where more than time is missing."""
    waiting = [one.passes_at for one in gates if one.result != "pass"]
    return max((at for at in waiting if at is not None), default=None) if None not in waiting else None
