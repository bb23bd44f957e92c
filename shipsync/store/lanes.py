"""Lanes: schemas beside `main`, in which an engine works on tables of its own with not a line of it changed (D19).

    make_lane            for each table of main: one of its own where an engine writes it, else a view, to read alone
    Database.lane(name)  looks every name up in the lane first
    drop_lane            and all that is in it is gone

What a lane lacks would be looked up in main, so it lacks nothing but the locks: a run's lock is one, whatever lane it
writes (DESIGN D7). Its tables are made by main's own definitions, so that a migration of main reaches them, too.
"""

from __future__ import annotations

import re

from shipsync.store.cursor import Cursor
from shipsync.store.db import Database

SHADOW = "shadow"  # where the engine works that does not write production

# What engines write, and the names they have asked for.
OWN = frozenset(
    {
        "api_pages",
        "carrier_services",
        "carriers",
        "feed_marks",
        "fulfillments",
        "inventory_current",
        "inventory_transactions",
        "migration_log",
        "order_items_inbox",
        "orders_inbox",
        "quarantine",
        "quarantine_closings",
        "readings",
        "routing_log",
        "shipment_items",
        "shipments",
        "shipped_items",
        "shipped_orders",
        "shipstation_order_line_items",
        "stores",
        "sync_watermark",
        "weekly_shipped_history",
    }
)
IN_MAIN = frozenset({"sync_locks"})

_NAME = re.compile(r"(?!main$|temp$|system$|pg_)[a-z][a-z_]*")


def make_lane(db: Database, lane: str) -> bool:
    """Make a lane, or bring it in step with main after a migration; its rows stay. Whether there was anything to do.

    A checkpoint follows, so no DDL waits in the .wal. Raises ValueError for a name that is none for a lane.
    """
    _require_name(lane)
    if _is_in_step(db.read(), lane):
        return False
    with db.transaction() as con:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {lane}")
        _put_tables(con, lane)
        _put_views(con, lane)
    db.checkpoint()
    return True


def drop_lane(db: Database, lane: str) -> bool:
    """Take a lane away with all that is in it. False if it was not there. A checkpoint gives its room back."""
    _require_name(lane)
    with db.transaction() as con:
        if lane not in lanes(con):
            return False
        con.execute(f"DROP SCHEMA {lane} CASCADE")
    db.checkpoint()
    return True


def lanes(con: Cursor) -> list[str]:
    """The lanes there are, by name."""
    rows = con.rows(
        """
        SELECT schema_name
        FROM duckdb_schemas()
        WHERE database_name = current_database()
          AND NOT internal
          AND schema_name <> 'main'
        ORDER BY schema_name
        """
    )
    return [lane for (lane,) in rows]


def _require_name(lane: str) -> None:
    if _NAME.fullmatch(lane) is None:
        raise ValueError(f"'{lane}' is no name for a lane")


def _is_in_step(con: Cursor, lane: str) -> bool:
    definitions, columns = _definitions(con, "main", lane), _columns(con, "main", lane)
    own = {name: definition for name, definition in definitions["main"].items() if name in OWN}
    return definitions[lane] == own and columns[lane] == {
        name: told for name, told in columns["main"].items() if name not in IN_MAIN
    }


def _put_tables(con: Cursor, lane: str) -> None:
    told = _definitions(con, "main", lane)
    there, wanted = told[lane], {name: definition for name, definition in told["main"].items() if name in OWN}
    for name in sorted(there.keys() - wanted.keys()):
        con.execute(f'DROP TABLE {lane}."{name}"')
    for name, definition in sorted(wanted.items()):
        if name not in there:
            con.execute(f'DROP VIEW IF EXISTS {lane}."{name}"')
            con.execute(f'CREATE TABLE {lane}."{name}"{definition}')
        elif there[name] != definition:
            _make_anew(con, lane, name, definition)


def _make_anew(con: Cursor, lane: str, name: str, definition: str) -> None:
    """Give a table its new definition; of its rows what both know stays."""
    before = _column_names(con, lane, name)
    con.execute(f'CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM {lane}."{name}"')  # noqa: S608 - catalogue names
    con.execute(f'DROP TABLE {lane}."{name}"')
    con.execute(f'CREATE TABLE {lane}."{name}"{definition}')
    both = ", ".join(f'"{one}"' for one in _column_names(con, lane, name) if one in before)
    con.execute(f'INSERT INTO {lane}."{name}" ({both}) SELECT {both} FROM kept')  # noqa: S608 - catalogue names
    con.execute("DROP TABLE kept")


def _put_views(con: Cursor, lane: str) -> None:
    told = _columns(con, "main", lane)
    there, wanted = told[lane], {name: one for name, one in told["main"].items() if name not in OWN | IN_MAIN}
    for name in sorted(there.keys() - wanted.keys() - OWN):
        con.execute(f'DROP VIEW {lane}."{name}"')
    for name, columns in sorted(wanted.items()):
        if there.get(name) != columns:
            con.execute(f'CREATE OR REPLACE VIEW {lane}."{name}" AS SELECT * FROM main."{name}"')  # noqa: S608


def _definitions(con: Cursor, *schemas: str) -> dict[str, dict[str, str]]:
    """The tables of each schema: name -> its columns and constraints, in brackets, as DuckDB tells them."""
    told: dict[str, dict[str, str]] = {schema: {} for schema in schemas}
    for schema, name, sql in con.rows(
        """
        SELECT schema_name, table_name, sql
        FROM duckdb_tables()
        WHERE database_name = current_database()
          AND schema_name IN (SELECT unnest($schemas))
        """,
        {"schemas": list(schemas)},
    ):
        told[schema][name] = sql[sql.index("(") :]
    return told


def _columns(con: Cursor, *schemas: str) -> dict[str, dict[str, str]]:
    """The tables and views of each schema: name -> its columns, each with its type."""
    told: dict[str, dict[str, str]] = {schema: {} for schema in schemas}
    for schema, name, columns in con.rows(
        """
        SELECT schema_name, table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_index)
        FROM duckdb_columns()
        WHERE database_name = current_database()
          AND schema_name IN (SELECT unnest($schemas))
          AND NOT internal
        GROUP BY schema_name, table_name
        """,
        {"schemas": list(schemas)},
    ):
        told[schema][name] = columns
    return told


def _column_names(con: Cursor, lane: str, name: str) -> list[str]:
    rows = con.rows(
        """
        SELECT column_name
        FROM duckdb_columns()
        WHERE database_name = current_database()
          AND schema_name = $lane
          AND table_name = $name
        ORDER BY column_index
        """,
        {"lane": lane, "name": name},
    )
    return [column for (column,) in rows]
