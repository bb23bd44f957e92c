"""The gates before each change of which sync writes production (DESIGN D19, facts/parity.md P20 to P25).

Facts in, gates out: each is passed, failed or not known, with its evidence in words and in numbers. Not known never
promotes; it says what is missing, and where that is only time, until when.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from shipsync.rules.deployment import Change, State
from shipsync.rules.freshness import in_words

Result = Literal["pass", "fail", "inconclusive"]

# What the plan asks for, and what facts/parity.md adds.
LIVE_FOR = timedelta(hours=48)
STABLE_FOR = timedelta(hours=24)
REPLAYED_DAYS = 30
NO_FAILURE_FOR = timedelta(hours=24)
# Nothing may be said of a span in which comparing paused for longer: it comes every two hours, and may be late once.
LONGEST_PAUSE = timedelta(hours=5)
BACKUP_NOT_OLDER = timedelta(days=2)
REHEARSED_NOT_OLDER = timedelta(hours=25)  # it is nightly; an hour for tonight's to end in
MAY_TAKE = timedelta(seconds=60)  # a cut-over, or a rollback

# The workflow that rehearses both, and what its runs count.
DRILL = "parity-drill"
LOST, BROKEN, TOOK = "lost", "broken", "ms"  # the last one behind the name of a change

# With no difference among n keys at most 3 / n of all differ, 19 times of 20 (the rule of three): 3,000 of them.
MOST_MAY_DIFFER = Decimal("0.001")
# What a single pass asks says nothing: the first after a rest asks for more.
LEAST_PASSES = 2
# A pass of the one may be slower than one of the other by so much and is still called as fresh.
SAME_AGE = timedelta(minutes=1)

# What has to be met among the compared keys, and how often at least (P23). The words are those of the page.
CLASSES: Mapping[str, int] = {
    "new manual order": 20,
    "status change": 20,
    "shipped": 20,
    "no key product": 20,
    "cancelled": 3,
    "held and released": 3,
    "voided": 3,
    "several parcels": 3,
    "label bought anew": 3,
    "changed after it shipped": 3,
    "split": 3,
    "merged": 3,
    "number used twice": 3,
    "unknown lot": 3,
    "hour of a clock change": 1,
    "more than one page": 1,
    "over 500 orders in one window": 1,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One question that stands before a change, and its answer."""

    name: str
    result: Result
    words: str  # the evidence, as a sentence
    figures: Mapping[str, object]  # the same in numbers
    passes_at: datetime | None = None  # the earliest instant at which it may pass, where only time is missing


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of two lanes, as `parity_runs` keeps it. Instants UTC."""

    mode: str  # replay, noise, live, reverse
    finished_at: datetime
    compared: int  # records that both sides have passed
    matched: int
    explained: int  # meant to differ
    ignored: int  # by a rule
    pending: int
    overdue: int  # of the pending: longer than the cap
    confirmed: int  # differences that stand
    period: tuple[datetime, datetime] | None = None  # of a replay: which answers were fed


@dataclass(frozen=True, slots=True)
class Pace:
    """How one side went in the last 48 hours. One pass is one run of each of its workflows."""

    passes: int
    requests_a_pass: float
    requests_an_hour: float
    age_p95: timedelta | None  # how old its view became before the next pass ended; None below two passes


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed."""

    run_id: str
    finished_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Met:
    """How often a class was met among the records that both sides have passed."""

    recorded: int
    made_up: int = 0  # by the embedded ShipStation, which may fill a class that real life leaves empty


@dataclass(frozen=True, slots=True)
class Rule:
    """An ignore rule in force."""

    rule_no: int
    what: str  # 'order.tracking_number'
    expires_at: datetime
    hits: int
    most_hits: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal of cut-over and rollback on a copy has come to."""

    finished_at: datetime
    error: str | None = None  # why it came to no end
    took: Mapping[str, timedelta] = field(default_factory=dict)  # by change
    lost: int = 0  # records that production had before and not after
    broken: int = 0  # what has to hold in the tables, and did not after


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates are told from. Instants UTC."""

    state: State
    since: datetime  # when this state began
    live_since: datetime | None = None  # when comparing live began; None before
    by: str = ""  # who asks for the change
    reviewed_by: str = ""  # who has reviewed the plan; only asked before shadow
    comparisons: Sequence[Comparison] = ()  # of this migration, oldest first
    in_doubt: int = 0  # records that differ for longer than lag explains, and are not confirmed
    control: Pace | None = None  # of the side that writes production
    candidate: Pace | None = None  # of the other side
    failures: Sequence[Failure] = ()  # of the syncs in the last 24 hours, newest first
    runs: int = 0  # of the syncs that ended in the last 24 hours
    last_backup_at: datetime | None = None  # the newest verified one
    rehearsal: Rehearsal | None = None  # the newest one of both ways
    rules: Sequence[Rule] = ()
    met: Mapping[str, Met] = field(default_factory=dict)  # by class


