"""The unified sync: what changed at ShipStation since the mark, brought in whole or not at all (DESIGN D3 to D11).

1. fetch orders    finish what a killed run began, then read from the mark to now. Each page is committed as it
                   comes. A failure leaves the pages and the mark; the next run goes on after the last page.
2. fetch parcels   labels, voids and marks as shipped, when an order's change calls for them or their hour has come;
                   single orders that are shipped and have shown no parcel are asked for by id.
3. fetch names     carriers, services and stores, on the first run and when a code has no name yet.
4. apply           ONE transaction: orders routed and written, parcels, what has left the house, quarantine, mark.
                   A failure leaves the tables as they were, and all pages for the next run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from shipsync.doors.shipstation import ShipStation, read_page
from shipsync.errors import ShipStationDown
from shipsync.procedures.reading import Decoded, Reader
from shipsync.procedures.shipped import refresh_shipped
from shipsync.procedures.take_in import Guide, Seen, guide, newest_versions, take_in_orders
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules import watermark
from shipsync.rules.census import Signs, lists_to_ask
from shipsync.rules.shipstation import Feed, PoisonRow, RemoteFulfillment, RemoteOrder, RemoteShipment
from shipsync.rules.watermark import Mark, Window
from shipsync.store import marks, parcels, quarantine, reference
from shipsync.store import orders as orders_store
from shipsync.store import readings as readings_store
from shipsync.store import routing as routing_store
from shipsync.store.cursor import Cursor
from shipsync.store.readings import Reading
from shipsync.store.settings import log_once

WORKFLOW = "shipstation-sync"

# Orders routed and written at once; bounds the memory of a first load, inside the one transaction.
CHUNK = 5_000
# An order that is shipped and has shown no parcel: by then the windows would have shown it, so it is asked for by id.
LOOK_UP_AFTER = timedelta(minutes=30)
LOOK_UP_AGAIN = timedelta(hours=24)
LOOK_UPS_A_RUN = 5
POISON_RETRIES_A_RUN = 3
POISON_FIRST_WAIT = timedelta(minutes=5)
POISON_LONGEST_WAIT = timedelta(hours=6)
NAMES_AGAIN = timedelta(hours=1)

_LIST_KEYS: Mapping[Feed, str] = {
    "orders": "orders",
    "shipments": "shipments",
    "voids": "shipments",
    "fulfillments": "fulfillments",
}
# Feed and kind of quarantine, both ways.
_KIND_OF: Mapping[Feed, str] = {
    "orders": "order",
    "shipments": "shipment",
    "voids": "shipment",
    "fulfillments": "fulfillment",
}
_FEED_OF: Mapping[str, Feed] = {"order": "orders", "shipment": "shipments", "fulfillment": "fulfillments"}


def fetch_orders(work: Work) -> Result:
    """Step 1. Returns the number of pages that came and the windows they cover."""
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
    for reading in _order_windows(reader.unapplied()):
        mark = watermark.advanced(mark, None, _complete_through(reading))
    window = watermark.next_window(mark, work.now())
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
    # What an interrupted run has fetched already is not asked for twice; its window is older, so it only helps.
    asked = lists_to_ask(signs, {feed: asked_at for feed, (_, asked_at) in feed_marks.items()}, now)
    for feed in asked:
        reader.read(feed, _parcel_window(feed_marks.get(feed), now))
    missing = _shipped_without_parcel(work, reader, unseen, now)
    if missing and "fulfillments" not in asked:
        asked.append("fulfillments")
        reader.read("fulfillments", _parcel_window(feed_marks.get("fulfillments"), now))
    looked_up = _look_up_parcels(work, reader, now)
    return {"asked": asked, "looked up": looked_up}


def fetch_names(work: Work) -> Result:
    """Step 3. Names are not checkpointed with pages: asking again is cheap and rare."""
    db = work.db.read()
    age = reference.reference_age(db)
    if age is not None and (work.now() - age < NAMES_AGAIN or not _has_unnamed_service(work)):
        return {"asked": False}
    door = _door(work)
    carriers = door.carriers()
    services = [service for code in sorted({one.code for one in carriers}) for service in door.services(code)]
    stores = door.stores()
    with work.db.transaction() as con:
        work.lease.check(con)
        reference.replace_reference(con, carriers, services, stores, work.now())
        reference.name_services(con)
    return {"asked": True, "services": len(services)}


def apply(work: Work) -> Result:
    """Step 4: everything fetched goes in and the mark moves, together. Returns the run's figures."""
    reader = _reader(work)
    unapplied = reader.unapplied()
    ids = [reading.reading_id for reading in unapplied]
    now = work.now()
    with work.db.transaction() as con:
        work.lease.check(con)
        before = marks.mark_of(con, WORKFLOW)
        touched, newest = _apply_orders(con, work, reader, [r.reading_id for r in unapplied if r.feed == "orders"], now)
        touched |= _apply_parcels(con, work, reader, [r.reading_id for r in unapplied if r.feed != "orders"], now)
        _settle_poison(con, work, reader, now)
        work.count("shipped", refresh_shipped(con, touched, now))
        missing = orders_store.count_missing_carrier(con, sorted(touched))
        if missing:
            work.count("shipped without carrier", missing)
        after = _move_marks(con, work, unapplied, before, newest, now)
        readings_store.readings_are_applied(con, ids, work.run_id, now)
    for what, amount in sorted(work.counts.items()):
        work.log(f"{what}: {amount:,}")
    work.log(f"Mark: {_spoken(before.complete_through)} -> {_spoken(after.complete_through)}.")
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


