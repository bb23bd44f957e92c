"""The dry run of an order file: the same decisions as the import right after it, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shipsync.doors.order_files import FileContent, content_of, fetch, keep
from shipsync.errors import OrderFileError
from shipsync.procedures.import_orders import PROCEDURE as IMPORT
from shipsync.procedures.import_orders import FilePreview, preview
from shipsync.procedures.load import load_text
from shipsync.sandbox.shop import ShopFeed
from shipsync.sandbox.world import World
from shipsync.store.db import Database
from tests.procedures.shop_side import NOW, ZONE, a_database, an_order, run, set_status, tables, write_dump

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def db() -> Iterator[Database]:
    with a_database() as database:
        yield database


def look(db: Database, content: FileContent) -> FilePreview:
    """A preview that is seen to write nothing."""
    before, version = tables(db), db.data_version
    seen = preview(db.read(), content)
    assert tables(db) == before
    assert db.data_version == version
    return seen


def take(db: Database, path: Path, now: datetime = NOW) -> dict[str, int]:
    return run(IMPORT, db, path=str(path), now=now)[0].counts


def agree(db: Database, path: Path, now: datetime = NOW) -> FilePreview:
    """Preview a file, import it, and see that both count the same."""
    seen = look(db, fetch(path))
    assert dict(seen.figures) == take(db, path, now)
    return seen


def fates(seen: FilePreview) -> dict[str | None, str]:
    return {order.order_number: order.fate for order in seen.orders if order.fate != "superseded"}


@pytest.mark.parametrize("name", ["xcart_orders_example.xml", "custom_store_orders_example.xml"])
def test_a_sample_becomes_what_its_preview_said(db: Database, name: str) -> None:
    assert agree(db, SAMPLES / name).count("new") in (2, 3)


def test_every_fate_is_told_with_its_reason_and_met(db: Database, tmp_path: Path) -> None:
    numbers = {"700001": "failed", "700002": "pending", "700003": "awaiting_shipment", "700004": "shipped"}
    write_dump(tmp_path, *(an_order(number) for number in (*numbers, "700005", "700006", "700007")))
    take(db, tmp_path / "orders.xml")
    for number, status in numbers.items():
        set_status(db, number, status)
    set_status(db, "700006", "pending", claimed_by="shipstation-upload.9", claimed_at=NOW)
    with db.transaction() as con:
        con.execute(
            """
            INSERT INTO tombstones (source_system, order_number, order_key, last_status, removed_at)
            VALUES ('X-Cart', '700008', 'shipsync:X-Cart:700008', 'shipped', $now)
            """,
            {"now": NOW},
        )
    changed = [an_order(number, ("17612", "9")) for number in (*numbers, "700006", "700008")]
    path = write_dump(
        tmp_path,
        an_order("700009", ("17612", "1")),
        *changed,
        an_order("700005"),
        an_order("700007", ("18855", "1")),  # waited to go up, and now names what nobody knows
        an_order("700009", ("17904", "3")),
        an_order("700010", ("18901", "1")),
        an_order("", ("17612", "1")),
    )
    seen = agree(db, path, NOW + timedelta(hours=1))
    assert fates(seen) == {
        "700001": "updated",
        "700002": "updated",
        "700003": "kept",
        "700004": "closed",
        "700005": "unchanged",
        "700006": "later",
        "700007": "held",
        "700008": "closed",
        "700009": "new",
        "700010": "skipped",
        None: "held",
    }
    assert seen.count("superseded") == 1
    assert seen.withdrawn == ("700007",)
    assert [order.position for order in seen.orders] == list(range(1, len(seen.orders) + 1))
    by_number = {order.order_number: order for order in seen.orders if order.fate != "superseded"}
    assert by_number["700009"].lines == "3 x 17904"
    assert by_number["700009"].ship_to == "Robin Sample"
    assert "Neither a product nor a bundle: 18855" in by_number["700007"].why
    assert by_number["700003"].why == "It changed in the shop, but ours is awaiting shipment already."


def test_days_of_the_sandboxs_shop_become_what_their_previews_said(db: Database, tmp_path: Path) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    world = World(seed=7, start=start, orders_per_day=60)
    feed = ShopFeed(world, tmp_path / "shop")
    for hours in range(8, 24 * 3, 8):
        now = start + timedelta(hours=hours)
        world.advance_to(now)
        feed.write()
        (path,) = (tmp_path / "shop").glob("*.xml")
        seen = look(db, fetch(path))
        work, _ = run(IMPORT, db, path=str(path), now=now)
        # What was held before is tried again in a step of its own, which no file's preview speaks of.
        assert work.results["held"]["taken"] == 0
        assert {name: count for name, count in work.counts.items() if not name.startswith("quarantined")} == {
            name: count for name, count in seen.figures.items() if not name.startswith("quarantined")
        }
        assert len(work.results["files"]["held"]) == seen.count("held")


def test_a_file_that_was_taken_says_when_and_that_it_would_be_skipped(db: Database, tmp_path: Path) -> None:
    path = write_dump(tmp_path, an_order())
    content = content_of(tmp_path / "imports", "orders.xml", path.read_bytes())
    assert look(db, content).taken is None
    take(db, path)
    seen = look(db, content)
    assert seen.taken is not None
    assert (seen.taken.read_at, seen.taken.path, seen.is_taken) == (NOW, str(path), True)
    keep(content)
    assert take(db, content.path) == {"files unchanged": 1}


def test_a_file_is_worth_taking_again_once_the_catalogue_has_changed(db: Database, tmp_path: Path) -> None:
    content = content_of(tmp_path, "orders.xml", f"<orders>{an_order('700015', ('99999', '1'))}</orders>".encode())
    keep(content)
    take(db, content.path)
    with db.transaction() as con:
        text = "bundle_sku,component_sku,quantity\n99999,17612,1\n"
        load_text(con, "bundles", text, path="b", by="test", zone=ZONE, now=NOW)
    seen = look(db, content)
    assert seen.taken is not None
    assert not seen.is_taken
    assert dict(seen.figures) == take(db, content.path, NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty."),
        (b"<orders><order><orderid>700015</orderid>", "ends too early"),
        (b"order;date\n700015;2026-03-03\n", "is not well-formed XML"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is not well-formed XML"),
        (b'<?xml version="1.0" encoding="UTF-8"?><orders><order><orderid>Caf\xe9</orderid></order></orders>',
         "in another encoding than it says"),
        (b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><orders>&c;</orders>', "has a DTD"),
        (b"<html><body>Please sign in</body></html>", "holds no orders"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(
    db: Database, tmp_path: Path, data: bytes, sentence: str
) -> None:
    with pytest.raises(OrderFileError) as caught:
        preview(db.read(), content_of(tmp_path, "orders.xml", data))
    assert sentence in caught.value.reason


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="more than 64,000,000 are not read"):
        content_of(tmp_path, "orders.xml", b"<" + b" " * 64_000_000)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("orders.xml", "-orders.xml"),
        ("../../etc/passwd", "-passwd.xml"),
        ("Bestellungen März (2).XML", "-Bestellungen-M-rz-2.xml"),
        ("..", "-orders.xml"),
        ("x" * 300, "-" + "x" * 60 + ".xml"),
    ],
)
def test_a_file_is_kept_under_a_safe_name_in_its_folder(tmp_path: Path, name: str, kept: str) -> None:
    content = content_of(tmp_path / "imports", name, b"<orders/>")
    keep(content)
    (path,) = (tmp_path / "imports").iterdir()
    assert path.name == content.content_hash[:12] + kept
    assert path.read_bytes() == b"<orders/>"


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "imports").write_text("a file where the folder should be")
    with pytest.raises(OrderFileError, match="cannot be written"):
        keep(content_of(tmp_path / "imports", "orders.xml", b"<orders/>"))
