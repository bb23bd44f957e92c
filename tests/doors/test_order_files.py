"""Order files on disk: read whole, read as they stand, or refused with a sentence."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from shipsync.doors.order_files import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_RECORDS,
    FileContent,
    OrderFile,
    fetch,
    list_files,
    parse,
    read_file,
)
from shipsync.errors import OrderFileError
from shipsync.rules.order_formats import RawShopOrder

SAMPLES = Path(__file__).parents[1] / "samples"
XCART = SAMPLES / "xcart_orders_example.xml"
CUSTOM_STORE = SAMPLES / "custom_store_orders_example.xml"

SMALL = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<orders><!-- Caf\u00e9 & co --><order><orderid>700015</orderid>'
    "<s_city>Caf\u00e9</s_city><note><![CDATA[a < b]]></note><order_detail><amount>2</amount>"
    "<productid>17612</productid></order_detail></order></orders>\n"
)


def read(data: bytes | str) -> OrderFile:
    data = data.encode() if isinstance(data, str) else data
    return parse(FileContent(Path("orders.xml"), data, hashlib.sha256(data).hexdigest()))


def refused(data: bytes | str) -> OrderFileError:
    with pytest.raises(OrderFileError) as caught:
        read(data)
    assert caught.value.path == "orders.xml"
    return caught.value


def an_order(inside: str) -> RawShopOrder:
    (order,) = read(f"<orders><order>{inside}</order></orders>").orders
    return order


def test_the_xcart_sample_is_read_with_its_duplicates_and_as_it_stands() -> None:
    file = read_file(XCART)
    assert file.format == "x-cart"
    assert file.content_hash == hashlib.sha256(XCART.read_bytes()).hexdigest()
    assert [order.fields["orderid"] for order in file.orders] == ["700015", "700025", "700035", "700045", "700015"]
    assert [order.position for order in file.orders] == [1, 2, 3, 4, 5]
    first, second, third = file.orders[:3]
    assert first.fields["date2"] == "2025-11-20 09:00:00"
    assert first.lines[0] == {
        "orderid": "700015",
        "amount": "2",
        "product": "Case(s) of Sample&trade; Rinse",
        "productid": "17612",
    }
    assert second.fields["s_address"] == "500 Café Road"
    assert second.fields["b_company"] == ""
    assert "amount" not in third.lines[0]
    assert third.lines[1]["productid"] == "18795"


def test_the_custom_store_sample_is_read_by_the_paths_of_its_elements() -> None:
    file = read_file(CUSTOM_STORE)
    assert file.format == "custom-store"
    first = file.orders[0]
    assert first.fields["Customer/ShipTo/Address2"] == "Suite 4"
    assert first.fields["CustomerNotes"] == "Leave at the back door"
    assert [line["SKU"] for line in first.lines] == ["17612", ""]
    assert first.lines[1]["Adjustment"] == "true"


@pytest.mark.parametrize("root", ["orders", "Orders", "harbor_export", "xcart:orders xmlns:xcart='urn:x'"])
def test_the_root_may_have_any_name(root: str) -> None:
    file = read(f"<{root}><order><orderid>1</orderid></order></{root.split()[0]}>")
    assert (file.format, file.orders[0].order_number) == ("x-cart", "1")


def test_a_namespace_makes_no_difference() -> None:
    file = read("<orders xmlns='urn:shop'><order><orderid>1</orderid></order></orders>")
    assert file.orders[0].fields == {"orderid": "1"}


def test_a_text_in_pieces_is_one_text_and_trimmed() -> None:
    order = an_order("<company>\n Harbor <![CDATA[<Family>]]> &amp; <!-- x -->Sons\u00a0</company>")
    assert order.fields == {"company": "Harbor <Family> & Sons"}


def test_an_element_said_twice_counts_as_said_first() -> None:
    assert an_order("<orderid>1</orderid><orderid>2</orderid>").fields == {"orderid": "1"}


def test_an_order_without_lines_and_a_line_without_anything_are_kept() -> None:
    assert an_order("<orderid>1</orderid>").lines == ()
    assert an_order("<order_detail/>").lines == ({},)
    assert an_order("").fields == {}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_file_is_read_in_the_encoding_it_declares(encoding: str) -> None:
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{name}"?><orders><order><s_city>Café</s_city></order></orders>'
    assert read(text.encode(encoding)).orders[0].fields == {"s_city": "Café"}


def test_texts_of_other_scripts_and_emoji_arrive_whole() -> None:
    text = "שלום مرحبا 東京 👩‍⚕️ \u202e"
    assert an_order(f"<s_city>{text}.</s_city>").fields == {"s_city": f"{text}."}


def test_a_thousand_lines_are_one_order() -> None:
    line = "<order_detail><amount>1</amount><productid>17612</productid></order_detail>"
    assert len(an_order("<orderid>1</orderid>" + line * 1000).lines) == 1000


@pytest.mark.parametrize(
    ("text", "format_"), [("<orders/>", "x-cart"), ("<Orders pages='0'></Orders>", "custom-store")]
)
def test_a_dump_of_no_orders_is_an_empty_file(text: str, format_: str) -> None:
    file = read(text)
    assert (file.format, file.orders) == (format_, ())


@pytest.mark.parametrize(
    "text",
    ["<html><body>Sign in</body></html>", "<html/>", "<products><product/></products>", "<orders><ORDER/></orders>"],
)
def test_something_else_than_orders_is_refused_and_never_read_as_no_orders(text: str) -> None:
    error = refused(text)
    assert "holds no orders" in error.reason
    assert not error.incomplete


def test_a_file_of_two_formats_is_refused() -> None:
    assert "two formats" in refused("<orders><order/><Order/></orders>").reason


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def test_a_file_of_a_great_many_empty_elements_is_refused_before_it_fills_the_memory() -> None:
    lines = "<order_detail/>" * (MAX_RECORDS - 1)
    assert "more than 500,000 orders and lines" in refused(f"<orders><order>{lines}</order><order/></orders>").reason


@pytest.mark.parametrize(
    "data",
    [
        f'<!DOCTYPE orders [<!ENTITY l0 "ha">{LAUGHS}]><orders><order><orderid>&l9;</orderid></order></orders>',
        f'<!DOCTYPE o [<!ENTITY a "{"a" * 50_000}">]><o><order><orderid>{"&a;" * 5_000}</orderid></order></o>',
        '<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><o><order><orderid>&x;</orderid></order></o>',
        '<!DOCTYPE o SYSTEM "http://127.0.0.1:9/orders.dtd"><o><order><orderid>1</orderid></order></o>',
        '<!DOCTYPE o [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]><o/>',
        "<!DOCTYPE orders><orders><order><orderid>1</orderid></order></orders>",
    ],
    ids=["billion laughs", "quadratic blow-up", "external entity", "external DTD", "parameter entity", "bare DTD"],
)
def test_a_file_with_a_dtd_is_refused(data: str) -> None:
    error = refused(data)
    assert "has a DTD" in error.reason
    assert not error.incomplete


def test_an_entity_that_nobody_declared_is_refused() -> None:
    assert "not well-formed" in refused("<orders><order><s_city>Caf&eacute;</s_city></order></orders>").reason


def test_an_include_is_text_like_any_other_and_fetches_nothing() -> None:
    order = an_order(
        '<include xmlns="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/><orderid>1</orderid>'
    )
    assert order.fields == {"include": "", "orderid": "1"}


def test_nesting_beyond_the_bound_is_refused() -> None:
    def nested(depth: int) -> str:
        return "<orders><order>" + "<a>" * (depth - 2) + "</a>" * (depth - 2) + "</order></orders>"

    assert len(read(nested(MAX_DEPTH)).orders) == 1
    assert "deeper than" in refused(nested(MAX_DEPTH + 1)).reason
    assert "deeper than" in refused("<a>" * 500_000).reason


@pytest.mark.parametrize(
    "data",
    [
        '<?xml version="1.0" encoding="UTF-8"?><o><order><s_city>Café</s_city></order></o>'.encode("iso-8859-1"),
        '<?xml version="1.0" encoding="UTF-16"?><o><order><s_city>Café</s_city></order></o>'.encode(),
        b'<?xml version="1.0" encoding="klingon"?><o><order/></o>',
        b'<?xml version="1.0" encoding="shift_jis"?><o><order/></o>',
        b"<orders><order><s_city>\x00</s_city></order></orders>",
        b"\xff\xd8\xff\xe0 a picture",
        b"PK\x03\x04 a zip",
        b"orderid,amount\n700015,2\n",
    ],
)
def test_a_wrong_encoding_or_something_that_is_no_xml_is_refused_with_a_sentence(data: bytes) -> None:
    error = refused(data)
    assert error.reason.endswith(".")
    assert not error.incomplete


def test_a_file_cut_at_any_byte_is_incomplete_and_never_half_read() -> None:
    data = SMALL.encode()
    whole = read(data)
    end = data.rindex(b">") + 1
    for length in range(end):
        assert refused(data[:length]).incomplete, data[:length]
    for length in range(end, len(data) + 1):
        assert read(data[:length]).orders == whole.orders


@pytest.mark.parametrize("sample", [XCART, CUSTOM_STORE], ids=lambda path: path.stem)
def test_a_sample_cut_at_any_byte_is_incomplete(sample: Path) -> None:
    data = sample.read_bytes().rstrip()
    for length in range(0, len(data), 7):
        assert refused(data[:length]).incomplete, data[:length][-60:]


def test_a_file_laid_out_before_its_text_arrived_is_incomplete() -> None:
    data = SMALL.encode()
    assert refused(data[:200] + b"\0" * (len(data) - 200)).incomplete


def test_a_mismatched_element_is_wrong_and_not_incomplete() -> None:
    error = refused("<orders><order></orders>")
    assert not error.incomplete
    assert "line 1, column" in error.reason


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "orders.xml"
    path.write_bytes(b"<orders>")
    writes = iter([b"<orders><order>", b"<orders/>"])

    def read_while_somebody_writes(file: Path) -> bytes:
        data = file.read_bytes()
        more = next(writes, None)
        if more is not None:
            file.write_bytes(more)
        return data

    assert fetch(path, read=read_while_somebody_writes).data == b"<orders/>"


def test_a_file_that_never_holds_still_is_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "orders.xml"
    path.write_bytes(b"<orders/>")

    def read_while_somebody_writes(file: Path) -> bytes:
        data = file.read_bytes()
        file.write_bytes(data + b" ")
        return data

    with pytest.raises(OrderFileError) as caught:
        fetch(path, read=read_while_somebody_writes)
    assert caught.value.incomplete


def test_a_file_replaced_by_another_of_the_same_size_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path, new = tmp_path / "orders.xml", tmp_path / "new"
    path.write_bytes(b"<orders/>")
    new.write_bytes(b"<ORDERS/>")

    def read_while_somebody_replaces(file: Path) -> bytes:
        data = file.read_bytes()
        if new.exists():
            new.replace(file)
        return data

    assert fetch(path, read=read_while_somebody_replaces).data == b"<ORDERS/>"


def test_a_file_that_went_away_is_incomplete(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError) as caught:
        fetch(tmp_path / "orders.xml")
    assert caught.value.incomplete


def test_a_file_that_is_too_large_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.xml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    def must_not_read(_: Path) -> bytes:
        raise AssertionError

    with pytest.raises(OrderFileError, match="more than 64,000,000"):
        fetch(path, read=must_not_read)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "orders.xml"
    os.mkfifo(path)
    assert list_files(tmp_path) == []
    with pytest.raises(OrderFileError, match="is not a file"):
        fetch(path)


def test_a_folder_lists_its_xml_files_oldest_first_and_leaves_out_what_is_under_way(tmp_path: Path) -> None:
    for age, name in enumerate(["b.xml", "A.XML", ".hidden.xml", "~lock.xml", "c.xml.part", "notes.txt"]):
        (tmp_path / name).write_text("<orders/>")
        os.utime(tmp_path / name, ns=(0, 1_000_000_000 * (100 - age)))
    (tmp_path / "folder.xml").mkdir()
    (tmp_path / "broken.xml").symlink_to("nothing")
    seen = list_files(tmp_path)
    assert [file.path.name for file in seen] == ["A.XML", "b.xml"]
    assert (seen[1].size, seen[1].modified_ns) == (9, 100_000_000_000)


def test_one_file_may_be_named_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_text("<orders/>")
    assert [file.path for file in list_files(path)] == [path]


def test_a_folder_that_is_not_there_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="no such file or directory"):
        list_files(tmp_path / "nowhere")
