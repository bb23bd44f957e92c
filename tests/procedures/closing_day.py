"""What the tests of closings share: stock on the shelf, orders that ship, and what a closing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from shipsync.errors import StoreFull
from shipsync.procedures.work import Work
from shipsync.rules.ledger import Movement
from shipsync.rules.periods import business_date
from shipsync.store import closings, jobs, ledger
from shipsync.store.closings import Closing, Kind
from shipsync.store.jobs import Job
from tests.house import House

DAY = date(2026, 9, 16)  # of tests/house.py NOON, a Wednesday
RINSE = "17612 - 250237"


def counted(house: House, sku: str, lot: str, units: int, at: datetime | None = None) -> None:
    """Somebody has said that so many units of a lot stand on the shelf: at an instant, an hour ago without one."""
    moved_at = at or house.clock.now() - timedelta(hours=1)
    day = business_date(moved_at, house.app.settings.zone)
    with house.app.db.transaction() as con:
        ledger.post(con, [Movement("count", sku, lot, units, moved_at, day)], "test", house.clock.now())


def moved(house: House, kind: Any, sku: str, lot: str, units: int, at: datetime) -> None:
    """Something else moved, entered now."""
    day = business_date(at, house.app.settings.zone)
    with house.app.db.transaction() as con:
        ledger.post(con, [Movement(kind, sku, lot, units, at, day, "damaged")], "test", house.clock.now())


def shipped(house: House, units: int = 1, sku: str = RINSE, **label: Any) -> int:
    """An order that somebody types and buys a label for. Its id."""
    order = house.world.place_manual_order(items=((sku, units),))
    house.world.buy_label(order.order_id, **label)
    return order.order_id


def waiting(house: House, units: int = 1, sku: str = RINSE) -> int:
    """An order that awaits shipment. Its id."""
    return house.world.place_manual_order(items=((sku, units),)).order_id


def closed(house: House, job: Job) -> Closing:
    """The closing of a job that succeeded."""
    assert job.status == "succeeded", job.error
    found = closings.closing_of(house.app.db.read(), job.job_id)
    assert found is not None
    assert found.closed_at is not None
    return found


def content(one: Closing) -> dict[str, Any]:
    """What a closing froze."""
    assert one.content is not None
    found: dict[str, Any] = json.loads(one.content)
    return found


def expected(house: House, day: date = DAY, version: int = 1) -> dict[tuple[str, str], int]:
    """What a day's closing expects on the shelf, by SKU and lot; lines at nought left out."""
    lines = closings.expected(house.app.db.read(), day, version)
    return {(one.sku, one.lot): one.quantity for one in lines if one.quantity}


def versions(house: House, kind: Kind, day: date = DAY) -> list[int | None]:
    """The versions of a closed period, the newest first."""
    return [
        one.version
        for one in closings.attempts(house.app.db.read(), kind)
        if one.period_start == day and one.closed_at is not None
    ]


def try_again(house: House, job_id: str) -> Job:
    """Press Retry, and let it come to its end."""
    house.app.retry(job_id, "test")
    while house.app.worker.run_next():
        pass
    found = jobs.job(house.app.db.read(), job_id)
    assert found is not None
    return found


def step_result(house: House, job_id: str, name: str) -> dict[str, Any]:
    """What a step of a job came to."""
    (found,) = [one for one in jobs.steps(house.app.db.read(), job_id) if one.name == name]
    return dict(found.result or {})


def states(house: House, job_id: str) -> dict[str, str]:
    """The steps of a job, and how each stands."""
    return {one.name: one.status for one in jobs.steps(house.app.db.read(), job_id)}


@contextmanager
def once_at(house: House, endpoint: str, deed: Callable[[], object], *, skip: int = 0) -> Iterator[None]:
    """Within the block: once, after a page of a list was made (after `skip` of them), something happens."""
    left = [skip, 1]

    def hook(world: object, request: Any) -> None:
        if request.endpoint != endpoint or not left[1]:
            return
        if left[0]:
            left[0] -= 1
            return
        left[1] = 0
        deed()

    house.faults.drift(hook)
    yield
    house.faults.drift(None)
    assert not left[1], f"nobody asked for {endpoint} so often"


@contextmanager
def failing_at(house: House, kind: str, name: str) -> Iterator[None]:
    """Within the block the step of that name does its work, and fails in the end."""

    def failing(do: Callable[[Work], Any]) -> Callable[[Work], Any]:
        def step(work: Work) -> Any:
            do(work)
            raise StoreFull("Too little space.")

        return step

    whole = house.app.procedures
    steps = tuple(replace(one, do=failing(one.do)) if one.name == name else one for one in whole[kind].steps)
    house.app.procedures = {**whole, kind: replace(whole[kind], steps=steps)}
    yield
    house.app.procedures = whole
