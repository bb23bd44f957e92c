"""The unified sync: what changed at ShipStation since the mark, brought in whole or not at all (DESIGN D3 to D11).

1. fetch orders    finish what a killed run began, then read from the mark to now. Each page is committed as it
                   comes. A failure leaves the pages and the mark; the next run goes on after the last page.
2. fetch parcels   labels, voids and marks as shipped, when an order's change calls for them or their hour has come;
                   once a day the open orders of each state, to be counted against ours; and by id the parcels of
                   single orders that are shipped and have shown none.
3. fetch names     carriers, services and stores, on the first run and when a code has no name yet.
4. apply           ONE transaction: orders routed and written, parcels, what has left the house, quarantine, mark.
                   A failure leaves the tables as they were, and all pages for the next run. Where orders changed, stock
                   is recomputed after it, in a transaction of its own; a kill in between leaves it as old as it says.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shipsync.errors import ShipStationDown, ShipStationGarbled
from shipsync.procedures.applying import apply_readings, spans
from shipsync.procedures.holding import poison_place
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.parcels import fetch_parcels
from shipsync.procedures.reading import Reader, reader_of
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules import watermark
from shipsync.rules.alerts import SLOW_AFTER
from shipsync.rules.watermark import Mark
from shipsync.store import deployment, marks, quarantine, reference

WORKFLOW = "shipstation-sync"

POISON_RETRIES_A_RUN = 3
POISON_PRESSED_A_RUN = 20
POISON_FIRST_WAIT = timedelta(minutes=5)
POISON_LONGEST_WAIT = timedelta(hours=6)
NAMES_AGAIN = timedelta(hours=1)


def fetch_orders(work: Work) -> Result:
    """Step 1. Returns the number of pages that came and the windows they cover."""
    work.memory["started_at"] = work.now()
    reader = reader_of(work)
    mark = marks.mark_of(work.db.read(), WORKFLOW)
    because = watermark.problem(mark, work.now())
    if because is not None:
        mark = Mark(None, None)
        work.log(f"Starting {watermark.SEED.days} days back: {because}.")
    else:
        work.log(f"Started. The mark is {watermark.spoken(mark.complete_through)}.")
    resumed = 0
    for reading in reader.unapplied():
        resumed += reader.finish(reading)
    through = watermark.reach(mark.complete_through, spans(reader.unapplied(), "orders"))
    window = watermark.next_window(Mark(None, through), work.now())
    window = watermark.pulled_back(window, deployment.first_query_from(work.db.read()))
    reader.read("orders", window)
    _retry_poison(work, reader)
    return {"from": window.start.isoformat(), "to": window.end.isoformat(), "resumed pages": resumed}


def fetch_names(work: Work) -> Result:
    """Step 3. Names are not checkpointed: asking again is cheap and rare. Without them the orders still go in."""
    db = work.db.read()
    age = reference.reference_age(db)
    if age is not None and (work.now() - age < NAMES_AGAIN or not _has_unnamed_service(work)):
        return {"asked": False}
    door = work.shipstation
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
    applied = apply_readings(work, reader_of(work))
    before, after = applied.before, applied.after
    if applied.touched:
        _recalculate(work)
    figures = {"imported": 0, "updated": 0, "quarantined": 0, "fetched": 0} | work.counts
    since = before.complete_through or work.now() - watermark.SEED
    work.log(f"Fetched {figures.pop('fetched'):,} orders since {watermark.spoken(since)}.")
    for what, amount in sorted(figures.items()):
        work.log(f"{what}: {amount:,}")
    work.log(f"Mark: {watermark.spoken(before.complete_through)} -> {watermark.spoken(after.complete_through)}.")
    elapsed = work.now() - work.memory.get("started_at", work.now())
    slow = f" That is more than {SLOW_AFTER.total_seconds():.0f} s." if elapsed > SLOW_AFTER else ""
    work.log(f"Elapsed: {elapsed.total_seconds():.1f} s.{slow}")
    return dict(work.counts)


def _recalculate(work: Work) -> None:
    now = work.now()
    with work.db.transaction() as con:
        work.lease.check(con)
        recalculate(con, work.settings.zone, now, now)


PROCEDURE = Procedure(
    WORKFLOW,
    (
        Step("fetch orders", fetch_orders),
        Step("fetch parcels", fetch_parcels),
        Step("fetch names", fetch_names),
        Step("apply", apply),
    ),
)


# Step 1: places that always answer 500


def _retry_poison(work: Work, reader: Reader) -> None:
    """Ask again for places that answered 500; what comes is applied like any other page.

    Those that a person wants asked now (argument `poison`, their identities) do not wait for their hour.
    """
    pressed = set(work.arguments.get("poison", ()))
    places = [(one, *poison_place(one.entry)) for one in quarantine.open_entries(work.db.read(), ["poison"])]
    # A wider one lies somewhere in all of an order's parcels, which are asked for again by themselves.
    narrow = [found for found in places if found[2].end - found[2].start <= watermark.SEED]
    wanted = [found for found in narrow if found[0].entry.entity_id in pressed][:POISON_PRESSED_A_RUN]
    due = [found for found in narrow if found not in wanted and _is_due(found[0], work.now())]
    asked: dict[str, str] = {}
    for one, feed, place in wanted + due[:POISON_RETRIES_A_RUN]:
        try:
            asked[one.entry.entity_id] = reader.ask_again(feed, place)
        except (ShipStationDown, ShipStationGarbled) as error:
            # The list itself was read just now, so it is this place that still fails.
            work.log(f"Still failing: {one.entry.detail} ({error})")
            asked[one.entry.entity_id] = ""
    work.memory["poison asked"] = asked


def _is_due(held: quarantine.OpenEntry, now: datetime) -> bool:
    wait: timedelta = min(POISON_FIRST_WAIT * 2 ** min(held.tries, 10), POISON_LONGEST_WAIT)
    return now - held.last_seen_at >= wait


# Step 3: names behind codes


def _has_unnamed_service(work: Work) -> bool:
    reader = reader_of(work)
    ids = [one.reading_id for one in reader.unapplied() if one.feed != "fulfillments"]
    used = {
        (row.carrier_code, row.service_code)
        for page in reader.decoded(ids)
        for row in page.rows
        if row.carrier_code and row.service_code
    }
    return bool(used) and not used <= reference.service_names(work.db.read()).keys()
