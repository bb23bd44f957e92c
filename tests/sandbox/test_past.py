"""The past of a new sandbox: lived by the real jobs, also after being killed and stopped midway."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shipsync.config import Settings, load_settings
from shipsync.desk.here import Here
from shipsync.past import CLEANUP, DAY, LOOP, WEEK, ticks
from shipsync.procedures import charges, eom
from shipsync.runtime import App, Clock, open_app
from shipsync.sandbox.clock import RunningClock
from shipsync.sandbox.home import Sandbox
from shipsync.simulation import differences
from shipsync.store import closing_documents, closings, invariants, inventory, jobs, ledger, marks, outbox, quarantine
from tests.house import SYNC

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("America/Los_Angeles")
# A Thursday night in the warehouse, when nobody orders; a weekend lies in the six days before it.
END = datetime(2026, 9, 18, 5, 30, tzinfo=UTC)
# Another one, in the first week of a month.
AFTER_A_MONTH = datetime(2026, 11, 6, 5, 30, tzinfo=UTC)
SHORT = timedelta(days=6)

CHILD = """
import sys, threading
from datetime import datetime
from pathlib import Path
from tests.sandbox.test_past import SHORT, at, settings_of
from shipsync.runtime import open_app
with open_app(settings_of(Path(sys.argv[1])), at(datetime.fromisoformat(sys.argv[2])), past=SHORT) as app:
    past = app.past
    app.start()
    while True:
        print(past.done, flush=True)
        threading.Event().wait(0.02)
