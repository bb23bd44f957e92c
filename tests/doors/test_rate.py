"""Our share of 40 requests a minute, and waiting that a job can cancel."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.doors.shipstation.rate import Pace, Rest
from shipsync.errors import Cancelled
from tests.doors.handler import START, Asked, FakeClock, Reply, desk


def limits(limit: int, remaining: int, reset_s: int) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(limit),
        "X-Rate-Limit-Remaining": str(remaining),
        "X-Rate-Limit-Reset": str(reset_s),
    }


def pace(clock: FakeClock, share: int) -> Pace:
    return Pace(share, now=clock.now, rest=Rest(clock.sleep, lambda: False))


def test_a_first_burst_up_to_the_share_is_not_slowed() -> None:
    clock = FakeClock()
    paced = pace(clock, 35)
    for _ in range(35):
        paced.take()
    assert clock.slept_s == 0
    paced.take()
    assert 60 < clock.slept_s < 61


@settings(deadline=None)
@given(st.lists(st.floats(0, 20), min_size=1, max_size=80), st.integers(1, 12))
def test_no_60_seconds_ever_hold_more_than_the_share(idle: list[float], share: int) -> None:
    clock = FakeClock()
    paced = pace(clock, share)
    sent: list[datetime] = []
    for seconds in idle:
        clock.instant += timedelta(seconds=seconds)
        sent.append(paced.take())
    for first, later in zip(sent, sent[share:], strict=False):
        assert later - first > timedelta(seconds=60)


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(hours=2), timedelta(days=1)])
def test_a_clock_that_jumps_neither_frees_nor_blocks_us(jump: timedelta) -> None:
    clock = FakeClock()
    paced = pace(clock, 3)
    for _ in range(3):
        paced.take()
    clock.instant += jump
    paced.take()
    assert clock.slept_s < 61
    if jump < timedelta(0):
        assert clock.slept_s > 59


def test_a_clock_that_stands_still_does_not_hang_us() -> None:
    clock = FakeClock()
    paced = Pace(2, now=lambda: START, rest=Rest(clock.sleep, lambda: False))
    for _ in range(7):
        paced.take()
    assert clock.slept_s < 7 * 61


def test_when_nothing_remains_the_next_request_waits_for_the_reset() -> None:
    at = desk(lambda asked: Reply([], headers=limits(40, 0, 17)))
    at.door.carriers()
    assert at.clock.slept_s == 0
    at.door.carriers()
    assert 17 <= at.clock.slept_s < 18


def test_others_on_the_key_are_left_what_is_not_our_share() -> None:
    """Thirty requests of others, of which we see only that fewer remain than we used up."""
    at = desk(lambda asked: Reply([], headers=limits(40, 10 - len(at.asked), 30)), requests_per_minute=35)
    for _ in range(5):
        at.door.carriers()
    assert at.clock.slept_s == 0
    at.door.carriers()
    assert 30 <= at.clock.slept_s < 31


@pytest.mark.parametrize("counts_before", [0, 1])
def test_alone_on_the_key_we_use_our_whole_share(counts_before: int) -> None:
    """Recorded first answers of a window say 40 or 39: one missing is no sign of others."""

    def answer(asked: Asked) -> Reply:
        return Reply([], headers=limits(40, 40 - len(at.asked) + counts_before, 60))

    at = desk(answer, requests_per_minute=35)
    for _ in range(35):
        at.door.carriers()
    assert at.clock.slept_s == 0


@pytest.mark.parametrize("reset", ["-5", "0", "9999", "soon", ""])
def test_a_senseless_reset_never_holds_us_longer_than_a_minute(reset: str) -> None:
    at = desk(lambda asked: Reply([], headers={"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset}))
    for _ in range(4):
        at.door.carriers()
    assert at.clock.slept_s <= 3 * 60.1


def test_a_cancelled_job_stops_before_its_next_request() -> None:
    stop = False
    at = desk(lambda asked: Reply([]), should_stop=lambda: stop)
    at.door.carriers()
    stop = True
    with pytest.raises(Cancelled):
        at.door.carriers()
    assert len(at.asked) == 1


def test_a_cancelled_job_stops_within_half_a_second_of_a_wait() -> None:
    at = desk(lambda asked: Reply({"message": "Too Many Requests"}, status=429, headers=limits(40, 0, 50)))
    at.door.should_stop = lambda: at.clock.now() >= START + timedelta(seconds=10)
    with pytest.raises(Cancelled):
        at.door.carriers()
    assert 10 <= at.clock.slept_s <= 10.5


def test_a_wait_says_what_it_is_for_while_it_lasts() -> None:
    at = desk(lambda asked: Reply([], status=503) if len(at.asked) == 1 else Reply([]))
    said: list[str | None] = []

    def note() -> bool:
        said.append(at.door.waits_for)
        return False

    at.door.should_stop = note
    at.door.carriers()
    assert any(one is not None and one.endswith("Tries again") for one in said)
    assert at.door.waits_for is None


@pytest.mark.parametrize("share", [0, -1, 41])
def test_a_share_outside_1_to_40_is_a_mistake(share: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 40"):
        desk(lambda asked: Reply([]), requests_per_minute=share)


def test_requests_are_counted_by_what_they_asked_for() -> None:
    at = desk(lambda asked: Reply([], status=503) if len(at.asked) == 1 else Reply([]))
    at.door.carriers()
    at.door.stores()
    at.door.services("fedex")
    assert at.door.requests == {"carriers": 2, "stores": 1, "services": 1}
    assert [kind for _, kind in at.door.recent_requests] == ["carriers", "carriers", "stores", "services"]
