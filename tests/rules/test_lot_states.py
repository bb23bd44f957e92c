"""How lots stand, and in which order they are picked: FEFO where every lot says when it expires, else FIFO."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.lot_states import LotFacts, LotState, lot_state, lots_as_they_stand

TODAY = date(2026, 11, 20)
DAYS = st.none() | st.integers(-40, 400).map(lambda days: TODAY + timedelta(days=days))


def a_lot(lot: str, units: int = 10, **others: Any) -> LotFacts:
    return LotFacts(lot, units, **others)


def order(*lots: LotFacts) -> tuple[str, list[str]]:
    """How they are picked, and which, in their order."""
    stand = lots_as_they_stand(lots, TODAY)
    picked = [one for one in stand.lines if one.pick_no is not None]
    assert [one.pick_no for one in picked] == list(range(1, len(picked) + 1))
    return stand.picking, [one.facts.lot for one in picked]


def test_the_lot_that_came_first_is_picked_first_while_one_says_nothing_of_its_expiry() -> None:
    newer = a_lot("250237", received_on=date(2026, 11, 2), expires_on=date(2027, 1, 1))
    older = a_lot("250300", received_on=date(2026, 10, 1))
    assert order(newer, older) == ("FIFO", ["250300", "250237"])


def test_the_lot_that_expires_first_is_picked_first_once_each_says_when() -> None:
    newer = a_lot("250237", received_on=date(2026, 11, 2), expires_on=date(2027, 1, 1))
    older = a_lot("250300", received_on=date(2026, 10, 1), expires_on=date(2027, 6, 1))
    assert order(newer, older) == ("FEFO", ["250237", "250300"])


@pytest.mark.parametrize(
    "silent",
    [
        a_lot("250300", units=0),
        a_lot("250300", units=-3),
        a_lot("250300", is_quarantined=True, reason="Leaks"),
        a_lot(""),
    ],
)
def test_a_lot_that_is_not_picked_does_not_keep_the_others_from_fefo(silent: LotFacts) -> None:
    first, second = a_lot("250400", expires_on=date(2027, 1, 1)), a_lot("250237", expires_on=date(2027, 3, 1))
    assert order(second, silent, first) == ("FEFO", ["250400", "250237"])


def test_a_lot_of_which_nobody_knows_when_it_came_was_there_before() -> None:
    assert order(a_lot("250237", received_on=date(2026, 1, 1)), a_lot("250300"), a_lot("240001")) == (
        "FIFO",
        ["240001", "250300", "250237"],
    )


def test_lots_of_one_day_are_picked_by_their_numbers() -> None:
    day = date(2026, 11, 2)
    assert order(a_lot("250301", received_on=day), a_lot("250237", received_on=day))[1] == ["250237", "250301"]


def test_what_expires_today_may_leave_today_and_no_later() -> None:
    assert order(a_lot("250237", expires_on=TODAY)) == ("FEFO", ["250237"])
    expired = a_lot("250237", expires_on=TODAY - timedelta(days=1))
    assert order(expired) == ("FIFO", [])
    [line] = lots_as_they_stand([expired], TODAY).lines
    assert (line.state, line.is_expired) == ("active", True)


@pytest.mark.parametrize(
    ("units", "is_quarantined", "state"),
    [
        (1, False, "active"),
        (0, False, "depleted"),
        (-1, False, "below_zero"),
        (1, True, "quarantine"),
        (0, True, "quarantine"),  # what comes back of it must not go out again
        (-1, True, "quarantine"),
    ],
)
def test_the_state_of_a_lot(units: int, is_quarantined: bool, state: LotState) -> None:
    assert lot_state(units, is_quarantined=is_quarantined) == state


def test_lots_to_be_picked_come_first_then_units_without_a_lot_and_those_that_are_gone_last() -> None:
    lots = [
        a_lot("250100", units=0),
        a_lot("", units=4),
        a_lot("250237", received_on=date(2026, 11, 2)),
        a_lot("250300", is_quarantined=True, reason="Leaks"),
        a_lot("250200", received_on=date(2026, 10, 2)),
        a_lot("250050", units=-2),
    ]
    stand = lots_as_they_stand(lots, TODAY)
    assert [one.facts.lot for one in stand.lines] == ["250200", "250237", "", "250050", "250300", "250100"]
    assert stand.units == 32


def test_a_product_without_lots_has_none_to_pick() -> None:
    assert lots_as_they_stand([], TODAY).lines == ()
    assert order() == ("FIFO", [])


@given(
    st.lists(
        st.builds(LotFacts, st.sampled_from(["", "250237", "250300", "250301", "24001"]), st.integers(-20, 500),
                  st.booleans(), st.none(), DAYS, DAYS),
        unique_by=lambda one: one.lot,
    )
)  # fmt: skip
def test_every_lot_stands_there_once_and_none_that_must_not_leave_is_picked(lots: list[LotFacts]) -> None:
    stand = lots_as_they_stand(lots, TODAY)
    assert sorted((one.facts for one in stand.lines), key=lambda one: one.lot) == sorted(lots, key=lambda one: one.lot)
    assert stand.units == sum(one.units for one in lots)
    picked = [one for one in stand.lines if one.pick_no is not None]
    assert all(one.facts.units > 0 and one.facts.lot and one.state == "active" and not one.is_expired for one in picked)
    if stand.picking == "FEFO":
        dates = [one.facts.expires_on for one in picked]
        assert None not in dates
        assert dates == sorted(one for one in dates if one is not None)
    else:
        days = [one.facts.received_on or date.min for one in picked]
        assert days == sorted(days)