"""


def settings_of(folder: Path) -> Settings:
    return load_settings({"SHIPSYNC_DATABASE": str(folder / "x.duckdb")}, None)


def at(instant: datetime) -> Clock:
    """A clock that runs, from that instant on."""
    clock = RunningClock(instant)
    return Clock(clock.now, clock.sleep, lambda: clock.now().timestamp())


def wait_until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        threading.Event().wait(0.01)


def done_in(app: App) -> int:
    assert app.past is not None
    return app.past.done


def ended_after(app: App, kind: str, instant: datetime) -> bool:
    newest = jobs.latest_jobs(app.db.read(), kind, 1)
    return bool(newest) and newest[0].requested_at > instant and newest[0].finished_at is not None


def hold(app: App, what: tuple[str, bool], since: datetime) -> None:
    kind, is_held = what
    with app.db.transaction() as con:
        quarantine.put(con, [quarantine.Entry(kind, "of the test", None, "odd", "It is odd.", None, is_held)], since)


@pytest.mark.sweep  # a command that ends a past cut short is below
def test_a_past_that_is_killed_and_stopped_midway_loses_and_doubles_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), END.isoformat()], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert any(int(line) >= 4 for line in child.stdout)
        child.kill()

    with open_app(settings, at(END), past=SHORT) as app:
        hold(app, ("shop_order", True), END - timedelta(days=7))
        hold(app, ("sku_text", False), END - timedelta(days=7))
        hold(app, ("shipment", True), END - timedelta(days=4))
        app.start()
        assert app.is_working
        wait_until(lambda: done_in(app) >= 3)
        pressed = app.enqueue("backup", {}, "somebody")
        assert app.stop()
        assert app.past is not None
        assert not app.is_working
        assert 0 < app.past.done < app.past.total
        waiting = jobs.job(app.db.read(), pressed.job_id)
        assert waiting is not None
        assert waiting.status == "queued"

    with open_app(settings, at(END), past=SHORT) as app:
        app.start()
        wait_until(lambda: app.past is None and app.worker.is_alive)
        wait_until(lambda: not jobs.open_jobs(app.db.read()))
        assert app.stop()
        con = app.db.read()
        assert app.sandbox is not None
        assert differences(app.sandbox.world.truth(), con) == []
        assert list(invariants.broken(con)) == []
        # The office settles in the morning what stood for days.
        assert {
            one.kind: one.resolution for one in quarantine.lately_closed(con) if one.entity_id == "of the test"
        } == {
            "shop_order": "Taken over by hand by office: put right at ShipStation, and counted on paper",
            "sku_text": "Closed by office: it is fine as it is.",
        }
        assert quarantine.open_one(con, "shipment", "of the test") is not None
        assert len(app.sandbox.world.books.orders) > 100
        assert len(app.sandbox.world.books.shipments) > 80
        asked_by = con.rows("SELECT DISTINCT requested_by FROM jobs WHERE job_id <> $job", {"job": pressed.job_id})
        assert {name for (name,) in asked_by} == {"schedule", "office", "eod"}
        assert con.rows("SELECT count(*) FROM jobs WHERE status NOT IN ('succeeded', 'interrupted')") == [(0,)]
        through = marks.mark_of(con, SYNC).complete_through
        assert through is not None
        assert through >= END
        assert con.value("SELECT min(started_at) FROM runs WHERE requests > 0") < END - timedelta(days=3)

    with open_app(settings, at(END), past=SHORT) as app:
        assert app.past is None


def test_a_past_that_is_not_lived_yet_is_no_reason_to_fire(tmp_path: Path) -> None:
    with open_app(settings_of(tmp_path), at(END), past=SHORT) as app:
        desk = Here(app, "somebody")
        (told,) = desk.status().alerts
        assert (told.state, told.text) == ("pending", "Its last weeks are brought in once shipsync is started.")
        app.start()
        (told,) = desk.status().alerts
        assert (told.state, "are being brought in" in told.text) == ("pending", True)
        assert app.stop()


def test_a_command_before_the_first_start_does_without_a_past(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with open_app(settings, at(END), past=SHORT) as app:
        assert app.past is not None
        assert app.run_now(SYNC, {}, "command line").status == "succeeded"
        assert app.db.read().rows("SELECT count(*) FROM runs") == [(1,)]
    with open_app(settings, at(END), past=SHORT) as app:
        assert app.past is None


def test_a_command_lives_a_past_that_was_cut_short_to_its_end(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    short = timedelta(hours=1)
    with open_app(settings, at(END), past=short) as app:
        app.start()
        wait_until(lambda: done_in(app) >= 2)
        app.stop()
    with open_app(settings, at(END), past=short) as app:
        assert app.run_now(SYNC, {}, "command line").status == "succeeded"
        assert app.past is None
        assert app.sandbox is not None
        assert differences(app.sandbox.world.truth(), app.db.read()) == []


def test_a_new_database_knows_its_workflows_since_the_past_began(tmp_path: Path) -> None:
    with open_app(settings_of(tmp_path), at(END)) as app:
        [(since,)] = app.db.read().rows("SELECT DISTINCT updated_at FROM workflow_controls")
        assert abs(since - (END - timedelta(days=60))) < timedelta(seconds=60)


def test_rounds_are_few_long_ago_and_as_usual_lately() -> None:
    plan = ticks(END - timedelta(days=60), END, ZONE)
    rounds = [one.instant for one in plan if one.kinds[0] == LOOP[0]]
    assert [one.instant for one in plan] == sorted(one.instant for one in plan)
    assert len(set(rounds)) == len(rounds)
    assert rounds[-1] == END
    assert {after - before for before, after in zip(rounds[-13:-1], rounds[-12:], strict=True)} == {
        timedelta(minutes=5)
    }
    early = [one.astimezone(ZONE) for one in rounds if one < END - timedelta(days=2)]
    assert {one.weekday() for one in early} == {0, 1, 2, 3, 4}
    assert {(one.hour, one.minute) for one in early} == {(7, 0), (13, 30)}


def test_every_working_day_but_the_last_is_closed_and_every_week_on_its_friday() -> None:
    closings = [one for one in ticks(END - timedelta(days=14), END, ZONE) if one.kinds[-1] in (DAY, WEEK)]
    assert {one.kinds[:2] for one in closings} == {LOOP[:2]}
    assert [(f"{one.instant.astimezone(ZONE):%a %d %H:%M}", one.kinds[2]) for one in closings] == [
        ("Fri 04 13:30", WEEK),
        ("Mon 07 13:30", DAY),
        ("Tue 08 13:30", DAY),
        ("Wed 09 13:30", DAY),
        ("Thu 10 13:30", DAY),
        ("Fri 11 13:30", WEEK),
        ("Mon 14 13:30", DAY),
        ("Tue 15 13:30", DAY),
        ("Wed 16 13:30", DAY),
    ]


@pytest.mark.sweep  # the browser's first run lives a whole past
def test_the_stockroom_of_a_past_leaves_a_shelf_that_was_counted_a_report_and_an_invoice(tmp_path: Path) -> None:
    with open_app(settings_of(tmp_path), at(AFTER_A_MONTH), past=timedelta(days=10)) as app:
        app.start()
        wait_until(lambda: app.past is None and app.worker.is_alive)
        # Real life begins with one job of each workflow.
        began = AFTER_A_MONTH + timedelta(seconds=3)
        wait_until(lambda: all(ended_after(app, kind, began) for kind in (*LOOP, "backup")))
        assert app.stop()
        con = app.db.read()
        assert list(invariants.broken(con)) == []
        assert con.rows("SELECT count(*) FROM jobs WHERE status <> 'succeeded'") == [(0,)]
        assert con.rows("SELECT count_id, status FROM counts") == [("2026-10-30.1", "posted")]
        week = closings.newest_closed(con, "eow")
        assert week is not None
        assert (week.period_start, week.version) == (date(2026, 10, 26), 1)
        assert {one.status for one in outbox.latest(con)} == {"sent"}
        stock = {one.current.sku: one.current for one in inventory.current(con)}
        assert stock["17612"].alert_level in ("low", "normal")
        assert stock["17612"].weeks_counted == 52
        assert {one.kind for one in ledger.entries(con)} >= {"count", "receive", "ship"}
        # Two days of October are known, so it took a reason; a label of it was voided since.
        month = closings.newest_closed(con, "eom")
        assert month is not None
        made = eom.frozen(month)
        assert (made.name, made.version, made.is_complete, made.reviewed_by) == ("2026-10", 1, True, "office")
        assert made.total > made.carrier_cost > 0
        assert made.reason
        assert len(closing_documents.documents_of(con, "eom", month.period_start, 1)) == 3
        (restated,) = charges.restatements(con, date(2026, 11, 1), ZONE)
        assert restated.amount < 0


def test_every_night_of_the_past_is_cleaned_up_after() -> None:
    nights = [one.instant.astimezone(ZONE) for one in ticks(END - SHORT, END, ZONE) if one.kinds == (CLEANUP,)]
    assert [(one.day, one.hour, one.minute) for one in nights] == [(day, 23, 59) for day in range(11, 17)]


def test_a_past_taken_up_again_has_the_rounds_that_are_left() -> None:
    middle = END - timedelta(days=3, minutes=17)
    whole = ticks(END - SHORT, END, ZONE)
    assert ticks(middle, END, ZONE) == [one for one in whole if one.instant > middle]


def test_a_sandbox_lies_in_the_installations_zone_and_a_kept_one_stays_where_it_was(tmp_path: Path) -> None:
    with Sandbox(tmp_path, lambda: END, "America/Denver") as sandbox:
        assert sandbox.world.zone == ZoneInfo("America/Denver")
    with Sandbox(tmp_path, lambda: END, "America/New_York") as sandbox:
        assert sandbox.world.zone == ZoneInfo("America/Denver")
