"""What the workflows, their steps and their figures are called on screen. One table, so that each has one name.

A new workflow adds its entry to WORKFLOWS, and what it counts to FIGURES; what is missing here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shipsync.rules.freshness import in_words
from shipsync.rules.workflows import title as title
from shipsync.store.runs import RunLine
from shipsync.web import words


@dataclass(frozen=True, slots=True)
class Workflow:
    """The words for one workflow."""

    steps: Mapping[str, str] = field(default_factory=dict)  # by step name
    off: str = ""  # what switching it off means, as a sentence


WORKFLOWS: Mapping[str, Workflow] = {
    "shipstation-sync": Workflow(
        {
            "fetch orders": "Read changed orders",
            "fetch parcels": "Read labels, voids and marks as shipped",
            "fetch names": "Read names of carriers and services",
            "apply": "Write everything at once",
        },
        "Changes made at ShipStation stay unseen, and every number here grows old, until it is on again.",
    ),
    "status-sync": Workflow(
        {"sync": "Read the last seven days, then write everything at once"},
        "States, carriers and tracking numbers are brought in by the unified sync alone, if that is on.",
    ),
    "manual-order-sync": Workflow(
        {"sync": "Read manual orders, then write everything at once"},
        "Manual orders are brought in by the unified sync alone, if that is on.",
    ),
    "shipstation-upload": Workflow(
        {"settle": "Look for orders whose sending was cut off", "send": "Send waiting orders"},
        "New orders of the shop wait here and cannot be shipped until it is on again.",
    ),
    "xml-import": Workflow(
        {"files": "Read order files", "held": "Try held orders again"},
        "New orders of the shop stay in their files until it is on again.",
    ),
    "parity-check": Workflow(
        {
            "ask": "Ask ShipStation for orders that one side lacks",
            "compare": "Compare what both syncs have written",
        },
        "What a new sync does otherwise than the one in use stays unseen until it is on again.",
    ),
    "parity-replay": Workflow(
        {
            "lanes": "Make room beside production",
            "control": "Give the answers to the legacy workflows",
            "again": "Give them to the legacy workflows once more",
            "candidate": "Give them to the unified sync",
            "compare": "Compare what each has made of them",
            "clear": "Clear the room again",
        }
    ),
    "parity-drill": Workflow(
        {"rehearse": "Cut over and roll back on a copy of the database"},
        "A cut-over waits for somebody to have it rehearsed by hand until it is on again.",
    ),
    "orders-cleanup": Workflow(
        {"clean up": "Clear closed orders older than 60 days"},
        "Closed orders stay in the inbox until it is on again.",
    ),
    "backup": Workflow(
        {"copy and verify": "Copy the database and check the copy", "let go": "Delete the nightly copies of long ago"},
        "No new copy of the database is made until it is on again.",
    ),
    "load": Workflow({"load": "Check every line, then write"}),
    "backfill": Workflow(
        {
            "fetch orders": "Read the period's orders",
            "fetch parcels": "Read the period's labels, voids and marks as shipped",
            "apply": "Write everything at once",
        },
    ),
    "eod": Workflow(
        {
            "sync": "Read everything from ShipStation",
            "shipped": "Bring what was shipped into history and stock",
            "census": "Compare the day with ShipStation's own lists",
            "recalculate": "Recalculate stock and averages",
            "freeze": "Freeze what to expect on the shelf",
        },
    ),
    "eow": Workflow(
        {
            "day": "Close the day first",
            "weeks": "Count the units of every week anew",
            "stock": "Recalculate stock and averages",
            "report": "Freeze the report",
            "mail": "Send the report",
            "archive": "Keep its documents",
        },
    ),
    "eom": Workflow(
        {
            "week": "Close the week and the day first",
            "check": "Check the month",
            "charges": "Freeze the charges",
            "report": "Make the invoice",
            "mail": "Send the invoice",
            "archive": "Close the month",
        },
    ),
}

# What runs count: the thing, and what became of it. In this order they stand in a sentence.
FIGURES: Mapping[str, tuple[str, str]] = {
    "new": ("new order", ""),
    "imported": ("order", "imported"),
    "updated": ("order", "updated"),
    "linked": ("order", "joined with ShipStation's"),
    "shipped": ("shipped order", "refreshed"),
    "uploaded": ("order", "sent"),
    "refused": ("order", "refused by ShipStation"),
    "found at ShipStation": ("order", "found there already"),
    "merged away": ("order", "merged into others"),
    "vanished": ("order", "gone from ShipStation"),
    "withdrawn": ("order", "withdrawn"),
    "removed": ("order", "cleared"),
    "would be removed": ("order", "would be cleared"),
    "quarantined": ("record", "held for a person"),
    "conflicts": ("conflict", "for a person"),
    "skipped": ("order", "skipped"),
    "odd, but taken in": ("record", "taken in, but odd"),
    "freed": ("held record", "came in"),
    "still held": ("record", "still held"),
    "shipped without carrier": ("shipped order", "without a carrier"),
    "later": ("order", "left for the next time"),
    "frozen": ("order", "left as sent"),
    "tombstoned": ("order", "cleared before"),
    "taken over by hand": ("order", "left to be done by hand"),
    "superseded": ("older version", "passed over"),
    "fetched": ("order", "read"),
    "parcels fetched": ("parcel", "read"),
    "unchanged": ("order", "unchanged"),
    "seen twice in this run": ("order", "seen twice"),
    "files read": ("file", "read"),
    "files unchanged": ("file", "unchanged"),
    "files refused": ("file", "refused"),
    "files incomplete": ("file", "not complete yet"),
    "unreadable": ("record", "passed over as unreadable"),
    "names missing": ("list of names", "not answered"),
    "products changed": ("product", "changed"),
    "bundles changed": ("bundle", "changed"),
    "rates changed": ("rate", "changed"),
    "counts entered": ("count", "entered"),
    "weekly figures changed": ("weekly figure", "changed"),
    "rows left out": ("row", "not used, as shipsync counts those weeks itself"),
    "rows read": ("row", "read"),
    "rows": ("row", "copied and checked"),
    "orders shipped": ("order", "shipped"),
    "units shipped": ("unit", "shipped"),
    "SKUs updated": ("SKU", "updated"),
    "orders brought in step": ("order", "brought in step with stock"),
    "differences with ShipStation": ("difference", "with ShipStation"),
    "orders asked for": ("order", "that one side lacks looked up at ShipStation"),
    "keys compared": ("record", "compared"),
    "keys confirmed": ("record", "confirmed to differ"),
    "keys suspect": ("record", "suspected to differ"),
    "keys stale": ("record", "read in two versions"),
    "keys pending": ("record", "not read by both yet"),
    "keys transient": ("record", "equal after all"),
    "keys ignored": ("record", "ignored by a rule"),
    "keys explained": ("record", "meant to differ"),
    "orders rehearsed": ("order", "there in the rehearsal"),
    "lost": ("record", "lost in the rehearsal"),
    "broken": ("record", "that did not add up after the rehearsal"),
    "cutover ms": ("ms", "for the cut-over"),
    "rollback ms": ("ms", "for the rollback"),
    "requests": ("request", ""),
}
_MANY = {"list of names": "lists of names", "ms": "ms"}

# Said only in a run's details: they repeat what the others say, or say that nothing happened.
_MINOR = frozenset({"fetched", "parcels fetched", "unchanged", "seen twice in this run", "files unchanged", "skipped"})
# Counted whenever it looks, whether something happened or not.
_BESIDE = frozenset({"requests", "still held"})
# What else than "nothing new" is said of a run that came to nothing.
_CAME_TO_NOTHING: Mapping[str, str] = {
    "parity-check": "nothing compared",
    "parity-drill": "nothing rehearsed",
    "parity-replay": "nothing replayed",
}

# Which figures make up the records that a run went through.
_PROCESSED: Mapping[str, tuple[str, ...]] = {
    "shipstation-sync": ("fetched", "parcels fetched"),
    "status-sync": ("fetched", "parcels fetched"),
    "manual-order-sync": ("fetched",),
    "backfill": ("fetched", "parcels fetched"),
    "shipstation-upload": ("uploaded", "refused"),
    "xml-import": (
        "new",
        "updated",
        "unchanged",
        "frozen",
        "later",
        "tombstoned",
        "taken over by hand",
        "skipped",
        "quarantined",
    ),
    "parity-check": ("keys compared",),
    "parity-replay": ("keys compared",),
    "parity-drill": ("orders rehearsed",),
    "orders-cleanup": ("removed", "would be removed"),
    "backup": ("rows",),
    "load": ("rows read",),
    "eod": ("orders shipped",),
    "eow": ("units shipped",),
    "eom": ("lines",),
}

ASKED_BY: Mapping[str, str] = {
    "schedule": "the schedule",
    "command line": "the command line",
    # Jobs that another one has done within its own.
    "eod": "the end of the day",
    "eow": "the end of the week",
    "eom": "the end of the month",
}


def step(workflow: str, name: str) -> str:
    """A step's name on screen."""
    known = WORKFLOWS.get(workflow)
    return known.steps.get(name, name) if known is not None else name


