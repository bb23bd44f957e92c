"""What holds a record back, what it waits for, and what trying again means (DESIGN D6).

Held records are not in the tables. Notes are, but something about them is odd: they need a look, not another try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of trouble, in words for a person."""

    title: str
    why: str  # the rule that holds it, or why it is shown
    next: str  # what it waits for, and what a person can do
    page: str | None = None  # the page where that is done; None: outside of shipsync


_UNREADABLE = (
    "ShipStation's answer lacks something without which {} cannot be known, or holds what is no date or number."
)
_SEEN_AGAIN = "Correct it at ShipStation; it comes in as soon as ShipStation shows it well."

# By kind and reason, as they stand in the table `quarantine`.
CASES: Mapping[tuple[str, str], Case] = {
    ("shop_order", "unknown_sku"): Case(
        "SKU that is neither a product nor a bundle",
        "An order goes up only when every SKU of it is known, because a bundle has to be taken apart first.",
        "Add the bundle or the product; the order comes through at the next import.",
        "imports",
    ),
    ("shop_order", "no_order_number"): Case(
        "Order without a number",
        "Without a number an order cannot be known again, here or at ShipStation.",
        "Correct it in the shop; its next file brings it in.",
    ),
    ("shop_order", "bad_order_number"): Case(
        "Order number that ShipStation does not take",
        "ShipStation takes at most 50 characters, all of them printable.",
        "Correct it in the shop; its next file brings it in.",
    ),
    ("shop_order", "unknown_status"): Case(
        "Status word of the shop that nobody has mapped",
        "Only orders that are paid go up. A word that is not known is not guessed.",
        "Give the order a known status in the shop; its next file brings it in.",
    ),
    ("shop_order", "bad_date"): Case(
        "Order without a date that can be read",
        "The date says when it was ordered, and so when it is late.",
        "Correct it in the shop; its next file brings it in.",
    ),
    ("shop_order", "bad_shipping_cost"): Case(
        "Shipping cost that is no amount",
        "Amounts are never guessed.",
        "Correct it in the shop; its next file brings it in.",
    ),
    ("shop_order", "no_ship_to"): Case(
        "Order without an address",
        "It cannot be shipped anywhere.",
        "Complete the address in the shop; its next file brings it in.",
    ),
    ("shop_order", "bad_line"): Case(
        "Line that cannot be read",
        "A line needs a SKU, a quantity and a price; an order with a line left out would ship incomplete.",
        "Correct it in the shop; its next file brings it in.",
    ),
    ("shop_order", "too_many_units"): Case(
        "More units of one SKU than anybody orders",
        "So many are taken for a slip of the hand.",
        "Correct it in the shop, or ship it by hand and take it over here.",
    ),
    ("shop_change", "changed_after_upload"): Case(
        "Changed in the shop after it was sent",
        "What was sent to ShipStation stays as it was, so that nothing that is being packed changes.",
        "Compare the order in the shop with ShipStation, change it there if it has to be, then close this.",
    ),
    ("order_file", "unreadable"): Case(
        "Order file that cannot be read",
        "Nothing of a file is taken unless it is whole and well formed.",
        "Let the shop write it again. It is read at the next import.",
        "imports",
    ),
    ("order_file", "incomplete"): Case(
        "Order file that is not complete yet",
        "It ends too early; it may be in the middle of being written.",
        "It is read again at the next import. If it stays here, let the shop write it again.",
        "imports",
    ),
    ("upload", "upload_refused"): Case(
        "Refused by ShipStation",
        "An order that was refused three times is not sent again by itself.",
        "Correct it in the shop, then retry; or type it into ShipStation and take it over here.",
    ),
    ("order", "unreadable"): Case("Order that cannot be read", _UNREADABLE.format("an order"), _SEEN_AGAIN),
    ("order", "unreadable_sku"): Case(
        "SKU text that cannot be read",
        "The text begins with a key product but is neither 'SKU' nor 'SKU - LOT', so its units would count for none.",
        _SEEN_AGAIN,
    ),
    ("order", "ours_not_here"): Case(
        "Uploaded by us, but not in this database",
        "The order carries our key, and its shop order is not here: another database sent it.",
        "Import the order file it came from; then it is joined at the next sync.",
        "imports",
    ),
    ("order", "parent_not_here"): Case(
        "Part of an order that was not seen yet",
        "A part split off an order of ours is taken in together with the order it came from.",
        "It comes in once that order is seen at ShipStation; retry asks now.",
    ),
    ("conflict", "number_taken"): Case(
        "Number that another ShipStation order has already",
        "Two orders claim one number. Nothing is written over.",
        "Look which of the two is right at ShipStation and give the other a number of its own.",
    ),
    ("conflict", "key_taken"): Case(
        "Key that another ShipStation order has already",
        "Two orders at ShipStation carry the key of one order of ours. Nothing is written over.",
        "Cancel the copy at ShipStation, then take this over here.",
    ),
    ("conflict", "new_manual_shared_number"): Case(
        "One number, two orders",
        "A manual order has the number of a shop order. Both are kept, each with its own shipments.",
        "Check that they are two orders. If so, close this.",
    ),
    ("conflict", "new_shop_shared_number"): Case(
        "One number, two orders",
        "A shop order has the number of another order here. Both are kept, each with its own shipments.",
        "Check that they are two orders. If so, close this.",
    ),
    ("shipment", "unreadable"): Case("Label that cannot be read", _UNREADABLE.format("a label"), _SEEN_AGAIN),
    ("fulfillment", "unreadable"): Case(
        "Mark as shipped that cannot be read", _UNREADABLE.format("a mark as shipped"), _SEEN_AGAIN
    ),
    ("poison", "always_500"): Case(
        "Place where ShipStation only answers with an error",
        "One record breaks ShipStation's own answer. Everything around it was read.",
        "It is asked again by itself, less and less often; retry asks at once. If it stays, tell their support.",
    ),
    ("sku_text", "unreadable_sku"): Case(
        "SKU text that cannot be read",
        "The order is in, but the units of that line count for no product.",
        "Correct the text at ShipStation to 'SKU' or 'SKU - LOT'; this closes itself then.",
    ),
    ("status_word", "unknown_status"): Case(
        "Status of ShipStation that is not known",
        "The order is in and stays in the state it had.",
        "Look at the order in ShipStation. This closes itself when it has a known status.",
    ),
}

