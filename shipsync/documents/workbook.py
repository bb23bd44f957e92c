"""Workbooks: real figures and dates, nothing that a program would run, the same bytes for the same content.

No text is taken for a formula, a link or a number, whatever signs it holds. What is not known is an en dash.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

import xlsxwriter

from shipsync.documents import words

Kind = Literal["text", "count", "average", "money", "rate", "date", "instant"]
Value = str | int | float | Decimal | date | None

FIGURES: tuple[Kind, ...] = ("count", "average", "money", "rate")

_FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {},
    "count": {"num_format": "#,##0"},
    "average": {"num_format": "#,##0.0"},
    "money": {"num_format": "#,##0.00"},
    "rate": {"num_format": "#,##0.00##"},
    "date": {"num_format": "ddd d mmm yyyy", "align": "left"},
    "instant": {"num_format": "ddd d mmm yyyy hh:mm", "align": "left"},
}

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column of a table of rows of one kind."""

    label: str
    value: Callable[[R], Value]
    kind: Kind = "count"
    width: int = 10  # characters
    is_summed: bool = False  # whether a sum of it says something


class Workbook:
    """A workbook being written, with the few formats that all sheets share. `made_at` becomes its date.

    One that may hold very many rows goes through temporary files: of 300,000 labels it would take 1 GB of memory. Its
    sheets are written one after another, and each from its top down.
    """

    def __init__(self, title: str, made_at: datetime, *, is_large: bool = False) -> None:
        self._out = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._out,
            {
                "in_memory": not is_large,
                "constant_memory": is_large,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties({"title": title, "created": made_at.astimezone(UTC).replace(tzinfo=None)})
        self._formats = {kind: self._book.add_format(given) for kind, given in _FORMATS.items()}
        self._bold_formats = {kind: self._book.add_format(given | {"bold": True}) for kind, given in _FORMATS.items()}
        self.bold = self._book.add_format({"bold": True})
        self.heading = self._book.add_format({"bold": True, "bottom": 1})
        self.heading_right = self._book.add_format({"bold": True, "bottom": 1, "align": "right"})
        self.wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        self.indented = self._book.add_format({"indent": 1})
        self._unknown = self._book.add_format({"align": "right"})
        self._unknown_ground = self._book.add_format({"bg_color": "#eef1f0"})

    def add(self, name: str, *, is_one_page_wide: bool) -> Any:
        """A sheet for paper across; of a wide one, a page's width would be too small to read."""
        sheet = self._book.add_worksheet(name)
        sheet.set_landscape()
        if is_one_page_wide:
            sheet.fit_to_pages(1, 0)
        return sheet

    def head(self, sheet: Any, labels: list[tuple[str, bool]]) -> None:
        """Row 1, which stays in view and is printed on each page: (label, whether its column is of figures)."""
        for place, (label, is_right) in enumerate(labels):
            sheet.write_string(0, place, label, self.heading_right if is_right else self.heading)
        sheet.repeat_rows(0)

    def write(self, sheet: Any, row: int, column: int, value: Value, kind: Kind, *, is_bold: bool = False) -> None:
        """One cell, by the kind of its column: nothing in a text makes it anything else."""
        shape = (self._bold_formats if is_bold else self._formats)[kind]
        if value is None:
            sheet.write_string(row, column, words.UNKNOWN, self._unknown)
        elif isinstance(value, str):
            if value:
                sheet.write_string(row, column, value, shape)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, shape)
        else:
            sheet.write_number(row, column, float(value) if isinstance(value, Decimal) else value, shape)

    def leave_unknown(self, sheet: Any, row: int, column: int) -> None:
        """An empty cell that is seen to be empty."""
        sheet.write_blank(row, column, None, self._unknown_ground)

    def table(
        self, name: str, columns: Sequence[Column[R]], rows: Iterable[R], *, is_one_page_wide: bool, frozen: int = 2
    ) -> tuple[Any, int]:
        """A sheet of one row each, whose head and first columns stay in view. Returns it with its next row."""
        sheet = self.add(name, is_one_page_wide=is_one_page_wide)
        self.head(sheet, [(column.label, column.kind in FIGURES) for column in columns])
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
        at = 1
        for row in rows:
            for place, column in enumerate(columns):
                self.write(sheet, at, place, column.value(row), column.kind)
            at += 1
        sheet.freeze_panes(1, frozen)
        return sheet, at

    def sentences(self, sheet: Any, at: int, heading: str, sentences: Iterable[str], through: int) -> None:
        """A heading and sentences below it, each across the columns up to `through`."""
        sheet.write_string(at, 0, heading, self.bold)
        for row, sentence in enumerate(sentences, start=at + 1):
            sheet.merge_range(row, 0, row, through, sentence, self.wrapped)
            sheet.set_row(row, 32)

    def made(self) -> bytes:
        """The finished file."""
        self._book.close()
        return self._out.getvalue()


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """As the zone's clocks show it: a workbook's times know no zone."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0)
