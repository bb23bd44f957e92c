"""The differences: by entity and field with what the orders have in common, down to one record side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from shipsync import runtime
from shipsync.procedures import parity as procedure
from shipsync.procedures.parity import Sides
from shipsync.rules.deployment import SHADOW
from shipsync.rules.parity_causes import Attributes, causes
from shipsync.rules.parity_fields import ENTITIES, RECORDS
from shipsync.rules.parity_intended import INTENDED
from shipsync.rules.parity_verdicts import Mode
from shipsync.store import parity_causes, parity_page, parity_results
from shipsync.store.lanes import lanes
from shipsync.store.parity_page import Group
from shipsync.store.parity_results import Difference
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.links import link
from shipsync.web.opening import open_here
from shipsync.web.parity_ignores import ask_for_rule
from shipsync.web.parity_paths import paths_and_records
from shipsync.web.parity_words import KINDS, VERDICTS, field_words
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

SHOWN = 200
RULES_ASKED = "parity_rules_asked"  # a session is to show the ignore rules next
_GROUP_COLUMNS = (
    Column("what", "What differs"),
    Column("confirmed", "Confirmed", "number", help=VERDICTS["confirmed"]),
    Column("suspect", "Suspect", "number", help=VERDICTS["suspect"]),
    Column("stale_input", "Stale input", "number", help=VERDICTS["stale-input"]),
    Column("ignored", "Ignored", "number", help=VERDICTS["ignored"]),
    Column("explained", "Explained", "number", help=VERDICTS["explained"]),
    Column("cause", "What the orders have in common", width=380),
    Column("first_seen_at", "First seen", "instant"),
)
_COLUMNS = (
    Column("key", "Record"),
    Column("verdict", "Verdict", "state"),
    Column("control", "Control (legacy)"),
    Column("candidate", "Candidate (unified)"),
    Column("rule", "Rule that decided"),
    Column("first_seen_at", "First seen", "instant"),
    Column("last_seen_at", "Last seen", "instant"),
)
_LOG_COLUMNS = (
    Column("mode", "Comparison"),
    Column("entity", "Entity"),
    Column("key", "Record"),
    Column("field", "Field"),
    Column("order_id", "ShipStation order"),
    Column("kind", "Category"),
    Column("control", "Control (legacy)"),
    Column("candidate", "Candidate (unified)"),
    Column("verdict", "Verdict", "state"),
    Column("rule", "Rule that decided"),
    Column("version_at", "Version", "instant"),
    Column("first_seen_at", "First seen", "instant"),
    Column("last_seen_at", "Last seen", "instant"),
    Column("confirmed_at", "Confirmed", "instant"),
    Column("gone_at", "Gone", "instant"),
    Column("seen", "Times seen", "number"),
    Column("run_id", "Run"),
)


def differences(mode: Mode) -> None:
    """What differs now, and below it the group or the record that the address names."""
    groups = ask(parity_page.groups, mode, _only_run(mode))
    told = _causes(mode, groups)
    _in_common(mode)
    opened = table(
        [_group_row(one, next(iter(said), None)) for one, said in zip(groups, told, strict=True)],
        _GROUP_COLUMNS,
        key="parity_groups",
        file="differences-by-field",
        empty="Nothing differs now.",
        opens=True,
        height="content",
    )
    if opened is not None:
        open_here(entity=groups[opened].entity, field=groups[opened].field or "whole", record="")
    entity, field = st.query_params.get("entity"), st.query_params.get("field")
    for group, said in zip(groups, told, strict=True):
        if (group.entity, group.field or "whole") == (entity, field):
            _group(mode, group, said)
    _whole_log(mode)


def _in_common(mode: Mode) -> None:
    """What all orders that differ without a reason have in common, as the newest comparison told it."""
    run = ask(parity_results.newest_run, mode)
    sentences = run.details.get("causes", ()) if run is not None else ()
    if sentences:
        st.markdown("**What the differing orders have in common**")
        st.markdown("\n".join(f"- {words.plain(one)}" for one in sentences))


def _group(mode: Mode, group: Group, said: Sequence[str]) -> None:
    """The records of one group, and the one that was opened side by side."""
    st.subheader(field_words(group.entity, group.field).capitalize())
    if said:
        st.markdown("\n".join(f"- {words.plain(one)}" for one in said))
    run_id = _only_run(mode)
    rows = ask(parity_page.records, mode, run_id, entity=group.entity, field_name=group.field, limit=SHOWN)
    opened = table(
        [_row(one) for one in rows],
        _COLUMNS,
        key="parity_records",
        file=f"differences-{group.entity}-{group.field or 'whole'}",
        empty="",
        all_rows=lambda: map(
            _row,
            parity_page.records(runtime.app().db.read(), mode, run_id, entity=group.entity, field_name=group.field),
        ),
        opens=True,
    )
    if len(rows) == SHOWN:
        st.caption(f"The {SHOWN} that were seen last; the CSV has all.")
    if opened is not None:
        open_here(record=rows[opened].key)
    asked = st.query_params.get("record")
    if asked:
        record = next((one for one in rows if one.key == asked), None)
        if record is None:
            st.info(f"{words.plain(asked)} does not differ in this any more, or is not among those listed.")
        else:
            _side_by_side(mode, record)


def _side_by_side(mode: Mode, one: Difference) -> None:
    """One record: both values, what decided, since when, how each side came to it, and what else its order has."""
    with st.container(border=True):
        known = ask(parity_page.order_named, one.order_id) if one.order_id is not None else None
        st.markdown(
            f"{words.state(one.verdict)} · **{words.plain(field_words(one.entity, one.field))}** · "
            f"{words.plain(one.key)}  \n{VERDICTS.get(one.verdict, '')}"
        )
        left, right = st.columns(2)
        left.caption("Control: the legacy workflows")
        left.code(_value(one.control), language=None, wrap_lines=True)
        right.caption("Candidate: the unified sync")
        right.code(_value(one.candidate), language=None, wrap_lines=True)
        st.markdown("  \n".join(_facts(one)))
        if known is not None:
            link("order", f"Order {words.plain(known[1])}", order=known[0])
        elif one.order_id is not None:
            st.caption(f"ShipStation order {one.order_id} is not in production, so it has no page.")
        if _may_be_ignored(one) and st.button(
            "Propose an ignore rule", key="parity_propose", type="tertiary", icon=":material/rule:"
        ):
            ask_for_rule(one)
            st.session_state[RULES_ASKED] = True
            st.rerun(scope="app")
        paths_and_records(one)
        if one.order_id is not None:
            _rest_of_order(mode, one)


def _may_be_ignored(one: Difference) -> bool:
    """Whether whoever looks may ask for a rule about it; one on keys, money or versions would be refused."""
    field = ENTITIES[one.entity].field(one.field) if one.entity in RECORDS else None
    return may(Role.OPERATOR) and field is not None and field.role == "value"


def _rest_of_order(mode: Mode, one: Difference) -> None:
    others = [
        other
        for other in ask(parity_page.records, mode, _only_run(mode), order_id=one.order_id, limit=SHOWN)
        if (other.entity, other.key, other.field) != (one.entity, one.key, one.field)
    ]
    if others:
        st.markdown(f"**What else differs of ShipStation order {one.order_id}**")
        rows = [_row(other) | {"what": field_words(other.entity, other.field)} for other in others]
        columns = (Column("what", "What differs"), *_COLUMNS)
        table(rows, columns, key="parity_order", file=f"differences-of-{one.order_id}", empty="", height="content")


def _facts(one: Difference) -> Iterable[str]:
    yield f"**What** {KINDS.get(one.kind, one.kind)}"
    sides = _sides(one.mode)
    if one.order_id is not None and sides is not None:
        known = _known_of(runtime.app().owner, one.run_id, sides, one.order_id)
        said = [f"{name} {words.plain(', '.join(sorted(values)))}" for name, values in known.items() if values]
        yield f"**Of the order** {' · '.join(said) or 'nothing is known any more'}"
    if one.rule is not None:
        meant = INTENDED.get(one.rule)
        yield f"**Rule that decided** {words.plain(one.rule)}{f': {meant.sentence}' if meant is not None else ''}"
    yield f"**Version** {words.moment(one.version_at)}"
    yield (
        f"**First seen** {words.moment(one.first_seen_at)} · **last** {words.moment(one.last_seen_at)} · in "
        f"{words.count(one.seen, 'comparison')}, last by {words.plain(one.run_id)}"
    )
    if one.confirmed_at is not None:
        yield f"**Confirmed** {words.moment(one.confirmed_at)}"


def _whole_log(mode: Mode) -> None:
    """The log of everything that ever differed, also what is gone, as a file."""
    newest = ask(parity_results.differences, [mode], limit=SHOWN)
    with st.expander("The log of every difference there was", key="parity_log", on_change="rerun") as shell:
        if shell.open:
            table(
                newest,
                _LOG_COLUMNS,
                key="parity_log_table",
                file="discrepancies",
                empty="Nothing has ever differed.",
                all_rows=lambda: parity_results.differences(
                    runtime.app().db.read(), ["live", "reverse", "replay", "noise"]
                ),
            )


def _group_row(one: Group, cause: str | None) -> Mapping[str, object]:
    return {
        "what": field_words(one.entity, one.field).capitalize(),
        "confirmed": one.confirmed,
        "suspect": one.suspect,
        "stale_input": one.stale_input,
        "ignored": one.ignored,
        "explained": one.explained,
        "cause": cause,
        "first_seen_at": one.first_seen_at,
    }


def _row(one: Difference) -> dict[str, object]:
    return {
        "key": one.key,
        "verdict": one.verdict,
        "control": one.control,
        "candidate": one.candidate,
        "rule": one.rule,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
    }


def _causes(mode: Mode, groups: Sequence[Group]) -> Sequence[tuple[str, ...]]:
    """Of each group what its orders have more often than all, in sentences. The lanes of a replay are gone by now."""
    run, sides = ask(parity_results.newest_run, mode), _sides(mode)
    if run is None or sides is None:
        return [() for _ in groups]
    asked = tuple(one.order_ids for one in groups)
    return _told_causes(runtime.app().owner, run.run_id, sides, asked)


@st.cache_data(max_entries=8, show_spinner=False)
def _told_causes(
    owner: str, run_id: str, sides: Sides, groups: tuple[tuple[int, ...], ...]
) -> tuple[tuple[str, ...], ...]:
    """As of one comparison: every commit of a sync would have it computed anew otherwise."""
    con = runtime.app().db.read()
    known = parity_causes.attributes_of(con, sides.control, sides.candidate, sorted(set().union(*groups)))
    everywhere, orders = parity_causes.attributes_everywhere(con, sides.control, sides.candidate)
    return tuple(
        tuple(one.sentence for one in causes([known[order_id] for order_id in ids], everywhere, orders))
        for ids in groups
    )


def _only_run(mode: Mode) -> str | None:
    """The newest replay, for only what it has seen differs; None where each comparison says what is gone."""
    run = ask(parity_results.newest_run, mode) if mode in ("replay", "noise") else None
    return run.run_id if run is not None else None


@st.cache_data(max_entries=64, show_spinner=False)
def _known_of(owner: str, run_id: str, sides: Sides, order_id: int) -> Attributes:
    """As of one comparison, too: both lanes are read through for it."""
    return parity_causes.attributes_of(runtime.app().db.read(), sides.control, sides.candidate, [order_id])[order_id]


def _sides(mode: Mode) -> Sides | None:
    """The lanes that are compared in a mode now; None where they are not there."""
    sides = procedure.sides_now(runtime.app().db.read())
    return sides if sides is not None and sides.mode == mode and SHADOW in ask(lanes) else None


def _value(text: str | None) -> str:
    return "(nothing)" if text is None else text or "(empty text)"
