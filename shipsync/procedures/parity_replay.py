"""The replay: what ShipStation answered in a past period, given to both engines anew (DESIGN D19).

1. lanes      three lanes are made anew; into each come the shop's orders, as import and upload left them
2. control    the recorded answers are given to the two legacy workflows
3. again      the same answers to the same two in a lane of their own: what differs there is the harness's own noise
4. candidate  the same answers to the unified sync, run by run, as it applied them
5. compare    control with again, control with candidate; the verdicts are kept
6. clear      the lanes are dropped, with all that is in them

Asked for one order, only the answers that tell of it are replayed, cut down to its records and those of the orders that
it was split from or into; what differs then is the result of the job, and no comparison is kept.

All three have read the same answers to their end, so there is no lag, and a difference is one of rules. Production is
read and never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shipsync.doors.shipstation import Page
from shipsync.errors import ShipStationDown, Unusable
from shipsync.procedures import backfill, manual_order_sync, status_sync
from shipsync.procedures.parity import Sides, compare_and_keep
from shipsync.procedures.replay import replay, work_at
from shipsync.procedures.shadow import prepare_lane
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.deployment import MAIN, UNIFIED
from shipsync.rules.parity_intended import Circumstances, explanation
from shipsync.rules.periods import day_closes, day_starts
from shipsync.rules.shipstation import Feed
from shipsync.rules.watermark import SEED
from shipsync.store import orders as orders_store
from shipsync.store import parity, readings, reference
from shipsync.store.db import Database, Tables
from shipsync.store.deployment import lane_of
from shipsync.store.lanes import drop_lane, lanes, make_lane
from shipsync.store.readings import AppliedRun

WORKFLOW = "parity-replay"

CONTROL, AGAIN, CANDIDATE = LANES = ("replay_control", "replay_again", "replay_candidate")
ANSWERS = "replay_answers"  # of a replay of one order: what tells of it
RECORDED = (UNIFIED, backfill.WORKFLOW)  # whose answers are kept


@dataclass(frozen=True)
class Recording:
    """A door that answers each list with every page recorded of it, whatever window is asked for.

    The legacy workflows read a window whole and take the newest version of each order, so all pages of the period are
    to them one window in which it all happened.
    """

    source: Tables
    runs: Sequence[AppliedRun]

    def orders_modified(self, start: datetime, end: datetime) -> Iterator[Page[Any]]:
        """See `ShipStation.orders_modified`."""
        return self._pages("orders")

    def shipments_created(self, start: datetime, end: datetime) -> Iterator[Page[Any]]:
        """See `ShipStation.shipments_created`."""
        return self._pages("shipments")

    def shipments_voided(self, start: datetime, end: datetime) -> Iterator[Page[Any]]:
        """See `ShipStation.shipments_voided`."""
        return self._pages("voids")

    def fulfillments_created(self, start: datetime, end: datetime) -> Iterator[Page[Any]]:
        """See `ShipStation.fulfillments_created`."""
        return self._pages("fulfillments")

    def carriers(self) -> list[Any]:
        """Names are none of the recorded answers: those of production are in the lane."""
        raise ShipStationDown("Recorded answers hold no names of carriers.")

    def _pages(self, feed: Feed) -> Iterator[Page[Any]]:
        db = self.source.read()
        for run in self.runs:
            for reading_id, pages in readings.pages_of(db, run.reading_ids, feed):
                for page_no in range(1, pages + 1):
                    page = readings.page(db, reading_id, page_no)
                    yield Page(feed, page_no, {}, page.body, page.answered_at, [], [], [], None)


def make_lanes(work: Work) -> Result:
    """Step 1. Returns the period and the runs recorded in it. Raises Unusable for a period that nothing was read in."""
    db = _database(work)
    since, until = _period(work)
    if _order(work) is not None:
        _set_apart(work, since, until)
    runs = readings.applied_runs(_source(work).read(), RECORDED, since, until)
    if not runs:
        raise Unusable(
            f"Nothing that ShipStation answered between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC is kept. "
            "Choose a period in which the sync has run."
        )
    for lane in LANES:
        drop_lane(db, lane)
        # What was closed long before the period comes as closed.
        prepare_lane(db, lane, work_at(db, work.settings, UNIFIED, work.run_id, since))
    span = f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
    work.log(f"Replaying what {len(runs):,} runs of the sync were answered, {span}.")
    return {"from": since.isoformat(), "to": until.isoformat(), "runs": len(runs)}


def give_to_control(work: Work) -> Result:
    """Step 2."""
    return _give_to_legacy(work, CONTROL)


def give_to_control_again(work: Work) -> Result:
    """Step 3."""
    return _give_to_legacy(work, AGAIN)


def give_to_candidate(work: Work) -> Result:
    """Step 4. A second try begins anew: a run that was applied already would meet itself."""
    db = _database(work)
    since, until = _replayed(work)
    drop_lane(db, CANDIDATE)
    prepare_lane(db, CANDIDATE, work_at(db, work.settings, UNIFIED, work.run_id, since))

    def done(runs: int, of: int) -> None:
        work.lease.beat()
        work.progress(runs, of, "runs of the sync")
        work.check_cancel()

    lane = db.lane(CANDIDATE)
    return {"runs": replay(_source(work), lane, *RECORDED, settings=work.settings, since=since, until=until, done=done)}


def compare(work: Work) -> Result:
    """Step 5. Returns the keys compared, and how many of them differ without a reason."""
    db, period = _database(work), _replayed(work)
    check, now = work.lease.check, work.now()
    order_id = _order(work)
    if order_id is not None:
        return _compare_order(work, order_id)
    noise = compare_and_keep(db, Sides("noise", CONTROL, AGAIN), f"{work.run_id}.noise", now, check, period=period)
    found = compare_and_keep(db, Sides("replay", CONTROL, CANDIDATE), work.run_id, now, check, period=period)
    work.count("keys compared", found.compared)
    work.count("keys explained", found.explained)
    work.count("keys confirmed", found.confirmed)
    work.log(
        f"Compared {found.compared:,} records: {found.matched:,} match, {found.explained:,} differ as is meant, "
        f"{found.confirmed:,} differ. Noise: {noise.compared - noise.matched:,}."
    )
    return {"compared": found.compared, "confirmed": found.confirmed, "noise": noise.compared - noise.matched}


def drop_lanes(work: Work) -> Result:
    """Step 6. Returns what the comparison came to."""
    for lane in (*LANES, ANSWERS):
        drop_lane(_database(work), lane)
    return work.results["compare"]


PROCEDURE = Procedure(
    WORKFLOW,
    (
        Step("lanes", make_lanes),
        Step("control", give_to_control),
        Step("again", give_to_control_again),
        Step("candidate", give_to_candidate),
        Step("compare", compare),
        Step("clear", drop_lanes),
    ),
)


def _order(work: Work) -> int | None:
    """The ShipStation order that was asked for alone."""
    order_id: int | None = work.arguments.get("order_id")
    return order_id


def _set_apart(work: Work, since: datetime, until: datetime) -> None:
    """Cut down what was answered to what tells of one order."""
    db, source = _database(work), _kept(work)
    order_id = work.arguments["order_id"]
    orders = {order_id, *orders_store.split_with(source.read(), order_id)}
    drop_lane(db, ANSWERS)
    make_lane(db, ANSWERS)
    records = 0
    for run in readings.applied_runs(source.read(), RECORDED, since, until):
        work.check_cancel()
        with db.lane(ANSWERS).transaction() as con:
            work.lease.check(con)
            for reading_id in run.reading_ids:
                records += readings.copy_what_tells_of(source.read(), con, reading_id, orders)
    with db.lane(ANSWERS).transaction() as con:
        reference.copy_reference(source.read(), con)
    work.log(f"{records:,} records of the answers tell of ShipStation order {order_id}.")


def _compare_order(work: Work, order_id: int) -> Result:
    """What still differs of one order as it stands, but for what is meant to."""
    con = work.db.read()
    seen, noise = (parity.compare(con, CONTROL, lane, None) for lane in (CANDIDATE, AGAIN))
    about = seen.about.get(order_id) or Circumstances()
    found = [one for one in seen.found if one.order_id == order_id and explanation(one, about) is None]
    work.log(f"ShipStation order {order_id} {'differs' if found else 'does not differ'} when its answers are replayed.")
    return {
        "order_id": order_id,
        "differs": [[one.entity, one.field, one.control, one.candidate] for one in found],
        "noise": sum(1 for one in noise.found if one.order_id == order_id),
    }


def _give_to_legacy(work: Work, lane: str) -> Result:
    """Orders typed by hand first, so that a label finds its order, whichever came first."""
    since, until = _replayed(work)
    source = _source(work)
    recording = Recording(source, readings.applied_runs(source.read(), RECORDED, since, until))
    figures: dict[str, Any] = {}
    for procedure in (manual_order_sync.PROCEDURE, status_sync.PROCEDURE):
        run = work_at(_database(work).lane(lane), work.settings, procedure.workflow, work.run_id, until)
        run.doors = {"shipstation": recording}
        for step in procedure.steps:
            step.do(run)
        figures |= {f"{procedure.workflow}: {what}": amount for what, amount in run.counts.items()}
    return figures


def _period(work: Work) -> tuple[datetime, datetime]:
    """The period asked for: days `first` and `last` as text, both included; without them the last 30 days."""
    zone, now = work.settings.zone, work.now()
    first, last = work.arguments.get("first"), work.arguments.get("last")
    until = min(now, day_closes(date.fromisoformat(last), zone)) if last is not None else now
    since = day_starts(date.fromisoformat(first), zone) if first is not None else until - SEED
    if since >= until:
        raise Unusable(
            f"A replay from {first or since} to {last or 'now'} has no day in it. Give the earlier day first."
        )
    return since, until


def _replayed(work: Work) -> tuple[datetime, datetime]:
    """The period as step 1 has found it: a retry replays the same."""
    made = work.results["lanes"]
    return datetime.fromisoformat(made["from"]), datetime.fromisoformat(made["to"])


def _source(work: Work) -> Tables:
    """Where the answers are that are replayed."""
    return _database(work).lane(ANSWERS) if _order(work) is not None else _kept(work)


def _kept(work: Work) -> Tables:
    """Where the unified sync keeps what it is answered: in its lane, or in production once it writes that."""
    db = _database(work)
    lane = lane_of(db.read(), UNIFIED)
    return db if lane in (None, MAIN) or lane not in lanes(db.read()) else db.lane(lane)


def _database(work: Work) -> Database:
    if not isinstance(work.db, Database):
        raise TypeError("a replay works in lanes of its own, so it is never itself in one")
    return work.db
