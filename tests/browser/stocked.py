"""A year behind a served warehouse: stock, weekly units and lead times by file, as a person loads them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

from shipsync.rules.weeks import week_of
from tests.browser.serving import Warehouse

WEEKS = 55
# Mean and standard deviation of weekly units (facts of the trade), and the stock of yesterday evening.
SHELF = {"17612": (491, 151, 1204), "17914": (28, 14, 212), "17904": (13, 7.5, 36), "18675": (3.6, 4.9, 88)}
LOT = "250237"


def stock_up(warehouse: Warehouse, folder: Path, today: date) -> None:
    """Load all of it. Of 18795 nobody says anything."""
    monday, chance = week_of(today), random.Random(7)
    weeks = ["start_date,end_date,sku,quantity_shipped"]
    for back in range(WEEKS, 0, -1):
        start = monday - timedelta(weeks=back)
        for sku, (mean, deviation, _) in SHELF.items():
            weeks.append(f"{start},{start + timedelta(days=6)},{sku},{max(0, round(chance.gauss(mean, deviation)))}")
    stock = ["sku,lot,quantity,as_of"]
    for sku, (_, _, units) in SHELF.items():
        stock += [f"{sku},{LOT},{units - 12},{today - timedelta(days=1)}", f"{sku},,12,{today - timedelta(days=1)}"]
    products = ["sku,name,is_key,units_per_pallet,lead_time_days,reorder_point"]
    products += [f'{sku},"Rinse {sku}, case",yes,48,14,' for sku in SHELF]
    for what, lines in (("products", products), ("opening-stock", stock), ("weekly-history", weeks)):
        file = folder / f"{what}.csv"
        file.write_text("\n".join(lines) + "\n")
        job = warehouse.run("load", what=what, path=str(file))
        assert job["status"] == "succeeded", job["error"]
