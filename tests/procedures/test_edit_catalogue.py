"""A person's edits of the catalogue: all or nothing, audited, and never over somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from shipsync.errors import LoadError
from shipsync.procedures.edit_catalogue import (
    Missing,
    Saved,
    missing_skus,
    save_bundles,
    save_products,
    set_key_products,
    waiting_for,
)
from shipsync.procedures.import_orders import PROCEDURE as IMPORT
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.catalogue_edits import ListedProduct, by_bundle
from shipsync.store import products as store
from shipsync.store.db import Database
from tests.procedures.shop_side import NOW, a_database, an_order, run, tables, write_dump

Products = dict[str, ListedProduct]
Bundles = dict[str, tuple[BundlePart, ...]]


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def products(db: Database) -> Products:
    return {one.sku: one for one in store.listed_products(db.read())}


def bundles(db: Database) -> Bundles:
    return by_bundle(store.bundle_parts(db.read()))


def save(db: Database, loaded: Products, wanted: Products, by: str = "Kim") -> Saved:
    with db.transaction() as con:
        return save_products(con, loaded, wanted, by, NOW)


def save_parts(db: Database, loaded: Bundles, wanted: Bundles, by: str = "Kim") -> Saved:
    with db.transaction() as con:
        return save_bundles(con, loaded, wanted, by, NOW)


def named(one: ListedProduct, name: str) -> ListedProduct:
    return replace(one, product=replace(one.product, name=name))


def without(shown: Mapping[str, ListedProduct], sku: str) -> Products:
    return {key: one for key, one in shown.items() if key != sku}


def audited(db: Database) -> list[tuple[str, ...]]:
    return db.read().rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


def test_products_are_added_changed_and_deleted_with_an_entry_each(db: Database) -> None:
    shown = products(db)
    wanted = {
        **without(shown, "18901"),
        "17612": replace(named(shown["17612"], "Rinse, 12"), active_lot="250237"),
        "17999": ListedProduct(Product("17999", "Gel", True, reorder_point=20, count_tolerance=3), None),
    }
    assert save(db, shown, wanted) == Saved(("17999",), ("17612",), ("18901",))
    assert products(db) == wanted
    assert audited(db) == [
        ("Kim", "product changed", "17612", "SKU 17612, Name Rinse, case, Key product yes",
         "SKU 17612, Name Rinse, 12, Key product yes, Active lot 250237"),
        ("Kim", "product added", "17999", None,
         "SKU 17999, Name Gel, Key product yes, Reorder point 20, Count tolerance 3"),
        ("Kim", "product deleted", "18901", "SKU 18901, Name Printed leaflets, Key product no", None),
    ]  # fmt: skip


def test_bundles_are_added_changed_and_deleted_with_an_entry_each(db: Database) -> None:
    shown = bundles(db)
    wanted = {key: parts for key, parts in shown.items() if key != "18265"}
    wanted["18225"] = (BundlePart("18225", "17612", 41),)
    wanted["18855"] = (BundlePart("18855", "17612", 2), BundlePart("18855", "17904", 1))
    assert save_parts(db, shown, wanted) == Saved(("18855",), ("18225",), ("18265",))
    assert bundles(db) == wanted
    assert audited(db) == [
        ("Kim", "bundle changed", "18225", "40 x 17612", "41 x 17612"),
        ("Kim", "bundle deleted", "18265", "3 x 17612", None),
        ("Kim", "bundle added", "18855", None, "2 x 17612, 1 x 17904"),
    ]


def test_a_save_of_what_is_there_writes_nothing(db: Database) -> None:
    before = tables(db)
    assert save(db, products(db), products(db)).is_nothing
    assert save_parts(db, bundles(db), bundles(db)).is_nothing
    assert tables(db) == before
    assert audited(db) == []


def test_the_second_of_two_people_is_refused_with_the_row_named(db: Database) -> None:
    shown = products(db)
    save(db, shown, {**shown, "17612": named(shown["17612"], "Rinse, Ann's")}, "Ann")
    before = tables(db)
    mine = {**shown, "17612": named(shown["17612"], "Rinse, Bob's"), "17904": named(shown["17904"], "Travel")}
    with pytest.raises(LoadError) as caught:
        save(db, shown, mine, "Bob")
    assert caught.value.problems == (
        "17612 was changed by somebody else since this table was loaded: SKU 17612, Name Rinse, Ann's, Key product"
        " yes. Load the table again.",
    )
    assert tables(db) == before
    save(db, products(db), {**products(db), "17904": named(shown["17904"], "Travel")}, "Bob")
    assert [row[:3] for row in audited(db)] == [
        ("Ann", "product changed", "17612"),
        ("Bob", "product changed", "17904"),
    ]


def test_changes_of_different_rows_do_not_stand_in_each_others_way(db: Database) -> None:
    shown = products(db)
    save(db, shown, {**shown, "17612": named(shown["17612"], "Ann's")}, "Ann")
    save(db, shown, {**shown, "17904": named(shown["17904"], "Bob's")}, "Bob")
    assert (products(db)["17612"].product.name, products(db)["17904"].product.name) == ("Ann's", "Bob's")


def test_a_bundle_that_two_people_gave_different_parts_is_refused_to_the_second(db: Database) -> None:
    shown = bundles(db)
    save_parts(db, shown, {**shown, "18855": (BundlePart("18855", "17612", 2),)}, "Ann")
    with pytest.raises(LoadError, match="18855 was changed by somebody else"):
        save_parts(db, shown, {**shown, "18855": (BundlePart("18855", "17904", 1),)}, "Bob")
    assert bundles(db)["18855"] == (BundlePart("18855", "17612", 2),)


def test_a_product_in_a_bundle_is_not_deleted(db: Database) -> None:
    shown, before = products(db), tables(db)
    with pytest.raises(LoadError, match="Bundle 18275 holds 17914, which is no product"):
        save(db, shown, without(shown, "17914"))
    assert tables(db) == before


def test_a_product_deleted_meanwhile_is_no_part_of_a_new_bundle(db: Database) -> None:
    shown_products, shown = products(db), bundles(db)
    save(db, shown_products, without(shown_products, "18675"), "Ann")
    with pytest.raises(LoadError, match="Bundle 18855 holds 18675, which is no product"):
        save_parts(db, shown, {**shown, "18855": (BundlePart("18855", "18675", 1),)}, "Bob")


def test_key_products_are_marked_and_the_rest_of_them_stays(db: Database) -> None:
    shown = [sku for sku, one in products(db).items() if one.product.is_key]
    others = {**products(db), "17612": replace(named(products(db)["17612"], "Rinse, 12"), active_lot="250237")}
    save(db, products(db), others, "Ann")
    with db.transaction() as con:
        saved = set_key_products(con, shown, [*(sku for sku in shown if sku != "17612"), "18901"], "Bob", NOW)
    assert saved == Saved((), ("17612", "18901"), ())
    now = products(db)["17612"]
    assert (now.product.is_key, now.product.name, now.active_lot) == (False, "Rinse, 12", "250237")
    with db.transaction() as con, pytest.raises(LoadError, match="17777 is no product any more"):
        set_key_products(con, ["17777"], [], "Bob", NOW)


def test_orders_that_wait_for_a_sku_are_counted(db: Database, tmp_path: Path) -> None:
    write_dump(
        tmp_path,
        an_order("700015", ("18855", "1")),
        an_order("700016", ("18855-250237", "1"), ("17612", "1")),
        an_order("700017", ("18999", "1")),
        an_order("700018", ("17612", "1")),
    )
    run(IMPORT, db, folder=tmp_path)
    assert waiting_for(db.read(), {"18855"}) == 2
    assert waiting_for(db.read(), {"18855", "18999"}) == 3
    assert waiting_for(db.read(), {"17612"}) == 1  # it waits for 18855, and names 17612 too
    assert missing_skus(db.read()) == Missing({"18855": 2, "18999": 1}, is_all=True)
    assert store.open_orders_with(db.read(), ["17612", "18855"]) == {"17612": 1}
