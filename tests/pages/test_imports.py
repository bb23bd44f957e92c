"""The Imports page: a file seen before it is taken, and the catalogue edited without losing anybody's work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from shipsync.rules.catalogue import BundlePart
from shipsync.store import products as store
from shipsync.web.catalogue_editor import edited
from tests.house import IMPORT, House, a_house
from tests.procedures.shop_side import an_order
from tests.site import Site, a_site
from tests.store.order_rows import a_shipped_order

Edits = Mapping[str, Any]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A house whose database is a file, so that there is a folder beside it."""
    with a_house(tmp_path, database=tmp_path / "shipsync.duckdb") as house, a_site(house) as site:
        yield site


def a_file(*orders: str) -> bytes:
    return f"<orders>{''.join(orders)}</orders>".encode()


def hand_in(test: AppTest, data: bytes, name: str = "orders.xml") -> AppTest:
    test.file_uploader(key="imports_file").set_value((name, data, "text/xml"))
    return checked(test.run())


def press(test: AppTest, key: str) -> AppTest:
    return checked(test.button(key=key).click().run())


def checked(test: AppTest) -> AppTest:
    assert not test.exception, [one.value for one in test.exception]
    return test


def edit(test: AppTest, what: str, edition: int = 0, **edits: Any) -> AppTest:
    """Type into a table and save it."""
    test.session_state[f"imports_{what}_{edition}"] = {
        "edited_rows": {}, "added_rows": [], "deleted_rows": [], **edits
    }  # fmt: skip
    return press(test, f"imports_{what}_save")


def has_button(test: AppTest, key: str) -> bool:
    return any(button.key == key for button in test.button)


