"""What people enter into the stock ledger: receipts, adjustments, repacked goods, a first count, taking an entry back.

None is a job: each is one short transaction at the press, with its line in the audit log, after which stock is
recomputed. An entry is never changed or deleted; a wrong one is taken back by another. An adjustment above the limit
waits until a second person has approved it, and moves nothing until then. Each of them raises Refused with a sentence,
and changes nothing, for what cannot be; nobody enters anything without a name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from shipsync.errors import Refused
from shipsync.procedures.inventory import recalculate
from shipsync.rules.counts import may_approve, needs_approval
from shipsync.rules.ledger import LARGE_RECEIPT, NO_LOT, OPENING, REASONS, Kind, Movement
from shipsync.rules.lots import is_lot, sku_lot_text
from shipsync.rules.periods import business_date, day_words
from shipsync.store import adjustments, ledger, products
from shipsync.store import inventory as store
from shipsync.store.approval import approval_above
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.inventory import Lot
from shipsync.store.settings import audit

LONGEST_NOTE = 500
MOST_UNITS = 1_000_000  # in one entry; more is a slip of the finger
BY_PERSONS = ("receive", "adjust_up", "adjust_down", "repack")


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
    reason_code: str | None  # None: repacked goods, whose kind says it all
    note: str = ""
    kind: Literal["adjust", "repack"] = "adjust"


@dataclass(frozen=True, slots=True)
class Opening:
    """What stands on the shelf of a product that was never counted."""

    sku: str
    lots: Mapping[str, int]  # units by lot; a lot that is left out has none
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What a press came to: an entry, or a request that waits for a second person."""

    entry_no: int | None
    request_no: int | None = None
    counted_at: datetime | None = None  # of a count of its lot that came after it, so stock now stays as counted


