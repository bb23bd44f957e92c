"""What is watched: each alert's four states, its sentence, and what changes from one look to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.alerts import (
    KEYS,
    WATCHED,
    Alert,
    Facts,
    Held,
    Kept,
    Late,
    Machine,
    MailTrouble,
    ShortSku,
    State,
    UnknownSku,
    alerts,
    changes,
)
from shipsync.rules.freshness import REFUSED_CREDENTIALS
from shipsync.rules.lateness import CutOff, cut_off
from tests.rules.builders import NOON

SYNC, IMPORT, BACKUP = "shipstation-sync", "xml-import", "backup"
REFUSED = "ShipStation refused the credentials (401). Check the key and secret in the settings."
PACIFIC = ZoneInfo("America/Los_Angeles")
ONE_PM: CutOff = cut_off(None, None, PACIFIC)  # NOON is a Friday, 12:00 there


def minutes(amount: float) -> timedelta:
    return timedelta(minutes=amount)


def a_machine(**others: Any) -> Machine:
    """One that has run for days and has room."""
    values: dict[str, Any] = {
        "started_at": NOON - timedelta(days=3),
        "is_working": True,
        "free_bytes": 50_000_000_000,
        "needed_bytes": 200_000_000,
    }
    return Machine(**(values | others))


def facts(**others: Any) -> Facts:
    """A healthy loop."""
    values: dict[str, Any] = {
        "complete_through": NOON - minutes(4),
        "is_sync_enabled": True,
        "last_sync_took": timedelta(seconds=2),
        "last_failures": {},
        "held": [],
        "waiting_uploads": 0,
        "is_upload_enabled": True,
        "sync_interval": minutes(5),
        "made_at": NOON - timedelta(days=90),
        "intervals": {SYNC: 5, IMPORT: 5, BACKUP: None},
        "last_backup_at": NOON - timedelta(hours=11),
        "cut_off": ONE_PM,
        "late": Late(0, None, None, None),
        "machine": a_machine(),
    }
    return Facts(**(values | others))


def failing(workflow: str, error: str, since: datetime) -> dict[str, Any]:
    return {"last_failures": {workflow: error}, "failing_since": {workflow: since}}


def held(hours: float, count: int = 1) -> Held:
    return Held("unreadable", count, NOON - timedelta(hours=hours), "Order 100123 cannot be read.")


def late(came_in: datetime, count: int = 1) -> Late:
    return Late(count, came_in, "700125", "xcart:700125")


def an_unknown_sku(sku: str = "18855", orders: int = 2) -> UnknownSku:
    return UnknownSku(sku, orders, NOON - minutes(1))


# key -> state -> what is the case. Where a state is missing the alert cannot have it.
STATES: Mapping[str, Mapping[State, Mapping[str, Any]]] = {
    "worker": {"firing": {"machine": a_machine(is_working=False)}},
    "credentials": {
        "firing": failing(SYNC, REFUSED, NOON - minutes(1)),
        "cannot tell": {"unread": {"runs": "The database is closed."}},
    },
    "sync-off": {"firing": {"is_sync_enabled": False}, "cannot tell": {"unread": {"workflows": "closed"}}},
    "stale": {
        "pending": {"complete_through": NOON - minutes(60)},
        "firing": {"complete_through": NOON - minutes(121)},
        "cannot tell": {"complete_through": NOON + minutes(30)},
    },
    "slow": {
        "pending": {"sync_running_since": NOON - timedelta(seconds=90)},
        "firing": {"last_sync_took": timedelta(seconds=61)},
        "cannot tell": {"unread": {"runs": "closed"}},
    },
    "run-failed": {
        "pending": failing(IMPORT, "orders.xml: it is cut short.", NOON - minutes(5)),
        "firing": failing(IMPORT, "orders.xml: it is cut short.", NOON - minutes(11)),
        "cannot tell": {"unread": {"runs": "closed"}},
    },
    "uploads": {
        "pending": {"waiting_uploads": 12, "is_upload_enabled": False, "oldest_upload_at": NOON - minutes(3)},
        "firing": {"waiting_uploads": 12, "is_upload_enabled": False, "oldest_upload_at": NOON - minutes(30)},
        "cannot tell": {"unread": {"uploads": "closed"}},
    },
    "quarantine": {
        "pending": {"held": [held(23)]},
        "firing": {"held": [held(25, 3), held(1)]},
        "cannot tell": {"unread": {"quarantine": "closed"}},
    },
    "unknown-sku": {"firing": {"unknown_skus": [an_unknown_sku()]}, "cannot tell": {"unread": {"unknown SKUs": "x"}}},
    "late": {
        # NOON is Friday 12:00 in the warehouse, so Thursday 13:00 is the last cut-off; just passed: see below.
        "firing": {"late": late(NOON - timedelta(hours=26))},
        "cannot tell": {"unread": {"late": "The cut-off '25:00' is no hour of the day. Write it like 13:00."}},
    },
    "stock": {
        "firing": {"short_skus": [ShortSku("18795", "It lasts 9 days, and a delivery takes 28.")]},
        "cannot tell": {"unread": {"stock": "closed"}},
    },
    "not-closed": {
        "firing": {"last_closed_on": date(2026, 11, 18)},
        "cannot tell": {"unread": {"closings": "closed"}},
    },
    "month-not-closed": {
        "firing": {"last_closed_month": date(2026, 9, 1)},
        "cannot tell": {"unread": {"closings": "closed"}},
    },
    "database": {
        "firing": {"machine": a_machine(findings=("orders_inbox: 2 values of its key are there twice.",))},
        "cannot tell": {"machine": a_machine(disk_error="No such file or directory")},
    },
    "backup": {
        "pending": {"last_backup_at": None, "made_at": NOON - timedelta(hours=20)},
        "firing": {"last_backup_at": NOON - timedelta(hours=49)},
        "cannot tell": {"unread": {"backups": "closed"}},
    },
    "mail": {
        "firing": {"mail": MailTrouble(1, 0, NOON - minutes(5), "'Week 47'. The mail service refuses the key.")},
        "cannot tell": {"unread": {"mails": "closed"}},
    },
    "cut-over": {
        "firing": {"refused_cut_over": (NOON - minutes(5), "The cut-over goes from ready; the deployment is off.")},
        "cannot tell": {"unread": {"workflows": "closed"}},
    },
}
CASES = [(key, state) for key, states in STATES.items() for state in states]


def the(key: str, given: Facts, now: datetime = NOON) -> Alert | None:
    return next((one for one in alerts(given, now) if one.key == key), None)


def test_a_healthy_loop_needs_nobody() -> None:
    assert alerts(facts(), NOON) == []


def test_every_alert_of_the_list_has_its_states_here() -> None:
    assert tuple(STATES) == KEYS


@pytest.mark.parametrize(("key", "state"), CASES)
def test_an_alert_takes_each_of_its_states(key: str, state: State) -> None:
    found = the(key, facts(**STATES[key][state]))
    assert found is not None
    assert found.state == state
    assert found.fires == (state != "pending")


@pytest.mark.parametrize(("key", "state"), CASES)
def test_a_sentence_tells_state_cause_and_where_to_go(key: str, state: State) -> None:
    found = the(key, facts(**STATES[key][state]))
    assert found is not None
    assert found.text[0].isupper() or found.text[0].isdigit() or found.text.startswith(IMPORT)
    assert found.text.endswith((".", "closed", "x"))
    assert "!" not in found.text
    assert found.place.page
    assert found.place.label


def test_what_cannot_be_told_fires_with_its_reason() -> None:
    found = the("late", facts(unread={"late": "The cut-off '25:00' is no hour of the day."}))
    assert found is not None
    assert found.fires
    assert found.text == "It cannot be told which orders are late: The cut-off '25:00' is no hour of the day."


def test_every_question_left_unread_leaves_something_untold() -> None:
    questions = {question for watched in WATCHED for question in watched.questions}
    for question in questions:
        states = {one.state for one in alerts(facts(unread={question: "closed"}), NOON)}
        assert states == {"cannot tell"}


def test_a_mark_that_has_not_moved_for_two_hours_is_bad_and_names_the_cause() -> None:
    error = "ShipStation did not answer."
    found = the("stale", facts(complete_through=NOON - timedelta(hours=3), **failing(SYNC, error, NOON - minutes(5))))
    assert found is not None
    assert (found.level, found.since) == ("bad", NOON - timedelta(hours=3))
    assert found.text.startswith("Orders are complete only up to 3 h ago. The last sync failed: ShipStation did")


def test_a_refused_key_is_told_by_the_names_of_the_screen() -> None:
    found = the("credentials", facts(**failing(SYNC, f"{REFUSED_CREDENTIALS} (401).", NOON - minutes(5))))
    assert found is not None
    assert found.text.startswith("ShipStation refuses the key, so Sync with ShipStation stands still. Check ")


def test_a_switched_off_sync_is_told_once() -> None:
    given = facts(is_sync_enabled=False, complete_through=NOON - timedelta(days=3))
    assert [one.key for one in alerts(given, NOON)] == ["sync-off"]


def test_after_a_start_what_is_overdue_is_made_good_first() -> None:
    just_started = a_machine(started_at=NOON - minutes(2))
    given = facts(
        machine=just_started,
        complete_through=NOON - timedelta(days=3),
        last_backup_at=NOON - timedelta(days=4),
    )
    assert {one.key: one.state for one in alerts(given, NOON)} == {"stale": "pending", "backup": "pending"}
    later = replace(given, machine=a_machine(started_at=NOON - minutes(11)))
    assert {one.key: one.state for one in alerts(later, NOON)} == {"stale": "firing", "backup": "firing"}


def test_a_new_installation_may_take_a_while_for_its_first_sync() -> None:
    new = facts(complete_through=None, made_at=NOON - minutes(3), last_backup_at=None)
    assert {one.key: one.state for one in alerts(new, NOON)} == {"stale": "pending", "backup": "pending"}
    found = the("stale", facts(complete_through=None, made_at=NOON - minutes(16)))
    assert found is not None
    assert found.state == "cannot tell"


def test_on_the_command_line_nobody_asks_how_the_process_is() -> None:
    assert alerts(facts(machine=None, cut_off=None, late=None), NOON) == []


def test_a_nightly_workflow_that_fails_is_told_at_once() -> None:
    given = facts(intervals={"orders-cleanup": None}, **failing("orders-cleanup", "It broke.", NOON))
    found = the("run-failed", given)
    assert found is not None
    assert found.state == "firing"


def test_a_refused_key_is_told_as_that_and_not_as_a_failed_run() -> None:
    assert [one.key for one in alerts(facts(**failing(SYNC, REFUSED, NOON - minutes(20))), NOON)] == ["credentials"]


def test_a_failed_backup_is_told_as_that() -> None:
    found = alerts(facts(**failing(BACKUP, "The disk is full.", NOON - minutes(1))), NOON)
    assert [(one.key, one.state, one.level) for one in found] == [("backup", "firing", "bad")]


def test_critical_stock_is_named() -> None:
    one = ShortSku("18795", "It lasts 9 days, and a delivery takes 28.")
    [told] = alerts(facts(short_skus=[one]), NOON)
    assert (told.key, told.level, told.state) == ("stock", "warn", "firing")
    assert told.text == "Stock of 18795 is critical. It lasts 9 days, and a delivery takes 28."
    [both] = alerts(facts(short_skus=[one, ShortSku("17914", "Nothing is left.")]), NOON)
    assert both.text == "Stock of 2 SKUs is critical: 18795, 17914. 18795: It lasts 9 days, and a delivery takes 28."


@pytest.mark.parametrize(
    ("closed_on", "told"),
    [
        (date(2026, 11, 19), None),  # yesterday; NOON is a Friday, and its day is not over
        (date(2026, 11, 20), None),  # today already
        (date(2026, 11, 18), "Thu 19 Nov 2026 was not closed"),
        (None, None),  # nobody closes days here
    ],
)
def test_a_working_day_that_was_not_closed_is_told(closed_on: date | None, told: str | None) -> None:
    found = alerts(facts(last_closed_on=closed_on), NOON)
    assert [one.key for one in found] == ([] if told is None else ["not-closed"])
    assert told is None or found[0].text.startswith(told)


def test_a_weekend_and_a_day_off_are_not_missed_by_the_closings() -> None:
    sunday = NOON + timedelta(days=2)
    through = sunday - minutes(4)
    assert the("not-closed", facts(last_closed_on=date(2026, 11, 20), complete_through=through), sunday) is None
    off = cut_off(None, None, PACIFIC, "2026-11-19")
    assert alerts(facts(last_closed_on=date(2026, 11, 18), cut_off=off), NOON) == []


def test_a_month_that_was_not_closed_is_told_once_a_press_need_not_say_which_it_means() -> None:
    found = the("month-not-closed", facts(last_closed_month=date(2026, 9, 1)))
    assert found is not None
    assert found.text == "October 2026 was not closed, so nobody was billed for it. Close it."
    assert found.place.query == (("month", "2026-10"),)
    assert the("month-not-closed", facts(last_closed_month=date(2026, 10, 1))) is None
    early = datetime(2026, 11, 7, 20, 0, tzinfo=UTC)
    assert the("month-not-closed", facts(last_closed_month=date(2026, 9, 1)), early) is None


def test_orders_late_at_the_cut_off_that_has_just_passed_get_an_hour() -> None:
    # Friday 13:00 in the warehouse is an hour after NOON.
    one_pm = NOON + timedelta(hours=1)
    came_in = NOON - timedelta(hours=2)
    states = {}
    for after in (0, 59, 60):
        now = one_pm + minutes(after)
        found = the("late", facts(late=late(came_in), complete_through=now, last_backup_at=NOON), now)
        states[after] = found.state if found else None
    assert states == {0: "pending", 59: "pending", 60: "firing"}


def test_late_orders_open_the_oldest() -> None:
    one = the("late", facts(late=late(NOON - timedelta(hours=26))))
    several = the("late", facts(late=late(NOON - timedelta(hours=26), count=3)))
    assert one is not None
    assert several is not None
    assert (one.place.page, one.place.query) == ("order", (("order", "xcart:700125"),))
    assert several.place.label == "Open the oldest"
    assert several.text == (
        "3 orders still wait past the cut-off of 13:00, the oldest (700125) for 1 day. Ship them, or put them on hold."
    )


@pytest.mark.parametrize(
    ("machine", "level", "words"),
    [
        (a_machine(free_bytes=100_000_000), "bad", "Nothing is written any more: 100 MB are free"),
        (a_machine(free_bytes=250_000_000), "warn", "The disk is nearly full: 250 MB are free"),
        (a_machine(notices=("It was not closed properly the last time.",)), "warn", "It was not closed properly"),
    ],
)
def test_database_trouble_is_told_by_its_kind(machine: Machine, level: str, words: str) -> None:
    found = the("database", facts(machine=machine))
    assert found is not None
    assert found.level == level
    assert found.text.startswith(words)


def test_the_worst_comes_first_and_what_may_mend_itself_last() -> None:
    given = facts(
        held=[held(1)],
        last_sync_took=timedelta(seconds=70),
        late=late(NOON - timedelta(hours=26)),
    )
    assert [(one.level, one.state) for one in alerts(given, NOON)] == [
        ("bad", "firing"),
        ("warn", "firing"),
        ("warn", "pending"),
    ]


# What changes


def alert(key: str, state: State, since: datetime | None = None) -> Alert:
    return Alert("bad", "It is so.", key, state, since)


def test_an_alert_that_begins_to_fire_is_a_change_with_a_mail() -> None:
    [change] = changes([], [alert("stale", "firing", NOON - minutes(5))], NOON)
    assert (change.alert.state, change.before, change.began_at) == ("firing", "normal", NOON - minutes(5))
    assert change.begins_to_fire


def test_an_alert_that_lasts_is_no_change() -> None:
    assert not list(changes([Kept("stale", "firing", NOON)], [alert("stale", "firing")], NOON))


def test_not_being_able_to_tell_is_still_firing() -> None:
    [change] = changes([Kept("stale", "firing", NOON)], [alert("stale", "cannot tell")], NOON + minutes(1))
    assert not change.begins_to_fire
    assert not change.ends
    assert change.began_at == NOON


def test_an_alert_that_is_gone_has_ended() -> None:
    [change] = changes([Kept("stale", "firing", NOON - minutes(5))], [], NOON)
    assert (change.alert.state, change.ends) == ("normal", True)


def test_one_that_comes_back_begins_anew() -> None:
    [change] = changes([Kept("stale", "normal", NOON - timedelta(days=3))], [alert("stale", "firing")], NOON)
    assert (change.began_at, change.begins_to_fire) == (NOON, True)


@given(
    st.lists(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["pending", "firing", "cannot tell"])), max_size=8)
)
def test_an_alert_is_mailed_once_for_each_time_it_begins_to_fire(looks: list[dict[str, State]]) -> None:
    kept: dict[str, Kept] = {}
    mails: dict[str, int] = dict.fromkeys(KEYS, 0)
    begun: dict[str, int] = dict.fromkeys(KEYS, 0)
    fired = dict.fromkeys(KEYS, False)
    for look in looks:
        for change in changes(list(kept.values()), [alert(key, state) for key, state in look.items()], NOON):
            kept[change.alert.key] = Kept(change.alert.key, change.alert.state, change.began_at)
            mails[change.alert.key] += change.begins_to_fire
        for key in KEYS:
            fires = look.get(key) in ("firing", "cannot tell")
            begun[key] += fires and not fired[key]
            fired[key] = fires
    assert mails == begun
