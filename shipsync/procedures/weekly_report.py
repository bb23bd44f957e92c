"""Makes the weekly report from what is known, and tells what has changed since one was issued (DESIGN D16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shipsync.procedures.inventory import Weeks, stands_at, weeks_known
from shipsync.rules.catalogue import Product
from shipsync.rules.inventory import WEEKS_IN_AVERAGE, Stand
from shipsync.rules.ledger import Waterfall
from shipsync.rules.periods import business_date, day_starts
from shipsync.rules.weekly_report import ReportLine, WeeklyReport, in_order
from shipsync.rules.weeks import WorkCalendar, week_ends, weeks_between
from shipsync.store import day_census, ledger, products, weekly_history
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.store.working_days import work_calendar

_LAST_INSTANT = timedelta(microseconds=1)


def make(con: Cursor, monday: date, as_of: datetime, version: int, zone: ZoneInfo, now: datetime) -> WeeklyReport:
    """The report of one week as everything stands at `as_of`. `zone` is the warehouse's."""
    weeks = weeks_known(con, zone, as_of)
    series = weeks_between(monday - timedelta(weeks=WEEKS_IN_AVERAGE - 1), monday)
    # The report's own week is shown however far it is; averages take complete ones only.
    units = weekly_history.units_by_week(con, series[0], monday)
    known = {*weeks.known, monday}
    moved = ledger.waterfalls(con, day_starts(monday, zone) - _LAST_INSTANT, as_of)
    catalogue = {one.sku: one for one in products.products(con)}
    orders, parcels, _ = day_census.shipped_between(con, monday, week_ends(monday))
    return WeeklyReport(
        week_start=monday,
        week_end=week_ends(monday),
        version=version,
        zone=zone.key,
        made_at=now,
        as_of=as_of,
        is_complete=weeks.last >= monday,
        stated=tuple(_stated(monday, as_of, now, zone, work_calendar(con), weeks)),
        orders_shipped=orders,
        parcels=parcels,
        weeks=tuple(series),
        lines=in_order(
            [
                _line(
                    sku,
                    one,
                    catalogue.get(sku),
                    [units.get(sku, {}).get(week, 0) if week in known else None for week in series],
                    moved.get(sku, Waterfall(0, 0, 0, 0, 0, 0)),
                )
                for sku, one in stands_at(con, zone, as_of, weeks).items()
            ]
        ),
    )


def _line(sku: str, one: Stand, product: Product | None, units: list[int | None], moved: Waterfall) -> ReportLine:
    out, needed = one.run_out, one.needed
    return ReportLine(
        sku=sku,
        name=product.name if product is not None else "",
        shipped=units[-1] or 0,
        weeks=tuple(units),
        weekly_average=needed.average,
        weeks_counted=needed.weeks,
        weekly_average_13=needed.average_13,
        weekly_average_4=needed.average_4,
        weekly_deviation=needed.deviation,
        quantity=one.stock.quantity,
        awaiting=one.stock.awaiting,
        quarantined=one.stock.quarantined,
        available=one.stock.available,
        days_left=one.days_left,
        runs_out_on=out.on if out is not None else None,
        runs_out_earliest_on=out.earliest_on if out is not None else None,
        runs_out_latest_on=out.latest_on if out is not None else None,
        lead_time_days=one.lead_time_days,
        reorder_point=one.reorder_point,
        is_reorder_point_given=one.is_reorder_point_given,
        level=one.level,
        reason=one.reason,
        pallet_size=product.units_per_pallet if product is not None else None,
        moved=moved,
    )


def _stated(
    monday: date, as_of: datetime, now: datetime, zone: ZoneInfo, calendar: WorkCalendar, weeks: Weeks
) -> Iterator[str]:
    """What is unusual about a report, a sentence each."""
    off = calendar.days_off_in(monday)
    if off:
        yield f"Days off in this week: {', '.join(_day(one) for one in off)}."
    made_on, closes_on = business_date(now, zone), calendar.closing_day(monday)
    if weeks.last < monday:
        yield (
            f"Made on {_day(business_date(as_of, zone))}, before the week's last working day, {_day(closes_on)}, was "
            "closed: its figures are those so far, and it is in no average."
        )
    if made_on > week_ends(monday):
        yield f"Made afterwards, on {_day(made_on)}: the orders that wait are those of that day."
    if weeks.known:
        first = max(weeks.known[0], weeks.last - timedelta(weeks=WEEKS_IN_AVERAGE - 1))
        unknown = [one for one in weeks_between(first, weeks.last) if one not in set(weeks.known)]
        if unknown:
            many = len(unknown) > 1
            yield (
                f"{len(unknown)} {'weeks are' if many else 'week is'} not known, from {_day(unknown[0])} on: averages "
                f"leave {'them' if many else 'it'} out. Load {'them' if many else 'it'} as weekly history."
            )


def _day(on: date) -> str:
    return f"{on:%a} {on.day} {on:%b %Y}"


@dataclass(frozen=True, slots=True)
class Restated:
    """One product of an issued report whose units are others by now."""

    sku: str
    issued: int
    now: int

    @property
    def change(self) -> int:
        """Units more, or less, than was issued."""
        return self.now - self.issued


def restated(con: Cursor, closing: Closing) -> list[Restated]:
    """What has changed of an issued report's week since, product by product; what was issued stays as it was."""
    if closing.content is None:
        return []
    issued = {line.sku: line.shipped for line in WeeklyReport.from_json(closing.content).lines}
    # As the report itself takes them: counted anew with every sync that changes something, or loaded.
    known = weekly_history.units_by_week(con, closing.period_start, closing.period_start)
    now = {sku: weeks.get(closing.period_start, 0) for sku, weeks in known.items()}
    return [
        Restated(sku, before, now.get(sku, 0)) for sku, before in sorted(issued.items()) if now.get(sku, 0) != before
    ]
