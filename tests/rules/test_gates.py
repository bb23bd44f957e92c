"""The gates: what passes, what fails, and that what is not known never promotes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.gates import (
    CLASSES,
    Comparison,
    Facts,
    Failure,
    Gate,
    Met,
    Pace,
    Rehearsal,
    Rule,
    evidence,
    evidence_hash,
    gates,
    may_differ,
    refusal,
)
from tests.rules.builders import NOON

HOUR = timedelta(hours=1)


def a_comparison(mode: str, ago: timedelta = timedelta(0), **others: Any) -> Comparison:
    values = dict.fromkeys(("explained", "ignored", "pending", "overdue", "confirmed"), 0)
    values |= {"compared": 4_000, "matched": 4_000}
    return Comparison(mode, NOON - ago, **(values | others))


def live(hours: int, **newest: Any) -> list[Comparison]:
    """One every two hours, the newest an hour ago."""
    made = [a_comparison("live", timedelta(hours=ago)) for ago in range(hours - 1, 0, -2)]
    return [*made[:-1], replace(made[-1], **newest)]


REHEARSED = Rehearsal(NOON - 11 * HOUR, took={"cutover": timedelta(seconds=1.2), "rollback": timedelta(seconds=0.8)})


def facts(**others: Any) -> Facts:
    """All is well after 50 hours of live comparing."""
    replayed = a_comparison("replay", 51 * HOUR, period=(NOON - timedelta(days=33), NOON - timedelta(days=2)))
    values: dict[str, Any] = {
        "state": "shadow_live",
        "since": NOON - 50 * HOUR,
        "live_since": NOON - 50 * HOUR,
        "by": "Ann",
        "comparisons": [a_comparison("noise", 51 * HOUR), replayed, *live(50)],
        "control": Pace(48, 9.0, 9.0, timedelta(minutes=62)),
        "candidate": Pace(570, 1.2, 14.0, timedelta(minutes=6)),
        "runs": 300,
        "last_backup_at": NOON - 11 * HOUR,
        "rehearsal": REHEARSED,
        "met": {name: Met(wanted) for name, wanted in CLASSES.items()},
    }
    return Facts(**(values | others))


def shut(change: Any, told: Facts) -> dict[str, str]:
    """The gates that are not passed, with their result."""
    return {one.name: one.result for one in gates(change, told, NOON) if one.result != "pass"}


def test_with_everything_shown_it_is_ready_and_may_be_cut_over() -> None:
    assert shut("promote", facts()) == {}
    assert shut("cutover", facts(state="ready")) == {}
    assert refusal(gates("promote", facts(), NOON)) is None


@pytest.mark.parametrize(
    ("others", "gate", "result"),
    [
        ({"comparisons": []}, "live parity", "inconclusive"),
        ({"live_since": NOON - 20 * HOUR}, "live parity", "inconclusive"),
        ({"comparisons": live(50, confirmed=1)}, "live parity", "fail"),
        ({"comparisons": live(50, overdue=1)}, "live parity", "fail"),
        ({"in_doubt": 1}, "live parity", "inconclusive"),
        ({"comparisons": [one for one in live(50) if one.finished_at < NOON - 6 * HOUR]}, "live parity",
         "inconclusive"),
        ({"comparisons": live(50)}, "noise", "inconclusive"),
        ({"comparisons": [a_comparison("noise", confirmed=1)]}, "noise", "inconclusive"),
        ({"comparisons": [a_comparison("replay", confirmed=1)]}, "replay", "fail"),
        ({"comparisons": live(50)}, "recorded days", "inconclusive"),
        ({"comparisons": [a_comparison("live", compared=200)]}, "sample", "inconclusive"),
        ({"met": {}}, "coverage", "inconclusive"),
        ({"candidate": Pace(570, 1.2, 14.0, timedelta(minutes=70))}, "freshness", "fail"),
        ({"candidate": Pace(570, 9.1, 14.0, timedelta(minutes=6))}, "requests", "fail"),
        ({"candidate": None}, "freshness", "inconclusive"),
        ({"candidate": None}, "requests", "inconclusive"),
        ({"candidate": Pace(1, 9.1, 14.0, None)}, "requests", "inconclusive"),
        ({"failures": [Failure("status-sync.7", NOON - HOUR, "down")]}, "no failed run", "fail"),
        ({"runs": 0}, "no failed run", "inconclusive"),
        ({"last_backup_at": None}, "backup", "fail"),
        ({"last_backup_at": NOON - timedelta(days=3)}, "backup", "fail"),
        ({"rehearsal": None}, "way back", "inconclusive"),
        ({"rehearsal": replace(REHEARSED, finished_at=NOON - 26 * HOUR)}, "way back", "inconclusive"),
        ({"rehearsal": Rehearsal(NOON, "The disk is full.")}, "way back", "fail"),
        ({"rehearsal": replace(REHEARSED, lost=1)}, "way back", "fail"),
        ({"rehearsal": replace(REHEARSED, broken=1)}, "way back", "fail"),
        ({"rehearsal": replace(REHEARSED, took={"rollback": timedelta(seconds=61)})}, "way back", "fail"),
        ({"rules": [Rule(1, "order.tracking_number", NOON - HOUR, 1, 50)]}, "ignore rules", "fail"),
        ({"rules": [Rule(1, "order.tracking_number", NOON + HOUR, 50, 50)]}, "ignore rules", "fail"),
    ],
)  # fmt: skip
def test_what_is_missing_or_bad_shuts_its_gate(others: dict[str, Any], gate: str, result: str) -> None:
    found = shut("promote", facts(**others))
    assert found[gate] == result
    assert refusal(gates("promote", facts(**others), NOON)) is not None


@pytest.mark.parametrize(
    ("mode", "others", "gate", "words"),
    [
        ("replay", {}, "replay", "Replayed: all 4,000 records equal."),
        ("replay", {"matched": 3_990, "explained": 7, "ignored": 3}, "replay",
         "Replayed: 3,990 of 4,000 records equal, 7 meant to differ, 3 ignored by a rule."),
        ("replay", {"matched": 3_992, "explained": 7, "confirmed": 1, "pending": 2}, "replay",
         "Replayed 0 s ago: 3,992 of 4,000 records equal, 7 meant to differ, 1 confirmed to differ, "
         "2 more passed by one side alone."),
        ("live", {"matched": 3_999, "confirmed": 1, "overdue": 2}, "live parity",
         "Compared 0 s ago: 3,999 of 4,000 records equal, 1 confirmed to differ, 2 missing on one side for too long."),
        ("live", {"matched": 3_995, "confirmed": 1}, "live parity",
         "Compared 0 s ago: 3,995 of 4,000 records equal, 1 confirmed to differ, 4 in doubt."),
        ("live", {"matched": 3_999, "confirmed": 1}, "sample", "1 of 4,000 records confirmed to differ."),
    ],
)  # fmt: skip
def test_a_gate_tells_what_became_of_all_that_was_compared(
    mode: str, others: dict[str, int], gate: str, words: str
) -> None:
    told = facts(comparisons=[*facts().comparisons, a_comparison(mode, **others)])
    before = replace(told, state="shadow_replay" if mode == "replay" else "shadow_live")
    assert {one.name: one.words for one in gates("promote", before, NOON)}[gate] == words


def test_a_difference_that_was_mended_begins_the_48_hours_anew() -> None:
    compared = live(50)
    compared[10] = replace(compared[10], confirmed=1)
    told = facts(comparisons=[*facts().comparisons[:2], *compared])
    (found,) = [one for one in gates("promote", told, NOON) if one.name == "live parity"]
    assert found.result == "inconclusive"
    assert found.passes_at == compared[10].finished_at + timedelta(hours=48)


def test_a_pause_in_comparing_begins_the_48_hours_anew() -> None:
    compared = [one for one in live(50) if not NOON - 40 * HOUR < one.finished_at < NOON - 34 * HOUR]
    assert shut("promote", facts(comparisons=[*facts().comparisons[:2], *compared])) == {"live parity": "inconclusive"}


def test_days_that_were_replayed_twice_count_once() -> None:
    twice = [
        a_comparison("replay", 51 * HOUR, period=(NOON - timedelta(days=20), NOON - timedelta(days=2))),
        a_comparison("replay", 51 * HOUR, period=(NOON - timedelta(days=22), NOON - timedelta(days=4))),
    ]
    assert shut("promote", facts(comparisons=[a_comparison("noise"), *twice, *live(50)])) == {
        "recorded days": "inconclusive"
    }


def test_made_up_orders_may_fill_a_kind_and_are_named() -> None:
    met = {name: Met(wanted) for name, wanted in CLASSES.items()} | {"split": Met(0, made_up=3)}
    told = facts(met=met)
    assert shut("promote", told) == {}
    (found,) = [one for one in gates("promote", told, NOON) if one.name == "coverage"]
    assert "Split only with made-up orders" in found.words


def test_shadow_begins_when_another_person_has_reviewed_the_plan() -> None:
    told = Facts("off", NOON, by="Ann")
    assert shut("begin", told) == {"review": "fail"}
    assert shut("begin", replace(told, reviewed_by="ann ")) == {"review": "fail"}
    assert shut("begin", replace(told, reviewed_by="Bob")) == {}


def test_a_rollback_has_no_gate() -> None:
    assert gates("rollback", Facts("ready", NOON), NOON) == ()


def test_it_is_done_after_24_hours_without_a_difference_beside_it() -> None:
    reverse = [a_comparison("reverse", timedelta(hours=ago)) for ago in range(25, 0, -2)]
    told = facts(state="reverse_shadow", since=NOON - 26 * HOUR, comparisons=reverse)
    assert shut("finish", told) == {}
    assert shut("finish", replace(told, since=NOON - 23 * HOUR)) == {"stable": "inconclusive"}
    assert shut("finish", replace(told, comparisons=[*reverse, a_comparison("reverse", confirmed=1)])) == {
        "stable": "fail"
    }


def test_after_3000_keys_without_a_difference_at_most_one_in_1000_differs() -> None:
    assert may_differ(0) is None
    assert str(may_differ(3_000)) == "0.001"


def test_equal_gates_have_equal_evidence_and_a_changed_figure_another() -> None:
    one, same = (gates("promote", facts(), NOON) for _ in range(2))
    other = gates("promote", facts(runs=301), NOON)
    assert evidence_hash(evidence(one)) == evidence_hash(evidence(same)) != evidence_hash(evidence(other))
    assert {gate["name"] for gate in json.loads(evidence(one))} >= {"live parity", "coverage", "backup"}


@given(
    st.lists(
        st.builds(
            a_comparison,
            mode=st.sampled_from(["live", "replay", "noise"]),
            ago=st.integers(0, 60).map(lambda hours: hours * HOUR),
            confirmed=st.integers(0, 1),
            overdue=st.integers(0, 1),
            compared=st.sampled_from([0, 10, 4_000]),
        ),
        max_size=12,
    )
)
def test_nothing_that_stands_is_ever_promoted(compared: list[Comparison]) -> None:
    told = facts(comparisons=sorted(compared, key=lambda one: one.finished_at))
    newest = {mode: [one for one in told.comparisons if one.mode == mode][-1:] for mode in ("live", "replay", "noise")}
    found: tuple[Gate, ...] = gates("promote", told, NOON)
    if any(not one or one[0].confirmed or not one[0].compared for one in newest.values()):
        assert refusal(found) is not None


def test_where_only_time_is_missing_the_gate_says_until_when() -> None:
    (found,) = [one for one in gates("promote", facts(live_since=NOON - 20 * HOUR), NOON) if one.name == "live parity"]
    assert found.passes_at == NOON + 28 * HOUR
