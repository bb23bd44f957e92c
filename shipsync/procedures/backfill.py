"""Backfill: a chosen period is read from ShipStation again, beside the live mark. Workflow `backfill`.

1. fetch orders    finish what a killed run began, then all orders last modified within the period. Each page is
                   committed as it comes; a failure leaves the pages, and a retry goes on after the last one.
2. fetch parcels   the period's labels, voids and marks as shipped, in the same way.
3. fetch names     names of carriers and services, where a code has none yet.
4. apply           ONE transaction, by the code that applies a sync. A failure leaves the tables as they were.

Its readings are its own: they move neither the mark nor the marks of the lists, and count for no freshness. What a
sync has learned since a page was answered stays, so a retry hours later puts nothing back. A period that has been read
already changes nothing.
"""

from __future__ import annotations

from datetime import date

from shipsync.errors import Unusable
from shipsync.procedures.applying import apply_beside_the_mark
from shipsync.procedures.reading import reader_of
from shipsync.procedures.sync import fetch_names
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.backfill import Period, problem
from shipsync.rules.periods import business_date
from shipsync.rules.shipstation import Feed
from shipsync.rules.watermark import Window

WORKFLOW = "backfill"

_PARCEL_LISTS: tuple[Feed, ...] = ("shipments", "voids", "fulfillments")


def fetch_orders(work: Work) -> Result:
    """Step 1. Arguments: `from` and `to`, business dates, both included. Returns the window and what was resumed."""
    window = _window(work)
    reader = reader_of(work)
    resumed = sum(reader.finish(reading) for reading in reader.unapplied())
    work.log(f"Reading what was last modified from {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC.")
    _read_once(work, "orders", window)
    return {"from": window.start.isoformat(), "to": window.end.isoformat(), "resumed pages": resumed}


def fetch_parcels(work: Work) -> Result:
    """Step 2. Returns which lists were asked."""
    window = _window(work)
    for done, feed in enumerate(_PARCEL_LISTS):
        work.progress(done, len(_PARCEL_LISTS), feed)
        work.check_cancel()
        _read_once(work, feed, window)
    return {"asked": list(_PARCEL_LISTS)}


def apply(work: Work) -> Result:
    """Step 4. Returns the run's figures."""
    apply_beside_the_mark(work, reader_of(work))
    for what, amount in sorted(work.counts.items()):
        work.log(f"{what}: {amount:,}")
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


def _window(work: Work) -> Window:
    try:
        period = Period(*(date.fromisoformat(str(work.arguments[name])) for name in ("from", "to")))
    except (KeyError, ValueError) as error:
        raise Unusable("A backfill needs its first and its last day, as YYYY-MM-DD.") from error
    zone = work.settings.zone
    because = problem(period, business_date(work.now(), zone))
    if because is not None:
        raise Unusable(because)
    return period.window(zone)


def _read_once(work: Work, feed: Feed, window: Window) -> None:
    """Read a list over the period, unless an earlier attempt has."""
    reader = reader_of(work)
    read = [(one.feed, one.window_start, one.window_end) for one in reader.unapplied() if one.is_fetched]
    if (feed, window.start, window.end) not in read:
        reader.read(feed, window)
