"""What stands against a clean closing: each thing has its sentence and its place, and only a dead sync blocks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from shipsync.rules import readiness
from shipsync.rules.alerts import Facts, Late, Machine
from shipsync.rules.freshness import REFUSED_CREDENTIALS, SyncState
from shipsync.rules.readiness import Point, Standing, Unreadable, WithoutParcel
from shipsync.rules.weeks import WorkCalendar
from tests.rules.builders import NOON
from tests.rules.test_alerts import ONE_PM, a_machine, facts, minutes

TODAY = date(2026, 11, 20)  # NOON's, a Friday
REFUSED = f"{REFUSED_CREDENTIALS} (401). Check the key and secret in the settings."
WORKING = WorkCalendar(frozenset(range(5)))


def a_sync(**others: Any) -> SyncState:
    """One that goes on."""
    values: dict[str, Any] = {
        "complete_through": NOON - minutes(2),
        "is_enabled": True,
        "interval": minutes(5),
        "last_error": None,
        "next_at": NOON + minutes(3),
        "is_working": True,
    }
    return SyncState(**(values | others))


def standing(**others: Any) -> Standing:
    """Nothing stands against a closing."""
    values: dict[str, Any] = {
        "facts": facts(cut_off=ONE_PM, late=Late(0, None, None, None)),
        "sync": a_sync(),
        "held": 0,
        "unreadable": Unreadable(0, 0),
        "without_parcel": WithoutParcel(0, None, None),
        "uncounted": (),
        "open_counts": (),
        "waiting_changes": 0,
        "calendar": WORKING,
    }
    return Standing(**(values | others))


def of_day(**others: Any) -> list[Point]:
    return readiness.of_day(standing(**others), TODAY, NOON)


def of_week(today: date = TODAY, **others: Any) -> list[Point]:
    given: dict[str, Any] = {"is_day_closed": True, "recipients": 2, "without_lead_time": ()}
    named = {name: others.pop(name) for name in given if name in others}
    return readiness.of_week(standing(**others), today, NOON, **(given | named))


def late(count: int) -> Facts:
    return facts(cut_off=ONE_PM, late=Late(count, NOON - timedelta(days=1), "700125", "shop:700125"))


def full(machine: Machine) -> Facts:
    return facts(machine=machine, cut_off=ONE_PM, late=Late(0, None, None, None))


def test_a_day_and_a_week_against_which_nothing_stands_are_ready() -> None:
    assert of_day() == []
    assert of_week() == []


@pytest.mark.parametrize(
    ("others", "page", "text"),
    [
        ({"sync": a_sync(is_enabled=False)}, "sync", "The sync is switched off. Switch it on under Sync."),
        ({"sync": a_sync(last_error=REFUSED)}, "sync", REFUSED),
        ({"sync": a_sync(complete_through=None, last_error=REFUSED)}, "sync", f"Nothing has been read yet: {REFUSED}"),
        ({"sync": a_sync(is_working=False)}, "jobs", "The background worker has ended. Restart shipsync."),
        (
            {"facts": full(a_machine(free_bytes=1))},
            "settings",
            "Nothing is written any more: the disk is full. Free some space.",
        ),
    ],
)
def test_what_a_closing_rests_on_blocks_it(others: dict[str, Any], page: str, text: str) -> None:
    (point,) = of_day(**others)
    assert point.place is not None
    assert (point.text, point.place.page, point.blocks) == (text, page, True)
    assert readiness.is_blocked([point])


@pytest.mark.parametrize(
    ("others", "page", "text"),
    [
        (
            {"sync": a_sync(complete_through=NOON - minutes(40))},
            "sync",
            "The last whole sync ended 40 min ago. Closing syncs first.",
        ),
        (
            {"sync": a_sync(complete_through=NOON - minutes(40), last_error="It did not answer.")},
            "sync",
            "It did not answer. Closing syncs first.",
        ),
        (
            {"facts": late(1)},
            "order",
            "Order 700125 still waits past the cut-off of 13:00. Ship it or put it on hold.",
        ),
        (
            {"facts": late(3)},
            "orders",
            "3 orders still wait past the cut-off of 13:00, the oldest 700125. Ship or hold them.",
        ),
        (
            {"facts": facts(unread={"late": "The cut-off 'soon' is no hour."})},
            "settings",
            "It cannot be told which orders are late: The cut-off 'soon' is no hour.",
        ),
        ({"held": 1}, "sync", "1 record is held for a person: what it stands for is in no figure."),
        ({"held": 2}, "sync", "2 records are held for a person: what they stand for is in no figure."),
        ({"unreadable": Unreadable(1, 0)}, "sync", "1 order has a SKU text that cannot be read."),
        (
            {"unreadable": Unreadable(2, 7)},
            "sync",
            "2 orders have a SKU text that cannot be read: 7 units left and in no stock.",
        ),
        (
            {"without_parcel": WithoutParcel(1, "100521", "shipstation:1")},
            "order",
            "Order 100521 is shipped and shows no label: its lines are taken for what left.",
        ),
        (
            {"without_parcel": WithoutParcel(4, "100521", "shipstation:1")},
            "order",
            "4 shipped orders show no label: their lines are taken for what left.",
        ),
        (
            {"uncounted": ("17612", "17904")},
            "imports",
            "Nobody has said what stands on the shelf of 17612, 17904. Count it, or load the opening stock.",
        ),
        (
            {"open_counts": ("2026-11-19.1",)},
            "count",
            "Count 2026-11-19.1 is open, and goes on against the closing it began with.",
        ),
        (
            {"waiting_changes": 1},
            "inventory",
            "1 change of stock waits for a second person, and moves nothing until then.",
        ),
        (
            {"calendar": WorkCalendar(frozenset(range(5)), frozenset({TODAY}))},
            "settings",
            "Today, Fri 20 Nov 2026, is a day off.",
        ),
        ({"calendar": WorkCalendar(frozenset({0}))}, "settings", "Today, Fri 20 Nov 2026, is no working day."),
        ({"calendar": "The day off 'soon' is no date."}, "settings", "The day off 'soon' is no date."),
    ],
)
def test_what_clouds_a_day_is_said_and_blocks_nothing(others: dict[str, Any], page: str, text: str) -> None:
    (point,) = of_day(**others)
    assert point.place is not None
    assert (point.text, point.place.page, point.blocks) == (text, page, False)


def test_what_blocks_comes_first() -> None:
    points = of_day(held=2, sync=a_sync(is_enabled=False), waiting_changes=1)
    assert [point.blocks for point in points] == [True, False, False]


def test_more_products_than_fit_are_counted() -> None:
    (point,) = of_day(uncounted=tuple(f"1760{number}" for number in range(8)))
    assert "17600, 17601, 17602, 17603, 17604 and 3 more." in point.text


def test_a_week_closes_its_day_first_and_says_what_stands_against_that() -> None:
    assert [point.text for point in of_week(is_day_closed=False)] == [
        "Today is not closed yet, so closing the week closes it first."
    ]
    texts = [point.text for point in of_week(is_day_closed=False, held=2, waiting_changes=1)]
    assert texts == ["Today is not closed yet, so closing the week closes it first. 2 things stand against that."]


def test_a_dead_sync_blocks_a_week_only_while_its_day_has_to_be_closed() -> None:
    assert readiness.is_blocked(of_week(is_day_closed=False, sync=a_sync(is_enabled=False)))
    assert of_week(sync=a_sync(is_enabled=False)) == []


def test_a_week_that_is_not_over_and_its_days_off_are_said() -> None:
    wednesday, thanksgiving = date(2026, 11, 25), date(2026, 11, 26)
    calendar = WorkCalendar(frozenset(range(5)), frozenset({thanksgiving}))
    assert [point.text for point in of_week(wednesday, calendar=calendar)] == [
        "The week's last working day is Fri 27 Nov 2026: a report made today shows the figures so far.",
        "Days off in this week: Thu 26 Nov 2026.",
    ]
    both = WorkCalendar(frozenset(range(5)), frozenset({thanksgiving, date(2026, 11, 27)}))
    assert [point.text for point in of_week(wednesday, calendar=both)] == [
        "Days off in this week: Thu 26 Nov 2026, Fri 27 Nov 2026."
    ]


def test_what_a_report_lacks_is_said() -> None:
    texts = [point.text for point in of_week(recipients=0, without_lead_time=("18795",), uncounted=("17612",))]
    assert texts == [
        "Nobody has said what stands on the shelf of 17612. Count it, or load the opening stock.",
        "Nobody has said how long a delivery of 18795 takes: no reorder point is computed.",
        "Nobody is named to get the report by mail.",
    ]


def of_month(through: date = date(2026, 11, 30), **others: Any) -> list[Point]:
    given: dict[str, Any] = {"is_week_closed": True, "is_day_closed": True, "recipients": 2, "names_client": True}
    named = {name: others.pop(name) for name in given if name in others}
    return readiness.of_month(standing(**others), date(2026, 11, 1), through, NOON, rests_on=through, **(given | named))


def test_a_month_against_which_nothing_stands_is_ready() -> None:
    assert of_month() == []


def test_a_month_closes_its_last_week_first_or_only_its_last_day() -> None:
    (week,) = of_month(is_week_closed=False, is_day_closed=False)
    assert week.text == "Week 2026-W49 is not closed yet, so closing the month closes it first."
    (day,) = of_month(is_day_closed=False)
    assert day.text == "Mon 30 Nov 2026 is not closed yet, so closing the month closes it first."
    assert (week.place and week.place.page, day.place and day.place.page) == ("end_of_week", "end_of_day")


def test_a_month_syncs_in_any_case_so_a_dead_sync_blocks_it() -> None:
    assert readiness.is_blocked(of_month(sync=a_sync(is_enabled=False)))
    assert of_month(sync=a_sync(complete_through=NOON - minutes(40))) == []


def test_a_month_that_is_not_over_and_an_invoice_to_nobody_are_said() -> None:
    assert [point.text for point in of_month(TODAY, recipients=0, names_client=False)] == [
        "November 2026 ends on Mon 30 Nov 2026: an invoice made today bills the days so far.",
        "Nobody has said who pays, so the invoice names no client.",
        "Nobody is named to get the invoice by mail.",
    ]
