"""What a month's charges say, as they are read: once, for the invoice, the workbook, the mail and the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from shipsync.documents import words
from shipsync.rules.charge_report import ChargeReport, Parties
from shipsync.rules.charge_sums import ChargeSum, Span, charge_sums
from shipsync.rules.charges import (
    CARRIER_COST,
    EXTRA,
    SERVICE_FEES,
    Charge,
    Key,
    Rate,
    RateCard,
    RateName,
)
from shipsync.rules.months import month_words
from shipsync.rules.restatement import Restatement, by_charge

TITLE = "Invoice"
NOT_OVER = "The month is not over: billed are its days so far."

CHARGE_NAMES: Mapping[Charge, str] = {
    "postage": "Postage",
    "insurance": "Insurance",
    "return": "Return labels",
    "void": "Voids taken back",
    "markup": "Markup",
    "order": "Orders",
    "unit": "Units",
    "pallet_day": "Pallet-days",
    "receipt": "Receipts",
    "minimum": "Top-up to the minimum",
    "extra": "Added line",
}

# What a quantity counts, or an amount is of.
CHARGE_NOTES: Mapping[Charge, str] = {
    "postage": "labels by ship date, those voided later too",
    "insurance": "of these labels",
    "return": "with their insurance",
    "void": "voided labels of these days, with their insurance",
    "markup": "on each day's carrier cost, voids taken back",
    "order": "each once, on the day its first parcel left",
    "unit": "of key products, on the day their parcel left",
    "pallet_day": "pallets at the end of each day, weekends too; begun ones count",
    "receipt": "deliveries, on the day they came",
    "minimum": "what the month's fees lack to it",
    "extra": "",
}

# What is counted; where nothing is said to be, a quantity says nothing.
_COUNTED: Mapping[Charge, str] = {
    "postage": "label",
    "return": "label",
    "void": "label",
    "order": "order",
    "unit": "unit",
    "pallet_day": "pallet",
    "receipt": "receipt",
}

# Amounts of a day, beside its counts of the same names.
DAY_NAMES: Mapping[Charge, str] = {
    "order": "Order fees",
    "unit": "Unit fees",
    "pallet_day": "Pallet-day fees",
    "receipt": "Receipt fees",
    "minimum": "Top-up to the minimum",
    "extra": "Added lines",
}
_ALWAYS: tuple[Charge, ...] = ("order", "unit", "pallet_day")

CARRIER_COST_NAME, SERVICE_FEES_NAME, ADDED_NAME, EARLIER_NAME = (
    "Carrier cost",
    "Service fees",
    "Added lines",
    "Earlier months",
)

RATE_NAMES: Mapping[RateName, str] = {
    "order": "Order",
    "unit": "Unit",
    "pallet_day": "Pallet and day",
    "receipt": "Receipt",
    "minimum": "Minimum",
    "markup": "Markup",
}
RATE_NOTES: Mapping[RateName, str] = {
    "order": "for each order",
    "unit": "for each unit",
    "pallet_day": "for each pallet and day",
    "receipt": "for each delivery",
    "minimum": "service fees of a whole month come to at least so much",
    "markup": "on carrier cost",
}

# How the four counts differ, side by side.
ORDERS_ARE = "each once, on the day its first parcel left"
SHIPMENTS_ARE = "labels that went out and were not voided"
PACKAGES_ARE = "parcels that left, those marked as shipped elsewhere too"
UNITS_ARE = "of key products, on the day their parcel left"
WHY_THEY_DIFFER = (
    "An order that leaves in two parcels is one order, two shipments and two packages; on two days, it counts as an "
    "order on the first. A parcel marked as shipped elsewhere is a package without a shipment, and has no carrier cost."
)

UNUSED_LABELS = (
    "They are in the carrier cost. One that went nowhere can be voided in ShipStation while its carrier allows it; "
    "what that takes back is given back with a later month."
)
RESTATED_RULE = (
    "An invoice stays as it was issued. What changed of its month since is billed here, or given back, line by line."
)

NO_CARRIER_COST = "No label has a ship date in these days."
NO_SERVICE_FEES = "No order left, no delivery came, no pallet stood here."

NO_FIRM = "Nobody has set who bills (Settings)."
NO_FIRM_ADDRESS = "Nobody has set its address (Settings)."
NO_CLIENT = "Nobody has set who pays (Settings)."
NO_CLIENT_ADDRESS = "Nobody has set their address (Settings)."

# Words of carriers' and services' codes that are not written like others.
_SPELLED = {
    "fedex": "FedEx", "ups": "UPS", "usps": "USPS", "dhl": "DHL", "ontrac": "OnTrac", "2day": "2Day", "apc": "APC",
    "am": "AM", "po": "PO",
}  # fmt: skip
_CARRIERS = {"stamps_com": "Stamps.com", "amazon_buy_shipping": "Amazon"}


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line of the summary, as it is read."""

    name: str
    note: str
    quantity: str  # '' where it says nothing
    rate: str  # '' where each has an amount of its own
    amount: Decimal

    @property
    def text(self) -> str:
        """Its amount, as it is read."""
        return words.money(self.amount)

    @property
    def basis(self) -> str:
        """'271 × 2.75', '2.5 %', or nothing."""
        return " × ".join(text for text in (self.quantity, self.rate) if text)


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One kind of charges with its lines and their sum."""

    name: str
    lines: tuple[SummaryLine, ...]
    nothing: str  # a sentence where there are no lines
    amount: Decimal

    @property
    def text(self) -> str:
        """Its sum, as it is read."""
        return words.money(self.amount)


@dataclass(frozen=True, slots=True)
class Count:
    """One of the counts that stand side by side."""

    name: str
    amount: int
    beside: str  # what it counts

    @property
    def text(self) -> str:
        """As it is read."""
        return words.number(self.amount)


# The head


def period(made: ChargeReport) -> str:
    """'November 2026 · Sun 1 Nov – Mon 30 Nov 2026', with 'so far' while it is not over."""
    so_far = "" if made.is_complete else " so far"
    return f"{month_words(made.month)}{so_far} · {words.span(made.month, made.billed_through)}"


def billed_days(made: ChargeReport) -> str:
    """'Sun 1 Nov – Thu 26 Nov 2026, 26 of 30 days'."""
    billed, of = (made.billed_through - made.month).days + 1, (made.month_end - made.month).days + 1
    how_many = f"all {of} days" if billed == of else f"{billed} of {of} days"
    return f"{words.span(made.month, made.billed_through)}, {how_many}"


def made_at(made: ChargeReport) -> str:
    """When it was made, and the instant up to which things were known."""
    zone = ZoneInfo(made.zone)
    return f"Made {words.moment(made.made_at, zone)} · as known {words.moment(made.as_of, zone)}"


def version(made: ChargeReport) -> str:
    """'2, replaces version 1'."""
    return f"{made.version}" if made.replaces is None else f"{made.version}, replaces version {made.replaces}"


def due(made: ChargeReport) -> str:
    """'Wed 30 Dec 2026, 30 days from issue'."""
    days = made.parties.payment_days
    return (
        f"{words.day(made.due_on)}, {words.count(days, 'day')} from issue"
        if days
        else f"{words.day(made.due_on)}, at once"
    )


def due_by(made: ChargeReport) -> str:
    """'by Wed 30 Dec 2026'; nothing where nothing is due."""
    return f"by {words.day(made.due_on)}" if made.total > 0 else ""


def due_name(made: ChargeReport) -> str:
    """What the total is to who pays."""
    if made.total > 0:
        return "Amount due"
    return "Credit" if made.total < 0 else "Nothing is due"


def statements(made: ChargeReport) -> tuple[str, ...]:
    """What is unusual about the report; that the month is not over is said in any case."""
    return made.stated if made.is_complete or made.stated else (NOT_OVER,)


def issued_all_the_same(made: ChargeReport) -> str:
    """Who issued it in spite of warnings, and why."""
    who = made.reviewed_by or "Nobody who is known"
    return f"{who} issued it all the same. The reason given: {made.reason or words.UNKNOWN}"


def with_currency(amount: Decimal, made: ChargeReport) -> str:
    """'4,812.20 USD'."""
    return f"{words.money(amount)} {made.parties.currency}"


# Who bills whom


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the invoice."""

    label: str
    name: str
    address: tuple[str, ...]  # lines
    missing: str  # a sentence about what nobody has set; '' where all is

    @property
    def in_line(self) -> str:
        """Its address where there is one line for it, and what is missing."""
        return ". ".join(text for text in (", ".join(self.address), self.missing) if text)


