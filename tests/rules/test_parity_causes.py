"""What differing orders have in common, in words."""

from __future__ import annotations

from shipsync.rules.parity_causes import causes


def an_order(**values: str) -> dict[str, frozenset[str]]:
    return {name: frozenset({value}) for name, value in values.items()}


def test_the_value_most_over_represented_comes_first_in_words() -> None:
    differing = [an_order(carrier="fedex", status="shipped", page="3")] * 18 + [
        an_order(carrier="ups", status="shipped")
    ] * 2
    everywhere = {
        ("carrier", "fedex"): 200, ("carrier", "ups"): 800, ("status", "shipped"): 900, ("page", "3"): 500,
    }  # fmt: skip
    found = causes(differing, everywhere, 1_000)
    assert [(one.attribute, one.value) for one in found] == [("carrier", "fedex"), ("page", "3")]
    assert found[0].sentence == (
        "18 of 20 differing orders (90%) go by fedex, 4.5 times their share of all orders (20.0%)."
    )


def test_a_single_order_says_nothing_about_causes() -> None:
    assert causes([an_order(carrier="fedex")], {("carrier", "fedex"): 1}, 100) == []


def test_one_order_with_a_rare_value_does_not_stand_before_what_many_share() -> None:
    differing = [an_order(SKU="17612", hour="14")] * 9 + [an_order(SKU="99999", hour="14")]
    found = causes(differing, {("SKU", "17612"): 300, ("SKU", "99999"): 1, ("hour", "14"): 60}, 1_000)
    assert [(one.attribute, one.value) for one in found] == [("hour", "14"), ("SKU", "17612")]


def test_at_most_three_are_told() -> None:
    differing = [an_order(carrier="a", status="b", SKU="c", hour="1", page="2", route="r")] * 5
    assert len(causes(differing, {}, 1_000)) == 3


def test_codes_are_told_in_words() -> None:
    told = causes([an_order(route="import: split_child", carrier="stamps_com")] * 3, {}, 100)
    assert [one.sentence.split(",")[0] for one in told] == [
        "3 of 3 differing orders (100%) go by stamps_com",
        "3 of 3 differing orders (100%) were routed as 'import: split child'",
    ]
