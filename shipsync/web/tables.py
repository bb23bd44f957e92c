"""Tables on pages: one look, one way to open a row, one CSV for each.

    opened = table(rows, COLUMNS, key="orders_table", file="orders", empty="No order matches.", opens=True)
    if opened is not None:
        open_page("order", order=rows[opened].order_key)

A row opens by a press on its first cell, which is drawn as a button: a whole row that opens on a click cannot be
walked through by arrow keys or copied from, because Streamlit tells no click from a moved cell cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from shipsync import runtime
from shipsync.documents.csv import csv_bytes
from shipsync.rules.periods import business_date
from shipsync.web import words

_WIDTHS = {"date": 130, "instant": 195}  # pixels
_DIGITS_IN_FILES = 4  # behind the point, of an average

# "decimal" has one digit behind the point; "bars" is a list of amounts, drawn as small bars from zero on.
Kind = Literal["text", "number", "decimal", "money", "instant", "date", "state", "bars"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Rows are mappings or records; `field` names the key or the attribute."""

    field: str
    label: str
    kind: Kind = "text"
    # What the values mean, on hover over the heading.
    help: str | None = None
    # Pixels; None: as wide as its contents.
    width: int | None = None


def table(
    rows: Sequence[Any],
    columns: Sequence[Column],
    *,
    key: str,
    file: str,
    empty: str,
    all_rows: Callable[[], Iterable[Any]] | None = None,
    opens: bool = False,
    height: int | Literal["auto", "content"] = "auto",
) -> int | None:
    """Draw a table with its CSV button below. Returns the row that was just opened, once per press; otherwise None.

    `opens` makes the first column a button. `all_rows` gives the rows of the CSV where `rows` are only the first of
    them; it is asked on the click. Without rows the sentence `empty` stands there, and no button. Of `height`, "auto"
    shows ten rows and scrolls, "content" shows all. In a timer fragment the grid keeps its place, sorting and cursor.
    """
    if not rows:
        st.caption(empty)
        return None
    first = columns[0]
    frame = pd.DataFrame({column.field: _series(rows, column) for column in columns})
    config: dict[str, Any] = {column.field: _config(column, rows) for column in columns}
    if opens:
        labels = [_label(row, first) for row in rows]
        frame[first.field] = labels
        config[first.field] = st.column_config.ButtonColumn(
            first.label,
            help=first.help or "Press to open.",
            width=first.width,
            alignment="left",
            pinned=True,
            key=f"{key}_open",
        )
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        column_config=config,
        height=height,
        placeholder=words.UNKNOWN,
        alt=file,
    )
    _download(rows if all_rows is None else all_rows, columns, key=key, file=file)
    return _opened(st.session_state.get(f"{key}_open"), labels) if opens else None


def csv_of(rows: Iterable[Any], columns: Sequence[Column]) -> bytes:
    """The file behind a table's CSV button: its columns, instants in the warehouse's zone."""
    lines = ([_plain(row, column) for column in columns] for row in rows)
    return csv_bytes([column.label for column in columns], lines, zone=words.zone())


def file_name(file: str) -> str:
    """'shipsync-orders-2026-11-21.csv', by the business date."""
    return f"shipsync-{file}-{business_date(runtime.app().now(), words.zone()).isoformat()}.csv"


def _download(
    rows: Sequence[Any] | Callable[[], Iterable[Any]], columns: Sequence[Column], *, key: str, file: str
) -> None:
    st.download_button(
        "CSV",
        lambda: csv_of(rows() if callable(rows) else rows, columns),
        file_name(file),
        "text/csv",
        key=f"{key}_csv",
        # Else the download would run the page again.
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def _opened(press: Any, labels: Sequence[str]) -> int | None:
    """Which row was pressed. The press tells its place in the rows of then; a live table may have moved since."""
    if press is None:
        return None
    if press.row < len(labels) and labels[press.row] == press.label:
        return int(press.row)
    now_at = [place for place, label in enumerate(labels) if label == press.label]
    return now_at[0] if len(now_at) == 1 else None


def _value(row: Any, column: Column) -> Any:
    return row[column.field] if isinstance(row, Mapping) else getattr(row, column.field)


def _plain(row: Any, column: Column) -> Any:
    value = _value(row, column)
    if value is None:
        return None
    match column.kind:
        case "state":
            return value.replace("_", " ")
        case "decimal":
            return Decimal(str(round(value, _DIGITS_IN_FILES)))
        case "bars":
            return " ".join(str(one) for one in value)
    return value


def _label(row: Any, column: Column) -> str:
    """What stands on the button of a row: the formats of the grid do not reach into it."""
    value = _value(row, column)
    match column.kind:
        case "state" if value is not None:
            return words.signed(value)
        case "instant":
            return words.moment(value)
        case "date":
            return words.day(value)
        case "number":
            return words.number(value)
    return words.UNKNOWN if value is None else str(value)


def _series(rows: Sequence[Any], column: Column) -> pd.Series[Any]:
    values = [_value(row, column) for row in rows]
    match column.kind:
        case "number":
            return pd.Series(values, dtype="Int64")
        case "decimal":
            return pd.Series([None if value is None else round(value, 1) for value in values], dtype="Float64")
        case "instant":
            return pd.Series(pd.to_datetime(pd.Series(values, dtype="object"), utc=True))
        case "state":
            return pd.Series([None if value is None else [words.signed(value)] for value in values], dtype="object")
    # Decimals and dates stay what they are; Arrow carries both to the browser without a float between.
    return pd.Series(values, dtype="object")


def _config(column: Column, rows: Sequence[Any]) -> ColumnConfig:
    # Dates are of one width, and the browser measures the first rows only, which may have none.
    width = column.width or _WIDTHS.get(column.kind)
    given: dict[str, Any] = {"label": column.label, "help": column.help, "width": width}
    make = st.column_config
    match column.kind:
        case "number":
            return make.NumberColumn(format="localized", **given)
        case "decimal":
            return make.NumberColumn(format="localized", **given)
        case "bars":
            return make.BarChartColumn(y_min=0, **given)
        case "money":
            return make.NumberColumn(format="accounting", **given)
        case "instant":
            return make.DatetimeColumn(format="ddd D MMM YYYY HH:mm z", timezone=words.zone().key, **given)
        case "date":
            return make.DateColumn(format="ddd D MMM YYYY", **given)
        case "state":
            states = sorted({_value(row, column) for row in rows} - {None})
            chips, colours = [words.signed(one) for one in states], [words.colour(one) for one in states]
            return make.MultiselectColumn(options=chips, color=colours, **given)
    return make.TextColumn(**given)
