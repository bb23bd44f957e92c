"""Of one record that differs: what ShipStation answered, and how each side came to its value, beside each other.

Everything is read as of the newest comparison, and only where somebody looks: a page of answers is unpacked for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import streamlit as st

from shipsync import runtime
from shipsync.procedures import parity as procedure
from shipsync.procedures import parity_replay
from shipsync.rules.deployment import MAIN, SHADOW
from shipsync.rules.parity_fields import AGGREGATE, ENTITIES
from shipsync.rules.routing import REASONS
from shipsync.store import parity_page, parity_results, timeline
from shipsync.store.cursor import Cursor
from shipsync.store.deployment import state_of
from shipsync.store.lanes import lanes
from shipsync.store.parity_page import LegacyReading, Record, Written
from shipsync.store.parity_results import Difference
from shipsync.store.timeline import Raw, Version
from shipsync.web import actions, words
from shipsync.web.answers import ask
from shipsync.web.order_story import ROUTES
from shipsync.web.parity_words import field_words
from shipsync.web.raw_record import raw_record
from shipsync.web.roles import Role, may

_VERSIONS_SHOWN = 6
RECORDS: Mapping[str, str] = {"order": "order", "shipment": "label", "fulfillment": "mark as shipped"}

# How the legacy workflows come to what they write of a record (store/legacy.py), for a person.
_TAKEN = (
    "manual-order-sync takes in orders with a manual number and a key product that the shop has not sent; status-sync "
    "looks at every order that is here already and has changed within seven days."
)
_FROM_PARCELS = "Both tell what has left from the labels and marks as shipped that stand, whichever wrote them last."
LEGACY_RULES: Mapping[str, str] = {
    "order": f"{_TAKEN} The status is ShipStation's word. Carrier, service and tracking number are those of the first "
    "parcel that has left, and before that the order's own.",
    "order_item": f"{_TAKEN} The items of a manual order are the lines of its newest version; those of a shop order "
    "stay as the shop sent them.",
    "shipped_order": f"{_FROM_PARCELS} Date, carrier and tracking number are those of the first of them.",
    "shipped_item": f"{_FROM_PARCELS} What a parcel holds is what it says itself; where it says nothing, the lines of "
    "the order that no other parcel holds.",
    "shipment": "status-sync reads the labels that were bought or voided within seven days, and keeps those of orders "
    "that are here. Of two answers the one read last counts.",
    "fulfillment": "status-sync reads the marks as shipped of seven days, and keeps those of orders that are here. Of "
    "two answers the one read last counts.",
}


@dataclass(frozen=True, slots=True)
class _Lanes:
    """Where both sides keep what they know now. None: that side does nothing, and has nothing."""

    control: str | None
    candidate: str | None


def paths_and_records(one: Difference) -> None:
    """Both rule paths, then each raw record to be opened."""
    if one.entity == AGGREGATE:
        st.caption("A sum of many records: no single rule and no single answer stands behind it.")
        return
    at = _lanes(ask(state_of), ask(lanes))
    if one.mode in ("replay", "noise"):
        st.caption("A replay's own tables are dropped after it. Below is what both sides know of the record since.")
    owner = runtime.app().owner
    left, right = st.columns(2)
    with left:
        st.markdown("**How legacy came to it**")
        st.markdown("\n".join(f"- {line}" for line in _legacy_path(owner, one, at)))
    with right:
        st.markdown("**How the unified sync came to it**")
        st.markdown("\n".join(f"- {line}" for line in _unified_path(owner, one, at)))
    if one.order_id is not None and (asked := ask(parity_results.asked_for, one.order_id)) is not None:
        has = "has none: it was deleted, or merged into another one" if asked[1] else "has it"
        st.caption(f"ShipStation was asked for order {one.order_id} {words.moment(asked[0])}, and {has}.")
    if at.candidate is None:
        return
    for record in _records_behind(owner, one.run_id, one, at.candidate):
        _raw(owner, one, at.candidate, record)
    if one.order_id is not None:
        _replay(one.order_id)


def _replay(order_id: int) -> None:
    """The press that replays this order alone, and what the last such replay has found."""
    if may(Role.OPERATOR):
        st.button(
            "Replay this order now",
            key=f"parity_replay_{order_id}",
            type="tertiary",
            icon=":material/replay:",
            on_click=_press_replay,
            args=(order_id,),
            help="What ShipStation answered of it in the last 30 days is given to both sides once more, and only that.",
        )
    found = ask(parity_page.replayed_order, order_id)
    if found is None:
        return
    when = f"Replayed alone {words.moment(found.finished_at)}: "
    if not found.differs:
        st.markdown(f"{when}on the same answers both sides come to the same, so it is no difference of rules.")
        return
    st.markdown(f"{when}on the same answers the two sides still differ.")
    st.markdown("\n".join(
        f"- {field_words(entity, name)}: {_side(control)} against {_side(candidate)}"
        for entity, name, control, candidate in found.differs
    ))  # fmt: skip


def _press_replay(order_id: int) -> None:
    actions.press(parity_replay.WORKFLOW, {"order_id": order_id})


def _side(value: str | None) -> str:
    return "nothing" if value is None else words.plain(value) or "empty text"


def _raw(owner: str, one: Difference, lane: str, record: Record) -> None:
    name = f"{RECORDS[record.kind]} {record.record_id}"
    key = f"parity_raw_{one.entity}_{record.kind}_{record.record_id}"
    with st.expander(f"What ShipStation answered: {name}", key=key, on_change="rerun") as shell:
        if shell.open:
            raw = _newest_answer(owner, one.run_id, one, lane, record)
            if raw is None:
                st.caption(f"No page that the unified sync has kept holds {name}.")
            else:
                raw_record(raw)


# How each side came to it, a line each


def _unified_path(owner: str, one: Difference, at: _Lanes) -> Iterator[str]:
    """The routes of the order's versions, the newest first."""
    if at.candidate is None:
        yield "The unified sync does nothing in this state."
        return
    if one.order_id is None:
        yield "It belongs to no order, so nothing was routed. Its own record tells it."
        return
    versions = _versions(owner, one.run_id, one.order_id, at.candidate)
    if not versions:
        yield f"It has never seen a version of ShipStation order {one.order_id}."
    for version in reversed(versions[-_VERSIONS_SHOWN:]):
        route = ROUTES.get(version.route) or "followed"
        yield (
            f"Version {words.moment(version.modified_at)}, {words.signed(version.shipstation_status)}: **{route}**. "
            f"{REASONS.get(version.reason, words.plain(version.reason))} "
            f"Seen {words.moment(version.seen_at)} by {words.plain(version.run_id)}, page {version.page_no}."
        )
    if len(versions) > _VERSIONS_SHOWN:
        yield f"{words.count(len(versions) - _VERSIONS_SHOWN, 'older version')} before that."