def parties(one: Parties) -> tuple[Party, Party]:
    """Who bills, and who pays."""
    return (
        Party("From", one.firm, _lines(one.firm_address), _no_firm(one)),
        Party("Bill to", one.client, _lines(one.client_address), _no_client(one)),
    )


def _no_firm(one: Parties) -> str:
    if not one.firm:
        return NO_FIRM
    return "" if one.firm_address else NO_FIRM_ADDRESS


def _no_client(one: Parties) -> str:
    if not one.client:
        return NO_CLIENT
    return "" if one.client_address else NO_CLIENT_ADDRESS


def _lines(address: str) -> tuple[str, ...]:
    return tuple(line for line in address.splitlines() if line.strip())


# The summary


def summary(made: ChargeReport) -> list[SummaryPart]:
    """What is charged, by kind. The sums add up to the total; what seldom has a line is left out without one."""
    found = charge_sums(made.lines, RateCard(made.rates), made.month, made.billed_through)
    parts = [
        SummaryPart(CARRIER_COST_NAME, _part(found, CARRIER_COST, made), NO_CARRIER_COST, made.carrier_cost),
        SummaryPart(SERVICE_FEES_NAME, _part(found, SERVICE_FEES, made), NO_SERVICE_FEES, made.service_fees),
    ]
    added = _part(found, (EXTRA,), made)
    if added:
        parts.append(SummaryPart(ADDED_NAME, added, "", made.extras))
    if made.restatements:
        earlier = tuple(_restated_month(one) for one in made.restatements)
        parts.append(SummaryPart(EARLIER_NAME, earlier, "", made.restated))
    return parts