# Which workflow tries a held record again.
_RETRIED_BY = {
    "shop_order": "xml-import",
    "order_file": "xml-import",
    "upload": "shipstation-upload",
    "order": "shipstation-sync",
    "conflict": "shipstation-sync",
    "shipment": "shipstation-sync",
    "fulfillment": "shipstation-sync",
    "poison": "shipstation-sync",
}


@dataclass(frozen=True, slots=True)
class Retry:
    """The job that tries held records again."""

    workflow: str
    arguments: Mapping[str, object]


def case_of(kind: str, reason: str) -> Case:
    """What is wrong, in words; the codes themselves where nobody has written any."""
    known = CASES.get((kind, reason))
    return known or Case(f"{kind}: {reason}".replace("_", " "), "A rule held it back.", "See what its sentence says.")


def retry_of(kind: str, entity_ids: Sequence[str]) -> Retry | None:
    """The job that tries these held records of one kind again, now; None where no try can change anything."""
    workflow = _RETRIED_BY.get(kind)
    if workflow is None:
        return None
    if kind == "upload":
        return Retry(workflow, {"again": sorted(entity_ids)})
    if workflow != "shipstation-sync":
        return Retry(workflow, {})
    return Retry(workflow, {"everything": True} | ({"poison": sorted(entity_ids)} if kind == "poison" else {}))
