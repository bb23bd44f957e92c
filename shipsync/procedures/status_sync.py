"""The legacy status-sync: the orders of the last seven days once more, and what they say onto the orders we have.

1. sync   read /orders, labels, voids and marks as shipped of the last seven days, page by page; then ONE transaction:
          names of services where one is missing, parcels, state, carrier, service, dates and tracking number of orders
          that are here, what has left of them, how far it has looked. A failure or a kill leaves all as it was.

It is one of the two workflows that the unified sync replaces, kept as the control to compare it with (DESIGN D19), with
its limitations: an order that is not here stays unknown, and what changed more than seven days ago is not seen, nor
what ShipStation lists no more. It has no mark to go on from; `complete_through` only tells how far it has looked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from shipsync.doors.shipstation import Page
from shipsync.errors import ShipStationDown, ShipStationGarbled
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.ledger import post_parcels
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules import legacy
from shipsync.rules.legacy import Read
from shipsync.rules.shipstation import Carrier, Service, Store
from shipsync.rules.watermark import Mark
from shipsync.store import legacy as store
from shipsync.store import marks, reference
from shipsync.store.cursor import Cursor
from shipsync.store.legacy import Gathered

WORKFLOW = legacy.STATUS_SYNC

NAMES_AGAIN = timedelta(days=1)  # how often a service without a name has the names asked for
_LOGGED = 20  # sentences of one run about rows that could not be read

T = TypeVar("T")
Names = tuple[list[Carrier], list[Service], list[Store]]


def sync(work: Work) -> Result:
    """Step 1. Returns the run's figures."""
    start, end = work.now() - legacy.LOOKS_BACK, work.now()
    door, gathered = work.shipstation, Gathered()
    through = None
    for page, read in pages_read(work, door.orders_modified(start, end), legacy.versions_on):
        through = through or min(end, page.answered_at)
        work.count("fetched", read.rows)
        gathered.add_versions(read.taken)
    for lists in (door.shipments_created, door.shipments_voided):
        for _, labels in pages_read(work, lists(start, end), legacy.labels_on):
            work.count("parcels fetched", labels.rows)
            gathered.add_labels(labels.taken)
    for _, shipped in pages_read(work, door.fulfillments_created(start, end), legacy.shipped_marks_on):
        work.count("parcels fetched", shipped.rows)
        gathered.add_marks(shipped.taken)
    names = _names(work, gathered)
    with work.db.transaction() as con:
        work.lease.check(con)
        now = work.now()
        if names is not None:
            reference.replace_reference(con, *names, now)
        touched = store.take_in_parcels(con, gathered, now)
        is_changed = bring_in_step(con, work, gathered, touched, now)
        before = marks.mark_of(con, WORKFLOW).complete_through
        marks.set_mark(con, WORKFLOW, Mark(None, never_back(before, through or end, now)), work.run_id, now)
    return ended(work, is_changed=is_changed)


PROCEDURE = Procedure(WORKFLOW, (Step("sync", sync),))


def _names(work: Work, gathered: Gathered) -> Names | None:
    """The names behind codes, where there are none or one is missing. Without them the rest goes in."""
    db = work.db.read()
    named_at = reference.reference_age(db)
    if named_at is not None and (work.now() - named_at < NAMES_AGAIN or not store.has_unnamed_service(db, gathered)):
        return None
    door = work.shipstation
    try:
        carriers = door.carriers()
        services = [service for code in sorted({one.code for one in carriers}) for service in door.services(code)]
        return carriers, services, door.stores()
    except (ShipStationDown, ShipStationGarbled) as error:
        work.count("names missing")
        work.log(f"Names of carriers and services could not be read; they are asked for again: {error}")
        return None


# What both legacy workflows do alike


def pages_read(
    work: Work, pages: Iterator[Page[Any]], read: Callable[[str, datetime], Read[T]]
) -> Iterator[tuple[Page[Any], Read[T]]]:
    """Read a list page by page, from the text of each. What cannot be read is counted and logged, and passed over."""
    for page in pages:
        found = read(page.body, page.answered_at)
        for sentence in (*found.unreadable, *(place.reason for place in page.poison)):
            work.count("unreadable")
            if work.counts["unreadable"] <= _LOGGED:
                work.log(sentence)
        yield page, found
        if page.resume is not None:
            work.progress(page.page_no, None, f"{page.feed}: page {page.page_no}")
            work.check_cancel()


def bring_in_step(
    con: Cursor, work: Work, gathered: Gathered, touched: set[int], now: datetime, *, new: Collection[int] = ()
) -> bool:
    """Write what orders and parcels come to, the stock ledger with it. Whether anything changed.

    `touched` are orders that changed already, or their parcels; `new` are counted as imported, not as updated.
    """
    done = store.bring_in_step(con, gathered, touched, now)
    moved = sorted(touched | done.left_changed)
    work.count("updated", len(done.updated.difference(new)))
    work.count("shipped", done.shipped)
    post_parcels(con, moved, work.settings.zone, now)
    return bool(done.updated or moved)


def never_back(before: datetime | None, through: datetime, now: datetime) -> datetime:
    """How far a list is complete now. It goes back only from where no clock has been."""
    return through if before is None or before > now + legacy.OVERLAP else max(before, through)


def ended(work: Work, *, is_changed: bool) -> Result:
    """Recompute stock where something changed, in a transaction of its own, and say what the run came to."""
    if is_changed:
        now = work.now()
        with work.db.transaction() as con:
            work.lease.check(con)
            recalculate(con, work.settings.zone, now, now)
    for what, amount in sorted(work.counts.items()):
        work.log(f"{what}: {amount:,}")
    return dict(work.counts)