def gates(change: Change, facts: Facts, now: datetime) -> tuple[Gate, ...]:
    """The gates before a change, as they stand. A rollback has none."""
    return tuple(ask(facts, now) for ask in _BEFORE.get((change, facts.state), ()))


def refusal(found: Iterable[Gate]) -> str | None:
    """Why a change cannot be made yet, with a sentence for each gate that is not passed; None when all are."""
    shut = [one for one in found if one.result != "pass"]
    if not shut:
        return None
    return "Not yet. " + " ".join(one.words for one in shut)


def evidence(found: Sequence[Gate]) -> str:
    """The gates as JSON: equal gates give equal text."""
    return json.dumps([asdict(one) for one in found], sort_keys=True, default=_as_text, separators=(",", ":"))


def evidence_hash(text: str) -> str:
    """sha256 of the evidence."""
    return hashlib.sha256(text.encode()).hexdigest()


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def may_differ(compared: int) -> Decimal | None:
    """At most what share of all keys differs, 95 % sure, after so many without a difference; None after none."""
    return Decimal(3) / compared if compared else None


# Before shadow


def _review(facts: Facts, now: datetime) -> Gate:
    reviewer, asker = facts.reviewed_by.strip(), facts.by.strip()
    figures = {"reviewed by": reviewer or None}
    if not reviewer:
        text = "Nobody has confirmed the review of the plan. Name who has reviewed it."
        return Gate("review", "fail", text, figures)
    if reviewer.casefold() == asker.casefold():
        text = f"{reviewer} cannot review what {reviewer} begins. Name another person."
        return Gate("review", "fail", text, figures)
    return Gate("review", "pass", f"{reviewer} has reviewed the plan.", figures)


# What was replayed


def _replay(facts: Facts, now: datetime) -> Gate:
    newest = _newest(facts, "replay")
    if newest is None:
        return Gate("replay", "inconclusive", "Nothing has been replayed yet.", {})
    figures = _figures(newest)
    if newest.confirmed or newest.pending:
        alone = f", {newest.pending:,} more passed by one side alone" if newest.pending else ""
        text = f"Replayed {in_words(now - newest.finished_at)} ago: {_came_out(newest)}{alone}."
        return Gate("replay", "fail", text, figures)
    if not newest.compared:
        return Gate("replay", "inconclusive", "The newest replay has compared nothing.", figures)
    return Gate("replay", "pass", f"Replayed: {_came_out(newest)}.", figures)


def _noise(facts: Facts, now: datetime) -> Gate:
    newest = _newest(facts, "noise")
    if newest is None or not newest.compared:
        text = "The legacy workflows were not replayed against themselves yet, so nobody knows what is noise."
        return Gate("noise", "inconclusive", text, {} if newest is None else _figures(newest))
    if newest.confirmed:
        # Not the candidate's fault: what measures is broken.
        text = f"Legacy differs from itself in {_count(newest.confirmed, 'place')}, so no comparison can be believed."
        return Gate("noise", "inconclusive", text, _figures(newest))
    return Gate("noise", "pass", f"Legacy against itself: {_came_out(newest)}.", _figures(newest))


def _recorded(facts: Facts, now: datetime) -> Gate:
    spans = [one.period for one in facts.comparisons if one.mode == "replay" and one.period and not one.confirmed]
    days = _covered(spans) / timedelta(days=1)
    figures = {"days": round(days, 2), "days wanted": REPLAYED_DAYS}
    if days < REPLAYED_DAYS:
        text = f"{days:.1f} of {REPLAYED_DAYS} recorded days have been replayed."
        return Gate("recorded days", "inconclusive", text, figures)
    return Gate("recorded days", "pass", f"{days:.1f} recorded days replayed, {REPLAYED_DAYS} wanted.", figures)


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """How much time these spans cover together."""
    covered, reached = timedelta(0), None
    for start, end in sorted(spans):
        start = max(start, reached) if reached is not None else start
        if end > start:
            covered, reached = covered + (end - start), end
    return covered


