"""What people enter into the stock ledger: receipts, adjustments, repacked goods, and taking an entry back.

Neither is a job: each is one short transaction at the press, with its line in the audit log, after which stock is
recomputed. An entry is never changed or deleted; a wrong one is taken back by another. An adjustment above the limit
waits until a second person has approved it, and moves nothing until then.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from shipsync.errors import Refused
from shipsync.procedures.inventory import recalculate
from shipsync.rules.counts import may_approve, needs_approval
from shipsync.rules.ledger import LARGE_RECEIPT, NO_LOT, REASONS, Kind, Movement
from shipsync.rules.lots import is_lot
from shipsync.rules.periods import business_date
from shipsync.store import adjustments, ledger, products
from shipsync.store import inventory as store
from shipsync.store.approval import approval_above
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.inventory import Lot
from shipsync.store.settings import audit

LONGEST_NOTE = 500
_BY_PERSONS = ("receive", "adjust_up", "adjust_down", "repack")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that came in."""

    sku: str
    lot: str  # '' where the supplier named none
    units: int
    moved_at: datetime
    reference: str = ""  # the delivery note
    note: str = ""
    received_on: date | None = None  # of the lot; None: the day it came in
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Units that a person adds to the shelf, or takes off it, and why."""

    sku: str
    lot: str
    quantity: int  # what it adds; below zero what it takes
    moved_at: datetime
    reason_code: str
    note: str = ""
    kind: Literal["adjust", "repack"] = "adjust"


@dataclass(frozen=True, slots=True)
class Entered:
    """What a press came to: an entry, or a request that waits for a second person."""

    entry_no: int | None
    request_no: int | None = None


def receive(db: Database, one: Receipt, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    """Goods have come in. Raises Refused, and changes nothing, for what cannot be."""
    with db.transaction() as con:
        _check(con, one.sku, one.lot, one.moved_at, one.note, now)
        if one.units <= 0:
            raise Refused(f"A receipt of {one.units} units is none. Enter how many came in.")
        if one.units >= LARGE_RECEIPT and one.lot == NO_LOT:
            raise Refused(f"A receipt of {LARGE_RECEIPT} units or more needs the supplier's lot.")
        [entry_no] = _post(con, [_movement("receive", one.sku, one.lot, one.units, one.moved_at, zone, note=one.note,
                                           reference=one.reference)], by, now)  # fmt: skip
        if one.lot != NO_LOT:
            _say_of_lot(con, one, zone, by, now)
        recalculate(con, zone, now, now)
        return Entered(entry_no)


def adjust(db: Database, one: Adjustment, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    """Change stock by hand. Above the limit it waits for a second person. Raises Refused for what cannot be."""
    with db.transaction() as con:
        _check(con, one.sku, one.lot, one.moved_at, one.note, now)
        if one.quantity == 0:
            raise Refused("A change of 0 units is none.")
        if one.reason_code not in REASONS:
            raise Refused("Say why: an adjustment needs a reason.")
        if one.kind == "repack" and one.quantity < 0:
            raise Refused("Repacking adds what was packed anew. Enter what is taken away as an adjustment.")
        if needs_approval(one.quantity, approval_above(con)):
            request_no = adjustments.ask_for(
                con,
                one.sku,
                one.lot,
                one.quantity,
                moved_at=one.moved_at,
                reason_code=one.reason_code,
                note=one.note,
                by=by,
                now=now,
            )
            audit(con, by, "stock change asked for", _of(one.sku, one.lot), None, _text(one), now)
            return Entered(None, request_no)
        return Entered(_adjusted(con, one, zone, by, now))


def approve(db: Database, request_no: int, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    """A second person agrees to a change that waits; it moves stock at the instant it was entered for.

    Raises Refused where it was decided already, or where the same person asked for it.
    """
    with db.transaction() as con:
        one = _waiting(con, request_no)
        if not may_approve(by, one.asked_by):
            raise Refused(f"{one.asked_by} asked for this change, so somebody else has to approve it.")
        wanted = Adjustment(one.sku, one.lot, one.quantity, one.moved_at, one.reason_code, one.note)
        entry_no = _adjusted(con, wanted, zone, one.asked_by, now)
        adjustments.decide_request(con, request_no, entry_no, by, now)
        audit(
            con, by, "stock change approved", _of(one.sku, one.lot), None, f"{one.quantity:+,} as entry {entry_no}", now
        )
        return Entered(entry_no)


def refuse(db: Database, request_no: int, by: str, now: datetime) -> None:
    """A change that waits is not made. Whoever asked may take it back so, too."""
    with db.transaction() as con:
        one = _waiting(con, request_no)
        adjustments.decide_request(con, request_no, None, by, now)
        audit(con, by, "stock change refused", _of(one.sku, one.lot), f"{one.quantity:+,}", "not made", now)


def take_back(db: Database, entry_no: int, zone: ZoneInfo, note: str, by: str, now: datetime) -> Entered:
    """A person's entry was wrong: another one takes it back, at the same instant.

    Raises Refused for entries of parcels (they follow ShipStation), for counts (count again) and for one that was taken
    back already.
    """
    with db.transaction() as con:
        wrong = ledger.entry(con, entry_no)
        if wrong is None:
            raise Refused(f"There is no entry {entry_no}.")
        if wrong.kind not in _BY_PERSONS:
            raise Refused(
                "A count is mended by another count."
                if wrong.kind == "count"
                else "What left follows ShipStation: void the label there, and the units come back here."
            )
        if ledger.is_corrected(con, entry_no) or wrong.corrects is not None:
            raise Refused(f"Entry {entry_no} was taken back already, or takes one back itself.")
        back = Movement(
            kind="adjust_down" if wrong.quantity > 0 else "adjust_up",
            sku=wrong.sku,
            lot=wrong.lot,
            quantity=-wrong.quantity,
            moved_at=wrong.moved_at,
            business_date=wrong.business_date,
            reason_code="system",
            note=note.strip() or None,
            corrects=entry_no,
        )
        if wrong.kind in ("receive", "repack"):
            # Of the same kind, so that a week's receipts are those that came.
            back = replace(back, kind="receive" if wrong.kind == "receive" else "repack")
        [number] = _post(con, [back], by, now)
        recalculate(con, zone, now, now)
        return Entered(number)


def say_of_lot(
    db: Database,
    sku: str,
    lot: str,
    *,
    is_quarantined: bool,
    reason: str,
    received_on: date | None,
    expires_on: date | None,
    zone: ZoneInfo,
    by: str,
    now: datetime,
) -> None:
    """Say of a lot whether it may be shipped, when it came and when it expires. Raises Refused for what cannot be."""
    with db.transaction() as con:
        if not is_lot(lot):
            raise Refused("Units without a lot cannot be quarantined: say their lot first, by a count.")
        if is_quarantined and not reason.strip():
            raise Refused("Say why the lot is quarantined.")
        if received_on is not None and expires_on is not None and expires_on <= received_on:
            raise Refused("A lot cannot expire before it came.")
        before = next((one for one in store.lots(con, sku) if one.lot == lot), None)
        after = Lot(sku, lot, is_quarantined, reason.strip() or None, received_on, expires_on, now, by)
        store.put_lot(con, after)
        audit(con, by, "lot changed", _of(sku, lot), _lot_text(before), _lot_text(after), now)
        recalculate(con, zone, now, now)


def _adjusted(con: Cursor, one: Adjustment, zone: ZoneInfo, by: str, now: datetime) -> int:
    kind: Kind = "repack" if one.kind == "repack" else "adjust_up" if one.quantity > 0 else "adjust_down"
    movement = _movement(kind, one.sku, one.lot, one.quantity, one.moved_at, zone, one.reason_code, one.note)
    [entry_no] = _post(con, [movement], by, now)
    recalculate(con, zone, now, now)
    return entry_no


def _movement(
    kind: Kind,
    sku: str,
    lot: str,
    quantity: int,
    moved_at: datetime,
    zone: ZoneInfo,
    reason_code: str | None = None,
    note: str = "",
    reference: str = "",
) -> Movement:
    return Movement(
        kind,
        sku,
        lot,
        quantity,
        moved_at,
        business_date(moved_at, zone),
        reason_code,
        note.strip() or None,
        reference.strip() or None,
    )


def _post(con: Cursor, movements: list[Movement], by: str, now: datetime) -> list[int]:
    numbers = ledger.post(con, movements, by, now)
    for number, one in zip(numbers, movements, strict=True):
        what = f"{one.kind.replace('_', ' ')} {one.quantity:+,} as entry {number}"
        audit(con, by, "stock moved", _of(one.sku, one.lot), None, what, now)
    return numbers


def _check(con: Cursor, sku: str, lot: str, moved_at: datetime, note: str, now: datetime) -> None:
    if sku not in {one.sku for one in products.products(con)}:
        raise Refused(f"{sku} is no product. Add it under Imports first.")
    if lot != NO_LOT and not is_lot(lot):
        raise Refused(f"'{lot}' is no lot: five or six digits, or nothing.")
    if moved_at > now:
        raise Refused("That lies in the future. Enter it when it has happened.")
    if len(note) > LONGEST_NOTE:
        raise Refused(f"A note has at most {LONGEST_NOTE} characters.")


def _waiting(con: Cursor, request_no: int) -> adjustments.Request:
    one = adjustments.request(con, request_no)
    if one is None or one.decided_at is not None:
        raise Refused("Somebody else has decided about this change already.")
    return one


def _say_of_lot(con: Cursor, one: Receipt, zone: ZoneInfo, by: str, now: datetime) -> None:
    """What a receipt tells of its lot; what was known of it stays."""
    before = next((known for known in store.lots(con, one.sku) if known.lot == one.lot), None)
    received_on = one.received_on or business_date(one.moved_at, zone)
    if before is not None:
        received_on = before.received_on or received_on
    after = Lot(
        sku=one.sku,
        lot=one.lot,
        is_quarantined=before.is_quarantined if before is not None else False,
        reason=before.reason if before is not None else None,
        received_on=received_on,
        expires_on=one.expires_on or (before.expires_on if before is not None else None),
        updated_at=now,
        updated_by=by,
    )
    store.put_lot(con, after)


def _of(sku: str, lot: str) -> str:
    return f"{sku} - {lot}" if lot else sku


def _text(one: Adjustment) -> str:
    return json.dumps(asdict(one), default=str, ensure_ascii=False)


def _lot_text(lot: Lot | None) -> str | None:
    if lot is None:
        return None
    said = asdict(lot)
    return json.dumps(
        {name: said[name] for name in ("is_quarantined", "reason", "received_on", "expires_on")},
        default=str,
        ensure_ascii=False,
    )
