"""Kills the real process again and again while people act, and says what that came to.

    with an_installation(folder, seed) as place:
        story = kill_often(place, rounds=50)
        assert not story.wrong

The embedded ShipStation and the shop's file live here, on the real clock; the process that is killed is
`python -m tests.engine`, on a database file. Each round people do something, the process starts, and SIGKILL strikes:
in some rounds at any instant of its start, in some while it uploads, else at an instant of the work it does then,
import, upload and sync. The instants are strata of the span that a whole pass took when it was measured, so that every
part of it is met; an upload is so short that by these alone one run in some ten missed it, so it is watched for, and
ShipStation keeps its answer back until the process is dead, in two of three of these rounds.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shipsync.sandbox.limits import Allowance, RateWindow
from shipsync.sandbox.order_book import UploadRow
from shipsync.sandbox.server import Server
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.truth import Truth
from shipsync.sandbox.world import World
from shipsync.simulation import differences
from shipsync.store import quarantine, selfcheck
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database
from tests.deeds import Deeds

ROOT = Path(__file__).parent.parent
KINDS = ("xml-import", "shipstation-upload", "shipstation-sync")
STARTING = "no job under way"

START_SHARE = 0.15  # of the rounds: killed while starting
UPLOAD_EVERY = 5  # rounds: killed within an upload ...
UPLOAD_WITHIN_S = 0.05  # ... so long after ShipStation was asked for it
# Where ShipStation waits for the kill, turn by turn; in the last turn nowhere, and the answer may be first.
UPLOAD_WAITS = ("written", "asked", None)
MEASURE_EVERY = 25  # rounds; in between the machine may have become quicker or slower
PATIENCE_S = 60.0  # for a pass that nobody disturbs; far more than it takes
LOOK_EVERY_S = 0.005


@dataclass
class Story:
    """What the rounds came to."""

    seed: int
    rounds: int
    hits: Counter[str] = field(default_factory=Counter)  # kills by the step they cut off: 'kind: step'
    orders: int = 0  # at ShipStation, in the end
    wrong: list[str] = field(default_factory=list)  # sentences; empty when all is right

    def hit(self, kind: str) -> int:
        """How many kills cut off a job of this kind."""
        return sum(times for place, times in self.hits.items() if place.startswith(kind))

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"seed {self.seed}: {self.rounds} kills, {self.orders} orders at ShipStation",
            *(f"    {times:5d}  {place}" for place, times in sorted(self.hits.items())),
            *(self.wrong or ["    Right: 0 lost, 0 double, 0 stale."]),
        ]


class _NoLimit(RateWindow):
    """Lets everybody through: a process that starts every second would use up any minute of it."""

    def ask(self, now: datetime) -> Allowance:
        return Allowance(True, self.per_minute, self.per_minute - 1, 60)


class _WatchedWorld(World):
    """A world that remembers which orders a second sending wrote over, and in which an upload can be caught."""

    def __init__(self, seed: int, start: datetime) -> None:
        self.sent_again: list[str] = []
        self.is_uploading = threading.Event()  # set when an upload is there to be cut off
        self._waits_where: str | None = None
        self._is_let_go = threading.Event()
        super().__init__(seed, start, orders_per_day=0)

    @contextmanager
    def an_upload(self, waits_where: str | None) -> Iterator[None]:
        """While this lasts, an upload waits 'asked', before it does anything, or 'written', before it answers."""
        self.is_uploading.clear()
        self._is_let_go.clear()
        self._waits_where = waits_where
        try:
            yield
        finally:
            self._waits_where = None
            self._is_let_go.set()

    def upload(self, documents: list[Mapping[str, object]], at: datetime | None = None) -> list[UploadRow]:
        self._wait_if("asked")
        rows = super().upload(documents, at)
        # A refused one was merged away meanwhile: nothing of it was written over.
        self.sent_again += [str(row.key) for row in rows if row.success and not row.is_new]
        self._wait_if("written")
        return rows

    def _wait_if(self, where: str) -> None:
        if self._waits_where in (where, None):
            self.is_uploading.set()
        if self._waits_where == where:
            self._is_let_go.wait(PATIENCE_S)


class Place:
    """One installation on disk, with the ShipStation and the shop it works with."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.seed = seed
        self.world = _WatchedWorld(seed, datetime.now(UTC) - timedelta(days=1))
        self.server = Server(self.world, lambda: datetime.now(UTC))
        self.server.window = _NoLimit(40, "after")
        self.act = Deeds(self.world, self.random).act
        self.feed = ShopFeed(self.world, folder / "shop")
        self.database = folder / "shipsync.duckdb"
        self.log = folder / "stderr"

    def environment(self) -> dict[str, str]:
        """The settings of the processes."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
        return kept | {
            "SHIPSYNC_DATABASE": str(self.database),
            "SHIPSYNC_SHIPSTATION_URL": self.server.url,
            "SHIPSYNC_SHIPSTATION_KEY": "sandbox",
            "SHIPSYNC_SHIPSTATION_SECRET": "sandbox",
            "SHIPSYNC_ORDER_FILES": str(self.feed.path.parent),
        }

    def command(self, *arguments: str) -> None:
        """Run one command to its end. Raises AssertionError, with what it said, unless it did what it was asked."""
        done = subprocess.run(
            [sys.executable, "-m", "shipsync", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"

    def import_files(self) -> None:
        """Import the shop's file as it is now, by the command."""
        self.feed.write()
        self.command("import", str(self.feed.path.parent))

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """`python -m tests.engine`, killed with SIGKILL at the end of the block."""
        self.feed.write()
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.engine"],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
            )
        try:
            yield child
            assert child.poll() is None, f"it ended by itself with {child.returncode}: {self.said()}"
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()

    def said(self) -> str:
        """What the running process has said so far."""
        return self.log.read_text(errors="replace")

    def wait_for(self, condition: Callable[[str], bool]) -> float:
        """Wait until what it has said fulfils a condition. Returns the seconds waited."""
        began = time.perf_counter()
        while not condition(self.said()):
            waited = time.perf_counter() - began
            assert waited < PATIENCE_S, f"seed {self.seed}: {waited:.0f} s without an end: {self.said()}"
            time.sleep(LOOK_EVERY_S)
        return time.perf_counter() - began