def asked_by(name: str) -> str:
    """Who asked for a job, in a sentence."""
    return ASKED_BY.get(name, name)


def took(span: timedelta | None) -> str:
    """A duration: '0.4 s', '12 s', '3 min', or '–'."""
    if span is None:
        return words.UNKNOWN
    seconds = max(0.0, span.total_seconds())
    if seconds < 0.1:
        return "under 0.1 s"
    return f"{seconds:.1f} s" if seconds < 10 else in_words(span)


def figures(counts: Mapping[str, int], workflow: str = "", *, all_of_them: bool = False) -> str:
    """What a run did: '3 orders imported, 12 orders updated, 4 requests'; 'nothing new' where that is so.

    A comparison, a rehearsal or a replay brings nothing in: of these `workflow` has it say 'nothing compared'.
    """
    summed = _with_held_apart(_summed(counts))
    shown = {key: amount for key, amount in summed.items() if amount and (all_of_them or key not in _MINOR)}
    said = [_figure(key, shown[key]) for key in FIGURES if key in shown]
    said += [f"{key}: {shown[key]:,}" for key in sorted(shown.keys() - FIGURES.keys())]
    if not shown.keys() - _BESIDE:
        said.insert(0, _CAME_TO_NOTHING.get(workflow, "nothing new"))
    return ", ".join(said)