def receive(db: Database, one: Receipt, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    """Goods have come in."""
    with db.transaction() as con:
        _check(con, one.sku, one.lot, one.moved_at, one.note, by, now)
        if one.units <= 0:
            raise Refused(f"A receipt of {one.units} units is none. Enter how many came in.")
        if one.units > MOST_UNITS:
            raise Refused(f"A receipt of {one.units:,} units is too large to be one. Check the units.")
        if one.units >= LARGE_RECEIPT and one.lot == NO_LOT:
            raise Refused(f"A receipt of {LARGE_RECEIPT} units or more needs the supplier's lot.")
        if len(one.reference) > LONGEST_NOTE:
            raise Refused(f"A delivery note's number has at most {LONGEST_NOTE} characters.")
        if one.lot == NO_LOT and (one.received_on is not None or one.expires_on is not None):
            raise Refused("Dates are those of a lot: say the lot, or leave them empty.")
        [entry_no] = _post(con, [_movement("receive", one.sku, one.lot, one.units, one.moved_at, zone, note=one.note,
                                           reference=one.reference)], by, now)  # fmt: skip
        if one.lot != NO_LOT:
            _say_of_lot(con, one, zone, by, now)
        recalculate(con, zone, now, now)
        return Entered(entry_no, counted_at=ledger.counted_from(con, one.sku, one.lot, one.moved_at))


def adjust(db: Database, one: Adjustment, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    """Change stock by hand. Above the limit it waits for a second person."""
    with db.transaction() as con:
        _check(con, one.sku, one.lot, one.moved_at, one.note, by, now)
        if one.quantity == 0:
            raise Refused("A change of 0 units is none. Enter how many.")
        if abs(one.quantity) > MOST_UNITS:
            raise Refused(f"A change of {one.quantity:+,} units is too large to be one. Check the units.")
        if one.kind == "repack" and one.quantity < 0:
            raise Refused("Repacking adds what was packed anew. Enter what is taken away as an adjustment.")
        if one.kind == "adjust" and one.reason_code not in REASONS:
            raise Refused("Say why: an adjustment needs a reason.")
        if one.sku not in ledger.known_skus(con, now):
            raise Refused(f"Nobody has said what stands on the shelf of {one.sku}. Say that first.")
        _check_enough(con, one, now)
        if needs_approval(one.quantity, approval_above(con)):
            request_no = adjustments.ask_for(
                con,
                one.sku,
                one.lot,
                one.quantity,
                kind=one.kind,
                moved_at=one.moved_at,
                reason_code=one.reason_code,
                note=one.note.strip(),
                by=by,
                now=now,
            )
            audit(con, by, "stock change asked for", sku_lot_text(one.sku, one.lot), None, _text(one), now)
            return Entered(None, request_no)
        return _adjusted(con, one, zone, by, now)


def approve(db: Database, request_no: int, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    """A second person agrees to a change that waits; it moves stock at the instant it was entered for.

    Raises Refused where it was decided already, or where the same person asked for it.
    """
    _check_name(by)
    with db.transaction() as con:
        one = _waiting(con, request_no)
        if not may_approve(by, one.asked_by):
            raise Refused(f"{one.asked_by} asked for this change, so somebody else has to approve it.")
        wanted = Adjustment(one.sku, one.lot, one.quantity, one.moved_at, one.reason_code, one.note, kind=one.kind)
        _check_enough(con, wanted, now)
        entered = _adjusted(con, wanted, zone, one.asked_by, now)
        adjustments.decide_request(con, request_no, entered.entry_no, by, now)
        what = f"{one.quantity:+,} as entry {entered.entry_no}"
        audit(con, by, "stock change approved", sku_lot_text(one.sku, one.lot), None, what, now)
        return entered


def refuse(db: Database, request_no: int, by: str, now: datetime) -> None:
    """A change that waits is not made. Whoever asked may take it back so, too."""
    _check_name(by)
    with db.transaction() as con:
        one = _waiting(con, request_no)
        adjustments.decide_request(con, request_no, None, by, now)
        audit(con, by, "stock change refused", sku_lot_text(one.sku, one.lot), f"{one.quantity:+,}", "not made", now)


def say_opening(db: Database, one: Opening, zone: ZoneInfo, by: str, now: datetime) -> int:
    """Say what stands on the shelf of a product that was never counted: it becomes its first count, as of now.

    The product is covered wholly: a lot that the ledger has something of and nobody names has none. Returns how many
    lots that were. Raises Refused for a product that was counted before.
    """
    with db.transaction() as con:
        _check(con, one.sku, NO_LOT, now, one.note, by, now)
        if not one.lots:
            raise Refused("Enter what stands on the shelf: a lot and its units, or 0 units without a lot.")
        for lot, units in one.lots.items():
            _check_lot(lot)
            if not 0 <= units <= MOST_UNITS:
                raise Refused(f"{sku_lot_text(one.sku, lot)}: {units:,} units cannot stand on a shelf.")
        counted_at = ledger.known_skus(con, now).get(one.sku)
        if counted_at is not None:
            on = day_words(business_date(counted_at, zone))
            raise Refused(f"{one.sku} was counted on {on} already. Adjust it, or count it again under Count.")
        others = {there.lot: 0 for there in ledger.balances_of(con, one.sku, now) if there.quantity}
        counts = [
            _movement("count", one.sku, lot, units, now, zone, OPENING, one.note)
            for lot, units in sorted((others | dict(one.lots)).items())
        ]
        numbers = ledger.post(con, counts, by, now)
        total = sum(one.lots.values())
        what = f"{total:,} units in {len(counts)} lots as entries {numbers[0]} to {numbers[-1]}"
        audit(con, by, "opening stock said", one.sku, None, what, now)
        recalculate(con, zone, now, now)
        return len(counts)


def take_back(db: Database, entry_no: int, zone: ZoneInfo, note: str, by: str, now: datetime) -> Entered:
    """A person's entry was wrong: another one takes it back, at the same instant.

    Raises Refused for entries of parcels (they follow ShipStation), for counts (count again) and for one that was taken
    back already.
    """
    _check_name(by)
    if not note.strip():
        raise Refused("Say in the note what was wrong with it.")
    _check_note(note)
    with db.transaction() as con:
        wrong = ledger.entry(con, entry_no)
        if wrong is None:
            raise Refused(f"There is no entry {entry_no}.")
        if wrong.kind not in BY_PERSONS:
            raise Refused(
                "A count is mended by another count."
                if wrong.kind == "count"
                else "What left follows ShipStation: void the label there, and the units come back here."
            )
        if ledger.is_corrected(con, entry_no) or wrong.corrects is not None:
            raise Refused(f"Entry {entry_no} was taken back already, or takes one back itself.")
        # Goods that came are taken back as such, so that a week's receipts are those that came.
        kind: Kind = "adjust_down" if wrong.quantity > 0 else "adjust_up"
        back = Movement(
            kind=cast(Kind, wrong.kind) if wrong.kind in ("receive", "repack") else kind,
            sku=wrong.sku,
            lot=wrong.lot,
            quantity=-wrong.quantity,
            moved_at=wrong.moved_at,
            business_date=wrong.business_date,
            reason_code="system",
            note=note.strip(),
            corrects=entry_no,
        )
        [number] = _post(con, [back], by, now)
        recalculate(con, zone, now, now)
        return Entered(number, counted_at=ledger.counted_from(con, wrong.sku, wrong.lot, wrong.moved_at))


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
    """Say of a lot whether it may be shipped, when it came and when it expires."""
    with db.transaction() as con:
        _check(con, sku, NO_LOT, now, reason, by, now)
        if not is_lot(lot):
            raise Refused("Units without a lot cannot be quarantined: say their lot first, by a count.")
        if is_quarantined and not reason.strip():
            raise Refused("Say why the lot is quarantined.")
        if received_on is not None and expires_on is not None and expires_on <= received_on:
            raise Refused("A lot cannot expire before it came.")
        before = next((one for one in store.lots(con, sku) if one.lot == lot), None)
        after = Lot(sku, lot, is_quarantined, reason.strip() or None, received_on, expires_on, now, by)
        store.put_lot(con, after)
        audit(con, by, "lot changed", sku_lot_text(sku, lot), _lot_text(before), _lot_text(after), now)
        recalculate(con, zone, now, now)


def _adjusted(con: Cursor, one: Adjustment, zone: ZoneInfo, by: str, now: datetime) -> Entered:
    kind: Kind = "repack" if one.kind == "repack" else "adjust_up" if one.quantity > 0 else "adjust_down"
    movement = _movement(kind, one.sku, one.lot, one.quantity, one.moved_at, zone, one.reason_code, one.note)
    [entry_no] = _post(con, [movement], by, now)
    recalculate(con, zone, now, now)
    return Entered(entry_no, counted_at=ledger.counted_from(con, one.sku, one.lot, one.moved_at))


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
        audit(con, by, "stock moved", sku_lot_text(one.sku, one.lot), None, what, now)
    return numbers


def _check(con: Cursor, sku: str, lot: str, moved_at: datetime, note: str, by: str, now: datetime) -> None:
    _check_name(by)
    if sku not in {one.sku for one in products.products(con)}:
        raise Refused(f"{sku} is no product. Add it under Imports first.")
    _check_lot(lot)
    if moved_at > now:
        raise Refused("That lies in the future. Enter it when it has happened.")
    _check_note(note)


def _check_name(by: str) -> None:
    if not by.strip():
        raise Refused("Say who you are: every change of stock has a name.")


def _check_lot(lot: str) -> None:
    if lot != NO_LOT and not is_lot(lot):
        raise Refused(f"'{lot}' is no lot: five or six digits, or nothing.")


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise Refused(f"A note has at most {LONGEST_NOTE} characters.")


def _check_enough(con: Cursor, one: Adjustment, now: datetime) -> None:
    """Nobody takes more off a lot than the ledger has of it: the lot is mistyped, or the lot wants to be counted.

    Before a later count it does not matter what is taken: stock stays as counted.
    """
    if one.quantity >= 0 or ledger.counted_from(con, one.sku, one.lot, one.moved_at) is not None:
        return
    there = sum(line.quantity for line in ledger.balances_of(con, one.sku, now) if line.lot == one.lot)
    if there + one.quantity < 0:
        of = sku_lot_text(one.sku, one.lot) + ("" if one.lot else " without a lot")
        raise Refused(
            f"The ledger has {there:,} units of {of}, so "
            f"{-one.quantity:,} cannot be taken off. Check the lot, or count it."
        )


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
    if _lot_text(before) != _lot_text(after):
        store.put_lot(con, after)
        audit(con, by, "lot changed", sku_lot_text(one.sku, one.lot), _lot_text(before), _lot_text(after), now)


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
