"""What a person means by what they paste into the search of orders."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipsync.rules.lots import parse_sku_lot

# Longer is no search but a paste gone wrong; the database is spared.
MAX_TEXT, MAX_WORDS = 200, 8
LARGEST_ID = 2**63 - 1  # ids are 64 bit

# "17612 - 250237" is one thing, however many blanks are in it.
_SPACED_LOT = re.compile(r"(?<!\w)(\d{4,10})\s*[-–]\s*(\d{5,6})(?!\w)")
# What comes along when a number is copied: quotes, a list's comma, our own CSV's apostrophe, "#700125".
_EDGES = "\"'`´‘’“”#,;:()[]<>"


@dataclass(frozen=True, slots=True)
class Word:
    """One of the words that an order has to match, all of them."""

    text: str  # lower case
    as_typed: str
    base_sku: str | None = None  # what it is if it is a SKU, with `lot` if it is a SKU and a lot
    lot: str | None = None

    @property
    def has_digit(self) -> bool:
        """Whether it can be part of a number: of an order, a parcel, a product."""
        return any(sign.isdigit() for sign in self.text)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for. Without words: every order."""

    words: tuple[Word, ...] = ()
    # All of it without blanks: tracking numbers are printed in groups. Empty where there are no words.
    compact: str = ""

    @property
    def has_digit(self) -> bool:
        """Whether it can be a number, of whatever kind, as a whole."""
        return any(word.has_digit for word in self.words)

    @property
    def number(self) -> int | None:
        """It as an id of ShipStation's, if it can be one."""
        is_id = self.compact.isascii() and self.compact.isdigit()
        return int(self.compact) if is_id and int(self.compact) <= LARGEST_ID else None


def read_query(text: str) -> Query:
    """Read a search text. Case, blanks and what came along at the edges of words do not count."""
    text = _SPACED_LOT.sub(r"\1-\2", text[:MAX_TEXT].replace("\u200b", ""))
    bare = [word.strip(_EDGES) for word in text.split()]
    typed = [word for word in bare if any(sign.isalnum() for sign in word)][:MAX_WORDS]
    return Query(tuple(_word(word) for word in typed), "".join(typed))


def _word(typed: str) -> Word:
    found = parse_sku_lot(typed)
    return Word(typed.lower(), typed, found.base_sku if found else None, found.lot if found else None)
