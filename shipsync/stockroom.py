"""The stockroom of the sandbox's past (past.py): what people there do with stock, by the very procedures a press calls.

    begin       the office loads its lists: products, rates, and what stands on the shelf; says who bills whom
    morning     the lot that is picked goes up with orders; goods come in, mostly on Mondays; on the first Monday the
                office loads the weeks up to then. On the first Monday of a month the month before is closed, and on
                the Wednesday after it somebody voids a label of that month, which the next one then restates
    afternoon   after a day is closed: the main product is counted on Fridays, all on a month's last working day

Each is harmless when it is done twice: what is there already is seen in the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shipsync.procedures import counting, movements
from shipsync.procedures.close_records import take_over
from shipsync.procedures.counting import Counted
from shipsync.rules.counts import CountLine, next_step
from shipsync.rules.ledger import REASONS
from shipsync.rules.letterhead import FIRM
from shipsync.rules.months import month_before, month_ends, month_of
from shipsync.rules.parties import CLIENT, CLIENT_ADDRESS, FIRM_ADDRESS
from shipsync.rules.periods import business_date
from shipsync.rules.preferences import CHARGE_REPORT_RECIPIENTS, WEEKLY_REPORT_RECIPIENTS
from shipsync.sandbox import shelf, stockroom
from shipsync.sandbox.home import SEED, Sandbox
from shipsync.store import closings, counts, ledger, products, quarantine, rates, weekly_history
from shipsync.store import inventory as inventory_store
from shipsync.store.approval import approval_above
from shipsync.store.settings import audit, set_setting, setting

if TYPE_CHECKING:
    from shipsync.runtime import App

OFFICE = "office"
_SHIPPER, _LEAD = "Robin (shipper)", "Lee (lead)"
# Mails are kept as files: nothing leaves the sandbox.
_SETTINGS: Mapping[str, str] = {
    WEEKLY_REPORT_RECIPIENTS: "lead@example.com, office@example.com",
    CHARGE_REPORT_RECIPIENTS: "office@example.com, client@example.com",
    FIRM: "Example Warehouse",
    FIRM_ADDRESS: "1 Example Road\nSacramento, CA 95800",
    CLIENT: "Example Rinse Company",
    CLIENT_ADDRESS: "200 Sample Street\nPortland, OR 97200",
}
_BY_HAND = "looked through for the invoice, and put right at ShipStation"
_REASON = "The office has looked through what is listed."
_MONDAY, _WEDNESDAY, _FRIDAY = 0, 2, 4


class Stockroom:
    """The people of one past who handle stock. `app` goes by the past's clock."""

    def __init__(self, app: App, sandbox: Sandbox) -> None:
        self._app = app
        self._world = sandbox.world
        self._folder = sandbox.office_files
        self._first_day = business_date(sandbox.world.start, app.settings.zone)

    def begin(self) -> None:
        """Load what the office knows, by the jobs that load it, and say who bills whom and who gets which report."""
        con = self._app.db.read()
        if not any(one.lead_time_days for one in products.products(con)):
            self._load("products", stockroom.products_csv())
        self._name_lots(self._first_day)
        if not ledger.counts_there(con):
            self._load("opening-stock", stockroom.opening_csv(self._first_day))
        if not rates.rate_card(con).rates:
            self._load("rates", stockroom.rates_csv(self._first_day))
        unset = {name: value for name, value in _SETTINGS.items() if setting(con, name) is None}
        if unset:
            with self._app.db.transaction() as writing:
                for name, value in unset.items():
                    set_setting(writing, name, value, OFFICE, self._app.now())

    def morning(self) -> None:
        """Say which lots are picked; goods come in; on a Monday a month that is over is closed."""
        app, today = self._app, self._today()
        self._name_lots(today)
        if today.weekday() == _MONDAY and not weekly_history.loaded_weeks(app.db.read()):
            self._load("weekly-history", stockroom.weekly_history_csv(SEED, self._first_day))
        there = {one.reference for one in ledger.entries(app.db.read()) if one.kind == "receive"}
        for one in inventory_store.current(app.db.read()):
            came = stockroom.delivery(SEED, one.current.sku, one.current.available_quantity, today)
            if came is not None and came.note not in there:
                receipt = movements.Receipt(came.sku, came.lot, came.units, app.now(), came.note)
                movements.receive(app.db, receipt, app.settings.zone, OFFICE, app.now())
        if today.weekday() == _MONDAY:
            self._close_month(month_before(month_of(today)))
        if today.weekday() == _WEDNESDAY:
            self._void_late()

    def afternoon(self) -> None:
        """After a day was closed: count what is due today, unless that was done."""
        app, today = self._app, self._today()
        con = app.db.read()
        if closings.closed(con, "eod", today) is None or any(
            one.business_date == today for one in counts.latest(con, 5)
        ):
            return
        if _next_working_day(today).month != today.month:
            self._count(today, None)
        elif today.weekday() == _FRIDAY:
            self._count(today, [shelf.MAIN_SKU])

    def _close_month(self, month: date) -> None:
        """Close a month that is over, once what blocks it is settled. The week it ends in was closed on its Friday."""
        db, now = self._app.db, self._app.now()
        if month_ends(month) < self._first_day or closings.closed(db.read(), "eom", month) is not None:
            return
        for one in quarantine.open_entries(db.read()):
            if one.entry.held and one.entry.kind != "upload":
                take_over(db, one.entry.kind, one.entry.entity_id, _BY_HAND, OFFICE, now)
        asked = {"date": month_ends(month).isoformat(), "reason": _REASON}
        self._app.worker.perform("eom", asked, OFFICE)

    def _void_late(self) -> None:
        """Void a label of the month that was closed last, and cancel its order: it was never picked up."""
        closed = closings.newest_closed(self._app.db.read(), "eom")
        if closed is None or closed.closed_at is None:
            return
        world = self._world
        with world.lock:
            labels = [
                one
                for one in world.books.shipments.values()
                if closed.period_start <= one.ship_date <= closed.period_end and one.order_id is not None
            ]
        if any(one.voided is not None and one.voided > closed.closed_at for one in labels):
            return  # somebody has
        there = [one for one in labels if one.is_active and not one.is_return and one.lines]
        if there:
            newest = max(there, key=lambda one: one.shipment_id)
            world.void(newest.shipment_id)
            order = world.books.orders[newest.order_id or 0]
            if order.is_listed and order.status == "awaiting_shipment":
                world.cancel(order.order_id)

    def _count(self, day: date, skus: list[str] | None) -> None:
        """A whole count: blind, again where it was off, with reasons, approved by another person, posted."""
        app = self._app
        now, db, zone = app.now(), app.db, app.settings.zone
        count_id = counting.open_count(db, day, skus, _SHIPPER, now)
        limit = approval_above(db.read())
        there = _on_the_shelf(counts.lines(db.read(), count_id))
        for step in ("count", "recount"):
            wanted = [one for one in counts.lines(db.read(), count_id) if next_step(one, limit) == step]
            found = [self._found(one, there[one.sku, one.lot], day) for one in wanted]
            counting.enter(db, count_id, found, _SHIPPER, now)
        for line in counts.lines(db.read(), count_id):
            if next_step(line, limit) == "reason":
                why = "wrong_item" if line.expected < 0 else "missing" if (line.variance or 0) < 0 else "found"
                counting.give_reason(db, count_id, line.sku, line.lot, why, REASONS[why], _SHIPPER, now)
        for line in counts.lines(db.read(), count_id):
            if next_step(line, limit) == "approval":
                counting.approve(db, count_id, line.sku, line.lot, _LEAD, now)
        counting.post(db, count_id, zone, _SHIPPER, now)

    @staticmethod
    def _found(line: CountLine, there: int, day: date) -> Counted:
        units = stockroom.found(SEED, line.sku, line.lot, there, day)
        pallets, loose = divmod(units, line.pallet_size) if line.pallet_size else (0, units)
        return Counted(line.sku, line.lot, pallets, loose)

    def _name_lots(self, day: date) -> None:
        """The office says which lots are picked from today on; orders go up with them."""
        wanted: dict[str, str | None] = {sku: shelf.active_lot(sku, day) for sku in stockroom.SUPPLIES}
        named = {one.sku: one.active_lot for one in products.listed_products(self._app.db.read())}
        changed = {sku: lot for sku, lot in wanted.items() if named.get(sku) != lot}
        if changed:
            now = self._app.now()
            with self._app.db.transaction() as con:
                products.set_active_lots(con, changed, now)
                for sku, lot in changed.items():
                    audit(con, OFFICE, "active lot set", sku, named.get(sku), lot, now)

    def _load(self, what: str, text: str) -> None:
        path = self._folder / f"{what}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self._app.worker.perform("load", {"what": what, "path": str(path), "by": OFFICE}, OFFICE)

    def _today(self) -> date:
        return business_date(self._app.now(), self._app.settings.zone)


def _on_the_shelf(lines: Sequence[CountLine]) -> dict[tuple[str, str], int]:
    """What stands there of each line: what left without its lot being named is missing from the fullest one."""
    there = {(one.sku, one.lot): max(0, one.expected) for one in lines}
    for one in lines:
        if one.expected < 0:
            fullest = max((place for place in there if place[0] == one.sku), key=lambda place: there[place])
            there[fullest] = max(0, there[fullest] + one.expected)
    return there


def _next_working_day(day: date) -> date:
    """Nobody works at weekends."""
    return day + timedelta(days=3 if day.weekday() == _FRIDAY else 1)
