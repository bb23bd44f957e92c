"""What the tests of stock's pages share: a house with a shelf, weeks behind it, and hands for its forms."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from shipsync.procedures import counting, movements
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.movements import Opening, Receipt
from shipsync.rules.catalogue import Product
from shipsync.rules.weeks import WeekUnits
from shipsync.store import ledger, products, weekly_history
from tests.house import House
from tests.site import Site

SKU, LOT, OTHER = "17612", "250237", "250300"
LAST_MONDAY = date(2026, 9, 7)  # of the last complete week
TODAY = date(2026, 9, 16)


def stock_up(house: House, units: int = 300) -> None:
    """A product that is counted and sells 100 a week, 150 lately; a delivery of it takes two weeks."""
    db, now = house.app.db, house.app.now()
    with db.transaction() as con:
        products.put_products(con, [Product(SKU, "Rinse, case", True, 48, 14)], now)
        weeks = [WeekUnits(LAST_MONDAY - timedelta(weeks=back), SKU, 150 if back < 4 else 100 + back % 2)
                 for back in range(20)]  # fmt: skip
        weekly_history.put_loaded(con, weeks, now)
    movements.say_opening(db, Opening(SKU, {LOT: units}), house.app.settings.zone, "Kim", now)
    house.wait(5)


def receive(house: House, units: int, lot: str = LOT, sku: str = SKU, **others: Any) -> None:
    """Goods came in."""
    one = Receipt(**{"sku": sku, "lot": lot, "units": units, "moved_at": house.app.now()} | others)  # type: ignore[arg-type]
    movements.receive(house.app.db, one, house.app.settings.zone, "Kim", house.app.now())


def ship(house: House, units: int, number: str, lot: str = LOT) -> None:
    """A label that is known here."""
    order = house.world.place_manual_order(number, [(f"{SKU} - {lot}", units)])
    house.world.buy_label(order.order_id)
    house.wait(5)
    house.sync()


def compute(house: House) -> None:
    """Stock is recomputed."""
    now = house.app.now()
    with house.app.db.transaction() as con:
        recalculate(con, house.app.settings.zone, now, now)


def close_day(house: House) -> None:
    """The day is closed, and may be counted."""
    house.wait(5)
    job = house.job("eod")
    assert job.status == "succeeded", job.error


def open_count(house: House, *skus: str, by: str = "Kim") -> str:
    """A count of today's newest closing."""
    return counting.open_count(house.app.db, TODAY, skus or None, by, house.app.now())


def lots(house: House, sku: str = SKU) -> dict[str, int]:
    """Units by lot, by the ledger."""
    return {one.lot: one.quantity for one in ledger.balances_of(house.app.db.read(), sku, house.app.now())}


def entries(house: House, sku: str = SKU) -> list[ledger.Entry]:
    """The ledger of a product in the order it was entered."""
    return sorted(ledger.entries(house.app.db.read(), sku), key=lambda one: one.entry_no)


class Hand:
    """Somebody at a form of a page: fields by their names, in its present edition."""

    def __init__(self, test: AppTest, form: str, edition: int = 0) -> None:
        self.test, self.form, self.edition = test, form, edition

    def key(self, field: str) -> str:
        """The key of a field."""
        return f"{self.form}_{field}_{self.edition}"

    def type(self, **fields: object) -> Hand:
        """Fill in fields; which kind of field each is, is found out."""
        for name, value in fields.items():
            self._widget(name).set_value(value)
        return self

    def press(self, button: str = "save") -> AppTest:
        """Press a button of the form."""
        self.test.button(key=self.key(button)).click().run()
        assert not self.test.exception, [one.value for one in self.test.exception]
        return self.test

    def value(self, field: str) -> object:
        """What stands in a field."""
        return self._widget(field).value

    def has(self, field: str) -> bool:
        """Whether there is such a field."""
        return any(one.key == self.key(field) for kind in _KINDS for one in getattr(self.test, kind))

    def _widget(self, field: str) -> Any:
        for kind in _KINDS:
            for one in getattr(self.test, kind):
                if one.key == self.key(field):
                    return one
        raise KeyError(self.key(field))


_KINDS = ("text_input", "number_input", "selectbox", "radio", "date_input", "datetime_input", "toggle", "button")


def view(test: AppTest, name: str, key: str = "show") -> AppTest:
    """Choose what to look at."""
    test.radio(key=key).set_value(name).run()
    assert not test.exception, [one.value for one in test.exception]
    return test


def told(test: AppTest) -> str:
    """Everything that is written, without the signs that keep it from being Markdown."""
    return Site.text(test).replace("\\", "")


def at(house: House, **back: float) -> datetime:
    """A time of the warehouse's clock, so long ago, as a person types it: to the minute, without a zone."""
    local = (house.app.now() - timedelta(**back)).astimezone(house.app.settings.zone)
    return local.replace(tzinfo=None, second=0, microsecond=0)
