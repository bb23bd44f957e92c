"""What documents carry of the firm."""

from __future__ import annotations

from shipsync.rules import letterhead as rules
from shipsync.rules.letterhead import Letterhead
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting


def letterhead(con: Cursor) -> Letterhead:
    """The firm's name and paper as people have set them. Raises ValueError with a sentence, as `rules` do."""
    return rules.letterhead(setting(con, rules.FIRM), setting(con, rules.PAPER))
