"""The sandbox's panel as a person presses it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shipsync.sandbox.home import Sandbox
from shipsync.store import jobs
from tests.house import House
from tests.site import a_site


@pytest.fixture
def sandbox(house: House, tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", house.clock.now, past=timedelta(0)) as running:
        house.app.sandbox = running
        yield running


def test_outside_of_the_sandbox_the_page_says_that_there_is_none(house: House) -> None:
    with a_site(house) as site:
        page = site.page("sandbox")
        assert "There is no sandbox" in site.text(page)
        assert not page.button


def test_a_viewer_is_told_which_role_it_takes(house: House, sandbox: Sandbox) -> None:
    with a_site(house) as site:
        site.groups = ["shipsync-viewer"]
        page = site.page("sandbox")
        assert "needs the role operator" in site.text(page)
        assert not page.button


def test_pressing_sells_and_says_what_came_of_it(house: House, sandbox: Sandbox) -> None:
    with a_site(house) as site:
        page = site.page("sandbox")
        page.number_input(key="sandbox_amount").set_value(3).run()
        page.button(key="sandbox_do_type").click().run()
        assert not page.exception
        assert "3 orders were typed into ShipStation" in site.text(page)
        assert sandbox.panel.standing().orders == 3


def test_bringing_it_in_queues_import_upload_and_sync(house: House, sandbox: Sandbox) -> None:
    with a_site(house) as site:
        page = site.page("sandbox")
        page.button(key="sandbox_do_sell").click().run()
        page.button(key="sandbox_bring_in").click().run()
        waiting = [job.kind for job in jobs.open_jobs(house.app.db.read())]
        assert sorted(waiting) == ["shipstation-sync", "shipstation-upload", "xml-import"]
        assert "**Upload to ShipStation**, number 2 in line" in site.text(page)


def test_what_is_broken_is_shown_until_it_is_mended(house: House, sandbox: Sandbox) -> None:
    with a_site(house) as site:
        page = site.page("sandbox")
        assert "Nothing is broken" in site.text(page)
        page.button(key="sandbox_do_sell").click().run()
        page.toggle(key="sandbox_down").set_value(True).run()
        assert "came into the shop" not in site.text(page)
        assert sandbox.panel.broken == {"down"}
        assert "ShipStation is down (503)" in site.text(page)
        page.button(key="sandbox_mend").click().run()
        assert sandbox.panel.broken == frozenset()
        assert page.toggle(key="sandbox_down").value is False
        assert "Nothing is broken" in site.text(page)
