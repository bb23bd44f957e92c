"""What stands against a clean closing of a day, a week or a month, told before the press: a sentence and a place each.

blocks   it would fail, because the sync it rests on cannot run
else     it goes through, and something of it is open, odd or not known
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shipsync.rules.alerts import IMPORTS, JOBS_PAGE, SYNC_PAGE, Facts, Place
from shipsync.rules.freshness import REFUSED_CREDENTIALS, SyncState, freshness
from shipsync.rules.months import month_ends, month_words
from shipsync.rules.periods import day_words
from shipsync.rules.weeks import WorkCalendar, week_name, week_of

# A shipped order that has shown no parcel for longer will not show one any more.
PARCELS_SHOW_WITHIN = timedelta(days=7)
_NAMED = 5  # SKUs named beside a count of them

_HELD = Place("sync", "Look at them", (("view", "Quarantine"),))
_SETTINGS = Place("settings", "Settings")
_AWAITING = Place("orders", "See them", (("status", "awaiting"),))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Orders with a SKU text that is neither 'SKU' nor 'SKU - LOT'; those that a person has closed are not in it."""

    orders: int
    units: int  # of theirs that have left and are in no product's stock


@dataclass(frozen=True, slots=True)
class WithoutParcel:
    """Orders that ShipStation calls shipped and that show neither a label nor a mark as shipped."""

    orders: int
    number: str | None  # of the one shipped last; None without any
    key: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand before a press."""

    facts: Facts  # as alerts are told from them
    sync: SyncState
    held: int  # records that are held for a person
    unreadable: Unreadable
    without_parcel: WithoutParcel
    uncounted: Sequence[str]  # key products of which nobody has said what stood on the shelf
    open_counts: Sequence[str]  # their ids
    waiting_changes: int  # of stock, that a second person has to approve
    calendar: WorkCalendar | str  # a sentence where the settings cannot be read


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that stands against a clean closing."""

    text: str
    place: Place | None  # where it is mended; None: nowhere, it is only to be known
    blocks: bool = False


def of_day(standing: Standing, today: date, now: datetime) -> list[Point]:
    """What stands against closing today, what blocks it first. Empty: ready."""
    return _blocking_first([*_machine(standing), *_sync(standing, now), *_orders(standing), *_stock(standing),
                            *_day_off(standing, today)])  # fmt: skip


def of_week(
    standing: Standing,
    today: date,
    now: datetime,
    *,
    is_day_closed: bool,
    recipients: int,
    without_lead_time: Sequence[str],
) -> list[Point]:
    """What stands against closing the week of today, what blocks it first. Empty: ready.

    `recipients` of its report; `without_lead_time` are key products of which nobody has said how long a delivery takes.
    """
    found = [*_machine(standing)]
    if not is_day_closed:
        found += [point for point in _sync(standing, now) if point.blocks]
        against = len(of_day(standing, today, now))
        stands = _say(against, " 1 thing stands against that.", f" {against} things stand against that.")
        text = f"Today is not closed yet, so closing the week closes it first.{stands if against else ''}"
        found.append(Point(text, Place("end_of_day", "End of day")))
    found += [*_calendar_week(standing, today), *_unsaid(standing)]
    if without_lead_time:
        text = (
            f"Nobody has said how long a delivery of {_named(without_lead_time)} takes: no reorder point is computed."
        )
        found.append(Point(text, Place(IMPORTS.page, "Give lead times")))
    if not recipients:
        found.append(Point("Nobody is named to get the report by mail.", Place("settings", "Name them")))
    return _blocking_first(found)


def of_month(
    standing: Standing,
    month: date,
    through: date,
    now: datetime,
    *,
    rests_on: date,
    is_week_closed: bool,
    is_day_closed: bool,
    recipients: int,
    names_client: bool,
) -> list[Point]:
    """What stands against closing a month and billing it through a day, what blocks it first. Empty: ready.

    Whether its figures can be billed is told by the self-check (charge_checks.py). It rests on the week of `through`
    and on the day `rests_on`; `recipients` are those of the invoice.
    """
    found = [*_machine(standing), *[point for point in _sync(standing, now) if point.blocks]]
    if not is_week_closed:
        text = f"Week {week_name(week_of(through))} is not closed yet, so closing the month closes it first."
        found.append(Point(text, Place("end_of_week", "End of week")))
    elif not is_day_closed:
        text = f"{day_words(rests_on)} is not closed yet, so closing the month closes it first."
        found.append(Point(text, Place("end_of_day", "End of day")))
    if through < month_ends(month):
        text = (
            f"{month_words(month)} ends on {day_words(month_ends(month))}: an invoice made today bills the days so far."
        )
        found.append(Point(text, None))
    if not names_client:
        found.append(Point("Nobody has said who pays, so the invoice names no client.", Place("settings", "Name it")))
    if not recipients:
        found.append(Point("Nobody is named to get the invoice by mail.", Place("settings", "Name them")))
    return _blocking_first(found)


def is_blocked(points: Sequence[Point]) -> bool:
    """Whether a press could only fail."""
    return any(point.blocks for point in points)


