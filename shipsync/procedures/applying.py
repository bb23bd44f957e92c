"""The last step of a sync: everything fetched goes in, and the mark moves, in one transaction (DESIGN D5).

    orders, page by page in chunks -> parcels -> what has left the house -> quarantine -> marks

A failure leaves the tables as they were, and all pages for the next run. A backfill's pages go the same way, but move
no mark, and yield to what has been learned since they were answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from shipsync.procedures.holding import held_rows, hold_what_cannot_be_read, kept_orders, raw_order, settle_poison
from shipsync.procedures.reading import Decoded, Reader
from shipsync.procedures.shipped import refresh_shipped
from shipsync.procedures.take_in import Guide, Seen, guide, take_in_orders
from shipsync.procedures.work import Work
from shipsync.rules import watermark
from shipsync.rules.shipstation import Feed, RemoteFulfillment, RemoteOrder, RemoteShipment
from shipsync.rules.watermark import Mark, Window
from shipsync.store import marks, parcels, quarantine, readings
from shipsync.store import orders as orders_store
from shipsync.store.cursor import Cursor
from shipsync.store.readings import Reading
from shipsync.store.settings import log_once

# Orders routed and written at once; bounds the memory of a first load, inside the one transaction.
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying came to."""

    before: Mark  # the mark
    after: Mark
    touched: int  # orders that are other than they were, or their parcels


def apply_readings(work: Work, reader: Reader) -> Applied:
    """Apply everything that was fetched and not yet applied."""
    unapplied = reader.unapplied()
    now = work.now()
    with work.db.transaction() as con:
        work.lease.check(con)
        before = marks.mark_of(con, work.lease.workflow)
        with_guide = cache(lambda: guide(con))  # an idle run needs none
        held = quarantine.open_entries(con, ["order", "conflict", "shipment", "fulfillment"])
        order_readings = [r.reading_id for r in unapplied if r.feed == "orders"]
        touched, newest = _apply_orders(con, work, reader, order_readings, held, with_guide, now)
        other_readings = [r.reading_id for r in unapplied if r.feed != "orders"]
        touched |= _apply_parcels(con, work, reader, other_readings, held, now)
        settle_poison(con, work.memory.get("poison asked", {}), reader, now)
        if touched:
            work.count("shipped", refresh_shipped(con, touched, with_guide(), work.settings.zone, now))
            missing = orders_store.count_missing_carrier(con, sorted(touched))
            if missing:
                work.count("shipped without carrier", missing)
        vanished = work.memory.get("vanished", [])
        if vanished:
            orders_store.mark_vanished(con, vanished, now)
            work.count("vanished", len(vanished))
        after = _move_marks(con, work, unapplied, before, newest, now)
        for turn in work.memory.get("turns taken", ()):
            marks.set_feed_mark(con, work.lease.workflow, turn, now, now)
        readings.readings_are_applied(con, [r.reading_id for r in unapplied], work.run_id, now)
    return Applied(before, after, len(touched) + len(vanished))


def apply_beside_the_mark(work: Work, reader: Reader) -> None:
    """Apply everything that was fetched and not yet applied, without moving any mark (procedures/backfill.py).

    Held records are not tried again. What has changed here since a page was answered stays as it is: the page may be
    hours old, and a label that was voided meanwhile must not stand again.
    """
    unapplied = reader.unapplied()
    now = work.now()
    with work.db.transaction() as con:
        work.lease.check(con)
        with_guide = cache(lambda: guide(con))
        order_readings = [r.reading_id for r in unapplied if r.feed == "orders"]
        touched, _ = _apply_orders(con, work, reader, order_readings, (), with_guide, now, yields=True)
        other_readings = [r.reading_id for r in unapplied if r.feed != "orders"]
        touched |= _apply_parcels(con, work, reader, other_readings, (), now, yields=True)
        if touched:
            work.count("shipped", refresh_shipped(con, touched, with_guide(), work.settings.zone, now))
        readings.readings_are_applied(con, [r.reading_id for r in unapplied], work.run_id, now)


def spans(readings: Iterable[Reading], feed: Feed) -> Iterator[tuple[Window, datetime]]:
    """The windows of a list that these readings hold whole, each with the instant to which it is complete."""
    for one in readings:
        if one.feed != feed or not one.is_fetched or one.window_start is None or one.window_end is None:
            continue
        if one.first_answered_at is None:
            raise ValueError(f"reading {one.reading_id} has no page")
        window = Window(one.window_start, one.window_end)
        yield window, watermark.complete_through(window, one.first_answered_at)


