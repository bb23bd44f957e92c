"""Texts as shops write them, made fit to keep and to show.

X-Cart's dump escapes names twice, so that a text still holds HTML entities after XML decoding (`&trade;`), and texts
typed by customers hold whatever a keyboard and a clipboard can make. Accents, other scripts and emoji stay as they are.
"""

from __future__ import annotations

import html
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from html.entities import html5

# Only whole names that end in a semicolon: html.unescape alone would turn "Lock&notes;" into "Lock¬es;".
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# Embeddings, overrides and isolates turn the text beside them round on a screen or a label. Plain right-to-left
# text needs none of them.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_MONEY = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,6})?")
_WHOLE = re.compile(r"([0-9]{1,18})(?:\.0{1,6})?")


def clean(text: str | None) -> str:
    """A text on one line: entities read, control characters removed, spaces single. Empty when nothing is left."""
    text = text or ""
    for _ in range(2 if "&" in text else 0):
        text = _ENTITY.sub(_character, text)
    if text.isprintable():  # as nearly all are: nothing to take out, and no white space but blanks
        return " ".join(text.split())
    kept = (" " if char.isspace() else char for char in text if not _is_unshowable(char))
    return " ".join("".join(kept).split())


def quoted(text: str | None) -> str:
    """A text inside a sentence: in quotes, and not longer than a person wants to read."""
    if text is None:
        return "(missing)"
    text = clean(text)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def money(text: str) -> Decimal | None:
    """An amount in USD, rounded to the cent; None when the text is not plain digits with a decimal point."""
    if not _MONEY.fullmatch(text):
        return None
    return Decimal(text).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def whole_number(text: str) -> int | None:
    """A whole number from 0 up ("2", "2.00"); None for anything else. Digits of other scripts are not read."""
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else None


def _character(entity: re.Match[str]) -> str:
    text = entity[0]
    return html.unescape(text) if text[1] == "#" else html5.get(text[1:], text)


def _is_unshowable(char: str) -> bool:
    return (unicodedata.category(char) in ("Cc", "Cs") and not char.isspace()) or char in _TURNING
