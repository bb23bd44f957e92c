"""The stock of the made-up warehouse: what its office knows of it at the start, what is delivered, what counts find.

Figures are those of facts/domain.md section 5. Random numbers depend on the seed and on what they are about, like those
of the world's people; so the same world has the same deliveries however it is lived through.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shipsync.rules.catalogue import DEFAULT_CATALOGUE
from shipsync.sandbox import shelf

WEEKS_BEFORE = 56  # of history that the office has on paper: more than the year an average goes over


@dataclass(frozen=True, slots=True)
class Supply:
    """How a product is stocked."""

    weekly: int  # units that usually leave in a week ...
    deviation: float  # ... and how much that swings
    pallet_size: int
    lead_time_days: int
    opening: int  # units at the start
    delivered: int  # units a delivery brings; whole pallets of the main product
    keeps: int  # weeks of stock below which something is ordered
    comes_any_day: bool = False  # by the box from elsewhere, not on Mondays from the maker


SUPPLIES: Mapping[str, Supply] = {
    "17612": Supply(540, 120, 48, 14, 1_680, 576, 3),
    "17914": Supply(28, 14, 60, 21, 150, 60, 2),  # ordered late: it stands low now and then
    "17904": Supply(13, 7.5, 80, 21, 110, 80, 4),
    "18675": Supply(4, 4.9, 40, 28, 60, 40, 8),
    "18795": Supply(3, 5.0, 40, 84, 14, 8, 2, comes_any_day=True),  # nobody has ordered it again: it stands low
}


# What the warehouse takes, in the account's currency.
RATES: Mapping[str, str] = {"order": "2.50", "unit": "0.85", "pallet_day": "0.55", "receipt": "35", "minimum": "1500"}
PALLET_DAY_RISEN = "0.60"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Goods that come in one morning."""

    sku: str
    lot: str
    units: int
    note: str  # the delivery note's number


def products_csv() -> str:
    """What the office says of the products: pallets, lead times, for one a reorder point of its own."""
    lines = ["sku,name,is_key,units_per_pallet,lead_time_days,reorder_point"]
    for sku, product in DEFAULT_CATALOGUE.products.items():
        supply = SUPPLIES.get(sku)
        policy = f"{supply.pallet_size},{supply.lead_time_days}," if supply is not None else ",,"
        reorder = "12" if sku == "18795" else ""
        lines.append(f'{sku},"{product.name}",{"yes" if product.is_key else "no"},{policy}{reorder}')
    return "\n".join(lines) + "\n"


def opening_csv(first_day: date) -> str:
    """What stood on the shelf when the day before the first one ended, by lot: of the active one, and of the last."""
    before = first_day - timedelta(days=1)
    lines = ["sku,lot,quantity,as_of"]
    for sku, supply in SUPPLIES.items():
        rest = supply.opening // 12
        lots = {shelf.active_lot(sku, first_day): supply.opening - rest}
        lots[shelf.older_lot(sku, first_day)] = lots.get(shelf.older_lot(sku, first_day), 0) + rest
        lines += [f"{sku},{lot},{units},{before.isoformat()}" for lot, units in lots.items() if units]
    return "\n".join(lines) + "\n"


def rates_csv(first_day: date) -> str:
    """What the office takes: for years, and for a pallet a little more from the month after the first day on."""
    since = date(first_day.year - 1, 1, 1)
    risen = (first_day.replace(day=1) + timedelta(days=32)).replace(day=1)
    lines = ["rate,amount,effective_from", *(f"{rate},{amount},{since}" for rate, amount in RATES.items())]
    return "\n".join([*lines, f"pallet_day,{PALLET_DAY_RISEN},{risen}"]) + "\n"


def weekly_history_csv(seed: int, first_day: date) -> str:
    """Units shipped in each whole week up to the one of the first day, as the office has them on paper."""
    this_monday = first_day - timedelta(days=first_day.weekday())
    lines = ["start_date,end_date,sku,quantity_shipped"]
    for back in range(WEEKS_BEFORE, -1, -1):
        monday = this_monday - timedelta(weeks=back)
        for sku, supply in SUPPLIES.items():
            rng = random.Random(f"{seed} week {monday} {sku}")  # a text as seed is the same in every process
            season = 0.82 if monday.month in (1, 2, 12) else 1.0
            units = max(0, round(rng.gauss(supply.weekly * season, supply.deviation)))
            lines.append(f"{monday.isoformat()},{(monday + timedelta(days=6)).isoformat()},{sku},{units}")
    return "\n".join(lines) + "\n"


def delivery(seed: int, sku: str, available: int | None, day: date) -> Delivery | None:
    """What comes in of a SKU in the morning of a day with so much available; None: nothing does."""
    supply = SUPPLIES.get(sku)
    if supply is None or available is None or not (supply.comes_any_day or day.weekday() == 0):
        return None
    if available >= supply.weekly * supply.keeps + supply.delivered:
        return None
    times = 2 if available < supply.weekly * supply.keeps // 2 else 1
    number = random.Random(f"{seed} delivery {day} {sku}").randrange(10_000, 99_999)
    return Delivery(sku, shelf.active_lot(sku, day), supply.delivered * times, f"DN {number}")


def found(seed: int, sku: str, lot: str, expected: int, day: date) -> int:
    """How many units a count finds where so many are expected: mostly all, now and then some more or fewer."""
    rng = random.Random(f"{seed} count {day} {sku} {lot}")
    if expected <= 0 or rng.random() < 0.65:
        return max(0, expected)
    return max(0, expected + rng.choice((-6, -3, -2, -1, -1, 1, 2)))
