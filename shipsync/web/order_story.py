"""The timeline of one order in words: facts of `store/timeline.py` in, sentences out, newest first.

Texts from outside are made harmless here (`words.plain`), because the page shows titles as Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shipsync.rules.routing import REASONS
from shipsync.store import timeline
from shipsync.store.cursor import Cursor
from shipsync.store.timeline import Held, History, Order, Parcel, Relative, Version
from shipsync.web import words

# What a route means to a person.
ROUTES = {
    "import": "taken in",
    "update": "",  # nothing to add: ours says the same from then on
    "link": "joined with the shop's order",
    "skip": "left alone",
    "conflict": "nothing overwritten, a person decides",
    "quarantine": "held for a person",
}
WITHOUT_LABEL = "marked as shipped, without a label bought in ShipStation"


@dataclass(frozen=True, slots=True)
class RawOf:
    """Where the raw record of an event lies: arguments of the question in `store/timeline.py` that answers with it."""

    question: Literal["version", "parcel", "held"]
    arguments: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order."""

    key: str  # the same as long as the event is there
    happened_at: datetime
    title: str  # Markdown
    details: tuple[str, ...]  # Markdown, a paragraph each: why, and who did it
    icon: str  # Streamlit's name of a material icon
    raw: RawOf | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """One order with everything that is told of it."""

    order: Order
    events: tuple[Event, ...]  # newest first
    parcels: tuple[Parcel, ...]
    relatives: tuple[Relative, ...]


def whole(con: Cursor, order_key: str) -> Whole | None:
    """The order with all its facts, in one question; None if it never was here."""
    order = timeline.order(con, order_key)
    if order is None:
        return None
    facts = timeline.history(con, order)
    return Whole(order, tuple(story(order, facts)), facts.parcels, facts.relatives)


def story(order: Order, history: History) -> list[Event]:
    """Everything that is known to have happened to an order, newest first."""
    events = [
        *_imported(order, history),
        *_uploaded(order, history),
        *_versions(history),
        *(event for parcel in history.parcels for event in _parcel(parcel)),
        *(event for held in history.held for event in _held(held)),
        *(event for relative in history.relatives for event in _relative(order, relative)),
        *_closed(order, history),
    ]
    # Of two at one instant the one told first above came first.
    return [event for _, event in sorted(enumerate(events), key=lambda e: (e[1].happened_at, e[0]), reverse=True)]


def sent_with(carrier: str | None, service: str | None) -> str | None:
    """'UPS Ground'; most services name their carrier already."""
    if carrier and service and not service.lower().startswith(carrier.lower()):
        return f"{carrier}, {service}"
    return service or carrier


def _imported(order: Order, history: History) -> Iterator[Event]:
    if order.created_at is None or not order.order_key.startswith("shipsync:"):
        return
    names = " and ".join(words.plain(name) for name in history.import_files)
    where = f"from the shop's file {names}" if names else "from a file of the shop that was read again since"
    yield Event(
        "imported",
        order.created_at,
        f"Imported {where}",
        (
            _by(history.import_run),
            "The file's own record of an order is kept only while it is held; the file itself is in the folder of "
            "order files.",
        ),
        "upload_file",
    )


def _uploaded(order: Order, history: History) -> Iterator[Event]:
    tries = words.count(order.upload_attempts, "time")
    if order.uploaded_at is not None:
        refused = f"ShipStation had refused it {tries} before." if order.upload_attempts else ""
        details = tuple(one for one in (refused, _by(history.upload_run)) if one)
        yield Event("uploaded", order.uploaded_at, "Uploaded to ShipStation", details, "cloud_upload")
    elif order.upload_error is not None and order.updated_at is not None:
        yield Event(
            "refused",
            order.updated_at,
            f"ShipStation refused it, {tries} so far",
            (f"It said: {words.plain(order.upload_error)}",),
            "error",
        )
    if order.claimed_at is not None and order.uploaded_at is None:
        told = (
            f"Run {order.claimed_by} has it." if order.claimed_by else "What came of it is not known yet; it is asked."
        )
        yield Event("claimed", order.claimed_at, "On its way to ShipStation", (told,), "hourglass_empty")


def _versions(history: History) -> Iterator[Event]:
    before: str | None = None
    for version in history.versions:
        status = words.plain(version.shipstation_status.replace("_", " "))
        change = status if before in (None, status) else f"{before} → {status}"
        before = status
        yield Event(
            f"version_{version.modified_at.isoformat()}",
            version.modified_at,
            f"ShipStation: {', '.join(one for one in (change, ROUTES.get(version.route, version.route)) if one)}",
            (REASONS.get(version.reason, version.reason), f"Seen {words.moment(version.seen_at)} by {version.run_id}."),
            _version_icon(version),
            RawOf("version", (version.reading_id, version.page_no)),
        )


