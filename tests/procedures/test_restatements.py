"""Months that were billed stay as they were; what changes of them is billed once with a later one, whatever happens.

The laws bill a few months on real tables while anything happens in between: labels, voids, costs and dates that turn
out otherwise, entries of the past, rates, pallet sizes, what people add, a month closed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.errors import NotClosed
from shipsync.procedures import charges
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import differences, total
from shipsync.rules.months import month_before, next_month
from shipsync.store import charges as store
from shipsync.store import closings
from tests.procedures.billing import Warehouse, a_warehouse, emptied

OCT, NOV, DEC = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
RINSE = "17612 - 250237"
FIRST_OF_ALL = datetime(2026, 9, 30, 12)  # noqa: DTZ001 - the warehouse's own time


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with a_warehouse() as one:
        opened(one)
        yield one


@pytest.fixture(scope="module")
def pages() -> Iterator[Warehouse]:
    """One database for all examples of a law."""
    with a_warehouse() as one:
        yield one


def opened(one: Warehouse) -> Warehouse:
    """Rates, two products, and stock on the shelf before October."""
    one.until(FIRST_OF_ALL)
    for name, amount in (("order", "5"), ("unit", "1"), ("pallet_day", "0.5"), ("receipt", "10"), ("markup", "10"),
                         ("minimum", "150")):  # fmt: skip
        one.rate(name, amount, date(2026, 1, 1))  # type: ignore[arg-type]
    one.product("17612", 50)
    one.product("17904", 10)
    one.enter("count", "17612", 1_000, lot="250237")
    one.enter("count", "17904", 100)
    return one


def shipped(one: Warehouse, number: str, units: int = 2, cost: str = "9.10", **label: Any) -> int:
    one.order(number, {RINSE: units})
    return one.label(number, cost, {RINSE: units}, **label)


def noon(month: int, day: int) -> datetime:
    return datetime(2026 + (month > 12), month - 12 * (month > 12), day, 12)  # noqa: DTZ001 - the warehouse's own time


def billed_of(reports: dict[date, ChargeReport], month: date) -> Decimal:
    """What the standing versions have billed of a month in all."""
    later = (one for report in reports.values() for one in report.restatements if one.month == month)
    return reports[month].charges + sum((one.amount for one in later), Decimal(0))


# -- examples --------------------------------------------------------------------------------------------------------


def test_a_month_that_is_restated_twice_is_each_time_restated_from_what_was_billed_last(warehouse: Warehouse) -> None:
    warehouse.until(noon(10, 20))
    first, second = shipped(warehouse, "1"), shipped(warehouse, "2", cost="7.00")
    warehouse.until(noon(11, 1))
    october = warehouse.bill(OCT)
    warehouse.until(noon(11, 5))
    warehouse.change(first, shipment_cost=Decimal("10.10"))
    warehouse.until(noon(12, 1))
    [restated] = warehouse.bill(NOV).restatements
    assert (restated.billed_by, restated.billed, restated.amount) == ("2026-10-v1", october.total, Decimal("1.10"))
    warehouse.change(second, shipment_cost=Decimal("6.00"))
    warehouse.until(noon(13, 1))
    december = warehouse.bill(DEC)
    [again] = december.restatements
    assert (again.month, again.billed_by, again.billed) == (OCT, "2026-11-v1", october.total + Decimal("1.10"))
    assert [(line.difference.key.charge, line.amount) for line in again.lines] == [
        ("postage", Decimal("-1.00")), ("markup", Decimal("-0.10")),
    ]  # fmt: skip
    warehouse.until(noon(14, 1))
    assert warehouse.bill(date(2027, 1, 1)).restatements == ()


def test_of_several_versions_of_a_later_month_the_newest_alone_holds(warehouse: Warehouse) -> None:
    warehouse.until(noon(10, 20))
    label = shipped(warehouse, "1")
    warehouse.until(noon(11, 1))
    warehouse.bill(OCT)
    warehouse.change(label, shipment_cost=Decimal("19.10"))
    warehouse.until(noon(12, 1))
    assert [one.amount for one in warehouse.bill(NOV).restatements] == [Decimal("11.00")]
    # It was a mistake: the second version of November has nothing to restate, and October stands as it was billed.
    warehouse.change(label, shipment_cost=Decimal("9.10"))
    assert warehouse.bill(NOV).restatements == ()
    assert warehouse.newest(OCT).period_start == OCT
    warehouse.change(label, shipment_cost=Decimal("8.10"))
    warehouse.until(noon(13, 1))
    [one] = warehouse.bill(DEC).restatements
    assert (one.billed_by, one.amount) == ("2026-10-v1", Decimal("-1.10"))


def test_a_closing_that_was_cut_off_has_billed_nothing(warehouse: Warehouse) -> None:
    warehouse.until(noon(10, 20))
    label = shipped(warehouse, "1")
    warehouse.until(noon(11, 1))
    warehouse.bill(OCT)
    warehouse.change(label, shipment_cost=Decimal("19.10"))
    warehouse.until(noon(12, 1))
    warehouse.bill(NOV, closes=False)
    assert warehouse.newest(OCT).period_start == OCT
    assert [one.amount for one in warehouse.bill(NOV).restatements] == [Decimal("11.00")]


def test_a_month_is_not_billed_again_once_a_later_one_has_restated_it_or_one_before_it(warehouse: Warehouse) -> None:
    warehouse.until(noon(10, 20))
    label = shipped(warehouse, "1")
    for month, at in ((OCT, noon(11, 1)), (NOV, noon(12, 1))):
        warehouse.until(at)
        warehouse.bill(month)
    warehouse.change(label, shipment_cost=Decimal("19.10"))
    warehouse.until(noon(13, 1))
    assert not [one for one in warehouse.checked(NOV) if one.startswith("error")]
    warehouse.bill(DEC)
    for month, name in ((OCT, "October"), (NOV, "November")):
        assert [one for one in warehouse.checked(month) if one.startswith("error")] == [
            f"error: What has changed of October 2026 was billed with December 2026 already, so a new version of "
            f"{name} 2026 would bill it twice. What changes from now on is billed with the next month."
        ]
    assert not [one for one in warehouse.checked(DEC) if one.startswith("error")]


def test_a_month_that_was_forgotten_is_billed_after_a_later_one_and_restates_nothing_again(
    warehouse: Warehouse,
) -> None:
    warehouse.until(noon(10, 20))
    label = shipped(warehouse, "1")
    warehouse.until(noon(11, 1))
    warehouse.bill(OCT)
    warehouse.until(noon(11, 20))
    shipped(warehouse, "2")
    warehouse.change(label, shipment_cost=Decimal("19.10"))
    warehouse.until(noon(13, 1))
    assert "warning: November 2026 was never billed." in warehouse.checked(DEC)
    assert [one.amount for one in warehouse.bill(DEC).restatements] == [Decimal("11.00")]
    assert not [one for one in warehouse.checked(NOV) if one.startswith("error")]
    assert warehouse.bill(NOV).restatements == ()
    warehouse.change(label, shipment_cost=Decimal("20.10"))
    [one] = charges.restatements(warehouse.db.read(), date(2027, 1, 1), warehouse.zone)
    assert (one.month, one.billed_by, one.amount) == (OCT, "2026-12-v1", Decimal("1.10"))


def test_a_month_that_cannot_be_told_any_more_is_not_given_back_as_nothing(warehouse: Warehouse) -> None:
    warehouse.until(noon(11, 1))
    warehouse.bill(OCT)
    warehouse.until(noon(12, 1))
    warehouse.enter("adjust_down", "17904", -101, warehouse.at(noon(10, 30)))
    warehouse.enter("count", "17904", 0, warehouse.at(noon(10, 31)))
    with pytest.raises(
        NotClosed, match=r"What has changed of October 2026 cannot be told\. Stock of 17904 stands at -1 at"
    ):
        warehouse.bill(NOV)


def test_a_month_billed_before_its_last_day_was_over_names_what_moved_afterwards(warehouse: Warehouse) -> None:
    """Pressed at noon of the 31st; entered at noon too, for two in the afternoon."""
    warehouse.until(noon(10, 31))
    warehouse.enter("adjust_down", "17904", -10, warehouse.now + timedelta(hours=2))
    warehouse.bill(OCT)
    warehouse.until(noon(12, 1))
    [one] = warehouse.bill(NOV).restatements
    pallets = next(line for line in one.lines if line.difference.key.charge == "pallet_day")
    assert pallets.causes == (
        "90 instead of 100 units stood at the end of the day.",
        "Entry 3 (adjust down -10 on Sat 31 Oct 2026) was entered on Sat 31 Oct 2026.",
    )


def test_what_is_changed_of_a_product_holds_from_the_next_month_on(warehouse: Warehouse) -> None:
    warehouse.until(noon(10, 20))
    shipped(warehouse, "1")
    warehouse.until(noon(11, 1))
    warehouse.bill(OCT)
    warehouse.product("17612", 7)
    warehouse.product("17904", 10, is_key=False)
    warehouse.product("18675", None)  # new, and with nothing on the shelf of which anybody knew
    warehouse.enter("count", "18675", 0)
    assert charges.restatement(warehouse.db.read(), warehouse.newest(OCT), warehouse.zone) is None
    warehouse.until(noon(12, 1))
    november = warehouse.bill(NOV)
    assert november.restatements == ()
    assert {one.sku: one.pallet_size for one in november.stock} == {"17612": 7, "18675": None}


def test_a_month_that_is_billed_in_part_is_billed_whole_before_the_next(warehouse: Warehouse) -> None:
    warehouse.until(noon(10, 20))
    part = warehouse.bill(OCT, date(2026, 10, 20))
    assert not part.is_complete
    warehouse.until(noon(12, 1))
    assert "error: October 2026 is billed only through Tue 20 Oct 2026. Close it first." in warehouse.checked(NOV)
    assert charges.restatement(warehouse.db.read(), warehouse.newest(OCT), warehouse.zone) is None
    whole = warehouse.bill(OCT)
    assert (whole.version, whole.replaces) == (2, 1)
    assert not [one for one in warehouse.checked(NOV) if one.startswith("error")]


# -- laws ------------------------------------------------------------------------------------------------------------

Deed = Callable[[Warehouse, list[int], Any], None]


def a_label(one: Warehouse, labels: list[int], draw: Any) -> None:
    number = str(draw(st.integers(1, 3)))
    one.order(number, {RINSE: 3, "17904 - 250301": 1})
    units = draw(st.sampled_from([None, {RINSE: 3}, {RINSE: 1, "17904 - 250301": 1}]))
    back = draw(st.sampled_from([0, 0, 20, 40]))
    cost, insurance = draw(st.sampled_from(["9.10", "0.00"])), draw(st.sampled_from(["0.00", "1.35"]))
    terms = {
        "ship_date": one.now.date() - timedelta(days=back),
        "is_return_label": draw(st.booleans()),
        "carrier_code": draw(st.sampled_from(["fedex", "ups"])),
    }
    labels.append(one.label(number, cost, units, insurance=insurance, **terms))


def a_void(one: Warehouse, labels: list[int], draw: Any) -> None:
    if labels:
        one.void(draw(st.sampled_from(labels)))


def another_label(one: Warehouse, labels: list[int], draw: Any) -> None:
    if labels:
        change = draw(st.sampled_from([
            {"shipment_cost": Decimal("12.00")}, {"insurance_cost": Decimal("0.40")}, {"voided": False},
            {"ship_date": date(2026, 10, 17)}, {"ship_date": date(2026, 12, 5)}, {"carrier_code": "usps"},
        ]))  # fmt: skip
        one.change(draw(st.sampled_from(labels)), **change)


def an_entry(one: Warehouse, labels: list[int], draw: Any) -> None:
    kind, units = draw(st.sampled_from([("receive", 60), ("adjust_down", -7), ("count", 777), ("receive", 5)]))
    back = timedelta(days=draw(st.sampled_from([0, 3, 35])))
    one.enter(kind, "17612", units, one.now - back, lot=draw(st.sampled_from(["", "250237"])), reference="D-1")


def an_extra(one: Warehouse, labels: list[int], draw: Any) -> None:
    number = one.add(one.now.date() - timedelta(days=draw(st.sampled_from([0, 35]))), "a project", "-20.00")
    if draw(st.booleans()):
        one.withdraw(number)


def a_rate(one: Warehouse, labels: list[int], draw: Any) -> None:
    name = draw(st.sampled_from(["order", "unit", "pallet_day", "receipt", "minimum", "markup"]))
    since = one.now.date() - timedelta(days=draw(st.sampled_from([0, 45])))
    one.rate(name, draw(st.sampled_from(["3.3333", "0.015"])), since)


def a_size(one: Warehouse, labels: list[int], draw: Any) -> None:
    one.product("17612", draw(st.sampled_from([50, 48, 7])))


DEEDS: list[Deed] = [a_label, a_label, a_label, a_void, another_label, an_entry, an_extra, a_rate, a_size]


def lives(one: Warehouse, data: st.DataObject) -> Iterator[tuple[dict[date, ChargeReport], date]]:
    """Some months pass and are billed, each once or twice, and now and then an older one again, where it may be.

    After each closing: the versions that stand, and the month that was closed.
    """
    labels: list[int] = []
    standing: dict[date, ChargeReport] = {}
    month = OCT
    for _ in range(3):
        for day in data.draw(st.lists(st.sampled_from([3, 16, 29]), max_size=3).map(sorted)):
            one.until(datetime(month.year, month.month, day, 12))  # noqa: DTZ001 - the warehouse's own time
            data.draw(st.sampled_from(DEEDS))(one, labels, data.draw)
        month = next_month(month)
        one.until(datetime(month.year, month.month, 1, 12))  # noqa: DTZ001 - the warehouse's own time
        over, older = month_before(month), month_before(month_before(month))
        for closed in data.draw(st.sampled_from([[over], [over], [over, over], [over, older], [over, older, over]])):
            if closed in standing and any("would bill it twice" in said for said in one.checked(closed)):
                continue
            if closed == over or closed in standing:
                standing[closed] = one.bill(closed)
                yield standing, closed
                data.draw(st.sampled_from(DEEDS))(one, labels, data.draw)


@settings(max_examples=3)
@given(st.data())
def test_what_was_billed_never_changes_and_with_what_was_restated_is_what_the_months_come_to(
    pages: Warehouse, data: st.DataObject
) -> None:
    """After each closing: (1) what was frozen before stands row by row; (2) what the standing versions have billed of a
    month up to the closed one, in its own closing and in later ones, is what computing it gives now, of the products
    that it billed; (3) nothing is left to restate of them.
    """
    one = opened(emptied(pages))
    before: dict[str, list[tuple[Any, ...]]] = {}
    for standing, closed in lives(one, data):
        frozen, newest = one.frozen(), max(standing)
        for name, rows in before.items():
            assert set(rows) <= set(frozen[name])
        before = frozen
        for month, report in standing.items():
            if month <= closed:
                assert billed_of(standing, month) == total(one.again(month).lines)
            kept = closings.closed(one.db.read(), "eom", month)
            assert kept is not None
            assert ChargeReport.from_json(str(kept.content)) == report
            assert kept.content_hash == report.content_hash
            billed = store.frozen_lines(one.db.read(), kept.job_id, month)
            assert tuple(billed) == report.lines
            assert differences(billed, billed) == []
        assert one.newest(closed).total == standing[closed].charges
        left = charges.restatements(one.db.read(), next_month(newest), one.zone)
        assert [told.month for told in left if told.month <= closed] == []
        for told in standing[closed].restatements:
            assert sum((line.amount for line in told.lines), Decimal(0)) == told.amount
            assert all(line.causes for line in told.lines)
