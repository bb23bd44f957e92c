"""The second step of a sync: labels, voids and marks as shipped, asked for when something calls for them.

what the fetched orders say -> the lists to ask (rules/census.py) -> their windows
orders that are shipped and show no parcel -> the late lists, and after a while their parcels by id
once a day and state, and whenever everything is wanted -> the open orders, counted against ours (reconcile.py)
once a day, and whenever everything is wanted -> the labels of the last days, whose costs may have been corrected
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from shipsync.procedures.reading import Reader, reader_of
from shipsync.procedures.reconcile import reconcile
from shipsync.procedures.work import Result, Work
from shipsync.rules import watermark
from shipsync.rules.census import CORRECTED_WITHIN, LABELS_AGAIN, OPEN_STATUSES, Signs, questions, turn_of
from shipsync.rules.shipped import ParcelUnits, uncovered
from shipsync.rules.shipstation import Feed, RemoteFulfillment, RemoteLine, RemoteOrder, RemoteShipment
from shipsync.rules.watermark import Mark, Window
from shipsync.store import marks
from shipsync.store import parcels as store
from shipsync.store import routing as routing_store
from shipsync.store.cursor import Cursor
from shipsync.store.routing import SeenBefore

# An order that is shipped and has shown no parcel: by then the windows would have shown it, so it is asked for by id.
LOOK_UP_AFTER = timedelta(minutes=30)
LOOK_UP_AGAIN = timedelta(hours=24)
LOOK_UPS_A_RUN = 5
# An order, its modifyDate, and when its parcels were asked for by id.
WithoutParcel = tuple[int, datetime, datetime | None]


def fetch_parcels(work: Work) -> Result:
    """Step 2. Returns which lists were asked."""
    reader = reader_of(work)
    workflow = work.lease.workflow
    db = work.db.read()
    now = work.now()
    is_first = watermark.problem(marks.mark_of(db, workflow), now) is not None
    # The first run asks every list whatever the orders say.
    fresh = [] if is_first else _unseen(work, reader)
    unseen = [order for order, _ in fresh]
    wants_all = bool(work.arguments.get("everything"))
    signs = _signs(db, fresh, is_first=is_first or wants_all)
    feed_marks = marks.feed_marks(db, workflow)
    wanted = questions(signs, {name: asked_at for name, (_, asked_at) in feed_marks.items()}, now)
    asked = list(wanted.feeds)
    reads_labels_again = is_first or wants_all or wanted.labels_again
    for feed in asked:
        window = _parcel_window(feed_marks.get(feed), now)
        if feed == "shipments" and reads_labels_again:
            window = watermark.pulled_back(window, now - CORRECTED_WITHIN)
        reader.read(feed, window)
    states = OPEN_STATUSES if wants_all else (wanted.open_status,) if wanted.open_status is not None else ()
    if not is_first and states:
        work.memory["vanished"] = [order_id for status in states for order_id in reconcile(work, reader, status)]
    # What has just been read whole for the first time need not be read again today.
    counted = OPEN_STATUSES if is_first else states
    work.memory["turns taken"] = [*map(turn_of, counted), *([LABELS_AGAIN] if reads_labels_again else [])]
    # An order may show before its label does, and one marked as shipped has no label at all.
    waiting = store.shipped_without_parcel(db)
    late: tuple[Feed, ...] = ("shipments", "fulfillments")
    for feed in late:
        if feed not in asked and _shipped_without_parcel(work, reader, unseen, waiting, now):
            asked.append(feed)
            reader.read(feed, _parcel_window(feed_marks.get(feed), now))
    looked_up = _look_up_parcels(work, reader, waiting, now)
    return {"asked": asked, "open orders counted": list(states), "looked up": looked_up}


def _parcel_window(mark: tuple[datetime | None, datetime | None] | None, now: datetime) -> Window:
    return watermark.next_window(Mark(None, mark[0] if mark else None), now)


def _unseen(work: Work, reader: Reader) -> list[tuple[RemoteOrder, SeenBefore]]:
    """The fetched order versions that no run has routed yet, or that differ from ours without a new modifyDate.

    Each comes with what is here of its order.
    """
    ids = [one.reading_id for one in reader.unapplied() if one.feed == "orders"]
    fresh: list[tuple[RemoteOrder, SeenBefore]] = []
    for page in reader.decoded(ids):
        orders = [row for row in page.rows if isinstance(row, RemoteOrder)]
        before = routing_store.seen_before(work.db.read(), [(one.order_id, one.modified_at) for one in orders])
        for one in orders:
            known = before[one.order_id, one.modified_at]
            if not known.is_seen or known.known_hash not in (None, one.content_hash):
                fresh.append((one, known))
    return fresh


def _signs(db: Cursor, fresh: Sequence[tuple[RemoteOrder, SeenBefore]], *, is_first: bool) -> Signs:
    if not fresh:
        return Signs(is_first=is_first)
    shipped = [one for one, _ in fresh if one.status == "shipped"]
    others = [(one, here) for one, here in fresh if one.status != "shipped"]
    standing = store.with_standing_parcel(db, [one.order_id for one, _ in fresh])
    return Signs(
        is_first=is_first,
        shipped=bool(shipped),
        open_changed=any(_may_be_partly_shipped(one, here) for one, here in others),
        reopened=bool(standing) or any(here.known_status == "shipped" for _, here in others),
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
    ordered = {one.order_id: _units(one.lines) for one in unseen if one.status == "shipped"}
    for order_id, modified_at, _ in waiting:
        if now - modified_at < LOOK_UP_AFTER:
            ordered.setdefault(order_id, 1)
    if not ordered:
        return set()
    # A parcel that is stored may have come again, and newer.
    newest = {(one.kind, one.parcel_id): one for one in (*_stored(work, ordered), *_just_fetched(reader))}
    return uncovered(ordered, newest.values())


def _stored(work: Work, order_ids: Iterable[int]) -> Iterator[ParcelUnits]:
    for order_id, known in store.parcels_of(work.db.read(), order_ids).items():
        for one in known:
            units = None if one.lines is None else sum(line.quantity for line in one.lines)
            yield ParcelUnits(one.kind, one.parcel_id, order_id, units, stands=one.voided_at is None)


def _just_fetched(reader: Reader) -> Iterator[ParcelUnits]:
    ids = [one.reading_id for one in reader.unapplied() if one.feed != "orders"]
    for page in reader.decoded(ids):
        for row in page.rows:
            if isinstance(row, RemoteFulfillment):
                yield ParcelUnits("fulfillment", row.fulfillment_id, row.order_id, None, stands=not row.voided)
            elif isinstance(row, RemoteShipment):
                units = None if row.lines is None else _units(row.lines)
                stands = not row.voided and not row.is_return_label
                yield ParcelUnits("shipment", row.shipment_id, row.order_id, units, stands=stands)


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
        reader.look_up("shipments", work.shipstation.shipments_of(order_id))
        reader.look_up("fulfillments", work.shipstation.fulfillments_of(order_id))
    work.memory["asked by id"] = due
    return len(due)
