"""/metrics: what Prometheus collects, read from the database at the moment it asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from shipsync.doors.shipstation import ShipStation
from shipsync.runtime import App
from shipsync.store import marks, metrics, orders, workflows
from shipsync.store.guard import file_bytes, wal_bytes


def exposition(app: App, accept: str) -> tuple[bytes, str]:
    """All metrics, and the content type that fits what the asking program accepts."""
    registry = CollectorRegistry()
    registry.register(AppCollector(app))
    ProcessCollector(namespace="shipsync", registry=registry)  # start, memory, CPU and files, on Linux
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class AppCollector(Collector):
    """One application's figures."""

    def __init__(self, app: App) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Read them all."""
        yield from self._state()
        yield from self._work()
        yield from self._workflows()
        yield from self._database()

    def _state(self) -> Iterator[Metric]:
        con = self._app.db.read()
        yield _gauge("working", "1 if the worker and the schedule are alive.", int(self._app.is_working))
        by_status = GaugeMetricFamily("shipsync_orders", "Orders here, by status.", labels=["status"])
        for status, amount in orders.count_by_status(con).items():
            by_status.add_metric([status], amount)
        yield by_status
        held = GaugeMetricFamily(
            "shipsync_quarantine_records",
            "Open quarantine records, by kind; held: the record is not in the tables.",
            labels=["kind", "held"],
        )
        for kind, is_held, amount in metrics.open_quarantine_by_kind(con):
            held.add_metric([kind, "true" if is_held else "false"], amount)
        yield held

    def _work(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("shipsync_jobs", "Jobs there are, by kind and status.", labels=["kind", "status"])
        queued = 0
        for kind, status, amount in metrics.jobs_by_kind_and_status(self._app.db.read()):
            jobs.add_metric([kind, status], amount)
            queued += amount if status == "queued" else 0
        yield jobs
        yield _gauge("queue_jobs", "Jobs that wait for the worker.", queued)
        requests = CounterMetricFamily(
            "shipsync_shipstation_requests", "Requests sent to ShipStation since the start.", labels=["list"]
        )
        door = self._app.doors.get("shipstation")
        if isinstance(door, ShipStation):
            for name, amount in sorted(door.requests.items()):
                requests.add_metric([name], amount)
        yield requests

    def _workflows(self) -> Iterator[Metric]:
        con = self._app.db.read()
        enabled = _per_workflow("workflow_enabled", "1 if the workflow is switched on.")
        ended = _per_workflow("last_run_end_timestamp_seconds", "When the newest run ended.")
        took = _per_workflow("last_run_duration_seconds", "How long the newest run took.")
        succeeded = _per_workflow("last_success_timestamp_seconds", "When the newest run that succeeded ended.")
        through = _per_workflow(
            "complete_through_timestamp_seconds", "Everything until then has been read and applied."
        )
        for control in workflows.all_controls(con):
            enabled.add_metric([control.workflow], int(control.enabled))
            _add_instant(through, control.workflow, marks.mark_of(con, control.workflow).complete_through)
        for run in metrics.last_runs(con):
            _add_instant(ended, run.workflow, run.ended_at)
            took.add_metric([run.workflow], run.took.total_seconds())
            _add_instant(succeeded, run.workflow, run.succeeded_at)
        yield from (enabled, ended, took, succeeded, through)

    def _database(self) -> Iterator[Metric]:
        db = self._app.db
        yield _gauge("data_version", "Commits since the start: what was read at the same number is still true.",
                     db.data_version)  # fmt: skip
        if db.path is not None:
            yield _gauge("database_file_bytes", "Size of the database file.", file_bytes(db.path))
            yield _gauge("database_wal_bytes", "Size of what the file has not taken in yet.", wal_bytes(db.path))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"shipsync_{name}", text, value=value)


def _per_workflow(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"shipsync_{name}", text, labels=["workflow"])


def _add_instant(family: GaugeMetricFamily, workflow: str, instant: datetime | None) -> None:
    """Nothing is said of what has not happened yet: 0 would be 1970."""
    if instant is not None:
        family.add_metric([workflow], instant.timestamp())
