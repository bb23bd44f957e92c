"""The unified sync: what changed at ShipStation since the mark, brought in whole or not at all (DESIGN D3 to D11).

1. fetch orders    finish what a killed run began, then read from the mark to now. Each page is committed as it
                   comes. A failure leaves the pages and the mark; the next run goes on after the last page.
2. fetch parcels   labels, voids and marks as shipped, when an order's change calls for them or their hour has come;
                   once a day the open orders of each state, to be counted against ours; and by id the parcels of
                   single orders that are shipped and have shown none.
3. fetch names     carriers, services and stores, on the first run and when a code has no name yet.
4. apply           ONE transaction: orders routed and written, parcels, what has left the house, quarantine, mark.
                   A failure leaves the tables as they were, and all pages for the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from shipsync.doors.shipstation import ShipStation
from shipsync.errors import ShipStationDown, ShipStationGarbled
from shipsync.procedures.applying import apply_readings, spans
from shipsync.procedures.holding import poison_place
from shipsync.procedures.reading import Reader
from shipsync.procedures.reconcile import reconcile
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules import watermark
from shipsync.rules.alerts import SLOW_AFTER
from shipsync.rules.census import OPEN_STATUSES, Signs, questions
from shipsync.rules.shipstation import Feed, RemoteFulfillment, RemoteLine, RemoteOrder
from shipsync.rules.watermark import Mark, Window
from shipsync.store import marks, parcels, quarantine, reference
from shipsync.store import routing as routing_store
from shipsync.store.cursor import Cursor
from shipsync.store.routing import SeenBefore

WORKFLOW = "shipstation-sync"

# An order that is shipped and has shown no parcel: by then the windows would have shown it, so it is asked for by id.
LOOK_UP_AFTER = timedelta(minutes=30)
LOOK_UP_AGAIN = timedelta(hours=24)
LOOK_UPS_A_RUN = 5
# An order, its modifyDate, and when its parcels were asked for by id.
WithoutParcel = tuple[int, datetime, datetime | None]
POISON_RETRIES_A_RUN = 3
POISON_FIRST_WAIT = timedelta(minutes=5)
POISON_LONGEST_WAIT = timedelta(hours=6)
NAMES_AGAIN = timedelta(hours=1)


def fetch_orders(work: Work) -> Result:
    """Step 1. Returns the number of pages that came and the windows they cover."""
    work.memory["started_at"] = work.now()
    reader = _reader(work)
    mark = marks.mark_of(work.db.read(), WORKFLOW)
    because = watermark.problem(mark, work.now())
    if because is not None:
        mark = Mark(None, None)
        work.log(f"Starting {watermark.SEED.days} days back: {because}.")
    else:
        work.log(f"Started. The mark is {_spoken(mark.complete_through)}.")
    resumed = 0
    for reading in reader.unapplied():
        resumed += reader.finish(reading)
    through = watermark.reach(mark.complete_through, spans(reader.unapplied(), "orders"))
    window = watermark.next_window(Mark(None, through), work.now())
    reader.read("orders", window)
    _retry_poison(work, reader)
    return {"from": window.start.isoformat(), "to": window.end.isoformat(), "resumed pages": resumed}


def fetch_parcels(work: Work) -> Result:
    """Step 2. Returns which lists were asked."""
    reader = _reader(work)
    db = work.db.read()
    now = work.now()
    is_first = watermark.problem(marks.mark_of(db, WORKFLOW), now) is not None
    # The first run asks every list whatever the orders say.
    unseen = [] if is_first else _unseen(work, reader)
    signs = _signs(db, unseen, is_first=is_first or bool(work.arguments.get("everything")))
    feed_marks = marks.feed_marks(db, WORKFLOW)
    wanted = questions(signs, {name: asked_at for name, (_, asked_at) in feed_marks.items()}, now)
    asked = list(wanted.feeds)
    for feed in asked:
        reader.read(feed, _parcel_window(feed_marks.get(feed), now))
    if is_first:
        # What has just been read whole need not be counted today.
        work.memory["states read"] = OPEN_STATUSES
    elif wanted.open_status is not None:
        work.memory["vanished"] = reconcile(work, reader, wanted.open_status)
        work.memory["states read"] = (wanted.open_status,)
    # An order may show before its label does, and one marked as shipped has no label at all.
    waiting = parcels.shipped_without_parcel(db)
    late: tuple[Feed, ...] = ("shipments", "fulfillments")
    for feed in late:
        if feed not in asked and _shipped_without_parcel(work, reader, unseen, waiting, now):
            asked.append(feed)
            reader.read(feed, _parcel_window(feed_marks.get(feed), now))
    looked_up = _look_up_parcels(work, reader, waiting, now)
    return {"asked": asked, "open orders counted": wanted.open_status, "looked up": looked_up}


def fetch_names(work: Work) -> Result:
    """Step 3. Names are not checkpointed: asking again is cheap and rare. Without them the orders still go in."""
    db = work.db.read()
    age = reference.reference_age(db)
    if age is not None and (work.now() - age < NAMES_AGAIN or not _has_unnamed_service(work)):
        return {"asked": False}
    door = _door(work)
    try:
        carriers = door.carriers()
        services = [service for code in sorted({one.code for one in carriers}) for service in door.services(code)]
        stores = door.stores()
    except (ShipStationDown, ShipStationGarbled) as error:
        work.count("names missing")
        work.log(f"Names of carriers and services could not be read; they are asked for again: {error}")
        return {"asked": True, "services": 0}
    with work.db.transaction() as con:
        work.lease.check(con)
        reference.replace_reference(con, carriers, services, stores, work.now())
        reference.name_services(con)
    return {"asked": True, "services": len(services)}


def apply(work: Work) -> Result:
    """Step 4. Returns the run's figures."""
    before, after = apply_readings(work, _reader(work))
    for what, amount in sorted(work.counts.items()):
        work.log(f"{what}: {amount:,}")
    work.log(f"Mark: {_spoken(before.complete_through)} -> {_spoken(after.complete_through)}.")
    elapsed = work.now() - work.memory.get("started_at", work.now())
    slow = f" That is more than {SLOW_AFTER.total_seconds():.0f} s." if elapsed > SLOW_AFTER else ""
    work.log(f"Elapsed: {elapsed.total_seconds():.1f} s.{slow}")
    return dict(work.counts)


