"""Months worked by hand (tests/golden/charges): what is billed, day by day, and what of it a later month restates."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipsync.rules.charge_report import ChargeReport, StockOfMonth
from shipsync.rules.charges import Line
from shipsync.rules.restatement import RestatedLine
from tests.procedures.billing import LONG_AGO, Warehouse, a_warehouse
from tests.rules.charge_cases import told

GOLDEN = Path(__file__).parents[1] / "golden" / "charges"
Event = Mapping[str, Any]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.toml")), ids=lambda path: path.stem)
def test_what_was_worked_by_hand(path: Path) -> None:
    case = tomllib.loads(path.read_text())
    with a_warehouse(ZoneInfo(case.get("zone", "America/Los_Angeles"))) as warehouse:
        for sku, size in case["pallets"].items():
            warehouse.product(sku, size or None)
        for name, rows in case["rates"].items():
            for since, amount in rows.items():
                warehouse.rate(name, amount, (LONG_AGO.date()).fromisoformat(since))
        for act in case["acts"]:
            for one in act["events"]:
                warehouse.until(one["at"])
                happens(warehouse, one)
            bill(warehouse, act["bill"])


def happens(warehouse: Warehouse, one: Event) -> None:
    """One event of a story."""
    rest = {name: value for name, value in one.items() if name not in ("at", "what", "id", "order", "moved")}
    match one["what"]:
        case "order":
            warehouse.order(**rest)
        case "label":
            if rest.get("ship_date") == "none":
                rest["ship_date"] = None
            warehouse.label(one["order"], rest.pop("cost"), shipment_id=one["id"], **rest)
        case "change":
            warehouse.change(one["id"], **rest)
        case "void":
            warehouse.void(one["id"])
        case "mark":
            warehouse.mark(one["order"])
        case "rate":
            warehouse.rate(one["rate"], one["amount"], one["since"])
        case "product":
            warehouse.product(one["sku"], one["pallet"])
        case kind:
            moved = warehouse.at(one["moved"]) if "moved" in one else None
            warehouse.enter(kind, one["sku"], one["units"], moved, lot=one["lot"], reference=one.get("reference"))


def bill(warehouse: Warehouse, expected: Mapping[str, Any]) -> None:
    """Bill a month, and hold it against what is expected; without `lines` it must be refused."""
    warehouse.until(expected["at"])
    if "checked" in expected:
        assert warehouse.checked(expected["month"]) == rows_of(expected["checked"])
    if "lines" not in expected:
        return
    made = warehouse.bill(expected["month"])
    assert list(in_runs(made.lines)) == rows_of(expected["lines"])
    if "days" in expected:
        assert counted(made) == rows_of(expected["days"])
    if "stock" in expected:
        assert [as_fall(one) for one in made.stock if one.sku == expected["stock"][:5]] == [expected["stock"]]
    restated = [restated_line(line) for one in made.restatements for line in one.lines]
    assert restated == rows_of(expected.get("restated", ""))
    assert (str(made.charges), str(made.total)) == (expected["charges"], expected["total"])


def rows_of(text: str) -> list[str]:
    """Its rows without the working beside them."""
    return [row for line in text.splitlines() if (row := line.split("  #")[0].rstrip())]


def in_runs(lines: Sequence[Line]) -> Iterator[str]:
    """Lines in rows; of storage the days on which it was the same are one."""
    for one in lines:
        if one.charge != "pallet_day":
            yield told(one)
        elif one is next(other for other in lines if other.charge == "pallet_day"):
            storage = sorted(
                (other for other in lines if other.charge == "pallet_day"), key=lambda o: (o.sku or "", o.day)
            )
            yield from _runs(storage)


def _runs(storage: Sequence[Line]) -> Iterator[str]:
    run: list[Line] = []
    for one in storage:
        same = run and one.day == run[-1].day + timedelta(days=1) and told(one)[10:] == told(run[-1])[10:]
        if run and not same:
            yield _run(run)
            run = []
        run.append(one)
    yield _run(run)


def _run(run: Sequence[Line]) -> str:
    return told(run[0]) if len(run) == 1 else f"{run[0].day}..{told(run[-1])} a day"


def counted(made: ChargeReport) -> list[str]:
    return [
        f"{one.day} orders {one.orders}, shipments {one.shipments}, packages {one.packages}, units {one.units}, "
        f"voided {one.voided}, returns {one.returns}"
        for one in made.days
    ]


def as_fall(one: StockOfMonth) -> str:
    parts = [
        (one.received, "received"), (-one.shipped, "shipped"), (one.voided, "voided"), (one.adjusted, "adjusted"),
        (one.repacked, "repacked"), (one.counted, "counted"),
    ]  # fmt: skip
    falls = " ".join(
        f"{'-' if amount < 0 or name == 'shipped' else '+'} {abs(amount)} {name}" for amount, name in parts
    )
    return f"{one.sku}: {one.opening} {falls} = {one.closing}, {one.pallet_days} pallet-days"


def restated_line(line: RestatedLine) -> str:
    one = line.difference
    key = one.key
    by = "/".join(str(part) for part in (key.carrier_code, key.service_code, key.warehouse_id) if part is not None)
    what = " ".join(part for part in (str(key.day), key.charge, key.sku or "", by) if part)
    return f"{what} {one.billed} -> {one.now} = {one.amount}: {' '.join(line.causes)}"
