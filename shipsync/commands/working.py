"""Commands that have a job done: sync, import, upload, eod, eow, eom, cleanup, backup, load, parity replay, drill."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from typing import Any

from shipsync.commands.answer import DONE, FAILED, SANDBOX, STOPPED, Answer
from shipsync.commands.opening import open_desk
from shipsync.config import Settings
from shipsync.desk.records import Desk, Job

SYNC = "shipstation-sync"
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


def sync(settings: Settings, options: argparse.Namespace) -> Answer:
    """`sync [--everything]`: whatever brings ShipStation's news into production; legacy asks everything anyway."""
    with open_desk(settings) as desk:
        answers = [
            _have_done(desk, options, one, {"everything": True} if options.everything and one == SYNC else {})
            for one in desk.deployment().writers
        ]
    if len(answers) == 1:
        return answers[0]
    lines = [line for answer in answers for line in answer.lines]
    return Answer(lines, {"jobs": [answer.data for answer in answers]}, max(answer.code for answer in answers))


def import_orders(settings: Settings, options: argparse.Namespace) -> Answer:
    """`import PATH`."""
    return _job(settings, options, "xml-import", {"path": str(options.path.resolve())})


def upload(settings: Settings, options: argparse.Namespace) -> Answer:
    """`upload`."""
    return _job(settings, options, "shipstation-upload", {})


def eod(settings: Settings, options: argparse.Namespace) -> Answer:
    """`eod [--date YYYY-MM-DD]`."""
    return _job(settings, options, "eod", _date(options))


def eow(settings: Settings, options: argparse.Namespace) -> Answer:
    """`eow [--date YYYY-MM-DD]`."""
    return _job(settings, options, "eow", _date(options))


def eom(settings: Settings, options: argparse.Namespace) -> Answer:
    """`eom [--date YYYY-MM-DD] [--reason TEXT]`."""
    reason = {"reason": options.reason} if options.reason is not None else {}
    return _job(settings, options, "eom", _date(options) | reason)


def _date(options: argparse.Namespace) -> dict[str, object]:
    return {"date": options.date.isoformat()} if options.date is not None else {}


def cleanup(settings: Settings, options: argparse.Namespace) -> Answer:
    """`cleanup [--dry-run]`."""
    return _job(settings, options, "orders-cleanup", {"dry_run": True} if options.dry_run else {})


def backup(settings: Settings, options: argparse.Namespace) -> Answer:
    """`backup FILE`."""
    return _job(settings, options, "backup", {"path": str(options.path.resolve())})


def load(settings: Settings, options: argparse.Namespace) -> Answer:
    """`load {products,bundles,rates,opening-stock,weekly-history} FILE.csv`."""
    return _job(settings, options, "load", {"what": options.what, "path": str(options.path.resolve())})


def replay(settings: Settings, options: argparse.Namespace) -> Answer:
    """`parity replay [--from YYYY-MM-DD] [--to YYYY-MM-DD] [--order ID]`."""
    days = {"first": options.first, "last": options.last}
    asked: dict[str, object] = {name: f"{day}" for name, day in days.items() if day is not None}
    if options.order is not None:
        asked["order_id"] = options.order
    return _job(settings, options, "parity-replay", asked)


def drill(settings: Settings, options: argparse.Namespace) -> Answer:
    """`parity drill`."""
    return _job(settings, options, "parity-drill", {})


def _job(settings: Settings, options: argparse.Namespace, kind: str, arguments: Mapping[str, object]) -> Answer:
    """Have one job done, and tell what it did in the words of its own log."""
    with open_desk(settings) as desk:
        return _have_done(desk, options, kind, arguments)


def _have_done(desk: Desk, options: argparse.Namespace, kind: str, arguments: Mapping[str, object]) -> Answer:
    line = _ProgressLine(is_shown=sys.stderr.isatty() and not options.json)
    try:
        job = desk.have_done(kind, arguments, line.show)
    except KeyboardInterrupt:
        if desk.url is None:
            raise
        asked = line.job_id or "What was asked for"
        text = f"{asked} goes on in the server at {desk.url}. See how it ends: python -m shipsync jobs"
        return Answer([text], {"job_id": line.job_id, "error": text}, STOPPED)
    finally:
        line.clear()
    return _told(kind, job)


def _told(kind: str, job: Job) -> Answer:
    lines = [SANDBOX] if job.sandbox else []
    data: dict[str, Any] = {"job_id": job.job_id, "status": job.status, "result": job.result, "error": job.error}
    if job.run is not None:
        # The log's own time stamps help in the app; here everything is a moment ago. The error follows below.
        said = [_STAMP.sub("", one) for one in job.run.log]
        lines += said[: next((n for n, one in enumerate(said) if one.startswith("Failed: ")), None)]
    if job.result is not None and job.result.get("disabled"):
        lines.append(f"{kind} is disabled and did nothing. Switch it on with: workflow enable {kind}")
    if job.error:
        lines.append(job.error)
    if job.run is not None:
        seconds = ((job.run.finished_at or job.run.started_at) - job.run.started_at).total_seconds()
        lines.append(f"{kind} {job.status} in {seconds:.1f} s (run {job.run.run_id}).")
        data |= {"run_id": job.run.run_id, "counts": job.run.counts, "seconds": seconds, "sandbox": job.sandbox}
    return Answer(lines, data, DONE if job.status == "succeeded" else FAILED)


class _ProgressLine:
    """One line on the terminal that is written over while a job in the server goes on."""

    def __init__(self, *, is_shown: bool) -> None:
        self.job_id: str | None = None  # the one shown last
        self._is_shown = is_shown

    def show(self, job: Job) -> None:
        """Write how far it is."""
        self.job_id = job.job_id
        step = next((one for one in job.steps if one.status == "running"), None)
        text = f"{job.job_id}: {job.status}"
        if step is not None:
            of = f" of {step.total:,}" if step.total is not None else ""
            done = f" {step.done:,}{of}" if step.done is not None else ""
            text = f"{job.job_id}: {step.name}{done} {step.detail or ''}"
        self._write(text[:100])

    def clear(self) -> None:
        """Leave the line empty for what comes next."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._is_shown:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
