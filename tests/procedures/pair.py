"""Two engines beside each other over one world, each at its own moments, compared as it comes.

Control is the two legacy workflows in production's tables; the candidate works in lane `shadow`: the unified sync, or
the two legacy workflows once more. Both are run by their own steps with everything but a worker around them. By the
seed, passes are so far apart as a test says, some are killed, some are left out for hours, and the weather at
ShipStation changes. At night nothing is run, and at weekends once a day, as nobody works then.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shipsync.errors import ShipsyncError
from shipsync.procedures import manual_order_sync, parity, status_sync, sync
from shipsync.procedures.parity import Sides, compare_and_keep
from shipsync.procedures.replay import work_at
from shipsync.procedures.shadow import prepare_lane
from shipsync.procedures.work import Procedure, Work
from shipsync.rules.deployment import LEGACY, MAIN, SHADOW, UNIFIED
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.weather import Weather
from shipsync.store import parity_results
from shipsync.store.db import Tables
from shipsync.store.lanes import make_lane
from shipsync.store.parity_results import Difference, Run
from tests.house import House, a_house, minutes
from tests.procedures.deaths import Dying, Killed

PROCEDURES: dict[str, Procedure] = {
    one.workflow: one for one in (status_sync.PROCEDURE, manual_order_sync.PROCEDURE, sync.PROCEDURE)
}
COMPARED_EVERY = timedelta(hours=2)
SENT_UP_EVERY = timedelta(hours=3)
OPEN_FROM, OPEN_TO = 7.0, 15.5  # hours of the warehouse's day in which engines run
_SATURDAY = 5
_KILLED, _OFF = 0.03, 0.02  # shares of passes


@dataclass
class Pair:
    """Both engines over one house."""

    house: House
    candidate: Sequence[str]  # the workflows of the candidate's side
    apart: tuple[float, float]  # minutes between two passes of one workflow, at least and at most
    rng: random.Random
    weather: Weather | None
    defect: str = ""  # what the candidate does wrong from now on: a statement that makes it so after each of its passes
    aimed_at: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _due: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def sides(self) -> Sides:
        """What is compared."""
        return Sides("live", MAIN, SHADOW, candidate_by=tuple(self.candidate))

    def live(self, days: float) -> None:
        """Let days go by."""
        end = self.house.clock.now() + timedelta(days=days)
        compared_at = sent_up_at = turned_at = self.house.clock.now()
        while True:
            at, lane, workflow = min((at, *which) for which, at in self._due.items())
            if at > end:
                break
            self._until(at)
            now = self.house.clock.now()
            if self.weather is not None and now >= turned_at:
                self.weather.turn()
                turned_at = now + minutes(self.rng.uniform(30, 300))
            if now >= sent_up_at:
                self.send_up()
                sent_up_at = now + SENT_UP_EVERY
            self.run(lane, workflow, killed=self.rng.random() < _KILLED)
            self._due[lane, workflow] = self._next()
            if now >= compared_at:
                self.compare()
                compared_at = now + COMPARED_EVERY
        self._until(end)

    def settle(self, times: int = 3) -> Run:
        """All is calm, and both come round: what there is to find is found."""
        if self.weather is not None:
            self.weather.clear_up()
        for _ in range(times):
            self._until(self.house.clock.now() + minutes(31))
            for lane, workflow in sorted(self._due):
                self.run(lane, workflow)
            self.compare()
        return self.compare()

    def compare(self) -> Run:
        """One comparison as `parity-check` makes it, but of these two engines."""
        self.counts["comparisons"] += 1
        work = self._work(parity.WORKFLOW, self.house.app.db, f"{parity.WORKFLOW}.{self.counts['comparisons']}")
        self.counts["orders asked for"] += parity.ask_about(work, self.sides)["asked"]
        return compare_and_keep(self.house.app.db, self.sides, work.run_id, work.now())

    def run(self, lane: str, workflow: str, *, killed: bool = False) -> None:
        """One pass of one workflow, which may fail in bad weather, or die before its last transaction ends."""
        db = self.house.app.db
        self.counts["passes"] += 1
        own = db if lane == MAIN else db.lane(lane)
        dying = Dying(own, self.rng.choice((1, 1, 2, 3)), self.rng.choice(("before", "within")))  # type: ignore[arg-type]
        run_id = f"{workflow}.{lane}.{self.counts['passes']}"
        work = self._work(workflow, dying if killed else own, run_id)  # type: ignore[arg-type]
        try:
            if lane != MAIN:
                prepare_lane(db, lane, work)
            for step in PROCEDURES[workflow].steps:
                step.do(work)
        except Killed:
            self.counts["killed"] += 1
        except ShipsyncError:
            self.counts["failed"] += 1
            assert self.weather is not None
        if lane != MAIN and self.defect:
            with db.transaction() as con:
                con.execute(self.defect, self.aimed_at)

    def _work(self, workflow: str, db: Tables, run_id: str) -> Work:
        app, clock = self.house.app, self.house.clock
        wants_all = workflow == UNIFIED and self.rng.random() < 0.3
        return replace(
            work_at(db, app.settings, workflow, run_id, clock.now()),
            arguments={"everything": True} if wants_all else {},
            now=clock.now,
            doors=app.doors,
        )

    def send_up(self) -> None:
        """The shop's file comes in, and its orders go up; in bad weather some later."""
        self.house.feed.write()
        for kind in ("xml-import", "shipstation-upload"):
            job = self.house.job(kind)
            assert job.status == "succeeded" or self.weather is not None, job.error

    def confirmed(self) -> list[Difference]:
        """Whatever was ever confirmed."""
        told = parity_results.differences(self.house.app.db.read(), ["live"])
        return [one for one in told if one.confirmed_at is not None]

    def _until(self, at: datetime) -> None:
        self.house.clock.advance_to(at)
        self.house.world.advance_to(self.house.clock.now())

    def _next(self) -> datetime:
        """The next pass: within the working hours, or at the beginning of the next day."""
        at = self.house.clock.now() + minutes(self.rng.uniform(*self.apart))
        if self.rng.random() < _OFF:
            self.counts["left out"] += 1
            at += timedelta(hours=self.rng.uniform(4, 20))
        zone = self.house.world.zone
        here = at.astimezone(zone)
        hour = here.hour + here.minute / 60
        is_weekend = here.weekday() >= _SATURDAY
        if OPEN_FROM <= hour <= OPEN_TO and not is_weekend:
            return at
        next_day = hour > OPEN_TO or (is_weekend and hour >= OPEN_FROM)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=next_day)
        opens = midnight + timedelta(hours=OPEN_FROM)
        return opens.astimezone(at.tzinfo) + minutes(self.rng.uniform(0, self.apart[1]))


