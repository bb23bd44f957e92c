"""Checks after every tick of a simulation that what has to hold does hold (DESIGN section 6): I1 to I6, I8, I9, I11
and I12.

It is told from the tables, from the world itself and from the server's log of requests; none of the rules that it
checks are used. After a closing the ledger is gone through entry by entry, a report's units are held against what was
shipped, and all that was ever billed of labels against what those labels cost. I7 and I10 speak of parts that a
simulation does not run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from shipsync.runtime import REQUESTS_PER_MINUTE, App
from shipsync.sandbox.server import Server
from shipsync.sandbox.world import World
from shipsync.store import closings, comparison, day_census, invariants, ledger, marks, quarantine
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.store.jobs import latest_jobs

SYNC = "shipstation-sync"
# ShipStation's own limit for all tools on a key.
LIMIT_A_MINUTE = 40
# Dates in answers' headers and in some queries are whole seconds.
ROUNDING = timedelta(seconds=1)
# A stamp of the repeated autumn hour can be read as either.
REPEATED = (timedelta(0), timedelta(hours=1), timedelta(hours=-1))


class Invariants:
    """Watches one simulation. `broken` collects a sentence for each thing that does not hold."""

    def __init__(self, server: Server, *, longest_lag: timedelta = timedelta(0)) -> None:
        """`longest_lag` is how late a list may show a change: until then it need not be here."""
        self.broken: list[str] = []
        self._server = server
        self._lag = longest_lag
        self._counted = 0  # requests looked at
        self._minute: Counter[datetime] = Counter()
        self._through: datetime | None = None
        self._newest: datetime | None = None
        self._looked_at: datetime | None = None
        self._routed: dict[int, set[datetime]] = {}
        self._issued: dict[tuple[str, date, int | None], Closing] = {}
        self._documents: set[tuple[object, ...]] = set()
        self._billed: set[tuple[object, ...]] = set()

    def check(self, app: App, world: World) -> None:
        """Look at everything. To be called while no job is under way."""
        found = [
            *invariants.broken(app.db.read()),
            *self._marks(app),
            *self._applied(app, world),
            *self._requests(),
            *self._own_errors(app),
            *self._closings(app),
        ]
        self.broken += [f"{app.now():%Y-%m-%d %H:%M} {sentence}" for sentence in found]

    def _marks(self, app: App) -> Iterator[str]:
        mark = marks.mark_of(app.db.read(), SYNC)
        for name, before, after in (
            ("complete_through", self._through, mark.complete_through),
            ("last_sync_timestamp", self._newest, mark.last_sync_timestamp),
        ):
            if before is not None and (after is None or after < before):
                yield f"I5: {name} went back from {before} to {after}"
        if mark.complete_through is not None and mark.complete_through > app.now():
            yield f"I5: complete_through {mark.complete_through} lies in the future"
        self._through, self._newest = mark.complete_through, mark.last_sync_timestamp

    def _applied(self, app: App, world: World) -> Iterator[str]:
        """I1: what was visible at the mark has been routed, or is held, or somebody has taken it over."""
        con = app.db.read()
        for order_id, modified_at in invariants.versions_routed_since(con, self._looked_at or world.start):
            self._routed.setdefault(order_id, set()).add(modified_at)
        self._looked_at = app.now()
        if self._through is None:
            return
        seen_by_now = self._through - self._lag - ROUNDING
        held: list[quarantine.Entry] | None = None
        by_hand: set[str] = set()
        with world.lock:
            orders = [
                (one.order_id, one.modified)
                for one in world.books.orders.values()
                if one.modified <= seen_by_now and not one.is_deleted and one.merged_into is None
            ]
        for order_id, modified in orders:
            routed = self._routed.get(order_id, set())
            if modified in routed or any(modified + shift in routed for shift in REPEATED):
                continue
            if held is None:
                held = [one.entry for one in quarantine.open_entries(con) if one.entry.held]
                by_hand = comparison.taken_over(con, ["order", "conflict"])
            if str(order_id) not in by_hand and not any(_is_held_by(entry, order_id, modified) for entry in held):
                yield f"I1: order {order_id} as of {modified} is older than the mark {self._through} and was not routed"

    def _requests(self) -> Iterator[str]:
        log = self._server.requests
        for request in log[self._counted :]:
            minute = request.at.replace(second=0, microsecond=0)
            self._minute[minute] += 1
            if self._minute[minute] == REQUESTS_PER_MINUTE + 1:
                yield f"I11: more than our share of {REQUESTS_PER_MINUTE} requests in the minute of {minute:%H:%M}"
            if self._minute[minute] == LIMIT_A_MINUTE + 1:
                yield f"I11: more than {LIMIT_A_MINUTE} requests in the minute of {minute:%H:%M}"
        self._counted = len(log)

    def _own_errors(self, app: App) -> Iterator[str]:
        """A job may fail because of ShipStation, never because of us."""
        for job in latest_jobs(app.db.read(), limit=3):
            if job.error is not None and "error in shipsync itself" in job.error:
                yield f"I12: {job.job_id}: {job.error}"

    def _closings(self, app: App) -> Iterator[str]:
        """I8: what was issued stays. I3, I4 and the figures of what is new."""
        con = app.db.read()
        kinds: tuple[closings.Kind, ...] = ("eod", "eow", "eom")
        issued = {
            (one.kind, one.period_start, one.version): one
            for kind in kinds
            for one in closings.attempts(con, kind, limit=1_000)
            if one.closed_at is not None
        }
        for key, before in self._issued.items():
            if issued.get(key) != before:
                yield f"I8: {key} was closed otherwise than it stands now"
        documents = invariants.documents(con)
        if not self._documents <= documents:
            yield "I8: a document that was kept is gone, or another one"
        billed = invariants.billed_rows(con) if any(kind == "eom" for kind, *_ in issued) else set()
        if not self._billed <= billed:
            yield "I8: what a month was billed by is gone, or another"
        new = [one for key, one in issued.items() if key not in self._issued]
        if new:
            yield from _stock(con, app.now())
        for one in new:
            yield from _week(con, one)
            yield from _month(con, one)
        self._issued, self._documents, self._billed = issued, documents, billed


def _stock(con: Cursor, now: datetime) -> Iterator[str]:
    """I3, I4: a count says how much there is, whatever becomes known of what happened before it."""
    lots: dict[tuple[str, str], int] = {}
    for one in sorted(ledger.entries(con), key=lambda one: (one.moved_at, one.entry_no)):
        if one.moved_at <= now:
            lot = (one.sku, one.lot)
            lots[lot] = one.quantity if one.kind == "count" else lots.get(lot, 0) + one.quantity
    told = {(one.sku, one.lot): one.quantity for one in ledger.balances(con, now)}
    for lot in sorted(lots.keys() | told.keys()):
        if lots.get(lot) != told.get(lot):
            yield f"I4: of lot {lot} there are {lots.get(lot)}, the ledger says {told.get(lot)}"


def _week(con: Cursor, closing: Closing) -> Iterator[str]:
    """A weekly report's units are what is in the parcels of its week."""
    if closing.kind != "eow" or closing.content is None:
        return
    left = day_census.units_between(con, closing.period_start, closing.period_end)
    for line in json.loads(closing.content)["lines"]:
        sku, shipped, stock, moved = line["sku"], line["shipped"], line["quantity"], line["moved"]
        if shipped != left.get(sku, 0):
            yield f"I9: {closing.job_id} reports {shipped} of {sku}, and {left.get(sku, 0)} have left"
        gone = moved.pop("shipped")
        if stock is not None and stock != sum(moved.values()) - gone:
            yield f"I3: {closing.job_id} reports {stock} of {sku}, and {sum(moved.values()) - gone} by what moved"


