"""Real weekly units, from a file through the load to the averages, held against a second method: pandas on raw rows.

The series is also moved by whole weeks, so that its turn of the year is one with a week 53.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shipsync.rules.weeks import week_ends, week_name
from shipsync.store import weekly_history
from tests.house import House, a_house

SAMPLE = Path(__file__).parent.parent / "samples" / "online_retail_weekly_units_12_skus.csv"
WEEK = timedelta(weeks=1)
FIRST = date(2010, 11, 29)  # of the sample; it begins on that week's Wednesday, and ends on a Friday
GIANT = "23843"  # one order of 80,995 units, cancelled minutes later


def the_sample(moved: timedelta = timedelta()) -> pd.DataFrame:
    """The raw rows, with the SKU that each stock code is mapped to and what was shipped, all weeks moved alike."""
    rows = pd.read_csv(SAMPLE, dtype={"sku": str})
    codes = sorted(rows["sku"].unique())
    rows["code"], rows["sku"] = rows["sku"], rows["sku"].map({code: f"4{n:04d}" for n, code in enumerate(codes)})
    rows["monday"] = [date.fromisoformat(day) + moved for day in rows["week_start"]]
    rows["shipped"] = (rows["units_sold"] - rows["units_cancelled"]).clip(lower=0)
    return rows


def whole_weeks(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the first and the last week, which are parts."""
    return rows[(rows["monday"] > rows["monday"].min()) & (rows["monday"] < rows["monday"].max())]


@contextmanager
def a_house_that_loads(folder: Path, rows: pd.DataFrame, now: datetime) -> Iterator[House]:
    """A house without a sync whose products and weeks were loaded from files."""
    products, weeks = folder / "products.csv", folder / "weeks.csv"
    named = rows.drop_duplicates("sku")
    lines = [f'{sku},"{name}",yes,,14,\n' for sku, name in zip(named["sku"], named["description"], strict=True)]
    products.write_text("sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n" + "".join(lines))
    lines = [
        f"{monday},{week_ends(monday)},{sku},{units}\n"
        for monday, sku, units in zip(rows["monday"], rows["sku"], rows["shipped"], strict=True)
    ]
    weeks.write_text("start_date,end_date,sku,quantity_shipped\n" + "".join(lines))
    with a_house(folder, start=now) as house:
        for what, path in (("products", products), ("weekly-history", weeks)):
            job = house.job("load", {"what": what, "path": str(path), "by": "Kim"})
            assert job.status == "succeeded", job.error
        yield house


def told(house: House) -> dict[str, dict[str, Any]]:
    rows = house.rows(
        """
        SELECT sku, weeks_counted, weekly_average, weekly_average_13, weekly_average_4, weekly_deviation, reorder_point
        FROM inventory_current
        WHERE sku LIKE '4%'
        """
    )
    names = ("weeks", "average", "average 13", "average 4", "deviation", "reorder point")
    return {sku: dict(zip(names, figures, strict=True)) for sku, *figures in rows}


def by_pandas(rows: pd.DataFrame, last: date) -> dict[str, dict[str, Any]]:
    """The same from the raw rows: the 52 calendar weeks up to `last`, of each SKU from its first sale on."""
    table = rows.pivot_table(index="monday", columns="sku", values="shipped", aggfunc="sum")
    window = table[(table.index > last - 52 * WEEK) & (table.index <= last)]
    found: dict[str, dict[str, Any]] = {}
    for sku in table.columns:
        sold = table.index[table[sku] > 0]
        series = window[sku][window.index >= sold.min()] if len(sold) else window[sku][:0]
        average, deviation = series.mean(), series.std()
        found[sku] = {
            "weeks": len(series),
            "average": average,
            "average 13": series.tail(13).mean(),
            "average 4": series.tail(4).mean(),
            "deviation": deviation,
            "reorder point": average * 2 + 1.65 * deviation * 2**0.5,  # two weeks' lead time
        }
    return found


@pytest.mark.parametrize(
    ("moved_to", "has_week_53"),
    [
        (FIRST, False),  # as it was: the turn of the year in the shutdown week 2010-W52
        (date(2020, 6, 1), True),  # over 2020-W53
        (date(2026, 1, 5), True),  # over 2026-W53, whose Sunday is 2027-01-03
    ],
)
def test_averages_of_real_weeks_are_those_of_a_second_method(tmp_path: Path, moved_to: date, has_week_53: bool) -> None:
    rows = whole_weeks(the_sample(moved_to - FIRST))
    assert rows["monday"].nunique() == 52
    assert any(week_name(monday).endswith("W53") for monday in rows["monday"]) is has_week_53
    last: date = rows["monday"].max()
    on_monday = datetime.combine(last + WEEK, datetime.min.time(), tzinfo=UTC) + timedelta(hours=20)
    with a_house_that_loads(tmp_path, rows, on_monday) as house:
        found, expected = told(house), by_pandas(rows, last)
        assert found.keys() == expected.keys()
        fewest = 0
        for sku, figures in expected.items():
            if figures["weeks"] < 4:
                fewest += 1
                assert found[sku] == {"weeks": figures["weeks"]} | dict.fromkeys(list(figures)[1:])
                continue
            point, wanted = found[sku].pop("reorder point"), figures.pop("reorder point")
            assert found[sku] == pytest.approx(figures, abs=1e-9)
            assert wanted <= point < wanted + 1
        assert fewest == 1  # the one that was only ever sold and cancelled


def test_one_giant_cancelled_order_is_no_demand(tmp_path: Path) -> None:
    rows = the_sample()  # its week is the last one, here taken for whole
    giant = rows[rows["code"] == GIANT]["sku"].iloc[0]
    with a_house_that_loads(tmp_path, rows, datetime(2011, 12, 12, 20, 0, tzinfo=UTC)) as house:
        units = weekly_history.units_by_week(house.app.db.read(), FIRST, date(2011, 12, 5))
        assert set(units[giant].values()) == {0}
        assert told(house)[giant]["average"] is None


def test_the_week_that_was_all_zeros_counts_as_a_week(tmp_path: Path) -> None:
    rows = whole_weeks(the_sample())
    shutdown = rows[rows["monday"] == date(2010, 12, 27)]
    assert shutdown["shipped"].sum() == 0
    with a_house_that_loads(tmp_path, rows, datetime(2011, 12, 5, 20, 0, tzinfo=UTC)) as house:
        fast = rows[rows["code"] == "22423"]["sku"].iloc[0]
        total = int(rows[rows["sku"] == fast]["shipped"].sum())
        assert told(house)[fast]["average"] == pytest.approx(total / 52)
