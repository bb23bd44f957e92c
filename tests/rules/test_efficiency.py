"""The plan's claims, told from what both sides took."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shipsync.rules.efficiency import Efficiency, Effort, Told, claims

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
DAY = timedelta(days=1)
# What a day of 100 orders came to (docs/figures.md).
LEGACY = Effort(DAY, 24, 164, 13_919, 300, 24 * 8.0, timedelta(hours=1), timedelta(hours=1))
UNIFIED = Effort(DAY, 288, 381, 703, 280, 288 * 2.0, timedelta(minutes=5), timedelta(minutes=9))


def results(legacy: Effort, unified: Effort, span: timedelta = DAY) -> dict[str, Told]:
    return {one.name: one.result for one in claims(Efficiency(NOW - span, NOW, legacy, unified))}


def words(legacy: Effort, unified: Effort, name: str) -> str:
    told = claims(Efficiency(NOW - DAY, NOW, legacy, unified))
    return next(one.words for one in told if one.name == name)


def test_calls_an_hour_are_not_half_where_it_comes_twelve_times_as_often() -> None:
    assert results(LEGACY, UNIFIED) == {
        "half the calls": "not held",
        "a tenth of the orders": "held",
        "half the time": "held",
        "5 minutes instead of 60": "held",
        "as fresh as each other": "held",
    }
    assert words(LEGACY, UNIFIED, "half the calls") == (
        "The unified sync sends 15.9 requests an hour, the legacy workflows 6.8. One pass of it sends 1.3, one of "
        "theirs 6.8; it made 288 passes, they 24."
    )
    assert words(LEGACY, UNIFIED, "as fresh as each other") == (
        "Every 5 minutes the legacy workflows would send 82 requests an hour and fetch 6,960 orders, worked out from "
        "their passes; the unified sync 16 and 29. ShipStation allows 2,400 requests an hour to all tools together."
    )


def test_what_no_limit_allows_is_said() -> None:
    busy = replace(LEGACY, requests=24 * 300)
    assert words(busy, UNIFIED, "as fresh as each other").endswith(
        "one of their passes takes 8 min at least, so they could not come every 5 minutes."
    )


def test_less_than_a_day_tells_nothing() -> None:
    assert set(results(LEGACY, UNIFIED, timedelta(hours=23)).values()) == {"not known"}
    assert set(results(replace(LEGACY, passes=1), UNIFIED).values()) == {"not known"}
    nothing = Effort(DAY, 0, 0, 0, 0, 0.0)
    assert set(results(nothing, nothing).values()) == {"not known"}


def test_a_share_is_held_up_to_itself_and_of_nothing_not_known() -> None:
    assert results(replace(LEGACY, requests=762), UNIFIED)["half the calls"] == "held"
    assert results(replace(LEGACY, requests=761), UNIFIED)["half the calls"] == "not held"
    assert results(replace(LEGACY, orders_fetched=0), UNIFIED)["a tenth of the orders"] == "not known"
    late = replace(UNIFIED, every=timedelta(minutes=7))
    assert results(LEGACY, late)["5 minutes instead of 60"] == "not held"
