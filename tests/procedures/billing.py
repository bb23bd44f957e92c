"""A warehouse on real tables for tests of charges: orders, parcels and stock come in, months are billed.

What left of an order, and the stock it moved, is told from its parcels by the procedures that a sync uses. Times are
the warehouse's own, so nobody has to count hours from Greenwich.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from shipsync.procedures import charges
from shipsync.procedures.shipped import refresh_shipped
from shipsync.procedures.take_in import guide
from shipsync.rules.catalogue import Product
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import Rate, RateName
from shipsync.rules.ledger import Movement
from shipsync.rules.months import month_ends
from shipsync.rules.periods import business_date, day_closes
from shipsync.store import charges as store
from shipsync.store import closings, ledger, parties, products, rates
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate

PACIFIC = ZoneInfo("America/Los_Angeles")
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Warehouse:
    """One with a clock that a test sets: what comes in is known at `now`, and told before time goes on."""

    db: Database
    now: datetime
    zone: ZoneInfo = PACIFIC
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    orders: dict[str, int] = field(default_factory=dict)  # number -> id
    touched: set[int | None] = field(default_factory=set)  # orders of which something came in

    def at(self, local: datetime) -> datetime:
        """The instant at which the clock on the wall shows this."""
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def until(self, local: datetime) -> None:
        """Let time go on to then."""
        self._settle()
        self.now = self.at(local)

    def rate(self, name: RateName, amount: str, since: date) -> None:
        with self.db.transaction() as con:
            rates.put_rates(con, [Rate(name, Decimal(amount), since)], self.now)

    def product(self, sku: str, pallet_size: int | None, *, is_key: bool = True) -> None:
        with self.db.transaction() as con:
            products.put_products(
                con, [Product(sku, f"Product {sku}", is_key, pallet_size, None, None, None)], self.now
            )

    def order(self, number: str, units: Mapping[str, int], *, status: str = "shipped", **others: Any) -> int:
        """An order with lines by SKU text, as ShipStation has it now."""
        order_id = self.orders.setdefault(number, 500 + next(self.ids))
        with self.db.transaction() as con:
            for table in ("orders_inbox", "shipstation_order_line_items"):
                con.execute(f"DELETE FROM {table} WHERE shipstation_order_id = $id", {"id": order_id})  # noqa: S608
            head: dict[str, Any] = {
                "order_key": f"shop:{number}", "order_number": number, "source_system": "X-Cart", "status": status,
                "shipstation_order_id": order_id, "shipstation_status": status, "ordered_at": self.now,
                "modified_at": self.now, "created_at": self.now, "updated_at": self.now,
            }  # fmt: skip
            _put(con, "orders_inbox", head | others)
            for line_no, (sku, quantity) in enumerate(units.items(), 1):
                _put(con, "shipstation_order_line_items", {
                    "shipstation_order_id": order_id, "line_no": line_no, "order_item_id": order_id * 100 + line_no,
                    "sku": sku, "quantity": quantity, "is_adjustment": False,
                })  # fmt: skip
        self.touched.add(order_id)
        return order_id

    def label(
        self, number: str | None, cost: str, units: Mapping[str, int] | None = None, *, insurance: str = "0.00",
        shipment_id: int | None = None, **others: Any,
    ) -> int:  # fmt: skip
        """A label bought now for today. Without `units` it carries no items, like one beside a label that stands."""
        shipment_id = shipment_id or 9_000 + next(self.ids)
        order_id = self.orders[number] if number is not None else None
        row: dict[str, Any] = {
            "shipment_id": shipment_id, "shipstation_order_id": order_id, "order_number": number,
            "created_at": self.now, "ship_date": business_date(self.now, PACIFIC), "shipment_cost": Decimal(cost),
            "insurance_cost": Decimal(insurance), "carrier_code": "fedex", "service_code": "fedex_ground",
            "tracking_number": f"T{shipment_id}", "is_return_label": False, "warehouse_id": 1,
            "has_items": units is not None, "voided": False, "content_hash": "h", "first_seen_at": self.now,
            "updated_at": self.now,
        } | others  # fmt: skip
        with self.db.transaction() as con:
            _put(con, "shipments", row)
            for line_no, (sku, quantity) in enumerate((units or {}).items(), 1):
                _put(con, "shipment_items", {
                    "shipment_id": shipment_id, "line_no": line_no, "sku": sku, "quantity": quantity,
                    "is_adjustment": False,
                })  # fmt: skip
        self.touched.add(order_id)
        return shipment_id

    def change(self, shipment_id: int, **values: Any) -> None:
        """A label turns out otherwise."""
        with self.db.transaction() as con:
            sets = ", ".join(f"{name} = ${name}" for name in values)
            [(order_id,)] = con.rows(
                f"UPDATE shipments SET {sets} WHERE shipment_id = $id RETURNING shipstation_order_id",  # noqa: S608
                values | {"id": shipment_id},
            )
        self.touched.add(order_id)

    def void(self, shipment_id: int) -> None:
        """A label is voided now."""
        self.change(shipment_id, voided=True, voided_at=self.now)

    def mark(self, number: str) -> int:
        """An order is marked as shipped now: no label, no cost, no items."""
        fulfillment_id = 7_000 + next(self.ids)
        with self.db.transaction() as con:
            _put(con, "fulfillments", {
                "fulfillment_id": fulfillment_id, "shipstation_order_id": self.orders[number], "order_number": number,
                "created_at": self.now, "ship_date": business_date(self.now, PACIFIC), "fulfillment_fee": Decimal(0),
                "voided": False, "content_hash": "h", "first_seen_at": self.now, "updated_at": self.now,
            })  # fmt: skip
        self.touched.add(self.orders[number])
        return fulfillment_id

    def enter(
        self,
        kind: Any,
        sku: str,
        units: int,
        at: datetime | None = None,
        *,
        lot: str = "",
        reference: str | None = None,
    ) -> int:
        """Somebody enters what moved, or was counted: now, or for an instant before."""
        moved_at = at or self.now
        one = Movement(
            kind, sku, lot, units, moved_at, business_date(moved_at, self.zone), "found", reference=reference
        )
        with self.db.transaction() as con:
            [entry_no] = ledger.post(con, [one], "Ann", self.now)
        return entry_no

    def add(self, day: date, reason: str, amount: str) -> int:
        with self.db.transaction() as con:
            return rates.add_extra(con, day, reason, Decimal(amount), "Ann", self.now)

    def withdraw(self, extra_no: int) -> None:
        with self.db.transaction() as con:
            assert rates.withdraw_extra(con, extra_no, "Ann", self.now)

    def computed(self, month: date, through: date | None = None) -> charges.Month:
        """The month as it is known now."""
        self._settle()
        through = through or month_ends(month)
        return charges.compute(self.db.read(), month, through, min(self.now, day_closes(through, self.zone)), self.zone)

    def again(self, month: date) -> charges.Month:
        """A billed month as it is known now."""
        self._settle()
        return charges.again(self.db.read(), self.newest(month), self.zone)

    def checked(self, month: date, through: date | None = None) -> list[str]:
        """What its self-check says, 'error: ...'."""
        found = charges.self_check(self.db.read(), self.computed(month, through), self.zone)
        return [f"{one.severity}: {one.text}" for one in found]

    def bill(self, month: date, through: date | None = None, *, closes: bool = True) -> ChargeReport:
        """Bill a month as the job does, its week and documents left out. Not closed: as if the job died after it."""
        job_id = f"job-{next(self.ids)}"
        found = self.computed(month, through)
        with self.db.transaction() as con:
            closings.begin(con, "eom", month, month_ends(month), job_id, "Ann", self.now)
            restated = charges.restatements(con, month, self.zone)
            charges.freeze(con, job_id, found, restated, self.zone, self.now)
            version = closings.next_version(con, "eom", month)
            issue = charges.Issue(version, version - 1 or None, parties.parties(con), (), (), "", "Ann")
            made = charges.report(con, job_id, found, restated, issue, self.zone, self.now)
            closings.freeze(con, job_id, made.as_json(), made.content_hash)
            if closes:
                closings.close(con, job_id, version, records=0, sentence="", stated=(), now=self.now)
        self.now += timedelta(minutes=1)  # what comes in next comes after it
        return made

    def frozen(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that was ever frozen, row by row."""
        tables = [name for (name,) in self.db.read().rows(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'charge_report%' ORDER BY table_name"
        )]  # fmt: skip
        rows = {name: self.db.read().rows(f"SELECT * FROM {name} ORDER BY ALL") for name in tables}  # noqa: S608
        return rows | {
            "closings": self.db.read().rows("SELECT job_id, content, content_hash FROM closings ORDER BY ALL")
        }

    def newest(self, month: date) -> store.Billed:
        found = store.newest_billed(self.db.read(), month)
        assert found is not None
        return found

    def _settle(self) -> None:
        """Tell what has left of the orders of which something came in."""
        ids = sorted(one for one in self.touched if one is not None)
        self.touched.clear()
        if ids:
            with self.db.transaction() as con:
                refresh_shipped(con, ids, guide(con), self.zone, self.now)


@contextmanager
def a_warehouse(zone: ZoneInfo = PACIFIC) -> Iterator[Warehouse]:
    """An empty one, in memory."""
    with open_database(None) as db:
        migrate(db, LONG_AGO)
        yield Warehouse(db, LONG_AGO, zone)


def emptied(one: Warehouse) -> Warehouse:
    """The same database with nothing in it, and the clock where it began: for the examples of a law."""
    with one.db.transaction() as con:
        for (name,) in con.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal"):
            if not name.startswith(("schema_", "migration")):
                con.execute(f"DELETE FROM {name}")  # noqa: S608 - our own tables
    return Warehouse(one.db, LONG_AGO, one.zone)


def _put(con: Any, table: str, values: Mapping[str, Any]) -> None:
    names = ", ".join(values)
    marks = ", ".join(f"${name}" for name in values)
    con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", dict(values))  # noqa: S608 - our own names
