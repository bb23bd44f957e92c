"""Loads: the whole file or nothing, with an audit entry for what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from shipsync.desk.records import Loadable
from shipsync.errors import LoadError
from shipsync.procedures.load import LOADS, PROCEDURE
from shipsync.rules.catalogue import DEFAULT_CATALOGUE, BundlePart, Product
from shipsync.rules.ledger import Movement
from shipsync.store import ledger, products, weekly_history
from shipsync.store.db import Database
from shipsync.store.ledger import Balance
from shipsync.store.weekly_history import loaded_weeks
from tests.house import House
from tests.procedures.shop_side import NOW, a_database, run, tables
from tests.store.order_rows import a_shipped_order

PRODUCTS = "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n"
BUNDLES = "bundle_sku,component_sku,quantity\n"
STOCK = "sku,lot,quantity,as_of\n"
HISTORY = "start_date,end_date,sku,quantity_shipped\n"


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def load(db: Database, folder: Path, what: str, content: str | bytes, now: datetime = NOW) -> dict[str, int]:
    path = folder / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return run(PROCEDURE, db, now=now, what=what, path=str(path), by="Kim")[0].counts


def noted(db: Database) -> list[tuple[Any, ...]]:
    return db.read().rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


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
        ("opening-stock", STOCK + "17612,,5,2026-03-02\n17612,6,5,2026-03-02\n", "line 3: lot: '6' is not a lot"),
        (
            "weekly-history",
            HISTORY + "2026-02-16,2026-02-22,17612,5\n2026-02-17,2026-02-23,17612,5\n",
            "line 3: start_date: 2026-02-17 is a Tuesday",
        ),
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
    assert ledger.entries(db.read()) == []
    assert loaded_weeks(db.read()) == set()


def test_loading_the_same_file_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, "products", PRODUCTS + "20000,Brush,no,,,\n")
    before = tables(db)
    assert load(db, tmp_path, "products", PRODUCTS + "20000,Brush,no,,,\n") == {"rows read": 1, "products changed": 0}
    assert tables(db) == before
    assert len(audited(db)) == 1


def test_whatever_can_be_loaded_can_be_asked_for() -> None:
    assert get_args(Loadable) == tuple(LOADS)


def test_a_file_that_is_not_there_is_an_error(db: Database, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        run(PROCEDURE, db, what="products", path=str(tmp_path / "nowhere.csv"), by="Kim")


def test_opening_stock_stands_in_the_ledger_by_lot_and_who_loaded_it(db: Database, tmp_path: Path) -> None:
    rows = "17612,250237,1200,2026-03-02\n17612,,40,2026-03-02\n17904,,0,2026-03-03 03:00\n"
    assert load(db, tmp_path, "opening-stock", STOCK + rows) == {"rows read": 3, "counts entered": 3}
    assert ledger.balances(db.read(), NOW) == [
        Balance("17612", "", 40),
        Balance("17612", "250237", 1200),
        Balance("17904", "", 0),
    ]
    newest = ledger.entries(db.read())[0]
    assert (newest.kind, newest.sku, newest.moved_at) == ("count", "17904", datetime(2026, 3, 3, 11, 0, tzinfo=UTC))
    assert (newest.entered_by, newest.reason_code, newest.reference) == ("Kim", "opening", "file.csv")
    assert noted(db) == [("Kim", "opening stock loaded", "file.csv", None, "counts entered: 3")]


def test_what_was_loaded_shows_in_stock_at_once(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, "opening-stock", STOCK + "17612,250237,1200,2026-03-02\n17612,,40,2026-03-02\n")
    weeks = [date(2026, 1, 19) + timedelta(weeks=number) for number in range(6)]
    rows = "".join(f"{monday},{monday + timedelta(days=6)},17612,{100 + n}\n" for n, monday in enumerate(weeks))
    load(db, tmp_path, "weekly-history", HISTORY + rows)
    load(db, tmp_path, "products", PRODUCTS + "17612,Rinse,yes,48,,1500\n")
    assert db.read().rows(
        """
        SELECT current_quantity, weekly_average, weeks_counted, reorder_point, alert_level
        FROM inventory_current
        WHERE sku = '17612'
        """
    ) == [(1240, 102.5, 6, 1500, "low")]


def test_opening_stock_is_not_loaded_twice(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path, "opening-stock", STOCK + "17612,250237,1200,2026-03-02\n")
    before = ledger.entries(db.read())
    with pytest.raises(LoadError) as caught:
        load(db, tmp_path, "opening-stock", STOCK + "17904,,9,2026-03-02\n17612,250237,1200,2026-03-02\n")
    assert caught.value.problems == (
        "line 3: sku: 17612 - 250237 was loaded already: there is a count of it at this instant.",
    )
    assert ledger.entries(db.read()) == before
    # Counted anew at another instant, it is another count.
    load(db, tmp_path, "opening-stock", STOCK + "17612,250237,1190,2026-03-03 03:00\n")
    assert ledger.balances(db.read(), NOW) == [Balance("17612", "250237", 1190)]


def test_what_moved_after_the_opening_count_is_not_lost_by_loading_it_late(db: Database, tmp_path: Path) -> None:
    with db.transaction() as con:
        for at, units in ((NOW - timedelta(days=2), 7), (NOW - timedelta(hours=1), 5)):
            ledger.post(con, [Movement("receive", "17612", "", units, at, at.date())], "Kim", NOW)
    load(db, tmp_path, "opening-stock", STOCK + "17612,,40,2026-03-02\n")
    assert ledger.balances(db.read(), NOW) == [Balance("17612", "", 45)]


def test_weekly_history_is_kept_and_replaced_by_week_and_sku(db: Database, tmp_path: Path) -> None:
    rows = "2026-02-16,2026-02-22,17612,480\n2026-02-16,2026-02-22,17904,0\n2020-12-28,2021-01-03,17612,3\n"
    assert load(db, tmp_path, "weekly-history", HISTORY + rows) == {"rows read": 3, "weekly figures changed": 3}
    assert load(db, tmp_path, "weekly-history", HISTORY + "2026-02-16,2026-02-22,17612,481\n") == {
        "rows read": 1,
        "weekly figures changed": 1,
    }
    assert weekly_history.units_by_week(db.read(), date(2020, 1, 6), date(2026, 2, 23)) == {
        "17612": {date(2020, 12, 28): 3, date(2026, 2, 16): 481},
        "17904": {date(2026, 2, 16): 0},
    }
    assert noted(db) == [
        ("Kim", "weekly history loaded", "file.csv", None, "weekly figures changed: 3"),
        ("Kim", "weekly history loaded", "file.csv", None, "weekly figures changed: 1"),
    ]


def test_weeks_that_shipsync_counts_itself_are_not_loaded_and_it_says_so(house: House, tmp_path: Path) -> None:
    house.sync()  # reads 30 days back from Wednesday 2026-09-16, so whole days since 2026-08-18
    a_shipped_order(house.app.db, "700015", date(2026, 8, 18))
    path = tmp_path / "weeks.csv"
    weeks = [date(2026, 8, 10) + timedelta(weeks=number) for number in range(5)]
    path.write_text(
        HISTORY + "".join(f"{monday},{monday + timedelta(days=6)},17612,{monday.day}\n" for monday in weeks)
    )
    job = house.job("load", {"what": "weekly-history", "path": str(path), "by": "Kim"})
    assert job.result == {"read": 5, "changed": 2, "left out": 3}
    assert loaded_weeks(house.app.db.read()) == {date(2026, 8, 10), date(2026, 8, 17)}
    ((log,),) = house.rows("SELECT log FROM runs WHERE workflow_name = 'load'")
    assert "3 rows lie in weeks that shipsync counts itself; they were not used." in log
