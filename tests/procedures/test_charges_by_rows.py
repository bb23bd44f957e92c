"""A lived autumn's charges against a second method that has nothing but rows: pandas, and no rule or query of ours."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from shipsync.procedures import charges
from shipsync.rules.charges import CARRIER_COST, SERVICE_FEES, Line, Rate, by_charge, total
from shipsync.rules.periods import day_closes
from shipsync.simulation import differences
from shipsync.store import rates
from tests.deeds import Deeds
from tests.house import House, a_house
from tests.procedures.closing_day import counted, moved

ZONE = ZoneInfo("America/Los_Angeles")
OCT, NOV = date(2026, 10, 1), date(2026, 11, 1)
SIZES = {"17612": 48, "17904": 30, "17914": 25, "18675": 7, "18795": 50}
CARD = {
    "order": {date(2026, 1, 1): "5.00", date(2026, 10, 16): "5.55"},
    "unit": {date(2026, 1, 1): "0.335"},
    "pallet_day": {date(2026, 1, 1): "0.5075", date(2026, 11, 3): "0.60"},
    "receipt": {date(2026, 10, 10): "12.50"},
    "markup": {date(2026, 10, 5): "12.5", date(2026, 10, 20): "0"},
    "minimum": {date(2026, 1, 1): "9000"},
}
Where = tuple[date, str, str, str, str, int]  # day, charge, SKU, carrier, service, warehouse
Figures = dict[Where, tuple[int, Decimal]]


def lived(house: House) -> None:
    """Forty days of people's deeds, a sync once a week, stock that is counted, comes and is entered late."""
    deeds = Deeds(house.world, random.Random("a lived autumn"))
    with house.app.db.transaction() as con:
        for sku, size in SIZES.items():
            con.execute("UPDATE products SET units_per_pallet = $size WHERE sku = $sku", {"sku": sku, "size": size})
        card = [Rate(name, Decimal(amount), since) for name, rows in CARD.items() for since, amount in rows.items()]  # type: ignore[arg-type]
        rates.put_rates(con, card, house.clock.now())
    house.sync()
    for sku in SIZES:
        counted(house, sku, "250237", 400)
        counted(house, sku, "", 200)
    for number in range(6):
        deeds.act(16)
        insured = house.world.place_manual_order(items=(("17914 - 250237", 3),))
        house.world.buy_label(insured.order_id, insurance_cost=Decimal("1.35"), carrier="ups", service="ups_ground")
        house.world.buy_label(insured.order_id, is_return=True)
        house.loop()
        house.wait(7 * 24 * 60 - 5)
        if number % 3 == 1:
            moved(house, "receive", "17612", "250237", 90, house.clock.now() - timedelta(days=3))
            moved(house, "receive", "17904", "250240", 31, house.clock.now())
        if number % 3 == 2:
            counted(house, "17612", "250237", 350 - number, house.clock.now() - timedelta(hours=30))
    house.loop()
    house.sync(everything=True)


def place(one: Line) -> Where:
    by = one.carrier_code or "", one.service_code or "", one.warehouse_id or 0
    return one.day, one.charge, one.sku or "", *by


def raw(house: House, sql: str) -> pd.DataFrame:
    return pd.DataFrame(house.app.db.read().table(sql).to_pylist())


def at(name: str, day: date) -> Decimal:
    held = [Decimal(amount) for since, amount in sorted(CARD[name].items()) if since <= day]
    return held[-1] if held else Decimal(0)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def by_rows(house: House, first: date, through: date, *, is_whole: bool) -> Figures:
    """Every line of these days, from raw rows."""
    days = [day.date() for day in pd.date_range(first, through)]
    found = {**of_labels(house, days), **of_fees(house, days)}
    taken = [amount for where, (_, amount) in found.items() if where[1] in ("order", "unit", "pallet_day", "receipt")]
    fees = sum(taken, Decimal(0))
    if is_whole and fees < at("minimum", through):
        found[through, "minimum", "", "", "", 0] = (1, at("minimum", through) - fees)
    return {where: what for where, what in found.items() if what[0] or what[1]}


