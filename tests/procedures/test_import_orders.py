"""Import of order files: everything once, nothing lost, nothing rewritten that is on its way."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shipsync.errors import LockLost, OrderFileError
from shipsync.procedures.cleanup import PROCEDURE as CLEANUP
from shipsync.procedures.import_orders import PROCEDURE as IMPORT
from shipsync.procedures.load import load_text
from shipsync.rules.catalogue import DEFAULT_CATALOGUE
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World
from shipsync.store import quarantine
from shipsync.store.db import Database
from tests.procedures.shop_side import NOW, ZONE, a_database, an_order, ordered, run, set_status, tables, write_dump

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def counts(db: Database, folder: Path, **more: datetime) -> dict[str, int]:
    return run(IMPORT, db, folder=folder, **more)[0].counts


def held(db: Database, kind: str = "shop_order") -> dict[str, str]:
    """What is open in quarantine: reason by identity."""
    return {one.entry.entity_id: one.entry.reason for one in quarantine.open_entries(db.read(), [kind])}


def load(db: Database, what: str, text: str) -> None:
    with db.transaction() as con:
        load_text(con, what, text, path="f.csv", by="test", zone=ZONE, now=NOW)


def test_the_xcart_sample_goes_in_to_the_field(db: Database) -> None:
    work, lines = run(IMPORT, db, path=str(SAMPLES / "xcart_orders_example.xml"))
    assert work.counts == {"files read": 1, "new": 3, "skipped: no_key_sku": 1, "superseded": 1}
    assert ordered(db) == {"700015": {"17612": 3}, "700025": {"17612": 16}, "700035": {"18675": 1, "18795": 4}}
    assert held(db) == {}
    row = db.read().row(
        """
        SELECT order_key, source_system, status, ordered_at, customer_ref, email, requested_service, shipping_paid,
               ship_name, ship_company, ship_street1, ship_country, bill_phone, shipstation_order_id, claimed_by,
               upload_attempts, created_at, updated_at
        FROM orders_inbox
        WHERE order_number = '700035'
        """
    )
    assert row == (
        "shipsync:X-Cart:700035",
        "X-Cart",
        "pending",
        datetime(2025, 11, 20, 17, tzinfo=UTC),
        "C3003",
        "frontdesk@nord.example.com",
        "Standard Flat Rate Ground",
        Decimal("34.50"),
        "Alex Muster",
        "Nord Practice",
        "77 Sample Avenue",
        "CA",
        "555-0102",
        None,
        None,
        0,
        NOW,
        NOW,
    )
    assert any("Order 700045 holds no key product" in line for line in lines)


def test_what_did_not_go_in_is_listed_with_its_file(db: Database) -> None:
    run(IMPORT, db, path=str(SAMPLES / "xcart_orders_example.xml"))
    (kept,) = db.read().rows("SELECT format, orders, counts, run_id FROM order_files")
    assert kept[:2] == ("x-cart", 5)
    assert kept[3] == "xml-import.1"
    assert json.loads(kept[2])["skipped orders"] == {"no_key_sku": ["700045"]}


def test_a_custom_store_file_goes_in_and_agrees_on_the_orders_key(db: Database) -> None:
    work, _ = run(IMPORT, db, path=str(SAMPLES / "custom_store_orders_example.xml"))
    assert work.counts == {"files read": 1, "new": 2}
    assert ordered(db) == {"700015": {"17612": 2}, "700035": {"18675": 1}}
    prices = db.read().rows("SELECT unit_price FROM order_items_inbox ORDER BY order_number")
    assert prices == [(Decimal("105.00"),), (Decimal("100.00"),)]


def test_an_unchanged_file_is_skipped_and_a_changed_one_read(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order())
    assert counts(db, tmp_path) == {"files read": 1, "new": 1}
    before = tables(db)
    assert counts(db, tmp_path, now=NOW + timedelta(minutes=5)) == {"files unchanged": 1}
    assert tables(db) == before
    write_dump(tmp_path, an_order(), an_order("700025"))
    assert counts(db, tmp_path, now=NOW + timedelta(minutes=10)) == {"files read": 1, "unchanged": 1, "new": 1}


def test_a_pending_order_follows_the_shop(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order("700015", ("17612", "2"), ("17904", "1")))
    counts(db, tmp_path)
    write_dump(tmp_path, an_order("700015", ("17904", "5"), s_city="Austin"))
    later = NOW + timedelta(minutes=5)
    assert counts(db, tmp_path, now=later) == {"files read": 1, "updated": 1}
    assert ordered(db) == {"700015": {"17904": 5}}
    row = db.read().row("SELECT ship_city, created_at, updated_at FROM orders_inbox")
    assert row == ("Austin", NOW, later)


def test_a_content_that_comes_back_is_read_again(db: Database, tmp_path: Path) -> None:
    for minute, amount in enumerate(("2", "3", "2")):
        write_dump(tmp_path, an_order("700015", ("17612", amount)))
        counts(db, tmp_path, now=NOW + timedelta(minutes=minute))
    assert ordered(db) == {"700015": {"17612": 2}}


def test_a_copy_under_another_name_is_not_read_twice(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    write_dump(tmp_path, an_order(), name="copy.xml")
    assert counts(db, tmp_path) == {"files unchanged": 2}


@pytest.mark.parametrize("status", ["uploaded", "awaiting_payment", "awaiting_shipment", "on_hold"])
def test_an_order_at_shipstation_is_never_rewritten_and_its_change_is_shown(
    db: Database, tmp_path: Path, status: str
) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    set_status(db, "700015", status, shipstation_order_id=5_000_000_001)
    before = tables(db)
    write_dump(tmp_path, an_order("700015", ("17612", "9")), an_order("700025"))
    later = NOW + timedelta(minutes=5)
    assert counts(db, tmp_path, now=later) == {"files read": 1, "frozen": 1, "new": 1}
    assert ordered(db)["700015"] == {"17612": 2}
    assert [row for row in tables(db)["orders_inbox"] if row[1] == "700015"] == before["orders_inbox"]
    assert held(db, "shop_change") == {"700015": "changed_after_upload"}

    set_status(db, "700015", "shipped")
    assert counts(db, tmp_path, now=later) == {"files unchanged": 1}
    assert held(db, "shop_change") == {}


def test_a_change_that_the_shop_takes_back_is_no_longer_shown(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    set_status(db, "700015", "uploaded")
    for amount, shown in (("9", {"700015": "changed_after_upload"}), ("2", {})):
        write_dump(tmp_path, an_order("700015", ("17612", amount)))
        counts(db, tmp_path)
        assert held(db, "shop_change") == shown


@pytest.mark.parametrize("status", ["shipped", "cancelled"])
def test_a_closed_order_is_not_revived_by_a_re_read(db: Database, tmp_path: Path, status: str) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    set_status(db, "700015", status)
    write_dump(tmp_path, an_order("700015", ("17612", "9")))
    assert counts(db, tmp_path) == {"files read": 1, "frozen": 1}
    assert db.read().rows("SELECT status FROM orders_inbox") == [(status,)]
    assert ordered(db) == {"700015": {"17612": 2}}
    assert held(db, "shop_change") == {}


def test_an_order_that_was_cleaned_up_is_not_revived_by_a_re_read(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    set_status(db, "700015", "shipped")
    later = NOW + timedelta(days=61)
    run(CLEANUP, db, now=later)
    write_dump(tmp_path, an_order("700015", ("17612", "9")), an_order("700025"))
    assert counts(db, tmp_path, now=later) == {"files read": 1, "new": 1, "tombstoned": 1}
    assert ordered(db) == {"700025": {"17612": 2}}


@pytest.mark.parametrize("columns", [{"claimed_by": "shipstation-upload.1", "claimed_at": NOW}, {"claimed_at": NOW}])
def test_a_change_of_an_order_that_may_be_on_its_way_up_waits_and_is_not_lost(
    db: Database, tmp_path: Path, columns: dict[str, object]
) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    set_status(db, "700015", "pending", **columns)
    write_dump(tmp_path, an_order("700015", ("17612", "9")))
    assert counts(db, tmp_path) == {"files read": 1, "later": 1}
    assert ordered(db) == {"700015": {"17612": 2}}
    assert held(db, "shop_change") == {}
    set_status(db, "700015", "pending", claimed_by=None, claimed_at=None)
    assert counts(db, tmp_path) == {"files read": 1, "updated": 1}
    assert ordered(db) == {"700015": {"17612": 9}}


def test_a_correction_in_the_shop_gets_a_refused_order_going_again(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order())
    counts(db, tmp_path)
    set_status(db, "700015", "failed", upload_attempts=5, upload_error="Postal Code must be provided.")
    write_dump(tmp_path, an_order(s_zipcode="55802"))
    assert counts(db, tmp_path) == {"files read": 1, "updated": 1}
    row = db.read().row("SELECT status, upload_attempts, upload_error, ship_postal_code FROM orders_inbox")
    assert row == ("pending", 0, None, "55802")


def test_an_unknown_bundle_holds_the_whole_order_until_the_bundle_is_loaded(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order("700015", ("17612", "1"), ("18300", "2")), an_order("700025"))
    assert counts(db, tmp_path) == {"files read": 1, "new": 1, "quarantined: unknown_sku": 1}
    assert ordered(db) == {"700025": {"17612": 2}}
    assert held(db) == {"700015": "unknown_sku"}

    again = {"held, tried again": 1}
    later = NOW + timedelta(minutes=5)
    assert counts(db, tmp_path, now=later) == {"files unchanged": 1, "quarantined: unknown_sku": 1, **again}
    (entry,) = quarantine.open_entries(db.read(), ["shop_order"])
    assert entry.tries == 2
    assert "18300" in entry.entry.detail

    load(db, "bundles", "bundle_sku,component_sku,quantity\n18300,17612,12\n")
    (tmp_path / "orders.xml").unlink()  # it has rolled out of the dump meanwhile
    assert counts(db, tmp_path) == {"new": 1, **again}
    assert ordered(db)["700015"] == {"17612": 25}
    assert held(db) == {}
    assert counts(db, tmp_path) == {}


def test_a_product_that_becomes_a_key_product_brings_in_the_orders_skipped_for_it(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order("700045", ("18901", "10")))
    assert counts(db, tmp_path) == {"files read": 1, "skipped: no_key_sku": 1}
    load(db, "products", "sku,name,is_key\n18901,Printed leaflets,yes\n")
    assert counts(db, tmp_path) == {"files read": 1, "new": 1}
    assert ordered(db) == {"700045": {"18901": 10}}


def test_a_held_order_that_the_shop_mends_goes_in(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order("700015", ("17612", "two")))
    counts(db, tmp_path)
    assert held(db) == {"700015": "bad_line"}
    write_dump(tmp_path, an_order("700015", ("17612", "2")))
    assert counts(db, tmp_path) == {"files read": 1, "new": 1}
    assert held(db) == {}


def test_orders_without_a_number_are_all_held(db: Database, tmp_path: Path) -> None:
    nameless = [an_order("", s_city=city) for city in ("Duluth", "Austin", "Austin")]
    write_dump(tmp_path, *nameless)
    assert counts(db, tmp_path)["quarantined: no_order_number"] == 3
    assert list(held(db).values()) == ["no_order_number"] * 2  # what says the same is the same


def test_of_two_records_of_one_order_the_last_counts_even_when_it_is_bad(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, an_order(), an_order("700015", ("99999", "1")))
    assert counts(db, tmp_path) == {"files read": 1, "superseded": 1, "quarantined: unknown_sku": 1}
    assert ordered(db) == {}


def test_the_newest_of_several_files_has_the_last_word(db: Database, tmp_path: Path) -> None:
    new = write_dump(tmp_path, an_order("700015", ("17612", "3")), name="a.xml")
    old = write_dump(tmp_path, an_order("700015", ("17612", "2")), name="b.xml")
    os.utime(new, ns=(0, 2_000))
    os.utime(old, ns=(0, 1_000))
    assert counts(db, tmp_path) == {"files read": 2, "new": 1, "updated": 1}
    assert ordered(db) == {"700015": {"17612": 3}}


def test_a_file_still_being_written_waits_while_the_others_go_in(db: Database, tmp_path: Path) -> None:
    path = write_dump(tmp_path, an_order(), an_order("700025"), name="a.xml")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    write_dump(tmp_path, an_order("700035"), name="b.xml")
    assert counts(db, tmp_path) == {"files incomplete": 1, "files read": 1, "new": 1}
    assert held(db, "order_file") == {str(path): "incomplete"}
    path.write_bytes(whole)
    assert counts(db, tmp_path) == {"files read": 1, "files unchanged": 1, "new": 2}
    assert held(db, "order_file") == {}


def test_a_refused_file_is_shown_until_it_is_gone(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.xml"
    path.write_text("<!DOCTYPE orders><orders/>")
    work, lines = run(IMPORT, db, folder=tmp_path)
    assert work.counts == {"files refused": 1}
    assert held(db, "order_file") == {str(path): "unreadable"}
    assert any("DTD" in line for line in lines)
    path.unlink()
    counts(db, tmp_path)
    assert held(db, "order_file") == {}


def test_one_file_asked_for_by_name_that_cannot_be_read_fails_the_job(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.xml"
    path.write_text("not xml")
    with pytest.raises(OrderFileError):
        run(IMPORT, db, path=str(path))
    with pytest.raises(OrderFileError, match="no such file"):
        run(IMPORT, db, path=str(tmp_path / "nowhere.xml"))


def test_a_folder_that_is_not_there_fails_the_job(db: Database, tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="no such file"):
        run(IMPORT, db, folder=tmp_path / "unmounted")


def test_without_a_folder_there_is_nothing_to_do(db: Database) -> None:
    work, lines = run(IMPORT, db)
    assert work.counts == {}
    assert "SHIPSYNC_ORDER_FILES" in lines[0]


def test_a_number_that_a_manual_order_has_too_is_shown_and_both_are_kept(db: Database, tmp_path: Path) -> None:
    with db.transaction() as con:
        con.execute(
            """
            INSERT INTO orders_inbox (order_key, order_number, source_system, status, created_at, updated_at)
            VALUES ('shipstation:7', '100015', 'ShipStation Manual', 'shipped', $now, $now)
            """,
            {"now": NOW},
        )
    write_dump(tmp_path, an_order("100015"))
    assert counts(db, tmp_path) == {"files read": 1, "new": 1}
    assert held(db, "conflict") == {"shipsync:X-Cart:100015": "new_shop_shared_number"}
    assert db.read().value("SELECT count(*) FROM orders_inbox") == 2


@pytest.mark.parametrize("checks", [0, 1])
def test_a_run_that_loses_its_lock_at_any_transaction_leaves_whole_files_and_the_next_run_ends_alike(
    db: Database, tmp_path: Path, checks: int
) -> None:
    write_dump(tmp_path, an_order("700015", ("99999", "1")), an_order("700025"), name="a.xml")
    write_dump(tmp_path, an_order("700035"), an_order("700045", ("18235", "1")), name="b.xml")
    run(IMPORT, db, folder=tmp_path)
    load(db, "bundles", "bundle_sku,component_sku,quantity\n99999,17612,1\n")
    with a_database() as other:
        with pytest.raises(LockLost):
            run(IMPORT, other, folder=tmp_path, checks=checks)
        whole_files = other.read().value("SELECT count(*) FROM order_files")
        assert whole_files == checks
        assert len(ordered(other)) == checks
        run(IMPORT, other, folder=tmp_path)
        load(other, "bundles", "bundle_sku,component_sku,quantity\n99999,17612,1\n")
        run(IMPORT, db, folder=tmp_path)
        run(IMPORT, other, folder=tmp_path)
        assert tables(other) == tables(db)
        assert len(ordered(db)) == 4


def test_a_retry_that_loses_its_lock_leaves_the_order_held_for_the_next_run(db: Database, tmp_path: Path) -> None:
    path = write_dump(tmp_path, an_order("700015", ("99999", "1")))
    counts(db, tmp_path)
    load(db, "bundles", "bundle_sku,component_sku,quantity\n99999,17612,1\n")
    path.unlink()
    before = tables(db)
    with pytest.raises(LockLost):
        run(IMPORT, db, folder=tmp_path, checks=0)
    assert tables(db) == before
    assert counts(db, tmp_path) == {"new": 1, "held, tried again": 1}
    assert ordered(db) == {"700015": {"17612": 1}}


def test_texts_of_other_scripts_and_emoji_and_a_thousand_lines_are_kept(db: Database, tmp_path: Path) -> None:
    name = "שלום 👩‍⚕️ Café <b>&'\"; DROP TABLE orders_inbox; --"
    write_dump(tmp_path, an_order("700015", *[("17612", "1")] * 1000, s_firstname=name, s_lastname=""))
    counts(db, tmp_path)
    assert db.read().value("SELECT ship_name FROM orders_inbox") == name
    assert ordered(db) == {"700015": {"17612": 1000}}


def test_a_dump_of_ten_thousand_orders_goes_in_at_once(db: Database, tmp_path: Path) -> None:
    write_dump(tmp_path, *(an_order(str(700_000 + number)) for number in range(10_000)))
    assert counts(db, tmp_path) == {"files read": 1, "new": 10_000}
    assert db.read().value("SELECT sum(quantity) FROM order_items_inbox") == 20_000


def meant(lines: Iterable[tuple[str, int | None]]) -> dict[str, int] | None:
    """The units of key products that an order's lines mean; None when one names a SKU nobody knows."""
    units: Counter[str] = Counter()
    for sku, told in lines:
        amount = 1 if told is None else told
        parts = DEFAULT_CATALOGUE.bundles.get(sku)
        product = DEFAULT_CATALOGUE.products.get(sku)
        if parts is None and product is None:
            return None
        if product is not None and product.is_key:
            units[sku] += amount
        for part in parts or ():
            units[part.component_sku] += amount * part.quantity
    return dict(units)


def test_days_of_the_sandboxs_shop_go_in_as_the_shop_meant_them(db: Database, tmp_path: Path) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    world = World(seed=7, start=start, orders_per_day=60)
    feed = ShopFeed(world, tmp_path)
    for hours in range(0, 24 * 4, 4):
        now = start + timedelta(hours=hours)
        world.advance_to(now)
        feed.write(half=hours % 12 == 4)
        run(IMPORT, db, folder=tmp_path, now=now)
    feed.write()
    run(IMPORT, db, folder=tmp_path, now=now + timedelta(minutes=5))
    expected = {number: meant(lines) for number, lines in world.truth().shop.items()}
    assert ordered(db) == {number: units for number, units in expected.items() if units}
    assert set(held(db)) == {number for number, units in expected.items() if units is None}
    assert len(expected) > 100
    assert held(db, "order_file") == {}
