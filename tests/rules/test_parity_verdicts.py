"""From a difference to a verdict: nothing is confirmed because of lag, and nothing that lasts is missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipsync.rules import parity_verdicts
from shipsync.rules.parity_verdicts import Decision, Found, Kept, Passed, Passes, judge

NOW = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def passes(control: float, candidate: float) -> Passes:
    return Passes(Passed(at(control), at(control)), Passed(at(candidate), at(candidate)))


def a_difference(version: float = -60, *, is_settled: bool = True, is_stale: bool = False) -> Found:
    return Found("order", "1", "tracking_number", "field-differs", 1, "T1", None, at(version), is_settled, is_stale)


def kept(
    verdict: parity_verdicts.Verdict = "suspect", since: float = -30, version: float = -60, *, gone: bool = False
) -> Kept:
    return Kept(verdict, at(since), at(version), gone)


def test_a_version_is_settled_once_both_engines_have_passed_it_and_the_overlap() -> None:
    assert passes(-5, -20).settled("order") == at(-30)
    assert Passes(Passed(at(0), None), Passed(at(0), at(0))).settled("order") == at(-10)
    assert Passes(Passed(at(0), None), Passed(at(0), at(0))).settled("shipment") is None
    assert Passes(Passed(at(0), at(-40)), Passed(at(-5), at(0))).settled("shipped_item") == at(-50)


def test_all_but_items_wait_for_the_lists_of_parcels_to_be_read_again() -> None:
    marks = Passes(Passed(at(0), at(0)), Passed(at(-1), at(-40)))
    assert [marks.passed_again(name) for name in ("order_item", "order", "shipment")] == [at(-1), at(-40), at(-40)]
    daily = Passes(Passed(at(0), at(0)), Passed(at(-1), at(-40), at(-600)))
    assert [daily.passed_again("shipment", name) for name in ("voided_at", "shipment_cost")] == [at(-40), at(-600)]
    assert judge(a_difference(), kept(), marks, None, NOW).verdict == "suspect"
    assert judge(replace(a_difference(), entity="order_item"), kept(), marks, None, NOW).verdict == "confirmed"


def test_around_the_autumn_clock_change_more_is_pending() -> None:
    repeated = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    both = Passed(repeated, repeated)
    assert Passes(both, both).settled("order") == repeated - timedelta(minutes=75)


@pytest.mark.parametrize(
    ("found", "before", "marks", "verdict"),
    [
        (a_difference(is_settled=False), None, passes(0, 0), "pending"),
        (a_difference(), None, passes(0, 0), "suspect"),
        (a_difference(), kept(), passes(-29, -40), "suspect"),  # the candidate has made no pass since
        (a_difference(), kept(), passes(-30, -29), "suspect"),  # the control's began just then, and may have missed it
        (a_difference(), kept(), passes(-29, -29), "confirmed"),
        (a_difference(version=-50), kept(), passes(-29, -29), "suspect"),  # of another version it is another one
        (a_difference(), kept(gone=True), passes(-29, -29), "suspect"),  # it has come again
        (a_difference(is_stale=True), None, passes(0, 0), "stale-input"),
        (a_difference(is_stale=True), kept("stale-input"), passes(-29, -29), "confirmed"),  # one side has missed it
        (a_difference(version=-50), kept("confirmed"), passes(-29, -29), "confirmed"),  # it has lasted all along
        (a_difference(is_settled=False), kept("confirmed"), passes(0, 0), "pending"),
        (a_difference(), None, None, "confirmed"),  # of a replay nothing settles any more
        (a_difference(is_settled=False, is_stale=True), None, None, "confirmed"),
    ],
)  # fmt: skip
def test_a_difference_is_judged(found: Found, before: Kept | None, marks: Passes | None, verdict: str) -> None:
    assert judge(found, before, marks, None, NOW).verdict == verdict


def test_what_an_answer_could_account_for_is_not_confirmed_before_it() -> None:
    both = passes(-29, -29)
    waiting = [
        judge(one, kept(), both, None, NOW, waits_for_answer=True).verdict
        for one in (a_difference(), a_difference(is_stale=True))
    ]
    assert waiting == ["suspect", "stale-input"]
    assert judge(a_difference(), kept("confirmed"), both, None, NOW, waits_for_answer=True).verdict == "confirmed"


def test_what_accounts_for_a_difference_is_named_with_it() -> None:
    judged = judge(a_difference(), kept("confirmed"), passes(-29, -29), Decision("ignored", "ignore 1"), NOW)
    assert (judged.verdict, judged.rule) == ("ignored", "ignore 1")
    moving = judge(a_difference(is_settled=False), None, passes(0, 0), Decision("ignored", "ignore 1"), NOW)
    assert (moving.verdict, moving.rule) == ("pending", None)


def test_what_is_gone_before_it_was_confirmed_was_lag() -> None:
    assert [parity_verdicts.when_gone(one) for one in ("suspect", "stale-input", "confirmed", "explained")] == [
        "transient", "transient", "confirmed", "explained",
    ]  # fmt: skip


def test_a_key_weighs_as_its_worst_field() -> None:
    assert parity_verdicts.weightiest(["explained", "suspect", "ignored"]) == "suspect"


def test_comparing_pauses_when_something_is_broken_as_a_whole() -> None:
    assert parity_verdicts.trips(50, 10_000) is None
    assert "51 records" in str(parity_verdicts.trips(51, 1_000_000))
    assert "3 of 200" in str(parity_verdicts.trips(3, 200))
    assert parity_verdicts.trips(1, 20) is None  # too few to speak of a share


def test_the_cap_of_pending_follows_the_slower_engine() -> None:
    assert parity_verdicts.may_be_pending_for(timedelta(minutes=5)) == timedelta(minutes=40)
    assert parity_verdicts.may_be_pending_for(timedelta(minutes=60)) == timedelta(minutes=130)


@pytest.mark.parametrize(
    ("compared", "differing", "bound"),
    [(200, 0, 0.015), (3_000, 0, 0.001), (0, 0, 1.0), (2, 0, 1.0), (1_000, 1, 0.00474), (1_000, 10, 0.01696)],
)
def test_the_share_that_may_differ_is_bounded_by_what_was_compared(compared: int, differing: int, bound: float) -> None:
    """The last two: 4.744 and 16.962 are the 95 % limits of Poisson counts of 1 and 10."""
    assert parity_verdicts.upper_bound(compared, differing) == pytest.approx(bound, rel=0.003)


# Two engines and one order, on a clock of minutes


@dataclass
class Engine:
    """Reads at its own moments what has become visible of an order's versions."""

    misses: int | None = None  # a version that it never takes in
    drops: int | None = None  # from this version on it leaves out the tracking number
    version: int | None = None  # the newest it has applied
    mark: float = -10_000

    def read(self, now: float, versions: Sequence[tuple[float, float]]) -> None:
        for number, (changed, lag) in enumerate(versions):
            is_listed = changed >= self.mark - 10 and changed + lag <= now
            if is_listed and number != self.misses and number >= (self.version or 0):
                self.version = number
        self.mark = max(self.mark, now)

    @property
    def tracking(self) -> str | None:
        return None if self.version is None or (self.drops is not None and self.version >= self.drops) else "T1"


