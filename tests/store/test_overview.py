"""What alerts are told from, and how each alert and mail is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shipsync.errors import StoreError
from shipsync.jobs.schedule import default_controls
from shipsync.rules.alerts import Alert, Change, Kept, Machine, State, UnknownSku
from shipsync.store import alerts, overview, quarantine, runs
from shipsync.store.alerts import Event
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database, open_database
from shipsync.store.overview import OrderCensus
from shipsync.store.settings import set_setting
from shipsync.store.workflows import add_missing_controls
from tests.store.conftest import NOW
from tests.store.order_rows import an_order, put

MACHINE = Machine(started_at=NOW, is_working=True, free_bytes=None, needed_bytes=None)
PACIFIC = ZoneInfo("America/Los_Angeles")


def minutes(amount: float) -> timedelta:
    return timedelta(minutes=amount)


def with_controls(db: Database) -> None:
    with db.transaction() as con:
        add_missing_controls(con, default_controls(sync_minutes=5, is_sandbox=False), NOW)


def a_run(
    db: Database, workflow: str, token: int, status: runs.End, ended_at: datetime, error: str | None = None
) -> None:
    run_id = f"{workflow}.{token}"
    with db.transaction() as con:
        runs.begin_run(con, run_id, workflow, None, token, ended_at - timedelta(seconds=2))
        runs.end_run(con, run_id, status, ended_at, counts={}, log=[], error=error)


def test_a_new_database_has_nothing_to_tell(memory: Database) -> None:
    with_controls(memory)
    told = overview.facts(memory.read())
    assert (told.complete_through, told.made_at, told.last_failures, told.unread) == (None, NOW, {}, {})
    assert told.sync_interval == minutes(5)
    assert not told.is_upload_enabled


def test_a_workflow_fails_since_its_first_failure_after_the_last_success(memory: Database) -> None:
    with_controls(memory)
    a_run(memory, "xml-import", 1, "failed", NOW - minutes(60), "long ago")
    a_run(memory, "xml-import", 2, "succeeded", NOW - minutes(30))
    a_run(memory, "xml-import", 3, "failed", NOW - minutes(20), "cut short")
    a_run(memory, "xml-import", 4, "cancelled", NOW - minutes(15))
    a_run(memory, "xml-import", 10, "failed", NOW - minutes(10), "still cut short")
    a_run(memory, "shipstation-sync", 1, "failed", NOW - minutes(20), "down")
    a_run(memory, "shipstation-sync", 2, "succeeded", NOW - minutes(5))
    told = overview.facts(memory.read())
    assert told.last_failures == {"xml-import": "still cut short"}
    assert told.failing_since == {"xml-import": NOW - minutes(20)}
    assert told.last_sync_took == timedelta(seconds=2)


def test_a_sync_under_way_and_the_last_backup_are_told(memory: Database) -> None:
    a_run(memory, "backup", 1, "succeeded", NOW - timedelta(days=3))
    a_run(memory, "backup", 2, "failed", NOW - timedelta(days=2), "no room")
    with memory.transaction() as con:
        runs.begin_run(con, "shipstation-sync.7", "shipstation-sync", None, 7, NOW - minutes(3))
    told = overview.facts(memory.read())
    assert told.last_backup_at == NOW - timedelta(days=3)
    assert told.sync_running_since == NOW - minutes(3)


def test_waiting_uploads_are_told_with_the_oldest(memory: Database) -> None:
    an_order(memory, "700001", "pending", created_at=NOW - minutes(7))
    an_order(memory, "700002", "pending", created_at=NOW - minutes(3))
    assert overview.waiting_uploads(memory.read()) == (2, NOW - minutes(7))


def test_skus_that_hold_orders_back_are_named_the_most_wanted_first(memory: Database) -> None:
    def hold(number: str, *skus: str) -> None:
        raw = {
            "format": "x-cart",
            "position": 1,
            "fields": {"orderid": number},
            "lines": [{"productid": sku, "amount": "1"} for sku in skus],
        }
        entry = {"kind": "shop_order", "entity_id": number, "reason": "unknown_sku", "detail": "x", "held": True}
        put(memory, "quarantine", raw=json.dumps(raw), tries=1, first_seen_at=NOW, last_seen_at=NOW, **entry)

    put(memory, "products", sku="17612", name="Case", is_key=True, updated_at=NOW)
    hold("700001", "18855", "17612")
    hold("700002", "18855", "19015")
    assert overview.unknown_skus(memory.read()) == [UnknownSku("18855", 2, NOW), UnknownSku("19015", 1, NOW)]


def test_a_held_record_that_is_no_order_of_the_shop_is_told_and_no_more(memory: Database) -> None:
    for kind, raw in (("order", '{"orderId": 1}'), ("shop_order", '{"orderId": 1}')):
        with memory.transaction() as con:
            quarantine.put(con, [quarantine.Entry(kind, "1", "1", "unknown_sku", "x", raw)], NOW)
    told = overview.facts(memory.read())
    assert told.unread == {"unknown SKUs": 'This is no order of the shop as we keep it: {"orderId": 1}'}
    assert [(one.reason, one.count) for one in told.held] == [("unknown_sku", 2)]


def test_each_order_that_belongs_here_is_counted_once(memory: Database) -> None:
    order_id = an_order(memory, "700001")
    an_order(memory, "700002", "failed", shipstation_order_id=None)
    assert overview.order_census(memory.read()) == OrderCensus(2, 2)
    held = [
        ("order", str(order_id), True),  # a newer version of one that is in
        ("shop_order", "700002", True),  # likewise
        ("order", "1", True),
        ("conflict", "2", True),
        ("shop_order", "700003", True),
        ("conflict", "3", False),  # a note: both are in
        ("shipment", "4", True),  # no order
    ]
    with memory.transaction() as con:
        entries = [quarantine.Entry(kind, name, None, "x", "x", None, is_held) for kind, name, is_held in held]
        quarantine.put(con, entries, NOW)
    assert overview.order_census(memory.read()) == OrderCensus(2, 5)
    with memory.transaction() as con:
        quarantine.resolve(con, "conflict", ["2"], "mended", NOW)
    assert overview.order_census(memory.read()) == OrderCensus(2, 4)


def test_a_question_that_fails_is_named_and_the_others_are_answered(memory: Database) -> None:
    an_order(memory, "700001", "pending", created_at=NOW)

    class Broken(Cursor):
        """A cursor that cannot read the quarantine."""

        def __init__(self, sound: Cursor) -> None:
            self._sound = sound

        def rows(self, sql: str, parameters: Any = None) -> Any:
            if "quarantine" in sql:
                raise StoreError("The database could not do that.")
            return self._sound.rows(sql, parameters)

    told = overview.facts(Broken(memory.read()))
    assert told.waiting_uploads == 1
    assert told.unread == {
        "quarantine": "The database could not do that.",
        "unknown SKUs": "The database could not do that.",
    }


def test_a_closed_database_leaves_every_question_unread() -> None:
    with open_database(None) as db:
        con = db.read()
    assert set(overview.facts(con).unread) == {
        "workflows", "runs", "uploads", "mark", "quarantine", "unknown SKUs", "backups",
            "closings",
            "stock", "mails",
    }  # fmt: skip


def test_a_cut_off_that_cannot_be_read_leaves_late_orders_untold(memory: Database) -> None:
    with memory.transaction() as con:
        set_setting(con, "cut_off", "soon", "Bob", NOW)
    known, said = overview.facts(memory.read()), overview.cut_off(memory.read(), PACIFIC)
    assert isinstance(said, str)

    def never(_: datetime) -> overview.Late:
        raise AssertionError("nobody asks without a cut-off")

    told = overview.told_now(known, MACHINE, said, never, NOW)
    assert told.unread["late"] == "The cut-off 'soon' is no hour of the day. Write it like 13:00."


# Alerts


def a_change(state: State, before: State, text: str = "It is so.") -> Change:
    return Change(Alert("bad", text, "stale", state, NOW), before, NOW)


def row(db: Database) -> tuple[object, ...]:
    return db.read().rows("SELECT state, fired_at, ended_at, mail_key FROM alerts")[0]


def test_an_alert_is_kept_from_its_beginning_to_its_end_and_the_next(memory: Database) -> None:
    def keep(change: Change, mail: str | None, now: datetime) -> None:
        with memory.transaction() as con:
            alerts.keep(con, [(change, mail)], now)

    t = [datetime(2026, 3, 3, 12, n, tzinfo=UTC) for n in range(5)]
    keep(a_change("pending", "normal"), None, t[0])
    assert row(memory) == ("pending", None, None, None)
    keep(a_change("firing", "pending"), "alert/stale/1", t[1])
    assert row(memory) == ("firing", t[1], None, "alert/stale/1")
    keep(a_change("cannot tell", "firing"), None, t[2])
    assert row(memory) == ("cannot tell", t[1], None, "alert/stale/1")
    keep(a_change("normal", "cannot tell"), None, t[3])
    assert row(memory) == ("normal", t[1], t[3], "alert/stale/1")
    keep(a_change("firing", "normal"), "alert/stale/2", t[4])
    assert row(memory) == ("firing", t[4], None, "alert/stale/2")
    assert [one.state for one in alerts.events(memory.read())] == [
        "firing", "normal", "cannot tell", "firing", "pending",
    ]  # fmt: skip
    assert alerts.kept(memory.read()) == [Kept("stale", "firing", NOW)]
    assert alerts.events(memory.read(), limit=1) == [Event("stale", t[4], "firing", "bad", "It is so.")]
