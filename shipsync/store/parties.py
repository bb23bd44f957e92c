"""Who bills whom, as people have set it."""

from __future__ import annotations

from shipsync.rules import parties as names
from shipsync.rules.charge_report import Parties
from shipsync.rules.letterhead import FIRM
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting


def parties(con: Cursor) -> Parties:
    """What stands on an invoice; '' for what nobody has set."""
    return Parties(
        firm=setting(con, FIRM) or "",
        firm_address=setting(con, names.FIRM_ADDRESS) or "",
        client=setting(con, names.CLIENT) or "",
        client_address=setting(con, names.CLIENT_ADDRESS) or "",
        currency=setting(con, names.CURRENCY) or names.DEFAULT_CURRENCY,
        payment_days=int(setting(con, names.PAYMENT_DAYS) or names.DEFAULT_PAYMENT_DAYS),
    )