@contextmanager
def an_installation(folder: Path, seed: int) -> Iterator[Place]:
    """A new installation whose upload is switched on."""
    place = Place(folder, seed)
    with place.server:
        place.command("workflow", "enable", "shipstation-upload")
        yield place
    place.world.close()


@dataclass(frozen=True)
class _Spans:
    """Seconds of one pass."""

    start_s: float  # until it runs
    work_s: float  # from there until it has done everything once

    def __str__(self) -> str:
        return f"start {self.start_s:.2f} s, work {self.work_s:.2f} s"


def kill_often(place: Place, rounds: int, tell: Callable[[str], None] = lambda line: None) -> Story:
    """Kill the process `rounds` times, then let it work once undisturbed, and compare with the world's truth."""
    story = Story(place.seed, rounds)
    spans = _Spans(0.0, 0.0)
    # One instant out of each of so many equal parts of the span, in any order.
    instants = [(part + place.random.random()) / rounds for part in range(rounds)]
    place.random.shuffle(instants)
    for number, instant in enumerate(instants):
        if number % MEASURE_EVERY == 0:
            spans = _measure(place)
            tell(f"seed {place.seed}: {number} kills; {spans}")
        place.act(place.random.randint(1, 8))
        turn, is_other = divmod(number, UPLOAD_EVERY)
        if not is_other:
            _kill_uploading(place, UPLOAD_WAITS[turn % len(UPLOAD_WAITS)], instant * UPLOAD_WITHIN_S)
            continue
        with place.running():
            if place.random.random() < START_SHARE:
                time.sleep(instant * spans.start_s)
                continue
            place.wait_for(_is_running)
            # People do not wait for us to be ready.
            act_at = place.random.random()
            time.sleep(min(act_at, instant) * spans.work_s)
            place.act(1)
            time.sleep(max(0.0, instant - act_at) * spans.work_s)
    place.import_files()
    place.command("upload")
    place.command("sync", "--everything")
    story.orders = len(place.world.truth().orders)
    with open_database(place.database) as db:
        story.hits = _hits(db, rounds)
        story.wrong = list(_wrong(place, db))
    return story


