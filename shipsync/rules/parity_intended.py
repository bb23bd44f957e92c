"""Differences that are meant: what the unified sync does on purpose otherwise than the two legacy workflows (P18).

A declared list. Each has a sentence for a person, a predicate that is as narrow as it can be, and the test that proves
it. They are reported apart from ignored differences: an ignore rule is a person's word for a while, this is the
design. An amount that both sides have is never explained, nor is a version; where a record is there on one side only,
all that it holds is. What the legacy workflows never keep is not compared at all (rules/parity_fields.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from shipsync.rules.parity_fields import ENTITIES, PRESENCE
from shipsync.rules.parity_verdicts import Decision, Found

_OPEN = frozenset({"uploaded", "awaiting_payment", "awaiting_shipment", "on_hold"})
GONE = "gone at ShipStation"
# How the unified sync says that ShipStation has an order no more (store/orders.py).
_GONE = ("merged into ShipStation order ", "no longer at ShipStation")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of one ShipStation order on both sides. None: it is not there."""

    control_status: str | None = None
    candidate_status: str | None = None
    candidate_status_reason: str | None = None
    candidate_parent: int | None = None  # the order it was split from
    reasons: frozenset[str] = field(default_factory=frozenset)  # for which the candidate has ever routed it
    is_gone: bool = False  # ShipStation was asked for it by its id, and has none


@dataclass(frozen=True, slots=True)
class IntendedChange:
    """One thing that the unified sync does otherwise on purpose."""

    name: str
    sentence: str
    proof: str  # the test that shows it
    accounts_for: Callable[[Found, Circumstances], bool]


def _is_linked(found: Found, about: Circumstances) -> bool:
    return _is_only_at_the_candidate(found, about) and bool(about.reasons & {"own_key", "same_number"})


def _is_split_child(found: Found, about: Circumstances) -> bool:
    if _is_only_at_the_candidate(found, about):
        return "split_child" in about.reasons
    # The control takes a part with a manual number in as an order of its own.
    return (
        about.candidate_parent is not None
        and found.entity in ("order", "shipped_order", "shipped_item")
        and found.field in ("parent_order_id", "source_system")
    )


def _is_merge_survivor(found: Found, about: Circumstances) -> bool:
    return _is_only_at_the_candidate(found, about) and "merge_survivor" in about.reasons


def _is_vanished(found: Found, about: Circumstances) -> bool:
    """While the control has it open: one that goes on there, and ships, has not vanished."""
    is_gone = about.candidate_status == "cancelled" and (about.candidate_status_reason or "").startswith(_GONE)
    if not is_gone or about.control_status not in _OPEN or found.entity != "order":
        return False
    if found.field == "status":
        return True
    # Its last version was to be seen for some minutes only, by the one side that came round in them.
    field = ENTITIES["order"].field(found.field)
    return found.is_stale and field is not None and field.role in ("version", "value")


def _is_gone(found: Found, about: Circumstances) -> bool:
    """It came and went between two readings, or before one side began. What has shipped stays at ShipStation."""
    if not about.is_gone or not {about.control_status, about.candidate_status} <= {*_OPEN, "cancelled", None}:
        return False
    if found.field == PRESENCE:  # where it is not there, one side may have passed an earlier version of it over
        return found.kind != "duplicate" and found.entity in ("order", "order_item")
    # Of the shop it is on both sides, as the upload left it; one side may have seen it at ShipStation.
    field = ENTITIES["order"].field(found.field)
    return found.entity == "order" and found.is_stale and field is not None and field.role in ("version", "value")


def _is_only_at_the_candidate(found: Found, about: Circumstances) -> bool:
    return found.field == PRESENCE and found.kind == "missing-control" and about.control_status is None


INTENDED: Mapping[str, IntendedChange] = {
    one.name: one
    for one in (
        IntendedChange(
            "linked",
            "An order of the shop was found at ShipStation by its key or number; the legacy workflows know only the "
            "ids that the upload was answered.",
            "test_an_order_linked_by_its_key_is_meant_to_differ",
            _is_linked,
        ),
        IntendedChange(
            "split child",
            "A part split off an order we know is kept as a part of it; the legacy workflows do not see whose part it "
            "is.",
            "test_a_split_child_is_meant_to_differ",
            _is_split_child,
        ),
        IntendedChange(
            "merge survivor",
            "The order into which one of ours was merged is taken in; the legacy workflows pass it over.",
            "test_a_merge_survivor_is_meant_to_differ",
            _is_merge_survivor,
        ),
        IntendedChange(
            "vanished",
            "An order that ShipStation has no more is closed, and the legacy workflows leave it open for good. Its "
            "last version may have been seen by one side only.",
            "test_an_order_that_vanished_is_meant_to_differ",
            _is_vanished,
        ),
        IntendedChange(
            GONE,
            "ShipStation was asked for the order by its id and has none: it was deleted, or merged into another one, "
            "before one of the two sides had come round.",
            "test_an_order_that_shipstation_has_no_more_is_meant_to_be_at_one_side",
            _is_gone,
        ),
    )
}


def may_be_gone(found: Found, about: Circumstances) -> bool:
    """Whether ShipStation's having the order no more would account for a difference; only it can tell."""
    return not about.is_gone and _is_gone(found, replace(about, is_gone=True))


def explanation(found: Found, about: Circumstances) -> Decision | None:
    """The intended change that accounts for a difference; None where none does."""
    for one in INTENDED.values():
        if one.accounts_for(found, about):
            return Decision("explained", one.name)
    return None
