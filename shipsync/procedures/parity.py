"""Comparing production with the lane beside it: workflow `parity-check` (DESIGN D19).

After each run of a sync, every two hours at least, and when asked:

1. ask       ShipStation for orders that one side lacks, by their ids: what it has no more, no side can bring. It is
             asked when such a difference would be confirmed, and once a day while it stands; at most for 20 of them.
             Where it does not answer nothing is confirmed, and the next comparison asks.
2. compare   what both engines have read is held against each other, twice: by key and field, and by sums of what showed
             no difference; each difference is judged by what is known of it from before; then ONE transaction: run,
             differences, hits of ignore rules. A failure leaves all as it was, and the next one compares anew.

Both lanes are only read, and nothing that is asked here is written into them. While no two syncs run beside each other
it does nothing, and says so. After a run that found too much (rules/parity_verdicts.py) the schedule pauses, with both
lanes kept as they are for a person to look into; one that somebody asks for compares nevertheless, and where that finds
less, the schedule goes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shipsync.errors import CredentialsRefused, ShipStationDown, ShipStationError
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.deployment import LEGACY, MAIN, NAMES, SHADOW, UNIFIED
from shipsync.rules.legacy import LOOKS_BACK, STATUS_SYNC
from shipsync.rules.parity_causes import LEAST_ORDERS, causes
from shipsync.rules.parity_fields import AGGREGATE, RECORDS
from shipsync.rules.parity_ignores import IgnoreRule, matches, state
from shipsync.rules.parity_intended import GONE, Circumstances, explanation, may_be_gone
from shipsync.rules.parity_verdicts import (
    LISTS_EVERY,
    ON_ORDERS,
    Decision,
    Found,
    Judged,
    Mode,
    Passes,
    Verdict,
    judge,
    may_be_pending_for,
    trips,
    weightiest,
)
from shipsync.store import deployment, parity, parity_causes, parity_results, parity_rules, workflows
from shipsync.store.cursor import Cursor
from shipsync.store.db import Tables
from shipsync.store.lanes import lanes
from shipsync.store.parity import MOST_KEYS, Comparison, Counted, Unread
from shipsync.store.parity_results import Identity, KeptDifference, Run

WORKFLOW = "parity-check"

BY_SCHEDULE = "schedule"  # as jobs/schedule.py calls itself
GONE_KEPT_FOR = timedelta(days=30)  # differences that are gone and were never confirmed
RUNS_KEPT_FOR = timedelta(days=7)  # every comparison; of older ones the last of each hour
MOST_ASKED = 20  # orders that ShipStation is asked for, in one comparison
ASKED_AGAIN = timedelta(days=1)  # and not sooner
MOST_REPLAYED = 20_000  # differing keys of one entity that are read of a replay, which has no next one
MOST_TOLD = 500  # differing orders whose causes are looked for
_SLOWEST = 60  # minutes between two passes of an engine whose interval nobody has set

# Of a replay: both sides read one recording to its end, and each compares another period.
_REPLAYED: tuple[Mode, ...] = ("replay", "noise")


@dataclass(frozen=True, slots=True)
class Sides:
    """Which lanes are compared. Control is always that of the legacy workflows, whoever writes production."""

    mode: Mode
    control: str
    candidate: str
    candidate_by: Sequence[str] = (UNIFIED,)  # the workflows that write it


def ask(work: Work) -> Result:
    """Step 1. Returns how many orders ShipStation was asked for, and how many of them it has no more."""
    sides = sides_there(work.db.read())
    return ask_about(work, sides) if sides is not None else {"asked": 0, "gone": 0}


def ask_about(work: Work, sides: Sides) -> Result:
    """The same for two lanes."""
    con, now = work.db.read(), work.now()
    passes = passes_now(con, sides)
    if passes is None:
        return {"asked": 0, "gone": 0}
    answers: dict[int, bool] = {}
    for order_id in parity_results.to_be_asked_for(con, sides.mode, GONE, passes, now - ASKED_AGAIN, most=MOST_ASKED):
        try:
            answers[order_id] = work.shipstation.order(order_id) is None
        except ShipStationError as error:
            work.log(f"ShipStation could not be asked for order {order_id}, which one side lacks: {error}")
            if isinstance(error, (ShipStationDown, CredentialsRefused)):
                break  # it would not answer for the others either
    if answers:
        with work.db.transaction() as writing:
            work.lease.check(writing)
            parity_results.keep_asked(writing, answers, work.run_id, now)
        work.count("orders asked for", len(answers))
        work.log(f"Of {len(answers):,} orders that one side lacks, {sum(answers.values()):,} are gone at ShipStation.")
    return {"asked": len(answers), "gone": sum(answers.values())}


def compare(work: Work) -> Result:
    """Step 2. Returns what it came to."""
    con = work.db.read()
    stands = deployment.state_of(con)
    sides = sides_now(con)
    if sides is None:
        work.log(f"Nothing to compare: the deployment is {NAMES[stands]}, so one side alone does the work.")
        return {"compared": 0}
    if SHADOW not in lanes(con):
        work.log("Nothing to compare yet: the other sync has not run.")
        return {"compared": 0}
    before = parity_results.newest_run(con, sides.mode)
    if before is not None and before.paused is not None and work.requested_by == BY_SCHEDULE:
        work.log(f"Comparing pauses: {before.paused}. Look into it, then ask for a comparison.")
        return {"compared": 0, "paused": before.paused}
    run = compare_and_keep(work.db, sides, work.run_id, work.now(), work.lease.check)
    for verdict, amount in _by_verdict(run).items():
        work.count(f"keys {verdict}", amount)
    work.count("keys compared", run.compared)
    work.log(f"Compared {run.compared:,} records; {run.matched:,} match, {run.pending:,} are pending.")
    for cause in run.details["causes"]:
        work.log(cause)
    if run.paused is not None:
        work.log(f"Comparing pauses: {run.paused}.")
    return {"compared": run.compared, "confirmed": run.confirmed, "pending": run.pending, "paused": run.paused}


PROCEDURE = Procedure(WORKFLOW, (Step("ask", ask), Step("compare", compare)))


def sides_now(con: Cursor) -> Sides | None:
    """What is compared as the deployment stands; None while one side alone does the work."""
    stands = deployment.state_of(con)
    if stands in ("off", "done"):
        return None
    if stands == "reverse_shadow":
        return Sides("reverse", SHADOW, MAIN)
    return Sides("live", MAIN, SHADOW)


def sides_there(con: Cursor) -> Sides | None:
    """The same; None also before the lane beside production was made."""
    return sides_now(con) if SHADOW in lanes(con) else None


def passes_now(con: Cursor, sides: Sides) -> Passes | None:
    """How far both engines have read; None of a replay, whose sides have read all there is."""
    if sides.mode in _REPLAYED:
        return None
    return Passes(
        parity.passed(con, sides.control, LEGACY),
        parity.passed(con, sides.candidate, sides.candidate_by),
        _both_read_from(con, sides),
    )


def _both_read_from(con: Cursor, sides: Sides) -> datetime | None:
    """From when on both engines have read: a new lane begins with the days that its engine reads back to.

    What lies before, one side has from earlier days and the other one never sees; a replay compares it.
    """
    begun_at = deployment.put_beside_at(con)
    if sides.mode == "reverse" and begun_at is not None:
        first = parity.first_pass_at(con, STATUS_SYNC, begun_at)
        return first - LOOKS_BACK if first is not None else None
    return parity.read_from(con, sides.candidate)


def compare_and_keep(
    db: Tables,
    sides: Sides,
    run_id: str,
    now: datetime,
    check: Callable[[Cursor], None] = lambda con: None,
    *,
    period: tuple[datetime, datetime] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Run:
    """Compare two lanes, judge what differs, and keep it under a run's id. `check` is called where it is written.

    `period` is that of a replay, `more` goes into the run's details. Raises ValueError for a lane whose name is none.
    """
    con = db.read()
    passes = passes_now(con, sides)
    kept = {} if sides.mode in _REPLAYED else parity_results.kept_differences(con, sides.mode)
    meant = _meant(kept)
    seen = parity.compare(
        con,
        sides.control,
        sides.candidate,
        passes,
        overdue_before=_overdue_before(con, now),
        read_last=meant,
        most_keys=MOST_KEYS if passes is not None else MOST_REPLAYED,
    )
    sums, differing_sums = parity.aggregates(
        con,
        sides.control,
        sides.candidate,
        passes,
        leaving_out=seen.order_ids,
        labels=seen.label_ids,
    )
    rules = _Rules(parity_rules.all_rules(con), kept, now)
    answered = parity_results.answered_in(con, run_id)
    judged = _judged((*seen.found, *differing_sums), seen.about, kept, rules, passes, answered, now)
    counted = dict(seen.counted) | {AGGREGATE: sums}
    gone = _gone(kept, judged, seen.unread, sums)
    told = _causes(con, sides, judged)
    with db.transaction() as writing:
        check(writing)
        transient = parity_results.differences_are_gone(writing, sides.mode, gone, now)
        lasting = [(found, one) for found, one in judged if one.verdict != "pending"]
        parity_results.keep_differences(writing, sides.mode, lasting, run_id, now)
        parity_rules.count_hits(writing, rules.hits, now)
        parity_results.forget(writing, now - GONE_KEPT_FOR)
        parity_results.thin_runs(writing, now - RUNS_KEPT_FOR)
        keys = _keys(judged) + _unread_keys(seen, meant, sums, is_replay=passes is None)
        run = _run(sides, run_id, now, passes, counted, keys, transient, period)
        run = replace(run, details=_details(seen, counted, judged, told, run.overdue) | dict(more or {}))
        parity_results.keep_run(writing, run)
    return run


# What accounts for a difference


def _judged(
    found: Sequence[Found],
    about: Mapping[int, Circumstances],
    kept: Mapping[Identity, KeptDifference],
    rules: _Rules,
    passes: Passes | None,
    answered: Collection[int],
    now: datetime,
) -> list[tuple[Found, Judged]]:
    """Each difference with its verdict; `rules` counts what it hides.

    `answered` are the orders that ShipStation was asked for in this comparison. For a replay (no `passes`) it is not.
    """
    judged = []
    for one in found:
        before = kept.get(one.identity)
        of_order = (about.get(one.order_id) if one.order_id is not None else None) or Circumstances()
        waits = passes is not None and one.order_id not in answered and may_be_gone(one, of_order)
        decision = explanation(one, of_order) or rules.decision(one)
        verdict = judge(one, before.kept if before else None, passes, decision, now, waits_for_answer=waits)
        rules.note(one, verdict)
        judged.append((one, verdict))
    return judged


class _Rules:
    """The ignore rules of one comparison: which hides what, and how many new differences each has hidden."""

    def __init__(self, rules: Sequence[IgnoreRule], kept: Mapping[Identity, KeptDifference], now: datetime) -> None:
        # One that is used up goes on hiding what it hides; the gate is red.
        self._rules = [one for one in rules if state(one, now) in ("in force", "used up")]
        self._kept = kept
        self._by_name = {one.name: one for one in rules}
        self.hits: Counter[int] = Counter()

    def decision(self, found: Found) -> Decision | None:
        """The rule that hides a difference; None where none does, or none may hide another one."""
        for rule in self._rules:
            if matches(rule.asked, found.entity, found.field, found.control, found.candidate) and (
                self._hides_already(rule, found) or rule.hits + self.hits[rule.rule_no] < rule.asked.most_hits
            ):
                return Decision("ignored", rule.name)
        return None

    def note(self, found: Found, judged: Judged) -> None:
        """Count what a rule hides that it did not hide before."""
        rule = self._by_name.get(judged.rule or "")
        if judged.verdict == "ignored" and rule is not None and not self._hides_already(rule, found):
            self.hits[rule.rule_no] += 1

    def _hides_already(self, rule: IgnoreRule, found: Found) -> bool:
        before = self._kept.get(found.identity)
        return before is not None and before.rule == rule.name and not before.kept.is_gone


def _meant(kept: Mapping[Identity, KeptDifference]) -> dict[tuple[str, str], datetime]:
    """Keys of which all that differs is there on purpose: when each was last read."""
    last: dict[tuple[str, str], datetime] = {}
    otherwise: set[tuple[str, str]] = set()
    for (entity, key, _), one in kept.items():
        if one.kept.is_gone:
            continue
        last[entity, key] = min(last.get((entity, key), one.last_seen_at), one.last_seen_at)
        if one.kept.verdict != "explained":
            otherwise.add((entity, key))
    return {name: at for name, at in last.items() if name not in otherwise}


def _gone(
    kept: Mapping[Identity, KeptDifference],
    judged: Sequence[tuple[Found, Judged]],
    unread: Mapping[str, Sequence[Unread]],
    sums: Counted,
) -> list[Identity]:
    """What was there before and is not any more. Of a key that was not read nobody can tell."""
    there = {found.identity for found, _ in judged}
    not_read = {(entity, one.key) for entity, keys in unread.items() for one in keys}
    return [
        identity
        for identity, before in kept.items()
        if not before.kept.is_gone
        and identity not in there
        and identity[:2] not in not_read
        and not (identity[0] == AGGREGATE and sums.is_cut)
    ]


# What it came to


def _run(
    sides: Sides,
    run_id: str,
    now: datetime,
    passes: Passes | None,
    counted: Mapping[str, Counted],
    keys: Counter[Verdict],
    transient: int,
    period: tuple[datetime, datetime] | None,
) -> Run:
    compared = sum(one.keys - one.pending for one in counted.values())
    start, end = period or (None, None)
    return Run(
        run_id=run_id,
        mode=sides.mode,
        started_at=now,
        finished_at=now,
        period_start=start,
        period_end=end,
        control_at=passes.control.everything if passes is not None else None,
        candidate_at=passes.candidate.everything if passes is not None else None,
        compared=compared,
        matched=compared - keys.total(),
        pending=sum(one.pending for one in counted.values()),
        overdue=sum(one.overdue for one in counted.values()),
        suspect=keys["suspect"],
        transient=transient,
        stale_input=keys["stale-input"],
        ignored=keys["ignored"],
        explained=keys["explained"],
        confirmed=keys["confirmed"],
        paused=trips(keys["confirmed"], compared),
    )


def _keys(judged: Sequence[tuple[Found, Judged]]) -> Counter[Verdict]:
    """Settled keys that differ and were read, by verdict."""
    by_key: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for found, one in judged:
        if one.verdict != "pending":
            by_key[found.entity, found.key].append(one.verdict)
    return Counter(weightiest(verdicts) for verdicts in by_key.values())


def _unread_keys(
    seen: Comparison, meant: Mapping[tuple[str, str], datetime], sums: Counted, *, is_replay: bool
) -> Counter[Verdict]:
    """Settled keys that differ and were not read: as they were read last, or suspect until they are."""
    unknown: Verdict = "confirmed" if is_replay else "suspect"
    keys: Counter[Verdict] = Counter()
    for entity, unread in seen.unread.items():
        keys.update("explained" if (entity, one.key) in meant else unknown for one in unread if not one.is_pending)
    keys[unknown] += max(0, sums.differing - MOST_KEYS)
    return keys


def _details(
    seen: Comparison,
    counted: Mapping[str, Counted],
    judged: Sequence[tuple[Found, Judged]],
    told: Sequence[str],
    overdue: int,
) -> dict[str, Any]:
    fields: dict[str, Counter[str]] = defaultdict(Counter)
    for found, one in judged:
        fields[f"{found.entity}.{found.field}"][one.verdict] += 1
    oldest = [one.oldest_pending_at for one in counted.values() if one.oldest_pending_at is not None]
    return {
        "entities": {
            name: {
                "keys": counted[name].keys,
                "pending": counted[name].pending,
                "differing": counted[name].differing,
                "is_cut": counted[name].is_cut,
            }
            for name in (*RECORDS, AGGREGATE)
        },
        "fields": {name: dict(verdicts) for name, verdicts in sorted(fields.items())},
        "cleaned": {
            f"{entity}.{name}: {rule}": amount for (entity, name, rule), amount in sorted(seen.cleaned.items())
        },
        "causes": list(told),
        "overdue": overdue,
        "oldest_pending_at": min(oldest).isoformat() if oldest else None,
    }


def _causes(con: Cursor, sides: Sides, judged: Sequence[tuple[Found, Judged]]) -> list[str]:
    """What the orders have in common that differ without a reason, in sentences."""
    ids = sorted(
        {
            found.order_id
            for found, one in judged
            if found.order_id is not None and one.verdict in ("confirmed", "suspect")
        }
    )[:MOST_TOLD]
    if len(ids) < LEAST_ORDERS:
        return []
    differing = parity_causes.attributes_of(con, sides.control, sides.candidate, ids)
    everywhere, orders = parity_causes.attributes_everywhere(con, sides.control, sides.candidate)
    return [one.sentence for one in causes(differing.values(), everywhere, orders)]


def _by_verdict(run: Run) -> dict[str, int]:
    return {
        "pending": run.pending,
        "suspect": run.suspect,
        "transient": run.transient,
        "stale": run.stale_input,
        "ignored": run.ignored,
        "explained": run.explained,
        "confirmed": run.confirmed,
    }


def _overdue_before(con: Cursor, now: datetime) -> dict[str, datetime]:
    """By entity: from before when a version is overdue if it is pending. None right after two syncs came together.

    Until both have come round the first time everything is pending, however old; nobody stands still for that.
    """
    begun_at = deployment.begun_at(con)
    before = {name: now - may_be_pending_for(one) for name, one in _intervals(con).items()}
    return {name: instant for name, instant in before.items() if begun_at is None or begun_at < instant}


def _intervals(con: Cursor) -> dict[str, timedelta]:
    """By entity: how far apart two readings are, of the slower engine, of the lists that it hangs on."""
    orders = _slowest(con)
    return {name: orders if name in ON_ORDERS else max(orders, LISTS_EVERY) for name in RECORDS}


def _slowest(con: Cursor) -> timedelta:
    intervals: Iterator[int] = (
        one.interval_minutes or _SLOWEST for one in workflows.all_controls(con) if one.workflow in (UNIFIED, *LEGACY)
    )
    return timedelta(minutes=max(intervals, default=_SLOWEST))
