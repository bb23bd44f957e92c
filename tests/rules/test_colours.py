"""Colours of SKUs: fixed, and the same on pages and paper."""

from __future__ import annotations

import tomllib
from pathlib import Path

from shipsync.rules.colours import ON_DARK, ON_LIGHT, charge_colours, sku_colours

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
KEY_SKUS = ("17612", "17904", "17914", "18675", "18795")


def test_paper_has_the_colours_of_the_pages() -> None:
    theme = tomllib.loads(CONFIG.read_text())["theme"]

    assert list(ON_LIGHT) == theme["chartCategoricalColors"]
    assert list(ON_DARK) == theme["dark"]["chartCategoricalColors"]


def test_a_sku_has_its_colour_in_whatever_order_they_are_named() -> None:
    assert sku_colours(KEY_SKUS) == sku_colours(reversed(KEY_SKUS))
    assert sku_colours(KEY_SKUS)["17612"] == "#0072b2"
    assert sku_colours(KEY_SKUS, is_dark=True)["17612"] == "#56b4e9"


def test_five_skus_have_five_colours_and_the_eleventh_begins_again() -> None:
    assert len(set(sku_colours(KEY_SKUS).values())) == 5
    eleven = sku_colours(f"{number:02d}" for number in range(11))
    assert eleven["10"] == eleven["00"]


def test_each_part_of_the_charges_has_a_colour_of_its_own() -> None:
    for is_dark in (False, True):
        assert len(set(charge_colours(is_dark=is_dark).values())) == 4
