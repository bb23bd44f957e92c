"""When the lists beside what changed are asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shipsync.rules.census import LABELS_AGAIN, TURNS, Questions, Signs, questions, turn_of
from tests.rules.builders import NOON

JUST_NOW = dict.fromkeys(TURNS, NOON - timedelta(minutes=5))


def test_the_first_run_asks_every_list() -> None:
    assert questions(Signs(is_first=True), {}, NOON).feeds == ("shipments", "voids", "fulfillments")


def test_an_idle_cycle_asks_nothing() -> None:
    assert questions(Signs(), JUST_NOW, NOON) == Questions(())


def test_a_shipped_order_calls_for_labels_and_a_reopened_one_for_voids() -> None:
    assert questions(Signs(shipped=True), JUST_NOW, NOON).feeds == ("shipments",)
    assert questions(Signs(reopened=True), JUST_NOW, NOON).feeds == ("shipments", "voids")
    assert questions(Signs(shipped=True, externally=True), JUST_NOW, NOON).feeds == ("shipments", "fulfillments")


def test_an_idle_day_asks_one_list_an_hour_and_each_in_its_time() -> None:
    asked: dict[str, datetime | None] = dict.fromkeys(TURNS, NOON)
    counted: dict[str, int] = dict.fromkeys(TURNS, 0)
    longest = dict.fromkeys(TURNS, timedelta())
    for cycle in range(1, 12 * 48):
        now = NOON + timedelta(minutes=5 * cycle)
        answer = questions(Signs(), asked, now)
        names = [LABELS_AGAIN] if answer.labels_again else list(answer.feeds)
        names += [turn_of(answer.open_status)] if answer.open_status else []
        assert len(names) == (1 if cycle % 12 == 0 else 0)
        for name in names:
            before = asked[name]
            assert before is not None
            longest[name] = max(longest[name], now - before)
            counted[name] += 1
            asked[name] = now
    assert counted["voids"] > counted["shipments"] > 0
    assert longest["voids"] <= timedelta(hours=4)
    assert max(longest.values()) <= timedelta(hours=36)


def test_where_calls_never_cease_an_overdue_list_joins_them() -> None:
    asked = JUST_NOW | {"voids": NOON - timedelta(hours=2)}
    assert questions(Signs(shipped=True), asked, NOON).feeds == ("shipments", "voids")
    asked = JUST_NOW | {turn_of("on_hold"): NOON - timedelta(hours=24)}
    assert questions(Signs(shipped=True), asked, NOON) == Questions(("shipments",), "on_hold")
    asked = JUST_NOW | {LABELS_AGAIN: NOON - timedelta(hours=24)}
    assert questions(Signs(shipped=True), asked, NOON) == Questions(("shipments",), labels_again=True)
    assert questions(Signs(externally=True), asked, NOON).feeds == ("fulfillments", "shipments")


@given(
    st.builds(Signs, st.just(False), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.dictionaries(
        st.sampled_from(sorted(TURNS)), st.timedeltas(timedelta(), timedelta(days=3)).map(lambda ago: NOON - ago)
    ),
)
def test_no_list_is_asked_twice_and_at_most_one_joins(signs: Signs, asked: dict[str, datetime]) -> None:
    answer = questions(signs, dict(asked), NOON)
    assert len(set(answer.feeds)) == len(answer.feeds)
    called = {"shipments"} if signs.shipped or signs.open_changed or signs.reopened else set()
    called |= {"voids"} if signs.reopened else set()
    called |= {"fulfillments"} if signs.externally else set()
    assert called <= set(answer.feeds)
    assert len(answer.feeds) + (answer.open_status is not None) <= len(called) + 1
