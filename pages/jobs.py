"""Jobs: what runs and waits, what was done, and one job from asking to log."""

import json

import streamlit as st

from shipsync import runtime
from shipsync.store import jobs as store
from shipsync.store import runs as runs_store
from shipsync.web import words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.job_panel import draw_job
from shipsync.web.links import PAGES
from shipsync.web.opening import open_here
from shipsync.web.roles import Role, require
from shipsync.web.run_logs import run_logs
from shipsync.web.tables import Column, table

SHOWN = 100
ANY = "any"
ENDS = ("succeeded", "failed", "cancelled", "interrupted")
COLUMNS = (
    Column("job_id", "Job"),
    Column("status", "State", "state"),
    Column("kind", "What"),
    Column("requested_by", "Asked by"),
    Column("requested_at", "Asked at", "instant"),
    Column("took", "Took", help="Its latest attempt, without the time it waited."),
    Column("attempts", "Attempts", "number"),
    Column("error", "Why it did not succeed", width=480),
)

require(Role.VIEWER)


def _line(job: store.JobLine) -> dict[str, object]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "kind": workflow_words.title(job.kind),
        "requested_by": workflow_words.asked_by(job.requested_by),
        "requested_at": job.requested_at,
        "took": None if job.took is None else workflow_words.took(job.took),
        "attempts": job.attempts,
        "error": job.error,
    }


@st.fragment(run_every=1.0, key="jobs_queue")
def _queue() -> None:
    """The running job with its steps, those that wait behind it, and what ended last."""
    waiting = ask(store.open_jobs)
    for job in sorted(waiting, key=lambda one: one.status != "running"):
        found = ask(store.view, job.job_id)
        if found is not None:
            draw_job(found, key=f"jobs_{job.kind}")
    if not waiting:
        st.caption("Nothing runs and nothing waits. The schedule asks by itself; buttons of other pages ask at once.")
        last = ask(store.newest_ended)
        if last is not None:
            draw_job(last, key="jobs_last")


@st.fragment(run_every=2.0, key="jobs_history")
def _history(kind: str | None, status: str | None) -> None:
    lines = ask(store.history, kind, status, SHOWN)
    total = ask(store.count_ended, kind, status)
    if not total:
        st.info(_nothing(kind, status))
        if kind is None and status is None:
            st.page_link(PAGES / "sync.py", label="Start a sync", icon=":material/sync:")
        return
    st.caption(f"The newest {len(lines):,} of {total:,}." if total > len(lines) else words.count(total, "job") + ".")
    opened = table(
        [_line(job) for job in lines],
        COLUMNS,
        key="jobs_table",
        file="jobs",
        empty="",
        all_rows=lambda: map(_line, store.history(runtime.app().db.read(), kind, status)),
        opens=True,
    )
    if opened is not None:
        open_here(job=lines[opened].job_id)


def _nothing(kind: str | None, status: str | None) -> str:
    if kind is None and status is None:
        return "No job has ended yet. The first sync, import and upload come by themselves within minutes."
    return f"No job of {workflow_words.title(kind) if kind else 'any kind'} has {status or 'ended'}."


@st.fragment(run_every=1.0, key="jobs_one")
def _one(job_id: str) -> None:
    found = ask(store.view, job_id)
    if found is None:
        st.info(f"There is no job {words.plain(job_id)}.")
        return
    draw_job(found, key="jobs_one", is_whole=True)
    job = found.job
    facts = [
        f"Asked by {words.plain(workflow_words.asked_by(job.requested_by))} on {words.moment(job.requested_at)}",
        words.count(job.attempts, "attempt"),
    ]
    if job.started_at is not None:
        facts.append(f"began {words.moment(job.started_at)}")
    if job.finished_at is not None:
        facts.append(f"ended {words.moment(job.finished_at)}")
    st.markdown(" · ".join(facts))
    asked, answered = st.columns(2)
    with asked:
        st.subheader("What was asked")
        _values(job.arguments, "Nothing in particular: what it does by itself.")
    with answered:
        st.subheader("What came of it")
        _values(job.result or {}, "Nothing was recorded." if job.finished_at else "It has not ended yet.")
    attempts = ask(runs_store.runs_of_job, job_id)
    st.subheader("Attempts and their logs")
    if not attempts:
        st.caption("It has not begun yet." if job.finished_at is None else "It ended before it began.")
    run_logs(attempts, key="jobs_run")


def _values(values: object, empty: str) -> None:
    if values:
        st.code(json.dumps(values, indent=2, ensure_ascii=False), language="json", height=220)
    else:
        st.caption(empty)


chosen = st.query_params.get("job")
if chosen:
    st.title(f"Job {words.plain(chosen)}")
    # No link: one to the page itself leaves the job in its address, for the next reload.
    if st.button("All jobs", key="jobs_all", type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    _one(chosen)
else:
    st.title("Jobs")
    _queue()
    st.subheader("History")
    with st.container(horizontal=True):
        kinds = {workflow_words.title(kind): kind for kind in runtime.app().procedures}
        what = st.selectbox("What", [ANY, *sorted(kinds)], key="what", bind="query-params", width=260)
        ended = st.selectbox("State", [ANY, *ENDS], key="status", bind="query-params", width=180)
    _history(kinds.get(what), None if ended == ANY else ended)