def _legacy_path(owner: str, one: Difference, at: _Lanes) -> Iterator[str]:
    """Which run wrote the record, as far as its rows tell; its rule; and what the rule says to the raw record."""
    yield LEGACY_RULES[one.entity]
    if at.control is None:
        yield "The legacy workflows do nothing in this state."
    else:
        rows = _written(owner, one.run_id, one, at.control)
        if not rows:
            yield "They have nothing of it, and keep no record of what they pass over or why."
        yield from (_row_words(row) for row in rows)
    if one.order_id is not None and at.candidate is not None:
        yield from _asked_anew(_legacy_reading(owner, one.run_id, one, at.candidate))


def _row_words(row: Written) -> str:
    name = ENTITIES[row.entity].label if row.entity in ENTITIES else row.entity
    version = f", of version {words.moment(row.version_at)}" if row.version_at is not None else ""
    first = ""
    if row.first_at is not None and row.first_at != row.last_at:
        first = f"first written {words.moment(row.first_at)} {_by(row.first_by)}, "
    return (
        f"{name.capitalize()} {row.key}{version}: {first}written last {words.moment(row.last_at)} {_by(row.last_by)}."
    )


def _by(runs: Iterable[str]) -> str:
    """The rows name no run: it is the one that was under way."""
    told = " or ".join(words.plain(one) for one in runs)
    return f"by {told}" if told else "by the import, the upload or a change of the deployment: no legacy run was on"


def _asked_anew(said: LegacyReading | None) -> Iterator[str]:
    if said is None:
        yield "No answer of the order is kept, so their rules cannot be asked what they say to it."
        return
    takes = "takes it, if the order is here" if said.status_sync is None else words.plain(said.status_sync)
    reason = said.manual_order_sync
    takes_in = "takes it in" if reason is None else f"leaves it out: {_reason_words(reason)}"
    yield f"Asked anew about what ShipStation answered: status-sync {takes}; manual-order-sync {takes_in}"


def _reason_words(reason: str) -> str:
    return "The shop has sent it." if reason == "ours" else REASONS.get(reason, words.plain(reason))


# Reads, each as of one comparison: every commit of a sync would have them made anew otherwise


@st.cache_data(max_entries=64, show_spinner=False)
def _records_behind(owner: str, run_id: str, one: Difference, lane: str) -> list[Record]:
    return parity_page.records_behind(_look_in(lane), one)


@st.cache_data(max_entries=32, show_spinner=False)
def _newest_answer(owner: str, run_id: str, one: Difference, lane: str, record: Record) -> Raw | None:
    return parity_page.newest_answer(_look_in(lane), record, one.version_at)


@st.cache_data(max_entries=64, show_spinner=False)
def _versions(owner: str, run_id: str, order_id: int, lane: str) -> list[Version]:
    return timeline.versions(_look_in(lane), order_id)


@st.cache_data(max_entries=64, show_spinner=False)
def _written(owner: str, run_id: str, one: Difference, lane: str) -> list[Written]:
    return parity_page.written(runtime.app().db.read(), lane, one.order_id, parity_page.own_record(one))


@st.cache_data(max_entries=64, show_spinner=False)
def _legacy_reading(owner: str, run_id: str, one: Difference, lane: str) -> LegacyReading | None:
    raw = parity_page.newest_answer(_look_in(lane), Record("order", one.order_id or 0), one.version_at)
    return parity_page.legacy_reading(runtime.app().db.read(), raw) if raw is not None else None


def _lanes(state: str, there: list[str]) -> _Lanes:
    """Where both sides keep what they know; of a state in which one alone works only that."""
    sides = procedure.sides_now(runtime.app().db.read())
    if sides is None:
        return _Lanes(MAIN, None) if state == "off" else _Lanes(None, MAIN)
    return _Lanes(sides.control, sides.candidate) if SHADOW in there else _Lanes(MAIN, None)


def _look_in(lane: str) -> Cursor:
    db = runtime.app().db
    return db.read() if lane == MAIN else db.read(lane)