def _apply_orders(
    con: Cursor,
    work: Work,
    reader: Reader,
    reading_ids: Sequence[str],
    held: Sequence[quarantine.OpenEntry],
    with_guide: Callable[[], Guide],
    now: datetime,
    *,
    yields: bool = False,
) -> tuple[set[int], datetime | None]:
    """Route and write every fetched order. Returns the orders touched and the newest modifyDate among all."""
    touched: set[int] = set()
    newest: datetime | None = None
    tried_again = held_rows(held, ["order", "conflict"], "orders")
    kept = kept_orders(held)
    chunk = [Seen(row, reading_id, page_no) for row, reading_id, page_no in tried_again]
    if chunk:
        work.count("held, tried again", len(chunk))
    for page in reader.decoded(reading_ids):
        if page.bad:
            # What was read before goes in first, so that of an order's versions the one read last has the last word.
            touched |= _take_in(con, work, chunk, kept, with_guide, now)
            chunk = []
        hold_what_cannot_be_read(con, work, page, now)
        orders = [row for row in page.rows if isinstance(row, RemoteOrder)]
        work.count("fetched", len(orders))
        if yields:
            known = orders_store.versions_known_since(con, [one.order_id for one in orders], page.answered_at)
            orders = [one for one in orders if one.order_id not in known or known[one.order_id] < one.modified_at]
        if orders:
            newest = max([one.modified_at for one in orders] + ([newest] if newest else []))
        chunk.extend(Seen(one, page.reading_id, page.page_no) for one in orders)
        if len(chunk) >= CHUNK:
            touched |= _take_in(con, work, chunk, kept, with_guide, now)
            chunk = []
    return touched | _take_in(con, work, chunk, kept, with_guide, now), newest


def _take_in(
    con: Cursor,
    work: Work,
    chunk: Sequence[Seen],
    kept: Mapping[tuple[int, str, int], str],
    with_guide: Callable[[], Guide],
    now: datetime,
) -> set[int]:
    if not chunk:
        return set()
    return take_in_orders(
        con,
        chunk,
        with_guide(),
        run_id=work.run_id,
        now=now,
        count=work.count,
        raw_of=lambda one: raw_order(con, one, kept),
    )


def _apply_parcels(
    con: Cursor,
    work: Work,
    reader: Reader,
    reading_ids: Sequence[str],
    held: Sequence[quarantine.OpenEntry],
    now: datetime,
    *,
    yields: bool = False,
) -> set[int]:
    """Write every fetched label and fulfillment. Returns the orders whose parcels changed."""
    mended = [row for row, *_ in held_rows(held, ["shipment"], "shipments")]
    mended += [row for row, *_ in held_rows(held, ["fulfillment"], "fulfillments")]
    touched = _take_in_parcels(con, mended, now)
    for page in reader.decoded(reading_ids):
        hold_what_cannot_be_read(con, work, page, now)
        work.count("parcels fetched", len(page.rows))
        touched |= _take_in_parcels(con, _not_newer_here(con, page) if yields else page.rows, now)
    parcels.parcels_were_asked(con, work.memory.get("asked by id", []), now)
    return touched


def _not_newer_here(con: Cursor, page: Decoded) -> list[Any]:
    """The parcels of a page that have not changed here since it was answered."""
    if page.feed == "fulfillments":
        newer = parcels.fulfillments_changed_since(con, [one.fulfillment_id for one in page.rows], page.answered_at)
        return [one for one in page.rows if one.fulfillment_id not in newer]
    newer = parcels.shipments_changed_since(con, [one.shipment_id for one in page.rows], page.answered_at)
    return [one for one in page.rows if one.shipment_id not in newer]


def _take_in_parcels(con: Cursor, rows: Sequence[Any], now: datetime) -> set[int]:
    labels = {row.shipment_id: row for row in rows if isinstance(row, RemoteShipment)}
    marked = {row.fulfillment_id: row for row in rows if isinstance(row, RemoteFulfillment)}
    touched: set[int] = set()
    if labels:
        touched |= parcels.take_in_shipments(con, list(labels.values()), now)
        quarantine.resolve(con, "shipment", [str(one) for one in labels], "it could be read", now)
    if marked:
        touched |= parcels.take_in_fulfillments(con, list(marked.values()), now)
        quarantine.resolve(con, "fulfillment", [str(one) for one in marked], "it could be read", now)
    return touched


def _move_marks(
    con: Cursor, work: Work, unapplied: Sequence[Reading], before: Mark, newest: datetime | None, now: datetime
) -> Mark:
    """Move the marks to where the applied windows reach. A mark that cannot be used is replaced, and that is logged.

    Where the windows leave a gap behind them the mark stays, so that the next run reads the gap.
    """
    workflow = work.lease.workflow
    because = watermark.problem(before, now)
    if because is not None:
        marks.reset_marks(con, workflow)
        before = Mark(None, None)
        log_once(con, "sync seeded", f"{workflow} read {watermark.SEED.days} days back because {because}.", now)
    _move_feed_marks(con, workflow, [one for one in unapplied if one.feed != "orders"], now)
    through = watermark.reach(before.complete_through, spans(unapplied, "orders"))
    if through is None:
        return before
    after = watermark.advanced(before, newest, through)
    marks.set_mark(con, workflow, after, work.run_id, now)
    return after


def _move_feed_marks(con: Cursor, workflow: str, unapplied: Sequence[Reading], now: datetime) -> None:
    known = marks.feed_marks(con, workflow) if unapplied else {}
    for feed in sorted({one.feed for one in unapplied}):
        read = list(spans(unapplied, feed))
        if read:
            through, _ = known.get(feed, (None, None))
            usable = through if watermark.problem(Mark(None, through), now) is None else None
            marks.set_feed_mark(con, workflow, feed, watermark.reach(usable, read), now)