def shop_writes(house: House, data: bytes, name: str = "orders.xml") -> None:
    folder: Path = house.app.doors["order_files"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def text_of(test: AppTest) -> str:
    """What is written on the page, without the marks that keep Markdown from reading it."""
    return Site.text(test).replace("\\", "")


def said(test: AppTest) -> str:
    return str(test.success[0].value).replace("\\", "")


def refused(test: AppTest) -> str:
    return str(test.error[0].value).replace("\\", "")


def run_queue(house: House) -> None:
    while house.app.worker.run_next():
        pass


def audited(house: House) -> list[tuple[Any, ...]]:
    return house.rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


def test_an_empty_database_says_what_to_do_next(site: Site) -> None:
    text = text_of(site.page("imports"))
    assert "No order file was taken yet. Hand one in above" in text
    assert "No order file has been imported yet." in text
    assert "Watched folder:" in text


def test_a_file_is_shown_before_it_is_taken_and_taken_on_a_press(site: Site, tmp_path: Path) -> None:
    house = site.house
    data = a_file(an_order("700015"), an_order("700016", ("18855", "1")), an_order("700017", ("18901", "1")))
    test = hand_in(site.page("imports"), data)
    text = text_of(test)
    assert "X-Cart dump · 3 order records" in text
    assert "- **1** new" in text
    assert "- **1** would be held for a person" in text
    assert "- **1** not for us" in text
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
    assert not (tmp_path / "imports").exists()

    assert test.button(key="imports_take").label == "Take 1 order"
    press(test, "imports_take")
    assert said(test).startswith("orders.xml is being imported: xml-import.1")
    (kept,) = (tmp_path / "imports").iterdir()
    assert kept.read_bytes() == data
    run_queue(house)
    assert house.rows("SELECT order_number FROM orders_inbox") == [("700015",)]
    assert audited(house) == [("local admin", "order file handed in", "orders.xml", None, kept.name)]
    checked(test.run())
    text = text_of(test)
    assert "This file was taken already, Wed 16 Sep 2026 13:00 PDT, and nothing that it depends on has changed" in text
    assert not has_button(test, "imports_take")
    assert "1 order is held: nobody knows the SKU **18855**" in text


def test_a_press_beside_another_files_import_says_so_and_works_after_it(site: Site, tmp_path: Path) -> None:
    house = site.house
    house.app.enqueue(IMPORT, {}, "schedule")
    test = hand_in(site.page("imports"), a_file(an_order()))
    press(test, "imports_take")
    assert "Another import, xml-import.1, is under way. Press again when it has ended." in text_of(test)
    assert audited(house) == []
    run_queue(house)
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(0,)]
    press(test, "imports_take")
    run_queue(house)
    assert house.rows("SELECT count(*) FROM orders_inbox") == [(1,)]
    assert [job for (job,) in house.rows("SELECT job_id FROM jobs ORDER BY job_id")] == ["xml-import.1", "xml-import.2"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<orders><order>", "ends too early: it was only half written or copied. Export it again."),
        (b"order;date", "is not well-formed XML"),
        (b"\xff\xd8\xff\xe0", "is not well-formed XML"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><orders/>", "such files are refused."),
        (b"<html/>", "holds no orders"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_plainly(site: Site, data: bytes, sentence: str) -> None:
    test = hand_in(site.page("imports"), data)
    assert sentence in refused(test)
    assert refused(test).endswith("Nothing was taken.")
    assert not has_button(test, "imports_take")


def test_a_file_without_anything_new_has_no_press(site: Site) -> None:
    test = hand_in(site.page("imports"), a_file())
    assert "There is no order in this file." in text_of(test)
    hand_in(test, a_file(an_order("700017", ("18901", "1"))), "leaflets.xml")
    assert "There is nothing to take in this file." in text_of(test)
    assert not has_button(test, "imports_take")


def test_a_viewer_sees_a_dry_run_and_takes_nothing(site: Site) -> None:
    site.groups = ["shipsync-viewer"]
    test = hand_in(site.page("imports"), a_file(an_order()))
    assert "- **1** new" in text_of(test)
    assert "Taking it needs the role operator." in text_of(test)
    assert not has_button(test, "imports_take")
    assert not has_button(test, "imports_products_save")
    assert not has_button(test, "imports_bundles_save")


def test_refused_files_stand_on_top_with_their_reason(site: Site) -> None:
    house = site.house
    shop_writes(house, b"<orders><order></orders>", "broken.xml")
    house.job(IMPORT)
    rows = site.page("imports").dataframe[0].value
    assert rows["file"].tolist() == ["broken.xml"]
    assert rows["reason"][0].startswith("Is not well-formed XML: mismatched tag")


def test_files_seen_tell_what_became_of_their_orders(site: Site) -> None:
    house = site.house
    house.world.place_shop_order([("17612", 1)])
    house.import_shop()
    test = site.page("imports")
    rows = test.dataframe[0].value
    assert rows["file"].tolist() == ["orders.xml"]
    assert rows["became"].tolist() == ["1 new order"]
    house.world.place_shop_order([("17612", 2)])
    house.import_shop()
    assert len(test.run().dataframe[0].value) == 2


def test_products_are_changed_added_and_deleted_in_the_table(site: Site) -> None:
    house = site.house
    skus = [one.sku for one in store.listed_products(house.app.db.read())]
    test = edit(
        site.page("imports"),
        "products",
        edited_rows={skus.index("17612"): {"units_per_pallet": 48, "count_tolerance": 6, "active_lot": "250237"}},
        added_rows=[{"sku": "17999", "name": "Gel"}],
        deleted_rows=[skus.index("18901")],
    )
    assert said(test) == "Saved: 1 product added, 1 product changed, 1 product deleted."
    listed = {one.sku: one for one in store.listed_products(house.app.db.read())}
    rinse = listed["17612"]
    assert (rinse.product.units_per_pallet, rinse.product.count_tolerance, rinse.active_lot) == (48, 6, "250237")
    assert not listed["17999"].product.is_key
    # A reorder point or a lead time says what stock means, so that is told anew.
    assert ("17612",) in house.rows("SELECT sku FROM inventory_current")
    assert "18901" not in listed
    assert [row[:3] for row in audited(house)] == [
        ("local admin", "product changed", "17612"),
        ("local admin", "product added", "17999"),
        ("local admin", "product deleted", "18901"),
    ]


def test_a_bad_row_keeps_everything_as_it_was_and_what_was_typed(site: Site) -> None:
    before = store.listed_products(site.house.app.db.read())
    typed = [{"sku": "18225", "name": "Gel"}, {"sku": "17999", "name": "", "reorder_point": -1}]
    test = edit(site.page("imports"), "products", edited_rows={0: {"name": "Rinse!"}}, added_rows=typed)
    assert "Nothing was saved; what you typed is still here." in refused(test)
    for problem in (
        "Row 8 ('18225'): SKU: 18225 is a bundle; a SKU cannot be both.",
        "Row 9 ('17999'): Name: is empty.",
        "Row 9 ('17999'): Reorder point: '-1' is not a whole number from 0 up.",
    ):
        assert problem in refused(test)
    assert store.listed_products(site.house.app.db.read()) == before
    assert audited(site.house) == []
    assert test.session_state["imports_products_0"]["added_rows"] == typed


def test_the_second_of_two_people_is_refused_and_told_which_row(site: Site) -> None:
    anns, bobs = site.page("imports"), site.page("imports")
    edit(anns, "products", edited_rows={0: {"name": "Ann's"}})
    edit(bobs, "products", edited_rows={0: {"name": "Bob's"}})
    assert "17612 was changed by somebody else since this table was loaded" in refused(bobs)
    assert store.listed_products(site.house.app.db.read())[0].product.name == "Ann's"
    assert len(audited(site.house)) == 1
    checked(bobs.run())
    assert "The products have changed since this table was loaded" in text_of(bobs)
    press(bobs, "imports_products_again")
    edit(bobs, "products", edition=1, edited_rows={0: {"name": "Bob's"}})
    assert store.listed_products(site.house.app.db.read())[0].product.name == "Bob's"


def test_a_bundle_is_added_from_its_link_and_the_order_that_waited_comes_through(site: Site) -> None:
    house = site.house
    shop_writes(house, a_file(an_order("700015", ("18855", "2"))))
    house.job(IMPORT)
    assert house.held() == [("shop_order", "unknown_sku")]
    test = site.page("imports", bundle="18855")
    assert "18855 is new. Its row stands ready at the end" in text_of(test)
    parts = store.bundle_parts(house.app.db.read())
    house.wait(5)
    edit(test, "bundles", edited_rows={len(parts): {"component_sku": "17612", "quantity": 3}})
    assert said(test) == ("Saved: 1 bundle added. 1 order waited for 18855; trying them now.")
    run_queue(house)
    assert house.held() == []
    assert house.rows("SELECT base_sku, quantity FROM order_items_inbox") == [("17612", 6)]
    assert BundlePart("18855", "17612", 3) in store.bundle_parts(house.app.db.read())
    assert audited(house) == [("local admin", "bundle added", "18855", None, "3 x 17612")]


def test_a_waiting_order_is_said_to_stay_while_the_import_is_off(site: Site) -> None:
    house = site.house
    shop_writes(house, a_file(an_order("700015", ("19015", "2"))))
    house.job(IMPORT)
    with house.app.db.transaction() as con:
        con.execute("UPDATE workflow_controls SET enabled = false WHERE workflow_name = 'xml-import'")
    test = edit(site.page("imports"), "products", added_rows=[{"sku": "19015", "name": "Gel", "is_key": True}])
    assert "1 order waited for 19015; the import is switched off" in said(test)


def test_deleting_what_open_orders_hold_asks_first(site: Site) -> None:
    house = site.house
    shop_writes(house, a_file(an_order("700015", ("18675", "2"))))
    house.job(IMPORT)
    place = [one.sku for one in store.listed_products(house.app.db.read())].index("18675")
    test = edit(site.page("imports"), "products", deleted_rows=[place])
    assert "You delete what open orders still hold: 18675 (1 open order)" in text_of(test)
    assert audited(house) == []
    press(test, "imports_products_sure")
    assert [row[:3] for row in audited(house)] == [("local admin", "product deleted", "18675")]


def test_a_csv_is_loaded_or_every_bad_line_named(site: Site) -> None:
    test = site.page("imports")
    upload = test.file_uploader(key="imports_bundles_file")
    upload.set_value(("b.csv", b"bundle_sku,component_sku,quantity\n18855,99999,0\n", "text/csv"))
    press(test, "imports_bundles_load")
    told = refused(test)
    assert "line 2: component_sku: 99999 is not a product. Add the product first." in told
    assert "line 2: quantity: '0' is not a whole number from 1 up." in told
    upload = test.file_uploader(key="imports_bundles_file")
    upload.set_value(("b.csv", b"bundle_sku,component_sku,quantity\n18855,17612,2\n", "text/csv"))
    press(test, "imports_bundles_load")
    assert said(test) == "b.csv: 1 row read, 1 bundle changed."
    assert [row[:3] for row in audited(site.house)] == [("local admin", "bundle loaded", "18855")]


def test_opening_stock_is_loaded_and_said_to_be_known(site: Site) -> None:
    test = site.page("imports")
    assert "Nobody has said yet what stands on the shelf." in text_of(test)
    bad = b"sku,lot,quantity,as_of\n17612,6,1200,2026-09-15\n"
    test.file_uploader(key="imports_opening-stock_file").set_value(("stock.csv", bad, "text/csv"))
    press(test, "imports_opening-stock_load")
    assert "stock.csv: nothing was loaded." in refused(test)
    assert "line 2: lot: '6' is not a lot" in refused(test)
    good = b"sku,lot,quantity,as_of\n17612,250237,1200,2026-09-15\n17904,,0,2026-09-16 08:00\n"
    test.file_uploader(key="imports_opening-stock_file").set_value(("stock.csv", good, "text/csv"))
    press(test, "imports_opening-stock_load")
    assert said(test) == "stock.csv: 2 rows read, 2 counts entered."
    assert "Of 3 of 5 products nobody has said it yet: 17914, 18675, 18795." in text_of(test)
    assert audited(site.house) == [
        ("local admin", "opening stock loaded", "stock.csv", None, "counts entered: 2"),
    ]


def test_weekly_history_is_loaded_but_for_weeks_that_are_counted(site: Site) -> None:
    site.house.sync()  # reads back to 2026-08-17 13:00
    a_shipped_order(site.house.app.db, "700015", date(2026, 8, 18))
    test = site.page("imports")
    assert "No week was loaded yet. From 2026-W35 on shipsync counts weeks itself." in text_of(test)
    weeks = [date(2026, 8, 10) + timedelta(weeks=number) for number in range(5)]
    lines = "".join(f"{monday},{monday + timedelta(days=6)},17612,400\n" for monday in weeks)
    data = f"start_date,end_date,sku,quantity_shipped\n{lines}".encode()
    test.file_uploader(key="imports_weekly-history_file").set_value(("weeks.csv", data, "text/csv"))
    press(test, "imports_weekly-history_load")
    assert said(test) == (
        "weeks.csv: 5 rows read, 2 weekly figures changed, 3 rows not used, as shipsync counts those weeks itself."
    )
    assert "Loaded: 2 weeks, 2026-W33 to 2026-W34." in text_of(test)


def test_rates_are_loaded_and_the_card_says_which_row_holds_today(site: Site) -> None:
    test = site.page("imports")
    text = text_of(test)
    assert "No rate 'order' holds today, for each order. Load it; 0 where it is not charged." in text
    assert "There is no rate yet, so no month can be billed." in text
    upload = test.file_uploader(key="imports_rates_file")
    upload.set_value(("rates.csv", b"rate,amount,effective_from\nparcel,1,2026-01-01\n", "text/csv"))
    press(test, "imports_rates_load")
    assert "line 2: rate: 'parcel' is no rate" in refused(test)
    rows = "order,5,2026-01-01\norder,5.25,2026-09-01\norder,6,2026-10-01\nunit,1,2026-01-01\nmarkup,2.5,2026-01-01\n"
    data = f"rate,amount,effective_from\n{rows}".encode()
    test.file_uploader(key="imports_rates_file").set_value(("rates.csv", data, "text/csv"))
    press(test, "imports_rates_load")
    assert said(test) == "rates.csv: 5 rows read, 5 rates changed."
    card = next(one.value for one in test.dataframe if "effective_from" in one.value.columns)
    assert [tuple(row)[:2] + tuple(row)[3:4] for row in card.to_records(index=False)] == [
        ("order", "6.00", "to come"), ("order", "5.25", "holds"), ("order", "5.00", "held before"),
        ("unit", "1.00", "holds"), ("markup", "2.5 %", "holds"),
    ]  # fmt: skip
    text = text_of(test)
    assert "No rate 'order'" not in text
    assert "No rate 'pallet_day' holds today" in text
    assert "Units per pallet are not known of 17612, 17904, 17914, 18675, 18795" in text
    assert audited(site.house)[1] == ("local admin", "rate loaded", "order from 2026-09-01", None, "5.25")


def test_edits_of_a_table_are_put_upon_its_rows() -> None:
    rows = [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}, {"sku": "c", "n": 3}]
    edits: Edits = {
        "edited_rows": {2: {"n": 30}, "0": {"sku": "A"}},
        "deleted_rows": [1],
        "added_rows": [{"sku": "d", "_index": 3, "is_key": None}, {}],
    }
    assert edited(rows, edits, {"is_key": False}) == [
        {"sku": "A", "n": 1},
        {"sku": "c", "n": 30},
        {"sku": "d", "is_key": False},
        {"is_key": False},
    ]


def test_a_large_catalogue_and_many_files_show(site: Site) -> None:
    house = site.house
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO products (sku, name, is_key, updated_at)
            SELECT CAST(200000 + range AS VARCHAR), 'Product ' || range, range % 2 = 0, $now FROM range(3000)
            """,
            {"now": house.clock.now()},
        )
        con.execute(
            """
            INSERT INTO order_files (content_hash, path, format, size_bytes, orders, counts, run_id, first_read_at)
            SELECT CAST(range AS VARCHAR), '/shop/' || range || '.xml', 'x-cart', 1000, 10, '{"new": 10}', 'r', $now
            FROM range(5000)
            """,
            {"now": house.clock.now()},
        )
    test = site.page("imports")
    assert len(test.dataframe[0].value) == 200
    edit(test, "products", edited_rows={0: {"name": "Rinse, 12"}})
    assert said(test) == "Saved: 1 product changed."


def test_a_sku_that_is_missing_opens_the_tab_where_it_is_added(site: Site) -> None:
    site.house.world.place_shop_order([("19015", 1)])
    site.house.import_shop()
    test = site.page("imports")
    test.button(key="imports_add_product_19015").click().run()
    assert test.session_state["imports_tab"] == "Products"
    assert test.query_params["product"] == "19015"
    test.button(key="imports_add_bundle_19015").click().run()
    assert test.session_state["imports_tab"] == "Bundles"
    assert "19015 is new" in site.text(test)
