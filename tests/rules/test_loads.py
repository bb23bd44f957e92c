"""CSV files that a person loads: all of it, or nothing and every bad line named."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.charges import Rate
from shipsync.rules.ledger import NO_LOT, OPENING, Movement
from shipsync.rules.loads import (
    MAX_PROBLEMS,
    History,
    read_bundles,
    read_opening_stock,
    read_products,
    read_rates,
    read_weekly_history,
)
from shipsync.rules.weeks import WeekUnits

PRODUCTS_HEADER = "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n"
BUNDLES_HEADER = "bundle_sku,component_sku,quantity\n"
STOCK_HEADER = "sku,lot,quantity,as_of\n"
HISTORY_HEADER = "start_date,end_date,sku,quantity_shipped\n"
SKUS = ("17612", "17904", "BRUSH")
PACIFIC = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)  # Thursday 12:00 in the warehouse


def products(rows: str, **known: list[str]) -> list[Product]:
    return read_products(PRODUCTS_HEADER + rows, path="products.csv", bundle_skus=known.get("bundle_skus", ()))


def bundles(rows: str, bundle_skus: tuple[str, ...] = ()) -> list[BundlePart]:
    return read_bundles(
        BUNDLES_HEADER + rows, path="b.csv", product_skus=("17612", "17904", "18901"), bundle_skus=bundle_skus
    )


def problems_of_products(rows: str, **known: list[str]) -> tuple[str, ...]:
    with pytest.raises(LoadError) as caught:
        products(rows, **known)
    return caught.value.problems


def problems_of_bundles(rows: str, bundle_skus: tuple[str, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(LoadError) as caught:
        bundles(rows, bundle_skus)
    return caught.value.problems


def stock(rows: str, counted: Collection[tuple[str, str, datetime]] = (), now: datetime = NOW) -> list[Movement]:
    return read_opening_stock(
        STOCK_HEADER + rows, path="/srv/stock.csv", product_skus=SKUS, counted=counted, zone=PACIFIC, now=now
    )


def problems_of_stock(rows: str, **known: Collection[tuple[str, str, datetime]]) -> tuple[str, ...]:
    with pytest.raises(LoadError) as caught:
        stock(rows, **known)
    return caught.value.problems


def history(rows: str, covered_since: date | None = None) -> History:
    return read_weekly_history(
        HISTORY_HEADER + rows, path="h.csv", product_skus=SKUS, covered_since=covered_since, today=date(2026, 11, 26)
    )


def problems_of_history(rows: str, covered_since: date | None = None) -> tuple[str, ...]:
    with pytest.raises(LoadError) as caught:
        history(rows, covered_since)
    return caught.value.problems


def test_products_are_read_with_what_is_empty_unknown() -> None:
    assert products("17612,Rinse,yes,48,42,2000\n18901,Printed leaflets,no,,,\n") == [
        Product("17612", "Rinse", is_key=True, units_per_pallet=48, lead_time_days=42, reorder_point=2000),
        Product("18901", "Printed leaflets", is_key=False),
    ]


def test_a_product_may_have_a_tolerance_for_its_count() -> None:
    header = PRODUCTS_HEADER.replace("\n", ",count_tolerance\n")
    text = header + "17612,Rinse,yes,48,42,2000,6\n17904,Travel,yes,,,,0\n17914,Family,yes,,,,\n"
    assert [one.count_tolerance for one in read_products(text, path="p.csv")] == [6, 0, None]
    with pytest.raises(LoadError, match="line 2: count_tolerance: '-1' is not a whole number from 0 up"):
        read_products(header + "17612,Rinse,yes,,,,-1\n", path="p.csv")


def test_a_spreadsheets_way_of_writing_csv_is_read() -> None:
    text = '\ufeffSKU,Name,is_key\r\n17612,"Rinse, case ""Café""",TRUE\r\n\r\n ,,\r\n17904,"two\r\nlines",0\r\n'
    assert read_products(text, path="p.csv") == [
        Product("17612", 'Rinse, case "Café"', is_key=True),
        Product("17904", "two lines", is_key=False),
    ]


def test_columns_may_stand_in_any_order() -> None:
    text = "quantity,component_sku,bundle_sku\n15,17612,18235\n"
    assert read_bundles(text, path="b.csv", product_skus=("17612",)) == [BundlePart("18235", "17612", 15)]


