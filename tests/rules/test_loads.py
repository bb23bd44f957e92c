"""CSV files that a person loads: all of it, or nothing and every bad line named."""

from __future__ import annotations

import pytest

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.loads import MAX_PROBLEMS, read_bundles, read_products

PRODUCTS_HEADER = "sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n"
BUNDLES_HEADER = "bundle_sku,component_sku,quantity\n"


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