def _kill_uploading(place: Place, waits_where: str | None, after_s: float) -> None:
    """One round that is killed so long after ShipStation was asked to take an order."""
    # The jobs of one start run in no order, so that what is to go up has to be there before.
    place.world.place_shop_order([("17612", 1)])
    place.import_files()
    # The process ends before the upload is let go on, not after it.
    with place.world.an_upload(waits_where), place.running():
        place.wait_for(lambda said: place.world.is_uploading.is_set())
        time.sleep(after_s)


def _is_running(said: str) -> bool:
    return "Running on" in said


def _has_ended(kind: str, said: str) -> bool:
    return re.search(rf"{kind}\.\d+: (succeeded|failed)", said) is not None


def _is_imported(said: str) -> bool:
    return _has_ended("xml-import", said)


def _is_uploaded(said: str) -> bool:
    return _has_ended("shipstation-upload", said)


def _is_through(said: str) -> bool:
    return all(_has_ended(kind, said) for kind in KINDS)


def _measure(place: Place) -> _Spans:
    """How long one pass takes that nobody disturbs. Killed when idle."""
    place.act(5)
    with place.running():
        start_s, import_s = place.wait_for(_is_running), place.wait_for(_is_imported)
        upload_s, sync_s = place.wait_for(_is_uploaded), place.wait_for(_is_through)
    return _Spans(start_s, import_s + upload_s + sync_s)


def _hits(db: Database, rounds: int) -> Counter[str]:
    """Where the kills struck, told from the rows of the jobs they cut off."""
    rows = db.read().rows(
        """
        SELECT j.kind || ': ' || coalesce(s.name, 'between two steps'), count(*)
        FROM jobs j
        LEFT JOIN job_steps s ON s.job_id = j.job_id AND s.status = 'interrupted'
        WHERE j.status = 'interrupted'
        GROUP BY ALL
        """
    )
    hits = Counter(dict(rows))
    hits[STARTING] = rounds - hits.total()
    return hits


def _wrong(place: Place, db: Database) -> Iterator[str]:
    """Everything that is not as it has to be, one sentence each."""
    con = db.read()
    truth = place.world.truth()
    yield from differences(truth, con)
    yield from _held_without_cause(truth, con)
    yield from selfcheck.findings(db, datetime.now(UTC), thorough=True)
    yield from (f"double: {key} was sent although it was there" for key in place.world.sent_again)
    for what, sql in _LEFT_BEHIND.items():
        yield from (f"{what}: {row}" for row in con.rows(sql))


_LEFT_BEHIND = {
    "a run without an end": "SELECT run_id, status FROM runs WHERE status = 'running' OR finished_at IS NULL",
    "a job without an end": "SELECT job_id, status FROM jobs WHERE status = 'running'",
    "a failed job": "SELECT job_id, error FROM jobs WHERE status = 'failed'",
    "a step without an end": "SELECT job_id, name FROM job_steps WHERE status = 'running'",
    "a lock that is not free": "SELECT workflow_name, run_id FROM sync_locks WHERE run_id IS NOT NULL",
    "a claim": "SELECT order_key, claimed_by FROM orders_inbox WHERE claimed_by IS NOT NULL OR claimed_at IS NOT NULL",
    # Refused with a reason it may be: it was merged into another before we heard that it had arrived.
    "an order that never went up": """
        SELECT order_key, status
        FROM orders_inbox
        WHERE status IN ('pending', 'failed') AND upload_error IS NULL
        """,
    "a reading that was not applied": "SELECT reading_id FROM readings WHERE applied_at IS NULL",
}


def _held_without_cause(truth: Truth, con: Cursor) -> Iterator[str]:
    """Held back may be what a person took away or divided before we heard that it had arrived; nothing else."""
    for held in quarantine.open_entries(con):
        entry = held.entry
        if not entry.held:
            continue
        key = truth.orders[int(entry.entity_id)].key if entry.kind == "conflict" else entry.entity_id
        same = [order for order in truth.orders.values() if order.key == key]
        is_gone = any(order.is_deleted or order.merged_into is not None for order in same)
        if not (is_gone or len(same) > 1):
            yield f"an order held back: {entry.kind} {entry.entity_id}: {entry.reason}"
