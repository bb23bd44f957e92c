"""A cursor: how the rest of `store/` runs SQL, the same for reading and inside a transaction.

It fetches every result at once, because in DuckDB 2.0 an open result owns its connection, and it translates what a
person can mend (a full disk, a file that went bad) into `StoreError`. Mistakes in SQL and broken constraints are bugs
of the caller and pass through unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import duckdb
import pyarrow as pa

Row = tuple[Any, ...]
Parameters = Mapping[str, object] | Sequence[object]

# What SQL in a lane must not say: a name of production, and anything that changes where names are looked up.
_OUT_OF_LANE = re.compile(r"""\bmain"?\s*\.|\bsearch_path\b|^\s*(use|set\s+schema)\b""", re.IGNORECASE)

# DuckDB's Python binding looks at each value of a list by itself, and tries to import pandas for it (measured: 50 us a
# value where pandas is missing, 5 us where it is not).
_LISTS = "list_parameters"
# Registering costs about 1 ms, so a short list is quicker value by value.
_SHORT_LIST = 8


def _lists_of(parameters: Parameters | None) -> dict[str, list[object]]:
    if not isinstance(parameters, Mapping):
        return {}
    return {name: value for name, value in parameters.items() if isinstance(value, list)}


def _spread_short_lists(sql: str, parameters: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Make `[$name_0, $name_1]` of a short list `$name`. Empty ones stay: they have no type by themselves."""
    spread: dict[str, object] = {}
    for name, value in parameters.items():
        if not isinstance(value, list) or not 0 < len(value) <= _SHORT_LIST or None in value:
            spread[name] = value
            continue
        names = [f"{name}_{place}" for place in range(len(value))]
        sql = re.sub(rf"\${name}\b", f"[{', '.join('$' + one for one in names)}]", sql)
        spread.update(zip(names, value, strict=True))
    return sql, spread


class Result:
    """The rows of one statement, already fetched. For INSERT, UPDATE and DELETE without RETURNING: the count."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Row]:
        """All rows, in the order of the statement."""
        return self._rows


class Cursor:
    """Runs SQL on one DuckDB connection that it borrows for each statement.

    A reading cursor may be kept and shared: each statement runs on the connection of the thread that asks, and sees
    the last committed state. A transaction's cursor belongs to the thread that began it and ends with the transaction.
    """

    def __init__(self, borrow: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]) -> None:
        self._borrow = borrow

    def execute(self, sql: str, parameters: Parameters | None = None) -> Result:
        """Run one statement (or a script without parameters) and fetch all it answers.

        A list among the named parameters may be long: it goes over as one Arrow value.
        """
        with self._borrow() as raw:
            lists = _lists_of(parameters)
            if not lists or not isinstance(parameters, Mapping):
                return Result(raw.execute(sql, parameters).fetchall())
            sql, parameters = _spread_short_lists(sql, parameters)
            lists = _lists_of(parameters)
            if not lists:
                return Result(raw.execute(sql, parameters).fetchall())
            for name in lists:
                sql = re.sub(rf"\${name}\b", f'(SELECT "{name}" FROM {_LISTS})', sql)  # noqa: S608 - our own names
            raw.register(_LISTS, pa.table({name: [values] for name, values in lists.items()}))
            try:
                others = {name: value for name, value in parameters.items() if name not in lists}
                return Result(raw.execute(sql, others).fetchall())
            finally:
                self._forget_lists(raw)

    @staticmethod
    def _forget_lists(raw: duckdb.DuckDBPyConnection) -> None:
        # After an error inside a transaction DuckDB refuses everything but ROLLBACK; the connection ends with it.
        with suppress(duckdb.Error):
            raw.unregister(_LISTS)

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """All rows. Money comes as Decimal, instants as aware UTC datetimes."""
        return self.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        """The only row, or None. More than one is a mistake of the caller and raises ValueError."""
        rows = self.rows(sql, parameters)
        if len(rows) > 1:
            raise ValueError(f"{len(rows)} rows where one was expected: {sql}")
        return rows[0] if rows else None

    def value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """The first column of the only row, or None if there is no row."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def table(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The answer of one SELECT as an Arrow table: quick for many rows, and money stays Decimal."""
        with self._borrow() as raw:
            return raw.sql(sql, params=parameters).to_arrow_table()

    def df(self, sql: str, parameters: Parameters | None = None) -> Any:
        """The answer as a pandas dataframe, for charts only: DECIMAL becomes float there."""
        with self._borrow() as raw:
            return raw.execute(sql, parameters).df()

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as a view under a name, on this connection only (see `batches.batch`)."""
        with self._borrow() as raw:
            raw.register(name, table)

    def unregister(self, name: str) -> None:
        """Take such a view away. In a transaction that failed, its end does it."""
        with self._borrow() as raw:
            try:
                raw.unregister(name)
            except duckdb.TransactionException:
                # DuckDB 2.0 refuses anything but ROLLBACK now; the connection is closed with the transaction.
                return


class LaneCursor(Cursor):
    """A cursor in a lane (store/lanes.py): SQL that names `main.` is refused, so it cannot name production's tables."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> Result:
        """As `Cursor.execute`. Raises RuntimeError for SQL that leaves the lane."""
        _refuse_to_leave(sql)
        return super().execute(sql, parameters)

    def table(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `Cursor.table`. Raises RuntimeError for SQL that leaves the lane."""
        _refuse_to_leave(sql)
        return super().table(sql, parameters)

    def df(self, sql: str, parameters: Parameters | None = None) -> Any:
        """As `Cursor.df`. Raises RuntimeError for SQL that leaves the lane."""
        _refuse_to_leave(sql)
        return super().df(sql, parameters)


def _refuse_to_leave(sql: str) -> None:
    if _OUT_OF_LANE.search(sql):
        raise RuntimeError(f"what works in a lane cannot name production's tables: {sql.strip()}")