def _blocking_first(points: Sequence[Point]) -> list[Point]:
    return sorted(points, key=lambda one: not one.blocks)


def _machine(standing: Standing) -> Iterator[Point]:
    machine = standing.facts.machine
    if machine is None or machine.free_bytes is None or machine.needed_bytes is None:
        return
    if machine.free_bytes < machine.needed_bytes:
        yield Point("Nothing is written any more: the disk is full. Free some space.", _SETTINGS, blocks=True)


def _sync(standing: Standing, now: datetime) -> Iterator[Point]:
    """Closing syncs first, so a sync that is only late is no more than a note."""
    sync = standing.sync
    told = freshness(sync, now)
    if told.state == "fresh":
        return
    if not sync.is_working:
        yield Point(told.cause, JOBS_PAGE, blocks=True)
    elif not sync.is_enabled or REFUSED_CREDENTIALS in (sync.last_error or ""):
        yield Point(told.cause, SYNC_PAGE, blocks=True)
    else:
        yield Point(f"{told.cause} Closing syncs first.", SYNC_PAGE)


def _orders(standing: Standing) -> Iterator[Point]:
    facts, late = standing.facts, standing.facts.late
    if "late" in facts.unread:
        yield Point(f"It cannot be told which orders are late: {facts.unread['late']}", _SETTINGS)
    elif late is not None and late.count and facts.cut_off is not None:
        past = f"past the cut-off of {facts.cut_off.words}"
        yield Point(
            _say(
                late.count,
                f"Order {late.oldest_number} still waits {past}. Ship it or put it on hold.",
                f"{late.count:,} orders still wait {past}, the oldest {late.oldest_number}. Ship or hold them.",
            ),
            _order("Open it", late.oldest_key) if late.count == 1 else _AWAITING,
        )
    if standing.held:
        yield Point(
            _say(
                standing.held,
                "1 record is held for a person: what it stands for is in no figure.",
                f"{standing.held:,} records are held for a person: what they stand for is in no figure.",
            ),
            _HELD,
        )
    odd = standing.unreadable
    if odd.orders:
        left = f": {odd.units:,} {_say(odd.units, 'unit', 'units')} left and in no stock" if odd.units else ""
        yield Point(
            _say(
                odd.orders,
                f"1 order has a SKU text that cannot be read{left}.",
                f"{odd.orders:,} orders have a SKU text that cannot be read{left}.",
            ),
            _HELD,
        )
    bare = standing.without_parcel
    if bare.orders:
        yield Point(
            _say(
                bare.orders,
                f"Order {bare.number} is shipped and shows no label: its lines are taken for what left.",
                f"{bare.orders:,} shipped orders show no label: their lines are taken for what left.",
            ),
            _order(_say(bare.orders, "Open it", "Open the newest"), bare.key),
        )


def _stock(standing: Standing) -> Iterator[Point]:
    yield from _unsaid(standing)
    if standing.open_counts:
        named = ", ".join(standing.open_counts)
        yield Point(
            _say(
                len(standing.open_counts),
                f"Count {named} is open, and goes on against the closing it began with.",
                f"Counts {named} are open, and go on against the closings they began with.",
            ),
            Place("count", "Go on counting"),
        )
    if standing.waiting_changes:
        yield Point(
            _say(
                standing.waiting_changes,
                "1 change of stock waits for a second person, and moves nothing until then.",
                f"{standing.waiting_changes:,} changes of stock wait for a second person, and move nothing until then.",
            ),
            Place("inventory", "Decide about it"),
        )


def _unsaid(standing: Standing) -> Iterator[Point]:
    if standing.uncounted:
        named = _named(standing.uncounted)
        text = f"Nobody has said what stands on the shelf of {named}. Count it, or load the opening stock."
        yield Point(text, Place(IMPORTS.page, "Load it"))


def _day_off(standing: Standing, today: date) -> Iterator[Point]:
    calendar = standing.calendar
    if isinstance(calendar, str):
        yield Point(calendar, _SETTINGS)
    elif not calendar.is_working(today):
        why = "a day off" if today in calendar.days_off else "no working day"
        yield Point(f"Today, {day_words(today)}, is {why}.", Place("settings", "Working days"))


def _calendar_week(standing: Standing, today: date) -> Iterator[Point]:
    calendar = standing.calendar
    if isinstance(calendar, str):
        yield Point(calendar, _SETTINGS)
        return
    monday = week_of(today)
    closes_on = calendar.closing_day(monday)
    if closes_on > today:
        text = f"The week's last working day is {day_words(closes_on)}: a report made today shows the figures so far."
        yield Point(text, None)
    off = calendar.days_off_in(monday)
    if off:
        yield Point(
            f"Days off in this week: {', '.join(day_words(one) for one in off)}.", Place("settings", "Days off")
        )


def _order(label: str, key: str | None) -> Place:
    return Place("order", label, (("order", key or ""),))


def _say(amount: int, one: str, many: str) -> str:
    return one if amount == 1 else many


def _named(skus: Sequence[str]) -> str:
    """'17612, 17904 and 3 more'."""
    more = len(skus) - _NAMED
    return ", ".join(skus[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