def _order_windows(unapplied: Iterable[Reading]) -> Iterator[Reading]:
    return (one for one in unapplied if one.feed == "orders" and one.is_fetched and one.window_end is not None)


def _complete_through(reading: Reading) -> datetime:
    if reading.window_start is None or reading.window_end is None or reading.first_answered_at is None:
        raise ValueError(f"reading {reading.reading_id} has no window or no page")
    window = Window(reading.window_start, reading.window_end)
    return watermark.complete_through(window, reading.first_answered_at)


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
        place = json.loads(held.entry.raw or "{}")
        after, before = datetime.fromisoformat(place["after"]), datetime.fromisoformat(place["before"])
        try:
            asked[held.entry.entity_id] = reader.look_up("orders", _door(work).orders_between(after, before))
        except ShipStationDown as error:
            # The list itself was read just now, so it is this place that still fails.
            work.log(f"Still failing: {held.entry.detail} ({error})")
            asked[held.entry.entity_id] = ""
    work.memory["poison asked"] = asked


# Step 2: what the fetched orders say about their parcels


def _unseen(work: Work, reader: Reader) -> list[RemoteOrder]:
    """The fetched order versions that no run has routed yet."""
    ids = [one.reading_id for one in reader.unapplied() if one.feed == "orders"]
    fresh: list[RemoteOrder] = []
    for page in reader.decoded(ids):
        orders = [row for row in page.rows if isinstance(row, RemoteOrder)]
        before = routing_store.seen_before(work.db.read(), [(one.order_id, one.modified_at) for one in orders])
        fresh.extend(one for one in orders if not before[one.order_id, one.modified_at].is_seen)
    return fresh


def _signs(db: Cursor, unseen: Sequence[RemoteOrder], *, is_first: bool) -> Signs:
    before = routing_store.seen_before(db, [(one.order_id, one.modified_at) for one in unseen])
    here = {one.order_id: before[one.order_id, one.modified_at] for one in unseen}
    shipped = [one for one in unseen if one.status == "shipped"]
    others = [one for one in unseen if one.status != "shipped" and here[one.order_id].known_status is not None]
    return Signs(
        is_first=is_first,
        shipped=bool(shipped),
        open_changed=any(here[one.order_id].known_hash != one.content_hash for one in others),
        reopened=any(here[one.order_id].known_status == "shipped" for one in others),
        externally=any(one.externally_fulfilled for one in shipped),
    )


