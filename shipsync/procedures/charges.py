"""Computes a month's charges, checks them, and tells what of a billed month is otherwise now (DESIGN D16, D17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shipsync.errors import NotClosed
from shipsync.rules.charge_checks import Check, Found, WeekStock, checks
from shipsync.rules.charge_report import ChargeReport, Parties, StockOfMonth
from shipsync.rules.charges import Facts, Line, RateCard, days_between, differences, gaps, lines, pallets
from shipsync.rules.ledger import Waterfall
from shipsync.rules.months import month_ends, month_name, month_of, month_words, months_between, next_month
from shipsync.rules.periods import business_date, day_closes, day_starts
from shipsync.rules.restatement import Restatement, explained
from shipsync.store import charge_changes, charge_checks, charges, closings, ledger, products, rates, weekly_history
from shipsync.store.charges import Billed
from shipsync.store.cursor import Cursor
from shipsync.store.working_days import work_calendar


@dataclass(frozen=True)
class Month:
    """A month's charges as they stand."""

    facts: Facts
    card: RateCard
    lines: Sequence[Line]
    as_of: datetime


def compute(
    con: Cursor,
    month: date,
    through: date,
    as_of: datetime,
    zone: ZoneInfo,
    billed_products: Mapping[str, int | None] | None = None,
) -> Month:
    """The charges of a month's days up to `through`, as they are known now. `zone` is the warehouse's.

    `as_of` is the instant up to which the last day is known. `billed_products`, by SKU with the units on a pallet, are
    those of a month that was billed; else the key products as they are now.
    """
    products_ = charges.key_products(con) if billed_products is None else billed_products
    facts = charges.facts(con, month, through, month_ends(month), as_of, zone, products_)
    card = rates.rate_card(con)
    return Month(facts, card, lines(facts, card), as_of)


def again(con: Cursor, billed: Billed, zone: ZoneInfo) -> Month:
    """The charges of the days that were billed, as they are known now.

    Of the products that were billed then, on pallets as they were then: what is changed of a product holds from the
    next month on.
    """
    through = billed.billed_through
    of_then = charges.frozen_products(con, billed.job_id, billed.month)
    return compute(con, billed.month, through, day_closes(through, zone), zone, of_then)


def rests_on(con: Cursor, through: date, today: date) -> date:
    """The day that is closed before a month is billed: today, where it is billed, else the month's last working day."""
    if through == today:
        return through
    calendar = work_calendar(con)
    days = reversed(days_between(month_of(through), through))
    return next((day for day in days if calendar.is_working(day)), through)


def self_check(con: Cursor, month: Month, zone: ZoneInfo, closes_first: date | None = None) -> list[Check]:
    """What stands against billing it, errors first. `closes_first` is a day that will be closed before it is billed."""
    first, through = month.facts.first, month.facts.through
    closes = min(month.as_of, day_closes(through, zone))
    return checks(
        Found(
            month=first,
            gaps=gaps(month.facts, month.card),
            stock_unknown=_stock_unknown(con, month),
            held=charge_checks.held_kinds(con, day_closes(through, zone)),
            unreadable=charge_checks.unreadable_units(con, first, through),
            without_cost=charge_checks.labels_without_cost(con, first, through),
            marked=charge_checks.marked_as_shipped(con, first, through),
            without_parcel=charge_checks.orders_without_parcel(con, first, through),
            foreign=charge_checks.labels_of_no_order(con, first, through),
            census=charge_checks.census_differences(con, first, through),
            not_closed=[day for day in _not_closed(con, first, through) if day != closes_first],
            known_from=weekly_history.read_since(con, zone),
            weeks=_weeks(con, month, closes, zone),
            unfinished=_unfinished(con, first),
            left_out=_left_out(con, first),
            settled=settled(con, first),
        )
    )


def restatements(con: Cursor, month: date, zone: ZoneInfo) -> list[Restatement]:
    """What is otherwise now of each month that was billed before this one, the oldest first."""
    found = []
    for earlier in charges.billed_months(con, before=month):
        newest = charges.newest_billed(con, earlier)
        if newest is not None and newest.period_start > month:
            continue  # a month after this one has billed it already
        billed = charges.newest_billed(con, earlier, before=month)
        one = restatement(con, billed, zone) if billed is not None else None
        if one is not None:
            found.append(one)
    return found


def restatement(con: Cursor, billed: Billed, zone: ZoneInfo) -> Restatement | None:
    """What is otherwise now than it was billed, line by line with its causes; None: nothing is."""
    now = again(con, billed, zone)
    found = differences(charges.frozen_lines(con, billed.job_id, billed.month), now.lines)
    if not found:
        return None
    why = charge_changes.changes(con, billed, now.facts, zone)
    return Restatement(
        month=billed.month,
        billed_by=f"{month_name(billed.period_start)}-v{billed.version}",
        billed=billed.total,
        now=sum((one.amount for one in found), billed.total),
        lines=explained(found, why),
    )


def freeze(con: Cursor, job_id: str, month: Month, found: Sequence[Restatement], zone: ZoneInfo, now: datetime) -> None:
    """Keep what a closing bills: its own month, and each earlier one that it restates as it stands now.

    Raises NotClosed where an earlier one cannot be told any more: what has become unknown is not given back as if it
    were nothing.
    """
    charges.freeze(con, job_id, month.facts.first, month.facts, month.lines, month.as_of, now)
    for one in found:
        billed = charges.newest_billed(con, one.month, before=month.facts.first)
        if billed is None:
            raise LookupError(f"{month_name(one.month)} was not billed before, so nothing of it can be restated")
        stands = again(con, billed, zone)
        unknown = gaps(stands.facts, stands.card)
        if unknown:
            raise NotClosed(f"What has changed of {month_words(one.month)} cannot be told. {' '.join(unknown)}")
        charges.freeze(con, job_id, one.month, stands.facts, stands.lines, stands.as_of, now)