def test_every_bad_line_is_named_and_nothing_is_kept() -> None:
    rows = (
        "17612,Rinse,yes,48,42,2000\n"
        "17904,,perhaps,0,-1,many\n"
        "17612,Rinse again,no,,,\n"
        "=cmd(),Formula,no,,,\n"
        "18235,A bundle,no,,,\n"
        "17914,short\n"
    )
    assert problems_of_products(rows, bundle_skus=["18235"]) == (
        "line 3: is_key: 'perhaps' is neither yes nor no (yes, true, 1, no, false, 0).",
        "line 3: lead_time_days: '-1' is not a whole number from 0 up.",
        "line 3: name: is empty.",
        "line 3: reorder_point: 'many' is not a whole number from 0 up.",
        "line 3: units_per_pallet: '0' is not a whole number from 1 up.",
        "line 4: sku: 17612 is there twice.",
        "line 5: sku: '=cmd()' is not a SKU (letters, digits, . _ / -, at most 50).",
        "line 6: sku: 18235 is a bundle; a SKU cannot be both.",
        "line 7: has 2 cells instead of 6.",
    )


def test_an_unknown_column_is_an_error_with_a_hint() -> None:
    with pytest.raises(LoadError) as caught:
        read_products("sku,name,is_kee,colour\n17612,Rinse,yes,red\n", path="p.csv")
    assert caught.value.problems == (
        "line 1: column is_key is missing.",
        "line 1: there is no column 'colour'; the columns are "
        "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point,count_tolerance.",
        "line 1: there is no column 'is_kee'; did you mean is_key?",
    )


def test_a_column_named_twice_is_an_error() -> None:
    with pytest.raises(LoadError, match="column sku is there twice"):
        read_products("sku,sku,name,is_key\n1,2,3,yes\n", path="p.csv")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: the header is missing: the columns are bundle_sku,component_sku,quantity."),
        (BUNDLES_HEADER, "line 1: the file holds no rows."),
        (BUNDLES_HEADER + '18235,"17612,15\n', "line 2: cannot be read: unexpected end of data."),
    ],
)
def test_a_file_without_rows_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(LoadError) as caught:
        read_bundles(text, path="b.csv", product_skus=())
    assert problem in caught.value.problems


def test_a_line_number_is_that_of_an_editor_behind_a_quoted_line_break() -> None:
    assert problems_of_products('17612,"two\nlines",yes,,,\n17904,,yes,,,\n') == ("line 4: name: is empty.",)


def test_bundles_are_read() -> None:
    assert bundles("18275,17612,4\n18275,17904,1\n18235,17612,15\n") == [
        BundlePart("18275", "17612", 4),
        BundlePart("18275", "17904", 1),
        BundlePart("18235", "17612", 15),
    ]


def test_a_bundle_of_unknown_or_nested_parts_is_refused_line_by_line() -> None:
    rows = "18235,17612,15\n18300,18235,2\n18301,18245,2\n18302,99999,1\n17904,17612,1\n18303,17612,0\n18235,17612,3\n"
    assert problems_of_bundles(rows, bundle_skus=("18245",)) == (
        "line 3: component_sku: 18235 is a bundle; a bundle holds products only.",
        "line 4: component_sku: 18245 is a bundle; a bundle holds products only.",
        "line 5: component_sku: 99999 is not a product. Add the product first.",
        "line 6: bundle_sku: 17904 is a product; a SKU cannot be both.",
        "line 7: quantity: '0' is not a whole number from 1 up.",
        "line 8: component_sku: 17612 stands in bundle 18235 twice.",
    )


def test_a_bundle_that_holds_itself_is_refused() -> None:
    assert problems_of_bundles("18300,18300,1\n") == (
        "line 2: component_sku: 18300 is a bundle; a bundle holds products only.",
    )


def test_very_many_bad_lines_are_counted_instead_of_listed() -> None:
    problems = problems_of_products("17612,,yes,,,\n" * (MAX_PROBLEMS * 2))
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].startswith("and ")


def test_opening_stock_becomes_counts_at_the_close_of_a_day_or_at_a_time() -> None:
    assert stock("17612,250237,1200,2026-11-25\n17612,,40,2026-11-25\nBRUSH,,0,2026-11-26 07:30\n") == [
        Movement("count", "17612", "250237", 1200, datetime(2026, 11, 26, 7, 59, 59, 999_999, tzinfo=UTC),
                 date(2026, 11, 25), reason_code=OPENING, reference="stock.csv"),
        Movement("count", "17612", NO_LOT, 40, datetime(2026, 11, 26, 7, 59, 59, 999_999, tzinfo=UTC),
                 date(2026, 11, 25), reason_code=OPENING, reference="stock.csv"),
        Movement("count", "BRUSH", NO_LOT, 0, datetime(2026, 11, 26, 15, 30, tzinfo=UTC),
                 date(2026, 11, 26), reason_code=OPENING, reference="stock.csv"),
    ]  # fmt: skip


