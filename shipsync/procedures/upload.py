"""Sends waiting shop orders up to ShipStation, each exactly once (DESIGN D13).

1. settle    orders that a person wants sent once more wait again (argument `again`, their keys). Claims of a run that
             died are given back; an order whose sending had no known outcome is first looked for at ShipStation, or
             waits until the sync has read past its sending. So nothing that a person has meanwhile changed there is
             written over.
2. send      in batches: claim (committed), send, write the results by orderKey. A failure leaves claims that the
             next run gives back; the orderKey makes a second sending an update, never a second order.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipsync.errors import CredentialsRefused, ShipStationError, ShipStationRefused
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.shipstation import NewOrder, RemoteOrder, UploadResult
from shipsync.rules.uploads import BATCH, TRIES, halves, new_order
from shipsync.rules.watermark import overlap
from shipsync.store import deployment, quarantine
from shipsync.store import uploads as store

WORKFLOW = "shipstation-upload"
# Orders looked for by number in one run; beyond them the sync's own reading settles the rest.
LOOK_UPS_A_RUN = 20


def settle(work: Work) -> Result:
    """Step 1. Returns how many claims were given back, and how many unclear orders were found or may be sent."""
    again = work.arguments.get("again")
    if again:
        with work.db.transaction() as con:
            work.lease.check(con)
            work.count("tried again", store.try_again(con, [str(key) for key in again], work.now()))
    if not store.is_anything_claimed(work.db.read()):
        return {"given back": 0, "found": 0, "may be sent": 0}
    with work.db.transaction() as con:
        work.lease.check(con)
        given_back = store.give_back_claims(con, work.run_id)
    if given_back:
        work.log(f"{given_back} orders were claimed by a run that died; they are looked for before they are sent.")
    db = work.db.read()
    unclear = store.unclear_orders(db)
    read_through = deployment.production_mark(db).complete_through
    clear = [
        one.order_key
        for one in unclear
        if read_through is not None and read_through >= one.sent_at + overlap(one.sent_at)
    ]
    rest = [one for one in unclear if one.order_key not in set(clear)]
    found: dict[str, int] = {}
    for one in rest[:LOOK_UPS_A_RUN]:
        work.check_cancel()
        numbered = work.shipstation.orders_numbered(one.order_number)
        order_id = _order_of([order for order in numbered if order.order_key == one.order_key])
        if order_id is not None:
            found[one.order_key] = order_id
        else:
            clear.append(one.order_key)
    with work.db.transaction() as con:
        work.lease.check(con)
        store.uploaded(con, found, work.now())
        store.is_clear_again(con, clear)
    work.count("found at ShipStation", len(found))
    return {"given back": given_back, "found": len(found), "may be sent": len(clear)}


def send(work: Work) -> Result:
    """Step 2. Returns how many orders went up and how many were refused."""
    refused_now: set[str] = set()
    while True:
        if not store.is_anything_waiting(work.db.read()):
            break
        work.check_cancel()
        with work.db.transaction() as con:
            work.lease.check(con)
            # A retry of this job starts here: what its earlier attempt had claimed is looked for by the next run.
            store.give_back_claims(con, work.run_id)
            waiting = store.claim(con, work.run_id, BATCH, work.now())
        # An order refused in this run waits for the next one; without this the loop would not end.
        fresh = [new_order(one) for one in waiting if one.order_key not in refused_now]
        if not fresh:
            with work.db.transaction() as con:
                store.release_unsent(con, work.run_id)
            break
        try:
            results = _send_batch(work, fresh)
        except ShipStationError:
            with work.db.transaction() as con:
                store.release(con, work.run_id)
            raise
        refused_now |= _write_results(work, results)
        work.progress(work.counts.get("uploaded", 0), None, "orders sent")
    work.log(f"Uploaded {work.counts.get('uploaded', 0):,}, refused {work.counts.get('refused', 0):,}.")
    return dict(work.counts)


PROCEDURE = Procedure(WORKFLOW, (Step("settle", settle), Step("send", send)))


def _order_of(with_our_key: Sequence[RemoteOrder]) -> int | None:
    """The ShipStation id of the order we sent. Parts split off carry its key, and may be all that is left of it."""
    ids = [one.order_id for one in with_our_key]
    whole = [one.order_id for one in with_our_key if one.parent_id is None]
    gone = [one.parent_id for one in with_our_key if one.parent_id is not None and one.parent_id not in ids]
    return next(iter([*whole, *gone]), None)


def _send_batch(work: Work, orders: list[NewOrder]) -> list[UploadResult]:
    """Send a batch. One that is refused as a whole is halved until the order that causes it stands alone."""
    try:
        return list(work.shipstation.create_orders(orders))
    except CredentialsRefused:
        raise
    except ShipStationRefused as error:
        if len(orders) == 1:
            return [UploadResult(orders[0].order_key, None, success=False, message=str(error))]
        first, second = halves(orders)
        return [*_send_batch(work, first), *_send_batch(work, second)]


def _write_results(work: Work, results: Sequence[UploadResult]) -> set[str]:
    """Write what ShipStation said of each order. Returns the keys it refused."""
    ids = {one.order_key: one.order_id for one in results if one.success and one.order_id is not None}
    messages = {
        one.order_key: one.message or "ShipStation gave no reason" for one in results if one.order_key not in ids
    }
    with work.db.transaction() as con:
        work.lease.check(con)
        store.uploaded(con, ids, work.now())
        failed = store.refused(con, messages, TRIES, work.now())
        quarantine.put(
            con,
            [
                quarantine.Entry(
                    "upload",
                    order_key,
                    number,
                    "upload_refused",
                    f"Order {number} was refused by ShipStation {TRIES} times: {messages[order_key]} "
                    "Correct it in the shop or type it into ShipStation.",
                    None,
                )
                for order_key, number in failed
            ],
            work.now(),
        )
        quarantine.resolve(con, "upload", list(ids), "uploaded", work.now())
    work.count("uploaded", len(ids))
    work.count("refused", len(messages))
    return set(messages)
