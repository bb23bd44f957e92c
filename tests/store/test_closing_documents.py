"""Documents of closings: kept once, found by period, version and name."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import duckdb
import pytest

from shipsync.rules.weeks import week_ends
from shipsync.store import closing_documents as store
from shipsync.store import closings
from shipsync.store.db import Database
from tests.store.conftest import NOW

MONDAY = date(2026, 11, 16)
PDF, CSV = "application/pdf", "text/csv"


def keep(
    db: Database, version: int = 1, monday: date = MONDAY, name: str = "week.pdf", content: bytes = b"%PDF"
) -> None:
    with db.transaction() as con:
        store.keep(con, "eow", monday, version, name, PDF if name.endswith("pdf") else CSV, content, NOW)


def close(db: Database, version: int, monday: date = MONDAY) -> None:
    job_id = f"eow.{monday}.{version}"
    with db.transaction() as con:
        closings.begin(con, "eow", monday, week_ends(monday), job_id, "Ann", NOW)
        closings.close(con, job_id, version, records=0, sentence="", stated=(), now=NOW)


def newest(db: Database, suffix: str = ".pdf", monday: date | None = None) -> tuple[date, int] | None:
    found = store.newest(db.read(), "eow", monday, suffix)
    return (found.head.period_start, found.head.version) if found is not None else None


def test_a_document_comes_back_as_it_was_kept(memory: Database) -> None:
    content = bytes(range(256))
    keep(memory, content=content)
    found = store.document(memory.read(), "eow", MONDAY, 1, "week.pdf")
    assert found is not None
    assert found.content == content
    assert found.head == store.DocumentHead(
        "eow", MONDAY, 1, "week.pdf", PDF, 256, hashlib.sha256(content).hexdigest(), NOW
    )
    assert store.document(memory.read(), "eow", MONDAY, 2, "week.pdf") is None
    assert store.document(memory.read(), "eod", MONDAY, 1, "week.pdf") is None


def test_a_document_is_never_replaced(memory: Database) -> None:
    keep(memory, content=b"one")
    with pytest.raises(duckdb.ConstraintException):
        keep(memory, content=b"another")
    found = store.document(memory.read(), "eow", MONDAY, 1, "week.pdf")
    assert found is not None
    assert found.content == b"one"


def test_the_documents_of_a_version_are_listed_by_name(memory: Database) -> None:
    for version, name in ((1, "week.pdf"), (1, "week.csv"), (2, "week.pdf")):
        keep(memory, version, name=name)
    assert [one.name for one in store.documents_of(memory.read(), "eow", MONDAY, 1)] == ["week.csv", "week.pdf"]
    assert store.documents_of(memory.read(), "eow", MONDAY, 3) == []


def test_the_newest_document_is_that_of_the_newest_version_that_has_one(memory: Database) -> None:
    before = MONDAY - timedelta(weeks=1)
    assert newest(memory) is None
    for version, monday, name in ((1, MONDAY, "week.pdf"), (2, MONDAY, "week.pdf"), (3, before, "week.pdf"),
                                  (4, before, "week.csv")):  # fmt: skip
        keep(memory, version, monday, name)
        close(memory, version, monday)
    keep(memory, 5)  # made, and its version not closed yet
    assert newest(memory) == (MONDAY, 2)
    assert newest(memory, monday=before) == (before, 3)
    assert newest(memory, ".csv") == (before, 4)
    assert newest(memory, ".xlsx") is None
    assert newest(memory, monday=MONDAY + timedelta(weeks=1)) is None
