"""What a press on Count does. Each asks for the role first, and answers with a sentence about what came of it.

Nothing of Streamlit is touched once something is written (entry_form.py says why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from shipsync import runtime
from shipsync.errors import Refused
from shipsync.procedures import counting
from shipsync.procedures.counting import Counted
from shipsync.rules.counts import CountLine
from shipsync.rules.counts import units as units_of
from shipsync.rules.lots import typed_lot
from shipsync.web import words
from shipsync.web.entry_form import Said
from shipsync.web.inventory_words import of
from shipsync.web.roles import Role, require

_NAMED = 3


def start(day: date, skus: Sequence[str], by: str) -> str:
    """Begin a count. Returns its id. Raises Refused."""
    require(Role.OPERATOR)
    app = runtime.app()
    return counting.open_count(app.db, day, list(skus) or None, by, app.now())


def enter(count_id: str, found: Sequence[Counted], sizes: Mapping[tuple[str, str], int | None], by: str) -> Said:
    """Keep what was counted on a screen. `sizes` are the pallet sizes of its lines."""
    require(Role.OPERATOR)
    if not found:
        raise Refused("Nothing was typed yet. Enter 0 for a shelf that is empty.")
    app = runtime.app()
    many = counting.enter(app.db, count_id, found, by, app.now())
    told = [f"{of(one.sku, one.lot)}: {words.count(_units(one, sizes), 'unit')}" for one in found[:_NAMED]]
    more = f" · and {many - _NAMED:,} more" if many > _NAMED else ""
    return Said(f"Kept: {' · '.join(told)}{more}")


def enter_one(
    count_id: str,
    sku: str | None,
    lot: str,
    amounts: tuple[int | None, int | None],
    sizes: Mapping[str, int | None],
    by: str,
) -> Said:
    """Keep one line that was found besides, or counted once more: (pallets, loose units), pallet sizes by SKU."""
    if sku is None:
        raise Refused("Choose the product.")
    pallets, loose = amounts
    if pallets is None and loose is None:
        raise Refused("Enter how many units. Enter 0 for a shelf that is empty.")
    one = Counted(sku, typed_lot(sku, lot), pallets or 0, loose or 0)
    return enter(count_id, [one], {(sku, one.lot): sizes[sku]}, by)


def give_reasons(count_id: str, reasons: Mapping[tuple[str, str], tuple[str, str]], by: str) -> Said:
    """Say why lines differ: (reason code, note) by SKU and lot. Those given before a refusal are kept."""
    require(Role.OPERATOR)
    if not reasons:
        raise Refused("Choose a reason: a difference needs one.")
    app = runtime.app()
    for (sku, lot), (code, note) in reasons.items():
        counting.give_reason(app.db, count_id, sku, lot, code, note, by, app.now())
    return Said(f"{words.count(len(reasons), 'reason')} kept.")


def approve(count_id: str, lines: Sequence[CountLine], by: str) -> Said:
    """A second person agrees to what these lines differ by. Those agreed to before a refusal are kept."""
    require(Role.OPERATOR)
    app = runtime.app()
    for line in lines:
        counting.approve(app.db, count_id, line.sku, line.lot, by, app.now())
    return Said(f"{words.count(len(lines), 'difference')} approved by {by}.")


def post(count_id: str, by: str) -> Said:
    """Make the count the stock."""
    require(Role.OPERATOR)
    app = runtime.app()
    different = counting.post(app.db, count_id, app.settings.zone, by, app.now())
    return Said(f"Count {count_id} is posted: {words.count(different, 'line')} differed. Stock is what was counted.")


def cancel(count_id: str, by: str) -> Said:
    """Give a count up."""
    require(Role.OPERATOR)
    app = runtime.app()
    counting.cancel(app.db, count_id, by, app.now())
    return Said(f"Count {count_id} is cancelled. It has changed nothing; what was counted is kept.")


def _units(one: Counted, sizes: Mapping[tuple[str, str], int | None]) -> int:
    return units_of(one.pallets, one.loose, sizes.get((one.sku, one.lot)))