def _shipped_without_parcel(work: Work, reader: Reader, unseen: Sequence[RemoteOrder], now: datetime) -> set[int]:
    """Orders shipped lately for which neither the store nor the pages just fetched hold a parcel that stands."""
    db = work.db.read()
    shipped = {one.order_id for one in unseen if one.status == "shipped"}
    shipped |= {
        order_id for order_id, modified_at, _ in parcels.shipped_without_parcel(db) if now - modified_at < LOOK_UP_AFTER
    }
    if not shipped:
        return set()
    shown = {
        order_id
        for order_id, known in parcels.parcels_of(db, shipped).items()
        if any(parcel.voided_at is None for parcel in known)
    }
    ids = [one.reading_id for one in reader.unapplied() if one.feed != "orders"]
    for page in reader.decoded(ids):
        shown |= {row.order_id for row in page.rows if row.order_id is not None and not row.voided}
    return shipped - shown


def _look_up_parcels(work: Work, reader: Reader, now: datetime) -> int:
    """Ask by id for the parcels of orders that the windows did not show: shipped before our time, or shown late."""
    due = [
        order_id
        for order_id, modified_at, asked_at in parcels.shipped_without_parcel(work.db.read())
        if now - modified_at >= LOOK_UP_AFTER and (asked_at is None or now - asked_at >= LOOK_UP_AGAIN)
    ][:LOOK_UPS_A_RUN]
    for order_id in due:
        reader.look_up("shipments", _door(work).shipments_of(order_id))
        reader.look_up("fulfillments", _door(work).fulfillments_of(order_id))
    work.memory["asked by id"] = due
    return len(due)


def _has_unnamed_service(work: Work) -> bool:
    names = reference.service_names(work.db.read())
    reader = _reader(work)
    ids = [one.reading_id for one in reader.unapplied() if one.feed == "orders"]
    return any(
        row.carrier_code and row.service_code and (row.carrier_code, row.service_code) not in names
        for page in reader.decoded(ids)
        for row in page.rows
    )


# Step 4


def _apply_orders(
    con: Cursor, work: Work, reader: Reader, reading_ids: Sequence[str], now: datetime
) -> tuple[set[int], datetime | None]:
    """Route and write every fetched order. Returns the orders touched and the newest modifyDate among all."""
    with_guide = guide(con)
    touched: set[int] = set()
    newest: datetime | None = None
    chunk = [
        Seen(row, reading_id, page_no) for row, reading_id, page_no in _held_rows(con, ["order", "conflict"], "orders")
    ]
    for page in reader.decoded(reading_ids):
        _hold_what_cannot_be_read(con, work, page, now)
        orders = [row for row in page.rows if isinstance(row, RemoteOrder)]
        work.count("fetched", len(orders))
        if orders:
            newest = max([one.modified_at for one in orders] + ([newest] if newest else []))
        chunk.extend(Seen(one, page.reading_id, page.page_no) for one in orders)
        if len(chunk) >= CHUNK:
            touched |= _take_in(con, work, chunk, with_guide, now)
            chunk = []
    return touched | _take_in(con, work, chunk, with_guide, now), newest


def _take_in(con: Cursor, work: Work, chunk: Sequence[Seen], with_guide: Guide, now: datetime) -> set[int]:
    if not chunk:
        return set()
    raw = _RawRows(con)
    return take_in_orders(
        con, newest_versions(chunk), with_guide, run_id=work.run_id, now=now, count=work.count, raw_of=raw.of
    )


class _RawRows:
    """Finds the record of an order as it came, for the few that are held."""

    def __init__(self, con: Cursor) -> None:
        self._con = con

    def of(self, one: Seen) -> str | None:
        page = readings_store.page(self._con, one.reading_id, one.page_no)
        for row in json.loads(page.body).get("orders", ()):
            if row and row.get("orderId") == one.order.order_id:
                return _kept_row(page.reading_id, page.page_no, page.answered_at, row)
        return None


def _kept_row(reading_id: str, page_no: int, answered_at: datetime, row: Any) -> str:
    """A held record with all that is needed to read it again."""
    return json.dumps({"page": [reading_id, page_no], "answered_at": answered_at.isoformat(), "row": row})


def _held_rows(con: Cursor, kinds: Sequence[str], feed: Feed) -> list[tuple[Any, str, int]]:
    """Held records that can be read by now, with their page: what held them may be mended."""
    found: list[tuple[Any, str, int]] = []
    for held in quarantine.open_entries(con, kinds):
        kept = json.loads(held.entry.raw or "{}")
        if "row" not in kept:
            continue
        body = json.dumps({_LIST_KEYS[feed]: [kept["row"]]})
        rows, _ = read_page(feed, body, datetime.fromisoformat(kept["answered_at"]))
        found.extend((row, *kept["page"]) for row in rows)
    return found


