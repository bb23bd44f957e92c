"""What the page of the comparisons calls states, changes, modes and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipsync.rules.deployment import Change
from shipsync.rules.parity_fields import ENTITIES, PRESENCE, label
from shipsync.web import words, workflow_words
from shipsync.web.words import UNKNOWN

_MOST_DIGITS = 6  # behind the point of a share

STATES: Mapping[str, str] = {
    "off": "The two legacy workflows write production. The unified sync does nothing.",
    "shadow_replay": "The two legacy workflows write production. The unified sync reads beside them and writes tables "
    "of its own; recorded answers are replayed to both.",
    "shadow_live": "The two legacy workflows write production. The unified sync reads beside them and writes tables of "
    "its own; what both have read is compared as it comes.",
    "ready": "The two legacy workflows write production, and everything for the cut-over was shown. Comparing goes on.",
    "reverse_shadow": "The unified sync writes production. The legacy workflows read beside it and write tables of "
    "their own, so that a rollback loses nothing.",
    "done": "The unified sync writes production. The legacy workflows do nothing.",
}
# What the button says, and what its press does.
CHANGES: Mapping[tuple[Change, str], tuple[str, str]] = {
    ("begin", "off"): (
        "Begin shadow mode",
        "The unified sync reads beside the legacy workflows and writes tables of its own. Production stays as it is.",
    ),
    ("begin", "done"): (
        "Put the legacy workflows beside the sync",
        "The legacy workflows read beside the unified sync, which goes on writing production, and both are compared: "
        "whatever a new version of it does otherwise shows.",
    ),
    ("promote", "shadow_replay"): (
        "Compare live",
        "What both sides have read is compared as it comes, from now on. Production stays as it is.",
    ),
    ("promote", "shadow_live"): (
        "Call it ready",
        "Everything for the cut-over was shown. Production stays as it is until the cut-over.",
    ),
    ("cutover", "ready"): (
        "Cut over to the unified sync",
        "From that instant the unified sync writes production, and no legacy run can write it any more. The legacy "
        "workflows go on beside it.",
    ),
    ("finish", "reverse_shadow"): (
        "End the migration",
        "The legacy workflows stop, and what they wrote beside production is given back.",
    ),
}
ROLLBACK = (
    "Roll back to the legacy workflows",
    "From that instant the legacy workflows write production, and go on from where they have read to. The unified sync "
    "stops. Nothing that it brought is lost.",
)
MODES: Mapping[str, str] = {
    "live": "live",
    "reverse": "in reverse shadow",
    "replay": "replayed",
    "noise": "legacy against itself",
}
KINDS: Mapping[str, str] = {
    "missing-control": "only the unified sync has it",
    "missing-candidate": "only legacy has it",
    "duplicate": "it is there twice",
    "field-differs": "the values differ",
    "routed-differently": "the two sides took it for different orders",
}
VERDICTS: Mapping[str, str] = {
    "confirmed": "Both sides have passed it again, and it still differs.",
    "suspect": "It differs; whether it is only lag shows once both sides have passed it again.",
    "stale-input": "The two sides hold different versions of ShipStation's record.",
    "pending": "One side has not passed its newest version yet.",
    "transient": "It was gone before both sides had passed it again: lag.",
    "ignored": "An ignore rule that two people agreed on says that it does not count.",
    "explained": "It is meant to differ.",
}

# What goes over at a change, by table: one of it, several.
CARRIED: Mapping[str, tuple[str, str]] = {
    "orders_inbox": ("order", "orders"),
    "order_items_inbox": ("ordered item", "ordered items"),
    "shipstation_order_line_items": ("order line", "order lines"),
    "shipments": ("label", "labels"),
    "shipment_items": ("item of a label", "items of labels"),
    "fulfillments": ("mark as shipped", "marks as shipped"),
    "shipped_orders": ("shipped order", "shipped orders"),
    "shipped_items": ("shipped item", "shipped items"),
    "readings": ("reading of a list", "readings of lists"),
    "api_pages": ("recorded answer", "recorded answers"),
    "routing_log": ("decision on an order", "decisions on orders"),
    "quarantine": ("held record", "held records"),
}


def carried_words(table: str, amount: int) -> str:
    """'6 orders', of rows of a table that go over."""
    return words.count(amount, *CARRIED.get(table, (f"row of {table}", f"rows of {table}")))


def change_words(change: Change, state: str) -> tuple[str, str]:
    """What the button of a change says in a state, and what its press does."""
    return ROLLBACK if change == "rollback" else CHANGES[change, state]


def named(workflows: Sequence[str]) -> str:
    """'Legacy sync of states and Legacy sync of manual orders', or 'nothing'."""
    return " and ".join(workflow_words.title(one) for one in workflows) or "nothing"


def share(part: float | None) -> str:
    """'99.98 %', or '–'; nothing is rounded up to all, or down to none."""
    if part is None:
        return UNKNOWN
    if part in (0.0, 1.0):
        return f"{part:.0%}".replace("%", " %")
    written = (f"{part * 100:.{digits}f}" for digits in range(1, _MOST_DIGITS))
    return next((one for one in written if float(one) not in (0.0, 100.0)), f"{part * 100:.{_MOST_DIGITS}f}") + " %"


def field_words(entity: str, field: str) -> str:
    """'carrier code of an order', 'label, as a whole'."""
    known = ENTITIES.get(entity)
    if field == PRESENCE:
        return f"{known.label if known is not None else entity}, as a whole"
    return f"{label(entity, field)} of {known.one if known is not None else entity}"
