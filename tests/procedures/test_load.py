"""Loads of the catalogue: the whole file or nothing, with an audit entry for what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipsync.errors import LoadError
from shipsync.procedures.load import PROCEDURE
from shipsync.rules.catalogue import DEFAULT_CATALOGUE, BundlePart, Product
from shipsync.store import products
from shipsync.store.db import Database
from tests.procedures.shop_side import NOW, a_database, run, tables

PRODUCTS = "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n"
BUNDLES = "bundle_sku,component_sku,quantity\n"


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def load(db: Database, folder: Path, what: str, content: str | bytes) -> dict[str, int]:
    path = folder / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return run(PROCEDURE, db, what=what, path=str(path), by="Kim")[0].counts


def audited(db: Database) -> list[tuple[Any, ...]]:
    rows = db.read().rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")
    return [(*row[:3], *(json.loads(text) if text else None for text in row[3:])) for row in rows]


def test_a_new_database_gets_the_default_catalogue_once(db: Database) -> None:
    assert products.catalogue(db.read()) == DEFAULT_CATALOGUE
    with db.transaction() as con:
        con.execute("DELETE FROM bundles")
        assert not products.seed(con, DEFAULT_CATALOGUE, NOW)
    assert products.catalogue(db.read()).bundles == {}


def test_products_are_added_and_replaced_and_the_others_stay(db: Database, tmp_path: Path) -> None:
    with db.transaction() as con:
        con.execute("UPDATE products SET active_lot = '250300' WHERE sku = '17612'")
    rows = '17612,Rinse,yes,48,42,2000\n20000,Brush,no,,,\n18795,"Paste, case",yes,,,\n'
    assert load(db, tmp_path, "products", PRODUCTS + rows) == {"rows read": 3, "products changed": 2}
    known = products.catalogue(db.read()).products
    assert known["17612"] == Product("17612", "Rinse", True, 48, 42, 2000)
    assert known["20000"] == Product("20000", "Brush", False)
    assert len(known) == len(DEFAULT_CATALOGUE.products) + 1
    assert db.read().value("SELECT active_lot FROM products WHERE sku = '17612'") == "250300"


def test_a_column_that_the_file_does_not_have_leaves_what_is_known(db: Database, tmp_path: Path) -> None:
    header = PRODUCTS.replace("\n", ",count_tolerance\n")
    load(db, tmp_path, "products", header + "17612,Rinse,yes,48,42,2000,6\n")
    load(db, tmp_path, "products", PRODUCTS + "17612,Rinse,yes,,42,1000\n20000,Brush,no,,,\n")
    known = products.catalogue(db.read()).products
    assert known["17612"] == Product("17612", "Rinse", True, None, 42, 1000, 6)
    assert known["20000"] == Product("20000", "Brush", False)


def test_each_changed_product_has_its_audit_entry(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, "products", PRODUCTS + "17612,Rinse,yes,48,,\n20000,Brush,no,,,\n")
    entries = audited(db)
    assert [entry[:3] for entry in entries] == [
        ("Kim", "product loaded", "17612"),
        ("Kim", "product loaded", "20000"),
    ]
    assert entries[0][3]["name"] == "Rinse, case"
    assert entries[0][4] == {
        "sku": "17612",
        "name": "Rinse",
        "is_key": True,
        "units_per_pallet": 48,
        "lead_time_days": None,
        "reorder_point": None,
        "count_tolerance": None,
    }
    assert entries[1][3] is None


def test_a_bundle_gets_exactly_the_parts_of_the_file(db: Database, tmp_path: Path) -> None:
    rows = "18275,17612,5\n18300,17612,12\n18235,17612,15\n"
    assert load(db, tmp_path, "bundles", BUNDLES + rows) == {"rows read": 3, "bundles changed": 2}
    known = products.catalogue(db.read()).bundles
    assert known["18275"] == (BundlePart("18275", "17612", 5),)
    assert known["18300"] == (BundlePart("18300", "17612", 12),)
    assert known["18225"] == DEFAULT_CATALOGUE.bundles["18225"]
    assert [entry[2] for entry in audited(db)] == ["18275", "18300"]


@pytest.mark.parametrize(
    ("what", "content", "problem"),
    [
        ("products", PRODUCTS + "20000,Brush,no,,,\n17612,,yes,,,\n", "line 3: name: is empty."),
        ("products", PRODUCTS + "18235,A bundle,no,,,\n", "line 2: sku: 18235 is a bundle"),
        ("bundles", BUNDLES + "18300,17612,1\n18301,18235,1\n", "line 3: component_sku: 18235 is a bundle"),
        ("bundles", BUNDLES + "18300,99999,1\n", "line 2: component_sku: 99999 is not a product"),
        ("products", (PRODUCTS + "20000,Brush,no,,,\n21000,Café,no,,,\n").encode("latin-1"), "line 3: is not UTF-8"),
        ("lots", "sku\n", "There is nothing called 'lots' to load"),
    ],
)
def test_a_bad_file_changes_nothing_and_says_why(
    db: Database, tmp_path: Path, what: str, content: str | bytes, problem: str
) -> None:
    before = tables(db)
    with pytest.raises(LoadError) as caught:
        load(db, tmp_path, what, content)
    assert caught.value.problems[0].startswith(problem)
    assert tables(db) == before
    assert audited(db) == []


def test_loading_the_same_file_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, "products", PRODUCTS + "20000,Brush,no,,,\n")
    before = tables(db)
    assert load(db, tmp_path, "products", PRODUCTS + "20000,Brush,no,,,\n") == {"rows read": 1, "products changed": 0}
    assert tables(db) == before
    assert len(audited(db)) == 1


def test_a_file_that_is_not_there_is_an_error(db: Database, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        run(PROCEDURE, db, what="products", path=str(tmp_path / "nowhere.csv"), by="Kim")
