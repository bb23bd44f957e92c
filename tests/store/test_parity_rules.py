"""Ignore rules as they are kept, and the history of differences that they are tried on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shipsync.errors import Refused, Unknown
from shipsync.rules.parity_ignores import NewIgnoreRule, state
from shipsync.rules.parity_verdicts import Found, Judged, Verdict
from shipsync.store import parity_results, parity_rules
from shipsync.store.db import Database
from shipsync.store.parity_results import Run


def asked(now: datetime, **changed: object) -> NewIgnoreRule:
    rule = NewIgnoreRule(
        "Order", "service name", "Ground®", None, "Renamed.", "OPS-1", "Bob", now + timedelta(days=7), 2
    )
    return replace(rule, **changed)  # type: ignore[arg-type]


def a_difference(key: str, control: str | None, candidate: str | None, field: str = "shipping_service_name") -> Found:
    return Found("order", key, field, "field-differs", int(key), control, candidate, None, True, False)


def keep(db: Database, run_id: str, at: datetime, verdict: Verdict, *found: Found) -> None:
    with db.transaction() as con:
        parity_results.keep_differences(con, "live", [(one, Judged(verdict, at)) for one in found], run_id, at)


def test_a_rule_is_kept_under_its_true_names_and_waits_for_a_second_person(memory: Database, now: datetime) -> None:
    with memory.transaction() as con:
        assert parity_rules.add_rule(con, asked(now), now) == 1
        with pytest.raises(Refused, match="Another person"):
            parity_rules.approve_rule(con, 1, "bob", now)
        (rule,) = parity_rules.all_rules(con)
        assert (rule.asked.entity, rule.asked.field, state(rule, now)) == ("order", "shipping_service_name", "waiting")
        parity_rules.approve_rule(con, 1, "Ann", now)
        parity_rules.count_hits(con, {1: 2}, now)
        (rule,) = parity_rules.all_rules(con)
        assert (rule.approver, rule.hits, state(rule, now)) == ("Ann", 2, "used up")
        assert parity_rules.withdraw_rule(con, 1, "Ann", now)
        assert not parity_rules.withdraw_rule(con, 1, "Ann", now)
        with pytest.raises(Unknown):
            parity_rules.approve_rule(con, 2, "Ann", now)
        assert [entry[0] for entry in con.rows("SELECT action FROM audit_log ORDER BY entry_no")] == [
            "ignore rule added", "ignore rule approved", "ignore rule withdrawn",
        ]  # fmt: skip


def test_a_rule_about_money_is_refused_and_not_kept(memory: Database, now: datetime) -> None:
    with memory.transaction() as con:
        with pytest.raises(Refused, match="can never be ignored"):
            parity_rules.add_rule(con, asked(now, entity="shipment", field="Shipment_Cost"), now)
        assert parity_rules.all_rules(con) == []


def test_a_rule_is_tried_on_all_that_was_ever_found(memory: Database, now: datetime) -> None:
    keep(
        memory,
        "parity-check.1",
        now,
        "confirmed",
        a_difference("1", "Ground®", "Ground"),
        a_difference("2", "Air", None),
    )
    keep(memory, "parity-check.2", now + timedelta(hours=2), "suspect", a_difference("3", "Ground®", None))
    keep(memory, "parity-check.2", now, "suspect", a_difference("4", "Ground®", None, "tracking_number"))
    con = memory.read()
    assert [(one.key, one.verdict) for one in parity_rules.back_test(con, asked(now))] == [
        ("3", "suspect"), ("1", "confirmed"),
    ]  # fmt: skip
    assert [one.key for one in parity_rules.back_test(con, asked(now, candidate=""))] == ["3"]
    assert parity_rules.back_test(con, asked(now, field="*")) == []


def test_a_difference_keeps_its_history(memory: Database, now: datetime) -> None:
    one, later, last = a_difference("1", "A", "B"), now + timedelta(hours=2), now + timedelta(hours=4)
    keep(memory, "parity-check.1", now, "suspect", one, a_difference("2", "A", "B"))
    keep(memory, "parity-check.2", later, "confirmed", one)
    with memory.transaction() as con:
        gone = [("order", "2", "shipping_service_name")]
        assert parity_results.differences_are_gone(con, "live", gone, later) == 1
        assert parity_results.differences_are_gone(con, "live", gone, last) == 0
        assert parity_results.differences_are_gone(con, "live", [one.identity], last) == 0
    con = memory.read()
    told = {kept.key: kept for kept in parity_results.differences(con, ["live"])}
    assert (told["1"].verdict, told["1"].confirmed_at, told["1"].gone_at, told["1"].seen) == (
        "confirmed",
        later,
        last,
        2,
    )
    assert (told["2"].verdict, told["2"].confirmed_at, told["2"].gone_at) == ("transient", None, later)
    assert parity_results.count_by_verdict(con, "live") == {}
    assert parity_results.confirmed_since(con, "live", last) == 1
    assert parity_results.confirmed_since(con, "live", last + timedelta(hours=1)) == 0
    keep(memory, "parity-check.4", last, "suspect", one)
    (back,) = parity_results.differences(memory.read(), ["live"], is_there=True)
    assert (back.key, back.verdict, back.first_seen_at, back.confirmed_at, back.seen) == ("1", "suspect", now, later, 3)
    with memory.transaction() as con:
        assert parity_results.forget(con, last) == 1


def test_what_is_gone_is_forgotten_unless_it_was_confirmed_once(memory: Database, now: datetime) -> None:
    meant, was_confirmed, stays = (a_difference(key, "A", "B") for key in ("1", "2", "3"))
    keep(memory, "parity-check.1", now, "confirmed", was_confirmed)
    keep(memory, "parity-check.2", now, "explained", meant, was_confirmed, stays)
    gone = [meant.identity, was_confirmed.identity]
    with memory.transaction() as con:
        parity_results.differences_are_gone(con, "live", gone, now)
        assert parity_results.forget(con, now) == 0
        assert parity_results.forget(con, now + timedelta(seconds=1)) == 1
    assert {one.key for one in parity_results.differences(memory.read(), ["live"])} == {"2", "3"}


def test_of_older_comparisons_one_an_hour_is_kept_and_whatever_found_something(memory: Database, now: datetime) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    nothing = Run("", "live", hour, hour, None, None, hour, hour, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0)
    with memory.transaction() as con:
        for minute in range(0, 180, 5):
            at = hour + timedelta(minutes=minute)
            found = {10: {"confirmed": 1}, 75: {"overdue": 2}}.get(minute, {})
            mode = "replay" if minute == 20 else "live"
            run = replace(nothing, run_id=f"parity-check.{minute}", mode=mode, finished_at=at, **found)
            parity_results.keep_run(con, run)
        assert parity_results.thin_runs(con, hour + timedelta(hours=2)) == 24 - 5
        assert parity_results.thin_runs(con, hour + timedelta(hours=2)) == 0
    told = [one.run_id.removeprefix("parity-check.") for one in parity_results.runs(memory.read(), ["live", "replay"])]
    assert sorted(map(int, told)) == [10, 20, 55, 75, 115, *range(120, 180, 5)]
