"""The workflows: how each stands, live; and its switch and interval, which stand still while somebody uses them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from shipsync import runtime
from shipsync.desk.here import SYNC
from shipsync.jobs.schedule import NIGHTLY
from shipsync.store import deployment, marks, runs, workflows
from shipsync.store.cursor import Cursor
from shipsync.store.runs import RunLine
from shipsync.store.workflows import Control
from shipsync.web import actions, words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

LONGEST_MINUTES = 24 * 60
COLUMNS = (
    Column("workflow", "Workflow"),
    Column("status", "Last run", "state"),
    Column("ended", "When"),
    Column("took", "Took"),
    Column("records", "Records", "number", help="Read from ShipStation or the shop's files, or written, in that run."),
    Column("did", "What it did", width=330),
    Column("next", "Next"),
)
MARK_COLUMNS = (
    Column("what", "What"),
    Column("through", "Complete through", "instant", help="Everything that changed before was read and is in."),
    Column("newest", "Newest change", "instant", help="The newest change of an order that is in."),
    Column("asked_at", "Last asked", "instant"),
)
_LISTS = {
    "shipments": "Labels",
    "voids": "Voided labels",
    "fulfillments": "Marks as shipped",
    "orders awaiting_shipment": "Count of the orders awaiting shipment",
    "orders awaiting_payment": "Count of the orders awaiting payment",
    "orders on_hold": "Count of the orders on hold",
}
# Under this name a session remembers which workflow it is asked to switch off.
_SWITCHING_OFF = "workflows_switching_off"
# And for which one the answer was yes.
_CONFIRMED = "workflows_confirmed"
# How often a switch was kept on after all.
_KEPT_ON = "workflows_kept_on"


def workflow_table() -> None:
    """One row per workflow. Drawn inside a caller's timer fragment."""
    app = runtime.app()
    now = app.now()
    newest = ask(runs.newest_of_each)
    rows = [
        _row(control, newest.get(control.workflow), app.schedule.next_at(control.workflow), now)
        for control in _controls(deployment.controls_in_force)
    ]
    table(rows, COLUMNS, key="workflows_table", file="workflows", empty="No workflow is known yet.", height="content")


def mark_table() -> None:
    """How far each list of ShipStation has been read. Drawn inside a caller's timer fragment."""
    rows: list[dict[str, object]] = [
        {
            "what": "Orders" if workflow == SYNC else f"Orders, {workflow_words.title(workflow)}",
            "through": mark.complete_through,
            "newest": mark.last_sync_timestamp,
            "asked_at": mark.complete_through,
        }
        for workflow, mark in ask(marks.all_marks).items()
    ]
    lists = ask(marks.feed_marks, SYNC)
    rows += [
        {"what": said, "through": lists[name][0], "newest": None, "asked_at": lists[name][1]}
        for name, said in _LISTS.items()
        if name in lists
    ]
    table(
        rows,
        MARK_COLUMNS,
        key="workflows_marks",
        file="marks",
        empty="Nothing has been read yet. The first sync reads 30 days back.",
        height="content",
    )


def switches() -> None:
    """Each workflow's switch and interval. On takes effect at once; off asks once."""
    is_admin = may(Role.ADMIN)
    confirmed = st.session_state.pop(_CONFIRMED, None)
    if confirmed is not None:
        actions.switch(confirmed, enabled=False)
    for control in _controls():
        with st.container(horizontal=True, vertical_alignment="center"):
            key = _switch_key(control)
            st.toggle(
                workflow_words.title(control.workflow),
                value=control.enabled,
                key=key,
                on_change=_switched,
                args=(control.workflow, key),
                disabled=not is_admin,
                help=f"{control.description}. Set by {control.updated_by}, {words.moment(control.updated_at)}.",
                width=280,
            )
            if control.interval_minutes is None:
                st.caption(_hour(control.workflow), width="content")
            else:
                _interval(control, is_admin=is_admin)
        if control.enabled and st.session_state.get(_SWITCHING_OFF) == control.workflow:
            _ask_to_switch_off(control.workflow)


def _switch_key(control: Control) -> str:
    """A switch is a new widget whenever it has to stand otherwise than a person left it: changed elsewhere, kept on."""
    return f"workflows_on_{control.workflow}_{control.enabled}_{st.session_state.get(_KEPT_ON, 0)}"


def _interval(control: Control, *, is_admin: bool) -> None:
    key = f"workflows_every_{control.workflow}"
    # As it is now: somebody may have set it elsewhere.
    st.session_state[key] = control.interval_minutes
    st.caption("every", width="content")
    st.number_input(
        f"Minutes between two runs of {workflow_words.title(control.workflow)}",
        min_value=1,
        max_value=LONGEST_MINUTES,
        step=1,
        key=key,
        on_change=_interval_set,
        args=(control.workflow,),
        disabled=not is_admin,
        label_visibility="collapsed",
        width=130,
    )
    st.caption("min", width="content")


def _controls(question: Callable[[Cursor], list[Control]] = workflows.all_controls) -> list[Control]:
    """The one that everything hangs on first, then as the work goes. As they are set, or as `question` tells them."""
    order = list(workflow_words.WORKFLOWS)
    known = ask(question)
    return sorted(known, key=lambda one: order.index(one.workflow) if one.workflow in order else len(order))


def _row(control: Control, run: RunLine | None, next_at: datetime | None, now: datetime) -> dict[str, object]:
    return {
        "workflow": workflow_words.title(control.workflow),
        "status": run.status if run else None,
        "ended": words.ago(run.finished_at or run.started_at, now) if run else "never",
        "took": workflow_words.took(run.took) if run else words.UNKNOWN,
        "records": workflow_words.records_of(run) if run else None,
        "did": workflow_words.deeds_of(run) if run else None,
        "next": words.until(next_at, now) if control.enabled else "switched off",
    }


def _hour(workflow: str) -> str:
    at = NIGHTLY.get(workflow)
    return f"nightly at {at:%H:%M}" if at is not None else "when asked"


def _switched(workflow: str, key: str) -> None:
    if not st.session_state[key]:
        st.session_state[_SWITCHING_OFF] = workflow
    elif st.session_state.pop(_SWITCHING_OFF, None) != workflow:
        actions.switch(workflow, enabled=True)


def _interval_set(workflow: str) -> None:
    minutes = int(st.session_state[f"workflows_every_{workflow}"])
    if any(one.workflow == workflow and one.interval_minutes != minutes for one in _controls()):
        actions.set_interval(workflow, minutes)


def _confirm(workflow: str) -> None:
    st.session_state.pop(_SWITCHING_OFF, None)
    st.session_state[_CONFIRMED] = workflow


def _keep_on() -> None:
    st.session_state.pop(_SWITCHING_OFF, None)
    st.session_state[_KEPT_ON] = st.session_state.get(_KEPT_ON, 0) + 1


def _ask_to_switch_off(workflow: str) -> None:
    """Ask once, below the switch.

    Not in a dialog: the switch is drawn anew after the answer, and what is new while a dialog closes may stay dead
    to every press until the page is reloaded (seen in one of six tries on a busy machine, Streamlit 1.67).
    """
    known = workflow_words.WORKFLOWS.get(workflow)
    with st.container(border=True):
        st.markdown(f"**Switch off {workflow_words.title(workflow)}?** It comes no more until it is on again.")
        if known is not None and known.off:
            st.markdown(known.off)
        with st.container(horizontal=True):
            st.button("Switch off", type="primary", key="workflows_off", on_click=_confirm, args=(workflow,))
            st.button("Keep it on", key="workflows_keep", on_click=_keep_on)