def _apply_parcels(con: Cursor, work: Work, reader: Reader, reading_ids: Sequence[str], now: datetime) -> set[int]:
    """Write every fetched label and fulfillment. Returns the orders whose parcels changed."""
    touched: set[int] = set()
    mended = [row for kind in ("shipment", "fulfillment") for row, *_ in _held_rows(con, [kind], _FEED_OF[kind])]
    touched |= _take_in_parcels(con, mended, now)
    for page in reader.decoded(reading_ids):
        _hold_what_cannot_be_read(con, work, page, now)
        touched |= _take_in_parcels(con, page.rows, now)
        work.count("parcels fetched", len(page.rows))
    parcels.parcels_were_asked(con, work.memory.get("asked by id", []), now)
    return touched


def _take_in_parcels(con: Cursor, rows: Sequence[Any], now: datetime) -> set[int]:
    labels = {row.shipment_id: row for row in rows if isinstance(row, RemoteShipment)}
    marked = {row.fulfillment_id: row for row in rows if isinstance(row, RemoteFulfillment)}
    touched: set[int] = set()
    if labels:
        touched |= parcels.take_in_shipments(con, list(labels.values()), now)
        quarantine.resolve(con, "shipment", [str(one) for one in labels], "read", now)
    if marked:
        touched |= parcels.take_in_fulfillments(con, list(marked.values()), now)
        quarantine.resolve(con, "fulfillment", [str(one) for one in marked], "read", now)
    return touched


def _hold_what_cannot_be_read(con: Cursor, work: Work, page: Decoded, now: datetime) -> None:
    """Put unreadable rows and poison places into quarantine; a place that answers again leaves it."""
    entries = [
        quarantine.Entry(
            _KIND_OF[row.feed],
            row.entity_id,
            row.order_number,
            "unreadable",
            row.reason,
            _kept_row(page.reading_id, page.page_no, page.answered_at, json.loads(row.raw)),
        )
        for row in page.bad
    ]
    entries.extend(_poisoned(place) for place in page.poison)
    if entries:
        work.count("quarantined", len(entries))
        quarantine.put(con, entries, now)


def _settle_poison(con: Cursor, work: Work, reader: Reader, now: datetime) -> None:
    """Close the poison places that were asked again and answered, whole; count a try for the others."""
    asked: dict[str, str] = work.memory.get("poison asked", {})
    held = {one.entry.entity_id: one.entry for one in quarantine.open_entries(con, ["poison"])}
    for entity_id, reading_id in asked.items():
        answered = reading_id and not any(page.poison for page in reader.decoded([reading_id]))
        if answered:
            quarantine.resolve(con, "poison", [entity_id], "ShipStation answers again", now)
        elif entity_id in held:
            quarantine.put(con, [held[entity_id]], now)


def _poisoned(place: PoisonRow) -> quarantine.Entry:
    raw = json.dumps({"after": place.after.isoformat(), "before": place.before.isoformat()})
    return quarantine.Entry("poison", place.entity_id, None, "always_500", place.reason, raw)


def _move_marks(
    con: Cursor, work: Work, unapplied: Sequence[Reading], before: Mark, newest: datetime | None, now: datetime
) -> Mark:
    """Move the marks to where the applied windows reach. A mark that cannot be used is replaced, and that is logged."""
    because = watermark.problem(before, now)
    mark = before
    if because is not None:
        marks.reset_marks(con, WORKFLOW)
        mark = Mark(None, None)
        log_once(con, "sync seeded", f"{WORKFLOW} read {watermark.SEED.days} days back because {because}.", now)
    for reading in _order_windows(unapplied):
        mark = watermark.advanced(mark, None, _complete_through(reading))
    mark = watermark.advanced(mark, newest, mark.complete_through or now)
    marks.set_mark(con, WORKFLOW, mark, work.run_id, now)
    for reading in unapplied:
        if reading.feed != "orders" and reading.is_fetched and reading.window_end is not None:
            marks.set_feed_mark(con, WORKFLOW, reading.feed, _complete_through(reading), now)
    return mark