# What was compared live


def _live(facts: Facts, now: datetime) -> Gate:
    return _parity("live parity", "live", LIVE_FOR, facts.live_since, facts, now)


def _stable(facts: Facts, now: datetime) -> Gate:
    return _parity("stable", "reverse", STABLE_FOR, facts.since, facts, now)


def _parity(name: str, mode: str, wanted: timedelta, since: datetime | None, facts: Facts, now: datetime) -> Gate:
    """Whether all was equal for long enough, told by comparisons without a longer pause among them."""
    done = [one for one in facts.comparisons if one.mode == mode and since is not None and one.finished_at >= since]
    hours = wanted / timedelta(hours=1)
    if since is None or not done:
        text = f"Nothing was compared {_HOW[mode]} yet; {hours:.0f} hours without a difference are wanted."
        return Gate(name, "inconclusive", text, {"hours": 0.0, "hours wanted": hours})
    newest = done[-1]
    equal_since = since
    for before, one in zip([since, *(one.finished_at for one in done)], done, strict=False):
        if one.confirmed or one.overdue or one.finished_at - before > LONGEST_PAUSE:
            equal_since = one.finished_at
    span = now - equal_since
    figures = _figures(newest) | {
        "comparisons": len(done),
        "hours": round(span / timedelta(hours=1), 2),
        "hours wanted": hours,
        "in doubt": facts.in_doubt,
    }
    if newest.confirmed or newest.overdue:
        missing = f", {newest.overdue:,} missing on one side for too long" if newest.overdue else ""
        text = f"Compared {in_words(now - newest.finished_at)} ago: {_came_out(newest)}{missing}."
        return Gate(name, "fail", text, figures)
    if not newest.compared:
        text = f"The last comparison {_HOW[mode]} found no record that both sides have passed."
        return Gate(name, "inconclusive", text, figures)
    if now - newest.finished_at > LONGEST_PAUSE:
        text = f"The last comparison {_HOW[mode]} ended {in_words(now - newest.finished_at)} ago. Compare again."
        return Gate(name, "inconclusive", text, figures)
    if span < wanted:
        text = f"Nothing confirmed to differ for {in_words(span)}; {hours:.0f} hours are wanted."
        return Gate(name, "inconclusive", text, figures, passes_at=equal_since + wanted)
    if facts.in_doubt:
        text = (
            f"{_count(facts.in_doubt, 'record')} {'differs' if facts.in_doubt == 1 else 'differ'} for longer than lag "
            "explains, and nothing confirms it: ShipStation does not answer for it, or a list is not read. See Sync."
        )
        return Gate(name, "inconclusive", text, figures)
    text = (
        f"Nothing confirmed to differ for {in_words(span)}, told by {len(done):,} comparisons. "
        f"In the last {_came_out(newest)}."
    )
    return Gate(name, "pass", text, figures)


_HOW: Mapping[str, str] = {"live": "live", "reverse": "in reverse shadow"}


def _sample(facts: Facts, now: datetime) -> Gate:
    newest = [one for mode in ("live", "replay") if (one := _newest(facts, mode)) is not None]
    compared = max((one.compared for one in newest), default=0)
    differ = sum(one.confirmed for one in newest)
    bound = may_differ(compared)
    figures = {
        "compared": compared,
        "confirmed": differ,
        "upper bound": None if bound is None or differ else str(round(bound, 6)),
        "upper bound wanted": str(MOST_MAY_DIFFER),
    }
    if differ:
        text = f"{differ:,} of {compared:,} records confirmed to differ."
        return Gate("sample", "fail", text, figures)
    if bound is None or bound > MOST_MAY_DIFFER:
        wanted = int(3 / MOST_MAY_DIFFER)
        return Gate("sample", "inconclusive", f"{compared:,} of {wanted:,} records have been compared.", figures)
    text = f"{compared:,} records, none confirmed to differ: at most {bound * 100:.3g} % of all may differ, 95 % sure."
    return Gate("sample", "pass", text, figures)