def processed(workflow: str, counts: Mapping[str, int]) -> int:
    """How many records a run went through."""
    summed = _summed(counts)
    return sum(summed.get(what, 0) for what in _PROCESSED.get(workflow, ()))


def records_of(run: RunLine) -> int | None:
    """How many records a run went through; None while nobody knows."""
    return None if run.status == "running" else processed(run.workflow, run.counts)


def deeds_of(run: RunLine) -> str:
    """What a run did, or why it did not."""
    return run.error or ("under way" if run.status == "running" else figures(run.counts, run.workflow))


def _summed(counts: Mapping[str, int]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for key, amount in counts.items():
        what = key.split(":")[0]  # 'skipped: no_key_sku' and the like count together
        summed[what] = summed.get(what, 0) + amount
    return summed


def _with_held_apart(summed: dict[str, int]) -> dict[str, int]:
    """Held records are tried again by every run, and counted as held anew: tell those from what is new."""
    tried = summed.pop("held, tried again", 0)
    left = tried
    for what in ("quarantined", "conflicts"):
        again = min(left, summed.get(what, 0))
        if again:
            summed[what] -= again
            left -= again
    return summed | {"still held": tried - left, "freed": left}


def _figure(key: str, amount: int) -> str:
    thing, what_became = FIGURES[key]
    return f"{words.count(amount, thing, _MANY.get(thing))} {what_became}".rstrip()