def test_a_lot_of_opening_stock_may_be_copied_from_the_carton() -> None:
    assert [one.lot for one in stock("17612,17612 - 250237,1,2026-11-25\n17612,25023,1,2026-11-25\n")] == [
        "250237",
        "25023",
    ]


def test_the_close_of_a_day_lies_in_it_whatever_the_clock_does() -> None:
    one, other = stock("17612,,1,2026-03-08\n17612,,1,2026-11-01\n")
    assert one.moved_at == datetime(2026, 3, 9, 7, 0, tzinfo=UTC) - timedelta(microseconds=1)
    assert other.moved_at == datetime(2026, 11, 2, 8, 0, tzinfo=UTC) - timedelta(microseconds=1)
    assert [one.business_date, other.business_date] == [date(2026, 3, 8), date(2026, 11, 1)]


def test_every_bad_line_of_opening_stock_is_named() -> None:
    rows = (
        "17612,250237,1200,2026-11-25\n"
        "99999,,1,2026-11-25\n"
        "17612,6,1,2026-11-25\n"
        "BRUSH,250237,1,2026-11-25\n"
        "17612,,-1,2026-11-25\n"
        "17612,,1.5,2026-11-25\n"
        "17612,250237,3,2026-11-25\n"
        "17612,,1,11/25/2026\n"
        "17612,,1,2026-02-30\n"
        "17612,,1,2026-11-26\n"
        "17612,,1,2026-11-26 12:01\n"
        "17612,,1,2026-11-27\n"
        "17612,,1,9999-12-31\n"
        "17612,,1,0001-01-01\n"
        "17612,,1,2026-03-08 02:30\n"
        "17612,,1,2026-11-01 01:30\n"
        "17904,,1,\n"
    )
    assert problems_of_stock(rows) == (
        "line 3: sku: 99999 is not a product. Add the product first.",
        "line 4: lot: '6' is not a lot: five or six digits, and its SKU has digits only.",
        "line 5: lot: '250237' is not a lot: five or six digits, and its SKU has digits only.",
        "line 6: quantity: '-1' is not a whole number from 0 up.",
        "line 7: quantity: '1.5' is not a whole number from 0 up.",
        "line 7: sku: 17612 without a lot at this instant is there twice.",
        "line 8: sku: 17612 - 250237 at this instant is there twice.",
        "line 9: as_of: '11/25/2026' is not a day like 2026-11-20, for its close, or a time like 2026-11-20 13:30.",
        "line 10: as_of: '2026-02-30' is not a day like 2026-11-20, for its close, or a time like 2026-11-20 13:30.",
        "line 11: as_of: 2026-11-26 is not over yet. Name the time of the count, like 2026-11-26 13:30.",
        "line 12: as_of: 2026-11-26 12:01 lies in the future.",
        "line 13: as_of: 2026-11-27 lies in the future.",
        "line 14: as_of: 9999-12-31 lies in the future.",
        "line 15: as_of: 0001-01-01 lies before 2000.",
        "line 16: as_of: 2026-03-08 02:30 does not exist: the clock was set forward then. Name another time.",
        "line 17: as_of: 2026-11-01 01:30 came twice: the clock was set back then. Name another time.",
        "line 18: as_of: is empty, not a day like 2026-11-20, for its close, or a time like 2026-11-20 13:30.",
    )


def test_what_was_loaded_already_is_not_loaded_again() -> None:
    rows = "17612,250237,1200,2026-11-25\n17612,250237,1190,2026-11-26 07:30\n17612,,40,2026-11-25\n"
    counted = [(one.sku, one.lot, one.moved_at) for one in stock(rows)[:2]]
    assert problems_of_stock(rows, counted=counted) == (
        "line 2: sku: 17612 - 250237 was loaded already: there is a count of it at this instant.",
        "line 3: sku: 17612 - 250237 was loaded already: there is a count of it at this instant.",
    )


def test_weeks_are_read_over_the_turn_of_years() -> None:
    assert history("2020-12-28,2021-01-03,17612,480\n2026-11-16,2026-11-22,17612,0\n").weeks == (
        WeekUnits(date(2020, 12, 28), "17612", 480),  # 2020-W53
        WeekUnits(date(2026, 11, 16), "17612", 0),
    )


