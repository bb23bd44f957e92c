"""/metrics: what Prometheus reads there."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from shipsync.store import quarantine
from shipsync.store.quarantine import Entry
from tests.house import SYNC, House
from tests.web.calling import get


def samples() -> dict[str, dict[tuple[str, ...], float]]:
    """By name and label values, in the labels' alphabetical order."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(get("/metrics").text):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_every_name_is_ours_and_says_its_unit(served: House) -> None:
    served.sync()
    reply = get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    for family in text_string_to_metric_families(reply.text):
        assert re.fullmatch(r"shipsync_[a-z0-9_]+", family.name)
        assert family.documentation.endswith(".")
        assert family.type in ("gauge", "counter")


def test_the_figures_are_those_of_the_database(served: House) -> None:
    served.world.place_manual_order("100521")
    served.sync()
    with served.app.db.transaction() as con:
        entries = [Entry("order", str(number), None, "x", "X.", None) for number in (1, 2)]
        quarantine.put(con, [*entries, Entry("sku_text", "3", None, "y", "Y.", None, held=False)], served.app.now())
        quarantine.resolve(con, "order", ["2"], "mended", served.app.now())
    served.app.enqueue("backup", {}, "test")
    found = samples()
    assert found["shipsync_orders"] == {("awaiting_shipment",): 1}
    assert found["shipsync_quarantine_records"] == {("true", "order"): 1, ("false", "sku_text"): 1}
    assert found["shipsync_jobs"] == {(SYNC, "succeeded"): 1, ("backup", "queued"): 1}
    assert found["shipsync_queue_jobs"] == {(): 1}
    assert found["shipsync_workflow_enabled"][(SYNC,)] == 1
    through = served.mark()[1]
    assert through is not None
    assert found["shipsync_complete_through_timestamp_seconds"] == {(SYNC,): through.timestamp()}
    assert found["shipsync_last_success_timestamp_seconds"] == {(SYNC,): served.app.now().timestamp()}
    assert found["shipsync_last_run_duration_seconds"] == {(SYNC,): 0}
    assert sum(found["shipsync_shipstation_requests_total"].values()) == len(served.server.requests)
    assert found["shipsync_data_version"] == {(): served.app.db.data_version}


def test_nothing_is_said_of_what_has_not_happened(served: House) -> None:
    assert "shipsync_complete_through_timestamp_seconds" not in samples()
    assert "shipsync_last_success_timestamp_seconds" not in samples()


def test_two_scrapes_do_not_add_up(served: House) -> None:
    served.world.place_manual_order("100521")
    served.sync()
    assert samples()["shipsync_orders"] == samples()["shipsync_orders"]
    assert samples()["shipsync_shipstation_requests_total"] == samples()["shipsync_shipstation_requests_total"]