def of_labels(house: House, days: list[date]) -> Figures:
    labels = raw(house, "SELECT * FROM shipments")
    made = [one.astimezone(ZONE).date() for one in labels["created_at"]]
    labels["day"] = [
        day if isinstance(day, date) else other for day, other in zip(labels["ship_date"], made, strict=True)
    ]
    labels = labels[labels["day"].isin(days)]
    for name, nothing in (("carrier_code", ""), ("service_code", ""), ("warehouse_id", 0)):
        labels[name] = labels[name].fillna(nothing)
    labels["cost"] = labels["shipment_cost"] + labels["insurance_cost"]
    found: Figures = {}
    for (day, *by), group in labels.groupby(["day", "carrier_code", "service_code", "warehouse_id"]):
        out, back, voided = group[~group["is_return_label"]], group[group["is_return_label"]], group[group["voided"]]
        parts = {
            "postage": (len(out), sum(out["shipment_cost"])),
            "return": (len(back), sum(back["cost"])),
            "void": (len(voided), -sum(voided["cost"])),
        }
        if sum(out["insurance_cost"]):
            parts["insurance"] = (len(out), sum(out["insurance_cost"]))
        for charge, (quantity, amount) in parts.items():
            if quantity:
                found[day, charge, "", by[0], by[1], int(by[2])] = (quantity, Decimal(amount))
    for day, group in labels[~labels["voided"]].groupby("day"):
        if at("markup", day) and sum(group["cost"]):
            amount = cents(sum(group["cost"]) * at("markup", day) / 100)
            found[day, "markup", "", "", "", 0] = (len(group), amount)
    return found


def of_fees(house: House, days: list[date]) -> Figures:
    orders = raw(house, "SELECT ship_date AS day FROM shipped_orders")
    items = raw(house, "SELECT ship_date AS day, base_sku AS sku, quantity FROM shipped_items")
    came = raw(house, "SELECT business_date AS day, entry_no FROM inventory_transactions WHERE kind = 'receive'")
    counts: list[tuple[str, str, date, int]] = [
        ("order", "", day, int(n)) for day, n in orders.groupby("day").size().items()
    ]
    units = items[items["sku"].isin(SIZES)].groupby(["day", "sku"])["quantity"].sum()
    counts += [("unit", sku, day, int(n)) for (day, sku), n in units.items()]
    counts += [("receipt", "", day, int(n)) for day, n in came.groupby("day").size().items()]
    counts += [("pallet_day", sku, day, -(-units // SIZES[sku])) for day, sku, units in stock(house, days)]
    return {
        (day, charge, sku, "", "", 0): (n, cents(n * at(charge, day))) for charge, sku, day, n in counts
        if day in days and (charge != "receipt" or at("receipt", day))
    }  # fmt: skip


def stock(house: House, days: list[date]) -> Iterator[tuple[date, str, int]]:
    """Going through all entries in their order, once; of one instant counts come last."""
    entries = raw(house, "SELECT entry_no, kind, sku, lot, quantity, moved_at FROM inventory_transactions")
    entries = entries.assign(counts=entries["kind"] == "count").sort_values(["moved_at", "counts", "entry_no"])
    lots: dict[tuple[str, str], int] = {}
    waiting = list(entries.itertuples())[::-1]
    for day in days:
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZONE)
        while waiting and waiting[-1].moved_at < midnight:
            one: Any = waiting.pop()
            lot = (one.sku, one.lot)
            lots[lot] = one.quantity if one.kind == "count" else lots.get(lot, 0) + one.quantity
        for sku in SIZES:
            yield day, sku, sum(units for (known, _), units in lots.items() if known == sku)


@pytest.mark.sweep
def test_a_lived_autumn_is_billed_as_a_second_method_has_it(tmp_path: Path) -> None:
    with a_house(tmp_path, start=datetime(2026, 9, 29, 18, 0, tzinfo=UTC)) as house:
        lived(house)
        wrong = differences(house.world.truth(), house.app.db.read())
        assert [one for one in wrong if "shop order" not in one] == []
        kinds: set[str] = set()
        for first, through, month_is_over in ((OCT, date(2026, 10, 31), True), (NOV, date(2026, 11, 7), False)):
            month = charges.compute(house.app.db.read(), first, through, day_closes(through, ZONE), ZONE)
            found = {place(one): (one.quantity, one.amount) for one in month.lines}
            expected = by_rows(house, first, through, is_whole=month_is_over)
            assert found == expected
            assert total(month.lines) == sum((amount for _, amount in expected.values()), Decimal(0))
            kinds |= set(by_charge(month.lines))
        # And everything was there to be told.
        assert kinds == {*CARRIER_COST, *SERVICE_FEES}
