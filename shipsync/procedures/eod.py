"""Closing a day: job kind `eod` (DESIGN D15; plan, "EOD"). The shelves are then counted against what it froze.

1. sync          a sync that asks every list. A day is known up to where that has read it whole.
2. shipped       what has left stands in history and ledger; what does not is brought in step.
3. census        orders that await shipment and labels of the day, held against ShipStation's own lists. A difference
                 is looked at again after one more sync, and what is left of it is named.
4. recalculate   stock, averages and alert levels.
5. freeze        ONE transaction: the expectation by SKU and lot, and the day is closed.

It may be pressed any number of times a day; each is a version of its own. A failure leaves the day as open as it was,
and a retry goes on after the last finished step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from shipsync.doors.shipstation import Page
from shipsync.procedures.closing import (
    asked_date,
    begun,
    have_synced,
    known_through,
    read_through,
    standing_at,
    this_closing,
)
from shipsync.procedures.inventory import recalculate as recalculate_inventory
from shipsync.procedures.ledger import bring_ledger_in_step
from shipsync.procedures.reading import Reader, reader_of
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules import day_census
from shipsync.rules.day_census import Compared
from shipsync.rules.deployment import UNIFIED
from shipsync.rules.identity import is_ours
from shipsync.rules.ledger import NO_LOT
from shipsync.rules.periods import business_date, day_words
from shipsync.rules.routing import base_skus
from shipsync.rules.shipstation import Feed, RemoteOrder
from shipsync.store import closings, deployment, ledger, products, readings, weekly_history
from shipsync.store import day_census as store
from shipsync.store import routing as routing_store
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.store.ledger import Balance

WORKFLOW = "eod"
_NAMED = 20  # differences that are kept with the closing; the rest is counted


def sync(work: Work) -> Result:
    """Step 1. Argument: `date`, today without one. Returns the day and the instant up to which it is known."""
    day = asked_date(work)
    begun(work, "eod", day, day)
    by = ", ".join(job.job_id for job in have_synced(work, everything=True))
    as_of, read = known_through(work, day), read_through(work)
    with work.db.transaction() as con:
        work.lease.check(con)
        closings.stand_at(con, work.job_id, as_of)
    work.log(f"{day}: synced by {by}, known up to {as_of:%Y-%m-%d %H:%M:%S} UTC.")
    return {
        "date": day.isoformat(),
        "synced by": by,
        "known through": as_of.isoformat(),
        "read through": read.isoformat(),
    }


def shipped(work: Work) -> Result:
    """Step 2. Returns what was shipped on the day, and of how many orders the ledger was behind."""
    day = this_closing(work).period_start
    behind = bring_ledger_in_step(work.db, work.settings.zone, work.now())
    if behind:
        work.count("orders brought in step", behind)
        work.log(f"The ledger was behind of {behind} orders.")
    orders, parcels, units = store.shipped_between(work.db.read(), day, day)
    work.count("orders shipped", orders)
    what = ", ".join(_counted(*one) for one in ((orders, "order"), (parcels, "parcel"), (units, "unit")))
    work.log(f"Shipped on {day}: {what}.")
    return {"orders": orders, "parcels": parcels, "units": units}


def census(work: Work) -> Result:
    """Step 3. Returns each list's figures and the differences, by name."""
    compared = _compare(work)
    at_first = [sentence for one in compared for sentence in one.differences]
    if at_first:
        work.log(f"{len(at_first)} differences with ShipStation; one more sync, and they are looked at again.")
        for sentence in at_first[:_NAMED]:
            work.log(f"At first: {sentence}")
        have_synced(work, everything=True)
        compared = _compare(work)
    differences = [sentence for one in compared for sentence in one.differences]
    for one in compared:
        work.log(f"{one.what}: {one.there:,} at ShipStation, {one.here:,} here.")
    for sentence in differences:
        work.log(sentence)
    work.count("differences with ShipStation", len(differences))
    return {
        "lists": [
            {"what": one.what, "there": one.there, "here": one.here, "not ours": one.not_ours, "held": one.held}
            for one in compared
        ],
        "differences": differences[:_NAMED],
        "more differences": max(0, len(differences) - _NAMED),
    }


def recalculate(work: Work) -> Result:
    """Step 4. Returns how many products were recalculated, and how many weeks' units are others now."""
    day = this_closing(work).period_start
    with work.db.transaction() as con:
        work.lease.check(con)
        # A day of the past closes with its own figures, but stock is always recomputed as it is today.
        done = recalculate_inventory(con, work.settings.zone, _now_or(work, day), work.now(), closing=day)
    work.count("SKUs updated", done.skus)
    for monday, sku in done.weeks_changed[:_NAMED]:
        work.log(f"Units of {sku} in the week of {monday} are counted anew.")
    return {"skus": done.skus, "weeks changed": len(done.weeks_changed)}


def freeze(work: Work) -> Result:
    """Step 5. Returns the sentence that stands on the screen."""
    closing, as_of, now = this_closing(work), standing_at(work), work.now()
    day = closing.period_start
    if closing.closed_at is not None:  # by an attempt that was cut off before it could say so
        return _closed(closing)
    skus = int(work.results["recalculate"]["skus"])
    with work.db.transaction() as con:
        work.lease.check(con)
        version = closings.next_version(con, "eod", day)
        lines = expected_lines(con, as_of)
        closings.put_expected(con, day, version, lines)
        # Once more: what the census found missing has come in since.
        orders, parcels, units = store.shipped_between(con, day, day)
        shipped = {"orders": orders, "parcels": parcels, "units": units}
        content = _content(day, version, as_of, shipped, work.results["census"], lines)
        closings.freeze(con, work.job_id, content, hashlib.sha256(content.encode()).hexdigest())
        when = "today" if day == business_date(now, work.settings.zone) else f"on {day_words(day)}"
        sentence = f"Physical count ready: {_counted(orders, 'order')} shipped {when}, {_counted(skus, 'SKU')} updated"
        stated = tuple(_stated(work, day, now, weekly_history.read_since(con, work.settings.zone)))
        closings.close(con, work.job_id, version, records=orders, sentence=sentence, stated=stated, now=now)
    work.log(f"{sentence}. Version {version}.")
    return _closed(this_closing(work))