def _version_icon(version: Version) -> str:
    if version.route in ("conflict", "quarantine"):
        return "report"
    icons = {"shipped": "local_shipping", "on_hold": "pause_circle", "cancelled": "block"}
    return icons.get(version.shipstation_status, "sync")


def _parcel(parcel: Parcel) -> Iterator[Event]:
    if parcel.created_at is None:
        return
    raw = RawOf("parcel", (parcel.kind, parcel.parcel_id))
    number = words.plain(parcel.tracking_number or "no tracking number")
    sent = words.plain(sent_with(parcel.carrier, parcel.service) or "carrier not told")
    holds = f"It holds {words.plain(parcel.items)}." if parcel.items else "It carries no items that we know of."
    if parcel.kind == "shipment":
        what = "Return label bought" if parcel.is_return_label else "Label bought"
        details = (holds, f"Label {parcel.parcel_id}, {sent}, {_money(parcel)}.")
    else:
        what = f"{WITHOUT_LABEL[0].upper()}{WITHOUT_LABEL[1:]}"
        details = (holds, f"Fulfillment {parcel.parcel_id}, {sent}.")
    yield Event(
        f"{parcel.kind}_{parcel.parcel_id}", parcel.created_at, f"{what}: {number}", details, "local_shipping", raw
    )
    if parcel.voided_at is not None:
        yield Event(
            f"{parcel.kind}_{parcel.parcel_id}_voided",
            parcel.voided_at,
            f"Voided: {number}",
            (f"{parcel.parcel_id} no longer counts: its items are back and it costs nothing.",),
            "cancel",
            raw,
        )


def _money(parcel: Parcel) -> str:
    cost = words.UNKNOWN if parcel.cost is None else f"{parcel.cost:,.2f} USD"
    return f"{cost} and {parcel.insurance_cost:,.2f} USD insurance" if parcel.insurance_cost else cost


def _held(held: Held) -> Iterator[Event]:
    raw = RawOf("held", (held.kind, held.entity_id)) if held.has_raw else None
    key = f"{held.kind}_{held.entity_id}"
    what = "Held for a person" if held.is_held else "Shown to a person"
    tried = (
        f"Tried {words.count(held.tries, 'time')}, last {words.moment(held.last_seen_at)}." if held.tries > 1 else ""
    )
    details = tuple(one for one in (words.plain(held.detail), tried) if one)
    yield Event(f"{key}_held", held.first_seen_at, f"{what}: {_reason(held)}", details, "report", raw)
    if held.resolved_at is not None:
        yield Event(
            f"{key}_resolved",
            held.resolved_at,
            f"Settled: {_reason(held)}",
            (f"How: {words.plain(held.resolution or 'not told')}.",),
            "task_alt",
        )


def _reason(held: Held) -> str:
    return words.plain(held.reason.replace("_", " "))


def _relative(order: Order, relative: Relative) -> Iterator[Event]:
    """When it is told: a parent is not, because the first version tells of the split."""
    if relative.since is None:
        return
    number = words.plain(relative.order_number or f"ShipStation order {relative.shipstation_order_id}")
    title, icon = {
        "part": (f"Split: a part went into {number} (id {relative.shipstation_order_id})", "call_split"),
        "merged_into": (f"Merged into {number} (id {relative.shipstation_order_id})", "merge"),
        "merged_from": (f"{number} was merged into this order", "merge"),
    }[relative.relation]
    detail = "What it held stands in that order now." if relative.relation == "merged_into" else "See Related orders."
    yield Event(f"{relative.relation}_{relative.shipstation_order_id}", relative.since, title, (detail,), icon)


def _closed(order: Order, history: History) -> Iterator[Event]:
    """What was closed here without ShipStation saying so, and what was cleaned up."""
    is_told = bool(history.versions) and history.versions[-1].shipstation_status == "cancelled"
    is_merged = any(one.relation == "merged_into" for one in history.relatives)
    if order.removed_at is None and order.status == "cancelled" and order.updated_at and not (is_told or is_merged):
        why = words.plain(order.status_reason or "no reason was recorded")
        yield Event("closed", order.updated_at, "Cancelled here", (f"Why: {why}.",), "block")
    if order.removed_at is not None:
        yield Event(
            "cleaned_up",
            order.removed_at,
            "Cleaned up: it left the inbox",
            (
                f"It was {order.status.replace('_', ' ')} and had not changed for 60 days. What left the house, and "
                "what was seen of it at ShipStation, stays; its address and its ordered lines do not.",
            ),
            "inventory_2",
        )


def _by(run_id: str | None) -> str:
    return f"Run {run_id}." if run_id else "Which run it was is not kept."
