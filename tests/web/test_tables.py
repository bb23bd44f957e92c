"""Tables on pages, through Streamlit's own test runner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from shipsync.web import tables
from shipsync.web.tables import Column, csv_of, file_name
from tests.house import House
from tests.site import a_site


@dataclass(frozen=True)
class Parcel:
    """A row as a store function gives it."""

    number: str
    units: int | None
    cost: Decimal | None
    seen_at: datetime | None
    ship_date: date | None
    state: str | None
    average: float | None
    weeks: tuple[int, ...] | None


COLUMNS = [
    Column("number", "Order"),
    Column("units", "Units", "number"),
    Column("cost", "Cost, USD", "money"),
    Column("seen_at", "Seen", "instant"),
    Column("ship_date", "Shipped on", "date"),
    Column("state", "State", "state"),
    Column("average", "Average", "decimal"),
    Column("weeks", "Weeks", "bars"),
]
NOON = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
FULL = Parcel("=1+1", 1284, Decimal("12.50"), NOON, date(2026, 9, 16), "awaiting_shipment", 491.26921, (3, 0, 12))
BARE = Parcel("700126", None, None, None, None, None, None, None)


def page(rows: list[Parcel], *, opens: bool = False) -> AppTest:
    """A page with one table on it."""

    def script(rows, columns, opens):  # type: ignore[no-untyped-def] - its text runs by itself, without our imports
        from shipsync.web.tables import table

        table(rows, columns, key="some_table", file="parcels", empty="No parcel yet.", opens=opens)

    test = AppTest.from_function(script, args=(rows, COLUMNS, opens), default_timeout=30).run()
    assert not test.exception, [one.value for one in test.exception]
    return test


@pytest.mark.parametrize("rows", [[FULL, BARE], [BARE], [FULL]])
@pytest.mark.parametrize("opens", [True, False])
def test_a_table_shows_every_kind_of_value_and_its_absence(house: House, rows: list[Parcel], opens: bool) -> None:
    with a_site(house):
        test = page(rows, opens=opens)

    shown = test.dataframe[0].value
    assert list(shown.columns) == [column.field for column in COLUMNS]
    assert len(shown) == len(rows)
    assert [one.label for one in test.get("download_button")] == ["CSV"]


def test_money_reaches_the_browser_without_a_float(house: House) -> None:
    with a_site(house):
        shown = page([FULL]).dataframe[0].value

    assert shown["cost"][0] == Decimal("12.50")


def test_a_state_has_a_sign_and_a_word(house: House) -> None:
    with a_site(house):
        shown = page([FULL]).dataframe[0].value

    assert list(shown["state"][0]) == ["► awaiting shipment"]


def test_without_rows_there_is_a_sentence_and_nothing_to_download(house: House) -> None:
    with a_site(house):
        test = page([])

    assert [one.value for one in test.caption] == ["No parcel yet."]
    assert not test.dataframe
    assert not test.get("download_button")


def test_the_csv_has_the_labels_and_is_safe(house: House) -> None:
    with a_site(house):
        text = csv_of([FULL, BARE], COLUMNS).decode("utf-8-sig")

    assert text.splitlines() == [
        'Order,Units,"Cost, USD",Seen,Shipped on,State,Average,Weeks',
        "'=1+1,1284,12.50,2026-09-16T13:00:00-07:00,2026-09-16,awaiting shipment,491.2692,3 0 12",
        "700126,,,,,,,",
    ]


def test_the_file_is_named_by_the_business_date(house: House) -> None:
    house.wait(60 * 8)  # 21:00 in the warehouse, tomorrow already in UTC

    with a_site(house):
        assert file_name("orders") == "shipsync-orders-2026-09-16.csv"


@dataclass
class Press:
    """What Streamlit tells of a press on a button in a grid."""

    row: int
    label: str


@pytest.mark.parametrize(
    ("press", "labels", "opened"),
    [
        (None, ["a", "b"], None),
        (Press(1, "b"), ["a", "b"], 1),
        (Press(1, "b"), ["new", "a", "b"], 2),  # rows came in between the drawing and the press
        (Press(1, "b"), ["a"], None),  # the row is gone
        (Press(0, "b"), ["a", "b", "b"], None),  # which of the two is meant cannot be told
        (Press(1, "b"), ["b", "b"], 1),
    ],
)
def test_a_press_opens_the_row_that_was_pressed(press: Press | None, labels: list[str], opened: int | None) -> None:
    assert tables._opened(press, labels) == opened
