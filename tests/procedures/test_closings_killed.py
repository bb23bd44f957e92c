"""Closings killed at every step and every transaction: recovered and tried again, each is there once and is right."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from shipsync.jobs.worker import recover
from shipsync.procedures import eom
from shipsync.runtime import App
from shipsync.store import closing_documents, closings, invariants, ledger, outbox
from shipsync.store import jobs as jobs_store
from tests.doors.mail_service import a_mail_service
from tests.house import House, a_house
from tests.procedures.closing_day import counted, expected, shipped, waiting
from tests.procedures.closing_process import MONTH, WEEK
from tests.procedures.deaths import Dying, Killed, Moment
from tests.procedures.month import FRIDAY as LAST
from tests.procedures.month import JULY, go_to, in_july
from tests.procedures.month import MONDAY as LAST_MONDAY
from tests.procedures.test_alerts_and_mail import with_mail

ROOT = Path(__file__).parents[2]
FRIDAY = datetime(2026, 9, 18, 20, 0, tzinfo=UTC)
DAY, MONDAY = FRIDAY.date(), FRIDAY.date() - timedelta(days=4)


def wrong(house: House) -> list[str]:
    """What does not hold between two jobs: locks, ends, the ledger, and what a closing froze."""
    con = house.app.db.read()
    found = list(invariants.broken(con))
    found += [f"{order_id} is out of step" for order_id in ledger.orders_out_of_step(con)]
    found += [
        f"{one} is double"
        for (one,) in con.rows(
            "SELECT kind || ' ' || period_start || ' v' || version FROM closings WHERE closed_at IS NOT NULL "
            "GROUP BY kind, period_start, version HAVING count(*) > 1"
        )
    ]
    return found


def closed_once(house: House, kind: Any, period: Any) -> closings.Closing:
    """The only version of a period."""
    con = house.app.db.read()
    rows = con.rows(
        "SELECT version FROM closings WHERE kind = $kind AND period_start = $period AND closed_at IS NOT NULL",
        {"kind": kind, "period": period},
    )
    assert rows == [(1,)]
    found = closings.closed(con, kind, period)
    assert found is not None
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("half", [0, 1], ids=["one half", "the other"])
def test_killed_at_every_step_of_a_day_a_week_and_a_month_all_are_closed_once(half: int, tmp_path: Path) -> None:
    """One after the other: each process is killed a point further on than the one before, the last one is not."""
    database = tmp_path / "a.duckdb"
    points = [
        *(("eow", point) for point in (*WEEK[half::2], "-")),
        *(("eom", point) for point in (*MONTH[half::2], "-")),
    ]
    with a_mail_service() as service, in_july(tmp_path, database=database) as house:
        go_to(house, LAST)
        shipped(house, 3, cost=Decimal("10.00"))
        waiting(house, 2)
        house.wait()
        house.app.db.close()
        ended = []
        command = [sys.executable, "-m", "tests.procedures.closing_process", str(database), house.server.url]
        with subprocess.Popen(
            [*command, service.url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for kind, point in points:
                house.wait(1)
                process.stdin.write(f"{house.clock.now().isoformat()} {kind} {point}\n")
                process.stdin.flush()
                ended.append((point, int(process.stdout.readline())))
            process.stdin.close()
        assert ended == [(point, 0 if point == "-" else -signal.SIGKILL) for _, point in points]
    with a_house(tmp_path, start=datetime(2026, 7, 31, 22, tzinfo=UTC), database=database) as house:
        assert wrong(house) == []
        day, week, month = (
            closed_once(house, kind, start) for kind, start in (("eod", LAST), ("eow", LAST_MONDAY), ("eom", JULY))
        )
        assert day.sentence == "Physical count ready: 1 order shipped today, 5 SKUs updated"
        assert expected(house, LAST)["17612", "250237"] == 97
        assert house.rows("SELECT DISTINCT version FROM expected_stock") == [(1,)]
        assert week.sentence == "Week 31: 3 units, 5 SKUs unknown"
        made = eom.frozen(month)
        assert (made.carrier_cost, made.service_fees, made.reason) == (Decimal("10.00"), Decimal("260.00"), "")
        con = house.app.db.read()
        kinds: tuple[tuple[closings.Kind, date, str], ...] = (
            ("eow", LAST_MONDAY, "weekly-report/2026-W31/v1"),
            ("eom", JULY, "charge-report/2026-07/v1"),
        )
        for closing, start, key in kinds:
            kept = {one.name for one in closing_documents.documents_of(con, closing, start, 1)}
            assert len(kept) == 3
            assert {one.name for one in outbox.files(con, key)} == {
                name for name in kept if closing == "eow" or not name.endswith(".csv")
            }
        assert house.rows("SELECT mail_key, status FROM outbox ORDER BY 1") == [
            ("charge-report/2026-07/v1", "sent"),
            ("weekly-report/2026-W31/v1", "sent"),
        ]
        assert len(service.mails) == 2
        assert house.rows("SELECT job_id, month FROM charge_report") == [("eom.1", JULY)]
        attempts = house.rows(
            "SELECT job_id, attempts FROM jobs WHERE job_id IN ('eow.1', 'eom.1') ORDER BY job_id DESC"
        )
        assert attempts == [("eow.1", len(WEEK[half::2]) + 1), ("eom.1", len(MONTH[half::2]) + 1)]
        assert house.rows("SELECT count(*) FROM jobs WHERE status NOT IN ('succeeded', 'interrupted')") == [(0,)]


def hit(house: House) -> set[tuple[str, str]]:
    """(kind, step) of the steps that a death has cut off."""
    return set(
        house.rows("SELECT j.kind, s.name FROM job_steps s JOIN jobs j USING (job_id) WHERE s.status = 'interrupted'")
    )


def dies(house: House, at: int, moment: Moment, kind: str) -> bool:
    """Run a closing in a process that dies at its `at`-th transaction. Whether it came to that."""
    dying = Dying(house.app.db, at, moment)
    app = App(house.app.settings, cast(Any, dying), house.app.doors, house.app.clock)
    with suppress(Killed):
        app.run_now(kind, {}, "test")
    recover(house.app)
    return dying.died


def go_on(house: House, kind: str) -> None:
    """Try what was interrupted again, as a person does; or press, where it had not begun."""
    newest = jobs_store.latest_jobs(house.app.db.read(), kind, 1)
    if newest and newest[0].status == "interrupted":
        house.app.retry(newest[0].job_id, "test")
    elif newest and newest[0].status == "succeeded":
        return
    else:
        house.app.enqueue(kind, {}, "test")
    while house.app.worker.run_next():
        pass


# What dies within a transaction leaves the same rows as what dies before it; only what it has said outward differs.
# One in six of them always, and all of both in the sweep.
MOMENTS = pytest.mark.parametrize(
    ("moment", "every"),
    [("within", 6), *(pytest.param(moment, 1, marks=pytest.mark.sweep) for moment in ("before", "within"))],
)


@MOMENTS
def test_a_day_that_dies_at_any_transaction_is_closed_once_when_tried_again(
    moment: Moment, every: int, tmp_path: Path
) -> None:
    steps: set[tuple[str, str]] = set()
    with a_house(tmp_path, start=FRIDAY) as house:
        counted(house, "17612", "250237", 1_000)
        left = 1_000
        for version, at in enumerate(count(1, every), 1):
            house.wait(20)
            shipped(house, 3)
            left -= 3
            house.wait(1)
            died = dies(house, at, moment, "eod")
            steps |= hit(house)
            go_on(house, "eod")
            assert wrong(house) == [], at
            done = house.rows("SELECT version FROM closings WHERE closed_at IS NOT NULL ORDER BY version")
            assert done == [(one,) for one in range(1, version + 1)], at
            assert expected(house, DAY, version) == {("17612", "250237"): left}, at
            if not died:
                break
    if every == 1:
        assert {name for kind, name in steps if kind == "eod"} == {"sync", "shipped", "census", "recalculate", "freeze"}
        assert {name for kind, name in steps if kind == "shipstation-sync"} >= {"fetch orders", "apply"}


@MOMENTS
def test_a_week_that_dies_at_any_transaction_is_closed_once_when_tried_again(
    moment: Moment, every: int, tmp_path: Path
) -> None:
    steps: set[tuple[str, str]] = set()
    with a_house(tmp_path, start=FRIDAY) as house:
        counted(house, "17612", "250237", 1_000)
        door = with_mail(house)
        house.job("eod")
        for version, at in enumerate(count(1, every), 1):
            house.wait(1)
            died = dies(house, at, moment, "eow")
            steps |= hit(house)
            go_on(house, "eow")
            assert wrong(house) == [], at
            con = house.app.db.read()
            done = house.rows(
                "SELECT version FROM closings WHERE kind = 'eow' AND closed_at IS NOT NULL ORDER BY version"
            )
            assert done == [(one,) for one in range(1, version + 1)], at
            assert len(closing_documents.documents_of(con, "eow", MONDAY, version)) == 3
            sent = Counter(one.mail_key for one in door.mails)
            assert set(sent.values()) <= {1}, at
            kept = {one.mail_key: one.status for one in outbox.latest(con)}
            assert len(kept) == version
            assert {key for key, status in kept.items() if status in ("sent", "unknown")} >= set(sent)
            if not died:
                break
    if every == 1:
        assert {name for kind, name in steps if kind == "eow"} == {"day", "weeks", "stock", "report", "mail", "archive"}
        assert {name for kind, name in steps if kind == "mail"} == {"settle", "send"}


@pytest.mark.parametrize("at", range(4, 40, 5))
def test_a_week_that_dies_while_its_day_is_closed_is_closed_once_when_tried_again(at: int, tmp_path: Path) -> None:
    with a_house(tmp_path, start=FRIDAY) as house:
        counted(house, "17612", "250237", 100)
        shipped(house, 3)
        house.wait()
        assert dies(house, at, "before", "eow")
        go_on(house, "eow")
        assert wrong(house) == []
        assert closed_once(house, "eod", DAY).records == 1
        assert closed_once(house, "eow", MONDAY).records == 3
        assert expected(house, DAY) == {("17612", "250237"): 97}


@pytest.mark.parametrize("at", [pytest.param(30, marks=pytest.mark.sweep), 48])
def test_a_month_that_dies_while_its_day_or_week_is_closed_is_closed_once_when_tried_again(
    at: int, tmp_path: Path
) -> None:
    with in_july(tmp_path) as house:
        go_to(house, LAST)
        shipped(house, 3)
        house.wait()
        assert dies(house, at, "before", "eom")
        assert ("eom", "week") in hit(house)
        go_on(house, "eom")
        assert wrong(house) == []
        assert closed_once(house, "eod", LAST).records == 1
        assert closed_once(house, "eom", JULY).records == 1
        week = closings.closed(house.app.db.read(), "eow", LAST_MONDAY)
        assert week is not None
        assert week.records == 3
