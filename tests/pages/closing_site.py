"""What the tests of the closings' pages share: shipsync is up, and jobs run only when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.testing.v1 import AppTest

from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.store import jobs as jobs_store
from tests.house import House
from tests.site import Site, a_site


@contextmanager
def an_attended_site(house: House) -> Iterator[Site]:
    """Pages of an application that counts as working. `do_next(house)` runs what was pressed."""
    resting = threading.Event()
    # As while a past is lived through: nobody misses the worker, and nothing runs by itself.
    house.app._living = threading.Thread(target=resting.wait, daemon=True)
    house.app._living.start()
    st.cache_data.clear()
    try:
        with a_site(house) as site:
            yield site
    finally:
        resting.set()
        house.app._living = None


def do_next(house: House) -> None:
    """Run everything that waits."""
    while house.app.worker.run_next():
        pass


@contextmanager
def stopped_at_step(house: House, kind: str, number: int) -> Iterator[None]:
    """A job of a kind is under way and stays at its step of that number, from 1, until the end."""
    reached, go_on = threading.Event(), threading.Event()

    def wait(work: Work) -> Result:
        work.progress(2, 8, "two of eight")
        reached.set()
        go_on.wait(30)
        return {}

    def done(_: Work) -> Result:
        return {}

    real = house.app.procedures
    steps = [Step(one.name, wait if place == number else done) for place, one in enumerate(real[kind].steps, 1)]
    house.app.procedures = {**real, kind: Procedure(kind, tuple(steps))}
    house.app.enqueue(kind, {}, "test")
    working = threading.Thread(target=house.app.worker.run_next)
    working.start()
    assert reached.wait(30)
    try:
        yield
    finally:
        go_on.set()
        working.join(30)
        house.app.procedures = real


def told(test: AppTest) -> str:
    """Everything that is written, without the signs that keep it from being Markdown."""
    return Site.text(test).replace("\\", "")


def buttons(test: AppTest) -> dict[str, str]:
    """Key -> label."""
    return {one.key or "": one.label for one in test.button}


def ways(test: AppTest) -> dict[str, str]:
    """Label -> where it leads."""
    return {one.proto.label: f"{one.proto.page}?{one.proto.query_string}" for one in test.get("page_link")}


def downloads(test: AppTest) -> list[str]:
    """The labels of the files that are offered."""
    return [one.label for one in test.get("download_button")]


def asked(house: House, kind: str) -> list[tuple[str, str, str, dict[str, object]]]:
    """(id, state, asked by, arguments) of the jobs of a kind, the newest first."""
    found = jobs_store.latest_jobs(house.app.db.read(), kind)
    return [(one.job_id, one.status, one.requested_by, dict(one.arguments)) for one in found]
