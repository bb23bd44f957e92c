"""Settings that a person types: one spelling each, or a sentence that says what is wrong."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from shipsync.rules.lateness import cut_off
from shipsync.rules.letterhead import Letterhead, letterhead
from shipsync.rules.preferences import PREFERENCES, check, manual_rule, recipients


def problem(**typed: str) -> str:
    (sentence,) = check(typed).problems.values()
    return sentence


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("manual_prefix", " 10 ", "10"),
        ("manual_lowest", "100,000", "100000"),
        ("manual_lowest", "", ""),
        ("manual_highest", "0199999", "199999"),
        ("cut_off", "9:05", "09:05"),
        ("cut_off", "00:00", "00:00"),
        ("working_days", "fri, mon,Fri", "Mon,Fri"),
        ("alert_recipients", "a@example.com;b@mail.example.org\na@example.com", "a@example.com, b@mail.example.org"),
        ("alert_recipients", " ", ""),
        ("weekly_report_recipients", "b@example.com, a@example.com", "b@example.com, a@example.com"),
        ("days_off", "2026-12-25,2026-11-26\n2026-12-25", "2026-11-26, 2026-12-25"),
        ("days_off", " ", ""),
        ("approval_above", " 1,000 ", "1000"),
        ("approval_above", "0", "0"),
        ("firm", " Harbor\tFulfillment\n", "Harbor Fulfillment"),
        ("firm", "F" * 80, "F" * 80),
        ("firm", "", ""),
        ("paper", "A4", "a4"),
        ("paper", "us-letter", "us-letter"),
        ("requests_per_minute", "040", "40"),
    ],
)
def test_a_value_has_one_spelling_and_keeps_it(name: str, typed: str, kept: str) -> None:
    assert check({name: typed}).values == {name: kept}
    assert check({name: kept}).values == {name: kept}


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("manual_prefix", "", "'' is not one to ten digits."),
        ("manual_prefix", "10x", "'10x' is not one to ten digits."),
        ("manual_prefix", "\u0661\u0660", "is not one to ten digits."),
        ("manual_lowest", "-1", "'-1' is not a whole number. Leave it empty for no limit."),
        ("manual_highest", "1e6", "is not a whole number"),
        ("cut_off", "25:00", "The cut-off '25:00' is no hour of the day. Write it like 13:00."),
        ("cut_off", "1 pm", "is no hour of the day"),
        ("working_days", "", "are not a list of weekdays"),
        ("working_days", "Mon,Funday", "are not a list of weekdays"),
        ("alert_recipients", "kim", "'kim' is no mail address. Separate several by commas."),
        ("alert_recipients", "kim@example.com, lee@, @x.org", "'lee@', '@x.org' are no mail addresses."),
        ("alert_recipients", "kim@example.com <x@example.com>", "is no mail address"),
        ("weekly_report_recipients", "lee", "'lee' is no mail address."),
        ("days_off", "Christmas", "The day off 'Christmas' is no date. Write days off like 2026-11-26, 2026-12-25."),
        ("days_off", "2026-02-29", "The day off '2026-02-29' is no date."),
        ("days_off", ",".join(f"{year}-12-25" for year in range(1600, 1967)), "367 days off are more than 366."),
        ("approval_above", "100001", "'100001' is not a whole number from 0 to 100,000."),
        ("approval_above", "-4", "'-4' is not a whole number"),
        ("approval_above", "4.5", "'4.5' is not a whole number"),
        ("approval_above", "", "'' is not a whole number"),
        ("approval_above", "9" * 5000, "is not a whole number"),
        ("firm", "F" * 81, "has 81 characters; a page's head holds 80."),
        ("paper", "papyrus", "There is no paper 'papyrus' here. Choose one of: us-letter, a4."),
        ("paper", "", "There is no paper '' here."),
        ("requests_per_minute", "41", "'41' is not a whole number from 1 to 40."),
        ("requests_per_minute", "0", "is not a whole number from 1 to 40."),
        ("requests_per_minute", "many", "is not a whole number from 1 to 40."),
    ],
)
def test_what_cannot_be_used_is_said_and_not_kept(name: str, typed: str, sentence: str) -> None:
    assert sentence in problem(**{name: typed})
    assert check({name: typed}).values == {}


def test_every_problem_is_told_by_the_name_of_its_field() -> None:
    checked = check({"cut_off": "noon", "alert_recipients": "kim", "requests_per_minute": "20"})
    assert set(checked.problems) == {"cut_off", "alert_recipients"}
    assert checked.values == {"requests_per_minute": "20"}


def test_a_manual_range_that_holds_no_number_is_refused() -> None:
    rule = {"manual_prefix": "10", "manual_lowest": "200000", "manual_highest": "100000"}
    assert problem(**rule) == "The highest number, 100000, is below the lowest, 200000."
    rule["manual_highest"] = "300000"
    assert "No number in that range begins with 10" in problem(**rule)
    for fits in ("1099999", "100000000"):
        assert check(rule | {"manual_highest": fits}).problems == {}
    assert check(rule | {"manual_prefix": "20"}).problems == {}
    assert check({"manual_prefix": "10", "manual_lowest": "110000", "manual_highest": ""}).problems == {}


def test_the_rule_of_checked_values_is_the_one_that_routes_orders() -> None:
    assert manual_rule({}).fits("100123")
    assert not manual_rule({}).fits("700015")
    rule = manual_rule({"manual_prefix": "7", "manual_lowest": "700000", "manual_highest": ""})
    assert rule.fits("700015")
    assert not rule.fits("7001")


def test_what_nobody_has_set_is_well_formed_too() -> None:
    defaults = {name: one.default for name, one in PREFERENCES.items()}
    assert check(defaults).values == defaults
    assert check(defaults).problems == {}


def test_recipients_are_read_back() -> None:
    assert recipients(check({"alert_recipients": "b@example.com,a@example.com"}).values["alert_recipients"]) == (
        "b@example.com",
        "a@example.com",
    )
    assert recipients("a@example.com,b@example.com, a@example.com") == ("a@example.com", "b@example.com")
    assert recipients(None) == ()
    assert recipients("") == ()


@pytest.mark.parametrize("days", ["Sun", "Sat,Mon"])
def test_kept_hours_and_days_are_read_by_who_uses_them(days: str) -> None:
    values = check({"cut_off": "7:30", "working_days": days, "days_off": "2026-12-25"}).values
    by = cut_off(values["cut_off"], values["working_days"], ZoneInfo("UTC"), values["days_off"])
    assert by.words == "07:30"
    assert by.calendar.days_off == {date(2026, 12, 25)}


def test_the_kept_firm_and_paper_are_read_by_documents() -> None:
    values = check({"firm": "Harbor Fulfillment", "paper": "a4"}).values
    assert letterhead(values["firm"], values["paper"]) == Letterhead("Harbor Fulfillment", "a4")
    assert letterhead("", None) == Letterhead(None, "us-letter")
    with pytest.raises(ValueError, match="There is no paper 'papyrus' here"):
        letterhead(None, "papyrus")