def _coverage(facts: Facts, now: datetime) -> Gate:
    met = {name: facts.met.get(name, Met(0)) for name in CLASSES}
    figures = {
        name: {"met": met[name].recorded, "made up": met[name].made_up, "wanted": wanted}
        for name, wanted in CLASSES.items()
    }
    missing = [
        f"{name} ({one.recorded + one.made_up} of {CLASSES[name]})"
        for name, one in met.items()
        if one.recorded + one.made_up < CLASSES[name]
    ]
    if missing:
        return Gate("coverage", "inconclusive", f"Met too seldom to tell: {', '.join(missing)}.", figures)
    made_up = [name for name, one in met.items() if one.recorded < CLASSES[name]]
    helped = f" {_listed(made_up)} only with made-up orders." if made_up else ""
    return Gate("coverage", "pass", f"All {len(CLASSES)} kinds of orders and events were met.{helped}", figures)


# How both sides go


def _fresh(facts: Facts, now: datetime) -> Gate:
    control, candidate = facts.control, facts.candidate
    if control is None or candidate is None or control.age_p95 is None or candidate.age_p95 is None:
        return Gate("freshness", "inconclusive", "Too few passes of both sides to tell how fresh each is.", {})
    figures = {"legacy s": control.age_p95.total_seconds(), "unified s": candidate.age_p95.total_seconds()}
    text = (
        f"In 19 of 20 passes the unified sync's view is at most {in_words(candidate.age_p95)} old, "
        f"the legacy one {in_words(control.age_p95)}."
    )
    is_as_fresh = candidate.age_p95 <= control.age_p95 + SAME_AGE
    return Gate("freshness", "pass" if is_as_fresh else "fail", text, figures)


def _requests(facts: Facts, now: datetime) -> Gate:
    control, candidate = facts.control, facts.candidate
    if control is None or candidate is None or min(control.passes, candidate.passes) < LEAST_PASSES:
        return Gate("requests", "inconclusive", "Too few passes of both sides to tell what each asks.", {})
    figures = {
        "legacy a pass": round(control.requests_a_pass, 2),
        "unified a pass": round(candidate.requests_a_pass, 2),
        "legacy an hour": round(control.requests_an_hour, 2),
        "unified an hour": round(candidate.requests_an_hour, 2),
    }
    # A pass against a pass: the unified sync comes twelve times as often, which is what freshness costs.
    text = (
        f"A pass of the unified sync sends {candidate.requests_a_pass:.1f} requests, one of both legacy workflows "
        f"{control.requests_a_pass:.1f}; an hour {candidate.requests_an_hour:.0f} and {control.requests_an_hour:.0f}."
    )
    return Gate("requests", "pass" if candidate.requests_a_pass <= control.requests_a_pass else "fail", text, figures)


def _no_failure(facts: Facts, now: datetime) -> Gate:
    figures = {"runs": facts.runs, "failed": len(facts.failures), "hours": NO_FAILURE_FOR / timedelta(hours=1)}
    if facts.failures:
        newest = facts.failures[0]
        text = f"{_count(len(facts.failures), 'run')} failed in the last 24 hours, {newest.run_id} last: {newest.error}"
        passes_at = newest.finished_at + NO_FAILURE_FOR
        return Gate("no failed run", "fail", text, figures, passes_at=passes_at)
    if not facts.runs:
        return Gate("no failed run", "inconclusive", "No sync has run in the last 24 hours.", figures)
    return Gate("no failed run", "pass", f"{_count(facts.runs, 'run')} in the last 24 hours, none failed.", figures)


# The house


def _backup(facts: Facts, now: datetime) -> Gate:
    at = facts.last_backup_at
    figures = {"made at": at.isoformat() if at is not None else None}
    if at is None:
        return Gate("backup", "fail", "There is no verified backup. Make one.", figures)
    if now - at > BACKUP_NOT_OLDER:
        return Gate("backup", "fail", f"The last verified backup is {in_words(now - at)} old. Make one.", figures)
    return Gate("backup", "pass", f"The last verified backup is {in_words(now - at)} old.", figures)


