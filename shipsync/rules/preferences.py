"""Settings that a person changes while the app runs: what each means, what it starts as, and what may stand in it.

Only checked values reach the database, in one spelling, so that whoever reads a setting finds it well formed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shipsync.rules.lateness import CUT_OFF, DAYS, DEFAULT_CUT_OFF, DEFAULT_WORKING_DAYS, WORKING_DAYS, hour, weekdays
from shipsync.rules.ledger import APPROVAL_ABOVE, DEFAULT_APPROVAL_ABOVE
from shipsync.rules.letterhead import DEFAULT_PAPER, FIRM, LONGEST_FIRM, PAPER, paper_called
from shipsync.rules.parties import (
    CLIENT,
    CLIENT_ADDRESS,
    CURRENCY,
    DEFAULT_CURRENCY,
    DEFAULT_PAYMENT_DAYS,
    FIRM_ADDRESS,
    LONGEST_ADDRESS,
    LONGEST_PAYMENT_DAYS,
    PAYMENT_DAYS,
)
from shipsync.rules.routing import ManualRule
from shipsync.rules.shop_text import clean, quoted
from shipsync.rules.weeks import DAYS_OFF, days_off, days_off_text

MANUAL_PREFIX, MANUAL_LOWEST, MANUAL_HIGHEST = "manual_prefix", "manual_lowest", "manual_highest"
ALERT_RECIPIENTS = "alert_recipients"
WEEKLY_REPORT_RECIPIENTS = "weekly_report_recipients"
CHARGE_REPORT_RECIPIENTS = "charge_report_recipients"
REQUESTS_PER_MINUTE = "requests_per_minute"

MOST_REQUESTS = 40  # what ShipStation allows all tools of one key in a minute (API.md)
DEFAULT_REQUESTS = 35  # the rest is left to other tools
MOST_RECIPIENTS = 20
MOST_MINUTES = 720  # between two runs of a workflow
MOST_DAYS_OFF = 366  # more are working days the other way round
MOST_UNITS = 100_000  # that one person may ever change alone
_MOST_DIGITS = 18  # of an order number that is a number

_DIGITS = re.compile(r"[0-9]+")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MAIL = re.compile(r"[^\s@,;<>\"()]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Preference:
    """One setting."""

    name: str  # in the table `settings` and in the audit log
    label: str  # on screen
    default: str  # what holds while nobody has set it
    normal: Callable[[str], str]  # its one spelling; raises ValueError with a sentence


@dataclass(frozen=True, slots=True)
class Checked:
    """What a person typed, checked."""

    values: Mapping[str, str]  # in their one spelling; those with a problem are left out
    problems: Mapping[str, str]  # sentence by name


def check(typed: Mapping[str, str]) -> Checked:
    """Check these settings, each by itself and against each other. Raises KeyError for one that there is not."""
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name, text in typed.items():
        try:
            values[name] = PREFERENCES[name].normal(text)
        except ValueError as error:
            problems[name] = str(error)
    rule = (MANUAL_PREFIX, MANUAL_LOWEST, MANUAL_HIGHEST)
    if all(name in values for name in rule):
        problem = _manual_problem(manual_rule(values))
        if problem:
            problems[MANUAL_HIGHEST] = problem
            values.pop(MANUAL_HIGHEST)
    return Checked(values, problems)


def manual_rule(values: Mapping[str, str]) -> ManualRule:
    """The rule that checked values say; what is missing is as it starts out."""
    lowest, highest = (values.get(name) for name in (MANUAL_LOWEST, MANUAL_HIGHEST))
    return ManualRule(
        prefix=values.get(MANUAL_PREFIX) or ManualRule().prefix,
        lowest=int(lowest) if lowest else None,
        highest=int(highest) if highest else None,
    )


def recipients(text: str | None) -> tuple[str, ...]:
    """The addresses of a checked setting, each once; none where nobody has set it."""
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _prefix(text: str) -> str:
    text = text.strip()
    if not _DIGITS.fullmatch(text) or len(text) > 10:
        raise ValueError(f"{quoted(text)} is not one to ten digits.")
    return text


def _limit(text: str) -> str:
    text = text.strip().replace(",", "")
    if not text:
        return ""
    if not _DIGITS.fullmatch(text) or len(text) > _MOST_DIGITS:
        raise ValueError(f"{quoted(text)} is not a whole number. Leave it empty for no limit.")
    return str(int(text))


def _hour(text: str) -> str:
    return f"{hour(text):%H:%M}"


def _days(text: str) -> str:
    return ",".join(DAYS[day] for day in sorted(weekdays(text)))


def _days_off(text: str) -> str:
    days = days_off(text)
    if len(days) > MOST_DAYS_OFF:
        raise ValueError(f"{len(days)} days off are more than {MOST_DAYS_OFF}. Leave out those that are long past.")
    return days_off_text(days)


def _mails(text: str) -> str:
    addresses = list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text) if part.strip()))
    wrong = [quoted(address) for address in addresses if not _MAIL.fullmatch(address)]
    if wrong:
        what = "is no mail address" if len(wrong) == 1 else "are no mail addresses"
        raise ValueError(f"{', '.join(wrong)} {what}. Separate several by commas.")
    if len(addresses) > MOST_RECIPIENTS:
        raise ValueError(f"{len(addresses)} addresses are more than {MOST_RECIPIENTS}. Use a group's address.")
    return ", ".join(addresses)


def _requests(text: str) -> str:
    text = text.strip()
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= MOST_REQUESTS:
        raise ValueError(f"{quoted(text)} is not a whole number from 1 to {MOST_REQUESTS}.")
    return str(int(text))


def _units(text: str) -> str:
    text = text.strip().replace(",", "")
    if not _DIGITS.fullmatch(text) or len(text) > _MOST_DIGITS or int(text) > MOST_UNITS:
        raise ValueError(f"{quoted(text)} is not a whole number from 0 to {MOST_UNITS:,}.")
    return str(int(text))


def _firm(text: str) -> str:
    name = clean(text)
    if len(name) > LONGEST_FIRM:
        raise ValueError(f"{quoted(name)} has {len(name)} characters; a page's head holds {LONGEST_FIRM}.")
    return name


def _address(text: str) -> str:
    lines = [clean(line) for line in text.strip().splitlines()]
    address = "\n".join(line for line in lines if line)
    if len(address) > LONGEST_ADDRESS:
        raise ValueError(f"{len(address)} characters are more than the {LONGEST_ADDRESS} that an invoice's head holds.")
    return address


def _currency(text: str) -> str:
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"{quoted(text.strip())} is not a currency's three letters, such as USD.")
    return code


def _payment_days(text: str) -> str:
    text = text.strip()
    if not _DIGITS.fullmatch(text) or len(text) > _MOST_DIGITS or int(text) > LONGEST_PAYMENT_DAYS:
        raise ValueError(f"{quoted(text)} is not a whole number from 0 to {LONGEST_PAYMENT_DAYS}.")
    return str(int(text))


def _manual_problem(rule: ManualRule) -> str:
    if rule.lowest is not None and rule.highest is not None and rule.lowest > rule.highest:
        return f"The highest number, {rule.highest}, is below the lowest, {rule.lowest}."
    if not _some_number_fits(rule):
        return f"No number in that range begins with {rule.prefix}, so no order would be a manual one."
    return ""


def _some_number_fits(rule: ManualRule) -> bool:
    """Whether any number of ordinary length begins with the prefix and lies in the range."""
    if rule.prefix.startswith("0"):
        return True  # leading zeros count for the prefix and not for the value: any value can be written so
    lowest = rule.lowest or 0
    highest = rule.highest if rule.highest is not None else 10**_MOST_DIGITS
    tails = range(_MOST_DIGITS - len(rule.prefix) + 1)
    first = int(rule.prefix)
    return any(first * 10**tail <= highest and (first + 1) * 10**tail > lowest for tail in tails)


PREFERENCES: Mapping[str, Preference] = {
    one.name: one
    for one in (
        Preference(MANUAL_PREFIX, "Manual orders begin with", ManualRule().prefix, _prefix),
        Preference(MANUAL_LOWEST, "Lowest manual number", "", _limit),
        Preference(MANUAL_HIGHEST, "Highest manual number", "", _limit),
        Preference(CUT_OFF, "Cut-off", DEFAULT_CUT_OFF, _hour),
        Preference(WORKING_DAYS, "Working days", DEFAULT_WORKING_DAYS, _days),
        Preference(DAYS_OFF, "Days off", "", _days_off),
        Preference(ALERT_RECIPIENTS, "Alerts go to", "", _mails),
        Preference(WEEKLY_REPORT_RECIPIENTS, "Weekly report goes to", "", _mails),
        Preference(
            APPROVAL_ABOVE,
            "Stock changes above so many units need a second person",
            str(DEFAULT_APPROVAL_ABOVE),
            _units,
        ),
        Preference(FIRM, "Name of the warehouse firm on documents", "", _firm),
        Preference(PAPER, "Paper", DEFAULT_PAPER, paper_called),
        Preference(CHARGE_REPORT_RECIPIENTS, "Invoice goes to", "", _mails),
        Preference(FIRM_ADDRESS, "Address of the warehouse firm", "", _address),
        Preference(CLIENT, "Who pays", "", _firm),
        Preference(CLIENT_ADDRESS, "Address of who pays", "", _address),
        Preference(CURRENCY, "Currency", DEFAULT_CURRENCY, _currency),
        Preference(PAYMENT_DAYS, "Days to pay", str(DEFAULT_PAYMENT_DAYS), _payment_days),
        Preference(REQUESTS_PER_MINUTE, "Requests a minute", str(DEFAULT_REQUESTS), _requests),
    )
}