def _closed(closing: Closing) -> Result:
    return {
        "date": closing.period_start.isoformat(),
        "version": closing.version,
        "sentence": closing.sentence,
        "stated": list(closing.stated),
    }


PROCEDURE = Procedure(
    WORKFLOW,
    (
        Step("sync", sync),
        Step("shipped", shipped),
        Step("census", census),
        Step("recalculate", recalculate),
        Step("freeze", freeze),
    ),
)


def expected_lines(con: Cursor, as_of: datetime) -> list[Balance]:
    """What the ledger expects on the shelf at an instant: every lot of a counted product that does not stand at zero.

    A product without any has one line, so that it can be counted as well.
    """
    counted = {one.sku for one in products.products(con) if one.is_key} | ledger.known_skus(con, as_of).keys()
    lots = {one.product.sku: one.active_lot for one in products.listed_products(con)}
    lines = [one for one in ledger.balances(con, as_of) if one.sku in counted and one.quantity]
    empty = counted - {one.sku for one in lines if one.quantity > 0}
    there = {(one.sku, one.lot) for one in lines}
    for sku in empty:
        # Of a lot below zero nobody is sent to look, so its product has another line.
        free = [lot for lot in (lots.get(sku) or NO_LOT, NO_LOT) if (sku, lot) not in there]
        lines += [Balance(sku, lot, 0) for lot in free[:1]]
    return sorted(lines, key=lambda one: (one.sku, one.lot))


def _now_or(work: Work, day: date) -> datetime:
    today = business_date(work.now(), work.settings.zone)
    return standing_at(work) if day == today else known_through(work, today)


def _content(
    day: date, version: int, as_of: datetime, shipped: Result, census: Result, lines: Sequence[Balance]
) -> str:
    return json.dumps(
        {
            "date": day.isoformat(),
            "version": version,
            "as_of": as_of.isoformat(),
            "shipped": dict(shipped),
            "census": dict(census),
            "expected": [[one.sku, one.lot, one.quantity] for one in lines],
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _stated(work: Work, day: date, now: datetime, read_since: date | None) -> Iterator[str]:
    today = business_date(now, work.settings.zone)
    if day < today:
        yield f"Closed afterwards, on {day_words(today)}: the orders that waited then cannot be counted now."
        if read_since is not None and day < read_since:
            since = day_words(read_since)
            yield f"ShipStation has been read from {since} on: what was shipped before may not be known."
    differences = [str(one) for one in work.results["census"]["differences"]]
    more = int(work.results["census"]["more differences"])
    yield from differences
    if more:
        yield f"And {more} more differences with ShipStation; the job's log has all."


# The census


def _compare(work: Work) -> list[Compared]:
    """Read ShipStation's lists, keep the answers as proof, and hold them against ours."""
    day = this_closing(work).period_start
    # Of a day of the past, too, everything is compared that the sync has read.
    as_of = datetime.fromisoformat(str(work.results["sync"]["read through"]))
    reader = reader_of(work)
    is_today = day == business_date(work.now(), work.settings.zone)
    orders: list[RemoteOrder] = []
    broken_orders = 0
    if is_today:
        orders, broken_orders = _read(reader, "orders", work.shipstation.orders_with_status("awaiting_shipment"))
    labels, broken_labels = _read(reader, "shipments", work.shipstation.shipments_on(day))
    marks, broken_marks = _read(reader, "fulfillments", work.shipstation.fulfillments_on(day))
    here = store.here(work.db.read(), day, {one.order_id for one in orders}, as_of)
    if UNIFIED not in deployment.production_syncs(work.db.read()):
        here = replace(here, not_ours={*here.not_ours} | _passed_over(work.db.read(), orders))
    with work.db.transaction() as con:
        work.lease.check(con)
        # They are compared and proof from now on; nothing of them is applied.
        kept = [one.reading_id for one in reader.unapplied()]
        readings.readings_are_applied(con, kept, work.run_id, work.now())
    compared = [
        day_census.labels(labels, here, day, as_of, broken=broken_labels),
        day_census.marks(marks, here, day, as_of, broken=broken_marks),
    ]
    return [day_census.awaiting(orders, here, as_of, broken=broken_orders), *compared] if is_today else compared


def _passed_over(con: Cursor, orders: Sequence[RemoteOrder]) -> set[int]:
    """The orders that the legacy workflows have nothing to do with: they keep no routes that would say so."""
    manual, keys = routing_store.manual_rule(con), routing_store.key_skus(con)
    return {
        one.order_id
        for one in orders
        if not is_ours(one.order_key) and not (manual.fits(one.order_number) and keys.has_key(base_skus(one)))
    }


def _read(reader: Reader, feed: Feed, pages: Iterator[Page[Any]]) -> tuple[list[Any], int]:
    """The records of a list, and at how many places it always answers with an error."""
    decoded = list(reader.decoded([reader.look_up(feed, pages)]))
    return [row for page in decoded for row in page.rows], sum(len(page.poison) for page in decoded)


def _counted(amount: int, what: str) -> str:
    return f"{amount:,} {what if amount == 1 else what + 's'}"