def _way_back(facts: Facts, now: datetime) -> Gate:
    one = facts.rehearsal
    if one is None:
        text = "Cut-over and rollback were not rehearsed yet on a copy. Rehearse them."
        return Gate("way back", "inconclusive", text, {})
    figures = {"at": one.finished_at.isoformat(), "lost": one.lost, "broken": one.broken} | {
        f"{what} s": round(took.total_seconds(), 3) for what, took in one.took.items()
    }
    took = took_words(one.took)
    ago = in_words(now - one.finished_at)
    if one.error is not None:
        return Gate("way back", "fail", f"The rehearsal {ago} ago failed: {one.error}", figures)
    if one.lost or one.broken:
        text = (
            f"The rehearsal {ago} ago lost {_count(one.lost, 'record')}, and {one.broken:,} more did not add up after."
        )
        return Gate("way back", "fail", text, figures)
    if any(span > MAY_TAKE for span in one.took.values()):
        return Gate("way back", "fail", f"In the rehearsal {ago} ago one took more than a minute: {took}.", figures)
    if now - one.finished_at > REHEARSED_NOT_OLDER:
        return Gate("way back", "inconclusive", f"The last rehearsal is {ago} old. Rehearse again.", figures)
    text = f"Rehearsed on a copy {ago} ago: {took}, and nothing was lost or doubled."
    return Gate("way back", "pass", text, figures)


def took_words(took: Mapping[str, timedelta]) -> str:
    """How long each rehearsed change took: 'the cut-over 0.8 s and the rollback 0.6 s'."""
    return " and ".join(f"the {_NAMED[what]} {span.total_seconds():.1f} s" for what, span in took.items())


_NAMED: Mapping[str, str] = {"cutover": "cut-over", "rollback": "rollback"}


def _ignored(facts: Facts, now: datetime) -> Gate:
    expired = [one for one in facts.rules if one.expires_at <= now]
    full = [one for one in facts.rules if one.hits >= one.most_hits]
    figures = {
        "rules": len(facts.rules),
        "expired": [one.rule_no for one in expired],
        "full": [one.rule_no for one in full],
    }
    if expired or full:
        said = [f"rule {one.rule_no} on {one.what} has expired" for one in expired]
        said += [f"rule {one.rule_no} on {one.what} has hidden {one.hits:,} differences, its most" for one in full]
        return Gate("ignore rules", "fail", f"{'; '.join(said).capitalize()}. Withdraw or renew.", figures)
    text = f"{_count(len(facts.rules), 'ignore rule')}, none expired or full." if facts.rules else "No ignore rule."
    return Gate("ignore rules", "pass", text, figures)


_Ask = Callable[[Facts, datetime], Gate]

_READY: tuple[_Ask, ...] = (
    _live, _replay, _noise, _recorded, _coverage, _sample, _fresh, _requests, _no_failure, _backup, _way_back,
    _ignored,
)  # fmt: skip
_BEFORE: Mapping[tuple[Change, State], tuple[_Ask, ...]] = {
    ("begin", "off"): (_review,),
    ("begin", "done"): (_review, _backup),
    ("promote", "shadow_replay"): (_replay, _noise, _recorded, _backup),
    ("promote", "shadow_live"): _READY,
    # Once more: what has come up since it was ready counts.
    ("cutover", "ready"): _READY,
    ("finish", "reverse_shadow"): (_stable, _no_failure, _backup, _ignored),
}


def next_change(state: State) -> Change:
    """What comes after this state, for showing its gates before anybody asks."""
    return _AFTER[state]


_AFTER: Mapping[State, Change] = {
    "off": "begin",
    "shadow_replay": "promote",
    "shadow_live": "promote",
    "ready": "cutover",
    "reverse_shadow": "finish",
    "done": "begin",
}


def _newest(facts: Facts, mode: str) -> Comparison | None:
    return next((one for one in reversed(facts.comparisons) if one.mode == mode), None)


def _figures(one: Comparison) -> dict[str, object]:
    return {
        "compared": one.compared,
        "matched": one.matched,
        "explained": one.explained,
        "ignored": one.ignored,
        "pending": one.pending,
        "overdue": one.overdue,
        "confirmed": one.confirmed,
        "at": one.finished_at.isoformat(),
    }


def _came_out(one: Comparison) -> str:
    """'4,928 of 4,949 records equal, 17 meant to differ, 4 in doubt': together they are what was compared."""
    if one.matched == one.compared:
        return f"all {one.compared:,} records equal"
    in_doubt = one.compared - one.matched - one.explained - one.ignored - one.confirmed
    others = ((one.explained, "meant to differ"), (one.ignored, "ignored by a rule"),
              (one.confirmed, "confirmed to differ"), (in_doubt, "in doubt"))  # fmt: skip
    parts = [f"{amount:,} {what}" for amount, what in others if amount]
    return ", ".join([f"{one.matched:,} of {one.compared:,} records equal", *parts])


def _count(amount: int, one: str) -> str:
    return f"{amount:,} {one}" if amount == 1 else f"{amount:,} {one}s"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names).capitalize()