def test_every_bad_line_of_weekly_history_is_named() -> None:
    rows = (
        "2026-11-16,2026-11-22,17612,481\n"
        "2026-11-17,2026-11-23,17612,1\n"
        "2026-11-09,2026-11-16,17612,1\n"
        "2026-11-16,2026-11-22,17612,3\n"
        "2026-11-23,2026-11-29,17612,1\n"
        "2026-11-30,2026-12-06,17612,1\n"
        "2026-11-02,2026-11-08,99999,1\n"
        "2026-11-02,2026-11-08,17904,-3\n"
        "16 Nov 2026,,17904,2\n"
        "1899-12-25,1899-12-31,17904,2\n"
    )
    assert problems_of_history(rows) == (
        "line 3: start_date: 2026-11-17 is a Tuesday, not a Monday.",
        "line 4: end_date: 2026-11-16 is not the Sunday of that week, 2026-11-15.",
        "line 5: sku: 17612 in the week of 2026-11-16 is there twice.",
        "line 6: end_date: 2026-11-29 is not over: a part of a week says nothing of the whole.",
        "line 7: start_date: 2026-11-30 lies in the future.",
        "line 8: sku: 99999 is not a product. Add the product first.",
        "line 9: quantity_shipped: '-3' is not a whole number from 0 up.",
        "line 10: end_date: is empty, not a date like 2026-11-20.",
        "line 10: start_date: '16 Nov 2026' is not a date like 2026-11-20.",
        "line 11: end_date: 1899-12-31 lies before 2000.",
        "line 11: start_date: 1899-12-25 lies before 2000.",
    )


@pytest.mark.parametrize(
    ("covered_since", "kept", "covered"),
    [(None, 2, 0), (date(2026, 11, 17), 2, 0), (date(2026, 11, 16), 1, 1), (date(2026, 11, 10), 1, 1)],
)
def test_weeks_that_shipsync_counts_itself_are_left_out(covered_since: date | None, kept: int, covered: int) -> None:
    read = history("2026-11-09,2026-11-15,17612,5\n2026-11-16,2026-11-22,17612,6\n", covered_since)
    assert (len(read.weeks), read.covered) == (kept, covered)


def test_the_week_under_way_may_stand_in_a_file_where_shipsync_counts_it() -> None:
    read = history("2026-11-16,2026-11-22,17612,481\n2026-11-23,2026-11-29,17612,90\n", date(2026, 11, 20))
    assert (len(read.weeks), read.covered) == (1, 1)
    assert problems_of_history("2026-11-30,2026-12-06,17612,1\n", date(2026, 11, 20)) == (
        "line 2: start_date: 2026-11-30 lies in the future.",
    )


def test_rates_are_read_to_the_last_place() -> None:
    text = "rate,amount,effective_from\nOrder,5.00,2026-11-01\npallet_day,0.4375,2026-01-01\nmarkup,0,2026-11-01\n"
    assert read_rates(text, path="rates.csv") == [
        Rate("order", Decimal("5.00"), date(2026, 11, 1)),
        Rate("pallet_day", Decimal("0.4375"), date(2026, 1, 1)),
        Rate("markup", Decimal(0), date(2026, 11, 1)),
    ]


def test_every_bad_line_of_rates_is_named() -> None:
    rows = (
        "order,5.00,2026-11-01\n"
        "order,5.10,2026-11-01\n"
        "parcel,1,2026-11-01\n"
        "unit,-1,2026-11-01\n"
        "unit,0.12345,2026-11-01\n"
        "unit,1e3,2026-11-01\n"
        'unit,"1,000",2026-11-01\n'
        "unit,12345678,2026-11-01\n"
        "unit,,1.11.2026\n"
    )
    with pytest.raises(LoadError) as caught:
        read_rates(f"rate,amount,effective_from\n{rows}", path="rates.csv")
    no_amount = "an amount like 0.85, with at most four places."
    assert caught.value.problems == (
        "line 3: rate: order from 2026-11-01 on is there twice.",
        "line 4: rate: 'parcel' is no rate: one of order, unit, pallet_day, receipt, minimum, markup.",
        f"line 5: amount: '-1' is not {no_amount}",
        f"line 6: amount: '0.12345' is not {no_amount}",
        f"line 7: amount: '1e3' is not {no_amount}",
        f"line 8: amount: '1,000' is not {no_amount}",
        f"line 9: amount: '12345678' is not {no_amount}",
        f"line 10: amount: is empty, not {no_amount}",
        "line 10: effective_from: '1.11.2026' is not a date like 2026-11-20.",
    )
