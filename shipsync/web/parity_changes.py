"""Every change of the deployment so far: who made it and why, and the gates and marks as they stood."""

from __future__ import annotations

import json
from collections.abc import Mapping

import streamlit as st

from shipsync.rules.deployment import NAMES
from shipsync.store import deployment
from shipsync.store.deployment import Changed
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.opening import open_here
from shipsync.web.tables import Column, table

_COLUMNS = (
    Column("change_no", "Change", "number"),
    Column("changed_at", "When", "instant"),
    Column("what", "From and to"),
    Column("changed_by", "By"),
    Column("reason", "Reason", width=380),
    Column("evidence_hash", "Evidence", help="sha256 of the gates as they stood."),
)


def changes_list() -> None:
    """The changes, the newest first, and the one that the address names with its evidence."""
    known = ask(deployment.changes)
    opened = table(
        [_row(one) for one in known],
        _COLUMNS,
        key="parity_changes",
        file="deployment-changes",
        empty="The deployment has never been changed.",
        opens=True,
        height="content",
    )
    if opened is not None:
        open_here(change=str(known[opened].change_no))
    asked = st.query_params.get("change")
    for one in known:
        if str(one.change_no) == asked:
            _evidence(one)


def _evidence(one: Changed) -> None:
    with st.container(border=True):
        st.markdown(
            f"**Change {one.change_no}**: {_from_to(one)}, {words.moment(one.changed_at)}, by "
            f"{words.plain(one.changed_by)}  \n{words.plain(one.reason)}"
        )
        gates = json.loads(one.evidence)
        if gates:
            st.markdown(
                "  \n".join(
                    f"{words.state(gate['result'])} · **{words.plain(gate['name'])}**: {words.plain(gate['words'])}"
                    for gate in gates
                )
            )
        else:
            st.caption("No gate stands before this change.")
        st.caption(f"sha256 of this evidence: {one.evidence_hash}")
        with st.expander("Every mark as it was before the change", key="parity_marks", on_change="rerun") as shell:
            if shell.open:
                st.code(json.dumps(json.loads(one.marks), indent=2), language="json", wrap_lines=True)


def _row(one: Changed) -> Mapping[str, object]:
    return {
        "change_no": one.change_no,
        "changed_at": one.changed_at,
        "what": _from_to(one),
        "changed_by": one.changed_by,
        "reason": one.reason,
        "evidence_hash": one.evidence_hash[:12],
    }


def _from_to(one: Changed) -> str:
    return f"{NAMES[one.before]} → {NAMES[one.after]}"
