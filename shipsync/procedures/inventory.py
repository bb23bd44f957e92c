"""Recomputes what stock means, from ledger, orders and weeks; nothing else writes `inventory_current` (DESIGN D14).

    weekly history counted anew -> demand per product -> balances at the instant -> one row per product

One function for every button, so that the answer never depends on which was pressed last. In the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shipsync.rules.catalogue import Product
from shipsync.rules.inventory import WEEKS_IN_AVERAGE, Demand, Policy, Stand, Stock, demand, stand
from shipsync.rules.periods import LAST_INSTANT, business_date
from shipsync.rules.weeks import known_weeks, last_complete_week
from shipsync.store import closings, ledger, products, weekly_history
from shipsync.store import inventory as store
from shipsync.store.cursor import Cursor
from shipsync.store.working_days import work_calendar


@dataclass(frozen=True, slots=True)
class Recalculated:
    """What came of it."""

    skus: int
    weeks_changed: tuple[tuple[date, str], ...]  # (Monday, SKU) whose units are others now


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks an average goes over, and what left in them."""

    last: date  # the newest complete one, its Monday
    known: tuple[date, ...]  # at most 52 calendar weeks up to it
    units: Mapping[str, Mapping[date, int]]

    def demand_for(self, sku: str) -> Demand:
        """The demand for one SKU."""
        return demand(self.units.get(sku, {}), self.known)


def recalculate(
    con: Cursor, zone: ZoneInfo, as_of: datetime, now: datetime, *, closing: date | None = None
) -> Recalculated:
    """Recompute every product's row as it stands at `as_of`. `closing` is a day that is being closed right now."""
    covered = weekly_history.covered_since(con, zone)
    changed = weekly_history.recount(con, covered, now)
    weeks = weeks_known(con, zone, as_of, covered, closing=closing)
    known = ledger.known_skus(con, as_of)
    rows = [_row(sku, one, known.get(sku)) for sku, one in stands_at(con, zone, as_of, weeks, known).items()]
    store.replace_current(con, rows, as_of, now)
    return Recalculated(len(rows), tuple(changed))


def weeks_known(
    con: Cursor, zone: ZoneInfo, as_of: datetime, covered: date | None, *, closing: date | None = None
) -> Weeks:
    """The complete weeks at an instant, whose last working day is closed or over, and the units that left in them.

    `covered` is what `weekly_history.covered_since` says.
    """
    today = business_date(as_of, zone)
    # At its last instant a day is over, whether anybody has closed it or not.
    over = business_date(as_of + LAST_INSTANT, zone) - timedelta(days=1)
    closed = closings.closed_through(con, today)
    through = max(day for day in (over, closed, closing) if day is not None and day <= today)
    last = last_complete_week(through, work_calendar(con))
    known = known_weeks(weekly_history.loaded_weeks(con), covered, last, at_most=WEEKS_IN_AVERAGE)
    # What is older than the window only tells that a SKU was sold before it.
    units = weekly_history.units_by_week(con, date.min, last)
    return Weeks(last, tuple(known), units)


def stands_at(
    con: Cursor, zone: ZoneInfo, as_of: datetime, weeks: Weeks, known: Mapping[str, datetime | None]
) -> dict[str, Stand]:
    """How every product stands at an instant: the key products, and what else was ever counted or received.

    `known` is what `ledger.known_skus` says of that instant.
    """
    catalogue = {one.sku: one for one in products.products(con)}
    wanted = sorted({sku for sku, product in catalogue.items() if product.is_key} | known.keys())
    quarantined = {(one.sku, one.lot) for one in store.lots(con) if one.is_quarantined}
    quantity: dict[str, int] = {}
    kept_back: dict[str, int] = {}
    for balance in ledger.balances(con, as_of):
        quantity[balance.sku] = quantity.get(balance.sku, 0) + balance.quantity
        if (balance.sku, balance.lot) in quarantined:
            kept_back[balance.sku] = kept_back.get(balance.sku, 0) + max(0, balance.quantity)
    awaiting = store.awaiting(con)
    today = business_date(as_of, zone)
    return {
        sku: stand(
            Stock(quantity.get(sku, 0) if sku in known else None, awaiting.get(sku, 0), kept_back.get(sku, 0)),
            weeks.demand_for(sku),
            _policy(catalogue.get(sku)),
            today,
        )
        for sku in wanted
    }


def _policy(product: Product | None) -> Policy:
    return Policy(None, None) if product is None else Policy(product.lead_time_days, product.reorder_point)


def _row(sku: str, one: Stand, counted_at: datetime | None) -> store.Current:
    out, needed = one.run_out, one.needed
    return store.Current(
        sku=sku,
        current_quantity=one.stock.quantity,
        awaiting_quantity=one.stock.awaiting,
        quarantined_quantity=one.stock.quarantined,
        available_quantity=one.stock.available,
        weekly_average=needed.average,
        weeks_counted=needed.weeks,
        weekly_average_13=needed.average_13,
        weekly_average_4=needed.average_4,
        weekly_deviation=needed.deviation,
        days_left=one.days_left,
        runs_out_on=out.on if out is not None else None,
        runs_out_earliest_on=out.earliest_on if out is not None else None,
        runs_out_latest_on=out.latest_on if out is not None else None,
        lead_time_days=one.lead_time_days,
        reorder_point=one.reorder_point,
        is_reorder_point_given=one.is_reorder_point_given,
        alert_level=one.level,
        alert_reason=one.reason,
        last_counted_at=counted_at,
    )
