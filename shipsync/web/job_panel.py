"""What stands where a button was: the job under way step by step, then what came of it, until the next one.

    @st.fragment(run_every=1.0, key="sync_live")
    def _live() -> None:
        job_panel("shipstation-sync", key="sync_job")

Drawn inside a caller's timer fragment: a few elements, cached reads, nothing that reruns the page.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from shipsync import runtime
from shipsync.rules.freshness import in_words
from shipsync.store import jobs as jobs_store
from shipsync.store.jobs import Job, JobStep, JobView
from shipsync.web import actions, words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.links import PAGES
from shipsync.web.roles import Role, may

_OPEN = ("queued", "running")


def job_panel(kind: str, *, key: str, idle: str = "", is_brief: bool = False) -> None:
    """The newest job of a kind: its place in the queue, its live steps, or its result. `idle`: said if there is none.

    `is_brief`: one line where it succeeded, for a page with several of them above what it is for. `key` begins the
    keys of the buttons in it, so that a page may hold several panels.
    """
    found = ask(jobs_store.newest_view, kind)
    if found is None:
        st.caption(idle or f"{workflow_words.title(kind)} has not run yet.")
        return
    if is_brief and found.job.status == "succeeded":
        st.markdown(_headline(found, runtime.app().now()))  # the colour of its state is too faint in a caption
    else:
        draw_job(found, key=key)


def draw_job(found: JobView, *, key: str, is_whole: bool = False) -> None:
    """One job, queued, running or ended, with Cancel or Retry. `is_whole`: on its own page, so with all its steps."""
    job, now = found.job, runtime.app().now()
    with st.container(border=True, gap="small"):
        st.markdown(_headline(found, now))
        if found.steps and (is_whole or job.status != "succeeded"):
            st.markdown("  \n".join(_step_line(job, one, now) for one in found.steps))
        running = next((one for one in found.steps if one.status == "running"), None)
        if job.status == "running" and running is not None and running.total:
            done = min(running.done or 0, running.total)
            st.progress(done / running.total, text=f"{done:,} of {running.total:,}")
        if job.error and job.status not in _OPEN:
            st.markdown(words.plain(job.error))
        with st.container(horizontal=True, vertical_alignment="center"):
            _button(job, key)
            if not is_whole:
                # A link in the text would open another tab.
                st.page_link(
                    PAGES / "jobs.py", label=job.job_id, icon=":material/list_alt:", query_params={"job": job.job_id}
                )


def _headline(found: JobView, now: datetime) -> str:
    job = found.job
    asked = f"asked by {words.plain(workflow_words.asked_by(job.requested_by))}"
    title = f"**{workflow_words.title(job.kind)}**"
    if job.status == "queued":
        return f"{words.state('queued')} · {title}, {_place(found)} · {asked} {words.ago(job.requested_at, now)}"
    if job.status == "running":
        since = in_words(now - job.started_at) if job.started_at else words.UNKNOWN
        stopping = "stops after this step" if job.cancel_requested else f"for {since}"
        return f"{words.state('running')} · {title}, {stopping} · {asked}"
    ended = f"{words.ago(job.finished_at, now)} ({words.clock(job.finished_at)})"
    span = job.finished_at - job.started_at if job.finished_at and job.started_at else None
    after = f" · took {workflow_words.took(span)}" if span is not None else ""
    came_of_it = f": {result_sentence(found)}" if job.status == "succeeded" else ""
    return f"{words.state(job.status)} · {title}{came_of_it} · {ended}{after} · {asked}"


def result_sentence(found: JobView) -> str:
    """What an ended job did, in a few words."""
    result = found.job.result or {}
    if result.get("disabled"):
        return "it is switched off, so nothing was done"
    if result.get("sentence"):  # of a closing, as it stands on its page
        return words.plain(str(result["sentence"]))
    return words.plain(workflow_words.figures(found.counts, found.job.kind))


def _place(found: JobView) -> str:
    if not found.ahead:
        return "next in line"
    behind = ", ".join(workflow_words.title(kind) for kind in found.ahead)
    return f"number {len(found.ahead) + 1} in line, behind {behind}"


def _step_line(job: Job, step: JobStep, now: datetime) -> str:
    sign, colour = words.SIGNS.get(step.status, ("", "gray"))
    line = f":{colour}[{sign}] {workflow_words.step(job.kind, step.name)}"
    if step.status == "running" and (detail := runtime.app().waits_for() or step.detail):
        line += f" · {words.plain(detail)}"
    if step.started_at is not None:
        span = (step.finished_at or now) - step.started_at
        line += f" · {workflow_words.took(span) if step.finished_at else in_words(span)}"
    # A sign alone is no word: what is neither done nor waiting says so.
    return line if step.status in ("succeeded", "waiting", "running") else f"{line} · {step.status}"


def _button(job: Job, key: str) -> None:
    """Cancel or Retry. Not by a callback: in a fragment, what a callback draws takes the place of the whole page."""
    if not may(Role.OPERATOR):
        return
    if job.status in _OPEN:
        is_asked = job.cancel_requested
        if st.button(
            "Stopping" if is_asked else "Cancel",
            key=f"{key}_cancel",
            disabled=is_asked,
            help="A running job stops after its step; what was finished before stays.",
        ):
            actions.cancel(job.job_id)
    elif job.status != "succeeded" and st.button(
        "Retry", key=f"{key}_retry", help="The same job again; steps that are done are not repeated."
    ):
        actions.retry(job.job_id)
