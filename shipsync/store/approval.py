"""From where on a change of stock needs a second person."""

from __future__ import annotations

from shipsync.rules.ledger import APPROVAL_ABOVE, DEFAULT_APPROVAL_ABOVE
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting


def approval_above(con: Cursor) -> int:
    """Units that one person may change alone, as people have set it."""
    return int(setting(con, APPROVAL_ABOVE) or DEFAULT_APPROVAL_ABOVE)
