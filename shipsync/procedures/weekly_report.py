"""Makes the weekly report from what is known, and tells what has changed since one was issued (DESIGN D16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shipsync.procedures.inventory import Weeks, stands_at, weeks_known
from shipsync.rules.catalogue import Product
from shipsync.rules.inventory import WEEKS_IN_AVERAGE, Stand
from shipsync.rules.ledger import Waterfall
from shipsync.rules.periods import business_date, day_closes, day_words
from shipsync.rules.weekly_report import ReportLine, WeeklyReport, in_order
from shipsync.rules.weeks import WorkCalendar, week_ends, weeks_between
from shipsync.store import day_census, ledger, products, weekly_history
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.store.working_days import work_calendar


def make(con: Cursor, monday: date, as_of: datetime, version: int, zone: ZoneInfo, now: datetime) -> WeeklyReport:
    """The report of one week as everything stands at `as_of`. `zone` is the warehouse's."""
    covered = weekly_history.covered_since(con, zone)
    weeks = weeks_known(con, zone, as_of, covered)
    series = weeks_between(monday - timedelta(weeks=WEEKS_IN_AVERAGE - 1), monday)
    units = weekly_history.units_by_week(con, series[0], monday)
    # The report's own week is shown however far it is; averages take complete ones only.
    own = _units_of(con, monday, covered, zone)
    known = set(weeks.known)
    moved = ledger.waterfalls(con, day_closes(monday - timedelta(days=1), zone), as_of)
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
        stated=tuple(_stated(monday, as_of, now, zone, work_calendar(con), weeks, own.known_from)),
        orders_shipped=orders,
        parcels=parcels,
        weeks=tuple(series),
        lines=in_order(
            [
                _line(
                    sku,
                    one,
                    catalogue.get(sku),
                    [units.get(sku, {}).get(week, 0) if week in known else None for week in series[:-1]],
                    own.units.get(sku, 0) if own.known_from is not None else None,
                    moved.get(sku, Waterfall(0, 0, 0, 0, 0, 0)),
                )
                for sku, one in stands_at(con, zone, as_of, weeks, ledger.known_skus(con, as_of)).items()
            ]
        ),
    )


@dataclass(frozen=True, slots=True)
class _OwnWeek:
    """What left in the report's week."""

    units: Mapping[str, int]  # by SKU
    known_from: date | None  # from which day on that is known: its Monday, a later one, or None: nothing is


def _units_of(con: Cursor, monday: date, covered: date | None, zone: ZoneInfo) -> _OwnWeek:
    """Counted where the week is read wholly, else what a person has loaded, else what has been read of it."""
    if (covered is not None and covered <= monday) or monday in weekly_history.loaded_weeks(con):
        weeks = weekly_history.units_by_week(con, monday, monday)
        return _OwnWeek({sku: found[monday] for sku, found in weeks.items()}, monday)
    # While nothing has left yet, that is known of all that was read.
    begins = covered or weekly_history.read_since(con, zone)
    if begins is None or begins > week_ends(monday):
        return _OwnWeek({}, None)
    return _OwnWeek(day_census.units_between(con, monday, week_ends(monday)), max(begins, monday))


def _line(
    sku: str, one: Stand, product: Product | None, before: list[int | None], shipped: int | None, moved: Waterfall
) -> ReportLine:
    out, needed = one.run_out, one.needed
    return ReportLine(
        sku=sku,
        name=product.name if product is not None else "",
        shipped=shipped or 0,
        weeks=(*before, shipped),
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
    monday: date,
    as_of: datetime,
    now: datetime,
    zone: ZoneInfo,
    calendar: WorkCalendar,
    weeks: Weeks,
    known_from: date | None,
) -> Iterator[str]:
    """What is unusual about a report, a sentence each."""
    off = calendar.days_off_in(monday)
    if off:
        yield f"Days off in this week: {', '.join(day_words(one) for one in off)}."
    made_on, closes_on = business_date(now, zone), calendar.closing_day(monday)
    if weeks.last < monday:
        yield (
            f"Made on {day_words(business_date(as_of, zone))}, before the week's last working day, "
            f"{day_words(closes_on)}, was closed: its figures are those so far, and it is in no average."
        )
    if made_on > week_ends(monday):
        yield f"Made afterwards, on {day_words(made_on)}: the orders that wait are those of that day."
    if known_from is None:
        yield "Nothing is known of what left in this week: it lies before all that was read. Load it as weekly history."
    elif known_from > monday:
        yield f"Shipments are known from {day_words(known_from)} on: what left earlier in this week is not in it."
    if weeks.known:
        first = max(weeks.known[0], weeks.last - timedelta(weeks=WEEKS_IN_AVERAGE - 1))
        unknown = [one for one in weeks_between(first, weeks.last) if one not in set(weeks.known)]
        if unknown:
            many = len(unknown) > 1
            yield (
                f"{len(unknown)} {'weeks are' if many else 'week is'} not known, from {day_words(unknown[0])} on: "
                f"averages leave {'them' if many else 'it'} out. Load {'them' if many else 'it'} as weekly history."
            )


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
    report = WeeklyReport.from_json(closing.content)
    zone = ZoneInfo(report.zone)
    now = _units_of(con, closing.period_start, weekly_history.covered_since(con, zone), zone).units
    lines = sorted((line.sku, line.shipped) for line in report.lines)
    return [Restated(sku, issued, now.get(sku, 0)) for sku, issued in lines if now.get(sku, 0) != issued]