@contextmanager
def a_pair(
    folder: Path,
    *,
    candidate: Sequence[str],
    apart: tuple[float, float],
    seed: int,
    start: datetime,
    orders_per_day: float = 20,
    bad_weather: bool = True,
    switches: Switches | None = None,
) -> Iterator[Pair]:
    """Put both beside each other in a world whose people live, each with its first pass at a moment of its own."""
    rng = random.Random(f"pair {seed}")
    with a_house(folder, orders_per_day=orders_per_day, seed=seed, start=start, switches=switches) as house:
        with house.app.db.transaction() as con:
            con.execute("SET threads = 1")  # its many small statements gain nothing by two
            con.execute(
                """
                INSERT INTO parity_deployment (name, state, changed_at, changed_by)
                VALUES ('sync', 'shadow_live', $now, 'test')
                ON CONFLICT (name) DO UPDATE SET state = excluded.state
                """,
                {"now": start},
            )
        make_lane(house.app.db, SHADOW)
        weather = Weather(house.faults, seed) if bad_weather else None
        pair = Pair(house, candidate, apart, rng, weather)
        for lane, workflows in ((MAIN, LEGACY), (SHADOW, candidate)):
            for workflow in workflows:
                pair._due[lane, workflow] = start + minutes(rng.uniform(0, apart[1]))
        yield pair
