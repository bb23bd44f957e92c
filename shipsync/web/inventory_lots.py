"""Lots as pages show them: the ledger's balances with what people have said of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from shipsync.rules.lot_states import LotFacts, Lots, lots_as_they_stand
from shipsync.store import inventory, ledger
from shipsync.store.cursor import Cursor
from shipsync.store.inventory import Lot
from shipsync.store.ledger import Balance


def lots_of(con: Cursor, sku: str, as_of: datetime, today: date) -> Lots:
    """The lots of one product at an instant: those the ledger knows, and those of which something was said."""
    return _lots(ledger.balances_of(con, sku, as_of), inventory.lots(con, sku), today)


def lots_of_all(con: Cursor, as_of: datetime, today: date) -> Mapping[str, Lots]:
    """The lots of every product that somebody has said the stock of, by SKU."""
    balances: dict[str, list[Balance]] = defaultdict(list)
    said: dict[str, list[Lot]] = defaultdict(list)
    for balance in ledger.balances(con, as_of):
        balances[balance.sku].append(balance)
    for lot in inventory.lots(con):
        said[lot.sku].append(lot)
    return {sku: _lots(balances[sku], said[sku], today) for sku in sorted(ledger.known_skus(con, as_of))}


def _lots(balances: list[Balance], said: list[Lot], today: date) -> Lots:
    units = {one.lot: one.quantity for one in balances}
    known = {one.lot: one for one in said}
    return lots_as_they_stand((_facts(lot, units.get(lot, 0), known.get(lot)) for lot in units.keys() | known), today)


def _facts(lot: str, units: int, said: Lot | None) -> LotFacts:
    if said is None:
        return LotFacts(lot, units)
    return LotFacts(lot, units, said.is_quarantined, said.reason, said.received_on, said.expires_on)
