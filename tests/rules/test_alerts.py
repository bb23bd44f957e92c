"""What needs a person, told from the state of things."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shipsync.rules.alerts import Facts, Held, alerts
from tests.rules.builders import NOON


def facts(**others: Any) -> Facts:
    values: dict[str, Any] = {
        "complete_through": NOON - timedelta(minutes=4),
        "is_sync_enabled": True,
        "last_sync_took": timedelta(seconds=2),
        "last_failures": {},
        "held": [],
        "waiting_uploads": 0,
        "is_upload_enabled": True,
    }
    return Facts(**(values | others))


def told(given: Facts) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in alerts(given, NOON)]


def test_a_healthy_loop_needs_nobody() -> None:
    assert told(facts()) == []


def test_a_mark_that_has_not_moved_for_two_hours_is_bad() -> None:
    [(level, text)] = told(facts(complete_through=NOON - timedelta(hours=2, minutes=1)))
    assert level == "bad"
    assert "complete only through 2026-11-20 17:59 UTC" in text


def test_a_sync_that_takes_over_a_minute_is_told() -> None:
    assert told(facts(last_sync_took=timedelta(seconds=61))) == [("warn", "The last sync took 61 s.")]


def test_a_sync_that_is_switched_off_says_how_to_switch_it_on() -> None:
    [(level, text)] = told(facts(is_sync_enabled=False))
    assert level == "bad"
    assert "workflow enable shipstation-sync" in text


def test_a_failed_workflow_is_named_with_its_error() -> None:
    assert told(facts(last_failures={"xml-import": "orders.xml: it is cut short"})) == [
        ("bad", "xml-import failed: orders.xml: it is cut short")
    ]


def test_held_records_are_told_by_reason_and_turn_bad_by_age() -> None:
    young = Held("unknown_sku", 1, NOON - timedelta(hours=1), "Order 700095 is held back.")
    old = Held("unreadable", 3, NOON - timedelta(hours=25), "Order 100123 cannot be read.")
    assert told(facts(held=[young, old])) == [
        ("bad", "Order 100123 cannot be read. (and 2 more)"),
        ("warn", "Order 700095 is held back."),
    ]


def test_orders_that_wait_for_a_switched_off_upload_are_told() -> None:
    [(level, text)] = told(facts(waiting_uploads=12, is_upload_enabled=False))
    assert level == "warn"
    assert "12 shop orders wait" in text
    assert told(facts(waiting_uploads=12)) == []


def test_a_new_database_says_that_nothing_was_read_yet() -> None:
    assert told(facts(complete_through=None))[0][0] == "warn"
