"""Tables as CSV files, for a spreadsheet first and for programs second.

UTF-8 with a byte order mark: without it Excel reads a file that is double-clicked in the machine's old code page, and
names come out garbled; pandas, LibreOffice and DuckDB skip the mark. Commas, CRLF, quotes where needed (RFC 4180).

Spreadsheets guess. Two guesses do harm, and one leading apostrophe, their own sign for "this is text", stops both:
a text that begins like a formula would be run (OWASP, "CSV Injection"), and a long number of digits or one with a
leading zero would lose digits: a tracking number would become 9.4E+21.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

# What OWASP lists, and the full-width forms that Excel takes for the same; blanks before them do not help.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
# From 12 digits on a spreadsheet shows 1.2E+11, from 16 on it forgets the last ones; 12E3 is a number to it, too.
_LOSES_DIGITS = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[eE][0-9]+")


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]], *, zone: ZoneInfo) -> bytes:
    """A whole file: one line of headings, one line per row, each value by its type.

    date: 2026-11-21; aware datetime: ISO in `zone` with its offset; Decimal and int: plain digits; bool: yes or no;
    None: empty; text: itself, behind an apostrophe where a spreadsheet would change or run it. Raises ValueError for
    a naive datetime or a row of another length, TypeError for any other kind of value.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_text(name) for name in columns])
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row has {len(row)} values for {len(columns)} columns: {row!r}")
        writer.writerow([_cell(value, zone) for value in row])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no zone")
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no form in CSV")


def _text(value: str) -> str:
    is_guessed_wrong = _FORMULA.match(value) or _LOSES_DIGITS.fullmatch(value)
    return f"'{value}" if is_guessed_wrong else value