class Book:
    """What comparisons have kept of the one key, and whatever was confirmed at any time."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.confirmed: set[str] = set()

    def compare(self, now: float, control: Engine, candidate: Engine, versions: Sequence[tuple[float, float]]) -> None:
        marks = passes(control.mark, candidate.mark)
        settled = marks.settled("order")
        there = [one.version for one in (control, candidate) if one.version is not None]
        newest = at(versions[max(there)][0]) if there else None
        found: dict[str, Found] = {}
        a_key = a_difference(is_stale=len(there) == 2 and there[0] != there[1])
        a_key = replace(
            a_key, version_at=newest, is_settled=newest is not None and settled is not None and newest <= settled
        )
        if len(there) == 1:
            kind: parity_verdicts.Kind = "missing-control" if control.version is None else "missing-candidate"
            found[""] = replace(a_key, field="", kind=kind)
        elif len(there) == 2:
            if control.version != candidate.version:
                found["modified_at"] = replace(a_key, field="modified_at")
            if control.tracking != candidate.tracking:
                found["tracking_number"] = a_key
        for name, one in found.items():
            judged = judge(one, self.kept.get(name), marks, None, at(now))
            if judged.verdict != "pending":
                self.kept[name] = Kept(judged.verdict, judged.since_at, one.version_at, False)
            if judged.verdict == "confirmed":
                self.confirmed.add(name)
        for name, before in self.kept.items():
            if name not in found:
                self.kept[name] = replace(before, verdict=parity_verdicts.when_gone(before.verdict), is_gone=True)

    def verdicts(self) -> dict[str, str]:
        return {name: one.verdict for name, one in self.kept.items() if not one.is_gone}


Versions = Sequence[tuple[float, float]]
histories = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 9.5)), min_size=1, max_size=4).map(sorted)
schedules = st.lists(st.floats(1, 90), min_size=1, max_size=12)


def live(versions: Versions, control: Engine, candidate: Engine, one: Sequence[float], other: Sequence[float]) -> Book:
    """Both engines read at their moments, and after each they are compared; in the end both come round twice."""
    book = Book()
    moments = [(sum(one[: n + 1]), "control") for n in range(len(one))]
    moments += [(sum(other[: n + 1]), "candidate") for n in range(len(other))]
    end = max([moment for moment, _ in moments] + [changed for changed, _ in versions]) + 20
    for again in range(4):
        moments += [(end + 30 * again, "control"), (end + 30 * again + 7, "candidate")]
    for moment, who in sorted(moments):
        (control if who == "control" else candidate).read(moment, versions)
        book.compare(moment + 0.5, control, candidate, versions)
    return book


@given(histories, schedules, schedules)
def test_engines_up_to_ninety_minutes_apart_confirm_nothing(
    versions: Versions, one: Sequence[float], other: Sequence[float]
) -> None:
    book = live(versions, Engine(), Engine(), one, other)
    assert book.confirmed == set()
    assert book.verdicts() == {}


@given(histories, schedules, schedules, st.booleans())
def test_a_field_left_out_is_confirmed_however_far_apart_they_are(
    versions: Versions, one: Sequence[float], other: Sequence[float], is_control: bool
) -> None:
    bad = Engine(drops=len(versions) - 1)
    sides = (bad, Engine()) if is_control else (Engine(), bad)
    book = live(versions, *sides, one, other)
    assert book.verdicts() == {"tracking_number": "confirmed"}
    assert book.confirmed == {"tracking_number"}


@given(histories, schedules, schedules, st.booleans())
def test_a_version_that_one_side_misses_is_confirmed_and_never_called_lag(
    versions: Versions, one: Sequence[float], other: Sequence[float], is_control: bool
) -> None:
    bad = Engine(misses=len(versions) - 1)
    sides = (bad, Engine()) if is_control else (Engine(), bad)
    book = live(versions, *sides, one, other)
    assert set(book.verdicts().values()) == {"confirmed"}
    assert book.verdicts().keys() <= {"", "modified_at", "tracking_number"}


many = (histories, schedules, schedules, schedules, schedules, st.sampled_from(["", "drops", "misses"]))


@given(*many)
def test_the_verdict_is_the_same_in_whatever_order_the_engines_run(
    versions: Versions,
    one: Sequence[float],
    other: Sequence[float],
    another: Sequence[float],
    yet_another: Sequence[float],
    defect: str,
) -> None:
    last = len(versions) - 1
    books = [
        live(versions, Engine(), Engine(**({defect: last} if defect else {})), *both)
        for both in ((one, other), (other, one), (another, yet_another))
    ]
    assert len({tuple(sorted(book.verdicts().items())) for book in books}) == 1
    assert bool(books[0].confirmed) == bool(defect)


test_the_verdict_is_the_same_in_five_thousand_orders = pytest.mark.sweep(
    settings(max_examples=5_000)(
        given(*many)(test_the_verdict_is_the_same_in_whatever_order_the_engines_run.hypothesis.inner_test)  # type: ignore[attr-defined]
    )
)
