"""Runs with what they said: on the page of a job, and under the history of runs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from shipsync.store.runs import Run
from shipsync.web import words, workflow_words


def run_logs(attempts: Sequence[Run], *, key: str) -> None:
    """Each run with its figures and its log, the newest open. Drawn inside a caller's timer fragment."""
    for place, run in enumerate(attempts):
        with st.expander(_heading(run), expanded=place == 0, key=f"{key}_{run.run_id}"):
            run_log(run, key=f"{key}_{run.run_id}")


def run_log(run: Run, *, key: str) -> None:
    """One run: its figures, why it failed if it did, its log, and the log as a text file."""
    if run.error:
        st.markdown(words.plain(run.error))
    if run.counts:
        st.markdown(words.plain(workflow_words.figures(run.counts, run.workflow, all_of_them=True)))
    if run.mark_from != run.mark_to:
        st.markdown(f"Complete through {words.moment(run.mark_from)} before, {words.moment(run.mark_to)} after.")
    if not run.log:
        st.caption("It has said nothing yet." if run.status == "running" else "It said nothing.")
        return
    text = "\n".join(run.log)
    st.code(text, language=None, height=min(320, 40 + 22 * len(run.log)))
    st.download_button(
        "Log as text",
        text,
        f"shipsync-log-{run.run_id}.txt",
        "text/plain",
        key=f"{key}_text",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help="Times are UTC.",
    )


def _heading(run: Run) -> str:
    took = workflow_words.took(run.finished_at - run.started_at) if run.finished_at else "still running"
    return f"{words.state(run.status)} · {run.run_id} · {words.moment(run.started_at)} · {took}"