def _month(con: Cursor, closing: Closing) -> Iterator[str]:
    """An invoice's units are what is in the parcels of its days; and by now each label was billed as it stands."""
    if closing.kind != "eom" or closing.content is None:
        return
    made = json.loads(closing.content)
    left = day_census.units_between(con, closing.period_start, date.fromisoformat(made["billed_through"]))
    billed = Counter[str]()
    for line in made["lines"]:
        if line["charge"] == "unit":
            billed[line["sku"]] += line["quantity"]
    for sku, units in billed.items():
        if units != left.get(sku, 0):
            yield f"I9: {closing.job_id} bills {units} of {sku}, and {left.get(sku, 0)} have left"
    for month, through, cost, now in invariants.billed_carrier_cost(con):
        if cost != now:
            yield f"I9: by {closing.job_id} {cost} was billed for labels of {month} to {through}, and they cost {now}"


def _is_held_by(entry: quarantine.Entry, order_id: int, modified: datetime) -> bool:
    """Whether a quarantine entry speaks of this order version, or of a place in the list in which it lies."""
    if entry.kind != "poison":
        return entry.entity_id == str(order_id)
    place = json.loads(entry.raw or "{}")
    if place["feed"] != "orders":
        return False
    return datetime.fromisoformat(place["after"]) <= modified <= datetime.fromisoformat(place["before"])
