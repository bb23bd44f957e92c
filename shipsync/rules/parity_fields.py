"""What a comparison of two lanes looks at: entities, what identifies one, their fields, and how a value is cleaned.

The one table of it (DESIGN D19); store/parity.py asks for exactly these, under these names. A field's role says what
may become of its differences: those of keys, money and versions can never be ignored (rules/parity_ignores.py).

Cleaning never changes what is shown. It says only whether two values that differ as they stand mean the same, and by
which named rule. It is declared for each field: of text that people type, empty is as good as nothing; of a code it is
not.

What the legacy workflows never keep is left out, and said here: ShipStation's total of a shop order, and the labels of
orders that are on neither side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

# key: says which record it is. money: what is paid, or billed by. version: which state of ShipStation's record it is.
Role = Literal["key", "money", "version", "value"]

PRESENCE = ""  # the field that stands for the record as a whole: it is there, once
AGGREGATE = "aggregate"  # the entity of sums over many records
LIST = ", "  # between the values of several lines that have one key


@dataclass(frozen=True, slots=True)
class CleaningRule:
    """One way in which two texts may differ and mean the same."""

    name: str
    sentence: str
    clean: Callable[[str | None], str | None]


@dataclass(frozen=True, slots=True)
class Field:
    """One compared column."""

    name: str  # the column, in both lanes
    label: str  # for a person
    role: Role = "value"
    cleaned_by: tuple[str, ...] = ()  # names of cleaning rules
    only_of: str = ""  # of which records it is compared, in words; '': of all


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record that both sides write."""

    name: str
    label: str  # one of them, for a person
    key: tuple[str, ...]  # what identifies one, in words
    fields: tuple[Field, ...]
    only_of: str = ""  # which of them are compared, in words; '': all

    @property
    def one(self) -> str:
        """'an order', 'a label'."""
        return f"{'an' if self.label[0] in 'aeiou' else 'a'} {self.label}"

    def field(self, name: str) -> Field | None:
        """One of its fields by name; None where it has none of that name."""
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Differing:
    """A field that differs on two sides of one record, as it stands on both."""

    field: str
    control: str | None
    candidate: str | None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A field that differs as it stands and means the same, and the rule that says so."""

    field: str
    rule: str


def _without_type(text: str | None) -> str | None:
    """Whole numbers and truth values are the same whatever they were written as."""
    if text is None:
        return None
    if text.lower() in ("true", "false"):
        return text.lower()
    whole, point, rest = text.partition(".")
    return whole if point and whole.lstrip("-").isdigit() and set(rest) == {"0"} else text


def _without_ends(text: str | None) -> str | None:
    return text.strip() if text is not None else None


def _without_empty(text: str | None) -> str | None:
    return text or None


def _without_scale(text: str | None) -> str | None:
    if text is None:
        return None
    return LIST.join(_shortest(part) for part in text.split(LIST))


def _shortest(number: str) -> str:
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    if not value.is_finite():
        return number
    return f"{value.normalize() if value else Decimal(0):f}"


def _without_order(text: str | None) -> str | None:
    return LIST.join(sorted(text.split(LIST))) if text is not None else None


# In the order in which they are tried.
CLEANING: Mapping[str, CleaningRule] = {
    one.name: one
    for one in (
        CleaningRule("type", "The same number or truth value, written as another type.", _without_type),
        CleaningRule("ends", "White space at the ends does not count.", _without_ends),
        CleaningRule("empty", "No text and an empty text are the same.", _without_empty),
        CleaningRule("scale", "Zeros at the end of a decimal number do not count.", _without_scale),
        CleaningRule("order", "The lines of one SKU may come in any order.", _without_order),
    )
}

_TYPED = ("ends", "empty")  # by people, into free text
_NUMBER = ("type",)
_MONEY = ("scale",)
_LINES = ("order",)  # several lines under one key: they are listed by what is in them
_ADDRESS = ("name", "company", "street1", "street2", "city", "state", "postal_code", "country", "phone")
_CONSIGNEE = ("name", "company", "street1", "city", "state", "postal_code", "country", "phone")


def _address(side: str, words: str, parts: Iterable[str]) -> tuple[Field, ...]:
    return tuple(Field(f"{side}_{part}", f"{words} {part.replace('_', ' ')}", "value", _TYPED) for part in parts)


ENTITIES: Mapping[str, Entity] = {
    one.name: one
    for one in (
        Entity(
            "order",
            "order",
            ("ShipStation order",),
            (
                Field("order_key", "identity", "key"),
                Field("order_number", "order number", "key"),
                Field("source_system", "source", "key"),
                Field("parent_order_id", "parent order", "key"),
                Field("modified_at", "version", "version"),
                Field("status", "status"),
                Field("shipping_carrier_code", "carrier code"),
                Field("shipping_carrier_id", "carrier account", "value", _NUMBER),
                Field("shipping_service_code", "service code"),
                Field("shipping_service_name", "service name"),
                Field("tracking_number", "tracking number"),
                Field("ordered_at", "order date"),
                Field("ship_date", "ship date"),
                Field("hold_until", "held until"),
                Field("email", "mail address", "value", _TYPED),
                Field("requested_service", "requested service", "value", _TYPED),
                Field("order_total", "total", "money", _MONEY, "manual orders, the only ones both sides keep it of"),
                *_address("ship", "ship to", _ADDRESS),
                *_address("bill", "bill to", _ADDRESS),
            ),
        ),
        Entity(
            "order_item",
            "ordered item",
            ("ShipStation order", "SKU text"),
            (
                Field("quantity", "units", "money", _NUMBER),
                Field("lines", "units by line", "money", _LINES),
                Field("sku_lot", "SKU and lot"),
                Field("base_sku", "SKU"),
                Field("lot", "lot"),
                Field("name", "name", "value", _TYPED),
                Field("unit_price", "price", "money", _MONEY),
            ),
        ),
        Entity(
            "shipped_order",
            "shipped order",
            ("ShipStation order",),
            (
                Field("order_key", "identity", "key"),
                Field("order_number", "order number", "key"),
                Field("source_system", "source", "key"),
                Field("ship_date", "ship date"),
                Field("last_ship_date", "last ship date"),
                Field("carrier_code", "carrier code"),
                Field("service_code", "service code"),
                Field("service_name", "service name"),
                Field("tracking_number", "tracking number"),
                Field("parcel_count", "parcels", "value", _NUMBER),
                *_address("ship", "ship to", _CONSIGNEE),
                Field("email", "mail address", "value", _TYPED),
            ),
        ),
        Entity(
            "shipped_item",
            "shipped item",
            ("parcel", "SKU text"),
            (
                Field("shipstation_order_id", "ShipStation order", "key"),
                Field("order_number", "order number", "key"),
                Field("source_system", "source", "key"),
                Field("shipment_id", "label", "key"),
                Field("ship_date", "ship date"),
                Field("quantity", "units", "money", _NUMBER),
                Field("lines", "units by line", "money", _LINES),
                Field("base_sku", "SKU"),
                Field("sku_lot", "SKU and lot"),
                Field("lot", "lot"),
                Field("tracking_number", "tracking number"),
            ),
        ),
        Entity(
            "shipment",
            "label",
            ("label",),
            (
                Field("shipstation_order_id", "ShipStation order", "key"),
                Field("order_number", "order number", "key"),
                Field("created_at", "bought at", "version"),
                Field("ship_date", "ship date"),
                Field("shipment_cost", "cost", "money", _MONEY),
                Field("insurance_cost", "insurance cost", "money", _MONEY),
                Field("carrier_code", "carrier code"),
                Field("service_code", "service code"),
                Field("package_code", "package code"),
                Field("tracking_number", "tracking number"),
                Field("is_return_label", "return label", "money", _NUMBER),
                Field("warehouse_id", "warehouse", "value", _NUMBER),
                Field("store_id", "store", "value", _NUMBER),
                Field("batch_number", "batch"),
                Field("has_items", "names its items", "value", _NUMBER),
                Field("voided", "voided", "money", _NUMBER),
                Field("voided_at", "voided at", "version"),
            ),
            only_of="orders that one side has at least",
        ),
        Entity(
            "fulfillment",
            "mark as shipped",
            ("mark as shipped",),
            (
                Field("shipstation_order_id", "ShipStation order", "key"),
                Field("order_number", "order number", "key"),
                Field("created_at", "made at", "version"),
                Field("ship_date", "ship date"),
                Field("tracking_number", "tracking number"),
                Field("carrier_name", "carrier name", "value", _TYPED),
                Field("fulfillment_fee", "fee", "money", _MONEY),
                Field("voided", "voided", "money", _NUMBER),
                Field("voided_at", "voided at", "version"),
            ),
            only_of="orders that one side has at least",
        ),
        Entity(
            AGGREGATE,
            "sum",
            ("ship date", "carrier", "status", "SKU"),
            (
                Field("records", "records", "money", _NUMBER),
                Field("units", "units", "money", _NUMBER),
                Field("cost", "cost", "money", _MONEY),
            ),
        ),
    )
}
# Records, not sums over them.
RECORDS = tuple(name for name in ENTITIES if name != AGGREGATE)


def differing(
    entity: Entity, control: Sequence[str | None], candidate: Sequence[str | None]
) -> tuple[list[Differing], list[Cleaned]]:
    """The fields of one record that differ, and those that differ only as they are written.

    Both sides' values come as text, in the order of the entity's fields.
    """
    found: list[Differing] = []
    cleaned: list[Cleaned] = []
    for field, one, other in zip(entity.fields, control, candidate, strict=True):
        if one == other:
            continue
        rule = cleaning_rule(field, one, other)
        if rule is None:
            found.append(Differing(field.name, one, other))
        else:
            cleaned.append(Cleaned(field.name, rule))
    return found, cleaned


def cleaning_rule(field: Field, control: str | None, candidate: str | None) -> str | None:
    """The name of the rule that makes two differing values of a field equal, the ones before it applied as well.

    None where they stay different.
    """
    for rule in CLEANING.values():
        if rule.name not in field.cleaned_by:
            continue
        control, candidate = rule.clean(control), rule.clean(candidate)
        if control == candidate:
            return rule.name
    return None


def label(entity: str, field: str) -> str:
    """A field for a person: 'carrier code', or 'is there' of the record as a whole."""
    if field == PRESENCE:
        return "is there"
    known = ENTITIES[entity].field(field) if entity in ENTITIES else None
    return known.label if known is not None else field