@dataclass(frozen=True, slots=True)
class Issue:
    """How a report is issued: under which version, on which grounds, to whom."""

    version: int
    replaces: int | None
    parties: Parties
    stated: tuple[str, ...]
    warnings: tuple[str, ...]
    reason: str
    reviewed_by: str


def report(
    con: Cursor, job_id: str, month: Month, found: Sequence[Restatement], issue: Issue, zone: ZoneInfo, now: datetime
) -> ChargeReport:
    """The report of what a closing has frozen."""
    facts = month.facts
    issued_on = business_date(now, zone)
    return ChargeReport(
        month=facts.first,
        month_end=facts.month_end,
        billed_through=facts.through,
        version=issue.version,
        zone=zone.key,
        made_at=now,
        as_of=month.as_of,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=issue.parties.payment_days),
        replaces=issue.replaces,
        parties=issue.parties,
        stated=issue.stated,
        warnings=issue.warnings,
        reason=issue.reason,
        reviewed_by=issue.reviewed_by,
        rates=tuple(month.card.used(facts.first, facts.through)),
        lines=tuple(month.lines),
        days=tuple(charges.day_counts(con, facts.first, facts.through)),
        stock=tuple(stock_of_month(con, month, zone)),
        restatements=tuple(found),
        unused=tuple(charge_checks.unused_labels(con, facts.first, facts.through, issued_on)),
        labels_digest=charges.labels_digest(con, job_id, facts.first),
    )


def stock_of_month(con: Cursor, month: Month, zone: ZoneInfo) -> list[StockOfMonth]:
    """How each billed product's stock went through the month. The opening is the computed stock of the day before."""
    facts = month.facts
    names = {one.sku: one.name for one in products.products(con)}
    before = day_starts(facts.first, zone) - timedelta(microseconds=1)
    moved = ledger.waterfalls(con, before, min(month.as_of, day_closes(facts.through, zone)))
    found = []
    for sku in sorted({sku for _, sku in facts.stock}):
        one, size = moved.get(sku, Waterfall(0, 0, 0, 0, 0, 0)), facts.pallet_sizes.get(sku)
        found.append(
            StockOfMonth(
                sku=sku,
                name=names.get(sku, ""),
                pallet_size=size,
                opening=one.opening,
                received=one.received,
                shipped=one.shipped,
                voided=one.voided,
                adjusted=one.adjusted,
                repacked=one.repacked,
                counted=one.counted,
                closing=one.expected,
                pallet_days=sum(
                    pallets(facts.stock.get((day, sku), 0), size) if size else 0
                    for day in days_between(facts.first, facts.through)
                ),
            )
        )
    return found


def _stock_unknown(con: Cursor, month: Month) -> list[str]:
    """Key products without a known stock, where a pallet costs something on some day."""
    facts = month.facts
    rates_of_days = [month.card.at("pallet_day", day) for day in days_between(facts.first, facts.through)]
    if all(rate is not None and not rate.amount for rate in rates_of_days):
        return []
    known = {sku for _, sku in facts.stock}
    return sorted(one.sku for one in products.products(con) if one.is_key and one.sku not in known)


def _not_closed(con: Cursor, first: date, through: date) -> list[date]:
    """Working days that were not closed, since days are closed here at all."""
    since, closed = charge_checks.first_closed_day(con), charge_checks.closed_days(con, first, through)
    if since is None:
        return []
    calendar = work_calendar(con)
    return [
        day for day in days_between(first, through) if day >= since and calendar.is_working(day) and day not in closed
    ]


def _weeks(con: Cursor, month: Month, closes: datetime, zone: ZoneInfo) -> list[WeekStock]:
    billed = {sku for _, sku in month.facts.stock}
    found = charge_checks.weekly_stock(con, day_starts(month.facts.first, zone), closes)
    return [one for one in found if one.sku in billed]


def _unfinished(con: Cursor, month: date) -> list[tuple[date, date]]:
    """Earlier months whose newest version stops before their end."""
    found = []
    for earlier in charges.billed_months(con, before=month):
        billed = charges.newest_billed(con, earlier, before=month)
        if billed is not None and billed.billed_through < month_ends(earlier):
            found.append((earlier, billed.billed_through))
    return found


def settled(con: Cursor, month: date) -> list[tuple[date, date]]:
    """This month and earlier ones of which a later month has billed what changed, each with that month.

    None for one that was never billed: it bills nothing of them.
    """
    if closings.closed(con, "eom", month) is None:
        return []
    found = []
    for earlier in charges.billed_months(con, before=next_month(month)):
        billed = charges.newest_billed(con, earlier)
        if billed is not None and billed.period_start > month:
            found.append((earlier, billed.period_start))
    return found


def _left_out(con: Cursor, month: date) -> list[date]:
    """Months between the first that was ever billed and this one that were not."""
    billed = charges.billed_months(con, before=month)
    if not billed:
        return []
    return [one for one in months_between(billed[0], month)[:-1] if one not in billed]
