"""The month's charge report as figures: what the screen, the invoice, the workbook, the CSV and the mail all show.

It is frozen with its closing (DESIGN D16): `as_json` is what is kept and hashed, `from_json` reads it again. Money is
Decimal and stands in the text as it is read, '1284.50'.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from shipsync.rules.charges import CARRIER_COST, EXTRA, NOTHING, SERVICE_FEES, Difference, Key, Line, Rate, total
from shipsync.rules.months import month_name, month_words
from shipsync.rules.restatement import RestatedLine, Restatement


@dataclass(frozen=True, slots=True)
class Parties:
    """Who bills whom, and how it is to be paid, as people have set it."""

    firm: str  # who bills; '' where nobody has said it
    firm_address: str  # lines
    client: str  # who pays
    client_address: str
    currency: str  # 'USD'
    payment_days: int


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What left on a day, in the four ways that differ for split orders."""

    day: date
    orders: int  # whose first parcel left that day
    shipments: int  # labels that went out and stand
    packages: int  # parcels that left, with those marked as shipped elsewhere
    units: int  # of key products
    voided: int  # labels of that day that were voided
    returns: int  # return labels of that day that stand


@dataclass(frozen=True, slots=True)
class StockOfMonth:
    """How one product's stock went through the month, and what its storage was."""

    sku: str
    name: str
    pallet_size: int | None
    opening: int  # at the end of the day before: computed, never typed
    received: int
    shipped: int
    voided: int
    adjusted: int
    repacked: int
    counted: int  # what counts added or took
    closing: int
    pallet_days: int


@dataclass(frozen=True, slots=True)
class UnusedLabel:
    """A label that was bought, stands, and seems to have gone nowhere."""

    shipment_id: int
    order_number: str | None
    day: date
    cost: Decimal
    age_days: int  # at the time of the report
    why: str  # a sentence


@dataclass(frozen=True)
class ChargeReport:
    """One version of a month's charges."""

    month: date  # its first day
    month_end: date
    billed_through: date  # the last day in it
    version: int
    zone: str  # of all dates and times in it
    made_at: datetime
    as_of: datetime  # the instant up to which things are known
    issued_on: date
    due_on: date
    replaces: int | None  # the version that this one takes the place of
    parties: Parties
    stated: tuple[str, ...]  # sentences about what is unusual
    warnings: tuple[str, ...]  # of the self-check ...
    reason: str  # ... and why it was issued all the same
    reviewed_by: str  # who pressed
    rates: tuple[Rate, ...]  # the rows of the card that it used
    lines: tuple[Line, ...]
    days: tuple[DayCounts, ...]
    stock: tuple[StockOfMonth, ...]
    restatements: tuple[Restatement, ...]  # of months billed before
    unused: tuple[UnusedLabel, ...]
    labels_digest: str  # over the labels that it rests on

    @property
    def name(self) -> str:
        """'2026-11'."""
        return month_name(self.month)

    @property
    def number(self) -> str:
        """The invoice's number: '2026-11-v1'."""
        return f"{self.name}-v{self.version}"

    @property
    def is_complete(self) -> bool:
        """Whether the whole month is billed."""
        return self.billed_through == self.month_end

    @property
    def carrier_cost(self) -> Decimal:
        """What labels cost, voids taken back, with the markup."""
        return total(one for one in self.lines if one.charge in CARRIER_COST)

    @property
    def service_fees(self) -> Decimal:
        """What the warehouse takes by its rate card."""
        return total(one for one in self.lines if one.charge in SERVICE_FEES)

    @property
    def extras(self) -> Decimal:
        """What people have added."""
        return total(one for one in self.lines if one.charge == EXTRA)

    @property
    def restated(self) -> Decimal:
        """What is billed besides, or given back, for months before."""
        return sum((one.amount for one in self.restatements), NOTHING)

    @property
    def charges(self) -> Decimal:
        """The month's own lines."""
        return total(self.lines)

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.charges + self.restated

    @property
    def subject(self) -> str:
        """What the mail is headed with: 'November 2026: 4,812.20 USD, 612 orders'."""
        orders = sum(one.orders for one in self.days)
        what = f"{self.total:,.2f} {self.parties.currency}, {orders:,} {'order' if orders == 1 else 'orders'}"
        return f"{month_words(self.month)}: {what}" + ("" if self.is_complete else " so far")

    def as_json(self) -> str:
        """The report as text, always the same for the same figures."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=_text, separators=(",", ":"))

    @property
    def content_hash(self) -> str:
        """Of its text: two reports with the same hash say the same."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `as_json` wrote."""
        data = json.loads(text)
        for name in ("month", "month_end", "billed_through", "issued_on", "due_on"):
            data[name] = date.fromisoformat(data[name])
        for name in ("made_at", "as_of"):
            data[name] = datetime.fromisoformat(data[name])
        return cls(
            **{
                **data,
                "parties": Parties(**data["parties"]),
                "stated": tuple(data["stated"]),
                "warnings": tuple(data["warnings"]),
                "rates": tuple(
                    Rate(one["rate"], Decimal(one["amount"]), date.fromisoformat(one["effective_from"]))
                    for one in data["rates"]
                ),
                "lines": tuple(_line(one) for one in data["lines"]),
                "days": tuple(DayCounts(**{**one, "day": date.fromisoformat(one["day"])}) for one in data["days"]),
                "stock": tuple(StockOfMonth(**one) for one in data["stock"]),
                "restatements": tuple(_restatement(one) for one in data["restatements"]),
                "unused": tuple(
                    UnusedLabel(**{**one, "day": date.fromisoformat(one["day"]), "cost": Decimal(one["cost"])})
                    for one in data["unused"]
                ),
            }
        )


def _line(data: Mapping[str, Any]) -> Line:
    rate = data["rate"]
    return Line(
        **{
            **data,
            "day": date.fromisoformat(data["day"]),
            "amount": Decimal(data["amount"]),
            "rate": None if rate is None else Decimal(rate),
        }
    )


def _restatement(data: Mapping[str, Any]) -> Restatement:
    lines: Sequence[Mapping[str, Any]] = data["lines"]
    return Restatement(
        date.fromisoformat(data["month"]),
        data["billed_by"],
        Decimal(data["billed"]),
        Decimal(data["now"]),
        tuple(RestatedLine(_difference(one["difference"]), tuple(one["causes"])) for one in lines),
    )


def _difference(data: Mapping[str, Any]) -> Difference:
    key = Key(**{**data["key"], "day": date.fromisoformat(data["key"]["day"])})
    return Difference(key, data["billed_quantity"], Decimal(data["billed"]), data["now_quantity"], Decimal(data["now"]))


def _text(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a report.")
