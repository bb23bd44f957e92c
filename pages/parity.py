"""Parity: which sync writes production, whether another one would write the same, and the way from one to the other."""

import streamlit as st

from shipsync.desk.parity_records import ParitySummary
from shipsync.procedures import parity as procedure
from shipsync.procedures import parity_drill, parity_replay
from shipsync.rules.deployment import NAMES
from shipsync.rules.parity_verdicts import Mode
from shipsync.store import jobs as jobs_store
from shipsync.web import actions
from shipsync.web.answers import ask
from shipsync.web.job_panel import job_panel
from shipsync.web.parity_changes import changes_list
from shipsync.web.parity_charts import course_charts
from shipsync.web.parity_differences import RULES_ASKED, differences
from shipsync.web.parity_efficiency import efficiency
from shipsync.web.parity_ignores import ignore_rules
from shipsync.web.parity_press import change_dialog, change_said
from shipsync.web.parity_state import (
    figures,
    gate_list,
    newest_table,
    nothing_to_migrate,
    state_line,
    summary_now,
    trouble,
)
from shipsync.web.parity_words import MODES
from shipsync.web.roles import Role, may, require

VIEWS = ("Gates", "Differences", "Ignore rules", "Efficiency", "Changes")
_STATE = "parity_state_drawn"  # the state when the page was drawn as a whole
_MEANWHILE = "parity_changed_meanwhile"  # what somebody else has made of it, to be said once

require(Role.VIEWER)
st.title("Parity")


@st.fragment(run_every=5.0, key="parity_live")
def _live() -> None:
    told = summary_now()
    if told.state != st.session_state[_STATE]:
        st.session_state[_MEANWHILE] = f"{told.by or 'Somebody'} has changed it: it is {NAMES[told.state]} now."
        st.rerun()  # what stands below is of another state by now
    trouble(told)
    state_line(told)
    figures(told)


@st.fragment(run_every=5.0, key="parity_gates")
def _gates() -> None:
    told = summary_now()
    gate_list(told)
    st.subheader("The newest comparisons")
    newest_table(told)
    course_charts(told.mode)


@st.fragment(run_every=5.0, key="parity_differences")
def _differences(mode: Mode) -> None:
    differences(mode)


@st.fragment(run_every=5.0, key="parity_efficiency")
def _efficiency() -> None:
    efficiency(summary_now())


def _mode() -> Mode:
    """Of which comparisons: those that count in this state, or others of this migration that found something."""
    modes = [told.mode, *(one.mode for one in told.newest if one.mode != told.mode and one.matched < one.compared)]
    if len(modes) == 1:
        return told.mode
    return st.radio("Compared", modes, format_func=MODES.__getitem__, horizontal=True, key="of", bind="query-params")


@st.fragment(run_every=1.0, key="parity_jobs")
def _jobs() -> None:
    # While one side alone does the work, the schedule's comparisons have nothing to say.
    beside = (procedure.WORKFLOW, parity_drill.WORKFLOW) if told.works_beside else ()
    for kind in (*beside, parity_replay.WORKFLOW):
        if ask(jobs_store.newest_view, kind) is not None:
            job_panel(kind, key=kind.replace("-", "_"), is_brief=True)
    if _is_calm(summary_now()) != _is_calm(told):
        st.rerun()  # something has been compared


def _presses() -> None:
    with st.container(horizontal=True):
        if told.works_beside:
            st.button("Compare now", key="parity_compare", icon=":material/compare_arrows:", on_click=_compare)
            st.button(
                "Rehearse the cut-over",
                key="parity_drill_press",
                icon=":material/undo:",
                on_click=_rehearse,
                help="The newest backup is restored beside the database; in that copy the cut-over is made, and then "
                "the rollback. Production is not touched.",
            )
        st.button(
            "Replay the last 30 days",
            key="parity_replay_press",
            icon=":material/replay:",
            on_click=_replay,
            help="What ShipStation answered to the unified sync is given to both once more, and to legacy twice: what "
            "differs there is noise. ShipStation is not asked, and production is only read.",
        )


def _compare() -> None:
    actions.press(procedure.WORKFLOW)


def _rehearse() -> None:
    actions.press(parity_drill.WORKFLOW)


def _replay() -> None:
    actions.press(parity_replay.WORKFLOW)


def _is_calm(summary: ParitySummary) -> bool:
    """Whether there is nothing to tell but how it begins."""
    return summary.state == "done" and not summary.has_migrated and not summary.newest


told = summary_now()
st.session_state[_STATE] = told.state
if _MEANWHILE in st.session_state:
    st.toast(st.session_state.pop(_MEANWHILE), icon=":material/info:")
change_dialog()
change_said()
if _is_calm(told):
    nothing_to_migrate(told)
else:
    _live()
if may(Role.OPERATOR):
    _presses()
_jobs()
if not _is_calm(told):
    if st.session_state.pop(RULES_ASKED, False):
        st.session_state["view"] = "Ignore rules"
    # As on Sync: a segmented control's chosen one is too faint in the dark.
    match st.radio("View", VIEWS, horizontal=True, key="view", bind="query-params", label_visibility="collapsed"):
        case "Gates":
            _gates()
        case "Differences":
            _differences(_mode())
        case "Ignore rules":
            ignore_rules()
        case "Efficiency":
            _efficiency()
        case "Changes":
            changes_list()
