"""Counting the shelf against what a day's closing froze (DESIGN D14; rules/counts.py says what a line needs next).

    open -> count every line, blind -> recount what lies beyond its tolerance -> a reason for what differs
         -> another person's approval above the limit -> post

A count covers its products wholly: a lot that is not on the sheet, or that the ledger takes for less than none, is
counted as none. Posted, it is an anchor at the instant its expectation stands at; what moved since is carried on top.
Neither is a job: each is one short transaction at the press. Everything is kept, a line's former countings too. Each of
them raises Refused with a sentence, and changes nothing, for what cannot be; nobody does anything without a name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shipsync.errors import Refused
from shipsync.procedures.inventory import recalculate
from shipsync.rules.catalogue import Product
from shipsync.rules.counts import CountLine, Entry, may_approve, next_step, tolerance, units
from shipsync.rules.ledger import NO_LOT, OPENING, REASONS, Movement, Waterfall
from shipsync.rules.lots import is_lot, sku_lot_text
from shipsync.rules.periods import business_date, day_words
from shipsync.store import closings, ledger, products
from shipsync.store import counts as store
from shipsync.store.approval import approval_above
from shipsync.store.counts import Count
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.settings import audit

NOT_ON_THE_SHEET = "not on the sheet"  # who counts what nobody can look for
LONGEST_NOTE = 500
MOST_UNITS = 1_000_000  # of one lot; more is a slip of the finger


@dataclass(frozen=True, slots=True)
class Counted:
    """What was found of one lot."""

    sku: str
    lot: str
    pallets: int
    loose: int


def open_count(db: Database, day: date, skus: Collection[str] | None, by: str, now: datetime) -> str:
    """Begin a count against the newest closing of a day; of these products, or of all. Returns its id.

    Raises Refused where the day is not closed, or where a count of one of the products is open already.
    """
    _check_name(by)
    with db.transaction() as con:
        closing = closings.closed(con, "eod", day)
        if closing is None or closing.version is None or closing.as_of is None:
            raise Refused(f"{day_words(day)} is not closed yet, so nothing says what to expect. Close it.")
        lines = _sheet(con, day, closing.version, skus)
        if not lines:
            raise Refused("There is nothing to count: no product is a key product.")
        wanted = {line.sku for line in lines}
        for other in store.open_counts(con):
            both = wanted & {line.sku for line in store.lines(con, other.count_id)}
            if both:
                raise Refused(f"Count {other.count_id} is open and counts {', '.join(sorted(both))}. Go on with it.")
        count_id = store.open_count(con, day, closing.version, closing.as_of, lines, by, now)
        for line in lines:
            if line.expected < 0:
                _count_as_none(con, count_id, line, now)
        audit(con, by, "count opened", count_id, None, f"{len(wanted)} products against version {closing.version}", now)
        return count_id


def enter(db: Database, count_id: str, found: Sequence[Counted], by: str, now: datetime) -> int:
    """Keep what was counted of some lines: all of it, or nothing. Returns how many lines that were.

    A lot that is not on the sheet is added to it, with nothing expected. Raises Refused for what cannot be.
    """
    _check_name(by)
    with db.transaction() as con:
        _open(con, count_id)
        lines = {(line.sku, line.lot): line for line in store.lines(con, count_id)}
        skus = {line.sku for line in lines.values()}
        catalogue = {one.sku: one for one in products.products(con)}
        for one in found:
            line = lines.get((one.sku, one.lot))
            if line is None:
                line = _found_besides(one, skus, catalogue)
                store.add_lines(con, count_id, [line])
            entry = Entry(len(line.entries) + 1, one.pallets, one.loose, _units(one, line.pallet_size), now, by.strip())
            store.add_entry(con, count_id, one.sku, one.lot, entry)
            store.forget_reason(con, count_id, one.sku, one.lot)
        return len(found)


def give_reason(
    db: Database, count_id: str, sku: str, lot: str, reason_code: str, note: str, by: str, now: datetime
) -> None:
    """Say why a line differs. Raises Refused for a reason that there is none of."""
    _check_name(by)
    if reason_code not in REASONS:
        raise Refused("Choose a reason: a difference needs one.")
    if len(note) > LONGEST_NOTE:
        raise Refused(f"A note has at most {LONGEST_NOTE} characters.")
    with db.transaction() as con:
        _line(con, count_id, sku, lot)
        store.give_reason(con, count_id, sku, lot, reason_code, note.strip() or None, by, now)


def approve(db: Database, count_id: str, sku: str, lot: str, by: str, now: datetime) -> None:
    """Another person agrees to a line's difference. Raises Refused for one who has counted it or given the reason."""
    _check_name(by)
    with db.transaction() as con:
        line = _line(con, count_id, sku, lot)
        if next_step(line, approval_above(con)) != "approval":
            raise Refused("This line does not wait for an approval.")
        counters = [entry.counted_by for entry in line.entries]
        if not may_approve(by, line.decided_by, *counters):
            raise Refused("Somebody else has to approve this: not whoever counted it or gave the reason.")
        store.approve(con, count_id, sku, lot, by, now)
        audit(con, by, "count line approved", f"{count_id} {sku_lot_text(sku, lot)}", None, f"{line.variance:+,}", now)


