"""Sync: press it, see how far everything is, steer the workflows, and mend what is held."""

import streamlit as st

from shipsync import runtime
from shipsync.desk.here import SYNC
from shipsync.store import deployment, quarantine, runs
from shipsync.web import actions, words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.backfill_form import backfill_form
from shipsync.web.job_panel import job_panel
from shipsync.web.links import PAGES
from shipsync.web.opening import open_here
from shipsync.web.quarantine_list import quarantine_list, take_over_dialog
from shipsync.web.roles import Role, may, require
from shipsync.web.run_logs import run_log
from shipsync.web.sync_charts import PERIODS, reasons_chart, requests_chart
from shipsync.web.tables import Column, table
from shipsync.web.workflow_table import mark_table, switches, workflow_table

VIEWS = ("Workflows", "Quarantine", "Routing", "Runs", "Backfill")
ANY = "any workflow"
RUNS_SHOWN = 100
RUN_COLUMNS = (
    Column("run_id", "Run"),
    Column("status", "State", "state"),
    Column("started_at", "Began", "instant"),
    Column("took", "Took"),
    Column("records", "Records", "number"),
    Column("requests", "Requests", "number"),
    Column("did", "What it did", width=420),
)

require(Role.VIEWER)


def _press() -> None:
    for sync in ask(deployment.production_syncs):
        actions.press(sync)


st.title("Sync")
if may(Role.OPERATOR):
    st.button(
        "Sync now",
        type="primary",
        key="sync_now",
        icon=":material/sync:",
        on_click=_press,
        help="Reads what changed at ShipStation since the mark. A sync that is under way is joined.",
    )


@st.fragment(run_every=1.0, key="sync_live")
def _live() -> None:
    job_panel(SYNC, key="sync_job", idle="No sync has run yet. The first one reads 30 days back.")
    if st.session_state.get("view", st.query_params.get("view")) == "Quarantine":  # which lists them
        return
    groups = ask(quarantine.open_groups)
    held = sum(group.count for group in groups if group.held)
    notes = sum(group.count for group in groups if not group.held)
    said = []
    if held:
        said.append(f"{words.count(held, 'record')} held back")
    if notes:
        said.append(f"{words.count(notes, 'record')} to look at")
    if said:
        # No link: one to the page itself leaves its address as it was, for the next reload.
        label = f":orange[▲ {', '.join(said)}]: see Quarantine"
        if st.button(label, key="sync_see", type="tertiary", icon=":material/chevron_right:"):
            st.session_state["sync_see_held"] = True
            st.rerun()


@st.fragment(run_every=2.0, key="sync_workflows")
def _workflows() -> None:
    workflow_table()
    st.subheader("How far everything has been read")
    mark_table()


@st.fragment(run_every=2.0, key="sync_runs")
def _runs(workflow: str | None) -> None:
    lines = ask(runs.latest_lines, workflow, None, RUNS_SHOWN)
    opened = table(
        [_line(run) for run in lines],
        RUN_COLUMNS,
        key="sync_runs_table",
        file="runs",
        empty="No run of this has begun yet.",
        all_rows=lambda: map(_line, runs.latest_lines(runtime.app().db.read(), workflow)),
        opens=True,
    )
    if opened is not None:
        open_here(run=lines[opened].run_id)


def _line(run: runs.RunLine) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "status": run.status,
        "started_at": run.started_at,
        "took": None if run.took is None else workflow_words.took(run.took),
        "records": workflow_words.records_of(run),
        "requests": run.requests,
        "did": workflow_words.deeds_of(run),
    }


@st.fragment(run_every=2.0, key="sync_run")
def _run(run_id: str) -> None:
    found = ask(runs.run, run_id)
    if found is None:
        st.info(f"There is no run {words.plain(run_id)}.")
        return
    with st.container(border=True):
        st.markdown(f"{words.state(found.status)} · **{found.run_id}** · began {words.moment(found.started_at)}")
        run_log(found, key="sync_run_log")
        if found.job_id is not None:
            st.page_link(PAGES / "jobs.py", label=f"Job {found.job_id}", query_params={"job": found.job_id})


_live()
# No segmented control: its chosen one is too faint in the dark for any accent that also carries white letters.
if st.session_state.pop("sync_see_held", False):
    st.session_state["view"] = "Quarantine"
view = st.radio("View", VIEWS, horizontal=True, key="view", bind="query-params", label_visibility="collapsed")
match view:
    case "Workflows":
        _workflows()
        st.subheader("Switches and intervals")
        switches()
        requests_chart()
    case "Quarantine":
        take_over_dialog()
        quarantine_list()
    case "Routing":
        period = st.radio("Period", list(PERIODS), horizontal=True, key="period", bind="query-params")
        reasons_chart(period)
    case "Runs":
        chosen = st.query_params.get("run")
        if chosen:
            _run(chosen)
        kinds = {workflow_words.title(kind): kind for kind in runtime.app().procedures}
        of = st.selectbox("Workflow", [ANY, *sorted(kinds)], key="workflow", bind="query-params", width=280)
        _runs(kinds.get(of))
    case "Backfill":
        backfill_form()