PROCEDURE = Procedure(
    WORKFLOW,
    (
        Step("fetch orders", fetch_orders),
        Step("fetch parcels", fetch_parcels),
        Step("fetch names", fetch_names),
        Step("apply", apply),
    ),
)


def _door(work: Work) -> ShipStation:
    return cast(ShipStation, work.doors["shipstation"])


def _reader(work: Work) -> Reader:
    """The run's reader; a retry that starts at a later step makes a new one and reads what is stored."""
    reader = work.memory.get("reader")
    if not isinstance(reader, Reader):
        reader = work.memory["reader"] = Reader(work, _door(work))
    return reader


def _spoken(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant is not None else "not set"


def _parcel_window(mark: tuple[datetime | None, datetime | None] | None, now: datetime) -> Window:
    return watermark.next_window(Mark(None, mark[0] if mark else None), now)


# Step 1: places that always answer 500


def _retry_poison(work: Work, reader: Reader) -> None:
    """Ask again for places that answered 500; what comes is applied like any other page."""
    asked: dict[str, str] = {}
    for held in quarantine.open_entries(work.db.read(), ["poison"]):
        wait = min(POISON_FIRST_WAIT * 2 ** min(held.tries, 10), POISON_LONGEST_WAIT)
        if len(asked) == POISON_RETRIES_A_RUN or work.now() - held.last_seen_at < wait:
            continue
        feed, place = poison_place(held.entry)
        if place.end - place.start > watermark.SEED:
            continue  # it lies somewhere in all of an order's parcels, which are asked for again by themselves
        try:
            asked[held.entry.entity_id] = reader.ask_again(feed, place)
        except (ShipStationDown, ShipStationGarbled) as error:
            # The list itself was read just now, so it is this place that still fails.
            work.log(f"Still failing: {held.entry.detail} ({error})")
            asked[held.entry.entity_id] = ""
    work.memory["poison asked"] = asked


# Step 2: what the fetched orders say about their parcels


def _unseen(work: Work, reader: Reader) -> list[RemoteOrder]:
    """The fetched order versions that no run has routed yet, or that differ from ours without a new modifyDate."""
    ids = [one.reading_id for one in reader.unapplied() if one.feed == "orders"]
    fresh: list[RemoteOrder] = []
    for page in reader.decoded(ids):
        orders = [row for row in page.rows if isinstance(row, RemoteOrder)]
        before = routing_store.seen_before(work.db.read(), [(one.order_id, one.modified_at) for one in orders])
        for one in orders:
            known = before[one.order_id, one.modified_at]
            if not known.is_seen or known.known_hash not in (None, one.content_hash):
                fresh.append(one)
    return fresh


def _signs(db: Cursor, unseen: Sequence[RemoteOrder], *, is_first: bool) -> Signs:
    if not unseen:
        return Signs(is_first=is_first)
    before = routing_store.seen_before(db, [(one.order_id, one.modified_at) for one in unseen])
    here = {one.order_id: before[one.order_id, one.modified_at] for one in unseen}
    shipped = [one for one in unseen if one.status == "shipped"]
    others = [one for one in unseen if one.status != "shipped"]
    standing = parcels.with_standing_parcel(db, [one.order_id for one in unseen])
    return Signs(
        is_first=is_first,
        shipped=bool(shipped),
        open_changed=any(_may_be_partly_shipped(one, here[one.order_id]) for one in others),
        reopened=bool(standing) or any(here[one.order_id].known_status == "shipped" for one in others),
        externally=any(one.externally_fulfilled for one in shipped),
    )


def _may_be_partly_shipped(order: RemoteOrder, here: SeenBefore) -> bool:
    """An open order that we know has changed; one that is new to us has been given a ship date."""
    if here.known_status is None:
        return order.ship_date is not None
    return here.known_hash != order.content_hash


def _shipped_without_parcel(
    work: Work, reader: Reader, unseen: Sequence[RemoteOrder], waiting: Sequence[WithoutParcel], now: datetime
) -> set[int]:
    """Orders shipped lately whose parcels, stored or just fetched, do not hold all that was ordered."""
    db = work.db.read()
    ordered = {one.order_id: _units(one.lines) for one in unseen if one.status == "shipped"}
    for order_id, modified_at, _ in waiting:
        if now - modified_at < LOOK_UP_AFTER:
            ordered.setdefault(order_id, 1)
    if not ordered:
        return set()
    # By parcel, because one that is stored may have come again; None: it stands and does not say what is in it.
    shown: dict[tuple[int, object], int | None] = {
        (order_id, parcel.parcel_id): None if parcel.lines is None else sum(line.quantity for line in parcel.lines)
        for order_id, known in parcels.parcels_of(db, ordered).items()
        for parcel in known
        if parcel.voided_at is None
    }
    ids = [one.reading_id for one in reader.unapplied() if one.feed != "orders"]
    for page in reader.decoded(ids):
        for row in page.rows:
            if isinstance(row, RemoteFulfillment):
                place = (row.order_id or 0, row.fulfillment_id)
                units = None
            else:
                place = (row.order_id or 0, row.shipment_id)
                units = None if row.lines is None else _units(row.lines)
            shown.pop(place, None)
            if not row.voided and not getattr(row, "is_return_label", False):
                shown[place] = units
    labelled: dict[int, int] = {}
    whole: set[int] = set()
    for (order_id, _), in_it in shown.items():
        if in_it is None:
            whole.add(order_id)
        else:
            labelled[order_id] = labelled.get(order_id, 0) + in_it
    return {
        order_id
        for order_id, units in ordered.items()
        if order_id not in whole and (order_id not in labelled or labelled[order_id] < units)
    }


def _units(lines: Iterable[RemoteLine]) -> int:
    return sum(line.quantity for line in lines if not line.adjustment)


def _look_up_parcels(work: Work, reader: Reader, waiting: Sequence[WithoutParcel], now: datetime) -> int:
    """Ask by id for the parcels of orders that the windows did not show: shipped before our time, or shown late."""
    due = [
        order_id
        for order_id, modified_at, asked_at in waiting
        if now - modified_at >= LOOK_UP_AFTER and (asked_at is None or now - asked_at >= LOOK_UP_AGAIN)
    ][:LOOK_UPS_A_RUN]
    for order_id in due:
        reader.look_up("shipments", _door(work).shipments_of(order_id))
        reader.look_up("fulfillments", _door(work).fulfillments_of(order_id))
    work.memory["asked by id"] = due
    return len(due)


def _has_unnamed_service(work: Work) -> bool:
    reader = _reader(work)
    ids = [one.reading_id for one in reader.unapplied() if one.feed != "fulfillments"]
    used = {
        (row.carrier_code, row.service_code)
        for page in reader.decoded(ids)
        for row in page.rows
        if row.carrier_code and row.service_code
    }
    return bool(used) and not used <= reference.service_names(work.db.read()).keys()
