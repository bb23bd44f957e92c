"""What a press on Inventory does. Each asks for the role first, and answers with a sentence about what came of it.

Nothing of Streamlit is touched once something is written (entry_form.py says why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from shipsync import runtime
from shipsync.documents.words import change
from shipsync.errors import Refused
from shipsync.procedures import movements
from shipsync.procedures.movements import Adjustment, Entered, Opening, Receipt
from shipsync.rules.counts import units
from shipsync.rules.lots import typed_lot
from shipsync.rules.periods import instant_of
from shipsync.store import ledger
from shipsync.store.approval import approval_above
from shipsync.web import words
from shipsync.web.entry_form import Said
from shipsync.web.inventory_words import of
from shipsync.web.roles import Role, require


def receive(one: Receipt, by: str) -> Said:
    """Goods have come in."""
    require(Role.OPERATOR)
    app = runtime.app()
    entered = movements.receive(app.db, one, app.settings.zone, by, app.now())
    what = f"{words.count(one.units, 'unit')} of {of(one.sku, one.lot)} came in: entry {entered.entry_no}. "
    return _said(entered, what + on_the_shelf(one.sku))


def adjust(one: Adjustment, by: str) -> Said:
    """Stock was changed by hand, or waits for a second person to agree."""
    require(Role.OPERATOR)
    app = runtime.app()
    entered = movements.adjust(app.db, one, app.settings.zone, by, app.now())
    what = f"{change(one.quantity)} {'unit' if abs(one.quantity) == 1 else 'units'} of {of(one.sku, one.lot)}"
    if entered.request_no is not None:
        limit = approval_above(app.db.read())
        waits = "More than one person may change alone" if limit else "Every change needs two people"
        return Said(f"{what} waits for a second person: nothing has moved yet. {waits}; it stands on top of the page.")
    return _said(entered, f"{what}: entry {entered.entry_no}. {on_the_shelf(one.sku)}")


def say_opening(one: Opening, by: str) -> Said:
    """What stands on the shelf of a product that was never counted."""
    require(Role.OPERATOR)
    app = runtime.app()
    movements.say_opening(app.db, one, app.settings.zone, by, app.now())
    return Said(f"This is the first count of {one.sku}. {on_the_shelf(one.sku)}")


def say_of_lot(
    sku: str, lot: str, *, is_quarantined: bool, reason: str, received_on: date | None, expires_on: date | None, by: str
) -> Said:
    """Whether a lot may be shipped, when it came and when it expires."""
    require(Role.OPERATOR)
    app = runtime.app()
    movements.say_of_lot(
        app.db,
        sku,
        lot,
        is_quarantined=is_quarantined,
        reason=reason,
        received_on=received_on,
        expires_on=expires_on,
        zone=app.settings.zone,
        by=by,
        now=app.now(),
    )
    return Said(f"{of(sku, lot)} is kept so{': it must not be shipped' if is_quarantined else ''}.")


def take_back(entry: ledger.Entry, note: str, by: str) -> Said:
    """An entry was wrong, and another one takes it back."""
    require(Role.OPERATOR)
    app = runtime.app()
    entered = movements.take_back(app.db, entry.entry_no, app.settings.zone, note, by, app.now())
    what = f"Entry {entry.entry_no} is taken back by entry {entered.entry_no}. "
    return _said(entered, what + on_the_shelf(entry.sku))


def approve(request_no: int, by: str) -> Said:
    """A second person agrees to a change that waits."""
    require(Role.OPERATOR)
    app = runtime.app()
    entered = movements.approve(app.db, request_no, app.settings.zone, by, app.now())
    return _said(entered, f"The change is made: entry {entered.entry_no}.")


def refuse(request_no: int, by: str) -> Said:
    """A change that waits is not made."""
    require(Role.OPERATOR)
    app = runtime.app()
    movements.refuse(app.db, request_no, by, app.now())
    return Said("The change is not made.")


def when(typed: datetime | None) -> datetime:
    """The instant that was typed as a time of the warehouse; now where none was. Raises Refused."""
    app = runtime.app()
    if typed is None:
        return app.now()
    try:
        return instant_of(typed.replace(tzinfo=None), app.settings.zone)
    except ValueError as error:
        raise Refused(f"When it happened: {typed:%H:%M} of that day {error}.") from error


def units_of(pallets: int | None, loose: int | None, pallet_size: int | None) -> int:
    """Units of what was typed. Raises Refused where nothing was."""
    if pallets is None and loose is None:
        raise Refused("Enter how many units.")
    return units(pallets or 0, loose or 0, pallet_size)


def chosen_lot(sku: str, lot: str | None) -> str:
    """The lot that was chosen or typed. Raises Refused where none was."""
    if lot is None:
        raise Refused("Choose the lot, or 'no lot'.")
    return typed_lot(sku, lot)


def lots_of(rows: Sequence[Mapping[str, object]], pallet_size: int | None) -> dict[str, int]:
    """The lots of a typed table with their units; rows of which no amount was typed are left out. Raises Refused."""
    found: dict[str, int] = {}
    for row in rows:
        pallets, loose = row.get("pallets"), row.get("loose")
        if pallets is None and loose is None:
            continue
        lot = str(row.get("lot") or "").strip()
        if lot in found:
            raise Refused(
                f"{'The line without a lot' if not lot else f'Lot {lot}'} stands there twice. Put both into one."
            )
        found[lot] = units_of(_whole(pallets), _whole(loose), pallet_size)
    return found


def on_the_shelf(sku: str) -> str:
    """'On the shelf now: 1,204.', by the ledger."""
    app = runtime.app()
    db, now = app.db.read(), app.now()
    if sku not in ledger.known_skus(db, now):
        return "Nobody has said yet what stands on the shelf of it."
    return f"On the shelf now: {sum(one.quantity for one in ledger.balances_of(db, sku, now)):,}."


def _whole(amount: object) -> int | None:
    return int(amount) if isinstance(amount, int | float) else None


def _said(entered: Entered, text: str) -> Said:
    if entered.counted_at is None:
        return Said(text)
    return Said(text, f"A count of {words.moment(entered.counted_at)} came after it, so stock now stays as counted.")
