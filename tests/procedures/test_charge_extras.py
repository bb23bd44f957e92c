"""Lines that people add to a month: kept with who and when, never changed, and none for a month that is settled."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shipsync.errors import Refused
from shipsync.procedures.charge_extras import Changed, NewExtra, add, take_back
from shipsync.rules.charges import Extra
from shipsync.rules.months import month_ends
from shipsync.store import rates
from shipsync.store.db import Database
from tests.house import House
from tests.store.order_rows import put

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)  # Wednesday 13:00 in the warehouse
AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)


def a_billed_month(db: Database, month: date, *, of: date | None = None, version: int = 1) -> None:
    """An invoice of a month, or what the closing of another month has restated of it."""
    job = f"eom.{of or month}.{version}"
    if of is None:
        put(
            db,
            "closings",
            kind="eom",
            period_start=month,
            period_end=month_ends(month),
            job_id=job,
            version=version,
            begun_at=NOW,
            begun_by="Kim",
            closed_at=NOW,
        )
    put(db, "charge_report", job_id=job, month=month, billed_through=month, as_of=NOW, total=10, made_at=NOW)


def added(house: House, **others: Any) -> Changed:
    values = {"day": date(2026, 9, 14), "reason": "Relabelling", "amount": Decimal("120.00")} | others
    return add(house.app.db, NewExtra(**values), house.app.settings.zone, "Kim", house.app.now())


def counting(house: House) -> list[Extra]:
    return rates.extras(house.app.db.read(), date(2026, 1, 1), date(2026, 12, 31))


def audited(house: House) -> list[tuple[Any, ...]]:
    return house.rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


def test_a_line_is_added_with_who_and_why(house: House) -> None:
    done = added(house, reason="  Relabelling,\n 3 hours ")
    assert done == Changed(Extra(1, date(2026, 9, 14), "Relabelling, 3 hours", Decimal("120.00")))
    assert counting(house) == [done.extra]
    assert audited(house) == [
        ("Kim", "charge added", "line 1", None, "2026-09-14: 120.00, Relabelling, 3 hours"),
    ]
    assert added(house, amount=Decimal("-12.5")).extra.extra_no == 2


def test_a_line_is_taken_back_once_and_stays(house: House) -> None:
    added(house)
    now = house.app.now()
    assert take_back(house.app.db, 1, "Lee", now).extra.amount == 120
    assert counting(house) == []
    [kept] = rates.kept_extras(house.app.db.read(), SEPTEMBER, date(2026, 9, 30))
    assert (kept.entered_by, kept.withdrawn_by, kept.withdrawn_at) == ("Kim", "Lee", now)
    assert audited(house)[-1] == ("Lee", "charge taken back", "line 1", "2026-09-14: 120.00, Relabelling", None)
    with pytest.raises(Refused, match="Line 1 was taken back already, by Lee"):
        take_back(house.app.db, 1, "Kim", now)
    with pytest.raises(Refused, match="There is no line 7"):
        take_back(house.app.db, 7, "Kim", now)
    assert len(audited(house)) == 2


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ({"day": None}, "Say on which day it is billed"),
        ({"day": date(2026, 9, 17)}, "Thu 17 Sep 2026 lies in the future."),
        ({"reason": " \n "}, "Say what it is for"),
        ({"reason": "x" * 121}, "121 characters are more than the 120"),
        ({"amount": None}, "Enter the amount"),
        ({"amount": Decimal("0.00")}, "Enter the amount"),
        ({"amount": Decimal("1.005")}, "1.005 has parts of a cent."),
        ({"amount": Decimal("1000000.01")}, "1,000,000.01 is too much to be one line."),
    ],
)
def test_what_cannot_be_a_line_is_refused(house: House, others: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        added(house, **others)
    assert (counting(house), audited(house)) == ([], [])


def test_nobody_adds_a_line_without_a_name(house: House) -> None:
    with pytest.raises(Refused, match="Say who you are"):
        add(house.app.db, NewExtra(AUGUST, "x", Decimal(1)), house.app.settings.zone, " ", house.app.now())


def test_a_billed_month_is_restated_and_a_settled_one_left_alone(house: House) -> None:
    db = house.app.db
    first = added(house, day=AUGUST)
    a_billed_month(db, AUGUST)
    assert added(house, day=AUGUST).billed == "2026-08-v1"
    assert take_back(db, first.extra.extra_no, "Kim", house.app.now()).billed == "2026-08-v1"
    a_billed_month(db, SEPTEMBER)
    for restates in (False, True):
        if restates:
            a_billed_month(db, AUGUST, of=SEPTEMBER)
        with pytest.raises(Refused, match="August 2026 is settled: September 2026 was billed after it"):
            added(house, day=AUGUST)
        with pytest.raises(Refused, match="August 2026 is settled"):
            take_back(db, 2, "Kim", house.app.now())
    assert added(house).billed == "2026-09-v1"
    # A month that was left out can still be billed.
    assert added(house, day=date(2026, 7, 31)).billed == ""
