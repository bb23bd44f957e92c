"""The stockroom of the sandbox's past (past.py): what people there do with stock, by the very procedures a press calls.

    begin       the office loads its lists: products, and what stands on the shelf
    morning     the lot that is picked goes up with orders; goods come in on Mondays; on the first Monday the office
                loads the weeks up to then
    afternoon   after a day is closed: the main product is counted on Fridays, all on a month's last working day

Each is harmless when it is done twice: what is there already is seen in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shipsync.procedures import counting, movements
from shipsync.procedures.counting import Counted
from shipsync.rules.counts import CountLine, next_step
from shipsync.rules.ledger import REASONS
from shipsync.rules.periods import business_date
from shipsync.sandbox import shelf, stockroom
from shipsync.sandbox.home import SEED, Sandbox
from shipsync.store import closings, counts, ledger, products, weekly_history
from shipsync.store import inventory as inventory_store
from shipsync.store.approval import approval_above
from shipsync.store.settings import audit, set_setting, setting

if TYPE_CHECKING:
    from shipsync.runtime import App

OFFICE = "office"
_SHIPPER, _LEAD = "Robin (shipper)", "Lee (lead)"
_RECIPIENTS = "weekly_report_recipients"
_MAIL_TO = "lead@example.com, office@example.com"  # kept as files: nothing leaves the sandbox
_FRIDAY = 4


class Stockroom:
    """The people of one past who handle stock. `app` goes by the past's clock."""

    def __init__(self, app: App, sandbox: Sandbox) -> None:
        self._app = app
        self._folder = sandbox.office_files
        self._first_day = business_date(sandbox.world.start, app.settings.zone)

    def begin(self) -> None:
        """Load what the office knows, by the jobs that load it, and say who gets the weekly report."""
        con = self._app.db.read()
        if not any(one.lead_time_days for one in products.products(con)):
            self._load("products", stockroom.products_csv())
        self._name_lots(self._first_day)
        if not ledger.counts_there(con):
            self._load("opening-stock", stockroom.opening_csv(self._first_day))
        if setting(con, _RECIPIENTS) is None:
            with self._app.db.transaction() as writing:
                set_setting(writing, _RECIPIENTS, _MAIL_TO, OFFICE, self._app.now())

    def morning(self) -> None:
        """Say which lots are picked; on a Monday the goods that were ordered come in."""
        app, today = self._app, self._today()
        self._name_lots(today)
        if today.weekday() != 0:
            return
        if not weekly_history.loaded_weeks(app.db.read()):
            self._load("weekly-history", stockroom.weekly_history_csv(SEED, self._first_day))
        there = {one.reference for one in ledger.entries(app.db.read()) if one.kind == "receive"}
        for one in inventory_store.current(app.db.read()):
            came = stockroom.delivery(SEED, one.current.sku, one.current.available_quantity, today)
            if came is not None and came.note not in there:
                receipt = movements.Receipt(came.sku, came.lot, came.units, app.now(), came.note)
                movements.receive(app.db, receipt, app.settings.zone, OFFICE, app.now())

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