def _part(found: Sequence[ChargeSum], charges: Sequence[Charge], made: ChargeReport) -> tuple[SummaryLine, ...]:
    lines: list[SummaryLine] = []
    noted: set[Charge] = set()
    for one in found:
        if one.charge in charges:
            lines.append(_summary_line(one, made, CHARGE_NOTES[one.charge] if one.charge not in noted else ""))
            noted.add(one.charge)
    return tuple(lines)


def _summary_line(one: ChargeSum, made: ChargeReport, note: str) -> SummaryLine:
    name, rate = CHARGE_NAMES[one.charge], "" if one.rate is None else rate_amount(one.rate)
    quantity = words.number(one.quantity) if one.charge in _COUNTED else ""
    if one.line is not None:
        name, note = one.line.text or name, words.day(one.line.day)
    elif one.charge == "markup":
        rate = percent(one.rate)
    elif one.charge == "minimum":
        fees = words.money(made.service_fees - one.amount)
        note, rate = f"the minimum is {rate}, the fees above come to {fees}", ""
    if one.span is not None:
        name = f"{name}, {days(one.span)}"
    return SummaryLine(name, note, quantity, rate, one.amount)


def _restated_month(one: Restatement) -> SummaryLine:
    kinds = [
        f"{CHARGE_NAMES[cast(Charge, kind)]} {words.money(amount)}" for kind, amount in by_charge(one.lines).items()
    ]
    note = (
        f"billed {words.money(one.billed)} with invoice {one.billed_by}, now {words.money(one.now)}: "
        f"{', '.join(kinds) or 'quantities alone differ'}"
    )
    return SummaryLine(f"{month_words(one.month)}, changed since", note, "", "", one.amount)


def counts(made: ChargeReport) -> list[Count]:
    """Orders, shipments, packages and units, with what each counts."""
    return [
        Count("Orders", sum(one.orders for one in made.days), ORDERS_ARE),
        Count("Shipments", sum(one.shipments for one in made.days), SHIPMENTS_ARE),
        Count("Packages", sum(one.packages for one in made.days), PACKAGES_ARE),
        Count("Units", sum(one.units for one in made.days), UNITS_ARE),
    ]


def besides(made: ChargeReport) -> str:
    """Labels that none of the four counts; nothing where there are none."""
    voided, returns = sum(one.voided for one in made.days), sum(one.returns for one in made.days)
    if not voided and not returns:
        return ""
    return (
        f"Not among them: {words.count(voided, 'label')} of these days that {'was' if voided == 1 else 'were'} voided, "
        f"and {words.count(returns, 'return label')}."
    )


# Single figures


def counted(charge: Charge, quantity: int) -> str:
    """'12 labels', '1 order'; nothing where the amount alone says something."""
    return words.count(quantity, _COUNTED[charge]) if charge in _COUNTED else ""