def post(db: Database, count_id: str, zone: ZoneInfo, by: str, now: datetime) -> int:
    """Make a count the stock at its instant. Returns how many lines differed.

    Raises Refused while a line still needs something. Lots of its products that are not on the sheet and do not stand
    at zero at that instant, because something became known since, are counted as none with it.
    """
    _check_name(by)
    with db.transaction() as con:
        count = _open(con, count_id)
        limit = approval_above(con)
        lines = store.lines(con, count_id)
        missing = [line for line in lines if next_step(line, limit) != "ready"]
        if missing:
            first = missing[0]
            raise Refused(
                f"{len(missing)} {'line is' if len(missing) == 1 else 'lines are'} not ready, the first "
                f"{sku_lot_text(first.sku, first.lot)}: it needs its {next_step(first, limit)}."
            )
        known = ledger.known_skus(con, count.as_of)
        skus, there = {line.sku for line in lines}, {(line.sku, line.lot) for line in lines}
        movements = [_anchor(line, count, zone, known.keys()) for line in lines]
        movements += [
            _anchor(CountLine(one.sku, one.lot, one.quantity, 0, None), count, zone, known.keys())
            for one in ledger.balances(con, count.as_of)
            if one.sku in skus and (one.sku, one.lot) not in there and one.quantity
        ]
        ledger.post(con, movements, by, now)
        store.end(con, count_id, "posted", by, now)
        recalculate(con, zone, now, now)
        different = sum(1 for line in lines if line.variance)
        audit(con, by, "count posted", count_id, None, f"{len(lines)} lines, {different} differed", now)
        return different


def cancel(db: Database, count_id: str, by: str, now: datetime) -> None:
    """A count is given up: it changes nothing, and what was counted is kept."""
    _check_name(by)
    with db.transaction() as con:
        _open(con, count_id)
        store.end(con, count_id, "cancelled", by, now)
        audit(con, by, "count cancelled", count_id, "open", "cancelled", now)


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a line's expectation comes from, and what became known since it was frozen. Units."""

    since: datetime | None  # the count before; None: nobody had counted it
    waterfall: Waterfall  # from there to the count's instant, as it is known now
    known_later: int  # by how much that differs from what was frozen: facts that came late


def explain(con: Cursor, count: Count, line: CountLine) -> Explained:
    """The steps from the count before to what was expected at this one's instant.

    Read before the count is posted, and after it all the same: the count itself is no step of it.
    """
    since = ledger.last_count_before(con, line.sku, line.lot, count.as_of)
    waterfall = ledger.moved_between(con, line.sku, line.lot, since, count.as_of)
    return Explained(since, waterfall, waterfall.expected - line.expected)


def _sheet(con: Cursor, day: date, version: int, skus: Collection[str] | None) -> list[CountLine]:
    catalogue = {one.sku: one for one in products.products(con)}
    lines = []
    for one in closings.expected(con, day, version):
        if skus is None or one.sku in skus:
            product = catalogue.get(one.sku)
            own = product.count_tolerance if product is not None else None
            size = product.units_per_pallet if product is not None else None
            lines.append(CountLine(one.sku, one.lot, one.quantity, tolerance(one.quantity, own), size))
    return lines


def _found_besides(one: Counted, skus: Collection[str], catalogue: Mapping[str, Product]) -> CountLine:
    if one.sku not in skus:
        raise Refused(f"{one.sku} is not counted here. Open another count for it.")
    if one.lot != NO_LOT and not is_lot(one.lot):
        raise Refused(f"'{one.lot}' is no lot: five or six digits, or nothing.")
    product = catalogue.get(one.sku)
    own = product.count_tolerance if product is not None else None
    return CountLine(one.sku, one.lot, 0, tolerance(0, own), product.units_per_pallet if product is not None else None)


def _count_as_none(con: Cursor, count_id: str, line: CountLine, now: datetime) -> None:
    """There cannot be less than none: nobody is sent to look for it, twice (its difference needs a reason)."""
    for number in (1, 2):
        store.add_entry(con, count_id, line.sku, line.lot, Entry(number, 0, 0, 0, now, NOT_ON_THE_SHEET))


def _units(one: Counted, pallet_size: int | None) -> int:
    if one.pallets < 0 or one.loose < 0:
        raise Refused(f"{sku_lot_text(one.sku, one.lot)}: a count is never below zero.")
    try:
        found = units(one.pallets, one.loose, pallet_size)
    except ValueError as error:
        raise Refused(f"{sku_lot_text(one.sku, one.lot)}: {error}") from error
    if found > MOST_UNITS:
        raise Refused(
            f"{sku_lot_text(one.sku, one.lot)}: {found:,} units cannot stand on a shelf. Check pallets and loose units."
        )
    return found


def _anchor(line: CountLine, count: Count, zone: ZoneInfo, known: Collection[str]) -> Movement:
    code = line.reason_code if line.sku in known else OPENING
    return Movement(
        "count",
        line.sku,
        line.lot,
        line.counted or 0,
        count.as_of,
        business_date(count.as_of, zone),
        reason_code=code,
        note=line.note,
        reference=count.count_id,
    )


def _check_name(by: str) -> None:
    if not by.strip():
        raise Refused("Say who you are: a count has names.")


def _open(con: Cursor, count_id: str) -> Count:
    count = store.count(con, count_id)
    if count is None:
        raise Refused(f"There is no count {count_id}.")
    if count.status != "open":
        raise Refused(f"Count {count_id} was {count.status} by {count.ended_by} already.")
    return count


def _line(con: Cursor, count_id: str, sku: str, lot: str) -> CountLine:
    _open(con, count_id)
    for line in store.lines(con, count_id):
        if (line.sku, line.lot) == (sku, lot):
            return line
    raise Refused(f"{sku_lot_text(sku, lot)} is not on count {count_id}.")
