"""The HTTP routes: jobs asked for and followed, workflows switched, who did it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from shipsync.store import closing_documents, closings
from shipsync.store.closings import Kind
from tests.house import SYNC, House
from tests.web.calling import get, post


def audit(house: House) -> list[tuple[object, ...]]:
    return house.rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


def test_a_sync_is_started_once_and_followed_to_its_end(served: House) -> None:
    served.world.place_manual_order("100521")
    started = post("/api/sync/sync")
    assert started.status == 202
    assert started.data["job_id"] == "shipstation-sync.1"
    again = post("/api/sync/sync")
    assert again.status == 409
    assert again.data["job_id"] == "shipstation-sync.1"
    assert again.data["is_same"] is True
    assert get(started.data["status_url"]).data["status"] == "queued"

    assert served.app.worker.run_next()

    job = get(started.data["status_url"]).data
    assert job["status"] == "succeeded"
    assert job["requested_by"] == "api"
    assert {step["status"] for step in job["steps"]} == {"succeeded"}
    assert job["run"]["counts"]["imported"] == 1
    assert any("Mark:" in line for line in job["run"]["log"])
    assert post("/api/sync/sync").status == 202


def test_a_sync_of_everything_does_not_join_a_plain_one(served: House) -> None:
    assert post("/api/sync/sync", {"everything": True}).status == 202
    assert get("/api/jobs/shipstation-sync.1").data["arguments"] == {"everything": True}
    other = post("/api/sync/sync")
    assert other.status == 409
    assert other.data["is_same"] is False
    assert "at something else" in other.data["error"]


def test_a_day_is_closed_once_and_followed_to_its_end(served: House) -> None:
    started = post("/api/sync/eod", {"date": "2026-09-16"})
    assert (started.status, started.data["job_id"]) == (202, "eod.1")
    again = post("/api/sync/eod", {"date": "2026-09-16"})
    assert (again.status, again.data["job_id"], again.data["is_same"]) == (409, "eod.1", True)
    assert post("/api/sync/eod", {"date": "2026-09-15"}).data["is_same"] is False
    while served.app.worker.run_next():
        pass
    job = get(started.data["status_url"]).data
    assert (job["status"], job["arguments"], job["requested_by"]) == ("succeeded", {"date": "2026-09-16"}, "api")


def test_a_week_is_closed_once_and_its_report_handed_out(served: House) -> None:
    started = post("/api/sync/eow")
    assert (started.status, started.data["job_id"]) == (202, "eow.1")
    again = post("/api/sync/eow")
    assert (again.status, again.data["job_id"], again.data["is_same"]) == (409, "eow.1", True)
    other = post("/api/sync/eow", {"date": "2026-09-09"})
    assert (other.status, other.data["is_same"]) == (409, False)
    while served.app.worker.run_next():
        pass
    job = get("/api/jobs/eow.1").data
    assert (job["status"], job["arguments"], job["error"]) == ("succeeded", {}, None)
    csv = get("/api/download/weekly-report?format=csv")
    assert csv.status == 200
    assert csv.headers["content-type"].startswith("text/csv")
    assert "17612" in csv.text


def test_a_month_is_asked_for_once_with_its_reason_and_says_what_blocks_it(served: House) -> None:
    asked = {"date": "2026-09-15", "reason": "The client sent its own labels."}
    assert post("/api/sync/eom", asked).data["job_id"] == "eom.1"
    assert post("/api/sync/eom", asked).data["is_same"] is True
    assert post("/api/sync/eom", {"date": "2026-09-15"}).data["is_same"] is False
    while served.app.worker.run_next():
        pass
    job = get("/api/jobs/eom.1").data
    assert (job["status"], job["arguments"], job["requested_by"]) == ("failed", asked, "api")
    assert job["error"].startswith("September 2026 cannot be billed. The rate card has no rate 'order'")


def test_an_unknown_name_is_answered_with_the_known_ones(served: House) -> None:
    unknown = post("/api/sync/everything")
    assert unknown.status == 404
    assert unknown.data["error"].endswith("There are: sync, eod, eow, eom.")
    kind = post("/api/jobs", {"kind": "drop-everything"})
    assert kind.status == 404
    assert "shipstation-upload" in kind.data["error"]
    assert get("/api/jobs/shipstation-sync.77").status == 404
    assert post("/api/jobs/shipstation-sync.77/cancel").status == 404
    assert post("/api/jobs/shipstation-sync.77/retry").status == 404
    workflow = post("/api/workflows/shipstation-snyc", {"enabled": True})
    assert workflow.status == 404
    assert "shipstation-sync" in workflow.data["error"]


@pytest.mark.parametrize(
    ("target", "body", "said"),
    [
        ("/api/sync/sync", {"everything": "yes"}, "everything: "),
        ("/api/sync/sync", {"evrything": True}, "evrything: "),
        ("/api/sync/sync", ["everything"], "not a JSON object"),
        ("/api/sync/eod", {"date": "20 Nov"}, "must be a day like 2026-11-20"),
        ("/api/sync/eod", {"date": 20261120}, "must be a day like 2026-11-20"),
        ("/api/sync/eow", {"date": "2026-11-20T12:00:00"}, "must be a day like 2026-11-20"),
        ("/api/sync/eow", {"week": "2026-W47"}, "week: "),
        ("/api/sync/eom", {"date": "2026-11"}, "must be a day like 2026-11-20"),
        ("/api/sync/eom", {"reason": "x" * 501}, "reason: "),
        ("/api/sync/eom", {"month": "2026-11"}, "month: "),
        ("/api/sync/sync", b"{", "not JSON"),
        ("/api/sync/sync", b"[" * 50_000, "not JSON"),
        ("/api/jobs", {}, "kind: "),
        ("/api/jobs", {"kind": "load", "arguments": {"what": "orders", "path": "/x.csv"}}, "what: "),
        ("/api/jobs", {"kind": "load", "arguments": {"what": "opening-stock", "path": "x.csv"}}, "whole path"),
        ("/api/jobs", {"kind": "xml-import", "arguments": {"path": "orders.xml"}}, "whole path"),
        ("/api/jobs", {"kind": "load", "arguments": {"what": "products", "path": "/x", "by": "the boss"}}, "by: "),
        ("/api/workflows/shipstation-sync", {"enabled": 1}, "enabled: "),
        ("/api/workflows/shipstation-sync", {}, "enabled: "),
    ],
)
def test_a_request_that_makes_no_sense_is_told_what_is_wrong(
    served: House, target: str, body: object, said: str
) -> None:
    reply = post(target, body)
    assert reply.status == 400
    assert said in reply.data["error"]
    assert served.rows("SELECT count(*) FROM jobs") == [(0,)]


def test_a_long_request_is_not_read(served: House) -> None:
    assert post("/api/sync/sync", {"everything": "x" * 100_000}).status == 413


def test_jobs_are_listed_newest_first(served: House) -> None:
    served.job("xml-import")
    served.wait()
    served.job("shipstation-upload")
    assert [one["job_id"] for one in get("/api/jobs").data["jobs"]] == ["shipstation-upload.1", "xml-import.1"]
    assert [one["job_id"] for one in get("/api/jobs?limit=1").data["jobs"]] == ["shipstation-upload.1"]
    for limit in ("0", "501", "many", "-1", "1.5", "9" * 5000):
        assert get(f"/api/jobs?limit={limit}").status == 400


def test_a_job_is_cancelled_and_tried_again_in_the_callers_name(served: House) -> None:
    post("/api/sync/sync", shipsync_caller="command line")
    cancelled = post("/api/jobs/shipstation-sync.1/cancel", shipsync_caller="command line")
    assert cancelled.data["status"] == "cancelled"
    assert "command line" in cancelled.data["error"]
    again = post("/api/jobs/shipstation-sync.1/retry")
    assert (again.status, again.data["job_id"]) == (202, "shipstation-sync.1")
    served.app.worker.run_next()
    nothing = post("/api/jobs/shipstation-sync.1/retry")
    assert nothing.status == 409
    assert "nothing to try again" in nothing.data["error"]
    assert audit(served) == [
        ("command line", "job cancelled", "shipstation-sync.1", "queued", "cancelled"),
        ("api", "job tried again", "shipstation-sync.1", "cancelled", "queued"),
    ]


def test_a_workflow_is_switched_and_the_audit_log_names_the_caller(served: House) -> None:
    reply = post("/api/workflows/shipstation-upload", {"enabled": False})
    assert {one["workflow"]: one["enabled"] for one in reply.data["workflows"]}["shipstation-upload"] is False
    assert audit(served) == [("api", "workflow switched", "shipstation-upload", "enabled", "disabled")]
    listed = {one["workflow"]: one for one in get("/api/workflows").data["workflows"]}
    assert listed["shipstation-upload"]["enabled"] is False
    assert listed[SYNC]["interval_minutes"] == 5


def test_a_load_is_noted_under_the_callers_name(served: House, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("sku,name,is_key,units_per_pallet,lead_time_days,reorder_point\n20001,Soap,yes,,,\n")
    asked = post("/api/jobs", {"kind": "load", "arguments": {"what": "products", "path": str(file)}})
    served.app.worker.run_next()
    assert get(asked.data["status_url"]).data["status"] == "succeeded"
    assert [(by, action, sku) for by, action, sku, *_ in audit(served)] == [("api", "product loaded", "20001")]


def test_the_status_tells_what_the_command_line_tells(served: House) -> None:
    served.world.place_manual_order("100521")
    before = get("/api/status").data
    assert before["complete_through"] is None
    served.sync()
    status = get("/api/status").data
    assert status["sandbox"] is True
    assert status["orders"] == {"awaiting_shipment": 1}
    assert status["complete_through"] == served.mark()[1].isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]


def test_the_database_is_examined(served: House) -> None:
    assert get("/api/doctor").data["findings"] == []


def test_answers_are_kept_by_nobody(served: House) -> None:
    assert get("/api/status").headers["cache-control"] == "no-store"


def a_document(
    house: House, kind: Kind, start: date, version: int, suffix: str = "pdf", media_type: str = "application/pdf"
) -> None:
    """A period that is closed, with one document."""
    name, job_id, now = f"{kind}-{start}-v{version}.{suffix}", f"{kind}.{start}.{version}.{suffix}", house.app.now()
    with house.app.db.transaction() as con:
        closings.begin(con, kind, start, start, job_id, "test", now)
        closings.close(con, job_id, version, records=0, sentence="Closed.", stated=[], now=now)
        closing_documents.keep(con, kind, start, version, name, media_type, name.encode(), now)


def test_the_weekly_report_is_that_of_the_newest_week_and_version(served: House) -> None:
    monday = date(2026, 9, 7)
    a_document(served, "eow", monday - timedelta(weeks=1), 3)
    a_document(served, "eow", monday, 1)
    a_document(served, "eow", monday, 2)
    a_document(served, "eow", monday, 2, "csv", "text/csv")
    reply = get("/api/download/weekly-report")
    assert (reply.status, reply.text) == (200, "eow-2026-09-07-v2.pdf")
    assert reply.headers["content-type"] == "application/pdf"
    assert reply.headers["content-disposition"] == 'attachment; filename="eow-2026-09-07-v2.pdf"'
    assert reply.headers["cache-control"] == "no-store"
    older = get("/api/download/weekly-report?week=2026-W36")
    assert older.text == "eow-2026-08-31-v3.pdf"
    assert get("/api/download/weekly-report?format=csv&week=2026-W37").text == "eow-2026-09-07-v2.csv"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 404, "There is no weekly report yet. Close the week first."),
        ("?week=2026-W37", 404, "There is no weekly report of 2026-W37 yet. Close the week first."),
        ("?week=2026-W54", 400, "week: a week like 2026-W47."),
        ("?week=2025-W53", 400, "week: a week like 2026-W47."),
        ("?week=2026-09-07", 400, "week: a week like 2026-W47."),
        ("?format=docx", 400, "format: one of pdf, xlsx, csv."),
    ],
)
def test_a_weekly_report_that_there_is_none_of_is_said_plainly(
    served: House, query: str, status: int, said: str
) -> None:
    reply = get(f"/api/download/weekly-report{query}")
    assert (reply.status, reply.data) == (status, {"error": said})


def test_a_document_is_handed_out_to_known_callers_only(served: House) -> None:
    a_document(served, "eow", date(2026, 9, 7), 1)
    assert get("/api/download/weekly-report", x_forwarded_for="10.0.0.9").status == 403


def test_a_document_keeps_a_name_with_any_letters(served: House) -> None:
    a_document(served, "eow", date(2026, 9, 7), 2, "csv")
    with served.app.db.transaction() as con:
        closing_documents.keep(con, "eow", date(2026, 9, 7), 2, "Rinse & Co é.pdf", "application/pdf", b"%PDF",
                               served.app.now())  # fmt: skip
    reply = get("/api/download/weekly-report")
    assert reply.headers["content-disposition"] == "attachment; filename*=utf-8''Rinse%20%26%20Co%20%C3%A9.pdf"


def test_the_invoice_is_that_of_the_newest_month_that_is_closed(served: House) -> None:
    a_document(served, "eom", date(2026, 7, 1), 2)
    a_document(served, "eom", date(2026, 8, 1), 1)
    for suffix, media_type in (("xlsx", "application/x"), ("csv", "text/csv")):
        a_document(served, "eom", date(2026, 8, 1), 1, suffix, media_type)
    with served.app.db.transaction() as con:  # one that is made, and whose month is not closed yet
        closing_documents.keep(
            con, "eom", date(2026, 9, 1), 1, "early.pdf", "application/pdf", b"%PDF", served.app.now()
        )
    for form in ("pdf", "xlsx", "csv"):
        assert get(f"/api/download/invoice?format={form}").text == f"eom-2026-08-01-v1.{form}"
    assert get("/api/download/invoice?month=2026-07").text == "eom-2026-07-01-v2.pdf"
    for query, status, said in (
        ("?month=2026-09", 404, "There is no invoice of 2026-09 yet. Close the month first."),
        ("?month=2026-13", 400, "month: a month like 2026-11."),
        ("?month=July", 400, "month: a month like 2026-11."),
        ("?format=docx", 400, "format: one of pdf, xlsx, csv."),
    ):
        reply = get(f"/api/download/invoice{query}")
        assert (reply.status, reply.data) == (status, {"error": said})
    assert get("/api/download/invoice", x_forwarded_for="10.0.0.9").status == 403


def test_the_deployment_is_told_and_changed_by_name_and_refused_with_a_sentence(served: House) -> None:
    told = get("/api/parity").data
    assert (told["state"], told["writers"], told["next_change"]) == ("done", ["shipstation-sync"], "begin")
    named = {"by": "Ann", "reason": "as planned"}
    assert post("/api/parity/cutover", {"by": "Ann"}).status == 400
    assert post("/api/parity/cutover", {"by": " ", "reason": "x"}).status == 400
    refused = post("/api/parity/cutover", named)
    assert refused.status == 422
    assert "goes from ready" in refused.data["error"]
    assert post("/api/parity/forward", named).status == 404
    foreseen = post("/api/parity/rollback", named | {"dry_run": True}).data
    assert (foreseen["after"], foreseen["dry_run"]) == ("off", True)
    assert get("/api/parity").data["state"] == "done"
    assert post("/api/parity/rollback", named).data["after"] == "off"
    started = post("/api/sync/sync")
    assert (started.status, started.data["job_id"]) == (202, "status-sync.1")
    assert {job["kind"] for job in get("/api/jobs").data["jobs"]} == {"status-sync", "manual-order-sync"}