def rate_amount(amount: Decimal) -> str:
    """'5.00', '0.4375': to the cent at least."""
    text = f"{amount:,.4f}"
    return words.money(amount) if text.endswith("00") else text.rstrip("0")


def percent(amount: Decimal | None) -> str:
    """'5 %', '2.5 %'."""
    return words.UNKNOWN if amount is None else f"{amount:,.4f}".rstrip("0").rstrip(".") + " %"


def rate_note(one: Rate) -> str:
    """What a rate is of, after its figure: 'for each order', 'percent of carrier cost'."""
    return "percent of carrier cost" if one.rate == "markup" else RATE_NOTES[one.rate]


def rate_words(one: Rate) -> str:
    """'5.00', of a markup '5 %'."""
    return percent(one.amount) if one.rate == "markup" else rate_amount(one.amount)


def days(span: Span) -> str:
    """'Sun 1 Nov – Sun 15 Nov'."""
    first, through = short_day(span.first), short_day(span.through)
    return first if first == through else f"{first} – {through}"


def short_day(day: date) -> str:
    """'Sun 1 Nov', where the year is said already."""
    return f"{day:%a} {day.day} {day:%b}"


def day_charges(made: ChargeReport) -> list[Charge]:
    """Which charges besides carrier cost have a column among the days: the usual fees, and what the month has."""
    charged = {one.charge for one in made.lines}
    return [charge for charge in DAY_NAMES if charge in charged or charge in _ALWAYS]


def part_name(charge: Charge) -> str:
    """Which part of the summary a charge belongs to."""
    if charge in CARRIER_COST:
        return CARRIER_COST_NAME
    return SERVICE_FEES_NAME if charge in SERVICE_FEES else ADDED_NAME


def carrier_name(code: str | None) -> str:
    """'FedEx' for 'fedex'."""
    if code is None:
        return "No carrier told"
    return _CARRIERS.get(code) or _spelled(code)


def service_name(code: str | None) -> str:
    """'FedEx Home Delivery' for 'fedex_home_delivery'."""
    return "No service told" if code is None else _spelled(code)


def sent_with(carrier: str | None, service: str | None) -> str:
    """'FedEx Ground', 'Stamps.com, USPS Priority Mail': most services name their carrier already."""
    by, how = carrier_name(carrier), service_name(service)
    return how if how.lower().startswith(by.lower()) else f"{by}, {how}"


def _spelled(code: str) -> str:
    return " ".join(_SPELLED.get(word, word.capitalize()) for word in code.split("_") if word) or code


def warehouse_name(number: int | None) -> str:
    """ShipStation's number for it."""
    return "No warehouse told" if number is None else f"Warehouse {number}"


def what(key: Key) -> str:
    """Which line it is, but for its day: 'Postage, FedEx Ground', 'Units, 17612'."""
    name = CHARGE_NAMES[key.charge]
    if key.sku is not None:
        return f"{name}, {key.sku}"
    if key.charge in CARRIER_COST and key.charge != "markup":
        return f"{name}, {sent_with(key.carrier_code, key.service_code)}"
    return name if key.extra_no is None else f"{name} {key.extra_no}"


# The foot


def how_to_read(made: ChargeReport) -> tuple[str, ...]:
    """What the figures mean, for the foot of the documents."""
    return (
        "Carrier cost is what labels cost in ShipStation, on their ship date, whenever they were bought. A void takes "
        "back what its label's own day was charged, whenever it was voided.",
        "Orders, shipments, packages and units count on ship dates: an order once, on that of its first parcel, units "
        "on that of the parcel they left in.",
        "Storage: for each SKU and each calendar day, weekends too, the pallets that the stock at the end of the day "
        "stands on, begun ones counted. The opening stock of the month is the computed stock at the end of the day "
        "before. Days are those of " + made.zone + ".",
        "A line is one kind of charge on one day, of one carrier, service and warehouse or of one SKU. It is rounded "
        "once, half up, to the cent, and every sum is a sum of lines; a sum may differ by cents from its quantity "
        "times its rate.",
        "What becomes known of a month after its invoice changes nothing on it. The difference is billed, or given "
        "back, with a later month, each line with its cause.",
        "Two copies with the same content hash, at the foot of each page, say the same.",
    )
