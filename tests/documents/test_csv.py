"""CSV files: what goes in comes out, and no spreadsheet runs or spoils it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shipsync.documents.csv import csv_bytes

PACIFIC = ZoneInfo("America/Los_Angeles")
STARTS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # OWASP, "CSV Injection"


def cells(file: bytes) -> list[list[str]]:
    """What a reader of the file finds in it."""
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def only_cell(value: object) -> str:
    """One value, written and read again."""
    rows = cells(csv_bytes(["x", "y"], [["", value]], zone=PACIFIC))
    assert len(rows) == 2
    assert len(rows[1]) == 2
    return rows[1][1]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_texts_come_out_as_they_went_in_but_for_one_apostrophe(rows: list[list[str]]) -> None:
    out = cells(csv_bytes(["one", "two"], rows, zone=PACIFIC))[1:]

    assert len(out) == len(rows)
    for row, read in zip(rows, out, strict=True):
        for value, cell in zip(row, read, strict=True):
            assert cell in (value, f"'{value}")


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n ＝＋－＠'\",;1aé")))
@example("=HYPERLINK(0)")
@example("  =1+1")
@example("\t=1")
@example('"=1')
def test_no_text_begins_like_a_formula(text: str) -> None:
    cell = only_cell(text)

    assert not cell.startswith(STARTS_A_FORMULA)
    assert not cell.strip().startswith(STARTS_A_FORMULA)


@pytest.mark.parametrize("heading", ["=1", "@x"])
def test_a_heading_is_no_formula_either(heading: str) -> None:
    assert cells(csv_bytes([heading], [], zone=PACIFIC)) == [[f"'{heading}"]]


@pytest.mark.parametrize("text", ["9400111899223197428497", "000123", "02139", "123456789012", "12E3"])
def test_digits_that_a_spreadsheet_would_lose_stay_text(text: str) -> None:
    assert only_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["700125", "1Z999AA10123456784", "17612 - 250237", "0", "Anna O'Hara", "12345678901"])
def test_texts_that_are_safe_stay_as_they_are(text: str) -> None:
    assert only_cell(text) == text


@given(st.integers())
def test_whole_numbers_stay_numbers(number: int) -> None:
    assert only_cell(number) == str(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_money_keeps_its_cents_and_has_no_exponent(amount: Decimal) -> None:
    cell = only_cell(amount)

    assert Decimal(cell) == amount
    assert "E" not in cell.upper()


@given(st.integers(min_value=0, max_value=100 * 365 * 86_400))
def test_an_instant_is_written_in_the_zone_with_its_offset(seconds: int) -> None:
    instant = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    cell = only_cell(instant)

    assert datetime.fromisoformat(cell) == instant
    assert cell[-6:] in ("-08:00", "-07:00")


def test_each_kind_of_value_has_its_form() -> None:
    summer = datetime(2026, 9, 16, 20, 0, tzinfo=UTC)
    row = [date(2026, 11, 21), summer, None, True, False]

    out = csv_bytes(["on", "at", "none", "yes", "no"], [row], zone=PACIFIC)

    assert cells(out)[1] == ["2026-11-21", "2026-09-16T13:00:00-07:00", "", "yes", "no"]


def test_excel_is_told_that_the_file_is_utf8() -> None:
    assert csv_bytes(["Name"], [["Zoë"]], zone=PACIFIC) == "\ufeffName\r\nZoë\r\n".encode()


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        only_cell(datetime(2026, 9, 16, 20, 0))  # noqa: DTZ001 - the point


def test_a_float_is_refused_because_money_must_not_be_one() -> None:
    with pytest.raises(TypeError, match="float"):
        only_cell(1.1)


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values for 1"):
        csv_bytes(["x"], [["a", "b"]], zone=PACIFIC)
