"""Changes which sync writes production (DESIGN D19): begin, promote, cut over, roll back, finish.

Each is ONE transaction. It reads the gates as they stand, keeps every mark (the watermark backup), carries over what
goes over, refuses the syncs under way by their tokens, sets the switches, and writes the change with its evidence into
`parity_changes`, `migration_log` and `audit_log`. A failure at any statement leaves everything as it was. A dry run is
the same transaction, taken back at its end: what it says is what would have been written.

What lies outside of it is harmless: the other schema is made before a change that needs it, and given back after the
migration is done; a kill in between leaves an empty or an unused one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from shipsync.errors import NotPassed, Unusable
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.ledger import post_parcels
from shipsync.procedures.shipped import refresh_shipped
from shipsync.procedures.take_in import guide
from shipsync.rules import deployment as rules
from shipsync.rules import gates as gate_rules
from shipsync.rules.deployment import LEGACY, NAMES, SHADOW, SYNCS, UNIFIED, Change, State
from shipsync.rules.gates import Gate
from shipsync.rules.watermark import spoken
from shipsync.store import carry_over, ledger, marks, parity
from shipsync.store import deployment as store
from shipsync.store import gates as gate_store
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.lanes import drop_lane, lanes, make_lane
from shipsync.store.settings import audit, log_once

REHEARSAL = "-rehearsal"  # how the folder of a copy ends in which changes are rehearsed
BY_SWITCHES = "The switches of the workflows were set so."
# The worker and the schedule may both notice them; the second one finds them followed.
_FOLLOWING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a change, and why. Both have to be said."""

    by: str
    reason: str
    reviewed_by: str = ""  # before shadow: who has reviewed the plan
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to, or would come to."""

    change: Change
    before: State
    after: State
    gates: Sequence[Gate]
    refused: str | None = None  # why it could not be made; of a dry run only, else it is raised
    is_dry_run: bool = False
    carried: Mapping[str, int] = field(default_factory=dict)  # rows that go over into production, by table
    orders_differing: int = 0  # at ShipStation's orders: of which anything that is compared differs
    entries_posted: int = 0  # in the stock ledger
    marks_before: Mapping[str, datetime | None] = field(default_factory=dict)  # by workflow, complete through
    marks_after: Mapping[str, datetime | None] = field(default_factory=dict)
    first_query_from: datetime | None = None  # where legacy was behind: how far back the first query goes
    change_no: int | None = None

    def lines(self) -> list[str]:
        """For a person."""
        tells = [f"{'pass' if one.result == 'pass' else one.result}: {one.name}: {one.words}" for one in self.gates]
        if self.refused is not None:
            return [*tells, f"Dry run: it would be refused. {self.refused}"]
        would = "Dry run, nothing is changed: the" if self.is_dry_run else "The"
        lines = [*tells, f"{would} deployment goes from {NAMES[self.before]} to {NAMES[self.after]}."]
        if self.orders_differing:
            lines.append(f"{self.orders_differing:,} orders differ between the two sides.")
        lines += [f"Goes over: {amount:,} rows of {table}." for table, amount in self.carried.items()]
        if self.entries_posted:
            lines.append(f"Stock: {self.entries_posted:,} entries posted.")
        for workflow in SYNCS:
            was, becomes = self.marks_before.get(workflow), self.marks_after.get(workflow)
            lines.append(
                f"{workflow}: {will_do(self.after, workflow)} Mark: {spoken(was)}"
                + (f" -> {spoken(becomes)}." if becomes != was else ", stays.")
            )
        if self.first_query_from is not None:
            lines.append(f"The first query goes back to {spoken(self.first_query_from)}, where legacy stood.")
        return lines


def will_do(state: State, workflow: str) -> str:
    """What a sync does in a state, as a sentence."""
    where = rules.lane(state, workflow)
    if where is None:
        return "does nothing."
    return "writes production." if where == rules.MAIN else "writes beside production, to be compared."


class _Undone(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def change(db: Database, what: Change, asked: Asked, zone: ZoneInfo, now: datetime) -> Outcome:
    """Make one change, or say what it would come to. `zone` is the warehouse's.

    begin      puts the other side beside the one that writes production: from off the unified sync, which starts with
               nothing and reads 30 days back; from done legacy, which starts with what production is
    promote    from replay to live, or from live to ready
    cutover    the unified sync writes production from now on, if the deployment is ready and still is
    rollback   the legacy workflows do, from whatever state
    finish     lets the legacy workflows go, once the unified sync was stable for long enough

    Raises Unusable without a name or a reason, NotPassed where it may not be made.
    """
    for name, text in (("name", asked.by), ("reason", asked.reason)):
        if not text.strip():
            raise Unusable(f"A change of the deployment needs a {name}.")
    return _change(db, what, asked, zone, now, asks_gates=True)


def rehearse(copy: Database, what: Change, zone: ZoneInfo, now: datetime) -> Outcome:
    """Make one change in a copy of the database, by the same transaction, as if its gates were passed.

    Raises Unusable for any database but one in a folder that is called so.
    """
    if copy.path is None or not copy.path.parent.name.endswith(REHEARSAL):
        raise Unusable("A change is rehearsed in a copy of the database only.")
    return _change(copy, what, Asked("the rehearsal", "to rehearse"), zone, now, asks_gates=False)


def _change(db: Database, what: Change, asked: Asked, zone: ZoneInfo, now: datetime, *, asks_gates: bool) -> Outcome:
    state = store.state_of(db.read())
    rules.after(what, state)
    if (what == "begin" and not asked.dry_run) or _exchanges(what, state):
        make_lane(db, SHADOW)  # what it makes is empty; what is there is brought in step after a migration
    try:
        with db.transaction() as con:
            outcome = _make(con, what, asked, zone, now, asks_gates=asks_gates)
            if asked.dry_run:
                raise _Undone(outcome)
    except _Undone as undone:
        return undone.outcome
    if outcome.after == "done":
        drop_lane(db, SHADOW)
    return outcome


def follow_switches(db: Database, zone: ZoneInfo, now: datetime) -> Outcome | None:
    """Make the change that the switches of the syncs ask for (plan, steps 3.3 and 3.4); None while they ask for none.

    A cut-over that may not be made is kept as refused, which an alert tells, and the switches are set back: production
    goes on as it was.
    """
    with _FOLLOWING:
        asked = store.asked_by_switches(db.read())
        if asked is None:
            return None
        by = asked.by.strip() or "the switches"
        try:
            return change(db, asked.change, Asked(by, BY_SWITCHES), zone, now)
        except NotPassed as error:
            with db.transaction() as con:
                store.put_refusal(con, by, str(error), now)
                store.set_switches(con, store.state_of(con), "shipsync", now)
            return None


def _make(con: Cursor, what: Change, asked: Asked, zone: ZoneInfo, now: datetime, *, asks_gates: bool) -> Outcome:
    state = store.state_of(con)
    after = rules.after(what, state)
    facts = gate_store.facts(con, now, by=asked.by, reviewed_by=asked.reviewed_by)
    found = gate_rules.gates(what, facts, now) if asks_gates else ()
    refused = gate_rules.refusal(found)
    if refused is not None:
        if asked.dry_run:
            return Outcome(what, state, after, found, refused=refused, is_dry_run=True)
        raise NotPassed(refused)
    evidence = gate_rules.evidence(found)
    kept = store.marks_now(con)
    before = _marks(con)
    # First: from here on nothing that a sync under way has in hand can be written.
    store.refuse_running_syncs(con)
    carried = _carry(con, what, state, zone, now)
    first_query_from = _pulled_back(before) if what == "cutover" else None
    store.set_switches(con, after, asked.by, now)
    changed = store.Changed(
        change_no=store.next_change_no(con),
        changed_at=now,
        changed_by=asked.by,
        before=state,
        after=after,
        reason=asked.reason,
        evidence=evidence,
        evidence_hash=gate_rules.evidence_hash(evidence),
        marks=json.dumps(kept, sort_keys=True),
    )
    store.put_change(con, changed, first_query_from)
    told = f"{NAMES[state]} -> {NAMES[after]} by {asked.by}: {asked.reason} (evidence {changed.evidence_hash[:12]})"
    log_once(con, f"deployment: {what}", told, now)
    audit(con, asked.by, f"deployment: {what}", "sync", state, after, now)
    return Outcome(
        what,
        state,
        after,
        found,
        is_dry_run=asked.dry_run,
        carried=carried.rows,
        orders_differing=carried.orders_differing,
        entries_posted=carried.entries_posted,
        marks_before=before,
        marks_after=_marks(con),
        first_query_from=first_query_from,
        change_no=changed.change_no,
    )


@dataclass(frozen=True, slots=True)
class _Carried:
    rows: Mapping[str, int] = field(default_factory=dict)
    orders_differing: int = 0
    entries_posted: int = 0


def _carry(con: Cursor, what: Change, state: State, zone: ZoneInfo, now: datetime) -> _Carried:
    """Move what goes over. Only a cut-over, and a rollback of one, move anything into production."""
    has_lane = SHADOW in lanes(con)
    if what == "begin" and has_lane:
        if state == "off":
            carry_over.empty_lane(con)
        else:
            carry_over.copy_to_lane(con)
            _restore_legacy_marks(con, SHADOW, now)
    if _exchanges(what, state):
        return _exchange(con, zone, now, is_unified=what == "cutover")
    if what == "rollback" and state == "done":
        carry_over.forget_unapplied(con)
        _restore_legacy_marks(con, rules.MAIN, now)
    return _Carried()


def _exchanges(what: Change, state: State) -> bool:
    """Whether the two sides change places."""
    return what == "cutover" or (what == "rollback" and state == "reverse_shadow")


def _exchange(con: Cursor, zone: ZoneInfo, now: datetime, *, is_unified: bool) -> _Carried:
    """Production becomes what lane `shadow` is where that is not older, the lane what production was; then stock."""
    differing = len(parity.differing_orders(con, rules.MAIN, SHADOW))
    carry_over.stage(con)
    carry_over.to_lane(con)
    carried = carry_over.to_production(con, is_unified=is_unified)
    rows = dict(carried.rows)
    if is_unified:
        rows |= carry_over.give_readings(con)
        if carried.mixed:
            refresh_shipped(con, carried.mixed, guide(con), zone, now)
    else:
        carry_over.forget_unapplied(con)
    carry_over.swap_marks(con, unified_writes=is_unified)
    posted = post_parcels(con, ledger.orders_out_of_step(con), zone, now)
    if rows or posted:
        recalculate(con, zone, now, now)
    return _Carried(rows, differing, posted)


def _restore_legacy_marks(con: Cursor, schema: str, now: datetime) -> None:
    """Put the legacy workflows' marks back from the newest backup; without one they begin as they always do."""
    for workflow, mark in store.legacy_marks_kept(con).items():
        if schema == rules.MAIN:
            marks.set_mark(con, workflow, mark, "restored", now)
        else:
            carry_over.set_lane_mark(con, workflow, mark, now)


def _marks(con: Cursor) -> dict[str, datetime | None]:
    told = store.marks_now(con)
    found: dict[str, datetime | None] = {}
    for workflow in SYNCS:
        through = [
            datetime.fromisoformat(text)
            for of_schema in told.values()
            if (text := of_schema.get(workflow, {}).get("", {}).get("complete_through")) is not None
        ]
        found[workflow] = max(through, default=None)
    return found


def _pulled_back(before: Mapping[str, datetime | None]) -> datetime | None:
    """Where the legacy side stood, if that is behind the unified sync's own mark."""
    legacy = [at for workflow in LEGACY if (at := before.get(workflow)) is not None]
    own = before.get(UNIFIED)
    if own is None or not legacy or min(legacy) >= own:
        return None
    return min(legacy)
