"""A batch reaches SQL with its types, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from shipsync.store.batches import INSTANT, MONEY, arrow_table, batch
from shipsync.store.db import Database

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("cost", MONEY),
        pa.field("read_at", INSTANT),
    ]
)


def a_row(**changed: object) -> dict[str, object]:
    return {"id": 1, "name": "a", "cost": Decimal("4.10"), "read_at": datetime(2026, 1, 1, tzinfo=UTC), **changed}


def test_rows_arrive_with_their_types(memory: Database) -> None:
    pacific = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(-timedelta(hours=8)))
    rows = [a_row(), a_row(id=2**53 + 1, name=None, cost=None, read_at=pacific)]
    with memory.transaction() as con, batch(con, "incoming", rows, SCHEMA) as name:
        assert con.rows(f"SELECT id, name, cost, read_at FROM {name} ORDER BY id") == [  # noqa: S608
            (1, "a", Decimal("4.10"), datetime(2026, 1, 1, tzinfo=UTC)),
            (2**53 + 1, None, None, datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
        ]


def test_an_empty_batch_is_an_empty_table(memory: Database) -> None:
    with memory.transaction() as con, batch(con, "incoming", [], SCHEMA):
        assert con.value("SELECT count(*) FROM incoming") == 0


def test_the_name_is_free_again_afterwards(memory: Database) -> None:
    with memory.transaction() as con:
        for number in range(3):
            with batch(con, "incoming", [a_row(id=number)], SCHEMA):
                assert con.value("SELECT id FROM incoming") == number
        with pytest.raises(duckdb.CatalogException):
            con.execute("SELECT * FROM incoming")


def insert_twice(db: Database) -> None:
    with db.transaction() as con:
        con.execute("CREATE TABLE t (id BIGINT PRIMARY KEY)")
        with batch(con, "incoming", [a_row(), a_row()], SCHEMA):
            con.execute("INSERT INTO t SELECT id FROM incoming")


def test_an_error_inside_the_block_is_the_one_that_is_raised(memory: Database) -> None:
    with pytest.raises(duckdb.ConstraintException):
        insert_twice(memory)
    with memory.transaction() as con, batch(con, "incoming", [a_row()], SCHEMA):
        assert con.value("SELECT count(*) FROM incoming") == 1


def test_readers_do_not_see_a_batch(memory: Database) -> None:
    with memory.transaction() as con, batch(con, "incoming", [a_row()], SCHEMA), pytest.raises(duckdb.CatalogException):
        memory.read().rows("SELECT id FROM incoming")


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"id": "1"}, "id"),
        ({"id": None}, "id"),
        ({"id": 2**63}, "id"),
        ({"name": 5}, "name"),
        ({"cost": 4.1}, "cost"),
        ({"cost": Decimal("1.005")}, "cost"),
        ({"cost": Decimal("12345678901.00")}, "cost"),
        ({"read_at": datetime(2026, 1, 1)}, "read_at"),  # noqa: DTZ001
        ({"read_at": "2026-01-01"}, "read_at"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_column(changed: dict[str, object], column: str) -> None:
    with pytest.raises(ValueError, match=f"column {column}:"):
        arrow_table([a_row(), a_row(**changed)], SCHEMA)


def test_a_missing_key_is_refused_with_its_column() -> None:
    row = a_row()
    del row["cost"]
    with pytest.raises(ValueError, match="column cost: a row has no such key"):
        arrow_table([row], SCHEMA)
