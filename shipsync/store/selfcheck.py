"""Looks whether the database adds up: briefly at every start, more after an unclean stop, and wholly on `doctor`.

Each finding is a sentence for the operator. An empty list means that nothing was found, not that nothing can be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shipsync.store.cursor import Cursor
from shipsync.store.db import Database

# Larger tables are passed over: a command must not wait long for a check of what was closed in good order.
ROWS_AT_START = 50_000
ROWS_AFTER_UNCLEAN_STOP = 2_000_000
KEYS_LOOKED_UP = 5  # of each table, through the index, at every start; a hundred times as many on `doctor`
FUTURE_ALLOWED = timedelta(days=1)  # ShipStation's clock against ours, and a Pacific time taken for UTC

# child table, its columns, parent table, its columns: a row of the child whose parent is missing is an orphan.
PARENTS = (
    ("order_items_inbox", "order_key", "orders_inbox", "order_key"),
    ("shipment_items", "shipment_id", "shipments", "shipment_id"),
    ("api_pages", "reading_id", "readings", "reading_id"),
    ("job_steps", "job_id", "jobs", "job_id"),
)


@dataclass(frozen=True)
class _Key:
    table: str  # quoted, with its schema
    columns: tuple[str, ...]  # quoted


def findings(db: Database, now: datetime, *, thorough: bool = False) -> list[str]:
    """What does not add up. `thorough` leaves out nothing, however large; otherwise big tables are passed over."""
    read = db.read()
    limit = None if thorough else ROWS_AFTER_UNCLEAN_STOP if db.notices else ROWS_AT_START
    sizes = {
        f"{_quoted(schema)}.{_quoted(table)}": size
        for schema, table, size in read.rows(
            "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE NOT internal AND NOT temporary"
        )
    }
    small = {table for table, size in sizes.items() if limit is None or size <= limit}
    found: list[str] = []
    for key in _keys(read):
        if key.table in small:
            found.extend(_repeated(read, key))
            found.extend(_lost_to_the_index(read, key, KEYS_LOOKED_UP * (100 if thorough else 1)))
    for child, child_key, parent, parent_key in PARENTS:
        if {f'"main"."{child}"', f'"main"."{parent}"'} <= small:
            found.extend(_orphans(read, child, child_key, parent, parent_key))
    if '"main"."sync_watermark"' in sizes:
        found.extend(_marks_ahead(read, now))
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _keys(read: Cursor) -> Iterator[_Key]:
    for schema, table, columns in read.rows(
        """
        SELECT schema_name, table_name, constraint_column_names
        FROM duckdb_constraints()
        WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE')
        ORDER BY ALL
        """
    ):
        yield _Key(f"{_quoted(schema)}.{_quoted(table)}", tuple(_quoted(column) for column in columns))


def _repeated(read: Cursor, key: _Key) -> Iterator[str]:
    columns = ", ".join(key.columns)
    repeated = read.value(
        f"SELECT count(*) FROM (SELECT {columns} FROM {key.table} GROUP BY {columns} HAVING count(*) > 1)"  # noqa: S608
    )
    if repeated:
        yield f"{key.table}: {repeated} values of its key ({columns}) are there more than once. Restore a backup."


def _lost_to_the_index(read: Cursor, key: _Key, sample: int) -> Iterator[str]:
    """DuckDB 1.5 can lose rows from an index after a crash (issue 23645): ask for rows seen in a scan by their key."""
    columns = ", ".join(key.columns)
    condition = " AND ".join(f"{column} = ?" for column in key.columns)
    lost = 0
    for values in read.rows(f"SELECT {columns} FROM {key.table} USING SAMPLE {sample} ROWS (reservoir, 1)"):  # noqa: S608
        if None not in values and not read.rows(
            f"SELECT 1 FROM {key.table} WHERE {condition}",  # noqa: S608
            values,
        ):
            lost += 1
    if lost:
        yield f"{key.table}: {lost} of {sample} rows are not found by their key ({columns}). Restore a backup."


def _orphans(read: Cursor, child: str, child_key: str, parent: str, parent_key: str) -> Iterator[str]:
    orphans = read.value(
        f"SELECT count(*) FROM {child} c ANTI JOIN {parent} p ON c.{child_key} = p.{parent_key}"  # noqa: S608
    )
    if orphans:
        yield f"{child}: {orphans} rows belong to no row of {parent}."


def _marks_ahead(read: Cursor, now: datetime) -> Iterator[str]:
    for workflow, mark in read.rows(
        """
        SELECT workflow_name, greatest(last_sync_timestamp, complete_through) AS mark
        FROM sync_watermark
        WHERE greatest(last_sync_timestamp, complete_through) > $latest
        ORDER BY workflow_name
        """,
        {"latest": now + FUTURE_ALLOWED},
    ):
        yield (
            f"{workflow}: its mark {mark:%Y-%m-%d %H:%M} UTC lies in the future, so changes until then would be "
            "missed. Set it back, or check the clock of this machine."
        )
