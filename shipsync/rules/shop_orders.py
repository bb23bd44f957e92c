"""Orders from the shop: what a record of an order file means, and what to do about it.

    raw record (doors/order_files.py) -> read_shop_order -> ShopOrder | Rejected | Skipped
                     ShopOrder + what we know -> decide_import -> ImportDecision

Rules from facts/domain.md sections 1.3 to 1.5 and 2.2 and DESIGN D10, D12. An order is taken whole or not at all: a
line that cannot be understood, or a SKU that nobody has configured, holds the whole order back with its reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from shipsync.rules.catalogue import Catalogue
from shipsync.rules.identity import SHOP, upload_key
from shipsync.rules.order_formats import RawShopOrder
from shipsync.rules.shipstation import Address
from shipsync.rules.shop_lines import Problem, RejectReason, ShopLine, read_lines
from shipsync.rules.shop_text import clean, money, quoted

MAX_ORDER_NUMBER = 50  # characters ShipStation takes (API.md section 3)

# Status words of the Custom Store, in lower case with "_" for spaces. Each shop has its own and maps them
# (facts/domain.md section 2.2), so a word of neither list is held back rather than guessed.
TO_SHIP = frozenset({"paid", "awaiting_shipment", "processing", "processed", "paid|new", "paid|processing"})
NOT_TO_SHIP = frozenset(
    {
        "unpaid",
        "awaiting_payment",
        "payment_pending",
        "on_hold",
        "shipped",
        "delivered",
        "complete",
        "completed",
        "cancelled",
        "canceled",
        "refunded",
        "declined",
        "failed",
    }
)

# Why an order that can be read is not ours to ship.
SkipReason = Literal[
    "no_key_sku",  # no line of a key product is left
    "no_lines",  # the record has no line at all
    "not_to_ship",  # its status says that it is not paid, or over
]


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """One order of the shop that we ship."""

    order_number: str
    source_system: str  # always rules.identity.SHOP
    ordered_at: datetime
    email: str | None
    company: str | None
    customer_reference: str | None  # the shop's code for the customer
    ship_to: Address
    bill_to: Address  # the shop leaves it empty when it is the same: then it is ship_to
    requested_service: str | None  # the shop's shipping method, free text
    shipping_paid: Decimal  # USD
    lines: tuple[ShopLine, ...]  # at least one, all of key products
    notes: tuple[str, ...] = ()  # what was left out or read generously, one sentence each

    @property
    def order_key(self) -> str:
        """The key by which the order is known here and at ShipStation."""
        return upload_key(self.source_system, self.order_number)

    @property
    def content_hash(self) -> str:
        """Equal hashes mean that nothing we keep of the order has changed. Notes do not count."""
        kept = _plain(self)
        kept.pop("notes", None)
        return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Rejected:
    """An order that cannot be taken until somebody mends it or the catalogue. Held, shown and tried again."""

    order_number: str | None
    reason: RejectReason  # the first of its problems, in the order in which RejectReason lists them
    sentence: str  # every problem, for a person
    raw: RawShopOrder


@dataclass(frozen=True, slots=True)
class Skipped:
    """An order that is read and not for us. Listed with its reason."""

    order_number: str
    reason: SkipReason
    sentence: str
    raw: RawShopOrder


@dataclass(frozen=True, slots=True)
class Superseded:
    """An order record that a later one of the same file replaced."""

    order_number: str
    position: int
    by_position: int


def last_wins(orders: Iterable[RawShopOrder]) -> tuple[list[RawShopOrder], list[Superseded]]:
    """Keep the last of several records of one order number; records without a number all stay."""
    kept: dict[object, RawShopOrder] = {}
    superseded = []
    for raw in orders:
        number = raw.order_number
        earlier = kept.pop(number, None) if number is not None else None
        if number is not None and earlier is not None:
            superseded.append(Superseded(number, earlier.position, raw.position))
        kept[object() if number is None else number] = raw
    return list(kept.values()), superseded


def read_shop_order(raw: RawShopOrder, catalogue: Catalogue) -> ShopOrder | Rejected | Skipped:
    """What a raw record means, given what is sold. Every problem of the record is named, not only the first."""
    layout = raw.layout
    number = raw.order_number
    status = (raw.text((layout.status,)) or "").lower().replace(" ", "_") if layout.status else None
    if number and status in NOT_TO_SHIP:  # needs nobody to mend it, whatever else is odd about it
        is_not = f"Order {clean(number)} is {status.replace('_', ' ')}: not to be shipped."
        return Skipped(number, "not_to_ship", is_not, raw)

    problems: list[Problem] = []
    if number is None:
        problems.append(Problem("no_order_number", f"The order at place {raw.position} of the file has no number."))
    elif len(number) > MAX_ORDER_NUMBER or clean(number) != number:
        problems.append(Problem("bad_order_number", f"{quoted(number)} cannot be an order number."))
    if status is not None and status not in TO_SHIP:
        problems.append(Problem("unknown_status", f"Nobody has said what its status {quoted(status)} means."))
    date_text = raw.fields.get(layout.date)
    ordered_at = layout.read_date(date_text or "")
    if ordered_at is None:
        problems.append(Problem("bad_date", f"Its date {quoted(date_text)} is not {layout.date_wanted}."))
    paid_text = raw.fields.get(layout.shipping_paid) or "0"
    shipping_paid = money(paid_text)
    if shipping_paid is None:
        problems.append(Problem("bad_shipping_cost", f"Its shipping cost {quoted(paid_text)} is not an amount."))
    ship_to = raw.address(layout.ship_to)
    if ship_to is None:
        problems.append(Problem("no_ship_to", "It does not say where to ship."))
    read = read_lines(raw, catalogue)
    problems += read.problems

    if problems or number is None or ordered_at is None or shipping_paid is None or ship_to is None:
        return _rejected(raw, problems)
    if not raw.lines:
        return Skipped(number, "no_lines", f"Order {number} has no lines.", raw)
    if not read.lines:
        return Skipped(number, "no_key_sku", f"Order {number} holds no key product. {' '.join(read.notes)}", raw)
    return ShopOrder(
        order_number=number,
        source_system=SHOP,
        ordered_at=ordered_at,
        email=raw.text(layout.email),
        company=raw.text(layout.company),
        customer_reference=raw.text(layout.customer_reference),
        ship_to=ship_to,
        bill_to=raw.address(layout.bill_to) or ship_to,
        requested_service=raw.text(layout.requested_service),
        shipping_paid=shipping_paid,
        lines=read.lines,
        notes=read.notes,
    )


@dataclass(frozen=True, slots=True)
class KnownShopOrder:
    """What our tables hold of an order."""

    status: str  # DESIGN section 4
    is_claimed: bool  # an upload run is sending it, or its last sending has no known outcome
    source_hash: str | None  # ShopOrder.content_hash of the version we hold


ImportAction = Literal[
    "new",  # write it, status pending
    "update",  # replace head and lines; it is pending (again)
    "unchanged",  # we hold exactly this
    "frozen",  # the shop changed it after we had sent it: our order stays as it is (DESIGN D12)
    "later",  # the shop changed it while it is, or may be, on its way up: decide again at the next poll
    "tombstoned",  # it was cleaned up: a re-read never revives it (DESIGN D12, D20)
    "taken_over",  # a person does it by hand: sent up as well, it would be shipped twice
]


@dataclass(frozen=True, slots=True)
class ImportDecision:
    """What to do about one order of a file, and why."""

    action: ImportAction
    reason: str  # a sentence for a person


_TAKEN_OVER = ImportDecision("taken_over", "A person has taken it over by hand, so it is not sent up.")


def decide_import(
    order: ShopOrder, known: KnownShopOrder | None, *, tombstoned: bool, taken_over: bool = False
) -> ImportDecision:
    """What an order of a file does to what we know. Only an order that surely is not at ShipStation is rewritten.

    That is a pending one that nobody is sending, and one that ShipStation refused for good: a correction in the shop
    is how such an order gets on. `taken_over`: a person closed it in quarantine, to do by hand what it stands for.
    """
    if known is None and tombstoned:
        return ImportDecision("tombstoned", "It was closed and cleaned up; a re-read does not revive it.")
    if taken_over and known is None:
        return _TAKEN_OVER
    if known is None:
        return ImportDecision("new", "It is not known yet.")
    if known.source_hash == order.content_hash:
        return ImportDecision("unchanged", "It says what we hold.")
    if taken_over and known.status == "failed":
        return _TAKEN_OVER
    if known.status not in ("pending", "failed"):
        stands = known.status.replace("_", " ")
        return ImportDecision("frozen", f"It changed in the shop, but ours is {stands} already.")
    if known.is_claimed:
        return ImportDecision("later", "It changed in the shop, but it may be on its way to ShipStation.")
    return ImportDecision("update", "It changed in the shop and is not at ShipStation yet.")


def _rejected(raw: RawShopOrder, problems: list[Problem]) -> Rejected:
    number = raw.order_number
    reasons = get_args(RejectReason)
    first = min((problem.reason for problem in problems), key=reasons.index)
    what = f"Order {clean(number)[:MAX_ORDER_NUMBER]}" if number else "An order without a number"
    return Rejected(number, first, f"{what} is held back. " + " ".join(p.sentence for p in problems), raw)


def _plain(value: Any) -> Any:
    """A record as dicts and lists, without what is None: so a field added later, and empty, changes no hash."""
    if is_dataclass(value):
        parts = ((part.name, getattr(value, part.name)) for part in fields(value))
        return {name: _plain(part) for name, part in parts if part is not None}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
