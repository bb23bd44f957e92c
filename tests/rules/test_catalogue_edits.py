"""Edits of the catalogue: rows checked by the rules of a file, and merged with what others did meanwhile."""

from __future__ import annotations

import pytest

from shipsync.errors import LoadError
from shipsync.rules.catalogue import BundlePart, Product
from shipsync.rules.catalogue_edits import (
    Cells,
    Change,
    ListedProduct,
    after,
    clashes,
    merge,
    read_bundle_rows,
    read_product_rows,
)


def a_row(sku: str | None, **cells: object) -> dict[str, object]:
    return {"sku": sku, "name": "Rinse", "is_key": True, **cells}


def problems_of(*rows: Cells, bundle_skus: tuple[str, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(LoadError) as caught:
        read_product_rows(rows, bundle_skus=bundle_skus)
    return caught.value.problems


def problems_of_bundles(*rows: tuple[object, object, object]) -> tuple[str, ...]:
    named = [dict(zip(("bundle_sku", "component_sku", "quantity"), row, strict=True)) for row in rows]
    with pytest.raises(LoadError) as caught:
        read_bundle_rows(named, product_skus=("17612", "17904"))
    return caught.value.problems


def test_rows_are_read_as_a_table_gives_them() -> None:
    rows = [
        a_row("17612", units_per_pallet=48.0, lead_time_days=42, count_tolerance=6.0, active_lot="250237"),
        {"sku": " 18901 ", "name": "Printed  leaflets", "is_key": None},
    ]
    assert read_product_rows([rows[0], {**rows[1], "is_key": False}], bundle_skus=()) == {
        "17612": ListedProduct(Product("17612", "Rinse", True, 48, 42, None, 6), "250237"),
        "18901": ListedProduct(Product("18901", "Printed leaflets", False), None),
    }


def test_an_empty_row_is_none_and_keeps_its_place() -> None:
    empty = {"sku": None, "name": "", "is_key": False}
    assert read_product_rows([empty, a_row("17612"), empty], bundle_skus=()).keys() == {"17612"}
    assert problems_of(empty, a_row("17612", name=None)) == ("Row 2 ('17612'): Name: is empty.",)


def test_a_lot_may_be_pasted_with_its_sku_as_it_stands_on_the_carton() -> None:
    rows = read_product_rows([a_row("17612", active_lot="17612 - 250237")], bundle_skus=())
    assert rows["17612"].active_lot == "250237"


def test_every_problem_is_named_with_its_row_and_its_column_as_on_screen() -> None:
    assert problems_of(
        a_row("17612"),
        a_row("17612", name="", units_per_pallet=0, lead_time_days=1.5),
        a_row(None),
        a_row("no sku"),
        a_row("no sku"),
        a_row("18225", active_lot="6"),
        bundle_skus=("18225",),
    ) == (
        "Row 2 ('17612'): SKU: 17612 is there twice.",
        "Row 2 ('17612'): Name: is empty.",
        "Row 2 ('17612'): Units per pallet: '0' is not a whole number from 1 up.",
        "Row 2 ('17612'): Lead time in days: '1.5' is not a whole number from 0 up.",
        "Row 3: SKU: is empty.",
        "Row 4 ('no sku'): SKU: 'no sku' is not a SKU (letters, digits, . _ / -, at most 50).",
        "Row 5 ('no sku'): SKU: 'no sku' is not a SKU (letters, digits, . _ / -, at most 50).",
        "Row 6 ('18225'): SKU: 18225 is a bundle; a SKU cannot be both.",
        "Row 6 ('18225'): Active lot: '6' is not a lot: five or six digits, and its SKU has digits only.",
    )


@pytest.mark.parametrize("lot", ["17904 - 250237", "25023", "1234567", "ABC"])
def test_a_lot_is_five_or_six_digits_of_its_own_sku(lot: str) -> None:
    rows = [a_row("17612", active_lot=lot)]
    if lot == "25023":
        assert read_product_rows(rows, bundle_skus=())["17612"].active_lot == lot
    else:
        assert "is not a lot" in problems_of(*rows)[0]


def test_bundle_parts_are_products_in_whole_units_once_each() -> None:
    assert problems_of_bundles(
        ("18225", "17612", 40),
        ("18225", "17612", 2),
        ("18235", "18225", 1),
        ("18245", "99999", 1),
        ("17904", "17612", 1),
        ("18255", "17612", None),
        ("18265", None, -3),
    ) == (
        "Row 2 ('18225'): Product: 17612 stands in bundle 18225 twice.",
        "Row 3 ('18235'): Product: 18225 is a bundle; a bundle holds products only.",
        "Row 4 ('18245'): Product: 99999 is not a product. Add the product first.",
        "Row 5 ('17904'): Bundle: 17904 is a product; a SKU cannot be both.",
        "Row 6 ('18255'): Units: is empty, not a whole number from 1 up.",
        "Row 7 ('18265'): Product: is empty.",
        "Row 7 ('18265'): Units: '-3' is not a whole number from 1 up.",
    )


def test_bundles_come_with_their_parts_in_order() -> None:
    rows: list[Cells] = [
        {"bundle_sku": "18275", "component_sku": sku, "quantity": units} for sku, units in (("17904", 1), ("17612", 4))
    ]
    assert read_bundle_rows(rows, product_skus=("17612", "17904")) == {
        "18275": (BundlePart("18275", "17612", 4), BundlePart("18275", "17904", 1))
    }


def test_a_save_touches_only_what_its_person_changed() -> None:
    loaded = {"a": 1, "b": 2, "c": 3}
    wanted = {"a": 1, "b": 5, "d": 4}  # changed b, deleted c, added d
    now = {"a": 9, "b": 2, "c": 3, "e": 6}  # somebody else changed a and added e
    merged = merge(loaded, wanted, now)
    assert merged.changes == (Change("b", 2, 5), Change("c", 3, None), Change("d", None, 4))
    assert merged.conflicts == ()
    assert after(now, merged.changes) == {"a": 9, "b": 5, "d": 4, "e": 6}


@pytest.mark.parametrize(
    ("loaded", "wanted", "now", "conflicts"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}, ("a",)),  # both changed it
        ({"a": 1}, {"a": 2}, {"a": 2}, ()),  # both changed it to the same
        ({"a": 1}, {}, {"a": 3}, ("a",)),  # deleted what somebody changed
        ({"a": 1}, {"a": 2}, {}, ("a",)),  # changed what somebody deleted
        ({"a": 1}, {}, {}, ()),  # both deleted it
        ({}, {"a": 1}, {"a": 2}, ("a",)),  # both added it
        ({"a": 1}, {"a": 1}, {"a": 2}, ()),  # left alone
    ],
)
def test_what_two_people_changed_differently_is_a_conflict(
    loaded: dict[str, int], wanted: dict[str, int], now: dict[str, int], conflicts: tuple[str, ...]
) -> None:
    assert merge(loaded, wanted, now).conflicts == conflicts


def test_products_and_bundles_have_to_fit_together() -> None:
    bundles = {"18225": (BundlePart("18225", "17612", 40),), "18235": (BundlePart("18235", "18225", 1),)}
    assert clashes({"17904", "18235"}, bundles) == [
        "18235 would be a product and a bundle; a SKU cannot be both.",
        "Bundle 18225 holds 17612, which is no product. Change the bundle first.",
        "Bundle 18235 would hold 18225, a bundle; a bundle holds products only.",
    ]
