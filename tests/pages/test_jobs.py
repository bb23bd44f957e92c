"""Jobs: what is queued, what runs, what was done, one job with its logs, and the buttons on it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from shipsync.sandbox import faults as f
from shipsync.store import jobs as store
from shipsync.store.jobs import Job
from tests.house import IMPORT, SYNC, House
from tests.site import a_site


def job(house: House, job_id: str) -> Job:
    found = store.job(house.app.db.read(), job_id)
    assert found is not None
    return found


def failed_sync(house: House) -> Job:
    """A sync that could read the orders and not the labels."""
    house.faults.add("shipments", f.error(500))
    failed = house.job(SYNC, {"everything": True})
    house.faults.clear()
    assert failed.status == "failed"
    return failed


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def test_an_empty_database_says_what_comes_by_itself(house: House) -> None:
    with a_site(house) as site:
        said = site.text(site.page("jobs"))
    assert "Nothing runs and nothing waits" in said
    assert "No job has ended yet" in said


def test_the_queue_stands_in_its_order_and_says_who_asked(house: House) -> None:
    house.app.enqueue(SYNC, {}, "Ann")
    house.wait(1)
    house.app.enqueue(IMPORT, {}, "schedule")
    with a_site(house) as site:
        said = site.text(site.page("jobs"))
    assert "Sync with ShipStation**, next in line · asked by Ann 60 s ago" in said
    assert "Import of shop orders**, number 2 in line, behind Sync with ShipStation · asked by the schedule" in said


def test_a_running_job_shows_its_steps_and_how_far_it_is(house: House) -> None:
    asked = house.app.enqueue(SYNC, {}, "Ann")
    now = house.clock.now()
    with house.app.db.transaction() as con:
        store.start_job(con, asked.job_id, f"{SYNC}.1", now)
        store.put_steps(con, asked.job_id, ["fetch orders", "apply"], now, is_first_attempt=True)
        store.running_step_progress(con, asked.job_id, 3, 12, "orders: page 3")
    house.clock.sleep(4)
    with a_site(house) as site:
        test = site.page("jobs")
        said = site.text(test)
        assert "► running" in said
        assert "Read changed orders · orders\\: page 3 · 4 s" in said
        assert "[○] Write everything at once" in said
        assert test.get("progress")[0].proto.text == "3 of 12"
        test.button(key=f"jobs_{SYNC}_cancel").click().run()
        test.run()
        assert job(house, asked.job_id).cancel_requested
        assert labels(test) == ["Stopping"]


def test_a_waiting_job_is_taken_back_at_once(house: House) -> None:
    asked = house.app.enqueue(SYNC, {}, "Ann")
    with a_site(house) as site:
        test = site.page("jobs")
        test.button(key=f"jobs_{SYNC}_cancel").click().run()
    assert job(house, asked.job_id).status == "cancelled"
    assert house.rows("SELECT changed_by, action FROM audit_log") == [("local admin", "job cancelled")]


def test_a_failed_job_is_tried_again_from_the_step_that_failed(house: House) -> None:
    failed = failed_sync(house)
    pages = house.rows("SELECT count(*) FROM api_pages WHERE feed = 'orders'")
    with a_site(house) as site:
        test = site.page("jobs", job=failed.job_id)
        said = site.text(test)
        assert "[✓] Read changed orders" in said
        assert "[✕] Read labels, voids and marks as shipped" in said
        test.button(key="jobs_one_retry").click().run()
        assert job(house, failed.job_id).status == "queued"
        house.app.worker.run_next()
        said = site.text(site.page("jobs", job=failed.job_id))
    assert job(house, failed.job_id).status == "succeeded"
    assert house.rows("SELECT count(*) FROM api_pages WHERE feed = 'orders'") == pages
    assert "2 attempts" in said
    assert "[✓] Write everything at once" in said


def test_one_job_shows_its_arguments_result_and_the_log_of_each_attempt(house: House) -> None:
    done = house.job(SYNC, {"everything": True})
    with a_site(house) as site:
        test = site.page("jobs", job=done.job_id)
        codes = [one.value for one in test.code]
    assert any('"everything": true' in code for code in codes)
    assert any("Mark: not set -> 2026-09-16 20:00:00 UTC." in code for code in codes)
    assert [one.label for one in test.get("download_button")] == ["Log as text"]


def test_a_job_that_is_none_is_said_to_be_none(house: House) -> None:
    with a_site(house) as site:
        assert "There is no job nosuch\\.1" in site.text(site.page("jobs", job="nosuch.1"))


def test_the_history_follows_the_filters_in_the_url(house: House) -> None:
    house.sync()
    failed_sync(house)
    house.job(IMPORT)
    with a_site(house) as site:
        everything = site.page("jobs").dataframe[0].value
        assert list(everything["kind"]) == ["Import of shop orders", "Sync with ShipStation", "Sync with ShipStation"]
        some = site.page("jobs", what="Sync with ShipStation", status="failed").dataframe[0].value
        assert list(some["job_id"]) == [f"{SYNC}.2"]
        assert some["error"][0].startswith("/shipments: ShipStation answered 500")
        none = site.text(site.page("jobs", what="Backup", status="failed"))
    assert "No job of Backup has failed" in none


def test_a_viewer_has_no_buttons(house: House) -> None:
    house.app.enqueue(SYNC, {}, "Ann")
    with a_site(house) as site:
        site.groups = ["shipsync-viewer"]
        assert labels(site.page("jobs")) == []


@pytest.mark.parametrize("many", [100_000])
def test_a_long_history_shows_the_newest_and_counts_all(house: House, many: int, tmp_path: Path) -> None:
    with house.app.db.transaction() as con:
        con.execute(
            """
            INSERT INTO jobs (job_id, kind, arguments, status, requested_by, requested_at, started_at, finished_at,
                attempts, cancel_requested)
            SELECT 'xml-import.' || (i + 1), 'xml-import', '{}', 'succeeded', 'schedule',
                   $from + to_minutes(i), $from + to_minutes(i), $from + to_minutes(i), 1, false
            FROM range($many) t(i)
            """,
            {"many": many, "from": house.clock.now() - timedelta(minutes=many)},
        )
    assert house.app.enqueue(IMPORT, {}, "Ann").job_id == f"xml-import.{many + 1}"
    with a_site(house) as site:
        test = site.page("jobs")
        assert f"The newest 100 of {many:,}." in site.text(test)
        assert len(test.dataframe[0].value) == 100
