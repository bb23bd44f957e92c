"""Days of the whole loop on a made-up clock, with and without faults: nothing lost, double or stale, ever.

After every tick the invariants of DESIGN section 6 are checked (shipsync/invariants.py), and in the end the tables are
compared with the world. Longer ones: python -m shipsync simulate --days N --seed S --faults
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shipsync.runtime import App
from shipsync.sandbox.switches import Switches
from shipsync.sandbox.world import World
from shipsync.simulation import Outcome, closing_due, simulate
from tests.deeds import Deeds

# A Monday morning in the warehouse, and the Wednesday before a month ends on a Saturday.
MONDAY = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 10, 28, 12, 0, tzinfo=UTC)
# An hour before 1:00 Pacific, which comes twice at 8:00 and at 9:00 UTC; and before 2:00 Pacific, which never comes.
BEFORE_AUTUMN = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)
BEFORE_SPRING = datetime(2027, 3, 14, 9, 0, tzinfo=UTC)

# Each has other readings of what nobody outside knows about ShipStation (API.md section 10).
HARSH = {
    "a void moves nothing, and ties come in any order": Switches(void_moves_modify=False, ties="unstable"),
    "a window excludes its start, and a split child has its own key": Switches(
        start_inclusive=False, split_child_key="new"
    ),
    "a partly shipped order is shipped, and queries know no fractions of a second": Switches(
        partly_shipped_status="shipped", subsecond_queries=False
    ),
    "a locked order takes an upload in silence, and results come in any order": Switches(
        locked_order="unchanged", results_shuffled=True, failed_row_order_id="null"
    ),
}


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of faults are meant here; kept as log lines they would only take memory."""
    caplog.set_level(logging.CRITICAL, logger="shipsync")


def people(seed: int, deeds: int) -> Callable[[App, World], None]:
    """People who do so many things after every tick, day and night."""
    rng = random.Random(f"deeds {seed}")

    def act(app: App, world: World) -> None:
        Deeds(world, rng).act(deeds)

    return act


def assert_right(outcome: Outcome) -> None:
    assert outcome.is_right, "\n".join(outcome.lines())


@pytest.mark.sweep
def test_a_working_day_with_faults_ends_right() -> None:
    """Its afternoon has the closing of the day in it."""
    outcome = simulate(days=0.37, seed=1, orders_per_day=150, start=MONDAY, bad_weather=True)
    assert outcome.failed_jobs, "The weather was too good to show anything."
    assert outcome.counts["closed, eod"] >= 1
    assert_right(outcome)


@pytest.mark.sweep
@pytest.mark.parametrize("bad_weather", [False, True], ids=["calm", "faults"])
def test_days_of_closings_and_counts_over_the_end_of_a_month_end_right(bad_weather: bool) -> None:
    outcome = simulate(
        days=5.4, seed=6, orders_per_day=25, every=timedelta(hours=6), start=WEDNESDAY, bad_weather=bad_weather
    )
    assert outcome.counts["closed, eod"] >= 5
    assert outcome.counts["closed, eow"] >= 2  # Friday's, and the one that ends it all
    assert outcome.counts["closed, eom"] >= 2  # Saturday's, and what has begun since, with a late void in it
    assert_right(outcome)


@pytest.mark.sweep
def test_the_same_seed_closes_to_the_same_content() -> None:
    """I13, documents and all."""
    told: list[list[object]] = []

    def keep(app: App, world: World) -> None:
        con = app.db.read()
        told[-1] += [
            con.rows(f"SELECT * FROM {table} ORDER BY ALL")  # noqa: S608 - names from the test
            for table in ("closings", "expected_stock", "closing_documents", "inventory_transactions", "count_lines",
                          "inventory_current", "weekly_shipped_history", "outbox", "charge_report_lines", "job_steps")
        ]  # fmt: skip

    for _ in range(2):
        told.append([])
        friday = datetime(2026, 7, 31, 18, 0, tzinfo=UTC)  # the last day of a month
        assert_right(
            simulate(days=0.3, seed=8, orders_per_day=60, every=timedelta(hours=1), start=friday, at_each_tick=keep)
        )
    assert told[0][-2], "No month was closed."
    assert told[0] == told[1]


def test_days_are_closed_at_half_past_one_on_friday_the_week_and_on_the_last_day_the_month() -> None:
    zone, quarter = ZoneInfo("America/Los_Angeles"), timedelta(minutes=15)
    half_past_one = datetime(2026, 10, 26, 13, 30, tzinfo=zone)
    days = [half_past_one + timedelta(days=number) for number in range(7)]
    assert [closing_due(day - quarter, day, zone) for day in days] == [*["eod"] * 4, "eow", "eom", None]
    assert closing_due(half_past_one, half_past_one + quarter, zone) is None
    assert closing_due(half_past_one - 2 * quarter, half_past_one - quarter, zone) is None


@pytest.mark.sweep
@pytest.mark.parametrize("start", [BEFORE_AUTUMN, BEFORE_SPRING], ids=["autumn", "spring"])
def test_the_night_of_a_clock_change_ends_right(start: datetime) -> None:
    assert_right(
        simulate(days=0.15, seed=3, orders_per_day=0, start=start, bad_weather=True, at_each_tick=people(3, 2))
    )


@pytest.mark.sweep
@pytest.mark.parametrize("switches", HARSH.values(), ids=HARSH)
def test_other_readings_of_what_shipstation_does_end_right(switches: Switches) -> None:
    assert_right(
        simulate(
            days=0.1,
            seed=4,
            orders_per_day=0,
            start=MONDAY,
            switches=switches,
            bad_weather=True,
            at_each_tick=people(4, 3),
        )
    )


def test_rows_that_move_while_many_pages_are_read_are_not_lost() -> None:
    def in_bulk(app: App, world: World) -> None:
        if world.now.minute % 30 == 0:
            world.bulk_orders(700, timedelta(minutes=3), world.now)

    assert_right(simulate(days=0.06, seed=5, orders_per_day=0, start=MONDAY, bad_weather=True, at_each_tick=in_bulk))
